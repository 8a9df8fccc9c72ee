/* describe.c - image_describe: what `firn image` shows. Interface: image.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/execute.h"
#include "vm/image.h"
#include "vm/native.h"
#include "vm/object.h"
#include "vm/program.h"

static void __attribute__((format(printf, 2, 3))) say(const TextOut *out, const char *format, ...) {
  char line[600];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (length > 0) out->write(out->ctx, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

/* Rows by falling bytes, then in the order of the image. */
static int row_order(const void *a, const void *b) {
  const ImageRow *x = a, *y = b;
  return x->bytes != y->bytes ? (x->bytes < y->bytes ? 1 : -1) : (x->desc->number > y->desc->number) - (x->desc->number < y->desc->number);
}

static void say_row(const TextOut *out, Module *module, const ImageRow *row) {
  const ObjDesc *desc = row->desc;
  char text[200] = "string";
  if (desc->kind == OBJ_BYTES) snprintf(text, sizeof text, "bytes");
  if (desc->kind == OBJ_TASK) snprintf(text, sizeof text, "task");
  if (desc->type) type_print(desc->type, text, sizeof text, module_decl_name, module);
  const char *note = desc->kind == OBJ_CLOSURE ? ", of " : desc->kind == OBJ_CELL ? ", captured variable" : desc->kind == OBJ_BOX ? ", held as a trait" : "";
  const char *name = desc->kind == OBJ_CLOSURE && desc->code->function->name ? desc->code->function->name : "";
  say(out, "  %12" PRIu64 " bytes %10" PRIu64 "  %s%s%s\n", row->bytes, row->count, text, note, name);
}

/* A task's state and trace, the innermost frame first. */
static void say_task(const TextOut *out, const Guest *guest, const Task *task) {
  static const char *const states[] = {[TASK_WAITS] = "waits", [TASK_READY] = "is ready", [TASK_RUNS] = "runs", [TASK_PENDING] = "waits for "};
  char *text = NULL;
  size_t length = 0;
  FILE *lines = open_memstream(&text, &length);
  if (!lines) return;
  bool is_pending = task->state == TASK_PENDING;
  fprintf(lines, "\ntask %" PRIu64 " %s%s, %" PRIu32 " frames, %" PRIu32 " slots of at most %" PRIu32 "\n", task->number, states[task->state],
          is_pending ? task_awaits(task)->name : "", task->nframes, task->top, guest->options.stack_slots);
  trace_write(lines, task, is_pending || task->state == TASK_RUNS);
  if (fclose(lines) == 0) out->write(out->ctx, text, length);
  free(text);
}

static void say_guest(const TextOut *out, Guest *guest, ImageCensus *census) {
  Module *module = guest->program->module;
  uint64_t objects = 0, bytes = 0;
  for (uint32_t i = 0; i < census->nrows; i++) {
    objects += census->rows[i].count;
    bytes += census->rows[i].bytes;
  }
  say(out, "image    %" PRIu64 " bytes, %" PRIu64 " unpacked\nmodule   ", census->packed, census->unpacked);
  for (size_t i = 0; i < sizeof census->hash; i++) say(out, "%02x", census->hash[i]);
  say(out, "%s\n", census->has_module ? "" : " (not in the image)");
  say(out, "fuel     %" PRIu64 " used, balance %" PRId64 "\n", guest_fuel_used(guest), guest->fuel);
  say(out, "memory   %" PRIu64 " bytes allocated since the start\n", guest->allocated);
  for (int i = 0; i < guest->options.nargs; i++) say(out, "%s%s%s", i ? " " : "args     ", guest->options.args[i], i + 1 == guest->options.nargs ? "\n" : "");
  for (const Task *task = guest->listed; task; task = task->next) say_task(out, guest, task);
  say(out, "\nheap     %" PRIu64 " objects, %" PRIu64 " bytes\n", objects, bytes);
  qsort(census->rows, census->nrows, sizeof *census->rows, row_order);
  for (uint32_t i = 0; i < census->nrows; i++) say_row(out, module, &census->rows[i]);
}

bool image_describe(const ImageSource *source, const ThawOptions *options, const TextOut *out, ModuleError *error) {
  ImageCensus census = {0};
  ThawOptions own = *options;
  Thawed thawed;
  own.census = &census;
  bool done = guest_thaw(source, &own, &thawed, error);
  if (done) {
    say_guest(out, thawed.guest, &census);
    bool is_given = options->find && options->find(options->find_ctx, census.hash) == thawed.program;
    guest_free(thawed.guest);
    if (!is_given) program_free(thawed.program);
    free(thawed.input);
  }
  free(census.rows);
  return done;
}
