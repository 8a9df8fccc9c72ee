def main():
    map, total = {}, 0
    for i in range(300000): map[f"key{i}"] = f"value{i % 100}"
    for i in range(600000):
        value = map.get(f"key{i * 7 % 600000}")
        if value is not None: total += len(value)
    for i in range(150000): del map[f"key{i * 2}"]
    print(len(map), total)
main()
