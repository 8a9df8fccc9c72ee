local counts, distinct, joined = {}, 0, 0
local text = assert(io.open(arg[1])):read("*a")
for line in text:gmatch("([^\n]*)\n") do
  local words, n = {}, 0
  for word in (line .. " "):gmatch("([^ ]*) ") do
    n = n + 1
    words[n] = word
  end
  for i = 1, n do
    local count = counts[words[i]]
    if not count then distinct = distinct + 1 end
    counts[words[i]] = (count or 0) + 1
  end
  joined = joined + #table.concat(words, "_")
end
local most = 0
for _, count in pairs(counts) do if count > most then most = count end end
print(string.format("%d %d %d", distinct, most, joined))
