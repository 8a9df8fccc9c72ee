/* thaw_values.c - values and the contents of objects, read from an image into place and then checked against their types (value_ok).
 *
 * Interface: thaw_internal.h. References are checked when they are read: what they refer to has been defined, so its type is known, though its
 * contents may be yet to come.
 */
#include <stdlib.h>

#include "vm/thaw_internal.h"
#include "vm/utf8.h"

/* Values */

static bool held_grow(Thaw *t) {
  uint32_t size = t->held ? 2 * (t->held_mask + 1) : 64;
  uint64_t *grown = calloc(size, sizeof *grown);
  if (!grown) return thaw_out_of_memory(t);
  for (uint32_t i = 0; t->held && i <= t->held_mask; i++) {
    if (!t->held[i]) continue;
    uint32_t at = (uint32_t)(t->held[i] * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (size - 1);
    while (grown[at]) at = (at + 1) & (size - 1);
    grown[at] = t->held[i];
  }
  free(t->held);
  t->held = grown;
  t->held_mask = size - 1;
  return true;
}

/* Whether objects of a descriptor can be held as a trait. */
static bool trait_ok(Thaw *t, const ObjDesc *desc, const Type *trait) {
  if (2 * t->nheld >= t->held_mask && !held_grow(t)) return false;
  uint64_t pair = (uint64_t)desc->number << 32 | trait->id;
  uint32_t at = (uint32_t)(pair * UINT64_C(0x9e3779b97f4a7c15) >> 32) & t->held_mask;
  for (; t->held[at]; at = (at + 1) & t->held_mask) {
    if (t->held[at] == pair) return true;
  }
  if (desc->kind != OBJ_STRING && desc->kind != OBJ_INSTANCE && desc->kind != OBJ_ENUM && desc->kind != OBJ_BOX) return false;
  const Type *type = desc->kind == OBJ_STRING ? type_simple(t->program->types, TYPE_STRING) : desc->type;
  if (!type || !type_judge_holds(t->judge, type, trait)) return false;
  t->held[at] = pair;
  t->nheld++;
  return true;
}

static bool ref_ok(Thaw *t, const Type *type, Value value) {
  if (!value_is_ref(value)) return false;
  const ObjDesc *desc = obj_desc(value.p);
  switch (type->kind) {
    case TYPE_STRING: return desc->kind == OBJ_STRING;
    case TYPE_BYTES: return desc->kind == OBJ_BYTES;
    case TYPE_TASK: return desc->kind == OBJ_TASK;
    case TYPE_TRAIT: return trait_ok(t, desc, type);
    case TYPE_FN: return desc->kind == OBJ_CLOSURE && desc->type == type;
    default: return desc->type == type && desc->kind != OBJ_BOX && desc->kind != OBJ_CLOSURE;
  }
}

static bool slots_are_zero(const Value *slots, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (slots[i].u) return false;
  }
  return true;
}

static bool value_ok(Thaw *t, const Type *type, const Value *slots);

static bool opt_ok(Thaw *t, const Type *type, const Value *slots) {
  const Type *payload = type_opt_payload(type);
  uint64_t depth = type_opt_depth(type);
  switch (type_opt_form(type)) {
    case OPT_REF: return slots->u < depth || value_ok(t, payload, slots);
    case OPT_SCALAR: return (slots->i < 0 && slots->i >= -(int64_t)depth) || value_ok(t, payload, slots);
    case OPT_FLOAT: return (slots->u > FLOAT_NIL(0) && slots->u <= FLOAT_NIL(depth)) || value_ok(t, payload, slots);
    case OPT_TAG: break;
  }
  if (slots->u == 1) return value_ok(t, payload, slots + 1);
  return (slots->u == 0 || (slots->u >= 2 && slots->u <= depth)) && slots_are_zero(slots + 1, type->slots - 1u);
}

/* Whether slots that were read hold a value of the type. References among them are nil or of objects that are there. */
static bool value_ok(Thaw *t, const Type *type, const Value *slots) {
  switch (type->kind) {
    case TYPE_VOID:
    case TYPE_INT: return true;
    case TYPE_BOOL: return slots->u <= 1;
    case TYPE_CHAR: return slots->u <= 0x10ffff && (slots->u < 0xd800 || slots->u > 0xdfff);
    case TYPE_FLOAT: return slots->f == slots->f || slots->u == CANONICAL_NAN;
    case TYPE_OPT: return opt_ok(t, type, slots);
    case TYPE_RESULT: {
      uint32_t width = type->slots - 1u;
      if (slots[width].u == 0) return value_ok(t, type->args[0], slots);
      return ref_ok(t, type->args[1], slots[width]) && slots_are_zero(slots, width);
    }
    case TYPE_TUPLE:
      for (uint32_t i = 0; i < type->nargs; i++) {
        if (!value_ok(t, type->args[i], slots)) return false;
        slots += type->args[i]->slots;
      }
      return true;
    default: return ref_ok(t, type, slots[0]);
  }
}

static bool get_case(Thaw *t, uint32_t number, Value *out) {
  uint32_t tag = image_get32(&t->in);
  const ObjDesc *desc = number < t->nplans ? t->plans[number]->desc : NULL;
  bool is_case = desc && desc->kind == OBJ_ENUM && tag < t->program->module->enums[desc->type->decl].ncases && desc->case_slots[tag] == 0;
  if (is_case) out->p = desc->empty_cases[tag];
  return is_case || image_fail(&t->in, "a case that there is not");
}

static bool get_string_constant(Thaw *t, uint32_t index, Value *out) {
  if (index >= STRING_TINY_FIRST && index < STRING_TINY_FIRST + STRING_TINIES) out->p = string_tiny(index - STRING_TINY_FIRST);
  else if (index < t->program->module->nstrings) out->p = t->program->strings[index];
  else return image_fail(&t->in, "a string that there is not");
  return true;
}

bool thaw_ref(Thaw *t, Value *out) {
  uint32_t ref = image_get32(&t->in), number = ref >> IMAGE_REF_SHIFT;
  out->u = 0;
  switch (ref & ((1u << IMAGE_REF_SHIFT) - 1)) {
    case IMAGE_REF_NIL:
      out->u = number;
      return number <= REF_NIL_MAX || image_fail(&t->in, "a nil that there is not");
    case IMAGE_REF_STRING: return get_string_constant(t, number, out);
    case IMAGE_REF_CASE: return get_case(t, number, out);
    default:
      if (number >= t->nobjects) return image_fail(&t->in, "an object that there is not");
      out->p = t->objects[number].object;
      return true;
  }
}

static bool get_slots(Thaw *t, Value *slots, const uint8_t *classes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (classes[i] == SLOT_RAW) slots[i].u = image_get64(&t->in);
    else if (!thaw_ref(t, &slots[i])) return false;
  }
  return !t->in.failed;
}

bool thaw_value(Thaw *t, Value *slots, const Type *type) {
  type_slot_classes(type, t->classes);
  if (!get_slots(t, slots, t->classes, type->slots)) return false;
  return value_ok(t, type, slots) || image_fail(&t->in, "a value is not of its type");
}

/* Contents */

static bool slots_ok(Thaw *t, const Plan *plan, uint32_t which, const Value *slots) {
  if (plan->is_trivial) return true;
  for (uint32_t i = plan->first[which]; i < plan->first[which + 1]; i++) {
    if (!value_ok(t, plan->values[i].type, slots + plan->values[i].slot)) return image_fail(&t->in, "a value is not of its type");
  }
  return true;
}

static bool get_string(Thaw *t, String *s) {
  if (!image_get_bytes(&t->in, s->bytes, s->length)) return false;
  return utf8_valid(s->bytes, s->length) || image_fail(&t->in, "a string is not UTF-8");
}

static bool numbers_ok(const List *list, const ObjDesc *desc) {
  if (desc->elem_size == 1) {
    uint8_t any = 0;
    for (int64_t i = 0; i < list->length; i++) any |= ((const uint8_t *)list->data)[i];
    return any <= 1;
  }
  for (int64_t i = 0; i < list->length; i++) {
    uint32_t c = ((const uint32_t *)list->data)[i];
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return false;
  }
  return true;
}

static bool get_list(Thaw *t, const Plan *plan, List *list) {
  const ObjDesc *desc = plan->desc;
  size_t slots = desc->elem_slots, size = slots == 1 ? desc->elem_size : sizeof(Value) * slots;
  if (size == 0 || list->capacity == 0) return true;
  list->data = desc->has_refs ? heap_buffer(t->guest, (size_t)list->capacity * size, true) : heap_buffer_raw(t->guest, (size_t)list->capacity * size);
  if (!list->data) return thaw_out_of_memory(t);
  size_t count = (size_t)list->length;
  if (!desc->has_refs && slots == 1 && size < sizeof(Value)) {
    if (!image_get_numbers(&t->in, list->data, count, size)) return false;
    return numbers_ok(list, desc) || image_fail(&t->in, "a value is not of its type");
  }
  Value *at = list->data;
  if (!desc->has_refs) {
    if (!image_get_numbers(&t->in, at, count * slots, sizeof *at)) return false;
    for (size_t i = 0; i < count && !plan->is_trivial; i++) {
      if (!slots_ok(t, plan, 0, at + i * slots)) return false;
    }
    return true;
  }
  uint8_t classes[TYPE_SLOTS_MAX];
  type_slot_classes(desc->type->args[0], classes);
  for (size_t i = 0; i < count; i++, at += slots) {
    if (!get_slots(t, at, classes, (uint32_t)slots) || !slots_ok(t, plan, 0, at)) return false;
  }
  return true;
}

static bool get_bytes(Thaw *t, Bytes *bytes) {
  if (bytes->capacity == 0) return true;
  bytes->data = heap_buffer(t->guest, (size_t)bytes->capacity, false);
  return bytes->data ? image_get_bytes(&t->in, bytes->data, (size_t)bytes->length) : thaw_out_of_memory(t);
}

static bool get_map(Thaw *t, const Plan *plan, Map *map) {
  const ObjDesc *desc = plan->desc;
  uint8_t keys[TYPE_SLOTS_MAX], values[TYPE_SLOTS_MAX];
  type_slot_classes(desc->type->args[0], keys);
  type_slot_classes(desc->type->args[1], values);
  uint64_t live = image_get64(&t->in);
  int64_t last = -1;
  Value entry[2 * TYPE_SLOTS_MAX];
  for (uint64_t i = 0; i < live; i++) {
    int64_t at = image_get32(&t->in);
    uint32_t mark = desc->key_form == KEY_OPAQUE ? image_get32(&t->in) : 0;
    if (!get_slots(t, entry, keys, desc->elem_slots) || !get_slots(t, entry + desc->elem_slots, values, desc->value_slots)) return false;
    if (!slots_ok(t, plan, 0, entry)) return false;
    if (at <= last || !map_restore_entry(map, at, mark, entry)) return image_fail(&t->in, "a map's entries are wrong");
    last = at;
  }
  return last + 1 == map->used || image_fail(&t->in, "a map's entries are wrong");
}

static bool get_enum(Thaw *t, const Plan *plan, EnumObj *object) {
  for (uint32_t i = plan->first[object->tag]; i < plan->first[object->tag + 1]; i++) {
    if (!thaw_value(t, object->slots + plan->values[i].slot, plan->values[i].type)) return false;
  }
  return true;
}

bool thaw_object(Thaw *t, Obj *object, const Plan *plan) {
  const ObjDesc *desc = plan->desc;
  switch (desc->kind) {
    case OBJ_STRING: return get_string(t, (String *)object);
    case OBJ_BYTES: return get_bytes(t, (Bytes *)object);
    case OBJ_LIST: return get_list(t, plan, (List *)object);
    case OBJ_MAP: return get_map(t, plan, (Map *)object);
    case OBJ_ENUM: return get_enum(t, plan, (EnumObj *)object);
    case OBJ_TASK: return thaw_task(t, (Task *)object);
    default: break;
  }
  Value *slots = desc->kind == OBJ_CLOSURE ? ((Closure *)object)->slots : ((Instance *)object)->slots;
  return get_slots(t, slots, desc->slot_classes, desc->nslots) && slots_ok(t, plan, 0, slots);
}
