local bodies = {
  {x = 0.0, y = 0.0, z = 0.0, vx = 0.0, vy = 0.0, vz = 0.0, mass = 39.47841760435743},
  {x = 4.841431442464721, y = -1.1603200440274284, z = -0.10362204447112311, vx = 0.606326392995832, vy = 2.81198684491626, vz = -0.02521836165988763, mass = 0.03769367487038949},
  {x = 8.34336671824458, y = 4.124798564124305, z = -0.4035234171143214, vx = -1.0107743461787924, vy = 1.8256623712304119, vz = 0.008415761376584154, mass = 0.011286326131968767},
  {x = 12.894369562139131, y = -15.111151401698631, z = -0.22330757889265573, vx = 1.0827910064415354, vy = 0.8687130181696082, vz = -0.010832637401363636, mass = 0.0017237240570597112},
  {x = 15.379697114850917, y = -25.919314609987964, z = 0.17925877295037118, vx = 0.979090732243898, vy = 0.5946989986476762, vz = -0.034755955550407225, mass = 0.0020336868699246304},
}
local sqrt = math.sqrt
local function advance(bodies, dt)
  local n = #bodies
  local i = 1
  while i <= n do
    local b = bodies[i]
    local j = i + 1
    while j <= n do
      local c = bodies[j]
      local dx = b.x - c.x
      local dy = b.y - c.y
      local dz = b.z - c.z
      local d2 = dx * dx + dy * dy + dz * dz
      local mag = dt / (d2 * sqrt(d2))
      b.vx = b.vx - dx * c.mass * mag
      b.vy = b.vy - dy * c.mass * mag
      b.vz = b.vz - dz * c.mass * mag
      c.vx = c.vx + dx * b.mass * mag
      c.vy = c.vy + dy * b.mass * mag
      c.vz = c.vz + dz * b.mass * mag
      j = j + 1
    end
    i = i + 1
  end
  i = 1
  while i <= n do
    local b = bodies[i]
    b.x = b.x + dt * b.vx
    b.y = b.y + dt * b.vy
    b.z = b.z + dt * b.vz
    i = i + 1
  end
end
local i = 0
while i < $N do advance(bodies, 0.01); i = i + 1 end
local r = bodies[1].x * 1000000000.0
print(string.format("%d", r >= 0 and math.floor(r) or math.ceil(r)))
