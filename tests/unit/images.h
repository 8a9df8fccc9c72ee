/* images.h - images in memory, for unit tests: freezing into and thawing from buffers, and packing blocks by hand.
 *
 * A Buffer's bytes are malloc'd and the test's to free. image_block packs one block; image_begin and image_end put around blocks what an image has.
 */
#ifndef FIRN_TESTS_IMAGES_H
#define FIRN_TESTS_IMAGES_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "vm/guest.h"
#include "vm/image_stream.h"
#include "vm/program.h"
#include "suite.h"

typedef ImageBuffer Buffer;

static inline void buffer_put(Buffer *b, const void *bytes, size_t length) { ck_assert(image_buffer_write(b, bytes, length)); }

static inline void buffer_number(Buffer *b, uint64_t number, unsigned size) {
  for (unsigned i = 0; i < size; i++, number >>= 8) buffer_put(b, &(uint8_t){(uint8_t)number}, 1);
}

static inline bool buffer_equal(const Buffer *a, const Buffer *b) { return a->length == b->length && (a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0); }

static inline void image_begin(Buffer *image) {
  buffer_put(image, IMAGE_MAGIC, 4);
  buffer_number(image, IMAGE_VERSION, 4);
}

static inline void image_block(Buffer *image, const Buffer *defs, const Buffer *body) {
  Buffer raw = {0}, packed = {0};
  buffer_number(&raw, defs->length, 4);
  buffer_put(&raw, defs->bytes, defs->length);
  buffer_put(&raw, body->bytes, body->length);
  packed.cap = ZSTD_compressBound(raw.length);
  packed.bytes = malloc(packed.cap);
  packed.length = ZSTD_compress(packed.bytes, packed.cap, raw.bytes, raw.length, 1);
  buffer_number(image, packed.length, 4);
  buffer_number(image, raw.length, 4);
  buffer_put(image, packed.bytes, packed.length);
  free(raw.bytes);
  free(packed.bytes);
}

static inline void image_end(Buffer *image) { buffer_number(image, 0, 8); }

static inline Buffer image_of(Guest *guest, bool refer) {
  Buffer image = {0};
  ModuleError error;
  FreezeOptions options = {.refer = refer};
  bool done = guest_freeze(guest, &options, &(ImageSink){image_buffer_write, &image}, &error);
  ck_assert_msg(done, "freezing: %s", error.reason);
  return image;
}

static inline bool image_thaw(Buffer *image, const ThawOptions *options, Thawed *thawed, ModuleError *error) {
  image->at = 0;
  return guest_thaw(&(ImageSource){image_buffer_read, image}, options, thawed, error);
}

#endif
