/* cmd_repl.c - `firn repl`, and `firn` without arguments: reads inputs, has them carried out, until the end. Interface: repl.h.
 *
 * On a terminal there are prompts; otherwise the inputs are read as they are, and only results are written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/repl.h"
#include "compiler/lex.h"
#include "stdlib/io.h"

/* Whether a token asks for more behind it. */
static bool token_wants_more(TokenKind kind) {
  switch (kind) {
#define BINARY(id, text, precedence, right) case TOK_##id:
#define ASSIGN(id, text, operator) case TOK_##id:
#include "compiler/token.def"
#undef BINARY
#undef ASSIGN
    case TOK_FAT_ARROW: case TOK_ARROW: case TOK_COMMA: case TOK_COLON: case TOK_DOT: case TOK_QUESTION_DOT: case TOK_ELSE: case TOK_CATCH:
    case TOK_IN: case TOK_IS: case TOK_TRY: case TOK_SPAWN: case TOK_DEFER: return true;
    default: return false;
  }
}

static bool source_is_open(Compilation *comp, Source *source) {
  Lexer lexer;
  Token token, last = {.kind = TOK_EOF}, before = last;
  int64_t depth = 0;
  lex_check_source(&comp->diags, source);
  lexer_init(&lexer, &comp->names, &comp->diags, source, 0, source->len);
  for (lex_next(&lexer, &token); token.kind != TOK_EOF; lex_next(&lexer, &token)) {
    if (token.kind == TOK_LPAREN || token.kind == TOK_LBRACKET || token.kind == TOK_LBRACE) depth++;
    if (token.kind == TOK_RPAREN || token.kind == TOK_RBRACKET || token.kind == TOK_RBRACE) depth--;
    before = last;
    last = token;
  }
  for (size_t i = 0; i < comp->diags.count; i++) {
    DiagCode code = comp->diags.items[i]->code;
    bool is_triple = last.kind == TOK_STRING && (last.flags & TOKEN_TRIPLE);
    if (code == DIAG_UNTERMINATED_COMMENT || (code == DIAG_UNTERMINATED_STRING && is_triple)) return true;
  }
  /* A comment for what follows. */
  if (last.kind == TOK_EOF) return source->len >= 3 && memcmp(source->text, "///", 3) == 0;
  /* `||` may be a closure's empty list of parameters, and `..` the end of `a..`; both go on behind an operand only. */
  if (last.kind == TOK_DOT_DOT) return false;
  if (last.kind == TOK_BANG || (last.kind == TOK_QUESTION && before.kind == TOK_EOF)) return false;
  return depth > 0 || (depth == 0 && token_wants_more(last.kind));
}

bool input_is_open(const char *text, size_t length) {
  static Compilation compilation;
  compilation_init(&compilation);
  Source *source = sources_add(&compilation.sources, "input", text, length);
  bool is_open = source && source_is_open(&compilation, source);
  compilation_deinit(&compilation);
  return is_open;
}

/* Adds a line to an input under construction; false when memory is out. */
static bool input_add(char **text, size_t *length, const char *line) {
  size_t more = strlen(line);
  char *grown = realloc(*text, *length + more + 2);
  if (!grown) return false;
  memcpy(grown + *length, line, more);
  *length += more;
  grown[(*length)++] = '\n';
  grown[*length] = 0;
  *text = grown;
  return true;
}

static bool is_blank(const char *text) { return text[strspn(text, " \t\r\n")] == 0; }

/* Reads an input of one or more lines, malloc'd; NULL at the end. Empty when it was given up. */
static char *input_read(Session *s, size_t *length) {
  char *text = NULL;
  *length = 0;
  for (;;) {
    bool stopped = false;
    char *line = line_read(s, text ? "... " : ">>> ", &stopped);
    if (!line && !stopped) return text;
    bool done = line && input_add(&text, length, line);
    bool is_command = done && *length && text[0] == ':';
    free(line);
    if (!done) {
      free(text);
      *length = 0;
      return strdup("");
    }
    if (is_command || !input_is_open(text, *length)) return text;
  }
}

static bool is_word(const char *text, const char *word) {
  size_t length = strlen(word);
  return strncmp(text, word, length) == 0 && is_blank(text + length);
}

static void input_do(Session *s, char *text, size_t length) {
  if (is_blank(text)) return;
  while (length && (text[length - 1] == '\n' || text[length - 1] == '\r')) text[--length] = 0;
  line_remember(text);
  if (text[0] == ':') repl_command(s, text);
  else if (is_word(text, "quit") || is_word(text, "exit") || is_word(text, "quit()")) s->is_over = true;
  else if (is_word(text, "help") || is_word(text, "help()")) repl_command(s, ":help");
  else session_eval(s, NULL, text, length);
}

int command_repl(Flags *flags) {
  static Session session;
  if (flags->nwords) return usage_error("repl takes no files; `firn FILE` runs one, :load FILE reads one in");
  if (!session_init(&session, flags)) return EXIT_FAILED;
  line_init(&session);
  if (session.is_terminal) puts("Firn: type an expression or a declaration; :help explains, Ctrl-D leaves.");
  fflush(stdout);
  size_t length;
  for (char *text; !session.is_over && (text = input_read(&session, &length)); free(text)) input_do(&session, text, length);
  if (session.is_terminal && !session.is_over) putchar('\n');
  fflush(stdout);
  io_flush();
  line_deinit();
  int status = session.status;
  session_deinit(&session);
  return status;
}
