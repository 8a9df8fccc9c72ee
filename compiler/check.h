/* check.h - what the parts of the checker share.
 *
 * The checker turns syntax trees into the typed tree (typed.h), and finds every mistake of names, types and rules. Declarations are resolved
 * on demand: a head (signature, fields, bounds) when it is first asked for, a body from a queue, so that of library modules only what is
 * reached costs anything. Parts: check_module (files, imports, top-level names), check_scope (names), check_type (types as written, and their
 * wording), check_decl (heads of declarations), check_impl (which types implement which traits), check_synth (implementations nobody wrote),
 * check_infer (type arguments), check_build (nodes), and one file for each group of expressions and statements.
 *
 * Invariants: a type of the checker belongs to module->types. TYPE_ERROR is the type of what was reported already and silences all that
 * follows from it. An *expected* type may have holes (check_hole), for parts that are not known yet; the type of a node never has.
 */
#ifndef FIRN_COMPILER_CHECK_H
#define FIRN_COMPILER_CHECK_H

#include "compiler/ast.h"
#include "compiler/compiler.h"
#include "compiler/typed.h"

typedef struct Checker Checker;
typedef struct Unit Unit;
typedef struct Symbol Symbol;
typedef struct Decl Decl;
typedef struct Fn Fn;
typedef struct ImplDecl ImplDecl;
typedef struct Frame Frame;
typedef struct NodeList { TNode **items; size_t count, capacity; } NodeList;

/* ---- Names ---- */

typedef enum SymbolKind {
  SYM_LOCAL,
  SYM_GLOBAL,
  SYM_FN,
  SYM_DECL,    /* class, enum or trait */
  SYM_ALIAS,   /* type Name = T */
  SYM_UNIT,    /* an imported module */
  SYM_BUILTIN, /* int, string, ... */
  SYM_SPECIAL, /* print, write, assert: any number of arguments of any type */
} SymbolKind;

typedef enum Special { SPECIAL_PRINT, SPECIAL_WRITE, SPECIAL_EPRINT, SPECIAL_ASSERT } Special;

typedef struct GlobalVar GlobalVar;
typedef struct Alias Alias;

struct Symbol {
  SymbolKind kind;
  bool is_pub;
  bool is_var;      /* LOCAL, GLOBAL: may be assigned */
  bool is_captured; /* LOCAL: mentioned in a closure */
  bool is_read;     /* mentioned other than to be assigned, and outside of its own declaration */
  bool is_changed;  /* LOCAL, GLOBAL: assigned after its declaration */
  uint32_t let;     /* LOCAL: where the statement that declares it starts */
  Name name;
  Span span;        /* where it is declared */
  Unit *unit;       /* where it is declared; NULL: built in */
  Symbol *earlier;  /* in a session: what an earlier input declared by this name */
  union {
    TVar *var;
    GlobalVar *global;
    Fn *fn;
    Decl *decl;
    Alias *alias;
    Unit *import;
    TypeKind builtin;
    Special special;
  };
};

typedef struct SymbolTable {
  Symbol **items; /* in order of declaration */
  uint32_t count, capacity;
  Symbol **slots; /* a hash table once there are more than a few; slot_count is a power of two */
  uint32_t slot_count;
} SymbolTable;

typedef struct Scope {
  struct Scope *outer; /* within one function */
  SymbolTable table;
} Scope;

/* ---- Declarations ---- */

typedef enum HeadState { HEAD_NONE, HEAD_BUSY, HEAD_DONE } HeadState;

/* The type parameters of a declaration, those of the declaration around it first. */
typedef struct Generics {
  uint32_t count;
  uint32_t outer; /* how many of them belong to the declaration around */
  TypeParam *params;
  Name *names;
  Span *spans;
} Generics;

typedef struct FieldInfo {
  Name name; /* NULL: an unnamed payload */
  Span span;
  const Type *type;
  FieldDecl *ast; /* of classes */
  Fn *fallback;   /* the function that computes the default, when it was needed */
} FieldInfo;

typedef struct CaseInfo {
  Name name;
  CaseDecl *ast;
  uint32_t nfields;
  FieldInfo *fields;
} CaseInfo;

typedef struct FnTable { /* functions by name; several of one name are chained */
  Fn **slots;
  uint32_t count, slot_count;
} FnTable;

/* What extensions and implementations are found by: a kind of type, or a declaration. */
typedef struct Head {
  FnTable extensions;
  VEC(ImplDecl *) impls;
} Head;

typedef enum DeclKind { DECL_CLASS, DECL_ENUM, DECL_TRAIT, DECL_EXTEND } DeclKind;

struct Decl {
  DeclKind kind;
  Name host;            /* CLASS: the module of a type of the host, which has no fields here (check_host_field), or NULL */
  Item *item;
  Unit *unit;
  Name name;            /* NULL: EXTEND */
  HeadState generics_state, fields_state, supers_state, target_state;
  Generics *generics;   /* a trait's: Self first */
  uint32_t index;       /* in the module's table; UINT32_MAX before its first use */
  bool is_filled;       /* the module's entry is complete */
  uint32_t nfields;
  FieldInfo *fields;    /* CLASS */
  uint32_t ncases;
  CaseInfo *cases;      /* ENUM */
  FnTable methods;      /* by name, static ones included */
  uint32_t nmethods;
  Fn **method_list;     /* in order */
  uint32_t nsupers;
  const Type **supers;  /* TRAIT: the traits it extends, in terms of its own parameters */
  uint32_t super_height; /* TRAIT: of the tree of those */
  uint32_t ndynamic;
  Fn **dynamic;         /* TRAIT: the methods of the module's table, in order */
  const Type *target;   /* EXTEND: the type; others: the type applied to its own parameters */
  Head head;            /* CLASS, ENUM, TRAIT */
  ImplDecl **impls;     /* CLASS, ENUM, EXTEND: as written after the colon */
  uint32_t nimpls;
};

struct Alias {
  Item *item;
  Unit *unit;
  HeadState state;
  Generics *generics;
  const Type *type;
};

/* A function as declared. */
struct Fn {
  Name name;
  FnDecl *ast;         /* NULL: made by the checker */
  Unit *unit;
  Decl *owner;         /* or NULL */
  Fn *next;            /* of the same name in its FnTable */
  HeadState state;
  bool is_forward_known, is_checked;
  bool lacks_self;     /* it has no `self`, but its body mentions it: reported */
  Generics *generics;
  bool has_self;
  uint32_t nparams;    /* self included */
  const Type **params;
  const Type *result;
  const char *op_name; /* extern "op" in a library: an instruction */
  bool is_op;
  Op op;
  TImport *import;     /* other extern functions */
  Fn *forward;         /* the body only passes the parameters on to this instruction or native */
  const Type **forward_args;
  TFunction *function; /* once it is reached */
  uint32_t slot;       /* a trait's: position in the module's method table; UINT32_MAX: not in it */
  Fn **fallbacks;      /* functions that compute parameters' defaults, when they were needed */
  Expr *value;         /* without ast: the body */
  const char *title;   /* without ast: the name that traces show */
};

/* One implementation of a trait, written or synthesised. */
typedef enum SynthKind {
  SYNTH_NONE,
  SYNTH_SHOW,
  SYNTH_EQ,        /* by parts */
  SYNTH_EQ_REF,    /* by identity */
  SYNTH_EQ_ORD,    /* by cmp */
  SYNTH_HASH,
  SYNTH_ORD,
  SYNTH_ITER,      /* of an Iterator: itself */
  SYNTH_EQ_TRAIT,  /* of trait values: as what they are */
} SynthKind;

struct ImplDecl {
  Decl *source;         /* CLASS, ENUM or EXTEND; NULL when synthesised for a tuple or a function type */
  TypeExpr *expr;       /* the trait as written; NULL when implied or synthesised */
  TypeExpr *origin;     /* implied: the trait written that implies it */
  Unit *unit;
  SynthKind synth;
  HeadState state;
  bool is_replaced;     /* in a session: a later input implements the trait anew */
  bool is_checked;      /* its methods were compared to the trait's */
  bool is_absent;       /* synthesised: a part lacks the trait, so there is no implementation */
  Decl *trait;          /* NULL when expr names none */
  const Type *trait_type; /* in terms of generics */
  const Type *type;
  Generics *generics;
  uint32_t arity;       /* of tuples and functions */
  uint32_t index;       /* in module->impls; UINT32_MAX before */
  TFunction *function;  /* synthesised: the first method */
};

struct GlobalVar {
  Symbol *symbol;
  Unit *unit;
  struct GlobalStmt *stmt;
  const Type *type;     /* once it is known */
  uint32_t index;       /* in module->globals */
  TNode *constant;      /* of an early let of a constant: stands in for the variable */
};

/* A top-level let or var. */
typedef struct GlobalStmt {
  Stmt *stmt;
  Unit *unit;
  HeadState state;
  TNode *node; /* what it does */
  bool is_queued; /* a library's: it is part of the initialiser */
  bool is_early;  /* none of the module's functions can have run before it: if it is a constant, nobody can see it unset */
} GlobalStmt;

/* One source file. */
struct Unit {
  uint32_t id;
  const char *path;
  Name name;
  bool is_library;
  HeadState load_state;
  AstModule *ast;
  SymbolTable names;    /* own declarations and imports */
  VEC(Unit *) imports;
  VEC(Symbol *) import_symbols; /* what it calls those that have a name here */
  bool does_more;       /* its top level, or that of a module it imports, does more than declare: importing it is a use */
  VEC(Decl *) decls;    /* all, extensions included */
  VEC(Fn *) fns;
  TFunction *init;      /* runs the top level */
  VEC(TNode *) init_nodes;
  Frame *frame;         /* of init */
};

/* ---- Bodies ---- */

typedef struct Loop {
  struct Loop *outer;
  Name label;
  bool is_named;        /* a jump names its label */
  TScope *scope;
  bool is_broken;
} Loop;

/* The function whose body is being checked. */
struct Frame {
  Frame *outer;         /* of a closure: the function around */
  TFunction *function;
  Unit *unit;
  Generics *generics;   /* or NULL */
  const Type *self_type; /* what Self means; NULL: nothing */
  Symbol *self;
  const Type *result;   /* NULL: not known yet (closures) */
  const Type *hint;     /* of a closure whose result is not known yet: the `T!` that it is to be, with a hole; else NULL */
  NodeList failures;    /* OP_RES_ERRs from before the result was known, to be given its type */
  bool is_top;          /* top level or test: a failing `try` ends the program */
  bool is_module_top;   /* statements of the outermost scope declare globals */
  bool in_defer;        /* may not be left by return or try */
  Scope *scope;
  Loop *loops;
};

/* What types as written mean. */
typedef struct TypeEnv {
  Unit *unit;
  Generics *generics;
  const Type *self_type;
  bool allow_result;
  bool as_of;           /* names mean what they did at their input (check_session.c) */
} TypeEnv;

/* A method found on a type. */
typedef enum MethodKind { METHOD_NONE, METHOD_DIRECT, METHOD_BOUND, METHOD_TRAIT, METHOD_IMPL } MethodKind;
typedef struct MethodRef {
  MethodKind kind;
  Fn *fn;              /* the declaration: of BOUND and TRAIT the trait's */
  const Type **targs;  /* its owner's type arguments; of BOUND and TRAIT: Self and the trait's */
  uint32_t ntargs;
  const Type *trait;   /* BOUND, TRAIT, IMPL */
  const Type *type;    /* of the receiver */
  ImplDecl *impl;      /* IMPL: a synthesised method */
} MethodRef;

typedef struct BoundsCheck { /* type arguments to be tested against bounds when heads are known */
  const Generics *generics;
  const Type **args;
  const char *what;
  Span span;
  const Generics *scope;
  Unit *unit;
} BoundsCheck;

typedef struct PairSet { /* pairs of types */
  const Type **slots;
  uint32_t count, slot_count;
} PairSet;

typedef struct CoreTraits {
  Decl *eq, *ord, *hash, *show, *error, *iterator, *iterable, *add, *sub, *mul, *div, *neg, *index, *index_set;
} CoreTraits;

/* The top level of one input of a session. */
typedef struct SessionTop {
  TFunction *function;
  Frame frame;
} SessionTop;

/* A chain of `?.` being checked: at a nil it is left with nil. */
typedef struct Chain {
  TScope *scope;
  VEC(TNode *) leaves; /* the TN_BREAKs, whose values are put in when the type is known */
} Chain;

struct Checker {
  Compilation *comp;
  Arena *arena;
  const CompileOptions *options;
  Module *module;
  TypeTable *types;
  Typed *typed;
  VEC(Unit *) units;      /* all, in order of loading */
  VEC(Unit *) init_order; /* depth first */
  Unit *prelude, *root;
  SymbolTable builtins;
  Frame *frame;
  Chain *chain;
  const Type *t_void, *t_bool, *t_int, *t_float, *t_char, *t_string, *t_bytes, *t_never, *t_error, *t_hole;
  CoreTraits core;
  Decl *task_decl;         /* class Task: the only type with results for arguments */
  Head heads[TYPE_KIND_END];
  VEC(Decl *) class_decls; /* by module index */
  VEC(Decl *) host_decls;  /* of types of the host: one for each, wherever and as often as it is declared */
  VEC(Decl *) enum_decls;
  VEC(Decl *) trait_decls;
  VEC(Fn *) queue;         /* reached, their bodies not yet checked */
  size_t queue_at;
  VEC(ImplDecl *) impl_queue; /* in the module, their methods not yet made */
  size_t impl_at;
  VEC(ImplDecl *) synth_queue; /* their functions have no body yet */
  size_t synth_at;
  bool uses_same;          /* values of traits are compared: Show._same is needed */
  size_t same_at;          /* implementations of Show up to here have it */
  VEC(TFunction *) functions;
  VEC(BoundsCheck) bounds;
  VEC(struct ImplTarget) targets;
  bool has_parse_errors;
  uint32_t types_at;       /* module->types up to here have their bounds' impls */
  PairSet ensured;         /* (type, trait) whose impls are in the module */
  VEC(const Type *) assumed; /* pairs (type, trait) being decided */
  uint32_t temp_count;
  uint32_t let;            /* start of the statement whose pattern is being bound */
  uint32_t depth;          /* of expressions being checked, those of globals that they ask for included */
  uint32_t head_depth;     /* of declarations being resolved because others ask for them */
  bool has_limit_error;
  bool says_inputs;        /* types that a later input declared again are named with their input */
  uint32_t inputs_first;   /* a session: source of the first input; those of the others follow. 0: no session */
  SessionTop *tops;        /* by input */
  uint32_t shown;          /* index of the global that gets the result's text */
  const Type *shown_type;  /* of the last input's result; NULL: it has none to show */
  Symbol *members_symbol;  /* the module or type that the last input names, when its members are asked for */
  VEC(uint64_t) global_keys; /* by module index */
  VEC(uint64_t) init_keys; /* of initialisers that the entry runs */
};

#define CHECK_DEPTH_MAX 2500 /* more than the height of any one tree that the parser makes */
#define CHECK_CHAIN_MAX 100

#define CHECK_NEW(c, T) ARENA_NEW((c)->arena, T)
#define CHECK_ARRAY(c, T, n) ARENA_ARRAY((c)->arena, T, n)

/* ---- check_scope.c ---- */
Symbol *check_symbol_new(Checker *c, SymbolKind kind, Name name, Span span);
Symbol *check_table_find(const SymbolTable *table, Name name);
/* Adds a symbol; false (and nothing done) when the name is taken. */
bool check_table_add(Checker *c, SymbolTable *table, Symbol *symbol);
/* Puts a symbol in the place of the one with its name, which there is. */
void check_table_replace(SymbolTable *table, Symbol *symbol);
void check_scope_push(Checker *c);
void check_scope_pop(Checker *c);
/* Declares a local variable of the current function in the innermost scope and returns its symbol; reports a name declared twice. */
Symbol *check_local_new(Checker *c, Name name, Span span, const Type *type, bool is_var);
/* Makes a variable that no program text can name. */
TVar *check_temp_new(Checker *c, const char *name, const Type *type);
/* Finds what a name means here, or NULL; the mention at `span` counts as a use of it. */
Symbol *check_name_find(Checker *c, Name name, Span span);
/* The same for a name that is assigned, which is no use. */
Symbol *check_name_target(Checker *c, Name name);
/* The same at the top level of a unit: its own names, then the prelude's. `source` and `as_of` as in check_session_pick. */
Symbol *check_unit_find(Checker *c, Unit *unit, Name name, uint32_t source, bool as_of);
/* Finds a name that another unit may use. *is_hidden: it is there, but not public. */
Symbol *check_unit_member(Unit *from, Unit *unit, Name name, bool *is_hidden);
/* The visible name closest to `name`, or NULL. */
Name check_name_suggest(Checker *c, Name name, bool want_type);
Name check_intern(Checker *c, const char *text);
Fn *check_fns_find(const FnTable *table, Name name);
void check_fns_add(Checker *c, FnTable *table, Fn *fn);
/* Adds a pair; false when it was there. */
bool check_pairs_add(Checker *c, PairSet *set, const Type *a, const Type *b);

/* ---- check_module.c ---- */
/* Loads a library unit by name, or returns NULL. */
Unit *check_unit_library(Checker *c, const char *name);
/* Loads the program's own first file and all it imports. */
Unit *check_unit_root(Checker *c);
/* A function of the prelude that the checker needs, by name; aborts compilation with a diagnostic when the library lacks it. */
Fn *check_prelude_fn(Checker *c, const char *name);
Decl *check_prelude_decl(Checker *c, const char *name);
/* True if `unit` may see what belongs to `other` and is not public. */
bool check_is_inside(const Unit *unit, const Unit *other, Name name);

/* Begins to resolve a declaration because of another; false, after a report, when too many wait for each other. */
bool check_head_enter(Checker *c, Name name, Span span);
void check_head_leave(Checker *c);

/* ---- check_type.c ---- */
const Type *check_type_new(Checker *c, TypeKind kind, uint32_t decl, const Type *const *args, uint32_t nargs, Span span);
const Type *check_type_opt(Checker *c, const Type *type);
const Type *check_type_list(Checker *c, const Type *type);
const Type *check_type_result(Checker *c, const Type *type);
const Type *check_type_tuple(Checker *c, const Type *const *parts, uint32_t count, Span span);
const Type *check_type_of_decl(Checker *c, Decl *decl, const Type *const *args, uint32_t nargs, Span span);
const Type *check_type_resolve(Checker *c, const TypeEnv *env, TypeExpr *expr);
/* A trait after a colon: `self_type` fills the arguments that bare Add and the like leave out. NULL after an error. */
const Type *check_trait_resolve(Checker *c, const TypeEnv *env, TypeExpr *expr, const Type *self_type);
/* Resolves a type in the function being checked. */
const Type *check_type_here(Checker *c, TypeExpr *expr);
/* Finds the symbol that a TYPEX_NAME names; NULL after reporting. */
Symbol *check_type_symbol(Checker *c, Unit *unit, TypeExpr *expr, bool as_of);
const Type *check_subst(Checker *c, const Type *type, const Type *const *args, uint32_t nargs, Span span);
bool check_has_hole(const Checker *c, const Type *type);
/* A type in the words of the program, for messages; valid as long as the compilation. */
const char *check_type_text(Checker *c, const Type *type);
/* The same for a declaration's own parameters. */
const char *check_type_text_in(Checker *c, const Type *type, const Generics *generics);
Decl *check_type_decl(const Checker *c, const Type *type);

/* ---- check_decl.c ---- */
void check_generics_ready(Checker *c, Decl *decl);
void check_fields_ready(Checker *c, Decl *decl);
void check_supers_ready(Checker *c, Decl *decl);
/* EXTEND: finds its target type. */
void check_target_ready(Checker *c, Decl *decl);
void check_fn_ready(Checker *c, Fn *fn);
Fn *check_fn_new(Checker *c, FnDecl *ast, Unit *unit, Decl *owner);
Decl *check_decl_new(Checker *c, DeclKind kind, Item *item, Unit *unit);
void check_alias_ready(Checker *c, Alias *alias);
/* The declaration's index in the module's table. */
uint32_t check_decl_index(Checker *c, Decl *decl);
/* Makes the module's entries of all declarations used so far complete; true if there was anything to do. */
bool check_decls_fill(Checker *c);
Fn *check_impl_default(Checker *c, ImplDecl *impl, Fn *method, const Type **from); /* what stands in for a method not written, and its trait; or NULL */
bool check_trait_is_dynamic(Checker *c, Decl *trait); /* all that it asks for can be called on a trait value */
/* Marks a function as reached and returns it. */
TFunction *check_fn_reach(Checker *c, Fn *fn);
/* What the function passes its arguments on to, or NULL. */
Fn *check_fn_forward(Checker *c, Fn *fn);
TFunction *check_function_new(Checker *c, const char *name, Span span, const Generics *generics);
/* Checks the body of a reached function. */
void check_fn_body(Checker *c, Fn *fn);
/* The function that computes a default value in the scope of its declaration. */
Fn *check_fallback(Checker *c, Fn **slot, Expr *expr, const Type *type, Unit *unit, Generics *generics, const char *title);
const Type **check_own_params(Checker *c, const Generics *generics);
Generics *check_generics_new(Checker *c, const Generics *outer, uint32_t own);
/* Gives a parameter the bound Show that every one has. */
void check_bound_show(Checker *c, TypeParam *param);

/* ---- check_impl.c ---- */
Head *check_head(Checker *c, const Type *type);
/* The declaration that an implementation's trait names, without resolving more than that; NULL if it names none. */
Decl *check_impl_trait(Checker *c, ImplDecl *impl);
void check_impl_ready(Checker *c, ImplDecl *impl);
/* Whether the program itself says that a type implements a trait. Makes nothing. */
bool check_impl_is_written(Checker *c, const Type *type, Decl *trait);
/* The implementation of a trait by a type that is no parameter and no trait, and its type arguments; NULL if there is none. May make it. */
ImplDecl *check_impl_find(Checker *c, const Type *type, Decl *trait, const Type ***args);
/* The trait type (with arguments) by which `type` satisfies `trait`, or NULL. */
const Type *check_satisfied(Checker *c, const Generics *scope, const Type *type, Decl *trait);
bool check_satisfies(Checker *c, const Generics *scope, const Type *type, const Type *trait);
/* Puts the implementation of a satisfied trait into the module. */
void check_impl_ensure(Checker *c, const Type *type, const Type *trait);
/* Tests type arguments against bounds and reports; false if one fails. */
bool check_bounds(Checker *c, const Generics *generics, const Type *const *args, const char *what, Span span);
/* Tests without reporting. */
bool check_bounds_hold(Checker *c, const Generics *scope, const Generics *generics, const Type *const *args);
/* Tests what check_type put off. */
void check_bounds_run(Checker *c);
void check_bounds_ensure(Checker *c, const Generics *generics, const Type *const *args);
/* Makes the methods of the next implementation of the queue; false when the queue is empty. */
bool check_impl_next(Checker *c);
/* Compares a written implementation with its trait and reports what is missing or different. */
void check_impl_check(Checker *c, ImplDecl *impl);
/* True if `trait` is `wanted` or extends it; gives it with the arguments in *found. */
bool check_trait_extends(Checker *c, const Type *self, const Type *trait, Decl *wanted, const Type **found);
/* The written method of an implementation for a trait's method, or NULL for the default. */
Fn *check_impl_method(Checker *c, ImplDecl *impl, const Fn *method);
/* Finds the method `name` of a type, or of a trait's implementation by a type. */
bool check_method_find(Checker *c, const Type *type, Name name, Span span, MethodRef *out);
bool check_method_of_trait(Checker *c, const Type *type, Decl *trait, Name name, MethodRef *out);
/* Reports a member that a type does not have. */
void check_no_member(Checker *c, const Type *type, Name name, Span span, bool is_called);
/* True if the body of a function without `self` mentions it, which is reported once, in place of calls of it as a method. */
bool check_lacks_self(Checker *c, Fn *fn);
Name check_method_suggest(Checker *c, const Type *type, Name name);

/* ---- check_synth.c ---- */
/* The implementation that the checker makes of a core trait for a type without one, or NULL. */
ImplDecl *check_synth_find(Checker *c, const Type *type, Decl *trait);
/* The function for the first method of a synthesised implementation (the others have defaults). */
TFunction *check_synth_method(Checker *c, ImplDecl *impl);
/* Makes the body of the next such function; false when there is none. */
bool check_synth_next(Checker *c);
/* Gives the implementations of Show in the module their _same, when it is needed; true if there was anything to do. */
bool check_synth_same(Checker *c);

/* ---- check_infer.c ---- */
/* Binds parameters of `pattern` so that it becomes `actual`; false if it cannot. */
bool check_unify(Checker *c, const Type *pattern, const Type *actual, const Type **args, uint32_t nargs);
/* `type` with unknown parameters as holes. */
const Type *check_partial(Checker *c, const Type *type, const Type *const *args, uint32_t nargs);
/* True if `type` is `expected`, in which holes fit anything. */
bool check_fits(const Checker *c, const Type *expected, const Type *type);
/* Binds from the type a call is expected to give. */
void check_infer_result(Checker *c, const Type *result, const Type *expected, const Type **args, uint32_t nargs);
/* Binds parameters that only stand in bounds of others. */
void check_infer_bounds(Checker *c, const Generics *generics, const Type **args);

/* ---- check_build.c ---- */
TNode *check_node(Checker *c, TKind kind, const Type *type, Span span);
TNode *check_error_node(Checker *c, Span span);
TNode *check_void(Checker *c, Span span);
TNode *check_int(Checker *c, int64_t value, Span span);
TNode *check_bool(Checker *c, bool value, Span span);
TNode *check_str(Checker *c, const char *text, size_t len, Span span);
TNode *check_op(Checker *c, Op op, const Type *t, const Type *result, Span span, TNode *a, TNode *b, TNode *d);
/* `m[k]` and `m[k] = v`: operands m, k, and v. One instruction if the key is known to be plain. */
TNode *check_map_get(Checker *c, TNode **operands, Span span);
TNode *check_map_set(Checker *c, TNode **operands, Span span);
TNode *check_op_list(Checker *c, Op op, const Type *t, const Type *result, Span span, TNode **list, uint32_t count);
TNode *check_var(Checker *c, TVar *var, Span span);
TNode *check_let(Checker *c, TVar *var, TNode *value, Span span);
TNode *check_set(Checker *c, TVar *var, TNode *value, Span span);
TNode *check_if(Checker *c, TNode *cond, TNode *then, TNode *otherwise, const Type *type, Span span);
TNode *check_break(Checker *c, TScope *scope, TNode *value, Span span);
TNode *check_panic(Checker *c, TNode *text, Span span);
TNode *check_nil(Checker *c, const Type *inner, Span span);
TNode *check_some(Checker *c, TNode *value, Span span);
bool check_is_never(const TNode *node);

/* Appends to a block under construction; what follows a node that never goes on is dropped. */
void check_push(Checker *c, NodeList *list, TNode *node);
TNode *check_block_node(Checker *c, NodeList *list, Span span);
/* Puts a value into a variable of the list unless it is simple already, and returns a node to read it. */
TNode *check_hold(Checker *c, NodeList *list, TNode *value, const char *name);

/* ---- Expressions (check_expr.c and those named after their groups) ---- */
/* Checks an expression. `expected` (may be NULL, may have holes) is a hint: the node has a type of its own. */
TNode *check_expr(Checker *c, Expr *e, const Type *expected);
/* Checks and converts to `expected` (NULL: as it is); reports what does not fit. */
TNode *check_expr_as(Checker *c, Expr *e, const Type *expected);
/* The ends of a..b as ints; false after a mistake, or if one is missing. */
bool check_range_ends(Checker *c, Expr *e, TNode **low, TNode **high);
/* Checks an expression whose value is not wanted; gives a node of type void or never. */
TNode *check_expr_drop(Checker *c, Expr *e);
TNode *check_coerce(Checker *c, TNode *node, const Type *expected, Span span);
bool check_can_coerce(Checker *c, const Type *from, const Type *to);
TNode *check_block(Checker *c, Block *block, const Type *expected, bool is_dropped);
TNode *check_closure(Checker *c, Expr *e, const Type *expected);
TNode *check_spawn(Checker *c, Expr *e);
void check_mismatch(Checker *c, Span span, const Type *expected, const Type *found);
/* The expected type with `?` and `!` removed until it has the kind, or NULL. */
const Type *check_peel(const Checker *c, const Type *expected, TypeKind kind);
/* True if an expression has no type without an expected one. */
bool check_needs_expected(const Expr *e);
TNode *check_drop(Checker *c, TNode *node, const Expr *e);

/* Several branches that give one value. */
typedef struct Join {
  const Type *expected; /* as wanted from outside; NULL: nothing */
  const Type *type;     /* of the first branch that goes on */
  Span first;           /* where that gives its value */
  bool is_dropped;
} Join;
TNode *check_join_expr(Checker *c, Join *j, Expr *e);
/* The type of a node whose branches are `a` and `b`. */
const Type *check_joined(Checker *c, const Join *j, const TNode *a, const TNode *b);

TNode *check_name(Checker *c, Expr *e, const Type *expected);
TNode *check_member(Checker *c, Expr *e, const Type *expected);
TNode *check_tuple_index(Checker *c, Expr *e);
TNode *check_index(Checker *c, Expr *e);
TNode *check_index_nodes(Checker *c, TNode *object, TNode *key, Span span);
TNode *check_chain(Checker *c, Expr *e, const Type *expected, bool is_dropped);
/* The object of a member, index or call; of `?.` the value under the optional. */
TNode *check_object(Checker *c, Expr *object, bool optional, Span span);
/* The type, module or enum that an expression before a dot names; NULL if it is a value. */
Symbol *check_path_symbol(Checker *c, Expr *e);
/* The type that `e` names, its arguments maybe unknown (holes); NULL if it names none. */
const Type *check_path_type(Checker *c, Expr *e, const Type *expected);
FieldInfo *check_field_find(Checker *c, const Type *type, Name name, uint32_t *index);
const Type *check_field_type(Checker *c, const Type *type, const FieldInfo *field, Span span);
TNode *check_case_new(Checker *c, const Type *type, const CaseInfo *info, uint32_t index, Arg *args, size_t arg_count, bool has_args,
                      Expr *e, const Type *expected);
CaseInfo *check_case_find(Decl *decl, Name name, uint32_t *index);
const Type *check_enum_expected(Checker *c, const Type *expected);

TNode *check_call(Checker *c, Expr *e, const Type *expected);
/* Calls a function whose type arguments and operands are known. */
TNode *check_call_fn(Checker *c, Fn *fn, const Type *const *targs, TNode **args, uint32_t nargs, Span span);
TNode *check_call_prelude(Checker *c, const char *name, TNode **args, uint32_t nargs, Span span);
TNode *check_call_method(Checker *c, const MethodRef *method, const Type *const *targs, TNode **args, uint32_t nargs, Span span);
/* Calls a trait's method on args[0], of whatever type; NULL if the type does not implement the trait. */
TNode *check_call_trait(Checker *c, Decl *trait, const char *name, TNode **args, uint32_t nargs, Span span);
TNode *check_fn_value(Checker *c, Fn *fn, const Type *expected, Span span);
TNode *check_default(Checker *c, Fn *fn, uint32_t param, const Type *const *targs, Span span);

TNode *check_binary(Checker *c, Expr *e, const Type *expected);
TNode *check_unary(Checker *c, Expr *e, const Type *expected);
/* Applies a binary operator to two values; reports when there is none. */
TNode *check_operate(Checker *c, TokenKind op, TNode *left, TNode *right, Span span, Span op_span);
/* The type that a right operand is expected to have. */
const Type *check_operand_hint(Checker *c, TokenKind op, const Type *left);
/* left == right, for values of one type; NULL when it cannot be compared. */
TNode *check_equal(Checker *c, TNode *left, TNode *right, Span span);
/* Checks the operands of a comparison as values of one type (or never); false after an error. */
bool check_compared(Checker *c, Expr *e, TNode **left, TNode **right);
/* The type that values of both types convert to, or NULL. */
const Type *check_common_type(Checker *c, const Type *type, const Type *other, const Type *expected);

TNode *check_interp(Checker *c, Expr *e);
/* The text of a value as print shows it; `is_inner`: as inside a container. */
TNode *check_show(Checker *c, TNode *value, bool is_inner, Span span);
TNode *check_concat(Checker *c, NodeList *parts, Span span);
TNode *check_special(Checker *c, Expr *e, Special special);

TNode *check_try(Checker *c, Expr *e, const Type *expected);
/* The end of the program by an error. */
TNode *check_unhandled(Checker *c, TNode *error, Span span);
TNode *check_catch(Checker *c, Expr *e, const Type *expected, bool is_dropped);
TNode *check_fail(Checker *c, Expr *e);
/* The `T!` of what an import gave: `(T?, string?)`, or `string?` without a value. */
TNode *check_host_result(Checker *c, TNode *given, const Type *result, Span span);
TNode *check_return(Checker *c, Expr *e);
const Type *check_error_type(Checker *c);

TNode *check_if_expr(Checker *c, Expr *e, const Type *expected, bool is_dropped);
TNode *check_match(Checker *c, Expr *e, const Type *expected, bool is_dropped);
TNode *check_while(Checker *c, Expr *e);
TNode *check_for(Checker *c, Expr *e);
TNode *check_jump(Checker *c, Expr *e);

/* ---- Statements ---- */
/* Checks a statement and appends what it does. */
void check_stmt_into(Checker *c, Stmt *s, NodeList *list);
TNode *check_assign(Checker *c, Stmt *s);
/* Binds a pattern that must match: a name, `_`, or a tuple of those. */
void check_destructure(Checker *c, Pattern *p, TNode *value, bool is_var, NodeList *list);
/* Checks a top-level let; the globals' types are known then. */
void check_global_stmt(Checker *c, GlobalStmt *g);
const Type *check_global_type(Checker *c, GlobalVar *g, Span span);

/* ---- Patterns (check_pattern.c, check_match.c) ---- */
typedef enum StepKind { STEP_LET, STEP_COND, STEP_SOME, STEP_OK, STEP_ERR, STEP_CASE, STEP_IS } StepKind;

/* A pattern as a list of tests and bindings to be done in order. */
typedef struct Step {
  StepKind kind;
  Span span;
  TNode *value;   /* what is tested or bound */
  TVar *var;      /* LET, SOME, OK, IS */
  TVar *var2;     /* ERR */
  TVar **vars;    /* CASE */
  uint32_t nvars, index;
  const Type *type; /* IS */
} Step;
typedef struct Steps {
  Step *items;
  size_t count, capacity;
  bool is_bad; /* the pattern was reported, so nobody knows when it matches */
} Steps;

/* Checks a pattern against a type (declaring what it binds in the innermost scope) and appends its steps. */
void check_pattern(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps);
/* The same where a pattern must always match (let without else, for, parameters): a name takes an optional as it is. */
void check_pattern_whole(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps);
/* `then` behind all steps; `otherwise` (void, may be NULL) where one fails. `then` is used once, `otherwise` once for each test. */
TNode *check_steps_node(Checker *c, const Steps *steps, TNode *then, TNode *otherwise, const Type *type, Span span);
bool check_steps_irrefutable(const Steps *steps);
/* The number of tests among the steps. */
size_t check_steps_tests(const Steps *steps);
/* Ends a TN_SCOPE with a value (of type void: after doing it). */
TNode *check_leave(Checker *c, TScope *scope, TNode *value, Span span);
/* True if a pattern, which need not be checked yet, matches every value of a type, as check_pattern_whole matches. */
bool check_pattern_total(Checker *c, Pattern *p, const Type *type);
/* Reports cases that no arm matches, and arms that match nothing. */
void check_match_cover(Checker *c, MatchArm *arms, size_t count, const Type *type, Span span);

/* ---- check_note.c ---- */
/* Adds a second place, if it lies in the program's own text and on another line; returns `d`. */
Diag *check_note(Checker *c, Diag *d, Span span, const char *label);
/* Adds it to those of the messages from the `from`th on that say that what `value` gives is not of the wanted type. */
void check_note_value(Checker *c, size_t from, const Expr *value, Span span, const char *label);
/* True if `span` is that of an expression whose value is the value of `e`, or of the end of a block where one is missing. */
bool check_gives(const Expr *e, Span span);
/* The function with a name whose own body is being checked, or NULL. */
const Fn *check_frame_fn(const Checker *c);
/* Says what cases an enum has, unless they are many. */
void check_note_cases(Checker *c, Diag *d, const Decl *decl);
/* An enum of this module that has the case, or NULL. */
const Decl *check_case_owner(const Checker *c, Name name);

/* ---- check_warn.c ---- */

/* Whether a top-level statement does no more than give a variable a value, for which nothing runs that a program could have written. */
bool check_runs_nothing(const Stmt *s);
/* Notes a mention of what a top level declares; one inside of its own declaration is no use of it. NULL is allowed. */
void check_warn_mention(Checker *c, Symbol *symbol, Span span);
/* Notes that the unit being checked needs its import of `unit`. */
void check_warn_unit_used(Checker *c, const Unit *unit);
/* Each warns, where warnings are wanted. Variables of a scope that ends: */
void check_warn_scope(Checker *c, const Scope *scope);
/* a label that no jump named: */
void check_warn_label(Checker *c, const Loop *loop, const LoopLabel *label);
/* a statement behind one that never goes on (`list`: what came before it); true if so: */
bool check_warn_dead(Checker *c, const NodeList *list, const Stmt *next);
/* the value of a call that nobody takes: */
void check_warn_drop(Checker *c, const TNode *node, const Expr *e);
/* an assignment: */
void check_warn_assign(Checker *c, const Stmt *s);
/* a comparison or `&&`, `||`, of operands of this type: */
void check_warn_operands(Checker *c, const Expr *e, const Type *type);
/* a value in a string: */
void check_warn_part(Checker *c, const InterpPart *part);
/* a map literal: */
void check_warn_keys(Checker *c, const Expr *e);
/* the declarations of all of the program's units, once everything is checked. */
void check_warn_units(Checker *c);

/* ---- check_session.c ---- */
/* Makes the frames of all inputs' top levels. */
void check_session_start(Checker *c);
/* The frame of the top level that a statement belongs to. */
Frame *check_session_frame(Checker *c, Unit *unit, uint32_t source);
/* Which of the symbols of one name a text means. */
Symbol *check_session_pick(const Checker *c, Symbol *newest, uint32_t source, bool as_of);
/* A declaration's name, with its input if a later one declared the name again. */
const char *check_session_title(Checker *c, const Decl *decl);
/* Whether a text may use an extension method of a session. */
bool check_session_sees(const Checker *c, const Fn *fn);
/* Whether code being checked belongs to a top level, where names mean what they did when it ran. */
bool check_as_of(const Checker *c);
/* The source of the code being checked; 0 if it has none. */
uint32_t check_source(const Checker *c);
bool check_is_input(const Checker *c, uint32_t source);
/* Checks the statements of all inputs; the last expression of each gives its text to a variable. */
void check_session_top(Checker *c, Unit *unit);
/* Reaches the variables of library modules that have been initialised: they keep what they hold. */
void check_session_keep(Checker *c);
/* Leaves those steps of a module's initialisation out that ran before, and notes the others. */
void check_session_init(Checker *c, NodeList *nodes);
/* What stays the same of a place in a source when a session is compiled again. */
uint64_t check_session_key(const Checker *c, Span span, const char *name);
/* Fills the answer once the module is complete. */
void check_session_answer(Checker *c);
/* Makes `node`, whose type is a T!, give its T, or fail. */
TNode *check_or_fail(Checker *c, TNode *node, Span span);

/* ---- check_doc.c ---- */
/* Writes the declaration that a name means, as it was checked, and its documentation. */
void check_doc_symbol(Checker *c, FILE *out, Symbol *symbol);
/* What another module's name means inside of `unit`, NULL if nothing that it offers. */
Symbol *check_doc_inner(Checker *c, Symbol *unit, Name name);
/* The same for a member of a module, of a type, or of a variable's type: all of that name. */
void check_doc_member(Checker *c, FILE *out, Symbol *of, Name name);
/* Writes what is asked about all that a unit offers to others. */
void check_doc_unit(Checker *c, FILE *out, Unit *unit, CompileDoc what);

/* ---- Driver ---- */
/* Checks the bodies of everything reached until nothing is left. */
void check_queue_run(Checker *c);
#define check_report(c, span, ...) diag_error(&(c)->comp->diags, (span), __VA_ARGS__)

#endif
