/* Arena memory and interned names (see arena.h).
 *
 * Chunks come from mmap: zeroed, and using memory only as far as they are used.  The intern table
 * is open-addressed with linear probing, at most half full, and keeps hash and length beside each name. */
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK ((size_t)1 << 20)
#define CHUNK_LATER ((size_t)8 << 20) /* in huge pages where there are any: a fault for each small page costs more than filling it */
#define PAGE ((size_t)4096)
#define ALIGNMENT 8

struct ArenaChunk {
  ArenaChunk *next;
  size_t size; /* in all */
};

void arena_lacks(const Arena *a) {
  if (a->escape) longjmp(*a->escape, 1);
  fputs("firn: out of memory\n", stderr);
  abort();
}

void arena_init(Arena *a) {
  *a = (Arena){0};
}

void arena_deinit(Arena *a) {
  for (ArenaChunk *c = a->chunks, *next; c; c = next) {
    next = c->next;
    munmap(c, c->size);
  }
  arena_init(a);
}

/* Adds a chunk with room for `size` bytes and returns them. What is large gets a chunk of its own. */
static void *alloc_slow(Arena *a, size_t size) {
  size_t head = (sizeof(ArenaChunk) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if (size > SIZE_MAX - head - PAGE) arena_lacks(a);
  size_t chunk = a->total > CHUNK ? CHUNK_LATER : CHUNK;
  bool large = size > CHUNK / 4;
  size_t wanted = large ? (head + size + PAGE - 1) & ~(PAGE - 1) : chunk;
  ArenaChunk *c = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (c == MAP_FAILED) arena_lacks(a);
  if (wanted >= CHUNK_LATER) madvise(c, wanted, MADV_HUGEPAGE);
  a->total += wanted;
  char *memory = (char *)c + head;
  c->size = wanted;
  if (large && a->chunks) {
    c->next = a->chunks->next;
    a->chunks->next = c;
    return memory;
  }
  c->next = a->chunks;
  a->chunks = c;
  a->next = memory + size;
  a->end = (char *)c + wanted;
  return memory;
}

void *arena_alloc(Arena *a, size_t size) {
  if (size > SIZE_MAX / 2) arena_lacks(a);
  size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if ((size_t)(a->end - a->next) < size) return alloc_slow(a, size);
  void *memory = a->next;
  a->next += size;
  return memory;
}

void *arena_array(Arena *a, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) arena_lacks(a);
  return arena_alloc(a, bytes);
}

char *arena_copy(Arena *a, const char *text, size_t len) {
  char *copy = arena_alloc(a, len + 1);
  if (len) memcpy(copy, text, len);
  return copy;
}

char *arena_vformat(Arena *a, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (len < 0) return arena_copy(a, "", 0);
  char *text = arena_alloc(a, (size_t)len + 1);
  vsnprintf(text, (size_t)len + 1, format, args);
  return text;
}

char *arena_format(Arena *a, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = arena_vformat(a, format, args);
  va_end(args);
  return text;
}

void *arena_grow(Arena *a, const void *items, size_t count, size_t *capacity, size_t size) {
  size_t wanted = *capacity ? *capacity * 2 : size > 16 ? 1 : 2; /* most lists are short */
  void *grown = arena_array(a, wanted, size);
  if (count) memcpy(grown, items, count * size);
  *capacity = wanted;
  return grown;
}

void names_init(Names *n, Arena *a) {
  n->arena = a;
  n->count = 0;
  n->capacity = 1024;
  n->slots = calloc(n->capacity, sizeof *n->slots);
  if (!n->slots) arena_lacks(a);
}

void names_deinit(Names *n) {
  free(n->slots);
  n->slots = NULL;
  n->count = n->capacity = 0;
}

static void names_grow(Names *n) {
  if (n->capacity > UINT32_MAX / 4) arena_lacks(n->arena);
  uint32_t capacity = n->capacity * 2;
  NameSlot *slots = calloc(capacity, sizeof *slots);
  if (!slots) arena_lacks(n->arena);
  for (uint32_t i = 0; i < n->capacity; i++) {
    if (!n->slots[i].name) continue;
    uint32_t at = n->slots[i].hash & (capacity - 1);
    while (slots[at].name) at = (at + 1) & (capacity - 1);
    slots[at] = n->slots[i];
  }
  free(n->slots);
  n->slots = slots;
  n->capacity = capacity;
}

static Name names_add(Names *n, uint32_t at, const char *text, size_t len, uint32_t hash) {
  NameHeader *header = arena_alloc(n->arena, sizeof(NameHeader) + len + 1);
  *header = (NameHeader){.len = (uint32_t)len, .hash = hash};
  char *name = (char *)(header + 1);
  memcpy(name, text, len);
  n->slots[at] = (NameSlot){name, hash, (uint32_t)len};
  n->count++;
  if (n->count > n->capacity / 2) names_grow(n);
  return name;
}

Name names_intern_hashed(Names *n, const char *text, size_t len, uint32_t hash) {
  uint32_t mask = n->capacity - 1, at = hash & mask;
  for (; n->slots[at].name; at = (at + 1) & mask) {
    const NameSlot *slot = &n->slots[at];
    if (slot->hash == hash && slot->len == len && memcmp(slot->name, text, len) == 0) return slot->name;
  }
  return names_add(n, at, text, len, hash);
}

Name names_intern(Names *n, const char *text, size_t len) {
  uint32_t hash = NAME_HASH_SEED;
  for (size_t i = 0; i < len; i++) hash = name_hash_step(hash, (unsigned char)text[i]);
  return names_intern_hashed(n, text, len, hash);
}

Name names_intern_cstr(Names *n, const char *text) {
  return names_intern(n, text, strlen(text));
}
