/* jit.h - the compiling tier: its parts, and what they share.
 *
 *   plugin.c    what is compiled when, and in which groups; figures. The only file that the machine sees
 *   emit.c      a function of portable code to LLVM's IR; emit_ops.c the instructions
 *   inline.c    which functions are inlined, as far as they do not grow too large
 *   runtime.c   what instructions do, as bitcode
 *   codegen.c    IR to native code in memory, by LLVM
 *
 * A Unit is a group of functions compiled together: they call each other directly and may be inlined. Each has a *body*, with parameters and results in
 * registers, and an *entry*, with arguments in the slots (TierEntry). An entry at another place than the beginning has a body of its own.
 */
#ifndef FIRN_JIT_JIT_H
#define FIRN_JIT_JIT_H

#include <llvm-c/Core.h>

#include "vm/object.h"
#include "vm/program.h"
#include "vm/tier.h"

/* How a slot is held in a compiled frame. */
typedef enum Kind { KIND_WORD, KIND_DOUBLE } Kind;

enum { RESULTS_MAX = 2 }; /* slots of a result in registers; more are in the frame's first slots */

typedef struct Member {
  Code *code;
  uint32_t index;          /* the code's; the code itself may be gone by the time that the unit is compiled */
  LLVMValueRef body, inner; /* inner: a copy that is inlined into the body where that calls itself, or NULL */
  LLVMTypeRef type;
  bool is_small;           /* inlined wherever it is called */
  bool is_closure;         /* found where it is made: called by its entry */
  bool has_entry;
  uint8_t *params;         /* Kind of each slot of the arguments */
  uint8_t results[TYPE_SLOTS_MAX + 1];
  uint32_t nresults;
} Member;

enum { UNIT_MEMBERS = 64 };

typedef struct Unit {
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMBuilderRef builder;
  LLVMTypeRef word, half, bit, real, pointer, result; /* result: TierResult */
  LLVMMetadataRef unlikely;
  Member members[UNIT_MEMBERS];
  uint32_t nmembers;
  uint32_t number;         /* in names */
} Unit;

/* The kinds of a type's slots; returns how many there are. */
uint32_t kinds_of(const Type *type, uint8_t *kinds);

/* emit.c. A unit is begun with the runtime's module, which it takes. */
void unit_begin(Unit *unit, LLVMContextRef context, LLVMModuleRef runtime, uint32_t number);
Member *unit_member(const Unit *unit, const Code *code);
Member *unit_add(Unit *unit, Code *code);            /* declares its body; NULL: the unit is full, or memory is out */
bool unit_emit_body(Unit *unit, Member *member);     /* false: memory is out */
void unit_body_drop(Member *member);                 /* of which there are no calls */
bool unit_emit_entry(Unit *unit, Member *member);
bool unit_emit_entry_at(Unit *unit, Member *member, uint32_t pc); /* false also: nothing reaches pc */
void unit_end(Unit *unit);
/* inline.c. Decides which members are inlined wherever they are called; when all are there, and before any is emitted. */
void unit_inline(Unit *unit);
/* The symbol of an entry. */
void entry_name(char *name, size_t size, const Unit *unit, const Member *member, uint32_t pc);

/* codegen.c */
bool codegen_start(const TierSymbol *symbols);
LLVMModuleRef codegen_runtime(LLVMContextRef context);  /* a copy of runtime.c's module; NULL: memory is out */
typedef struct CodegenUnit CodegenUnit;
CodegenUnit *codegen_compile(LLVMModuleRef module, char **error); /* takes the module. *error: LLVM's, to be freed by LLVMDisposeMessage, or NULL */
TierEntry codegen_find(const char *name);
void codegen_dump(unsigned what);               /* TIER_DUMP bits */
size_t codegen_bytes(const CodegenUnit *code);
void codegen_free(CodegenUnit *code);

#endif
