/* runner.c - runs Firn programs and compares what they do with what they say they do.
 *
 *   runner [FLAGS] PATH...        programs: files, and folders searched for *.firn (a folder with a main.firn is one program)
 *   runner [FLAGS] --tour FILE    the ```firn blocks of a Markdown file, or of the doc comments of a .firn file
 *   runner [FLAGS] --examples DIR the programs of DIR, against tests/examples/NAME.{out,sh,in,input}
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
 * A program runs in its own folder, on each tier. The last line is `N passed, N failed`; the exit status is 0 when nothing failed.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
  char *in_path;       /* in place of `in` */
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

typedef struct Fence { Text text; unsigned line; bool is_firn; } Fence;

static void fence_add(const char *path, Fence *firn, const Text *output) {
  char *name = format_text("%s:%u", path, firn->line);
  char *file = format_text("block-%u.firn", firn->line);
  char *full = format_text("%s/%s", options.scratch, file);
  FILE *stream = fopen(full, "wb");
  if (!stream || fwrite(firn->text.bytes, 1, firn->text.length, stream) != firn->text.length || fclose(stream) != 0)
    die("can't write %s", full);
  free(full);
  Test *test = test_new(name, options.scratch, file);
  test->status = 0;
  if (output) text_add(&test->out, output->bytes, output->length);
  else test->command = "check";
}

/* Reads the fenced blocks of a document. A `firn` block that an `output` block follows is run, another one only checked. */
static void document_add(const char *path) {
  Text source;
  if (!file_text(path, &source)) die("can't read %s", path);
  const char *line;
  size_t at = 0, length;
  unsigned number = 0;
  bool in_fence = false, has_firn = false;
  Fence fence = {0}, firn = {0};
  while (next_line(&source, &at, &line, &length)) {
    number++;
    const char *dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".firn") == 0) { /* doc comments */
      while (length && isspace((unsigned char)*line)) line++, length--;
      if (!line_starts(line, length, "///")) continue;
      line += 3, length -= 3;
      if (length && *line == ' ') line++, length--;
    }
    if (in_fence && !line_starts(line, length, "```")) {
      text_add_line(&fence.text, line, length);
    } else if (in_fence) {
      in_fence = false;
      if (fence.is_firn) {
        if (has_firn) fence_add(path, &firn, NULL);
        firn = fence, has_firn = true;
      } else {
        if (has_firn) fence_add(path, &firn, &fence.text);
        has_firn = false;
      }
    } else if (line_starts(line, length, "```")) {
      bool is_firn = length == 7 && memcmp(line, "```firn", 7) == 0;
      bool is_output = length == 9 && memcmp(line, "```output", 9) == 0;
      if (has_firn && !is_output) fence_add(path, &firn, NULL), has_firn = false;
      fence = (Fence){.line = number, .is_firn = is_firn};
      text_add(&fence.text, "", 0);
      in_fence = is_firn || is_output;
      while (!in_fence && next_line(&source, &at, &line, &length) && number++ && !line_starts(line, length, "```")) {}
    } else if (line_starts(line, length, "## ")) {
      if (has_firn) fence_add(path, &firn, NULL), has_firn = false;
    }
  }
  if (has_firn) fence_add(path, &firn, NULL);
  free(source.bytes);
}

/* ---- Examples ---- */

/* Standard output of `sh path`. */
static Text script_output(const char *path) {
  char *command = format_text("sh '%s'", path);
  FILE *pipe = popen(command, "r");
  if (!pipe) die("can't run %s", path);
  Text text = stream_text(pipe);
  if (pclose(pipe) != 0) die("%s failed", path);
  free(command);
  return text;
}

static void example_add(const char *folder, const char *file) {
  int stem = (int)(strlen(file) - strlen(".firn"));
  Test *test = test_new(format_text("%s/%.*s", folder, stem, file), need(strdup(folder)), need(strdup(file)));
  char *base = format_text("tests/examples/%.*s", stem, file);
  char *path = format_text("%s.out", base), *script = format_text("%s.sh", base);
  if (access(script, R_OK) == 0) test->out = script_output(script);
  else if (!file_text(path, &test->out)) die("%s has no expected output: %s is missing", test->name, path);
  char *in = format_text("%s.in", base), *input = format_text("%s.input", base);
  Text where;
  if (file_text(input, &where)) test->in_path = need(strndup(where.bytes, strcspn(where.bytes, "\n")));
  else if (!file_text(in, &test->in)) text_add(&test->in, "", 0);
  test->status = 0;
  free(path), free(script), free(in), free(input), free(base);
}

static void examples_add(const char *folder) {
  struct dirent **entries;
  int count = scandir(folder, &entries, entry_visible, alphasort);
  if (count < 0) die("can't list %s", folder);
  for (int i = 0; i < count; i++) {
    const char *dot = strrchr(entries[i]->d_name, '.');
    if (dot && strcmp(dot, ".firn") == 0) example_add(folder, entries[i]->d_name);
    free(entries[i]);
  }
  free(entries);
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
  if (may_warn && !test->warns) argv[n++] = "--warn=off";
  for (size_t i = 0; runs && i < options.nwith; i++) argv[n++] = options.with[i];
  for (size_t i = 0; i < test->nflags; i++) argv[n++] = test->flags[i];
  argv[n++] = test->file;
  for (size_t i = 0; i < test->nargs; i++) argv[n++] = test->args[i];
  argv[n] = NULL;
  dup2(fileno(job->in), 0);
  dup2(fileno(job->out), 1);
  dup2(fileno(job->err), 2);
  if (chdir(test->folder) != 0) _exit(126);
  limit_set(RLIMIT_FSIZE, 64u << 20);
  limit_set(RLIMIT_CORE, 0);
  alarm(options.timeout);
  execv(options.firn, (char *const *)argv);
  _exit(127);
}

static void job_start(Job *job, Test *test, const char *tier) {
  *job = (Job){.test = test, .tier = tier, .out = tmpfile(), .err = tmpfile()};
  job->in = test->in_path ? fopen(test->in_path, "rb") : tmpfile();
  if (!job->out || !job->err || !job->in) die("can't open files for %s", test->name);
  if (!test->in_path) {
    fwrite(test->in.bytes, 1, test->in.length, job->in);
    rewind(job->in);
  }
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
      if (strcmp(tests.items[i]->command, "check") == 0 && t > 0) break;
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

static void scratch_remove(void) {
  if (!options.scratch) return;
  for (size_t i = 0; i < tests.count; i++) {
    if (tests.items[i]->folder != options.scratch) continue;
    char *path = format_text("%s/%s", options.scratch, tests.items[i]->file);
    unlink(path);
    free(path);
  }
  rmdir(options.scratch);
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
    else if (strcmp(word, "--tour") == 0) {
      if (!options.scratch) scratch_make();
      document_add(value_of(argc, argv, &i));
    } else if (strcmp(word, "--examples") == 0) examples_add(value_of(argc, argv, &i));
    else if (word[0] == '-') die("unknown flag %s", word);
    else programs_add(word);
  }
  options.firn = realpath(firn, NULL);
  if (!options.firn) die("can't find %s", firn);
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
