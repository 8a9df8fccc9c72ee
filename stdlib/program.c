/* program.c - natives about the running program itself.
 *
 * A place in it is an int: a function's index, and below it the number of an instruction, which mean the same on every tier and after thawing.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "stdlib/support.h"
#include "vm/interp.h"
#include "vm/program.h"

NATIVE("program.args", program_args, "() -> [string]", "The arguments of the program, without its name.") {
  List *list = string_list_new(guest, 0);
  if (!list) return TRAP_OUT_OF_MEMORY;
  for (int i = 0; i < guest->options.nargs; i++) {
    const char *text = guest->options.args[i];
    Value arg[1];
    Trap trap = give_foreign_text(guest, arg, text, strlen(text));
    if (!trap) trap = list_push_owing(guest, list, arg);
    if (trap) return trap;
  }
  return give_object(args, list);
}

NATIVE("program.exit", program_exit, "(int) -> void", "Ends the program with that exit status.") {
  guest->trap_args[0] = args[0].i;
  return TRAP_EXIT;
}

NATIVE_SEES("program.caller", program_caller, "() -> int", "The place from which the function that asks was called, -1 if from none.") {
  Frame frame;
  args[0].i = interp_caller(guest, &frame) ? (int64_t)((uint64_t)frame.code->function_index << 32 | (frame.pc ? frame.pc - 1 : 0)) : -1;
  return TRAP_NONE;
}

NATIVE("program.place", program_place, "(int) -> string", "A place as traces show it: `function (file:line:column)`.") {
  const Module *module = guest->program->module;
  uint64_t index = args[0].u >> 32, pc = args[0].u & UINT32_MAX;
  const Function *function = index < module->nfunctions ? &module->functions[index] : NULL;
  const LineEntry *entry = function ? function_line(function, (uint32_t)pc) : NULL;
  const char *name = function && function->name && *function->name ? function->name : "?";
  char *text;
  int length = entry ? asprintf(&text, "%s (%s:%" PRIu32 ":%" PRIu32 ")", name, module->strings[entry->file].bytes, entry->line, entry->column)
                     : asprintf(&text, "%s (pc %" PRIu64 ")", name, pc);
  if (length < 0) return TRAP_OUT_OF_MEMORY;
  Trap trap = give_foreign_text(guest, args, text, (size_t)length);
  free(text);
  return trap;
}
