/* natives.h - calling natives by name in unit tests. */
#ifndef FIRN_TESTS_NATIVES_H
#define FIRN_TESTS_NATIVES_H

#include "fixture.h"

#include <string.h>

/* A string that stays alive until ROOTS - 16 more were made. */
static inline Value text_of(const char *bytes, size_t length) {
  static unsigned turn;
  Value v = {.p = string_new(&fixture.guest, bytes, length)};
  ck_assert_ptr_nonnull(v.p);
  fixture.slots[16 + turn++ % (ROOTS - 16)] = v;
  return v;
}

static inline Value text(const char *bytes) { return text_of(bytes, strlen(bytes)); }

/* Calls a native on slots[0..], where its arguments stand; results are there too. */
static inline Trap call(const char *name, unsigned nargs, const Value *args) {
  char module[32];
  const char *dot = strchr(name, '.');
  memcpy(module, name, (size_t)(dot - name));
  module[dot - name] = 0;
  const NativeDef *native = native_find(module, dot + 1);
  ck_assert_msg(native != NULL, "no native %s", name);
  memmove(fixture.slots, args, nargs * sizeof *args);
  return native->fn(&fixture.guest, fixture.slots);
}

#define CALL(name, ...) call(name, sizeof((Value[]){__VA_ARGS__}) / sizeof(Value), (Value[]){__VA_ARGS__})
#define I(n) ((Value){.i = (n)})
#define F(x) ((Value){.f = (x)})
#define RESULT (fixture.slots[0])
#define RESULT_TEXT (((String *)fixture.slots[0].p)->bytes)

#define ck_text(expected, name, ...)                                                   \
  do {                                                                                 \
    ck_assert_int_eq(CALL(name, __VA_ARGS__), TRAP_NONE);                              \
    ck_assert_str_eq(RESULT_TEXT, expected);                                           \
    ck_assert_uint_eq(((String *)RESULT.p)->length, strlen(expected));                 \
  } while (0)

#endif
