/* check_cover.c - are all cases of a match covered, and does every arm match something?
 *
 * The arms are rows of a matrix of patterns (NULL matches everything). A column is taken apart by what its type is made of: the cases of an enum,
 * true and false, nil and a value, the parts of a tuple, the intervals between the numbers that patterns name. A row that guards or alternatives
 * make uncertain is left out or expanded. A budget bounds the work; beyond it a catch-all arm is asked for.
 */
#include "compiler/check.h"

#include <stdlib.h>
#include <string.h>

#define BUDGET 400000
#define SHOWN_MAX 4
#define ARMS_MAX 2000 /* beyond it no search for arms that match nothing */

typedef struct Rows {
  Pattern ***items; /* each a row of as many patterns as there are columns */
  size_t count, capacity;
} Rows;

typedef struct Cover {
  Checker *c;
  size_t budget;
  bool exceeded;
} Cover;

/* What a pattern asks of a value of a type. */
typedef enum HeadKind { ANY, CTOR, INTERVAL, LITERAL, TEST } HeadKind;
typedef struct PatHead {
  HeadKind kind;
  uint32_t index;   /* CTOR */
  int64_t low, high; /* INTERVAL, both included */
} PatHead;

static bool spend(Cover *v, size_t amount) {
  if (v->budget < amount) v->exceeded = true;
  else v->budget -= amount;
  return !v->exceeded;
}

/* ---- Types in parts ---- */

/* How many constructors a type has; 0: not to be listed. */
static uint32_t ctor_count(Cover *v, const Type *type) {
  switch (type->kind) {
    case TYPE_BOOL:
    case TYPE_OPT:
    case TYPE_RESULT: return 2;
    case TYPE_TUPLE: return 1;
    case TYPE_ENUM: {
      Decl *decl = check_type_decl(v->c, type);
      check_fields_ready(v->c, decl);
      return decl->ncases;
    }
    default: return 0;
  }
}

static uint32_t ctor_parts(Cover *v, const Type *type, uint32_t index) {
  switch (type->kind) {
    case TYPE_OPT: return index;
    case TYPE_RESULT: return 1;
    case TYPE_TUPLE: return type->nargs;
    case TYPE_ENUM: return check_type_decl(v->c, type)->cases[index].nfields;
    default: return 0;
  }
}

static const Type *ctor_part(Cover *v, const Type *type, uint32_t index, uint32_t part) {
  switch (type->kind) {
    case TYPE_OPT: return type->args[0];
    case TYPE_RESULT: return type->args[index];
    case TYPE_TUPLE: return type->args[part];
    default: return check_field_type(v->c, type, &check_type_decl(v->c, type)->cases[index].fields[part], (Span){0});
  }
}

static bool is_scalar(const Type *type) { return type->kind == TYPE_INT || type->kind == TYPE_CHAR; }

static int64_t least(const Type *type) { return type->kind == TYPE_INT ? INT64_MIN : 0; }

static int64_t greatest(const Type *type) { return type->kind == TYPE_INT ? INT64_MAX : 0x10ffff; }

static int64_t scalar_of(const Expr *e) { return e->kind == EXPR_INT ? (int64_t)e->integer.bits : (int64_t)e->character; }

static PatHead range_head(const Pattern *p, const Type *type) {
  PatHead head = {.kind = INTERVAL, .low = least(type), .high = greatest(type)};
  if (p->range.low) head.low = scalar_of(p->range.low);
  if (p->range.high) {
    head.high = scalar_of(p->range.high);
    if (!p->range.inclusive) head.high = head.high == INT64_MIN ? head.high : head.high - 1;
  }
  return head;
}

static PatHead head_of(Cover *v, const Pattern *p, const Type *type) {
  PatHead any = {.kind = ANY};
  if (!p || p->kind == PAT_WILDCARD || p->kind == PAT_ERROR || type->kind == TYPE_ERROR) return any;
  if (type->kind == TYPE_OPT) return (PatHead){.kind = CTOR, .index = p->kind != PAT_NIL};
  switch (p->kind) {
    case PAT_LITERAL:
      if (type->kind == TYPE_BOOL) return (PatHead){.kind = CTOR, .index = p->literal->boolean};
      if (is_scalar(type)) return (PatHead){.kind = INTERVAL, .low = scalar_of(p->literal), .high = scalar_of(p->literal)};
      return (PatHead){.kind = LITERAL};
    case PAT_RANGE: return is_scalar(type) ? range_head(p, type) : (PatHead){.kind = LITERAL};
    case PAT_CASE: {
      uint32_t index = 0;
      if (type->kind == TYPE_RESULT) index = p->case_.name == check_intern(v->c, "err");
      else check_case_find(check_type_decl(v->c, type), p->case_.name, &index);
      return (PatHead){.kind = CTOR, .index = index};
    }
    case PAT_TUPLE: return (PatHead){.kind = CTOR};
    case PAT_TYPE: return (PatHead){.kind = TEST};
    default: return any;
  }
}

static Pattern *sub_pattern(const Pattern *p, const Type *type, uint32_t part) {
  if (type->kind == TYPE_OPT) return p->kind == PAT_BIND ? NULL : (Pattern *)p;
  if (p->kind == PAT_TUPLE) return p->list.items[part];
  return part < p->case_.arg_count ? p->case_.args[part] : NULL;
}

/* ---- Rows ---- */

static bool is_or(const Pattern *p, const Type *type) {
  (void)type;
  return p && p->kind == PAT_OR;
}

/* Adds a row; alternatives in its first column become rows of their own. */
static void add_row(Cover *v, Rows *rows, Pattern **row, uint32_t columns, const Type *first) {
  if (!spend(v, 1 + columns)) return;
  if (!columns || !is_or(row[0], first)) {
    VEC_PUSH(v->c->arena, rows, row);
    return;
  }
  for (size_t i = 0; i < row[0]->list.count; i++) {
    Pattern **copy = ARENA_ARRAY(v->c->arena, Pattern *, columns);
    memcpy(copy, row, columns * sizeof *copy);
    copy[0] = row[0]->list.items[i];
    add_row(v, rows, copy, columns, first);
  }
}

/* The row behind its first column, with the parts of that in front. */
static Pattern **expand_row(Cover *v, Pattern **row, uint32_t columns, const Type *type, uint32_t parts, bool matches_any) {
  Pattern **out = ARENA_ARRAY(v->c->arena, Pattern *, columns + parts);
  for (uint32_t i = 0; i < parts; i++) out[i] = matches_any ? NULL : sub_pattern(row[0], type, i);
  memcpy(out + parts, row + 1, (columns - 1) * sizeof *out);
  return out;
}

static const Type **expand_types(Cover *v, const Type **types, uint32_t columns, uint32_t index, uint32_t parts) {
  const Type **out = ARENA_ARRAY(v->c->arena, const Type *, columns + parts);
  for (uint32_t i = 0; i < parts; i++) out[i] = ctor_part(v, types[0], index, i);
  memcpy(out + parts, types + 1, (columns - 1) * sizeof *out);
  return out;
}

/* Rows that may match a value of constructor `index`. */
static Rows rows_of_ctor(Cover *v, const Rows *rows, uint32_t columns, const Type **types, uint32_t index, const Type **inner) {
  Rows out = {0};
  uint32_t parts = ctor_parts(v, types[0], index);
  for (size_t i = 0; i < rows->count && !v->exceeded; i++) {
    PatHead head = head_of(v, rows->items[i][0], types[0]);
    if (head.kind == CTOR && head.index != index) continue;
    uint32_t left = columns - 1 + parts;
    add_row(v, &out, expand_row(v, rows->items[i], columns, types[0], parts, head.kind == ANY), left, left ? inner[0] : NULL);
  }
  return out;
}

static Rows rows_of_interval(Cover *v, const Rows *rows, uint32_t columns, const Type **types, int64_t low) {
  Rows out = {0};
  for (size_t i = 0; i < rows->count && !v->exceeded; i++) {
    PatHead head = head_of(v, rows->items[i][0], types[0]);
    if (head.kind == INTERVAL && (low < head.low || low > head.high)) continue;
    add_row(v, &out, rows->items[i] + 1, columns - 1, columns > 1 ? types[1] : NULL);
  }
  return out;
}

static Rows rows_of_any(Cover *v, const Rows *rows, uint32_t columns, const Type **types) {
  Rows out = {0};
  for (size_t i = 0; i < rows->count && !v->exceeded; i++) {
    if (head_of(v, rows->items[i][0], types[0]).kind == ANY) add_row(v, &out, rows->items[i] + 1, columns - 1, columns > 1 ? types[1] : NULL);
  }
  return out;
}

static int compare_ints(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Where intervals of the column begin, ascending, without repetitions. */
static int64_t *interval_starts(Cover *v, const Rows *rows, const Type *type, size_t *count) {
  int64_t *starts = ARENA_ARRAY(v->c->arena, int64_t, 2 * rows->count + 1);
  size_t n = 0;
  starts[n++] = least(type);
  for (size_t i = 0; i < rows->count; i++) {
    PatHead head = head_of(v, rows->items[i][0], type);
    if (head.kind != INTERVAL || head.low > head.high) continue;
    starts[n++] = head.low;
    if (head.high < greatest(type)) starts[n++] = head.high + 1;
  }
  qsort(starts, n, sizeof *starts, compare_ints);
  *count = 0;
  for (size_t i = 0; i < n; i++) {
    if (*count == 0 || starts[*count - 1] != starts[i]) starts[(*count)++] = starts[i];
  }
  return starts;
}

/* ---- What is missing ---- */

typedef struct Witness { /* patterns of the columns, as text */
  const char **parts;
} Witness;

static bool missing(Cover *v, const Rows *rows, uint32_t columns, const Type **types, Witness *out);

static const char *scalar_text(Cover *v, const Type *type, int64_t value) {
  if (type->kind == TYPE_INT) return arena_format(v->c->arena, "%lld", (long long)value);
  char text[5] = {0};
  size_t len = value >= 0x20 && value < 0xd800 ? utf8_encode((uint32_t)value, text) : 0;
  text[len] = 0;
  return len ? arena_format(v->c->arena, "'%s'", text) : "_";
}

static const char *ctor_text(Cover *v, const Type *type, uint32_t index, const char *const *parts, uint32_t count) {
  Arena *a = v->c->arena;
  if (type->kind == TYPE_BOOL) return index ? "true" : "false";
  if (type->kind == TYPE_OPT) return index ? parts[0] : "nil";
  const char *text = type->kind == TYPE_TUPLE ? "(" : type->kind == TYPE_RESULT ? (index ? ".err(" : ".ok(") :
    arena_format(a, count ? ".%s(" : ".%s", check_type_decl(v->c, type)->cases[index].name);
  for (uint32_t i = 0; i < count; i++) text = arena_format(a, "%s%s%s", text, i ? ", " : "", parts[i]);
  return count ? arena_format(a, "%s)", text) : text;
}

/* Looks for a value of one constructor that no row matches. */
static bool missing_ctor(Cover *v, const Rows *rows, uint32_t columns, const Type **types, uint32_t index, Witness *out) {
  uint32_t parts = ctor_parts(v, types[0], index);
  const Type **inner = expand_types(v, types, columns, index, parts);
  Rows some = rows_of_ctor(v, rows, columns, types, index, inner);
  Witness found;
  if (v->exceeded || !missing(v, &some, columns - 1 + parts, inner, &found)) return false;
  out->parts = ARENA_ARRAY(v->c->arena, const char *, columns);
  out->parts[0] = ctor_text(v, types[0], index, found.parts, parts);
  /* A variable on an optional matches inside only: the value is not nil. */
  if (columns > 1) memcpy(out->parts + 1, found.parts + parts, (columns - 1) * sizeof *out->parts);
  return true;
}

static bool missing_behind(Cover *v, const Rows *rows, uint32_t columns, const Type **types, const char *head, Witness *out) {
  Witness found;
  if (!missing(v, rows, columns - 1, types + 1, &found)) return false;
  out->parts = ARENA_ARRAY(v->c->arena, const char *, columns);
  out->parts[0] = head;
  if (columns > 1) memcpy(out->parts + 1, found.parts, (columns - 1) * sizeof *out->parts);
  return true;
}

static bool missing_scalar(Cover *v, const Rows *rows, uint32_t columns, const Type **types, Witness *out) {
  size_t count;
  int64_t *starts = interval_starts(v, rows, types[0], &count);
  Rows rest = rows_of_any(v, rows, columns, types);
  Witness ignored;
  if (!missing(v, &rest, columns - 1, types + 1, &ignored)) return false;
  for (size_t i = 0; i < count && !v->exceeded; i++) {
    Rows some = rows_of_interval(v, rows, columns, types, starts[i]);
    int64_t end = i + 1 < count ? starts[i + 1] - 1 : greatest(types[0]);
    if (types[0]->kind == TYPE_CHAR && starts[i] == 0xd800 && end == 0xdfff) continue; /* no scalar values */
    bool is_edge = starts[i] == least(types[0]) || end == greatest(types[0]);
    const char *text = is_edge && starts[i] != end ? "_" : scalar_text(v, types[0], starts[i]);
    if (missing_behind(v, &some, columns, types, text, out)) return true;
  }
  return false;
}

static bool all_any(Cover *v, const Rows *rows, const Type *type) {
  for (size_t i = 0; i < rows->count; i++) {
    if (head_of(v, rows->items[i][0], type).kind != ANY) return false;
  }
  return true;
}

static bool missing(Cover *v, const Rows *rows, uint32_t columns, const Type **types, Witness *out) {
  if (!spend(v, 1 + rows->count)) return false;
  if (columns == 0) {
    out->parts = NULL;
    return rows->count == 0;
  }
  uint32_t ctors = ctor_count(v, types[0]);
  if (all_any(v, rows, types[0]) || (!ctors && !is_scalar(types[0]))) {
    Rows rest = rows_of_any(v, rows, columns, types);
    return missing_behind(v, &rest, columns, types, "_", out);
  }
  if (is_scalar(types[0])) return missing_scalar(v, rows, columns, types, out);
  for (uint32_t i = 0; i < ctors && !v->exceeded; i++) {
    if (missing_ctor(v, rows, columns, types, i, out)) return true;
  }
  return false;
}

/* ---- What is of no use ---- */

static bool useful(Cover *v, const Rows *rows, uint32_t columns, const Type **types, Pattern **row);

static bool useful_ctor(Cover *v, const Rows *rows, uint32_t columns, const Type **types, Pattern **row, uint32_t index, bool any) {
  uint32_t parts = ctor_parts(v, types[0], index);
  const Type **inner = expand_types(v, types, columns, index, parts);
  Rows some = rows_of_ctor(v, rows, columns, types, index, inner);
  return useful(v, &some, columns - 1 + parts, inner, expand_row(v, row, columns, types[0], parts, any));
}

static bool useful_interval(Cover *v, const Rows *rows, uint32_t columns, const Type **types, Pattern **row, PatHead head) {
  size_t count;
  if (head.low > head.high) return false;
  int64_t *starts = interval_starts(v, rows, types[0], &count);
  for (size_t i = 0; i <= count && !v->exceeded; i++) {
    int64_t at = i < count ? starts[i] : head.low;
    if (at < head.low || at > head.high) continue;
    Rows some = rows_of_interval(v, rows, columns, types, at);
    if (useful(v, &some, columns - 1, types + 1, row + 1)) return true;
  }
  return false;
}

static bool same_literal(const Pattern *a, const Pattern *b) {
  if (!a || a->kind != PAT_LITERAL || b->kind != PAT_LITERAL || a->literal->kind != b->literal->kind) return false;
  if (a->literal->kind == EXPR_FLOAT) return a->literal->real == b->literal->real;
  if (a->literal->kind != EXPR_STRING) return false;
  return a->literal->string.len == b->literal->string.len && memcmp(a->literal->string.text, b->literal->string.text, a->literal->string.len) == 0;
}

static bool same_test(Cover *v, const Pattern *a, const Pattern *b) {
  if (!a || a->kind != PAT_TYPE || b->kind != PAT_TYPE) return false;
  return check_type_here(v->c, a->type_test.test) == check_type_here(v->c, b->type_test.test);
}

static bool useful_open(Cover *v, const Rows *rows, uint32_t columns, const Type **types, Pattern **row) {
  Rows some = {0};
  for (size_t i = 0; i < rows->count && !v->exceeded; i++) {
    Pattern *p = rows->items[i][0];
    bool covers = head_of(v, p, types[0]).kind == ANY || same_literal(p, row[0]) || same_test(v, p, row[0]);
    if (covers) add_row(v, &some, rows->items[i] + 1, columns - 1, columns > 1 ? types[1] : NULL);
  }
  return useful(v, &some, columns - 1, types + 1, row + 1);
}

static bool useful(Cover *v, const Rows *rows, uint32_t columns, const Type **types, Pattern **row) {
  if (!spend(v, 1 + rows->count)) return true;
  if (columns == 0 || rows->count == 0) return rows->count == 0;
  if (is_or(row[0], types[0])) {
    for (size_t i = 0; i < row[0]->list.count; i++) {
      Pattern **copy = ARENA_ARRAY(v->c->arena, Pattern *, columns);
      memcpy(copy, row, columns * sizeof *copy);
      copy[0] = row[0]->list.items[i];
      if (useful(v, rows, columns, types, copy)) return true;
    }
    return false;
  }
  PatHead head = head_of(v, row[0], types[0]);
  uint32_t ctors = ctor_count(v, types[0]);
  if (head.kind == CTOR) return useful_ctor(v, rows, columns, types, row, head.index, false);
  if (head.kind == INTERVAL) return useful_interval(v, rows, columns, types, row, head);
  if (head.kind != ANY) return useful_open(v, rows, columns, types, row);
  if (all_any(v, rows, types[0]) || (!ctors && !is_scalar(types[0]))) {
    Rows rest = rows_of_any(v, rows, columns, types);
    return useful(v, &rest, columns - 1, types + 1, row + 1);
  }
  if (!ctors) return useful_interval(v, rows, columns, types, row, (PatHead){.kind = INTERVAL, .low = least(types[0]), .high = greatest(types[0])});
  for (uint32_t i = 0; i < ctors; i++) {
    if (useful_ctor(v, rows, columns, types, row, i, true)) return true;
  }
  return false;
}

/* ---- Reports ---- */

static bool has_error(const Pattern *p) {
  if (p->kind == PAT_ERROR) return true;
  if (p->kind == PAT_CASE) {
    for (size_t i = 0; i < p->case_.arg_count; i++) {
      if (has_error(p->case_.args[i])) return true;
    }
  }
  for (size_t i = 0; (p->kind == PAT_TUPLE || p->kind == PAT_OR) && i < p->list.count; i++) {
    if (has_error(p->list.items[i])) return true;
  }
  return false;
}

static void report_missing(Cover *v, const Rows *rows, const Type *type, Span span) {
  const Type **types = ARENA_ARRAY(v->c->arena, const Type *, 1);
  types[0] = type;
  Witness first;
  if (!missing(v, rows, 1, types, &first)) return;
  const char *list = NULL;
  uint32_t shown = 0, more = 0, ctors = ctor_count(v, type);
  bool by_ctor = ctors && !all_any(v, rows, type);
  for (uint32_t i = 0; i < ctors && by_ctor; i++) {
    Witness w;
    if (!missing_ctor(v, rows, 1, types, i, &w)) continue;
    if (shown == SHOWN_MAX) {
      more++;
      continue;
    }
    list = list ? arena_format(v->c->arena, "%s, `%s`", list, w.parts[0]) : arena_format(v->c->arena, "`%s`", w.parts[0]);
    shown++;
  }
  if (!list) list = arena_format(v->c->arena, "`%s`", first.parts[0]);
  if (more) list = arena_format(v->c->arena, "%s and %u more", list, more);
  Diag *d = check_report(v->c, span, DIAG_NOT_COVERED, list);
  const Decl *decl = type->kind == TYPE_ENUM ? check_type_decl(v->c, type) : NULL;
  if (decl) check_note(v->c, d, decl->item->name_span, "its cases are declared here");
  diag_help(d, shown > 1 ? "add arms for them, or `_ => ...` for all the rest" : "add an arm, or `_ => ...` for all the rest");
}

void check_match_cover(Checker *c, MatchArm *arms, size_t count, const Type *type, Span span) {
  Cover v = {.c = c, .budget = BUDGET};
  Rows rows = {0};
  const Type **types = CHECK_ARRAY(c, const Type *, 1);
  types[0] = type;
  for (size_t i = 0; i < count; i++) {
    if (has_error(arms[i].pattern)) return;
  }
  size_t errors = c->comp->diags.errors;
  for (size_t i = 0; i < count && !v.exceeded; i++) {
    Pattern **row = CHECK_ARRAY(c, Pattern *, 1);
    row[0] = arms[i].pattern;
    if (count <= ARMS_MAX && !useful(&v, &rows, 1, types, row) && !v.exceeded) {
      Diag *d = check_report(c, arms[i].pattern->span, DIAG_ARM_USELESS);
      diag_help(d, "remove it, or put it before the arm that matches more");
    }
    if (!arms[i].guard) add_row(&v, &rows, row, 1, type);
  }
  if (c->comp->diags.errors != errors) return;
  if (v.exceeded) v = (Cover){.c = c, .budget = BUDGET};
  report_missing(&v, &rows, type, span);
  if (v.exceeded && c->comp->diags.errors == errors) {
    bool has_rest = false;
    for (size_t i = 0; i < count; i++) has_rest |= !arms[i].guard && (arms[i].pattern->kind == PAT_WILDCARD || arms[i].pattern->kind == PAT_BIND);
    if (!has_rest) diag_help(check_report(c, span, DIAG_MATCH_COMPLEX), "add an arm `_ => ...`");
  }
}
