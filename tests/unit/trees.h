/* trees.h - makers of typed trees for the emitter's tests: one program at a time, made and dropped by setup and teardown. */
#ifndef FIRN_TESTS_TREES_H
#define FIRN_TESTS_TREES_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/emit_internal.h"
#include "vm/verify.h"

static Compilation compilation;
static Module *module;
static Typed typed;
static TFunction *functions[64], *current;
static const Type *t_void, *t_int, *t_bool, *t_float, *t_string, *t_never, *t_opt;

static inline void setup(void) {
  compilation_init(&compilation);
  module = module_new();
  t_void = type_simple(module->types, TYPE_VOID);
  t_int = type_simple(module->types, TYPE_INT);
  t_bool = type_simple(module->types, TYPE_BOOL);
  t_float = type_simple(module->types, TYPE_FLOAT);
  t_string = type_simple(module->types, TYPE_STRING);
  t_never = type_simple(module->types, TYPE_NEVER);
  t_opt = type_unary(module->types, TYPE_OPT, t_int);
  typed = (Typed){.compilation = &compilation, .module = module, .functions = functions};
}

static inline void teardown(void) {
  module_free(module);
  compilation_deinit(&compilation);
}

/* ---- Builders ---- */

static inline TNode *node(TKind kind, const Type *type) {
  TNode *n = ARENA_NEW(&compilation.arena, TNode);
  n->kind = kind;
  n->type = type;
  return n;
}

static inline TFunction *function(const char *name, TFunction *outer, const Type *result) {
  TFunction *f = ARENA_NEW(&compilation.arena, TFunction);
  f->name = name;
  f->outer = outer;
  f->result = result;
  functions[typed.nfunctions++] = current = f;
  return f;
}

static inline TVar *variable(const Type *type) {
  TVar *v = ARENA_NEW(&compilation.arena, TVar);
  v->type = type;
  v->owner = current;
  return v;
}

static inline TVar *parameter(const Type *type) {
  TFunction *f = current;
  TVar **params = ARENA_ARRAY(&compilation.arena, TVar *, f->nparams + 1);
  if (f->nparams) memcpy(params, f->params, f->nparams * sizeof *params);
  f->params = params;
  return f->params[f->nparams++] = variable(type);
}

static inline TNode *integer(int64_t i) {
  TNode *n = node(TN_CONST, t_int);
  n->value.i = i;
  return n;
}

static inline TNode *boolean(bool b) {
  TNode *n = node(TN_CONST, t_bool);
  n->value.i = b;
  return n;
}

static inline TNode *string(const char *text) {
  TNode *n = node(TN_CONST, t_string);
  n->str = (Str){text, strlen(text)};
  return n;
}

static inline TNode *get(TVar *v) {
  TNode *n = node(TN_VAR, v->type);
  n->var = v;
  return n;
}

static inline TNode *let(TVar *v, TNode *value) {
  TNode *n = node(TN_LET, t_void);
  n->var = v;
  n->a = value;
  return n;
}

static inline TNode *set(TVar *v, TNode *value) {
  TNode *n = let(v, value);
  n->kind = TN_SET_VAR;
  v->is_assigned = true;
  return n;
}

static inline void add(TNode *n, TNode *item) {
  TNode **list = ARENA_ARRAY(&compilation.arena, TNode *, n->nlist + 1);
  if (n->nlist) memcpy(list, n->list, n->nlist * sizeof *list);
  n->list = list;
  n->list[n->nlist++] = item;
}

#define LIST(n, ...)                                                                             \
  do {                                                                                           \
    TNode *items_[] = {__VA_ARGS__};                                                             \
    for (size_t i_ = 0; i_ < sizeof items_ / sizeof *items_; i_++) add((n), items_[i_]);         \
  } while (0)

static inline TNode *op2(Op op, const Type *type, TNode *a, TNode *b) {
  TNode *n = node(TN_OP, type);
  n->op = op;
  add(n, a);
  if (b) add(n, b);
  return n;
}

static inline TNode *sum(TNode *a, TNode *b) { return op2(OP_INT_ADD, t_int, a, b); }
static inline TNode *less(TNode *a, TNode *b) { return op2(OP_INT_LT, t_bool, a, b); }
static inline TNode *not(TNode *a) { return op2(OP_BOOL_NOT, t_bool, a, NULL); }

static inline TNode *op_t(Op op, const Type *type, const Type *t, TNode *a) {
  TNode *n = node(TN_OP, type);
  n->op = op;
  n->t = t;
  if (a) add(n, a);
  return n;
}

static inline TNode *children(TKind kind, const Type *type, TNode *a, TNode *b, TNode *c) {
  TNode *n = node(kind, type);
  n->a = a;
  n->b = b;
  n->c = c;
  return n;
}

static inline TNode *jump(TKind kind, TScope *scope, TNode *value) {
  TNode *n = children(kind, t_never, value, NULL, NULL);
  n->scope = scope;
  return n;
}

static inline TNode *give(TNode *value) { return jump(TN_RETURN, NULL, value); }

static inline TNode *block(const Type *type) { return node(TN_BLOCK, type); }
#define BLOCK(name, type, ...)  \
  TNode *name = block(type);    \
  LIST(name, __VA_ARGS__)

static inline TNode *some(TNode *value, TVar *var, const Type *type, TNode *then, TNode *otherwise) {
  TNode *n = children(TN_IF_SOME, type, value, then, otherwise);
  n->var = var;
  return n;
}

static inline TNode *call(TFunction *f, TNode *a, TNode *b) {
  TNode *n = node(TN_CALL, f->result);
  n->function = f;
  if (a) add(n, a);
  if (b) add(n, b);
  return n;
}

static inline TNode *closure(TFunction *f, const Type *type) {
  TNode *n = node(TN_FN, type);
  n->function = f;
  return n;
}

static inline TNode *loop(TScope *scope, TNode *test, TNode *body, TNode *step) {
  TNode *n = children(TN_LOOP, test ? t_void : t_never, test, body, step);
  n->scope = scope;
  scope->is_loop = true;
  return n;
}

static inline TScope *scope_new(void) { return ARENA_NEW(&compilation.arena, TScope); }

static inline const Type *make_enum(void) {
  Enum *e = MODULE_PUSH(module, module->nenums, module->enums);
  e->name = "E";
  static const char *const names[] = {"a", "b", "c"};
  for (uint32_t i = 0; i < 3; i++) {
    Case *c = MODULE_PUSH(module, e->ncases, e->cases);
    c->name = names[i];
    for (uint32_t k = 0; k < i; k++) *MODULE_PUSH(module, c->nfields, c->fields) = (Field){"", t_int, false};
  }
  return type_intern(module->types, TYPE_ENUM, 0, NULL, 0);
}

static inline TNode *if_case(TVar *e, uint32_t index, TVar **vars, const Type *type, TNode *then, TNode *otherwise) {
  TNode *n = children(TN_IF_CASE, type, get(e), then, otherwise);
  n->index = index;
  n->vars = vars;
  n->nvars = index;
  return n;
}

static inline TNode *equal(TVar *v, int64_t value) { return op2(OP_INT_EQ, t_bool, get(v), integer(value)); }

static inline TNode *match_ints(TVar *v, const Type *type, const int64_t *values, int count, TNode *(*arm)(int i)) {
  TScope *s = scope_new();
  TNode *body = block(type);
  for (int i = 0; i < count; i++) {
    TNode *value = arm ? arm(i) : NULL;
    add(body, children(TN_IF, t_void, equal(v, values[i]), jump(TN_BREAK, s, value), NULL));
  }
  if (type == t_int) add(body, get(v));
  TNode *scoped = children(TN_SCOPE, type, body, NULL, NULL);
  scoped->scope = s;
  return scoped;
}

/* Emits and verifies; the entry returns what `entry_value` gives (NULL: 0). */
static inline void emit_all(TNode *(*entry_value)(void)) {
  TFunction *entry = function("entry", NULL, t_int);
  entry->body = entry_value ? entry_value() : integer(0);
  typed.entry = entry;
  ck_assert(emit_module(&typed));
  ModuleError error;
  ck_assert_msg(module_verify(module, &error), "at %llu: %s", (unsigned long long)error.offset, error.reason);
}

#endif
