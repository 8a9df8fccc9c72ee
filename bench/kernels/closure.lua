local k = 3
local f = function(x) return (x + k) & 65535 end
local s, i = 0, 0
while i < $N do s = f(s); i = i + 1 end
print(s)
