local Counter = {}
Counter.__index = Counter
function Counter:add(n) self.count = self.count + n; return self.count end
local function twice(c, n) return c:add(n) + c:add(1) end
local function run(n)
  local c = setmetatable({count = 0}, Counter)
  local sum = 0
  for i = 0, n - 1 do sum = (sum + twice(c, i % 8)) % 16777216 end
  return sum
end
print(string.format("%d", run(5000000)))
