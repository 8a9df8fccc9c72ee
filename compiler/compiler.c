/* compiler.c - drives a compilation: load, check everything that is asked for, then emit.
 *
 * All of the program's own units are checked; of library units only what they reach. Checking goes on until nothing new is reached: bodies,
 * synthesised methods, implementations, and the bounds of every type that came up. The typed program then keeps what the entry, the exports, the
 * tests and the implementations reach.
 */
#include "compiler/compiler.h"

#include <string.h>

#include "compiler/check.h"
#include "compiler/lex.h"

/* ---- Setting up ---- */

static void add_builtin(Checker *c, const char *name, TypeKind kind) {
  Symbol *symbol = check_symbol_new(c, SYM_BUILTIN, check_intern(c, name), (Span){0});
  symbol->builtin = kind;
  check_table_add(c, &c->builtins, symbol);
}

static void add_special(Checker *c, const char *name, Special special) {
  Symbol *symbol = check_symbol_new(c, SYM_SPECIAL, check_intern(c, name), (Span){0});
  symbol->special = special;
  check_table_add(c, &c->builtins, symbol);
}

static void add_names(Checker *c) {
  add_builtin(c, "int", TYPE_INT);
  add_builtin(c, "float", TYPE_FLOAT);
  add_builtin(c, "bool", TYPE_BOOL);
  add_builtin(c, "char", TYPE_CHAR);
  add_builtin(c, "string", TYPE_STRING);
  add_builtin(c, "bytes", TYPE_BYTES);
  add_builtin(c, "void", TYPE_VOID);
  add_builtin(c, "never", TYPE_NEVER);
  add_builtin(c, "List", TYPE_LIST);
  add_builtin(c, "Map", TYPE_MAP);
  add_builtin(c, "_TaskHandle", TYPE_TASK);
  add_special(c, "print", SPECIAL_PRINT);
  add_special(c, "write", SPECIAL_WRITE);
  add_special(c, "eprint", SPECIAL_EPRINT);
  add_special(c, "assert", SPECIAL_ASSERT);
}

static void add_types(Checker *c) {
  c->t_void = type_simple(c->types, TYPE_VOID);
  c->t_bool = type_simple(c->types, TYPE_BOOL);
  c->t_int = type_simple(c->types, TYPE_INT);
  c->t_float = type_simple(c->types, TYPE_FLOAT);
  c->t_char = type_simple(c->types, TYPE_CHAR);
  c->t_string = type_simple(c->types, TYPE_STRING);
  c->t_bytes = type_simple(c->types, TYPE_BYTES);
  c->t_never = type_simple(c->types, TYPE_NEVER);
  c->t_error = type_simple(c->types, TYPE_ERROR);
  c->t_hole = type_intern(c->types, TYPE_PARAM, UINT32_MAX - 1, NULL, 0);
}

static void add_core_traits(Checker *c) {
  CoreTraits *t = &c->core;
  struct { Decl **slot; const char *name; } rows[] = {
    {&t->show, "Show"},         {&t->eq, "Eq"},   {&t->ord, "Ord"}, {&t->hash, "Hash"}, {&t->error, "Error"}, {&t->iterator, "Iterator"},
    {&t->iterable, "Iterable"}, {&t->add, "Add"}, {&t->sub, "Sub"}, {&t->mul, "Mul"},   {&t->div, "Div"},     {&t->neg, "Neg"},
    {&t->index, "Index"},       {&t->index_set, "IndexSet"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) *rows[i].slot = check_prelude_decl(c, rows[i].name);
  c->task_decl = check_prelude_decl(c, "Task");
}

/* ---- A unit's top level ---- */

static void unit_frame(Checker *c, Unit *unit, const char *name) {
  unit->init = check_function_new(c, name, (Span){unit->ast->source->id, 0, 0}, NULL);
  unit->frame = CHECK_NEW(c, Frame);
  *unit->frame = (Frame){.function = unit->init, .unit = unit, .is_top = true, .is_module_top = true};
  c->frame = unit->frame;
  check_scope_push(c);
  c->frame = NULL;
}

/* Tests find the variables of their module set, but what else it does at its top level is left out. */
static void check_top(Checker *c, Unit *unit) {
  if (c->inputs_first && unit == c->root) {
    check_session_top(c, unit);
    return;
  }
  c->frame = unit->frame;
  NodeList list = {0};
  bool is_dead = !c->options->warns;
  for (size_t i = 0; i < unit->ast->stmt_count; i++) {
    size_t before = list.count;
    if (!is_dead) is_dead = check_warn_dead(c, &list, unit->ast->stmts[i]);
    check_stmt_into(c, unit->ast->stmts[i], &list);
    bool is_skipped = c->options->with_tests && unit == c->root && unit->ast->stmts[i]->kind != STMT_LET;
    for (size_t k = before; k < list.count && !is_skipped; k++) VEC_PUSH(c->arena, &unit->init_nodes, list.items[k]);
  }
  c->frame = NULL;
}

/* ---- Declarations of the program's own ---- */

static void check_no_body(Checker *c, const Fn *fn) {
  bool in_trait = fn->owner && fn->owner->kind == DECL_TRAIT;
  if (in_trait && !fn->has_self && fn->name) {
    Diag *d = check_report(c, fn->ast->name_span, DIAG_TRAIT_STATIC, fn->name);
    diag_help(d, "give it `self` as its first parameter");
  }
  bool is_generic = in_trait && fn->ast->type_param_count;
  if (is_generic && !fn->ast->body && !fn->ast->body_pending && fn->has_self) check_report(c, fn->ast->name_span, DIAG_TRAIT_GENERIC, fn->name);
}

static void check_defaults(Checker *c, Fn *fn) {
  for (uint32_t i = fn->has_self; i < fn->nparams; i++) {
    Expr *fallback = fn->ast->params[i - fn->has_self].fallback;
    if (!fallback) continue;
    const char *title = arena_format(c->arena, "default of %s", fn->ast->params[i - fn->has_self].name);
    check_fn_reach(c, check_fallback(c, &fn->fallbacks[i], fallback, fn->params[i], fn->unit, fn->generics, title));
  }
}

static void check_own_fn(Checker *c, Fn *fn) {
  check_fn_ready(c, fn);
  check_no_body(c, fn);
  check_defaults(c, fn);
  if (fn->ast->body || fn->ast->body_pending) check_fn_reach(c, fn);
}

static bool is_own_type(Checker *c, const Unit *unit, const Type *type) {
  const Decl *decl = check_type_decl(c, type);
  return decl && decl->unit == unit;
}

static void check_impls(Checker *c, Decl *decl) {
  for (uint32_t i = 0; i < decl->nimpls; i++) {
    ImplDecl *impl = decl->impls[i];
    check_impl_ready(c, impl);
    if (!impl->trait) continue;
    if (impl->is_replaced) continue;
    bool is_orphan = decl->kind == DECL_EXTEND && impl->trait->unit != decl->unit && !is_own_type(c, decl->unit, impl->type);
    if (is_orphan) check_report(c, impl->expr->span, DIAG_ORPHAN, impl->trait->name, check_type_text_in(c, impl->type, impl->generics));
    if (impl->type->kind == TYPE_TRAIT) check_report(c, impl->expr->span, DIAG_IMPL_FOR_TRAIT, check_type_text_in(c, impl->type, impl->generics));
    const Head *head = check_head(c, impl->type);
    for (size_t k = 0; k < head->impls.count && head->impls.items[k] != impl; k++) {
      ImplDecl *other = head->impls.items[k];
      bool is_same = other->expr && other->trait == impl->trait && (!other->type || other->type->nargs == impl->type->nargs || impl->type->kind != TYPE_TUPLE);
      if (!is_same) continue;
      Diag *d = check_report(c, impl->expr->span, DIAG_IMPL_TWICE, check_type_text_in(c, impl->type, impl->generics), impl->trait->name);
      if (!other->unit->is_library) diag_note(d, other->expr->span, "and here");
      break;
    }
    check_impl_check(c, impl);
  }
}

/* Extension methods may not be declared twice for one type, nor shadow a method of the class. */
static void check_duplicates(Checker *c, Decl *decl) {
  if (decl->kind != DECL_EXTEND || decl->nimpls || !decl->target || decl->target->kind == TYPE_ERROR) return;
  const Head *head = check_head(c, decl->target);
  const Decl *type = check_type_decl(c, decl->target);
  for (uint32_t i = 0; i < decl->nmethods; i++) {
    Fn *fn = decl->method_list[i];
    if (!fn->name) continue;
    const Fn *other = type && type->kind != DECL_TRAIT ? check_fns_find(&type->methods, fn->name) : NULL;
    for (Fn *at = check_fns_find(&head->extensions, fn->name); at && !other; at = at->next) {
      check_target_ready(c, at->owner);
      bool is_earlier = at->unit->is_library || at->ast->name_span.source < fn->ast->name_span.source ||
                        (at->ast->name_span.source == fn->ast->name_span.source && at->ast->name_span.start < fn->ast->name_span.start);
      if (at != fn && is_earlier && at->owner->target == decl->target && (at->unit == decl->unit || at->unit->is_library)) other = at;
    }
    if (!other || (check_is_input(c, other->ast ? other->ast->name_span.source : 0) && other->ast->name_span.source != fn->ast->name_span.source))
      continue;
    Diag *d = check_report(c, fn->ast->name_span, DIAG_METHOD_TWICE, check_type_text_in(c, decl->target, decl->generics), fn->name);
    if (!other->unit->is_library) diag_note(d, other->ast->name_span, "the other one");
  }
}

static void check_own_decl(Checker *c, Decl *decl) {
  check_target_ready(c, decl);
  check_fields_ready(c, decl);
  check_supers_ready(c, decl);
  for (uint32_t i = 0; i < decl->nfields; i++) {
    FieldInfo *field = &decl->fields[i];
    if (!field->ast->fallback) continue;
    const char *title = arena_format(c->arena, "default of %s.%s", decl->name, field->name ? field->name : "_");
    check_fn_reach(c, check_fallback(c, &field->fallback, field->ast->fallback, field->type, decl->unit, decl->generics, title));
  }
  for (uint32_t i = 0; i < decl->nmethods; i++) check_own_fn(c, decl->method_list[i]);
  check_impls(c, decl);
  check_duplicates(c, decl);
}

static void check_test(Checker *c, Unit *unit, Item *item) {
  TFunction *f = check_function_new(c, arena_format(c->arena, "test %.*s", (int)item->test.name.len, item->test.name.text), item->span, NULL);
  Frame frame = {.function = f, .unit = unit, .result = c->t_void, .is_top = true};
  c->frame = &frame;
  check_scope_push(c);
  f->body = check_block(c, item->test.body, NULL, true);
  c->frame = NULL;
  item->info = f;
}

static void check_own_unit(Checker *c, Unit *unit) {
  for (size_t i = 0; i < unit->ast->item_count; i++) {
    Item *item = unit->ast->items[i];
    if (item->kind == ITEM_TYPE) {
      Symbol *symbol = item->name ? check_table_find(&unit->names, item->name) : NULL;
      if (symbol && symbol->kind == SYM_ALIAS) check_alias_ready(c, symbol->alias);
    }
  }
  for (size_t i = 0; i < unit->decls.count; i++) check_own_decl(c, unit->decls.items[i]);
  for (size_t i = 0; i < unit->fns.count; i++) check_own_fn(c, unit->fns.items[i]);
  for (size_t i = 0; i < unit->ast->item_count; i++) {
    if (unit->ast->items[i]->kind == ITEM_TEST) check_test(c, unit, unit->ast->items[i]);
  }
}

/* ---- Until nothing is left ---- */

/* Type arguments of classes, enums and traits need the implementations that their bounds ask for. */
static bool ensure_types(Checker *c) {
  bool any = false;
  for (; c->types_at < type_table_count(c->types); c->types_at++) {
    const Type *type = type_table_at(c->types, c->types_at);
    Decl *decl = type->nargs ? check_type_decl(c, type) : NULL;
    if (!decl || check_has_hole(c, type)) continue;
    const Type *args[MODULE_TPARAMS_MAX + 1];
    uint32_t hidden = decl->kind == DECL_TRAIT;
    args[0] = type;
    for (uint32_t i = 0; i < type->nargs && i < MODULE_TPARAMS_MAX; i++) args[i + hidden] = type->args[i];
    check_generics_ready(c, decl);
    check_bounds_ensure(c, decl->generics, args);
    any = true;
  }
  return any;
}

void check_queue_run(Checker *c) {
  for (bool any = true; any;) {
    any = false;
    while (c->queue_at < c->queue.count) {
      check_fn_body(c, c->queue.items[c->queue_at++]);
      any = true;
    }
    while (check_synth_next(c)) any = true;
    while (check_impl_next(c)) any = true;
    any |= check_decls_fill(c);
    any |= ensure_types(c);
    any |= check_synth_same(c);
  }
}

/* ---- Entry ---- */

static TNode *call_function(Checker *c, TFunction *f, Span span) {
  TNode *node = check_node(c, TN_CALL, f->result, span);
  node->function = f;
  return node;
}

static Fn *find_main(Checker *c) {
  if (c->inputs_first) return NULL;
  Symbol *symbol = check_table_find(&c->root->names, check_intern(c, "main"));
  if (!symbol || symbol->kind != SYM_FN || symbol->unit != c->root || symbol->fn->ast->host) return NULL;
  Fn *fn = symbol->fn;
  check_fn_ready(c, fn);
  bool takes_args = fn->nparams == 1 && fn->params[0]->kind == TYPE_LIST && fn->params[0]->args[0]->kind == TYPE_STRING;
  const Type *result = fn->result->kind == TYPE_RESULT ? fn->result->args[0] : fn->result;
  bool result_fits = result->kind == TYPE_VOID || result->kind == TYPE_INT || result->kind == TYPE_NEVER || result->kind == TYPE_ERROR;
  if ((fn->nparams == 0 || takes_args) && result_fits && fn->generics->count == 0) return fn;
  diag_help(check_report(c, fn->ast->name_span, DIAG_BAD_MAIN), "write `fn main()` or `fn main(args: [string])`, each with `-> int` if it gives an exit status, or `-> void!`");
  return NULL;
}

TNode *check_or_fail(Checker *c, TNode *call, Span span) {
  const Type *inner = call->type->args[0];
  TNode *node = check_node(c, TN_IF_OK, inner, span);
  node->a = call;
  node->var = check_temp_new(c, "value", inner);
  node->var2 = check_temp_new(c, "error", call->type->args[1]);
  node->b = check_var(c, node->var, span);
  node->c = check_unhandled(c, check_var(c, node->var2, span), span);
  return node;
}

/* Calls main and makes its result the exit status. */
static void call_main(Checker *c, Fn *fn, NodeList *list, Span span) {
  TNode **args = CHECK_ARRAY(c, TNode *, 1);
  if (fn->nparams) args[0] = check_call_prelude(c, "_program_args", NULL, 0, span);
  TNode *call = check_call_fn(c, fn, NULL, args, fn->nparams, span);
  check_push(c, list, call->type->kind == TYPE_RESULT ? check_or_fail(c, call, span) : call);
}

static void make_entry(Checker *c, Fn *main) {
  TFunction *entry = c->root->init;
  NodeList list = {0};
  c->frame = c->root->frame;
  for (size_t i = 0; i < c->init_order.count; i++) {
    Unit *unit = c->init_order.items[i];
    if (unit == c->root || unit->init_nodes.count == 0) continue;
    NodeList nodes = {unit->init_nodes.items, unit->init_nodes.count, unit->init_nodes.capacity};
    if (c->inputs_first) check_session_init(c, &nodes);
    if (nodes.count == 0) continue;
    if (nodes.items[nodes.count - 1]->type->kind != TYPE_NEVER) check_push(c, &nodes, check_void(c, unit->init->span));
    unit->init->body = check_block_node(c, &nodes, unit->init->span);
    check_push(c, &list, call_function(c, unit->init, unit->init->span));
  }
  if (c->root->init_nodes.count) {
    NodeList nodes = {c->root->init_nodes.items, c->root->init_nodes.count, c->root->init_nodes.capacity};
    TNode *top = check_node(c, TN_BLOCK, nodes.items[nodes.count - 1]->type, entry->span);
    top->list = nodes.items;
    top->nlist = (uint32_t)nodes.count;
    check_push(c, &list, top);
  }
  if (main) call_main(c, main, &list, main->ast->name_span);
  TNode *last = list.count ? list.items[list.count - 1] : NULL;
  if (!last || last->type->kind != TYPE_INT) check_push(c, &list, check_int(c, 0, entry->span));
  entry->result = c->t_int;
  entry->body = check_block_node(c, &list, entry->span);
  c->frame = NULL;
  c->typed->entry = entry;
}

/* ---- What the program keeps ---- */

typedef struct Marker {
  Checker *c;
  VEC(TFunction *) list;
} Marker;

static void mark_function(Marker *m, TFunction *f) {
  if (!f || f->emit) return;
  f->emit = m;
  VEC_PUSH(m->c->arena, &m->list, f);
}

static void mark_node(Marker *m, const TNode *node) {
  for (; node; node = node->c) { /* the last child in a loop: chains of else are long */
    mark_function(m, node->function);
    if (node->a) mark_node(m, node->a);
    if (node->b) mark_node(m, node->b);
    for (uint32_t i = 0; i < node->nlist; i++) mark_node(m, node->list[i]);
  }
}

static void add_exports(Checker *c) {
  VEC(__typeof__(*c->typed->exports)) exports = {0};
  for (size_t i = 0; i < c->root->fns.count; i++) {
    Fn *fn = c->root->fns.items[i];
    if (!fn->ast->is_pub || !fn->function || fn->generics->count || fn->result->kind == TYPE_NEVER) continue;
    __typeof__(*c->typed->exports) row = {.name = fn->name, .function = fn->function};
    VEC_PUSH(c->arena, &exports, row);
  }
  c->typed->exports = exports.items;
  c->typed->nexports = (uint32_t)exports.count;
}

/* A test runs in a guest of its own: first come the variables of all modules. */
static void initialise_test(Checker *c, TFunction *test) {
  TFunction *entry = c->typed->entry;
  if (entry->body->nlist < 2) return; /* only the exit status */
  NodeList list = {0};
  c->frame = c->root->frame;
  TNode *call = call_function(c, entry, test->span);
  check_push(c, &list, check_let(c, check_temp_new(c, "status", c->t_int), call, test->span));
  check_push(c, &list, test->body);
  test->body = check_block_node(c, &list, test->span);
  c->frame = NULL;
}

static void add_tests(Checker *c) {
  VEC(__typeof__(*c->typed->tests)) tests = {0};
  for (size_t i = 0; c->options->with_tests && i < c->root->ast->item_count; i++) {
    Item *item = c->root->ast->items[i];
    if (item->kind != ITEM_TEST) continue;
    initialise_test(c, item->info);
    __typeof__(*c->typed->tests) row = {.name = arena_copy(c->arena, item->test.name.text, item->test.name.len), .function = item->info};
    VEC_PUSH(c->arena, &tests, row);
  }
  c->typed->tests = tests.items;
  c->typed->ntests = (uint32_t)tests.count;
}

/* Values of a session may hold any function that an input declared or made. */
static void keep_session(Checker *c, Marker *m) {
  for (uint32_t i = 0; i < c->options->session->ninputs; i++) {
    if (c->tops[i].function->body) mark_function(m, c->tops[i].function);
  }
  for (size_t i = 0; i < c->functions.count; i++) {
    TFunction *f = c->functions.items[i];
    if (f->body && check_is_input(c, f->span.source)) mark_function(m, f);
  }
}

static void keep_reached(Checker *c) {
  Marker m = {.c = c};
  Typed *t = c->typed;
  mark_function(&m, t->entry);
  for (uint32_t i = 0; i < t->nexports; i++) mark_function(&m, t->exports[i].function);
  for (uint32_t i = 0; i < t->ntests; i++) mark_function(&m, t->tests[i].function);
  for (uint32_t i = 0; i < t->nimpl_targets; i++) mark_function(&m, t->impl_targets[i].function);
  if (c->inputs_first) keep_session(c, &m);
  for (size_t i = 0; i < m.list.count; i++) mark_node(&m, m.list.items[i]->body);
  uint32_t count = 0;
  t->functions = CHECK_ARRAY(c, TFunction *, c->functions.count);
  for (size_t i = 0; i < c->functions.count; i++) {
    TFunction *f = c->functions.items[i];
    if (!f->emit) continue;
    f->emit = NULL;
    t->functions[count++] = f;
  }
  t->nfunctions = count;
}

/* ---- All together ---- */

static bool has_failed(const Checker *c) { return c->comp->diags.errors || c->comp->is_late; }

static bool check_program(Checker *c) {
  add_types(c);
  add_names(c);
  c->prelude = check_unit_library(c, "prelude");
  if (!c->prelude) {
    check_report(c, (Span){0}, DIAG_LIBRARY_LACKS, "prelude");
    return false;
  }
  add_core_traits(c);
  if (has_failed(c)) return false;
  check_unit_root(c);
  if (c->has_parse_errors) return false; /* what follows from them is no news */
  for (size_t i = 0; i < c->units.count; i++) {
    Unit *unit = c->units.items[i];
    if (c->inputs_first && unit == c->root) check_session_start(c);
    else unit_frame(c, unit, unit == c->root ? "top level" : arena_format(c->arena, "top level of %s", unit->name));
  }
  for (size_t i = 0; i < c->init_order.count; i++) {
    if (!c->init_order.items[i]->is_library) check_top(c, c->init_order.items[i]);
  }
  for (size_t i = 0; i < c->init_order.count; i++) {
    if (!c->init_order.items[i]->is_library) check_own_unit(c, c->init_order.items[i]);
  }
  if (c->inputs_first) check_session_keep(c);
  Fn *main = find_main(c);
  if (c->options->with_tests) main = NULL; /* it is not run, but it must be right */
  check_queue_run(c);
  check_bounds_run(c);
  check_queue_run(c);
  if (has_failed(c)) return false;
  make_entry(c, main);
  check_queue_run(c);
  if (has_failed(c)) return false;
  if (c->options->warns) check_warn_units(c);
  c->typed->impl_targets = c->targets.items;
  c->typed->nimpl_targets = (uint32_t)c->targets.count;
  add_exports(c);
  add_tests(c);
  keep_reached(c);
  return true;
}

/* Reads the program's own file again, so that its messages are not given twice. */
static void dump_tokens(Checker *c) {
  Diags unread;
  diags_init(&unread, c->arena, &c->comp->sources);
  lex_dump(&c->comp->names, &unread, (Source *)c->root->ast->source, c->options->dump_out);
}

static void document(Checker *c) {
  const char *library = c->options->doc_library;
  Unit *unit = library ? check_unit_library(c, library) : c->root;
  if (unit) check_doc_unit(c, c->options->doc_out, unit, c->options->doc);
}

Module *compile_program(Compilation *compilation, const CompileOptions *options) {
  Module *module = compilation->unfinished = module_new();
  if (!module) arena_lacks(&compilation->arena);
  module_escape(module, compilation->arena.escape);
  compilation->deadline = options->deadline;
  compilation->drops_docs = !options->doc && !(options->session && options->session->doc_of) && !(options->dump & DUMP_AST);
  Typed typed = {.compilation = compilation, .module = module};
  Checker c = {.comp = compilation, .arena = &compilation->arena, .options = options, .module = module, .types = module->types, .typed = &typed};
  bool ok = check_program(&c);
  if (options->dump & DUMP_TOKENS && c.root) dump_tokens(&c);
  if (options->dump & DUMP_AST && c.root) ast_dump(c.root->ast, options->dump_out);
  if (ok && options->dump & DUMP_TYPES) typed_dump(&typed, options->dump_out);
  if (ok && options->doc) document(&c);
  if (ok) ok = emit_module(&typed) && compilation->diags.errors == 0;
  if (options->session && c.root) check_session_answer(&c);
  diags_settle(&compilation->diags);
  module_escape(module, NULL);
  compilation->unfinished = NULL;
  if (ok && !compilation->is_late) return module;
  module_free(module);
  return NULL;
}
