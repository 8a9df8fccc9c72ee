/* fold.c - instructions on constants: expands the semantics of op.def's OP_PURE rows, as the executors do. What would trap is left to run. */
#include <math.h>

#include "compiler/typed.h"
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

bool fold_node(TNode *node) {
  if (node->kind == TN_CONST) return true;
  if (node->kind != TN_OP || !(op_table[node->op].flags & OP_PURE_ROW) || node->nlist > 2) return false;
  Value operands[2] = {{0}, {0}}, result;
  for (uint32_t i = 0; i < node->nlist; i++) {
    if (!fold_node(node->list[i])) return false;
    operands[i] = node->list[i]->value;
  }
  if (!fold_pure(node->op, operands, &result)) return false;
  node->kind = TN_CONST;
  node->value = result;
  node->nlist = 0;
  return true;
}
