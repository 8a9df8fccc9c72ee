/* Statements.
 *
 *   statement = let | "defer" ( call | block ) | [ NAME ":" ] loop | expr [ assign expr ]
 *   let       = [ "pub" ] ( "let" | "var" ) pattern [ ":" type ] "=" expr [ "else" block ]
 *   assign    = "=" | "+=" | ...                         the rows ASSIGN of token.def
 */
#include "hints.h"
#include "parse_internal.h"

static const uint8_t assign_operators[TOK_COUNT] = {
#define ASSIGN(kind, text, operator) [TOK_##kind] = TOK_##operator == TOK_EOF ? TOK_EQ : TOK_##operator,
#include "token.def"
};

static Stmt *new_stmt(Parser *p, StmtKind kind, uint32_t start) {
  Stmt *s = ARENA_NEW(p->arena, Stmt);
  s->kind = kind;
  s->span = parse_span(p, start);
  return s;
}

bool parse_at_assign(const Parser *p) {
  return assign_operators[p->tok.kind] != 0;
}

static void check_target(Parser *p, const Expr *target) {
  Diag *d;
  switch (target->kind) {
    case EXPR_NAME:
    case EXPR_MEMBER:
    case EXPR_TUPLE_INDEX:
    case EXPR_INDEX:
    case EXPR_ERROR: return;
    case EXPR_CHAIN:
      d = parse_complain(p, target->span, DIAG_BAD_ASSIGN_TARGET);
      diag_help(d, "nothing is assigned through `?.`; write `if let x = ... { x.field = value }`");
      return;
    case EXPR_TUPLE:
      d = parse_complain(p, target->span, DIAG_BAD_ASSIGN_TARGET);
      diag_help(d, "assign the parts one by one, or declare new names: `let (a, b) = ...`");
      return;
    default: parse_complain(p, target->span, DIAG_BAD_ASSIGN_TARGET);
  }
}

/* The part of an assignment from its operator on. */
Stmt *parse_assign(Parser *p, Expr *target, uint32_t start) {
  check_target(p, target);
  Span span = parse_token_span(p);
  TokenKind op = (TokenKind)assign_operators[p->tok.kind];
  parse_advance(p);
  Expr *value = parse_expr(p);
  if (!p->panic && parse_at_assign(p) && parse_same_line(p)) parse_error(p, parse_token_span(p), DIAG_ASSIGN_IN_EXPR);
  Stmt *s = new_stmt(p, STMT_ASSIGN, start);
  s->assign.op = op;
  s->assign.op_span = span;
  s->assign.target = target;
  s->assign.value = value;
  return s;
}

static void report_no_value(Parser *p, const char *word, const Pattern *pattern) {
  Diag *d;
  bool is_list = p->tok.kind == TOK_COMMA && pattern->kind == PAT_BIND, is_bare = parse_at_end(p);
  if (is_bare) d = parse_error(p, pattern->span, DIAG_NO_INITIALISER, word);
  else d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, "`=`", parse_found(p));
  const char *help = pattern->kind == PAT_BIND ? hint_find(HINT_WORD, pattern->name) : NULL;
  if (help) diag_help(d, "%s", help);
  else if (is_list) diag_help(d, "several names stand in parentheses: `%s (%.60s, ...) = ...`", word, pattern->name);
  else if (is_bare && pattern->kind == PAT_BIND)
    diag_help(d, "write `%s %.60s = ...`; what may be missing at first is `%s %.60s: T? = nil`", word, pattern->name, word, pattern->name);
}

/* let */
Stmt *parse_let(Parser *p, bool is_pub, Str doc) {
  uint32_t start = p->tok.start;
  bool is_var = p->tok.kind == TOK_VAR;
  parse_advance(p);
  Stmt *s = new_stmt(p, STMT_LET, start);
  s->let.is_var = is_var;
  s->let.is_pub = is_pub;
  s->let.doc = doc;
  s->let.pattern = parse_pattern(p, false);
  if (!p->panic && parse_accept(p, TOK_COLON)) s->let.type = parse_type(p);
  if (!p->panic && !parse_accept(p, TOK_EQ)) report_no_value(p, is_var ? "var" : "let", s->let.pattern);
  s->let.value = p->panic ? parse_new_expr(p, EXPR_ERROR, p->tok.start) : parse_expr(p);
  if (!p->panic && parse_accept(p, TOK_ELSE)) s->let.otherwise = parse_block(p, "`else` takes a block in braces");
  s->span = parse_span(p, start);
  return s;
}

static bool is_deferrable(const Expr *e) {
  switch (e->kind) {
    case EXPR_CALL:
    case EXPR_BLOCK:
    case EXPR_ERROR: return true;
    case EXPR_CHAIN:
    case EXPR_FORCE:
    case EXPR_TRY: return is_deferrable(e->inner);
    case EXPR_CATCH: return is_deferrable(e->catch_.value);
    default: return false;
  }
}

static Stmt *parse_defer(Parser *p) {
  uint32_t start = p->tok.start;
  parse_advance(p);
  Expr *e = parse_expr(p);
  if (!is_deferrable(e)) diag_help(parse_complain(p, e->span, DIAG_BAD_DEFER), "write `defer { ... }`");
  Stmt *s = new_stmt(p, STMT_DEFER, start);
  s->defer.expr = e;
  return s;
}

/* True behind the colon of `x := 5`, `x: int = 5`, `x: [int] = []`. */
static bool at_declared_type(const Parser *p) {
  if (p->tok.kind != TOK_NAME) return p->tok.kind == TOK_EQ || p->tok.kind == TOK_LBRACKET;
  Token next = parse_peek(p);
  return next.newline || next.kind == TOK_EQ || next.kind == TOK_QUESTION || next.kind == TOK_EOF;
}

/* The loop behind a label. */
static Expr *parse_labelled(Parser *p, const Expr *name) {
  LoopLabel label = {name->name.name, name->span};
  parse_advance(p);
  if (p->tok.kind == TOK_FOR) return parse_for(p, label);
  if (p->tok.kind == TOK_WHILE) return parse_while(p, label);
  if (at_declared_type(p)) {
    Diag *d = parse_error(p, label.span, DIAG_BARE_DECLARATION);
    diag_help(d, "write `let %.60s = ...`, or `var %.60s: int = ...` to assign to it later", label.name, label.name);
    return parse_new_expr(p, EXPR_ERROR, label.span.start);
  }
  Diag *d = parse_error(p, label.span, DIAG_BAD_LABEL);
  const char *at = p->source->text + label.span.start;
  while (at > p->source->text && (at[-1] == ' ' || at[-1] == '\n')) at--;
  if (at > p->source->text && at[-1] == '{') diag_help(d, "a map stands in brackets: `[key: value]`");
  return parse_new_expr(p, EXPR_ERROR, label.span.start);
}

static Stmt *expr_statement(Parser *p) {
  uint32_t start = p->tok.start;
  Expr *e = parse_expr(p);
  if (!p->panic && e->kind == EXPR_NAME && !e->paren && p->tok.kind == TOK_COLON) e = parse_labelled(p, e);
  if (!p->panic && parse_at_assign(p) && parse_same_line(p)) return parse_assign(p, e, start);
  Stmt *s = new_stmt(p, STMT_EXPR, start);
  s->expr = e;
  return s;
}

static const char *item_plural(const Item *item) {
  switch (item->kind) {
    case ITEM_FN: return "functions with a name";
    case ITEM_CLASS: return "classes";
    case ITEM_TRAIT: return "traits";
    case ITEM_ENUM: return "enums";
    case ITEM_EXTEND: return "extensions";
    case ITEM_TYPE: return "names of types";
    case ITEM_TEST: return "tests";
    default: return "imports";
  }
}

/* A declaration where none may stand: it is read, reported and dropped. */
static Stmt *misplaced_item(Parser *p) {
  Span span = parse_token_span(p);
  const Item *item = parse_item(p);
  Diag *d = parse_complain(p, span, DIAG_ITEM_IN_BLOCK, item_plural(item));
  if (item->kind == ITEM_FN) diag_help(d, "a function in a block is a closure: `let f = |x: int| x + 1`");
  return NULL;
}

/* statement; NULL when nothing of it is left */
Stmt *parse_statement(Parser *p) {
  bool top = p->depth == 0;
  p->stmt_start = p->tok.start;
  switch (p->tok.kind) {
    case TOK_LET:
    case TOK_VAR: {
      Token t = p->tok;
      return parse_let(p, false, parse_doc(p, &t));
    }
    case TOK_DEFER: return parse_defer(p);
    case TOK_PUB:
      if (top) {
        Token t = p->tok;
        parse_advance(p);
        if (p->tok.kind == TOK_LET || p->tok.kind == TOK_VAR) return parse_let(p, true, parse_doc(p, &t));
        parse_error(p, parse_token_span(p), DIAG_BAD_PUB, parse_found(p));
        return NULL;
      }
      parse_complain(p, parse_token_span(p), DIAG_BAD_PUB, "a statement");
      parse_advance(p);
      return parse_statement(p);
    default: break;
  }
  if (!top && parse_at_item(p)) return misplaced_item(p);
  return expr_statement(p);
}
