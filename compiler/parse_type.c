/* Types as written.
 *
 *   type        = simple_type { "?" | "!" }
 *   simple_type = NAME [ "." NAME ] [ type_args ] | "[" type "]" | "[" type ":" type "]" | "(" [ types ] ")"
 *               | "fn" "(" [ types ] ")" [ "->" type ]
 *   type_args   = "<" types ">"
 *   types       = type { "," type } [ "," ]
 *   type_params = "<" NAME [ ":" type { "+" type } ] { "," ... } ">"
 */
#include "parse_internal.h"

static TypeExpr *new_type(Parser *p, TypeExprKind kind, uint32_t start) {
  TypeExpr *t = ARENA_NEW(p->arena, TypeExpr);
  t->kind = kind;
  t->span = parse_span(p, start);
  return t;
}

TypeExpr **parse_type_list(Parser *p, TokenKind close, Span open, size_t *count) {
  VEC(TypeExpr *) items = {0};
  while (!parse_at(p, close) && !p->panic) {
    TypeExpr *item = parse_type(p);
    VEC_PUSH(p->arena, &items, item);
    if (!parse_accept(p, TOK_COMMA)) break;
  }
  parse_close(p, close, open, close == TOK_RPAREN ? "`,` or `)`" : "`,` or `]`");
  *count = items.count;
  return items.items;
}

/* type_args */
TypeExpr **parse_type_args(Parser *p, size_t *count) {
  VEC(TypeExpr *) items = {0};
  Span open = parse_token_span(p);
  parse_advance(p);
  do {
    if (p->tok.kind == TOK_GT && items.count) break;
    TypeExpr *item = parse_type(p);
    VEC_PUSH(p->arena, &items, item);
  } while (!p->panic && parse_accept(p, TOK_COMMA));
  if (!p->panic && !parse_close_angle(p)) parse_list_error(p, "`,` or `>`", open);
  *count = items.count;
  return items.items;
}

static TypeExpr *parse_named_type(Parser *p) {
  uint32_t start = p->tok.start;
  if (parse_at_word(p, p->word_self_type)) {
    parse_advance(p);
    return new_type(p, TYPEX_SELF, start);
  }
  TypeExpr *t = new_type(p, TYPEX_NAME, start);
  t->name.name_span = parse_token_span(p);
  t->name.name = p->tok.name;
  parse_advance(p);
  if (parse_at(p, TOK_DOT) && parse_same_line(p) && parse_peek(p).kind == TOK_NAME) {
    parse_advance(p);
    t->name.module = t->name.name;
    t->name.module_span = t->name.name_span;
    t->name.name_span = parse_token_span(p);
    t->name.name = p->tok.name;
    parse_advance(p);
  }
  if (parse_at(p, TOK_LT) && parse_same_line(p)) t->name.args = parse_type_args(p, &t->name.arg_count);
  t->span = parse_span(p, start);
  return t;
}

/* [T] and [K: V] */
static TypeExpr *parse_list_type(Parser *p) {
  uint32_t start = p->tok.start;
  Span open = parse_token_span(p);
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  parse_advance(p);
  TypeExpr *first = parse_type(p), *second = NULL;
  if (!p->panic && parse_accept(p, TOK_COLON)) second = parse_type(p);
  parse_close(p, TOK_RBRACKET, open, "`]`");
  p->lines = saved;
  TypeExpr *t = new_type(p, second ? TYPEX_MAP : TYPEX_LIST, start);
  if (second) {
    t->map.key = first;
    t->map.value = second;
  } else {
    t->element = first;
  }
  return t;
}

static TypeExpr *parse_paren_type(Parser *p) {
  uint32_t start = p->tok.start;
  Span open = parse_token_span(p);
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  parse_advance(p);
  size_t count;
  TypeExpr **items = parse_type_list(p, TOK_RPAREN, open, &count);
  p->lines = saved;
  if (count <= 1 && !p->panic && p->tok.kind == TOK_ARROW && parse_same_line(p)) {
    Diag *d = parse_error(p, open, DIAG_EXPECTED_TYPE_EXPR, "`(`");
    diag_help(d, "the type of a function is `fn(A) -> B`");
  }
  if (count == 1) {
    items[0]->span = parse_span(p, start);
    return items[0];
  }
  TypeExpr *t = new_type(p, TYPEX_TUPLE, start);
  t->tuple.items = items;
  t->tuple.count = count;
  return t;
}

/* A result's `?` belongs to the result: fn(A) -> B? gives a B?. */
static TypeExpr *parse_fn_type(Parser *p) {
  uint32_t start = p->tok.start;
  TypeExpr *t = new_type(p, TYPEX_FN, start);
  parse_advance(p);
  Span open = parse_token_span(p);
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  if (parse_expect(p, TOK_LPAREN, "a function's type is `fn(A, B) -> R`")) {
    t->fn.params = parse_type_list(p, TOK_RPAREN, open, &t->fn.param_count);
  }
  p->lines = saved;
  if (!p->panic && parse_at(p, TOK_ARROW) && parse_same_line(p)) {
    parse_advance(p);
    t->fn.result = parse_type(p);
  }
  t->span = parse_span(p, start);
  return t;
}

static TypeExpr *parse_simple_type(Parser *p) {
  switch (p->tok.kind) {
    case TOK_NAME: return parse_named_type(p);
    case TOK_LBRACKET: return parse_list_type(p);
    case TOK_LPAREN: return parse_paren_type(p);
    case TOK_FN: return parse_fn_type(p);
    default: break;
  }
  Diag *d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_TYPE_EXPR, parse_found(p));
  if (p->tok.kind == TOK_AMP || p->tok.kind == TOK_STAR) diag_help(d, "objects, lists and maps are references already");
  if (p->tok.kind == TOK_LBRACE) diag_help(d, "a type with fields is a class: `class A { x: int }`");
  if (p->tok.kind == TOK_PIPE) diag_help(d, "the type of a function is `fn(A) -> B`");
  return new_type(p, TYPEX_ERROR, p->tok.start);
}

static TypeExpr *wrap_type(Parser *p, TypeExprKind kind, TypeExpr *inner) {
  TypeExpr *t = new_type(p, kind, inner->span.start);
  t->element = inner;
  parse_grow(p);
  return t;
}

/* type */
TypeExpr *parse_type(Parser *p) {
  uint32_t saved;
  TypeExpr *t = parse_enter(p, &saved) ? parse_simple_type(p) : new_type(p, TYPEX_ERROR, p->tok.start);
  while (!p->panic && parse_same_line(p)) {
    bool twice = p->tok.kind == TOK_QUESTION_QUESTION;
    if (p->tok.kind != TOK_QUESTION && p->tok.kind != TOK_BANG && !twice) break;
    TypeExprKind kind = p->tok.kind == TOK_BANG ? TYPEX_RESULT : TYPEX_OPTIONAL;
    parse_advance(p);
    t = wrap_type(p, kind, t);
    if (twice) t = wrap_type(p, kind, t);
  }
  if (!p->panic && p->tok.kind == TOK_LBRACKET && p->tok.start == p->prev_end) {
    Diag *d = parse_error(p, parse_token_span(p), DIAG_TYPE_BRACKETS);
    diag_help(d, "a list is `[T]`, a map `[K: V]`");
  }
  parse_leave(p, saved);
  return t;
}

static void parse_bounds(Parser *p, TypeParamDecl *param) {
  VEC(TypeExpr *) bounds = {0};
  do {
    TypeExpr *bound = parse_type(p);
    VEC_PUSH(p->arena, &bounds, bound);
  } while (!p->panic && parse_accept(p, TOK_PLUS));
  param->bounds = bounds.items;
  param->bound_count = bounds.count;
}

/* type_params */
TypeParamDecl *parse_type_params(Parser *p, size_t *count) {
  VEC(TypeParamDecl) params = {0};
  *count = 0;
  if (!parse_at(p, TOK_LT)) return NULL;
  Span open = parse_token_span(p);
  parse_advance(p);
  do {
    if (p->tok.kind == TOK_GT) break;
    TypeParamDecl param = {0};
    param.name = parse_name(p, "the name of a type parameter", &param.span);
    if (!param.name) break;
    if (parse_accept(p, TOK_COLON)) parse_bounds(p, &param);
    VEC_PUSH(p->arena, &params, param);
  } while (!p->panic && parse_accept(p, TOK_COMMA));
  if (!p->panic && params.count == 0) parse_complain(p, open, DIAG_EMPTY_TYPE_LIST, "name");
  if (!p->panic && !parse_close_angle(p)) parse_list_error(p, "`,` or `>`", open);
  *count = params.count;
  return params.items;
}
