/* check_stmt.c - statements: let and var (local and global), assignment, defer.
 */
#include "compiler/check.h"

#include <string.h>

/* ---- let, var ---- */

static TNode *let_value(Checker *c, Stmt *s) {
  const Type *type = s->let.type ? check_type_here(c, s->let.type) : NULL;
  TNode *value = check_expr_as(c, s->let.value, type);
  if (type && value->type->kind == TYPE_ERROR && type->kind != TYPE_ERROR) {
    value->type = type; /* the variable has its type whatever was wrong with the value */
    value = check_node(c, TN_CONST, type, s->let.value->span);
  }
  if (value->type->kind == TYPE_RESULT) {
    Diag *d = check_report(c, s->let.value->span, DIAG_UNHANDLED_RESULT);
    diag_help(d, "pass the error on with `try`, or handle it with `catch`");
    return check_error_node(c, s->span);
  }
  return value;
}

void check_destructure(Checker *c, Pattern *p, TNode *value, bool is_var, NodeList *list) {
  const Type *type = value->type;
  switch (p->kind) {
    case PAT_BIND: {
      Symbol *symbol = check_local_new(c, p->name, p->span, type, is_var);
      if (type->kind != TYPE_ERROR && !check_is_never(value)) check_push(c, list, check_let(c, symbol->var, value, p->span));
      else if (check_is_never(value)) check_push(c, list, value);
      if (check_is_never(value)) symbol->var->type = c->t_error;
      break;
    }
    case PAT_WILDCARD:
      if (type->kind != TYPE_ERROR) check_push(c, list, value);
      break;
    case PAT_TUPLE:
      if (type->kind != TYPE_ERROR && !check_is_never(value) && (type->kind != TYPE_TUPLE || type->nargs != p->list.count)) {
        check_report(c, p->span, DIAG_PATTERN_TYPE, arena_format(c->arena, "a tuple of %zu", p->list.count), check_type_text(c, type));
        type = c->t_error;
      }
      if (check_is_never(value)) {
        check_push(c, list, value);
        type = c->t_error;
      }
      if (type->kind == TYPE_TUPLE && value->kind != TN_VAR) value = check_hold(c, list, value, "tuple");
      for (uint32_t i = 0; i < p->list.count; i++) {
        TNode *part = check_error_node(c, p->span);
        if (type->kind == TYPE_TUPLE) {
          part = check_op(c, OP_TUPLE_GET, type, type->args[i], p->list.items[i]->span, value, NULL, NULL);
          part->index = i;
        }
        check_destructure(c, p->list.items[i], part, is_var, list);
      }
      break;
    case PAT_ERROR: break;
    default: {
      Diag *d = check_report(c, p->span, DIAG_REFUTABLE);
      diag_help(d, "write `let ... else { ... }`, `if let` or `match`");
      Steps steps = {0};
      check_pattern(c, p, check_error_node(c, p->span), is_var, &steps);
    }
  }
}

/* The variables that a pattern declared since the scope held `from` of them. */
static void rename_vars(Checker *c, uint32_t from, NodeList *parts, TVar ***fresh, uint32_t *count) {
  SymbolTable *table = &c->frame->scope->table;
  *count = table->count - from;
  *fresh = CHECK_ARRAY(c, TVar *, *count);
  for (uint32_t i = 0; i < *count; i++) {
    Symbol *symbol = table->items[from + i];
    VEC_PUSH(c->arena, parts, check_var(c, symbol->var, symbol->span));
    (*fresh)[i] = check_temp_new(c, symbol->name, symbol->var->type);
    symbol->var = (*fresh)[i];
  }
}

/* let pattern = value else { ... }: what the pattern binds is carried out of the test as one value. */
static void let_else(Checker *c, Stmt *s, NodeList *list) {
  TNode *value = let_value(c, s);
  TNode *otherwise = check_block(c, s->let.otherwise, NULL, true);
  if (!check_is_never(otherwise) && otherwise->type->kind != TYPE_ERROR) {
    Diag *d = check_report(c, s->let.otherwise->span, DIAG_ELSE_GOES_ON);
    diag_help(d, "end it with `return`, `fail`, `break`, `continue` or `panic(...)`");
  }
  if (value->type->kind == TYPE_RESULT) {
    diag_help(check_report(c, s->let.value->span, DIAG_UNHANDLED_RESULT), "pass the error on with `try`, or handle it with `catch`");
    value = check_error_node(c, s->span);
  }
  Steps steps = {0};
  uint32_t from = c->frame->scope->table.count;
  c->let = s->span.start;
  if (value->type->kind != TYPE_ERROR && value->kind != TN_VAR && value->type->kind != TYPE_OPT) value = check_hold(c, list, value, "value");
  check_pattern(c, s->let.pattern, value, s->let.is_var, &steps);
  if (value->type->kind == TYPE_ERROR) return;
  if (check_steps_irrefutable(&steps)) {
    diag_help(check_report(c, s->let.value->span, DIAG_ALWAYS_MATCHES, check_type_text(c, value->type)), "write `let` without `else`");
    return;
  }
  NodeList parts = {0};
  TVar **fresh;
  uint32_t count;
  rename_vars(c, from, &parts, &fresh, &count);
  if (!check_is_never(otherwise)) return;
  if (count == 0) {
    check_push(c, list, check_steps_node(c, &steps, check_void(c, s->span), otherwise, c->t_void, s->span));
    return;
  }
  const Type **types = CHECK_ARRAY(c, const Type *, count);
  for (uint32_t i = 0; i < count; i++) {
    types[i] = fresh[i]->type;
    if (types[i]->kind == TYPE_ERROR) return;
  }
  const Type *type = count == 1 ? types[0] : check_type_tuple(c, types, count, s->span);
  TNode *found = count == 1 ? parts.items[0] : check_op_list(c, OP_TUPLE_NEW, type, type, s->span, parts.items, count);
  TNode *node = check_steps_node(c, &steps, found, otherwise, type, s->span);
  if (count == 1) {
    check_push(c, list, check_let(c, fresh[0], node, s->span));
    return;
  }
  TNode *held = check_hold(c, list, node, "parts");
  for (uint32_t i = 0; i < count; i++) {
    TNode *part = check_op(c, OP_TUPLE_GET, type, types[i], s->span, held, NULL, NULL);
    part->index = i;
    check_push(c, list, check_let(c, fresh[i], part, s->span));
  }
}

static bool at_module_top(const Checker *c) { return c->frame->is_module_top && !c->frame->scope->outer; }

/* A let may become several nodes, which belong to the block around: they come as a list. */
static void local_let(Checker *c, Stmt *s, NodeList *list) {
  if (s->let.otherwise) {
    let_else(c, s, list);
    return;
  }
  TNode *value = let_value(c, s);
  c->let = s->span.start;
  check_destructure(c, s->let.pattern, value, s->let.is_var, list);
}

/* ---- Globals ---- */

static void global_index(Checker *c, GlobalVar *g) {
  if (g->index != UINT32_MAX) return;
  Global *global = MODULE_PUSH(c->module, c->module->nglobals, c->module->globals);
  g->index = c->module->nglobals - 1;
  global->name = module_copy(c->module, g->symbol->name, name_len(g->symbol->name));
  global->type = g->type;
  if (c->inputs_first) VEC_PUSH(c->arena, &c->global_keys, check_session_key(c, g->symbol->span, g->symbol->name));
}

static TNode *set_global(Checker *c, GlobalVar *g, TNode *value, Span span) {
  g->type = check_is_never(value) ? c->t_error : value->type;
  if (g->type->kind == TYPE_ERROR) return check_is_never(value) ? value : check_void(c, span);
  global_index(c, g);
  TNode *node = check_node(c, TN_SET_GLOBAL, c->t_void, span);
  node->index = g->index;
  node->a = value;
  return node;
}

static void all_globals(Checker *c, const Pattern *p, const Type *type) {
  if (p->kind == PAT_BIND && p->sym && p->sym->kind == SYM_GLOBAL && !p->sym->global->type) p->sym->global->type = type;
  for (size_t i = 0; p->kind == PAT_TUPLE && i < p->list.count; i++) all_globals(c, p->list.items[i], type);
  for (size_t i = 0; p->kind == PAT_CASE && i < p->case_.arg_count; i++) all_globals(c, p->case_.args[i], type);
}

static bool is_constant(const GlobalStmt *g, TNode *value) {
  return g->is_early && !g->stmt->let.is_var && value->type->kind != TYPE_ERROR && value->type->kind != TYPE_VOID && fold_node(value);
}

/* Other patterns bind locals first, which are then stored. */
static TNode *global_parts(Checker *c, GlobalStmt *g) {
  NodeList list = {0};
  uint32_t from = c->frame->scope->table.count;
  local_let(c, g->stmt, &list);
  SymbolTable *table = &c->frame->scope->table;
  for (uint32_t i = from; i < table->count; i++) {
    Symbol *symbol = check_table_find(&g->unit->names, table->items[i]->name);
    while (symbol && symbol->earlier && (symbol->kind != SYM_GLOBAL || symbol->global->stmt != g)) symbol = symbol->earlier;
    if (!symbol || symbol->kind != SYM_GLOBAL || symbol->global->stmt != g) continue;
    TNode *value = table->items[i]->var->type->kind == TYPE_ERROR ? check_error_node(c, symbol->span) : check_var(c, table->items[i]->var, symbol->span);
    check_push(c, &list, set_global(c, symbol->global, value, symbol->span));
  }
  return check_block_node(c, &list, g->stmt->span);
}

void check_global_stmt(Checker *c, GlobalStmt *g) {
  if (g->state != HEAD_NONE) return;
  g->state = HEAD_BUSY;
  Stmt *s = g->stmt;
  Frame frame = *check_session_frame(c, g->unit, s->span.source);
  Frame *saved = c->frame;
  Chain *chain = c->chain;
  c->chain = NULL;
  frame.scope = NULL;
  frame.loops = NULL;
  c->frame = &frame;
  check_scope_push(c);
  check_scope_push(c);
  Pattern *p = s->let.pattern;
  Symbol *symbol = p->kind == PAT_BIND ? p->sym : NULL;
  bool is_single = symbol && !s->let.otherwise && symbol->kind == SYM_GLOBAL && symbol->global->stmt == g;
  if (!check_head_enter(c, symbol ? symbol->name : check_intern(c, "let"), s->span)) {
    g->node = check_void(c, s->span);
  } else if (is_single) {
    TNode *value = let_value(c, s);
    if (is_constant(g, value)) {
      symbol->global->constant = value;
      symbol->global->type = value->type;
      g->node = check_void(c, s->span);
    } else {
      g->node = set_global(c, symbol->global, value, s->span);
    }
  } else {
    g->node = global_parts(c, g);
  }
  check_head_leave(c);
  all_globals(c, p, c->t_error);
  c->frame = saved;
  c->chain = chain;
  g->state = HEAD_DONE;
  if (g->unit->is_library && g->node->kind != TN_CONST) VEC_PUSH(c->arena, &g->unit->init_nodes, g->node);
}

const Type *check_global_type(Checker *c, GlobalVar *g, Span span) {
  Stmt *s = g->stmt->stmt;
  bool is_declared = s->let.type && s->let.pattern->kind == PAT_BIND && !s->let.otherwise;
  if (!g->type && is_declared) {
    TypeEnv env = {.unit = g->unit, .as_of = true};
    g->type = check_type_resolve(c, &env, s->let.type);
    if (g->type->kind != TYPE_ERROR) global_index(c, g);
  }
  if (g->stmt->state == HEAD_NONE && (!g->type || g->stmt->is_early)) check_global_stmt(c, g->stmt);
  if (g->type) return g->type;
  Diag *d = check_report(c, span, DIAG_GLOBAL_CYCLE, g->symbol->name);
  diag_note(d, g->symbol->span, "write its type here: `%s: ...`", g->symbol->name);
  return g->type = c->t_error;
}

/* ---- Assignment ---- */

static void report_fixed(Checker *c, Span span, const Symbol *symbol) {
  Diag *d = check_report(c, span, DIAG_IMMUTABLE, symbol->name);
  Str line = span_text(&c->comp->sources, (Span){symbol->span.source, symbol->span.start >= 4 ? symbol->span.start - 4 : 0, symbol->span.start});
  bool is_let = line.len == 4 && memcmp(line.text, "let ", 4) == 0;
  if (symbol->unit && symbol->unit->is_library) return;
  if (symbol->span.source) diag_note(d, symbol->span, "declared here");
  if (is_let) diag_help(d, "declare it with `var`: `var %s = ...`", symbol->name);
  else diag_help(d, "copy it into a variable first: `var x = %s`", symbol->name);
}

/* The new value: of `+=` the old one, combined. `hint` is the target's type. */
static TNode *new_value(Checker *c, Stmt *s, TNode *old, const Type *type) {
  if (s->assign.op == TOK_EQ) return check_expr_as(c, s->assign.value, type);
  TNode *right = check_expr(c, s->assign.value, check_operand_hint(c, s->assign.op, old->type));
  TNode *node = check_operate(c, s->assign.op, old, right, s->span, s->assign.op_span);
  return check_coerce(c, node, type, s->span);
}

static TNode *assign_symbol(Checker *c, Stmt *s, Symbol *symbol) {
  Span span = s->assign.target->span;
  bool is_local = symbol->kind == SYM_LOCAL;
  symbol->is_changed = true;
  const Type *type = is_local ? symbol->var->type : check_global_type(c, symbol->global, span);
  TNode *old = type->kind == TYPE_ERROR ? check_error_node(c, span) : is_local ? check_var(c, symbol->var, span) : check_node(c, TN_GLOBAL, type, span);
  if (!is_local) old->index = symbol->global->index;
  TNode *value = new_value(c, s, old, type);
  bool is_wrong = value->type->kind == TYPE_ERROR;
  if (!symbol->is_var && type->kind != TYPE_ERROR && !is_wrong) report_fixed(c, span, symbol);
  if (is_wrong || !symbol->is_var) return check_error_node(c, s->span);
  if (is_local) return check_set(c, symbol->var, value, s->span);
  TNode *node = check_node(c, TN_SET_GLOBAL, c->t_void, s->span);
  node->index = symbol->global->index;
  node->a = value;
  return check_is_never(value) ? value : node;
}

static TNode *assign_field(Checker *c, Stmt *s, Expr *target) {
  Symbol *module = target->member.optional ? NULL : check_path_symbol(c, target->member.object);
  if (module && module->kind == SYM_UNIT && module->import) {
    bool is_hidden;
    Symbol *symbol = check_unit_member(c->frame->unit, module->import, target->member.name, &is_hidden);
    if (symbol && !is_hidden && symbol->kind == SYM_GLOBAL) return assign_symbol(c, s, symbol);
  }
  TNode *object = check_object(c, target->member.object, target->member.optional, target->span);
  uint32_t index;
  FieldInfo *field = object->type->kind == TYPE_ERROR || !target->member.name ? NULL : check_field_find(c, object->type, target->member.name, &index);
  if (!field) {
    if (object->type->kind != TYPE_ERROR && target->member.name) {
      Diag *d = check_report(c, target->member.name_span, DIAG_NO_MEMBER, check_type_text(c, object->type), target->member.name);
      Name best = check_method_suggest(c, object->type, target->member.name);
      if (object->type->kind == TYPE_OPT) diag_help(d, "it may be nil: write `?.%s`, or `if let`", target->member.name);
      else if (best) diag_help(d, "did you mean `%s`?", best);
    }
    if (!check_needs_expected(s->assign.value)) check_expr(c, s->assign.value, NULL);
    return check_error_node(c, s->span);
  }
  Decl *decl = check_type_decl(c, object->type);
  if (field->name[0] == '_' && !check_is_inside(c->frame->unit, decl->unit, field->name)) {
    check_note(c, check_report(c, target->member.name_span, DIAG_PRIVATE_MEMBER, field->name, decl->name), field->span, "declared here");
    return check_error_node(c, s->span);
  }
  if (!field->ast->is_var) {
    Diag *d = check_report(c, target->member.name_span, DIAG_FIXED_FIELD, field->name);
    diag_note(diag_help(d, "declare it with `var`: `var %s: ...`", field->name), field->span, "declared here");
  }
  const Type *type = check_field_type(c, object->type, field, target->span);
  NodeList list = {0};
  TNode *old = NULL;
  if (s->assign.op != TOK_EQ) {
    object = object->kind == TN_VAR ? object : check_hold(c, &list, object, "object");
    old = check_op(c, OP_FIELD_GET, object->type, type, target->span, object, NULL, NULL);
    old->index = index;
  }
  TNode *value = new_value(c, s, old, type);
  if (value->type->kind == TYPE_ERROR || !field->ast->is_var || type->kind == TYPE_ERROR) return check_error_node(c, s->span);
  TNode *set = check_op(c, OP_FIELD_SET, object->type, c->t_void, s->span, object, value, NULL);
  set->index = index;
  check_push(c, &list, set);
  return check_block_node(c, &list, s->span);
}

static TNode *report_no_store(Checker *c, Stmt *s, const Type *type) {
  Diag *d = check_report(c, s->assign.target->span, DIAG_NO_STORE, check_type_text(c, type));
  if (type->kind == TYPE_STRING) diag_help(d, "strings never change; build a new one");
  if (type->kind == TYPE_TUPLE) diag_help(d, "tuples never change; make a new one");
  if (!check_needs_expected(s->assign.value)) check_expr(c, s->assign.value, NULL);
  return check_error_node(c, s->span);
}

static TNode *store(Checker *c, TNode *object, TNode *key, TNode *value, Span span) {
  TNode **operands = CHECK_ARRAY(c, TNode *, 3);
  operands[0] = object;
  operands[1] = key;
  operands[2] = value;
  switch (object->type->kind) {
    case TYPE_LIST: return check_op_list(c, OP_LIST_SET, object->type->args[0], c->t_void, span, operands, 3);
    case TYPE_BYTES: return check_op_list(c, OP_BYTES_SET, NULL, c->t_void, span, operands, 3);
    case TYPE_MAP: return check_map_set(c, operands, span);
    default: return check_call_trait(c, c->core.index_set, "index_set", operands, 3, span);
  }
}

static void report_map_compound(Checker *c, Stmt *s) {
  Expr *target = s->assign.target;
  Str text = span_text(&c->comp->sources, target->span), value = span_text(&c->comp->sources, s->assign.value->span);
  Diag *d = check_report(c, target->span, DIAG_MAP_COMPOUND);
  if (text.len > 60 || value.len > 60) return;
  diag_help(d, "write `%.*s = (%.*s ?? 0) %s %.*s`", (int)text.len, text.text, (int)text.len, text.text, token_text(s->assign.op), (int)value.len, value.text);
}

static TNode *assign_index(Checker *c, Stmt *s, Expr *target) {
  TNode *object = check_expr(c, target->index.object, NULL);
  const Type *type = object->type, *key_type = NULL, *value_type = NULL;
  if (type->kind == TYPE_ERROR || check_is_never(object)) return object;
  if (type->kind == TYPE_LIST) key_type = c->t_int, value_type = type->args[0];
  else if (type->kind == TYPE_BYTES) key_type = value_type = c->t_int;
  else if (type->kind == TYPE_MAP) key_type = type->args[0], value_type = type->args[1];
  else {
    const Type *trait = check_satisfied(c, c->frame->generics, type, c->core.index_set);
    if (!trait) return report_no_store(c, s, type);
    key_type = trait->args[0];
    value_type = trait->args[1];
  }
  if (type->kind == TYPE_MAP && s->assign.op != TOK_EQ) {
    report_map_compound(c, s);
    return check_error_node(c, s->span);
  }
  NodeList list = {0};
  TNode *key = check_expr_as(c, target->index.index, key_type), *old = NULL;
  if (key->type->kind == TYPE_ERROR) {
    if (!check_needs_expected(s->assign.value)) check_expr(c, s->assign.value, NULL);
    return key;
  }
  if (s->assign.op != TOK_EQ) {
    object = check_hold(c, &list, object, "object");
    key = check_hold(c, &list, key, "key");
    old = check_index_nodes(c, object, key, target->span);
    if (old->type->kind == TYPE_ERROR) return report_no_store(c, s, type);
  }
  TNode *value = new_value(c, s, old, value_type);
  if (value->type->kind == TYPE_ERROR) return value;
  TNode *node = store(c, object, key, value, s->span);
  if (!node || node->type->kind == TYPE_ERROR) return check_error_node(c, s->span);
  check_push(c, &list, node);
  return check_block_node(c, &list, s->span);
}

static TNode *assign_name(Checker *c, Stmt *s, Expr *target) {
  Symbol *symbol = target->name.name ? check_name_target(c, target->name.name) : NULL;
  if (symbol && (symbol->kind == SYM_LOCAL || symbol->kind == SYM_GLOBAL)) return assign_symbol(c, s, symbol);
  if (symbol) {
    check_report(c, target->span, DIAG_CANNOT_ASSIGN, symbol->name);
  } else if (target->name.name) {
    TNode *value = check_needs_expected(s->assign.value) ? NULL : check_expr(c, s->assign.value, NULL);
    (void)value;
    Name best = check_name_suggest(c, target->name.name, false);
    size_t errors = c->comp->diags.errors;
    check_name(c, target, NULL);
    bool is_new = c->comp->diags.errors != errors && !best && s->assign.op == TOK_EQ;
    if (is_new) diag_help(c->comp->diags.items[c->comp->diags.count - 1], "a new variable is declared with `let %s = ...` or `var %s = ...`", target->name.name, target->name.name);
    return check_error_node(c, s->span);
  }
  if (!check_needs_expected(s->assign.value)) check_expr(c, s->assign.value, NULL);
  return check_error_node(c, s->span);
}

static TNode *assign_to(Checker *c, Stmt *s, Expr *target) {
  switch (target->kind) {
    case EXPR_NAME: return assign_name(c, s, target);
    case EXPR_MEMBER: return assign_field(c, s, target);
    case EXPR_INDEX: return assign_index(c, s, target);
    case EXPR_CHAIN: {
      Chain chain = {.scope = CHECK_NEW(c, TScope)};
      Chain *saved = c->chain;
      c->chain = &chain;
      TNode *node = assign_to(c, s, target->inner);
      c->chain = saved;
      if (node->type->kind != TYPE_VOID) return node;
      TNode *scope = check_node(c, TN_SCOPE, c->t_void, s->span);
      scope->scope = chain.scope;
      scope->a = node;
      return scope;
    }
    case EXPR_TUPLE_INDEX: {
      TNode *object = check_expr(c, target->tuple_index.object, NULL);
      return object->type->kind == TYPE_ERROR ? object : report_no_store(c, s, object->type);
    }
    default:
      if (target->kind != EXPR_ERROR) check_report(c, target->span, DIAG_CANNOT_ASSIGN, "this");
      if (!check_needs_expected(s->assign.value)) check_expr(c, s->assign.value, NULL);
      return check_error_node(c, s->span);
  }
}

TNode *check_assign(Checker *c, Stmt *s) {
  if (c->options->warns) check_warn_assign(c, s);
  return assign_to(c, s, s->assign.target);
}

/* ---- Statements ---- */

static TNode *check_defer(Checker *c, Stmt *s) {
  Frame *frame = c->frame;
  bool was = frame->in_defer;
  Loop *loops = frame->loops;
  frame->in_defer = true;
  frame->loops = NULL;
  TNode *value = check_expr_drop(c, s->defer.expr);
  frame->in_defer = was;
  frame->loops = loops;
  TNode *node = check_node(c, TN_DEFER, value->type->kind == TYPE_ERROR ? c->t_error : c->t_void, s->span);
  node->a = value;
  return node;
}

void check_stmt_into(Checker *c, Stmt *s, NodeList *list) {
  TNode *node = NULL;
  switch (s->kind) {
    case STMT_EXPR: node = check_expr_drop(c, s->expr); break;
    case STMT_ASSIGN: node = check_assign(c, s); break;
    case STMT_DEFER: node = check_defer(c, s); break;
    case STMT_LET:
      if (at_module_top(c) && s->let.info) {
        check_global_stmt(c, s->let.info);
        node = ((GlobalStmt *)s->let.info)->node;
      } else {
        local_let(c, s, list);
      }
      break;
  }
  if (node && node->type->kind != TYPE_ERROR) check_push(c, list, node);
}
