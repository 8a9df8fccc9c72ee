/* check_decl.c - heads of declarations, resolved when first asked for, and the module's entries of classes, enums and traits.
 *
 * Each part of a head has a state of its own, because they need each other: the fields of a class may mention the class, a bound may mention
 * the parameters beside it. Only the parts that a type needs to be named (how many parameters) are resolved while another part is busy.
 */
#include "compiler/check.h"

#include <string.h>

#include "compiler/parse.h"

/* ---- Type parameters ---- */

Generics *check_generics_new(Checker *c, const Generics *outer, uint32_t own) {
  Generics *g = CHECK_NEW(c, Generics);
  g->outer = outer ? outer->count : 0;
  g->count = g->outer + own;
  g->params = module_alloc(c->module, (g->count + 1) * sizeof *g->params);
  g->names = CHECK_ARRAY(c, Name, g->count + 1);
  g->spans = CHECK_ARRAY(c, Span, g->count + 1);
  for (uint32_t i = 0; i < g->outer; i++) {
    g->params[i] = outer->params[i];
    g->names[i] = outer->names[i];
    g->spans[i] = outer->spans[i];
  }
  return g;
}

static void set_name(Checker *c, Generics *g, uint32_t i, Name name, Span span) {
  g->names[i] = name ? name : check_intern(c, "_");
  g->spans[i] = span;
  g->params[i].name = module_copy(c->module, g->names[i], name_len(g->names[i]));
}

static void add_bound(Checker *c, TypeParam *param, const Type *bound) {
  for (uint32_t i = 0; i < param->nbounds; i++) {
    if (param->bounds[i] == bound) return;
  }
  const Type **bounds = module_alloc(c->module, (param->nbounds + 1) * sizeof *bounds);
  if (param->nbounds) memcpy(bounds, param->bounds, param->nbounds * sizeof *bounds);
  bounds[param->nbounds++] = bound;
  param->bounds = bounds;
}

void check_bound_show(Checker *c, TypeParam *param) {
  if (c->core.show) add_bound(c, param, check_type_of_decl(c, c->core.show, NULL, 0, (Span){0}));
}

static void name_params(Checker *c, Generics *g, const TypeParamDecl *decls, size_t count, uint32_t first) {
  for (uint32_t i = 0; i < count; i++) {
    set_name(c, g, first + i, decls[i].name, decls[i].span);
    for (uint32_t k = 0; k < first + i; k++) {
      if (decls[i].name && g->names[k] == decls[i].name) {
        Diag *d = check_report(c, decls[i].span, DIAG_REDECLARED, decls[i].name);
        diag_note(d, g->spans[k], "declared here first");
        break;
      }
    }
  }
}

static void bind_params(Checker *c, const TypeEnv *env, Generics *g, const TypeParamDecl *decls, size_t count, uint32_t first) {
  for (uint32_t i = 0; i < count; i++) {
    const Type *self = check_type_new(c, TYPE_PARAM, first + i, NULL, 0, decls[i].span);
    for (size_t k = 0; k < decls[i].bound_count; k++) {
      const Type *bound = check_trait_resolve(c, env, decls[i].bounds[k], self);
      if (bound) add_bound(c, &g->params[first + i], bound);
    }
    check_bound_show(c, &g->params[first + i]);
  }
}

static uint32_t limit_params(Checker *c, size_t count, uint32_t outer, Span span) {
  if (count + outer <= MODULE_TPARAMS_MAX) return (uint32_t)count;
  check_report(c, span, DIAG_TOO_MANY, "type parameters", MODULE_TPARAMS_MAX);
  return MODULE_TPARAMS_MAX - outer;
}

const Type **check_own_params(Checker *c, const Generics *generics) {
  const Type **args = CHECK_ARRAY(c, const Type *, generics->count + 1);
  for (uint32_t i = 0; i < generics->count; i++) args[i] = check_type_new(c, TYPE_PARAM, i, NULL, 0, (Span){0});
  return args;
}

/* ---- Declarations ---- */

static void decl_methods(Checker *c, Decl *decl) {
  Item *item = decl->item;
  decl->nmethods = (uint32_t)item->type.method_count;
  decl->method_list = CHECK_ARRAY(c, Fn *, decl->nmethods);
  decl->dynamic = CHECK_ARRAY(c, Fn *, decl->nmethods);
  for (uint32_t i = 0; i < decl->nmethods; i++) {
    Fn *fn = check_fn_new(c, item->type.methods[i], decl->unit, decl);
    decl->method_list[i] = fn;
    if (!fn->name) continue;
    Fn *other = check_fns_find(&decl->methods, fn->name);
    if (decl->kind != DECL_EXTEND) {
      if (other) {
        Diag *d = check_report(c, fn->ast->name_span, DIAG_REDECLARED, fn->name);
        diag_note(d, other->ast->name_span, "declared here first");
        continue;
      }
      check_fns_add(c, &decl->methods, fn);
    }
    if (decl->kind == DECL_TRAIT && fn->has_self && !fn->ast->type_param_count) {
      fn->slot = decl->ndynamic;
      decl->dynamic[decl->ndynamic++] = fn;
    }
  }
}

Decl *check_decl_new(Checker *c, DeclKind kind, Item *item, Unit *unit) {
  Decl *decl = CHECK_NEW(c, Decl);
  decl->kind = kind;
  decl->host = kind == DECL_CLASS ? item->type.host : NULL;
  decl->item = item;
  decl->unit = unit;
  decl->name = item->name ? item->name : check_intern(c, "_");
  decl->index = UINT32_MAX;
  decl_methods(c, decl);
  return decl;
}

void check_generics_ready(Checker *c, Decl *decl) {
  if (decl->generics_state != HEAD_NONE) return;
  decl->generics_state = HEAD_BUSY;
  uint32_t hidden = decl->kind == DECL_TRAIT;
  uint32_t own = limit_params(c, decl->item->type_param_count, hidden, decl->item->name_span);
  Generics *g = check_generics_new(c, NULL, own + hidden);
  if (hidden) set_name(c, g, 0, check_intern(c, "Self"), decl->item->name_span);
  name_params(c, g, decl->item->type_params, own, hidden);
  decl->generics = g;
  const Type **args = check_own_params(c, g);
  if (decl->kind != DECL_EXTEND) decl->target = check_type_of_decl(c, decl, args + hidden, own, decl->item->name_span);
  if (hidden) add_bound(c, &g->params[0], decl->target);
  TypeEnv env = {.unit = decl->unit, .generics = g, .self_type = hidden ? args[0] : decl->target};
  if (check_head_enter(c, decl->name, decl->item->name_span)) bind_params(c, &env, g, decl->item->type_params, own, hidden);
  check_head_leave(c);
  decl->generics_state = HEAD_DONE;
}

static bool mentions_param(const Type *type, uint32_t index) {
  if (type->kind == TYPE_PARAM) return type->decl == index;
  for (uint32_t i = 0; type->has_param && i < type->nargs; i++) {
    if (mentions_param(type->args[i], index)) return true;
  }
  return false;
}

/* What the type does not mention could never be found out at a call. */
static void check_target_params(Checker *c, Decl *decl) {
  const Generics *g = decl->generics;
  for (uint32_t i = 0; i < g->count; i++) {
    if (mentions_param(decl->target, i)) continue;
    Diag *d = check_report(c, g->spans[i], DIAG_EXTEND_UNUSED, g->names[i]);
    diag_help(d, "give it to the method that needs it: `fn name<%s>(self, ...)`", g->names[i]);
    decl->target = c->t_error;
    return;
  }
}

void check_target_ready(Checker *c, Decl *decl) {
  check_generics_ready(c, decl);
  if (decl->kind != DECL_EXTEND || decl->target_state != HEAD_NONE) return;
  decl->target_state = HEAD_BUSY;
  TypeEnv env = {.unit = decl->unit, .generics = decl->generics, .allow_result = true, .as_of = true};
  decl->target = check_type_resolve(c, &env, decl->item->type.target);
  if (decl->target->kind != TYPE_ERROR) check_target_params(c, decl);
  decl->target_state = HEAD_DONE;
}

static void repeat_field(Checker *c, const FieldInfo *fields, uint32_t i) {
  for (uint32_t k = 0; k < i; k++) {
    if (!fields[i].name || fields[k].name != fields[i].name) continue;
    diag_note(check_report(c, fields[i].span, DIAG_REDECLARED, fields[i].name), fields[k].span, "declared here first");
    return;
  }
}

static void class_fields(Checker *c, Decl *decl, const TypeEnv *env) {
  size_t count = decl->item->type.field_count;
  if (count > MODULE_PARAMS_MAX) {
    check_report(c, decl->item->name_span, DIAG_TOO_MANY, "fields", MODULE_PARAMS_MAX);
    count = MODULE_PARAMS_MAX;
  }
  decl->nfields = (uint32_t)count;
  decl->fields = CHECK_ARRAY(c, FieldInfo, count);
  for (uint32_t i = 0; i < count; i++) {
    FieldDecl *ast = &decl->item->type.fields[i];
    const Type *type = check_type_resolve(c, env, ast->type);
    decl->fields[i] = (FieldInfo){.name = ast->name, .span = ast->name_span, .type = type, .ast = ast};
    repeat_field(c, decl->fields, i);
    const Fn *method = ast->name ? check_fns_find(&decl->methods, ast->name) : NULL;
    if (method) diag_note(check_report(c, method->ast->name_span, DIAG_REDECLARED, ast->name), ast->name_span, "declared here first");
  }
}

static void enum_case(Checker *c, CaseInfo *info, CaseDecl *ast, const TypeEnv *env) {
  info->name = ast->name;
  info->ast = ast;
  info->nfields = (uint32_t)(ast->payload_count > MODULE_PARAMS_MAX ? MODULE_PARAMS_MAX : ast->payload_count);
  info->fields = CHECK_ARRAY(c, FieldInfo, info->nfields);
  for (uint32_t k = 0; k < info->nfields; k++) {
    PayloadDecl *p = &ast->payload[k];
    info->fields[k] = (FieldInfo){.name = p->name, .span = p->span, .type = check_type_resolve(c, env, p->type)};
    repeat_field(c, info->fields, k);
  }
}

static void enum_cases(Checker *c, Decl *decl, const TypeEnv *env) {
  decl->ncases = (uint32_t)decl->item->type.case_count;
  decl->cases = CHECK_ARRAY(c, CaseInfo, decl->ncases);
  SymbolTable seen = {0};
  for (uint32_t i = 0; i < decl->ncases; i++) {
    CaseDecl *ast = &decl->item->type.cases[i];
    if (!ast->name) ast->name = check_intern(c, "_");
    enum_case(c, &decl->cases[i], ast, env);
    Symbol *symbol = check_symbol_new(c, SYM_LOCAL, ast->name, ast->name_span);
    if (!check_table_add(c, &seen, symbol)) {
      Diag *d = check_report(c, ast->name_span, DIAG_REDECLARED, ast->name);
      diag_note(d, check_table_find(&seen, ast->name)->span, "declared here first");
    }
  }
}

void check_fields_ready(Checker *c, Decl *decl) {
  check_generics_ready(c, decl);
  if (decl->fields_state != HEAD_NONE) return;
  decl->fields_state = HEAD_BUSY;
  TypeEnv env = {.unit = decl->unit, .generics = decl->generics, .self_type = decl->target};
  if (decl->kind == DECL_CLASS) class_fields(c, decl, &env);
  if (decl->kind == DECL_ENUM) enum_cases(c, decl, &env);
  decl->fields_state = HEAD_DONE;
}

void check_supers_ready(Checker *c, Decl *decl) {
  check_generics_ready(c, decl);
  if (decl->kind != DECL_TRAIT || decl->supers_state != HEAD_NONE) return;
  decl->supers_state = HEAD_BUSY;
  size_t count = decl->item->type.trait_count;
  decl->supers = module_alloc(c->module, (count + 1) * sizeof *decl->supers);
  const Type *self = check_type_new(c, TYPE_PARAM, 0, NULL, 0, decl->item->name_span);
  TypeEnv env = {.unit = decl->unit, .generics = decl->generics, .self_type = self};
  bool is_short = !count || check_head_enter(c, decl->name, decl->item->name_span);
  if (!is_short) count = 0;
  for (size_t i = 0; i < count; i++) {
    const Type *type = check_trait_resolve(c, &env, decl->item->type.traits[i], self);
    if (!type) continue;
    const Type *found;
    if (check_trait_extends(c, self, type, decl, &found)) {
      check_report(c, decl->item->type.traits[i]->span, DIAG_TRAIT_CYCLE, decl->name);
      continue;
    }
    uint32_t height = check_type_decl(c, type)->super_height + 1;
    if (height > CHECK_CHAIN_MAX) {
      check_report(c, decl->item->name_span, DIAG_CHAIN, decl->name);
      break;
    }
    if (height > decl->super_height) decl->super_height = height;
    decl->supers[decl->nsupers++] = type;
  }
  if (decl->item->type.trait_count) check_head_leave(c);
  bool has_show = decl == c->core.show;
  for (uint32_t i = 0; i < decl->nsupers; i++) has_show |= check_type_decl(c, decl->supers[i]) == c->core.show;
  if (!has_show && c->core.show) decl->supers[decl->nsupers++] = check_type_of_decl(c, c->core.show, NULL, 0, (Span){0});
  decl->supers_state = HEAD_DONE;
}

void check_alias_ready(Checker *c, Alias *alias) {
  if (alias->state == HEAD_DONE) return;
  if (alias->state == HEAD_BUSY) {
    check_report(c, alias->item->name_span, DIAG_ALIAS_CYCLE, alias->item->name);
    alias->type = c->t_error;
    return;
  }
  alias->state = HEAD_BUSY;
  uint32_t own = limit_params(c, alias->item->type_param_count, 0, alias->item->name_span);
  alias->generics = check_generics_new(c, NULL, own);
  name_params(c, alias->generics, alias->item->type_params, own, 0);
  TypeEnv env = {.unit = alias->unit, .generics = alias->generics};
  bool is_short = check_head_enter(c, alias->item->name, alias->item->name_span);
  if (is_short) bind_params(c, &env, alias->generics, alias->item->type_params, own, 0);
  const Type *type = is_short ? check_type_resolve(c, &env, alias->item->alias) : c->t_error;
  check_head_leave(c);
  if (!alias->type) alias->type = type;
  alias->state = HEAD_DONE;
}

/* ---- Functions ---- */

Fn *check_fn_new(Checker *c, FnDecl *ast, Unit *unit, Decl *owner) {
  Fn *fn = CHECK_NEW(c, Fn);
  fn->name = ast->name;
  fn->ast = ast;
  fn->unit = unit;
  fn->owner = owner;
  fn->has_self = ast->has_self;
  fn->slot = UINT32_MAX;
  return fn;
}

/* "list_len" is "list.len": the first `_` stands for the dot. */
static void extern_op(Checker *c, Fn *fn) {
  char *name = arena_copy(c->arena, fn->name, name_len(fn->name));
  char *underscore = strchr(name, '_');
  if (underscore) *underscore = '.';
  int op = op_find(name, (unsigned)strlen(name));
  if (op < 0) {
    check_report(c, fn->ast->name_span, DIAG_LIBRARY_LACKS, name);
    return;
  }
  fn->is_op = true;
  fn->op = (Op)op;
}

/* What the machine gets of a function that can fail: a `T!` comes as `(T?, string?)`, a `void!` as `string?`, of which check_call_fn makes the result. */
static const Type *import_result(Checker *c, const Fn *fn) {
  if (fn->result->kind != TYPE_RESULT) return fn->result;
  const Type *text = check_type_opt(c, c->t_string), *value = fn->result->args[0];
  if (value->kind == TYPE_VOID) return text;
  const Type *parts[] = {check_type_opt(c, value), text};
  return check_type_tuple(c, parts, 2, fn->ast->name_span);
}

static void extern_import(Checker *c, Fn *fn) {
  TImport *import = CHECK_NEW(c, TImport);
  Name module = fn->ast->host;
  const char *name = fn->name;
  size_t len = name_len(module);
  if (fn->unit->is_library && strncmp(name, module, len) == 0 && name[len] == '_' && name[len + 1]) name += len + 1;
  *import = (TImport){.module = module, .name = name, .nparams = fn->nparams, .params = fn->params, .result = import_result(c, fn),
                      .index = UINT32_MAX};
  if (fn->generics->count) check_report(c, fn->ast->name_span, DIAG_EXTERN_GENERIC, fn->name);
  fn->import = import;
}

static void fn_params(Checker *c, Fn *fn, const TypeEnv *env) {
  size_t count = fn->ast->param_count + fn->has_self;
  if (count > MODULE_PARAMS_MAX) {
    check_report(c, fn->ast->name_span, DIAG_TOO_MANY, "parameters", MODULE_PARAMS_MAX);
    count = MODULE_PARAMS_MAX;
  }
  fn->nparams = (uint32_t)count;
  fn->params = CHECK_ARRAY(c, const Type *, count);
  fn->fallbacks = CHECK_ARRAY(c, Fn *, count);
  if (fn->has_self) fn->params[0] = env->self_type ? env->self_type : c->t_error;
  for (uint32_t i = fn->has_self; i < count; i++) fn->params[i] = check_type_resolve(c, env, fn->ast->params[i - fn->has_self].type);
  TypeEnv result_env = *env;
  result_env.allow_result = true;
  fn->result = fn->ast->result ? check_type_resolve(c, &result_env, fn->ast->result) : c->t_void;
}

void check_fn_ready(Checker *c, Fn *fn) {
  if (fn->state != HEAD_NONE || !fn->ast) return;
  fn->state = HEAD_BUSY;
  parse_head(c->comp, fn->ast);
  const Generics *outer = NULL;
  const Type *self_type = NULL;
  if (fn->owner) {
    check_target_ready(c, fn->owner);
    outer = fn->owner->generics;
    self_type = fn->owner->kind == DECL_TRAIT ? check_type_new(c, TYPE_PARAM, 0, NULL, 0, (Span){0}) : fn->owner->target;
  }
  uint32_t own = limit_params(c, fn->ast->type_param_count, outer ? outer->count : 0, fn->ast->name_span);
  if (own || !outer) {
    fn->generics = check_generics_new(c, outer, own);
    name_params(c, fn->generics, fn->ast->type_params, own, fn->generics->outer);
  } else {
    fn->generics = fn->owner->generics;
  }
  TypeEnv env = {.unit = fn->unit, .generics = fn->generics, .self_type = self_type};
  if (own) bind_params(c, &env, fn->generics, fn->ast->type_params, own, fn->generics->outer);
  fn_params(c, fn, &env);
  if (fn->ast->host && fn->name) {
    bool is_op = strcmp(fn->ast->host, "op") == 0;
    if (is_op && !fn->unit->is_library) check_report(c, fn->ast->name_span, DIAG_EXTERN_OP);
    else if (is_op) extern_op(c, fn);
    else extern_import(c, fn);
  }
  fn->state = HEAD_DONE;
}

/* ---- Forwarding ---- */

static bool is_param_named(const Fn *fn, const Expr *arg, size_t i) {
  if (fn->has_self && i == 0) return arg->kind == EXPR_SELF;
  return arg->kind == EXPR_NAME && arg->name.name == fn->ast->params[i - fn->has_self].name;
}

static bool passes_params(const Fn *fn) {
  const Expr *body = fn->ast->body;
  if (!body || body->kind != EXPR_CALL || body->call.callee->kind != EXPR_NAME) return false;
  if (body->call.arg_count != fn->nparams) return false;
  for (size_t i = 0; i < fn->nparams; i++) {
    if (body->call.args[i].label || !is_param_named(fn, body->call.args[i].value, i)) return false;
  }
  return true;
}

Fn *check_fn_forward(Checker *c, Fn *fn) {
  if (fn->is_forward_known) return fn->forward;
  fn->is_forward_known = true;
  if (!fn->ast || !fn->unit->is_library || fn->ast->host || !fn->ast->arrow) return NULL;
  parse_body(c->comp, fn->ast);
  if (!passes_params(fn)) return NULL;
  Symbol *symbol = check_unit_find(c, fn->unit, fn->ast->body->call.callee->name.name, 0, false);
  if (!symbol || symbol->kind != SYM_FN) return NULL;
  Fn *to = symbol->fn;
  check_fn_ready(c, to);
  if ((!to->is_op && !to->import) || to->nparams != fn->nparams) return NULL;
  const Type **args = CHECK_ARRAY(c, const Type *, to->generics->count + 1);
  for (uint32_t i = 0; i < to->nparams; i++) {
    if (!check_unify(c, to->params[i], fn->params[i], args, to->generics->count)) return NULL;
  }
  for (uint32_t i = 0; i < to->generics->count; i++) {
    if (!args[i]) return NULL;
  }
  if (check_subst(c, to->result, args, to->generics->count, (Span){0}) != fn->result) return NULL;
  fn->forward_args = args;
  fn->forward = to;
  return to;
}

/* ---- Reached functions ---- */

TFunction *check_function_new(Checker *c, const char *name, Span span, const Generics *generics) {
  TFunction *f = CHECK_NEW(c, TFunction);
  f->name = name;
  f->span = span;
  f->index = UINT32_MAX;
  f->ntparams = generics ? generics->count : 0;
  f->tparams = generics ? generics->params : NULL;
  f->result = c->t_void;
  VEC_PUSH(c->arena, &c->functions, f);
  return f;
}

static const char *fn_title(Checker *c, const Fn *fn) {
  if (fn->title) return fn->title;
  if (!fn->owner || !fn->owner->target) return fn->name ? fn->name : "_";
  const Type *type = fn->owner->target;
  const Decl *decl = check_type_decl(c, type);
  const char *owner = decl ? decl->name : check_type_text_in(c, type, fn->owner->generics);
  return arena_format(c->arena, "%s.%s", owner, fn->name ? fn->name : "_");
}

TFunction *check_fn_reach(Checker *c, Fn *fn) {
  if (fn->function) return fn->function;
  check_fn_ready(c, fn);
  TFunction *f = check_function_new(c, fn_title(c, fn), fn->ast ? fn->ast->name_span : fn->value->span, fn->generics);
  f->check = fn;
  f->nparams = fn->nparams;
  f->params = CHECK_ARRAY(c, TVar *, fn->nparams);
  f->result = fn->result->kind == TYPE_NEVER ? c->t_void : fn->result;
  fn->function = f;
  VEC_PUSH(c->arena, &c->queue, fn);
  return f;
}

static void declare_params(Checker *c, Fn *fn) {
  TFunction *f = fn->function;
  for (uint32_t i = 0; i < fn->nparams; i++) {
    bool is_self = fn->has_self && i == 0;
    const Param *param = is_self ? NULL : &fn->ast->params[i - fn->has_self];
    Name name = is_self ? check_intern(c, "self") : param->name;
    bool is_named = is_self || (name && strcmp(name, "_") != 0);
    if (is_named) {
      Symbol *symbol = check_local_new(c, name, is_self ? fn->ast->self_span : param->span, fn->params[i], false);
      if (is_self) c->frame->self = symbol;
      f->params[i] = symbol->var;
    } else {
      f->params[i] = check_temp_new(c, "_", fn->params[i]);
    }
  }
}

static TNode *typed_value(Checker *c, Fn *fn, Expr *body) {
  const Type *result = fn->result;
  if (result->kind == TYPE_VOID) return check_expr_drop(c, body);
  if (result->kind == TYPE_NEVER) {
    TNode *node = check_expr_drop(c, body);
    if (!check_is_never(node) && node->type->kind != TYPE_ERROR) check_report(c, fn->ast->name_span, DIAG_RETURNS, fn->name);
    return node;
  }
  return check_expr_as(c, body, result);
}

static TNode *fn_value(Checker *c, Fn *fn, Expr *body) {
  size_t from = c->comp->diags.count;
  TNode *node = typed_value(c, fn, body);
  bool has_result = c->comp->diags.count != from && fn->ast && fn->ast->result;
  if (has_result) check_note_value(c, from, body, fn->ast->result->span, "the function says here what it gives");
  return node;
}

void check_fn_body(Checker *c, Fn *fn) {
  if (fn->is_checked) return;
  fn->is_checked = true;
  Expr *body = fn->value;
  if (fn->ast) {
    parse_body(c->comp, fn->ast);
    body = fn->ast->body;
  }
  Frame frame = {.function = fn->function, .unit = fn->unit, .generics = fn->generics, .result = fn->result};
  if (fn->owner) frame.self_type = fn->owner->kind == DECL_TRAIT ? check_own_params(c, fn->generics)[0] : fn->owner->target;
  Frame *saved = c->frame;
  c->frame = &frame;
  check_scope_push(c);
  if (fn->ast) declare_params(c, fn);
  if (!body) fn->function->body = check_error_node(c, fn->function->span);
  else fn->function->body = fn_value(c, fn, body);
  c->frame = saved;
}

Fn *check_fallback(Checker *c, Fn **slot, Expr *expr, const Type *type, Unit *unit, Generics *generics, const char *title) {
  if (*slot) return *slot;
  Fn *fn = CHECK_NEW(c, Fn);
  fn->unit = unit;
  fn->state = HEAD_DONE;
  fn->is_forward_known = true;
  fn->generics = generics;
  fn->result = type;
  fn->slot = UINT32_MAX;
  fn->value = expr;
  fn->title = title;
  return *slot = fn;
}

/* ---- Entries of the module ---- */

/* "Point"; of a type of the host "game.Sprite". */
static const char *class_name(Checker *c, const Decl *decl) {
  const char *name = decl->host ? arena_format(c->arena, "%s.%s", decl->host, decl->name) : decl->name;
  return module_copy(c->module, name, strlen(name));
}

uint32_t check_decl_index(Checker *c, Decl *decl) {
  if (decl->index != UINT32_MAX) return decl->index;
  Module *m = c->module;
  switch (decl->kind) {
    case DECL_CLASS:
      MODULE_PUSH(m, m->nclasses, m->classes)->name = class_name(c, decl);
      VEC_PUSH(c->arena, &c->class_decls, decl);
      return decl->index = m->nclasses - 1;
    case DECL_ENUM:
      MODULE_PUSH(m, m->nenums, m->enums)->name = module_copy(m, decl->name, name_len(decl->name));
      VEC_PUSH(c->arena, &c->enum_decls, decl);
      return decl->index = m->nenums - 1;
    default:
      MODULE_PUSH(m, m->ntraits, m->traits)->name = module_copy(m, decl->name, name_len(decl->name));
      VEC_PUSH(c->arena, &c->trait_decls, decl);
      return decl->index = m->ntraits - 1;
  }
}

static Field *fill_fields(Checker *c, const FieldInfo *infos, uint32_t count) {
  Field *fields = module_alloc(c->module, (count + 1) * sizeof *fields);
  for (uint32_t i = 0; i < count; i++) {
    const char *name = infos[i].name ? infos[i].name : "";
    fields[i].name = module_copy(c->module, name, strlen(name));
    fields[i].type = infos[i].type;
    fields[i].is_mutable = infos[i].ast && infos[i].ast->is_var;
  }
  return fields;
}

static void fill_class(Checker *c, Decl *decl) {
  check_fields_ready(c, decl);
  FieldInfo hidden = {.name = check_intern(c, "id"), .type = c->t_int};
  uint32_t count = decl->host ? 1 : decl->nfields;
  Field *fields = fill_fields(c, decl->host ? &hidden : decl->fields, count);
  Class *class = &c->module->classes[decl->index];
  class->ntparams = decl->generics->count;
  class->tparams = decl->generics->params;
  class->nfields = count;
  class->fields = fields;
}

static void fill_enum(Checker *c, Decl *decl) {
  check_fields_ready(c, decl);
  Case *cases = module_alloc(c->module, (decl->ncases + 1) * sizeof *cases);
  for (uint32_t i = 0; i < decl->ncases; i++) {
    const CaseInfo *info = &decl->cases[i];
    cases[i].name = module_copy(c->module, info->name, name_len(info->name));
    cases[i].nfields = info->nfields;
    cases[i].fields = fill_fields(c, info->fields, info->nfields);
  }
  Enum *e = &c->module->enums[decl->index];
  e->ntparams = decl->generics->count;
  e->tparams = decl->generics->params;
  e->ncases = decl->ncases;
  e->cases = cases;
}

static bool is_dynamic(const Fn *fn) {
  bool names_self = mentions_param(fn->result, 0);
  for (uint32_t i = 1; i < fn->nparams; i++) names_self |= mentions_param(fn->params[i], 0);
  return !names_self;
}

bool check_trait_is_dynamic(Checker *c, Decl *trait) {
  for (uint32_t i = 0; i < trait->ndynamic; i++) {
    check_fn_ready(c, trait->dynamic[i]);
    if (!is_dynamic(trait->dynamic[i])) return false;
  }
  check_supers_ready(c, trait);
  for (uint32_t i = 0; i < trait->nsupers; i++) {
    const Type *super = trait->supers[i];
    if (super->kind == TYPE_TRAIT && (mentions_param(super, 0) || !check_trait_is_dynamic(c, check_type_decl(c, super)))) return false;
  }
  return true;
}

static void fill_trait(Checker *c, Decl *decl) {
  check_supers_ready(c, decl);
  const Generics *g = decl->generics;
  TypeParam *params = module_alloc(c->module, (g->count + 1) * sizeof *params);
  memcpy(params, g->params, g->count * sizeof *params);
  params[0].nbounds = decl->nsupers;
  params[0].bounds = decl->supers;
  Method *methods = module_alloc(c->module, (decl->ndynamic + 1) * sizeof *methods);
  for (uint32_t i = 0; i < decl->ndynamic; i++) {
    Fn *fn = decl->dynamic[i];
    check_fn_ready(c, fn);
    methods[i].name = module_copy(c->module, fn->name, name_len(fn->name));
    methods[i].nparams = fn->nparams;
    methods[i].params = module_alloc(c->module, (fn->nparams + 1) * sizeof *methods[i].params);
    memcpy(methods[i].params, fn->params, fn->nparams * sizeof *fn->params);
    methods[i].result = fn->result->kind == TYPE_NEVER ? c->t_void : fn->result;
    methods[i].is_dynamic = is_dynamic(fn);
  }
  Trait *trait = &c->module->traits[decl->index];
  trait->ntparams = g->count;
  trait->tparams = params;
  trait->nmethods = decl->ndynamic;
  trait->methods = methods;
}

bool check_decls_fill(Checker *c) {
  bool any = false;
  struct { void (*fill)(Checker *, Decl *); } table[] = {{fill_class}, {fill_enum}, {fill_trait}};
  for (unsigned k = 0; k < 3; k++) {
    for (size_t i = 0;; i++) {
      size_t count = k == 0 ? c->class_decls.count : k == 1 ? c->enum_decls.count : c->trait_decls.count;
      if (i >= count) break;
      Decl *decl = (k == 0 ? c->class_decls.items : k == 1 ? c->enum_decls.items : c->trait_decls.items)[i];
      if (decl->is_filled) continue;
      decl->is_filled = true;
      any = true;
      table[k].fill(c, decl);
    }
  }
  return any;
}
