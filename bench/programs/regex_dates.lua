local text, count = assert(io.open(arg[1])):read("*a"), 0
for _ in text:gmatch("%d%d%d%d%-%d%d%-%d%d") do count = count + 1 end
print(count)
