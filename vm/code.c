/* code.c - the instructions of one instance: portable code with slots, widths, offsets and targets filled in (CodeInsn, program.h).
 *
 * One linear pass, as the verifier's: insn_effect says how many operands an instruction takes and what types it leaves, and here each
 * operand gets its slots. Only widths matter, so the pass keeps the slot where each operand begins. Also here: which slots of a frame hold
 * references before a given instruction, found by the same pass from the nearest label, and source positions.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/object.h"
#include "vm/specialise.h"

#define OPERANDS_MAX 4096 /* the verifier's limit */
#define GROUP_SLOTS_MAX 255 /* slots of a call's arguments, a closure's captures, a case's payload */

typedef struct Maker {
  Program *program;
  Code *code;
  const Function *f;
  Effect *effect;
  uint32_t *heights; /* heights[i]: slot of operand i; heights[depth]: the first free slot */
  uint32_t depth;
  uint32_t deepest;
  uint32_t pc;
  Trap trap;
} Maker;

static void give_up(Maker *m, Trap trap) {
  if (m->trap == TRAP_NONE) m->trap = trap;
}

static const Type *concrete(Maker *m, const Type *type) {
  const Type *made = code_concrete(m->code, type);
  if (!made) give_up(m, TRAP_INSTANCES);
  return made;
}

/* Slots of a concrete type; 0 and a trap when there are too many. */
static uint8_t width(Maker *m, const Type *type) {
  if (!type || type->slots > TYPE_SLOTS_MAX) {
    give_up(m, TRAP_INSTANCES);
    return 0;
  }
  return (uint8_t)type->slots;
}

static uint8_t group(Maker *m, uint32_t slots) {
  if (slots > GROUP_SLOTS_MAX) give_up(m, TRAP_INSTANCES);
  return (uint8_t)slots;
}

static const Type *opt_of(Maker *m, const Type *type) {
  const Type *opt = type ? type_unary(m->program->types, TYPE_OPT, type) : NULL;
  if (!opt) give_up(m, TRAP_INSTANCES);
  return opt;
}

static ObjDesc *desc_of(Maker *m, const Type *type) {
  ObjDesc *desc = type && m->trap == TRAP_NONE ? desc_for(m->program, type) : NULL;
  if (!desc) give_up(m, TRAP_INSTANCES);
  return desc;
}

static ObjDesc *desc_of_kind(Maker *m, TypeKind kind, const Type *first, const Type *second) {
  const Type *args[2] = {first, second};
  return desc_of(m, first ? type_intern(m->program->types, kind, 0, args, second ? 2 : 1) : NULL);
}

/* The instruction under way: `in` is NULL when it stands in for a call through a bound. t and u are concrete or NULL. */
typedef struct Fill {
  Maker *m;
  CodeInsn *out;
  const Insn *in;
  const Type *t, *u;
  uint32_t first; /* slot of the first operand */
} Fill;

static void fill_target(const Fill *s) {
  uint32_t target = s->m->f->labels[s->in->a].pc;
  s->out->a = target;
  s->out->cost = target <= s->m->pc ? s->m->pc - target + 1 : 0;
}

static void fill_switch(const Fill *s) {
  uint32_t count = s->in->b;
  uint32_t *targets = bump_alloc(&s->m->program->index->bump, (2 * (size_t)count + 1) * sizeof *targets);
  s->out->k = count;
  s->out->x.targets = targets;
  if (!targets) {
    give_up(s->m, TRAP_OUT_OF_MEMORY);
    return;
  }
  for (uint32_t i = 0; i < count; i++) {
    uint32_t target = s->m->f->labels[s->m->f->switches[s->in->a + i]].pc;
    targets[i] = target;
    targets[count + i] = target <= s->m->pc ? s->m->pc - target + 1 : 0;
  }
}

static void fill_opt(const Fill *s) {
  s->out->t = opt_of(s->m, s->t);
  s->out->w = width(s->m, s->t);
  s->out->v = width(s->m, s->out->t);
}

static void fill_result(const Fill *s) {
  s->out->t = s->t;
  s->out->v = width(s->m, s->t);
  s->out->w = s->out->v ? (uint8_t)(s->out->v - 1) : 0;
}

static void fill_branch(const Fill *s) {
  CodeInsn *out = s->out;
  if (out->op == OP_SWITCH) {
    fill_switch(s);
    return;
  }
  fill_target(s);
  switch (out->op) {
    case OP_BR_NIL: fill_opt(s); break;
    case OP_BR_ERR: fill_result(s); break;
    case OP_BR_UNCASE: {
      uint32_t slots = 0;
      for (uint32_t i = 0; i < s->m->effect->npushes; i++) slots += width(s->m, concrete(s->m, s->m->effect->pushes[i]));
      out->t = s->t;
      out->w = 1;
      out->b = out->k = s->in->b;
      out->v = group(s->m, slots);
      break;
    }
    case OP_BR_UNIS:
      out->t = s->t;
      out->x.u = s->u;
      out->w = 1;
      out->v = width(s->m, s->u);
      break;
    default: break;
  }
}

static void fill_call(const Fill *s) {
  Maker *m = s->m;
  CodeInsn *out = s->out;
  uint32_t slots = out->sp - s->first;
  out->a = s->first;
  out->w = width(m, concrete(m, m->effect->pushes[0]));
  out->v = group(m, out->op == OP_CALL_FN ? slots - 1 : slots);
  if (out->op == OP_CALL_IMPORT) {
    out->b = s->in->a;
    out->x.native = m->program->natives[s->in->a];
  } else if (out->op != OP_CALL) {
    out->t = s->t;
    out->k = out->op == OP_CALL_TRAIT ? s->in->a : 0;
  }
}

static void fill_fn_new(const Fill *s) {
  s->out->a = s->first;
  s->out->v = group(s->m, s->out->sp - s->first);
  s->out->w = 1;
  s->out->b = s->in->b;
  s->out->t = concrete(s->m, s->m->effect->pushes[0]);
}

static void fill_variable(const Fill *s) {
  Maker *m = s->m;
  CodeInsn *out = s->out;
  uint32_t index = s->in->a;
  if (out->op == OP_LOCAL_GET || out->op == OP_LOCAL_SET) {
    out->a = m->code->local_slots[index];
    out->k = index;
    out->t = m->code->local_types[index];
  } else {
    out->a = m->program->global_slots[index];
    out->b = index;
    out->t = m->program->global_types[index];
  }
  out->w = width(m, out->t);
}

static void fill_constant(const Fill *s) {
  CodeInsn *out = s->out;
  switch (out->op) {
    case OP_INT_CONST: out->x.i = s->in->x.i; break;
    case OP_FLOAT_CONST: out->x.f = s->in->x.f; break;
    case OP_BOOL_CONST:
    case OP_CHAR_CONST: out->x.i = s->in->a; break;
    case OP_STRING_CONST:
      out->b = s->in->a;
      out->x.p = s->m->program->strings[s->in->a];
      break;
    default: break;
  }
}

static void fill_tuple_get(const Fill *s) {
  CodeInsn *out = s->out;
  out->t = s->t;
  out->v = width(s->m, s->t);
  out->k = s->in->a;
  for (uint32_t i = 0; i < out->k; i++) out->a += s->t->args[i]->slots;
  out->w = width(s->m, s->t->args[out->k]);
}

static void fill_field(const Fill *s) {
  CodeInsn *out = s->out;
  const ObjDesc *desc = desc_of(s->m, s->t);
  if (!desc) return;
  out->t = s->t;
  out->k = s->in->a;
  out->a = desc->field_slots[out->k];
  out->w = width(s->m, desc->field_types[out->k]);
}

static void fill_trait_new(const Fill *s) {
  s->out->t = s->t;
  s->out->w = width(s->m, s->t);
  if (!type_is_boxed(s->t) || s->m->trap != TRAP_NONE) return;
  s->out->x.p = desc_box(s->m->program, s->t);
  if (!s->out->x.p) give_up(s->m, TRAP_OUT_OF_MEMORY);
}

static void fill_object(const Fill *s) {
  CodeInsn *out = s->out;
  Maker *m = s->m;
  out->t = s->t;
  switch (out->op) {
    case OP_NEW:
      out->a = s->first;
      out->w = 1;
      out->x.p = desc_of(m, s->t);
      break;
    case OP_ENUM_NEW:
      out->a = s->first;
      out->w = 1;
      out->k = s->in->a;
      out->v = group(m, out->sp - s->first);
      out->x.p = desc_of(m, s->t);
      break;
    case OP_CELL_NEW:
      out->x.p = desc_of_kind(m, TYPE_CELL, s->t, NULL);
      out->w = width(m, s->t);
      break;
    default: out->w = width(m, s->t); break;
  }
}

static void fill_list(const Fill *s) {
  CodeInsn *out = s->out;
  Maker *m = s->m;
  out->t = s->t;
  out->w = width(m, s->t);
  if (out->op == OP_LIST_NEW || out->op == OP_LIST_MAKE || out->op == OP_LIST_SLICE) {
    out->x.p = desc_of_kind(m, TYPE_LIST, s->t, NULL);
  }
  if (out->op == OP_LIST_NEW) {
    out->a = s->first;
    out->k = s->in->a;
  } else if (out->op == OP_LIST_POP) {
    out->x.u = opt_of(m, s->t);
    out->v = width(m, out->x.u);
  }
}

static void fill_map(const Fill *s) {
  CodeInsn *out = s->out;
  Maker *m = s->m;
  out->t = s->t;
  out->w = width(m, s->t);
  if (!s->u) return;
  out->v = width(m, s->u);
  if (out->op == OP_MAP_NEW) {
    out->x.p = desc_of_kind(m, TYPE_MAP, s->t, s->u);
  } else if (out->op == OP_MAP_GET) {
    out->x.u = opt_of(m, s->u);
    width(m, out->x.u);
  } else {
    out->x.u = s->u;
  }
}

static void fill_insn(const Fill *s) {
  CodeInsn *out = s->out;
  Maker *m = s->m;
  switch (out->op) {
    case OP_BR: case OP_BR_IF: case OP_BR_IFNOT: case OP_BR_NIL: case OP_BR_ERR: case OP_BR_UNCASE: case OP_BR_UNIS: case OP_SWITCH:
      fill_branch(s);
      break;
    case OP_CALL: case OP_CALL_TRAIT: case OP_CALL_FN: case OP_CALL_IMPORT: fill_call(s); break;
    case OP_RET: out->w = (uint8_t)m->code->result_slots; break;
    case OP_INT_CONST: case OP_FLOAT_CONST: case OP_BOOL_CONST: case OP_CHAR_CONST: case OP_STRING_CONST: fill_constant(s); break;
    case OP_LOCAL_GET: case OP_LOCAL_SET: case OP_GLOBAL_GET: case OP_GLOBAL_SET: fill_variable(s); break;
    case OP_FN_NEW: fill_fn_new(s); break;
    case OP_TUPLE_GET: fill_tuple_get(s); break;
    case OP_OPT_SOME: case OP_OPT_NIL: case OP_OPT_IS: case OP_OPT_GET: fill_opt(s); break;
    case OP_RES_OK: case OP_RES_ERR: fill_result(s); break;
    case OP_FIELD_GET: case OP_FIELD_SET: fill_field(s); break;
    case OP_TRAIT_NEW: fill_trait_new(s); break;
    case OP_POP: case OP_DUP: case OP_TUPLE_NEW: case OP_NEW: case OP_ENUM_NEW: case OP_CELL_NEW: case OP_CELL_GET: case OP_CELL_SET:
      fill_object(s);
      break;
    case OP_REF_EQ: case OP_ENUM_TAG: out->t = s->t; break;
    case OP_STRING_CONCAT:
      out->k = s->in->a;
      out->a = s->first;
      out->w = 1;
      break;
    default:
      if (out->op >= OP_LIST_NEW && out->op <= OP_LIST_CLEAR) fill_list(s);
      if (out->op >= OP_MAP_NEW && out->op <= OP_MAP_SET) fill_map(s);
  }
}

/* A call through a bound becomes what it reaches. */
static void fill_bound(Fill *s) {
  BoundTarget target;
  program_resolve_bound(s->m->program, s->t, s->u, s->in->a, &target);
  switch (target.kind) {
    case BOUND_TRAIT: s->out->op = OP_CALL_TRAIT; break;
    case BOUND_FUNCTION: s->out->op = OP_CALL; break;
    case BOUND_OP:
      s->out->op = target.op;
      s->in = NULL;
      s->t = s->u;
      s->u = NULL;
      break;
    default: give_up(s->m, TRAP_INSTANCES); return;
  }
  fill_insn(s);
}

static void make_insn(Maker *m, const Insn *in, CodeInsn *out) {
  if (!insn_effect(m->program->module, m->f, in, m->effect, NULL)) {
    give_up(m, TRAP_OUT_OF_MEMORY); /* verified before: only memory can be lacking */
    return;
  }
  const char *imms = op_table[in->op].imms;
  Fill s = {.m = m, .out = out, .in = in, .first = m->heights[m->depth - m->effect->npops]};
  if (strchr(imms, 'T')) s.t = concrete(m, in->t);
  if (strchr(imms, 'U')) s.u = concrete(m, in->x.u);
  if (m->trap != TRAP_NONE) return;
  out->op = in->op;
  out->sp = m->heights[m->depth];
  if (in->op == OP_CALL_BOUND) {
    fill_bound(&s);
  } else {
    fill_insn(&s);
  }
  if (out->op == OP_TASK_SELF) m->program->knows_tasks = true;
}

static void push(Maker *m, const Type *type) {
  uint32_t top = m->heights[m->depth] + width(m, concrete(m, type));
  m->heights[++m->depth] = top;
  if (top > m->deepest) m->deepest = top;
}

static void make_insns(Maker *m, CodeInsn *insns) {
  uint32_t next_label = 0;
  for (m->pc = 0; m->pc < m->f->ncode && m->trap == TRAP_NONE; m->pc++) {
    if (next_label < m->f->nlabels && m->f->labels[next_label].pc == m->pc) {
      const Label *label = &m->f->labels[next_label++];
      m->depth = 0;
      for (uint32_t i = 0; i < label->nstack; i++) push(m, label->stack[i]);
    }
    make_insn(m, &m->f->code[m->pc], &insns[m->pc]);
    if (m->trap != TRAP_NONE) return;
    m->depth -= m->effect->npops;
    for (uint32_t i = 0; i < m->effect->npushes; i++) push(m, m->effect->pushes[i]);
  }
}

static void make_locals(Maker *m) {
  Code *code = m->code;
  const Function *f = m->f;
  code->local_types = bump_alloc(&m->program->index->bump, (f->nlocals + (size_t)1) * sizeof *code->local_types);
  code->local_slots = bump_alloc(&m->program->index->bump, (f->nlocals + (size_t)1) * sizeof *code->local_slots);
  if (!code->local_types || !code->local_slots) {
    give_up(m, TRAP_OUT_OF_MEMORY);
    return;
  }
  uint32_t slot = 0;
  for (uint32_t i = 0; i < f->nlocals; i++) {
    if (i == f->nparams) code->nargs_slots = slot;
    code->local_types[i] = concrete(m, f->locals[i]);
    code->local_slots[i] = slot;
    slot += width(m, code->local_types[i]);
  }
  if (f->nlocals == f->nparams) code->nargs_slots = slot;
  group(m, code->nargs_slots);
  code->nlocals_slots = slot ? slot : 1;
  code->cost += (code->nlocals_slots - code->nargs_slots) / CODE_LOCALS_EACH;
  code->result_slots = width(m, concrete(m, f->result));
}

static bool reserve_scratch(ProgramIndex *index) {
  if (!index->heights) index->heights = malloc((OPERANDS_MAX + 1) * sizeof *index->heights);
  if (!index->operands) index->operands = malloc((OPERANDS_MAX + 1) * sizeof *index->operands);
  return index->heights && index->operands;
}

static Trap make_ready(Program *program, Code *code) {
  ProgramIndex *index = program->index;
  const Function *f = code->function;
  if (!reserve_scratch(index)) return TRAP_OUT_OF_MEMORY;
  Maker m = {.program = program, .code = code, .f = f, .effect = &index->effect, .heights = index->heights};
  make_locals(&m);
  if (m.trap != TRAP_NONE) return m.trap;
  CodeInsn *insns = bump_alloc(&index->bump, f->ncode * sizeof *insns);
  if (!insns) return TRAP_OUT_OF_MEMORY;
  m.deepest = m.heights[0] = code->nlocals_slots;
  make_insns(&m, insns);
  if (m.trap != TRAP_NONE) return m.trap;
  code->frame_slots = m.deepest;
  code->ninsns = f->ncode;
  code->insns = insns;
  return TRAP_NONE;
}

Trap program_code_ready(Program *program, Code *code) {
  if (code->insns) return TRAP_NONE;
  if (code->local_types) return TRAP_INSTANCES; /* tried before: its types have not become smaller */
  uint64_t failures = memory_failures;
  Trap trap = make_ready(program, code);
  if (trap == TRAP_INSTANCES && memory_failures != failures) trap = TRAP_OUT_OF_MEMORY;
  if (trap == TRAP_OUT_OF_MEMORY) code->local_types = NULL;
  return trap;
}

/* Of a ready function, whose result's type has been made before. */
int64_t code_exit_status(const Code *code, const Value *result) {
  const Type *type = code->function->result;
  if (type->kind == TYPE_PARAM) type = code_concrete(code, type);
  return type->kind == TYPE_INT ? result->i : 0;
}

const Type *code_result_type(const Code *code) { return code_concrete(code, code->function->result); }

uint32_t code_pushes(const Code *code, uint32_t pc, const Type **types) {
  Effect *effect = &code->program->index->effect;
  if (!insn_effect(code->program->module, code->function, &code->function->code[pc], effect, NULL)) return 0;
  for (uint32_t i = 0; i < effect->npushes; i++) types[i] = code_concrete(code, effect->pushes[i]);
  return effect->npushes;
}

/* Frames */

static bool live_add(LiveValues *live, uint32_t slot, const Type *type) {
  if (live->count == live->cap) {
    uint32_t cap = live->cap ? 2 * live->cap : 64;
    LiveValue *grown = realloc(live->items, cap * sizeof *grown);
    if (!grown) return false;
    live->items = grown;
    live->cap = cap;
  }
  live->items[live->count++] = (LiveValue){slot, type};
  return true;
}

/* The operand types before pc into index->operands; marks the locals that are initialised there. */
static uint32_t operands_at(const Code *code, uint32_t pc, uint8_t *initialised) {
  ProgramIndex *index = code->program->index;
  const Function *f = code->function;
  const Label *label = function_label(f, pc);
  uint32_t depth = 0, at = label ? label->pc : 0;
  memset(initialised, 0, f->nlocals);
  memset(initialised, 1, f->nparams);
  if (label) {
    for (uint32_t i = 0; i < label->ninit; i++) initialised[label->init[i]] = 1;
    for (; depth < label->nstack; depth++) index->operands[depth] = label->stack[depth];
  }
  for (; at < pc; at++) {
    if (!insn_effect(code->program->module, f, &f->code[at], &index->effect, NULL)) break;
    if (f->code[at].op == OP_LOCAL_SET) initialised[f->code[at].a] = 1;
    depth -= index->effect.npops;
    for (uint32_t i = 0; i < index->effect.npushes; i++) index->operands[depth++] = index->effect.pushes[i];
  }
  return depth;
}

bool code_live(const Code *code, uint32_t pc, bool in_call, LiveValues *live) {
  ProgramIndex *index = code->program->index;
  const Function *f = code->function;
  live->count = 0;
  if (!index->initialised) index->initialised = malloc(MODULE_LOCALS_MAX + 1);
  if (!index->initialised) return false;
  if (in_call) pc--;
  uint32_t depth = operands_at(code, pc, index->initialised), slot = code->nlocals_slots;
  for (uint32_t i = 0; i < f->nlocals; i++) {
    if (index->initialised[i] && !live_add(live, code->local_slots[i], code->local_types[i])) return false;
  }
  for (uint32_t i = 0; i < depth; i++) {
    const Type *type = code_concrete(code, index->operands[i]);
    if (!type) return false;
    if (in_call && slot + type->slots > code->insns[pc].a) break;
    if (!live_add(live, slot, type)) return false;
    slot += type->slots;
  }
  return true;
}

void code_position(const Code *code, uint32_t pc, const char **name, const char **file, uint32_t *line, uint32_t *column) {
  const LineEntry *entry = function_line(code->function, pc);
  *name = code->function->name ? code->function->name : "";
  *file = entry ? code->program->module->strings[entry->file].bytes : NULL;
  *line = entry ? entry->line : 0;
  *column = entry ? entry->column : 0;
}
