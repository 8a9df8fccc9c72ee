-- Permute: see permute.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

local Permuter = {}
Permuter.__index = Permuter

function Permuter.new() return setmetatable({calls = 0, values = {0, 1, 2, 3, 4, 5}}, Permuter) end

function Permuter:permute(n)
  self.calls = self.calls + 1
  if n == 0 then return end
  self:permute(n - 1)
  for i = n, 1, -1 do
    self:swap(n, i)
    self:permute(n - 1)
    self:swap(n, i)
  end
end

function Permuter:swap(i, j)
  local values = self.values
  local value = values[i]
  values[i] = values[j]
  values[j] = value
end

local function count_calls()
  local permuter = Permuter.new()
  permuter:permute(6)
  return permuter.calls
end

harness.run("permute", arg, 1000, function(n) return harness.repeated(n, 8660, count_calls) end)
