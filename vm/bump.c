/* bump.c - see bump.h. Chunks come zeroed from calloc and are never used twice, so nothing has to be cleared here. */
#include "vm/bump.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define ALIGN 16
#define CHUNK_MIN ((size_t)4096 - 64)
#define CHUNK_MAX ((size_t)1 << 20)

struct BumpChunk {
  BumpChunk *next;
  size_t size;
  _Alignas(ALIGN) char bytes[];
};

/* Large requests get a chunk of their own, so that the rest of the current chunk is not lost. */
static void *alloc_chunk(Bump *bump, size_t need) {
  size_t size = bump->total < CHUNK_MIN ? CHUNK_MIN : bump->total;
  if (size > CHUNK_MAX) size = CHUNK_MAX;
  bool own = need > size / 2;
  if (own) size = need;
  BumpChunk *chunk = calloc(1, sizeof *chunk + size);
  if (!chunk) return NULL;
  chunk->size = size;
  chunk->next = bump->chunks;
  bump->chunks = chunk;
  bump->total += sizeof *chunk + size;
  if (own) return chunk->bytes;
  bump->next = chunk->bytes + need;
  bump->end = chunk->bytes + size;
  return chunk->bytes;
}

uint64_t memory_failures;

static void *lacks(Bump *bump) {
  memory_failures++;
  if (bump->escape) longjmp(*bump->escape, 1);
  return NULL;
}

void *bump_alloc(Bump *bump, size_t size) {
  if (size > SIZE_MAX / 4) return lacks(bump);
  size_t need = ((size ? size : 1) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
  if (need > (size_t)(bump->end - bump->next)) {
    void *room = alloc_chunk(bump, need);
    return room ? room : lacks(bump);
  }
  void *result = bump->next;
  bump->next += need;
  return result;
}

void bump_free(Bump *bump) {
  for (BumpChunk *chunk = bump->chunks; chunk;) {
    BumpChunk *next = chunk->next;
    free(chunk);
    chunk = next;
  }
  *bump = (Bump){0};
}
