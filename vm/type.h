/* type.h - interned types and their layout in slots.
 *
 * A TypeTable owns its types; equal types of one table are the same pointer. The compiler keeps one while it checks, a module
 * has one for what its type section says (with PARAM), and a program has one for the concrete types made by specialising.
 * Kinds come from type.def. Depth of nesting is limited (TYPE_DEPTH_MAX) so that walking a type may recurse.
 */
#ifndef FIRN_VM_TYPE_H
#define FIRN_VM_TYPE_H

#include <setjmp.h>
#include <stdbool.h>
#include "vm/value.h"

typedef enum TypeKind {
  TYPE_NONE,
#define TYPE(code, id, name, params, cls) TYPE_##id = code,
#include "vm/type.def"
  TYPE_KIND_END,
  /* Kinds that only the compiler uses; they are never written to a module. */
  TYPE_NEVER = 0x40, /* the type of panic, return, break, ... */
  TYPE_ERROR = 0x41, /* of what has been reported already: agrees with everything */
} TypeKind;

#define TYPE_DEPTH_MAX 64      /* nesting of type arguments */
#define TYPE_SLOTS_MAX 64      /* slots of one value; larger is an error when specialising */
#define TYPE_ARGS_MAX 255
#define TYPE_NODES_MAX 1024    /* kinds named in a type when written out: shared parts must not make walking it exponential */

typedef struct Type {
  uint8_t kind;
  uint8_t depth;       /* 1 + the deepest argument's */
  bool has_param;      /* mentions PARAM: not concrete */
  uint16_t slots;      /* concrete types only; 0xffff when over TYPE_SLOTS_MAX */
  uint16_t nodes;      /* 1 + the arguments' */
  uint32_t decl;       /* CLASS, ENUM, TRAIT, PARAM: index; else 0 */
  uint32_t id;         /* position in its table, dense from 0 */
  uint32_t nargs;
  struct ObjDesc *desc;  /* program tables: descriptor of this type's objects, made on demand (object.h), else NULL */
  const struct Type *args[];
} Type;

typedef struct TypeTable TypeTable;

TypeTable *type_table_new(void);
void type_table_free(TypeTable *table);
/* From now on, running out of memory goes there (bump.h); NULL: gives NULL again. */
void type_table_escape(TypeTable *table, jmp_buf *escape);
size_t type_table_count(const TypeTable *table);
const Type *type_table_at(const TypeTable *table, uint32_t id);

/* Interns a type; args belong to the same table. Returns NULL when it nests deeper than TYPE_DEPTH_MAX, has more than TYPE_NODES_MAX nodes,
 * has a number of arguments that its kind cannot have, or memory is out. */
const Type *type_intern(TypeTable *table, TypeKind kind, uint32_t decl, const Type *const *args, uint32_t nargs);
static inline const Type *type_simple(TypeTable *table, TypeKind kind) { return type_intern(table, kind, 0, NULL, 0); }
static inline const Type *type_unary(TypeTable *table, TypeKind kind, const Type *arg) {
  return type_intern(table, kind, 0, &arg, 1);
}

/* Gives `type` of any table with each PARAM i replaced by args[i], interned in `into`; NULL if it would nest too deep or a PARAM is
 * out of range (nargs). With args == NULL params stay and the type is only copied. */
const Type *type_subst(TypeTable *into, const Type *type, const Type *const *args, uint32_t nargs);

/* How the slots of a concrete value are to be traced, one entry a slot (type->slots of them). */
typedef enum SlotClass { SLOT_RAW, SLOT_REF } SlotClass;
void type_slot_classes(const Type *type, uint8_t *classes);
bool type_has_refs(const Type *type);

/* Optionals. Depth counts the OPTs in a row from the outermost: 1 for int?, 2 for int??.
 * An optional of payload P (the type under all its OPTs) is laid out as:
 *   P one REF slot: the reference, or REF_NIL(depth);  P bool or char: the value, or SCALAR_NIL;  P float: FLOAT_NIL
 *   anything else: a tag slot, then P's slots (zero under a nil): tag 1 is a value, tag 0 the nil of depth 1, tag d the nil of depth d > 1.
 * Wrapping `T?` in another optional changes no slot. */
uint32_t type_opt_depth(const Type *opt);
const Type *type_opt_payload(const Type *opt);
typedef enum OptForm { OPT_REF, OPT_SCALAR, OPT_FLOAT, OPT_TAG } OptForm;
OptForm type_opt_form(const Type *opt);

/* Whether a trait value holds a value of this type in a box of its own: spec.md 3, `trait.new`. */
static inline bool type_is_boxed(const Type *type) {
  return type->kind != TYPE_CLASS && type->kind != TYPE_ENUM && type->kind != TYPE_STRING && type->kind != TYPE_TRAIT;
}

static inline bool type_is_ref(const Type *type) {
  return type->kind == TYPE_STRING || type->kind == TYPE_BYTES || type->kind == TYPE_LIST || type->kind == TYPE_MAP ||
         (type->kind >= TYPE_FN && type->kind <= TYPE_TRAIT) || type->kind == TYPE_TASK;
}

/* True for types of keys whose hashing and comparing never reach guest code: scalars, strings, tuples and optionals of them. */
bool type_is_plain_key(const Type *type);

/* Kinds by name and code, from type.def. */
const char *type_kind_name(TypeKind kind);
int type_kind_params(TypeKind kind);    /* as in type.def; -2 for no such kind */
static inline bool type_kind_has_decl(TypeKind kind) { return kind >= TYPE_CLASS && kind <= TYPE_PARAM; }

/* Writes a type as the language does ("[string: int?]"), cut to size and ended by a NUL; decl_name (NULL: none)
 * names a CLASS, ENUM, TRAIT or PARAM. Returns the length written. */
typedef const char *(*TypeDeclName)(void *ctx, const Type *type);
size_t type_print(const Type *type, char *buffer, size_t size, TypeDeclName decl_name, void *ctx);

#endif
