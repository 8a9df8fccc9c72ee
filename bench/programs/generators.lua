local wrap, yield = coroutine.wrap, coroutine.yield
local function numbers(n) return wrap(function() for i = 0, n - 1 do yield(i) end end) end
local function odd(from) return wrap(function() for i in from do if i % 2 == 1 then yield(i) end end end) end
local function squares(from) return wrap(function() for i in from do yield(i * i) end end) end
local total = 0
for x in squares(odd(numbers(500000))) do total = total + x % 10 end
print(string.format("%d", total))
