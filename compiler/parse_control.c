/* Blocks, conditions, match, loops and jumps.
 *
 *   block  = "{" { statement } "}"
 *   if     = "if" cond block [ "else" ( if | block ) ]
 *   cond   = expr | ( "let" | "var" ) pattern "=" expr
 *   match  = "match" expr "{" { pattern [ "if" expr ] "=>" body } "}"
 *   while  = "while" cond block
 *   for    = "for" pattern "in" expr block
 *   jump   = "return" [ expr ] | "fail" expr | ( "break" | "continue" ) [ NAME ]
 */
#include "parse_internal.h"

static Block *empty_block(Parser *p) {
  Block *block = ARENA_NEW(p->arena, Block);
  block->span = block->end_span = parse_span(p, p->prev_end);
  return block;
}

static void block_statements(Parser *p, Block *block) {
  VEC(Stmt *) stmts = {0};
  while (p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF) {
    uint32_t start = p->tok.start;
    if (parse_accept(p, TOK_SEMICOLON)) continue;
    Stmt *stmt = parse_statement(p);
    if (stmt) VEC_PUSH(p->arena, &stmts, stmt);
    if (p->tok.start == start && p->tok.kind != TOK_EOF && p->tok.kind != TOK_RBRACE) parse_advance(p);
    parse_end(p, NULL);
  }
  block->stmts = stmts.items;
  block->count = stmts.count;
}

/* block; `help` may be NULL */
Block *parse_block(Parser *p, const char *help) {
  uint32_t start = p->tok.start, saved_height;
  Span open = parse_token_span(p);
  if (!parse_expect(p, TOK_LBRACE, help)) return empty_block(p);
  Block *block = ARENA_NEW(p->arena, Block);
  Lines saved = p->lines;
  bool panic = p->panic;
  p->lines = LINES_END;
  p->panic = false;
  if (parse_enter(p, &saved_height)) block_statements(p, block);
  parse_leave(p, saved_height);
  block->end_span = parse_token_span(p);
  parse_close(p, TOK_RBRACE, open, "`}`");
  p->panic |= panic;
  p->lines = saved;
  block->span = parse_span(p, start);
  return block;
}

Expr *parse_block_expr(Parser *p) {
  uint32_t start = p->tok.start;
  Block *block = parse_block(p, NULL);
  Expr *e = parse_new_expr(p, EXPR_BLOCK, start);
  e->block = block;
  return e;
}

/* Reports `if x = y`. */
static void check_condition_end(Parser *p) {
  if (p->panic || !parse_at_assign(p) || !parse_same_line(p)) return;
  Diag *d = parse_complain(p, parse_token_span(p), DIAG_ASSIGN_IN_EXPR);
  if (p->tok.kind == TOK_EQ) diag_help(d, "to compare write `==`");
  parse_advance(p);
  parse_expr(p);
}

/* cond */
static Cond parse_cond(Parser *p) {
  Cond cond = {0};
  if (p->tok.kind == TOK_LET || p->tok.kind == TOK_VAR) {
    cond.is_var = p->tok.kind == TOK_VAR;
    parse_advance(p);
    cond.pattern = parse_pattern(p, true);
    if (!p->panic) parse_expect(p, TOK_EQ, "a condition with `let` is `let pattern = value`");
  }
  cond.expr = p->panic ? parse_new_expr(p, EXPR_ERROR, p->tok.start) : parse_expr(p);
  check_condition_end(p);
  return cond;
}

/* After an error in a loop's or an if's head, goes on at its block when that stands on the same line. */
static void find_block(Parser *p) {
  if (!p->panic || p->trial) return;
  while (!parse_at_end(p) && p->tok.kind != TOK_LBRACE) parse_advance(p);
  if (p->tok.kind == TOK_LBRACE) p->panic = false;
}

static Block *parse_body_block(Parser *p, const char *help) {
  find_block(p);
  return p->panic ? empty_block(p) : parse_block(p, help);
}

static Expr *parse_else(Parser *p) {
  parse_advance(p);
  if (p->tok.kind == TOK_IF) {
    uint32_t saved;
    Expr *e = parse_enter(p, &saved) ? parse_if(p) : parse_new_expr(p, EXPR_ERROR, p->tok.start);
    parse_leave(p, saved);
    return e;
  }
  uint32_t start = p->tok.start;
  Block *block = parse_body_block(p, "the body of `else` stands in braces");
  Expr *e = parse_new_expr(p, EXPR_BLOCK, start);
  e->block = block;
  return e;
}

/* if; an else may stand at the start of the next line */
Expr *parse_if(Parser *p) {
  uint32_t start = p->tok.start;
  parse_advance(p);
  Cond cond = parse_cond(p);
  Block *then = parse_body_block(p, "the body of `if` stands in braces");
  Expr *otherwise = !p->panic && p->tok.kind == TOK_ELSE ? parse_else(p) : NULL;
  Expr *e = parse_new_expr(p, EXPR_IF, start);
  e->if_.cond = cond;
  e->if_.then = then;
  e->if_.otherwise = otherwise;
  return e;
}

static MatchArm parse_arm(Parser *p) {
  uint32_t start = p->tok.start;
  MatchArm arm = {.pattern = parse_pattern(p, true)};
  if (!p->panic && parse_accept(p, TOK_IF)) arm.guard = parse_expr(p);
  if (!p->panic) {
    bool is_list = p->tok.kind == TOK_COMMA;
    parse_expect(p, TOK_FAT_ARROW, is_list ? "patterns of one arm are joined by `|`" : "an arm of `match` is `pattern => value`");
  }
  arm.body = p->panic ? parse_new_expr(p, EXPR_ERROR, p->tok.start) : parse_expr_or_assign(p);
  arm.span = parse_span(p, start);
  return arm;
}

static void parse_arms(Parser *p, Expr *e) {
  VEC(MatchArm) arms = {0};
  while (p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF) {
    if (parse_accept(p, TOK_SEMICOLON)) continue;
    uint32_t start = p->tok.start;
    MatchArm arm = parse_arm(p);
    VEC_PUSH(p->arena, &arms, arm);
    if (p->tok.start == start && p->tok.kind != TOK_EOF && p->tok.kind != TOK_RBRACE) parse_advance(p);
    parse_end(p, "the arms of `match`");
  }
  e->match.arms = arms.items;
  e->match.arm_count = arms.count;
}

/* match */
Expr *parse_match(Parser *p) {
  uint32_t start = p->tok.start, saved_height;
  Expr *e = parse_new_expr(p, EXPR_MATCH, start);
  parse_advance(p);
  e->match.subject = parse_expr(p);
  find_block(p);
  Span open = parse_token_span(p);
  if (!p->panic && parse_expect(p, TOK_LBRACE, "the arms of `match` stand in braces")) {
    Lines saved = p->lines;
    p->lines = LINES_MATCH;
    if (parse_enter(p, &saved_height)) parse_arms(p, e);
    parse_leave(p, saved_height);
    p->lines = saved;
    parse_close(p, TOK_RBRACE, open, "`}`");
  }
  e->span = parse_span(p, start);
  return e;
}

/* while */
Expr *parse_while(Parser *p, LoopLabel label) {
  uint32_t start = label.name ? label.span.start : p->tok.start;
  parse_advance(p);
  Cond cond = parse_cond(p);
  Block *body = parse_body_block(p, "the body of `while` stands in braces");
  Expr *e = parse_new_expr(p, EXPR_WHILE, start);
  e->while_.label = label;
  e->while_.cond = cond;
  e->while_.body = body;
  return e;
}

/* for */
/* True at `(let i = 0;` and `(i = 0;`. */
static bool at_foreign_count(const Parser *p) {
  Lexer lx = p->lx;
  Token t[2];
  lx.diags = NULL;
  for (int i = 0; i < 2; i++) lex_next(&lx, &t[i]);
  bool is_declaration = t[0].kind == TOK_LET || t[0].kind == TOK_VAR;
  return p->tok.kind == TOK_LPAREN && (is_declaration || (t[0].kind == TOK_NAME && t[1].kind == TOK_EQ));
}

Expr *parse_for(Parser *p, LoopLabel label) {
  uint32_t start = label.name ? label.span.start : p->tok.start;
  parse_advance(p);
  Expr *e = parse_new_expr(p, EXPR_FOR, start);
  e->for_.label = label;
  if (at_foreign_count(p)) {
    Diag *d = parse_error(p, parse_token_span(p), DIAG_EXPECTED_PATTERN, "`(`");
    diag_help(d, "a loop that counts is `for i in 0..n { ... }`, any other `while condition { ... }`");
    parse_skip_group(p);
  }
  e->for_.pattern = p->panic ? parse_no_pattern(p) : parse_pattern(p, false);
  if (!p->panic) parse_expect(p, TOK_IN, "a loop is `for x in xs { ... }`");
  e->for_.iterable = p->panic ? parse_new_expr(p, EXPR_ERROR, p->tok.start) : parse_expr(p);
  e->for_.body = parse_body_block(p, "the body of `for` stands in braces");
  e->span = parse_span(p, start);
  return e;
}

/* Tells whether a value can follow `return` here. */
static bool at_value(const Parser *p) {
  if (parse_at_end(p)) return false;
  switch (p->tok.kind) {
    case TOK_RPAREN:
    case TOK_RBRACKET:
    case TOK_COMMA:
    case TOK_COLON:
    case TOK_ELSE:
    case TOK_CATCH:
    case TOK_FAT_ARROW: return false;
    default: return true;
  }
}

/* jump */
Expr *parse_jump(Parser *p) {
  uint32_t start = p->tok.start, saved;
  TokenKind kind = (TokenKind)p->tok.kind;
  parse_advance(p);
  ExprKind made = kind == TOK_RETURN ? EXPR_RETURN : kind == TOK_FAIL ? EXPR_FAIL : EXPR_BREAK;
  if (kind == TOK_CONTINUE) made = EXPR_CONTINUE;
  Expr *e = parse_new_expr(p, made, start);
  if (!parse_enter(p, &saved)) {
    if (kind == TOK_FAIL) e->inner = parse_new_expr(p, EXPR_ERROR, start);
  } else if (kind == TOK_RETURN) {
    if (at_value(p)) e->return_.value = parse_expr(p);
  } else if (kind == TOK_FAIL) {
    e->inner = parse_expr(p);
  } else if (p->tok.kind == TOK_NAME && parse_same_line(p)) {
    e->jump.label = (LoopLabel){p->tok.name, parse_token_span(p)};
    parse_advance(p);
  }
  parse_leave(p, saved);
  e->span = parse_span(p, start);
  return e;
}
