/* native.h - functions in C that guests call: natives of the library and functions of the host.
 *
 * A native never calls guest code and never keeps a reference past its return unless through the guest's roots. Arguments lie in
 * args[0..] as slots in order; the result is written from args[0] on. It returns TRAP_NONE or a trap (arguments of the
 * message in guest->trap_args or guest->trap_text). It pays for work beyond a constant before doing it, and before anything of it shows, by
 * work_pay (object.h), and returns what that answers: the guest may have to wait in front of the call until it can pay.
 *
 * NATIVE("string.trim", string_trim, "(string) -> string", "The string without white space at both ends.") { ... }
 * puts the definition into the section that natives_find searches: signature and documentation stand beside the body, nowhere else.
 */
#ifndef FIRN_VM_NATIVE_H
#define FIRN_VM_NATIVE_H

#include "vm/trap.h"
#include "vm/value.h"

typedef struct Guest Guest;
typedef Trap (*NativeFn)(Guest *guest, Value *args);

typedef struct NativeDef {
  const char *name;      /* "module.name" */
  const char *signature; /* "(string, [int], int?) -> string?": types of the language, without type parameters */
  const char *doc;
  NativeFn fn;
} NativeDef;

#define NATIVE(name, ident, signature, doc)                                                            \
  static Trap ident(Guest *guest, Value *args);                                                        \
  static const NativeDef ident##_def = {name, signature, doc, ident};                                  \
  static const NativeDef *const ident##_entry __attribute__((used, section("firn_natives"))) = &ident##_def; \
  static Trap ident(Guest *guest, Value *args)

/* Finds by module and name; NULL if unknown. */
const NativeDef *native_find(const char *module, const char *name);

/* All natives, for documentation and the compiler. */
const NativeDef *const *native_all(unsigned *count);

#endif
