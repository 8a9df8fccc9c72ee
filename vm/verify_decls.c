/* verify_decls.c - the verifier's checks of all that is not a function's body: types, classes, enums, traits, impls, globals, imports,
 * exports, constants.
 *
 * verify_shapes looks only at counts, kinds and indexes, so that everything after it may follow indexes without asking. Then types are
 * checked in the scope of the declaration that mentions them: parameters in range, type arguments within bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/codec.h"
#include "vm/op.h"
#include "vm/verifier.h"

/* Shapes */

bool verify_type_shape(const Verifier *v, const Type *type) {
  const Module *m = v->module;
  switch (type->kind) {
    case TYPE_CLASS: return type->decl < m->nclasses && type->nargs == m->classes[type->decl].ntparams;
    case TYPE_ENUM: return type->decl < m->nenums && type->nargs == m->enums[type->decl].ntparams;
    case TYPE_TRAIT: return type->decl < m->ntraits && type->nargs + 1 == m->traits[type->decl].ntparams;
    case TYPE_PARAM: return type->decl < MODULE_TPARAMS_MAX;
    case TYPE_TUPLE: return type->nargs >= 2;
    case TYPE_FN: return type->nargs >= 1 && type->nargs <= MODULE_PARAMS_MAX + 1;
    case TYPE_RESULT: return type_is_ref(type->args[1]);
    default: return type_kind_params((TypeKind)type->kind) != -2 && type->kind < TYPE_KIND_END;
  }
}

static bool params_below(const Type *type, uint32_t count) {
  if (type->kind == TYPE_PARAM) return type->decl < count;
  if (!type->has_param) return true;
  for (uint32_t i = 0; i < type->nargs; i++) {
    if (!params_below(type->args[i], count)) return false;
  }
  return true;
}

static bool mentions_self(const Type *type) {
  if (type->kind == TYPE_PARAM) return type->decl == 0;
  for (uint32_t i = 0; type->has_param && i < type->nargs; i++) {
    if (mentions_self(type->args[i])) return true;
  }
  return false;
}

static bool tparams_shape(Verifier *v, const TypeParam *tparams, uint32_t count) {
  if (count > MODULE_TPARAMS_MAX) return verifier_fail(v, 0, "too many type parameters");
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t b = 0; b < tparams[i].nbounds; b++) {
      const Type *bound = tparams[i].bounds[b];
      if (!bound || bound->kind != TYPE_TRAIT) return verifier_fail(v, 0, "a bound is no trait");
      if (!params_below(bound, count)) return verifier_fail(v, 0, "a bound mentions a parameter out of range");
    }
  }
  return true;
}

static const char *name_of(const char *name) { return name ? name : ""; }

static void set_subject(Verifier *v, const char *kind, const char *name) {
  v->subject_kind = kind;
  v->subject = name_of(name);
}

static bool fields_shape(Verifier *v, const Field *fields, uint32_t count, bool may_change) {
  if (count > MODULE_PARAMS_MAX) return verifier_fail(v, 0, "too many fields");
  for (uint32_t i = 0; i < count; i++) {
    if (!fields[i].type) return verifier_fail(v, 0, "field %u has no type", i);
    if (fields[i].is_mutable && !may_change) return verifier_fail(v, 0, "a case's field is mutable");
  }
  return true;
}

static bool method_shape(Verifier *v, const Method *method) {
  const char *name = name_of(method->name);
  if (method->nparams == 0 || method->nparams > MODULE_PARAMS_MAX) return verifier_fail(v, 0, "method %s: bad number of parameters", name);
  if (method->params[0]->kind != TYPE_PARAM || method->params[0]->decl != 0) {
    return verifier_fail(v, 0, "method %s: the first parameter is not Self", name);
  }
  bool mentions = mentions_self(method->result);
  for (uint32_t i = 1; i < method->nparams; i++) mentions |= mentions_self(method->params[i]);
  if (method->is_dynamic && mentions) return verifier_fail(v, 0, "method %s is dynamic but mentions Self", name);
  return true;
}

static bool trait_shape(Verifier *v, const Trait *trait) {
  if (trait->ntparams == 0) return verifier_fail(v, 0, "no Self");
  if (!tparams_shape(v, trait->tparams, trait->ntparams)) return false;
  for (uint32_t i = 1; i < trait->ntparams; i++) {
    for (uint32_t b = 0; b < trait->tparams[i].nbounds; b++) {
      if (mentions_self(trait->tparams[i].bounds[b])) return verifier_fail(v, 0, "a parameter's bound mentions Self");
    }
  }
  for (uint32_t k = 0; k < trait->nmethods; k++) {
    if (!method_shape(v, &trait->methods[k])) return false;
  }
  return true;
}

static bool impl_method_shape(Verifier *v, const ImplMethod *method) {
  if (method->is_op) return true;
  if (method->function >= v->module->nfunctions) return verifier_fail(v, 0, "function out of range");
  if (method->ntargs != v->module->functions[method->function].ntparams) return verifier_fail(v, 0, "wrong number of type arguments");
  return true;
}

static bool impl_shape(Verifier *v, const Impl *impl) {
  if (!impl->trait || impl->trait->kind != TYPE_TRAIT) return verifier_fail(v, 0, "implements no trait");
  if (!impl->type || impl->type->kind == TYPE_PARAM) return verifier_fail(v, 0, "the implementing type is a parameter");
  if (!tparams_shape(v, impl->tparams, impl->ntparams)) return false;
  if (!params_below(impl->type, impl->ntparams) || !params_below(impl->trait, impl->ntparams)) {
    return verifier_fail(v, 0, "type parameter out of range");
  }
  for (uint32_t k = 0; k < v->module->traits[impl->trait->decl].nmethods; k++) {
    if (!impl_method_shape(v, &impl->methods[k])) return false;
  }
  return true;
}

/* A compiler's table also holds types that nothing in the module mentions; verify_type refuses them elsewhere. */
static bool is_compile_only(const Type *type) {
  if (type->kind >= TYPE_KIND_END || (type->kind == TYPE_PARAM && type->decl >= MODULE_TPARAMS_MAX)) return true;
  for (uint32_t i = 0; i < type->nargs; i++) {
    if (is_compile_only(type->args[i])) return true;
  }
  return false;
}

static bool types_shape(Verifier *v) {
  set_subject(v, "type", "");
  size_t count = type_table_count(v->module->types);
  for (size_t id = 0; id < count; id++) {
    const Type *type = type_table_at(v->module->types, (uint32_t)id);
    if (!is_compile_only(type) && !verify_type_shape(v, type)) return verifier_fail(v, id, "type %zu is not well-formed", id);
  }
  return true;
}

static bool enum_shape(Verifier *v, const Enum *enumeration) {
  if (!tparams_shape(v, enumeration->tparams, enumeration->ntparams)) return false;
  if (enumeration->ncases > UINT16_MAX) return verifier_fail(v, 0, "too many cases");
  for (uint32_t k = 0; k < enumeration->ncases; k++) {
    if (!fields_shape(v, enumeration->cases[k].fields, enumeration->cases[k].nfields, false)) return false;
  }
  return true;
}

static bool function_shape(Verifier *v, const Function *f) {
  if (!tparams_shape(v, f->tparams, f->ntparams)) return false;
  if (f->nparams > MODULE_PARAMS_MAX) return verifier_fail(v, 0, "too many parameters");
  if (!f->result) return verifier_fail(v, 0, "no result type");
  return true;
}

bool verify_shapes(Verifier *v) {
  const Module *m = v->module;
  for (uint32_t i = 0; i < m->nclasses; i++) {
    set_subject(v, "class", m->classes[i].name);
    if (!tparams_shape(v, m->classes[i].tparams, m->classes[i].ntparams)) return false;
    if (!fields_shape(v, m->classes[i].fields, m->classes[i].nfields, true)) return false;
  }
  for (uint32_t i = 0; i < m->nenums; i++) {
    set_subject(v, "enum", m->enums[i].name);
    if (!enum_shape(v, &m->enums[i])) return false;
  }
  for (uint32_t i = 0; i < m->ntraits; i++) {
    set_subject(v, "trait", m->traits[i].name);
    if (!trait_shape(v, &m->traits[i])) return false;
  }
  for (uint32_t i = 0; i < m->nfunctions; i++) {
    set_subject(v, "function", m->functions[i].name);
    if (!function_shape(v, &m->functions[i])) return false;
  }
  if (!types_shape(v)) return false;
  for (uint32_t i = 0; i < m->nimpls; i++) {
    set_subject(v, "impl", "");
    if (!impl_shape(v, &m->impls[i])) {
      v->error->offset = i;
      return false;
    }
  }
  return true;
}

/* Types in scope */

static uint32_t *checked_mark(Verifier *v, uint32_t id) {
  if (id >= v->nchecked) {
    uint32_t count = (uint32_t)type_table_count(v->module->types) + 64;
    uint32_t *checked = realloc(v->checked, count * sizeof *checked);
    if (!checked) return NULL;
    memset(checked + v->nchecked, 0, (count - v->nchecked) * sizeof *checked);
    v->checked = checked;
    v->nchecked = count;
  }
  return &v->checked[id];
}

bool verify_bounds(Verifier *v, const Scope *scope, const TypeParam *tparams, uint32_t ntparams, const Type *const *targs) {
  for (uint32_t i = 0; i < ntparams; i++) {
    for (uint32_t b = 0; b < tparams[i].nbounds; b++) {
      const Type *bound = tparams[i].bounds[b];
      if (bound->has_param) bound = type_subst(v->module->types, bound, targs, ntparams);
      if (!bound) return verifier_fail(v, 0, "a type nests too deep");
      if (bounds_met(v, scope, targs[i], bound)) continue;
      char type_text[80], bound_text[80];
      return verifier_fail(v, 0, "%s does not meet the bound %s", verifier_type_text(v, targs[i], type_text, sizeof type_text),
                           verifier_type_text(v, bound, bound_text, sizeof bound_text));
    }
  }
  return true;
}

static bool check_type_args(Verifier *v, const Scope *scope, const Type *type) {
  const Module *m = v->module;
  if (type->kind == TYPE_CLASS) return verify_bounds(v, scope, m->classes[type->decl].tparams, type->nargs, type->args);
  if (type->kind == TYPE_ENUM) return verify_bounds(v, scope, m->enums[type->decl].tparams, type->nargs, type->args);
  if (type->kind != TYPE_TRAIT) return true;
  /* Self is left out; no bound of another parameter mentions it. */
  const Type *args[MODULE_TPARAMS_MAX] = {type};
  if (type->nargs) memcpy(args + 1, type->args, type->nargs * sizeof *args);
  const Trait *trait = &m->traits[type->decl];
  for (uint32_t i = 1; i < trait->ntparams; i++) {
    for (uint32_t b = 0; b < trait->tparams[i].nbounds; b++) {
      const Type *bound = type_subst(m->types, trait->tparams[i].bounds[b], args, trait->ntparams);
      if (!bound || !bounds_met(v, scope, args[i], bound)) return verifier_fail(v, 0, "a trait's type argument does not meet its bound");
    }
  }
  return true;
}

bool verify_type(Verifier *v, const Scope *scope, const Type *type) {
  if (!type) return verifier_fail(v, 0, "a type is missing");
  uint32_t *mark = checked_mark(v, type->id);
  if (!mark) return verifier_out_of_memory(v);
  if (*mark == scope->serial || *mark == UINT32_MAX) return true;
  if (type->kind >= TYPE_KIND_END) return verifier_fail(v, 0, "a type that only the compiler knows");
  if (type->kind == TYPE_PARAM && type->decl >= scope->ntparams) return verifier_fail(v, 0, "type parameter %u is out of range", type->decl);
  for (uint32_t i = 0; i < type->nargs; i++) {
    if (!verify_type(v, scope, type->args[i])) return false;
  }
  if (!check_type_args(v, scope, type)) return false;
  v->checked[type->id] = type->has_param ? scope->serial : UINT32_MAX; /* the array may have moved */
  return true;
}

bool verify_types(Verifier *v, const Scope *scope, const Type *const *types, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (!verify_type(v, scope, types[i])) return false;
  }
  return true;
}

bool verify_tparams(Verifier *v, const Scope *scope) {
  for (uint32_t i = 0; i < scope->ntparams; i++) {
    if (!verify_types(v, scope, scope->tparams[i].bounds, scope->tparams[i].nbounds)) return false;
  }
  return true;
}

/* Declarations */

static bool verify_fields(Verifier *v, const Scope *scope, const Field *fields, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (!verify_type(v, scope, fields[i].type)) return false;
  }
  return true;
}

static bool verify_enum(Verifier *v, const Enum *enumeration) {
  Scope scope = verifier_scope(v, enumeration->tparams, enumeration->ntparams);
  if (!verify_tparams(v, &scope)) return false;
  for (uint32_t k = 0; k < enumeration->ncases; k++) {
    if (!verify_fields(v, &scope, enumeration->cases[k].fields, enumeration->cases[k].nfields)) return false;
  }
  return true;
}

static bool verify_trait(Verifier *v, uint32_t index) {
  const Trait *trait = &v->module->traits[index];
  Scope scope = verifier_scope(v, trait->tparams, trait->ntparams);
  const Type *args[MODULE_TPARAMS_MAX];
  for (uint32_t i = 1; i < trait->ntparams; i++) {
    args[i - 1] = type_intern(v->module->types, TYPE_PARAM, i, NULL, 0);
    if (!args[i - 1]) return verifier_out_of_memory(v);
  }
  scope.self_trait = type_intern(v->module->types, TYPE_TRAIT, index, args, trait->ntparams - 1);
  if (!scope.self_trait) return verifier_out_of_memory(v);
  if (!verify_tparams(v, &scope)) return false;
  for (uint32_t k = 0; k < trait->nmethods; k++) {
    const Method *method = &trait->methods[k];
    if (!verify_types(v, &scope, method->params, method->nparams) || !verify_type(v, &scope, method->result)) return false;
  }
  return true;
}

static bool verify_constants(Verifier *v) {
  set_subject(v, "string constants", "");
  for (uint32_t i = 0; i < v->module->nstrings; i++) {
    const StringConst *s = &v->module->strings[i];
    if (!s->bytes || s->length > INT32_MAX) return verifier_fail(v, i, "string %u: bad length", i);
    if (!utf8_valid(s->bytes, s->length)) return verifier_fail(v, i, "string %u is not UTF-8", i);
    if (s->bytes[s->length]) return verifier_fail(v, i, "string %u does not end in NUL", i);
  }
  return true;
}

static bool verify_globals_imports(Verifier *v) {
  const Module *m = v->module;
  Scope scope = verifier_scope(v, NULL, 0);
  for (uint32_t i = 0; i < m->nglobals; i++) {
    set_subject(v, "global", m->globals[i].name);
    if (!verify_type(v, &scope, m->globals[i].type)) return false;
  }
  for (uint32_t i = 0; i < m->nimports; i++) {
    const Import *import = &m->imports[i];
    set_subject(v, "import", import->name);
    if (!import->module || !import->name) return verifier_fail(v, i, "an import has no name");
    if (import->nparams > MODULE_PARAMS_MAX) return verifier_fail(v, i, "too many parameters");
    if (!verify_types(v, &scope, import->params, import->nparams) || !verify_type(v, &scope, import->result)) return false;
  }
  return true;
}

static bool has_signature(const Module *m, uint32_t function, TypeKind result) {
  if (function >= m->nfunctions) return false;
  const Function *f = &m->functions[function];
  return f->ntparams == 0 && f->nparams == 0 && f->result->kind == result;
}

static bool verify_roots(Verifier *v) {
  const Module *m = v->module;
  set_subject(v, "entry", "");
  if (!has_signature(m, m->entry, TYPE_INT)) return verifier_fail(v, 0, "the entry is no function () -> int");
  for (uint32_t i = 0; i < m->nexports; i++) {
    set_subject(v, "export", m->exports[i].name);
    if (m->exports[i].function >= m->nfunctions) return verifier_fail(v, i, "function out of range");
    if (m->functions[m->exports[i].function].ntparams) return verifier_fail(v, i, "the function is generic");
  }
  for (uint32_t i = 0; i < m->ntests; i++) {
    set_subject(v, "test", m->tests[i].name);
    if (!has_signature(m, m->tests[i].function, TYPE_VOID)) return verifier_fail(v, i, "the test is no function () -> void");
  }
  return true;
}

bool verify_declarations(Verifier *v) {
  const Module *m = v->module;
  for (uint32_t i = 0; i < m->nclasses; i++) {
    const Class *class = &m->classes[i];
    set_subject(v, "class", class->name);
    Scope scope = verifier_scope(v, class->tparams, class->ntparams);
    if (!verify_tparams(v, &scope) || !verify_fields(v, &scope, class->fields, class->nfields)) return false;
  }
  for (uint32_t i = 0; i < m->nenums; i++) {
    set_subject(v, "enum", m->enums[i].name);
    if (!verify_enum(v, &m->enums[i])) return false;
  }
  for (uint32_t i = 0; i < m->ntraits; i++) {
    set_subject(v, "trait", m->traits[i].name);
    if (!verify_trait(v, i)) return false;
  }
  return verify_constants(v) && verify_globals_imports(v) && verify_roots(v);
}

/* Impls */

typedef struct ImplCheck {
  Verifier *v;
  const Impl *impl;
  const Trait *trait;
  Scope scope;
  const Type *args[MODULE_TPARAMS_MAX]; /* what the trait's parameters stand for: Self first */
} ImplCheck;

static const Type *method_type(const ImplCheck *c, const Type *type) {
  return type_subst(c->v->module->types, type, c->args, c->trait->ntparams);
}

static bool check_op_method(const ImplCheck *c, const Method *method, uint8_t op) {
  const OpInfo *info = &op_table[op];
  Verifier *v = c->v;
  if (!info->name || (strcmp(info->imms, "") != 0 && strcmp(info->imms, "T") != 0)) return verifier_fail(v, 0, "no instruction for this");
  if (info->flags & (OP_END | OP_BRANCH | OP_CALLS)) return verifier_fail(v, 0, "no instruction for this");
  Insn insn = {.op = op, .t = c->impl->type};
  Effect *effect = &v->effect;
  if (!insn_effect(v->module, NULL, &insn, effect, v->error)) return false;
  bool is_same = effect->npops == method->nparams && effect->npushes == 1 && effect->pushes[0] == method_type(c, method->result);
  for (uint32_t i = 0; is_same && i < method->nparams; i++) is_same = effect->pops[i] == method_type(c, method->params[i]);
  return is_same || verifier_fail(v, 0, "%s has another signature than method %s", info->name, name_of(method->name));
}

static bool check_function_method(const ImplCheck *c, const Method *method, const ImplMethod *target) {
  Verifier *v = c->v;
  const Function *f = &v->module->functions[target->function];
  TypeTable *types = v->module->types;
  if (!verify_types(v, &c->scope, target->targs, target->ntargs)) return false;
  if (!verify_bounds(v, &c->scope, f->tparams, f->ntparams, target->targs)) return false;
  const Type *result = type_subst(types, f->result, target->targs, target->ntargs);
  bool is_same = f->nparams == method->nparams && result && result == method_type(c, method->result);
  for (uint32_t i = 0; is_same && i < f->nparams; i++) {
    const Type *param = type_subst(types, f->params[i], target->targs, target->ntargs);
    is_same = param && param == method_type(c, method->params[i]);
  }
  return is_same || verifier_fail(v, 0, "function %s has another signature than method %s", name_of(f->name), name_of(method->name));
}

static bool mentions_param(const Type *type, uint32_t param) {
  if (type->kind == TYPE_PARAM) return type->decl == param;
  for (uint32_t i = 0; type->has_param && i < type->nargs; i++) {
    if (mentions_param(type->args[i], param)) return true;
  }
  return false;
}

static bool verify_impl(Verifier *v, const Impl *impl) {
  ImplCheck c = {.v = v, .impl = impl, .trait = &v->module->traits[impl->trait->decl]};
  c.scope = verifier_scope(v, impl->tparams, impl->ntparams);
  c.args[0] = impl->type;
  if (impl->trait->nargs) memcpy(c.args + 1, impl->trait->args, impl->trait->nargs * sizeof *c.args);
  set_subject(v, "impl of", c.trait->name);
  for (uint32_t i = 0; i < impl->ntparams; i++) {
    if (!mentions_param(impl->type, i)) return verifier_fail(v, 0, "the type does not mention type parameter %u", i);
  }
  if (!verify_tparams(v, &c.scope) || !verify_type(v, &c.scope, impl->type) || !verify_type(v, &c.scope, impl->trait)) return false;
  if (!verify_bounds(v, &c.scope, c.trait->tparams, c.trait->ntparams, c.args)) return false;
  for (uint32_t k = 0; k < c.trait->nmethods; k++) {
    const ImplMethod *target = &impl->methods[k];
    bool is_ok = target->is_op ? check_op_method(&c, &c.trait->methods[k], target->op)
                               : check_function_method(&c, &c.trait->methods[k], target);
    if (!is_ok) return false;
  }
  return true;
}

bool verify_impls(Verifier *v) {
  for (uint32_t i = 0; i < v->module->nimpls; i++) {
    if (!verify_impl(v, &v->module->impls[i])) {
      v->error->offset = i;
      return false;
    }
  }
  return true;
}
