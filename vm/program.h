/* program.h - a verified module, linked to natives and specialised on demand.
 *
 * A Program is shared by all guests that run the module. Generic functions become Code when first needed: one Code for each function and
 * list of concrete type arguments. Code has one CodeInsn for each portable instruction (same pc), with slots, widths and
 * callees filled in: the oracle executes it directly, and translate.c makes threaded code from it.
 *
 * Frame layout, in slots from the frame's base: parameters, other locals (all zero at entry), then the operand stack. A callee's
 * base is where its first argument lies on the caller's operand stack; its result replaces the arguments.
 */
#ifndef FIRN_VM_PROGRAM_H
#define FIRN_VM_PROGRAM_H

#include "vm/module.h"
#include "vm/native.h"
#include "vm/op.h"
#include "vm/trap.h"

struct ObjDesc;
typedef struct Code Code;

/* A specialised instruction. Types in t and x.u are concrete, of program->types. Slots are counted from the frame's base, and sp is the
 * first free slot before the instruction: operands lie just below sp, first operand lowest. Fields not named are 0.
 *
 *   int.const bool.const char.const   x.i
 *   float.const               x.f
 *   string.const              x.p the String object; b its index
 *   local.get local.set       a slot, w width, k local, t
 *   global.get global.set     a slot among the globals, b index of the global, w width, t
 *   pop dup                   w width, t
 *   ret                       w width of the result, at sp - w; it goes to the frame's base
 *   br br.if br.ifnot         a target pc, cost fuel of taking it (0 unless backward: target <= own pc)
 *   switch                    k count, x.targets: k target pcs, then k costs
 *   br.nil                    a target pc, cost; t the optional type, v its slots; w slots of its value, left at sp - v if not nil
 *   br.err                    a target pc; t the result type, v its slots (w + 1), w slots of its value. Either is left at sp - v
 *   br.uncase                 a target pc; t the enum, b and k the case, v slots of its payload; the enum is at sp - 1 (w 1)
 *   br.unis                   a target pc; t the trait, x.u the type asked for, v its slots (a box is opened); the value is at sp - 1 (w 1)
 *   call                      a slot of the first argument (the callee's base), v slots of all arguments (sp - a), w slots of the result,
 *                             left at a; x.callee NULL until program_callee stored it
 *   call.trait                a slot of the receiver (one slot, a reference), v slots of all arguments, receiver included, w result; t the trait,
 *                             k method, b nothing. Callee by program_trait_code. The callee takes the implementing type itself:
 *                             when the receiver's descriptor is a BOX, the box's slots replace the receiver's slot and the
 *                             other arguments move by (box slots - 1). The result is left at a
 *   call.fn                   a slot of the function value, v slots of the arguments above it, w result; t the function type. The callee is
 *                             closure->code; its base is a: the arguments move down a slot, the captures follow them. Result left at a
 *   call.import               a slot of the first argument, v slots of arguments, w result, left at a; b import, x.native
 *   fn.new                    a slot of the first captured value, v slots of all, b how many; w 1; t the function type;
 *                             x.p the closure's ObjDesc (desc->code its ready Code), NULL until program_closure stored it
 *   tuple.new                 t, w slots of the tuple (moves nothing)
 *   tuple.get                 t the tuple, v its slots, k part, a the part's offset, w the part's slots; result left at sp - v
 *   opt.some opt.nil opt.is opt.get   t the optional type, v its slots; w slots of its value
 *   res.ok res.err            t the result type, v its slots (w + 1), w slots of its value
 *   new                       t the class, x.p its ObjDesc, a slot of the first field (sp - a slots in all), w 1
 *   field.get field.set       t the class, k field, a the field's offset in Instance.slots, w its width
 *   ref.eq                    t
 *   enum.new                  t, x.p its ObjDesc, k case, a slot of the first operand, v slots of the payload (sp - a), w 1
 *   enum.tag                  t
 *   trait.new                 t the operand's type, w its slots; x.p the box's ObjDesc, or NULL when the operand's reference is the trait value
 *   cell.new                  t what it holds, w its slots, x.p the cell's ObjDesc
 *   cell.get cell.set         t what it holds, w its slots
 *   list.*                    t the element type, w its slots
 *     list.new                also k count, a slot of the first element, x.p the list's ObjDesc
 *     list.make list.slice    also x.p the list's ObjDesc
 *     list.pop                also x.u the optional type of the result, v its slots
 *   string.concat             k count, a slot of the first operand, w 1
 *   map.*                     t the key type, w its slots; x.u the value type, v its slots
 *     map.new                 x.p the map's ObjDesc (instead of x.u)
 *     map.plain map.hash      t, w
 *   all others                nothing
 * call.bound never stands here: it became call, call.trait (when U is a trait), or the one instruction that implements the method.
 * Limits: a type is at most TYPE_SLOTS_MAX slots, so w fits; arguments, captures and a payload are at most 255 slots in all, so v is exact. */
typedef struct CodeInsn {
  uint16_t op;         /* Op */
  uint8_t w, v;        /* slots, see above */
  uint32_t sp;
  uint32_t a;
  uint32_t b;
  uint32_t k;
  uint32_t cost;       /* branches: fuel of taking it, target to here inclusive, if backward; else 0 */
  const Type *t;
  union {
    int64_t i;
    double f;
    void *p;
    const Type *u;
    Code *callee;
    const NativeDef *native;
    uint32_t *targets;
  } x;
} CodeInsn;

enum { CODE_LOCALS_EACH = 32 };

struct Code {
  struct Program *program;
  const Function *function;  /* of the module, or made for an implementation that is one instruction, when called by call.trait */
  uint32_t function_index;   /* in module->functions; made ones: nfunctions + number of the method among all impls' methods */
  uint32_t index;            /* dense number of this instance in its program */
  const Type *const *targs;  /* concrete; function->ntparams of them */
  uint32_t ninsns;
  CodeInsn *insns;           /* NULL until program_code_ready made it */
  uint32_t nargs_slots, nlocals_slots; /* nlocals_slots includes the arguments and is at least 1 */
  uint32_t frame_slots;      /* locals and the deepest operand stack */
  uint32_t result_slots;
  uint32_t cost;             /* fuel of entering: the function's instruction count, and a unit for each CODE_LOCALS_EACH slots to be zeroed */
  void *threaded;            /* translate.c's, NULL until translated */
  void *entry;               /* of the compiled form (tier.h), NULL until there is one */
  struct TierCode *tier;     /* tier.c's, or NULL */
  const Type **local_types;  /* concrete, by local */
  uint32_t *local_slots;     /* slot of each local */
};

typedef struct Program Program;
struct Program {
  Module *module;            /* owned */
  TypeTable *types;          /* concrete types */
  const NativeDef **natives; /* by import index */
  Code **codes;              /* by Code.index */
  uint32_t ncodes, codes_cap;
  uint32_t codes_max;        /* program_limit */
  uint64_t generic_insns;    /* of instances of generic functions */
  bool is_compiled;          /* some of its code: tier.h */
  bool knows_tasks;          /* some code that is ready to run has TASK_SELF: a guest may have a reference to a task that it did not make */
  Code *entry;
  struct Obj **strings;      /* constants, in heap form, outside the heap */
  uint32_t nhost_types;      /* of the host's types that it knows of: */
  uint32_t *host_classes;    /* by the host's number: the class + 1, 0 if the module does not name the type */
  uint32_t *class_hosts;     /* by class: the host's number, or HOST_TYPE_NONE; NULL if no class is a type of the host */
  uint32_t nglobal_slots;
  uint32_t *global_slots;    /* first slot of each global; all globals are concrete */
  const Type **global_types;
  uint64_t module_bytes;     /* program_bytes; 0: not known yet */
  struct ProgramIndex *index; /* specialise.h */
  void (*threaded_free)(void *threaded); /* set by translate.c; program_free calls it for what Code.threaded holds */
  void *descs;               /* object.c's descriptors, NULL at first; program_free calls descs_free before it frees types */
};

#define PROGRAM_CODES_MAX 16384 /* instances, beyond one of each function */
#define PROGRAM_INSNS_MAX (1u << 20) /* instructions of all instances of generic functions */

/* Verifies (unless done) and links. Takes the module, also on failure. NULL and *error when it does not verify, an import is unknown
 * or has another signature, or memory is out. */
Program *program_link(Module *module, ModuleError *error);
/* The same with functions of a host, NULL for none. They must outlive the program. */
Program *program_link_with(Module *module, const NativeFinder *host, ModuleError *error);

/* What the host's types that a signature names stand for: "game.Sprite", which functions of the module "game" call "Sprite". NULL: there is none. */
typedef struct HostTypes {
  const Type *(*find)(void *ctx, const char *name, size_t length);
  void *ctx;
  const char *module;
} HostTypes;

/* Reads a native's signature into types of a table, where a result `T!` is `(T?, string?)`, and `void!` is `string?`; `params` has room for MODULE_PARAMS_MAX, `named` may be NULL. False: it cannot be read, or memory is out. */
bool signature_read(TypeTable *types, const char *signature, const HostTypes *named, const Type **params, uint32_t *nparams, const Type **result);
/* The same, into a linked program's types, for a function of a module ("game"). */
bool program_signature(Program *program, const NativeFinder *host, const char *module, const char *signature, const Type **params, uint32_t *nparams,
                       const Type **result);
/* The number of the type of the host that a type is, or HOST_TYPE_NONE. */
static inline uint32_t program_host_type(const Program *program, const Type *type) {
  return type->kind == TYPE_CLASS && program->class_hosts ? program->class_hosts[type->decl] : HOST_TYPE_NONE;
}
void program_free(Program *program);

/* The size of the program's module as a file, in bytes; found at the first call. */
uint64_t program_bytes(Program *program);

/* How many instances there may be besides one of each function; PROGRAM_CODES_MAX without a call and at most. Instances are shared by all guests. */
void program_limit(Program *program, uint64_t codes);

/* The Code for a function and concrete type arguments (of program->types), made ready to run. The number is one as in Code.function_index: of a module's
 * function or of one made for an implementation that is one instruction. Returns NULL with *trap set: INSTANCES when there is no such function, or over
 * PROGRAM_CODES_MAX or the type limits; OUT_OF_MEMORY. */
Code *program_code(Program *program, uint32_t number, const Type *const *targs, uint32_t ntargs, Trap *trap);
const Function *program_function(Program *program, uint32_t number); /* NULL: there is none of that number, or memory is out */

/* The ready callee of a CALL of `code`, looked up at first and stored in the instruction. NULL with *trap set as program_code. */
Code *program_callee(Program *program, Code *code, CodeInsn *insn, Trap *trap);

/* The descriptor of the closures that an FN_NEW of `code` makes, looked up at first and stored in the instruction. Its code is ready. */
struct ObjDesc *program_closure(Program *program, Code *code, CodeInsn *insn, Trap *trap);

/* What `method` of trait type `trait` is for objects of descriptor `desc` (CALL_TRAIT). The verifier has proved that there is one. */
Code *program_trait_code(Program *program, const Type *trait, uint32_t method, const struct ObjDesc *desc, Trap *trap);

/* The same for what a trait value holds, a concrete type that implements the trait. */
Code *program_method_code(Program *program, const Type *trait, uint32_t method, const Type *type, Trap *trap);

/* Whether a value held as a trait, of descriptor `desc`, is of concrete type `type` (BR_UNIS). */
bool desc_is_type(const struct ObjDesc *desc, const Type *type);

/* The live values of a frame before the instruction at pc: initialised locals in order, then operands from the lowest. With in_call, pc is a suspended
 * caller's, just behind its call, and operands that the call took are left out. Where a value of several slots would lie at `slot`, its slots follow.
 * False when memory is out. The caller frees items; a LiveValues can be used again. */
typedef struct LiveValue { uint32_t slot; const Type *type; } LiveValue;
typedef struct LiveValues { LiveValue *items; uint32_t count, cap; } LiveValues;
bool code_live(const Code *code, uint32_t pc, bool in_call, LiveValues *live);

/* The same for many frames. live_find's result holds until it is called again; NULL when memory is out. `work` grows with the time that it took, in
 * instructions. Zero at first; live_free frees what it holds. */
enum { LIVE_KEPT = 64 };
typedef struct LiveKept { const Code *code; uint32_t pc; bool in_call; LiveValues live; } LiveKept;
typedef struct LiveCache { LiveKept kept[LIVE_KEPT]; uint64_t work; } LiveCache;
const LiveValues *live_find(LiveCache *cache, const Code *code, uint32_t pc, bool in_call);
void live_free(LiveCache *cache);

/* The concrete type of a ready function's result. */
const Type *code_result_type(const Code *code);
/* The concrete types of what the instruction at pc pushes (when it does not branch), the lowest first; returns how many. */
uint32_t code_pushes(const Code *code, uint32_t pc, const Type **types);
/* The exit status of a guest whose first task has returned that result. */
int64_t code_exit_status(const Code *code, const Value *result);

/* Name and source position for a trace line. */
void code_position(const Code *code, uint32_t pc, const char **name, const char **file, uint32_t *line, uint32_t *column);

/* Prints the specialised code of all that the entry reaches by direct calls (--dump=code). */
void program_dump(Program *program, const TextOut *out);

#endif
