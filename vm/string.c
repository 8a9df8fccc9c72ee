/* string.c - strings and bytes: what instructions and natives share.
 *
 * Interface: object.h. Strings are valid UTF-8, immutable, and followed by a NUL that length does not count. The empty string and strings
 * of one ASCII character are static objects, so that taking texts apart by characters allocates nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/object.h"

/* A String of at most 7 bytes with its own storage. */
typedef struct ShortString { uint64_t header; uint32_t length, hash; char bytes[8]; } ShortString;
_Static_assert(offsetof(ShortString, bytes) == offsetof(String, bytes), "a ShortString is a String");

/* desc_string's number is 1 */
#define STATIC_STRING_HEADER(index) (OBJ_LIVE | OBJ_STATIC | (uint64_t)(index) << OBJ_INDEX_SHIFT | UINT64_C(1) << OBJ_DESC_SHIFT)

String *string_tiny(uint32_t which) {
  static ShortString tiny[STRING_TINIES];
  ShortString *s = &tiny[which];
  if (s->header == 0)
    *s = (ShortString){.header = STATIC_STRING_HEADER(STRING_TINY_FIRST + which), .length = which > 0, .bytes = {(char)(which - (which > 0))}};
  return (String *)s;
}

String *string_alloc(Guest *guest, size_t length) {
  if (length > STRING_MAX) return NULL;
  String *s = heap_leaf(guest, &desc_string, sizeof *s + length + 1);
  if (!s) return NULL;
  s->length = (uint32_t)length;
  s->hash = 0;
  s->bytes[length] = 0;
  return s;
}

String *string_new(Guest *guest, const char *bytes, size_t length) {
  if (length == 0) return string_tiny(0);
  if (length == 1 && (unsigned char)bytes[0] < 128) return string_tiny(1u + (unsigned char)bytes[0]);
  String *s = string_alloc(guest, length);
  if (s) memcpy(s->bytes, bytes, length);
  return s;
}

String *string_static(const char *bytes, size_t length, uint32_t index) {
  if (length > STRING_MAX || index >= STRING_TINY_FIRST) return NULL;
  String *s = malloc(sizeof *s + length + 1);
  if (!s) return NULL;
  s->header = STATIC_STRING_HEADER(index);
  s->length = (uint32_t)length;
  s->hash = 0;
  memcpy(s->bytes, bytes, length);
  s->bytes[length] = 0;
  return s;
}

Trap string_concat(Guest *guest, const Value *parts, uint32_t count, Value *result) {
  size_t length = 0;
  String *only = string_tiny(0);
  for (uint32_t i = 0; i < count; i++) {
    String *part = parts[i].p;
    if (part->length == 0) continue;
    length += part->length;
    if (length > STRING_MAX) return TRAP_TOO_LARGE;
    only = part;
  }
  if (only->length == length) {
    result->p = only;
    return TRAP_NONE;
  }
  Trap unpaid = work_pay(guest, WORK_FUEL(length));
  if (unpaid) return unpaid;
  String *s = string_alloc(guest, length);
  if (!s) return TRAP_OUT_OF_MEMORY;
  char *at = s->bytes;
  for (uint32_t i = 0; i < count; i++) {
    const String *part = parts[i].p;
    memcpy(at, part->bytes, part->length);
    at += part->length;
  }
  result->p = s;
  return TRAP_NONE;
}

static bool is_boundary(const String *s, int64_t at) { return ((unsigned char)s->bytes[at] & 0xc0) != 0x80; }

static Trap boundary_trap(Guest *guest, int64_t at) {
  guest->trap_args[0] = at;
  return TRAP_CHAR_BOUNDARY;
}

Trap string_slice(Guest *guest, const String *s, int64_t from, int64_t to, Value *result) {
  if (from < 0 || to < from || to > s->length) {
    guest->trap_args[0] = from;
    guest->trap_args[1] = to;
    guest->trap_args[2] = s->length;
    return TRAP_SLICE;
  }
  /* The NUL behind the last byte counts as a boundary. */
  if (!is_boundary(s, from)) return boundary_trap(guest, from);
  if (!is_boundary(s, to)) return boundary_trap(guest, to);
  if (to - from == s->length) {
    result->p = (void *)s;
    return TRAP_NONE;
  }
  Trap unpaid = work_pay(guest, WORK_FUEL(to - from));
  if (unpaid) return unpaid;
  result->p = string_new(guest, s->bytes + from, (size_t)(to - from));
  return result->p ? TRAP_NONE : TRAP_OUT_OF_MEMORY;
}

Trap string_char(Guest *guest, const String *s, int64_t at, Value *result) {
  if (at < 0 || at >= s->length) return guest_trap_index(guest, at, s->length);
  const unsigned char *b = (const unsigned char *)s->bytes + at;
  if (b[0] < 0x80) result->i = b[0];
  else if (b[0] < 0xc0) return boundary_trap(guest, at);
  else if (b[0] < 0xe0) result->i = (b[0] & 0x1f) << 6 | (b[1] & 0x3f);
  else if (b[0] < 0xf0) result->i = (b[0] & 0x0f) << 12 | (b[1] & 0x3f) << 6 | (b[2] & 0x3f);
  else result->i = (b[0] & 0x07) << 18 | (b[1] & 0x3f) << 12 | (b[2] & 0x3f) << 6 | (b[3] & 0x3f);
  return TRAP_NONE;
}

/* Hashing: docs of the same name in the specification. Words are read little-endian on every machine. */

static inline uint64_t word_at(const char *bytes, size_t count) {
  uint64_t word = 0;
  memcpy(&word, bytes, count);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

static inline uint64_t hash_mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
  return hash ^ hash >> 32;
}

uint32_t string_hash(const String *s) {
  if (s->hash) return s->hash;
  uint64_t hash = s->length * UINT64_C(0x9e3779b97f4a7c15);
  const char *at = s->bytes;
  size_t left = s->length;
  for (; left >= 8; left -= 8, at += 8) hash = hash_mix(hash, word_at(at, 8));
  if (left) hash = hash_mix(hash, word_at(at, left));
  uint32_t folded = (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
  if (folded == 0) folded = 1;
  ((String *)s)->hash = folded; /* a cache: the string's value does not change */
  return folded;
}

bool string_equal(const String *a, const String *b) {
  if (a == b) return true;
  if (a->length != b->length || (a->hash && b->hash && a->hash != b->hash)) return false;
  return memcmp(a->bytes, b->bytes, a->length) == 0;
}

int string_compare(const String *a, const String *b) {
  uint32_t shorter = a->length < b->length ? a->length : b->length;
  int order = memcmp(a->bytes, b->bytes, shorter);
  if (order) return order < 0 ? -1 : 1;
  return (a->length > b->length) - (a->length < b->length);
}

/* Bytes */

Bytes *bytes_new(Guest *guest, int64_t length) {
  if (length < 0 || length > LIST_MAX) return NULL;
  Bytes *b = heap_object(guest, &desc_bytes, sizeof *b);
  if (!b || length == 0) return b;
  b->data = heap_buffer(guest, (size_t)length, false);
  if (!b->data) return NULL;
  b->length = b->capacity = length;
  return b;
}

static Trap reserve(Guest *guest, Bytes *b, int64_t extra, Trap (*pay)(Guest *guest, int64_t units)) {
  if (extra <= b->capacity - b->length) return TRAP_NONE;
  if (extra > LIST_MAX - b->length) return TRAP_TOO_LARGE;
  int64_t capacity = b->capacity < 16 ? 32 : 2 * b->capacity;
  if (capacity < b->length + extra) capacity = b->length + extra;
  Trap unpaid = pay(guest, WORK_FUEL(b->length));
  if (unpaid) return unpaid;
  uint8_t *data = heap_buffer_raw(guest, (size_t)capacity);
  if (!data) return TRAP_OUT_OF_MEMORY;
  if (b->length) memcpy(data, b->data, (size_t)b->length);
  heap_buffer_drop(guest, b->data, (size_t)b->capacity);
  b->data = data;
  b->capacity = capacity;
  return TRAP_NONE;
}

Trap bytes_reserve(Guest *guest, Bytes *b, int64_t extra) { return reserve(guest, b, extra, work_pay); }

Trap bytes_reserve_owing(Guest *guest, Bytes *b, int64_t extra) { return reserve(guest, b, extra, work_owe); }

Trap bytes_push(Guest *guest, Bytes *b, int64_t byte) {
  if (byte < 0 || byte > 255) {
    guest->trap_args[0] = byte;
    return TRAP_BYTE_RANGE;
  }
  if (b->length == b->capacity) {
    Trap trap = bytes_reserve(guest, b, 1);
    if (trap) return trap;
  }
  b->data[b->length++] = (uint8_t)byte;
  return TRAP_NONE;
}
