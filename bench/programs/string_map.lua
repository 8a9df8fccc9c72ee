local map, total, count = {}, 0, 300000
local format = string.format
for i = 0, 299999 do map[format("key%d", i)] = format("value%d", i % 100) end
for i = 0, 599999 do
  local value = map[format("key%d", i * 7 % 600000)]
  if value then total = total + #value end
end
for i = 0, 149999 do
  map[format("key%d", i * 2)] = nil
  count = count - 1
end
print(string.format("%d %d", count, total))
