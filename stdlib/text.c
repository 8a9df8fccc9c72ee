/* text.c - UTF-8 and the classes of characters, for the other natives; and the natives of `char`. */
#include <utf8proc.h>

#include "stdlib/support.h"

Trap give_foreign_text(Guest *guest, Value *args, const char *text, size_t length) {
  bool is_valid = utf8_valid(text, length);
  size_t total = is_valid ? length : 0;
  for (size_t i = 0, size; !is_valid && i < length; i += size ? size : 1) {
    size = utf8_sequence(text + i, length - i);
    total += size ? size : 3;
  }
  if (total > STRING_MAX) return TRAP_TOO_LARGE;
  charge_owing(guest, total);
  if (is_valid) return give_object(args, string_new(guest, text, length));
  String *s = string_alloc(guest, total);
  if (!s) return TRAP_OUT_OF_MEMORY;
  char *to = s->bytes;
  for (size_t i = 0, size; i < length; i += size ? size : 1) {
    size = utf8_sequence(text + i, length - i);
    if (size) memcpy(to, text + i, size), to += size;
    else to = utf8_put(to, 0xfffd);
  }
  return give_object(args, s);
}

bool char_is_space(uint32_t c) {
  if (c <= 32) return c == 32 || (c >= 9 && c <= 13);
  if (c < 0x1680) return c == 0x85 || c == 0xa0;
  return c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Unicode's simple mapping; utf8proc would give the rare capital sharp s. */
static utf8proc_int32_t upper_of(utf8proc_int32_t c) { return c == 0xdf ? c : utf8proc_toupper(c); }

NATIVE("char.is_space", is_space, "(char) -> bool", "Whether the character is white space, as Unicode defines it.") {
  (void)guest;
  args[0].i = char_is_space((uint32_t)args[0].u);
  return TRAP_NONE;
}

NATIVE("char.is_digit", is_digit, "(char) -> bool", "Whether the character is one of 0 to 9.") {
  (void)guest;
  args[0].i = args[0].i >= '0' && args[0].i <= '9';
  return TRAP_NONE;
}

NATIVE("char.is_letter", is_letter, "(char) -> bool", "Whether the character is a letter, in any script.") {
  (void)guest;
  utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)args[0].i);
  args[0].i = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
  return TRAP_NONE;
}

NATIVE("char.upper", upper, "(char) -> char", "The upper-case form, or the character itself.") {
  (void)guest;
  args[0].i = upper_of((utf8proc_int32_t)args[0].i);
  return TRAP_NONE;
}

NATIVE("char.lower", lower, "(char) -> char", "The lower-case form, or the character itself.") {
  (void)guest;
  args[0].i = utf8proc_tolower((utf8proc_int32_t)args[0].i);
  return TRAP_NONE;
}

static Trap char_string(Guest *guest, Value *args) {
  char text[4];
  char *end = utf8_put(text, (uint32_t)args[0].u);
  return give_object(args, string_new(guest, text, (size_t)(end - text)));
}

NATIVE("char.to_string", to_string, "(char) -> string", "The string of that one character.") { return char_string(guest, args); }

NATIVE("string.from_char", from_char, "(char) -> string", "The string of that one character.") { return char_string(guest, args); }

/* Literals */

enum { ESCAPE_MAX = 10 };

/* Whether a character is shown as \u{...}: controls, line separators, marks without width, and what turns the direction of text. */
static bool is_hidden(uint32_t c) {
  if (c < 0x80) return c < 0x20 || c == 0x7f;
  if (c < 0x2000) return c < 0xa0 || c == 0xad || c == 0x61c;
  return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c & 0xfffe) == 0xfffe;
}

static char *hex_put(char *at, uint32_t c) {
  int digits = 1;
  while (digits < 6 && c >> 4 * digits) digits++;
  while (digits--) *at++ = "0123456789abcdef"[c >> 4 * digits & 15];
  return at;
}

/* Writes a character as it stands in a literal between `quote`s; at most ESCAPE_MAX bytes. Returns the end. */
static char *literal_put(char *at, uint32_t c, char quote) {
  static const char escaped[] = "\n\t\r\\", letters[] = "ntr\\";
  const char *letter = c && c < 0x80 ? strchr(escaped, (int)c) : NULL;
  if (letter || c == 0 || c == (unsigned char)quote || (quote == '"' && (c == '{' || c == '}'))) {
    *at++ = '\\';
    *at++ = letter ? letters[letter - escaped] : c ? (char)c : '0';
    return at;
  }
  if (!is_hidden(c)) return utf8_put(at, c);
  *at++ = '\\';
  if (c < 0x80) {
    *at++ = 'x';
    *at++ = (char)('0' + (c >> 4));
    return hex_put(at, c & 15);
  }
  *at++ = 'u';
  *at++ = '{';
  at = hex_put(at, c);
  *at++ = '}';
  return at;
}

NATIVE("char.repr", char_repr, "(char) -> string", "The character as a literal, in single quotes.") {
  char text[ESCAPE_MAX + 2], *at = text;
  *at++ = '\'';
  at = literal_put(at, (uint32_t)args[0].u, '\'');
  *at++ = '\'';
  return give_text(guest, args, text, (size_t)(at - text));
}

NATIVE("string.repr", string_repr, "(string) -> string", "The string as a literal, in double quotes.") {
  const String *s = args[0].p;
  const char *end = s->bytes + s->length;
  CHARGE(guest, s->length);
  size_t total = 2;
  char one[ESCAPE_MAX];
  for (const char *at = s->bytes; at < end;) total += (size_t)(literal_put(one, utf8_get(&at), '"') - one);
  if (total > STRING_MAX) return TRAP_TOO_LARGE;
  CHARGE(guest, total);
  String *result = string_alloc(guest, total);
  if (!result) return TRAP_OUT_OF_MEMORY;
  char *to = result->bytes;
  *to++ = '"';
  for (const char *at = s->bytes; at < end;) {
    /* The last character may be shorter than the room literal_put asks for. */
    size_t size = (size_t)(literal_put(one, utf8_get(&at), '"') - one);
    memcpy(to, one, size);
    to += size;
  }
  *to = '"';
  return give_object(args, result);
}

/* Case of whole strings */

typedef utf8proc_int32_t (*CaseMap)(utf8proc_int32_t c);

static Trap case_map(Guest *guest, Value *args, CaseMap map, char first, char last) {
  const String *s = args[0].p;
  const char *end = s->bytes + s->length;
  CHARGE(guest, 4 * (uint64_t)s->length);
  size_t total = 0;
  bool changes = false, ascii = true;
  for (size_t i = 0; i < s->length; i++) {
    ascii &= (unsigned char)s->bytes[i] < 0x80;
    changes |= s->bytes[i] >= first && s->bytes[i] <= last;
  }
  if (ascii && !changes) return TRAP_NONE;
  if (ascii) total = s->length;
  for (const char *at = s->bytes; !ascii && at < end;) total += utf8_size((uint32_t)map((utf8proc_int32_t)utf8_get(&at)));
  if (total > STRING_MAX) return TRAP_TOO_LARGE;
  String *result = string_alloc(guest, total);
  if (!result) return TRAP_OUT_OF_MEMORY;
  char *to = result->bytes;
  if (ascii) {
    for (size_t i = 0; i < total; i++) to[i] = (char)(s->bytes[i] ^ (s->bytes[i] >= first && s->bytes[i] <= last ? 0x20 : 0));
  } else {
    for (const char *at = s->bytes; at < end;) to = utf8_put(to, (uint32_t)map((utf8proc_int32_t)utf8_get(&at)));
  }
  return give_object(args, result);
}

NATIVE("string.upper", string_upper, "(string) -> string", "All characters in upper case, one for one.") {
  return case_map(guest, args, upper_of, 'a', 'z');
}

NATIVE("string.lower", string_lower, "(string) -> string", "All characters in lower case, one for one.") {
  return case_map(guest, args, utf8proc_tolower, 'A', 'Z');
}
