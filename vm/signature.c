/* signature.c - what each instruction takes from the operand stack and leaves there (insn_effect, verify.h).
 *
 * Rows of op.def whose signature is spelt out need no code here; a row with `*` has a case in special_effect. Immediates are checked
 * first, by their letters. Types that arise are interned in module->types.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/op.h"
#include "vm/verify.h"

typedef struct Effector {
  const Module *module;
  const Function *function;
  const Insn *insn;
  Effect *effect;
  ModuleError *error;
} Effector;

static bool __attribute__((format(printf, 2, 3))) fail(const Effector *e, const char *format, ...) {
  if (!e->error) return false;
  va_list args;
  va_start(args, format);
  vsnprintf(e->error->reason, sizeof e->error->reason, format, args);
  va_end(args);
  return false;
}

static const Type *simple(const Effector *e, TypeKind kind) { return type_simple(e->module->types, kind); }

static bool pop(const Effector *e, const Type *type) {
  if (!type) return fail(e, "a type nests too deep");
  if (e->effect->npops == EFFECT_MAX) return fail(e, "too many operands");
  e->effect->pops[e->effect->npops++] = type;
  return true;
}

static bool push(const Effector *e, const Type *type) {
  if (!type) return fail(e, "a type nests too deep");
  if (e->effect->npushes == EFFECT_MAX) return fail(e, "too many results");
  e->effect->pushes[e->effect->npushes++] = type;
  return true;
}

static bool label_push(const Effector *e, const Type *type) {
  e->effect->label_pushes[e->effect->nlabel_pushes++] = type;
  return true;
}

static const Type *subst(const Effector *e, const Type *type, const Type *const *args, uint32_t nargs) {
  return type->has_param ? type_subst(e->module->types, type, args, nargs) : type;
}

/* Immediates */

static bool check_switch(const Effector *e) {
  const Insn *insn = e->insn;
  const Function *function = e->function;
  if (insn->a > function->nswitches || insn->b > function->nswitches - insn->a) return fail(e, "switch labels out of range");
  for (uint32_t i = 0; i < insn->b; i++) {
    if (function->switches[insn->a + i] >= function->nlabels) return fail(e, "label out of range");
  }
  return true;
}

static bool check_function(const Effector *e) {
  if (e->insn->a >= e->module->nfunctions) return fail(e, "function out of range");
  if (e->insn->ntargs != e->module->functions[e->insn->a].ntparams) return fail(e, "wrong number of type arguments");
  return true;
}

static bool check_immediate(const Effector *e, char letter) {
  const Insn *insn = e->insn;
  uint32_t a = insn->a;
  switch (letter) {
    case 'l': return a < e->function->nlocals || fail(e, "local out of range");
    case 'g': return a < e->module->nglobals || fail(e, "global out of range");
    case 'm': return a < e->module->nimports || fail(e, "import out of range");
    case 's': return a < e->module->nstrings || fail(e, "string constant out of range");
    case 'L': return a < e->function->nlabels || fail(e, "label out of range");
    case 'b': return a <= 1 || fail(e, "not 0 or 1");
    case 'c': return (a <= 0x10ffff && !(a >= 0xd800 && a < 0xe000)) || fail(e, "not a Unicode scalar value");
    case 'T': return insn->t || fail(e, "no type");
    case 'U': return insn->x.u || fail(e, "no second type");
    case 'F': return check_function(e);
    case 'S': return check_switch(e);
    default: return true; /* i and f: anything; u and k: by instruction */
  }
}

static bool check_immediates(const Effector *e) {
  for (const char *p = op_table[e->insn->op].imms; *p; p++) {
    if (!check_immediate(e, *p)) return false;
  }
  return true;
}

static bool check_kind(const Effector *e, const Type *type, TypeKind kind) {
  if (type->kind != kind) return fail(e, "the type is no %s", type_kind_name(kind));
  uint32_t limit = kind == TYPE_CLASS ? e->module->nclasses : kind == TYPE_ENUM ? e->module->nenums : e->module->ntraits;
  return !type_kind_has_decl(kind) || type->decl < limit || fail(e, "%s out of range", type_kind_name(kind));
}

/* What the table does not say of rows with a written-out signature. */
static bool check_kinds(const Effector *e) {
  const Type *t = e->insn->t;
  switch (e->insn->op) {
    case OP_ENUM_TAG: return check_kind(e, t, TYPE_ENUM);
    case OP_BR_UNIS:
      if (!check_kind(e, t, TYPE_TRAIT)) return false;
      if (e->insn->x.u->kind == TYPE_TRAIT) return fail(e, "asks for a trait");
      return label_push(e, t);
    case OP_TRAIT_NEW: return check_kind(e, e->insn->x.u, TYPE_TRAIT);
    case OP_REF_EQ:
      if (t->kind == TYPE_CLASS || t->kind == TYPE_FN || t->kind == TYPE_TRAIT || t->kind == TYPE_LIST || t->kind == TYPE_MAP ||
          t->kind == TYPE_BYTES || t->kind == TYPE_TASK) {
        return true;
      }
      return fail(e, "the type has no identity");
    default: return true;
  }
}

/* Written-out signatures */

static const Type *read_type(const Effector *e, const char **at) {
  TypeTable *types = e->module->types;
  char letter = *(*at)++;
  switch (letter) {
    case 'i': return simple(e, TYPE_INT);
    case 'f': return simple(e, TYPE_FLOAT);
    case 'b': return simple(e, TYPE_BOOL);
    case 'c': return simple(e, TYPE_CHAR);
    case 's': return simple(e, TYPE_STRING);
    case 'y': return simple(e, TYPE_BYTES);
    case 'v': return simple(e, TYPE_VOID);
    case 't': return simple(e, TYPE_TASK);
    case 'r': return type_unary(types, TYPE_FN, simple(e, TYPE_VOID));
    case 'T': return e->insn->t;
    case 'U': return e->insn->x.u;
    case '{': {
      const Type *args[2] = {e->insn->t, e->insn->x.u};
      return type_intern(types, TYPE_MAP, 0, args, 2);
    }
    default: break;
  }
  TypeKind kind = letter == '?' ? TYPE_OPT : letter == '[' ? TYPE_LIST : letter == '@' ? TYPE_CELL : TYPE_NONE;
  const Type *inner = kind == TYPE_NONE ? NULL : read_type(e, at);
  return inner ? type_unary(types, kind, inner) : NULL;
}

static bool written_effect(const Effector *e, const char *sig) {
  while (*sig != ':') {
    if (!pop(e, read_type(e, &sig))) return false;
  }
  sig++;
  while (*sig) {
    if (!push(e, read_type(e, &sig))) return false;
  }
  return check_kinds(e);
}

/* Rows with `*` */

static bool pop_types(const Effector *e, const Type *const *types, uint32_t count, const Type *const *args, uint32_t nargs) {
  for (uint32_t i = 0; i < count; i++) {
    if (!pop(e, subst(e, types[i], args, nargs))) return false;
  }
  return true;
}

static bool call_effect(const Effector *e) {
  const Function *callee = &e->module->functions[e->insn->a];
  return pop_types(e, callee->params, callee->nparams, e->insn->x.targs, e->insn->ntargs) &&
         push(e, subst(e, callee->result, e->insn->x.targs, e->insn->ntargs));
}

static bool method_effect(const Effector *e, const Type *self) {
  const Type *t = e->insn->t;
  if (!check_kind(e, t, TYPE_TRAIT)) return false;
  const Trait *trait = &e->module->traits[t->decl];
  if (e->insn->a >= trait->nmethods) return fail(e, "method out of range");
  const Method *method = &trait->methods[e->insn->a];
  if (self == t && e->insn->op == OP_CALL_TRAIT && !method->is_dynamic) return fail(e, "the method is not dynamic");
  if (t->nargs + 1 != trait->ntparams || trait->ntparams > MODULE_TPARAMS_MAX) return fail(e, "wrong number of type arguments");
  const Type *args[MODULE_TPARAMS_MAX] = {self};
  for (uint32_t i = 0; i < t->nargs; i++) args[i + 1] = t->args[i];
  return pop_types(e, method->params, method->nparams, args, trait->ntparams) &&
         push(e, subst(e, method->result, args, trait->ntparams));
}

static bool call_fn_effect(const Effector *e) {
  const Type *t = e->insn->t;
  if (!check_kind(e, t, TYPE_FN) || !pop(e, t)) return false;
  for (uint32_t i = 0; i + 1 < t->nargs; i++) {
    if (!pop(e, t->args[i])) return false;
  }
  return push(e, t->args[t->nargs - 1]);
}

static bool import_effect(const Effector *e) {
  const Import *import = &e->module->imports[e->insn->a];
  return pop_types(e, import->params, import->nparams, NULL, 0) && push(e, import->result);
}

static bool fn_new_effect(const Effector *e) {
  const Function *callee = &e->module->functions[e->insn->a];
  const Type *const *targs = e->insn->x.targs;
  uint32_t ntargs = e->insn->ntargs, nbound = e->insn->b;
  const Type *parts[TYPE_ARGS_MAX];
  if (nbound > callee->nparams || callee->nparams >= TYPE_ARGS_MAX) return fail(e, "binds more parameters than there are");
  uint32_t nfree = callee->nparams - nbound;
  for (uint32_t i = 0; i <= nfree; i++) {
    parts[i] = subst(e, i < nfree ? callee->params[i] : callee->result, targs, ntargs);
    if (!parts[i]) return fail(e, "a type nests too deep");
  }
  return pop_types(e, callee->params + nfree, nbound, targs, ntargs) &&
         push(e, type_intern(e->module->types, TYPE_FN, 0, parts, nfree + 1));
}

static bool tuple_effect(const Effector *e) {
  const Type *t = e->insn->t;
  if (!check_kind(e, t, TYPE_TUPLE)) return false;
  if (e->insn->op == OP_TUPLE_NEW) return pop_types(e, t->args, t->nargs, NULL, 0) && push(e, t);
  if (e->insn->a >= t->nargs) return fail(e, "part out of range");
  return pop(e, t) && push(e, t->args[e->insn->a]);
}

static bool result_effect(const Effector *e) {
  const Type *t = e->insn->t;
  if (!check_kind(e, t, TYPE_RESULT)) return false;
  if (e->insn->op == OP_BR_ERR) return pop(e, t) && push(e, t->args[0]) && label_push(e, t->args[1]);
  return pop(e, t->args[e->insn->op == OP_RES_ERR]) && push(e, t);
}

static bool class_effect(const Effector *e) {
  const Type *t = e->insn->t;
  if (!check_kind(e, t, TYPE_CLASS)) return false;
  const Class *class = &e->module->classes[t->decl];
  if (e->insn->op == OP_NEW) {
    for (uint32_t i = 0; i < class->nfields; i++) {
      if (!pop(e, subst(e, class->fields[i].type, t->args, t->nargs))) return false;
    }
    return push(e, t);
  }
  if (e->insn->a >= class->nfields) return fail(e, "field out of range");
  const Field *field = &class->fields[e->insn->a];
  const Type *type = subst(e, field->type, t->args, t->nargs);
  if (e->insn->op == OP_FIELD_GET) return pop(e, t) && push(e, type);
  if (!field->is_mutable) return fail(e, "the field is not mutable");
  return pop(e, t) && pop(e, type);
}

static bool enum_effect(const Effector *e) {
  const Type *t = e->insn->t;
  bool is_new = e->insn->op == OP_ENUM_NEW;
  uint32_t k = is_new ? e->insn->a : e->insn->b;
  if (!check_kind(e, t, TYPE_ENUM)) return false;
  const Enum *enumeration = &e->module->enums[t->decl];
  if (k >= enumeration->ncases) return fail(e, "case out of range");
  const Case *enum_case = &enumeration->cases[k];
  if (!is_new && !(pop(e, t) && label_push(e, t))) return false;
  for (uint32_t i = 0; i < enum_case->nfields; i++) {
    const Type *type = subst(e, enum_case->fields[i].type, t->args, t->nargs);
    if (!(is_new ? pop(e, type) : push(e, type))) return false;
  }
  return !is_new || push(e, t);
}

static bool repeat_effect(const Effector *e, const Type *operand, const Type *result) {
  for (uint32_t i = 0; i < e->insn->a; i++) {
    if (!pop(e, operand)) return false;
  }
  return push(e, result);
}

static bool special_effect(const Effector *e) {
  const Insn *insn = e->insn;
  const Module *module = e->module;
  switch (insn->op) {
    case OP_CALL: return call_effect(e);
    case OP_CALL_BOUND: return method_effect(e, insn->x.u);
    case OP_CALL_TRAIT: return method_effect(e, insn->t);
    case OP_CALL_FN: return call_fn_effect(e);
    case OP_CALL_IMPORT: return import_effect(e);
    case OP_RET: return pop(e, e->function->result);
    case OP_LOCAL_GET: return push(e, e->function->locals[insn->a]);
    case OP_LOCAL_SET: return pop(e, e->function->locals[insn->a]);
    case OP_GLOBAL_GET: return push(e, module->globals[insn->a].type);
    case OP_GLOBAL_SET: return pop(e, module->globals[insn->a].type);
    case OP_FN_NEW: return fn_new_effect(e);
    case OP_TUPLE_NEW:
    case OP_TUPLE_GET: return tuple_effect(e);
    case OP_BR_ERR:
    case OP_RES_OK:
    case OP_RES_ERR: return result_effect(e);
    case OP_NEW:
    case OP_FIELD_GET:
    case OP_FIELD_SET: return class_effect(e);
    case OP_ENUM_NEW:
    case OP_BR_UNCASE: return enum_effect(e);
    case OP_LIST_NEW: return repeat_effect(e, insn->t, type_unary(module->types, TYPE_LIST, insn->t));
    case OP_STRING_CONCAT: return repeat_effect(e, simple(e, TYPE_STRING), simple(e, TYPE_STRING));
    default: return fail(e, "%s has no effect", op_table[insn->op].name);
  }
}

bool insn_effect(const Module *module, const Function *function, const Insn *insn, Effect *effect, ModuleError *error) {
  Effector e = {module, function, insn, effect, error};
  effect->npops = effect->npushes = effect->nlabel_pushes = 0;
  const OpInfo *info = &op_table[insn->op];
  if (!info->name) return fail(&e, "no such instruction");
  if (!check_immediates(&e)) return false;
  return strchr(info->sig, '*') ? special_effect(&e) : written_effect(&e, info->sig);
}
