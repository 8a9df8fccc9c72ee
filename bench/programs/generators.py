def numbers(n):
    for i in range(n): yield i
def odd(source):
    for i in source:
        if i % 2 == 1: yield i
def squares(source):
    for i in source: yield i * i
def main():
    total = 0
    for x in squares(odd(numbers(500000))): total += x % 10
    print(total)
main()
