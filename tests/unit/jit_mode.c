/* jit_mode.c - the environment gives guests of unit tests a compiling tier that they have not asked for: FIRN_TEST_JIT=on or always (`make test-tier`).
 *
 * Linked with each unit test, in front of the machine's tier_get. With `on`, what is met once is hot, so that things are compiled and published at any time of
 * a test. What tests find must be the same. */
#include <stdlib.h>
#include <string.h>

#include "vm/tier.h"

Jit *__real_tier_get(JitMode mode);
Jit *__wrap_tier_get(JitMode mode);

Jit *__wrap_tier_get(JitMode mode) {
  const char *wanted = getenv("FIRN_TEST_JIT");
  if (!wanted || mode != JIT_OFF) return __real_tier_get(mode);
  tier_eager(1);
  return __real_tier_get(strcmp(wanted, "always") == 0 ? JIT_ALWAYS : JIT_ON);
}
