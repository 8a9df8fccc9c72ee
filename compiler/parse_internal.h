/* What the parser's files share.
 *
 * parse.c holds the state, tokens, errors and recovery; parse_expr.c, parse_string.c, parse_control.c, parse_pattern.c,
 * parse_type.c, parse_stmt.c, parse_item.c and parse_import.c hold the grammar, a function for each symbol, named after
 * it.
 *
 * Errors and recovery: parse_error reports and sets `panic`, which mutes further errors until a place is reached where
 * parsing can go on: the end of the statement, member or arm, or the bracket that closes the list around the error.
 * parse_complain reports where the parser is not lost.  Functions go on after an error and return complete nodes.
 *
 * Depth: functions that can nest call parse_enter and parse_leave.  They bound the depth of the calls, and `height`,
 * the height of the tree made since the caller's parse_enter; loops that wrap a node again call parse_grow. */
#ifndef FIRN_COMPILER_PARSE_INTERNAL_H
#define FIRN_COMPILER_PARSE_INTERNAL_H

#include "lex.h"
#include "parse.h"

/* What a newline means at this place. */
typedef enum Lines {
  LINES_FREE,  /* nothing: inside ( or [ */
  LINES_END,   /* it ends a statement */
  LINES_MATCH, /* and a leading dot starts a new arm */
} Lines;

typedef struct Parser {
  Compilation *c;
  Arena *arena;
  Source *source;
  Lexer lx;
  Token tok;         /* the token ahead */
  uint32_t prev_end; /* where the last token read ended */
  uint32_t stmt_start; /* where the statement being read begins; a newline before it says nothing */
  Lines lines;
  uint32_t depth, height;
  uint32_t trial_depth; /* the depth at which a trial gives up; 0 outside trials */
  bool panic;           /* an error was reported, and no place to go on was reached yet */
  bool fatal;           /* nothing more is read or reported */
  bool trial;           /* only finding out whether something parses: errors are not reported */
  Span odd_brace;       /* the first `{` whose `}` heads a line that is indented less; end 0: none */
  bool eager;           /* bodies are parsed at once though the source is lazy */
  Expr *open_range;     /* the `a..` read last, until an index takes it */
  Name word_type, word_test, word_extern, word_from, word_as, word_self_type, word_underscore;
} Parser;

/* ---- Tokens (parse.c) ---- */

/* Reads the next token. */
void parse_advance(Parser *p);
/* Returns the token behind the one ahead. */
Token parse_peek(const Parser *p);
static inline bool parse_at(const Parser *p, TokenKind kind) {
  return p->tok.kind == kind;
}
/* Reads the token ahead if it is of this kind. */
bool parse_accept(Parser *p, TokenKind kind);
/* Reads a token of this kind, or reports that it is missing; `help` may be NULL. */
bool parse_expect(Parser *p, TokenKind kind, const char *help);
/* Reads a name; `what` says which ("the name of the function"). Returns NULL after an error. */
Name parse_name(Parser *p, const char *what, Span *span);
/* Tells whether the token ahead stands on the same line, or lines mean nothing here. */
static inline bool parse_same_line(const Parser *p) {
  return !p->tok.newline || p->lines == LINES_FREE;
}
/* Tells whether the token ahead ends a statement. */
bool parse_at_end(const Parser *p);
/* Tells whether the token ahead is this contextual word. */
static inline bool parse_at_word(const Parser *p, Name word) {
  return p->tok.kind == TOK_NAME && p->tok.name == word;
}
static inline Span parse_token_span(const Parser *p) {
  return span_make(p->source->id, p->tok.start, p->tok.end);
}
/* Returns the span from `start` to the end of the last token read. */
static inline Span parse_span(const Parser *p, uint32_t start) {
  return span_make(p->source->id, start, p->prev_end > start ? p->prev_end : start);
}
/* Splits the first `>` off a token that starts with one, so that it can close a list of types. */
bool parse_close_angle(Parser *p);
/* Returns the doc comment in front of token `t`. */
Str parse_doc(const Parser *p, const Token *t);

/* ---- Errors (parse.c) ---- */

Diag *parse_error(Parser *p, Span span, DiagCode code, ...);
Diag *parse_complain(Parser *p, Span span, DiagCode code, ...);
/* Reports that a list goes on wrongly; `open` is its bracket. */
void parse_list_error(Parser *p, const char *expected, Span open);
/* Describes the token ahead for "found ...". */
const char *parse_found(Parser *p);
/* Where "expected ..." points: the token ahead, or the end of the line before it. */
Span parse_found_span(const Parser *p);
/* Reads the bracket `close` that belongs to the one at `open`; after an error skips to it and ends the panic. */
void parse_close(Parser *p, TokenKind close, Span open, const char *what);
/* Ends a statement, member or arm: reads what ends it, or reports and skips to the next one. */
void parse_end(Parser *p, const char *separator_of);
/* Skips to the next statement and ends the panic. */
void parse_recover(Parser *p);
/* Skips a token, with all that is in it if it is a bracket. */
void parse_skip_group(Parser *p);
bool parse_enter(Parser *p, uint32_t *saved_height);
void parse_leave(Parser *p, uint32_t saved_height);
void parse_grow(Parser *p);

/* ---- Grammar ---- */

Expr *parse_new_expr(Parser *p, ExprKind kind, uint32_t start);
Expr *parse_expr(Parser *p);
Expr *parse_expr_or_assign(Parser *p);
Expr *parse_primary(Parser *p);
Expr *parse_string(Parser *p);
Expr *parse_number(Parser *p);
Expr *parse_if(Parser *p);
Expr *parse_match(Parser *p);
Expr *parse_while(Parser *p, LoopLabel label);
Expr *parse_for(Parser *p, LoopLabel label);
Expr *parse_jump(Parser *p);
Expr *parse_closure(Parser *p);
Block *parse_block(Parser *p, const char *help);
Expr *parse_block_expr(Parser *p);
Pattern *parse_pattern(Parser *p, bool type_test);
Pattern *parse_param_pattern(Parser *p);
/* Makes the pattern that stands for one with an error. */
Pattern *parse_no_pattern(Parser *p);
TypeExpr *parse_type(Parser *p);
/* Reads `<A, B>` as type arguments into an array. */
TypeExpr **parse_type_args(Parser *p, size_t *count);
TypeExpr **parse_type_list(Parser *p, TokenKind close, Span open, size_t *count);
TypeParamDecl *parse_type_params(Parser *p, size_t *count);
Stmt *parse_statement(Parser *p);
Stmt *parse_let(Parser *p, bool is_pub, Str doc);
Stmt *parse_assign(Parser *p, Expr *target, uint32_t start);
bool parse_at_assign(const Parser *p);
/* Tells whether a declaration starts here (imports included, let and var not). */
bool parse_at_item(const Parser *p);
Item *parse_item(Parser *p);
void parse_skipped_head(Parser *p, FnDecl *fn); /* stands behind the name of a function whose head was passed over */
void parse_import(Parser *p, Item *item);

#endif
