/* outside.c - natives that ask the system: the clock, random seeds, the environment. Files are in files.c, waiting is in wait.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "stdlib/io.h"
#include "stdlib/support.h"
#include "stdlib/wait.h"

extern char **environ;

NATIVE_NEEDS("time.micros", time_micros, "() -> int", TIME, "Microseconds since some moment in the past; never goes back.") {
  (void)guest;
  args[0].i = clock_micros(CLOCK_MONOTONIC);
  return TRAP_NONE;
}

NATIVE_NEEDS("time.now", time_now, "() -> int", TIME, "Microseconds since the beginning of 1970, UTC.") {
  (void)guest;
  args[0].i = clock_micros(CLOCK_REALTIME);
  return TRAP_NONE;
}

/* For modules of older libraries. */
NATIVE("time.others_ready", time_others_ready, "() -> bool", "Whether other tasks could run.") {
  args[0].i = guest->nready > 0;
  return TRAP_NONE;
}

static uint64_t entropy(void) {
  uint64_t bits;
  if (getrandom(&bits, sizeof bits, 0) != sizeof bits) bits = (uint64_t)clock_micros(CLOCK_REALTIME) * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid();
  return bits;
}

NATIVE_NEEDS("random.entropy", random_entropy, "() -> int", RANDOM, "64 bits that nobody can guess.") {
  (void)guest;
  args[0].u = entropy();
  return TRAP_NONE;
}

NATIVE_NEEDS("random.identity", random_identity, "() -> int", RANDOM, "A number that tells this guest from all others, those it was copied from too; never 0.") {
  while (guest->identity == 0) guest->identity = entropy();
  args[0].u = guest->identity;
  return TRAP_NONE;
}

NATIVE_NEEDS("env.get", env_get, "(string) -> string?", ENV, "The value of an environment variable.") {
  const String *name = args[0].p;
  CHARGE(guest, name->length);
  const char *value = memchr(name->bytes, 0, name->length) ? NULL : getenv(name->bytes);
  if (value) return give_foreign_text(guest, args, value, strlen(value));
  args[0].u = REF_NIL(1);
  return TRAP_NONE;
}

NATIVE_NEEDS("env.entries", env_entries, "() -> [string]", ENV, "All environment variables, NAME=VALUE.") {
  List *list = string_list_new(guest, 0);
  if (!list) return TRAP_OUT_OF_MEMORY;
  for (char **at = environ; at && *at; at++) {
    Value entry[1];
    Trap trap = give_foreign_text(guest, entry, *at, strlen(*at));
    if (!trap) trap = list_push_owing(guest, list, entry);
    if (trap) return trap;
  }
  return give_object(args, list);
}

NATIVE_NEEDS("env.cwd", env_cwd, "() -> string?", ENV, "The folder that the process is in.") {
  char *path = getcwd(NULL, 0);
  Trap trap = TRAP_NONE;
  if (path) trap = give_foreign_text(guest, args, path, strlen(path));
  else args[0].u = REF_NIL(1);
  free(path);
  return trap;
}

NATIVE_NEEDS("console.write_error", console_write_error, "(string) -> void", STDERR, "Writes a string to the process's standard error.") {
  const String *s = args[0].p;
  CHARGE_OUTPUT(guest, s->length);
  io_flush();
  for (size_t at = 0; at < s->length;) {
    ssize_t done = write(STDERR_FILENO, s->bytes + at, s->length - at);
    if (done >= 0) at += (size_t)done;
    else if (errno != EINTR) break;
  }
  return TRAP_NONE;
}
