/* The kinds of tokens, from token.def.  TokenKind also names operators in the syntax tree. */
#ifndef FIRN_COMPILER_TOKEN_H
#define FIRN_COMPILER_TOKEN_H

typedef enum TokenKind {
#define TOKEN(kind, description) TOK_##kind,
#define KEYWORD(kind, text) TOK_##kind,
#define PUNCT(kind, text) TOK_##kind,
#define BINARY(kind, text, precedence, right) TOK_##kind,
#define ASSIGN(kind, text, operator) TOK_##kind,
#include "token.def"
  TOK_COUNT
} TokenKind;

/* Returns a token's fixed text, or the description of its class ("a name"). */
const char *token_text(TokenKind kind);
/* Returns an enumerator's name ("PLUS_EQ"), for dumps. */
const char *token_kind_name(TokenKind kind);

#endif
