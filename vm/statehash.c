/* statehash.c - guest_state_hash: one number for all that a guest's future can depend on.
 *
 * The walk is canonical: fuel, frames from the outermost, live slots by the verifier's types, globals, then the heap in the order of
 * discovery. A reference enters the hash as the number of its object in that order, a type by its structure, a function by its index and
 * type arguments, so that nothing depends on an address, a tier or the history of the process. It uses a queue and no recursion over the heap.
 * Slots that the verifier calls dead (locals not initialised, operands consumed) are left out, and so are the operands of an instruction
 * that has trapped: nothing goes on from there.
 */
#include "vm/guest.h"

#include <stdlib.h>
#include <string.h>

#include "vm/walk.h"

/* From addresses to numbers; open addressing. */
typedef struct PtrMap {
  const void **keys;
  uint64_t *values;
  size_t count, size; /* size: a power of two, or 0 */
} PtrMap;

typedef struct Walk {
  Guest *guest;
  uint64_t hash;
  PtrMap objects;       /* to position in queue */
  PtrMap types;         /* to structural hash */
  Obj **queue;
  size_t nqueue, queue_cap;
  LiveCache live;
  bool failed;          /* memory is out */
} Walk;

static inline uint64_t mix(uint64_t h, uint64_t x) {
  h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
  return h ^ (h >> 29);
}

static inline void add(Walk *walk, uint64_t x) { walk->hash = mix(walk->hash, x); }

static uint64_t bytes_hash(uint64_t h, const void *bytes, size_t length) {
  const unsigned char *p = bytes;
  for (; length >= 8; p += 8, length -= 8) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word |= (uint64_t)p[i] << 8 * i;
    h = mix(h, word);
  }
  for (; length > 0; length--) h = mix(h, *p++);
  return h;
}

/* Pointer maps */

static size_t map_place(const PtrMap *map, const void *key) {
  size_t at = (size_t)(mix(0, (uintptr_t)key)) & (map->size - 1);
  while (map->keys[at] && map->keys[at] != key) at = (at + 1) & (map->size - 1);
  return at;
}

static bool map_grow(PtrMap *map) {
  PtrMap grown = {.size = map->size ? 2 * map->size : 64};
  grown.keys = calloc(grown.size, sizeof *grown.keys);
  grown.values = calloc(grown.size, sizeof *grown.values);
  if (!grown.keys || !grown.values) {
    free(grown.keys);
    free(grown.values);
    return false;
  }
  for (size_t i = 0; i < map->size; i++) {
    if (!map->keys[i]) continue;
    size_t at = map_place(&grown, map->keys[i]);
    grown.keys[at] = map->keys[i];
    grown.values[at] = map->values[i];
  }
  grown.count = map->count;
  free(map->keys);
  free(map->values);
  *map = grown;
  return true;
}

/* The value kept for a key; *is_new when it was absent, and then it is 0. NULL when memory is out. */
static uint64_t *map_value(PtrMap *map, const void *key, bool *is_new) {
  if (2 * map->count >= map->size && !map_grow(map)) return NULL;
  size_t at = map_place(map, key);
  *is_new = !map->keys[at];
  if (*is_new) {
    map->keys[at] = key;
    map->count++;
  }
  return &map->values[at];
}

/* Types and functions */

static uint64_t type_hash(Walk *walk, const Type *type) {
  bool is_new;
  uint64_t *kept = map_value(&walk->types, type, &is_new);
  if (!kept) {
    walk->failed = true;
    return 0;
  }
  if (!is_new) return *kept;
  uint64_t h = mix(mix(mix(1, type->kind), type->decl), type->nargs);
  for (uint32_t i = 0; i < type->nargs; i++) h = mix(h, type_hash(walk, type->args[i]));
  kept = map_value(&walk->types, type, &is_new);
  if (kept) *kept = h;
  return h;
}

static void add_code(Walk *walk, const Code *code) {
  add(walk, code->function_index);
  for (uint32_t i = 0; i < code->function->ntparams; i++) add(walk, type_hash(walk, code->targs[i]));
}

/* Slots */

static void add_ref(Walk *walk, Value value) {
  if (!value_is_ref(value)) {
    add(walk, value.u);
    return;
  }
  bool is_new;
  uint64_t *number = map_value(&walk->objects, value.p, &is_new);
  if (!number) {
    walk->failed = true;
    return;
  }
  if (is_new) {
    if (walk->nqueue == walk->queue_cap) {
      size_t cap = walk->queue_cap ? 2 * walk->queue_cap : 64;
      Obj **queue = realloc(walk->queue, cap * sizeof *queue);
      if (!queue) {
        walk->failed = true;
        return;
      }
      walk->queue = queue;
      walk->queue_cap = cap;
    }
    *number = walk->nqueue;
    walk->queue[walk->nqueue++] = value.p;
  }
  add(walk, REF_NIL_MAX + 1 + *number);
}

static inline void add_slots(void *to, Value *slots, const uint8_t *classes, uint32_t count) {
  Walk *walk = to;
  for (uint32_t i = 0; i < count; i++) {
    if (classes[i] == SLOT_REF) add_ref(walk, slots[i]);
    else add(walk, slots[i].u);
  }
}

/* Frames */

static void add_task(Walk *walk, const Task *task) {
  add(walk, task->number);
  add(walk, task->state);
  add(walk, task->nframes);
  if (task->state == TASK_PENDING) {
    add(walk, task->token);
    add(walk, (uint64_t)guest_time_left(walk->guest, task));
  }
  for (uint32_t i = 0; i < task->nframes; i++) {
    const Frame *frame = &task->frames[i];
    add_code(walk, frame->code);
    add(walk, frame->pc);
    add(walk, frame->base);
    if (!frame_visit(walk, add_slots, &walk->live, walk->guest, task, i)) walk->failed = true;
  }
}

static void add_tasks(Walk *walk) {
  const Guest *guest = walk->guest;
  add(walk, guest->tasks_made);
  add(walk, guest->tokens_made);
  add_ref(walk, (Value){.p = guest->main});
  add_ref(walk, (Value){.p = guest->task});
  add(walk, guest->nready);
  for (uint32_t i = 0; i < guest->nready; i++) add_ref(walk, (Value){.p = guest_ready(guest, i)});
  for (Task *task = guest->listed; task; task = task->next) add_ref(walk, (Value){.p = task});
}

static void add_globals(Walk *walk) {
  const Program *program = walk->guest->program;
  for (uint32_t i = 0; i < program->module->nglobals; i++) {
    add(walk, walk->guest->globals_set[i]);
    if (walk->guest->globals_set[i]) {
      value_visit(walk, add_slots, walk->guest->globals + program->global_slots[i], program->global_types[i]);
    }
  }
}

/* Objects */

static void add_list(Walk *walk, const List *list, const ObjDesc *desc) {
  add(walk, (uint64_t)list->length);
  if (desc->elem_slots == 0) return; /* they may be very many */
  if (desc->elem_slots > 1 || desc->elem_size == sizeof(Value)) elements_visit(walk, add_slots, list, desc);
  else if (desc->elem_size == 1) for (int64_t i = 0; i < list->length; i++) add(walk, ((const uint8_t *)list->data)[i]);
  else for (int64_t i = 0; i < list->length; i++) add(walk, ((const uint32_t *)list->data)[i]);
}

static void add_map(Walk *walk, const Map *map, const ObjDesc *desc) {
  add(walk, (uint64_t)map->used);
  add(walk, (uint64_t)map->version);
  uint8_t classes[2 * TYPE_SLOTS_MAX];
  uint32_t count = entry_classes(desc, classes);
  Value *entry;
  for (int64_t at = 0; (entry = map_entry_from(map, desc, &at)); at++) {
    add(walk, (uint64_t)at);
    add_slots(walk, entry + 1, classes, count);
  }
}

static void add_bytes(Walk *walk, const void *bytes, int64_t length) {
  add(walk, (uint64_t)length);
  walk->hash = bytes_hash(walk->hash, bytes, (size_t)length);
}

static void add_object(Walk *walk, Obj *object) {
  const ObjDesc *desc = obj_desc(object);
  add(walk, desc->kind);
  if (desc->type) add(walk, type_hash(walk, desc->type));
  switch (desc->kind) {
    case OBJ_STRING: add_bytes(walk, ((const String *)object)->bytes, ((const String *)object)->length); return;
    case OBJ_BYTES: add_bytes(walk, ((const Bytes *)object)->data, ((const Bytes *)object)->length); return;
    case OBJ_LIST: add_list(walk, (const List *)object, desc); return;
    case OBJ_MAP: add_map(walk, (const Map *)object, desc); return;
    case OBJ_TASK: add_task(walk, (const Task *)object); return;
    case OBJ_ENUM: add(walk, (uint64_t)((const EnumObj *)object)->tag); break;
    case OBJ_CLOSURE: add_code(walk, ((const Closure *)object)->code); break;
    default: break;
  }
  object_visit(walk, add_slots, object, desc);
}

static void walk_free(Walk *walk) {
  free(walk->objects.keys);
  free(walk->objects.values);
  free(walk->types.keys);
  free(walk->types.values);
  free(walk->queue);
  live_free(&walk->live);
}

uint64_t guest_state_hash(Guest *guest) {
  Walk walk = {.guest = guest, .hash = 1};
  add(&walk, (uint64_t)guest->fuel);
  add(&walk, guest->status);
  add(&walk, guest->trap);
  add_tasks(&walk);
  add_globals(&walk);
  for (size_t i = 0; i < walk.nqueue && !walk.failed; i++) add_object(&walk, walk.queue[i]);
  walk_free(&walk);
  return walk.failed ? 0 : walk.hash;
}
