/* heap_cells.h - the heap's free cells, which heap.c and compiled code (jit/runtime.c) take without a call.
 *
 * A cell is a block of GRANULE times its class bytes. Free ones link to each other through their first word; but for that, those of CELL_OBJECT and
 * CELL_REFS are zero, and those of CELL_LEAF undefined. Whoever takes one writes its first word, or clears it.
 *
 * Only heap.c puts cells into the lists. It forgets them when a collection begins, so no cell that is taken is ever in a list.
 */
#ifndef FIRN_VM_HEAP_CELLS_H
#define FIRN_VM_HEAP_CELLS_H

#include "vm/guest.h"
#include "vm/heap.h"

typedef enum CellKind {
  CELL_LEAF,   /* no references inside */
  CELL_OBJECT, /* begins with an object header */
  CELL_REFS,   /* a buffer, every word of which may be a reference */
  CELL_KINDS,
} CellKind;

enum { GRANULE = 16, CELL_MAX = 512, CELL_CLASSES = CELL_MAX / GRANULE + 1 }; /* larger blocks don't come from lists */

typedef struct HeapCells { Obj *free[CELL_KINDS * CELL_CLASSES]; } HeapCells;
extern HeapCells heap_cells;

static inline uint32_t cell_class(size_t size) { return (uint32_t)((size + GRANULE - 1) / GRANULE); }
static inline uint32_t cell_list(CellKind kind, uint32_t class) { return (uint32_t)kind * CELL_CLASSES + class; }

/* Takes a cell of a list, for which the guest pays. NULL: there is none, or its quota or heap_stress asks for more than that. */
static inline Obj *cell_take(Guest *guest, uint32_t list, uint64_t bytes) {
  Obj *cell = heap_cells.free[list];
  uint64_t allocated = guest->allocated + bytes;
  if (__builtin_expect(!cell || allocated > guest->allocated_next || heap_stress, 0)) return NULL;
  heap_cells.free[list] = (Obj *)(uintptr_t)cell->header;
  guest->allocated = allocated;
  return cell;
}

#endif
