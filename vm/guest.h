/* guest.h - one isolated running program and all its state.
 *
 * State is data: a stack of slots and a stack of Frames for each task, globals, fuel. No C frame ever stands between two guest frames.
 * An executor (oracle.c, interp.c) runs the guest until it pauses, finishes or traps, and leaves all state here; another executor
 * can go on from exactly there.
 */
#ifndef FIRN_VM_GUEST_H
#define FIRN_VM_GUEST_H

#include <stdbool.h>
#include "vm/trap.h"
#include "vm/value.h"

struct Program;
struct Code;

/* A suspended activation. The running one is the last; while an executor runs, its pc may be out of date. */
typedef struct Frame {
  struct Code *code;
  uint32_t pc;      /* of the instruction to execute next; in callers: of the call itself plus 1 */
  uint32_t base;    /* slot of the frame's first argument in the task's stack */
} Frame;

typedef enum TaskState { TASK_WAITS, TASK_READY, TASK_RUNS, TASK_ENDED, TASK_PENDING } TaskState; /* PENDING: waits for the host */

/* A task, an object of the heap; but the first one of a new guest is malloc'd, and so is its stack: a guest that allocates nothing needs no heap. Numbers
 * count from 1, the task that begins. */
typedef struct Task {
  uint64_t header;
  Value *slots;     /* grows by moving: hold indexes, not pointers, across anything that may call task_room */
  Frame *frames;
  uint32_t nslots;  /* room */
  uint32_t nframes;
  uint32_t top;     /* slots in use, exact whenever the collector may run */
  uint8_t state;    /* TaskState */
  bool is_listed;   /* in the guest's list */
  bool is_outside;  /* malloc'd */
  bool is_call;     /* of the host (guest_call): the guest pauses when it has ended, and its result stays in slots[0..] */
  bool is_asked;    /* was never ready when it became pending: runs for a task that has switched to it */
  uint64_t number;
  uint64_t token;   /* of the operation that it waits for while pending */
  int64_t due;      /* when that is over by itself, microseconds of the guest's clock; GUEST_NEVER: the host will say */
  struct Task *previous, *next; /* in the list */
} Task;

typedef enum GuestStatus {
  GUEST_RUNNABLE, /* go on with guest_run */
  GUEST_PAUSED,   /* guest_is_out: refill and go on; or it has a request, or waiting was interrupted: see to that and go on */
  GUEST_FINISHED, /* exit_status holds */
  GUEST_FAILED,   /* trap and trace hold */
  GUEST_WAITING,  /* no task can go on before the host completes an operation */
} GuestStatus;

/* What of a guest is limited (limit.def). */
typedef enum LimitId {
#define LIMIT(id, ...) LIMIT_##id,
#include "vm/limit.def"
  LIMITS
} LimitId;

typedef enum Tier { TIER_INTERP, TIER_ORACLE } Tier;
typedef enum JitMode { JIT_OFF, JIT_ON, JIT_ALWAYS } JitMode; /* tier.h */

typedef enum GuestLine { LINE_END, LINE_HERE, LINE_LATER } GuestLine; /* LATER: there is none yet */

typedef struct GuestOptions {
  Tier tier;
  JitMode jit;              /* whether the interpreter may give functions to a compiling tier: ON when they are hot, ALWAYS at once */
  int64_t fuel;             /* units; INT64_MAX: no limit */
  uint32_t stack_slots;     /* limit of a task's stack; 0: the default, 64 MB */
  int64_t deadline;         /* on the system's monotonic clock, microseconds, 0: none: for who runs the guest to look after (stdlib/wait.h) */
/* Limits, 0 for none: memory (logical bytes, with the size of the program's module), output, ... */
#define LIMIT(id, field, ...) uint64_t field;
#include "vm/limit.def"
  void (*write)(void *ctx, const char *bytes, size_t length); /* what `print` and `write` give; NULL: stdout */
  void *write_ctx;          /* and read_line's */
  unsigned grants;          /* CAP_ bits (native.h): what of the outside the guest may reach; 0: nothing */
  const struct Folders *folders; /* the library's (stdlib/folders.h): what is granted of files, not copied; NULL: all */
  const char *const *args;  /* main's arguments, not copied */
  int nargs;
  GuestLine (*read_line)(void *ctx, const char **bytes, size_t *length); /* gives a line of input, without its end; NULL: from the process's standard input */
} GuestOptions;

struct Guest {
  struct Program *program;
  Task *task;               /* the running one */
  Task *outside;            /* the first task of a guest that was not thawed, malloc'd: freed with the guest, although it may be dropped before */
  Task *main;               /* the one that began: the guest has finished when it has */
  Task *listed, *listed_last; /* tasks that have been ready once and are not done */
  Value *spare;             /* the stack of the last call by the host, TASK_STACK_FIRST slots and as many frames, for the next one; or NULL. No part of the */
  Frame *spare_frames;      /* guest's state. heap.c takes what stands from `task` to here as roots */
  Task **ready;             /* queue: nready of ready_cap places, from ready_first on, going round */
  uint32_t ready_first, nready, ready_cap;
  Task **pending;           /* tasks that wait for the host: a heap of npending of pending_cap places (wait.c) */
  uint32_t npending, pending_cap, nuntimed; /* of them, nuntimed are never due */
  uint64_t tasks_made, tokens_made;
  uint64_t nlisted, nlisted_most; /* tasks in the list: now, at most */
  uint64_t written;         /* bytes of output; from where it was thawed */
  int64_t clock;            /* microseconds; stands still while the guest is frozen. Moved on by whoever completes operations */
  int64_t clock_zero;       /* what that one's own clock showed at 0 */
  bool clock_runs;          /* clock_zero holds */
  int64_t fuel;
  int64_t wanted;           /* what the operation costs that the guest, paused, stands in front of and cannot pay; else 0. Found anew when it goes on */
  GuestStatus status;
  Trap trap;
  int64_t trap_args[3];
  char *trap_text;          /* malloc'd or NULL: the %s of the trap's message */
  int64_t exit_status;
  Value *globals;
  uint8_t *globals_set;     /* by global index */
  GuestOptions options;
  char **own_args;          /* of a thawed guest: what options.args points to; malloc'd, as each of them is */
  Value *held;              /* nheld references of the host's, which keep what they lead to; 0: free. No part of the guest's state */
  uint32_t nheld;
  char *request;            /* where the guest asks to be frozen to, malloc'd: paused until the host has answered; else NULL */
  char *failure;            /* why the last such request failed, malloc'd, or NULL */
  int64_t granted;          /* fuel given so far: what has been used is granted - fuel */
  uint16_t number;          /* in object headers */
  uint64_t header;          /* what its objects' headers have in common */
  uint64_t host_bytes;      /* logical bytes that the host keeps because of the guest: live as long as the host says. No part of the guest's state */
  uint64_t allocated;       /* logical bytes since the start */
  uint64_t allocated_next;  /* allocating more in all is tested first (quota.h); UINT64_MAX: never */
  uint64_t insn_allocated;  /* `allocated` when the running instruction began */
  uint64_t memory_bound, bound_allocated; /* no more than that was live when so much had been allocated */
  bool is_compiled;         /* compiled code runs: its frames are not exact, and can't be made so */
  bool wants_exact;         /* ... which an allocation would have needed */
  bool is_over;             /* the last test found the quota exceeded */
  uint64_t identity;        /* the library's, for who wants to know whether the guest is a copy; 0 in a new guest, its clones and what it thaws to */
  struct Window *window;    /* interp.c's, while it runs */
  struct Guest *next;       /* list of registered guests (heap.c) */
};
typedef struct Guest Guest;

/* The place of the queue's task number `which`. */
static inline Task **guest_ready(const Guest *guest, uint32_t which) {
  uint32_t at = guest->ready_first + which;
  return &guest->ready[at < guest->ready_cap ? at : at - guest->ready_cap];
}

#define GUEST_STACK_SLOTS (64u << 17) /* 64 MB of slots */

/* Makes a guest of a linked program, about to run its entry function. NULL when memory is out. The program must outlive it. */
Guest *guest_new(struct Program *program, const GuestOptions *options);
void guest_free(Guest *guest);

/* As guest_new, but about to run `function` (no parameters, no type parameters), for tests and exported functions. */
Guest *guest_new_for(struct Program *program, uint32_t function, const GuestOptions *options);

/* A guest registered with the heap, without fuel or a frame, for thaw.c and clone.c to fill. NULL when memory is out. */
Guest *guest_blank(struct Program *program, const GuestOptions *options);

/* Whether a guest needs more fuel before it goes on: its balance is negative, or, where it stands in front of an operation, too small for that (which, as
 * without the pause, may begin with a balance that is a little below zero). */
enum { WORK_AHEAD = 4096 }; /* units that an operation may take the balance below zero */
static inline bool guest_is_out(const Guest *guest) { return guest->wanted ? guest->fuel < guest->wanted - WORK_AHEAD : guest->fuel < 0; }

/* Gives more fuel; a paused guest that is no longer out goes on when it is run next. Grants are limited to INT64_MAX in all. */
void guest_grant(Guest *guest, int64_t units);
static inline uint64_t guest_fuel_used(const Guest *guest) { return (uint64_t)guest->granted - (uint64_t)guest->fuel; }

/* What is live, in logical bytes, with the program's module; UINT64_MAX when the memory to find out is lacking. Takes time in proportion to it. */
uint64_t guest_memory(Guest *guest);

/* Changes the quota (GuestOptions.memory) of a guest that is not running. False: what is live is more, and the guest has failed; or memory to find that out is
 * lacking, and nothing has changed. */
bool guest_memory_limit(Guest *guest, uint64_t bytes);

/* How much a guest has used of what is limited, and the limit, 0 if there is none. */
uint64_t guest_used(Guest *guest, LimitId limit);
uint64_t guest_limit(const Guest *guest, LimitId limit);
/* What is limited, and whether in bytes. */
const char *limit_name(LimitId limit);
bool limit_is_bytes(LimitId limit);
/* Whether a trap says that a limit was reached; LIMITS if not, else which. */
LimitId limit_of_trap(Trap trap);
/* Gives the trap of a limit that would be gone over. */
Trap guest_trap_limit(Guest *guest, LimitId limit);
/* Counts so many bytes of output before they leave: TRAP_OUTPUT_LIMIT if they may not. */
Trap guest_output(Guest *guest, uint64_t bytes);

/* The result's slots of the call that a guest with a request is behind. A request to be frozen is answered by one of these in the first. */
Value *guest_answer(Guest *guest);
enum { GUEST_FROZEN, GUEST_THAWED, GUEST_NOT_FROZEN };

/* Answers a request, if there is one, with GUEST_NOT_FROZEN; guest.failure then says `why`, or that the host writes no images where that is NULL. */
void guest_request_refuse(Guest *guest, const char *why);

/* Makes a guest that has ended, or whatever it does, one that does nothing: the first task and the one that runs are dropped, the others stay as they are,
 * and a new first task waits for guest_freeze with a rebase to give it a frame. Nothing else can be done with the guest but that, cloning and
 * freeing. False when memory is out. */
bool guest_idle(Guest *guest);

/* Calls by the host (call.c). The guest must not have failed or called `exit`; it may be running, in a native. guest_call makes a task that calls `code` with `args`, in
 * slots, and the captures of `closure` (NULL: none) behind them. It runs when the task that runs waits or ends, and is the first one of a guest that has
 * finished, which is finished again when it has ended. NULL with *trap set when memory or the stack is out. */
Task *guest_call(Guest *guest, struct Code *code, const Value *args, const void *closure, Trap *trap);
/* Whether it has ended: its result is in slots[0..] as long as the guest does not go on. */
bool guest_call_has_ended(const Guest *guest, const Task *task);
/* Makes such a task the first one of an idle guest, which then goes on. */
void guest_call_first(Guest *guest, Task *task);
/* Ends a task of guest_call that has not ended, from outside. */
void guest_call_drop(Guest *guest, Task *task);
/* A guest that has finished but by `exit` is idle after this: it can be called, frozen and cloned. Nothing happens to others. */
void guest_settle(Guest *guest);
bool guest_is_idle(const Guest *guest);
/* Makes a failed guest idle: the task that failed and the first one are dropped. False: it is over its quota, and stays as it is. */
bool guest_recover(Guest *guest);

/* Runs until the guest is paused, waits, is finished or failed, on the tier of its options. A request that the host left unanswered is refused. */
GuestStatus guest_run(Guest *guest);

/* The same with so many units of the balance, or as many as the next operation needs: for hosts that look up now and then. */
GuestStatus guest_run_slice(Guest *guest, int64_t units);

/* Operations that tasks wait for. A native that can't answer yet returns guest_await(guest, due): its task waits in front of the call, others go on, and
 * the host completes the operation later, whenever no executor runs. Nothing of this costs fuel. An operation is found by its token; tokens count from 1
 * in each guest and mean the same after it was frozen or cloned. */
#define GUEST_NEVER INT64_MAX
Trap guest_await(Guest *guest, int64_t due);
const struct NativeDef *task_awaits(const Task *task); /* the native whose call a pending task stands in front of */
Value *task_operation(Task *task);                      /* the arguments of that call */
/* The one that is due first, or NULL; of those that are due at the same time, that with the lowest token. */
static inline const Task *guest_pending_first(const Guest *guest) { return guest->npending ? guest->pending[0] : NULL; }
/* Microseconds until an operation is over by itself, negative when it should be; GUEST_NEVER. */
static inline int64_t guest_time_left(const Guest *guest, const Task *task) { return task->due == GUEST_NEVER ? GUEST_NEVER : task->due - guest->clock; }
/* Gives an operation its result, in slots (of a native without a result: NULL), and puts the task into the queue. False if there is no operation of that
 * token. */
bool guest_complete(Guest *guest, uint64_t token, const Value *result);
/* The operation has failed for good: ends the guest with TRAP_HOST and the text, at the call. */
bool guest_complete_error(Guest *guest, uint64_t token, const char *text);
/* The same with another trap, as a native that answers at once would give it. */
bool guest_complete_trap(Guest *guest, uint64_t token, Trap trap);

/* Ends the run with a trap at the current frame and pc. */
void guest_fail(Guest *guest, Trap trap);

/* The failed guest's message ("panic: ..."), or nothing for one that has not failed, and trace, as text lines "  at NAME (FILE:LINE:COLUMN)"; long traces are shortened in the
 * middle. malloc'd, the caller frees. */
char *guest_report(const Guest *guest);

/* A hash of all reachable state that depends on no address and no tier: fuel, frames (function, pc), slots by type, heap graph, globals. */
uint64_t guest_state_hash(Guest *guest);

/* Sets the text of a trap's %s, copied; very long ones are cut. Returns `trap`, or TRAP_OUT_OF_MEMORY. */
Trap guest_trap_text(Guest *guest, Trap trap, const char *text, size_t length);
Trap guest_trap_index(Guest *guest, int64_t index, int64_t length); /* TRAP_INDEX */

/* Executors. Both begin at task->frames' last frame and leave exact state there. A function entry or a taken backward branch that
 * makes fuel negative pauses there (GUEST_PAUSED), before its first instruction runs; an operation that would take it below -WORK_AHEAD pauses in
 * front of the operation, which has then charged nothing. */
GuestStatus oracle_run(Guest *guest);
GuestStatus interp_run(Guest *guest);

#endif
