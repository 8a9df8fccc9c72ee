/* runner.c - runs Firn programs and compares what they do with what they say they do.
 *
 *   runner [FLAGS] PATH...        programs: files, and folders searched for *.firn (a folder with a main.firn is one program)
 *   runner [FLAGS] --tour FILE    the blocks of a Markdown file, or of the doc comments of a .firn file (--tour may be given again)
 *
 *   --firn FILE   the command to test           --tier T     only on tier T (may be given again)     --jobs N     at once (2)
 *   --with FLAG   one more flag for each run    --timeout S  seconds for each run (20)
 *   --known FILE  names of tests known to fail, one a line; one that passes is a failure
 *
 * A program states its expectations in comments at the start of a line:
 *   //> text     a line of standard output              //! text     a line of standard error; `//! ...` as the last: and any more
 *   //!~ L:C text   a compile error at that line and column whose message holds the text; there are no others
 *   //? exit N   the exit status (default: 0; 2 when standard error begins with `error[`, 1 when with anything but `warning[`)
 *   //? args A B          //? stdin text   (a line)     //? fuel N           //? flags --a --b
 *   //? command test      in place of `run`             //? open             standard output's last line is not ended
 *   //? slow              left out when there is a --with flag              //? warn             with warnings, which are off otherwise
 * In a document, a ```firn block that ```output and ```error blocks follow is run: they are its standard output, and the beginning of its
 * standard error (without an ```error block nothing is allowed there). Another ```firn block is only checked. One whose first line is
 * `// NAME.firn` lies under that name beside those that follow, which may import it; the others are `example.firn`. A ```console block is given
 * to sh: `$ COMMAND` lines, each with what it prints on both streams, where `firn` is the command under test; a ```repl block to its REPL:
 * `>>> INPUT` lines, `... ` ones that go on, and what it answers.
 * A program runs in its own folder, on each tier. The last line is `N passed, N failed`; the exit status is 0 when nothing failed.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 32
#define JOBS_MAX 64

typedef struct Text { char *bytes; size_t length; } Text;

typedef struct Test {
  char *name;          /* as reported */
  char *folder, *file; /* where it runs, and what */
  Text out, err, in;
  char *script;        /* in place of a program: commands for sh */
  bool err_open;       /* more of standard error is allowed */
  Text errors;         /* the compile errors wanted: lines "L:C text" */
  int status;
  const char *command;
  char *args[WORDS_MAX], *flags[WORDS_MAX];
  size_t nargs, nflags;
  bool is_slow, warns;
  bool has_failed;
} Test;

typedef struct Job {
  pid_t pid;           /* 0: free */
  Test *test;
  const char *tier;
  FILE *out, *err, *in;
} Job;

static struct {
  char *firn;
  const char *tiers[4];
  size_t ntiers;
  char *with[WORDS_MAX];
  size_t nwith, jobs;
  unsigned timeout;
  Text known;
  char *scratch;       /* a folder for extracted programs */
} options = {.jobs = 2, .timeout = 20};

static struct { Test **items; size_t count, capacity; } tests;
static Job jobs[JOBS_MAX];

/* ---- Memory and text ---- */

static void die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("runner: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  exit(2);
}

static void *need(void *memory) {
  if (!memory) die("out of memory");
  return memory;
}

static char *format_text(const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = NULL;
  if (vasprintf(&text, format, args) < 0) die("out of memory");
  va_end(args);
  return text;
}

static void text_add(Text *text, const char *bytes, size_t length) {
  text->bytes = need(realloc(text->bytes, text->length + length + 1));
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = 0;
}

static void text_add_line(Text *text, const char *bytes, size_t length) {
  text_add(text, bytes, length);
  text_add(text, "\n", 1);
}

static Text stream_text(FILE *stream) {
  Text text = {0};
  char buffer[8192];
  text_add(&text, "", 0);
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, stream)) > 0;) text_add(&text, buffer, n);
  return text;
}

static bool file_text(const char *path, Text *text) {
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  *text = stream_text(file);
  fclose(file);
  return true;
}

/* The line at *at, without its end; moves *at behind it. False at the end. */
static bool next_line(const Text *text, size_t *at, const char **line, size_t *length) {
  if (*at >= text->length) return false;
  *line = text->bytes + *at;
  const char *end = memchr(*line, '\n', text->length - *at);
  *length = end ? (size_t)(end - *line) : text->length - *at;
  *at += *length + (end != NULL);
  return true;
}

static bool line_starts(const char *line, size_t length, const char *prefix) {
  return length >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

static size_t split_words(const char *text, size_t length, char **words, size_t count) {
  size_t at = 0;
  while (at < length) {
    while (at < length && text[at] == ' ') at++;
    size_t start = at;
    while (at < length && text[at] != ' ') at++;
    if (at == start) break;
    if (count == WORDS_MAX - 1) die("too many words: %.*s", (int)length, text);
    words[count++] = need(strndup(text + start, at - start));
  }
  return count;
}

/* ---- Tests ---- */

static Test *test_new(char *name, char *folder, char *file) {
  Test *test = need(calloc(1, sizeof *test));
  *test = (Test){.name = name, .folder = folder, .file = file, .command = "run", .status = -1};
  text_add(&test->out, "", 0);
  text_add(&test->err, "", 0);
  text_add(&test->in, "", 0);
  if (tests.count == tests.capacity) {
    tests.capacity = tests.capacity ? tests.capacity * 2 : 256;
    tests.items = need(realloc(tests.items, tests.capacity * sizeof *tests.items));
  }
  return tests.items[tests.count++] = test;
}

static void directive_read(Test *test, const char *line, size_t length, bool *is_open) {
  const char *rest = memchr(line, ' ', length);
  size_t word = rest ? (size_t)(rest - line) : length;
  size_t left = rest ? length - word - 1 : 0;
  if (rest) rest++;
  else rest = "";
#define IS(text) (word == strlen(text) && memcmp(line, text, word) == 0)
  if (IS("exit")) test->status = atoi(rest);
  else if (IS("args")) test->nargs = split_words(rest, left, test->args, test->nargs);
  else if (IS("flags")) test->nflags = split_words(rest, left, test->flags, test->nflags);
  else if (IS("stdin")) text_add_line(&test->in, rest, left);
  else if (IS("fuel")) test->flags[test->nflags++] = format_text("--fuel=%.*s", (int)left, rest);
  else if (IS("command")) test->command = need(strndup(rest, left));
  else if (IS("open")) *is_open = true;
  else if (IS("slow")) test->is_slow = true;
  else if (IS("warn")) test->warns = true;
  else die("%s: unknown directive `%.*s`", test->name, (int)length, line);
#undef IS
}

/* Fills a test in from its program's comments. */
static void expectations_read(Test *test, const Text *source) {
  const char *line;
  size_t at = 0, length;
  bool is_open = false;
  while (next_line(source, &at, &line, &length)) {
    if (length < 3 || line[0] != '/' || line[1] != '/' || !strchr(">!?", line[2])) continue;
    const char *text = line + 3;
    size_t left = length - 3;
    if (left && *text == ' ') text++, left--;
    if (line[2] == '?') directive_read(test, text, left, &is_open);
    else if (line[2] == '!' && left && *text == '~') text_add_line(&test->errors, text + 1 + (left > 1), left - 1 - (left > 1));
    else if (line[2] == '!' && left == 3 && memcmp(text, "...", 3) == 0) test->err_open = true;
    else text_add_line(line[2] == '>' ? &test->out : &test->err, text, left);
  }
  if (is_open && test->out.length) test->out.bytes[--test->out.length] = 0;
  if (test->err_open && test->err.length) test->err.bytes[--test->err.length] = 0;
  if (test->errors.length && test->status < 0) test->status = 2;
  if (test->status >= 0) return;
  bool has_err = test->err.length || test->err_open;
  bool has_warning = line_starts(test->err.bytes, test->err.length, "warning[");
  test->status = !has_err || has_warning ? 0 : line_starts(test->err.bytes, test->err.length, "error[") ? 2 : 1;
}

static char *path_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? need(strndup(path, (size_t)(slash - path))) : need(strdup("."));
}

static void program_add(const char *path) {
  Text source;
  if (!file_text(path, &source)) die("can't read %s", path);
  const char *slash = strrchr(path, '/');
  size_t length = strlen(path) - strlen(".firn");
  const char *tail = "/main";
  if (length > strlen(tail) && memcmp(path + length - strlen(tail), tail, strlen(tail)) == 0) length -= strlen(tail);
  Test *test = test_new(need(strndup(path, length)), path_folder(path), need(strdup(slash ? slash + 1 : path)));
  expectations_read(test, &source);
  free(source.bytes);
}

static int entry_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void programs_add(const char *path) {
  struct stat info;
  if (stat(path, &info) != 0) die("can't find %s", path);
  if (!S_ISDIR(info.st_mode)) {
    program_add(path);
    return;
  }
  char *main_path = format_text("%s/main.firn", path);
  if (access(main_path, R_OK) == 0) {
    program_add(main_path);
  } else {
    struct dirent **entries;
    int count = scandir(path, &entries, entry_visible, alphasort);
    if (count < 0) die("can't list %s", path);
    for (int i = 0; i < count; i++) {
      char *inner = format_text("%s/%s", path, entries[i]->d_name);
      const char *dot = strrchr(inner, '.');
      if (stat(inner, &info) == 0 && (S_ISDIR(info.st_mode) || (dot && strcmp(dot, ".firn") == 0))) programs_add(inner);
      free(inner);
      free(entries[i]);
    }
    free(entries);
  }
  free(main_path);
}

/* ---- Documents ---- */

typedef enum FenceKind { FENCE_OTHER, FENCE_FIRN, FENCE_OUTPUT, FENCE_ERROR, FENCE_CONSOLE, FENCE_REPL } FenceKind;

typedef struct Document {
  const char *path;
  char *folder;        /* where its blocks lie */
  bool is_source;      /* only doc comments count */
  char *names[WORDS_MAX]; /* of programs that others may import */
  size_t nnames;
  FenceKind kind;      /* of the block being read */
  size_t marks;        /* how many backquotes began it, and end it */
  unsigned line, firn_line;
  Text text;           /* of the block being read */
  Text firn, out, err; /* a program and what it says it does */
  char *firn_folder;
  bool has_firn, has_out, has_err;
} Document;

static void text_start(Text *text) {
  text->length = 0;
  text_add(text, "", 0);
}

static void file_put(const char *folder, const char *file, const Text *text) {
  char *full = format_text("%s/%s", folder, file);
  FILE *stream = fopen(full, "wb");
  if (!stream || fwrite(text->bytes, 1, text->length, stream) != text->length || fclose(stream) != 0) die("can't write %s", full);
  free(full);
}

/* The name that a program's first line gives it, `// NAME.firn`; NULL if it has none. */
static char *block_name(const Document *d) {
  size_t length = strcspn(d->firn.bytes, "\n");
  bool is_named = length > 8 && line_starts(d->firn.bytes, length, "// ") && memcmp(d->firn.bytes + length - 5, ".firn", 5) == 0;
  for (size_t i = 3; i < length; i++) is_named &= isalnum((unsigned char)d->firn.bytes[i]) || strchr("._-", d->firn.bytes[i]);
  return is_named ? need(strndup(d->firn.bytes + 3, length - 3)) : NULL;
}

/* A new folder of the document's, where the named programs so far are found. */
static char *block_folder(const Document *d) {
  char *folder = format_text("%s/%u", d->folder, d->line);
  if (mkdir(folder, 0777) != 0) die("can't make %s", folder);
  for (size_t i = 0; i < d->nnames; i++) {
    char *from = format_text("../%s", d->names[i]), *to = format_text("%s/%s", folder, d->names[i]);
    if (symlink(from, to) != 0 && errno != EEXIST) die("can't make %s", to);
    free(from), free(to);
  }
  return folder;
}

/* Makes a test of the program that has been read, if there is one. */
static void program_end(Document *d) {
  if (!d->has_firn) return;
  char *name = block_name(d), *folder = name ? d->folder : d->firn_folder, *file = name ? name : "example.firn";
  file_put(folder, file, &d->firn);
  if (name && d->nnames < WORDS_MAX) d->names[d->nnames++] = name;
  Test *test = test_new(format_text("%s:%u", d->path, d->firn_line), folder, file);
  test->status = !d->has_err ? 0 : line_starts(d->err.bytes, d->err.length, "error[") ? 2 : 1;
  if (!d->has_out && !d->has_err) test->command = "check";
  if (d->has_out) text_add(&test->out, d->out.bytes, d->out.length);
  if (d->has_err) text_add(&test->err, d->err.bytes, d->err.length - 1);
  test->err_open = d->has_err;
  d->has_firn = d->has_out = d->has_err = false;
}

/* Makes a test of commands, or of a session, and what they print. */
static void console_end(Document *d) {
  bool is_repl = d->kind == FENCE_REPL;
  Test *test = test_new(format_text("%s:%u", d->path, d->line), block_folder(d), "a console");
  Text script = {0};
  const char *line;
  size_t at = 0, length;
  const char *head = is_repl ? "exec firn repl 2>&1 <<'END OF SESSION'\n" : "exec 2>&1\n", *tail = is_repl ? "END OF SESSION\n" : "true\n";
  text_add(&script, head, strlen(head));
  while (next_line(&d->text, &at, &line, &length)) {
    size_t mark = is_repl ? 4 : 2;
    bool is_input = is_repl ? line_starts(line, length, ">>> ") || line_starts(line, length, "... ") : line_starts(line, length, "$ ");
    if (is_input) text_add_line(&script, line + mark, length - mark);
    else text_add_line(&test->out, line, length);
  }
  text_add(&script, tail, strlen(tail));
  test->script = script.bytes;
  test->status = 0;
}

static void fence_end(Document *d) {
  bool *has = d->kind == FENCE_OUTPUT ? &d->has_out : &d->has_err;
  Text *into = d->kind == FENCE_OUTPUT ? &d->out : &d->err;
  bool is_session = d->kind == FENCE_CONSOLE || d->kind == FENCE_REPL;
  if (is_session) console_end(d);
  if (d->kind == FENCE_FIRN) {
    d->firn_line = d->line;
    d->firn_folder = block_folder(d);
    d->has_firn = true;
    into = &d->firn, has = &d->has_firn;
  }
  if (is_session || d->kind == FENCE_OTHER || (d->kind != FENCE_FIRN && !d->has_firn)) return;
  *has = true;
  text_start(into);
  text_add(into, d->text.bytes, d->text.length);
}

static FenceKind fence_kind(const char *word, size_t length) {
  static const char *const words[] = {[FENCE_FIRN] = "firn", [FENCE_OUTPUT] = "output", [FENCE_ERROR] = "error",
                                      [FENCE_CONSOLE] = "console", [FENCE_REPL] = "repl"};
  for (unsigned i = FENCE_FIRN; i <= FENCE_REPL; i++)
    if (length == strlen(words[i]) && memcmp(word, words[i], length) == 0) return (FenceKind)i;
  return FENCE_OTHER;
}

static size_t marks_count(const char *line, size_t length) {
  size_t count = 0;
  while (count < length && line[count] == '`') count++;
  return count;
}

/* The text of a doc comment's line; false if it is none. */
static bool doc_line_strip(const char **line, size_t *length) {
  while (*length && isspace((unsigned char)**line)) ++*line, --*length;
  if (!line_starts(*line, *length, "///")) return false;
  *line += 3, *length -= 3;
  if (*length && **line == ' ') ++*line, --*length;
  return true;
}

static void scratch_make(void);

/* Makes tests of the blocks of a document. */
static void document_add(const char *path) {
  Text source;
  if (!file_text(path, &source)) die("can't read %s", path);
  const char *dot = strrchr(path, '.'), *line;
  Document d = {.path = path, .is_source = dot && strcmp(dot, ".firn") == 0};
  size_t at = 0, length;
  bool in_fence = false;
  if (!options.scratch) scratch_make();
  d.folder = format_text("%s/%zu", options.scratch, tests.count);
  if (mkdir(d.folder, 0777) != 0 && errno != EEXIST) die("can't make %s", d.folder);
  for (unsigned number = 1; next_line(&source, &at, &line, &length); number++) {
    if (d.is_source && !doc_line_strip(&line, &length)) continue;
    size_t marks = marks_count(line, length);
    if (in_fence && marks >= d.marks) fence_end(&d), in_fence = false;
    else if (in_fence) text_add_line(&d.text, line, length);
    else if (marks >= 3) {
      d.kind = fence_kind(line + marks, length - marks);
      d.marks = marks;
      if (d.kind != FENCE_OUTPUT && d.kind != FENCE_ERROR) program_end(&d);
      d.line = number;
      text_start(&d.text);
      in_fence = true;
    } else if (line_starts(line, length, "#")) program_end(&d);
  }
  program_end(&d);
  free(source.bytes);
}

/* ---- Running ---- */

static void limit_set(int what, rlim_t value) {
  struct rlimit limit = {value, value};
  setrlimit(what, &limit);
}

/* In the child: becomes the program. */
static void job_exec(const Job *job) {
  Test *test = job->test;
  const char *argv[4 * WORDS_MAX];
  size_t n = 0;
  argv[n++] = options.firn;
  argv[n++] = test->command;
  char *tier = format_text("--tier=%s", job->tier);
  bool runs = strcmp(test->command, "run") == 0 || strcmp(test->command, "test") == 0;
  if (runs) argv[n++] = tier;
  bool may_warn = runs || strcmp(test->command, "check") == 0 || strcmp(test->command, "build") == 0;
  if (may_warn) argv[n++] = test->warns ? "--warn=on" : "--warn=off";
  for (size_t i = 0; runs && i < options.nwith; i++) argv[n++] = options.with[i];
  for (size_t i = 0; i < test->nflags; i++) argv[n++] = test->flags[i];
  argv[n++] = test->file;
  for (size_t i = 0; i < test->nargs; i++) argv[n++] = test->args[i];
  argv[n] = NULL;
  dup2(fileno(job->in), 0);
  dup2(fileno(job->out), 1);
  dup2(fileno(job->err), 2);
  if (chdir(test->folder) != 0) _exit(126);
  if (test->script) setenv("PATH", format_text("%s/bin:%s", options.scratch, getenv("PATH")), 1);
  limit_set(RLIMIT_FSIZE, 64u << 20);
  limit_set(RLIMIT_CORE, 0);
  alarm(options.timeout);
  if (test->script) execl("/bin/sh", "sh", "-c", test->script, (char *)NULL);
  execv(options.firn, (char *const *)argv);
  _exit(127);
}

static void job_start(Job *job, Test *test, const char *tier) {
  *job = (Job){.test = test, .tier = tier, .out = tmpfile(), .err = tmpfile(), .in = tmpfile()};
  if (!job->out || !job->err || !job->in) die("can't open files for %s", test->name);
  fwrite(test->in.bytes, 1, test->in.length, job->in);
  rewind(job->in);
  fflush(NULL);
  job->pid = fork();
  if (job->pid < 0) die("can't start a process: %s", strerror(errno));
  if (job->pid == 0) job_exec(job);
}

static size_t lines_split(const Text *text, const char ***lines, size_t **lengths) {
  size_t at = 0, count = 0, length;
  const char *line;
  while (next_line(text, &at, &line, &length)) count++;
  *lines = need(malloc((count + 1) * sizeof **lines));
  *lengths = need(malloc((count + 1) * sizeof **lengths));
  at = count = 0;
  while (next_line(text, &at, &line, &length)) {
    (*lines)[count] = line;
    (*lengths)[count++] = length;
  }
  return count;
}

#define DIFF_LINES_MAX 12

static void lines_print(char mark, const char **lines, const size_t *lengths, size_t from, size_t end) {
  for (size_t i = from; i < end && i < from + DIFF_LINES_MAX; i++) printf("    %c %.*s\n", mark, (int)lengths[i], lines[i]);
  if (end > from + DIFF_LINES_MAX) printf("    %c ... %zu more lines\n", mark, end - from - DIFF_LINES_MAX);
}

/* Prints what lies between the common beginning and the common end of two texts. */
static void diff_print(const char *what, const Text *wanted, const Text *got) {
  const char **a, **b;
  size_t *a_len, *b_len;
  size_t na = lines_split(wanted, &a, &a_len), nb = lines_split(got, &b, &b_len);
  size_t start = 0, tail = 0;
#define SAME(i, k) (a_len[i] == b_len[k] && memcmp(a[i], b[k], a_len[i]) == 0)
  while (start < na && start < nb && SAME(start, start)) start++;
  while (tail < na - start && tail < nb - start && SAME(na - 1 - tail, nb - 1 - tail)) tail++;
#undef SAME
  printf("  %s, from line %zu (- wanted, + got):\n", what, start + 1);
  lines_print('-', a, a_len, start, na - tail);
  lines_print('+', b, b_len, start, nb - tail);
  if (start == na && start == nb) printf("    (they differ in the end of the last line)\n");
  free(a), free(b), free(a_len), free(b_len);
}

static bool text_matches(const Text *wanted, const Text *got, bool is_open) {
  if (is_open ? got->length < wanted->length : got->length != wanted->length) return false;
  return memcmp(wanted->bytes, got->bytes, wanted->length) == 0;
}

/* True if standard error reports exactly the compile errors wanted, in order. */
static bool errors_match(const Text *wanted, const Text *err) {
  size_t at = 0, from = 0, length, wanted_length;
  const char *line, *want;
  while (next_line(err, &from, &line, &length)) {
    if (!line_starts(line, length, "error[")) continue;
    const char *message = line, *place;
    size_t message_length = length, place_length;
    if (!next_line(wanted, &at, &want, &wanted_length)) return false;
    if (!next_line(err, &from, &place, &place_length)) return false;
    const char *space = memchr(want, ' ', wanted_length);
    size_t digits = space ? (size_t)(space - want) : wanted_length;
    if (place_length <= digits || place[place_length - digits - 1] != ':') return false;
    if (memcmp(place + place_length - digits, want, digits) != 0) return false;
    if (space && !memmem(message, message_length, space + 1, wanted_length - digits - 1)) return false;
  }
  return at == wanted->length;
}

static bool test_is_known(const Test *test) {
  const char *line;
  size_t at = 0, length;
  while (next_line(&options.known, &at, &line, &length)) {
    const char *hash = memchr(line, '#', length);
    if (hash) length = (size_t)(hash - line);
    while (length && isspace((unsigned char)line[length - 1])) length--;
    size_t name = strlen(test->name);
    if (length && length <= name && memcmp(test->name + name - length, line, length) == 0 &&
        (length == name || test->name[name - length - 1] == '/')) return true;
  }
  return false;
}

static void job_finish(Job *job, int wait_status) {
  Test *test = job->test;
  rewind(job->out);
  rewind(job->err);
  Text out = stream_text(job->out), err = stream_text(job->err);
  int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
  bool out_ok = text_matches(&test->out, &out, false);
  bool err_ok = test->errors.length ? errors_match(&test->errors, &err) : text_matches(&test->err, &err, test->err_open);
  if (!out_ok || !err_ok || status != test->status) {
    bool is_first = !test->has_failed;
    test->has_failed = true;
    if (is_first && !test_is_known(test)) {
      printf("FAIL %s (%s)\n", test->name, job->tier);
      if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGALRM) printf("  no end after %u seconds\n", options.timeout);
      else if (WIFSIGNALED(wait_status)) printf("  killed: %s\n", strsignal(WTERMSIG(wait_status)));
      else if (status != test->status) printf("  exit status %d, wanted %d\n", status, test->status);
      if (!out_ok) diff_print("standard output", &test->out, &out);
      if (!err_ok) diff_print("standard error", test->errors.length ? &test->errors : &test->err, &err);
      fflush(stdout);
    }
  }
  free(out.bytes), free(err.bytes);
  fclose(job->out), fclose(job->err), fclose(job->in);
  job->pid = 0;
}

static void job_wait(void) {
  int status;
  pid_t pid = wait(&status);
  for (size_t i = 0; i < options.jobs; i++) {
    if (pid > 0 && jobs[i].pid == pid) job_finish(&jobs[i], status);
  }
}

static void tests_run(void) {
  size_t running = 0;
  for (size_t i = 0; i < tests.count; i++) {
    if (tests.items[i]->is_slow && options.nwith) continue;
    for (size_t t = 0; t < options.ntiers; t++) {
      if ((tests.items[i]->script || strcmp(tests.items[i]->command, "check") == 0) && t > 0) break;
      if (running == options.jobs) job_wait(), running--;
      size_t k = 0;
      while (jobs[k].pid) k++;
      job_start(&jobs[k], tests.items[i], options.tiers[t]);
      running++;
    }
  }
  for (; running; running--) job_wait();
}

static int tests_summarise(void) {
  unsigned passed = 0, failed = 0, known = 0;
  for (size_t i = 0; i < tests.count; i++) {
    const Test *test = tests.items[i];
    if (test->is_slow && options.nwith) continue;
    bool is_known = test_is_known(test);
    if (is_known && test->has_failed) {
      printf("known failure: %s\n", test->name);
      known++;
    } else if (is_known) {
      printf("FAIL %s\n  passes, but is listed as a known failure\n", test->name);
      failed++;
    } else if (test->has_failed) {
      failed++;
    } else {
      passed++;
    }
  }
  if (known) printf("%u known failures\n", known);
  printf("%u passed, %u failed\n", passed, failed);
  return failed ? 1 : 0;
}

/* ---- The command line ---- */

static void scratch_make(void) {
  char template[] = "/tmp/firn-runner-XXXXXX";
  options.scratch = need(strdup(need(mkdtemp(template))));
}

/* Puts the command under test where console blocks find it. */
static void scratch_command(void) {
  char *folder = format_text("%s/bin", options.scratch), *name = format_text("%s/firn", folder);
  if (mkdir(folder, 0777) != 0 || symlink(options.firn, name) != 0) die("can't make %s", name);
  free(folder), free(name);
}

static int entry_remove(const char *path, const struct stat *info, int type, struct FTW *where) { return remove(path); }

static void scratch_remove(void) {
  if (options.scratch) nftw(options.scratch, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *value_of(int argc, char **argv, int *i) {
  if (*i + 1 >= argc) die("%s needs a value", argv[*i]);
  return argv[++*i];
}

static void arguments_read(int argc, char **argv) {
  const char *firn = "build/firn", *known = "tests/known-failures.txt";
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];
    if (strcmp(word, "--firn") == 0) firn = value_of(argc, argv, &i);
    else if (strcmp(word, "--known") == 0) known = value_of(argc, argv, &i);
    else if (strcmp(word, "--jobs") == 0) options.jobs = (size_t)atoi(value_of(argc, argv, &i));
    else if (strcmp(word, "--timeout") == 0) options.timeout = (unsigned)atoi(value_of(argc, argv, &i));
    else if (strcmp(word, "--with") == 0 && options.nwith < WORDS_MAX) options.with[options.nwith++] = (char *)value_of(argc, argv, &i);
    else if (strcmp(word, "--tier") == 0 && options.ntiers < 4) options.tiers[options.ntiers++] = value_of(argc, argv, &i);
    else if (strcmp(word, "--tour") == 0) document_add(value_of(argc, argv, &i));
    else if (word[0] == '-') die("unknown flag %s", word);
    else programs_add(word);
  }
  options.firn = realpath(firn, NULL);
  if (!options.firn) die("can't find %s", firn);
  if (options.scratch) scratch_command();
  if (options.jobs < 1 || options.jobs > JOBS_MAX) die("--jobs takes 1 to %d", JOBS_MAX);
  if (!options.ntiers) options.tiers[0] = "oracle", options.tiers[1] = "interp", options.ntiers = 2;
  if (!file_text(known, &options.known)) text_add(&options.known, "", 0);
}

int main(int argc, char **argv) {
  arguments_read(argc, argv);
  if (tests.count == 0) die("no tests");
  tests_run();
  int status = tests_summarise();
  scratch_remove();
  return status;
}
