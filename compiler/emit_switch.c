/* emit_switch.c - statements in a row that compare one variable with constants, or ask for its case, become one jump through a table.
 *
 * This is what `match` on numbers, characters and enums is made of. Each statement of such a run leaves the block when its test holds, so the
 * order of the tests does not matter except that the first of equal constants counts.
 */
#include "compiler/emit_internal.h"

#define CONSTANTS_MIN 4   /* arms, below which they stay tests */
#define CASES_MIN 6
#define TABLE_MAX 1024
#define OFFSET_SKIPPED 8  /* a least value up to this needs no subtraction: the table begins with holes */

typedef struct Test { int64_t value; uint32_t arm; } Test;

typedef struct Run {
  TVar *var;
  TNode *first_mention; /* of the variable: the one that is written */
  VEC(Test) tests;
  uint32_t narms;
  LabelId first;       /* of arm 0; the others' follow */
  LabelId otherwise;
} Run;

static bool is_arm(const TNode *node, TKind kind) { return node->kind == kind && !node->c && node->b->type->kind == TYPE_NEVER; }

/* ---- Constants ---- */

static bool is_equality(const TNode *node) {
  return node->kind == TN_OP && (node->op == OP_INT_EQ || node->op == OP_CHAR_EQ) && node->list[0]->kind == TN_VAR &&
         node->list[1]->kind == TN_CONST;
}

/* Adds the constants of `x == 1 || x == 2`; false when the test is something else. */
static bool add_tests(Emitter *e, Run *run, TNode *test) {
  if (test->kind == TN_OR) return add_tests(e, run, test->a) && add_tests(e, run, test->b);
  if (!is_equality(test) || (run->var && run->var != test->list[0]->var)) return false;
  if (!run->var) run->first_mention = test->list[0];
  run->var = test->list[0]->var;
  VEC_PUSH(e->arena, &run->tests, ((Test){test->list[1]->value.i, run->narms}));
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

static void put_table(Emitter *e, const Run *run, int64_t least, uint64_t size) {
  LabelId *table = ARENA_ARRAY(e->arena, LabelId, size);
  for (uint64_t i = 0; i < size; i++) table[i] = run->otherwise;
  for (size_t i = run->tests.count; i-- > 0;) table[run->tests.items[i].value - least] = run->first + run->tests.items[i].arm;
  put_switch(e, table, (uint32_t)size);
  branch_op(e, OP_BR, run->otherwise);
}

static void emit_subject(Emitter *e, const Run *run, int64_t least) {
  const Type *t_int = type_simple(e->module->types, TYPE_INT);
  emit_node(e, run->first_mention, EMIT_VALUE);
  if (run->var->type != t_int) {
    pop(e);
    put_op(e, OP_CHAR_INT, NULL);
    push(e, t_int);
  }
  if (least == 0) return;
  put(e, (Insn){.op = OP_INT_CONST, .x.i = least});
  put_op(e, OP_INT_WSUB, NULL);
}

static void emit_arm(Emitter *e, TNode *body, const Type *type, LabelId label, EmitMode mode) {
  label_bind(e, label);
  uint32_t scope = scope_open(e);
  emit_as(e, body, type, mode);
  scope_close(e, scope);
}

/* Collects the tests of one more arm. */
static bool add_arm(Emitter *e, Run *run, TNode *test) {
  size_t ntests = run->tests.count;
  if (add_tests(e, run, test)) {
    run->narms++;
    return true;
  }
  run->tests.count = ntests;
  return false;
}

/* Writes the jump if the tests make a good table. */
static bool put_run(Emitter *e, Run *run) {
  int64_t least;
  uint64_t size;
  if (run->narms < CONSTANTS_MIN || !is_dense(run, &least, &size)) return false;
  run->first = (LabelId)e->labels.count;
  for (uint32_t i = 0; i < run->narms; i++) label_new(e);
  run->otherwise = label_new(e);
  emit_subject(e, run, least);
  put_table(e, run, least, size);
  return true;
}

static uint32_t emit_constants(Emitter *e, TNode **list, uint32_t count, uint32_t *tried) {
  Run run = {0};
  while (run.narms < count && is_arm(list[run.narms], TN_IF) && add_arm(e, &run, list[run.narms]->a)) {}
  *tried = run.narms;
  at(e, list[0]);
  if (!put_run(e, &run)) return 0;
  for (uint32_t i = 0; i < run.narms; i++) emit_arm(e, list[i]->b, list[i]->type, run.first + i, EMIT_DROP);
  label_bind(e, run.otherwise);
  return run.narms;
}

/* if x == 1 {} else if x == 2 {} else ... */
static bool emit_constant_chain(Emitter *e, TNode *node, EmitMode mode) {
  Run run = {0};
  TNode *rest = node;
  while (rest && rest->kind == TN_IF && rest->type == node->type && add_arm(e, &run, rest->a)) {
    rest->emit_flags |= NODE_CHAINED;
    rest = only_statement(rest->c);
  }
  if (!put_run(e, &run)) return false;
  LabelId end = label_new(e);
  TNode *arm = node;
  for (uint32_t i = 0; i < run.narms; i++, arm = only_statement(arm->c)) {
    emit_arm(e, arm->b, node->type, run.first + i, mode);
    branch_op(e, OP_BR, end);
  }
  label_bind(e, run.otherwise);
  if (rest) emit_as(e, rest, node->type, mode);
  label_bind(e, end);
  return true;
}

/* ---- Cases ---- */

typedef struct Cases {
  TNode **arms;
  uint32_t narms;
  LabelId first, refused, otherwise; /* refused: with the enum on the stack, where no branch ever goes in fact */
} Cases;

static bool is_case_of(const TNode *node, const TNode *first) {
  return node && node->kind == TN_IF_CASE && node->a->kind == TN_VAR && node->a->var == first->a->var && node->type == first->type;
}

static void put_case_table(Emitter *e, Cases *cases) {
  TNode *subject = cases->arms[0]->a;
  const Type *type = subject->type;
  uint32_t ncases = e->module->enums[type->decl].ncases;
  LabelId *table = ARENA_ARRAY(e->arena, LabelId, ncases);
  cases->first = (LabelId)e->labels.count;
  for (uint32_t i = 0; i < cases->narms; i++) label_new(e);
  cases->otherwise = label_new(e);
  cases->refused = label_new(e);
  for (uint32_t i = 0; i < ncases; i++) table[i] = cases->otherwise;
  for (uint32_t i = cases->narms; i-- > 0;) table[cases->arms[i]->index] = cases->first + i;
  emit_node(e, subject, EMIT_VALUE);
  pop(e);
  put_op(e, OP_ENUM_TAG, type);
  push(e, type_simple(e->module->types, TYPE_INT));
  put_switch(e, table, ncases);
  branch_op(e, OP_BR, cases->otherwise);
}

/* Writes arm i; its case is known, but only br.uncase gives the payload. */
static void emit_case_arm(Emitter *e, const Cases *cases, uint32_t i, EmitMode mode) {
  TNode *arm = cases->arms[i];
  label_bind(e, cases->first + i);
  uint32_t scope = scope_open(e);
  bool has_payload = e->module->enums[arm->a->type->decl].cases[arm->index].nfields > 0;
  if (has_payload && e->reachable) emit_case_test(e, arm, cases->refused, false);
  emit_as(e, arm->b, arm->type, mode);
  scope_close(e, scope);
}

static void bind_rest(Emitter *e, const Cases *cases) {
  label_bind(e, cases->refused);
  if (e->reachable && depth_now(e) > e->labels.items[cases->otherwise].nstack) emit_drop(e);
  label_bind(e, cases->otherwise);
}

static uint32_t emit_cases(Emitter *e, TNode **list, uint32_t count, uint32_t *tried) {
  Cases cases = {.arms = list};
  while (cases.narms < count && is_case_of(list[cases.narms], list[0]) && is_arm(list[cases.narms], TN_IF_CASE)) cases.narms++;
  *tried = cases.narms;
  if (cases.narms < CASES_MIN) return 0;
  at(e, list[0]);
  put_case_table(e, &cases);
  for (uint32_t i = 0; i < cases.narms; i++) emit_case_arm(e, &cases, i, EMIT_DROP);
  bind_rest(e, &cases);
  return cases.narms;
}

static bool emit_case_chain(Emitter *e, TNode *node, EmitMode mode) {
  VEC(TNode *) arms = {0};
  TNode *rest = node;
  for (; is_case_of(rest, node); rest = only_statement(rest->c)) {
    rest->emit_flags |= NODE_CHAINED;
    VEC_PUSH(e->arena, &arms, rest);
  }
  if (arms.count < CASES_MIN) return false;
  Cases cases = {.arms = arms.items, .narms = (uint32_t)arms.count};
  LabelId end = label_new(e);
  put_case_table(e, &cases);
  for (uint32_t i = 0; i < cases.narms; i++) {
    emit_case_arm(e, &cases, i, mode);
    branch_op(e, OP_BR, end);
  }
  bind_rest(e, &cases);
  if (rest) emit_as(e, rest, node->type, mode);
  label_bind(e, end);
  return true;
}

/* ---- Both ---- */

uint32_t emit_switch(Emitter *e, TNode **list, uint32_t count, uint32_t *tried) {
  *tried = 0;
  if (!e->reachable) return 0;
  if (list[0]->kind == TN_IF_CASE) return count >= CASES_MIN && list[0]->a->kind == TN_VAR ? emit_cases(e, list, count, tried) : 0;
  return count >= CONSTANTS_MIN && list[0]->kind == TN_IF ? emit_constants(e, list, count, tried) : 0;
}

bool emit_switch_chain(Emitter *e, TNode *node, EmitMode mode) {
  bool is_inner = node->emit_flags & NODE_CHAINED; /* of a chain that was looked at from its head */
  if (!e->reachable || !node->c || is_inner) return false;
  at(e, node);
  if (node->kind == TN_IF_CASE) return node->a->kind == TN_VAR && emit_case_chain(e, node, mode);
  return emit_constant_chain(e, node, mode);
}
