/* translate_ops.c - translating instructions other than the pure ones.
 *
 * Tuples, optionals and results are mostly renaming of operand slots. What has no handler of its own is settled into its slots and becomes
 * EXECUTE, which does what the oracle does.
 */
#include <stddef.h>

#include "vm/execute.h"
#include "vm/object.h"
#include "vm/translator.h"

/* Words of objects that WORD_GET reads. */
#define WORD_OF(type, member) ((uint32_t)(offsetof(type, member) / 8 - 1))
_Static_assert(offsetof(Instance, slots) == 8 && offsetof(EnumObj, tag) == 8 && offsetof(List, length) == 8, "word 0");
_Static_assert(offsetof(Bytes, length) == 8 && offsetof(Map, live) == 8, "word 0");

enum { LOAD_F = 1, LOAD_S = 2, LOADS = 3 }; /* forms of a load's result, after accumulator */

_Static_assert(H_WORD_GET_S_S - H_WORD_GET_S_A == LOAD_S && H_WORD_GET_A_A - H_WORD_GET_S_A == LOADS, "loads");
_Static_assert(H_LIST_GET1_SK_A - H_LIST_GET1_SS_A == 3 * LOADS && H_LIST_GET8_SS_A - H_LIST_GET1_SS_A == 8 * LOADS, "list.get");
_Static_assert(H_LIST_SET1_SA_K - H_LIST_SET1_SS_S == 6 && H_LIST_SET8_SS_S - H_LIST_SET1_SS_S == 14, "list.set");
_Static_assert(H_LIST_PUSH8_S - H_LIST_PUSH1_S == 6, "list.push");

static bool is_float(const Type *type) { return type->kind == TYPE_FLOAT; }

/* Settles everything and leaves the instruction to insn_execute. */
static void execute_emit(Translator *t) {
  model_flush_all(t);
  Cell *cell = emit(t, H_EXECUTE, 2);
  cell[1].p = t->insn;
  cell[1].q = t->code;
}

static Result load_result(Handler handler, uint8_t dst) { return (Result){handler, LOAD_F, LOAD_S, dst}; }

/* Before a load from the object in `slot` to `position`: takes the last cell back if it loads another word of that object into a slot, and nothing will be
 * emitted between the two. */
static bool word_get_join(Translator *t, uint32_t position, uint32_t slot, Cell *load) {
  if (t->acc != NONE) model_flush(t, t->acc);
  model_hazard(t, position, position);
  if (t->failed || t->ncells <= t->barrier || !cell_is(t, t->ncells - 1, H_WORD_GET_S_S)) return false;
  *load = t->cells[t->ncells - 1];
  if (load->a != slot || load->c == slot || t->facc != NONE) return false;
  t->ncells--;
  return true;
}

/* A load from word `word` of the object at `position`, which takes its place. */
static void word_get(Translator *t, uint32_t position, uint32_t word, bool float_result) {
  Cell load;
  operand_prepare(t, position, ACCEPT_A);
  Operand object = operand_read(t, position);
  model_drop(t, position, 1);
  if (object.form == 'A' && word_get_take(t, &load)) {
    Cell *cell = emit_result(t, load_result(H_WORD_GET2_A, 2), 1, position, float_result);
    cell->a = load.a;
    cell->b = load.b;
    cell->d = (uint16_t)word;
    return;
  }
  bool is_second = object.form == 'S' && word_get_join(t, position, object.slot, &load);
  Handler handler = is_second ? H_WORD_GETS_A : object.form == 'A' ? H_WORD_GET_A_A : H_WORD_GET_S_A;
  Cell *cell = emit_result(t, load_result(handler, 2), is_second ? 2 : 1, position, float_result);
  cell->a = (uint16_t)object.slot;
  cell->b = (uint16_t)word;
  if (!is_second) return;
  cell->d = load.b;
  cell[1].a = load.c;
}

/* Takes the last two cells back if they load a word of the object in `slot` and add a constant to it. */
static bool word_add_take(Translator *t, uint32_t slot, uint32_t word, int32_t *step, uint32_t *pc) {
  if (t->failed || t->ncells < t->barrier + 2) return false;
  uint32_t at = t->ncells - 1;
  const Cell *load = &t->cells[at - 1];
  bool sub = cell_is(t, at, H_INT_SUB_AK_A) && t->cells[at].k != INT32_MIN;
  if (!(sub || cell_is(t, at, H_INT_ADD_AK_A)) || !cell_is(t, at - 1, H_WORD_GET_S_A) || load->a != slot || load->b != word) return false;
  *step = sub ? -t->cells[at].k : t->cells[at].k;
  *pc = t->pcs[at];
  t->ncells -= 2;
  return true;
}

static void word_set(Translator *t, uint32_t position, uint32_t word) {
  operand_prepare(t, position, ACCEPT_S);
  operand_prepare(t, position + 1, ACCEPT_A | ACCEPT_F | ACCEPT_K32);
  Operand object = operand_read(t, position), value = operand_read(t, position + 1);
  model_drop(t, position, 2);
  int32_t step;
  uint32_t pc, here = t->pc;
  if (value.form == 'A' && word_add_take(t, object.slot, word, &step, &pc)) {
    t->pc = pc; /* that of the addition, which may trap */
    Cell *cell = emit(t, H_WORD_ADD, 1);
    t->pc = here;
    cell->a = (uint16_t)object.slot;
    cell->b = (uint16_t)word;
    cell->k = step;
    return;
  }
  Handler handler = value.form == 'S' ? H_WORD_SET_SS : value.form == 'A' ? H_WORD_SET_SA : value.form == 'F' ? H_WORD_SET_SF : H_WORD_SET_SK;
  Cell *cell = emit(t, handler, 1);
  cell->a = (uint16_t)object.slot;
  cell->b = (uint16_t)word;
  if (value.form == 'S') cell->c = (uint16_t)value.slot;
  if (value.form == 'K') cell->k = (int32_t)value.value.i;
}

/* An instruction on two operands in slots, with a result of one slot at the first one's position; `second_acc` leads to the form with the
 * second operand in the accumulator, if there is one. */
static Cell *two_slots(Translator *t, uint32_t position, Handler handler, int second_acc, uint32_t cells, bool float_result) {
  operand_prepare(t, position, ACCEPT_S);
  operand_prepare(t, position + 1, second_acc ? ACCEPT_A : ACCEPT_S);
  Operand first = operand_read(t, position), second = operand_read(t, position + 1);
  model_drop(t, position, 2);
  if (second.form == 'A') handler += (unsigned)second_acc;
  model_call(t);
  Cell *cell = emit_result(t, load_result(handler, 2), cells, position, float_result);
  cell->a = (uint16_t)first.slot;
  cell->b = (uint16_t)second.slot;
  return cell;
}

/* The same for one that charges for work: all other operands are in their slots, its own can be put there (field d). */
static Cell *two_slots_charging(Translator *t, Handler handler, uint32_t cells, bool float_result) {
  uint32_t sp = t->insn->sp;
  model_flush_below(t, sp - 2);
  Cell *cell = two_slots(t, sp - 2, handler, 0, cells, float_result);
  cell->d = (uint16_t)sp;
  return cell;
}

/* Constants, locals, globals, the stack */

static void local_get(Translator *t) {
  const CodeInsn *insn = t->insn;
  for (uint32_t i = 0; i < insn->w; i++) model_push(t, insn->sp + i, (SlotState){.kind = AT_SLOT, .at = insn->a + i});
}

static void local_set(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - insn->w;
  for (uint32_t i = 0; i < insn->w && insn->w > 1; i++) {
    const SlotState *state = &t->slots[first + i];
    bool overlaps = state->kind == AT_SLOT && state->at >= insn->a && state->at < insn->a + insn->w && state->at != insn->a + i;
    if (overlaps) model_flush(t, first + i);
  }
  for (uint32_t i = 0; i < insn->w; i++) model_store(t, insn->a + i, first + i);
}

static bool refers_to_operand(const Translator *t, uint32_t position) {
  return t->slots[position].kind == AT_SLOT && t->slots[position].at >= t->code->nlocals_slots;
}

static void dup(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - insn->w;
  for (uint32_t i = 0; i < insn->w; i++) {
    operand_prepare(t, first + i, ACCEPT_K);
    if (insn->w > 1 && refers_to_operand(t, first + i)) model_flush(t, first + i);
  }
  for (uint32_t i = 0; i < insn->w; i++) {
    SlotState state = t->slots[first + i];
    if (state.kind == IN_SLOT) state = (SlotState){.kind = AT_SLOT, .at = first + i};
    model_push(t, insn->sp + i, state);
    /* References between operand slots must stay in order (translator.h), which those of a second copy of several would not be. */
    if (insn->w > 1 && refers_to_operand(t, insn->sp + i)) model_flush(t, insn->sp + i);
  }
}

static void global_get(Translator *t) {
  const CodeInsn *insn = t->insn;
  if (insn->w != 1) {
    execute_emit(t);
    return;
  }
  Cell *cell = emit_result(t, load_result(H_GLOBAL_GET_A, 0), 2, insn->sp, is_float(insn->t));
  cell[1].m = insn->a;
  cell[1].n = insn->b;
}

static void global_set(Translator *t) {
  const CodeInsn *insn = t->insn;
  if (insn->w != 1) {
    execute_emit(t);
    return;
  }
  uint32_t position = insn->sp - 1;
  operand_prepare(t, position, ACCEPT_A | ACCEPT_F);
  Operand value = operand_read(t, position);
  model_drop(t, position, 1);
  Cell *cell = emit(t, value.form == 'S' ? H_GLOBAL_SET_S : value.form == 'A' ? H_GLOBAL_SET_A : H_GLOBAL_SET_F, 2);
  cell->a = (uint16_t)value.slot;
  cell[1].m = insn->a;
  cell[1].n = insn->b;
}

/* Tuples, optionals, results */

static void tuple_get(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - insn->v;
  for (uint32_t i = 0; i < insn->w && insn->a > 0; i++) model_rename(t, first + insn->a + i, first + i);
  model_drop(t, first + insn->w, insn->v - insn->w);
}

/* True if the value of an optional of this type lies a slot above the optional itself, behind a tag. */
static bool is_shifted(const CodeInsn *insn) { return insn->v == insn->w + 1u; }

/* The bits of the first slot of an optional type's nil. */
static Value nil_of(const Type *opt) {
  Value slots[TYPE_SLOTS_MAX + 1];
  opt_set_nil(opt, slots);
  return slots[0];
}

static void opt_some(Translator *t) {
  const CodeInsn *insn = t->insn;
  if (!is_shifted(insn)) return;
  uint32_t first = insn->sp - insn->w;
  for (uint32_t i = insn->w; i > 0; i--) model_rename(t, first + i - 1, first + i);
  push_int(t, first, 1);
}

static void opt_nil(Translator *t) {
  const CodeInsn *insn = t->insn;
  push_constant(t, insn->sp, nil_of(insn->t));
  for (uint32_t i = 1; i < insn->v; i++) push_int(t, insn->sp + i, 0);
}

/* Puts the value of an optional at `first` where the optional was. */
static void opt_open(Translator *t, uint32_t first) {
  if (!is_shifted(t->insn)) return;
  for (uint32_t i = 0; i < t->insn->w; i++) model_rename(t, first + i + 1, first + i);
  if (t->insn->w == 0) model_drop(t, first, 1);
}

static void opt_is(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - insn->v;
  Value nil = nil_of(insn->t);
  if (nil.i != (int32_t)nil.i) {
    execute_emit(t);
    return;
  }
  model_drop(t, first + 1, insn->v - 1u);
  push_constant(t, first + 1, nil);
  pure_emit(t, OP_INT_NE, first);
}

static void opt_get(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - insn->v;
  operand_prepare(t, first, ACCEPT_S);
  Cell *cell = emit(t, H_UNWRAP_S, 2);
  cell->a = (uint16_t)operand_read(t, first).slot;
  cell[1].x = nil_of(insn->t);
  opt_open(t, first);
}

static void br_nil(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - insn->v;
  model_flush_below(t, first);
  for (uint32_t i = 0; i < insn->v; i++) operand_prepare(t, first + i, i == 0 ? ACCEPT_S : ACCEPT_K);
  uint32_t slot = operand_read(t, first).slot;
  Cell *cell = insn->cost == 0 ? emit_jump(t, H_BR_INT_EQ_SK_T, 2, insn->a) : emit(t, H_BR_INT_NE_SK_T, 2);
  cell->a = (uint16_t)slot;
  cell[1].x = nil_of(insn->t);
  if (insn->cost != 0) {
    cell->k = 4;
    charge_set(emit_jump(t, H_BR_BACK, 2, insn->a) + 1, insn->cost, insn->a);
  }
  opt_open(t, first);
}

static void res_err(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - 1;
  if (insn->w == 0) return;
  model_rename(t, first, first + insn->w);
  for (uint32_t i = 0; i < insn->w; i++) push_int(t, first + i, 0);
}

static void br_err(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - insn->v, error = insn->sp - 1;
  model_flush_below(t, first);
  for (uint32_t i = first; i < error; i++) operand_prepare(t, i, ACCEPT_K);
  if (insn->w == 0) model_flush(t, error);
  operand_prepare(t, error, ACCEPT_S);
  /* The branch writes to the first slot, which other operands of this result may have to be read from when it is not taken: never so
   * then. */
  uint32_t slot = operand_read(t, error).slot;
  Cell *cell = emit_jump(t, H_BR_ERR, 1, insn->a);
  cell->a = (uint16_t)first;
  cell->b = (uint16_t)slot;
  model_drop(t, error, 1);
}

/* Objects */

static void object_new(Translator *t, uint32_t first, uint32_t count) {
  model_flush_all(t);
  Cell *cell = emit(t, H_OBJECT_NEW, 2);
  cell->a = cell->b = (uint16_t)first;
  cell->c = (uint16_t)count;
  cell[1].p = t->insn->x.p;
  cell[1].m = t->insn->sp;
}

static void enum_new(Translator *t) {
  const CodeInsn *insn = t->insn;
  const ObjDesc *desc = insn->x.p;
  if (insn->v == 0) {
    push_constant(t, insn->a, (Value){.p = desc->empty_cases[insn->k]});
    return;
  }
  model_flush_all(t);
  if (insn->k > UINT16_MAX) {
    execute_emit(t);
    return;
  }
  Cell *cell = emit(t, H_ENUM_NEW, 2);
  cell->a = cell->b = (uint16_t)insn->a;
  cell->c = insn->v;
  cell->d = (uint16_t)insn->k;
  cell[1].p = insn->x.p;
  cell[1].m = insn->sp;
}

static void field_get(Translator *t) {
  const CodeInsn *insn = t->insn;
  if (insn->w != 1) {
    execute_emit(t);
    return;
  }
  const Type *field = t->code->program->module->classes[insn->t->decl].fields[insn->k].type;
  if (field->kind == TYPE_PARAM && field->decl < insn->t->nargs) field = insn->t->args[field->decl];
  word_get(t, insn->sp - 1, insn->a, is_float(field));
}

static void ref_eq(Translator *t) { pure_emit(t, OP_INT_EQ, t->insn->sp - 2); }

/* Lists and bytes */

static unsigned width_index(const Type *elem) { return elem->kind == TYPE_BOOL ? 0 : elem->kind == TYPE_CHAR ? 1 : 2; }

static void list_get_emit(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - 2;
  operand_prepare(t, first, ACCEPT_A);
  operand_prepare(t, first + 1, ACCEPT_A | ACCEPT_K32);
  if (operand_read(t, first + 1).form == 'K') operand_prepare(t, first, ACCEPT_S);
  Operand list = operand_read(t, first), index = operand_read(t, first + 1);
  model_drop(t, first, 2);
  unsigned form = index.form == 'K' ? 3 : list.form == 'A' ? 2 : index.form == 'A' ? 1 : 0;
  Handler handler = H_LIST_GET1_SS_A + (width_index(insn->t) * 4 + form) * LOADS;
  Cell *cell = emit_result(t, load_result(handler, form == 3 ? 1 : 2), 1, first, is_float(insn->t));
  cell->a = (uint16_t)list.slot;
  if (form == 3) cell->k = (int32_t)index.value.i;
  else cell->b = (uint16_t)index.slot;
}

static void list_set_emit(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - 3;
  operand_prepare(t, first, ACCEPT_S);
  operand_prepare(t, first + 1, ACCEPT_A);
  operand_prepare(t, first + 2, ACCEPT_A | ACCEPT_F | ACCEPT_K32);
  Operand list = operand_read(t, first), index = operand_read(t, first + 1), value = operand_read(t, first + 2);
  model_drop(t, first, 3);
  unsigned form = value.form == 'S' ? 0 : value.form == 'A' ? 1 : value.form == 'F' ? 2 : 3;
  if (index.form == 'A') form = value.form == 'S' ? 4 : value.form == 'F' ? 5 : 6;
  Cell *cell = emit(t, H_LIST_SET1_SS_S + width_index(insn->t) * 7 + form, 1);
  cell->a = (uint16_t)list.slot;
  cell->b = (uint16_t)index.slot;
  if (value.form == 'K') cell->k = (int32_t)value.value.i;
  else cell->c = (uint16_t)value.slot;
}

static void list_push_emit(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t first = insn->sp - 2;
  model_flush_below(t, first);
  operand_prepare(t, first, ACCEPT_S);
  operand_prepare(t, first + 1, ACCEPT_A | ACCEPT_F);
  Operand list = operand_read(t, first), value = operand_read(t, first + 1);
  model_drop(t, first, 2);
  unsigned form = value.form == 'S' ? 0 : value.form == 'A' ? 1 : 2;
  Cell *cell = emit(t, H_LIST_PUSH1_S + width_index(insn->t) * 3 + form, 1);
  cell->a = (uint16_t)list.slot;
  cell->b = (uint16_t)value.slot;
  cell->d = (uint16_t)insn->sp;
}

/* Of elements of one slot. */
static void list_pop_emit(Translator *t) {
  const CodeInsn *insn = t->insn;
  const Type *opt = insn->x.u;
  uint32_t position = insn->sp - 1;
  operand_prepare(t, position, ACCEPT_S);
  uint32_t list = operand_read(t, position).slot;
  model_drop(t, position, 1);
  model_call(t);
  Cell *cell;
  if (opt->slots == 1) {
    cell = emit_result(t, load_result(H_LIST_POP1_A, 2), 2, position, is_float(opt->args[0]));
    cell[1].x = nil_of(opt);
  } else {
    model_hazard(t, position, position);
    model_hazard(t, position + 1, position);
    cell = emit(t, H_LIST_POP2, 1);
    cell->c = (uint16_t)position;
  }
  cell->a = (uint16_t)list;
}

static void bytes_set(Translator *t) {
  uint32_t first = t->insn->sp - 3;
  operand_prepare(t, first, ACCEPT_S);
  operand_prepare(t, first + 1, ACCEPT_S);
  operand_prepare(t, first + 2, ACCEPT_A);
  Operand bytes = operand_read(t, first), index = operand_read(t, first + 1), value = operand_read(t, first + 2);
  model_drop(t, first, 3);
  Cell *cell = emit(t, value.form == 'A' ? H_BYTES_SET_A : H_BYTES_SET_S, 1);
  cell->a = (uint16_t)bytes.slot;
  cell->b = (uint16_t)index.slot;
  cell->c = (uint16_t)value.slot;
}

static void string_len(Translator *t) {
  uint32_t position = t->insn->sp - 1;
  operand_prepare(t, position, ACCEPT_A);
  Operand string = operand_read(t, position);
  model_drop(t, position, 1);
  Handler handler = string.form == 'A' ? H_STRING_LEN_A_A : H_STRING_LEN_S_A;
  emit_result(t, load_result(handler, 2), 1, position, false)->a = (uint16_t)string.slot;
}

static void map_check(Translator *t) {
  uint32_t first = t->insn->sp - 2;
  operand_prepare(t, first, ACCEPT_S);
  operand_prepare(t, first + 1, ACCEPT_S);
  Operand map = operand_read(t, first), version = operand_read(t, first + 1);
  model_drop(t, first, 2);
  Cell *cell = emit(t, H_MAP_CHECK, 1);
  cell->a = (uint16_t)map.slot;
  cell->b = (uint16_t)version.slot;
}

static void map_entry_get(Translator *t, uint32_t offset, uint32_t width, const Type *type) {
  if (width != 1) {
    execute_emit(t);
    return;
  }
  two_slots(t, t->insn->sp - 2, H_MAP_ENTRY_A, 0, 1, is_float(type))->d = (uint16_t)offset;
}

/* Handlers for keys and values of one slot; whatever is wider is executed. */
static void map_get(Translator *t) {
  const CodeInsn *insn = t->insn;
  const Type *opt = insn->x.u;
  uint32_t position = insn->sp - 2;
  bool by_word = map_key_form(insn->t) == KEY_WORD;
  if (insn->w != 1 || insn->v != 1 || opt->slots > 2) {
    execute_emit(t);
    return;
  }
  if (!by_word) model_flush_below(t, position); /* as in two_slots_charging */
  Cell *cell;
  if (opt->slots == 1) {
    cell = two_slots(t, position, by_word ? H_MAP_GET1_WORD_A : H_MAP_GET1_A, 0, 2, is_float(insn->x.u->args[0]));
    cell[1].x = nil_of(opt);
  } else {
    operand_prepare(t, position, ACCEPT_S);
    operand_prepare(t, position + 1, ACCEPT_S);
    uint32_t map = operand_read(t, position).slot, key = operand_read(t, position + 1).slot;
    model_drop(t, position, 2);
    model_call(t);
    model_hazard(t, position, position);
    model_hazard(t, position + 1, position);
    cell = emit(t, by_word ? H_MAP_GET2_WORD : H_MAP_GET2, 1);
    cell->a = (uint16_t)map;
    cell->b = (uint16_t)key;
    cell->c = (uint16_t)position;
  }
  cell->d = (uint16_t)(by_word ? 1u + insn->w + insn->v : insn->sp);
}

static void map_set(Translator *t) {
  const CodeInsn *insn = t->insn;
  if (insn->w != 1 || insn->v != 1) {
    execute_emit(t);
    return;
  }
  uint32_t position = insn->sp - 3;
  model_flush_below(t, position);
  for (uint32_t i = 0; i < 3; i++) operand_prepare(t, position + i, ACCEPT_S);
  uint32_t map = operand_read(t, position).slot, key = operand_read(t, position + 1).slot, value = operand_read(t, position + 2).slot;
  model_drop(t, position, 3);
  Cell *cell = emit(t, map_key_form(insn->t) == KEY_WORD ? H_MAP_SET_WORD : H_MAP_SET, 2);
  cell->a = (uint16_t)map;
  cell->b = (uint16_t)key;
  cell->c = (uint16_t)value;
  cell->d = (uint16_t)(1 + insn->w + insn->v);
  cell[1].m = insn->sp;
}

/* Control */

static void br_uncase(Translator *t) {
  const CodeInsn *insn = t->insn;
  model_flush_all(t);
  Cell *cell = emit_jump(t, H_BR_UNCASE, 2, insn->a);
  cell->a = (uint16_t)(insn->sp - 1);
  cell->b = insn->v;
  cell[1].m = insn->k;
}

static void br_unis(Translator *t) {
  model_flush_all(t);
  Cell *cell = emit_jump(t, H_BR_SLOTS, 2, t->insn->a);
  cell[1].p = t->insn;
}

static void switch_emit(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t position = insn->sp - 1;
  operand_prepare(t, position, ACCEPT_A);
  Operand operand = operand_read(t, position);
  model_drop(t, position, 1);
  model_flush_all(t);
  uint32_t at = t->ncells;
  Cell *cell = emit(t, operand.form == 'A' ? H_SWITCH_A : H_SWITCH_S, 1);
  cell->a = (uint16_t)operand.slot;
  cell->k = (int32_t)insn->k;
  for (uint32_t i = 0; i < insn->k; i++) {
    jump_add(t, at, t->ncells, insn->x.targets[i], true);
    charge_set(emit(t, H_BR, 1), insn->x.targets[insn->k + i], insn->x.targets[i]);
  }
}

/* Stands for callees not yet known: no frame has room for it, so that calling it takes the slow way. */
static const Threaded unresolved = {.frame_slots = UINT32_MAX};

static void call_emit(Translator *t, Handler handler, uint32_t cells) {
  const CodeInsn *insn = t->insn;
  model_flush_all(t);
  Cell *cell = emit(t, handler, cells), *info = cell + cells - 1;
  cell->a = (uint16_t)insn->a;
  cell->b = insn->v;
  info[-1].n = t->pc + 1;
  info->p = t->code;
  info->q = NULL;
  if (handler == H_CALL) info->q = insn->x.callee && insn->x.callee->threaded ? insn->x.callee->threaded : (void *)&unresolved;
  for (uint32_t i = 0; i < TRAIT_CACHE && handler == H_CALL_TRAIT && !t->failed; i++) cell[1 + i].x.u = UINT64_MAX;
}

static void suspend_emit(Translator *t, Handler handler) {
  model_flush_all(t);
  Cell *cell = emit(t, handler, 2);
  cell->a = (uint16_t)(t->insn->sp - 1);
  cell->n = t->pc + 1;
  cell[1].p = t->code;
}

/* Settles everything for an instruction whose only operand is in slot a. */
static void one_slot(Translator *t, Handler handler) {
  model_flush_all(t);
  emit(t, handler, 1)->a = (uint16_t)(t->insn->sp - 1);
}

static void translate_task(Translator *t) {
  switch (t->insn->op) {
    case OP_TASK_SELF: emit_result(t, load_result(H_TASK_SELF_A, 0), 1, t->insn->sp, false); break;
    case OP_TASK_READY: one_slot(t, H_TASK_READY); break;
    case OP_TASK_WAIT: suspend_emit(t, H_TASK_WAIT); break;
    case OP_TASK_SWITCH: suspend_emit(t, H_TASK_SWITCH); break;
    default: execute_emit(t); break;
  }
}

static void call_import(Translator *t) {
  model_flush_all(t);
  Cell *cell = emit(t, H_NATIVE, 2);
  cell->a = (uint16_t)t->insn->a;
  cell->k = (int32_t)t->insn->sp;
  cell[1].p = (void *)t->insn->x.native;
}

static void ret(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t position = insn->sp - insn->w;
  if (insn->w > 1) {
    model_flush_all(t);
    Cell *cell = emit(t, insn->w == 2 ? H_RET_2 : H_RET_N, 1);
    cell->a = (uint16_t)position;
    cell->b = insn->w;
    return;
  }
  if (insn->w == 1) {
    Operand value = operand_read(t, position);
    bool is_last = value.form != 'S' && value.form != 'K' && t->slots[position].at + t->slots[position].cells == t->ncells &&
                   t->slots[position].at >= t->barrier;
    if (value.form == 'K' || is_last || (value.form == 'S' && value.slot == 0)) {
      model_store(t, 0, position);
    } else {
      model_drop(t, position, 1);
      emit(t, value.form == 'S' ? H_RET_S : value.form == 'A' ? H_RET_A : H_RET_F, 1)->a = (uint16_t)value.slot;
      return;
    }
  }
  emit(t, H_RET, 1);
}

static void panic_emit(Translator *t) {
  model_flush_all(t);
  emit(t, H_PANIC, 2)[1].p = t->insn;
}

static void translate_control(Translator *t) {
  const CodeInsn *insn = t->insn;
  switch (insn->op) {
    case OP_BR: branch_always(t, insn->a, insn->cost); break;
    case OP_BR_IF: branch_on_bool(t, insn->sp - 1, true, insn->a, insn->cost); break;
    case OP_BR_IFNOT: branch_on_bool(t, insn->sp - 1, false, insn->a, insn->cost); break;
    case OP_BR_NIL: br_nil(t); break;
    case OP_BR_ERR: br_err(t); break;
    case OP_BR_UNCASE: br_uncase(t); break;
    case OP_BR_UNIS: br_unis(t); break;
    case OP_SWITCH: switch_emit(t); break;
    case OP_RET: ret(t); break;
    case OP_CALL: call_emit(t, H_CALL, 2); break;
    case OP_CALL_FN: call_emit(t, H_CALL_FN, 2); break;
    case OP_CALL_TRAIT: call_emit(t, H_CALL_TRAIT, TRAIT_CELLS); break;
    case OP_CALL_IMPORT: call_import(t); break;
    default: panic_emit(t); break;
  }
}

static void translate_stack(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t w = insn->w;
  switch (insn->op) {
    case OP_INT_CONST:
    case OP_BOOL_CONST:
    case OP_CHAR_CONST: push_int(t, insn->sp, insn->x.i); break;
    case OP_FLOAT_CONST: push_constant(t, insn->sp, (Value){.f = insn->x.f}); break;
    case OP_STRING_CONST: push_constant(t, insn->sp, (Value){.p = insn->x.p}); break;
    case OP_VOID_CONST: break;
    case OP_LOCAL_GET: local_get(t); break;
    case OP_LOCAL_SET: local_set(t); break;
    case OP_GLOBAL_GET: global_get(t); break;
    case OP_GLOBAL_SET: global_set(t); break;
    case OP_POP: model_drop(t, insn->sp - w, w); break;
    case OP_DUP: dup(t); break;
    case OP_CELL_NEW: object_new(t, insn->sp - w, w); break;
    case OP_CELL_GET:
      if (w == 1) word_get(t, insn->sp - 1, 0, is_float(insn->t));
      else execute_emit(t);
      break;
    default: /* CELL_SET */
      if (w == 1) word_set(t, insn->sp - 2, 0);
      else execute_emit(t);
      break;
  }
}

static void translate_value(Translator *t) {
  const CodeInsn *insn = t->insn;
  switch (insn->op) {
    case OP_TUPLE_NEW: break;
    case OP_TUPLE_GET: tuple_get(t); break;
    case OP_OPT_SOME: opt_some(t); break;
    case OP_OPT_NIL: opt_nil(t); break;
    case OP_OPT_IS: opt_is(t); break;
    case OP_OPT_GET: opt_get(t); break;
    case OP_RES_OK: push_int(t, insn->sp, 0); break;
    case OP_RES_ERR: res_err(t); break;
    case OP_NEW: object_new(t, insn->a, insn->sp - insn->a); break;
    case OP_FIELD_GET: field_get(t); break;
    case OP_FIELD_SET:
      if (insn->w == 1) word_set(t, insn->sp - 2, insn->a);
      else execute_emit(t);
      break;
    case OP_REF_EQ: ref_eq(t); break;
    case OP_ENUM_NEW: enum_new(t); break;
    case OP_ENUM_TAG: word_get(t, insn->sp - 1, 0, false); break;
    case OP_TRAIT_NEW:
      if (insn->x.p) object_new(t, insn->sp - insn->w, insn->w);
      break;
    default: execute_emit(t); break; /* FN_NEW */
  }
}

static void translate_list(Translator *t) {
  const CodeInsn *insn = t->insn;
  if (insn->op == OP_LIST_LEN) word_get(t, insn->sp - 1, 0, false);
  else if (insn->w != 1) execute_emit(t);
  else if (insn->op == OP_LIST_GET) list_get_emit(t);
  else if (insn->op == OP_LIST_SET) list_set_emit(t);
  else if (insn->op == OP_LIST_PUSH) list_push_emit(t);
  else if (insn->op == OP_LIST_POP && insn->x.u->slots <= 2) list_pop_emit(t);
  else if (insn->op == OP_LIST_CLEAR) one_slot(t, H_LIST_CLEAR);
  else execute_emit(t);
}

static void translate_text(Translator *t) {
  uint32_t sp = t->insn->sp;
  switch (t->insn->op) {
    case OP_STRING_EQ: two_slots_charging(t, H_STRING_EQ_A, 1, false); break;
    case OP_STRING_LEN: string_len(t); break;
    case OP_STRING_CHAR: two_slots(t, sp - 2, H_STRING_CHAR_SS_A, LOADS, 1, false); break;
    case OP_BYTES_LEN: word_get(t, sp - 1, 0, false); break;
    case OP_BYTES_GET: two_slots(t, sp - 2, H_BYTES_GET_SS_A, LOADS, 1, false); break;
    case OP_BYTES_SET: bytes_set(t); break;
    default: execute_emit(t); break;
  }
}

static void translate_map(Translator *t) {
  const CodeInsn *insn = t->insn;
  uint32_t sp = insn->sp;
  switch (insn->op) {
    case OP_MAP_LEN: word_get(t, sp - 1, 0, false); break;
    case OP_MAP_VERSION: word_get(t, sp - 1, WORD_OF(Map, version), false); break;
    case OP_MAP_FIND:
      if (insn->w == 1) two_slots_charging(t, H_MAP_FIND_A, 1, false);
      else execute_emit(t);
      break;
    case OP_MAP_GET: map_get(t); break;
    case OP_MAP_SET: map_set(t); break;
    case OP_MAP_PLAIN: push_int(t, sp, type_is_plain_key(insn->t)); break;
    case OP_MAP_HASH:
      if (map_key_form(insn->t) != KEY_WORD) execute_emit(t); /* a word is its own hash */
      break;
    case OP_MAP_NEXT: two_slots_charging(t, H_MAP_NEXT_A, 1, false); break;
    case OP_MAP_CHECK: map_check(t); break;
    case OP_MAP_KEY: map_entry_get(t, 0, insn->w, insn->t); break;
    case OP_MAP_VALUE: map_entry_get(t, insn->w, insn->v, insn->x.u); break;
    default: execute_emit(t); break;
  }
}

void translate_insn(Translator *t) {
  unsigned op = t->insn->op;
  if (op_table[op].flags & OP_PURE_ROW) translate_pure(t);
  else if (op <= OP_CALL_IMPORT) translate_control(t);
  else if (op <= OP_CELL_SET) translate_stack(t);
  else if (op <= OP_TRAIT_NEW) translate_value(t);
  else if (op <= OP_LIST_CLEAR) translate_list(t);
  else if (op <= OP_BYTES_PUSH) translate_text(t);
  else if (op <= OP_MAP_SET) translate_map(t);
  else translate_task(t);
}
