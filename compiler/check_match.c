/* check_match.c - match: arms become tests one after another. Few arms nest as if and else; many stand in a row in a TN_SCOPE that each leaves,
 * so that the tree stays shallow.
 */
#include "compiler/check.h"

#define NESTED_ARMS_MAX 100

typedef struct Arm {
  Steps steps;
  TNode *body;
} Arm;

/* A guard that holds is one more test. */
static void add_guard(Checker *c, Arm *arm, Expr *guard) {
  Step step = {.kind = STEP_COND, .value = check_expr_as(c, guard, c->t_bool), .span = guard->span};
  VEC_PUSH(c->arena, &arm->steps, step);
}

static bool is_guard_bad(const MatchArm *ast, const Arm *arm) {
  return ast->guard && arm->steps.items[arm->steps.count - 1].value->type->kind == TYPE_ERROR;
}

static TNode *no_arm(Checker *c, Span span) { return check_panic(c, check_str(c, "no arm of this match applies", 28, span), span); }

static TNode *nested(Checker *c, const Arm *arms, size_t count, const Type *type, Span span) {
  TNode *rest = NULL;
  for (size_t i = count; i-- > 0;) {
    bool always = check_steps_irrefutable(&arms[i].steps);
    if (!always && !rest) rest = no_arm(c, span);
    bool is_never = check_is_never(arms[i].body) && (always || check_is_never(rest));
    rest = check_steps_node(c, &arms[i].steps, arms[i].body, always ? NULL : rest, is_never ? c->t_never : type, span);
  }
  return rest;
}

static TNode *in_a_row(Checker *c, const Arm *arms, size_t count, const Type *type, Span span) {
  TNode *node = check_node(c, TN_SCOPE, type, span);
  node->scope = CHECK_NEW(c, TScope);
  NodeList list = {0};
  for (size_t i = 0; i < count; i++) {
    NodeList then = {0};
    bool is_void = arms[i].body->type->kind == TYPE_VOID;
    if (is_void || check_is_never(arms[i].body)) check_push(c, &then, arms[i].body);
    check_push(c, &then, check_break(c, node->scope, is_void ? NULL : arms[i].body, span));
    check_push(c, &list, check_steps_node(c, &arms[i].steps, check_block_node(c, &then, span), NULL, c->t_void, span));
  }
  check_push(c, &list, no_arm(c, span));
  node->a = check_block_node(c, &list, span);
  return type->kind == TYPE_NEVER ? node->a : node;
}

TNode *check_match(Checker *c, Expr *e, const Type *expected, bool is_dropped) {
  TNode *value = check_expr(c, e->match.subject, NULL);
  size_t count = e->match.arm_count;
  Arm *arms = CHECK_ARRAY(c, Arm, count);
  Join j = {.expected = expected, .is_dropped = is_dropped};
  NodeList before = {0};
  bool is_bad = value->type->kind == TYPE_ERROR, all_never = true, patterns_fit = true;
  size_t errors = c->comp->diags.errors;
  if (!is_bad && check_is_never(value)) return value;
  if (!is_bad && value->kind != TN_VAR) value = check_hold(c, &before, value, "subject");
  if (!is_bad && value->kind == TN_VAR && value->var->owner != c->frame->function) value = check_hold(c, &before, value, "subject");
  for (size_t i = 0; i < count; i++) {
    MatchArm *arm = &e->match.arms[i];
    check_scope_push(c);
    size_t before_pattern = c->comp->diags.errors;
    check_pattern(c, arm->pattern, value, false, &arms[i].steps);
    patterns_fit &= c->comp->diags.errors == before_pattern;
    if (arm->guard) add_guard(c, &arms[i], arm->guard);
    arms[i].body = check_join_expr(c, &j, arm->body);
    check_scope_pop(c);
    is_bad |= arms[i].body->type->kind == TYPE_ERROR || is_guard_bad(arm, &arms[i]);
    all_never &= check_is_never(arms[i].body);
  }
  if (patterns_fit && value->type->kind != TYPE_ERROR && !c->frame->unit->is_library)
    check_match_cover(c, e->match.arms, count, value->type, e->match.subject->span);
  if (is_bad || c->comp->diags.errors != errors) return check_error_node(c, e->span);
  const Type *type = all_never ? c->t_never : is_dropped || !j.type ? c->t_void : j.type;
  TNode *node = count > NESTED_ARMS_MAX ? in_a_row(c, arms, count, type, e->span) : count ? nested(c, arms, count, type, e->span) : no_arm(c, e->span);
  check_push(c, &before, node);
  return check_block_node(c, &before, e->span);
}
