/* oracle.c - the executor that the others are tested against: a plain switch over specialised portable code.
 *
 * Frames are data; every step reads the running frame's code, pc and base from the task and writes them back, so that the guest's state is
 * exact between any two instructions. Fuel is charged as the specification words it: on arrival at a function's entry, and on arrival
 * at a loop header by a taken backward branch. Never fast, always there.
 */
#include "vm/execute.h"

#include <string.h>

#include "vm/object.h"

static void fuel_charge(Guest *guest, uint32_t cost) {
  guest->fuel -= cost;
  /* What charges nothing is no safepoint: a native may have left the balance negative. */
  if (cost != 0 && guest->fuel < 0) guest->status = GUEST_PAUSED;
}

static inline Frame *frame_top(const Guest *guest) { return &guest->task->frames[guest->task->nframes - 1]; }

/* Pushes the callee's frame; the caller will go on behind the call. */
static Trap callee_enter(Guest *guest, Code *callee, uint32_t base) {
  Trap trap = task_push(guest, guest->task, callee, base);
  if (trap != TRAP_NONE) return trap;
  frame_top(guest)[-1].pc++;
  fuel_charge(guest, callee->cost);
  return TRAP_NONE;
}

static Trap call_fn(Guest *guest, const CodeInsn *insn, uint32_t base) {
  const Closure *closure = guest->task->slots[base].p;
  const ObjDesc *desc = obj_desc((const Obj *)closure);
  Trap trap = task_room(guest, guest->task, (uint64_t)base + closure->code->frame_slots);
  if (trap != TRAP_NONE) return trap;
  closure_spread(closure->slots, desc->nslots, guest->task->slots + base, insn->v);
  return callee_enter(guest, closure->code, base);
}

static Trap call_trait(Guest *guest, const CodeInsn *insn, uint32_t base) {
  Trap trap = TRAP_NONE;
  Code *callee = trait_callee(guest, insn, guest->task->slots + base, &trap);
  if (!callee) return trap;
  trap = task_room(guest, guest->task, (uint64_t)base + insn->a + callee->frame_slots);
  if (trap != TRAP_NONE) return trap;
  trait_unbox(insn, guest->task->slots + base);
  return callee_enter(guest, callee, base + insn->a);
}

static Trap call(Guest *guest, Code *code, CodeInsn *insn, uint32_t base) {
  Trap trap = TRAP_NONE;
  Code *callee = insn->x.callee ? insn->x.callee : program_callee(code->program, code, insn, &trap);
  return callee ? callee_enter(guest, callee, base + insn->a) : trap;
}

static Trap ret_go(Guest *guest, const Code *code, const CodeInsn *insn, Value *base) {
  memmove(base, base + insn->sp - insn->w, insn->w * sizeof *base);
  Task *task = guest->task;
  if (--task->nframes > 0) return TRAP_NONE;
  if (task != guest->main) return task_end(guest);
  guest->exit_status = code_exit_status(code, base);
  guest->status = GUEST_FINISHED;
  return TRAP_NONE;
}

static void switch_go(Guest *guest, Frame *frame, const CodeInsn *insn, uint64_t position) {
  if (position >= insn->k) {
    frame->pc++;
    return;
  }
  frame->pc = insn->x.targets[position];
  fuel_charge(guest, insn->x.targets[insn->k + position]);
}

static void branch_go(Guest *guest, Frame *frame, const CodeInsn *insn, bool taken) {
  if (!taken) {
    frame->pc++;
    return;
  }
  frame->pc = insn->a;
  fuel_charge(guest, insn->cost);
}

/* Executes one instruction of the running frame. */
static Trap step(Guest *guest) {
  Frame *frame = frame_top(guest);
  Code *code = frame->code;
  CodeInsn *insn = &code->insns[frame->pc];
  Value *base = guest->task->slots + frame->base;
  switch (insn->op) {
    case OP_BR: branch_go(guest, frame, insn, true); return TRAP_NONE;
    case OP_BR_IF: branch_go(guest, frame, insn, base[insn->sp - 1].i != 0); return TRAP_NONE;
    case OP_BR_IFNOT: branch_go(guest, frame, insn, base[insn->sp - 1].i == 0); return TRAP_NONE;
    case OP_BR_NIL:
    case OP_BR_ERR:
    case OP_BR_UNCASE:
    case OP_BR_UNIS: branch_go(guest, frame, insn, insn_branches(insn, base)); return TRAP_NONE;
    case OP_SWITCH: switch_go(guest, frame, insn, base[insn->sp - 1].u); return TRAP_NONE;
    case OP_RET: return ret_go(guest, code, insn, base);
    case OP_PANIC:
    case OP_FAIL: return insn_panic(guest, insn, base);
    case OP_TASK_WAIT: return task_wait(guest);
    case OP_TASK_SWITCH: return task_switch(guest, base[insn->sp - 1].p);
    case OP_CALL: return call(guest, code, insn, frame->base);
    case OP_CALL_FN: return call_fn(guest, insn, frame->base + insn->a);
    case OP_CALL_TRAIT: return call_trait(guest, insn, frame->base);
    default: break;
  }
  Trap trap = insn_execute(guest, code, insn, base);
  if (trap == TRAP_NONE) frame->pc++;
  return trap == TRAP_WAIT ? task_await(guest) : trap;
}

GuestStatus oracle_step(Guest *guest) {
  guest->insn_allocated = guest->allocated;
  Trap trap = step(guest);
  if (trap != TRAP_NONE) guest_fail(guest, trap);
  if (guest->task->nframes) task_settle(guest->task);
  return guest->status;
}

GuestStatus oracle_run(Guest *guest) {
  while (guest->status == GUEST_RUNNABLE) oracle_step(guest);
  return guest->status;
}

GuestStatus oracle_run_wide(Guest *guest) {
  while (guest->status == GUEST_RUNNABLE && frame_top(guest)->code->frame_slots > FRAME_SLOTS_NARROW) oracle_step(guest);
  return guest->status;
}
