/* loops.c - counted loops, and which of their checks a look at the beginning makes superfluous. Interface: emitter.h (Loop).
 *
 * A counted loop is one without loops and calls in it that ends, as the compiler of the language has it, with
 *     local.get i   step   int.add   local.set i   local.get i   limit   int.lt or int.le   br.if header
 * where the step is a constant or a local, the limit too, and none of them, nor i, is set elsewhere in it. How often it can go round is then known before it begins:
 * so long as i keeps below the limit, the fuel lasts, and i is an index of the lists that it is used for. emit.c makes two loops of it: one that goes round
 * so often without looking at any of that, and the loop as it stands, which does the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "jit/emitter.h"

enum { TAIL = 8, BODY_MAX = 80, OFFSET_MAX = 1 << 20 };

/* What is known of an operand: a local plus a constant, or the constant. */
typedef enum OriginKind { UNKNOWN, FROM_LOCAL, FROM_CONST } OriginKind;
typedef struct Origin { uint8_t kind; uint32_t local, adds; int64_t value; } Origin; /* local: its slot; adds: pc of the addition, or 0 */

static bool is_quiet(const CodeInsn *insn) {
  if (op_table[insn->op].flags & OP_PURE_ROW) return true;
  switch (insn->op) {
    case OP_BR:
    case OP_BR_IF:
    case OP_BR_IFNOT:
    case OP_BR_NIL:
    case OP_BR_ERR:
    case OP_BR_UNCASE: return insn->cost == 0;
    case OP_LIST_LEN:
    case OP_BYTES_LEN:
    case OP_STRING_LEN:
    case OP_BYTES_GET:
    case OP_BYTES_SET:
    case OP_TUPLE_NEW:
    case OP_TUPLE_GET:
    case OP_OPT_SOME:
    case OP_OPT_NIL:
    case OP_OPT_IS:
    case OP_OPT_GET:
    case OP_RES_OK:
    case OP_RES_ERR:
    case OP_FIELD_GET:
    case OP_FIELD_SET:
    case OP_REF_EQ:
    case OP_ENUM_TAG: return true;
    case OP_LIST_GET:
    case OP_LIST_SET: return insn->w == 1;
    default: return insn->op >= OP_INT_CONST && insn->op <= OP_CELL_SET && insn->op != OP_CELL_NEW && insn->op != OP_GLOBAL_SET;
  }
}

/* Whether a value is a local or a constant, and which. */
static bool term_read(const CodeInsn *insn, Term *term) {
  if (insn->op == OP_LOCAL_GET && insn->w == 1) *term = (Term){.is_local = true, .slot = insn->a};
  else if (insn->op == OP_INT_CONST) *term = (Term){.value = insn->x.i};
  else return false;
  return true;
}

static bool tail_read(const CodeInsn *tail, Loop *loop) {
  bool adds = tail[2].op == OP_INT_ADD || tail[2].op == OP_INT_WADD, compares = tail[6].op == OP_INT_LT || tail[6].op == OP_INT_LE;
  loop->counter = tail[0].a;
  loop->is_less = tail[6].op == OP_INT_LT;
  return tail[0].op == OP_LOCAL_GET && tail[0].w == 1 && term_read(&tail[1], &loop->step) && adds && tail[3].op == OP_LOCAL_SET && tail[3].a == loop->counter &&
         tail[4].op == OP_LOCAL_GET && tail[4].a == loop->counter && term_read(&tail[5], &loop->limit) && compares && tail[7].op == OP_BR_IF &&
         !(loop->step.is_local && loop->step.slot == loop->counter) && !(loop->limit.is_local && loop->limit.slot == loop->counter) &&
         (loop->step.is_local || loop->step.value >= 1);
}

static bool is_set(const Code *code, const Loop *loop, uint32_t slot) {
  for (uint32_t pc = loop->header; pc < loop->tail; pc++) {
    const CodeInsn *insn = &code->insns[pc];
    if (insn->op == OP_LOCAL_SET && slot >= insn->a && slot < insn->a + insn->w) return true;
  }
  return false;
}

static bool term_is_set(const Code *code, const Loop *loop, const Term *term) { return term->is_local && is_set(code, loop, term->slot); }

/* Nothing goes back in it, or from outside into its middle, and the tail is entered at its beginning only. */
static bool is_simple(const Code *code, const Loop *loop) {
  for (uint32_t pc = loop->header; pc < loop->tail; pc++) {
    if (!is_quiet(&code->insns[pc])) return false;
  }
  for (uint32_t pc = 0; pc < code->ninsns; pc++) {
    const CodeInsn *insn = &code->insns[pc];
    bool is_inside = pc >= loop->header && pc < loop->tail;
    if (!(op_table[insn->op].flags & OP_BRANCH)) continue;
    if (insn->op == OP_SWITCH) {
      for (uint32_t i = 0; i < insn->k; i++) {
        if (insn->x.targets[i] >= loop->header && insn->x.targets[i] <= loop->back) return false;
      }
      continue;
    }
    bool into = insn->a > loop->header && insn->a <= loop->back, again = insn->a == loop->header && pc >= loop->header && pc != loop->back;
    if (again || (into && (!is_inside || insn->a > loop->tail))) return false;
  }
  return true;
}

static void proven_add(Loop *loop, uint32_t list, const Origin *index, uint32_t pc) {
  uint32_t i = 0;
  while (i < loop->nindexed && (loop->indexed[i].list != list || loop->indexed[i].offset != index->value)) i++;
  if (i == LOOP_LISTS) return;
  if (i == loop->nindexed) loop->indexed[loop->nindexed++] = (Indexed){list, index->value};
  loop->is_proven[pc - loop->header] = true;
  if (index->adds) loop->is_proven[index->adds - loop->header] = true;
}

/* Follows operands through the loop, and finds the list accesses whose index is the counter plus a constant. */
static bool scan(Emitter *e, Loop *loop) {
  const Code *code = e->code;
  Origin *origins = calloc(code->frame_slots + 1, sizeof *origins);
  loop->is_proven = calloc(loop->tail - loop->header + 1, 1);
  bool done = origins && loop->is_proven;
  for (uint32_t pc = loop->header; pc < loop->tail && done; pc++) {
    const CodeInsn *insn = &code->insns[pc];
    uint32_t sp = insn->sp, after = code->insns[pc + 1].sp;
    if (e->places[pc].block) memset(origins, 0, code->frame_slots * sizeof *origins);
    Origin made = {0};
    if (insn->op == OP_LOCAL_GET && insn->w == 1) made = (Origin){FROM_LOCAL, insn->a, 0, 0};
    if (insn->op == OP_INT_CONST) made = (Origin){.kind = FROM_CONST, .value = insn->x.i};
    if (insn->op == OP_INT_ADD || insn->op == OP_INT_SUB || insn->op == OP_INT_WADD) {
      Origin a = origins[sp - 2], b = origins[sp - 1];
      bool small = b.kind == FROM_CONST && b.value >= -OFFSET_MAX && b.value <= OFFSET_MAX && a.value >= -OFFSET_MAX && a.value <= OFFSET_MAX;
      if (a.kind == FROM_LOCAL && a.adds == 0 && small) made = (Origin){FROM_LOCAL, a.local, pc, a.value + (insn->op == OP_INT_SUB ? -b.value : b.value)};
    }
    if (insn->op == OP_LIST_GET || insn->op == OP_LIST_SET) {
      uint32_t at = insn->op == OP_LIST_GET ? sp - 2 : sp - 3;
      bool fits = origins[at].kind == FROM_LOCAL && origins[at].adds == 0 && origins[at + 1].kind == FROM_LOCAL && origins[at + 1].local == loop->counter;
      if (fits && !is_set(code, loop, origins[at].local)) proven_add(loop, origins[at].local, &origins[at + 1], pc);
    }
    for (uint32_t slot = operands_first(insn); slot < after; slot++) origins[slot] = (Origin){0};
    if (made.kind != UNKNOWN) origins[after - 1] = made;
  }
  free(origins);
  return done;
}

/* Instructions that may leave in the loop without checks. */
static uint32_t exits_count(const Code *code, const Loop *loop) {
  uint32_t count = 0;
  for (uint32_t pc = loop->header; pc < loop->tail; pc++) {
    const CodeInsn *insn = &code->insns[pc];
    bool leaves = (op_table[insn->op].flags & OP_TRAPS) || ((op_table[insn->op].flags & OP_BRANCH) && insn->a > loop->back);
    if (leaves && !loop->is_proven[pc - loop->header]) count++;
  }
  return count;
}

bool loop_find(Emitter *e, uint32_t back, Loop *loop) {
  const Code *code = e->code;
  const CodeInsn *insn = &code->insns[back];
  if (insn->op != OP_BR_IF || insn->cost == 0 || back < TAIL || insn->a + TAIL - 1 > back || back - insn->a > BODY_MAX) return false;
  *loop = (Loop){.header = insn->a, .tail = back - TAIL + 1, .back = back, .cost = insn->cost};
  if (!tail_read(&code->insns[loop->tail], loop) || is_set(code, loop, loop->counter) || term_is_set(code, loop, &loop->step) ||
      term_is_set(code, loop, &loop->limit) || code->insns[loop->header].sp != code->nlocals_slots || !is_simple(code, loop))
    return false;
  if (scan(e, loop) && (loop->nindexed > 0 || exits_count(code, loop) == 0)) return true;
  free(loop->is_proven);
  return false;
}

static LLVMValueRef term_load(Emitter *e, const Term *term) { return term->is_local ? slot_load(e, term->slot) : const_word(e, (uint64_t)term->value); }

void loop_begin(Emitter *e, Loop *loop) {
  Unit *u = e->u;
  LLVMValueRef last = term_load(e, &loop->limit), step = term_load(e, &loop->step);
  loop->first = slot_load(e, loop->counter);
  loop->fuel = LLVMBuildLoad2(e->b, u->word, e->fuel, "");
  LLVMValueRef room_args[] = {loop->first, last, LLVMConstInt(u->bit, loop->is_less, false)};
  LLVMValueRef room = runtime_call(e, T_loop_room, room_args, 3);
  for (uint32_t i = 0; i < loop->nindexed; i++) {
    LLVMValueRef args[] = {slot_ref(e, loop->indexed[i].list), loop->first, const_word(e, (uint64_t)loop->indexed[i].offset), room};
    room = runtime_call(e, T_loop_list_room, args, 4);
  }
  LLVMValueRef rounds_args[] = {room, step, loop->fuel, const_word(e, loop->cost)};
  loop->rounds = runtime_call(e, T_loop_rounds, rounds_args, 4);
  loop->stride = step;
  LLVMBasicBlockRef body = block_new(e, "main");
  LLVMBuildStore(e->b, const_word(e, 0), e->round);
  branch_likely(e, LLVMBuildICmp(e->b, LLVMIntSGE, loop->rounds, const_word(e, LOOP_ROUNDS_MIN), ""), body, e->places[loop->header].block);
  block_begin(e, body);
  loop->body = body;
  loop_state(e, loop, LLVMBuildLoad2(e->b, u->word, e->round, ""));
}

void loop_state(Emitter *e, const Loop *loop, LLVMValueRef round) {
  LLVMValueRef counter = LLVMBuildAdd(e->b, loop->first, LLVMBuildMul(e->b, round, loop->stride, ""), "");
  slot_store(e, loop->counter, KIND_WORD, counter);
  LLVMBuildStore(e->b, LLVMBuildSub(e->b, loop->fuel, LLVMBuildMul(e->b, round, const_word(e, loop->cost), ""), ""), e->fuel);
}

void loop_end(Emitter *e, Loop *loop) {
  LLVMValueRef round = LLVMBuildAdd(e->b, LLVMBuildLoad2(e->b, e->u->word, e->round, ""), const_word(e, 1), "");
  LLVMBasicBlockRef rest = block_new(e, "rest");
  LLVMBuildStore(e->b, round, e->round);
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, round, loop->rounds, ""), loop->body, rest);
  block_begin(e, rest);
  loop_state(e, loop, loop->rounds);
  LLVMBuildBr(e->b, e->places[loop->header].block);
}
