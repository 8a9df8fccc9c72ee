/* verify.h - proves a module, or says where and why not (spec.md, "Verification").
 *
 * One linear pass over each function with the types its labels declare. After it succeeds, executors check only what the
 * instruction table says may trap. Generic code is verified once, against its bounds.
 */
#ifndef FIRN_VM_VERIFY_H
#define FIRN_VM_VERIFY_H

#include "vm/module.h"

/* Returns true and sets module->verified, or false and fills *error (offset: pc; reason names the function). */
bool module_verify(Module *module, ModuleError *error);

/* Operand effect of one instruction, in the types of `module->types` (generic: PARAMs stand for themselves).
 * pops and pushes are bottom first. Filled by insn_effect, which also checks the immediates' ranges; used by verifier and specialiser. */
#define EFFECT_MAX 256
typedef struct Effect {
  uint32_t npops, npushes;
  const Type *pops[EFFECT_MAX];
  const Type *pushes[EFFECT_MAX]; /* on falling through */
  uint32_t nlabel_pushes;       /* what a taken branch finds on the stack above what was left by pops */
  const Type *label_pushes[1];
} Effect;

/* False and error->reason when an immediate is out of range or of the wrong kind. That types are well-formed and meet bounds is
 * module_verify's to check. function may be NULL for instructions without immediates l, L and S. */
bool insn_effect(const Module *module, const Function *function, const Insn *insn, Effect *effect, ModuleError *error);

/* The impl of `trait` for concrete or abstract `type`, and its type arguments (args_out: MODULE_TPARAMS_MAX entries, types interned in
 * `into`); NULL if there is none. Does not look at bounds of parameters in scope. */
const Impl *module_find_impl(const Module *module, TypeTable *into, const Type *trait, const Type *type, const Type **args_out);

/* Judges concrete types that come from outside the module, such as an image's; they may be of any table. It lives no longer than its module,
 * which has been verified, and adds copies of the types to the module's table. */
typedef struct TypeJudge TypeJudge;
TypeJudge *type_judge_new(Module *module); /* NULL when memory is out */
void type_judge_free(TypeJudge *judge);
bool type_judge_accepts(TypeJudge *judge, const Type *type);                       /* well-formed: arguments in number, kind and bounds */
bool type_judge_bounds(TypeJudge *judge, const TypeParam *tparams, uint32_t count, const Type *const *targs); /* types that are accepted meet these */
bool type_judge_holds(TypeJudge *judge, const Type *type, const Type *trait);      /* a value of an accepted type can be held as that trait */

#endif
