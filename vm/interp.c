/* interp.c - the fast interpreter: threaded code, frames on the guest's stack, no C frame between guest frames.
 *
 * While it runs, the entries of task->frames that it has pushed or come back to are Links (where to go on, frame pointer), which calls and
 * returns handle fastest; they become Frames again when it stops. Entries from `low` on are Links. Entry low - 1 is kept in `saved`, and in
 * its place stands a Link to the LEAVE instruction, which opens a new window below or ends the run: so a resumed guest pays for
 * the frames it returns to, however deep its stack is.
 *
 * Whatever is rare about a call (first call, no room, another receiver, a wide frame) is left to one step of the oracle, from exact state.
 */
#include "vm/interp.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "vm/execute.h"
#include "vm/native.h"
#include "vm/object.h"
#include "vm/tier.h"

/* Frames that a window takes: fewer of a task that another has given way to, and which may soon rest again. */
enum { WINDOW_FRAMES = 32, WINDOW_FRAMES_OTHER = 2 };
enum { LOOKS = 128, WORTH = 256 }; /* WORTH: units that compiled code should have done for going back to it at once */

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* A suspended frame while the interpreter runs; lies in the memory of its Frame. */
typedef struct __attribute__((may_alias)) Link {
  const Cell *ret; /* behind the call: ret[-1] has the caller's Code, ret[-2].n the portable pc */
  Value *fp;
} Link;

_Static_assert(sizeof(Link) == sizeof(Frame), "links and frames share memory");

typedef struct Window {
  Task *task;
  uint32_t low;
  const Code *outermost; /* of the outermost frame */
  Frame saved;
  const Cell *leave;
  const Cell *pc;        /* while C runs for an instruction: its cell, the frame's link and slots; NULL while all frames are exact */
  Link *last;
  Value *fp;
} Window;

static inline Link *links_of(Task *task) { return (Link *)(void *)task->frames; }

static inline bool is_wide(const Code *code) { return code->frame_slots > FRAME_SLOTS_NARROW; }

/* translate, for code that nearly always has been. */
static inline Threaded *threaded_of(Code *code) { return LIKELY(code->threaded) ? code->threaded : translate(code); }

/* The threaded code that a first cell begins. */
static inline const Threaded *threaded_of_first(const Cell *cell) {
  return (const Threaded *)(const void *)((const char *)cell - offsetof(Threaded, cells));
}

/* Turns the frames below the running one into links, down to a wide one or as many as fit the window. */
static void window_open(Window *window, Task *task, const Cell *leave) {
  uint32_t most = task == window->task ? WINDOW_FRAMES : WINDOW_FRAMES_OTHER;
  window->task = task;
  window->leave = leave;
  window->pc = NULL;
  window->outermost = task->frames[0].code;
  uint32_t low = task->nframes - 1;
  uint32_t least = low > most ? low - most : 0;
  while (low > least) {
    Frame frame = task->frames[low - 1];
    const Threaded *threaded = is_wide(frame.code) ? NULL : threaded_of(frame.code);
    if (!threaded) break;
    links_of(task)[--low] = (Link){threaded->cells + threaded->cell_at[frame.pc], task->slots + frame.base};
  }
  window->low = low;
  window->saved = (task->frames - 1)[low];
  (links_of(task) - 1)[low] = (Link){leave, NULL};
}

/* Turns links into frames again; the last is that of `code` at `pc`. */
static void window_close(Window *window, const Link *last, Code *code, uint32_t pc, const Value *fp) {
  Task *task = window->task;
  window->pc = NULL;
  Link *links = links_of(task);
  uint32_t count = (uint32_t)(last - links) + 1;
  for (uint32_t i = window->low; i + 1 < count; i++) {
    Link link = links[i];
    task->frames[i] = (Frame){link.ret[-1].p, link.ret[-2].n, (uint32_t)(link.fp - task->slots)};
  }
  (task->frames - 1)[window->low] = window->saved;
  task->nframes = count;
  uint32_t base = (uint32_t)(fp - task->slots);
  task->frames[count - 1] = (Frame){code, pc, base};
  task->top = base + code->insns[pc].sp;
}

static inline bool has_cell(const Threaded *threaded, const Cell *cell) {
  return threaded && cell >= threaded->cells && cell < threaded->cells + threaded->ncells;
}

/* The threaded code that a cell is part of. `last` is the running frame's link: its caller often knows. */
static const Threaded *threaded_at(const Program *program, const Cell *cell, const Link *last, const Cell *leave) {
  if (last[-1].ret != leave && has_cell(last[-1].ret[-1].q, cell)) return last[-1].ret[-1].q;
  for (uint32_t i = 0; i < program->ncodes; i++) {
    if (has_cell(program->codes[i]->threaded, cell)) return program->codes[i]->threaded;
  }
  return NULL;
}

bool interp_frames_close(Guest *guest) {
  Window *window = guest->window;
  if (!window || !window->pc) return false;
  const Cell *cell = window->pc;
  const Threaded *threaded = threaded_at(guest->program, cell, window->last, window->leave);
  uint32_t top = window->task->top;
  window_close(window, window->last, threaded->code, threaded->pcs[cell - threaded->cells], window->fp);
  window->task->top = top;
  window->pc = cell;
  return true;
}

void interp_frames_open(Guest *guest) {
  Window *window = guest->window;
  const Cell *cell = window->pc;
  window_open(window, window->task, window->leave);
  window->pc = cell;
}

const NativeDef *guest_calling(const Guest *guest) {
  const Window *window = guest->window;
  return window && window->pc ? window->pc[1].p : task_awaits(guest->task);
}

bool interp_caller(const Guest *guest, Frame *frame) {
  const Window *window = guest->window;
  const Task *task = guest->task;
  if (!window || !window->pc) {
    if (task->nframes < 2) return false;
    *frame = task->frames[task->nframes - 2];
    return true;
  }
  const Link *caller = window->last - 1;
  bool is_link = caller->ret != window->leave;
  if (!is_link && window->low == 0) return false;
  *frame = is_link ? (Frame){.code = caller->ret[-1].p, .pc = caller->ret[-2].n} : window->saved;
  return true;
}

/* Remembers in a call's cells where it went. `desc` is the receiver's descriptor for CALL_TRAIT. */
static void call_patch(Cell *call, bool is_trait, bool is_direct, uint32_t desc, Threaded *callee) {
  if (is_trait) {
    Cell *seen = call + 1 + desc % TRAIT_CACHE;
    seen->x.u = desc | (heap_descs[desc]->kind == OBJ_BOX ? TRAIT_BOXED : 0);
    seen->q = callee;
  }
  if (is_direct) call[1].q = callee;
}

/* Whether threaded code can be entered at pc: what lies on the operand stack is in its slots there. */
static bool is_entry(const Code *code, uint32_t pc) {
  if (pc == 0) return true;
  const CodeInsn *before = &code->insns[pc - 1];
  if (op_table[before->op].flags & (OP_CALLS | OP_WAITS) || (before->op == OP_CALL_IMPORT && before->x.native->waits)) return true;
  const Label *label = function_label(code->function, pc);
  return label && label->pc == pc;
}

/* The task that runs waits, or switches to another. False unless a task goes on. */
static bool tasks_change(Guest *guest, Window *window, const Link *last, const Cell *cell, const Value *fp, bool is_switch) {
  Task *wanted = is_switch ? fp[cell->a].p : NULL;
  window_close(window, last, cell[1].p, cell->n - 1, fp);
  Trap trap = is_switch ? task_switch(guest, wanted) : task_wait(guest);
  if (trap != TRAP_NONE) guest_fail(guest, trap);
  task_settle(guest->task);
  return guest->status == GUEST_RUNNABLE;
}

#define NEXT(n) \
  do { \
    pc += (n); \
    goto *pc->op; \
  } while (0)
#define JUMP(k) NEXT(k)
#define S(i) fp[i]
#define TRAP_IF(condition, id) \
  if (UNLIKELY(condition)) goto trapped_##id
#define TRAP_INDEX_AT(position, length) \
  do { \
    trap = guest_trap_index(guest, position, length); \
    goto trapped; \
  } while (0)
#define SYNC_TRAP(call) \
  do { \
    trap = (call); \
    LOST(); \
    if (UNLIKELY(trap != TRAP_NONE)) goto trapped; \
  } while (0)
#define OUTSIDE_OR(call, failed) \
  do { \
    guest->fuel = fuel + reserve; \
    guest->insn_allocated = guest->allocated; \
    window.pc = pc; \
    window.last = last; \
    window.fp = fp; \
    trap = (call); \
    LOST(); \
    if (UNLIKELY(trap != TRAP_NONE)) goto failed; \
    fuel = guest->fuel - reserve; \
  } while (0)
#define OUTSIDE(call) OUTSIDE_OR(call, outside_trapped)
#define LOST() (void)(facc = 0)
#define CHARGE(cell) \
  do { \
    fuel -= (cell)->m; \
    if (UNLIKELY(fuel < 0)) { \
      header = (cell)->n; \
      goto paused_loop; \
    } \
  } while (0)
/* Looks up now and then from what runs, where there is a tier: not always after as much, or else it would be at the same place of a loop each time; and at
 * once where compiled code is likely to be near. */
#define FUEL_TAKE(balance) \
  do { \
    int64_t taken = (balance), most = looks > 0 ? 0 : TIER_SAMPLE + (taken & (TIER_SAMPLE / 4 - 1)); \
    reserve = tier && taken > most ? taken - most : 0; \
    fuel = taken - reserve; \
  } while (0)
#define ENTER(callee, at, size) \
  do { \
    const Threaded *entered = (callee); \
    Value *entered_at = (at); \
    if (UNLIKELY(entered_at + entered->frame_slots > limit)) goto call_slow; \
    *last++ = (Link){pc + (size), fp}; \
    fp = entered_at; \
    pc = entered->cells; \
    fuel -= entered->cost; \
    if (UNLIKELY(fuel < 0)) { \
      callee_code = entered->code; \
      goto paused_entry; \
    } \
    goto *pc->op; \
  } while (0)
#define RETURN() \
  do { \
    last--; \
    pc = last->ret; \
    fp = last->fp; \
    goto *pc->op; \
  } while (0)

/* Functions that pure instructions call. */
#define CALLED(type, call) \
  ({ \
    type called = (call); \
    LOST(); \
    called; \
  })
#define fmod(x, y) CALLED(double, (fmod)(x, y))
#define floor(x) CALLED(double, (floor)(x))
#define ceil(x) CALLED(double, (ceil)(x))
#define trunc(x) CALLED(double, (trunc)(x))
#define float_order(x, y) CALLED(int, (float_order)(x, y))

/* Runs a guest; or, without one, only gives the handlers' addresses. */
static GuestStatus run(Guest *guest, const void *const **labels) {
  static const void *const handlers[] = {
#define H(name, cells, ...) &&L_##name,
#include "vm/interp_ops.def"
#undef H
  };
  if (labels) {
    *labels = handlers;
    return GUEST_RUNNABLE;
  }
  const Cell leave_cell = {.op = &&L_LEAVE};
  const Cell *pc;
  Value *fp, *limit;
  Link *last;
  int64_t fuel, reserve = 0; /* the balance is their sum */
  Jit *const tier = tier_get(guest->options.jit);
  int looks = tier && guest->program->is_compiled ? LOOKS : 0; /* how often it looks up at each place where compiled code might begin */
  TierContext tier_context = {.guest = guest};
  TierEntry compiled;
  Value acc = {.u = 0};
  double facc = 0;
  Trap trap = TRAP_NONE;
  uint32_t header = 0;
  Code *callee_code;
  Window window = {.task = guest->task};
  Cell *site = NULL; /* of a call that the oracle made */
  uint32_t site_desc = 0;

enter: {
  LOST();
  Task *task = guest->task;
  const Frame *top = &task->frames[task->nframes - 1];
  if (is_wide(top->code)) {
    site = NULL;
    if (oracle_run_wide(guest) != GUEST_RUNNABLE) return guest->status;
    goto enter;
  }
  if (!is_entry(top->code, top->pc)) {
    site = NULL;
    if (oracle_step(guest) != GUEST_RUNNABLE) return guest->status;
    goto enter;
  }
  Threaded *threaded = threaded_of(top->code);
  if (!threaded) {
    guest_fail(guest, TRAP_OUT_OF_MEMORY);
    return guest->status;
  }
  if (site) {
    call_patch(site, site->op == &&L_CALL_TRAIT, site->op == &&L_CALL, site_desc, threaded);
    site = NULL;
  }
  pc = threaded->cells + threaded->cell_at[top->pc];
  fp = task->slots + top->base;
  limit = task->slots + task->nslots;
  last = links_of(task) + task->nframes - 1;
  compiled = tier && guest->fuel >= 0 ? tier_resume(tier, guest, top->code, top->pc) : NULL;
  FUEL_TAKE(guest->fuel + (compiled && top->pc == 0 ? threaded->cost : 0));
  window_open(&window, task, &leave_cell);
  guest->window = &window;
  if (compiled) goto compiled_enter;
  goto *pc->op;
}

#define H(name, cells, ...) \
  L_##name: { \
    __VA_ARGS__; \
  } \
  NEXT(cells);
#include "vm/interp_ops.def"
#undef H

leave: {
  /* Frame `low` has returned, and its result lies where it was. */
  Task *task = window.task;
  window.pc = NULL;
  guest->fuel = fuel + reserve;
  (task->frames - 1)[window.low] = window.saved;
  task->nframes = window.low;
  if (task->nframes > 0) goto enter;
  if (task != guest->main) {
    trap = task_end(guest);
    if (trap != TRAP_NONE) guest_fail(guest, trap);
    if (guest->status == GUEST_RUNNABLE) goto enter;
    return guest->status;
  }
  guest->exit_status = code_exit_status(window.outermost, task->slots);
  return guest->status = GUEST_FINISHED;
}

call_boxed: {
  /* A receiver in a box, of a type seen before: its slots take the place of its reference. */
  Value *at = fp + pc->a;
  const Instance *box = at->p;
  const Cell *seen = pc + 1 + (((const Obj *)box)->header >> OBJ_DESC_SHIFT) % TRAIT_CACHE;
  const Threaded *callee = seen->q;
  if (UNLIKELY(at + callee->frame_slots > limit)) goto call_slow;
  uint32_t nslots = obj_desc((const Obj *)box)->nslots;
  if (nslots != 1) memmove(at + nslots, at + 1, (pc->b - 1u) * sizeof *at);
  for (uint32_t i = 0; i < nslots; i++) at[i] = box->slots[i];
  LOST();
  ENTER(callee, at, TRAIT_CELLS);
}

call_slow: {
  const Cell *info = pc + (pc->op == &&L_CALL_TRAIT ? TRAIT_CELLS : 2) - 1;
  guest->fuel = fuel + reserve;
  if (pc->op == &&L_CALL_TRAIT) site_desc = (uint32_t)(((const Obj *)S(pc->a).p)->header >> OBJ_DESC_SHIFT);
  site = (Cell *)pc;
  window_close(&window, last, info->p, info[-1].n - 1, fp);
  if (oracle_step(guest) != GUEST_RUNNABLE) return guest->status;
  goto enter;
}

suspend:
  guest->fuel = fuel + reserve;
  if (!tasks_change(guest, &window, last, pc, fp, pc->op == &&L_TASK_SWITCH)) return guest->status;
  goto enter;

compiled_begin: {
  /* The first cell of compiled code, or of what may soon be. The tier charges for entering once more. */
  const Threaded *threaded = threaded_of_first(pc);
  if (!tier || fuel + reserve < 0) goto *threaded->first;
  compiled = threaded->code->entry;
  if (!compiled) {
    tier_entered(threaded->code);
    goto *threaded->first;
  }
  fuel += threaded->cost;
}
compiled_enter: {
  Task *task = window.task;
  tier_context.limit = limit;
  tier_context.left = task->frames + task->nslots;
  tier_context.native_limit = (char *)__builtin_frame_address(0) - TIER_NATIVE_STACK;
  guest->is_compiled = true;
  int64_t before = fuel + reserve;
  TierResult result = compiled(&tier_context, fp, before);
  guest->is_compiled = false;
  LOST();
  if (LIKELY(result.fuel >= 0)) {
    /* What it used counts for the next look up, which comes at once if that was much. */
    if (result.fuel < reserve) reserve = result.fuel;
    fuel = result.fuel - reserve;
    fp[0].i = result.value;
    RETURN();
  }
  guest->fuel = tier_context.fuel;
  looks = before - guest->fuel > WORTH ? LOOKS : 0; /* what leaves after every few instructions had better be interpreted for a while */
  const Frame *left = tier_context.left;
  uint32_t count = (uint32_t)(task->frames + task->nslots - left);
  Frame first = *left;
  window_close(&window, last, first.code, first.pc, fp);
  memmove(task->frames + task->nframes, left + 1, (count - 1) * sizeof *left);
  task->nframes += count - 1;
  task_settle(task);
  if (tier_context.reason == LEAVE_PAUSE) guest->status = GUEST_PAUSED;
  else if (tier_context.reason == LEAVE_STEP) oracle_step(guest);
  else if (tier_context.reason == LEAVE_TRAP) guest_fail(guest, tier_context.trap);
  if (guest->status == GUEST_RUNNABLE) goto enter;
  return guest->status;
}

paused_loop: {
  const Threaded *threaded = threaded_at(guest->program, pc, last, &leave_cell);
  bool is_sample = looks == 0 || looks-- == 1;
  FUEL_TAKE(fuel + reserve);
  if (fuel >= 0) {
    if (is_sample) tier_sample(tier, threaded->code, header);
    compiled = tier_entry(tier, guest, threaded->code, header);
    if (compiled && header == 0) fuel += threaded->cost; /* as in compiled_begin: a loop may begin where its function does */
    if (compiled) goto compiled_enter;
    pc = threaded->cells + threaded->cell_at[header];
    goto *pc->op;
  }
  guest->fuel = fuel;
  window_close(&window, last, threaded->code, header, fp);
  return guest->status = GUEST_PAUSED;
}

paused_entry: {
  bool is_sample = looks == 0 || looks-- == 1;
  FUEL_TAKE(fuel + reserve);
  if (fuel >= 0) {
    if (is_sample) tier_sample(tier, callee_code, 0);
    goto *pc->op;
  }
  guest->fuel = fuel;
  window_close(&window, last, callee_code, 0, fp);
  return guest->status = GUEST_PAUSED;
}

  /* An operation that has trapped outside. If it is to be done again, its operands must be where portable code has them. `fuel` is as before it. */
outside_trapped_2: {
  Value second = S(pc->b);
  S(pc->d - 2) = S(pc->a);
  S(pc->d - 1) = second;
  goto outside_trapped;
}
  /* A place for each trap; the empty assembly keeps compilers from setting `trap` in the handlers, before their tests. */
#define TRAP(code, id, message) \
  trapped_##id: __attribute__((unused)); \
  __asm__ volatile(""); \
  trap = TRAP_##id; \
  goto trapped;
#include "vm/trap.def"
trapped_NONE:
  trap = TRAP_NONE;
  goto trapped;
outside_trapped:
  if (trap == TRAP_RETRY) work_undo(guest, fuel + reserve);
  fuel = guest->fuel - reserve;
trapped: {
  const Threaded *threaded = threaded_at(guest->program, pc, last, &leave_cell);
  guest->fuel = fuel + reserve;
  window_close(&window, last, threaded->code, threaded->pcs[pc - threaded->cells], fp);
  /* No trap: the quota has to be tested, or memory is out; the oracle finds out, from exact state. */
  if (trap == TRAP_NONE) oracle_step(guest);
  else if (trap != TRAP_WAIT || (trap = task_await(guest)) != TRAP_NONE) guest_fail(guest, trap);
  if (guest->status == GUEST_RUNNABLE) goto enter;
  return guest->status;
}
}

const void *const *interp_labels(void) {
  const void *const *labels;
  run(NULL, &labels);
  return labels;
}

GuestStatus interp_run(Guest *guest) { return run(guest, NULL); }
