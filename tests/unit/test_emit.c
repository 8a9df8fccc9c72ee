/* test_emit.c - the emitter: trees made by hand, the code that comes of them as text, and random trees, all of which must verify.
 *
 * Builders: every tree belongs to one function of one program; expect() writes the module, verifies it and compares function 0's code, given
 * as mnemonics with their small immediates, "Lk:" before an instruction that a label stands at.
 */
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

static void setup(void) {
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

static void teardown(void) {
  module_free(module);
  compilation_deinit(&compilation);
}

/* ---- Builders ---- */

static TNode *node(TKind kind, const Type *type) {
  TNode *n = ARENA_NEW(&compilation.arena, TNode);
  n->kind = kind;
  n->type = type;
  return n;
}

static TFunction *function(const char *name, TFunction *outer, const Type *result) {
  TFunction *f = ARENA_NEW(&compilation.arena, TFunction);
  f->name = name;
  f->outer = outer;
  f->result = result;
  functions[typed.nfunctions++] = current = f;
  return f;
}

static TVar *variable(const Type *type) {
  TVar *v = ARENA_NEW(&compilation.arena, TVar);
  v->type = type;
  v->owner = current;
  return v;
}

static TVar *parameter(const Type *type) {
  TFunction *f = current;
  TVar **params = ARENA_ARRAY(&compilation.arena, TVar *, f->nparams + 1);
  if (f->nparams) memcpy(params, f->params, f->nparams * sizeof *params);
  f->params = params;
  return f->params[f->nparams++] = variable(type);
}

static TNode *integer(int64_t i) {
  TNode *n = node(TN_CONST, t_int);
  n->value.i = i;
  return n;
}

static TNode *boolean(bool b) {
  TNode *n = node(TN_CONST, t_bool);
  n->value.i = b;
  return n;
}

static TNode *string(const char *text) {
  TNode *n = node(TN_CONST, t_string);
  n->str = (Str){text, strlen(text)};
  return n;
}

static TNode *get(TVar *v) {
  TNode *n = node(TN_VAR, v->type);
  n->var = v;
  return n;
}

static TNode *let(TVar *v, TNode *value) {
  TNode *n = node(TN_LET, t_void);
  n->var = v;
  n->a = value;
  return n;
}

static TNode *set(TVar *v, TNode *value) {
  TNode *n = let(v, value);
  n->kind = TN_SET_VAR;
  v->is_assigned = true;
  return n;
}

static void add(TNode *n, TNode *item) {
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

static TNode *op2(Op op, const Type *type, TNode *a, TNode *b) {
  TNode *n = node(TN_OP, type);
  n->op = op;
  add(n, a);
  if (b) add(n, b);
  return n;
}

static TNode *sum(TNode *a, TNode *b) { return op2(OP_INT_ADD, t_int, a, b); }
static TNode *less(TNode *a, TNode *b) { return op2(OP_INT_LT, t_bool, a, b); }
static TNode *not(TNode *a) { return op2(OP_BOOL_NOT, t_bool, a, NULL); }

static TNode *op_t(Op op, const Type *type, const Type *t, TNode *a) {
  TNode *n = node(TN_OP, type);
  n->op = op;
  n->t = t;
  if (a) add(n, a);
  return n;
}

static TNode *children(TKind kind, const Type *type, TNode *a, TNode *b, TNode *c) {
  TNode *n = node(kind, type);
  n->a = a;
  n->b = b;
  n->c = c;
  return n;
}

static TNode *jump(TKind kind, TScope *scope, TNode *value) {
  TNode *n = children(kind, t_never, value, NULL, NULL);
  n->scope = scope;
  return n;
}

static TNode *give(TNode *value) { return jump(TN_RETURN, NULL, value); }

static TNode *block(const Type *type) { return node(TN_BLOCK, type); }
#define BLOCK(name, type, ...)  \
  TNode *name = block(type);    \
  LIST(name, __VA_ARGS__)

static TNode *some(TNode *value, TVar *var, const Type *type, TNode *then, TNode *otherwise) {
  TNode *n = children(TN_IF_SOME, type, value, then, otherwise);
  n->var = var;
  return n;
}

static TNode *call(TFunction *f, TNode *a, TNode *b) {
  TNode *n = node(TN_CALL, f->result);
  n->function = f;
  if (a) add(n, a);
  if (b) add(n, b);
  return n;
}

static TNode *closure(TFunction *f, const Type *type) {
  TNode *n = node(TN_FN, type);
  n->function = f;
  return n;
}

static TNode *loop(TScope *scope, TNode *test, TNode *body, TNode *step) {
  TNode *n = children(TN_LOOP, test ? t_void : t_never, test, body, step);
  n->scope = scope;
  scope->is_loop = true;
  return n;
}

static TScope *scope_new(void) { return ARENA_NEW(&compilation.arena, TScope); }

/* ---- Comparing ---- */

static bool has(const char *imms, char letter) { return strchr(imms, letter) != NULL; }

static void print_insn(FILE *out, const Function *f, uint32_t pc) {
  const Insn *insn = &f->code[pc];
  const char *imms = op_table[insn->op].imms;
  for (uint32_t i = 0; i < f->nlabels; i++) {
    if (f->labels[i].pc == pc) fprintf(out, "L%u: ", i);
  }
  fprintf(out, "%s", op_table[insn->op].name);
  if (has(imms, 'i')) fprintf(out, " %lld", (long long)insn->x.i);
  if (has(imms, 'L')) fprintf(out, " L%u", insn->a);
  else if (has(imms, 'l') || has(imms, 'F') || has(imms, 'b') || has(imms, 's') || has(imms, 'g')) fprintf(out, " %u", insn->a);
  fprintf(out, "; ");
}

static char *code_text(const Function *f) {
  char *text;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  for (uint32_t pc = 0; pc < f->ncode; pc++) print_insn(out, f, pc);
  fclose(out);
  return text;
}

/* Emits and verifies; a function () -> int is added as the entry. */
static void emit_all(void) {
  TFunction *entry = function("entry", NULL, t_int);
  entry->body = integer(0);
  typed.entry = entry;
  ck_assert(emit_module(&typed));
  ModuleError error;
  bool is_ok = module_verify(module, &error);
  for (uint32_t i = 0; !is_ok && i < module->nfunctions; i++) {
    char *text = code_text(&module->functions[i]);
    fprintf(stderr, "%s: %s\n", module->functions[i].name, text);
    free(text);
  }
  ck_assert_msg(is_ok, "at %llu: %s", (unsigned long long)error.offset, error.reason);
}

static void expect_of(uint32_t index, const char *wanted) {
  char *text = code_text(&module->functions[index]);
  size_t length = strlen(text);
  while (length && (text[length - 1] == ' ' || text[length - 1] == ';')) text[--length] = '\0';
  ck_assert_str_eq(text, wanted);
  free(text);
}

static void expect(const char *wanted) {
  emit_all();
  expect_of(0, wanted);
}

/* ---- Expressions ---- */

START_TEST(test_add) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int);
  f->body = sum(get(x), integer(1));
  expect("local.get 0; int.const 1; int.add; ret");
}
END_TEST

START_TEST(test_folding) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = variable(t_int);
  BLOCK(body, t_int, let(x, sum(integer(40), integer(1))), sum(get(x), integer(1)));
  f->body = body;
  expect("int.const 42; ret");
}
END_TEST

START_TEST(test_folding_leaves_traps) {
  TFunction *f = function("f", NULL, t_int);
  f->body = op2(OP_INT_DIV, t_int, integer(1), integer(0));
  expect("int.const 1; int.const 0; int.div; ret");
}
END_TEST

START_TEST(test_folding_rows) {
  Value operands[2] = {{.i = 7}, {.i = -2}}, result;
  ck_assert(fold_pure(OP_INT_REM, operands, &result) && result.i == 1);
  ck_assert(!fold_pure(OP_INT_SHL, operands, &result));
  ck_assert(!fold_pure(OP_LIST_LEN, operands, &result));
  operands[0].f = 2.25;
  ck_assert(fold_pure(OP_FLOAT_SQRT, operands, &result) && result.f == 1.5);
}
END_TEST

START_TEST(test_concat) {
  TFunction *f = function("f", NULL, t_string);
  TVar *s = parameter(t_string);
  TNode *inner = op2(OP_STRING_CONCAT, t_string, get(s), string("b"));
  TNode *outer = op2(OP_STRING_CONCAT, t_string, string("a"), inner);
  add(outer, string("c"));
  f->body = outer;
  expect("string.const 0; local.get 0; string.const 1; string.concat; ret");
  ck_assert_str_eq(module->strings[1].bytes, "bc");
}
END_TEST

START_TEST(test_concat_of_constants) {
  TFunction *f = function("f", NULL, t_string);
  f->body = op2(OP_STRING_CONCAT, t_string, string("hello"), string("\n"));
  expect("string.const 0; ret");
}
END_TEST

START_TEST(test_long_list) {
  const Type *list = type_unary(module->types, TYPE_LIST, t_int);
  TFunction *f = function("f", NULL, list);
  TVar *x = parameter(t_int);
  TNode *n = node(TN_OP, list);
  n->op = OP_LIST_NEW;
  n->t = t_int;
  for (int i = 0; i < 1000; i++) add(n, get(x));
  n->index = n->nlist;
  f->body = n;
  emit_all();
  ck_assert_int_lt(module->functions[0].ncode, 1100);
}
END_TEST

START_TEST(test_stored_once) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int), *y = variable(t_int);
  BLOCK(body, t_int, let(y, sum(get(x), integer(1))), op2(OP_INT_MUL, t_int, get(y), get(x)));
  f->body = body;
  expect("local.get 0; int.const 1; int.add; local.get 0; int.mul; ret");
  ck_assert_int_eq(module->functions[0].nlocals, 1);
}
END_TEST

START_TEST(test_unused_let) {
  TFunction *f = function("f", NULL, t_void);
  TVar *x = parameter(t_int), *y = variable(t_int);
  BLOCK(body, t_void, let(y, sum(get(x), integer(1))));
  f->body = body;
  expect("local.get 0; int.const 1; int.add; pop; void.const; ret");
}
END_TEST

START_TEST(test_void_call_in_tail) {
  TFunction *f = function("f", NULL, t_void);
  TFunction *g = function("g", NULL, t_void);
  g->body = block(t_void);
  BLOCK(body, t_void, call(g, NULL, NULL), call(g, NULL, NULL));
  f->body = body;
  expect("call 1; pop; call 1; ret");
}
END_TEST

/* ---- Conditions ---- */

START_TEST(test_if_value) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int);
  f->body = children(TN_IF, t_int, less(get(x), integer(2)), get(x), sum(get(x), integer(1)));
  expect("local.get 0; int.const 2; int.lt; br.ifnot L0; local.get 0; ret; L0: local.get 0; int.const 1; int.add; ret");
}
END_TEST

START_TEST(test_and_or) {
  TFunction *f = function("f", NULL, t_int);
  TVar *a = parameter(t_bool), *b = parameter(t_bool), *c = parameter(t_bool);
  TNode *test = children(TN_OR, t_bool, children(TN_AND, t_bool, get(a), not(get(b)), NULL), get(c), NULL);
  f->body = children(TN_IF, t_int, test, integer(1), integer(2));
  expect("local.get 0; br.ifnot L0; local.get 1; br.ifnot L1; L0: local.get 2; br.ifnot L2; "
         "L1: int.const 1; ret; L2: int.const 2; ret");
}
END_TEST

START_TEST(test_and_as_value) {
  TFunction *f = function("f", NULL, t_bool);
  TVar *a = parameter(t_bool), *b = parameter(t_bool);
  f->body = children(TN_AND, t_bool, get(a), get(b), NULL);
  expect("local.get 0; br.ifnot L0; local.get 1; br L1; L0: bool.const 0; L1: ret");
}
END_TEST

START_TEST(test_constant_condition) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int);
  TNode *test = children(TN_AND, t_bool, boolean(true), less(integer(1), integer(2)), NULL);
  f->body = children(TN_IF, t_int, test, get(x), integer(2));
  expect("local.get 0; ret");
}
END_TEST

START_TEST(test_coalesce) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_opt), *v = variable(t_int);
  f->body = sum(some(get(x), v, t_int, get(v), integer(5)), integer(1));
  expect("local.get 0; br.nil L0; br L1; L0: int.const 5; L1: int.const 1; int.add; ret");
}
END_TEST

START_TEST(test_unused_payload) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_opt);
  f->body = some(get(x), NULL, t_int, integer(1), integer(2));
  expect("local.get 0; opt.is; br.ifnot L0; int.const 1; ret; L0: int.const 2; ret");
}
END_TEST

/* ---- Loops ---- */

/* var i = 0; while i < n { let x = i; total = total + x; step i = i + 1 } */
START_TEST(test_counted_loop) {
  TFunction *f = function("f", NULL, t_int);
  TVar *n = parameter(t_int), *i = variable(t_int), *total = variable(t_int), *x = variable(t_int);
  TScope *s = scope_new();
  BLOCK(inner, t_void, let(x, get(i)), set(total, sum(get(total), get(x))));
  TNode *l = loop(s, less(get(i), get(n)), inner, set(i, sum(get(i), integer(1))));
  BLOCK(body, t_int, let(total, integer(0)), let(i, integer(0)), l, get(total));
  f->body = body;
  expect("int.const 0; local.set 1; int.const 0; local.set 2; local.get 2; local.get 0; int.lt; br.ifnot L1; "
         "L0: local.get 1; local.get 2; int.add; local.set 1; local.get 2; int.const 1; int.add; local.set 2; "
         "local.get 2; local.get 0; int.lt; br.if L0; L1: local.get 1; ret");
}
END_TEST

/* while true { if let v = x { if v < 3 { continue }; break } else { break } } */
START_TEST(test_bare_jumps) {
  TFunction *f = function("f", NULL, t_void);
  TVar *x = parameter(t_opt), *v = variable(t_int);
  TScope *s = scope_new();
  BLOCK(then, t_never, children(TN_IF, t_void, less(get(v), integer(3)), jump(TN_CONTINUE, s, NULL), NULL), jump(TN_BREAK, s, NULL));
  TNode *l = loop(s, NULL, some(get(x), v, t_never, then, jump(TN_BREAK, s, NULL)), NULL);
  l->type = t_void;
  f->body = l;
  expect("L0: local.get 0; br.nil L1; int.const 3; int.lt; br.if L0; L1: void.const; ret");
}
END_TEST

START_TEST(test_loop_in_operand_spills) {
  TFunction *f = function("f", NULL, t_int);
  TVar *n = parameter(t_int), *i = variable(t_int);
  TScope *s = scope_new();
  TNode *l = loop(s, less(get(i), get(n)), set(i, sum(get(i), integer(1))), NULL);
  BLOCK(value, t_int, let(i, integer(0)), l, get(i));
  TNode *global = node(TN_GLOBAL, t_int);
  Global *g = MODULE_PUSH(module, module->nglobals, module->globals);
  *g = (Global){"g", t_int};
  f->body = sum(global, value);
  expect("global.get 0; local.set 1; int.const 0; local.set 2; local.get 2; local.get 0; int.lt; br.ifnot L1; "
         "L0: local.get 2; int.const 1; int.add; local.set 2; local.get 2; local.get 0; int.lt; br.if L0; "
         "L1: local.get 1; local.get 2; int.add; ret");
}
END_TEST

START_TEST(test_return_from_operand) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_opt), *y = parameter(t_int), *v = variable(t_int);
  f->body = sum(sum(get(y), integer(1)), some(get(x), v, t_int, get(v), give(get(y))));
  expect("local.get 1; int.const 1; int.add; local.get 0; br.nil L0; br L1; L0: pop; local.get 1; ret; L1: int.add; ret");
}
END_TEST

START_TEST(test_scope_with_value) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int);
  TScope *s = scope_new();
  BLOCK(body, t_int, children(TN_IF, t_void, less(get(x), integer(0)), jump(TN_BREAK, s, integer(7)), NULL), get(x));
  TNode *scoped = children(TN_SCOPE, t_int, body, NULL, NULL);
  scoped->scope = s;
  f->body = sum(integer(1), scoped);
  expect("int.const 1; local.get 0; int.const 0; int.lt; br.ifnot L0; int.const 7; br L1; L0: local.get 0; L1: int.add; ret");
}
END_TEST

/* ---- Defers ---- */

START_TEST(test_defer) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int);
  TFunction *g = function("g", NULL, t_void);
  g->body = block(t_void);
  current = f;
  TNode *d = children(TN_DEFER, t_void, call(g, NULL, NULL), NULL, NULL);
  BLOCK(body, t_int, d, children(TN_IF, t_void, less(get(x), integer(0)), give(sum(get(x), integer(1))), NULL), get(x));
  f->body = body;
  expect("local.get 0; int.const 0; int.lt; br.ifnot L0; local.get 0; int.const 1; int.add; call 1; pop; ret; "
         "L0: local.get 0; call 1; pop; ret");
}
END_TEST

/* ---- Closures ---- */

START_TEST(test_capture_by_value_and_cell) {
  const Type *fn = type_unary(module->types, TYPE_FN, t_int);
  TFunction *f = function("f", NULL, fn);
  TVar *x = parameter(t_int), *n = variable(t_int);
  TFunction *g = function("g", f, t_int);
  BLOCK(body, t_int, set(n, sum(get(n), get(x))), get(n));
  n->owner = x->owner = f;
  g->body = body;
  BLOCK(outer, fn, let(n, integer(0)), closure(g, fn));
  f->body = outer;
  expect("int.const 0; cell.new; local.set 1; local.get 1; local.get 0; fn.new 1; ret");
  expect_of(1, "local.get 0; local.get 0; cell.get; local.get 1; int.add; cell.set; local.get 0; cell.get; ret");
}
END_TEST

START_TEST(test_nested_capture) {
  const Type *fn = type_unary(module->types, TYPE_FN, t_int);
  const Type *fn2 = type_unary(module->types, TYPE_FN, fn);
  TFunction *f = function("f", NULL, fn2);
  TVar *x = parameter(t_int);
  x->is_assigned = true;
  TFunction *g = function("g", f, fn);
  TFunction *h = function("h", g, t_int);
  h->body = get(x);
  g->body = closure(h, fn);
  f->body = closure(g, fn2);
  expect("local.get 0; cell.new; local.set 1; local.get 1; fn.new 1; ret");
  expect_of(1, "local.get 0; fn.new 2; ret");
  expect_of(2, "local.get 0; cell.get; ret");
}
END_TEST

/* ---- Enums ---- */

static const Type *make_enum(void) {
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

static TNode *if_case(TVar *e, uint32_t index, TVar **vars, const Type *type, TNode *then, TNode *otherwise) {
  TNode *n = children(TN_IF_CASE, type, get(e), then, otherwise);
  n->index = index;
  n->vars = vars;
  n->nvars = index;
  return n;
}

START_TEST(test_match_keeps_value_on_stack) {
  const Type *type = make_enum();
  TFunction *f = function("f", NULL, t_int);
  TVar *e = parameter(type), *v = variable(t_int), *w = variable(t_int);
  TVar **one = ARENA_ARRAY(&compilation.arena, TVar *, 1), **two = ARENA_ARRAY(&compilation.arena, TVar *, 2);
  one[0] = v;
  two[0] = w;
  TScope *s = scope_new();
  BLOCK(body, t_never, if_case(e, 1, one, t_void, jump(TN_BREAK, s, get(v)), NULL),
        if_case(e, 2, two, t_void, jump(TN_BREAK, s, get(w)), NULL), if_case(e, 0, NULL, t_void, jump(TN_BREAK, s, integer(0)), NULL),
        op_t(OP_PANIC, t_never, NULL, string("no case")));
  TNode *scoped = children(TN_SCOPE, t_int, body, NULL, NULL);
  scoped->scope = s;
  f->body = scoped;
  expect("local.get 0; br.uncase L0; ret; L0: br.uncase L1; pop; ret; "
         "L1: br.uncase L2; int.const 0; ret; L2: pop; string.const 0; panic");
}
END_TEST

/* ---- Limits ---- */

START_TEST(test_nesting_limit) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int);
  TNode *n = get(x);
  for (int i = 0; i < EMIT_DEPTH_MAX + 10; i++) n = sum(n, get(x));
  f->body = n;
  typed.entry = f;
  ck_assert(!emit_module(&typed));
  ck_assert_int_eq(compilation.diags.errors, 1);
}
END_TEST

START_TEST(test_nesting_below_limit) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int);
  TNode *left = get(x), *right = get(x);
  for (int i = 0; i < EMIT_DEPTH_MAX - 10; i++) {
    left = sum(left, get(x));
    right = sum(get(x), right);
  }
  f->body = left;
  TFunction *g = function("g", NULL, t_int);
  x->owner = g;
  g->params = f->params;
  g->nparams = 1;
  g->body = right;
  emit_all();
}
END_TEST

START_TEST(test_parameter_limit) {
  TFunction *f = function("f", NULL, t_void);
  for (int i = 0; i < MODULE_PARAMS_MAX + 1; i++) parameter(t_int);
  f->body = block(t_void);
  typed.entry = f;
  ck_assert(!emit_module(&typed));
}
END_TEST

/* ---- Random trees ---- */

static uint64_t seed;
static uint32_t roll(uint32_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

typedef struct Env {
  TVar *vars[200];
  uint32_t nvars;
  TScope *loops[20], *values[20]; /* values: scopes of type int */
  uint32_t nloops, nvalues;
  TFunction *helper;
  const Type *enumeration;
  int depth;
  bool in_defer;
} Env;

static TNode *random_int(Env *env);
static TNode *random_statement(Env *env);

static TVar *random_var(Env *env, const Type *type) {
  for (int tries = 0; tries < 8 && env->nvars; tries++) {
    TVar *v = env->vars[roll(env->nvars)];
    if (v->type == type) return v;
  }
  return NULL;
}

static TNode *random_bool(Env *env) {
  TNode *n = NULL;
  if (--env->depth > 0) {
    switch (roll(6)) {
      case 0: n = not(random_bool(env)); break;
      case 1: n = random_bool(env); n = children(TN_AND, t_bool, n, random_bool(env), NULL); break;
      case 2: n = random_bool(env); n = children(TN_OR, t_bool, n, random_bool(env), NULL); break;
      case 3: n = boolean(roll(2)); break;
      case 4: {
        TNode *test = random_bool(env), *then = random_bool(env);
        n = children(TN_IF, t_bool, test, then, random_bool(env));
        break;
      }
      default: n = random_int(env); n = less(n, random_int(env));
    }
  }
  env->depth++;
  return n ? n : less(random_int(env), integer(3));
}

static TNode *random_opt(Env *env) {
  TVar *v = random_var(env, t_opt);
  if (v && roll(2)) return get(v);
  return roll(2) ? op_t(OP_OPT_SOME, t_opt, t_int, random_int(env)) : op_t(OP_OPT_NIL, t_opt, t_int, NULL);
}

static TNode *random_block(Env *env, const Type *type) {
  TNode *n = block(type);
  uint32_t nvars = env->nvars, count = roll(4);
  for (uint32_t i = 0; i < count; i++) {
    TNode *s = random_statement(env);
    add(n, s);
    if (s->type == t_never) {
      n->type = t_never;
      env->nvars = nvars;
      return n;
    }
  }
  if (type == t_int) add(n, random_int(env));
  env->nvars = nvars;
  return n;
}

static TNode *random_exit(Env *env) {
  if (env->in_defer) return NULL;
  uint32_t which = roll(4);
  if (which == 0 && env->nloops) return jump(roll(2) ? TN_BREAK : TN_CONTINUE, env->loops[roll(env->nloops)], NULL);
  if (which == 1 && env->nvalues) {
    uint32_t k = roll(env->nvalues);
    return jump(TN_BREAK, env->values[k], random_int(env));
  }
  return which == 2 ? give(random_int(env)) : NULL;
}

static TNode *random_some(Env *env, const Type *type) {
  uint32_t nvars = env->nvars;
  TNode *value = random_opt(env);
  TVar *v = variable(t_int);
  if (env->nvars < 190) env->vars[env->nvars++] = v;
  TNode *then = random_block(env, type);
  env->nvars = nvars;
  TNode *otherwise = type == t_void && roll(2) ? NULL : random_block(env, type);
  return some(value, v, type, then, otherwise);
}

static TNode *random_case(Env *env, const Type *type) {
  TVar *e = random_var(env, env->enumeration);
  if (!e) return NULL;
  uint32_t nvars = env->nvars;
  TVar **vars = ARENA_ARRAY(&compilation.arena, TVar *, 2);
  uint32_t index = roll(3);
  for (uint32_t i = 0; i < index; i++) {
    if (roll(3) == 0) continue;
    vars[i] = variable(t_int);
    if (env->nvars < 190) env->vars[env->nvars++] = vars[i];
  }
  TNode *then = random_block(env, type);
  env->nvars = nvars;
  TNode *otherwise = type == t_void && roll(2) ? NULL : random_block(env, type);
  return if_case(e, index, vars, type, then, otherwise);
}

static TNode *random_scope(Env *env) {
  TScope *s = scope_new();
  if (env->nvalues == 20) return NULL;
  env->values[env->nvalues++] = s;
  TNode *n = children(TN_SCOPE, t_int, random_block(env, t_int), NULL, NULL);
  env->nvalues--;
  n->scope = s;
  return n;
}

static TNode *random_int(Env *env) {
  TNode *n = NULL;
  if (--env->depth > 0) {
    switch (roll(9)) {
      case 0: n = random_int(env); n = sum(n, random_int(env)); break;
      case 1: {
        TNode *test = random_bool(env), *then = random_block(env, t_int);
        n = children(TN_IF, t_int, test, then, random_block(env, t_int));
        break;
      }
      case 2: n = random_int(env); n = call(env->helper, n, random_int(env)); break;
      case 3: n = random_block(env, t_int); break;
      case 4: n = random_some(env, t_int); break;
      case 5: n = random_scope(env); break;
      case 6: n = random_case(env, t_int); break;
      case 7: n = random_exit(env); break;
      default: break;
    }
  }
  env->depth++;
  TVar *v = n ? NULL : random_var(env, t_int);
  return n ? n : v ? get(v) : integer(roll(100));
}

static TNode *random_loop(Env *env) {
  TScope *s = scope_new();
  if (env->nloops == 20) return NULL;
  uint32_t nvars = env->nvars;
  TVar *i = variable(t_int), *x = variable(t_int);
  TNode *outer = block(t_void);
  add(outer, let(i, random_int(env)));
  TNode *test = roll(2) ? less(get(i), integer(9)) : random_bool(env);
  env->loops[env->nloops++] = s;
  TNode *body = block(t_void);
  add(body, let(x, get(i)));
  if (env->nvars < 190) env->vars[env->nvars++] = x;
  add(body, random_block(env, t_void));
  env->nvars = nvars;
  env->nloops--;
  add(outer, loop(s, test, body, roll(2) ? set(i, sum(get(i), integer(1))) : NULL));
  return outer;
}

static TNode *random_defer(Env *env) {
  Env inner = *env;
  inner.in_defer = true;
  inner.nloops = inner.nvalues = 0;
  return children(TN_DEFER, t_void, random_block(&inner, t_void), NULL, NULL);
}

/* let f = || ...: makes a closure of the variables in scope. */
static TNode *random_closure(Env *env) {
  if (typed.nfunctions > 40) return NULL;
  const Type *fn = type_unary(module->types, TYPE_FN, t_int);
  TFunction *outer = current;
  TFunction *g = function("closure", outer, t_int);
  Env inner = *env;
  inner.nloops = inner.nvalues = 0;
  inner.in_defer = false;
  g->body = random_block(&inner, t_int);
  current = outer;
  TNode *n = node(TN_CALL_FN, t_int);
  add(n, closure(g, fn));
  TVar *v = variable(t_int);
  n = let(v, n);
  if (env->nvars < 190) env->vars[env->nvars++] = v;
  return n;
}

static TNode *random_statement(Env *env) {
  TNode *n = NULL;
  if (--env->depth > 0) {
    TVar *v;
    switch (roll(11)) {
      case 0:
      case 1: {
        v = variable(roll(2) ? t_int : t_opt);
        n = let(v, v->type == t_int ? random_int(env) : random_opt(env));
        if (env->nvars < 190) env->vars[env->nvars++] = v;
        break;
      }
      case 2:
        v = random_var(env, t_int);
        if (v) n = set(v, random_int(env));
        break;
      case 3: n = random_loop(env); break;
      case 4: n = random_bool(env); n = children(TN_IF, t_void, n, random_block(env, t_void), NULL); break;
      case 5: n = random_some(env, t_void); break;
      case 6: n = random_case(env, t_void); break;
      case 7: n = env->in_defer ? NULL : random_defer(env); break;
      case 8: n = random_closure(env); break;
      case 9: n = random_exit(env); break;
      default: n = random_int(env);
    }
  }
  env->depth++;
  return n ? n : block(t_void);
}

START_TEST(test_random) {
  for (int round = 0; round < 300; round++) {
    seed = (uint64_t)_i * 1000 + (uint64_t)round;
    typed.nfunctions = 0;
    Env env = {.depth = 4 + (int)roll(8)};
    env.enumeration = make_enum();
    TFunction *f = function("f", NULL, t_int);
    env.vars[env.nvars++] = parameter(t_int);
    env.vars[env.nvars++] = parameter(env.enumeration);
    env.vars[env.nvars++] = parameter(t_opt);
    env.helper = function("helper", NULL, t_int);
    parameter(t_int);
    parameter(t_int);
    env.helper->body = integer(1);
    current = f;
    f->body = random_block(&env, t_int);
    emit_all();
    teardown();
    setup();
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("emit");
  TCase *tc = tcase_create("emit");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, test_add);
  tcase_add_test(tc, test_folding);
  tcase_add_test(tc, test_folding_leaves_traps);
  tcase_add_test(tc, test_folding_rows);
  tcase_add_test(tc, test_concat);
  tcase_add_test(tc, test_concat_of_constants);
  tcase_add_test(tc, test_long_list);
  tcase_add_test(tc, test_stored_once);
  tcase_add_test(tc, test_unused_let);
  tcase_add_test(tc, test_void_call_in_tail);
  tcase_add_test(tc, test_if_value);
  tcase_add_test(tc, test_and_or);
  tcase_add_test(tc, test_and_as_value);
  tcase_add_test(tc, test_constant_condition);
  tcase_add_test(tc, test_coalesce);
  tcase_add_test(tc, test_unused_payload);
  tcase_add_test(tc, test_counted_loop);
  tcase_add_test(tc, test_bare_jumps);
  tcase_add_test(tc, test_loop_in_operand_spills);
  tcase_add_test(tc, test_return_from_operand);
  tcase_add_test(tc, test_scope_with_value);
  tcase_add_test(tc, test_defer);
  tcase_add_test(tc, test_capture_by_value_and_cell);
  tcase_add_test(tc, test_nested_capture);
  tcase_add_test(tc, test_match_keeps_value_on_stack);
  tcase_add_test(tc, test_nesting_limit);
  tcase_add_test(tc, test_nesting_below_limit);
  tcase_add_test(tc, test_parameter_limit);
  tcase_add_loop_test(tc, test_random, 0, 20);
  suite_add_tcase(suite, tc);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
