/* heap.c - the heap on libgc.
 *
 * Interface: heap.h. What libgc is asked for: blocks of three kinds, runs of cells by size class, and marking.
 *   KIND_LEAF    no references inside; not cleared by libgc
 *   KIND_OBJECT  begins with an object header; traced exactly by descriptor, in object_mark
 *   KIND_REFS    a buffer, every word of which may be a reference; traced by refs_mark, or conservatively by libgc when long
 *
 * Invariants
 * - free_cells[kind][class] link cells by their first word. They are forgotten when a collection begins, so the sweep takes all of them
 *   back: no cell is ever both in these lists and in libgc's.
 * - A cell of KIND_OBJECT or KIND_REFS is zero but for its link. Bit 0 of an object's first word tells it from a free cell.
 * - Only object bases and buffer bases count as references, except from roots, where any pointer inside a block's first page does.
 * - A descriptor's number is used again only after a collection that met no object with it.
 */
#include "vm/heap.h"

#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include <gc/gc.h>
#include <gc/gc_inline.h>
#include <gc/gc_mark.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm/bump.h"
#include "vm/execute.h"
#include "vm/object.h"
#include "vm/program.h"
#include "vm/quota.h"

enum {
  KIND_LEAF,
  KIND_OBJECT,
  KIND_REFS,
  KINDS,
  GRANULE = 16,
  CLASSES = 33,           /* cells of up to 512 bytes come from free_cells */
  REFS_PROC_MAX = 2048,   /* longer buffers of references are split by libgc's own marker */
  PAGE_BASED = 64 * 1024, /* larger blocks are kept only by pointers into their first page */
  HOLD_MIN = 1 << 20,     /* bytes since the last collection that are worth one before collection is held off */
  DROP_MIN = 512,
  HUGE_PAGE = 2 * 1024 * 1024,
  HUGE_MIN = 2 * HUGE_PAGE,
  GUEST_NUMBERS = 1 << 16,
  RANGE_LONG = 512,       /* bytes of roots */
  RANGES_MAX = 1024,      /* libgc's mark stack has 4096 places to begin with */
};

_Static_assert(KIND_OBJECT == 1, "object.c gives desc_bytes this kind");

bool heap_stress;

static bool started;
static int gc_kinds[KINDS]; /* libgc's numbers */
static void *free_cells[KINDS][CLASSES];
static Guest *guests;
static uint64_t guest_numbers[GUEST_NUMBERS / 64] = {1}; /* in use; 0 is nobody's */
static HeapStats stats;
static size_t heap_limit;       /* what heap_limit_set was given */
static size_t request_max;  /* larger requests fail without asking libgc */

/* Descriptors by number. */
#define DESC_STATIC 64
static ObjDesc *descs_static[DESC_STATIC] = {NULL, &desc_string, &desc_bytes, &desc_task};
ObjDesc **heap_descs = descs_static;
static uint32_t ndescs = 4, descs_cap = DESC_STATIC;
static ObjDesc desc_dead; /* stands for every removed one */

/* Removed numbers, a queue: removed_count of removed_cap places (a power of two), from removed_first on, going round. And for each number the collection
 * that last met an object of it after its removal. */
static uint32_t *removed, removed_first, removed_count, removed_cap;
static uint32_t last_met_static[DESC_STATIC], *last_met = last_met_static;

/* Marking */

static struct GC_ms_entry *push(void *const *from, struct GC_ms_entry *top, struct GC_ms_entry *limit) {
  void *object = *from;
  return GC_MARK_AND_PUSH(object, top, limit, (void **)from);
}

static struct GC_ms_entry *slots_mark(const ObjDesc *desc, const Value *slots, unsigned first, struct GC_ms_entry *top,
                                      struct GC_ms_entry *limit) {
  for (uint64_t mask = desc->ref_mask >> first; mask; mask &= mask - 1) {
    top = push((void *const *)&slots[__builtin_ctzll(mask)].p, top, limit);
  }
  for (unsigned i = 64; i < desc->nslots; i++) {
    if (desc->slot_classes[i] == SLOT_REF) top = push((void *const *)&slots[i - first].p, top, limit);
  }
  return top;
}

static struct GC_ms_entry *task_mark(const Task *task, struct GC_ms_entry *top, struct GC_ms_entry *limit) {
  top = push((void *const *)&task->next, top, limit);
  top = push((void *const *)&task->previous, top, limit);
  if (!task->slots) return top;
  top = push((void *const *)&task->slots, top, limit);
  void *frames = task->frames - 1;
  return GC_MARK_AND_PUSH(frames, top, limit, (void **)&task->frames);
}

/* libgc's mark procedure for KIND_OBJECT. */
static struct GC_ms_entry *object_mark(GC_word *address, struct GC_ms_entry *top, struct GC_ms_entry *limit, GC_word env) {
  (void)env;
  uint64_t header = ((const Obj *)address)->header;
  if (!(header & OBJ_LIVE)) return top;
  const ObjDesc *desc = heap_descs[header >> OBJ_DESC_SHIFT];
  switch (desc->kind) {
    case OBJ_INSTANCE:
    case OBJ_CELL:
    case OBJ_BOX: return slots_mark(desc, ((const Instance *)address)->slots, 0, top, limit);
    case OBJ_ENUM: return slots_mark(desc, ((const EnumObj *)address)->slots, 1, top, limit);
    case OBJ_CLOSURE: return slots_mark(desc, ((const Closure *)address)->slots, 0, top, limit);
    case OBJ_BYTES: return push((void *const *)&((const Bytes *)address)->data, top, limit);
    case OBJ_LIST: return push((void *const *)&((const List *)address)->data, top, limit);
    case OBJ_MAP:
      top = push((void *const *)&((const Map *)address)->index, top, limit);
      return push((void *const *)&((const Map *)address)->entries, top, limit);
    case OBJ_TASK: return task_mark((const Task *)address, top, limit);
    case OBJ_STRING: break;
  }
  if (desc == &desc_dead) last_met[header >> OBJ_DESC_SHIFT] = (uint32_t)stats.collections;
  return top;
}

/* libgc's mark procedure for KIND_REFS of at most REFS_PROC_MAX bytes. */
static struct GC_ms_entry *refs_mark(GC_word *address, struct GC_ms_entry *top, struct GC_ms_entry *limit, GC_word env) {
  (void)env;
  void *const *word = (void *const *)address;
  for (void *const *end = word + GC_size(address) / sizeof *word; word < end; word++) top = push(word, top, limit);
  return top;
}

/* Where the calling thread's stack begins; found once for each thread. */
static void *stack_base(void) {
  static __thread void *base;
  struct GC_stack_base found;
  if (!base && GC_get_stack_base(&found) == GC_SUCCESS) base = found.mem_base;
  return base;
}

static __attribute__((noinline)) void stack_push_from_here(void) { GC_push_all_eager(__builtin_frame_address(0), stack_base()); }

/* The stack of the thread that collects, with its registers. No other thread holds a reference: libgc knows of none, so none is sent a signal. */
static __attribute__((noinline)) void stack_push(void) {
  __builtin_unwind_init();
  stack_push_from_here();
  __asm__ volatile(""); /* no tail call: this frame has the registers */
}

typedef void (*RangePush)(void *from, void *to);

static void guest_push(const Guest *guest, RangePush range_push) {
  const Task *first = guest->main;
  range_push((void *)&guest->task, (void *)(&guest->spare_frames + 1));
  if (guest->globals && guest->program) range_push(guest->globals, guest->globals + guest->program->nglobal_slots);
  if (first && first->is_outside && first->slots) range_push(first->slots, first->slots + first->top);
  if (guest->held) range_push(guest->held, guest->held + guest->nheld);
  if (guest->ready) range_push(guest->ready, guest->ready + guest->ready_cap);
}

/* libgc's mark stack ends the process when ranges fill it, but copes when objects do. So long ranges, which would take a place each for as many objects as they have,
 * go on it while there is room for sure; of the others, the objects that they lead to. */
static unsigned ranges_pushed;
static inline bool is_long(void *from, void *to) { return (size_t)((char *)to - (char *)from) >= RANGE_LONG; }

static void long_push(void *from, void *to) {
  if (ranges_pushed >= RANGES_MAX || !is_long(from, to)) return;
  GC_push_all(from, to);
  ranges_pushed++;
}

static void short_push(void *from, void *to) {
  bool was_pushed = is_long(from, to) && ranges_pushed > 0;
  if (was_pushed) ranges_pushed--;
  else GC_push_all_eager(from, to);
}

/* libgc calls this at the beginning of marking, and again when it has made its mark stack larger. */
static void roots_push(void) {
  stats.collections++;
  memset(free_cells, 0, sizeof free_cells);
  for (const Guest *guest = guests; guest; guest = guest->next) {
    Task *task = guest->task;
    /* What calls left behind above the stack must not keep objects. */
    if (task && task->slots && !task->is_outside) memset(task->slots + task->top, 0, (task->nslots - task->top) * sizeof *task->slots);
    if (guest->spare) memset(guest->spare, 0, TASK_STACK_FIRST * sizeof *guest->spare);
  }
  for (const Guest *guest = guests; guest && ranges_pushed < RANGES_MAX; guest = guest->next) guest_push(guest, long_push);
  for (const Guest *guest = guests; guest; guest = guest->next) guest_push(guest, short_push);
  stack_push();
}

/* Start */

static int kind_new(GC_mark_proc proc) {
  return (int)GC_new_kind(GC_new_free_list(), GC_MAKE_PROC(GC_new_proc(proc), 0), 0, 1);
}

static size_t memory_size(void) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return SIZE_MAX / 4;
  return (size_t)pages * (size_t)page;
}

static void limit_apply(void) {
  request_max = heap_limit ? heap_limit : memory_size() / 4 * 3;
  GC_set_max_heap_size(request_max);
}

/* GC_init takes two signals' handlers and unblocks them. They are given back: libgc sends signals only to other threads it knows, and it never knows
 * but the one that is in the machine. */
static void gc_start(void) {
  struct sigaction suspend, restart;
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  sigaction(GC_get_suspend_signal(), NULL, &suspend);
  sigaction(GC_get_thr_restart_signal(), NULL, &restart);
  GC_init();
  sigaction(GC_get_suspend_signal(), &suspend, NULL);
  sigaction(GC_get_thr_restart_signal(), &restart, NULL);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void heap_init(void) {
  if (started) return;
  started = true;
  GC_set_all_interior_pointers(0);
  GC_set_no_dls(1);
  GC_set_markers_count(1);
  /* Not libgc's defaults even for the moment of GC_init: SIGPWR, and SIGXCPU, which limits of CPU time send. */
  GC_set_suspend_signal(SIGRTMIN + 8);
  GC_set_thr_restart_signal(SIGRTMIN + 9);
  GC_set_warn_proc(GC_ignore_warn_proc);
  GC_set_free_space_divisor(1);
  gc_start();
  GC_unregister_my_thread();
  GC_clear_roots();
  GC_set_min_bytes_allocd(1 << 20);
  gc_kinds[KIND_LEAF] = 0; /* libgc's own pointer-free kind */
  gc_kinds[KIND_OBJECT] = kind_new(object_mark);
  gc_kinds[KIND_REFS] = kind_new(refs_mark);
  GC_set_push_other_roots(roots_push);
  limit_apply();
}

/* Descriptors */

static bool descs_grow(void) {
  if (descs_cap > UINT32_MAX / 2) return false;
  uint32_t *met = malloc(2 * (size_t)descs_cap * sizeof *met);
  ObjDesc **grown = malloc(2 * (size_t)descs_cap * sizeof *grown);
  if (!met || !grown) {
    free(met);
    free(grown);
    return false;
  }
  memcpy(met, last_met, descs_cap * sizeof *met);
  if (last_met != last_met_static) free(last_met);
  last_met = met;
  memcpy(grown, heap_descs, descs_cap * sizeof *grown);
  if (heap_descs != descs_static) free(heap_descs);
  heap_descs = grown;
  descs_cap *= 2;
  return true;
}

static void removed_put(uint32_t number) { removed[(removed_first + removed_count++) & (removed_cap - 1)] = number; }

/* A removed number that no object can have any more, or 0. Looks at the oldest only, which the next call finds last. */
static uint32_t removed_take(void) {
  if (removed_count == 0) return 0;
  uint32_t number = removed[removed_first];
  removed_first = (removed_first + 1) & (removed_cap - 1);
  removed_count--;
  if (last_met[number] != (uint32_t)stats.collections) return number;
  removed_put(number);
  return 0;
}

static bool removed_reserve(void) {
  if (removed_count < removed_cap) return true;
  uint32_t cap = removed_cap ? 2 * removed_cap : 64;
  uint32_t *grown = cap > removed_cap ? malloc(cap * sizeof *grown) : NULL;
  if (!grown) return false;
  for (uint32_t i = 0; i < removed_count; i++) grown[i] = removed[(removed_first + i) & (removed_cap - 1)];
  free(removed);
  removed = grown;
  removed_first = 0;
  removed_cap = cap;
  return true;
}

static uint8_t desc_heap_kind(const ObjDesc *desc) {
  switch (desc->kind) {
    case OBJ_STRING: return KIND_LEAF;
    case OBJ_BYTES:
    case OBJ_LIST:
    case OBJ_MAP:
    case OBJ_TASK: return KIND_OBJECT;
    default: return desc->has_refs ? KIND_OBJECT : KIND_LEAF;
  }
}

bool heap_desc_add(ObjDesc *desc) {
  desc->ref_mask = 0;
  for (unsigned i = 0; i < desc->nslots && i < 64; i++) {
    if (desc->slot_classes && desc->slot_classes[i] == SLOT_REF) desc->ref_mask |= UINT64_C(1) << i;
  }
  desc->heap_kind = desc_heap_kind(desc);
  uint32_t number = removed_take();
  if (number == 0) {
    if (ndescs == descs_cap && !descs_grow()) return false;
    number = ndescs++;
  }
  desc->number = number;
  heap_descs[number] = desc;
  return true;
}

void heap_desc_remove(ObjDesc *desc) {
  uint32_t number = desc->number;
  if (number == 0 || number >= ndescs || heap_descs[number] != desc) return;
  desc_dead.kind = OBJ_STRING;
  heap_descs[number] = &desc_dead;
  if (!removed_reserve()) return; /* the number is not used again */
  last_met[number] = (uint32_t)stats.collections;
  removed_put(number);
}

/* Allocation */

/* Asks for huge pages in a block that nothing has touched yet: random access then misses the TLB less often. */
static void pages_join(void *block, size_t size) {
  uintptr_t from = ((uintptr_t)block + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1), to = ((uintptr_t)block + size) & ~(uintptr_t)(HUGE_PAGE - 1);
  if (from < to) madvise((void *)from, to - from, MADV_HUGEPAGE);
}

/* A large or odd-sized block straight from libgc. */
static void *block_new(size_t size, int kind) {
  if (size > request_max) return NULL;
  if (kind == KIND_REFS && size > REFS_PROC_MAX) {
    return size >= PAGE_BASED ? GC_malloc_ignore_off_page(size) : GC_malloc(size);
  }
  if (size < PAGE_BASED) return GC_generic_malloc(size, gc_kinds[kind]);
  void *block = GC_generic_malloc_ignore_off_page(size, gc_kinds[kind]);
  if (block && kind == KIND_LEAF && size >= HUGE_MIN) pages_join(block, size);
  return block;
}

/* Refills a free list and takes a cell, or takes a block too large for the lists. */
static __attribute__((noinline)) void *cell_slow(size_t size, int kind) {
  heap_init();
  size_t class = (size + GRANULE - 1) / GRANULE;
  if (class >= CLASSES) return block_new(size, kind);
  for (int attempt = 0; attempt < 2; attempt++) {
    void *run = NULL;
    GC_generic_malloc_many(class * GRANULE, gc_kinds[kind], &run);
    if (run) {
      free_cells[kind][class] = *(void **)run;
      return run;
    }
    /* This call of libgc neither collects nor reports when it fails. */
    GC_gcollect();
  }
  return NULL;
}

/* The first word of the result is undefined; the rest is zero unless kind is KIND_LEAF. */
static inline void *cell_new(Guest *guest, size_t size, int kind, bool may_test) {
  size_t class = (size + GRANULE - 1) / GRANULE;
  if (guest && __builtin_expect(guest->allocated + class * GRANULE > guest->allocated_next, 0) && (!may_test || !quota_test(guest, class * GRANULE)))
    return NULL;
  if (__builtin_expect(heap_stress, 0)) heap_collect();
  void *cell = class < CLASSES ? free_cells[kind][class] : NULL;
  if (__builtin_expect(cell != NULL, 1)) {
    free_cells[kind][class] = *(void **)cell;
  } else {
    cell = cell_slow(size, kind);
    if (!cell) {
      memory_failures++;
      return NULL;
    }
  }
  stats.allocated_bytes += class * GRANULE;
  stats.allocated_objects++;
  if (guest) guest->allocated += class * GRANULE;
  return cell;
}

static inline uint64_t header_for(const Guest *guest, const ObjDesc *desc) {
  return (guest ? guest->header : OBJ_LIVE) | (uint64_t)desc->number << OBJ_DESC_SHIFT;
}

static inline void *object_new(Guest *guest, const ObjDesc *desc, size_t size, bool may_test) {
  Obj *object = cell_new(guest, size, desc->heap_kind, may_test);
  if (!object) return NULL;
  object->header = header_for(guest, desc);
  if (desc->heap_kind == KIND_LEAF) memset(object + 1, 0, size - sizeof *object);
  return object;
}

void *heap_object(Guest *guest, const ObjDesc *desc, size_t size) { return object_new(guest, desc, size, true); }

void *heap_object_quick(Guest *guest, const ObjDesc *desc, size_t size) { return object_new(guest, desc, size, false); }

void *heap_leaf(Guest *guest, const ObjDesc *desc, size_t size) {
  Obj *object = cell_new(guest, size, KIND_LEAF, true);
  if (object) object->header = header_for(guest, desc);
  return object;
}

void *heap_buffer_raw(Guest *guest, size_t size) { return cell_new(guest, size ? size : 1, KIND_LEAF, true); }

void *heap_buffer(Guest *guest, size_t size, bool has_refs) {
  if (size == 0) size = 1;
  void *buffer = cell_new(guest, size, has_refs ? KIND_REFS : KIND_LEAF, true);
  if (!buffer) return NULL;
  if (has_refs) *(void **)buffer = NULL;
  else memset(buffer, 0, size);
  return buffer;
}

void heap_buffer_reuse(void *buffer, size_t size, bool has_refs) {
  int kind = has_refs ? KIND_REFS : KIND_LEAF;
  size_t class = (size + GRANULE - 1) / GRANULE;
  if (!buffer || size == 0 || class >= CLASSES) {
    heap_buffer_drop(NULL, buffer, size);
    return;
  }
  if (has_refs) memset(buffer, 0, size);
  *(void **)buffer = free_cells[kind][class];
  free_cells[kind][class] = buffer;
}

void heap_buffer_drop(Guest *guest, void *buffer, size_t size) {
  (void)guest;
  if (buffer && size > DROP_MIN) GC_free(buffer);
}

/* Guests */

static uint16_t guest_number_take(void) {
  for (unsigned i = 0; i < GUEST_NUMBERS / 64; i++) {
    if (~guest_numbers[i] == 0) continue;
    unsigned bit = (unsigned)__builtin_ctzll(~guest_numbers[i]);
    guest_numbers[i] |= UINT64_C(1) << bit;
    return (uint16_t)(64 * i + bit);
  }
  return 0;
}

void heap_guest_add(Guest *guest) {
  guest->number = guest_number_take();
  guest->header = OBJ_LIVE | (uint64_t)guest->number << OBJ_GUEST_SHIFT;
  guest->allocated_next = UINT64_MAX;
  guest->next = guests;
  guests = guest;
}

void heap_guest_remove(Guest *guest) {
  Guest **link = &guests;
  while (*link && *link != guest) link = &(*link)->next;
  if (!*link) return;
  *link = guest->next;
  guest->next = NULL;
  if (guest->number) guest_numbers[guest->number / 64] &= ~(UINT64_C(1) << guest->number % 64);
}

void heap_limit_set(size_t bytes) {
  heap_limit = bytes;
  if (started) limit_apply();
}

void heap_collect(void) {
  heap_init();
  GC_gcollect();
}

void heap_hold(void) {
  heap_init();
  /* What is garbage now would take room until heap_release; and a process that allocates most while collection is held off would never collect. */
  size_t since = GC_get_bytes_since_gc();
  if (since > HOLD_MIN && since > GC_get_heap_size() / 2) GC_gcollect();
  GC_disable();
}

void heap_release(void) { GC_enable(); }

size_t heap_memory_max(void) {
  heap_init();
  return request_max;
}

HeapStats heap_stats(void) {
  HeapStats result = stats;
  result.heap_bytes = started ? GC_get_heap_size() : 0;
  return result;
}
