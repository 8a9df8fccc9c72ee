/* What the stages of one compilation share: memory, names, source texts and messages.
 *
 * Interface: compilation_init, compilation_deinit; compilation_try for who must go on when memory is out.
 * Invariants: everything the compiler makes lives in `arena` and dies with the Compilation; one Compilation is used
 * by one thread at a time, and any number may exist. */
#ifndef FIRN_COMPILER_COMPILATION_H
#define FIRN_COMPILER_COMPILATION_H

#include "arena.h"
#include "diag.h"
#include "source.h"

#include <stdint.h>

typedef struct Compilation {
  Arena arena;
  Names names;
  Sources sources;
  Diags diags;
  struct Module *unfinished; /* that is being compiled */
  bool drops_docs; /* nobody will ask for doc comments: they are skipped */
  bool is_late;    /* it was past its deadline: what it says then is worth nothing */
  int64_t deadline; /* on the system's monotonic clock, microseconds; 0: none */
  uint32_t polls;
} Compilation;

/* Whether the deadline is past: asked for each token, expression and function, of which it makes nothing any more. Looks at the clock now and then. */
bool compilation_look(Compilation *c);
static inline bool compilation_is_late(Compilation *c) { return c->deadline && compilation_look(c); }

/* Prepares an empty compilation; it must not be moved in memory afterwards. */
void compilation_init(Compilation *c);
/* Frees all that the compilation made. */
void compilation_deinit(Compilation *c);

/* Makes a compilation, does some work with it, and frees it. False: memory is out, and the work has ended where it was; what it had
 * outside of the compilation is its caller's to look after. Without this, running out of memory ends the process. */
bool compilation_try(void (*work)(Compilation *c, void *ctx), void *ctx);

#endif
