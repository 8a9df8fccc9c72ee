/* random_programs.c - random programs, each run in several ways that must come to the same.
 *
 *   random_programs [--runs N] [--seed S] [--size N] [--save FILE] [--compiled N] [--coverage]   the programs of seeds S, S + 1, ... S + N - 1
 *   random_programs --print SEED [--size N]                                                    writes the program of a seed, and runs nothing
 *   random_programs --file FILE [--seed S] [--runs N] [--compiled 1]                           another program, with the slices of those seeds
 *
 * generate.h makes a program of each seed, on every machine the same one. It must compile, and everything that can be seen of it (output, panic with its
 * trace, exit status, fuel, what it allocated and holds, its whole state) must be the same in every way of ways.h. A difference is reported with the seed,
 * the smallest size at which that seed shows one, and a command that prints the program; with --save it is written to FILE.SEED.firn. The exit status is 0
 * when nothing failed. --coverage tells of each instruction in how many programs it was made ready to run. Programs run in child processes, BATCH in one,
 * so that a crash is a failure like others. Compiling takes long: one program in N of --compiled goes through the compiling tier, none without.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/compiler.h"
#include "stdlib/library.h"
#include "tests/fuzz/chance.h"
#include "tests/random/generate.h"
#include "tests/random/ways.h"

enum { BATCH = 64, LIMIT_SECONDS = 60, WHY_MAX = 700, OPS = 256, TRAPS = 72, DECADES = 8 };

/* What parent and child share. */
typedef struct Shared {
  uint64_t done; /* seed of the program that runs */
  char why[WHY_MAX];
  bool shrinks;  /* not counted */
  unsigned way;  /* that runs */
  uint64_t counts, bytes, ops[OPS], traps[TRAPS], paused, early, decades[DECADES], ways[16];
} Shared;

typedef struct Options {
  uint64_t runs, seed, print;
  unsigned size; /* 0: by the seed */
  unsigned compiled; /* one program in so many, 0: none */
  const char *save, *file;
  bool prints, covers;
} Options;

#define REQUIRE(condition, ...) do { if (!(condition)) { snprintf(shared->why, WHY_MAX, __VA_ARGS__); _exit(1); } } while (0)

static unsigned size_of(const Options *options, uint64_t seed) { return options->size ? options->size : 1 + chance_roll(&seed, SIZE_MOST); }

static bool source_load(void *ctx, const char *path, bool is_library, const char **text, size_t *length) {
  (void)ctx;
  return is_library && library_load(path, text, length);
}

static Program *program_compile(Shared *shared, const char *text, size_t length) {
  static Compilation compilation;
  compilation_init(&compilation);
  CompileOptions options = {.path = "random.firn", .text = text, .length = length, .load = source_load};
  Module *module = compile_program(&compilation, &options);
  if (!module) {
    char *messages = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&messages, &size);
    diags_print(&compilation.diags, out, NULL);
    fclose(out);
    REQUIRE(module, "the compiler rejects it: %.600s", messages);
  }
  compilation_deinit(&compilation);
  ModuleError error;
  Program *program = program_link(module, &error);
  REQUIRE(program, "it does not link: %s", error.reason);
  return program;
}

/* Instructions of all code that was made ready, and of generic functions as the module has them: some are gone when specialised. */
static void program_count(Shared *shared, const Program *program) {
  bool has[OPS] = {0};
  for (uint32_t i = 0; i < program->ncodes; i++) {
    const Code *code = program->codes[i];
    for (uint32_t k = 0; k < code->ninsns && code->insns; k++) has[code->insns[k].op & 255] = true;
    for (uint32_t k = 0; k < code->function->ncode && code->insns; k++) has[code->function->code[k].op] = true;
  }
  for (unsigned op = 0; op < OPS; op++) shared->ops[op] += has[op];
}

static void outcome_count(Shared *shared, const Outcome *outcome) {
  unsigned decade = 0;
  for (uint64_t fuel = outcome->fuel; fuel >= 10 && decade + 1 < DECADES; fuel /= 10) decade++;
  shared->decades[decade]++;
  shared->paused += outcome->status == GUEST_PAUSED;
  if (outcome->status != GUEST_FAILED) return;
  shared->traps[outcome->trap % TRAPS]++;
  shared->early += outcome->fuel < 1000;
}

static char *file_text(const char *path, size_t *length) {
  char *text = NULL;
  FILE *file = fopen(path, "rb"), *out = open_memstream(&text, length);
  if (!file || !out) exit(2);
  for (int c; (c = fgetc(file)) != EOF;) fputc(c, out);
  fclose(file);
  fclose(out);
  return text;
}

static void program_check(const Options *options, Shared *shared, uint64_t seed) {
  bool is_compiled = options->compiled && seed % options->compiled == 0;
  size_t length = 0;
  shared->way = 0;
  char *text = options->file ? file_text(options->file, &length) : generate_program(seed, size_of(options, seed), &length);
  Program *program = program_compile(shared, text, length);
  Outcome should = way_run(&ways[0], program, seed);
  REQUIRE(!should.problem[0], "%s: %s", ways[0].name, should.problem);
  shared->ways[0]++;
  for (unsigned i = 1; i < nways; i++) {
    uint64_t state = seed * 31 + i;
    bool ends_otherwise = ways[i].modes & WAY_STEPS && should.status == GUEST_PAUSED; /* it stops between safepoints then */
    if (chance_roll(&state, ways[i].each) || ends_otherwise || (ways[i].jit != JIT_OFF && !is_compiled)) continue;
    char why[WHY_MAX - 100];
    shared->way = i;
    Outcome is = way_run(&ways[i], program, state);
    REQUIRE(!outcome_differs(&is, &should, why, sizeof why), "%s: %s", ways[i].name, why);
    outcome_free(&is);
    shared->ways[i]++;
  }
  if (!shared->shrinks) {
    outcome_count(shared, &should);
    program_count(shared, program);
    shared->counts++;
    shared->bytes += length;
  }
  outcome_free(&should);
  program_free(program);
  free(text);
}

/* ---- Child processes ---- */

static void batch_run(const Options *options, Shared *shared, uint64_t from, uint64_t to) {
  for (uint64_t seed = from; seed < to; seed++) {
    shared->done = seed;
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = LIMIT_SECONDS}, NULL);
    program_check(options, shared, seed);
  }
  _exit(0);
}

/* Runs seeds in a child; false when one failed: shared->done and shared->why tell. */
static bool child_run(const Options *options, Shared *shared, uint64_t from, uint64_t to) {
  shared->why[0] = 0;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) batch_run(options, shared, from, to);
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child) exit(2);
  if (WIFSIGNALED(status)) snprintf(shared->why, WHY_MAX, "%s: %s", ways[shared->way].name, strsignal(WTERMSIG(status)));
  else if (WEXITSTATUS(status) && !shared->why[0]) snprintf(shared->why, WHY_MAX, "it ended by itself, with status %d", WEXITSTATUS(status));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void program_save(const char *path, uint64_t seed, unsigned size) {
  char name[1000];
  size_t length = 0;
  snprintf(name, sizeof name, "%s.%" PRIu64 ".firn", path, seed);
  char *text = generate_program(seed, size, &length);
  FILE *file = fopen(name, "wb");
  if (file) fwrite(text, 1, length, file);
  if (file) fclose(file);
  free(text);
}

/* Looks for a smaller size of the same seed that fails too. */
static void failure_report(const Options *options, Shared *shared) {
  uint64_t seed = shared->done;
  unsigned most = options->file ? 0 : size_of(options, seed), size = 1;
  char why[WHY_MAX];
  memcpy(why, shared->why, sizeof why);
  shared->shrinks = true;
  for (; size < most; size++)
    if (!child_run(&(Options){.size = size, .compiled = options->compiled}, shared, seed, seed + 1)) break;
  shared->shrinks = false;
  printf("FAIL seed %" PRIu64 ": %s\n", seed, why);
  if (size < most) printf("  at size %u: %s\n", size, shared->why);
  if (options->file) return;
  printf("  random_programs --print %" PRIu64 " --size %u\n", seed, size);
  if (options->save) program_save(options->save, seed, size);
}

/* ---- Reports ---- */

static void coverage_print(const Shared *shared) {
  static const struct { uint8_t code; const char *name; } ops[] = {
#define OP(code, id, name, ...) {code, name},
#include "vm/op.def"
  };
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) printf("%10" PRIu64 "  %s\n", shared->ops[ops[i].code], ops[i].name);
  for (unsigned i = 0; i < nways; i++) printf("%10" PRIu64 "  %s\n", shared->ways[i], ways[i].name);
}

static void summary_print(const Shared *shared, uint64_t failures) {
  static const struct { uint8_t code; const char *message; } traps[] = {
#define TRAP(code, id, message) {code, #id},
#include "vm/trap.def"
  };
  uint64_t failed = 0;
  for (unsigned i = 0; i < TRAPS; i++) failed += shared->traps[i];
  printf("%" PRIu64 " programs of %" PRIu64 " bytes on average: %" PRIu64 " panicked (%" PRIu64 " before 1000 units), %" PRIu64 " ran out of fuel\n", shared->counts,
         shared->counts ? shared->bytes / shared->counts : 0, failed, shared->early, shared->paused);
  printf("fuel:");
  for (unsigned i = 0, least = 1; i < DECADES && least <= WAY_FUEL; i++, least *= 10) printf(" %u.. %" PRIu64, least, shared->decades[i]);
  printf("\npanics:");
  for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
    if (shared->traps[traps[i].code]) printf(" %s %" PRIu64, traps[i].message, shared->traps[traps[i].code]);
  printf("\n%" PRIu64 " failed\n", failures);
}

static bool options_read(Options *options, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--coverage") == 0) {
      options->covers = true;
      continue;
    }
    if (i + 1 == argc) return false;
    char *value = argv[++i];
    uint64_t number = strtoull(value, NULL, 10);
    if (strcmp(argv[i - 1], "--runs") == 0) options->runs = number;
    else if (strcmp(argv[i - 1], "--seed") == 0) options->seed = number;
    else if (strcmp(argv[i - 1], "--size") == 0) options->size = number > SIZE_MOST ? SIZE_MOST : (unsigned)number;
    else if (strcmp(argv[i - 1], "--compiled") == 0) options->compiled = (unsigned)number;
    else if (strcmp(argv[i - 1], "--save") == 0) options->save = value;
    else if (strcmp(argv[i - 1], "--file") == 0) options->file = value;
    else if (strcmp(argv[i - 1], "--print") == 0) options->print = number, options->prints = true;
    else return false;
  }
  return true;
}

int main(int argc, char **argv) {
  Options options = {.runs = 1000, .seed = 1};
  if (!options_read(&options, argc, argv)) return fprintf(stderr, "usage: random_programs [--runs N] [--seed S] [--size N] [--save FILE] [--compiled N] [--coverage] [--print SEED] [--file FILE]\n"), 2;
  if (options.prints) {
    size_t length = 0;
    char *text = generate_program(options.print, size_of(&options, options.print), &length);
    fwrite(text, 1, length, stdout);
    free(text);
    return 0;
  }
  Shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 2;
  uint64_t failures = 0, end = options.seed + options.runs;
  for (uint64_t seed = options.seed; seed < end;) {
    uint64_t to = end - seed < BATCH ? end : seed + BATCH;
    bool done = child_run(&options, shared, seed, to);
    seed = done ? to : shared->done + 1;
    if (!done) failures++, failure_report(&options, shared);
  }
  if (options.covers) coverage_print(shared);
  summary_print(shared, failures);
  return failures != 0;
}
