/* native.c - finds the native functions that are linked into this process.
 *
 * Interface: native.h. The linker gathers all NATIVE definitions in the section firn_natives; a table by name is made at the first
 * look-up and never changes afterwards.
 */
#include "vm/native.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern const NativeDef *const __start_firn_natives[] __attribute__((weak, visibility("hidden")));
extern const NativeDef *const __stop_firn_natives[] __attribute__((weak, visibility("hidden")));

const NativeDef *const *native_all(unsigned *count) {
  *count = __start_firn_natives ? (unsigned)(__stop_firn_natives - __start_firn_natives) : 0;
  return __start_firn_natives;
}

const char *capability_refusal(unsigned capability) {
  static const char *const texts[] = {
#define CAPABILITY(id, name, doc, flag) "this program may not " doc " (" flag " lets it)",
#include "vm/capability.def"
  };
  return texts[__builtin_ctz(capability)];
}

unsigned capability_find(const char *name) {
  static const char *const names[] = {
#define CAPABILITY(id, name, doc, flag) name,
#include "vm/capability.def"
  };
  for (unsigned i = 0; i < CAPABILITIES; i++) {
    if (strcmp(names[i], name) == 0) return 1u << i;
  }
  return CAP_NONE;
}

Trap native_refuse(Guest *guest, unsigned capability) {
  const char *text = capability_refusal(capability);
  return guest_trap_text(guest, TRAP_DENIED, text, strlen(text));
}

static uint32_t name_hash(uint32_t hash, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * UINT32_C(16777619);
  return hash;
}

/* Whether "module.name" is def's name. */
static bool name_is(const NativeDef *def, const char *module, size_t module_length, const char *name) {
  return strncmp(def->name, module, module_length) == 0 && def->name[module_length] == '.' &&
         strcmp(def->name + module_length + 1, name) == 0;
}

/* Open addressing by the hash of the whole name; at most half full. */
static const NativeDef **table;
static uint32_t table_mask;

static bool table_make(void) {
  unsigned count;
  const NativeDef *const *all = native_all(&count);
  uint32_t size = 16;
  while (size < 2 * count) size *= 2;
  const NativeDef **made = calloc(size, sizeof *made);
  if (!made) return false;
  for (unsigned i = 0; i < count; i++) {
    uint32_t at = name_hash(2166136261u, all[i]->name, strlen(all[i]->name)) & (size - 1);
    while (made[at]) at = (at + 1) & (size - 1);
    made[at] = all[i];
  }
  table_mask = size - 1;
  table = made;
  return true;
}

const NativeDef *native_find(const char *module, const char *name) {
  size_t module_length = strlen(module);
  if (!table && !table_make()) return NULL;
  uint32_t hash = name_hash(2166136261u, module, module_length);
  hash = name_hash(name_hash(hash, ".", 1), name, strlen(name));
  for (uint32_t at = hash & table_mask; table[at]; at = (at + 1) & table_mask) {
    if (name_is(table[at], module, module_length, name)) return table[at];
  }
  return NULL;
}
