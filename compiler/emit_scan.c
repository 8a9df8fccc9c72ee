/* emit_scan.c - one walk over all typed trees before code is written.
 *
 * It finds the variables that closures capture (and adds them to the closures between owner and mention), counts uses and assignments,
 * gives immutable variables of constant value to their mentions, folds constants, joins pieces of strings, and marks nodes with what the
 * emitter must know before it writes their first operand (NODE_LOOP and the like). Trees are changed in place.
 */
#include <string.h>

#include "compiler/emit_internal.h"

typedef struct Scan {
  Typed *typed;
  Arena *arena;
  TFunction *function;
  uint32_t weight;         /* uses that one mention counts for: 2 where code may be written twice */
  const TNode *step_loop;  /* the loop whose step is scanned */
  uint32_t depth;
  bool failed;
} Scan;

VarInfo *var_info(Arena *arena, TVar *var) {
  if (!var->emit) var->emit = ARENA_NEW(arena, VarInfo);
  return var->emit;
}

FnInfo *fn_info(Arena *arena, TFunction *function) {
  if (!function->emit) function->emit = ARENA_NEW(arena, FnInfo);
  return function->emit;
}

/* Makes a closure, and the closures around it up to the owner's function, capture a variable. */
static void capture(Scan *s, TVar *var) {
  var->is_captured = true;
  for (TFunction *f = s->function; f && f != var->owner; f = f->outer) {
    FnInfo *info = fn_info(s->arena, f);
    size_t i = 0;
    while (i < info->count && info->captures[i] != var) i++;
    if (i < info->count) continue;
    if (info->count > MODULE_PARAMS_MAX) continue; /* reported when the function is written */
    if (info->count == info->capacity) {
      info->captures = arena_grow(s->arena, info->captures, info->count, &info->capacity, sizeof *info->captures);
    }
    info->captures[info->count++] = var;
  }
}

static void scan(Scan *s, TNode *node);

static void scan_var(Scan *s, TNode *node) {
  VarInfo *info = var_info(s->arena, node->var);
  if (info->constant) {
    Span span = node->span;
    *node = *info->constant;
    node->span = span;
    return;
  }
  info->uses += s->weight;
  if (node->var->owner != s->function) capture(s, node->var);
}

static void scan_set(Scan *s, TNode *node) {
  scan(s, node->a);
  VarInfo *info = var_info(s->arena, node->var);
  info->sets++;
  if (s->step_loop && (!info->step_loop || info->step_loop == s->step_loop)) {
    info->step_loop = s->step_loop;
    info->step_sets++;
  }
  if (node->var->owner != s->function) capture(s, node->var);
}

static void scan_let(Scan *s, TNode *node) {
  scan(s, node->a);
  if (node->a->kind == TN_CONST && !node->var->is_assigned && node->a->type == node->var->type) {
    var_info(s->arena, node->var)->constant = node->a;
  }
}

static void scan_list(Scan *s, TNode *node) {
  for (uint32_t i = 0; i < node->nlist; i++) scan(s, node->list[i]);
}

static bool is_concat(const TNode *node) { return node->kind == TN_OP && node->op == OP_STRING_CONCAT; }
static bool is_string_const(const TNode *node) { return node->kind == TN_CONST && node->type->kind == TYPE_STRING; }

/* Adds a piece of a concatenation; constants that meet become one. */
static uint32_t add_piece(Scan *s, TNode **pieces, uint32_t count, TNode *piece) {
  if (!is_string_const(piece)) {
    pieces[count] = piece;
    return count + 1;
  }
  if (piece->str.len == 0) return count;
  TNode *last = count ? pieces[count - 1] : NULL;
  if (!last || !is_string_const(last)) {
    pieces[count] = piece;
    return count + 1;
  }
  TNode *joined = ARENA_NEW(s->arena, TNode);
  *joined = *last;
  size_t length = last->str.len + piece->str.len;
  char *text = arena_alloc(s->arena, length + 1);
  memcpy(text, last->str.text, last->str.len);
  memcpy(text + last->str.len, piece->str.text, piece->str.len);
  joined->str = (Str){text, length};
  pieces[count - 1] = joined;
  return count;
}

static void join_concat(Scan *s, TNode *node) {
  uint32_t room = 0;
  for (uint32_t i = 0; i < node->nlist; i++) room += is_concat(node->list[i]) ? node->list[i]->nlist : 1;
  TNode **pieces = ARENA_ARRAY(s->arena, TNode *, room + 1);
  uint32_t count = 0;
  for (uint32_t i = 0; i < node->nlist; i++) {
    TNode *piece = node->list[i];
    if (!is_concat(piece)) {
      count = add_piece(s, pieces, count, piece);
      continue;
    }
    for (uint32_t k = 0; k < piece->nlist; k++) count = add_piece(s, pieces, count, piece->list[k]);
  }
  node->list = pieces;
  node->nlist = node->index = count;
  if (count > 1 || (count == 1 && pieces[0]->type != node->type)) return;
  Span span = node->span;
  if (count == 1) {
    *node = *pieces[0];
  } else {
    node->kind = TN_CONST;
    node->str = (Str){"", 0};
  }
  node->span = span;
}

static void scan_op(Scan *s, TNode *node) {
  scan_list(s, node);
  if (node->op == OP_STRING_CONCAT) join_concat(s, node);
  else fold_node(node);
}

static bool is_bool(const TNode *node, bool value) {
  return node && node->kind == TN_CONST && node->type->kind == TYPE_BOOL && (node->value.i != 0) == value;
}

/* An `if` that gives true or false in one of its arms is its condition, or joins it with the other arm. */
static void simplify_if(TNode *node) {
  if (!node->c || node->type->kind != TYPE_BOOL || node->b->type != node->type || node->c->type != node->type) return;
  bool is_same = is_bool(node->b, true) && is_bool(node->c, false);
  if (is_same) {
    *node = *node->a;
  } else if (is_bool(node->b, true)) {
    node->kind = TN_OR;
    node->b = node->c;
    node->c = NULL;
  } else if (is_bool(node->c, false)) {
    node->kind = TN_AND;
    node->c = NULL;
  }
}

static void scan_if(Scan *s, TNode *node) {
  scan(s, node->a);
  bool is_const = node->a->kind == TN_CONST;
  if (!is_const || node->a->value.i) scan(s, node->b);
  if (!is_const || !node->a->value.i) scan(s, node->c);
  if (!is_const) simplify_if(node);
}

/* && and || whose first operand is constant become the other operand or the constant. */
static void scan_and_or(Scan *s, TNode *node) {
  scan(s, node->a);
  if (node->a->kind != TN_CONST) {
    scan(s, node->b);
    return;
  }
  bool is_decided = (node->a->value.i != 0) == (node->kind == TN_OR);
  if (!is_decided) scan(s, node->b);
  *node = is_decided ? *node->a : *node->b;
}

static void scan_loop(Scan *s, TNode *node) {
  const TNode *outer_step = s->step_loop;
  s->step_loop = NULL;
  s->weight++;
  scan(s, node->a);
  s->weight--;
  if (node->a && node->a->kind == TN_CONST) {
    if (!node->a->value.i) {
      s->step_loop = outer_step;
      return;
    }
    node->a = NULL;
  }
  scan(s, node->b);
  s->step_loop = node;
  scan(s, node->c);
  s->step_loop = outer_step;
  node->emit_flags |= NODE_LOOP;
}

static void scan_block(Scan *s, TNode *node) {
  for (uint32_t i = 0; i < node->nlist; i++) {
    scan(s, node->list[i]);
    if (node->list[i]->type->kind == TYPE_NEVER) break;
  }
}

static void scan_defer(Scan *s, TNode *node) {
  s->weight++;
  scan(s, node->a);
  s->weight--;
}

static void scan_children(Scan *s, TNode *node) {
  switch (node->kind) {
    case TN_VAR: scan_var(s, node); break;
    case TN_LET: scan_let(s, node); break;
    case TN_SET_VAR: scan_set(s, node); break;
    case TN_OP: scan_op(s, node); break;
    case TN_IF: scan_if(s, node); break;
    case TN_AND:
    case TN_OR: scan_and_or(s, node); break;
    case TN_LOOP: scan_loop(s, node); break;
    case TN_BLOCK: scan_block(s, node); break;
    case TN_DEFER: scan_defer(s, node); break;
    case TN_FN: node->emit_flags |= NODE_FN; break;
    case TN_BREAK:
    case TN_CONTINUE:
    case TN_RETURN:
      node->emit_flags |= NODE_JUMP;
      scan(s, node->a);
      break;
    default:
      scan(s, node->a);
      scan(s, node->b);
      scan(s, node->c);
      scan_list(s, node);
  }
}

static void add_child(TNode *node, const TNode *child) {
  if (!child) return;
  unsigned size = (unsigned)node->emit_size + child->emit_size;
  node->emit_size = (uint8_t)(size > UINT8_MAX ? UINT8_MAX : size);
  node->emit_flags |= child->emit_flags & (NODE_LOOP | NODE_JUMP | NODE_FN);
}

/* Also fills in flags and size. A shared node is walked at most twice, which is enough to count its mentions as more than one. */
static void scan(Scan *s, TNode *node) {
  if (!node || s->failed || node->emit_flags & NODE_SEEN_AGAIN) return;
  if (s->depth >= EMIT_DEPTH_MAX) {
    s->failed = true;
    diag_error(&s->typed->compilation->diags, node->span, DIAG_LIMIT_NESTING);
    return;
  }
  uint8_t seen = node->emit_flags & NODE_SEEN ? NODE_SEEN | NODE_SEEN_AGAIN : NODE_SEEN;
  node->emit_flags = seen;
  s->depth++;
  scan_children(s, node);
  s->depth--;
  node->emit_flags |= seen;
  node->emit_size = 1;
  add_child(node, node->a);
  add_child(node, node->b);
  add_child(node, node->c);
  for (uint32_t i = 0; i < node->nlist; i++) add_child(node, node->list[i]);
}

bool emit_scan(Typed *typed) {
  Scan s = {.typed = typed, .arena = &typed->compilation->arena, .weight = 1};
  for (uint32_t i = 0; i < typed->nfunctions && !s.failed; i++) {
    s.function = typed->functions[i];
    scan(&s, s.function->body);
  }
  return !s.failed;
}
