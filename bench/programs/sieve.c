#include <stdio.h>
#include <stdlib.h>
static long sieve(long n) {
  char *composite = calloc((size_t)n + 1, 1);
  long count = 0;
  for (long i = 2; i <= n; i++) if (!composite[i]) { count++; for (long j = i + i; j <= n; j += i) composite[j] = 1; }
  free(composite);
  return count;
}
int main(void) { long total = 0; for (int i = 0; i < 5; i++) total += sieve(2000000); printf("%ld\n", total); }
