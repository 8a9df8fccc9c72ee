/* rules.c - a rule engine whose rules are replaced while it works.
 *
 *   rules FILE < COMMANDS
 *
 * A command is a line: `reload FILE` takes other rules, which decide from the next order on, unless they do not compile; then the rules in force stay.
 * `order NAME=VALUE...` asks the rules' `discount` and prints what it says, or what is wrong with the order or with the rules. An order may use FUEL units and
 * MEMORY bytes; rules that fail in one order are as good as new in the next.
 */
#include <firn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUEL = 100000, MEMORY = 1 << 20, PAIRS = 16 };

typedef struct Rules {
  Firn *firn;
  FirnProgram *program;
  FirnGuest *guest;
  FirnFunction *discount;
} Rules;

/* Prints an error's first line and frees it; whether there was one. */
static bool complain(const char *what, FirnError *error) {
  if (!error) return false;
  const char *text = firn_error_text(error);
  printf("%s: %.*s\n", what, (int)strcspn(text, "\n"), text);
  firn_error_free(error);
  return true;
}

static void rules_free(Rules *rules) {
  firn_guest_free(rules->guest); /* and its functions with it */
  firn_program_free(rules->program);
}

/* A new guest of the rules' program, whose top level has run. */
static FirnError *rules_begin(Rules *rules) {
  FirnGuestOptions options = firn_guest_options();
  options.fuel = FUEL;
  options.memory = MEMORY;
  firn_guest_free(rules->guest);
  rules->guest = NULL;
  FirnError *error = firn_guest_new(rules->program, &options, &rules->guest);
  if (error) return error;
  firn_run(rules->guest, 0);
  return firn_function(rules->guest, "discount", "([string: string]) -> float!", &rules->discount);
}

/* Replaces the rules by those in a file, if they are rules. */
static void rules_load(Rules *rules, const char *path) {
  static char text[1 << 16];
  FILE *file = fopen(path, "rb");
  size_t length = file ? fread(text, 1, sizeof text, file) : 0;
  if (!file) return perror(path);
  fclose(file);
  Rules loaded = {.firn = rules->firn};
  FirnCompileOptions options = firn_compile_options();
  options.path = path;
  FirnError *error = firn_compile(rules->firn, text, length, &options, &loaded.program);
  if (!error) error = rules_begin(&loaded);
  if (complain("not loaded", error)) return rules_free(&loaded);
  rules_free(rules);
  *rules = loaded;
  printf("loaded\n");
}

static void rules_ask(Rules *rules, char *order) {
  FirnValue pairs[2 * PAIRS], argument, result;
  size_t count = 0;
  for (char *name = strtok(order, " "); name && count < PAIRS; name = strtok(NULL, " ")) {
    char *equals = strchr(name, '=');
    if (!equals) continue;
    pairs[2 * count] = firn_text(name, equals - name);
    pairs[2 * count + 1] = firn_string(equals + 1);
    count++;
  }
  argument = firn_map(pairs, count);
  if (!rules->guest) return (void)printf("there are no rules\n");
  FirnError *error = firn_fuel_set(rules->guest, FUEL);
  if (!error) error = firn_call(rules->discount, &argument, 1, &result);
  if (!error) return (void)printf("discount %.0f %%\n", result.as.number * 100.0);
  if (firn_error_code(error) == FIRN_E_RESULT) return (void)complain("refused", error);
  complain("the rules are wrong", error);
  complain("can't begin again", rules_begin(rules));
}

int main(int argc, char **argv) {
  char line[1024];
  Rules rules = {.firn = firn_new()};
  if (!rules.firn || argc != 2) return fprintf(stderr, "usage: rules FILE < COMMANDS\n"), 2;
  rules_load(&rules, argv[1]);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "reload ", 7) == 0) rules_load(&rules, line + 7);
    else if (strncmp(line, "order ", 6) == 0) rules_ask(&rules, line + 6);
    else printf("unknown command: %s\n", line);
  }
  rules_free(&rules);
  firn_free(rules.firn);
  return 0;
}
