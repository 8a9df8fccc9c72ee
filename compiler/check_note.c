/* check_note.c - second places: what a message's first place does not show.
 *
 * A note is worth its lines only where it shows the reader something: a place in the program's own text, on another line than the message's.
 * Those about an expected type are added behind the check, to the messages it made about the values in question.
 */
#include "compiler/check.h"

static bool is_shown(Checker *c, const Diag *d, Span span) {
  const Source *source = span.source ? sources_get(&c->comp->sources, span.source) : NULL;
  if (!source || d == c->comp->diags.muted) return false;
  const Unit *unit = source->module < c->units.count ? c->units.items[source->module] : NULL;
  if (!unit || unit->is_library) return false;
  return span.source != d->span.source || span_position(&c->comp->sources, span).line != span_position(&c->comp->sources, d->span).line;
}

Diag *check_note(Checker *c, Diag *d, Span span, const char *label) {
  return is_shown(c, d, span) ? diag_note(d, span, "%s", label) : d;
}

static bool is_same(Span a, Span b) { return a.source == b.source && a.start == b.start && a.end == b.end; }

static bool block_gives(const Block *block, Span span) {
  if (is_same(block->end_span, span) || is_same(block->span, span)) return true;
  const Stmt *last = block->count ? block->stmts[block->count - 1] : NULL;
  return last && last->kind == STMT_EXPR && check_gives(last->expr, span);
}

bool check_gives(const Expr *e, Span span) {
  for (; e; e = e->if_.otherwise) { /* chains of else are long */
    if (is_same(e->span, span)) return true;
    if (span.start < e->span.start || span.end > e->span.end) return false;
    if (e->kind != EXPR_IF) break;
    if (block_gives(e->if_.then, span)) return true;
  }
  if (!e) return false;
  if (e->kind == EXPR_BLOCK) return block_gives(e->block, span);
  if (e->kind == EXPR_CATCH) return check_gives(e->catch_.handler, span);
  for (size_t i = 0; e->kind == EXPR_MATCH && i < e->match.arm_count; i++) {
    if (check_gives(e->match.arms[i].body, span)) return true;
  }
  return false;
}

void check_note_value(Checker *c, size_t from, const Expr *value, Span span, const char *label) {
  Diags *diags = &c->comp->diags;
  for (size_t i = from; i < diags->count; i++) {
    Diag *d = diags->items[i];
    bool wants = d->code == DIAG_TYPE_MISMATCH || d->code == DIAG_BLOCK_NO_VALUE || d->code == DIAG_IF_NO_ELSE || d->code == DIAG_NIL_NOT_HERE;
    if (wants && !d->notes && check_gives(value, d->span)) check_note(c, d, span, label);
  }
}

const Fn *check_frame_fn(const Checker *c) {
  const Fn *fn = c->frame->outer ? NULL : c->frame->function->check;
  return fn && fn->ast && fn->ast->name ? fn : NULL;
}

void check_note_cases(Checker *c, Diag *d, const Decl *decl) {
  const char *list = NULL;
  if (decl->ncases > 8) return;
  for (uint32_t i = 0; i < decl->ncases; i++) {
    list = list ? arena_format(c->arena, "%s, `.%s`", list, decl->cases[i].name) : arena_format(c->arena, "`.%s`", decl->cases[i].name);
  }
  if (list) diag_help(d, "its cases are %s", list);
}

const Decl *check_case_owner(const Checker *c, Name name) {
  const Unit *unit = c->frame->unit;
  for (size_t i = 0; i < unit->decls.count; i++) {
    const Decl *decl = unit->decls.items[i];
    for (size_t k = 0; decl->kind == DECL_ENUM && k < decl->item->type.case_count; k++) {
      if (decl->item->type.cases[k].name == name) return decl;
    }
  }
  return NULL;
}
