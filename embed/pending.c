/* pending.c - operations that tasks wait for. Interface: include/firn.h. */
#include <stdlib.h>

#include "embed/embed.h"
#include "stdlib/wait.h"

/* The task that waits for an operation of the host's, or NULL. */
static Task *operation_find(const FirnGuest *g, uint64_t token) {
  for (uint32_t i = 0; i < g->guest->npending; i++) {
    Task *task = g->guest->pending[i];
    if (task->token == token && native_is_host(task_awaits(task))) return task;
  }
  return NULL;
}

static FirnError *no_operation(uint64_t token) { return error_make(FIRN_E_NAME, "the guest waits for no host function of token %llu", (unsigned long long)token); }

/* With a result, or the text of an error. */
static FirnError *operation_complete(FirnGuest *g, uint64_t token, const FirnValue *result, const char *failure) {
  const Task *task = operation_find(g, token);
  if (!task) return no_operation(token);
  const HostFunction *f = (const HostFunction *)task_awaits(task);
  Value slots[TYPE_SLOTS_MAX];
  values_begin(g);
  FirnError *error = result_take(g, f, result, failure, slots);
  if (error) return error;
  guest_complete(g->guest, token, slots);
  schedule_wake(g);
  return NULL;
}

FirnError *firn_complete(FirnGuest *g, uint64_t token, const FirnValue *result) {
  if (!g) return error_make(FIRN_E_ARGUMENT, "firn_complete: the guest is NULL");
  api_enter();
  FirnError *error = operation_complete(g, token, result, NULL);
  api_leave();
  return error;
}

/* It traps, or gives an error. */
static FirnError *operation_fail(FirnGuest *g, uint64_t token, const char *text) {
  const Task *task = operation_find(g, token);
  if (!task) return no_operation(token);
  if (((const HostFunction *)task_awaits(task))->may_fail) return operation_complete(g, token, NULL, text);
  FirnError *error = g->in_native ? guest_busy(g) : NULL;
  if (error) return error;
  guest_complete_error(g->guest, token, text);
  if (!g->is_running) calls_collect(g);
  schedule_wake(g);
  return NULL;
}

FirnError *firn_complete_error(FirnGuest *g, uint64_t token, const char *text) {
  if (!g || !text) return error_make(FIRN_E_ARGUMENT, "firn_complete_error: an argument is NULL");
  api_enter();
  FirnError *error = operation_fail(g, token, text);
  api_leave();
  return error;
}

bool firn_pending(FirnGuest *g, size_t index, FirnPending *pending) {
  if (!g || !pending || pending->size < sizeof pending->size) return false;
  api_enter();
  bool found = index < g->guest->npending;
  if (found) {
    const Task *task = g->guest->pending[index];
    wait_micros(g->guest); /* moves its clock on */
    FirnPending own = {pending->size, task->token, task_awaits(task)->name, guest_time_left(g->guest, task)};
    if (own.micros < 0) own.micros = 0;
    memcpy(pending, &own, own.size < sizeof own ? own.size : sizeof own);
  }
  api_leave();
  return found;
}

/* What firn_pending_args hands out. */
typedef struct Given {
  Room room;
  FirnValue values[];
} Given;

static FirnError *args_give(FirnGuest *g, uint64_t token, FirnValue **args, size_t *nargs) {
  Task *task = operation_find(g, token);
  if (!task) return no_operation(token);
  const HostFunction *f = (const HostFunction *)task_awaits(task);
  const Value *at = task_operation(task);
  const Type *const *params = signature_of(g, f)->params;
  Given *given = calloc(1, sizeof *given + f->nparams * sizeof *given->values);
  if (!given) return error_memory();
  room_begin(&given->room, g, false);
  for (uint32_t i = 0; i < f->nparams; at += params[i++]->slots) {
    if (value_give(&given->room, params[i], at, &given->values[i])) continue;
    FirnError *error = room_error(&given->room);
    room_clear(&given->room);
    free(given);
    return error;
  }
  *args = given->values;
  *nargs = f->nparams;
  return NULL;
}

FirnError *firn_pending_args(FirnGuest *g, uint64_t token, FirnValue **args, size_t *nargs) {
  if (args) *args = NULL;
  if (!g || !args || !nargs) return error_make(FIRN_E_ARGUMENT, "firn_pending_args: an argument is NULL");
  api_enter();
  FirnError *error = args_give(g, token, args, nargs);
  api_leave();
  return error;
}

void firn_pending_free(FirnGuest *g, FirnValue *args) {
  if (!g || !args) return;
  api_enter();
  Given *given = (Given *)((char *)args - offsetof(Given, values));
  room_clear(&given->room);
  free(given);
  api_leave();
}

int64_t firn_wait_micros(FirnGuest *g) {
  if (!g) return GUEST_NEVER;
  api_enter();
  int64_t micros = wait_micros(g->guest);
  api_leave();
  return micros;
}

bool firn_wants_input(FirnGuest *g) {
  if (!g) return false;
  api_enter();
  bool wants = wait_wants_input(g->guest);
  api_leave();
  return wants;
}
