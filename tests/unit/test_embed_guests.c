/* test_embed_guests.c - the embedding API: limits, grants, input, images, threads. */
#include <pthread.h>
#include <unistd.h>

#include "embed/embed.h"

#include "embed.h"
#include "vm/heap.h"

/* Limits */

START_TEST(test_fuel) {
  FirnGuestOptions options = firn_guest_options();
  compile("var i = 0\npub fn spin(n: int) -> int { var k = 0; while k < n { k += 1 }; k }\nwhile i < 1000 { i += 1 }");
  options.fuel = -1;
  FINE(firn_guest_new(program, &options, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_OUT_OF_FUEL);
  FINE(firn_fuel_set(guest, 500));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_OUT_OF_FUEL);
  ck_assert_int_le(firn_fuel(guest), 0);
  FINE(firn_fuel_set(guest, 1000000));
  ck_assert_int_eq(firn_run(guest, 100), FIRN_RUNNABLE);
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FirnStats stats = firn_stats_size();
  FINE(firn_stats(guest, &stats));
  uint64_t used = stats.fuel_used;
  FirnFunction *spin = bind("spin", "(int) -> int");
  FINE(firn_fuel_set(guest, 1000));
  FirnValue n = firn_int(100000), result;
  WRONG(firn_call(spin, &n, 1, &result), FIRN_E_FUEL, "fuel");
  WRONG(firn_call(spin, &n, 1, &result), FIRN_E_STATE, "already");
  WRONG(firn_call_finish(spin, &result), FIRN_E_FUEL, "fuel");
  FINE(firn_fuel_set(guest, INT64_MAX));
  ck_assert_int_eq(firn_fuel(guest), INT64_MAX);
  FINE(firn_call_finish(spin, &result));
  ck_assert_int_eq(result.as.integer, 100000);
  WRONG(firn_call_finish(spin, &result), FIRN_E_STATE, "no call");
  FINE(firn_stats(guest, &stats));
  uint64_t cost = stats.fuel_used - used;
  ck_assert_int_eq(call_int(spin, 100000), 100000);
  FINE(firn_stats(guest, &stats));
  ck_assert_uint_eq(stats.fuel_used - used, 2 * cost);
}
END_TEST

START_TEST(test_drop) {
  start("var log = \"\"\npub fn spin() { while true {} }\npub fn f(n: int) -> int => n");
  FirnFunction *spin = bind("spin", "()"), *f = bind("f", "(int) -> int");
  FINE(firn_fuel_set(guest, 10000));
  WRONG(firn_call(spin, NULL, 0, NULL), FIRN_E_FUEL, "");
  FINE(firn_call_drop(spin));
  FINE(firn_call_drop(spin));
  ck_assert_int_eq(firn_status(guest), FIRN_FINISHED);
  FINE(firn_fuel_set(guest, 10000));
  ck_assert_int_eq(call_int(f, 3), 3);
  WRONG(firn_call(spin, NULL, 0, NULL), FIRN_E_FUEL, "");
  firn_function_free(spin);
  FINE(firn_fuel_set(guest, 10000));
  ck_assert_int_eq(call_int(f, 4), 4);
}
END_TEST

START_TEST(test_memory) {
  FirnGuestOptions options = firn_guest_options();
  compile("var all: [string] = []\npub fn grow(n: int) -> int { for i in 0..n { all.push(\"text number {i}\") }; all.len() }\npub fn take(s: string) -> int => s.len()\npub fn clear() { all = [] }");
  options.memory = 1 << 20;
  FINE(firn_guest_new(program, &options, &guest));
  FirnFunction *grow = bind("grow", "(int) -> int"), *take = bind("take", "(string) -> int");
  FirnValue many = firn_int(10000000), result;
  ck_assert_int_eq(call_int(grow, 100), 100);
  WRONG(firn_call(grow, &many, 1, &result), FIRN_E_FAILED, "over the memory quota");
  FINE(firn_recover(guest));
  char *large = malloc(2 << 20);
  memset(large, 'x', 2 << 20);
  FirnValue text = firn_text(large, 2 << 20);
  WRONG(firn_call(take, &text, 1, &result), FIRN_E_MEMORY, "quota");
  FINE(firn_call(bind("clear", "()"), NULL, 0, NULL));
  FirnStats stats = firn_stats_size();
  FINE(firn_stats(guest, &stats));
  ck_assert_uint_lt(stats.memory, 100000);
  FINE(firn_memory_set(guest, 8 << 20));
  FINE(firn_call(take, &text, 1, &result));
  ck_assert_int_eq(result.as.integer, 2 << 20);
  ck_assert_int_eq(call_int(grow, 1000), 1000);
  WRONG(firn_memory_set(guest, 100), FIRN_E_FAILED, "100 bytes");
  ck_assert_int_eq(firn_status(guest), FIRN_FAILED);
  WRONG(firn_recover(guest), FIRN_E_FAILED, "quota");
  free(large);
}
END_TEST

/* What shares a part many times is small for the guest, and could be large for the host. */
START_TEST(test_shared) {
  FirnGuestOptions options = firn_guest_options();
  FINE(firn_define(firn, "t.take([[[[int]]]])", host_nothing, NULL));
  compile("extern \"t\" fn take(x: [[[[int]]]])\nfn many<T>(x: T) -> [T] { let all: [T] = []; for i in 0..200 { all.push(x) }; all }\n"
          "pub fn give(n: int) -> [[[[int]]]] => many(many(many(many(n))))\npub fn hand(n: int) { take(many(many(many(many(n))))) }\npub fn some(n: int) -> [[int]] => many(many(n))");
  options.memory = 1 << 20;
  FINE(firn_guest_new(program, &options, &guest));
  FirnValue n = firn_int(1), result;
  WRONG(firn_call(bind("give", "(int) -> [[[[int]]]]"), &n, 1, &result), FIRN_E_MEMORY, "24 times");
  FINE(firn_call(bind("some", "(int) -> [[int]]"), &n, 1, &result));
  ck_assert_int_eq(result.as.items[199].as.integers[199], 1);
  FINE(firn_fuel_set(guest, 100000));
  WRONG(firn_call(bind("hand", "(int)"), &n, 1, NULL), FIRN_E_FAILED, "value too large");
  ck_assert_int_lt(firn_fuel(guest), -1000000);
}
END_TEST

START_TEST(test_stack) {
  FirnGuestOptions options = firn_guest_options();
  compile("fn down(n: int) -> int => if n == 0 { 0 } else { 1 + down(n - 1) }\npub fn f(n: int) -> int => down(n)");
  options.stack = 64 << 10;
  FINE(firn_guest_new(program, &options, &guest));
  FirnFunction *f = bind("f", "(int) -> int");
  FirnValue deep = firn_int(100000);
  ck_assert_int_eq(call_int(f, 100), 100);
  WRONG(firn_call(f, &deep, 1, NULL), FIRN_E_FAILED, "stack overflow");
  FINE(firn_recover(guest));
  ck_assert_int_eq(call_int(f, 100), 100);
}
END_TEST

START_TEST(test_limits) {
  FirnGuestOptions options = firn_guest_options();
  compile("pub fn say(n: int) { for i in 0..n { write(\"x\") } }\npub fn many(n: int) { let all: [Task<void>] = []; for i in 0..n { all.push(spawn say(0)) }; for t in all { t.wait() } }");
  options.output = 10;
  options.tasks = 3;
  options.write = text_write;
  options.userdata = &output;
  FINE(firn_guest_new(program, &options, &guest));
  FirnFunction *say = bind("say", "(int)"), *many = bind("many", "(int)");
  FirnValue two = firn_int(2), nine = firn_int(9);
  FINE(firn_call(say, &two, 1, NULL));
  FINE(firn_call(many, &two, 1, NULL));
  WRONG(firn_call(many, &nine, 1, NULL), FIRN_E_FAILED, "3 tasks");
  FINE(firn_recover(guest));
  WRONG(firn_call(say, &nine, 1, NULL), FIRN_E_FAILED, "10 bytes");
}
END_TEST

static const char *const reads_and_naps =
    "import fs\nimport time\npub fn read(path: string) -> string! => fs.read_text(path)\npub fn nap() { time.sleep(0.001) }";

START_TEST(test_grants) {
  FirnGuestOptions options = firn_guest_options();
  compile(reads_and_naps);
  FINE(firn_guest_new(program, NULL, &guest));
  FirnValue path = firn_string("/etc/hostname"), result;
  WRONG(firn_call(bind("read", "(string) -> string!"), &path, 1, &result), FIRN_E_RESULT, "may not read");
  WRONG(firn_call(bind("nap", "()"), NULL, 0, NULL), FIRN_E_FAILED, "clock");
  options.grants = FIRN_GRANT_TIME;
  FINE(firn_guest_new(program, &options, &guest));
  FirnFunction *nap = bind("nap", "()");
  WRONG(firn_call(nap, NULL, 0, NULL), FIRN_E_WAITING, "waits");
  ck_assert_int_le(firn_wait_micros(guest), 1000);
  FirnPending pending = firn_pending_size();
  ck_assert(firn_pending(guest, 0, &pending));
  ck_assert_str_eq(pending.name, "time.wait");
  ck_assert_int_le(pending.micros, 1000);
  WRONG(firn_complete(guest, pending.token, NULL), FIRN_E_NAME, "no host function");
  usleep((useconds_t)firn_wait_micros(guest) + 10);
  FINE(firn_call_finish(nap, NULL));
  ck_assert_int_eq(firn_wait_micros(guest), INT64_MAX);
  options.grants = 4;
  WRONG(firn_guest_new(program, &options, &guest), FIRN_E_ARGUMENT, "grants");
}
END_TEST

/* A guest with that folder. Where the kernel (or an emulator) has no openat2, it must say so, and the guest is NULL. */
static void grant_folder(FirnGuestOptions *options) {
  FirnError *error = firn_guest_new(program, options, &guest);
  if (error && strstr(firn_error_text(error), "openat2")) firn_error_free(error);
  else FINE(error);
}

START_TEST(test_folders) {
  FirnGuestOptions options = firn_guest_options();
  compile(reads_and_naps);
  char folder[] = "/tmp/firn-embed-XXXXXX", file[64];
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(file, sizeof file, "%s/x.txt", folder);
  FILE *out = fopen(file, "w");
  fputs("inside", out);
  fclose(out);
  FirnFolder folders[] = {{folder, true}};
  options.folders = folders;
  options.nfolders = 1;
  grant_folder(&options);
  if (guest) {
    FirnValue path = firn_string("/etc/hostname"), result;
    FirnFunction *read = bind("read", "(string) -> string!");
    WRONG(firn_call(read, &path, 1, &result), FIRN_E_RESULT, "may not read");
    path = firn_string(file);
    FINE(firn_call(read, &path, 1, &result));
    ck_assert_str_eq(result.as.text, "inside");
  }
  unlink(file);
  rmdir(folder);
  folders[0].path = "/nonexistent/folder";
  WRONG(firn_guest_new(program, &options, &guest), FIRN_E_IO, "/nonexistent");
}
END_TEST

START_TEST(test_host_modules) {
  FirnGuestOptions options = firn_guest_options();
  static const char *const modules[] = {"ui", "game"};
  FINE(firn_define(firn, "game.log(string)", host_nothing, NULL));
  compile("extern \"game\" fn log(text: string)\nlog(\"x\")");
  options.modules = modules;
  options.nmodules = 1;
  WRONG(firn_guest_new(program, &options, &guest), FIRN_E_DENIED, "game.log");
  options.nmodules = 2;
  FINE(firn_guest_new(program, &options, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
}
END_TEST

/* Input */

typedef struct Lines { const char *const *lines; unsigned at; bool blocked; } Lines;

static FirnInput line_read(void *userdata, const char **text, size_t *length) {
  Lines *lines = userdata;
  if (lines->blocked) return FIRN_INPUT_WAIT;
  if (!lines->lines[lines->at]) return FIRN_INPUT_END;
  *text = lines->lines[lines->at++];
  *length = strlen(*text);
  return FIRN_INPUT_LINE;
}

START_TEST(test_input) {
  static const char *const given[] = {"one", "two", NULL};
  Lines lines = {given, 0, true};
  FirnGuestOptions options = firn_guest_options();
  compile("var n = 0\nwhile let line = read_line() { n += line.len() }\npub fn count() -> int => n");
  options.read_line = line_read;
  options.userdata = &lines;
  options.grants = FIRN_GRANT_STDIN;
  FINE(firn_guest_new(program, &options, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_WAITING);
  ck_assert(firn_wants_input(guest));
  lines.blocked = false;
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  ck_assert(!firn_wants_input(guest));
  FirnValue result;
  FINE(firn_call(bind("count", "() -> int"), NULL, 0, &result));
  ck_assert_int_eq(result.as.integer, 6);
}
END_TEST

/* Images */

static FirnGuest *thaw(Text *image, size_t chunk) {
  FirnGuestOptions options = firn_guest_options();
  FirnGuest *thawed;
  options.write = text_write;
  options.userdata = &output;
  image->at = 0;
  image->chunk = chunk;
  FINE(firn_thaw(firn, text_read, image, &options, &thawed));
  return thawed;
}

START_TEST(test_images) {
  Text image = {0};
  FINE(firn_define(firn, "t.ask(string, int) -> int", host_ask, NULL));
  start(ASKS "class Box { var n: int }\nlet box = Box(n: 1)\npub fn add(k: int) -> int { box.n += k; box.n }\npub fn asks(k: int) -> int { let a = ask(\"q\", k); box.n += a; box.n }");
  FirnFunction *add = bind("add", "(int) -> int");
  ck_assert_int_eq(call_int(add, 4), 5);
  /* Idle, between calls. */
  FINE(firn_freeze(guest, true, text_write, &image));
  FirnGuest *first = guest;
  ck_assert_int_eq(call_int(add, 100), 105);
  guest = thaw(&image, 3);
  ck_assert_ptr_eq(firn_guest_program(guest), program);
  ck_assert_int_eq(firn_status(guest), FIRN_FINISHED);
  ck_assert_int_eq(call_int(bind("add", "(int) -> int"), 1), 6);
  /* In the middle of a call that waits. */
  FirnValue three = firn_int(3), result;
  FirnFunction *asks = bind("asks", "(int) -> int");
  WRONG(firn_call(asks, &three, 1, &result), FIRN_E_WAITING, "");
  image.length = 0;
  FINE(firn_freeze(guest, false, text_write, &image));
  FirnGuest *clone;
  FINE(firn_clone(guest, &output, &clone));
  ck_assert_ptr_eq(firn_guest_userdata(clone), &output);
  FirnGuest *guests[] = {guest, clone, thaw(&image, 0)};
  firn_guest_free(first);
  for (unsigned i = 0; i < 3; i++) {
    FirnPending pending = firn_pending_size();
    guest = guests[i];
    ck_assert_int_eq(firn_status(guest), FIRN_WAITING);
    ck_assert(firn_pending(guest, 0, &pending));
    FirnValue *args, answer = firn_int(10 * i);
    size_t nargs;
    FINE(firn_pending_args(guest, pending.token, &args, &nargs));
    ck_assert_int_eq(args[1].as.integer, 3);
    firn_pending_free(guest, args);
    FINE(firn_complete(guest, pending.token, &answer));
    if (i == 0) FINE(firn_call_finish(asks, &result));
    else ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
    ck_assert_int_eq(call_int(bind("add", "(int) -> int"), 0), 6 + 10 * i);
  }
  /* Hostile bytes. */
  for (size_t i = 0; i < image.length; i += 1 + image.length / 300) {
    image.bytes[i] ^= 0x11;
    image.at = 0;
    FirnGuest *thawed;
    FirnError *error = firn_thaw(firn, text_read, &image, NULL, &thawed);
    if (!error) firn_guest_free(thawed);
    firn_error_free(error);
    image.bytes[i] ^= 0x11;
  }
  WRONG(firn_thaw(firn, read_fails, NULL, NULL, &first), FIRN_E_IO, "read");
  WRONG(firn_freeze(guest, false, write_fails, NULL), FIRN_E_IO, "write");
  FirnGuestOptions nothing = firn_guest_options();
  nothing.modules = (const char *const[]){"other"};
  nothing.nmodules = 1;
  image.at = 0;
  WRONG(firn_thaw(firn, text_read, &image, &nothing, &first), FIRN_E_DENIED, "t.ask");
  /* Another engine, which lacks the program or the function. */
  Firn *other = firn_new();
  image.at = 0;
  WRONG(firn_thaw(other, text_read, &image, NULL, &first), FIRN_E_IMAGE, "t.ask");
  FINE(firn_define(other, "t.ask(string, int) -> int", host_ask, NULL));
  image.at = 0;
  FINE(firn_thaw(other, text_read, &image, NULL, &first));
  ck_assert_int_eq(firn_status(first), FIRN_WAITING);
  firn_free(other);
  free(image.bytes);
}
END_TEST

START_TEST(test_images_ended) {
  Text image = {0};
  FirnGuest *clone;
  start("pub fn boom() { panic(\"x\") }\nexit(0)");
  firn_run(guest, 0);
  WRONG(firn_freeze(guest, false, text_write, &image), FIRN_E_IMAGE, "ended");
  WRONG(firn_clone(guest, NULL, &clone), FIRN_E_IMAGE, "ended");
  free(image.bytes);
}
END_TEST

/* Paused in the middle of a call, under fuel: image and clone reach the same end as the first. */
START_TEST(test_images_paused) {
  start("class Node { n: int; next: Node? }\npub fn work(n: int) -> int { var list: Node? = nil; for i in 0..n { list = Node(n: i, next: list) }; var sum = 0; while let x = list { sum += x.n; list = x.next }; print(sum); sum }");
  firn_run(guest, 0);
  FirnFunction *work = bind("work", "(int) -> int");
  FirnValue n = firn_int(300), result;
  FINE(firn_fuel_set(guest, 3000));
  WRONG(firn_call(work, &n, 1, &result), FIRN_E_FUEL, "");
  Text image = {0};
  FINE(firn_freeze(guest, true, text_write, &image));
  FirnGuest *clone, *thawed = thaw(&image, 0);
  FINE(firn_clone(guest, &output, &clone));
  FINE(firn_fuel_set(thawed, INT64_MAX));
  FINE(firn_fuel_set(clone, INT64_MAX));
  FINE(firn_fuel_set(guest, INT64_MAX));
  ck_assert_int_eq(firn_run(thawed, 0), FIRN_FINISHED);
  ck_assert_int_eq(firn_run(clone, 0), FIRN_FINISHED);
  FINE(firn_call_finish(work, &result));
  ck_assert_str_eq(output.bytes, "44850\n44850\n44850\n");
  FirnStats a = firn_stats_size(), b = firn_stats_size(), c = firn_stats_size();
  FINE(firn_stats(guest, &a));
  FINE(firn_stats(thawed, &b));
  FINE(firn_stats(clone, &c));
  ck_assert(a.fuel_used == b.fuel_used && b.fuel_used == c.fuel_used && a.allocated == b.allocated && b.allocated == c.allocated);
  free(image.bytes);
}
END_TEST

/* Figures */

static bool row_note(void *userdata, const char *type, uint64_t count, uint64_t bytes) {
  char line[100];
  snprintf(line, sizeof line, "%s %llu %d;", type, (unsigned long long)count, bytes > 0);
  return text_write(userdata, line, strlen(line));
}

START_TEST(test_heap) {
  Text rows = {0};
  start("class Point { x: int }\nlet all: [Point] = []\nfor i in 0..100 { all.push(Point(x: i)) }\nlet text = [\"a{all.len()}\"]");
  firn_run(guest, 0);
  FINE(firn_heap(guest, row_note, &rows));
  ck_assert_msg(strstr(rows.bytes, "Point 100 1;") && strstr(rows.bytes, "[Point] 1 1;") && strstr(rows.bytes, "string 1 1;"), "%s", rows.bytes);
  FirnStats stats = {.size = sizeof stats.size + sizeof stats.fuel_used};
  stats.memory = 42;
  FINE(firn_stats(guest, &stats));
  ck_assert_uint_gt(stats.fuel_used, 500);
  ck_assert_uint_eq(stats.memory, 42);
  stats.size = 0;
  WRONG(firn_stats(guest, &stats), FIRN_E_ARGUMENT, "size");
  free(rows.bytes);
}
END_TEST

START_TEST(test_nulls) {
  FirnValue *args;
  size_t n;
  WRONG(firn_guest_new(NULL, NULL, &guest), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_call(NULL, NULL, 0, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_call_begin(NULL, NULL, 0, NULL, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_call_finish(NULL, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_call_drop(NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_complete(NULL, 1, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_complete_error(NULL, 1, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_pending_args(NULL, 1, &args, &n), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_freeze(NULL, false, NULL, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_thaw(NULL, NULL, NULL, NULL, &guest), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_clone(NULL, NULL, &guest), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_heap(NULL, NULL, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_stats(NULL, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_recover(NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_fuel_set(NULL, 1), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_memory_set(NULL, 1), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_function_ref(NULL, 1, "", NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_program_write(NULL, false, NULL, NULL), FIRN_E_ARGUMENT, "NULL");
  ck_assert(!firn_pending(NULL, 0, NULL) && !firn_wants_input(NULL) && !firn_ref_same(NULL, 1, 1) && !firn_program_export(NULL, 0, NULL, NULL));
  ck_assert_int_eq(firn_wait_micros(NULL), INT64_MAX);
  ck_assert_int_eq(firn_run(NULL, 0), FIRN_FAILED);
  ck_assert_int_eq(firn_status(NULL), FIRN_FAILED);
  ck_assert_int_eq(firn_exit_status(NULL), 0);
  ck_assert_int_eq(firn_fuel(NULL), 0);
  ck_assert_ptr_null(firn_report(NULL));
  ck_assert_ptr_null(firn_ref_type(NULL, 1));
  ck_assert_uint_eq(firn_ref_keep(NULL, 1), 0);
  firn_ref_drop(NULL, 1);
  firn_stop(NULL);
  firn_guest_free(NULL);
  firn_program_free(NULL);
  firn_pending_free(NULL, NULL);
  firn_text_free(NULL);
  firn_error_free(NULL);
  firn_free(NULL);
  ck_assert_int_eq(firn_error_code(NULL), FIRN_OK);
  ck_assert_str_eq(firn_error_text(NULL), "");
}
END_TEST

/* Threads */

static void *thread_runs(void *userdata) {
  FirnGuest *own = userdata;
  FirnFunction *f;
  FirnValue n = firn_int(200), result;
  FINE(firn_function(own, "work", "(int) -> int", &f));
  for (int i = 0; i < 200; i++) {
    FINE(firn_call(f, &n, 1, &result));
    ck_assert_int_eq(result.as.integer, 690);
  }
  return NULL;
}

START_TEST(test_threads) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  FirnGuest *guests[THREADS];
  compile("pub fn work(n: int) -> int { var all: [string] = []; for i in 0..n { all.push(\"{i}{all.len()}\"[0..1] + \"{i}\") }; all.map(|s| s.len()).sum() }");
  for (int i = 0; i < THREADS; i++) FINE(firn_guest_new(program, NULL, &guests[i]));
  for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, thread_runs, guests[i]), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  thread_runs(guests[0]);
}
END_TEST

static void *thread_stops(void *userdata) {
  usleep(20000);
  firn_stop(userdata);
  return NULL;
}

static void *thread_asks(void *userdata) {
  FirnFunction *f;
  FINE(firn_function(userdata, "f", "(int) -> int", &f));
  FirnValue n = firn_int(1), result;
  for (int i = 0; i < 20; i++) FINE(firn_call(f, &n, 1, &result));
  return NULL;
}

/* One guest spins: others get in, and it can be stopped and go on. */
START_TEST(test_stop) {
  pthread_t stopper, asker;
  FirnGuest *second;
  start("pub fn f(n: int) -> int => n\npub fn spin() { while true {} }\n");
  FINE(firn_guest_new(program, NULL, &second));
  FirnFunction *spin = bind("spin", "()");
  pthread_create(&asker, NULL, thread_asks, second);
  pthread_create(&stopper, NULL, thread_stops, guest);
  WRONG(firn_call(spin, NULL, 0, NULL), FIRN_E_STOPPED, "stopped");
  pthread_join(stopper, NULL);
  pthread_join(asker, NULL);
  pthread_create(&stopper, NULL, thread_stops, guest);
  ck_assert_int_eq(firn_run(guest, 0), FIRN_RUNNABLE);
  pthread_join(stopper, NULL);
  FINE(firn_call_drop(spin));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
}
END_TEST

static FirnAnswer host_patience(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)result;
  FINE(firn_timeout_set(firn_call_guest(call), args[0].as.integer));
  return FIRN_DONE;
}

START_TEST(test_timeout) {
  FINE(firn_define(firn, "t.patience(int)", host_patience, NULL));
  FirnGuestOptions options = firn_guest_options();
  options.timeout = 20000;
  options.grants = FIRN_GRANT_TIME;
  compile("import time\nextern \"t\" fn patience(micros: int)\nvar n = 0\npub fn spin() { while true { n += 1 } }\npub fn sleep() { time.sleep(1000.0) }\n"
          "pub fn f(n: int) -> int => n\npub fn hurry() { patience(1000); spin() }\nwhile true { n += 1 }");
  FINE(firn_guest_new(program, &options, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_OUT_OF_TIME);
  int64_t fuel = firn_fuel(guest);
  ck_assert_int_eq(firn_run(guest, 0), FIRN_OUT_OF_TIME);
  ck_assert_int_eq(firn_fuel(guest), fuel);
  FINE(firn_timeout_set(guest, 20000));
  ck_assert_int_eq(firn_status(guest), FIRN_RUNNABLE);
  ck_assert_int_eq(firn_run(guest, 0), FIRN_OUT_OF_TIME);
  FirnGuest *clone;
  FINE(firn_clone(guest, NULL, &clone));
  ck_assert_int_eq(firn_run(clone, 0), FIRN_OUT_OF_TIME);
  firn_guest_free(guest);
  compile("import time\nextern \"t\" fn patience(micros: int)\nvar n = 0\npub fn spin() { while true { n += 1 } }\npub fn sleep() { time.sleep(1000.0) }\n"
          "pub fn f(n: int) -> int => n\npub fn hurry() { patience(1000); spin() }");
  FINE(firn_guest_new(program, &options, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FirnFunction *spin = bind("spin", "()"), *sleep = bind("sleep", "()"), *f = bind("f", "(int) -> int"), *hurry = bind("hurry", "()");
  WRONG(firn_call(spin, NULL, 0, NULL), FIRN_E_TIME, "out of time");
  WRONG(firn_call_finish(spin, NULL), FIRN_E_TIME, "out of time");
  FINE(firn_call_drop(spin));
  FINE(firn_timeout_set(guest, 1000000));
  WRONG(firn_call(sleep, NULL, 0, NULL), FIRN_E_WAITING, "");
  ck_assert_int_le(firn_wait_micros(guest), 1000000);
  FINE(firn_timeout_set(guest, 1));
  usleep(10);
  ck_assert_int_eq(firn_wait_micros(guest), 0);
  WRONG(firn_call_finish(sleep, NULL), FIRN_E_TIME, "");
  FINE(firn_call_drop(sleep));
  FINE(firn_timeout_set(guest, 0));
  WRONG(firn_call(hurry, NULL, 0, NULL), FIRN_E_TIME, "");
  FINE(firn_call_drop(hurry));
  FINE(firn_timeout_set(guest, 0));
  ck_assert_int_eq(call_int(f, 5), 5);
  WRONG(firn_timeout_set(guest, -1), FIRN_E_ARGUMENT, "negative");
  WRONG(firn_timeout_set(NULL, 1), FIRN_E_ARGUMENT, "NULL");
  options.timeout = -1;
  WRONG(firn_guest_new(program, &options, &clone), FIRN_E_ARGUMENT, "negative");
}
END_TEST

int main(void) {
  const TTest *const all[] = {
      test_fuel, test_drop, test_memory, test_stack, test_shared, test_limits, test_grants, test_folders, test_host_modules, test_input, test_images, test_images_ended,
      test_images_paused, test_heap, test_nulls, test_threads, test_stop, test_timeout,
  };
  const TTest *const stressed[] = {test_drop, test_input, test_images, test_images_paused, test_heap, test_shared};
  Suite *suite = suite_create("embedded guests");
  tests_add(suite, "embed", setup, all, sizeof all / sizeof *all);
  tests_add(suite, "embed, stressed", setup_stressed, stressed, sizeof stressed / sizeof *stressed);
  return suite_run(suite);
}
