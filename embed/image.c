/* image.c - images, clones, and what is on a guest's heap. Interface: include/firn.h. */
#include <stdio.h>
#include <stdlib.h>

#include "embed/embed.h"
#include "vm/image.h"
#include "vm/quota.h"

/* Freezing and thawing */

typedef struct Sink {
  FirnWrite write;
  void *userdata;
  bool failed;
} Sink;

static bool sink_write(void *ctx, const void *bytes, size_t length) {
  Sink *sink = ctx;
  return !sink->failed && !(sink->failed = !sink->write(sink->userdata, bytes, length));
}

static FirnError *freeze(FirnGuest *g, bool refer, Sink *sink) {
  ModuleError reason;
  FirnError *error = guest_busy(g);
  if (error) return error;
  FreezeOptions options = {.refer = refer};
  if (guest_freeze(g->guest, &options, &(ImageSink){sink_write, sink}, &reason)) return NULL;
  if (sink->failed) return error_make(FIRN_E_IO, "the write callback failed");
  return module_error_is_memory(&reason) ? error_memory() : error_make(FIRN_E_IMAGE, "%s", reason.reason);
}

FirnError *firn_freeze(FirnGuest *g, bool refer, FirnWrite write, void *userdata) {
  if (!g || !write) return error_make(FIRN_E_ARGUMENT, "firn_freeze: an argument is NULL");
  api_enter();
  FirnError *error = freeze(g, refer, &(Sink){write, userdata, false});
  api_leave();
  return error;
}

typedef struct Source {
  FirnRead read;
  void *userdata;
  bool failed;
} Source;

static ptrdiff_t source_read(void *ctx, void *bytes, size_t length) {
  Source *source = ctx;
  ptrdiff_t got = source->read(source->userdata, bytes, length);
  if (got < 0 || (size_t)got > length) source->failed = true;
  return source->failed ? -1 : got;
}

typedef struct Finding { Firn *firn; bool lacks; /* memory for hashes */ } Finding;

/* A program of the engine by its module's hash. */
static Program *program_find(void *ctx, const uint8_t hash[32]) {
  Finding *finding = ctx;
  uint8_t own[32];
  for (FirnProgram *program = finding->firn->programs; program; program = program->next) {
    if (!module_hash(program->program->module, own)) finding->lacks = true;
    else if (memcmp(own, hash, sizeof own) == 0) return program->program;
  }
  return NULL;
}

/* The engine's program for a linked one, which is made if there is none. One more reference. */
static FirnProgram *program_for(Firn *firn, Program *linked) {
  for (FirnProgram *program = firn->programs; program; program = program->next) {
    if (program->program != linked) continue;
    program->refs++;
    return program;
  }
  return program_adopt(firn, linked);
}

static FirnError *thaw(Firn *firn, Source *source, const FirnGuestOptions *options, FirnGuest **made) {
  GuestOptions own;
  FirnGuestOptions given = *options;
  given.args = NULL;
  given.nargs = 0;
  FirnError *error = guest_prepare(firn, &given, made, &own);
  if (error) return error;
  Finding finding = {firn, false};
  ThawOptions thaw_options = {.guest = own, .find = program_find, .find_ctx = &finding, .natives = &firn->finder, .idle = true};
  Thawed thawed;
  ModuleError reason;
  if (!guest_thaw(&(ImageSource){source_read, source}, &thaw_options, &thawed, &reason)) {
    if (source->failed) return error_make(FIRN_E_IO, "the read callback failed");
    if (finding.lacks || module_error_is_memory(&reason)) return error_memory();
    return error_make(FIRN_E_IMAGE, "%s (in the block at %llu)", reason.reason, (unsigned long long)reason.offset);
  }
  free(thawed.input);
  FirnGuest *g = *made;
  g->guest = thawed.guest;
  g->is_unlimited = thawed.guest->fuel > INT64_MAX / 4;
  FirnProgram *program = program_for(firn, thawed.program);
  if (!program) {
    /* The linked program is gone already, so nothing of the guest may look at it. */
    guest_free(g->guest);
    g->guest = NULL;
    return error_memory();
  }
  error = grants_check(program->program, options);
  if (!error) {
    guest_list(g, program);
  } else {
    guest_free(g->guest);
    g->guest = NULL;
  }
  program_drop(program);
  return error;
}

FirnError *firn_thaw(Firn *firn, FirnRead read, void *userdata, const FirnGuestOptions *options, FirnGuest **guest) {
  if (guest) *guest = NULL;
  if (!firn || !read || !guest) return error_make(FIRN_E_ARGUMENT, "firn_thaw: an argument is NULL");
  FirnGuestOptions own;
  FirnGuest *made = NULL;
  FirnError *error = options_read(&own, sizeof own, options, "FirnGuestOptions");
  if (error) return error;
  api_enter();
  error = thaw(firn, &(Source){read, userdata, false}, &own, &made);
  if (error) guest_discard(made);
  else *guest = made;
  api_leave();
  return error;
}

static FirnError *clone_make(FirnGuest *g, void *userdata, FirnGuest **made) {
  FirnError *error = guest_busy(g);
  if (error) return error;
  FirnGuest *copy = *made = calloc(1, sizeof *copy);
  if (!copy) return error_memory();
  if (g->guest->status == GUEST_FAILED || (g->guest->status == GUEST_FINISHED && !guest_is_idle(g->guest))) return error_make(FIRN_E_IMAGE, "the guest has ended");
  copy->guest = guest_clone(g->guest);
  if (!copy->guest) return error_memory();
  copy->guest->options.write_ctx = copy;
  copy->firn = g->firn;
  copy->setup = g->setup;
  copy->setup->refs++;
  copy->write = g->write;
  copy->read_line = g->read_line;
  copy->userdata = userdata;
  copy->exit_status = g->exit_status;
  copy->is_unlimited = g->is_unlimited;
  guest_list(copy, g->program);
  return NULL;
}

FirnError *firn_clone(FirnGuest *g, void *userdata, FirnGuest **clone) {
  if (clone) *clone = NULL;
  if (!g || !clone) return error_make(FIRN_E_ARGUMENT, "firn_clone: an argument is NULL");
  FirnGuest *made = NULL;
  api_enter();
  FirnError *error = clone_make(g, userdata, &made);
  if (error) guest_discard(made);
  else *clone = made;
  api_leave();
  return error;
}

/* The heap by type */

typedef struct Row {
  const ObjDesc *desc;
  uint64_t count, bytes;
} Row;

typedef struct Census {
  Row *rows;      /* by place; open addressing by the descriptor's number */
  size_t nrows, size;
  bool failed;
} Census;

static Row *row_place(Row *rows, size_t size, const ObjDesc *desc) {
  size_t at = desc->number * UINT64_C(0x9e3779b97f4a7c15) & (size - 1);
  while (rows[at].desc && rows[at].desc != desc) at = (at + 1) & (size - 1);
  return &rows[at];
}

static bool census_grow(Census *census) {
  size_t size = census->size ? 2 * census->size : 64;
  Row *rows = calloc(size, sizeof *rows);
  if (!rows) return false;
  for (size_t i = 0; i < census->size; i++) {
    if (census->rows[i].desc) *row_place(rows, size, census->rows[i].desc) = census->rows[i];
  }
  free(census->rows);
  census->rows = rows;
  census->size = size;
  return true;
}

static void census_add(void *ctx, const ObjDesc *desc, uint64_t bytes) {
  Census *census = ctx;
  if (2 * census->nrows >= census->size && !census_grow(census)) {
    census->failed = true;
    return;
  }
  Row *row = row_place(census->rows, census->size, desc);
  if (!row->desc) census->nrows++;
  row->desc = desc;
  row->count++;
  row->bytes += bytes;
}

/* By falling bytes, empty places last. */
static int row_order(const void *a, const void *b) {
  const Row *x = a, *y = b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return (x->desc ? x->desc->number : 0) < (y->desc ? y->desc->number : 0) ? 1 : -1;
}

static bool row_tell(FirnGuest *g, const Row *row, FirnHeapRow tell, void *userdata) {
  const ObjDesc *desc = row->desc;
  const char *type = desc->kind == OBJ_STRING ? "string" : desc->kind == OBJ_BYTES ? "bytes" : desc->kind == OBJ_TASK ? "task" : program_type_text(g->program, desc->type);
  return tell(userdata, type ? type : "?", row->count, row->bytes);
}

static FirnError *heap_tell(FirnGuest *g, FirnHeapRow tell, void *userdata) {
  Census census = {0};
  FirnError *error = guest_busy(g);
  if (error) return error;
  if (!guest_census(g->guest, census_add, &census) || census.failed) error = error_memory();
  if (!error && census.size) qsort(census.rows, census.size, sizeof *census.rows, row_order);
  for (size_t i = 0; !error && i < census.nrows; i++) {
    if (!row_tell(g, &census.rows[i], tell, userdata)) break;
  }
  free(census.rows);
  return error;
}

FirnError *firn_heap(FirnGuest *g, FirnHeapRow row, void *userdata) {
  if (!g || !row) return error_make(FIRN_E_ARGUMENT, "firn_heap: an argument is NULL");
  api_enter();
  FirnError *error = heap_tell(g, row, userdata);
  api_leave();
  return error;
}
