/* quota.c - what a guest keeps alive, and whether it may have more. Interface: quota.h; guest.h for hosts.
 *
 * The walk marks what it has met in the objects' headers: OBJ_SEEN means met by the last walk if guest->header has it too, so nothing needs to be unmarked: a
 * walk begins by turning that bit around. New objects get it from guest->header, as if the last walk had met them. */
#include "vm/quota.h"

#include <stdlib.h>
#include <string.h>

#include "vm/execute.h"
#include "vm/interp.h"
#include "vm/object.h"
#include "vm/program.h"

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

static void slots_meet(Walk *w, const Value *slots, const uint8_t *classes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (classes[i] == SLOT_REF) meet(w, slots[i]);
  }
}

static void value_meet(Walk *w, const Value *slots, const Type *type) {
  uint8_t classes[TYPE_SLOTS_MAX];
  type_slot_classes(type, classes);
  slots_meet(w, slots, classes, type->slots);
}

/* Looking into objects */

static void list_walk(Walk *w, const List *list, const ObjDesc *desc) {
  size_t slots = desc->elem_slots, size = slots == 1 ? desc->elem_size : sizeof(Value) * slots;
  w->bytes += rounded(sizeof *list) + buffer_bytes(list->data, (uint64_t)list->capacity * size);
  if (!desc->has_refs) return;
  uint8_t classes[TYPE_SLOTS_MAX];
  type_slot_classes(desc->type->args[0], classes);
  const Value *at = list->data;
  for (int64_t i = 0; i < list->length; i++, at += slots) slots_meet(w, at, classes, slots);
}

static void map_walk(Walk *w, const Map *map, const ObjDesc *desc) {
  w->bytes += rounded(sizeof *map) + buffer_bytes(map->entries, (uint64_t)map->capacity * map_entry_bytes(desc)) + buffer_bytes(map->index, map_index_bytes(map));
  if (!desc->has_refs) return;
  uint8_t keys[TYPE_SLOTS_MAX], values[TYPE_SLOTS_MAX];
  type_slot_classes(desc->type->args[0], keys);
  type_slot_classes(desc->type->args[1], values);
  for (int64_t at = map_next(map, -1); at >= 0; at = map_next(map, at)) {
    const Value *entry = map_entry(map, at);
    slots_meet(w, entry, keys, desc->elem_slots);
    slots_meet(w, entry + desc->elem_slots, values, desc->value_slots);
  }
}

/* A slot that is a reference in one case may hold a number in another. */
static void enum_walk(Walk *w, const EnumObj *object, const ObjDesc *desc) {
  w->bytes += rounded(sizeof(Obj) + desc->nslots * sizeof(Value));
  const Case *decl = &desc->program->module->enums[desc->type->decl].cases[object->tag];
  const uint16_t *at = desc->field_slots + desc->case_first[object->tag];
  for (uint32_t i = 0; desc->has_refs && i < decl->nfields; i++) {
    const Type *field = type_subst(desc->program->types, decl->fields[i].type, desc->type->args, desc->type->nargs);
    if (field) value_meet(w, object->slots + at[i], field);
    else w->failed = true;
  }
}

/* Operands of the instruction at which a guest ended are not where they belong. */
static void task_walk(Walk *w, const Task *task) {
  bool has_ended = w->guest->status == GUEST_FAILED || w->guest->status == GUEST_FINISHED;
  for (uint32_t i = 0; i < task->nframes && !w->failed; i++) {
    const Frame *frame = &task->frames[i];
    const LiveValues *live = live_find(&w->live, frame->code, frame->pc, i + 1 < task->nframes);
    if (!live) {
      w->failed = true;
      return;
    }
    const Value *slots = task->slots + frame->base;
    for (uint32_t k = 0; k < live->count; k++) {
      if (has_ended && i + 1 == task->nframes && live->items[k].slot >= frame->code->nlocals_slots) break;
      value_meet(w, slots + live->items[k].slot, live->items[k].type);
    }
  }
  w->bytes += TASK_BYTES + task_stack_bytes(task->nslots);
}

static void object_walk(Walk *w, const Obj *object) {
  const ObjDesc *desc = obj_desc(object);
  switch (desc->kind) {
    case OBJ_STRING: w->bytes += rounded(sizeof(String) + ((const String *)object)->length + 1); break;
    case OBJ_BYTES: w->bytes += rounded(sizeof(Bytes)) + buffer_bytes(((const Bytes *)object)->data, (uint64_t)((const Bytes *)object)->capacity); break;
    case OBJ_LIST: list_walk(w, (const List *)object, desc); break;
    case OBJ_MAP: map_walk(w, (const Map *)object, desc); break;
    case OBJ_ENUM: enum_walk(w, (const EnumObj *)object, desc); break;
    case OBJ_TASK: task_walk(w, (const Task *)object); break;
    case OBJ_CLOSURE:
      w->bytes += rounded(sizeof(Closure) + desc->nslots * sizeof(Value));
      slots_meet(w, ((const Closure *)object)->slots, desc->slot_classes, desc->nslots);
      break;
    case OBJ_INSTANCE:
    case OBJ_CELL:
    case OBJ_BOX:
      w->bytes += rounded(sizeof(Obj) + desc->nslots * sizeof(Value));
      slots_meet(w, ((const Instance *)object)->slots, desc->slot_classes, desc->nslots);
      break;
  }
}

static void roots_meet(Walk *w) {
  const Guest *guest = w->guest;
  const Program *program = guest->program;
  meet(w, (Value){.p = guest->main});
  meet(w, (Value){.p = guest->task});
  for (uint32_t i = 0; i < guest->nready; i++) meet(w, (Value){.p = guest->ready[(guest->ready_first + i) % guest->ready_cap]});
  for (Task *task = guest->listed; task; task = task->next) meet(w, (Value){.p = task});
  for (uint32_t i = 0; i < guest->npending; i++) meet(w, (Value){.p = guest->pending[i]});
  for (uint32_t i = 0; i < guest->nheld; i++) meet(w, guest->held[i]);
  for (uint32_t i = 0; i < program->module->nglobals; i++) {
    if (guest->globals_set[i]) value_meet(w, guest->globals + program->global_slots[i], program->global_types[i]);
  }
}

static void walk(Walk *w) {
  bool is_synced = interp_frames_close(w->guest);
  w->guest->header ^= OBJ_SEEN;
  roots_meet(w);
  while (w->nfound > 0) {
    const Obj *object = w->found[--w->nfound];
    uint64_t before = w->bytes;
    object_walk(w, object);
    if (w->each) w->each(w->each_ctx, obj_desc(object), w->bytes - before);
  }
  if (is_synced) interp_frames_open(w->guest);
  free(w->found);
  live_free(&w->live);
}

uint64_t guest_memory(Guest *guest) {
  Walk w = {.guest = guest, .bytes = program_bytes(guest->program)};
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
  guest->is_over = live != UINT64_MAX && (live > quota || made > quota - live || bytes > quota - live - made);
  if (guest->is_over || live == UINT64_MAX) return false;
  guest->memory_bound = live + made;
  guest->bound_allocated = guest->allocated;
  return true;
}

bool quota_test(Guest *guest, uint64_t bytes) {
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
  guest->options.memory = bytes;
  guest->allocated_next = UINT64_MAX;
  if (bytes == 0 || guest->status == GUEST_FAILED || (guest->status == GUEST_FINISHED && !guest_is_idle(guest))) return true;
  guest->memory_bound = UINT64_MAX / 2;
  guest->bound_allocated = guest->insn_allocated = guest->allocated;
  if (!fits(guest, 0)) {
    guest_fail(guest, TRAP_OUT_OF_MEMORY);
    return false;
  }
  next_set(guest, guest->allocated);
  return true;
}
