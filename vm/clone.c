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
#include "vm/object.h"
#include "vm/program.h"

typedef struct Copied { Obj *from, *to; uint32_t desc; } Copied;

typedef struct Cloner {
  Guest *from, *to;
  Copied *order;
  size_t count, cap;
  LiveValues live;
  bool failed;  /* memory is out */
} Cloner;

/* Copies an object's own block; what it refers to is still the first guest's. */
static Obj *block_copy(Cloner *c, const Obj *object, const ObjDesc *desc) {
  size_t size = 0;
  switch (desc->kind) {
    case OBJ_STRING: {
      const String *s = (const String *)object;
      String *copy = string_alloc(c->to, s->length);
      if (copy) memcpy(copy->bytes, s->bytes, s->length);
      return (Obj *)copy;
    }
    case OBJ_TASK: return (Obj *)task_blank(c->to);
    case OBJ_BYTES: size = sizeof(Bytes); break;
    case OBJ_LIST: size = sizeof(List); break;
    case OBJ_MAP: size = sizeof(Map); break;
    case OBJ_CLOSURE: size = sizeof(Closure) + desc->nslots * sizeof(Value); break;
    default: size = sizeof(Obj) + desc->nslots * sizeof(Value); break;
  }
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

static void slots_move(Cloner *c, Value *slots, const uint8_t *classes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (classes[i] == SLOT_REF) ref_move(c, &slots[i]);
  }
}

static void value_move(Cloner *c, Value *slots, const Type *type) {
  uint8_t classes[TYPE_SLOTS_MAX];
  type_slot_classes(type, classes);
  slots_move(c, slots, classes, type->slots);
}

/* A buffer's copy; NULL for none. */
static void *buffer_copy(Cloner *c, const void *buffer, size_t used, size_t room, bool has_refs) {
  if (!buffer || c->failed) return NULL;
  void *copy = has_refs ? heap_buffer(c->to, room, true) : heap_buffer_raw(c->to, room);
  if (copy) memcpy(copy, buffer, used);
  else c->failed = true;
  return copy;
}

static void list_move(Cloner *c, List *list, const ObjDesc *desc) {
  size_t slots = desc->elem_slots, size = slots == 1 ? desc->elem_size : sizeof(Value) * slots;
  list->data = buffer_copy(c, list->data, (size_t)list->length * size, (size_t)list->capacity * size, desc->has_refs);
  if (!desc->has_refs || !list->data) return;
  uint8_t classes[TYPE_SLOTS_MAX];
  type_slot_classes(desc->type->args[0], classes);
  for (int64_t i = 0; i < list->length; i++) slots_move(c, (Value *)list->data + (size_t)i * slots, classes, slots);
}

static void map_move(Cloner *c, Map *map, const ObjDesc *desc) {
  size_t stride = 1u + desc->elem_slots + desc->value_slots, index = map_index_bytes(map);
  map->index = buffer_copy(c, map->index, index, index, false);
  map->entries = buffer_copy(c, map->entries, (size_t)map->used * stride * sizeof(Value), (size_t)map->capacity * stride * sizeof(Value), desc->has_refs);
  if (!desc->has_refs || !map->entries) return;
  uint8_t keys[TYPE_SLOTS_MAX], values[TYPE_SLOTS_MAX];
  type_slot_classes(desc->type->args[0], keys);
  type_slot_classes(desc->type->args[1], values);
  for (int64_t at = map_next(map, -1); at >= 0; at = map_next(map, at)) {
    Value *entry = map_entry(map, at);
    slots_move(c, entry, keys, desc->elem_slots);
    slots_move(c, entry + desc->elem_slots, values, desc->value_slots);
  }
}

static void enum_move(Cloner *c, EnumObj *object, const ObjDesc *desc) {
  const Case *decl = &desc->program->module->enums[desc->type->decl].cases[object->tag];
  const uint16_t *at = desc->field_slots + desc->case_first[object->tag];
  for (uint32_t i = 0; desc->has_refs && i < decl->nfields; i++) {
    const Type *field = type_subst(desc->program->types, decl->fields[i].type, desc->type->args, desc->type->nargs);
    if (field) value_move(c, object->slots + at[i], field);
    else c->failed = true;
  }
}

static void task_move(Cloner *c, Task *copy, const Task *task);

static void contents_move(Cloner *c, Obj *copy, const Obj *object) {
  const ObjDesc *desc = obj_desc(copy);
  switch (desc->kind) {
    case OBJ_STRING: break;
    case OBJ_BYTES: {
      Bytes *bytes = (Bytes *)copy;
      bytes->data = buffer_copy(c, bytes->data, (size_t)bytes->length, (size_t)bytes->capacity, false);
      break;
    }
    case OBJ_LIST: list_move(c, (List *)copy, desc); break;
    case OBJ_MAP: map_move(c, (Map *)copy, desc); break;
    case OBJ_TASK: task_move(c, (Task *)copy, (const Task *)object); break;
    case OBJ_ENUM: enum_move(c, (EnumObj *)copy, desc); break;
    case OBJ_CLOSURE: slots_move(c, ((Closure *)copy)->slots, desc->slot_classes, desc->nslots); break;
    default: slots_move(c, ((Instance *)copy)->slots, desc->slot_classes, desc->nslots); break;
  }
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
  for (uint32_t i = 0; i < task->nframes && !c->failed; i++) {
    const Frame *frame = &task->frames[i];
    if (!code_live(frame->code, frame->pc, i + 1 < task->nframes, &c->live)) c->failed = true;
    for (uint32_t k = 0; k < c->live.count; k++) {
      const LiveValue *value = &c->live.items[k];
      uint32_t at = frame->base + value->slot;
      memcpy(copy->slots + at, task->slots + at, value->type->slots * sizeof(Value));
      value_move(c, copy->slots + at, value->type);
    }
  }
  copy->token = task->token;
  copy->due = task->due;
  if (task->state == TASK_PENDING && task_pend(c->to, copy) != TRAP_NONE) c->failed = true;
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
    to->ready[to->nready++] = task_ref_move(c, from->ready[(from->ready_first + i) % from->ready_cap]);
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
    if (c->to->globals_set[i]) value_move(c, slots, program->global_types[i]);
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
  free(c.live.items);
  if (c.failed) {
    guest_free(c.to);
    c.to = NULL;
  }
  heap_release();
  return c.to;
}
