local Square = {}
Square.__index = Square
function Square:area() return self.side * self.side end
local Rect = {}
Rect.__index = Rect
function Rect:area() return self.w * self.h end
local shapes = {}
for i = 0, 49 do
  shapes[#shapes + 1] = setmetatable({side = i}, Square)
  shapes[#shapes + 1] = setmetatable({w = i, h = 2}, Rect)
end
local sum = 0
for _ = 1, $N do
  local i = 1
  while i <= #shapes do sum = sum + shapes[i]:area(); i = i + 1 end
end
print(sum)
