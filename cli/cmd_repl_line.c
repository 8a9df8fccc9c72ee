/* cmd_repl_line.c - lines for the REPL. Interface: repl.h.
 *
 * From a terminal they come by readline, if libreadline can be opened at run time; otherwise by stdlib/io.h, from the buffer that guests read from too.
 * With readline there are history and completion. readline's callbacks take no context, so what they need is static here: there is one terminal.
 */
#include <ctype.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/repl.h"
#include "stdlib/io.h"

enum { HISTORY_MAX = 2000 };

/* readline's functions and variables, one row each: RL(what it is, name). */
#define RL_FUNCTIONS(RL)                                                    \
  RL(char *, readline, (const char *))                                      \
  RL(void, add_history, (const char *))                                     \
  RL(int, read_history, (const char *))                                     \
  RL(int, append_history, (int, const char *))                              \
  RL(int, history_truncate_file, (const char *, int))                       \
  RL(void, using_history, (void))                                           \
  RL(void, rl_replace_line, (const char *, int))                            \
  RL(char **, rl_completion_matches, (const char *, char *(*)(const char *, int)))
#define RL_VARIABLES(RL)                                                    \
  RL(char **(*)(const char *, int, int), rl_attempted_completion_function)  \
  RL(int (*)(void), rl_event_hook)                                          \
  RL(int, rl_attempted_completion_over)                                     \
  RL(int, rl_completion_append_character)                                   \
  RL(int, rl_done)                                                          \
  RL(char *, rl_line_buffer)                                                \
  RL(const char *, rl_readline_name)                                        \
  RL(const char *, rl_completer_word_break_characters)

static struct {
  void *library;
#define RL(type, name, arguments) type (*name) arguments;
  RL_FUNCTIONS(RL)
#undef RL
#define RL(type, name) __typeof__(type) *name;
  RL_VARIABLES(RL)
#undef RL
} rl;

static Session *session;   /* for completion */
static char *history_path;
static char *last_line;    /* in the history */
static int history_new;
static char *matches, *matches_at; /* lines to be offered, and the next one */
static char *matches_base; /* what stands before each */

static bool readline_open(void) {
  void *library = dlopen("libreadline.so.8", RTLD_LAZY | RTLD_LOCAL);
  if (!library) return false;
  bool all = true;
#define RL(type, name, arguments) all &= (*(void **)&rl.name = dlsym(library, #name)) != NULL;
  RL_FUNCTIONS(RL)
#undef RL
#define RL(type, name) all &= (*(void **)&rl.name = dlsym(library, #name)) != NULL;
  RL_VARIABLES(RL)
#undef RL
  if (all) rl.library = library;
  else dlclose(library);
  return all;
}

/* Signals */

static void signal_came(int number) {
  (void)number;
  io_stop();
}

/* Called by readline while it waits: after Ctrl-C the line is given up. */
static int readline_wait(void) {
  if (!io_stopped()) return 0;
  rl.rl_replace_line("", 0);
  *rl.rl_done = 1;
  return 0;
}

/* History */

static void folders_make(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(path, 0700);
    *slash = '/';
  }
}

static void history_open(void) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  char path[4096];
  int length = state && *state == '/' ? snprintf(path, sizeof path, "%s/firn/history", state)
               : home && *home == '/' ? snprintf(path, sizeof path, "%s/.local/state/firn/history", home) : 0;
  if (length <= 0 || (size_t)length >= sizeof path) return;
  folders_make(path);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  close(fd);
  history_path = strdup(path);
  if (history_path) rl.read_history(history_path);
}

void line_remember(const char *text) {
  if (!rl.library) return;
  for (const char *line = text; *line;) {
    size_t length = strcspn(line, "\n");
    char *copy = strndup(line, length);
    bool is_new = copy && *copy && (!last_line || strcmp(last_line, copy) != 0);
    if (is_new) {
      rl.add_history(copy);
      history_new++;
      free(last_line);
      last_line = copy;
    } else {
      free(copy);
    }
    line += length + (line[length] == '\n');
  }
}

/* Completion */

static bool is_word_char(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Where the bracket or string that ends at `at` begins; `at` when it does not begin. */
static size_t group_start(const char *line, size_t at) {
  char close = line[at];
  if (close == '"') {
    for (size_t i = at; i-- > 0;) {
      if (line[i] == '"' && (i == 0 || line[i - 1] != '\\')) return i;
    }
    return at;
  }
  char open = close == ')' ? '(' : '[';
  int depth = 0;
  for (size_t i = at + 1; i-- > 0;) {
    if (line[i] == close) depth++;
    else if (line[i] == open && --depth == 0) return i;
  }
  return at;
}

/* Where the operand that ends before `end` begins: names, calls, indexes, strings and dots. */
static size_t operand_start(const char *line, size_t end) {
  size_t at = end;
  while (at > 0) {
    char c = line[at - 1];
    if (is_word_char(c) || c == '.' || c == '?') {
      at--;
    } else if (c == ')' || c == ']' || c == '"') {
      size_t start = group_start(line, at - 1);
      if (start == at - 1) break;
      at = start;
    } else {
      break;
    }
  }
  return at;
}

/* The names that can stand at a place of a line, one on each line of the result. */
static char *names_at(const char *line, size_t dot, bool has_dot) {
  CompileAnswer answer;
  Query query = {.text = "", .wants_names = true};
  if (has_dot) {
    size_t from = operand_start(line, dot);
    query = (Query){.text = line + from, .length = dot - from, .wants_names = true, .members_of = true};
    if (query.length && query.text[query.length - 1] == '?') query.length--;
  }
  session_ask(session, &query, &answer, NULL);
  char *names = answer.names;
  answer.names = NULL;
  compile_answer_free(&answer);
  return names;
}

static char *match_next(const char *text, int again) {
  size_t base = strlen(matches_base);
  if (!again) matches_at = matches;
  while (matches_at && *matches_at) {
    char *name = matches_at;
    size_t length = strcspn(name, "\n");
    matches_at += length + (name[length] == '\n');
    if (length < strlen(text + base) || memcmp(name, text + base, strlen(text + base)) != 0) continue;
    char *match = malloc(base + length + 1);
    if (!match) return NULL;
    memcpy(match, matches_base, base);
    memcpy(match + base, name, length);
    match[base + length] = 0;
    return match;
  }
  return NULL;
}

static char *command_names(void) {
  char *names = NULL;
  size_t length;
  FILE *out = open_memstream(&names, &length);
  for (unsigned i = 0; out && repl_command_name(i); i++) fprintf(out, "%s\n", repl_command_name(i));
  if (out) fclose(out);
  return names;
}

static char **readline_complete(const char *text, int start, int end) {
  const char *line = *rl.rl_line_buffer, *dot = strrchr(text, '.');
  bool is_command = start == 0 && text[0] == ':';
  size_t base = dot && !is_command ? (size_t)(dot - text) + 1 : 0;
  *rl.rl_completion_append_character = 0;
  if (line[0] == ':' && (strncmp(line, ":load", 5) == 0 || strncmp(line, ":save", 5) == 0 || strncmp(line, ":restore", 8) == 0) && start > 0)
    return NULL;
  *rl.rl_attempted_completion_over = 1;
  free(matches);
  free(matches_base);
  matches_base = strndup(text, base);
  matches = is_command ? command_names() : names_at(line, (size_t)start + base - 1, base > 0);
  return matches && matches_base ? rl.rl_completion_matches(text, match_next) : NULL;
}

/* Lines */

void line_init(Session *s) {
  if (!s->is_terminal) return;
  session = s;
  io_stop_enable();
  sigaction(SIGINT, &(struct sigaction){.sa_handler = signal_came}, NULL);
  if (!readline_open()) return;
  *rl.rl_readline_name = "firn";
  *rl.rl_attempted_completion_function = readline_complete;
  *rl.rl_completer_word_break_characters = " \t\n\"'@$><=;|&{}()[]+-*/%!,~^";
  *rl.rl_event_hook = readline_wait;
  rl.using_history();
  history_open();
}

void line_deinit(void) {
  if (rl.library && history_path && history_new) {
    rl.append_history(history_new, history_path);
    rl.history_truncate_file(history_path, HISTORY_MAX);
  }
  free(history_path);
  free(last_line);
  free(matches);
  free(matches_base);
  history_path = last_line = matches = matches_base = NULL;
}

char *line_read(Session *s, const char *prompt, bool *stopped) {
  io_stop_reset();
  io_flush();
  size_t length;
  char *line;
  if (rl.library) {
    line = rl.readline(prompt);
  } else {
    if (s->is_terminal) fputs(prompt, stdout);
    fflush(stdout);
    line = io_line(&length);
  }
  *stopped = io_stopped();
  if (*stopped) {
    if (!rl.library) putchar('\n');
    free(line);
    line = NULL;
    io_stop_reset();
  }
  return line;
}
