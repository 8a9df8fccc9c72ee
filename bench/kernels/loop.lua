local s = 0
local i = 0
while i < $N do s = (s + (i & 7) * i) & 1048575; i = i + 1 end
print(s)
