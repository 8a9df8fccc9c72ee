-- Bounce: see bounce.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

local abs = math.abs
local side = 500

local Ball = {}
Ball.__index = Ball

function Ball.random(random)
  return setmetatable({
    x = random:next() % side,
    y = random:next() % side,
    x_speed = random:next() % 300 - 150,
    y_speed = random:next() % 300 - 150,
  }, Ball)
end

function Ball:bounce()
  local bounced = false
  self.x = self.x + self.x_speed
  self.y = self.y + self.y_speed
  if self.x > side then self.x = side; self.x_speed = -abs(self.x_speed); bounced = true end
  if self.x < 0 then self.x = 0; self.x_speed = abs(self.x_speed); bounced = true end
  if self.y > side then self.y = side; self.y_speed = -abs(self.y_speed); bounced = true end
  if self.y < 0 then self.y = 0; self.y_speed = abs(self.y_speed); bounced = true end
  return bounced
end

local function count_bounces()
  local random, balls, bounces = harness.Random.new(), {}, 0
  for i = 1, 100 do balls[i] = Ball.random(random) end
  for _ = 1, 50 do
    for _, ball in ipairs(balls) do
      if ball:bounce() then bounces = bounces + 1 end
    end
  end
  return bounces
end

harness.run("bounce", arg, 1500, function(n) return harness.repeated(n, 1331, count_bounces) end)
