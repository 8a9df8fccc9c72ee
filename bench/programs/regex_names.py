import re, sys
with open(sys.argv[1], encoding="utf-8") as file: text = file.read()
total = 0
for m in re.finditer(r"(user|host)=([a-z]+)", text): total += len(m.group(2))
print(total)
