/* main.c - the `firn` command: picks a command, or runs a file. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "include/firn.h"
#include "vm/native.h"
#include "vm/tier.h"

static const struct CommandRow {
  const char *name, *arguments, *summary;
  int (*carry_out)(Flags *flags);
} commands[] = {
#define COMMAND(id, name, arguments, summary) {name, arguments, summary, command_##id},
#include "cli/commands.def"
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static int command_find(const char *name) {
  for (unsigned i = 0; i < COMMANDS; i++)
    if (strcmp(commands[i].name, name) == 0) return (int)i;
  return -1;
}

int command_version(Flags *flags) {
  (void)flags;
  printf("firn %d.%d.%d\n", FIRN_VERSION_MAJOR, FIRN_VERSION_MINOR, FIRN_VERSION_PATCH);
  return EXIT_OK;
}

static void help_overview(void) {
  puts("Firn runs programs: isolated, metered, portable.\n\n"
       "usage: firn FILE [ARGS]          run a program\n"
       "       firn -e CODE [ARGS]       run a program given here\n"
       "       firn                      read, run and print what you type\n"
       "       firn COMMAND ...\n\nCommands:");
  for (unsigned i = 0; i < COMMANDS; i++) printf("  %-9s %-22s %s\n", commands[i].name, commands[i].arguments, commands[i].summary);
  puts("\n`firn help COMMAND` explains one.\n\n"
       "Exit status: 0, or what main returns; 1 after an error or panic that nothing handled; 2 for a wrong\n"
       "command line, a mistake in a program or a bad module; 3 when the fuel or time is used up; 4 when it\n"
       "would go over its quota of memory or another limit.");
}

int command_help(Flags *flags) {
  if (flags->nwords == 0) return help_overview(), EXIT_OK;
  int command = command_find(flags->words[0]);
  if (command < 0) return usage_error("there is no command '%s'; `firn help` lists them", flags->words[0]);
  printf("usage: firn %s %s\n\n%s\n", commands[command].name, commands[command].arguments, commands[command].summary);
  flags_help((unsigned)command);
  return EXIT_OK;
}

static bool help_wanted(int argc, char **argv) {
  for (int i = 0; i < argc && argv[i][0] == '-'; i++)
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
  return false;
}

/* Whether the word can only be a mistyped command: no file of that name, and nothing of a path or a flag in it. Says so. */
static bool command_mistyped(const char *word) {
  if (word[strcspn(word, "-./")] || access(word, F_OK) == 0) return false;
  NameSuggestion suggestion = {.wrong = word};
  for (unsigned i = 0; i < COMMANDS; i++) name_suggestion_try(&suggestion, commands[i].name);
  if (suggestion.best) usage_error("there is no file and no command '%s'; did you mean `firn %s`?", word, suggestion.best);
  return suggestion.best != NULL;
}

int main(int argc, char **argv) {
  if (argc < 2) return command_repl(&(Flags){.fuel = -1, .grants = CAP_ALL});
  if (strcmp(argv[1], "--version") == 0) return command_version(NULL);
  int command = command_find(argv[1]), first = command < 0 ? 1 : 2;
  if (command < 0 && command_mistyped(argv[1])) return EXIT_USAGE;
  if (command < 0) command = CMD_BIT_run;
  if (help_wanted(argc - first, argv + first)) {
    if (first == 1) return help_overview(), EXIT_OK;
    return command_help(&(Flags){.words = argv + 1, .nwords = 1});
  }
  Flags flags;
  int status = flags_read(&flags, (unsigned)command, argc - first, argv + first) ? commands[command].carry_out(&flags) : EXIT_USAGE;
  folders_free(flags.folders);
  if (tier_is_busy()) {
    fflush(NULL);
    _exit(status);
  }
  return status;
}
