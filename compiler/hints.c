/* The table of hints (see hints.h): searched only when a mistake is reported, so one after another. */
#include "hints.h"

#include <string.h>

static const struct {
  HintPlace place;
  const char *text, *hint;
} hints[] = {
#define HINT(place, text, hint) {HINT_##place, text, hint},
#include "hints.def"
#undef HINT
};

const char *hint_next(HintPlace place, const char *text, size_t *row) {
  for (; *row < sizeof hints / sizeof *hints; ++*row) {
    if (hints[*row].place == place && strcmp(hints[*row].text, text) == 0) return hints[(*row)++].hint;
  }
  return NULL;
}

const char *hint_find(HintPlace place, const char *text) {
  size_t row = 0;
  return hint_next(place, text, &row);
}
