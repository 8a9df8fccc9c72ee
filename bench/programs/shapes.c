#include <stdint.h>
#include <stdio.h>

typedef struct Shape Shape;
struct Shape { int64_t (*area)(const Shape *self); int64_t a, b; };

static int64_t square(const Shape *s) { return s->a * s->a; }
static int64_t rect(const Shape *s) { return s->a * s->b; }
static int64_t number(const Shape *s) { return s->a; }

int main(void) {
  static const Shape a = {square, 3, 0}, b = {rect, 2, 5}, c = {number, 7, 0};
  const Shape *volatile shapes[] = {&a, &b, &c};
  int64_t sum = 0;
  for (int64_t i = 0, j = 0; i < 10000000; i++) {
    sum = (sum + shapes[j]->area(shapes[j])) & 0xffffff;
    if (++j == 3) j = 0;
  }
  printf("%lld\n", (long long)sum);
}
