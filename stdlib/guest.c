/* guest.c - what a program can ask of whoever runs it. */
#include <stdlib.h>
#include <string.h>

#include "stdlib/support.h"

NATIVE("guest.freeze_request", guest_freeze_request, "(string) -> int", "Asks for an image to be written; 0 frozen, 1 thawed, 2 refused.") {
  const String *path = args[0].p;
  if (memchr(path->bytes, 0, path->length)) return BAD_ARGUMENT(guest, "a path has a NUL in it");
  CHARGE(guest, path->length);
  free(guest->request);
  guest->request = strdup(path->bytes);
  if (!guest->request) return TRAP_OUT_OF_MEMORY;
  args[0].i = GUEST_NOT_FROZEN;
  return TRAP_SUSPEND;
}

NATIVE("guest.failure", guest_failure, "() -> string", "Why the last image could not be written.") {
  const char *text = guest->failure ? guest->failure : "this host writes no images";
  return give_foreign_text(guest, args, text, strlen(text));
}
