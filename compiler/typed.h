/* typed.h - the typed tree: what the checker makes of the syntax tree and the emitter turns into a module.
 *
 * Small on purpose. Sugar is gone: loops over lists and maps, interpolation, `try`, `catch`, optional chains, patterns, operators, defaults and
 * implicit conversions have become the few nodes below. Every node has its exact type; every type belongs to module->types, where CLASS, ENUM and
 * TRAIT types' `decl` index the module's own tables. The checker fills module->classes, enums, traits, impls and globals; the emitter fills
 * functions, strings, imports, exports, tests and entry. Nodes live in the compile arena. A node may be shared (emitted more than once, as a
 * deferred expression is); its variables then get a local at each emission.
 *
 * Invariants: the type of a node that never goes on (TN_RETURN, TN_BREAK, ...) is TYPE_NEVER; TYPE_ERROR never reaches the emitter.
 * A variable belongs to one function; a mention from a function nested in it is a capture, which the emitter arranges.
 */
#ifndef FIRN_COMPILER_TYPED_H
#define FIRN_COMPILER_TYPED_H

#include "compiler/arena.h"
#include "compiler/compilation.h"
#include "compiler/source.h"
#include "vm/module.h"
#include "vm/op.h"

typedef struct TNode TNode;
typedef struct TFunction TFunction;
typedef struct TScope TScope;

typedef struct TVar {
  const char *name;      /* for dumps */
  const Type *type;
  TFunction *owner;      /* the function whose variable it is */
  bool is_assigned;      /* assigned after its TN_LET or parameter binding (checker) */
  bool is_captured;      /* mentioned in a nested function (emitter); with is_assigned: lives in a cell */
  uint32_t slot;         /* local index (emitter) */
  void *emit;            /* the emitter's */
} TVar;

/* What TN_BREAK and TN_CONTINUE leave or repeat: a TN_SCOPE or a TN_LOOP. */
struct TScope {
  bool is_loop;
  void *emit;            /* the emitter's */
};

/* A native or host function. */
typedef struct TImport {
  const char *module, *name;
  uint32_t nparams;
  const Type **params;
  const Type *result;
  uint32_t index;        /* in the module (emitter); UINT32_MAX before */
} TImport;

struct TFunction {
  const char *name;      /* as traces show it */
  Span span;
  TFunction *outer;      /* closures: the function around, whose type parameters they share; else NULL */
  uint32_t ntparams;
  TypeParam *tparams;    /* vm TypeParams, bounds complete (Show included) */
  uint32_t nparams;
  TVar **params;
  const Type *result;
  TNode *body;           /* of type `result` or never; filled when its body was checked */
  uint32_t index;        /* in the module (emitter); UINT32_MAX before */
  void *check, *emit;    /* private to each */
};

typedef enum TKind {
  TN_CONST,       /* by type: value.i (int, bool, char), value.f, str (string), nothing (void) */
  TN_VAR,         /* var */
  TN_GLOBAL,      /* index */
  TN_LET,         /* var = a; void. var's scope is the rest of the block around */
  TN_SET_VAR,     /* var = a; void */
  TN_SET_GLOBAL,  /* global index = a; void */
  TN_OP,          /* instruction op with immediates t, u, index (k, u) and operands list[]; its result is the node's. Any row of op.def without
                     L, S, F, m, l, g, s in its immediates. An instruction that pushes nothing gives void */
  TN_CALL,        /* function with targs on list[] */
  TN_CALL_BOUND,  /* method `index` of trait t as type u (mentions a PARAM) implements it, on list[] */
  TN_CALL_TRAIT,  /* method `index` of trait t on trait value list[0] and the rest */
  TN_CALL_FN,     /* function value list[0] on the rest */
  TN_CALL_IMPORT, /* import on list[] */
  TN_FN,          /* a function value: function with targs; captures are the emitter's work (a closure's targs are the PARAMs of its own) */
  TN_BLOCK,       /* list[] in order in one scope of variables and defers; its value is the last one's, which has the node's type (void when empty);
                     the values of the others are dropped */
  TN_DEFER,       /* a: run whenever the TN_BLOCK directly around is left from here on, last first; void */
  TN_IF,          /* a: bool; b, else c (NULL: void) */
  TN_IF_SOME,     /* a: T?; var: T visible in b; else c */
  TN_IF_OK,       /* a: T!; var: T visible in b; else var2: the error, visible in c */
  TN_IF_CASE,     /* a: enum; case `index`: vars[] (NULL entries are ignored values) visible in b; else c */
  TN_IF_IS,       /* a: trait value; var: u visible in b if it is a u; else c */
  TN_AND, TN_OR,  /* a, b: bool, short-circuit */
  TN_SCOPE,       /* a, with value; TN_BREAK scope with a value of the node's type ends it early */
  TN_LOOP,        /* while a (NULL: forever) do b; then c (the step, may be NULL: also runs on continue). Value void, or never when a is NULL
                     and nothing breaks. Breaks carry no value. */
  TN_BREAK,       /* scope, a: the value (NULL: void) */
  TN_CONTINUE,    /* scope: a loop */
  TN_RETURN,      /* a: the value of the function's result type (NULL: void); defers run after it is evaluated */
} TKind;

struct TNode {
  TKind kind;
  Span span;
  const Type *type;
  TNode *a, *b, *c;
  TNode **list;
  uint32_t nlist;
  Op op;
  const Type *t, *u;
  uint32_t index;
  TVar *var, *var2;
  TVar **vars;
  uint32_t nvars;
  TFunction *function;
  const Type **targs;
  uint32_t ntargs;
  TImport *import;
  TScope *scope;
  Str str;
  Value value;
  uint8_t emit_flags, emit_size; /* the emitter's */
};

/* A checked program. */
typedef struct Typed {
  Compilation *compilation;
  struct Module *module; /* the vm's; arrays of classes, enums, traits, impls, globals filled */
  TFunction **functions; /* every function that can be reached, closures included, in a deterministic order */
  uint32_t nfunctions;
  TFunction *entry;      /* () -> int */
  struct { const char *name; TFunction *function; } *exports, *tests;
  uint32_t nexports, ntests;
  /* impl methods refer to functions by TFunction until the emitter has numbered them: */
  struct ImplTarget { uint32_t impl, method; TFunction *function; } *impl_targets;
  uint32_t nimpl_targets;
} Typed;

/* fold.c: the result of a pure instruction; false when it is not pure or would trap. */
bool fold_pure(Op op, const Value *operands, Value *result);
/* Makes a pure instruction on constants, which would not trap, the constant that it gives; whether the node is a constant then. */
bool fold_node(TNode *node);

/* Fills the module's functions and the rest from the typed tree. False only when a limit of the format is passed (reported as a diagnostic). */
bool emit_module(Typed *typed);

/* Prints the typed tree for --dump=types. */
void typed_dump(const Typed *typed, FILE *out);

#endif
