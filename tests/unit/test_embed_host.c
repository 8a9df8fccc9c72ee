/* test_embed_host.c - the embedding API: host functions that are suspended, and guests and hosts that call each other. */
#include "embed/embed.h"

#include "embed.h"
#include "vm/heap.h"

/* Suspended host functions */

START_TEST(test_suspend) {
  FINE(firn_define(firn, "t.ask(string, int) -> int", host_ask, NULL));
  start(ASKS "pub fn two() -> int => ask(\"a\", 1) * 10 + ask(\"b\", 2)\nlet t = spawn ask(\"c\", 3)\nprint(\"main\")\nprint(t.wait())");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_WAITING);
  ck_assert_uint_eq(asked_token, 1);
  FirnFunction *two = bind("two", "() -> int");
  FirnValue seven = firn_int(7), eight = firn_int(8), bad = firn_string("x"), result;
  WRONG(firn_call(two, NULL, 0, &result), FIRN_E_WAITING, "waits");
  FirnPending pending = firn_pending_size();
  ck_assert(firn_pending(guest, 1, &pending));
  ck_assert(!firn_pending(guest, 2, &pending));
  ck_assert_str_eq(pending.name, "t.ask");
  ck_assert_int_eq(pending.micros, INT64_MAX);
  FirnValue *args;
  size_t nargs;
  FINE(firn_pending_args(guest, asked_token, &args, &nargs));
  ck_assert_uint_eq(nargs, 2);
  ck_assert_str_eq(args[0].as.text, "a");
  ck_assert_int_eq(args[1].as.integer, 1);
  firn_pending_free(guest, args);
  WRONG(firn_pending_args(guest, 99, &args, &nargs), FIRN_E_NAME, "99");
  WRONG(firn_complete(guest, asked_token, &bad), FIRN_E_TYPE, "string");
  WRONG(firn_complete(guest, 99, &seven), FIRN_E_NAME, "99");
  FINE(firn_complete(guest, asked_token, &seven));
  WRONG(firn_call_finish(two, &result), FIRN_E_WAITING, "waits");
  FINE(firn_complete(guest, asked_token, &eight));
  FINE(firn_call_finish(two, &result));
  ck_assert_int_eq(result.as.integer, 78);
  ck_assert_int_eq(firn_status(guest), FIRN_WAITING);
  ck_assert_str_eq(output.bytes, "main\n");
  FINE(firn_complete(guest, 1, &seven));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  ck_assert_str_eq(output.bytes, "main\n7\n");
  WRONG(firn_call(two, NULL, 0, &result), FIRN_E_WAITING, "waits");
  FINE(firn_complete_error(guest, asked_token, "the line is dead"));
  ck_assert_int_eq(firn_status(guest), FIRN_FAILED);
  WRONG(firn_call_finish(two, &result), FIRN_E_FAILED, "the line is dead");
  WRONG(firn_complete_error(guest, 1, "x"), FIRN_E_NAME, "");
}
END_TEST

/* A host function that asks the guest: map(f, n) calls f(0), ..., f(n - 1) and gives the sum. */
typedef struct Sum { FirnFunction *f; uint64_t token; int64_t at, n, sum; unsigned depth; } Sum;
static unsigned sums_open, sums_most;

static void sum_next(FirnGuest *g, const FirnError *error, const FirnValue *result, void *userdata);

static void sum_step(FirnGuest *g, Sum *sum) {
  FirnValue at = firn_int(sum->at++), total = firn_int(sum->sum);
  if (sum->at <= sum->n) {
    FINE(firn_call_begin(sum->f, &at, 1, sum_next, sum));
    return;
  }
  FINE(firn_complete(g, sum->token, &total));
  firn_function_free(sum->f);
  free(sum);
  sums_open--;
}

static void sum_next(FirnGuest *g, const FirnError *error, const FirnValue *result, void *userdata) {
  Sum *sum = userdata;
  if (error) {
    firn_function_free(sum->f);
    free(sum);
    return;
  }
  sum->sum += result->as.integer;
  sum_step(g, sum);
}

static FirnAnswer host_sum(FirnCall *call, const FirnValue *args, FirnValue *result) {
  Sum *sum = calloc(1, sizeof *sum);
  FirnGuest *g = firn_call_guest(call);
  (void)result;
  sum->n = args[1].as.integer;
  FINE(firn_function_ref(g, args[0].as.ref, "fn(int) -> int", &sum->f));
  FirnAnswer answer = firn_call_suspend(call, &sum->token);
  if (++sums_open > sums_most) sums_most = sums_open;
  sum_step(g, sum);
  return answer;
}

#define SUMS "extern \"t\" fn sum(f: fn(int) -> int, n: int) -> int\n"

START_TEST(test_nested) {
  FINE(firn_define(firn, "t.sum(fn(int) -> int, int) -> int", host_sum, NULL));
  start(SUMS "pub fn squares(n: int) -> int => sum(|x| x * x, n)\npub fn tree(d: int) -> int => if d == 0 { 1 } else { sum(|x| tree(d - 1), 2) }\nprint(sum(|x| x, 4))\npub fn bad(n: int) -> int => sum(|x| panic(\"in {x}\"), n)");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  ck_assert_str_eq(output.bytes, "6\n");
  ck_assert_int_eq(call_int(bind("squares", "(int) -> int"), 10), 285);
  ck_assert_int_eq(call_int(bind("tree", "(int) -> int"), 8), 256);
  ck_assert_uint_eq(sums_most, 8);
  ck_assert_uint_eq(sums_open, 0);
  /* No C frame stands between guest frames, so that depth costs no C stack. */
  ck_assert_int_eq(call_int(bind("squares", "(int) -> int"), 20000), 2666466670000);
  FirnValue n = firn_int(3);
  WRONG(firn_call(bind("bad", "(int) -> int"), &n, 1, NULL), FIRN_E_FAILED, "in 0");
  FirnStats stats = firn_stats_size();
  FINE(firn_stats(guest, &stats));
  ck_assert_uint_eq(stats.refs, 0);
}
END_TEST

/* What a guest's own callbacks may not do. */
static FirnAnswer host_meddle(FirnCall *call, const FirnValue *args, FirnValue *result) {
  FirnFunction *f = *(FirnFunction **)firn_call_userdata(call);
  FirnGuest *g = firn_call_guest(call), *clone;
  FirnValue value;
  (void)args, (void)result;
  WRONG(firn_call(f, NULL, 0, &value), FIRN_E_STATE, "runs");
  WRONG(firn_call_finish(f, &value), FIRN_E_STATE, "");
  WRONG(firn_freeze(g, false, text_write, NULL), FIRN_E_STATE, "runs");
  WRONG(firn_clone(g, NULL, &clone), FIRN_E_STATE, "runs");
  WRONG(firn_memory_set(g, 1), FIRN_E_STATE, "runs");
  WRONG(firn_recover(g), FIRN_E_STATE, "runs");
  ck_assert_int_eq(firn_run(g, 0), FIRN_RUNNABLE);
  firn_guest_free(g);
  firn_free(firn);
  FirnStats stats = firn_stats_size();
  FINE(firn_stats(g, &stats));
  ck_assert_uint_eq(stats.memory, 0);
  FINE(firn_fuel_set(g, 5000));
  ck_assert_int_eq(firn_fuel(g), 5000);
  return FIRN_DONE;
}

START_TEST(test_meddling) {
  FirnFunction *f = NULL;
  FINE(firn_define(firn, "t.meddle()", host_meddle, &f));
  start("extern \"t\" fn meddle()\npub fn f() {}\nmeddle()\nprint(\"on\")\nwhile true {}");
  f = bind("f", "()");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_OUT_OF_FUEL);
  FirnStats stats = firn_stats_size();
  FINE(firn_stats(guest, &stats));
  ck_assert_int_lt(firn_fuel(guest), 1);
  ck_assert_str_eq(output.bytes, "on\n");
}
END_TEST

/* Guests inside host functions of others, as deep as that may go. */
static FirnAnswer host_inside(FirnCall *call, const FirnValue *args, FirnValue *result) {
  FirnGuest *inner;
  (void)call;
  FINE(firn_guest_new(program, NULL, &inner));
  FirnFunction *f;
  FINE(firn_function(inner, "f", "(int) -> int", &f));
  FirnError *error = firn_call(f, args, 1, result);
  if (error) {
    ck_assert_int_eq(firn_error_code(error), FIRN_E_STATE);
    *result = firn_int(0);
  }
  firn_error_free(error);
  firn_guest_free(inner);
  result->as.integer++;
  return FIRN_DONE;
}

START_TEST(test_inside) {
  FINE(firn_define(firn, "t.inside(int) -> int", host_inside, NULL));
  start("extern \"t\" fn inside(n: int) -> int\npub fn f(n: int) -> int => inside(n)");
  ck_assert_int_eq(call_int(bind("f", "(int) -> int"), 1), 16);
}
END_TEST
/* Calls one after the other are the same task object, unless the guest may have a reference to it; their numbers count on either way. */
START_TEST(test_calls_again) {
  start("var kept = \"\"\npub fn f(n: int) -> int => if n == 0 { 0 } else { kept = \"{n}\"; f(n - 1) + 1 }\n"
        "pub fn wait(n: int) -> int => (spawn f(n)).wait()");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FirnFunction *f = bind("f", "(int) -> int"), *wait = bind("wait", "(int) -> int");
  ck_assert_int_eq(call_int(f, 1), 1);
  const Task *first = guest->guest->main;
  uint64_t made = guest->guest->tasks_made, allocated = guest->guest->allocated;
  ck_assert_int_eq(call_int(f, 1), 1);
  ck_assert_ptr_eq(guest->guest->main, first);
  ck_assert_uint_eq(guest->guest->tasks_made, made + 1);
  uint64_t cost = guest->guest->allocated - allocated;
  heap_collect();
  ck_assert_int_eq(call_int(f, 1000), 1000); /* its stack is another */
  ck_assert_int_eq(call_int(wait, 3), 3);
  first = guest->guest->main;
  allocated = guest->guest->allocated;
  ck_assert_int_eq(call_int(f, 1), 1);
  ck_assert_ptr_ne(guest->guest->main, first);
  ck_assert_uint_eq(guest->guest->allocated, allocated + cost);
}
END_TEST

/* What an operation gave is there, however much is collected before its task goes on: also when the result takes more slots than the arguments did. */
START_TEST(test_completed_and_collected) {
  Text image = {0};
  FirnGuest *thawed, *other;
  FirnGuestOptions options = firn_guest_options();
  FirnValue text = firn_string("what the host gave"), seven = firn_int(7);
  FINE(firn_define(firn, "t.name() -> string", host_ask, NULL));
  FINE(firn_define(firn, "t.number() -> int", host_ask, NULL));
  start("extern \"t\" fn name() -> string\nextern \"t\" fn number() -> int\nfn tell() { print(name()) }\nlet t = spawn tell()\nprint(number())\nprint(name())\nt.wait()");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_WAITING);
  FINE(firn_freeze(guest, true, text_write, &image));
  options.write = text_write;
  options.userdata = &output;
  FINE(firn_thaw(firn, text_read, &image, &options, &thawed));
  compile("for i in 0..2000 { let _s = \"garbage {i}\".repeat(50) }");
  FirnGuest *both[] = {guest, thawed};
  for (uint64_t token = 1; token <= 3; token++) {
    for (int i = 0; i < 2; i++) FINE(firn_complete(both[i], token, token == 1 ? &seven : &text));
    heap_collect();
    FINE(firn_guest_new(program, NULL, &other));
    ck_assert_int_eq(firn_run(other, 0), FIRN_FINISHED);
    heap_collect();
    for (int i = 0; i < 2; i++) firn_run(both[i], 0);
  }
  ck_assert_str_eq(output.bytes, "7\n7\nwhat the host gave\nwhat the host gave\nwhat the host gave\nwhat the host gave\n");
  free(image.bytes);
}
END_TEST
int main(void) {
  const TTest *const all[] = {test_suspend, test_nested, test_meddling, test_inside, test_calls_again, test_completed_and_collected};
  const TTest *const stressed[] = {test_suspend, test_meddling, test_inside, test_calls_again};
  Suite *suite = suite_create("hosts");
  tests_add(suite, "embed", setup, all, sizeof all / sizeof *all);
  tests_add(suite, "embed, stressed", setup_stressed, stressed, sizeof stressed / sizeof *stressed);
  return suite_run(suite);
}
