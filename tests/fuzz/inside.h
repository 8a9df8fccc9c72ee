/* inside.h - which modules a fuzzer may run: those whose natives reach nothing outside of the process and always answer the same.
 *
 * The list names what is allowed: natives that are not in it (files, the environment, the clock, random seeds) are never run by a fuzzer, not even
 * when a mutation writes their names. Standard input must be empty.
 */
#ifndef FIRN_TESTS_FUZZ_INSIDE_H
#define FIRN_TESTS_FUZZ_INSIDE_H

#include <string.h>

#include "vm/module.h"

static inline bool module_is_inside(const Module *module) {
  static const char *const inside[] = {"bool", "bytes", "char", "float", "format", "guest", "hash", "int",
                                       "io", "math", "op", "program", "string", "text", "unicode"};
  for (uint32_t i = 0; i < module->nimports; i++) {
    size_t k = 0, count = sizeof inside / sizeof *inside;
    while (k < count && strcmp(module->imports[i].module, inside[k]) != 0) k++;
    if (k == count) return false;
  }
  return true;
}

#endif
