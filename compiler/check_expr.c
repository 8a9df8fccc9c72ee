/* check_expr.c - expressions: literals, names, blocks and conditions, and the implicit conversions.
 *
 * Types flow inward as the `expected` hint and outward as the node's type; check_expr_as then converts or reports. Where the value of several
 * branches is wanted they all convert to the expected type, or to the first branch's.
 */
#include "compiler/check.h"
#include "compiler/hints.h"

#include <string.h>

/* ---- Conversions ---- */

void check_mismatch(Checker *c, Span span, const Type *expected, const Type *found) {
  if (expected->kind == TYPE_ERROR || found->kind == TYPE_ERROR) return;
  c->says_inputs = c->inputs_first != 0;
  const char *want = check_type_text(c, expected), *have = check_type_text(c, found);
  c->says_inputs = false;
  Diag *d = check_report(c, span, DIAG_TYPE_MISMATCH, want, have);
  Str text = span_text(&c->comp->sources, span);
  bool is_short = text.len > 0 && text.len <= 40 && !memchr(text.text, '\n', text.len);
  const char *shown = is_short ? arena_copy(c->arena, text.text, text.len) : "x";
  const Type *inner = expected->kind == TYPE_OPT ? expected->args[0] : expected;
  bool numeric = (inner->kind == TYPE_FLOAT && found->kind == TYPE_INT) || (inner->kind == TYPE_INT && found->kind == TYPE_FLOAT);
  if (found->kind == TYPE_VOID) diag_help(d, "this gives no value");
  else if (expected->kind == TYPE_BOOL && found->kind == TYPE_INT) diag_help(d, "compare it: `%s != 0`", shown);
  else if (expected->kind == TYPE_BOOL && found->kind == TYPE_OPT) diag_help(d, "write `%s != nil`, or `if let x = %s`", shown, shown);
  else if (numeric) diag_help(d, "convert it: `%s(%s)`", type_kind_name((TypeKind)inner->kind), shown);
  else if (inner->kind == TYPE_STRING && found->kind != TYPE_OPT && found->kind != TYPE_RESULT) diag_help(d, "make it text: `string(%s)`", shown);
  else if (found->kind == TYPE_OPT && check_can_coerce(c, found->args[0], expected))
    diag_help(d, "it may be nil: write `%s ?? other`, `if let`, or `%s!` to panic on nil", shown, shown);
  else if (found->kind == TYPE_RESULT && check_can_coerce(c, found->args[0], expected))
    diag_help(d, "it may be an error: write `try %s`, or `%s catch ...`", shown, shown);
  else if (expected->kind == TYPE_TRAIT) diag_help(d, "`%s` does not implement `%s`", have, want);
  else if (inner->kind == TYPE_CHAR && found->kind == TYPE_STRING && shown[0] == '"') diag_help(d, "a char stands in single quotes: `'x'`");
  else if (expected->kind == TYPE_INT && found->kind == TYPE_STRING) diag_help(d, "read a number with `int(%s)`, which gives an `int?`", shown);
}

static const Type *trait_of(Checker *c, const Type *from, const Type *to) {
  if (from->kind == TYPE_ERROR || from->kind == TYPE_NEVER) return NULL;
  const Type *found = check_satisfied(c, c->frame->generics, from, check_type_decl(c, to));
  return found && check_fits(c, to, found) ? found : NULL;
}

bool check_can_coerce(Checker *c, const Type *from, const Type *to) {
  if (from->kind == TYPE_NEVER || check_fits(c, to, from)) return true;
  if (to->kind == TYPE_OPT || to->kind == TYPE_RESULT) return check_can_coerce(c, from, to->args[0]);
  return to->kind == TYPE_TRAIT && trait_of(c, from, to) != NULL;
}

static TNode *to_trait(Checker *c, TNode *node, const Type *to, Span span) {
  const Type *trait = trait_of(c, node->type, to);
  check_impl_ensure(c, node->type, trait);
  TNode *made = check_op(c, OP_TRAIT_NEW, node->type, trait, span, node, NULL, NULL);
  made->u = trait;
  return made;
}

static TNode *convert(Checker *c, TNode *node, const Type *to, Span span) {
  if (check_is_never(node) || check_fits(c, to, node->type)) return node;
  if (to->kind == TYPE_TRAIT) return to_trait(c, node, to, span);
  TNode *inner = convert(c, node, to->args[0], span);
  if (to->kind == TYPE_OPT) return check_some(c, inner, span);
  const Type *result = check_type_result(c, inner->type);
  return check_op(c, OP_RES_OK, result, result, span, inner, NULL, NULL);
}

TNode *check_coerce(Checker *c, TNode *node, const Type *expected, Span span) {
  if (!expected || node->type->kind == TYPE_ERROR) return node;
  if (expected->kind == TYPE_ERROR) return check_error_node(c, span);
  if (check_can_coerce(c, node->type, expected)) return convert(c, node, expected, span);
  check_mismatch(c, span, expected, node->type);
  return check_error_node(c, span);
}

const Type *check_peel(const Checker *c, const Type *expected, TypeKind kind) {
  for (; expected && expected != c->t_hole; expected = expected->args[0]) {
    if (expected->kind == kind) return expected;
    if (expected->kind != TYPE_OPT && expected->kind != TYPE_RESULT) return NULL;
  }
  return NULL;
}

bool check_needs_expected(const Expr *e) {
  switch (e->kind) {
    case EXPR_NIL:
    case EXPR_CASE: return true;
    case EXPR_LIST: return e->list.count == 0 || check_needs_expected(e->list.items[0]);
    case EXPR_MAP: return e->map.count == 0;
    case EXPR_CALL: return e->call.callee->kind == EXPR_CASE;
    case EXPR_TUPLE:
      for (size_t i = 0; i < e->list.count; i++) {
        if (check_needs_expected(e->list.items[i])) return true;
      }
      return false;
    default: return false;
  }
}

/* ---- Several branches, one value ---- */

static void join_type(Join *j, const TNode *node, Span span) {
  if (j->type || check_is_never(node) || node->type->kind == TYPE_ERROR) return;
  j->type = node->type;
  j->first = span;
}

/* Where a block gives its value. */
static Span value_span(const Block *block) {
  const Stmt *last = block->count ? block->stmts[block->count - 1] : NULL;
  return last ? last->span : block->span;
}

static void note_first(Checker *c, const Join *j, size_t from, const Expr *e) {
  if (c->comp->diags.count == from || !j->type || j->type == j->expected) return;
  check_note_value(c, from, e, j->first, arena_format(c->arena, "the first is `%s`", check_type_text(c, j->type)));
}

static const Type *join_hint(const Join *j) { return j->type ? j->type : j->expected; }

TNode *check_join_expr(Checker *c, Join *j, Expr *e) {
  if (j->is_dropped) return check_expr_drop(c, e);
  size_t from = c->comp->diags.count;
  TNode *node = check_expr_as(c, e, join_hint(j));
  note_first(c, j, from, e);
  join_type(j, node, e->kind == EXPR_BLOCK ? value_span(e->block) : e->span);
  return node;
}

static TNode *join_block(Checker *c, Join *j, Block *block) {
  TNode *node = check_block(c, block, j->is_dropped ? NULL : join_hint(j), j->is_dropped);
  if (!j->is_dropped) join_type(j, node, value_span(block));
  return node;
}

const Type *check_joined(Checker *c, const Join *j, const TNode *a, const TNode *b) {
  if (a->type->kind == TYPE_ERROR || b->type->kind == TYPE_ERROR) return c->t_error;
  if (check_is_never(a) && check_is_never(b)) return c->t_never;
  return j->is_dropped || !j->type ? c->t_void : j->type;
}

/* ---- Literals ---- */

static TNode *check_nil_expr(Checker *c, Expr *e, const Type *expected) {
  const Type *opt = expected;
  while (opt && opt->kind == TYPE_RESULT) opt = opt->args[0];
  if (opt && opt->kind == TYPE_ERROR) return check_error_node(c, e->span);
  if (opt && opt->kind == TYPE_OPT && !check_has_hole(c, opt)) return check_nil(c, opt->args[0], e->span);
  if (opt && opt != c->t_hole && opt->kind != TYPE_OPT) {
    Diag *d = check_report(c, e->span, DIAG_NIL_NOT_HERE, check_type_text(c, opt));
    diag_help(d, "only a `%s?` can be nil; say so where it goes: `let x: %s? = ...`", check_type_text(c, opt), check_type_text(c, opt));
  } else {
    diag_help(check_report(c, e->span, DIAG_NIL_UNTYPED), "say where it goes what it may hold: `let x: int? = ...`");
  }
  return check_error_node(c, e->span);
}

/* An element that may be an error cannot be kept: false after reporting. */
static bool is_kept(Checker *c, const TNode *node, const Expr *e) {
  if (node->type->kind == TYPE_RESULT) {
    diag_help(check_report(c, e->span, DIAG_UNHANDLED_RESULT), "pass the error on with `try`, or handle it with `catch`");
    return false;
  }
  return node->type->kind != TYPE_ERROR;
}

static TNode *check_list(Checker *c, Expr *e, const Type *expected) {
  const Type *list = check_peel(c, expected, TYPE_LIST);
  Join j = {.expected = list ? list->args[0] : NULL};
  if (expected && expected->kind == TYPE_ERROR) j.expected = c->t_error;
  uint32_t count = (uint32_t)e->list.count;
  TNode **items = CHECK_ARRAY(c, TNode *, count);
  bool is_bad = false;
  for (uint32_t i = 0; i < count; i++) {
    items[i] = check_join_expr(c, &j, e->list.items[i]);
    is_bad |= !is_kept(c, items[i], e->list.items[i]);
  }
  if (is_bad) return check_error_node(c, e->span);
  const Type *element = j.type ? j.type : j.expected;
  if (!element || check_has_hole(c, element)) {
    diag_help(check_report(c, e->span, DIAG_EMPTY_UNTYPED, "list"), "say what it holds: `let xs: [int] = []`");
    return check_error_node(c, e->span);
  }
  TNode *node = check_op_list(c, OP_LIST_NEW, element, check_type_list(c, element), e->span, items, count);
  node->index = count;
  return element->kind == TYPE_ERROR ? check_error_node(c, e->span) : node;
}

static TNode *check_map(Checker *c, Expr *e, const Type *expected) {
  const Type *map = check_peel(c, expected, TYPE_MAP);
  if (expected && expected->kind == TYPE_ERROR) return check_error_node(c, e->span);
  Join keys = {.expected = map ? map->args[0] : NULL}, values = {.expected = map ? map->args[1] : NULL};
  uint32_t count = (uint32_t)e->map.count;
  TNode **nodes = CHECK_ARRAY(c, TNode *, 2 * (size_t)count);
  for (uint32_t i = 0; i < count; i++) {
    nodes[2 * i] = check_join_expr(c, &keys, e->map.keys[i]);
    nodes[2 * i + 1] = check_join_expr(c, &values, e->map.values[i]);
  }
  bool is_bad = false;
  for (uint32_t i = 0; i < count; i++) {
    is_bad |= !is_kept(c, nodes[2 * i], e->map.keys[i]);
    is_bad |= !is_kept(c, nodes[2 * i + 1], e->map.values[i]);
  }
  if (is_bad) return check_error_node(c, e->span);
  if (c->options->warns) check_warn_keys(c, e);
  const Type *args[] = {keys.type ? keys.type : keys.expected, values.type ? values.type : values.expected};
  if (!args[0] || !args[1] || check_has_hole(c, args[0]) || check_has_hole(c, args[1])) {
    diag_help(check_report(c, e->span, DIAG_EMPTY_UNTYPED, "map"), "say what it holds: `let m: [string: int] = [:]`");
    return check_error_node(c, e->span);
  }
  const Type *type = check_type_new(c, TYPE_MAP, 0, args, 2, e->span);
  if (type->kind == TYPE_ERROR) return check_error_node(c, e->span);
  TNode *made = check_op(c, OP_MAP_NEW, args[0], type, e->span, NULL, NULL, NULL);
  made->u = args[1];
  NodeList list = {0};
  TVar *var = check_temp_new(c, "map", type);
  check_push(c, &list, check_let(c, var, made, e->span));
  for (uint32_t i = 0; i < count; i++) {
    TNode **operands = CHECK_ARRAY(c, TNode *, 3);
    operands[0] = check_var(c, var, e->span);
    operands[1] = nodes[2 * i];
    operands[2] = nodes[2 * i + 1];
    TNode *set = check_map_set(c, operands, e->map.keys[i]->span);
    if (set->type->kind == TYPE_ERROR) return set;
    check_push(c, &list, set);
  }
  if (count == 0) return made;
  check_push(c, &list, check_var(c, var, e->span));
  return check_block_node(c, &list, e->span);
}

static TNode *check_tuple(Checker *c, Expr *e, const Type *expected) {
  if (e->list.count == 0) return check_void(c, e->span);
  const Type *tuple = check_peel(c, expected, TYPE_TUPLE);
  if (tuple && tuple->nargs != e->list.count) tuple = NULL;
  uint32_t count = (uint32_t)e->list.count;
  TNode **items = CHECK_ARRAY(c, TNode *, count);
  const Type **parts = CHECK_ARRAY(c, const Type *, count);
  bool is_bad = count > TYPE_ARGS_MAX, is_never = false;
  if (is_bad) check_report(c, e->span, DIAG_TOO_MANY, "parts", TYPE_ARGS_MAX);
  for (uint32_t i = 0; i < count; i++) {
    const Type *hint = tuple ? tuple->args[i] : NULL;
    items[i] = hint ? check_expr_as(c, e->list.items[i], hint) : check_expr(c, e->list.items[i], NULL);
    parts[i] = items[i]->type;
    is_bad |= !is_kept(c, items[i], e->list.items[i]);
    is_never |= check_is_never(items[i]);
  }
  if (is_bad) return check_error_node(c, e->span);
  if (is_never) {
    NodeList list = {0};
    for (uint32_t i = 0; i < count; i++) check_push(c, &list, items[i]);
    return check_block_node(c, &list, e->span);
  }
  const Type *type = check_type_tuple(c, parts, count, e->span);
  return type->kind == TYPE_ERROR ? check_error_node(c, e->span) : check_op_list(c, OP_TUPLE_NEW, type, type, e->span, items, count);
}

/* A string is no end of a range: people who come from Lua join with `..`. */
static bool joins_by_range(Checker *c, Expr *e, const TNode *low) {
  if (low->type->kind != TYPE_STRING) return false;
  check_expr(c, e->range.high, NULL);
  diag_help(check_report(c, e->range.low->span, DIAG_TYPE_MISMATCH, "int", "string"), "`a..b` is a range of ints; strings are joined by `a + b`, or `\"{a}{b}\"`");
  return true;
}

bool check_range_ends(Checker *c, Expr *e, TNode **low, TNode **high) {
  if (!e->range.low || !e->range.high) return false;
  *low = check_expr(c, e->range.low, c->t_int);
  if (joins_by_range(c, e, *low)) return false;
  *low = check_coerce(c, *low, c->t_int, e->range.low->span);
  *high = check_expr_as(c, e->range.high, c->t_int);
  return (*low)->type->kind != TYPE_ERROR && (*high)->type->kind != TYPE_ERROR;
}

/* a..b as a value is a Range of the prelude. */
static TNode *check_range(Checker *c, Expr *e) {
  Decl *range = check_prelude_decl(c, "Range");
  TNode **fields = CHECK_ARRAY(c, TNode *, 4);
  if (!check_range_ends(c, e, &fields[0], &fields[1]) || !range) return check_error_node(c, e->span);
  fields[2] = check_bool(c, e->range.inclusive, e->span);
  fields[3] = check_int(c, 1, e->span);
  check_fields_ready(c, range);
  const Type *type = check_type_of_decl(c, range, NULL, 0, e->span);
  return check_op_list(c, OP_NEW, type, type, e->span, fields, 4);
}

static TNode *check_literal(Checker *c, Expr *e) {
  TNode *node;
  switch (e->kind) {
    case EXPR_BOOL: return check_bool(c, e->boolean, e->span);
    case EXPR_INT: return check_int(c, (int64_t)e->integer.bits, e->span);
    case EXPR_FLOAT:
      node = check_node(c, TN_CONST, c->t_float, e->span);
      node->value.f = e->real;
      return node;
    case EXPR_CHAR:
      node = check_node(c, TN_CONST, c->t_char, e->span);
      node->value.i = e->character;
      return node;
    default: return check_str(c, e->string.text, e->string.len, e->span);
  }
}

/* ---- Names ---- */

static TNode *unknown_name(Checker *c, Expr *e) {
  Name name = e->name.name;
  Diag *d = check_report(c, e->span, DIAG_UNKNOWN_NAME, name);
  const Type *self = c->frame->self_type;
  uint32_t index;
  Decl *decl = self ? check_type_decl(c, self) : NULL;
  bool is_member = self && ((decl && decl->kind == DECL_CLASS && check_field_find(c, self, name, &index)) || (decl && check_fns_find(&decl->methods, name)));
  const char *help = hint_find(HINT_NAME, name);
  if (!help) help = hint_find(HINT_WORD, name);
  Name best = check_name_suggest(c, name, false);
  const Decl *owner = check_case_owner(c, name);
  const char *text;
  size_t len;
  if (is_member) diag_help(d, "a member of the object is written `self.%s`", name);
  else if (help) diag_help(d, "%s", help);
  else if (c->options->load && c->options->load(c->options->load_ctx, name, true, &text, &len) && strcmp(name, "prelude") != 0)
    diag_help(d, "`%s` is a module: write `import %s` at the top of the file", name, name);
  else if (owner) diag_help(d, "a case is written `%s.%s`, or `.%s` where its type is known", owner->name, name, name);
  else if (best) diag_help(d, "did you mean `%s`?", best);
  Scope *scope = c->frame->scope; /* further mentions are the same mistake */
  while (scope->outer) scope = scope->outer;
  Symbol *symbol = check_symbol_new(c, SYM_LOCAL, name, e->span);
  symbol->var = check_temp_new(c, name, c->t_error);
  symbol->is_var = true;
  check_table_add(c, &scope->table, symbol);
  return check_error_node(c, e->span);
}

static TNode *symbol_node(Checker *c, Symbol *symbol, Expr *e, const Type *expected) {
  switch (symbol->kind) {
    case SYM_LOCAL: return symbol->var->type->kind == TYPE_ERROR ? check_error_node(c, e->span) : check_var(c, symbol->var, e->span);
    case SYM_GLOBAL: {
      const Type *type = check_global_type(c, symbol->global, e->span);
      if (type->kind == TYPE_ERROR) return check_error_node(c, e->span);
      TNode *node = check_node(c, symbol->global->constant ? TN_CONST : TN_GLOBAL, type, e->span);
      if (symbol->global->constant) {
        node->value = symbol->global->constant->value;
        node->str = symbol->global->constant->str;
      }
      node->index = symbol->global->index;
      return node;
    }
    case SYM_FN: return check_fn_value(c, symbol->fn, expected, e->span);
    case SYM_UNIT:
      if (symbol->import) diag_help(check_report(c, e->span, DIAG_NOT_A_VALUE, symbol->name, "a module"), "write `%s.name`", symbol->name);
      return check_error_node(c, e->span);
    case SYM_SPECIAL:
      diag_help(check_report(c, e->span, DIAG_NOT_A_VALUE, symbol->name, "a built-in function"), "wrap it: `|x| %s(x)`", symbol->name);
      return check_error_node(c, e->span);
    default: {
      Diag *d = check_report(c, e->span, DIAG_NOT_A_VALUE, symbol->name, "a type");
      bool is_class = symbol->kind == SYM_DECL && symbol->decl->kind == DECL_CLASS;
      if (is_class) diag_help(d, "make one: `%s(...)`", symbol->name);
      return check_error_node(c, e->span);
    }
  }
}

TNode *check_name(Checker *c, Expr *e, const Type *expected) {
  Symbol *symbol = e->name.name ? check_name_find(c, e->name.name, e->span) : NULL;
  if (symbol) return symbol_node(c, symbol, e, expected);
  return e->name.name ? unknown_name(c, e) : check_error_node(c, e->span);
}

static TNode *check_self(Checker *c, Expr *e) {
  Symbol *symbol = check_name_find(c, check_intern(c, "self"), e->span);
  if (symbol) return check_var(c, symbol->var, e->span);
  Frame *frame = c->frame;
  while (frame->outer) frame = frame->outer;
  Fn *fn = frame->function->check;
  bool is_repeated = fn && fn->lacks_self;
  if (is_repeated) return check_error_node(c, e->span);
  Diag *d = check_report(c, e->span, DIAG_NO_SELF);
  bool is_member = fn && fn->ast && fn->owner;
  if (is_member) diag_help(d, "add `self` as the first parameter of `%s`", fn->name);
  else diag_help(d, "`self` is the object of a method: a function in a class, trait, enum or extension");
  if (fn) fn->lacks_self = is_member;
  return check_error_node(c, e->span);
}

bool check_lacks_self(Checker *c, Fn *fn) {
  if (!fn->ast || fn->unit->is_library) return false;
  if (fn->ast->body || fn->ast->body_pending) {
    Frame *frame = c->frame;
    Chain *chain = c->chain;
    c->chain = NULL;
    check_fn_reach(c, fn);
    check_fn_body(c, fn);
    c->frame = frame;
    c->chain = chain;
  }
  return fn->lacks_self;
}

/* ---- Values that are not wanted ---- */

static bool may_drop(const Expr *e) {
  switch (e->kind) {
    case EXPR_CALL:
    case EXPR_TRY:
    case EXPR_CATCH:
    case EXPR_SPAWN: return true;
    case EXPR_CHAIN: return may_drop(e->inner);
    default: return false;
  }
}

static void report_unused(Checker *c, const TNode *node, const Expr *e) {
  if (node->type->kind == TYPE_RESULT) {
    Diag *d = check_report(c, e->span, DIAG_UNHANDLED_RESULT);
    diag_help(d, "pass the error on with `try`, or handle it with `catch`");
    return;
  }
  Diag *d = check_report(c, e->span, DIAG_UNUSED_VALUE, check_type_text(c, node->type));
  const Fn *fn = check_frame_fn(c);
  bool is_result = fn && fn->result->kind == TYPE_VOID && !fn->ast->result && fn->ast->body && check_gives(fn->ast->body, e->span);
  if (e->kind == EXPR_BINARY && e->binary.op == TOK_EQ_EQ) diag_help(d, "to assign write `=`");
  else if (node->type->kind == TYPE_FN && (e->kind == EXPR_NAME || e->kind == EXPR_MEMBER)) diag_help(d, "to call it write `()` behind it");
  else if (is_result && strcmp(fn->name, "main") != 0)
    diag_help(d, "a function that gives a value says so: `-> %s` before its body", check_type_text(c, node->type));
  else diag_help(d, "use it, or write `let _ = ...` to drop it on purpose");
}

TNode *check_drop(Checker *c, TNode *node, const Expr *e) {
  TypeKind kind = (TypeKind)node->type->kind;
  if (kind == TYPE_VOID || kind == TYPE_NEVER || kind == TYPE_ERROR) return node;
  bool is_result = kind == TYPE_RESULT || (kind == TYPE_OPT && node->type->args[0]->kind == TYPE_RESULT);
  if (!may_drop(e) || is_result) {
    report_unused(c, node, e);
    return check_error_node(c, e->span);
  }
  if (c->options->warns) check_warn_drop(c, node, e);
  NodeList list = {0};
  check_push(c, &list, node);
  check_push(c, &list, check_void(c, e->span));
  return check_block_node(c, &list, e->span);
}

TNode *check_expr_drop(Checker *c, Expr *e) {
  switch (e->kind) {
    case EXPR_BLOCK: return check_block(c, e->block, NULL, true);
    case EXPR_IF: return check_if_expr(c, e, NULL, true);
    case EXPR_MATCH: return check_match(c, e, NULL, true);
    case EXPR_CATCH: return check_catch(c, e, NULL, true);
    case EXPR_CHAIN: return check_drop(c, check_chain(c, e, NULL, true), e);
    default: return check_drop(c, check_expr(c, e, NULL), e);
  }
}

/* ---- Blocks ---- */

/* The last expression of a body that gives void! may be any that can be dropped. */
static TNode *block_value(Checker *c, Expr *e, const Type *expected) {
  if (!expected && e->kind == EXPR_IF && !e->if_.otherwise) return check_expr_drop(c, e);
  bool is_void_result = expected && expected->kind == TYPE_RESULT && expected->args[0]->kind == TYPE_VOID;
  if (!is_void_result) return check_expr_as(c, e, expected);
  bool branches = e->kind == EXPR_BLOCK || e->kind == EXPR_IF || e->kind == EXPR_MATCH || e->kind == EXPR_CATCH;
  if (branches && !(e->kind == EXPR_IF && !e->if_.otherwise)) return check_expr_as(c, e, expected);
  TNode *node = check_expr(c, e, expected);
  if (node->type->kind == TYPE_RESULT) return check_coerce(c, node, expected, e->span);
  return check_coerce(c, check_drop(c, node, e), expected, e->span);
}

static void report_no_value(Checker *c, const Block *block, const Type *expected) {
  const Stmt *last = block->count ? block->stmts[block->count - 1] : NULL;
  Diag *d = check_report(c, block->end_span.end ? block->end_span : block->span, DIAG_BLOCK_NO_VALUE, check_type_text(c, expected));
  if (last && last->kind == STMT_ASSIGN) diag_help(d, "an assignment has no value; write the variable on a line of its own behind it");
  else if (last && last->kind == STMT_EXPR && (last->expr->kind == EXPR_WHILE || last->expr->kind == EXPR_FOR))
    diag_help(d, "a loop gives no value; write one behind it, or `panic(...)` if it never ends there");
  else if (!block->count && expected->kind == TYPE_MAP) diag_help(d, "braces make a block; an empty map is `[:]`");
  else if (!block->count && expected->kind == TYPE_LIST) diag_help(d, "braces make a block; an empty list is `[]`");
  else diag_help(d, "the value of a block is its last expression");
}

/* Checks the expression that gives the block its value; false after an error. */
static bool last_value(Checker *c, const Block *block, Expr *e, const Type *expected, NodeList *list) {
  bool is_dead = list->count && check_is_never(list->items[list->count - 1]);
  if (is_dead) return check_expr(c, e, expected)->type->kind != TYPE_ERROR; /* behind a `return` nobody asks for the value */
  bool is_loop = (e->kind == EXPR_WHILE || e->kind == EXPR_FOR) && expected && !check_can_coerce(c, c->t_void, expected);
  TNode *node = is_loop ? check_expr(c, e, NULL) : block_value(c, e, expected);
  if (is_loop && node->type->kind == TYPE_VOID) {
    if (expected->kind != TYPE_ERROR) report_no_value(c, block, expected);
    return false;
  }
  if (node->type->kind == TYPE_ERROR) return false;
  check_push(c, list, node);
  return true;
}

TNode *check_block(Checker *c, Block *block, const Type *expected, bool is_dropped) {
  NodeList list = {0};
  bool is_bad = false, is_dead = !c->options->warns;
  check_scope_push(c);
  size_t before_last = 0;
  for (size_t i = 0; i < block->count; i++) {
    Stmt *stmt = block->stmts[i];
    before_last = list.count;
    if (!is_dead) is_dead = check_warn_dead(c, &list, stmt);
    if (i + 1 < block->count || stmt->kind != STMT_EXPR || is_dropped) check_stmt_into(c, stmt, &list);
    else is_bad = !last_value(c, block, stmt->expr, expected, &list);
  }
  bool has_value = block->count && block->stmts[block->count - 1]->kind == STMT_EXPR;
  bool is_never = list.count && check_is_never(list.items[list.count - 1]);
  if (!has_value && !is_dropped && !is_never && expected) {
    if (check_can_coerce(c, c->t_void, expected)) {
      check_push(c, &list, check_coerce(c, check_void(c, block->span), expected, block->span));
    } else {
      /* An assignment that is wrong may have been two statements by intention: `x = y` and, on the next line, `.case`. */
      bool is_reported = block->count && block->stmts[block->count - 1]->kind == STMT_ASSIGN && list.count == before_last;
      if (expected->kind != TYPE_ERROR && !is_reported) report_no_value(c, block, expected);
      is_bad = true;
    }
  }
  check_scope_pop(c);
  if (is_bad && !is_never) return check_error_node(c, block->span);
  if (list.count && !is_never && is_dropped && list.items[list.count - 1]->type->kind != TYPE_VOID) check_push(c, &list, check_void(c, block->span));
  TNode *node = check_block_node(c, &list, block->span);
  return node;
}

/* ---- if ---- */

/* True if a pattern reads the value that it is matched with more than once. */
static bool reads_often(const Pattern *p, const Type *type) {
  if (type->kind == TYPE_OPT && p->kind != PAT_OR) return false;
  return p->kind == PAT_TUPLE || p->kind == PAT_OR || p->kind == PAT_RANGE;
}

static void report_always(Checker *c, const Cond *cond, const Type *type) {
  Diag *d = check_report(c, cond->expr->span, DIAG_ALWAYS_MATCHES, check_type_text(c, type));
  if (type->kind == TYPE_RESULT) diag_help(d, "write `catch` to handle the error, or match on `.ok(x)` and `.err(e)`");
  else diag_help(d, "write `let` without `if`");
}

static TNode *if_let(Checker *c, Cond *cond, NodeList *before, Steps *steps) {
  TNode *value = check_expr(c, cond->expr, NULL);
  if (value->type->kind != TYPE_ERROR && reads_often(cond->pattern, value->type)) value = check_hold(c, before, value, "value");
  check_pattern(c, cond->pattern, value, cond->is_var, steps);
  if (value->type->kind != TYPE_ERROR && check_steps_irrefutable(steps) && value->type->kind != TYPE_NEVER) report_always(c, cond, value->type);
  return value;
}

TNode *check_if_expr(Checker *c, Expr *e, const Type *expected, bool is_dropped) {
  Join j = {.expected = expected, .is_dropped = is_dropped};
  bool lacks_else = !e->if_.otherwise && !is_dropped, gives_nothing = false;
  if (lacks_else) {
    gives_nothing = expected == NULL; /* nobody said what is wanted: then the value must be void */
    j.is_dropped = !gives_nothing && !(expected && expected->kind == TYPE_ERROR);
    bool wants = expected && expected != c->t_hole && !check_can_coerce(c, c->t_void, expected) && expected->kind != TYPE_ERROR;
    if (wants) {
      diag_help(check_report(c, e->span, DIAG_IF_NO_ELSE, check_type_text(c, expected)), "add an `else` that gives the other value");
      check_if_expr(c, e, c->t_error, false);
      return check_error_node(c, e->span);
    }
  }
  NodeList before = {0};
  Steps steps = {0};
  TNode *cond = NULL;
  check_scope_push(c);
  bool is_bad = false;
  if (e->if_.cond.pattern) is_bad = if_let(c, &e->if_.cond, &before, &steps)->type->kind == TYPE_ERROR;
  else cond = check_expr_as(c, e->if_.cond.expr, c->t_bool);
  TNode *then = join_block(c, &j, e->if_.then);
  check_scope_pop(c);
  if (gives_nothing && then->type->kind != TYPE_VOID && then->type->kind != TYPE_ERROR && !check_is_never(then)) {
    diag_help(check_report(c, e->span, DIAG_IF_NO_ELSE, check_type_text(c, then->type)), "add an `else` that gives the other value");
    return check_error_node(c, e->span);
  }
  TNode *otherwise = e->if_.otherwise ? check_join_expr(c, &j, e->if_.otherwise) : NULL;
  const Type *type = check_joined(c, &j, then, otherwise ? otherwise : check_void(c, e->span));
  if (cond ? cond->type->kind == TYPE_ERROR : is_bad) type = c->t_error;
  if (type->kind == TYPE_ERROR) return check_error_node(c, e->span);
  if (cond) return check_is_never(cond) ? cond : check_if(c, cond, then, otherwise, type, e->span);
  check_push(c, &before, check_steps_node(c, &steps, then, otherwise, type, e->span));
  return check_block_node(c, &before, e->span);
}

/* ---- Every expression ---- */

static TNode *check_force(Checker *c, Expr *e, const Type *expected) {
  const Type *hint = expected && !check_has_hole(c, expected) && expected->kind != TYPE_ERROR ? check_type_opt(c, expected) : NULL;
  TNode *node = check_expr(c, e->inner, hint);
  if (node->type->kind == TYPE_ERROR || check_is_never(node)) return node;
  if (node->type->kind == TYPE_OPT) return check_op(c, OP_OPT_GET, node->type->args[0], node->type->args[0], e->span, node, NULL, NULL);
  Diag *d = check_report(c, e->span, DIAG_NOT_OPTIONAL, "`!`", check_type_text(c, node->type));
  if (node->type->kind == TYPE_RESULT) diag_help(d, "write `try` or `catch` for a result");
  else diag_help(d, "it is never nil: leave out the `!`");
  return check_error_node(c, e->span);
}

static TNode *expr_of_kind(Checker *c, Expr *e, const Type *expected) {
  switch (e->kind) {
    case EXPR_ERROR: return check_error_node(c, e->span);
    case EXPR_NIL: return check_nil_expr(c, e, expected);
    case EXPR_BOOL:
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_CHAR:
    case EXPR_STRING: return check_literal(c, e);
    case EXPR_INTERP: return check_interp(c, e);
    case EXPR_LIST: return check_list(c, e, expected);
    case EXPR_MAP: return check_map(c, e, expected);
    case EXPR_TUPLE: return check_tuple(c, e, expected);
    case EXPR_NAME: return check_name(c, e, expected);
    case EXPR_SELF: return check_self(c, e);
    case EXPR_CASE:
    case EXPR_TYPE_ARGS:
    case EXPR_MEMBER: return check_member(c, e, expected);
    case EXPR_TUPLE_INDEX: return check_tuple_index(c, e);
    case EXPR_INDEX: return check_index(c, e);
    case EXPR_CALL: return check_call(c, e, expected);
    case EXPR_CHAIN: return check_chain(c, e, expected, false);
    case EXPR_FORCE: return check_force(c, e, expected);
    case EXPR_UNARY: return check_unary(c, e, expected);
    case EXPR_BINARY: return check_binary(c, e, expected);
    case EXPR_RANGE: return check_range(c, e);
    case EXPR_TRY: return check_try(c, e, expected);
    case EXPR_CATCH: return check_catch(c, e, expected, false);
    case EXPR_SPAWN: return check_spawn(c, e);
    case EXPR_CLOSURE: return check_closure(c, e, expected);
    case EXPR_BLOCK: return check_block(c, e->block, expected, false);
    case EXPR_IF: return check_if_expr(c, e, expected, false);
    case EXPR_MATCH: return check_match(c, e, expected, false);
    case EXPR_WHILE: return check_while(c, e);
    case EXPR_FOR: return check_for(c, e);
    case EXPR_RETURN: return check_return(c, e);
    case EXPR_BREAK:
    case EXPR_CONTINUE: return check_jump(c, e);
    case EXPR_FAIL: return check_fail(c, e);
  }
  return check_error_node(c, e->span);
}

TNode *check_expr(Checker *c, Expr *e, const Type *expected) {
  if (c->depth >= CHECK_DEPTH_MAX) {
    check_report(c, e->span, DIAG_TOO_DEEP);
    return check_error_node(c, e->span);
  }
  if (compilation_is_late(c->comp)) return check_error_node(c, e->span);
  c->depth++;
  TNode *node = expr_of_kind(c, e, expected);
  c->depth--;
  return node;
}

TNode *check_expr_as(Checker *c, Expr *e, const Type *expected) {
  return check_coerce(c, check_expr(c, e, expected), expected, e->span);
}
