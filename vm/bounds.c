/* bounds.c - which types implement which traits: the index of impls, the traits that a trait extends, and whether a bound is met.
 *
 * A bound is met by a type whose head has an impl that matches and whose own parameters' bounds are met in turn; by a PARAM
 * that is declared with it or with a trait that extends it; and by a trait type also for itself and what it extends, if
 * every method in question can be dispatched dynamically. Questions get smaller with each step (an impl's arguments are parts of
 * its type), and proved facts are kept, so that a verification asks each only once.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/verifier.h"

/* The impl index */

static uint32_t hash_head(uint32_t trait, const Type *type) {
  bool counts_parts = type->kind == TYPE_TUPLE || type->kind == TYPE_FN;
  uint32_t hash = trait * UINT32_C(0x9e3779b1) + type->kind;
  hash = (hash ^ hash >> 15) * UINT32_C(0x85ebca6b) + type->decl;
  hash = (hash ^ hash >> 13) * UINT32_C(0xc2b2ae35) + (counts_parts ? type->nargs : 0);
  return hash ^ hash >> 16;
}

static bool same_head(const Type *a, const Type *b) {
  bool counts_parts = a->kind == TYPE_TUPLE || a->kind == TYPE_FN;
  return a->kind == b->kind && a->decl == b->decl && (!counts_parts || a->nargs == b->nargs);
}

static const Impl *scan_for_head(const Module *module, uint32_t trait, const Type *type) {
  for (uint32_t i = 0; i < module->nimpls; i++) {
    if (module->impls[i].trait->decl == trait && same_head(module->impls[i].type, type)) return &module->impls[i];
  }
  return NULL;
}

const Impl *bounds_find_head(const Module *module, uint32_t trait, const Type *type) {
  if (!module->impl_index) return scan_for_head(module, trait, type);
  for (uint32_t at = hash_head(trait, type) & module->impl_mask; module->impl_index[at]; at = (at + 1) & module->impl_mask) {
    const Impl *impl = &module->impls[module->impl_index[at] - 1];
    if (impl->trait->decl == trait && same_head(impl->type, type)) return impl;
  }
  return NULL;
}

bool bounds_index_impls(Verifier *v) {
  Module *module = v->module;
  uint32_t size = 16;
  while (size / 2 < module->nimpls && size < UINT32_C(1) << 31) size *= 2;
  uint32_t *index = module_alloc(module, (size_t)size * sizeof *index);
  if (!index) return verifier_out_of_memory(v);
  module->impl_index = index;
  module->impl_mask = size - 1;
  for (uint32_t i = 0; i < module->nimpls; i++) {
    const Impl *impl = &module->impls[i];
    if (bounds_find_head(module, impl->trait->decl, impl->type)) {
      char text[100];
      return verifier_fail(v, i, "impl %u: %s has an implementation of %s already", i,
                           verifier_type_text(v, impl->type, text, sizeof text), module->traits[impl->trait->decl].name);
    }
    uint32_t at = hash_head(impl->trait->decl, impl->type) & module->impl_mask;
    while (index[at]) at = (at + 1) & module->impl_mask;
    index[at] = i + 1;
  }
  return true;
}

/* Matches an impl's type against a type; args[i] becomes what PARAM i stands for. */
static bool match(TypeTable *into, const Type *pattern, const Type *type, const Type **args) {
  if (pattern->kind == TYPE_PARAM) {
    const Type *copy = type_subst(into, type, NULL, 0);
    if (!copy || (args[pattern->decl] && args[pattern->decl] != copy)) return false;
    args[pattern->decl] = copy;
    return true;
  }
  if (pattern == type && !pattern->has_param) return true;
  if (pattern->kind != type->kind || pattern->decl != type->decl || pattern->nargs != type->nargs) return false;
  for (uint32_t i = 0; i < pattern->nargs; i++) {
    if (!match(into, pattern->args[i], type->args[i], args)) return false;
  }
  return true;
}

const Impl *module_find_impl(const Module *module, TypeTable *into, const Type *trait, const Type *type, const Type **args_out) {
  const Impl *impl = bounds_find_head(module, trait->decl, type);
  if (!impl || impl->ntparams > MODULE_TPARAMS_MAX) return NULL;
  for (uint32_t i = 0; i < impl->ntparams; i++) args_out[i] = NULL;
  if (!match(into, impl->type, type, args_out)) return NULL;
  for (uint32_t i = 0; i < impl->ntparams; i++) {
    if (!args_out[i]) return NULL;
  }
  const Type *has = type_subst(into, impl->trait, args_out, impl->ntparams);
  return has && has == type_subst(into, trait, NULL, 0) ? impl : NULL;
}

/* Supertraits */

static bool mentions(const Type *type, uint32_t param) {
  if (type->kind == TYPE_PARAM) return type->decl == param;
  if (!type->has_param) return false;
  for (uint32_t i = 0; i < type->nargs; i++) {
    if (mentions(type->args[i], param)) return true;
  }
  return false;
}

static bool add_super(Verifier *v, uint32_t trait, const Type *super) {
  TraitInfo *info = &v->traits[trait];
  if (!super) return verifier_fail(v, 0, "trait %s: a type nests too deep", v->module->traits[trait].name);
  for (uint32_t i = 0; i < info->nsupers; i++) {
    if (info->supers[i] == super) return true;
    if (info->supers[i]->decl == super->decl) {
      return verifier_fail(v, 0, "trait %s extends %s in two ways", v->module->traits[trait].name, v->module->traits[super->decl].name);
    }
  }
  if (info->nsupers == TRAIT_SUPERS_MAX) return verifier_fail(v, 0, "trait %s extends too many traits", v->module->traits[trait].name);
  if (!info->supers) {
    info->supers = calloc(TRAIT_SUPERS_MAX, sizeof *info->supers);
    if (!info->supers) return verifier_out_of_memory(v);
  }
  info->supers[info->nsupers++] = super;
  return true;
}

static const Type *subst_trait(Verifier *v, const Type *type, const Type *self, const Type *trait) {
  const Type *args[MODULE_TPARAMS_MAX] = {self};
  for (uint32_t i = 0; i < trait->nargs; i++) args[i + 1] = trait->args[i];
  return type->has_param ? type_subst(v->module->types, type, args, trait->nargs + 1) : type;
}

static bool methods_are_dynamic(const Trait *trait) {
  for (uint32_t k = 0; k < trait->nmethods; k++) {
    if (!trait->methods[k].is_dynamic) return false;
  }
  return true;
}

static bool finish_trait(Verifier *v, uint32_t trait) {
  const Trait *decl = &v->module->traits[trait];
  TraitInfo *info = &v->traits[trait];
  const Type *self = type_intern(v->module->types, TYPE_PARAM, 0, NULL, 0);
  if (!self) return verifier_out_of_memory(v);
  info->is_dynamic = methods_are_dynamic(decl);
  for (uint32_t b = 0; b < decl->tparams[0].nbounds; b++) {
    const Type *super = decl->tparams[0].bounds[b];
    const TraitInfo *above = &v->traits[super->decl];
    info->is_dynamic &= above->is_dynamic && !mentions(super, 0);
    if (!add_super(v, trait, super)) return false;
    for (uint32_t i = 0; i < above->nsupers; i++) {
      if (!add_super(v, trait, subst_trait(v, above->supers[i], self, super))) return false;
    }
  }
  info->state = 2;
  return true;
}

/* Visits the traits above one before it, without recursion: `path` holds the traits being visited. */
static bool visit_trait(Verifier *v, uint32_t start, uint32_t *path, uint32_t *next) {
  uint32_t depth = 0;
  path[depth] = start;
  next[depth++] = 0;
  v->traits[start].state = 1;
  while (depth) {
    uint32_t trait = path[depth - 1];
    const TypeParam *self = &v->module->traits[trait].tparams[0];
    if (next[depth - 1] == self->nbounds) {
      if (!finish_trait(v, trait)) return false;
      depth--;
      continue;
    }
    uint32_t super = self->bounds[next[depth - 1]++]->decl;
    if (v->traits[super].state == 1) return verifier_fail(v, 0, "trait %s extends itself", v->module->traits[super].name);
    if (v->traits[super].state == 2) continue;
    v->traits[super].state = 1;
    path[depth] = super;
    next[depth++] = 0;
  }
  return true;
}

bool bounds_find_supers(Verifier *v) {
  uint32_t ntraits = v->module->ntraits;
  uint32_t *path = calloc(ntraits + 1, sizeof *path), *next = calloc(ntraits + 1, sizeof *next);
  bool is_ok = (path && next) || verifier_out_of_memory(v);
  for (uint32_t i = 0; is_ok && i < ntraits; i++) is_ok = v->traits[i].state == 2 || visit_trait(v, i, path, next);
  free(path);
  free(next);
  return is_ok;
}

/* Facts */

static uint32_t hash_fact(Fact f) {
  uint32_t hash = f.scope * UINT32_C(0x9e3779b1) ^ f.type * UINT32_C(0x85ebca6b) ^ f.trait * UINT32_C(0xc2b2ae35);
  return hash ^ hash >> 15;
}

static Fact *find_fact(const FactSet *set, Fact f) {
  uint32_t at = hash_fact(f) & set->mask;
  for (; set->facts[at].type; at = (at + 1) & set->mask) {
    if (memcmp(&set->facts[at], &f, sizeof f) == 0) break;
  }
  return &set->facts[at];
}

static bool grow_facts(FactSet *set) {
  uint32_t size = set->facts ? (set->mask + 1) * 2 : 256;
  FactSet bigger = {calloc(size, sizeof(Fact)), set->count, size - 1};
  if (!bigger.facts) return false;
  for (uint32_t i = 0; set->facts && i <= set->mask; i++) {
    if (set->facts[i].type) *find_fact(&bigger, set->facts[i]) = set->facts[i];
  }
  free(set->facts);
  *set = bigger;
  return true;
}

static Fact fact_of(const Scope *scope, const Type *type, const Type *trait) {
  return (Fact){type->has_param || trait->has_param ? scope->serial : 0, type->id + 1, trait->id + 1};
}

static bool fact_known(const Verifier *v, Fact f) { return v->facts.facts && find_fact(&v->facts, f)->type; }

static void fact_add(Verifier *v, Fact f) {
  if ((!v->facts.facts || v->facts.count * 2 > v->facts.mask) && !grow_facts(&v->facts)) return; /* only slower */
  Fact *place = find_fact(&v->facts, f);
  if (!place->type) v->facts.count++;
  *place = f;
}

/* Bounds */

static bool extends(Verifier *v, const Type *trait, const Type *self, const Type *wanted, bool by_value) {
  if (trait == wanted) return true;
  const TraitInfo *info = &v->traits[trait->decl];
  for (uint32_t i = 0; i < info->nsupers; i++) {
    if (info->supers[i]->decl != wanted->decl) continue;
    /* What Self is in a trait value nobody knows: such a super can't be reached through it. */
    return !(by_value && mentions(info->supers[i], 0)) && subst_trait(v, info->supers[i], self, trait) == wanted;
  }
  return false;
}

static bool param_meets(Verifier *v, const Scope *scope, const Type *param, const Type *wanted) {
  if (param->decl >= scope->ntparams) return false;
  const TypeParam *tparam = &scope->tparams[param->decl];
  if (param->decl == 0 && scope->self_trait && extends(v, scope->self_trait, param, wanted, false)) return true;
  for (uint32_t i = 0; i < tparam->nbounds; i++) {
    if (extends(v, tparam->bounds[i], param, wanted, false)) return true;
  }
  return false;
}

static bool impl_meets(Verifier *v, const Scope *scope, const Type *type, const Type *trait) {
  const Type *args[MODULE_TPARAMS_MAX];
  const Impl *impl = module_find_impl(v->module, v->module->types, trait, type, args);
  if (!impl) return false;
  for (uint32_t i = 0; i < impl->ntparams; i++) {
    for (uint32_t b = 0; b < impl->tparams[i].nbounds; b++) {
      const Type *bound = type_subst(v->module->types, impl->tparams[i].bounds[b], args, impl->ntparams);
      if (!bound || !bounds_met(v, scope, args[i], bound)) return false;
    }
  }
  return true;
}

bool bounds_met(Verifier *v, const Scope *scope, const Type *type, const Type *trait) {
  if (type->kind == TYPE_PARAM) return param_meets(v, scope, type, trait);
  if (type->kind == TYPE_TRAIT && v->traits[trait->decl].is_dynamic && extends(v, type, type, trait, true)) return true;
  Fact fact = fact_of(scope, type, trait);
  if (fact_known(v, fact)) return true;
  if (!impl_meets(v, scope, type, trait)) return false;
  fact_add(v, fact);
  return true;
}

bool bounds_holds(Verifier *v, const Scope *scope, const Type *type, const Type *trait) {
  return (type->kind == TYPE_TRAIT && extends(v, type, type, trait, true)) || bounds_met(v, scope, type, trait);
}
