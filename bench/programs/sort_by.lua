local xs, x = {}, 42
for i = 1, 300000 do
  x = (x * 16807) % 2147483647
  xs[i] = x
end
table.sort(xs, function(a, b) return b % 100000 < a % 100000 end)
print(string.format("%d %d", xs[1] % 100000, xs[150001] % 100000))
