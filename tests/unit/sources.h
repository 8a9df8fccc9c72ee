/* sources.h - compiling programs from files and texts inside a unit test, which runs in the project's folder.
 *
 * Interface: source_compile, program_of; sources_find lists programs. A program's texts stay until it is compiled.
 */
#ifndef FIRN_TESTS_SOURCES_H
#define FIRN_TESTS_SOURCES_H

#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <check.h>

#include "compiler/compiler.h"
#include "stdlib/library.h"
#include "vm/program.h"

static inline char *source_read(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb"), *out;
  struct stat info;
  char *text = NULL;
  if (!file) return NULL;
  if (fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode) && (out = open_memstream(&text, length)) != NULL) {
    for (int c; (c = fgetc(file)) != EOF;) fputc(c, out);
    fclose(out);
  }
  fclose(file);
  return text;
}

enum { SOURCE_FILES = 64 };
typedef struct SourceTexts { char *items[SOURCE_FILES]; unsigned count; } SourceTexts;

/* A CompileLoad. */
static inline bool source_load(void *ctx, const char *path, bool is_library, const char **text, size_t *length) {
  SourceTexts *texts = ctx;
  if (!is_library) {
    if (texts->count == SOURCE_FILES) return false;
    char *read = source_read(path, length);
    if (read) texts->items[texts->count++] = read;
    *text = read;
    return read != NULL;
  }
  return library_load(path, text, length);
}

/* The program's module, which the caller frees; NULL when it does not compile. */
static inline Module *source_compile(const char *path) {
  size_t length;
  SourceTexts texts = {0};
  char *text = source_read(path, &length);
  if (!text) return NULL;
  Compilation compilation;
  compilation_init(&compilation);
  CompileOptions options = {.path = path, .text = text, .length = length, .load = source_load, .load_ctx = &texts};
  Module *module = compile_program(&compilation, &options);
  compilation_deinit(&compilation);
  for (unsigned i = 0; i < texts.count; i++) free(texts.items[i]);
  free(text);
  return module;
}

/* A program of a text, linked; its mistakes fail the test. */
static inline Program *program_of(const char *text) {
  Compilation compilation;
  compilation_init(&compilation);
  CompileOptions options = {.path = "sample", .text = text, .length = strlen(text), .load = source_load};
  Module *module = compile_program(&compilation, &options);
  if (!module) diags_print(&compilation.diags, stderr, &(DiagPrintOptions){0});
  ck_assert_ptr_nonnull(module);
  compilation_deinit(&compilation);
  ModuleError error;
  Program *program = program_link(module, &error);
  ck_assert_msg(program != NULL, "%s", error.reason);
  return program;
}

typedef struct SourceList { char **paths; int count; } SourceList;

static inline int source_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* Adds every *.firn of a folder and its folders, in order of name. */
static inline void sources_find(SourceList *sources, const char *folder) {
  struct dirent **entries;
  int count = scandir(folder, &entries, source_visible, alphasort);
  for (int i = 0; i < count; i++) {
    char *path;
    struct stat info;
    if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0) abort();
    const char *dot = strrchr(path, '.');
    bool is_folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (is_folder) sources_find(sources, path);
    if (!is_folder && dot && strcmp(dot, ".firn") == 0) {
      sources->paths = realloc(sources->paths, ((size_t)sources->count + 1) * sizeof *sources->paths);
      if (!sources->paths) abort();
      sources->paths[sources->count++] = path;
    } else {
      free(path);
    }
    free(entries[i]);
  }
  if (count >= 0) free(entries);
}

#endif
