/* check_member.c - what stands behind a dot or in brackets: paths to modules and types, fields, cases, parts of tuples, `?.` chains and indexes.
 */
#include "compiler/check.h"
#include "compiler/hints.h"

#include <string.h>

/* ---- Paths ---- */

static bool is_path(const Symbol *symbol) {
  return symbol->kind == SYM_DECL || symbol->kind == SYM_ALIAS || symbol->kind == SYM_BUILTIN || symbol->kind == SYM_UNIT;
}

static Symbol *member_of_unit(Checker *c, Symbol *module, Expr *e) {
  if (!module->import || !e->member.name) return NULL;
  bool is_hidden;
  Symbol *symbol = check_unit_member(c->frame->unit, module->import, e->member.name, &is_hidden);
  if (is_hidden) {
    Diag *d = check_report(c, e->member.name_span, DIAG_NOT_PUBLIC, e->member.name, module->name);
    diag_note(d, symbol->span, "write `pub` before this");
    return NULL;
  }
  return symbol;
}

Symbol *check_path_symbol(Checker *c, Expr *e) {
  Symbol *symbol = NULL;
  if (e->kind == EXPR_NAME && e->name.name && !e->paren) {
    symbol = check_name_find(c, e->name.name, e->span);
    return symbol && is_path(symbol) ? symbol : NULL;
  }
  if (e->kind == EXPR_TYPE_ARGS) return check_path_symbol(c, e->type_args.base);
  if (e->kind != EXPR_MEMBER || e->member.optional || e->paren) return NULL;
  Symbol *module = check_path_symbol(c, e->member.object);
  if (!module || module->kind != SYM_UNIT || !module->import || !e->member.name) return NULL;
  bool is_hidden;
  symbol = check_unit_member(c->frame->unit, module->import, e->member.name, &is_hidden);
  return symbol && !is_hidden && (is_path(symbol) || symbol->kind == SYM_FN) ? symbol : NULL;
}

static const Type *decl_path_type(Checker *c, Decl *decl, const Expr *e, const Type *expected) {
  check_generics_ready(c, decl);
  uint32_t hidden = decl->kind == DECL_TRAIT, count = decl->generics->count - hidden;
  const Type **args = CHECK_ARRAY(c, const Type *, count + 1);
  if (e->kind == EXPR_TYPE_ARGS) {
    if (e->type_args.arg_count != count) {
      Diag *d = count ? check_report(c, e->span, DIAG_TYPE_ARG_COUNT, decl->name, count, count == 1 ? "" : "s", e->type_args.arg_count)
                      : check_report(c, e->span, DIAG_TYPE_ARGS_NONE, decl->name);
      check_note(c, d, decl->item->name_span, "declared here");
      return c->t_error;
    }
    for (uint32_t i = 0; i < count; i++) args[i] = check_type_here(c, e->type_args.args[i]);
    return check_type_of_decl(c, decl, args, count, e->span);
  }
  for (const Type *t = expected; t && t->nargs; t = t->args[0]) {
    if (check_type_decl(c, t) == decl) return t;
    if (t->kind != TYPE_OPT && t->kind != TYPE_RESULT) break;
  }
  for (uint32_t i = 0; i < count; i++) args[i] = c->t_hole;
  return check_type_of_decl(c, decl, args, count, e->span);
}

const Type *check_path_type(Checker *c, Expr *e, const Type *expected) {
  bool is_self = e->kind == EXPR_NAME && e->name.name && strcmp(e->name.name, "Self") == 0;
  if (is_self && !check_name_find(c, e->name.name, e->span)) {
    if (c->frame->self_type) return c->frame->self_type;
    check_report(c, e->span, DIAG_SELF_TYPE);
    return c->t_error;
  }
  const Generics *g = c->frame->generics;
  for (uint32_t i = 0; g && e->kind == EXPR_NAME && i < g->count; i++) {
    if (g->names[i] == e->name.name && !check_name_find(c, e->name.name, e->span)) return check_type_new(c, TYPE_PARAM, i, NULL, 0, e->span);
  }
  Symbol *symbol = check_path_symbol(c, e);
  if (!symbol) return NULL;
  switch (symbol->kind) {
    case SYM_DECL: return decl_path_type(c, symbol->decl, e, expected);
    case SYM_BUILTIN: {
      if (e->kind == EXPR_TYPE_ARGS) check_report(c, e->span, DIAG_TYPE_ARGS_NONE, symbol->name);
      const Type *holes[] = {c->t_hole, c->t_hole};
      uint32_t count = symbol->builtin == TYPE_LIST ? 1 : symbol->builtin == TYPE_MAP ? 2 : 0;
      return symbol->builtin == TYPE_NEVER ? c->t_never : check_type_new(c, symbol->builtin, 0, holes, count, e->span);
    }
    case SYM_ALIAS: {
      check_alias_ready(c, symbol->alias);
      uint32_t count = symbol->alias->generics->count;
      const Type **args = CHECK_ARRAY(c, const Type *, count + 1);
      bool written = e->kind == EXPR_TYPE_ARGS;
      if (written && e->type_args.arg_count != count) {
        check_report(c, e->span, DIAG_TYPE_ARG_COUNT, symbol->name, count, count == 1 ? "" : "s", e->type_args.arg_count);
        return c->t_error;
      }
      for (uint32_t i = 0; i < count; i++) args[i] = written ? check_type_here(c, e->type_args.args[i]) : c->t_hole;
      return check_subst(c, symbol->alias->type, args, count, e->span);
    }
    default: return NULL;
  }
}

/* ---- Fields and cases ---- */

FieldInfo *check_field_find(Checker *c, const Type *type, Name name, uint32_t *index) {
  if (type->kind != TYPE_CLASS) return NULL;
  Decl *decl = check_type_decl(c, type);
  check_fields_ready(c, decl);
  for (uint32_t i = 0; i < decl->nfields; i++) {
    if (decl->fields[i].name != name) continue;
    *index = i;
    return &decl->fields[i];
  }
  return NULL;
}

const Type *check_field_type(Checker *c, const Type *type, const FieldInfo *field, Span span) {
  return check_subst(c, field->type, type->args, type->nargs, span);
}

CaseInfo *check_case_find(Decl *decl, Name name, uint32_t *index) {
  for (uint32_t i = 0; i < decl->ncases; i++) {
    if (decl->cases[i].name != name) continue;
    *index = i;
    return &decl->cases[i];
  }
  return NULL;
}

const Type *check_enum_expected(Checker *c, const Type *expected) {
  const Type *type = check_peel(c, expected, TYPE_ENUM);
  if (type) check_fields_ready(c, check_type_decl(c, type));
  return type;
}

static TNode *case_value(Checker *c, const Type *type, Name name, Span name_span, Expr *e, const Type *expected) {
  Decl *decl = check_type_decl(c, type);
  uint32_t index;
  check_fields_ready(c, decl);
  CaseInfo *info = check_case_find(decl, name, &index);
  if (!info) {
    Diag *d = check_report(c, name_span, DIAG_NO_CASE, decl->name, name);
    NameSuggestion s = {.wrong = name};
    for (uint32_t i = 0; i < decl->ncases; i++) name_suggestion_try(&s, decl->cases[i].name);
    if (s.best) diag_help(d, "did you mean `.%s`?", s.best);
    else check_note_cases(c, d, decl);
    check_note(c, d, decl->item->name_span, "declared here");
    return check_error_node(c, e->span);
  }
  if (info->nfields == 0) return check_case_new(c, type, info, index, NULL, 0, false, e, expected);
  Diag *d = check_report(c, e->span, DIAG_CASE_PAYLOAD, name, info->nfields, info->nfields == 1 ? "" : "s");
  diag_note(d, info->ast->span, "declared here");
  return check_error_node(c, e->span);
}

static TNode *bare_case(Checker *c, Expr *e, const Type *expected) {
  const Type *type = check_enum_expected(c, expected);
  if (!e->case_.name || (expected && expected->kind == TYPE_ERROR)) return check_error_node(c, e->span);
  if (type) return case_value(c, type, e->case_.name, e->case_.name_span, e, expected);
  Diag *d = check_report(c, e->span, DIAG_CASE_UNTYPED, e->case_.name);
  diag_help(d, "write the enum's name before the dot: `Name.%s`", e->case_.name);
  return check_error_node(c, e->span);
}

/* ---- Members ---- */

static TNode *nil_leave(Checker *c, Span span) {
  TNode *leave = check_break(c, c->chain->scope, NULL, span);
  VEC_PUSH(c->arena, &c->chain->leaves, leave);
  return leave;
}

TNode *check_object(Checker *c, Expr *object, bool optional, Span span) {
  TNode *node = check_expr(c, object, NULL);
  if (!optional || node->type->kind == TYPE_ERROR || check_is_never(node)) return node;
  if (node->type->kind != TYPE_OPT) {
    Diag *d = check_report(c, object->span, DIAG_NOT_OPTIONAL, "`?.`", check_type_text(c, node->type));
    diag_help(d, "write `.`");
    return check_error_node(c, span);
  }
  TVar *var = check_temp_new(c, "some", node->type->args[0]);
  TNode *test = check_node(c, TN_IF_SOME, var->type, span);
  test->a = node;
  test->var = var;
  test->b = check_var(c, var, span);
  test->c = nil_leave(c, span);
  return test;
}

TNode *check_chain(Checker *c, Expr *e, const Type *expected, bool is_dropped) {
  Chain chain = {.scope = CHECK_NEW(c, TScope)};
  Chain *saved = c->chain;
  c->chain = &chain;
  TNode *node = check_expr(c, e->inner, expected && expected->kind == TYPE_OPT ? expected->args[0] : NULL);
  c->chain = saved;
  if (node->type->kind == TYPE_ERROR || check_is_never(node)) return node->type->kind == TYPE_ERROR ? node : check_error_node(c, e->span);
  if (node->type->kind == TYPE_RESULT) {
    Diag *d = check_report(c, e->span, DIAG_UNHANDLED_RESULT);
    diag_help(d, "take the optional apart with `if let` first, then use `try` or `catch`");
    return check_error_node(c, e->span);
  }
  if (is_dropped) {
    node = check_drop(c, node, e);
    if (node->type->kind == TYPE_ERROR) return node;
  } else if (node->type->kind != TYPE_OPT) {
    node = check_some(c, node, e->span);
  }
  for (size_t i = 0; i < chain.leaves.count && !is_dropped; i++) {
    chain.leaves.items[i]->a = check_nil(c, node->type->args[0], chain.leaves.items[i]->span);
  }
  TNode *scope = check_node(c, TN_SCOPE, node->type, e->span);
  scope->scope = chain.scope;
  scope->a = node;
  return scope;
}

/* Helps with what other languages call a member; false when no row of the hints fits the type. */
static bool help_foreign(Checker *c, Diag *d, const Type *type, Name name, bool is_called) {
  size_t row = 0;
  for (const char *hint; (hint = hint_next(HINT_MEMBER, name, &row));) {
    MethodRef m;
    bool is_syntax = strpbrk(hint, "([!?=") != NULL;
    char subject = is_syntax && (hint[1] == '[' || hint[1] == '!' || hint[1] == ' ') ? hint[0] : 0;
    TypeKind wanted = subject == 'm' ? TYPE_MAP : subject == 's' ? TYPE_STRING : TYPE_OPT;
    bool fits = subject ? type->kind == wanted : is_syntax || check_method_find(c, type, check_intern(c, hint), (Span){0}, &m);
    if (!fits) continue;
    if (is_syntax) diag_help(d, "write `%s`", hint);
    else diag_help(d, "did you mean `%s%s`?", hint, is_called ? "" : "()");
    return true;
  }
  return false;
}

/* True if the name behind a dot begins its line. */
static bool opens_line(Checker *c, Span name) {
  const Source *source = sources_get(&c->comp->sources, name.source);
  uint32_t at = source ? name.start : 0;
  if (at == 0 || source->text[at - 1] != '.') return false;
  for (at--; at > 0 && (source->text[at - 1] == ' ' || source->text[at - 1] == '\t');) at--;
  return at == 0 || source->text[at - 1] == '\n';
}

/* True if only modules other than this one, where they are not seen, have such methods for the type. */
static bool comes_from_elsewhere(Checker *c, const Type *type, Name name) {
  const Fn *fn = type->kind == TYPE_PARAM ? NULL : check_fns_find(&check_head(c, type)->extensions, name);
  bool any = fn != NULL;
  for (; fn; fn = fn->next) any &= fn->unit != c->frame->unit && !fn->unit->is_library;
  return any;
}

/* True if an extension of this name extends a type that was reported as wrong. */
static bool is_in_bad_extension(Checker *c, const Type *type, Name name) {
  for (const Fn *fn = check_fns_find(&check_head(c, type)->extensions, name); fn; fn = fn->next) {
    if (fn->owner->target && fn->owner->target->kind == TYPE_ERROR) return true;
  }
  return false;
}

/* True if the value in an optional or result has the member, which then was meant. */
static bool is_member_inside(Checker *c, const Type *type, Name name, Span span) {
  if (type->kind != TYPE_OPT && type->kind != TYPE_RESULT) return false;
  uint32_t index;
  MethodRef method;
  return check_field_find(c, type->args[0], name, &index) || check_method_find(c, type->args[0], name, span, &method);
}

void check_no_member(Checker *c, const Type *type, Name name, Span span, bool is_called) {
  if (is_in_bad_extension(c, type, name)) return;
  Diag *d = check_report(c, span, DIAG_NO_MEMBER, check_type_text(c, type), name);
  if (help_foreign(c, d, type, name, is_called)) return;
  bool is_case = opens_line(c, span) && check_case_owner(c, name) && !is_member_inside(c, type, name, span);
  Name best = check_method_suggest(c, type, name);
  const char *args = is_called ? "(...)" : "";
  MethodRef of_float;
  uint32_t index;
  if (is_case) diag_help(d, "a line that begins with `.` goes on with the one before; for a case write `return .%s` or `Type.%s`", name, name);
  else if (type->kind == TYPE_OPT) diag_help(d, "it may be nil: write `?.%s%s`, `if let`, or `!.%s%s`", name, args, name, args);
  else if (type->kind == TYPE_RESULT) diag_help(d, "it may be an error: handle it with `try` or `catch` first");
  else if (type->kind == TYPE_INT && check_method_find(c, c->t_float, name, (Span){0}, &of_float))
    diag_help(d, "`float` has it: write `float(x).%s%s`", name, args);
  else if (comes_from_elsewhere(c, type, name)) diag_help(d, "it comes with a module that is not imported here");
  else if (type->kind == TYPE_VOID) diag_help(d, "what stands before the dot gives no value");
  else if (best) diag_help(d, "did you mean `%s%s`?", best, is_called || check_field_find(c, type, best, &index) ? "" : "()");
  else if (type->kind == TYPE_PARAM) diag_help(d, "only what its bounds promise can be used of a `%s`", check_type_text(c, type));
}

static TNode *report_no_member(Checker *c, const Type *type, Expr *e) {
  check_no_member(c, type, e->member.name, e->member.name_span, false);
  return check_error_node(c, e->span);
}

static TNode *value_member(Checker *c, Expr *e) {
  TNode *object = check_object(c, e->member.object, e->member.optional, e->span);
  Name name = e->member.name;
  if (object->type->kind == TYPE_ERROR || check_is_never(object)) return object;
  if (!name) return check_error_node(c, e->span);
  uint32_t index;
  FieldInfo *field = check_field_find(c, object->type, name, &index);
  if (field) {
    Decl *decl = check_type_decl(c, object->type);
    if (name[0] == '_' && !check_is_inside(c->frame->unit, decl->unit, name)) {
      check_note(c, check_report(c, e->member.name_span, DIAG_PRIVATE_MEMBER, name, decl->name), field->span, "declared here");
      return check_error_node(c, e->span);
    }
    const Type *type = check_field_type(c, object->type, field, e->span);
    if (type->kind == TYPE_ERROR) return check_error_node(c, e->span);
    TNode *node = check_op(c, OP_FIELD_GET, object->type, type, e->span, object, NULL, NULL);
    node->index = index;
    return node;
  }
  MethodRef m;
  if (!check_method_find(c, object->type, name, (Span){0}, &m) || !m.fn) return report_no_member(c, object->type, e);
  Diag *d = check_report(c, e->member.name_span, DIAG_METHOD_NOT_CALLED, name);
  diag_help(d, "call it: `.%s(...)`; as a value: `|x| x.%s(...)`", name, name);
  if (m.fn->ast) check_note(c, d, m.fn->ast->name_span, "declared here");
  return check_error_node(c, e->span);
}

static TNode *unit_member(Checker *c, Symbol *module, Expr *e, const Type *expected) {
  if (!module->import || !e->member.name) return check_error_node(c, e->span);
  size_t errors = c->comp->diags.errors;
  Symbol *symbol = member_of_unit(c, module, e);
  if (!symbol) {
    if (c->comp->diags.errors != errors) return check_error_node(c, e->span);
    Diag *d = check_report(c, e->member.name_span, DIAG_NO_UNIT_MEMBER, module->name, e->member.name);
    NameSuggestion s = {.wrong = e->member.name};
    for (uint32_t i = 0; i < module->import->names.count; i++) {
      if (module->import->names.items[i]->is_pub) name_suggestion_try(&s, module->import->names.items[i]->name);
    }
    if (s.best) diag_help(d, "did you mean `%s.%s`?", module->name, s.best);
    return check_error_node(c, e->span);
  }
  if (symbol->kind == SYM_FN) return check_fn_value(c, symbol->fn, expected, e->span);
  if (symbol->kind != SYM_GLOBAL) {
    check_report(c, e->span, DIAG_NOT_A_VALUE, symbol->name, "a type");
    return check_error_node(c, e->span);
  }
  const Type *type = check_global_type(c, symbol->global, e->span);
  if (type->kind == TYPE_ERROR) return check_error_node(c, e->span);
  const TNode *constant = symbol->global->constant;
  TNode *node = check_node(c, constant ? TN_CONST : TN_GLOBAL, type, e->span);
  if (constant) {
    node->value = constant->value;
    node->str = constant->str;
  }
  node->index = symbol->global->index;
  return node;
}

static TNode *type_member(Checker *c, const Type *type, Expr *e, const Type *expected) {
  Name name = e->member.name;
  if (type->kind == TYPE_ERROR || !name) return check_error_node(c, e->span);
  MethodRef m;
  bool found = check_method_find(c, type, name, (Span){0}, &m) && m.fn;
  if (type->kind == TYPE_ENUM && !found) return case_value(c, type, name, e->member.name_span, e, expected);
  if (!found) return report_no_member(c, type, e);
  if (!m.fn->has_self && !check_has_hole(c, type) && type->nargs == 0) return check_fn_value(c, m.fn, expected, e->span);
  Diag *d = check_report(c, e->member.name_span, DIAG_METHOD_NOT_CALLED, name);
  diag_help(d, "call it, or wrap it in a closure");
  return check_error_node(c, e->span);
}

TNode *check_member(Checker *c, Expr *e, const Type *expected) {
  if (e->kind == EXPR_CASE) return bare_case(c, e, expected);
  if (e->kind == EXPR_TYPE_ARGS) {
    check_report(c, e->span, DIAG_NOT_A_VALUE, "this", "a type");
    return check_error_node(c, e->span);
  }
  if (e->member.optional) return value_member(c, e);
  Symbol *path = check_path_symbol(c, e->member.object);
  if (path && path->kind == SYM_UNIT) return unit_member(c, path, e, expected);
  const Type *type = check_path_type(c, e->member.object, expected);
  return type ? type_member(c, type, e, expected) : value_member(c, e);
}

TNode *check_tuple_index(Checker *c, Expr *e) {
  TNode *object = check_object(c, e->tuple_index.object, e->tuple_index.optional, e->span);
  if (object->type->kind == TYPE_ERROR || check_is_never(object)) return object;
  if (object->type->kind != TYPE_TUPLE || e->tuple_index.index >= object->type->nargs) {
    check_report(c, e->tuple_index.index_span, DIAG_NO_PART, check_type_text(c, object->type), e->tuple_index.index);
    return check_error_node(c, e->span);
  }
  TNode *node = check_op(c, OP_TUPLE_GET, object->type, object->type->args[e->tuple_index.index], e->span, object, NULL, NULL);
  node->index = e->tuple_index.index;
  return node;
}

/* ---- Indexes ---- */

static TNode *length_of(Checker *c, TNode *object, Span span) {
  Op op = object->type->kind == TYPE_LIST ? OP_LIST_LEN : object->type->kind == TYPE_STRING ? OP_STRING_LEN : OP_BYTES_LEN;
  return check_op(c, op, op == OP_LIST_LEN ? object->type->args[0] : NULL, c->t_int, span, object, NULL, NULL);
}

/* x[a..b]: `b` of an inclusive range is one more. */
static TNode *slice(Checker *c, TNode *object, Expr *range, Span span) {
  NodeList list = {0};
  TypeKind kind = (TypeKind)object->type->kind;
  if (kind != TYPE_LIST && kind != TYPE_STRING && kind != TYPE_BYTES) {
    check_report(c, span, DIAG_NO_SLICE, check_type_text(c, object->type));
    return check_error_node(c, span);
  }
  if (!range->range.high) object = check_hold(c, &list, object, "object");
  TNode *low = range->range.low ? check_expr_as(c, range->range.low, c->t_int) : check_int(c, 0, span);
  TNode *high = range->range.high ? check_expr_as(c, range->range.high, c->t_int) : length_of(c, object, span);
  if (range->range.high && range->range.inclusive) high = check_op(c, OP_INT_ADD, NULL, c->t_int, range->span, high, check_int(c, 1, span), NULL);
  if (low->type->kind == TYPE_ERROR || high->type->kind == TYPE_ERROR) return check_error_node(c, span);
  TNode **operands = CHECK_ARRAY(c, TNode *, 3);
  operands[0] = object;
  operands[1] = low;
  operands[2] = high;
  TNode *node;
  if (kind == TYPE_BYTES) node = check_call_prelude(c, "_bytes_slice", operands, 3, span);
  else node = check_op_list(c, kind == TYPE_LIST ? OP_LIST_SLICE : OP_STRING_SLICE, kind == TYPE_LIST ? object->type->args[0] : NULL, object->type, span, operands, 3);
  check_push(c, &list, node);
  return check_block_node(c, &list, span);
}

/* The key's expected type, or NULL. */
static const Type *key_type(Checker *c, const Type *type) {
  if (type->kind == TYPE_MAP) return type->args[0];
  if (type->kind == TYPE_LIST || type->kind == TYPE_BYTES) return c->t_int;
  const Type *trait = type->kind < TYPE_KIND_END ? check_satisfied(c, c->frame->generics, type, c->core.index) : NULL;
  return trait ? trait->args[0] : NULL;
}

TNode *check_index_nodes(Checker *c, TNode *object, TNode *key, Span span) {
  const Type *type = object->type;
  if (check_is_never(object)) return object;
  TNode **operands = CHECK_ARRAY(c, TNode *, 2);
  operands[0] = object;
  operands[1] = key;
  if (type->kind == TYPE_LIST) return check_op(c, OP_LIST_GET, type->args[0], type->args[0], span, object, key, NULL);
  if (type->kind == TYPE_BYTES) return check_op(c, OP_BYTES_GET, NULL, c->t_int, span, object, key, NULL);
  if (type->kind == TYPE_MAP) return check_map_get(c, operands, span);
  TNode *node = check_call_trait(c, c->core.index, "index", operands, 2, span);
  return node ? node : check_error_node(c, span);
}

TNode *check_index(Checker *c, Expr *e) {
  TNode *object = check_expr(c, e->index.object, NULL);
  const Type *type = object->type;
  if (type->kind == TYPE_ERROR) {
    if (!check_needs_expected(e->index.index) && e->index.index->kind != EXPR_RANGE) check_expr(c, e->index.index, NULL);
    return object;
  }
  if (check_is_never(object)) return object;
  const Type *key = key_type(c, type);
  bool is_slice = e->index.index->kind == EXPR_RANGE && (!key || type->kind == TYPE_LIST || type->kind == TYPE_BYTES);
  if (is_slice) return slice(c, object, e->index.index, e->span);
  if (!key) {
    Diag *d = check_report(c, e->span, DIAG_NO_INDEX, check_type_text(c, type));
    if (type->kind == TYPE_STRING) diag_help(d, "`s[a..b]` is a part by byte offsets, `s.chars()` a list of chars");
    if (type->kind == TYPE_TUPLE) diag_help(d, "a part of a tuple is written `t.0`");
    if (type->kind == TYPE_OPT) diag_help(d, "it may be nil: write `x![...]`, or `if let`");
    return check_error_node(c, e->span);
  }
  TNode *node = check_expr_as(c, e->index.index, key);
  return node->type->kind == TYPE_ERROR ? node : check_index_nodes(c, object, node, e->span);
}
