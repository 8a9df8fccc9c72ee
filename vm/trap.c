/* trap.c - the messages of trap.def by code. */
#include "vm/trap.h"

#include <stddef.h>

const char *trap_message(Trap trap) {
  switch (trap) {
#define TRAP(code, id, message) \
  case TRAP_##id: return message;
#include "vm/trap.def"
    default: return NULL;
  }
}
