/* file.c - files that appear under their names whole or not at all.
 *
 * What is written goes to a file without a name (or, where a file system has none, with a temporary one) in the same folder, is made durable, gets
 * a name beside the final one, and is renamed; then the folder is made durable. So a crash at any moment leaves the old file or the new one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

/* The folder of a path, as a path; malloc'd. */
static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return strdup(".");
  return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static bool named_open(FileOut *out) {
  out->has_name = true;
  out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  return out->fd >= 0;
}

bool file_out_open(FileOut *out, const char *path) {
  *out = (FileOut){.fd = -1, .path = path, .folder = folder_of(path)};
  size_t size = strlen(path) + 32;
  out->temporary = malloc(size);
  out->buffer = malloc(FILE_OUT_BUFFER);
  struct stat info;
  errno = ENOMEM;
  bool done = out->folder && out->temporary && out->buffer;
  if (done && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    done = false;
  }
  if (done) {
    snprintf(out->temporary, size, "%s.%ld.tmp", path, (long)getpid());
    out->fd = open(out->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    bool has_none = out->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL);
    done = out->fd >= 0 || (has_none && named_open(out));
  }
  if (!done) {
    out->error = errno;
    file_out_drop(out);
  }
  return done;
}

static bool write_all(FileOut *out, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t done = write(out->fd, bytes, length);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      out->error = done < 0 ? errno : EIO;
      return false;
    }
    bytes += done;
    length -= (size_t)done;
  }
  return true;
}

bool file_out_write(void *file_out, const void *bytes, size_t length) {
  FileOut *out = file_out;
  if (out->error) return false;
  if (length > FILE_OUT_BUFFER - out->used) {
    if (!write_all(out, out->buffer, out->used)) return false;
    out->used = 0;
  }
  if (length >= FILE_OUT_BUFFER) return write_all(out, bytes, length);
  memcpy(out->buffer + out->used, bytes, length);
  out->used += length;
  return true;
}

/* Gives the file its temporary name. */
static bool name_give(FileOut *out) {
  if (out->has_name) return true;
  char self[64];
  snprintf(self, sizeof self, "/proc/self/fd/%d", out->fd);
  if (linkat(AT_FDCWD, self, AT_FDCWD, out->temporary, AT_SYMLINK_FOLLOW) != 0) return false;
  return out->has_name = true;
}

static bool folder_sync(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  bool done = fsync(fd) == 0 || errno == EINVAL;
  close(fd);
  return done;
}

bool file_out_close(FileOut *out) {
  bool done = !out->error && write_all(out, out->buffer, out->used);
  if (done) {
    done = fsync(out->fd) == 0 && name_give(out) && rename(out->temporary, out->path) == 0;
    if (done) out->has_name = false;
    if (done) done = folder_sync(out->folder);
    if (!done) out->error = errno;
  }
  file_out_drop(out);
  return done;
}

void file_out_drop(FileOut *out) {
  if (out->fd >= 0) close(out->fd);
  if (out->has_name) unlink(out->temporary);
  free(out->folder);
  free(out->temporary);
  free(out->buffer);
  out->folder = out->temporary = out->buffer = NULL;
  out->fd = -1;
  out->has_name = false;
}

bool file_write(const char *path, const void *bytes, size_t length) {
  if (strcmp(path, "-") == 0) {
    if (fwrite(bytes, 1, length, stdout) == length && fflush(stdout) == 0) return true;
    usage_error("can't write to standard output: %s", strerror(errno));
    return false;
  }
  FileOut out;
  bool done = file_out_open(&out, path);
  if (done) {
    file_out_write(&out, bytes, length);
    done = file_out_close(&out);
  }
  if (!done) usage_error("can't write '%s': %s", path, strerror(out.error));
  return done;
}
