/* jit.h - the compiling tier: its parts, and what they share.
 *
 *   plugin.c    what is compiled when, and in which groups; figures. The only file that the machine sees
 *   emit.c      a function of portable code to LLVM's IR; emit_ops.c the instructions
 *   inline.c    which functions are inlined, as far as they do not grow too large
 *   runtime.c   what instructions do, as bitcode
 *   codegen.c   IR to native code in memory, by LLVM
 *   debug_info.c  functions' names, source lines; perf_map.c names for perf
 *
 * A Unit is a group of functions compiled together: they call each other directly and may be inlined. Each has a *body*, with parameters and results in
 * registers, and an *entry*, with arguments in the slots (TierEntry). An entry at another place than the beginning has a body of its own.
 */
#ifndef FIRN_JIT_JIT_H
#define FIRN_JIT_JIT_H

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>

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
  LLVMValueRef entry;      /* at its beginning, or NULL */
  uint8_t *params;         /* Kind of each slot of the arguments */
  uint8_t results[TYPE_SLOTS_MAX + 1];
  uint32_t nresults;
} Member;

enum { UNIT_MEMBERS = 64 };

/* What runtime.c has. */
typedef enum Template {
#define TEMPLATE_ROW(name) T_##name,
#include "jit/templates.def"
  TEMPLATES,
} Template;

typedef struct Unit {
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMModuleRef runtime;   /* runtime.c's, of which only what is used is read; NULL: linked */
  LLVMValueRef templates[TEMPLATES]; /* declared in the module; NULL: not used yet */
  LLVMBuilderRef builder;
  LLVMTypeRef word, half, bit, real, pointer, result; /* result: TierResult */
  LLVMMetadataRef unlikely;
  Member members[UNIT_MEMBERS];
  uint32_t nmembers;
  uint32_t number;         /* in the name of what it exports */
  LLVMValueRef entry_at;   /* of the first member, elsewhere than at its beginning, or NULL */
  char *known;             /* for perf: the name of the entry in this row of the table, or NULL */
  uint32_t known_row;
  LLVMDIBuilderRef lines;  /* NULL: nobody wants source lines */
  LLVMMetadataRef lines_unit, lines_type;
} Unit;

/* The kinds of a type's slots; returns how many there are. */
uint32_t kinds_of(const Type *type, uint8_t *kinds);

/* emit.c. A unit is begun with the runtime's module, which it takes; unit_link puts what it uses of that into its own. False: memory is out. */
bool unit_link(Unit *unit);
void unit_begin(Unit *unit, LLVMContextRef context, LLVMModuleRef runtime, uint32_t number);
Member *unit_member(const Unit *unit, const Code *code);
Member *unit_add(Unit *unit, Code *code);            /* declares its body; NULL: the unit is full, or memory is out */
bool unit_emit_body(Unit *unit, Member *member);     /* false: memory is out */
void unit_body_drop(Member *member);                 /* of which there are no calls */
bool unit_emit_entry(Unit *unit, Member *member);
bool unit_emit_entry_at(Unit *unit, Member *member, uint32_t pc); /* false also: nothing reaches pc */
/* Completes the module. It exports a table of where each member's entry is, and behind those entry_at: bytes from the table on, 0 for none. */
void unit_export(Unit *unit);
void unit_table_name(char *name, size_t size, uint32_t number);
void unit_end(Unit *unit);
/* inline.c. Decides which members are inlined wherever they are called; when all are there, and before any is emitted. */
void unit_inline(Unit *unit);

/* debug_info.c. Names are what a person knows a function by, with what it begins at; LLVM makes them unique. A unit without `lines` has none of the rest. */
typedef enum Begins { BEGINS_BODY, BEGINS_ENTRY, BEGINS_LOOP } Begins;
enum { NAME_MAX_BYTES = 256 };
void function_name(char name[NAME_MAX_BYTES], const Code *code, Begins begins, uint32_t pc);  /* "firn:module.function", "...@entry", "...@line" */
void lines_begin(Unit *unit);
void lines_function(Unit *unit, const Code *code, Begins begins, uint32_t pc, LLVMValueRef function);
void lines_end(Unit *unit); /* before the module goes */
/* When it is known which functions are left: names the entry, and only that, of a function whose body is inlined there, as the function; keeps what perf is told. */
void names_settle(Unit *unit);
/* Attributes of each function that is compiled. */
void function_attributes(const Unit *unit, LLVMValueRef function);

/* perf_map.c: /tmp/perf-PID.map. Reads the functions of an object file (NULL: none, or memory is out); says where they are, when it is known where one of them is. */
typedef struct PerfNames PerfNames;
PerfNames *perf_names(const char *object, size_t size);
void perf_map_add(const PerfNames *names, const char *known, const void *address);
void perf_names_free(PerfNames *names);

/* codegen.c */
bool codegen_start(const TierSymbol *symbols);
LLVMModuleRef codegen_runtime(LLVMContextRef context);  /* runtime.c's module, whose functions are read when they are linked; NULL: memory is out */
typedef struct CodegenUnit CodegenUnit;
bool codegen_optimise(LLVMModuleRef module, char **error);
CodegenUnit *codegen_compile(LLVMModuleRef module, char **error); /* takes the module, optimised. *error: LLVM's, to be freed by LLVMDisposeMessage, or NULL */
const int32_t *codegen_table(const char *name); /* what a unit exports; NULL: it is not there */
void codegen_tell(CodegenUnit *code, const char *known, const void *address); /* perf, where a function is */
void codegen_dump(unsigned what);               /* TIER_DUMP bits */
size_t codegen_bytes(const CodegenUnit *code);
void codegen_free(CodegenUnit *code);

#endif
