/* The lexer: source text to tokens, on demand.
 *
 * A Lexer is a small value: copying it saves the place, copying it back returns there.  Strings come as one token for
 * all of their text, whatever is nested in their braces; the parser takes them apart (parse_string.c).
 *
 * Interface: lex_check_source once, lexer_init, lex_next; lex_interpolation; lex_dump; lex_add_keywords.
 * Invariants: the text is valid UTF-8 with a NUL behind it; every call makes progress or answers TOK_EOF for ever; a
 * token never reaches beyond the lexer's limit; with `diags` NULL nothing is reported. */
#ifndef FIRN_COMPILER_LEX_H
#define FIRN_COMPILER_LEX_H

#include <stdio.h>

#include "arena.h"
#include "diag.h"
#include "source.h"
#include "token.h"

enum {
  TOKEN_RAW = 1,      /* r"..." */
  TOKEN_TRIPLE = 2,   /* three quotes */
  TOKEN_INTERP = 4,   /* has braces outside escapes */
  TOKEN_ESCAPES = 8,  /* has backslashes or doubled braces */
  TOKEN_RADIX = 16,   /* a hex or binary int */
  TOKEN_TOO_BIG = 32, /* an int of exactly 2^63, right only after a minus */
  TOKEN_BROKEN = 64,  /* an error about it was reported */
};

typedef struct Token {
  uint8_t kind;  /* TokenKind */
  uint8_t flags; /* TOKEN_... */
  bool newline;  /* a line ended between the token before and this one */
  uint32_t start, end;
  uint32_t doc;  /* 1 + offset of the first `///` between the token before and this one, or 0 */
  union {
    Name name;      /* NAME and keywords */
    uint64_t bits;  /* INT, CHAR */
    double real;    /* FLOAT */
  };
} Token;

typedef struct Lexer {
  const char *pos;
  const char *limit; /* where the text ends for this lexer */
  const char *text;
  Names *names;
  Diags *diags; /* NULL: errors are not reported */
  uint32_t source;
  bool after_dot; /* the token before was `.` or `?.`: digits are a tuple's index */
  uint8_t nesting; /* strings around this place */
  bool too_nested; /* looking ahead failed because of that, and not because a brace is not closed */
  uint64_t wasted; /* bytes read ahead in vain; see skip_interpolation */
} Lexer;

/* 1 for letters, digits and the underscore. */
extern const uint8_t lex_word_char[256];

/* Enters the reserved words into a names table. */
void lex_add_keywords(Names *names);
/* Reports bytes that are not UTF-8 (the first few) and replaces them by `?`; once for each source. */
void lex_check_source(Diags *diags, Source *source);
/* Starts at byte `start` of a checked source; the text ends for this lexer at `end`. */
void lexer_init(Lexer *lx, Names *names, Diags *diags, const Source *source, uint32_t start, uint32_t end);
/* Reads the next token. */
void lex_next(Lexer *lx, Token *t);
/* Passes over a function's body without making tokens of it: the lexer stands behind its `{` or, if `arrow`, its `=>`. Returns the offset
 * behind the body, or 0 if it is not closed. Ends an arrow's body at a newline outside brackets unless the next line begins with a dot. */
uint32_t lex_skip_body(const Lexer *lx, bool arrow);
/* The same for what stands between a function's name and its body: the lexer stands behind the first byte of it, a `(` or `<`. Returns the offset of the
 * `{`, `=>` or end of the line at which it ends, or 0 if that can't be told so simply. *has_self: its first parameter is self. */
uint32_t lex_skip_head(const Lexer *lx, bool *has_self);

/* Finds the parts of a string's `{expr:format}`; `open` is the offset behind the brace. Returns false when it is not
 * closed. `colon` is the offset of the colon, or that of the closing brace when there is none. */
bool lex_interpolation(Lexer *lx, uint32_t open, uint32_t *colon, uint32_t *close);

/* Reads the escape whose backslash is at `p`, in text up to `end`; reports what is wrong with it. Returns the place
 * behind it; after an error `scalar` is `?`. */
const char *lex_escape(const Lexer *lx, const char *p, const char *end, uint32_t *scalar);

/* Tells whether a byte can stand in a name. */
static inline bool lex_is_word_char(char c) {
  return lex_word_char[(unsigned char)c] != 0;
}
/* Returns the kind of token that a name's text makes: TOK_NAME, or a reserved word. */
TokenKind lex_name_kind(Name name);
/* Returns a token's text for messages: "`+=`", "a name" and the like. */
const char *token_describe(const Token *t);
/* Prints all tokens of a source, one a line. */
void lex_dump(Names *names, Diags *diags, Source *source, FILE *out);

#endif
