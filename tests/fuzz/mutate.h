/* mutate.h - changes of a module that keep its form: what makes the fuzzer reach behind the decoder.
 *
 * Interface: module_mutate. Everything that decoding promises still holds afterwards (indexes in range, labels ascending, valid UTF-8), so
 * that the module can be encoded; whether it still verifies is chance.
 */
#ifndef FIRN_TESTS_MUTATE_H
#define FIRN_TESTS_MUTATE_H

#include "vm/module.h"

/* Makes one to four changes to a decoded module. The same module and seed always give the same result. */
void module_mutate(Module *module, uint64_t seed);

#endif
