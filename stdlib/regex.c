/* regex.c - the native of `regex`: the walk through a text by a table of states.
 *
 * regex_automaton.firn makes states and their steps when they are first met. What is here only follows those that are known. The arguments may
 * come from anywhere: that numbers fit together is checked, a wrong table gives wrong answers only.
 */
#define _GNU_SOURCE
#include "stdlib/support.h"

/* A row holds what follows each ASCII character and, last, the text's end: 0 when it is not known yet, or the next state (0: none) times 4,
 * 2 if a match ends before the character, and 1. */
enum { ROW = 129, ROW_END = 128, NO_WAY = 1, IS_MATCH = 2, NEXT_SHIFT = 2 };

/* Steps over other characters, none or as many: where the state and the character lead, a key of both and an entry as in rows. */
enum { WIDE_SIZE = 4096, CHAR_BITS = 21 };

/* What a search is about, in a list; the first state for each kind of character before a match is last. */
enum { START, AT, STATE, MATCH_END, FROM, SPENT, LAST_START, EARLY, BEGIN, BEGIN_COUNT = 5, SEARCH_SIZE = BEGIN + BEGIN_COUNT };

/* What a search gives. */
enum { NOTHING, FOUND, UNKNOWN_STEP, UNKNOWN_BEGIN, TOO_COSTLY, UNFINISHED };

/* Bytes looked at in a step of a search: a call ends behind the first step that makes it so many, so it looks at less than three times as many, at
 * half a unit each. */
enum { WORK_CHUNK = 2700, UNITS_MOST = 4096 };

/* Bytes of the prefix that are looked for: more would take time to prepare in each call. */
enum { PREFIX_MOST = 64 };

typedef struct Search {
  const uint8_t *bytes;
  int64_t length;
  const String *prefix;
  const int64_t *rows, *wide;
  int64_t states;
  int64_t *at; /* the numbers above */
  int64_t work; /* bytes */
} Search;

/* The state that a match at `start` begins with: by the text's start, a newline, a word's character, another one, one beyond ASCII. */
static int64_t begin_at(const Search *s, int64_t start) {
  if (start == 0) return s->at[BEGIN];
  uint8_t b = s->bytes[start - 1];
  bool is_word = (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || b == '_';
  return s->at[BEGIN + (b == '\n' ? 1 : is_word ? 2 : b < 0x80 ? 3 : 4)];
}

/* What is known of the step over the character at `at`, whose size it tells; 0: nothing. */
static int64_t step_find(const Search *s, int64_t state, int64_t at, int64_t *size) {
  *size = 1;
  if (at == s->length) return s->rows[state * ROW + ROW_END];
  if (s->bytes[at] < 0x80) return s->rows[state * ROW + s->bytes[at]];
  if (!s->wide) return 0;
  const char *next = (const char *)s->bytes + at;
  uint32_t c = utf8_get(&next);
  *size = next - ((const char *)s->bytes + at);
  const int64_t *entry = s->wide + ((state * 31 + c) & (WIDE_SIZE - 1)) * 2;
  return entry[0] == (state << CHAR_BITS | c) ? entry[1] : 0;
}

/* Follows the rows from AT on: UNKNOWN_STEP when it goes on with a step that no row knows, UNFINISHED, or NOTHING when the way ends. */
static int walk(Search *s) {
  const int64_t first = s->at[AT];
  int64_t at = first, state = s->at[STATE], end = s->at[MATCH_END];
  bool is_over = state == 0, is_known = true;
  while (!is_over && at - first < WORK_CHUNK) {
    int64_t size, entry = step_find(s, state, at, &size);
    is_known = entry != 0;
    if (!is_known) break;
    if (entry & IS_MATCH) end = at;
    int64_t next = entry >> NEXT_SHIFT;
    is_over = next <= 0 || next >= s->states || at == s->length || (end == at && s->at[EARLY]);
    if (!is_over) state = next, at += size;
  }
  s->work += at - first;
  s->at[AT] = at;
  s->at[STATE] = state;
  s->at[MATCH_END] = end;
  return !is_known ? UNKNOWN_STEP : is_over ? NOTHING : UNFINISHED;
}

/* The first place from one on where a way leads from the begin, or where that is not known; or one before that, after much work. */
static int64_t start_skip(const Search *s, int64_t at) {
  const int64_t *begin = s->at + BEGIN, length = s->length - at < WORK_CHUNK ? s->length : at + WORK_CHUNK;
  if (begin[1] && begin[1] == begin[2] && begin[1] == begin[3]) {
    if (at == 0 && begin[0] != begin[1]) return at;
    const int64_t *row = s->rows + begin[1] * ROW;
    while (at < length && s->bytes[at] < 0x80 && row[s->bytes[at]] == NO_WAY) at++;
    return at;
  }
  for (int64_t state; at < length && s->bytes[at] < 0x80 && (state = begin_at(s, at)) != 0; at++) {
    if (s->rows[state * ROW + s->bytes[at]] != NO_WAY) break;
  }
  return at;
}

/* The next place from one on where the prefix stands; or one before that, after much work; behind the end if there is none. */
static int64_t prefix_find(const Search *s, int64_t at) {
  int64_t size = s->prefix->length < PREFIX_MOST ? s->prefix->length : PREFIX_MOST, end = s->length - at < WORK_CHUNK + size ? s->length : at + WORK_CHUNK + size;
  const uint8_t *found = memmem(s->bytes + at, (size_t)(end - at), s->prefix->bytes, (size_t)size);
  if (found) return found - s->bytes;
  if (end == s->length) return s->length + 1;
  for (end -= size; utf8_is_tail((char)s->bytes[end]); end--) {}
  return end;
}

/* Moves START to the next place where a match may begin; false if there is none. */
static bool start_move(Search *s) {
  int64_t first = s->at[START], at = s->prefix->length ? prefix_find(s, first) : start_skip(s, first);
  s->work += at - first;
  s->at[START] = at;
  return at <= s->length && at <= s->at[LAST_START];
}

static int search_run(Search *s) {
  while (s->work < WORK_CHUNK) {
    if (s->at[STATE] < 0) { /* between two ways */
      if (!start_move(s)) return NOTHING;
      s->at[AT] = s->at[START];
      s->at[STATE] = begin_at(s, s->at[START]);
      if (s->at[STATE] == 0) return UNKNOWN_BEGIN;
    }
    int walked = walk(s);
    if (walked != NOTHING) return walked;
    if (s->at[MATCH_END] >= 0) return FOUND;
    if (s->at[START] >= s->length || s->at[START] >= s->at[LAST_START]) return NOTHING;
    s->at[SPENT] += s->at[AT] - s->at[START];
    do s->at[START]++; while (s->at[START] < s->length && utf8_is_tail((char)s->bytes[s->at[START]]));
    s->at[STATE] = -1;
    if (s->at[SPENT] > 8 * (s->at[START] - s->at[FROM]) + 1000) return TOO_COSTLY;
  }
  return UNFINISHED;
}

static bool fits(const Search *s) {
  const int64_t *at = s->at;
  for (int i = 0; i < BEGIN_COUNT; i++) {
    if (at[BEGIN + i] < 0 || at[BEGIN + i] >= s->states) return false;
  }
  bool is_inside = at[FROM] >= 0 && at[FROM] <= at[START] && at[START] <= at[AT] && at[AT] <= s->length;
  if (!is_inside || utf8_is_tail((char)s->bytes[at[AT]])) return false;
  return at[STATE] >= -1 && at[STATE] < s->states && at[SPENT] >= 0 && at[SPENT] < INT64_C(1) << 60;
}

NATIVE("regex.search", regex_search, "(string, string, [int], [int], [int]) -> int",
       "Looks for a match: in a text, of which each match begins with a prefix, by rows of states and wide steps, going on with a search.") {
  const String *text = args[0].p;
  const List *rows = args[2].p, *wide = args[3].p, *list = args[4].p;
  Search s = {.bytes = (const uint8_t *)text->bytes, .length = text->length, .prefix = args[1].p, .rows = rows->data,
              .wide = wide->length ? wide->data : NULL, .states = rows->length / ROW, .at = list->data};
  bool fits_lists = list->length == SEARCH_SIZE && (wide->length == 0 || wide->length == 2 * WIDE_SIZE);
  if (!fits_lists || !fits(&s)) return BAD_ARGUMENT(guest, "a search that does not fit its text or table");
  Trap unpaid = work_pay(guest, UNITS_MOST);
  if (unpaid) return unpaid;
  int result = search_run(&s);
  guest->fuel += UNITS_MOST - s.work / 2;
  args[0].i = result;
  return TRAP_NONE;
}
