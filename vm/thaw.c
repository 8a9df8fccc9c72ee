/* thaw.c - guest_thaw: any bytes become a valid guest or an error. Interface: image.h; the format is spec.md's ("Images").
 *
 * Nothing is believed. Types are judged by the verifier's rules; a frame's code must be what its caller's call reaches, and its values are those that
 * the verifier says are live at its pc; each value is read into place and then checked against its type (value_ok). An object's room is made when it is
 * defined, its contents come in the order of definition, so every reference can be checked when it is read.
 *
 * Collection is held off until all is in place: objects under construction are reached from here only.
 */
#include <stdio.h>
#include <stdlib.h>

#include "vm/execute.h"
#include "vm/image_stream.h"
#include "vm/object.h"
#include "vm/utf8.h"
#include "vm/verify.h"

/* The values that objects of a descriptor hold, for checking: those of case k begin at first[k] (objects without cases have one). */
typedef struct Plan {
  const ObjDesc *desc;
  LiveValue *values;
  uint32_t *first;  /* ncases + 1 entries */
  bool is_trivial;  /* any slots are right */
  uint64_t count, bytes; /* of objects so far */
} Plan;

typedef struct Made {
  Obj *object;
  uint32_t plan;
} Made;

typedef struct Thaw {
  ImageReader in;
  Program *program;
  bool owns_program;
  TypeJudge *judge;
  Guest *guest;
  const Type **types;
  Code **codes;
  Plan **plans;      /* by descriptor; each stays where it is */
  Made *objects;
  uint32_t ntypes, types_cap, ncodes, codes_cap, nplans, plans_cap, nobjects, objects_cap;
  uint64_t *held;    /* (descriptor number, trait type id) pairs that are known to hold; open addressing, 0 free */
  uint32_t nheld, held_mask;
  Task **listed;
  uint32_t nlisted;
  uint64_t tasks_made;
  uint64_t memory_left;
  uint8_t classes[TYPE_SLOTS_MAX];
  LiveCache live;
} Thaw;

#define LIVE_WORK_MAX (UINT64_C(1) << 28) /* more than any program's stack takes, and some seconds */

static bool fail_memory(Thaw *t) { return image_fail(&t->in, "out of memory"); }

/* Makes room for one more element. */
static bool array_grow(Thaw *t, void *array, uint32_t count, uint32_t *cap, size_t size) {
  if (count < *cap) return true;
  uint32_t more = *cap ? 2 * *cap : 64;
  void *grown = more > *cap ? realloc(*(void **)array, more * size) : NULL;
  if (!grown) return fail_memory(t);
  *(void **)array = grown;
  *cap = more;
  return true;
}
#define ROOM(t, array, count, cap) array_grow((t), &(t)->array, (t)->count, &(t)->cap, sizeof *(t)->array)

static bool memory_take(Thaw *t, uint64_t count, uint64_t size) {
  uint64_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > t->memory_left) return image_fail(&t->in, "the guest needs more memory than it may have");
  t->memory_left -= bytes;
  return true;
}

/* Values */

static bool held_grow(Thaw *t) {
  uint32_t size = t->held ? 2 * (t->held_mask + 1) : 64;
  uint64_t *grown = calloc(size, sizeof *grown);
  if (!grown) return fail_memory(t);
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

static bool get_ref(Thaw *t, Value *out) {
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
    else if (!get_ref(t, &slots[i])) return false;
  }
  return !t->in.failed;
}

static bool get_value(Thaw *t, Value *slots, const Type *type) {
  type_slot_classes(type, t->classes);
  if (!get_slots(t, slots, t->classes, type->slots)) return false;
  return value_ok(t, type, slots) || image_fail(&t->in, "a value is not of its type");
}

/* Definitions */

typedef struct Defs {
  Thaw *t;
  const uint8_t *at, *end;
} Defs;

static uint64_t def(Defs *d) { return image_get_def(&d->t->in, &d->at, d->end); }

static const Type *def_type_ref(Defs *d) {
  uint64_t number = def(d);
  if (number < d->t->ntypes) return d->t->types[number];
  image_fail(&d->t->in, "a type that there is not");
  return NULL;
}

static bool define_type(Defs *d) {
  Thaw *t = d->t;
  uint64_t kind = def(d), decl = def(d), nargs = def(d);
  const Type *args[TYPE_ARGS_MAX];
  if (t->in.failed) return false;
  if (kind >= TYPE_KIND_END || kind == TYPE_PARAM || decl > UINT32_MAX || nargs > TYPE_ARGS_MAX) return image_fail(&t->in, "a type is not well-formed");
  for (uint32_t i = 0; i < nargs; i++) {
    if (!(args[i] = def_type_ref(d))) return false;
  }
  if (!memory_take(t, sizeof(Type) + nargs * sizeof *args + sizeof *t->types, 2)) return false; /* of the program's table and the module's */
  const Type *type = type_intern(t->program->types, (TypeKind)kind, (uint32_t)decl, args, (uint32_t)nargs);
  if (!type || type->slots > TYPE_SLOTS_MAX || !type_judge_accepts(t->judge, type)) return image_fail(&t->in, "a type is not well-formed");
  if (!ROOM(t, types, ntypes, types_cap)) return false;
  t->types[t->ntypes++] = type;
  return true;
}

static bool define_code(Defs *d) {
  Thaw *t = d->t;
  uint64_t number = def(d), ntargs = def(d);
  const Type *targs[MODULE_TPARAMS_MAX];
  if (t->in.failed) return false;
  const Function *function = number <= UINT32_MAX ? program_function(t->program, (uint32_t)number) : NULL;
  if (!function || ntargs != function->ntparams) return image_fail(&t->in, "a function that there is not");
  for (uint32_t i = 0; i < ntargs; i++) {
    if (!(targs[i] = def_type_ref(d))) return false;
  }
  if (!type_judge_bounds(t->judge, function->tparams, function->ntparams, targs)) return image_fail(&t->in, "type arguments do not meet their bounds");
  Trap trap;
  uint32_t ncodes = t->program->ncodes;
  Code *code = program_code_numbered(t->program, (uint32_t)number, targs, (uint32_t)ntargs, &trap);
  if (!code) return image_fail(&t->in, "%s", trap_message(trap));
  uint64_t made = t->program->ncodes > ncodes ? sizeof *code + (uint64_t)code->ninsns * sizeof *code->insns : 0;
  if (!memory_take(t, made + sizeof *t->codes, 1)) return false;
  if (!ROOM(t, codes, ncodes, codes_cap)) return false;
  t->codes[t->ncodes++] = code;
  return true;
}

/* Whether `code` can be behind a function value of `type`: its parameters begin with the type's, and its last `nslots` slots of arguments are the rest. */
static bool is_closure_of(const Type *type, const Code *code, uint64_t nslots) {
  uint32_t nparams = type->nargs - 1, nheld = 0;
  if (code->function_index >= code->program->module->nfunctions || code->function->nparams < nparams) return false;
  if (code_result_type(code) != type->args[nparams]) return false;
  for (uint32_t i = 0; i < code->function->nparams; i++) {
    if (i < nparams && code->local_types[i] != type->args[i]) return false;
    if (i >= nparams) nheld += code->local_types[i]->slots;
  }
  return nheld == nslots;
}

static const ObjDesc *def_closure(Defs *d, const Type *type) {
  Thaw *t = d->t;
  uint64_t number = def(d), nslots = def(d);
  if (t->in.failed) return NULL;
  if (type->kind != TYPE_FN || number >= t->ncodes || !is_closure_of(type, t->codes[number], nslots)) return NULL;
  return desc_closure(t->program, type, t->codes[number], (uint32_t)nslots);
}

static bool is_boxed(const Type *type) {
  return type->kind != TYPE_CLASS && type->kind != TYPE_ENUM && type->kind != TYPE_STRING && type->kind != TYPE_TRAIT;
}

static const ObjDesc *def_desc(Defs *d, uint64_t kind, const Type *type) {
  static const uint8_t kinds[] = {[OBJ_LIST] = TYPE_LIST, [OBJ_MAP] = TYPE_MAP, [OBJ_INSTANCE] = TYPE_CLASS, [OBJ_ENUM] = TYPE_ENUM, [OBJ_CELL] = TYPE_CELL};
  switch (kind) {
    case OBJ_LIST: case OBJ_MAP: case OBJ_INSTANCE: case OBJ_ENUM: case OBJ_CELL:
      return type->kind == kinds[kind] ? desc_for(d->t->program, type) : NULL;
    case OBJ_BOX: return is_boxed(type) ? desc_box(d->t->program, type) : NULL;
    case OBJ_CLOSURE: return def_closure(d, type);
    default: return NULL;
  }
}

/* Plans */

static uint32_t case_count(const ObjDesc *desc) { return desc->kind == OBJ_ENUM ? desc->program->module->enums[desc->type->decl].ncases : 1; }

static bool plan_add(Thaw *t, Plan *plan, uint32_t *count, uint32_t *cap, uint32_t slot, const Type *type) {
  if (!type || !array_grow(t, &plan->values, *count, cap, sizeof *plan->values)) return fail_memory(t);
  if (type->kind != TYPE_INT) plan->is_trivial = false;
  plan->values[(*count)++] = (LiveValue){slot, type};
  return true;
}

/* The type of a field of a generic declaration. */
static const Type *field_type(const ObjDesc *desc, const Field *field) {
  return type_subst(desc->program->types, field->type, desc->type->args, desc->type->nargs);
}

static bool plan_closure(Thaw *t, Plan *plan, uint32_t *count, uint32_t *cap) {
  const Code *code = plan->desc->code;
  uint32_t base = code->nargs_slots - plan->desc->nslots;
  for (uint32_t i = plan->desc->type->nargs - 1; i < code->function->nparams; i++) {
    if (!plan_add(t, plan, count, cap, code->local_slots[i] - base, code->local_types[i])) return false;
  }
  return true;
}

static bool plan_values(Thaw *t, Plan *plan, uint32_t *count, uint32_t *cap, uint32_t which) {
  const ObjDesc *desc = plan->desc;
  const Module *m = t->program->module;
  switch (desc->kind) {
    case OBJ_INSTANCE:
      for (uint32_t i = 0; i < m->classes[desc->type->decl].nfields; i++) {
        if (!plan_add(t, plan, count, cap, desc->field_slots[i], field_type(desc, &m->classes[desc->type->decl].fields[i]))) return false;
      }
      return true;
    case OBJ_ENUM: {
      const Case *decl = &m->enums[desc->type->decl].cases[which];
      for (uint32_t i = 0; i < decl->nfields; i++) {
        if (!plan_add(t, plan, count, cap, desc->field_slots[desc->case_first[which] + i], field_type(desc, &decl->fields[i]))) return false;
      }
      return true;
    }
    case OBJ_CLOSURE: return plan_closure(t, plan, count, cap);
    case OBJ_CELL:
    case OBJ_LIST: return plan_add(t, plan, count, cap, 0, desc->type->args[0]);
    case OBJ_BOX: return plan_add(t, plan, count, cap, 0, desc->type);
    case OBJ_MAP:
      return plan_add(t, plan, count, cap, 0, desc->type->args[0]) && plan_add(t, plan, count, cap, desc->elem_slots, desc->type->args[1]);
    default: return true;
  }
}

static bool plan_new(Thaw *t, const ObjDesc *desc) {
  if (!ROOM(t, plans, nplans, plans_cap)) return false;
  uint32_t ncases = case_count(desc), count = 0, cap = 0;
  if (!memory_take(t, sizeof(Plan) + (ncases + UINT64_C(1)) * sizeof(uint32_t), 1)) return false;
  Plan *plan = calloc(1, sizeof *plan);
  if (!plan) return fail_memory(t);
  t->plans[t->nplans++] = plan;
  *plan = (Plan){.desc = desc, .is_trivial = true, .first = calloc((size_t)ncases + 1, sizeof *plan->first)};
  if (!plan->first) return fail_memory(t);
  for (uint32_t k = 0; k < ncases; k++) {
    if (!plan_values(t, plan, &count, &cap, k)) return false;
    plan->first[k + 1] = count;
  }
  return memory_take(t, cap, sizeof *plan->values);
}

static bool define_desc(Defs *d) {
  Thaw *t = d->t;
  uint64_t kind = def(d);
  const Type *type = def_type_ref(d);
  if (!type) return false;
  const ObjDesc *desc = def_desc(d, kind, type);
  return desc ? plan_new(t, desc) : image_fail(&t->in, "a kind of object that there is not");
}

/* Objects */

static Obj *string_define(Defs *d) {
  uint64_t length = def(d);
  if (length > STRING_MAX || !memory_take(d->t, length + sizeof(String) + 1, 1)) return NULL;
  return (Obj *)string_alloc(d->t->guest, length);
}

/* Contents of lists and bytes get room when they are read. */
static Obj *list_define(Defs *d, const ObjDesc *desc) {
  uint64_t length = def(d), capacity = def(d);
  size_t size = desc->kind == OBJ_BYTES ? 1 : desc->elem_slots == 1 ? desc->elem_size : sizeof(Value) * desc->elem_slots;
  if (length > capacity || capacity > LIST_MAX || (size == 0 && capacity != LIST_MAX)) return NULL;
  if (!memory_take(d->t, capacity, size) || !memory_take(d->t, sizeof(List), 1)) return NULL;
  if (desc->kind == OBJ_BYTES) {
    Bytes *bytes = heap_object(d->t->guest, desc, sizeof *bytes);
    if (bytes) *bytes = (Bytes){bytes->header, (int64_t)length, (int64_t)capacity, NULL};
    return (Obj *)bytes;
  }
  List *list = heap_object(d->t->guest, desc, sizeof *list);
  if (list) *list = (List){list->header, (int64_t)length, (int64_t)capacity, NULL};
  return (Obj *)list;
}

static Obj *map_define(Defs *d, const ObjDesc *desc) {
  uint64_t used = def(d), capacity = def(d), version = def(d);
  if (!memory_take(d->t, capacity, map_entry_bytes(desc)) || !memory_take(d->t, sizeof(Map), 1)) return NULL;
  return (Obj *)map_restore(d->t->guest, desc, used, capacity, version);
}

static Obj *enum_define(Defs *d, const ObjDesc *desc) {
  uint64_t tag = def(d);
  if (tag >= case_count(desc) || desc->case_slots[tag] == 0) return NULL;
  size_t size = sizeof(Obj) + desc->nslots * sizeof(Value);
  EnumObj *object = memory_take(d->t, size, 1) ? heap_object(d->t->guest, desc, size) : NULL;
  if (object) object->tag = (int64_t)tag;
  return (Obj *)object;
}

static Obj *task_define(Defs *d) {
  return memory_take(d->t, sizeof(Task), 1) ? (Obj *)task_blank(d->t->guest) : NULL;
}

static Obj *plain_define(Defs *d, const ObjDesc *desc) {
  bool is_closure = desc->kind == OBJ_CLOSURE;
  size_t size = (is_closure ? sizeof(Closure) : sizeof(Instance)) + desc->nslots * sizeof(Value);
  Obj *object = memory_take(d->t, size, 1) ? heap_object(d->t->guest, desc, size) : NULL;
  if (object && is_closure) ((Closure *)object)->code = desc->code;
  return object;
}

static bool define_object(Defs *d, uint64_t number) {
  Thaw *t = d->t;
  if (number >= t->nplans) return image_fail(&t->in, "a kind of object that there is not");
  if (!memory_take(t, sizeof *t->objects, 1) || !ROOM(t, objects, nobjects, objects_cap)) return false;
  const ObjDesc *desc = t->plans[number]->desc;
  uint64_t left = t->memory_left;
  Obj *object = NULL;
  switch (desc->kind) {
    case OBJ_STRING: object = string_define(d); break;
    case OBJ_BYTES:
    case OBJ_LIST: object = list_define(d, desc); break;
    case OBJ_MAP: object = map_define(d, desc); break;
    case OBJ_ENUM: object = enum_define(d, desc); break;
    case OBJ_TASK: object = task_define(d); break;
    default: object = plain_define(d, desc); break;
  }
  if (!object) return image_fail(&t->in, "an object can't be made: its size is wrong, or memory is out");
  if (t->nobjects == IMAGE_OBJECTS_MAX) return image_fail(&t->in, "too many objects");
  t->plans[number]->count++;
  t->plans[number]->bytes += left - t->memory_left;
  t->objects[t->nobjects++] = (Made){object, (uint32_t)number};
  return true;
}

static bool define(void *ctx, const uint8_t *at, const uint8_t *end) {
  Defs d = {ctx, at, end};
  Thaw *t = ctx;
  while (d.at < d.end && !t->in.failed) {
    uint64_t what = def(&d);
    switch (what) {
      case IMAGE_DEF_TYPE: define_type(&d); break;
      case IMAGE_DEF_CODE: define_code(&d); break;
      case IMAGE_DEF_DESC: define_desc(&d); break;
      default: define_object(&d, what - IMAGE_DEF_OBJECT); break;
    }
  }
  return !t->in.failed;
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
  if (!list->data) return fail_memory(t);
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
  return bytes->data ? image_get_bytes(&t->in, bytes->data, (size_t)bytes->length) : fail_memory(t);
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
    if (!get_value(t, object->slots + plan->values[i].slot, plan->values[i].type)) return false;
  }
  return true;
}

static bool get_task(Thaw *t, Task *task);

static bool get_object(Thaw *t, Obj *object, const Plan *plan) {
  const ObjDesc *desc = plan->desc;
  switch (desc->kind) {
    case OBJ_STRING: return get_string(t, (String *)object);
    case OBJ_BYTES: return get_bytes(t, (Bytes *)object);
    case OBJ_LIST: return get_list(t, plan, (List *)object);
    case OBJ_MAP: return get_map(t, plan, (Map *)object);
    case OBJ_ENUM: return get_enum(t, plan, (EnumObj *)object);
    case OBJ_TASK: return get_task(t, (Task *)object);
    default: break;
  }
  Value *slots = desc->kind == OBJ_CLOSURE ? ((Closure *)object)->slots : ((Instance *)object)->slots;
  return get_slots(t, slots, desc->slot_classes, desc->nslots) && slots_ok(t, plan, 0, slots);
}

/* State */

static char *get_text(Thaw *t, size_t *length) {
  uint64_t size = image_get64(&t->in);
  if (t->in.failed || size > STRING_MAX || !memory_take(t, size + 1, 1)) {
    image_fail(&t->in, "a text is too long");
    return NULL;
  }
  char *text = malloc(size + 1);
  if (!text) fail_memory(t);
  if (!text || !image_get_bytes(&t->in, text, size)) {
    free(text);
    return NULL;
  }
  text[size] = 0;
  *length = size;
  return text;
}

static bool get_args(Thaw *t) {
  uint32_t nargs = image_get32(&t->in);
  if (t->in.failed || nargs > IMAGE_ARGS_MAX) return image_fail(&t->in, "too many arguments");
  t->guest->own_args = calloc((size_t)nargs + 1, sizeof *t->guest->own_args);
  if (!t->guest->own_args) return fail_memory(t);
  t->guest->options.args = (const char *const *)t->guest->own_args;
  for (uint32_t i = 0; i < nargs; i++) {
    size_t length;
    char *arg = get_text(t, &length);
    if (!arg) return false;
    t->guest->own_args[i] = arg;
    t->guest->options.nargs = (int)i + 1;
    if (strlen(arg) != length) return image_fail(&t->in, "an argument has a NUL in it");
  }
  return true;
}

/* Whether a frame of `code` can have been entered by the call of `caller` that is under way. */
static bool callee_ok(Thaw *t, const Frame *caller, const Code *code) {
  CodeInsn *insn = &caller->code->insns[caller->pc - 1];
  Trap trap;
  switch (insn->op) {
    case OP_CALL: return program_callee(t->program, caller->code, insn, &trap) == code;
    case OP_CALL_FN: return is_closure_of(insn->t, code, code->nargs_slots - (uint64_t)insn->v);
    case OP_CALL_TRAIT: {
      const Type *receiver = code->function->nparams ? code->local_types[0] : NULL;
      if (!receiver || receiver->kind == TYPE_TRAIT || !type_judge_holds(t->judge, receiver, insn->t)) return false;
      return program_method_code(t->program, insn->t, insn->k, receiver, &trap) == code;
    }
    default: return false;
  }
}

static bool is_root(const Code *code) {
  TypeKind result = (TypeKind)code_result_type(code)->kind;
  return code->function->nparams == 0 && code->function->ntparams == 0 && (result == TYPE_INT || result == TYPE_VOID);
}

/* Whether a task can begin with a frame of `code`: with the main function, or with a function value's that returns nothing. */
static bool begins_task(const Thaw *t, const Task *task, const Code *code) {
  if (task == t->guest->main) return is_root(code);
  return code->function_index < t->program->module->nfunctions && code_result_type(code)->kind == TYPE_VOID;
}

static bool get_frame(Thaw *t, Task *task, bool in_call) {
  uint32_t number = image_get32(&t->in), pc = image_get32(&t->in), base = 0;
  if (t->in.failed) return false;
  if (number >= t->ncodes) return image_fail(&t->in, "a function that there is not");
  Code *code = t->codes[number];
  if (pc >= code->ninsns || (in_call && (pc == 0 || !(op_table[code->insns[pc - 1].op].flags & OP_CALLS)))) return image_fail(&t->in, "a frame is at no place of its code");
  if (task->nframes == 0) {
    if (!begins_task(t, task, code)) return image_fail(&t->in, "the outermost frame's function can't be one");
  } else {
    const Frame *caller = &task->frames[task->nframes - 1];
    if (!callee_ok(t, caller, code)) return image_fail(&t->in, "a frame's function is not what its caller calls");
    base = caller->base + caller->code->insns[caller->pc - 1].a;
  }
  if (!memory_take(t, code->frame_slots, sizeof(Value) + sizeof(Frame))) return false;
  Trap trap = task_room(t->guest, task, (uint64_t)base + code->frame_slots);
  if (trap != TRAP_NONE) return image_fail(&t->in, "%s", trap_message(trap));
  Value *slots = task->slots + base;
  memset(slots, 0, code->frame_slots * sizeof *slots);
  t->live.work += code->frame_slots / 16;
  task->frames[task->nframes++] = (Frame){code, pc, base};
  task->top = base + code->insns[pc].sp;
  const LiveValues *live = live_find(&t->live, code, pc, in_call);
  if (!live) return fail_memory(t);
  if (t->live.work > LIVE_WORK_MAX) return image_fail(&t->in, "the stack takes too long to check");
  for (uint32_t i = 0; i < live->count; i++) {
    if (!get_value(t, slots + live->items[i].slot, live->items[i].type)) return false;
  }
  return true;
}

static bool get_task(Thaw *t, Task *task) {
  task->number = image_get64(&t->in);
  task->state = image_get8(&t->in);
  uint32_t nframes = image_get32(&t->in);
  if (t->in.failed) return false;
  if (task->number == 0 || task->number > t->tasks_made) return image_fail(&t->in, "a task's number is wrong");
  if (task->state > TASK_ENDED || (task->state == TASK_ENDED) != (nframes == 0)) return image_fail(&t->in, "a task's state is wrong");
  for (uint32_t i = 0; i < nframes; i++) {
    if (!get_frame(t, task, i + 1 < nframes)) return false;
  }
  return true;
}

static Task *get_task_ref(Thaw *t) {
  Value value = {.u = 0};
  if (!get_ref(t, &value)) return NULL;
  if (value_is_ref(value) && obj_desc(value.p) == &desc_task) return value.p;
  image_fail(&t->in, "what should be a task is none");
  return NULL;
}

/* The queue, or the list: tasks in their order, in what is malloc'd. */
static Task **get_task_refs(Thaw *t, uint32_t *count) {
  *count = image_get32(&t->in);
  if (t->in.failed || *count > t->nobjects) {
    image_fail(&t->in, "more tasks than there are");
    return NULL;
  }
  Task **tasks = calloc((size_t)*count + 1, sizeof *tasks);
  if (!tasks) fail_memory(t);
  for (uint32_t i = 0; tasks && i < *count; i++) {
    if ((tasks[i] = get_task_ref(t))) continue;
    free(tasks);
    return NULL;
  }
  return tasks;
}

static bool get_tasks(Thaw *t) {
  Guest *guest = t->guest;
  uint64_t made = image_get64(&t->in);
  if (!(guest->main = get_task_ref(t)) || !(guest->task = get_task_ref(t))) return false;
  if (!(guest->ready = get_task_refs(t, &guest->nready))) return false;
  guest->ready_cap = guest->nready + 1;
  if (!(t->listed = get_task_refs(t, &t->nlisted))) return false;
  t->tasks_made = guest->tasks_made = made;
  return made < UINT64_MAX / 2 || image_fail(&t->in, "a task's number is wrong");
}

/* Once all contents are there: one task runs, the queue has just the ready ones, the list has what has been ready. */
static bool tasks_check(Thaw *t) {
  Guest *guest = t->guest;
  uint32_t nready = 0, nruns = 0;
  for (uint32_t i = 0; i < t->nobjects; i++) {
    const Task *task = (const Task *)t->objects[i].object;
    if (t->plans[t->objects[i].plan]->desc != &desc_task) continue;
    nready += task->state == TASK_READY;
    nruns += task->state == TASK_RUNS;
  }
  if (nruns != 1 || guest->task->state != TASK_RUNS || guest->main->state == TASK_ENDED) return image_fail(&t->in, "not one task runs");
  for (uint32_t i = 0; i < guest->nready; i++) {
    if (guest->ready[i]->state != TASK_READY) return image_fail(&t->in, "the queue is wrong");
    guest->ready[i]->state = TASK_RUNS; /* so that it is not there twice */
  }
  for (uint32_t i = 0; i < guest->nready; i++) guest->ready[i]->state = TASK_READY;
  if (nready != guest->nready) return image_fail(&t->in, "the queue is wrong");
  for (uint32_t i = 0; i < t->nlisted; i++) {
    if (t->listed[i]->is_listed || t->listed[i]->state == TASK_ENDED) return image_fail(&t->in, "the list of tasks is wrong");
    tasks_restore(guest, t->listed[i]);
  }
  return true;
}

static bool get_globals(Thaw *t) {
  for (uint32_t i = 0; i < t->program->module->nglobals; i++) {
    uint8_t is_set = image_get8(&t->in);
    if (is_set > 1) return image_fail(&t->in, "a global is neither set nor unset");
    t->guest->globals_set[i] = is_set;
    if (is_set && !get_value(t, t->guest->globals + t->program->global_slots[i], t->program->global_types[i])) return false;
  }
  return !t->in.failed;
}

/* The linked program: the host's, or made of the module in the image. */
static bool get_program(Thaw *t, const ThawOptions *options) {
  uint8_t hash[32], own[32];
  if (!image_get_bytes(&t->in, hash, sizeof hash)) return false;
  uint32_t length = image_get32(&t->in);
  if (options->census) {
    memcpy(options->census->hash, hash, sizeof hash);
    options->census->has_module = length > 0;
  }
  if (t->in.failed || length > MODULE_BYTES_MAX || !memory_take(t, length, 1)) return image_fail(&t->in, "the module is too large");
  uint8_t *bytes = malloc((size_t)length + 1);
  if (!bytes) return fail_memory(t);
  bool is_read = image_get_bytes(&t->in, bytes, length);
  if (is_read && options->find) t->program = options->find(options->find_ctx, hash);
  if (is_read && !t->program && length == 0) {
    char text[2 * sizeof hash + 1];
    for (size_t i = 0; i < sizeof hash; i++) snprintf(text + 2 * i, 3, "%02x", hash[i]);
    is_read = image_fail(&t->in, "the image needs module %s", text);
  }
  if (is_read && !t->program) {
    ModuleError error;
    Module *module = module_decode(bytes, length, &error);
    if (module) t->program = program_link(module, &error);
    t->owns_program = t->program != NULL;
    if (!t->program) is_read = image_fail(&t->in, "its module: %.150s", error.reason);
    else if (!module_hash(t->program->module, own) || memcmp(own, hash, sizeof hash) != 0) is_read = image_fail(&t->in, "its module has another hash");
  }
  free(bytes);
  return is_read;
}

static bool get_limits(Thaw *t, const ThawOptions *options) {
  Guest *guest = t->guest;
  uint8_t status = image_get8(&t->in);
  int64_t fuel = (int64_t)image_get64(&t->in), used = (int64_t)image_get64(&t->in);
  guest->allocated = image_get64(&t->in);
  uint32_t limit = image_get32(&t->in), most = options->guest.stack_slots ? options->guest.stack_slots : GUEST_STACK_SLOTS;
  if (t->in.failed) return false;
  if (status != GUEST_RUNNABLE && status != GUEST_PAUSED) return image_fail(&t->in, "the guest has ended");
  if (used < 0 || used > INT64_MAX / 2 || fuel < -used || fuel > INT64_MAX - used) return image_fail(&t->in, "the fuel is out of range");
  if (limit > most) return image_fail(&t->in, "the guest needs a stack of %u slots, and may have %u", limit, most);
  guest->status = (GuestStatus)status;
  guest->fuel = fuel;
  guest->granted = used + fuel;
  guest->options.stack_slots = limit;
  return true;
}

static bool get_guest(Thaw *t, const ThawOptions *options, Thawed *thawed) {
  t->guest = guest_blank(t->program, &options->guest);
  t->judge = type_judge_new(t->program->module);
  if (!t->guest || !t->judge) return fail_memory(t);
  t->guest->options.args = NULL;
  t->guest->options.nargs = 0;
  t->in.define = define;
  t->in.define_ctx = t;
  if (!plan_new(t, &desc_string) || !plan_new(t, &desc_bytes) || !plan_new(t, &desc_task)) return false;
  if (!get_limits(t, options) || !get_args(t)) return false;
  uint64_t allocated = t->guest->allocated;
  thawed->input = get_text(t, &thawed->input_length);
  if (!thawed->input) return false;
  if (!get_tasks(t) || !get_globals(t)) return false;
  for (uint32_t i = 0; i < t->nobjects; i++) {
    if (!get_object(t, t->objects[i].object, t->plans[t->objects[i].plan])) return false;
  }
  for (uint32_t i = 0; i < t->nobjects; i++) {
    bool is_map = t->plans[t->objects[i].plan]->desc->kind == OBJ_MAP;
    if (is_map && !map_restore_index((Map *)t->objects[i].object)) return image_fail(&t->in, "a map has a key twice, or memory is out");
  }
  uint64_t made = t->tasks_made;
  t->guest->allocated = allocated;
  t->guest->tasks_made = made;
  return tasks_check(t);
}

static void census_fill(const Thaw *t, ImageCensus *census) {
  census->rows = calloc((size_t)t->nplans + 1, sizeof *census->rows);
  for (uint32_t i = 0; census->rows && i < t->nplans; i++) {
    const Plan *plan = t->plans[i];
    if (plan->count) census->rows[census->nrows++] = (ImageRow){plan->desc, plan->count, plan->bytes};
  }
  census->packed = t->in.next;
  census->unpacked = t->in.unpacked;
}

bool guest_thaw(const ImageSource *source, const ThawOptions *options, Thawed *thawed, ModuleError *error) {
  Thaw t = {.memory_left = options->memory_max ? options->memory_max : heap_memory_max()};
  *thawed = (Thawed){0};
  heap_hold();
  image_reader_start(&t.in, source, error);
  bool done = get_program(&t, options) && get_guest(&t, options, thawed);
  done = image_reader_end(&t.in) && done;
  if (done && options->census) census_fill(&t, options->census);
  type_judge_free(t.judge);
  for (uint32_t i = 0; i < t.nplans; i++) {
    free(t.plans[i]->values);
    free(t.plans[i]->first);
    free(t.plans[i]);
  }
  free(t.plans);
  free(t.types);
  free(t.codes);
  free(t.objects);
  free(t.held);
  free(t.listed);
  live_free(&t.live);
  if (done) {
    thawed->guest = t.guest;
    thawed->program = t.program;
  } else {
    guest_free(t.guest);
    if (t.owns_program) program_free(t.program);
    free(thawed->input);
    *thawed = (Thawed){0};
  }
  heap_release();
  return done;
}
