/* cmd_run.c - `firn run` and `firn test`: guests on the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "stdlib/io.h"
#include "vm/heap.h"
#include "vm/program.h"

void report_print(const Guest *guest) {
  char *report = guest_report(guest);
  if (report) fputs(report, stderr);
  free(report);
}

static GuestOptions guest_options(const Flags *flags) {
  heap_stress = flags->stress_gc;
  int64_t slots = flags->stack / 8;
  return (GuestOptions){
      .tier = flags->tier,
      .fuel = flags->fuel < 0 ? INT64_MAX : flags->fuel,
      .stack_slots = slots > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)slots,
  };
}

static Program *program_load(const char *path, const Flags *flags, bool with_tests) {
  Module *module = module_load(path, flags, with_tests);
  if (!module) return NULL;
  ModuleError error;
  Program *program = program_link(module, &error);
  if (!program) usage_error("%s: bad module: %s (at %llu)", path, error.reason, (unsigned long long)error.offset);
  return program;
}

static void stats_print(Guest *guest, const Flags *flags, clock_t start) {
  HeapStats heap = heap_stats();
  fprintf(stderr, "state hash       %016llx\n", (unsigned long long)guest_state_hash(guest));
  fprintf(stderr, "fuel used        %lld\n", (long long)(guest_options(flags).fuel - guest->fuel));
  fprintf(stderr, "memory allocated %llu bytes\n", (unsigned long long)guest->allocated);
  fprintf(stderr, "heap             %llu bytes, %llu collections\n", (unsigned long long)heap.heap_bytes,
          (unsigned long long)heap.collections);
  fprintf(stderr, "specialisations  %u\n", (unsigned)guest->program->ncodes);
  fprintf(stderr, "cpu time         %.6f s\n", (double)(clock() - start) / CLOCKS_PER_SEC);
}

/* What the process answers for a guest that stopped. */
static int guest_exit_status(const Guest *guest) {
  switch (guest->status) {
    case GUEST_FINISHED: return (int)(guest->exit_status & 0xff);
    case GUEST_PAUSED: fputs("firn: out of fuel\n", stderr); return EXIT_FUEL;
    default: report_print(guest); return EXIT_FAILED;
  }
}

static int dump_program(Program *program, const Flags *flags);

int command_run(Flags *flags) {
  clock_t start = clock();
  if (!flags->code && flags->nwords == 0) return usage_error("no program given; `firn help run` explains");
  const char *path = flags->code ? "<command line>" : flags->words[0];
  Program *program = program_load(path, flags, false);
  if (!program) return EXIT_USAGE;
  if (flags->dump) return dump_program(program, flags);
  GuestOptions options = guest_options(flags);
  options.args = (const char *const *)(flags->code ? flags->words : flags->words + 1);
  options.nargs = flags->code ? flags->nwords : flags->nwords - 1;
  Guest *guest = guest_new(program, &options);
  if (!guest) return usage_error("out of memory"), EXIT_FAILED;
  guest_run(guest);
  io_flush();
  int status = guest_exit_status(guest);
  if (io_failed() && status == EXIT_OK) {
    usage_error("can't write to standard output");
    status = EXIT_FAILED;
  }
  if (flags->stats) stats_print(guest, flags, start);
  guest_free(guest);
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

/* Runs one test block in a guest of its own; true when it passed. */
static bool test_run(Program *program, const Export *test, const Flags *flags) {
  GuestOptions options = guest_options(flags);
  Guest *guest = guest_new_for(program, test->function, &options);
  if (!guest) return usage_error("out of memory"), false;
  GuestStatus status = guest_run(guest);
  io_flush();
  bool passed = status == GUEST_FINISHED && guest->exit_status == 0;
  printf("%s %s\n", passed ? "ok  " : "FAIL", test->name);
  fflush(stdout);
  if (status == GUEST_PAUSED) fputs("firn: out of fuel\n", stderr);
  else if (!passed) report_print(guest);
  guest_free(guest);
  return passed;
}

int command_test(Flags *flags) {
  if (flags->nwords == 0) return usage_error("no program given; `firn help test` explains");
  unsigned passed = 0, failed = 0;
  for (int i = 0; i < flags->nwords; i++) {
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
