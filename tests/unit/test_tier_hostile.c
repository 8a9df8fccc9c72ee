/* test_tier_hostile.c - programs that are a burden to the compiling tier: what LLVM takes for them is bounded, and they come to the same as interpreted.
 *
 * Each is made here, so large that what is compiled of it would grow without the bounds of jit/plugin.c and jit/inline.c, and is compiled from its first instruction
 * on; and again with what is hot compiled while it runs. And what happens while something is being compiled that takes long: a deadline passes, the program is
 * dropped, the process forks, or ends. Without the compiling tier little is tested. ADVERSARY=1 in the environment prints what each took.
 */
#include "sources.h"

#include <malloc.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lockstep.h"
#include "stdlib/wait.h"
#include "vm/tier.h"

enum {
  FUEL = 20000000, SLICE = 50000,
  COMPILE_MILLIS = 12000,    /* CPU time of the process, for a program */
  RSS_MOST = 500 << 20,      /* bytes that the process may grow by */
  SLICE_MILLIS = 100,        /* of the machine's thread, with what it does for the compiler's; more than its units may take */
  UNIT_NANOS = 100,
  LATE_MILLIS = 250,         /* by the clock, of a process that may share its processors: after a deadline, for a fork, for dropping a program */
  EXITS = 25,
};

static int slower(void) {
  const char *times = getenv("CK_TIMEOUT_MULTIPLIER");
  return times && atoi(times) > 1 ? atoi(times) : 1;
}

static int64_t nanos(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t rss_most(void) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[200];
  uint64_t kilobytes = 0;
  while (file && fgets(line, sizeof line, file)) {
    if (sscanf(line, "VmHWM: %" SCNu64, &kilobytes) == 1) break;
  }
  if (file) fclose(file);
  return kilobytes * 1024;
}

/* `before`, then `unit` so many times, with '#' replaced by the count and '@' by the count and one, then `after`, `again` as often, `end`, and a loop that calls f. */
typedef struct Bomb { const char *name, *before, *unit; int count; const char *after, *again, *end; } Bomb;

#define F "fn f(n: int) -> int "
#define F_VAR F "{\nvar s = 0\n"
#define TWICE "fn f#(d: int) -> int => if d > 0 { f@(d -% 1) +% f@(d -% 1) } else { d }\n"
static const Bomb bombs[] = {
  {"calls that double", "", TWICE, 24, "fn f24(d: int) -> int => d\n" F "=> f0(n & 1)\n", "print(f#(1))\n", ""},
  {"calls that double, in a circle", F "=> f0(n & 1)\n", TWICE, 20, "fn f20(d: int) -> int => if d > 0 { f0(d -% 1) } else { d }\n", "print(f#(1))\n", ""},
  {"calls of a small function", "fn g(n: int) -> int => if n > 3 { n * 3 } else { n * 5 + 1 }\n" F_VAR, "s = s +% g(n)\n", 500, "s % 1000\n}\n", "", ""},
  {"calls of itself", F "=> if n < 6 { n } else { 0", " +% f(n -% 6)", 7, " }\n", "", ""},
  {"places that leave", F_VAR, "s = s + n * 3 - s / 7\n", 490, "s % 1000\n}\n", "", ""},
  {"places that leave, in lists", "let xs = [1, 2, 3, 4, 5, 6, 7, 8]\n" F_VAR, "s = s + xs[n] * xs[(n + #) % 8]\n", 300, "s % 1000\n}\n", "", ""},
  {"operands", F "=> [0", ", n + #", 1000, "].len()\n", "", ""},
  {"a sum", F "=> (n", " + n * 3", 1200, ") % 7\n", "", ""},
  {"a nested sum", F "=> ", "(n +% ", 150, "1", ")", "\n"},
  {"few locals, many labels", F_VAR "var a = n\nvar b = n\n", "if n == # { a = b +% 1 } else { s = a }\n", 300, "a +% b +% s\n}\n", "", ""},
  {"many locals, many labels", F_VAR, "var a# = n +% #\nif n == # { s = s +% a# }\n", 150, "s\n}\n", "", ""},
  {"many locals", F_VAR, "var a# = n +% #\n", 1200, "a0 +% a1199\n}\n", "", ""},
  {"a long match", F "{\n match n {\n", "# => n + #\n", 600, "_ => 0 }\n}\n", "", ""},
  {"a long match of cases", "enum E {\n", "c#\n", 200, "}\nlet es: [E] = [.c1, .c77, .c145, .c180, .c1, .c2, .c3, .c4]\n" F "{ match es[n] {\n", ".c# => #\n", "} }\n"},
  {"loops", F_VAR, "for i in 0..n * 100 { s = s +% i }\n", 250, "s\n}\n", "", ""},
  {"entries in loops", F "=> n\nvar s = 0\n", "for i in 0..60000 { s = s +% i }\n", 40, "print(s)\n", "", ""},
  {"nested loops", F_VAR, "for i# in 0..(1 + (n >> 5)) {\n", 60, "s = s +% 1\n", "}\n", "s\n}\n"},
  {"loops nested deep", F_VAR, "for i# in 0..(1 + (n >> 5)) {\n", 200, "s = s +% 1\n", "}\n", "s\n}\n"},
  {"nested whiles", F_VAR, "while s < n {\n", 200, "s = s +% 1\n", "}\n", "s\n}\n"},
  {"closures", F_VAR, "let g# = |x: int| x +% n +% #\ns = g#(s)\n", 150, "s % 100\n}\n", "", ""},
  {"objects", "class P { x: int; y: int }\n" F "{\nvar p = P(x: 1, y: 2)\n", "p = P(x: p.y, y: n + #)\n", 400, "p.x % 100\n}\n", "", ""},
  {"what the machine does", F "{\nvar s = \"\"\n", "s = \"{n}{s.len()}\"\n", 300, "s.len()\n}\n", "", ""},
  {"parameters", "fn g(z: int", ", a#: int", 200, ") -> int => z +% a199\n" F "=> g(n", ", n", ")\n"},
  {"wide results", "fn g(a: int) -> (int, int, int, int, int, int, int, int) => (a, a, a, a, a, a, a, a)\n" F "{\nvar t = g(n)\n", "if n == # { t = g(n + 1) }\n", 250,
   "t.0 +% t.7\n}\n", "", ""},
  {"receivers", "trait T { fn v(self, n: int) -> int }\n", "class C# { x: int }\nextend C#: T { fn v(self, n: int) -> int => self.x +% n * # }\n", 300, "let ts: [T] = [",
   "C#(x: #), ", "]\n" F_VAR "for t in ts { s = s +% t.v(n) % 1000 }\ns\n}\n"},
  {"functions", "", "fn f#(n: int) -> int => n +% #\n", 400, "let fs: [fn(int) -> int] = [", "f#, ", "]\n" F "{\nvar s = n\nfor g in fs { s = g(s) }\ns\n}\n"},
};
enum { BOMBS = sizeof bombs / sizeof *bombs };

static void parts_write(FILE *out, const char *part, int count) {
  for (int i = 0; i < count; i++) {
    for (const char *at = part; *at; at++) {
      if (*at == '#') fprintf(out, "%d", i);
      else if (*at == '@') fprintf(out, "%d", i + 1);
      else fputc(*at, out);
    }
  }
}

static Program *bomb_program(const Bomb *bomb) {
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  fputs(bomb->before, out);
  parts_write(out, bomb->unit, bomb->count);
  fputs(bomb->after, out);
  parts_write(out, bomb->again, bomb->count);
  fprintf(out, "%svar total = 0\nfor i in 0..100_000_000 { total = total +%% f(i & 7) }\nprint(total)\n", bomb->end);
  fclose(out);
  Program *program = program_of(text);
  free(text);
  return program;
}

typedef struct Ending {
  GuestStatus status;
  Trap trap;
  uint64_t fuel, allocated, output;
  int64_t slice_most; /* nanoseconds of the machine's thread: by how much a slice took more than its units may */
} Ending;

static Guest *guest_of(Program *program, JitMode jit, uint64_t *output) {
  GuestOptions options = {.jit = jit, .fuel = FUEL, .write = lockstep_write, .write_ctx = output};
  Guest *guest = guest_new(program, &options);
  ck_assert_ptr_nonnull(guest);
  return guest;
}

static Ending program_end(Program *program, JitMode jit) {
  Ending ending = {0};
  Guest *guest = guest_of(program, jit, &ending.output);
  while (guest->status == GUEST_RUNNABLE || (guest->status == GUEST_PAUSED && !guest_is_out(guest))) {
    int64_t start = nanos(CLOCK_THREAD_CPUTIME_ID);
    uint64_t used = guest_fuel_used(guest);
    guest_run_slice(guest, SLICE);
    int64_t over = nanos(CLOCK_THREAD_CPUTIME_ID) - start - (int64_t)(guest_fuel_used(guest) - used) * UNIT_NANOS;
    if (over > ending.slice_most) ending.slice_most = over;
  }
  ending.status = guest->status;
  ending.trap = guest->trap;
  ending.fuel = guest_fuel_used(guest);
  ending.allocated = guest->allocated;
  guest_free(guest);
  return ending;
}

static void bomb_run(const Bomb *bomb, JitMode jit) {
  Program *program = bomb_program(bomb);
  Ending should = program_end(program, JIT_OFF);
  uint64_t before = rss_most();
  int64_t start = nanos(CLOCK_PROCESS_CPUTIME_ID);
  Ending is = program_end(program, jit);
  program_free(program);
  while (tier_is_busy()) usleep(1000);
  int64_t took = nanos(CLOCK_PROCESS_CPUTIME_ID) - start;
  uint64_t after = rss_most(), grown = after > before ? after - before : 0; /* the system's figures are not exact when there are threads */
  if (getenv("ADVERSARY")) {
    fprintf(stderr, "%-32s %-6s %8.1f ms, slice over by %6.1f ms, rss %4" PRIu64 " MB\n", bomb->name, jit == JIT_ON ? "on" : "always", (double)took / 1e6,
            (double)is.slice_most / 1e6, grown >> 20);
  }
  ck_assert_msg(is.status == should.status && is.trap == should.trap, "%s: status %d, trap %d", bomb->name, (int)is.status, (int)is.trap);
  ck_assert_msg(is.fuel == should.fuel && is.output == should.output && is.allocated == should.allocated, "%s: ends otherwise", bomb->name);
  ck_assert_msg(is.slice_most <= (int64_t)SLICE_MILLIS * 1000000 * slower(), "%s: a slice takes %" PRId64 " ms more than its units may", bomb->name, is.slice_most / 1000000);
  ck_assert_msg(took <= (int64_t)COMPILE_MILLIS * 1000000 * slower(), "%s: takes %" PRId64 " ms", bomb->name, took / 1000000);
  ck_assert_msg(grown <= (uint64_t)RSS_MOST * (uint64_t)slower(), "%s: the process grows by %" PRIu64 " bytes", bomb->name, grown);
}

START_TEST(test_bomb) {
  bomb_run(&bombs[_i], JIT_ALWAYS);
}
END_TEST

START_TEST(test_bomb_hot) {
  tier_eager(1);
  bomb_run(&bombs[_i], JIT_ON);
}
END_TEST

/* What LLVM takes a second for, or about. */
static const Bomb slow = {"slow", F_VAR, "s = s + n * 3 - s / 7\n", 450, "s % 1000\n}\n", "", ""};

static bool slow_is_compiled(Guest *guest) {
  for (int i = 0; i < 300 && !guest_is_out(guest); i++) {
    guest_run_slice(guest, SLICE);
    for (int k = 0; k < 10 && tier_is_busy(); k++) {
      if (k == 9) return true;
      usleep(5000);
    }
  }
  return false;
}

static int64_t late_nanos(void) { return (int64_t)LATE_MILLIS * 1000000 * slower(); }

/* A guest whose compiled form is waited for is late by no more than one that is interpreted; what it waited for is compiled after it, and others are too. */
START_TEST(test_deadline) {
  uint64_t output = 0;
  Program *program = bomb_program(&slow), *other = bomb_program(&bombs[0]);
  Guest *guest = guest_of(program, JIT_ALWAYS, &output);
  int64_t start = nanos(CLOCK_MONOTONIC);
  guest->options.deadline = deadline_after(150000);
  while (!guest_is_late(guest) && guest_run_slice(guest, SLICE) == GUEST_PAUSED) continue;
  int64_t took = nanos(CLOCK_MONOTONIC) - start;
  ck_assert_msg(took <= 150000000 + late_nanos(), "ends after %" PRId64 " ms", took / 1000000);
  start = nanos(CLOCK_MONOTONIC);
  guest_free(guest);
  program_free(program);
  took = nanos(CLOCK_MONOTONIC) - start;
  ck_assert_msg(took <= late_nanos(), "dropped after %" PRId64 " ms", took / 1000000);
  Ending should = program_end(other, JIT_OFF), is = program_end(other, JIT_ALWAYS);
  ck_assert_uint_eq(is.fuel, should.fuel);
  ck_assert_uint_eq(is.output, should.output);
  program_free(other);
}
END_TEST

/* A fork does not wait for what takes long. The child goes on, and ends by exit. */
START_TEST(test_fork) {
  uint64_t output = 0;
  tier_eager(1);
  Program *program = bomb_program(&slow);
  Guest *guest = guest_of(program, JIT_ON, &output);
  bool compiles = slow_is_compiled(guest);
  int64_t start = nanos(CLOCK_MONOTONIC);
  pid_t child = fork();
  int64_t took = nanos(CLOCK_MONOTONIC) - start;
  if (child == 0) {
    alarm(30);
    while (guest->status == GUEST_PAUSED && !guest_is_out(guest)) guest_run_slice(guest, SLICE);
    guest_free(guest);
    program_free(program);
    exit(0);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(status == 0, "the child ends with %x", (unsigned)status);
  ck_assert_msg(took <= late_nanos(), "forking takes %" PRId64 " ms", took / 1000000);
  if (getenv("ADVERSARY")) fprintf(stderr, "fork while something is%s compiled: %.1f ms\n", compiles ? "" : " not", (double)took / 1e6);
  guest_free(guest);
  program_free(program);
}
END_TEST

/* Processes that end, with their exit handlers, one after so many milliseconds as there were before: when the first function is being compiled. */
START_TEST(test_exit) {
  tier_eager(1);
  for (int i = 0; i < EXITS; i++) {
    int status;
    pid_t child = fork();
    if (child == 0) {
      uint64_t output = 0;
      mallopt(M_PERTURB, 0x5a); /* what exit handlers free is not what it was */
      Guest *guest = guest_of(program_of("fn f(n: int) -> int { var s = 0\nfor i in 0..n { s = (s * 7 + i) % 1001 }\ns }\nprint(f(1_000_000_000))"), JIT_ON, &output);
      for (int k = 0; k < 100 && !tier_is_busy(); k++) guest_run_slice(guest, 1 << 14);
      for (int64_t end = nanos(CLOCK_MONOTONIC) + i * 1000000; nanos(CLOCK_MONOTONIC) < end;) guest_run_slice(guest, 1 << 14);
      exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "child %d ends with %x", i, (unsigned)status);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("the compiling tier and hostile programs");
  TCase *tcase = tcase_create("programs");
  tcase_set_timeout(tcase, 120);
  tcase_add_loop_test(tcase, test_bomb, 0, BOMBS);
  tcase_add_loop_test(tcase, test_bomb_hot, 0, BOMBS);
  tcase_add_test(tcase, test_deadline);
#if !defined(__SANITIZE_ADDRESS__) /* whose allocator and leak check do not expect a fork, or an exit, while another thread allocates */
  tcase_add_test(tcase, test_fork);
  tcase_add_test(tcase, test_exit);
#else
  (void)test_fork, (void)test_exit;
#endif
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
