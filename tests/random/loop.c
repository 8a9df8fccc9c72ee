/* loop.c - loops over ranges, lists' indexes, maps, and `while`. Interface: gen.h.
 *
 * Each runs a few times, whatever its body does: what counts is assigned by the loop only, and lists and maps that are gone through are locked. All have
 * labels, 0 where a `continue` would skip the counting. Loops over other things are in forms.def.
 */
#include <string.h>

#include "tests/random/gen.h"

enum { TIMES_MOST = 1500, LOOPS_DEEP = 5 };

typedef struct Loop { int64_t times; unsigned nvars, loops; } Loop;

/* `label`: l<fresh> is written in front by the caller. */
static Loop loop_enter(Gen *g, unsigned label, unsigned trips) {
  Loop loop = {g->times, g->nvars, g->place.loops};
  g->place.labels[g->place.loops++ & 7] = label;
  g->times *= trips;
  return loop;
}

static void loop_leave(Gen *g, Loop loop) {
  g->times = loop.times;
  g->nvars = loop.nvars;
  g->place.loops = loop.loops;
}

static unsigned label_write(Gen *g) {
  sayf(g, "l%u: ", ++g->fresh);
  return g->fresh;
}

static unsigned trips_roll(Gen *g) { return one_in(g, 6) && g->times < 40 ? 20 + roll(g, 40) : 1 + roll(g, 8); }

/* Ranges at the ends of what an int holds, of at most 8 values. */
static void range_extreme(Gen *g) {
  static const char *const ranges[] = {
      "9223372036854775800..=9223372036854775807",
      "9223372036854775801..9223372036854775807",
      "(-9223372036854775807 - 1)..(-9223372036854775801)",
      "((-9223372036854775807 - 1)..=(-9223372036854775801)).rev()",
      "(0..=9223372036854775807).step(2305843009213693951)",
      "((-9223372036854775807 - 1)..=9223372036854775807).step(4611686018427387904)",
      "((-9223372036854775807 - 1)..=9223372036854775807).rev().step(4611686018427387903)",
      "(9223372036854775790..9223372036854775807).step(5)",
      "(9223372036854775790..=9223372036854775807).rev().step(9)",
      "9223372036854775807..=9223372036854775807",
      "9223372036854775807..9223372036854775807",
      "9223372036854775807..(-9223372036854775807 - 1)",
      "5..-5",
      "(0..100).step(33).rev()",
  };
  say(g, ranges[roll(g, sizeof ranges / sizeof *ranges)]);
}

/* A range of at most `trips` values within -2**8..2**8. */
static void range_write(Gen *g, unsigned trips) {
  int start = (int)roll(g, 60) - 30;
  unsigned step = one_in(g, 3) ? 1 + roll(g, 7) : 1;
  bool is_reversed = one_in(g, 5), is_plain = step == 1 && !is_reversed;
  int end = start + (int)(trips * step) - (int)roll(g, step);
  if (is_plain && one_in(g, 3)) {
    unsigned mask = trips > 8 ? 31 : 7;
    sayf(g, "(");
    expr(g, g->of_int, 2);
    sayf(g, " & %u)%s(", mask, one_in(g, 2) ? ".." : "..=");
    expr(g, g->of_int, 2);
    sayf(g, " & %u)", mask);
    return;
  }
  if (!is_plain) say(g, "(");
  sayf(g, start < 0 ? "(%d)%s" : "%d%s", start, one_in(g, 3) ? "..=" : "..");
  sayf(g, end < 0 ? "(%d)" : "%d", end);
  if (!is_plain) say(g, ")");
  bool reversed_first = one_in(g, 2);
  if (is_reversed && reversed_first) say(g, ".rev()");
  if (step > 1) {
    say(g, ".step(");
    if (gen_dares(g)) small(g, 4, 1);
    else sayf(g, "%u", step);
    say(g, ")");
  }
  if (is_reversed && !reversed_first) say(g, ".rev()");
}

static void for_range(Gen *g, unsigned depth) {
  unsigned label = label_write(g), trips = trips_roll(g);
  bool is_extreme = one_in(g, 8);
  unsigned name = ++g->fresh;
  sayf(g, "for v%u in ", name);
  if (is_extreme) range_extreme(g);
  else range_write(g, trips);
  say(g, " ");
  Loop loop = loop_enter(g, label, is_extreme ? 8 : trips);
  Var *var = var_new(g, g->of_int);
  snprintf(var->name, sizeof var->name, "v%u", name);
  if (!is_extreme) var->bits = 9;
  block(g, 1 + roll(g, 4), depth);
  loop_leave(g, loop);
}

static const Var *container_pick(Gen *g, Kind kind) {
  const Var *found = NULL;
  unsigned n = 0;
  for (const Var *var = g->vars; var < g->vars + g->nvars; var++)
    if (var->type->kind == kind && var_is_visible(g, var) && one_in(g, ++n)) found = var;
  return found;
}

/* Runs the body with `var` locked. */
static void block_locking(Gen *g, Var *var, unsigned depth) {
  bool was_locked = var->is_locked;
  var->is_locked = true;
  block(g, 1 + roll(g, 4), depth);
  var->is_locked = was_locked;
}

static void for_indexes(Gen *g, unsigned depth) {
  Var *list = (Var *)container_pick(g, K_LIST);
  if (!list) return for_range(g, depth);
  unsigned label = label_write(g);
  static const char *const ranges[] = {"0..%s.len()", "(0..%s.len()).rev()", "(0..%s.len()).step(2)", "0..=%s.len() - 1"};
  Loop loop = loop_enter(g, label, 5);
  Var *var = var_new(g, g->of_int);
  var->bits = 20;
  snprintf(var->indexes, sizeof var->indexes, "%s", list->name);
  sayf(g, "for %s in ", var->name);
  sayf(g, ranges[roll(g, 4)], list->name);
  say(g, " ");
  block_locking(g, list, depth);
  loop_leave(g, loop);
}

static void for_container(Gen *g, unsigned depth) {
  bool is_map = one_in(g, 2);
  Var *from = (Var *)container_pick(g, is_map ? K_MAP : K_LIST);
  if (!from) return for_indexes(g, depth);
  unsigned label = label_write(g);
  Loop loop = loop_enter(g, label, 5);
  const Type *type = from->type;
  const char *first = var_new(g, type->args[0])->name;
  if (is_map) sayf(g, "for (%s, %s) in %s ", first, var_new(g, type->args[1])->name, from->name);
  else sayf(g, "for %s in %s ", first, from->name);
  if (gen_dares(g)) block(g, 2, depth);
  else block_locking(g, from, depth);
  loop_leave(g, loop);
}

/* Its counter is not of those whose names are used again further in. */
static void while_counting(Gen *g, unsigned depth) {
  unsigned trips = trips_roll(g), step = 1 + roll(g, 5), counter = ++g->fresh;
  bool counts_last = one_in(g, 2), is_endless = one_in(g, 3);
  sayf(g, "var w%u = %u", counter, 0);
  line(g);
  unsigned label = label_write(g);
  Var *var = var_new(g, g->of_int);
  snprintf(var->name, sizeof var->name, "w%u", counter);
  var->bits = 10;
  Loop loop = loop_enter(g, counts_last ? 0 : label, trips);
  sayf(g, is_endless ? "while true {" : "while w%u < %u", counter, trips * step);
  if (!is_endless && one_in(g, 3)) say(g, " && "), expr(g, g->of_bool, 2);
  if (!is_endless) say(g, " {");
  g->indent++;
  if (is_endless) line(g), sayf(g, "if w%u >= %u { break }", counter, trips * step);
  if (!counts_last) line(g), sayf(g, "w%u += %u", counter, step);
  statements(g, 1 + roll(g, 4), depth);
  if (counts_last) line(g), sayf(g, "w%u += %u", counter, step);
  g->indent--;
  line(g);
  say(g, "}");
  loop_leave(g, loop);
}

static void while_popping(Gen *g, unsigned depth) {
  Var *list = (Var *)container_pick(g, K_LIST);
  if (!list || list->is_locked) return while_counting(g, depth);
  unsigned label = label_write(g);
  Loop loop = loop_enter(g, label, 4);
  sayf(g, "while let %s = %s.pop() ", var_new(g, list->type->args[0])->name, list->name);
  block_locking(g, list, depth);
  loop_leave(g, loop);
}

void statement_loop(Gen *g, unsigned depth) {
  if (g->times > TIMES_MOST || g->place.loops >= LOOPS_DEEP) return mix(g, g->of_int);
  switch (roll(g, 10)) {
    case 0: case 1: case 2: case 3: for_range(g, depth); return;
    case 4: for_indexes(g, depth); return;
    case 5: case 6: for_container(g, depth); return;
    case 7: while_popping(g, depth); return;
    default: while_counting(g, depth); return;
  }
}
