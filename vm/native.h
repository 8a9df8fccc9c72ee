/* native.h - functions in C that guests call: natives of the library and functions of the host.
 *
 * A native never calls guest code and never keeps a reference past its return unless through the guest's roots. Arguments lie in
 * args[0..] as slots in order; the result is written from args[0] on. It returns TRAP_NONE or a trap (arguments of the
 * message in guest->trap_args or guest->trap_text). It pays for work beyond a constant before doing it, and before anything of it shows, by
 * work_pay (object.h), and returns what that answers: the guest may have to wait in front of the call until it can pay.
 *
 * NATIVE("string.trim", string_trim, "(string) -> string", "The string without white space at both ends.") { ... }
 * puts the definition into the section that natives_find searches: signature and documentation stand beside the body, nowhere else.
 * NATIVE_NEEDS("time.now", time_now, "() -> int", TIME, "...") { ... } is one that reaches the outside, and says what of it (capability.def). A native
 * without needs always answers the same in the same state of its guest. The definition does not run for a guest that was not granted what it needs: the call
 * traps with DENIED. NATIVE_ASKS is the same for one that itself asks guest_may, and answers with an error of its own. NATIVE_WAITS("time.wait", time_wait, "(int) -> void", TIME, TIME, "...") { ... }
 * is one that may also let its task wait; no other may. NATIVE_SEES is one that asks which frames there are (interp_caller).
 */
#ifndef FIRN_VM_NATIVE_H
#define FIRN_VM_NATIVE_H

#include "vm/guest.h"
#include "vm/trap.h"
#include "vm/value.h"

typedef Trap (*NativeFn)(Guest *guest, Value *args);

/* What of the outside a native needs, as bits. */
typedef enum CapabilityIndex {
#define CAPABILITY(id, name, doc, flag) CAP_INDEX_##id,
#include "vm/capability.def"
  CAPABILITIES
} CapabilityIndex;
enum {
#define CAPABILITY(id, name, doc, flag) CAP_##id = 1 << CAP_INDEX_##id,
#include "vm/capability.def"
  CAP_NONE = 0,
  CAP_ALL = (1 << CAPABILITIES) - 1,
};

/* Whether a native may let its task wait (guest_await): for what the host brings, or until a time has come, and then it has no result. */
typedef enum NativeWait { WAITS_NOT, WAITS_HOST, WAITS_TIME } NativeWait;

typedef struct NativeDef {
  const char *name;      /* "module.name" */
  const char *signature; /* "(string, [int], int?) -> string?": types of the language, without type parameters */
  const char *doc;
  NativeFn fn;
  unsigned needs;        /* CAP_ bits */
  NativeWait waits;
  bool sees_frames;      /* asks interp_caller */
} NativeDef;

#define NATIVE(name, ident, signature, doc) NATIVE_DEFINE(name, ident, signature, NONE, NOT, false, doc)
#define NATIVE_SEES(name, ident, signature, doc) NATIVE_DEFINE(name, ident, signature, NONE, NOT, true, doc)
#define NATIVE_ASKS(name, ident, signature, capability, doc) NATIVE_DEFINE(name, ident, signature, capability, NOT, false, doc)
#define NATIVE_NEEDS(name, ident, signature, capability, doc) NATIVE_WAITS(name, ident, signature, capability, NOT, doc)
#define NATIVE_WAITS(name, ident, signature, capability, waits, doc)                                   \
  static Trap ident##_granted(Guest *guest, Value *args);                                              \
  NATIVE_DEFINE(name, ident, signature, capability, waits, false, doc) {                               \
    return guest_may(guest, CAP_##capability) ? ident##_granted(guest, args) : native_refuse(guest, CAP_##capability); \
  }                                                                                                    \
  static Trap ident##_granted(Guest *guest, Value *args)
#define NATIVE_DEFINE(name, ident, signature, capability, waits, sees, doc)                            \
  static Trap ident(Guest *guest, Value *args);                                                        \
  static const NativeDef ident##_def = {name, signature, doc, ident, CAP_##capability, WAITS_##waits, sees}; \
  static const NativeDef *const ident##_entry __attribute__((used, retain, section("firn_natives"))) = &ident##_def; \
  static Trap ident(Guest *guest, Value *args)

/* Whether a guest was granted a capability, and everything if it needs none. */
static inline bool guest_may(const Guest *guest, unsigned capability) { return !(capability & ~guest->options.grants); }
/* What is said when it was not, in static memory: "this program may not ...". `capability` is one bit. */
const char *capability_refusal(unsigned capability);
/* A capability's bit by name, CAP_NONE if there is none. */
unsigned capability_find(const char *name);
/* TRAP_DENIED. */
Trap native_refuse(Guest *guest, unsigned capability);

/* Finds by module and name; NULL if unknown. */
const NativeDef *native_find(const char *module, const char *name);

/* Where natives are looked for that are not linked into the process: functions of the host, and its types, "game.Sprite", by number (few, from 0 on;
 * HOST_TYPE_NONE: it has no such type). */
#define HOST_TYPE_NONE UINT32_MAX
typedef struct NativeFinder {
  const NativeDef *(*find)(void *ctx, const char *module, const char *name);
  uint32_t (*find_type)(void *ctx, const char *name, size_t length);
  void *ctx;
} NativeFinder;

/* In a native: its own definition. */
const NativeDef *guest_calling(const Guest *guest);

/* All natives, for documentation and the compiler. */
const NativeDef *const *native_all(unsigned *count);

#endif
