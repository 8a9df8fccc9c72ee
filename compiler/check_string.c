/* check_string.c - text from values: interpolation and its formats, print, write, eprint and assert.
 */
#include "compiler/check.h"

#include <string.h>

static bool is_text(const TNode *node) { return node->kind == TN_CONST && node->type->kind == TYPE_STRING; }

/* Joins neighbours that are constant. */
static void merge_texts(Checker *c, NodeList *parts) {
  size_t count = 0;
  for (size_t i = 0; i < parts->count; i++) {
    TNode *node = parts->items[i];
    if (is_text(node) && node->str.len == 0) continue;
    TNode *last = count ? parts->items[count - 1] : NULL;
    if (!last || !is_text(last) || !is_text(node)) {
      parts->items[count++] = node;
      continue;
    }
    size_t len = last->str.len + node->str.len;
    char *text = arena_alloc(c->arena, len + 1);
    memcpy(text, last->str.text, last->str.len);
    memcpy(text + last->str.len, node->str.text, node->str.len);
    parts->items[count - 1] = check_str(c, text, len, last->span);
  }
  parts->count = count;
}

TNode *check_concat(Checker *c, NodeList *parts, Span span) {
  for (size_t i = 0; i < parts->count; i++) {
    if (parts->items[i]->type->kind == TYPE_ERROR) return check_error_node(c, span);
    if (!check_is_never(parts->items[i])) continue;
    NodeList list = {0};
    for (size_t k = 0; k <= i; k++) check_push(c, &list, parts->items[k]);
    return check_block_node(c, &list, span);
  }
  merge_texts(c, parts);
  if (parts->count == 0) return check_str(c, "", 0, span);
  if (parts->count == 1) return parts->items[0];
  TNode *node = check_op_list(c, OP_STRING_CONCAT, NULL, c->t_string, span, parts->items, (uint32_t)parts->count);
  node->index = (uint32_t)parts->count;
  return node;
}

TNode *check_show(Checker *c, TNode *value, bool is_inner, Span span) {
  const Type *type = value->type;
  if (type->kind == TYPE_ERROR || type->kind == TYPE_NEVER || (type->kind == TYPE_STRING && !is_inner)) return value;
  if (type->kind == TYPE_RESULT && c->frame->unit != c->prelude) {
    diag_help(check_report(c, span, DIAG_UNHANDLED_RESULT), "pass the error on with `try`, or handle it with `catch`");
    return check_error_node(c, span);
  }
  TNode **operands = CHECK_ARRAY(c, TNode *, 1);
  operands[0] = value;
  TNode *node = check_call_trait(c, c->core.show, is_inner ? "_repr" : "show", operands, 1, span);
  return node ? node : check_error_node(c, span);
}

/* ---- Interpolation ---- */

static TNode *char_const(Checker *c, uint32_t value, Span span) {
  TNode *node = check_node(c, TN_CONST, c->t_char, span);
  node->value.i = value;
  return node;
}

static bool fits_format(Checker *c, const InterpPart *part, const Type *type) {
  char kind = part->format.type;
  bool is_number = type->kind == TYPE_INT || type->kind == TYPE_FLOAT;
  const char *allowed = type->kind == TYPE_INT ? "dxXboef" : type->kind == TYPE_FLOAT ? "ef" : "s";
  bool ok = kind == 0 || strchr(allowed, kind) != NULL;
  if (!ok) {
    Diag *d = check_report(c, part->format_span, DIAG_FORMAT_TYPE, kind, check_type_text(c, type));
    if (type->kind == TYPE_FLOAT && strchr("dxXbo", kind)) diag_help(d, "convert it: `int(x)`");
    else diag_help(d, "it can be %s", type->kind == TYPE_INT ? "one of `d x X b o e f`" : type->kind == TYPE_FLOAT ? "`e` or `f`" : "`s`");
    return false;
  }
  if (is_number || (!part->format.sign && !part->format.zero)) return true;
  check_report(c, part->format_span, DIAG_FORMAT_NUMBER, check_type_text(c, type));
  return false;
}

static TNode *formatted(Checker *c, const InterpPart *part, TNode *value) {
  const FormatSpec *f = &part->format;
  Span span = part->value->span;
  if (value->type->kind == TYPE_ERROR || !fits_format(c, part, value->type)) return check_error_node(c, span);
  bool is_int = value->type->kind == TYPE_INT, is_float = value->type->kind == TYPE_FLOAT;
  const char *name = is_int ? "_format_int" : is_float ? "_format_float" : "_format_string";
  TNode **a = CHECK_ARRAY(c, TNode *, 8);
  a[0] = is_int || is_float ? value : check_show(c, value, false, span);
  a[1] = char_const(c, f->fill ? f->fill : ' ', span);
  a[2] = char_const(c, (unsigned char)f->align, span);
  a[3] = char_const(c, (unsigned char)f->sign, span);
  a[4] = check_bool(c, f->zero, span);
  a[5] = check_int(c, f->has_width ? (int64_t)f->width : -1, span);
  a[6] = check_int(c, f->has_precision ? (int64_t)f->precision : -1, span);
  a[7] = char_const(c, (unsigned char)f->type, span);
  return check_call_prelude(c, name, a, 8, span);
}

TNode *check_interp(Checker *c, Expr *e) {
  NodeList parts = {0};
  for (size_t i = 0; i < e->interp.count; i++) {
    const InterpPart *part = &e->interp.parts[i];
    TNode *node;
    if (!part->value) {
      node = check_str(c, part->text.text, part->text.len, e->span);
    } else {
      TNode *value = check_expr(c, part->value, NULL);
      if (c->options->warns) check_warn_part(c, part);
      node = part->has_format ? formatted(c, part, value) : check_show(c, value, false, part->value->span);
    }
    VEC_PUSH(c->arena, &parts, node);
  }
  return check_concat(c, &parts, e->span);
}

/* ---- print, write, eprint, assert ---- */

/* `writer` is the function of the prelude that gets the text. */
static TNode *print(Checker *c, Expr *e, const char *writer, const char *end) {
  NodeList parts = {0};
  for (size_t i = 0; i < e->call.arg_count; i++) {
    const Arg *arg = &e->call.args[i];
    if (arg->label) check_report(c, arg->label_span, DIAG_LABEL_ON_VALUE);
    if (i) VEC_PUSH(c->arena, &parts, check_str(c, " ", 1, e->span));
    TNode *value = check_expr(c, arg->value, NULL);
    VEC_PUSH(c->arena, &parts, check_show(c, value, false, arg->value->span));
  }
  VEC_PUSH(c->arena, &parts, check_str(c, end, strlen(end), e->span));
  TNode **operands = CHECK_ARRAY(c, TNode *, 1);
  operands[0] = check_concat(c, &parts, e->span);
  if (operands[0]->type->kind == TYPE_ERROR || check_is_never(operands[0])) return operands[0];
  return check_call_prelude(c, writer, operands, 1, e->span);
}

static void push_text(Checker *c, NodeList *parts, const char *text, Span span) {
  VEC_PUSH(c->arena, parts, check_str(c, text, strlen(text), span));
}

static bool is_comparison(TokenKind op) {
  return op == TOK_EQ_EQ || op == TOK_BANG_EQ || op == TOK_LT || op == TOK_LT_EQ || op == TOK_GT || op == TOK_GT_EQ;
}

/* Both sides of a comparison go into variables, so that a failure can show them. */
static TNode *compare_and_keep(Checker *c, Expr *cond, NodeList *before, NodeList *shown) {
  TNode *sides[2];
  Expr *exprs[] = {cond->binary.left, cond->binary.right};
  int first = check_needs_expected(exprs[0]) && !check_needs_expected(exprs[1]) ? 1 : 0;
  sides[first] = check_expr(c, exprs[first], NULL);
  sides[!first] = check_expr(c, exprs[!first], sides[first]->type->kind == TYPE_ERROR ? sides[first]->type : first ? sides[1]->type : check_operand_hint(c, cond->binary.op, sides[0]->type));
  for (int i = 0; i < 2; i++) {
    if (sides[i]->type->kind == TYPE_ERROR || check_is_never(sides[i]) || sides[i]->type->kind == TYPE_RESULT) continue;
    sides[i] = check_hold(c, before, sides[i], i ? "right" : "left");
    push_text(c, shown, i ? "\n  right: " : "\n  left: ", cond->span);
    VEC_PUSH(c->arena, shown, check_show(c, sides[i], true, cond->span));
  }
  return check_operate(c, cond->binary.op, sides[0], sides[1], cond->span, cond->binary.op_span);
}

static TNode *assertion(Checker *c, Expr *e) {
  size_t count = e->call.arg_count;
  if (count < 1 || count > 2) {
    check_report(c, e->span, DIAG_ARG_COUNT, "assert", 1, "", count);
    return check_error_node(c, e->span);
  }
  Expr *cond = e->call.args[0].value;
  NodeList before = {0}, text = {0}, shown = {0};
  Str source = span_text(&c->comp->sources, cond->span);
  push_text(c, &text, "assertion failed: ", e->span);
  VEC_PUSH(c->arena, &text, check_str(c, source.text, source.len, e->span));
  TNode *test;
  if (cond->kind == EXPR_BINARY && is_comparison(cond->binary.op)) test = compare_and_keep(c, cond, &before, &shown);
  else test = check_expr_as(c, cond, c->t_bool);
  if (count == 2) {
    push_text(c, &text, ": ", e->span);
    VEC_PUSH(c->arena, &text, check_expr_as(c, e->call.args[1].value, c->t_string));
  }
  for (size_t i = 0; i < shown.count; i++) VEC_PUSH(c->arena, &text, shown.items[i]);
  TNode *message = check_concat(c, &text, e->span);
  if (test->type->kind == TYPE_ERROR || message->type->kind == TYPE_ERROR) return check_error_node(c, e->span);
  if (check_is_never(test)) return test;
  TNode *fails = check_op(c, OP_BOOL_NOT, NULL, c->t_bool, e->span, test, NULL, NULL);
  check_push(c, &before, check_if(c, fails, check_panic(c, message, e->span), NULL, c->t_void, e->span));
  return check_block_node(c, &before, e->span);
}

TNode *check_special(Checker *c, Expr *e, Special special) {
  switch (special) {
    case SPECIAL_PRINT: return print(c, e, "_write_line", "");
    case SPECIAL_WRITE: return print(c, e, "_write", "");
    case SPECIAL_EPRINT: return print(c, e, "_write_error", "\n");
    default: return assertion(c, e);
  }
}
