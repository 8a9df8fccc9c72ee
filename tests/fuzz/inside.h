/* inside.h - which modules a fuzzer may run: those whose natives reach nothing outside of the process and always answer the same.
 *
 * What a native needs of the outside is said where it is defined (NATIVE_NEEDS). Standard input must be empty; a guest's request to be frozen is the
 * host's to refuse.
 */
#ifndef FIRN_TESTS_FUZZ_INSIDE_H
#define FIRN_TESTS_FUZZ_INSIDE_H

#include <string.h>

#include "vm/module.h"
#include "vm/native.h"

/* What the natives that a module imports need. One that is not known is never run, and needs nothing. */
static inline unsigned module_needs(const Module *module) {
  unsigned needs = CAP_NONE;
  for (uint32_t i = 0; i < module->nimports; i++) {
    const NativeDef *native = native_find(module->imports[i].module, module->imports[i].name);
    if (native) needs |= native->needs;
  }
  return needs;
}

static inline bool module_is_inside(const Module *module) { return !(module_needs(module) & ~(unsigned)(CAP_STDIN | CAP_FREEZE)); }

#endif
