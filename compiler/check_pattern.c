/* check_pattern.c - patterns that may fail: each becomes a list of tests and bindings in order (Steps), which check_steps_node turns into nodes.
 *
 * The value that a pattern reads is a node without effects, which may be read more than once: a variable, a constant, or a part of one. On a T?
 * every pattern but nil and _ matches inside.
 */
#include "compiler/check.h"

#include <string.h>

static void match(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps);

/* ---- Steps to nodes ---- */

static Step *add_step(Checker *c, Steps *steps, StepKind kind, TNode *value, Span span) {
  Step step = {.kind = kind, .value = value, .span = span};
  VEC_PUSH(c->arena, steps, step);
  return &steps->items[steps->count - 1];
}

bool check_steps_irrefutable(const Steps *steps) {
  if (steps->is_bad) return false;
  for (size_t i = 0; i < steps->count; i++) {
    if (steps->items[i].kind != STEP_LET) return false;
  }
  return true;
}

static TNode *test_node(Checker *c, const Step *step, TNode *then, TNode *otherwise, const Type *type) {
  static const uint8_t kinds[] = {[STEP_COND] = TN_IF, [STEP_SOME] = TN_IF_SOME, [STEP_OK] = TN_IF_OK, [STEP_ERR] = TN_IF_OK, [STEP_CASE] = TN_IF_CASE, [STEP_IS] = TN_IF_IS};
  TNode *node = check_node(c, kinds[step->kind], type, step->span);
  bool is_err = step->kind == STEP_ERR;
  node->a = step->value;
  node->var = step->var;
  node->var2 = step->var2;
  node->vars = step->vars;
  node->nvars = step->nvars;
  node->index = step->index;
  node->u = step->type;
  node->b = is_err ? otherwise : then;
  node->c = is_err ? then : otherwise;
  if (is_err && !node->b) node->b = check_void(c, step->span);
  return node;
}

/* Puts `then` behind the steps; each test that fails does `otherwise`. */
static TNode *nest(Checker *c, const Steps *steps, TNode *then, TNode *otherwise, const Type *type) {
  TNode *node = then;
  for (size_t i = steps->count; i-- > 0;) {
    const Step *step = &steps->items[i];
    if (step->kind == STEP_LET) {
      NodeList list = {0};
      check_push(c, &list, check_let(c, step->var, step->value, step->span));
      check_push(c, &list, node);
      node = check_block_node(c, &list, step->span);
    } else {
      bool is_never = check_is_never(node) && otherwise && check_is_never(otherwise);
      node = test_node(c, step, node, otherwise, is_never ? c->t_never : otherwise ? type : c->t_void);
    }
  }
  return node;
}

TNode *check_steps_node(Checker *c, const Steps *steps, TNode *then, TNode *otherwise, const Type *type, Span span) {
  size_t tests = 0;
  for (size_t i = 0; i < steps->count; i++) tests += steps->items[i].kind != STEP_LET;
  if (tests <= 1 || !otherwise) return nest(c, steps, then, otherwise, type);
  TNode *node = check_node(c, TN_SCOPE, type, span);
  node->scope = CHECK_NEW(c, TScope);
  NodeList list = {0};
  TNode *done = then;
  if (!check_is_never(then)) {
    NodeList leave = {0};
    if (then->type->kind == TYPE_VOID) check_push(c, &leave, then);
    check_push(c, &leave, check_break(c, node->scope, then->type->kind == TYPE_VOID ? NULL : then, span));
    done = check_block_node(c, &leave, span);
  }
  check_push(c, &list, nest(c, steps, done, NULL, c->t_void));
  check_push(c, &list, otherwise);
  node->a = check_block_node(c, &list, span);
  if (type->kind == TYPE_NEVER) return node->a;
  return node;
}

/* ---- Bindings ---- */

static void bind_error(Checker *c, Pattern *p, bool is_var) {
  switch (p->kind) {
    case PAT_BIND: check_local_new(c, p->name, p->span, c->t_error, is_var); break;
    case PAT_TYPE:
      if (p->type_test.name) check_local_new(c, p->type_test.name, p->type_test.name_span, c->t_error, is_var);
      break;
    case PAT_CASE:
      for (size_t i = 0; i < p->case_.arg_count; i++) bind_error(c, p->case_.args[i], is_var);
      break;
    case PAT_TUPLE:
      for (size_t i = 0; i < p->list.count; i++) bind_error(c, p->list.items[i], is_var);
      break;
    case PAT_OR:
      if (p->list.count) bind_error(c, p->list.items[0], is_var);
      break;
    default: break;
  }
}

static void wrong_type(Checker *c, Pattern *p, const char *what, const Type *type, bool is_var) {
  Diag *d = check_report(c, p->span, DIAG_PATTERN_TYPE, what, check_type_text(c, type));
  if (type->kind == TYPE_RESULT) diag_help(d, "match on `.ok(x)` and `.err(e)`");
  bind_error(c, p, is_var);
}

/* ---- Alternatives ---- */

/* One alternative as a bool, in a scope of its own; what it binds is stored into optionals. */
static TNode *alternative(Checker *c, Pattern *p, TNode *value, bool is_var, TVar **slots, const SymbolTable *names, bool first, SymbolTable *found) {
  Steps steps = {0};
  check_scope_push(c);
  match(c, p, value, is_var, &steps);
  SymbolTable table = c->frame->scope->table;
  c->frame->scope = c->frame->scope->outer; /* its variables stand for those declared below, so they are not tested for being used */
  NodeList then = {0};
  if (first) *found = table;
  for (uint32_t i = 0; !first && i < names->count; i++) {
    Symbol *symbol = check_table_find(&table, names->items[i]->name);
    bool same = symbol && symbol->var->type == names->items[i]->var->type;
    if (!same && (!symbol || symbol->var->type->kind != TYPE_ERROR)) {
      check_report(c, p->span, DIAG_OR_BINDS, names->items[i]->name);
      return check_error_node(c, p->span);
    }
  }
  for (uint32_t i = 0; i < table.count; i++) {
    Symbol *other = first ? table.items[i] : check_table_find(names, table.items[i]->name);
    if (!other) {
      check_report(c, p->span, DIAG_OR_BINDS, table.items[i]->name);
      return check_error_node(c, p->span);
    }
    const Type *type = table.items[i]->var->type;
    if (type->kind == TYPE_ERROR) return check_error_node(c, p->span);
    uint32_t at = 0;
    const SymbolTable *all = first ? &table : names;
    while (all->items[at] != other) at++;
    if (first) slots[at] = check_temp_new(c, other->name, check_type_opt(c, type));
    check_push(c, &then, check_set(c, slots[at], check_some(c, check_var(c, table.items[i]->var, p->span), p->span), p->span));
  }
  check_push(c, &then, check_bool(c, true, p->span));
  return check_steps_node(c, &steps, check_block_node(c, &then, p->span), check_bool(c, false, p->span), c->t_bool, p->span);
}

#define OR_BINDS_MAX 64

static void match_or(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps) {
  TVar *slots[OR_BINDS_MAX];
  SymbolTable names = {0};
  TNode *cond = NULL;
  bool is_bad = false;
  for (size_t i = 0; i < p->list.count; i++) {
    TNode *one = alternative(c, p->list.items[i], value, is_var, slots, &names, i == 0, &names);
    is_bad |= one->type->kind == TYPE_ERROR || names.count > OR_BINDS_MAX;
    if (is_bad) break;
    if (!cond) {
      cond = one;
      continue;
    }
    TNode *either = check_node(c, TN_OR, c->t_bool, p->span);
    either->a = cond;
    either->b = one;
    cond = either;
  }
  if (is_bad || !cond) {
    for (uint32_t i = 0; i < names.count; i++) check_local_new(c, names.items[i]->name, names.items[i]->span, c->t_error, is_var);
    return;
  }
  for (uint32_t i = 0; i < names.count; i++) {
    Step *init = add_step(c, steps, STEP_LET, check_nil(c, slots[i]->type->args[0], p->span), p->span);
    init->var = slots[i];
  }
  add_step(c, steps, STEP_COND, cond, p->span);
  for (uint32_t i = 0; i < names.count; i++) {
    Symbol *symbol = check_local_new(c, names.items[i]->name, names.items[i]->span, slots[i]->type->args[0], is_var);
    TNode *get = check_op(c, OP_OPT_GET, symbol->var->type, symbol->var->type, p->span, check_var(c, slots[i], p->span), NULL, NULL);
    add_step(c, steps, STEP_LET, get, p->span)->var = symbol->var;
  }
}

/* ---- Literals and ranges ---- */

static TNode *literal_node(Checker *c, Expr *e, const Type *type) {
  static const uint8_t kinds[][2] = {{EXPR_INT, TYPE_INT}, {EXPR_FLOAT, TYPE_FLOAT}, {EXPR_CHAR, TYPE_CHAR}, {EXPR_STRING, TYPE_STRING}, {EXPR_BOOL, TYPE_BOOL}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (e->kind == (ExprKind)kinds[i][0] && type->kind == kinds[i][1]) return check_expr(c, e, NULL);
  }
  return NULL;
}

static void match_literal(Checker *c, Pattern *p, TNode *value, Steps *steps) {
  if (p->literal->kind == EXPR_ERROR) return;
  TNode *literal = literal_node(c, p->literal, value->type);
  if (!literal) {
    TNode *found = check_expr(c, p->literal, NULL);
    if (found->type->kind != TYPE_ERROR) check_mismatch(c, p->span, value->type, found->type);
    return;
  }
  add_step(c, steps, STEP_COND, check_equal(c, value, literal, p->span), p->span);
}

static void match_range(Checker *c, Pattern *p, TNode *value, Steps *steps) {
  const Type *type = value->type;
  if (type->kind != TYPE_INT && type->kind != TYPE_CHAR && type->kind != TYPE_FLOAT) {
    wrong_type(c, p, "a range", type, false);
    return;
  }
  Expr *ends[] = {p->range.low, p->range.high};
  TokenKind ops[] = {TOK_GT_EQ, p->range.inclusive ? TOK_LT_EQ : TOK_LT};
  for (int i = 0; i < 2; i++) {
    if (!ends[i] || ends[i]->kind == EXPR_ERROR) continue;
    TNode *end = literal_node(c, ends[i], type);
    if (!end) {
      check_mismatch(c, ends[i]->span, type, check_expr(c, ends[i], NULL)->type);
      continue;
    }
    add_step(c, steps, STEP_COND, check_operate(c, ops[i], value, end, p->span, p->span), p->span);
  }
}

/* ---- Cases ---- */

/* A part of a case: bound at once when it is a name. */
static TVar *part_var(Checker *c, Pattern *p, const Type *type, bool is_var) {
  if (p->kind == PAT_WILDCARD || p->kind == PAT_ERROR) return NULL;
  if (p->kind == PAT_BIND && type->kind != TYPE_OPT) return check_local_new(c, p->name, p->span, type, is_var)->var;
  return check_temp_new(c, "part", type);
}

static void match_part(Checker *c, Pattern *p, TVar *var, bool is_var, Steps *steps) {
  if (var && (p->kind != PAT_BIND || var->type->kind == TYPE_OPT)) match(c, p, check_var(c, var, p->span), is_var, steps);
}

static bool path_fits(Checker *c, Pattern *p, const Type *type) {
  if (!p->case_.path) return true;
  TypeExpr *path = p->case_.path;
  Decl *decl = NULL;
  if (path->kind == TYPEX_NAME) {
    Symbol *symbol = check_type_symbol(c, c->frame->unit, path, check_as_of(c));
    if (!symbol) return false;
    if (symbol->kind == SYM_DECL) decl = symbol->decl;
    if (symbol->kind == SYM_ALIAS) {
      check_alias_ready(c, symbol->alias);
      decl = check_type_decl(c, symbol->alias->type);
    }
  } else {
    decl = check_type_decl(c, check_type_here(c, path));
  }
  if (decl == check_type_decl(c, type)) return true;
  check_report(c, path->span, DIAG_PATTERN_TYPE, arena_format(c->arena, "a case of `%s`", decl ? decl->name : "_"), check_type_text(c, type));
  return false;
}

static bool count_parts(Checker *c, const Pattern *p, uint32_t wanted, Span declared) {
  if (p->case_.arg_count == wanted && (p->case_.has_args || wanted == 0)) return true;
  Diag *d = check_report(c, p->span, DIAG_CASE_PARTS, p->case_.name, wanted, wanted == 1 ? "" : "s", p->case_.arg_count);
  check_note(c, d, declared, "declared here");
  const char *blanks = wanted ? "_" : "";
  for (uint32_t i = 1; i < wanted; i++) blanks = arena_format(c->arena, "%s, _", blanks);
  if (wanted) diag_help(d, "write `.%s(%s)` to match whatever it holds", p->case_.name, blanks);
  else diag_help(d, "write `.%s`", p->case_.name);
  return false;
}

static void match_result(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps) {
  bool is_ok = p->case_.name == check_intern(c, "ok"), is_err = p->case_.name == check_intern(c, "err");
  if (!is_ok && !is_err) {
    diag_help(check_report(c, p->case_.name_span, DIAG_NO_CASE, "T!", p->case_.name), "its cases are `.ok(x)` and `.err(e)`");
    bind_error(c, p, is_var);
    return;
  }
  const Type *inner = value->type->args[is_err];
  bool bare = is_ok && inner->kind == TYPE_VOID && !p->case_.has_args;
  if (!bare && !count_parts(c, p, 1, (Span){0})) {
    bind_error(c, p, is_var);
    return;
  }
  Step *step = add_step(c, steps, is_ok ? STEP_OK : STEP_ERR, value, p->span);
  size_t at = (size_t)(step - steps->items);
  TVar *var = bare ? NULL : part_var(c, p->case_.args[0], inner, is_var);
  if (is_ok) steps->items[at].var = var ? var : check_temp_new(c, "ok", inner);
  if (!is_ok) steps->items[at].var = check_temp_new(c, "ok", value->type->args[0]);
  steps->items[at].var2 = is_err && var ? var : check_temp_new(c, "error", value->type->args[1]);
  if (!bare) match_part(c, p->case_.args[0], var, is_var, steps);
}

static void match_case(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps) {
  const Type *type = value->type;
  if (!p->case_.name) {
    bind_error(c, p, is_var);
    return;
  }
  if (type->kind == TYPE_RESULT && !p->case_.path) {
    match_result(c, p, value, is_var, steps);
    return;
  }
  if (type->kind != TYPE_ENUM) {
    wrong_type(c, p, arena_format(c->arena, "the case `.%s`", p->case_.name), type, is_var);
    return;
  }
  Decl *decl = check_type_decl(c, type);
  check_fields_ready(c, decl);
  uint32_t index;
  CaseInfo *info = path_fits(c, p, type) ? check_case_find(decl, p->case_.name, &index) : NULL;
  if (!info) {
    size_t errors = c->comp->diags.errors;
    bool reported = p->case_.path && !path_fits(c, p, type);
    if (!reported && errors == c->comp->diags.errors) {
      Diag *d = check_report(c, p->case_.name_span, DIAG_NO_CASE, decl->name, p->case_.name);
      NameSuggestion s = {.wrong = p->case_.name};
      for (uint32_t i = 0; i < decl->ncases; i++) name_suggestion_try(&s, decl->cases[i].name);
      if (s.best) diag_help(d, "did you mean `.%s`?", s.best);
      else check_note_cases(c, d, decl);
      check_note(c, d, decl->item->name_span, "declared here");
    }
    bind_error(c, p, is_var);
    return;
  }
  if (!count_parts(c, p, info->nfields, info->ast->name_span)) {
    bind_error(c, p, is_var);
    return;
  }
  TVar **vars = CHECK_ARRAY(c, TVar *, info->nfields);
  size_t at = steps->count;
  add_step(c, steps, STEP_CASE, value, p->span);
  for (uint32_t i = 0; i < info->nfields; i++) vars[i] = part_var(c, p->case_.args[i], check_field_type(c, type, &info->fields[i], p->span), is_var);
  steps->items[at].index = index;
  steps->items[at].vars = vars;
  steps->items[at].nvars = info->nfields;
  for (uint32_t i = 0; i < info->nfields; i++) match_part(c, p->case_.args[i], vars[i], is_var, steps);
}

/* ---- Types ---- */

static void match_type(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps) {
  const Type *test = check_type_here(c, p->type_test.test), *type = value->type;
  if (test->kind == TYPE_ERROR) {
    bind_error(c, p, is_var);
    return;
  }
  if (type->kind != TYPE_TRAIT) {
    Diag *d = check_report(c, p->span, DIAG_TEST_NOT_TRAIT, check_type_text(c, type));
    diag_help(d, "only a value of a trait has types to test for");
    bind_error(c, p, is_var);
    return;
  }
  if (test->kind == TYPE_TRAIT || !check_satisfies(c, c->frame->generics, test, type)) {
    Diag *d = check_report(c, p->type_test.test->span, DIAG_TEST_IMPOSSIBLE, check_type_text(c, type), check_type_text(c, test));
    if (test->kind == TYPE_TRAIT) diag_help(d, "a test is for one concrete type");
    else diag_help(d, "`%s` does not implement `%s`", check_type_text(c, test), check_type_text(c, type));
    bind_error(c, p, is_var);
    return;
  }
  check_impl_ensure(c, test, type);
  Step *step = add_step(c, steps, STEP_IS, value, p->span);
  step->type = test;
  size_t at = (size_t)(step - steps->items);
  TVar *var = p->type_test.name ? check_local_new(c, p->type_test.name, p->type_test.name_span, test, is_var)->var : check_temp_new(c, "is", test);
  steps->items[at].var = var;
}

/* ---- Every pattern ---- */

static void match_tuple(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps) {
  const Type *type = value->type;
  if (type->kind != TYPE_TUPLE || type->nargs != p->list.count) {
    wrong_type(c, p, arena_format(c->arena, "a tuple of %zu", p->list.count), type, is_var);
    return;
  }
  for (uint32_t i = 0; i < p->list.count; i++) {
    TNode *part = check_op(c, OP_TUPLE_GET, type, type->args[i], p->list.items[i]->span, value, NULL, NULL);
    part->index = i;
    match(c, p->list.items[i], part, is_var, steps);
  }
}

/* Goes inside an optional. */
static void match_some(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps) {
  const Type *inner = value->type->args[0];
  size_t at = steps->count;
  add_step(c, steps, STEP_SOME, value, p->span);
  TVar *var = p->kind == PAT_BIND ? check_local_new(c, p->name, p->span, inner, is_var)->var : check_temp_new(c, "some", inner);
  steps->items[at].var = var;
  if (p->kind != PAT_BIND) match(c, p, check_var(c, var, p->span), is_var, steps);
}

static bool has_nil(const Pattern *p) {
  if (p->kind == PAT_NIL) return true;
  for (size_t i = 0; p->kind == PAT_OR && i < p->list.count; i++) {
    if (has_nil(p->list.items[i])) return true;
  }
  return false;
}

static void match(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps) {
  const Type *type = value->type;
  p->type = type;
  if (type->kind == TYPE_ERROR || type->kind == TYPE_NEVER) {
    bind_error(c, p, is_var);
    return;
  }
  bool inside = type->kind == TYPE_OPT && p->kind != PAT_NIL && p->kind != PAT_WILDCARD && p->kind != PAT_ERROR && !(p->kind == PAT_OR && has_nil(p));
  if (inside) {
    match_some(c, p, value, is_var, steps);
    return;
  }
  switch (p->kind) {
    case PAT_ERROR:
    case PAT_WILDCARD: break;
    case PAT_BIND: add_step(c, steps, STEP_LET, value, p->span)->var = check_local_new(c, p->name, p->span, type, is_var)->var; break;
    case PAT_NIL:
      if (type->kind != TYPE_OPT) {
        diag_help(check_report(c, p->span, DIAG_NIL_NOT_HERE, check_type_text(c, type)), "it is never nil");
      } else {
        TNode *is = check_op(c, OP_OPT_IS, type->args[0], c->t_bool, p->span, value, NULL, NULL);
        add_step(c, steps, STEP_COND, check_op(c, OP_BOOL_NOT, NULL, c->t_bool, p->span, is, NULL, NULL), p->span);
      }
      break;
    case PAT_LITERAL: match_literal(c, p, value, steps); break;
    case PAT_RANGE: match_range(c, p, value, steps); break;
    case PAT_CASE: match_case(c, p, value, is_var, steps); break;
    case PAT_TUPLE: match_tuple(c, p, value, is_var, steps); break;
    case PAT_OR: match_or(c, p, value, is_var, steps); break;
    case PAT_TYPE: match_type(c, p, value, is_var, steps); break;
  }
}

void check_pattern(Checker *c, Pattern *p, TNode *value, bool is_var, Steps *steps) {
  size_t errors = c->comp->diags.errors;
  match(c, p, value, is_var, steps);
  steps->is_bad |= c->comp->diags.errors != errors;
}
