/* Prints syntax trees as S-expressions (see ast.h).
 *
 * Each node is (kind parts...); blocks, arms and members start lines of their own, indented by their depth. */
#include <inttypes.h>

#include "ast.h"

typedef struct Dumper {
  FILE *out;
  int depth;
} Dumper;

static void dump_expr(Dumper *d, const Expr *e);
static void dump_stmt(Dumper *d, const Stmt *s);

static void new_line(const Dumper *d) {
  fputc('\n', d->out);
  for (int i = 0; i < d->depth; i++) fputs("  ", d->out);
}

static void dump_text(const Dumper *d, Str s) {
  fputc('"', d->out);
  for (size_t i = 0; i < s.len; i++) {
    unsigned char c = (unsigned char)s.text[i];
    if (c == '"' || c == '\\') fprintf(d->out, "\\%c", c);
    else if (c == '\n') fputs("\\n", d->out);
    else if (c < 0x20) fprintf(d->out, "\\x%02x", c);
    else fputc(c, d->out);
  }
  fputc('"', d->out);
}

/* ---- Types and patterns ---- */

static void dump_type(Dumper *d, const TypeExpr *t);

static void dump_types(Dumper *d, TypeExpr *const *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fputc(' ', d->out);
    dump_type(d, items[i]);
  }
}

static void dump_type(Dumper *d, const TypeExpr *t) {
  switch (t->kind) {
    case TYPEX_ERROR: fputs("<error>", d->out); return;
    case TYPEX_SELF: fputs("Self", d->out); return;
    case TYPEX_NAME:
      if (t->name.arg_count) fputc('(', d->out);
      fprintf(d->out, "%s%s%s", t->name.module ? t->name.module : "", t->name.module ? "." : "", t->name.name);
      dump_types(d, t->name.args, t->name.arg_count);
      if (t->name.arg_count) fputc(')', d->out);
      return;
    case TYPEX_LIST: fputs("(list", d->out); break;
    case TYPEX_OPTIONAL: fputs("(optional", d->out); break;
    case TYPEX_RESULT: fputs("(result", d->out); break;
    case TYPEX_MAP: fputs("(map", d->out); break;
    case TYPEX_TUPLE: fputs("(tuple", d->out); break;
    case TYPEX_FN: fputs("(fn (", d->out); break;
  }
  if (t->kind == TYPEX_LIST || t->kind == TYPEX_OPTIONAL || t->kind == TYPEX_RESULT) {
    dump_types(d, &t->element, 1);
  } else if (t->kind == TYPEX_MAP) {
    dump_types(d, (TypeExpr *const[]){t->map.key, t->map.value}, 2);
  } else if (t->kind == TYPEX_TUPLE) {
    dump_types(d, t->tuple.items, t->tuple.count);
  } else {
    dump_types(d, t->fn.params, t->fn.param_count);
    fputc(')', d->out);
    if (t->fn.result) dump_types(d, &t->fn.result, 1);
  }
  fputc(')', d->out);
}

static void dump_pattern(Dumper *d, const Pattern *p);

static void dump_patterns(Dumper *d, Pattern *const *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fputc(' ', d->out);
    dump_pattern(d, items[i]);
  }
  fputc(')', d->out);
}

static void dump_pattern(Dumper *d, const Pattern *p) {
  switch (p->kind) {
    case PAT_ERROR: fputs("<error>", d->out); break;
    case PAT_WILDCARD: fputc('_', d->out); break;
    case PAT_BIND: fputs(p->name, d->out); break;
    case PAT_NIL: fputs("nil", d->out); break;
    case PAT_LITERAL: dump_expr(d, p->literal); break;
    case PAT_RANGE:
      fputs(p->range.inclusive ? "(range= " : "(range ", d->out);
      if (p->range.low) dump_expr(d, p->range.low);
      else fputc('_', d->out);
      fputc(' ', d->out);
      if (p->range.high) dump_expr(d, p->range.high);
      else fputc('_', d->out);
      fputc(')', d->out);
      break;
    case PAT_CASE:
      fputs("(case ", d->out);
      if (p->case_.path) dump_type(d, p->case_.path);
      fprintf(d->out, ".%s", p->case_.name);
      dump_patterns(d, p->case_.args, p->case_.arg_count);
      break;
    case PAT_TUPLE:
    case PAT_OR:
      fputs(p->kind == PAT_OR ? "(or" : "(tuple", d->out);
      dump_patterns(d, p->list.items, p->list.count);
      break;
    case PAT_TYPE:
      fprintf(d->out, "(is %s ", p->type_test.name ? p->type_test.name : "_");
      dump_type(d, p->type_test.test);
      fputc(')', d->out);
      break;
  }
}

/* ---- Expressions ---- */

static void dump_exprs(Dumper *d, Expr *const *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fputc(' ', d->out);
    if (items[i]) dump_expr(d, items[i]);
    else fputc('_', d->out);
  }
}

static void dump_node(Dumper *d, const char *head, Expr *const *items, size_t count) {
  fprintf(d->out, "(%s", head);
  dump_exprs(d, items, count);
  fputc(')', d->out);
}

static void dump_block(Dumper *d, const Block *b) {
  fputs("(block", d->out);
  d->depth++;
  for (size_t i = 0; i < b->count; i++) {
    new_line(d);
    dump_stmt(d, b->stmts[i]);
  }
  d->depth--;
  fputc(')', d->out);
}

static void dump_interp(Dumper *d, const Expr *e) {
  fputs("(interp", d->out);
  for (size_t i = 0; i < e->interp.count; i++) {
    const InterpPart *part = &e->interp.parts[i];
    fputc(' ', d->out);
    if (!part->value) {
      dump_text(d, part->text);
      continue;
    }
    if (part->has_format) fputs("(format ", d->out);
    dump_expr(d, part->value);
    if (!part->has_format) continue;
    fputc(' ', d->out);
    dump_text(d, part->format_text);
    fputc(')', d->out);
  }
  fputc(')', d->out);
}

static void dump_cond(Dumper *d, const Cond *c) {
  if (c->pattern) {
    fprintf(d->out, "(%s ", c->is_var ? "var" : "let");
    dump_pattern(d, c->pattern);
    fputc(' ', d->out);
  }
  dump_expr(d, c->expr);
  if (c->pattern) fputc(')', d->out);
}

static void dump_call(Dumper *d, const Expr *e) {
  fputs("(call ", d->out);
  dump_expr(d, e->call.callee);
  for (size_t i = 0; i < e->call.arg_count; i++) {
    fputc(' ', d->out);
    if (e->call.args[i].label) fprintf(d->out, "%s: ", e->call.args[i].label);
    dump_expr(d, e->call.args[i].value);
  }
  fputc(')', d->out);
}

static void dump_closure(Dumper *d, const Expr *e) {
  fputs("(closure (", d->out);
  for (size_t i = 0; i < e->closure.param_count; i++) {
    if (i) fputc(' ', d->out);
    dump_pattern(d, e->closure.params[i].pattern);
    if (!e->closure.params[i].type) continue;
    fputs(": ", d->out);
    dump_type(d, e->closure.params[i].type);
  }
  fputs(") ", d->out);
  dump_expr(d, e->closure.body);
  fputc(')', d->out);
}

static void dump_match(Dumper *d, const Expr *e) {
  fputs("(match ", d->out);
  dump_expr(d, e->match.subject);
  d->depth++;
  for (size_t i = 0; i < e->match.arm_count; i++) {
    const MatchArm *arm = &e->match.arms[i];
    new_line(d);
    fputs("(arm ", d->out);
    dump_pattern(d, arm->pattern);
    if (arm->guard) {
      fputc(' ', d->out);
      dump_node(d, "if", &arm->guard, 1);
    }
    fputc(' ', d->out);
    dump_expr(d, arm->body);
    fputc(')', d->out);
  }
  d->depth--;
  fputc(')', d->out);
}

static void dump_control(Dumper *d, const Expr *e) {
  switch (e->kind) {
    case EXPR_IF:
      fputs("(if ", d->out);
      dump_cond(d, &e->if_.cond);
      fputc(' ', d->out);
      dump_block(d, e->if_.then);
      if (e->if_.otherwise) dump_exprs(d, &e->if_.otherwise, 1);
      break;
    case EXPR_WHILE:
      fputs("(while ", d->out);
      if (e->while_.label.name) fprintf(d->out, "%s: ", e->while_.label.name);
      dump_cond(d, &e->while_.cond);
      fputc(' ', d->out);
      dump_block(d, e->while_.body);
      break;
    case EXPR_FOR:
      fputs("(for ", d->out);
      if (e->for_.label.name) fprintf(d->out, "%s: ", e->for_.label.name);
      dump_pattern(d, e->for_.pattern);
      dump_exprs(d, &e->for_.iterable, 1);
      fputc(' ', d->out);
      dump_block(d, e->for_.body);
      break;
    case EXPR_RETURN:
      fputs("(return", d->out);
      if (e->return_.value) dump_exprs(d, &e->return_.value, 1);
      break;
    default:
      fputs(e->kind == EXPR_BREAK ? "(break" : "(continue", d->out);
      if (e->jump.label.name) fprintf(d->out, " %s", e->jump.label.name);
      break;
  }
  fputc(')', d->out);
}

static void dump_literal(Dumper *d, const Expr *e) {
  switch (e->kind) {
    case EXPR_NIL: fputs("nil", d->out); break;
    case EXPR_BOOL: fputs(e->boolean ? "true" : "false", d->out); break;
    case EXPR_INT:
      if (e->integer.radix && !e->integer.negative) fprintf(d->out, "0x%" PRIx64, e->integer.bits);
      else fprintf(d->out, "%" PRId64, (int64_t)e->integer.bits);
      break;
    case EXPR_FLOAT: fprintf(d->out, "(float %.17g)", e->real); break;
    case EXPR_CHAR: fprintf(d->out, "(char U+%04X)", (unsigned)e->character); break;
    case EXPR_STRING: dump_text(d, e->string); break;
    case EXPR_NAME:
    case EXPR_SELF: fputs(e->name.name, d->out); break;
    case EXPR_CASE: fprintf(d->out, ".%s", e->case_.name); break;
    default: fputs("<error>", d->out); break;
  }
}

static void dump_access(Dumper *d, const Expr *e) {
  switch (e->kind) {
    case EXPR_TYPE_ARGS:
      fputs("(generic ", d->out);
      dump_expr(d, e->type_args.base);
      dump_types(d, e->type_args.args, e->type_args.arg_count);
      break;
    case EXPR_MEMBER:
      fputs(e->member.optional ? "(?. " : "(. ", d->out);
      dump_expr(d, e->member.object);
      fprintf(d->out, " %s", e->member.name);
      break;
    default:
      fputs(e->tuple_index.optional ? "(?. " : "(. ", d->out);
      dump_expr(d, e->tuple_index.object);
      fprintf(d->out, " %u", e->tuple_index.index);
      break;
  }
  fputc(')', d->out);
}

static void dump_catch(Dumper *d, const Expr *e) {
  fputs("(catch ", d->out);
  dump_expr(d, e->catch_.value);
  if (e->catch_.name) fprintf(d->out, " %s", e->catch_.name);
  dump_exprs(d, &e->catch_.handler, 1);
  fputc(')', d->out);
}

static void dump_map(Dumper *d, const Expr *e) {
  fputs("(map", d->out);
  for (size_t i = 0; i < e->map.count; i++) dump_exprs(d, (Expr *const[]){e->map.keys[i], e->map.values[i]}, 2);
  fputc(')', d->out);
}

static void dump_expr(Dumper *d, const Expr *e) {
  switch (e->kind) {
    case EXPR_INTERP: dump_interp(d, e); break;
    case EXPR_LIST: dump_node(d, "list", e->list.items, e->list.count); break;
    case EXPR_TUPLE: dump_node(d, "tuple", e->list.items, e->list.count); break;
    case EXPR_MAP: dump_map(d, e); break;
    case EXPR_TYPE_ARGS:
    case EXPR_MEMBER:
    case EXPR_TUPLE_INDEX: dump_access(d, e); break;
    case EXPR_INDEX: dump_node(d, "index", (Expr *const[]){e->index.object, e->index.index}, 2); break;
    case EXPR_CALL: dump_call(d, e); break;
    case EXPR_CHAIN: dump_node(d, "chain", &e->inner, 1); break;
    case EXPR_FORCE: dump_node(d, "force", &e->inner, 1); break;
    case EXPR_TRY: dump_node(d, "try", &e->inner, 1); break;
    case EXPR_SPAWN: dump_node(d, "spawn", &e->inner, 1); break;
    case EXPR_FAIL: dump_node(d, "fail", &e->inner, 1); break;
    case EXPR_UNARY: dump_node(d, token_text(e->unary.op), &e->unary.operand, 1); break;
    case EXPR_BINARY:
      dump_node(d, token_text(e->binary.op), (Expr *const[]){e->binary.left, e->binary.right}, 2);
      break;
    case EXPR_RANGE:
      dump_node(d, e->range.inclusive ? "..=" : "..", (Expr *const[]){e->range.low, e->range.high}, 2);
      break;
    case EXPR_CATCH: dump_catch(d, e); break;
    case EXPR_CLOSURE: dump_closure(d, e); break;
    case EXPR_BLOCK: dump_block(d, e->block); break;
    case EXPR_MATCH: dump_match(d, e); break;
    case EXPR_IF:
    case EXPR_WHILE:
    case EXPR_FOR:
    case EXPR_RETURN:
    case EXPR_BREAK:
    case EXPR_CONTINUE: dump_control(d, e); break;
    default: dump_literal(d, e); break;
  }
}

/* ---- Statements ---- */

static void dump_let(Dumper *d, const Stmt *s) {
  fprintf(d->out, "(%s%s ", s->let.is_pub ? "pub " : "", s->let.is_var ? "var" : "let");
  dump_pattern(d, s->let.pattern);
  if (s->let.type) {
    fputs(": ", d->out);
    dump_type(d, s->let.type);
  }
  dump_exprs(d, &s->let.value, 1);
  if (s->let.otherwise) {
    fputs(" else ", d->out);
    dump_block(d, s->let.otherwise);
  }
  fputc(')', d->out);
}

static void dump_stmt(Dumper *d, const Stmt *s) {
  switch (s->kind) {
    case STMT_EXPR: dump_expr(d, s->expr); break;
    case STMT_LET: dump_let(d, s); break;
    case STMT_DEFER: dump_node(d, "defer", &s->defer.expr, 1); break;
    case STMT_ASSIGN:
      fprintf(d->out, "(%s%s", s->assign.op == TOK_EQ ? "" : token_text(s->assign.op), "=");
      dump_exprs(d, (Expr *const[]){s->assign.target, s->assign.value}, 2);
      fputc(')', d->out);
      break;
  }
}

/* ---- Declarations ---- */

static void dump_type_params(Dumper *d, const TypeParamDecl *params, size_t count) {
  if (!count) return;
  fputs(" <", d->out);
  for (size_t i = 0; i < count; i++) {
    fprintf(d->out, "%s%s%s", i ? " " : "", params[i].name, params[i].bound_count ? ":" : "");
    dump_types(d, params[i].bounds, params[i].bound_count);
  }
  fputc('>', d->out);
}

static void dump_fn(Dumper *d, const FnDecl *fn) {
  fputs(fn->is_pub ? "(pub fn " : "(fn ", d->out);
  if (fn->host) fprintf(d->out, "extern \"%s\" ", fn->host);
  fputs(fn->name, d->out);
  dump_type_params(d, fn->type_params, fn->type_param_count);
  fputs(fn->has_self ? " (self" : " (", d->out);
  for (size_t i = 0; i < fn->param_count; i++) {
    fprintf(d->out, "%s%s: ", i || fn->has_self ? ", " : "", fn->params[i].name);
    dump_type(d, fn->params[i].type);
    if (!fn->params[i].fallback) continue;
    fputs(" =", d->out);
    dump_exprs(d, &fn->params[i].fallback, 1);
  }
  fputc(')', d->out);
  if (fn->result) {
    fputs(" ->", d->out);
    dump_types(d, &fn->result, 1);
  }
  if (fn->body) dump_exprs(d, &fn->body, 1);
  else if (fn->body_pending) fputs(" <pending>", d->out);
  fputc(')', d->out);
}

static void dump_field(Dumper *d, const FieldDecl *field) {
  fprintf(d->out, "(%s %s: ", field->is_var ? "var" : "field", field->name);
  dump_type(d, field->type);
  if (field->fallback) dump_exprs(d, &field->fallback, 1);
  fputc(')', d->out);
}

static void dump_case(Dumper *d, const CaseDecl *decl) {
  fprintf(d->out, "(case %s", decl->name);
  for (size_t i = 0; i < decl->payload_count; i++) {
    fprintf(d->out, " %s%s", decl->payload[i].name ? decl->payload[i].name : "", decl->payload[i].name ? ": " : "");
    dump_type(d, decl->payload[i].type);
  }
  fputc(')', d->out);
}

static void dump_members(Dumper *d, const Item *item) {
  if (item->type.trait_count) {
    fputs(" :", d->out);
    dump_types(d, item->type.traits, item->type.trait_count);
  }
  d->depth++;
  for (size_t i = 0; i < item->type.field_count; i++) new_line(d), dump_field(d, &item->type.fields[i]);
  for (size_t i = 0; i < item->type.case_count; i++) new_line(d), dump_case(d, &item->type.cases[i]);
  for (size_t i = 0; i < item->type.method_count; i++) new_line(d), dump_fn(d, item->type.methods[i]);
  d->depth--;
}

static void dump_import(Dumper *d, const Item *item) {
  fputs("(import ", d->out);
  dump_text(d, item->import.path);
  if (item->import.alias) fprintf(d->out, " as %s", item->import.alias);
  for (size_t i = 0; i < item->import.name_count; i++) {
    fprintf(d->out, " %s as %s", item->import.names[i].name, item->import.names[i].alias);
  }
}

static void dump_item(Dumper *d, const Item *item) {
  static const char *const heads[] = {"fn", "class", "trait", "enum", "extend", "type", "test", "import"};
  if (item->kind == ITEM_FN) {
    dump_fn(d, item->fn);
    return;
  }
  if (item->kind == ITEM_IMPORT) {
    dump_import(d, item);
  } else {
    bool is_host = item->kind == ITEM_CLASS && item->type.host;
    fprintf(d->out, "(%s%s", item->is_pub ? "pub " : "", is_host ? "type" : heads[item->kind]);
    if (is_host) fprintf(d->out, " extern \"%s\"", item->type.host);
    if (item->name) fprintf(d->out, " %s", item->name);
    dump_type_params(d, item->type_params, item->type_param_count);
  }
  if (item->kind == ITEM_EXTEND) dump_types(d, &item->type.target, item->type.target != NULL);
  if (item->kind == ITEM_TYPE) dump_types(d, &item->alias, 1);
  if (item->kind == ITEM_TEST) {
    fputc(' ', d->out);
    dump_text(d, item->test.name);
    fputc(' ', d->out);
    dump_block(d, item->test.body);
  }
  if (item->kind >= ITEM_CLASS && item->kind <= ITEM_EXTEND) dump_members(d, item);
  fputc(')', d->out);
}

void ast_dump(const AstModule *m, FILE *out) {
  Dumper d = {.out = out};
  for (size_t i = 0; i < m->import_count; i++) dump_item(&d, m->imports[i]), fputc('\n', out);
  for (size_t i = 0; i < m->item_count; i++) dump_item(&d, m->items[i]), fputc('\n', out);
  for (size_t i = 0; i < m->stmt_count; i++) dump_stmt(&d, m->stmts[i]), fputc('\n', out);
}
