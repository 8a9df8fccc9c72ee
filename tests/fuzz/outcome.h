/* outcome.h - what a run of a fuzzed guest comes to, and whether two runs that must be alike are. */
#ifndef FIRN_TESTS_FUZZ_OUTCOME_H
#define FIRN_TESTS_FUZZ_OUTCOME_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/guest.h"

typedef struct Outcome {
  uint64_t status, trap, output, state, allocated, report;
  int64_t fuel, exit_status;
} Outcome;

static inline uint64_t bytes_hash(uint64_t hash, const void *bytes, size_t length) {
  const unsigned char *b = bytes;
  for (size_t i = 0; i < length; i++) hash = (hash ^ b[i]) * UINT64_C(1099511628211);
  return hash;
}

/* A GuestOptions.write that adds to an Outcome's output. */
static inline void output_hash(void *ctx, const char *bytes, size_t length) {
  uint64_t *hash = ctx;
  *hash = bytes_hash(*hash, bytes, length);
}

/* Fills in all but the output. */
static inline void outcome_take(Outcome *outcome, Guest *guest) {
  outcome->status = guest->status;
  outcome->trap = guest->trap;
  outcome->fuel = guest->fuel;
  outcome->exit_status = guest->exit_status;
  outcome->allocated = guest->allocated;
  outcome->state = guest_state_hash(guest);
  char *report = guest->status == GUEST_FAILED ? guest_report(guest) : NULL;
  if (report) outcome->report = bytes_hash(1, report, strlen(report));
  free(report);
}

static inline void outcome_print(const Outcome *o) {
  fprintf(stderr, "status %" PRIu64 " trap %" PRIu64 " exit %" PRId64 " fuel %" PRId64 " allocated %" PRIu64 " output %" PRIx64 " state %" PRIx64 " report %" PRIx64 "\n",
          o->status, o->trap, o->exit_status, o->fuel, o->allocated, o->output, o->state, o->report);
}

/* Aborts when two runs differ. A run that ended because the machine had no more memory says nothing. */
static inline void outcomes_compare(const Outcome *a, const Outcome *b) {
  bool is_out = a->trap == TRAP_OUT_OF_MEMORY || b->trap == TRAP_OUT_OF_MEMORY;
  if (is_out || memcmp(a, b, sizeof *a) == 0) return;
  outcome_print(a);
  outcome_print(b);
  abort();
}

#endif
