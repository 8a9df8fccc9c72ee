/* bump.h - memory that is handed out in order and freed all at once: what owns the parts of a module and of a type table.
 *
 * Interface: a zeroed Bump is empty; bump_alloc gives zeroed memory aligned to 16 bytes; bump_free gives everything back.
 * Invariants: memory never moves; allocation fails with NULL, never by ending the process; chunks grow from 4 KB, so that a small owner
 * stays small.
 */
#ifndef FIRN_VM_BUMP_H
#define FIRN_VM_BUMP_H

#include <stddef.h>

typedef struct BumpChunk BumpChunk;

typedef struct Bump {
  char *next, *end;
  BumpChunk *chunks;
  size_t total; /* bytes asked from the system */
} Bump;

/* Returns `size` zeroed bytes, or NULL when memory is out. */
void *bump_alloc(Bump *bump, size_t size);

/* Frees all memory of the bump, which is then empty. */
void bump_free(Bump *bump);

#endif
