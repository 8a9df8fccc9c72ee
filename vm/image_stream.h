/* image_stream.h - the outer form of an image: blocks, each compressed and checked by itself (spec.md, "Images").
 *
 * A block has two parts that are written side by side: definitions (types, code, descriptors, shapes of objects) and the body. A body may
 * use what its own block's definitions say, so that writer and reader both go through an image once. What is put between two calls of
 * image_room is never torn apart; image_put_bytes may be.
 *
 * Failing is sticky: after it, writing does nothing, reading gives zeros, and `failed` says so.
 */
#ifndef FIRN_VM_IMAGE_STREAM_H
#define FIRN_VM_IMAGE_STREAM_H

#include <stdbool.h>
#include <string.h>
#include "vm/image.h"

enum {
  IMAGE_BODY_ROOM = 256 * 1024,  /* a writer's block ends when its body or its definitions have grown to this */
  IMAGE_BLOCK_MAX = 1024 * 1024, /* bytes of a block, unpacked */
  IMAGE_CHUNK_MAX = 4096,        /* bytes of body that image_room can ask for */
};

/* What definitions begin with; IMAGE_DEF_OBJECT + number of its descriptor defines an object. Descriptors 0, 1 and 2 are those of strings, bytes and tasks. */
enum { IMAGE_DEF_TYPE, IMAGE_DEF_CODE, IMAGE_DEF_DESC, IMAGE_DEF_OBJECT };

/* A reference: a number shifted by IMAGE_REF_SHIFT, or one of these in the low bits. */
enum {
  IMAGE_REF_OBJECT,  /* an object, by order of definition */
  IMAGE_REF_STRING,  /* a static string: a constant of the module, or a tiny one (object.h) */
  IMAGE_REF_NIL,     /* the nil of a depth, less 1 */
  IMAGE_REF_CASE,    /* a case without payload: the descriptor's number; 32 bits follow, the case */
  IMAGE_REF_SHIFT = 2,
};
#define IMAGE_OBJECTS_MAX (1u << 30)
#define IMAGE_ARGS_MAX 65536

typedef struct ImageWriter {
  const ImageSink *sink;
  ModuleError *error;
  void *packer;             /* zstd's context */
  int level;
  uint8_t *defs;
  size_t ndefs, defs_cap;
  uint8_t *body;            /* IMAGE_BODY_ROOM bytes */
  size_t nbody;
  uint8_t *raw, *packed;
  size_t raw_cap, packed_cap;
  bool failed;
} ImageWriter;

/* Starts an image; all of a writer but `failed` and `error` is this file's own. image_writer_end frees it, also after failing, and says whether all went well. */
void image_writer_start(ImageWriter *w, const ImageSink *sink, int level, ModuleError *error);
bool image_writer_end(ImageWriter *w);
void image_writer_fail(ImageWriter *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void image_flush(ImageWriter *w);                       /* ends the block */

/* Definitions, as varints. */
void image_def(ImageWriter *w, uint64_t number);

/* The body. image_room comes before puts of at most so many bytes; then definitions and body of this chunk go into one block. */
static inline void image_room(ImageWriter *w, size_t size) {
  if (w->nbody + size > IMAGE_BODY_ROOM || w->ndefs > IMAGE_BODY_ROOM) image_flush(w);
}
static inline void image_put8(ImageWriter *w, uint8_t byte) { w->body[w->nbody++] = byte; }
static inline void image_put32(ImageWriter *w, uint32_t x) {
  if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) x = __builtin_bswap32(x);
  memcpy(w->body + w->nbody, &x, sizeof x);
  w->nbody += sizeof x;
}
static inline void image_put64(ImageWriter *w, uint64_t x) {
  if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) x = __builtin_bswap64(x);
  memcpy(w->body + w->nbody, &x, sizeof x);
  w->nbody += sizeof x;
}
void image_put_bytes(ImageWriter *w, const void *bytes, size_t length);
/* `count` numbers of `size` bytes (1, 4 or 8) each. */
void image_put_numbers(ImageWriter *w, const void *numbers, size_t count, size_t size);

typedef struct ImageReader {
  const ImageSource *source;
  ModuleError *error;
  void *unpacker;
  uint8_t *packed, *raw;
  size_t packed_cap, raw_cap;
  const uint8_t *at, *end;  /* of the body */
  uint64_t offset, next;    /* of the block at hand, and behind it */
  uint64_t unpacked;        /* bytes of blocks so far */
  uint32_t version;
  bool (*define)(void *ctx, const uint8_t *defs, const uint8_t *end); /* called for each block's definitions; false after failing */
  void *define_ctx;
  bool failed;
} ImageReader;

void image_reader_start(ImageReader *r, const ImageSource *source, ModuleError *error);
bool image_reader_end(ImageReader *r);                  /* checks that the image ends here; frees. False when anything failed */
bool image_fail(ImageReader *r, const char *format, ...) __attribute__((format(printf, 2, 3))); /* returns false */
bool image_fill(ImageReader *r, size_t size);           /* makes `size` bytes of one chunk available */

static inline bool image_have(ImageReader *r, size_t size) { return (size_t)(r->end - r->at) >= size || image_fill(r, size); }
static inline uint8_t image_get8(ImageReader *r) { return image_have(r, 1) ? *r->at++ : 0; }
static inline uint32_t image_get32(ImageReader *r) {
  uint32_t x = 0;
  if (!image_have(r, sizeof x)) return 0;
  memcpy(&x, r->at, sizeof x);
  r->at += sizeof x;
  return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap32(x) : x;
}
static inline uint64_t image_get64(ImageReader *r) {
  uint64_t x = 0;
  if (!image_have(r, sizeof x)) return 0;
  memcpy(&x, r->at, sizeof x);
  r->at += sizeof x;
  return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(x) : x;
}
bool image_get_bytes(ImageReader *r, void *bytes, size_t length);
bool image_get_numbers(ImageReader *r, void *numbers, size_t count, size_t size);

/* Reads one varint of definitions; fails on more than 64 bits or past the end. */
uint64_t image_get_def(ImageReader *r, const uint8_t **at, const uint8_t *end);

#endif
