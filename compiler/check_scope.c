/* check_scope.c - names: tables of symbols, scopes of a function, tables of functions, and sets of pairs of types.
 *
 * A table searches its list while it is short and keeps a hash table beside it once it is not. A name is looked for in the scopes of the
 * function, then in those of the functions around it (a capture), then at the top level of the unit, then in the prelude.
 */
#include "compiler/check.h"

#include <string.h>

#define TABLE_LIST_MAX 8

Name check_intern(Checker *c, const char *text) { return names_intern_cstr(&c->comp->names, text); }

Symbol *check_symbol_new(Checker *c, SymbolKind kind, Name name, Span span) {
  Symbol *symbol = CHECK_NEW(c, Symbol);
  symbol->kind = kind;
  symbol->name = name;
  symbol->span = span;
  return symbol;
}

static void slots_put(Symbol **slots, uint32_t count, Symbol *symbol) {
  uint32_t at = name_hash(symbol->name) & (count - 1);
  while (slots[at]) at = (at + 1) & (count - 1);
  slots[at] = symbol;
}

static void slots_grow(Checker *c, SymbolTable *table) {
  table->slot_count = table->slot_count ? table->slot_count * 2 : 32;
  table->slots = CHECK_ARRAY(c, Symbol *, table->slot_count);
  for (uint32_t i = 0; i < table->count; i++) slots_put(table->slots, table->slot_count, table->items[i]);
}

Symbol *check_table_find(const SymbolTable *table, Name name) {
  if (!table->slots) {
    for (uint32_t i = 0; i < table->count; i++) {
      if (table->items[i]->name == name) return table->items[i];
    }
    return NULL;
  }
  for (uint32_t at = name_hash(name) & (table->slot_count - 1); table->slots[at]; at = (at + 1) & (table->slot_count - 1)) {
    if (table->slots[at]->name == name) return table->slots[at];
  }
  return NULL;
}

bool check_table_add(Checker *c, SymbolTable *table, Symbol *symbol) {
  if (check_table_find(table, symbol->name)) return false;
  if (table->count == table->capacity) {
    table->capacity = table->capacity ? table->capacity * 2 : 4;
    Symbol **items = CHECK_ARRAY(c, Symbol *, table->capacity);
    if (table->count) memcpy(items, table->items, table->count * sizeof *items);
    table->items = items;
  }
  table->items[table->count++] = symbol;
  if (table->count > TABLE_LIST_MAX) {
    if (table->count * 2 > table->slot_count) slots_grow(c, table);
    else slots_put(table->slots, table->slot_count, symbol);
  }
  return true;
}

void check_table_replace(SymbolTable *table, Symbol *symbol) {
  for (uint32_t i = 0; i < table->count; i++) {
    if (table->items[i]->name == symbol->name) table->items[i] = symbol;
  }
  for (uint32_t i = 0; i < table->slot_count; i++) {
    if (table->slots[i] && table->slots[i]->name == symbol->name) table->slots[i] = symbol;
  }
}

/* ---- Scopes ---- */

void check_scope_push(Checker *c) {
  Scope *scope = CHECK_NEW(c, Scope);
  scope->outer = c->frame->scope;
  c->frame->scope = scope;
}

void check_scope_pop(Checker *c) {
  if (c->options->warns) check_warn_scope(c, c->frame->scope);
  c->frame->scope = c->frame->scope->outer;
}

TVar *check_temp_new(Checker *c, const char *name, const Type *type) {
  TVar *var = CHECK_NEW(c, TVar);
  var->name = name;
  var->type = type;
  var->owner = c->frame->function;
  return var;
}

Symbol *check_local_new(Checker *c, Name name, Span span, const Type *type, bool is_var) {
  Symbol *symbol = check_symbol_new(c, SYM_LOCAL, name, span);
  symbol->unit = c->frame->unit;
  symbol->is_var = is_var;
  symbol->let = c->let;
  symbol->var = check_temp_new(c, name, type);
  if (!check_table_add(c, &c->frame->scope->table, symbol)) {
    Symbol *other = check_table_find(&c->frame->scope->table, name);
    diag_note(check_report(c, span, DIAG_REDECLARED, name), other->span, "declared here first");
  }
  return symbol;
}

Symbol *check_unit_find(Checker *c, Unit *unit, Name name, uint32_t source, bool as_of) {
  Symbol *symbol = check_table_find(&unit->names, name);
  if (symbol && c->inputs_first && unit == c->root) symbol = check_session_pick(c, symbol, source, as_of);
  if (!symbol) symbol = check_table_find(&c->builtins, name);
  if (!symbol && c->prelude && c->prelude != unit) {
    symbol = check_table_find(&c->prelude->names, name);
    bool is_visible = symbol && (symbol->is_pub || (unit->is_library && name[0] == '_'));
    if (!is_visible) symbol = NULL;
  }
  return symbol;
}

static Symbol *name_find(Checker *c, Name name, bool *is_local) {
  for (Frame *frame = c->frame; frame; frame = frame->outer) {
    for (Scope *scope = frame->scope; scope; scope = scope->outer) {
      Symbol *symbol = check_table_find(&scope->table, name);
      if (!symbol) continue;
      if (frame != c->frame) symbol->is_captured = true;
      *is_local = true;
      return symbol;
    }
  }
  *is_local = false;
  return check_unit_find(c, c->frame->unit, name, check_source(c), check_as_of(c));
}

Symbol *check_name_target(Checker *c, Name name) {
  bool is_local;
  return name_find(c, name, &is_local);
}

Symbol *check_name_find(Checker *c, Name name, Span span) {
  bool is_local;
  Symbol *symbol = name_find(c, name, &is_local);
  if (is_local) symbol->is_read = true;
  else check_warn_mention(c, symbol, span);
  return symbol;
}

bool check_is_inside(const Unit *unit, const Unit *other, Name name) {
  return unit == other || (unit->is_library && other->is_library && name[0] == '_');
}

Symbol *check_unit_member(Unit *from, Unit *unit, Name name, bool *is_hidden) {
  Symbol *symbol = check_table_find(&unit->names, name);
  *is_hidden = false;
  if (!symbol || symbol->unit != unit || symbol->kind == SYM_UNIT) return NULL; /* what a unit imports is not its own */
  *is_hidden = !symbol->is_pub && !check_is_inside(from, unit, name);
  return symbol;
}

static bool is_type_symbol(const Symbol *symbol) {
  return symbol->kind == SYM_DECL || symbol->kind == SYM_ALIAS || symbol->kind == SYM_BUILTIN;
}

static void suggest_from(NameSuggestion *s, const SymbolTable *table, bool want_type, bool only_pub) {
  for (uint32_t i = 0; i < table->count; i++) {
    const Symbol *symbol = table->items[i];
    if (want_type && !is_type_symbol(symbol)) continue;
    if (only_pub && !symbol->is_pub) continue;
    if (symbol->kind == SYM_LOCAL && symbol->var->type->kind == TYPE_ERROR) continue; /* an unknown name, mentioned before */
    name_suggestion_try(s, symbol->name);
  }
}

#define SUGGEST_ERRORS_MAX 200 /* a program with more mistakes gets no more suggestions, which cost time */

Name check_name_suggest(Checker *c, Name name, bool want_type) {
  if (c->comp->diags.errors > SUGGEST_ERRORS_MAX) return NULL;
  NameSuggestion s = {.wrong = name};
  for (Frame *frame = c->frame; frame && !want_type; frame = frame->outer) {
    for (Scope *scope = frame->scope; scope; scope = scope->outer) suggest_from(&s, &scope->table, false, false);
  }
  if (c->frame) suggest_from(&s, &c->frame->unit->names, want_type, false);
  suggest_from(&s, &c->builtins, want_type, false);
  if (c->prelude) suggest_from(&s, &c->prelude->names, want_type, true);
  return s.best;
}

bool check_head_enter(Checker *c, Name name, Span span) {
  c->head_depth++;
  if (c->head_depth <= CHECK_CHAIN_MAX) return true;
  if (c->head_depth == CHECK_CHAIN_MAX + 1) check_report(c, span, DIAG_CHAIN, name);
  return false;
}

void check_head_leave(Checker *c) { c->head_depth--; }

/* ---- Functions by name ---- */

Fn *check_fns_find(const FnTable *table, Name name) {
  if (!table->slot_count) return NULL;
  for (uint32_t at = name_hash(name) & (table->slot_count - 1); table->slots[at]; at = (at + 1) & (table->slot_count - 1)) {
    if (table->slots[at]->name == name) return table->slots[at];
  }
  return NULL;
}

static Fn **fn_slot(const FnTable *table, Name name) {
  uint32_t at = name_hash(name) & (table->slot_count - 1);
  while (table->slots[at] && table->slots[at]->name != name) at = (at + 1) & (table->slot_count - 1);
  return &table->slots[at];
}

void check_fns_add(Checker *c, FnTable *table, Fn *fn) {
  if ((table->count + 1) * 2 > table->slot_count) {
    FnTable grown = {.count = table->count, .slot_count = table->slot_count ? table->slot_count * 2 : 8};
    grown.slots = CHECK_ARRAY(c, Fn *, grown.slot_count);
    for (uint32_t i = 0; i < table->slot_count; i++) {
      if (table->slots[i]) *fn_slot(&grown, table->slots[i]->name) = table->slots[i];
    }
    *table = grown;
  }
  Fn **slot = fn_slot(table, fn->name);
  if (!*slot) {
    *slot = fn;
    table->count++;
    return;
  }
  fn->next = (*slot)->next;
  (*slot)->next = fn;
}

/* ---- Pairs of types ---- */

static uint32_t pair_hash(const Type *a, const Type *b) {
  uint32_t hash = (a->id * UINT32_C(0x9e3779b1)) ^ (b->id * UINT32_C(0x85ebca6b));
  return hash ^ hash >> 15;
}

static uint32_t pair_slot(const PairSet *set, const Type *a, const Type *b) {
  uint32_t at = pair_hash(a, b) & (set->slot_count - 1);
  while (set->slots[2 * at] && (set->slots[2 * at] != a || set->slots[2 * at + 1] != b)) at = (at + 1) & (set->slot_count - 1);
  return at;
}

bool check_pairs_add(Checker *c, PairSet *set, const Type *a, const Type *b) {
  if ((set->count + 1) * 2 > set->slot_count) {
    PairSet grown = {.count = set->count, .slot_count = set->slot_count ? set->slot_count * 2 : 64};
    grown.slots = CHECK_ARRAY(c, const Type *, 2 * (size_t)grown.slot_count);
    for (uint32_t i = 0; i < set->slot_count; i++) {
      if (!set->slots[2 * i]) continue;
      uint32_t at = pair_slot(&grown, set->slots[2 * i], set->slots[2 * i + 1]);
      grown.slots[2 * at] = set->slots[2 * i];
      grown.slots[2 * at + 1] = set->slots[2 * i + 1];
    }
    *set = grown;
  }
  uint32_t at = pair_slot(set, a, b);
  if (set->slots[2 * at]) return false;
  set->slots[2 * at] = a;
  set->slots[2 * at + 1] = b;
  set->count++;
  return true;
}
