/* quota.c - what a guest keeps alive, and whether it may have more. Interface: quota.h; guest.h for hosts.
 *
 * The walk marks what it has met in the objects' headers: OBJ_SEEN means met by the last walk if guest->header has it too, so nothing needs to be unmarked: a
 * walk begins by turning that bit around. New objects get it from guest->header, as if the last walk had met them. */
#include "vm/quota.h"

#include <stdlib.h>

#include "vm/execute.h"
#include "vm/interp.h"
#include "vm/walk.h"

enum { PARTS = 8, GRANULE = 16 };

typedef struct Walk {
  Guest *guest;
  Obj **found;     /* met, and not yet looked into */
  size_t nfound, cap;
  uint64_t bytes;
  LiveCache live;
  bool failed;     /* memory is out */
  void (*each)(void *ctx, const ObjDesc *desc, uint64_t bytes); /* NULL: nobody asks */
  void *each_ctx;
} Walk;

static inline uint64_t rounded(uint64_t bytes) { return (bytes + GRANULE - 1) / GRANULE * GRANULE; }

/* A buffer of no bytes takes a granule, as it does in heap_buffer. */
static inline uint64_t buffer_bytes(const void *buffer, uint64_t bytes) { return buffer ? rounded(bytes ? bytes : 1) : 0; }

/* Meeting */

static void found_grow(Walk *w) {
  size_t cap = w->cap ? 2 * w->cap : 256;
  Obj **grown = realloc(w->found, cap * sizeof *grown);
  if (!grown) {
    w->failed = true;
    w->nfound = 0;
    return;
  }
  w->found = grown;
  w->cap = cap;
}

static inline void meet(Walk *w, Value value) {
  if (!value_is_ref(value)) return;
  Obj *object = value.p;
  if ((object->header & OBJ_STATIC) || !((object->header ^ w->guest->header) & OBJ_SEEN)) return;
  object->header ^= OBJ_SEEN;
  if (w->nfound == w->cap) found_grow(w);
  if (!w->failed) w->found[w->nfound++] = object;
}

static inline void slots_meet(void *walk, Value *slots, const uint8_t *classes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (classes[i] == SLOT_REF) meet(walk, slots[i]);
  }
}

/* Looking into objects */

/* What an object's buffers take. */
static uint64_t buffers_bytes(const Obj *object, const ObjDesc *desc) {
  switch (desc->kind) {
    case OBJ_BYTES: return buffer_bytes(((const Bytes *)object)->data, (uint64_t)((const Bytes *)object)->capacity);
    case OBJ_LIST: {
      const List *list = (const List *)object;
      return buffer_bytes(list->data, (uint64_t)list->capacity * (desc->elem_slots == 1 ? desc->elem_size : sizeof(Value) * desc->elem_slots));
    }
    case OBJ_MAP: {
      const Map *map = (const Map *)object;
      return buffer_bytes(map->entries, (uint64_t)map->capacity * map_entry_bytes(desc)) + buffer_bytes(map->index, map_index_bytes(map->capacity));
    }
    default: return 0;
  }
}

static void task_walk(Walk *w, const Task *task) {
  for (uint32_t i = 0; i < task->nframes && !w->failed; i++) {
    if (!frame_visit(w, slots_meet, &w->live, w->guest, task, i)) w->failed = true;
  }
  w->bytes += TASK_BYTES + task_stack_bytes(task->nslots);
}

static void object_walk(Walk *w, Obj *object) {
  const ObjDesc *desc = obj_desc(object);
  if (desc->kind == OBJ_TASK) {
    task_walk(w, (const Task *)object);
    return;
  }
  w->bytes += rounded(object_size(object, desc)) + buffers_bytes(object, desc);
  if (desc->has_refs) object_visit(w, slots_meet, object, desc);
}

static void roots_meet(Walk *w) {
  const Guest *guest = w->guest;
  const Program *program = guest->program;
  meet(w, (Value){.p = guest->main});
  meet(w, (Value){.p = guest->task});
  for (uint32_t i = 0; i < guest->nready; i++) meet(w, (Value){.p = *guest_ready(guest, i)});
  for (Task *task = guest->listed; task; task = task->next) meet(w, (Value){.p = task});
  for (uint32_t i = 0; i < guest->npending; i++) meet(w, (Value){.p = guest->pending[i]});
  for (uint32_t i = 0; i < guest->nheld; i++) meet(w, guest->held[i]);
  for (uint32_t i = 0; i < program->module->nglobals; i++) {
    if (guest->globals_set[i]) value_visit(w, slots_meet, guest->globals + program->global_slots[i], program->global_types[i]);
  }
}

static void walk(Walk *w) {
  bool is_synced = interp_frames_close(w->guest);
  w->guest->header ^= OBJ_SEEN;
  roots_meet(w);
  while (w->nfound > 0) {
    Obj *object = w->found[--w->nfound];
    uint64_t before = w->bytes;
    object_walk(w, object);
    if (w->each) w->each(w->each_ctx, obj_desc(object), w->bytes - before);
  }
  if (is_synced) interp_frames_open(w->guest);
  free(w->found);
  live_free(&w->live);
}

uint64_t guest_memory(Guest *guest) {
  Walk w = {.guest = guest, .bytes = program_bytes(guest->program) + guest->host_bytes};
  walk(&w);
  return w.failed ? UINT64_MAX : w.bytes;
}

bool guest_census(Guest *guest, void (*each)(void *ctx, const ObjDesc *desc, uint64_t bytes), void *ctx) {
  Walk w = {.guest = guest, .each = each, .each_ctx = ctx};
  walk(&w);
  return !w.failed;
}

/* Testing */

/* Sets what may be allocated in all before the next test. Under stress, each allocation is tested. */
static void next_set(Guest *guest, uint64_t allocated) {
  uint64_t part = guest->options.memory / PARTS;
  guest->allocated_next = part && !heap_stress ? allocated - allocated % part + part - 1 : allocated;
}

/* Whether what is live may grow by so much. */
static bool fits(Guest *guest, uint64_t bytes) {
  uint64_t quota = guest->options.memory, bound = guest->memory_bound + (guest->allocated - guest->bound_allocated);
  if (!heap_stress && bound <= quota && bytes <= quota - bound) return true;
  uint64_t live = guest_memory(guest), made = guest->allocated - guest->insn_allocated;
  /* What the instruction has made, and nothing leads to yet, has been left out: after a second walk it counts as met by the last one, like other new objects. */
  if (made > 0 && live != UINT64_MAX) guest_memory(guest);
  guest->is_over = live != UINT64_MAX && (live > quota || made > quota - live || bytes > quota - live - made);
  if (guest->is_over || live == UINT64_MAX) return false;
  guest->memory_bound = live + made;
  guest->bound_allocated = guest->allocated;
  return true;
}

bool quota_test(Guest *guest, uint64_t bytes) {
  if (guest->is_compiled) {
    guest->wants_exact = true;
    return false;
  }
  if (!guest->options.memory || !fits(guest, bytes)) return false;
  next_set(guest, guest->allocated + bytes);
  return true;
}

bool quota_resume(Guest *guest) {
  uint64_t quota = guest->options.memory, live = quota ? guest_memory(guest) : 0;
  if (live > quota + quota / PARTS) return false;
  guest->memory_bound = live;
  guest->bound_allocated = guest->insn_allocated = guest->allocated;
  if (quota) next_set(guest, guest->allocated);
  return true;
}

bool guest_memory_limit(Guest *guest, uint64_t bytes) {
  uint64_t quota = guest->options.memory, next = guest->allocated_next, bound = guest->memory_bound, bound_allocated = guest->bound_allocated;
  guest->options.memory = bytes;
  guest->allocated_next = UINT64_MAX;
  if (bytes == 0 || guest->status == GUEST_FAILED || (guest->status == GUEST_FINISHED && !guest_is_idle(guest))) return true;
  guest->memory_bound = UINT64_MAX / 2;
  guest->bound_allocated = guest->insn_allocated = guest->allocated;
  if (!fits(guest, 0)) {
    if (guest->is_over) {
      guest_fail(guest, TRAP_OUT_OF_MEMORY);
      return false;
    }
    guest->options.memory = quota;
    guest->allocated_next = next;
    guest->memory_bound = bound;
    guest->bound_allocated = bound_allocated;
    return false;
  }
  next_set(guest, guest->allocated);
  return true;
}
