/* bump.h - memory that is handed out in order and freed all at once: what owns the parts of a module and of a type table.
 *
 * Interface: a zeroed Bump is empty; bump_alloc gives zeroed memory aligned to 16 bytes; bump_free gives everything back.
 * Invariants: memory never moves; allocation fails with NULL, never by ending the process; chunks grow from 4 KB, so that a small owner
 * stays small. While `escape` is set, who allocates needs no NULL: what there is no memory for ends by longjmp there.
 */
#ifndef FIRN_VM_BUMP_H
#define FIRN_VM_BUMP_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

typedef struct BumpChunk BumpChunk;

typedef struct Bump {
  char *next, *end;
  BumpChunk *chunks;
  size_t total; /* bytes asked from the system */
  jmp_buf *escape;
} Bump;

/* Returns `size` zeroed bytes, or NULL when memory is out. */
void *bump_alloc(Bump *bump, size_t size);

/* How often memory was lacking for a bump, a type table, a descriptor or the like, in the process: who has got an error that may have other reasons, too, compares. Read and written by
 * whoever has the machine's lock. */
extern uint64_t memory_failures;

/* Frees all memory of the bump, which is then empty. */
void bump_free(Bump *bump);

#endif
