/* cmd_explain.c - `firn explain`: what a message means, with a wrong and a right example.
 *
 * The texts are docs/diagnostics/, embedded at build time; what messages there are, and how they begin, comes from compiler/diag.def. A code's part
 * of a text goes from its heading, `## E0301: type mismatch`, to the next one. Of Markdown only the fences are taken off: the blocks are indented.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/cli.h"
#include "stdlib/library.h"

extern const LibrarySource explanation_sources[];
extern const unsigned explanation_source_count;

/* A format without its conversions: "expected `...`, found `...`". */
static void format_print(const char *format) {
  for (const char *at = format; *at; at++) {
    if (*at != '%') {
      putchar(*at);
      continue;
    }
    at += 1 + strspn(at + 1, "0123456789lz");
    fputs(*at == '%' ? "%" : "...", stdout);
  }
}

/* What stands behind the code in its heading, or NULL. */
static const char *heading_find(DiagCode code) {
  char heading[32];
  int length = snprintf(heading, sizeof heading, "\n## %s: ", diag_code_text(code));
  for (unsigned i = 0; i < explanation_source_count; i++) {
    const char *at = strstr(explanation_sources[i].text, heading);
    if (at) return at + length;
  }
  return NULL;
}

/* The message, or, where it is made as a whole, the heading. */
static void title_print(DiagCode code) {
  const char *heading = heading_find(code);
  printf("%s: ", diag_code_text(code));
  if (heading && strcmp(diag_format(code), "%s") == 0) printf("%.*s", (int)strcspn(heading, "\n"), heading);
  else format_print(diag_format(code));
  putchar('\n');
}

/* What stands above a block: "```firn wrong" the mistake, "```firn" how it is right, "```firn name.firn" another file. */
static void fence_print(const char *info, size_t length) {
  const char *space = memchr(info, ' ', length);
  if (!space) puts("Right:\n");
  else if (length == 10 && memcmp(space, " wrong", 6) == 0) puts("Wrong:\n");
  else printf("%.*s:\n\n", (int)(length - (size_t)(space + 1 - info)), space + 1);
}

static void text_print(const char *text) {
  bool in_block = false, has_gap = false;
  for (const char *line = text + strcspn(text, "\n"); *line && memcmp(line, "## ", 3) != 0;) {
    size_t length = strcspn(line, "\n");
    if (length && has_gap) putchar('\n');
    has_gap = !length;
    bool is_fence = length >= 3 && memcmp(line, "```", 3) == 0;
    if (is_fence && !in_block) fence_print(line + 3, length - 3);
    else if (is_fence) has_gap = true;
    else if (length) printf("%s%.*s\n", in_block ? "    " : "", (int)length, line);
    if (is_fence) in_block = !in_block;
    line += length + (line[length] == '\n');
  }
}

static int unknown(const char *word) {
  NameSuggestion suggestion = {.wrong = word};
  for (int i = 0; i < DIAG_COUNT; i++) name_suggestion_try(&suggestion, diag_code_text((DiagCode)i));
  if (suggestion.best) return usage_error("there is no message %s; did you mean %s?", word, suggestion.best);
  return usage_error("there is no message '%s'; `firn explain` lists them", word);
}

static int explain(const char *word) {
  for (int i = 0; i < DIAG_COUNT; i++) {
    const char *code = diag_code_text((DiagCode)i);
    if (strcasecmp(code, word) != 0) continue;
    const char *text = heading_find((DiagCode)i);
    if (!text) return usage_error("nothing is written about %s", code), EXIT_FAILED;
    title_print((DiagCode)i);
    text_print(text);
    return EXIT_OK;
  }
  return unknown(word);
}

int command_explain(Flags *flags) {
  int status = EXIT_OK;
  for (int i = 0; i < DIAG_COUNT && !flags->nwords; i++) title_print((DiagCode)i);
  for (int i = 0; i < flags->nwords && status == EXIT_OK; i++) {
    if (i) putchar('\n');
    status = explain(flags->words[i]);
  }
  return status;
}
