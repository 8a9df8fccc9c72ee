/* translator.h - what the parts of the translator share: the cells being made, and the model of the operand stack.
 *
 * The model knows for each operand slot where its value is at this point of the code: in the slot itself, still in another slot (a local
 * not yet copied, a part of something larger), a constant, or in an accumulator. Slots that are not IN_SLOT are *pending*; there are at
 * most PENDING_MAX. Nothing is pending at labels.
 *
 * Invariants
 * - Each accumulator has at most one owner. An owner's producing cell can be changed at any time to write to the owner's slot, because
 *   no pending slot refers to that slot since the producer was emitted.
 * - Of two pending slots that refer to operand slots, the higher does not refer to the lower one of these: so no two wait for each other
 *   to be settled.
 * - Before a cell that writes a slot is emitted, pending slots that refer to it are settled (model_hazard).
 */
#ifndef FIRN_VM_TRANSLATOR_H
#define FIRN_VM_TRANSLATOR_H

#include "vm/interp.h"

enum { PENDING_MAX = 64 };

typedef enum SlotKind { IN_SLOT, AT_SLOT, CONSTANT, IN_ACC, IN_FACC } SlotKind;

typedef struct SlotState {
  uint8_t kind;
  uint8_t dst;       /* IN_ACC, IN_FACC: which field of the producer's cell is the destination, 0 for a to 2 for c */
  uint16_t handler;  /* ... its handler with a slot as destination */
  uint16_t cells;    /* ... its size */
  uint32_t at;       /* AT_SLOT: the slot; IN_ACC, IN_FACC: the producer's cell */
  Value value;       /* CONSTANT */
} SlotState;

typedef struct Jump { uint32_t from, cell, target; bool wide; } Jump; /* wide: x.i of the cell, otherwise k */

/* The last pure instruction, while its cell is the last one and its result is in the accumulator. */
typedef struct LastPure { uint32_t cell, cells; uint8_t op, form; } LastPure;

typedef struct Translator {
  Code *code;
  CodeInsn *insn;
  uint32_t pc;
  const void *const *labels;
  Cell *cells;
  uint32_t *pcs;
  uint32_t ncells, cells_cap;
  uint32_t *cell_at;
  uint32_t barrier;   /* cells before this are left alone: something may jump to here */
  uint32_t last_move; /* cell of a lone MOV, or UINT32_MAX */
  LastPure last_pure;
  SlotState *slots;
  uint32_t pending[PENDING_MAX], npending;
  uint32_t acc, facc; /* slots that own the accumulators, or NONE */
  Jump *jumps;
  uint32_t njumps, jumps_cap;
  bool failed;        /* memory is out */
  Cell dummy[TRAIT_CELLS];      /* what emit gives then: written to, never read */
} Translator;

#define NONE UINT32_MAX

/* An operand of a cell: form S with its slot, A or F in an accumulator, K a constant. */
typedef struct Operand {
  char form;
  uint32_t slot;
  Value value;
} Operand;

enum Accept { ACCEPT_S = 0, ACCEPT_A = 1, ACCEPT_F = 2, ACCEPT_K = 4, ACCEPT_K32 = 8 };

/* Cells. emit gives the first of `count` zeroed cells; when memory is out it sets failed and gives a dummy. */
Cell *emit(Translator *t, Handler handler, uint32_t count);
Cell *emit_jump(Translator *t, Handler handler, uint32_t count, uint32_t target);
void jump_add(Translator *t, uint32_t from, uint32_t cell, uint32_t target, bool wide);
static inline bool cell_is(const Translator *t, uint32_t cell, Handler handler) { return t->cells[cell].op == t->labels[handler]; }

/* The model. Positions are slots of the operand stack. */
void model_push(Translator *t, uint32_t position, SlotState state);
void model_drop(Translator *t, uint32_t position, uint32_t count);
void model_rename(Translator *t, uint32_t from, uint32_t to);
void model_flush(Translator *t, uint32_t position);           /* makes it IN_SLOT */
void model_flush_below(Translator *t, uint32_t position);     /* all pending ones below a position */
/* To be called once the operands of an instruction that calls a C function have been dropped: facc is lost in it. */
static inline void model_call(Translator *t) {
  if (t->facc != NONE) model_flush(t, t->facc);
}
static inline void model_flush_all(Translator *t) { model_flush_below(t, NONE); }
void model_hazard(Translator *t, uint32_t slot, uint32_t below); /* settles pending positions below `below` that refer to a slot */
void model_store(Translator *t, uint32_t slot, uint32_t position); /* the value of an operand into a local; drops it */
void model_forget(Translator *t);                              /* what is pending is dead */

/* Makes an operand have a form that is accepted (a set of Accept; a slot always is), and reads it. Read after all operands are prepared. */
void operand_prepare(Translator *t, uint32_t position, unsigned accept);
Operand operand_read(const Translator *t, uint32_t position);

static inline void push_constant(Translator *t, uint32_t position, Value value) {
  model_push(t, position, (SlotState){.kind = CONSTANT, .value = value});
}
static inline void push_int(Translator *t, uint32_t position, int64_t value) { push_constant(t, position, (Value){.i = value}); }

/* A cell whose result is `position`: into an accumulator. Operands have been read and dropped. `a_handler` is the form for acc; `float_result`
 * selects facc; `delta` leads from a_handler to the form for slots, `float_delta` to the form for facc. */
typedef struct Result { Handler handler; uint8_t float_delta, slot_delta, dst; } Result;
Cell *emit_result(Translator *t, Result result, uint32_t count, uint32_t position, bool is_float);

/* translate_pure.c: pure instructions, comparing and branching, ends of loops. */
void translate_pure(Translator *t);
void pure_emit(Translator *t, unsigned op, uint32_t first);  /* one whose operands begin at position `first` */
void branch_on_bool(Translator *t, uint32_t position, bool sense, uint32_t target, uint32_t cost);
void branch_always(Translator *t, uint32_t target, uint32_t cost);
bool word_get_take(Translator *t, Cell *load); /* takes the last cell back if it loads a word of an object in a slot into acc */
void charge_set(Cell *cell, uint32_t cost, uint32_t header);

/* translate_ops.c: all other instructions. */
void translate_insn(Translator *t);

#endif
