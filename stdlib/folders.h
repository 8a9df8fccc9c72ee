/* folders.h - which files a guest may reach: those below granted folders (GuestOptions.folders), or, without folders, any.
 *
 * A path of a guest is matched with the folders' names first, and what is left of it is then resolved by the kernel below the folder's descriptor
 * (openat2, RESOLVE_BENEATH): no "..", no link and no race leads out. Links that begin with "/" are refused even if they lead back in. Hard links are files like others.
 */
#ifndef FIRN_STDLIB_FOLDERS_H
#define FIRN_STDLIB_FOLDERS_H

#include "vm/guest.h"

typedef struct Folders Folders;

/* Adds a folder to a list, which is made if *folders is NULL. Returns 0 or an errno: that of opening it, or ENOSYS where the kernel has no openat2. */
int folders_add(Folders **folders, const char *path, bool read_only);
void folders_free(Folders *folders);

/* Errors like those of errno.h: what a guest may not do. */
enum { REFUSED_READ = 100001, REFUSED_WRITE = 100002 };

/* As open, with what a guest's path leads to; -1 and errno, which may be REFUSED_READ or REFUSED_WRITE. */
int folder_open(const Guest *guest, const char *path, int flags);

/* Where the last name of a guest's path belongs, for mkdirat and the like. */
typedef struct Place {
  int fd;            /* a folder's, or AT_FDCWD */
  const char *name;
  char own[256];     /* NAME_MAX and a NUL */
} Place;

/* Finds the place of a path that is to be made, moved or removed; false and errno. place_close keeps errno. */
bool place_open(const Guest *guest, const char *path, Place *place);
void place_close(Place *place);

#endif
