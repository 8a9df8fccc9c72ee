/* check_impl.c - which types implement which traits, which methods a type has, and the implementations that the module needs.
 *
 * Implementations hang under the head of their type (check_head) and are compared with a type by unification; their bounds decide whether they
 * hold. What a program needs is put into the module when a bound is satisfied, a trait value made or a type tested: the impl, those of the
 * traits that its trait extends, and those that its own bounds ask for.
 */
#include "compiler/check.h"

#include <string.h>

Head *check_head(Checker *c, const Type *type) {
  Decl *decl = check_type_decl(c, type);
  if (decl) return &decl->head;
  return type->kind < TYPE_KIND_END ? &c->heads[type->kind] : &c->heads[TYPE_VOID];
}

void check_impl_ready(Checker *c, ImplDecl *impl) {
  if (impl->state != HEAD_NONE) return;
  impl->state = HEAD_BUSY;
  Decl *source = impl->source;
  check_target_ready(c, source);
  impl->generics = source->generics;
  impl->type = source->target ? source->target : c->t_error;
  TypeEnv env = {.unit = impl->unit, .generics = source->generics, .self_type = impl->type};
  const Type *trait = check_trait_resolve(c, &env, impl->expr, impl->type);
  if (trait && impl->type->kind != TYPE_ERROR) {
    impl->trait_type = trait;
    impl->trait = check_type_decl(c, trait);
  }
  impl->state = HEAD_DONE;
}

Decl *check_impl_trait(Checker *c, ImplDecl *impl) {
  if (impl->state == HEAD_DONE || !impl->expr || impl->expr->kind != TYPEX_NAME) return impl->trait;
  Unit *unit = impl->unit;
  Symbol *symbol = impl->expr->name.module || !impl->expr->name.name ? NULL : check_unit_find(c, unit, impl->expr->name.name, impl->expr->span.source, false);
  check_warn_mention(c, symbol, impl->expr->span);
  if (symbol && symbol->kind == SYM_DECL) return symbol->decl;
  check_impl_ready(c, impl);
  return impl->trait;
}

bool check_trait_extends(Checker *c, const Type *self, const Type *trait, Decl *wanted, const Type **found) {
  Decl *decl = check_type_decl(c, trait);
  if (decl == wanted) {
    *found = trait;
    return true;
  }
  check_supers_ready(c, decl);
  const Type *args[MODULE_TPARAMS_MAX + 1];
  args[0] = self;
  for (uint32_t i = 0; i < trait->nargs && i < MODULE_TPARAMS_MAX; i++) args[i + 1] = trait->args[i];
  for (uint32_t i = 0; i < decl->nsupers; i++) {
    const Type *super = check_subst(c, decl->supers[i], args, trait->nargs + 1, (Span){0});
    if (super->kind == TYPE_TRAIT && check_trait_extends(c, self, super, wanted, found)) return true;
  }
  return false;
}

/* ---- Finding implementations ---- */

/* Compares an implementation with a type and gives its arguments. */
static bool impl_matches(Checker *c, ImplDecl *impl, const Type *type, const Type ***args_out) {
  check_impl_ready(c, impl);
  if (!impl->trait || impl->is_absent || !impl->generics) return false;
  const Type **args = CHECK_ARRAY(c, const Type *, impl->generics->count + 1);
  if (!check_unify(c, impl->type, type, args, impl->generics->count)) return false;
  for (uint32_t i = 0; i < impl->generics->count; i++) {
    if (!args[i]) return false;
  }
  if (!check_bounds_hold(c, c->frame ? c->frame->generics : NULL, impl->generics, args)) return false;
  *args_out = args;
  return true;
}

/* An implementation of `trait` that comes with one of a trait that extends it. */
static ImplDecl *implied_impl(Checker *c, Head *head, Decl *trait) {
  if (trait == c->core.show) return NULL;
  size_t count = head->impls.count;
  for (size_t i = 0; i < count; i++) {
    ImplDecl *impl = head->impls.items[i];
    if (!impl->expr) continue;
    check_impl_ready(c, impl);
    const Type *found;
    if (!impl->trait || impl->trait == trait || !check_trait_extends(c, impl->type, impl->trait_type, trait, &found)) continue;
    ImplDecl *implied = CHECK_NEW(c, ImplDecl);
    *implied = *impl;
    implied->expr = NULL;
    implied->origin = impl->expr;
    implied->is_checked = false;
    implied->index = UINT32_MAX;
    implied->trait = trait;
    implied->trait_type = found;
    const Fn *first = trait->ndynamic ? trait->dynamic[0] : NULL;
    const Type *from;
    bool lacks = (trait == c->core.eq || trait == c->core.iterable) && first && !check_impl_method(c, implied, first) &&
                 !check_impl_default(c, implied, trait->dynamic[0], &from);
    if (lacks && trait == c->core.eq && check_trait_extends(c, impl->type, impl->trait_type, c->core.ord, &from)) implied->synth = SYNTH_EQ_ORD;
    if (lacks && trait == c->core.iterable && check_trait_extends(c, impl->type, impl->trait_type, c->core.iterator, &from)) implied->synth = SYNTH_ITER;
    if (lacks && trait == c->core.eq && !implied->synth) continue;
    VEC_PUSH(c->arena, &head->impls, implied);
    return implied;
  }
  return NULL;
}

bool check_impl_is_written(Checker *c, const Type *type, Decl *trait) {
  const Type **args;
  Head *head = check_head(c, type);
  for (size_t i = 0; i < head->impls.count; i++) {
    ImplDecl *impl = head->impls.items[i];
    bool is_meant = impl->synth == SYNTH_NONE && check_impl_trait(c, impl) == trait && (!impl->arity || impl->arity == type->nargs);
    if (is_meant && impl_matches(c, impl, type, &args)) return true;
  }
  return false;
}

ImplDecl *check_impl_find(Checker *c, const Type *type, Decl *trait, const Type ***args) {
  if (!trait || type->kind == TYPE_PARAM || type->kind >= TYPE_KIND_END || (type->kind == TYPE_TRAIT && trait != c->core.eq)) return NULL;
  Head *head = check_head(c, type);
  bool seen = false;
  for (size_t i = 0; i < head->impls.count; i++) {
    ImplDecl *impl = head->impls.items[i];
    if (check_impl_trait(c, impl) != trait || (impl->arity && impl->arity != type->nargs)) continue;
    seen = true;
    if (impl_matches(c, impl, type, args)) return impl;
  }
  if (seen) return NULL;
  ImplDecl *impl = implied_impl(c, head, trait);
  if (impl) return impl_matches(c, impl, type, args) ? impl : NULL;
  impl = check_synth_find(c, type, trait);
  return impl && impl_matches(c, impl, type, args) ? impl : NULL;
}

/* ---- Satisfying ---- */

const Type *check_satisfied(Checker *c, const Generics *scope, const Type *type, Decl *trait) {
  const Type *found = NULL;
  if (type->kind == TYPE_PARAM) {
    if (!scope || type->decl >= scope->count) return NULL;
    const TypeParam *param = &scope->params[type->decl];
    for (uint32_t i = 0; i < param->nbounds; i++) {
      if (check_trait_extends(c, type, param->bounds[i], trait, &found)) return found;
    }
    return NULL;
  }
  if (type->kind == TYPE_TRAIT) {
    /* What Self is behind a trait value nobody knows: a trait extended with it in its arguments can't be reached. */
    const Type *open;
    bool is_known = check_trait_extends(c, c->t_hole, type, trait, &open) && !check_has_hole(c, open);
    return is_known && check_trait_extends(c, type, type, trait, &found) ? found : NULL;
  }
  const Type **args;
  ImplDecl *impl = check_impl_find(c, type, trait, &args);
  return impl ? check_subst(c, impl->trait_type, args, impl->generics->count, (Span){0}) : NULL;
}

#define ASSUMED_MAX 400

/* Trait values meet a bound when they can do at run time all that it asks for; and they compare as what they are. */
static bool trait_satisfies(Checker *c, const Type *type, const Type *trait) {
  Decl *decl = check_type_decl(c, trait);
  const Type *found = check_satisfied(c, NULL, type, decl);
  const Type **args;
  if (found && check_trait_is_dynamic(c, decl)) return found == trait || check_fits(c, trait, found);
  return check_impl_find(c, type, decl, &args) != NULL;
}

bool check_satisfies(Checker *c, const Generics *scope, const Type *type, const Type *trait) {
  if (!type) return true; /* `List.f`: what the list holds is not known */
  if (type->kind == TYPE_TRAIT && trait->kind == TYPE_TRAIT) return trait_satisfies(c, type, trait);
  if (type->kind == TYPE_ERROR || trait->kind == TYPE_ERROR || type->kind == TYPE_NEVER || type == c->t_hole) return true;
  for (size_t i = 0; i < c->assumed.count; i += 2) {
    if (c->assumed.items[i] == type && c->assumed.items[i + 1] == trait) return true;
  }
  if (c->assumed.count > ASSUMED_MAX) return false;
  if (type->kind != TYPE_PARAM) {
    VEC_PUSH(c->arena, &c->assumed, type);
    VEC_PUSH(c->arena, &c->assumed, trait);
  }
  const Type *found = check_satisfied(c, scope, type, check_type_decl(c, trait));
  if (type->kind != TYPE_PARAM) c->assumed.count -= 2;
  return found && (found == trait || check_fits(c, trait, found));
}

bool check_bounds_hold(Checker *c, const Generics *scope, const Generics *generics, const Type *const *args) {
  for (uint32_t i = 0; i < generics->count; i++) {
    for (uint32_t k = 0; k < generics->params[i].nbounds; k++) {
      const Type *bound = generics->params[i].bounds[k];
      if (check_type_decl(c, bound) == c->core.show) continue; /* every value prints */
      if (!check_satisfies(c, scope, args[i], check_subst(c, bound, args, generics->count, (Span){0}))) return false;
    }
  }
  return true;
}

static void report_bound(Checker *c, const Type *type, const Type *trait, const char *what, Span span) {
  const char *name = check_type_text(c, type);
  Decl *decl = check_type_decl(c, trait);
  Diag *d;
  if (!what && decl == c->core.hash) {
    d = check_report(c, span, DIAG_NOT_A_KEY, name);
  } else {
    d = check_report(c, span, DIAG_BOUND_UNMET, name, check_type_text(c, trait));
    if (what) diag_help(d, "`%s` asks for it", what);
  }
  if (type->kind == TYPE_PARAM) diag_help(d, "add the bound: `%s: %s`", name, check_type_text(c, trait));
  else if (decl == c->core.hash && type->kind == TYPE_CLASS) diag_help(d, "a class is a key when it implements `Eq` and `Hash`");
  else if (decl == c->core.hash) diag_help(d, "keys are numbers, chars, bools, strings, enums and tuples of those, and classes with `Eq` and `Hash`");
}

bool check_bounds(Checker *c, const Generics *generics, const Type *const *args, const char *what, Span span) {
  const Generics *scope = c->frame ? c->frame->generics : NULL;
  for (uint32_t i = 0; i < generics->count; i++) {
    for (uint32_t k = 0; k < generics->params[i].nbounds; k++) {
      const Type *bound = generics->params[i].bounds[k];
      if (!args[i] || check_type_decl(c, bound) == c->core.show) continue;
      const Type *trait = check_subst(c, bound, args, generics->count, span);
      if (check_satisfies(c, scope, args[i], trait)) continue;
      report_bound(c, args[i], trait, what, span);
      return false;
    }
  }
  return true;
}

void check_bounds_run(Checker *c) {
  for (size_t i = 0; i < c->bounds.count; i++) {
    BoundsCheck check = c->bounds.items[i];
    Frame frame = {.unit = check.unit, .generics = (Generics *)check.scope};
    Frame *saved = c->frame;
    c->frame = &frame;
    check_bounds(c, check.generics, check.args, check.what, check.span);
    c->frame = saved;
  }
  c->bounds.count = 0;
}

void check_bounds_ensure(Checker *c, const Generics *generics, const Type *const *args) {
  for (uint32_t i = 0; i < generics->count; i++) {
    for (uint32_t k = 0; k < generics->params[i].nbounds; k++) {
      check_impl_ensure(c, args[i], check_subst(c, generics->params[i].bounds[k], args, generics->count, (Span){0}));
    }
  }
}

/* ---- The module's implementations ---- */

static void impl_add(Checker *c, ImplDecl *impl) {
  Module *m = c->module;
  Impl *entry = MODULE_PUSH(m, m->nimpls, m->impls);
  impl->index = m->nimpls - 1;
  entry->ntparams = impl->generics->count;
  entry->tparams = impl->generics->params;
  entry->trait = impl->trait_type;
  entry->type = impl->type;
  entry->methods = module_alloc(m, (impl->trait->ndynamic + 1) * sizeof *entry->methods);
  VEC_PUSH(c->arena, &c->impl_queue, impl);
}

void check_impl_ensure(Checker *c, const Type *type, const Type *trait) {
  if (type->kind == TYPE_PARAM || type->kind >= TYPE_KIND_END || trait->kind != TYPE_TRAIT) return;
  if (check_has_hole(c, type) || !check_pairs_add(c, &c->ensured, type, trait)) return;
  const Type **args;
  ImplDecl *impl = check_impl_find(c, type, check_type_decl(c, trait), &args);
  if (!impl) return;
  if (impl->index == UINT32_MAX) impl_add(c, impl);
  check_supers_ready(c, impl->trait);
  const Type *trait_args[MODULE_TPARAMS_MAX + 1];
  trait_args[0] = type;
  for (uint32_t i = 0; i < trait->nargs; i++) trait_args[i + 1] = trait->args[i];
  for (uint32_t i = 0; i < impl->trait->nsupers; i++) {
    check_impl_ensure(c, type, check_subst(c, impl->trait->supers[i], trait_args, trait->nargs + 1, (Span){0}));
  }
  check_bounds_ensure(c, impl->generics, args);
  check_bounds_ensure(c, impl->trait->generics, trait_args);
}

static Fn *source_method(const Decl *source, Name name) {
  for (uint32_t i = 0; i < source->nmethods; i++) {
    if (source->method_list[i]->name == name) return source->method_list[i];
  }
  return NULL;
}

Fn *check_impl_method(Checker *c, ImplDecl *impl, const Fn *method) {
  if (!impl->source) return NULL;
  Fn *fn = impl->source->kind == DECL_EXTEND ? source_method(impl->source, method->name) : check_fns_find(&impl->source->methods, method->name);
  if (fn || impl->source->kind != DECL_EXTEND) return fn && fn->has_self ? fn : NULL;
  Decl *decl = check_type_decl(c, impl->type);
  fn = decl ? check_fns_find(&decl->methods, method->name) : NULL;
  return fn && fn->has_self && method->ast && !method->ast->body && !method->ast->body_pending ? fn : NULL;
}

/* ---- Defaults ---- */

static const Type **trait_args(Checker *c, const Type *self, const Type *trait) {
  const Type **args = CHECK_ARRAY(c, const Type *, trait->nargs + 1);
  args[0] = self;
  for (uint32_t i = 0; i < trait->nargs; i++) args[i + 1] = trait->args[i];
  return args;
}

/* True if a trait says itself that it needs the other: each extends Show without a word. */
static bool names_super(Checker *c, const Decl *trait, const Decl *super) {
  for (uint32_t i = 0; i < trait->nsupers && i < trait->item->type.trait_count; i++) {
    if (super != c->core.show || check_type_decl(c, trait->supers[i]) == super) return true;
  }
  return false;
}

/* The default that a trait gives for a method of a trait that it needs, as `trait AppError: Error` may for `message`. */
static Fn *find_better_default(Checker *c, const Type *self, const Type *trait, const Fn *method, const Type **from) {
  Decl *decl = check_type_decl(c, trait);
  const Type *above;
  if (decl == method->owner || !check_trait_extends(c, self, trait, method->owner, &above)) return NULL;
  const Type **args = trait_args(c, self, trait);
  Fn *fn = check_fns_find(&decl->methods, method->name);
  if (fn && fn->has_self && fn->slot != UINT32_MAX && (fn->ast->body || fn->ast->body_pending) && names_super(c, decl, method->owner)) {
    check_fn_ready(c, fn);
    const Type **above_args = trait_args(c, self, above);
    bool is_same = fn->nparams == method->nparams && check_subst(c, fn->result, args, trait->nargs + 1, (Span){0}) ==
                                                         check_subst(c, method->result, above_args, above->nargs + 1, (Span){0});
    for (uint32_t i = 1; is_same && i < fn->nparams; i++) {
      is_same = check_subst(c, fn->params[i], args, trait->nargs + 1, (Span){0}) ==
                check_subst(c, method->params[i], above_args, above->nargs + 1, (Span){0});
    }
    if (is_same) {
      *from = trait;
      return fn;
    }
  }
  for (uint32_t i = 0; i < decl->nsupers; i++) {
    const Type *super = check_subst(c, decl->supers[i], args, trait->nargs + 1, (Span){0});
    fn = super->kind == TYPE_TRAIT ? find_better_default(c, self, super, method, from) : NULL;
    if (fn) return fn;
  }
  return NULL;
}

Fn *check_impl_default(Checker *c, ImplDecl *impl, Fn *method, const Type **from) {
  Head *head = check_head(c, impl->type);
  for (size_t i = 0; i < head->impls.count && method->slot != UINT32_MAX; i++) {
    ImplDecl *other = head->impls.items[i];
    bool is_near = impl->synth ? other->source && other->source->kind != DECL_EXTEND : other->source == impl->source;
    if (!other->expr || !is_near) continue;
    check_impl_ready(c, other);
    if (!other->trait || other->trait == impl->trait) continue;
    Fn *fn = find_better_default(c, impl->type, other->trait_type, method, from);
    if (fn) return fn;
  }
  *from = impl->trait_type;
  return method->ast->body || method->ast->body_pending ? method : NULL;
}

/* The type arguments of a written method's owner, in terms of the implementation's parameters. */
static const Type **method_args(Checker *c, const ImplDecl *impl, const Fn *fn, uint32_t *count) {
  if (fn->owner != impl->source) {
    *count = impl->type->nargs;
    return (const Type **)impl->type->args;
  }
  *count = impl->generics->count;
  return check_own_params(c, impl->generics);
}

static bool set_op(Checker *c, ImplMethod *out, const ImplDecl *impl, Fn *fn) {
  Fn *to = check_fn_forward(c, fn);
  if (!to || !to->is_op) return false;
  const char *imms = op_table[to->op].imms;
  bool fits = imms[0] == 0 || (strcmp(imms, "T") == 0 && fn->forward_args[0] == impl->type);
  if (!fits) return false;
  out->is_op = true;
  out->op = (uint8_t)to->op;
  return true;
}

static const Type **module_types(Checker *c, const Type *const *types, uint32_t count) {
  const Type **copy = module_alloc(c->module, (count + 1) * sizeof *copy);
  if (count) memcpy(copy, types, count * sizeof *copy);
  return copy;
}

static void impl_make_method(Checker *c, ImplDecl *impl, uint32_t slot) {
  Fn *method = impl->trait->dynamic[slot];
  ImplMethod out = {0};
  TFunction *function;
  Fn *fn = impl->synth ? NULL : check_impl_method(c, impl, method);
  bool is_made = impl->synth && slot == 0;
  if (is_made) {
    function = check_synth_method(c, impl);
    out.targs = module_types(c, check_own_params(c, impl->generics), impl->generics->count);
    out.ntargs = impl->generics->count;
  } else if (fn) {
    check_fn_ready(c, fn);
    const Type **args = method_args(c, impl, fn, &out.ntargs);
    out.targs = module_types(c, args, out.ntargs);
    function = set_op(c, &out, impl, fn) ? NULL : check_fn_reach(c, fn);
    if (out.is_op) out.ntargs = 0;
  } else {
    const Type *from;
    Fn *fallback = check_impl_default(c, impl, method, &from);
    if (!fallback) return; /* reported as missing */
    function = check_fn_reach(c, fallback);
    check_impl_ensure(c, impl->type, from);
    out.ntargs = from->nargs + 1;
    out.targs = module_types(c, trait_args(c, impl->type, from), out.ntargs);
  }
  c->module->impls[impl->index].methods[slot] = out;
  if (!function) return;
  struct ImplTarget target = {.impl = impl->index, .method = slot, .function = function};
  VEC_PUSH(c->arena, &c->targets, target);
}

bool check_impl_next(Checker *c) {
  if (c->impl_at == c->impl_queue.count) return false;
  ImplDecl *impl = c->impl_queue.items[c->impl_at++];
  for (uint32_t slot = 0; slot < impl->trait->ndynamic; slot++) {
    check_fn_ready(c, impl->trait->dynamic[slot]);
    impl_make_method(c, impl, slot);
  }
  return true;
}

/* ---- Comparing an implementation with its trait ---- */

static const char *signature_text(Checker *c, const Fn *fn, const Type *const *args, uint32_t nargs, const Generics *scope) {
  const char *text = arena_format(c->arena, "fn %s(%s", fn->name, fn->has_self ? "self" : "");
  for (uint32_t i = fn->has_self; i < fn->nparams; i++) {
    const Type *type = check_subst(c, fn->params[i], args, nargs, (Span){0});
    text = arena_format(c->arena, "%s%s%s: %s", text, i ? ", " : "", fn->ast->params[i - fn->has_self].name, check_type_text_in(c, type, scope));
  }
  const Type *result = check_subst(c, fn->result, args, nargs, (Span){0});
  if (result->kind == TYPE_VOID) return arena_format(c->arena, "%s)", text);
  return arena_format(c->arena, "%s) -> %s", text, check_type_text_in(c, result, scope));
}

static bool same_signature(Checker *c, const Fn *wanted, const Type *const *args, uint32_t nargs, const Fn *fn) {
  if (wanted->nparams != fn->nparams || fn->generics->count > fn->generics->outer + (fn->owner ? fn->owner->generics->count : 0)) return false;
  for (uint32_t i = 1; i < fn->nparams; i++) {
    if (!check_fits(c, check_subst(c, wanted->params[i], args, nargs, (Span){0}), fn->params[i])) return false;
  }
  return check_fits(c, check_subst(c, wanted->result, args, nargs, (Span){0}), fn->result);
}

/* Show's own `show` goes by `_show_into`, and that by `show`. */
static bool lacks_show(Checker *c, ImplDecl *impl, const Fn *method, const Type *from) {
  if (impl->trait != c->core.show || from != impl->trait_type || method == impl->trait->dynamic[0] || strcmp(method->name, "show") != 0) return false;
  return !check_impl_method(c, impl, impl->trait->dynamic[0]);
}

void check_impl_check(Checker *c, ImplDecl *impl) {
  check_impl_ready(c, impl);
  if (!impl->trait || impl->is_checked || impl->synth) return;
  impl->is_checked = true;
  Decl *trait = impl->trait;
  Span span = impl->expr ? impl->expr->span : impl->origin ? impl->origin->span : impl->source->item->name_span;
  const Type *args[MODULE_TPARAMS_MAX + 1];
  args[0] = impl->type;
  for (uint32_t i = 0; i < impl->trait_type->nargs; i++) args[i + 1] = impl->trait_type->args[i];
  uint32_t nargs = impl->trait_type->nargs + 1;
  for (uint32_t i = 0; i < trait->nmethods; i++) {
    Fn *method = trait->method_list[i];
    check_fn_ready(c, method);
    Fn *fn = check_impl_method(c, impl, method);
    const Type *from;
    if (fn && method->slot == UINT32_MAX) {
      diag_note(check_report(c, fn->ast->name_span, DIAG_OVERRIDE_GENERIC, method->name, trait->name), method->ast->name_span, "declared here");
    } else if (fn) {
      check_fn_ready(c, fn);
      if (same_signature(c, method, args, nargs, fn)) continue;
      const char *wanted = signature_text(c, method, args, nargs, impl->generics);
      Diag *d = check_report(c, fn->ast->head_span.end ? fn->ast->head_span : fn->ast->name_span, DIAG_METHOD_DIFFERS, fn->name, trait->name);
      diag_help(d, "write `%s`", wanted);
      check_note(c, d, method->ast->name_span, "asked for here");
    } else if (method->name && (!check_impl_default(c, impl, method, &from) || lacks_show(c, impl, method, from))) {
      Diag *d = check_report(c, span, DIAG_METHOD_MISSING, check_type_text_in(c, impl->type, impl->generics), trait->name, method->name);
      const Fn *near = check_fns_find(&impl->source->methods, method->name);
      check_note(c, d, method->ast->name_span, "asked for here");
      if (near && !near->has_self) diag_note(d, near->ast->name_span, "add `self` as the first parameter");
      else diag_help(d, "write `%s`", signature_text(c, method, args, nargs, impl->generics));
    }
  }
  check_supers_ready(c, trait);
  for (uint32_t i = 0; i < trait->nsupers; i++) {
    const Type **found;
    Decl *super = check_type_decl(c, trait->supers[i]);
    Frame frame = {.unit = impl->unit, .generics = impl->generics};
    Frame *saved = c->frame;
    c->frame = &frame;
    ImplDecl *other = super == c->core.show ? NULL : check_impl_find(c, impl->type, super, &found);
    if (!other && super != c->core.show) {
      Diag *d = check_report(c, span, DIAG_SUPER_MISSING, trait->name, super->name, check_type_text(c, impl->type));
      check_note(c, d, trait->item->name_span, "this trait needs it");
    }
    if (other) check_impl_check(c, other);
    c->frame = saved;
  }
}

/* ---- Methods of a type ---- */

static bool can_see(const Unit *from, const Fn *fn) {
  if (fn->unit == from || fn->unit->is_library) return true;
  for (size_t i = 0; i < from->imports.count; i++) {
    if (from->imports.items[i] == fn->unit) return true;
  }
  return fn->owner && fn->owner->nimpls > 0; /* a trait's method goes with the type */
}

/* Among the extensions of this name the first that fits the type and whose bounds hold; `failed` gets one whose bounds do not. */
static bool find_extension(Checker *c, Head *head, const Type *type, Name name, MethodRef *out, Fn **failed) {
  for (Fn *fn = check_fns_find(&head->extensions, name); fn; fn = fn->next) {
    if (!can_see(c->frame->unit, fn) || !check_session_sees(c, fn)) continue;
    Decl *owner = fn->owner;
    check_target_ready(c, owner);
    if (!owner->target || owner->target->kind == TYPE_ERROR) continue;
    const Type **args = CHECK_ARRAY(c, const Type *, owner->generics->count + 1);
    if (!check_unify(c, owner->target, type, args, owner->generics->count)) continue;
    if (!check_bounds_hold(c, c->frame->generics, owner->generics, args)) {
      *failed = fn;
      continue;
    }
    *out = (MethodRef){.kind = METHOD_DIRECT, .fn = fn, .targs = args, .ntargs = owner->generics->count, .type = type};
    check_warn_unit_used(c, fn->unit);
    return true;
  }
  return false;
}

/* Finds a method among those of a trait and of the traits it extends. */
static bool find_in_trait(Checker *c, const Type *self, const Type *trait, Name name, MethodRef *out) {
  Decl *decl = check_type_decl(c, trait);
  Fn *fn = check_fns_find(&decl->methods, name);
  const Type **args = CHECK_ARRAY(c, const Type *, trait->nargs + 1);
  args[0] = self;
  for (uint32_t i = 0; i < trait->nargs; i++) args[i + 1] = trait->args[i];
  if (fn && fn->has_self) {
    check_generics_ready(c, decl);
    MethodKind kind = fn->slot == UINT32_MAX ? METHOD_DIRECT : self->kind == TYPE_PARAM ? METHOD_BOUND : METHOD_TRAIT;
    *out = (MethodRef){.kind = kind, .fn = fn, .targs = args, .ntargs = trait->nargs + 1, .trait = trait, .type = self};
    return true;
  }
  check_supers_ready(c, decl);
  for (uint32_t i = 0; i < decl->nsupers; i++) {
    const Type *super = check_subst(c, decl->supers[i], args, trait->nargs + 1, (Span){0});
    if (super->kind == TYPE_TRAIT && find_in_trait(c, self, super, name, out)) return true;
  }
  return false;
}

/* The method by which an implementation does what a trait's method says. */
static void impl_method_ref(Checker *c, ImplDecl *impl, const Type **args, Fn *method, const Type *type, MethodRef *out) {
  Fn *fn = impl->synth || method->slot == UINT32_MAX ? NULL : check_impl_method(c, impl, method);
  if (fn) {
    bool is_own = fn->owner == impl->source;
    *out = (MethodRef){.kind = METHOD_DIRECT, .fn = fn, .targs = is_own ? args : (const Type **)type->args,
                       .ntargs = is_own ? impl->generics->count : type->nargs, .type = type};
    return;
  }
  const Type *from = impl->trait_type;
  Fn *fallback = impl->synth ? NULL : check_impl_default(c, impl, method, &from);
  const Type *trait = check_subst(c, from, args, impl->generics->count, (Span){0});
  *out = (MethodRef){.kind = METHOD_DIRECT, .fn = fallback ? fallback : method, .targs = trait_args(c, type, trait), .ntargs = trait->nargs + 1,
                     .trait = trait, .type = type};
  if (impl->synth && method->slot == 0) {
    out->kind = METHOD_IMPL;
    out->impl = impl;
  }
}

/* Finds a method that a type has only by default, from a trait that it implements. */
static bool find_default(Checker *c, const Type *type, Name name, MethodRef *out) {
  Head *head = check_head(c, type);
  for (size_t i = 0; i < head->impls.count; i++) {
    ImplDecl *impl = head->impls.items[i];
    Decl *decl = check_impl_trait(c, impl);
    if (!decl) continue;
    MethodRef found;
    const Type **args;
    bool is_own = check_fns_find(&decl->methods, name) != NULL;
    if (!is_own && !impl->expr) continue;
    check_impl_ready(c, impl);
    if (!impl->trait || !find_in_trait(c, type, impl->trait_type, name, &found)) continue;
    Decl *owner = found.fn->owner;
    ImplDecl *actual = check_impl_find(c, type, owner, &args);
    if (!actual) continue;
    impl_method_ref(c, actual, args, found.fn, type, out);
    return true;
  }
  return false;
}

/* Finds an extension method of a trait that the type implements: extend Iterator<T> { ... }. */
static bool find_trait_extension(Checker *c, const Type *type, Name name, MethodRef *out) {
  Head *head = check_head(c, type);
  Fn *failed = NULL;
  for (size_t i = 0; i < head->impls.count; i++) {
    ImplDecl *impl = head->impls.items[i];
    Decl *decl = check_impl_trait(c, impl);
    if (!decl || !check_fns_find(&decl->head.extensions, name)) continue;
    const Type *trait = check_satisfied(c, c->frame->generics, type, decl);
    if (trait && find_extension(c, &decl->head, trait, name, out, &failed)) return true;
  }
  return false;
}

static bool find_for_param(Checker *c, const Type *type, Name name, MethodRef *out) {
  const Generics *scope = c->frame->generics;
  if (!scope || type->decl >= scope->count) return false;
  const TypeParam *param = &scope->params[type->decl];
  for (uint32_t i = 0; i < param->nbounds; i++) {
    if (find_in_trait(c, type, param->bounds[i], name, out)) return true;
  }
  Fn *failed = NULL;
  for (uint32_t i = 0; i < param->nbounds; i++) {
    Decl *decl = check_type_decl(c, param->bounds[i]);
    if (find_extension(c, &decl->head, param->bounds[i], name, out, &failed)) return true;
  }
  return false;
}

/* Methods of implementations that nobody wrote: x.hash() of an enum. */
static bool find_synthesised(Checker *c, const Type *type, Name name, MethodRef *out) {
  Decl *traits[] = {c->core.show, c->core.hash, c->core.eq, c->core.ord};
  for (size_t i = 0; i < sizeof traits / sizeof *traits; i++) {
    if (traits[i] && name[0] != '_' && check_method_of_trait(c, type, traits[i], name, out)) return true;
  }
  return false;
}

bool check_method_find(Checker *c, const Type *type, Name name, Span span, MethodRef *out) {
  *out = (MethodRef){.type = type};
  if (type->kind == TYPE_PARAM) return find_for_param(c, type, name, out);
  if (type->kind >= TYPE_KIND_END) return false;
  Decl *decl = check_type_decl(c, type);
  Fn *failed = NULL;
  if (decl && decl->kind != DECL_TRAIT) {
    Fn *fn = check_fns_find(&decl->methods, name);
    if (fn) {
      check_generics_ready(c, decl);
      *out = (MethodRef){.kind = METHOD_DIRECT, .fn = fn, .targs = (const Type **)type->args, .ntargs = type->nargs, .type = type};
      return true;
    }
  }
  if (type->kind == TYPE_TRAIT && find_in_trait(c, type, type, name, out)) return true;
  if (find_extension(c, check_head(c, type), type, name, out, &failed)) return true;
  if (type->kind == TYPE_TRAIT) {
    check_supers_ready(c, decl);
    for (uint32_t i = 0; i < decl->nsupers; i++) {
      const Type *super;
      Decl *wanted = check_type_decl(c, decl->supers[i]);
      if (!check_trait_extends(c, type, type, wanted, &super)) continue;
      if (find_extension(c, &wanted->head, super, name, out, &failed)) return true;
    }
    return false;
  }
  if (failed && span.source) {
    const Type **args = CHECK_ARRAY(c, const Type *, failed->owner->generics->count + 1);
    check_unify(c, failed->owner->target, type, args, failed->owner->generics->count);
    check_bounds(c, failed->owner->generics, args, name, span);
    out->kind = METHOD_NONE;
    out->fn = failed;
    return true;
  }
  if (find_default(c, type, name, out) || find_trait_extension(c, type, name, out)) return true;
  return find_synthesised(c, type, name, out);
}

bool check_method_of_trait(Checker *c, const Type *type, Decl *trait, Name name, MethodRef *out) {
  Fn *method = trait ? check_fns_find(&trait->methods, name) : NULL;
  if (!method) return false;
  if (type->kind == TYPE_PARAM || (type->kind == TYPE_TRAIT && trait != c->core.eq)) {
    const Type *found = check_satisfied(c, c->frame ? c->frame->generics : NULL, type, trait);
    return found && find_in_trait(c, type, found, name, out);
  }
  const Type **args;
  ImplDecl *impl = check_impl_find(c, type, trait, &args);
  if (!impl) return false;
  impl_method_ref(c, impl, args, method, type, out);
  return true;
}

/* ---- Suggestions ---- */

static void suggest_fns(NameSuggestion *s, const FnTable *table) {
  for (uint32_t i = 0; i < table->slot_count; i++) {
    if (table->slots[i] && table->slots[i]->name[0] != '_') name_suggestion_try(s, table->slots[i]->name);
  }
}

Name check_method_suggest(Checker *c, const Type *type, Name name) {
  NameSuggestion s = {.wrong = name};
  Decl *decl = check_type_decl(c, type);
  if (decl) {
    suggest_fns(&s, &decl->methods);
    for (uint32_t i = 0; i < decl->nfields; i++) {
      if (decl->fields[i].name && decl->fields[i].name[0] != '_') name_suggestion_try(&s, decl->fields[i].name);
    }
  }
  if (type->kind == TYPE_PARAM) {
    const Generics *scope = c->frame->generics;
    for (uint32_t i = 0; scope && type->decl < scope->count && i < scope->params[type->decl].nbounds; i++) {
      suggest_fns(&s, &check_type_decl(c, scope->params[type->decl].bounds[i])->methods);
    }
    return s.best;
  }
  Head *head = check_head(c, type);
  suggest_fns(&s, &head->extensions);
  for (size_t i = 0; i < head->impls.count; i++) {
    Decl *trait = check_impl_trait(c, head->impls.items[i]);
    if (trait) suggest_fns(&s, &trait->methods);
  }
  return s.best;
}
