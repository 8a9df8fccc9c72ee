/* test_embed_threads.c - eight threads of a host at once: each with an engine of its own, and all with one that they share.
 *
 * Each thread makes guests, runs, calls, clones, freezes, thaws and drops them, compiles, stops guests of others, completes operations of others. `make test-tsan` runs it with
 * everything but libgc instrumented by the thread sanitizer, which ends it with an error when two threads meet without the lock between them.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "embed.h"

#if defined(__SANITIZE_THREAD__)
enum { ROUNDS = 6 };
#else
enum { ROUNDS = 20 };
#endif
enum { THREADS = 8, RUNNING = 20000 };

static const char source[] =
    "extern \"t\" fn twice(n: int) -> int\n"
    "extern \"t\" fn ask() -> int\n"
    "enum Tree { leaf; node(Tree, int, Tree) }\n"
    "fn grow(n: int) -> Tree => if n == 0 { .leaf } else { .node(grow(n - 1), twice(n), grow(n - 1)) }\n"
    "let seen: [string: Tree] = [:]\n"
    "pub fn work(n: int) -> [string] { for i in 0..n { seen[\"{i}\"] = grow(i % 5) }; seen.keys().iter().map(|k| k + \"!\").to_list() }\n"
    "pub fn spin() { while true {} }\n"
    "print(work(20).len())\n"
    "print(ask())\n";

typedef struct Worker {
  int number;
  Firn *own;           /* its engine */
  FirnProgram *program; /* of the engine that all share */
  Text printed;
  FirnGuest *shared;   /* a guest of that engine, which others stop and ask about */
  long failed;         /* the line of the first thing that was wrong, or 0 */
} Worker;

static Worker workers[THREADS];

/* Check is not for threads: what is wrong is kept. */
#define OK(condition)                                   \
  do {                                                  \
    if (!(condition)) {                                 \
      if (!w->failed) w->failed = __LINE__;             \
      return;                                           \
    }                                                   \
  } while (0)

static bool went(FirnError *error) {
  if (error) fprintf(stderr, "%s\n", firn_error_text(error));
  bool fine = error == NULL;
  firn_error_free(error);
  return fine;
}

static FirnAnswer host_twice(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)call;
  *result = firn_int(2 * args[0].as.integer);
  return FIRN_DONE;
}


static bool engine_fill(Firn *engine, FirnProgram **made) {
  return went(firn_define(engine, "t.twice(int) -> int", host_twice, NULL)) && went(firn_define(engine, "t.ask() -> int", host_ask, NULL)) &&
         went(firn_compile(engine, source, sizeof source - 1, NULL, made));
}

/* A guest's life in an engine. */
static void guest_lives(Worker *w, Firn *engine, FirnProgram *of) {
  Text printed = {0}, image = {0};
  FirnGuestOptions options = firn_guest_options();
  FirnGuest *g, *clone, *thawed;
  FirnFunction *work;
  FirnValue n = firn_int(30), seven = firn_int(7), result;
  options.write = text_write;
  options.userdata = &printed;
  options.memory = 1 << 22;
  OK(went(firn_guest_new(of, &options, &g)));
  OK(firn_run(g, 1000) == FIRN_RUNNABLE);
  OK(went(firn_clone(g, &printed, &clone)));
  OK(firn_run(g, 0) == FIRN_WAITING);
  OK(went(firn_freeze(g, w->number % 2, text_write, &image)));
  OK(went(firn_thaw(engine, text_read, &image, &options, &thawed)));
  OK(went(firn_complete(g, 1, &seven)) && went(firn_complete(thawed, 1, &seven)));
  OK(firn_run(g, 0) == FIRN_FINISHED && firn_run(thawed, 0) == FIRN_FINISHED && firn_run(clone, 0) == FIRN_WAITING);
  OK(went(firn_function(thawed, "work", "(int) -> [string]", &work)));
  OK(went(firn_call(work, &n, 1, &result)) && result.count == 30);
  FirnStats stats = firn_stats_size();
  OK(went(firn_stats(thawed, &stats)) && stats.memory > 1000);
  char *report = firn_report(clone);
  OK(report && strstr(report, "top level"));
  firn_text_free(report);
  OK(printed.bytes && strcmp(printed.bytes, "20\n7\n7\n20\n") == 0);
  firn_guest_free(g);
  firn_guest_free(clone);
  firn_guest_free(thawed);
  free(printed.bytes);
  free(image.bytes);
}

/* Runs its guest of the shared engine, which the next thread may stop, and stops that of the one before. */
static void meets(Worker *w) {
  FirnFunction *spin;
  OK(went(firn_function(w->shared, "spin", "()", &spin)));
  FirnError *error = firn_call_begin(spin, NULL, 0, NULL, NULL);
  OK(went(error));
  firn_stop(workers[(w->number + 1) % THREADS].shared);
  OK(firn_run(w->shared, RUNNING) == FIRN_RUNNABLE);
  FirnGuest *other = workers[(w->number + 3) % THREADS].shared;
  FirnPending pending = firn_pending_size();
  OK(!firn_pending(other, 0, &pending) || pending.token > 0);
  OK(firn_status(other) != FIRN_FAILED && firn_fuel(other) > 0 && firn_wait_micros(other) >= 0);
  OK(went(firn_call_drop(spin)));
  firn_function_free(spin);
}

static void *thread_run(void *userdata) {
  Worker *w = userdata;
  for (int i = 0; i < ROUNDS && !w->failed; i++) {
    FirnProgram *made;
    w->own = firn_new();
    if (!w->own || !engine_fill(w->own, &made)) w->failed = __LINE__;
    if (!w->failed) guest_lives(w, w->own, made);
    if (!w->failed) guest_lives(w, firn, w->program);
    if (!w->failed) meets(w);
    firn_free(w->own);
  }
  return NULL;
}

START_TEST(test_threads) {
  pthread_t threads[THREADS];
  FirnGuestOptions options = firn_guest_options();
  options.write = text_write;
  options.userdata = &output;
  ck_assert(engine_fill(firn, &program));
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (Worker){.number = i, .program = program};
    FINE(firn_guest_new(program, &options, &workers[i].shared));
    ck_assert_int_eq(firn_run(workers[i].shared, 0), FIRN_WAITING);
  }
  for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, thread_run, &workers[i]), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < THREADS; i++) ck_assert_msg(workers[i].failed == 0, "thread %d: line %ld", i, workers[i].failed);
}
END_TEST

/* One thread runs the schedule; the others put guests in, take them out, complete what they wait for, and read what a poll would. */
static atomic_bool is_over;

static void *thread_schedules(void *userdata) {
  Worker *w = userdata;
  FirnTurn turn = firn_turn();
  turn.units = 5000;
  while (!atomic_load(&is_over)) {
    FirnError *error = firn_schedule_run(firn, &turn);
    if (firn_error_code(error) != FIRN_OK && firn_error_code(error) != FIRN_E_STATE) w->failed = __LINE__;
    firn_error_free(error);
    firn_schedule_next(firn);
  }
  return NULL;
}

static void *thread_feeds(void *userdata) {
  Worker *w = userdata;
  FirnValue seven = firn_int(7);
  for (int i = 0; i < 10 * ROUNDS && !w->failed; i++) {
    FirnGuest *g;
    FirnGuestOptions options = firn_guest_options();
    FirnPending pending = firn_pending_size();
    options.write = text_write;
    options.userdata = &w->printed;
    if (!went(firn_guest_new(w->program, &options, &g)) || !went(firn_schedule(g, (uint32_t)i % 3 + 1)) || firn_schedule_descriptor(firn) < 0) w->failed = __LINE__;
    while (!w->failed && !firn_pending(g, 0, &pending)) usleep(100);
    if (!w->failed && !went(firn_complete(g, pending.token, &seven))) w->failed = __LINE__;
    if (i % 2) firn_stop(g);
    while (!w->failed && i % 2 == 0 && firn_status(g) != FIRN_FINISHED) usleep(100);
    if (!w->failed && !went(firn_schedule(g, 0))) w->failed = __LINE__;
    firn_guest_free(g); /* unless it runs just now: then it goes with the engine */
  }
  return NULL;
}

START_TEST(test_schedule) {
  pthread_t threads[THREADS];
  ck_assert(engine_fill(firn, &program));
  for (int i = 0; i < THREADS; i++) workers[i] = (Worker){.number = i, .program = program};
  for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, i < 2 ? thread_schedules : thread_feeds, &workers[i]), 0);
  for (int i = 2; i < THREADS; i++) pthread_join(threads[i], NULL);
  atomic_store(&is_over, true);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < THREADS; i++) free(workers[i].printed.bytes);
  for (int i = 0; i < THREADS; i++) ck_assert_msg(workers[i].failed == 0, "thread %d: line %ld", i, workers[i].failed);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("threads");
  TCase *tests = tcase_create("threads");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, test_threads);
  tcase_add_test(tests, test_schedule);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
