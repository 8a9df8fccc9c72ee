#include <stdint.h>
#include <stdio.h>
static int64_t run(int64_t n) {
  int64_t sum = 0, i = 0;
  while (i < n) { sum = (sum + i * 3) & 0xffffffff; if (i % 7 == 0) sum += 1; i += 1; }
  return sum;
}
int main(int argc, char **argv) { (void)argv; printf("%lld\n", (long long)run(50000000 + argc - 1)); }
