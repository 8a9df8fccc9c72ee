/* module.c - a module's memory, its hash, look-ups in it, and what its written forms share (codec.h). */
#include "vm/module.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "vm/bump.h"
#include "vm/codec.h"
#include "vm/op.h"

typedef struct OwnedModule {
  Module module; /* first: a Module * is one of these */
  Bump bump;
} OwnedModule;

Module *module_new(void) {
  OwnedModule *owned = calloc(1, sizeof *owned);
  if (!owned) return NULL;
  owned->module.arena = &owned->bump;
  owned->module.types = type_table_new();
  if (owned->module.types) return &owned->module;
  free(owned);
  return NULL;
}

void module_free(Module *module) {
  if (!module) return;
  type_table_free(module->types);
  bump_free(module->arena);
  free(module);
}

/* It may say of what part. */
bool module_error_is_memory(const ModuleError *error) {
  static const char said[] = "out of memory";
  size_t length = strlen(error->reason), most = sizeof said - 1;
  return length >= most && strcmp(error->reason + length - most, said) == 0;
}

void module_escape(Module *module, jmp_buf *escape) {
  module->arena->escape = escape;
  type_table_escape(module->types, escape);
}

void *module_alloc(Module *module, size_t size) { return bump_alloc(module->arena, size); }

char *module_copy(Module *module, const char *text, size_t length) {
  char *copy = length == SIZE_MAX ? NULL : module_alloc(module, length + 1);
  if (copy && length) memcpy(copy, text, length);
  return copy;
}

/* The room of an array is not stored: it is 4, 8, 16, ..., the least of those that holds `count`. */
void *module_push(Module *module, void *array, uint32_t *count, size_t size) {
  char *items;
  memcpy(&items, array, sizeof items);
  bool is_full = *count == 0 || (*count >= 4 && (*count & (*count - 1)) == 0);
  if (is_full) {
    size_t room = *count ? (size_t)*count * 2 : 4;
    if (*count > UINT32_MAX / 4 || room > SIZE_MAX / 8 / size) return NULL;
    char *moved = module_alloc(module, room * size);
    if (!moved) return NULL;
    if (*count) memcpy(moved, items, *count * size);
    memcpy(array, &moved, sizeof moved);
    items = moved;
  }
  return items + (size_t)(*count)++ * size;
}

bool module_hash(Module *module, uint8_t out[32]) {
  if (!module->hashed) {
    size_t length;
    uint8_t *bytes = module_encode(module, &length, false);
    if (!bytes) return false;
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, bytes, length);
    SHA256Final(module->hash, &context);
    free(bytes);
    module->hashed = true;
  }
  memcpy(out, module->hash, sizeof module->hash);
  return true;
}

const Label *function_label(const Function *function, uint32_t pc) {
  uint32_t low = 0, high = function->nlabels;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (function->labels[middle].pc <= pc) low = middle + 1; else high = middle;
  }
  return low ? &function->labels[low - 1] : NULL;
}

const LineEntry *function_line(const Function *function, uint32_t pc) {
  uint32_t low = 0, high = function->nlines;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (function->lines[middle].pc <= pc) low = middle + 1;
    else high = middle;
  }
  return low ? &function->lines[low - 1] : NULL;
}

/* Calls a visitor's function unless it has none. */
#define VISIT(function, ...) (!visitor->function || visitor->function(ctx, __VA_ARGS__))

bool insn_walk(Insn *insn, const ImmVisitor *visitor, void *ctx) {
  const char *letter = op_table[insn->op].imms;
  bool has_a = false; /* the first small immediate is `a`, the next one `b` */
  bool ok = letter != NULL;
  for (; ok && *letter; letter++) {
    switch (*letter) {
      case 'i': ok = VISIT(integer, &insn->x.i); break;
      case 'f': ok = VISIT(real, &insn->x.f); break;
      case 'T': ok = VISIT(type, &insn->t); break;
      case 'U': ok = VISIT(type, &insn->x.u); break;
      case 'S':
        ok = VISIT(labels, &insn->a, &insn->b);
        has_a = true;
        break;
      case 'F':
        ok = VISIT(number, 'F', &insn->a) && VISIT(targs, &insn->ntargs, &insn->x.targs);
        has_a = true;
        break;
      default:
        ok = VISIT(number, *letter, has_a ? &insn->b : &insn->a);
        has_a = true;
    }
  }
  return ok;
}

uint32_t impl_method_count(const Module *module, const Impl *impl) {
  bool is_known = impl->trait->kind == TYPE_TRAIT && impl->trait->decl < module->ntraits;
  return is_known ? module->traits[impl->trait->decl].nmethods : 0;
}

const char *module_decl_name(void *module, const Type *type) {
  const Module *m = module;
  switch (type->kind) {
    case TYPE_CLASS: return type->decl < m->nclasses ? m->classes[type->decl].name : NULL;
    case TYPE_ENUM: return type->decl < m->nenums ? m->enums[type->decl].name : NULL;
    case TYPE_TRAIT: return type->decl < m->ntraits ? m->traits[type->decl].name : NULL;
    default: return NULL;
  }
}
