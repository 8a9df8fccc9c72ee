/* files.c - natives of `fs`.
 *
 * No file stays open between calls: a guest holds paths and offsets, which an image can hold too. What can fail gives an error number, 0
 * for none (or the negative of one where a count is given), whose words `fs.reason` knows; what the guest was not granted (folders.h) is such an error too.
 * Bytes are read into a buffer of the caller's.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stdlib/folders.h"
#include "stdlib/io.h"
#include "stdlib/support.h"
#include "vm/quota.h"

enum { CHUNK = 1 << 16 };

/* The path in an argument, NULL if no file can be called so. */
static const char *path_of(Guest *guest, const Value *arg) {
  const String *path = arg->p;
  if (path->length > CHUNK) return NULL;
  charge_owing(guest, path->length);
  return memchr(path->bytes, 0, path->length) ? NULL : path->bytes;
}

static Trap give_int(Value *args, int64_t n) {
  args[0].i = n;
  return TRAP_NONE;
}

static int file_open(const Guest *guest, const char *path, int flags) {
  int fd;
  do fd = folder_open(guest, path, flags); while (fd < 0 && errno == EINTR && !io_stopped());
  return fd;
}

/* Reads at an offset, or on from where a file that has no offsets is. */
static ssize_t read_at(int fd, void *to, size_t count, off_t offset) {
  ssize_t got;
  do {
    got = pread(fd, to, count, offset);
    if (got < 0 && errno == ESPIPE) got = read(fd, to, count);
  } while (got < 0 && errno == EINTR && !io_stopped());
  return got;
}

/* Whether the guest can pay for all that a file seems to hold; what it does hold is charged when it has been read. */
static Trap size_pay(Guest *guest, int fd) {
  struct stat info;
  int64_t before = guest->fuel;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0) return TRAP_NONE;
  Trap unpaid = work_pay(guest, WORK_FUEL(info.st_size));
  if (!unpaid) guest->fuel = before;
  return unpaid;
}

NATIVE_ASKS("fs.read_into", fs_read_into, "(string, bytes) -> int", FS_READ, "Appends what a file holds to a buffer.") {
  const char *path = path_of(guest, args);
  Bytes *out = args[1].p;
  int fd = path ? file_open(guest, path, O_RDONLY) : -1;
  if (fd < 0) return give_int(args, path ? errno : EINVAL);
  int error = 0;
  int64_t offset = 0, before = out->length;
  Trap trap = size_pay(guest, fd);
  while (!trap && !error && !(trap = bytes_reserve_owing(guest, out, CHUNK))) {
    ssize_t got = read_at(fd, out->data + out->length, CHUNK, offset);
    if (got < 0) error = errno;
    if (got <= 0) break;
    out->length += got;
    offset += got;
  }
  close(fd);
  charge_owing(guest, (uint64_t)(out->length - before));
  if (error == EINTR && io_stopped()) {
    out->length = before;
    return TRAP_RETRY;
  }
  return trap ? trap : give_int(args, error);
}

/* Adds a line without its end. */
static Trap line_add(Guest *guest, List *list, const char *text, size_t length) {
  Value line[1];
  if (length && text[length - 1] == '\r') length--;
  Trap trap = give_foreign_text(guest, line, text, length);
  return trap ? trap : list_push_owing(guest, list, line);
}

/* Adds all lines that end in a buffer; *taken are the bytes that they took. */
static Trap lines_add(Guest *guest, List *list, const char *text, size_t length, size_t *taken) {
  const char *at = text, *end = text + length, *stop;
  Trap trap = TRAP_NONE;
  while (!trap && at < end && (stop = memchr(at, '\n', (size_t)(end - at)))) {
    trap = line_add(guest, list, at, (size_t)(stop - at));
    at = stop + 1;
  }
  *taken = (size_t)(at - text);
  return trap;
}

/* Reads lines from an open file; *count is how many bytes they take, or the negative of an error. */
static Trap lines_read(Guest *guest, int fd, int64_t offset, List *list, int64_t *count) {
  char *buffer = NULL;
  size_t length = 0, taken = 0;
  Trap trap = TRAP_NONE;
  *count = 0;
  while (!trap && !taken) {
    if (length > STRING_MAX - CHUNK) { trap = TRAP_TOO_LARGE; break; }
    /* Twice as much for each try, so that long lines take linear time. */
    size_t more = length < CHUNK ? CHUNK : length > STRING_MAX / 2 ? STRING_MAX - length : length;
    char *grown = quota_has_scratch(guest, length + more) ? realloc(buffer, length + more) : NULL;
    if (!grown) { trap = TRAP_OUT_OF_MEMORY; break; }
    buffer = grown;
    ssize_t got = read_at(fd, buffer + length, more, offset + (int64_t)length);
    if (got < 0) { *count = -errno; break; }
    length += (size_t)got;
    trap = lines_add(guest, list, buffer, length, &taken);
    if (got > 0 || trap || taken) continue;
    if (length) trap = line_add(guest, list, buffer, length);
    taken = length;
    break;
  }
  if (*count == 0) *count = (int64_t)taken;
  charge_owing(guest, length);
  free(buffer);
  return trap;
}

NATIVE_ASKS("fs.read_lines", fs_read_lines, "(string, int, [string]) -> int", FS_READ,
       "Appends some of the lines from an offset on; gives the bytes that they take, 0 at the end, or the negative of an error.") {
  const char *path = path_of(guest, args);
  int64_t offset = args[1].i, count;
  int fd = path ? file_open(guest, path, O_RDONLY) : -1;
  if (fd < 0) return give_int(args, path ? -errno : -EINVAL);
  Trap trap = lines_read(guest, fd, offset, args[2].p, &count);
  close(fd);
  if (!trap && count == -EINTR && io_stopped()) return TRAP_RETRY;
  return trap ? trap : give_int(args, count);
}

static int file_write(const Guest *guest, const char *path, const void *bytes, size_t length, bool append) {
  int fd = path ? file_open(guest, path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC)) : -1;
  if (fd < 0) return path ? errno : EINVAL;
  int error = 0;
  for (const char *at = bytes; length && !error;) {
    ssize_t done = write(fd, at, length);
    if (done >= 0) at += done, length -= (size_t)done;
    else if (errno != EINTR) error = errno;
  }
  if (close(fd) != 0 && !error && errno != EINTR) error = errno;
  return error;
}

NATIVE_ASKS("fs.write_string", fs_write_string, "(string, string, bool) -> int", FS_WRITE, "Makes a string what a file holds, or appends it.") {
  const char *path = path_of(guest, args);
  const String *text = args[1].p;
  CHARGE_OUTPUT(guest, text->length);
  return give_int(args, file_write(guest, path, text->bytes, text->length, args[2].i != 0));
}

NATIVE_ASKS("fs.write_buffer", fs_write_buffer, "(string, bytes, bool) -> int", FS_WRITE, "Makes bytes what a file holds, or appends them.") {
  const char *path = path_of(guest, args);
  const Bytes *b = args[1].p;
  CHARGE_OUTPUT(guest, (uint64_t)b->length);
  return give_int(args, file_write(guest, path, b->data, (size_t)b->length, args[2].i != 0));
}

NATIVE_ASKS("fs.list_into", fs_list_into, "(string, [string]) -> int", FS_READ, "Appends the names of what is in a folder.") {
  const char *path = path_of(guest, args);
  List *list = args[1].p;
  int fd = path ? file_open(guest, path, O_RDONLY | O_DIRECTORY) : -1;
  if (fd < 0) return give_int(args, path ? errno : EINVAL);
  DIR *folder = fdopendir(fd);
  if (!folder) {
    int problem = errno;
    close(fd);
    return give_int(args, problem);
  }
  Trap trap = TRAP_NONE;
  struct dirent *entry;
  errno = 0;
  while (!trap && (entry = readdir(folder))) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    Value name[1];
    trap = give_foreign_text(guest, name, entry->d_name, strlen(entry->d_name));
    if (!trap) trap = list_push_owing(guest, list, name);
    errno = 0;
  }
  int error = errno;
  closedir(folder);
  return trap ? trap : give_int(args, error);
}

NATIVE_ASKS("fs.stat_into", fs_stat_into, "(string, bool, [int]) -> int", FS_READ,
       "Appends what a path is (0 file, 1 folder, 2 link, 3 other), its size, and when it was changed; follows links if asked to.") {
  const char *path = path_of(guest, args);
  struct stat info;
  int fd = path ? file_open(guest, path, O_PATH | (args[1].i ? 0 : O_NOFOLLOW)) : -1;
  if (fd < 0 || fstat(fd, &info) != 0) return give_int(args, path ? errno : EINVAL);
  close(fd);
  int kind = S_ISREG(info.st_mode) ? 0 : S_ISDIR(info.st_mode) ? 1 : S_ISLNK(info.st_mode) ? 2 : 3;
  Value facts[3] = {{.i = kind}, {.i = info.st_size}, {.i = (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000}};
  for (int i = 0; i < 3; i++) {
    Trap trap = list_push_owing(guest, args[2].p, &facts[i]);
    if (trap) return trap;
  }
  return give_int(args, 0);
}

static int folder_make(const Guest *guest, const char *path, unsigned mode) {
  Place place;
  if (!place_open(guest, path, &place)) return errno;
  int error = mkdirat(place.fd, place.name, mode) == 0 ? 0 : errno;
  place_close(&place);
  return error;
}

NATIVE_ASKS("fs.mkdir", fs_mkdir, "(string) -> int", FS_WRITE, "Makes a folder.") {
  const char *path = path_of(guest, args);
  return give_int(args, path ? folder_make(guest, path, 0777) : EINVAL);
}

NATIVE_ASKS("fs.temp_into", fs_temp_into, "([string]) -> int", FS_WRITE, "Makes a new folder for what is not to last, and appends its path.") {
  const char *base = getenv("TMPDIR");
  char *path = NULL;
  int error = EEXIST;
  for (int tries = 0; error == EEXIST && tries < 100; tries++) {
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random) random = (uint64_t)getpid() << 8 | (unsigned)tries;
    free(path);
    if (asprintf(&path, "%s/firn-%08x%08x", base && *base ? base : P_tmpdir, (unsigned)(random >> 32), (unsigned)random) < 0) return TRAP_OUT_OF_MEMORY;
    error = folder_make(guest, path, 0700);
  }
  Value made[1];
  Trap trap = error ? TRAP_NONE : give_foreign_text(guest, made, path, strlen(path));
  if (!trap && !error) trap = list_push_owing(guest, args[0].p, made);
  free(path);
  return trap ? trap : give_int(args, error);
}

NATIVE_ASKS("fs.unlink", fs_unlink, "(string) -> int", FS_WRITE, "Removes a file or an empty folder.") {
  const char *path = path_of(guest, args);
  Place place;
  if (!path || !place_open(guest, path, &place)) return give_int(args, path ? errno : EINVAL);
  int error = unlinkat(place.fd, place.name, 0) == 0 ? 0 : errno;
  if (error == EISDIR) error = unlinkat(place.fd, place.name, AT_REMOVEDIR) == 0 ? 0 : errno;
  place_close(&place);
  return give_int(args, error);
}

NATIVE_ASKS("fs.move", fs_move, "(string, string) -> int", FS_WRITE, "Gives a file or folder another path.") {
  const char *from = path_of(guest, args), *to = path_of(guest, args + 1);
  Place source, target;
  if (!from || !to) return give_int(args, EINVAL);
  if (!place_open(guest, from, &source)) return give_int(args, errno);
  int error = place_open(guest, to, &target) ? 0 : errno;
  if (!error && renameat(source.fd, source.name, target.fd, target.name) != 0) error = errno;
  if (!error || target.fd >= 0) place_close(&target);
  place_close(&source);
  return give_int(args, error);
}

NATIVE("fs.reason", fs_reason, "(int) -> string", "An error in words.") {
  const char *text = strerrordesc_np((int)args[0].i);
  if (args[0].i == REFUSED_READ) text = capability_refusal(CAP_FS_READ);
  if (args[0].i == REFUSED_WRITE) text = capability_refusal(CAP_FS_WRITE);
  if (!text) text = "unknown error";
  return give_text(guest, args, text, strlen(text));
}

/* By the order of `ErrorKind` in fs.firn. */
NATIVE("fs.kind_code", fs_kind_code, "(int) -> int", "The kind of an error.") {
  (void)guest;
  static const int kinds[] = {ENOENT, EACCES, EEXIST, EISDIR, ENOTDIR, ENOTEMPTY};
  int64_t error = args[0].i == EPERM || args[0].i == REFUSED_READ || args[0].i == REFUSED_WRITE ? EACCES : args[0].i, kind = 0, count = sizeof kinds / sizeof *kinds;
  while (kind < count && kinds[kind] != error) kind++;
  return give_int(args, kind);
}
