import json, sys
with open(sys.argv[1], encoding="utf-8") as file: value = json.loads(file.read())
total = 0
for _ in range(10):
    if json.dumps(value, separators=(",", ":"), ensure_ascii=False).startswith('[{"'): total += 1
print(len(value), total)
