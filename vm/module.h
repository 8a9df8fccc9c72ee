/* module.h - a module in memory: what a .fmod says, decoded but not yet believed.
 *
 * A module is a closed program in portable form: all its functions, classes, enums, traits and implementations, plus imports of
 * natives and host functions by name and signature. The compiler fills one with the module_add_* calls; module_decode makes
 * one from any bytes; module_verify (verify.h) proves it; program.h links and specialises it. After verification it is immutable.
 *
 * The module owns all memory reachable from it (an arena). Indexes are dense from 0. Byte layout: spec.md, "Module format".
 */
#ifndef FIRN_VM_MODULE_H
#define FIRN_VM_MODULE_H

#include "vm/type.h"

#define MODULE_MAGIC "\0fmd"
#define MODULE_VERSION 1
#define MODULE_PARAMS_MAX 250  /* parameters of a function, fields of a class, captured included */
#define MODULE_TPARAMS_MAX 32
#define MODULE_CODE_MAX (1u << 20) /* instructions of one function */
#define MODULE_LOCALS_MAX 65535    /* locals of one function, parameters included */
#define MODULE_BYTES_MAX (1u << 26) /* length of an encoded module */

/* A type parameter's bounds: trait types that mention only parameters of the same declaration. */
typedef struct TypeParam {
  const char *name;
  uint32_t nbounds;
  const Type **bounds;
} TypeParam;

/* One portable instruction, decoded. `pc` everywhere is an index into Function.code. */
typedef struct Insn {
  uint8_t op;
  uint32_t a;          /* immediates l g L k m u s c b: the letter's number; F: function index; S: index of its first label in Function.switches */
  uint32_t b;          /* second small immediate: k after T or L, u after F, count after S */
  uint32_t ntargs;     /* F only */
  const Type *t;       /* immediate T; F: NULL */
  union {
    int64_t i;         /* immediate i */
    double f;          /* immediate f */
    const Type *u;     /* second T (op.def's U) */
    const Type **targs; /* F: type arguments, ntargs of them */
  } x;
} Insn;
/* Where letters land. L is always `a`. A lone k, u, l, g, m, s, c or b is `a`, except after L, T or F (already in `a` or `t`):
 * "LTk": a = label, t, b = k.   "Tk": t, a = k.   "TUk" in CALL_BOUND: t, x.u, a = k.   "Fu": a = function, b = u.  "Tu": t, a = u. */

typedef struct Label {
  uint32_t pc;
  uint32_t nstack;
  const Type **stack;  /* operand types on arrival, bottom first */
  uint32_t ninit;
  uint32_t *init;      /* locals beyond the parameters that are initialised here, ascending */
} Label;

typedef struct LineEntry { /* ascending pc, one entry a pc; covers pcs up to the next entry */
  uint32_t pc;
  uint32_t file;       /* string constant index of the path */
  uint32_t line, column; /* from 1 */
} LineEntry;

typedef struct Function {
  const char *name;    /* "main", "Circle.area", "closure in f": what traces show; never NULL, "" when stripped */
  uint32_t ntparams;
  TypeParam *tparams;
  uint32_t nparams;
  const Type **params;
  const Type *result;
  uint32_t nlocals;    /* parameters included, first */
  const Type **locals; /* nlocals types: the first nparams equal params */
  uint32_t ncode;
  Insn *code;
  uint32_t nlabels;
  Label *labels;       /* ascending pc; one label a pc */
  uint32_t nswitches;
  uint32_t *switches;  /* label indexes of all SWITCH instructions */
  uint32_t nlines;
  LineEntry *lines;    /* may be stripped: 0 */
} Function;

typedef struct Field { const char *name; const Type *type; bool is_mutable; } Field;

typedef struct Class {
  const char *name;
  uint32_t ntparams;
  TypeParam *tparams;
  uint32_t nfields;
  Field *fields;
} Class;

typedef struct Case { const char *name; uint32_t nfields; Field *fields; /* name "" when unnamed; never mutable */ } Case;

typedef struct Enum {
  const char *name;
  uint32_t ntparams;
  TypeParam *tparams;
  uint32_t ncases;
  Case *cases;
} Enum;

/* Parameter 0 of a trait is Self; the trait's own follow. Method types mention them; params[0] of a method is Self's value. */
typedef struct Method {
  const char *name;
  uint32_t nparams;
  const Type **params;
  const Type *result;
  bool is_dynamic;     /* can be called on a trait value: Self stands only as the receiver */
} Method;

typedef struct Trait {
  const char *name;
  uint32_t ntparams;   /* Self included */
  TypeParam *tparams;  /* tparams[0].bounds are the traits that this one extends */
  uint32_t nmethods;
  Method *methods;
} Trait;

/* How one type implements one trait: methods[k] is a function with type arguments, or one instruction whose operands are the method's
 * parameters and whose only immediate, if any, is T = the implementing type. Type parameters belong to the impl. There is at most one
 * impl for a trait's declaration and a type's head (kind and decl; for tuples and functions also the number of parts), and the type
 * is never a bare parameter or a trait. The traits that the trait extends must be implemented too. A trait type itself satisfies a bound
 * by that trait or one it extends, by dynamic dispatch. */
typedef struct ImplMethod {
  bool is_op;
  uint8_t op;
  uint32_t function;
  uint32_t ntargs;
  const Type **targs;  /* in terms of the impl's parameters */
} ImplMethod;

typedef struct Impl {
  uint32_t ntparams;
  TypeParam *tparams;
  const Type *trait;   /* trait type; its args without Self */
  const Type *type;
  ImplMethod *methods; /* as many as the trait has */
} Impl;

typedef struct Global { const char *name; const Type *type; } Global;

typedef struct Import {
  const char *module, *name; /* "string", "trim"; host functions likewise */
  uint32_t nparams;
  const Type **params;
  const Type *result;
} Import;

typedef struct Export { const char *name; uint32_t function; } Export;

typedef struct StringConst { const char *bytes; uint32_t length; } StringConst; /* valid UTF-8, followed by a NUL not counted */

typedef struct Module {
  struct Bump *arena;  /* bump.h */
  TypeTable *types;
  uint32_t nstrings;   StringConst *strings;
  uint32_t nclasses;   Class *classes;
  uint32_t nenums;     Enum *enums;
  uint32_t ntraits;    Trait *traits;
  uint32_t nimports;   Import *imports;
  uint32_t nglobals;   Global *globals;
  uint32_t nfunctions; Function *functions;
  uint32_t nimpls;     Impl *impls;
  uint32_t nexports;   Export *exports;
  uint32_t ntests;     Export *tests;   /* `test "name"` blocks: functions () -> void */
  uint32_t entry;      /* function () -> int that runs top level and main; its result is the exit status */
  uint8_t hash[32];    /* what module_hash gave */
  bool hashed;
  bool verified;
  uint32_t *impl_index;  /* made by module_verify: hash of (trait, head) to impl + 1, 0 free; impl_mask + 1 entries */
  uint32_t impl_mask;
} Module;

typedef struct ModuleError { uint64_t offset; char reason[200]; } ModuleError; /* offset: a byte of the file, or the pc when verifying */
/* Whether nothing is wrong but that memory was out. */
bool module_error_is_memory(const ModuleError *error);

/* Makes an empty module for a writer to fill; NULL when memory is out. Strings and arrays given to it must come from module_alloc. */
Module *module_new(void);
void module_free(Module *module);
void module_escape(Module *module, jmp_buf *escape);      /* running out of memory goes there (bump.h), with its types, too */
void *module_alloc(Module *module, size_t size);          /* zeroed, lives as long as the module */
char *module_copy(Module *module, const char *text, size_t length); /* with a NUL behind */

/* Adds a zeroed element of `size` bytes to an array that is only ever grown this way, and returns it: *array (a pointer to the array's
 * pointer) may move. NULL when memory is out. MODULE_PUSH(m, m->nfields, m->fields) has the element's type. */
void *module_push(Module *module, void *array, uint32_t *count, size_t size);
#define MODULE_PUSH(module, count, array) ((__typeof__(array))module_push((module), &(array), &(count), sizeof *(array)))

/* Decodes any bytes. NULL and *error when they are no module. The result is not verified. */
Module *module_decode(const uint8_t *bytes, size_t length, ModuleError *error);

/* Encodes a module; the same module always gives the same bytes. malloc'd, the caller frees; NULL when memory is out
 * or the module holds what cannot be written: a type of another table, an unknown instruction, more than MODULE_BYTES_MAX. */
uint8_t *module_encode(const Module *module, size_t *length, bool strip);

/* SHA-256 of the encoded bytes, names and line tables included; computed once and kept. False when memory is out. Not to be called from
 * two threads at once for one module. */
bool module_hash(Module *module, uint8_t out[32]);

/* Writes text that module_assemble reads back into an equal module (firn dis, firn asm). */
typedef struct TextOut { void (*write)(void *ctx, const char *bytes, size_t length); void *ctx; } TextOut;
void module_disassemble(const Module *module, const TextOut *out);
Module *module_assemble(const char *text, size_t length, ModuleError *error); /* error->offset: line number */

/* The last label at pc or before it, or NULL. */
const Label *function_label(const Function *function, uint32_t pc);

/* The name of a declared type, NULL when the module was stripped: for type_print, whose ctx is the module. */
const char *module_decl_name(void *module, const Type *type);

/* The source position of pc: NULL when the module was stripped. */
const LineEntry *function_line(const Function *function, uint32_t pc);

#endif
