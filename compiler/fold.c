/* fold.c - instructions on constants: expands the semantics of op.def's OP_PURE rows, as the executors do. What would trap is left to run. */
#include <math.h>

#include "compiler/emit_internal.h"
#include "vm/object.h"

#define TRAP_IF(condition, id) \
  do {                         \
    if (condition) return false; \
  } while (0)

bool fold_pure(Op op, const Value *operands, Value *result) {
  Value A = operands[0], B = operands[1], R = {0};
  switch ((int)op) {
#define OP(code, id, name, imms, sig, flags, doc)
#define OP_PURE(code, id, name, sig, flags, sem, doc) \
  case code: {                                        \
    sem;                                              \
    break;                                            \
  }
#include "vm/op.def"
    default: return false;
  }
  *result = R;
  return true;
}
