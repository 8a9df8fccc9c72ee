/* test_adversary.c - programs that mean harm (tests/hostile), each beside 200 guests that don't, in one process and in turns.
 *
 * Each program's first line says how it ends, "//> " and a status or trap's name, and perhaps how much fuel it gets. It runs on both tiers with a little of everything that is limited, and must
 * - end so, with the same fuel, output and allocations on both tiers, never owing more than one charge allows;
 * - leave the process's memory within a bound, and never keep the thread longer than its share;
 * - change nothing about the others: what they print and use.
 * Programs of compile time's, which are made here, must become a module or be refused within bounds of time and memory.
 *
 * Each runs in a process of its own (Check's). ADVERSARY=1 in the environment prints what each took. With FIRN_TEST_JIT (suite.h) they and the others are compiled; then what LLVM
 * takes in a thread of its own is not counted, and the process may take what it needs.
 */
#include "sources.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "lockstep.h"
#include "vm/object.h"

enum {
  FUEL = 10000000, QUOTA = 16 << 20, STACK = 64 << 10, OUTPUT = 64 << 10, TASKS = 1000, /* of the hostile guest; the stack in slots */
  SLICE = 50000,
  GUESTS = 200, GUEST_SLICE = 1500,
  RSS_OVER = 24 << 20,         /* bytes that the process may take besides four times the quota */
  SLICE_MILLIS = 100,          /* more than what a slice's units may take */
  UNIT_NANOS = 100, UNIT_NANOS_ORACLE = 200, /* the most that a unit may take, in the long run */
  COMPILE_MILLIS = 4000, COMPILE_RSS = 600 << 20,
  JIT_RSS = 250 << 20,         /* bytes that LLVM may take */
  COMPILED_MILLIS = 1000,      /* what all slices may take to make IR */
};

/* Sanitizers take more of everything. */
#if defined(__SANITIZE_ADDRESS__)
enum { SLOWER = 20 };

/* Its memmem looks at the whole of both texts at each call, which makes a search for all places quadratic. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "intercept_memmem=0"; }
#else
enum { SLOWER = 1 };
#endif

static int slower(void) {
  const char *times = getenv("CK_TIMEOUT_MULTIPLIER");
  int factor = times ? atoi(times) : 1;
  return factor > SLOWER ? factor : SLOWER;
}

static int64_t cpu_nanos(void) {
  struct timespec now;
  clock_gettime(test_is_compiled() ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The most memory that the process has had at a time, in bytes. */
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

/* The others */

static const char others_text[] =
    "class Point { x: int; y: int }\n"
    "fn worker(jobs: Channel<int>, results: Channel<string>) { for n in jobs { results.send(\"{n * n}\") } }\n"
    "let seen: [string: Point] = [:]\n"
    "let jobs = Channel<int>(2)\n"
    "let results = Channel<string>(2)\n"
    "spawn worker(jobs, results)\n"
    "for i in 0..250 {\n"
    "  jobs.send(i)\n"
    "  let text = results.recv() ?? \"\"\n"
    "  seen[\"key {i % 50}\"] = Point(x: i, y: text.len())\n"
    "  if i % 40 == 0 { print(i, text, seen.len(), seen[\"key {i % 7}\"]) }\n"
    "}\n"
    "jobs.close()\n"
    "print(seen.values().map(|p| p.x).sum())\n";

typedef struct Other { Guest *guest; uint64_t output; } Other;
static Other others[GUESTS];
static Program *others_program;
static uint64_t others_output, others_fuel;

static void other_start(Other *other, Tier tier) {
  GuestOptions options = {.tier = tier, .fuel = 1 << 30, .memory = 1 << 20, .write = lockstep_write, .write_ctx = &other->output};
  other->output = 0;
  other->guest = guest_new(others_program, &options);
  ck_assert_ptr_nonnull(other->guest);
}

static void others_start(void) {
  others_program = program_of(others_text);
  other_start(&others[0], TIER_INTERP);
  ck_assert_int_eq(guest_run(others[0].guest), GUEST_FINISHED);
  others_output = others[0].output;
  others_fuel = guest_fuel_used(others[0].guest);
  guest_free(others[0].guest);
  for (int i = 0; i < GUESTS; i++) other_start(&others[i], i % 10 ? TIER_INTERP : TIER_ORACLE);
}

/* Gives each its turn; false when all have ended. */
static bool others_turn(int64_t slice) {
  int running = 0;
  for (int i = 0; i < GUESTS; i++) {
    GuestStatus status = others[i].guest->status;
    if (status != GUEST_RUNNABLE && status != GUEST_PAUSED) continue;
    guest_run_slice(others[i].guest, slice);
    running++;
  }
  return running > 0;
}

static void others_end(const char *what) {
  while (others_turn(1 << 20)) continue;
  for (int i = 0; i < GUESTS; i++) {
    ck_assert_msg(others[i].guest->status == GUEST_FINISHED, "%s: guest %d beside it: trap %d", what, i, (int)others[i].guest->trap);
    ck_assert_msg(others[i].output == others_output, "%s: guest %d beside it printed something else", what, i);
    ck_assert_msg(guest_fuel_used(others[i].guest) == others_fuel, "%s: guest %d beside it used %" PRIu64 " units, not %" PRIu64, what, i,
                  guest_fuel_used(others[i].guest), others_fuel);
    guest_free(others[i].guest);
  }
  program_free(others_program);
}

/* How programs end */

typedef struct Ending {
  GuestStatus status;
  Trap trap;
  uint64_t fuel, output, allocated;
  int64_t nanos, slice_most; /* CPU time in all, and of the slice that took longest */
} Ending;

static const char *ending_name(const Ending *ending) {
  if (ending->status == GUEST_PAUSED) return "FUEL";
  if (ending->status == GUEST_FINISHED) return "FINISHED";
  if (ending->status == GUEST_WAITING) return "WAITS";
  switch (ending->trap) {
#define TRAP(code, id, message) case TRAP_##id: return #id;
#include "vm/trap.def"
    default: return "?";
  }
}

static void guest_check(Guest *guest, const char *what) {
  int64_t most = WORK_AHEAD + lockstep_cost_most(guest->program);
  ck_assert_msg(guest->fuel >= -most, "%s: %" PRId64 " units are owed", what, -guest->fuel);
  uint64_t memory = guest_memory(guest), made = guest->allocated - guest->insn_allocated;
  ck_assert_msg(memory <= (uint64_t)QUOTA + QUOTA / 8 + made, "%s: keeps %" PRIu64 " bytes", what, memory);
}

static Ending hostile_run(Program *program, Tier tier, int64_t fuel, const char *what) {
  Ending ending = {0};
  GuestOptions options = {.tier = tier, .fuel = fuel, .memory = QUOTA, .stack_slots = STACK, .output = OUTPUT, .tasks = TASKS, .write = lockstep_write,
                          .write_ctx = &ending.output, .grants = CAP_TIME | CAP_FREEZE};
  Guest *guest = guest_new(program, &options);
  ck_assert_ptr_nonnull(guest);
  while (guest->status == GUEST_RUNNABLE || (guest->status == GUEST_PAUSED && !guest_is_out(guest))) {
    int64_t start = cpu_nanos();
    uint64_t used = guest_fuel_used(guest);
    guest_run_slice(guest, SLICE);
    int64_t nanos = cpu_nanos() - start;
    ending.nanos += nanos;
    nanos -= (int64_t)(guest_fuel_used(guest) - used) * (tier == TIER_ORACLE ? UNIT_NANOS_ORACLE : UNIT_NANOS);
    if (nanos > ending.slice_most) ending.slice_most = nanos;
    others_turn(GUEST_SLICE);
  }
  guest_check(guest, what);
  ending.status = guest->status;
  ending.trap = guest->trap;
  ending.fuel = guest_fuel_used(guest);
  ending.allocated = guest->allocated;
  guest_free(guest);
  return ending;
}

static void ending_check(const Ending *ending, Tier tier, const char *wanted, const char *what) {
  int64_t unit = tier == TIER_ORACLE ? UNIT_NANOS_ORACLE : UNIT_NANOS, bound = (int64_t)SLICE_MILLIS * 1000000;
  const char *name = ending_name(ending);
  if (getenv("ADVERSARY")) {
    fprintf(stderr, "%-40s %-6s %-14s %8" PRIu64 " units %7.1f ms %7.1f ns/unit, slice over by %6.1f ms, rss %" PRIu64 " MB\n", what,
            tier == TIER_ORACLE ? "oracle" : "interp", name, ending->fuel, (double)ending->nanos / 1e6, (double)ending->nanos / (double)(ending->fuel + 1),
            (double)ending->slice_most / 1e6, rss_most() >> 20);
  }
  ck_assert_msg(strcmp(name, wanted) == 0, "%s: ends with %s, not %s", what, name, wanted);
  ck_assert_msg(ending->slice_most <= bound * slower(), "%s: a slice takes %" PRId64 " ms more than its units may", what, ending->slice_most / 1000000);
  int64_t most = ((int64_t)ending->fuel * unit + (test_is_compiled() ? COMPILED_MILLIS * INT64_C(1000000) : bound)) * slower();
  ck_assert_msg(ending->nanos <= most, "%s: %" PRIu64 " units take %" PRId64 " ms", what, ending->fuel, ending->nanos / 1000000);
}

/* Runs a program on both tiers, each time beside the others. */
static void hostile_check(Program *program, const char *wanted, int64_t fuel, const char *what) {
  Ending endings[2];
  for (int tier = TIER_INTERP; tier <= TIER_ORACLE; tier++) {
    others_start();
    uint64_t before = rss_most();
    endings[tier] = hostile_run(program, (Tier)tier, fuel, what);
    others_end(what);
    ending_check(&endings[tier], (Tier)tier, wanted, what);
    uint64_t after = rss_most(), grown = after > before ? after - before : 0; /* the system's figures are not exact when there are threads */
    ck_assert_msg(grown <= (4 * (uint64_t)QUOTA + RSS_OVER + (test_is_compiled() ? JIT_RSS : 0)) * (uint64_t)slower(), "%s: the process grows by %" PRIu64 " bytes", what, grown);
  }
  ck_assert_msg(endings[0].fuel == endings[1].fuel, "%s: %" PRIu64 " units on one tier, %" PRIu64 " on the other", what, endings[0].fuel, endings[1].fuel);
  ck_assert_uint_eq(endings[0].output, endings[1].output);
  ck_assert_uint_eq(endings[0].allocated, endings[1].allocated);
  program_free(program);
}

static SourceList hostile;

START_TEST(test_hostile) {
  const char *path = hostile.paths[_i];
  char wanted[40] = "";
  int64_t fuel = FUEL;
  size_t length;
  char *text = source_read(path, &length);
  ck_assert_msg(text && sscanf(text, "//> %39[A-Z_] %" SCNd64, wanted, &fuel) >= 1, "%s does not say how it ends", path);
  free(text);
  Module *module = source_compile(path);
  ck_assert_msg(module != NULL, "%s does not compile", path);
  ModuleError error;
  Program *program = program_link(module, &error);
  ck_assert_msg(program != NULL, "%s: %s", path, error.reason);
  hostile_check(program, wanted, fuel, path);
}
END_TEST

/* Large generic functions, each of which calls the next with two types more: instances double, and are large. */
START_TEST(test_instances) {
  enum { FUNCTIONS = 11, LINES = 600 };
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  fputs("class A<T> { x: T }\nclass B<T> { x: T }\n", out);
  for (int i = 0; i < FUNCTIONS; i++) {
    fprintf(out, "fn f%d<T>(x: T, n: int) -> int {\nvar y = n\n", i);
    for (int k = 0; k < LINES; k++) fputs("y = y +% (n ^ y)\n", out);
    if (i < FUNCTIONS - 1) fprintf(out, "y + f%d(A(x: x), n) %% 7 + f%d(B(x: x), n) %% 7\n}\n", i + 1, i + 1);
    else fputs("y % 1000\n}\n", out);
  }
  fputs("print(f0(1, 1))\n", out);
  fclose(out);
  hostile_check(program_of(text), "INSTANCES", FUEL, "instances that double");
  free(text);
}
END_TEST

/* Compile time */

/* A source: `before`, then `unit` so many times, with each '#' in it replaced by the count, then `after` and `closing` so many times. */
typedef struct Bomb { const char *name, *before, *unit; int count; const char *after, *closing; } Bomb;

static const Bomb bombs[] = {
  {"declarations", "", "fn f#() -> int => #\n", 100000, "", ""},
  {"declarations that call", "fn f0() -> int => 0\n", "fn g#() -> int => f0() + #\n", 50000, "", ""},
  {"globals", "", "let g# = #\n", 100000, "", ""},
  {"classes", "", "class C# { x: int; fn f(self) -> int => # }\n", 20000, "", ""},
  {"enum cases", "enum E {\n", "c#\n", 60000, "}\n", ""},
  {"one name often", "", "fn f() {}\n", 50000, "", ""},
  {"unknown names", "", "x#\n", 50000, "", ""},
  {"nested parentheses", "let x = ", "(", 100000, "1", ")"},
  {"nested lists", "let x = ", "[", 100000, "1", "]"},
  {"nested blocks", "", "{", 100000, "", "}"},
  {"nested closures", "let f = ", "|| ", 100000, "1", ""},
  {"nested ifs", "", "if true { ", 50000, "", "}"},
  {"nested functions' types", "let f: ", "fn(", 50000, "int", ")"},
  {"nested generics", "let f: ", "Set<", 50000, "int", ">"},
  {"nested options", "let f: int", "?", 50000, " = nil\n", ""},
  {"nested strings", "let s = ", "\"{", 50000, "1", "}\""},
  {"nested comments", "", "/*", 100000, "", "*/"},
  {"open comments", "", "/*", 100000, "", ""},
  {"an open string", "let s = \"", "x", 1000000, "", ""},
  {"prefix operators", "let x = ", "-", 100000, "1", ""},
  {"powers", "let x = 1", " ** 1", 100000, "", ""},
  {"a long sum", "let x = 0", " + 1", 200000, "", ""},
  {"a long sum of strings", "let x = \"\"", " + \"a\"", 100000, "", ""},
  {"a long chain of methods", "let x = [1]", ".map(|x| x)", 5000, "", ""},
  {"a long chain of fields", "class A { next: A? }\nlet a = A(next: nil)\nlet x = a", ".next!", 20000, "", ""},
  {"a long chain of ifs", "let n = 1\n", "if n == # { print(#) } else ", 20000, "{}\n", ""},
  {"a long match", "let n = 1\nmatch n {\n", "# => print(#)\n", 50000, "_ => {}\n}\n", ""},
  {"a long list", "let x = [", "#,", 200000, "]", ""},
  {"a long map", "let x = [", "#: #,", 100000, "]", ""},
  {"a long string", "let s = \"", "0123456789", 500000, "\"", ""},
  {"many holes", "let n = 1\nlet s = \"", "{n}", 50000, "\"", ""},
  {"a long name", "let ", "abcdefghij", 100000, " = 1", ""},
  {"a long number", "let x = ", "1234567890", 100000, "", ""},
  {"a long float", "let x = 0.", "1234567890", 100000, "", ""},
  {"a long line of garbage", "", "@#$%^&", 100000, "", ""},
  {"garbage lines", "", ") ] }\n", 100000, "", ""},
  {"parameters", "fn f(", "a#: int, ", 50000, ") {}\n", ""},
  {"arguments", "print(", "#, ", 50000, ")\n", ""},
  {"labels", "", "a#: while true { ", 10000, "break", "}"},
  {"locals in one scope", "fn f() {\n", "let a# = #\n", 50000, "}\nf()\n", ""},
  {"captures", "fn f() {\n", "let a# = #\n", 300, "let g = || { a0 + a299 }\ng()\n}\nf()\n", ""},
  {"imports", "", "import math\n", 50000, "", ""},
  {"imports that are not there", "", "import \"./nowhere/x#\"\n", 5000, "", ""},
  {"generic instances that double", "fn f0<T>(x: T) -> T => x\nfn g<T>(x: T, n: int) -> int { if n == 0 { 0 } else { g((x, x), n - 1) } }\nprint(g(1, 100))\n", "", 0, "", ""},
  {"types that double", "let a0 = (1, 1)\nlet a1 = (a0, a0)\nlet a2 = (a1, a1)\nlet a3 = (a2, a2)\nlet a4 = (a3, a3)\nlet a5 = (a4, a4)\nlet a6 = (a5, a5)\nlet a7 = (a6, a6)\n", "", 0, "", ""},
  {"aliases that double", "type A0 = (int, int)\ntype A1 = (A0, A0)\ntype A2 = (A1, A1)\ntype A3 = (A2, A2)\ntype A4 = (A3, A3)\ntype A5 = (A4, A4)\ntype A6 = (A5, A5)\ntype A7 = (A6, A6)\ntype A8 = (A7, A7)\ntype A9 = (A8, A8)\nlet x: [A9] = []\n", "", 0, "", ""},
  {"an alias of itself", "type A = [A]\nlet x: A = []\n", "", 0, "", ""},
  {"exhaustiveness", "enum E { a; b; c; d }\nfn f(x: (E, E, E, E, E, E, E, E, E, E)) -> int {\n  match x {\n", "    (.a, .b, .c, .d, .a, .b, .c, .d, _, _) => #\n    (_, .a, _, .b, _, .c, _, .d, _, .a) => #\n", 200, "    _ => 0\n  }\n}\n", ""},
  {"exhaustiveness of many ways", "fn f(x: (bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool)) -> int {\n  match x {\n",
   "    (true, true, _, _, _, _, _, _, _, _, _, _, _, _, _, _) => #\n"
   "    (false, false, _, _, _, _, _, _, _, _, _, _, _, _, _, _) => #\n"
   "    (_, _, true, true, _, _, _, _, _, _, _, _, _, _, _, _) => #\n"
   "    (_, _, false, false, _, _, _, _, _, _, _, _, _, _, _, _) => #\n"
   "    (_, _, _, _, true, true, _, _, _, _, _, _, _, _, _, _) => #\n"
   "    (_, _, _, _, false, false, _, _, _, _, _, _, _, _, _, _) => #\n"
   "    (_, _, _, _, _, _, true, true, _, _, _, _, _, _, _, _) => #\n"
   "    (_, _, _, _, _, _, false, false, _, _, _, _, _, _, _, _) => #\n"
   "    (_, _, _, _, _, _, _, _, true, true, _, _, _, _, _, _) => #\n"
   "    (_, _, _, _, _, _, _, _, false, false, _, _, _, _, _, _) => #\n"
   "    (_, _, _, _, _, _, _, _, _, _, true, true, _, _, _, _) => #\n"
   "    (_, _, _, _, _, _, _, _, _, _, false, false, _, _, _, _) => #\n"
   "    (_, _, _, _, _, _, _, _, _, _, _, _, true, true, _, _) => #\n"
   "    (_, _, _, _, _, _, _, _, _, _, _, _, false, false, _, _) => #\n"
   "    (_, _, _, _, _, _, _, _, _, _, _, _, _, _, true, true) => #\n"
   "    (_, _, _, _, _, _, _, _, _, _, _, _, _, _, false, false) => #\n", 1, "  }\n}\n", ""},
  {"exhaustiveness that fails", "fn f(x: (bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool)) -> int {\n  match x {\n", "    (true, _, true, _, true, _, true, _, true, _, true, _, true, _, true, _) => #\n    (_, false, _, false, _, false, _, false, _, false, _, false, _, false, _, false) => #\n", 100, "  }\n}\n", ""},
};

static char *bomb_text(const Bomb *bomb, size_t *length) {
  char *text = NULL;
  FILE *out = open_memstream(&text, length);
  ck_assert_ptr_nonnull(out);
  fputs(bomb->before, out);
  for (int i = 0; i < bomb->count; i++) {
    for (const char *at = bomb->unit; *at; at++) {
      if (*at == '#') fprintf(out, "%d", i);
      else fputc(*at, out);
    }
  }
  fputs(bomb->after, out);
  for (int i = 0; i < bomb->count; i++) fputs(bomb->closing, out);
  fclose(out);
  return text;
}

START_TEST(test_bomb) {
  const Bomb *bomb = &bombs[_i];
  size_t length;
  SourceTexts texts = {0};
  char *text = bomb_text(bomb, &length);
  uint64_t before = rss_most();
  int64_t start = cpu_nanos();
  Compilation compilation;
  compilation_init(&compilation);
  CompileOptions options = {.path = "bomb", .text = text, .length = length, .load = source_load, .load_ctx = &texts, .warns = true};
  Module *module = compile_program(&compilation, &options);
  ck_assert_msg(module || compilation.diags.errors, "%s: neither a module nor a mistake", bomb->name);
  char *shown = NULL;
  size_t shown_length = 0;
  FILE *out = open_memstream(&shown, &shown_length);
  diags_print(&compilation.diags, out, &(DiagPrintOptions){0});
  fclose(out);
  uint32_t errors = compilation.diags.errors;
  compilation_deinit(&compilation);
  int64_t nanos = cpu_nanos() - start;
  uint64_t rss = rss_most() - before;
  if (getenv("ADVERSARY")) {
    fprintf(stderr, "%-32s %9zu bytes %8.1f ms, rss %4" PRIu64 " MB, %u errors, %zu bytes of messages: %.60s\n", bomb->name, length, (double)nanos / 1e6, rss >> 20,
            (unsigned)errors, shown_length, shown);
  }
  ck_assert_msg(nanos <= (int64_t)COMPILE_MILLIS * 1000000 * slower(), "%s: compiles for %" PRId64 " ms", bomb->name, nanos / 1000000);
  ck_assert_msg(rss <= (uint64_t)COMPILE_RSS * (uint64_t)slower(), "%s: compiling takes %" PRIu64 " bytes", bomb->name, rss);
  free(shown);
  free(text);
  module_free(module);
}
END_TEST

int main(void) {
  sources_find(&hostile, "tests/hostile");
  Suite *suite = suite_create("adversary");
  TCase *programs = tcase_create("programs"), *compiling = tcase_create("compiling");
  tcase_set_timeout(programs, 60);
  tcase_set_timeout(compiling, 60);
  tcase_add_loop_test(programs, test_hostile, 0, hostile.count);
  tcase_add_test(programs, test_instances);
  tcase_add_loop_test(compiling, test_bomb, 0, (int)(sizeof bombs / sizeof *bombs));
  suite_add_tcase(suite, programs);
  suite_add_tcase(suite, compiling);
  return suite_run(suite);
}
