/* check_type.c - types as written become types of the module, and types become words for messages.
 *
 * A written type is resolved in a TypeEnv: the unit whose names count, the type parameters around, and what Self means. That type arguments
 * meet the bounds of what they are given to is tested later (check_bounds_run), when all heads can be resolved without going in circles.
 */
#include "compiler/check.h"
#include "compiler/hints.h"

#include <string.h>

/* ---- Making types ---- */

const Type *check_type_new(Checker *c, TypeKind kind, uint32_t decl, const Type *const *args, uint32_t nargs, Span span) {
  for (uint32_t i = 0; i < nargs; i++) {
    if (args[i]->kind == TYPE_ERROR) return c->t_error;
  }
  const Type *type = type_intern(c->types, kind, decl, args, nargs);
  if (type) return type;
  check_report(c, span, DIAG_TYPE_TOO_DEEP);
  return c->t_error;
}

static const Type *unary(Checker *c, TypeKind kind, const Type *type) {
  return check_type_new(c, kind, 0, &type, 1, (Span){0});
}

const Type *check_type_opt(Checker *c, const Type *type) { return unary(c, TYPE_OPT, type); }

const Type *check_type_list(Checker *c, const Type *type) { return unary(c, TYPE_LIST, type); }

const Type *check_type_result(Checker *c, const Type *type) {
  const Type *args[] = {type, check_error_type(c)};
  return check_type_new(c, TYPE_RESULT, 0, args, 2, (Span){0});
}

const Type *check_type_tuple(Checker *c, const Type *const *parts, uint32_t count, Span span) {
  return count == 0 ? c->t_void : check_type_new(c, TYPE_TUPLE, 0, parts, count, span);
}

const Type *check_type_of_decl(Checker *c, Decl *decl, const Type *const *args, uint32_t nargs, Span span) {
  static const uint8_t kinds[] = {[DECL_CLASS] = TYPE_CLASS, [DECL_ENUM] = TYPE_ENUM, [DECL_TRAIT] = TYPE_TRAIT};
  return check_type_new(c, kinds[decl->kind], check_decl_index(c, decl), args, nargs, span);
}

const Type *check_subst(Checker *c, const Type *type, const Type *const *args, uint32_t nargs, Span span) {
  if (!type->has_param) return type;
  const Type *parts[TYPE_ARGS_MAX];
  if (type->kind == TYPE_PARAM) return type->decl < nargs && args[type->decl] ? args[type->decl] : type;
  for (uint32_t i = 0; i < type->nargs; i++) parts[i] = check_subst(c, type->args[i], args, nargs, span);
  return check_type_new(c, (TypeKind)type->kind, type->decl, parts, type->nargs, span);
}

bool check_has_hole(const Checker *c, const Type *type) {
  if (!type->has_param) return false;
  if (type == c->t_hole) return true;
  for (uint32_t i = 0; i < type->nargs; i++) {
    if (check_has_hole(c, type->args[i])) return true;
  }
  return false;
}

Decl *check_type_decl(const Checker *c, const Type *type) {
  switch (type->kind) {
    case TYPE_CLASS: return c->class_decls.items[type->decl];
    case TYPE_ENUM: return c->enum_decls.items[type->decl];
    case TYPE_TRAIT: return c->trait_decls.items[type->decl];
    default: return NULL;
  }
}

/* ---- Types as written ---- */

static const Type *resolve(Checker *c, const TypeEnv *env, TypeExpr *expr, bool allow_result);

/* A type of values: the parts of others are such. */
static const Type *resolve_part(Checker *c, const TypeEnv *env, TypeExpr *expr) {
  const Type *type = resolve(c, env, expr, false);
  if (type->kind != TYPE_NEVER) return type;
  check_report(c, expr->span, DIAG_NEVER_PLACE);
  return c->t_error;
}

static Symbol *unknown_type(Checker *c, TypeExpr *expr) {
  Name name = expr->name.name;
  Diag *d = check_report(c, expr->name.name_span, DIAG_UNKNOWN_TYPE, name);
  const char *hint = hint_find(HINT_TYPE, name);
  Name best = check_name_suggest(c, name, true);
  if (hint) diag_help(d, "write `%s`", hint);
  else if (best) diag_help(d, "did you mean `%s`?", best);
  return NULL;
}

static Symbol *symbol_in_unit(Checker *c, Unit *unit, TypeExpr *expr, bool as_of) {
  Symbol *module = check_unit_find(c, unit, expr->name.module, expr->span.source, as_of);
  if (!module || module->kind != SYM_UNIT) {
    check_report(c, expr->name.module_span, DIAG_UNKNOWN_MODULE, expr->name.module);
    return NULL;
  }
  check_warn_mention(c, module, expr->span);
  if (!module->import) return NULL;
  bool is_hidden;
  Symbol *symbol = check_unit_member(unit, module->import, expr->name.name, &is_hidden);
  if (is_hidden) {
    Diag *d = check_report(c, expr->name.name_span, DIAG_NOT_PUBLIC, expr->name.name, expr->name.module);
    check_note(c, d, check_table_find(&module->import->names, expr->name.name)->span, "write `pub` before this");
    return NULL;
  }
  if (!symbol) check_report(c, expr->name.name_span, DIAG_NO_UNIT_MEMBER, expr->name.module, expr->name.name);
  return symbol;
}

Symbol *check_type_symbol(Checker *c, Unit *unit, TypeExpr *expr, bool as_of) {
  if (!expr->name.name) return NULL;
  Symbol *symbol;
  if (expr->name.module) {
    symbol = symbol_in_unit(c, unit, expr, as_of);
    if (!symbol) return NULL;
  } else {
    symbol = check_unit_find(c, unit, expr->name.name, expr->span.source, as_of);
    if (!symbol) return unknown_type(c, expr);
  }
  check_warn_mention(c, symbol, expr->span);
  if (symbol->kind == SYM_DECL || symbol->kind == SYM_ALIAS || symbol->kind == SYM_BUILTIN) return symbol;
  if (symbol->kind == SYM_UNIT && !symbol->import) return NULL;
  check_report(c, expr->name.name_span, DIAG_NOT_A_TYPE, expr->name.name);
  return NULL;
}

static bool count_args(Checker *c, const TypeExpr *expr, const char *name, uint32_t wanted) {
  if (expr->name.arg_count == wanted) return true;
  if (wanted == 0) {
    check_report(c, expr->span, DIAG_TYPE_ARGS_NONE, name);
  } else {
    check_report(c, expr->span, DIAG_TYPE_ARG_COUNT, name, wanted, wanted == 1 ? "" : "s", expr->name.arg_count);
  }
  return false;
}

static const Type **resolve_args(Checker *c, const TypeEnv *env, TypeExpr *expr, const Type **self_slot, bool allow_result) {
  uint32_t first = self_slot ? 1 : 0;
  const Type **args = CHECK_ARRAY(c, const Type *, expr->name.arg_count + 1);
  if (self_slot) args[0] = *self_slot;
  for (size_t i = 0; i < expr->name.arg_count; i++) {
    args[i + first] = allow_result ? resolve(c, env, expr->name.args[i], true) : resolve_part(c, env, expr->name.args[i]);
  }
  return args;
}

static void test_bounds_later(Checker *c, const TypeEnv *env, const Generics *generics, const Type **args, const char *what, Span span) {
  if (generics->count == 0) return;
  BoundsCheck check = {.generics = generics, .args = args, .what = what, .span = span, .scope = env->generics, .unit = env->unit};
  VEC_PUSH(c->arena, &c->bounds, check);
}

static const Type *resolve_builtin(Checker *c, const TypeEnv *env, TypeExpr *expr, TypeKind kind) {
  uint32_t wanted = kind == TYPE_LIST ? 1 : kind == TYPE_MAP ? 2 : 0;
  if (!count_args(c, expr, expr->name.name, wanted)) return c->t_error;
  const Type **args = resolve_args(c, env, expr, NULL, false);
  if (kind == TYPE_NEVER) return c->t_never;
  return check_type_new(c, kind, 0, args, wanted, expr->span);
}

static const Type *resolve_decl(Checker *c, const TypeEnv *env, TypeExpr *expr, Decl *decl) {
  check_generics_ready(c, decl);
  uint32_t hidden = decl->kind == DECL_TRAIT; /* Self is not written */
  uint32_t wanted = decl->generics->count - hidden;
  if (!count_args(c, expr, decl->name, wanted)) return c->t_error;
  const Type **args = resolve_args(c, env, expr, hidden ? &c->t_error : NULL, decl == c->task_decl); /* a Task<T!> */
  const Type *type = check_type_of_decl(c, decl, args + hidden, wanted, expr->span);
  if (hidden) args[0] = type;
  if (type->kind != TYPE_ERROR && wanted) test_bounds_later(c, env, decl->generics, args, decl->name, expr->span);
  return type;
}

static const Type *resolve_name(Checker *c, const TypeEnv *env, TypeExpr *expr) {
  for (uint32_t i = env->generics ? env->generics->count : 0; i-- > 0 && !expr->name.module;) {
    if (env->generics->names[i] != expr->name.name) continue;
    if (!count_args(c, expr, expr->name.name, 0)) return c->t_error;
    return check_type_new(c, TYPE_PARAM, i, NULL, 0, expr->span);
  }
  Symbol *symbol = check_type_symbol(c, env->unit, expr, env->as_of);
  if (!symbol) return c->t_error;
  if (symbol->kind == SYM_BUILTIN) return resolve_builtin(c, env, expr, symbol->builtin);
  if (symbol->kind == SYM_DECL) return resolve_decl(c, env, expr, symbol->decl);
  check_alias_ready(c, symbol->alias);
  uint32_t wanted = symbol->alias->generics ? symbol->alias->generics->count : 0;
  if (!count_args(c, expr, symbol->name, wanted)) return c->t_error;
  const Type **args = resolve_args(c, env, expr, NULL, false);
  return check_subst(c, symbol->alias->type, args, wanted, expr->span);
}

static const Type *resolve_fn(Checker *c, const TypeEnv *env, TypeExpr *expr) {
  if (expr->fn.param_count >= MODULE_PARAMS_MAX) {
    check_report(c, expr->span, DIAG_TOO_MANY, "parameters", MODULE_PARAMS_MAX);
    return c->t_error;
  }
  const Type *parts[MODULE_PARAMS_MAX + 1];
  uint32_t count = (uint32_t)expr->fn.param_count;
  for (uint32_t i = 0; i < count; i++) parts[i] = resolve_part(c, env, expr->fn.params[i]);
  parts[count] = expr->fn.result ? resolve(c, env, expr->fn.result, true) : c->t_void;
  if (parts[count]->kind == TYPE_NEVER) parts[count] = c->t_void;
  return check_type_new(c, TYPE_FN, 0, parts, count + 1, expr->span);
}

static const Type *resolve_tuple(Checker *c, const TypeEnv *env, TypeExpr *expr) {
  if (expr->tuple.count > TYPE_ARGS_MAX) {
    check_report(c, expr->span, DIAG_TOO_MANY, "parts", TYPE_ARGS_MAX);
    return c->t_error;
  }
  const Type *parts[TYPE_ARGS_MAX];
  for (size_t i = 0; i < expr->tuple.count; i++) parts[i] = resolve_part(c, env, expr->tuple.items[i]);
  return check_type_tuple(c, parts, (uint32_t)expr->tuple.count, expr->span);
}

static bool is_key_type(Checker *c, const TypeEnv *env, const Type *key, Span span) {
  const Type *args[] = {key};
  if (key->kind == TYPE_ERROR) return false;
  Generics *generics = check_generics_new(c, NULL, 1);
  const Type *hash = c->core.hash ? check_type_of_decl(c, c->core.hash, NULL, 0, span) : NULL;
  if (!hash) return true;
  generics->names[0] = check_intern(c, "K");
  generics->params[0].nbounds = 1;
  generics->params[0].bounds = CHECK_ARRAY(c, const Type *, 1);
  generics->params[0].bounds[0] = hash;
  const Type **kept = CHECK_ARRAY(c, const Type *, 1);
  kept[0] = args[0];
  test_bounds_later(c, env, generics, kept, NULL, span);
  return true;
}

static const Type *resolve_result(Checker *c, const TypeEnv *env, TypeExpr *expr, bool allow_result) {
  const Type *inner = resolve_part(c, env, expr->element);
  if (allow_result || env->allow_result) return inner->kind == TYPE_ERROR ? inner : check_type_result(c, inner);
  diag_help(check_report(c, expr->span, DIAG_RESULT_PLACE), "only the result of a function can be `T!`; here use `T?`, or an enum");
  return c->t_error;
}

static const Type *resolve(Checker *c, const TypeEnv *env, TypeExpr *expr, bool allow_result) {
  switch (expr->kind) {
    case TYPEX_ERROR: return c->t_error;
    case TYPEX_NAME: return expr->name.name ? resolve_name(c, env, expr) : c->t_error;
    case TYPEX_SELF:
      if (env->self_type) return env->self_type;
      check_report(c, expr->span, DIAG_SELF_TYPE);
      return c->t_error;
    case TYPEX_LIST:
    case TYPEX_OPTIONAL: {
      const Type *element = resolve_part(c, env, expr->element);
      return check_type_new(c, expr->kind == TYPEX_LIST ? TYPE_LIST : TYPE_OPT, 0, &element, 1, expr->span);
    }
    case TYPEX_RESULT: return resolve_result(c, env, expr, allow_result);
    case TYPEX_TUPLE: return resolve_tuple(c, env, expr);
    case TYPEX_FN: return resolve_fn(c, env, expr);
    case TYPEX_MAP: {
      const Type *args[] = {resolve_part(c, env, expr->map.key), resolve_part(c, env, expr->map.value)};
      is_key_type(c, env, args[0], expr->map.key->span);
      return check_type_new(c, TYPE_MAP, 0, args, 2, expr->span);
    }
  }
  return c->t_error;
}

const Type *check_type_resolve(Checker *c, const TypeEnv *env, TypeExpr *expr) {
  return env->allow_result ? resolve(c, env, expr, true) : resolve_part(c, env, expr);
}

const Type *check_type_here(Checker *c, TypeExpr *expr) {
  TypeEnv env = {.unit = c->frame->unit, .generics = c->frame->generics, .self_type = c->frame->self_type, .as_of = check_as_of(c)};
  return resolve_part(c, &env, expr);
}

const Type *check_trait_resolve(Checker *c, const TypeEnv *env, TypeExpr *expr, const Type *self_type) {
  if (expr->kind == TYPEX_ERROR) return NULL;
  if (expr->kind == TYPEX_NAME && expr->name.name && !expr->name.arg_count && self_type) {
    Symbol *symbol = check_type_symbol(c, env->unit, expr, env->as_of);
    if (!symbol) return NULL;
    Decl *decl = symbol->kind == SYM_DECL ? symbol->decl : NULL;
    bool is_operator = decl && (decl == c->core.add || decl == c->core.sub || decl == c->core.mul || decl == c->core.div);
    if (is_operator) {
      const Type *args[] = {self_type, self_type};
      return check_type_of_decl(c, decl, args, 2, expr->span);
    }
  }
  const Type *type = resolve(c, env, expr, false);
  if (type->kind == TYPE_ERROR) return NULL;
  if (type->kind == TYPE_TRAIT) return type;
  Diag *d = check_report(c, expr->span, DIAG_NOT_A_TRAIT, check_type_text_in(c, type, env->generics));
  if (type->kind == TYPE_CLASS) diag_help(d, "classes do not inherit; make a trait of what they share, or hold the one in a field of the other");
  return NULL;
}

/* ---- Types in words ---- */

typedef struct Wording {
  Checker *c;
  const Generics *generics;
} Wording;

static const char *decl_name(void *ctx, const Type *type) {
  const Wording *w = ctx;
  if (type->kind != TYPE_PARAM) return w->c->says_inputs ? check_session_title(w->c, check_type_decl(w->c, type)) : check_type_decl(w->c, type)->name;
  if (type == w->c->t_hole) return "_";
  return w->generics && type->decl < w->generics->count ? w->generics->names[type->decl] : "T";
}

const char *check_type_text_in(Checker *c, const Type *type, const Generics *generics) {
  Wording w = {c, generics};
  char buffer[400];
  size_t len = type_print(type, buffer, sizeof buffer, decl_name, &w);
  return arena_copy(c->arena, buffer, len);
}

const char *check_type_text(Checker *c, const Type *type) {
  return check_type_text_in(c, type, c->frame ? c->frame->generics : NULL);
}
