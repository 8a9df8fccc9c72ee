/* op.h - the instruction set as C sees it: the enum and the table that op.def drives. */
#ifndef FIRN_VM_OP_H
#define FIRN_VM_OP_H

#include <stdbool.h>
#include <stdint.h>

typedef enum Op {
#define OP(code, id, name, imms, sig, flags, doc) OP_##id = code,
#include "vm/op.def"
  OP_MAX = 256,
} Op;

enum OpFlag { OP_TRAPS = 1, OP_BRANCH = 2, OP_END = 4, OP_CALLS = 8, OP_ALLOCS = 16, OP_PURE_ROW = 32, OP_WAITS = 64 };

typedef struct OpInfo {
  const char *name; /* NULL: no such instruction */
  const char *imms; /* letters as in op.def */
  const char *sig;  /* "pops:pushes" */
  unsigned flags;   /* OpFlag */
  const char *doc;
} OpInfo;

extern const OpInfo op_table[OP_MAX]; /* by code */

/* Finds an instruction by mnemonic (`length` bytes); -1 if there is none. */
int op_find(const char *name, unsigned length);

#endif
