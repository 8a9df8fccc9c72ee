/* verify.c - proves a module: module_verify, and the linear pass over each function.
 *
 * The state of the pass is the types on the operand stack and the set of initialised locals. At a label both become what the label
 * declares, after the state that falls into it was compared; a branch compares with its label's declaration. So each instruction is
 * looked at once. insn_effect (signature.c) says what an instruction does to the stack; the rest of the rules is here.
 */
#include "vm/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/bump.h"
#include "vm/op.h"
#include "vm/verifier.h"

#define LABEL_WORK_MAX (UINT64_C(1) << 28) /* entries compared in all; a guard against modules made to be slow */

/* Errors */

bool verifier_fail(Verifier *v, uint64_t at, const char *format, ...) {
  char text[120];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  v->error->offset = at;
  bool has_name = v->subject && *v->subject;
  snprintf(v->error->reason, sizeof v->error->reason, "%s%s%.60s%s%s", has_name ? v->subject_kind : "", has_name ? " " : "",
           has_name ? v->subject : "", has_name ? ": " : "", text);
  return false;
}

bool verifier_out_of_memory(Verifier *v) {
  memory_failures++;
  return verifier_fail(v, 0, "out of memory");
}

const char *verifier_type_text(const Verifier *v, const Type *type, char *buffer, size_t size) {
  type_print(type, buffer, size, module_decl_name, v->module);
  return buffer;
}

Scope verifier_scope(Verifier *v, const TypeParam *tparams, uint32_t ntparams) {
  return (Scope){tparams, ntparams, NULL, ++v->nscopes};
}

/* The pass over a function */

typedef struct Pass {
  Verifier *v;
  const Function *f;
  uint32_t function;
  Scope scope;
  uint32_t depth;      /* of v->stack */
  uint32_t pc;
  uint32_t next_label;
} Pass;

static bool is_init(const Pass *p, uint32_t local) { return local < p->f->nparams || p->v->init[local] == p->v->init_now; }

/* Compares the state with a label's, `npushed` types being already on the stack. */
static bool check_arrival(Pass *p, const Label *label, const char *how) {
  Verifier *v = p->v;
  v->label_work += label->nstack + label->ninit;
  if (v->label_work > LABEL_WORK_MAX) return verifier_fail(v, p->pc, "labels declare too much");
  if (label->nstack != p->depth) {
    return verifier_fail(v, p->pc, "%s a label at %u with %u operands instead of %u", how, label->pc, p->depth, label->nstack);
  }
  for (uint32_t i = 0; i < p->depth; i++) {
    if (v->stack[i] != label->stack[i]) return verifier_fail(v, p->pc, "%s a label at %u with another operand %u", how, label->pc, i);
  }
  for (uint32_t i = 0; i < label->ninit; i++) {
    if (!is_init(p, label->init[i])) return verifier_fail(v, p->pc, "%s a label at %u without local %u", how, label->pc, label->init[i]);
  }
  return true;
}

static void enter_label(Pass *p, const Label *label) {
  Verifier *v = p->v;
  if (label->nstack) memcpy(v->stack, label->stack, label->nstack * sizeof *v->stack);
  p->depth = label->nstack;
  v->init_now++;
  for (uint32_t i = 0; i < label->ninit; i++) v->init[label->init[i]] = v->init_now;
}

static bool check_branch(Pass *p, uint32_t index) {
  const Label *label = &p->f->labels[index];
  if (label->pc <= p->pc && p->depth) return verifier_fail(p->v, p->pc, "goes back to %u with operands on the stack", label->pc);
  return check_arrival(p, label, "goes to");
}

/* The taken edge of a branch, after its pops. */
static bool check_branches(Pass *p, const Insn *insn) {
  const Effect *effect = &p->v->effect;
  if (insn->op == OP_SWITCH) {
    for (uint32_t i = 0; i < insn->b; i++) {
      if (!check_branch(p, p->f->switches[insn->a + i])) return false;
    }
    return true;
  }
  uint32_t depth = p->depth;
  if (depth + effect->nlabel_pushes > OPERANDS_MAX) return verifier_fail(p->v, p->pc, "too many operands");
  for (uint32_t i = 0; i < effect->nlabel_pushes; i++) p->v->stack[p->depth++] = effect->label_pushes[i];
  bool is_ok = check_branch(p, insn->a);
  p->depth = depth;
  return is_ok;
}

static bool pop_operands(Pass *p, const Insn *insn) {
  Verifier *v = p->v;
  const Effect *effect = &v->effect;
  const char *name = op_table[insn->op].name;
  if (effect->npops > p->depth) return verifier_fail(v, p->pc, "%s takes %u operands, and there are %u", name, effect->npops, p->depth);
  p->depth -= effect->npops;
  for (uint32_t i = 0; i < effect->npops; i++) {
    if (v->stack[p->depth + i] == effect->pops[i]) continue;
    char wanted[60], found[60];
    return verifier_fail(v, p->pc, "%s takes a %s as operand %u, not a %s", name,
                         verifier_type_text(v, effect->pops[i], wanted, sizeof wanted), i,
                         verifier_type_text(v, v->stack[p->depth + i], found, sizeof found));
  }
  return true;
}

static bool push_results(Pass *p) {
  Verifier *v = p->v;
  if (p->depth + v->effect.npushes > OPERANDS_MAX) return verifier_fail(v, p->pc, "too many operands");
  for (uint32_t i = 0; i < v->effect.npushes; i++) v->stack[p->depth++] = v->effect.pushes[i];
  return true;
}

static bool check_targs(Pass *p, const Insn *insn) {
  Verifier *v = p->v;
  const Function *callee = &v->module->functions[insn->a];
  return verify_types(v, &p->scope, insn->x.targs, insn->ntargs) &&
         verify_bounds(v, &p->scope, callee->tparams, callee->ntparams, insn->x.targs) &&
         growth_add_call(v, p->function, insn->a, insn->x.targs);
}

static bool check_implements(Pass *p, const Type *type, const Type *trait, bool by_value) {
  Verifier *v = p->v;
  if (by_value ? bounds_holds(v, &p->scope, type, trait) : bounds_met(v, &p->scope, type, trait)) return true;
  char type_text[60], trait_text[60];
  return verifier_fail(v, p->pc, "%s does not implement %s", verifier_type_text(v, type, type_text, sizeof type_text),
                       verifier_type_text(v, trait, trait_text, sizeof trait_text));
}

/* Checks the types among the immediates. */
static bool check_type_immediates(Pass *p, const Insn *insn) {
  const char *imms = op_table[insn->op].imms;
  if (strchr(imms, 'T') && !verify_type(p->v, &p->scope, insn->t)) return false;
  return !strchr(imms, 'U') || verify_type(p->v, &p->scope, insn->x.u);
}

/* Rules about types and locals that an effect does not tell. */
static bool check_rules(Pass *p, const Insn *insn) {
  switch (insn->op) {
    case OP_CALL:
    case OP_FN_NEW: return check_targs(p, insn);
    case OP_CALL_BOUND:
      return check_implements(p, insn->x.u, insn->t, false) && growth_add_bound(p->v, p->function, insn->t, insn->x.u, insn->a);
    case OP_BR_UNIS: return check_implements(p, insn->x.u, insn->t, true);
    case OP_TRAIT_NEW: return check_implements(p, insn->t, insn->x.u, true);
    case OP_LOCAL_GET: return is_init(p, insn->a) || verifier_fail(p->v, p->pc, "local %u is not initialised", insn->a);
    case OP_LOCAL_SET: p->v->init[insn->a] = p->v->init_now; return true;
    case OP_RET: return p->depth == 0 || verifier_fail(p->v, p->pc, "leaves %u operands on the stack", p->depth);
    default: return true;
  }
}

static bool verify_insn(Pass *p, const Insn *insn) {
  Verifier *v = p->v;
  const OpInfo *info = &op_table[insn->op];
  if (info->name && !check_type_immediates(p, insn)) return false;
  if (!insn_effect(v->module, p->f, insn, &v->effect, v->error)) {
    char reason[sizeof v->error->reason];
    memcpy(reason, v->error->reason, sizeof reason);
    return verifier_fail(v, p->pc, "%s: %s", info->name ? info->name : "instruction", reason);
  }
  if (!pop_operands(p, insn) || !check_rules(p, insn)) return false;
  if (info->flags & OP_BRANCH && !check_branches(p, insn)) return false;
  return push_results(p);
}

static bool verify_code(Pass *p) {
  const Function *f = p->f;
  bool falls_through = true;
  for (p->pc = 0; p->pc < f->ncode; p->pc++) {
    const Insn *insn = &f->code[p->pc];
    if (p->next_label < f->nlabels && f->labels[p->next_label].pc == p->pc) {
      const Label *label = &f->labels[p->next_label++];
      if (falls_through && !check_arrival(p, label, "comes to")) return false;
      enter_label(p, label);
    } else if (!falls_through) {
      return verifier_fail(p->v, p->pc, "the instruction can't be reached");
    }
    if (!verify_insn(p, insn)) {
      p->v->error->offset = p->pc;
      return false;
    }
    falls_through = !(op_table[insn->op].flags & OP_END);
  }
  return !falls_through || verifier_fail(p->v, f->ncode - 1, "the code does not end");
}

/* Declarations of a function */

static bool verify_locals(Pass *p) {
  const Function *f = p->f;
  Verifier *v = p->v;
  if (!verify_tparams(v, &p->scope) || !verify_types(v, &p->scope, f->params, f->nparams)) return false;
  if (!verify_type(v, &p->scope, f->result)) return false;
  if (f->nlocals < f->nparams || f->nlocals > MODULE_LOCALS_MAX) return verifier_fail(v, 0, "bad number of locals");
  for (uint32_t i = 0; i < f->nlocals; i++) {
    if (!verify_type(v, &p->scope, f->locals[i])) return false;
    if (i < f->nparams && f->locals[i] != f->params[i]) return verifier_fail(v, 0, "local %u has not its parameter's type", i);
  }
  return true;
}

static bool verify_labels(Pass *p) {
  const Function *f = p->f;
  Verifier *v = p->v;
  for (uint32_t i = 0; i < f->nlabels; i++) {
    const Label *label = &f->labels[i];
    if (label->pc >= f->ncode) return verifier_fail(v, label->pc, "label %u is behind the code", i);
    if (i && label->pc <= f->labels[i - 1].pc) return verifier_fail(v, label->pc, "label %u is out of order", i);
    if (label->nstack > OPERANDS_MAX) return verifier_fail(v, label->pc, "too many operands");
    if (!verify_types(v, &p->scope, label->stack, label->nstack)) return false;
    for (uint32_t k = 0; k < label->ninit; k++) {
      uint32_t local = label->init[k];
      if (local < f->nparams || local >= f->nlocals) return verifier_fail(v, label->pc, "label %u: local out of range", i);
      if (k && local <= label->init[k - 1]) return verifier_fail(v, label->pc, "label %u: locals out of order", i);
    }
  }
  return true;
}

static bool verify_lines(Pass *p) {
  const Function *f = p->f;
  for (uint32_t i = 0; i < f->nlines; i++) {
    const LineEntry *line = &f->lines[i];
    bool is_ok = line->pc < f->ncode && line->file < p->v->module->nstrings && line->line && line->column;
    if (!is_ok || (i && line->pc < f->lines[i - 1].pc)) return verifier_fail(p->v, line->pc, "line entry %u is wrong", i);
  }
  return true;
}

static bool verify_function(Verifier *v, uint32_t index) {
  const Function *f = &v->module->functions[index];
  v->subject_kind = "function";
  v->subject = f->name ? f->name : "";
  Pass p = {.v = v, .f = f, .function = index, .scope = verifier_scope(v, f->tparams, f->ntparams)};
  if (!f->name) return verifier_fail(v, 0, "function %u has no name", index);
  if (f->ncode == 0 || f->ncode > MODULE_CODE_MAX) return verifier_fail(v, 0, "bad length of code");
  if (!verify_locals(&p) || !verify_labels(&p) || !verify_lines(&p)) return false;
  v->init_now++;
  return verify_code(&p);
}

/* The module */

static bool prepare(Verifier *v) {
  v->traits = calloc((size_t)v->module->ntraits + 1, sizeof *v->traits);
  v->stack = malloc(OPERANDS_MAX * sizeof *v->stack);
  v->init = calloc(MODULE_LOCALS_MAX + 1, sizeof *v->init);
  return (v->traits && v->stack && v->init) || verifier_out_of_memory(v);
}

static bool run(Verifier *v) {
  if (!prepare(v) || !verify_shapes(v)) return false;
  v->subject = NULL;
  if (!bounds_find_supers(v) || !bounds_index_impls(v) || !growth_init(v)) return false;
  if (!verify_declarations(v) || !verify_impls(v)) return false;
  for (uint32_t i = 0; i < v->module->nfunctions; i++) {
    if (!verify_function(v, i)) return false;
  }
  v->subject = NULL;
  return growth_check(v);
}

static void release(Verifier *v) {
  for (uint32_t i = 0; v->traits && i < v->module->ntraits; i++) free(v->traits[i].supers);
  free(v->traits);
  free(v->stack);
  free(v->init);
  free(v->checked);
  free(v->facts.facts);
  growth_free(v);
}

bool module_verify(Module *module, ModuleError *error) {
  Verifier v = {.module = module, .error = error};
  *error = (ModuleError){0};
  module->impl_index = NULL;
  bool is_ok = run(&v);
  release(&v);
  module->verified = is_ok;
  return is_ok;
}

/* Types from outside */

struct TypeJudge {
  Verifier verifier;
  ModuleError error;
  Scope scope;
};

TypeJudge *type_judge_new(Module *module) {
  TypeJudge *judge = calloc(1, sizeof *judge);
  if (!judge) return NULL;
  judge->verifier = (Verifier){.module = module, .error = &judge->error};
  judge->scope = verifier_scope(&judge->verifier, NULL, 0);
  if (prepare(&judge->verifier) && bounds_find_supers(&judge->verifier)) return judge;
  type_judge_free(judge);
  return NULL;
}

void type_judge_free(TypeJudge *judge) {
  if (!judge) return;
  release(&judge->verifier);
  free(judge);
}

static bool shape_is_ok(const Verifier *v, const Type *type) {
  for (uint32_t i = 0; i < type->nargs; i++) {
    if (!shape_is_ok(v, type->args[i])) return false;
  }
  return type->kind < TYPE_KIND_END && verify_type_shape(v, type);
}

/* The module's own copy of a concrete type. */
static const Type *own_copy(TypeJudge *judge, const Type *type) {
  if (type->has_param || !shape_is_ok(&judge->verifier, type)) return NULL;
  return type_subst(judge->verifier.module->types, type, NULL, 0);
}

bool type_judge_accepts(TypeJudge *judge, const Type *type) {
  const Type *copy = own_copy(judge, type);
  return copy && verify_type(&judge->verifier, &judge->scope, copy);
}

bool type_judge_bounds(TypeJudge *judge, const TypeParam *tparams, uint32_t count, const Type *const *targs) {
  const Type *copies[MODULE_TPARAMS_MAX];
  if (count > MODULE_TPARAMS_MAX) return false;
  for (uint32_t i = 0; i < count; i++) {
    if (!(copies[i] = own_copy(judge, targs[i]))) return false;
  }
  return verify_bounds(&judge->verifier, &judge->scope, tparams, count, copies);
}

bool type_judge_holds(TypeJudge *judge, const Type *type, const Type *trait) {
  const Type *held = own_copy(judge, type), *as = own_copy(judge, trait);
  return held && as && bounds_holds(&judge->verifier, &judge->scope, held, as);
}
