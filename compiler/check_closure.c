/* check_closure.c - closures: parameter types from the expected type, the result from it or from the body; and `spawn`, which makes one of a call.
 */
#include "compiler/check.h"

static const char *closure_name(Checker *c) {
  const Frame *frame = c->frame;
  while (frame->outer) frame = frame->outer;
  return arena_format(c->arena, "closure in %s", frame->function->name);
}

static const Type *param_type(Checker *c, const ClosureParam *param, const Type *hint) {
  if (param->type) return check_type_here(c, param->type);
  if (hint && hint->kind == TYPE_ERROR) return hint;
  if (hint && !check_has_hole(c, hint)) return hint;
  Diag *d = check_report(c, param->pattern->span, DIAG_CLOSURE_PARAM);
  bool is_name = param->pattern->kind == PAT_BIND;
  diag_help(d, "write its type: `|%s: int|`", is_name ? param->pattern->name : "x");
  return c->t_error;
}

/* Binds a parameter; parts of a tuple are taken out at the start of the body. */
static void bind_param(Checker *c, TFunction *f, uint32_t i, Pattern *p, const Type *type, NodeList *body) {
  if (p->kind == PAT_BIND) {
    f->params[i] = check_local_new(c, p->name, p->span, type, false)->var;
    return;
  }
  f->params[i] = check_temp_new(c, "_", type);
  if (p->kind == PAT_WILDCARD || p->kind == PAT_ERROR) return;
  check_destructure(c, p, check_var(c, f->params[i], p->span), false, body);
}

static TNode *closure_body(Checker *c, Expr *body, const Type *result) {
  Frame *frame = c->frame;
  if (result && result->kind == TYPE_VOID) return check_expr_drop(c, body);
  if (result && !check_has_hole(c, result)) return check_expr_as(c, body, result);
  TNode *node = check_expr(c, body, result);
  if (check_is_never(node) || node->type->kind == TYPE_ERROR) return node;
  if (frame->result) return check_coerce(c, node, frame->result, body->span);
  if (result) node = check_coerce(c, node, result, body->span);
  frame->result = node->type;
  return node;
}

/* Gives errors that were passed on the closure's type, which was not known then; false after a report. */
static bool failures_settle(Checker *c, const Frame *frame) {
  bool is_known = frame->result && frame->result->kind == TYPE_RESULT;
  for (size_t i = 0; is_known && i < frame->failures.count; i++) frame->failures.items[i]->t = frame->failures.items[i]->type = frame->result;
  if (is_known || !frame->failures.count) return true;
  Span span = frame->failures.items[0]->span;
  const Source *source = sources_get(&c->comp->sources, span.source);
  Diag *d = check_report(c, span, DIAG_NO_ERROR_HERE, source && source->text[span.start] == 'f' ? "fail" : "try");
  diag_help(d, "what the closure gives when there is no error is not known");
  return false;
}

TNode *check_closure(Checker *c, Expr *e, const Type *expected) {
  const Type *wanted = check_peel(c, expected, TYPE_FN);
  uint32_t count = (uint32_t)e->closure.param_count;
  if (wanted && wanted->nargs != count + 1) {
    uint32_t given = wanted->nargs - 1;
    check_report(c, e->span, DIAG_CLOSURE_COUNT, check_type_text(c, wanted), given, given == 1 ? "" : "s", count);
    return check_error_node(c, e->span);
  }
  if (count >= MODULE_PARAMS_MAX) {
    check_report(c, e->span, DIAG_TOO_MANY, "parameters", MODULE_PARAMS_MAX);
    return check_error_node(c, e->span);
  }
  const Type *result = wanted ? wanted->args[count] : NULL;
  bool is_known = result && !check_has_hole(c, result);
  TFunction *f = check_function_new(c, closure_name(c), e->span, c->frame->generics);
  f->outer = c->frame->function;
  f->nparams = count;
  f->params = CHECK_ARRAY(c, TVar *, count);
  const Type **parts = CHECK_ARRAY(c, const Type *, count + 1);
  for (uint32_t i = 0; i < count; i++) {
    const Type *hint = wanted ? wanted->args[i] : expected && expected->kind == TYPE_ERROR ? expected : NULL;
    parts[i] = param_type(c, &e->closure.params[i], hint);
  }
  Frame frame = {.outer = c->frame, .function = f, .unit = c->frame->unit, .generics = c->frame->generics, .self_type = c->frame->self_type,
                 .self = c->frame->self, .result = is_known ? result : NULL, .hint = result && !is_known && result->kind == TYPE_RESULT ? result : NULL};
  Chain *chain = c->chain;
  c->chain = NULL;
  c->frame = &frame;
  check_scope_push(c);
  NodeList body = {0};
  for (uint32_t i = 0; i < count; i++) bind_param(c, f, i, e->closure.params[i].pattern, parts[i], &body);
  TNode *value = closure_body(c, e->closure.body, result);
  if (value->type->kind != TYPE_ERROR) check_push(c, &body, value);
  c->frame = frame.outer;
  c->chain = chain;
  for (uint32_t i = 0; i < count; i++) {
    if (parts[i]->kind == TYPE_ERROR) return check_error_node(c, e->span);
  }
  if (value->type->kind == TYPE_ERROR || !failures_settle(c, &frame)) return check_error_node(c, e->span);
  f->body = check_block_node(c, &body, e->closure.body->span);
  f->result = frame.result ? frame.result : c->t_void;
  parts[count] = f->result;
  const Type *type = check_type_new(c, TYPE_FN, 0, parts, count + 1, e->span);
  if (type->kind == TYPE_ERROR) return check_error_node(c, e->span);
  TNode *node = check_node(c, TN_FN, type, e->span);
  node->function = f;
  node->ntargs = f->ntparams;
  if (f->ntparams) node->targs = check_own_params(c, c->frame->generics);
  return node;
}

/* ---- spawn ---- */

static bool is_call(const TNode *node) {
  return node->kind == TN_OP || (node->kind >= TN_CALL && node->kind <= TN_CALL_IMPORT);
}

/* Evaluates what a call takes now: its operands become variables. `outside` gets what is to be done before. */
static TNode *call_hoist(Checker *c, TNode *call, NodeList *outside) {
  if (call->kind == TN_BLOCK && call->nlist) {
    for (uint32_t i = 0; i + 1 < call->nlist; i++) check_push(c, outside, call->list[i]);
    return call_hoist(c, call->list[call->nlist - 1], outside);
  }
  if (!is_call(call)) return call;
  TNode *copy = check_node(c, call->kind, call->type, call->span);
  *copy = *call;
  copy->list = CHECK_ARRAY(c, TNode *, call->nlist);
  for (uint32_t i = 0; i < call->nlist; i++) {
    TNode *operand = call->list[i];
    if (operand->kind == TN_CONST) {
      copy->list[i] = operand;
      continue;
    }
    TVar *var = check_temp_new(c, "argument", operand->type);
    check_push(c, outside, check_let(c, var, operand, operand->span));
    copy->list[i] = check_var(c, var, operand->span);
  }
  return copy;
}

/* spawn f(x): { let argument = x; _spawn(|| f(argument)) } */
TNode *check_spawn(Checker *c, Expr *e) {
  TNode *call = check_expr(c, e->inner, NULL);
  if (call->type->kind == TYPE_ERROR) return call;
  if (call->kind == TN_SCOPE) {
    check_report(c, e->inner->span, DIAG_BAD_SPAWN);
    return check_error_node(c, e->span);
  }
  NodeList list = {0};
  call = call_hoist(c, call, &list);
  TFunction *f = check_function_new(c, closure_name(c), e->span, c->frame->generics);
  f->outer = c->frame->function;
  f->body = call;
  f->result = check_is_never(call) ? c->t_void : call->type;
  TNode *node = check_node(c, TN_FN, check_type_new(c, TYPE_FN, 0, &f->result, 1, e->span), e->span);
  node->function = f;
  node->ntargs = f->ntparams;
  if (f->ntparams) node->targs = check_own_params(c, c->frame->generics);
  TNode **args = CHECK_ARRAY(c, TNode *, 1);
  args[0] = node;
  check_push(c, &list, check_call_prelude(c, "_spawn", args, 1, e->span));
  return check_block_node(c, &list, e->span);
}
