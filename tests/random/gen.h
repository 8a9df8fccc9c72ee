/* gen.h - what the files of the generator share.
 *
 * Text is only ever appended, left to right, so whatever is written must be well typed at once: every expression is written for a type that is wanted
 * (expr), or so that its type is known without that (atom). Variables in scope stand in `vars`, a stack; whoever opens a scope cuts it back.
 * No call may have two arguments that roll dice: which is first differs between compilers.
 *
 * Programs must end soon. `times` estimates how often the place being written is run, `cost` adds up what a function takes; loops and calls that would make
 * that too much are not written. Functions call only functions that were written before them, or themselves with a counter. Panics must be rare enough:
 * forms that may panic stand only where gen_dares. Ints that may be anything are added by wrapping operators; `bits` of a variable says that its values are
 * within -2**bits..2**bits, and of those plain sums and products are written that can't overflow (small).
 */
#ifndef FIRN_TESTS_RANDOM_GEN_H
#define FIRN_TESTS_RANDOM_GEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/fuzz/chance.h"

typedef enum Kind { K_INT, K_FLOAT, K_BOOL, K_CHAR, K_STRING, K_BYTES, K_LIST, K_SET, K_MAP, K_TUPLE, K_OPT, K_FN, K_CLASS, K_BOX, K_ENUM, K_TRAIT, K_PARAM, K_ITER, K_VOID, KINDS } Kind;

/* Types are interned: equal types are the same pointer. args: an element; key and value; parts; parameters, then the result. */
typedef struct Type Type;
enum { TYPE_ARGS = 4, NAME_MOST = 700, NAME_RANDOM = 50 }; /* bytes: of all names; of random types' */
struct Type {
  Kind kind;
  unsigned decl, n, depth;
  const Type *args[TYPE_ARGS];
  bool equals, is_key, has_param; /* can be compared; can be a key; names a type parameter */
  char name[NAME_MOST];
};

typedef struct Var {
  char name[12];
  const Type *type;
  unsigned bits;       /* of an int, 64: anything */
  bool is_mutable, is_locked; /* locked: not assigned, and a list neither grows nor shrinks */
  char indexes[12];    /* name of the list whose indexes it takes */
} Var;

typedef struct Fields { unsigned n; const Type *types[5]; bool is_var[5]; } Fields;
typedef struct ClassDecl { Fields fields; unsigned traits; /* bits */ bool is_key; int64_t cost; } ClassDecl;
typedef struct EnumDecl { unsigned ncases; Fields cases[4]; unsigned traits; bool is_key; } EnumDecl;
typedef struct TraitDecl { unsigned nmethods; struct { unsigned nparams; const Type *params[2], *result; bool has_body; } methods[3]; bool on[4]; /* traited */ } TraitDecl;
typedef struct Function {
  unsigned nparams;
  const Type *params[4], *result;
  bool is_fallible, is_recursive, is_ready;
  int64_t cost;
} Function;

/* The function whose body is being written. */
typedef struct Place {
  const Type *result;
  bool is_fallible, is_method, in_defer, may_return;
  unsigned loops;      /* around this place, in this function */
  unsigned labels[8];  /* of those, 0 where `continue` would never end */
} Place;

enum { VARS_MAX = 256, TYPES_MAX = 4000, CLASSES_MAX = 5, ENUMS_MAX = 3, TRAITS_MAX = 3, FUNCTIONS_MAX = 12, GENERICS_MAX = 5 };
typedef struct Gen {
  uint64_t state;      /* chance.h's */
  FILE *out;
  unsigned size, indent, fresh, nesting;
  unsigned risk;       /* a form that may panic is written one in so many times, 0: never */
  int64_t times, cost, printed;
  Type *types[TYPES_MAX];
  unsigned ntypes;
  const Type *of_int, *of_float, *of_bool, *of_char, *of_string, *of_bytes, *of_void;
  const Type *param;   /* the type parameter in scope, or NULL */
  char bound;          /* of it: 'O' Ord, 'H' Hash, 'T' trait 0, '-' none */
  Var vars[VARS_MAX];
  unsigned nvars;
  Place place;
  ClassDecl classes[CLASSES_MAX];
  EnumDecl enums[ENUMS_MAX];
  TraitDecl traits[TRAITS_MAX];
  Function functions[FUNCTIONS_MAX];
  struct { char bound; unsigned shape; bool is_ready; int64_t cost; } generics[GENERICS_MAX];
  unsigned nclasses, nenums, ntraits, nfunctions, ngenerics;
  bool no_dispatch;    /* bodies of methods: neither functions nor traits' methods are called */
} Gen;

enum { COST_MAX = 20000, RECURSION = 6 };

/* types.c */
const Type *type_of(Gen *g, Kind kind, unsigned decl, unsigned n, const Type *const *args);
const Type *type_with(Gen *g, Kind kind, const Type *arg); /* LIST, SET, OPT, BOX, ITER */
const Type *type_random(Gen *g, unsigned depth);
const Type *type_scalar(Gen *g);
const Type *type_key(Gen *g, unsigned depth);
const Type *type_equals(Gen *g, unsigned depth);
void types_begin(Gen *g);
bool type_implements(const Gen *g, const Type *type, unsigned trait);
const Type *type_implementing(Gen *g, unsigned trait);
const Type *type_bounded(Gen *g, char bound); /* a type for a generic function's parameter */

/* express.c */
void say(Gen *g, const char *text);
void sayf(Gen *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
void expr(Gen *g, const Type *type, unsigned depth);
void atom(Gen *g, const Type *type, unsigned depth);
void leaf(Gen *g, const Type *type);
void small(Gen *g, unsigned bits, unsigned depth);
void form(Gen *g, const char *text, const Type *target, unsigned depth);
bool gen_dares(Gen *g);
Var *var_new(Gen *g, const Type *type);
const Var *var_pick(Gen *g, const Type *type, bool is_mutable);
bool var_is_visible(const Gen *g, const Var *var);
const Var *var_indexing(const Gen *g, const char *list);
void call_write(Gen *g, unsigned function, unsigned depth); /* without `try` */
void closure(Gen *g, const Type *type, unsigned depth);
void expr_stored(Gen *g, const Type *type, unsigned depth); /* of a size that stays limited, when stored again and again */

/* state.c, loop.c: statements, a line each; block writes braces too */
void line(Gen *g);
void block(Gen *g, unsigned statements, unsigned depth);
void block_void(Gen *g, unsigned statements, unsigned depth); /* one whose last statement has no value, whatever surrounds it */
void statements(Gen *g, unsigned count, unsigned depth);
void statement_loop(Gen *g, unsigned depth);
void mix(Gen *g, const Type *type);

#endif
