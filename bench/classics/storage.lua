-- Storage: see storage.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

local Builder = {}
Builder.__index = Builder

function Builder.new() return setmetatable({count = 0, random = harness.Random.new()}, Builder) end

function Builder:build(depth)
  self.count = self.count + 1
  local children = {}
  if depth == 1 then
    for i = 1, self.random:next() % 10 + 1 do children[i] = false end
  else
    for i = 1, 4 do children[i] = self:build(depth - 1) end
  end
  return children
end

local function count_lists()
  local builder = Builder.new()
  builder:build(7)
  return builder.count
end

harness.run("storage", arg, 1000, function(n) return harness.repeated(n, 5461, count_lists) end)
