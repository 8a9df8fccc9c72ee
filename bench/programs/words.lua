local function run(n, rounds)
  local words = {}
  for i = 0, n - 1 do words[i] = "word" .. string.format("%d", i * 7 % n) end
  local counts, distinct = {}, 0
  local x = 42
  for _ = 1, rounds do
    x = (x * 16807) % 2147483647
    local word = words[(x - x % 8) / 8 % n]
    local count = counts[word]
    if not count then distinct = distinct + 1 end
    counts[word] = (count or 0) + 1
  end
  local most = 0
  for _, count in pairs(counts) do if count > most then most = count end end
  return distinct * 1000 + most
end
print(string.format("%d", run(50000, 2000000)))
