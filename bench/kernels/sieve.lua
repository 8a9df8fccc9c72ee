local function sieve(n)
  local t = {}
  for i = 1, n do t[i] = true end
  local count, i = 0, 2
  while i < n do
    if t[i] then
      count = count + 1
      local j = i * i
      while j < n do t[j] = false; j = j + i end
    end
    i = i + 1
  end
  return count
end
local total = 0
for i = 1, $N do total = total + sieve($SIZE) end
print(total)
