-- What the benchmarks share: see harness.firn.
local unpack = table.unpack or unpack
local harness = {}

-- Numbers from 0 to 65535.
local Random = {}
Random.__index = Random
harness.Random = Random

function Random.new() return setmetatable({seed = 74755}, Random) end

function Random:next()
  self.seed = (self.seed * 1309 + 13849) % 65536
  return self.seed
end

-- Lua 5.1 has no operator for it.
local bit = rawget(_G, "bit")
harness.xor = bit and bit.bxor or load("return function(a, b) return a ~ b end")()

function harness.run(name, args, inner, iteration)
  local is_steady, numbers = false, {}
  for _, arg in ipairs(args) do
    if arg == "--steady" then is_steady = true else numbers[#numbers + 1] = assert(tonumber(arg)) end
  end
  local iterations = numbers[1] or 1
  local times, result = {}, nil
  for i = 1, iterations do
    local start = os.clock()
    result = iteration(numbers[2] or inner)
    times[i] = (os.clock() - start) * 1e9
  end
  print(name .. " " .. result)
  if is_steady then
    local steady = {unpack(times, math.floor(iterations / 2) + 1)}
    table.sort(steady)
    io.stderr:write(string.format("steady %.0f %.0f\n", steady[math.floor(#steady / 2) + 1], steady[1]))
  end
end

function harness.repeated(times, wanted, body)
  for _ = 1, times do assert(body() == wanted) end
  return tostring(wanted)
end

return harness
