local function run(n)
  local sum, i = 0, 0
  while i < n do
    sum = (sum + i * 3) % 4294967296
    if i % 7 == 0 then sum = sum + 1 end
    i = i + 1
  end
  return sum
end
print(string.format("%d", run(50000000)))
