/* fuzz_module.c - libFuzzer target: any bytes are decoded, verified, linked and run on both tiers with little fuel; the tiers must agree. */
#include <stdlib.h>
#include <string.h>

#include "vm/guest.h"
#include "vm/program.h"
#include "vm/verify.h"

enum { FUEL = 20000 };

typedef struct Outcome { GuestStatus status; Trap trap; int64_t fuel, exit_status; uint64_t hash, output; } Outcome;

static void output_hash(void *ctx, const char *bytes, size_t length) {
  uint64_t *hash = ctx;
  for (size_t i = 0; i < length; i++) *hash = (*hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
}

static Outcome run(Program *program, Tier tier) {
  Outcome outcome = {.status = GUEST_FAILED};
  GuestOptions options = {.tier = tier, .fuel = FUEL, .stack_slots = 1 << 16, .write = output_hash, .write_ctx = &outcome.output};
  Guest *guest = guest_new(program, &options);
  if (!guest) return outcome;
  outcome.status = guest_run(guest);
  outcome.trap = guest->trap;
  outcome.fuel = guest->fuel;
  outcome.exit_status = guest->exit_status;
  if (outcome.status == GUEST_PAUSED) outcome.hash = guest_state_hash(guest);
  if (outcome.status == GUEST_FAILED) free(guest_report(guest));
  guest_free(guest);
  return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ModuleError error;
  Module *module = module_decode(data, size, &error);
  if (!module) return 0;
  if (!module_verify(module, &error)) return module_free(module), 0;
  Program *program = program_link(module, &error);
  if (!program) return 0;
  Outcome oracle = run(program, TIER_ORACLE), interp = run(program, TIER_INTERP);
  if (oracle.trap != TRAP_OUT_OF_MEMORY && interp.trap != TRAP_OUT_OF_MEMORY && memcmp(&oracle, &interp, sizeof oracle) != 0) abort();
  program_free(program);
  return 0;
}
