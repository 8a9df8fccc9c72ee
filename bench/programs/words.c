#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { SIZE = 1 << 17 };
static const char *keys[SIZE];
static long counts[SIZE];
static unsigned find(const char *key) {
  unsigned h = 2166136261u;
  for (const char *p = key; *p; p++) h = (h ^ (unsigned char)*p) * 16777619u;
  h &= SIZE - 1;
  while (keys[h] && strcmp(keys[h], key) != 0) h = (h + 1) & (SIZE - 1);
  return h;
}
int main(void) {
  long n = 50000, rounds = 2000000, x = 42, distinct = 0, most = 0;
  char **words = malloc(n * sizeof *words);
  for (long i = 0; i < n; i++) {
    char text[32];
    snprintf(text, sizeof text, "word%ld", i * 7 % n);
    words[i] = strdup(text);
  }
  for (long i = 0; i < rounds; i++) {
    x = (x * 16807) % 2147483647;
    const char *word = words[x / 8 % n];
    unsigned h = find(word);
    if (!keys[h]) keys[h] = word, distinct++;
    counts[h]++;
  }
  for (long i = 0; i < SIZE; i++) if (counts[i] > most) most = counts[i];
  printf("%ld\n", distinct * 1000 + most);
}
