/* math.c - natives of `math`: the correctly rounded functions of real numbers, the same bits on every machine.
 *
 * A function is computed in long double, whose error is far below half a unit of double. When rounding the result with that error added
 * and subtracted gives the same double, that is the answer; in the rare rest MPFR decides. Where long double is no wider than double
 * MPFR decides always.
 */
#include <float.h>
#include <math.h>
#include <mpfr.h>

#include "stdlib/support.h"

/* A bound of the relative error of libm's long double functions: 8 units, twice the worst that glibc states for any of these. */
#define RELATIVE_ERROR (8 * LDBL_EPSILON)

typedef long double (*Wide1)(long double x);
typedef long double (*Wide2)(long double x, long double y);
typedef int (*Exact1)(mpfr_ptr result, mpfr_srcptr x, mpfr_rnd_t mode);
typedef int (*Exact2)(mpfr_ptr result, mpfr_srcptr x, mpfr_srcptr y, mpfr_rnd_t mode);

/* Whether every number within the error of `wide` rounds to the same double, which is then in *result. */
static bool rounds_safely(long double wide, double *result) {
  if (LDBL_MANT_DIG < 64) return false;
  *result = (double)wide;
  return (double)(wide * (1 - RELATIVE_ERROR)) == (double)(wide * (1 + RELATIVE_ERROR)) || wide != wide;
}

/* MPFR with double's range and precision, subnormals included; y is NULL for functions of one argument. */
static __attribute__((noinline)) double exact(Exact1 f1, Exact2 f2, double x, double y) {
  mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
  mpfr_set_emin(-1073);
  mpfr_set_emax(1024);
  mpfr_t a, b;
  mpfr_init2(a, 53);
  mpfr_init2(b, 53);
  mpfr_set_d(a, x, MPFR_RNDN);
  mpfr_set_d(b, y, MPFR_RNDN);
  int inexact = f1 ? f1(a, a, MPFR_RNDN) : f2(a, a, b, MPFR_RNDN);
  mpfr_subnormalize(a, inexact, MPFR_RNDN);
  double result = mpfr_get_d(a, MPFR_RNDN);
  mpfr_clear(a);
  mpfr_clear(b);
  mpfr_set_emin(emin);
  mpfr_set_emax(emax);
  return result;
}

static double rounded1(Wide1 wide, Exact1 f, double x) {
  double result;
  if (rounds_safely(wide(x), &result)) return float_canonical(result);
  return float_canonical(exact(f, NULL, x, 0));
}

/* powl, but small whole powers by multiplication: at most 7 roundings, each of half a unit of long double, and no overflow in its range. */
static long double power_wide(long double x, long double y) {
  long double size = fabsl(y);
  if (!(size >= 1 && size <= 8) || size != truncl(size)) return powl(x, y);
  long double result = x;
  for (int i = 1; i < (int)size; i++) result *= x;
  return y < 0 ? 1 / result : result;
}

static double rounded2(Wide2 wide, Exact2 f, double x, double y) {
  double result;
  if (rounds_safely(wide(x, y), &result)) return float_canonical(result);
  return float_canonical(exact(NULL, f, x, y));
}

#define MATH1(name, doc)                                           \
  NATIVE("math." #name, math_##name, "(float) -> float", doc) {    \
    (void)guest;                                                   \
    args[0].f = rounded1(name##l, mpfr_##name, args[0].f);         \
    return TRAP_NONE;                                              \
  }

#define MATH2(name, doc)                                               \
  NATIVE("math." #name, math_##name, "(float, float) -> float", doc) { \
    (void)guest;                                                       \
    args[0].f = rounded2(name##l, mpfr_##name, args[0].f, args[1].f);  \
    return TRAP_NONE;                                                  \
  }

MATH1(sin, "The sine of an angle in radians.")
MATH1(cos, "The cosine of an angle in radians.")
MATH1(tan, "The tangent of an angle in radians.")
MATH1(asin, "The angle whose sine it is.")
MATH1(acos, "The angle whose cosine it is.")
MATH1(atan, "The angle whose tangent it is.")
MATH1(sinh, "The hyperbolic sine.")
MATH1(cosh, "The hyperbolic cosine.")
MATH1(tanh, "The hyperbolic tangent.")
MATH1(exp, "e to that power.")
MATH1(log, "The natural logarithm.")
MATH1(log2, "The logarithm to base 2.")
MATH1(log10, "The logarithm to base 10.")
MATH1(cbrt, "The cube root.")
MATH2(atan2, "The angle of the point with that y and x.")
MATH2(hypot, "The length of the hypotenuse of a right triangle.")

NATIVE("math.sqrt", math_sqrt, "(float) -> float", "The square root.") {
  (void)guest;
  args[0].f = float_canonical(sqrt(args[0].f));
  return TRAP_NONE;
}

NATIVE("math.pow", math_pow, "(float, float) -> float", "The first argument to the power of the second.") {
  (void)guest;
  args[0].f = rounded2(power_wide, mpfr_pow, args[0].f, args[1].f);
  return TRAP_NONE;
}

NATIVE("float.pow", float_pow, "(float, float) -> float", "The first argument to the power of the second.") {
  (void)guest;
  args[0].f = rounded2(power_wide, mpfr_pow, args[0].f, args[1].f);
  return TRAP_NONE;
}
