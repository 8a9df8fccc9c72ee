/* guest.c - guests: making, running, limits, figures. Interface: include/firn.h, embed.h.
 *
 * A guest runs in slices: between them the thread lets others in, completes what is due, looks at calls that have ended and whether the guest is to stop. Slices change
 * nothing of what a guest does.
 */
#include <errno.h>
#include <stdlib.h>

#include "embed/embed.h"
#include "stdlib/io.h"
#include "stdlib/wait.h"

enum { SLICE = 1 << 18 }; /* units: under a thousandth of a second */

#define GRANT_IS(name) _Static_assert((int)FIRN_GRANT_##name == (int)CAP_##name, "grants are capabilities");
GRANT_IS(FS_READ) GRANT_IS(FS_WRITE) GRANT_IS(ENV) GRANT_IS(TIME) GRANT_IS(RANDOM) GRANT_IS(STDIN) GRANT_IS(STDERR)
_Static_assert((int)FIRN_INPUT_END == (int)LINE_END && (int)FIRN_INPUT_LINE == (int)LINE_HERE && (int)FIRN_INPUT_WAIT == (int)LINE_LATER, "answers about lines");
enum { GRANTS_ALL = FIRN_GRANT_FS_READ | FIRN_GRANT_FS_WRITE | FIRN_GRANT_ENV | FIRN_GRANT_TIME | FIRN_GRANT_RANDOM | FIRN_GRANT_STDIN | FIRN_GRANT_STDERR };

FirnError *guest_busy(const FirnGuest *g) { return g->is_running ? error_make(FIRN_E_STATE, "the guest runs") : NULL; }

/* Options */

void setup_drop(Setup *setup) {
  if (!setup || --setup->refs > 0) return;
  folders_free(setup->folders);
  for (int i = 0; i < setup->nargs; i++) free(setup->args[i]);
  free(setup->args);
  free(setup);
}

static FirnError *setup_make(const FirnGuestOptions *options, Setup **made, unsigned *grants) {
  Setup *setup = *made = calloc(1, sizeof *setup);
  if (!setup) return error_memory();
  setup->refs = 1;
  if (options->nargs > INT32_MAX || (options->nargs && !options->args)) return error_make(FIRN_E_ARGUMENT, "args is NULL or too long");
  if (!(setup->args = calloc(options->nargs + 1, sizeof *setup->args))) return error_memory();
  for (size_t i = 0; i < options->nargs; i++) {
    if (!options->args[i]) return error_make(FIRN_E_ARGUMENT, "an argument of main is NULL");
    if (!(setup->args[i] = strdup(options->args[i]))) return error_memory();
    setup->nargs = (int)i + 1;
  }
  for (size_t i = 0; i < options->nfolders; i++) {
    const FirnFolder *folder = options->folders ? &options->folders[i] : NULL;
    if (!folder || !folder->path) return error_make(FIRN_E_ARGUMENT, "a folder is NULL");
    int problem = folders_add(&setup->folders, folder->path, folder->read_only);
    if (problem == ENOMEM) return error_memory();
    const char *reason = problem == ENOSYS ? "the kernel has no openat2 (Linux has it from 5.6 on)" : strerror(problem);
    if (problem) return error_make(FIRN_E_IO, "the folder '%s': %s", folder->path, reason);
    *grants |= (unsigned)FIRN_GRANT_FS_READ | (folder->read_only ? 0u : (unsigned)FIRN_GRANT_FS_WRITE);
  }
  return NULL;
}

static void guest_writes(void *ctx, const char *bytes, size_t length) {
  const FirnGuest *g = ctx;
  g->write(g->userdata, bytes, length);
}

static GuestLine guest_reads(void *ctx, const char **bytes, size_t *length) {
  const FirnGuest *g = ctx;
  return (GuestLine)g->read_line(g->userdata, bytes, length);
}

static bool is_listed(const FirnGuestOptions *options, const char *name) {
  size_t length = strcspn(name, ".");
  for (size_t i = 0; i < options->nmodules; i++) {
    if (options->modules[i] && strlen(options->modules[i]) == length && memcmp(options->modules[i], name, length) == 0) return true;
  }
  return false;
}

FirnError *grants_check(const Program *program, const FirnGuestOptions *options) {
  for (uint32_t i = 0; options->modules && i < program->module->nimports; i++) {
    const NativeDef *native = program->natives[i];
    if (native_is_host(native) && !is_listed(options, native->name)) return error_make(FIRN_E_DENIED, "the program uses %s, which this guest is not granted", native->name);
  }
  return NULL;
}

FirnError *guest_prepare(Firn *firn, const FirnGuestOptions *options, FirnGuest **made, GuestOptions *out) {
  FirnGuest *g = *made = calloc(1, sizeof *g);
  if (!g) return error_memory();
  unsigned grants = options->grants;
  if (options->timeout < 0) return error_make(FIRN_E_ARGUMENT, "a timeout is negative");
  if (grants & ~(unsigned)GRANTS_ALL) return error_make(FIRN_E_ARGUMENT, "grants has bits that are no FirnGrant");
  FirnError *error = setup_make(options, &g->setup, &grants);
  if (error) return error;
  g->firn = firn;
  g->write = options->write;
  g->read_line = options->read_line;
  g->userdata = options->userdata;
  uint64_t slots = options->stack / sizeof(Value);
  *out = (GuestOptions){
      .jit = options->jit == FIRN_JIT_ALWAYS ? JIT_ALWAYS : options->jit == FIRN_JIT_ON ? JIT_ON : JIT_OFF,
      .fuel = options->fuel == 0 ? INT64_MAX : options->fuel < 0 ? 0 : options->fuel,
      .deadline = deadline_after(options->timeout),
      .memory = options->memory,
      .output = options->output,
      .tasks = options->tasks,
      .stack_slots = slots > UINT32_MAX / 2 ? UINT32_MAX / 2 : options->stack && !slots ? 1 : (uint32_t)slots,
      .write = options->write ? guest_writes : NULL,
      .read_line = options->read_line ? guest_reads : NULL,
      .write_ctx = g,
      .grants = grants,
      .folders = g->setup->folders,
      .args = (const char *const *)g->setup->args,
      .nargs = g->setup->nargs,
  };
  return NULL;
}

void guest_list(FirnGuest *g, FirnProgram *program) {
  g->program = program;
  program->refs++;
  g->next = g->firn->guests;
  g->firn->guests = g;
}

/* One that was never listed, or is not any more. */
void guest_discard(FirnGuest *g) {
  if (!g) return;
  while (g->functions) function_free(g->functions);
  guest_free(g->guest);
  if (g->program) program_drop(g->program);
  setup_drop(g->setup);
  free(g->references);
  free(g);
}

static FirnError *guest_make(FirnProgram *program, const FirnGuestOptions *options, FirnGuest **made) {
  GuestOptions own;
  FirnError *error = grants_check(program->program, options);
  if (!error) error = guest_prepare(program->firn, options, made, &own);
  if (error) return error;
  (*made)->guest = guest_new(program->program, &own);
  if (!(*made)->guest) return error_memory();
  (*made)->is_unlimited = options->fuel == 0 || options->fuel == INT64_MAX;
  guest_list(*made, program);
  return NULL;
}

FirnError *firn_guest_new(FirnProgram *program, const FirnGuestOptions *options, FirnGuest **guest) {
  if (guest) *guest = NULL;
  if (!program || !guest) return error_make(FIRN_E_ARGUMENT, "firn_guest_new: an argument is NULL");
  FirnGuestOptions own;
  FirnGuest *made = NULL;
  FirnError *error = options_read(&own, sizeof own, options, "FirnGuestOptions");
  if (error) return error;
  api_enter();
  error = guest_make(program, &own, &made);
  if (error) guest_discard(made);
  else *guest = made;
  api_leave();
  return error;
}

void firn_guest_free(FirnGuest *g) {
  if (!g) return;
  api_enter();
  if (!g->is_running) {
    while (g->functions) function_free(g->functions);
    objects_free(g);
    schedule_remove(g);
    FirnGuest **link = &g->firn->guests;
    while (*link != g) link = &(*link)->next;
    *link = g->next;
    guest_discard(g);
  }
  api_leave();
}

void *firn_guest_userdata(const FirnGuest *g) { return g->userdata; }
FirnProgram *firn_guest_program(const FirnGuest *g) { return g->program; }

/* Running */

FirnStatus guest_status_of(const FirnGuest *g) {
  const Guest *guest = g->guest;
  switch (guest->status) {
    case GUEST_FINISHED: return FIRN_FINISHED;
    case GUEST_FAILED: return FIRN_FAILED;
    default: break;
  }
  if (!g->is_running && guest_is_late(guest)) return FIRN_OUT_OF_TIME;
  switch (guest->status) {
    case GUEST_WAITING: return FIRN_WAITING;
    default: return !g->is_running && guest_is_out(guest) ? FIRN_OUT_OF_FUEL : FIRN_RUNNABLE;
  }
}

/* Runs one slice; what of the balance it may not use is kept aside. */
static void slice_run(FirnGuest *g, int64_t units) {
  Guest *guest = g->guest;
  if (units < guest->wanted) units = guest->wanted;
  g->kept = guest->fuel > units ? guest->fuel - units : 0;
  guest->fuel -= g->kept;
  g->in_slice = true;
  guest_run(guest);
  g->in_slice = false;
  guest->fuel += g->kept;
  g->kept = 0;
}

static bool goes_on(const FirnGuest *g) {
  const Guest *guest = g->guest;
  return (guest->status == GUEST_RUNNABLE || guest->status == GUEST_PAUSED) && !guest_is_out(guest) && !guest_is_late(guest);
}

void guest_run_once(FirnGuest *g) {
  g->is_running = true;
  slice_run(g, SLICE);
  g->is_running = false;
  if (!g->write) io_flush();
  schedule_wake(g);
}

RunEnd guest_run_for(FirnGuest *g, int64_t units, const FirnFunction *until) {
  uint64_t used = guest_fuel_used(g->guest);
  uint64_t most = units > 0 ? (uint64_t)units : units < 0 ? 0 : INT64_MAX;
  RunEnd end = RUN_OVER;
  if (!api_run_begin()) return RUN_TOO_DEEP;
  g->is_running = true;
  for (;;) {
    if (atomic_load_explicit(&g->stop, memory_order_relaxed) && atomic_exchange(&g->stop, false)) {
      end = RUN_STOPPED;
      break;
    }
    wait_serve(g->guest);
    calls_collect(g);
    uint64_t done = guest_fuel_used(g->guest) - used;
    if ((until && until->state == CALL_OVER) || !goes_on(g) || done > most) break;
    slice_run(g, most - done < SLICE ? (int64_t)(most - done) : SLICE);
    calls_collect(g);
    if (until && until->state == CALL_OVER && !atomic_load_explicit(&g->stop, memory_order_relaxed)) break;
    api_yield();
  }
  g->is_running = false;
  api_run_end();
  if (!g->write) io_flush();
  schedule_wake(g);
  return end;
}

FirnStatus firn_run(FirnGuest *g, int64_t units) {
  if (!g) return FIRN_FAILED;
  api_enter();
  if (!g->is_running) guest_run_for(g, units > 0 ? units : 0, NULL);
  FirnStatus status = guest_status_of(g);
  api_leave();
  return status;
}

FirnStatus firn_status(const FirnGuest *g) {
  if (!g) return FIRN_FAILED;
  api_enter();
  FirnStatus status = guest_status_of(g);
  api_leave();
  return status;
}

int64_t firn_exit_status(const FirnGuest *g) {
  if (!g) return 0;
  api_enter();
  int64_t status = g->exit_status;
  if (g->guest->status == GUEST_FINISHED && g->guest->trap == TRAP_EXIT) status = g->guest->exit_status;
  api_leave();
  return status;
}

char *firn_report(const FirnGuest *g) {
  if (!g) return NULL;
  api_enter();
  char *text = g->is_running ? strdup("") : guest_report(g->guest);
  api_leave();
  return text;
}

void firn_stop(FirnGuest *g) {
  if (g) atomic_store(&g->stop, true);
}

FirnError *firn_recover(FirnGuest *g) {
  if (!g) return error_make(FIRN_E_ARGUMENT, "firn_recover: the guest is NULL");
  api_enter();
  FirnError *error = guest_busy(g);
  if (!error && g->guest->status != GUEST_FAILED) error = error_make(FIRN_E_STATE, "the guest has not failed");
  if (!error && !guest_recover(g->guest)) {
    error = g->guest->is_over ? error_make(FIRN_E_FAILED, "the guest is over its memory quota") : error_memory();
  }
  api_leave();
  return error;
}

/* Limits and figures */

int64_t firn_fuel(const FirnGuest *g) {
  if (!g) return 0;
  api_enter();
  int64_t fuel = g->is_unlimited ? INT64_MAX : g->guest->fuel + g->kept;
  api_leave();
  return fuel;
}

FirnError *firn_fuel_set(FirnGuest *g, int64_t units) {
  if (!g) return error_make(FIRN_E_ARGUMENT, "firn_fuel_set: the guest is NULL");
  api_enter();
  Guest *guest = g->guest;
  int64_t used = guest->granted - (guest->fuel + g->kept);
  g->is_unlimited = units == INT64_MAX;
  if (units < 0) units = 0;
  if (units > INT64_MAX - used) units = INT64_MAX - used;
  guest->granted = used + units;
  if (guest->fuel > units || !g->is_running) guest->fuel = units;
  g->kept = units - guest->fuel;
  api_leave();
  return NULL;
}

FirnError *firn_timeout_set(FirnGuest *g, int64_t micros) {
  if (!g || micros < 0) return error_make(FIRN_E_ARGUMENT, "firn_timeout_set: the guest is NULL, or the time negative");
  api_enter();
  g->guest->options.deadline = deadline_after(micros);
  schedule_wake(g); /* which waits no longer than that */
  api_leave();
  return NULL;
}

FirnError *firn_memory_set(FirnGuest *g, uint64_t bytes) {
  if (!g) return error_make(FIRN_E_ARGUMENT, "firn_memory_set: the guest is NULL");
  api_enter();
  FirnError *error = guest_busy(g);
  if (!error && !guest_memory_limit(g->guest, bytes)) {
    bool is_over = g->guest->status == GUEST_FAILED;
    error = is_over ? error_make(FIRN_E_FAILED, "the guest has more than %llu bytes", (unsigned long long)bytes) : error_memory();
    calls_collect(g);
    schedule_wake(g);
  }
  api_leave();
  return error;
}

static FirnStats stats_of(FirnGuest *g) {
  Guest *guest = g->guest;
  FirnStats stats = firn_stats_size();
  stats.fuel_used = (uint64_t)(guest->granted - (guest->fuel + g->kept));
  stats.allocated = guest->allocated;
  stats.memory = g->is_running ? 0 : guest_memory(guest);
  stats.memory_limit = guest->options.memory;
  for (const Task *task = guest->listed; task; task = task->next) stats.tasks++;
  stats.pending = guest->npending;
  stats.objects = g->objects.count;
  for (uint32_t i = 0; i < guest->nheld; i++) stats.refs += g->references[i].is_used && g->references[i].type;
  return stats;
}

FirnError *firn_stats(FirnGuest *g, FirnStats *stats) {
  if (!g || !stats || stats->size < sizeof stats->size) return error_make(FIRN_E_ARGUMENT, "firn_stats: an argument is NULL or without its size");
  api_enter();
  FirnStats own = stats_of(g);
  own.size = stats->size;
  memcpy(stats, &own, stats->size < sizeof own ? stats->size : sizeof own);
  api_leave();
  return own.memory == UINT64_MAX ? error_memory() : NULL;
}
