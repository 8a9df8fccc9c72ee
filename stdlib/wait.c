/* wait.c - natives that wait for a time; completing what natives wait for; and deadlines. Interface: wait.h.
 *
 * A guest's clock is the system's monotonic one, less what it showed when the guest began or was thawed: so a frozen guest sleeps on for as long as it had left.
 */

#include "stdlib/io.h"
#include "stdlib/support.h"
#include "stdlib/wait.h"

int64_t clock_micros(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Moves the guest's clock on. */
static int64_t guest_clock(Guest *guest) {
  int64_t now = clock_micros(CLOCK_MONOTONIC);
  if (!guest->clock_runs) guest->clock_zero = now - guest->clock;
  guest->clock_runs = true;
  if (now - guest->clock_zero > guest->clock) guest->clock = now - guest->clock_zero;
  return guest->clock;
}

static Trap wait_for(Guest *guest, int64_t micros) {
  int64_t due;
  if (micros < 0) micros = 0;
  if (__builtin_add_overflow(guest_clock(guest), micros, &due)) due = GUEST_NEVER - 1;
  return guest_await(guest, due);
}

NATIVE_WAITS("time.wait", time_wait, "(int) -> void", TIME, TIME, "Waits for so many microseconds.") { return wait_for(guest, args[0].i); }

/* For modules of older libraries. */
NATIVE_WAITS("time.wait_until", time_wait_until, "(int) -> void", TIME, TIME, "Waits until `now` reaches that many microseconds.") {
  int64_t left;
  if (__builtin_sub_overflow(args[0].i, clock_micros(CLOCK_REALTIME), &left)) left = args[0].i < 0 ? 0 : INT64_MAX;
  return wait_for(guest, left);
}

/* The reader that has waited longest, or NULL. */
static const Task *reader_first(const Guest *guest) {
  const Task *first = NULL;
  const NativeDef *read_line = guest->nuntimed ? native_find("io", "read_line") : NULL;
  for (uint32_t i = 0; read_line && i < guest->npending; i++) {
    const Task *task = guest->pending[i];
    if (task_awaits(task) == read_line && (!first || task->token < first->token)) first = task;
  }
  return first;
}

void wait_serve(Guest *guest) {
  const Task *task;
  if (guest->npending == 0) return;
  guest_clock(guest);
  while ((task = guest_pending_first(guest)) && task->due <= guest->clock) guest_complete(guest, task->token, NULL);
  while ((task = reader_first(guest))) {
    Value line = {.u = 0};
    guest->insn_allocated = guest->allocated;
    Trap trap = io_guest_line(guest, &line);
    if (trap == TRAP_WAIT) return;
    if (trap == TRAP_NONE) guest_complete(guest, task->token, &line);
    else guest_complete_trap(guest, task->token, trap);
  }
}

int64_t deadline_after(int64_t micros) {
  int64_t deadline;
  return micros == 0 ? 0 : __builtin_add_overflow(clock_micros(CLOCK_MONOTONIC), micros, &deadline) ? INT64_MAX : deadline;
}

bool deadline_is_over(int64_t deadline) { return deadline && clock_micros(CLOCK_MONOTONIC) >= deadline; }

int64_t wait_micros(Guest *guest) {
  const Task *task = guest_pending_first(guest);
  int64_t most = GUEST_NEVER, left = GUEST_NEVER;
  if (guest->options.deadline) most = guest->options.deadline - clock_micros(CLOCK_MONOTONIC);
  if (task && task->due != GUEST_NEVER) left = task->due - guest_clock(guest);
  if (most < left) left = most;
  return left > 0 ? left : 0;
}

bool wait_wants_input(const Guest *guest) { return reader_first(guest) != NULL; }
