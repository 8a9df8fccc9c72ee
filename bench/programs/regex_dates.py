import re, sys
with open(sys.argv[1], encoding="utf-8") as file: text = file.read()
count = 0
for _ in re.finditer(r"\d{4}-\d{2}-\d{2}", text): count += 1
print(count)
