/* check_call.h - what is called, for check_call.c, check_args.c and check_call_node.c.
 *
 * Whatever is called (a function, a method, a class, a case of an enum) is described as a Callee; check_bind then does the same for all.
 */
#ifndef FIRN_COMPILER_CHECK_CALL_H
#define FIRN_COMPILER_CHECK_CALL_H

#include "compiler/check.h"

typedef struct Callee {
  const char *what;          /* "`f`", for messages */
  uint32_t nparams;
  uint32_t given;            /* the first parameters, whose operands are in `self` */
  const Type *const *types;
  const Generics *generics;  /* NULL: none */
  const Type **targs;        /* found so far */
  const Type **hints;        /* what the expected result suggests; arguments may say otherwise */
  uint32_t ntargs;
  Name (*name)(const struct Callee *, uint32_t);
  bool (*has_default)(const struct Callee *, uint32_t);
  TNode *(*fallback)(Checker *, const struct Callee *, uint32_t, Span);
  Fn *fn;
  Decl *decl;                /* a class */
  const CaseInfo *info;      /* a case */
  Span span;                 /* of the declaration, for notes */
} Callee;

/* Type arguments of `type` or of the owner are those that are known before any argument. The first `given` parameters have their operands. */
Callee callee_of_fn(Checker *c, Fn *fn, const Type *const *owner_args, uint32_t given);
Callee callee_of_class(Checker *c, Decl *decl, const Type *type);
Callee callee_of_case(Checker *c, Decl *decl, const Type *type, const CaseInfo *info);

/* Checks all arguments. Gives the operands in the order of the parameters, with `before` to be done first; NULL after an error. */
TNode **check_bind(Checker *c, Callee *callee, TNode *self, Arg *args, size_t count, const Type *result, const Type *expected, Span span, NodeList *before);

/* A node with those before it, if there are any. */
TNode *check_behind(Checker *c, NodeList *before, TNode *node, Span span);

/* After an error: the arguments are checked anyway, for their own mistakes. */
void check_args_rest(Checker *c, const Arg *args, size_t count, const TNode *const *done, const uint32_t *places);

/* Operands up to the first that never goes on, or NULL when all do. */
TNode *check_never_operand(Checker *c, TNode **args, uint32_t nargs, Span span);

const Type **check_copy_types(Checker *c, const Type *const *types, uint32_t count);

#endif
