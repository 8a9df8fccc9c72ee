/* folders.c - which files a guest may reach. Interface: folders.h. */
#define _GNU_SOURCE
#include "stdlib/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vm/native.h"

enum { TRIES = 16 }; /* at a path that others change meanwhile */

typedef struct Folder {
  int fd;
  char *names[2];   /* absolute: without links, and as it was given */
  bool read_only;
} Folder;

struct Folders {
  Folder *items;
  size_t count;
  char *cwd;        /* for relative paths */
};

/* An absolute path, malloc'd. */
static char *absolute(const Folders *folders, const char *path) {
  char *made;
  if (*path == '/') return strdup(path);
  return asprintf(&made, "%s/%s", folders->cwd, path) < 0 ? NULL : made;
}

static int open_beneath(int fd, const char *path, int flags) {
  struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .mode = flags & O_CREAT ? 0666 : 0, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  int tries = TRIES;
  long opened;
  do opened = syscall(SYS_openat2, fd, path, &how, sizeof how); while (opened < 0 && errno == EAGAIN && --tries);
  return (int)opened;
}

static int folder_add(Folders *folders, const char *path, bool read_only) {
  if (!folders->cwd && !(folders->cwd = getcwd(NULL, 0))) return errno;
  Folder *grown = realloc(folders->items, (folders->count + 1) * sizeof *grown);
  if (!grown) return ENOMEM;
  folders->items = grown;
  Folder *folder = &grown[folders->count];
  *folder = (Folder){.fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), .read_only = read_only};
  if (folder->fd < 0) return errno;
  folders->count++;
  folder->names[0] = realpath(path, NULL);
  folder->names[1] = absolute(folders, path);
  if (!folder->names[0] || !folder->names[1]) return errno;
  int probe = open_beneath(folder->fd, ".", O_PATH);
  if (probe < 0) return errno;
  close(probe);
  return 0;
}

int folders_add(Folders **folders, const char *path, bool read_only) {
  if (!*folders) *folders = calloc(1, sizeof **folders);
  return *folders ? folder_add(*folders, path, read_only) : ENOMEM;
}

void folders_free(Folders *folders) {
  if (!folders) return;
  for (size_t i = 0; i < folders->count; i++) {
    close(folders->items[i].fd);
    free(folders->items[i].names[0]);
    free(folders->items[i].names[1]);
  }
  free(folders->items);
  free(folders->cwd);
  free(folders);
}

/* Matching */

/* The next name of a path, *length long and never "."; NULL at the end. *at moves behind it. */
static const char *name_next(const char **at, size_t *length) {
  for (;;) {
    const char *name = *at + strspn(*at, "/");
    *length = strcspn(name, "/");
    *at = name + *length;
    if (*length == 0) return NULL;
    if (*length != 1 || *name != '.') return name;
  }
}

static bool is_up(const char *name, size_t length) { return length == 2 && name[0] == '.' && name[1] == '.'; }

/* The n-th name of a folder, from 0; NULL behind the last. */
static const char *name_at(const char *folder, size_t n, size_t *length) {
  const char *name;
  do name = name_next(&folder, length); while (name && n-- > 0);
  return name;
}

/* What is left of an absolute path behind a folder, going by names; NULL when it leads elsewhere. Where it would leave the folder by ".." and come back,
 * only what is behind counts. */
static const char *path_below(const char *path, const char *folder) {
  const char *rest = NULL, *name, *wanted;
  size_t matched = 0, others = 0, depth = 0, length, wanted_length;
  if (!name_at(folder, 0, &wanted_length)) rest = path;
  while ((name = name_next(&path, &length))) {
    if (rest && !is_up(name, length)) {
      depth++;
    } else if (rest && depth > 0) {
      depth--;
    } else if (is_up(name, length)) {
      if (others > 0) others--;
      else if (matched > 0) matched--;
      rest = name_at(folder, 0, &wanted_length) ? NULL : path;
    } else {
      wanted = others ? NULL : name_at(folder, matched, &wanted_length);
      bool is_same = wanted && wanted_length == length && memcmp(wanted, name, length) == 0;
      if (is_same) matched++;
      else others++;
      if (is_same && !name_at(folder, matched, &wanted_length)) rest = path, depth = 0;
    }
  }
  return rest;
}

/* The folder that a path is to be resolved in, the one with the longest name of those that allow it, and the rest of the path; or NULL. */
static const Folder *folder_find(const Folders *folders, const char *path, bool writes, const char **rest) {
  const Folder *found = NULL;
  for (size_t i = 0; i < folders->count; i++) {
    const Folder *folder = &folders->items[i];
    const char *below = path_below(path, folder->names[0]);
    if (!below) below = path_below(path, folder->names[1]);
    if (!below || (writes && folder->read_only)) continue;
    if (found && strlen(found->names[0]) >= strlen(folder->names[0])) continue;
    found = folder;
    *rest = below + strspn(below, "/");
  }
  return found;
}

/* Opens a path below the granted folders. */
static int granted_open(const Folders *folders, const char *path, int flags, bool writes) {
  char *whole = absolute(folders, path);
  if (!whole) return -1;
  const char *rest;
  const Folder *folder = *path ? folder_find(folders, whole, writes, &rest) : NULL;
  int fd = folder ? open_beneath(folder->fd, *rest ? rest : ".", flags) : -1, error = errno;
  if (!*path) error = ENOENT;
  else if (!folder || (fd < 0 && error == EXDEV)) error = writes ? REFUSED_WRITE : REFUSED_READ;
  free(whole);
  errno = error;
  return fd;
}

int folder_open(const Guest *guest, const char *path, int flags) {
  const GuestOptions *options = &guest->options;
  bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
  if (!(options->grants & (writes ? CAP_FS_WRITE : CAP_FS_READ))) {
    errno = writes ? REFUSED_WRITE : REFUSED_READ;
    return -1;
  }
  return options->folders ? granted_open(options->folders, path, flags, writes) : open(path, flags | O_CLOEXEC, 0666);
}

/* Divides a path into a folder's, malloc'd, and its last name. */
static char *path_divide(const char *path, Place *place) {
  size_t length = strlen(path);
  while (length > 0 && path[length - 1] == '/') length--;
  size_t start = length;
  while (start > 0 && path[start - 1] != '/') start--;
  bool is_name = length > start && !(length - start == 1 && path[start] == '.') && !is_up(path + start, length - start);
  errno = !is_name ? EBUSY : length - start >= sizeof place->own ? ENAMETOOLONG : ENOMEM;
  if (errno != ENOMEM) return NULL;
  memcpy(place->own, path + start, length - start);
  place->own[length - start] = 0;
  place->name = place->own;
  return start == 0 ? strdup(".") : strndup(path, start);
}

bool place_open(const Guest *guest, const char *path, Place *place) {
  *place = (Place){.fd = AT_FDCWD, .name = path};
  if (!(guest->options.grants & CAP_FS_WRITE)) {
    errno = REFUSED_WRITE;
    return false;
  }
  if (!guest->options.folders) return true;
  if (!*path) {
    errno = ENOENT;
    return false;
  }
  char *folder = path_divide(path, place);
  if (!folder) return false;
  place->fd = granted_open(guest->options.folders, folder, O_PATH | O_DIRECTORY, true);
  int error = errno;
  free(folder);
  errno = error;
  return place->fd >= 0;
}

void place_close(Place *place) {
  int error = errno;
  if (place->fd >= 0) close(place->fd);
  errno = error;
}
