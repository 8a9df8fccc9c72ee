/* thaw.c - guest_thaw: any bytes become a valid guest or an error. Interface: image.h; the format is spec.md's ("Images").
 *
 * Nothing is believed. Types are judged by the verifier's rules; a frame's code must be what its caller's call reaches, and its values are those that
 * the verifier says are live at its pc; each value is read into place and then checked against its type (value_ok). An object's room is made when it is
 * defined, its contents come in the order of definition, so every reference can be checked when it is read.
 *
 * Collection is held off until all is in place: objects under construction are reached from here only.
 */
#include <stdio.h>
#include <stdlib.h>

#include "vm/execute.h"
#include "vm/native.h"
#include "vm/quota.h"
#include "vm/thaw_internal.h"

#define LIVE_WORK_MAX (UINT64_C(1) << 28) /* more than any program's stack takes, and some seconds */

bool thaw_out_of_memory(Thaw *t) { return image_fail(&t->in, "out of memory"); }

/* Makes room for one more element. */
bool thaw_grow(Thaw *t, void *array, uint32_t count, uint32_t *cap, size_t size) {
  if (count < *cap) return true;
  uint32_t more = *cap ? 2 * *cap : 64;
  void *grown = more > *cap ? realloc(*(void **)array, more * size) : NULL;
  if (!grown) return thaw_out_of_memory(t);
  *(void **)array = grown;
  *cap = more;
  return true;
}

bool thaw_take(Thaw *t, uint64_t count, uint64_t size) {
  uint64_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > t->memory_left) return image_fail(&t->in, "the guest needs more memory than it may have");
  t->memory_left -= bytes;
  return true;
}

/* State */

static char *get_text(Thaw *t, size_t *length) {
  uint64_t size = image_get64(&t->in);
  if (t->in.failed || size > STRING_MAX || !thaw_take(t, size + 1, 1)) {
    image_fail(&t->in, "a text is too long");
    return NULL;
  }
  char *text = malloc(size + 1);
  if (!text) thaw_out_of_memory(t);
  if (!text || !image_get_bytes(&t->in, text, size)) {
    free(text);
    return NULL;
  }
  text[size] = 0;
  *length = size;
  return text;
}

static bool get_args(Thaw *t) {
  uint32_t nargs = image_get32(&t->in);
  if (t->in.failed || nargs > IMAGE_ARGS_MAX) return image_fail(&t->in, "too many arguments");
  t->guest->own_args = calloc((size_t)nargs + 1, sizeof *t->guest->own_args);
  if (!t->guest->own_args) return thaw_out_of_memory(t);
  t->guest->options.args = (const char *const *)t->guest->own_args;
  for (uint32_t i = 0; i < nargs; i++) {
    size_t length;
    char *arg = get_text(t, &length);
    if (!arg) return false;
    t->guest->own_args[i] = arg;
    t->guest->options.nargs = (int)i + 1;
    if (strlen(arg) != length) return image_fail(&t->in, "an argument has a NUL in it");
  }
  return true;
}

/* Whether a frame of `code` can have been entered by the call of `caller` that is under way. */
static bool callee_ok(Thaw *t, const Frame *caller, const Code *code) {
  CodeInsn *insn = &caller->code->insns[caller->pc - 1];
  Trap trap;
  switch (insn->op) {
    case OP_CALL: return program_callee(t->program, caller->code, insn, &trap) == code;
    case OP_CALL_FN: return thaw_is_closure(insn->t, code, code->nargs_slots - (uint64_t)insn->v);
    case OP_CALL_TRAIT: {
      const Type *receiver = code->function->nparams ? code->local_types[0] : NULL;
      if (!receiver || receiver->kind == TYPE_TRAIT || !type_judge_holds(t->judge, receiver, insn->t)) return false;
      return program_method_code(t->program, insn->t, insn->k, receiver, &trap) == code;
    }
    default: return false;
  }
}

/* Whether a task can begin with a frame of `code`: the host can call any function. */
static bool begins_task(const Thaw *t, const Code *code) { return code->function_index < t->program->module->nfunctions; }

/* Gives a stack its room; memory for it is taken. */
static bool get_room(Thaw *t, Task *task, uint64_t nslots) {
  uint32_t limit = t->guest->options.stack_slots;
  if (nslots <= task->nslots) return true;
  if (nslots > limit) return image_fail(&t->in, "%s", trap_message(TRAP_STACK_OVERFLOW));
  if (!thaw_take(t, task_room_for((uint32_t)nslots, limit) - task->nslots, sizeof(Value) + sizeof(Frame))) return false;
  Trap trap = task_room(t->guest, task, nslots);
  return trap == TRAP_NONE || image_fail(&t->in, "%s", trap_message(trap));
}

static bool get_frame(Thaw *t, Task *task, bool in_call) {
  uint32_t number = image_get32(&t->in), pc = image_get32(&t->in), base = 0;
  if (t->in.failed) return false;
  if (number >= t->ncodes) return image_fail(&t->in, "a function that there is not");
  Code *code = t->codes[number];
  if (pc >= code->ninsns || (in_call && (pc == 0 || !(op_table[code->insns[pc - 1].op].flags & OP_CALLS)))) return image_fail(&t->in, "a frame is at no place of its code");
  if (task->nframes == 0) {
    if (!begins_task(t, code)) return image_fail(&t->in, "the outermost frame's function can't be one");
  } else {
    const Frame *caller = &task->frames[task->nframes - 1];
    if (!callee_ok(t, caller, code)) return image_fail(&t->in, "a frame's function is not what its caller calls");
    base = caller->base + caller->code->insns[caller->pc - 1].a;
  }
  uint64_t end = (uint64_t)base + code->frame_slots;
  if (t->in.version > 1 ? end > task->nslots : !get_room(t, task, end)) return image_fail(&t->in, "a stack is too small for its frames");
  Value *slots = task->slots + base;
  memset(slots, 0, code->frame_slots * sizeof *slots);
  t->live.work += code->frame_slots / 16;
  task->frames[task->nframes++] = (Frame){code, pc, base};
  task->top = base + code->insns[pc].sp;
  const LiveValues *live = live_find(&t->live, code, pc, in_call);
  if (!live) return thaw_out_of_memory(t);
  if (t->live.work > LIVE_WORK_MAX) return image_fail(&t->in, "the stack takes too long to check");
  for (uint32_t i = 0; i < live->count; i++) {
    if (!thaw_value(t, slots + live->items[i].slot, live->items[i].type)) return false;
  }
  return true;
}

bool thaw_task(Thaw *t, Task *task) {
  task->number = image_get64(&t->in);
  task->state = image_get8(&t->in);
  uint32_t nframes = image_get32(&t->in), room = t->in.version > 1 ? image_get32(&t->in) : 0;
  if (t->in.failed) return false;
  if (task->number == 0 || task->number > t->tasks_made) return image_fail(&t->in, "a task's number is wrong");
  bool is_pending = task->state == TASK_PENDING && t->in.version > 1;
  if ((task->state > TASK_ENDED && !is_pending) || (task->state == TASK_ENDED) != (nframes == 0)) return image_fail(&t->in, "a task's state is wrong");
  if (is_pending) {
    task->token = image_get64(&t->in);
    task->due = (int64_t)image_get64(&t->in);
  }
  if (!get_room(t, task, room)) return false;
  if (t->in.version > 1 && (task->nslots != room || (room == 0) != (nframes == 0))) return image_fail(&t->in, "a stack has a size that no stack has");
  for (uint32_t i = 0; i < nframes; i++) {
    if (!get_frame(t, task, i + 1 < nframes)) return false;
  }
  return true;
}

static Task *get_task_ref(Thaw *t) {
  Value value = {.u = 0};
  if (!thaw_ref(t, &value)) return NULL;
  if (value_is_ref(value) && obj_desc(value.p) == &desc_task) return value.p;
  image_fail(&t->in, "what should be a task is none");
  return NULL;
}

/* The queue, or the list: tasks in their order, in what is malloc'd. */
static Task **get_task_refs(Thaw *t, uint32_t *count) {
  *count = image_get32(&t->in);
  if (t->in.failed || *count > t->nobjects) {
    image_fail(&t->in, "more tasks than there are");
    return NULL;
  }
  Task **tasks = calloc((size_t)*count + 1, sizeof *tasks);
  if (!tasks) thaw_out_of_memory(t);
  for (uint32_t i = 0; tasks && i < *count; i++) {
    if ((tasks[i] = get_task_ref(t))) continue;
    free(tasks);
    return NULL;
  }
  return tasks;
}

static bool get_tasks(Thaw *t) {
  Guest *guest = t->guest;
  uint64_t made = image_get64(&t->in);
  guest->tokens_made = t->in.version > 1 ? image_get64(&t->in) : 0;
  if (!(guest->main = get_task_ref(t)) || !(guest->task = get_task_ref(t))) return false;
  if (!(guest->ready = get_task_refs(t, &guest->nready))) return false;
  guest->ready_cap = guest->nready + 1;
  if (!(t->listed = get_task_refs(t, &t->nlisted))) return false;
  t->tasks_made = guest->tasks_made = made;
  return made < UINT64_MAX / 2 || image_fail(&t->in, "a task's number is wrong");
}

static int token_order(const void *a, const void *b) {
  const Task *x = *(Task *const *)a, *y = *(Task *const *)b;
  return (x->token > y->token) - (x->token < y->token);
}

/* Whether an operation is one that its native can wait for. */
static bool operation_ok(const Thaw *t, const Task *task) {
  const NativeDef *native = task_awaits(task);
  if (!native || native->waits == WAITS_NOT || task->token == 0 || task->token > t->guest->tokens_made) return false;
  return task->is_listed && task->due > -GUEST_NEVER / 2 && (task->due == GUEST_NEVER) == (native->waits == WAITS_HOST);
}

/* Pending tasks: in front of calls of natives that wait, with tokens of their own. */
static bool pending_check(Thaw *t) {
  Guest *guest = t->guest;
  Task **tasks = calloc((size_t)t->nobjects + 1, sizeof *tasks);
  uint32_t count = 0;
  bool done = tasks != NULL;
  if (!done) thaw_out_of_memory(t);
  for (uint32_t i = 0; done && i < t->nobjects; i++) {
    Task *task = (Task *)t->objects[i].object;
    if (t->plans[t->objects[i].plan]->desc != &desc_task || task->state != TASK_PENDING) continue;
    if (!operation_ok(t, task)) done = image_fail(&t->in, "what a task waits for is wrong");
    else if (task_pend(guest, task) != TRAP_NONE) done = thaw_out_of_memory(t);
    tasks[count++] = task;
  }
  if (done) qsort(tasks, count, sizeof *tasks, token_order);
  for (uint32_t i = 1; done && i < count; i++) {
    if (tasks[i]->token == tasks[i - 1]->token) done = image_fail(&t->in, "what a task waits for is wrong");
  }
  if (done && guest->status == GUEST_WAITING && (count == 0 || guest->nready)) done = image_fail(&t->in, "the guest does not wait");
  free(tasks);
  return done;
}

/* Once all contents are there: one task runs, the queue has just the ready ones, the list has what has been ready. */
static bool tasks_check(Thaw *t) {
  Guest *guest = t->guest;
  uint32_t nready = 0, nruns = 0;
  for (uint32_t i = 0; i < t->nobjects; i++) {
    const Task *task = (const Task *)t->objects[i].object;
    if (t->plans[t->objects[i].plan]->desc != &desc_task) continue;
    nready += task->state == TASK_READY;
    nruns += task->state == TASK_RUNS;
  }
  bool idle = guest->status == GUEST_FINISHED, runs = guest->status != GUEST_WAITING && !idle;
  bool has_ended = guest->main->state == TASK_ENDED && guest->task == guest->main;
  if (nruns != runs || (guest->task->state == TASK_RUNS) != runs || has_ended != idle || (!idle && (guest->main->state == TASK_ENDED || guest->task->state == TASK_ENDED)))
    return image_fail(&t->in, "not one task runs");
  for (uint32_t i = 0; i < guest->nready; i++) {
    if (guest->ready[i]->state != TASK_READY) return image_fail(&t->in, "the queue is wrong");
    guest->ready[i]->state = TASK_RUNS; /* so that it is not there twice */
  }
  for (uint32_t i = 0; i < guest->nready; i++) guest->ready[i]->state = TASK_READY;
  if (nready != guest->nready) return image_fail(&t->in, "the queue is wrong");
  for (uint32_t i = 0; i < t->nlisted; i++) {
    if (t->listed[i]->is_listed || t->listed[i]->state == TASK_ENDED) return image_fail(&t->in, "the list of tasks is wrong");
    task_enlist(guest, t->listed[i]);
  }
  return pending_check(t);
}

static bool get_globals(Thaw *t) {
  for (uint32_t i = 0; i < t->program->module->nglobals; i++) {
    uint8_t is_set = image_get8(&t->in);
    if (is_set > 1) return image_fail(&t->in, "a global is neither set nor unset");
    t->guest->globals_set[i] = is_set;
    if (is_set && !thaw_value(t, t->guest->globals + t->program->global_slots[i], t->program->global_types[i])) return false;
  }
  return !t->in.failed;
}

/* The linked program: the host's, or made of the module in the image. */
static bool get_program(Thaw *t, const ThawOptions *options) {
  uint8_t hash[32], own[32];
  if (!image_get_bytes(&t->in, hash, sizeof hash)) return false;
  uint32_t length = image_get32(&t->in);
  if (options->census) {
    memcpy(options->census->hash, hash, sizeof hash);
    options->census->has_module = length > 0;
  }
  if (options->guest.module_size && length > options->guest.module_size) return image_fail(&t->in, "its module has more bytes than it may have");
  if (t->in.failed || length > MODULE_BYTES_MAX || !thaw_take(t, length, 1)) return image_fail(&t->in, "the module is too large");
  uint8_t *bytes = malloc((size_t)length + 1);
  if (!bytes) return thaw_out_of_memory(t);
  bool is_read = image_get_bytes(&t->in, bytes, length);
  if (is_read && options->find) t->program = options->find(options->find_ctx, hash);
  if (is_read && !t->program && length == 0) {
    char text[2 * sizeof hash + 1];
    for (size_t i = 0; i < sizeof hash; i++) snprintf(text + 2 * i, 3, "%02x", hash[i]);
    is_read = image_fail(&t->in, "the image needs module %s", text);
  }
  if (is_read && !t->program) {
    ModuleError error;
    Module *module = module_decode(bytes, length, &error);
    if (module) t->program = program_link_with(module, options->natives, &error);
    t->owns_program = t->program != NULL;
    if (!t->program) is_read = image_fail(&t->in, "its module: %.150s", error.reason);
    else if (!module_hash(t->program->module, own) || memcmp(own, hash, sizeof hash) != 0) is_read = image_fail(&t->in, "its module has another hash");
  }
  free(bytes);
  return is_read;
}

static bool get_limits(Thaw *t, const ThawOptions *options) {
  Guest *guest = t->guest;
  uint8_t status = image_get8(&t->in);
  int64_t fuel = (int64_t)image_get64(&t->in), used = (int64_t)image_get64(&t->in);
  guest->allocated = image_get64(&t->in);
  uint32_t limit = image_get32(&t->in), most = options->guest.stack_slots ? options->guest.stack_slots : GUEST_STACK_SLOTS;
  if (t->in.failed) return false;
  bool waits = status == GUEST_WAITING && t->in.version > 1, idle = status == GUEST_FINISHED && options->idle;
  if (status != GUEST_RUNNABLE && status != GUEST_PAUSED && !waits && !idle) return image_fail(&t->in, "the guest has ended");
  if (used < 0 || used > INT64_MAX / 2 || fuel < -used || fuel > INT64_MAX - used) return image_fail(&t->in, "the fuel is out of range");
  if (limit > most) return image_fail(&t->in, "the guest needs a stack of %u slots, and may have %u", limit, most);
  guest->status = (GuestStatus)status;
  guest->fuel = fuel;
  guest->granted = used + fuel;
  guest->options.stack_slots = limit;
  return true;
}

static bool get_guest(Thaw *t, const ThawOptions *options, Thawed *thawed) {
  t->guest = guest_blank(t->program, &options->guest);
  t->judge = type_judge_new(t->program->module);
  if (!t->guest || !t->judge) return thaw_out_of_memory(t);
  t->guest->options.args = NULL;
  t->guest->options.nargs = 0;
  t->in.define = thaw_define;
  t->in.define_ctx = t;
  if (!thaw_plan(t, &desc_string) || !thaw_plan(t, &desc_bytes) || !thaw_plan(t, &desc_task)) return false;
  if (!get_limits(t, options) || !get_args(t)) return false;
  uint64_t allocated = t->guest->allocated;
  thawed->input = get_text(t, &thawed->input_length);
  if (!thawed->input) return false;
  if (!get_tasks(t) || !get_globals(t)) return false;
  for (uint32_t i = 0; i < t->nobjects; i++) {
    if (!thaw_object(t, t->objects[i].object, t->plans[t->objects[i].plan])) return false;
  }
  for (uint32_t i = 0; i < t->nobjects; i++) {
    bool is_map = t->plans[t->objects[i].plan]->desc->kind == OBJ_MAP;
    if (is_map && !map_restore_index((Map *)t->objects[i].object)) return image_fail(&t->in, "a map has a key twice, or memory is out");
  }
  uint64_t made = t->tasks_made;
  t->guest->allocated = allocated;
  t->guest->tasks_made = made;
  if (!tasks_check(t)) return false;
  if (quota_resume(t->guest)) return true;
  return image_fail(&t->in, "the guest needs more memory than its quota of %llu bytes", (unsigned long long)options->guest.memory);
}

static void census_fill(const Thaw *t, ImageCensus *census) {
  census->rows = calloc((size_t)t->nplans + 1, sizeof *census->rows);
  for (uint32_t i = 0; census->rows && i < t->nplans; i++) {
    const Plan *plan = t->plans[i];
    if (plan->count) census->rows[census->nrows++] = (ImageRow){plan->desc, plan->count, plan->bytes};
  }
  census->packed = t->in.next;
  census->unpacked = t->in.unpacked;
}

bool guest_thaw(const ImageSource *source, const ThawOptions *options, Thawed *thawed, ModuleError *error) {
  Thaw t = {.memory_left = options->memory_max ? options->memory_max : heap_memory_max()};
  *thawed = (Thawed){0};
  heap_hold();
  image_reader_start(&t.in, source, error);
  bool done = get_program(&t, options) && get_guest(&t, options, thawed);
  done = image_reader_end(&t.in) && done;
  if (done && options->census) census_fill(&t, options->census);
  type_judge_free(t.judge);
  for (uint32_t i = 0; i < t.nplans; i++) {
    free(t.plans[i]->values);
    free(t.plans[i]->first);
    free(t.plans[i]);
  }
  free(t.plans);
  free(t.types);
  free(t.codes);
  free(t.objects);
  free(t.held);
  free(t.listed);
  live_free(&t.live);
  if (done) {
    thawed->guest = t.guest;
    thawed->program = t.program;
  } else {
    guest_free(t.guest);
    if (t.owns_program) program_free(t.program);
    free(thawed->input);
    *thawed = (Thawed){0};
  }
  heap_release();
  return done;
}
