/* test_embed_faults.c - memory runs out at every place of the embedding API.
 *
 * A run goes through the API: it defines, compiles, loads, makes guests, runs and calls them, waits and completes, freezes, thaws, clones, looks. The linker puts
 * wrappers (--wrap, Makefile) in front of what allocates: the C library's functions, the collector's, and what enlarges the collector's heap. In the N-th run the N-th
 * of their calls fails, and so many behind it (WIDTHS). Each time: the call of the API that met it says so by an error, and does its work when it is tried again, unless the
 * guest itself has failed; nothing crashes; nothing is leaked; a guest that had no part in it goes on; and at the end the run gives what it gave at first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <gc/gc.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "embed.h"
#include "vm/heap.h"

/* Faults */

static struct {
  bool armed, is_inside; /* is_inside: in one of the C library's, which calls another of them if it is linked statically */
  long at, width; /* the first that fails, and how many do */
  long seen, struck;
} faults;

static bool strikes(void) {
  if (!faults.armed || faults.is_inside) return false;
  long which = ++faults.seen;
  if (which < faults.at || which - faults.at >= faults.width) return false;
  faults.struck++;
  errno = ENOMEM;
  return true;
}

/* Blocks that were made and not freed since, in a table by address. Memory streams' are not among them. */
enum { BLOCKS = 1 << 18 };
static void *blocks[BLOCKS], *const gone = &blocks;
static long nblocks;

static size_t block_place(const void *block) { return ((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15u >> 46; }

static void *block_made(void *block) {
  if (!block || faults.is_inside) return block;
  size_t at = block_place(block);
  while (blocks[at] && blocks[at] != gone) at = (at + 1) % BLOCKS;
  blocks[at] = block;
  nblocks++;
  return block;
}

static void block_freed(void *block) {
  size_t at = block_place(block);
  while (block && blocks[at] && blocks[at] != block) at = (at + 1) % BLOCKS;
  if (!block || !blocks[at]) return;
  blocks[at] = blocks[(at + 1) % BLOCKS] ? gone : NULL;
  nblocks--;
}

#define WRAP(type, name, params, args, failing, made, is_c) \
  type __real_##name params;                          \
  type __wrap_##name params;                          \
  type __wrap_##name params {                         \
    if (strikes()) return failing;                    \
    bool was_inside = faults.is_inside;               \
    faults.is_inside |= is_c;                         \
    type result = __real_##name args;                 \
    faults.is_inside = was_inside;                    \
    return made(result);                              \
  }

WRAP(void *, malloc, (size_t size), (size), NULL, block_made, true)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), NULL, block_made, true)
WRAP(char *, strdup, (const char *text), (text), NULL, block_made, true)
WRAP(char *, strndup, (const char *text, size_t length), (text, length), NULL, block_made, true)
WRAP(FILE *, open_memstream, (char **text, size_t *length), (text, length), NULL, , true)
WRAP(void *, GC_malloc, (size_t size), (size), NULL, , false)
WRAP(void *, GC_malloc_ignore_off_page, (size_t size), (size), NULL, , false)
WRAP(void *, GC_generic_malloc, (size_t size, int kind), (size, kind), NULL, , false)
WRAP(void *, GC_generic_malloc_ignore_off_page, (size_t size, int kind), (size, kind), NULL, , false)
WRAP(void *, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset), (at, size, protection, flags, fd, offset), MAP_FAILED, , false)
WRAP(void *, sbrk, (intptr_t size), (size), (void *)-1, , false)

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size) {
  if (strikes()) return NULL;
  block_freed(old);
  void *made = __real_realloc(old, size);
  return block_made(made ? made : old) == made ? made : NULL;
}

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block) {
  block_freed(block);
  __real_free(block);
}

void __real_GC_generic_malloc_many(size_t size, int kind, void **run);
void __wrap_GC_generic_malloc_many(size_t size, int kind, void **run);
void __wrap_GC_generic_malloc_many(size_t size, int kind, void **run) {
  if (strikes()) *run = NULL;
  else __real_GC_generic_malloc_many(size, kind, run);
}

/* What happens in a run. Check allocates, too: it is not asked while faults are armed. */

#define MUST(condition, ...)       \
  do {                             \
    if (!(condition)) {            \
      faults.armed = false;        \
      ck_abort_msg(__VA_ARGS__);   \
    }                              \
  } while (0)

typedef struct Log { char *text; size_t length, room; bool failed; } Log;
static Log log_now;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  log_now.length += (size_t)vsnprintf(log_now.text + log_now.length, log_now.room - log_now.length, format, args);
  va_end(args);
  MUST(log_now.length < log_now.room, "too much is said");
}

/* Whether a call has done its work. An error must be one of memory, or of a guest that has failed for want of it. */
static FirnCode last_code;

static bool went(FirnError *error, int line) {
  FirnCode code = last_code = firn_error_code(error);
  if (!error) return true;
  bool is_memory = code == FIRN_E_MEMORY || (code == FIRN_E_FAILED && strstr(firn_error_text(error), "out of memory")) ||
                   (code == FIRN_E_STATE && strcmp(firn_error_text(error), "the guest has failed") == 0);
  MUST(faults.struck > 0, "line %d: without a fault: %d: %s", line, code, firn_error_text(error));
  MUST(is_memory, "line %d, fault %ld: %d: %s", line, faults.at, code, firn_error_text(error));
  firn_error_free(error);
  return false;
}

/* Does it, and once more if it could not: then it must, if no more faults come. What is not done is the end of the run. */
#define DO(call)                                                                                                           \
  do {                                                                                                                     \
    if (!went((call), __LINE__)) {                                                                                         \
      if (last_code == FIRN_E_FAILED || !went((call), __LINE__)) {                                                         \
        log_now.failed = true;                                                                                             \
        return;                                                                                                            \
      }                                                                                                                    \
    }                                                                                                                      \
  } while (0)
#define GIVE_UP_IF(condition)                                           \
  do {                                                                  \
    if (condition) {                                                    \
      MUST(faults.struck > 0, "line %d", __LINE__);                     \
      log_now.failed = true;                                            \
      return;                                                           \
    }                                                                   \
  } while (0)

static bool log_write(void *userdata, const void *bytes, size_t length) { return (void)userdata, say("%.*s", (int)length, (const char *)bytes), true; }

typedef struct Store { unsigned char bytes[1 << 16]; size_t length, at; } Store;
static Store module, image;

static bool store_write(void *userdata, const void *bytes, size_t length) {
  Store *store = userdata;
  MUST(length <= sizeof store->bytes - store->length, "too much is written");
  memcpy(store->bytes + store->length, bytes, length);
  store->length += length;
  return true;
}

static ptrdiff_t store_read(void *userdata, void *bytes, size_t length) {
  Store *store = userdata;
  if (length > store->length - store->at) length = store->length - store->at;
  memcpy(bytes, store->bytes + store->at, length);
  store->at += length;
  return (ptrdiff_t)length;
}

static FirnAnswer host_split(FirnCall *call, const FirnValue *args, FirnValue *result) {
  size_t count = args[0].count;
  FirnValue *parts = firn_call_room(call, count * sizeof *parts);
  if (!parts) return firn_call_trap(call, "out of memory");
  for (size_t i = 0; i < count; i++) parts[i] = firn_text(args[0].as.text + i, 1);
  *result = firn_list(parts, count);
  return FIRN_DONE;
}

static int things[100], things_released;

static FirnAnswer host_thing(FirnCall *call, const FirnValue *args, FirnValue *result) {
  int64_t id = args[0].as.integer;
  FirnError *error = firn_object_add(firn_call_guest(call), "t.Thing", id, &things[id]);
  if (!error) *result = firn_object(&things[id]);
  FirnAnswer answer = error ? firn_call_trap(call, firn_error_text(error)) : FIRN_DONE;
  firn_error_free(error);
  return answer;
}

static FirnAnswer host_weigh(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)call;
  *result = firn_int((int64_t)args[0].count);
  return FIRN_DONE;
}

static void thing_release(void *userdata, FirnGuest *g, int64_t id, void *object) { (void)userdata, (void)g, (void)id, (void)object, things_released++; }

static const char source[] =
    "extern \"t\" fn split(s: string) -> [string]\n"
    "extern \"t\" fn ask(what: string, n: [int]) -> string\n"
    "extern \"t\" type Thing\n"
    "extern \"t\" fn thing(id: int) -> Thing?\n"
    "extern \"t\" fn weigh(all: [Thing]) -> int!\n"
    "class Box { var items: [string]; f: fn(int) -> int }\n"
    "enum Tree { leaf; node(Tree, int, Tree) }\n"
    "fn grow(n: int) -> Tree => if n == 0 { .leaf } else { .node(grow(n - 1), n, grow(n - 1)) }\n"
    "let counts: [string: int] = [\"a\": 1]\n"
    "let ring: [Tree] = []\n"
    "pub fn work(n: int) -> int! { if n < 0 { fail \"negative {n}\" }; for i in 0..n { counts[\"k{i}\"] = i; ring.push(grow(i % 3)) }; counts.len() }\n"
    "pub fn box(n: int) -> Box => Box(items: split(\"abc\"), f: |x| x * n)\n"
    "pub fn maker(n: int) -> fn(int) -> int => |x| x + n\n"
    "pub fn many(xs: [[string: (int, float)]], b: bytes, o: int?) -> [(int, string)] => [(xs.len(), \"{b.len()}\"), (o ?? 3, ask(\"why\", [1, 2, 3]))]\n"
    "pub fn things(a: Thing, n: int) -> (int, [Thing?])! { var all = [a]; for i in 0..n { if let t = thing(i) { all.push(t) } }; (try weigh(all), [nil, all[n]]) }\n"
    "fn helper(c: Channel<int>) { for x in c { print(\"got\", x) } }\n"
    "let c = Channel<int>(0)\n"
    "spawn helper(c)\n"
    "c.send(7)\n"
    "print(split(\"xy\"), ask(\"who\", [4]), \"{counts}\")\n";

/* A part of the run: what it needs is there, and what it leaves is freed with the engine. */

static bool row_count(void *userdata, const char *type, uint64_t count, uint64_t bytes) {
  (void)type, (void)bytes;
  *(uint64_t *)userdata += count;
  return true;
}

static void looks(FirnGuest *g) {
  uint64_t count = 0;
  FirnStats stats = firn_stats_size();
  DO(firn_stats(g, &stats));
  count = 0;
  DO(firn_heap(g, row_count, (count = 0, &count)));
  say("pending %u, objects %d\n", stats.pending, count > 0);
  char *report = firn_report(g);
  if (!report) report = firn_report(g);
  GIVE_UP_IF(!report);
  say("%s", report);
  firn_text_free(report);
}

/* Answers what the guest waits for, and runs it on. */
static void answers(FirnGuest *g) {
  FirnPending pending = firn_pending_size();
  for (int i = 0; firn_pending(g, 0, &pending) && i < 4; i++) {
    FirnValue *args, answer = firn_string("somebody");
    size_t nargs;
    DO(firn_pending_args(g, pending.token, &args, &nargs));
    say("%s(%s, %zu)\n", pending.name, args[0].as.text, args[1].count);
    firn_pending_free(g, args);
    DO(firn_complete(g, pending.token, &answer));
    GIVE_UP_IF(firn_run(g, 0) == FIRN_FAILED);
  }
}

/* Objects of the host, in and out. */
static void objects(FirnGuest *g) {
  FirnFunction *function;
  FirnValue args[2], result;
  FirnObject object = firn_object_size();
  things_released = 0;
  DO(firn_function(g, "things", "(t.Thing, int) -> (int, [t.Thing?])!", &function));
  DO(firn_object_add(g, "t.Thing", 99, &things[99]));
  args[0] = firn_object(&things[99]);
  args[1] = firn_int(20);
  DO(firn_call(function, args, 2, &result));
  say("things %d, the last is the one: %d\n", (int)result.as.items[0].as.integer, result.as.items[1].as.items[1].as.object == &things[19]);
  for (int64_t id = 0; id < 20; id++) DO(firn_object_drop(g, "t.Thing", id));
  GIVE_UP_IF(!firn_object_at(g, 0, &object));
  say("left %s#%d, %d were released\n", object.type, (int)object.id, things_released);
}

static void calls(FirnGuest *g) {
  FirnFunction *work, *box, *many, *maker, *bound;
  FirnValue n = firn_int(30), result;
  DO(firn_function(g, "work", "(int) -> int!", &work));
  DO(firn_call(work, &n, 1, &result));
  say("work %d\n", (int)result.as.integer);
  n = firn_int(-5);
  FirnError *error = firn_call(work, &n, 1, &result);
  if (firn_error_code(error) != FIRN_E_RESULT) {
    GIVE_UP_IF(went(error, __LINE__) || firn_status(g) == FIRN_FAILED);
    error = firn_call(work, &n, 1, &result);
    GIVE_UP_IF(firn_error_code(error) != FIRN_E_RESULT);
  }
  say("%s\n", firn_error_text(error));
  firn_error_free(error);
  n = firn_int(3);
  DO(firn_function(g, "box", "(int) -> Box", &box));
  DO(firn_call(box, &n, 1, &result));
  FirnRef kept = firn_ref_keep(g, result.as.ref);
  if (!kept) kept = firn_ref_keep(g, result.as.ref);
  GIVE_UP_IF(!kept);
  const char *type = firn_ref_type(g, kept);
  if (!type) type = firn_ref_type(g, kept);
  GIVE_UP_IF(!type);
  say("%s %d\n", type, firn_ref_same(g, kept, result.as.ref));
  firn_ref_drop(g, kept);
  DO(firn_function(g, "maker", "(int) -> fn(int) -> int", &maker));
  DO(firn_call(maker, &n, 1, &result));
  DO(firn_function_ref(g, result.as.ref, "fn(int) -> int", &bound));
  DO(firn_call(bound, &n, 1, &result));
  say("bound %d\n", (int)result.as.integer);
  firn_function_free(bound);
  FirnValue pair[] = {firn_int(1), firn_float(2)}, entry[] = {firn_string("k"), firn_tuple(pair, 2)}, map = firn_map(entry, 1);
  FirnValue args[] = {firn_list(&map, 1), firn_bytes("xyz", 3), firn_nil()};
  DO(firn_function(g, "many", "([[string: (int, float)]], bytes, int?) -> [(int, string)]", &many));
  DO(firn_call_begin(many, args, 3, NULL, NULL));
  GIVE_UP_IF(firn_run(g, 0) == FIRN_FAILED);
  answers(g);
  if (log_now.failed) return;
  error = firn_call_finish(many, &result);
  GIVE_UP_IF(error && !went(error, __LINE__)); /* its result is gone with the fault */
  say("many %zu %s\n", result.count, result.as.items[1].as.items[1].as.text);
  DO(firn_call_begin(many, args, 3, NULL, NULL));
  GIVE_UP_IF(firn_run(g, 0) == FIRN_FAILED);
  DO(firn_call_drop(many));
}

static void images(Firn *own, FirnGuest *g) {
  FirnGuest *thawed, *clone;
  FirnGuestOptions options = firn_guest_options();
  options.write = log_write;
  for (int refer = 0; refer < 2; refer++) {
    DO((image.length = 0, firn_freeze(g, refer, store_write, &image)));
    DO((image.at = 0, firn_thaw(own, store_read, &image, &options, &thawed)));
    GIVE_UP_IF(firn_run(thawed, 0) == FIRN_FAILED);
    answers(thawed);
    if (log_now.failed) return;
    say("thawed %d\n", firn_status(thawed));
    firn_guest_free(thawed);
  }
  DO(firn_clone(g, NULL, &clone));
  answers(clone);
  if (log_now.failed) return;
  say("clone %d\n", firn_status(clone));
  firn_guest_free(clone);
}

static bool has_folders;

static void guests_run(Firn *own, FirnProgram *made) {
  FirnGuest *g, *limited;
  FirnGuestOptions options = firn_guest_options();
  static const char *const args[] = {"one", "two"}, *const modules[] = {"t"};
  FirnFolder folders[] = {{"/", true}};
  options.write = log_write;
  options.fuel = 10000000;
  options.memory = 1 << 22;
  options.args = args;
  options.nargs = 2;
  options.modules = modules;
  options.nmodules = 1;
  options.folders = folders;
  options.nfolders = has_folders;
  DO(firn_guest_new(made, &options, &g));
  DO(firn_guest_new(made, &options, &limited));
  DO(firn_schedule(limited, 2));
  DO(firn_schedule_run(own, NULL));
  GIVE_UP_IF(firn_status(limited) != FIRN_WAITING);
  GIVE_UP_IF(firn_run(g, 0) == FIRN_FAILED);
  looks(g);
  if (!log_now.failed) images(own, g);
  if (!log_now.failed) answers(g);
  if (!log_now.failed) objects(g);
  if (!log_now.failed) calls(g);
  if (log_now.failed) return;
  DO(firn_memory_set(g, 1 << 23));
  DO(firn_fuel_set(g, 1 << 20));
  firn_guest_free(limited);
  say("exit %d, status %d\n", (int)firn_exit_status(g), firn_status(g));
  firn_guest_free(g);
}

static Firn *engine_new(void) {
  Firn *own = firn_new();
  if (!own) own = firn_new();
  return own;
}

static void defines(void) {
  DO(firn_type(firn, "t.Thing", thing_release, NULL));
  DO(firn_define(firn, "t.split(string) -> [string]", host_split, NULL));
  DO(firn_define(firn, "t.ask(string, [int]) -> string", host_ask, NULL));
  DO(firn_define(firn, "t.thing(int) -> Thing?", host_thing, NULL));
  DO(firn_define(firn, "t.weigh([Thing]) -> int!", host_weigh, NULL));
}

/* The parts of a run, each with faults of its own. */
static void compiles(void) {
  FirnProgram *made, *loaded;
  Firn *own = firn;
  defines();
  if (log_now.failed) return;
  DO(firn_compile(own, source, sizeof source - 1, NULL, &made));
  DO((module.length = 0, firn_program_write(made, false, store_write, &module)));
  DO(firn_load(own, module.bytes, module.length, &loaded));
  const char *name, *type;
  for (size_t i = 0; i < 4; i++) {
    GIVE_UP_IF(!firn_program_export(loaded, i, &name, &type) && !firn_program_export(loaded, i, &name, &type));
    say("%s %s\n", name, type);
  }
  firn_program_free(made);
  firn_program_free(loaded);
}

static void runs(void) {
  FirnProgram *loaded;
  defines();
  if (log_now.failed) return;
  DO(firn_load(firn, module.bytes, module.length, &loaded));
  guests_run(firn, loaded);
  firn_program_free(loaded);
}

/* Source with errors, whose messages need memory, too. */
static void complains(void) {
  static const char wrong[] = "let a = b\nfn f() -> int => \"x\"\nlet c: int = f(1)\n";
  FirnProgram *made;
  FirnError *error = firn_compile(firn, wrong, sizeof wrong - 1, NULL, &made);
  if (firn_error_code(error) != FIRN_E_COMPILE) {
    GIVE_UP_IF(went(error, __LINE__));
    error = firn_compile(firn, wrong, sizeof wrong - 1, NULL, &made);
    GIVE_UP_IF(firn_error_code(error) != FIRN_E_COMPILE);
  }
  say("%s\n", firn_error_text(error));
  firn_error_free(error);
}

/* Whether the kernel, or an emulator, has openat2. */
static bool folders_work(void) {
  FirnFolder root = {"/", true};
  FirnGuestOptions options = firn_guest_options();
  FirnGuest *made;
  options.folders = &root;
  options.nfolders = 1;
  FirnError *error = firn_guest_new(program, &options, &made);
  bool do_not = error && strstr(firn_error_text(error), "openat2");
  if (!do_not) FINE(error);
  firn_error_free(error);
  firn_guest_free(made);
  return !do_not;
}

static long leaked; /* blocks, in the last run */

/* Runs a part in an engine of its own, with faults from `at` on; whether there were any. */
static bool part_run(void (*part)(void), long at, long width) {
  long before = nblocks;
  log_now.length = 0;
  log_now.failed = false;
  faults.at = at;
  faults.width = width;
  faults.seen = faults.struck = 0;
  faults.armed = true;
  firn = engine_new();
  if (firn) part();
  else log_now.failed = true;
  firn_free(firn);
  faults.armed = false;
  firn = NULL;
  leaked = nblocks - before;
  heap_collect();
  return faults.struck > 0;
}

static const struct Part { void (*run)(void); bool is_stressed; int steps; } parts[] = {{compiles, false, 300}, {complains, false, 300}, {runs, false, 3000}, {runs, true, 300}};
static const long WIDTHS[] = {1, 2, 1000000000};
enum { PARTS = sizeof parts / sizeof *parts };

/* One place after the other: the first `steps` of them, then at growing distances; FAULT_STEPS=0 in the environment: all. */
START_TEST(test_faults) {
  const struct Part *part = &parts[_i / 3];
  const char *wanted = getenv("FAULT_STEPS");
  long steps = wanted ? atol(wanted) : part->steps, width = WIDTHS[_i % 3], count = 0;
  log_now = (Log){.text = malloc(1 << 16), .room = 1 << 16};
  setup();
  compile("pub fn f(n: int) -> int { let xs = [\"\"]; for i in 0..n { xs.push(\"{i}\") }; xs.len() }");
  FINE(firn_guest_new(program, NULL, &guest));
  FirnFunction *bystander = bind("f", "(int) -> int");
  call_int(bystander, 10);
  has_folders = folders_work();
  Firn *kept = firn;
  for (int i = 0; i < 40; i++) part_run(compiles, 0, 0); /* tables of the heap have grown by then to what they will be */
  heap_stress = part->is_stressed;
  part_run(part->run, 0, 0);
  ck_assert(!log_now.failed);
  char *expected = strdup(log_now.text);
  part_run(part->run, 0, 0);
  ck_assert_str_eq(log_now.text, expected);
  ck_assert(getenv("FAULT_SHOW") == NULL || printf("%s", expected) > 0);
  bool struck = true;
  for (long at = 1; struck; at += test_stride() + (steps > 0 && at > steps ? at / 20 : 0)) {
    struck = part_run(part->run, at, width);
    count++;
    if (!log_now.failed) ck_assert_msg(strcmp(log_now.text, expected) == 0, "fault %ld of width %ld:\n%s", at, width, log_now.text);
    ck_assert_int_eq(call_int(bystander, 20), 21);
    ck_assert_msg(leaked <= 0, "fault %ld of width %ld leaks %ld blocks", at, width, leaked);
  }
  part_run(part->run, 0, 0);
  ck_assert_str_eq(log_now.text, expected);
  if (getenv("FAULT_SHOW")) printf("%ld of %ld places\n", count, faults.seen);
  heap_stress = false;
  free(expected);
  free(log_now.text);
  firn = kept;
  teardown();
}
END_TEST

int main(void) {
  Suite *suite = suite_create("faults");
  TCase *tests = tcase_create("faults");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, test_faults, 0, 3 * PARTS);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
