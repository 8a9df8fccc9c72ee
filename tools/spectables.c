/* spectables.c - build tool: writes spec.md's tables from the .def files, or checks them.
 *
 * usage: spectables [--check] spec.md
 * The text between `<!-- begin NAME -->` and `<!-- end NAME -->` is generated, for NAME in types, instructions, traps, capabilities, in this order. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/op.h"

typedef struct Buffer { char *text; size_t length, capacity; } Buffer;

static void append(Buffer *buffer, const char *text, size_t length) {
  if (buffer->length + length + 1 > buffer->capacity) {
    buffer->capacity = (buffer->length + length + 1) * 2;
    buffer->text = realloc(buffer->text, buffer->capacity);
    if (!buffer->text) abort();
  }
  memcpy(buffer->text + buffer->length, text, length);
  buffer->length += length;
  buffer->text[buffer->length] = 0;
}

static void print(Buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void print(Buffer *buffer, const char *format, ...) {
  char line[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  append(buffer, line, strlen(line));
}

/* "?T" and the like, spelt out. */
static void sig_side(Buffer *buffer, const char *from, const char *to) {
  if (from == to) print(buffer, "–");
  for (const char *at = from; at < to; at++) {
    static const char letters[] = "ifbcsyvtrTU";
    static const char *const names[] = {"int", "float", "bool", "char", "string", "bytes", "void", "task", "fn() -> void", "T", "U"};
    const char *wrap = *at == '?' ? "?" : *at == '[' ? "]" : *at == '@' ? "cell " : "";
    if (at != from) print(buffer, " ");
    if (*at == '*') { print(buffer, "…"); continue; }
    if (*at == '{') { print(buffer, "[T: U]"); continue; }
    if (*wrap) at++;
    const char *name = names[strchr(letters, *at) - letters];
    if (*wrap == '?') print(buffer, "%s?", name);
    else if (*wrap == ']') print(buffer, "[%s]", name);
    else print(buffer, "%s%s", wrap, name);
  }
}

static void table_instructions(Buffer *buffer) {
  print(buffer, "| code | instruction | immediates | pops → pushes | traps | meaning |\n|---|---|---|---|---|---|\n");
  for (int code = 0; code < OP_MAX; code++) {
    const OpInfo *info = &op_table[code];
    if (!info->name) continue;
    print(buffer, "| %02x | `%s` | ", code, info->name);
    for (const char *imm = info->imms; *imm; imm++) print(buffer, "%s%c", imm == info->imms ? "" : " ", *imm);
    print(buffer, " | ");
    const char *colon = strchr(info->sig, ':');
    sig_side(buffer, info->sig, colon);
    print(buffer, " → ");
    sig_side(buffer, colon + 1, info->sig + strlen(info->sig));
    print(buffer, " | %s | %s |\n", info->flags & OP_TRAPS ? "yes" : "", info->doc);
  }
}

static void table_types(Buffer *buffer) {
  print(buffer, "| code | type | arguments | in slots |\n|---|---|---|---|\n");
#define TYPE(code, id, name, params, cls)                                                                    \
  print(buffer, "| %02x | %s | %s | %s |\n", code, name, params < 0 ? "counted" : params == 0 ? "–" : params == 1 ? "1" : "2", \
        strcmp(#cls, "VOID") == 0  ? "none"                                                                  \
        : strcmp(#cls, "RAW") == 0 ? "one"                                                                   \
        : strcmp(#cls, "REF") == 0 ? "one reference"                                                         \
                                   : "by its parts");
#include "vm/type.def"
}

static void table_traps(Buffer *buffer) {
  print(buffer, "| code | trap | message |\n|---|---|---|\n");
#define TRAP(code, id, message) print(buffer, "| %d | %s | %s |\n", code, #id, message);
#include "vm/trap.def"
}

static void table_limits(Buffer *buffer) {
  print(buffer, "| limit of | counted in | trap | set by |\n|---|---|---|---|\n");
#define BYTES "bytes"
#define COUNT "tasks"
#define LIMIT(id, field, trap, unit, used, flag, value, name, doc) print(buffer, "| %s | %s | %s | `%s=%s` |\n", name, unit, #trap, flag, value);
#include "vm/limit.def"
}

static void table_capabilities(Buffer *buffer) {
  print(buffer, "| name | lets a guest | granted by |\n|---|---|---|\n");
#define CAPABILITY(id, name, doc, flag) print(buffer, "| `%s` | %s | `%s` |\n", name, doc, flag);
#include "vm/capability.def"
}

static const struct { const char *name; void (*write)(Buffer *); } tables[] = {
    {"types", table_types}, {"instructions", table_instructions}, {"traps", table_traps}, {"limits", table_limits}, {"capabilities", table_capabilities}};

static char *read_all(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) return perror(path), NULL;
  Buffer buffer = {0};
  char chunk[4096];
  size_t got;
  while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) append(&buffer, chunk, got);
  fclose(file);
  *length = buffer.length;
  return buffer.text;
}

/* Copies the page with its tables made anew; false when a marker is missing. */
static bool page_write(const char *page, Buffer *out) {
  const char *at = page;
  for (unsigned i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    char begin[64], end[64];
    snprintf(begin, sizeof begin, "<!-- begin %s -->\n", tables[i].name);
    snprintf(end, sizeof end, "<!-- end %s -->", tables[i].name);
    const char *from = strstr(at, begin), *to = from ? strstr(from, end) : NULL;
    if (!to) return fprintf(stderr, "no markers for table '%s' (in this order)\n", tables[i].name), false;
    from += strlen(begin);
    append(out, at, (size_t)(from - at));
    tables[i].write(out);
    at = to;
  }
  append(out, at, strlen(at));
  return true;
}

int main(int argc, char **argv) {
  bool check = argc > 1 && strcmp(argv[1], "--check") == 0;
  if (argc != 2 + check) return fprintf(stderr, "usage: spectables [--check] spec.md\n"), 2;
  const char *path = argv[1 + check];
  size_t length;
  char *page = read_all(path, &length);
  Buffer out = {0};
  if (!page || !page_write(page, &out)) return 1;
  if (out.length == length && memcmp(out.text, page, length) == 0) return 0;
  if (check) return fprintf(stderr, "%s differs from the tables: run `make spec`\n", path), 1;
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(out.text, 1, out.length, file) != out.length || fclose(file)) return perror(path), 1;
  return 0;
}
