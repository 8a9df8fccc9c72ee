-- Json: see json.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

-- Values: `null`, booleans, strings, and objects of these classes.
local null = setmetatable({}, {__tostring = function() return "null" end})
local Number, Array, Object = {}, {}, {}

-- The reader

local Parser = {}
Parser.__index = Parser

local byte = string.byte
local quote, backslash, comma, colon, minus, plus, dot = byte('"\\,:-+.', 1, 7)
local zero, nine, space, tab, feed, carriage_return = byte("09 \t\n\r", 1, 6)
local open_list, close_list, open_object, close_object = byte("[]{}", 1, 4)
local lower_e, upper_e = byte("eE", 1, 2)

function Parser.new(text) return setmetatable({text = text, at = 1}, Parser) end

function Parser:fail(message) error(message .. " at " .. self.at) end

-- The byte at the place of the parser; nil at the end.
function Parser:peek() return byte(self.text, self.at) end

function Parser:document()
  local value = self:value()
  self:skip_spaces()
  if self:peek() then self:fail("more text behind the value") end
  return value
end

function Parser:value()
  self:skip_spaces()
  local read = self.readers[self:peek()]
  if read then return read(self) end
  return self:number()
end

function Parser:skip_spaces()
  while true do
    local c = self:peek()
    if c ~= space and c ~= tab and c ~= feed and c ~= carriage_return then return end
    self.at = self.at + 1
  end
end

function Parser:accept(wanted)
  self:skip_spaces()
  if self:peek() ~= wanted then return false end
  self.at = self.at + 1
  return true
end

function Parser:expect(wanted)
  if not self:accept(wanted) then self:fail("expected '" .. string.char(wanted) .. "'") end
end

function Parser:word(word, value)
  for i = 1, #word do
    if self:peek() ~= byte(word, i) then self:fail("expected " .. word) end
    self.at = self.at + 1
  end
  return value
end

function Parser:array()
  self:expect(open_list)
  local items = setmetatable({}, Array)
  if self:accept(close_list) then return items end
  while true do
    items[#items + 1] = self:value()
    if self:accept(close_list) then return items end
    self:expect(comma)
  end
end

function Parser:object()
  self:expect(open_object)
  local members = setmetatable({}, Object)
  if self:accept(close_object) then return members end
  while true do
    self:skip_spaces()
    local name = self:string()
    self:expect(colon)
    members[name] = self:value()
    if self:accept(close_object) then return members end
    self:expect(comma)
  end
end

function Parser:string()
  self:expect(quote)
  local start, done = self.at, ""
  while true do
    local c = self:peek()
    if c == quote then
      self.at = self.at + 1
      return done .. self.text:sub(start, self.at - 2)
    elseif c == backslash then
      done = done .. self.text:sub(start, self.at - 1)
      self.at = self.at + 1
      done = done .. self:escape()
      start = self.at
    else
      if not c or c < space then self:fail("a string is not ended") end
      self.at = self.at + 1
    end
  end
end

local escapes = {n = "\n", t = "\t", r = "\r", b = "\b", f = "\f", ['"'] = '"', ["\\"] = "\\", ["/"] = "/"}

function Parser:escape()
  local c = self.text:sub(self.at, self.at)
  self.at = self.at + 1
  if c == "u" then return self:code() end
  return escapes[c] or self:fail("unknown escape before")
end

function Parser:code()
  local digits = self.text:match("^%x%x%x%x", self.at)
  if not digits then self:fail("expected hex digits") end
  self.at = self.at + 4
  local code = tonumber(digits, 16)
  if code >= 0xd800 and code < 0xe000 then self:fail("half of a pair before") end
  if code < 0x80 then return string.char(code) end
  local low = 0x80 + code % 64
  if code < 0x800 then return string.char(0xc0 + math.floor(code / 64), low) end
  return string.char(0xe0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, low)
end

function Parser:number()
  local start = self.at
  if self:peek() == minus then self.at = self.at + 1 end
  if self:peek() == zero then self.at = self.at + 1 else self:digits() end
  if self:peek() == dot then
    self.at = self.at + 1
    self:digits()
  end
  if self:peek() == lower_e or self:peek() == upper_e then
    self.at = self.at + 1
    if self:peek() == plus or self:peek() == minus then self.at = self.at + 1 end
    self:digits()
  end
  return setmetatable({text = self.text:sub(start, self.at - 1)}, Number)
end

function Parser:is_at_digit()
  local c = self:peek()
  return c and c >= zero and c <= nine
end

function Parser:digits()
  if not self:is_at_digit() then self:fail("expected a digit") end
  while self:is_at_digit() do self.at = self.at + 1 end
end

-- How a value is read, by its first byte.
Parser.readers = {
  [byte("n")] = function(self) return self:word("null", null) end,
  [byte("t")] = function(self) return self:word("true", true) end,
  [byte("f")] = function(self) return self:word("false", false) end,
  [quote] = Parser.string,
  [open_list] = Parser.array,
  [open_object] = Parser.object,
}

-- The benchmark

local function operation(i, random)
  local function number(limit) return random:next() % limit end
  if i % 4 < 2 then
    return '["create","w' .. i .. '","ui.widgets.Label",{"parent":"w' .. number(100) .. '","style":["NONE","LEFT"],'
      .. '"bounds":[' .. number(1000) .. "," .. number(1000) .. "," .. number(500) .. "," .. number(50) .. '],'
      .. '"text":"Label \\"' .. i .. '\\"\\nthis \\u0026 that","visible":true,"image":null,"opacity":0.' .. number(1000) .. ',"tabIndex":-1}]'
  elseif i % 4 == 2 then
    return '["set","w' .. number(100) .. '",{"enabled":false,"items":["first","second","third"],"scale":' .. number(1000)
      .. '.5e-2,"children":[]}]'
  end
  return '["call", "w' .. number(100) .. '", "focus", {}]'
end

local function message()
  local random, operations = harness.Random.new(), {}
  for i = 0, 155 do operations[#operations + 1] = operation(i, random) end
  return '{"head": {"requestCounter": 4},\n"operations": [' .. table.concat(operations, ",") .. "]}"
end

local function measure(value)
  local class = getmetatable(value)
  local values, length = 1, 0
  if class == Number then
    length = #value.text
  elseif class == Array or class == Object then
    for _, item in pairs(value) do
      local v, l = measure(item)
      values, length = values + v, length + l
    end
  elseif type(value) == "string" then
    length = #value
  end
  return values, length
end

local text = message()
harness.run("json", arg, 100, function(n)
  local value
  for _ = 1, n do
    value = Parser.new(text):document()
    assert(value.head.requestCounter.text == "4")
    assert(getmetatable(value.operations) == Array and #value.operations == 156)
  end
  local values, length = measure(value)
  return #text .. " " .. values .. " " .. length
end)
