package.path = arg[0]:match("^(.*)/") .. "/?.lua"
local json = require "json_pure"
local file = assert(io.open(arg[1]))
local value = json.parse(file:read("*a"))
print(string.format("%d %d %d", #value, value[#value].id, #value[#value].tags))
