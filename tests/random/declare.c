/* declare.c - types, functions and whole programs. Interface: generate.h.
 *
 * A program is what all programs have (common), enums, traits and classes, global variables, functions, each of which calls those before it, generic
 * functions, and statements at the top level, some of them in `main`. It ends by printing what it has mixed and its global variables.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/random/gen.h"
#include "tests/random/generate.h"

enum { BODY_DEPTH = 3, RECURSIVE_CALLS = 2 };

/* What forms.def counts on. */
static const char common[] =
    "import math\n"
    "\n"
    "var digest = 17\n"
    "fn mix(x: int) { digest = digest *% 31 +% (x ^ x >>> 29) }\n"
    "fn cut(s: string) -> string => if s.len() > 40 { \"~{s.len()}\" } else { s }\n"
    "fn same<T>(x: T) -> T => x\n"
    "fn pick<T>(first: bool, a: T, b: T) -> T => if first { a } else { b }\n"
    "fn apply<T>(n: int, x: T, f: fn(T) -> T) -> T {\n"
    "  var result = x\n"
    "  for _ in 0..n { result = f(result) }\n"
    "  result\n"
    "}\n"
    "fn deep(n: int) -> int => if n == 0 { 0 } else { 1 +% deep(n - 1) }\n"
    "fn early() -> int => late\n"
    "fn deal(n: int) -> Iterator<int> => generate(|emit| {\n"
    "  for i in 0..(n & 3) {\n"
    "    emit(i)\n"
    "    for x in deal(n & 3 >> 1) { emit(x +% n) }\n"
    "  }\n"
    "})\n"
    "class Box<T> {\n"
    "  var item: T\n"
    "  fn swap(self, x: T) -> T {\n"
    "    let old = self.item\n"
    "    self.item = x\n"
    "    old\n"
    "  }\n"
    "  fn change(self, f: fn(T) -> T) -> T {\n"
    "    self.item = f(self.item)\n"
    "    self.item\n"
    "  }\n"
    "}\n"
    "class Count: Iterator<int> {\n"
    "  to: int\n"
    "  var at: int = 0\n"
    "  fn iter(self) -> Iterator<int> => self\n"
    "  fn next(self) -> int? {\n"
    "    if self.at >= self.to { return nil }\n"
    "    self.at += 1\n"
    "    self.at\n"
    "  }\n"
    "}\n"
    "class V: Add, Sub, Mul<int, V>, Neg, Index<int, int>, Ord {\n"
    "  x: int\n"
    "  y: int\n"
    "  fn add(self, other: V) -> V => V(self.x +% other.x, self.y +% other.y)\n"
    "  fn sub(self, other: V) -> V => V(self.x -% other.x, self.y -% other.y)\n"
    "  fn mul(self, by: int) -> V => V(self.x *% by, self.y *% by)\n"
    "  fn neg(self) -> V => V(0 -% self.x, 0 -% self.y)\n"
    "  fn index(self, at: int) -> int => if at == 0 { self.x } else { self.y }\n"
    "  fn eq(self, other: V) -> bool => self.x == other.x && self.y == other.y\n"
    "  fn cmp(self, other: V) -> int => self.x.cmp(other.x)\n"
    "}\n"
    "class P: Eq, Hash {\n"
    "  n: int\n"
    "  fn eq(self, other: P) -> bool => self.n == other.n\n"
    "  fn hash(self) -> int => self.n & 1\n"
    "}\n"
    "fn odd(n: int) -> int! {\n"
    "  if n & 1 == 1 { fail \"odd {n}\" }\n"
    "  n >> 1\n"
    "}\n"
    "fn less<T: Ord>(a: T, b: T) -> bool => a < b || !(b <= a) && a >= b\n"
    "let mail = Channel<int>(4)\n"
    "mail.send(3)\n"
    "mail.send(-9)\n";

/* ---- Types ---- */

static void enums_roll(Gen *g) {
  unsigned count = roll(g, ENUMS_MAX + 1);
  for (unsigned i = 0; i < count; i++) {
    EnumDecl *decl = &g->enums[i];
    decl->ncases = 2 + roll(g, 3);
    decl->is_key = true;
    decl->traits = roll(g, 8);
    for (unsigned k = 1; k < decl->ncases; k++) {
      Fields *fields = &decl->cases[k];
      fields->n = roll(g, 4);
      for (unsigned f = 0; f < fields->n; f++) {
        bool is_self = i == g->nenums && one_in(g, 6);
        fields->types[f] = is_self ? NULL : type_equals(g, 1);
        decl->is_key &= is_self || fields->types[f]->is_key;
      }
    }
    g->nenums = i + 1;
    const Type *self = type_of(g, K_ENUM, i, 0, NULL);
    for (unsigned k = 1; k < decl->ncases; k++)
      for (unsigned f = 0; f < decl->cases[k].n; f++)
        if (!decl->cases[k].types[f]) decl->cases[k].types[f] = self;
  }
}

static void enums_write(Gen *g) {
  for (unsigned i = 0; i < g->nenums; i++) {
    sayf(g, "enum E%u {\n", i);
    for (unsigned k = 0; k < g->enums[i].ncases; k++) {
      const Fields *fields = &g->enums[i].cases[k];
      sayf(g, "  k%u", k);
      for (unsigned f = 0; f < fields->n; f++) sayf(g, "%s%s", f ? ", " : "(", fields->types[f]->name);
      say(g, fields->n ? ")\n" : "\n");
    }
    say(g, "}\n");
  }
}

static void traits_roll(Gen *g) {
  unsigned count = roll(g, TRAITS_MAX + 1);
  for (unsigned t = 0; t < count; t++) {
    TraitDecl *decl = &g->traits[t];
    decl->nmethods = 1 + roll(g, 3);
    decl->on[0] = true;
    for (unsigned i = 1; i < 4; i++) decl->on[i] = one_in(g, 2);
    for (unsigned m = 0; m < decl->nmethods; m++) {
      decl->methods[m].nparams = roll(g, 3);
      decl->methods[m].has_body = m > 0 && one_in(g, 2);
      for (unsigned p = 0; p < decl->methods[m].nparams; p++) decl->methods[m].params[p] = type_random(g, 1);
      decl->methods[m].result = type_random(g, 1);
    }
  }
  g->ntraits = count;
}

static void classes_roll(Gen *g) {
  unsigned count = roll(g, CLASSES_MAX + 1);
  for (unsigned c = 0; c < count; c++) {
    ClassDecl *decl = &g->classes[c];
    decl->fields.n = 1 + roll(g, 5);
    decl->traits = roll(g, 8) & ((1u << g->ntraits) - 1);
    decl->is_key = one_in(g, 4);
    for (unsigned f = 0; f < decl->fields.n; f++) {
      decl->fields.types[f] = decl->is_key ? type_key(g, 0) : type_random(g, 2);
      decl->fields.is_var[f] = !decl->is_key && one_in(g, 2);
    }
    g->nclasses = c + 1;
    const Type *self = type_of(g, K_CLASS, c, 0, NULL);
    if (!decl->is_key && one_in(g, 2)) {
      decl->fields.types[0] = type_with(g, one_in(g, 3) ? K_LIST : K_OPT, self);
      decl->fields.is_var[0] = true;
    }
  }
}

/* ---- Functions ---- */

static void place_begin(Gen *g, const Type *result, bool is_fallible) {
  g->place = (Place){.result = result, .is_fallible = is_fallible, .may_return = true};
  g->times = 1;
  g->cost = 1;
}

/* `=> value` or a block, whose value is the result. */
static void body(Gen *g, unsigned count) {
  const Type *result = g->place.result;
  say(g, " {");
  g->indent++;
  if (count) statements(g, count, BODY_DEPTH);
  if (result != g->of_void) line(g), expr(g, result, 3);
  g->indent--;
  line(g);
  say(g, "}\n");
}

/* Methods of trait `t` for a type whose `self` is the first variable: all without a body of their own, and some others. */
/* A method's head, and the place of its body. */
static void method_begin(Gen *g, unsigned t, unsigned m) {
  const TraitDecl *decl = &g->traits[t];
  sayf(g, "  fn t%um%u(self", t, m);
  for (unsigned p = 0; p < decl->methods[m].nparams; p++) {
    const Var *var = var_new(g, decl->methods[m].params[p]);
    sayf(g, ", %s: %s", var->name, var->type->name);
  }
  sayf(g, ") -> %s", decl->methods[m].result->name);
  place_begin(g, decl->methods[m].result, false);
}

static void methods_write(Gen *g, unsigned t, const Type *self) {
  TraitDecl *decl = &g->traits[t];
  for (unsigned m = 0; m < decl->nmethods; m++) {
    if (decl->methods[m].has_body && one_in(g, 2)) continue;
    unsigned nvars = g->nvars;
    snprintf(var_new(g, self)->name, sizeof g->vars->name, "self");
    method_begin(g, t, m);
    g->indent = 1;
    body(g, roll(g, 3));
    g->indent = 0;
    g->nvars = nvars;
  }
}

/* A trait's own bodies see only their parameters. */
static void traits_write(Gen *g) {
  for (unsigned t = 0; t < g->ntraits; t++) {
    TraitDecl *decl = &g->traits[t];
    sayf(g, "trait T%u {\n", t);
    for (unsigned m = 0; m < decl->nmethods; m++) {
      unsigned nvars = g->nvars;
      method_begin(g, t, m);
      g->indent = 1;
      if (decl->methods[m].has_body) body(g, roll(g, 3));
      else say(g, "\n");
      g->indent = 0;
      g->nvars = nvars;
    }
    say(g, "}\n");
  }
}

static void extensions_write(Gen *g) {
  const Type *const on[] = {g->of_int, g->of_string, type_of(g, K_TUPLE, 0, 2, (const Type *const[]){g->of_int, g->of_float}), type_with(g, K_LIST, g->of_int)};
  for (unsigned t = 0; t < g->ntraits; t++)
    for (unsigned i = 0; i < 4 + g->nenums; i++) {
      const Type *self = i < 4 ? on[i] : type_of(g, K_ENUM, i - 4, 0, NULL);
      if (i < 4 ? !g->traits[t].on[i] : !(g->enums[i - 4].traits >> t & 1)) continue;
      sayf(g, "extend %s: T%u {\n", self->name, t);
      methods_write(g, t, self);
      say(g, "}\n");
    }
}

static void key_methods_write(Gen *g, unsigned c) {
  const Fields *fields = &g->classes[c].fields;
  sayf(g, "  fn eq(self, other: C%u) -> bool => true", c);
  for (unsigned f = 0; f < fields->n; f++) sayf(g, " && self.f%u == other.f%u", f, f);
  say(g, "\n  fn hash(self) -> int => 7");
  for (unsigned f = 0; f < fields->n; f++) sayf(g, " +%% self.f%u.hash()", f);
  say(g, "\n");
}

static void classes_write(Gen *g) {
  for (unsigned c = 0; c < g->nclasses; c++) {
    const ClassDecl *decl = &g->classes[c];
    const char *between = ": ";
    sayf(g, "class C%u", c);
    for (unsigned t = 0; t < g->ntraits; t++)
      if (decl->traits >> t & 1) sayf(g, "%sT%u", between, t), between = ", ";
    if (decl->is_key) sayf(g, "%sEq, Hash", between);
    say(g, " {\n");
    for (unsigned f = 0; f < decl->fields.n; f++) sayf(g, "  %sf%u: %s\n", decl->fields.is_var[f] ? "var " : "", f, decl->fields.types[f]->name);
    for (unsigned t = 0; t < g->ntraits; t++)
      if (decl->traits >> t & 1) methods_write(g, t, type_of(g, K_CLASS, c, 0, NULL));
    if (decl->is_key) key_methods_write(g, c);
    say(g, "}\n");
  }
}

static void globals_write(Gen *g) {
  for (unsigned i = 1 + roll(g, 5); i > 0; i--) {
    Var var = *var_new(g, type_random(g, 2));
    g->nvars--;
    var.is_mutable = one_in(g, 2);
    sayf(g, "%s %s: %s = ", var.is_mutable ? "var" : "let", var.name, var.type->name);
    leaf(g, var.type);
    say(g, "\n");
    *var_new(g, var.type) = var;
  }
}

/* Calls of itself, with a counter that goes down to 0. */
static void recursion_write(Gen *g, unsigned which, const char *counter) {
  Function *f = &g->functions[which];
  line(g);
  sayf(g, "if %s <= 0 { return ", counter);
  if (f->result != g->of_void) leaf(g, f->result);
  say(g, " }");
  for (unsigned i = 1 + roll(g, RECURSIVE_CALLS); i > 0; i--) {
    line(g);
    const Type *type = f->result;
    unsigned name = ++g->fresh;
    if (type != g->of_void) sayf(g, "let v%u: %s = ", name, type->name);
    sayf(g, f->is_fallible ? "try f%u(%s - 1" : "f%u(%s - 1", which, counter);
    for (unsigned p = 1; p < f->nparams; p++) say(g, ", "), expr(g, f->params[p], 2);
    say(g, ")");
    if (type != g->of_void) snprintf(var_new(g, type)->name, sizeof g->vars->name, "v%u", name);
    g->cost *= RECURSION;
  }
}

static void function_write(Gen *g, unsigned which) {
  Function *f = &g->functions[which];
  unsigned nvars = g->nvars;
  const char *counter = "";
  f->is_recursive = one_in(g, 4);
  f->is_fallible = one_in(g, 4);
  f->nparams = f->is_recursive ? 1 + roll(g, 3) : roll(g, 4);
  f->result = one_in(g, 8) ? g->of_void : type_random(g, 2);
  sayf(g, "fn f%u(", which);
  for (unsigned p = 0; p < f->nparams; p++) {
    f->params[p] = p == 0 && f->is_recursive ? g->of_int : type_random(g, 2);
    Var *var = var_new(g, f->params[p]);
    if (p == 0 && f->is_recursive) counter = var->name, var->bits = 4;
    sayf(g, "%s%s: %s", p ? ", " : "", var->name, var->type->name);
  }
  sayf(g, f->is_fallible && f->result->kind == K_FN ? ") -> (%s)%s" : ") -> %s%s", f->result->name, f->is_fallible ? "!" : "");
  place_begin(g, f->result, f->is_fallible);
  g->times = f->is_recursive ? RECURSION : 1;
  say(g, " {");
  g->indent = 1;
  if (f->is_recursive) recursion_write(g, which, counter);
  statements(g, 1 + roll(g, g->size), BODY_DEPTH);
  line(g);
  if (f->result == g->of_void) say(g, "mix(1)");
  else expr(g, f->result, 3);
  g->indent = 0;
  say(g, "\n}\n");
  g->nvars = nvars;
  f->cost = g->cost;
  f->is_ready = true;
}

static void generic_write(Gen *g, unsigned which) {
  static const struct { char bound; const char *text; } bounds[] = {{'O', ": Ord"}, {'H', ": Hash"}, {'-', ""}, {'T', ": T0"}};
  unsigned bound = roll(g, g->ntraits ? 4 : 3), shape = roll(g, 5), nvars = g->nvars;
  g->bound = bounds[bound].bound;
  g->param = type_of(g, K_PARAM, (unsigned)g->bound, 0, NULL);
  const Type *list = type_with(g, K_LIST, g->param), *pair = type_of(g, K_TUPLE, 0, 2, (const Type *const[]){g->param, g->of_int});
  const Type *const results[] = {g->param, list, g->of_int, type_with(g, K_OPT, g->param), pair};
  const Type *const params[] = {g->param, list, g->of_int};
  sayf(g, "fn g%u<T%s>(p0: T, p1: [T], p2: int) -> %s", which, bounds[bound].text, results[shape]->name);
  for (unsigned p = 0; p < 3; p++) {
    Var *var = var_new(g, params[p]);
    snprintf(var->name, sizeof var->name, "p%u", p);
    if (p == 2) var->bits = 5;
  }
  place_begin(g, results[shape], false);
  body(g, 1 + roll(g, g->size));
  g->nvars = nvars;
  g->param = NULL;
  g->generics[which].bound = bounds[bound].bound;
  g->generics[which].shape = shape;
  g->generics[which].cost = g->cost;
  g->generics[which].is_ready = true;
}

static void functions_write(Gen *g) {
  unsigned count = 1 + roll(g, g->size < FUNCTIONS_MAX ? g->size : FUNCTIONS_MAX - 1);
  for (unsigned i = 0; i < count; i++) {
    if (one_in(g, 3) && g->ngenerics < GENERICS_MAX) generic_write(g, g->ngenerics), g->ngenerics++;
    function_write(g, i);
    g->nfunctions = i + 1;
  }
}

/* ---- Programs ---- */

static void globals_print(Gen *g, unsigned first, unsigned behind) {
  for (unsigned i = first; i < behind; i++) sayf(g, "print(cut(\"{%s}\"))\n", g->vars[i].name);
}

static void main_write(Gen *g) {
  bool gives_status = one_in(g, 2);
  unsigned nvars = g->nvars;
  say(g, gives_status ? "fn main() -> int" : "fn main() -> void");
  place_begin(g, gives_status ? g->of_int : g->of_void, false);
  body(g, 1 + roll(g, g->size));
  g->nvars = nvars;
}

static void top_level_write(Gen *g) {
  unsigned first = g->nvars;
  place_begin(g, g->of_void, false);
  g->place.may_return = false;
  statements(g, 2 + g->size + roll(g, 2 * g->size), BODY_DEPTH + 1);
  if (one_in(g, 8)) say(g, "\nmix(try odd(digest))");
  say(g, "\nlet late = 5\nprint(\"digest\", digest)\n");
  unsigned behind = g->nvars < first + 5 ? g->nvars : first + 5;
  globals_print(g, first, behind);
}

char *generate_program(uint64_t seed, unsigned size, size_t *length) {
  Gen *g = calloc(1, sizeof *g);
  char *text = NULL;
  if (!g || (g->out = open_memstream(&text, length)) == NULL) abort();
  static const unsigned risks[] = {0, 0, 0, 2000, 1000, 500, 200, 60};
  g->state = seed;
  g->size = size;
  g->risk = risks[roll(g, sizeof risks / sizeof *risks)];
  types_begin(g);
  enums_roll(g);
  traits_roll(g);
  classes_roll(g);
  for (unsigned i = 0; i < g->nenums; i++) g->enums[i].traits &= (1u << g->ntraits) - 1;
  say(g, common);
  enums_write(g);
  globals_write(g);
  g->no_dispatch = true;
  traits_write(g);
  classes_write(g);
  extensions_write(g);
  g->no_dispatch = false;
  unsigned nglobals = g->nvars;
  functions_write(g);
  bool has_main = one_in(g, 4);
  if (has_main) main_write(g);
  top_level_write(g);
  globals_print(g, 0, nglobals);
  fclose(g->out);
  for (unsigned i = 0; i < g->ntypes; i++) free(g->types[i]);
  free(g);
  return text;
}
