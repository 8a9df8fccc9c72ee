/* op.c - the table of op.h, filled from op.def. */
#include "vm/op.h"

#include <string.h>

#define TRAPS OP_TRAPS
#define BRANCH OP_BRANCH
#define END OP_END
#define CALLS OP_CALLS
#define ALLOCS OP_ALLOCS
#define WAITS OP_WAITS

const OpInfo op_table[OP_MAX] = {
#define OP(code, id, name, imms, sig, flags, doc) [code] = {name, imms, sig, (flags), doc},
#define OP_PURE(code, id, name, sig, flags, sem, doc) [code] = {name, "", sig, (flags) | OP_PURE_ROW, doc},
#include "vm/op.def"
};

int op_find(const char *name, unsigned length) {
  for (int code = 0; code < OP_MAX; code++) {
    const char *candidate = op_table[code].name;
    if (candidate && strlen(candidate) == length && memcmp(candidate, name, length) == 0) return code;
  }
  return -1;
}
