/* call.c - calls of guests' functions, and the operations that their tasks wait for. Interface: include/firn.h, embed.h.
 *
 * A call that is under way is in its guest's list; its task is held. calls_collect takes the result of one that has ended at once, before the guest goes on. What returns an
 * error (`T!`) is asked for the error's message by a second call. A guest whose program is over is kept going by its calls: the oldest becomes its first task.
 */
#include <ctype.h>
#include <stdlib.h>

#include "embed/embed.h"
#include "stdlib/wait.h"

/* Binding */

/* Compares types as texts, without spaces, "fn" in front or "-> void" behind. */
static bool type_same(const char *a, const char *b) {
  if (strncmp(a, "fn(", 3) == 0) a += 2;
  if (strncmp(b, "fn(", 3) == 0) b += 2;
  for (;;) {
    while (*a == ' ') a++;
    while (*b == ' ') b++;
    if (*a != *b || !*a) break;
    a++, b++;
  }
  const char *rest = *a ? a : b;
  char void_text[] = "->void";
  if (*a && *b) return false;
  for (const char *p = void_text; *rest; rest++) {
    if (*rest != ' ' && *rest != *p++) return false;
  }
  return true;
}

static FirnError *function_add(FirnGuest *g, Code *code, Value closure, FirnFunction **function) {
  FirnFunction *f = calloc(1, sizeof *f);
  if (!f) return error_memory();
  if (closure.p && !(f->self = reference_add(g, closure, NULL))) {
    free(f);
    return error_memory();
  }
  f->guest = g;
  f->code = code;
  f->result_type = code_result_type(code);
  f->nparams = closure.p ? obj_desc(closure.p)->type->nargs - 1 : code->function->nparams;
  f->closure = closure.p;
  room_begin(&f->room, g, false);
  f->next = g->functions;
  g->functions = f;
  *function = f;
  return NULL;
}

static FirnError *function_bind(FirnGuest *g, const char *name, const char *type, FirnFunction **function) {
  Program *program = g->program->program;
  const char *found, *known = NULL;
  size_t i = 0;
  while (firn_program_export(g->program, i, &found, &known) && strcmp(found, name) != 0) i++;
  if (i < program->module->nexports && !known) return error_memory();
  if (i >= program->module->nexports) return error_make(FIRN_E_NAME, "the program exports no function '%s'", name);
  if (!type_same(known, type)) return error_make(FIRN_E_TYPE, "%s is %s, not %s", name, known, type);
  Trap trap = TRAP_NONE;
  Code *code = program_code(program, program->module->exports[i].function, NULL, 0, &trap);
  return code ? function_add(g, code, (Value){.p = NULL}, function) : error_make(FIRN_E_MEMORY, "%s", trap_message(trap));
}

FirnError *firn_function(FirnGuest *g, const char *name, const char *type, FirnFunction **function) {
  if (function) *function = NULL;
  if (!g || !name || !type || !function) return error_make(FIRN_E_ARGUMENT, "firn_function: an argument is NULL");
  api_enter();
  FirnError *error = function_bind(g, name, type, function);
  api_leave();
  return error;
}

static FirnError *closure_bind(FirnGuest *g, FirnRef ref, const char *type, FirnFunction **function) {
  Value closure;
  const Type *known;
  if (!reference_find(g, ref, &closure, &known) || !known) return error_make(FIRN_E_ARGUMENT, "the reference is none of this guest, or was dropped");
  const char *text = program_type_text(g->program, known);
  if (!text) return error_memory();
  if (known->kind != TYPE_FN || !type_same(text, type)) return error_make(FIRN_E_TYPE, "the reference is of type %s, not %s", text, type);
  return function_add(g, ((const Closure *)closure.p)->code, closure, function);
}

FirnError *firn_function_ref(FirnGuest *g, FirnRef ref, const char *type, FirnFunction **function) {
  if (function) *function = NULL;
  if (!g || !type || !function) return error_make(FIRN_E_ARGUMENT, "firn_function_ref: an argument is NULL");
  api_enter();
  FirnError *error = closure_bind(g, ref, type, function);
  api_leave();
  return error;
}

/* Calls under way */

static void call_link(FirnFunction *f) {
  FirnGuest *g = f->guest;
  f->previous_call = g->last_call;
  f->next_call = NULL;
  if (g->last_call) g->last_call->next_call = f;
  else g->first_call = f;
  g->last_call = f;
}

static void call_unlink(FirnFunction *f) {
  FirnGuest *g = f->guest;
  if (f->previous_call) f->previous_call->next_call = f->next_call;
  else g->first_call = f->next_call;
  if (f->next_call) f->next_call->previous_call = f->previous_call;
  else g->last_call = f->previous_call;
  if (f->task_ref) reference_drop(g, f->task_ref);
  f->task = NULL;
  f->task_ref = 0;
}

static bool is_under_way(const FirnFunction *f) { return f->state == CALL_BODY || f->state == CALL_MESSAGE; }

/* Forgets what came of the last call. */
static void result_clear(FirnFunction *f) {
  if (f->error) firn_error_free(f->error);
  f->error = NULL;
  f->result = firn_void();
  if (f->room.memory.chunks || f->room.refs) room_clear(&f->room);
  f->state = CALL_NONE;
}

/* The call is over: its host is told, or will ask. */
static void call_over(FirnFunction *f, FirnError *error) {
  FirnGuest *g = f->guest;
  FirnEnded ended = f->ended;
  call_unlink(f);
  f->error = error;
  f->state = CALL_OVER;
  if (!ended) return;
  Room room = f->room;
  FirnValue result = f->result;
  room_begin(&f->room, g, false);
  f->error = NULL;
  f->ended = NULL;
  f->state = CALL_NONE;
  ended(g, error, error ? NULL : &result, f->ended_userdata);
  room_clear(&room);
  firn_error_free(error);
}

static FirnError *task_begin(FirnFunction *f, Code *code, const Value *args, const Closure *closure) {
  FirnGuest *g = f->guest;
  Trap trap = TRAP_NONE;
  Task *task = guest_call(g->guest, code, args, closure, &trap);
  if (!task && trap == TRAP_OUT_OF_MEMORY && g->guest->is_over) return error_make(FIRN_E_MEMORY, "over the guest's memory quota");
  if (!task && trap == TRAP_TASKS_LIMIT) return error_make(FIRN_E_MEMORY, "over the guest's limit of %llu tasks", (unsigned long long)g->guest->options.tasks);
  if (!task) return error_make(FIRN_E_MEMORY, "%s", trap_message(trap));
  f->task = task;
  f->task_ref = task == g->guest->main ? 0 : reference_add(g, (Value){.p = task}, NULL);
  if (f->task_ref || task == g->guest->main) return NULL;
  guest_call_drop(g->guest, task);
  return error_memory();
}

/* Asks an error for its message. */
static FirnError *message_begin(FirnFunction *f, Value thrown, const Type *trait) {
  FirnGuest *g = f->guest;
  Program *program = g->program->program;
  const Trait *decl = &program->module->traits[trait->decl];
  const ObjDesc *desc = obj_desc(thrown.p);
  uint32_t method = 0;
  while (method < decl->nmethods && strcmp(decl->methods[method].name, "message") != 0) method++;
  Trap trap = TRAP_NONE;
  Code *code = method < decl->nmethods ? program_trait_code(program, trait, method, desc, &trap) : NULL;
  if (!code || code_result_type(code)->kind != TYPE_STRING) return error_make(FIRN_E_RESULT, "an error without a message");
  reference_drop(g, f->task_ref);
  f->state = CALL_MESSAGE;
  return task_begin(f, code, desc->kind == OBJ_BOX ? ((const Instance *)thrown.p)->slots : &thrown, NULL);
}

static void call_end(FirnFunction *f) {
  const Value *slots = f->task->slots;
  const Type *type = f->result_type;
  if (f->state == CALL_MESSAGE) {
    const String *text = slots[0].p;
    call_over(f, error_make(FIRN_E_RESULT, "%.*s", (int)text->length, text->bytes));
  } else if (type->kind == TYPE_RESULT && slots[type->args[0]->slots].u != 0) {
    FirnError *error = message_begin(f, slots[type->args[0]->slots], type->args[1]);
    if (error) call_over(f, error);
  } else if (type_is_plain(type)) {
    plain_give(type, slots[0], &f->result);
    call_over(f, NULL);
  } else {
    bool given = value_give(&f->room, type->kind == TYPE_RESULT ? type->args[0] : type, slots, &f->result);
    call_over(f, given ? NULL : room_error(&f->room));
  }
}

/* The guest has failed, or ended by `exit`: so have its calls. */
static void calls_fail(FirnGuest *g) {
  while (g->first_call) {
    FirnError *error;
    char *report = g->guest->status == GUEST_FAILED ? guest_report(g->guest) : NULL;
    if (report) error = error_make(FIRN_E_FAILED, "%s", report);
    else error = g->guest->status == GUEST_FAILED ? error_memory() : error_make(FIRN_E_FAILED, "the program has called exit(%lld)", (long long)g->guest->exit_status);
    free(report);
    call_over(g->first_call, error);
  }
}

void calls_collect(FirnGuest *g) {
  Guest *guest = g->guest;
  if (guest->status == GUEST_FINISHED && guest->trap == TRAP_NONE && !guest->main->is_call && guest->main->state != TASK_ENDED) g->exit_status = guest->exit_status;
  for (FirnFunction *f = g->first_call; f;) {
    bool has_ended = guest_call_has_ended(guest, f->task);
    if (has_ended) call_end(f);
    f = has_ended ? g->first_call : f->next_call;
  }
  if (guest->status != GUEST_FINISHED && guest->status != GUEST_FAILED) return;
  guest_settle(guest);
  if (guest->status == GUEST_FAILED || (guest->status == GUEST_FINISHED && guest->trap != TRAP_NONE)) calls_fail(g);
  if (guest_is_idle(guest) && g->first_call) guest_call_first(guest, g->first_call->task);
}

/* Calling */

static FirnError *can_call(const FirnGuest *g) {
  if (g->guest->status == GUEST_FAILED) return error_make(FIRN_E_STATE, "the guest has failed");
  if (g->guest->status == GUEST_FINISHED && g->guest->trap != TRAP_NONE) return error_make(FIRN_E_STATE, "the program has called exit");
  return NULL;
}

static FirnError *call_begin(FirnFunction *f, const FirnValue *args, size_t nargs) {
  FirnGuest *g = f->guest;
  Value slots[MODULE_PARAMS_MAX + TYPE_SLOTS_MAX];
  const Code *code = f->code;
  uint32_t count = f->nparams, used = 0;
  if (nargs != count || (nargs && !args)) return error_make(FIRN_E_TYPE, "the function takes %u arguments, not %zu", count, nargs);
  values_begin(g);
  for (uint32_t i = 0; i < count; used += code->local_types[i++]->slots) {
    FirnError *error = plain_take(code->local_types[i], &args[i], slots + used) ? NULL : value_take(g, code->local_types[i], &args[i], slots + used);
    if (error) return error;
  }
  return task_begin(f, f->code, slots, f->closure);
}

static FirnError *call_start(FirnFunction *f, const FirnValue *args, size_t nargs, FirnEnded ended, void *userdata) {
  FirnError *error = can_call(f->guest);
  if (error) return error;
  if (is_under_way(f)) return error_make(FIRN_E_STATE, "the function is being called already");
  result_clear(f);
  error = call_begin(f, args, nargs);
  if (error) return error;
  f->state = CALL_BODY;
  f->ended = ended;
  f->ended_userdata = userdata;
  call_link(f);
  schedule_wake(f->guest);
  return NULL;
}

FirnError *firn_call_begin(FirnFunction *f, const FirnValue *args, size_t nargs, FirnEnded ended, void *userdata) {
  if (!f) return error_make(FIRN_E_ARGUMENT, "firn_call_begin: the function is NULL");
  api_enter();
  FirnError *error = call_start(f, args, nargs, ended, userdata);
  api_leave();
  return error;
}

/* What most calls are: the only one, of a guest that does nothing else, with a plain result and done within a slice. False: it is not, or not yet. */
static bool finish_alone(FirnFunction *f, FirnValue *result) {
  FirnGuest *g = f->guest;
  Guest *guest = g->guest;
  bool is_alone = g->first_call == f && !f->next_call && f->task == guest->main && guest->status == GUEST_PAUSED && guest->npending == 0 && !guest->options.deadline;
  if (!is_alone || guest_is_out(guest) || !(type_is_plain(f->result_type) || f->result_type->kind == TYPE_VOID)) return false;
  if (atomic_load_explicit(&g->stop, memory_order_relaxed) || !api_run_begin()) return false;
  guest_run_once(g);
  api_run_end();
  if (guest->status != GUEST_FINISHED || guest->trap != TRAP_NONE || f->task != guest->main || g->first_call != f || f->next_call) return false;
  if (result && f->result_type->kind != TYPE_VOID) plain_give(f->result_type, f->task->slots[0], result);
  call_unlink(f);
  guest_settle(guest);
  return true;
}

static FirnError *call_finish(FirnFunction *f, FirnValue *result) {
  FirnGuest *g = f->guest;
  if (f->state == CALL_NONE || f->ended) return error_make(FIRN_E_STATE, f->ended ? "the call's end is told to a callback" : "no call is under way");
  RunEnd end = RUN_OVER;
  if (f->state != CALL_OVER) {
    FirnError *error = guest_busy(g);
    if (error) return error;
    end = guest_run_for(g, 0, f);
  }
  if (f->state == CALL_OVER) {
    FirnError *error = f->error;
    f->error = NULL;
    f->state = CALL_NONE;
    if (result && !error) *result = f->result;
    return error;
  }
  if (end == RUN_TOO_DEEP) return error_make(FIRN_E_STATE, "guests run inside each other's host functions too deep");
  if (end == RUN_STOPPED) return error_make(FIRN_E_STOPPED, "the guest was stopped");
  if (guest_status_of(g) == FIRN_OUT_OF_TIME) return error_make(FIRN_E_TIME, "out of time");
  if (guest_status_of(g) == FIRN_OUT_OF_FUEL) return error_make(FIRN_E_FUEL, "out of fuel");
  return error_make(FIRN_E_WAITING, "the guest waits");
}

FirnError *firn_call_finish(FirnFunction *f, FirnValue *result) {
  if (result) *result = firn_void();
  if (!f) return error_make(FIRN_E_ARGUMENT, "firn_call_finish: the function is NULL");
  api_enter();
  FirnError *error = call_finish(f, result);
  api_leave();
  return error;
}

FirnError *firn_call(FirnFunction *f, const FirnValue *args, size_t nargs, FirnValue *result) {
  if (result) *result = firn_void();
  if (!f) return error_make(FIRN_E_ARGUMENT, "firn_call: the function is NULL");
  api_enter();
  FirnError *error = guest_busy(f->guest);
  if (!error) error = call_start(f, args, nargs, NULL, NULL);
  if (!error && finish_alone(f, result)) {
    f->state = CALL_NONE;
    api_yield(); /* the last thing: whoever comes in may free the function */
  } else if (!error) {
    error = call_finish(f, result);
  }
  api_leave();
  return error;
}

static void call_drop(FirnFunction *f) {
  if (is_under_way(f)) {
    Task *task = f->task;
    FirnGuest *g = f->guest;
    if (!g->is_running && g->guest->status != GUEST_FAILED) guest_call_drop(g->guest, task);
    call_unlink(f);
    if (!g->is_running) calls_collect(g);
    schedule_wake(g);
  }
  f->ended = NULL;
  result_clear(f);
}

FirnError *firn_call_drop(FirnFunction *f) {
  if (!f) return error_make(FIRN_E_ARGUMENT, "firn_call_drop: the function is NULL");
  api_enter();
  FirnError *error = is_under_way(f) ? guest_busy(f->guest) : NULL;
  if (!error) call_drop(f);
  api_leave();
  return error;
}

void function_free(FirnFunction *f) {
  FirnGuest *g = f->guest;
  call_drop(f);
  reference_drop(g, f->self);
  FirnFunction **link = &g->functions;
  while (*link != f) link = &(*link)->next;
  *link = f->next;
  free(f);
}

void firn_function_free(FirnFunction *f) {
  if (!f) return;
  api_enter();
  function_free(f);
  api_leave();
}
