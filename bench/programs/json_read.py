import json, sys
with open(sys.argv[1], encoding="utf-8") as file: value = json.loads(file.read())
print(len(value), value[-1]["id"], len(value[-1]["tags"]))
