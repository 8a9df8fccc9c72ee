/* emitter.h - what the parts of emit share: a function under way.
 *
 * The frame is an array of slots on the native stack, which LLVM takes apart into registers. Slots of floats are read and written as doubles, whose NaNs may be any;
 * `kinds` says which these are at this point of the code: of locals always the same, of operands as they come. Code is emitted once for each instruction, in
 * order; an instruction that nothing reaches is left out.
 */
#ifndef FIRN_JIT_EMITTER_H
#define FIRN_JIT_EMITTER_H

#include "jit/jit.h"
#include "jit/machine.h"

enum { PUSHES_MAX = EFFECT_MAX, KINDS_MAX = 1024 };

/* A local of one slot, or a constant. */
typedef struct Term { bool is_local; uint32_t slot; int64_t value; } Term;
typedef struct Indexed { uint32_t list; int64_t offset; } Indexed; /* a list in a local, and what is added to the counter */

/* A counted loop (loops.c): from the header on, its tail, the branch back. */
enum { LOOP_LISTS = 8, LOOP_ROUNDS_MIN = 4 };
typedef struct Loop {
  uint32_t header, tail, back, cost, counter; /* counter: slot */
  Term step, limit;
  bool is_less;             /* than the limit; else at most */
  Indexed indexed[LOOP_LISTS];
  uint32_t nindexed;
  uint8_t *is_proven;       /* by pc from the header on: needs no check in the main loop */
  LLVMBasicBlockRef before; /* decides how often the main loop goes round; those outside go there */
  LLVMBasicBlockRef body;
  LLVMValueRef first, fuel, rounds, stride;
} Loop;

typedef struct Place { LLVMBasicBlockRef block; uint8_t *operands; Loop *loop; } Place; /* of a label: kinds of the operands there; NULL: not known yet. Of a counted loop's header: that */

typedef struct Emitter {
  Unit *u;
  LLVMBuilderRef b;
  Code *code;
  LLVMValueRef function, ctx, fp, frame;
  LLVMMetadataRef scope;    /* of source lines, or NULL */
  LLVMValueRef fuel, here;  /* where the balance is; an address in the native stack */
  LLVMValueRef leave_pc, leave_reason;
  LLVMBasicBlockRef leave;  /* for the locals as they are, or NULL */
  LLVMValueRef *slots;      /* addresses in the frame */
  uint8_t *kinds;
  bool *is_init;            /* by slot, of locals: holds a value */
  Place *places;            /* by pc; block NULL: no label */
  const Member *member;     /* NULL results in slots: an entry */
  bool is_entry;            /* gives a TierResult */
  bool is_reachable;
  uint32_t pc, start;
  const CodeInsn *insn;
  LLVMBasicBlockRef start_block, step_block; /* step_block: leaves in front of the instruction, NULL: not made yet */
  Loop *main;               /* whose main loop is being emitted, or NULL */
  LLVMValueRef round;       /* where the main loop's count is */
  bool failed, has_started;
} Emitter;

/* emit.c */
LLVMValueRef slot_load(Emitter *e, uint32_t slot);                     /* as its kind has it */
void slot_store(Emitter *e, uint32_t slot, Kind kind, LLVMValueRef value);
LLVMValueRef slot_word(Emitter *e, uint32_t slot);                     /* as a word, canonical */
LLVMValueRef slot_ref(Emitter *e, uint32_t slot);                      /* as a pointer */
void slot_move(Emitter *e, uint32_t to, uint32_t from);
LLVMValueRef const_word(Emitter *e, uint64_t value);
LLVMValueRef const_half(Emitter *e, uint32_t value);
LLVMValueRef const_address(Emitter *e, const void *address);
LLVMValueRef frame_at(Emitter *e, uint32_t slot);                      /* fp + slot: in the guest's stack */
void memory_store(Emitter *e, uint32_t slot);                          /* a slot to the guest's stack */
void memory_load(Emitter *e, uint32_t slot, Kind kind);
LLVMValueRef runtime_call(Emitter *e, Template template, LLVMValueRef *args, unsigned nargs);
LLVMValueRef context_load(Emitter *e, unsigned word);                  /* a limit of the TierContext, which does not change while compiled code runs */
void branch_likely(Emitter *e, LLVMValueRef condition, LLVMBasicBlockRef likely, LLVMBasicBlockRef unlikely);
LLVMBasicBlockRef block_new(Emitter *e, const char *name);
void block_begin(Emitter *e, LLVMBasicBlockRef block);
LLVMBasicBlockRef leave_step(Emitter *e);                              /* in front of the instruction */
void require(Emitter *e, LLVMValueRef condition);                      /* or leave in front of the instruction */
void require_not(Emitter *e, LLVMValueRef condition);
void leave_here(Emitter *e, uint32_t pc, TierLeave reason, uint32_t sp); /* at the end of the block */
void may_leave(Emitter *e);                                            /* in tests: sometimes leaves in front of the instruction */
void may_leave_at(Emitter *e, uint32_t pc, TierLeave reason);          /* the same elsewhere, with the operands that are there */
void locals_changed(Emitter *e);                                       /* what leaves from now on has other locals */
void go(Emitter *e, uint32_t target, uint32_t cost);                   /* to a label, which ends the block */
LLVMBasicBlockRef arrival(Emitter *e, uint32_t target, uint32_t cost); /* a block that does so; operands are as they are now */

/* debug_info.c. What is emitted from now on belongs to the line of e->pc; or to none, until `lines_back` with what that gave. */
void lines_at(Emitter *e);
LLVMMetadataRef lines_none(Emitter *e);
void lines_back(Emitter *e, LLVMMetadataRef location);

/* loops.c. loop_find judges the branch back at a pc; loop_begin emits what stands in front of the main loop and begins it, loop_end ends it; loop_state sets counter
 * and balance as they are after so many rounds. */
bool loop_find(Emitter *e, uint32_t back, Loop *loop);
void loop_begin(Emitter *e, Loop *loop);
void loop_state(Emitter *e, const Loop *loop, LLVMValueRef round);
void loop_end(Emitter *e, Loop *loop);

/* emit_ops.c */
void emit_insn(Emitter *e);
uint32_t operands_first(const CodeInsn *insn);                         /* the slot of the lowest operand */
void emit_return(Emitter *e, uint32_t from, uint32_t count);           /* emit.c */

#endif
