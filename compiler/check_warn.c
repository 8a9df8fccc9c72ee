/* check_warn.c - warnings: what the rules allow and no author means.
 *
 * The checker marks symbols while it looks names up (is_read, is_changed); variables are judged when their scope ends, what top levels declare
 * when everything is checked. The rest is seen where it stands. A warning must be sure: where a program may have a reason there is none.
 * A name that begins with `_` is meant to be unused; what is `pub` is used by others; parameters belong to a signature and are never judged.
 *
 * Nothing is reported of library modules, nor in a session, where what is unused now may be used by the next input. Code that is checked twice is
 * reported twice, and code that turns out wrong is reported too: diags_settle removes both.
 */
#include "compiler/check.h"

#include <stdlib.h>
#include <string.h>

#define warn(c, span, ...) diag_warning(&(c)->comp->diags, (span), __VA_ARGS__)

static bool is_judged(const Checker *c, const Unit *unit, Span span) {
  return c->options->warns && !unit->is_library && span.source;
}

static bool is_here(const Checker *c, Span span) { return is_judged(c, c->frame->unit, span); }

static Str text_of(Checker *c, Span span) { return span_text(&c->comp->sources, span); }

/* ---- Marks ---- */

static bool is_within(Span inner, Span outer) { return inner.source == outer.source && inner.start >= outer.start && inner.end <= outer.end; }

void check_warn_mention(Checker *c, Symbol *symbol, Span span) {
  if (!symbol || symbol->is_read) return;
  bool is_own = false;
  if (symbol->kind == SYM_FN && symbol->fn->ast) is_own = is_within(span, symbol->fn->ast->span);
  if (symbol->kind == SYM_DECL) is_own = is_within(span, symbol->decl->item->span);
  symbol->is_read = !is_own || !span.source;
}

/* A module of the library may have its extensions in others, which see to it that they are there. */
static bool brings(const Unit *import, const Unit *unit) {
  if (import == unit) return true;
  for (size_t i = 0; import && import->is_library && unit->is_library && i < import->imports.count; i++) {
    if (brings(import->imports.items[i], unit)) return true;
  }
  return false;
}

void check_warn_unit_used(Checker *c, const Unit *unit) {
  const Unit *from = c->frame->unit;
  if (!c->options->warns || unit == from || unit == c->prelude || from->is_library) return;
  for (size_t i = 0; i < from->import_symbols.count; i++) {
    Symbol *symbol = from->import_symbols.items[i];
    if (!symbol->is_read && brings(symbol->import, unit)) symbol->is_read = true;
  }
}

/* ---- Variables ---- */

static void warn_unused(Checker *c, const Symbol *symbol) {
  Diag *d = warn(c, symbol->span, symbol->is_changed ? DIAG_NEVER_READ : DIAG_UNUSED_VARIABLE, symbol->name);
  diag_help(d, "if that is meant, call it `_%s`", symbol->name);
}

static void warn_unchanged(Checker *c, const Symbol *symbol, bool is_alone) {
  Diag *d = warn(c, symbol->span, DIAG_NEVER_CHANGED, symbol->name);
  if (is_alone) diag_help(d, "declare it with `let`: `let %s = ...`", symbol->name);
  else diag_help(d, "nor are the others: declare them with `let`");
}

/* Whether one statement declared both. */
static bool goes_with(const Symbol *symbol, const Symbol *other) {
  if (symbol->span.source != other->span.source || symbol->kind != other->kind || !other->is_var) return false;
  return symbol->kind == SYM_LOCAL ? symbol->let == other->let : symbol->global->stmt == other->global->stmt;
}

/* A `var` of several names is right when one of them is assigned; else the first is named. Those of one statement stand together. */
static void judge_var(Checker *c, const SymbolTable *table, uint32_t at) {
  const Symbol *symbol = table->items[at];
  if (at > 0 && goes_with(symbol, table->items[at - 1])) return;
  bool is_changed = false;
  uint32_t end = at;
  for (; end < table->count && goes_with(symbol, table->items[end]); end++) is_changed |= table->items[end]->is_changed || table->items[end]->is_pub;
  if (!is_changed) warn_unchanged(c, symbol, end == at + 1);
}

static void judge_variable(Checker *c, const SymbolTable *table, uint32_t at) {
  const Symbol *symbol = table->items[at];
  if (symbol->name[0] == '_') return;
  if (!symbol->is_read) warn_unused(c, symbol);
  else if (symbol->is_var) judge_var(c, table, at);
}

void check_warn_scope(Checker *c, const Scope *scope) {
  for (uint32_t i = 0; i < scope->table.count; i++) {
    if (is_here(c, scope->table.items[i]->span)) judge_variable(c, &scope->table, i);
  }
}

void check_warn_label(Checker *c, const Loop *loop, const LoopLabel *label) {
  if (!label->name || loop->is_named || label->name[0] == '_' || !is_here(c, label->span)) return;
  diag_help(warn(c, label->span, DIAG_UNUSED_LABEL, label->name), "leave it out");
}

/* ---- Statements ---- */

bool check_warn_dead(Checker *c, const NodeList *list, const Stmt *next) {
  const TNode *last = list->count ? list->items[list->count - 1] : NULL;
  if (!last || !check_is_never(last) || !is_here(c, next->span)) return false;
  Diag *d = warn(c, next->span, DIAG_UNREACHABLE);
  if (last->span.source == next->span.source && last->span.start < next->span.start) diag_note(d, last->span, "what comes before never goes on");
  return true;
}

/* Chains of names: x, self.x, a.b.c. */
static bool is_same_place(const Expr *a, const Expr *b) {
  while (a->kind == b->kind && a->kind == EXPR_MEMBER && a->member.name == b->member.name && !a->member.optional && !b->member.optional) {
    a = a->member.object;
    b = b->member.object;
  }
  if (a->kind != b->kind) return false;
  return a->kind == EXPR_SELF || (a->kind == EXPR_NAME && a->name.name && a->name.name == b->name.name);
}

void check_warn_assign(Checker *c, const Stmt *s) {
  if (s->assign.op != TOK_EQ || !is_here(c, s->span) || !is_same_place(s->assign.target, s->assign.value)) return;
  Str text = text_of(c, s->assign.target->span);
  Diag *d = warn(c, s->span, DIAG_SELF_ASSIGNED, arena_copy(c->arena, text.text, text.len));
  const Expr *target = s->assign.target;
  bool is_own_field = target->kind == EXPR_MEMBER && target->member.object->kind == EXPR_SELF;
  Symbol *other = is_own_field ? check_name_target(c, target->member.name) : NULL;
  if (other && other->kind == SYM_LOCAL) diag_help(d, "for the parameter write `self.%s = %s`", other->name, other->name);
  Symbol *self = c->frame->self;
  bool may_mean_field = target->kind == EXPR_NAME && self && self->var->type->kind == TYPE_CLASS;
  uint32_t index;
  if (!may_mean_field || !check_field_find(c, self->var->type, target->name.name, &index)) return;
  diag_help(d, "for the field write `self.%s = %s`", target->name.name, target->name.name);
}

/* ---- Values that nobody takes ---- */

static bool is_collection(const Checker *c, const Type *type) {
  if (type->kind == TYPE_LIST || type->kind == TYPE_MAP || type->kind == TYPE_BYTES) return true;
  const Decl *decl = type->kind == TYPE_CLASS ? check_type_decl(c, type) : NULL;
  return decl && decl->unit == c->prelude && strcmp(decl->name, "Set") == 0;
}

static bool is_plain_value(const Type *type) {
  return type->kind == TYPE_STRING || type->kind == TYPE_INT || type->kind == TYPE_FLOAT || type->kind == TYPE_CHAR || type->kind == TYPE_BOOL;
}

/* A method of the library on a value that cannot change, or one that makes a collection of a collection: all it does is its value. */
static bool is_without_effect(Checker *c, const TNode *node, Expr *callee) {
  bool is_call = node->kind == TN_CALL || node->kind == TN_OP || node->kind == TN_CALL_IMPORT;
  if (!is_call || !node->nlist) return false;
  if (node->kind == TN_CALL) {
    const Fn *fn = node->function->check;
    if (!fn || !fn->ast || !fn->has_self || !fn->unit->is_library) return false;
  }
  for (uint32_t i = 0; i < node->nlist; i++) {
    if (node->list[i]->type->kind == TYPE_FN) return false;
  }
  const Type *receiver = node->list[0]->type;
  if (!is_plain_value(receiver) && !(is_collection(c, receiver) && is_collection(c, node->type))) return false;
  return !check_path_symbol(c, callee->member.object); /* what it is called on is a value, not a module or type */
}

void check_warn_drop(Checker *c, const TNode *node, const Expr *e) {
  if (e->kind != EXPR_CALL || !is_here(c, e->span)) return;
  if (node->type->kind == TYPE_TRAIT && check_type_decl(c, node->type) == c->core.iterator) {
    diag_help(warn(c, e->span, DIAG_LOST_ITERATOR), "go through it with `for`, or end it with `.each(...)` or `.to_list()`");
    return;
  }
  Expr *callee = e->call.callee;
  if (callee->kind != EXPR_MEMBER || !is_without_effect(c, node, callee)) return;
  Diag *d = warn(c, e->span, DIAG_LOST_VALUE, callee->member.name);
  MethodRef in_place;
  Name name = callee->member.name;
  size_t len = strlen(name);
  bool has_verb = node->list[0]->type->kind == TYPE_LIST && len > 2 && strcmp(name + len - 2, "ed") == 0; /* sorted: sort; reversed: reverse */
  Name verb = has_verb ? check_intern(c, arena_format(c->arena, "%.*s", (int)len - 2 + (name[len - 3] == 's'), name)) : NULL;
  if (verb && check_method_find(c, node->list[0]->type, verb, e->span, &in_place)) diag_help(d, "`%s` changes the list itself", verb);
  else diag_help(d, "keep it: `let x = ...`, or write `let _ = ...` to drop it on purpose");
}

/* ---- Expressions ---- */

void check_warn_operands(Checker *c, const Expr *e, const Type *type) {
  bool is_sure = type->kind == TYPE_INT || type->kind == TYPE_BOOL || type->kind == TYPE_CHAR || type->kind == TYPE_STRING; /* nan != nan */
  if (!is_sure || !is_same_place(e->binary.left, e->binary.right) || !is_here(c, e->span)) return;
  warn(c, e->span, DIAG_SAME_SIDES, token_text(e->binary.op));
}

void check_warn_part(Checker *c, const InterpPart *part) {
  if (part->has_format || part->value->kind != EXPR_INT || !is_here(c, part->value->span)) return;
  Str text = text_of(c, part->value->span);
  if (!text.len || text.text[0] < '0' || text.text[0] > '9') return;
  Diag *d = warn(c, part->value->span, DIAG_NUMBER_IN_TEXT, arena_copy(c->arena, text.text, text.len));
  diag_help(d, "braces of the text itself are doubled, `{{%.*s}}`, or stand in a raw string, `r\"...\"`", (int)text.len, text.text);
}

static int compare_bytes(Str a, Str b) {
  int order = memcmp(a.text, b.text, a.len < b.len ? a.len : b.len);
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Literal keys in order; equal ones by place. */
static int compare_keys(const void *left, const void *right) {
  const Expr *a = *(Expr *const *)left, *b = *(Expr *const *)right;
  int order = (a->kind > b->kind) - (a->kind < b->kind);
  if (!order && a->kind == EXPR_STRING) order = compare_bytes(a->string, b->string);
  if (!order && a->kind == EXPR_INT) order = (a->integer.bits > b->integer.bits) - (a->integer.bits < b->integer.bits);
  if (!order && a->kind == EXPR_CHAR) order = (a->character > b->character) - (a->character < b->character);
  return order;
}

void check_warn_keys(Checker *c, const Expr *e) {
  if (e->map.count < 2 || !is_here(c, e->span)) return;
  Expr **keys = CHECK_ARRAY(c, Expr *, e->map.count);
  size_t count = 0;
  for (size_t i = 0; i < e->map.count; i++) {
    ExprKind kind = e->map.keys[i]->kind;
    if (kind == EXPR_STRING || kind == EXPR_INT || kind == EXPR_CHAR) keys[count++] = e->map.keys[i];
  }
  qsort(keys, count, sizeof *keys, compare_keys);
  for (size_t i = 1; i < count; i++) {
    if (compare_keys(&keys[i - 1], &keys[i]) != 0) continue;
    bool in_order = keys[i - 1]->span.start < keys[i]->span.start;
    Str text = text_of(c, keys[i]->span);
    Diag *d = warn(c, keys[in_order ? i : i - 1]->span, DIAG_KEY_TWICE, arena_copy(c->arena, text.text, text.len));
    diag_note(d, keys[in_order ? i - 1 : i]->span, "and here");
  }
}

/* ---- Declarations ---- */

/* Of literals only. */
static bool is_number(const Expr *e) {
  switch (e->kind) {
    case EXPR_INT:
    case EXPR_FLOAT: return true;
    case EXPR_UNARY: return is_number(e->unary.operand);
    case EXPR_BINARY: return is_number(e->binary.left) && is_number(e->binary.right);
    default: return false;
  }
}

static bool is_inert(const Expr *e);

static bool are_inert(Expr *const *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!is_inert(items[i])) return false;
  }
  return true;
}

static bool is_inert(const Expr *e) {
  switch (e->kind) {
    case EXPR_NIL:
    case EXPR_BOOL:
    case EXPR_CHAR:
    case EXPR_STRING:
    case EXPR_NAME:
    case EXPR_CLOSURE: return true;
    case EXPR_LIST:
    case EXPR_TUPLE: return are_inert(e->list.items, e->list.count);
    default: return is_number(e);
  }
}

bool check_runs_nothing(const Stmt *s) { return s->kind == STMT_LET && !s->let.otherwise && is_inert(s->let.value); }

/* Units come depth first, so what a unit imports is known before it. */
static bool does_more(const Unit *unit) {
  for (size_t i = 0; i < unit->ast->stmt_count; i++) {
    if (!check_runs_nothing(unit->ast->stmts[i])) return true;
  }
  for (size_t i = 0; i < unit->imports.count; i++) {
    if (unit->imports.items[i]->does_more) return true;
  }
  return false;
}

static const char *kind_text(const Symbol *symbol) {
  switch (symbol->kind) {
    case SYM_FN: return "function";
    case SYM_ALIAS: return "type";
    default: return symbol->decl->host ? "type" : symbol->decl->kind == DECL_CLASS ? "class" : symbol->decl->kind == DECL_ENUM ? "enum" : "trait";
  }
}

static void judge_import(Checker *c, const Symbol *symbol) {
  bool is_module = symbol->kind == SYM_UNIT;
  if (symbol->is_read || (is_module && (!symbol->import || symbol->import->does_more))) return;
  diag_help(warn(c, symbol->span, DIAG_UNUSED_IMPORT, symbol->name), "leave it out");
}

static void judge_symbol(Checker *c, const Unit *unit, uint32_t at) {
  const Symbol *symbol = unit->names.items[at];
  if (symbol->name[0] == '_' || !is_judged(c, unit, symbol->span)) return;
  if (symbol->unit != unit || symbol->kind == SYM_UNIT) {
    judge_import(c, symbol);
    return;
  }
  if (symbol->is_pub) return;
  if (symbol->kind == SYM_GLOBAL) {
    judge_variable(c, &unit->names, at);
    return;
  }
  bool is_entry = symbol->kind == SYM_FN && unit == c->root && strcmp(symbol->name, "main") == 0;
  if (symbol->is_read || is_entry) return;
  Diag *d = warn(c, symbol->span, DIAG_UNUSED_DECL, kind_text(symbol), symbol->name);
  diag_help(d, "leave it out, write `pub` before it, or call it `_%s` if that is meant", symbol->name);
}

/* ---- Methods that look like a trait's ---- */

static void judge_method(Checker *c, const Decl *decl, const Fn *fn, Decl *trait, uint32_t nparams, const Type *result) {
  bool is_like = fn->has_self && fn->nparams == nparams && fn->result == result && fn->generics->count == decl->generics->count;
  if (!is_like || (nparams == 2 && fn->params[1] != decl->target)) return;
  if (check_impl_is_written(c, decl->target, trait)) return;
  Diag *d = warn(c, fn->ast->name_span, DIAG_TRAIT_UNNAMED, check_type_text_in(c, decl->target, decl->generics), fn->name, trait->name);
  const char *word = decl->kind == DECL_CLASS ? "class" : decl->kind == DECL_ENUM ? "enum" : "extend", *list = decl->nimpls ? "..., " : "";
  const char *user = trait == c->core.show ? "print" : "==";
  diag_help(d, "write `%s %s: %s%s`, so that `%s` uses it", word, check_type_text_in(c, decl->target, decl->generics), list, trait->name, user);
}

static void judge_decl(Checker *c, const Decl *decl) {
  if (decl->kind == DECL_TRAIT || !decl->target || !is_judged(c, decl->unit, decl->item->span)) return;
  const Decl *type = check_type_decl(c, decl->target);
  if (!type || type->kind == DECL_TRAIT || type->unit->is_library) return;
  for (uint32_t i = 0; i < decl->nmethods; i++) {
    const Fn *fn = decl->method_list[i];
    if (!fn->name || !fn->ast) continue;
    if (strcmp(fn->name, "show") == 0) judge_method(c, decl, fn, c->core.show, 1, c->t_string);
    if (strcmp(fn->name, "eq") == 0) judge_method(c, decl, fn, c->core.eq, 2, c->t_bool);
  }
}

void check_warn_units(Checker *c) {
  for (size_t i = 0; i < c->init_order.count; i++) {
    Unit *unit = c->init_order.items[i];
    if (unit->is_library) continue;
    unit->does_more = does_more(unit);
    for (uint32_t k = 0; k < unit->names.count; k++) judge_symbol(c, unit, k);
    for (size_t k = 0; k < unit->decls.count; k++) judge_decl(c, unit->decls.items[k]);
  }
}
