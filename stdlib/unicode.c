/* unicode.c - natives of `unicode`, by utf8proc's tables.
 *
 * utf8proc's own normalisation orders combining marks by swapping neighbours, which takes quadratic time for long runs of them: here they are
 * ordered by a stable sort that counts, and utf8proc only decomposes characters and composes the ordered ones, both in linear time.
 */
#include <stdlib.h>
#include <utf8proc.h>

#include "stdlib/support.h"
#include "vm/quota.h"

NATIVE("unicode.category_code", category_code, "(char) -> int", "The general category as utf8proc numbers it: 0 Cn, 1 Lu, 2 Ll, ...") {
  (void)guest;
  args[0].i = utf8proc_category((utf8proc_int32_t)args[0].i);
  return TRAP_NONE;
}

typedef struct Scalars { utf8proc_int32_t *at; size_t length, room; } Scalars;

enum { FORM_COMPOSED = 1, FORM_COMPATIBLE = 2, FORM_FOLDED = 4, EXPANSION_MAX = 32 };

static Trap scalars_reserve(Guest *guest, Scalars *s, size_t extra) {
  if (s->room - s->length >= extra) return TRAP_NONE;
  size_t room = s->room * 2 + extra;
  if (room > (size_t)STRING_MAX) return TRAP_TOO_LARGE;
  if (!quota_has_scratch(guest, room * sizeof *s->at)) return TRAP_OUT_OF_MEMORY;
  utf8proc_int32_t *grown = realloc(s->at, room * sizeof *grown);
  if (!grown) return TRAP_OUT_OF_MEMORY;
  s->at = grown;
  s->room = room;
  return TRAP_NONE;
}

static Trap decompose(Guest *guest, const String *text, utf8proc_option_t options, Scalars *out) {
  const char *at = text->bytes, *end = at + text->length;
  int bound = 0;
  while (at < end) {
    Trap trap = scalars_reserve(guest, out, EXPANSION_MAX);
    if (trap) return trap;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)utf8_get(&at), out->at + out->length, EXPANSION_MAX, options, &bound);
    if (n < 0 || n > EXPANSION_MAX) return TRAP_TOO_LARGE;
    out->length += (size_t)n;
  }
  return TRAP_NONE;
}

static unsigned combining_class(utf8proc_int32_t c) { return (unsigned)utf8proc_get_property(c)->combining_class & 255u; }

/* Sorts a run of combining marks by their class, equal ones in their order; `spare` has room for as many. */
static void marks_sort(utf8proc_int32_t *marks, size_t count, utf8proc_int32_t *spare) {
  size_t starts[257] = {0};
  for (size_t i = 0; i < count; i++) starts[combining_class(marks[i]) + 1]++;
  for (size_t i = 0; i < 256; i++) starts[i + 1] += starts[i];
  for (size_t i = 0; i < count; i++) spare[starts[combining_class(marks[i])]++] = marks[i];
  memcpy(marks, spare, count * sizeof *marks);
}

/* The same for the few marks that a run usually has. */
static void marks_sort_few(utf8proc_int32_t *marks, size_t count) {
  for (size_t i = 1; i < count; i++) {
    utf8proc_int32_t mark = marks[i];
    size_t to = i;
    for (; to && combining_class(marks[to - 1]) > combining_class(mark); to--) marks[to] = marks[to - 1];
    marks[to] = mark;
  }
}

static Trap marks_order(Scalars *s) {
  utf8proc_int32_t *spare = NULL;
  for (size_t i = 0; i < s->length;) {
    size_t end = i;
    while (end < s->length && combining_class(s->at[end])) end++;
    if (end - i > 16) {
      if (!spare && !(spare = malloc(s->length * sizeof *spare))) return TRAP_OUT_OF_MEMORY;
      marks_sort(s->at + i, end - i, spare);
    } else {
      marks_sort_few(s->at + i, end - i);
    }
    i = end + 1;
  }
  free(spare);
  return TRAP_NONE;
}

static Trap scalars_give(Guest *guest, Value *args, const Scalars *s) {
  size_t total = 0;
  for (size_t i = 0; i < s->length; i++) total += utf8_size((uint32_t)s->at[i]);
  if (total > STRING_MAX) return TRAP_TOO_LARGE;
  CHARGE(guest, total);
  String *result = string_alloc(guest, total);
  if (!result) return TRAP_OUT_OF_MEMORY;
  char *to = result->bytes;
  for (size_t i = 0; i < s->length; i++) to = utf8_put(to, (uint32_t)s->at[i]);
  return give_object(args, result);
}

static bool is_ascii(const String *s) {
  for (size_t i = 0; i < s->length; i++) {
    if ((unsigned char)s->bytes[i] > 0x7f) return false;
  }
  return true;
}

NATIVE("unicode.normalize", normalize, "(string, int) -> string",
       "Unicode's normal form: the sum of 1 for composed and 2 for compatible; 4: folded case in place of that.") {
  const String *text = args[0].p;
  int form = (int)args[1].i;
  CHARGE(guest, 16 * (uint64_t)text->length);
  if (!(form & FORM_FOLDED) && is_ascii(text)) return TRAP_NONE;
  int options = form & FORM_FOLDED ? UTF8PROC_CASEFOLD : UTF8PROC_DECOMPOSE;
  if (form & FORM_COMPATIBLE) options |= UTF8PROC_COMPAT;
  Scalars scalars = {0};
  Trap trap = decompose(guest, text, (utf8proc_option_t)options, &scalars);
  if (!trap && !(form & FORM_FOLDED)) trap = marks_order(&scalars);
  if (!trap && (form & FORM_COMPOSED) && scalars.length) {
    options = UTF8PROC_COMPOSE | UTF8PROC_STABLE;
    utf8proc_ssize_t length = utf8proc_normalize_utf32(scalars.at, (utf8proc_ssize_t)scalars.length, (utf8proc_option_t)options);
    if (length < 0) trap = TRAP_TOO_LARGE;
    else scalars.length = (size_t)length;
  }
  if (!trap) trap = scalars_give(guest, args, &scalars);
  free(scalars.at);
  return trap;
}

/* The end of the grapheme cluster that begins at `at`, and how many columns of a terminal it takes. */
static const char *grapheme_end(const char *at, const char *end, int *columns) {
  utf8proc_int32_t state = 0, before = (utf8proc_int32_t)utf8_get(&at);
  *columns = utf8proc_charwidth(before);
  while (at < end) {
    const char *next = at;
    utf8proc_int32_t c = (utf8proc_int32_t)utf8_get(&next);
    if (utf8proc_grapheme_break_stateful(before, c, &state)) break;
    int width = c == 0xfe0f && *columns == 1 && before > 0x7f ? 2 : utf8proc_charwidth(c);
    if (width > *columns) *columns = width;
    before = c;
    at = next;
  }
  return at;
}

NATIVE("unicode.graphemes", graphemes, "(string) -> [string]", "The grapheme clusters: what a reader takes for characters.") {
  const String *s = args[0].p;
  CHARGE(guest, 32 * (uint64_t)s->length);
  int columns;
  size_t count = 0;
  for (const char *at = s->bytes, *end = at + s->length; at < end; count++) at = grapheme_end(at, end, &columns);
  List *list = string_list_new(guest, count);
  if (!list) return TRAP_OUT_OF_MEMORY;
  Trap trap = TRAP_NONE;
  for (const char *at = s->bytes, *end = at + s->length; at < end && !trap;) {
    const char *start = at;
    at = grapheme_end(at, end, &columns);
    trap = string_list_add(guest, list, start, (size_t)(at - start));
  }
  return trap ? trap : give_object(args, list);
}

NATIVE("unicode.width", width, "(string) -> int", "How many columns of a terminal the string takes.") {
  const String *s = args[0].p;
  CHARGE(guest, 4 * (uint64_t)s->length);
  int64_t total = 0;
  int columns;
  for (const char *at = s->bytes, *end = at + s->length; at < end;) {
    at = grapheme_end(at, end, &columns);
    total += columns > 0 ? columns : 0;
  }
  args[0].i = total;
  return TRAP_NONE;
}
