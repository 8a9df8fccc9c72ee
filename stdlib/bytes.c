/* bytes.c - natives of `bytes`. */
#include "stdlib/support.h"

NATIVE("bytes.slice", slice, "(bytes, int, int) -> bytes", "A copy of the bytes from the first offset up to but without the second.") {
  const Bytes *b = args[0].p;
  int64_t from = args[1].i, to = args[2].i;
  if (from < 0 || to < from || to > b->length) {
    guest->trap_args[0] = from;
    guest->trap_args[1] = to;
    guest->trap_args[2] = b->length;
    return TRAP_SLICE;
  }
  CHARGE(guest, to - from);
  Bytes *part = bytes_new(guest, to - from);
  if (!part) return TRAP_OUT_OF_MEMORY;
  if (to > from) memcpy(part->data, b->data + from, (size_t)(to - from));
  return give_object(args, part);
}

NATIVE("bytes.to_string", to_string, "(bytes) -> string?", "The text that the bytes are UTF-8 of, or nil.") {
  const Bytes *b = args[0].p;
  if (b->length > STRING_MAX) return TRAP_TOO_LARGE;
  CHARGE(guest, (uint64_t)b->length);
  const char *text = b->data ? (const char *)b->data : "";
  if (utf8_valid(text, (size_t)b->length)) return give_text(guest, args, text, (size_t)b->length);
  args[0].u = REF_NIL(1);
  return TRAP_NONE;
}

/* Appends `length` bytes; `data` may be the buffer's own. */
static Trap append(Guest *guest, Bytes *b, const uint8_t *data, int64_t length) {
  CHARGE(guest, (uint64_t)length);
  bool own = data == b->data;
  Trap trap = bytes_reserve(guest, b, length);
  if (trap) return trap;
  if (length) memcpy(b->data + b->length, own ? b->data : data, (size_t)length);
  b->length += length;
  return TRAP_NONE;
}

NATIVE("bytes.append", append_bytes, "(bytes, bytes) -> void", "Appends the second argument's bytes to the first.") {
  const Bytes *tail = args[1].p;
  return append(guest, args[0].p, tail->data, tail->length);
}

NATIVE("bytes.append_string", append_string, "(bytes, string) -> void", "Appends a string's UTF-8.") {
  const String *s = args[1].p;
  return append(guest, args[0].p, (const uint8_t *)s->bytes, s->length);
}

NATIVE("bytes.clear", clear, "(bytes) -> void", "Removes all bytes.") {
  (void)guest;
  ((Bytes *)args[0].p)->length = 0;
  return TRAP_NONE;
}

NATIVE("bytes.eq", equal, "(bytes, bytes) -> bool", "Whether both hold the same bytes.") {
  const Bytes *a = args[0].p, *b = args[1].p;
  bool same_length = a->length == b->length;
  if (same_length) CHARGE(guest, (uint64_t)a->length);
  args[0].i = same_length && (a->length == 0 || memcmp(a->data, b->data, (size_t)a->length) == 0);
  return TRAP_NONE;
}
