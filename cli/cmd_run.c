/* cmd_run.c - `firn run` and `firn test`: guests on the command line; how they run, freeze and end. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/wait.h"
#include "stdlib/io.h"
#include "stdlib/wait.h"
#include "vm/heap.h"
#include "vm/image.h"
#include "vm/native.h"
#include "vm/program.h"
#include "vm/stress.h"
#include "vm/tier.h"

void report_print(const Guest *guest) {
  char *report = guest_report(guest);
  fputs(report ? report : "panic, and no memory is left to say which\n", stderr);
  free(report);
}

GuestOptions guest_options(const Flags *flags) {
  heap_stress = (flags->stress & STRESS_GC) != 0;
  tier_info = flags->jit_info;
  tier_leave_often(flags->stress & STRESS_LEAVE ? flags->leave_each : 0);
  int64_t slots = flags->stack / 8;
  return (GuestOptions){
      .tier = flags->tier,
      .jit = flags->jit,
      .fuel = flags->fuel < 0 ? INT64_MAX : flags->fuel,
      .deadline = flags->deadline,
#define LIMIT(id, field, ...) .field = (uint64_t)flags->limits[LIMIT_##id],
#include "vm/limit.def"
      .stack_slots = slots > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)slots,
      .grants = flags->grants,
      .folders = flags->folders,
  };
}

Program *program_load(const char *path, const Flags *flags, bool with_tests) {
  Module *module = module_load(path, flags, with_tests);
  if (!module) return NULL;
  ModuleError error;
  Program *program = program_link(module, &error);
  if (!program) usage_error("%s: bad module: %s (at %llu)", path, error.reason, (unsigned long long)error.offset);
  else if (flags->specialisations >= 0) program_limit(program, (uint64_t)flags->specialisations);
  return program;
}

static void limit_print(Guest *guest, LimitId limit) {
  const char *unit = limit_is_bytes(limit) ? " bytes" : "";
  fprintf(stderr, "%-16s %llu%s", limit_name(limit), (unsigned long long)guest_used(guest, limit), unit);
  if (guest_limit(guest, limit)) fprintf(stderr, " of %llu", (unsigned long long)guest_limit(guest, limit));
  fputc('\n', stderr);
}

static void stats_print(Guest *guest, clock_t start) {
  HeapStats heap = heap_stats();
  fprintf(stderr, "state hash       %016llx\n", (unsigned long long)guest_state_hash(guest));
  fprintf(stderr, "fuel used        %llu\n", (unsigned long long)guest_fuel_used(guest));
  fprintf(stderr, "memory allocated %llu bytes\n", (unsigned long long)guest->allocated);
  for (int limit = 0; limit < LIMITS; limit++) limit_print(guest, (LimitId)limit);
  fprintf(stderr, "heap             %llu bytes, %llu collections\n", (unsigned long long)heap.heap_bytes,
          (unsigned long long)heap.collections);
  fprintf(stderr, "specialisations  %u\n", (unsigned)guest->program->ncodes);
  tier_stats(stderr);
  fprintf(stderr, "cpu time         %.6f s\n", (double)(clock() - start) / CLOCKS_PER_SEC);
}

/* Freezing */

/* Writes a guest's image. Returns NULL, or why that failed: a static text, or one in `reason`. */
static const char *image_write(Guest *guest, const char *path, const Flags *flags, char reason[300]) {
  FileOut out;
  FreezeOptions options = {.refer = flags->refer};
  ModuleError error;
  io_flush();
  io_input_unread(&options.input, &options.input_length);
  if (!file_out_open(&out, path)) {
    snprintf(reason, 300, "can't write '%.200s': %s", path, strerror(out.error));
    return reason;
  }
  bool frozen = guest_freeze(guest, &options, &(ImageSink){file_out_write, &out}, &error);
  if (frozen && file_out_close(&out)) return NULL;
  if (!frozen && !out.error) snprintf(reason, 300, "can't freeze the program: %s", error.reason);
  else snprintf(reason, 300, "can't write '%.200s': %s", path, strerror(out.error));
  if (!frozen) file_out_drop(&out);
  return reason;
}

/* Freezes where --freeze says. Returns false after printing why that failed. */
static bool guest_put_away(Guest *guest, const Flags *flags) {
  char reason[300];
  const char *problem = image_write(guest, flags->freeze, flags, reason);
  if (problem) usage_error("%s", problem);
  return !problem;
}

/* Writes the image that a guest asked for, where it may write. Returns as image_write. */
static const char *request_write(Guest *guest, const char *path, const Flags *flags, char reason[300]) {
  Place place;
  char *beneath = NULL;
  if (!guest->options.folders) return image_write(guest, path, flags, reason);
  if (!place_open(guest, path, &place)) {
    const char *why = errno == REFUSED_WRITE ? capability_refusal(CAP_FREEZE) : strerror(errno);
    snprintf(reason, 300, "can't write '%.150s': %s", path, why);
    return reason;
  }
  const char *problem = "out of memory";
  if (asprintf(&beneath, "/proc/self/fd/%d/%s", place.fd, place.name) >= 0) problem = image_write(guest, beneath, flags, reason);
  free(beneath);
  place_close(&place);
  return problem;
}

/* Does what the guest asked for with guest.freeze: the image's guest is answered that it was thawed, this one that it was frozen or why not. */
static void request_serve(Guest *guest, const Flags *flags) {
  char reason[300], *path = guest->request;
  guest->request = NULL;
  guest_answer(guest)->i = GUEST_THAWED;
  const char *problem = request_write(guest, path, flags, reason);
  guest_answer(guest)->i = problem ? GUEST_NOT_FROZEN : GUEST_FROZEN;
  free(guest->failure);
  guest->failure = problem ? strdup(problem) : NULL;
  free(path);
}

static void signal_came(int number) {
  (void)number;
  io_stop();
}

static bool run_stressed(Guest **guest, const Flags *flags) {
  char problem[200];
  StressOptions options = {.modes = flags->stress, .seed = 1, .every = (uint64_t)flags->stress_every};
  if (stress_run(guest, &options, problem)) return true;
  io_flush();
  usage_error("stress: %s", problem);
  return false;
}

/* Runs until the guest ends, is out of fuel or time, or is to be frozen because of the signal. */
static bool run_until_stop(Guest **guest, const Flags *flags) {
  for (;;) {
    if (flags->stress & ~(unsigned)(STRESS_GC | STRESS_LEAVE)) {
      if (!run_stressed(guest, flags)) return false;
      if ((*guest)->status == GUEST_WAITING) guest_wait(*guest);
    } else {
      guest_run_on(*guest);
    }
    if ((*guest)->status == GUEST_FINISHED || (*guest)->status == GUEST_FAILED) return true;
    if ((*guest)->request) request_serve(*guest, flags);
    else if (io_stopped() || guest_is_late(*guest) || ((*guest)->status == GUEST_PAUSED && guest_is_out(*guest))) return true;
  }
}

/* What the process answers for a guest that stopped. */
static int guest_exit_status(Guest *guest, const Flags *flags) {
  bool is_out = guest->status == GUEST_PAUSED && guest_is_out(guest);
  switch (guest->status) {
    case GUEST_FINISHED: return (int)(guest->exit_status & 0xff);
    case GUEST_PAUSED:
    case GUEST_WAITING:
      if (is_out) fputs("firn: out of fuel\n", stderr);
      else if (!io_stopped()) fputs("firn: out of time\n", stderr);
      if (flags->freeze && !guest_put_away(guest, flags)) return EXIT_FAILED;
      return EXIT_FUEL;
    default: report_print(guest); return limit_of_trap(guest->trap) < LIMITS ? EXIT_LIMIT : EXIT_FAILED;
  }
}

int guest_carry_on(Guest *guest, const Flags *flags, clock_t start) {
  if (flags->freeze_on) {
    io_stop_enable();
    sigaction(flags->freeze_on, &(struct sigaction){.sa_handler = signal_came}, NULL);
  }
  bool done = run_until_stop(&guest, flags);
  io_flush();
  int status = done ? guest_exit_status(guest, flags) : EXIT_FAILED;
  if (io_failed() && status == EXIT_OK) {
    usage_error("can't write to standard output");
    status = EXIT_FAILED;
  }
  if (flags->stats) stats_print(guest, start);
  guest_free(guest);
  return status;
}

static int dump_program(Program *program, const Flags *flags);

int command_run(Flags *flags) {
  clock_t start = clock();
  if (!flags->code && flags->nwords == 0) return usage_error("no program given; `firn help run` explains");
  if (flags->freeze_on && !flags->freeze) return usage_error("--freeze-on needs --freeze=IMG, which says where to");
  const char *path = flags->code ? "<command line>" : flags->words[0];
  Program *program = program_load(path, flags, false);
  if (!program) return EXIT_USAGE;
  tier_dump((flags->dump & DUMP_BIT_IR ? TIER_DUMP_IR : 0) | (flags->dump & DUMP_BIT_ASM ? TIER_DUMP_ASM : 0));
  if (flags->dump & ~(DUMP_BIT_IR | DUMP_BIT_ASM)) return dump_program(program, flags);
  GuestOptions options = guest_options(flags);
  options.args = (const char *const *)(flags->code ? flags->words : flags->words + 1);
  options.nargs = flags->code ? flags->nwords : flags->nwords - 1;
  Guest *guest = guest_new(program, &options);
  if (!guest) return usage_error("out of memory"), EXIT_FAILED;
  int status = guest_carry_on(guest, flags, start);
  program_free(program);
  return status;
}

static void stdout_write(void *ctx, const char *bytes, size_t length) { fwrite(bytes, 1, length, ctx); }

static int dump_program(Program *program, const Flags *flags) {
  if (flags->dump & DUMP_BIT_MODULE) module_disassemble(program->module, &(TextOut){stdout_write, stdout});
  if (flags->dump & DUMP_BIT_CODE) program_dump(program, &(TextOut){stdout_write, stdout});
  program_free(program);
  return EXIT_OK;
}

/* Runs one test block in a guest of its own, which has as much time as compiling had; true when it passed. */
static bool test_run(Program *program, const Export *test, const Flags *flags) {
  GuestOptions options = guest_options(flags);
  options.deadline = deadline_after(flags->timeout);
  Guest *guest = guest_new_for(program, test->function, &options);
  if (!guest) return usage_error("out of memory"), false;
  run_until_stop(&guest, flags);
  GuestStatus status = guest->status;
  io_flush();
  bool passed = status == GUEST_FINISHED && guest->exit_status == 0;
  printf("%s %s\n", passed ? "ok  " : "FAIL", test->name);
  fflush(stdout);
  if (status == GUEST_PAUSED || status == GUEST_WAITING) fprintf(stderr, "firn: out of %s\n", guest_is_out(guest) ? "fuel" : "time");
  else if (!passed) report_print(guest);
  guest_free(guest);
  return passed;
}

int command_test(Flags *flags) {
  if (flags->nwords == 0) return usage_error("no program given; `firn help test` explains");
  unsigned passed = 0, failed = 0;
  for (int i = 0; i < flags->nwords; i++) {
    flags->deadline = deadline_after(flags->timeout);
    Program *program = program_load(flags->words[i], flags, true);
    if (!program) return EXIT_USAGE;
    for (uint32_t k = 0; k < program->module->ntests; k++) {
      if (test_run(program, &program->module->tests[k], flags)) passed++;
      else failed++;
    }
    program_free(program);
  }
  printf("%u passed, %u failed\n", passed, failed);
  return failed ? EXIT_FAILED : EXIT_OK;
}
