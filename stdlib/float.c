/* float.c - text of floats and back. The shortest text that reads back is found by the Schubfach method (R. Giulietti, "The Schubfach way
 * to render doubles"): exact, without big numbers, from a table of powers of ten. */
#define _GNU_SOURCE
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "stdlib/support.h"

typedef struct Power { uint64_t high, low; } Power;

enum { POWER_MIN = -292, HIDDEN_BITS = 52, EXPONENT_BIAS = 1075 };

static const Power powers[] = {
#include "stdlib/powers.inc"
};

/* digits * 10**exponent */
typedef struct Decimal { uint64_t digits; int exponent; } Decimal;

/* The upper 64 bits of g * c, the lowest of them also set when anything but zero (or one unit of rounding) is cut off. */
static uint64_t multiply_to_odd(Power g, uint64_t c) {
  unsigned __int128 low = (unsigned __int128)g.low * c, high = (unsigned __int128)g.high * c + (uint64_t)(low >> 64);
  return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* The shortest decimal that rounds to c * 2**q, the closest of those. `narrow`: the gap below is half of the one above. */
static Decimal shortest(uint64_t c, int q, bool narrow) {
  bool odd = c & 1;
  int k = (q * 1262611 - (narrow ? 524031 : 0)) >> 22;
  int h = q + ((-k * 1741647) >> 19) + 1;
  Power g = powers[-k - POWER_MIN];
  uint64_t lower = multiply_to_odd(g, (4 * c - 2 + narrow) << h) + odd;
  uint64_t middle = multiply_to_odd(g, 4 * c << h);
  uint64_t upper = multiply_to_odd(g, (4 * c + 2) << h) - odd;
  uint64_t s = middle / 4;
  if (s >= 10) {
    uint64_t tens = s / 10;
    bool down = lower <= 40 * tens, up = 40 * tens + 40 <= upper;
    if (down != up) return (Decimal){tens + up, k + 1};
  }
  bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
  if (down != up) return (Decimal){s + up, k};
  uint64_t half = 4 * s + 2;
  return (Decimal){s + (middle > half || (middle == half && (s & 1))), k};
}

/* Of a finite float above 0. */
static Decimal float_decimal(double x) {
  Value v = {.f = x};
  uint64_t fraction = v.u & ((UINT64_C(1) << HIDDEN_BITS) - 1);
  int exponent = (int)(v.u >> HIDDEN_BITS);
  uint64_t c = exponent ? fraction | UINT64_C(1) << HIDDEN_BITS : fraction;
  int q = (exponent ? exponent : 1) - EXPONENT_BIAS;
  if (q <= 0 && q > -HIDDEN_BITS - 1 && (c & ((UINT64_C(1) << -q) - 1)) == 0) return (Decimal){c >> -q, 0};
  return shortest(c, q, fraction == 0 && exponent > 1);
}

size_t int_text(int64_t n, char *text) {
  char digits[INT_TEXT_MAX];
  size_t count = 0, length = 0;
  uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
  do digits[count++] = (char)('0' + rest % 10); while (rest /= 10);
  if (n < 0) text[length++] = '-';
  while (count) text[length++] = digits[--count];
  return length;
}

/* Digits with the decimal point behind the first `whole` of them (which may be none, or more than there are). */
static char *point_put(char *at, const char *digits, int count, int whole) {
  if (whole <= 0) {
    *at++ = '0';
    *at++ = '.';
    for (int i = whole; i < 0; i++) *at++ = '0';
    memcpy(at, digits, (size_t)count);
    return at + count;
  }
  for (int i = 0; i < whole; i++) *at++ = i < count ? digits[i] : '0';
  *at++ = '.';
  if (whole >= count) *at++ = '0';
  for (int i = whole; i < count; i++) *at++ = digits[i];
  return at;
}

static char *exponent_put(char *at, const char *digits, int count, int exponent) {
  *at++ = digits[0];
  if (count > 1) {
    *at++ = '.';
    memcpy(at, digits + 1, (size_t)count - 1);
    at += count - 1;
  }
  *at++ = 'e';
  *at++ = exponent < 0 ? '-' : '+';
  if (exponent < 0) exponent = -exponent;
  if (exponent >= 100) *at++ = (char)('0' + exponent / 100);
  *at++ = (char)('0' + exponent / 10 % 10);
  *at++ = (char)('0' + exponent % 10);
  return at;
}

size_t float_text(double x, char *text) {
  char *at = text;
  if (x != x) return memcpy(at, "nan", 3), 3;
  if (signbit(x)) *at++ = '-';
  x = fabs(x);
  if (isinf(x)) return memcpy(at, "inf", 3), (size_t)(at + 3 - text);
  if (x == 0) return memcpy(at, "0.0", 3), (size_t)(at + 3 - text);
  Decimal d = float_decimal(x);
  while (d.digits % 10 == 0) d.digits /= 10, d.exponent++;
  char digits[INT_TEXT_MAX];
  int count = (int)int_text((int64_t)d.digits, digits), whole = count + d.exponent;
  at = whole > -4 && whole <= 16 ? point_put(at, digits, count, whole) : exponent_put(at, digits, count, whole - 1);
  return (size_t)(at - text);
}

NATIVE("float.to_string", to_string, "(float) -> string", "The shortest text that reads back as the same float.") {
  char text[FLOAT_TEXT_MAX];
  return give_text(guest, args, text, float_text(args[0].f, text));
}

/* Reading */

static const char *digits_skip(const char *at) {
  while (*at >= '0' && *at <= '9') at++;
  return at;
}

/* The end of a number at `at`: digits, perhaps with a point, perhaps with an exponent. NULL if there is none. */
static const char *number_end(const char *at) {
  const char *end = digits_skip(at);
  size_t digits = (size_t)(end - at);
  if (*end == '.') {
    const char *fraction = end + 1;
    end = digits_skip(fraction);
    digits += (size_t)(end - fraction);
  }
  if (digits == 0) return NULL;
  if (*end != 'e' && *end != 'E') return end;
  const char *exponent = end + 1;
  if (*exponent == '+' || *exponent == '-') exponent++;
  end = digits_skip(exponent);
  return end == exponent ? NULL : end;
}

/* strtod without the host's locale; the C locale always exists. */
static double number_value(const char *text) {
  static locale_t c_locale;
  if (!c_locale) c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  return strtod_l(text, NULL, c_locale);
}

NATIVE("float.parse", parse, "(string) -> float?", "The float that a whole string writes: as a literal, or with a sign, or inf or nan.") {
  const String *s = args[0].p;
  const char *at = s->bytes, *end = at + s->length;
  CHARGE(guest, s->length);
  bool negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  args[0].u = FLOAT_NIL(1);
  if (end - at == 3 && memcmp(at, "inf", 3) == 0) args[0].f = negative ? -INFINITY : INFINITY;
  else if (end - at == 3 && memcmp(at, "nan", 3) == 0) args[0].u = CANONICAL_NAN;
  else if (number_end(at) == end) args[0].f = negative ? -number_value(at) : number_value(at);
  return TRAP_NONE;
}

NATIVE("float.round", round_away, "(float) -> float", "The nearest whole number; of two the one further from zero.") {
  (void)guest;
  args[0].f = float_canonical(round(args[0].f));
  return TRAP_NONE;
}
