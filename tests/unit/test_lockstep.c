/* test_lockstep.c - the kernels of bench/kernels, and programs made to be awkward, on both tiers in lockstep. */
#include "lockstep.h"

static const int64_t slices[] = {1, 2, 7, 1000, INT64_MAX};
enum { NSLICES = sizeof slices / sizeof *slices };

/* Reads a kernel and puts the sizes in; from the project's root or from where this file is. */
static char *kernel_load(const char *name, const char *n, const char *size) {
  char path[512];
  snprintf(path, sizeof path, "bench/kernels/%s.fasm", name);
  FILE *file = fopen(path, "r");
  if (!file) {
    const char *slash = strstr(__FILE__, "tests/unit/");
    snprintf(path, sizeof path, "%.*sbench/kernels/%s.fasm", (int)(slash - __FILE__), __FILE__, name);
    file = fopen(path, "r");
  }
  ck_assert_msg(file != NULL, "no %s", path);
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  for (int c; (c = fgetc(file)) != EOF;) {
    if (c != '$') {
      fputc(c, out);
      continue;
    }
    bool is_size = fgetc(file) == 'S';
    if (is_size) fseek(file, 3, SEEK_CUR);
    fputs(is_size ? size : n, out);
  }
  fclose(file);
  fclose(out);
  return text;
}

static const struct Kernel {
  const char *name, *n, *size;
  int64_t result;
} kernels[] = {
    {"fib", "12", "0", 144},         {"loop", "300", "0", 156154},  {"sieve", "2", "100", 50},    {"collatz", "20", "0", 189},
    {"mandelbrot", "8", "0", 27},    {"nbody", "10", "0", 0},       {"closure", "300", "0", 900}, {"shapes", "5", "0", 214375},
};

START_TEST(test_kernels) {
  const struct Kernel *kernel = &kernels[_i];
  char *text = kernel_load(kernel->name, kernel->n, kernel->size);
  Program *program = lockstep_program(text);
  for (int i = 0; i < NSLICES; i++) {
    LockstepResult result = lockstep_run(program, program->module->entry, slices[i], kernel->name);
    ck_assert_int_eq(result.status, GUEST_FINISHED);
    if (kernel->result) ck_assert_int_eq(result.exit_status, kernel->result);
    if (slices[i] == 1) ck_assert_uint_gt(result.pauses, 20);
    if (slices[i] == INT64_MAX) ck_assert_uint_le(result.pauses, 1);
  }
  program_free(program);
  free(text);
}
END_TEST

START_TEST(test_kernels_under_collection) {
  const struct Kernel *kernel = &kernels[_i];
  char *text = kernel_load(kernel->name, kernel->n, kernel->size);
  Program *program = lockstep_program(text);
  heap_stress = true;
  LockstepResult result = lockstep_run(program, program->module->entry, 1000, kernel->name);
  heap_stress = false;
  ck_assert_int_eq(result.status, GUEST_FINISHED);
  program_free(program);
  free(text);
}
END_TEST

static const char recursion[] =
    "module 1\n"
    "func \"main\" () -> int\n  int.const 1000000\n  call 1\n  ret\n"
    "func \"down\" (int) -> int\n  local.get 0\n  int.const 0\n  int.eq\n  br.ifnot more\n  int.const 0\n  ret\n"
    "label more ()\n  local.get 0\n  int.const 1\n  int.sub\n  call 1\n  int.const 1\n  int.add\n  ret\n"
    "func \"forever\" () -> int\n  call 2\n  int.const 1\n  int.add\n  ret\n"
    "entry 0\n";

START_TEST(test_million_frames) {
  Program *program = lockstep_program(recursion);
  static const int64_t long_slices[] = {INT64_MAX, 3000000};
  for (int i = 0; i < 2; i++) {
    LockstepResult result = lockstep_run(program, 0, long_slices[i], "down");
    ck_assert_int_eq(result.status, GUEST_FINISHED);
    ck_assert_int_eq(result.exit_status, 1000000);
  }
  program_free(program);
}
END_TEST

START_TEST(test_stack_overflow) {
  Program *program = lockstep_program(recursion);
  LockstepResult result = lockstep_run(program, 2, INT64_MAX, "forever");
  ck_assert_int_eq(result.status, GUEST_FAILED);
  ck_assert_int_eq(result.trap, TRAP_STACK_OVERFLOW);
  ck_assert_ptr_nonnull(strstr(result.report, "panic: stack overflow\n  at forever"));
  ck_assert_ptr_nonnull(strstr(result.report, " more ..."));
  ck_assert_uint_lt(strlen(result.report), 2000);
  free(result.report);
  program_free(program);
}
END_TEST

/* A program between narrow and wide frames: the interpreter hands wide ones to the oracle. */
static char *wide_text(void) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  fputs("module 1\nfunc \"main\" () -> int\n  int.const 9\n  call 1\n  ret\n", out);
  fputs("func \"wide\" (int) -> int\n", out);
  for (int i = 0; i < 1100; i++) {
    fputs("  local tuple<int", out);
    for (int j = 1; j < 64; j++) fputs(", int", out);
    fputs(">\n", out);
  }
  fputs("  local int\n  int.const 5\n  local.set 1101\n", out);
  fputs("label again () init 1101\n  local.get 0\n  int.const 0\n  int.eq\n  br.ifnot more\n  local.get 1101\n  ret\n", out);
  fputs("label more () init 1101\n  local.get 0\n  int.const 1\n  int.sub\n  call 2\n  local.get 1101\n  int.add\n  ret\n", out);
  fputs("func \"narrow\" (int) -> int\n  local.get 0\n  call 1\n  int.const 2\n  int.mul\n  ret\nentry 0\n", out);
  fclose(out);
  return text;
}

START_TEST(test_wide_frames) {
  char *text = wide_text();
  Program *program = lockstep_program(text);
  for (int i = 0; i < NSLICES; i++) {
    LockstepResult result = lockstep_run(program, 0, slices[i], "wide");
    ck_assert_int_eq(result.status, GUEST_FINISHED);
    ck_assert_int_eq(result.exit_status, 5 * 1023);
  }
  program_free(program);
  free(text);
}
END_TEST

START_TEST(test_idle_guest_is_small) {
  Program *program = lockstep_program(recursion);
  GuestOptions options = {.fuel = INT64_MAX};
  Guest *guest = guest_new(program, &options);
  size_t size = sizeof *guest + sizeof *guest->task + guest->task->nslots * sizeof(Value) + (guest->task->nslots + 1) * sizeof(Frame);
  ck_assert_uint_le(size, 3072);
  guest_free(guest);
  program_free(program);
}
END_TEST

START_TEST(test_fuel) {
  Program *program = lockstep_program(recursion);
  GuestOptions options = {.fuel = 0};
  Guest *guest = guest_new(program, &options);
  ck_assert_int_eq(guest->status, GUEST_PAUSED);
  ck_assert_int_eq(guest->fuel, -3);
  ck_assert_int_eq(guest_run(guest), GUEST_PAUSED);
  ck_assert_int_eq(guest->fuel, -3);
  guest->fuel += 3;
  ck_assert_int_eq(guest_run(guest), GUEST_PAUSED);
  ck_assert_int_eq(guest->fuel, -13);
  ck_assert_uint_eq(guest->task->nframes, 2);
  ck_assert_uint_eq(guest->task->frames[0].pc, 2);
  ck_assert_uint_eq(guest->task->frames[1].pc, 0);
  guest_free(guest);
  program_free(program);
}
END_TEST

/* Two operations in a row that cost much, without a safepoint between. */
static const char costly[] =
    "module 1\nstring \"x\"\nimport \"string\" \"repeat\" (string, int) -> string\nfunc \"start\" () -> int\n"
    "  string.const 0\n  int.const 50000\n  call.import 0\n  pop string\n  string.const 0\n  int.const 50000\n  call.import 0\n  pop string\n"
    "  int.const 0\n  ret\nentry 0\n";

/* Runs with so much fuel, given in slices; what is left when it ends, at once. */
static Guest *guest_sliced(Program *program, Tier tier, int64_t fuel, int64_t slice) {
  int64_t given = slice < fuel ? slice : fuel;
  GuestOptions options = {.tier = tier, .fuel = given};
  Guest *guest = guest_new(program, &options);
  ck_assert_ptr_nonnull(guest);
  while (guest_run(guest) == GUEST_PAUSED && given < fuel) {
    int64_t more = slice < fuel - given ? slice : fuel - given;
    guest_grant(guest, more);
    given += more;
  }
  guest_grant(guest, fuel - given);
  return guest;
}

/* How far a guest gets is a matter of how much fuel it was given, not of when. */
START_TEST(test_fuel_in_slices) {
  Program *program = lockstep_program(costly);
  for (int64_t fuel = 0; fuel < 10000; fuel += 39) {
    Guest *whole = guest_sliced(program, TIER_ORACLE, fuel, fuel);
    for (int i = 0; i < 2 * NSLICES; i++) {
      if (slices[i / 2] == 1 && fuel % 10) continue;
      Guest *guest = guest_sliced(program, i % 2 ? TIER_ORACLE : TIER_INTERP, fuel, slices[i / 2]);
      ck_assert_int_eq(guest->status, whole->status);
      ck_assert_int_eq(guest->fuel, whole->fuel);
      ck_assert_uint_eq(guest_state_hash(guest), guest_state_hash(whole));
      guest_free(guest);
    }
    guest_free(whole);
  }
  program_free(program);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lockstep");
  TCase *tcase = tcase_create("all");
  tcase_set_timeout(tcase, 60);
  int nkernels = (int)(sizeof kernels / sizeof *kernels);
  tcase_add_loop_test(tcase, test_kernels, 0, nkernels);
  tcase_add_loop_test(tcase, test_kernels_under_collection, 0, nkernels);
  tcase_add_test(tcase, test_million_frames);
  tcase_add_test(tcase, test_stack_overflow);
  tcase_add_test(tcase, test_wide_frames);
  tcase_add_test(tcase, test_idle_guest_is_small);
  tcase_add_test(tcase, test_fuel);
  tcase_add_test(tcase, test_fuel_in_slices);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
