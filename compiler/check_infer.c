/* check_infer.c - inference of type arguments: first from the type that a call is expected to give, then from its arguments, left to right.
 *
 * An array holds what each parameter of the callee stands for, NULL while unknown. `pattern` types are the callee's, `actual` types are the
 * caller's; both may mention parameters, but of different declarations.
 */
#include "compiler/check.h"

bool check_fits(const Checker *c, const Type *expected, const Type *type) {
  if (expected == type || expected == c->t_hole || expected->kind == TYPE_ERROR || type->kind == TYPE_ERROR) return true;
  if (!expected->has_param || expected->kind != type->kind || expected->decl != type->decl || expected->nargs != type->nargs) return false;
  for (uint32_t i = 0; i < expected->nargs; i++) {
    if (!check_fits(c, expected->args[i], type->args[i])) return false;
  }
  return expected->kind != TYPE_PARAM;
}

static bool bind(Checker *c, const Type **slot, const Type *actual) {
  if (actual->kind == TYPE_ERROR || actual->kind == TYPE_NEVER || check_has_hole(c, actual))
    return !*slot || check_fits(c, actual, *slot) || actual->kind == TYPE_NEVER;
  if (*slot) return *slot == actual;
  *slot = actual;
  return true;
}

bool check_unify(Checker *c, const Type *pattern, const Type *actual, const Type **args, uint32_t nargs) {
  if (pattern->kind == TYPE_PARAM && pattern->decl < nargs) return bind(c, &args[pattern->decl], actual);
  if (!pattern->has_param) return check_fits(c, actual, pattern);
  if (actual == c->t_hole || actual->kind == TYPE_ERROR || actual->kind == TYPE_NEVER) return true;
  if (pattern->kind != actual->kind || pattern->decl != actual->decl || pattern->nargs != actual->nargs) return false;
  for (uint32_t i = 0; i < pattern->nargs; i++) {
    if (!check_unify(c, pattern->args[i], actual->args[i], args, nargs)) return false;
  }
  return true;
}

const Type *check_partial(Checker *c, const Type *type, const Type *const *args, uint32_t nargs) {
  const Type *filled[MODULE_TPARAMS_MAX];
  if (!type->has_param) return type;
  for (uint32_t i = 0; i < nargs; i++) filled[i] = args[i] ? args[i] : c->t_hole;
  return check_subst(c, type, filled, nargs, (Span){0});
}

/* Tries to bind; undoes everything when it fails. */
static bool try_unify(Checker *c, const Type *pattern, const Type *actual, const Type **args, uint32_t nargs) {
  const Type *saved[MODULE_TPARAMS_MAX];
  for (uint32_t i = 0; i < nargs; i++) saved[i] = args[i];
  if (check_unify(c, pattern, actual, args, nargs)) return true;
  for (uint32_t i = 0; i < nargs; i++) args[i] = saved[i];
  return false;
}

void check_infer_result(Checker *c, const Type *result, const Type *expected, const Type **args, uint32_t nargs) {
  if (!expected || !result->has_param || expected->kind == TYPE_VOID) return;
  if (result->kind == TYPE_RESULT && expected->kind != TYPE_RESULT) result = result->args[0];
  /* A bare `T` where a `U?` is wanted may be a U: what the arguments say comes first. */
  if (result->kind == TYPE_PARAM && (expected->kind == TYPE_OPT || expected->kind == TYPE_RESULT)) return;
  for (;;) {
    if (try_unify(c, result, expected, args, nargs)) return;
    if (expected->kind != TYPE_OPT && expected->kind != TYPE_RESULT) return;
    expected = expected->args[0];
  }
}

void check_infer_bounds(Checker *c, const Generics *generics, const Type **args) {
  const Generics *scope = c->frame ? c->frame->generics : NULL;
  for (uint32_t i = 0; i < generics->count; i++) {
    for (uint32_t k = 0; args[i] && k < generics->params[i].nbounds; k++) {
      const Type *bound = generics->params[i].bounds[k];
      if (!bound->has_param) continue;
      const Type *found = check_satisfied(c, scope, args[i], check_type_decl(c, bound));
      if (found) try_unify(c, bound, found, args, generics->count);
    }
  }
}
