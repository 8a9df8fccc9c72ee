/* emit_flow.c - nodes that branch: blocks and their defers, conditions, tests of optionals, results, enums and trait values, loops, exits.
 *
 * Conditions jump; a bool is only made where its value is wanted. A loop's test stands at its bottom, and once more before it when it is small.
 * Defers are written at each way out of their block. An exit from within operands drops those that the target does not have.
 */
#include <string.h>

#include "compiler/emit_internal.h"

static void put_void(Emitter *e) {
  put_op(e, OP_VOID_CONST, NULL);
  push(e, type_simple(e->module->types, TYPE_VOID));
}

TNode *only_statement(TNode *node) {
  while (node && node->kind == TN_BLOCK && node->nlist == 1) node = node->list[0];
  return node;
}

static const ScopeInfo *scope_of(const TNode *node) { return node->scope->emit; }

/* ---- Defers ---- */

/* Writes the defers above `mark`, last first; they stay registered, for the other ways out, whatever defers of their own they register meanwhile. */
static void run_defers(Emitter *e, uint32_t mark) {
  size_t count = e->defers.count;
  if (count == mark || !e->reachable) return;
  TNode **bodies = ARENA_ARRAY(e->arena, TNode *, count - mark);
  memcpy(bodies, e->defers.items + mark, (count - mark) * sizeof *bodies);
  while (e->defers.count > mark && e->reachable) {
    TNode *body = bodies[--e->defers.count - mark];
    uint32_t scope = scope_open(e);
    emit_node(e, body, EMIT_DROP);
    scope_close(e, scope);
  }
  memcpy(e->defers.items + mark, bodies, (count - mark) * sizeof *bodies);
  e->defers.count = count;
}

static bool defers_loop(const Emitter *e, uint32_t mark) {
  for (size_t i = mark; i < e->defers.count; i++) {
    if (e->defers.items[i]->emit_flags & NODE_LOOP) return true;
  }
  return false;
}

/* The same with an operand on the stack that stays. */
static void run_defers_below_value(Emitter *e, uint32_t mark) {
  if (!e->reachable) return;
  bool is_spilled = defers_loop(e, mark);
  uint32_t value = is_spilled ? local_store(e) : 0;
  run_defers(e, mark);
  if (is_spilled) local_load(e, value);
}

/* ---- Exits ---- */

/* Evaluates an exit's value, drops the operands above `depth`, runs the defers above `mark`. EMIT_VALUE leaves the value on the stack. */
static void leave(Emitter *e, uint32_t depth, uint32_t mark, TNode *value, const Type *type, EmitMode mode) {
  if (!value || !(value->emit_flags & NODE_JUMP)) drop_to(e, depth);
  bool is_void = type->kind == TYPE_VOID;
  bool is_late = value && value->kind == TN_CONST && !is_void;
  if (mode == EMIT_DROP || is_void || is_late) {
    if (value && !is_late) emit_node(e, value, EMIT_DROP);
    drop_to(e, depth);
    run_defers(e, mark);
    if (mode == EMIT_DROP) return;
    if (is_late) emit_node(e, value, EMIT_VALUE);
    else put_void(e);
    return;
  }
  emit_as(e, value, type, EMIT_VALUE);
  if (!e->reachable) return;
  if (depth_now(e) > depth + 1) {
    uint32_t temp = local_store(e);
    drop_to(e, depth);
    run_defers(e, mark);
    local_load(e, temp);
  } else {
    run_defers_below_value(e, mark);
  }
}

static void emit_return_value(Emitter *e, TNode *value, const Type *type) {
  bool is_plain = e->defers.count == 0 && value && (depth_now(e) == 0 || !(value->emit_flags & NODE_JUMP));
  if (is_plain) {
    drop_to(e, 0);
    emit_as(e, value, type, EMIT_TAIL);
    if (e->reachable) put_void(e);
  } else {
    leave(e, 0, 0, value, type, EMIT_VALUE);
  }
  if (e->reachable) put_return(e);
}

/* The end of the program by an error leaves all blocks. */
void emit_fail(Emitter *e, TNode *node) {
  TNode *message = node->list[0];
  leave(e, 0, 0, message, message->type, EMIT_VALUE);
  if (!e->reachable) return;
  at(e, node);
  pop_operands(e, 1);
  put_op(e, OP_FAIL, NULL);
}

static void emit_break(Emitter *e, TNode *node) {
  const ScopeInfo *scope = scope_of(node);
  if (scope->mode == EMIT_TAIL && !returns_void(e)) {
    emit_return_value(e, node->a, scope->type);
    return;
  }
  EmitMode mode = scope->mode == EMIT_VALUE ? EMIT_VALUE : EMIT_DROP;
  bool is_tail = scope->mode == EMIT_TAIL && node->a && e->defers.count == 0 && depth_now(e) == 0;
  if (is_tail) emit_as(e, node->a, scope->type, EMIT_TAIL);
  else leave(e, scope->depth, scope->ndefers, node->a, scope->type, mode);
  at(e, node);
  branch_op(e, OP_BR, scope->end);
}

static void emit_continue(Emitter *e, TNode *node) {
  const ScopeInfo *scope = scope_of(node);
  leave(e, scope->depth, scope->ndefers, NULL, scope->type, EMIT_DROP);
  at(e, node);
  branch_op(e, OP_BR, scope->again);
}

/* Whether a node does nothing but go to a label: then a test can go there itself. */
static bool is_bare_jump(const Emitter *e, const TNode *node, LabelId *target) {
  if (!node || (node->kind != TN_BREAK && node->kind != TN_CONTINUE)) return false;
  const ScopeInfo *scope = scope_of(node);
  if (depth_now(e) != scope->depth || e->defers.count != scope->ndefers) return false;
  bool is_plain = scope->mode == EMIT_DROP || (scope->mode == EMIT_TAIL && returns_void(e));
  if (node->kind == TN_BREAK && (node->a || !is_plain)) return false;
  *target = node->kind == TN_BREAK ? scope->end : scope->again;
  return true;
}

/* ---- Conditions ---- */

static void condition_and_or(Emitter *e, TNode *node, LabelId target, bool sense) {
  if ((node->kind == TN_OR) == sense) { /* either operand decides */
    emit_condition(e, node->a, target, sense);
    emit_condition(e, node->b, target, sense);
    return;
  }
  LabelId skip = label_new(e);
  emit_condition(e, node->a, skip, !sense);
  emit_condition(e, node->b, target, sense);
  label_bind(e, skip);
}

static void condition_if(Emitter *e, TNode *node, LabelId target, bool sense) {
  LabelId otherwise = label_new(e), end = label_new(e);
  emit_condition(e, node->a, otherwise, false);
  emit_condition(e, node->b, target, sense);
  branch_op(e, OP_BR, end);
  label_bind(e, otherwise);
  emit_condition(e, node->c, target, sense);
  label_bind(e, end);
}

static bool has_defer(const TNode *block) {
  for (uint32_t i = 0; i < block->nlist; i++) {
    if (block->list[i]->kind == TN_DEFER) return true;
  }
  return false;
}

static void condition_block(Emitter *e, TNode *node, LabelId target, bool sense) {
  uint32_t scope = scope_open(e);
  for (uint32_t i = 0; i + 1 < node->nlist; i++) emit_node(e, node->list[i], EMIT_DROP);
  emit_condition(e, node->list[node->nlist - 1], target, sense);
  scope_close(e, scope);
}

/* Goes to `target` if the condition is `sense`, else goes on. */
void emit_condition(Emitter *e, TNode *node, LabelId target, bool sense) {
  if (!e->reachable) return;
  if (node->kind == TN_CONST) {
    if ((node->value.i != 0) == sense) branch_op(e, OP_BR, target);
  } else if (node->kind == TN_OP && node->op == OP_BOOL_NOT) {
    emit_condition(e, node->list[0], target, !sense);
  } else if (node->kind == TN_AND || node->kind == TN_OR) {
    condition_and_or(e, node, target, sense);
  } else if (node->kind == TN_IF && node->c) {
    condition_if(e, node, target, sense);
  } else if (node->kind == TN_BLOCK && node->nlist && !has_defer(node)) {
    condition_block(e, node, target, sense);
  } else {
    emit_node(e, node, EMIT_VALUE);
    at(e, node);
    branch_op(e, sense ? OP_BR_IF : OP_BR_IFNOT, target);
  }
}

/* x && y, x || y as a value. */
static void emit_and_or(Emitter *e, TNode *node) {
  LabelId decided = label_new(e), end = label_new(e);
  bool is_or = node->kind == TN_OR;
  emit_condition(e, node->a, decided, is_or);
  emit_node(e, node->b, EMIT_VALUE);
  branch_op(e, OP_BR, end);
  label_bind(e, decided);
  if (e->reachable) {
    put(e, (Insn){.op = OP_BOOL_CONST, .a = is_or});
    push(e, node->type);
  }
  label_bind(e, end);
}

/* ---- if ---- */

static void emit_if(Emitter *e, TNode *node, EmitMode mode) {
  LabelId target;
  if (node->a->kind == TN_CONST) {
    TNode *taken = node->a->value.i ? node->b : node->c;
    if (taken) emit_as(e, taken, node->type, mode);
    return;
  }
  if (is_bare_jump(e, only_statement(node->b), &target)) {
    emit_condition(e, node->a, target, true);
    if (node->c) emit_as(e, node->c, node->type, mode);
    return;
  }
  if (node->c && is_bare_jump(e, only_statement(node->c), &target)) {
    emit_condition(e, node->a, target, false);
    emit_as(e, node->b, node->type, mode);
    return;
  }
  if (emit_switch_chain(e, node, mode)) return;
  LabelId otherwise = label_new(e), end = label_new(e);
  emit_condition(e, node->a, otherwise, false);
  emit_as(e, node->b, node->type, mode);
  if (node->c) {
    branch_op(e, OP_BR, end);
    label_bind(e, otherwise);
    emit_as(e, node->c, node->type, mode);
    label_bind(e, end);
  } else {
    label_bind(e, otherwise);
  }
}

/* ---- if let, if is ---- */

static bool is_used(Emitter *e, TVar *var) { return var && (var->is_captured || var_info(e->arena, var)->uses); }

/* if x is some: the value of `a` is popped, the payload bound. */
static void test_some(Emitter *e, TNode *node, LabelId otherwise) {
  const Type *payload = node->a->type->args[0];
  emit_node(e, node->a, EMIT_VALUE);
  at(e, node);
  pop(e);
  if (!is_used(e, node->var)) {
    put_op(e, OP_OPT_IS, payload);
    push(e, type_simple(e->module->types, TYPE_BOOL));
    branch_op(e, OP_BR_IFNOT, otherwise);
    return;
  }
  branch(e, (Insn){.op = OP_BR_NIL, .t = payload}, otherwise, NULL);
  push(e, payload);
  var_bind(e, node->var, payload);
}

static void test_ok(Emitter *e, TNode *node, LabelId otherwise) {
  const Type *type = node->a->type;
  emit_node(e, node->a, EMIT_VALUE);
  at(e, node);
  pop(e);
  branch(e, (Insn){.op = OP_BR_ERR, .t = type}, otherwise, type->args[1]);
  push(e, type->args[0]);
  var_bind(e, node->var, type->args[0]);
}

static const Type *case_field(Emitter *e, const Type *type, uint32_t index, uint32_t field) {
  const Type *declared = e->module->enums[type->decl].cases[index].fields[field].type;
  const Type *found = declared->has_param ? type_subst(e->module->types, declared, type->args, type->nargs) : declared;
  if (!found) emit_out_of_memory(e);
  return found;
}

void emit_case_test(Emitter *e, TNode *node, LabelId otherwise, bool is_loaded) {
  const Type *type = node->a->type;
  const Case *payload = &e->module->enums[type->decl].cases[node->index];
  if (!is_loaded) emit_node(e, node->a, EMIT_VALUE);
  at(e, node);
  pop(e);
  branch(e, (Insn){.op = OP_BR_UNCASE, .t = type, .b = node->index}, otherwise, type);
  for (uint32_t i = 0; i < payload->nfields && !e->failed; i++) push(e, case_field(e, type, node->index, i));
  for (uint32_t i = payload->nfields; i-- > 0 && e->reachable;) {
    TVar *var = i < node->nvars ? node->vars[i] : NULL;
    var_bind(e, var, e->stack.items[e->stack.count - 1]);
  }
}

static void test_is(Emitter *e, TNode *node, LabelId otherwise, bool is_loaded) {
  const Type *type = node->a->type;
  if (!is_loaded) emit_node(e, node->a, EMIT_VALUE);
  at(e, node);
  pop(e);
  branch(e, (Insn){.op = OP_BR_UNIS, .t = type, .x.u = node->u}, otherwise, type);
  push(e, node->u);
  var_bind(e, node->var, node->u);
}

/* Tests whose failure leaves the tested value on the stack, where the next test of the same variable can take it. */
static bool leaves_value(const TNode *node) { return node->kind == TN_IF_CASE || node->kind == TN_IF_IS; }

static bool tests_same(const TNode *node, const TNode *next) {
  return next && leaves_value(next) && node->a->kind == TN_VAR && next->a->kind == TN_VAR && node->a->var == next->a->var &&
         node->a->type == next->a->type;
}

static bool emit_test(Emitter *e, TNode *node, EmitMode mode, bool is_loaded, const TNode *next);

/* What follows a failed test. Returns whether the tested value was left on the stack for `next`. */
static bool emit_test_failed(Emitter *e, TNode *node, EmitMode mode, const TNode *next) {
  uint32_t scope = scope_open(e);
  if (!e->reachable) return false;
  if (node->kind == TN_IF_OK) {
    var_bind(e, node->var2, node->a->type->args[1]);
  } else if (leaves_value(node)) {
    TNode *chained = only_statement(node->c);
    if (tests_same(node, chained)) return emit_test(e, chained, mode, true, next);
    if (!node->c && next) return true;
    emit_drop(e);
  }
  if (node->c) emit_as(e, node->c, node->type, mode);
  scope_close(e, scope);
  return false;
}

/* `next`: the statement behind, if it tests the same variable and nothing but this test's failure comes to it. */
static bool emit_test(Emitter *e, TNode *node, EmitMode mode, bool is_loaded, const TNode *next) {
  if (node->kind == TN_IF_CASE && !is_loaded && emit_switch_chain(e, node, mode)) return false;
  LabelId otherwise, end = label_new(e);
  uint32_t scope = scope_open(e);
  bool is_direct = node->kind == TN_IF_SOME && node->c && is_bare_jump(e, only_statement(node->c), &otherwise);
  if (!is_direct) otherwise = label_new(e);
  switch ((int)node->kind) {
    case TN_IF_SOME: test_some(e, node, otherwise); break;
    case TN_IF_OK: test_ok(e, node, otherwise); break;
    case TN_IF_CASE: emit_case_test(e, node, otherwise, is_loaded); break;
    default: test_is(e, node, otherwise, is_loaded);
  }
  emit_as(e, node->b, node->type, mode);
  scope_close(e, scope);
  if (is_direct) return false;
  bool is_exit = !e->reachable;
  if (node->c || node->kind != TN_IF_SOME) branch_op(e, OP_BR, end);
  label_bind(e, otherwise);
  bool is_left = emit_test_failed(e, node, mode, is_exit ? next : NULL);
  label_bind(e, end);
  return is_left;
}

/* ---- Blocks ---- */

/* The statement behind, if it may take over the value that a failed test leaves. */
static const TNode *chainable(const TNode *node, uint32_t i) {
  if (i + 1 >= node->nlist || !leaves_value(node->list[i]) || !tests_same(node->list[i], node->list[i + 1])) return NULL;
  const TNode *next = node->list[i + 1];
  return i + 2 < node->nlist || next->type == node->type || next->type->kind == TYPE_NEVER ? next : NULL;
}

static void emit_statements(Emitter *e, TNode *node, EmitMode mode) {
  bool is_loaded = false; /* the tested value is on the stack */
  uint32_t last = node->nlist - 1, tried = 0;
  for (uint32_t i = 0; i <= last && e->reachable; i++) {
    if (i >= tried && !is_loaded) {
      uint32_t count = emit_switch(e, node->list + i, last - i, &tried);
      tried += i;
      i += count;
      if (!e->reachable) return;
    }
    TNode *item = node->list[i];
    bool is_test = is_loaded || (i < last && leaves_value(item));
    if (is_test) is_loaded = emit_test(e, item, i == last ? mode : EMIT_DROP, is_loaded, chainable(node, i));
    else if (i == last) emit_as(e, item, node->type, mode);
    else emit_node(e, item, EMIT_DROP);
  }
}

static void emit_block(Emitter *e, TNode *node, EmitMode mode) {
  uint32_t scope = scope_open(e), mark = (uint32_t)e->defers.count;
  bool is_tail = mode == EMIT_TAIL && has_defer(node); /* the defers come before the return */
  if (is_tail) mode = returns_void(e) ? EMIT_DROP : EMIT_VALUE;
  if (node->nlist) emit_statements(e, node, mode);
  if (e->defers.count > mark) {
    if (mode == EMIT_VALUE && node->type->kind != TYPE_VOID) run_defers_below_value(e, mark);
    else run_defers(e, mark);
    e->defers.count = mark;
  }
  scope_close(e, scope);
  if (is_tail && mode == EMIT_VALUE && e->reachable) put_return(e);
}

/* ---- Scopes and loops ---- */

static void emit_scope(Emitter *e, TNode *node, EmitMode mode) {
  ScopeInfo scope = {.end = label_new(e), .depth = depth_now(e), .ndefers = (uint32_t)e->defers.count, .mode = mode, .type = node->type};
  void *outer = node->scope->emit;
  node->scope->emit = &scope;
  emit_as(e, node->a, node->type, mode);
  node->scope->emit = outer;
  label_bind(e, scope.end);
}

static bool is_small_test(const TNode *test) {
  return test->emit_size <= EMIT_TEST_SIZE_MAX && !(test->emit_flags & (NODE_LOOP | NODE_FN | NODE_JUMP));
}

static void emit_loop_body(Emitter *e, TNode *node, LabelId again) {
  OpenLoop open = {node, e->loops};
  uint32_t scope = scope_open(e);
  e->loops = &open;
  emit_node(e, node->b, EMIT_DROP);
  e->loops = open.outer;
  scope_close(e, scope);
  if (e->labels.items[again].bound == UINT32_MAX) label_bind(e, again);
}

/* Body, step and the test at the bottom. */
static void emit_loop_code(Emitter *e, TNode *node, ScopeInfo *scope, LabelId test) {
  LabelId top = label_loop(e);
  if (!node->a && !node->c) scope->again = top;
  emit_loop_body(e, node, scope->again);
  if (node->c) emit_node(e, node->c, EMIT_DROP);
  label_bind(e, test);
  if (node->a) emit_condition(e, node->a, top, true);
  else branch_op(e, OP_BR, top);
}

static void emit_loop(Emitter *e, TNode *node) {
  if (node->a && node->a->kind == TN_CONST) return; /* false: scanning made true a NULL */
  const Type *void_type = type_simple(e->module->types, TYPE_VOID);
  ScopeInfo scope = {.end = label_new(e), .again = label_new(e), .ndefers = (uint32_t)e->defers.count, .type = void_type};
  void *outer = node->scope ? node->scope->emit : NULL;
  if (node->scope) node->scope->emit = &scope;
  LabelId test = label_new(e);
  bool starts_at_test = node->a && !is_small_test(node->a);
  if (starts_at_test) branch_op(e, OP_BR, test);
  else if (node->a) emit_condition(e, node->a, scope.end, false);
  if (e->reachable || starts_at_test) emit_loop_code(e, node, &scope, test);
  if (node->scope) node->scope->emit = outer;
  label_bind(e, scope.end);
}

/* ---- Dispatch ---- */

static void emit_flow_node(Emitter *e, TNode *node, EmitMode mode) {
  switch ((int)node->kind) {
    case TN_BLOCK: emit_block(e, node, mode); break;
    case TN_IF: emit_if(e, node, mode); break;
    case TN_SCOPE: emit_scope(e, node, mode); break;
    case TN_LOOP: emit_loop(e, node); break;
    case TN_AND:
    case TN_OR: emit_and_or(e, node); break;
    case TN_BREAK: emit_break(e, node); break;
    case TN_CONTINUE: emit_continue(e, node); break;
    case TN_RETURN: emit_return_value(e, node->a, e->result); break;
    default: emit_test(e, node, mode, false, NULL);
  }
}

void emit_flow(Emitter *e, TNode *node, EmitMode mode) {
  bool is_void = node->type->kind == TYPE_VOID;
  bool is_bool = node->kind == TN_AND || node->kind == TN_OR;
  if (is_bool && mode == EMIT_DROP) {
    LabelId end = label_new(e);
    emit_condition(e, node->a, end, node->kind == TN_OR);
    emit_node(e, node->b, EMIT_DROP);
    label_bind(e, end);
    return;
  }
  if (is_void && mode == EMIT_VALUE) {
    emit_flow_node(e, node, EMIT_DROP);
    if (e->reachable) put_void(e);
    return;
  }
  emit_flow_node(e, node, mode);
  if (is_bool && mode == EMIT_TAIL && e->reachable) put_return(e);
}
