/* check_error.c - errors as values: try, catch, fail and return.
 *
 * At the top level and in tests, where no function can give an error back, a failing `try` or a `fail` ends the program with the error's message.
 * Every other one notes on the error's trail (_fails and _passes, in the prelude) that it went this way, so that the end of the program can say where from.
 */
#include "compiler/check.h"

const Type *check_error_type(Checker *c) {
  return c->core.error ? check_type_of_decl(c, c->core.error, NULL, 0, (Span){0}) : c->t_error;
}

static TNode *make_return(Checker *c, TNode *value, Span span) {
  TNode *node = check_node(c, TN_RETURN, c->t_never, span);
  node->a = value && value->type->kind == TYPE_VOID && value->kind == TN_CONST ? NULL : value;
  return node;
}

static TNode *call_on_error(Checker *c, const char *name, TNode *error, Span span) {
  TNode **operands = CHECK_ARRAY(c, TNode *, 1);
  operands[0] = error;
  return check_call_prelude(c, name, operands, 1, span);
}

TNode *check_unhandled(Checker *c, TNode *error, Span span) {
  return check_op(c, OP_FAIL, NULL, c->t_never, span, call_on_error(c, "_unhandled", error, span), NULL, NULL);
}

/* Leaves the function with an error; `note` is the function of the prelude that notes so. */
static TNode *leave_with(Checker *c, TNode *error, const char *note, Span span) {
  if (c->frame->is_top) return check_unhandled(c, error, span);
  const Type *result = c->frame->result ? c->frame->result : c->frame->hint;
  TNode *failure = check_op(c, OP_RES_ERR, result, result, span, call_on_error(c, note, error, span), NULL, NULL);
  if (!c->frame->result) check_push(c, &c->frame->failures, failure);
  return make_return(c, failure, span);
}

/* True if an error can be passed on from here; reports if not. */
static bool can_leave(Checker *c, const char *word, Span span) {
  if (c->frame->in_defer) {
    check_report(c, span, DIAG_IN_DEFER, word);
    return false;
  }
  if (c->frame->is_top) return true;
  const Type *result = c->frame->result;
  if (result && (result->kind == TYPE_RESULT || result->kind == TYPE_ERROR)) return result->kind == TYPE_RESULT;
  if (!result && c->frame->hint) return true;
  Diag *d = check_report(c, span, DIAG_NO_ERROR_HERE, word);
  if (!result) diag_help(d, "the closure's type is not known to be a `T!`; handle the error with `catch`");
  else if (c->frame->outer)
    diag_help(d, "`%s` leaves the closure, which gives a `%s`; handle the error with `catch`", word, check_type_text(c, result));
  else if (result->kind == TYPE_VOID) diag_help(d, "declare the result: `fn %s(...) -> void!`", c->frame->function->name);
  else diag_help(d, "declare the result as `%s!`", check_type_text(c, result));
  return false;
}

static TNode *if_ok(Checker *c, TNode *value, TVar **ok, TVar **err, const Type *type, Span span) {
  TNode *node = check_node(c, TN_IF_OK, type, span);
  node->a = value;
  *ok = node->var = check_temp_new(c, "ok", value->type->args[0]);
  *err = node->var2 = check_temp_new(c, "error", value->type->args[1]);
  return node;
}

static const Type *result_hint(Checker *c, const Type *expected) {
  bool is_known = expected && expected->kind < TYPE_KIND_END && !check_has_hole(c, expected) && expected->kind != TYPE_RESULT;
  return is_known ? check_type_result(c, expected) : NULL;
}

TNode *check_try(Checker *c, Expr *e, const Type *expected) {
  TNode *value = check_expr(c, e->inner, result_hint(c, expected));
  if (value->type->kind == TYPE_ERROR || check_is_never(value)) return value;
  if (value->type->kind != TYPE_RESULT) {
    Diag *d = check_report(c, e->span, DIAG_TRY_NOT_RESULT, "try", check_type_text(c, value->type));
    if (value->type->kind == TYPE_OPT) diag_help(d, "for an optional write `??`, `if let` or `let ... else`");
    return check_error_node(c, e->span);
  }
  Span word = span_make(e->span.source, e->span.start, e->span.start + 3);
  if (!can_leave(c, "try", word)) return check_error_node(c, e->span);
  TVar *ok, *err;
  TNode *node = if_ok(c, value, &ok, &err, value->type->args[0], e->span);
  node->b = check_var(c, ok, e->span);
  node->c = leave_with(c, check_var(c, err, e->span), "_passes", e->span);
  return node;
}

/* A handler whose value is not wanted: it may have one. */
static TNode *dropped_handler(Checker *c, Expr *handler, const Type *hint) {
  const Expr *last = handler;
  if (handler->kind == EXPR_BLOCK) {
    const Block *block = handler->block;
    const Stmt *stmt = block->count ? block->stmts[block->count - 1] : NULL;
    last = stmt && stmt->kind == STMT_EXPR ? stmt->expr : NULL;
  }
  bool branches = !last || last->kind == EXPR_IF || last->kind == EXPR_MATCH || last->kind == EXPR_WHILE || last->kind == EXPR_FOR;
  TNode *node = branches ? NULL : check_expr(c, handler, handler->kind == EXPR_BLOCK ? NULL : hint);
  if (branches || node->type->kind == TYPE_RESULT) return branches ? check_expr_drop(c, handler) : check_drop(c, node, handler);
  if (node->type->kind == TYPE_VOID || node->type->kind == TYPE_ERROR || check_is_never(node)) return node;
  NodeList list = {0};
  check_push(c, &list, node);
  check_push(c, &list, check_void(c, handler->span));
  return check_block_node(c, &list, handler->span);
}

TNode *check_catch(Checker *c, Expr *e, const Type *expected, bool is_dropped) {
  TNode *value = check_expr(c, e->catch_.value, result_hint(c, expected));
  bool is_bad = value->type->kind != TYPE_RESULT;
  if (is_bad && value->type->kind != TYPE_ERROR && !check_is_never(value)) {
    Diag *d = check_report(c, e->catch_.value->span, DIAG_TRY_NOT_RESULT, "catch", check_type_text(c, value->type));
    if (value->type->kind == TYPE_OPT) diag_help(d, "for an optional write `??`");
  }
  const Type *inner = is_bad ? c->t_error : value->type->args[0];
  bool widens = !is_bad && expected && !check_has_hole(c, expected) && check_can_coerce(c, inner, expected);
  const Type *type = is_dropped ? c->t_void : widens ? expected : inner;
  TVar *ok = NULL, *err = NULL;
  TNode *node = is_bad ? NULL : if_ok(c, value, &ok, &err, type, e->span);
  check_scope_push(c);
  if (e->catch_.name) {
    Symbol *symbol = check_local_new(c, e->catch_.name, e->catch_.name_span, check_error_type(c), false);
    if (node) node->var2 = symbol->var;
  }
  TNode *handler = is_dropped ? dropped_handler(c, e->catch_.handler, inner) : check_expr_as(c, e->catch_.handler, type);
  check_scope_pop(c);
  if (is_bad || handler->type->kind == TYPE_ERROR) return is_bad && check_is_never(value) ? value : check_error_node(c, e->span);
  node->b = is_dropped ? check_void(c, e->span) : check_coerce(c, check_var(c, ok, e->span), type, e->span);
  node->c = handler;
  return node;
}

/* The error that is a text. */
static TNode *text_error(Checker *c, TNode *text, Span span) {
  Decl *decl = check_prelude_decl(c, "_TextError");
  if (!decl) return check_error_node(c, span);
  const Type *type = check_type_of_decl(c, decl, NULL, 0, span);
  return check_op(c, OP_NEW, type, type, span, text, NULL, NULL);
}

TNode *check_host_result(Checker *c, TNode *given, const Type *result, Span span) {
  NodeList list = {0};
  const Type *pair = given->type;
  bool has_value = pair->kind == TYPE_TUPLE;
  TVar *held = check_temp_new(c, "given", pair);
  TNode *text = check_var(c, held, span), *value = check_void(c, span);
  if (has_value) {
    text = check_op(c, OP_TUPLE_GET, pair, pair->args[1], span, text, NULL, NULL);
    text->index = 1;
    value = check_op(c, OP_TUPLE_GET, pair, pair->args[0], span, check_var(c, held, span), NULL, NULL);
    value = check_op(c, OP_OPT_GET, result->args[0], result->args[0], span, value, NULL, NULL);
  }
  TNode *node = check_node(c, TN_IF_SOME, result, span);
  node->a = text;
  node->var = check_temp_new(c, "text", c->t_string);
  TNode *error = check_coerce(c, text_error(c, check_var(c, node->var, span), span), check_error_type(c), span);
  node->b = check_op(c, OP_RES_ERR, result, result, span, error, NULL, NULL);
  node->c = check_op(c, OP_RES_OK, result, result, span, value, NULL, NULL);
  check_push(c, &list, check_let(c, held, given, span));
  check_push(c, &list, node);
  return check_block_node(c, &list, span);
}

TNode *check_fail(Checker *c, Expr *e) {
  TNode *value = check_expr(c, e->inner, NULL);
  if (value->type->kind == TYPE_ERROR || check_is_never(value)) return value;
  Span word = span_make(e->span.source, e->span.start, e->span.start + 4);
  if (!can_leave(c, "fail", word)) return check_error_node(c, e->span);
  bool is_new = value->type->kind == TYPE_STRING || (value->kind == TN_OP && value->op == OP_NEW);
  if (value->type->kind == TYPE_STRING) {
    value = text_error(c, value, e->span);
    if (value->type->kind == TYPE_ERROR) return value;
  } else if (!check_can_coerce(c, value->type, check_error_type(c))) {
    Diag *d = check_report(c, e->inner->span, DIAG_NOT_AN_ERROR, check_type_text(c, value->type));
    const Decl *decl = check_type_decl(c, value->type);
    bool has_message = decl && decl->kind == DECL_CLASS && check_fns_find(&decl->methods, check_intern(c, "message"));
    if (has_message) diag_help(d, "write `class %s: Error`", decl->name);
    else diag_help(d, "`fail` takes a text, or a value whose type implements `Error`");
    return check_error_node(c, e->span);
  }
  return leave_with(c, check_coerce(c, value, check_error_type(c), e->span), is_new ? "_fails" : "_passes", e->span);
}

TNode *check_return(Checker *c, Expr *e) {
  Frame *frame = c->frame;
  const char *wrong = frame->in_defer ? "a `defer`" : frame->is_module_top ? "the top level" : NULL;
  if (wrong) {
    Diag *d = check_report(c, e->span, DIAG_RETURN_HERE, wrong);
    if (!frame->in_defer) diag_help(d, "the program ends by itself, or with `exit(status)`");
    if (e->return_.value) check_expr(c, e->return_.value, NULL);
    return check_error_node(c, e->span);
  }
  const Fn *fn = check_frame_fn(c);
  Span promised = fn && fn->ast->result ? fn->ast->result->span : (Span){0};
  size_t from = c->comp->diags.count;
  TNode *value;
  if (!e->return_.value) {
    value = check_void(c, e->span);
    if (!frame->result) frame->result = frame->hint ? check_type_result(c, c->t_void) : c->t_void;
    if (!check_can_coerce(c, c->t_void, frame->result)) {
      check_note(c, check_report(c, e->span, DIAG_RETURN_VALUE, check_type_text(c, frame->result)), promised, "the function says here what it gives");
      return check_error_node(c, e->span);
    }
    value = check_coerce(c, value, frame->result, e->span);
  } else {
    bool gives_nothing = frame->result && frame->result->kind == TYPE_VOID;
    value = gives_nothing ? check_expr(c, e->return_.value, NULL) : check_expr_as(c, e->return_.value, frame->result);
    if (gives_nothing && value->type->kind != TYPE_VOID && value->type->kind != TYPE_ERROR && !check_is_never(value)) {
      Diag *d = check_report(c, e->return_.value->span, DIAG_RETURN_NOTHING, check_type_text(c, value->type));
      diag_help(d, "declare the result: `-> %s`", check_type_text(c, value->type));
      if (fn) check_note(c, d, fn->ast->name_span, "this function declares no result");
      return check_error_node(c, e->span);
    }
    /* A `return` inside of the value may have said what the result is. */
    if (frame->result && !check_is_never(value)) value = check_coerce(c, value, frame->result, e->return_.value->span);
    if (!frame->result && !check_is_never(value)) {
      value = check_coerce(c, value, frame->hint, e->return_.value->span);
      if (value->type->kind != TYPE_ERROR) frame->result = value->type;
    }
    if (c->comp->diags.count != from) check_note_value(c, from, e->return_.value, promised, "the function says here what it gives");
  }
  if (value->type->kind == TYPE_ERROR) return value;
  if (check_is_never(value)) return value;
  return make_return(c, value, e->span);
}
