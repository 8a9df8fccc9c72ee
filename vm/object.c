/* object.c - descriptors of heap objects, layouts of optionals, the order of floats.
 *
 * Interface: object.h. A program's descriptors stand in one table, reached by Program.descs: those of types by the type alone (Type.desc
 * points there too), boxes by the type inside, closures by function and captures. They live until descs_free.
 *
 * Invariants: a descriptor never changes after heap_desc_add; its variable parts lie behind it in one block.
 */
#include "vm/object.h"

#include <stdlib.h>
#include <string.h>

#include "vm/bump.h"
#include "vm/program.h"

ObjDesc desc_string = {.kind = OBJ_STRING, .number = 1};
ObjDesc desc_bytes = {.kind = OBJ_BYTES, .number = 2, .heap_kind = 1};
ObjDesc desc_task = {.kind = OBJ_TASK, .number = 3, .heap_kind = 1};

/* The table of a program's descriptors: chains through ObjDesc.next, doubled when full. */
typedef struct DescTable {
  uint32_t size, count; /* size: a power of two */
  ObjDesc **chains;
} DescTable;

static size_t desc_slot(const DescTable *table, ObjKind kind, const void *key, uint32_t extra) {
  uint64_t hash = ((uint64_t)(uintptr_t)key ^ (uint64_t)kind << 56 ^ (uint64_t)extra << 40) * UINT64_C(0x9e3779b97f4a7c15);
  return (size_t)(hash >> 32) & (table->size - 1);
}

static const void *desc_key(const ObjDesc *desc) { return desc->kind == OBJ_CLOSURE ? (const void *)desc->code : desc->type; }
static uint32_t desc_extra(const ObjDesc *desc) { return desc->kind == OBJ_CLOSURE ? desc->nslots : 0; }

static bool table_grow(DescTable *table) {
  DescTable grown = {.size = table->size ? 2 * table->size : 64, .count = table->count};
  grown.chains = calloc(grown.size, sizeof *grown.chains);
  if (!grown.chains) return false;
  for (uint32_t i = 0; i < table->size; i++) {
    for (ObjDesc *desc = table->chains[i], *next; desc; desc = next) {
      next = desc->next;
      size_t slot = desc_slot(&grown, desc->kind, desc_key(desc), desc_extra(desc));
      desc->next = grown.chains[slot];
      grown.chains[slot] = desc;
    }
  }
  free(table->chains);
  *table = grown;
  return true;
}

static void desc_free(ObjDesc *desc) {
  heap_desc_remove(desc);
  if (desc->empty_cases) free(desc->empty_cases);
  free(desc);
}

/* Registers a new descriptor and puts it into its program's table; frees it and returns NULL when memory is out. */
static ObjDesc *desc_keep(Program *program, ObjDesc *desc) {
  DescTable *table = program->descs;
  if (!table) program->descs = table = calloc(1, sizeof *table);
  if (!table || (table->count >= table->size && !table_grow(table)) || !heap_desc_add(desc)) {
    memory_failures++;
    free(desc->empty_cases);
    free(desc);
    return NULL;
  }
  size_t slot = desc_slot(table, desc->kind, desc_key(desc), desc_extra(desc));
  desc->next = table->chains[slot];
  table->chains[slot] = desc;
  table->count++;
  return desc;
}

static ObjDesc *desc_find(Program *program, ObjKind kind, const void *key, const Type *type, uint32_t extra) {
  const DescTable *table = program->descs;
  if (!table || table->size == 0) return NULL;
  for (ObjDesc *desc = table->chains[desc_slot(table, kind, key, extra)]; desc; desc = desc->next) {
    if (desc->kind == kind && desc_key(desc) == key && desc->type == type && desc_extra(desc) == extra) return desc;
  }
  return NULL;
}

/* What lies behind a descriptor, to be filled. */
typedef struct DescParts {
  const Type **field_types;
  uint16_t *field_slots, *case_first, *case_slots;
  uint8_t *classes;
} DescParts;

/* A descriptor with room for nslots slot classes, and for what is kept of fields and cases. */
static ObjDesc *desc_alloc(Program *program, ObjKind kind, const Type *type, size_t nslots, size_t nfields, size_t ncases, DescParts *parts) {
  if (nslots > UINT16_MAX) return NULL;
  ObjDesc *desc = calloc(1, sizeof *desc + nfields * sizeof(Type *) + (nfields + 2 * ncases) * sizeof(uint16_t) + nslots);
  if (!desc) {
    memory_failures++;
    return NULL;
  }
  parts->field_types = (const Type **)(desc + 1);
  parts->field_slots = (uint16_t *)(parts->field_types + nfields);
  parts->case_first = parts->field_slots + nfields;
  parts->case_slots = parts->case_first + ncases;
  parts->classes = (uint8_t *)(parts->case_slots + ncases);
  desc->kind = kind;
  desc->type = type;
  desc->program = program;
  desc->nslots = (uint16_t)nslots;
  desc->field_types = parts->field_types;
  desc->field_slots = parts->field_slots;
  desc->case_first = parts->case_first;
  desc->case_slots = parts->case_slots;
  desc->slot_classes = parts->classes;
  return desc;
}

/* Lays out the fields of a class or a case, the first of which is number `first`: their slots count from that of `classes`. Returns how many slots. */
static uint16_t fields_place(ObjDesc *desc, const DescParts *parts, const Type *const *types, uint32_t count, uint32_t first, uint8_t *classes) {
  uint16_t at = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint8_t of_field[TYPE_SLOTS_MAX];
    type_slot_classes(types[i], of_field);
    for (uint32_t k = 0; k < types[i]->slots; k++) classes[at + k] |= of_field[k];
    desc->has_refs |= type_has_refs(types[i]);
    parts->field_types[first + i] = types[i];
    parts->field_slots[first + i] = at;
    at = (uint16_t)(at + types[i]->slots);
  }
  return at;
}

/* The descriptor of an object that holds one value of `type`: a cell (keyed by its own type) or a box. */
static ObjDesc *desc_holder(Program *program, ObjKind kind, const Type *type, const Type *held) {
  if (held->slots > TYPE_SLOTS_MAX) return NULL;
  DescParts parts;
  ObjDesc *desc = desc_alloc(program, kind, type, held->slots, 0, 0, &parts);
  if (!desc) return NULL;
  type_slot_classes(held, parts.classes);
  desc->has_refs = type_has_refs(held);
  return desc_keep(program, desc);
}

static ObjDesc *desc_list(Program *program, const Type *type) {
  const Type *elem = type->args[0];
  if (elem->slots > TYPE_SLOTS_MAX) return NULL;
  DescParts parts;
  ObjDesc *desc = desc_alloc(program, OBJ_LIST, type, 0, 0, 0, &parts);
  if (!desc) return NULL;
  desc->elem_slots = elem->slots;
  desc->elem_size = elem->kind == TYPE_BOOL ? 1 : elem->kind == TYPE_CHAR ? 4 : 8;
  desc->has_refs = type_has_refs(elem);
  return desc_keep(program, desc);
}

static ObjDesc *desc_map(Program *program, const Type *type) {
  const Type *key = type->args[0], *value = type->args[1];
  if (key->slots > TYPE_SLOTS_MAX || value->slots > TYPE_SLOTS_MAX) return NULL;
  DescParts parts;
  ObjDesc *desc = desc_alloc(program, OBJ_MAP, type, 0, 0, 0, &parts);
  if (!desc) return NULL;
  desc->elem_slots = key->slots;
  desc->value_slots = value->slots;
  desc->has_refs = type_has_refs(key) || type_has_refs(value);
  desc->key_form = map_key_form(key);
  return desc_keep(program, desc);
}

/* Concrete types of a declaration's fields, interned in the program; NULL when memory is out or a field is too wide. */
static const Type **fields_resolve(Program *program, const Type *type, const Field *fields, uint32_t count, const Type **types) {
  for (uint32_t i = 0; i < count; i++) {
    types[i] = type_subst(program->types, fields[i].type, type->args, type->nargs);
    if (!types[i] || types[i]->slots > TYPE_SLOTS_MAX) return NULL;
  }
  return types;
}

static ObjDesc *desc_class(Program *program, const Type *type) {
  if (type->decl >= program->module->nclasses) return NULL;
  const Class *class = &program->module->classes[type->decl];
  const Type *types[MODULE_PARAMS_MAX];
  if (class->nfields > MODULE_PARAMS_MAX || !fields_resolve(program, type, class->fields, class->nfields, types)) return NULL;
  size_t nslots = 0;
  for (uint32_t i = 0; i < class->nfields; i++) nslots += types[i]->slots;
  DescParts parts;
  ObjDesc *desc = desc_alloc(program, OBJ_INSTANCE, type, nslots, class->nfields, 0, &parts);
  if (!desc) return NULL;
  fields_place(desc, &parts, types, class->nfields, 0, parts.classes);
  return desc_keep(program, desc);
}

/* Makes the values of cases without payload: one block, pointers first. */
static bool empty_cases_make(ObjDesc *desc, const Enum *decl) {
  size_t count = 0;
  for (uint32_t k = 0; k < decl->ncases; k++) count += desc->case_slots[k] == 0;
  if (count == 0) return true;
  size_t pointers = (decl->ncases * sizeof(Obj *) + 15) & ~(size_t)15;
  size_t size = (sizeof(EnumObj) + 15) & ~(size_t)15;
  char *block = calloc(1, pointers + count * size);
  if (!block) {
    memory_failures++;
    return false;
  }
  desc->empty_cases = (Obj **)block;
  char *at = block + pointers;
  for (uint32_t k = 0; k < decl->ncases; k++) {
    if (desc->case_slots[k] != 0) continue;
    ((EnumObj *)at)->tag = k;
    desc->empty_cases[k] = (Obj *)at;
    at += size;
  }
  return true;
}

static ObjDesc *desc_enum(Program *program, const Type *type) {
  if (type->decl >= program->module->nenums) return NULL;
  const Enum *decl = &program->module->enums[type->decl];
  const Type *types[MODULE_PARAMS_MAX];
  size_t nfields = 0, widest = 0;
  for (uint32_t k = 0; k < decl->ncases; k++) {
    const Case *c = &decl->cases[k];
    if (c->nfields > MODULE_PARAMS_MAX || !fields_resolve(program, type, c->fields, c->nfields, types)) return NULL;
    size_t width = 0;
    for (uint32_t j = 0; j < c->nfields; j++) width += types[j]->slots;
    if (width > widest) widest = width;
    nfields += c->nfields;
  }
  if (nfields > UINT16_MAX) return NULL;
  DescParts parts;
  ObjDesc *desc = desc_alloc(program, OBJ_ENUM, type, 1 + widest, nfields, decl->ncases, &parts);
  if (!desc) return NULL;
  uint32_t first = 0;
  for (uint32_t k = 0; k < decl->ncases; k++) {
    const Case *c = &decl->cases[k];
    fields_resolve(program, type, c->fields, c->nfields, types); /* as above: they are there */
    parts.case_first[k] = (uint16_t)first;
    parts.case_slots[k] = fields_place(desc, &parts, types, c->nfields, first, parts.classes + 1);
    first += c->nfields;
  }
  if (!empty_cases_make(desc, decl)) {
    free(desc);
    return NULL;
  }
  if (!desc_keep(program, desc)) return NULL;
  for (uint32_t k = 0; desc->empty_cases && k < decl->ncases; k++) {
    if (desc->empty_cases[k]) desc->empty_cases[k]->header = OBJ_LIVE | OBJ_STATIC | (uint64_t)desc->number << OBJ_DESC_SHIFT;
  }
  return desc;
}

ObjDesc *desc_for(Program *program, const Type *type) {
  if (type->kind == TYPE_STRING) return &desc_string;
  if (type->kind == TYPE_BYTES) return &desc_bytes;
  if (type->kind == TYPE_TASK) return &desc_task;
  if (type->desc) return type->desc;
  ObjDesc *desc = NULL;
  switch (type->kind) {
    case TYPE_LIST: desc = desc_list(program, type); break;
    case TYPE_MAP: desc = desc_map(program, type); break;
    case TYPE_CLASS: desc = desc_class(program, type); break;
    case TYPE_ENUM: desc = desc_enum(program, type); break;
    case TYPE_CELL: desc = desc_holder(program, OBJ_CELL, type, type->args[0]); break;
    default: return NULL; /* no heap type has one descriptor for all its objects */
  }
  ((Type *)type)->desc = desc; /* the type table is the program's own */
  return desc;
}

ObjDesc *desc_list_of(Program *program, TypeKind elem) {
  const Type *type = type_simple(program->types, elem);
  if (type) type = type_unary(program->types, TYPE_LIST, type);
  return type ? desc_for(program, type) : NULL;
}

ObjDesc *desc_box(Program *program, const Type *type) {
  ObjDesc *desc = desc_find(program, OBJ_BOX, type, type, 0);
  return desc ? desc : desc_holder(program, OBJ_BOX, type, type);
}

ObjDesc *desc_closure(Program *program, const Type *fn_type, Code *code, uint32_t ncapture_slots) {
  ObjDesc *found = desc_find(program, OBJ_CLOSURE, code, fn_type, ncapture_slots);
  if (found) return found;
  DescParts parts;
  ObjDesc *desc = desc_alloc(program, OBJ_CLOSURE, fn_type, ncapture_slots, 0, 0, &parts);
  if (!desc) return NULL;
  desc->code = code;
  /* The captures are the last parameters: find the first one whose slots are among them. */
  uint32_t base = code->nargs_slots - ncapture_slots;
  for (uint32_t i = 0; ncapture_slots && i < code->function->nparams; i++) {
    if (code->local_slots[i] < base) continue;
    type_slot_classes(code->local_types[i], parts.classes + (code->local_slots[i] - base));
    desc->has_refs |= type_has_refs(code->local_types[i]);
  }
  return desc_keep(program, desc);
}

void descs_free(Program *program) {
  DescTable *table = program->descs;
  if (!table) return;
  for (uint32_t i = 0; i < table->size; i++) {
    for (ObjDesc *desc = table->chains[i], *next; desc; desc = next) {
      next = desc->next;
      if (desc->type && desc->type->desc == desc) ((Type *)desc->type)->desc = NULL;
      desc_free(desc);
    }
  }
  free(table->chains);
  free(table);
  program->descs = NULL;
}

/* Optionals */

static uint64_t tag_nil(uint32_t depth) { return depth == 1 ? 0 : depth; }

bool opt_is_nil(const Type *opt, const Value *slots) {
  uint32_t depth = type_opt_depth(opt);
  switch (type_opt_form(opt)) {
    case OPT_REF: return slots[0].u == REF_NIL(depth);
    case OPT_SCALAR: return slots[0].i == SCALAR_NIL(depth);
    case OPT_FLOAT: return slots[0].u == FLOAT_NIL(depth);
    case OPT_TAG: return slots[0].u == tag_nil(depth);
  }
  return false;
}

void opt_set_nil(const Type *opt, Value *slots) {
  uint32_t depth = type_opt_depth(opt);
  switch (type_opt_form(opt)) {
    case OPT_REF: slots[0].u = REF_NIL(depth); break;
    case OPT_SCALAR: slots[0].i = SCALAR_NIL(depth); break;
    case OPT_FLOAT: slots[0].u = FLOAT_NIL(depth); break;
    case OPT_TAG:
      memset(slots, 0, opt->slots * sizeof *slots);
      slots[0].u = tag_nil(depth);
      break;
  }
}

void opt_wrap(const Type *opt, Value *slots) {
  if (type_opt_form(opt) != OPT_TAG || type_opt_depth(opt) > 1) return;
  memmove(slots + 1, slots, (opt->slots - 1u) * sizeof *slots);
  slots[0].u = 1;
}

void opt_unwrap(const Type *opt, Value *slots) {
  if (type_opt_form(opt) != OPT_TAG || type_opt_depth(opt) > 1) return;
  memmove(slots, slots + 1, (opt->slots - 1u) * sizeof *slots);
}

/* Floats */

int float_order(double a, double b) {
  if (a < b) return -1;
  if (a > b) return 1;
  return (a != a) - (b != b);
}
