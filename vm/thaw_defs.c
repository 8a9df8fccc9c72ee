/* thaw_defs.c - an image's definitions: types, instances of functions, descriptors, and objects, which get their room here.
 *
 * Interface: thaw_internal.h. Types are judged by the verifier's rules. For each descriptor there is a plan: which values its objects hold, by which
 * thaw_values.c checks them.
 */
#include <stdlib.h>

#include "vm/execute.h"
#include "vm/thaw_internal.h"

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
  if (kind >= TYPE_KIND_END || kind == TYPE_PARAM || decl > UINT32_MAX || nargs > TYPE_ARGS_MAX)
    return image_fail(&t->in, "a type is not well-formed");
  for (uint32_t i = 0; i < nargs; i++) {
    if (!(args[i] = def_type_ref(d))) return false;
  }
  if (!thaw_take(t, sizeof(Type) + nargs * sizeof *args + sizeof *t->types, 2)) return false; /* of the program's table and the module's */
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
  if (!type_judge_bounds(t->judge, function->tparams, function->ntparams, targs))
    return image_fail(&t->in, "type arguments do not meet their bounds");
  Trap trap;
  uint32_t ncodes = t->program->ncodes;
  Code *code = program_code(t->program, (uint32_t)number, targs, (uint32_t)ntargs, &trap);
  if (!code) return image_fail(&t->in, "%s", trap_message(trap));
  uint64_t made = t->program->ncodes > ncodes ? sizeof *code + (uint64_t)code->ninsns * sizeof *code->insns : 0;
  if (!thaw_take(t, made + sizeof *t->codes, 1)) return false;
  if (!ROOM(t, codes, ncodes, codes_cap)) return false;
  t->codes[t->ncodes++] = code;
  return true;
}

bool thaw_is_closure(const Type *type, const Code *code, uint64_t nslots) {
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
  if (type->kind != TYPE_FN || number >= t->ncodes || !thaw_is_closure(type, t->codes[number], nslots)) return NULL;
  return desc_closure(t->program, type, t->codes[number], (uint32_t)nslots);
}

static const ObjDesc *def_desc(Defs *d, uint64_t kind, const Type *type) {
  static const uint8_t kinds[] = {[OBJ_LIST] = TYPE_LIST, [OBJ_MAP] = TYPE_MAP, [OBJ_INSTANCE] = TYPE_CLASS, [OBJ_ENUM] = TYPE_ENUM, [OBJ_CELL] = TYPE_CELL};
  switch (kind) {
    case OBJ_LIST: case OBJ_MAP: case OBJ_INSTANCE: case OBJ_ENUM: case OBJ_CELL:
      return type->kind == kinds[kind] ? desc_for(d->t->program, type) : NULL;
    case OBJ_BOX: return type_is_boxed(type) ? desc_box(d->t->program, type) : NULL;
    case OBJ_CLOSURE: return def_closure(d, type);
    default: return NULL;
  }
}

/* Plans */

static uint32_t case_count(const ObjDesc *desc) { return desc->kind == OBJ_ENUM ? desc->program->module->enums[desc->type->decl].ncases : 1; }

static bool plan_add(Thaw *t, Plan *plan, uint32_t *count, uint32_t *cap, uint32_t slot, const Type *type) {
  if (!type || !thaw_grow(t, &plan->values, *count, cap, sizeof *plan->values)) return thaw_out_of_memory(t);
  if (type->kind != TYPE_INT) plan->is_trivial = false;
  plan->values[(*count)++] = (LiveValue){slot, type};
  return true;
}

static bool plan_fields(Thaw *t, Plan *plan, uint32_t *count, uint32_t *cap, uint32_t first, uint32_t nfields) {
  for (uint32_t i = first; i < first + nfields; i++) {
    if (!plan_add(t, plan, count, cap, plan->desc->field_slots[i], plan->desc->field_types[i])) return false;
  }
  return true;
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
    case OBJ_INSTANCE: return plan_fields(t, plan, count, cap, 0, m->classes[desc->type->decl].nfields);
    case OBJ_ENUM: return plan_fields(t, plan, count, cap, desc->case_first[which], m->enums[desc->type->decl].cases[which].nfields);
    case OBJ_CLOSURE: return plan_closure(t, plan, count, cap);
    case OBJ_CELL:
    case OBJ_LIST: return plan_add(t, plan, count, cap, 0, desc->type->args[0]);
    case OBJ_BOX: return plan_add(t, plan, count, cap, 0, desc->type);
    case OBJ_MAP:
      return plan_add(t, plan, count, cap, 0, desc->type->args[0]) && plan_add(t, plan, count, cap, desc->elem_slots, desc->type->args[1]);
    default: return true;
  }
}

bool thaw_plan(Thaw *t, const ObjDesc *desc) {
  if (!ROOM(t, plans, nplans, plans_cap)) return false;
  uint32_t ncases = case_count(desc), count = 0, cap = 0;
  if (!thaw_take(t, sizeof(Plan) + (ncases + UINT64_C(1)) * sizeof(uint32_t), 1)) return false;
  Plan *plan = calloc(1, sizeof *plan);
  if (!plan) return thaw_out_of_memory(t);
  t->plans[t->nplans++] = plan;
  *plan = (Plan){.desc = desc, .is_trivial = true, .first = calloc((size_t)ncases + 1, sizeof *plan->first)};
  if (!plan->first) return thaw_out_of_memory(t);
  for (uint32_t k = 0; k < ncases; k++) {
    if (!plan_values(t, plan, &count, &cap, k)) return false;
    plan->first[k + 1] = count;
  }
  return thaw_take(t, cap, sizeof *plan->values);
}

static bool define_desc(Defs *d) {
  Thaw *t = d->t;
  uint64_t kind = def(d);
  const Type *type = def_type_ref(d);
  if (!type) return false;
  const ObjDesc *desc = def_desc(d, kind, type);
  return desc ? thaw_plan(t, desc) : image_fail(&t->in, "a kind of object that there is not");
}

/* Objects */

static Obj *string_define(Defs *d) {
  uint64_t length = def(d);
  if (length > STRING_MAX || !thaw_take(d->t, length + sizeof(String) + 1, 1)) return NULL;
  return (Obj *)string_alloc(d->t->guest, length);
}

/* Contents of lists and bytes get room when they are read. */
static Obj *list_define(Defs *d, const ObjDesc *desc) {
  uint64_t length = def(d), capacity = def(d);
  size_t size = desc->kind == OBJ_BYTES ? 1 : desc->elem_slots == 1 ? desc->elem_size : sizeof(Value) * desc->elem_slots;
  if (length > capacity || capacity > LIST_MAX || (size == 0 && capacity != LIST_MAX)) return NULL;
  if (!thaw_take(d->t, capacity, size) || !thaw_take(d->t, sizeof(List), 1)) return NULL;
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
  if (!thaw_take(d->t, capacity, map_entry_bytes(desc)) || !thaw_take(d->t, map_index_bytes((int64_t)capacity), 1) || !thaw_take(d->t, sizeof(Map), 1)) return NULL;
  return (Obj *)map_restore(d->t->guest, desc, used, capacity, version);
}

static Obj *enum_define(Defs *d, const ObjDesc *desc) {
  uint64_t tag = def(d);
  if (tag >= case_count(desc) || desc->case_slots[tag] == 0) return NULL;
  size_t size = sizeof(Obj) + desc->nslots * sizeof(Value);
  EnumObj *object = thaw_take(d->t, size, 1) ? heap_object(d->t->guest, desc, size) : NULL;
  if (object) object->tag = (int64_t)tag;
  return (Obj *)object;
}

static Obj *task_define(Defs *d) {
  return thaw_take(d->t, sizeof(Task), 1) ? (Obj *)task_blank(d->t->guest) : NULL;
}

static Obj *plain_define(Defs *d, const ObjDesc *desc) {
  bool is_closure = desc->kind == OBJ_CLOSURE;
  size_t size = (is_closure ? sizeof(Closure) : sizeof(Instance)) + desc->nslots * sizeof(Value);
  Obj *object = thaw_take(d->t, size, 1) ? heap_object(d->t->guest, desc, size) : NULL;
  if (object && is_closure) ((Closure *)object)->code = desc->code;
  return object;
}

static bool define_object(Defs *d, uint64_t number) {
  Thaw *t = d->t;
  if (number >= t->nplans) return image_fail(&t->in, "a kind of object that there is not");
  if (!thaw_take(t, sizeof *t->objects, 1) || !ROOM(t, objects, nobjects, objects_cap)) return false;
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

bool thaw_define(void *ctx, const uint8_t *at, const uint8_t *end) {
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
