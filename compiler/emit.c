/* emit.c - the typed tree's way into the module (emit_module, typed.h): numbers the functions, writes each, then what refers to them.
 *
 * Everything the module keeps is copied into its own memory; the compile arena may go when this is done.
 */
#include <string.h>

#include "compiler/emit_internal.h"

void emit_limit(Emitter *e, DiagCode code, uint32_t limit) {
  if (!e->failed) diag_error(&e->compilation->diags, e->function ? e->function->span : e->span, code, limit);
  e->failed = true;
  e->reachable = false;
}

bool emit_out_of_memory(Emitter *e) {
  if (!e->failed) diag_error(&e->compilation->diags, e->span, DIAG_LIMIT_MEMORY);
  e->failed = true;
  e->reachable = false;
  return false;
}

/* ---- Strings ---- */

static uint32_t hash_bytes(const char *bytes, size_t length) {
  uint32_t hash = NAME_HASH_SEED;
  for (size_t i = 0; i < length; i++) hash = name_hash_step(hash, (unsigned char)bytes[i]);
  return hash;
}

static void strings_grow(Emitter *e) {
  uint32_t capacity = e->strings_capacity ? e->strings_capacity * 2 : 256;
  StringSlot *slots = ARENA_ARRAY(e->arena, StringSlot, capacity);
  for (uint32_t i = 0; i < e->strings_capacity; i++) {
    if (!e->strings[i].index_plus_1) continue;
    uint32_t at_slot = e->strings[i].hash & (capacity - 1);
    while (slots[at_slot].index_plus_1) at_slot = (at_slot + 1) & (capacity - 1);
    slots[at_slot] = e->strings[i];
  }
  e->strings = slots;
  e->strings_capacity = capacity;
}

uint32_t emit_string(Emitter *e, const char *bytes, size_t length) {
  if (e->nstrings * 2 >= e->strings_capacity) strings_grow(e);
  uint32_t hash = hash_bytes(bytes, length), slot = hash & (e->strings_capacity - 1);
  for (; e->strings[slot].index_plus_1; slot = (slot + 1) & (e->strings_capacity - 1)) {
    const StringConst *known = &e->module->strings[e->strings[slot].index_plus_1 - 1];
    if (e->strings[slot].hash == hash && known->length == length && memcmp(known->bytes, bytes, length) == 0) {
      return e->strings[slot].index_plus_1 - 1;
    }
  }
  char *copy = length > UINT32_MAX ? NULL : module_copy(e->module, bytes, length);
  StringConst *constant = copy ? MODULE_PUSH(e->module, e->module->nstrings, e->module->strings) : NULL;
  if (!constant) {
    emit_out_of_memory(e);
    return 0;
  }
  *constant = (StringConst){copy, (uint32_t)length};
  e->strings[slot] = (StringSlot){hash, e->module->nstrings};
  e->nstrings++;
  return e->module->nstrings - 1;
}

/* ---- Imports ---- */

uint32_t emit_import(Emitter *e, TImport *import) {
  if (import->index != UINT32_MAX) return import->index;
  Module *m = e->module;
  Import *out = MODULE_PUSH(m, m->nimports, m->imports);
  const Type **params = module_alloc(m, import->nparams * sizeof *params + 1);
  const char *module = module_copy(m, import->module, strlen(import->module));
  const char *name = module_copy(m, import->name, strlen(import->name));
  const Type *result = import->result->kind == TYPE_NEVER ? type_simple(m->types, TYPE_VOID) : import->result;
  if (!out || !params || !module || !name || !result) {
    emit_out_of_memory(e);
    return 0;
  }
  for (uint32_t i = 0; i < import->nparams; i++) params[i] = import->params[i];
  *out = (Import){module, name, import->nparams, params, result};
  import->index = m->nimports - 1;
  return import->index;
}

/* ---- The module ---- */

static bool add_exports(Emitter *e, const Typed *typed) {
  Module *m = e->module;
  for (uint32_t i = 0; i < typed->nexports; i++) {
    Export *out = MODULE_PUSH(m, m->nexports, m->exports);
    const char *name = module_copy(m, typed->exports[i].name, strlen(typed->exports[i].name));
    if (!out || !name) return emit_out_of_memory(e);
    *out = (Export){name, typed->exports[i].function->index};
  }
  for (uint32_t i = 0; i < typed->ntests; i++) {
    Export *out = MODULE_PUSH(m, m->ntests, m->tests);
    const char *name = module_copy(m, typed->tests[i].name, strlen(typed->tests[i].name));
    if (!out || !name) return emit_out_of_memory(e);
    *out = (Export){name, typed->tests[i].function->index};
  }
  return true;
}

static bool emit_functions(Emitter *e, Typed *typed) {
  Module *m = e->module;
  m->functions = module_alloc(m, (size_t)typed->nfunctions * sizeof *m->functions + 1);
  if (!m->functions) return emit_out_of_memory(e);
  m->nfunctions = typed->nfunctions;
  for (uint32_t i = 0; i < typed->nfunctions; i++) typed->functions[i]->index = i;
  for (uint32_t i = 0; i < typed->nfunctions; i++) {
    if (compilation_is_late(e->compilation) || !emit_function(e, typed->functions[i], &m->functions[i])) return false;
  }
  return true;
}

bool emit_module(Typed *typed) {
  Compilation *c = typed->compilation;
  if (!emit_scan(typed)) return false;
  Emitter e = {.typed = typed, .compilation = c, .arena = &c->arena, .module = typed->module};
  e.files = ARENA_ARRAY(e.arena, uint32_t, c->sources.count + 1);
  if (!emit_functions(&e, typed) || !add_exports(&e, typed)) return false;
  for (uint32_t i = 0; i < typed->nimpl_targets; i++) {
    const struct ImplTarget *target = &typed->impl_targets[i];
    e.module->impls[target->impl].methods[target->method].function = target->function->index;
  }
  e.module->entry = typed->entry->index;
  return !e.failed;
}
