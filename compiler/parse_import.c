/* Imports.
 *
 *   import = "import" source [ "as" NAME ] | "import" "{" NAME [ "as" NAME ] { "," ... } "}" "from" source
 *   source = NAME | STRING
 */
#include <string.h>

#include "parse_internal.h"

/* Makes the name that a path is known by: its last part, without `.firn`. */
static Name alias_of(Parser *p, Str path) {
  const char *end = path.text + path.len, *start = end;
  while (start > path.text && start[-1] != '/') start--;
  if (end - start > 5 && memcmp(end - 5, ".firn", 5) == 0) end -= 5;
  if (start == end || (*start >= '0' && *start <= '9')) return NULL;
  for (const char *at = start; at < end; at++) {
    if (!lex_is_word_char(*at)) return NULL;
  }
  Name name = names_intern(&p->c->names, start, (size_t)(end - start));
  return lex_name_kind(name) == TOK_NAME ? name : NULL;
}

/* source */
static void import_source(Parser *p, Item *item) {
  item->import.path_span = parse_token_span(p);
  item->import.path = (Str){"", 0};
  if (p->tok.kind == TOK_NAME) {
    item->import.path = (Str){p->tok.name, name_len(p->tok.name)};
    parse_advance(p);
  } else if (p->tok.kind == TOK_STRING) {
    const Expr *e = parse_string(p);
    item->import.is_local = true;
    if (e->kind == EXPR_STRING) item->import.path = e->string;
    else parse_complain(p, e->span, DIAG_PATTERN_INTERPOLATION);
  } else {
    Diag *d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, "a module", parse_found(p));
    diag_help(d, "`import json` takes a module of the library, `import \"./file\"` one of your own");
  }
}

static void import_names(Parser *p, Item *item) {
  VEC(ImportName) names = {0};
  Span open = parse_token_span(p);
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  parse_advance(p);
  while (p->tok.kind != TOK_RBRACE && !p->panic) {
    ImportName name = {0};
    name.name = parse_name(p, "a name to import", &name.name_span);
    if (!name.name) break;
    name.alias = name.name;
    name.alias_span = name.name_span;
    if (parse_at_word(p, p->word_as)) {
      parse_advance(p);
      name.alias = parse_name(p, "a name", &name.alias_span);
      if (!name.alias) name.alias = name.name;
    }
    VEC_PUSH(p->arena, &names, name);
    if (!parse_accept(p, TOK_COMMA)) break;
  }
  parse_close(p, TOK_RBRACE, open, "`,` or `}`");
  p->lines = saved;
  item->import.names = names.items;
  item->import.name_count = names.count;
}

/* import */
void parse_import(Parser *p, Item *item) {
  parse_advance(p);
  if (p->tok.kind == TOK_LBRACE) {
    import_names(p, item);
    if (!p->panic && !parse_at_word(p, p->word_from)) {
      parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, "`from`", parse_found(p));
    } else if (!p->panic) {
      parse_advance(p);
    }
    if (!p->panic) import_source(p, item);
    return;
  }
  import_source(p, item);
  item->import.alias_span = item->import.path_span;
  if (parse_at_word(p, p->word_as) && parse_same_line(p)) {
    parse_advance(p);
    item->import.alias = parse_name(p, "a name", &item->import.alias_span);
  } else if (!p->panic) {
    item->import.alias = alias_of(p, item->import.path);
    if (!item->import.alias) {
      diag_help(parse_complain(p, item->import.path_span, DIAG_IMPORT_NAME), "give it one: `import \"...\" as name`");
    }
  }
  if (!item->import.alias) item->import.alias = names_intern_cstr(&p->c->names, "?");
}
