/* specialise.h - what specialise.c (which instance of which function) and code.c (its instructions and layout) share.
 *
 * Everything here belongs to a Program and lives in its index's bump allocator. Types are concretised through two memos by module type id,
 * one for types without PARAM, one for the instance at hand.
 */
#ifndef FIRN_VM_SPECIALISE_H
#define FIRN_VM_SPECIALISE_H

#include "vm/bump.h"
#include "vm/program.h"
#include "vm/verify.h"

typedef struct TypeMemo {
  const Type **types; /* by module type id */
  uint32_t *owners;   /* instance (Code.index + 1) that the entry is for; 0 none */
  uint32_t count;
} TypeMemo;

typedef struct TraitEntry {
  const Type *trait; /* NULL: free */
  uint32_t method, desc;
  Code *code;
} TraitEntry;

typedef struct ProgramIndex {
  Bump bump;
  Code **codes;             /* open addressing by function and type arguments */
  uint32_t codes_mask;
  TraitEntry *traits;       /* open addressing */
  uint32_t ntraits, traits_mask;
  uint32_t *impl_methods;   /* number of the first method of each impl, counted over all impls */
  const Function **made;    /* by that number: functions made for implementations that are one instruction */
  TypeMemo plain, own;
  uint32_t *heights;        /* scratch of code.c: slot of each operand */
  const Type **operands;    /* scratch of code.c: type of each operand */
  uint8_t *initialised;     /* scratch of code.c: by local */
  Effect effect;            /* scratch of code.c */
} ProgramIndex;

/* How a call through a bound is carried out. */
typedef struct BoundTarget {
  enum { BOUND_FAILS, BOUND_TRAIT, BOUND_OP, BOUND_FUNCTION } kind;
  uint8_t op;
  const Impl *impl;
  const ImplMethod *method;
  const Type *args[MODULE_TPARAMS_MAX]; /* of the impl */
} BoundTarget;

/* Makes program->index; false when memory is out. */
bool program_index_init(Program *program);
void program_index_free(Program *program);

/* The concrete type, in program->types, of a module type as an instance sees it; NULL over the limits. */
const Type *code_concrete(const Code *code, const Type *type);

/* Who implements method of `trait` for `type`, both concrete. */
void program_resolve_bound(Program *program, const Type *trait, const Type *type, uint32_t method, BoundTarget *target);

/* Makes an instance ready to run, once. */
Trap program_code_ready(Program *program, Code *code);

#endif
