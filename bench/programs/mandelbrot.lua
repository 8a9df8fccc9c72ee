local function mandelbrot(size, limit)
  local inside = 0
  for y = 0, size - 1 do
    local ci = 2.0 * y / size - 1.0
    for x = 0, size - 1 do
      local cr = 2.0 * x / size - 1.5
      local zr, zi, k = 0.0, 0.0, 0
      while k < limit and zr * zr + zi * zi <= 4.0 do
        local t = zr * zr - zi * zi + cr
        zi = 2.0 * zr * zi + ci
        zr = t
        k = k + 1
      end
      if k == limit then inside = inside + 1 end
    end
  end
  return inside
end
print(mandelbrot(800, 50))
