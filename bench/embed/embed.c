/* embed.c - what embedding costs: calls in and out, new guests, clones, images, slices, turns of a schedule, idle memory; and, with -DWITH_LUA, the same of Lua 5.4's
 * C API where it has that. Measures each figure once and prints lines "figure<TAB>whose<TAB>value"; bench/embed/run builds it, runs it many times in turn with its
 * peers, and makes a table of medians.
 *
 *   embed time       times, in nanoseconds        embed memory firn|lua       bytes of an idle guest, or state
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "include/firn.h"
#ifdef WITH_LUA
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#endif

enum { CALLS = 200000, GUESTS = 5000, SPINS = 2000000, SLICE = 1000 };

/* Of the processor: a busy machine counts less. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void check(FirnError *error) {
  if (!error) return;
  fprintf(stderr, "%s\n", firn_error_text(error));
  exit(1);
}

/* Bytes of memory that the process has now. */
static double resident(void) {
  long pages = 0, all;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld %ld", &all, &pages) != 2) pages = 0;
  if (file) fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static FirnAnswer add(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)call;
  *result = firn_int(args[0].as.integer + args[1].as.integer);
  return FIRN_DONE;
}

static const char source[] =
    "extern \"host\" fn add(a: int, b: int) -> int\n"
    "pub fn inc(n: int) -> int => n + 1\n"
    "pub fn size(s: string) -> int => s.len()\n"
    "pub fn total(xs: [int]) -> int { var t = 0; for x in xs { t += x }; t }\n"
    "pub fn spin(n: int) -> int { var t = 0; for i in 0..n { t = (t + i) % 1000003 }; t }\n"
    "pub fn adds(n: int) -> int { var t = 0; for i in 0..n { t = add(t, i) }; t }\n";

static Firn *firn;
static FirnProgram *program;
static FirnGuest *guest, *guests[GUESTS];

static void tell(const char *figure, const char *whose, double value) { printf("%s\t%s\t%.2f\n", figure, whose, value); }

static double time_calls(const char *name, const char *type, FirnValue arg) {
  FirnFunction *f;
  FirnValue result;
  check(firn_function(guest, name, type, &f));
  double start = now();
  for (int i = 0; i < CALLS; i++) check(firn_call(f, &arg, 1, &result));
  double took = (now() - start) / CALLS;
  firn_function_free(f);
  return took;
}

static double call_int(void) { return time_calls("inc", "(int) -> int", firn_int(1)); }
static double call_string(void) { return time_calls("size", "(string) -> int", firn_string("sixteen bytes...")); }

static double call_list(void) {
  static int64_t items[100];
  return time_calls("total", "([int]) -> int", firn_ints(items, 100));
}

static double call_host(void) {
  FirnFunction *f;
  FirnValue n = firn_int(CALLS), result;
  check(firn_function(guest, "adds", "(int) -> int", &f));
  double start = now();
  check(firn_call(f, &n, 1, &result));
  double took = (now() - start) / CALLS;
  firn_function_free(f);
  return took;
}

static double guest_new(void) {
  double start = now();
  for (int i = 0; i < GUESTS; i++) {
    check(firn_guest_new(program, NULL, &guests[i]));
    firn_run(guests[i], 0);
  }
  double took = (now() - start) / GUESTS;
  for (int i = 0; i < GUESTS; i++) firn_guest_free(guests[i]);
  return took;
}

static double guest_clone(void) {
  double start = now();
  for (int i = 0; i < GUESTS; i++) check(firn_clone(guest, NULL, &guests[i]));
  double took = (now() - start) / GUESTS;
  for (int i = 0; i < GUESTS; i++) firn_guest_free(guests[i]);
  return took;
}

static char image[1 << 16];
static size_t image_length, image_at;

static bool image_write(void *userdata, const void *bytes, size_t length) {
  (void)userdata;
  if (length > sizeof image - image_length) return false;
  memcpy(image + image_length, bytes, length);
  image_length += length;
  return true;
}

static ptrdiff_t image_read(void *userdata, void *bytes, size_t length) {
  (void)userdata;
  if (length > image_length - image_at) length = image_length - image_at;
  memcpy(bytes, image + image_at, length);
  image_at += length;
  return (ptrdiff_t)length;
}

static double guest_freeze(void) {
  enum { COUNT = 1000 };
  double start = now();
  for (int i = 0; i < COUNT; i++) {
    image_length = 0;
    check(firn_freeze(guest, true, image_write, NULL));
  }
  return (now() - start) / COUNT;
}

static double guest_thaw(void) {
  enum { COUNT = 1000 };
  double start = now();
  for (int i = 0; i < COUNT; i++) {
    FirnGuest *thawed;
    image_at = 0;
    check(firn_thaw(firn, image_read, NULL, NULL, &thawed));
    firn_guest_free(thawed);
  }
  return (now() - start) / COUNT;
}

/* What a slice of SLICE units costs beyond what it does. */
static double guest_slices(void) {
  FirnFunction *f;
  FirnValue n = firn_int(SPINS), result;
  FirnStats stats = firn_stats_size();
  check(firn_function(guest, "spin", "(int) -> int", &f));
  check(firn_call(f, &n, 1, &result));
  check(firn_stats(guest, &stats));
  uint64_t used = stats.fuel_used;
  double start = now();
  check(firn_call(f, &n, 1, &result));
  double whole = now() - start;
  check(firn_stats(guest, &stats));
  used = stats.fuel_used - used;
  start = now();
  check(firn_call_begin(f, &n, 1, NULL, NULL));
  while (firn_run(guest, SLICE) == FIRN_RUNNABLE) {}
  check(firn_call_finish(f, &result));
  double took = now() - start;
  firn_function_free(f);
  return (took - whole) / ((double)used / SLICE);
}

static double guest_bytes(void) {
  double before = resident();
  for (int i = 0; i < GUESTS; i++) {
    check(firn_guest_new(program, NULL, &guests[i]));
    firn_run(guests[i], 0);
  }
  return (resident() - before) / GUESTS;
}

/* A turn of a million units of guests that run, alone or beside others that wait. */
static double turn_take(int running, int waiting) {
  enum { TURNS = 20 };
  static const char spins[] = "while true {}", waits[] = "import time\ntime.sleep(1000.0)";
  Firn *own = firn_new();
  FirnProgram *spin, *wait;
  FirnGuest *made;
  FirnGuestOptions options = firn_guest_options();
  FirnTurn turn = firn_turn();
  options.grants = FIRN_GRANT_TIME;
  check(firn_compile(own, waits, sizeof waits - 1, NULL, &wait));
  for (int i = 0; i < waiting; i++) {
    check(firn_guest_new(wait, &options, &made));
    check(firn_schedule(made, 1));
  }
  check(firn_schedule_run(own, &turn));
  check(firn_compile(own, spins, sizeof spins - 1, NULL, &spin));
  for (int i = 0; i < running; i++) {
    check(firn_guest_new(spin, NULL, &made));
    check(firn_schedule(made, 1));
  }
  turn.units = 1000000;
  double start = now();
  for (int i = 0; i < TURNS; i++) check(firn_schedule_run(own, &turn));
  double took = (now() - start) / TURNS;
  firn_free(own);
  return took;
}

enum { WAITING = 10000 };

#ifdef WITH_LUA
static int lua_add(lua_State *l) {
  lua_pushinteger(l, luaL_checkinteger(l, 1) + luaL_checkinteger(l, 2));
  return 1;
}

static const char lua_source[] =
    "function inc(n) return n + 1 end\n"
    "function size(s) return #s end\n"
    "function total(xs) local t = 0 for _, x in ipairs(xs) do t = t + x end return t end\n"
    "function spin(n) local t = 0 for i = 0, n - 1 do t = (t + i) % 1000003 end return t end\n"
    "function adds(n) local t = 0 for i = 0, n - 1 do t = add(t, i) end return t end\n";

static char chunk[1 << 14];
static size_t chunk_length;

static int chunk_write(lua_State *l, const void *bytes, size_t length, void *userdata) {
  (void)l, (void)userdata;
  if (length > sizeof chunk - chunk_length) return 1;
  memcpy(chunk + chunk_length, bytes, length);
  chunk_length += length;
  return 0;
}

/* A state with the library and the program, compiled before, as a guest has. */
static lua_State *lua_new(void) {
  lua_State *l = luaL_newstate();
  luaL_openlibs(l);
  lua_register(l, "add", lua_add);
  if (luaL_loadbuffer(l, chunk, chunk_length, "program") || lua_pcall(l, 0, 0, 0)) exit(1);
  return l;
}

static void lua_compile(void) {
  lua_State *l = luaL_newstate();
  if (luaL_loadstring(l, lua_source) || lua_dump(l, chunk_write, NULL, 0)) exit(1);
  lua_close(l);
}

static void lua_push_int(lua_State *l) { lua_pushinteger(l, 1); }
static void lua_push_text(lua_State *l) { lua_pushlstring(l, "sixteen bytes...", 16); }
static void lua_push_list(lua_State *l) {
  lua_createtable(l, 100, 0);
  for (int i = 1; i <= 100; i++) {
    lua_pushinteger(l, 0);
    lua_rawseti(l, -2, i);
  }
}

/* A function that is bound once: a reference in the registry. */
static double lua_call_in(const char *name, void (*push)(lua_State *l)) {
  lua_State *l = lua_new();
  lua_getglobal(l, name);
  int function = luaL_ref(l, LUA_REGISTRYINDEX);
  double start = now();
  for (int i = 0; i < CALLS; i++) {
    lua_rawgeti(l, LUA_REGISTRYINDEX, function);
    push(l);
    if (lua_pcall(l, 1, 1, 0)) exit(1);
    lua_pop(l, 1);
  }
  double took = (now() - start) / CALLS;
  lua_close(l);
  return took;
}

static double lua_call_out(void) {
  lua_State *l = lua_new();
  double start = now();
  lua_getglobal(l, "adds");
  lua_pushinteger(l, CALLS);
  if (lua_pcall(l, 1, 1, 0)) exit(1);
  double took = (now() - start) / CALLS;
  lua_close(l);
  return took;
}

static double lua_start(void) {
  enum { COUNT = 500 };
  double start = now();
  for (int i = 0; i < COUNT; i++) lua_close(lua_new());
  return (now() - start) / COUNT;
}

static void slice_over(lua_State *l, lua_Debug *ar) {
  (void)ar;
  lua_yield(l, 0);
}

/* A coroutine that yields after each SLICE instructions, by a hook: as many of them as there are slices. */
static double lua_slices(void) {
  lua_State *l = lua_new(), *co = lua_newthread(l);
  double took[2], slices = 0;
  for (int sliced = 0; sliced < 2; sliced++) {
    int results, status;
    lua_sethook(co, slice_over, sliced ? LUA_MASKCOUNT : 0, SLICE);
    lua_getglobal(co, "spin");
    lua_pushinteger(co, SPINS);
    double start = now();
    for (status = lua_resume(co, NULL, 1, &results); status == LUA_YIELD; slices++) status = lua_resume(co, NULL, 0, &results);
    took[sliced] = now() - start;
    lua_settop(co, 0);
  }
  lua_close(l);
  return (took[1] - took[0]) / slices;
}

static double lua_bytes(void) {
  enum { COUNT = 1000 };
  double before = resident();
  for (int i = 0; i < COUNT; i++) lua_new();
  return (resident() - before) / COUNT;
}

static void lua_times(void) {
  lua_compile();
  tell("new", "lua", lua_start());
  tell("in", "lua", lua_call_in("inc", lua_push_int));
  tell("in-string", "lua", lua_call_in("size", lua_push_text));
  tell("in-list", "lua", lua_call_in("total", lua_push_list));
  tell("out", "lua", lua_call_out());
  tell("slice", "lua", lua_slices());
}
#endif

static void firn_times(void) {
  tell("new", "firn", guest_new());
  tell("clone", "firn", guest_clone());
  tell("freeze", "firn", guest_freeze());
  tell("thaw", "firn", guest_thaw());
  tell("in", "firn", call_int());
  tell("in-string", "firn", call_string());
  tell("in-list", "firn", call_list());
  tell("out", "firn", call_host());
  tell("slice", "firn", guest_slices());
  tell("turn", "firn", turn_take(1, 0));
  tell("turn-two", "firn", turn_take(2, 0));
  tell("turn-beside", "firn", turn_take(1, WAITING));
}

int main(int argc, char **argv) {
  bool is_memory = argc > 2 && strcmp(argv[1], "memory") == 0, is_firn = !is_memory || strcmp(argv[2], "firn") == 0;
  if (is_firn) {
    firn = firn_new();
    check(firn_define(firn, "host.add(int, int) -> int", add, NULL));
    check(firn_compile(firn, source, sizeof source - 1, NULL, &program));
    check(firn_guest_new(program, NULL, &guest));
    firn_run(guest, 0);
    if (is_memory) tell("idle", "firn", guest_bytes());
    else firn_times();
    firn_free(firn);
  }
#ifdef WITH_LUA
  if (!is_memory) {
    lua_times();
  } else if (!is_firn) {
    lua_compile();
    tell("idle", "lua", lua_bytes());
  }
#endif
  return 0;
}
