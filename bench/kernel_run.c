/* kernel_run.c - runs a kernel of bench/kernels: module text, in which $N and $SIZE stand for the sizes.
 *
 *     kernel_run FILE N SIZE [interp|oracle|dump] [FUEL]
 *
 * Prints the exit status, or the report of a failed guest. `dump` prints the threaded code instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/guest.h"
#include "vm/native.h"
#include "vm/interp.h"

static char *text_load(const char *path, const char *n, const char *size) {
  FILE *file = fopen(path, "r");
  if (!file) return NULL;
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  for (int c; (c = fgetc(file)) != EOF;) {
    if (c != '$') {
      fputc(c, out);
      continue;
    }
    bool is_size = (c = fgetc(file)) == 'S';
    if (is_size) fseek(file, 3, SEEK_CUR);
    fputs(is_size ? size : n, out);
  }
  fclose(file);
  return fclose(out) == 0 ? text : NULL;
}

static void write_stdout(void *ctx, const char *bytes, size_t length) { fwrite(bytes, 1, length, ctx); }

static int dump(Program *program) {
  for (uint32_t i = 0; i < program->ncodes; i++) {
    printf("%s\n", program->codes[i]->function->name);
    if (program->codes[i]->threaded) threaded_dump(program->codes[i]->threaded, write_stdout, stdout);
  }
  return 0;
}

int main(int argc, char **argv) {
  char *text = argc > 3 ? text_load(argv[1], argv[2], argv[3]) : NULL;
  if (!text) return fprintf(stderr, "usage: kernel_run FILE N SIZE [interp|oracle|dump] [FUEL]\n"), 2;
  ModuleError error;
  Module *module = module_assemble(text, strlen(text), &error);
  Program *program = module ? program_link(module, &error) : NULL;
  if (!program) return fprintf(stderr, "%s: %" PRIu64 ": %s\n", argv[1], error.offset, error.reason), 1;
  const char *mode = argc > 4 ? argv[4] : "interp";
  GuestOptions options = {.tier = strcmp(mode, "oracle") == 0 ? TIER_ORACLE : TIER_INTERP, .fuel = INT64_MAX, .grants = CAP_ALL};
  if (argc > 5) options.fuel = atoll(argv[5]);
  Guest *guest = guest_new(program, &options);
  GuestStatus status = guest_run(guest);
  if (strcmp(mode, "dump") == 0) return dump(program);
  char *report = status == GUEST_FAILED ? guest_report(guest) : NULL;
  if (report) fputs(report, stderr);
  else printf("%" PRId64 "%s\n", guest->exit_status, status == GUEST_PAUSED ? " (paused)" : "");
  free(report);
  guest_free(guest);
  program_free(program);
  free(text);
  return status == GUEST_FINISHED ? 0 : 1;
}
