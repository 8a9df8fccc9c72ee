/* faults.c - a library for LD_PRELOAD that makes a call of the system or the C library fail, or ends the process there.
 *
 * Environment
 *   FAULT_CALLS   names with commas between: malloc (also calloc, realloc), write, fsync, rename, link, open, read
 *   FAULT_AT      the how manieth of such calls fails, from 1; 0: none
 *   FAULT_ACTION  once (the default), always (all later ones fail too), kill (the process is killed before the call), short (a write or read
 *                 does only a part of what was asked)
 *   FAULT_FIRED   a file that is made when that call comes: if it is not there at the end, there were fewer calls
 *
 * malloc and its kin fail with ENOMEM, writes, links and renames with ENOSPC, the others with EIO. Calls that the C library makes of its own
 * functions, as for stderr, do not come here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

enum { CALL_MALLOC = 1, CALL_WRITE = 2, CALL_FSYNC = 4, CALL_RENAME = 8, CALL_LINK = 16, CALL_OPEN = 32, CALL_READ = 64 };

static unsigned calls;
static long at, seen;
static char action;
static bool started;

static unsigned calls_named(const char *names) {
  static const char *const known[] = {"malloc", "write", "fsync", "rename", "link", "open", "read"};
  unsigned found = 0;
  for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
    if (names && strstr(names, known[i])) found |= 1u << i;
  }
  return found;
}

static void start(void) {
  started = true;
  const char *text = getenv("FAULT_AT"), *what = getenv("FAULT_ACTION");
  calls = calls_named(getenv("FAULT_CALLS"));
  action = what ? *what : 'o';
  for (; text && *text >= '0' && *text <= '9'; text++) at = 10 * at + (*text - '0');
}

/* Whether this call is to fail. */
static bool strikes(unsigned call) {
  if (!started) start();
  if (!(calls & call) || at == 0) return false;
  seen++;
  if (seen < at || (seen > at && action != 'a')) return false;
  const char *path = getenv("FAULT_FIRED");
  if (path && seen == at) syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, 0666));
  if (action == 'k') kill(getpid(), SIGKILL);
  return true;
}

static long fail(int error) {
  errno = error;
  return -1;
}

void *malloc(size_t size) { return strikes(CALL_MALLOC) ? (void *)(fail(ENOMEM) + 1) : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return strikes(CALL_MALLOC) ? (void *)(fail(ENOMEM) + 1) : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return strikes(CALL_MALLOC) ? (void *)(fail(ENOMEM) + 1) : __libc_realloc(old, size); }

ssize_t write(int fd, const void *bytes, size_t length) {
  if (strikes(CALL_WRITE)) {
    if (action != 's') return fail(ENOSPC);
    length = length > 1 ? length / 2 : length;
  }
  return syscall(SYS_write, fd, bytes, length);
}

ssize_t read(int fd, void *bytes, size_t length) {
  if (strikes(CALL_READ)) {
    if (action != 's') return fail(EIO);
    length = length > 1 ? length / 2 : length;
  }
  return syscall(SYS_read, fd, bytes, length);
}

int fsync(int fd) { return strikes(CALL_FSYNC) ? (int)fail(EIO) : (int)syscall(SYS_fsync, fd); }

int rename(const char *from, const char *to) {
  return strikes(CALL_RENAME) ? (int)fail(ENOSPC) : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
  return strikes(CALL_LINK) ? (int)fail(ENOSPC) : (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int open(const char *path, int flags, ...) {
  mode_t mode = 0;
  va_list args;
  va_start(args, flags);
  if (flags & (O_CREAT | O_TMPFILE)) mode = va_arg(args, mode_t);
  va_end(args);
  return strikes(CALL_OPEN) ? (int)fail(EIO) : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
