import functools
def main():
    xs, x = [], 42
    for _ in range(300000):
        x = (x * 16807) % 2147483647
        xs.append(x)
    xs.sort(key=functools.cmp_to_key(lambda a, b: b % 100000 - a % 100000))
    print(xs[0] % 100000, xs[150000] % 100000)
main()
