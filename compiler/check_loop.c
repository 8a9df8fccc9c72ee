/* check_loop.c - while and for, break and continue.
 *
 * A loop over a range, or over (a..b).rev(), counts without an overflow check; one over a list re-reads the length; one over a map or set goes
 * by entry positions and tests the version before each step; strings are decoded in place; everything else goes through an Iterator.
 */
#include "compiler/check.h"

#include <string.h>

/* ---- Loops ---- */

static TNode *loop_node(Checker *c, Loop *loop, TNode *cond, TNode *body, TNode *step, Span span) {
  bool is_endless = !cond && !loop->is_broken;
  TNode *node = check_node(c, TN_LOOP, is_endless ? c->t_never : c->t_void, span);
  node->scope = loop->scope;
  node->a = cond;
  node->b = body;
  node->c = step;
  return node;
}

static void loop_enter(Checker *c, Loop *loop, const LoopLabel *label) {
  loop->outer = c->frame->loops;
  loop->label = label->name;
  loop->scope = CHECK_NEW(c, TScope);
  loop->scope->is_loop = true;
  c->frame->loops = loop;
  for (const Loop *other = loop->outer; label->name && other; other = other->outer) {
    if (other->label != label->name) continue;
    check_report(c, label->span, DIAG_REDECLARED, label->name);
    return;
  }
}

static void loop_leave(Checker *c, const Loop *loop, const LoopLabel *label) {
  c->frame->loops = loop->outer;
  if (c->options->warns) check_warn_label(c, loop, label);
}

static void report_no_loop(Checker *c, const Expr *e, const char *word) {
  const Frame *frame = c->frame;
  if (frame->in_defer && !frame->loops) {
    check_report(c, e->span, DIAG_IN_DEFER, word);
    return;
  }
  Name label = e->jump.label.name;
  Diag *d = label ? check_report(c, e->jump.label.span, DIAG_NO_LABEL, label) : check_report(c, e->span, DIAG_NOT_IN_LOOP, word);
  NameSuggestion s = {.wrong = label ? label : ""};
  for (const Loop *loop = frame->loops; label && loop; loop = loop->outer) {
    if (loop->label) name_suggestion_try(&s, loop->label);
  }
  if (s.best) diag_help(d, "did you mean `%s`?", s.best);
  else if (frame->outer && frame->outer->loops) diag_help(d, "a closure cannot leave the loop around it; `return` leaves the closure");
}

TNode *check_jump(Checker *c, Expr *e) {
  const char *word = e->kind == EXPR_BREAK ? "break" : "continue";
  Loop *loop = c->frame->loops;
  while (loop && e->jump.label.name && loop->label != e->jump.label.name) loop = loop->outer;
  if (!loop) {
    report_no_loop(c, e, word);
    return check_error_node(c, e->span);
  }
  loop->is_named |= e->jump.label.name != NULL;
  if (e->kind == EXPR_BREAK) {
    loop->is_broken = true;
    return check_break(c, loop->scope, NULL, e->span);
  }
  TNode *node = check_node(c, TN_CONTINUE, c->t_never, e->span);
  node->scope = loop->scope;
  return node;
}

TNode *check_while(Checker *c, Expr *e) {
  Loop loop = {0};
  Cond *cond = &e->while_.cond;
  bool is_true = !cond->pattern && cond->expr->kind == EXPR_BOOL && cond->expr->boolean;
  if (!cond->pattern) {
    TNode *test = check_expr_as(c, cond->expr, c->t_bool);
    loop_enter(c, &loop, &e->while_.label);
    TNode *body = check_block(c, e->while_.body, NULL, true);
    loop_leave(c, &loop, &e->while_.label);
    if (test->type->kind == TYPE_ERROR || body->type->kind == TYPE_ERROR) return check_error_node(c, e->span);
    return check_is_never(test) ? test : loop_node(c, &loop, is_true ? NULL : test, body, NULL, e->span);
  }
  check_scope_push(c);
  Steps steps = {0};
  NodeList before = {0};
  TNode *value = check_expr(c, cond->expr, NULL);
  bool is_simple = value->type->kind == TYPE_OPT || value->type->kind == TYPE_ERROR;
  if (!is_simple) value = check_hold(c, &before, value, "value");
  check_pattern(c, cond->pattern, value, cond->is_var, &steps);
  if (value->type->kind != TYPE_ERROR && check_steps_irrefutable(&steps)) {
    Diag *d = check_report(c, cond->expr->span, DIAG_ALWAYS_MATCHES, check_type_text(c, value->type));
    if (value->type->kind == TYPE_RESULT) diag_help(d, "handle the error with `catch`");
  }
  loop_enter(c, &loop, &e->while_.label);
  TNode *body = check_block(c, e->while_.body, NULL, true);
  loop_leave(c, &loop, &e->while_.label);
  check_scope_pop(c);
  if (value->type->kind == TYPE_ERROR || body->type->kind == TYPE_ERROR) return check_error_node(c, e->span);
  loop.is_broken = true;
  TNode *leave = check_break(c, loop.scope, NULL, e->span);
  check_push(c, &before, check_steps_node(c, &steps, body, leave, check_is_never(body) ? c->t_never : c->t_void, e->span));
  return loop_node(c, &loop, NULL, check_block_node(c, &before, e->span), NULL, e->span);
}

/* ---- for ---- */

typedef struct For {
  Checker *c;
  Expr *e;
  Loop loop;
  NodeList before; /* done once */
  NodeList body;
  Span span;
} For;

static TNode *int_op(For *f, Op op, TNode *a, TNode *b) {
  const Type *type = op >= OP_INT_EQ && op <= OP_INT_GE ? f->c->t_bool : f->c->t_int;
  return check_op(f->c, op, NULL, type, f->span, a, b, NULL);
}

static TNode *read(For *f, TVar *var) { return check_var(f->c, var, f->span); }

static TVar *declare(For *f, const char *name, TNode *value) {
  TVar *var = check_temp_new(f->c, name, value->type);
  check_push(f->c, &f->before, check_let(f->c, var, value, f->span));
  return var;
}

/* A value that the loop reads again and again. */
static TNode *keep(For *f, const char *name, TNode *value) {
  return value->kind == TN_CONST ? value : read(f, declare(f, name, value));
}

static void bind(For *f, Pattern *p, TNode *value) { check_destructure(f->c, p, value, false, &f->body); }

static TNode *finish(For *f, TNode *cond, TNode *step) {
  Checker *c = f->c;
  loop_enter(c, &f->loop, &f->e->for_.label);
  TNode *body = check_block(c, f->e->for_.body, NULL, true);
  loop_leave(c, &f->loop, &f->e->for_.label);
  if (body->type->kind == TYPE_ERROR) return check_error_node(c, f->span);
  check_push(c, &f->body, body);
  if (!cond) f->loop.is_broken = true;
  TNode *loop = loop_node(c, &f->loop, cond, check_block_node(c, &f->body, f->span), step, f->span);
  check_push(c, &f->before, loop);
  return check_block_node(c, &f->before, f->span);
}

static TNode *fail(For *f) {
  bind(f, f->e->for_.pattern, check_error_node(f->c, f->span));
  loop_enter(f->c, &f->loop, &f->e->for_.label);
  check_block(f->c, f->e->for_.body, NULL, true);
  loop_leave(f->c, &f->loop, &f->e->for_.label);
  return check_error_node(f->c, f->span);
}

/* The variable that counts is the one the body sees, unless a closure keeps it or the pattern takes something else. */
static TNode *count_loop(For *f, TNode *low, TNode *high, bool inclusive) {
  Checker *c = f->c;
  Pattern *p = f->e->for_.pattern;
  TVar *counter = declare(f, "i", low);
  TNode *end = keep(f, "end", high);
  bool is_name = p->kind == PAT_BIND;
  Symbol *symbol = NULL;
  if (is_name) {
    symbol = check_local_new(c, p->name, p->span, c->t_int, false);
    symbol->var = counter;
    counter->name = p->name;
  } else if (p->kind != PAT_WILDCARD) {
    bind(f, p, read(f, counter));
  }
  bool ends_early = inclusive && !(end->kind == TN_CONST && end->value.i != INT64_MAX);
  TNode *cond = int_op(f, inclusive ? OP_INT_LE : OP_INT_LT, read(f, counter), end);
  TNode *next = check_set(c, counter, int_op(f, OP_INT_WADD, read(f, counter), check_int(c, 1, f->span)), f->span);
  NodeList step = {0};
  if (ends_early) { /* the step beyond the last int would wrap */
    TNode *at_end = int_op(f, OP_INT_EQ, read(f, counter), end);
    check_push(c, &step, check_if(c, at_end, check_break(c, f->loop.scope, NULL, f->span), NULL, c->t_void, f->span));
  }
  check_push(c, &step, next);
  TNode *body = check_block(c, f->e->for_.body, NULL, true);
  if (symbol && symbol->is_captured) {
    /* Each iteration has a fresh variable: the counter gets one of its own. */
    TVar *hidden = check_temp_new(c, "i", c->t_int);
    TNode *first = f->before.items[0];
    first->var = hidden;
    hidden->is_assigned = true;
    counter->is_assigned = false;
    next->var = hidden;
    next->a->list[0]->var = hidden;
    cond->list[0]->var = hidden;
    if (ends_early) step.items[0]->a->list[0]->var = hidden;
    check_push(c, &f->body, check_let(c, counter, read(f, hidden), p->span));
  }
  loop_leave(c, &f->loop, &f->e->for_.label);
  if (body->type->kind == TYPE_ERROR) return check_error_node(c, f->span);
  check_push(c, &f->body, body);
  check_push(c, &f->before, loop_node(c, &f->loop, cond, check_block_node(c, &f->body, f->span), check_block_node(c, &step, f->span), f->span));
  return check_block_node(c, &f->before, f->span);
}

/* Down to `low`. Nothing wraps: without the upper end the counter steps before the body, with it behind the body, unless it is at the last int. */
static TNode *count_down(For *f, TNode *low, TNode *high, bool inclusive) {
  Checker *c = f->c;
  TNode *end = keep(f, "end", low);
  TVar *counter = declare(f, "at", high);
  TNode *cond = int_op(f, inclusive ? OP_INT_GE : OP_INT_GT, read(f, counter), end);
  TNode *back = check_set(c, counter, int_op(f, OP_INT_WSUB, read(f, counter), check_int(c, 1, f->span)), f->span);
  NodeList step = {0};
  if (inclusive) {
    TNode *at_end = int_op(f, OP_INT_EQ, read(f, counter), end);
    check_push(c, &step, check_if(c, at_end, check_break(c, f->loop.scope, NULL, f->span), NULL, c->t_void, f->span));
  }
  check_push(c, inclusive ? &step : &f->body, back);
  if (f->e->for_.pattern->kind != PAT_WILDCARD) bind(f, f->e->for_.pattern, read(f, counter));
  TNode *body = check_block(c, f->e->for_.body, NULL, true);
  loop_leave(c, &f->loop, &f->e->for_.label);
  if (body->type->kind == TYPE_ERROR) return check_error_node(c, f->span);
  check_push(c, &f->body, body);
  TNode *after = inclusive ? check_block_node(c, &step, f->span) : NULL;
  check_push(c, &f->before, loop_node(c, &f->loop, cond, check_block_node(c, &f->body, f->span), after, f->span));
  return check_block_node(c, &f->before, f->span);
}

static TNode *over_range(For *f, Expr *range, bool backward) {
  Checker *c = f->c;
  TNode *low, *high;
  if (!check_range_ends(c, range, &low, &high) || check_is_never(low) || check_is_never(high)) return fail(f);
  check_scope_push(c);
  loop_enter(c, &f->loop, &f->e->for_.label);
  TNode *node = (backward ? count_down : count_loop)(f, low, high, range->range.inclusive);
  check_scope_pop(c);
  return node;
}

/* Positions of a list, as `xs` or xs.enumerate(): with `pair` the pattern is (position, element). */
static TNode *over_list(For *f, TNode *list, bool pair) {
  Checker *c = f->c;
  const Type *element = list->type->args[0];
  TNode *object = keep(f, "list", list);
  TVar *at = declare(f, "at", check_int(c, 0, f->span));
  TNode *length = check_op(c, OP_LIST_LEN, element, c->t_int, f->span, object, NULL, NULL);
  TNode *cond = int_op(f, OP_INT_LT, read(f, at), length);
  TNode *get = check_op(c, OP_LIST_GET, element, element, f->span, object, read(f, at), NULL);
  Pattern *p = f->e->for_.pattern;
  if (pair) {
    bind(f, p->list.items[0], read(f, at));
    bind(f, p->list.items[1], get);
  } else if (p->kind != PAT_WILDCARD) {
    bind(f, p, get);
  }
  TNode *step = check_set(c, at, int_op(f, OP_INT_WADD, read(f, at), check_int(c, 1, f->span)), f->span);
  return finish(f, cond, step);
}

static TNode *over_string(For *f, TNode *text) {
  Checker *c = f->c;
  TNode *object = keep(f, "text", text);
  TVar *at = declare(f, "at", check_int(c, 0, f->span));
  TNode *cond = int_op(f, OP_INT_LT, read(f, at), check_op(c, OP_STRING_LEN, NULL, c->t_int, f->span, object, NULL, NULL));
  TVar *found = check_temp_new(c, "char", c->t_char);
  TNode *get = check_op(c, OP_STRING_CHAR, NULL, c->t_char, f->span, object, read(f, at), NULL);
  check_push(c, &f->body, check_let(c, found, get, f->span));
  TNode *size = check_op(c, OP_CHAR_SIZE, NULL, c->t_int, f->span, read(f, found), NULL, NULL);
  check_push(c, &f->body, check_set(c, at, int_op(f, OP_INT_WADD, read(f, at), size), f->span));
  bind(f, f->e->for_.pattern, read(f, found));
  return finish(f, cond, NULL);
}

static TNode *map_op(For *f, Op op, TNode *map, TNode *a, const Type *result) {
  TNode *node = check_op(f->c, op, map->type->args[0], result, f->span, map, a, NULL);
  node->u = map->type->args[1];
  return node;
}

/* Entries of a map; of a set only the keys. */
static TNode *over_map(For *f, TNode *value, bool only_keys) {
  Checker *c = f->c;
  TNode *map = keep(f, "map", value);
  const Type *key = map->type->args[0], *of = map->type->args[1];
  TVar *version = declare(f, "version", map_op(f, OP_MAP_VERSION, map, NULL, c->t_int));
  TVar *at = declare(f, "at", map_op(f, OP_MAP_NEXT, map, check_int(c, -1, f->span), c->t_int));
  TNode *cond = int_op(f, OP_INT_GE, read(f, at), check_int(c, 0, f->span));
  Pattern *p = f->e->for_.pattern;
  TNode *k = map_op(f, OP_MAP_KEY, map, read(f, at), key), *v = map_op(f, OP_MAP_VALUE, map, read(f, at), of);
  if (only_keys) {
    bind(f, p, k);
  } else if (p->kind == PAT_TUPLE && p->list.count == 2) {
    if (p->list.items[0]->kind != PAT_WILDCARD) bind(f, p->list.items[0], k);
    if (p->list.items[1]->kind != PAT_WILDCARD) bind(f, p->list.items[1], v);
  } else {
    const Type *parts[] = {key, of};
    const Type *tuple = check_type_tuple(c, parts, 2, f->span);
    bind(f, p, tuple->kind == TYPE_ERROR ? check_error_node(c, f->span) : check_op(c, OP_TUPLE_NEW, tuple, tuple, f->span, k, v, NULL));
  }
  NodeList step = {0};
  check_push(c, &step, map_op(f, OP_MAP_CHECK, map, read(f, version), c->t_void));
  check_push(c, &step, check_set(c, at, map_op(f, OP_MAP_NEXT, map, read(f, at), c->t_int), f->span));
  return finish(f, cond, check_block_node(c, &step, f->span));
}

/* Anything with next(), or with iter() that gives such a thing. */
static TNode *over_iterator(For *f, TNode *value) {
  Checker *c = f->c;
  const Generics *scope = c->frame->generics;
  const Type *trait = check_satisfied(c, scope, value->type, c->core.iterator);
  TNode **operands = CHECK_ARRAY(c, TNode *, 1);
  operands[0] = value;
  if (!trait) {
    trait = check_satisfied(c, scope, value->type, c->core.iterable);
    if (!trait) {
      Diag *d = check_report(c, f->e->for_.iterable->span, DIAG_NOT_ITERABLE, check_type_text(c, value->type));
      if (value->type->kind == TYPE_INT) diag_help(d, "to count write `for i in 0..n`");
      else if (value->type->kind == TYPE_OPT) diag_help(d, "it may be nil: write `?? []`, or `if let`");
      else if (value->type->kind == TYPE_RESULT) diag_help(d, "it may be an error: handle it with `try` or `catch`");
      else if (value->type->kind == TYPE_CLASS) diag_help(d, "implement `Iterable<T>`: `fn iter(self) -> Iterator<T>`");
      return fail(f);
    }
    value = check_call_trait(c, c->core.iterable, "iter", operands, 1, f->span);
    if (!value || value->type->kind == TYPE_ERROR) return fail(f);
  }
  const Type *element = trait->args[0];
  operands = CHECK_ARRAY(c, TNode *, 1);
  operands[0] = keep(f, "iterator", value);
  TNode *next = check_call_trait(c, c->core.iterator, "next", operands, 1, f->span);
  if (!next || next->type->kind != TYPE_OPT) return fail(f);
  loop_enter(c, &f->loop, &f->e->for_.label);
  TVar *item = check_temp_new(c, "item", element);
  bind(f, f->e->for_.pattern, read(f, item));
  TNode *body = check_block(c, f->e->for_.body, NULL, true);
  loop_leave(c, &f->loop, &f->e->for_.label);
  if (body->type->kind == TYPE_ERROR) return check_error_node(c, f->span);
  check_push(c, &f->body, body);
  TNode *then = check_block_node(c, &f->body, f->span);
  f->loop.is_broken = true;
  TNode *test = check_node(c, TN_IF_SOME, check_is_never(then) ? c->t_never : c->t_void, f->span);
  test->a = next;
  test->var = item;
  test->b = then;
  test->c = check_break(c, f->loop.scope, NULL, f->span);
  check_push(c, &f->before, loop_node(c, &f->loop, NULL, test, NULL, f->span));
  return check_block_node(c, &f->before, f->span);
}

/* The keys of a set, without making an iterator. */
static TNode *set_keys(For *f, TNode *value) {
  Checker *c = f->c;
  if (value->type->kind != TYPE_CLASS || check_type_decl(c, value->type) != check_prelude_decl(c, "Set")) return NULL;
  uint32_t index;
  FieldInfo *field = check_field_find(c, value->type, check_intern(c, "_keys"), &index);
  if (!field || field->type->kind != TYPE_MAP) return NULL;
  TNode *node = check_op(c, OP_FIELD_GET, value->type, check_field_type(c, value->type, field, f->span), f->span, value, NULL, NULL);
  node->index = index;
  return node;
}

/* What a method is called on, if the expression is a call of it without arguments. */
static Expr *receiver_of(Checker *c, const Expr *call, const char *method) {
  if (call->kind != EXPR_CALL || call->call.arg_count || call->call.callee->kind != EXPR_MEMBER) return NULL;
  const Expr *member = call->call.callee;
  if (member->member.optional || member->paren || member->member.name != check_intern(c, method)) return NULL;
  return member->member.object;
}

/* xs.enumerate() of a list, taken apart at once. */
static TNode *enumerated(For *f) {
  Checker *c = f->c;
  const Pattern *p = f->e->for_.pattern;
  Expr *object = receiver_of(c, f->e->for_.iterable, "enumerate");
  if (!object || p->kind != PAT_TUPLE || p->list.count != 2) return NULL;
  if (check_path_symbol(c, object) || check_path_type(c, object, NULL)) return NULL;
  bool is_plain = object->kind == EXPR_NAME || object->kind == EXPR_MEMBER || object->kind == EXPR_LIST || object->kind == EXPR_SELF;
  if (!is_plain) return NULL;
  TNode *list = check_expr(c, object, NULL);
  if (list->type->kind == TYPE_ERROR) return list;
  if (list->type->kind == TYPE_LIST) return list;
  return NULL;
}

TNode *check_for(Checker *c, Expr *e) {
  For f = {.c = c, .e = e, .span = e->span};
  Expr *iterable = e->for_.iterable;
  if (iterable->kind == EXPR_RANGE) return over_range(&f, iterable, false);
  Expr *reversed = receiver_of(c, iterable, "rev");
  if (reversed && reversed->kind == EXPR_RANGE) return over_range(&f, reversed, true);
  check_scope_push(c);
  TNode *list = enumerated(&f);
  TNode *value = list ? list : check_expr(c, iterable, NULL);
  TNode *node, *keys;
  if (value->type->kind == TYPE_ERROR) node = fail(&f);
  else if (check_is_never(value)) node = fail(&f);
  else if (value->type->kind == TYPE_LIST) node = over_list(&f, value, list != NULL);
  else if (value->type->kind == TYPE_STRING) node = over_string(&f, value);
  else if (value->type->kind == TYPE_MAP) node = over_map(&f, value, false);
  else if ((keys = set_keys(&f, value)) != NULL) node = over_map(&f, keys, true);
  else node = over_iterator(&f, value);
  check_scope_pop(c);
  return node;
}
