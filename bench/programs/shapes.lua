local function class(area)
  local c = {area = area}
  c.__index = c
  return c
end
local Square = class(function(self) return self.side * self.side end)
local Rect = class(function(self) return self.w * self.h end)
local Number = class(function(self) return self.n end)
local function run(n)
  local shapes = {setmetatable({side = 3}, Square), setmetatable({w = 2, h = 5}, Rect), setmetatable({n = 7}, Number)}
  local sum, j = 0, 1
  for i = 1, n do
    sum = (sum + shapes[j]:area()) % 16777216
    j = j + 1
    if j == 4 then j = 1 end
  end
  return sum
end
print(run(10000000))
