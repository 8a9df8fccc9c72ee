local function run(n)
  local m = {}
  for i = 0, n - 1 do m[i * 7919 % 1000003] = i end
  local sum = 0
  for round = 0, 4 do for i = 0, n - 1 do sum = sum + (m[i] or round) end end
  return sum
end
print(string.format("%d", run(1000000)))
