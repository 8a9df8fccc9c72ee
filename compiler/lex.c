/* The lexer (see lex.h).
 *
 * One table gives every byte its class, and lex_next switches on the class of a token's first byte.  Names are hashed
 * while they are scanned and interned at once; a reserved word's kind is kept in front of its interned text. */
#include "lex.h"

#include <stdlib.h>
#include <string.h>

#include "lex_internal.h"

/* ---- Tables ---- */

static const char *const kind_names[] = {
#define TOKEN(kind, description) #kind,
#define KEYWORD(kind, text) #kind,
#define PUNCT(kind, text) #kind,
#define BINARY(kind, text, precedence, right) #kind,
#define ASSIGN(kind, text, operator) #kind,
#include "token.def"
};

static const char *const kind_texts[] = {
#define TOKEN(kind, description) description,
#define KEYWORD(kind, text) text,
#define PUNCT(kind, text) text,
#define BINARY(kind, text, precedence, right) text,
#define ASSIGN(kind, text, operator) text,
#include "token.def"
};

static const char *const kind_quoted[] = {
#define TOKEN(kind, description) description,
#define KEYWORD(kind, text) "`" text "`",
#define PUNCT(kind, text) "`" text "`",
#define BINARY(kind, text, precedence, right) "`" text "`",
#define ASSIGN(kind, text, operator) "`" text "`",
#include "token.def"
};

const char *token_text(TokenKind kind) {
  return kind_texts[kind];
}

const char *token_kind_name(TokenKind kind) {
  return kind_names[kind];
}

const char *token_describe(const Token *t) {
  return kind_quoted[t->kind];
}

typedef enum CharClass {
  CLASS_CONTROL,
  CLASS_NUL,
  CLASS_SPACE,
  CLASS_NEWLINE,
  CLASS_LETTER,
  CLASS_DIGIT,
  CLASS_QUOTE,
  CLASS_TICK,
  CLASS_SLASH,
  CLASS_PUNCT,
  CLASS_OTHER, /* printable ASCII that starts nothing */
  CLASS_HIGH,  /* beyond ASCII */
} CharClass;

static const uint8_t classes[256] = {
  [0] = CLASS_NUL,       [' '] = CLASS_SPACE,   ['\t'] = CLASS_SPACE,      ['\r'] = CLASS_SPACE,
  ['\n'] = CLASS_NEWLINE, ['A' ... 'Z'] = CLASS_LETTER, ['a' ... 'z'] = CLASS_LETTER, ['_'] = CLASS_LETTER,
  ['0' ... '9'] = CLASS_DIGIT, ['"'] = CLASS_QUOTE, ['\''] = CLASS_TICK, ['/'] = CLASS_SLASH,
  ['!'] = CLASS_PUNCT,   ['#'] = CLASS_OTHER,   ['$'] = CLASS_OTHER,   ['%' ... '&'] = CLASS_PUNCT,
  ['(' ... '.'] = CLASS_PUNCT, [':' ... '@'] = CLASS_PUNCT, ['['] = CLASS_PUNCT, ['\\'] = CLASS_OTHER,
  [']' ... '^'] = CLASS_PUNCT, ['`'] = CLASS_OTHER, ['{' ... '~'] = CLASS_PUNCT, [0x80 ... 0xff] = CLASS_HIGH,
};

const uint8_t lex_word_char[256] = {
  ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['_'] = 1,
};

void lex_add_keywords(Names *names) {
  static const struct {
    const char *text;
    uint8_t kind;
  } keywords[] = {
#define KEYWORD(kind, text) {text, TOK_##kind},
#include "token.def"
  };
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
    Name name = names_intern_cstr(names, keywords[i].text);
    ((NameHeader *)(void *)(uintptr_t)name)[-1].keyword = keywords[i].kind;
  }
}

TokenKind lex_name_kind(Name name) {
  uint32_t keyword = ((const NameHeader *)(const void *)name)[-1].keyword;
  return keyword ? (TokenKind)keyword : TOK_NAME;
}

/* ---- Sources ---- */

#define BAD_UTF8_SHOWN 5

void lex_check_source(Diags *diags, Source *source) {
  if (source->checked) return;
  source->checked = true;
  char *text = (char *)(uintptr_t)source->text; /* the source's own copy */
  uint32_t shown = 0;
  for (uint32_t i = 0; i < source->len;) {
    uint64_t eight;
    if (i + 8 <= source->len && (memcpy(&eight, text + i, 8), (eight & 0x8080808080808080u) == 0)) {
      i += 8;
      continue;
    }
    uint32_t scalar;
    size_t used = utf8_decode(text + i, source->len - i, &scalar);
    if (used == 0) {
      if (shown++ < BAD_UTF8_SHOWN) diag_error(diags, span_make(source->id, i, i + 1), DIAG_BAD_UTF8);
      text[i] = '?';
      used = 1;
    }
    i += (uint32_t)used;
  }
}

static const char *skip_line(const Lexer *lx, const char *p) {
  size_t left = p < lx->limit ? (size_t)(lx->limit - p) : 0;
  const char *end = left ? memchr(p, '\n', left) : NULL;
  return end ? end : p > lx->limit ? p : lx->limit;
}

void lexer_init(Lexer *lx, Names *names, Diags *diags, const Source *source, uint32_t start, uint32_t end) {
  *lx = (Lexer){.names = names, .diags = diags, .source = source->id, .text = source->text};
  lx->pos = source->text + start;
  lx->limit = source->text + end;
  if (start != 0) return;
  if (end >= 3 && memcmp(lx->pos, "\xef\xbb\xbf", 3) == 0) lx->pos += 3;
  if (lx->pos[0] == '#' && lx->pos[1] == '!') lx->pos = skip_line(lx, lx->pos);
}

Span lex_span(const Lexer *lx, const char *from, const char *to) {
  return span_make(lx->source, (uint32_t)(from - lx->text), (uint32_t)(to - lx->text));
}

/* ---- Operators ---- */

#define OP(size, name) (*length = (size), TOK_##name)

/* Returns the longest operator at p; most of the work of the next two functions is done by the compiler's switch. */
static TokenKind angle_operator(const char *p, int *length) {
  if (p[0] == '<') {
    if (p[1] == '<') return p[2] == '=' ? OP(3, LT_LT_EQ) : OP(2, LT_LT);
    return p[1] == '=' ? OP(2, LT_EQ) : OP(1, LT);
  }
  if (p[1] != '>') return p[1] == '=' ? OP(2, GT_EQ) : OP(1, GT);
  if (p[2] != '>') return p[2] == '=' ? OP(3, GT_GT_EQ) : OP(2, GT_GT);
  return p[3] == '=' ? OP(4, GT_GT_GT_EQ) : OP(3, GT_GT_GT);
}

static TokenKind arithmetic_operator(const char *p, int *length) {
  switch (p[0]) {
    case '+':
      if (p[1] == '%') return p[2] == '=' ? OP(3, PLUS_WRAP_EQ) : OP(2, PLUS_WRAP);
      return p[1] == '=' ? OP(2, PLUS_EQ) : OP(1, PLUS);
    case '-':
      if (p[1] == '>') return OP(2, ARROW);
      if (p[1] == '%') return p[2] == '=' ? OP(3, MINUS_WRAP_EQ) : OP(2, MINUS_WRAP);
      return p[1] == '=' ? OP(2, MINUS_EQ) : OP(1, MINUS);
    case '*':
      if (p[1] == '*') return p[2] == '=' ? OP(3, STAR_STAR_EQ) : OP(2, STAR_STAR);
      if (p[1] == '%') return p[2] == '=' ? OP(3, STAR_WRAP_EQ) : OP(2, STAR_WRAP);
      return p[1] == '=' ? OP(2, STAR_EQ) : OP(1, STAR);
    case '/': return p[1] == '=' ? OP(2, SLASH_EQ) : OP(1, SLASH);
    case '%': return p[1] == '=' ? OP(2, PERCENT_EQ) : OP(1, PERCENT);
    case '&': return p[1] == '&' ? OP(2, AND_AND) : p[1] == '=' ? OP(2, AMP_EQ) : OP(1, AMP);
    case '|': return p[1] == '|' ? OP(2, OR_OR) : p[1] == '=' ? OP(2, PIPE_EQ) : OP(1, PIPE);
    default: return p[1] == '=' ? OP(2, CARET_EQ) : OP(1, CARET);
  }
}

static TokenKind punctuation(const char *p, int *length) {
  switch (p[0]) {
    case '(': return OP(1, LPAREN);
    case ')': return OP(1, RPAREN);
    case '[': return OP(1, LBRACKET);
    case ']': return OP(1, RBRACKET);
    case '{': return OP(1, LBRACE);
    case '}': return OP(1, RBRACE);
    case ',': return OP(1, COMMA);
    case ':': return OP(1, COLON);
    case ';': return OP(1, SEMICOLON);
    case '~': return OP(1, TILDE);
    case '@': return OP(1, AT);
    case '.':
      if (p[1] != '.') return OP(1, DOT);
      return p[2] == '=' ? OP(3, DOT_DOT_EQ) : OP(2, DOT_DOT);
    case '?': return p[1] == '.' ? OP(2, QUESTION_DOT) : p[1] == '?' ? OP(2, QUESTION_QUESTION) : OP(1, QUESTION);
    case '!': return p[1] == '=' ? OP(2, BANG_EQ) : OP(1, BANG);
    case '=': return p[1] == '=' ? OP(2, EQ_EQ) : p[1] == '>' ? OP(2, FAT_ARROW) : OP(1, EQ);
    case '<':
    case '>': return angle_operator(p, length);
    default: return arithmetic_operator(p, length);
  }
}

static const char *lex_operator(Lexer *lx, Token *t, const char *p) {
  int length = 1;
  t->kind = (uint8_t)punctuation(p, &length);
  lx->after_dot = t->kind == TOK_DOT || t->kind == TOK_QUESTION_DOT;
  return p + length;
}

/* ---- Names, comments, oddities ---- */

static const char *lex_word(Lexer *lx, Token *t, const char *p) {
  const char *start = p;
  uint32_t hash = NAME_HASH_SEED;
  do hash = name_hash_step(hash, (unsigned char)*p++);
  while (lex_word_char[(unsigned char)*p]);
  if (*start == 'r' && p == start + 1 && *p == '"') return lex_string(lx, t, p, TOKEN_RAW);
  t->name = names_intern_hashed(lx->names, start, (size_t)(p - start), hash);
  t->kind = (uint8_t)lex_name_kind(t->name);
  return p;
}

/* Skips a comment that starts at p, or returns NULL when there is none. */
static const char *skip_comment(const Lexer *lx, Token *t, const char *p) {
  if (p[1] == '/') {
    if (p[2] == '/' && p[3] != '/' && !t->doc) t->doc = (uint32_t)(p - lx->text) + 1;
    return skip_line(lx, p);
  }
  if (p[1] != '*') return NULL;
  const char *start = p;
  size_t depth = 1;
  for (p += 2; p < lx->limit; p++) {
    if (*p == '\n') t->newline = true;
    if (*p == '/' && p[1] == '*') depth++, p++;
    else if (*p == '*' && p[1] == '/' && (p++, --depth == 0)) return p + 1;
  }
  if (lx->diags) diag_error(lx->diags, lex_span(lx, start, start + 2), DIAG_UNTERMINATED_COMMENT);
  return lx->limit;
}

static const struct {
  uint32_t scalar;
  const char *help;
} look_alikes[] = {
  {0x201c, "write a straight quote: `\"`"}, {0x201d, "write a straight quote: `\"`"},
  {0x2018, "write a straight quote: `'`"},  {0x2019, "write a straight quote: `'`"},
  {0x2212, "write `-`"},                    {0x00d7, "write `*`"},
  {0x2260, "write `!=`"},                   {0x2264, "write `<=`"},
  {0x2265, "write `>=`"},                   {0x2192, "write `->`"},
  {0x00a0, "this is a no-break space"},     {'`', "strings take double quotes: `\"text\"`"},
  {'#', "comments start with `//`"},        {'$', "a value in a string is written \"{x}\""},
};

/* The last byte of a text in backquotes, if it ends on the line, so that one mistake is reported once. */
static const char *quoted_end(const Lexer *lx, const char *p) {
  const char *line = skip_line(lx, p);
  const char *end = memchr(p + 1, '`', p < line ? (size_t)(line - p - 1) : 0);
  return end ? end : p;
}

static const char *lex_unknown(const Lexer *lx, Token *t, const char *p) {
  uint32_t scalar = 0;
  size_t size = utf8_decode(p, (size_t)(lx->limit - p), &scalar);
  if (size == 0) size = 1;
  t->kind = TOK_ERROR;
  t->flags = TOKEN_BROKEN;
  if (!lx->diags) return p + size;
  if (scalar < 0x20 || (scalar >= 0x7f && scalar < 0xa0)) {
    diag_error(lx->diags, lex_span(lx, p, p + size), DIAG_CONTROL_CHAR, (unsigned)scalar);
    return p + size;
  }
  char text[8] = {0};
  memcpy(text, p, size < sizeof text ? size : sizeof text - 1);
  Diag *d = diag_error(lx->diags, lex_span(lx, p, p + size), DIAG_UNKNOWN_CHAR, text);
  for (size_t i = 0; i < sizeof look_alikes / sizeof *look_alikes; i++) {
    if (look_alikes[i].scalar == scalar) diag_help(d, "%s", look_alikes[i].help);
  }
  if (scalar == '`') p = quoted_end(lx, p);
  if (scalar == '#') return skip_line(lx, p);
  if (scalar >= 0x80 && !d->helps) diag_help(d, "names are made of the letters a to z, A to Z, digits and `_`");
  return p + size;
}

/* ---- Tokens ---- */

void lex_next(Lexer *lx, Token *t) {
  const char *p = lx->pos;
  bool after_dot = lx->after_dot;
  lx->after_dot = false;
  t->newline = false;
  t->flags = 0;
  t->doc = 0;
  for (;;) {
    uint8_t class = p < lx->limit ? classes[(unsigned char)*p] : CLASS_NUL;
    t->start = (uint32_t)(p - lx->text);
    switch (class) {
      case CLASS_SPACE:
        do p++;
        while (*p == ' ');
        continue;
      case CLASS_NEWLINE:
        t->newline = true;
        p++;
        continue;
      case CLASS_SLASH: {
        const char *end = skip_comment(lx, t, p);
        if (end) {
          p = end;
          continue;
        }
        p = lex_operator(lx, t, p);
        break;
      }
      case CLASS_NUL:
        if (p >= lx->limit) {
          p = lx->limit;
          t->kind = TOK_EOF;
          t->start = (uint32_t)(p - lx->text);
          break;
        }
        p = lex_unknown(lx, t, p);
        break;
      case CLASS_LETTER: p = lex_word(lx, t, p); break;
      case CLASS_DIGIT: p = lex_number(lx, t, p, after_dot); break;
      case CLASS_QUOTE: p = lex_string(lx, t, p, 0); break;
      case CLASS_TICK: p = lex_char(lx, t, p); break;
      case CLASS_PUNCT: p = lex_operator(lx, t, p); break;
      default: p = lex_unknown(lx, t, p); break;
    }
    lx->pos = p;
    t->end = (uint32_t)(p - lx->text);
    return;
  }
}

static bool continues(const Lexer *lx, const char *p) {
  while (p < lx->limit && (classes[(unsigned char)*p] == CLASS_SPACE || *p == '\n')) p++;
  return p < lx->limit && *p == '.';
}

/* 1 for bytes that lex_skip_body looks at; 2 for those that matter only to an arrow's body. */
static const uint8_t skip_stops[256] = {
  [0] = 1, ['"'] = 1, ['\''] = 1, ['/'] = 1, ['{'] = 1, ['}'] = 1, ['\n'] = 2, ['('] = 2, [')'] = 2, ['['] = 2, [']'] = 2, [';'] = 2,
};

uint32_t lex_skip_body(const Lexer *lx, bool arrow) {
  Lexer ahead = *lx;
  Token t = {0};
  size_t depth = !arrow;
  uint8_t stops = arrow ? 3 : 1;
  ahead.diags = NULL;
  const char *start = lx->pos;
  while (arrow && start < lx->limit && classes[(unsigned char)*start] <= CLASS_NEWLINE && *start) start++;
  for (const char *p = start; p < lx->limit;) {
    while (!(skip_stops[(unsigned char)*p] & stops)) p++;
    if (p >= lx->limit) break;
    char c = *p;
    const char *comment = NULL;
    switch (c) {
      case '"':
        p = lex_string(&ahead, &t, p, p[-1] == 'r' && !lex_is_word_char(p[-2]) ? TOKEN_RAW : 0);
        continue;
      case '\'': p = lex_char(&ahead, &t, p); continue;
      case '/':
        comment = skip_comment(&ahead, &t, p);
        if (!comment) break;
        p = comment;
        continue;
      case '\n':
        if (depth == 0 && !continues(lx, p)) return (uint32_t)(p - lx->text);
        break;
      case '{': case '(': case '[': depth++; break;
      case '}': case ')': case ']': case ';':
        if (depth == 0) return (uint32_t)(p - lx->text);
        depth -= c != ';';
        if (depth == 0 && !arrow) return (uint32_t)(p + 1 - lx->text);
        break;
      default: break;
    }
    p++;
  }
  return 0;
}

/* True behind a `(`, if `self` stands there. */
static bool begins_with_self(const Lexer *lx, const char *p) {
  while (p < lx->limit && (classes[(unsigned char)*p] == CLASS_SPACE || *p == '\n')) p++;
  return lx->limit - p > 4 && memcmp(p, "self", 4) == 0 && !lex_is_word_char(p[4]);
}

/* Bytes that lex_skip_head looks at. */
static const uint8_t head_stops[256] = {
  [0] = 1, ['"'] = 1, ['\''] = 1, ['/'] = 1, ['{'] = 1, ['}'] = 1, ['\n'] = 1, ['('] = 1, [')'] = 1, ['['] = 1, [']'] = 1, ['<'] = 1, ['>'] = 1,
};

uint32_t lex_skip_head(const Lexer *lx, bool *has_self) {
  Lexer ahead = *lx;
  Token t = {0};
  size_t depth = 0, angles = 0;
  bool in_params = false;
  ahead.diags = NULL;
  *has_self = false;
  for (const char *p = lx->pos - 1; p < lx->limit; p++) {
    while (!head_stops[(unsigned char)*p]) p++;
    switch (*p) {
      case '"': p = lex_string(&ahead, &t, p, 0) - 1; break;
      case '\'': p = lex_char(&ahead, &t, p) - 1; break;
      case '<': angles += !in_params; break;
      case '>':
        if (p[-1] == '=' && depth == 0) return (uint32_t)(p - 1 - lx->text);
        if (angles && p[-1] != '-') angles--;
        break;
      case '(':
        if (angles == 0 && !in_params) *has_self = begins_with_self(lx, p + 1);
        in_params |= angles == 0;
        depth++;
        break;
      case '[': depth++; break;
      case '{':
        if (depth == 0) return (uint32_t)(p - lx->text);
        depth++;
        break;
      case ')': case ']': case '}':
        if (depth-- == 0) return 0;
        break;
      case '\n':
        if (depth == 0) return (uint32_t)(p - lx->text);
        break;
      default: return 0; /* the end, or perhaps a comment */
    }
  }
  return 0;
}

void lex_dump(Names *names, Diags *diags, Source *source, FILE *out) {
  Lexer lx;
  Token t;
  lex_check_source(diags, source);
  lexer_init(&lx, names, diags, source, 0, source->len);
  do {
    lex_next(&lx, &t);
    fprintf(out, "%u..%u%s %s", t.start, t.end, t.newline ? " newline" : "", token_kind_name((TokenKind)t.kind));
    if (t.kind == TOK_NAME) fprintf(out, " %s", t.name);
    if (t.kind == TOK_INT) fprintf(out, " %llu", (unsigned long long)t.bits);
    if (t.kind == TOK_CHAR) fprintf(out, " U+%04X", (unsigned)t.bits);
    if (t.kind == TOK_FLOAT) fprintf(out, " %.17g", t.real);
    if (t.kind == TOK_STRING) fprintf(out, " %.*s", (int)(t.end - t.start), source->text + t.start);
    fputc('\n', out);
  } while (t.kind != TOK_EOF);
}
