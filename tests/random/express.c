/* express.c - expressions of a wanted type. Interface: gen.h.
 *
 * expr writes an expression for a place where its type is expected, so that `nil`, `[]` and closures may stand there; atom one that has exactly that type
 * wherever it stands. Either is what a variable leads to (path), a row of forms.def, a call, or a value written out (literal); leaf is the shortest one.
 */
#include <stdarg.h>
#include <string.h>

#include "tests/random/gen.h"

enum { RISKY = 1, LOOPS = 2, LOOPS_MOST = 300, NESTED_TEXTS = 2, CLOSURE_TIMES = 4, FORM_VARS = 4, CALL_GUESS = 30 };

#define K_KINDS KINDS
static const struct Form { uint8_t kind, weight, flags; const char *text; } forms[] = {
#define FORM(kind, weight, flags, text) {kind, weight, flags, text},
#include "tests/random/forms.def"
};
enum { NFORMS = sizeof forms / sizeof *forms };

void say(Gen *g, const char *text) { fputs(text, g->out); }

void sayf(Gen *g, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(g->out, format, args);
  va_end(args);
}

bool gen_dares(Gen *g) { return g->risk && one_in(g, g->risk); }

/* ---- Variables ---- */

Var *var_new(Gen *g, const Type *type) {
  if (g->nvars == VARS_MAX) g->nvars--;
  Var *var = &g->vars[g->nvars++];
  *var = (Var){.type = type, .bits = 64};
  snprintf(var->name, sizeof var->name, "v%u", ++g->fresh);
  return var;
}

/* An inner variable may have an outer one's name. */
bool var_is_visible(const Gen *g, const Var *var) {
  for (const Var *later = var + 1; later < g->vars + g->nvars; later++)
    if (strcmp(later->name, var->name) == 0) return false;
  return true;
}

const Var *var_pick(Gen *g, const Type *type, bool is_mutable) {
  const Var *found = NULL;
  unsigned count = 0;
  for (const Var *var = g->vars; var < g->vars + g->nvars; var++) {
    bool fits = type == NULL || var->type == type;
    if (is_mutable) fits &= var->is_mutable && !var->is_locked && var->bits == 64;
    if (fits && var_is_visible(g, var) && one_in(g, ++count)) found = var;
  }
  return found;
}

/* ---- Small ints ---- */

static bool small_var(Gen *g, unsigned bits) {
  const Var *found = NULL;
  unsigned count = 0;
  for (const Var *var = g->vars; var < g->vars + g->nvars; var++)
    if (var->type == g->of_int && var->bits <= bits && var_is_visible(g, var) && one_in(g, ++count)) found = var;
  if (found) say(g, found->name);
  return found != NULL;
}

static void small_literal(Gen *g, unsigned bits) {
  int64_t most = (INT64_C(1) << bits) - 1, n = (int64_t)(chance(g) & (uint64_t)most);
  if (bits > 6 && one_in(g, 2)) n &= 63;
  if (one_in(g, 4)) sayf(g, "(-%lld)", (long long)n);
  else sayf(g, "%lld", (long long)n);
}

/* An int within -2**bits..2**bits. */
void small(Gen *g, unsigned bits, unsigned depth) {
  if (bits < 3 || depth == 0 || one_in(g, 8)) {
    if (bits < 3 || !small_var(g, bits)) small_literal(g, bits);
    return;
  }
  static const char *const between[] = {" + ", " - ", " * ", " & ", " | ", " ^ "};
  unsigned which = roll(g, 10);
  if (which < 3 && small_var(g, bits)) return;
  say(g, "(");
  if (which < 8) {
    unsigned op = roll(g, 6), part = op < 2 ? bits - 1 : op == 2 ? bits / 2 : bits - 1;
    small(g, part, depth - 1);
    say(g, between[op]);
    small(g, part, depth - 1);
  } else if (which == 8) {
    small(g, bits, depth - 1);
    say(g, one_in(g, 2) ? " / " : " % ");
    say(g, one_in(g, 3) ? "-" : "");
    sayf(g, "%u", 1 + roll(g, 9));
  } else {
    expr(g, g->of_int, depth - 1);
    sayf(g, " & %lld", (long long)((INT64_C(1) << bits) - 1));
  }
  say(g, ")");
}

/* An int in 0..31. */
static void natural(Gen *g, unsigned depth) {
  if (depth == 0 || one_in(g, 2)) return sayf(g, "%u", roll(g, one_in(g, 3) ? 32 : 6));
  say(g, "(");
  expr(g, g->of_int, depth - 1);
  sayf(g, " & %u)", one_in(g, 2) ? 31 : 7);
}

/* ---- Literals ---- */

static void int_literal(Gen *g) {
  static const char *const edges[] = {"0", "1", "(-1)", "2", "63", "64", "9223372036854775807", "(-9223372036854775807 - 1)", "0x8000000000000000", "(-9223372036854775807)", "4294967296", "2147483647",
                                      "(-2147483648)", "9007199254740993", "255", "(-256)", "0x5555555555555555", "0b1011", "1_000_000", "65535", "(1 << 62)", "(-1 >>> 1)"};
  if (one_in(g, 3)) return say(g, edges[roll(g, sizeof edges / sizeof *edges)]);
  small_literal(g, one_in(g, 4) ? 1 + roll(g, 62) : 5);
}

static void float_literal(Gen *g) {
  static const char *const edges[] = {"0.0", "(-0.0)", "1.0", "(-1.5)", "0.1", "1e308", "5e-324", "2.2250738585072014e-308", "(0.0 / 0.0)", "(1.0 / 0.0)", "(-1.0 / 0.0)", "9223372036854775808.0",
                                      "(-9223372036854775808.0)", "9007199254740993.0", "0.5", "2.5", "1e-9", "3.0", "1e22", "math.pi", "4503599627370495.5"};
  unsigned whole = roll(g, 100), part = roll(g, 1000);
  if (one_in(g, 2)) say(g, edges[roll(g, sizeof edges / sizeof *edges)]);
  else sayf(g, "%u.%u", whole, part);
}

static void string_literal(Gen *g) {
  static const char *const texts[] = {"\"\"", "\"a\"", "\"b\"", "\"ab\"", "\"abc\"", "\"é\"", "\"日本\"", "\"x\\u{1F600}y\"", "\"12\"", "\"-7\"", "\"a,b,,c\"", "\" pad \"", "\"zz\"", "r\"\\d{}\"", "\"{{}}\"", "\"\\n\""};
  say(g, texts[roll(g, sizeof texts / sizeof *texts)]);
}

static void char_literal(Gen *g) {
  static const char *const chars[] = {"'a'", "'z'", "'0'", "' '", "'é'", "'\\u{1F600}'", "'\\n'", "'Q'", "'\\u{10FFFF}'", "'ß'"};
  say(g, chars[roll(g, sizeof chars / sizeof *chars)]);
}

static void parts(Gen *g, const Type *const *types, unsigned n, unsigned depth) {
  for (unsigned i = 0; i < n; i++) {
    if (i) say(g, ", ");
    expr(g, types[i], depth);
  }
}

static void class_literal(Gen *g, const Type *type, unsigned depth) {
  const Fields *fields = &g->classes[type->decl].fields;
  bool with_labels = one_in(g, 3);
  sayf(g, "%s(", type->name);
  for (unsigned i = 0; i < fields->n; i++) {
    if (i) say(g, ", ");
    if (with_labels) sayf(g, "f%u: ", i);
    expr(g, fields->types[i], depth);
  }
  say(g, ")");
}

/* Case 0 has no payload. */
static void enum_literal(Gen *g, const Type *type, unsigned depth) {
  const EnumDecl *decl = &g->enums[type->decl];
  unsigned which = depth ? roll(g, decl->ncases) : 0;
  sayf(g, "%s.k%u", type->name, which);
  if (!decl->cases[which].n) return;
  say(g, "(");
  parts(g, decl->cases[which].types, decl->cases[which].n, depth - 1);
  say(g, ")");
}

/* Functions written before that have this type and are not too slow to be called from anywhere. */
static bool function_value(Gen *g, const Type *type) {
  if (g->no_dispatch) return false;
  for (unsigned i = 0; i < g->nfunctions; i++) {
    const Function *f = &g->functions[i];
    bool fits = f->is_ready && !f->is_fallible && f->cost < 100 && f->nparams + 1 == type->n && type->args[type->n - 1] == f->result && one_in(g, 2);
    for (unsigned k = 0; fits && k < f->nparams; k++) fits = f->params[k] == type->args[k];
    if (fits) return sayf(g, "f%u", i), true;
  }
  return false;
}

static void closure_body(Gen *g, const Type *result, unsigned depth) {
  if (result != g->of_void && (depth < 2 || one_in(g, 2))) return expr(g, result, depth ? depth - 1 : 0);
  say(g, "{");
  g->indent++;
  if (depth) statements(g, 1 + roll(g, 2), depth - 1);
  if (result != g->of_void) line(g), expr(g, result, depth ? depth - 1 : 0);
  g->indent--;
  line(g);
  say(g, "}");
}

void closure(Gen *g, const Type *type, unsigned depth) {
  if (function_value(g, type)) return;
  Place place = g->place;
  unsigned nvars = g->nvars, nparams = type->n - 1;
  int64_t times = g->times;
  g->place = (Place){.result = type->args[nparams], .is_method = place.is_method, .may_return = true};
  g->times *= CLOSURE_TIMES;
  Var bound[TYPE_ARGS];
  say(g, nparams ? "|" : "||");
  for (unsigned i = 0; i < nparams; i++) {
    bound[i] = *var_new(g, type->args[i]);
    g->nvars--;
    sayf(g, one_in(g, 4) ? "%s%s: %s" : "%s%s", i ? ", " : "", bound[i].name, type->args[i]->name);
  }
  say(g, nparams ? "| " : " ");
  for (unsigned i = 0; i < nparams; i++) *var_new(g, type->args[i]) = bound[i];
  closure_body(g, type->args[nparams], depth);
  g->nvars = nvars;
  g->times = times;
  g->place = place;
}

static void collection_literal(Gen *g, const Type *type, unsigned depth) {
  say(g, type->kind == K_SET ? "Set([" : "[");
  for (unsigned i = depth ? roll(g, 4) : 0; i > 0; i--) {
    expr(g, type->args[0], depth - 1);
    if (i > 1) say(g, ", ");
  }
  say(g, type->kind == K_SET ? "])" : "]");
}

static void literal(Gen *g, const Type *type, unsigned depth) {
  unsigned inner = depth ? depth - 1 : 0;
  switch (type->kind) {
    case K_INT: int_literal(g); return;
    case K_FLOAT: float_literal(g); return;
    case K_BOOL: say(g, one_in(g, 2) ? "true" : "false"); return;
    case K_CHAR: char_literal(g); return;
    case K_STRING: string_literal(g); return;
    case K_BYTES: sayf(g, "bytes(%u)", roll(g, 5)); return;
    case K_LIST: case K_SET: collection_literal(g, type, depth); return;
    case K_MAP:
      if (depth == 0) return say(g, "[:]");
      say(g, "["), expr(g, type->args[0], inner), say(g, ": "), expr(g, type->args[1], inner), say(g, "]");
      return;
    case K_TUPLE: say(g, "("), parts(g, type->args, type->n, inner), say(g, ")"); return;
    case K_OPT:
      if (depth == 0 || type->args[0]->kind == K_FN) say(g, "nil");
      else expr(g, type->args[0], inner);
      return;
    case K_FN: closure(g, type, depth); return;
    case K_CLASS: class_literal(g, type, inner); return;
    case K_BOX: sayf(g, "%s(", type->name), expr(g, type->args[0], inner), say(g, ")"); return;
    case K_ENUM: enum_literal(g, type, depth); return;
    case K_TRAIT: atom(g, depth ? type_implementing(g, type->decl) : g->of_int, inner); return;
    case K_PARAM: say(g, "p0"); return; /* a generic function's first parameter */
    default: say(g, "[]"); return;
  }
}

void leaf(Gen *g, const Type *type) {
  const Var *var = one_in(g, 5) ? NULL : var_pick(g, type, false);
  if (var) say(g, var->name);
  else literal(g, type, 0);
}

/* ---- What a variable leads to ---- */

typedef struct Path { const Var *var; unsigned count, part; char kind; } Path;

static void path_offer(Gen *g, Path *path, const Var *var, char kind, unsigned part) {
  if (one_in(g, ++path->count)) path->var = var, path->kind = kind, path->part = part;
}

static void path_methods(Gen *g, Path *path, const Var *var, const Type *type) {
  if (g->no_dispatch) return;
  for (unsigned t = 0; t < g->ntraits; t++) {
    bool fits = var->type->kind == K_TRAIT ? var->type->decl == t : type_implements(g, var->type, t);
    if (var->type->kind == K_PARAM) fits = g->bound == 'T' && t == 0;
    for (unsigned m = 0; fits && m < g->traits[t].nmethods; m++)
      if (g->traits[t].methods[m].result == type && g->times < LOOPS_MOST) path_offer(g, path, var, 'm', t * 4 + m);
  }
}

static void path_from(Gen *g, Path *path, const Var *var, const Type *type) {
  const Type *from = var->type;
  path_methods(g, path, var, type);
  switch (from->kind) {
    case K_TUPLE:
      for (unsigned i = 0; i < from->n; i++)
        if (from->args[i] == type) path_offer(g, path, var, 't', i);
      return;
    case K_CLASS:
      for (unsigned i = 0; i < g->classes[from->decl].fields.n; i++)
        if (g->classes[from->decl].fields.types[i] == type) path_offer(g, path, var, 'f', i), path_offer(g, path, var, 'f', i);
      return;
    case K_LIST: if (from->args[0] == type) path_offer(g, path, var, 'l', 0); return;
    case K_MAP: if (from->args[1] == type) path_offer(g, path, var, 'k', 0); return;
    case K_OPT: if (from->args[0] == type) path_offer(g, path, var, 'o', 0); return;
    case K_BOX: if (from->args[0] == type) path_offer(g, path, var, 'b', 0); return;
    case K_FN: if (from->args[from->n - 1] == type && g->times < LOOPS_MOST) path_offer(g, path, var, 'c', 0); return;
    default: return;
  }
}

/* A loop's variable that goes through the list's indexes. */
const Var *var_indexing(const Gen *g, const char *list) {
  for (const Var *var = g->vars + g->nvars; var-- > g->vars;)
    if (strcmp(var->indexes, list) == 0) return var;
  return NULL;
}

static void path_list(Gen *g, const char *name, const Type *type, unsigned depth) {
  unsigned which = roll(g, 6);
  const Var *index = var_indexing(g, name);
  if (index && var_is_visible(g, index) && which < 4) return sayf(g, "%s[%s]", name, index->name);
  if (which == 0) return sayf(g, "(%s.get(", name), expr(g, g->of_int, depth), say(g, ") ?? "), leaf(g, type), say(g, ")");
  if (which == 1) return sayf(g, "(%s.%s() ?? ", name, one_in(g, 2) ? "first" : "last"), leaf(g, type), say(g, ")");
  if (which < 4 && gen_dares(g)) return sayf(g, "%s[", name), natural(g, depth), say(g, "]");
  sayf(g, "(if %s.len() > 0 { %s[", name, name);
  natural(g, depth);
  sayf(g, " %% %s.len()] } else { ", name);
  leaf(g, type);
  say(g, " })");
}

static void path_call(Gen *g, const Type *const *params, unsigned n, unsigned depth) {
  say(g, "(");
  parts(g, params, n, depth);
  say(g, ")");
}

static void path_write(Gen *g, const Path *path, const Type *type, unsigned depth) {
  const char *name = path->var->name;
  const Type *from = path->var->type;
  switch (path->kind) {
    case 't': sayf(g, "%s.%u", name, path->part); return;
    case 'f': sayf(g, "%s.f%u", name, path->part); return;
    case 'b': sayf(g, "%s.item", name); return;
    case 'l': path_list(g, name, type, depth); return;
    case 'o':
      if (gen_dares(g)) return sayf(g, "%s!", name);
      sayf(g, "(%s ?? ", name), expr(g, type, depth), say(g, ")");
      return;
    case 'k': sayf(g, "(%s[", name), expr(g, from->args[0], depth), say(g, "] ?? "), leaf(g, type), say(g, ")"); return;
    case 'm': {
      unsigned trait = path->part / 4, method = path->part % 4;
      sayf(g, "%s.t%um%u", name, trait, method);
      g->cost += g->times * CALL_GUESS;
      path_call(g, g->traits[trait].methods[method].params, g->traits[trait].methods[method].nparams, depth);
      return;
    }
    default: say(g, name), g->cost += g->times * CALL_GUESS, path_call(g, from->args, from->n - 1, depth); return;
  }
}

static bool path(Gen *g, const Type *type, unsigned depth) {
  Path found = {0};
  for (const Var *var = g->vars; var < g->vars + g->nvars; var++)
    if (var_is_visible(g, var)) path_from(g, &found, var, type);
  const Var *same = var_pick(g, type, false);
  if (same && (!found.var || one_in(g, 2))) return say(g, same->name), true;
  if (!found.var) return false;
  Path chosen = found;
  Var var = *found.var; /* the stack of variables grows meanwhile */
  chosen.var = &var;
  path_write(g, &chosen, type, depth ? depth - 1 : 0);
  return true;
}

/* ---- Calls ---- */

void call_write(Gen *g, unsigned function, unsigned depth) {
  const Function *f = &g->functions[function];
  g->cost += g->times * f->cost;
  sayf(g, "f%u(", function);
  for (unsigned i = 0; i < f->nparams; i++) {
    if (i) say(g, ", ");
    if (f->is_recursive && i == 0) sayf(g, "%u", roll(g, RECURSION));
    else expr(g, f->params[i], depth ? depth - 1 : 0);
  }
  say(g, ")");
}

static bool call_fits(Gen *g, const Function *f, const Type *type) { return f->is_ready && f->result == type && g->times * f->cost < COST_MAX; }

/* A call of a function that may fail, handled. */
static void call_handled(Gen *g, unsigned function, const Type *type, unsigned depth) {
  unsigned which = roll(g, type->kind == K_OPT ? 2 : 3); /* the name in .ok(x) would not match nil */
  if (g->place.is_fallible && which) return say(g, "(try "), call_write(g, function, depth), say(g, ")");
  say(g, which == 2 ? "(match " : "(");
  call_write(g, function, depth);
  if (which == 2) {
    sayf(g, " { .ok(v%u) => v%u; .err(e) => { mix(e.message().len()); ", g->fresh + 1, g->fresh + 1);
    g->fresh++;
  } else {
    say(g, which == 1 ? " catch e { mix(\"{e.message()}\".hash()); " : " catch ");
  }
  leaf(g, type);
  say(g, which == 2 ? " } })" : which == 1 ? " })" : ")");
}

static bool call(Gen *g, const Type *type, unsigned depth) {
  unsigned found = FUNCTIONS_MAX, count = 0;
  if (g->no_dispatch) return false;
  for (unsigned i = 0; i < g->nfunctions; i++)
    if (call_fits(g, &g->functions[i], type) && one_in(g, ++count)) found = i;
  if (!count) return false;
  if (g->functions[found].is_fallible) call_handled(g, found, type, depth);
  else call_write(g, found, depth);
  return true;
}

/* A generic function: all have parameters p0: T, p1: [T], p2: int; by shape the result is T, [T], int, T? or (T, int). */
static bool call_generic(Gen *g, const Type *type, unsigned depth) {
  if (!g->ngenerics || g->no_dispatch) return false;
  unsigned which = roll(g, g->ngenerics), shape = g->generics[which].shape;
  char bound = g->generics[which].bound;
  if (!g->generics[which].is_ready || g->times * g->generics[which].cost > COST_MAX) return false;
  const Type *arg = shape == 0 ? type : shape == 1 && type->kind == K_LIST ? type->args[0] : shape == 3 && type->kind == K_OPT ? type->args[0] : NULL;
  if (shape == 2 && type == g->of_int) arg = g->param ? g->of_int : type_bounded(g, bound);
  if (shape == 4 && type->kind == K_TUPLE && type->n == 2 && type->args[1] == g->of_int) arg = type->args[0];
  if (!arg || arg->has_param) return false;
  bool is_ordered = arg->kind <= K_STRING || (arg->kind == K_LIST && arg->args[0]->kind <= K_STRING);
  if (bound == 'O' ? !is_ordered : bound == 'H' ? !arg->is_key : bound == 'T' ? !type_implements(g, arg, 0) : false) return false;
  g->cost += g->times * g->generics[which].cost;
  sayf(g, "g%u<%s>(", which, arg->name);
  expr(g, arg, depth - 1);
  say(g, ", ");
  expr(g, type_with(g, K_LIST, arg), depth - 1);
  sayf(g, ", %u)", roll(g, 9));
  return true;
}

/* ---- Forms ---- */

typedef struct Filling {
  const Type *target, *chosen;
  Var pending[FORM_VARS];
  unsigned npending, nvars, depth;
} Filling;

static const Type *type_of_letter(Gen *g, Filling *f, char letter) {
  switch (letter) {
    case 'i': return g->of_int;
    case 'f': return g->of_float;
    case 'b': return g->of_bool;
    case 'c': return g->of_char;
    case 's': return g->of_string;
    case 'E': return f->target;
    case '*':
      if (!f->chosen) f->chosen = type_random(g, 1 + roll(g, 2));
      return f->chosen;
    default: return f->target->args[letter - '0'];
  }
}

static void form_var(Gen *g, Filling *f, char letter, bool is_pending) {
  Var *var = var_new(g, type_of_letter(g, f, letter));
  say(g, var->name);
  if (!is_pending || f->npending == FORM_VARS) return;
  f->pending[f->npending++] = *var;
  g->nvars--;
}

static void form_bind(Gen *g, Filling *f) {
  for (unsigned i = 0; i < f->npending; i++) *var_new(g, f->pending[i].type) = f->pending[i];
  f->npending = 0;
}

static void equality(Gen *g, unsigned depth) {
  const Type *type = type_equals(g, 2);
  if (g->param && g->bound == 'O' && one_in(g, 2)) return say(g, "("), expr(g, g->param, depth), say(g, one_in(g, 2) ? " < " : " >= "), expr(g, g->param, depth), say(g, ")");
  say(g, "(");
  atom(g, type, depth);
  say(g, one_in(g, 3) ? " != " : " == ");
  expr(g, type, depth);
  say(g, ")");
}

/* Writes what the letters at `at` stand for; answers how many they are. */
static unsigned form_letter(Gen *g, Filling *f, const char *at) {
  unsigned depth = f->depth;
  switch (*at) {
    case 'n': natural(g, depth); return 1;
    case 'm': small(g, 20, depth); return 1;
    case 'w': small(g, 40, depth); return 1;
    case 'z': small(g, 61, depth); return 1;
    case 'r': sayf(g, "%u", 1 + roll(g, 9)); return 1;
    case 'y': atom(g, g->of_bytes, depth); return 1;
    case 'X': atom(g, type_random(g, 2), depth); return 1;
    case '=': equality(g, depth); return 1;
    case 't': say(g, f->target->name); return 1;
    case 'T': say(g, f->target->args[0]->name); return 1;
    case 'A': atom(g, f->target, depth); return 1;
    case 'O': atom(g, type_with(g, K_OPT, f->target), depth); return 1;
    case 'L': atom(g, type_with(g, K_LIST, f->target), depth); return 1;
    case '[': atom(g, type_with(g, K_LIST, type_of_letter(g, f, at[1])), depth); return 3;
    case '+': form_var(g, f, at[1], false); return 2;
    case '<': form_var(g, f, at[1], true); return 2;
    case '>': form_bind(g, f); return 1;
    case '-': g->nvars = f->nvars; return 1;
    case '{':
      form_bind(g, f);
      block_void(g, 1 + roll(g, 3), depth);
      g->nvars = f->nvars;
      return 1;
    default: expr(g, type_of_letter(g, f, *at), depth); return 1;
  }
}

static bool closure_begins(const char *text, const char *at) {
  return *at == '|' && at > text && strchr("(, ", at[-1]) && (strncmp(at, "|$", 2) == 0 || strncmp(at, "|| $", 4) == 0 || strncmp(at, "|(", 2) == 0 || strncmp(at, "|emit", 5) == 0);
}

void form(Gen *g, const char *text, const Type *target, unsigned depth) {
  Filling f = {.target = target, .nvars = g->nvars, .depth = depth ? depth - 1 : 0};
  Place place = g->place;
  int64_t times = g->times;
  bool in_text = strstr(text, "{$") != NULL;
  g->nesting += in_text;
  for (const char *at = text; *at;) {
    if (closure_begins(text, at)) g->place = (Place){.result = g->of_void, .is_method = place.is_method}, g->times = times * CLOSURE_TIMES;
    if (*at != '$') fputc(*at++, g->out);
    else at += 1 + form_letter(g, &f, at + 1);
  }
  g->nesting -= in_text;
  g->nvars = f.nvars;
  g->times = times;
  g->place = place;
}

static bool form_fits(Gen *g, const struct Form *row, const Type *type) {
  if (row->kind != KINDS && row->kind != type->kind) return false;
  if (row->flags & LOOPS && g->times > LOOPS_MOST) return false;
  if (strstr(row->text, "{$") && g->nesting >= NESTED_TEXTS) return false;
  return !(row->flags & RISKY) || g->risk;
}

static bool form_any(Gen *g, const Type *type, unsigned depth) {
  bool dares = gen_dares(g);
  unsigned total = 0;
  const struct Form *found = NULL;
  for (unsigned i = 0; i < NFORMS; i++) {
    const struct Form *row = &forms[i];
    if (!form_fits(g, row, type) || (row->flags & RISKY) != (dares ? RISKY : 0)) continue;
    total += row->weight;
    if (roll(g, total) < row->weight) found = row;
  }
  if (!found) return false;
  if (found->flags & LOOPS) g->cost += g->times * CALL_GUESS;
  form(g, found->text, type, depth);
  return true;
}

void expr(Gen *g, const Type *type, unsigned depth) {
  g->cost += g->times;
  if (depth == 0) return leaf(g, type);
  unsigned which = roll(g, 12);
  if (which < 4 && path(g, type, depth)) return;
  if (which == 4 && call(g, type, depth)) return;
  if (which == 5 && call_generic(g, type, depth)) return;
  if (which < 11 && form_any(g, type, depth)) return;
  literal(g, type, depth);
}

void expr_stored(Gen *g, const Type *type, unsigned depth) {
  bool is_cut = type == g->of_string, is_taken = type->kind == K_LIST;
  if (is_cut) say(g, "cut(");
  if (is_taken) return atom(g, type, depth), say(g, ".take(12)");
  expr(g, type, depth);
  if (is_cut) say(g, ")");
}

void atom(Gen *g, const Type *type, unsigned depth) {
  const Var *var = var_pick(g, type, false);
  if (var && !one_in(g, 4)) return say(g, var->name);
  bool is_clear = type->kind <= K_BYTES || type->kind == K_CLASS || type->kind == K_BOX;
  if (!is_clear) sayf(g, "same<%s>(", type->name);
  expr(g, type, depth);
  if (!is_clear) say(g, ")");
}
