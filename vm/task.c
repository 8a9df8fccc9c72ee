/* task.c - tasks: their stacks, and which of them runs.
 *
 * A task is an object of the heap: its slots and frames are buffers that the collector frees with it. (A new guest's first task is not, see guest.h; heap.c
 * takes its stack as a root.) One task runs; ready ones are in the guest's queue; waiting ones are reached from whatever will wake them, or are garbage. Tasks that
 * wait although the program as a whole can't go on are found through the guest's list, in which tasks made ready once stay until they are done.
 *
 * Interface: guest.h (Task), execute.h.
 *
 * Invariants
 * - A task's frames array has as much room as its stack has slots. A callee's base lies above its caller's locals, of which there is at
 *   least one slot, so a frame that fits the stack always finds room in frames: executors test the stack's limit only.
 * - frames[-1] exists and belongs to the executor that runs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/execute.h"
#include "vm/heap.h"
#include "vm/object.h"
#include "vm/program.h"
#include "vm/quota.h"

enum {
  FRAMES_HIDDEN = 1,
  QUEUE_FIRST = 16,
  STALE_MAX = 64,     /* slots */
  LISTED_FRAMES = 4,  /* of each task in a deadlock's message */
  LISTED_MAX = 20,    /* tasks that a deadlock's message lists */
};

/* Stacks */

static size_t frames_bytes(uint32_t nslots) { return ((size_t)nslots + FRAMES_HIDDEN) * sizeof(Frame); }

/* Gives up the stack of a task that is done. */
static void stack_drop(Task *task) {
  Frame *block = task->frames ? task->frames - FRAMES_HIDDEN : NULL;
  if (task->is_outside) {
    free(task->slots);
    free(block);
  } else if (task->slots) {
    heap_buffer_reuse(task->slots, task->nslots * sizeof(Value), true);
    if (block) heap_buffer_reuse(block, frames_bytes(task->nslots), false);
  }
  task->slots = NULL;
  task->frames = NULL;
  task->nslots = task->nframes = task->top = 0;
}

static bool stack_resize_outside(Task *task, uint32_t nslots) {
  Value *slots = realloc(task->slots, (size_t)nslots * sizeof *slots);
  if (!slots) return false;
  task->slots = slots;
  Frame *block = realloc(task->frames ? task->frames - FRAMES_HIDDEN : NULL, frames_bytes(nslots));
  if (!block) return false;
  task->frames = block + FRAMES_HIDDEN;
  memset(slots + task->nslots, 0, (size_t)(nslots - task->nslots) * sizeof *slots);
  task->nslots = nslots;
  return true;
}

static bool stack_resize(Task *task, uint32_t nslots) {
  if (task->is_outside) return stack_resize_outside(task, nslots);
  /* Arguments of the call under way may lie above top. */
  uint32_t top = task->top, old = task->nslots;
  task->top = old;
  Value *slots = heap_buffer(NULL, (size_t)nslots * sizeof *slots, true);
  Frame *block = slots ? heap_buffer_raw(NULL, frames_bytes(nslots)) : NULL;
  task->top = top;
  if (!block) return false;
  if (old) {
    memcpy(slots, task->slots, old * sizeof *slots);
    memcpy(block, task->frames - FRAMES_HIDDEN, frames_bytes(old));
    heap_buffer_drop(NULL, task->slots, old * sizeof *slots);
    heap_buffer_drop(NULL, task->frames - FRAMES_HIDDEN, frames_bytes(old));
  }
  task->slots = slots;
  task->frames = block + FRAMES_HIDDEN;
  task->nslots = nslots;
  return true;
}

uint32_t task_room_for(uint32_t nslots, uint32_t limit) {
  uint64_t room = TASK_STACK_FIRST;
  while (room < nslots) room *= 2;
  return room < limit ? (uint32_t)room : limit;
}

Trap task_room(Guest *guest, Task *task, uint64_t nslots) {
  if (nslots <= task->nslots) return TRAP_NONE;
  uint64_t limit = guest->options.stack_slots;
  if (nslots > limit) return TRAP_STACK_OVERFLOW;
  uint32_t wanted = task_room_for((uint32_t)nslots, (uint32_t)limit);
  uint64_t bytes = task_stack_bytes(wanted) - task_stack_bytes(task->nslots);
  if (!quota_has(guest, bytes) || !stack_resize(task, wanted)) return TRAP_OUT_OF_MEMORY;
  guest->allocated += bytes;
  return TRAP_NONE;
}

Trap task_push(Guest *guest, Task *task, Code *code, uint32_t base) {
  Trap trap = task_room(guest, task, (uint64_t)base + code->frame_slots);
  if (trap != TRAP_NONE) return trap;
  Value *slots = task->slots + base;
  if (code->nlocals_slots > code->nargs_slots) memset(slots + code->nargs_slots, 0, (code->nlocals_slots - code->nargs_slots) * sizeof *slots);
  task->frames[task->nframes++] = (Frame){code, 0, base};
  task->top = base + code->nlocals_slots;
  return TRAP_NONE;
}

/* Making */

static Task *task_begin(Guest *guest, Task *task) {
  if (!task) return NULL;
  task->header = guest->header | (uint64_t)desc_task.number << OBJ_DESC_SHIFT;
  guest->allocated += TASK_BYTES;
  task->state = TASK_WAITS;
  task->number = ++guest->tasks_made;
  return task;
}

Task *task_blank(Guest *guest) { return quota_has(guest, TASK_BYTES) ? task_begin(guest, heap_object(NULL, &desc_task, sizeof(Task))) : NULL; }

Task *task_outside(Guest *guest) {
  Task *task = calloc(1, sizeof *task);
  if (task) task->is_outside = true;
  return task_begin(guest, task);
}

void task_free(Task *task) {
  if (!task || !task->is_outside) return;
  stack_drop(task);
  free(task);
}

/* Puts arguments and captures where a function finds them. */
static void arguments_place(Value *slots, const Code *code, const Value *args, const Closure *body) {
  uint32_t ncaptures = body ? obj_desc((const Obj *)body)->nslots : 0, nargs = code->nargs_slots - ncaptures;
  for (uint32_t i = 0; i < nargs; i++) slots[i] = args[i];
  for (uint32_t i = 0; i < ncaptures; i++) slots[nargs + i] = body->slots[i];
}

Trap task_calling(Guest *guest, Code *code, const Value *args, const void *closure, Task **result) {
  Task *task = task_blank(guest);
  Trap trap = task ? task_room(guest, task, code->frame_slots) : TRAP_OUT_OF_MEMORY;
  if (trap != TRAP_NONE) return trap;
  arguments_place(task->slots, code, args, closure);
  *result = task;
  return task_push(guest, task, code, 0);
}

bool task_again(Guest *guest, Task *task, Code *code, const Value *args, const void *closure) {
  bool is_known = task->is_outside || task->slots || guest->program->knows_tasks;
  if (is_known || !guest->spare || code->frame_slots > TASK_STACK_FIRST || !quota_has(guest, TASK_BYTES)) return false;
  task_begin(guest, task);
  task->slots = guest->spare;
  task->frames = guest->spare_frames;
  task->nslots = TASK_STACK_FIRST;
  guest->spare = NULL;
  guest->spare_frames = NULL;
  arguments_place(task->slots, code, args, closure);
  task_push(guest, task, code, 0);
  return true;
}

Trap task_new(Guest *guest, const void *closure, Task **result) {
  Code *code = ((const Closure *)closure)->code;
  Trap trap = task_calling(guest, code, NULL, closure, result);
  if (trap == TRAP_NONE) guest->fuel -= code->cost;
  return trap;
}

/* Running */

static bool queue_grow(Guest *guest) {
  uint32_t cap = guest->ready_cap ? 2 * guest->ready_cap : QUEUE_FIRST;
  Task **grown = calloc(cap, sizeof *grown);
  if (!grown) return false;
  for (uint32_t i = 0; i < guest->nready; i++) grown[i] = *guest_ready(guest, i);
  free(guest->ready);
  guest->ready = grown;
  guest->ready_first = 0;
  guest->ready_cap = cap;
  return true;
}

bool task_may_enlist(const Guest *guest) { return !guest->options.tasks || guest->nlisted < guest->options.tasks; }

void task_enlist(Guest *guest, Task *task) {
  if (++guest->nlisted > guest->nlisted_most) guest->nlisted_most = guest->nlisted;
  task->is_listed = true;
  task->previous = guest->listed_last;
  task->next = NULL;
  if (task->previous) task->previous->next = task;
  else guest->listed = task;
  guest->listed_last = task;
}

static void task_unlist(Guest *guest, Task *task) {
  if (!task->is_listed) return;
  guest->nlisted--;
  if (task->previous) task->previous->next = task->next;
  else guest->listed = task->next;
  if (task->next) task->next->previous = task->previous;
  else guest->listed_last = task->previous;
  task->is_listed = false;
  task->previous = task->next = NULL;
}

Trap task_ready(Guest *guest, Task *task) {
  if (task->state != TASK_WAITS) return TRAP_NONE;
  if (!task->is_listed && !task_may_enlist(guest)) return guest_trap_limit(guest, LIMIT_TASKS);
  if (guest->nready == guest->ready_cap && !queue_grow(guest)) return TRAP_OUT_OF_MEMORY;
  task->state = TASK_READY;
  *guest_ready(guest, guest->nready++) = task;
  if (!task->is_listed) task_enlist(guest, task);
  return TRAP_NONE;
}

/* What calls left behind on a stack that rests must not keep objects; of a deep one the part nearest its top is enough. */
static void stack_rest(Task *task) {
  uint32_t top = task->frames[task->nframes - 1].base + task->frames[task->nframes - 1].code->frame_slots;
  task->top = top;
  uint32_t stale = task->nslots - top < STALE_MAX ? task->nslots - top : STALE_MAX;
  memset(task->slots + top, 0, stale * sizeof *task->slots);
}

static void task_run(Guest *guest, Task *task) {
  task->state = TASK_RUNS;
  guest->task = task;
  guest->status = GUEST_RUNNABLE;
}

/* A line or two for each waiting task but the one that runs. */
static Trap deadlock(Guest *guest) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out) return TRAP_DEADLOCK;
  uint32_t shown = 0;
  for (const Task *task = guest->listed; task; task = task->next) {
    if (task == guest->task || task->nframes == 0) continue;
    if (++shown > LISTED_MAX) continue;
    fprintf(out, "\n  task %" PRIu64 " waits", task->number);
    for (uint32_t i = task->nframes; i > 0 && task->nframes - i < LISTED_FRAMES; i--) {
      fputs("\n  ", out);
      frame_write(out, &task->frames[i - 1], i == task->nframes);
    }
  }
  if (shown > LISTED_MAX) fprintf(out, "\n  and %" PRIu32 " more", shown - LISTED_MAX);
  if (shown) fprintf(out, "\n  task %" PRIu64 " waits", guest->task->number);
  fclose(out);
  if (text) guest_trap_text(guest, TRAP_DEADLOCK, text, length);
  free(text);
  return TRAP_DEADLOCK;
}

/* Takes the first of the queue; NULL if it is empty. */
static Task *queue_take(Guest *guest) {
  if (guest->nready == 0) return NULL;
  Task *task = guest->ready[guest->ready_first];
  guest->ready[guest->ready_first] = NULL;
  if (++guest->ready_first == guest->ready_cap) guest->ready_first = 0;
  guest->nready--;
  return task;
}

void task_go_on(Guest *guest) {
  Task *next = queue_take(guest);
  if (next) task_run(guest, next);
  else guest->status = GUEST_WAITING;
}

Trap task_wait(Guest *guest) {
  if (guest->nready == 0 && guest->npending == 0) return deadlock(guest);
  guest->task->frames[guest->task->nframes - 1].pc++;
  guest->task->state = TASK_WAITS;
  stack_rest(guest->task);
  task_go_on(guest);
  return TRAP_NONE;
}

Trap task_await(Guest *guest) {
  Trap trap = task_pend(guest, guest->task);
  if (trap != TRAP_NONE) return trap;
  guest->tokens_made++;
  stack_rest(guest->task);
  task_go_on(guest);
  return TRAP_NONE;
}

Trap task_switch(Guest *guest, Task *task) {
  static const char text[] = "only a task that waits can be switched to";
  if (task->state != TASK_WAITS) return guest_trap_text(guest, TRAP_BAD_ARGUMENT, text, sizeof text - 1);
  guest->task->frames[guest->task->nframes - 1].pc++;
  guest->task->state = TASK_WAITS;
  stack_rest(guest->task);
  task_run(guest, task);
  return TRAP_NONE;
}

Trap task_end(Guest *guest) {
  Task *ended = guest->task;
  ended->state = TASK_ENDED;
  task_unlist(guest, ended);
  if (!ended->is_call) stack_drop(ended);
  if (guest->nready == 0) guest->task = guest->main;
  /* The first task waits for something that nothing will bring. */
  if (guest->nready == 0 && guest->npending == 0) return deadlock(guest);
  task_go_on(guest);
  if (ended->is_call && guest->status == GUEST_RUNNABLE) guest->status = GUEST_PAUSED;
  return TRAP_NONE;
}

void task_over(Guest *guest, Task *task) {
  task->state = TASK_ENDED;
  task_unlist(guest, task);
  if (!task->is_call || guest->spare || task->nslots != TASK_STACK_FIRST) {
    stack_drop(task);
    return;
  }
  guest->spare = task->slots;
  guest->spare_frames = task->frames;
  task->slots = NULL;
  task->frames = NULL;
  task->nslots = task->nframes = task->top = 0;
}

void task_drop(Guest *guest, Task *task) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < guest->nready; i++) {
    Task *ready = *guest_ready(guest, i);
    if (ready != task) *guest_ready(guest, kept++) = ready;
  }
  guest->nready = kept;
  task_unpend(guest, task);
  task_unlist(guest, task);
  stack_drop(task);
  task->state = TASK_ENDED;
}
