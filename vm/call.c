/* call.c - calls of a guest's functions by its host. Interface: guest.h.
 *
 * A call is a task like one that is spawned, but for its is_call: the guest pauses when it ends, and its stack stays, with the result in its first slots. A guest that has
 * finished is idle once guest_settle has dropped what is left of its first task: then a call becomes the first task, and the guest is finished again when
 * that has returned.
 *
 * The host keeps what it has to keep in guest->held: a task that has ended is nowhere else.
 */
#include <string.h>

#include "vm/execute.h"
#include "vm/object.h"
#include "vm/program.h"

bool guest_is_idle(const Guest *guest) { return guest->status == GUEST_FINISHED && guest->trap == TRAP_NONE && guest->main->state == TASK_ENDED; }

void guest_settle(Guest *guest) {
  if (guest->status != GUEST_FINISHED || guest->trap != TRAP_NONE || guest->main->state == TASK_ENDED) return;
  task_over(guest, guest->main);
  guest->task = guest->main;
}

Task *guest_call(Guest *guest, Code *code, const Value *args, const void *closure, Trap *trap) {
  guest_settle(guest);
  Task *task = guest->main;
  bool is_idle = guest_is_idle(guest);
  if (!is_idle || !task->is_call || !task_again(guest, task, code, args, closure)) *trap = task_calling(guest, code, args, closure, &task);
  if (*trap != TRAP_NONE) return NULL;
  task->is_call = true;
  if (is_idle) {
    task->state = TASK_RUNS;
    task_enlist(guest, task);
    guest->main = guest->task = task;
    guest->status = GUEST_PAUSED;
  } else {
    *trap = task_ready(guest, task);
    if (*trap != TRAP_NONE) return NULL;
    if (guest->status == GUEST_WAITING) task_go_on(guest);
  }
  guest->fuel -= code->cost;
  return task;
}

bool guest_call_has_ended(const Guest *guest, const Task *task) {
  return task->state == TASK_ENDED || (task == guest->main && guest->status == GUEST_FINISHED && guest->trap == TRAP_NONE);
}

void guest_call_first(Guest *guest, Task *task) {
  guest->main = guest->task = task;
  task_go_on(guest);
  if (guest->status == GUEST_RUNNABLE) guest->status = GUEST_PAUSED;
}

void guest_call_drop(Guest *guest, Task *task) {
  bool runs = guest->task == task;
  task_drop(guest, task);
  if (task == guest->main) {
    guest->task = task;
    guest->status = GUEST_FINISHED;
  } else if (runs) {
    guest->task = guest->main;
    task_go_on(guest);
  }
}

bool guest_recover(Guest *guest) {
  if (guest->task != guest->main) task_drop(guest, guest->task);
  task_drop(guest, guest->main);
  pending_drop_asked(guest);
  GuestStatus status = guest->status;
  Trap trap = guest->trap;
  guest->task = guest->main;
  guest->status = GUEST_FINISHED;
  guest->trap = TRAP_NONE;
  guest->wanted = 0;
  if (guest_memory_limit(guest, guest->options.memory)) return true;
  guest->status = status;
  guest->trap = trap;
  return false;
}
