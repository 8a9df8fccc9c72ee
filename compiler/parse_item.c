/* Declarations.
 *
 *   item    = [ "pub" ] ( fn | class | trait | enum | alias | extern ) | extend | test | import
 *   fn      = "fn" NAME [ type_params ] "(" [ params ] ")" [ "->" type ] [ "=>" expr | block ]
 *   params  = ( "self" | param ) { "," param } [ "," ]              param = NAME ":" type [ "=" expr ]
 *   extern  = "extern" STRING ( fn | "type" NAME )                    a fn without a body
 *   class   = "class" NAME [ type_params ] [ ":" types ] "{" { field | fn } "}"
 *   field   = [ "var" ] NAME ":" type [ "=" expr ]
 *   trait   = "trait" NAME [ type_params ] [ ":" type { "+" type } ] "{" { fn } "}"
 *   enum    = "enum" NAME [ type_params ] [ ":" types ] "{" { case | fn } "}"
 *   case    = NAME [ "(" [ NAME ":" ] type { "," ... } ")" ]           ended by a newline, `;` or `,`
 *   extend  = "extend" [ type_params ] type [ ":" types ] "{" { fn } "}"
 *   alias   = "type" NAME [ type_params ] "=" type
 *   test    = "test" STRING block
 */
#include <string.h>

#include "hints.h"
#include "parse_internal.h"

typedef enum FnPlace { FN_TOP, FN_MEMBER, FN_TRAIT, FN_EXTERN } FnPlace;

bool parse_at_item(const Parser *p) {
  switch (p->tok.kind) {
    case TOK_FN: return true;
    case TOK_CLASS:
    case TOK_TRAIT:
    case TOK_ENUM:
    case TOK_EXTEND:
    case TOK_IMPORT: return true;
    case TOK_PUB: {
      TokenKind next = (TokenKind)parse_peek(p).kind;
      return next != TOK_LET && next != TOK_VAR;
    }
    case TOK_NAME: {
      Name name = p->tok.name;
      if (name != p->word_type && name != p->word_test && name != p->word_extern) return false;
      Token next = parse_peek(p);
      return !next.newline && next.kind == (name == p->word_type ? TOK_NAME : TOK_STRING);
    }
    default: return false;
  }
}

/* ---- Functions ---- */

static void parse_self(Parser *p, FnDecl *fn, bool first) {
  Span span = parse_token_span(p);
  parse_advance(p);
  if (p->tok.kind == TOK_COLON || !first) {
    parse_complain(p, span, DIAG_SELF_POSITION);
    if (parse_accept(p, TOK_COLON)) parse_type(p);
  }
  if (!first) return;
  fn->has_self = true;
  fn->self_span = span;
}

/* What a type begins like, and a variable seldom does. */
static bool is_type_name(const char *name) {
  static const char *const plain[] = {"int", "float", "bool", "char", "string", "bytes"};
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    if (strcmp(name, plain[i]) == 0) return true;
  }
  return (*name >= 'A' && *name <= 'Z') || hint_find(HINT_TYPE, name);
}

static bool parse_param(Parser *p, Param *param) {
  if (p->tok.kind == TOK_VAR || p->tok.kind == TOK_LET) {
    Diag *d = parse_complain(p, parse_token_span(p), DIAG_EXPECTED_TOKEN, "a parameter", parse_found(p));
    diag_help(d, "parameters cannot be assigned; copy one into a variable: `var y = x`");
    parse_advance(p);
  }
  param->name = parse_name(p, "a parameter", &param->span);
  if (!param->name) return false;
  if (parse_accept(p, TOK_COLON)) {
    param->type = parse_type(p);
  } else {
    Diag *d = parse_error(p, param->span, DIAG_PARAM_TYPE, param->name);
    bool is_mut = strcmp(param->name, "mut") == 0;
    if (is_mut) diag_help(d, "parameters cannot be assigned; copy one into a variable: `var y = x`");
    else if (p->tok.kind == TOK_NAME && !is_type_name(param->name))
      diag_help(d, "a colon stands between them: `%.60s: %.60s`", param->name, p->tok.name);
    else if (p->tok.kind == TOK_NAME) diag_help(d, "the name comes first: `%.60s: %.60s`", p->tok.name, param->name);
    param->type = ARENA_NEW(p->arena, TypeExpr);
    param->type->span = param->span;
    if (p->tok.kind == TOK_COMMA || p->tok.kind == TOK_RPAREN || p->tok.kind == TOK_EQ) p->panic = false;
  }
  if (!p->panic && parse_accept(p, TOK_EQ)) param->fallback = parse_expr(p);
  return true;
}

static void parse_params(Parser *p, FnDecl *fn, FnPlace place) {
  VEC(Param) params = {0};
  Span open = parse_token_span(p);
  if (!parse_expect(p, TOK_LPAREN, NULL)) return;
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  for (bool first = true; p->tok.kind != TOK_RPAREN && !p->panic; first = false) {
    Param param = {0};
    if (p->tok.kind == TOK_SELF && (place == FN_TOP || place == FN_EXTERN)) {
      diag_help(parse_error(p, parse_token_span(p), DIAG_SELF_OUTSIDE), "methods stand in a class, trait, enum or `extend Type { ... }`");
    } else if (p->tok.kind == TOK_SELF) parse_self(p, fn, first);
    else if (parse_param(p, &param)) VEC_PUSH(p->arena, &params, param);
    if (!parse_accept(p, TOK_COMMA)) break;
  }
  parse_close(p, TOK_RPAREN, open, "`,` or `)`");
  p->lines = saved;
  fn->params = params.items;
  fn->param_count = params.count;
}

/* Skips a body; returns false, without moving, when it is not closed. */
static bool skip_body(Parser *p, FnDecl *fn, bool arrow) {
  if (!p->source->lazy_bodies || p->eager) return false;
  uint32_t end = lex_skip_body(&p->lx, arrow);
  if (end == 0) {
    p->eager = true;
    return false;
  }
  fn->arrow = arrow;
  fn->body_span = span_make(p->source->id, p->tok.start, end);
  fn->body_pending = true;
  p->lx.pos = p->lx.text + end;
  p->tok.end = end;
  parse_advance(p);
  return true;
}

static void parse_fn_body(Parser *p, FnDecl *fn, FnPlace place) {
  uint32_t start = p->tok.start;
  bool optional = place == FN_TRAIT || place == FN_EXTERN;
  bool here = !optional || parse_same_line(p);
  if (here && p->tok.kind == TOK_FAT_ARROW) {
    if (skip_body(p, fn, true)) return;
    parse_advance(p);
    fn->arrow = true;
    fn->body = parse_expr_or_assign(p);
    fn->body_span = parse_span(p, start);
  } else if (here && p->tok.kind == TOK_LBRACE) {
    if (skip_body(p, fn, false)) return;
    fn->body = parse_block_expr(p);
    fn->body_span = fn->body->span;
  } else if (!optional) {
    Diag *d;
    if (parse_at_end(p)) d = parse_error(p, fn->name_span, DIAG_BODY_MISSING, fn->name ? fn->name : "");
    else d = parse_error(p, parse_found_span(p), DIAG_EXPECTED_TOKEN, "the function's body", parse_found(p));
    const char *hint = p->tok.kind == TOK_NAME ? hint_find(HINT_WORD, p->tok.name) : NULL;
    bool is_type = p->tok.kind == TOK_COLON || p->tok.kind == TOK_NAME || p->tok.kind == TOK_LBRACKET;
    if (hint && !parse_at_end(p)) diag_help(d, "%s", hint);
    else if (is_type && !parse_at_end(p)) diag_help(d, "the type of the result stands behind an arrow: `-> int`");
    else diag_help(d, "a body is `{ ... }` or `=> value`");
  }
}

/* Type parameters, parameters and result. */
static void parse_fn_head(Parser *p, FnDecl *fn, FnPlace place) {
  if (!p->panic) fn->type_params = parse_type_params(p, &fn->type_param_count);
  if (!p->panic) parse_params(p, fn, place);
  if (!p->panic && p->tok.kind == TOK_ARROW) {
    parse_advance(p);
    fn->result = parse_type(p);
  }
}

/* Skips what parse_fn_head reads; returns false, without moving, when that can't be done. Of functions of traits more has to be known than whether they
 * have a self. */
static bool skip_head(Parser *p, FnDecl *fn, FnPlace place) {
  if (!p->source->lazy_bodies || p->eager || p->panic || place == FN_TRAIT) return false;
  if (p->tok.kind != TOK_LPAREN && p->tok.kind != TOK_LT) return false;
  uint32_t end = lex_skip_head(&p->lx, &fn->has_self);
  bool ends_line = end != 0 && p->lx.text[end] == '\n';
  if (end == 0 || ends_line != (place == FN_EXTERN)) {
    fn->has_self = false;
    return false;
  }
  fn->head_pending = true;
  p->lx.pos = p->lx.text + end;
  while (p->lx.text[end - 1] == ' ') end--;
  p->tok.end = end;
  parse_advance(p);
  return true;
}

void parse_skipped_head(Parser *p, FnDecl *fn) { parse_fn_head(p, fn, FN_MEMBER); }

/* fn */
static FnDecl *parse_fn(Parser *p, FnPlace place, bool is_pub, Str doc, uint32_t start) {
  FnDecl *fn = ARENA_NEW(p->arena, FnDecl);
  uint32_t saved;
  fn->is_pub = is_pub;
  fn->doc = doc;
  fn->name_span = parse_token_span(p);
  if (!parse_enter(p, &saved)) {
    parse_leave(p, saved);
    return fn;
  }
  parse_expect(p, TOK_FN, place == FN_EXTERN ? "the host brings functions and types: `extern \"game\" type Sprite`" : NULL);
  if (!p->panic) fn->name = parse_name(p, "the name of the function", &fn->name_span);
  if (!skip_head(p, fn, place)) parse_fn_head(p, fn, place);
  fn->head_span = parse_span(p, start);
  if (!p->panic) parse_fn_body(p, fn, place);
  parse_leave(p, saved);
  fn->span = parse_span(p, start);
  if (!fn->name) fn->name = names_intern_cstr(&p->c->names, "?");
  return fn;
}

/* ---- Bodies of types ---- */

typedef struct Members {
  VEC(FieldDecl) fields;
  VEC(CaseDecl) cases;
  VEC(FnDecl *) methods;
} Members;

/* field */
static void parse_field(Parser *p, Members *m, bool is_pub, Str doc, uint32_t start) {
  FieldDecl field = {.is_pub = is_pub, .doc = doc};
  if (p->tok.kind == TOK_LET) {
    Diag *d = parse_complain(p, parse_token_span(p), DIAG_EXPECTED_MEMBER, "a field", "`let`");
    diag_help(d, "a field without `var` is fixed already");
    parse_advance(p);
  }
  field.is_var = parse_accept(p, TOK_VAR);
  field.name = parse_name(p, "a field or a function", &field.name_span);
  if (!field.name) return;
  if (parse_accept(p, TOK_COLON)) {
    field.type = parse_type(p);
  } else {
    const char *help = hint_find(HINT_WORD, field.name);
    bool is_call = p->tok.kind == TOK_LPAREN && parse_same_line(p);
    Diag *d;
    if (help) d = parse_error(p, field.name_span, DIAG_FOREIGN_WORD, field.name);
    else if (!is_call) d = parse_error(p, field.name_span, DIAG_FIELD_TYPE, field.name);
    else d = parse_error(p, field.name_span, DIAG_EXPECTED_MEMBER, "a field or a function", arena_format(p->arena, "`%.60s(`", field.name));
    if (help) diag_help(d, "%s", help);
    else if (is_call) diag_help(d, "a method starts with `fn`; what runs stands in functions or at the top level");
    else diag_help(d, "a field is `%.60s: type`", field.name);
    field.type = ARENA_NEW(p->arena, TypeExpr);
    field.type->span = field.name_span;
  }
  if (!p->panic && parse_accept(p, TOK_EQ)) field.fallback = parse_expr(p);
  field.span = parse_span(p, start);
  VEC_PUSH(p->arena, &m->fields, field);
}

static void parse_payload(Parser *p, CaseDecl *decl) {
  VEC(PayloadDecl) payload = {0};
  Span open = parse_token_span(p);
  Lines saved = p->lines;
  p->lines = LINES_FREE;
  parse_advance(p);
  while (p->tok.kind != TOK_RPAREN && !p->panic) {
    uint32_t start = p->tok.start;
    PayloadDecl part = {0};
    if (p->tok.kind == TOK_NAME && parse_peek(p).kind == TOK_COLON) {
      part.name = p->tok.name;
      parse_advance(p);
      parse_advance(p);
    }
    part.type = parse_type(p);
    part.span = parse_span(p, start);
    VEC_PUSH(p->arena, &payload, part);
    if (!parse_accept(p, TOK_COMMA)) break;
  }
  parse_close(p, TOK_RPAREN, open, "`,` or `)`");
  p->lines = saved;
  decl->payload = payload.items;
  decl->payload_count = payload.count;
}

/* case */
static void parse_enum_case(Parser *p, Members *m, Str doc, uint32_t start) {
  CaseDecl decl = {.doc = doc};
  decl.name = parse_name(p, "a case or a function", &decl.name_span);
  if (!decl.name) return;
  if (p->tok.kind == TOK_LPAREN && parse_same_line(p)) parse_payload(p, &decl);
  decl.span = parse_span(p, start);
  VEC_PUSH(p->arena, &m->cases, decl);
}

/* Ends a case: commas do as well as newlines. */
static void end_case(Parser *p) {
  if (!p->panic && parse_accept(p, TOK_COMMA)) return;
  parse_end(p, "the cases of an enum");
}

static void parse_member_decl(Parser *p, ItemKind kind, Members *m) {
  Token first = p->tok;
  Str doc = parse_doc(p, &first);
  bool is_pub = parse_accept(p, TOK_PUB);
  if (p->tok.kind == TOK_FN) {
    FnDecl *fn = parse_fn(p, kind == ITEM_TRAIT ? FN_TRAIT : FN_MEMBER, is_pub, doc, first.start);
    VEC_PUSH(p->arena, &m->methods, fn);
  } else if (kind == ITEM_CLASS) {
    parse_field(p, m, is_pub, doc, first.start);
  } else if (kind == ITEM_ENUM) {
    parse_enum_case(p, m, doc, first.start);
    end_case(p);
    return;
  } else {
    Diag *d = parse_error(p, parse_token_span(p), DIAG_EXPECTED_MEMBER, "`fn`", parse_found(p));
    if (kind == ITEM_TRAIT) diag_help(d, "a trait holds functions only");
    if (kind == ITEM_EXTEND) diag_help(d, "an extension holds functions only");
  }
  parse_end(p, kind == ITEM_CLASS ? "the members of a class" : kind == ITEM_TRAIT ? "the members of a trait" : "the functions of an extension");
}

static void parse_members(Parser *p, Item *item) {
  Members m = {0};
  uint32_t saved_height;
  Span open = parse_token_span(p);
  if (!parse_expect(p, TOK_LBRACE, NULL)) return;
  Lines saved = p->lines;
  p->lines = LINES_END;
  bool deep = !parse_enter(p, &saved_height);
  while (!deep && p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF) {
    uint32_t start = p->tok.start;
    if (parse_accept(p, TOK_SEMICOLON)) continue;
    parse_member_decl(p, item->kind, &m);
    if (p->tok.start == start && p->tok.kind != TOK_EOF) parse_advance(p);
  }
  parse_leave(p, saved_height);
  parse_close(p, TOK_RBRACE, open, "`}`");
  p->lines = saved;
  item->type.fields = m.fields.items;
  item->type.field_count = m.fields.count;
  item->type.cases = m.cases.items;
  item->type.case_count = m.cases.count;
  item->type.methods = m.methods.items;
  item->type.method_count = m.methods.count;
}

/* The traits behind a colon: a trait's are joined by `+`, the others' separated by commas. */
static void parse_traits(Parser *p, Item *item) {
  VEC(TypeExpr *) traits = {0};
  TokenKind good = item->kind == ITEM_TRAIT ? TOK_PLUS : TOK_COMMA, bad = good == TOK_PLUS ? TOK_COMMA : TOK_PLUS;
  if (p->tok.kind == TOK_LPAREN) {
    Diag *d = parse_error(p, parse_token_span(p), DIAG_EXPECTED_TOKEN, "`{`", "`(`");
    diag_help(d, "fields stand in the braces, and traits behind a colon: `class A: Trait { x: int }`");
    return;
  }
  if (!parse_accept(p, TOK_COLON)) return;
  do {
    TypeExpr *t = parse_type(p);
    VEC_PUSH(p->arena, &traits, t);
    if (p->tok.kind == bad && !p->panic) {
      const char *what = good == TOK_PLUS ? "the traits that a trait needs" : "traits";
      parse_complain(p, parse_token_span(p), DIAG_SEPARATOR, what, good == TOK_PLUS ? "`+`" : "commas");
      parse_advance(p);
      continue;
    }
    if (!parse_accept(p, good)) break;
  } while (!p->panic && p->tok.kind != TOK_LBRACE);
  item->type.traits = traits.items;
  item->type.trait_count = traits.count;
}

static void parse_type_item(Parser *p, Item *item, const char *what) {
  parse_advance(p);
  if (item->kind == ITEM_EXTEND) {
    item->type_params = parse_type_params(p, &item->type_param_count);
    item->type.target = parse_type(p);
  } else {
    item->name = parse_name(p, what, &item->name_span);
    if (!p->panic) item->type_params = parse_type_params(p, &item->type_param_count);
  }
  if (!p->panic) parse_traits(p, item);
  if (p->panic && !p->trial) {
    while (!parse_at_end(p) && p->tok.kind != TOK_LBRACE) parse_advance(p);
    if (p->tok.kind == TOK_LBRACE) p->panic = false;
  }
  if (!p->panic) parse_members(p, item);
}

/* ---- Others ---- */

static void parse_alias(Parser *p, Item *item) {
  parse_advance(p);
  item->name = parse_name(p, "the name of the type", &item->name_span);
  if (!p->panic) item->type_params = parse_type_params(p, &item->type_param_count);
  if (!p->panic) parse_expect(p, TOK_EQ, "an alias is `type Name = T`");
  item->alias = parse_type(p);
}

/* Reads a string that must be plain text. */
static Str parse_plain_string(Parser *p, Span *span) {
  *span = parse_token_span(p);
  if (p->tok.kind != TOK_STRING) {
    parse_expect(p, TOK_STRING, NULL);
    return (Str){"", 0};
  }
  const Expr *e = parse_string(p);
  if (e->kind == EXPR_STRING) return e->string;
  parse_complain(p, *span, DIAG_PATTERN_INTERPOLATION);
  return (Str){"", 0};
}

/* Behind `extern "module"`. What would look inside is read, reported and dropped. */
static void parse_extern_type(Parser *p, Item *item, Name host) {
  Item inside = {.kind = ITEM_CLASS};
  item->kind = ITEM_CLASS;
  item->type.host = host;
  parse_advance(p);
  item->name = parse_name(p, "the name of the type", &item->name_span);
  uint32_t start = p->tok.start;
  if (!p->panic && parse_same_line(p) && p->tok.kind == TOK_LT) {
    parse_complain(p, item->name_span, DIAG_EXTERN_GENERIC, item->name);
    parse_type_params(p, &inside.type_param_count);
  }
  if (p->panic || !parse_same_line(p) || (p->tok.kind != TOK_LBRACE && p->tok.kind != TOK_EQ)) return;
  if (parse_accept(p, TOK_EQ)) parse_type(p);
  else parse_members(p, &inside);
  if (!p->panic) parse_complain(p, parse_span(p, start), DIAG_BODY_UNWANTED, "a type of the host");
}

static void parse_extern(Parser *p, Item *item, Str doc, uint32_t start) {
  Span span;
  parse_advance(p);
  Str host = parse_plain_string(p, &span);
  if (!p->panic && parse_at_word(p, p->word_type)) {
    parse_extern_type(p, item, names_intern(&p->c->names, host.text, host.len));
    return;
  }
  item->kind = ITEM_FN;
  item->fn = parse_fn(p, FN_EXTERN, item->is_pub, doc, start);
  item->fn->host = names_intern(&p->c->names, host.text, host.len);
  item->fn->host_span = span;
  if (item->fn->body || item->fn->body_pending) {
    parse_complain(p, item->fn->body_span, DIAG_BODY_UNWANTED, "a function of the host");
    item->fn->body = NULL;
    item->fn->body_pending = false;
  }
  item->name = item->fn->name;
  item->name_span = item->fn->name_span;
}

static void parse_test(Parser *p, Item *item) {
  parse_advance(p);
  item->test.name = parse_plain_string(p, &item->test.name_span);
  item->test.body = parse_block(p, "the body of a test stands in braces");
}

static ItemKind item_kind(const Parser *p) {
  switch (p->tok.kind) {
    case TOK_CLASS: return ITEM_CLASS;
    case TOK_TRAIT: return ITEM_TRAIT;
    case TOK_ENUM: return ITEM_ENUM;
    case TOK_EXTEND: return ITEM_EXTEND;
    case TOK_IMPORT: return ITEM_IMPORT;
    case TOK_NAME: return p->tok.name == p->word_type ? ITEM_TYPE : p->tok.name == p->word_test ? ITEM_TEST : ITEM_FN;
    default: return ITEM_FN;
  }
}

/* Reports a `pub` that does nothing, or that no declaration follows. */
static void check_pub(Parser *p, Item *item) {
  if (item->kind == ITEM_EXTEND) parse_complain(p, parse_token_span(p), DIAG_BAD_PUB, "an extension");
  if (item->kind == ITEM_TEST) parse_complain(p, parse_token_span(p), DIAG_BAD_PUB, "a test");
  if (item->kind == ITEM_IMPORT) parse_complain(p, parse_token_span(p), DIAG_BAD_PUB, "an import");
  if (!parse_at_item(p) || p->tok.kind == TOK_PUB) {
    parse_error(p, parse_token_span(p), DIAG_EXPECTED_TOKEN, "a declaration behind `pub`", parse_found(p));
  }
}

/* item */
Item *parse_item(Parser *p) {
  Item *item = ARENA_NEW(p->arena, Item);
  Token first = p->tok;
  item->doc = parse_doc(p, &first);
  item->is_pub = parse_accept(p, TOK_PUB);
  item->kind = item_kind(p);
  if (item->is_pub) check_pub(p, item);
  item->name_span = parse_token_span(p);
  switch (item->kind) {
    case ITEM_CLASS: parse_type_item(p, item, "the name of the class"); break;
    case ITEM_TRAIT: parse_type_item(p, item, "the name of the trait"); break;
    case ITEM_ENUM: parse_type_item(p, item, "the name of the enum"); break;
    case ITEM_EXTEND: parse_type_item(p, item, NULL); break;
    case ITEM_TYPE: parse_alias(p, item); break;
    case ITEM_TEST: parse_test(p, item); break;
    case ITEM_IMPORT: parse_import(p, item); break;
    case ITEM_FN:
      if (parse_at_word(p, p->word_extern)) {
        parse_extern(p, item, item->doc, first.start);
        break;
      }
      item->fn = parse_fn(p, FN_TOP, item->is_pub, item->doc, first.start);
      item->name = item->fn->name;
      item->name_span = item->fn->name_span;
      break;
  }
  if (!item->name && item->kind != ITEM_EXTEND && item->kind != ITEM_TEST && item->kind != ITEM_IMPORT) {
    item->name = names_intern_cstr(&p->c->names, "?");
  }
  item->span = parse_span(p, first.start);
  return item;
}
