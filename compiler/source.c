/* Source texts, their line tables and places in them (see source.h). */
#include "source.h"

#include <string.h>

void sources_init(Sources *s, Arena *a) {
  *s = (Sources){.arena = a};
}

static Source *add(Sources *s, const char *path, const char *text, size_t len) {
  Source *source = ARENA_NEW(s->arena, Source);
  source->path = arena_copy(s->arena, path, strlen(path));
  source->text = text;
  source->len = (uint32_t)len;
  VEC_PUSH(s->arena, s, source);
  source->id = (uint32_t)s->count;
  return source;
}

Source *sources_add(Sources *s, const char *path, const char *text, size_t len) {
  return len > SOURCE_MAX_BYTES ? NULL : add(s, path, arena_copy(s->arena, text, len), len);
}

Source *sources_add_library(Sources *s, const char *path, const char *text, size_t len) {
  Source *source = add(s, path, text, len);
  source->checked = true;
  source->lazy_bodies = true;
  return source;
}

Source *sources_get(const Sources *s, uint32_t id) {
  return id >= 1 && id <= s->count ? s->items[id - 1] : NULL;
}

#define TAIL_STRIDE 256

static bool is_tail(char c) {
  return ((unsigned char)c & 0xc0) == 0x80;
}

static bool is_ascii(const char *text, uint32_t len) {
  uint64_t seen = 0, eight;
  uint32_t i = 0;
  for (; i + 8 <= len; i += 8) {
    memcpy(&eight, text + i, 8);
    seen |= eight;
  }
  for (; i < len; i++) seen |= (unsigned char)text[i];
  return (seen & 0x8080808080808080u) == 0;
}

static void make_tails(Sources *s, Source *source) {
  source->tails = ARENA_ARRAY(s->arena, uint32_t, source->len / TAIL_STRIDE + 1);
  uint32_t tails = 0;
  for (uint32_t i = 0; i < source->len; i++) {
    if (i % TAIL_STRIDE == 0) source->tails[i / TAIL_STRIDE] = tails;
    tails += is_tail(source->text[i]);
  }
  if (source->len % TAIL_STRIDE == 0) source->tails[source->len / TAIL_STRIDE] = tails;
}

/* The first newline of a text from `p` on, or NULL. */
static const char *newline_from(const Source *source, const char *p) {
  return memchr(p, '\n', (size_t)(source->text + source->len - p));
}

static void make_lines(Sources *s, Source *source) {
  uint32_t count = 1, line = 1;
  for (const char *p = source->text; (p = newline_from(source, p)); p++) count++;
  source->lines = ARENA_ARRAY(s->arena, uint32_t, count);
  source->line_count = count;
  for (const char *p = source->text; (p = newline_from(source, p)); p++) source->lines[line++] = (uint32_t)(p - source->text) + 1;
  if (!is_ascii(source->text, source->len)) make_tails(s, source);
}

/* How many bytes before an offset go on with a scalar: columns of long lines cost no walk along the line. */
static uint32_t tails_before(const Source *source, uint32_t offset) {
  if (!source->tails) return 0;
  uint32_t tails = source->tails[offset / TAIL_STRIDE];
  for (uint32_t i = offset - offset % TAIL_STRIDE; i < offset; i++) tails += is_tail(source->text[i]);
  return tails;
}

static bool line_holds(const Source *source, uint32_t line, uint32_t offset) {
  return line < source->line_count && source->lines[line] <= offset && (line + 1 == source->line_count || offset < source->lines[line + 1]);
}

/* Returns the line, from 0, that holds an offset: mostly the one last asked for, or the next. */
static uint32_t find_line(const Source *source, uint32_t offset) {
  if (line_holds(source, source->last_line, offset)) return source->last_line;
  if (line_holds(source, source->last_line + 1, offset)) return source->last_line + 1;
  uint32_t low = 0, high = source->line_count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (source->lines[middle] <= offset) low = middle;
    else high = middle;
  }
  return low;
}

SourcePos source_position(Sources *s, Source *source, uint32_t offset) {
  if (!source->lines) make_lines(s, source);
  if (offset > source->len) offset = source->len;
  uint32_t line = find_line(source, offset), start = source->lines[line];
  source->last_line = line;
  return (SourcePos){line + 1, offset - start - (tails_before(source, offset) - tails_before(source, start)) + 1};
}

SourcePos span_position(Sources *s, Span span) {
  Source *source = sources_get(s, span.source);
  return source ? source_position(s, source, span.start) : (SourcePos){0, 0};
}

Str source_line_text(Sources *s, Source *source, uint32_t line) {
  if (!source->lines) make_lines(s, source);
  if (line == 0 || line > source->line_count) return (Str){"", 0};
  uint32_t start = source->lines[line - 1];
  uint32_t end = line < source->line_count ? source->lines[line] - 1 : source->len;
  if (end > start && source->text[end - 1] == '\r') end--;
  return (Str){source->text + start, end - start};
}

Str span_text(const Sources *s, Span span) {
  Source *source = sources_get(s, span.source);
  if (!source || span.start > span.end || span.end > source->len) return (Str){"", 0};
  return (Str){source->text + span.start, span.end - span.start};
}

size_t utf8_decode(const char *text, size_t len, uint32_t *scalar) {
  const unsigned char *p = (const unsigned char *)text;
  if (len == 0) return 0;
  if (p[0] < 0x80) {
    *scalar = p[0];
    return 1;
  }
  size_t size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
  if (p[0] < 0xc2 || p[0] > 0xf4 || len < size) return 0;
  uint32_t value = p[0] & (0x7fu >> size);
  for (size_t i = 1; i < size; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    value = value << 6 | (p[i] & 0x3f);
  }
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
  *scalar = value;
  return size;
}

size_t utf8_encode(uint32_t scalar, char *out) {
  if (scalar < 0x80) {
    out[0] = (char)scalar;
    return 1;
  }
  if (scalar < 0x800) {
    out[0] = (char)(0xc0 | scalar >> 6);
    out[1] = (char)(0x80 | (scalar & 0x3f));
    return 2;
  }
  if (scalar < 0x10000) {
    out[0] = (char)(0xe0 | scalar >> 12);
    out[1] = (char)(0x80 | (scalar >> 6 & 0x3f));
    out[2] = (char)(0x80 | (scalar & 0x3f));
    return 3;
  }
  out[0] = (char)(0xf0 | scalar >> 18);
  out[1] = (char)(0x80 | (scalar >> 12 & 0x3f));
  out[2] = (char)(0x80 | (scalar >> 6 & 0x3f));
  out[3] = (char)(0x80 | (scalar & 0x3f));
  return 4;
}
