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

typedef struct Compilation {
  Arena arena;
  Names names;
  Sources sources;
  Diags diags;
  struct Module *unfinished; /* that is being compiled */
  bool drops_docs; /* nobody will ask for doc comments: they are skipped */
} Compilation;

/* Prepares an empty compilation; it must not be moved in memory afterwards. */
void compilation_init(Compilation *c);
/* Frees all that the compilation made. */
void compilation_deinit(Compilation *c);

/* Makes a compilation, does some work with it, and frees it. False: memory is out, and the work has ended where it was; what it had
 * outside of the compilation is its caller's to look after. Without this, running out of memory ends the process. */
bool compilation_try(void (*work)(Compilation *c, void *ctx), void *ctx);

#endif
