/* lockstep.h - running a function on both tiers with the same slices of fuel, and comparing all there is to compare at each pause.
 *
 * Interface: lockstep_program links module text; lockstep_run runs one of its functions without parameters with slices of one size,
 * lockstep_follow as a plan says. A third guest changes its tier at each pause, a fourth is compiled. Result texts are the caller's to free.
 */
#ifndef FIRN_TESTS_LOCKSTEP_H
#define FIRN_TESTS_LOCKSTEP_H

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/guest.h"
#include "vm/heap.h"
#include "vm/native.h"
#include "vm/program.h"
#include "suite.h"

typedef struct LockstepResult {
  GuestStatus status;
  Trap trap;
  int64_t exit_status;
  char *report;   /* of a failed guest, else NULL */
  uint64_t pauses;
  uint64_t output; /* hash of what it wrote */
  int64_t fuel;    /* used */
  uint64_t allocated, memory; /* since the start; at the end */
} LockstepResult;

typedef struct LockstepPlan {
  int64_t slice;       /* fuel at the start and after each pause */
  uint64_t growth;     /* from this pause on, each slice is twice the last; 0: never */
  int64_t fuel_max;    /* stops when so much was given; 0: never */
  uint64_t memory;     /* quota; 0: none */
} LockstepPlan;

static inline Program *lockstep_program(const char *text) {
  ModuleError error;
  Module *module = module_assemble(text, strlen(text), &error);
  ck_assert_msg(module != NULL, "line %" PRIu64 ": %s\n%.1000s", error.offset, error.reason, text);
  Program *program = program_link(module, &error);
  ck_assert_msg(program != NULL, "pc %" PRIu64 ": %s\n%.1000s", error.offset, error.reason, text);
  return program;
}

enum { LOCKSTEP_GUESTS = 4, LOCKSTEP_COMPILED = 8 };

static inline void lockstep_write(void *ctx, const char *bytes, size_t length) {
  uint64_t *hash = ctx;
  for (size_t i = 0; i < length; i++) *hash = (*hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
}

/* The most that an entry or a branch back costs. */
static inline int64_t lockstep_cost_most(const Program *program) {
  int64_t most = 0;
  for (uint32_t i = 0; i < program->ncodes; i++) {
    if (program->codes[i]->cost > most) most = program->codes[i]->cost;
  }
  return most;
}

static inline void lockstep_compare(Guest **guests, const uint64_t *outputs, const char *what, uint64_t pauses) {
  /* No further below zero than one charge for an entry or a loop, and what an operation may owe. */
  ck_assert_msg(guests[0]->fuel >= -WORK_AHEAD - lockstep_cost_most(guests[0]->program), "%s, pause %" PRIu64 ": %" PRId64 " units are owed", what, pauses,
                -guests[0]->fuel);
  for (int i = 1; i < LOCKSTEP_GUESTS; i++) {
    ck_assert_msg(outputs[i] == outputs[0], "%s, pause %" PRIu64 ": outputs differ", what, pauses);
    ck_assert_msg(guests[i]->status == guests[0]->status, "%s, pause %" PRIu64 ": status %d, oracle's %d", what, pauses,
                  (int)guests[i]->status, (int)guests[0]->status);
    ck_assert_msg(guests[i]->trap == guests[0]->trap, "%s, pause %" PRIu64 ": trap %d, oracle's %d", what, pauses, (int)guests[i]->trap,
                  (int)guests[0]->trap);
    ck_assert_msg(guests[i]->fuel == guests[0]->fuel, "%s, guest %d, pause %" PRIu64 ": fuel %" PRId64 ", oracle's %" PRId64, what, i, pauses,
                  guests[i]->fuel, guests[0]->fuel);
    ck_assert_msg(guests[i]->allocated == guests[0]->allocated, "%s, pause %" PRIu64 ": allocations differ", what, pauses);
    ck_assert_msg(guests[i]->exit_status == guests[0]->exit_status, "%s: exit %" PRId64 ", oracle's %" PRId64, what,
                  guests[i]->exit_status, guests[0]->exit_status);
    ck_assert_msg(guest_state_hash(guests[i]) == guest_state_hash(guests[0]), "%s, pause %" PRIu64 ": states differ (%s)", what, pauses,
                  i == 1 ? "interpreter" : i == 2 ? "changing tier" : "compiled");
  }
}

/* Compiling takes time: each LOCKSTEP_COMPILED-th run. (Where there is no compiling tier, the last guest is interpreted too.) */
static inline bool lockstep_is_compiled(void) {
  static unsigned runs;
  return runs++ % LOCKSTEP_COMPILED == 0;
}

static inline LockstepResult lockstep_follow(Program *program, uint32_t function, LockstepPlan plan, const char *what) {
  Guest *guests[LOCKSTEP_GUESTS];
  uint64_t outputs[LOCKSTEP_GUESTS] = {0};
  int64_t slice = plan.slice, given = slice;
  for (int i = 0; i < LOCKSTEP_GUESTS; i++) {
    GuestOptions options = {.tier = i == 0 ? TIER_ORACLE : TIER_INTERP, .jit = i == 3 && lockstep_is_compiled() ? JIT_ALWAYS : JIT_OFF, .fuel = slice, .memory = plan.memory, .write = lockstep_write, .write_ctx = &outputs[i],
                            .grants = CAP_STDIN | CAP_FREEZE};
    guests[i] = guest_new_for(program, function, &options);
    ck_assert_ptr_nonnull(guests[i]);
  }
  LockstepResult result = {0};
  for (;; result.pauses++) {
    lockstep_compare(guests, outputs, what, result.pauses);
    if (guests[0]->status == GUEST_FINISHED || guests[0]->status == GUEST_FAILED) break;
    bool is_paused = guests[0]->status == GUEST_PAUSED;
    if (is_paused && plan.growth && result.pauses >= plan.growth) slice *= 2;
    if (is_paused && plan.fuel_max && given > plan.fuel_max - slice) break;
    if (is_paused) given += slice;
    for (int i = 0; i < LOCKSTEP_GUESTS; i++) {
      if (is_paused) guests[i]->fuel += slice;
      guest_run(guests[i]);
    }
    guests[2]->options.tier = guests[2]->options.tier == TIER_ORACLE ? TIER_INTERP : TIER_ORACLE;
  }
  result.status = guests[0]->status;
  result.trap = guests[0]->trap;
  result.exit_status = guests[0]->exit_status;
  result.output = outputs[0];
  result.fuel = given - guests[0]->fuel;
  result.allocated = guests[0]->allocated;
  result.memory = guest_memory(guests[0]);
  for (int i = 1; i < LOCKSTEP_GUESTS; i++) ck_assert_uint_eq(guest_memory(guests[i]), result.memory);
  if (result.status == GUEST_FAILED) {
    result.report = guest_report(guests[0]);
    for (int i = 1; i < LOCKSTEP_GUESTS; i++) {
      char *report = guest_report(guests[i]);
      ck_assert_str_eq(report, result.report);
      free(report);
    }
  }
  for (int i = 0; i < LOCKSTEP_GUESTS; i++) guest_free(guests[i]);
  return result;
}

static inline LockstepResult lockstep_run(Program *program, uint32_t function, int64_t slice, const char *what) {
  return lockstep_follow(program, function, (LockstepPlan){.slice = slice}, what);
}

#endif
