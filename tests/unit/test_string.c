/* test_string.c - natives of string, char and bytes. */
#include "natives.h"

#include <stdio.h>

/* The strings of a list, each in brackets. */
static const char *listed(void) {
  static char all[512];
  size_t at = 0;
  const List *list = RESULT.p;
  all[0] = 0;
  for (int64_t i = 0; i < list->length; i++) {
    at += (size_t)snprintf(all + at, sizeof all - at, "[%s]", ((String *)((Value *)list->data)[i].p)->bytes);
  }
  return all;
}

#define ck_list(expected, name, ...)                      \
  do {                                                    \
    ck_assert_int_eq(CALL(name, __VA_ARGS__), TRAP_NONE); \
    ck_assert_str_eq(listed(), expected);                 \
  } while (0)

START_TEST(names_are_unique) {
  unsigned count;
  const NativeDef *const *all = native_all(&count);
  ck_assert_uint_ge(count, 70);
  for (unsigned i = 0; i < count; i++) {
    ck_assert_ptr_nonnull(strchr(all[i]->name, '.'));
    ck_assert(all[i]->signature[0] == '(' && all[i]->doc[0]);
    for (unsigned j = 0; j < i; j++) ck_assert_str_ne(all[i]->name, all[j]->name);
  }
  ck_assert_ptr_null(native_find("string", "nothing"));
  ck_assert_ptr_null(native_find("strin", "g.trim"));
}
END_TEST

START_TEST(trimming) {
  ck_text("a b", "string.trim", text(" \t\na b\r\n"));
  ck_text("x", "string.trim", text("\u2003\u00a0x\u3000"));
  ck_text("", "string.trim", text(" \u00a0 "));
  ck_text("x ", "string.trim_start", text(" x "));
  ck_text(" é", "string.trim_end", text(" é  "));
  ck_text("é", "string.trim", text("é"));
}
END_TEST

START_TEST(finding) {
  ck_assert_int_eq(CALL("string.find", text("hello"), text("l")), TRAP_NONE);
  ck_assert(RESULT.u == 1 && fixture.slots[1].i == 2);
  ck_assert_int_eq(CALL("string.find", text("hello"), text("z")), TRAP_NONE);
  ck_assert(RESULT.u == 0 && fixture.slots[1].u == 0);
  ck_assert_int_eq(CALL("string.find_from", text("hello"), text("l"), I(3)), TRAP_NONE);
  ck_assert(RESULT.u == 1 && fixture.slots[1].i == 3);
  ck_assert_int_eq(CALL("string.find_from", text("hello"), text(""), I(5)), TRAP_NONE);
  ck_assert(RESULT.u == 1 && fixture.slots[1].i == 5);
  ck_assert_int_eq(CALL("string.find_from", text("hello"), text(""), I(6)), TRAP_INDEX);
  ck_assert_int_eq(CALL("string.find_from", text("é"), text(""), I(1)), TRAP_CHAR_BOUNDARY);
  static const struct { const char *name, *s, *part; bool result; } cases[] = {
    {"string.contains", "abc", "bc", true},     {"string.contains", "abc", "", true},
    {"string.contains", "", "a", false},        {"string.starts_with", "abc", "ab", true},
    {"string.starts_with", "a", "ab", false},   {"string.ends_with", "abc", "bc", true},
    {"string.ends_with", "abc", "abcd", false}, {"string.ends_with", "", "", true},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq(CALL(cases[i].name, text(cases[i].s), text(cases[i].part)), TRAP_NONE);
    ck_assert_int_eq(RESULT.i, cases[i].result);
  }
}
END_TEST

START_TEST(replacing) {
  ck_text("x--y--z", "string.replace", text("x,y,z"), text(","), text("--"));
  ck_text("", "string.replace", text("aaa"), text("a"), text(""));
  ck_text("ba", "string.replace", text("aaa"), text("aa"), text("b"));
  ck_text("-a-é-", "string.replace", text("aé"), text(""), text("-"));
  ck_text("abababab", "string.repeat", text("ab"), I(4));
  ck_text("", "string.repeat", text("ab"), I(0));
  ck_text("", "string.repeat", text(""), I(INT64_MAX));
  ck_assert_int_eq(CALL("string.repeat", text("ab"), I(-1)), TRAP_BAD_ARGUMENT);
  ck_assert_int_eq(CALL("string.repeat", text("ab"), I(INT64_MAX)), TRAP_TOO_LARGE);
  ck_assert_int_eq(CALL("string.repeat", text("ab"), I((int64_t)1 << 30)), TRAP_TOO_LARGE);
}
END_TEST

START_TEST(splitting) {
  ck_list("[a][][b]", "string.split", text("a,,b"), text(","));
  ck_list("[]", "string.split", text(""), text(","));
  ck_list("[][]", "string.split", text("--"), text("--"));
  ck_list("[a][é]", "string.split", text("aé"), text(""));
  ck_list("[a][b][][c]", "string.lines", text("a\nb\r\n\nc"));
  ck_list("[a]", "string.lines", text("a\n"));
  ck_list("", "string.lines", text(""));
  ck_assert_int_eq(CALL("string.split", text("x y z"), text(" ")), TRAP_NONE);
  ck_text("x, y, z", "string.join", RESULT, text(", "));
  ck_assert_int_eq(CALL("string.lines", text("")), TRAP_NONE);
  ck_text("", "string.join", RESULT, text(", "));
}
END_TEST

static Value list_of(TypeKind kind, const int64_t *items, size_t count, unsigned slot) {
  List *list = list_new(&fixture.guest, desc_list_of(&fixture.program, kind), (int64_t)count);
  ck_assert_ptr_nonnull(list);
  fixture.slots[slot].p = list;
  list->length = 0;
  for (size_t i = 0; i < count; i++) ck_assert_int_eq(list_push(&fixture.guest, list, &(Value){.i = items[i]}), TRAP_NONE);
  return (Value){.p = list};
}

START_TEST(bytes_of_a_set) {
  int64_t holds['0' + 1] = {['0'] = 1}; /* '0', and all behind it */
  Value set = list_of(TYPE_BOOL, holds, '0' + 1, 8);
  static const struct { const char *text; int64_t from, found; } cases[] = {
    {"  0", 0, 2}, {" \u00e9", 0, 1}, {"  ", 0, 2}, {"00", 1, 1}, {"00", 2, 2}, {"", 0, 0}, {" a", 0, 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq(CALL("string.find_byte", text(cases[i].text), set, I(cases[i].from)), TRAP_NONE);
    ck_assert_int_eq(RESULT.i, cases[i].found);
  }
  ck_assert_int_eq(CALL("string.find_byte", text("00"), set, I(3)), TRAP_INDEX);
  ck_assert_int_eq(CALL("string.find_byte", text("00"), set, I(-1)), TRAP_INDEX);
}
END_TEST

/* Rows that no automaton makes: answers may be wrong, nothing else. */
START_TEST(hostile_searches) {
  enum { ROW = 129, SIZE = 13 };
  unsigned seed = 1;
  static const int64_t odd[] = {0, 1, -1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 1 << 20, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1000, 129};
  for (unsigned round = 0; round < 3000; round += test_stride()) {
    int64_t rows[3 * ROW], search[SIZE], wide[8192];
    for (size_t i = 0; i < 3 * ROW; i++) seed = seed * 1664525 + 1013904223, rows[i] = odd[(seed >> 16) % (seed >> 30 ? 12 : 18)];
    for (size_t i = 0; i < SIZE; i++) seed = seed * 1664525 + 1013904223, search[i] = odd[(seed >> 16) % (i >= 8 ? 3 : seed >> 30 ? 4 : 18)];
    for (size_t i = 0; i < 8192 && round % 64 == 0; i++) wide[i] = i % 2 ? odd[i % 18] : (int64_t)(i % 3) << 21 | 0xe9;
    Value table = list_of(TYPE_INT, rows, (size_t)(round % 4) * ROW, 8), steps = list_of(TYPE_INT, wide, round % 64 ? 0 : 8192, 9);
    Value state = list_of(TYPE_INT, search, round % 97 ? SIZE : SIZE - 1, 10);
    Trap trap = CALL("regex.search", text(round % 3 ? "a\u00e9b c\n" : ""), text(round % 5 ? "" : "b"), table, steps, state);
    ck_assert(trap == TRAP_BAD_ARGUMENT || (trap == TRAP_NONE && RESULT.i >= 0 && RESULT.i <= 4));
  }
}
END_TEST

START_TEST(characters) {
  ck_assert_int_eq(CALL("string.chars", text("aé😀")), TRAP_NONE);
  const List *list = RESULT.p;
  const uint32_t *chars = list->data;
  ck_assert(list->length == 3 && chars[0] == 'a' && chars[1] == 0xe9 && chars[2] == 0x1f600);
  ck_assert_int_eq(CALL("string.count_chars", text("aé😀")), TRAP_NONE);
  ck_assert_int_eq(RESULT.i, 3);
  ck_text("😀éa", "string.rev", text("aé😀"));
  ck_text("**ab", "string.pad_start", text("ab"), I(4), I('*'));
  ck_text("é··", "string.pad_end", text("é"), I(3), I(0xb7));
  ck_text("abc", "string.pad_end", text("abc"), I(-3), I(' '));
  ck_assert_int_eq(CALL("string.pad_end", text("a"), I(INT64_MAX), I(' ')), TRAP_TOO_LARGE);
  ck_text("😀", "char.to_string", I(0x1f600));
  ck_text("ÄÖ ß1", "string.upper", text("äö ß1"));
  ck_text("HELLO", "string.upper", text("Hello"));
  ck_text("hello", "string.lower", text("Hello"));
  ck_text("ÿⱥ", "string.lower", text("ŸȺ"));
  static const struct { const char *name; int64_t c, result; } cases[] = {
    {"char.is_digit", '7', 1}, {"char.is_digit", 0x665, 0}, {"char.is_letter", 'x', 1}, {"char.is_letter", 0x4e2d, 1},
    {"char.is_letter", '1', 0}, {"char.is_space", ' ', 1}, {"char.is_space", 0x3000, 1}, {"char.is_space", 'a', 0},
    {"char.upper", 0xe9, 0xc9}, {"char.lower", 'A', 'a'}, {"char.upper", '1', '1'},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq(CALL(cases[i].name, I(cases[i].c)), TRAP_NONE);
    ck_assert_int_eq(RESULT.i, cases[i].result);
  }
}
END_TEST

START_TEST(literals) {
  ck_text("\"a\\\"b\\\\\\n\\t\\r\\0\\{x\\}'\"", "string.repr", text_of("a\"b\\\n\t\r\0{x}'", 12));
  ck_text("\"é😀\\x1b\\x7f\\u{200b}\\u{85}\"", "string.repr", text("é😀\x1b\x7f\u200b\xc2\x85"));
  ck_text("'\\''", "char.repr", I('\''));
  ck_text("'\"'", "char.repr", I('"'));
  ck_text("'{'", "char.repr", I('{'));
  ck_text("'\\u{10ffff}'", "char.repr", I(0x10ffff));
}
END_TEST

START_TEST(bytes) {
  ck_assert_int_eq(CALL("string.bytes", text("aé")), TRAP_NONE);
  Value b = RESULT;
  fixture.slots[8] = b;
  ck_assert_int_eq(((Bytes *)b.p)->length, 3);
  ck_text("aé", "bytes.to_string", b);
  ck_assert_int_eq(CALL("bytes.slice", b, I(0), I(2)), TRAP_NONE);
  ck_assert_int_eq(CALL("bytes.to_string", RESULT), TRAP_NONE);
  ck_assert_uint_eq(RESULT.u, REF_NIL(1));
  ck_assert_int_eq(CALL("bytes.slice", b, I(2), I(1)), TRAP_SLICE);
  ck_assert_int_eq(CALL("bytes.append", b, b), TRAP_NONE);
  ck_assert_int_eq(CALL("bytes.append_string", b, text("!")), TRAP_NONE);
  ck_text("aéaé!", "bytes.to_string", b);
  ck_assert_int_eq(CALL("bytes.eq", b, b), TRAP_NONE);
  ck_assert_int_eq(RESULT.i, 1);
  ck_assert_int_eq(CALL("bytes.clear", b), TRAP_NONE);
  ck_text("", "bytes.to_string", b);
  /* Ill-formed: lone tails, overlong forms, surrogates, too large, cut off. */
  static const char *const bad[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                                    "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xff"};
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    Bytes *raw = bytes_new(&fixture.guest, 0);
    for (const char *at = bad[i]; *at; at++) ck_assert_int_eq(bytes_push(&fixture.guest, raw, (unsigned char)*at), TRAP_NONE);
    ck_assert_int_eq(CALL("bytes.to_string", (Value){.p = raw}), TRAP_NONE);
    ck_assert_uint_eq(RESULT.u, REF_NIL(1));
  }
  ck_assert_int_eq(bytes_push(&fixture.guest, b.p, 256), TRAP_BYTE_RANGE);
}
END_TEST

START_TEST(slices_and_chars) {
  Value s = text("aé"), out;
  ck_assert_int_eq(string_char(&fixture.guest, s.p, 1, &out), TRAP_NONE);
  ck_assert_int_eq(out.i, 0xe9);
  ck_assert_int_eq(string_char(&fixture.guest, s.p, 2, &out), TRAP_CHAR_BOUNDARY);
  ck_assert_int_eq(string_char(&fixture.guest, s.p, 3, &out), TRAP_INDEX);
  ck_assert_int_eq(string_char(&fixture.guest, s.p, -1, &out), TRAP_INDEX);
  ck_assert_int_eq(string_slice(&fixture.guest, s.p, 1, 3, &out), TRAP_NONE);
  ck_assert_str_eq(((String *)out.p)->bytes, "é");
  ck_assert_int_eq(string_slice(&fixture.guest, s.p, 0, 2, &out), TRAP_CHAR_BOUNDARY);
  ck_assert_int_eq(string_slice(&fixture.guest, s.p, 0, 4, &out), TRAP_SLICE);
  ck_assert_int_eq(string_slice(&fixture.guest, s.p, 2, 1, &out), TRAP_SLICE);
  ck_assert_int_eq(string_compare(s.p, text("aè").p), 1);
  ck_assert_int_eq(string_compare(text("a").p, s.p), -1);
}
END_TEST

/* With a unit less than it costs a native is refused and has done nothing; with as much it does the same as with plenty. */
static void pays_exactly(const char *name, unsigned nargs, const Value *args) {
  Guest *guest = &fixture.guest;
  guest->fuel = INT64_MAX;
  ck_assert_int_eq(call(name, nargs, args), TRAP_NONE);
  Value full[2] = {fixture.slots[0], fixture.slots[1]};
  fixture.slots[8] = full[0];
  int64_t cost = INT64_MAX - guest->fuel;
  uint64_t allocated = guest->allocated;
  for (int64_t less = cost < 3 ? cost : 3; less > 0; less--) {
    guest->fuel = cost - less - WORK_AHEAD;
    ck_assert_msg(call(name, nargs, args) == TRAP_RETRY, "%s, %d units less than %d", name, (int)less, (int)cost);
    ck_assert(memcmp(fixture.slots, args, nargs * sizeof *args) == 0);
    ck_assert_uint_eq(guest->allocated, allocated);
  }
  guest->fuel = cost - WORK_AHEAD;
  ck_assert_msg(call(name, nargs, args) == TRAP_NONE, "%s, %d units", name, (int)cost);
  ck_assert_int_eq(guest->fuel, -WORK_AHEAD);
  const Obj *object = full[0].p;
  bool is_string = full[0].u > 4096 && strcmp(name, "string.find") != 0 && strcmp(name, "string.split") != 0 && strcmp(name, "string.lines") != 0;
  if (is_string) ck_assert(string_equal((const String *)object, RESULT.p));
  else if (full[0].u > 4096) ck_assert_int_eq(((const List *)object)->length, ((const List *)RESULT.p)->length);
  else ck_assert(full[0].u == RESULT.u && full[1].u == fixture.slots[1].u);
  guest->fuel = INT64_MAX;
}

START_TEST(natives_pay_first) {
  char body[200];
  for (size_t length = 0; length < 120; length++) {
    memset(body, 'a', length);
    for (size_t i = 5; i < length; i += 7) body[i] = i % 2 ? ' ' : '\n';
    if (length) body[length - 1] = ' ';
    Value s = text_of(body, length), part = text("b"), blank = text(" "), more = text("--");
    fixture.slots[9] = s, fixture.slots[10] = part, fixture.slots[11] = blank, fixture.slots[12] = more;
    pays_exactly("string.find", 2, (Value[]){s, part});
    pays_exactly("string.find", 2, (Value[]){s, blank});
    pays_exactly("string.replace", 3, (Value[]){s, blank, more});
    pays_exactly("string.replace", 3, (Value[]){s, text(""), more});
    pays_exactly("string.split", 2, (Value[]){s, blank});
    pays_exactly("string.lines", 1, (Value[]){s});
    pays_exactly("string.trim", 1, (Value[]){s});
    pays_exactly("string.upper", 1, (Value[]){s});
    pays_exactly("string.repr", 1, (Value[]){s});
    pays_exactly("string.repeat", 2, (Value[]){s, I(5)});
    pays_exactly("string.pad_end", 3, (Value[]){s, I(100), I('x')});
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("string");
  TCase *tests = tcase_create("string");
  tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
  tcase_add_test(tests, names_are_unique);
  tcase_add_test(tests, trimming);
  tcase_add_test(tests, finding);
  tcase_add_test(tests, bytes_of_a_set);
  tcase_add_test(tests, hostile_searches);
  tcase_add_test(tests, replacing);
  tcase_add_test(tests, splitting);
  tcase_add_test(tests, characters);
  tcase_add_test(tests, literals);
  tcase_add_test(tests, bytes);
  tcase_add_test(tests, slices_and_chars);
  tcase_add_test(tests, natives_pay_first);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
