/* Collecting and printing messages (see diag.h).
 *
 * A message is printed with the first line of its span.  Tabs are widened, control characters replaced, wide
 * characters measured, and a long line is cut to a window round the span, so carets always stand under their text. */
#include "diag.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_SHOWN 20
#define DEFAULT_WIDTH 100
#define TAB_WIDTH 4

static const char *const code_texts[] = {
#define DIAG(code, name, format) code,
#include "diag.def"
#undef DIAG
};

static const char *const formats[] = {
#define DIAG(code, name, format) format,
#include "diag.def"
#undef DIAG
};

void diags_init(Diags *d, Arena *a, Sources *sources) {
  *d = (Diags){.arena = a, .sources = sources};
  d->muted = ARENA_NEW(a, Diag);
  d->muted->owner = d;
}

/* An error at the same place with the same code adds nothing: it comes of reading the same text twice. */
static bool is_repeated(const Diags *d, Span span, DiagCode code) {
  for (size_t i = d->count, tried = 0; i-- > 0 && tried < 8; tried++) {
    const Diag *old = d->items[i];
    if (old->code == code && old->span.source == span.source && old->span.start == span.start) return true;
  }
  return false;
}

/* "a `int`" becomes "an `int`": formats cannot know what they are given. */
static const char *with_articles(Arena *a, const char *text) {
  size_t len = strlen(text), used = 0;
  char *out = arena_alloc(a, 2 * len + 1);
  for (size_t i = 0; i < len; i++) {
    out[used++] = text[i];
    bool is_word = text[i] == 'a' && (i == 0 || text[i - 1] == ' ') && text[i + 1] == ' ' && text[i + 2] == '`';
    if (is_word && text[i + 3] && strchr("aeioAEIO", text[i + 3])) out[used++] = 'n';
  }
  out[used] = 0;
  return out;
}

static Diag *report(Diags *d, Span span, DiagCode code, DiagLevel level, va_list args) {
  if (is_repeated(d, span, code)) return d->muted;
  Diag *diag = ARENA_NEW(d->arena, Diag);
  diag->owner = d;
  diag->level = level;
  diag->code = code;
  diag->span = span;
  diag->text = with_articles(d->arena, arena_vformat(d->arena, formats[code], args));
  diag->order = (uint32_t)d->count;
  VEC_PUSH(d->arena, d, diag);
  if (level == DIAG_ERROR) d->errors++;
  else d->warnings++;
  return diag;
}

Diag *diag_error(Diags *d, Span span, DiagCode code, ...) {
  va_list args;
  va_start(args, code);
  Diag *diag = report(d, span, code, DIAG_ERROR, args);
  va_end(args);
  return diag;
}

Diag *diag_verror(Diags *d, Span span, DiagCode code, va_list args) {
  return report(d, span, code, DIAG_ERROR, args);
}

Diag *diag_warning(Diags *d, Span span, DiagCode code, ...) {
  va_list args;
  va_start(args, code);
  Diag *diag = report(d, span, code, DIAG_WARNING, args);
  va_end(args);
  return diag;
}

Diag *diag_help(Diag *d, const char *format, ...) {
  if (d == d->owner->muted) return d;
  DiagHelp *help = ARENA_NEW(d->owner->arena, DiagHelp), **at = &d->helps;
  va_list args;
  va_start(args, format);
  help->text = with_articles(d->owner->arena, arena_vformat(d->owner->arena, format, args));
  va_end(args);
  while (*at) at = &(*at)->next;
  *at = help;
  return d;
}

Diag *diag_note(Diag *d, Span span, const char *format, ...) {
  if (d == d->owner->muted) return d;
  DiagNote *note = ARENA_NEW(d->owner->arena, DiagNote), **at = &d->notes;
  note->span = span;
  va_list args;
  va_start(args, format);
  note->label = arena_vformat(d->owner->arena, format, args);
  va_end(args);
  while (*at) at = &(*at)->next;
  *at = note;
  return d;
}

Span diags_remove(Diags *d, DiagCode code, Span from) {
  Span first = {0};
  size_t kept = 0;
  for (size_t i = 0; i < d->count; i++) {
    const Diag *diag = d->items[i];
    if (diag->code != code || diag->span.source != from.source || diag->span.start <= from.start) {
      d->items[kept++] = d->items[i];
      continue;
    }
    if (!first.source || diag->span.start < first.start) first = diag->span;
    if (diag->level == DIAG_ERROR) d->errors--;
    else d->warnings--;
  }
  d->count = kept;
  return first;
}

const char *diag_code_text(DiagCode code) {
  return code_texts[code];
}

static bool is_dropped(const Diags *d, const Diag *diag, const bool *dropped, const Diag *last) {
  if (diag->level == DIAG_ERROR) return false;
  if (dropped ? dropped[diag->code] : d->errors > 0) return true;
  return last && last->code == diag->code && last->span.source == diag->span.source && last->span.start == diag->span.start;
}

static void drop(Diags *d, const bool *dropped) {
  if (!d->warnings) return;
  diags_sort(d);
  size_t kept = 0;
  for (size_t i = 0; i < d->count; i++) {
    if (is_dropped(d, d->items[i], dropped, kept ? d->items[kept - 1] : NULL)) d->warnings--;
    else d->items[kept++] = d->items[i];
  }
  d->count = kept;
}

void diags_settle(Diags *d) {
  drop(d, NULL);
}

void diags_drop(Diags *d, const bool dropped[DIAG_COUNT]) {
  drop(d, dropped);
}

void diags_raise(Diags *d) {
  for (size_t i = 0; i < d->count; i++) d->items[i]->level = DIAG_ERROR;
  d->errors += d->warnings;
  d->warnings = 0;
}

const char *diag_format(DiagCode code) {
  return formats[code];
}

static int compare_places(const void *left, const void *right) {
  const Diag *a = *(Diag *const *)left, *b = *(Diag *const *)right;
  if (a->span.source != b->span.source) return a->span.source < b->span.source ? -1 : 1;
  if (a->span.start != b->span.start) return a->span.start < b->span.start ? -1 : 1;
  return a->order < b->order ? -1 : a->order > b->order;
}

void diags_sort(Diags *d) {
  if (d->count) qsort(d->items, d->count, sizeof *d->items, compare_places);
}

/* ---- Printing ---- */

typedef struct Printer {
  FILE *out;
  bool color;
  int64_t width;
  int gutter; /* digits of the largest line number shown */
} Printer;

static void set_color(const Printer *p, const char *escape) {
  if (p->color) fputs(escape, p->out);
}

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define BLUE "\033[1;34m"
#define PLAIN "\033[0m"

/* Ranges of scalars that terminals show in two columns, or in none; enough to keep carets in place. */
static const struct {
  uint32_t first, last;
  int columns;
} odd_widths[] = {
  {0x300, 0x36f, 0},     {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},   {0x2e80, 0x303e, 2},
  {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2},
  {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1f9ff, 2},
  {0x20000, 0x3fffd, 2},
};

static int scalar_width(uint32_t scalar) {
  for (size_t i = 0; i < sizeof odd_widths / sizeof *odd_widths; i++) {
    if (scalar >= odd_widths[i].first && scalar <= odd_widths[i].last) return odd_widths[i].columns;
  }
  return 1;
}

/* Reads a character of a line: its bytes, and how many columns it fills when it starts at `column`. */
static size_t measure(const char *text, size_t len, int64_t column, int64_t *columns) {
  uint32_t scalar;
  size_t used = utf8_decode(text, len, &scalar);
  if (used == 0) {
    *columns = 1;
    return 1;
  }
  *columns = scalar == '\t' ? TAB_WIDTH - column % TAB_WIDTH : scalar_width(scalar);
  return used;
}

static int64_t columns_before(Str line, size_t offset) {
  int64_t column = 0, columns;
  for (size_t i = 0; i < line.len && i < offset; column += columns) {
    i += measure(line.text + i, line.len - i, column, &columns);
  }
  return column;
}

/* Prints the part of a line that fills columns [from, to). */
static void print_window(const Printer *p, Str line, int64_t from, int64_t to) {
  int64_t column = 0, columns;
  for (size_t i = 0, used; i < line.len && column < to; i += used, column += columns) {
    const char *at = line.text + i;
    used = measure(at, line.len - i, column, &columns);
    if (column < from) continue;
    bool control = (unsigned char)*at < 0x20 || *at == 0x7f || (used == 1 && (unsigned char)*at >= 0x80) ||
                   (used == 2 && (unsigned char)*at == 0xc2 && (unsigned char)at[1] < 0xa0);
    if (*at == '\t') fprintf(p->out, "%*s", (int)columns, "");
    else if (control) fputc('?', p->out);
    else fwrite(at, 1, used, p->out);
  }
}

static void print_repeated(const Printer *p, char c, int64_t times) {
  while (times-- > 0) fputc(c, p->out);
}

/* Prints a span's first line with `mark` under the span and a label behind. */
static void print_excerpt(const Printer *p, Sources *sources, Span span, char mark, const char *color,
                          const char *label) {
  Source *source = sources_get(sources, span.source);
  SourcePos pos = source_position(sources, source, span.start);
  Str line = source_line_text(sources, source, pos.line);
  size_t line_start = (size_t)(line.text - source->text);
  size_t from_byte = span.start > line_start ? span.start - line_start : 0;
  size_t to_byte = span.end > line_start ? span.end - line_start : 0;
  int64_t from = columns_before(line, from_byte), to = columns_before(line, to_byte);
  int64_t all = columns_before(line, line.len);
  if (to <= from) to = from + 1;
  int64_t left = 0, right = all;
  if (all > p->width) {
    left = from > p->width / 3 ? from - p->width / 3 : 0;
    right = left + p->width;
    if (to > right) to = right;
  }
  set_color(p, BLUE);
  fprintf(p->out, "%*s |\n%*u |", p->gutter + 1, "", p->gutter + 1, pos.line);
  set_color(p, PLAIN);
  fputs(left > 0 ? " ..." : " ", p->out);
  print_window(p, line, left, right);
  fputs(right < all ? "...\n" : "\n", p->out);
  set_color(p, BLUE);
  fprintf(p->out, "%*s | ", p->gutter + 1, "");
  set_color(p, color);
  print_repeated(p, ' ', (left > 0 ? 3 : 0) + from - left);
  print_repeated(p, mark, to - from);
  if (label) fprintf(p->out, " %s", label);
  set_color(p, PLAIN);
  fputc('\n', p->out);
}

static int digits(uint32_t n) {
  int count = 1;
  while (n >= 10) n /= 10, count++;
  return count;
}

static void print_place(const Printer *p, Sources *sources, Span span, const char *arrow) {
  Source *source = sources_get(sources, span.source);
  SourcePos pos = source_position(sources, source, span.start);
  set_color(p, BLUE);
  fprintf(p->out, "%*s%s ", p->gutter + 1, "", arrow);
  set_color(p, PLAIN);
  fprintf(p->out, "%s:%u:%u\n", source->path, pos.line, pos.column);
}

static int gutter_of(const Diag *d) {
  Sources *sources = d->owner->sources;
  uint32_t largest = span_position(sources, d->span).line;
  for (const DiagNote *n = d->notes; n; n = n->next) {
    uint32_t line = span_position(sources, n->span).line;
    if (line > largest) largest = line;
  }
  return digits(largest);
}

void diag_print(const Diag *d, FILE *out, const DiagPrintOptions *options) {
  Printer p = {.out = out, .color = options && options->color, .gutter = gutter_of(d)};
  p.width = options && options->width ? options->width : DEFAULT_WIDTH;
  Sources *sources = d->owner->sources;
  const char *color = d->level == DIAG_ERROR ? RED : YELLOW;
  set_color(&p, color);
  fprintf(out, "%s[%s]", d->level == DIAG_ERROR ? "error" : "warning", code_texts[d->code]);
  set_color(&p, PLAIN);
  set_color(&p, BOLD);
  fprintf(out, ": %s\n", d->text);
  set_color(&p, PLAIN);
  if (sources_get(sources, d->span.source)) {
    print_place(&p, sources, d->span, "-->");
    print_excerpt(&p, sources, d->span, '^', color, NULL);
  }
  for (const DiagNote *n = d->notes; n; n = n->next) {
    if (!sources_get(sources, n->span.source)) {
      fprintf(out, "%*s = note: %s\n", p.gutter + 1, "", n->label);
      continue;
    }
    print_place(&p, sources, n->span, ":::");
    print_excerpt(&p, sources, n->span, '-', BLUE, n->label);
  }
  for (const DiagHelp *h = d->helps; h; h = h->next) fprintf(out, "%*s = help: %s\n", p.gutter + 1, "", h->text);
}

void diags_print(Diags *d, FILE *out, const DiagPrintOptions *options) {
  size_t shown = options && options->max_shown ? options->max_shown : DEFAULT_SHOWN;
  diags_sort(d);
  for (size_t i = 0; i < d->count && i < shown; i++) {
    if (i) fputc('\n', out);
    diag_print(d->items[i], out, options);
  }
  if (d->count > shown) fprintf(out, "\nand %zu more\n", d->count - shown);
}

/* ---- Misspelt names ---- */

#define SUGGEST_MAX 40

static uint32_t smaller(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

/* Returns the optimal string alignment distance: insertions, deletions, changes, swaps of neighbours. */
static uint32_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
  uint32_t rows[3][SUGGEST_MAX + 1];
  for (uint32_t j = 0; j <= b_len; j++) rows[0][j] = j;
  for (uint32_t i = 1; i <= a_len; i++) {
    uint32_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
    row[0] = i;
    for (uint32_t j = 1; j <= b_len; j++) {
      uint32_t change = up[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = smaller(change, smaller(up[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = smaller(row[j], up2[j - 2] + 1);
    }
  }
  return rows[a_len % 3][b_len];
}

void name_suggestion_try(NameSuggestion *s, Name candidate) {
  size_t wrong_len = strlen(s->wrong), len = strlen(candidate); /* the command line offers texts that are not interned */
  if (wrong_len == 0 || wrong_len > SUGGEST_MAX || len > SUGGEST_MAX) return;
  uint32_t allowed = wrong_len <= 3 ? 1 : wrong_len <= 5 ? 2 : (uint32_t)wrong_len / 3 + 1;
  if ((len > wrong_len ? len - wrong_len : wrong_len - len) > allowed) return;
  uint32_t distance = edit_distance(s->wrong, wrong_len, candidate, len);
  if (distance == 0 || distance >= wrong_len || distance >= len || distance > allowed) return;
  if (!s->best || distance < s->best_distance) {
    s->best = candidate;
    s->best_distance = distance;
  }
}
