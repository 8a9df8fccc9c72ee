#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void) {
  char *text = malloc(300000 * 16), *at = text;
  for (int i = 0; i < 300000; i++) at += sprintf(at, "item %d, ", i);
  long words = 0, length = at - text;
  for (char *piece = strtok(text, ","); piece; piece = strtok(NULL, ",")) if (strstr(piece, "99")) words++;
  printf("%ld %ld\n", length, words);
}
