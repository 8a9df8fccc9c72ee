/* Messages to the author of a program.
 *
 * Diags collects messages of all compile stages and prints them in the order of their places.  Every message is a row
 * of diag.def: a stable code, a name, and a printf format; diag_error takes the arguments of that format.
 *
 *   Diag *d = diag_error(diags, span, DIAG_EXPECTED_TYPE, "int", "string");
 *   diag_help(d, "convert it: `int(%s)`", text);
 *   diag_note(d, other, "`%s` is declared here", name);
 *
 * Invariants: messages, texts and spans live in the arena; a Diag returned is never NULL; two errors at the same
 * place with the same code are kept once; printing is deterministic. */
#ifndef FIRN_COMPILER_DIAG_H
#define FIRN_COMPILER_DIAG_H

#include <stdio.h>

#include "source.h"

typedef enum DiagCode {
#define DIAG(code, name, format) DIAG_##name,
#include "diag.def"
#undef DIAG
  DIAG_COUNT
} DiagCode;

typedef enum DiagLevel { DIAG_ERROR, DIAG_WARNING } DiagLevel;

typedef struct Diags Diags;

/* A secondary place with its label. */
typedef struct DiagNote {
  Span span;
  const char *label;
  struct DiagNote *next;
} DiagNote;

/* A line `= help: ...`. */
typedef struct DiagHelp {
  const char *text;
  struct DiagHelp *next;
} DiagHelp;

typedef struct Diag {
  Diags *owner;
  DiagLevel level;
  DiagCode code;
  Span span;
  const char *text;
  DiagNote *notes;
  DiagHelp *helps;
  uint32_t order; /* of being reported, for a stable sort */
} Diag;

struct Diags {
  Arena *arena;
  Sources *sources;
  Diag **items;
  size_t count, capacity;
  size_t errors, warnings;
  Diag *muted; /* scratch returned for messages that are dropped */
};

typedef struct DiagPrintOptions {
  bool color;
  size_t max_shown; /* 0: 20 */
  uint32_t width;   /* columns of source shown before clipping; 0: 100 */
} DiagPrintOptions;

void diags_init(Diags *d, Arena *a, Sources *sources);
/* Reports an error at `span`; the arguments are those of the code's format. */
Diag *diag_error(Diags *d, Span span, DiagCode code, ...);
/* As diag_error. */
Diag *diag_verror(Diags *d, Span span, DiagCode code, va_list args);
/* Reports a warning: a row whose code begins with W. */
Diag *diag_warning(Diags *d, Span span, DiagCode code, ...);
/* Adds a help line; returns `d`. */
Diag *diag_help(Diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds a labelled second place; returns `d`. */
Diag *diag_note(Diag *d, Span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Drops the messages with this code behind the start of `from`, in its source; returns where the first of them was, or nowhere. */
Span diags_remove(Diags *d, DiagCode code, Span from);
/* Drops what adds nothing: warnings beside errors, and those given twice. */
void diags_settle(Diags *d);
/* Drops messages whose codes are in `dropped` (by DiagCode), which is for warnings. */
void diags_drop(Diags *d, const bool dropped[DIAG_COUNT]);
/* Makes all warnings errors. */
void diags_raise(Diags *d);
/* Returns the stable code ("E0301") of a row. */
const char *diag_code_text(DiagCode code);
/* Returns the printf format of a row. */
const char *diag_format(DiagCode code);
/* Sorts the messages by place: source id, offset, order of reporting. */
void diags_sort(Diags *d);
/* Sorts and prints all messages with their source lines; `options` may be NULL. */
void diags_print(Diags *d, FILE *out, const DiagPrintOptions *options);
/* Prints one message. */
void diag_print(const Diag *d, FILE *out, const DiagPrintOptions *options);

/* Finds the candidate closest in spelling to `wrong`: start with {.wrong = ...}, give each candidate, read `.best` at the end, NULL when none is near
 * enough to be meant. */
typedef struct NameSuggestion {
  const char *wrong;
  Name best;
  uint32_t best_distance;
} NameSuggestion;
void name_suggestion_try(NameSuggestion *s, Name candidate);

#endif
