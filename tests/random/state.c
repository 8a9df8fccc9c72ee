/* state.c - statements other than loops. Interface: gen.h.
 *
 * A statement is written at the end of a line that line has begun; several lines of one are its own to begin. Jumps stand behind a condition, so that
 * what follows is reached too.
 */
#include <string.h>

#include "tests/random/gen.h"

enum { RISKY = 1, LOOPS = 2, LOOPS_MOST = 300, LOOP_TIMES = 5, PRINTED_MOST = 80, EXPR_DEPTH = 3 };

static const struct Do { uint8_t weight, flags; const char *text; } dos[] = {
#define DO(weight, flags, text) {weight, flags, text},
#include "tests/random/forms.def"
};
enum { NDOS = sizeof dos / sizeof *dos };

void line(Gen *g) {
  say(g, "\n");
  for (unsigned i = 0; i < g->indent; i++) say(g, "  ");
}

static unsigned expr_depth(Gen *g) { return 1 + roll(g, EXPR_DEPTH); }

void mix(Gen *g, const Type *type) {
  bool prints = g->printed + g->times < PRINTED_MOST && one_in(g, 3);
  if (prints) {
    g->printed += g->times;
    say(g, "print("), atom(g, type, expr_depth(g)), say(g, ")");
  } else if (type == g->of_int) {
    say(g, "mix("), expr(g, type, expr_depth(g)), say(g, ")");
  } else {
    say(g, "mix(\"{"), atom(g, type, 1), say(g, "}\".hash())");
  }
}

static void note(Gen *g) { mix(g, one_in(g, 2) ? g->of_int : type_random(g, 2)); }

void block(Gen *g, unsigned count, unsigned depth) {
  unsigned nvars = g->nvars;
  say(g, "{");
  g->indent++;
  statements(g, count, depth);
  g->indent--;
  line(g);
  say(g, "}");
  g->nvars = nvars;
}

void block_void(Gen *g, unsigned count, unsigned depth) {
  unsigned nvars = g->nvars;
  say(g, "{");
  g->indent++;
  statements(g, count, depth);
  line(g);
  sayf(g, "mix(%u)", roll(g, 9));
  g->indent--;
  line(g);
  say(g, "}");
  g->nvars = nvars;
}

/* ---- Variables ---- */

static bool is_annotated(Gen *g, const Type *type) { return (type->kind > K_BYTES && type->kind != K_CLASS && type->kind != K_BOX) || one_in(g, 2); }

/* A name of an outer variable now and then. */
static void name_borrow(Gen *g, Var *var, unsigned scope) {
  if (scope == 0 || g->indent <= 2 || !one_in(g, 25)) return;
  const Var *outer = &g->vars[roll(g, scope)];
  bool is_taken = strcmp(outer->name, "self") == 0 || outer->name[0] != 'v';
  if (!is_taken && var_is_visible(g, outer)) memcpy(var->name, outer->name, sizeof var->name);
}

static void declare(Gen *g, unsigned scope) {
  bool is_mutable = one_in(g, 2), counts = is_mutable && one_in(g, 4);
  const Type *type = counts ? g->of_int : type_random(g, 2);
  Var var = *var_new(g, type);
  g->nvars--;
  name_borrow(g, &var, scope);
  var.is_mutable = is_mutable;
  say(g, is_mutable ? "var " : "let ");
  say(g, var.name);
  if (is_annotated(g, type)) sayf(g, ": %s", type->name);
  say(g, " = ");
  if (counts) var.bits = 58, sayf(g, "%u", roll(g, 9));
  else expr_stored(g, type, expr_depth(g));
  *var_new(g, type) = var;
}

static void assign(Gen *g) {
  const Var *found = var_pick(g, NULL, true);
  if (!found) return note(g);
  Var var = *found;
  static const char *const ints[] = {" = ", " = ", " &= ", " |= ", " ^= "};
  static const char *const floats[] = {" = ", " += ", " -= ", " *= ", " /= "};
  const char *between = var.type == g->of_int ? ints[roll(g, 5)] : var.type == g->of_float ? floats[roll(g, 5)] : " = ";
  if (var.type == g->of_int && gen_dares(g)) between = one_in(g, 2) ? " += " : " *= ";
  sayf(g, "%s%s", var.name, between);
  expr_stored(g, var.type, expr_depth(g));
}

static void count(Gen *g) {
  const Var *found = NULL;
  unsigned n = 0;
  for (const Var *var = g->vars; var < g->vars + g->nvars; var++)
    if (var->bits == 58 && var->is_mutable && var_is_visible(g, var) && one_in(g, ++n)) found = var;
  if (!found) return assign(g);
  sayf(g, "%s %s= ", found->name, one_in(g, 3) ? "-" : "+");
  small(g, 30, expr_depth(g));
}

static void assign_field(Gen *g, const Var *var) {
  const Fields *fields = &g->classes[var->type->decl].fields;
  unsigned which = roll(g, fields->n);
  if (!fields->is_var[which]) return note(g);
  bool counts = fields->types[which] == g->of_int && one_in(g, 2);
  sayf(g, counts ? "%s.f%u +%%= " : "%s.f%u = ", var->name, which);
  expr_stored(g, fields->types[which], expr_depth(g));
}

static void list_change(Gen *g, const Var *list) {
  const char *name = list->name;
  const Type *item = list->type->args[0];
  const Var *index = var_indexing(g, name);
  unsigned which = list->is_locked ? 0 : roll(g, 9);
  if (index && var_is_visible(g, index) && one_in(g, 2)) return sayf(g, "%s[%s] = ", name, index->name), expr_stored(g, item, 2);
  if (which < 2) {
    sayf(g, "if %s.len() > 2 { %s[", name, name);
    expr(g, g->of_int, 1);
    say(g, item == g->of_int && one_in(g, 2) ? " & 1] *%= " : " & 1] = ");
    expr_stored(g, item, 2);
    say(g, " }");
  } else if (which < 5) {
    sayf(g, "if %s.len() < 30 { %s.push(", name, name), expr_stored(g, item, 2), say(g, ") }");
  } else if (which == 5) {
    sayf(g, "if %s.len() < 30 { %s.insert(%s, ", name, name, gen_dares(g) ? "3" : "0"), expr_stored(g, item, 2), say(g, ") }");
  } else if (which == 6) {
    sayf(g, "if %s.len() > %u { %s.remove(0) }", name, gen_dares(g) ? 0 : roll(g, 3), name);
  } else {
    static const char *const others[] = {"pop()", "reverse()", "clear()", "sort_by(|a, b| 0)"};
    sayf(g, "%s.%s", name, item->kind <= K_STRING && one_in(g, 3) ? "sort()" : others[roll(g, 4)]);
  }
}

static void map_change(Gen *g, const Var *map) {
  if (map->is_locked) return note(g);
  bool removes = one_in(g, 4);
  if (one_in(g, 8)) return sayf(g, "%s.clear()", map->name);
  sayf(g, removes ? "%s.remove(" : "%s[", map->name);
  expr(g, map->type->args[0], 2);
  say(g, removes ? ")" : "] = ");
  if (!removes) expr_stored(g, map->type->args[1], 2);
}

static void bytes_change(Gen *g, const Var *bytes) {
  bool stores = one_in(g, 2);
  sayf(g, stores ? "if %s.len() > 0 { %s[0] = " : "if %s.len() < 40 { %s.push(", bytes->name, bytes->name);
  if (gen_dares(g)) expr(g, g->of_int, 2);
  else expr(g, g->of_int, 2), say(g, " & 255");
  say(g, stores ? " }" : ") }");
}

/* Changes what a variable refers to. */
static void change(Gen *g) {
  const Var *found = NULL;
  unsigned n = 0;
  for (const Var *var = g->vars; var < g->vars + g->nvars; var++) {
    Kind kind = var->type->kind;
    bool fits = kind == K_LIST || kind == K_MAP || kind == K_CLASS || kind == K_BOX || kind == K_BYTES || kind == K_SET;
    if (fits && var_is_visible(g, var) && one_in(g, ++n)) found = var;
  }
  if (!found) return assign(g);
  Var var = *found;
  switch (var.type->kind) {
    case K_LIST: list_change(g, &var); return;
    case K_MAP: map_change(g, &var); return;
    case K_CLASS: assign_field(g, &var); return;
    case K_BYTES: bytes_change(g, &var); return;
    case K_SET: sayf(g, "%s.%s(", var.name, var.is_locked ? "contains" : one_in(g, 3) ? "remove" : "add"), expr(g, var.type->args[0], 2), say(g, ")"); return;
    default: sayf(g, "%s.item = ", var.name), expr_stored(g, var.type->args[0], 2); return;
  }
}

static bool leave(Gen *g);

/* `let` with a pattern, and `let ... else`, which leaves. */
static void take_apart(Gen *g) {
  const Type *a = type_random(g, 1), *b = type_random(g, 1);
  const Type *pair = type_of(g, K_TUPLE, 0, 2, (const Type *const[]){a, b});
  if (pair->kind != K_TUPLE) return note(g);
  sayf(g, "let (v%u, v%u) = ", g->fresh + 1, g->fresh + 2);
  unsigned first = g->fresh;
  g->fresh += 2;
  atom(g, pair, 2);
  for (unsigned i = 1; i <= 2; i++) {
    Var *var = var_new(g, i == 1 ? a : b);
    snprintf(var->name, sizeof var->name, "v%u", first + i);
  }
}

static void let_else(Gen *g) {
  if (!g->place.may_return && !g->place.loops) return note(g);
  const Type *type = type_random(g, 1), *optional = type_with(g, K_OPT, type);
  if (optional->kind != K_OPT) return note(g);
  unsigned name = ++g->fresh;
  sayf(g, "let v%u = ", name);
  atom(g, optional, 2);
  say(g, " else { ");
  leave(g);
  say(g, " }");
  snprintf(var_new(g, type)->name, sizeof g->vars->name, "v%u", name);
}

/* ---- Branches ---- */

static void branch(Gen *g, unsigned depth) {
  say(g, "if ");
  expr(g, g->of_bool, expr_depth(g));
  say(g, " ");
  block(g, 1 + roll(g, 3), depth);
  if (!one_in(g, 2)) return;
  say(g, " else ");
  block(g, 1 + roll(g, 2), depth);
}

/* A `return`, `fail`, `break` or `continue`, if one may stand here. */
static bool leave(Gen *g) {
  Place *place = &g->place;
  bool returns = place->may_return && (!place->loops || one_in(g, 4));
  if (place->is_fallible && returns && one_in(g, 3)) return say(g, "fail \"e{"), small(g, 10, 1), say(g, "}\""), true;
  if (returns) {
    say(g, "return");
    if (place->result != g->of_void) say(g, " "), expr(g, place->result, 1);
    return true;
  }
  if (!place->loops) return false;
  unsigned depth = place->loops - 1, which = one_in(g, 3) ? roll(g, place->loops) : depth;
  unsigned label = place->labels[which & 7];
  bool is_plain = which == depth && one_in(g, 2);
  if (label == 0) return say(g, "break"), true;
  if (is_plain) return say(g, one_in(g, 2) ? "break" : place->labels[depth & 7] ? "continue" : "break"), true;
  sayf(g, "%s l%u", one_in(g, 2) ? "break" : "continue", label);
  return true;
}

static void jump(Gen *g) {
  if (!g->place.may_return && !g->place.loops) return note(g);
  say(g, "if ");
  unsigned rest = roll(g, 4);
  if (one_in(g, 2)) say(g, "("), expr(g, g->of_int, 2), sayf(g, " & %u) == %u && ", one_in(g, 2) ? 15 : 3, rest);
  expr(g, g->of_bool, 2);
  say(g, " { ");
  leave(g);
  say(g, " }");
}

static void arm_end(Gen *g, unsigned nvars, unsigned depth) {
  say(g, " => ");
  block(g, 1 + roll(g, 2), depth);
  g->nvars = nvars;
}

static void match_enum(Gen *g, const Var *var, unsigned depth) {
  const EnumDecl *decl = &g->enums[var->type->decl];
  unsigned nvars = g->nvars;
  sayf(g, "match %s {", var->name);
  g->indent++;
  for (unsigned i = 0; i < decl->ncases; i++) {
    line(g);
    sayf(g, ".k%u", i);
    for (unsigned k = 0; k < decl->cases[i].n; k++) {
      const Type *type = decl->cases[i].types[k]; /* a name for an optional would not match nil */
      sayf(g, "%s%s", k ? ", " : "(", type->kind == K_OPT ? "_" : var_new(g, type)->name);
    }
    if (decl->cases[i].n) say(g, ")");
    arm_end(g, nvars, depth);
  }
  g->indent--;
  line(g);
  say(g, "}");
}

static void match_trait(Gen *g, const Var *var, unsigned depth) {
  unsigned nvars = g->nvars, trait = var->type->decl;
  sayf(g, "match %s {", var->name);
  g->indent++;
  for (unsigned i = 0; i < g->nclasses; i++) {
    if (!(g->classes[i].traits >> trait & 1)) continue;
    line(g);
    if (one_in(g, 2)) sayf(g, "is C%u", i);
    else sayf(g, "%s: C%u", var_new(g, type_of(g, K_CLASS, i, 0, NULL))->name, i);
    arm_end(g, nvars, depth);
  }
  line(g);
  sayf(g, "%s: int", var_new(g, g->of_int)->name);
  arm_end(g, nvars, depth);
  line(g);
  say(g, "_");
  arm_end(g, nvars, depth);
  g->indent--;
  line(g);
  say(g, "}");
}

static void match_variable(Gen *g, unsigned depth) {
  const Var *found = NULL;
  unsigned n = 0;
  for (const Var *var = g->vars; var < g->vars + g->nvars; var++)
    if ((var->type->kind == K_ENUM || var->type->kind == K_TRAIT) && var_is_visible(g, var) && one_in(g, ++n)) found = var;
  if (!found) return branch(g, depth);
  Var var = *found;
  if (var.type->kind == K_ENUM) match_enum(g, &var, depth);
  else match_trait(g, &var, depth);
}

/* ---- Others ---- */

static void defer(Gen *g, unsigned depth) {
  Place place = g->place;
  g->place = (Place){.result = g->of_void, .is_method = place.is_method, .in_defer = true};
  say(g, "defer ");
  if (one_in(g, 2)) say(g, "mix("), expr(g, g->of_int, 2), say(g, ")");
  else block(g, 1 + roll(g, 2), depth);
  g->place = place;
}

/* With a value, which is the block's where this is the last statement of a closure. */
static void catch_write(Gen *g, const Type *result) {
  say(g, " catch e { mix(e.message().len())");
  if (result != g->of_void) say(g, "; "), atom(g, result, 0);
  say(g, " }");
}

static void call_statement(Gen *g) {
  if (!g->nfunctions || g->no_dispatch) return note(g);
  unsigned which = roll(g, g->nfunctions);
  const Function *f = &g->functions[which];
  if (!f->is_ready || g->times * f->cost > COST_MAX) return note(g);
  if (f->is_fallible && g->place.is_fallible && one_in(g, 2)) say(g, "try ");
  else if (f->is_fallible) return call_write(g, which, 2), catch_write(g, f->result);
  else if (one_in(g, 5)) say(g, "spawn ");
  call_write(g, which, 2);
}

/* A task that sends, and a loop that receives. */
static void channel(Gen *g, unsigned depth) {
  const Type *type = type_random(g, 1);
  unsigned name = ++g->fresh, sent = 1 + roll(g, 6), nvars = g->nvars;
  Place place = g->place;
  int64_t times = g->times;
  g->place = (Place){.result = g->of_void, .is_method = place.is_method};
  g->times *= sent;
  sayf(g, "let c%u = Channel<%s>(%u)", name, type->name, roll(g, 4));
  line(g);
  sayf(g, "let t%u = spawn (|| { for v%u in 0..%u { c%u.send(", name, g->fresh + 1, sent, name);
  var_new(g, g->of_int)->bits = 3;
  expr(g, type, 2);
  g->nvars = nvars;
  sayf(g, ") }; c%u.close() })()", name);
  line(g);
  g->place = place;
  g->place.labels[g->place.loops++ & 7] = 0;
  sayf(g, "for %s in c%u ", var_new(g, type)->name, name);
  block(g, 1 + roll(g, 2), depth);
  g->nvars = nvars;
  g->place = place;
  g->times = times;
}

static void do_form(Gen *g, unsigned depth) {
  bool dares = gen_dares(g), may_loop = depth > 0 && g->times < LOOPS_MOST && g->place.loops < 7;
  const struct Do *found = NULL;
  unsigned total = 0;
  for (unsigned i = 0; i < NDOS; i++) {
    const struct Do *row = &dos[i];
    bool is_block = strstr(row->text, "${") != NULL;
    if ((row->flags & LOOPS && !may_loop) || (is_block && depth == 0) || (row->flags & RISKY) != (dares ? RISKY : 0)) continue;
    total += row->weight;
    if (roll(g, total) < row->weight) found = row;
  }
  if (!found) return note(g);
  int64_t times = g->times;
  unsigned loops = g->place.loops;
  if (found->flags & LOOPS) {
    g->times *= LOOP_TIMES;
    g->place.labels[g->place.loops++ & 7] = 0;
  }
  form(g, found->text, g->of_int, depth);
  g->times = times;
  g->place.loops = loops;
}

static void statement(Gen *g, unsigned depth, unsigned scope) {
  g->cost += g->times;
  unsigned which = roll(g, depth ? 24 : 14);
  switch (which) {
    case 0: case 1: case 2: case 3: declare(g, scope); return;
    case 4: case 5: assign(g); return;
    case 6: case 7: change(g); return;
    case 8: case 9: count(g); return;
    case 10: jump(g); return;
    case 11: call_statement(g); return;
    case 12: note(g); return;
    case 13: one_in(g, 2) ? take_apart(g) : let_else(g); return;
    case 14: case 15: branch(g, depth - 1); return;
    case 16: match_variable(g, depth - 1); return;
    case 17: one_in(g, 3) ? defer(g, depth - 1) : note(g); return;
    case 18: one_in(g, 3) && g->times < 20 ? channel(g, depth - 1) : note(g); return;
    case 19: case 20: do_form(g, depth - 1); return;
    default: statement_loop(g, depth - 1); return;
  }
}

void statements(Gen *g, unsigned n, unsigned depth) {
  unsigned scope = g->nvars;
  for (unsigned i = 0; i < n; i++) {
    line(g);
    statement(g, depth, scope);
  }
}
