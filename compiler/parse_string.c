/* String and number literals of expressions: escapes, interpolation, formats, indentation.
 *
 *   string = '"' { text | escape | "{{" | "}}" | "{" expr [ ":" format ] "}" } '"'
 *   format = [ [ fill ] align ] [ sign ] [ "0" ] [ width ] [ "." precision ] [ type ]
 *
 * A string of three quotes drops a newline right behind the opening quotes, the newline and blanks right before the
 * closing ones, and from every line the blanks that head the closing line.
 */
#include <string.h>

#include "parse_internal.h"

typedef struct StringReader {
  Parser *p;
  const char *at, *end; /* of the content */
  Str indent;           /* dropped after every newline */
  bool raw, indent_reported;
  char *buffer; /* text since the last part */
  size_t len;
  VEC(InterpPart) parts;
} StringReader;

/* ---- Formats ---- */

static bool is_align(char c) {
  return c == '<' || c == '>' || c == '^';
}

/* Reads a number of a format; returns false when it is too large. */
static bool format_number(const char **at, const char *end, uint32_t *value) {
  *value = 0;
  for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
    *value = *value * 10 + (uint32_t)(**at - '0');
    if (*value > FORMAT_MAX) return false;
  }
  return true;
}

/* format; returns what is wrong, or NULL. `bad` is where. */
static const char *read_format(const char *at, const char *end, FormatSpec *f, const char **bad) {
  uint32_t fill;
  size_t used = utf8_decode(at, (size_t)(end - at), &fill);
  f->fill = ' ';
  if (used && at + used < end && is_align(at[used])) {
    f->fill = fill;
    at += used;
  }
  if (at < end && is_align(*at)) f->align = *at++;
  if (at < end && (*at == '+' || *at == '-' || *at == ' ')) f->sign = *at++;
  if (at < end && *at == '0') f->zero = true, at++;
  *bad = at;
  f->has_width = at < end && *at >= '0' && *at <= '9';
  if (f->has_width && !format_number(&at, end, &f->width)) return "a width in a format goes up to 9999";
  if (at < end && *at == '.') {
    *bad = at++;
    f->has_precision = true;
    if (at >= end || *at < '0' || *at > '9') return "a `.` in a format needs a precision behind it";
    if (!format_number(&at, end, &f->precision)) return "a precision in a format goes up to 9999";
  }
  if (at < end && strchr("dxXboefs", *at)) f->type = *at++;
  *bad = at;
  return at < end ? "this is no format" : NULL;
}

static void parse_format(Parser *p, InterpPart *part, uint32_t from, uint32_t to) {
  const char *text = p->source->text, *bad;
  part->has_format = true;
  part->format_text = (Str){text + from, to - from};
  part->format_span = span_make(p->source->id, from, to);
  const char *wrong = read_format(text + from, text + to, &part->format, &bad);
  if (!wrong) return;
  uint32_t at = (uint32_t)(bad - text);
  Diag *d = parse_complain(p, span_make(p->source->id, at, at < to ? to : at + 1), DIAG_BAD_FORMAT, wrong);
  diag_help(d, "a format is `[[fill]align][sign][0][width][.precision][type]`");
  diag_help(d, "align is `<`, `>` or `^`, sign `+`, `-` or a space, type one of `d x X b o e f s`");
}

/* ---- Interpolation ---- */

/* Parses the text in [from, to) as one expression. */
static Expr *parse_inner(Parser *p, uint32_t from, uint32_t to) {
  Parser saved = *p;
  p->lx.pos = p->source->text + from;
  p->lx.limit = p->source->text + to;
  p->lx.after_dot = false;
  p->lx.nesting++;
  p->lines = LINES_FREE;
  p->tok = (Token){.kind = TOK_EOF, .end = from};
  parse_advance(p);
  Expr *e;
  if (p->tok.kind == TOK_EOF) {
    Diag *d = parse_complain(p, span_make(p->source->id, from - 1, to + 1), DIAG_EMPTY_INTERPOLATION);
    diag_help(d, "a brace itself is written `{{`");
    e = parse_new_expr(p, EXPR_ERROR, from);
  } else {
    e = parse_expr(p);
    if (p->tok.kind != TOK_EOF) {
      Diag *d = parse_error(p, parse_token_span(p), DIAG_EXPECTED_TOKEN, "`}`", parse_found(p));
      if (e->kind == EXPR_INT) diag_help(d, "braces of the text itself are doubled, `{{`, or stand in a raw string, `r\"...\"`");
    }
  }
  p->lx = saved.lx;
  p->lines = saved.lines;
  p->panic = saved.panic;
  p->prev_end = saved.prev_end;
  p->tok = saved.tok;
  if (p->fatal) {
    p->lx.pos = p->lx.limit;
    p->panic = true;
  }
  return e;
}

static void flush_text(StringReader *r) {
  if (r->len == 0) return;
  InterpPart part = {.text = {r->buffer, r->len}};
  VEC_PUSH(r->p->arena, &r->parts, part);
  r->buffer += r->len;
  r->len = 0;
}

static void read_interpolation(StringReader *r) {
  Parser *p = r->p;
  uint32_t open = (uint32_t)(r->at - p->source->text) + 1, colon, close;
  if (!lex_interpolation(&p->lx, open, &colon, &close)) {
    r->at = r->end;
    return;
  }
  flush_text(r);
  InterpPart part = {.value = parse_inner(p, open, colon)};
  if (colon < close) parse_format(p, &part, colon + 1, close);
  VEC_PUSH(p->arena, &r->parts, part);
  r->at = p->source->text + close + 1;
}

/* ---- Text ---- */

/* Copies a newline and drops the indentation behind it. */
static void read_newline(StringReader *r) {
  const char *line = ++r->at;
  r->buffer[r->len++] = '\n';
  if ((size_t)(r->end - line) >= r->indent.len && memcmp(line, r->indent.text, r->indent.len) == 0) {
    r->at = line + r->indent.len;
    return;
  }
  const char *word = line;
  while (word < r->end && (*word == ' ' || *word == '\t' || *word == '\r')) word++;
  r->at = word;
  if (word == r->end || *word == '\n' || r->indent_reported) return;
  r->indent_reported = true;
  uint32_t at = (uint32_t)(word - r->p->source->text);
  parse_complain(r->p, span_make(r->p->source->id, at, at + 1), DIAG_BAD_INDENT);
}

static void read_text(StringReader *r) {
  while (r->at < r->end) {
    char c = *r->at;
    if (c == '\n') {
      read_newline(r);
    } else if (c == '\r' && r->at + 1 < r->end && r->at[1] == '\n') {
      r->at++;
    } else if (!r->raw && c == '\\') {
      uint32_t scalar;
      r->at = lex_escape(&r->p->lx, r->at, r->end, &scalar);
      r->len += utf8_encode(scalar, r->buffer + r->len);
    } else if (!r->raw && c == '{' && (r->at + 1 == r->end || r->at[1] != '{')) {
      read_interpolation(r);
    } else {
      r->buffer[r->len++] = c;
      r->at += !r->raw && (c == '{' || c == '}') && r->at + 1 < r->end && r->at[1] == c ? 2 : 1;
    }
  }
}

/* Finds the content of a string of three quotes, and the indentation of its closing line. */
static void trim_triple(StringReader *r) {
  const char *line = r->end;
  while (line > r->at && line[-1] != '\n') line--;
  if (line == r->at) return;
  const char *word = line;
  while (word < r->end && (*word == ' ' || *word == '\t')) word++;
  r->indent = (Str){line, (size_t)(word - line)};
  bool alone = word == r->end;
  if (alone) {
    r->end = line - 1;
    if (r->end > r->at && r->end[-1] == '\r') r->end--;
  }
}

/* Drops the newline behind the opening quotes: reading it drops the first line's indentation too. */
static void skip_first_newline(StringReader *r) {
  const char *at = r->at;
  while (at < r->end && (*at == ' ' || *at == '\t' || *at == '\r')) at++;
  if (at >= r->end || *at != '\n') {
    if (at == r->end && r->indent.text) r->at = r->end;
    return;
  }
  r->at = at;
  read_newline(r);
  r->len = 0;
}

static Expr *string_result(StringReader *r, uint32_t start, bool interpolated) {
  Parser *p = r->p;
  Expr *e = parse_new_expr(p, interpolated ? EXPR_INTERP : EXPR_STRING, start);
  if (!interpolated) {
    e->string = (Str){r->buffer, r->len};
    return e;
  }
  flush_text(r);
  e->interp.parts = r->parts.items;
  e->interp.count = r->parts.count;
  return e;
}

/* string */
Expr *parse_string(Parser *p) {
  Token t = p->tok;
  const char *text = p->source->text;
  uint32_t head = (t.flags & TOKEN_RAW ? 1 : 0) + (t.flags & TOKEN_TRIPLE ? 3 : 1);
  uint32_t tail = t.flags & TOKEN_TRIPLE ? 3 : 1;
  if (t.flags & TOKEN_BROKEN) {
    parse_advance(p);
    Expr *e = parse_new_expr(p, EXPR_STRING, t.start);
    e->string = (Str){"", 0};
    p->panic = true; /* its line is lost */
    return e;
  }
  StringReader r = {.p = p, .at = text + t.start + head, .end = text + t.end - tail, .raw = t.flags & TOKEN_RAW};
  if (!(t.flags & (TOKEN_TRIPLE | TOKEN_ESCAPES | TOKEN_INTERP))) {
    r.buffer = (char *)(uintptr_t)r.at; /* the source's own text serves */
    r.len = (size_t)(r.end - r.at);
    parse_advance(p);
    return string_result(&r, t.start, false);
  }
  r.buffer = arena_alloc(p->arena, (size_t)(r.end - r.at) + 4);
  if (t.flags & TOKEN_TRIPLE) {
    trim_triple(&r);
    skip_first_newline(&r);
  }
  read_text(&r);
  parse_advance(p);
  return string_result(&r, t.start, t.flags & TOKEN_INTERP);
}

/* The number ahead; an int of 2^63 is let through, for the caller to judge. */
Expr *parse_number(Parser *p) {
  Token t = p->tok;
  parse_advance(p);
  Expr *e = parse_new_expr(p, t.kind == TOK_INT ? EXPR_INT : EXPR_FLOAT, t.start);
  if (t.kind == TOK_INT) {
    e->integer.bits = t.bits;
    e->integer.radix = t.flags & TOKEN_RADIX;
  } else {
    e->real = t.real;
  }
  return e;
}
