package.path = arg[0]:match("^(.*)/") .. "/?.lua"
local json = require "json_pure"
local value = json.parse(assert(io.open(arg[1])):read("*a"))
local total = 0
for _ = 1, 10 do if json.text(value):sub(1, 3) == '[{"' then total = total + 1 end end
print(string.format("%d %d", #value, total))
