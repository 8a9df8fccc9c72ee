/* test_embed_schedule.c - many guests on one thread: fair turns, who leaves, what waiting costs, the descriptor. */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "embed.h"
#include "vm/heap.h"

#define SPIN "while true {}"
enum { COUNT = 8 };

static FirnGuest *guests[COUNT];

static FirnGuest *guest_of(const char *source, int64_t fuel, unsigned grants) {
  FirnGuestOptions options = firn_guest_options();
  FirnGuest *made;
  options.fuel = fuel;
  options.grants = grants;
  options.write = text_write;
  options.userdata = &output;
  compile(source);
  FINE(firn_guest_new(program, &options, &made));
  return made;
}

static uint64_t used_by(FirnGuest *g) {
  FirnStats stats = firn_stats_size();
  FINE(firn_stats(g, &stats));
  return stats.fuel_used;
}

static FirnTurn turn_of(int64_t units) {
  FirnTurn turn = firn_turn();
  turn.units = units;
  FINE(firn_schedule_run(firn, &turn));
  return turn;
}

static bool is_readable(int descriptor, int millis) {
  struct pollfd fd = {.fd = descriptor, .events = POLLIN};
  return poll(&fd, 1, millis) == 1;
}

/* Fairness */

/* Whether any two guests are within a slice of each other, by weight; `operation` is what one may cost. */
static void fair_are(const uint32_t *weights, int count, double operation) {
  for (int i = 0; i < count; i++) {
    for (int j = 0; j < count; j++) {
      double ahead = (double)used_by(guests[i]) / weights[i] - (double)used_by(guests[j]) / weights[j];
      ck_assert_msg(ahead <= FIRN_SLICE + 1 + operation / weights[i], "%d is %g ahead of %d", i, ahead, j);
    }
  }
}

START_TEST(test_weights) {
  static const uint32_t weights[COUNT] = {1, 1, 2, 3, 7, 100, 1000, FIRN_WEIGHT_MAX};
  static const int64_t bounds[] = {1, 1000, 4097, 1000000, 50000000};
  for (int i = 0; i < COUNT; i++) {
    guests[i] = guest_of(SPIN, 0, 0);
    FINE(firn_schedule(guests[i], weights[i]));
  }
  int64_t all = COUNT; /* each has begun */
  for (int i = 0; i < 100; i++) {
    FirnTurn turn = turn_of(bounds[i % 5]);
    ck_assert_int_ge(turn.used, bounds[i % 5]);
    ck_assert_int_lt(turn.used, bounds[i % 5] + 100);
    ck_assert_uint_eq(turn.ready, COUNT);
    ck_assert_int_eq(turn.wait_micros, 0);
    ck_assert_uint_ge(turn.slices, 1);
    all += turn.used;
    fair_are(weights, COUNT, 100);
  }
  int64_t sum = 0;
  for (int i = 0; i < COUNT; i++) sum += (int64_t)used_by(guests[i]);
  ck_assert_int_eq(sum, all);
}
END_TEST

/* Operations that cost many times a slice are made good, and nothing of it is forgotten. */
START_TEST(test_long_operations) {
  static const uint32_t weights[COUNT] = {1, 2};
  guests[0] = guest_of("let xs = List(3000000, 1)\nwhile true { let _ys = xs.copy() }", 0, 0);
  guests[1] = guest_of(SPIN, 0, 0);
  for (int i = 0; i < 2; i++) FINE(firn_schedule(guests[i], weights[i]));
  for (int i = 0; i < 200; i++) {
    turn_of(100000);
    fair_are(weights, 2, 30000000);
  }
  ck_assert_uint_gt(used_by(guests[0]), 5000000);
}
END_TEST

/* How a host divides its turns changes nothing of who has used how much. */
START_TEST(test_division) {
  uint64_t used[2][3];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 3; i++) {
      guests[i] = guest_of("var i = 0\nwhile true { i += 1 }", 0, 0);
      FINE(firn_schedule(guests[i], (uint32_t)i + 1));
    }
    static int64_t sum;
    if (round == 1) ck_assert_int_eq(turn_of(sum).used, sum);
    else for (int i = 0; i < 100; i++) sum += turn_of(1 + i * 37).used;
    for (int i = 0; i < 3; i++) used[round][i] = used_by(guests[i]);
    for (int i = 0; i < 3; i++) firn_guest_free(guests[i]);
  }
  for (int i = 0; i < 3; i++) {
    ck_assert_uint_eq(used[0][i], used[1][i]);
  }
}
END_TEST

/* Who comes later, or sleeps, does not get what it did not use. */
START_TEST(test_no_savings) {
  guests[0] = guest_of(SPIN, 0, 0);
  guests[1] = guest_of(SPIN, 0, 0);
  FINE(firn_schedule(guests[0], 1));
  turn_of(10000000);
  FINE(firn_schedule(guests[1], 1));
  turn_of(1000000);
  ck_assert_uint_lt(used_by(guests[1]), 500000 + FIRN_SLICE);
  ck_assert_uint_gt(used_by(guests[1]), 500000 - FIRN_SLICE);
  FINE(firn_schedule(guests[0], 0));
  uint64_t before = used_by(guests[0]);
  turn_of(1000000);
  ck_assert_uint_eq(used_by(guests[0]), before);
  FINE(firn_schedule(guests[0], 3));
  uint64_t second = used_by(guests[1]);
  turn_of(4000000);
  double ratio = (double)(used_by(guests[0]) - before) / (double)(used_by(guests[1]) - second);
  ck_assert_msg(ratio > 2.98 && ratio < 3.02, "%g", ratio);
}
END_TEST

/* Leaving */

START_TEST(test_leaves) {
  static const char *const sources[] = {"print(1)", "let xs: [int] = []\nprint(xs[1])", SPIN, SPIN, "import time\ntime.sleep(1000.0)"};
  for (int i = 0; i < 5; i++) {
    guests[i] = guest_of(sources[i], i == 2 ? 5000 : 0, FIRN_GRANT_TIME);
    FINE(firn_schedule(guests[i], 1));
  }
  firn_stop(guests[3]);
  FirnTurn turn = turn_of(0);
  ck_assert_uint_eq(turn.left, 4);
  ck_assert_uint_eq(turn.waiting, 1);
  ck_assert_uint_eq(turn.ready, 0);
  ck_assert_int_eq(turn.wait_micros, 0);
  static const FirnStatus statuses[] = {FIRN_FINISHED, FIRN_FAILED, FIRN_OUT_OF_FUEL, FIRN_RUNNABLE};
  for (int seen = 0; seen < 4; seen++) {
    FirnGuest *g = firn_schedule_next(firn);
    int which = 0;
    while (which < 4 && guests[which] != g) which++;
    ck_assert_int_lt(which, 4);
    ck_assert_int_eq(firn_status(g), statuses[which]);
  }
  ck_assert_ptr_null(firn_schedule_next(firn));
  turn = turn_of(0);
  ck_assert_int_gt(turn.wait_micros, 900000000);
  ck_assert_uint_eq(turn.slices, 0);
  FINE(firn_fuel_set(guests[2], 100000));
  FINE(firn_schedule(guests[2], 1));
  turn = turn_of(0);
  ck_assert_int_ge(turn.used, 100000);
  ck_assert_uint_eq(turn.left, 1);
  firn_guest_free(guests[2]);
  ck_assert_ptr_null(firn_schedule_next(firn));
  firn_guest_free(guests[4]);
  ck_assert_int_eq(turn_of(0).wait_micros, INT64_MAX);
}
END_TEST

/* A guest whose time is over leaves, running or waiting, also if the time was given while it waited; with more it goes on where it was. */
START_TEST(test_deadlines) {
  for (int i = 0; i < 3; i++) {
    guests[i] = guest_of(i == 0 ? SPIN : "import time\ntime.sleep(1000.0)", 0, FIRN_GRANT_TIME);
    if (i < 2) FINE(firn_timeout_set(guests[i], 20000));
    FINE(firn_schedule(guests[i], 1));
  }
  int descriptor = firn_schedule_descriptor(firn), left = 0;
  while (left < 2) {
    FirnTurn turn = turn_of(0);
    ck_assert_uint_eq(turn.ready, 0);
    if (!turn.left) {
      ck_assert_int_le(turn.wait_micros, 20000);
      ck_assert(is_readable(descriptor, 5000));
    }
    for (FirnGuest *g; (g = firn_schedule_next(firn)); left++) {
      ck_assert(g == guests[0] || g == guests[1]);
      ck_assert_int_eq(firn_status(g), FIRN_OUT_OF_TIME);
    }
  }
  ck_assert_int_gt(turn_of(0).wait_micros, 900000000);
  ck_assert(!is_readable(descriptor, 0));
  FINE(firn_timeout_set(guests[2], 10000));
  ck_assert(is_readable(descriptor, 0));
  ck_assert_int_le(turn_of(0).wait_micros, 10000);
  ck_assert(is_readable(descriptor, 5000));
  ck_assert_uint_eq(turn_of(0).left, 1);
  ck_assert_ptr_eq(firn_schedule_next(firn), guests[2]);
  ck_assert_int_eq(firn_status(guests[2]), FIRN_OUT_OF_TIME);
  FINE(firn_schedule(guests[2], 1)); /* without more */
  ck_assert_uint_eq(turn_of(0).left, 1);
  FINE(firn_timeout_set(guests[2], 0));
  FINE(firn_schedule(guests[2], 1));
  FirnTurn turn = turn_of(0);
  ck_assert_uint_eq(turn.left, 0);
  ck_assert_uint_eq(turn.waiting, 1);
  ck_assert_int_gt(turn.wait_micros, 900000000);
  uint64_t used = used_by(guests[0]);
  FINE(firn_timeout_set(guests[0], 0));
  FINE(firn_schedule(guests[0], 1));
  ck_assert_int_ge(turn_of(100000).used, 100000);
  ck_assert_uint_ge(used_by(guests[0]), used + 100000);
}
END_TEST

START_TEST(test_errors) {
  guest = guest_of(SPIN, 0, 0);
  WRONG(firn_schedule(NULL, 1), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_schedule(guest, FIRN_WEIGHT_MAX + 1), FIRN_E_ARGUMENT, "65537");
  WRONG(firn_schedule_run(NULL, NULL), FIRN_E_ARGUMENT, "NULL");
  FirnTurn turn = {0};
  WRONG(firn_schedule_run(firn, &turn), FIRN_E_ARGUMENT, "size");
  FINE(firn_schedule_run(firn, NULL));
  ck_assert_ptr_null(firn_schedule_next(NULL));
  ck_assert_int_eq(firn_schedule_descriptor(NULL), -1);
  FINE(firn_schedule(guest, 0));
  FINE(firn_schedule(guest, 1));
  FINE(firn_schedule(guest, 1));
  turn = firn_turn();
  turn.micros = 2000;
  FINE(firn_schedule_run(firn, &turn));
  ck_assert_int_gt(turn.used, 0);
}
END_TEST

/* Host functions inside of turns */

static FirnAnswer host_meddle(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)args, (void)result;
  FirnGuest *own = firn_call_guest(call);
  WRONG(firn_schedule_run(firn, NULL), FIRN_E_STATE, "being run");
  FINE(firn_schedule(guests[1], 5));
  ck_assert_int_eq(firn_run(guests[1], 1000), FIRN_RUNNABLE);
  if (guests[2]) firn_guest_free(guests[2]);
  guests[2] = NULL;
  FINE(firn_schedule(own, 0));
  return FIRN_DONE;
}

START_TEST(test_meddling) {
  FINE(firn_define(firn, "t.meddle()", host_meddle, NULL));
  guests[0] = guest_of("extern \"t\" fn meddle()\nmeddle()\n" SPIN, 0, 0);
  guests[1] = guest_of(SPIN, 0, 0);
  guests[2] = guest_of(SPIN, 0, 0);
  for (int i = 0; i < 3; i++) FINE(firn_schedule(guests[i], 1));
  FirnTurn turn = turn_of(1000000);
  ck_assert_uint_eq(turn.ready, 1);
  ck_assert_uint_eq(turn.left, 0);
  ck_assert_ptr_null(guests[2]);
  uint64_t before = used_by(guests[0]);
  turn_of(1000000);
  ck_assert_uint_eq(used_by(guests[0]), before);
  /* A guest of the schedule whose own host function runs the schedule is left out until it is back. */
  FINE(firn_schedule(guests[0], 1));
}
END_TEST

static FirnAnswer host_turn(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)call, (void)args, (void)result;
  FirnTurn turn = turn_of(50000);
  ck_assert_uint_eq(turn.waiting, 1);
  ck_assert_uint_eq(turn.ready, 1);
  return FIRN_DONE;
}

START_TEST(test_turn_inside) {
  FINE(firn_define(firn, "t.turn()", host_turn, NULL));
  guests[0] = guest_of("extern \"t\" fn turn()\nturn()\n" SPIN, 0, 0);
  guests[1] = guest_of(SPIN, 0, 0);
  FINE(firn_schedule(guests[0], 1));
  FINE(firn_schedule(guests[1], 1));
  ck_assert_int_eq(firn_run(guests[0], 1000), FIRN_RUNNABLE);
  ck_assert_uint_ge(used_by(guests[1]), 50000);
  ck_assert_uint_eq(turn_of(100).ready, 2);
}
END_TEST

/* Waiting */

/* Guests that wait are not looked at: beside so many, one that runs gets as many slices, and as quickly, as alone. */
START_TEST(test_waiting_costs_nothing) {
  enum { MANY = 10000 };
  static FirnGuest *many[MANY];
  FINE(firn_define(firn, "t.ask() -> int", host_ask, NULL));
  guest = guest_of(SPIN, 0, 0);
  FINE(firn_schedule(guest, 1));
  uint64_t alone = turn_of(100000000).slices;
  FirnGuestOptions options = firn_guest_options();
  options.grants = FIRN_GRANT_TIME;
  compile("import time\nextern \"t\" fn ask() -> int\nfn sleep() { time.sleep(1000.0) }\nspawn sleep()\nask()\n" SPIN);
  for (int i = 0; i < MANY; i++) {
    FINE(firn_guest_new(program, &options, &many[i]));
    FINE(firn_schedule(many[i], 1));
  }
  FINE(firn_schedule(guest, 0));
  FirnTurn turn = turn_of(0);
  ck_assert_uint_eq(turn.slices, MANY);
  ck_assert_uint_eq(turn.waiting, MANY);
  ck_assert_int_gt(turn.wait_micros, 0);
  ck_assert_uint_eq(turn_of(0).slices, 0);
  FINE(firn_schedule(guest, 1));
  turn = turn_of(100000000);
  ck_assert_uint_le(turn.slices, alone + 1);
  ck_assert_uint_eq(turn.ready, 1);
  FirnValue one = firn_int(1);
  FINE(firn_complete(many[77], 1, &one));
  turn = turn_of(1000000);
  ck_assert_uint_eq(turn.ready, 2);
  ck_assert_uint_eq(turn.waiting, MANY - 1);
  ck_assert_uint_gt(used_by(many[77]), 300000);
}
END_TEST

START_TEST(test_sleepers) {
  for (int i = 0; i < 3; i++) {
    guests[i] = guest_of(i == 0 ? "import time\ntime.sleep(0.03)\nprint(\"c\")" : i == 1 ? "import time\ntime.sleep(0.01)\nprint(\"a\")" : "import time\ntime.sleep(0.02)\nprint(\"b\")", 0, FIRN_GRANT_TIME);
    FINE(firn_schedule(guests[i], 1));
  }
  int descriptor = firn_schedule_descriptor(firn), left = 0;
  ck_assert_int_ge(descriptor, 0);
  ck_assert_int_eq(descriptor, firn_schedule_descriptor(firn));
  ck_assert(is_readable(descriptor, 0));
  for (int rounds = 0; left < 3; rounds++) {
    FirnTurn turn = turn_of(0);
    ck_assert_int_lt(rounds, 20);
    if (!turn.left) {
      ck_assert_int_le(turn.wait_micros, 30000);
      ck_assert(!is_readable(descriptor, 0) || turn.wait_micros < 1000);
      ck_assert(is_readable(descriptor, 5000));
    }
    while (firn_schedule_next(firn)) left++;
  }
  ck_assert_str_eq(output.bytes, "a\nb\nc\n");
  ck_assert(!is_readable(descriptor, 0));
}
END_TEST

static void *thread_completes(void *userdata) {
  FirnValue value = firn_int(42);
  usleep(20000);
  FINE(firn_complete(userdata, 1, &value));
  return NULL;
}

START_TEST(test_completed) {
  pthread_t thread;
  FINE(firn_define(firn, "t.ask() -> int", host_ask, NULL));
  guest = guest_of("extern \"t\" fn ask() -> int\nprint(ask())\npub fn f(n: int) -> int => n + ask()", 0, 0);
  FINE(firn_schedule(guest, 1));
  turn_of(0);
  int descriptor = firn_schedule_descriptor(firn);
  ck_assert(!is_readable(descriptor, 0));
  pthread_create(&thread, NULL, thread_completes, guest);
  ck_assert(is_readable(descriptor, 5000));
  pthread_join(thread, NULL);
  ck_assert_uint_eq(turn_of(0).left, 1);
  ck_assert(is_readable(descriptor, 0));
  ck_assert_ptr_eq(firn_schedule_next(firn), guest);
  ck_assert(!is_readable(descriptor, 0));
  ck_assert_str_eq(output.bytes, "42\n");
  /* A call of a guest that is over: it is put back. */
  FirnFunction *f = bind("f", "(int) -> int");
  FirnValue one = firn_int(1), result;
  FINE(firn_call_begin(f, &one, 1, NULL, NULL));
  FINE(firn_schedule(guest, 1));
  ck_assert_uint_eq(turn_of(0).waiting, 1);
  FINE(firn_complete(guest, 2, &one));
  ck_assert_uint_eq(turn_of(0).left, 1);
  FINE(firn_call_finish(f, &result));
  ck_assert_int_eq(result.as.integer, 2);
  /* Dropped, and failed, while it waits. */
  FINE(firn_call_begin(f, &one, 1, NULL, NULL));
  FINE(firn_schedule(guest, 1));
  ck_assert_uint_eq(turn_of(0).waiting, 1);
  FINE(firn_call_drop(f));
  ck_assert_uint_eq(turn_of(0).left, 1);
  FINE(firn_call_begin(f, &one, 1, NULL, NULL));
  FINE(firn_schedule(guest, 1));
  ck_assert_uint_eq(turn_of(0).waiting, 1);
  FINE(firn_complete_error(guest, 4, "no"));
  ck_assert_uint_eq(turn_of(0).left, 1);
  ck_assert_int_eq(firn_status(firn_schedule_next(firn)), FIRN_FAILED);
}
END_TEST

/* Standard input: a pipe that this process writes to. Who asked first is given the first line. */
START_TEST(test_standard_input) {
  int pipes[2];
  ck_assert_int_eq(pipe(pipes), 0);
  ck_assert_int_eq(dup2(pipes[0], STDIN_FILENO), STDIN_FILENO);
  for (int i = 0; i < 2; i++) {
    guests[i] = guest_of(i == 0 ? "while let line = read_line() { print(\"first\", line) }" : "while let line = read_line() { print(\"second\", line) }", 0, FIRN_GRANT_STDIN);
    FINE(firn_schedule(guests[i], 1));
  }
  guests[2] = guest_of(SPIN, 0, 0);
  FirnTurn turn = turn_of(0);
  ck_assert(turn.wants_input);
  ck_assert_uint_eq(turn.waiting, 2);
  int descriptor = firn_schedule_descriptor(firn);
  ck_assert(!is_readable(descriptor, 0));
  ck_assert_int_eq(write(pipes[1], "one\ntwo\n", 8), 8);
  ck_assert(is_readable(descriptor, 0));
  turn_of(0);
  ck_assert_str_eq(output.bytes, "first one\nsecond two\n");
  ck_assert(!is_readable(descriptor, 0));
  /* Also beside one that always runs. */
  FINE(firn_schedule(guests[2], 1));
  ck_assert_int_eq(write(pipes[1], "three\n", 6), 6);
  turn_of(1000000);
  ck_assert_ptr_nonnull(strstr(output.bytes, "first three\n"));
  FINE(firn_schedule(guests[2], 0));
  close(pipes[1]);
  ck_assert(is_readable(descriptor, 0));
  turn = turn_of(0);
  ck_assert_uint_eq(turn.left, 2);
  ck_assert(!turn.wants_input);
  close(pipes[0]);
}
END_TEST

static FirnInput line_read(void *userdata, const char **text, size_t *length) {
  (void)userdata;
  if (!output.length) return FIRN_INPUT_WAIT;
  *text = "given";
  *length = 5;
  return FIRN_INPUT_LINE;
}

START_TEST(test_given_input) {
  FirnGuestOptions options = firn_guest_options();
  options.grants = FIRN_GRANT_STDIN;
  options.read_line = line_read;
  options.write = text_write;
  options.userdata = &output;
  compile("print(read_line() ?? \"\")");
  FINE(firn_guest_new(program, &options, &guest));
  FINE(firn_schedule(guest, 1));
  FirnTurn turn = turn_of(0);
  ck_assert_uint_eq(turn.waiting, 1);
  ck_assert(!turn.wants_input);
  ck_assert_uint_eq(turn_of(0).slices, 0);
  text_write(&output, ">", 1);
  FINE(firn_schedule(guest, 1));
  ck_assert_uint_eq(turn_of(0).left, 1);
  ck_assert_str_eq(output.bytes, ">given\n");
}
END_TEST

/* Guests come, go, sleep, are stopped and freed at random: nobody is lost. */
START_TEST(test_random) {
  enum { LIVE = 40, STEPS = 3000 };
  static FirnGuest *live[LIVE];
  static bool is_in[LIVE];
  FirnGuestOptions options = firn_guest_options();
  options.grants = FIRN_GRANT_TIME;
  compile("import time\nvar n = 0\nwhile true { n += 1; if n % 100 == 0 { time.sleep(0.0001) } }");
  uint32_t random = 1;
  for (int step = 0; step < STEPS; step++) {
    random = random * 1103515245 + 12345;
    int which = (int)(random >> 16) % LIVE, what = (int)(random >> 8) % 8;
    if (!live[which]) {
      options.fuel = 1000 + (int64_t)(random >> 20);
      FINE(firn_guest_new(program, &options, &live[which]));
      is_in[which] = false;
    } else if (what == 0) {
      firn_guest_free(live[which]);
      live[which] = NULL;
    } else if (what == 1) {
      firn_stop(live[which]);
    } else if (what == 2) {
      FINE(firn_schedule(live[which], 0));
      is_in[which] = false;
    } else if (what == 3) {
      firn_run(live[which], 100);
    } else {
      FINE(firn_fuel_set(live[which], 1000));
      FINE(firn_schedule(live[which], random >> 24));
      is_in[which] = random >> 24;
    }
    FirnTurn turn = turn_of(step % 500 + 1);
    for (FirnGuest *g; (g = firn_schedule_next(firn)); turn.left--) {
      int found = 0;
      while (found < LIVE && live[found] != g) found++;
      ck_assert_int_lt(found, LIVE);
      ck_assert(is_in[found]);
      is_in[found] = false;
    }
    ck_assert_uint_eq(turn.left, 0);
    unsigned count = 0;
    for (int i = 0; i < LIVE; i++) count += live[i] && is_in[i];
    ck_assert_uint_eq(turn.ready + turn.waiting, count);
  }
  for (int i = 0; i < LIVE; i++) live[i] = NULL;
}
END_TEST

/* More guests than libgc's stack has room for at first. */
START_TEST(test_many) {
  enum { MANY = 8000 };
  FirnGuest **many = malloc(MANY * sizeof *many);
  compile("var all = [\"\"]\npub fn add(n: int) -> int { all.push(\"{n}\"); all.len() }");
  for (int i = 0; i < MANY; i++) {
    FINE(firn_guest_new(program, NULL, &many[i]));
    ck_assert_int_eq(firn_run(many[i], 0), FIRN_FINISHED);
  }
  heap_collect();
  heap_collect();
  for (int i = 0; i < MANY; i++) {
    guest = many[i];
    FirnFunction *add = bind("add", "(int) -> int");
    ck_assert_int_eq(call_int(add, i), 2);
    firn_guest_free(guest);
  }
  guest = NULL;
  free(many);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("schedules");
  const TTest *const all[] = {
      test_weights, test_long_operations, test_division, test_no_savings, test_leaves, test_deadlines, test_errors, test_meddling, test_turn_inside,
      test_waiting_costs_nothing, test_sleepers, test_completed, test_standard_input, test_given_input, test_random, test_many,
  };
  tests_add(suite, "schedules", setup, all, sizeof all / sizeof *all);
  return suite_run(suite);
}
