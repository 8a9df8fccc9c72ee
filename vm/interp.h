/* interp.h - threaded code: what translate.c makes and interp.c runs.
 *
 * Threaded code is an array of 16-byte cells. An instruction is one to three cells, or more for tables; its first cell begins with the
 * address of its handler. Operands are slots of the frame, immediates, or one of two accumulators, `acc` for integers and references and
 * `facc` for floats, that carry a value from the instruction that makes it to the one that uses it. Handlers are listed in interp_ops.def.
 *
 * Accumulators are dead at labels, calls and allocations, so all state is then in slots, where the portable code says it is.
 */
#ifndef FIRN_VM_INTERP_H
#define FIRN_VM_INTERP_H

#include "vm/program.h"

/* The meaning of the fields is by handler. Jumps (k, x.i) are counted in cells from the first cell of the instruction. */
typedef struct Cell {
  union {
    const void *op; /* first cells: the handler */
    Value x;
    void *p;
  };
  union {
    struct {
      uint16_t a, b, c, d; /* slots, small numbers */
    };
    struct {
      uint16_t a_, b_;
      int32_t k;
    };
    struct {
      uint32_t m, n;
    };
    void *q;
  };
} Cell;

_Static_assert(sizeof(Cell) == 16, "a cell is two words");

/* The threaded form of a Code: one malloc'd block. */
typedef struct Threaded {
  Code *code;
  uint32_t frame_slots; /* copies of code's */
  uint32_t cost;
  uint32_t ncells;
  const void *first;   /* the first cell's handler, whose place COMPILED may have taken */
  uint32_t *pcs;     /* by cell: the portable instruction that a trap in it belongs to */
  uint32_t *cell_at; /* by portable pc: the cell to go on at; exact at pc 0, labels and behind calls */
  Cell cells[];
} Threaded;

/* Cells of a CALL_TRAIT: how many receivers' types it remembers, and its size. The last two cells are those of every call. */
enum { TRAIT_CACHE = 8, TRAIT_CELLS = TRAIT_CACHE + 3 };
#define TRAIT_BOXED (UINT64_C(1) << 63) /* with a type whose values are in boxes */

typedef enum Handler {
#define H(name, cells, ...) H_##name,
#include "vm/interp_ops.def"
#undef H
  HANDLERS
} Handler;

/* The forms of a pure instruction, in the order of its handlers. The last letter is where the result goes: accumulator or slot; the others
 * are the operands: S slot, A accumulator, K constant. */
typedef enum PureForm { FORM_SS, FORM_AS = 2, FORM_SA = 4, FORM_SK = 6, FORM_AK = 8, FORM_KS = 10, FORM_KA = 12, PURE_FORMS = 14 } PureForm;

/* Handlers' addresses, by Handler. */
const void *const *interp_labels(void);

/* Lets calls enter compiled code (Code.entry). */
void threaded_enter_compiled(Threaded *threaded);

/* The types of receivers, at most TRAIT_CACHE, that a CALL_TRAIT has met, and what it called. */
uint32_t threaded_receivers(const Threaded *threaded, uint32_t pc, uint32_t *descs, Code **callees);

/* The threaded form of a ready Code whose frame is not wide, made at first. NULL when memory is out. */
Threaded *translate(Code *code);

/* Makes the frames of a guest exact while a native or an instruction left to C runs in it, until interp_frames_open. Frames hold the state before that
 * instruction. False: they are exact already. */
bool interp_frames_close(Guest *guest);
void interp_frames_open(Guest *guest);

/* In a native: the frame below that of the function which called it, with code and pc only; false if there is none. */
bool interp_caller(const Guest *guest, Frame *frame);

/* Writes threaded code for people to read (firn run --dump=code). */
void threaded_dump(const Threaded *threaded, void (*write)(void *ctx, const char *bytes, size_t length), void *ctx);

#endif
