/* codec.h - what the two written forms of a module, bytes (encode.c, decode.c) and text (dis.c, asm.c), share.
 *
 * insn_walk is the only code that knows where an instruction's immediates lie in an Insn: each form is a visitor of it, so that a new row
 * of op.def needs nothing here.
 */
#ifndef FIRN_VM_CODEC_H
#define FIRN_VM_CODEC_H

#include "vm/utf8.h"
#include "vm/module.h"

/* Sections in the order in which a file has them. */
typedef enum Section {
  SECTION_TYPES = 1,
  SECTION_STRINGS,
  SECTION_CLASSES,
  SECTION_ENUMS,
  SECTION_TRAITS,
  SECTION_IMPORTS,
  SECTION_GLOBALS,
  SECTION_FUNCTIONS,
  SECTION_IMPLS,
  SECTION_EXPORTS,
  SECTION_TESTS,
  SECTION_ENTRY,
  SECTION_END,
} Section;

/* What to do with each immediate. Each returns false to stop the walk; one that is NULL is left out. */
typedef struct ImmVisitor {
  bool (*number)(void *ctx, char letter, uint32_t *value); /* b c u s l g L k m, and F for the function's index */
  bool (*integer)(void *ctx, int64_t *value);
  bool (*real)(void *ctx, double *value);
  bool (*type)(void *ctx, const Type **type);
  bool (*targs)(void *ctx, uint32_t *count, const Type ***targs);
  bool (*labels)(void *ctx, uint32_t *first, uint32_t *count); /* into Function.switches */
} ImmVisitor;

/* Visits the immediates of insn->op in the order of op.def. False when a visit was, or the instruction does not exist. */
bool insn_walk(Insn *insn, const ImmVisitor *visitor, void *ctx);

/* The number of methods that an impl must have: its trait's. 0 when impl->trait is no trait of the module. */
uint32_t impl_method_count(const Module *module, const Impl *impl);

/* Whether a code is a Unicode scalar value. */
static inline bool char_valid(uint32_t code) { return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff); }

#endif
