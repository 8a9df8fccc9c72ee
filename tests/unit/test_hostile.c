/* test_hostile.c - a compiled module with every byte changed in turn: an error, or a run that is safe and the same on both tiers.
 *
 * Built with sanitizers, these tests mean more; without, a wild access at least has a good chance to crash.
 */
#include "sources.h"

#include "lockstep.h"
#include "vm/verify.h"

enum { FUEL = 3000, STACK_SLOTS = 1 << 14, HEAP_LIMIT = 64 << 20 };

static const char *const samples[] = {"tests/unit/sample.firn"};

static uint8_t *bytes;
static size_t length;

static void sample_setup(void) {
  Module *module = source_compile(samples[0]);
  ck_assert_ptr_nonnull(module);
  bytes = module_encode(module, &length, true);
  module_free(module);
  heap_limit_set(HEAP_LIMIT);
}

static void sample_teardown(void) { free(bytes); }

typedef struct Outcome { uint64_t status, trap, output, state; int64_t fuel; } Outcome;

static Outcome run(Program *program, Tier tier) {
  Outcome outcome = {.trap = TRAP_OUT_OF_MEMORY};
  GuestOptions options = {.tier = tier, .fuel = FUEL, .stack_slots = STACK_SLOTS, .write = lockstep_write, .write_ctx = &outcome.output};
  Guest *guest = guest_new(program, &options);
  if (!guest) return outcome;
  outcome.status = guest_run(guest);
  outcome.trap = guest->trap;
  outcome.fuel = guest->fuel;
  outcome.state = guest_state_hash(guest);
  free(guest->status == GUEST_FAILED ? guest_report(guest) : NULL);
  guest_free(guest);
  return outcome;
}

/* Decodes, verifies, links and runs what `bytes` holds; true when it ran. */
static bool try_bytes(size_t count) {
  ModuleError error;
  Module *module = module_decode(bytes, count, &error);
  if (!module) {
    ck_assert_msg(error.reason[0] && error.offset <= count, "a bad module's error has a reason and an offset");
    return false;
  }
  Program *program = program_link(module, &error);
  if (!program) {
    ck_assert_msg(error.reason[0], "a bad module's error has a reason");
    return false;
  }
  Outcome oracle = run(program, TIER_ORACLE), interp = run(program, TIER_INTERP);
  bool is_out = oracle.trap == TRAP_OUT_OF_MEMORY || interp.trap == TRAP_OUT_OF_MEMORY;
  ck_assert_msg(is_out || memcmp(&oracle, &interp, sizeof oracle) == 0, "the tiers differ");
  program_free(program);
  return true;
}

/* Counts how many of the changed modules ran: the test would show little if there were none. */
static void change_all(uint8_t (*change)(uint8_t byte)) {
  unsigned ran = 0;
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = bytes[i];
    bytes[i] = change(byte);
    if (bytes[i] != byte) ran += try_bytes(length);
    bytes[i] = byte;
  }
  ck_assert_uint_gt(ran, 0);
}

static uint8_t all_bits(uint8_t byte) { return byte ^ 0xff; }
static uint8_t high_bit(uint8_t byte) { return byte ^ 0x80; }
static uint8_t low_bit(uint8_t byte) { return byte ^ 0x01; }
static uint8_t one_more(uint8_t byte) { return (uint8_t)(byte + 1); }
static uint8_t one_less(uint8_t byte) { return (uint8_t)(byte - 1); }
static uint8_t zero(uint8_t byte) { return 0; }

static uint8_t (*const each[])(uint8_t byte) = {all_bits, high_bit, low_bit, one_more, one_less, zero};

START_TEST(test_sample_runs) {
  ck_assert(try_bytes(length));
}
END_TEST

START_TEST(test_each_byte) {
  change_all(each[_i]);
}
END_TEST

START_TEST(test_each_length) {
  for (size_t i = 0; i < length; i++) ck_assert(!try_bytes(i));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("hostile bytes");
  TCase *tcase = tcase_create("bytes");
  tcase_add_checked_fixture(tcase, sample_setup, sample_teardown);
  tcase_set_timeout(tcase, 120);
  tcase_add_test(tcase, test_sample_runs);
  tcase_add_loop_test(tcase, test_each_byte, 0, sizeof each / sizeof *each);
  tcase_add_test(tcase, test_each_length);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
