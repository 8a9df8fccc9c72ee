/* walk.h - what objects and frames hold, for walks over all that a guest has: measuring, hashing, copying and freezing it.
 *
 * A walk gives a function that is called with each run of slots and their classes (SlotClass), in the order in which they lie: a value, an entry's key and
 * value, or all slots of an object whose slots have one class each. It may change the slots. What is here is inline, so that the walk's function can be too.
 *
 * Descriptors are passed along and headers never looked at: walks keep numbers of their own in them (OBJ_MOVED).
 */
#ifndef FIRN_VM_WALK_H
#define FIRN_VM_WALK_H

#include "vm/object.h"
#include "vm/program.h"

typedef void SlotsVisit(void *walk, Value *slots, const uint8_t *classes, uint32_t count);
#define WALK static inline __attribute__((always_inline))

/* A value of a type. */
WALK void value_visit(void *walk, SlotsVisit *visit, Value *slots, const Type *type) {
  uint8_t classes[TYPE_SLOTS_MAX];
  type_slot_classes(type, classes);
  visit(walk, slots, classes, type->slots);
}

WALK void elements_visit(void *walk, SlotsVisit *visit, const List *list, const ObjDesc *desc) {
  uint8_t classes[TYPE_SLOTS_MAX];
  type_slot_classes(desc->type->args[0], classes);
  Value *at = list->data;
  for (int64_t i = 0; i < list->length; i++, at += desc->elem_slots) visit(walk, at, classes, desc->elem_slots);
}

/* The first entry that is present at *position or behind it, which *position then is: its control word, its key, its value. NULL if there is none. */
WALK Value *map_entry_from(const Map *map, const ObjDesc *desc, int64_t *position) {
  size_t stride = 1u + desc->elem_slots + desc->value_slots;
  for (int64_t at = *position < map->first ? map->first : *position; at < map->used; at++) {
    Value *entry = map->entries + (size_t)at * stride;
    if (!(entry->u & MAP_PRESENT)) continue;
    *position = at;
    return entry;
  }
  return NULL;
}

/* The classes of an entry's slots behind its control word; returns how many there are. */
static inline uint32_t entry_classes(const ObjDesc *desc, uint8_t classes[2 * TYPE_SLOTS_MAX]) {
  type_slot_classes(desc->type->args[0], classes);
  type_slot_classes(desc->type->args[1], classes + desc->elem_slots);
  return desc->elem_slots + desc->value_slots;
}

WALK void entries_visit(void *walk, SlotsVisit *visit, const Map *map, const ObjDesc *desc) {
  uint8_t classes[2 * TYPE_SLOTS_MAX];
  uint32_t count = entry_classes(desc, classes);
  Value *entry;
  for (int64_t at = 0; (entry = map_entry_from(map, desc, &at)); at++) visit(walk, entry + 1, classes, count);
}

/* A slot that is a reference in one case may hold a number in another. */
WALK void payload_visit(void *walk, SlotsVisit *visit, EnumObj *object, const ObjDesc *desc) {
  uint32_t first = desc->case_first[object->tag], count = desc->program->module->enums[desc->type->decl].cases[object->tag].nfields;
  for (uint32_t i = first; i < first + count; i++) value_visit(walk, visit, object->slots + desc->field_slots[i], desc->field_types[i]);
}

/* All values of an object that is no task; none of strings and bytes. Elements of lists must be of 8 bytes a slot. */
WALK void object_visit(void *walk, SlotsVisit *visit, Obj *object, const ObjDesc *desc) {
  switch (desc->kind) {
    case OBJ_STRING:
    case OBJ_BYTES:
    case OBJ_TASK: break;
    case OBJ_LIST: elements_visit(walk, visit, (const List *)object, desc); break;
    case OBJ_MAP: entries_visit(walk, visit, (const Map *)object, desc); break;
    case OBJ_ENUM: payload_visit(walk, visit, (EnumObj *)object, desc); break;
    case OBJ_CLOSURE: visit(walk, ((Closure *)object)->slots, desc->slot_classes, desc->nslots); break;
    case OBJ_INSTANCE:
    case OBJ_CELL:
    case OBJ_BOX: visit(walk, ((Instance *)object)->slots, desc->slot_classes, desc->nslots); break;
  }
}

/* The live values of a task's frame, counted from the outermost. Operands of the instruction at which a guest has ended are left out: they are not where
 * they belong. False when memory is out. */
WALK bool frame_visit(void *walk, SlotsVisit *visit, LiveCache *cache, const Guest *guest, const Task *task, uint32_t which) {
  const Frame *frame = &task->frames[which];
  bool in_call = which + 1 < task->nframes, has_ended = guest->status == GUEST_FAILED || guest->status == GUEST_FINISHED;
  const LiveValues *live = live_find(cache, frame->code, frame->pc, in_call);
  if (!live) return false;
  for (uint32_t i = 0; i < live->count; i++) {
    const LiveValue *value = &live->items[i];
    if (has_ended && !in_call && value->slot >= frame->code->nlocals_slots) break;
    value_visit(walk, visit, task->slots + frame->base + value->slot, value->type);
  }
  return true;
}

/* Bytes of an object's own block, without its buffers. */
static inline size_t object_size(const Obj *object, const ObjDesc *desc) {
  switch (desc->kind) {
    case OBJ_STRING: return sizeof(String) + ((const String *)object)->length + 1;
    case OBJ_BYTES: return sizeof(Bytes);
    case OBJ_LIST: return sizeof(List);
    case OBJ_MAP: return sizeof(Map);
    case OBJ_TASK: return sizeof(Task);
    case OBJ_CLOSURE: return sizeof(Closure) + desc->nslots * sizeof(Value);
    default: return sizeof(Obj) + desc->nslots * sizeof(Value); /* the tag of an ENUM counts in nslots */
  }
}

#endif
