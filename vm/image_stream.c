/* image_stream.c - blocks of an image. Interface: image_stream.h.
 *
 * An image is IMAGE_MAGIC, the version, and blocks: u32 packed size, u32 size, then one zstd frame with a checksum. The unpacked block is u32 size of
 * the definitions, these, the body. A block of sizes 0 and 0 is the end, and nothing follows it. Numbers are little-endian.
 */
#include "vm/image_stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { HEAD = 8, DEFAULT_LEVEL = 1 };

static void store32(uint8_t *at, uint32_t x) {
  for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(x >> 8 * i);
}

static uint32_t load32(const uint8_t *at) {
  uint32_t x = 0;
  for (unsigned i = 0; i < 4; i++) x |= (uint32_t)at[i] << 8 * i;
  return x;
}

/* Gives a buffer room for `size` bytes; what was in it is lost. */
static bool buffer_room(uint8_t **bytes, size_t *cap, size_t size) {
  if (size <= *cap) return true;
  free(*bytes);
  *bytes = malloc(size);
  *cap = *bytes ? size : 0;
  return *bytes != NULL;
}

/* Writing */

void image_writer_fail(ImageWriter *w, const char *format, ...) {
  if (w->failed) return;
  w->failed = true;
  va_list args;
  va_start(args, format);
  vsnprintf(w->error->reason, sizeof w->error->reason, format, args);
  va_end(args);
}

static void sink_write(ImageWriter *w, const void *bytes, size_t length) {
  if (!w->failed && !w->sink->write(w->sink->ctx, bytes, length)) image_writer_fail(w, "the image could not be written");
}

void image_writer_start(ImageWriter *w, const ImageSink *sink, int level, ModuleError *error) {
  *error = (ModuleError){0};
  *w = (ImageWriter){.sink = sink, .level = level ? level : DEFAULT_LEVEL, .error = error};
  w->packer = ZSTD_createCCtx();
  w->body = malloc(IMAGE_BODY_ROOM);
  if (!w->packer || !w->body) {
    image_writer_fail(w, "out of memory");
    return;
  }
  ZSTD_CCtx_setParameter(w->packer, ZSTD_c_compressionLevel, w->level);
  ZSTD_CCtx_setParameter(w->packer, ZSTD_c_checksumFlag, 1);
  uint8_t head[HEAD];
  memcpy(head, IMAGE_MAGIC, 4);
  store32(head + 4, IMAGE_VERSION);
  sink_write(w, head, sizeof head);
}

void image_flush(ImageWriter *w) {
  size_t size = 4 + w->ndefs + w->nbody;
  if (size > IMAGE_BLOCK_MAX) image_writer_fail(w, "the guest's types are too large for an image");
  bool has_room = w->failed || (buffer_room(&w->raw, &w->raw_cap, size) && buffer_room(&w->packed, &w->packed_cap, HEAD + ZSTD_compressBound(size)));
  if (!has_room) image_writer_fail(w, "out of memory");
  if (!w->failed && size > 4) {
    store32(w->raw, (uint32_t)w->ndefs);
    if (w->ndefs) memcpy(w->raw + 4, w->defs, w->ndefs);
    memcpy(w->raw + 4 + w->ndefs, w->body, w->nbody);
    size_t packed = ZSTD_compress2(w->packer, w->packed + HEAD, w->packed_cap - HEAD, w->raw, size);
    if (ZSTD_isError(packed)) {
      bool lacks = ZSTD_getErrorCode(packed) == ZSTD_error_memory_allocation;
      image_writer_fail(w, lacks ? "out of memory" : "packing failed: %s", ZSTD_getErrorName(packed));
    } else {
      store32(w->packed, (uint32_t)packed);
      store32(w->packed + 4, (uint32_t)size);
      sink_write(w, w->packed, HEAD + packed);
    }
  }
  w->ndefs = w->nbody = 0;
}

bool image_writer_end(ImageWriter *w) {
  static const uint8_t end[HEAD];
  if (w->body) image_flush(w);
  sink_write(w, end, sizeof end);
  ZSTD_freeCCtx(w->packer);
  free(w->defs);
  free(w->body);
  free(w->raw);
  free(w->packed);
  return !w->failed;
}

void image_def(ImageWriter *w, uint64_t number) {
  if (w->ndefs + 10 > w->defs_cap) {
    size_t cap = w->defs_cap ? 2 * w->defs_cap : 4096;
    uint8_t *grown = realloc(w->defs, cap);
    if (!grown) {
      image_writer_fail(w, "out of memory");
      w->ndefs = 0;
      if (!w->defs_cap) return;
    } else {
      w->defs = grown;
      w->defs_cap = cap;
    }
  }
  for (; number >= 0x80; number >>= 7) w->defs[w->ndefs++] = (uint8_t)(number | 0x80);
  w->defs[w->ndefs++] = (uint8_t)number;
}

void image_put_bytes(ImageWriter *w, const void *bytes, size_t length) {
  const uint8_t *from = bytes;
  while (length > 0 && !w->failed) {
    image_room(w, 1);
    size_t part = IMAGE_BODY_ROOM - w->nbody;
    if (part > length) part = length;
    memcpy(w->body + w->nbody, from, part);
    w->nbody += part;
    from += part;
    length -= part;
  }
}

void image_put_numbers(ImageWriter *w, const void *numbers, size_t count, size_t size) {
  if (size == 1 || __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
    image_put_bytes(w, numbers, count * size);
    return;
  }
  for (size_t i = 0; i < count && !w->failed; i++) {
    uint8_t swapped[8];
    for (size_t k = 0; k < size; k++) swapped[k] = ((const uint8_t *)numbers)[i * size + size - 1 - k];
    image_put_bytes(w, swapped, size);
  }
}

/* Reading */

bool image_fail(ImageReader *r, const char *format, ...) {
  if (r->failed) return false;
  r->failed = true;
  r->error->offset = r->offset;
  va_list args;
  va_start(args, format);
  vsnprintf(r->error->reason, sizeof r->error->reason, format, args);
  va_end(args);
  return false;
}

/* Fills `bytes` whole; false with `failed` set otherwise, or without it when the image ends just here and that is allowed. */
static bool source_read(ImageReader *r, void *bytes, size_t length, bool may_end) {
  size_t done = 0;
  while (done < length) {
    ptrdiff_t got = r->source->read(r->source->ctx, (uint8_t *)bytes + done, length - done);
    if (got < 0) return image_fail(r, "the image could not be read");
    if (got == 0) return done == 0 && may_end ? false : image_fail(r, "the image is cut short");
    done += (size_t)got;
  }
  r->next += length;
  return true;
}

void image_reader_start(ImageReader *r, const ImageSource *source, ModuleError *error) {
  *error = (ModuleError){0};
  *r = (ImageReader){.source = source, .error = error};
  r->unpacker = ZSTD_createDCtx();
  if (!r->unpacker) {
    image_fail(r, "out of memory");
    return;
  }
  uint8_t head[HEAD];
  if (!source_read(r, head, sizeof head, false)) return;
  if (memcmp(head, IMAGE_MAGIC, 4) != 0) image_fail(r, "not an image of a guest");
  r->version = load32(head + 4);
  if (!r->failed && (r->version == 0 || r->version > IMAGE_VERSION))
    image_fail(r, "the image's version is %u, this machine reads 1 to %d", r->version, IMAGE_VERSION);
}

/* Reads the next block; its definitions go to `define`. */
static bool block_read(ImageReader *r) {
  uint8_t head[HEAD];
  r->offset = r->next;
  r->at = r->end = NULL;
  if (r->failed || !source_read(r, head, sizeof head, false)) return false;
  size_t packed = load32(head), size = load32(head + 4);
  if (packed == 0 && size == 0) return image_fail(r, "the image ends too early");
  if (size < 4 || size > IMAGE_BLOCK_MAX || packed > ZSTD_compressBound(IMAGE_BLOCK_MAX)) return image_fail(r, "a block's size is wrong");
  if (!buffer_room(&r->packed, &r->packed_cap, packed) || !buffer_room(&r->raw, &r->raw_cap, size)) return image_fail(r, "out of memory");
  if (!source_read(r, r->packed, packed, false)) return false;
  size_t unpacked = ZSTD_decompressDCtx(r->unpacker, r->raw, size, r->packed, packed);
  if (ZSTD_getErrorCode(unpacked) == ZSTD_error_memory_allocation) return image_fail(r, "out of memory");
  if (ZSTD_isError(unpacked)) return image_fail(r, "a block is damaged: %s", ZSTD_getErrorName(unpacked));
  if (unpacked != size) return image_fail(r, "a block's size is wrong");
  r->unpacked += size;
  size_t ndefs = load32(r->raw);
  if (ndefs > size - 4) return image_fail(r, "a block's definitions are longer than the block");
  r->at = r->raw + 4 + ndefs;
  r->end = r->raw + size;
  if (ndefs == 0) return true;
  if (!r->define) return image_fail(r, "a block has definitions too early");
  return r->define(r->define_ctx, r->raw + 4, r->raw + 4 + ndefs);
}

bool image_fill(ImageReader *r, size_t size) {
  while (!r->failed && r->at == r->end) {
    if (!block_read(r)) break;
  }
  if (r->failed) return false;
  return (size_t)(r->end - r->at) >= size || image_fail(r, "a value is torn apart");
}

bool image_reader_end(ImageReader *r) {
  uint8_t head[HEAD], more;
  r->offset = r->next;
  if (!r->failed && r->at != r->end) image_fail(r, "the image holds more than the guest");
  if (!r->failed && source_read(r, head, sizeof head, false)) {
    if (load32(head) || load32(head + 4)) image_fail(r, "the image holds more than the guest");
    else if (source_read(r, &more, 1, true)) image_fail(r, "something follows the image");
  }
  ZSTD_freeDCtx(r->unpacker);
  free(r->packed);
  free(r->raw);
  return !r->failed;
}

bool image_get_bytes(ImageReader *r, void *bytes, size_t length) {
  uint8_t *to = bytes;
  while (length > 0) {
    if (!image_have(r, 1)) return false;
    size_t part = (size_t)(r->end - r->at);
    if (part > length) part = length;
    memcpy(to, r->at, part);
    r->at += part;
    to += part;
    length -= part;
  }
  return true;
}

bool image_get_numbers(ImageReader *r, void *numbers, size_t count, size_t size) {
  if (!image_get_bytes(r, numbers, count * size)) return false;
  if (size == 1 || __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) return true;
  uint8_t *at = numbers;
  for (size_t i = 0; i < count; i++, at += size) {
    for (size_t k = 0; k < size / 2; k++) {
      uint8_t byte = at[k];
      at[k] = at[size - 1 - k];
      at[size - 1 - k] = byte;
    }
  }
  return true;
}

uint64_t image_get_def(ImageReader *r, const uint8_t **at, const uint8_t *end) {
  uint64_t x = 0;
  for (unsigned shift = 0; *at < end; shift += 7) {
    uint8_t byte = *(*at)++;
    if (shift == 63 && byte > 1) break;
    x |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return x;
    if (shift == 63) break;
  }
  image_fail(r, "a definition is cut short");
  return 0;
}
