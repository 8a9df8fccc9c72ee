/* fuzz_module.c - libFuzzer target: any bytes are decoded, verified, linked and run on both tiers with little fuel.
 *
 * What must hold: nothing crashes, leaks or breaks a rule of C; a decoded module encodes into the same bytes; the two tiers agree in output,
 * fuel, traps, reports and state, although one pauses often and the other never; and so does, now and then, a guest that is frozen, thawed
 * and handed from tier to tier on its way. Bytes are changed as bytes, or as a module (mutate.h).
 * Inputs that import natives of the outside (files, the clock) are left out: inside.h. Standard input must be empty.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/inside.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/outcome.h"
#include "vm/guest.h"
#include "vm/heap.h"
#include "vm/program.h"
#include "vm/stress.h"
#include "vm/verify.h"

enum {
  MEMORY_BITS = 14,      /* quotas are powers of two, from 1 KB on, as many */
  STRESS_RATE = 16,       /* one in so many is frozen, thawed and moved between tiers besides, which takes long */
  SLICES = 64,            /* how often the pausing guest is refilled at most */
  STACK_SLOTS = 1 << 14,
  HEAP_LIMIT = 64 << 20,
  ATTEMPTS = 6,           /* at a change that still verifies */
};

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

typedef enum Way { AT_ONCE, IN_SLICES, STRESSED } Way;

/* Runs until the guest ends or `slices` times `slice` units of fuel are used up. */
static bool guest_drive(Guest **guest, Way way, int64_t slice, int64_t slices) {
  char problem[200];
  StressOptions stress = {.modes = STRESS_THAW | STRESS_HOP | STRESS_STEP, .seed = (uint64_t)slice, .every = 4};
  int64_t given = way == IN_SLICES ? 1 : slices;
  for (;;) {
    if (way == STRESSED && !stress_run(guest, &stress, problem)) {
      if (strstr(problem, "memory")) return false;
      fprintf(stderr, "stress: %s\n", problem);
      abort();
    }
    if (way != STRESSED) guest_run(*guest);
    if ((*guest)->status != GUEST_PAUSED) break;
    if ((*guest)->request) continue;
    if (given == slices) break;
    guest_grant(*guest, slice);
    given++;
  }
  guest_grant(*guest, (slices - given) * slice);
  return true;
}

static Outcome run(Program *program, Tier tier, Way way, int64_t slice, int64_t slices, uint64_t memory) {
  Outcome outcome = {.status = GUEST_FAILED, .trap = TRAP_OUT_OF_MEMORY};
  GuestOptions options = {.tier = tier, .fuel = way == IN_SLICES ? slice : slice * slices, .stack_slots = STACK_SLOTS, .memory = memory,
                          .write = output_hash, .write_ctx = &outcome.output, .grants = CAP_STDIN | CAP_FREEZE};
  Guest *guest = guest_new(program, &options);
  if (!guest) return outcome;
  if (guest_drive(&guest, way, slice, slices)) {
    outcome_take(&outcome, guest);
  }
  guest_free(guest);
  return outcome;
}

static void check_encoding(const Module *module, const uint8_t *data, size_t size) {
  size_t length;
  uint8_t *bytes = module_encode(module, &length, false);
  if (!bytes || length != size || memcmp(bytes, data, size) != 0) abort();
  free(bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  heap_limit_set(HEAP_LIMIT);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ModuleError error;
  Module *module = module_decode(data, size, &error);
  if (!module) return 0;
  check_encoding(module, data, size);
  if (!module_is_inside(module) || !module_verify(module, &error)) return module_free(module), 0;
  Program *program = program_link(module, &error);
  if (!program) return 0;
  uint64_t hash = bytes_hash(1, data, size);
  int64_t slice = 1 + (int64_t)(hash >> 40) % 200;
  uint64_t memory = UINT64_C(1) << (10 + (hash >> 20) % MEMORY_BITS);
  Outcome oracle = run(program, TIER_ORACLE, AT_ONCE, slice, SLICES, memory), interp = run(program, TIER_INTERP, IN_SLICES, slice, SLICES, memory);
  outcomes_compare(&oracle, &interp);
  /* A stressed guest stops between safepoints too, and there a balance that a native made negative ends it early. */
  if (oracle.fuel >= 0 && (hash >> 32) % STRESS_RATE == 0) {
    Outcome stressed = run(program, TIER_INTERP, STRESSED, slice, SLICES, memory);
    outcomes_compare(&oracle, &stressed);
  }
  program_free(program);
  return 0;
}

/* A changed module as bytes, or NULL when it can't be written or is no longer than `max` but does not verify and must. */
static uint8_t *bytes_mutated(const uint8_t *data, size_t size, uint64_t seed, bool must_verify, size_t *length) {
  ModuleError error;
  Module *module = module_decode(data, size, &error);
  if (!module) return NULL;
  module_mutate(module, seed);
  uint8_t *bytes = module_encode(module, length, false);
  module_free(module);
  if (!bytes || !must_verify) return bytes;
  module = module_decode(bytes, *length, &error);
  bool is_good = module && module_verify(module, &error);
  module_free(module);
  if (is_good) return bytes;
  free(bytes);
  return NULL;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  for (unsigned i = 0; seed % 16 != 0 && i < ATTEMPTS; i++) {
    size_t length;
    uint8_t *bytes = bytes_mutated(data, size, (uint64_t)seed * ATTEMPTS + i, seed % 4 != 0 || i < ATTEMPTS / 2, &length);
    bool fits = bytes && length <= max_size;
    if (fits) memcpy(data, bytes, length);
    free(bytes);
    if (fits) return length;
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
