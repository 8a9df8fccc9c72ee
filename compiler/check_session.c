/* check_session.c - sessions: many inputs that make one growing program (compiler.h, CompileSession).
 *
 * The inputs are one unit of several sources: what one declares, all that follow see, private or not. A name that several inputs declare has a
 * chain of symbols, newest first, and which of them a text means depends on where it stands (check_session_pick):
 * - an input that declares the name itself means its own;
 * - the code of top levels means what the name meant when it ran;
 * - functions, closures, methods and types mean the newest, unless the input that declared it is pinned.
 *
 * Each input's top level is a function of its own. That of the last input is the program's entry; the others are never called, but values that
 * they made may hold their closures. All functions of inputs are kept.
 *
 * Keys identify functions, types and variables from one compilation to the next by the place of their declaration. They need not be
 * trustworthy: who moves a guest by them checks all that is moved (vm/image.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/check.h"

#define SHOWN_KEY UINT64_C(1)

/* ---- Names ---- */

static const CompileInput *input_of(const Checker *c, uint32_t source) {
  bool is_input = c->inputs_first && source >= c->inputs_first && source - c->inputs_first < c->options->session->ninputs;
  return is_input ? &c->options->session->inputs[source - c->inputs_first] : NULL;
}

bool check_is_input(const Checker *c, uint32_t source) { return input_of(c, source) != NULL; }

uint32_t check_source(const Checker *c) {
  for (const Frame *frame = c->frame; frame; frame = frame->outer) {
    if (frame->function && frame->function->span.source) return frame->function->span.source;
  }
  return 0;
}

bool check_as_of(const Checker *c) {
  return c->inputs_first && c->frame && c->frame->is_module_top;
}

Symbol *check_session_pick(const Checker *c, Symbol *newest, uint32_t source, bool as_of) {
  if (!input_of(c, source)) return newest;
  Symbol *then = newest;
  while (then && then->span.source > source) then = then->earlier;
  if (!then || as_of || then->span.source == source) return then;
  for (Symbol *at = newest; at != then; at = at->earlier) {
    if (!input_of(c, at->span.source)->is_pinned && at->kind == then->kind) return at;
  }
  return then;
}

/* Whether another method of the same name and target hides this one from code of `source`. */
static bool is_visible_from(const Checker *c, const Fn *fn, uint32_t source, bool as_of) {
  uint32_t own = fn->ast ? fn->ast->name_span.source : 0;
  const CompileInput *input = input_of(c, own);
  if (!input || !input_of(c, source) || own <= source) return true;
  return !as_of && !input->is_pinned;
}

bool check_session_sees(const Checker *c, const Fn *fn) {
  if (!c->inputs_first || !fn->ast || !fn->owner) return true;
  uint32_t source = check_source(c), own = fn->ast->name_span.source;
  bool as_of = check_as_of(c);
  if (!is_visible_from(c, fn, source, as_of)) return false;
  check_target_ready((Checker *)c, fn->owner);
  Head *head = fn->owner->target && fn->owner->target->kind != TYPE_ERROR ? check_head((Checker *)c, fn->owner->target) : NULL;
  for (const Fn *other = head ? check_fns_find(&head->extensions, fn->name) : NULL; other; other = other->next) {
    if (other == fn || !other->ast || !check_is_input(c, other->ast->name_span.source) || other->ast->name_span.source <= own) continue;
    check_target_ready((Checker *)c, other->owner);
    if (other->owner->target == fn->owner->target && is_visible_from(c, other, source, as_of)) return false;
  }
  return true;
}

const char *check_session_title(Checker *c, const Decl *decl) {
  const Symbol *newest = c->root && decl->unit == c->root && decl->name ? check_table_find(&c->root->names, decl->name) : NULL;
  const Source *source = sources_get(&c->comp->sources, decl->item->span.source);
  bool is_newest = !newest || (newest->kind == SYM_DECL && newest->decl == decl);
  return is_newest || !source ? decl->name : arena_format(c->arena, "%s (%s)", decl->name, source->path);
}

/* ---- Keys ---- */

static uint64_t hash_step(uint64_t hash, const void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
  return hash;
}

uint64_t check_session_key(const Checker *c, Span span, const char *name) {
  const Source *source = sources_get(&c->comp->sources, span.source);
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  if (source) hash = hash_step(hash, source->path, strlen(source->path) + 1);
  uint32_t numbers[] = {span.start, span.end, source && source->lazy_bodies};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) hash = hash_step(hash, (unsigned char[]){numbers[i] & 255, numbers[i] >> 8 & 255, numbers[i] >> 16 & 255, numbers[i] >> 24}, 4);
  if (name) hash = hash_step(hash, name, strlen(name));
  return hash <= SHOWN_KEY ? hash + SHOWN_KEY + 1 : hash;
}

static int key_compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Makes keys that are equal differ, by their order. */
static void keys_part(uint64_t *keys, uint32_t count) {
  uint64_t *sorted = malloc((size_t)count * sizeof *sorted + 1);
  uint32_t *seen = calloc((size_t)count + 1, sizeof *seen);
  if (sorted && seen) {
    memcpy(sorted, keys, count * sizeof *keys);
    qsort(sorted, count, sizeof *sorted, key_compare);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t low = 0, high = count;
      while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted[middle] < keys[i]) low = middle + 1;
        else high = middle;
      }
      uint32_t nth = seen[low]++;
      if (nth) keys[i] = hash_step(keys[i], &(unsigned char[]){nth & 255, nth >> 8 & 255, nth >> 16 & 255, nth >> 24}, 4);
    }
  }
  free(sorted);
  free(seen);
}

/* ---- Top levels ---- */

void check_session_start(Checker *c) {
  uint32_t count = c->options->session->ninputs;
  c->tops = CHECK_ARRAY(c, SessionTop, count);
  Frame *saved = c->frame;
  for (uint32_t i = 0; i < count; i++) {
    SessionTop *top = &c->tops[i];
    top->function = check_function_new(c, "top level", (Span){c->inputs_first + i, 0, 0}, NULL);
    top->frame = (Frame){.function = top->function, .unit = c->root, .is_top = true, .is_module_top = true};
    c->frame = &top->frame;
    check_scope_push(c);
  }
  c->frame = saved;
  c->root->init = c->tops[count - 1].function;
  c->root->frame = &c->tops[count - 1].frame;
  Global *global = MODULE_PUSH(c->module, c->module->nglobals, c->module->globals);
  c->shown = c->module->nglobals - 1;
  *global = (Global){.name = module_copy(c->module, "shown", 5), .type = c->t_string};
  VEC_PUSH(c->arena, &c->global_keys, SHOWN_KEY);
}

Frame *check_session_frame(Checker *c, Unit *unit, uint32_t source) {
  return unit == c->root && check_is_input(c, source) ? &c->tops[source - c->inputs_first].frame : unit->frame;
}

/* An expression at the end of an input: its text is stored. */
static void check_shown(Checker *c, Stmt *s, bool is_last, NodeList *list) {
  TNode *node = check_expr(c, s->expr, NULL);
  if (is_last) c->shown_type = node->type->kind == TYPE_ERROR || node->type->kind == TYPE_VOID || check_is_never(node) ? NULL : node->type;
  if (node->type->kind == TYPE_RESULT) node = check_or_fail(c, node, s->span);
  if (node->type->kind == TYPE_ERROR) return;
  if (node->type->kind != TYPE_VOID && !check_is_never(node)) {
    TNode *set = check_node(c, TN_SET_GLOBAL, c->t_void, s->span);
    set->index = c->shown;
    set->a = check_show(c, node, true, s->span);
    node = set->a->type->kind == TYPE_ERROR ? set->a : set;
  }
  if (node->type->kind != TYPE_ERROR) check_push(c, list, node);
}

static Symbol *symbol_of(Checker *c, const Expr *e) {
  Symbol *symbol = e->kind == EXPR_NAME && e->name.name ? check_name_find(c, e->name.name, e->span) : NULL;
  return symbol && (symbol->kind == SYM_UNIT || symbol->kind == SYM_DECL || symbol->kind == SYM_BUILTIN) ? symbol : NULL;
}

void check_session_top(Checker *c, Unit *unit) {
  const CompileSession *session = c->options->session;
  size_t at = 0, count = unit->ast->stmt_count;
  for (uint32_t i = 0; i < session->ninputs; i++) {
    bool is_last = i + 1 == session->ninputs;
    NodeList list = {0};
    c->frame = &c->tops[i].frame;
    for (; at < count && unit->ast->stmts[at]->span.source == c->inputs_first + i; at++) {
      Stmt *s = unit->ast->stmts[at];
      if (!is_last && session->inputs[i].is_retired && s->kind != STMT_LET) continue;
      bool ends = at + 1 == count || unit->ast->stmts[at + 1]->span.source != c->inputs_first + i;
      bool is_shown = ends && s->kind == STMT_EXPR && !session->inputs[i].is_dropped;
      if (is_shown && is_last && session->members_of) c->members_symbol = symbol_of(c, s->expr);
      if (is_shown && c->members_symbol) continue;
      if (is_shown) check_shown(c, s, is_last, &list);
      else check_stmt_into(c, s, &list);
    }
    if (is_last) {
      for (size_t k = 0; k < list.count; k++) VEC_PUSH(c->arena, &unit->init_nodes, list.items[k]);
    } else {
      if (list.count == 0 || !check_is_never(list.items[list.count - 1])) check_push(c, &list, check_void(c, c->tops[i].function->span));
      c->tops[i].function->body = check_block_node(c, &list, c->tops[i].function->span);
    }
  }
  c->frame = NULL;
}

static bool is_done(const Checker *c, uint64_t key) {
  const CompileSession *session = c->options->session;
  for (uint32_t i = 0; i < session->ndone; i++) {
    if (session->done[i] == key) return true;
  }
  return false;
}

void check_session_keep(Checker *c) {
  for (size_t i = 0; i < c->units.count && c->options->session->ndone; i++) {
    const Unit *unit = c->units.items[i];
    for (size_t k = 0; unit->is_library && k < unit->ast->stmt_count; k++) {
      Stmt *s = unit->ast->stmts[k];
      if (s->kind == STMT_LET && s->let.info && is_done(c, check_session_key(c, s->span, NULL))) check_global_stmt(c, s->let.info);
    }
  }
}

void check_session_init(Checker *c, NodeList *nodes) {
  NodeList kept = {0};
  for (size_t i = 0; i < nodes->count; i++) {
    uint64_t key = check_session_key(c, nodes->items[i]->span, NULL);
    VEC_PUSH(c->arena, &c->init_keys, key);
    if (!is_done(c, key)) VEC_PUSH(c->arena, &kept, nodes->items[i]);
  }
  *nodes = kept;
}

/* ---- The answer ---- */



static void line_add(FILE *out, const char *name) {
  if (name && *name && *name != '_') fprintf(out, "%s\n", name);
}

static void table_names(FILE *out, const SymbolTable *table, bool only_pub) {
  for (uint32_t i = 0; i < table->count; i++) {
    if (!only_pub || (table->items[i]->is_pub && table->items[i]->kind != SYM_UNIT)) line_add(out, table->items[i]->name);
  }
}

static void fns_names(FILE *out, const FnTable *table, bool has_self) {
  for (uint32_t i = 0; i < table->slot_count; i++) {
    bool any = false;
    for (const Fn *fn = table->slots[i]; fn && !any; fn = fn->next) any = fn->has_self == has_self || !fn->ast;
    if (any) line_add(out, table->slots[i]->name);
  }
}

static void head_names(Checker *c, FILE *out, Head *head, bool has_self) {
  fns_names(out, &head->extensions, has_self);
  for (size_t i = 0; has_self && i < head->impls.count; i++) {
    Decl *trait = check_impl_trait(c, head->impls.items[i]);
    if (trait) fns_names(out, &trait->methods, true);
  }
}

static void type_names(Checker *c, FILE *out, const Type *type) {
  Decl *decl = check_type_decl(c, type);
  if (decl) {
    check_fields_ready(c, decl);
    for (uint32_t i = 0; i < decl->nfields; i++) line_add(out, decl->fields[i].name);
    fns_names(out, &decl->methods, true);
  }
  head_names(c, out, check_head(c, type), true);
}

static void symbol_names(Checker *c, FILE *out, Symbol *symbol) {
  if (symbol->kind == SYM_UNIT && symbol->import) table_names(out, &symbol->import->names, true);
  if (symbol->kind == SYM_BUILTIN) head_names(c, out, &c->heads[symbol->builtin], false);
  if (symbol->kind != SYM_DECL) return;
  check_fields_ready(c, symbol->decl);
  fns_names(out, &symbol->decl->methods, false);
  head_names(c, out, &symbol->decl->head, false);
  for (uint32_t i = 0; i < symbol->decl->ncases; i++) line_add(out, symbol->decl->cases[i].name);
}

static char *session_names(Checker *c) {
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  if (!out) return NULL;
  if (c->members_symbol) {
    symbol_names(c, out, c->members_symbol);
  } else if (c->options->session->members_of) {
    if (c->shown_type) type_names(c, out, c->shown_type);
  } else {
    table_names(out, &c->root->names, false);
    table_names(out, &c->builtins, false);
    table_names(out, &c->prelude->names, true);
  }
  return fclose(out) == 0 ? text : (free(text), NULL);
}

static char *session_doc(Checker *c) {
  char *text = NULL, *name = arena_copy(c->arena, c->options->session->doc_of, strlen(c->options->session->doc_of)), *dot = strchr(name, '.');
  size_t length;
  FILE *out = open_memstream(&text, &length);
  if (!out) return NULL;
  if (dot) *dot = 0;
  Frame *saved = c->frame;
  c->frame = c->root->frame;
  Symbol *symbol = check_unit_find(c, c->root, check_intern(c, name), 0, false);
  for (char *next; symbol && symbol->kind == SYM_UNIT && dot && (next = strchr(dot + 1, '.')) != NULL; dot = next) {
    *next = 0;
    symbol = check_doc_inner(c, symbol, check_intern(c, dot + 1));
  }
  if (symbol && dot) check_doc_member(c, out, symbol, check_intern(c, dot + 1));
  else if (symbol) check_doc_symbol(c, out, symbol);
  c->frame = saved;
  return fclose(out) == 0 ? text : (free(text), NULL);
}

static uint64_t *decl_keys(Checker *c, Decl *const *decls, size_t count, uint32_t *out) {
  uint64_t *keys = calloc(count + 1, sizeof *keys);
  for (size_t i = 0; keys && i < count; i++) keys[i] = check_session_key(c, decls[i]->item->name_span, decls[i]->name);
  *out = keys ? (uint32_t)count : 0;
  if (keys) keys_part(keys, *out);
  return keys;
}

static uint64_t *keys_copy(const uint64_t *keys, size_t count, uint32_t *out) {
  uint64_t *copy = malloc(count * sizeof *copy + 1);
  if (copy && count) memcpy(copy, keys, count * sizeof *copy);
  *out = copy ? (uint32_t)count : 0;
  return copy;
}

void check_session_answer(Checker *c) {
  const CompileSession *session = c->options->session;
  CompileAnswer *a = session->answer;
  if (!a || c->has_parse_errors || !c->tops) return;
  bool is_good = c->comp->diags.errors == 0;
  if (session->wants_names && (is_good || !session->members_of)) a->names = session_names(c);
  if (session->doc_of && is_good) a->doc = session_doc(c);
  if (!is_good) return;
  a->functions = calloc((size_t)c->typed->nfunctions + 1, sizeof *a->functions);
  for (uint32_t i = 0; a->functions && i < c->typed->nfunctions; i++) a->functions[i] = check_session_key(c, c->typed->functions[i]->span, c->typed->functions[i]->name);
  a->nfunctions = a->functions ? c->typed->nfunctions : 0;
  if (a->functions) keys_part(a->functions, a->nfunctions);
  a->classes = decl_keys(c, c->class_decls.items, c->class_decls.count, &a->nclasses);
  a->enums = decl_keys(c, c->enum_decls.items, c->enum_decls.count, &a->nenums);
  a->traits = decl_keys(c, c->trait_decls.items, c->trait_decls.count, &a->ntraits);
  a->globals = keys_copy(c->global_keys.items, c->global_keys.count, &a->nglobals);
  a->inits = keys_copy(c->init_keys.items, c->init_keys.count, &a->ninits);
  a->shown = c->shown;
  c->says_inputs = true;
  const char *type = c->shown_type ? check_type_text(c, c->shown_type) : NULL;
  a->type = type ? strdup(type) : NULL;
}

void compile_answer_free(CompileAnswer *a) {
  free(a->functions);
  free(a->classes);
  free(a->enums);
  free(a->traits);
  free(a->globals);
  free(a->inits);
  free(a->type);
  free(a->names);
  free(a->doc);
  *a = (CompileAnswer){0};
}
