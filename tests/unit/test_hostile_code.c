/* test_hostile_code.c - modules that verify and that no compiler makes: what the fuzzer has found, each as the smallest text that shows it. */
#include "lockstep.h"

#include "vm/stress.h"

/* Runs a module's function 0 on both tiers, and frozen and thawed at every safepoint; both give `wanted`. */
static void expect(const char *text, int64_t wanted) {
  Program *program = lockstep_program(text);
  LockstepResult result = lockstep_run(program, 0, 1, "hostile");
  ck_assert_int_eq(result.status, GUEST_FINISHED);
  ck_assert_int_eq(result.exit_status, wanted);
  char problem[200] = "";
  Guest *guest = guest_new_for(program, 0, &(GuestOptions){.fuel = 1000000});
  ck_assert_msg(stress_run(&guest, &(StressOptions){.modes = STRESS_THAW | STRESS_STEP | STRESS_HOP, .seed = 1}, problem), "%s", problem);
  ck_assert_int_eq(guest->exit_status, wanted);
  guest_free(guest);
  program_free(program);
}

/* The key is said to be absent, and the hash is wrong. */
#define ADD(key, value, hash) "  local.get 0\n  int.const " key "\n  int.const " value "\n  int.const " hash "\n  map.add int int\n"

START_TEST(test_plain_key_added_twice) {
  expect("module 1\nfunc \"main\" () -> int\n  local map<int, int>\n  map.new int int\n  local.set 0\n"
         ADD("5", "1", "0") ADD("5", "2", "7")
         "  call 1\n  pop int\n  local.get 0\n  map.len int int\n"
         "  local.get 0\n  local.get 0\n  int.const 5\n  map.find int int\n  map.value int int\n  int.add\n  ret\n"
         "func \"pause\" () -> int\n  int.const 0\n  ret\n"
         "entry 0\n", 3);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("hostile code");
  TCase *tcase = tcase_create("code");
  tcase_add_test(tcase, test_plain_key_added_twice);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
