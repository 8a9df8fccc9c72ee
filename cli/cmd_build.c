/* cmd_build.c - `firn build`, `check`, `dis` and `asm`: programs that are not run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "vm/verify.h"

/* "dir/name.firn" with another ending, malloc'd. */
static char *path_with_ending(const char *path, const char *ending) {
  const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
  size_t stem = dot && dot != path && (!slash || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);
  char *result = malloc(stem + strlen(ending) + 1);
  if (!result) return NULL;
  memcpy(result, path, stem);
  strcpy(result + stem, ending);
  return result;
}

static bool module_prove(Module *module, const char *path) {
  ModuleError error;
  if (module_verify(module, &error)) return true;
  usage_error("%s: bad module: %s (at %llu)", path, error.reason, (unsigned long long)error.offset);
  return false;
}

static int module_save(Module *module, const char *path, const Flags *flags) {
  char *made = flags->output ? NULL : path_with_ending(path, ".fmod");
  const char *output = flags->output ? flags->output : made;
  size_t length;
  uint8_t *bytes = output ? module_encode(module, &length, flags->strip) : NULL;
  int status = EXIT_OK;
  if (!bytes) status = usage_error("out of memory");
  else if (!file_write(output, bytes, length)) status = EXIT_FAILED;
  free(bytes);
  free(made);
  return status;
}

int command_build(Flags *flags) {
  if (!flags->code && flags->nwords != 1) return usage_error("build takes one program; `firn help build` explains");
  if (flags->code && !flags->output) return usage_error("build -e needs -o FILE");
  const char *path = flags->code ? "<command line>" : flags->words[0];
  Module *module = module_load(path, flags, false);
  if (!module) return EXIT_USAGE;
  int status = EXIT_USAGE;
  if (module_prove(module, path)) status = module_save(module, path, flags);
  module_free(module);
  return status;
}

int command_check(Flags *flags) {
  if (!flags->code && flags->nwords == 0) return usage_error("no program given; `firn help check` explains");
  int status = EXIT_OK;
  for (int i = 0; i < (flags->code ? 1 : flags->nwords); i++) {
    const char *path = flags->code ? "<command line>" : flags->words[i];
    Module *module = module_load(path, flags, true);
    if (!module || !module_prove(module, path)) status = EXIT_USAGE;
    if (module) module_free(module);
  }
  return status;
}

static void file_write_text(void *ctx, const char *bytes, size_t length) { fwrite(bytes, 1, length, ctx); }

int command_dis(Flags *flags) {
  if (!flags->code && flags->nwords != 1) return usage_error("dis takes one program; `firn help dis` explains");
  Module *module = module_load(flags->code ? "<command line>" : flags->words[0], flags, false);
  if (!module) return EXIT_USAGE;
  bool to_file = flags->output && strcmp(flags->output, "-") != 0;
  FILE *out = to_file ? fopen(flags->output, "w") : stdout;
  if (out) module_disassemble(module, &(TextOut){file_write_text, out});
  module_free(module);
  if (!out || (to_file ? fclose(out) : fflush(out)) != 0) return usage_error("can't write the text"), EXIT_FAILED;
  return EXIT_OK;
}

int command_asm(Flags *flags) {
  if (flags->nwords != 1) return usage_error("asm takes one file; `firn help asm` explains");
  char *text;
  size_t length;
  if (!file_read(flags->words[0], &text, &length)) return EXIT_USAGE;
  ModuleError error;
  Module *module = module_assemble(text, length, &error);
  free(text);
  if (!module) return usage_error("%s:%llu: %s", flags->words[0], (unsigned long long)error.offset, error.reason);
  int status = module_prove(module, flags->words[0]) ? module_save(module, flags->words[0], flags) : EXIT_USAGE;
  module_free(module);
  return status;
}
