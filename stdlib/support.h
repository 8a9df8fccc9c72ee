/* support.h - what natives in C share: results, UTF-8, limits.
 *
 * A native reads all its arguments before it writes args[0]; the arguments stay roots until it returns. Strings are valid UTF-8. What it charges for
 * comes first of all (object.h, work_pay).
 */
#ifndef FIRN_STDLIB_SUPPORT_H
#define FIRN_STDLIB_SUPPORT_H

#include <string.h>

#include "vm/utf8.h"
#include "vm/guest.h"
#include "vm/native.h"
#include "vm/object.h"

/* Traps with BAD_ARGUMENT and a literal text. */
#define BAD_ARGUMENT(guest, text) guest_trap_text(guest, TRAP_BAD_ARGUMENT, text, sizeof text - 1)

/* In a native: pays for handling so many bytes, or leaves to be called again from the start. To stand before everything that shows. */
#define CHARGE(guest, bytes) \
  do { \
    Trap unpaid_ = work_pay(guest, WORK_FUEL(bytes)); \
    if (unpaid_) return unpaid_; \
  } while (0)

/* The same for so many bytes that leave the guest, which may be more than it may write. */
#define CHARGE_OUTPUT(guest, bytes) \
  do { \
    CHARGE(guest, bytes); \
    Trap over_ = guest_output(guest, bytes); \
    if (over_) return over_; \
  } while (0)

/* The same for what comes from outside. */
static inline void charge_owing(Guest *guest, uint64_t bytes) { work_owe(guest, WORK_FUEL(bytes)); }

static inline Trap give_object(Value *args, void *object) {
  if (!object) return TRAP_OUT_OF_MEMORY;
  args[0].p = object;
  return TRAP_NONE;
}

static inline Trap give_text(Guest *guest, Value *args, const char *text, size_t length) {
  if (length > STRING_MAX) return TRAP_TOO_LARGE;
  CHARGE(guest, length);
  return give_object(args, string_new(guest, text, length));
}

static inline Trap give_nil_int(Value *args) {
  args[0].u = args[1].u = 0;
  return TRAP_NONE;
}

static inline Trap give_some_int(Value *args, int64_t value) {
  args[0].u = 1;
  args[1].i = value;
  return TRAP_NONE;
}

/* An empty list of strings with room for so many. */
static inline List *string_list_new(Guest *guest, size_t room) {
  const ObjDesc *desc = desc_list_of(guest->program, TYPE_STRING);
  return desc ? list_new(guest, desc, (int64_t)room) : NULL;
}

/* Appends a part of a text to a list of strings. */
static inline Trap string_list_add(Guest *guest, List *list, const char *text, size_t length) {
  Value part = {.p = string_new(guest, text, length)};
  return part.p ? list_push_owing(guest, list, &part) : TRAP_OUT_OF_MEMORY;
}

/* UTF-8 */

static inline size_t utf8_size(uint32_t c) { return 1u + (c > 0x7f) + (c > 0x7ff) + (c > 0xffff); }

/* Writes a scalar value; returns the end. */
static inline char *utf8_put(char *at, uint32_t c) {
  if (c < 0x80) {
    *at++ = (char)c;
  } else if (c < 0x800) {
    *at++ = (char)(0xc0 | c >> 6);
    *at++ = (char)(0x80 | (c & 0x3f));
  } else {
    if (c < 0x10000) {
      *at++ = (char)(0xe0 | c >> 12);
    } else {
      *at++ = (char)(0xf0 | c >> 18);
      *at++ = (char)(0x80 | (c >> 12 & 0x3f));
    }
    *at++ = (char)(0x80 | (c >> 6 & 0x3f));
    *at++ = (char)(0x80 | (c & 0x3f));
  }
  return at;
}

/* Reads the scalar value at *at, of valid UTF-8, and moves behind it. */
static inline uint32_t utf8_get(const char **at) {
  const unsigned char *b = (const unsigned char *)*at;
  if (b[0] < 0x80) return *at += 1, b[0];
  if (b[0] < 0xe0) return *at += 2, (b[0] & 0x1fu) << 6 | (b[1] & 0x3fu);
  if (b[0] < 0xf0) return *at += 3, (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
  return *at += 4, (b[0] & 0x07u) << 18 | (b[1] & 0x3fu) << 12 | (b[2] & 0x3fu) << 6 | (b[3] & 0x3fu);
}

static inline bool utf8_is_tail(char byte) { return ((unsigned char)byte & 0xc0) == 0x80; }

/* The number of scalar values. */
static inline size_t utf8_count(const char *text, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++) count += !utf8_is_tail(text[i]);
  return count;
}

/* Gives bytes from outside as a string, what is not UTF-8 replaced by U+FFFD. Never refused. */
Trap give_foreign_text(Guest *guest, Value *args, const char *text, size_t length);

/* The white space that trim removes and char.is_space knows: Unicode's White_Space. */
bool char_is_space(uint32_t c);

/* Shortest decimal text of a float as Python's repr; returns the length, at most FLOAT_TEXT_MAX. */
enum { FLOAT_TEXT_MAX = 32, INT_TEXT_MAX = 24 };
size_t float_text(double x, char *text);
size_t int_text(int64_t n, char *text);

#endif
