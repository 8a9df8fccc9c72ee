/* cmd_repl_session.c - what the REPL does with an input: compile, move the state on, run, show. Interface: repl.h.
 *
 * An input is compiled in up to four ways, the first that succeeds is taken: what it declares again counts for earlier functions too, or (pinned) only
 * from now on; its last expression is shown, or (dropped) only done. The first of these must also leave every variable its type. In each of them,
 * it is tried first to leave the statements of the input before out (retired), which is possible if no value needs their closures.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/repl.h"
#include "cli/wait.h"
#include "stdlib/io.h"
#include "stdlib/library.h"
#include "vm/image.h"
#include "vm/object.h"
#include "vm/program.h"

enum {
  SHOWN_MAX = 600, SHOWN_HEAD = 400, SHOWN_TAIL = 100, /* bytes of a result */
};

/* Making and freeing */

bool session_init(Session *s, const Flags *flags) {
  *s = (Session){.options = guest_options(flags), .nstates = 1, .is_terminal = isatty(STDIN_FILENO)};
  s->options.fuel = INT64_MAX;
  bool wants = !getenv("NO_COLOR") || !*getenv("NO_COLOR");
  const char *term = getenv("TERM");
  if (term && strcmp(term, "dumb") == 0) wants = false;
  s->color = wants && isatty(STDOUT_FILENO);
  s->color_errors = wants && isatty(STDERR_FILENO);
  return true;
}

static void state_free(State *state) {
  guest_free(state->guest);
  program_free(state->program);
  compile_answer_free(&state->answer);
  free(state->flags);
  *state = (State){0};
}

static void inputs_drop(Session *s, uint32_t count) {
  while (s->ninputs > count) {
    Input *input = &s->inputs[--s->ninputs];
    free(input->path);
    free(input->text);
  }
}

static void loaded_drop(Session *s, uint32_t count) {
  while (s->nloaded > count) {
    Loaded *file = &s->loaded[--s->nloaded];
    free(file->path);
    free(file->text);
  }
}

void session_clear(Session *s) {
  while (s->nstates) state_free(&s->states[--s->nstates]);
  s->nstates = 1;
  inputs_drop(s, 0);
  loaded_drop(s, 0);
}

void session_deinit(Session *s) {
  session_clear(s);
  free(s->inputs);
  free(s->loaded);
}

bool session_undo(Session *s) {
  if (s->nstates < 2) return false;
  state_free(&s->states[--s->nstates]);
  inputs_drop(s, session_state(s)->ninputs);
  return true;
}

/* Adds an input; false when memory is out. */
static bool input_push(Session *s, const char *path, const char *text, size_t length) {
  if (s->ninputs == s->inputs_cap) {
    uint32_t cap = s->inputs_cap ? 2 * s->inputs_cap : 16;
    Input *grown = realloc(s->inputs, cap * sizeof *grown);
    if (!grown) return false;
    s->inputs = grown;
    s->inputs_cap = cap;
  }
  Input input = {.text = malloc(length + 1), .length = length};
  bool is_known = false;
  s->counter++;
  for (uint32_t i = 0; path && i < s->ninputs; i++) is_known |= strcmp(s->inputs[i].path, path) == 0;
  if (!path) { if (asprintf(&input.path, "input %u", s->counter) < 0) input.path = NULL; }
  else if (!is_known) input.path = strdup(path);
  else if (asprintf(&input.path, "%s (input %u)", path, s->counter) < 0) input.path = NULL;
  if (!input.text || !input.path) {
    free(input.text);
    free(input.path);
    return false;
  }
  memcpy(input.text, text, length);
  input.text[length] = 0;
  s->inputs[s->ninputs++] = input;
  return true;
}

/* Compiling */

static bool loaded_add(Session *s, const char *path, const char *text, size_t length) {
  if (s->nloaded == s->loaded_cap) {
    uint32_t cap = s->loaded_cap ? 2 * s->loaded_cap : 4;
    Loaded *grown = realloc(s->loaded, cap * sizeof *grown);
    if (!grown) return false;
    s->loaded = grown;
    s->loaded_cap = cap;
  }
  char *copy = strdup(path);
  if (!copy) return false;
  s->loaded[s->nloaded++] = (Loaded){copy, (char *)text, length};
  return true;
}

static bool session_load(void *ctx, const char *path, bool is_library, const char **text, size_t *length) {
  Session *s = ctx;
  for (uint32_t i = 0; !is_library && i < s->nloaded; i++) {
    if (strcmp(s->loaded[i].path, path) != 0) continue;
    *text = s->loaded[i].text;
    *length = s->loaded[i].length;
    return true;
  }
  if (!source_load(NULL, path, is_library, text, length)) return false;
  return is_library || loaded_add(s, path, *text, *length);
}

/* Compiles all inputs with these flags; NULL after printing its mistakes, if is_loud. */
static Module *session_compile(Session *s, const uint8_t *flags, CompileSession *what, bool is_loud) {
  static Compilation compilation;
  const State *state = session_state(s);
  CompileInput *inputs = calloc(s->ninputs, sizeof *inputs);
  if (!inputs) return NULL;
  for (uint32_t i = 0; i < s->ninputs; i++) {
    const Input *input = &s->inputs[i];
    inputs[i] = (CompileInput){input->path, input->text, input->length, flags[i] & INPUT_PINNED, flags[i] & INPUT_DROPPED, flags[i] & INPUT_RETIRED};
  }
  what->inputs = inputs;
  what->ninputs = s->ninputs;
  what->done = state->answer.inits;
  what->ndone = state->answer.ninits;
  CompileOptions options = {.path = "input", .load = session_load, .load_ctx = s, .library_names = library_names, .session = what};
  compilation_init(&compilation);
  Module *module = compile_program(&compilation, &options);
  if (is_loud && compilation.diags.count) {
    io_flush();
    diags_print(&compilation.diags, stderr, &(DiagPrintOptions){.color = s->color_errors});
  }
  compilation_deinit(&compilation);
  free(inputs);
  return module;
}

/* The flags of all inputs, the last of which is new; malloc'd. */
static uint8_t *flags_next(const Session *s, uint8_t last, bool retires) {
  const State *state = &s->states[s->nstates - 1];
  uint8_t *flags = calloc(s->ninputs + 1u, 1);
  if (!flags) return NULL;
  if (state->ninputs) memcpy(flags, state->flags, state->ninputs);
  if (retires && s->ninputs > 1) flags[s->ninputs - 2] |= INPUT_RETIRED;
  flags[s->ninputs - 1] = last;
  return flags;
}

bool session_ask(Session *s, const Query *query, CompileAnswer *answer, Module **module) {
  uint32_t nloaded = s->nloaded;
  *answer = (CompileAnswer){0};
  if (!input_push(s, NULL, query->text, query->length)) return false;
  s->counter--;
  CompileSession what = {.wants_names = query->wants_names, .members_of = query->members_of, .doc_of = query->doc_of, .answer = answer};
  uint8_t *flags = flags_next(s, INPUT_PINNED, false);
  Module *made = flags ? session_compile(s, flags, &what, query->is_loud) : NULL;
  free(flags);
  inputs_drop(s, s->ninputs - 1);
  loaded_drop(s, nloaded);
  bool done = made != NULL;
  if (module) *module = made;
  else if (made) module_free(made);
  return done;
}

/* Moving on */

typedef struct Keyed { uint64_t key; uint32_t index; } Keyed;

static int keyed_compare(const void *a, const void *b) {
  uint64_t x = ((const Keyed *)a)->key, y = ((const Keyed *)b)->key;
  return x < y ? -1 : x > y;
}

/* For each of `from`, its place in `to`; malloc'd. */
static uint32_t *keys_map(const uint64_t *from, uint32_t nfrom, const uint64_t *to, uint32_t nto) {
  uint32_t *map = malloc(((size_t)nfrom + 1) * sizeof *map);
  Keyed *sorted = malloc(((size_t)nto + 1) * sizeof *sorted);
  if (!map || !sorted) {
    free(map);
    free(sorted);
    return NULL;
  }
  for (uint32_t i = 0; i < nto; i++) sorted[i] = (Keyed){to[i], i};
  qsort(sorted, nto, sizeof *sorted, keyed_compare);
  for (uint32_t i = 0; i < nfrom; i++) {
    Keyed *found = bsearch(&(Keyed){from[i], 0}, sorted, nto, sizeof *sorted, keyed_compare);
    map[i] = found ? found->index : IMAGE_GONE;
  }
  free(sorted);
  return map;
}

/* An input on its way to become a state. */
typedef struct Move {
  Session *s;
  Module *module;          /* until it is linked */
  State next;
  uint32_t *functions, *classes, *enums, *traits, *strings, *globals;
  ImageRebase rebase;
} Move;

static void move_free(Move *m) {
  free(m->functions);
  free(m->classes);
  free(m->enums);
  free(m->traits);
  free(m->strings);
  free(m->globals);
}

static bool move_maps(Move *m) {
  const CompileAnswer *from = &session_state(m->s)->answer, *to = &m->next.answer;
  const Module *old = session_state(m->s)->program->module;
  m->functions = keys_map(from->functions, from->nfunctions, to->functions, to->nfunctions);
  m->classes = keys_map(from->classes, from->nclasses, to->classes, to->nclasses);
  m->enums = keys_map(from->enums, from->nenums, to->enums, to->nenums);
  m->traits = keys_map(from->traits, from->ntraits, to->traits, to->ntraits);
  m->globals = keys_map(to->globals, to->nglobals, from->globals, from->nglobals);
  m->strings = malloc(((size_t)old->nstrings + 1) * sizeof *m->strings);
  m->rebase = (ImageRebase){NULL, m->functions, m->classes, m->enums, m->traits, m->strings, m->globals};
  bool done = m->functions && m->classes && m->enums && m->traits && m->globals && m->strings && module_strings_adopt(m->module, old, m->strings);
  if (done && to->shown < to->nglobals) m->globals[to->shown] = IMAGE_GONE;
  return done;
}

static void variable_lost(const Move *m, uint32_t global, const char *why) {
  io_flush();
  fprintf(stderr, "note: `%s` is gone: %s\n", session_state(m->s)->program->module->globals[m->globals[global]].name, why);
}

/* Variables whose types would change: an unpinned input must have none, a pinned one loses them. */
static bool move_types(Move *m, bool is_strict) {
  const Module *old = session_state(m->s)->program->module;
  for (uint32_t i = 0; i < m->module->nglobals; i++) {
    uint32_t from = m->globals[i];
    if (from == IMAGE_GONE || !session_state(m->s)->guest->globals_set[from]) continue;
    if (rebase_type_same(&m->rebase, old->globals[from].type, m->module->globals[i].type)) continue;
    if (is_strict) return false;
    variable_lost(m, i, "its type is another now");
    m->globals[i] = IMAGE_GONE;
  }
  return true;
}

/* Moves what can be moved, variable by variable. */
static Guest *move_parts(Move *m, ModuleError *error) {
  uint32_t count = m->next.answer.nglobals;
  uint32_t *wanted = malloc(((size_t)count + 1) * sizeof *wanted);
  if (!wanted) return NULL;
  memcpy(wanted, m->globals, count * sizeof *wanted);
  for (uint32_t i = 0; i < count; i++) m->globals[i] = IMAGE_GONE;
  Guest *guest = guest_rebase(session_state(m->s)->guest, &m->rebase, &m->s->options, &m->next.bytes, error);
  for (uint32_t i = 0; i < count && guest; i++) {
    if (wanted[i] == IMAGE_GONE) continue;
    m->globals[i] = wanted[i];
    Guest *more = guest_rebase(session_state(m->s)->guest, &m->rebase, &m->s->options, &m->next.bytes, error);
    if (!more) {
      variable_lost(m, i, error->reason);
      m->globals[i] = IMAGE_GONE;
      continue;
    }
    guest_free(guest);
    guest = more;
  }
  free(wanted);
  return guest;
}

/* Makes the next state of a module, its guest about to run. Takes the module. False when that can't be done, after saying why if not strict. */
static bool move_on(Move *m, bool is_strict) {
  ModuleError error = {0};
  const State *state = session_state(m->s);
  bool has_old = state->guest != NULL, done = !has_old || (move_maps(m) && move_types(m, is_strict));
  if (!done) {
    module_free(m->module);
    if (!is_strict) usage_error("out of memory");
    return false;
  }
  m->next.program = program_link(m->module, &error);
  m->module = NULL;
  if (m->next.program) {
    m->rebase.to = m->next.program;
    m->next.guest = has_old ? guest_rebase(state->guest, &m->rebase, &m->s->options, &m->next.bytes, &error) : guest_new(m->next.program, &m->s->options);
    if (has_old && !m->next.guest && !is_strict) m->next.guest = move_parts(m, &error);
  }
  if (!m->next.guest && !is_strict) usage_error("this input can't be run: %s", error.reason);
  return m->next.guest != NULL;
}

typedef enum Tried { TRIED_WELL, TRIED_MISTAKE, TRIED_MOVE } Tried; /* done; it can't be compiled; the state can't be moved */

static Tried session_try(Session *s, uint8_t flags, bool retires, State *next) {
  Move m = {.s = s, .next.flags = flags_next(s, flags, retires), .next.ninputs = s->ninputs};
  if (m.next.flags) m.module = session_compile(s, m.next.flags, &(CompileSession){.answer = &m.next.answer}, false);
  bool is_compiled = m.module != NULL;
  bool done = is_compiled && move_on(&m, retires || !(flags & INPUT_PINNED));
  move_free(&m);
  if (!done) state_free(&m.next);
  *next = m.next;
  return done ? TRIED_WELL : is_compiled ? TRIED_MOVE : TRIED_MISTAKE;
}

/* Makes the next state of the last input; false after printing why there is none. */
static bool session_prepare(Session *s, State *next) {
  static const uint8_t ways[] = {0, INPUT_DROPPED, INPUT_PINNED, INPUT_PINNED | INPUT_DROPPED};
  uint32_t nloaded = s->nloaded;
  for (unsigned i = 0; i < sizeof ways; i++) {
    Tried tried = session_try(s, ways[i], true, next);
    if (tried == TRIED_MOVE) tried = session_try(s, ways[i], false, next);
    if (tried != TRIED_WELL) continue;
    if (ways[i] & INPUT_PINNED) {
      io_flush();
      fputs("note: earlier definitions go on with what this replaces\n", stderr);
    }
    return true;
  }
  CompileAnswer answer = {0};
  uint8_t *flags = flags_next(s, INPUT_PINNED, true);
  Module *module = flags ? session_compile(s, flags, &(CompileSession){.answer = &answer}, true) : NULL;
  if (module) module_free(module);
  free(flags);
  compile_answer_free(&answer);
  loaded_drop(s, nloaded);
  return false;
}

/* Running */

static void guest_run_watched(Guest *guest) {
  do {
    guest_request_refuse(guest, "the REPL can't freeze a program; use :save");
    guest_run_on(guest);
  } while (guest->request && !io_stopped());
}

static size_t char_start(const char *text, size_t at) {
  while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80) at--;
  return at;
}

static void result_show(const Session *s, const State *state) {
  const CompileAnswer *answer = &state->answer;
  if (!answer->type || !state->guest->globals_set[answer->shown]) return;
  const String *text = state->guest->globals[state->program->global_slots[answer->shown]].p;
  size_t length = text->length;
  if (length > SHOWN_MAX) {
    size_t head = char_start(text->bytes, SHOWN_HEAD), tail = char_start(text->bytes, length - SHOWN_TAIL);
    printf("%.*s ... %.*s", (int)head, text->bytes, (int)(length - tail), text->bytes + tail);
  } else {
    fwrite(text->bytes, 1, length, stdout);
  }
  printf(s->color ? " \033[2m: %s\033[0m\n" : " : %s\n", answer->type);
  fflush(stdout);
}

/* Shows how a run ended; false if not well. */
static bool session_end(Session *s, State *state) {
  Guest *guest = state->guest;
  io_flush();
  if (guest->status == GUEST_FAILED) {
    if (s->color_errors) fputs("\033[31m", stderr);
    report_print(guest);
    if (s->color_errors) fputs("\033[0m", stderr);
    return false;
  }
  if (guest->status == GUEST_PAUSED || guest->status == GUEST_WAITING) {
    fputs(io_stopped() ? "interrupted\n" : "out of fuel\n", stderr);
    return false;
  }
  if (guest->trap == TRAP_EXIT) {
    s->is_over = true;
    s->status = (int)(guest->exit_status & 0xff);
    return true;
  }
  result_show(s, state);
  return true;
}

static void state_push(Session *s, const State *next) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < s->nstates; i++) bytes += s->states[i].bytes;
  while (s->nstates == STATES_MAX || (s->nstates > 2 && bytes > UNDO_BYTES_MAX)) {
    bytes -= s->states[0].bytes;
    state_free(&s->states[0]);
    memmove(s->states, s->states + 1, (STATES_MAX - 1) * sizeof *s->states);
    s->nstates--;
  }
  s->states[s->nstates++] = *next;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool session_eval(Session *s, const char *path, const char *text, size_t length) {
  State next;
  if (!input_push(s, path, text, length)) return usage_error("out of memory"), false;
  if (!session_prepare(s, &next)) {
    inputs_drop(s, s->ninputs - 1);
    return false;
  }
  state_push(s, &next);
  State *state = session_state(s);
  double start = seconds_now();
  guest_run_watched(state->guest);
  s->seconds_last = seconds_now() - start;
  s->fuel_last = guest_fuel_used(state->guest);
  s->fuel_total += s->fuel_last;
  bool done = session_end(s, state);
  io_stop_reset();
  state->guest->globals_set[state->answer.shown] = 0;
  if (!guest_idle(state->guest)) {
    usage_error("out of memory");
    s->is_over = true;
  }
  return done;
}
