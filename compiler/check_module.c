/* check_module.c - the units of a program: loading files and library modules, imports, and the names of each top level.
 *
 * Units are loaded depth first in import order, which is also the order of their initialisation. Loading declares names and puts extensions and
 * implementations under the heads of their types, but resolves no types: that happens on demand.
 */
#include "compiler/check.h"

#include <string.h>

#include "compiler/parse.h"

static void unit_load_imports(Checker *c, Unit *unit);

/* ---- Declaring ---- */

static void declare(Checker *c, Unit *unit, Symbol *symbol) {
  if (!symbol->name) return;
  if (check_table_add(c, &unit->names, symbol)) return;
  Symbol *other = check_table_find(&unit->names, symbol->name);
  if (c->inputs_first && unit == c->root && other->span.source != symbol->span.source) {
    symbol->earlier = other;
    check_table_replace(&unit->names, symbol);
    return;
  }
  diag_note(check_report(c, symbol->span, DIAG_REDECLARED, symbol->name), other->span, "declared here first");
}

static Symbol *new_symbol(Checker *c, Unit *unit, SymbolKind kind, Name name, Span span, bool is_pub) {
  Symbol *symbol = check_symbol_new(c, kind, name, span);
  symbol->unit = unit;
  symbol->is_pub = is_pub;
  return symbol;
}

static void declare_fn(Checker *c, Unit *unit, Item *item) {
  Fn *fn = check_fn_new(c, item->fn, unit, NULL);
  VEC_PUSH(c->arena, &unit->fns, fn);
  if (!fn->name) return;
  Symbol *symbol = new_symbol(c, unit, SYM_FN, fn->name, item->fn->name_span, item->is_pub || item->fn->is_pub);
  symbol->fn = fn;
  declare(c, unit, symbol);
}

/* A type of the host is the same wherever it is declared. */
static Decl *host_decl(Checker *c, const Item *item) {
  for (size_t i = 0; i < c->host_decls.count; i++) {
    if (c->host_decls.items[i]->host == item->type.host && c->host_decls.items[i]->name == item->name) return c->host_decls.items[i];
  }
  return NULL;
}

static void declare_decl(Checker *c, Unit *unit, Item *item, DeclKind kind) {
  bool is_host = kind == DECL_CLASS && item->type.host;
  Decl *decl = is_host ? host_decl(c, item) : NULL;
  if (!decl) {
    decl = check_decl_new(c, kind, item, unit);
    VEC_PUSH(c->arena, &unit->decls, decl);
    if (is_host) VEC_PUSH(c->arena, &c->host_decls, decl);
  }
  if (is_host && strcmp(item->type.host, "op") == 0) check_report(c, item->name_span, DIAG_EXTERN_OP);
  if (!item->name) return;
  Symbol *symbol = new_symbol(c, unit, SYM_DECL, item->name, item->name_span, item->is_pub);
  symbol->decl = decl;
  declare(c, unit, symbol);
}

static void declare_alias(Checker *c, Unit *unit, Item *item) {
  Alias *alias = CHECK_NEW(c, Alias);
  alias->item = item;
  alias->unit = unit;
  Symbol *symbol = new_symbol(c, unit, SYM_ALIAS, item->name, item->name_span, item->is_pub);
  symbol->alias = alias;
  declare(c, unit, symbol);
}

static void declare_item(Checker *c, Unit *unit, Item *item) {
  switch (item->kind) {
    case ITEM_FN: declare_fn(c, unit, item); break;
    case ITEM_CLASS: declare_decl(c, unit, item, DECL_CLASS); break;
    case ITEM_TRAIT: declare_decl(c, unit, item, DECL_TRAIT); break;
    case ITEM_ENUM: declare_decl(c, unit, item, DECL_ENUM); break;
    case ITEM_EXTEND: declare_decl(c, unit, item, DECL_EXTEND); break;
    case ITEM_TYPE: declare_alias(c, unit, item); break;
    case ITEM_TEST:
    case ITEM_IMPORT: break;
  }
}

/* Declares the globals that a top-level pattern binds. */
static void declare_globals(Checker *c, Unit *unit, GlobalStmt *g, Pattern *p) {
  switch (p->kind) {
    case PAT_BIND: {
      Symbol *symbol = new_symbol(c, unit, SYM_GLOBAL, p->name, p->span, g->stmt->let.is_pub);
      symbol->is_var = g->stmt->let.is_var;
      symbol->global = CHECK_NEW(c, GlobalVar);
      *symbol->global = (GlobalVar){.symbol = symbol, .unit = unit, .stmt = g, .index = UINT32_MAX};
      p->sym = symbol;
      declare(c, unit, symbol);
      break;
    }
    case PAT_TUPLE:
      for (size_t i = 0; i < p->list.count; i++) declare_globals(c, unit, g, p->list.items[i]);
      break;
    case PAT_CASE:
      for (size_t i = 0; i < p->case_.arg_count; i++) declare_globals(c, unit, g, p->case_.args[i]);
      break;
    default: break;
  }
}

static void declare_stmt(Checker *c, Unit *unit, Stmt *stmt, bool is_early) {
  if (stmt->kind != STMT_LET) return;
  GlobalStmt *g = CHECK_NEW(c, GlobalStmt);
  g->stmt = stmt;
  g->unit = unit;
  g->is_early = is_early;
  stmt->let.info = g;
  declare_globals(c, unit, g, stmt->let.pattern);
}

/* ---- Heads of extensions ---- */

/* The head that a type as written has, without resolving more than names; NULL if there is none. */
static Head *head_of_expr(Checker *c, Unit *unit, TypeExpr *expr) {
  switch (expr->kind) {
    case TYPEX_LIST: return &c->heads[TYPE_LIST];
    case TYPEX_MAP: return &c->heads[TYPE_MAP];
    case TYPEX_TUPLE: return &c->heads[expr->tuple.count ? TYPE_TUPLE : TYPE_VOID];
    case TYPEX_OPTIONAL: return &c->heads[TYPE_OPT];
    case TYPEX_RESULT: return &c->heads[TYPE_RESULT];
    case TYPEX_FN: return &c->heads[TYPE_FN];
    case TYPEX_NAME: break;
    default: return NULL;
  }
  Symbol *symbol = check_type_symbol(c, unit, expr, true);
  if (!symbol) return NULL;
  if (symbol->kind == SYM_DECL) return &symbol->decl->head;
  if (symbol->kind == SYM_BUILTIN) return &c->heads[symbol->builtin];
  check_alias_ready(c, symbol->alias);
  return symbol->alias->type->kind == TYPE_ERROR ? NULL : check_head(c, symbol->alias->type);
}

static bool is_type_param(const Item *item, const TypeExpr *expr) {
  for (size_t i = 0; i < item->type_param_count && expr->kind == TYPEX_NAME && !expr->name.module; i++) {
    if (item->type_params[i].name == expr->name.name) return true;
  }
  return false;
}

/* In a session: drops what an earlier input said of how these types implement the trait. */
static void impls_replace(Checker *c, Head *head, ImplDecl *impl) {
  Decl *trait = check_impl_trait(c, impl);
  size_t kept = 0;
  for (size_t i = 0; i < head->impls.count; i++) {
    ImplDecl *other = head->impls.items[i];
    bool is_old = trait && impl->unit == c->root && other->unit == c->root && other->expr && other->expr->span.source != impl->expr->span.source;
    other->is_replaced = is_old && check_impl_trait(c, other) == trait;
    if (!other->is_replaced) head->impls.items[kept++] = other;
  }
  head->impls.count = kept;
}

static void hang_impls(Checker *c, Decl *decl, Head *head) {
  decl->nimpls = (uint32_t)decl->item->type.trait_count;
  decl->impls = CHECK_ARRAY(c, ImplDecl *, decl->nimpls);
  for (uint32_t i = 0; i < decl->nimpls; i++) {
    ImplDecl *impl = CHECK_NEW(c, ImplDecl);
    *impl = (ImplDecl){.source = decl, .expr = decl->item->type.traits[i], .unit = decl->unit, .index = UINT32_MAX};
    decl->impls[i] = impl;
    if (c->inputs_first) impls_replace(c, head, impl);
    VEC_PUSH(c->arena, &head->impls, impl);
  }
}

static void hang_decl(Checker *c, Decl *decl) {
  if (decl->kind == DECL_TRAIT) return;
  if (decl->kind != DECL_EXTEND) {
    hang_impls(c, decl, &decl->head);
    return;
  }
  TypeExpr *target = decl->item->type.target;
  if (is_type_param(decl->item, target)) {
    check_report(c, target->span, DIAG_EXTEND_PARAM, target->name.name);
    return;
  }
  Head *head = head_of_expr(c, decl->unit, target);
  if (!head) return;
  for (uint32_t i = 0; i < decl->nmethods; i++) {
    if (decl->method_list[i]->name) check_fns_add(c, &head->extensions, decl->method_list[i]);
  }
  hang_impls(c, decl, head);
}

/* ---- Loading ---- */

static void *arena_join(Checker *c, void *first, size_t nfirst, void *second, size_t nsecond, size_t size) {
  char *joined = arena_array(c->arena, nfirst + nsecond, size);
  if (nfirst) memcpy(joined, first, nfirst * size);
  if (nsecond) memcpy(joined + nfirst * size, second, nsecond * size);
  return joined;
}


static Unit *unit_find(Checker *c, const char *path, bool is_library) {
  for (size_t i = 0; i < c->units.count; i++) {
    Unit *unit = c->units.items[i];
    if (unit->is_library == is_library && strcmp(unit->path, path) == 0) return unit;
  }
  return NULL;
}

static Unit *unit_new(Checker *c, const char *path, bool is_library, const char *text, size_t length) {
  Unit *unit = CHECK_NEW(c, Unit);
  unit->id = (uint32_t)c->units.count;
  unit->path = path;
  unit->is_library = is_library;
  unit->load_state = HEAD_BUSY;
  VEC_PUSH(c->arena, &c->units, unit);
  const char *shown = is_library ? arena_format(c->arena, "%s.firn", path) : path;
  Source *source = is_library ? sources_add_library(&c->comp->sources, shown, text, length) : sources_add(&c->comp->sources, shown, text, length);
  if (!source) {
    check_report(c, (Span){0}, DIAG_SOURCE_TOO_LARGE);
    source = sources_add(&c->comp->sources, shown, "", 0);
  }
  source->module = unit->id;
  size_t errors = c->comp->diags.errors;
  unit->ast = parse_module(c->comp, source);
  c->has_parse_errors |= c->comp->diags.errors != errors;
  unit->ast->info = unit;
  return unit;
}

static void unit_declare(Checker *c, Unit *unit) {
  for (size_t i = 0; i < unit->ast->item_count; i++) declare_item(c, unit, unit->ast->items[i]);
  bool is_early = !c->options->session || unit->is_library;
  for (size_t i = 0; i < unit->ast->stmt_count; i++) {
    Stmt *stmt = unit->ast->stmts[i];
    declare_stmt(c, unit, stmt, is_early);
    is_early = is_early && (unit->is_library || check_runs_nothing(stmt));
  }
  unit_load_imports(c, unit);
  for (size_t i = 0; i < unit->decls.count; i++) hang_decl(c, unit->decls.items[i]);
  unit->load_state = HEAD_DONE;
  VEC_PUSH(c->arena, &c->init_order, unit);
}

Unit *check_unit_library(Checker *c, const char *name) {
  Unit *unit = unit_find(c, name, true);
  if (unit) return unit;
  const char *text;
  size_t length;
  if (!c->options->load || !c->options->load(c->options->load_ctx, name, true, &text, &length)) return NULL;
  unit = unit_new(c, name, true, text, length);
  unit->name = check_intern(c, name);
  unit_declare(c, unit);
  return unit;
}

static void ast_append(Checker *c, AstModule *to, const AstModule *from) {
  to->imports = arena_join(c, to->imports, to->import_count, from->imports, from->import_count, sizeof *to->imports);
  to->items = arena_join(c, to->items, to->item_count, from->items, from->item_count, sizeof *to->items);
  to->stmts = arena_join(c, to->stmts, to->stmt_count, from->stmts, from->stmt_count, sizeof *to->stmts);
  to->import_count += from->import_count;
  to->item_count += from->item_count;
  to->stmt_count += from->stmt_count;
}

/* All inputs of a session are one unit of several sources. */
static Unit *unit_session(Checker *c) {
  const CompileSession *session = c->options->session;
  Unit *unit = NULL;
  for (uint32_t i = 0; i < session->ninputs; i++) {
    const CompileInput *input = &session->inputs[i];
    Unit *one = unit_new(c, arena_copy(c->arena, input->path, strlen(input->path)), false, input->text, input->length);
    if (!unit) c->inputs_first = one->ast->source->id;
    if (unit) {
      ast_append(c, unit->ast, one->ast);
      unit->ast->source = one->ast->source;
      one->ast->source->module = unit->id;
      c->units.count--;
    } else {
      unit = one;
    }
  }
  unit->path = arena_copy(c->arena, c->options->path, strlen(c->options->path));
  unit->name = check_intern(c, "main");
  c->root = unit;
  unit_declare(c, unit);
  return unit;
}

Unit *check_unit_root(Checker *c) {
  const CompileOptions *o = c->options;
  if (o->session) return unit_session(c);
  Unit *unit = unit_new(c, arena_copy(c->arena, o->path, strlen(o->path)), false, o->text, o->length);
  unit->name = check_intern(c, "main");
  c->root = unit;
  unit_declare(c, unit);
  return unit;
}

/* Joins the folder of `from` and `path`, resolving `.` and `..`, and appends ".firn". */
static const char *path_join(Checker *c, const char *from, Str path) {
  const char *slash = strrchr(from, '/');
  size_t dir = path.len && path.text[0] == '/' ? 0 : slash ? (size_t)(slash - from) + 1 : 0;
  char *joined = arena_format(c->arena, "%.*s%.*s", (int)dir, from, (int)path.len, path.text);
  const char **parts = CHECK_ARRAY(c, const char *, strlen(joined) + 1);
  size_t *lengths = CHECK_ARRAY(c, size_t, strlen(joined) + 1);
  size_t count = 0;
  for (const char *at = joined; *at;) {
    size_t len = strcspn(at, "/");
    bool is_up = len == 2 && memcmp(at, "..", 2) == 0;
    bool above = count == 0 || (lengths[count - 1] == 2 && memcmp(parts[count - 1], "..", 2) == 0);
    if (is_up && !above) {
      count--;
    } else if (len && !(len == 1 && *at == '.')) {
      parts[count] = at;
      lengths[count++] = len;
    }
    at += len + (at[len] == '/');
  }
  char *out = arena_alloc(c->arena, strlen(joined) + sizeof ".firn" + 1);
  size_t len = 0;
  if (joined[0] == '/') out[len++] = '/';
  for (size_t i = 0; i < count; i++) {
    if (i) out[len++] = '/';
    memcpy(out + len, parts[i], lengths[i]);
    len += lengths[i];
  }
  bool has_ending = len > 5 && memcmp(out + len - 5, ".firn", 5) == 0;
  if (!has_ending) memcpy(out + len, ".firn", 5);
  return out;
}

static void report_missing(Checker *c, const Item *item, const char *path) {
  Diag *d = check_report(c, item->import.path_span, DIAG_NO_MODULE, item->import.is_local ? "file" : "library module", path);
  const char *text;
  size_t length;
  if (item->import.is_local) {
    const char *name = arena_copy(c->arena, item->import.path.text, item->import.path.len);
    bool is_module = *name && c->options->load && c->options->load(c->options->load_ctx, name, true, &text, &length);
    if (is_module) diag_help(d, "a module of the library is imported without quotes: `%s %s`", item->import.alias ? "import" : "from", name);
    return;
  }
  NameSuggestion s = {.wrong = path};
  for (const char *const *name = c->options->library_names; name && *name; name++) name_suggestion_try(&s, check_intern(c, *name));
  if (s.best) diag_help(d, "did you mean `import %s`?", s.best);
  else diag_help(d, "a file of yours is imported by its path: `import \"./%s\"`", path);
}

static void report_cycle(Checker *c, const Item *item, const Unit *to) {
  Diag *d = check_report(c, item->import.path_span, DIAG_IMPORT_CYCLE, to->path);
  diag_help(d, "move what both modules need into a third one that both import");
}

static Unit *load_local(Checker *c, Unit *from, const Item *item, const char *path) {
  Unit *unit = unit_find(c, path, false);
  if (unit && unit->load_state == HEAD_BUSY) {
    report_cycle(c, item, unit);
    return NULL;
  }
  if (unit) return unit;
  const char *text;
  size_t length;
  if (!c->options->load || !c->options->load(c->options->load_ctx, path, false, &text, &length)) {
    report_missing(c, item, path);
    return NULL;
  }
  (void)from;
  unit = unit_new(c, path, false, text, length);
  Str p = item->import.path;
  size_t start = p.len;
  while (start > 0 && p.text[start - 1] != '/') start--;
  unit->name = names_intern(&c->comp->names, p.text + start, p.len - start);
  unit_declare(c, unit);
  return unit;
}

static Unit *load_import(Checker *c, Unit *unit, const Item *item) {
  if (item->import.is_local) {
    const Source *source = unit == c->root && c->inputs_first ? sources_get(&c->comp->sources, item->span.source) : NULL;
    return load_local(c, unit, item, path_join(c, source ? source->path : unit->path, item->import.path));
  }
  const char *name = arena_copy(c->arena, item->import.path.text, item->import.path.len);
  Unit *library = check_unit_library(c, name);
  if (!library) report_missing(c, item, name);
  else if (library->load_state == HEAD_BUSY) report_cycle(c, item, library);
  return library;
}

static void suggest_member(Diag *d, const Unit *unit, Name name) {
  NameSuggestion s = {.wrong = name};
  for (uint32_t i = 0; i < unit->names.count; i++) {
    if (unit->names.items[i]->is_pub) name_suggestion_try(&s, unit->names.items[i]->name);
  }
  if (s.best) diag_help(d, "did you mean `%s`?", s.best);
}

/* A name that could not be imported stays known, so that its uses are no further mistakes. */
static void declare_lost(Checker *c, Unit *unit, const ImportName *name) {
  declare(c, unit, new_symbol(c, unit, SYM_UNIT, name->alias, name->alias_span, false));
}

static void import_name(Checker *c, Unit *unit, Unit *from, const ImportName *name) {
  bool is_hidden;
  Symbol *found = check_unit_member(unit, from, name->name, &is_hidden);
  if (!found && c->has_parse_errors) { /* it may stand where the parser was lost */
    declare_lost(c, unit, name);
    return;
  }
  if (!found || is_hidden) {
    Diag *d = check_report(c, name->name_span, is_hidden ? DIAG_NOT_PUBLIC : DIAG_NO_UNIT_MEMBER, is_hidden ? name->name : from->name,
                           is_hidden ? from->name : name->name);
    if (is_hidden) diag_note(diag_help(d, "write `pub` before its declaration"), found->span, "declared here");
    else suggest_member(d, from, name->name);
    declare_lost(c, unit, name);
    return;
  }
  Symbol *symbol = CHECK_NEW(c, Symbol);
  *symbol = *found;
  symbol->name = name->alias;
  symbol->span = name->alias_span;
  symbol->is_pub = symbol->is_read = false;
  declare(c, unit, symbol);
}

static void unit_load_imports(Checker *c, Unit *unit) {
  for (size_t i = 0; i < unit->ast->import_count; i++) {
    Item *item = unit->ast->imports[i];
    if (!item->import.path.len) continue; /* reported by the parser */
    Unit *from = load_import(c, unit, item);
    if (!from) {
      /* The names stay known, so that their uses are no further mistakes. */
      Symbol *symbol = item->import.alias ? new_symbol(c, unit, SYM_UNIT, item->import.alias, item->import.alias_span, false) : NULL;
      if (symbol) declare(c, unit, symbol);
      for (size_t k = 0; k < item->import.name_count; k++) {
        const ImportName *name = &item->import.names[k];
        Symbol *lost = new_symbol(c, unit, SYM_UNIT, name->alias, name->alias_span, false);
        declare(c, unit, lost);
      }
      continue;
    }
    VEC_PUSH(c->arena, &unit->imports, from);
    if (item->import.alias) {
      Symbol *symbol = new_symbol(c, unit, SYM_UNIT, item->import.alias, item->import.alias_span, false);
      symbol->import = from;
      VEC_PUSH(c->arena, &unit->import_symbols, symbol);
      declare(c, unit, symbol);
    }
    for (size_t k = 0; k < item->import.name_count; k++) {
      if (item->import.names[k].name) import_name(c, unit, from, &item->import.names[k]);
    }
  }
}

/* ---- What the checker takes from the prelude ---- */

Fn *check_prelude_fn(Checker *c, const char *name) {
  Symbol *symbol = c->prelude ? check_table_find(&c->prelude->names, check_intern(c, name)) : NULL;
  if (symbol && symbol->kind == SYM_FN) return symbol->fn;
  check_report(c, (Span){0}, DIAG_LIBRARY_LACKS, name);
  return NULL;
}

Decl *check_prelude_decl(Checker *c, const char *name) {
  Symbol *symbol = c->prelude ? check_table_find(&c->prelude->names, check_intern(c, name)) : NULL;
  if (symbol && symbol->kind == SYM_DECL) return symbol->decl;
  check_report(c, (Span){0}, DIAG_LIBRARY_LACKS, name);
  return NULL;
}
