/* format.c - what stands behind the colon in "{x:[[fill]align][sign][0][width][.precision][type]}".
 *
 * align, sign and type are 0 when they are not given, precision is -1. Width counts characters; numbers align right, the rest left.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stdlib/support.h"

enum { FORMAT_MAX = 1000000, FLOAT_WHOLE_MAX = 310 };

typedef struct Layout {
  uint32_t fill;
  int64_t align, width; /* align: '<', '>', '^' */
} Layout;

/* Gives head, `zeros` zeros and body, filled up to the width. */
static Trap layout_give(Guest *guest, Value *args, Layout layout, const char *head, size_t head_length, size_t zeros, const char *body,
                        size_t body_length) {
  size_t chars = head_length + zeros + utf8_count(body, body_length);
  size_t missing = layout.width > (int64_t)chars ? (size_t)layout.width - chars : 0;
  size_t before = layout.align == '>' ? missing : layout.align == '^' ? missing / 2 : 0;
  size_t total = head_length + zeros + body_length + missing * utf8_size(layout.fill);
  if (total > STRING_MAX) return TRAP_TOO_LARGE;
  CHARGE(guest, total);
  String *s = string_alloc(guest, total);
  if (!s) return TRAP_OUT_OF_MEMORY;
  char *at = s->bytes;
  for (size_t i = 0; i < before; i++) at = utf8_put(at, layout.fill);
  memcpy(at, head, head_length);
  memset(at + head_length, '0', zeros);
  memcpy(at + head_length + zeros, body, body_length);
  at += head_length + zeros + body_length;
  for (size_t i = before; i < missing; i++) at = utf8_put(at, layout.fill);
  return give_object(args, s);
}

/* Gives a number's sign and digits. zero: zeros between them fill the width, whatever the alignment. */
static Trap number_give(Guest *guest, Value *args, Layout layout, int64_t sign, bool zero, bool negative, const char *digits, size_t length) {
  char head = negative ? '-' : sign == '+' || sign == ' ' ? (char)sign : 0;
  size_t head_length = head != 0, zeros = 0;
  if (!layout.align) layout.align = '>';
  if (zero && layout.width > (int64_t)(head_length + length)) zeros = (size_t)layout.width - head_length - length;
  return layout_give(guest, args, layout, &head, head_length, zeros, digits, length);
}

static Layout layout_of(const Value *fill, const Value *align, const Value *width) {
  return (Layout){(uint32_t)fill->u, align->i, width->i};
}

NATIVE("format.int", format_int, "(int, char, char, char, bool, int, char) -> string",
       "An int by fill, align, sign, zero, width and type: one of d x X b o.") {
  if (args[5].i > FORMAT_MAX) return TRAP_TOO_LARGE;
  int64_t n = args[0].i, type = args[6].i;
  uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
  unsigned base = type == 'x' || type == 'X' ? 16 : type == 'o' ? 8 : type == 'b' ? 2 : 10;
  const char *digits = type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  char text[64], *at = text + sizeof text;
  do *--at = digits[rest % base]; while (rest /= base);
  return number_give(guest, args, layout_of(&args[1], &args[2], &args[5]), args[3].i, args[4].i, n < 0, at,
                     (size_t)(text + sizeof text - at));
}

/* What printf gave with the host's decimal point, made to have a dot. Returns the new length. */
static size_t point_fix(char *text, size_t length) {
  size_t at = 0, end;
  while (at < length && text[at] >= '0' && text[at] <= '9') at++;
  if (at == length || text[at] == 'e') return length;
  for (end = at; end < length && !(text[end] >= '0' && text[end] <= '9');) end++;
  text[at] = '.';
  memmove(text + at + 1, text + end, length - end);
  return length - (end - at - 1);
}

NATIVE("format.float", format_float, "(float, char, char, char, bool, int, int, char) -> string",
       "A float by fill, align, sign, zero, width, precision and type: e or f; without precision and type the shortest text.") {
  if (args[5].i > FORMAT_MAX || args[6].i > FORMAT_MAX) return TRAP_TOO_LARGE;
  double x = args[0].f;
  int64_t precision = args[6].i, type = args[7].i;
  bool negative = signbit(x) && x == x, finite = isfinite(x);
  Layout layout = layout_of(&args[1], &args[2], &args[5]);
  x = fabs(x);
  if (!finite || (precision < 0 && type != 'e' && type != 'f')) {
    char text[FLOAT_TEXT_MAX];
    return number_give(guest, args, layout, args[3].i, args[4].i && finite, negative, text, float_text(x, text));
  }
  if (precision < 0) precision = 6;
  CHARGE(guest, 8 * (uint64_t)precision);
  char small[512];
  size_t room = (size_t)precision + FLOAT_WHOLE_MAX + 16;
  char *text = room <= sizeof small ? small : malloc(room);
  if (!text) return TRAP_OUT_OF_MEMORY;
  size_t length = (size_t)snprintf(text, room, type == 'e' ? "%.*e" : "%.*f", (int)precision, x);
  length = point_fix(text, length);
  Trap trap = number_give(guest, args, layout, args[3].i, args[4].i, negative, text, length);
  if (text != small) free(text);
  return trap;
}

NATIVE("format.string", format_string, "(string, char, char, int, int) -> string",
       "A string by fill, align, width and precision, which cuts it.") {
  if (args[3].i > FORMAT_MAX || args[4].i > FORMAT_MAX) return TRAP_TOO_LARGE;
  const String *s = args[0].p;
  size_t length = s->length;
  CHARGE(guest, length);
  if (args[4].i >= 0) {
    const char *at = s->bytes, *end = at + length;
    for (int64_t i = 0; i < args[4].i && at < end; i++) utf8_get(&at);
    length = (size_t)(at - s->bytes);
  }
  Layout layout = layout_of(&args[1], &args[2], &args[3]);
  if (!layout.align) layout.align = '<';
  return layout_give(guest, args, layout, "", 0, 0, s->bytes, length);
}
