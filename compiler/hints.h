/* hints.h - what to write instead of what other languages write (the rows are in hints.def).
 *
 * Interface: hint_find, hint_next. Texts are constants; nothing is allocated. */
#ifndef FIRN_COMPILER_HINTS_H
#define FIRN_COMPILER_HINTS_H

#include <stddef.h>

typedef enum HintPlace { HINT_WORD, HINT_NAME, HINT_TYPE, HINT_MEMBER } HintPlace;

/* Returns the hint of the first row at or behind *row for this text, and moves *row behind it; NULL when there is none. */
const char *hint_next(HintPlace place, const char *text, size_t *row);
/* Returns the first hint, or NULL. */
const char *hint_find(HintPlace place, const char *text);

#endif
