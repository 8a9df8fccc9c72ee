/* suite.h - running a suite of unit tests. */
#ifndef FIRN_TESTS_SUITE_H
#define FIRN_TESTS_SUITE_H

#include <check.h>

/* Runs and frees the suite; what main returns: 0 when all passed. */
static inline int suite_run(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

#endif
