/* Expressions, by precedence climbing over the table in token.def.
 *
 *   expr    = binary { "catch" ( NAME block | binary ) }
 *   binary  = prefix { operator prefix }                 tighter operators first; comparisons and ranges do not chain
 *   prefix  = ( "-" | "!" | "~" | "try" | "spawn" ) prefix | power
 *   power   = postfix [ "**" prefix ]
 *   postfix = primary { ( "." | "?." ) ( NAME | INT ) | "(" args ")" | "[" index "]" | "!" | type_args }
 *   args    = [ NAME ":" ] expr { "," ... } [ "," ]
 *   index   = expr | [ expr ] ".." [ expr ]
 *   primary = literal | NAME | "self" | "." NAME | "(" exprs ")" | list | map | block | closure | if | match | loop
 *           | jump
 *
 * A newline ends an expression except before `.`, `?.`, `??` and `catch`; inside ( and [ it means nothing; and directly
 * in the braces of `match` a dot at the start of a line belongs to the next arm.
 */
#include "parse_internal.h"

#define PRECEDENCE_COMPARISON 3
#define PRECEDENCE_RANGE 5
#define PRECEDENCE_POWER 13

static const struct {
  uint8_t precedence, right;
} operators[TOK_COUNT] = {
#define BINARY(kind, text, precedence, right) [TOK_##kind] = {precedence, right},
#include "token.def"
};

Expr *parse_new_expr(Parser *p, ExprKind kind, uint32_t start) {
  Expr *e = ARENA_NEW(p->arena, Expr);
  e->kind = kind;
  e->span = parse_span(p, start);
  return e;
}

/* Tells whether the token ahead can go on with the expression before it. */
static bool goes_on(const Parser *p) {
  if (parse_same_line(p)) return true;
  switch (p->tok.kind) {
    case TOK_DOT: return p->lines != LINES_MATCH;
    case TOK_QUESTION_DOT:
    case TOK_QUESTION_QUESTION:
    case TOK_CATCH: return true;
    default: return false;
  }
}

/* ---- Postfix ---- */

static Expr *parse_member(Parser *p, Expr *object) {
  uint32_t start = object->span.start;
  bool optional = p->tok.kind == TOK_QUESTION_DOT;
  parse_advance(p);
  Span span = parse_token_span(p);
  if (p->tok.kind == TOK_INT && parse_same_line(p)) {
    uint64_t index = p->tok.bits;
    if (index > 255) parse_complain(p, span, DIAG_BAD_TUPLE_INDEX);
    parse_advance(p);
    Expr *e = parse_new_expr(p, EXPR_TUPLE_INDEX, start);
    e->tuple_index.object = object;
    e->tuple_index.index = (uint32_t)(index > 255 ? 255 : index);
    e->tuple_index.index_span = span;
    e->tuple_index.optional = optional;
    return e;
  }
  if (object->kind == EXPR_INT && p->tok.kind != TOK_NAME) {
    Diag *d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, "a digit", parse_found(p));
    diag_help(d, "a float has digits on both sides of its dot: `1.0`, `0.5`");
    return parse_new_expr(p, EXPR_ERROR, start);
  }
  Name name = parse_name(p, "the name of a member", &span);
  Expr *e = parse_new_expr(p, name ? EXPR_MEMBER : EXPR_ERROR, start);
  if (!name) return e;
  e->member.object = object;
  e->member.name = name;
  e->member.name_span = span;
  e->member.optional = optional;
  return e;
}

/* args: a label is read as an expression first, which costs no looking ahead. */
static void parse_args(Parser *p, Expr *call) {
  VEC(Arg) args = {0};
  bool labelled = false;
  while (p->tok.kind != TOK_RPAREN && !p->panic) {
    Arg arg = {.value = parse_expr(p)};
    if (p->tok.kind == TOK_COLON && arg.value->kind == EXPR_NAME && !arg.value->paren) {
      arg.label = arg.value->name.name;
      arg.label_span = arg.value->span;
      parse_advance(p);
      arg.value = parse_expr(p);
      labelled = true;
    } else if (labelled) {
      parse_complain(p, arg.value->span, DIAG_ARG_ORDER);
    }
    VEC_PUSH(p->arena, &args, arg);
    if (!parse_accept(p, TOK_COMMA)) break;
  }
  call->call.args = args.items;
  call->call.arg_count = args.count;
}

static Expr *parse_call(Parser *p, Expr *callee) {
  Expr *e = parse_new_expr(p, EXPR_CALL, callee->span.start);
  Span open = parse_token_span(p);
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  parse_advance(p);
  e->call.callee = callee;
  parse_args(p, e);
  parse_close(p, TOK_RPAREN, open, "`,` or `)`");
  p->lines = saved;
  e->call.args_span = parse_span(p, open.start);
  e->span = parse_span(p, callee->span.start);
  return e;
}

static Expr *new_range(Parser *p, Expr *low, Span op, bool inclusive) {
  Expr *e = parse_new_expr(p, EXPR_RANGE, low ? low->span.start : op.start);
  e->range.low = low;
  e->range.op_span = op;
  e->range.inclusive = inclusive;
  return e;
}

static Expr *parse_binary(Parser *p, int least);

/* A range that starts with its dots: [..b], [..]. */
static Expr *parse_head_range(Parser *p) {
  Span op = parse_token_span(p);
  bool inclusive = p->tok.kind == TOK_DOT_DOT_EQ;
  parse_advance(p);
  Expr *high = p->tok.kind == TOK_RBRACKET && !inclusive ? NULL : parse_binary(p, PRECEDENCE_RANGE + 1);
  Expr *e = new_range(p, NULL, op, inclusive);
  e->range.high = high;
  return e;
}

static void reject_open_range(Parser *p) {
  if (!p->open_range) return;
  parse_complain(p, p->open_range->range.op_span, DIAG_OPEN_RANGE, "its end");
  p->open_range = NULL;
}

static Expr *parse_index(Parser *p, Expr *object) {
  Expr *e = parse_new_expr(p, EXPR_INDEX, object->span.start);
  Span open = parse_token_span(p);
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  parse_advance(p);
  e->index.object = object;
  if (p->tok.kind == TOK_DOT_DOT || p->tok.kind == TOK_DOT_DOT_EQ) e->index.index = parse_head_range(p);
  else e->index.index = parse_expr(p);
  if (p->open_range == e->index.index) p->open_range = NULL;
  reject_open_range(p);
  parse_close(p, TOK_RBRACKET, open, "`]`");
  p->lines = saved;
  e->span = parse_span(p, object->span.start);
  return e;
}

static bool starts_type(TokenKind kind) {
  return kind == TOK_NAME || kind == TOK_LBRACKET || kind == TOK_LPAREN || kind == TOK_FN;
}

#define TRIAL_DEPTH 40

/* Tells whether the `<` ahead opens type arguments: a well-formed list of types, closed by a `>` that ( or . follows at
 * once. Leaves the parser as it was. */
static bool opens_type_args(Parser *p) {
  if (!starts_type((TokenKind)parse_peek(p).kind)) return false;
  Parser saved = *p;
  p->trial = true;
  p->trial_depth = p->depth + TRIAL_DEPTH;
  p->lx.diags = NULL;
  p->panic = false;
  size_t count;
  parse_type_args(p, &count);
  const char *next = p->source->text + p->prev_end;
  bool yes = !p->panic && (*next == '(' || (*next == '.' && next[1] != '.'));
  *p = saved;
  return yes;
}

static Expr *parse_generic(Parser *p, Expr *base) {
  Expr *e = parse_new_expr(p, EXPR_TYPE_ARGS, base->span.start);
  e->type_args.base = base;
  e->type_args.args = parse_type_args(p, &e->type_args.arg_count);
  e->span = parse_span(p, base->span.start);
  return e;
}

static bool is_path(const Expr *e) {
  return !e->paren && (e->kind == EXPR_NAME || (e->kind == EXPR_MEMBER && !e->member.optional));
}

/* Closes a chain that a ?. can skip. */
static Expr *end_chain(Parser *p, Expr *e, bool *optional) {
  if (!*optional) return e;
  *optional = false;
  Expr *chain = parse_new_expr(p, EXPR_CHAIN, e->span.start);
  chain->inner = e;
  parse_grow(p);
  return chain;
}

/* What follows a primary; `!` ends a chain, so `a?.b!` takes the value of all of `a?.b`. */
static Expr *postfix_tail(Parser *p, Expr *e) {
  bool optional = false;
  while (!p->panic) {
    switch (p->tok.kind) {
      case TOK_DOT:
      case TOK_QUESTION_DOT:
        if (!goes_on(p)) return end_chain(p, e, &optional);
        optional |= p->tok.kind == TOK_QUESTION_DOT;
        e = parse_member(p, e);
        break;
      case TOK_LPAREN:
        if (!parse_same_line(p)) return end_chain(p, e, &optional);
        e = parse_call(p, e);
        break;
      case TOK_LBRACKET:
        if (!parse_same_line(p)) return end_chain(p, e, &optional);
        e = parse_index(p, e);
        break;
      case TOK_BANG: {
        if (!parse_same_line(p)) return end_chain(p, e, &optional);
        parse_advance(p);
        Expr *inner = end_chain(p, e, &optional);
        inner->span.end = inner->kind == EXPR_CHAIN ? inner->inner->span.end : inner->span.end;
        e = parse_new_expr(p, EXPR_FORCE, inner->span.start);
        e->inner = inner;
        break;
      }
      case TOK_LT:
        if (!is_path(e) || !parse_same_line(p) || !opens_type_args(p)) return end_chain(p, e, &optional);
        e = parse_generic(p, e);
        break;
      default: return end_chain(p, e, &optional);
    }
    parse_grow(p);
  }
  return end_chain(p, e, &optional);
}

/* ---- Prefix and power ---- */

static bool is_plain_int(const Expr *e) {
  return e->kind == EXPR_INT && !e->paren && !e->integer.negative;
}

/* power; `minus` tells that a minus sign stands directly before, so that 2^63 may follow. */
static Expr *parse_power(Parser *p, bool minus) {
  bool too_big = p->tok.kind == TOK_INT && p->tok.flags & TOKEN_TOO_BIG;
  Span span = parse_token_span(p);
  Expr *e = postfix_tail(p, parse_primary(p));
  bool power = p->tok.kind == TOK_STAR_STAR && parse_same_line(p) && !p->panic;
  if (too_big && (!minus || power || !is_plain_int(e))) {
    Diag *d = parse_complain(p, span, DIAG_INT_TOO_LARGE);
    diag_help(d, "an int goes from -9223372036854775808 to 9223372036854775807");
  }
  if (!power) return e;
  Span op = parse_token_span(p);
  parse_advance(p);
  uint32_t saved;
  Expr *right = parse_enter(p, &saved) ? parse_binary(p, PRECEDENCE_POWER) : parse_new_expr(p, EXPR_ERROR, op.start);
  parse_leave(p, saved);
  Expr *result = parse_new_expr(p, EXPR_BINARY, e->span.start);
  result->binary.op = TOK_STAR_STAR;
  result->binary.op_span = op;
  result->binary.left = e;
  result->binary.right = right;
  parse_grow(p);
  return result;
}

static Expr *parse_prefix(Parser *p, bool minus);

/* Makes the node of a prefix operator over its operand. */
static Expr *make_prefix(Parser *p, TokenKind op, Span span, Expr *operand) {
  if (op == TOK_MINUS && is_plain_int(operand) && !operand->integer.radix) {
    operand->integer.bits = -operand->integer.bits;
    operand->integer.negative = true;
    operand->span = parse_span(p, span.start);
    return operand;
  }
  bool unary = op == TOK_MINUS || op == TOK_BANG || op == TOK_TILDE;
  Expr *e = parse_new_expr(p, unary ? EXPR_UNARY : op == TOK_TRY ? EXPR_TRY : EXPR_SPAWN, span.start);
  if (unary) {
    e->unary.op = op;
    e->unary.op_span = span;
    e->unary.operand = operand;
    return e;
  }
  e->inner = operand;
  bool call = operand->kind == EXPR_CALL || (operand->kind == EXPR_CHAIN && operand->inner->kind == EXPR_CALL);
  if (op == TOK_SPAWN && !call && operand->kind != EXPR_ERROR) {
    diag_help(parse_complain(p, operand->span, DIAG_BAD_SPAWN), "to run a block, write `spawn (|| { ... })()`");
  }
  return e;
}

/* prefix */
static Expr *parse_prefix(Parser *p, bool minus) {
  TokenKind op = (TokenKind)p->tok.kind;
  switch (op) {
    case TOK_MINUS:
    case TOK_BANG:
    case TOK_TILDE:
    case TOK_TRY:
    case TOK_SPAWN: break;
    default: return parse_power(p, minus);
  }
  Span span = parse_token_span(p);
  uint32_t saved;
  if (!parse_enter(p, &saved)) {
    parse_leave(p, saved);
    return parse_new_expr(p, EXPR_ERROR, span.start);
  }
  parse_advance(p);
  Expr *operand = parse_prefix(p, op == TOK_MINUS);
  parse_leave(p, saved);
  return make_prefix(p, op, span, operand);
}

/* ---- Operators between operands ---- */

/* The part of a range from its dots on. */
static Expr *range_tail(Parser *p, Expr *low) {
  Span op = parse_token_span(p);
  bool inclusive = p->tok.kind == TOK_DOT_DOT_EQ;
  parse_advance(p);
  if (p->tok.kind == TOK_DOT && p->tok.start == op.end) {
    Diag *d = parse_error(p, span_make(op.source, op.start, p->tok.end), DIAG_FOREIGN_OPERATOR, "...");
    diag_help(d, "write `a..b`, or `a..=b` with `b` included");
  }
  bool open = p->tok.kind == TOK_RBRACKET && !inclusive;
  bool lacks_end = p->tok.kind == TOK_LBRACE || p->tok.kind == TOK_RPAREN || p->tok.kind == TOK_COMMA || parse_at_end(p);
  if (!open && lacks_end) parse_complain(p, op, DIAG_OPEN_RANGE, "its end");
  Expr *high = open ? NULL : lacks_end ? parse_new_expr(p, EXPR_ERROR, op.start) : parse_binary(p, PRECEDENCE_RANGE + 1);
  Expr *e = new_range(p, low, op, inclusive);
  e->range.high = high;
  if (open) p->open_range = e;
  return e;
}

/* Reports an operator of other languages that the lexer reads as two. */
static void check_foreign_operator(Parser *p, TokenKind op, Span span) {
  static const struct { uint8_t first, second; const char *text, *help; } rows[] = {
    {TOK_PLUS, TOK_PLUS, "++", "write `x += 1`"},
    {TOK_EQ_EQ, TOK_EQ, "===", "write `==`"},
    {TOK_BANG_EQ, TOK_EQ, "!==", "write `!=`"},
    {TOK_LT, TOK_GT, "<>", "write `!=`"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (op != rows[i].first || p->tok.kind != rows[i].second || p->tok.start != span.end) continue;
    diag_help(parse_error(p, span_make(span.source, span.start, p->tok.end), DIAG_FOREIGN_OPERATOR, rows[i].text), "%s", rows[i].help);
  }
}

static Expr *binary_tail(Parser *p, Expr *left, int precedence) {
  TokenKind op = (TokenKind)p->tok.kind;
  Span span = parse_token_span(p);
  parse_advance(p);
  check_foreign_operator(p, op, span);
  Expr *right = parse_binary(p, operators[op].right ? precedence : precedence + 1);
  Expr *e = parse_new_expr(p, EXPR_BINARY, left->span.start);
  e->binary.op = op;
  e->binary.op_span = span;
  e->binary.left = left;
  e->binary.right = right;
  return e;
}

/* Reports `a < b < c` and `a..b..c`. */
static void check_chain(Parser *p, int precedence) {
  if (p->panic || !goes_on(p) || operators[p->tok.kind].precedence != precedence) return;
  if (precedence == PRECEDENCE_RANGE) {
    parse_complain(p, parse_token_span(p), DIAG_RANGE_CHAIN);
  } else if (precedence == PRECEDENCE_COMPARISON) {
    diag_help(parse_complain(p, parse_token_span(p), DIAG_COMPARISON_CHAIN), "write `a < b && b < c`");
  }
}

/* binary, of operators that bind at least as tight as `least` */
static Expr *parse_binary(Parser *p, int least) {
  uint32_t saved;
  if (!parse_enter(p, &saved)) {
    parse_leave(p, saved);
    return parse_new_expr(p, EXPR_ERROR, p->tok.start);
  }
  Expr *left = parse_prefix(p, false);
  while (!p->panic) {
    int precedence = operators[p->tok.kind].precedence;
    if (precedence == 0 || precedence < least || precedence == PRECEDENCE_POWER || !goes_on(p)) break;
    left = precedence == PRECEDENCE_RANGE ? range_tail(p, left) : binary_tail(p, left, precedence);
    check_chain(p, precedence);
    parse_grow(p);
  }
  parse_leave(p, saved);
  return left;
}

/* True at the `(e) {` of `try { ... } catch (e) { ... }`. */
static bool at_foreign_handler(const Parser *p) {
  Lexer lx = p->lx;
  Token t[3];
  lx.diags = NULL;
  for (int i = 0; i < 3; i++) lex_next(&lx, &t[i]);
  return p->tok.kind == TOK_LPAREN && t[0].kind == TOK_NAME && t[1].kind == TOK_RPAREN && t[2].kind == TOK_LBRACE;
}

static Expr *catch_tail(Parser *p, Expr *value) {
  parse_advance(p);
  Expr *e = parse_new_expr(p, EXPR_CATCH, value->span.start);
  e->catch_.value = value;
  if (at_foreign_handler(p)) {
    Diag *d = parse_error(p, parse_token_span(p), DIAG_EXPECTED_TOKEN, "a name or a value", "`(`");
    diag_help(d, "write `f() catch e { ... }`; `try` passes an error on");
    e->catch_.handler = parse_new_expr(p, EXPR_ERROR, p->tok.start);
    return e;
  }
  if (p->tok.kind == TOK_NAME && parse_peek(p).kind == TOK_LBRACE) {
    e->catch_.name = p->tok.name;
    e->catch_.name_span = parse_token_span(p);
    parse_advance(p);
    e->catch_.handler = parse_block_expr(p);
  } else {
    e->catch_.handler = parse_binary(p, 1);
  }
  e->span = parse_span(p, value->span.start);
  return e;
}

/* expr */
Expr *parse_expr(Parser *p) {
  uint32_t saved = p->height;
  p->height = 0;
  Expr *e = parse_binary(p, 1);
  while (p->tok.kind == TOK_CATCH && !p->panic) {
    e = catch_tail(p, e);
    parse_grow(p);
  }
  if (p->height < saved) p->height = saved;
  return e;
}

/* An expression, or an assignment made into a block: the body of an arm, a closure or a function. */
Expr *parse_expr_or_assign(Parser *p) {
  uint32_t start = p->tok.start;
  Expr *e = parse_expr(p);
  if (p->panic || !parse_at_assign(p) || !parse_same_line(p)) return e;
  Stmt **stmts = ARENA_ARRAY(p->arena, Stmt *, 1);
  stmts[0] = parse_assign(p, e, start);
  Block *block = ARENA_NEW(p->arena, Block);
  block->stmts = stmts;
  block->count = 1;
  block->span = parse_span(p, start);
  block->end_span = span_make(block->span.source, block->span.end, block->span.end);
  Expr *result = parse_new_expr(p, EXPR_BLOCK, start);
  result->block = block;
  return result;
}

/* ---- Primary ---- */

static Expr *parse_paren(Parser *p) {
  uint32_t start = p->tok.start;
  Span open = parse_token_span(p);
  Lines saved = p->lines;
  VEC(Expr *) items = {0};
  bool comma = false;
  p->lines = LINES_FREE;
  parse_advance(p);
  while (p->tok.kind != TOK_RPAREN && !p->panic) {
    Expr *item = parse_expr(p);
    VEC_PUSH(p->arena, &items, item);
    if (!(comma = parse_accept(p, TOK_COMMA))) break;
  }
  parse_close(p, TOK_RPAREN, open, "`,` or `)`");
  p->lines = saved;
  if (items.count == 1) {
    if (comma) parse_complain(p, parse_span(p, start), DIAG_TUPLE_OF_ONE);
    items.items[0]->paren = true;
    items.items[0]->span = parse_span(p, start);
    return items.items[0];
  }
  Expr *e = parse_new_expr(p, EXPR_TUPLE, start);
  e->list.items = items.items;
  e->list.count = items.count;
  return e;
}

/* The items of a map from its first colon on. */
static Expr *parse_map(Parser *p, Expr *key, Span open) {
  VEC(Expr *) keys = {0};
  VEC(Expr *) values = {0};
  while (key && !p->panic) {
    parse_expect(p, TOK_COLON, "a map is `[key: value, ...]`");
    Expr *value = parse_expr(p);
    reject_open_range(p);
    VEC_PUSH(p->arena, &keys, key);
    VEC_PUSH(p->arena, &values, value);
    if (p->panic || !parse_accept(p, TOK_COMMA) || p->tok.kind == TOK_RBRACKET) break;
    key = parse_expr(p);
  }
  parse_close(p, TOK_RBRACKET, open, "`,` or `]`");
  Expr *e = parse_new_expr(p, EXPR_MAP, open.start);
  e->map.keys = keys.items;
  e->map.values = values.items;
  e->map.count = keys.count;
  return e;
}

/* list and map */
static Expr *parse_list(Parser *p) {
  Span open = parse_token_span(p);
  parse_advance(p);
  if (p->tok.kind == TOK_COLON) {
    parse_advance(p);
    return parse_map(p, NULL, open);
  }
  VEC(Expr *) items = {0};
  while (p->tok.kind != TOK_RBRACKET && !p->panic) {
    Expr *item = parse_expr(p);
    if (items.count == 0 && p->tok.kind == TOK_COLON && !p->panic) return parse_map(p, item, open);
    reject_open_range(p);
    VEC_PUSH(p->arena, &items, item);
    if (!parse_accept(p, TOK_COMMA)) break;
  }
  parse_close(p, TOK_RBRACKET, open, "`,` or `]`");
  Expr *e = parse_new_expr(p, EXPR_LIST, open.start);
  e->list.items = items.items;
  e->list.count = items.count;
  return e;
}

static Expr *parse_list_or_map(Parser *p) {
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  Expr *e = parse_list(p);
  p->lines = saved;
  return e;
}

static Expr *parse_case(Parser *p) {
  uint32_t start = p->tok.start;
  parse_advance(p);
  Span span;
  bool is_number = p->tok.kind == TOK_INT;
  const Diags *diags = &p->c->diags;
  size_t before = diags->count;
  Name name = parse_name(p, "the name of a case", &span);
  if (is_number && diags->count != before) diag_help(diags->items[before], "a float has digits on both sides of its dot: `0.5`");
  Expr *e = parse_new_expr(p, name ? EXPR_CASE : EXPR_ERROR, start);
  if (name) {
    e->case_.name = name;
    e->case_.name_span = span;
  }
  return e;
}

/* closure */
Expr *parse_closure(Parser *p) {
  uint32_t start = p->tok.start;
  VEC(ClosureParam) params = {0};
  if (!parse_accept(p, TOK_OR_OR)) {
    Span open = parse_token_span(p);
    parse_advance(p);
    while (p->tok.kind != TOK_PIPE && !p->panic) {
      ClosureParam param = {.pattern = parse_param_pattern(p)};
      if (!p->panic && parse_accept(p, TOK_COLON)) param.type = parse_type(p);
      VEC_PUSH(p->arena, &params, param);
      if (!parse_accept(p, TOK_COMMA)) break;
    }
    if (!p->panic && !parse_accept(p, TOK_PIPE)) parse_list_error(p, "`,` or `|`", open);
    if (p->panic) return parse_new_expr(p, EXPR_ERROR, start);
  }
  Expr *body = parse_expr_or_assign(p);
  Expr *e = parse_new_expr(p, EXPR_CLOSURE, start);
  e->closure.params = params.items;
  e->closure.param_count = params.count;
  e->closure.body = body;
  return e;
}

static Expr *literal_expr(Parser *p, ExprKind kind) {
  Token t = p->tok;
  parse_advance(p);
  Expr *e = parse_new_expr(p, kind, t.start);
  if (kind == EXPR_BOOL) e->boolean = t.kind == TOK_TRUE;
  else if (kind == EXPR_CHAR) e->character = (uint32_t)t.bits;
  else if (kind == EXPR_NAME || kind == EXPR_SELF) e->name.name = t.name;
  return e;
}

static Expr *expr_error(Parser *p) {
  if (p->tok.kind == TOK_ELSE && p->tok.start == p->stmt_start) {
    parse_error(p, parse_token_span(p), DIAG_STRAY_ELSE);
    return parse_new_expr(p, EXPR_ERROR, p->tok.start);
  }
  Diag *d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_EXPR, parse_found(p));
  if (p->tok.kind == TOK_PLUS) diag_help(d, "there is no prefix `+`");
  TokenKind kind = (TokenKind)p->tok.kind;
  bool lacks_left = operators[kind].precedence && kind != TOK_EQ_EQ && kind != TOK_PLUS;
  if (lacks_left) diag_help(d, "`%s` needs a value on its left too", token_text(kind));
  if (p->tok.kind == TOK_EQ || p->tok.kind == TOK_EQ_EQ) diag_help(d, "to compare write `a == b`");
  if (p->tok.kind == TOK_ARROW) diag_help(d, "a closure's result is found out: `|x: int| x + 1`");
  if (p->tok.kind == TOK_COLON && p->tok.start && p->source->text[p->tok.start - 1] == ':') diag_help(d, "a member is written with a dot: `a.b`");
  if (p->tok.kind == TOK_FN) diag_help(d, "a closure is `|x| x + 1`");
  if (p->tok.kind == TOK_LET) diag_help(d, "`let` is a statement");
  if (p->tok.kind == TOK_VAR) diag_help(d, "`var` is a statement");
  if (p->prev_end >= 2 && p->source->text[p->prev_end - 1] == '-' && p->source->text[p->prev_end - 2] == '-') {
    diag_help(d, "there is no `--`; write `x -= 1`");
  }
  return parse_new_expr(p, EXPR_ERROR, p->tok.start);
}

/* primary */
Expr *parse_primary(Parser *p) {
  switch (p->tok.kind) {
    case TOK_INT:
    case TOK_FLOAT: return parse_number(p);
    case TOK_STRING: return parse_string(p);
    case TOK_CHAR: return literal_expr(p, EXPR_CHAR);
    case TOK_TRUE:
    case TOK_FALSE: return literal_expr(p, EXPR_BOOL);
    case TOK_NIL: return literal_expr(p, EXPR_NIL);
    case TOK_NAME: return literal_expr(p, EXPR_NAME);
    case TOK_SELF: return literal_expr(p, EXPR_SELF);
    case TOK_DOT: return parse_case(p);
    case TOK_LPAREN: return parse_paren(p);
    case TOK_LBRACKET: return parse_list_or_map(p);
    case TOK_LBRACE: return parse_block_expr(p);
    case TOK_PIPE:
    case TOK_OR_OR: return parse_closure(p);
    case TOK_IF: return parse_if(p);
    case TOK_MATCH: return parse_match(p);
    case TOK_WHILE: return parse_while(p, (LoopLabel){0});
    case TOK_FOR: return parse_for(p, (LoopLabel){0});
    case TOK_RETURN:
    case TOK_BREAK:
    case TOK_CONTINUE:
    case TOK_FAIL: return parse_jump(p);
    default: return expr_error(p);
  }
}
