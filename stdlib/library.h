/* library.h - the library's Firn sources, embedded at build time by tools/embed.c. */
#ifndef FIRN_STDLIB_LIBRARY_H
#define FIRN_STDLIB_LIBRARY_H

#include <stddef.h>

typedef struct LibrarySource {
  const char *name; /* as `import` says it: "math"; "prelude" is imported into every module */
  const char *text; /* NUL-terminated */
  size_t length;
} LibrarySource;

extern const LibrarySource library_sources[];
extern const unsigned library_source_count;

#endif
