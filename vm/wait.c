/* wait.c - operations that tasks wait for: what natives began and the host completes.
 *
 * A native that can't answer yet returns guest_await's TRAP_WAIT. Its task then waits in front of the call, whose arguments stay where they are, so that an
 * image needs to hold nothing more of the operation than its token and its time. Completing it puts the result in their place and the task, behind
 * the call, into the queue.
 *
 * Interface: guest.h. Times are by the guest's own clock, which whoever completes operations moves on.
 *
 * Invariants
 * - guest->pending has just the tasks that are TASK_PENDING, as a binary heap by time and token. They are in the guest's list, which keeps them alive.
 * - A guest is GUEST_WAITING when none of its tasks runs or is ready, and only then does guest->task name one that does not run.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/execute.h"
#include "vm/native.h"

enum { HEAP_FIRST = 8 };

static bool comes_before(const Task *a, const Task *b) { return a->due != b->due ? a->due < b->due : a->token < b->token; }

/* Puts a task at its place on the way from position `at` to the root. */
static void sift_up(Guest *guest, uint32_t at, Task *task) {
  for (; at > 0 && comes_before(task, guest->pending[(at - 1) / 2]); at = (at - 1) / 2) guest->pending[at] = guest->pending[(at - 1) / 2];
  guest->pending[at] = task;
}

static void sift_down(Guest *guest, uint32_t at, Task *task) {
  for (uint32_t child; (child = 2 * at + 1) < guest->npending; at = child) {
    if (child + 1 < guest->npending && comes_before(guest->pending[child + 1], guest->pending[child])) child++;
    if (!comes_before(guest->pending[child], task)) break;
    guest->pending[at] = guest->pending[child];
  }
  guest->pending[at] = task;
}

Trap task_pend(Guest *guest, Task *task) {
  if (!task->is_listed && !task_may_enlist(guest)) return guest_trap_limit(guest, LIMIT_TASKS);
  if (guest->npending == guest->pending_cap) {
    uint32_t cap = guest->pending_cap ? 2 * guest->pending_cap : HEAP_FIRST;
    Task **grown = cap > guest->pending_cap ? realloc(guest->pending, cap * sizeof *grown) : NULL;
    if (!grown) return TRAP_OUT_OF_MEMORY;
    guest->pending = grown;
    guest->pending_cap = cap;
  }
  task->state = TASK_PENDING;
  guest->nuntimed += task->due == GUEST_NEVER;
  sift_up(guest, guest->npending++, task);
  if (task->is_listed) return TRAP_NONE;
  task->is_asked = true;
  task_enlist(guest, task);
  return TRAP_NONE;
}

static void pending_remove(Guest *guest, uint32_t at) {
  guest->nuntimed -= guest->pending[at]->due == GUEST_NEVER;
  Task *last = guest->pending[--guest->npending];
  if (at == guest->npending) return;
  if (at > 0 && comes_before(last, guest->pending[(at - 1) / 2])) sift_up(guest, at, last);
  else sift_down(guest, at, last);
}

void task_unpend(Guest *guest, Task *task) {
  uint32_t at = 0;
  while (at < guest->npending && guest->pending[at] != task) at++;
  if (at < guest->npending) pending_remove(guest, at);
}

void pending_drop_asked(Guest *guest) {
  for (uint32_t i = 0; i < guest->npending;) {
    Task *task = guest->pending[i++];
    if (!task->is_asked) continue;
    task_drop(guest, task);
    i = 0;
  }
}

Trap guest_await(Guest *guest, int64_t due) {
  guest->task->token = guest->tokens_made + 1;
  guest->task->due = due;
  return TRAP_WAIT;
}

const NativeDef *task_awaits(const Task *task) {
  const Frame *top = &task->frames[task->nframes - 1];
  const CodeInsn *insn = &top->code->insns[top->pc];
  return insn->op == OP_CALL_IMPORT ? insn->x.native : NULL;
}

Value *task_operation(Task *task) {
  const Frame *top = &task->frames[task->nframes - 1];
  return task->slots + top->base + top->code->insns[top->pc].a;
}

/* Takes the operation of a token out; NULL if there is none. */
static Task *operation_take(Guest *guest, uint64_t token) {
  for (uint32_t i = 0; i < guest->npending; i++) {
    Task *task = guest->pending[i];
    if (task->token != token) continue;
    pending_remove(guest, i);
    task->state = TASK_WAITS;
    return task;
  }
  return NULL;
}

bool guest_complete(Guest *guest, uint64_t token, const Value *result) {
  Task *task = operation_take(guest, token);
  if (!task) return false;
  Frame *top = &task->frames[task->nframes - 1];
  if (result) memcpy(task_operation(task), result, top->code->insns[top->pc].w * sizeof *result);
  top->pc++;
  /* The collector may run before the task does, and forgets what is behind its top: where a result may be that is longer than the arguments. */
  task_settle(task);
  Trap trap = task_ready(guest, task);
  if (trap != TRAP_NONE) guest_fail(guest, trap);
  else if (guest->status == GUEST_WAITING) task_go_on(guest);
  return true;
}

bool guest_complete_trap(Guest *guest, uint64_t token, Trap trap) {
  Task *task = operation_take(guest, token);
  if (!task) return false;
  if (guest->task->state == TASK_RUNS) {
    guest->task->state = TASK_WAITS;
    task_ready(guest, guest->task);
  }
  task->state = TASK_RUNS;
  guest->task = task;
  guest_fail(guest, trap);
  return true;
}

bool guest_complete_error(Guest *guest, uint64_t token, const char *text) {
  return guest_complete_trap(guest, token, guest_trap_text(guest, TRAP_HOST, text, strlen(text)));
}
