/* translate.c - from specialised portable code to threaded code, in one linear pass: cells and the model of the operand stack.
 *
 * Interface: translate (interp.h) and, for the files with the instructions, translator.h.
 *
 * Reading a local or a constant emits nothing: it makes a pending operand, which the using instruction takes as its own operand. What an
 * instruction makes stays in an accumulator; if it must be in its slot after all, the producing cell is changed to write there.
 * Labels and calls settle all that is pending. Handlers are addressed by adding to the first of a family; the assertions below and
 * in translate_pure.c hold their order.
 */
#include "vm/translator.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/execute.h"

/* Cells */

static bool cells_room(Translator *t, uint32_t count) {
  if (t->failed) return false;
  if (t->ncells + count <= t->cells_cap) return true;
  uint32_t cap = 2 * t->cells_cap + count;
  Cell *cells = realloc(t->cells, (size_t)cap * sizeof *cells);
  if (cells) t->cells = cells;
  uint32_t *pcs = realloc(t->pcs, (size_t)cap * sizeof *pcs);
  if (pcs) t->pcs = pcs;
  if (!cells || !pcs) {
    t->failed = true;
    return false;
  }
  t->cells_cap = cap;
  return true;
}

Cell *emit(Translator *t, Handler handler, uint32_t count) {
  if (!cells_room(t, count)) return t->dummy;
  Cell *cell = t->cells + t->ncells;
  memset(cell, 0, count * sizeof *cell);
  for (uint32_t i = 0; i < count; i++) t->pcs[t->ncells + i] = t->pc;
  cell->op = t->labels[handler];
  t->ncells += count;
  return cell;
}

void jump_add(Translator *t, uint32_t from, uint32_t cell, uint32_t target, bool wide) {
  if (t->njumps == t->jumps_cap) {
    uint32_t cap = 2 * t->jumps_cap + 32;
    Jump *jumps = realloc(t->jumps, cap * sizeof *jumps);
    if (!jumps) {
      t->failed = true;
      return;
    }
    t->jumps = jumps;
    t->jumps_cap = cap;
  }
  t->jumps[t->njumps++] = (Jump){from, cell, target, wide};
}

Cell *emit_jump(Translator *t, Handler handler, uint32_t count, uint32_t target) {
  jump_add(t, t->ncells, t->ncells, target, false);
  return emit(t, handler, count);
}

static void emit_move(Translator *t, uint32_t to, uint32_t from) {
  if (t->last_move != NONE && t->last_move + 1 == t->ncells && t->last_move >= t->barrier && !t->failed) {
    Cell *cell = &t->cells[t->last_move];
    cell->op = t->labels[H_MOV2];
    cell->c = (uint16_t)to;
    cell->d = (uint16_t)from;
    t->last_move = NONE;
    return;
  }
  t->last_move = t->ncells;
  Cell *cell = emit(t, H_MOV, 1);
  cell->a = (uint16_t)to;
  cell->b = (uint16_t)from;
}

static void emit_constant(Translator *t, uint32_t to, Value value) {
  bool small = value.i == (int32_t)value.i;
  Cell *cell = emit(t, small ? H_KONST : H_KONST64, small ? 1 : 2);
  cell->a = (uint16_t)to;
  if (small) cell->k = (int32_t)value.i;
  else cell[1].x = value;
}

static void emit_store(Translator *t, uint32_t to, bool is_float) {
  emit(t, is_float ? H_STORE_F : H_STORE_A, 1)->a = (uint16_t)to;
}

/* The model */

static void pending_remove(Translator *t, uint32_t position) {
  for (uint32_t i = 0; i < t->npending; i++) {
    if (t->pending[i] != position) continue;
    t->pending[i] = t->pending[--t->npending];
    break;
  }
  if (t->acc == position) t->acc = NONE;
  if (t->facc == position) t->facc = NONE;
  t->slots[position].kind = IN_SLOT;
}

static void clear(Translator *t, uint32_t position) {
  if (t->slots[position].kind != IN_SLOT) pending_remove(t, position);
}

void model_drop(Translator *t, uint32_t position, uint32_t count) {
  if (t->npending == 0) return;
  for (uint32_t i = 0; i < count; i++) clear(t, position + i);
}

void model_forget(Translator *t) {
  while (t->npending > 0) pending_remove(t, t->pending[0]);
}

void model_push(Translator *t, uint32_t position, SlotState state) {
  clear(t, position);
  if (state.kind == IN_SLOT || (state.kind == AT_SLOT && state.at == position)) return;
  if (t->npending == PENDING_MAX) model_flush_all(t);
  t->slots[position] = state;
  t->pending[t->npending++] = position;
  if (state.kind == IN_ACC) t->acc = position;
  if (state.kind == IN_FACC) t->facc = position;
}

/* Changes a producer to write to a slot instead of an accumulator. */
static void producer_redirect(Translator *t, const SlotState *state, uint32_t slot) {
  if (t->failed) return;
  Cell *cell = &t->cells[state->at];
  cell->op = t->labels[state->handler];
  if (state->dst == 0) cell->a = (uint16_t)slot;
  else if (state->dst == 1) cell->b = (uint16_t)slot;
  else cell->c = (uint16_t)slot;
}

/* True if nothing was emitted since an accumulator's owner was made, so that its producer can be given any destination. */
static bool is_last(const Translator *t, const SlotState *state) {
  return state->at + state->cells == t->ncells && state->at >= t->barrier;
}

void model_rename(Translator *t, uint32_t from, uint32_t to) {
  bool accumulated = t->slots[from].kind == IN_ACC || t->slots[from].kind == IN_FACC;
  if (accumulated && !is_last(t, &t->slots[from])) model_flush(t, from);
  SlotState state = t->slots[from];
  if (state.kind == IN_SLOT) state = (SlotState){.kind = AT_SLOT, .at = from};
  clear(t, from);
  if (state.kind == IN_ACC || state.kind == IN_FACC) {
    model_hazard(t, to, NONE);
    /* Settling the others has emitted something: too late to write to the new slot. */
    if (!is_last(t, &state)) {
      producer_redirect(t, &state, from);
      state = (SlotState){.kind = AT_SLOT, .at = from};
    }
  }
  model_push(t, to, state);
}

void model_hazard(Translator *t, uint32_t slot, uint32_t below) {
  for (uint32_t i = 0; i < t->npending;) {
    uint32_t position = t->pending[i];
    if (position < below && t->slots[position].kind == AT_SLOT && t->slots[position].at == slot) {
      model_flush(t, position);
      i = 0; /* the list has changed */
    } else {
      i++;
    }
  }
}

void model_flush(Translator *t, uint32_t position) {
  SlotState state = t->slots[position];
  switch (state.kind) {
    case IN_SLOT: return;
    case AT_SLOT:
      model_hazard(t, position, NONE);
      pending_remove(t, position);
      emit_move(t, position, state.at);
      break;
    case CONSTANT:
      model_hazard(t, position, NONE);
      pending_remove(t, position);
      emit_constant(t, position, state.value);
      break;
    default:
      pending_remove(t, position);
      producer_redirect(t, &state, position);
      break;
  }
}

void model_flush_below(Translator *t, uint32_t position) {
  /* Lowest first, which is the order of evaluation and lets moves pair. */
  for (;;) {
    uint32_t lowest = NONE;
    for (uint32_t i = 0; i < t->npending; i++) {
      if (t->pending[i] < position && t->pending[i] < lowest) lowest = t->pending[i];
    }
    if (lowest == NONE) return;
    model_flush(t, lowest);
  }
}

void model_store(Translator *t, uint32_t slot, uint32_t position) {
  SlotState state = t->slots[position];
  if (state.kind == AT_SLOT && state.at == slot) {
    clear(t, position);
    return;
  }
  model_hazard(t, slot, position);
  state = t->slots[position];
  clear(t, position);
  switch (state.kind) {
    case IN_SLOT: emit_move(t, slot, position); break;
    case AT_SLOT: emit_move(t, slot, state.at); break;
    case CONSTANT: emit_constant(t, slot, state.value); break;
    default:
      if (is_last(t, &state)) producer_redirect(t, &state, slot);
      else emit_store(t, slot, state.kind == IN_FACC);
      break;
  }
}

void operand_prepare(Translator *t, uint32_t position, unsigned accept) {
  const SlotState *state = &t->slots[position];
  switch (state->kind) {
    case IN_SLOT:
    case AT_SLOT: return;
    case CONSTANT:
      if (accept & ACCEPT_K) return;
      if ((accept & ACCEPT_K32) && state->value.i == (int32_t)state->value.i) return;
      break;
    case IN_ACC:
      if (accept & ACCEPT_A) return;
      break;
    default:
      if (accept & ACCEPT_F) return;
      break;
  }
  model_flush(t, position);
}

Operand operand_read(const Translator *t, uint32_t position) {
  const SlotState *state = &t->slots[position];
  switch (state->kind) {
    case IN_SLOT: return (Operand){.form = 'S', .slot = position};
    case AT_SLOT: return (Operand){.form = 'S', .slot = state->at};
    case CONSTANT: return (Operand){.form = 'K', .value = state->value};
    case IN_ACC: return (Operand){.form = 'A'};
    default: return (Operand){.form = 'F'};
  }
}

Cell *emit_result(Translator *t, Result result, uint32_t count, uint32_t position, bool is_float) {
  uint32_t owner = is_float ? t->facc : t->acc;
  if (owner != NONE) model_flush(t, owner);
  model_hazard(t, position, position);
  SlotState state = {
      .kind = is_float ? IN_FACC : IN_ACC,
      .dst = result.dst,
      .handler = (uint16_t)(result.handler + result.slot_delta),
      .cells = (uint16_t)count,
      .at = t->ncells,
  };
  emit(t, result.handler + (is_float ? result.float_delta : 0), count);
  model_push(t, position, state);
  return t->failed ? t->dummy : t->cells + state.at; /* pushing may have moved them */
}

/* One function */

static bool has_ref_locals(const Code *code) {
  for (uint32_t i = code->function->nparams; i < code->function->nlocals; i++) {
    if (type_has_refs(code->local_types[i])) return true;
  }
  return false;
}

static void translate_body(Translator *t) {
  const Function *function = t->code->function;
  uint32_t label = 0;
  bool reachable = true;
  for (t->pc = 0; t->pc < t->code->ninsns && !t->failed; t->pc++) {
    t->insn = &t->code->insns[t->pc];
    if (label < function->nlabels && function->labels[label].pc == t->pc) {
      if (reachable) model_flush_all(t);
      t->barrier = t->ncells;
      reachable = true;
      label++;
    }
    t->cell_at[t->pc] = t->ncells;
    if (t->pc == 0 && has_ref_locals(t->code)) {
      uint32_t count = t->code->nlocals_slots - t->code->nargs_slots;
      Cell *cell = emit(t, count == 1 ? H_ZERO1 : count == 2 ? H_ZERO2 : H_ZERO, 1);
      cell->a = (uint16_t)t->code->nargs_slots;
      cell->k = (int32_t)count;
    }
    if (!reachable) continue;
    translate_insn(t);
    if (op_table[t->insn->op].flags & OP_END) {
      model_forget(t);
      reachable = false;
    }
  }
  t->cell_at[t->code->ninsns] = t->ncells;
}

static void jumps_resolve(Translator *t) {
  for (uint32_t i = 0; i < t->njumps; i++) {
    const Jump *jump = &t->jumps[i];
    int64_t distance = (int64_t)t->cell_at[jump->target] - jump->from;
    if (jump->wide) t->cells[jump->cell].x.i = distance;
    else t->cells[jump->cell].k = (int32_t)distance;
  }
}

static Threaded *threaded_new(const Translator *t) {
  size_t ninsns = t->code->ninsns + 1;
  Threaded *threaded = malloc(sizeof *threaded + t->ncells * (sizeof *t->cells + sizeof *t->pcs) + ninsns * sizeof *t->cell_at);
  if (!threaded) return NULL;
  *threaded = (Threaded){.code = t->code, .frame_slots = t->code->frame_slots, .cost = t->code->cost, .ncells = t->ncells};
  memcpy(threaded->cells, t->cells, t->ncells * sizeof *t->cells);
  threaded->first = t->cells[0].op;
  threaded->pcs = (uint32_t *)(void *)(threaded->cells + t->ncells);
  memcpy(threaded->pcs, t->pcs, t->ncells * sizeof *t->pcs);
  threaded->cell_at = threaded->pcs + t->ncells;
  memcpy(threaded->cell_at, t->cell_at, ninsns * sizeof *t->cell_at);
  return threaded;
}

Threaded *translate(Code *code) {
  if (code->threaded) return code->threaded;
  Translator t = {.code = code, .labels = interp_labels(), .last_move = NONE, .acc = NONE, .facc = NONE};
  t.last_pure.cell = NONE;
  t.cell_at = calloc(code->ninsns + 1, sizeof *t.cell_at);
  t.slots = calloc(code->frame_slots + TYPE_SLOTS_MAX, sizeof *t.slots);
  t.failed = !t.cell_at || !t.slots || !cells_room(&t, 2 * code->ninsns + 4);
  if (!t.failed) translate_body(&t);
  if (!t.failed) {
    jumps_resolve(&t);
    code->threaded = threaded_new(&t);
    code->program->threaded_free = free;
  }
  free(t.cells);
  free(t.pcs);
  free(t.cell_at);
  free(t.slots);
  free(t.jumps);
  return code->threaded;
}

void threaded_enter_compiled(Threaded *threaded) { threaded->cells[0].op = interp_labels()[H_COMPILED]; }

uint32_t threaded_receivers(const Threaded *threaded, uint32_t pc, uint32_t *descs, Code **callees) {
  if (!threaded) return 0;
  const void *op = interp_labels()[H_CALL_TRAIT];
  const Cell *call = threaded->cells + threaded->cell_at[pc], *end = threaded->cells + threaded->ncells;
  while (call < end && (call->op != op || call[TRAIT_CELLS - 2].n != pc + 1)) call++;
  uint32_t count = 0;
  for (uint32_t i = 0; i < TRAIT_CACHE && call < end; i++) {
    const Cell *seen = call + 1 + i;
    if (seen->x.u == UINT64_MAX) continue;
    descs[count] = (uint32_t)seen->x.u;
    callees[count++] = ((const Threaded *)seen->q)->code;
  }
  return count;
}

/* Dumping */

static const char *const handler_names[] = {
#define H(name, cells, ...) #name,
#include "vm/interp_ops.def"
#undef H
};

static const char *handler_name(const void *op) {
  const void *const *labels = interp_labels();
  for (int i = 0; i < HANDLERS; i++) {
    if (labels[i] == op) return handler_names[i];
  }
  return NULL;
}

void threaded_dump(const Threaded *threaded, void (*write)(void *ctx, const char *bytes, size_t length), void *ctx) {
  char line[160];
  for (uint32_t i = 0; i < threaded->ncells; i++) {
    const Cell *cell = &threaded->cells[i];
    const char *name = handler_name(cell->op);
    int length = name ? snprintf(line, sizeof line, "%5" PRIu32 " pc %-5" PRIu32 " %-20s a=%u b=%u c=%u d=%u k=%" PRId32 "\n", i,
                                 threaded->pcs[i], name, cell->a, cell->b, cell->c, cell->d, cell->k)
                      : snprintf(line, sizeof line, "%5" PRIu32 "          x=%" PRId64 " m=%" PRIu32 " n=%" PRIu32 "\n", i, cell->x.i,
                                 cell->m, cell->n);
    write(ctx, line, (size_t)length);
  }
}
