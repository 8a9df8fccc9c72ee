-- List: see list.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

local Element = {}
Element.__index = Element

function Element.new(value, next) return setmetatable({value = value, next = next}, Element) end

function Element:length()
  if not self.next then return 1 end
  return 1 + self.next:length()
end

local function make(length)
  if length == 0 then return nil end
  return Element.new(length, make(length - 1))
end

local function is_shorter(x, y)
  while y do
    if not x then return true end
    x, y = x.next, y.next
  end
  return false
end

local function tail(x, y, z)
  if not is_shorter(y, x) then return z end
  return tail(tail(x.next, y, z), tail(y and y.next, z, x), tail(z and z.next, x, y))
end

harness.run("list", arg, 1500, function(n)
  return harness.repeated(n, 10, function() return tail(make(15), make(10), make(6)):length() end)
end)
