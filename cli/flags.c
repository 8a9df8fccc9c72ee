/* flags.c - command-line flags, driven by flags.def. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/cli.h"
#include "stdlib/wait.h"
#include "vm/native.h"
#include "vm/stress.h"
#include "vm/tier.h"

typedef enum FlagId {
#define FLAG(id, name, letter, value, commands, doc) FLAG_##id,
#include "cli/flags.def"
  FLAG_COUNT
} FlagId;

static const struct FlagRow {
  const char *name;
  char letter;
  const char *value;
  unsigned commands;
  const char *doc;
} flag_rows[] = {
#define FLAG(id, name, letter, value, commands, doc) {name, letter, value, commands, doc},
#include "cli/flags.def"
};

int usage_error(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("firn: ", stderr);
  vfprintf(stderr, format, args);
  fputs("\n", stderr);
  va_end(args);
  return EXIT_USAGE;
}

void flags_help(unsigned command) {
  puts("\nFlags:");
  for (int i = 0; i < FLAG_COUNT; i++) {
    const struct FlagRow *row = &flag_rows[i];
    if (!(row->commands >> command & 1)) continue;
    char left[64];
    snprintf(left, sizeof left, "%s%s%s", row->name, row->value ? "=" : "", row->value ? row->value : "");
    if (row->letter) printf("  -%c, %-17s %s\n", row->letter, left, row->doc);
    else printf("      %-17s %s\n", left, row->doc);
  }
}

/* Reads a count with an optional suffix K, M or G (powers of 1024 when `binary`, else of 1000). */
static bool count_read(const char *text, bool binary, int64_t *out) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (end == text || errno || value < 0) return false;
  int64_t unit = binary ? 1024 : 1000, scale = 1;
  if (*end == 'K' || *end == 'k') scale = unit, end++;
  else if (*end == 'M' || *end == 'm') scale = unit * unit, end++;
  else if (*end == 'G' || *end == 'g') scale = unit * unit * unit, end++;
  return *end == 0 && !__builtin_mul_overflow((int64_t)value, scale, out);
}

/* Reads a time such as 1.5s, in s (also without a unit), ms, m or h. */
static bool time_read(const char *text, int64_t *micros) {
  static const struct { const char *name; double micros; } units[] = {{"", 1e6}, {"s", 1e6}, {"ms", 1e3}, {"m", 6e7}, {"h", 3.6e9}};
  char *end;
  if (*text < '0' || *text > '9') return false;
  double count = strtod(text, &end);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(end, units[i].name) != 0 || !(count * units[i].micros < 9e18)) continue;
    *micros = (int64_t)(count * units[i].micros);
    return true;
  }
  return false;
}

static bool stress_read(const char *text, Flags *flags) {
  static const char *const modes[] = {"gc", "thaw", "clone", "hop", "step", "leave"};
  for (; *text; text += *text == ',') {
    size_t length = strcspn(text, ",");
    bool found = false;
    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++)
      if (strlen(modes[i]) == length && memcmp(modes[i], text, length) == 0) flags->stress |= 1u << i, found = true;
    char *end;
    if (!found && strncmp(text, "leave=", 6) == 0) {
      long long each = strtoll(text + 6, &end, 10);
      if (end != text + length || end == text + 6 || each <= 0 || each > UINT32_MAX) return false;
      flags->leave_each = (uint32_t)each;
      flags->stress |= STRESS_LEAVE;
      found = true;
    }
    if (!found) flags->stress_every = strtoll(text, &end, 10), found = end == text + length && length && flags->stress_every > 0;
    if (!found) return false;
    text += length;
  }
  return flags->stress != 0;
}

/* Reads a code such as W0201; false if there is no such warning. */
static bool warning_read(const char *text, size_t length, bool *codes) {
  for (int i = 0; i < DIAG_COUNT; i++) {
    const char *code = diag_code_text((DiagCode)i);
    if (code[0] == 'W' && strlen(code) == length && strncasecmp(code, text, length) == 0) return codes[i] = true;
  }
  return false;
}

static bool warn_read(const char *text, Flags *flags) {
  if (!*text) return false;
  for (; *text; text += *text == ',') {
    size_t length = strcspn(text, ",");
#define IS(word) (length == strlen(word) && memcmp(text, word, length) == 0)
    if (IS("off")) flags->warn_off = true;
    else if (IS("on")) flags->warn_off = flags->warn_error = false;
    else if (IS("error")) flags->warn_error = true, flags->warn_off = false;
    else if (*text != '-' || !warning_read(text + 1, length - 1, flags->warn_without)) return false;
#undef IS
    text += length;
  }
  return true;
}

static bool signal_read(const char *name, int *number) {
  static const struct { const char *name; int number; } signals[] = {
      {"INT", SIGINT}, {"TERM", SIGTERM}, {"HUP", SIGHUP}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}};
  if (strncmp(name, "SIG", 3) == 0) name += 3;
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
    if (strcmp(signals[i].name, name) == 0) return *number = signals[i].number, true;
  return false;
}

static bool dump_read(const char *text, unsigned *dump) {
  static const char *const stages[] = {"tokens", "ast", "types", "module", "code", "ir", "asm"};
  while (*text) {
    size_t length = strcspn(text, ",");
    bool found = false;
    for (unsigned i = 0; i < sizeof stages / sizeof *stages; i++)
      if (strlen(stages[i]) == length && memcmp(stages[i], text, length) == 0) *dump |= 1u << i, found = true;
    if (!found) return false;
    text += length + (text[length] == ',');
  }
  return *dump != 0;
}

static bool jit_info_read(const char *text, unsigned *info) {
  static const struct { const char *name; unsigned bit; } all[] = {{"gdb", TIER_INFO_GDB}, {"perf", TIER_INFO_PERF}, {"jitdump", TIER_INFO_JITDUMP}};
  while (*text) {
    size_t length = strcspn(text, ",");
    bool found = false;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
      if (strlen(all[i].name) == length && memcmp(all[i].name, text, length) == 0) *info |= all[i].bit, found = true;
    if (!found) return false;
    text += length + (text[length] == ',');
  }
  return *info != 0;
}

static bool jit_read(const char *text, JitMode *mode) {
  static const char *const modes[] = {[JIT_OFF] = "off", [JIT_ON] = "on", [JIT_ALWAYS] = "always"};
  for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (strcmp(text, modes[i]) == 0) return *mode = (JitMode)i, true;
  }
  return false;
}

/* Grants something, and from now on nothing that is not granted. */
static bool grant(Flags *flags, unsigned capabilities) {
  if (flags->grants == CAP_ALL) flags->grants = CAP_STDERR;
  flags->grants |= capabilities;
  return true;
}

/* DIR, DIR:ro, or DIR:rw. Ends the process after printing why a folder can't be granted. */
static bool folder_grant(Flags *flags, const char *value) {
  size_t length = strlen(value);
  bool has_mode = length > 3 && (strcmp(value + length - 3, ":ro") == 0 || strcmp(value + length - 3, ":rw") == 0);
  bool read_only = has_mode && value[length - 1] == 'o';
  char *path = strndup(value, has_mode ? length - 3 : length);
  int error = !path ? ENOMEM : *path ? folders_add(&flags->folders, path, read_only) : EINVAL;
  if (error == ENOSYS) usage_error("--allow-fs needs openat2, which this kernel does not have (Linux has it from 5.6 on)");
  else if (error && *value) usage_error("can't grant the folder '%s': %s", value, strerror(error));
  free(path);
  if (error && *value) {
    folders_free(flags->folders);
    exit(EXIT_USAGE);
  }
  return !error && grant(flags, read_only ? CAP_FS_READ : CAP_FS_READ | CAP_FS_WRITE | CAP_FREEZE);
}

static bool flag_apply(Flags *flags, FlagId id, const char *value) {
  switch (id) {
    case FLAG_TIER:
      flags->tier = strcmp(value, "oracle") == 0 ? TIER_ORACLE : TIER_INTERP;
      return strcmp(value, "oracle") == 0 || strcmp(value, "interp") == 0;
    case FLAG_JIT: return jit_read(value, &flags->jit);
    case FLAG_JIT_INFO: return jit_info_read(value, &flags->jit_info);
    case FLAG_FUEL: return count_read(value, false, &flags->fuel);
    case FLAG_STACK: return count_read(value, true, &flags->stack) && flags->stack >= 1024;
#define BYTES true
#define COUNT false
#define LIMIT(id, field, trap, unit, ...) \
    case FLAG_LIMIT_##id: return count_read(value, unit, &flags->limits[LIMIT_##id]) && flags->limits[LIMIT_##id] > 0;
#include "vm/limit.def"
#undef BYTES
#undef COUNT
    case FLAG_TIMEOUT:
      if (!time_read(value, &flags->timeout) || flags->timeout <= 0) return false;
      flags->deadline = deadline_after(flags->timeout);
      return true;
    case FLAG_SPECIALISATIONS: return count_read(value, false, &flags->specialisations);
    case FLAG_STATS: return flags->stats = true;
    case FLAG_FREEZE: flags->freeze = value; return *value != 0;
    case FLAG_FREEZE_ON: return signal_read(value, &flags->freeze_on);
    case FLAG_REFER: return flags->refer = true;
    case FLAG_MODULE: flags->module = value; return *value != 0;
    case FLAG_SANDBOX: return grant(flags, CAP_NONE);
    case FLAG_ALLOW_FS: return folder_grant(flags, value);
    case FLAG_ALLOW_ENV: return grant(flags, CAP_ENV);
    case FLAG_ALLOW_TIME: return grant(flags, CAP_TIME);
    case FLAG_ALLOW_RANDOM: return grant(flags, CAP_RANDOM);
    case FLAG_ALLOW_STDIN: return grant(flags, CAP_STDIN);
    case FLAG_STRESS: return stress_read(value, flags);
    case FLAG_DUMP: return dump_read(value, &flags->dump);
    case FLAG_CODE: flags->code = value; return true;
    case FLAG_WARN: return warn_read(value, flags);
    case FLAG_OUTPUT: flags->output = value; return *value != 0;
    case FLAG_STRIP: return flags->strip = true;
    case FLAG_MISSING: return flags->missing = true;
    case FLAG_HELP: case FLAG_COUNT: break;
  }
  return true;
}

/* The row for a word such as "--fuel=3" or "-e", or -1. */
static int flag_find(const char *word) {
  size_t length = strcspn(word, "=");
  for (int i = 0; i < FLAG_COUNT; i++) {
    if (strlen(flag_rows[i].name) == length && memcmp(flag_rows[i].name, word, length) == 0) return i;
    if (word[0] == '-' && flag_rows[i].letter && word[1] == flag_rows[i].letter && word[2] == 0) return i;
  }
  return -1;
}

static void flag_unknown(const char *word) {
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
  NameSuggestion suggestion = {.wrong = name};
  for (int i = 0; i < FLAG_COUNT; i++) name_suggestion_try(&suggestion, flag_rows[i].name);
  if (suggestion.best) usage_error("unknown flag %s; did you mean %s?", word, suggestion.best);
  else usage_error("unknown flag %s; `firn help` lists the commands and their flags", word);
}

static const char *const command_names[] = {
#define COMMAND(id, name, arguments, summary) name,
#include "cli/commands.def"
};

/* Reads the flag at argv[*at]; moves *at to its last word. */
static bool flag_read(Flags *flags, unsigned command, int argc, char **argv, int *at) {
  char *word = argv[*at];
  int id = flag_find(word);
  if (id < 0) return flag_unknown(word), false;
  const struct FlagRow *row = &flag_rows[id];
  if (!(row->commands >> command & 1)) return usage_error("`firn %s` has no flag %s", command_names[command], row->name), false;
  char *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
  if (row->value && !value) {
    if (*at + 1 >= argc) return usage_error("%s needs a value: %s=%s", row->name, row->name, row->value), false;
    value = argv[++*at];
  }
  if (!row->value && value) return usage_error("%s takes no value", row->name), false;
  if (!flag_apply(flags, (FlagId)id, value))
    return usage_error("%s can't be '%s': %s", row->name, value ? value : "", row->doc), false;
  return true;
}

/* Who runs a program sees its warnings on a terminal only: they are about its text, and not for whoever reads what it writes. */
static bool warns_unasked(unsigned command) {
  bool runs = command == CMD_BIT_run || command == CMD_BIT_test;
  return (flag_rows[FLAG_WARN].commands >> command & 1) && (!runs || isatty(STDERR_FILENO));
}

bool flags_read(Flags *flags, unsigned command, int argc, char **argv) {
  *flags = (Flags){.tier = TIER_INTERP, .jit = JIT_ON, .leave_each = 1, .fuel = -1, .specialisations = -1, .grants = CAP_ALL, .warn_off = !warns_unasked(command)};
  bool arguments_follow = command == CMD_BIT_run;
  int kept = 0, at = 0;
  for (; at < argc; at++) {
    char *word = argv[at];
    if (strcmp(word, "--") == 0) { at++; break; }
    if (word[0] == '-' && word[1]) {
      if (!flag_read(flags, command, argc, argv, &at)) return false;
      if (flags->code && arguments_follow) { at++; break; }
      continue;
    }
    if (arguments_follow) break;
    argv[kept++] = word;
  }
  while (at < argc) argv[kept++] = argv[at++];
  flags->words = argv;
  flags->nwords = kept;
  return true;
}
