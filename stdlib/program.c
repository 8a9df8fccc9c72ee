/* program.c - natives about the running program itself. */
#include "stdlib/support.h"

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
