/* check_doc.c - declarations and their documentation as text: for `:doc` of the REPL, and as Markdown for `firn doc`.
 *
 * Interface: check_doc_symbol, check_doc_member, check_doc_unit (check.h).
 * A signature is written from what was checked, so it names types as messages do and leaves out what only the source has (bodies, `extern`).
 * Documented is what another module may use: `pub` names without a `_` in front, the members of such types, and extensions of types that are not
 * private. A type that a module only passes on under its own name (`pub type T = other.T`) is documented as if it stood there.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "compiler/check.h"

/* ---- Signatures ---- */

static void put_text(Checker *c, FILE *out, Span span) {
  Str text = span_text(&c->comp->sources, span);
  if (memchr(text.text, '\n', text.len)) fputs("...", out);
  else fprintf(out, "%.*s", (int)text.len, text.text);
}

/* The bounds as written; every parameter has one more, Show. */
static void put_type_params(Checker *c, FILE *out, const Generics *g, const TypeParamDecl *decls, size_t count) {
  uint32_t first = g ? g->count - (uint32_t)count : 0;
  for (uint32_t i = 0; g && count <= g->count && i < count; i++) {
    fprintf(out, "%s%s", i ? ", " : "<", g->names[first + i]);
    const TypeParam *param = &g->params[first + i];
    for (uint32_t k = 0; k < decls[i].bound_count && k < param->nbounds; k++)
      fprintf(out, "%s%s", k ? " + " : ": ", check_type_text_in(c, param->bounds[k], g));
  }
  if (g && count && count <= g->count) fputc('>', out);
}

static void put_fn_head(Checker *c, FILE *out, Fn *fn) {
  check_fn_ready(c, fn);
  fprintf(out, "fn %s", fn->name);
  put_type_params(c, out, fn->generics, fn->ast->type_params, fn->ast->type_param_count);
  fputc('(', out);
  if (fn->has_self) fputs("self", out);
  for (uint32_t i = fn->has_self; i < fn->nparams; i++) {
    const Param *param = &fn->ast->params[i - fn->has_self];
    fprintf(out, "%s%s: %s", i ? ", " : "", param->name ? param->name : "_", check_type_text_in(c, fn->params[i], fn->generics));
    if (!param->fallback) continue;
    fputs(" = ", out);
    put_text(c, out, param->fallback->span);
  }
  fputc(')', out);
  if (fn->result->kind != TYPE_VOID) fprintf(out, " -> %s", check_type_text_in(c, fn->result, fn->generics));
}

static bool is_hidden_trait(const Decl *trait) { return !trait || *trait->name == '_'; }

/* The traits after the colon, or those that a trait needs; returns how many. */
static unsigned put_traits(Checker *c, FILE *out, Decl *decl, const char *before) {
  unsigned count = 0;
  for (uint32_t i = 0; i < decl->nimpls; i++) {
    check_impl_ready(c, decl->impls[i]);
    if (is_hidden_trait(decl->impls[i]->trait)) continue;
    fprintf(out, "%s%s", count++ ? ", " : before, check_type_text_in(c, decl->impls[i]->trait_type, decl->impls[i]->generics));
  }
  if (decl->kind == DECL_TRAIT) check_supers_ready(c, decl);
  for (uint32_t i = 0; decl->kind == DECL_TRAIT && i < decl->nsupers && i < decl->item->type.trait_count; i++) /* all have one more, Show */
    fprintf(out, "%s%s", count++ ? " + " : before, check_type_text_in(c, decl->supers[i], decl->generics));
  return count;
}

static void put_decl_head(Checker *c, FILE *out, Decl *decl) {
  static const char *const words[] = {[DECL_CLASS] = "class", [DECL_ENUM] = "enum", [DECL_TRAIT] = "trait", [DECL_EXTEND] = "extend"};
  check_generics_ready(c, decl);
  if (decl->host) fprintf(out, "extern \"%s\" type", decl->host);
  else fputs(words[decl->kind], out);
  if (decl->kind != DECL_EXTEND) fprintf(out, " %s", decl->name);
  put_type_params(c, out, decl->generics, decl->item->type_params, decl->item->type_param_count);
  if (decl->kind == DECL_EXTEND) {
    check_target_ready(c, decl);
    fprintf(out, " %s", check_type_text_in(c, decl->target, decl->generics));
  }
  put_traits(c, out, decl, ": ");
}

static void put_field(Checker *c, FILE *out, const Decl *decl, const FieldInfo *field) {
  fprintf(out, "%s%s: %s", field->ast->is_var ? "var " : "", field->name, check_type_text_in(c, field->type, decl->generics));
  if (!field->ast->fallback) return;
  fputs(" = ", out);
  put_text(c, out, field->ast->fallback->span);
}

static void put_case(Checker *c, FILE *out, const Decl *decl, const CaseInfo *info) {
  fputs(info->name, out);
  for (uint32_t i = 0; i < info->nfields; i++) {
    const FieldInfo *field = &info->fields[i];
    fprintf(out, "%s%s%s", i ? ", " : "(", field->name ? field->name : "", field->name ? ": " : "");
    fputs(check_type_text_in(c, field->type, decl->generics), out);
  }
  if (info->nfields) fputc(')', out);
}

static void put_alias_head(Checker *c, FILE *out, Alias *alias) {
  check_alias_ready(c, alias);
  fprintf(out, "type %s", alias->item->name);
  put_type_params(c, out, alias->generics, alias->item->type_params, alias->item->type_param_count);
  fprintf(out, " = %s", check_type_text_in(c, alias->type, alias->generics));
}

static void put_global_head(Checker *c, FILE *out, const Symbol *symbol) {
  const Type *type = check_global_type(c, symbol->global, symbol->span);
  fprintf(out, "%s %s: %s", symbol->is_var ? "var" : "let", symbol->name, check_type_text(c, type));
}

/* Documentation with something in front of each line that is not empty. */
static void put_doc(FILE *out, Str doc, const char *before) {
  for (size_t at = 0; at < doc.len;) {
    const char *line = doc.text + at, *end = memchr(line, '\n', doc.len - at);
    size_t width = end ? (size_t)(end - line) : doc.len - at;
    fprintf(out, "%s%.*s\n", width ? before : "", (int)width, line);
    at += width + 1;
  }
}

/* ---- One declaration, for :doc ---- */

static Str global_doc(const Symbol *symbol) { return symbol->global->stmt->stmt->let.doc; }

static void put_fn(Checker *c, FILE *out, Fn *fn) {
  if (!fn->ast || !fn->name) return;
  if (fn->owner) check_target_ready(c, fn->owner);
  const Type *target = fn->owner ? fn->owner->target : NULL;
  if (target && target->kind != TYPE_ERROR) fprintf(out, "%s: ", check_type_text_in(c, target, fn->owner->generics));
  put_fn_head(c, out, fn);
  fputc('\n', out);
  put_doc(out, fn->ast->doc, "  ");
}

/* The declaration of another module that an alias offers under its own name: it is documented as if it stood there. */
static Decl *alias_offered(Checker *c, Alias *alias) {
  check_alias_ready(c, alias);
  Decl *decl = alias->type ? check_type_decl(c, alias->type) : NULL;
  return decl && decl->unit != alias->unit && decl->name == alias->item->name ? decl : NULL;
}

void check_doc_symbol(Checker *c, FILE *out, Symbol *symbol) {
  Str doc = {0};
  switch (symbol->kind) {
    case SYM_FN: put_fn(c, out, symbol->fn); return;
    case SYM_DECL: put_decl_head(c, out, symbol->decl); doc = symbol->decl->item->doc; break;
    case SYM_ALIAS: {
      Decl *decl = alias_offered(c, symbol->alias);
      if (decl) put_decl_head(c, out, decl);
      else put_alias_head(c, out, symbol->alias);
      doc = decl ? decl->item->doc : symbol->alias->item->doc;
      break;
    }
    case SYM_GLOBAL: put_global_head(c, out, symbol); doc = global_doc(symbol); break;
    case SYM_UNIT:
      if (!symbol->import) return;
      fprintf(out, "module %s", symbol->name);
      doc = symbol->import->ast->doc;
      break;
    case SYM_BUILTIN: fprintf(out, "built-in type %s", symbol->name); break;
    case SYM_SPECIAL: fprintf(out, "built-in function %s, of any number of arguments", symbol->name); break;
    case SYM_LOCAL: return;
  }
  fputc('\n', out);
  put_doc(out, doc, "  ");
}

static void put_methods(Checker *c, FILE *out, const FnTable *table, Name name) {
  for (Fn *fn = check_fns_find(table, name); fn; fn = fn->next) put_fn(c, out, fn);
}

static void put_parts(Checker *c, FILE *out, Decl *decl, Name name) {
  check_fields_ready(c, decl);
  for (uint32_t i = 0; i < decl->nfields; i++) {
    if (decl->fields[i].name != name || !decl->fields[i].ast) continue;
    put_field(c, out, decl, &decl->fields[i]);
    fputc('\n', out);
    put_doc(out, decl->fields[i].ast->doc, "  ");
  }
  for (uint32_t i = 0; i < decl->ncases; i++) {
    if (decl->cases[i].name != name) continue;
    put_case(c, out, decl, &decl->cases[i]);
    fputc('\n', out);
    put_doc(out, decl->cases[i].ast->doc, "  ");
  }
}

Symbol *check_doc_inner(Checker *c, Symbol *unit, Name name) {
  bool is_hidden;
  Symbol *symbol = unit->import ? check_unit_member(c->root, unit->import, name, &is_hidden) : NULL;
  return symbol && !is_hidden ? symbol : NULL;
}

void check_doc_member(Checker *c, FILE *out, Symbol *of, Name name) {
  Head *head = NULL;
  Decl *decl = NULL;
  if (of->kind == SYM_UNIT) {
    Symbol *symbol = check_doc_inner(c, of, name);
    if (symbol) check_doc_symbol(c, out, symbol);
    return;
  }
  if (of->kind == SYM_ALIAS) {
    check_alias_ready(c, of->alias);
    decl = check_type_decl(c, of->alias->type);
    head = check_head(c, of->alias->type);
  }
  if (of->kind == SYM_GLOBAL) {
    const Type *type = check_global_type(c, of->global, of->span);
    if (type->kind == TYPE_ERROR) return;
    decl = check_type_decl(c, type);
    head = check_head(c, type);
  }
  if (of->kind == SYM_DECL) decl = of->decl, head = &of->decl->head;
  if (of->kind == SYM_BUILTIN) head = &c->heads[of->builtin];
  if (decl) put_parts(c, out, decl, name);
  if (decl) put_methods(c, out, &decl->methods, name);
  if (head) put_methods(c, out, &head->extensions, name);
}

/* ---- A module ---- */

typedef VEC(const char *) Anchors;

typedef struct Doc {
  Checker *c;
  FILE *out;
  Unit *unit;
  CompileDoc what;
  bool is_index;       /* of COMPILE_DOC_MODULE, the list of contents: a line for each section, with links */
  Anchors *anchors; /* of headings so far */
} Doc;

static bool is_private(const char *name) { return !name || *name == '_'; }

static bool doc_has_example(Str doc) { return memmem(doc.text, doc.len, "```firn", 7) != NULL; }

/* Whether a function has an example, or the one of its type uses it. */
static bool has_example(Checker *c, const Fn *fn) {
  if (doc_has_example(fn->ast->doc)) return true;
  Str doc = fn->owner ? fn->owner->item->doc : (Str){0};
  const char *call = arena_format(c->arena, ".%s(", fn->name);
  return fn->owner && doc_has_example(doc) && memmem(doc.text, doc.len, call, strlen(call));
}

/* A line of what is missing, if that is asked for. */
static void miss(const Doc *d, Span span, const char *of, const char *name, const char *what) {
  if (d->what != COMPILE_DOC_MISSING) return;
  Source *source = sources_get(&d->c->comp->sources, span.source);
  SourcePos at = source_position(&d->c->comp->sources, source, span.start);
  fprintf(d->out, "%s:%u: %s%s%s has no %s\n", source->path, (unsigned)at.line, of ? of : "", of ? "." : "", name, what);
}

static bool is_printed(const Doc *d) { return d->what == COMPILE_DOC_MODULE && !d->is_index; }

/* The link to a heading as GitHub makes it: letters, digits, `_` and `-`, in lower case, and a number if there was that before. */
static const char *anchor_new(const Doc *d, const char *of, const char *name) {
  char *link = arena_format(d->c->arena, "%s%s", of, name), *to = link;
  for (const char *at = link; *at; at++) {
    char c = *at >= 'A' && *at <= 'Z' ? (char)(*at + 'a' - 'A') : *at == ' ' ? '-' : *at;
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c & 0x80) *to++ = c;
  }
  *to = 0;
  unsigned before = 0;
  for (size_t i = 0; i < d->anchors->count; i++) before += strcmp(d->anchors->items[i], link) == 0;
  VEC_PUSH(d->c->arena, d->anchors, link);
  return before ? arena_format(d->c->arena, "%s-%u", link, before) : link;
}

/* A section, in the list of contents a line. */
static void put_section(const Doc *d, const char *name, const char *quote) {
  if (is_printed(d)) fprintf(d->out, "\n## %s%s%s\n", quote, name, quote);
  if (!d->is_index) return;
  fprintf(d->out, "\n- [%s%s%s](#%s)", quote, name, quote, anchor_new(d, "", name));
}

/* A part of a section, in the list of contents a link. */
static void put_heading(const Doc *d, const char *of, const char *name) {
  if (is_printed(d)) fprintf(d->out, "\n### `%s%s%s`\n", of ? of : "", of ? "." : "", name);
  if (!d->is_index) return;
  fprintf(d->out, " [`%s`](#%s)", name, anchor_new(d, of ? of : "", name));
}

static void put_body(const Doc *d, Str doc) {
  if (!doc.len) return;
  fputc('\n', d->out);
  put_doc(d->out, doc, "");
}

static void doc_fn(const Doc *d, Fn *fn, const char *of, const char *bounds) {
  bool is_asked = of && fn->owner->kind == DECL_TRAIT && !fn->ast->body && !fn->ast->body_pending;
  if (!fn->ast->doc.len) miss(d, fn->ast->name_span, of, fn->name, "documentation");
  else if (!is_asked && !has_example(d->c, fn)) miss(d, fn->ast->name_span, of, fn->name, "example");
  put_heading(d, of, fn->name);
  if (!is_printed(d)) return;
  fputs("\n```\n", d->out);
  put_fn_head(d->c, d->out, fn);
  if (*bounds) fprintf(d->out, "    // where %s", bounds);
  fputs("\n```\n", d->out);
  put_body(d, fn->ast->doc);
}

/* Whether a trait or one that it needs asks for a method of that name. */
static bool trait_has(Checker *c, Decl *trait, Name name, unsigned depth) {
  if (!trait || depth > 20) return false;
  if (check_fns_find(&trait->methods, name)) return true;
  check_supers_ready(c, trait);
  for (uint32_t i = 0; i < trait->nsupers; i++)
    if (trait_has(c, check_type_decl(c, trait->supers[i]), name, depth + 1)) return true;
  return false;
}

/* A method that a trait asks for is documented there. */
static bool is_of_trait(Checker *c, Decl *decl, const Fn *fn) {
  for (uint32_t i = 0; i < decl->nimpls; i++)
    if (trait_has(c, check_impl_trait(c, decl->impls[i]), fn->name, 0)) return true;
  return false;
}

/* "T: Ord, U: Eq", in the compilation's memory. */
static const char *bounds_text(Checker *c, Decl *decl) {
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  if (!out) return "";
  check_generics_ready(c, decl);
  for (uint32_t i = 0; i < decl->item->type_param_count; i++) {
    const TypeParamDecl *param = &decl->item->type_params[i];
    const TypeParam *bound = &decl->generics->params[decl->generics->count - decl->item->type_param_count + i];
    for (uint32_t k = 0; k < param->bound_count && k < bound->nbounds; k++) {
      fprintf(out, k ? " + " : ftell(out) ? ", %s: " : "%s: ", param->name);
      fputs(check_type_text_in(c, bound->bounds[k], decl->generics), out);
    }
  }
  const char *kept = fclose(out) == 0 ? arena_copy(c->arena, text, length) : "";
  free(text);
  return kept;
}

static void doc_methods(const Doc *d, Decl *decl, const char *of, const char *bounds) {
  for (uint32_t i = 0; i < decl->nmethods; i++) {
    Fn *fn = decl->method_list[i];
    if (!fn->ast || is_private(fn->name) || (!fn->ast->doc.len && is_of_trait(d->c, decl, fn))) continue;
    doc_fn(d, fn, of, bounds);
  }
}

static void doc_fields(const Doc *d, Decl *decl) {
  bool is_open = false, is_closed = false;
  for (uint32_t i = 0; i < decl->nfields; i++) {
    const FieldInfo *field = &decl->fields[i];
    if (is_private(field->name)) { is_closed |= !field->ast->fallback; continue; }
    fputs(is_open ? "" : " {\n", d->out);
    is_open = true;
    put_doc(d->out, field->ast->doc, "  /// ");
    fputs("  ", d->out);
    put_field(d->c, d->out, decl, field);
    fputc('\n', d->out);
  }
  if (is_open && is_closed) fputs("  // and private fields\n", d->out);
  if (is_open) fputc('}', d->out);
}

static void doc_cases(const Doc *d, Decl *decl) {
  for (uint32_t i = 0; i < decl->ncases; i++) {
    fputs(i ? "" : " {\n", d->out);
    put_doc(d->out, decl->cases[i].ast->doc, "  /// ");
    fputs("  ", d->out);
    put_case(d->c, d->out, decl, &decl->cases[i]);
    fputc('\n', d->out);
  }
  if (decl->ncases) fputc('}', d->out);
}

static bool is_shown_decl(const Decl *decl) { return decl->item->is_pub && !is_private(decl->item->name); }

/* Whether a declaration extends a type; of a type with a declaration in this module, whatever its arguments. */
static bool extends(const Doc *d, const Decl *decl, const Type *target) {
  if (decl->kind != DECL_EXTEND) return false;
  const Decl *type = check_type_decl(d->c, target);
  return decl->target == target || (type && type->unit == d->unit && check_type_decl(d->c, decl->target) == type);
}

/* "Implements ..." of the extensions of one type, all of which begin at `at`. */
static void put_implements(const Doc *d, size_t at, const Type *target) {
  const char *before = "\nImplements `";
  for (size_t i = at; i < d->unit->decls.count; i++) {
    Decl *decl = d->unit->decls.items[i];
    if (!extends(d, decl, target) || !put_traits(d->c, d->out, decl, before)) continue;
    const char *bounds = bounds_text(d->c, decl);
    fputc('`', d->out);
    if (*bounds) fprintf(d->out, " (where `%s`)", bounds);
    before = ", `";
  }
  if (*before == ',') fputs(".\n", d->out);
}

static void doc_extensions(const Doc *d, size_t at, const Type *target, const char *of) {
  if (is_printed(d)) put_implements(d, at, target);
  for (size_t i = at; i < d->unit->decls.count; i++) {
    Decl *decl = d->unit->decls.items[i];
    if (extends(d, decl, target)) doc_methods(d, decl, of, bounds_text(d->c, decl));
  }
}

/* A type, its methods, and what the module extends it by. */
static void doc_type(const Doc *d, Decl *decl) {
  check_fields_ready(d->c, decl);
  if (!decl->item->doc.len) miss(d, decl->item->name_span, NULL, decl->name, "documentation");
  put_section(d, decl->name, "`");
  if (is_printed(d)) {
    fputs("\n```\n", d->out);
    put_decl_head(d->c, d->out, decl);
    doc_fields(d, decl);
    doc_cases(d, decl);
    fputs("\n```\n", d->out);
    put_body(d, decl->item->doc);
  }
  doc_methods(d, decl, decl->name, "");
  doc_extensions(d, 0, decl->target, decl->name);
}

/* Extensions of a type of another module; all of one type stand together, where the first of them is. */
static void doc_extended(const Doc *d, size_t at) {
  Decl *decl = d->unit->decls.items[at];
  const Decl *type = check_type_decl(d->c, decl->target);
  if (decl->target->kind == TYPE_ERROR || decl->target->kind == TYPE_TASK || (type && type->unit == d->unit)) return;
  for (size_t i = 0; i < at; i++)
    if (extends(d, d->unit->decls.items[i], decl->target)) return;
  const char *title = check_type_text_in(d->c, decl->target, decl->generics);
  put_section(d, title, "`");
  doc_extensions(d, at, decl->target, title);
}

static void targets_ready(Checker *c, const Unit *unit) {
  for (size_t i = 0; i < unit->decls.count; i++) {
    if (unit->decls.items[i]->kind == DECL_EXTEND) check_target_ready(c, unit->decls.items[i]);
  }
}

static void doc_decls(const Doc *d) {
  const Unit *unit = d->unit;
  targets_ready(d->c, unit);
  for (size_t i = 0; i < unit->decls.count; i++) {
    Decl *decl = unit->decls.items[i];
    if (decl->kind == DECL_EXTEND) doc_extended(d, i);
    else if (is_shown_decl(decl)) doc_type(d, decl);
  }
}

static void doc_offered(const Doc *d) {
  for (uint32_t i = 0; i < d->unit->names.count; i++) {
    Symbol *symbol = d->unit->names.items[i];
    Decl *decl = symbol->kind == SYM_ALIAS && symbol->is_pub ? alias_offered(d->c, symbol->alias) : NULL;
    if (!decl) continue;
    Doc there = *d;
    there.unit = decl->unit;
    targets_ready(d->c, there.unit);
    doc_type(&there, decl);
  }
}

static void doc_values(const Doc *d, bool are_globals) {
  bool is_first = true;
  for (uint32_t i = 0; i < d->unit->names.count; i++) {
    Symbol *symbol = d->unit->names.items[i];
    bool is_wanted = are_globals ? symbol->kind == SYM_GLOBAL : symbol->kind == SYM_ALIAS;
    if (!is_wanted || !symbol->is_pub || is_private(symbol->name) || (!are_globals && alias_offered(d->c, symbol->alias))) continue;
    Str doc = are_globals ? global_doc(symbol) : symbol->alias->item->doc;
    if (!doc.len) miss(d, symbol->span, NULL, symbol->name, "documentation");
    if (is_first) put_section(d, are_globals ? "Values" : "Names for types", "");
    is_first = false;
    put_heading(d, NULL, symbol->name);
    if (!is_printed(d)) continue;
    fputs("\n```\n", d->out);
    if (are_globals) put_global_head(d->c, d->out, symbol);
    else put_alias_head(d->c, d->out, symbol->alias);
    fputs("\n```\n", d->out);
    put_body(d, doc);
  }
}

static void doc_functions(const Doc *d) {
  bool is_first = true;
  for (size_t i = 0; i < d->unit->fns.count; i++) {
    Fn *fn = d->unit->fns.items[i];
    const Symbol *symbol = fn->name ? check_table_find(&d->unit->names, fn->name) : NULL;
    if (is_private(fn->name) || !symbol || symbol->kind != SYM_FN || symbol->fn != fn || !symbol->is_pub) continue;
    if (is_first) put_section(d, "Functions", "");
    is_first = false;
    doc_fn(d, fn, NULL, "");
  }
}

/* The first sentence, in one line. */
static void put_summary(FILE *out, Str doc) {
  for (size_t i = 0; i < doc.len; i++) {
    bool ends = doc.text[i] == '\n' && i + 1 < doc.len && doc.text[i + 1] == '\n';
    if (ends) break;
    fputc(doc.text[i] == '\n' ? ' ' : doc.text[i], out);
    if (doc.text[i] == '.' && (i + 1 == doc.len || doc.text[i + 1] == ' ' || doc.text[i + 1] == '\n')) break;
  }
}

/* The name of a module; of a program's own file, its name without folder and ending. */
static const char *unit_title(Checker *c, const Unit *unit) {
  if (unit->is_library) return unit->name;
  const char *slash = strrchr(unit->path, '/'), *base = slash ? slash + 1 : unit->path;
  return arena_copy(c->arena, base, strcspn(base, "."));
}

static void doc_unit(const Doc *d) {
  doc_values(d, true);
  doc_functions(d);
  doc_values(d, false);
  doc_offered(d);
  doc_decls(d);
}

void check_doc_unit(Checker *c, FILE *out, Unit *unit, CompileDoc what) {
  Anchors anchors = {0};
  Doc d = {c, out, unit, what, false, &anchors}, index = {c, out, unit, what, true, &anchors};
  Frame *saved = c->frame;
  c->frame = unit->frame;
  if (what == COMPILE_DOC_SUMMARY) {
    put_summary(out, unit->ast->doc);
  } else {
    if (!unit->ast->doc.len) miss(&d, (Span){unit->ast->source->id, 0, 0}, NULL, unit_title(c, unit), "documentation");
    if (what == COMPILE_DOC_MODULE) {
      fprintf(out, "# %s\n", unit_title(c, unit));
      put_body(&d, unit->ast->doc);
      anchor_new(&d, "", unit_title(c, unit));
      doc_unit(&index);
      fputc('\n', out);
    }
    doc_unit(&d);
  }
  c->frame = saved;
}
