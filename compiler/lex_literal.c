/* The lexer's literals: numbers, chars and strings (see lex_internal.h).
 *
 * A string is scanned only far enough to find its end: escapes are skipped, and what stands in braces is read by a
 * lexer of its own, silently, since the parser reads it again.  So brackets, strings and comments in braces nest. */
#include "lex_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRING_NESTING_MAX 16
#define WASTED_MAX (1u << 20)

/* ---- Numbers ---- */

static const char *number_error(const Lexer *lx, Token *t, const char *start, const char *p, const char *message) {
  while (lex_word_char[(unsigned char)*p]) p++;
  if (lx->diags) diag_error(lx->diags, lex_span(lx, start, p), DIAG_BAD_NUMBER, message);
  t->flags |= TOKEN_BROKEN;
  return p;
}

/* The digits of `0o17`; returns the end of the word. */
static const char *octal_error(const Lexer *lx, Token *t, const char *start) {
  uint64_t value = 0;
  const char *p = start + 2;
  for (; ((*p >= '0' && *p <= '7') || *p == '_') && value >> 61 == 0; p++) value = *p == '_' ? value : value << 3 | (uint64_t)(*p - '0');
  char text[80] = "there are no octal numbers; write it in hex: `0x1ff`";
  if (p > start + 2 && !lex_word_char[(unsigned char)*p]) snprintf(text, sizeof text, "there are no octal numbers; write `0x%" PRIx64 "`", value);
  return number_error(lx, t, start, p, text);
}

static int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Returns the end of a run of digits and single underscores between them. */
static const char *skip_digits(const char *p) {
  while (is_digit(*p) || (*p == '_' && is_digit(p[1]))) p++;
  return p;
}

static const char *int_too_large(const Lexer *lx, Token *t, const char *start, const char *end) {
  t->flags |= TOKEN_BROKEN;
  t->bits = 0;
  if (lx->diags) {
    Diag *d = diag_error(lx->diags, lex_span(lx, start, end), DIAG_INT_TOO_LARGE);
    diag_help(d, "an int goes up to 9223372036854775807; a float is written with a dot: `1.0`");
  }
  return end;
}

/* Reads 0x... or 0b... */
static const char *lex_radix(const Lexer *lx, Token *t, const char *start, int bits) {
  uint64_t value = 0;
  bool overflow = false;
  const char *p = start + 2;
  int digit;
  for (; (digit = *p == '_' ? -1 : digit_value(*p)) < 1 << bits; p++) {
    if (digit < 0) {
      if (digit_value(p[1]) >= 1 << bits) break;
      continue;
    }
    overflow |= value >> (64 - bits) != 0;
    value = value << bits | (uint64_t)digit;
  }
  t->kind = TOK_INT;
  t->flags |= TOKEN_RADIX;
  t->bits = value;
  if (p == start + 2 || lex_word_char[(unsigned char)*p]) {
    return number_error(lx, t, start, p,
                        bits == 4 ? "`0x` takes the digits 0 to 9 and a to f" : "`0b` takes the digits 0 and 1");
  }
  return overflow ? int_too_large(lx, t, start, p) : p;
}

/* Converts a float's text.  The dot is folded into the exponent, so the result does not depend on a locale. */
static double float_value(const Lexer *lx, const char *start, const char *end) {
  char small[64], *buffer = (size_t)(end - start) + 32 <= sizeof small ? small : malloc((size_t)(end - start) + 32);
  if (!buffer) arena_lacks(lx->names->arena);
  size_t n = 0;
  long exponent = 0;
  bool after_dot = false;
  const char *p = start;
  for (; p < end && *p != 'e' && *p != 'E'; p++) {
    if (*p == '_') continue;
    if (*p == '.') {
      after_dot = true;
      continue;
    }
    buffer[n++] = *p;
    exponent -= after_dot;
  }
  if (p < end) {
    bool negative = *++p == '-';
    if (*p == '-' || *p == '+') p++;
    long written = 0;
    for (; p < end; p++) {
      if (*p != '_' && written < 100000000) written = written * 10 + (*p - '0');
    }
    exponent += negative ? -written : written;
  }
  snprintf(buffer + n, 24, "e%ld", exponent);
  double value = strtod(buffer, NULL);
  if (buffer != small) free(buffer);
  return value;
}

static const char *lex_float(const Lexer *lx, Token *t, const char *start, const char *p) {
  if (*p == '.') p = skip_digits(p + 1);
  if (*p == 'e' || *p == 'E') {
    const char *digits = p + 1 + (p[1] == '+' || p[1] == '-');
    if (!is_digit(*digits)) {
      t->kind = TOK_FLOAT;
      t->real = 0;
      return number_error(lx, t, start, digits, "an exponent needs digits: `1e9`, `2.5e-3`");
    }
    p = skip_digits(digits);
  }
  t->kind = TOK_FLOAT;
  t->real = 0;
  if (lex_word_char[(unsigned char)*p]) return number_error(lx, t, start, p, "a number ends in a letter");
  t->real = float_value(lx, start, p);
  if (t->real > 1.7976931348623157e308) {
    t->flags |= TOKEN_BROKEN;
    if (lx->diags) diag_error(lx->diags, lex_span(lx, start, p), DIAG_FLOAT_RANGE);
  }
  return p;
}

const char *lex_number(const Lexer *lx, Token *t, const char *p, bool after_dot) {
  const char *start = p;
  if (*p == '0' && !after_dot) {
    if (p[1] == 'x' || p[1] == 'X') return lex_radix(lx, t, start, 4);
    if (p[1] == 'b' || p[1] == 'B') return lex_radix(lx, t, start, 1);
  }
  uint64_t value = 0;
  bool overflow = false;
  for (; is_digit(*p) || (*p == '_' && is_digit(p[1])); p++) {
    if (*p == '_') continue;
    overflow |= __builtin_mul_overflow(value, (uint64_t)10, &value);
    overflow |= __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value);
  }
  if (!after_dot && ((*p == '.' && is_digit(p[1])) || *p == 'e' || *p == 'E')) return lex_float(lx, t, start, p);
  t->kind = TOK_INT;
  t->bits = value;
  if (lex_word_char[(unsigned char)*p]) {
    if (start[0] == '0' && (start[1] == 'o' || start[1] == 'O')) return octal_error(lx, t, start);
    return number_error(lx, t, start, p, *p == '_' ? "a `_` in a number stands between digits" : "a number ends in a letter");
  }
  if (overflow || value > (uint64_t)1 << 63) return int_too_large(lx, t, start, p);
  if (value == (uint64_t)1 << 63) t->flags |= TOKEN_TOO_BIG;
  return p;
}

/* ---- Escapes and chars ---- */

static const char *escape_error(const Lexer *lx, const char *from, const char *to, DiagCode code) {
  if (lx->diags) diag_error(lx->diags, lex_span(lx, from, to), code);
  return to;
}

static const char *unicode_escape(const Lexer *lx, const char *p, const char *end, uint32_t *scalar) {
  const char *q = p + 2;
  uint32_t value = 0;
  int digits = 0;
  if (q < end && *q == '{') {
    for (q++; q < end && digits < 7 && digit_value(*q) < 16; q++, digits++) {
      value = value << 4 | (uint32_t)digit_value(*q);
    }
    if (q < end && *q == '}' && digits >= 1 && digits <= 6 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff)) {
      *scalar = value;
      return q + 1;
    }
    if (q < end && *q == '}') q++;
  }
  return escape_error(lx, p, q, DIAG_BAD_UNICODE_ESCAPE);
}

const char *lex_escape(const Lexer *lx, const char *p, const char *end, uint32_t *scalar) {
  static const char letters[] = "ntr0\\\"'{}", values[] = "\n\t\r\0\\\"'{}";
  *scalar = '?';
  if (p + 1 >= end) return end; /* the literal is not closed, which is reported */
  const char *found = p[1] ? strchr(letters, p[1]) : NULL;
  if (found) {
    *scalar = (unsigned char)values[found - letters];
    return p + 2;
  }
  if (p[1] == 'u') return unicode_escape(lx, p, end, scalar);
  if (p[1] == 'x') {
    bool good = p + 3 < end && digit_value(p[2]) < 16 && digit_value(p[3]) < 16;
    if (!good) return escape_error(lx, p, p + 2, DIAG_BAD_HEX_ESCAPE);
    *scalar = (uint32_t)(digit_value(p[2]) << 4 | digit_value(p[3]));
    return p + 4;
  }
  uint32_t other;
  size_t used = utf8_decode(p + 1, (size_t)(end - p - 1), &other);
  if (used == 0) used = 1;
  if (lx->diags) {
    char text[8] = {'\\'};
    if (other >= 0x20) memcpy(text + 1, p + 1, used);
    Diag *d = diag_error(lx->diags, lex_span(lx, p, p + 1 + used), DIAG_BAD_ESCAPE, text);
    diag_help(d, "escapes are \\n \\t \\r \\0 \\\\ \\\" \\' \\{ \\} \\xNN \\u{...}; a backslash is written `\\\\`");
  }
  return p + 1 + used;
}

/* Finds the quote that closes a char literal that is too long, on the same line. */
static const char *closing_tick(const Lexer *lx, const char *p) {
  for (; p < lx->limit && *p != '\n'; p++) {
    if (*p == '\'') return p;
    if (*p == '\\' && p + 1 < lx->limit && p[1] != '\n') p++;
  }
  return NULL;
}

static const char *bad_char(const Lexer *lx, Token *t, const char *start, const char *end, DiagCode code,
                            const char *help) {
  t->flags |= TOKEN_BROKEN;
  if (lx->diags) {
    Diag *d = diag_error(lx->diags, lex_span(lx, start, end), code);
    if (help) diag_help(d, "%s", help);
  }
  return end;
}

const char *lex_char(const Lexer *lx, Token *t, const char *start) {
  const char *p = start + 1;
  uint32_t scalar = 0;
  t->kind = TOK_CHAR;
  t->bits = 0;
  if (p < lx->limit && *p == '\'') return bad_char(lx, t, start, p + 1, DIAG_EMPTY_CHAR, "an empty string is `\"\"`; a quote is written `'\\''`");
  const char *first = p < lx->limit && *p == '\\' ? p + 1 : p;
  if (first >= lx->limit || *first == '\n') return bad_char(lx, t, start, first, DIAG_UNTERMINATED_CHAR, NULL);
  if (*p == '\\') {
    const char *line = closing_tick(lx, p + 2);
    p = lex_escape(lx, p, line ? line : lx->limit, &scalar);
  } else {
    size_t used = utf8_decode(p, (size_t)(lx->limit - p), &scalar);
    if (scalar < 0x20 && scalar != '\t' && lx->diags) {
      diag_error(lx->diags, lex_span(lx, p, p + 1), DIAG_CONTROL_CHAR, (unsigned)scalar);
    }
    p += used ? used : 1;
  }
  t->bits = scalar;
  if (p < lx->limit && *p == '\'') return p + 1;
  const char *close = p <= lx->limit ? closing_tick(lx, p) : NULL;
  if (close) return bad_char(lx, t, start, close + 1, DIAG_LONG_CHAR, "a string takes double quotes: `\"text\"`");
  while (p < lx->limit && lex_is_word_char(*p)) p++;
  return bad_char(lx, t, start, p < lx->limit ? p : lx->limit, DIAG_UNTERMINATED_CHAR, NULL);
}

/* ---- Strings ---- */

static const char *line_end(const Lexer *lx, const char *p) {
  while (p < lx->limit && *p != '\n') p++;
  return p;
}

/* Finds the brace that closes a format which starts behind a colon. */
static const char *format_end(const Lexer *lx, const char *p) {
  for (; p < lx->limit && *p != '\n' && *p != '"' && *p != '{'; p++) {
    if (*p == '}') return p;
  }
  return NULL;
}

/* Reads the tokens in a string's braces; returns the closing brace or NULL. */
static const char *scan_interpolation(Lexer *inner, const char **colon) {
  size_t depth = 0;
  for (Token t;;) {
    lex_next(inner, &t);
    switch (t.kind) {
      case TOK_EOF: return NULL;
      case TOK_LPAREN:
      case TOK_LBRACKET:
      case TOK_LBRACE: depth++; break;
      case TOK_RPAREN:
      case TOK_RBRACKET:
      case TOK_RBRACE:
        if (depth > 0) depth--;
        else if (t.kind != TOK_RBRACE) return NULL;
        else return *colon = inner->text + t.start;
        break;
      case TOK_COLON:
        if (depth > 0) break;
        *colon = inner->text + t.start;
        return format_end(inner, inner->pos);
      case TOK_STRING:
      case TOK_CHAR:
        if (t.flags & TOKEN_BROKEN) return NULL;
        break;
      default: break;
    }
  }
}

/* As scan_interpolation, from `p`. Failures that looked far ahead are counted, and when they add up a string's braces
 * must close on their line, so that hostile text cannot make the lexer read the rest of a file over and over. */
static const char *skip_interpolation(Lexer *lx, const char *p, const char **colon) {
  Lexer inner = *lx;
  inner.diags = NULL;
  inner.pos = p;
  inner.after_dot = false;
  inner.nesting++;
  inner.too_nested = false;
  if (lx->wasted > WASTED_MAX) inner.limit = line_end(lx, p);
  const char *close = scan_interpolation(&inner, colon);
  lx->too_nested = !close && inner.too_nested;
  if (!close) lx->wasted += inner.pos > p ? (uint64_t)(inner.pos - p) : 0;
  return close;
}

bool lex_interpolation(Lexer *lx, uint32_t open, uint32_t *colon, uint32_t *close) {
  const char *colon_at = NULL, *close_at = skip_interpolation(lx, lx->text + open, &colon_at);
  if (!close_at) return false;
  *colon = (uint32_t)(colon_at - lx->text);
  *close = (uint32_t)(close_at - lx->text);
  return true;
}

static const char *unterminated(const Lexer *lx, Token *t, const char *from, const char *to, const char *end,
                                DiagCode code) {
  t->flags |= TOKEN_BROKEN;
  if (!lx->diags) return end;
  Diag *d = diag_error(lx->diags, lex_span(lx, from, to), code);
  bool goes_on = code == DIAG_UNTERMINATED_STRING && !(t->flags & TOKEN_TRIPLE) && end < lx->limit;
  if (goes_on) diag_help(d, "a text of several lines stands between `\"\"\"` and `\"\"\"`");
  if (code == DIAG_UNTERMINATED_INTERPOLATION) diag_help(d, "a brace itself is written `{{` or `\\{`");
  return end;
}

/* Steps over a control character in a string. */
static const char *string_control(const Lexer *lx, const char *p) {
  if (*p == '\t' || *p == '\r' || *p == '\n') return p + 1;
  if (lx->diags) {
    Diag *d = diag_error(lx->diags, lex_span(lx, p, p + 1), DIAG_CONTROL_CHAR, (unsigned)(unsigned char)*p);
    diag_help(d, "write it as an escape: `\\x%02x`", (unsigned)(unsigned char)*p);
  }
  return p + 1;
}

/* Steps over a brace in a string; returns NULL when it opens an interpolation that is not closed. */
static const char *string_brace(Lexer *lx, Token *t, const char *p) {
  if (p[1] == *p) {
    t->flags |= TOKEN_ESCAPES;
    return p + 2;
  }
  if (*p == '}') return p + 1; /* on its own it stands for itself */
  t->flags |= TOKEN_INTERP;
  const char *colon, *close = skip_interpolation(lx, p + 1, &colon);
  return close ? close + 1 : NULL;
}

/* Steps over an escape; the braces of \u{...} open no interpolation. */
static const char *skip_escape(const Lexer *lx, const char *p, bool triple) {
  if (p + 1 >= lx->limit || (p[1] == '\n' && !triple)) return p + 1;
  if (p[1] != 'u' || p[2] != '{') return p + 2;
  for (p += 3; digit_value(*p) < 16; p++) {}
  return *p == '}' ? p + 1 : p;
}

const char *lex_string(Lexer *lx, Token *t, const char *p, uint8_t flags) {
  const char *start = p - ((flags & TOKEN_RAW) != 0);
  t->kind = TOK_STRING;
  bool triple = p + 2 < lx->limit && p[1] == '"' && p[2] == '"';
  t->flags = flags | (triple ? TOKEN_TRIPLE : 0);
  const char *opened = p;
  p += triple ? 3 : 1;
  if (lx->nesting >= STRING_NESTING_MAX) {
    lx->too_nested = true;
    return unterminated(lx, t, start, p, line_end(lx, p), DIAG_STRING_NESTING);
  }
  while (p < lx->limit) {
    char c = *p;
    if (c == '"') {
      if (!triple) return p + 1;
      if (p + 2 < lx->limit && p[1] == '"' && p[2] == '"') return p + 3;
      p++;
    } else if (c == '\n' && !triple) {
      break;
    } else if ((unsigned char)c < 0x20) {
      p = string_control(lx, p);
    } else if (c == '\\' && !(flags & TOKEN_RAW)) {
      t->flags |= TOKEN_ESCAPES;
      p = skip_escape(lx, p, triple);
    } else if ((c == '{' || c == '}') && !(flags & TOKEN_RAW)) {
      const char *next = string_brace(lx, t, p);
      if (!next) return unterminated(lx, t, p, p + 1, line_end(lx, p), lx->too_nested ? DIAG_STRING_NESTING : DIAG_UNTERMINATED_INTERPOLATION);
      p = next;
    } else {
      p++;
    }
  }
  return unterminated(lx, t, start, opened + (triple ? 3 : 1), p < lx->limit ? p : lx->limit, DIAG_UNTERMINATED_STRING);
}
