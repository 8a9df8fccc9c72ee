/* clone.c - guest_clone: a second guest in the same state. Interface: image.h.
 *
 * Objects are copied in the order in which they are met, as a copying collector would: an object that has been copied carries its number in its
 * header meanwhile (OBJ_MOVED), `order` has where the copy is, and the copies themselves are gone through for references that still
 * lead to the first guest. Dead slots are copied as zero. Collection is held off, and all headers are put back at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/execute.h"
#include "vm/heap.h"
#include "vm/image.h"
#include "vm/walk.h"

typedef struct Copied { Obj *from, *to; uint32_t desc; } Copied;

typedef struct Cloner {
  Guest *from, *to;
  Copied *order;
  size_t count, cap;
  LiveCache live;
  const Value *stack, *stack_copy; /* of the task at hand */
  bool failed;  /* memory is out */
} Cloner;

/* Copies an object's own block; what it refers to is still the first guest's. */
static Obj *block_copy(Cloner *c, const Obj *object, const ObjDesc *desc) {
  if (desc->kind == OBJ_TASK) return (Obj *)task_blank(c->to);
  if (desc->kind == OBJ_STRING) {
    const String *s = (const String *)object;
    String *copy = string_alloc(c->to, s->length);
    if (copy) memcpy(copy->bytes, s->bytes, s->length);
    return (Obj *)copy;
  }
  size_t size = object_size(object, desc);
  Obj *copy = heap_object(c->to, desc, size);
  if (copy) memcpy(copy + 1, object + 1, size - sizeof *copy);
  return copy;
}

static bool order_grow(Cloner *c) {
  size_t cap = c->cap ? 2 * c->cap : 64;
  Copied *grown = realloc(c->order, cap * sizeof *grown);
  if (!grown) return false;
  c->order = grown;
  c->cap = cap;
  return true;
}

static void ref_move(Cloner *c, Value *slot) {
  if (!value_is_ref(*slot)) return;
  Obj *object = slot->p;
  uint64_t header = object->header;
  if (header & OBJ_STATIC) return;
  if (header & OBJ_MOVED) {
    slot->p = c->order[header >> OBJ_DESC_SHIFT].to;
    return;
  }
  Obj *copy = c->count < UINT32_MAX && (c->count < c->cap || order_grow(c)) ? block_copy(c, object, obj_desc(object)) : NULL;
  if (!copy) {
    c->failed = true;
    slot->u = 0;
    return;
  }
  c->order[c->count] = (Copied){object, copy, (uint32_t)(header >> OBJ_DESC_SHIFT)};
  object->header = OBJ_LIVE | OBJ_MOVED | (uint64_t)c->count++ << OBJ_DESC_SHIFT;
  slot->p = copy;
}

static inline void slots_move(void *walk, Value *slots, const uint8_t *classes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (classes[i] == SLOT_REF) ref_move(walk, &slots[i]);
  }
}

/* A buffer's copy; NULL for none. */
static void *buffer_copy(Cloner *c, const void *buffer, size_t used, size_t room, bool has_refs) {
  if (!buffer || c->failed) return NULL;
  void *copy = has_refs ? heap_buffer(c->to, room, true) : heap_buffer_raw(c->to, room);
  if (copy) memcpy(copy, buffer, used);
  else c->failed = true;
  return copy;
}

/* Gives a copy buffers of its own. */
static void buffers_copy(Cloner *c, Obj *copy, const ObjDesc *desc) {
  if (desc->kind == OBJ_BYTES) {
    Bytes *bytes = (Bytes *)copy;
    bytes->data = buffer_copy(c, bytes->data, (size_t)bytes->length, (size_t)bytes->capacity, false);
  } else if (desc->kind == OBJ_LIST) {
    List *list = (List *)copy;
    size_t size = desc->elem_slots == 1 ? desc->elem_size : sizeof(Value) * desc->elem_slots;
    list->data = buffer_copy(c, list->data, (size_t)list->length * size, (size_t)list->capacity * size, desc->has_refs);
  } else if (desc->kind == OBJ_MAP) {
    Map *map = (Map *)copy;
    size_t size = map_entry_bytes(desc), index = map_index_bytes(map->capacity);
    map->index = buffer_copy(c, map->index, index, index, false);
    map->entries = buffer_copy(c, map->entries, (size_t)map->used * size, (size_t)map->capacity * size, desc->has_refs);
  }
}

/* A live value of the task at hand, whose copy's slots these are. */
static void live_move(void *walk, Value *slots, const uint8_t *classes, uint32_t count) {
  Cloner *c = walk;
  memcpy(slots, c->stack + (slots - c->stack_copy), count * sizeof *slots);
  slots_move(c, slots, classes, count);
}

static void task_move(Cloner *c, Task *copy, const Task *task) {
  copy->number = task->number;
  copy->state = task->state;
  if (task->nframes == 0) return;
  const Frame *top = &task->frames[task->nframes - 1];
  if (task_room(c->to, copy, task->nslots) != TRAP_NONE) {
    c->failed = true;
    return;
  }
  copy->top = top->base + top->code->insns[top->pc].sp;
  copy->nframes = task->nframes;
  memcpy(copy->frames, task->frames, task->nframes * sizeof *task->frames);
  c->stack = task->slots;
  c->stack_copy = copy->slots;
  for (uint32_t i = 0; i < task->nframes && !c->failed; i++) {
    if (!frame_visit(c, live_move, &c->live, c->from, copy, i)) c->failed = true;
  }
  copy->token = task->token;
  copy->due = task->due;
  if (task->state == TASK_PENDING && task_pend(c->to, copy) != TRAP_NONE) c->failed = true;
}

static void contents_move(Cloner *c, Obj *copy, const Obj *object) {
  const ObjDesc *desc = obj_desc(copy);
  if (desc->kind == OBJ_TASK) {
    task_move(c, (Task *)copy, (const Task *)object);
    return;
  }
  buffers_copy(c, copy, desc);
  if (desc->has_refs && !c->failed) object_visit(c, slots_move, copy, desc);
}

static Task *task_ref_move(Cloner *c, Task *task) {
  Value value = {.p = task};
  ref_move(c, &value);
  return value.p;
}

static void tasks_clone(Cloner *c) {
  const Guest *from = c->from;
  Guest *to = c->to;
  to->main = task_ref_move(c, from->main);
  to->task = task_ref_move(c, from->task);
  to->ready = calloc((size_t)from->nready + 1, sizeof *to->ready);
  if (!to->ready) c->failed = true;
  else to->ready_cap = from->nready + 1;
  for (uint32_t i = 0; i < from->nready && !c->failed; i++) {
    to->ready[to->nready++] = task_ref_move(c, *guest_ready(from, i));
  }
  for (Task *task = from->listed; task && !c->failed; task = task->next) {
    Task *copy = task_ref_move(c, task);
    if (copy) task_enlist(to, copy);
  }
}

static void globals_clone(Cloner *c) {
  const Program *program = c->from->program;
  memcpy(c->to->globals, c->from->globals, program->nglobal_slots * sizeof(Value));
  memcpy(c->to->globals_set, c->from->globals_set, program->module->nglobals);
  for (uint32_t i = 0; i < program->module->nglobals; i++) {
    Value *slots = c->to->globals + program->global_slots[i];
    if (c->to->globals_set[i]) value_visit(c, slots_move, slots, program->global_types[i]);
    else memset(slots, 0, program->global_types[i]->slots * sizeof *slots);
  }
}

static void args_clone(Cloner *c) {
  if (!c->from->own_args) return;
  c->to->options.nargs = 0;
  c->to->own_args = calloc((size_t)c->from->options.nargs + 1, sizeof *c->to->own_args);
  c->to->options.args = (const char *const *)c->to->own_args;
  if (!c->to->own_args) {
    c->failed = true;
    return;
  }
  for (int i = 0; i < c->from->options.nargs; i++) {
    c->to->own_args[i] = strdup(c->from->own_args[i]);
    if (!c->to->own_args[i]) c->failed = true;
    else c->to->options.nargs = i + 1;
    if (c->failed) return;
  }
}

static void headers_restore(Cloner *c) {
  for (size_t i = 0; i < c->count; i++) {
    c->order[i].from->header = c->from->header | (uint64_t)c->order[i].desc << OBJ_DESC_SHIFT;
  }
}

Guest *guest_clone(Guest *guest) {
  if (guest->status == GUEST_FAILED || (guest->status == GUEST_FINISHED && !guest_is_idle(guest))) return NULL;
  Cloner c = {.from = guest, .to = guest_blank(guest->program, &guest->options)};
  if (!c.to) return NULL;
  heap_hold();
  args_clone(&c);
  if (!c.failed) tasks_clone(&c);
  if (!c.failed) globals_clone(&c);
  for (size_t i = 0; i < c.count && !c.failed; i++) contents_move(&c, c.order[i].to, c.order[i].from);
  headers_restore(&c);
  c.to->status = guest->status;
  c.to->fuel = guest->fuel;
  c.to->granted = guest->granted;
  c.to->allocated = guest->allocated;
  c.to->allocated_next = guest->allocated_next;
  c.to->insn_allocated = guest->insn_allocated;
  c.to->memory_bound = guest->memory_bound;
  c.to->bound_allocated = guest->bound_allocated;
  c.to->tasks_made = guest->tasks_made;
  c.to->tokens_made = guest->tokens_made;
  c.to->nlisted_most = guest->nlisted_most;
  c.to->written = guest->written;
  c.to->clock = guest->clock;
  free(c.order);
  live_free(&c.live);
  if (c.failed) {
    guest_free(c.to);
    c.to = NULL;
  }
  heap_release();
  return c.to;
}
