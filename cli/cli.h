/* cli.h - what the files of the `firn` command share.
 *
 * main.c picks the command from the one table in commands.def and answers `firn help`; flags.c reads flags by the one table in flags.def;
 * load.c turns a path into a module; the cmd_*.c files carry the commands out. Exit statuses are the enum below (README, "Exit status").
 */
#ifndef FIRN_CLI_CLI_H
#define FIRN_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "compiler/compiler.h"
#include "stdlib/folders.h"
#include "vm/guest.h"
#include "vm/module.h"

enum ExitStatus { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_FUEL = 3, EXIT_LIMIT = 4 };

/* The commands whose flags.def rows name them. */
enum CommandBit {
#define COMMAND(id, name, arguments, summary) CMD_BIT_##id,
#include "cli/commands.def"
};

typedef struct Flags {
  Tier tier;
  JitMode jit;
  unsigned jit_info;       /* TIER_INFO bits */
  int64_t fuel;            /* -1: no limit */
  int64_t stack;           /* bytes; 0: the default */
  int64_t limits[LIMITS];  /* 0: none */
  int64_t timeout;         /* microseconds; 0: none */
  int64_t deadline;        /* of what is compiled and run: when that will have passed since the command began; 0: none */
  int64_t specialisations; /* -1: the default */
  bool stats, strip, refer, color, missing;
  unsigned stress;         /* StressMode bits */
  int64_t stress_every;    /* StressOptions.every */
  uint32_t leave_each;     /* --stress=leave=N */
  const char *freeze;      /* --freeze: where an image goes */
  int freeze_on;           /* --freeze-on: a signal, or 0 */
  const char *module;      /* --module, for images that only name theirs */
  unsigned grants;         /* CAP_ bits: what the program may do */
  Folders *folders;        /* --allow-fs, or NULL; main frees them */
  unsigned dump;           /* DumpBit */
  const char *output;      /* -o */
  const char *code;        /* -e */
  bool warn_off, warn_error;        /* --warn */
  bool warn_without[DIAG_COUNT];    /* --warn=-CODE */
  char **words;            /* what is left: paths and arguments */
  int nwords;
} Flags;

enum DumpBit { DUMP_BIT_TOKENS = 1, DUMP_BIT_AST = 2, DUMP_BIT_TYPES = 4, DUMP_BIT_MODULE = 8, DUMP_BIT_CODE = 16, DUMP_BIT_IR = 32, DUMP_BIT_ASM = 64 };

/* Reads flags up to the first word (all flags for commands that take several paths); false after printing what is wrong. */
bool flags_read(Flags *flags, unsigned command, int argc, char **argv);
void flags_help(unsigned command);
/* Prints "firn: ..." on standard error and returns EXIT_USAGE. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads a file ("-": standard input), malloc'd with a NUL behind; false after printing why not. */
bool file_read(const char *path, char **bytes, size_t *length);
/* Writes a file whole or not at all; false after printing why not. */
bool file_write(const char *path, const void *bytes, size_t length);

/* A file being written that will appear under its name whole or not at all. After file_out_open succeeded, file_out_close makes it appear, and
 * file_out_drop gives it up; either frees all. `error` says why something failed (errno). file_out_write can be an ImageSink's. */
enum { FILE_OUT_BUFFER = 1 << 16 };
typedef struct FileOut {
  int fd, error;
  bool has_name;           /* temporary is the name of a file */
  const char *path;
  char *folder, *temporary, *buffer;
  size_t used;
} FileOut;
bool file_out_open(FileOut *out, const char *path);
bool file_out_write(void *file_out, const void *bytes, size_t length);
bool file_out_close(FileOut *out);
void file_out_drop(FileOut *out);

/* Texts of imported files, which live until compilation ends. */
typedef struct Texts { char **items; size_t count; } Texts;
void texts_free(Texts *texts);

/* The compiler's CompileLoad: library modules from the embedded sources, the rest from files into the Texts `ctx`; with NULL for ctx, their texts are the caller's to free. */
bool source_load(void *ctx, const char *path, bool is_library, const char **text, size_t *length);

/* Makes a module of a path or of `flags->code`: a source is compiled, a module decoded. NULL after printing why not. */
Module *module_load(const char *path, const Flags *flags, bool with_tests);

/* Sets what a guest's options take from flags; its fuel aside. */
GuestOptions guest_options(const Flags *flags);
/* Runs a guest to its end, freezing it when and where flags say, and frees it; `start` is when the command began, for --stats. Returns the exit status. */
int guest_carry_on(Guest *guest, const Flags *flags, clock_t start);
/* Links a module; NULL after printing why not. */
struct Program *program_load(const char *path, const Flags *flags, bool with_tests);

/* Prints the report of a failed guest on standard error. */
void report_print(const Guest *guest);

#define COMMAND(id, name, arguments, summary) int command_##id(Flags *flags);
#include "cli/commands.def"

#endif
