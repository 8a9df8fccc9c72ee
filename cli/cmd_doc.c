/* cmd_doc.c - `firn doc`: the documentation of a module, of one declaration, or the list of the library's modules.
 *
 * The compiler writes it from what it checked (compiler.h, CompileDoc). One declaration is found as the REPL's `:doc` finds it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "stdlib/library.h"

/* What is asked, and what it is asked of. */
typedef struct DocQuery {
  const char *path, *text;
  size_t length;
  const char *library;     /* CompileOptions.doc_library */
  CompileDoc what;
  const char *name;        /* one declaration, in place of `what`; or NULL */
} DocQuery;

/* The text that answers a query, malloc'd; NULL after printing what is wrong, which for one declaration may be nothing. */
static char *doc_text(const DocQuery *query) {
  static Compilation compilation;
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  if (!out) return usage_error("out of memory"), NULL;
  compilation_init(&compilation);
  CompileInput input = {.path = query->path, .text = query->text, .length = query->length};
  CompileAnswer answer = {0};
  CompileSession session = {.inputs = &input, .ninputs = 1, .doc_of = query->name, .answer = &answer};
  Texts texts = {0};
  CompileOptions options = {.path = query->path, .text = query->text, .length = query->length, .load = source_load, .load_ctx = &texts, .library_names = library_names,
                            .doc = query->what, .doc_library = query->library, .doc_out = out, .session = query->name ? &session : NULL};
  Module *module = compile_program(&compilation, &options);
  if (!module) diags_print(&compilation.diags, stderr, &(DiagPrintOptions){.color = isatty(STDERR_FILENO) && !getenv("NO_COLOR")});
  if (answer.doc) fputs(answer.doc, out);
  bool done = fclose(out) == 0 && module;
  if (module) module_free(module);
  compile_answer_free(&answer);
  compilation_deinit(&compilation);
  texts_free(&texts);
  return done ? text : (free(text), NULL);
}

static bool is_library(const char *name, size_t length) {
  for (unsigned i = 0; i < library_source_count; i++)
    if (strlen(library_sources[i].name) == length && memcmp(library_sources[i].name, name, length) == 0) return true;
  return false;
}

static char *library_doc(const char *name, CompileDoc what) {
  char import[80] = "";
  if (strcmp(name, "prelude") != 0) snprintf(import, sizeof import, "import %s\n", name);
  return doc_text(&(DocQuery){.path = name, .text = import, .length = strlen(import), .library = name, .what = what});
}

static char *file_doc(const char *path, CompileDoc what) {
  char *bytes;
  size_t length;
  if (!file_read(path, &bytes, &length)) return NULL;
  char *text = doc_text(&(DocQuery){.path = path, .text = bytes, .length = length, .what = what});
  free(bytes);
  return text;
}

/* `json.parse`, `string.split`, `print`. */
static char *name_doc(const char *name) {
  char import[80] = "";
  size_t module = strcspn(name, ".");
  if (name[module] && module < 40 && is_library(name, module)) snprintf(import, sizeof import, "import %.*s\n", (int)module, name);
  char *text = doc_text(&(DocQuery){.path = "doc", .text = import, .length = strlen(import), .name = name});
  if (text && *text) return text;
  usage_error("there is no module, file or name '%s'; `firn doc` lists the library's modules", name);
  return free(text), NULL;
}

static int library_list(void) {
  puts("# The library\n\nWhat every program sees is in [prelude](prelude.md); the rest comes with an `import`. `firn doc NAME` prints each page.\n\n"
       "| module | |\n|---|---|");
  for (const char *const *name = library_names; *name; name++) {
    char *summary = library_doc(*name, COMPILE_DOC_SUMMARY);
    if (!summary) return EXIT_USAGE;
    printf("| [%s](%s.md) | %s |\n", *name, *name, summary);
    free(summary);
  }
  return EXIT_OK;
}

int command_doc(Flags *flags) {
  if (flags->nwords == 0 && !flags->missing) return library_list();
  if (flags->nwords != 1) return usage_error("doc takes one module, file or name; `firn help doc` explains");
  const char *word = flags->words[0];
  bool is_file = strcmp(word, "-") == 0 || strchr(word, '/') || access(word, F_OK) == 0;
  CompileDoc what = flags->missing ? COMPILE_DOC_MISSING : COMPILE_DOC_MODULE;
  char *text = is_file ? file_doc(word, what) : is_library(word, strlen(word)) ? library_doc(word, what) : name_doc(word);
  if (!text) return EXIT_USAGE;
  fputs(text, stdout);
  int status = flags->missing && *text ? EXIT_FAILED : EXIT_OK;
  free(text);
  return status;
}
