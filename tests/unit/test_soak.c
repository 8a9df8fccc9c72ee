/* test_soak.c - thousands of guests that come and go leave nothing behind: no memory, no descriptor, no number.
 *
 * A round makes a guest, runs it a little, clones it, freezes it, thaws the image for the program at hand and with a program of its own, runs all of them on and
 * drops them, some before they end. Every so many rounds a program is compiled, too. What the process keeps is looked at after a first part and at the end.
 * SOAK=N in the environment: so many rounds instead of ROUNDS (CK_DEFAULT_TIMEOUT may have to be raised).
 */
#include "sources.h"

#include <inttypes.h>
#include <unistd.h>

#include "images.h"
#include "lockstep.h"
#include "vm/heap.h"

enum { ROUNDS = 2000, FIRST = 500, COMPILE_EACH = 50, AT_A_TIME = 3 };

static const char text[] =
    "class Point<T> { x: T; y: T }\n"
    "enum Tree { leaf; node(Tree, int, Tree) }\n"
    "fn grow(n: int) -> Tree => if n == 0 { .leaf } else { .node(grow(n - 1), n, grow(n - 1)) }\n"
    "fn worker(jobs: Channel<int>, out: Channel<string>) { for n in jobs { out.send(\"{n}\") } }\n"
    "let seen: [string: Point<int>] = [:]\n"
    "let jobs = Channel<int>(1)\n"
    "let out = Channel<string>(1)\n"
    "spawn worker(jobs, out)\n"
    "let numbers: Iterator<int> = generate(|emit| { for i in 0..1000 { emit(i) } })\n"
    "let functions: [fn(int) -> int] = []\n"
    "for i in numbers {\n"
    "  jobs.send(i)\n"
    "  seen[(out.recv() ?? \"\") + \"!\"] = Point(x: i, y: i + 1)\n"
    "  functions.push(|x| x + i)\n"
    "  if i % 10 == 0 { print(i, grow(i % 6), seen.len(), functions[i / 2](i)) }\n"
    "  if i == 60 { break }\n"
    "}\n";

static uint64_t output;
static const GuestOptions options = {.fuel = 1 << 30, .memory = 4 << 20, .write = lockstep_write, .write_ctx = &output};

static uint64_t rss_now(void) {
  uint64_t pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%" SCNu64 " %" SCNu64, &pages, &resident) != 2) resident = 0;
  if (file) fclose(file);
  return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int descriptors(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder && readdir(folder)) count++;
  if (folder) closedir(folder);
  return count;
}

static void run_to_end(Guest *guest) {
  guest_run(guest);
  ck_assert_msg(guest->status == GUEST_FINISHED, "status %d, trap %d", (int)guest->status, (int)guest->trap);
}

static void soak_round(Program *program, int round) {
  GuestOptions own = options;
  own.tier = round % 2 ? TIER_ORACLE : TIER_INTERP;
  Guest *guest = guest_new(program, &own);
  ck_assert_ptr_nonnull(guest);
  guest_run_slice(guest, 1000 + round % 5000);
  if (guest->status == GUEST_PAUSED) {
    Guest *clone = guest_clone(guest);
    ck_assert_ptr_nonnull(clone);
    for (int alone = 0; alone < 2; alone++) {
      Buffer image = image_of(guest, !alone);
      Thawed thawed;
      ModuleError error;
      ThawOptions thawing = {.guest = own, .find = alone ? NULL : image_program_given, .find_ctx = program};
      ck_assert_msg(image_thaw(&image, &thawing, &thawed, &error), "%s", error.reason);
      if (round % 3) run_to_end(thawed.guest);
      guest_free(thawed.guest);
      if (alone) program_free(thawed.program);
      free(thawed.input);
      /* What is cut short must leave as little. */
      image.length = image.length * (size_t)(round % 100) / 100;
      ck_assert(!image_thaw(&image, &thawing, &thawed, &error));
      free(image.bytes);
    }
    if (round % 4) run_to_end(clone);
    guest_free(clone);
  }
  if (round % 5) run_to_end(guest);
  guest_free(guest);
}

static void soak(Program *program, int from, int to) {
  for (int round = from; round < to; round++) {
    soak_round(program, round);
    if (round % COMPILE_EACH == 0) program_free(program_of(text));
  }
}

START_TEST(test_soak) {
  const char *wanted = getenv("SOAK");
  int rounds = wanted ? atoi(wanted) : ROUNDS, first = rounds / 4 > FIRST ? rounds / 4 : FIRST;
  Program *program = program_of(text);
  soak(program, 0, first);
  heap_collect();
  int open_before = descriptors();
  uint64_t before = rss_now();
  soak(program, first, rounds);
  heap_collect();
  uint64_t after = rss_now();
  if (wanted) fprintf(stderr, "%d rounds: %" PRIu64 " KB, then %" PRIu64 " KB\n", rounds, before >> 10, after >> 10);
#if !defined(__SANITIZE_ADDRESS__)
  ck_assert_msg(after <= before + before / (test_is_compiled() ? 8 : 20), /* LLVM frees everything, in another order */
                "the process grew from %" PRIu64 " to %" PRIu64 " bytes", before, after);
#endif
  ck_assert_int_eq(descriptors(), open_before);
  program_free(program);
}
END_TEST

/* Guests' numbers are of 16 bits: those of guests that are gone are given again, and what is left of objects of theirs does not matter. */
START_TEST(test_numbers) {
  Program *program = program_of("print(1)");
  Guest *kept[AT_A_TIME] = {0};
  for (int i = 0; i < 3 * (1 << 16); i++) {
    guest_free(kept[i % AT_A_TIME]);
    kept[i % AT_A_TIME] = guest_new(program, &options);
    ck_assert_uint_lt(kept[i % AT_A_TIME]->number, 16);
  }
  for (int i = 0; i < AT_A_TIME; i++) {
    run_to_end(kept[i]);
    guest_free(kept[i]);
  }
  program_free(program);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("soak");
  TCase *tests = tcase_create("soak");
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, test_soak);
  tcase_add_test(tests, test_numbers);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
