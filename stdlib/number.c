/* number.c - natives of `int` and `bool`. */
#include "stdlib/support.h"

NATIVE("int.to_string", to_string, "(int) -> string", "The decimal digits, with a minus sign if negative.") {
  char text[INT_TEXT_MAX];
  return give_text(guest, args, text, int_text(args[0].i, text));
}

NATIVE("int.parse", parse, "(string) -> int?", "The int that a whole string writes: perhaps a sign, then decimal digits; nil if it does not or is out of range.") {
  const String *s = args[0].p;
  const char *at = s->bytes, *end = at + s->length;
  CHARGE(guest, s->length);
  bool negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  if (at == end) return give_nil_int(args);
  int64_t value = 0;
  for (; at < end; at++) {
    int64_t digit = *at - '0';
    if (digit < 0 || digit > 9) return give_nil_int(args);
    if (__builtin_mul_overflow(value, (int64_t)10, &value)) return give_nil_int(args);
    if (__builtin_sub_overflow(value, digit, &value)) return give_nil_int(args); /* below zero there is one more */
  }
  if (!negative && value == INT64_MIN) return give_nil_int(args);
  return give_some_int(args, negative ? value : -value);
}

NATIVE("int.pow", power, "(int, int) -> int", "The first argument to the power of the second; traps when that is negative or the result overflows.") {
  (void)guest;
  int64_t base = args[0].i, exponent = args[1].i, result = 1;
  if (exponent < 0) return TRAP_NEGATIVE_POWER;
  for (; exponent; exponent >>= 1) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) return TRAP_INT_OVERFLOW;
    if (exponent == 1) break;
    /* Once squaring overflows, a later bit of the exponent makes the result overflow. */
    if (__builtin_mul_overflow(base, base, &base)) return TRAP_INT_OVERFLOW;
  }
  args[0].i = result;
  return TRAP_NONE;
}

NATIVE("bool.to_string", bool_to_string, "(bool) -> string", "true or false.") {
  return args[0].i ? give_text(guest, args, "true", 4) : give_text(guest, args, "false", 5);
}
