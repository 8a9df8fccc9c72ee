/* stress.c - stress modes. Interface: stress.h.
 *
 * A guest is stopped at its next safepoint by a balance of 0, whatever it has: the first charge makes that negative. What it used is then taken
 * from its real balance.
 */
#include "vm/stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/execute.h"
#include "vm/heap.h"
#include "vm/image.h"

typedef struct Stress {
  Guest *guest;
  const StressOptions *options;
  uint64_t random, stops;
  char *problem;
} Stress;

static uint64_t random_next(Stress *s) {
  s->random ^= s->random << 13;
  s->random ^= s->random >> 7;
  s->random ^= s->random << 17;
  return s->random;
}

static bool complain(Stress *s, const char *what, const char *why) {
  snprintf(s->problem, 200, "%s: %.150s", what, why);
  return false;
}

static bool freeze_into(Stress *s, Guest *guest, ImageBuffer *image) {
  ModuleError error;
  FreezeOptions options = {.refer = true, .level = -5};
  return guest_freeze(guest, &options, &(ImageSink){image_buffer_write, image}, &error) || complain(s, "freezing failed", error.reason);
}

/* Puts another guest in the place of the one that runs. */
static void replace(Stress *s, Guest *guest) {
  guest->written = s->guest->written;
  guest->nlisted_most = s->guest->nlisted_most;
  guest_free(s->guest);
  s->guest = guest;
}

static bool thaw_and_compare(Stress *s, ImageBuffer *image, ImageBuffer *again) {
  ModuleError error;
  Thawed thawed;
  ThawOptions options = {.guest = s->guest->options, .find = image_program_given, .find_ctx = s->guest->program};
  if (!freeze_into(s, s->guest, image)) return false;
  if (!guest_thaw(&(ImageSource){image_buffer_read, image}, &options, &thawed, &error)) return complain(s, "thawing failed", error.reason);
  free(thawed.input);
  if (guest_state_hash(thawed.guest) != guest_state_hash(s->guest)) {
    guest_free(thawed.guest);
    return complain(s, "thawing", "the state is another");
  }
  replace(s, thawed.guest);
  if (!freeze_into(s, s->guest, again)) return false;
  bool is_same = image->length == again->length && memcmp(image->bytes, again->bytes, image->length) == 0;
  return is_same || complain(s, "thawing", "freezing again gives other bytes");
}

static bool thaw_here(Stress *s) {
  ImageBuffer image = {0}, again = {0};
  bool done = thaw_and_compare(s, &image, &again);
  free(image.bytes);
  free(again.bytes);
  return done;
}

static bool clone_here(Stress *s) {
  Guest *clone = guest_clone(s->guest);
  if (!clone) return complain(s, "cloning", "out of memory");
  bool is_same = guest_state_hash(clone) == guest_state_hash(s->guest);
  replace(s, clone);
  return is_same || complain(s, "cloning", "the state is another");
}

/* Whether something is done at this stop. */
static bool is_due(Stress *s) {
  uint64_t every = s->options->every, n = s->stops++;
  return every == 0 || n < every || n % (n / every) == 0;
}

/* Runs to the next stop. */
static void run_on(Stress *s) {
  Guest *guest = s->guest;
  if (s->options->modes & STRESS_HOP) guest->options.tier = random_next(s) & 1 ? TIER_ORACLE : TIER_INTERP;
  if (!(s->options->modes & STRESS_STEP) || guest->options.tier != TIER_ORACLE) {
    guest_run(guest);
    return;
  }
  guest->status = GUEST_RUNNABLE;
  for (uint64_t steps = 1 + random_next(s) % 12; steps > 0 && guest->status == GUEST_RUNNABLE; steps--) oracle_step(guest);
}

bool stress_run(Guest **guest, const StressOptions *options, char problem[200]) {
  Stress s = {.guest = *guest, .options = options, .random = options->seed * 2 + 1, .problem = problem};
  bool had_stress = heap_stress, done = true;
  heap_stress |= (options->modes & STRESS_GC) != 0;
  guest_request_refuse(s.guest, NULL);
  bool waits = false;
  int64_t wanted = 0; /* of the balance: nothing, unless an operation needs it */
  while (done && !waits && (s.guest->status == GUEST_RUNNABLE || s.guest->status == GUEST_PAUSED) && s.guest->fuel >= 0 && s.guest->fuel >= wanted - WORK_AHEAD) {
    int64_t given = wanted < s.guest->fuel ? wanted : s.guest->fuel, balance = s.guest->fuel - given;
    s.guest->fuel = given;
    run_on(&s);
    s.guest->fuel += balance;
    wanted = s.guest->wanted;
    if (s.guest->status == GUEST_FINISHED || s.guest->status == GUEST_FAILED || s.guest->request) break;
    waits = s.guest->status == GUEST_WAITING;
    if (!waits) s.guest->status = s.guest->fuel < 0 ? GUEST_PAUSED : GUEST_RUNNABLE;
    if (!is_due(&s)) continue;
    if (options->modes & STRESS_THAW) done = thaw_here(&s);
    if (done && options->modes & STRESS_CLONE) done = clone_here(&s);
  }
  /* An operation that there is too little fuel for: what is thawed does not know of it. */
  if (s.guest->status == GUEST_RUNNABLE && !s.guest->request && wanted > s.guest->fuel + WORK_AHEAD) {
    s.guest->status = GUEST_PAUSED;
    s.guest->wanted = wanted;
  }
  heap_stress = had_stress;
  *guest = s.guest;
  return done;
}
