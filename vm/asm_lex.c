/* asm_lex.c - see asm_lex.h. */
#include "vm/asm_lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/codec.h"

void asm_lex_init(Lexer *lex, Module *module, const char *text, size_t length, ModuleError *error) {
  *lex = (Lexer){.next = text, .end = text + length, .line = 1, .module = module, .error = error};
}

void asm_lex_fail(Lexer *lex, uint32_t line, const char *format, ...) {
  if (!lex->failed) {
    va_list args;
    va_start(args, format);
    vsnprintf(lex->error->reason, sizeof lex->error->reason, format, args);
    va_end(args);
    lex->error->offset = line;
  }
  lex->failed = true;
  lex->next = lex->end;
  lex->token = (Token){.kind = TOKEN_END, .text = ""};
}

static int peek(const Lexer *lex, size_t ahead) {
  return ahead < (size_t)(lex->end - lex->next) ? (uint8_t)lex->next[ahead] : -1;
}

static bool is_digit(int c) { return c >= '0' && c <= '9'; }
static bool is_letter(int c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static int hex_value(int c) {
  return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Appends a scalar value as UTF-8. */
static char *put_code(char *to, uint32_t code) {
  unsigned tail = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
  *to++ = (char)(lead[tail] | code >> 6 * tail);
  while (tail--) *to++ = (char)(0x80 | (code >> 6 * tail & 0x3f));
  return to;
}

/* The scalar value that valid UTF-8 begins with, and its length. */
static uint32_t get_code(const char *text, size_t *length) {
  uint8_t lead = (uint8_t)*text;
  *length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  uint32_t code = *length == 1 ? lead : lead & (0x7fu >> *length);
  for (size_t i = 1; i < *length; i++) code = code << 6 | ((uint8_t)text[i] & 0x3f);
  return code;
}

/* Reads what follows \u and appends it. */
static char *unescape_code(Lexer *lex, char *to) {
  uint32_t code = 0;
  int digits = 0;
  bool is_open = peek(lex, 0) == '{';
  if (is_open) lex->next++;
  for (; hex_value(peek(lex, 0)) >= 0 && digits < 7; digits++) code = code << 4 | (uint32_t)hex_value((uint8_t)*lex->next++);
  if (!is_open || digits == 0 || peek(lex, 0) != '}' || !char_valid(code)) {
    asm_lex_fail(lex, lex->line, "expected \\u{HEX} with a Unicode scalar value");
    return to;
  }
  lex->next++;
  return put_code(to, code);
}

/* Reads what follows a backslash and appends it; never more bytes than were read. */
static char *unescape(Lexer *lex, char *to) {
  static const char escapes[] = "n\nt\tr\r\\\\\"\"''";
  int c = peek(lex, 0);
  if (c < 0) return to;
  lex->next++;
  if (c == 'u') return unescape_code(lex, to);
  for (const char *pair = escapes; *pair; pair += 2) {
    if (*pair != c) continue;
    *to = pair[1];
    return to + 1;
  }
  asm_lex_fail(lex, lex->line, "unknown escape");
  return to;
}

/* Bytes up to the closing quote, an upper bound of what they mean. */
static size_t quoted_length(const Lexer *lex, int quote) {
  size_t length = 0;
  for (int c; (c = peek(lex, length)) >= 0 && c != quote && c != '\n'; length++) {
    if (c == '\\' && peek(lex, length + 1) >= 0) length++;
  }
  return length;
}

static void asm_lex_quoted(Lexer *lex, int quote) {
  lex->next++;
  char *text = module_alloc(lex->module, quoted_length(lex, quote) + 1), *to = text;
  if (!text) asm_lex_fail(lex, lex->line, "out of memory");
  while (!lex->failed && peek(lex, 0) != quote) {
    int c = peek(lex, 0);
    if (c < 0 || c == '\n') {
      asm_lex_fail(lex, lex->line, "the quote is not closed on its line");
      return;
    }
    lex->next++;
    if (c == '\\') to = unescape(lex, to);
    else *to++ = (char)c;
  }
  if (lex->failed) return;
  lex->next++;
  lex->token = (Token){TOKEN_STRING, text, (size_t)(to - text), 0};
  if (!utf8_valid(text, lex->token.length)) asm_lex_fail(lex, lex->line, "text is not valid UTF-8");
}

static void asm_lex_char(Lexer *lex) {
  asm_lex_quoted(lex, '\'');
  if (lex->failed) return;
  size_t length = 0;
  Token *token = &lex->token;
  token->kind = TOKEN_CHAR;
  if (token->length) token->code = get_code(token->text, &length);
  if (token->length == 0 || length != token->length) asm_lex_fail(lex, lex->line, "expected one character between quotes");
}

static size_t word_length(const Lexer *lex) {
  size_t length = 0;
  while (is_letter(peek(lex, length)) || is_digit(peek(lex, length)) || peek(lex, length) == '.') length++;
  return length;
}

/* As a word, and a sign at the start and behind an e. */
static size_t number_length(const Lexer *lex) {
  size_t length = 1;
  for (int c; (c = peek(lex, length)) >= 0; length++) {
    int before = peek(lex, length - 1);
    bool is_sign = (c == '-' || c == '+') && (before == 'e' || before == 'E');
    if (!is_letter(c) && !is_digit(c) && c != '.' && !is_sign) break;
  }
  return length;
}

static void take(Lexer *lex, int kind, size_t length) {
  lex->token = (Token){kind, lex->next, length, 0};
  lex->next += length;
}

static void skip_space(Lexer *lex) {
  while (peek(lex, 0) == ' ' || peek(lex, 0) == '\t' || peek(lex, 0) == '\r') lex->next++;
  if (peek(lex, 0) == ';') {
    const char *newline = memchr(lex->next, '\n', (size_t)(lex->end - lex->next));
    lex->next = newline ? newline : lex->end;
  }
}

void asm_lex_next(Lexer *lex) {
  if (lex->token.kind == TOKEN_NEWLINE) lex->line++;
  skip_space(lex);
  int c = peek(lex, 0);
  if (c < 0) lex->token = (Token){.kind = TOKEN_END, .text = ""};
  else if (c == '"') asm_lex_quoted(lex, '"');
  else if (c == '\'') asm_lex_char(lex);
  else if (is_letter(c)) take(lex, TOKEN_WORD, word_length(lex));
  else if (c == '-' && peek(lex, 1) == '>') take(lex, TOKEN_ARROW, 2);
  else if (is_digit(c) || c == '-') take(lex, TOKEN_NUMBER, number_length(lex));
  else if (strchr("()<>,:+\n", c) && c) take(lex, c, 1);
  else asm_lex_fail(lex, lex->line, "unexpected byte 0x%02x", (unsigned)c);
}
