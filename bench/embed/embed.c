/* embed.c - what embedding costs: calls in and out, new guests, clones, images, turns of a schedule, idle memory. Prints a table; bench/embed/run builds and runs it.
 *
 * Each figure is the best of ROUNDS runs. With -DWITH_LUA the same of Lua 5.4's C API stands beside those that it has.
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

enum { ROUNDS = 5, CALLS = 200000, GUESTS = 5000 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
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
    "pub fn adds(n: int) -> int { var t = 0; for i in 0..n { t = add(t, i) }; t }\n";

static Firn *firn;
static FirnProgram *program;
static FirnGuest *guest, *guests[GUESTS];

typedef double (*Measure)(void);

static void report(const char *what, const char *unit, Measure measure, double lua) {
  double best = 0;
  for (int i = 0; i < ROUNDS; i++) {
    double figure = measure();
    if (i == 0 || figure < best) best = figure;
  }
  printf("%-34s %10.1f %-6s", what, best, unit);
  if (lua > 0) printf("   Lua 5.4 %8.1f", lua);
  printf("\n");
}

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
  return took / 1000;
}

static double guest_clone(void) {
  double start = now();
  for (int i = 0; i < GUESTS; i++) check(firn_clone(guest, NULL, &guests[i]));
  double took = (now() - start) / GUESTS;
  for (int i = 0; i < GUESTS; i++) firn_guest_free(guests[i]);
  return took / 1000;
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
  return (now() - start) / COUNT / 1000;
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
  return (now() - start) / COUNT / 1000;
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
  return took / 1000;
}

enum { WAITING = 10000 };
static double turn_alone(void) { return turn_take(1, 0); }
static double turn_two(void) { return turn_take(2, 0); }
static double turn_beside(void) { return turn_take(1, WAITING); }

#ifdef WITH_LUA
static int lua_add(lua_State *l) {
  lua_pushinteger(l, luaL_checkinteger(l, 1) + luaL_checkinteger(l, 2));
  return 1;
}

static lua_State *lua_new(void) {
  lua_State *l = luaL_newstate();
  luaL_openlibs(l);
  lua_register(l, "add", lua_add);
  if (luaL_dostring(l, "function inc(n) return n + 1 end function adds(n) local t = 0 for i = 0, n - 1 do t = add(t, i) end return t end")) exit(1);
  return l;
}

static double lua_call_in(void) {
  lua_State *l = lua_new();
  double start = now();
  for (int i = 0; i < CALLS; i++) {
    lua_getglobal(l, "inc");
    lua_pushinteger(l, i);
    lua_pcall(l, 1, 1, 0);
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
  lua_pcall(l, 1, 1, 0);
  double took = (now() - start) / CALLS;
  lua_close(l);
  return took;
}

static double lua_start(void) {
  enum { COUNT = 500 };
  double start = now();
  for (int i = 0; i < COUNT; i++) lua_close(lua_new());
  return (now() - start) / COUNT / 1000;
}
#define LUA(figure) figure()
#else
#define LUA(figure) 0
#endif

int main(void) {
  firn = firn_new();
  check(firn_define(firn, "host.add(int, int) -> int", add, NULL));
  check(firn_compile(firn, source, sizeof source - 1, NULL, &program));
  check(firn_guest_new(program, NULL, &guest));
  firn_run(guest, 0);
  report("call of a guest's function, int", "ns", call_int, LUA(lua_call_in));
  report("the same, string of 16 bytes", "ns", call_string, 0);
  report("the same, list of 100 ints", "ns", call_list, 0);
  report("call of a host function", "ns", call_host, LUA(lua_call_out));
  report("new guest, run to its end", "us", guest_new, LUA(lua_start));
  report("clone of a small guest", "us", guest_clone, 0);
  report("freeze of a small guest", "us", guest_freeze, 0);
  report("thaw of a small guest", "us", guest_thaw, 0);
  printf("%-34s %10.0f bytes\n", "idle guest", guest_bytes());
  report("turn of a million units, one guest", "us", turn_alone, 0);
  report("the same beside 10,000 that wait", "us", turn_beside, 0);
  report("the same, two guests in turns", "us", turn_two, 0);
  firn_free(firn);
  return 0;
}
