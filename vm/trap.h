/* trap.h - trap codes, from trap.def. A function that may trap returns a Trap; TRAP_NONE is success. */
#ifndef FIRN_VM_TRAP_H
#define FIRN_VM_TRAP_H

typedef enum Trap {
  TRAP_NONE = 0,
#define TRAP(code, id, message) TRAP_##id = code,
#include "vm/trap.def"
} Trap;

/* The message of a trap, with %d and %s in it; NULL for an unknown code. */
const char *trap_message(Trap trap);

#endif
