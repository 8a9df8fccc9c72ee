/* guest.c - guests: making, running, failing, reporting.
 *
 * Interface: guest.h.
 *
 * Invariants
 * - Fuel is charged on arrival: a new guest has paid for entering its function, or is paused there.
 */
#include "vm/guest.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/execute.h"
#include "vm/heap.h"
#include "vm/program.h"

enum {
  TRACE_HEAD = 12,    /* innermost frames that a shortened trace shows */
  TRACE_TAIL = 8,     /* outermost ones */
  TEXT_MAX = 1 << 16, /* bytes of a trap's text: it leaves the guest without being output */
};

/* Guests */

Guest *guest_blank(Program *program, const GuestOptions *options) {
  Guest *guest = calloc(1, sizeof *guest);
  if (!guest) return NULL;
  guest->program = program;
  guest->options = *options;
  if (guest->options.stack_slots == 0) guest->options.stack_slots = GUEST_STACK_SLOTS;
  guest->globals = calloc(program->nglobal_slots + 1, sizeof *guest->globals);
  guest->globals_set = calloc(program->module->nglobals + 1, 1);
  if (!guest->globals || !guest->globals_set) {
    guest->program = NULL;
    guest_free(guest);
    return NULL;
  }
  heap_guest_add(guest);
  return guest;
}

static Guest *guest_start(Program *program, Code *code, const GuestOptions *options) {
  Guest *guest = guest_blank(program, options);
  if (!guest) return NULL;
  guest->granted = guest->fuel = options->fuel;
  guest->task = guest->main = guest->outside = task_outside(guest);
  Trap trap = guest->task ? task_push(guest, guest->task, code, 0) : TRAP_OUT_OF_MEMORY;
  if (trap != TRAP_NONE) {
    /* Even the first frame is over the limit: a guest that has failed, unless memory is out. */
    if (trap == TRAP_STACK_OVERFLOW) {
      guest_fail(guest, trap);
      return guest;
    }
    guest_free(guest);
    return NULL;
  }
  guest->task->state = TASK_RUNS;
  task_enlist(guest, guest->task);
  guest->fuel -= code->cost;
  guest->status = guest->fuel < 0 ? GUEST_PAUSED : GUEST_RUNNABLE;
  if (options->module_size && program_bytes(program) > options->module_size) guest_fail(guest, guest_trap_limit(guest, LIMIT_MODULE));
  if (guest_memory_limit(guest, guest->options.memory) || guest->status == GUEST_FAILED) return guest;
  guest_free(guest);
  return NULL;
}

Guest *guest_new(Program *program, const GuestOptions *options) { return guest_start(program, program->entry, options); }

Guest *guest_new_for(Program *program, uint32_t function, const GuestOptions *options) {
  Trap trap;
  Code *code = program_code(program, function, NULL, 0, &trap);
  return code ? guest_start(program, code, options) : NULL;
}

void guest_free(Guest *guest) {
  if (!guest) return;
  if (guest->program) heap_guest_remove(guest);
  task_free(guest->outside);
  free(guest->ready);
  free(guest->pending);
  free(guest->globals);
  free(guest->globals_set);
  free(guest->trap_text);
  for (int i = 0; guest->own_args && i < guest->options.nargs; i++) free(guest->own_args[i]);
  free(guest->own_args);
  free(guest->request);
  free(guest->failure);
  free(guest->held);
  free(guest);
}

Value *guest_answer(Guest *guest) {
  const Frame *top = &guest->task->frames[guest->task->nframes - 1];
  return guest->task->slots + top->base + top->code->insns[top->pc - 1].a;
}

void guest_grant(Guest *guest, int64_t units) {
  if (units > INT64_MAX - guest->granted) units = INT64_MAX - guest->granted;
  guest->granted += units;
  guest->fuel += units;
}

void guest_request_refuse(Guest *guest, const char *why) {
  if (!guest->request) return;
  free(guest->request);
  free(guest->failure);
  guest->request = NULL;
  guest->failure = why ? strdup(why) : NULL;
  guest_answer(guest)->i = GUEST_NOT_FROZEN;
}

GuestStatus guest_run(Guest *guest) {
  guest_request_refuse(guest, NULL);
  if (guest->status == GUEST_FINISHED || guest->status == GUEST_FAILED) return guest->status;
  if (guest->status == GUEST_WAITING) return guest->status;
  if (guest_is_out(guest)) return guest->status = GUEST_PAUSED;
  guest->wanted = 0;
  guest->status = GUEST_RUNNABLE;
  guest->status = guest->options.tier == TIER_ORACLE ? oracle_run(guest) : interp_run(guest);
  guest->window = NULL;
  return guest->status;
}

GuestStatus guest_run_slice(Guest *guest, int64_t units) {
  if (units < guest->wanted) units = guest->wanted;
  int64_t kept = guest->fuel > units ? guest->fuel - units : 0;
  guest->fuel -= kept;
  guest_run(guest);
  guest->fuel += kept;
  return guest->status;
}

bool guest_idle(Guest *guest) {
  Task *first = task_blank(guest);
  if (!first) return false;
  if (guest->task->state == TASK_RUNS) task_drop(guest, guest->task);
  task_drop(guest, guest->main);
  if (guest->status != GUEST_FINISHED) pending_drop_asked(guest);
  first->state = TASK_RUNS;
  guest->main = guest->task = first;
  task_enlist(guest, first);
  guest->status = GUEST_PAUSED;
  guest->trap = TRAP_NONE;
  return true;
}

/* Limits */

uint64_t guest_used(Guest *guest, LimitId limit) {
  switch (limit) {
#define LIMIT(id, field, trap, unit, used, ...) case LIMIT_##id: return used;
#include "vm/limit.def"
    case LIMITS: break;
  }
  return 0;
}

static const struct LimitRow {
  size_t offset; /* in GuestOptions */
  Trap trap;
  bool is_bytes;
  const char *name;
} limit_rows[] = {
#define BYTES true
#define COUNT false
#define LIMIT(id, field, trap, unit, used, flag, value, name, doc) {offsetof(GuestOptions, field), TRAP_##trap, unit, name},
#include "vm/limit.def"
#undef BYTES
#undef COUNT
};

uint64_t guest_limit(const Guest *guest, LimitId limit) {
  uint64_t most;
  memcpy(&most, (const char *)&guest->options + limit_rows[limit].offset, sizeof most);
  return most;
}

const char *limit_name(LimitId limit) { return limit_rows[limit].name; }

bool limit_is_bytes(LimitId limit) { return limit_rows[limit].is_bytes; }

LimitId limit_of_trap(Trap trap) {
  unsigned limit = 0;
  while (limit < LIMITS && limit_rows[limit].trap != trap) limit++;
  return (LimitId)limit;
}

Trap guest_trap_limit(Guest *guest, LimitId limit) {
  uint64_t most = guest_limit(guest, limit);
  guest->trap_args[0] = most > INT64_MAX ? INT64_MAX : (int64_t)most;
  return limit_rows[limit].trap;
}

Trap guest_output(Guest *guest, uint64_t bytes) {
  uint64_t most = guest->options.output;
  if (most && (guest->written > most || bytes > most - guest->written)) return guest_trap_limit(guest, LIMIT_OUTPUT);
  guest->written += bytes;
  return TRAP_NONE;
}

/* Failing */

void guest_fail(Guest *guest, Trap trap) {
  if (trap == TRAP_SUSPEND || trap == TRAP_RETRY) {
    guest->task->frames[guest->task->nframes - 1].pc += trap == TRAP_SUSPEND;
    guest->status = GUEST_PAUSED;
    return;
  }
  if (trap == TRAP_OUT_OF_MEMORY && guest->is_over) trap = guest_trap_limit(guest, LIMIT_MEMORY);
  guest->trap = trap;
  if (trap == TRAP_EXIT) {
    guest->exit_status = guest->trap_args[0];
    guest->status = GUEST_FINISHED;
    return;
  }
  guest->status = GUEST_FAILED;
}

Trap guest_trap_text(Guest *guest, Trap trap, const char *text, size_t length) {
  static const char more[] = "...";
  bool is_cut = length > TEXT_MAX;
  if (is_cut) {
    for (length = TEXT_MAX; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;) length--;
  }
  free(guest->trap_text);
  guest->trap_text = malloc(length + sizeof more);
  if (!guest->trap_text) return TRAP_OUT_OF_MEMORY;
  memcpy(guest->trap_text, text, length);
  memcpy(guest->trap_text + length, is_cut ? more : "", is_cut ? sizeof more : 1);
  return trap;
}

Trap guest_trap_index(Guest *guest, int64_t index, int64_t length) {
  guest->trap_args[0] = index;
  guest->trap_args[1] = length;
  return TRAP_INDEX;
}

/* Reporting */

/* Fills %d and %s of a trap's message in. */
static void message_write(FILE *out, const Guest *guest) {
  const char *message = trap_message(guest->trap);
  unsigned next = 0;
  for (const char *p = message ? message : "unknown trap"; *p; p++) {
    if (p[0] == '%' && p[1] == 'd' && next < 3) {
      fprintf(out, "%" PRId64, guest->trap_args[next++]);
      p++;
    } else if (p[0] == '%' && p[1] == 's') {
      if (guest->trap_text) fputs(guest->trap_text, out);
      p++;
    } else {
      fputc(*p, out);
    }
  }
}

void frame_write(FILE *out, const Frame *frame, bool innermost) {
  const char *name = NULL, *file = NULL;
  uint32_t line = 0, column = 0;
  uint32_t pc = innermost || frame->pc == 0 ? frame->pc : frame->pc - 1;
  code_position(frame->code, pc, &name, &file, &line, &column);
  fprintf(out, "  at %s", name && *name ? name : "?");
  if (file) fprintf(out, " (%s:%" PRIu32 ":%" PRIu32 ")", file, line, column);
  else fprintf(out, " (pc %" PRIu32 ")", pc);
}

void trace_write(FILE *out, const Task *task, bool runs) {
  uint32_t count = task->nframes;
  for (uint32_t i = 0; i < count; i++) {
    if (count > TRACE_HEAD + TRACE_TAIL + 1 && i == TRACE_HEAD) {
      fprintf(out, "  ... %" PRIu32 " more ...\n", count - TRACE_HEAD - TRACE_TAIL);
      i = count - TRACE_TAIL;
    }
    frame_write(out, &task->frames[count - 1 - i], i == 0 && runs);
    fputc('\n', out);
  }
}

char *guest_report(const Guest *guest) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out) return NULL;
  if (guest->trap != TRAP_NONE) {
    if (guest->trap != TRAP_ERROR) fputs("panic: ", out);
    message_write(out, guest);
    fputc('\n', out);
  }
  if (guest->task) trace_write(out, guest->task, true);
  return fclose(out) == 0 ? text : (free(text), NULL);
}
