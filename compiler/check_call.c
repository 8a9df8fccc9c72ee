/* check_call.c - calls: what is called, and with which type arguments. What comes of the arguments is check_args.c's, of the call check_call_node.c's. */
#include "compiler/check_call.h"

#include <string.h>

/* ---- Functions and methods ---- */

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
  Callee callee = callee_of_fn(c, fn, NULL, 0);
  if (!put_type_args(c, &callee, type_args, 0)) return check_error_node(c, e->span);
  NodeList before = {0};
  TNode **nodes = check_bind(c, &callee, NULL, e->call.args, e->call.arg_count, fn->result, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  return check_behind(c, &before, check_call_fn(c, fn, callee.targs, nodes, fn->nparams, e->span), e->span);
}

/* A function of a type that takes no self: Rect.square(2.0). */
static TNode *call_static(Checker *c, Fn *fn, const Type *type, Expr *e, const Type *expected) {
  uint32_t given = 0;
  const Type **owner = CHECK_ARRAY(c, const Type *, MODULE_TPARAMS_MAX + 1);
  check_target_ready(c, fn->owner);
  check_unify(c, fn->owner->target, type, owner, fn->owner->generics->count);
  Callee callee = callee_of_fn(c, fn, owner, given);
  NodeList before = {0};
  TNode **nodes = check_bind(c, &callee, NULL, e->call.args, e->call.arg_count, fn->result, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  return check_behind(c, &before, check_call_fn(c, fn, callee.targs, nodes, fn->nparams, e->span), e->span);
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
  Callee callee = callee_of_fn(c, fn, m->targs, 1);
  if (!put_type_args(c, &callee, type_args, m->ntargs)) return check_error_node(c, e->span);
  const Type *self_type = check_partial(c, fn->params[0], callee.targs, callee.ntargs);
  if (m->kind == METHOD_DIRECT && object->type != self_type) object = check_coerce(c, object, self_type, e->span);
  NodeList before = {0};
  TNode **nodes = check_bind(c, &callee, object, e->call.args, e->call.arg_count, fn->result, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  return check_behind(c, &before, check_call_method(c, m, callee.targs, nodes, fn->nparams, e->span), e->span);
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
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  if (check_is_never(object)) return object;
  uint32_t index;
  FieldInfo *field = check_field_find(c, object->type, name, &index);
  if (field) return call_field(c, object, field, index, e);
  MethodRef m;
  if (!check_method_find(c, object->type, name, member->member.name_span, &m)) {
    check_no_member(c, object->type, name, member->member.name_span, true);
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
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
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  return call_found(c, &m, object, type_args, e, expected);
}

/* ---- Values ---- */

static TNode *call_value(Checker *c, TNode *callee, Expr *e) {
  const Type *type = callee->type;
  if (type->kind == TYPE_ERROR) {
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return callee;
  }
  if (check_is_never(callee)) return callee;
  if (type->kind != TYPE_FN) {
    Diag *d = check_report(c, e->call.callee->span, DIAG_NOT_CALLABLE, check_type_text(c, type));
    if (type->kind == TYPE_OPT && type->args[0]->kind == TYPE_FN) diag_help(d, "it may be nil: `if let f = ... { f() }`");
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  uint32_t wanted = type->nargs - 1;
  if (e->call.arg_count != wanted) {
    check_report(c, e->span, DIAG_ARG_COUNT, check_type_text(c, type), wanted, wanted == 1 ? "" : "s", e->call.arg_count);
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
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
  TNode *never = check_never_operand(c, nodes, wanted + 1, e->span);
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
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  if (decl->host) {
    Diag *d = check_report(c, e->call.callee->span, DIAG_NOT_A_CLASS, decl->name, "a type of the host");
    diag_help(d, "a function of the host gives one: `extern \"%s\" fn ... -> %s`", decl->host, decl->name);
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  check_fields_ready(c, decl);
  if (!may_construct(c, decl, e->call.callee->span)) return check_error_node(c, e->span);
  Callee callee = callee_of_class(c, decl, type);
  NodeList before = {0};
  TNode **nodes = check_bind(c, &callee, NULL, e->call.args, e->call.arg_count, decl->target, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  TNode *never = check_never_operand(c, nodes, decl->nfields, e->span);
  if (never) return never;
  const Type *made = check_type_of_decl(c, decl, callee.targs, callee.ntargs, e->span);
  if (made->kind == TYPE_ERROR) return check_error_node(c, e->span);
  return check_behind(c, &before, check_op_list(c, OP_NEW, made, made, e->span, nodes, decl->nfields), e->span);
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
  Callee callee = callee_of_case(c, decl, type, info);
  NodeList before = {0};
  TNode **nodes = check_bind(c, &callee, NULL, args, arg_count, decl->target, expected, e->span, &before);
  if (!nodes) return check_error_node(c, e->span);
  TNode *never = check_never_operand(c, nodes, info->nfields, e->span);
  if (never) return never;
  const Type *made = check_type_of_decl(c, decl, callee.targs, callee.ntargs, e->span);
  if (made->kind == TYPE_ERROR) return check_error_node(c, e->span);
  TNode *node = check_op_list(c, OP_ENUM_NEW, made, made, e->span, nodes, info->nfields);
  node->index = index;
  return check_behind(c, &before, node, e->span);
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
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
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
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
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
  check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
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
    check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
    return check_error_node(c, e->span);
  }
  uint32_t index;
  Decl *decl = check_type_decl(c, type);
  CaseInfo *info = callee->case_.name ? check_case_find(decl, callee->case_.name, &index) : NULL;
  if (info) return check_case_new(c, type, info, index, e->call.args, e->call.arg_count, true, e, expected);
  check_member(c, callee, expected); /* reports */
  check_args_rest(c, e->call.args, e->call.arg_count, NULL, NULL);
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
