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

bool utf8_valid(const char *text, size_t length) {
  size_t i = 0;
  while (i < length) {
    uint64_t eight;
    if (length - i >= sizeof eight) {
      memcpy(&eight, text + i, sizeof eight);
      if ((eight & UINT64_C(0x8080808080808080)) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    size_t size = utf8_sequence(text + i, length - i);
    if (size == 0) return false;
    i += size;
  }
  return true;
}
