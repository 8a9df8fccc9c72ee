/* image_buffer.c - images in memory. Interface: image.h. */
#include <stdlib.h>
#include <string.h>

#include "vm/image.h"

enum { ROOM_FIRST = 4096 };

bool image_buffer_write(void *buffer, const void *bytes, size_t length) {
  ImageBuffer *b = buffer;
  if (length > b->cap - b->length) {
    size_t cap = b->cap ? b->cap : ROOM_FIRST;
    while (cap - b->length < length) {
      if (cap > SIZE_MAX / 2) return false;
      cap *= 2;
    }
    uint8_t *grown = realloc(b->bytes, cap);
    if (!grown) return false;
    b->bytes = grown;
    b->cap = cap;
  }
  if (length) memcpy(b->bytes + b->length, bytes, length);
  b->length += length;
  return true;
}

ptrdiff_t image_buffer_read(void *buffer, void *bytes, size_t length) {
  ImageBuffer *b = buffer;
  if (length > b->length - b->at) length = b->length - b->at;
  if (length) memcpy(bytes, b->bytes + b->at, length);
  b->at += length;
  return (ptrdiff_t)length;
}

struct Program *image_program_given(void *program, const uint8_t hash[32]) {
  (void)hash;
  return program;
}
