/* guest.c - what a program can ask of whoever runs it. */
#include <stdlib.h>
#include <string.h>

#include "stdlib/support.h"

NATIVE_ASKS("guest.freeze_request", guest_freeze_request, "(string) -> int", FREEZE, "Asks for an image to be written; 0 frozen, 1 thawed, 2 refused.") {
  const String *path = args[0].p;
  if (memchr(path->bytes, 0, path->length)) return BAD_ARGUMENT(guest, "a path has a NUL in it");
  CHARGE(guest, path->length);
  if (!guest_may(guest, CAP_FREEZE)) {
    free(guest->failure);
    guest->failure = strdup(capability_refusal(CAP_FREEZE));
    args[0].i = GUEST_NOT_FROZEN;
    return TRAP_NONE;
  }
  uint64_t live = guest_memory(guest);
  if (live == UINT64_MAX) return TRAP_OUT_OF_MEMORY;
  CHARGE_OUTPUT(guest, live);
  free(guest->request);
  guest->request = strdup(path->bytes);
  if (!guest->request) return TRAP_OUT_OF_MEMORY;
  args[0].i = GUEST_NOT_FROZEN;
  return TRAP_SUSPEND;
}

NATIVE("guest.refusal", guest_refusal, "(string) -> string", "Why a program may not do what a capability is for; empty if it may.") {
  const String *name = args[0].p;
  unsigned capability = strlen(name->bytes) == name->length ? capability_find(name->bytes) : CAP_NONE;
  if (!capability) return BAD_ARGUMENT(guest, "there is no capability of that name");
  const char *text = guest_may(guest, capability) ? "" : capability_refusal(capability);
  return give_text(guest, args, text, strlen(text));
}

NATIVE("guest.failure", guest_failure, "() -> string", "Why the last image could not be written.") {
  const char *text = guest->failure ? guest->failure : "this host writes no images";
  return give_foreign_text(guest, args, text, strlen(text));
}
