-- Sieve: see sieve.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

local limit = 5000

local function count_primes()
  local is_prime, count = {}, 0
  for i = 1, limit do is_prime[i] = true end
  for i = 2, limit do
    if is_prime[i] then
      count = count + 1
      for multiple = i + i, limit, i do is_prime[multiple] = false end
    end
  end
  return count
end

harness.run("sieve", arg, 3000, function(n) return harness.repeated(n, 669, count_primes) end)
