#include <stdio.h>
#include <stdlib.h>
struct tree { struct tree *left, *right; };
static struct tree *make(int depth) { struct tree *t = malloc(sizeof *t); t->left = depth ? make(depth - 1) : 0; t->right = depth ? make(depth - 1) : 0; return t; }
static long count(struct tree *t) { return t ? 1 + count(t->left) + count(t->right) : 0; }
static void drop(struct tree *t) { if (t) drop(t->left), drop(t->right), free(t); }
int main(void) {
  struct tree *keep = make(15);
  long total = 0;
  for (int i = 0; i < 64; i++) { struct tree *t = make(14); total += count(t); drop(t); }
  printf("%ld %ld\n", total, count(keep));
}
