/* string.c - natives of `string` that look for, take apart and join. Offsets are in bytes. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "stdlib/support.h"

/* Trimming */

static const char *char_before(const char *at) {
  do at--; while (utf8_is_tail(*at));
  return at;
}

static bool is_space_at(const char *at) { return char_is_space(utf8_get(&at)); }

static Trap trim_give(Guest *guest, Value *args, bool at_start, bool at_end) {
  const String *s = args[0].p;
  const char *start = s->bytes, *end = start + s->length;
  at_start &= start < end && is_space_at(start);
  at_end &= start < end && is_space_at(char_before(end));
  if (!at_start && !at_end) return TRAP_NONE;
  CHARGE(guest, s->length);
  while (at_start && start < end && is_space_at(start)) utf8_get(&start);
  while (at_end && start < end && is_space_at(char_before(end))) end = char_before(end);
  return give_text(guest, args, start, (size_t)(end - start));
}

NATIVE("string.trim", trim, "(string) -> string", "The string without white space at both ends.") {
  return trim_give(guest, args, true, true);
}

NATIVE("string.trim_start", trim_start, "(string) -> string", "The string without white space at its start.") {
  return trim_give(guest, args, true, false);
}

NATIVE("string.trim_end", trim_end, "(string) -> string", "The string without white space at its end.") {
  return trim_give(guest, args, false, true);
}

/* Looking for parts */

static const char *part_find(const char *at, const char *end, const String *part) {
  return memmem(at, (size_t)(end - at), part->bytes, part->length);
}

NATIVE("string.contains", contains, "(string, string) -> bool", "Whether the second string stands in the first.") {
  const String *s = args[0].p, *part = args[1].p;
  CHARGE(guest, (uint64_t)s->length + part->length);
  args[0].i = part_find(s->bytes, s->bytes + s->length, part) != NULL;
  return TRAP_NONE;
}

NATIVE("string.starts_with", starts_with, "(string, string) -> bool", "Whether the first string begins with the second.") {
  const String *s = args[0].p, *part = args[1].p;
  CHARGE(guest, part->length);
  args[0].i = s->length >= part->length && memcmp(s->bytes, part->bytes, part->length) == 0;
  return TRAP_NONE;
}

NATIVE("string.ends_with", ends_with, "(string, string) -> bool", "Whether the first string ends with the second.") {
  const String *s = args[0].p, *part = args[1].p;
  CHARGE(guest, part->length);
  args[0].i = s->length >= part->length && memcmp(s->bytes + s->length - part->length, part->bytes, part->length) == 0;
  return TRAP_NONE;
}

/* Looks no further than can be paid for. */
static Trap find_give(Guest *guest, Value *args, int64_t from) {
  const String *s = args[0].p, *part = args[1].p;
  int64_t left = s->length - from, most = work_most_bytes(guest), looked = left < most ? left : most;
  const char *at = s->bytes + from, *found = part_find(at, at + looked, part);
  CHARGE(guest, (uint64_t)(found ? found - at : left) + part->length);
  return found ? give_some_int(args, found - s->bytes) : give_nil_int(args);
}

NATIVE("string.find", find, "(string, string) -> int?", "Where the second string first stands in the first.") {
  return find_give(guest, args, 0);
}

NATIVE("string.find_from", find_from, "(string, string, int) -> int?", "Where the second string first stands in the first, from an offset on.") {
  const String *s = args[0].p;
  int64_t from = args[2].i;
  if (from < 0 || from > s->length) return guest_trap_index(guest, from, s->length);
  if (utf8_is_tail(s->bytes[from])) {
    guest->trap_args[0] = from;
    return TRAP_CHAR_BOUNDARY;
  }
  return find_give(guest, args, from);
}

/* Replacing and repeating */

/* The next place to replace at or after `at`; an empty part stands before every character and at the end. NULL: there is none. */
static const char *place_next(const char *at, const char *end, const String *part) {
  return part->length ? part_find(at, end, part) : at;
}

/* Writes s with each `old` replaced into `to`. */
static void replace_put(const String *s, const String *old, const String *new, char *to) {
  const char *at = s->bytes, *end = at + s->length;
  for (const char *place; (place = place_next(at, end, old));) {
    const char *next = place + old->length;
    if (old->length == 0 && next < end) utf8_get(&next); /* the character that an empty part stands before */
    memcpy(to, at, (size_t)(place - at));
    to += place - at;
    memcpy(to, new->bytes, new->length);
    to += new->length;
    memcpy(to, place + old->length, (size_t)(next - place) - old->length);
    to += (size_t)(next - place) - old->length;
    if (old->length == 0 && place == end) return;
    at = next;
  }
  memcpy(to, at, (size_t)(end - at));
}

enum { PART_COST = 4 }; /* units for each part that is found */

/* Counts the places where a part stands, those that are found one after the other, and pays for them; no further than can be paid for. */
static Trap places_pay(Guest *guest, const String *s, const String *part, size_t *count) {
  int64_t most = work_most(guest) / PART_COST, places = 0;
  if (part->length == 0) {
    places = (int64_t)utf8_count(s->bytes, s->length) + 1;
  } else {
    const char *at = s->bytes, *end = at + s->length;
    while (places <= most && (at = part_find(at, end, part))) places++, at += part->length;
  }
  if (places > most) places = s->length + 1;
  *count = (size_t)places;
  return work_pay(guest, places * PART_COST);
}

NATIVE("string.replace", replace, "(string, string, string) -> string", "The first string with every second one in it replaced by the third.") {
  const String *s = args[0].p, *old = args[1].p, *new = args[2].p;
  CHARGE(guest, 2 * (uint64_t)s->length + old->length);
  size_t count;
  Trap unpaid = places_pay(guest, s, old, &count);
  if (unpaid) return unpaid;
  size_t total = s->length - count * old->length + count * new->length;
  if (total > STRING_MAX) return TRAP_TOO_LARGE;
  CHARGE(guest, total);
  String *result = string_alloc(guest, total);
  if (!result) return TRAP_OUT_OF_MEMORY;
  replace_put(s, old, new, result->bytes);
  return give_object(args, result);
}

NATIVE("string.repeat", repeat, "(string, int) -> string", "That many copies in a row.") {
  const String *s = args[0].p;
  int64_t count = args[1].i;
  if (count < 0) return BAD_ARGUMENT(guest, "negative count");
  if (s->length && count > STRING_MAX / (int64_t)s->length) return TRAP_TOO_LARGE;
  size_t total = s->length ? s->length * (size_t)count : 0;
  if (count == 1 || s->length == 0) return TRAP_NONE;
  CHARGE(guest, total);
  if (total == 0) return give_text(guest, args, "", 0);
  String *result = string_alloc(guest, total);
  if (!result) return TRAP_OUT_OF_MEMORY;
  memcpy(result->bytes, s->bytes, s->length);
  for (size_t done = s->length; done < total; done *= 2) {
    memcpy(result->bytes + done, result->bytes, done < total - done ? done : total - done);
  }
  return give_object(args, result);
}

/* Taking apart and joining */

NATIVE("string.split", split, "(string, string) -> [string]", "The parts between separators; the characters when the separator is empty.") {
  const String *s = args[0].p, *separator = args[1].p;
  CHARGE(guest, 2 * (uint64_t)s->length + separator->length);
  size_t count;
  Trap unpaid = places_pay(guest, s, separator, &count);
  if (unpaid) return unpaid;
  List *list = string_list_new(guest, separator->length ? count + 1 : count - 1);
  if (!list) return TRAP_OUT_OF_MEMORY;
  const char *at = s->bytes, *end = at + s->length;
  if (separator->length == 0) {
    for (const char *next = at; at < end; at = next) {
      utf8_get(&next);
      Trap trap = string_list_add(guest, list, at, (size_t)(next - at));
      if (trap) return trap;
    }
    return give_object(args, list);
  }
  for (const char *place; (place = part_find(at, end, separator)); at = place + separator->length) {
    Trap trap = string_list_add(guest, list, at, (size_t)(place - at));
    if (trap) return trap;
  }
  Trap trap = string_list_add(guest, list, at, (size_t)(end - at));
  return trap ? trap : give_object(args, list);
}

NATIVE("string.lines", lines, "(string) -> [string]", "The lines, without their ends: \\n or \\r\\n.") {
  const String *s = args[0].p;
  CHARGE(guest, 2 * (uint64_t)s->length);
  size_t count;
  Trap unpaid = places_pay(guest, s, string_tiny(1 + '\n'), &count);
  if (unpaid) return unpaid;
  List *list = string_list_new(guest, count + (s->length && s->bytes[s->length - 1] != '\n'));
  if (!list) return TRAP_OUT_OF_MEMORY;
  for (const char *at = s->bytes, *end = at + s->length, *next; at < end; at = next) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    next = stop ? stop + 1 : end;
    if (!stop) stop = end;
    else if (stop > at && stop[-1] == '\r') stop--;
    Trap trap = string_list_add(guest, list, at, (size_t)(stop - at));
    if (trap) return trap;
  }
  return give_object(args, list);
}

NATIVE("string.chars", chars, "(string) -> [char]", "All characters.") {
  const String *s = args[0].p;
  CHARGE(guest, 4 * (uint64_t)s->length);
  size_t count = utf8_count(s->bytes, s->length);
  const ObjDesc *desc = desc_list_of(guest->program, TYPE_CHAR);
  List *list = desc ? list_new(guest, desc, (int64_t)count) : NULL;
  if (!list) return TRAP_OUT_OF_MEMORY;
  const char *at = s->bytes;
  uint32_t *to = list->data;
  for (size_t i = 0; i < count; i++) to[i] = utf8_get(&at);
  list->length = (int64_t)count;
  return give_object(args, list);
}

NATIVE("string.bytes", bytes_of, "(string) -> bytes", "The bytes of its UTF-8.") {
  const String *s = args[0].p;
  CHARGE(guest, s->length);
  Bytes *bytes = bytes_new(guest, s->length);
  if (!bytes) return TRAP_OUT_OF_MEMORY;
  if (s->length) memcpy(bytes->data, s->bytes, s->length);
  return give_object(args, bytes);
}

NATIVE("string.join", join, "([string], string) -> string", "The strings of a list, with the second argument between them.") {
  const List *list = args[0].p;
  const String *separator = args[1].p;
  size_t total = 0;
  Trap unpaid = work_pay(guest, list->length);
  if (unpaid) return unpaid;
  for (int64_t i = 0; i < list->length; i++) {
    total += ((const String *)((const Value *)list->data)[i].p)->length + (i ? separator->length : 0);
    if (total > STRING_MAX) return TRAP_TOO_LARGE;
  }
  if (total == 0) return give_text(guest, args, "", 0);
  CHARGE(guest, total);
  String *result = string_alloc(guest, total);
  if (!result) return TRAP_OUT_OF_MEMORY;
  char *to = result->bytes;
  for (int64_t i = 0; i < list->length; i++) {
    const String *part = ((const Value *)list->data)[i].p;
    if (i) memcpy(to, separator->bytes, separator->length), to += separator->length;
    memcpy(to, part->bytes, part->length);
    to += part->length;
  }
  return give_object(args, result);
}

/* Characters */

NATIVE("string.count_chars", count_chars, "(string) -> int", "The number of characters.") {
  const String *s = args[0].p;
  CHARGE(guest, s->length);
  args[0].i = (int64_t)utf8_count(s->bytes, s->length);
  return TRAP_NONE;
}

NATIVE("string.rev", rev, "(string) -> string", "The characters in reverse order.") {
  const String *s = args[0].p;
  if (s->length < 2) return TRAP_NONE;
  CHARGE(guest, s->length);
  String *result = string_alloc(guest, s->length);
  if (!result) return TRAP_OUT_OF_MEMORY;
  char *to = result->bytes + s->length;
  for (const char *at = s->bytes, *end = at + s->length; at < end;) {
    const char *next = at;
    utf8_get(&next);
    to -= next - at;
    memcpy(to, at, (size_t)(next - at));
    at = next;
  }
  return give_object(args, result);
}

static Trap pad_give(Guest *guest, Value *args, bool at_start) {
  const String *s = args[0].p;
  int64_t width = args[1].i;
  uint32_t fill = (uint32_t)args[2].u;
  CHARGE(guest, s->length);
  int64_t missing = width < 0 ? 0 : width - (int64_t)utf8_count(s->bytes, s->length);
  if (missing <= 0) return TRAP_NONE;
  size_t size = utf8_size(fill);
  if (missing > STRING_MAX || (size_t)missing * size > STRING_MAX - s->length) return TRAP_TOO_LARGE;
  CHARGE(guest, s->length + (size_t)missing * size);
  String *result = string_alloc(guest, s->length + (size_t)missing * size);
  if (!result) return TRAP_OUT_OF_MEMORY;
  char *to = result->bytes;
  if (!at_start) memcpy(to, s->bytes, s->length), to += s->length;
  for (int64_t i = 0; i < missing; i++) to = utf8_put(to, fill);
  if (at_start) memcpy(to, s->bytes, s->length);
  return give_object(args, result);
}

NATIVE("string.pad_start", pad_start, "(string, int, char) -> string", "The string with a character before it until it has that many.") {
  return pad_give(guest, args, true);
}

NATIVE("string.pad_end", pad_end, "(string, int, char) -> string", "The string with a character behind it until it has that many.") {
  return pad_give(guest, args, false);
}

/* Bytes of a set */

NATIVE("string.find_byte", find_byte, "(string, [bool], int) -> int",
       "The first offset from one on where a byte stands that the set holds (bytes behind the set's end: all), or the string's length.") {
  const String *s = args[0].p;
  const List *set = args[1].p;
  int64_t from = args[2].i, at = from;
  if (from < 0 || from > s->length) return guest_trap_index(guest, from, s->length);
  const uint8_t *bytes = (const uint8_t *)s->bytes, *holds = set->data;
  int64_t left = s->length - from, most = work_most_bytes(guest), end = left < most ? s->length : from + most;
  if (set->length >= 256) {
    while (at < end && !holds[bytes[at]]) at++;
  } else {
    while (at < end && bytes[at] < set->length && !holds[bytes[at]]) at++;
  }
  CHARGE(guest, (uint64_t)(at < end || end == s->length ? at - from : left));
  args[0].i = at;
  return TRAP_NONE;
}
