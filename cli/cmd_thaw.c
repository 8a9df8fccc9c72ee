/* cmd_thaw.c - `firn thaw` and `firn image`: frozen guests on the command line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "stdlib/io.h"
#include "vm/image.h"
#include "vm/program.h"

static ptrdiff_t file_source_read(void *ctx, void *bytes, size_t length) {
  ssize_t got;
  do got = read(*(int *)ctx, bytes, length); while (got < 0 && errno == EINTR);
  return got;
}

/* The program of --module, if it is the one that the image names. */
static Program *module_find(void *ctx, const uint8_t hash[32]) {
  uint8_t own[32];
  Program *program = ctx;
  return program && module_hash(program->module, own) && memcmp(own, hash, sizeof own) == 0 ? program : NULL;
}

typedef struct Opened {
  int fd;
  Program *program; /* of --module */
  ThawOptions options;
} Opened;

static bool image_open(Opened *opened, const Flags *flags) {
  *opened = (Opened){.fd = -1};
  if (flags->nwords != 1) return usage_error("give the one image; `firn help thaw` explains"), false;
  opened->fd = strcmp(flags->words[0], "-") == 0 ? dup(STDIN_FILENO) : open(flags->words[0], O_RDONLY | O_CLOEXEC);
  if (opened->fd < 0) return usage_error("can't read '%s': %s", flags->words[0], strerror(errno)), false;
  if (flags->module && !(opened->program = program_load(flags->module, flags, false))) {
    close(opened->fd);
    return false;
  }
  opened->options = (ThawOptions){.guest = guest_options(flags), .find = module_find, .find_ctx = opened->program};
  return true;
}

static void image_close(Opened *opened) {
  close(opened->fd);
  program_free(opened->program);
}

static void image_complain(const Flags *flags, const ModuleError *error) {
  usage_error("%s: bad image: %s (in the block at %llu)", flags->words[0], error->reason, (unsigned long long)error->offset);
}

int command_thaw(Flags *flags) {
  clock_t start = clock();
  Opened opened;
  Thawed thawed;
  ModuleError error;
  if (flags->freeze_on && !flags->freeze) return usage_error("--freeze-on needs --freeze=IMG, which says where to");
  if (!image_open(&opened, flags)) return EXIT_USAGE;
  bool done = guest_thaw(&(ImageSource){file_source_read, &opened.fd}, &opened.options, &thawed, &error);
  if (!done) image_complain(flags, &error);
  int status = EXIT_USAGE;
  if (done) {
    io_input_push(thawed.input, thawed.input_length);
    free(thawed.input);
    /* The image's own balance counts only as far as it is owed: what may be used from here on is for this command to say. */
    Guest *guest = thawed.guest;
    int64_t kept = guest->fuel > 0 ? guest->fuel : 0;
    if (flags->fuel >= 0) {
      guest->fuel -= kept;
      guest->granted -= kept;
    }
    guest_grant(guest, flags->fuel >= 0 ? flags->fuel : INT64_MAX);
    status = guest_carry_on(guest, flags, start);
    if (thawed.program != opened.program) program_free(thawed.program);
  }
  image_close(&opened);
  return status;
}

static void stdout_write(void *ctx, const char *bytes, size_t length) { fwrite(bytes, 1, length, ctx); }

int command_image(Flags *flags) {
  Opened opened;
  ModuleError error;
  if (!image_open(&opened, flags)) return EXIT_USAGE;
  bool done = image_describe(&(ImageSource){file_source_read, &opened.fd}, &opened.options, &(TextOut){stdout_write, stdout}, &error);
  if (!done) image_complain(flags, &error);
  image_close(&opened);
  return done ? EXIT_OK : EXIT_USAGE;
}
