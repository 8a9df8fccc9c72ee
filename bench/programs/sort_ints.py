def main():
    xs, x = [], 42
    for _ in range(300000):
        x = (x * 16807) % 2147483647
        xs.append(x)
    xs.sort()
    print(xs[0], xs[150000])
main()
