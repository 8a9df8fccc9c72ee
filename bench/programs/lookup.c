#include <stdio.h>
#include <stdlib.h>
typedef struct Node { long key, value; struct Node *next; } Node;
enum { BITS = 19 };
static Node *heads[1 << BITS];
static long next(long x) { return (x * 16807) % 2147483647; }
static Node **find(long key) {
  Node **at = &heads[(unsigned long)key * 0x9e3779b97f4a7c15ul >> (64 - BITS)];
  while (*at && (*at)->key != key) at = &(*at)->next;
  return at;
}
static int put(long key, long value) {
  Node **at = find(key);
  int is_new = !*at;
  if (is_new) {
    *at = malloc(sizeof **at);
    **at = (Node){key, value, NULL};
  }
  (*at)->value = value;
  return is_new;
}
int main(void) {
  long n = 200000, x = 42, sum = 0, len = 0;
  for (long i = 0; i < n; i++) len += put(x = next(x), i);
  for (long round = 0; round < 4; round++) {
    x = 42;
    for (long i = 0; i < n; i++) {
      x = next(x);
      Node *node = *find(x + round % 2);
      sum += node ? node->value : 1;
    }
  }
  x = 42;
  for (long i = 0; i < n; i++) {
    x = next(x);
    if (i % 2 != 0) continue;
    Node **at = find(x), *node = *at;
    if (!node) continue;
    *at = node->next;
    free(node);
    len--;
  }
  for (long i = 0; i < n; i++) {
    x = next(x);
    sum += *find(x) != NULL;
    len += put(x, i);
  }
  printf("%ld\n", sum + len);
}
