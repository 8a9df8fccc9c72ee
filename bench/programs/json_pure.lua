-- JSON in Lua alone: what json_read.lua and json_print.lua use.
local json = {}
json.null = setmetatable({}, {__tostring = function() return "null" end})
local find, sub, byte, char, match = string.find, string.sub, string.byte, string.char, string.match
local escapes = {['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t"}
local words = {t = {"true", true}, f = {"false", false}, n = {"null", json.null}}
local value

local function utf8_char(code)
  if utf8 then return utf8.char(code) end
  if code < 0x80 then return char(code) end
  local tail, out, limit = code % 64, "", 0x20
  code = (code - tail) / 64
  out = char(0x80 + tail)
  while code >= limit do
    tail = code % 64
    out = char(0x80 + tail) .. out
    code = (code - tail) / 64
    limit = limit / 2
  end
  return char(256 - 2 * limit + code) .. out
end

local function unicode(text, at)
  local code = assert(tonumber(sub(text, at, at + 3), 16), "a wrong escape")
  at = at + 4
  if code >= 0xd800 and code < 0xdc00 then
    local low = assert(tonumber(match(text, "^\\u(%x%x%x%x)", at), 16), "half of a surrogate pair is alone")
    code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00)
    at = at + 6
  end
  return utf8_char(code), at
end

local function string_at(text, at)
  local stop = find(text, '["\\%c]', at)
  if stop and byte(text, stop) == 34 then return sub(text, at, stop - 1), stop + 1 end
  local parts = {}
  while true do
    local b = stop and byte(text, stop)
    parts[#parts + 1] = sub(text, at, (stop or 0) - 1)
    if b == 34 then return table.concat(parts), stop + 1 end
    if b ~= 92 then error("a string is not closed, or holds a control character") end
    local c = sub(text, stop + 1, stop + 1)
    if c == "u" then
      parts[#parts + 1], at = unicode(text, stop + 2)
    else
      parts[#parts + 1] = assert(escapes[c], "no such escape")
      at = stop + 2
    end
    stop = find(text, '["\\%c]', at)
  end
end

local function skip(text, at) return find(text, "[^ \n\r\t]", at) or #text + 1 end

local function list(text, at)
  local out, n = {}, 0
  at = skip(text, at)
  if byte(text, at) == 93 then return out, at + 1 end
  while true do
    n = n + 1
    out[n], at = value(text, at)
    at = skip(text, at)
    local b = byte(text, at)
    if b == 93 then return out, at + 1 end
    if b ~= 44 then error("expected , or ] at " .. at) end
    at = skip(text, at + 1)
  end
end

local function object(text, at)
  local out = {}
  at = skip(text, at)
  if byte(text, at) == 125 then return out, at + 1 end
  while true do
    if byte(text, at) ~= 34 then error("expected a key at " .. at) end
    local key
    key, at = string_at(text, at + 1)
    at = skip(text, at)
    if byte(text, at) ~= 58 then error("expected : at " .. at) end
    out[key], at = value(text, skip(text, at + 1))
    at = skip(text, at)
    local b = byte(text, at)
    if b == 125 then return out, at + 1 end
    if b ~= 44 then error("expected , or } at " .. at) end
    at = skip(text, at + 1)
  end
end

function value(text, at)
  local b = byte(text, at)
  if b == 34 then return string_at(text, at + 1) end
  if b == 123 then return object(text, at + 1) end
  if b == 91 then return list(text, at + 1) end
  local word = words[sub(text, at, at)]
  if word then
    if sub(text, at, at + #word[1] - 1) ~= word[1] then error("expected a value at " .. at) end
    return word[2], at + #word[1]
  end
  local number = match(text, "^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  return assert(tonumber(number), "expected a value"), at + #number
end

function json.parse(text)
  local result, at = value(text, skip(text, 1))
  if skip(text, at) <= #text then error("the text goes on at " .. at) end
  return result
end

local quoted = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\b"] = "\\b", ["\f"] = "\\f"}
local function quote(s)
  return '"' .. s:gsub('[%c"\\]', function(c) return quoted[c] or string.format("\\u%04x", byte(c)) end) .. '"'
end

local function put(out, v)
  local kind = type(v)
  if kind == "table" and v ~= json.null then
    if v[1] ~= nil or next(v) == nil then
      out[#out + 1] = "["
      for i = 1, #v do
        if i > 1 then out[#out + 1] = "," end
        put(out, v[i])
      end
      out[#out + 1] = "]"
    else
      out[#out + 1] = "{"
      local first = true
      for key, item in pairs(v) do
        if not first then out[#out + 1] = "," end
        first = false
        out[#out + 1] = quote(key)
        out[#out + 1] = ":"
        put(out, item)
      end
      out[#out + 1] = "}"
    end
  elseif kind == "string" then
    out[#out + 1] = quote(v)
  elseif kind == "number" then
    out[#out + 1] = v % 1 == 0 and string.format("%d", v) or string.format("%.17g", v)
  else
    out[#out + 1] = tostring(v)
  end
end

function json.text(v)
  local out = {}
  put(out, v)
  return table.concat(out)
end

return json
