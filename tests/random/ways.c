/* ways.c - running a program in one of several ways. Interface: ways.h.
 *
 * A guest gets WAY_FUEL in all, however it is sliced, and is compared when it has ended or that is used up: then its whole state must be the same too.
 */
#include "tests/random/ways.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/chance.h"
#include "vm/heap.h"
#include "vm/image.h"
#include "vm/module.h"
#include "vm/stress.h"
#include "vm/tier.h"

const Way ways[] = {
    {"oracle", TIER_ORACLE, JIT_OFF, 0, 1},
    {"interpreter", TIER_INTERP, JIT_OFF, 0, 1},
    {"interpreter in slices", TIER_INTERP, JIT_OFF, WAY_SLICES, 1},
    {"oracle in slices, thawed", TIER_ORACLE, JIT_OFF, WAY_SLICES | WAY_THAW, 4},
    {"interpreter in slices, thawed", TIER_INTERP, JIT_OFF, WAY_SLICES | WAY_THAW, 1},
    {"hopping, thawed and cloned", TIER_INTERP, JIT_OFF, WAY_SLICES | WAY_THAW | WAY_CLONE | WAY_HOP, 2},
    {"hopping between instructions", TIER_ORACLE, JIT_OFF, WAY_STEPS, 8},
    {"interpreter, collecting", TIER_INTERP, JIT_OFF, WAY_GC, 24},
    {"hopping, thawed, collecting", TIER_INTERP, JIT_OFF, WAY_SLICES | WAY_THAW | WAY_HOP | WAY_GC, 24},
    {"compiled", TIER_INTERP, JIT_ALWAYS, 0, 1},
    {"compiled, in slices", TIER_INTERP, JIT_ALWAYS, WAY_SLICES, 1},
    {"compiled, hopping, thawed and cloned", TIER_INTERP, JIT_ALWAYS, WAY_SLICES | WAY_THAW | WAY_CLONE | WAY_HOP, 1},
    {"compiled, collecting", TIER_INTERP, JIT_ALWAYS, WAY_GC, 8},
    {"compiled, leaving", TIER_INTERP, JIT_ALWAYS, WAY_LEAVE, 2},
    {"compiled, leaving, in slices", TIER_INTERP, JIT_ALWAYS, WAY_LEAVE | WAY_SLICES, 4},
};
const unsigned nways = sizeof ways / sizeof *ways;

enum { LEAVE_EACH = 8 };
enum { PAUSES_FINE = 24, SLICE_BITS = 12, WHOLE_IMAGES = 16, STEPS_EVERY = 6, PROGRAMS_MAX = 64 };

typedef struct Run {
  const Way *way;
  Guest *guest;
  Program *programs[PROGRAMS_MAX]; /* of whole images */
  unsigned nprograms;
  uint64_t state;
  Outcome *outcome;
} Run;

static void output_keep(void *ctx, const char *bytes, size_t length) {
  Outcome *outcome = ctx;
  char *output = realloc(outcome->output, outcome->length + length + 1);
  if (!output) abort();
  memcpy(output + outcome->length, bytes, length);
  outcome->output = output;
  outcome->length += length;
  output[outcome->length] = 0;
}

static bool complain(Run *run, const char *what, const char *why) {
  snprintf(run->outcome->problem, sizeof run->outcome->problem, "%s: %.150s", what, why);
  return false;
}

static void become(Run *run, Guest *guest) {
  guest->written = run->guest->written;
  guest->nlisted_most = run->guest->nlisted_most;
  guest_free(run->guest);
  run->guest = guest;
}

static bool thaw(Run *run) {
  bool is_whole = run->nprograms < PROGRAMS_MAX && one_in(run, WHOLE_IMAGES);
  ImageBuffer image = {0};
  ModuleError error;
  Thawed thawed;
  FreezeOptions freezing = {.refer = !is_whole, .level = -5};
  ThawOptions options = {.guest = run->guest->options, .find = is_whole ? NULL : image_program_given, .find_ctx = run->guest->program};
  uint64_t before = guest_state_hash(run->guest), memory = guest_memory(run->guest);
  bool done = guest_freeze(run->guest, &freezing, &(ImageSink){image_buffer_write, &image}, &error) || complain(run, "freezing", error.reason);
  if (done) done = guest_thaw(&(ImageSource){image_buffer_read, &image}, &options, &thawed, &error) || complain(run, "thawing", error.reason);
  free(image.bytes);
  if (!done) return false;
  free(thawed.input);
  if (is_whole) run->programs[run->nprograms++] = thawed.program;
  become(run, thawed.guest);
  if (guest_memory(run->guest) != memory) return complain(run, "thawing", "it takes other memory");
  return guest_state_hash(run->guest) == before || complain(run, "thawing", "the state is another");
}

static bool clone(Run *run) {
  Guest *guest = guest_clone(run->guest);
  if (!guest) return complain(run, "cloning", "out of memory");
  become(run, guest);
  return true;
}

static bool pause_use(Run *run) {
  unsigned modes = run->way->modes;
  bool done = true;
  if (modes & WAY_THAW && one_in(run, 4)) done = thaw(run);
  if (done && modes & WAY_CLONE && one_in(run, 4)) done = clone(run);
  if (modes & WAY_HOP) run->guest->options.tier = one_in(run, 2) ? TIER_ORACLE : TIER_INTERP;
  return done;
}

static void run_in_slices(Run *run) {
  int64_t given = run->guest->options.fuel;
  for (unsigned pauses = 0;; pauses++) {
    GuestStatus status = guest_run(run->guest);
    guest_request_refuse(run->guest, NULL);
    if (status != GUEST_PAUSED || given >= WAY_FUEL || !pause_use(run)) break;
    int64_t slice = 1 + roll(run, (size_t)1 << roll(run, SLICE_BITS));
    if (pauses > PAUSES_FINE) slice <<= (pauses - PAUSES_FINE) / 4 < 16 ? (pauses - PAUSES_FINE) / 4 : 16;
    if (slice > WAY_FUEL - given) slice = WAY_FUEL - given;
    given += slice;
    guest_grant(run->guest, slice);
  }
  guest_grant(run->guest, WAY_FUEL - given);
}

static void run_in_steps(Run *run) {
  StressOptions options = {.modes = STRESS_THAW | STRESS_HOP | STRESS_STEP, .seed = run->state, .every = STEPS_EVERY};
  stress_run(&run->guest, &options, run->outcome->problem);
}

/* Another program of the same module. */
static Program *program_copy(const Program *program) {
  size_t length;
  ModuleError error;
  uint8_t *bytes = module_encode(program->module, &length, false);
  Module *module = bytes ? module_decode(bytes, length, &error) : NULL;
  Program *copy = module ? program_link(module, &error) : NULL;
  if (!copy) abort();
  free(bytes);
  return copy;
}

static void outcome_take(Outcome *outcome, Guest *guest) {
  outcome->status = guest->status;
  outcome->trap = guest->trap;
  outcome->exit_status = guest->exit_status;
  outcome->fuel = (uint64_t)(WAY_FUEL - guest->fuel);
  outcome->allocated = guest->allocated;
  outcome->memory = guest_memory(guest);
  outcome->state = guest_state_hash(guest);
  if (guest->status == GUEST_FAILED) outcome->report = guest_report(guest);
}

Outcome way_run(const Way *way, Program *program, uint64_t seed) {
  Outcome outcome = {.output = calloc(1, 1)};
  Run run = {.way = way, .state = seed, .outcome = &outcome};
  GuestOptions options = {.tier = way->tier, .jit = way->jit, .fuel = way->modes & WAY_SLICES ? 0 : WAY_FUEL, .stack_slots = WAY_STACK_SLOTS, .memory = WAY_MEMORY, .output = WAY_OUTPUT, .write = output_keep, .write_ctx = &outcome};
  if (way->modes & WAY_LEAVE) {
    tier_leave_often(1 + roll(&run, LEAVE_EACH));
    program = run.programs[run.nprograms++] = program_copy(program);
  }
  run.guest = guest_new(program, &options);
  if (!outcome.output || !run.guest) abort();
  bool had_stress = heap_stress;
  heap_stress = (way->modes & WAY_GC) != 0;
  if (way->modes & WAY_STEPS) run_in_steps(&run);
  else run_in_slices(&run);
  heap_stress = had_stress;
  tier_leave_often(0);
  outcome_take(&outcome, run.guest);
  guest_free(run.guest);
  while (run.nprograms) program_free(run.programs[--run.nprograms]);
  return outcome;
}

void outcome_free(Outcome *outcome) {
  free(outcome->output);
  free(outcome->report);
}

static bool texts_differ(const char *what, const char *is, const char *should, char *why, size_t size) {
  if (!is || !should) return is != should && snprintf(why, size, "only one has %s", what) > 0;
  size_t at = 0, row = 1, start = 0;
  for (; is[at] && is[at] == should[at]; at++)
    if (is[at] == '\n') row++, start = at + 1;
  if (is[at] == should[at]) return false;
  snprintf(why, size, "%s, line %zu: `%.*s` instead of `%.*s`", what, row, (int)strcspn(is + start, "\n"), is + start, (int)strcspn(should + start, "\n"), should + start);
  return true;
}

static bool numbers_differ(const char *what, uint64_t is, uint64_t should, char *why, size_t size) {
  return is != should && snprintf(why, size, "%s: %" PRId64 " instead of %" PRId64, what, (int64_t)is, (int64_t)should) > 0;
}

bool outcome_differs(const Outcome *is, const Outcome *should, char *why, size_t size) {
  if (is->problem[0]) return snprintf(why, size, "%s", is->problem) > 0;
  return texts_differ("output", is->output, should->output, why, size) || texts_differ("report", is->report, should->report, why, size) ||
         numbers_differ("status", is->status, should->status, why, size) || numbers_differ("trap", is->trap, should->trap, why, size) ||
         numbers_differ("exit status", (uint64_t)is->exit_status, (uint64_t)should->exit_status, why, size) || numbers_differ("fuel", is->fuel, should->fuel, why, size) ||
         numbers_differ("allocated", is->allocated, should->allocated, why, size) || numbers_differ("memory", is->memory, should->memory, why, size) ||
         numbers_differ("state", is->state, should->state, why, size);
}
