/* Patterns.
 *
 *   pattern  = simple { "|" simple }
 *   simple   = "_" | NAME | NAME ":" type | "is" type | "nil" | literal | range | case | "(" [ patterns ] ")"
 *   case     = [ path ] "." NAME [ "(" [ patterns ] ")" ]        path = NAME [ "." NAME ] [ type_args ]
 *   range    = [ literal ] ( ".." | "..=" ) [ literal ]
 *   literal  = [ "-" ] INT | [ "-" ] FLOAT | CHAR | STRING | "true" | "false"
 */
#include "parse_internal.h"

static Pattern *new_pattern(Parser *p, PatternKind kind, uint32_t start) {
  Pattern *pattern = ARENA_NEW(p->arena, Pattern);
  pattern->kind = kind;
  pattern->span = parse_span(p, start);
  return pattern;
}

Pattern *parse_no_pattern(Parser *p) {
  return new_pattern(p, PAT_ERROR, p->tok.start);
}

static Pattern *pattern_error(Parser *p) {
  Diag *d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_PATTERN, parse_found(p));
  bool is_word = p->tok.kind >= TOK_BREAK && p->tok.kind <= TOK_WHILE;
  const char *word = token_text((TokenKind)p->tok.kind);
  if (p->tok.kind == TOK_ELSE) diag_help(d, "the arm for the rest is `_ => ...`");
  else if (is_word) diag_help(d, "`%s` is a word of the language; take another name, such as `%s_`", word, word);
  return new_pattern(p, PAT_ERROR, p->tok.start);
}

static Pattern **parse_patterns(Parser *p, size_t *count) {
  VEC(Pattern *) items = {0};
  Span open = parse_token_span(p);
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  parse_advance(p);
  while (!parse_at(p, TOK_RPAREN) && !p->panic) {
    Pattern *item = parse_pattern(p, true);
    VEC_PUSH(p->arena, &items, item);
    if (!parse_accept(p, TOK_COMMA)) break;
  }
  parse_close(p, TOK_RPAREN, open, "`,` or `)`");
  p->lines = saved;
  *count = items.count;
  return items.items;
}

static bool at_literal(const Parser *p) {
  switch (p->tok.kind) {
    case TOK_INT:
    case TOK_FLOAT:
    case TOK_CHAR:
    case TOK_STRING:
    case TOK_TRUE:
    case TOK_FALSE:
    case TOK_MINUS: return true;
    default: return false;
  }
}

static Expr *negative_literal(Parser *p) {
  uint32_t start = p->tok.start;
  parse_advance(p);
  if (p->tok.kind != TOK_INT && p->tok.kind != TOK_FLOAT) {
    parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, "a number", parse_found(p));
    return parse_new_expr(p, EXPR_ERROR, start);
  }
  Expr *e = parse_number(p);
  e->span = parse_span(p, start);
  if (e->kind == EXPR_FLOAT) {
    e->real = -e->real;
  } else if (e->kind == EXPR_INT) {
    e->integer.bits = -e->integer.bits;
    e->integer.negative = true;
  }
  return e;
}

/* literal */
static Expr *parse_literal(Parser *p) {
  if (p->tok.kind == TOK_MINUS) return negative_literal(p);
  bool too_big = p->tok.kind == TOK_INT && p->tok.flags & TOKEN_TOO_BIG;
  Span span = parse_token_span(p);
  Expr *e = p->tok.kind == TOK_INT || p->tok.kind == TOK_FLOAT ? parse_number(p) : parse_primary(p);
  if (too_big) parse_complain(p, span, DIAG_INT_TOO_LARGE);
  if (e->kind == EXPR_INTERP) {
    parse_complain(p, e->span, DIAG_PATTERN_INTERPOLATION);
    e->kind = EXPR_ERROR;
  }
  return e;
}

static Pattern *range_pattern(Parser *p, Expr *low, uint32_t start) {
  bool inclusive = p->tok.kind == TOK_DOT_DOT_EQ;
  parse_advance(p);
  Expr *high = at_literal(p) && parse_same_line(p) ? parse_literal(p) : NULL;
  if (!high && (inclusive || !low)) {
    parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, "the end of the range", parse_found(p));
  }
  Pattern *pattern = new_pattern(p, PAT_RANGE, start);
  pattern->range.low = low;
  pattern->range.high = high;
  pattern->range.inclusive = inclusive;
  return pattern;
}

static bool at_range(const Parser *p) {
  return (p->tok.kind == TOK_DOT_DOT || p->tok.kind == TOK_DOT_DOT_EQ) && parse_same_line(p);
}

static Pattern *literal_pattern(Parser *p) {
  uint32_t start = p->tok.start;
  Expr *literal = parse_literal(p);
  if (at_range(p)) return range_pattern(p, literal, start);
  Pattern *pattern = new_pattern(p, literal->kind == EXPR_ERROR ? PAT_ERROR : PAT_LITERAL, start);
  pattern->literal = literal;
  return pattern;
}

/* The part of a case from its dot on. */
static Pattern *case_pattern(Parser *p, TypeExpr *path, uint32_t start) {
  parse_advance(p);
  Pattern *pattern = new_pattern(p, PAT_CASE, start);
  pattern->case_.path = path;
  pattern->case_.name = parse_name(p, "the name of a case", &pattern->case_.name_span);
  if (!pattern->case_.name) {
    pattern->kind = PAT_ERROR;
  } else if (parse_at(p, TOK_LPAREN) && parse_same_line(p)) {
    pattern->case_.has_args = true;
    pattern->case_.args = parse_patterns(p, &pattern->case_.arg_count);
  }
  pattern->span = parse_span(p, start);
  return pattern;
}

/* Enum.case, module.Enum.case, Enum<T>.case; the first name is read already. */
static Pattern *path_pattern(Parser *p, Name name, Span span) {
  TypeExpr *path = ARENA_NEW(p->arena, TypeExpr);
  path->kind = TYPEX_NAME;
  path->name.name = name;
  path->name.name_span = span;
  if (parse_at(p, TOK_DOT)) {
    Lexer lx = p->lx;
    Token second, third;
    lx.diags = NULL;
    lex_next(&lx, &second);
    lex_next(&lx, &third);
    if (second.kind == TOK_NAME && (third.kind == TOK_DOT || third.kind == TOK_LT) && !third.newline) {
      parse_advance(p);
      path->name.module = name;
      path->name.module_span = span;
      path->name.name = p->tok.name;
      path->name.name_span = parse_token_span(p);
      parse_advance(p);
    }
  }
  if (parse_at(p, TOK_LT)) path->name.args = parse_type_args(p, &path->name.arg_count);
  path->span = parse_span(p, span.start);
  if (p->panic) return new_pattern(p, PAT_ERROR, span.start);
  if (!parse_at(p, TOK_DOT)) return pattern_error(p);
  return case_pattern(p, path, span.start);
}

static Pattern *type_pattern(Parser *p, Name name, Span span, uint32_t start) {
  parse_advance(p);
  Pattern *pattern = new_pattern(p, PAT_TYPE, start);
  pattern->type_test.name = name;
  pattern->type_test.name_span = span;
  pattern->type_test.test = parse_type(p);
  pattern->span = parse_span(p, start);
  return pattern;
}

static Pattern *name_pattern(Parser *p, bool type_test) {
  uint32_t start = p->tok.start;
  Name name = p->tok.name;
  Span span = parse_token_span(p);
  bool wildcard = name == p->word_underscore;
  parse_advance(p);
  if (parse_same_line(p)) {
    if (type_test && parse_at(p, TOK_COLON)) return type_pattern(p, wildcard ? NULL : name, span, start);
    if (parse_at(p, TOK_DOT) || parse_at(p, TOK_LT)) return path_pattern(p, name, span);
    if (parse_at(p, TOK_LPAREN)) {
      size_t count;
      diag_help(parse_complain(p, span, DIAG_PATTERN_CALL), "write `.%.60s(...)`", name);
      parse_patterns(p, &count);
      return new_pattern(p, PAT_ERROR, start);
    }
  }
  Pattern *pattern = new_pattern(p, wildcard ? PAT_WILDCARD : PAT_BIND, start);
  if (!wildcard) pattern->name = name;
  return pattern;
}

static Pattern *paren_pattern(Parser *p) {
  uint32_t start = p->tok.start;
  size_t count;
  Pattern **items = parse_patterns(p, &count);
  if (count == 1) {
    items[0]->span = parse_span(p, start);
    return items[0];
  }
  Pattern *pattern = new_pattern(p, count ? PAT_TUPLE : PAT_WILDCARD, start);
  if (count) {
    pattern->list.items = items;
    pattern->list.count = count;
  }
  return pattern;
}

/* simple */
static Pattern *simple_pattern(Parser *p, bool type_test) {
  uint32_t start = p->tok.start;
  if (at_literal(p)) return literal_pattern(p);
  switch (p->tok.kind) {
    case TOK_NAME: return name_pattern(p, type_test);
    case TOK_DOT: return case_pattern(p, NULL, start);
    case TOK_LPAREN: return paren_pattern(p);
    case TOK_DOT_DOT:
    case TOK_DOT_DOT_EQ: return range_pattern(p, NULL, start);
    case TOK_IS: return type_pattern(p, NULL, parse_token_span(p), start);
    case TOK_NIL: parse_advance(p); return new_pattern(p, PAT_NIL, start);
    default: return pattern_error(p);
  }
}

/* pattern */
Pattern *parse_pattern(Parser *p, bool type_test) {
  uint32_t saved, start = p->tok.start;
  if (!parse_enter(p, &saved)) {
    parse_leave(p, saved);
    return new_pattern(p, PAT_ERROR, start);
  }
  Pattern *first = simple_pattern(p, type_test);
  if (parse_at(p, TOK_PIPE) && !p->panic) {
    VEC(Pattern *) items = {0};
    VEC_PUSH(p->arena, &items, first);
    while (!p->panic && parse_accept(p, TOK_PIPE)) {
      Pattern *next = simple_pattern(p, type_test);
      VEC_PUSH(p->arena, &items, next);
    }
    first = new_pattern(p, PAT_OR, start);
    first->list.items = items.items;
    first->list.count = items.count;
  }
  parse_leave(p, saved);
  return first;
}

/* A closure's parameter: no alternatives, since | ends the list. */
Pattern *parse_param_pattern(Parser *p) {
  if (parse_at(p, TOK_NAME)) {
    Pattern *pattern = new_pattern(p, PAT_BIND, p->tok.start);
    pattern->span = parse_token_span(p);
    if (p->tok.name == p->word_underscore) pattern->kind = PAT_WILDCARD;
    else pattern->name = p->tok.name;
    parse_advance(p);
    return pattern;
  }
  if (parse_at(p, TOK_LPAREN)) return paren_pattern(p);
  Diag *d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, "a parameter", parse_found(p));
  diag_help(d, "a closure is `|x, y| x + y`");
  return new_pattern(p, PAT_ERROR, p->tok.start);
}
