local function next(x) return (x * 16807) % 2147483647 end
local function run(n)
  local m, len = {}, 0
  local x = 42
  for i = 0, n - 1 do
    x = next(x)
    if not m[x] then len = len + 1 end
    m[x] = i
  end
  local sum = 0
  for round = 0, 3 do
    x = 42
    for i = 0, n - 1 do
      x = next(x)
      sum = sum + (m[x + round % 2] or 1)
    end
  end
  x = 42
  for i = 0, n - 1 do
    x = next(x)
    if i % 2 == 0 then
      if m[x] then len = len - 1 end
      m[x] = nil
    end
  end
  for i = 0, n - 1 do
    x = next(x)
    if m[x] then sum = sum + 1 else len = len + 1 end
    m[x] = i
  end
  return sum + len
end
print(string.format("%d", run(200000)))
