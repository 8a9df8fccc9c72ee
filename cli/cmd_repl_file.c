/* cmd_repl_file.c - saved sessions. Interface: repl.h.
 *
 * A file has: magic and version; the inputs; the files that they imported; the keys of the program and of the initialisers that ran; and the image of
 * the guest, which holds its module. Numbers are 4 bytes (keys 8), little-endian; a text is its length and its bytes. Whatever the file says, the image
 * is checked when it is thawed and when the next input moves the state on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/repl.h"
#include "stdlib/io.h"
#include "vm/image.h"
#include "vm/program.h"

#define SESSION_MAGIC "\0fse"
enum { SESSION_VERSION = 1, COUNT_MAX = 1 << 24 };

/* Writing */

typedef struct Saver { FileOut out; bool failed; } Saver;

static void put_bytes(Saver *w, const void *bytes, size_t length) { w->failed = w->failed || !file_out_write(&w->out, bytes, length); }

static void put_number(Saver *w, uint64_t number, unsigned size) {
  uint8_t bytes[8];
  for (unsigned i = 0; i < size; i++) bytes[i] = (uint8_t)(number >> 8 * i);
  put_bytes(w, bytes, size);
}

static void put_text(Saver *w, const char *text, size_t length) {
  put_number(w, length, 4);
  put_bytes(w, text, length);
}

static void put_keys(Saver *w, const uint64_t *keys, uint32_t count) {
  put_number(w, count, 4);
  for (uint32_t i = 0; i < count; i++) put_number(w, keys[i], 8);
}

static bool image_put(void *ctx, const void *bytes, size_t length) {
  put_bytes(ctx, bytes, length);
  return !((Saver *)ctx)->failed;
}

/* The guest, in its own program, whose entry it is to run again; that it never does. */
static bool put_guest(Saver *w, const State *state, ModuleError *error) {
  uint32_t count = state->program->module->nglobals, *same = malloc(((size_t)count + 1) * sizeof *same);
  if (!same) return false;
  for (uint32_t i = 0; i < count; i++) same[i] = i;
  FreezeOptions options = {.rebase = &(ImageRebase){.to = state->program, .globals = same}};
  bool done = guest_freeze(state->guest, &options, &(ImageSink){image_put, w}, error);
  free(same);
  return done;
}

static bool session_put(Saver *w, Session *s, ModuleError *error) {
  const State *state = session_state(s);
  const CompileAnswer *a = &state->answer;
  put_bytes(w, SESSION_MAGIC, 4);
  put_number(w, SESSION_VERSION, 4);
  put_number(w, s->counter, 4);
  put_number(w, s->ninputs, 4);
  for (uint32_t i = 0; i < s->ninputs; i++) {
    const Input *input = &s->inputs[i];
    put_number(w, state->flags[i], 4);
    put_text(w, input->path, strlen(input->path));
    put_text(w, input->text, input->length);
  }
  put_number(w, s->nloaded, 4);
  for (uint32_t i = 0; i < s->nloaded; i++) {
    put_text(w, s->loaded[i].path, strlen(s->loaded[i].path));
    put_text(w, s->loaded[i].text, s->loaded[i].length);
  }
  put_keys(w, a->functions, a->nfunctions);
  put_keys(w, a->classes, a->nclasses);
  put_keys(w, a->enums, a->nenums);
  put_keys(w, a->traits, a->ntraits);
  put_keys(w, a->globals, a->nglobals);
  put_keys(w, a->inits, a->ninits);
  put_number(w, state->guest != NULL, 4);
  return state->guest ? put_guest(w, state, error) : !w->failed;
}

bool session_save(Session *s, const char *path) {
  Saver w = {0};
  ModuleError error = {0};
  io_flush();
  if (!file_out_open(&w.out, path)) return usage_error("can't write '%s': %s", path, strerror(w.out.error)), false;
  bool done = session_put(&w, s, &error) && !w.failed;
  if (done && file_out_close(&w.out)) return true;
  if (!done && !w.out.error) usage_error("can't save: %s", *error.reason ? error.reason : "out of memory");
  else usage_error("can't write '%s': %s", path, strerror(w.out.error));
  if (!done) file_out_drop(&w.out);
  return false;
}

/* Reading */

typedef struct Restorer {
  const uint8_t *at, *end;
  bool failed;
} Restorer;

static uint64_t get_number(Restorer *r, unsigned size) {
  uint64_t number = 0;
  if ((size_t)(r->end - r->at) < size) r->failed = true;
  for (unsigned i = 0; !r->failed && i < size; i++) number |= (uint64_t)*r->at++ << 8 * i;
  return number;
}

/* How many of something follow, each of at least `size` bytes. */
static uint32_t get_count(Restorer *r, size_t size) {
  uint64_t count = get_number(r, 4);
  if (count > COUNT_MAX || count * size > (uint64_t)(r->end - r->at)) r->failed = true;
  return r->failed ? 0 : (uint32_t)count;
}

static char *get_text(Restorer *r, size_t *length) {
  *length = get_number(r, 4);
  if (r->failed || *length > (size_t)(r->end - r->at)) r->failed = true;
  char *text = r->failed ? NULL : malloc(*length + 1);
  if (!text) {
    r->failed = true;
    *length = 0;
    return NULL;
  }
  memcpy(text, r->at, *length);
  text[*length] = 0;
  r->at += *length;
  return text;
}

static uint64_t *get_keys(Restorer *r, uint32_t *count) {
  *count = get_count(r, 8);
  uint64_t *keys = malloc(((size_t)*count + 1) * sizeof *keys);
  if (!keys) {
    r->failed = true;
    *count = 0;
  }
  for (uint32_t i = 0; i < *count; i++) keys[i] = get_number(r, 8);
  return keys;
}

static void get_inputs(Restorer *r, Session *s) {
  s->counter = (uint32_t)get_number(r, 4);
  uint32_t count = get_count(r, 12);
  size_t length;
  s->inputs = calloc((size_t)count + 1, sizeof *s->inputs);
  s->inputs_cap = s->inputs ? count : 0;
  uint8_t *flags = session_state(s)->flags = calloc((size_t)count + 1, 1);
  for (uint32_t i = 0; s->inputs && flags && i < count && !r->failed; i++) {
    Input *input = &s->inputs[s->ninputs++];
    flags[i] = (uint8_t)get_number(r, 4);
    input->path = get_text(r, &length);
    input->text = get_text(r, &input->length);
  }
  count = get_count(r, 8);
  s->loaded = calloc((size_t)count + 1, sizeof *s->loaded);
  s->loaded_cap = s->loaded ? count : 0;
  for (uint32_t i = 0; s->loaded && i < count && !r->failed; i++) {
    Loaded *file = &s->loaded[s->nloaded++];
    file->path = get_text(r, &length);
    file->text = get_text(r, &file->length);
  }
  if (!s->inputs || !s->loaded || !flags) r->failed = true;
}

static ptrdiff_t image_get(void *ctx, void *bytes, size_t length) {
  Restorer *r = ctx;
  size_t left = (size_t)(r->end - r->at);
  if (length > left) length = left;
  memcpy(bytes, r->at, length);
  r->at += length;
  return (ptrdiff_t)length;
}

static bool keys_fit(const CompileAnswer *a, const Module *m) {
  return a->nfunctions == m->nfunctions && a->nclasses == m->nclasses && a->nenums == m->nenums && a->ntraits == m->ntraits && a->nglobals == m->nglobals;
}

static bool get_state(Restorer *r, Session *s, ModuleError *error) {
  State *state = session_state(s);
  CompileAnswer *a = &state->answer;
  a->functions = get_keys(r, &a->nfunctions);
  a->classes = get_keys(r, &a->nclasses);
  a->enums = get_keys(r, &a->nenums);
  a->traits = get_keys(r, &a->ntraits);
  a->globals = get_keys(r, &a->nglobals);
  a->inits = get_keys(r, &a->ninits);
  state->ninputs = s->ninputs;
  if (!get_number(r, 4) || r->failed) return !r->failed;
  Thawed thawed;
  ThawOptions options = {.guest = s->options};
  if (!guest_thaw(&(ImageSource){image_get, r}, &options, &thawed, error)) return false;
  free(thawed.input);
  state->guest = thawed.guest;
  state->program = thawed.program;
  return keys_fit(a, state->program->module) && guest_idle(state->guest);
}

bool session_restore(Session *s, const char *path) {
  char *bytes;
  size_t length;
  if (!file_read(path, &bytes, &length)) return false;
  Session made = *s;
  made.inputs = NULL;
  made.loaded = NULL;
  made.ninputs = made.inputs_cap = made.nloaded = made.loaded_cap = 0;
  made.nstates = 1;
  made.states[0] = (State){0};
  Restorer r = {(const uint8_t *)bytes, (const uint8_t *)bytes + length, false};
  ModuleError error = {0};
  bool done = length >= 8 && memcmp(bytes, SESSION_MAGIC, 4) == 0;
  r.at += done ? 4 : 0;
  done = done && get_number(&r, 4) == SESSION_VERSION;
  if (done) get_inputs(&r, &made);
  done = done && !r.failed && get_state(&r, &made, &error);
  free(bytes);
  if (!done) {
    usage_error("%s: not a saved session%s%s", path, *error.reason ? ": " : "", error.reason);
    session_deinit(&made);
    return false;
  }
  session_deinit(s);
  *s = made;
  return true;
}
