local N = $N
local count, y = 0, 0
while y < N do
  local ci = 2.0 * y / N - 1.0
  local x = 0
  while x < N do
    local cr = 2.0 * x / N - 1.5
    local zr, zi, i = 0.0, 0.0, 0
    local inside = true
    while i < 50 do
      local zr2 = zr * zr
      local zi2 = zi * zi
      if zr2 + zi2 > 4.0 then inside = false break end
      zi = 2.0 * zr * zi + ci
      zr = zr2 - zi2 + cr
      i = i + 1
    end
    if inside then count = count + 1 end
    x = x + 1
  end
  y = y + 1
end
print(count)
