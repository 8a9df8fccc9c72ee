/* Source texts and places in them.
 *
 * A Source is one file's (or one REPL entry's) text; Sources numbers them so that a Span, three words, names a place
 * in any of them.  Offsets are bytes; lines and columns count from 1, columns in Unicode scalars.
 *
 * Interface: sources_init, sources_add, sources_get; source_position, source_line_text; span_make, span_join.
 * Invariants: text has a NUL behind its last byte (text[len] == 0); len < 2^31; the line table is made at its first
 * use; a Source and its text live in the compile arena; no source has id 0, so a zeroed Span is "nowhere". */
#ifndef FIRN_COMPILER_SOURCE_H
#define FIRN_COMPILER_SOURCE_H

#include "arena.h"

#define SOURCE_MAX_BYTES 0x7ffffff0u

typedef struct Span {
  uint32_t source; /* id; 0 is nowhere */
  uint32_t start, end;
} Span;

typedef struct Source {
  uint32_t id;
  uint32_t module;    /* free for the module loader: which module this text belongs to */
  const char *path;   /* as shown in messages */
  const char *text;
  uint32_t len;
  bool checked;       /* its bytes are known to be UTF-8 (the parser sees to it) */
  bool lazy_bodies;   /* parse_module leaves heads and bodies of functions to parse_head and parse_body; for the library, whose layout is known */
  uint32_t *lines;    /* offset of each line's first byte; made on demand */
  uint32_t line_count, last_line;
  uint32_t *tails;    /* at each TAIL_STRIDE bytes: how many bytes before belong to a scalar begun earlier; made with `lines`, unless all is ASCII */
} Source;

typedef struct Sources {
  Arena *arena;
  Source **items; /* items[id - 1] */
  size_t count, capacity;
} Sources;

typedef struct SourcePos {
  uint32_t line, column;
} SourcePos;

void sources_init(Sources *s, Arena *a);
/* Adds a copy of `text`; returns NULL when it is longer than SOURCE_MAX_BYTES. */
Source *sources_add(Sources *s, const char *path, const char *text, size_t len);
/* Adds a text of the library, which is good and lives as long as the process; its bodies are parsed lazily. */
Source *sources_add_library(Sources *s, const char *path, const char *text, size_t len);
/* Returns the source of an id, or NULL. */
Source *sources_get(const Sources *s, uint32_t id);
/* Returns line and column of a byte offset (offsets beyond the end count as the end). */
SourcePos source_position(Sources *s, Source *source, uint32_t offset);
/* Returns line and column where a span starts, or {0, 0} for nowhere. */
SourcePos span_position(Sources *s, Span span);
/* Returns the text of a line (counted from 1) without its line end. */
Str source_line_text(Sources *s, Source *source, uint32_t line);
/* Decodes the first scalar of valid UTF-8; returns its length in bytes, or 0 when the bytes are not well formed. */
size_t utf8_decode(const char *text, size_t len, uint32_t *scalar);
/* Writes a scalar as UTF-8 into `out` (4 bytes of room) and returns its length. */
size_t utf8_encode(uint32_t scalar, char *out);
/* Returns the text that a span covers. */
Str span_text(const Sources *s, Span span);

static inline Span span_make(uint32_t source, uint32_t start, uint32_t end) {
  return (Span){source, start, end};
}
/* Returns the span from the start of `a` to the end of `b`. */
static inline Span span_join(Span a, Span b) {
  return (Span){a.source, a.start, b.end > a.start ? b.end : a.end};
}

#endif
