/* check_args.c - arguments of calls: which parameter each goes to, type arguments, defaults. Interface: check_call.h.
 *
 * Operands are evaluated in the order in which they are written: when labels change the order, they are held in variables first.
 */
#include "compiler/check_call.h"

#include <string.h>

/* ---- What is called ---- */

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

Callee callee_of_fn(Checker *c, Fn *fn, const Type *const *owner_args, uint32_t given) {
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

/* What is known of a type's arguments. */
static void put_known(Checker *c, Callee *callee, const Type *type) {
  callee->targs = CHECK_ARRAY(c, const Type *, callee->ntargs + 1);
  for (uint32_t i = 0; type && i < type->nargs; i++) callee->targs[i] = check_has_hole(c, type->args[i]) ? NULL : type->args[i];
}

Callee callee_of_class(Checker *c, Decl *decl, const Type *type) {
  const Type **types = CHECK_ARRAY(c, const Type *, decl->nfields + 1);
  for (uint32_t i = 0; i < decl->nfields; i++) types[i] = decl->fields[i].type;
  Callee callee = {.what = arena_format(c->arena, "`%s`", decl->name), .nparams = decl->nfields, .types = types, .generics = decl->generics,
                   .ntargs = decl->generics->count, .name = class_name, .has_default = class_has_default, .fallback = class_fallback,
                   .decl = decl, .span = decl->item->name_span};
  put_known(c, &callee, type);
  return callee;
}

Callee callee_of_case(Checker *c, Decl *decl, const Type *type, const CaseInfo *info) {
  const Type **types = CHECK_ARRAY(c, const Type *, info->nfields + 1);
  for (uint32_t i = 0; i < info->nfields; i++) types[i] = info->fields[i].type;
  Callee callee = {.what = arena_format(c->arena, "`.%s`", info->name), .nparams = info->nfields, .types = types, .generics = decl->generics,
                   .ntargs = decl->generics->count, .name = case_name, .has_default = case_has_default, .info = info,
                   .span = info->ast->name_span};
  put_known(c, &callee, type);
  return callee;
}

/* ---- Arguments ---- */

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
void check_args_rest(Checker *c, const Arg *args, size_t count, const TNode *const *done, const uint32_t *places) {
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
TNode **check_bind(Checker *c, Callee *callee, TNode *self, Arg *args, size_t count, const Type *result, const Type *expected, Span span,
                         NodeList *before) {
  TNode **nodes = CHECK_ARRAY(c, TNode *, callee->nparams + 1);
  uint32_t *places = CHECK_ARRAY(c, uint32_t, count + 1);
  bool *taken = CHECK_ARRAY(c, bool, callee->nparams + 1);
  if (self) nodes[0] = self;
  bool ok = place_args(c, callee, args, count, span, places, taken);
  ok = ok && report_missing(c, callee, taken, span);
  if (!ok) {
    check_args_rest(c, args, count, (const TNode *const *)nodes, NULL);
    return NULL;
  }
  const Type **known = check_copy_types(c, callee->targs, callee->ntargs);
  if (callee->ntargs) {
    callee->hints = check_copy_types(c, callee->targs, callee->ntargs);
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

TNode *check_behind(Checker *c, NodeList *before, TNode *node, Span span) {
  if (before->count == 0) return node;
  check_push(c, before, node);
  return check_block_node(c, before, span);
}
