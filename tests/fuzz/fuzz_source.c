/* fuzz_source.c - the front end against mutilated and monstrous programs.
 *
 *   fuzz_source [--runs N] [--seconds S] [--seed N] [--save FILE] PATH...     files, and folders searched for *.firn
 *
 * First come the programs of nested.def. Then each run takes one of the programs named, deletes, doubles, swaps, replaces or inserts tokens, or cuts
 * the text off, and compiles it as `firn build` or `firn check` do. Right is: a module that verifies and no message, or no module and at least one
 * message of the right form whose place lies in its source. Anything else (a signal, a failed assertion, more than LIMIT_SECONDS of processor time)
 * is a failure: the program is written to FILE and described. Runs depend on the seed, the programs and nothing else. The last line counts; the exit
 * status is 0 when nothing failed.
 *
 * Programs are compiled in child processes, BATCH after each other in one; the text being compiled lies in memory that parent and child share.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compiler/compiler.h"
#include "stdlib/library.h"
#include "vm/verify.h"

enum { BATCH = 64, LIMIT_SECONDS = 5, TEXT_MAX = 1 << 23, PROGRAM_MAX = 1 << 18, TOKENS_MAX = 1 << 14, WHY_MAX = 400 };

typedef struct Program { char *path, *text; size_t length; } Program;
typedef struct Piece { const char *text; size_t length; } Piece;

/* What parent and child share. */
typedef struct Shared {
  uint64_t done, accepted;
  char path[1024], why[WHY_MAX];
  size_t length;
  char text[TEXT_MAX];
} Shared;

typedef struct Fuzz {
  Program *programs;
  size_t count;
  uint64_t runs, seconds, seed;
  const char *save;
  Shared *shared;
} Fuzz;

/* ---- Programs ---- */

static char *file_text(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  char *text = file ? malloc(PROGRAM_MAX) : NULL;
  if (text) text[*length = fread(text, 1, PROGRAM_MAX - 1, file)] = 0;
  if (file) fclose(file);
  return text;
}

static void program_add(Fuzz *f, const char *path) {
  size_t length = 0;
  char *text = file_text(path, &length);
  if (!text || length == PROGRAM_MAX - 1) return free(text);
  f->programs = realloc(f->programs, (f->count + 1) * sizeof *f->programs);
  f->programs[f->count++] = (Program){strdup(path), realloc(text, length + 1), length};
}

static int is_listed(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void programs_find(Fuzz *f, const char *path) {
  struct dirent **names;
  int count = scandir(path, &names, is_listed, alphasort);
  if (count < 0) return program_add(f, path);
  for (int i = 0; i < count; i++) {
    char inner[1000];
    snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
    struct stat info;
    size_t length = strlen(inner);
    bool is_program = length > 5 && strcmp(inner + length - 5, ".firn") == 0;
    if (is_program || (stat(inner, &info) == 0 && S_ISDIR(info.st_mode))) programs_find(f, inner);
    free(names[i]);
  }
  free(names);
}

/* ---- Mutation ---- */

static uint64_t random_next(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static size_t random_below(uint64_t *state, size_t limit) { return limit ? random_next(state) % limit : 0; }

static const char *const words[] = {
#define TOKEN(kind, description)
#define KEYWORD(kind, text) text,
#define PUNCT(kind, text) text,
#define BINARY(kind, text, precedence, right) text,
#define ASSIGN(kind, text, operator) text,
#include "compiler/token.def"
  "\n", "\r", "\"", "'", "x", "T", "Self", "int", "string", "float", "[int]", "int?", "int!", "0", "1.5", "'c'", "\"s{x}\"", "9223372036854775808",
  "0x", "1e999", "\"\"\"", "r\"", "//", "/*", "*/", "\xff", "\xc3", "{x:>5}", "\"{", "}\"", "\\", "List<int>", "||", "|x|", "fn f() {}", "if let",
};

static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/* The length of the token or space at `p`; strings are cut at their braces. */
static size_t piece_length(const char *p, const char *end) {
  const char *start = p;
  if (is_word(*p)) {
    while (p < end && is_word(*p)) p++;
  } else if (*p == ' ') {
    while (p < end && *p == ' ') p++;
  } else if (*p == '/' && p[1] == '/') {
    while (p < end && *p != '\n') p++;
  } else {
    p++;
  }
  return (size_t)(p - start);
}

static size_t pieces_of(const Program *program, Piece *pieces) {
  size_t count = 0;
  for (const char *p = program->text, *end = p + program->length; p < end && count < TOKENS_MAX;) {
    size_t length = piece_length(p, end);
    if (*p != '/' || p[1] != '/') pieces[count++] = (Piece){p, length};
    p += length;
  }
  return count;
}

static Piece piece_random(const Fuzz *f, uint64_t *state, const Piece *pieces, size_t count) {
  if (random_below(state, 2)) return pieces[random_below(state, count)];
  if (random_below(state, 4)) {
    const char *word = words[random_below(state, sizeof words / sizeof *words)];
    return (Piece){word, strlen(word)};
  }
  const Program *other = &f->programs[random_below(state, f->count)];
  size_t at = random_below(state, other->length), most = other->length - at;
  size_t length = random_below(state, 60);
  return (Piece){other->text + at, length < most ? length : most};
}

/* Removes `gone` pieces at `at` and leaves room for `more`. */
static void pieces_shift(Piece *pieces, size_t *count, size_t at, size_t gone, size_t more) {
  if (at + gone > *count) gone = *count - at;
  memmove(pieces + at + more, pieces + at + gone, (*count - at - gone) * sizeof *pieces);
  *count = *count - gone + more;
}

static bool is_keyword(Piece piece) {
  static const char *const keywords[] = {
#define TOKEN(kind, description)
#define KEYWORD(kind, text) text,
#define PUNCT(kind, text)
#define BINARY(kind, text, precedence, right)
#define ASSIGN(kind, text, operator)
#include "compiler/token.def"
  };
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
    if (strlen(keywords[i]) == piece.length && memcmp(keywords[i], piece.text, piece.length) == 0) return true;
  }
  return false;
}

typedef enum Like { LIKE_ANY, LIKE_NAME, LIKE_LINE } Like;

/* A random place; of a name or at the start of a line, if a few tries find one. */
static size_t place_random(uint64_t *state, const Piece *pieces, size_t count, Like like) {
  size_t at = 0;
  for (int tries = 0; tries < 20; tries++) {
    at = random_below(state, count);
    bool fits = *pieces[at].text != ' ';
    if (like == LIKE_NAME) fits = is_word(*pieces[at].text) && !is_keyword(pieces[at]);
    if (like == LIKE_LINE) fits = at == 0 || *pieces[at - 1].text == '\n';
    if (fits) break;
  }
  return at;
}

static void pieces_double(Piece *pieces, size_t *count, size_t at, size_t run) {
  if (at + run > *count) run = *count - at;
  memmove(pieces + at + run, pieces + at, (*count - at) * sizeof *pieces);
  *count += run;
}

static void pieces_swap(Piece *pieces, size_t at, size_t other) {
  Piece saved = pieces[at];
  pieces[at] = pieces[other];
  pieces[other] = saved;
}

static size_t line_length(const Piece *pieces, size_t count, size_t at) {
  size_t length = 0;
  while (at + length < count && *pieces[at + length].text != '\n') length++;
  return length + 1;
}

/* A change that a parser rarely notices: of a name or a line. */
static void pieces_change_mildly(uint64_t *state, Piece *pieces, size_t *count) {
  size_t name = place_random(state, pieces, *count, LIKE_NAME), line = place_random(state, pieces, *count, LIKE_LINE);
  switch (random_below(state, 6)) {
    case 0: return pieces_shift(pieces, count, line, line_length(pieces, *count, line), 0);
    case 1: return pieces_double(pieces, count, line, line_length(pieces, *count, line));
    case 2: return pieces_swap(pieces, name, place_random(state, pieces, *count, LIKE_NAME));
    default: pieces[name] = pieces[place_random(state, pieces, *count, LIKE_NAME)]; return;
  }
}

static void pieces_change(const Fuzz *f, uint64_t *state, Piece *pieces, size_t *count) {
  if (random_below(state, 2)) return pieces_change_mildly(state, pieces, count);
  size_t at = place_random(state, pieces, *count, LIKE_ANY), run = 1 + random_below(state, random_below(state, 4) ? 2 : 12);
  switch (random_below(state, 7)) {
    case 0: return pieces_shift(pieces, count, at, run, 0);
    case 1: return pieces_double(pieces, count, at, run);
    case 2: return pieces_swap(pieces, at, place_random(state, pieces, *count, LIKE_ANY));
    case 3:
    case 4: pieces[at] = piece_random(f, state, pieces, *count); return;
    case 5: {
      Piece piece = piece_random(f, state, pieces, *count);
      pieces_shift(pieces, count, at, 0, 1);
      pieces[at] = piece;
      return;
    }
    default:
      if (random_below(state, 4) == 0) *count = at + 1;
      else pieces[at].length = pieces[at].length ? random_below(state, pieces[at].length) : 0;
      return;
  }
}

/* Appends `piece`, with `number` put in unless it is negative. */
static void text_append(Shared *shared, const char *piece, int number) {
  for (; *piece && shared->length + 16 < TEXT_MAX; piece++) {
    bool is_place = number >= 0 && (*piece == '#' || *piece == '@');
    if (is_place) shared->length += (size_t)sprintf(shared->text + shared->length, "%d", number + (*piece == '@'));
    else shared->text[shared->length++] = *piece;
  }
}

static const struct {
  int times;
  const char *before, *open, *middle, *close, *after;
} nested[] = {
#define NEST(times, before, open, middle, close, after) {times, before, open, middle, close, after},
#include "tests/fuzz/nested.def"
};

#define NESTED_COUNT (sizeof nested / sizeof *nested)

static void nested_make(Shared *shared, uint64_t row) {
  snprintf(shared->path, sizeof shared->path, "nested.def:%u.firn", (unsigned)row);
  shared->length = 0;
  text_append(shared, nested[row].before, -1);
  for (int i = 0; i < nested[row].times; i++) text_append(shared, nested[row].open, i);
  text_append(shared, nested[row].middle, -1);
  for (int i = 0; i < nested[row].times; i++) text_append(shared, nested[row].close, i);
  text_append(shared, nested[row].after, -1);
  shared->text[shared->length] = 0;
}

/* Writes the mutated text of run `n` into f->shared. */
static void text_make(const Fuzz *f, uint64_t n) {
  if (n < NESTED_COUNT) return nested_make(f->shared, n);
  static Piece pieces[TOKENS_MAX * 2];
  uint64_t state = f->seed * UINT64_C(0x2545f4914f6cdd1d) + n;
  const Program *program = &f->programs[random_below(&state, f->count)];
  size_t count = pieces_of(program, pieces), changes = 1 + random_below(&state, random_below(&state, 5) ? 2 : 8);
  for (size_t i = 0; i < changes && count && count + 20 < TOKENS_MAX; i++) pieces_change(f, &state, pieces, &count);
  Shared *shared = f->shared;
  snprintf(shared->path, sizeof shared->path, "%s", program->path);
  shared->length = 0;
  for (size_t i = 0; i < count && shared->length + pieces[i].length < TEXT_MAX; i++) {
    memcpy(shared->text + shared->length, pieces[i].text, pieces[i].length);
    shared->length += pieces[i].length;
  }
  shared->text[shared->length] = 0;
}

/* ---- One compilation, in the child ---- */

static bool source_load(void *ctx, const char *path, bool is_library, const char **text, size_t *length) {
  (void)ctx;
  if (!is_library) return (*text = file_text(path, length)) != NULL;
  return library_load(path, text, length);
}

#define REQUIRE(condition, ...) do { if (!(condition)) { snprintf(shared->why, WHY_MAX, __VA_ARGS__); _exit(1); } } while (0)

static bool is_bad_text(const char *text) { return strstr(text, "(null)") || strstr(text, "internal"); }

static void messages_check(Shared *shared, Compilation *compilation) {
  Diags *d = &compilation->diags;
  diags_sort(d);
  for (size_t i = 0; i < d->count; i++) {
    const Diag *diag = d->items[i];
    const Source *source = sources_get(&compilation->sources, diag->span.source);
    bool is_global = diag->span.source == 0 && diag->span.start == 0;
    REQUIRE(source || is_global, "no source: %s", diag->text);
    REQUIRE(!source || (diag->span.start <= diag->span.end && diag->span.end <= source->len), "the span is outside of the text: %s", diag->text);
    REQUIRE(!source || strchr(source->path, '.'), "an error in the library: %s: %s", source->path, diag->text);
    REQUIRE(!is_bad_text(diag->text) && diag->text[0], "bad text: %s", diag->text);
  }
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  diags_print(d, out, NULL);
  fclose(out);
  const char *first = d->errors ? "error[E" : "warning[W";
  REQUIRE(strncmp(text, first, strlen(first)) == 0, "messages begin with: %.60s", text);
  REQUIRE(!d->errors || !d->warnings, "warnings beside errors");
  free(text);
}

static void text_compile(Shared *shared, bool with_tests) {
  static Compilation compilation;
  compilation_init(&compilation);
  CompileOptions options = {.path = shared->path, .text = shared->text, .length = shared->length, .load = source_load};
  options.with_tests = with_tests;
  options.warns = true;
  Module *module = compile_program(&compilation, &options);
  REQUIRE(module || compilation.diags.errors, "no module and no message");
  REQUIRE(!module || !compilation.diags.errors, "a module in spite of errors");
  if (compilation.diags.count) messages_check(shared, &compilation);
  compilation_deinit(&compilation);
  if (!module) return;
  ModuleError error;
  REQUIRE(module_verify(module, &error), "bad module: %s", error.reason);
  module_free(module);
  shared->accepted++;
}

/* ---- Batches ---- */

static void batch_run(const Fuzz *f, uint64_t from, uint64_t to) {
  for (uint64_t n = from; n < to; n++) {
    text_make(f, n);
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = LIMIT_SECONDS}, NULL);
    text_compile(f->shared, n % 4 == 0);
    f->shared->done = n + 1;
  }
  _exit(0);
}

static void failure_report(const Fuzz *f, int status, uint64_t n) {
  Shared *shared = f->shared;
  printf("FAIL run %llu of seed %llu, made from %s: ", (unsigned long long)n, (unsigned long long)f->seed, shared->path);
  if (WIFSIGNALED(status)) printf("%s\n", strsignal(WTERMSIG(status)));
  else printf("%s\n", shared->why[0] ? shared->why : "ended by itself");
  if (!f->save) return;
  char path[1000];
  snprintf(path, sizeof path, "%s.%llu.firn", f->save, (unsigned long long)n);
  FILE *file = fopen(path, "wb");
  if (file) fwrite(shared->text, 1, shared->length, file);
  if (file) fclose(file);
}

/* Runs a batch in a child; returns the number of the next run. */
static uint64_t batch(const Fuzz *f, uint64_t from, uint64_t *failures) {
  uint64_t to = from + BATCH < f->runs ? from + BATCH : f->runs;
  f->shared->done = from;
  f->shared->why[0] = 0;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) batch_run(f, from, to);
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child) exit(2);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return to;
  failure_report(f, status, f->shared->done);
  ++*failures;
  return f->shared->done + 1;
}

int main(int argc, char **argv) {
  Fuzz f = {.runs = UINT64_MAX, .seconds = UINT64_MAX, .seed = 1};
  f.shared = mmap(NULL, sizeof *f.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (f.shared == MAP_FAILED) return 2;
  for (int i = 1; i < argc; i++) {
    bool has_value = strncmp(argv[i], "--", 2) == 0 && i + 1 < argc;
    if (!has_value) programs_find(&f, argv[i]);
    else if (strcmp(argv[i], "--runs") == 0) f.runs = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--seconds") == 0) f.seconds = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--seed") == 0) f.seed = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--save") == 0) f.save = argv[++i];
  }
  if (!f.count) return fprintf(stderr, "fuzz_source: no programs\n"), 2;
  time_t start = time(NULL);
  uint64_t failures = 0, n = 0;
  while (n < f.runs && (uint64_t)(time(NULL) - start) < f.seconds) n = batch(&f, n, &failures);
  printf("%llu mutants, %llu accepted, %llu failed\n", (unsigned long long)n, (unsigned long long)f.shared->accepted, (unsigned long long)failures);
  fflush(stdout);
  _exit(failures != 0); /* what the programs take is not worth freeing */
}
