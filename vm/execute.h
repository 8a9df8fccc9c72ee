/* execute.h - what the executors share.
 *
 * insn_execute gives meaning to every instruction that neither moves the pc otherwise than to the next instruction nor pushes a frame;
 * the oracle does nothing else for them, and the interpreter calls it for whatever has no handler of its own. The other functions are the
 * parts of control instructions that deal with slots.
 *
 * `base` is the running frame's first slot. Slots do not move while these functions run. They set task->top before they allocate.
 */
#ifndef FIRN_VM_EXECUTE_H
#define FIRN_VM_EXECUTE_H

#include <stdio.h>

#include "vm/guest.h"
#include "vm/program.h"

#define FRAME_SLOTS_NARROW 0xffffu /* frames that the threaded interpreter can address; the oracle runs functions with larger ones */

/* Tasks (task.c). TASK_BYTES is a new one's logical size. task_room makes room for `nslots` slots in all in a task's stack and for as many frames; it may
 * move both; STACK_OVERFLOW over the limit. task_push pushes a frame for `code`, whose arguments begin at slot `base`, zeroes its other locals, and does not
 * charge. */
enum { TASK_BYTES = 256, TASK_STACK_FIRST = 20 }; /* bytes; slots of a new stack, at least */
/* The room that a stack gets which needs so many slots, at most the limit; and what a stack counts for in a quota, in bytes. */
uint32_t task_room_for(uint32_t nslots, uint32_t limit);
static inline uint64_t task_stack_bytes(uint32_t room) {
  return room > TASK_STACK_FIRST ? (uint64_t)(room - TASK_STACK_FIRST) * (sizeof(Value) + sizeof(Frame)) : 0;
}
Task *task_blank(Guest *guest); /* without frames, waiting; NULL when memory is out */
Task *task_outside(Guest *guest); /* the same, malloc'd, for the first task; task_free frees it */
void task_free(Task *task);     /* does nothing to tasks of the heap */
Trap task_room(Guest *guest, Task *task, uint64_t nslots);
Trap task_push(Guest *guest, Task *task, Code *code, uint32_t base);

/* A task, not listed, about to call a function with arguments and, of a closure (or NULL), its captures. Does not charge. */
Trap task_calling(Guest *guest, Code *code, const Value *args, const void *closure, Task **result);

/* Ends a task that has returned from its last frame. The stack of a call becomes its guest's spare one, if that is of the first size. */
void task_over(Guest *guest, Task *task);
/* As task_calling: an ended task that nobody refers to calls next, on the spare stack, as if it were new. False: it cannot be, and nothing has happened. */
bool task_again(Guest *guest, Task *task, Code *code, const Value *args, const void *closure);

/* The TASK instructions. task_wait and task_switch are called in front of their instruction and move behind it, or trap. */
Trap task_new(Guest *guest, const void *closure, Task **result);
Trap task_ready(Guest *guest, Task *task);
Trap task_wait(Guest *guest);
Trap task_switch(Guest *guest, Task *task);

/* Sets the top of a task whose frames are exact. */
static inline void task_settle(Task *task) {
  const Frame *frame = &task->frames[task->nframes - 1];
  task->top = frame->base + frame->code->insns[frame->pc].sp;
}

/* The running task's native has asked to wait (guest_await): the next one goes on. */
Trap task_await(Guest *guest);
/* Pending tasks (wait.c), whose token and due are set: task_pend makes a task one, task_unpend forgets that it is. */
Trap task_pend(Guest *guest, Task *task);
void task_unpend(Guest *guest, Task *task);
/* Drops those that wait for a task that has switched to them, and which is no more. */
void pending_drop_asked(Guest *guest);
/* Lets the first of the queue run; the guest waits when there is none. */
void task_go_on(Guest *guest);

/* The running task, which is not the main one, has returned from its last frame: lets the next go on. DEADLOCK if there is none. */
Trap task_end(Guest *guest);

/* Ends a task from outside: nothing of it is left to run. */
void task_drop(Guest *guest, Task *task);

/* Puts a task at the end of the guest's list of tasks that are reached without a reference. task_may_enlist: whether the limit of tasks allows one more. */
bool task_may_enlist(const Guest *guest);
void task_enlist(Guest *guest, Task *task);

/* Writes a line of a trace, without its end. */
void frame_write(FILE *out, const Frame *frame, bool innermost);

/* Writes the lines of a task's frames, the innermost first; a long trace is shortened. `runs`: the innermost frame is at its pc, not behind a call. */
void trace_write(FILE *out, const Task *task, bool runs);

/* Executes one instruction that is neither a branch nor a call of guest code nor an end. */
Trap insn_execute(Guest *guest, Code *code, CodeInsn *insn, Value *base);

/* Executes one OP_PURE row: sets *r from a and b. */
Trap pure_execute(unsigned op, Value a, Value b, Value *r);

/* BR_NIL, BR_ERR, BR_UNCASE, BR_UNIS: true when the branch is taken. Leaves on the stack what belongs there. */
bool insn_branches(const CodeInsn *insn, Value *base);

/* CALL_TRAIT: the callee, ready to run. NULL with *trap set. */
Code *trait_callee(Guest *guest, const CodeInsn *insn, const Value *base, Trap *trap);

/* CALL_TRAIT: puts a boxed receiver's slots in the place of its reference, once there is room for the callee's frame. */
void trait_unbox(const CodeInsn *insn, Value *base);

/* CALL_FN: moves the arguments down over the function value and the captures behind them, once there is room for the callee's frame. */
static inline void closure_spread(const Value *captures, uint32_t ncaptures, Value *at, uint32_t nargs) {
  for (uint32_t i = 0; i < nargs; i++) at[i] = at[i + 1];
  for (uint32_t i = 0; i < ncaptures; i++) at[nargs + i] = captures[i];
}

/* PANIC and FAIL. */
Trap insn_panic(Guest *guest, const CodeInsn *insn, const Value *base);

/* Executes one instruction of the running frame, from exact state to exact state. Answers the guest's status. */
GuestStatus oracle_step(Guest *guest);

/* Runs the current frame and what it calls as long as the frame on top is too large for the interpreter. Otherwise as oracle_run. */
GuestStatus oracle_run_wide(Guest *guest);

#endif
