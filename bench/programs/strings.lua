local parts = {}
for i = 0, 299999 do parts[#parts + 1] = "item " .. i .. ", " end
local text = table.concat(parts)
local words = 0
for piece in (text .. ","):gmatch("([^,]*),") do if piece:find("99", 1, true) then words = words + 1 end end
print(#text .. " " .. words)
