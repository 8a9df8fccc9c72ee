/* repl.h - what the files of the REPL share.
 *
 * cmd_repl.c reads inputs and prints results; cmd_repl_session.c compiles, moves the state on, and runs; cmd_repl_command.c carries out the commands of
 * repl_commands.def; cmd_repl_file.c saves and restores; cmd_repl_line.c reads lines: from a terminal by readline if the machine has it.
 *
 * A session is a list of inputs and a list of states. Each input makes a new program of all inputs so far (compiler.h, CompileSession), to which the
 * guest's state of before is moved (image.h, guest_rebase); the guest of before stays as it was, for :undo.
 */
#ifndef FIRN_CLI_REPL_H
#define FIRN_CLI_REPL_H

#include "cli/cli.h"

#define UNDO_BYTES_MAX (UINT64_C(1) << 26) /* states beyond the last two take no more */
enum { STATES_MAX = 16 }; /* the current one and those that :undo goes back to */

/* An input that was carried out, at least as far as it could be. Its text and path are malloc'd. */
typedef struct Input {
  char *path, *text;
  size_t length;
} Input;

enum InputFlag { INPUT_PINNED = 1, INPUT_DROPPED = 2, INPUT_RETIRED = 4 }; /* as CompileInput's */

/* A file that an input imported, as it was then. */
typedef struct Loaded {
  char *path, *text;
  size_t length;
} Loaded;

/* What there is between two inputs. */
typedef struct State {
  uint32_t ninputs;        /* how many of the session's belong to it */
  struct Program *program; /* NULL before the first input */
  uint8_t *flags;          /* of each input: InputFlag bits */
  Guest *guest;            /* idle */
  uint64_t bytes;          /* about what it took when it was made */
  CompileAnswer answer;    /* keys of the program */
} State;

typedef struct Session {
  Input *inputs;
  uint32_t ninputs, inputs_cap;
  State states[STATES_MAX];
  uint32_t nstates;        /* at least 1 */
  Loaded *loaded;
  uint32_t nloaded, loaded_cap;
  uint32_t counter;        /* of inputs, for their paths */
  GuestOptions options;
  bool is_terminal;        /* input comes from one */
  bool color, color_errors;
  bool is_over;
  int status;              /* the process's, when it is over */
  uint64_t fuel_last, fuel_total;
  double seconds_last;
} Session;

bool session_init(Session *s, const Flags *flags);
void session_deinit(Session *s);

/* Carries an input out and prints what comes of it; path NULL: the input is typed. False when it was not understood, stopped, or failed. */
bool session_eval(Session *s, const char *path, const char *text, size_t length);

/* What can be asked of a text as the next input, without running it. The answer's type, names and doc hold; the caller frees it. False when it has
 * mistakes, which are printed if is_loud. *module (may be NULL) gets the module, which the caller frees. */
typedef struct Query {
  const char *text;
  size_t length;
  bool wants_names, members_of, is_loud;
  const char *doc_of;
} Query;
bool session_ask(Session *s, const Query *query, CompileAnswer *answer, Module **module);

/* Goes back to the state before; false when there is none. */
bool session_undo(Session *s);
/* Frees all states and inputs but one empty state. */
void session_clear(Session *s);
static inline State *session_state(Session *s) { return &s->states[s->nstates - 1]; }

/* Save and restore; false after printing why not. */
bool session_save(Session *s, const char *path);
bool session_restore(Session *s, const char *path);

/* Carries out a line that begins with a colon. */
void repl_command(Session *s, const char *line);
/* The names of commands for completion: the n-th, or NULL. */
const char *repl_command_name(unsigned n);

/* Lines. line_init sets up history and completion if input comes from a terminal. */
void line_init(Session *s);
void line_deinit(void);
/* The next line, malloc'd; NULL at the end of input, or when *stopped by Ctrl-C. */
char *line_read(Session *s, const char *prompt, bool *stopped);
/* Puts an input into the history. */
void line_remember(const char *text);
/* Whether a text goes on in the next line. */
bool input_is_open(const char *text, size_t length);

#endif
