/* test_emit.c - the emitter: trees made by hand, and the code that comes of them as text.
 *
 * Builders: every tree belongs to one function of one program; expect() writes the module, verifies it and compares function 0's code, given
 * as mnemonics with their small immediates, "Lk:" before an instruction that a label stands at.
 */
#include "tests/unit/trees.h"
#include "suite.h"

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

static void expect_of(uint32_t index, const char *wanted) {
  char *text = code_text(&module->functions[index]);
  size_t length = strlen(text);
  while (length && (text[length - 1] == ' ' || text[length - 1] == ';')) text[--length] = '\0';
  ck_assert_str_eq(text, wanted);
  free(text);
}

static void expect(const char *wanted) {
  emit_all(NULL);
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
  emit_all(NULL);
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

static TNode *arm_value(int i) { return integer(10 * i); }

START_TEST(test_switch) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int);
  f->body = match_ints(x, t_int, (int64_t[]){100, 102, 101, 100, 104}, 5, arm_value);
  expect("local.get 0; int.const 100; int.wsub; switch; br L4; L0: int.const 0; ret; L1: int.const 10; ret; L2: int.const 20; ret; "
         "L3: int.const 40; ret; L4: local.get 0; ret");
}
END_TEST

START_TEST(test_sparse_is_no_switch) {
  TFunction *f = function("f", NULL, t_int);
  TVar *x = parameter(t_int);
  f->body = match_ints(x, t_int, (int64_t[]){INT64_MIN, 2, 3, INT64_MAX}, 4, arm_value);
  emit_all(NULL);
  ck_assert_int_eq(module->functions[0].nswitches, 0);
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
  emit_all(NULL);
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
  tcase_add_test(tc, test_switch);
  tcase_add_test(tc, test_sparse_is_no_switch);
  tcase_add_test(tc, test_nesting_limit);
  tcase_add_test(tc, test_nesting_below_limit);
  tcase_add_test(tc, test_parameter_limit);
  suite_add_tcase(suite, tc);
  return suite_run(suite);
}
