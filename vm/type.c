/* type.c - interned types, their layout in slots, and how they are written.
 *
 * A table keeps its types in a bump allocator and finds them through an open-addressing hash index of ids, at most half full. Hashes
 * are made from kinds, declarations and the ids of arguments, never from addresses, so everything here is deterministic.
 * Depth and node count are bounded when interning; that is why the functions below may recurse over a type and need no memo.
 */
#include "vm/type.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "vm/bump.h"

#define SLOTS_TOO_MANY 0xffff

typedef struct IndexEntry {
  uint32_t hash;
  uint32_t id_plus_1; /* 0: free */
} IndexEntry;

struct TypeTable {
  Bump bump;
  const Type **types; /* by id */
  uint32_t count, capacity;
  IndexEntry *index;
  uint32_t index_mask;
  const Type *plain[TYPE_KIND_END]; /* types without arguments whose decl is 0 */
};

typedef enum KindClass { CLASS_VOID, CLASS_RAW, CLASS_REF, CLASS_FLAT } KindClass;

typedef struct KindInfo {
  const char *name; /* NULL: no such kind */
  int8_t params;
  uint8_t class;
} KindInfo;

static const KindInfo kinds[] = {
#define TYPE(code, id, name, params, cls) [code] = {name, params, CLASS_##cls},
#include "vm/type.def"
  [TYPE_NEVER] = {"never", 0, CLASS_VOID},
  [TYPE_ERROR] = {"error", 0, CLASS_VOID},
};

static const KindInfo *kind_info(TypeKind kind) {
  return (size_t)kind < sizeof kinds / sizeof *kinds && kinds[kind].name ? &kinds[kind] : NULL;
}

const char *type_kind_name(TypeKind kind) {
  const KindInfo *info = kind_info(kind);
  return info ? info->name : "none";
}

int type_kind_params(TypeKind kind) {
  const KindInfo *info = kind_info(kind);
  return info ? info->params : -2;
}

/* Tables */

#define INDEX_START 64

TypeTable *type_table_new(void) {
  TypeTable *table = calloc(1, sizeof *table);
  if (!table) return NULL;
  table->index = calloc(INDEX_START, sizeof *table->index);
  table->index_mask = INDEX_START - 1;
  if (!table->index) {
    free(table);
    return NULL;
  }
  return table;
}

void type_table_free(TypeTable *table) {
  if (!table) return;
  bump_free(&table->bump);
  free(table->types);
  free(table->index);
  free(table);
}

void type_table_escape(TypeTable *table, jmp_buf *escape) { table->bump.escape = escape; }

size_t type_table_count(const TypeTable *table) { return table->count; }

const Type *type_table_at(const TypeTable *table, uint32_t id) { return id < table->count ? table->types[id] : NULL; }

static uint32_t hash_step(uint32_t hash, uint32_t word) {
  hash = (hash ^ word) * UINT32_C(0x9e3779b1);
  return hash ^ hash >> 15;
}

static uint32_t hash_type(TypeKind kind, uint32_t decl, const Type *const *args, uint32_t nargs) {
  uint32_t hash = hash_step(hash_step(nargs, (uint32_t)kind), decl);
  for (uint32_t i = 0; i < nargs; i++) hash = hash_step(hash, args[i]->id);
  return hash;
}

static void index_put(IndexEntry *index, uint32_t mask, IndexEntry entry) {
  uint32_t at = entry.hash & mask;
  while (index[at].id_plus_1) at = (at + 1) & mask;
  index[at] = entry;
}

static bool index_grow(TypeTable *table) {
  uint32_t size = (table->index_mask + 1) * 2;
  IndexEntry *index = size ? calloc(size, sizeof *index) : NULL;
  if (!index) return false;
  for (uint32_t i = 0; i <= table->index_mask; i++) {
    if (table->index[i].id_plus_1) index_put(index, size - 1, table->index[i]);
  }
  free(table->index);
  table->index = index;
  table->index_mask = size - 1;
  return true;
}

static bool reserve_type(TypeTable *table) {
  if ((table->count + 1) * 2 > table->index_mask && !index_grow(table)) return false;
  if (table->count < table->capacity) return true;
  uint32_t capacity = table->capacity ? table->capacity * 2 : 32;
  const Type **types = realloc(table->types, capacity * sizeof *types);
  if (!types) return false;
  table->types = types;
  table->capacity = capacity;
  return true;
}

static const Type *index_find(const TypeTable *table, uint32_t hash, TypeKind kind, uint32_t decl, const Type *const *args,
                              uint32_t nargs) {
  for (uint32_t at = hash & table->index_mask; table->index[at].id_plus_1; at = (at + 1) & table->index_mask) {
    if (table->index[at].hash != hash) continue;
    const Type *type = table->types[table->index[at].id_plus_1 - 1];
    if (type->kind == kind && type->decl == decl && type->nargs == nargs &&
        (nargs == 0 || memcmp(type->args, args, nargs * sizeof *args) == 0)) {
      return type;
    }
  }
  return NULL;
}

/* Layout */

uint32_t type_opt_depth(const Type *opt) {
  uint32_t depth = 0;
  for (; opt->kind == TYPE_OPT; opt = opt->args[0]) depth++;
  return depth;
}

const Type *type_opt_payload(const Type *opt) {
  while (opt->kind == TYPE_OPT) opt = opt->args[0];
  return opt;
}

OptForm type_opt_form(const Type *opt) {
  const Type *payload = type_opt_payload(opt);
  if (type_is_ref(payload)) return OPT_REF;
  if (payload->kind == TYPE_BOOL || payload->kind == TYPE_CHAR) return OPT_SCALAR;
  return payload->kind == TYPE_FLOAT ? OPT_FLOAT : OPT_TAG;
}

static uint16_t count_slots(const Type *type) {
  uint32_t slots = 0;
  switch (kinds[type->kind].class) {
    case CLASS_VOID: return 0;
    case CLASS_RAW:
    case CLASS_REF: return 1;
    default: break;
  }
  if (type->kind == TYPE_OPT) {
    slots = type_opt_form(type) == OPT_TAG ? 1u + type_opt_payload(type)->slots : 1;
  } else if (type->kind == TYPE_RESULT) {
    slots = type->args[0]->slots + 1u;
  } else {
    for (uint32_t i = 0; i < type->nargs; i++) slots += type->args[i]->slots;
  }
  return slots > TYPE_SLOTS_MAX ? SLOTS_TOO_MANY : (uint16_t)slots;
}

static uint8_t *put_classes(const Type *type, uint8_t *classes) {
  switch (kinds[type->kind].class) {
    case CLASS_VOID: return classes;
    case CLASS_RAW: *classes++ = SLOT_RAW; return classes;
    case CLASS_REF: *classes++ = SLOT_REF; return classes;
    default: break;
  }
  if (type->kind == TYPE_OPT) {
    OptForm form = type_opt_form(type);
    *classes++ = form == OPT_REF ? SLOT_REF : SLOT_RAW;
    return form == OPT_TAG ? put_classes(type_opt_payload(type), classes) : classes;
  }
  uint32_t nparts = type->kind == TYPE_RESULT ? 1 : type->nargs;
  for (uint32_t i = 0; i < nparts; i++) classes = put_classes(type->args[i], classes);
  if (type->kind == TYPE_RESULT) *classes++ = SLOT_REF;
  return classes;
}

void type_slot_classes(const Type *type, uint8_t *classes) {
  assert(!type->has_param && type->slots <= TYPE_SLOTS_MAX);
  put_classes(type, classes);
}

bool type_has_refs(const Type *type) {
  if (kinds[type->kind].class != CLASS_FLAT) return kinds[type->kind].class == CLASS_REF;
  if (type->kind == TYPE_RESULT || type->kind == TYPE_PARAM) return true;
  for (uint32_t i = 0; i < type->nargs; i++) {
    if (type_has_refs(type->args[i])) return true;
  }
  return false;
}

/* Interning */

/* Sums up the arguments into *type; false when a limit is passed. */
static bool measure(Type *type, const Type *const *args) {
  uint32_t depth = 0, nodes = 1;
  type->has_param = type->kind == TYPE_PARAM;
  for (uint32_t i = 0; i < type->nargs; i++) {
    if (args[i]->depth > depth) depth = args[i]->depth;
    nodes += args[i]->nodes;
    type->has_param |= args[i]->has_param;
  }
  if (depth >= TYPE_DEPTH_MAX || nodes > TYPE_NODES_MAX) return false;
  type->depth = (uint8_t)(depth + 1);
  type->nodes = (uint16_t)nodes;
  return true;
}

static const Type *add_type(TypeTable *table, uint32_t hash, TypeKind kind, uint32_t decl, const Type *const *args, uint32_t nargs) {
  Type head = {.kind = (uint8_t)kind, .decl = decl, .nargs = nargs, .id = table->count};
  if (!measure(&head, args)) return NULL;
  if (!reserve_type(table)) {
    memory_failures++;
    if (table->bump.escape) longjmp(*table->bump.escape, 1);
    return NULL;
  }
  Type *type = bump_alloc(&table->bump, sizeof *type + nargs * sizeof *args);
  if (!type) return NULL;
  *type = head;
  if (nargs) memcpy(type->args, args, nargs * sizeof *args);
  type->slots = type->has_param ? 0 : count_slots(type);
  table->types[table->count++] = type;
  index_put(table->index, table->index_mask, (IndexEntry){hash, table->count});
  return type;
}

const Type *type_intern(TypeTable *table, TypeKind kind, uint32_t decl, const Type *const *args, uint32_t nargs) {
  bool is_plain = nargs == 0 && decl == 0 && kind < TYPE_KIND_END;
  if (is_plain && table->plain[kind]) return table->plain[kind];
  const KindInfo *info = kind_info(kind);
  if (!info || nargs > TYPE_ARGS_MAX || (info->params >= 0 && (uint32_t)info->params != nargs)) return NULL;
  if (kind == TYPE_FN && nargs == 0) return NULL;
  for (uint32_t i = 0; i < nargs; i++) assert(type_table_at(table, args[i]->id) == args[i]);
  uint32_t hash = hash_type(kind, decl, args, nargs);
  const Type *type = index_find(table, hash, kind, decl, args, nargs);
  if (!type) type = add_type(table, hash, kind, decl, args, nargs);
  if (is_plain) table->plain[kind] = type;
  return type;
}

const Type *type_subst(TypeTable *into, const Type *type, const Type *const *args, uint32_t nargs) {
  if (type->kind == TYPE_PARAM && args) return type->decl < nargs ? args[type->decl] : NULL;
  bool stays = !type->has_param || !args;
  if (stays && type_table_at(into, type->id) == type) return type;
  const Type *parts[TYPE_ARGS_MAX];
  for (uint32_t i = 0; i < type->nargs; i++) {
    parts[i] = type_subst(into, type->args[i], args, nargs);
    if (!parts[i]) return NULL;
  }
  return type_intern(into, type->kind, type->decl, parts, type->nargs);
}

/* Printing */

typedef struct Printer {
  char *next, *end; /* end: of the room for text, before the NUL */
  TypeDeclName decl_name;
  void *ctx;
} Printer;

static void put(Printer *p, const char *text) {
  while (*text && p->next < p->end) *p->next++ = *text++;
}

static void put_number(Printer *p, uint32_t number) {
  char digits[12];
  size_t at = sizeof digits;
  digits[--at] = 0;
  do digits[--at] = (char)('0' + number % 10); while (number /= 10);
  put(p, digits + at);
}

static void put_type(Printer *p, const Type *type);

static void put_types(Printer *p, const char *open, const Type *const *types, uint32_t count, const char *close) {
  put(p, open);
  for (uint32_t i = 0; i < count; i++) {
    if (i) put(p, ", ");
    put_type(p, types[i]);
  }
  put(p, close);
}

static void put_named(Printer *p, const Type *type) {
  const char *name = type_kind_has_decl(type->kind) && p->decl_name ? p->decl_name(p->ctx, type) : NULL;
  put(p, name ? name : type_kind_name(type->kind));
  if (!name && type_kind_has_decl(type->kind)) {
    put(p, " ");
    put_number(p, type->decl);
  }
  if (type->nargs) put_types(p, "<", type->args, type->nargs, ">");
}

static void put_type(Printer *p, const Type *type) {
  if (p->next == p->end) return;
  const Type *const *args = type->args;
  switch (type->kind) {
    case TYPE_LIST: put_types(p, "[", args, 1, "]"); break;
    case TYPE_MAP:
      put_types(p, "[", args, 1, ": ");
      put_types(p, "", args + 1, 1, "]");
      break;
    case TYPE_TUPLE: put_types(p, "(", args, type->nargs, ")"); break;
    case TYPE_OPT:
      /* fn() -> int? gives an int?; an optional function is in parentheses. */
      put_types(p, args[0]->kind == TYPE_FN ? "(" : "", args, 1, args[0]->kind == TYPE_FN ? ")?" : "?");
      break;
    case TYPE_RESULT:
      put_types(p, args[0]->kind == TYPE_FN ? "(" : "", args, 1, args[0]->kind == TYPE_FN ? ")!" : "!");
      break;
    case TYPE_FN:
      put_types(p, "fn(", args, type->nargs - 1, ")");
      if (args[type->nargs - 1]->kind != TYPE_VOID) put_types(p, " -> ", args + type->nargs - 1, 1, "");
      break;
    default: put_named(p, type);
  }
}

size_t type_print(const Type *type, char *buffer, size_t size, TypeDeclName decl_name, void *ctx) {
  if (size == 0) return 0;
  Printer p = {buffer, buffer + size - 1, decl_name, ctx};
  put_type(&p, type);
  *p.next = 0;
  return (size_t)(p.next - buffer);
}

bool type_is_plain_key(const Type *type) {
  switch (type->kind) {
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_FLOAT:
    case TYPE_CHAR:
    case TYPE_STRING: return true;
    case TYPE_TUPLE:
    case TYPE_OPT:
      for (uint32_t i = 0; i < type->nargs; i++) {
        if (!type_is_plain_key(type->args[i])) return false;
      }
      return true;
    default: return false;
  }
}
