/* compiler.h - from source text to a module: the compiler's one entry point.
 *
 * The compiler reaches files and the library only through `load`; it never prints. Library modules ("prelude", "math", ...) are sources too,
 * compiled on demand: of them only what the program reaches is checked and emitted.
 */
#ifndef FIRN_COMPILER_COMPILER_H
#define FIRN_COMPILER_COMPILER_H

#include <stdio.h>
#include "compiler/compilation.h"
#include "vm/module.h"

/* Gives the text of a module. `path` is a file path relative to nothing (local imports are resolved against the importing file: "dir/geometry.firn")
 * or, when is_library, a bare name ("prelude", "math"). Returns false when there is none. *text must stay until compilation ends. */
typedef bool (*CompileLoad)(void *ctx, const char *path, bool is_library, const char **text, size_t *length);

typedef enum CompileDump { DUMP_NONE = 0, DUMP_TOKENS = 1, DUMP_AST = 2, DUMP_TYPES = 4 } CompileDump;

/* A session (the REPL's): inputs that make one growing program. All are compiled at each input, and only the last one is run: what the others declared
 * is there, and the code of their top levels is kept for the function values made by it. A name that is declared again means its latest declaration,
 * in functions and closures of earlier inputs too; unless the input that declares it again is pinned: then what was there before keeps what it knew. */
typedef struct CompileInput {
  const char *path;        /* as messages and traces show it; each input's differs */
  const char *text;
  size_t length;
  bool is_pinned;
  bool is_dropped;         /* the value of its last expression is dropped and not shown */
  bool is_retired;         /* nothing is left of what its statements made, but for its variables: they are not compiled */
} CompileInput;

/* What a session asks of a compilation, and what it is told; compile_answer_free frees the latter. Keys stay the same from one compilation to
 * the next, for what both have. */
typedef struct CompileSession {
  const CompileInput *inputs;
  uint32_t ninputs;        /* at least 1 */
  const uint64_t *done;    /* keys of the initialisers of modules that ran before */
  uint32_t ndone;
  bool wants_names;        /* `names` is asked for: top-level names, or if members_of the members of the last input's expression */
  bool members_of;
  const char *doc_of;      /* a name or `name.member` whose declaration is asked for, or NULL */
  struct CompileAnswer *answer;
} CompileSession;

typedef struct CompileAnswer {
  uint64_t *functions, *classes, *enums, *traits, *globals; /* keys by the module's indexes */
  uint32_t nfunctions, nclasses, nenums, ntraits, nglobals;
  uint64_t *inits;         /* keys of the initialisers that have run when the program has */
  uint32_t ninits;
  uint32_t shown;          /* global that has the text of the result, a string */
  char *type;              /* of the result; NULL: there is none */
  char *names;             /* lines */
  char *doc;
} CompileAnswer;
void compile_answer_free(CompileAnswer *answer);

/* What documentation is asked for: all of a module as Markdown, its first sentence, or lines `PATH:LINE: NAME has no documentation`. */
typedef enum CompileDoc { COMPILE_DOC_NONE, COMPILE_DOC_MODULE, COMPILE_DOC_SUMMARY, COMPILE_DOC_MISSING } CompileDoc;

typedef struct CompileOptions {
  const char *path;        /* as messages show it; local imports are relative to its folder */
  const char *text;
  size_t length;
  CompileLoad load;
  void *load_ctx;
  const char *const *library_names; /* modules of the library, for messages; NULL behind the last. May be NULL */
  bool with_tests;         /* emit `test` blocks */
  bool warns;              /* report warnings too, of the program's own modules; there are none beside errors, and none of a session */
  const CompileSession *session; /* instead of text; or NULL */
  unsigned dump;           /* CompileDump bits, to dump_out */
  FILE *dump_out;
  CompileDoc doc;          /* of the program's own file, to doc_out */
  const char *doc_library; /* of this library module instead; or NULL */
  FILE *doc_out;
  int64_t deadline;        /* on the system's monotonic clock, microseconds; 0: none. Past it, compilation->is_late */
} CompileOptions;

/* Compiles a program. Returns its module (the caller frees it with module_free), or NULL with errors in compilation->diags. The compilation is
 * initialised by the caller, who prints its messages and deinits it. */
struct Module *compile_program(Compilation *compilation, const CompileOptions *options);

#endif
