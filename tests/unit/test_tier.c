/* test_tier.c - programs compiled from their first instruction on, which leave compiled code at each n-th place where they could (tier_leave_often).
 *
 * Whatever n is, a program must print the same, use the same fuel, allocate as much and end in the same state as when it is interpreted; also in slices of
 * fuel. And a process that forks while something may be compiled: both go on, and the child compiles too. TIER_ALL in the environment: all of tests/programs, in place of each SAMPLE-th. Without the compiling tier nothing is tested.
 */
#include "sources.h"

#include <sys/wait.h>
#include <unistd.h>

#include "lockstep.h"
#include "tests/fuzz/inside.h"
#include "vm/tier.h"

enum { FUEL = 3000000, SLICE = 777, SAMPLE = 60, TOGETHER = 4 };

static const uint32_t eaches[] = {1, 2, 3, 7};
enum { NEACHES = sizeof eaches / sizeof *eaches };

static SourceList sources;

typedef struct Ending {
  GuestStatus status;
  Trap trap;
  int64_t exit_status;
  uint64_t fuel, allocated, memory, state, output;
  char *report; /* or NULL */
} Ending;

static Ending program_end(Program *program, JitMode jit, int64_t slice) {
  Ending ending = {0};
  int64_t given = slice;
  GuestOptions options = {.jit = jit, .fuel = slice, .write = lockstep_write, .write_ctx = &ending.output, .grants = CAP_STDIN};
  Guest *guest = guest_new(program, &options);
  ck_assert_ptr_nonnull(guest);
  for (;;) {
    guest_run(guest);
    guest_request_refuse(guest, NULL);
    if (guest->status == GUEST_RUNNABLE || (guest->status == GUEST_PAUSED && !guest_is_out(guest))) continue;
    if (guest->status != GUEST_PAUSED || given >= FUEL) break;
    int64_t more = given + slice < FUEL ? slice : FUEL - given;
    guest_grant(guest, more);
    given += more;
    slice += slice / 4;
  }
  guest_grant(guest, FUEL - given); /* the balance is a part of the state */
  ending.status = guest->status;
  ending.trap = guest->trap;
  ending.exit_status = guest->exit_status;
  ending.fuel = guest_fuel_used(guest);
  ending.allocated = guest->allocated;
  ending.memory = guest_memory(guest);
  ending.state = guest_state_hash(guest);
  if (guest->status == GUEST_FAILED) ending.report = guest_report(guest);
  guest_free(guest);
  return ending;
}

static void endings_compare(const Ending *is, const Ending *should, const char *path, uint32_t each) {
  ck_assert_msg(is->status == should->status && is->trap == should->trap, "%s, leaving at each %u: status %d, trap %d instead of %d, %d", path, each, (int)is->status,
                (int)is->trap, (int)should->status, (int)should->trap);
  ck_assert_msg(is->fuel == should->fuel, "%s, leaving at each %u: %" PRIu64 " units instead of %" PRIu64, path, each, is->fuel, should->fuel);
  ck_assert_msg(is->allocated == should->allocated, "%s, leaving at each %u: %" PRIu64 " bytes instead of %" PRIu64, path, each, is->allocated, should->allocated);
  ck_assert_msg(is->output == should->output, "%s, leaving at each %u: another output", path, each);
  ck_assert_msg(is->state == should->state && is->memory == should->memory, "%s, leaving at each %u: another state", path, each);
  ck_assert_int_eq(is->exit_status, should->exit_status);
  if (should->report) ck_assert_str_eq(is->report, should->report);
}

static void program_leave(Program *program, const char *path) {
  tier_leave_often(0);
  Ending should = program_end(program, JIT_OFF, FUEL);
  for (int i = 0; i < NEACHES; i++) {
    tier_leave_often(eaches[i]);
    Ending is = program_end(program, JIT_ALWAYS, FUEL);
    endings_compare(&is, &should, path, eaches[i]);
    free(is.report);
  }
  Ending sliced = program_end(program, JIT_ALWAYS, SLICE);
  endings_compare(&sliced, &should, path, eaches[NEACHES - 1]);
  free(sliced.report);
  free(should.report);
}

static bool module_wants_host(const Module *module) {
  for (uint32_t i = 0; i < module->nimports; i++)
    if (!native_find(module->imports[i].module, module->imports[i].name)) return true;
  return false;
}

static void path_leave(const char *path) {
  Module *module = source_compile(path);
  ModuleError error;
  if (!module) return; /* programs that show a mistake */
  if (!module_is_inside(module) || module_wants_host(module)) {
    module_free(module);
    return;
  }
  Program *program = program_link(module, &error);
  ck_assert_msg(program != NULL, "%s: %s", path, error.reason);
  program_leave(program, path);
  program_free(program);
}

START_TEST(test_leaving) {
  int step = getenv("TIER_ALL") ? 1 : SAMPLE;
  for (int i = _i * TOGETHER * step; i < (_i + 1) * TOGETHER * step && i < sources.count; i += step) path_leave(sources.paths[i]);
}
END_TEST

/* A loop that begins where its function does, and is compiled while it runs: who goes on in it has entered once only. */
START_TEST(test_loop_first) {
  Program *program = program_of("class Cell { var n: int }\nfn spin(cell: Cell) {\nwhile true {\nif cell.n == 0 { return }\ncell.n -= 1 }\n}\n"
                                "let cell = Cell(20_000_000)\nspin(cell)\nprint(cell.n)\n");
  uint64_t used[2];
  for (int i = 0; i < 2; i++) {
    uint64_t output = 0;
    GuestOptions options = {.jit = i == 0 ? JIT_OFF : JIT_ON, .fuel = INT64_MAX, .write = lockstep_write, .write_ctx = &output};
    Guest *guest = guest_new(program, &options);
    ck_assert_int_eq(guest_run(guest), GUEST_FINISHED);
    used[i] = guest_fuel_used(guest);
    guest_free(guest);
  }
  ck_assert_uint_eq(used[1], used[0]);
  program_free(program);
}
END_TEST

/* What a call needs is found out before a receiver's box is opened: whoever leaves there has the operands as they were. */
START_TEST(test_boxed) {
  Program *program = program_of("trait Sized { fn size(self, n: int) -> int }\n"
                                "extend int: Sized { fn size(self, n: int) -> int { if n <= 0 { self } else { self + n % 7 } } }\n"
                                "extend string: Sized { fn size(self, n: int) -> int => self.len() + n }\n"
                                "extend float: Sized { fn size(self, n: int) -> int => int(self) * n }\n"
                                "fn sum(all: [Sized], n: int) -> int {\nvar s = 0\nfor i in 0..n { for one in all { s += one.size(i) } }\ns }\n"
                                "let all: [Sized] = [3, 1.5, \"abc\", 4]\n"
                                "for i in 0..60 { print(sum(all, i)) }\n");
  program_leave(program, "boxed receivers");
  program_free(program);
}
END_TEST

static const char busy_text[] =
    "fn f(n: int) -> int { var s = 0\nfor i in 0..n { s = (s * 7 + i) % 1001 }\ns }\n"
    "fn g(n: int) -> int { var s = 1\nfor i in 0..n { s = (s + f(i % 50)) % 97 }\ns }\n"
    "print(g(20000))\n";

/* In the child, which ends with its exit handlers. */
static void child_go_on(Guest *guest) {
  GuestOptions options = guest->options;
  Program *program = program_of("fn h(n: int) -> int { if n < 2 { n } else { h(n - 1) + h(n - 2) } }\nprint(h(15))");
  while (guest_run_slice(guest, 1 << 20) == GUEST_PAUSED) continue;
  options.jit = JIT_ALWAYS;
  Guest *other = guest_new(program, &options);
  exit(other && guest_run(other) == GUEST_FINISHED && guest->status == GUEST_FINISHED ? 0 : 1);
}

START_TEST(test_fork) {
  uint64_t output = 0;
  int64_t slice = 30000;
  Program *program = program_of(busy_text);
  GuestOptions options = {.jit = JIT_ON, .fuel = INT64_MAX, .write = lockstep_write, .write_ctx = &output};
  Guest *guest = guest_new(program, &options);
  for (int forks = 1; guest_run_slice(guest, slice) == GUEST_PAUSED; forks++) {
    int status;
    pid_t child = fork();
    if (child == 0) child_go_on(guest);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "fork %d: the child ends with %x", forks, (unsigned)status);
    if (forks % 20 == 0) slice *= 40;
  }
  ck_assert_int_eq(guest->status, GUEST_FINISHED);
  guest_free(guest);
  program_free(program);
}
END_TEST

int main(void) {
  if (!freopen("/dev/null", "r", stdin)) return 2;
  sources_find(&sources, "tests/programs");
  if (sources.count == 0) return fputs("test_tier runs in the project's folder\n", stderr), 2;
  Suite *suite = suite_create("the compiling tier");
  TCase *tcase = tcase_create("programs");
  tcase_set_timeout(tcase, 240);
  int together = TOGETHER * (getenv("TIER_ALL") ? 1 : SAMPLE);
  tcase_add_loop_test(tcase, test_leaving, 0, (sources.count + together - 1) / together);
  tcase_add_test(tcase, test_loop_first);
  tcase_add_test(tcase, test_boxed);
  tcase_add_test(tcase, test_fork);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
