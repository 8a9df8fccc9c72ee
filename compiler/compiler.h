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

typedef struct CompileOptions {
  const char *path;        /* as messages show it; local imports are relative to its folder */
  const char *text;
  size_t length;
  CompileLoad load;
  void *load_ctx;
  bool with_tests;         /* emit `test` blocks */
  unsigned dump;           /* CompileDump bits, to dump_out */
  FILE *dump_out;
} CompileOptions;

/* Compiles a program. Returns its module (the caller frees it with module_free), or NULL with errors in compilation->diags. The compilation is
 * initialised by the caller, who prints its messages and deinits it. */
struct Module *compile_program(Compilation *compilation, const CompileOptions *options);

#endif
