/* The parser's state, tokens, errors and recovery, and its entry points (see parse.h and parse_internal.h).
 *
 *   module = { import } { item | statement }
 */
#include "parse.h"

#include <string.h>

#include "hints.h"
#include "parse_internal.h"

#define TREE_MAX_HEIGHT 2000

/* ---- Tokens ---- */

void parse_advance(Parser *p) {
  p->prev_end = p->tok.end;
  if (compilation_is_late(p->c)) p->lx.limit = p->lx.pos;
  lex_next(&p->lx, &p->tok);
}

Token parse_peek(const Parser *p) {
  Lexer lx = p->lx;
  Token t;
  lx.diags = NULL;
  lex_next(&lx, &t);
  return t;
}

bool parse_accept(Parser *p, TokenKind kind) {
  if (p->tok.kind != kind) return false;
  parse_advance(p);
  return true;
}

bool parse_at_end(const Parser *p) {
  switch (p->tok.kind) {
    case TOK_SEMICOLON:
    case TOK_RBRACE:
    case TOK_EOF: return true;
    default: return p->tok.newline && p->lines != LINES_FREE;
  }
}

const char *parse_found(Parser *p) {
  if (p->tok.kind != TOK_EOF && p->tok.newline && p->lines != LINES_FREE && p->tok.start != p->stmt_start) return "the end of the line";
  if (p->tok.kind == TOK_NAME) return arena_format(p->arena, "`%.60s`", p->tok.name);
  if (p->tok.kind == TOK_EOF && p->tok.start < p->source->len) return "the end of the braces"; /* an interpolation's */
  return token_describe(&p->tok);
}

Span parse_found_span(const Parser *p) {
  if (p->tok.kind == TOK_EOF || (p->tok.newline && p->lines != LINES_FREE && p->tok.start != p->stmt_start)) {
    return span_make(p->source->id, p->prev_end, p->prev_end + (p->prev_end < p->source->len));
  }
  return parse_token_span(p);
}

/* The word that the last token ends with. */
static Str word_before(const Parser *p) {
  Str word = {p->source->text + p->prev_end, 0};
  while (word.text > p->source->text && lex_is_word_char(word.text[-1])) word.text--, word.len++;
  return word;
}

/* Helps with the word before the token, such as a `not` in front of a value. */
static const char *help_behind(const Parser *p) {
  Str before = word_before(p);
  return before.len ? hint_find(HINT_WORD, arena_copy(p->arena, before.text, before.len)) : NULL;
}

/* Helps with a token that other languages go on with, where Firn does not. */
static const char *help_going_on(const Parser *p) {
  if (p->tok.newline && p->lines != LINES_FREE) return NULL;
  switch (p->tok.kind) {
    case TOK_NAME: {
      if (p->tok.name == p->word_as) return "a value is converted by a call: `float(x)`";
      const char *help = hint_find(HINT_WORD, p->tok.name);
      return help ? help : help_behind(p);
    }
    case TOK_TRUE:
    case TOK_FALSE:
    case TOK_SELF:
    case TOK_INT: return help_behind(p);
    case TOK_TILDE: return p->source->text[p->tok.end] == '=' ? "write `!=`" : NULL;
    case TOK_IS: return "a type is tested by a pattern: `if let y: Type = x { ... }`, or an arm of `match`";
    case TOK_IN: return "write `xs.contains(x)`";
    case TOK_FAT_ARROW: return "a closure is `|x| x + 1`";
    case TOK_STRING: {
      bool has_prefix = p->tok.start == p->prev_end && p->prev_end && lex_is_word_char(p->source->text[p->prev_end - 1]);
      return has_prefix ? "every string may hold values: `\"{x}\"`, without a prefix" : NULL;
    }
    case TOK_ARROW: return p->tok.start == p->prev_end ? "a member is written with a dot: `a.b`" : NULL;
    case TOK_QUESTION: {
      Token next = parse_peek(p);
      bool at_end = next.newline || next.kind == TOK_RBRACE || next.kind == TOK_EOF;
      if (at_end) return "to pass an error on write `try f()`; to take the value of an optional, `x!`";
      return "there is no `a ? b : c`; write `if a { b } else { c }`";
    }
    case TOK_COMMA: return "several values make a tuple: `(a, b)`";
    default: return NULL;
  }
}

bool parse_expect(Parser *p, TokenKind kind, const char *help) {
  if (parse_accept(p, kind)) return true;
  Token wanted = {.kind = (uint8_t)kind};
  Diag *d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, token_describe(&wanted), parse_found(p));
  bool asks = p->tok.kind != TOK_COMMA && p->tok.kind != TOK_FAT_ARROW && p->tok.kind != TOK_ARROW && p->tok.kind != TOK_QUESTION && p->tok.kind != TOK_STRING;
  const char *foreign = asks ? help_going_on(p) : NULL;
  if (foreign) diag_help(d, "%s", foreign);
  else if (help) diag_help(d, "%s", help);
  return false;
}

Name parse_name(Parser *p, const char *what, Span *span) {
  *span = parse_token_span(p);
  if (p->tok.kind == TOK_NAME) {
    Name name = p->tok.name;
    parse_advance(p);
    return name;
  }
  Diag *d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, what, parse_found(p));
  if (p->tok.kind >= TOK_BREAK && p->tok.kind <= TOK_WHILE && parse_same_line(p)) {
    const char *word = token_text((TokenKind)p->tok.kind);
    diag_help(d, "`%s` is a word of the language; take another name, such as `%s_`", word, word);
    parse_advance(p);
  }
  return NULL;
}

bool parse_close_angle(Parser *p) {
  switch (p->tok.kind) {
    case TOK_GT: parse_advance(p); return true;
    case TOK_GT_GT: p->tok.kind = TOK_GT; break;
    case TOK_GT_GT_GT: p->tok.kind = TOK_GT_GT; break;
    case TOK_GT_EQ: p->tok.kind = TOK_EQ; break;
    case TOK_GT_GT_EQ: p->tok.kind = TOK_GT_EQ; break;
    case TOK_GT_GT_GT_EQ: p->tok.kind = TOK_GT_GT_EQ; break;
    default: return false;
  }
  p->prev_end = ++p->tok.start;
  p->tok.newline = false;
  return true;
}

/* ---- Doc comments ---- */

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/* Appends the comment line at `line` (up to `end`), whose text starts behind the slashes. */
static void doc_line(char *doc, size_t *len, const char *line, const char *end) {
  line += 3;
  if (line < end && *line == ' ') line++;
  while (end > line && is_blank(end[-1])) end--;
  if (*len) doc[(*len)++] = '\n';
  memcpy(doc + *len, line, (size_t)(end - line));
  *len += (size_t)(end - line);
}

/* Collects runs of `///` lines in [from, to). `first` asks for the first run, and only if an empty line follows; else
 * the last run counts, and only if none does. */
static Str collect_doc(const Parser *p, uint32_t from, uint32_t to, bool first) {
  const char *text = p->source->text, *at = text + from, *stop = text + to;
  char *doc = arena_alloc(p->arena, to - from + 1);
  size_t len = 0;
  bool any = false;
  while (at < stop) {
    const char *end = memchr(at, '\n', (size_t)(stop - at));
    bool last = !end;
    if (last) end = stop;
    while (at < end && is_blank(*at)) at++;
    if (end - at >= 3 && memcmp(at, "///", 3) == 0) {
      doc_line(doc, &len, at, end);
      any = true;
    } else if (at < end || !last) {
      if (first && any) return at == end ? (Str){doc, len} : (Str){"", 0};
      len = 0;
      any = false;
    }
    at = end + 1;
  }
  return first || !any ? (Str){"", 0} : (Str){doc, len};
}

Str parse_doc(const Parser *p, const Token *t) {
  return t->doc && !p->c->drops_docs ? collect_doc(p, t->doc - 1, t->start, false) : (Str){"", 0};
}

/* ---- Errors ---- */

static bool is_muted(const Parser *p) {
  return p->panic || p->fatal || p->trial || p->tok.flags & TOKEN_BROKEN;
}

Diag *parse_error(Parser *p, Span span, DiagCode code, ...) {
  bool muted = is_muted(p);
  p->panic = true;
  if (muted) return p->c->diags.muted;
  va_list args;
  va_start(args, code);
  Diag *d = diag_verror(&p->c->diags, span, code, args);
  va_end(args);
  return d;
}

void parse_list_error(Parser *p, const char *expected, Span open) {
  Diag *d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, expected, parse_found(p));
  const char *help = help_behind(p);
  if (help) diag_help(d, "%s", help);
  else if (p->tok.kind == TOK_AMP) diag_help(d, "bounds are joined by `+`");
  diag_note(d, open, "opened here");
}

Diag *parse_complain(Parser *p, Span span, DiagCode code, ...) {
  if (p->panic || p->fatal || p->trial) return p->c->diags.muted;
  va_list args;
  va_start(args, code);
  Diag *d = diag_verror(&p->c->diags, span, code, args);
  va_end(args);
  return d;
}

static void too_deep(Parser *p) {
  if (!p->trial) {
    p->tok.flags = 0;
    diag_help(parse_error(p, parse_token_span(p), DIAG_TOO_DEEP), "split it into several statements or functions");
    p->fatal = true;
    p->lx.pos = p->lx.limit;
    uint32_t end = (uint32_t)(p->lx.limit - p->lx.text);
    p->tok = (Token){.kind = TOK_EOF, .start = end, .end = end};
  }
  p->panic = true;
}

bool parse_enter(Parser *p, uint32_t *saved_height) {
  *saved_height = p->height;
  p->height = 0;
  p->depth++;
  if (p->depth <= PARSE_MAX_DEPTH && (!p->trial || p->depth <= p->trial_depth)) return true;
  too_deep(p);
  return false;
}

void parse_leave(Parser *p, uint32_t saved_height) {
  p->depth--;
  p->height++;
  if (p->height < saved_height) p->height = saved_height;
}

void parse_grow(Parser *p) {
  if (++p->height > TREE_MAX_HEIGHT && !p->fatal) too_deep(p);
}

/* ---- Recovery ---- */

static bool starts_anew(const Parser *p) {
  if (!p->tok.newline) return false;
  switch (p->tok.kind) {
    case TOK_CLASS:
    case TOK_ENUM:
    case TOK_EXTEND:
    case TOK_FN:
    case TOK_FOR:
    case TOK_IMPORT:
    case TOK_LET:
    case TOK_PUB:
    case TOK_RETURN:
    case TOK_TRAIT:
    case TOK_VAR:
    case TOK_WHILE: return true;
    default: return false;
  }
}

/* Skips one token, or a whole pair of brackets. */
void parse_skip_group(Parser *p) {
  size_t depth = 0;
  do {
    switch (p->tok.kind) {
      case TOK_LPAREN:
      case TOK_LBRACKET:
      case TOK_LBRACE: depth++; break;
      case TOK_RPAREN:
      case TOK_RBRACKET:
      case TOK_RBRACE: depth -= depth > 0; break;
      case TOK_EOF: return;
      default: break;
    }
    parse_advance(p);
  } while (depth > 0 && !starts_anew(p));
}

/* Returns the width of the blanks that head the line of an offset. */
static uint32_t indent_of(const Parser *p, uint32_t offset) {
  const char *text = p->source->text;
  uint32_t start = offset, indent = 0;
  while (start > 0 && text[start - 1] != '\n') start--;
  while (text[start + indent] == ' ' || text[start + indent] == '\t') indent++;
  return indent;
}

#define INDENT_UNKNOWN UINT32_MAX

/* Tells whether the line of the token ahead is likely to be no part of the brackets at `open`. */
static bool left_brackets(const Parser *p, Span open, uint32_t *open_indent) {
  if (!p->tok.newline || p->tok.kind == TOK_RPAREN || p->tok.kind == TOK_RBRACKET) return false;
  if (*open_indent == INDENT_UNKNOWN) *open_indent = indent_of(p, open.start);
  return indent_of(p, p->tok.start) <= *open_indent;
}

/* What seemed to stand wrongly in a block stands rightly behind it: a brace is missing before the first of these. */
static void blame_brace(Parser *p, Diag *d, Span open) {
  Span item = diags_remove(&p->c->diags, DIAG_ITEM_IN_BLOCK, open), other = diags_remove(&p->c->diags, DIAG_STRAY_ELSE, open);
  diags_remove(&p->c->diags, DIAG_SELF_OUTSIDE, open);
  if (!item.source || (other.source && other.start < item.start)) item = other;
  if (item.source) diag_note(d, item, "a `}` is missing before this");
  bool is_odd = !item.source && p->odd_brace.end && p->odd_brace.start > open.start;
  if (is_odd) diag_note(d, p->odd_brace, "to go by the lines' indentation, the `}` of this one is missing");
}

#define LINE_START_MAX 200

/* The width of the blanks that head the line of an offset, when its start is near; else INDENT_UNKNOWN. */
static uint32_t indent_near(const Parser *p, uint32_t offset) {
  const char *text = p->source->text;
  for (uint32_t start = offset; offset - start <= LINE_START_MAX; start--) {
    if (start == 0 || text[start - 1] == '\n') return indent_of(p, start);
  }
  return INDENT_UNKNOWN;
}

/* Keeps the first block whose closing brace seems to be another's. */
static void watch_brace(Parser *p, Span open) {
  if (p->odd_brace.end || p->trial || !p->tok.newline) return;
  uint32_t opened = indent_near(p, open.start), closed = indent_near(p, p->tok.start);
  if (opened != INDENT_UNKNOWN && closed != INDENT_UNKNOWN && closed < opened) p->odd_brace = open;
}

void parse_close(Parser *p, TokenKind close, Span open, const char *what) {
  if (!p->panic) {
    if (p->tok.kind == TOK_RBRACE && close == TOK_RBRACE) watch_brace(p, open);
    if (parse_accept(p, close)) return;
    Token wanted = {.kind = (uint8_t)close};
    const char *closer = token_describe(&wanted);
    if (p->tok.kind == TOK_EOF) {
      Str text = span_text(&p->c->sources, open);
      Diag *d = parse_error(p, open, DIAG_UNCLOSED, arena_copy(p->arena, text.text, text.len));
      if (close == TOK_RBRACE && !p->trial) blame_brace(p, d, open);
    } else {
      Diag *d = parse_error(p, parse_token_span(p), DIAG_EXPECTED_TOKEN, what ? what : closer, parse_found(p));
      diag_note(d, open, "opened here");
      const char *help = p->tok.kind == TOK_COMMA ? NULL : help_going_on(p);
      if (p->tok.kind == TOK_FOR && close == TOK_RBRACKET) help = "a list is made of another by `xs.filter(|x| ...).map(|x| ...)`";
      if (help) diag_help(d, "%s", help);
      bool has_size = p->tok.kind == TOK_SEMICOLON && close == TOK_RBRACKET;
      if (has_size) diag_help(d, "a list has no fixed size: its type is `[T]`, and `List(n, x)` makes n copies");
      if (p->tok.kind == TOK_QUESTION_QUESTION) diag_help(d, "a range binds tighter than `??`: write `..(x ?? y)`");
      if (p->tok.kind == TOK_EQ) {
        diag_help(d, "`=` assigns and is a statement; to compare write `==`, to label an argument `name: value`");
      }
    }
  }
  if (p->trial) return;
  uint32_t open_indent = INDENT_UNKNOWN;
  while (p->tok.kind != TOK_EOF && p->tok.kind != TOK_RBRACE) {
    if (starts_anew(p) || left_brackets(p, open, &open_indent)) return;
    bool found = p->tok.kind == close;
    bool other = p->tok.kind == TOK_RPAREN || p->tok.kind == TOK_RBRACKET;
    if (found) {
      parse_advance(p);
      p->panic = false;
      return;
    }
    if (other) return;
    parse_skip_group(p);
  }
  if (close == TOK_RBRACE && parse_accept(p, close)) p->panic = false;
}

void parse_recover(Parser *p) {
  while (!parse_at_end(p)) {
    parse_skip_group(p);
    if (starts_anew(p)) break;
  }
  parse_accept(p, TOK_SEMICOLON);
  p->panic = false;
}

/* A statement that begins with a misspelt keyword ends, to the parser, behind it. */
static void suggest_keyword(Parser *p, Diag *d, const char *word) {
  static const char *const keywords[] = {
#define KEYWORD(kind, text) text,
#include "token.def"
  };
  if (strcmp(word, "from") == 0) {
    diag_help(d, "write `import { name } from module`");
    return;
  }
  NameSuggestion s = {.wrong = word};
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) name_suggestion_try(&s, keywords[i]);
  bool at_value = p->tok.kind == TOK_STRING || p->tok.kind == TOK_INT || p->tok.kind == TOK_FLOAT || p->tok.kind == TOK_CHAR;
  if (s.best && strlen(word) > 2) diag_help(d, "did you mean `%s`?", s.best);
  else if (at_value && word[0] > '9') diag_help(d, "the arguments of a call stand in parentheses: `%.60s(...)`", word);
}

/* Reports a statement that goes on where it should end. */
static void report_end(Parser *p, const char *separator_of) {
  Str before = word_before(p);
  bool is_enum = separator_of && strstr(separator_of, "cases");
  const char *word = arena_copy(p->arena, before.text, before.len);
  const char *help = before.len ? hint_find(HINT_WORD, word) : NULL;
  if (help) {
    uint32_t start = (uint32_t)(before.text - p->source->text);
    diag_help(parse_error(p, parse_span(p, start), DIAG_FOREIGN_WORD, word), "%s", help);
    return;
  }
  help = p->tok.kind == TOK_NAME ? hint_find(HINT_WORD, p->tok.name) : NULL;
  if (help) {
    diag_help(parse_error(p, parse_token_span(p), DIAG_FOREIGN_WORD, p->tok.name), "%s", help);
  } else if (p->tok.kind == TOK_RPAREN || p->tok.kind == TOK_RBRACKET) {
    parse_error(p, parse_token_span(p), DIAG_STRAY_CLOSE, token_text((TokenKind)p->tok.kind));
  } else if (separator_of && (p->tok.kind == TOK_COMMA || (p->tok.kind == TOK_INT && strstr(separator_of, "arms")) || p->tok.kind == TOK_NAME || p->tok.kind == TOK_FN || p->tok.kind == TOK_PUB)) {
    parse_error(p, parse_token_span(p), DIAG_SEPARATOR, separator_of, strstr(separator_of, "cases") ? "newlines, commas or `;`" : "newlines or `;`");
  } else if (p->tok.kind == TOK_NAME || (p->tok.kind >= TOK_BREAK && p->tok.kind <= TOK_WHILE)) {
    Diag *d = parse_error(p, parse_token_span(p), DIAG_TWO_STATEMENTS);
    bool is_declaration = p->tok.kind == TOK_NAME && before.len && parse_peek(p).kind == TOK_EQ;
    Name name = p->tok.kind == TOK_NAME ? p->tok.name : "";
    if (is_declaration) diag_help(d, "a variable is declared by its name: `let %.60s = ...` or `var %.60s: %.60s = ...`", name, name, word);
    else if (p->tok.kind == TOK_ELSE) diag_help(d, "only `let` and `if` take an `else`; after another optional write `?? return` or `?? fail ...`");
    else if (p->tok.kind == TOK_IF) diag_help(d, "the condition comes first: `if condition { ... }`");
    else if (parse_at_word(p, p->word_as)) diag_help(d, "%s", help_going_on(p));
    else suggest_keyword(p, d, word);
  } else {
    Diag *d = parse_error(p, parse_token_span(p), DIAG_EXPECTED_STMT_END, parse_found(p));
    if (p->tok.kind == TOK_EQ)
      diag_help(d, is_enum ? "cases have no values of their own; a method can give them: `match self { .a => 1; ... }`" : "to compare write `==`");
    help = help_going_on(p);
    bool is_made = p->tok.kind == TOK_LBRACE && before.len && *word >= 'A' && *word <= 'Z';
    if (help) diag_help(d, "%s", help);
    else if (is_made && is_enum) diag_help(d, "what a case holds stands in parentheses: `%.60s(x: int)`", word);
    else if (is_made) diag_help(d, "an object is made by a call: `%.60s(x: ...)`", word);
    else if (p->tok.kind == TOK_COLON) diag_help(d, "a map stands in brackets: `[key: value]`");
    else if (before.len) suggest_keyword(p, d, word);
  }
}

void parse_end(Parser *p, const char *separator_of) {
  if (!p->panic && !parse_at_end(p)) report_end(p, separator_of);
  if (p->panic) {
    parse_recover(p);
    if (separator_of) parse_accept(p, TOK_COMMA);
  } else {
    parse_accept(p, TOK_SEMICOLON);
  }
}

/* ---- Entry points ---- */

static void parser_init(Parser *p, Compilation *c, Source *source, uint32_t start, uint32_t end) {
  *p = (Parser){.c = c, .arena = &c->arena, .source = source, .lines = LINES_END};
  lex_check_source(&c->diags, source);
  lexer_init(&p->lx, &c->names, &c->diags, source, start, end);
  p->word_type = names_intern_cstr(&c->names, "type");
  p->word_test = names_intern_cstr(&c->names, "test");
  p->word_extern = names_intern_cstr(&c->names, "extern");
  p->word_from = names_intern_cstr(&c->names, "from");
  p->word_as = names_intern_cstr(&c->names, "as");
  p->word_self_type = names_intern_cstr(&c->names, "Self");
  p->word_underscore = names_intern_cstr(&c->names, "_");
  p->tok.end = start;
  parse_advance(p);
}

typedef struct ModuleParts {
  VEC(Item *) imports, items;
  VEC(Stmt *) stmts;
} ModuleParts;

static void add_item(Parser *p, ModuleParts *parts, Item *item) {
  if (item->kind != ITEM_IMPORT) {
    VEC_PUSH(p->arena, &parts->items, item);
    return;
  }
  if (parts->items.count || parts->stmts.count) parse_complain(p, item->span, DIAG_IMPORT_ORDER);
  VEC_PUSH(p->arena, &parts->imports, item);
}

/* Reads one item or statement of the top level. */
static void parse_top(Parser *p, ModuleParts *parts) {
  uint32_t start = p->tok.start;
  if (parse_accept(p, TOK_SEMICOLON)) return;
  if (p->tok.kind == TOK_RBRACE) {
    parse_complain(p, parse_token_span(p), DIAG_STRAY_CLOSE, "}");
    parse_advance(p);
    return;
  }
  if (parse_at_item(p)) {
    add_item(p, parts, parse_item(p));
  } else {
    Stmt *stmt = parse_statement(p);
    if (stmt) VEC_PUSH(p->arena, &parts->stmts, stmt);
  }
  if (p->tok.start == start && p->tok.kind != TOK_EOF) {
    if (!p->panic) parse_error(p, parse_token_span(p), DIAG_EXPECTED_EXPR, parse_found(p));
    parse_advance(p);
  }
  if (p->tok.kind != TOK_RBRACE || p->panic) parse_end(p, NULL);
}

static Str module_doc(const Parser *p) {
  if (p->tok.doc == 0 || p->c->drops_docs) return (Str){"", 0};
  Str doc = collect_doc(p, p->tok.doc - 1, p->tok.start, true);
  return doc.len || p->tok.kind != TOK_IMPORT ? doc : collect_doc(p, p->tok.doc - 1, p->tok.start, false);
}

AstModule *parse_module(Compilation *c, Source *source) {
  Parser p;
  ModuleParts parts = {0};
  parser_init(&p, c, source, 0, source->len);
  AstModule *m = ARENA_NEW(&c->arena, AstModule);
  m->source = source;
  m->doc = module_doc(&p);
  while (p.tok.kind != TOK_EOF) parse_top(&p, &parts);
  m->imports = parts.imports.items;
  m->import_count = parts.imports.count;
  m->items = parts.items.items;
  m->item_count = parts.items.count;
  m->stmts = parts.stmts.items;
  m->stmt_count = parts.stmts.count;
  return m;
}

void parse_head(Compilation *c, FnDecl *fn) {
  if (!fn->head_pending) return;
  fn->head_pending = false;
  Parser p;
  parser_init(&p, c, sources_get(&c->sources, fn->name_span.source), fn->name_span.end, fn->head_span.end);
  parse_skipped_head(&p, fn);
}

void parse_body(Compilation *c, FnDecl *fn) {
  if (!fn->body_pending) return;
  Source *source = sources_get(&c->sources, fn->body_span.source);
  fn->body_pending = false;
  Parser p;
  parser_init(&p, c, source, fn->body_span.start, fn->body_span.end);
  if (fn->arrow) parse_expect(&p, TOK_FAT_ARROW, NULL);
  fn->body = fn->arrow ? parse_expr_or_assign(&p) : parse_block_expr(&p);
}
