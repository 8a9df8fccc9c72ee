/* cmd_repl_command.c - the REPL's commands, by the one table in repl_commands.def. Interface: repl.h. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/repl.h"
#include "stdlib/io.h"

#define REPL_COMMAND(id, name, argument, summary) static void command_##id##_do(Session *s, const char *argument_text);
#include "cli/repl_commands.def"

static const struct ReplRow {
  const char *name, *argument, *summary;
  void (*carry_out)(Session *s, const char *argument);
} rows[] = {
#define REPL_COMMAND(id, name, argument, summary) {name, argument, summary, command_##id##_do},
#include "cli/repl_commands.def"
};
#define ROWS (sizeof rows / sizeof rows[0])

const char *repl_command_name(unsigned n) { return n < ROWS ? rows[n].name : NULL; }

/* The row of a name or of the one name that begins so; NULL if there is none. */
static const struct ReplRow *row_find(const char *word, size_t length) {
  const struct ReplRow *found = NULL;
  unsigned count = 0;
  for (unsigned i = 0; i < ROWS; i++) {
    if (strncmp(rows[i].name, word, length) != 0) continue;
    if (rows[i].name[length] == 0) return &rows[i];
    if (!found) found = &rows[i];
    count++;
  }
  return length > 1 && count == 1 ? found : NULL;
}

void repl_command(Session *s, const char *line) {
  size_t length = strcspn(line, " \t");
  const struct ReplRow *row = row_find(line, length);
  const char *argument = line + length + strspn(line + length, " \t");
  size_t rest = strlen(argument);
  while (rest && isspace((unsigned char)argument[rest - 1])) rest--;
  char *text = strndup(argument, rest);
  if (!text) return;
  if (!row) fprintf(stderr, "there is no command %.*s; :help lists them\n", (int)length, line);
  else if (*row->argument && !*text) fprintf(stderr, "%s needs an argument: %s %s\n", row->name, row->name, row->argument);
  else if (!*row->argument && *text) fprintf(stderr, "%s takes no argument\n", row->name);
  else row->carry_out(s, text);
  free(text);
  fflush(stdout);
}

static void command_help_do(Session *s, const char *argument) {
  puts("An expression, and its value and type are printed; or declarations and statements. Open brackets go on in the next line.\n\nCommands:");
  for (unsigned i = 0; i < ROWS; i++) printf("  %-9s %-5s %s\n", rows[i].name, rows[i].argument, rows[i].summary);
  puts("\nCtrl-C stops what runs; Ctrl-D leaves.");
}

static void command_type_do(Session *s, const char *argument) {
  CompileAnswer answer;
  bool done = session_ask(s, &(Query){.text = argument, .length = strlen(argument), .is_loud = true}, &answer, NULL);
  if (done) puts(answer.type ? answer.type : "void");
  compile_answer_free(&answer);
}

static void command_doc_do(Session *s, const char *argument) {
  CompileAnswer answer;
  bool done = session_ask(s, &(Query){.text = "", .doc_of = argument}, &answer, NULL);
  if (done && answer.doc && *answer.doc) fputs(answer.doc, stdout);
  else fprintf(stderr, "nothing is known of '%s'\n", argument);
  compile_answer_free(&answer);
}

/* Disassembly */

static void text_write(void *ctx, const char *bytes, size_t length) { fwrite(bytes, 1, length, ctx); }

static char *module_text(const Module *module) {
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  if (!out) return NULL;
  module_disassemble(module, &(TextOut){text_write, out});
  return fclose(out) == 0 ? text : (free(text), NULL);
}

/* The function to show: the last of that name, or the entry. */
static uint32_t function_pick(const Module *module, const char *name) {
  uint32_t found = module->entry;
  for (uint32_t i = 0; i < module->nfunctions; i++) {
    if (strcmp(module->functions[i].name, name) == 0) found = i;
  }
  return found;
}

/* Prints the function's part of a module's text: its head, and the lines indented below. */
static void function_print(const char *text, uint32_t number) {
  char mark[40];
  snprintf(mark, sizeof mark, "; function %" PRIu32 "\n", number);
  bool is_in = false;
  for (const char *line = text; *line;) {
    const char *end = strchr(line, '\n');
    size_t length = end ? (size_t)(end - line) + 1 : strlen(line), size = strlen(mark);
    if (strncmp(line, "func ", 5) == 0) is_in = length >= size && memcmp(line + length - size, mark, size) == 0;
    else if (*line != ' ') is_in = false;
    if (is_in) fwrite(line, 1, length, stdout);
    line += length;
  }
}

static void command_dis_do(Session *s, const char *argument) {
  CompileAnswer answer;
  Module *module = NULL;
  bool is_name = argument[strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")] == 0;
  bool done = session_ask(s, &(Query){.text = argument, .length = strlen(argument), .is_loud = !is_name}, &answer, &module);
  if (!done && is_name) done = session_ask(s, &(Query){.text = ""}, &answer, &module);
  char *text = done ? module_text(module) : NULL;
  if (text) function_print(text, function_pick(module, argument));
  free(text);
  if (module) module_free(module);
  compile_answer_free(&answer);
}

/* The rest */

static void command_time_do(Session *s, const char *argument) {
  if (session_eval(s, NULL, argument, strlen(argument))) printf("%.6f s, fuel %" PRIu64 "\n", s->seconds_last, s->fuel_last);
}

static void command_fuel_do(Session *s, const char *argument) { printf("%" PRIu64 " by the last input, %" PRIu64 " in all\n", s->fuel_last, s->fuel_total); }

static void command_load_do(Session *s, const char *argument) {
  char *text;
  size_t length;
  if (!file_read(argument, &text, &length)) return;
  session_eval(s, argument, text, length);
  free(text);
}

static void command_undo_do(Session *s, const char *argument) {
  if (!session_undo(s)) fputs("there is nothing to undo\n", stderr);
}

static void command_save_do(Session *s, const char *argument) { session_save(s, argument); }
static void command_restore_do(Session *s, const char *argument) { session_restore(s, argument); }
static void command_quit_do(Session *s, const char *argument) { s->is_over = true; }
