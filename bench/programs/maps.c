#include <stdio.h>
#include <stdlib.h>
enum { SIZE = 1 << 21 };
static long *keys, *values;
static unsigned find(long key) { unsigned h = (unsigned)((unsigned long)key * 0x9e3779b97f4a7c15ul >> 43); while (keys[h] && keys[h] != key + 1) h = (h + 1) & (SIZE - 1); return h; }
int main(void) {
  long n = 1000000, sum = 0;
  keys = calloc(SIZE, 8), values = calloc(SIZE, 8);
  for (long i = 0; i < n; i++) { long k = i * 7919 % 1000003; unsigned h = find(k); keys[h] = k + 1; values[h] = i; }
  for (long round = 0; round < 5; round++) for (long i = 0; i < n; i++) { unsigned h = find(i); sum += keys[h] ? values[h] : round; }
  printf("%ld\n", sum);
}
