local xs, x = {}, 42
for i = 1, 300000 do
  x = (x * 16807) % 2147483647
  xs[i] = "item" .. string.format("%d", x)
end
table.sort(xs)
print(xs[1] .. " " .. xs[150001])
