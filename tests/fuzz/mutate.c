/* mutate.c - see mutate.h. A change is a function of the table at the end, all equally likely; one that finds nothing to change does nothing.
 *
 * Changes of code prefer what may verify: an instruction gives way to one of the same signature, a local to one of the same type, and what is
 * inserted leaves the stack as it was; wilder ones stand beside them. Types are changed in one place, or one for another in all places.
 */
#include "tests/fuzz/mutate.h"

#include <math.h>
#include <string.h>

#include "tests/fuzz/chance.h"
#include "vm/codec.h"
#include "vm/op.h"

typedef struct Mutator {
  Module *module;
  uint64_t state;
  Function *function; /* that the change is in */
} Mutator;

/* Chance */

static int64_t random_integer(Mutator *m) {
  static const int64_t edges[] = {0, 1, -1, 2, 7, 63, 64, 127, 128, 255, 256, 0xd800, 0x10ffff, 65535, 65536, INT32_MAX, INT32_MIN,
                                  (int64_t)1 << 53, INT64_MAX, INT64_MIN, INT64_MAX - 1, -2, 1000};
  return one_in(m, 4) ? (int64_t)(chance(m) >> roll(m, 64)) : edges[roll(m, sizeof edges / sizeof *edges)];
}

static double random_real(Mutator *m) {
  static const double edges[] = {0.0, -0.0, 1.0, -1.5, 0.1, 1e300, 1e-320, 0x1p63, -0x1p63, INFINITY, -INFINITY};
  return edges[roll(m, sizeof edges / sizeof *edges)];
}

/* Arrays */

/* Makes a gap of `count` elements at `at` in an array that is not only ever pushed to; the gap is zero. */
static bool array_open(Mutator *m, void *array, uint32_t *length, size_t size, uint32_t at, uint32_t count) {
  char *items, *grown = module_alloc(m->module, (*length + (size_t)count) * size);
  if (!grown) return false;
  memcpy(&items, array, sizeof items);
  if (at) memcpy(grown, items, at * size);
  if (at < *length) memcpy(grown + (at + (size_t)count) * size, items + at * size, (*length - at) * size);
  memcpy(array, &grown, sizeof grown);
  *length += count;
  return true;
}

static void array_close(void *array, uint32_t *length, size_t size, uint32_t at, uint32_t count) {
  char *items;
  memcpy(&items, array, sizeof items);
  memmove(items + at * size, items + (at + (size_t)count) * size, (*length - at - count) * size);
  *length -= count;
}

#define OPEN(m, array, length, at, count) array_open((m), &(array), &(length), sizeof *(array), (at), (count))
#define CLOSE(array, length, at, count) array_close(&(array), &(length), sizeof *(array), (at), (count))

/* Types */

static uint32_t decl_count(const Module *module, TypeKind kind) {
  switch (kind) {
    case TYPE_CLASS: return module->nclasses;
    case TYPE_ENUM: return module->nenums;
    case TYPE_TRAIT: return module->ntraits;
    default: return kind == TYPE_PARAM ? 3 : 1;
  }
}

static const Type *type_any(Mutator *m) {
  size_t count = type_table_count(m->module->types);
  return count ? type_table_at(m->module->types, roll(m, count)) : type_simple(m->module->types, TYPE_INT);
}

/* A type that is there, or one made of such. Never NULL but when memory is out. */
static const Type *random_type(Mutator *m) {
  const Type *args[3], *type = NULL;
  if (one_in(m, 3)) {
    TypeKind kind = (TypeKind)(1 + roll(m, TYPE_KIND_END - 1));
    uint32_t decls = decl_count(m->module, kind);
    int params = type_kind_params(kind);
    uint32_t nargs = params < 0 ? roll(m, 4) : (uint32_t)params;
    for (uint32_t i = 0; i < nargs; i++) args[i] = type_any(m);
    if (decls) type = type_intern(m->module->types, kind, type_kind_has_decl(kind) ? roll(m, decls) : 0, args, nargs);
  }
  return type ? type : type_any(m);
}

typedef void (*TypeVisit)(Mutator *m, const Type **type, void *ctx);

static void types_visit(Mutator *m, const Type **types, uint32_t count, TypeVisit visit, void *ctx) {
  for (uint32_t i = 0; i < count; i++) visit(m, &types[i], ctx);
}

static void tparams_visit(Mutator *m, TypeParam *tparams, uint32_t count, TypeVisit visit, void *ctx) {
  for (uint32_t i = 0; i < count; i++) types_visit(m, tparams[i].bounds, tparams[i].nbounds, visit, ctx);
}

static void fields_visit(Mutator *m, Field *fields, uint32_t count, TypeVisit visit, void *ctx) {
  for (uint32_t i = 0; i < count; i++) visit(m, &fields[i].type, ctx);
}

typedef struct InsnVisit { Mutator *m; TypeVisit visit; void *ctx; } InsnVisit;

static bool insn_type_visit(void *ctx, const Type **type) {
  const InsnVisit *v = ctx;
  v->visit(v->m, type, v->ctx);
  return true;
}

static bool insn_targs_visit(void *ctx, uint32_t *count, const Type ***targs) {
  const InsnVisit *v = ctx;
  types_visit(v->m, *targs, *count, v->visit, v->ctx);
  return true;
}

static void function_visit(Mutator *m, Function *f, TypeVisit visit, void *ctx) {
  static const ImmVisitor visitor = {.type = insn_type_visit, .targs = insn_targs_visit};
  InsnVisit in_code = {m, visit, ctx};
  tparams_visit(m, f->tparams, f->ntparams, visit, ctx);
  types_visit(m, f->params, f->nparams, visit, ctx);
  visit(m, &f->result, ctx);
  for (uint32_t i = 0; i < f->nparams; i++) f->locals[i] = f->params[i];
  types_visit(m, f->locals + f->nparams, f->nlocals - f->nparams, visit, ctx);
  for (uint32_t i = 0; i < f->nlabels; i++) types_visit(m, f->labels[i].stack, f->labels[i].nstack, visit, ctx);
  for (uint32_t i = 0; i < f->ncode; i++) insn_walk(&f->code[i], &visitor, &in_code);
}

static void decls_visit(Mutator *m, TypeVisit visit, void *ctx) {
  Module *module = m->module;
  for (uint32_t i = 0; i < module->nclasses; i++) {
    tparams_visit(m, module->classes[i].tparams, module->classes[i].ntparams, visit, ctx);
    fields_visit(m, module->classes[i].fields, module->classes[i].nfields, visit, ctx);
  }
  for (uint32_t i = 0; i < module->nenums; i++) {
    tparams_visit(m, module->enums[i].tparams, module->enums[i].ntparams, visit, ctx);
    for (uint32_t j = 0; j < module->enums[i].ncases; j++) {
      fields_visit(m, module->enums[i].cases[j].fields, module->enums[i].cases[j].nfields, visit, ctx);
    }
  }
  for (uint32_t i = 0; i < module->ntraits; i++) {
    tparams_visit(m, module->traits[i].tparams, module->traits[i].ntparams, visit, ctx);
    for (uint32_t j = 0; j < module->traits[i].nmethods; j++) {
      Method *method = &module->traits[i].methods[j];
      types_visit(m, method->params, method->nparams, visit, ctx);
      visit(m, &method->result, ctx);
    }
  }
  for (uint32_t i = 0; i < module->nglobals; i++) visit(m, &module->globals[i].type, ctx);
  for (uint32_t i = 0; i < module->nimpls; i++) {
    Impl *impl = &module->impls[i];
    tparams_visit(m, impl->tparams, impl->ntparams, visit, ctx);
    visit(m, &impl->type, ctx);
    for (uint32_t j = 0; j < impl_method_count(module, impl); j++) {
      types_visit(m, impl->methods[j].targs, impl->methods[j].ntargs, visit, ctx);
    }
  }
}

static void type_count(Mutator *m, const Type **type, void *ctx) { ++*(uint32_t *)ctx; }

static void type_change(Mutator *m, const Type **type, void *ctx) {
  uint32_t *left = ctx;
  if ((*left)-- == 0) *type = random_type(m);
}

typedef struct Swap { const Type *from, *to; } Swap;

static const Type *type_swapped(Mutator *m, const Type *type, const Swap *swap) {
  if (type == swap->from) return swap->to;
  const Type *args[TYPE_ARGS_MAX];
  for (uint32_t i = 0; i < type->nargs; i++) args[i] = type_swapped(m, type->args[i], swap);
  const Type *swapped = type_intern(m->module->types, type->kind, type->decl, args, type->nargs);
  return swapped ? swapped : type;
}

static void type_swap(Mutator *m, const Type **type, void *ctx) { *type = type_swapped(m, *type, ctx); }

static void change_declared_type(Mutator *m) {
  uint32_t count = 0;
  decls_visit(m, type_count, &count);
  count = roll(m, count);
  decls_visit(m, type_change, &count);
}

static void change_function_type(Mutator *m) {
  uint32_t count = 0;
  function_visit(m, m->function, type_count, &count);
  count = roll(m, count);
  function_visit(m, m->function, type_change, &count);
}

static void swap_function_types(Mutator *m) {
  Swap swap = {type_any(m), random_type(m)};
  function_visit(m, m->function, type_swap, &swap);
}

static void swap_all_types(Mutator *m) {
  Swap swap = {type_any(m), random_type(m)};
  decls_visit(m, type_swap, &swap);
  for (uint32_t i = 0; i < m->module->nfunctions; i++) function_visit(m, &m->module->functions[i], type_swap, &swap);
}

/* Instructions */

static uint32_t local_like(Mutator *m, uint32_t local) {
  const Function *f = m->function;
  if (f->nlocals == 0) return 0;
  for (uint32_t i = 0; i < 16; i++) {
    uint32_t other = roll(m, f->nlocals);
    if (local >= f->nlocals || f->locals[other] == f->locals[local]) return other;
  }
  return roll(m, f->nlocals);
}

static uint32_t label_like(Mutator *m, uint32_t label) {
  const Function *f = m->function;
  for (uint32_t i = 0; i < 16; i++) {
    uint32_t other = roll(m, f->nlabels);
    if (label >= f->nlabels || f->labels[other].nstack == f->labels[label].nstack) return other;
  }
  return roll(m, f->nlabels);
}

static uint32_t random_char(Mutator *m) {
  static const uint32_t chars[] = {0, 'a', ' ', '9', 0x7f, 0x80, 0xdf, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0x1f600, 0x10ffff};
  return chars[roll(m, sizeof chars / sizeof *chars)];
}

/* One immediate of an instruction is changed: the one that is reached when `left` is 0. */
typedef struct ImmChange { Mutator *m; uint32_t left; } ImmChange;

static bool imm_number_change(void *ctx, char letter, uint32_t *value) {
  ImmChange *change = ctx;
  Mutator *m = change->m;
  const Module *module = m->module;
  if (change->left-- != 0) return true;
  switch (letter) {
    case 'b': *value ^= 1; break;
    case 'c': *value = random_char(m); break;
    case 'l': *value = local_like(m, *value); break;
    case 'L': *value = label_like(m, *value); break;
    case 'g': *value = roll(m, module->nglobals); break;
    case 's': *value = roll(m, module->nstrings); break;
    case 'm': *value = roll(m, module->nimports); break;
    case 'F': *value = roll(m, module->nfunctions); break;
    default: *value = one_in(m, 8) ? (uint32_t)chance(m) : *value + roll(m, 5) - 2;
  }
  return true;
}

static bool imm_integer_change(void *ctx, int64_t *value) {
  ImmChange *change = ctx;
  if (change->left-- == 0) *value = one_in(change->m, 2) ? random_integer(change->m) : (int64_t)((uint64_t)*value + roll(change->m, 5) - 2);
  return true;
}

static bool imm_real_change(void *ctx, double *value) {
  ImmChange *change = ctx;
  if (change->left-- == 0) *value = random_real(change->m);
  return true;
}

static bool imm_type_change(void *ctx, const Type **type) {
  ImmChange *change = ctx;
  if (change->left-- == 0) *type = random_type(change->m);
  return true;
}

static bool imm_targs_change(void *ctx, uint32_t *count, const Type ***targs) {
  ImmChange *change = ctx;
  if (change->left-- == 0 && *count) (*targs)[roll(change->m, *count)] = random_type(change->m);
  return true;
}

static bool imm_labels_change(void *ctx, uint32_t *first, uint32_t *count) {
  ImmChange *change = ctx;
  Function *f = change->m->function;
  if (change->left-- != 0 || *count == 0) return true;
  if (one_in(change->m, 3)) --*count; /* the label itself stays in the list of switches and is no longer used */
  else f->switches[*first + roll(change->m, *count)] = label_like(change->m, 0);
  return true;
}

static void change_immediate(Mutator *m) {
  static const ImmVisitor visitor = {imm_number_change, imm_integer_change, imm_real_change,
                                     imm_type_change,   imm_targs_change,   imm_labels_change};
  Function *f = m->function;
  for (uint32_t attempt = 0; attempt < 8; attempt++) {
    Insn *insn = &f->code[roll(m, f->ncode)];
    const char *imms = op_table[insn->op].imms;
    if (*imms == 0) continue;
    ImmChange change = {m, roll(m, strlen(imms))};
    insn_walk(insn, &visitor, &change);
    return;
  }
}

/* An instruction with the same immediates; with the same signature too if there is one and the dice want it. */
static void change_op(Mutator *m) {
  Insn *insn = &m->function->code[roll(m, m->function->ncode)];
  bool is_wild = one_in(m, 6);
  for (uint32_t attempt = 0; attempt < 600; attempt++) {
    uint32_t op = roll(m, OP_MAX);
    if (!op_table[op].name || op == insn->op || strcmp(op_table[op].imms, op_table[insn->op].imms) != 0) continue;
    if (!is_wild && strcmp(op_table[op].sig, op_table[insn->op].sig) != 0) continue;
    insn->op = (uint8_t)op;
    return;
  }
}

static void code_moved(Function *f, uint32_t at, int32_t by) {
  for (uint32_t i = 0; i < f->nlabels; i++) {
    if (f->labels[i].pc > at) f->labels[i].pc = (uint32_t)((int64_t)f->labels[i].pc + by);
  }
  f->nlines = 0;
}

static Insn *code_open(Mutator *m, uint32_t at, uint32_t count) {
  Function *f = m->function;
  if (!OPEN(m, f->code, f->ncode, at, count)) return NULL;
  code_moved(f, at, (int32_t)count);
  return &f->code[at];
}

static void insn_delete(Mutator *m) {
  Function *f = m->function;
  uint32_t at = roll(m, f->ncode);
  for (uint32_t i = 0; i < f->nlabels; i++) {
    if (f->labels[i].pc == at + 1 || f->labels[i].pc == f->ncode - 1) return; /* two labels would meet, or one lie behind the code */
  }
  if (f->ncode < 2) return;
  CLOSE(f->code, f->ncode, at, 1);
  code_moved(f, at, -1);
}

/* Puts indexes of another function's instruction in range. */
static bool imm_number_fit(void *ctx, char letter, uint32_t *value) {
  Mutator *m = ctx;
  if (letter == 'l' && *value >= m->function->nlocals) {
    if (m->function->nlocals == 0) return false;
    *value = roll(m, m->function->nlocals);
  }
  if (letter == 'L' && *value >= m->function->nlabels) {
    if (m->function->nlabels == 0) return false;
    *value = roll(m, m->function->nlabels);
  }
  return true;
}

static bool imm_labels_fit(void *ctx, uint32_t *first, uint32_t *count) { return false; }

/* Copies a run of instructions, from this function or another. */
static void code_copy(Mutator *m) {
  static const ImmVisitor visitor = {.number = imm_number_fit, .labels = imm_labels_fit};
  Function *to = m->function, *from = one_in(m, 2) ? to : &m->module->functions[roll(m, m->module->nfunctions)];
  if (from->ncode == 0) return;
  uint32_t first = roll(m, from->ncode), count = 1 + roll(m, one_in(m, 2) ? 3 : 12);
  if (count > from->ncode - first) count = from->ncode - first;
  Insn run[12];
  memcpy(run, from->code + first, count * sizeof *run);
  for (uint32_t i = 0; i < count; i++) {
    if (!insn_walk(&run[i], &visitor, m)) return;
  }
  Insn *gap = code_open(m, roll(m, to->ncode), count);
  if (gap) memcpy(gap, run, count * sizeof *run);
}

static void insn_swap(Mutator *m) {
  Function *f = m->function;
  uint32_t at = roll(m, f->ncode - 1);
  if (f->ncode < 2) return;
  Insn insn = f->code[at];
  f->code[at] = f->code[at + 1];
  f->code[at + 1] = insn;
}

/* Inserts what leaves the stack as it was: a local or constants read, perhaps used, and dropped or stored. */
static void insert_balanced(Mutator *m) {
  Function *f = m->function;
  TypeTable *types = m->module->types;
  uint32_t at = roll(m, f->ncode), local = roll(m, f->nlocals), other = local_like(m, local);
  const Type *type = f->nlocals ? f->locals[local] : NULL;
  Insn copy[] = {{.op = OP_LOCAL_GET, .a = local}, {.op = OP_LOCAL_SET, .a = other}};
  Insn drop[] = {{.op = OP_LOCAL_GET, .a = local}, {.op = OP_DUP, .t = type}, {.op = OP_POP, .t = type}, {.op = OP_POP, .t = type}};
  Insn work[] = {{.op = OP_INT_CONST, .x.i = random_integer(m)},
                 {.op = OP_INT_CONST, .x.i = random_integer(m)},
                 {.op = (uint8_t)(OP_INT_ADD + roll(m, OP_INT_USHR - OP_INT_ADD + 1))},
                 {.op = OP_POP, .t = type_simple(types, TYPE_INT)}};
  uint32_t which = type ? roll(m, 3) : 2, count = which == 0 ? 2 : 4;
  Insn *gap = code_open(m, at, count);
  if (gap) memcpy(gap, which == 0 ? copy : which == 1 ? drop : work, count * sizeof *gap);
}

/* Labels */

static void label_stack_change(Mutator *m, Label *label) {
  uint32_t at = roll(m, label->nstack + 1);
  if (one_in(m, 2) && label->nstack) {
    at = roll(m, label->nstack);
    CLOSE(label->stack, label->nstack, at, 1);
  } else if (OPEN(m, label->stack, label->nstack, at, 1)) {
    label->stack[at] = random_type(m);
  }
}

static void label_init_change(Mutator *m, Label *label) {
  const Function *f = m->function;
  if (label->ninit && one_in(m, 2)) {
    uint32_t gone = roll(m, label->ninit);
    CLOSE(label->init, label->ninit, gone, 1);
    return;
  }
  if (f->nlocals == f->nparams) return;
  uint32_t local = f->nparams + roll(m, f->nlocals - f->nparams), at = 0;
  while (at < label->ninit && label->init[at] < local) at++;
  if (at < label->ninit && label->init[at] == local) return;
  if (OPEN(m, label->init, label->ninit, at, 1)) label->init[at] = local;
}

static void change_label(Mutator *m) {
  Function *f = m->function;
  if (f->nlabels == 0) return;
  uint32_t at = roll(m, f->nlabels), which = roll(m, 3);
  Label *label = &f->labels[at];
  uint32_t least = at ? label[-1].pc + 1 : 0, most = at + 1 < f->nlabels ? label[1].pc : f->ncode;
  if (which == 0 && most > least) label->pc = least + roll(m, most - least);
  else if (which == 1) label_stack_change(m, label);
  else label_init_change(m, label);
}

/* A loop or a jump over code: a label in a free place, and a branch to it. */
static void insert_branch(Mutator *m) {
  Function *f = m->function;
  uint32_t pc = roll(m, f->ncode), at = 0;
  while (at < f->nlabels && f->labels[at].pc < pc) at++;
  if (at < f->nlabels && f->labels[at].pc == pc) return;
  if (!OPEN(m, f->labels, f->nlabels, at, 1)) return;
  f->labels[at].pc = pc;
  for (uint32_t i = 0; i < f->ncode; i++) {
    if (strchr(op_table[f->code[i].op].imms, 'L') && f->code[i].a >= at) f->code[i].a++;
  }
  for (uint32_t i = 0; i < f->nswitches; i++) f->switches[i] += f->switches[i] >= at;
  Insn *gap = code_open(m, roll(m, f->ncode), 2);
  if (!gap) return;
  gap[0] = (Insn){.op = OP_BOOL_CONST, .a = one_in(m, 2)};
  gap[1] = (Insn){.op = OP_BR_IF, .a = at};
}

/* Functions */

static void local_add(Mutator *m) {
  Function *f = m->function;
  if (f->nlocals < MODULE_LOCALS_MAX && OPEN(m, f->locals, f->nlocals, f->nlocals, 1)) f->locals[f->nlocals - 1] = random_type(m);
}

static void function_params_change(Mutator *m) {
  Function *f = m->function;
  if (f->nparams && one_in(m, 2)) {
    f->nparams--; /* the last parameter becomes a plain local */
  } else if (f->nlocals > f->nparams && f->nparams < MODULE_PARAMS_MAX) {
    if (OPEN(m, f->params, f->nparams, f->nparams, 1)) f->params[f->nparams - 1] = f->locals[f->nparams - 1];
  }
  for (uint32_t i = 0; i < f->nlabels; i++) {
    Label *label = &f->labels[i];
    while (label->ninit && label->init[0] < f->nparams) CLOSE(label->init, label->ninit, 0, 1);
  }
}

static TypeParam *random_tparam(Mutator *m) {
  Module *module = m->module;
  TypeParam *tparams = m->function->tparams;
  uint32_t count = m->function->ntparams, which = roll(m, 5);
#define OF(number, kind, all, length) \
  if (which == number && module->length) { \
    kind *decl = &module->all[roll(m, module->length)]; \
    tparams = decl->tparams; \
    count = decl->ntparams; \
  }
  OF(0, Class, classes, nclasses)
  OF(1, Enum, enums, nenums)
  OF(2, Trait, traits, ntraits)
  OF(3, Impl, impls, nimpls)
#undef OF
  return count ? &tparams[roll(m, count)] : NULL;
}

static void change_bounds(Mutator *m) {
  TypeParam *tparam = random_tparam(m);
  if (!tparam) return;
  if (tparam->nbounds && one_in(m, 2)) {
    uint32_t gone = roll(m, tparam->nbounds);
    CLOSE(tparam->bounds, tparam->nbounds, gone, 1);
  } else if (OPEN(m, tparam->bounds, tparam->nbounds, 0, 1)) {
    tparam->bounds[0] = random_type(m);
  }
}

/* Declarations */

static void change_class(Mutator *m) {
  Module *module = m->module;
  if (module->nclasses == 0) return;
  Class *class = &module->classes[roll(m, module->nclasses)];
  if (class->nfields && one_in(m, 2)) {
    class->fields[roll(m, class->nfields)].is_mutable ^= true;
  } else if (class->nfields < MODULE_PARAMS_MAX) {
    uint32_t at = roll(m, class->nfields + 1);
    if (OPEN(m, class->fields, class->nfields, at, 1)) class->fields[at] = (Field){"x", random_type(m), one_in(m, 2)};
  }
}

static void change_enum(Mutator *m) {
  Module *module = m->module;
  if (module->nenums == 0) return;
  Enum *en = &module->enums[roll(m, module->nenums)];
  uint32_t at = roll(m, en->ncases + 1);
  if (one_in(m, 3) || en->ncases == 0) {
    if (OPEN(m, en->cases, en->ncases, at, 1)) en->cases[at].name = "x";
  } else {
    Case *c = &en->cases[roll(m, en->ncases)];
    if (c->nfields < MODULE_PARAMS_MAX && OPEN(m, c->fields, c->nfields, 0, 1)) c->fields[0] = (Field){"", random_type(m), false};
  }
}

static void change_trait(Mutator *m) {
  Module *module = m->module;
  if (module->ntraits == 0) return;
  Trait *trait = &module->traits[roll(m, module->ntraits)];
  if (trait->nmethods == 0) return;
  Method *method = &trait->methods[roll(m, trait->nmethods)];
  if (one_in(m, 2)) method->is_dynamic ^= true;
  else if (method->nparams) method->params[roll(m, method->nparams)] = random_type(m);
}

static void change_impl(Mutator *m) {
  Module *module = m->module;
  if (module->nimpls == 0) return;
  Impl *impl = &module->impls[roll(m, module->nimpls)];
  uint32_t count = impl_method_count(module, impl);
  if (count == 0) return;
  ImplMethod *method = &impl->methods[roll(m, count)];
  if (!method->is_op && one_in(m, 2)) method->function = roll(m, module->nfunctions);
  else if (!method->is_op && method->ntargs) method->targs[roll(m, method->ntargs)] = random_type(m);
  else {
    uint32_t op = roll(m, OP_MAX);
    if (op_table[op].name) *method = (ImplMethod){.is_op = true, .op = (uint8_t)op};
  }
}

static void change_global(Mutator *m) {
  if (m->module->nglobals) m->module->globals[roll(m, m->module->nglobals)].type = random_type(m);
}

static void change_entry(Mutator *m) {
  m->module->entry = roll(m, m->module->nfunctions);
}

static void change_string(Mutator *m) {
  static const char *const texts[] = {"", "a", "\xc3\xa9", "\xf0\x9f\x98\x80", "-9223372036854775808", "1e308", ">08.3", "  x\t\n", "a,b,,c", "e\xcc\x81"};
  if (m->module->nstrings == 0) return;
  const char *text = texts[roll(m, sizeof texts / sizeof *texts)];
  m->module->strings[roll(m, m->module->nstrings)] = (StringConst){text, (uint32_t)strlen(text)};
}

static void (*const changes[])(Mutator *m) = {
    change_op,          change_op,       change_op,       change_immediate, change_immediate,       change_immediate, insn_delete,
    code_copy,          code_copy,       insn_swap,       insert_balanced,  insert_balanced,        insert_branch,    change_label,
    change_function_type, swap_function_types, swap_all_types, change_declared_type, local_add, function_params_change, change_bounds,
    change_class,       change_enum,     change_trait,    change_impl,      change_global,          change_entry,     change_string,
};

void module_mutate(Module *module, uint64_t seed) {
  Mutator m = {.module = module, .state = seed};
  if (module->nfunctions == 0) return;
  for (uint32_t n = 1 + roll(&m, one_in(&m, 2) ? 1 : 4); n > 0; n--) {
    /* A compiled program's own functions stand first, before the library's. */
    uint32_t first = module->nfunctions < 6 || one_in(&m, 2) ? module->nfunctions : 6;
    m.function = &module->functions[roll(&m, first)];
    if (m.function->ncode) changes[roll(&m, sizeof changes / sizeof *changes)](&m);
  }
}
