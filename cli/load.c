/* load.c - reading files, and the way from a path to a module. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "stdlib/library.h"

#define FILE_MAX ((size_t)1 << 31)

static bool stream_read(FILE *file, char **bytes, size_t *length) {
  size_t capacity = 1 << 14, used = 0;
  char *buffer = malloc(capacity);
  while (buffer) {
    used += fread(buffer + used, 1, capacity - used - 1, file);
    if (used < capacity - 1) break;
    if (capacity >= FILE_MAX) { errno = EFBIG; goto failed; }
    char *larger = realloc(buffer, capacity *= 2);
    if (!larger) goto failed;
    buffer = larger;
  }
  if (!buffer || ferror(file)) goto failed;
  buffer[used] = 0;
  *bytes = buffer;
  *length = used;
  return true;
failed:
  free(buffer);
  return false;
}

bool file_read(const char *path, char **bytes, size_t *length) {
  if (strcmp(path, "-") == 0) {
    if (stream_read(stdin, bytes, length)) return true;
    usage_error("can't read standard input: %s", strerror(errno));
    return false;
  }
  FILE *file = fopen(path, "rb");
  struct stat info;
  if (file && fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
    fclose(file);
    file = NULL;
    errno = EISDIR;
  }
  bool done = file && stream_read(file, bytes, length);
  if (!done) usage_error("can't read '%s': %s", path, strerror(errno));
  if (file) fclose(file);
  return done;
}

static bool texts_add(Texts *texts, char *text) {
  char **grown = realloc(texts->items, (texts->count + 1) * sizeof *grown);
  if (!grown) return free(text), false;
  texts->items = grown;
  texts->items[texts->count++] = text;
  return true;
}

void texts_free(Texts *texts) {
  for (size_t i = 0; i < texts->count; i++) free(texts->items[i]);
  free(texts->items);
}

/* The compiler's CompileLoad: library modules from the embedded sources, the rest from files, into the Texts `ctx`; the caller's to free if that is NULL. */
bool source_load(void *ctx, const char *path, bool is_library, const char **text, size_t *length) {
  if (!is_library) {
    FILE *file = fopen(path, "rb");
    struct stat info;
    char *bytes = NULL;
    bool done = file && fstat(fileno(file), &info) == 0 && !S_ISDIR(info.st_mode) && stream_read(file, &bytes, length);
    if (file) fclose(file);
    *text = bytes;
    return done && (!ctx || texts_add(ctx, bytes));
  }
  return library_load(path, text, length);
}

static Module *source_compile(const char *path, const char *text, size_t length, const Flags *flags, bool with_tests) {
  static Compilation compilation;
  compilation_init(&compilation);
  Texts texts = {0};
  CompileOptions options = {.path = path, .text = text, .length = length, .load = source_load, .load_ctx = &texts, .library_names = library_names, .with_tests = with_tests,
                            .warns = !flags->warn_off, .dump = flags->dump & (DUMP_TOKENS | DUMP_AST | DUMP_TYPES), .dump_out = stdout, .deadline = flags->deadline};
  Module *module = compile_program(&compilation, &options);
  if (compilation.is_late) {
    fputs("firn: out of time\n", stderr);
    exit(EXIT_FUEL); /* not EXIT_USAGE, which a NULL means */
  }
  diags_drop(&compilation.diags, flags->warn_without);
  if (flags->warn_error) diags_raise(&compilation.diags);
  if (compilation.diags.count) {
    bool color = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
    diags_print(&compilation.diags, stderr, &(DiagPrintOptions){.color = color});
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\n`firn explain %s` says more.\n", diag_code_text(compilation.diags.items[0]->code));
  } else if (!module) {
    usage_error("%s: out of memory", path);
  }
  if (module && compilation.diags.errors) {
    module_free(module);
    module = NULL;
  }
  compilation_deinit(&compilation);
  texts_free(&texts);
  return module;
}

static Module *bytes_decode(const char *path, const char *bytes, size_t length) {
  ModuleError error;
  Module *module = module_decode((const uint8_t *)bytes, length, &error);
  if (!module) usage_error("%s: bad module at byte %llu: %s", path, (unsigned long long)error.offset, error.reason);
  return module;
}

Module *module_load(const char *path, const Flags *flags, bool with_tests) {
  if (flags->code) return source_compile("<command line>", flags->code, strlen(flags->code), flags, with_tests);
  char *bytes;
  size_t length;
  if (!file_read(path, &bytes, &length)) return NULL;
  bool is_module = length >= 4 && memcmp(bytes, MODULE_MAGIC, 4) == 0;
  if (is_module && flags->limits[LIMIT_MODULE] && (int64_t)length > flags->limits[LIMIT_MODULE]) {
    usage_error("%s has %llu bytes, and a module may have %lld", path, (unsigned long long)length, (long long)flags->limits[LIMIT_MODULE]);
    exit(EXIT_LIMIT); /* not EXIT_USAGE, which a NULL means */
  }
  Module *module = is_module ? bytes_decode(path, bytes, length)
                             : source_compile(strcmp(path, "-") == 0 ? "<stdin>" : path, bytes, length, flags, with_tests);
  free(bytes);
  return module;
}
