/* emit_switch.c - statements in a row that compare one variable with constants, or ask for its case, become one jump through a table.
 *
 * This is what `match` on numbers, characters and enums is made of. Each statement of such a run leaves the block when its test holds, so the
 * order of the tests does not matter except that the first of equal constants counts.
 */
#include "compiler/emit_internal.h"

#define RUN_MIN 4         /* tests, below which they stay tests */
#define TABLE_MAX 1024
#define OFFSET_SKIPPED 8  /* a least value up to this needs no subtraction: the table begins with holes */

typedef struct Test { int64_t value; LabelId label; } Test;

typedef struct Run {
  TVar *var;
  TNode *first;        /* the mention of the variable that is written */
  VEC(Test) tests;
  uint32_t nstatements;
} Run;

static bool is_arm(const TNode *node, TKind kind) { return node->kind == kind && !node->c && node->b->type->kind == TYPE_NEVER; }

/* ---- Constants ---- */

static bool is_equality(const TNode *node) {
  return node->kind == TN_OP && (node->op == OP_INT_EQ || node->op == OP_CHAR_EQ) && node->list[0]->kind == TN_VAR &&
         node->list[1]->kind == TN_CONST;
}

/* Adds the constants of `x == 1 || x == 2`; false when the test is something else. */
static bool add_tests(Emitter *e, Run *run, TNode *test, LabelId label) {
  if (test->kind == TN_OR) return add_tests(e, run, test->a, label) && add_tests(e, run, test->b, label);
  if (!is_equality(test) || (run->var && run->var != test->list[0]->var)) return false;
  if (!run->var) run->first = test->list[0];
  run->var = test->list[0]->var;
  VEC_PUSH(e->arena, &run->tests, ((Test){test->list[1]->value.i, label}));
  return true;
}

static bool is_dense(const Run *run, int64_t *least, uint64_t *size) {
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (size_t i = 0; i < run->tests.count; i++) {
    int64_t value = run->tests.items[i].value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > 0 && low <= OFFSET_SKIPPED) low = 0;
  uint64_t span = (uint64_t)high - (uint64_t)low;
  if (span >= TABLE_MAX || span >= run->tests.count * 3 + OFFSET_SKIPPED) return false;
  *least = low;
  *size = span + 1;
  return true;
}

static void put_table(Emitter *e, const Run *run, int64_t least, uint64_t size, LabelId otherwise) {
  LabelId *table = ARENA_ARRAY(e->arena, LabelId, size);
  for (uint64_t i = 0; i < size; i++) table[i] = otherwise;
  for (size_t i = run->tests.count; i-- > 0;) table[run->tests.items[i].value - least] = run->tests.items[i].label;
  put_switch(e, table, (uint32_t)size);
  branch_op(e, OP_BR, otherwise);
}

static void emit_subject(Emitter *e, const Run *run, int64_t least) {
  const Type *t_int = type_simple(e->module->types, TYPE_INT);
  emit_node(e, run->first, EMIT_VALUE);
  if (run->var->type != t_int) {
    pop(e);
    put_op(e, OP_CHAR_INT, NULL);
    push(e, t_int);
  }
  if (least == 0) return;
  put(e, (Insn){.op = OP_INT_CONST, .x.i = least});
  put_op(e, OP_INT_WSUB, NULL);
}

static void emit_arm(Emitter *e, TNode *body, LabelId label) {
  label_bind(e, label);
  uint32_t scope = scope_open(e);
  emit_node(e, body, EMIT_DROP);
  scope_close(e, scope);
}

static uint32_t emit_constants(Emitter *e, TNode **list, uint32_t count, uint32_t *tried) {
  Run run = {0};
  LabelId *labels = ARENA_ARRAY(e->arena, LabelId, count);
  while (run.nstatements < count && is_arm(list[run.nstatements], TN_IF)) {
    size_t ntests = run.tests.count;
    labels[run.nstatements] = label_new(e);
    if (!add_tests(e, &run, list[run.nstatements]->a, labels[run.nstatements])) {
      run.tests.count = ntests;
      break;
    }
    run.nstatements++;
  }
  int64_t least;
  uint64_t size;
  *tried = run.nstatements;
  if (run.nstatements < RUN_MIN || !is_dense(&run, &least, &size)) return 0;
  LabelId otherwise = label_new(e);
  at(e, list[0]);
  emit_subject(e, &run, least);
  put_table(e, &run, least, size, otherwise);
  for (uint32_t i = 0; i < run.nstatements; i++) emit_arm(e, list[i]->b, labels[i]);
  label_bind(e, otherwise);
  return run.nstatements;
}

/* ---- Cases ---- */

static uint32_t count_cases(TNode **list, uint32_t count) {
  uint32_t n = 0;
  while (n < count && is_arm(list[n], TN_IF_CASE) && list[n]->a->kind == TN_VAR && list[n]->a->var == list[0]->a->var) n++;
  return n;
}

static uint32_t emit_cases(Emitter *e, TNode **list, uint32_t count, uint32_t *tried) {
  uint32_t n = count_cases(list, count);
  *tried = n;
  if (n <= RUN_MIN) return 0;
  const Type *type = list[0]->a->type;
  uint32_t ncases = e->module->enums[type->decl].ncases;
  LabelId otherwise = label_new(e), refused = label_new(e);
  LabelId *table = ARENA_ARRAY(e->arena, LabelId, ncases);
  LabelId *labels = ARENA_ARRAY(e->arena, LabelId, n);
  for (uint32_t i = 0; i < ncases; i++) table[i] = otherwise;
  for (uint32_t i = n; i-- > 0;) table[list[i]->index] = labels[i] = label_new(e);
  at(e, list[0]);
  emit_node(e, list[0]->a, EMIT_VALUE);
  pop(e);
  put_op(e, OP_ENUM_TAG, type);
  push(e, type_simple(e->module->types, TYPE_INT));
  put_switch(e, table, ncases);
  branch_op(e, OP_BR, otherwise);
  for (uint32_t i = 0; i < n; i++) {
    label_bind(e, labels[i]);
    uint32_t scope = scope_open(e);
    if (e->module->enums[type->decl].cases[list[i]->index].nfields && e->reachable) emit_case_test(e, list[i], refused, false);
    emit_node(e, list[i]->b, EMIT_DROP);
    scope_close(e, scope);
  }
  label_bind(e, refused);
  if (e->reachable) emit_drop(e);
  label_bind(e, otherwise);
  return n;
}

uint32_t emit_switch(Emitter *e, TNode **list, uint32_t count, uint32_t *tried) {
  *tried = 0;
  if (count < RUN_MIN || !e->reachable) return 0;
  if (list[0]->kind == TN_IF_CASE) return list[0]->a->kind == TN_VAR ? emit_cases(e, list, count, tried) : 0;
  return list[0]->kind == TN_IF ? emit_constants(e, list, count, tried) : 0;
}
