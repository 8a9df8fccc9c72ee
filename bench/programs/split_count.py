import sys
counts, joined = {}, 0
with open(sys.argv[1], encoding="utf-8") as file: text = file.read()
for line in text.splitlines():
    words = line.split(" ")
    for word in words: counts[word] = counts.get(word, 0) + 1
    joined += len("_".join(words))
print(len(counts), max(counts.values()), joined)
