/* test_quota.c - the memory quota: where it holds, what counts, and that freezing, cloning and changing it do not change a verdict. */
#include "sources.h"

#include "images.h"
#include "lockstep.h"

enum { STEPS = 200, PLENTY = 1 << 30 };

static Guest *guest_of(Program *program, uint64_t memory, Tier tier, int64_t fuel) {
  static uint64_t output;
  GuestOptions options = {.tier = tier, .fuel = fuel, .memory = memory, .write = lockstep_write, .write_ctx = &output};
  Guest *guest = guest_new(program, &options);
  ck_assert_ptr_nonnull(guest);
  return guest;
}

typedef struct Sample { const char *name, *text; uint64_t memory; bool is_over; } Sample;

/* With each a quota that it needs or that it goes over. A module is some hundred bytes to some kilobytes. */
static const Sample samples[] = {
  {"garbage is not counted", "for i in 0..100000 { let xs = [i, i] }", 20000, false},
  {"a list that grows", "let xs: [int] = []\nfor i in 0..100000 { xs.push(i) }", 1000000, true},
  {"a list that fits", "let xs: [int] = []\nfor i in 0..100000 { xs.push(i) }", 4000000, false},
  {"one large list", "let xs = List(1000000, 7)\nprint(xs.len())", 1000000, true},
  {"large lists, one after the other", "for i in 0..20 { let xs = List(100000, i) }", 1800000, false},
  {"a string that doubles", "var s = \"xxxxxxxx\"\nfor i in 0..40 { s = s + s }", 10000000, true},
  {"a string repeated", "let s = \"x\".repeat(100000000)", 1000000, true},
  {"a map", "let m: [int: string] = [:]\nfor i in 0..1000000 { m[i] = \"v{i}\" }", 2000000, true},
  {"closures", "let fs: [fn() -> int] = []\nfor i in 0..1000000 { fs.push(|| i) }", 2000000, true},
  {"enums", "enum E { none; one(int, E) }\nvar e = E.none\nfor i in 0..1000000 { e = .one(i, e) }", 2000000, true},
  {"boxes", "let xs: [Show] = []\nfor i in 0..1000000 { xs.push(i) }", 2000000, true},
  {"deep recursion", "fn f(n: int) -> int => if n == 0 { 0 } else { 1 + f(n - 1) }\nprint(f(100000))", 1000000, true},
  {"recursion that fits", "fn f(n: int) -> int => if n == 0 { 0 } else { 1 + f(n - 1) }\nprint(f(1000))", 1000000, false},
  {"tasks", "let c = Channel<int>(0)\nfor i in 0..100000 { spawn c.send(i) }\n", 2000000, true},
  {"bytes", "let b = bytes(0)\nfor i in 0..10000000 { b.push(i & 255) }", 2000000, true},
  {"a join of parts", "let parts = List(1000, \"0123456789\".repeat(100))\nfor i in 0..10 { let s = parts.join(\", \") }", 900000, true},
  {"a split", "let s = \"a,\".repeat(100000)\nprint(s.split(\",\").len())", 1000000, true},
};

static void sample_check(const Sample *sample, Tier tier, GuestStatus *status, uint64_t *fuel) {
  Program *program = program_of(sample->text);
  Guest *guest = guest_of(program, sample->memory, tier, PLENTY);
  guest_run(guest);
  ck_assert_msg(guest->trap == (sample->is_over ? TRAP_MEMORY_QUOTA : TRAP_NONE), "%s: trap %d", sample->name, (int)guest->trap);
  ck_assert_uint_le(guest_memory(guest), sample->memory + sample->memory / 8 + 4096);
  *status = guest->status;
  *fuel = guest_fuel_used(guest);
  if (sample->is_over) {
    char *report = guest_report(guest);
    char wanted[100];
    snprintf(wanted, sizeof wanted, "panic: over the memory quota of %" PRIu64 " bytes\n  at ", sample->memory);
    ck_assert_msg(strncmp(report, wanted, strlen(wanted)) == 0, "%s", report);
    free(report);
  }
  guest_free(guest);
  program_free(program);
}

START_TEST(test_sample) {
  GuestStatus a, b;
  uint64_t x, y;
  sample_check(&samples[_i], TIER_ORACLE, &a, &x);
  sample_check(&samples[_i], TIER_INTERP, &b, &y);
  ck_assert_int_eq(a, b);
  ck_assert_uint_eq(x, y);
}
END_TEST

/* Stopped often and replaced by its clone or by what its image thaws to, a guest goes over its quota where it does undisturbed. */
START_TEST(test_moved) {
  Program *program = program_of(samples[_i].text);
  Guest *plain = guest_of(program, samples[_i].memory, TIER_INTERP, PLENTY);
  guest_run(plain);
  int64_t slice = (int64_t)guest_fuel_used(plain) / STEPS + 1, wanted = 0; /* what an operation costs that the slice was too small for */
  Guest *guest = guest_of(program, samples[_i].memory, TIER_INTERP, PLENTY);
  for (int step = 0; guest->status == GUEST_RUNNABLE || guest->status == GUEST_PAUSED; step++) {
    guest_run_slice(guest, wanted > slice ? wanted : slice);
    if (guest->status != GUEST_PAUSED) break;
    wanted = guest->wanted;
    Guest *next = NULL;
    if (step % 2) {
      next = guest_clone(guest);
    } else {
      ModuleError error;
      Thawed thawed;
      Buffer image = image_of(guest, true);
      ThawOptions options = {.guest = guest->options, .find = image_program_given, .find_ctx = program};
      ck_assert_msg(image_thaw(&image, &options, &thawed, &error), "%s: %s", samples[_i].name, error.reason);
      next = thawed.guest;
      free(thawed.input);
      free(image.bytes);
    }
    ck_assert_ptr_nonnull(next);
    guest_free(guest);
    guest = next;
  }
  ck_assert_int_eq(guest->status, plain->status);
  ck_assert_int_eq(guest->trap, plain->trap);
  ck_assert_uint_eq(guest->allocated, plain->allocated);
  ck_assert_uint_eq(guest_fuel_used(guest), guest_fuel_used(plain));
  ck_assert_uint_eq(guest_state_hash(guest), guest_state_hash(plain));
  guest_free(guest);
  guest_free(plain);
  program_free(program);
}
END_TEST

START_TEST(test_changed) {
  Program *program = program_of("var n = 0\nlet xs = List(10000, 1)\nwhile true { n += xs.len() }");
  Guest *guest = guest_of(program, 0, _i ? TIER_ORACLE : TIER_INTERP, 100000);
  ck_assert_int_eq(guest_run(guest), GUEST_PAUSED);
  uint64_t live = guest_memory(guest);
  ck_assert_uint_ge(live, 80000);
  ck_assert(guest_memory_limit(guest, live));
  guest_grant(guest, 100000);
  ck_assert_int_eq(guest_run(guest), GUEST_PAUSED);
  ck_assert_uint_eq(guest_memory(guest), live);
  ck_assert(!guest_memory_limit(guest, live - 1));
  ck_assert_int_eq(guest->status, GUEST_FAILED);
  ck_assert_int_eq(guest->trap, TRAP_MEMORY_QUOTA);
  ck_assert_int_eq(guest_run(guest), GUEST_FAILED);
  guest_free(guest);
  program_free(program);
}
END_TEST

START_TEST(test_lifted) {
  Program *program = program_of("let xs: [int] = []\nfor i in 0..100000 { xs.push(i) }\nprint(xs.len())");
  Guest *guest = guest_of(program, 100000, TIER_INTERP, 10000);
  ck_assert_int_eq(guest_run(guest), GUEST_PAUSED);
  ck_assert(guest_memory_limit(guest, 0));
  guest_grant(guest, INT64_MAX / 2);
  ck_assert_int_eq(guest_run(guest), GUEST_FINISHED);
  guest_free(guest);
  program_free(program);
}
END_TEST

/* What an instruction had made when the quota was tested, before anything led to it, is counted by all later walks. */
START_TEST(test_tested_within) {
  Program *program = program_of("let xs = [1, 2, 3, 4]\nlet ys = xs.take(3)\n");
  Guest *plain = guest_of(program, 0, TIER_ORACLE, PLENTY);
  ck_assert_int_eq(guest_run(plain), GUEST_FINISHED);
  heap_stress = true;
  Guest *guest = guest_of(program, PLENTY, _i ? TIER_ORACLE : TIER_INTERP, PLENTY);
  ck_assert_int_eq(guest_run(guest), GUEST_FINISHED);
  heap_stress = false;
  ck_assert_uint_eq(guest_memory(guest), guest_memory(plain));
  guest_free(guest);
  guest_free(plain);
  program_free(program);
}
END_TEST

START_TEST(test_module_counts) {
  Program *program = program_of("print(1)");
  Guest *guest = guest_of(program, program_bytes(program), TIER_INTERP, PLENTY);
  ck_assert_int_eq(guest->trap, TRAP_MEMORY_QUOTA);
  guest_free(guest);
  guest = guest_of(program, program_bytes(program) + 1000, TIER_INTERP, PLENTY);
  ck_assert_int_eq(guest_run(guest), GUEST_FINISHED);
  guest_free(guest);
  program_free(program);
}
END_TEST

START_TEST(test_thaw_over) {
  Program *program = program_of("let xs = List(10000, 1)\nwhile true { xs[0] += 1 }");
  Guest *guest = guest_of(program, 0, TIER_INTERP, 100000);
  ck_assert_int_eq(guest_run(guest), GUEST_PAUSED);
  Buffer image = image_of(guest, true);
  ModuleError error;
  Thawed thawed;
  ThawOptions options = {.guest = {.memory = 50000}, .find = image_program_given, .find_ctx = program};
  ck_assert(!image_thaw(&image, &options, &thawed, &error));
  ck_assert_msg(strstr(error.reason, "quota of 50000 bytes") != NULL, "%s", error.reason);
  options.guest.memory = guest_memory(guest);
  ck_assert(image_thaw(&image, &options, &thawed, &error));
  ck_assert_uint_eq(guest_memory(thawed.guest), guest_memory(guest));
  guest_free(thawed.guest);
  free(thawed.input);
  free(image.bytes);
  guest_free(guest);
  program_free(program);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("memory quota");
  TCase *tcase = tcase_create("quota");
  tcase_set_timeout(tcase, 60);
  int count = sizeof samples / sizeof *samples;
  tcase_add_loop_test(tcase, test_sample, 0, count);
  tcase_add_loop_test(tcase, test_moved, 0, count);
  tcase_add_loop_test(tcase, test_changed, 0, 2);
  tcase_add_test(tcase, test_lifted);
  tcase_add_loop_test(tcase, test_tested_within, 0, 2);
  tcase_add_test(tcase, test_module_counts);
  tcase_add_test(tcase, test_thaw_over);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
