/* verifier.h - what the parts of the verifier share: verify.c (functions), verify_decls.c (declarations), bounds.c (which type meets
 * which bound) and growth.c (does instantiation end).
 *
 * A Scope is the declaration whose type parameters the PARAMs of a type mean. Every check returns false after it put the reason into
 * verifier->error, and the whole verification then ends.
 */
#ifndef FIRN_VM_VERIFIER_H
#define FIRN_VM_VERIFIER_H

#include "vm/module.h"
#include "vm/verify.h"

#define TRAIT_SUPERS_MAX 64  /* traits that one trait extends, directly or not */
#define OPERANDS_MAX 4096    /* entries of the operand stack */

typedef struct Scope {
  const TypeParam *tparams;
  uint32_t ntparams;
  const Type *self_trait; /* in a trait's declaration: the trait itself, which PARAM 0 meets; else NULL */
  uint32_t serial;        /* one number for each scope; never 0 */
} Scope;

typedef struct TraitInfo {
  uint32_t nsupers;
  const Type **supers; /* all traits it extends, in terms of its own parameters; one for each declaration */
  bool is_dynamic;     /* a value of the trait's type meets a bound by it */
  uint8_t state;       /* 0 not visited, 1 being visited, 2 done */
} TraitInfo;

/* What has been proved: (scope, type, trait) triples; scope 0 when neither mentions a PARAM. */
typedef struct Fact { uint32_t scope, type, trait; } Fact; /* ids plus 1; type 0: free */
typedef struct FactSet { Fact *facts; uint32_t count, mask; } FactSet;

typedef struct Growth Growth; /* growth.c's */

typedef struct Verifier {
  Module *module;
  ModuleError *error;
  const char *subject_kind, *subject; /* "function", its name: what messages begin with */
  TraitInfo *traits;
  FactSet facts;
  uint32_t *checked;        /* by type id: serial of the scope that it was last found well-formed in; UINT32_MAX: in all */
  uint32_t nchecked;
  uint32_t nscopes;
  Growth *growth;
  const Type **stack;       /* OPERANDS_MAX entries */
  uint32_t *init;           /* by local: equal to init_now while initialised */
  uint32_t init_now;
  uint64_t label_work;      /* entries of labels compared so far */
  Effect effect;            /* of the instruction at hand */
} Verifier;

/* Fills in the error and returns false. at: a pc or 0. */
bool verifier_fail(Verifier *v, uint64_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool verifier_out_of_memory(Verifier *v);

/* Writes a type as messages show it. */
const char *verifier_type_text(const Verifier *v, const Type *type, char *buffer, size_t size);

/* Opens a scope. */
Scope verifier_scope(Verifier *v, const TypeParam *tparams, uint32_t ntparams);

/* Whether a type by itself, its arguments aside, is one that the module can have: declared, and with as many arguments as it takes. */
bool verify_type_shape(const Verifier *v, const Type *type);

/* Checks that a type that the module mentions is well-formed in a scope. */
bool verify_type(Verifier *v, const Scope *scope, const Type *type);
bool verify_types(Verifier *v, const Scope *scope, const Type *const *types, uint32_t count);
bool verify_tparams(Verifier *v, const Scope *scope);

/* Checks that type arguments meet the bounds of parameters. */
bool verify_bounds(Verifier *v, const Scope *scope, const TypeParam *tparams, uint32_t ntparams, const Type *const *targs);

/* All that is not a function's body. verify_shapes comes first: what all later steps rely on to index safely. */
bool verify_shapes(Verifier *v);
bool verify_declarations(Verifier *v);
bool verify_impls(Verifier *v);

/* bounds.c */
bool bounds_index_impls(Verifier *v);      /* makes module->impl_index; fails on a second impl for a head */
bool bounds_find_supers(Verifier *v);      /* fills v->traits; fails on cycles */
/* Whether `type` meets the bound `trait`. Fills no error. */
bool bounds_met(Verifier *v, const Scope *scope, const Type *type, const Type *trait);
/* Whether a value of `type` can be held as a value of the trait type `trait`. */
bool bounds_holds(Verifier *v, const Scope *scope, const Type *type, const Type *trait);

/* The impl of a trait's declaration for a type's head, whether or not the rest agrees; NULL if there is none. */
const Impl *bounds_find_head(const Module *module, uint32_t trait, const Type *type);

/* growth.c */
bool growth_init(Verifier *v);
void growth_free(Verifier *v);
bool growth_add_call(Verifier *v, uint32_t from_function, uint32_t to_function, const Type *const *targs);
bool growth_add_bound(Verifier *v, uint32_t from_function, const Type *trait, const Type *type, uint32_t method);
bool growth_check(Verifier *v);

#endif
