#include <stdio.h>
struct counter { long count; };
static long add(struct counter *c, long n) { c->count += n; return c->count; }
static long twice(struct counter *c, long n) { long a = add(c, n); return a + add(c, 1); }
int main(void) { struct counter c = {0}; long sum = 0; for (long i = 0; i < 5000000; i++) sum = (sum + twice(&c, i & 7)) & 0xffffff; printf("%ld\n", sum); }
