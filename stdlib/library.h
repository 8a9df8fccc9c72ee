/* library.h - the library's Firn sources, embedded at build time by tools/embed.c. */
#ifndef FIRN_STDLIB_LIBRARY_H
#define FIRN_STDLIB_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct LibrarySource {
  const char *name; /* as `import` says it: "math"; "prelude" is imported into every module */
  const char *text; /* NUL-terminated */
  size_t length;
} LibrarySource;

extern const LibrarySource library_sources[];
extern const unsigned library_source_count;
extern const char *const library_names[]; /* what programs import, NULL behind the last: modules whose names have a `_` are parts of others */

/* The text of a module, as a CompileLoad gives it; false if there is none of that name. */
static inline bool library_load(const char *name, const char **text, size_t *length) {
  for (unsigned i = 0; i < library_source_count; i++) {
    if (strcmp(library_sources[i].name, name) != 0) continue;
    *text = library_sources[i].text;
    *length = library_sources[i].length;
    return true;
  }
  return false;
}

#endif
