/* utf8.c - the one judge of UTF-8. */
#include "vm/utf8.h"

#include <stdint.h>
#include <string.h>

size_t utf8_sequence(const char *text, size_t length) {
  const unsigned char *b = (const unsigned char *)text;
  if (length == 0) return 0;
  if (b[0] < 0x80) return 1;
  size_t size = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
  if (b[0] < 0xc2 || b[0] > 0xf4 || size > length) return 0;
  for (size_t i = 1; i < size; i++) {
    if ((b[i] & 0xc0) != 0x80) return 0;
  }
  /* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
  if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f)) return 0;
  if ((b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f)) return 0;
  return size;
}

/* How many bytes at the beginning are ASCII, in groups of eight. */
static size_t ascii_groups(const char *text, size_t length) {
  size_t i = 0;
  for (uint64_t group; length - i >= sizeof group; i += sizeof group) {
    memcpy(&group, text + i, sizeof group);
    if (group & 0x8080808080808080) break;
  }
  return i;
}

bool utf8_valid(const char *text, size_t length) {
  size_t size;
  for (size_t i = ascii_groups(text, length); i < length; i += size) {
    size = utf8_sequence(text + i, length - i);
    if (size == 0) return false;
    /* Text that isn't ASCII often is again behind a space. */
    if (text[i] == ' ') i += ascii_groups(text + i + 1, length - i - 1);
  }
  return true;
}
