/* fuzz_module.c - libFuzzer target: any bytes are decoded, verified, linked and run on both tiers with little fuel.
 *
 * What must hold: nothing crashes, leaks or breaks a rule of C; a decoded module encodes into the same bytes; the two tiers agree in output,
 * fuel, traps, reports and state, although one pauses often and the other never. Bytes are changed as bytes, or as a module (mutate.h).
 * Inputs that import the clock are left out, since it gives each tier another time. Standard input must be empty.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/mutate.h"
#include "vm/guest.h"
#include "vm/heap.h"
#include "vm/program.h"
#include "vm/verify.h"

enum {
  SLICES = 64,            /* how often the pausing guest is refilled at most */
  STACK_SLOTS = 1 << 14,
  HEAP_LIMIT = 64 << 20,
  ATTEMPTS = 6,           /* at a change that still verifies */
};

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

typedef struct Outcome {
  uint64_t status, trap, output, state, allocated, report;
  int64_t fuel, exit_status;
} Outcome;

static uint64_t bytes_hash(uint64_t hash, const void *bytes, size_t length) {
  const unsigned char *b = bytes;
  for (size_t i = 0; i < length; i++) hash = (hash ^ b[i]) * UINT64_C(1099511628211);
  return hash;
}

static void output_hash(void *ctx, const char *bytes, size_t length) {
  uint64_t *hash = ctx;
  *hash = bytes_hash(*hash, bytes, length);
}

/* Runs with `slices` times `slice` units of fuel, given at once or slice by slice. */
static Outcome run(Program *program, Tier tier, int64_t slice, int64_t slices, bool at_once) {
  Outcome outcome = {.status = GUEST_FAILED, .trap = TRAP_OUT_OF_MEMORY};
  GuestOptions options = {.tier = tier, .fuel = at_once ? slice * slices : slice, .stack_slots = STACK_SLOTS, .write = output_hash,
                          .write_ctx = &outcome.output};
  Guest *guest = guest_new(program, &options);
  if (!guest) return outcome;
  int64_t given = at_once ? slices : 1;
  while (guest_run(guest) == GUEST_PAUSED && given < slices) {
    guest->fuel += slice;
    given++;
  }
  guest->fuel += (slices - given) * slice;
  outcome.status = guest->status;
  outcome.trap = guest->trap;
  outcome.fuel = guest->fuel;
  outcome.exit_status = guest->exit_status;
  outcome.allocated = guest->allocated;
  outcome.state = guest_state_hash(guest);
  char *report = guest->status == GUEST_FAILED ? guest_report(guest) : NULL;
  if (report) outcome.report = bytes_hash(1, report, strlen(report));
  free(report);
  guest_free(guest);
  return outcome;
}

static bool module_is_fixed(const Module *module) {
  for (uint32_t i = 0; i < module->nimports; i++) {
    if (strcmp(module->imports[i].module, "time") == 0) return false;
  }
  return true;
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
  if (!module_is_fixed(module) || !module_verify(module, &error)) return module_free(module), 0;
  Program *program = program_link(module, &error);
  if (!program) return 0;
  int64_t slice = 1 + (int64_t)(bytes_hash(1, data, size) >> 40) % 200;
  Outcome oracle = run(program, TIER_ORACLE, slice, SLICES, true), interp = run(program, TIER_INTERP, slice, SLICES, false);
  bool is_out = oracle.trap == TRAP_OUT_OF_MEMORY || interp.trap == TRAP_OUT_OF_MEMORY;
  if (!is_out && memcmp(&oracle, &interp, sizeof oracle) != 0) abort();
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
