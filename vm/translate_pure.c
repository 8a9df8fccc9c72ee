/* translate_pure.c - translating pure instructions, branches on what they compare, and the ends of loops.
 *
 * A comparison whose result is at once branched on becomes one cell with the branch. A loop's backward branch takes over the test that
 * stands at the loop's header, if that compares two ints in locals or a constant, and an addition of a constant to the compared local
 * before it: `i += k; if i < n goto`. The header keeps its own test for the first time round and for resuming there.
 */
#include <string.h>

#include "vm/translator.h"

/* The first handlers of pure rows, by op. */
static const uint16_t pure_first[OP_MAX] = {
#define OP(code, id, name, imms, sig, flags, doc)
#define OP_PURE(code, id, name, sig, flags, sem, doc) [code] = H_##id##_SS_A,
#include "vm/op.def"
};

static const uint16_t branch_first[OP_MAX] = {
#define OP(code, id, name, imms, sig, flags, doc)
#define OP_PURE(code, id, name, sig, flags, sem, doc) [code] = H_BR_##id##_SS_T,
#include "vm/op.def"
};

#define OP(code, id, name, imms, sig, flags, doc)
#define OP_PURE(code, id, name, sig, flags, sem, doc)                                                           \
  _Static_assert(H_##id##_AS_A - H_##id##_SS_A == FORM_AS && H_##id##_SA_A - H_##id##_SS_A == FORM_SA, #id);     \
  _Static_assert(H_##id##_SK_A - H_##id##_SS_A == FORM_SK && H_##id##_AK_A - H_##id##_SS_A == FORM_AK, #id);     \
  _Static_assert(H_##id##_KS_A - H_##id##_SS_A == FORM_KS && H_##id##_KA_S - H_##id##_SS_A == PURE_FORMS - 1, #id); \
  _Static_assert(H_BR_##id##_AK_N - H_BR_##id##_SS_T == FORM_AK + 1, #id);
#include "vm/op.def"

enum { LOOP, LOOP_INC, LOOP_WINC, BACK, BACK_INC, BACK_WINC, LOOP_KINDS };

_Static_assert(H_BACK_WINC_INT_EQ_SS - H_LOOP_INT_EQ_SS == BACK_WINC, "kinds of loop ends");
_Static_assert(H_LOOP_INT_EQ_SK - H_LOOP_INT_EQ_SS == LOOP_KINDS, "forms of loop ends");
_Static_assert(H_BACK_WINC_INT_LT_SL - H_LOOP_INT_LT_SL == BACK_WINC, "kinds of loop ends");
_Static_assert(H_REM_SHIFT_S_A - H_DIV_SHIFT_S_A == 4 && H_DIV_SHIFT_A_A - H_DIV_SHIFT_S_A == 2, "divisions by shifting");
_Static_assert(H_LOOP_INT_GE_SS - H_LOOP_INT_EQ_SS == (OP_INT_GE - OP_INT_EQ) * 2 * LOOP_KINDS, "comparisons of loop ends");

/* Pure instructions */

/* The op that gives the same with its operands exchanged; 0 if there is none. */
static unsigned op_mirrored(unsigned op) {
  switch (op) {
    case OP_INT_ADD:
    case OP_INT_MUL:
    case OP_INT_WADD:
    case OP_INT_WMUL:
    case OP_INT_AND:
    case OP_INT_OR:
    case OP_INT_XOR:
    case OP_INT_EQ:
    case OP_INT_NE:
    case OP_BOOL_EQ:
    case OP_CHAR_EQ:
    case OP_FLOAT_EQ:
    case OP_FLOAT_NE:
    case OP_FLOAT_ADD:
    case OP_FLOAT_MUL: return op; /* NaNs are made canonical, so exchanging cannot show in their bits */
    case OP_INT_LT: return OP_INT_GT;
    case OP_INT_LE: return OP_INT_GE;
    case OP_INT_GT: return OP_INT_LT;
    case OP_INT_GE: return OP_INT_LE;
    case OP_FLOAT_LT: return OP_FLOAT_GT;
    case OP_FLOAT_LE: return OP_FLOAT_GE;
    case OP_FLOAT_GT: return OP_FLOAT_LT;
    case OP_FLOAT_GE: return OP_FLOAT_LE;
    default: return 0;
  }
}

static bool op_is_int_comparison(unsigned op) { return op >= OP_INT_EQ && op <= OP_INT_GE; }

/* The opposite of an int comparison. */
static unsigned op_negated(unsigned op) {
  unsigned i = op - OP_INT_EQ;
  return OP_INT_EQ + (i < 2 ? i ^ 1 : 7 - i);
}

static PureForm form_of(char a, char b) {
  if (a == 'F') a = 'A';
  if (b == 'F') b = 'A';
  if (a == 'S') return b == 'S' ? FORM_SS : b == 'A' ? FORM_SA : FORM_SK;
  if (a == 'A') return b == 'S' ? FORM_AS : FORM_AK;
  return b == 'S' ? FORM_KS : FORM_KA;
}

static void unary_emit(Translator *t, unsigned op, uint32_t position) {
  const char *sig = op_table[op].sig;
  operand_prepare(t, position, sig[0] == 'f' ? ACCEPT_F : ACCEPT_A);
  Operand a = operand_read(t, position);
  model_drop(t, position, 1);
  Result result = {pure_first[op] + (a.form == 'S' ? FORM_SS : FORM_AS), 0, 1, 2};
  emit_result(t, result, 1, position, sig[2] == 'f')->a = (uint16_t)a.slot;
}

/* Division by a constant power of two; false if it is none. */
static bool shift_emit(Translator *t, unsigned op, uint32_t position, Operand a, Operand b) {
  if ((op != OP_INT_DIV && op != OP_INT_REM) || b.form != 'K' || b.value.i <= 0 || (b.value.i & (b.value.i - 1)) != 0) return false;
  Handler handler = (op == OP_INT_DIV ? H_DIV_SHIFT_S_A : H_REM_SHIFT_S_A) + (a.form == 'S' ? 0 : 2);
  Cell *cell = emit_result(t, (Result){handler, 0, 1, 1}, 1, position, false);
  cell->a = (uint16_t)(a.form == 'S' ? a.slot : 0);
  cell->c = (uint16_t)__builtin_ctzll(b.value.u);
  return true;
}

static void binary_emit(Translator *t, unsigned op, uint32_t first, Operand a, Operand b) {
  const char *sig = op_table[op].sig;
  if (a.form == 'K' && op_mirrored(op)) {
    Operand swapped = a;
    a = b;
    b = swapped;
    op = op_mirrored(op);
  }
  if (shift_emit(t, op, first, a, b)) return;
  PureForm form = form_of(a.form, b.form);
  bool constant = form >= FORM_SK, wide = constant && sig[0] == 'f';
  Result result = {pure_first[op] + form, 0, 1, constant ? 1 : 2};
  uint32_t cells = wide ? 2 : 1;
  if (op == OP_FLOAT_CMP) model_call(t);
  Cell *cell = emit_result(t, result, cells, first, sig[3] == 'f');
  uint16_t left = (uint16_t)(a.form == 'S' ? a.slot : 0), right = (uint16_t)(b.form == 'S' ? b.slot : 0);
  Value value = a.form == 'K' ? a.value : b.value;
  if (form == FORM_KS) left = right;
  cell->a = left;
  if (!constant) cell->b = right;
  else if (wide) cell[1].x = value;
  else cell->k = (int32_t)value.i;
  if (sig[3] == 'b') t->last_pure = (LastPure){(uint32_t)(cell - t->cells), cells, (uint8_t)op, (uint8_t)form};
}

void pure_emit(Translator *t, unsigned op, uint32_t first) {
  if (op_table[op].sig[1] == ':') {
    unary_emit(t, op, first);
    return;
  }
  unsigned accept = op_table[op].sig[0] == 'f' ? ACCEPT_F | ACCEPT_K : ACCEPT_A | ACCEPT_K32;
  operand_prepare(t, first, accept);
  operand_prepare(t, first + 1, accept);
  if (operand_read(t, first).form == 'K' && operand_read(t, first + 1).form == 'K') model_flush(t, first);
  Operand a = operand_read(t, first), b = operand_read(t, first + 1);
  model_drop(t, first, 2);
  binary_emit(t, op, first, a, b);
}

/* True if `position` holds the result of the last cell, a comparison. */
static bool is_last_comparison(const Translator *t, uint32_t position) {
  const LastPure *last = &t->last_pure;
  return t->acc == position && last->cell != NONE && t->slots[position].at == last->cell && last->cell >= t->barrier &&
         last->cell + last->cells == t->ncells && !t->failed;
}

void translate_pure(Translator *t) {
  unsigned op = t->insn->op;
  uint32_t first = t->insn->sp - (op_table[op].sig[1] == ':' ? 1 : 2);
  if (op == OP_BOOL_NOT && is_last_comparison(t, first) && op_is_int_comparison(t->last_pure.op)) {
    unsigned negated = op_negated(t->last_pure.op);
    t->last_pure.op = (uint8_t)negated;
    t->cells[t->last_pure.cell].op = t->labels[pure_first[negated] + t->last_pure.form];
    t->slots[first].handler = (uint16_t)(pure_first[negated] + t->last_pure.form + 1);
    return;
  }
  pure_emit(t, op, first);
}

/* Ends of loops */

void charge_set(Cell *cell, uint32_t cost, uint32_t header) {
  cell->m = cost;
  cell->n = header;
}

/* Takes the last cell back if it adds a constant to a slot. Returns what kind of addition it was, 0 if none; *pc is the instruction's. */
static int increment_take(Translator *t, uint32_t slot, int64_t *step, uint32_t *pc) {
  *step = 0;
  *pc = t->pc;
  if (t->failed || t->ncells <= t->barrier) return 0;
  uint32_t at = t->ncells - 1;
  const Cell *cell = &t->cells[at];
  bool add = cell_is(t, at, H_INT_ADD_SK_S), sub = cell_is(t, at, H_INT_SUB_SK_S);
  bool wadd = cell_is(t, at, H_INT_WADD_SK_S), wsub = cell_is(t, at, H_INT_WSUB_SK_S);
  if (!(add || sub || wadd || wsub) || cell->a != slot || cell->b != slot) return 0;
  *step = sub || wsub ? -(int64_t)cell->k : cell->k;
  *pc = t->pcs[at];
  t->ncells--;
  return add || sub ? LOOP_INC : LOOP_WINC;
}

/* Emits an end of loop: kind LOOP or BACK, with the addition before it if there is one. Its cell is the result. Form L of the right
 * operand is the length of the list in that slot. */
static Cell *loop_emit(Translator *t, int kind, unsigned op, uint32_t left, Operand right, uint32_t cost, uint32_t header) {
  int64_t step;
  uint32_t pc, here = t->pc;
  kind += increment_take(t, left, &step, &pc);
  Handler first = H_LOOP_INT_EQ_SS + ((op - OP_INT_EQ) * 2 + (right.form == 'K' ? 1 : 0)) * LOOP_KINDS;
  if (right.form == 'L') first = H_LOOP_INT_LT_SL;
  t->pc = pc;
  Cell *cell = emit(t, first + (unsigned)kind, 3);
  t->pc = here;
  cell->a = (uint16_t)left;
  if (right.form == 'K') cell[1].x = right.value;
  else cell->b = (uint16_t)right.slot;
  charge_set(cell + 1, cost, header);
  cell[2].x.i = step;
  return cell;
}

/* Reads the test at a loop's header: `local.get i`, a local, constant or list's length, an int comparison, a branch out of the loop.
 * Returns the pc of that branch, 0 if the header has no such test. */
static uint32_t header_test(const Translator *t, uint32_t header, Operand *right) {
  const CodeInsn *test = &t->code->insns[header];
  if (header + 4 > t->pc || test[0].op != OP_LOCAL_GET || test[0].w != 1) return 0;
  uint32_t at = 2;
  if (test[1].op == OP_INT_CONST) *right = (Operand){.form = 'K', .value.i = test[1].x.i};
  else if (test[1].op == OP_LOCAL_GET && test[1].w == 1) *right = (Operand){.form = 'S', .slot = test[1].a};
  else return 0;
  if (right->form == 'S' && header + 5 <= t->pc && (test[2].op == OP_LIST_LEN || test[2].op == OP_BYTES_LEN) && test[3].op == OP_INT_LT &&
      test[4].op == OP_BR_IFNOT) {
    right->form = 'L';
    at = 3;
  }
  if (!op_is_int_comparison(test[at].op) || (test[at + 1].op != OP_BR_IF && test[at + 1].op != OP_BR_IFNOT)) return 0;
  return test[at + 1].cost == 0 ? header + at + 1 : 0;
}

/* Ends a loop whose header begins with an int comparison that leaves the loop; false if this one does not. */
static bool loop_end(Translator *t, uint32_t header, uint32_t cost) {
  Operand right;
  uint32_t exit_pc = header_test(t, header, &right);
  if (exit_pc == 0) return false;
  const CodeInsn *leave = &t->code->insns[exit_pc];
  unsigned op = leave->op == OP_BR_IF ? op_negated(leave[-1].op) : leave[-1].op;
  Cell *cell = loop_emit(t, LOOP, op, t->code->insns[header].a, right, cost, header);
  if (t->failed) return true;
  uint32_t at = (uint32_t)(cell - t->cells);
  jump_add(t, at, at, exit_pc + 1, false);
  jump_add(t, at, at + 2, leave->a, false);
  return true;
}

static void back_emit(Translator *t, uint32_t target, uint32_t cost) {
  Cell *cell = emit_jump(t, H_BR_BACK, 2, target);
  charge_set(cell + 1, cost, target);
}

void branch_always(Translator *t, uint32_t target, uint32_t cost) {
  model_flush_all(t);
  if (cost == 0) emit_jump(t, H_BR, 1, target);
  else if (!loop_end(t, target, cost)) back_emit(t, target, cost);
}

/* Branches */

/* Begins a conditional branch of `cells` cells: to the target, or, if that is backward, over a backward branch, for which the sense is
 * the other (the caller has seen to that). */
static Cell *forward_emit(Translator *t, Handler handler, uint32_t cells, uint32_t target, uint32_t cost) {
  if (cost == 0) return emit_jump(t, handler, cells, target);
  Cell *cell = emit(t, handler, cells);
  cell->k = (int32_t)cells + 2;
  return cell;
}

bool word_get_take(Translator *t, Cell *load) {
  if (t->failed || t->ncells <= t->barrier || !cell_is(t, t->ncells - 1, H_WORD_GET_S_A)) return false;
  *load = t->cells[--t->ncells];
  return true;
}

/* Takes the last cell back if it loads the length of a list in a slot into acc. */
static bool length_take(Translator *t, Operand *length) {
  if (t->failed || t->ncells <= t->barrier || t->cells[t->ncells - 1].b != 0) return false;
  Cell load;
  if (!word_get_take(t, &load)) return false;
  *length = (Operand){.form = 'L', .slot = load.a};
  return true;
}

/* Ends a loop that is tested at its bottom. */
static void end_emit(Translator *t, unsigned op, uint32_t left, Operand right, uint32_t target, uint32_t cost) {
  Cell *end = loop_emit(t, BACK, op, left, right, cost, target);
  if (t->failed) return;
  uint32_t at = (uint32_t)(end - t->cells);
  jump_add(t, at, at, target, false);
}

/* Branches as the comparison says that is the last cell. */
static void branch_on_comparison(Translator *t, uint32_t position, bool sense, uint32_t target, uint32_t cost) {
  LastPure last = t->last_pure;
  Operand length;
  const Cell cell = t->cells[last.cell];
  bool constant = last.form == FORM_SK || last.form == FORM_AK;
  Value value = {.i = cell.k};
  if (constant && last.cells == 2) value = t->cells[last.cell + 1].x;
  model_drop(t, position, 1);
  t->ncells = last.cell;
  t->last_pure.cell = NONE;
  model_flush_all(t);
  unsigned op = sense || !op_is_int_comparison(last.op) ? last.op : op_negated(last.op);
  if (cost != 0 && op == OP_INT_LT && last.form == FORM_SA && length_take(t, &length)) {
    end_emit(t, op, cell.a, length, target, cost);
    return;
  }
  if (cost != 0 && op_is_int_comparison(op) && (last.form == FORM_SS || last.form == FORM_SK)) {
    end_emit(t, op, cell.a, (Operand){.form = constant ? 'K' : 'S', .slot = cell.b, .value = value}, target, cost);
    return;
  }
  bool taken = sense == (cost == 0);
  Cell *branch = forward_emit(t, branch_first[last.op] + last.form + (taken ? 0 : 1), constant ? 2 : 1, target, cost);
  branch->a = cell.a;
  if (constant) branch[1].x = value;
  else branch->b = cell.b;
  if (cost != 0) back_emit(t, target, cost);
}

void branch_on_bool(Translator *t, uint32_t position, bool sense, uint32_t target, uint32_t cost) {
  if (is_last_comparison(t, position) && t->last_pure.form < FORM_KS) {
    branch_on_comparison(t, position, sense, target, cost);
    return;
  }
  operand_prepare(t, position, ACCEPT_A | ACCEPT_K);
  Operand operand = operand_read(t, position);
  model_drop(t, position, 1);
  model_flush_all(t);
  if (operand.form == 'K') {
    if ((operand.value.i != 0) == sense) branch_always(t, target, cost);
    return;
  }
  bool taken = sense == (cost == 0);
  Cell load;
  if (operand.form == 'A' && word_get_take(t, &load)) {
    Cell *cell = forward_emit(t, taken ? H_BR_WORD_T : H_BR_WORD_N, 1, target, cost);
    cell->a = load.a;
    cell->b = load.b;
    if (cost != 0) back_emit(t, target, cost);
    return;
  }
  Handler handler = operand.form == 'A' ? (taken ? H_BR_A_T : H_BR_A_N) : (taken ? H_BR_S_T : H_BR_S_N);
  forward_emit(t, handler, 1, target, cost)->a = (uint16_t)operand.slot;
  if (cost != 0) back_emit(t, target, cost);
}
