/* suite.h - running a suite of unit tests.
 *
 * The environment makes what is slow under sanitizers and emulators smaller: TEST_STRIDE=N lets loops that try every case of many try each Nth, and
 * CK_TIMEOUT_MULTIPLIER=N, which is Check's, lengthens the time that tests may take. `make test-asan` and `make test-cross` set both. FIRN_TEST_JIT=on|always gives
 * guests that have not asked for it the compiling tier (jit_mode.c, `make test-tier`).
 */
#ifndef FIRN_TESTS_SUITE_H
#define FIRN_TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

/* How far loops over many cases go at a time: 1, or what the environment says, but not a multiple of two, so that all bits of bytes have their turn. */
static inline unsigned test_stride(void) {
  const char *given = getenv("TEST_STRIDE");
  return given && atoi(given) > 0 ? (unsigned)atoi(given) | 1 : 1;
}

static inline bool test_is_compiled(void) { return getenv("FIRN_TEST_JIT") != NULL; }

/* Runs and frees the suite; what main returns: 0 when all passed. */
static inline int suite_run(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

#endif
