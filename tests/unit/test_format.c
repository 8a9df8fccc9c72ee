/* test_format.c - numbers and formats as text, text as numbers, and the functions of math. */
#include "natives.h"

#include <math.h>
#include <stdio.h>

#define ck_float(expected, x) ck_text(expected, "float.to_string", F(x))

START_TEST(floats) {
  ck_float("1.0", 1.0);
  ck_float("-0.0", -0.0);
  ck_float("0.1", 0.1);
  ck_float("0.30000000000000004", 0.1 + 0.2);
  ck_float("0.0001", 0.0001);
  ck_float("1e-05", 0.00001);
  ck_float("9999999999999998.0", 9999999999999998.0);
  ck_float("1e+16", 1e16);
  ck_float("1.2345e+16", 12345e12);
  ck_float("1e+22", 1e22);
  ck_float("1e+23", 1e23);
  ck_float("123456789012345.6", 123456789012345.6);
  ck_float("5e-324", 5e-324);
  ck_float("2.2250738585072014e-308", 2.2250738585072014e-308);
  ck_float("1.7976931348623157e+308", 1.7976931348623157e308);
  ck_float("5.684341886080802e-14", 0x1p-44); /* the closest of 16 digits lies outside: the gap below is narrow */
}
END_TEST

START_TEST(floats_read_back) {
  uint64_t seed = 88172645463325252u;
  for (int i = 0; i < 300000; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    Value v = {.u = i % 3 == 0 ? seed & ~(UINT64_C(0xfffff) << 32) : seed};
    if (!isfinite(v.f)) continue;
    ck_assert_int_eq(CALL("float.to_string", v), TRAP_NONE);
    ck_assert_int_eq(CALL("float.parse", RESULT), TRAP_NONE);
    ck_assert_uint_eq(RESULT.u, v.u);
  }
}
END_TEST

START_TEST(parsing_floats) {
  static const char *const good[] = {"1", "1.5", "-2e3", "+.5", "5.", "1E-2", "inf", "-inf", "nan", "1e999", "00012"};
  static const double values[] = {1, 1.5, -2000, .5, 5, .01, INFINITY, -INFINITY, NAN, INFINITY, 12};
  for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
    ck_assert_int_eq(CALL("float.parse", text(good[i])), TRAP_NONE);
    ck_assert(RESULT.f == values[i] || (values[i] != values[i] && RESULT.u == CANONICAL_NAN));
  }
  static const char *const bad[] = {"", "-", ".", "e5", "1e", "1e+", " 1", "1 ", "0x10", "infinity", "NaN", "1_0", "1.2.3", "--1", "inf "};
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    ck_assert_int_eq(CALL("float.parse", text(bad[i])), TRAP_NONE);
    ck_assert_msg(RESULT.u == FLOAT_NIL(1), "%s", bad[i]);
  }
  ck_assert_int_eq(CALL("float.parse", text_of("1\0", 2)), TRAP_NONE);
  ck_assert_uint_eq(RESULT.u, FLOAT_NIL(1));
}
END_TEST

START_TEST(ints) {
  ck_text("0", "int.to_string", I(0));
  ck_text("-9223372036854775808", "int.to_string", I(INT64_MIN));
  ck_text("9223372036854775807", "int.to_string", I(INT64_MAX));
  static const struct { const char *text; bool good; int64_t value; } cases[] = {
    {"42", true, 42}, {"+7", true, 7}, {"-9223372036854775808", true, INT64_MIN}, {"9223372036854775807", true, INT64_MAX},
    {"9223372036854775808", false, 0}, {"-9223372036854775809", false, 0}, {"", false, 0}, {"-", false, 0}, {" 1", false, 0},
    {"1_000", false, 0}, {"0x1", false, 0}, {"1.0", false, 0}, {"99999999999999999999999", false, 0}, {"000", true, 0},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq(CALL("int.parse", text(cases[i].text)), TRAP_NONE);
    ck_assert_msg(RESULT.i == cases[i].good && fixture.slots[1].i == cases[i].value, "%s", cases[i].text);
  }
  static const struct { int64_t base, exponent; Trap trap; int64_t value; } powers[] = {
    {2, 10, TRAP_NONE, 1024}, {0, 0, TRAP_NONE, 1}, {-1, INT64_MAX, TRAP_NONE, -1}, {2, 62, TRAP_NONE, INT64_C(1) << 62}, {2, 63, TRAP_INT_OVERFLOW, 0},
    {-2, 63, TRAP_NONE, INT64_MIN}, {2, -1, TRAP_NEGATIVE_POWER, 0}, {3037000500, 2, TRAP_INT_OVERFLOW, 0}, {0, INT64_MAX, TRAP_NONE, 0}, {INT64_MIN, 1, TRAP_NONE, INT64_MIN},
  };
  for (unsigned i = 0; i < sizeof powers / sizeof *powers; i++) {
    ck_assert_int_eq(CALL("int.pow", I(powers[i].base), I(powers[i].exponent)), powers[i].trap);
    if (!powers[i].trap) ck_assert_int_eq(RESULT.i, powers[i].value);
  }
}
END_TEST

#define ck_int(expected, n, fill, align, sign, zero, width, type) \
  ck_text(expected, "format.int", I(n), I(fill), I(align), I(sign), I(zero), I(width), I(type))

START_TEST(format_ints) {
  ck_int("42", 42, ' ', 0, 0, 0, 0, 0);
  ck_int("   42", 42, ' ', 0, 0, 0, 5, 'd');
  ck_int("42   ", 42, ' ', '<', 0, 0, 5, 0);
  ck_int(" 42  ", 42, ' ', '^', 0, 0, 5, 0);
  ck_int("··+42", 42, 0xb7, '>', '+', 0, 5, 0);
  ck_int(" 42", 42, ' ', 0, ' ', 0, 0, 0);
  ck_int("-0042", -42, ' ', 0, '+', 1, 5, 0);
  ck_int("-ff", -255, ' ', 0, 0, 0, 0, 'x');
  ck_int("FF", 255, ' ', 0, '-', 0, 0, 'X');
  ck_int("00001010", 10, ' ', 0, 0, 1, 8, 'b');
  ck_int("-1000000000000000000000000000000000000000000000000000000000000000", INT64_MIN, ' ', 0, 0, 0, -1, 'b');
  ck_int("777", 511, ' ', 0, 0, 0, 1, 'o');
  ck_assert_int_eq(CALL("format.int", I(1), I(' '), I(0), I(0), I(0), I(1000001), I(0)), TRAP_TOO_LARGE);
}
END_TEST

#define ck_ffloat(expected, x, fill, align, sign, zero, width, precision, type) \
  ck_text(expected, "format.float", F(x), I(fill), I(align), I(sign), I(zero), I(width), I(precision), I(type))

START_TEST(format_floats) {
  ck_ffloat("1.50", 1.5, ' ', 0, 0, 0, 0, 2, 0);
  ck_ffloat("2", 2.5, ' ', 0, 0, 0, 0, 0, 'f');
  ck_ffloat("1.5", 1.5, ' ', 0, 0, 0, 0, -1, 0);
  ck_ffloat("1.500000", 1.5, ' ', 0, 0, 0, 0, -1, 'f');
  ck_ffloat("1.500000e+00", 1.5, ' ', 0, 0, 0, 0, -1, 'e');
  ck_ffloat("2e+10", 2e10, ' ', 0, 0, 0, 0, 0, 'e');
  ck_ffloat("  -1.2", -1.25, ' ', 0, 0, 0, 6, 1, 'f');
  ck_ffloat("-001.2", -1.25, ' ', 0, 0, 1, 6, 1, 'f');
  ck_ffloat("  +inf", INFINITY, ' ', 0, '+', 1, 6, 1, 'f');
  ck_ffloat("nan", NAN, ' ', 0, 0, 0, 0, 2, 'f');
  ck_ffloat("-0.00", -0.0, ' ', 0, 0, 0, 0, 2, 0);
  ck_ffloat("0.1000000000000000055511151231257827021181583404541015625000", 0.1, ' ', 0, 0, 0, 0, 58, 0);
  ck_assert_int_eq(CALL("format.float", F(1e308), I(' '), I(0), I(0), I(0), I(0), I(1000000), I('f')), TRAP_NONE);
  ck_assert_uint_eq(((String *)RESULT.p)->length, 309 + 1 + 1000000);
  ck_assert_int_eq(CALL("format.float", F(1), I(' '), I(0), I(0), I(0), I(0), I(1000001), I('f')), TRAP_TOO_LARGE);
}
END_TEST

#define ck_fstring(expected, s, fill, align, width, precision) \
  ck_text(expected, "format.string", text(s), I(fill), I(align), I(width), I(precision))

START_TEST(format_strings) {
  ck_fstring("é   ", "é", ' ', 0, 4, -1);
  ck_fstring("..é", "é", '.', '>', 3, -1);
  ck_fstring("-é--", "é", '-', '^', 4, -1);
  ck_fstring("né", "née", ' ', 0, 0, 2);
  ck_fstring("", "née", ' ', 0, 0, 0);
  ck_fstring("née", "née", ' ', 0, -1, 9);
}
END_TEST

START_TEST(math) {
  static const struct { const char *name; double x, result; } cases[] = {
    {"math.sin", 0, 0}, {"math.cos", 0, 1}, {"math.sin", 0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53}, {"math.exp", 1, 0x1.5bf0a8b145769p+1},
    {"math.exp", -1000, 0}, {"math.exp", 1000, INFINITY}, {"math.exp", -745, 0x1p-1074}, {"math.log", 10, 0x1.26bb1bbb55516p+1},
    {"math.log2", 8, 3}, {"math.log10", 1000, 3}, {"math.cbrt", 27, 3}, {"math.cbrt", -8, -2}, {"math.atan", INFINITY, 0x1.921fb54442d18p+0},
    {"math.log", 0, -INFINITY}, {"math.sin", 1e22, -0x1.b453ab76bf397p-1}, {"math.sqrt", 2, 0x1.6a09e667f3bcdp+0},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq(CALL(cases[i].name, F(cases[i].x)), TRAP_NONE);
    ck_assert_msg(RESULT.f == cases[i].result, "%s(%g) = %a", cases[i].name, cases[i].x, RESULT.f);
  }
  static const char *const nans[] = {"math.asin", "math.acos", "math.log", "math.sqrt"};
  for (unsigned i = 0; i < sizeof nans / sizeof *nans; i++) {
    ck_assert_int_eq(CALL(nans[i], F(-2)), TRAP_NONE);
    ck_assert_uint_eq(RESULT.u, CANONICAL_NAN);
  }
  ck_assert_int_eq(CALL("math.pow", F(2), F(0.5)), TRAP_NONE);
  ck_assert(RESULT.f == 0x1.6a09e667f3bcdp+0);
  ck_assert_int_eq(CALL("math.pow", F(94906267), F(2)), TRAP_NONE);
  ck_assert(RESULT.f == 94906267.0 * 94906267.0);
  ck_assert_int_eq(CALL("math.hypot", F(3), F(4)), TRAP_NONE);
  ck_assert(RESULT.f == 5);
  ck_assert_int_eq(CALL("math.atan2", F(-0.0), F(-1)), TRAP_NONE);
  ck_assert(RESULT.f == -0x1.921fb54442d18p+1);
  ck_assert_int_eq(CALL("float.round", F(-2.5)), TRAP_NONE);
  ck_assert(RESULT.f == -3);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("format");
  TCase *tests = tcase_create("format");
  tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, floats);
  tcase_add_test(tests, floats_read_back);
  tcase_add_test(tests, parsing_floats);
  tcase_add_test(tests, ints);
  tcase_add_test(tests, format_ints);
  tcase_add_test(tests, format_floats);
  tcase_add_test(tests, format_strings);
  tcase_add_test(tests, math);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
