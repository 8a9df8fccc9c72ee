/* test_wait.c - operations that tasks wait for: tokens, completion, order, what a waiting guest is; on both tiers. */
#include "lockstep.h"

#include "vm/execute.h"
#include "vm/image.h"
#include "vm/native.h"

NATIVE_WAITS("wait.ask", wait_ask, "(int) -> int", NONE, HOST, "Asks the host.") { return args[0].i < 0 ? TRAP_NONE : guest_await(guest, GUEST_NEVER); }
NATIVE_WAITS("wait.pair", wait_pair, "(string) -> int?", NONE, HOST, "Asks for two slots.") { return (void)args, guest_await(guest, GUEST_NEVER); }
NATIVE_WAITS("wait.until", wait_until, "(int) -> void", NONE, TIME, "Waits.") { return guest_await(guest, args[0].i); }

#define HEAD                                                                                                                                 \
  "module 1\nstring \"s\"\nimport \"wait\" \"ask\" (int) -> int\nimport \"wait\" \"pair\" (string) -> opt<int>\n"                             \
  "import \"wait\" \"until\" (int) -> void\nglobal \"order\" int\n"
/* Adds a digit to the global, in which the order of what happens is kept. */
#define NOTE "func \"note\" (int) -> void\n global.get 0\n int.const 10\n int.mul\n local.get 0\n int.add\n global.set 0\n void.const\n ret\n"
#define SPAWN(function) " fn.new " function " 0\n task.new\n task.ready\n"

/* Asks twice, in the middle of an expression too, and adds what it is answered. */
static const char asks[] = HEAD "func \"main\" () -> int\n int.const 100\n int.const 1\n call.import 0\n int.add\n int.const 2\n call.import 0\n int.add\n ret\nentry 0\n";

/* Three tasks wait for times, the first one asks. */
static const char sleeps[] = HEAD
    "func \"main\" () -> int\n int.const 0\n global.set 0\n" SPAWN("2") SPAWN("3") SPAWN("4") " int.const 0\n call.import 0\n pop int\n global.get 0\n ret\n" NOTE
    "func \"a\" () -> void\n int.const 30\n call.import 2\n pop void\n int.const 1\n call 1\n ret\n"
    "func \"b\" () -> void\n int.const 20\n call.import 2\n pop void\n int.const 2\n call 1\n ret\n"
    "func \"c\" () -> void\n int.const 30\n call.import 2\n pop void\n int.const 3\n call 1\n ret\nentry 0\n";

static const char pairs[] = HEAD "func \"main\" () -> int\n string.const 0\n call.import 1\n opt.get int\n ret\nentry 0\n";

static Guest *begin(Program *program, Tier tier) {
  GuestOptions options = {.tier = tier, .fuel = 1000};
  Guest *guest = guest_new(program, &options);
  ck_assert_ptr_nonnull(guest);
  return guest;
}

static uint64_t token_of_first(const Guest *guest) {
  const Task *task = guest_pending_first(guest);
  ck_assert_ptr_nonnull(task);
  return task->token;
}

START_TEST(test_result) {
  Program *program = lockstep_program(asks);
  Guest *guest = begin(program, _i);
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  int64_t fuel = guest->fuel;
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  ck_assert_uint_eq(token_of_first(guest), 1);
  ck_assert_str_eq(task_awaits(guest->main)->name, "wait.ask");
  ck_assert_int_eq(task_operation(guest->main)->i, 1);
  ck_assert(!guest_complete(guest, 2, &(Value){.i = 0}));
  ck_assert(guest_complete(guest, 1, &(Value){.i = 20}));
  ck_assert(!guest_complete(guest, 1, &(Value){.i = 20}));
  ck_assert_int_eq(guest->status, GUEST_RUNNABLE);
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  ck_assert_int_eq(task_operation(guest->main)->i, 2);
  ck_assert(guest_complete(guest, 2, &(Value){.i = 3}));
  ck_assert_int_eq(guest_run(guest), GUEST_FINISHED);
  ck_assert_int_eq(guest->exit_status, 123);
  ck_assert_int_eq(guest->fuel, fuel);
  guest_free(guest);
  program_free(program);
}
END_TEST

START_TEST(test_two_slots) {
  Program *program = lockstep_program(pairs);
  Guest *guest = begin(program, _i);
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  ck_assert(guest_complete(guest, 1, (Value[]){{.u = 1}, {.i = 77}}));
  ck_assert_int_eq(guest_run(guest), GUEST_FINISHED);
  ck_assert_int_eq(guest->exit_status, 77);
  guest_free(guest);
  program_free(program);
}
END_TEST

/* Completes what is due at a time, the earliest first. */
static void clock_set(Guest *guest, int64_t clock) {
  guest->clock = clock;
  for (const Task *task; (task = guest_pending_first(guest)) && task->due <= clock;) guest_complete(guest, task->token, NULL);
}

START_TEST(test_order) {
  Program *program = lockstep_program(sleeps);
  Guest *guest = begin(program, _i);
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  ck_assert_uint_eq(guest->npending, 4);
  ck_assert_int_eq(guest_pending_first(guest)->due, 20);
  clock_set(guest, 19);
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  clock_set(guest, 40);
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  ck_assert(guest_complete(guest, 1, &(Value){.i = 0}));
  ck_assert_int_eq(guest_run(guest), GUEST_FINISHED);
  ck_assert_int_eq(guest->exit_status, 213);
  guest_free(guest);
  program_free(program);
}
END_TEST

START_TEST(test_error) {
  Program *program = lockstep_program(asks);
  Guest *guest = begin(program, _i);
  guest_run(guest);
  ck_assert(guest_complete_error(guest, 1, "no answer"));
  ck_assert_int_eq(guest->status, GUEST_FAILED);
  char *report = guest_report(guest);
  ck_assert_str_eq(report, "panic: no answer\n  at main (pc 2)\n");
  free(report);
  guest_free(guest);
  program_free(program);
}
END_TEST

/* Frozen, cloned and handed to the other tier while it waits: what is left of each time stays. */
START_TEST(test_copies) {
  Program *program = lockstep_program(sleeps);
  Guest *guest = begin(program, _i);
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  clock_set(guest, 25);
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  uint64_t hash = guest_state_hash(guest);
  ImageBuffer image = {0}, again = {0};
  ModuleError error;
  Thawed thawed;
  ck_assert(guest_freeze(guest, &(FreezeOptions){0}, &(ImageSink){image_buffer_write, &image}, &error));
  ThawOptions options = {.guest.tier = !_i, .find = image_program_given, .find_ctx = program};
  ck_assert_msg(guest_thaw(&(ImageSource){image_buffer_read, &image}, &options, &thawed, &error), "%s", error.reason);
  ck_assert_int_eq(thawed.guest->status, GUEST_WAITING);
  ck_assert_uint_eq(guest_state_hash(thawed.guest), hash);
  ck_assert_int_eq(guest_pending_first(thawed.guest)->due, 5);
  ck_assert(guest_freeze(thawed.guest, &(FreezeOptions){0}, &(ImageSink){image_buffer_write, &again}, &error));
  ck_assert_uint_eq(again.length, image.length);
  ck_assert_mem_eq(again.bytes, image.bytes, image.length);
  Guest *clone = guest_clone(guest);
  ck_assert_uint_eq(guest_state_hash(clone), hash);
  clock_set(thawed.guest, 5);
  clock_set(clone, 30);
  Guest *copies[] = {thawed.guest, clone};
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(guest_run(copies[i]), GUEST_WAITING);
    ck_assert(guest_complete(copies[i], 1, &(Value){.i = 0}));
    ck_assert_int_eq(guest_run(copies[i]), GUEST_FINISHED);
    ck_assert_int_eq(copies[i]->exit_status, 213);
    guest_free(copies[i]);
  }
  ck_assert_uint_eq(guest_state_hash(guest), hash);
  guest_free(guest);
  free(thawed.input);
  free(image.bytes);
  free(again.bytes);
  program_free(program);
}
END_TEST

/* A guest at rest keeps operations of tasks other than the first. */
START_TEST(test_idle) {
  Program *program = lockstep_program(sleeps);
  Guest *guest = begin(program, _i);
  ck_assert_int_eq(guest_run(guest), GUEST_WAITING);
  ck_assert(guest_idle(guest));
  ck_assert_uint_eq(guest->npending, 3);
  ck_assert_int_eq(guest_pending_first(guest)->due, 20);
  guest_free(guest);
  program_free(program);
}
END_TEST

/* Very many at once, completed in an order of their own. */
START_TEST(test_heap) {
  enum { COUNT = 500 };
  Program *program = lockstep_program(sleeps);
  Guest *guest = begin(program, TIER_INTERP);
  Task *tasks[COUNT];
  guest_run(guest);
  uint64_t random = 1;
  for (int i = 0; i < COUNT; i++) {
    Task *task = tasks[i] = task_blank(guest);
    random = random * UINT64_C(6364136223846793005) + 1;
    task->due = (int64_t)(random >> 60) + 100;
    task->token = (uint64_t)i + 10;
    ck_assert_int_eq(task_pend(guest, task), TRAP_NONE);
  }
  for (int i = 0; i < COUNT; i += 3) task_drop(guest, tasks[i]);
  int64_t due = 0;
  uint64_t token = 0;
  for (unsigned count = guest->npending; count > 0; count--) {
    Task *task = guest->pending[0];
    ck_assert(task->due > due || (task->due == due && task->token > token));
    due = task->due;
    token = task->token;
    task_drop(guest, task);
    ck_assert_uint_eq(guest->npending, count - 1);
  }
  ck_assert_uint_eq(guest->nuntimed, 0);
  guest_free(guest);
  program_free(program);
}
END_TEST

/* What the machine takes for granted of natives' definitions; and that none runs for a guest without grants. */
START_TEST(test_natives) {
  unsigned count, needy = 0;
  const NativeDef *const *all = native_all(&count);
  Program *program = lockstep_program(asks);
  Guest *guest = begin(program, TIER_INTERP);
  Value *slots = guest->main->slots;
  for (unsigned i = 0; i < count; i++) {
    const NativeDef *native = all[i];
    size_t length = strlen(native->signature);
    if (native->waits == WAITS_TIME) ck_assert_str_eq(native->signature + length - strlen("-> void"), "-> void");
    if (!(native->needs & (CAP_TIME | CAP_ENV | CAP_RANDOM | CAP_STDIN | CAP_STDERR))) continue;
    needy++;
    ck_assert_msg(native->fn(guest, slots) == TRAP_DENIED, "%s", native->name);
    ck_assert_str_eq(guest->trap_text, capability_refusal(native->needs));
  }
  ck_assert_uint_ge(needy, 8);
  guest_free(guest);
  program_free(program);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("waiting");
  TCase *tcase = tcase_create("wait");
  tcase_add_loop_test(tcase, test_result, 0, 2);
  tcase_add_loop_test(tcase, test_two_slots, 0, 2);
  tcase_add_loop_test(tcase, test_order, 0, 2);
  tcase_add_loop_test(tcase, test_error, 0, 2);
  tcase_add_loop_test(tcase, test_copies, 0, 2);
  tcase_add_loop_test(tcase, test_idle, 0, 2);
  tcase_add_test(tcase, test_heap);
  tcase_add_test(tcase, test_natives);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
