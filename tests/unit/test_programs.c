/* test_programs.c - every program of tests/programs on both tiers in lockstep, in slices of fuel of several sizes.
 *
 * The state is compared at every pause. Pauses come often at first and are then twice as far apart each time, so that a long program costs
 * little more than a short one; however it is sliced, a program must do the same. Programs that may do something else each time they are run are
 * left out (inside.h), and those for hosts; standard input is empty, and `main` gets no arguments.
 */
#include "sources.h"

#include "lockstep.h"
#include "tests/fuzz/inside.h"

enum { QUOTA_SLACK = 4096 }; /* what the instruction that goes over has made */
enum { PAUSES = 100, FUEL_MAX = 5000000, FUEL_ENDLESS = 100000 };

static const int64_t slices[] = {FUEL_MAX, 1, 2, 3, 7, 1000}; /* the first is without a pause */
enum { NSLICES = sizeof slices / sizeof *slices };

static SourceList sources;

/* With some quotas. A run that ends like the one without has paid the same fuel; over its quota, it has allocated no more than that could. */
static void quotas_follow(Program *program, const LockstepResult *first, const char *path) {
  for (uint64_t part = 2; part <= 32; part *= 4) {
    LockstepPlan plan = {1000, PAUSES, FUEL_MAX, program_bytes(program) + first->allocated / part};
    LockstepResult result = lockstep_follow(program, program->module->entry, plan, path);
    if (result.trap == TRAP_MEMORY_QUOTA) {
      ck_assert_uint_le(result.memory, plan.memory + plan.memory / 8 + QUOTA_SLACK);
      ck_assert_int_le(result.fuel, first->fuel);
    } else if (result.status != GUEST_PAUSED) {
      ck_assert_int_eq(result.fuel, first->fuel);
      ck_assert_uint_eq(result.output, first->output);
    }
    free(result.report);
  }
}

/* Whether it is for a host, which brings functions of its own. */
static bool module_wants_host(const Module *module) {
  for (uint32_t i = 0; i < module->nimports; i++)
    if (!native_find(module->imports[i].module, module->imports[i].name)) return true;
  return false;
}

START_TEST(test_program) {
  const char *path = sources.paths[_i];
  Module *module = source_compile(path);
  if (!module) return; /* programs that show a mistake */
  if (!module_is_inside(module) || module_wants_host(module)) {
    module_free(module);
    return;
  }
  ModuleError error;
  Program *program = program_link(module, &error);
  ck_assert_msg(program != NULL, "%s: %s", path, error.reason);
  LockstepResult first = {0};
  for (int i = 0; i < NSLICES; i++) {
    LockstepPlan plan = {.slice = slices[i], .growth = PAUSES, .fuel_max = first.status == GUEST_PAUSED ? FUEL_ENDLESS : FUEL_MAX};
    LockstepResult result = lockstep_follow(program, program->module->entry, plan, path);
    if (i == 0) first = result;
    if (i == 0 || first.status == GUEST_PAUSED || result.status == GUEST_PAUSED) continue;
    ck_assert_int_eq(result.status, first.status);
    ck_assert_int_eq(result.trap, first.trap);
    ck_assert_int_eq(result.exit_status, first.exit_status);
    ck_assert_uint_eq(result.output, first.output);
    ck_assert_int_eq(result.fuel, first.fuel);
    if (first.report) ck_assert_str_eq(result.report, first.report);
    free(result.report);
  }
  if (first.status != GUEST_PAUSED) quotas_follow(program, &first, path);
  free(first.report);
  program_free(program);
}
END_TEST

int main(void) {
  if (!freopen("/dev/null", "r", stdin)) return 2;
  sources_find(&sources, "tests/programs");
  sources_find(&sources, "examples");
  if (sources.count == 0) return fputs("test_programs runs in the project's folder\n", stderr), 2;
  Suite *suite = suite_create("programs in lockstep");
  TCase *tcase = tcase_create("programs");
  tcase_set_timeout(tcase, 120);
  tcase_add_loop_test(tcase, test_program, 0, sources.count);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
