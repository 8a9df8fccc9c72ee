/* mutate_image.c - see mutate_image.h. A change is a function of the table at the end, all equally likely; one that finds nothing to change does
 * nothing.
 *
 * Definitions are read as thaw.c reads them, so that whole ones can be copied, dropped and changed in one number. Of the body nothing is known
 * but that it is made of references of 4 bytes, words of 8, and small counts.
 */
#include "tests/fuzz/mutate_image.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/chance.h"
#include "vm/image_stream.h"
#include "vm/object.h"

enum { DEFS_MAX = 1 << 14, DESCS_MAX = 1 << 12, CHANGES_MAX = 3 };

typedef struct Span { uint32_t at, end; } Span;

typedef struct Mutator {
  uint8_t *data;
  size_t size, max;
  uint64_t state;
  Span block, body;      /* the block at hand: its bytes behind the size; the body at their end */
  Span *defs;            /* the definitions in it */
  uint32_t ndefs;
  uint32_t ntypes, ncodes, ndescs, nobjects; /* defined in all blocks */
  uint8_t kinds[DESCS_MAX]; /* ObjKind by descriptor */
} Mutator;

/* Chance */

static uint64_t random_number(Mutator *m) {
  static const uint64_t edges[] = {0,          1,          2,          3,         4,          7,           8,          16,         127,        128,
                                   255,        256,        0xd800,     0x10ffff,  65535,      65536,       INT32_MAX,  UINT32_MAX, 1ull << 30, 1ull << 31,
                                   1ull << 40, INT64_MAX,  INT64_MAX - 1, UINT64_MAX, UINT64_MAX - 1, 1ull << 63, CANONICAL_NAN, CANONICAL_NAN + 1,
                                   FLOAT_NIL(0), FLOAT_NIL(1), FLOAT_NIL(2)};
  if (one_in(m, 3)) return chance(m) >> roll(m, 64);
  return edges[roll(m, sizeof edges / sizeof *edges)];
}

/* Bytes */

static uint32_t load32(const uint8_t *at) { return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24; }

static void store(uint8_t *at, uint64_t x, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++) at[i] = (uint8_t)(x >> 8 * i);
}

/* Puts bytes in the place of [at, end) of the block at hand; sizes follow. False when there is no room. `bytes` is not of data. */
static bool replace(Mutator *m, uint32_t at, uint32_t end, const uint8_t *bytes, uint32_t length) {
  if (m->size - (end - at) + length > m->max) return false;
  memmove(m->data + at + length, m->data + end, m->size - end);
  if (length) memcpy(m->data + at, bytes, length);
  uint32_t change = length - (end - at);
  m->size += (size_t)(int32_t)change;
  if (end <= m->body.at) store(m->data + m->block.at, load32(m->data + m->block.at) + change, 4);
  store(m->data + m->block.at - 4, m->block.end - m->block.at + change, 4);
  return true;
}

/* The same with bytes of data. */
static bool replace_copy(Mutator *m, uint32_t at, uint32_t end, Span from) {
  uint8_t *copy = malloc(from.end - from.at + 1u);
  if (!copy) return false;
  memcpy(copy, m->data + from.at, from.end - from.at);
  bool done = replace(m, at, end, copy, from.end - from.at);
  free(copy);
  return done;
}

/* Reading definitions */

static uint64_t varint(const Mutator *m, uint32_t *at, uint32_t end) {
  uint64_t x = 0;
  for (unsigned shift = 0; *at < end; shift += 7) {
    uint8_t byte = m->data[(*at)++];
    if (shift < 64) x |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) break;
  }
  return x;
}

static void skip(const Mutator *m, uint32_t *at, uint32_t end, uint64_t count) {
  while (count-- > 0 && *at < end) varint(m, at, end);
}

static void object_skip(Mutator *m, uint64_t desc, uint32_t *at, uint32_t end) {
  static const uint8_t numbers[] = {[OBJ_STRING] = 1, [OBJ_BYTES] = 2, [OBJ_LIST] = 2, [OBJ_MAP] = 3, [OBJ_ENUM] = 1, [OBJ_BOX] = 0};
  m->nobjects++;
  if (desc < m->ndescs && desc < DESCS_MAX && m->kinds[desc] <= OBJ_BOX) skip(m, at, end, numbers[m->kinds[desc]]);
}

static void desc_skip(Mutator *m, uint32_t *at, uint32_t end) {
  uint64_t kind = varint(m, at, end);
  if (m->ndescs < DESCS_MAX) m->kinds[m->ndescs] = (uint8_t)kind;
  m->ndescs++;
  skip(m, at, end, kind == OBJ_CLOSURE ? 3 : 1);
}

/* Goes through a block's definitions; keeps where they are if `keep`. */
static void defs_read(Mutator *m, Span block, bool keep) {
  uint32_t at = block.at + 4, end = block.at + 4 + load32(m->data + block.at);
  while (at < end) {
    uint32_t start = at;
    uint64_t what = varint(m, &at, end);
    switch (what) {
      case IMAGE_DEF_TYPE:
        m->ntypes++;
        skip(m, &at, end, 2);
        skip(m, &at, end, varint(m, &at, end));
        break;
      case IMAGE_DEF_CODE:
        m->ncodes++;
        skip(m, &at, end, 1);
        skip(m, &at, end, varint(m, &at, end));
        break;
      case IMAGE_DEF_DESC: desc_skip(m, &at, end); break;
      default: object_skip(m, what - IMAGE_DEF_OBJECT, &at, end); break;
    }
    if (keep && m->ndefs < DEFS_MAX) m->defs[m->ndefs++] = (Span){start, at};
  }
}

/* Chooses a block behind the first; false if there is none, or any is malformed. */
static bool block_choose(Mutator *m) {
  uint32_t count = 0;
  m->ntypes = m->ncodes = m->nobjects = m->ndefs = 0;
  m->ndescs = 3;
  m->kinds[0] = OBJ_STRING;
  m->kinds[1] = OBJ_BYTES;
  m->kinds[2] = OBJ_TASK;
  for (size_t at = 0; at < m->size;) {
    if (m->size - at < 8) return false;
    uint32_t size = load32(m->data + at);
    if (size < 4 || size > m->size - at - 4 || load32(m->data + at + 4) > size - 4) return false;
    Span block = {(uint32_t)at + 4, (uint32_t)at + 4 + size};
    if (count > 0) {
      m->ndefs = 0;
      defs_read(m, block, true);
      m->block = block;
      m->body = (Span){block.at + 4 + load32(m->data + block.at), block.end};
      if (one_in(m, 3)) return true;
    }
    count++;
    at += 4 + (size_t)size;
  }
  return count > 1;
}

/* Changes of definitions */

static Span def_any(Mutator *m) { return m->ndefs ? m->defs[roll(m, m->ndefs)] : (Span){m->body.at, m->body.at}; }

/* Where a number of a definition begins and ends: any but the first, if there are others. */
static Span number_any(Mutator *m, Span def) {
  Span numbers[64];
  uint32_t count = 0;
  for (uint32_t at = def.at; at < def.end && count < 64;) {
    numbers[count].at = at;
    varint(m, &at, def.end);
    numbers[count++].end = at;
  }
  return count > 1 ? numbers[1 + roll(m, count - 1)] : count ? numbers[0] : def;
}

static void number_change(Mutator *m) {
  Span def = def_any(m);
  if (def.at == def.end) return;
  Span place = one_in(m, 6) ? (Span){def.at, def.at} : number_any(m, def);
  uint32_t at = place.at, length = 0;
  uint64_t old = varint(m, &at, def.end), number;
  if (place.at == place.end) place.end = at;
  switch (roll(m, 5)) {
    case 0: number = old + 1; break;
    case 1: number = old - 1; break;
    case 2: number = random_number(m); break;
    case 3: number = roll(m, 2 + m->ntypes + m->ndescs); break;
    default: number = roll(m, 12); break;
  }
  uint8_t bytes[10];
  for (; number >= 0x80; number >>= 7) bytes[length++] = (uint8_t)(number | 0x80);
  bytes[length++] = (uint8_t)number;
  replace(m, place.at, place.end, bytes, length);
}

static void def_copy(Mutator *m) {
  Span def = def_any(m), place = def_any(m);
  replace_copy(m, place.end, place.end, def);
}

static void def_drop(Mutator *m) {
  Span def = def_any(m);
  replace(m, def.at, def.end, NULL, 0);
}

static void def_over(Mutator *m) {
  Span def = def_any(m), place = def_any(m);
  replace_copy(m, place.at, place.end, def);
}

/* Changes of the body */

static uint32_t body_place(Mutator *m, uint32_t size) {
  uint32_t length = m->body.end - m->body.at;
  return length < size ? 0 : m->body.at + roll(m, length - size + 1);
}

static uint32_t random_ref(Mutator *m) {
  switch (roll(m, 6)) {
    case 0: return roll(m, 4) << IMAGE_REF_SHIFT | IMAGE_REF_NIL;
    case 1: return (one_in(m, 2) ? roll(m, 64) : STRING_TINY_FIRST + roll(m, STRING_TINIES)) << IMAGE_REF_SHIFT | IMAGE_REF_STRING;
    case 2: return roll(m, m->ndescs) << IMAGE_REF_SHIFT | IMAGE_REF_CASE;
    default: return roll(m, m->nobjects) << IMAGE_REF_SHIFT | IMAGE_REF_OBJECT;
  }
}

static void ref_change(Mutator *m) {
  uint32_t at = body_place(m, 4);
  if (at) store(m->data + at, random_ref(m), 4);
}

static void number32_change(Mutator *m) {
  uint32_t at = body_place(m, 4);
  if (!at) return;
  uint32_t old = load32(m->data + at);
  store(m->data + at, one_in(m, 2) ? old + roll(m, 9) - 4 : one_in(m, 2) ? roll(m, 64) : random_number(m), 4);
}

static void number64_change(Mutator *m) {
  uint32_t at = body_place(m, 8);
  if (at) store(m->data + at, one_in(m, 2) ? roll(m, 256) - 8u : random_number(m), 8);
}

static void byte_change(Mutator *m) {
  uint32_t at = body_place(m, 1);
  if (at) m->data[at] = one_in(m, 2) ? (uint8_t)(m->data[at] ^ 1u << roll(m, 8)) : (uint8_t)roll(m, 256);
}

/* At the beginning of the body stand status, fuel and counts; the frames follow them. */
static void head_change(Mutator *m) {
  uint32_t length = m->body.end - m->body.at, at = m->body.at + roll(m, length < 120 ? length : 120);
  if (length == 0) return;
  if (one_in(m, 2) || m->body.end - at < 4) m->data[at] = (uint8_t)(m->data[at] + roll(m, 5) - 2);
  else store(m->data + at, one_in(m, 2) ? roll(m, 300) : random_number(m), 4);
}

static Span region_any(Mutator *m) {
  static const uint8_t sizes[] = {4, 8, 12, 16, 20, 24, 32};
  uint32_t size = one_in(m, 2) ? 1 + roll(m, 64) : sizes[roll(m, sizeof sizes)], at = body_place(m, size);
  return at ? (Span){at, at + size} : (Span){m->body.end, m->body.end};
}

static void region_copy(Mutator *m) {
  Span from = region_any(m);
  uint32_t to = body_place(m, from.end - from.at);
  if (to) memmove(m->data + to, m->data + from.at, from.end - from.at);
}

static void region_insert(Mutator *m) {
  Span from = region_any(m);
  uint32_t to = body_place(m, 0);
  replace_copy(m, to, to, from);
}

static void region_drop(Mutator *m) {
  Span region = region_any(m);
  replace(m, region.at, region.end, NULL, 0);
}

static void words_swap(Mutator *m) {
  uint32_t size = one_in(m, 2) ? 4 : 8, a = body_place(m, size), b = body_place(m, size);
  uint8_t kept[8];
  if (!a || !b) return;
  memcpy(kept, m->data + a, size);
  memmove(m->data + a, m->data + b, size);
  memcpy(m->data + b, kept, size);
}

/* Also makes one more object known, and refers to it. */
static void object_add(Mutator *m) {
  Span def = def_any(m);
  uint32_t at = def.at;
  if (def.at == def.end || varint(m, &at, def.end) < IMAGE_DEF_OBJECT) return;
  uint32_t to = body_place(m, 4);
  if (to) store(m->data + to, m->nobjects << IMAGE_REF_SHIFT, 4);
  Span last = m->defs[m->ndefs - 1];
  replace_copy(m, last.end, last.end, def);
}

static void (*const changes[])(Mutator *m) = {
  number_change, number_change, number_change, def_copy, def_drop, def_over, object_add, ref_change, ref_change, ref_change, number32_change,
  number32_change, number64_change, number64_change, byte_change, head_change, head_change, region_copy, region_insert, region_drop, words_swap,
};

size_t image_mutate(uint8_t *data, size_t size, size_t max_size, uint64_t seed) {
  Mutator *m = calloc(1, sizeof *m);
  if (!m) return size;
  *m = (Mutator){.data = data, .size = size, .max = max_size, .state = seed, .defs = malloc(DEFS_MAX * sizeof(Span))};
  for (uint32_t n = one_in(m, 3) ? 1 + roll(m, CHANGES_MAX) : 1; n > 0 && m->defs && block_choose(m); n--) changes[roll(m, sizeof changes / sizeof *changes)](m);
  size = m->size;
  free(m->defs);
  free(m);
  return size;
}
