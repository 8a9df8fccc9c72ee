/* check_call.c - calls: which parameter each argument goes to, type arguments, defaults, and the node that a call becomes.
 *
 * Whatever is called (a function, a method, a class, a case of an enum) is described as a Callee; bind_args then does the same for all. Operands are
 * evaluated in the order in which they are written: when labels change the order, they are held in variables first.
 */
#include "compiler/check.h"

#include <string.h>

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

/* ---- Nodes ---- */

static const Type **copy_types(Checker *c, const Type *const *types, uint32_t count) {
  const Type **copy = CHECK_ARRAY(c, const Type *, count);
  if (count) memcpy(copy, types, count * sizeof *copy);
  return copy;
}

static TNode *call_op(Checker *c, Fn *fn, const Type *const *targs, TNode **args, uint32_t nargs, const Type *result, Span span) {
  TNode *node = check_op_list(c, fn->op, fn->generics->count ? targs[0] : NULL, result, span, args, nargs);
  if (fn->generics->count > 1) node->u = targs[1];
  return node;
}

/* A function that says it never returns is one of void for the machine; behind the call nothing may follow. */
static TNode *never_call(Checker *c, TNode *call, Span span) {
  NodeList list = {0};
  call->type = c->t_void;
  check_push(c, &list, call);
  check_push(c, &list, check_panic(c, check_str(c, "a function of type never returned", 33, span), span));
  return check_block_node(c, &list, span);
}

/* Operands up to the first that never goes on, or NULL when all do. */
static TNode *never_operand(Checker *c, TNode **args, uint32_t nargs, Span span) {
  NodeList list = {0};
  for (uint32_t i = 0; i < nargs; i++) {
    check_push(c, &list, args[i]);
    if (check_is_never(args[i])) return check_block_node(c, &list, span);
  }
  return NULL;
}

TNode *check_call_fn(Checker *c, Fn *fn, const Type *const *targs, TNode **args, uint32_t nargs, Span span) {
  check_fn_ready(c, fn);
  const Type *result = check_subst(c, fn->result, targs, fn->generics->count, span);
  if (result->kind == TYPE_ERROR) return check_error_node(c, span);
  for (uint32_t i = 0; i < nargs; i++) {
    if (args[i]->type->kind == TYPE_ERROR) return check_error_node(c, span);
  }
  TNode *never = never_operand(c, args, nargs, span);
  if (never) return never;
  if (fn->is_op) return call_op(c, fn, targs, args, nargs, result, span);
  if (check_fn_forward(c, fn)) {
    uint32_t count = fn->forward->generics->count;
    const Type **passed = CHECK_ARRAY(c, const Type *, count + 1);
    for (uint32_t i = 0; i < count; i++) passed[i] = check_subst(c, fn->forward_args[i], targs, fn->generics->count, span);
    return check_call_fn(c, fn->forward, passed, args, nargs, span);
  }
  TNode *node = check_node(c, fn->import ? TN_CALL_IMPORT : TN_CALL, result, span);
  node->list = args;
  node->nlist = nargs;
  if (fn->import) {
    node->import = fn->import;
    return node;
  }
  check_bounds_ensure(c, fn->generics, targs);
  node->function = check_fn_reach(c, fn);
  node->targs = copy_types(c, targs, fn->generics->count);
  node->ntargs = fn->generics->count;
  return result->kind == TYPE_NEVER ? never_call(c, node, span) : node;
}

TNode *check_call_prelude(Checker *c, const char *name, TNode **args, uint32_t nargs, Span span) {
  Fn *fn = check_prelude_fn(c, name);
  if (!fn) return check_error_node(c, span);
  check_fn_ready(c, fn);
  const Type **targs = CHECK_ARRAY(c, const Type *, fn->generics->count + 1);
  for (uint32_t i = 0; i < nargs && i < fn->nparams; i++) {
    if (args[i]->type->kind == TYPE_ERROR) return check_error_node(c, span);
    if (!check_is_never(args[i])) check_unify(c, fn->params[i], args[i]->type, targs, fn->generics->count);
  }
  if (!check_bounds(c, fn->generics, targs, NULL, span)) return check_error_node(c, span);
  for (uint32_t i = 0; i < fn->generics->count; i++) {
    if (!targs[i]) return never_operand(c, args, nargs, span);
  }
  return check_call_fn(c, fn, targs, args, nargs, span);
}

static TNode *call_dynamic(Checker *c, const MethodRef *m, TKind kind, TNode **args, uint32_t nargs, Span span) {
  TNode *never = never_operand(c, args, nargs, span);
  if (never) return never;
  const Type *result = check_subst(c, m->fn->result, m->targs, m->ntargs, span);
  if (result->kind == TYPE_ERROR) return check_error_node(c, span);
  TNode *node = check_node(c, kind, result, span);
  node->t = m->trait;
  node->u = m->type;
  node->index = m->fn->slot;
  node->list = args;
  node->nlist = nargs;
  check_decl_index(c, m->fn->owner);
  return result->kind == TYPE_NEVER ? never_call(c, node, span) : node;
}

static TNode *call_synth(Checker *c, const MethodRef *m, TNode **args, uint32_t nargs, Span span) {
  check_impl_ensure(c, m->type, m->trait);
  const Type **targs = CHECK_ARRAY(c, const Type *, m->impl->generics->count + 1);
  check_unify(c, m->impl->type, m->type, targs, m->impl->generics->count);
  TNode *node = check_node(c, TN_CALL, check_subst(c, m->fn->result, m->targs, m->ntargs, span), span);
  node->function = check_synth_method(c, m->impl);
  node->targs = targs;
  node->ntargs = m->impl->generics->count;
  node->list = args;
  node->nlist = nargs;
  return node;
}

TNode *check_call_method(Checker *c, const MethodRef *m, const Type *const *targs, TNode **args, uint32_t nargs, Span span) {
  for (uint32_t i = 0; i < nargs; i++) {
    if (args[i]->type->kind == TYPE_ERROR) return check_error_node(c, span);
  }
  switch (m->kind) {
    case METHOD_BOUND: return call_dynamic(c, m, TN_CALL_BOUND, args, nargs, span);
    case METHOD_TRAIT:
      args[0] = check_coerce(c, args[0], m->trait, span);
      return call_dynamic(c, m, TN_CALL_TRAIT, args, nargs, span);
    case METHOD_IMPL: return call_synth(c, m, args, nargs, span);
    default: return check_call_fn(c, m->fn, targs, args, nargs, span);
  }
}

TNode *check_call_trait(Checker *c, Decl *trait, const char *name, TNode **args, uint32_t nargs, Span span) {
  MethodRef m;
  if (!check_method_of_trait(c, args[0]->type, trait, check_intern(c, name), &m)) return NULL;
  check_fn_ready(c, m.fn);
  return check_call_method(c, &m, m.targs, args, nargs, span);
}

/* ---- Arguments ---- */

/* What stands behind `Set(...)` is a function, `_make_Set`. */
static const char *fn_title(const Fn *fn) {
  static const char prefix[] = "_make_";
  bool is_maker = fn->unit->is_library && strncmp(fn->name, prefix, sizeof prefix - 1) == 0;
  return is_maker ? fn->name + sizeof prefix - 1 : fn->name;
}

static Name fn_name(const Callee *callee, uint32_t i) {
  return i < callee->fn->has_self ? NULL : callee->fn->ast->params[i - callee->fn->has_self].name;
}

static bool fn_has_default(const Callee *callee, uint32_t i) {
  return i >= callee->fn->has_self && callee->fn->ast->params[i - callee->fn->has_self].fallback;
}

/* True if an expression means the same wherever it stands. */
static bool is_plain(const Expr *e) {
  switch (e->kind) {
    case EXPR_NIL:
    case EXPR_BOOL:
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_CHAR:
    case EXPR_STRING: return true;
    case EXPR_LIST:
    case EXPR_MAP: return e->list.count == 0;
    default: return false;
  }
}

static TNode *fallback_node(Checker *c, Fn **slot, Expr *expr, const Type *type, Unit *unit, Generics *generics, const char *title,
                            const Type *const *targs, Span span) {
  if (is_plain(expr)) {
    TNode *node = check_expr_as(c, expr, check_subst(c, type, targs, generics->count, span));
    return node;
  }
  return check_call_fn(c, check_fallback(c, slot, expr, type, unit, generics, title), targs, NULL, 0, span);
}

TNode *check_default(Checker *c, Fn *fn, uint32_t i, const Type *const *targs, Span span) {
  const Param *param = &fn->ast->params[i - fn->has_self];
  const char *title = arena_format(c->arena, "default of %s", param->name);
  return fallback_node(c, &fn->fallbacks[i], param->fallback, fn->params[i], fn->unit, fn->generics, title, targs, span);
}

static TNode *fn_fallback(Checker *c, const Callee *callee, uint32_t i, Span span) {
  return check_default(c, callee->fn, i, callee->targs, span);
}

static Name class_name(const Callee *callee, uint32_t i) { return callee->decl->fields[i].name; }

static bool class_has_default(const Callee *callee, uint32_t i) { return callee->decl->fields[i].ast->fallback != NULL; }

static TNode *class_fallback(Checker *c, const Callee *callee, uint32_t i, Span span) {
  FieldInfo *field = &callee->decl->fields[i];
  const char *title = arena_format(c->arena, "default of %s.%s", callee->decl->name, field->name);
  return fallback_node(c, &field->fallback, field->ast->fallback, field->type, callee->decl->unit, callee->decl->generics, title,
                       callee->targs, span);
}

static Name case_name(const Callee *callee, uint32_t i) { return callee->info->fields[i].name; }

static bool case_has_default(const Callee *callee, uint32_t i) {
  (void)callee;
  (void)i;
  return false;
}

static bool is_hidden_field(Checker *c, const Callee *callee, uint32_t at) {
  Name name = callee->decl ? callee->name(callee, at) : NULL;
  return name && name[0] == '_' && !check_is_inside(c->frame->unit, callee->decl->unit, name);
}

/* Finds the parameter of each argument. False after reporting. */
static bool place_args(Checker *c, const Callee *callee, Arg *args, size_t count, Span span, uint32_t *places, bool *taken) {
  uint32_t next = callee->given;
  bool ok = true;
  for (size_t i = 0; i < count; i++) {
    uint32_t at = next;
    if (args[i].label) {
      for (at = callee->given; at < callee->nparams && callee->name(callee, at) != args[i].label; at++) {}
      if (at == callee->nparams) {
        Diag *d = check_report(c, args[i].label_span, DIAG_NO_PARAM, callee->what, args[i].label);
        NameSuggestion s = {.wrong = args[i].label};
        for (uint32_t k = callee->given; k < callee->nparams; k++) {
          if (callee->name(callee, k)) name_suggestion_try(&s, callee->name(callee, k));
        }
        if (s.best) diag_help(d, "did you mean `%s`?", s.best);
        check_note(c, d, callee->span, "declared here");
        ok = false;
        places[i] = UINT32_MAX;
        continue;
      }
    } else if (next >= callee->nparams) {
      uint32_t wanted = callee->nparams - callee->given;
      Diag *d = check_report(c, args[i].value->span, DIAG_TOO_MANY_ARGS, callee->what, wanted, wanted == 1 ? "" : "s", count);
      if (callee->span.source) diag_note(d, callee->span, "declared here");
      for (; i < count; i++) places[i] = UINT32_MAX;
      return false;
    } else {
      next++;
    }
    if (is_hidden_field(c, callee, at)) {
      check_report(c, args[i].label ? args[i].label_span : args[i].value->span, DIAG_PRIVATE_MEMBER, callee->name(callee, at), callee->decl->name);
      ok = false;
      places[i] = UINT32_MAX;
      continue;
    }
    if (taken[at]) {
      Diag *d = check_report(c, args[i].label ? args[i].label_span : args[i].value->span, DIAG_ARG_TWICE, callee->name(callee, at));
      for (size_t k = 0; k < i; k++) {
        if (places[k] == at) check_note(c, d, args[k].value->span, "given here first");
      }
      ok = false;
      places[i] = UINT32_MAX;
      continue;
    }
    taken[at] = true;
    places[i] = at;
  }
  (void)span;
  return ok;
}

static bool report_missing(Checker *c, const Callee *callee, const bool *taken, Span span) {
  const char *list = NULL;
  uint32_t missing = 0;
  for (uint32_t i = callee->given; i < callee->nparams; i++) {
    if (taken[i] || callee->has_default(callee, i)) continue;
    Name name = callee->name(callee, i);
    const char *type = check_type_text_in(c, callee->types[i], callee->generics);
    const char *one = name ? arena_format(c->arena, "`%s: %s`", name, type) : arena_format(c->arena, "a `%s`", type);
    list = list ? arena_format(c->arena, "%s, %s", list, one) : one;
    missing++;
  }
  if (!missing) return true;
  Diag *d = check_report(c, span, DIAG_MISSING_ARGS, callee->what, missing == 1 ? "argument" : "arguments", list);
  if (callee->span.source) diag_note(d, callee->span, "declared here");
  return false;
}

/* The type that a parameter wants, as far as it is known. */
static const Type *wanted_type(Checker *c, const Callee *callee, uint32_t at, bool with_hints) {
  const Type *known[MODULE_TPARAMS_MAX];
  if (!callee->types[at]->has_param) return callee->types[at];
  for (uint32_t i = 0; i < callee->ntargs; i++) known[i] = callee->targs[i] || !with_hints ? callee->targs[i] : callee->hints[i];
  return check_partial(c, callee->types[at], known, callee->ntargs);
}

/* Checks one argument against its parameter and learns type arguments from it. */
static TNode *typed_arg(Checker *c, Callee *callee, uint32_t at, Expr *value) {
  const Type *wanted = wanted_type(c, callee, at, true);
  TNode *node = check_expr(c, value, wanted);
  if (node->type->kind == TYPE_ERROR || check_is_never(node)) return node;
  if (node->type->kind == TYPE_RESULT && callee->types[at]->kind != TYPE_RESULT) {
    diag_help(check_report(c, value->span, DIAG_UNHANDLED_RESULT), "pass the error on with `try`, or handle it with `catch`");
    return check_error_node(c, value->span);
  }
  const Type *plain = callee->ntargs ? wanted_type(c, callee, at, false) : wanted;
  bool misled = wanted != plain && !check_can_coerce(c, node->type, wanted) && check_can_coerce(c, node->type, plain);
  if (misled) wanted = plain;
  node = check_coerce(c, node, wanted, value->span);
  if (node->type->kind == TYPE_ERROR || !callee->ntargs) return node;
  if (!check_unify(c, callee->types[at], node->type, callee->targs, callee->ntargs)) {
    check_mismatch(c, value->span, wanted_type(c, callee, at, false), node->type);
    return check_error_node(c, value->span);
  }
  return node;
}

static Span param_span(const Callee *callee, uint32_t at) {
  if (callee->fn && callee->fn->ast && at >= callee->fn->has_self) return callee->fn->ast->params[at - callee->fn->has_self].span;
  if (callee->decl) return callee->decl->fields[at].span;
  return callee->span;
}

static TNode *check_arg(Checker *c, Callee *callee, uint32_t at, Expr *value) {
  size_t from = c->comp->diags.count;
  TNode *node = typed_arg(c, callee, at, value);
  if (c->comp->diags.count != from) check_note_value(c, from, value, param_span(callee, at), "what it is for is declared here");
  return node;
}

/* True if an argument tells nothing by itself, while its parameter's type is still unknown: it waits for the others. */
static bool must_wait(Checker *c, const Callee *callee, uint32_t at, const Expr *value) {
  if (!callee->ntargs || !callee->types[at]->has_param) return false;
  const Type *wanted = wanted_type(c, callee, at, true);
  if (!check_has_hole(c, wanted)) return false;
  if (value->kind != EXPR_CLOSURE) return check_needs_expected(value);
  const Type *fn = check_peel(c, wanted, TYPE_FN);
  for (uint32_t i = 0; fn && i + 1 < fn->nargs && i < value->closure.param_count; i++) {
    if (!value->closure.params[i].type && check_has_hole(c, fn->args[i])) return true;
  }
  return false;
}

/* `known` are the type arguments that were there before the call's own arguments were looked at. */
static bool all_inferred(Checker *c, const Callee *callee, const Type *const *known, const Type *expected, Span span) {
  for (uint32_t i = 0; i < callee->ntargs; i++) {
    if (callee->targs[i] && callee->targs[i]->kind == TYPE_RESULT && !known[i]) {
      Diag *d = check_report(c, span, DIAG_UNHANDLED_RESULT);
      diag_help(d, "`%s` would be `%s`; handle the error with `try` or `catch` first", callee->generics->names[i], check_type_text(c, callee->targs[i]));
      return false;
    }
    if (callee->targs[i]) continue;
    if (expected && expected->kind == TYPE_ERROR) return false; /* what it should be was reported */
    Diag *d = check_report(c, span, DIAG_CANNOT_INFER, callee->generics->names[i], callee->what);
    diag_help(d, "write it: `%s<...>(...)`, or say what type the result has", callee->fn ? fn_title(callee->fn) : callee->decl ? callee->decl->name : "Name");
    return false;
  }
  return true;
}

/* After an error: the arguments are checked anyway, for their own mistakes. */
static void check_rest(Checker *c, const Arg *args, size_t count, const TNode *const *done, const uint32_t *places) {
  for (size_t i = 0; i < count; i++) {
    if (places && places[i] != UINT32_MAX && done[places[i]]) continue;
    if (!check_needs_expected(args[i].value) && args[i].value->kind != EXPR_CLOSURE) check_expr(c, args[i].value, NULL);
  }
}

/* True if the operands are written in the order of the parameters, with nothing of effect computed between them. */
static bool in_order(const Callee *callee, const uint32_t *places, size_t count) {
  uint32_t last = callee->given;
  for (size_t i = 0; i < count; i++) {
    if (places[i] != last) return false;
    last = places[i] + 1;
  }
  return true;
}

/* Checks all arguments. Gives the operands in the order of the parameters, with `before` to be done first; NULL after an error. */
static TNode **bind_args(Checker *c, Callee *callee, TNode *self, Arg *args, size_t count, const Type *result, const Type *expected, Span span,
                         NodeList *before) {
  TNode **nodes = CHECK_ARRAY(c, TNode *, callee->nparams + 1);
  uint32_t *places = CHECK_ARRAY(c, uint32_t, count + 1);
  bool *taken = CHECK_ARRAY(c, bool, callee->nparams + 1);
  if (self) nodes[0] = self;
  bool ok = place_args(c, callee, args, count, span, places, taken);
  ok = ok && report_missing(c, callee, taken, span);
  if (!ok) {
    check_rest(c, args, count, (const TNode *const *)nodes, NULL);
    return NULL;
  }
  const Type **known = copy_types(c, callee->targs, callee->ntargs);
  if (callee->ntargs) {
    callee->hints = copy_types(c, callee->targs, callee->ntargs);
    if (result) check_infer_result(c, result, expected, callee->hints, callee->ntargs);
  }
  for (int late = 0; late < 2; late++) {
    for (size_t i = 0; i < count; i++) {
      if (nodes[places[i]] && places[i] >= callee->given) continue;
      if (!late && must_wait(c, callee, places[i], args[i].value)) continue;
      nodes[places[i]] = check_arg(c, callee, places[i], args[i].value);
      ok &= nodes[places[i]]->type->kind != TYPE_ERROR;
    }
  }
  for (uint32_t i = 0; i < callee->ntargs; i++) {
    if (!callee->targs[i]) callee->targs[i] = callee->hints[i];
  }
  if (callee->ntargs) check_infer_bounds(c, callee->generics, callee->targs);
  if (!ok || !all_inferred(c, callee, known, expected, span)) return NULL;
  if (callee->ntargs && !check_bounds(c, callee->generics, callee->targs, callee->fn ? callee->fn->name : callee->decl ? callee->decl->name : NULL, span)) return NULL;
  if (!in_order(callee, places, count)) {
    if (self) nodes[0] = check_hold(c, before, nodes[0], "self");
    for (size_t i = 0; i < count; i++) nodes[places[i]] = check_hold(c, before, nodes[places[i]], "arg");
  }
  for (uint32_t i = callee->given; i < callee->nparams; i++) {
    if (!taken[i]) nodes[i] = callee->fallback(c, callee, i, span);
    ok &= nodes[i]->type->kind != TYPE_ERROR;
  }
  return ok ? nodes : NULL;
}

static TNode *behind(Checker *c, NodeList *before, TNode *node, Span span) {
  if (before->count == 0) return node;
  check_push(c, before, node);
  return check_block_node(c, before, span);
}

/* ---- Functions and methods ---- */

static Callee fn_callee(Checker *c, Fn *fn, const Type *const *owner_args, uint32_t given) {
  check_fn_ready(c, fn);
  Callee callee = {.what = arena_format(c->arena, "`%s`", fn_title(fn)), .nparams = fn->nparams, .given = given, .types = fn->params,
                   .generics = fn->generics, .ntargs = fn->generics->count, .name = fn_name, .has_default = fn_has_default,
                   .fallback = fn_fallback, .fn = fn, .span = fn->ast->name_span};
  callee.targs = CHECK_ARRAY(c, const Type *, callee.ntargs + 1);
  uint32_t outer = fn->owner ? fn->owner->generics->count : 0;
  for (uint32_t i = 0; owner_args && i < outer; i++) callee.targs[i] = owner_args[i];
  if (fn->unit->is_library) callee.span = (Span){0};
  return callee;
}

/* Puts written type arguments in place: f<int>(x). */
static bool put_type_args(Checker *c, Callee *callee, const Expr *type_args, uint32_t first) {
  if (!type_args) return true;
  uint32_t wanted = callee->ntargs - first;
  if (type_args->type_args.arg_count != wanted) {
    if (wanted == 0) check_report(c, type_args->span, DIAG_TYPE_ARGS_NONE, callee->fn ? callee->fn->name : callee->decl->name);
    else {
      const char *name = callee->fn ? callee->fn->name : callee->decl->name;
      Diag *d = check_report(c, type_args->span, DIAG_TYPE_ARG_COUNT, name, wanted, wanted == 1 ? "" : "s", type_args->type_args.arg_count);
      check_note(c, d, callee->span, "declared here");
    }
    return false;
  }
  for (uint32_t i = 0; i < wanted; i++) {
    callee->targs[first + i] = check_type_here(c, type_args->type_args.args[i]);
    if (callee->targs[first + i]->kind == TYPE_ERROR) return false;
  }
  return true;
}

static TNode *call_fn(Checker *c, Fn *fn, const Expr *type_args, Expr *e, const Type *expected) {
  Callee callee = fn_callee(c, fn, NULL, 0);
  if (!put_type_args(c, &callee, type_args, 0)) return check_error_node(c, e->span);
  NodeList before = {0};
  TNode **nodes = bind_args(c, &callee, NULL, e->call.args, e->call.arg_count, fn->result, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  return behind(c, &before, check_call_fn(c, fn, callee.targs, nodes, fn->nparams, e->span), e->span);
}

/* A function of a type that takes no self: Rect.square(2.0). */
static TNode *call_static(Checker *c, Fn *fn, const Type *type, Expr *e, const Type *expected) {
  uint32_t given = 0;
  const Type **owner = CHECK_ARRAY(c, const Type *, MODULE_TPARAMS_MAX + 1);
  check_target_ready(c, fn->owner);
  check_unify(c, fn->owner->target, type, owner, fn->owner->generics->count);
  Callee callee = fn_callee(c, fn, owner, given);
  NodeList before = {0};
  TNode **nodes = bind_args(c, &callee, NULL, e->call.args, e->call.arg_count, fn->result, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  return behind(c, &before, check_call_fn(c, fn, callee.targs, nodes, fn->nparams, e->span), e->span);
}

static bool names_self(const Fn *fn) {
  for (uint32_t i = 1; i < fn->nparams; i++) {
    if (fn->params[i]->has_param && fn->params[i]->kind == TYPE_PARAM && fn->params[i]->decl == 0) return true;
  }
  return fn->result->kind == TYPE_PARAM && fn->result->decl == 0;
}

static TNode *call_found(Checker *c, const MethodRef *m, TNode *object, const Expr *type_args, Expr *e, const Type *expected) {
  Fn *fn = m->fn;
  check_fn_ready(c, fn);
  if (m->kind == METHOD_TRAIT && names_self(fn)) {
    Diag *d = check_report(c, e->call.callee->member.name_span, DIAG_NOT_DYNAMIC, fn->name, check_type_text(c, m->type));
    diag_help(d, "its signature names `Self`; use a type parameter with the bound `%s` instead", check_type_text(c, m->trait));
    return check_error_node(c, e->span);
  }
  Callee callee = fn_callee(c, fn, m->targs, 1);
  if (!put_type_args(c, &callee, type_args, m->ntargs)) return check_error_node(c, e->span);
  const Type *self_type = check_partial(c, fn->params[0], callee.targs, callee.ntargs);
  if (m->kind == METHOD_DIRECT && object->type != self_type) object = check_coerce(c, object, self_type, e->span);
  NodeList before = {0};
  TNode **nodes = bind_args(c, &callee, object, e->call.args, e->call.arg_count, fn->result, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  return behind(c, &before, check_call_method(c, m, callee.targs, nodes, fn->nparams, e->span), e->span);
}

static TNode *call_value(Checker *c, TNode *callee, Expr *e);

static TNode *call_field(Checker *c, TNode *object, FieldInfo *field, uint32_t index, Expr *e) {
  (void)object;
  (void)index;
  Diag *d = check_report(c, e->call.callee->member.name_span, DIAG_FIELD_CALLED, field->name);
  if (field->type->kind == TYPE_FN) diag_help(d, "to call the function in it write `(x.%s)(...)`", field->name);
  else diag_help(d, "it is a field; write it without `()`");
  check_note(c, d, field->span, "declared here");
  return check_error_node(c, e->span);
}

static TNode *call_method(Checker *c, Expr *e, const Type *expected, const Expr *type_args) {
  Expr *member = e->call.callee;
  if (type_args) member = type_args->type_args.base;
  TNode *object = check_object(c, member->member.object, member->member.optional, member->member.name_span);
  Name name = member->member.name;
  if (object->type->kind == TYPE_ERROR || !name) {
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  if (check_is_never(object)) return object;
  uint32_t index;
  FieldInfo *field = check_field_find(c, object->type, name, &index);
  if (field) return call_field(c, object, field, index, e);
  MethodRef m;
  if (!check_method_find(c, object->type, name, member->member.name_span, &m)) {
    check_no_member(c, object->type, name, member->member.name_span, true);
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  if (m.kind == METHOD_NONE) return check_error_node(c, e->span);
  bool is_hidden = name[0] == '_' && m.fn->unit && !check_is_inside(c->frame->unit, m.fn->unit, name);
  if (is_hidden) {
    Diag *d = check_report(c, member->member.name_span, DIAG_PRIVATE_MEMBER, name, check_type_text(c, object->type));
    if (m.fn->ast) check_note(c, d, m.fn->ast->name_span, "declared here");
    return check_error_node(c, e->span);
  }
  if (!m.fn->has_self) {
    if (!check_lacks_self(c, m.fn)) {
      Diag *d = check_report(c, member->member.name_span, DIAG_STATIC_CALLED, name);
      diag_help(d, "write `%s.%s(...)`", check_type_text(c, object->type), name);
      if (m.fn->ast) check_note(c, d, m.fn->ast->name_span, "it has no `self`");
    }
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  return call_found(c, &m, object, type_args, e, expected);
}

/* ---- Values ---- */

static TNode *call_value(Checker *c, TNode *callee, Expr *e) {
  const Type *type = callee->type;
  if (type->kind == TYPE_ERROR) {
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return callee;
  }
  if (check_is_never(callee)) return callee;
  if (type->kind != TYPE_FN) {
    Diag *d = check_report(c, e->call.callee->span, DIAG_NOT_CALLABLE, check_type_text(c, type));
    if (type->kind == TYPE_OPT && type->args[0]->kind == TYPE_FN) diag_help(d, "it may be nil: `if let f = ... { f() }`");
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  uint32_t wanted = type->nargs - 1;
  if (e->call.arg_count != wanted) {
    check_report(c, e->span, DIAG_ARG_COUNT, check_type_text(c, type), wanted, wanted == 1 ? "" : "s", e->call.arg_count);
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  TNode **nodes = CHECK_ARRAY(c, TNode *, wanted + 1);
  nodes[0] = callee;
  bool ok = true;
  for (uint32_t i = 0; i < wanted; i++) {
    if (e->call.args[i].label) {
      check_report(c, e->call.args[i].label_span, DIAG_LABEL_ON_VALUE);
      ok = false;
    }
    nodes[i + 1] = check_expr_as(c, e->call.args[i].value, type->args[i]);
    ok &= nodes[i + 1]->type->kind != TYPE_ERROR;
  }
  if (!ok) return check_error_node(c, e->span);
  TNode *never = never_operand(c, nodes, wanted + 1, e->span);
  if (never) return never;
  TNode *node = check_node(c, TN_CALL_FN, type->args[wanted], e->span);
  node->list = nodes;
  node->nlist = wanted + 1;
  return node;
}

/* ---- Constructors ---- */

/* A private field without a default keeps the making of instances to the module. */
static bool may_construct(Checker *c, Decl *decl, Span span) {
  for (uint32_t i = 0; i < decl->nfields; i++) {
    Name name = decl->fields[i].name;
    if (decl->fields[i].ast->fallback || !name || name[0] != '_' || check_is_inside(c->frame->unit, decl->unit, name)) continue;
    check_note(c, check_report(c, span, DIAG_PRIVATE_FIELDS, decl->name, name), decl->fields[i].span, "declared here");
    return false;
  }
  return true;
}

static TNode *construct(Checker *c, Decl *decl, const Type *type, Expr *e, const Type *expected) {
  if (decl->kind != DECL_CLASS) {
    Diag *d = check_report(c, e->call.callee->span, DIAG_NOT_A_CLASS, decl->name, decl->kind == DECL_ENUM ? "an enum" : "a trait");
    if (decl->kind == DECL_ENUM && decl->item->type.case_count) diag_help(d, "name a case: `%s.%s`", decl->name, decl->item->type.cases[0].name);
    if (decl->kind == DECL_TRAIT) diag_help(d, "make an instance of a class that implements it");
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  check_fields_ready(c, decl);
  if (!may_construct(c, decl, e->call.callee->span)) return check_error_node(c, e->span);
  const Type **types = CHECK_ARRAY(c, const Type *, decl->nfields + 1);
  for (uint32_t i = 0; i < decl->nfields; i++) types[i] = decl->fields[i].type;
  Callee callee = {.what = arena_format(c->arena, "`%s`", decl->name), .nparams = decl->nfields, .types = types, .generics = decl->generics,
                   .ntargs = decl->generics->count, .name = class_name, .has_default = class_has_default, .fallback = class_fallback,
                   .decl = decl, .span = decl->item->name_span};
  callee.targs = CHECK_ARRAY(c, const Type *, callee.ntargs + 1);
  for (uint32_t i = 0; type && i < type->nargs; i++) callee.targs[i] = check_has_hole(c, type->args[i]) ? NULL : type->args[i];
  NodeList before = {0};
  TNode **nodes = bind_args(c, &callee, NULL, e->call.args, e->call.arg_count, decl->target, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  TNode *never = never_operand(c, nodes, decl->nfields, e->span);
  if (never) return never;
  const Type *made = check_type_of_decl(c, decl, callee.targs, callee.ntargs, e->span);
  if (made->kind == TYPE_ERROR) return check_error_node(c, e->span);
  return behind(c, &before, check_op_list(c, OP_NEW, made, made, e->span, nodes, decl->nfields), e->span);
}

/* A case of an enum: .num(1.0). */
TNode *check_case_new(Checker *c, const Type *type, const CaseInfo *info, uint32_t index, Arg *args, size_t arg_count, bool has_args, Expr *e,
                      const Type *expected) {
  Decl *decl = check_type_decl(c, type);
  if (info->nfields == 0 && has_args) {
    Diag *d = check_report(c, e->span, DIAG_CASE_NO_PAYLOAD, info->name);
    check_note(c, diag_help(d, "write `.%s` without `()`", info->name), info->ast->name_span, "declared here");
    return check_error_node(c, e->span);
  }
  const Type **types = CHECK_ARRAY(c, const Type *, info->nfields + 1);
  for (uint32_t i = 0; i < info->nfields; i++) types[i] = info->fields[i].type;
  Callee callee = {.what = arena_format(c->arena, "`.%s`", info->name), .nparams = info->nfields, .types = types, .generics = decl->generics,
                   .ntargs = decl->generics->count, .name = case_name, .has_default = case_has_default, .info = info,
                   .span = info->ast->name_span};
  callee.targs = CHECK_ARRAY(c, const Type *, callee.ntargs + 1);
  for (uint32_t i = 0; i < type->nargs; i++) callee.targs[i] = check_has_hole(c, type->args[i]) ? NULL : type->args[i];
  NodeList before = {0};
  TNode **nodes = bind_args(c, &callee, NULL, args, arg_count, decl->target, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  TNode *never = never_operand(c, nodes, info->nfields, e->span);
  if (never) return never;
  const Type *made = check_type_of_decl(c, decl, callee.targs, callee.ntargs, e->span);
  if (made->kind == TYPE_ERROR) return check_error_node(c, e->span);
  TNode *node = check_op_list(c, OP_ENUM_NEW, made, made, e->span, nodes, info->nfields);
  node->index = index;
  return behind(c, &before, node, e->span);
}

/* ---- Conversions: int(x) and the like ---- */

static TNode *no_conversion(Checker *c, Expr *e, const Type *from, const char *to) {
  Diag *d = check_report(c, e->span, DIAG_NO_CONVERSION, check_type_text(c, from), to);
  if (from->kind == TYPE_OPT) diag_help(d, "it may be nil: write `x ?? other` first");
  return check_error_node(c, e->span);
}

static TNode *convert_to(Checker *c, Expr *e, TypeKind to, TNode *x) {
  TypeKind from = (TypeKind)x->type->kind;
  TNode **one = CHECK_ARRAY(c, TNode *, 1);
  one[0] = x;
  if (from == TYPE_ERROR || from == TYPE_NEVER) return x;
  if (to == TYPE_STRING) return from == TYPE_RESULT ? no_conversion(c, e, x->type, "string") : check_show(c, x, false, e->span);
  if (from == to) return x;
  if (to == TYPE_INT && from == TYPE_FLOAT) return check_op(c, OP_FLOAT_INT, NULL, c->t_int, e->span, x, NULL, NULL);
  if (to == TYPE_INT && from == TYPE_CHAR) return check_op(c, OP_CHAR_INT, NULL, c->t_int, e->span, x, NULL, NULL);
  if (to == TYPE_INT && from == TYPE_BOOL) return check_op(c, OP_BOOL_INT, NULL, c->t_int, e->span, x, NULL, NULL);
  if (to == TYPE_FLOAT && from == TYPE_INT) return check_op(c, OP_INT_FLOAT, NULL, c->t_float, e->span, x, NULL, NULL);
  if (to == TYPE_CHAR && from == TYPE_INT) return check_op(c, OP_INT_CHAR, NULL, c->t_char, e->span, x, NULL, NULL);
  if (to == TYPE_INT && from == TYPE_STRING) return check_call_prelude(c, "_int_of_string", one, 1, e->span);
  if (to == TYPE_FLOAT && from == TYPE_STRING) return check_call_prelude(c, "_float_of_string", one, 1, e->span);
  return no_conversion(c, e, x->type, type_kind_name(to));
}

/* A type of the library that is made by a function: Set([1]) is _make_Set([1]). */
static Fn *maker_of(Checker *c, Name name) {
  Symbol *symbol = c->prelude ? check_table_find(&c->prelude->names, check_intern(c, arena_format(c->arena, "_make_%s", name))) : NULL;
  return symbol && symbol->kind == SYM_FN ? symbol->fn : NULL;
}

static TNode *call_builtin(Checker *c, Symbol *symbol, Expr *e, const Type *expected, const Expr *type_args) {
  Fn *maker = maker_of(c, symbol->name);
  if (maker) return call_fn(c, maker, type_args, e, expected);
  bool converts = symbol->builtin == TYPE_INT || symbol->builtin == TYPE_FLOAT || symbol->builtin == TYPE_STRING || symbol->builtin == TYPE_CHAR;
  if (!converts) {
    check_report(c, e->call.callee->span, DIAG_NOT_A_CLASS, symbol->name, "a built-in type");
    return check_error_node(c, e->span);
  }
  if (e->call.arg_count != 1 || e->call.args[0].label) {
    check_report(c, e->call.args_span.end ? e->call.args_span : e->span, DIAG_ARG_COUNT, symbol->name, 1, "", e->call.arg_count);
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  return convert_to(c, e, symbol->builtin, check_expr(c, e->call.args[0].value, NULL));
}

/* ---- Calls ---- */

/* Calls what a symbol names; a type stands for its constructor. `type`: with written type arguments, or NULL. */
static TNode *call_symbol(Checker *c, Symbol *symbol, Expr *e, const Type *expected, const Expr *type_args) {
  switch (symbol->kind) {
    case SYM_FN: return call_fn(c, symbol->fn, type_args, e, expected);
    case SYM_SPECIAL: return check_special(c, e, symbol->special);
    case SYM_BUILTIN: return call_builtin(c, symbol, e, expected, type_args);
    case SYM_DECL: {
      Fn *maker = symbol->decl->unit == c->prelude && c->frame->unit != c->prelude ? maker_of(c, symbol->name) : NULL;
      if (maker) return call_fn(c, maker, type_args, e, expected);
      const Type *type = check_path_type(c, e->call.callee, expected);
      return type && type->kind != TYPE_ERROR ? construct(c, symbol->decl, type, e, expected) : check_error_node(c, e->span);
    }
    case SYM_ALIAS: {
      const Type *type = check_path_type(c, e->call.callee, expected);
      Decl *decl = type ? check_type_decl(c, type) : NULL;
      if (decl) return construct(c, decl, type, e, expected);
      if (type && type->kind != TYPE_ERROR) check_report(c, e->call.callee->span, DIAG_NOT_A_CLASS, symbol->name, "not a class");
      return check_error_node(c, e->span);
    }
    default: return call_value(c, check_expr(c, e->call.callee, NULL), e);
  }
}

/* Type.f(...) or Enum.case(...) */
static TNode *call_of_type(Checker *c, const Type *type, Expr *e, const Type *expected) {
  Expr *member = e->call.callee;
  Name name = member->member.name;
  if (type->kind == TYPE_ERROR || !name) {
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  Decl *decl = check_type_decl(c, type);
  uint32_t index;
  if (decl && decl->kind == DECL_ENUM) {
    check_fields_ready(c, decl);
    CaseInfo *info = check_case_find(decl, name, &index);
    if (info) return check_case_new(c, type, info, index, e->call.args, e->call.arg_count, true, e, expected);
  }
  MethodRef m;
  bool found = check_method_find(c, type, name, (Span){0}, &m) && m.fn;
  if (found && !m.fn->has_self) {
    if (name[0] != '_' || check_is_inside(c->frame->unit, m.fn->unit, name)) return call_static(c, m.fn, type, e, expected);
    check_report(c, member->member.name_span, DIAG_PRIVATE_MEMBER, name, check_type_text(c, type));
    return check_error_node(c, e->span);
  }
  if (found) {
    Diag *d = check_report(c, member->member.name_span, DIAG_METHOD_OF_TYPE, name);
    diag_help(d, "call it on a value: `x.%s(...)`", name);
  } else {
    Diag *d = check_report(c, member->member.name_span, DIAG_NO_MEMBER, check_type_text(c, type), name);
    NameSuggestion s = {.wrong = name};
    for (uint32_t i = 0; decl && i < decl->ncases; i++) name_suggestion_try(&s, decl->cases[i].name);
    Name best = s.best ? s.best : check_method_suggest(c, type, name);
    if (best) diag_help(d, "did you mean `%s`?", best);
  }
  check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
  return check_error_node(c, e->span);
}

static TNode *call_member(Checker *c, Expr *e, const Type *expected) {
  Expr *member = e->call.callee;
  Symbol *path = member->member.optional ? NULL : check_path_symbol(c, member->member.object);
  if (!path) {
    const Type *self = member->member.optional ? NULL : check_path_type(c, member->member.object, NULL);
    return self ? call_of_type(c, self, e, expected) : call_method(c, e, expected, NULL);
  }
  if (path->kind != SYM_UNIT) {
    const Type *type = check_path_type(c, member->member.object, expected);
    return call_of_type(c, type ? type : c->t_error, e, expected);
  }
  if (!path->import) return check_error_node(c, e->span);
  Symbol *symbol = check_path_symbol(c, member);
  if (symbol && symbol->kind != SYM_UNIT) return call_symbol(c, symbol, e, expected, NULL);
  return call_value(c, check_expr(c, member, NULL), e); /* a function there, a variable, or nothing */
}

static TNode *call_case(Checker *c, Expr *e, const Type *expected) {
  Expr *callee = e->call.callee;
  const Type *type = check_enum_expected(c, expected);
  if (!type) {
    if (!expected || expected->kind != TYPE_ERROR) {
      Diag *d = check_report(c, callee->span, DIAG_CASE_UNTYPED, callee->case_.name ? callee->case_.name : "");
      diag_help(d, "write the enum's name before the dot");
    }
    check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  uint32_t index;
  Decl *decl = check_type_decl(c, type);
  CaseInfo *info = callee->case_.name ? check_case_find(decl, callee->case_.name, &index) : NULL;
  if (info) return check_case_new(c, type, info, index, e->call.args, e->call.arg_count, true, e, expected);
  check_member(c, callee, expected); /* reports */
  check_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
  return check_error_node(c, e->span);
}

static TNode *call_with_types(Checker *c, Expr *e, const Type *expected) {
  Expr *callee = e->call.callee, *base = callee->type_args.base;
  Symbol *symbol = check_path_symbol(c, base);
  if (symbol && symbol->kind != SYM_UNIT) return call_symbol(c, symbol, e, expected, callee);
  if (base->kind == EXPR_NAME && base->name.name) {
    symbol = check_name_find(c, base->name.name, base->span);
    if (symbol && symbol->kind == SYM_FN) return call_fn(c, symbol->fn, callee, e, expected);
    if (!symbol) return check_name(c, base, NULL);
  }
  if (base->kind == EXPR_MEMBER && !symbol) return call_method(c, e, expected, callee);
  check_report(c, callee->span, DIAG_TYPE_ARGS_NONE, "this");
  return check_error_node(c, e->span);
}

TNode *check_call(Checker *c, Expr *e, const Type *expected) {
  Expr *callee = e->call.callee;
  switch (callee->kind) {
    case EXPR_NAME: {
      if (callee->paren || !callee->name.name) break;
      Symbol *symbol = check_name_find(c, callee->name.name, callee->span);
      if (symbol) return call_symbol(c, symbol, e, expected, NULL);
      const Type *self = check_path_type(c, callee, expected); /* Self(...) */
      Decl *decl = self ? check_type_decl(c, self) : NULL;
      if (decl) return construct(c, decl, self, e, expected);
      break;
    }
    case EXPR_TYPE_ARGS: return call_with_types(c, e, expected);
    case EXPR_CASE: return call_case(c, e, expected);
    case EXPR_MEMBER:
      if (!callee->paren) return call_member(c, e, expected);
      break;
    default: break;
  }
  return call_value(c, check_expr(c, callee, NULL), e);
}

/* ---- Functions as values ---- */

static const Type *fn_type(Checker *c, const Fn *fn, const Type *const *targs, Span span) {
  const Type **parts = CHECK_ARRAY(c, const Type *, fn->nparams + 1);
  for (uint32_t i = 0; i < fn->nparams; i++) parts[i] = check_subst(c, fn->params[i], targs, fn->generics->count, span);
  const Type *result = check_subst(c, fn->result, targs, fn->generics->count, span);
  parts[fn->nparams] = result->kind == TYPE_NEVER ? c->t_void : result;
  return check_type_new(c, TYPE_FN, 0, parts, fn->nparams + 1, span);
}

/* A function that only calls an instruction, a native or a forwarding function, so that it can be a value. */
static TFunction *wrapper(Checker *c, Fn *fn, Span span) {
  if (fn->function) return fn->function;
  TFunction *f = check_function_new(c, fn->name, span, fn->generics);
  f->nparams = fn->nparams;
  f->params = CHECK_ARRAY(c, TVar *, fn->nparams);
  f->result = fn->result->kind == TYPE_NEVER ? c->t_void : fn->result;
  Frame frame = {.function = f, .unit = fn->unit, .generics = fn->generics, .result = f->result};
  Frame *saved = c->frame;
  c->frame = &frame;
  TNode **args = CHECK_ARRAY(c, TNode *, fn->nparams);
  for (uint32_t i = 0; i < fn->nparams; i++) {
    f->params[i] = check_temp_new(c, "arg", fn->params[i]);
    args[i] = check_var(c, f->params[i], span);
  }
  f->body = check_call_fn(c, fn, check_own_params(c, fn->generics), args, fn->nparams, span);
  c->frame = saved;
  return fn->function = f;
}

TNode *check_fn_value(Checker *c, Fn *fn, const Type *expected, Span span) {
  check_fn_ready(c, fn);
  uint32_t count = fn->generics->count;
  const Type **targs = CHECK_ARRAY(c, const Type *, count + 1);
  const Type *wanted = check_peel(c, expected, TYPE_FN);
  if (wanted && wanted->nargs == fn->nparams + 1) {
    for (uint32_t i = 0; i < fn->nparams; i++) check_unify(c, fn->params[i], wanted->args[i], targs, count);
    check_unify(c, fn->result, wanted->args[fn->nparams], targs, count);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (targs[i]) continue;
    Diag *d = check_report(c, span, DIAG_CANNOT_INFER, fn->generics->names[i], arena_format(c->arena, "`%s`", fn->name));
    diag_help(d, "wrap it in a closure: `|x| %s(x)`", fn->name);
    return check_error_node(c, span);
  }
  if (!check_bounds(c, fn->generics, targs, fn->name, span)) return check_error_node(c, span);
  const Type *type = fn_type(c, fn, targs, span);
  if (type->kind == TYPE_ERROR) return check_error_node(c, span);
  TNode *node = check_node(c, TN_FN, type, span);
  bool is_direct = !fn->is_op && !fn->import && !check_fn_forward(c, fn);
  node->function = is_direct ? check_fn_reach(c, fn) : wrapper(c, fn, span);
  node->targs = targs;
  node->ntargs = count;
  check_bounds_ensure(c, fn->generics, targs);
  return node;
}
