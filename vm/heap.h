/* heap.h - the garbage-collected heap. This is the only header (and heap.c, with heap_local.c, the only file) that knows libgc.
 *
 * Objects have exact descriptors; nothing a guest can see depends on an address. Every object begins with a header word:
 *     bit 0       1 (libgc links free cells through their first word, whose low bit is 0)
 *     bits 1..15  flags        bits 16..31  guest number        bits 32..63  descriptor number
 * and that of a static string has in bits 2..31 which one it is (object.h).
 * Buffers behind lists, maps and bytes have no header; their owner describes them.
 *
 * Roots: each registered guest's globals and task stacks ([base, top) only), handles, and the C stack (so natives may hold
 * references in locals). Allocation functions return NULL when memory is out: the caller answers TRAP_OUT_OF_MEMORY.
 */
#ifndef FIRN_VM_HEAP_H
#define FIRN_VM_HEAP_H

#include "vm/value.h"
#include <stdbool.h>

typedef struct Guest Guest;
typedef struct Obj { uint64_t header; } Obj;
struct ObjDesc;

#define OBJ_LIVE UINT64_C(1)
#define OBJ_STATIC UINT64_C(2)   /* not in the heap: constants of a program */
#define OBJ_MOVED UINT64_C(4)    /* while a guest is frozen or cloned (freeze.c, clone.c): bits 32..63 are the object's number in that walk */
#define OBJ_SEEN UINT64_C(8)     /* turned around by each walk of quota.c that meets the object */
#define OBJ_INDEX_SHIFT 2        /* of static strings */
#define OBJ_GUEST_SHIFT 16
#define OBJ_DESC_SHIFT 32

extern struct ObjDesc **heap_descs; /* by descriptor number */
static inline const struct ObjDesc *obj_desc(const Obj *object) { return heap_descs[object->header >> OBJ_DESC_SHIFT]; }

/* Starts libgc on first use; idempotent. */
void heap_init(void);

/* Registers a descriptor and gives it its number (desc->number). */
bool heap_desc_add(struct ObjDesc *desc);
void heap_desc_remove(struct ObjDesc *desc);

/* An object of desc with `size` bytes in all, header set, the rest zero. `guest` pays, and NULL may also mean that its quota does not allow it. */
void *heap_object(Guest *guest, const struct ObjDesc *desc, size_t size);

/* As heap_object, for when the guest's frames are not exact: NULL also when the quota would have to be tested. */
void *heap_object_quick(Guest *guest, const struct ObjDesc *desc, size_t size);

/* As heap_object, for a desc without references; bytes after the header are undefined. */
void *heap_leaf(Guest *guest, const struct ObjDesc *desc, size_t size);

/* A buffer of `size` bytes, zeroed. has_refs: every aligned word that is an object's address keeps that object. */
void *heap_buffer(Guest *guest, size_t size, bool has_refs);

/* A buffer without references whose bytes are undefined. */
void *heap_buffer_raw(Guest *guest, size_t size);

/* Frees early a buffer nothing else refers to (grown out of); may do nothing. */
void heap_buffer_drop(Guest *guest, void *buffer, size_t size);

/* Frees a buffer of heap_buffer (has_refs) or heap_buffer_raw to which not even the C stack refers, so that the next one of its size is in the same place. */
void heap_buffer_reuse(void *buffer, size_t size, bool has_refs);

void heap_guest_add(Guest *guest);    /* registers as a root; without a quota */
void heap_guest_remove(Guest *guest);

/* Bounds the heap of the process, in bytes; what does not fit is out of memory. 0, and without a call: three quarters of the machine's memory, so that a
 * guest gets its error before the system kills the process. */
void heap_limit_set(size_t bytes);

void heap_collect(void);              /* a full collection now */
void heap_hold(void);                 /* no collection until heap_release; may be nested */
void heap_release(void);
size_t heap_memory_max(void);         /* bytes: what the machine has; larger requests fail at once */
extern bool heap_stress;              /* collect at every allocation */

typedef struct HeapStats { uint64_t collections, heap_bytes; } HeapStats;
HeapStats heap_stats(void);

#endif
