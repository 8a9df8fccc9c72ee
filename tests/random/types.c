/* types.c - the generator's types: interning, names, and random ones. Interface: gen.h.
 *
 * A random type with a long name is a scalar instead. A class mentions classes before it, and itself only in optionals and lists,
 * so that a value of every type can be written.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/random/gen.h"

static void name_add(char *name, const char *text) {
  size_t length = strlen(name);
  snprintf(name + length, NAME_MOST - length, "%s", text);
}

static void name_list(char *name, const Type *type, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    if (i) name_add(name, ", ");
    name_add(name, type->args[i]->name);
  }
}

static void name_fn(char *name, const Type *type) {
  name_add(name, "fn(");
  name_list(name, type, type->n - 1);
  name_add(name, ")");
  if (type->args[type->n - 1]->kind == K_VOID) return;
  name_add(name, " -> ");
  name_add(name, type->args[type->n - 1]->name);
}

static void type_name(char *name, const Type *type) {
  static const char *const simple[KINDS] = {[K_INT] = "int", [K_FLOAT] = "float", [K_BOOL] = "bool", [K_CHAR] = "char", [K_STRING] = "string", [K_BYTES] = "bytes", [K_VOID] = "void", [K_PARAM] = "T"};
  static const char *const open[KINDS] = {[K_LIST] = "[", [K_SET] = "Set<", [K_TUPLE] = "(", [K_BOX] = "Box<", [K_ITER] = "Iterator<"};
  static const char *const close[KINDS] = {[K_LIST] = "]", [K_SET] = ">", [K_TUPLE] = ")", [K_BOX] = ">", [K_ITER] = ">"};
  name[0] = 0;
  if (simple[type->kind]) return name_add(name, simple[type->kind]);
  if (type->kind == K_FN) return name_fn(name, type);
  if (type->kind == K_MAP) {
    snprintf(name, NAME_MOST, "[%.300s: %.300s]", type->args[0]->name, type->args[1]->name);
  } else if (type->kind == K_OPT) {
    snprintf(name, NAME_MOST, type->args[0]->kind == K_FN ? "(%.600s)?" : "%.600s?", type->args[0]->name);
  } else if (type->n == 0) {
    snprintf(name, NAME_MOST, "%c%u", type->kind == K_CLASS ? 'C' : type->kind == K_ENUM ? 'E' : 'T', type->decl);
  } else {
    name_add(name, open[type->kind]);
    name_list(name, type, type->n);
    name_add(name, close[type->kind]);
  }
}

static void facts_find(const Gen *g, Type *type) {
  bool all_equal = true, all_keys = true;
  for (unsigned i = 0; i < type->n; i++) {
    const Type *arg = type->args[i];
    all_equal &= arg->equals;
    all_keys &= arg->is_key;
    type->has_param |= arg->has_param;
    if (arg->depth >= type->depth) type->depth = arg->depth + 1;
  }
  Kind kind = type->kind;
  type->has_param |= kind == K_PARAM;
  type->equals = kind <= K_TUPLE || kind == K_OPT ? all_equal : kind == K_CLASS || kind == K_ENUM || kind == K_TRAIT;
  if (kind == K_PARAM) type->equals = g->bound == 'O' || g->bound == 'H';
  type->is_key = kind <= K_STRING || (kind == K_PARAM && g->bound == 'H') || ((kind == K_TUPLE || kind == K_OPT) && all_keys);
  if (kind == K_CLASS) type->is_key = g->classes[type->decl].is_key;
  if (kind == K_ENUM) type->is_key = g->enums[type->decl].is_key;
}

const Type *type_of(Gen *g, Kind kind, unsigned decl, unsigned n, const Type *const *args) {
  for (unsigned i = 0; i < g->ntypes; i++) {
    const Type *t = g->types[i];
    if (t->kind == kind && t->decl == decl && t->n == n && (n == 0 || memcmp(t->args, args, n * sizeof *args) == 0)) return t;
  }
  Type *type = calloc(1, sizeof *type);
  if (!type) abort();
  *type = (Type){.kind = kind, .decl = decl, .n = n};
  if (n) memcpy(type->args, args, n * sizeof *args);
  facts_find(g, type);
  type_name(type->name, type);
  if (g->ntypes == TYPES_MAX || strlen(type->name) + 8 > NAME_MOST / 2) abort(); /* NAME_RANDOM keeps it far from that */
  return g->types[g->ntypes++] = type;
}

const Type *type_with(Gen *g, Kind kind, const Type *arg) { return type_of(g, kind, 0, 1, &arg); }

void types_begin(Gen *g) {
  g->of_int = type_of(g, K_INT, 0, 0, NULL);
  g->of_float = type_of(g, K_FLOAT, 0, 0, NULL);
  g->of_bool = type_of(g, K_BOOL, 0, 0, NULL);
  g->of_char = type_of(g, K_CHAR, 0, 0, NULL);
  g->of_string = type_of(g, K_STRING, 0, 0, NULL);
  g->of_bytes = type_of(g, K_BYTES, 0, 0, NULL);
  g->of_void = type_of(g, K_VOID, 0, 0, NULL);
}

const Type *type_scalar(Gen *g) {
  const Type *const scalars[] = {g->of_int, g->of_int, g->of_int, g->of_float, g->of_float, g->of_bool, g->of_char, g->of_string};
  return scalars[roll(g, sizeof scalars / sizeof *scalars)];
}

static const Type *several(Gen *g, Kind kind, unsigned n, unsigned depth) {
  const Type *args[TYPE_ARGS];
  for (unsigned i = 0; i < n; i++) args[i] = type_random(g, depth);
  return type_of(g, kind, 0, n, args);
}

static const Type *fn_random(Gen *g, unsigned depth) {
  const Type *args[TYPE_ARGS];
  unsigned n = 1 + roll(g, 3);
  for (unsigned i = 0; i < n; i++) args[i] = type_random(g, depth / 2);
  if (n > 1 && one_in(g, 8)) args[n - 1] = g->of_void;
  return type_of(g, K_FN, 0, n, args);
}

const Type *type_key(Gen *g, unsigned depth) {
  const Type *const simple[] = {g->of_int, g->of_int, g->of_string, g->of_string, g->of_char, g->of_bool, g->of_float};
  for (unsigned tries = 0; depth && tries < 3; tries++) {
    const Type *type = type_random(g, depth - 1);
    if (type->is_key) return type;
  }
  return simple[roll(g, sizeof simple / sizeof *simple)];
}

const Type *type_equals(Gen *g, unsigned depth) {
  for (unsigned tries = 0; tries < 4; tries++) {
    const Type *type = type_random(g, depth);
    if (type->equals) return type;
  }
  return type_scalar(g);
}

static const Type *type_any(Gen *g, unsigned depth) {
  if (g->param && one_in(g, 4)) return g->param;
  if (depth == 0) return type_scalar(g);
  depth--;
  switch (roll(g, 22)) {
    case 0: case 1: case 2: return type_with(g, K_LIST, type_random(g, depth));
    case 3: {
      const Type *key = type_key(g, depth);
      return type_of(g, K_MAP, 0, 2, (const Type *const[]){key, type_random(g, depth)});
    }
    case 4: case 5: return several(g, K_TUPLE, 2 + roll(g, 2), depth);
    case 6: case 7: return type_with(g, K_OPT, type_random(g, depth));
    case 8: return fn_random(g, depth);
    case 9: case 10: return g->nclasses ? type_of(g, K_CLASS, roll(g, g->nclasses), 0, NULL) : g->of_int;
    case 11: return type_with(g, K_BOX, type_random(g, depth));
    case 12: case 13: return g->nenums ? type_of(g, K_ENUM, roll(g, g->nenums), 0, NULL) : g->of_string;
    case 14: case 15: return g->ntraits ? type_of(g, K_TRAIT, roll(g, g->ntraits), 0, NULL) : g->of_float;
    case 16: return one_in(g, 2) ? type_with(g, K_SET, type_key(g, depth)) : g->of_bytes;
    default: return type_scalar(g);
  }
}

const Type *type_random(Gen *g, unsigned depth) {
  const Type *type = type_any(g, depth);
  return strlen(type->name) > NAME_RANDOM ? type_scalar(g) : type;
}

/* What traits are implemented for besides classes and enums (TraitDecl.on). */
static const Type *type_traited(Gen *g, unsigned which) {
  if (which == 0) return g->of_int;
  if (which == 1) return g->of_string;
  if (which == 2) return type_of(g, K_TUPLE, 0, 2, (const Type *const[]){g->of_int, g->of_float});
  return type_with(g, K_LIST, g->of_int);
}

const Type *type_implementing(Gen *g, unsigned trait) {
  for (unsigned tries = 0; tries < 12; tries++) {
    unsigned which = roll(g, 6 + g->nclasses);
    if (which < 4 && g->traits[trait].on[which]) return type_traited(g, which);
    if (which == 4 && g->nenums && g->enums[0].traits >> trait & 1) return type_of(g, K_ENUM, 0, 0, NULL);
    if (which >= 6 && g->classes[which - 6].traits >> trait & 1) return type_of(g, K_CLASS, which - 6, 0, NULL);
  }
  return g->of_int; /* implements them all */
}

bool type_implements(const Gen *g, const Type *type, unsigned trait) {
  if (type->kind == K_CLASS) return g->classes[type->decl].traits >> trait & 1;
  if (type->kind == K_ENUM) return g->enums[type->decl].traits >> trait & 1;
  return type == g->of_int || (type == g->of_string && g->traits[trait].on[1]);
}

const Type *type_bounded(Gen *g, char bound) {
  const Type *const ordered[] = {g->of_int, g->of_float, g->of_string, g->of_char, g->of_bool, type_with(g, K_LIST, g->of_int), type_with(g, K_LIST, g->of_string)};
  if (bound == 'O') return ordered[roll(g, sizeof ordered / sizeof *ordered)];
  if (bound == 'H') return type_key(g, 2);
  if (bound == 'T') return type_implementing(g, 0);
  return type_random(g, 2);
}
