/* What lex.c and lex_literal.c share: the readers of literals.
 *
 * Each reads a literal that starts at `p`, fills the token's kind, flags and value, and returns the place behind it. */
#ifndef FIRN_COMPILER_LEX_INTERNAL_H
#define FIRN_COMPILER_LEX_INTERNAL_H

#include "lex.h"

/* Returns the span between two places of the text. */
Span lex_span(const Lexer *lx, const char *from, const char *to);
/* Reads a number; after a dot only digits, a tuple's index. */
const char *lex_number(const Lexer *lx, Token *t, const char *p, bool after_dot);
/* Reads a string whose opening quote is at `p`; `flags` is 0 or TOKEN_RAW. */
const char *lex_string(Lexer *lx, Token *t, const char *p, uint8_t flags);
/* Reads a char literal. */
const char *lex_char(const Lexer *lx, Token *t, const char *p);

#endif
