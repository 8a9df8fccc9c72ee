local text, total = assert(io.open(arg[1])):read("*a"), 0
for word, name in text:gmatch("([uh][so][es][rt])=([a-z]+)") do
  if word == "user" or word == "host" then total = total + #name end
end
print(total)
