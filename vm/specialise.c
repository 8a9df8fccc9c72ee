/* specialise.c - instances of functions: one Code for each function and list of concrete type arguments, made when first asked for.
 *
 * Asking for a callee makes that callee ready, not what it calls in turn: the rest follows as the program runs. An implementation that is
 * one instruction, called on a trait value, gets a function made for it: its operands as parameters, the instruction, ret.
 */
#include "vm/specialise.h"

#include <stdlib.h>
#include <string.h>

#include "vm/object.h"

#define TABLE_START 64

bool program_index_init(Program *program) {
  ProgramIndex *index = calloc(1, sizeof *index);
  program->index = index;
  if (!index) return false;
  const Module *module = program->module;
  uint32_t nmethods = 0;
  index->impl_methods = calloc((size_t)module->nimpls + 1, sizeof *index->impl_methods);
  if (!index->impl_methods) return false;
  for (uint32_t i = 0; i < module->nimpls; i++) {
    index->impl_methods[i] = nmethods;
    nmethods += module->traits[module->impls[i].trait->decl].nmethods;
  }
  index->made = calloc((size_t)nmethods + 1, sizeof *index->made);
  index->codes = calloc(TABLE_START, sizeof *index->codes);
  index->codes_mask = TABLE_START - 1;
  index->traits = calloc(TABLE_START, sizeof *index->traits);
  index->traits_mask = TABLE_START - 1;
  return index->made && index->codes && index->traits;
}

void program_index_free(Program *program) {
  ProgramIndex *index = program->index;
  if (!index) return;
  free(index->impl_methods);
  free(index->made);
  free(index->codes);
  free(index->traits);
  free(index->plain.types);
  free(index->plain.owners);
  free(index->own.types);
  free(index->own.owners);
  free(index->heights);
  free(index->operands);
  free(index->initialised);
  bump_free(&index->bump);
  free(index);
  program->index = NULL;
}

/* Concrete types */

static bool memo_reserve(TypeMemo *memo, const Module *module, uint32_t id) {
  if (id < memo->count) return true;
  uint32_t count = (uint32_t)type_table_count(module->types) + 16;
  const Type **types = realloc(memo->types, count * sizeof *types);
  if (types) memo->types = types;
  uint32_t *owners = realloc(memo->owners, count * sizeof *owners);
  if (owners) memo->owners = owners;
  if (!types || !owners) return false;
  memset(owners + memo->count, 0, (count - memo->count) * sizeof *owners);
  memo->count = count;
  return true;
}

const Type *code_concrete(const Code *code, const Type *type) {
  Program *program = code->program;
  TypeMemo *memo = type->has_param ? &program->index->own : &program->index->plain;
  uint32_t owner = type->has_param ? code->index + 1 : 1;
  if (!memo_reserve(memo, program->module, type->id)) {
    memory_failures++;
    return NULL;
  }
  if (memo->owners[type->id] == owner) return memo->types[type->id];
  const Type *concrete = type_subst(program->types, type, code->targs, code->function->ntparams);
  if (!concrete) return NULL;
  memo->owners[type->id] = owner;
  memo->types[type->id] = concrete;
  return concrete;
}

/* Instances */

static uint32_t hash_code(uint32_t function, const Type *const *targs, uint32_t ntargs) {
  uint32_t hash = function * UINT32_C(0x9e3779b1);
  for (uint32_t i = 0; i < ntargs; i++) hash = (hash ^ hash >> 15 ^ targs[i]->id) * UINT32_C(0x85ebca6b);
  return hash ^ hash >> 13;
}

static Code **find_code(const ProgramIndex *index, uint32_t function, const Type *const *targs, uint32_t ntargs) {
  uint32_t at = hash_code(function, targs, ntargs) & index->codes_mask;
  for (; index->codes[at]; at = (at + 1) & index->codes_mask) {
    const Code *code = index->codes[at];
    if (code->function_index == function && (ntargs == 0 || memcmp(code->targs, targs, ntargs * sizeof *targs) == 0)) break;
  }
  return &index->codes[at];
}

static bool reserve_code(Program *program) {
  ProgramIndex *index = program->index;
  if (program->ncodes == program->codes_cap) {
    uint32_t capacity = program->codes_cap ? program->codes_cap * 2 : 32;
    Code **codes = realloc(program->codes, capacity * sizeof *codes);
    if (!codes) return false;
    program->codes = codes;
    program->codes_cap = capacity;
  }
  if ((program->ncodes + 1) * 2 <= index->codes_mask) return true;
  ProgramIndex bigger = {.codes_mask = index->codes_mask * 2 + 1};
  bigger.codes = calloc((size_t)bigger.codes_mask + 1, sizeof *bigger.codes);
  if (!bigger.codes) return false;
  for (uint32_t i = 0; i < program->ncodes; i++) {
    Code *code = program->codes[i];
    *find_code(&bigger, code->function_index, code->targs, code->function->ntparams) = code;
  }
  free(index->codes);
  index->codes = bigger.codes;
  index->codes_mask = bigger.codes_mask;
  return true;
}

/* The Code for concrete type arguments, ready or not. */
static Code *intern_code(Program *program, uint32_t number, const Function *function, const Type *const *targs, Trap *trap) {
  ProgramIndex *index = program->index;
  uint32_t ntargs = function->ntparams;
  Code *code = *find_code(index, number, targs, ntargs);
  if (code) return code;
  *trap = TRAP_INSTANCES;
  uint64_t generic = ntargs ? function->ncode : 0;
  if (program->ncodes >= program->codes_max || generic > PROGRAM_INSNS_MAX - program->generic_insns) return NULL;
  *trap = TRAP_OUT_OF_MEMORY;
  if (!reserve_code(program)) return NULL;
  code = bump_alloc(&index->bump, sizeof *code);
  const Type **copy = bump_alloc(&index->bump, (ntargs + 1) * sizeof *copy);
  if (!code || !copy) return NULL;
  if (ntargs) memcpy(copy, targs, ntargs * sizeof *copy);
  *code = (Code){.program = program, .function = function, .function_index = number, .index = program->ncodes, .targs = copy};
  code->cost = function->ncode;
  *find_code(index, number, targs, ntargs) = code;
  program->codes[program->ncodes++] = code;
  program->generic_insns += generic;
  *trap = TRAP_NONE;
  return code;
}

static Code *ready_code(Program *program, uint32_t number, const Function *function, const Type *const *targs, Trap *trap) {
  Code *code = intern_code(program, number, function, targs, trap);
  if (!code) return NULL;
  *trap = program_code_ready(program, code);
  return *trap == TRAP_NONE ? code : NULL;
}

Code *program_code(Program *program, uint32_t number, const Type *const *targs, uint32_t ntargs, Trap *trap) {
  const Function *function = program_function(program, number);
  *trap = TRAP_INSTANCES;
  return function && function->ntparams == ntargs ? ready_code(program, number, function, targs, trap) : NULL;
}

/* Callees */

void program_resolve_bound(Program *program, const Type *trait, const Type *type, uint32_t method, BoundTarget *target) {
  target->kind = type->kind == TYPE_TRAIT ? BOUND_TRAIT : BOUND_FAILS;
  target->impl = module_find_impl(program->module, program->types, trait, type, target->args);
  if (!target->impl) return;
  target->method = &target->impl->methods[method];
  target->kind = target->method->is_op ? BOUND_OP : BOUND_FUNCTION;
  target->op = target->method->op;
}

/* The instance that an impl's method is, given the impl's concrete arguments. */
static Code *impl_code(Program *program, const BoundTarget *target, Trap *trap) {
  const Type *targs[MODULE_TPARAMS_MAX];
  *trap = TRAP_INSTANCES;
  for (uint32_t i = 0; i < target->method->ntargs; i++) {
    targs[i] = type_subst(program->types, target->method->targs[i], target->args, target->impl->ntparams);
    if (!targs[i]) return NULL;
  }
  return program_code(program, target->method->function, targs, target->method->ntargs, trap);
}

/* What failed for want of memory does not say that there are too many. */
static void trap_settle(Trap *trap, uint64_t failures) {
  if (*trap == TRAP_INSTANCES && memory_failures != failures) *trap = TRAP_OUT_OF_MEMORY;
}

static Code *callee_find(Program *program, Code *code, CodeInsn *insn, Trap *trap) {
  const Insn *portable = &code->function->code[insn - code->insns];
  Code *callee = NULL;
  *trap = TRAP_INSTANCES;
  if (portable->op == OP_CALL_BOUND) {
    const Type *trait = code_concrete(code, portable->t), *type = code_concrete(code, portable->x.u);
    BoundTarget target = {.kind = BOUND_FAILS};
    if (trait && type) program_resolve_bound(program, trait, type, portable->a, &target);
    if (target.kind == BOUND_FUNCTION) callee = impl_code(program, &target, trap);
  } else {
    const Type *targs[MODULE_TPARAMS_MAX];
    for (uint32_t i = 0; i < portable->ntargs; i++) {
      targs[i] = code_concrete(code, portable->x.targs[i]);
      if (!targs[i]) return NULL;
    }
    callee = program_code(program, portable->a, targs, portable->ntargs, trap);
  }
  insn->x.callee = callee;
  return callee;
}

Code *program_callee(Program *program, Code *code, CodeInsn *insn, Trap *trap) {
  if (insn->x.callee) return insn->x.callee;
  uint64_t failures = memory_failures;
  Code *callee = callee_find(program, code, insn, trap);
  if (!callee) trap_settle(trap, failures);
  return callee;
}

static struct ObjDesc *closure_find(Program *program, Code *code, CodeInsn *insn, Trap *trap) {
  const Insn *portable = &code->function->code[insn - code->insns];
  const Type *targs[MODULE_TPARAMS_MAX];
  *trap = TRAP_INSTANCES;
  for (uint32_t i = 0; i < portable->ntargs; i++) {
    targs[i] = code_concrete(code, portable->x.targs[i]);
    if (!targs[i]) return NULL;
  }
  Code *callee = program_code(program, portable->a, targs, portable->ntargs, trap);
  if (!callee) return NULL;
  insn->x.p = desc_closure(program, insn->t, callee, insn->v);
  if (!insn->x.p) *trap = TRAP_OUT_OF_MEMORY;
  return insn->x.p;
}

struct ObjDesc *program_closure(Program *program, Code *code, CodeInsn *insn, Trap *trap) {
  if (insn->x.p) return insn->x.p;
  uint64_t failures = memory_failures;
  struct ObjDesc *desc = closure_find(program, code, insn, trap);
  if (!desc) trap_settle(trap, failures);
  return desc;
}

/* Calls on trait values */

/* A function of an impl's type parameters that does what the one instruction does. NULL when memory is out. */
static const Function *make_function(Program *program, const Impl *impl, uint32_t k) {
  Module *module = program->module;
  Bump *bump = &program->index->bump;
  const Trait *trait = &module->traits[impl->trait->decl];
  const Method *method = &trait->methods[k];
  uint32_t n = method->nparams;
  const Type *args[MODULE_TPARAMS_MAX] = {impl->type};
  for (uint32_t i = 0; i < impl->trait->nargs; i++) args[i + 1] = impl->trait->args[i];
  Function *f = bump_alloc(bump, sizeof *f);
  const Type **params = bump_alloc(bump, n * sizeof *params);
  Insn *code = bump_alloc(bump, (n + 2) * sizeof *code);
  if (!f || !params || !code) return NULL;
  for (uint32_t i = 0; i < n; i++) {
    params[i] = type_subst(module->types, method->params[i], args, trait->ntparams);
    if (!params[i]) return NULL;
    code[i] = (Insn){.op = OP_LOCAL_GET, .a = i};
  }
  code[n] = (Insn){.op = impl->methods[k].op, .t = impl->type};
  code[n + 1] = (Insn){.op = OP_RET};
  *f = (Function){.name = method->name, .ntparams = impl->ntparams, .tparams = impl->tparams, .nparams = n, .params = params,
                  .nlocals = n, .locals = params, .ncode = n + 2, .code = code};
  f->result = type_subst(module->types, method->result, args, trait->ntparams);
  return f->result ? f : NULL;
}

/* The function made for method `method` of an impl, made now if need be; NULL when memory is out. */
static const Function *made_function(Program *program, const Impl *impl, uint32_t method) {
  ProgramIndex *index = program->index;
  uint32_t number = index->impl_methods[impl - program->module->impls] + method;
  if (!index->made[number]) index->made[number] = make_function(program, impl, method);
  return index->made[number];
}

static Code *made_code(Program *program, const BoundTarget *target, uint32_t method, Trap *trap) {
  const Function *function = made_function(program, target->impl, method);
  *trap = TRAP_OUT_OF_MEMORY;
  if (!function) return NULL;
  uint32_t number = program->module->nfunctions + program->index->impl_methods[target->impl - program->module->impls] + method;
  return ready_code(program, number, function, target->args, trap);
}

const Function *program_function(Program *program, uint32_t number) {
  const Module *module = program->module;
  if (number < module->nfunctions) return &module->functions[number];
  uint32_t method = number - module->nfunctions, low = 0, high = module->nimpls;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (program->index->impl_methods[middle] <= method) low = middle; else high = middle;
  }
  /* Of impls of traits without methods, which share their number with the next, this finds the last: the one that has it. */
  if (low >= module->nimpls) return NULL;
  const Impl *impl = &module->impls[low];
  method -= program->index->impl_methods[low];
  if (method >= module->traits[impl->trait->decl].nmethods || !impl->methods[method].is_op) return NULL;
  return made_function(program, impl, method);
}

static TraitEntry *find_trait(TraitEntry *entries, uint32_t mask, const Type *trait, uint32_t method, uint32_t desc) {
  uint32_t hash = (trait->id * UINT32_C(0x9e3779b1) ^ desc) * UINT32_C(0x85ebca6b) ^ method * UINT32_C(0xc2b2ae35);
  uint32_t at = (hash ^ hash >> 15) & mask;
  for (; entries[at].trait; at = (at + 1) & mask) {
    if (entries[at].trait == trait && entries[at].method == method && entries[at].desc == desc) break;
  }
  return &entries[at];
}

static bool reserve_trait(ProgramIndex *index) {
  if ((index->ntraits + 1) * 2 <= index->traits_mask) return true;
  uint32_t mask = index->traits_mask * 2 + 1;
  TraitEntry *bigger = calloc((size_t)mask + 1, sizeof *bigger);
  if (!bigger) return false;
  for (uint32_t i = 0; i <= index->traits_mask; i++) {
    const TraitEntry *e = &index->traits[i];
    if (e->trait) *find_trait(bigger, mask, e->trait, e->method, e->desc) = *e;
  }
  free(index->traits);
  index->traits = bigger;
  index->traits_mask = mask;
  return true;
}

Code *program_method_code(Program *program, const Type *trait, uint32_t method, const Type *type, Trap *trap) {
  BoundTarget target = {.kind = BOUND_FAILS};
  uint64_t failures = memory_failures;
  *trap = TRAP_INSTANCES;
  program_resolve_bound(program, trait, type, method, &target);
  Code *code = target.kind == BOUND_FUNCTION ? impl_code(program, &target, trap)
               : target.kind == BOUND_OP     ? made_code(program, &target, method, trap)
                                             : NULL;
  if (!code) trap_settle(trap, failures);
  return code;
}

Code *program_trait_code(Program *program, const Type *trait, uint32_t method, const struct ObjDesc *desc, Trap *trap) {
  ProgramIndex *index = program->index;
  TraitEntry *entry = find_trait(index->traits, index->traits_mask, trait, method, desc->number);
  if (entry->trait) return entry->code;
  const Type *type = desc->kind == OBJ_STRING ? type_simple(program->types, TYPE_STRING) : desc->type;
  *trap = TRAP_OUT_OF_MEMORY;
  Code *code = type ? program_method_code(program, trait, method, type, trap) : NULL;
  if (!code || !reserve_trait(index)) return code;
  entry = find_trait(index->traits, index->traits_mask, trait, method, desc->number);
  *entry = (TraitEntry){trait, method, desc->number, code};
  index->ntraits++;
  return code;
}

bool desc_is_type(const struct ObjDesc *desc, const Type *type) {
  return desc->kind == OBJ_STRING ? type->kind == TYPE_STRING : desc->type == type;
}
