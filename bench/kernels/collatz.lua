local steps, i = 0, 1
while i < $N do
  local n = i
  while n ~= 1 do
    if n % 2 == 0 then n = n // 2 else n = 3 * n + 1 end
    steps = steps + 1
  end
  i = i + 1
end
print(steps)
