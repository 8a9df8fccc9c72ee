/* emit_internal.h - what the parts of the emitter share.
 *
 *   emit.c           the module around the functions; strings, imports, numbering
 *   emit_scan.c      one walk over all trees before any code: captures, uses of variables, constants, flags of nodes
 *   fold.c           pure instructions on constants, by the semantics of op.def
 *   emit_code.c      instructions, the operand stack's types, locals, labels, lines; writes a finished vm Function
 *   emit_function.c  one function: parameters, cells, its body
 *   emit_expr.c      nodes that compute
 *   emit_flow.c      nodes that branch, loop, leave
 *   emit_switch.c    runs of tests of one variable
 *
 * Invariants: while `reachable` is false nothing is written and the stack's types mean nothing, until a label that was branched to is bound.
 * A local that is in use (`is_live`) is initialised on every way to the current instruction, so a label declares exactly the live locals. A node
 * with NODE_LOOP is only ever emitted while the operand stack is empty, because branches that go back need that.
 */
#ifndef FIRN_COMPILER_EMIT_INTERNAL_H
#define FIRN_COMPILER_EMIT_INTERNAL_H

#include "compiler/typed.h"

#define EMIT_DEPTH_MAX 4000     /* nesting of typed nodes: bounds the C stack */
#define EMIT_OPERANDS_MAX 4000  /* operand stack entries; the verifier's limit less a margin */
#define EMIT_CHUNK 128          /* elements of one list.new, pieces of one string.concat */
#define EMIT_TEST_SIZE_MAX 12   /* nodes of a loop's test that is also written before the loop */

enum NodeFlag {
  NODE_SEEN = 1,        /* scanned */
  NODE_SEEN_AGAIN = 2,  /* a shared node that was scanned from two places */
  NODE_LOOP = 4,        /* holds a loop: needs an empty operand stack */
  NODE_JUMP = 8,        /* holds a break, continue or return */
  NODE_FN = 16,         /* makes function values */
  NODE_CHAINED = 32,    /* was looked at as part of a chain of tests */
};

/* TVar.emit */
typedef struct VarInfo {
  uint32_t uses;            /* times it is read in emitted code: at most this often if 1, captures aside */
  uint32_t sets, step_sets; /* assignments; those of them in the step of step_loop */
  const TNode *step_loop;
  const TNode *constant;    /* a TN_CONST that stands for the variable, or NULL */
  bool is_alias;            /* its slot belongs to another variable */
} VarInfo;

/* TFunction.emit */
typedef struct FnInfo {
  TVar **captures;
  size_t count, capacity;
} FnInfo;

typedef enum EmitMode {
  EMIT_DROP,  /* leaves nothing on the stack */
  EMIT_VALUE, /* pushes the value */
  EMIT_TAIL,  /* returns the value from the function; where that is of type void, may also go on with nothing pushed */
} EmitMode;

typedef uint32_t LabelId;

typedef struct EmitLabel {
  uint32_t bound; /* index into `bound`, or UINT32_MAX */
  uint32_t refs;
  uint32_t nstack;
  const Type **stack; /* on arrival; from the first branch or the binding */
} EmitLabel;

typedef struct BoundLabel {
  Label label;
  uint32_t refs;
  uint32_t final;  /* index in the finished function */
  bool is_dropped; /* stood at a branch that was dropped */
} BoundLabel;

typedef struct EmitLocal {
  const Type *type;
  uint32_t next_free; /* index plus 1 */
  bool is_live, is_used;
} EmitLocal;

/* TScope.emit while the scope's or loop's node is emitted. */
typedef struct ScopeInfo {
  LabelId end, again; /* again: loops, where continue goes */
  uint32_t depth;     /* of the operand stack */
  uint32_t ndefers;
  EmitMode mode;
  const Type *type;
} ScopeInfo;

/* A loop whose body (not test or step) is being emitted. */
typedef struct OpenLoop {
  const TNode *node;
  struct OpenLoop *outer;
} OpenLoop;

typedef struct StringSlot { uint32_t hash, index_plus_1; } StringSlot;

typedef struct Emitter {
  Typed *typed;
  Compilation *compilation;
  Arena *arena;
  Module *module;
  bool failed;
  /* strings by content */
  StringSlot *strings;
  uint32_t nstrings, strings_capacity;
  uint32_t *files;          /* by source id: string index of the path plus 1 */
  /* the function being written */
  TFunction *function;
  const Type *result;
  VEC(Insn) code;
  VEC(const Type *) stack;
  VEC(EmitLocal) locals;
  VEC(uint32_t) scope_locals; /* locals of the variables in scope, to free at the ends of blocks */
  VEC(EmitLabel) labels;
  VEC(BoundLabel) bound;
  VEC(LineEntry) lines;
  VEC(LabelId) switches;
  VEC(TNode *) defers;
  uint32_t *free_heads;     /* by type id: a free local plus 1 */
  size_t nfree_heads;
  OpenLoop *loops;
  bool reachable;
  uint32_t depth;           /* of nested nodes */
  Span span;                /* of the node that instructions are written for */
  Span line_span;           /* what the position below was computed for */
  SourcePos line_position;
} Emitter;

/* emit_scan.c */
bool emit_scan(Typed *typed);
VarInfo *var_info(Arena *arena, TVar *var);
FnInfo *fn_info(Arena *arena, TFunction *function);
static inline bool var_is_cell(const TVar *var) { return var->is_captured && var->is_assigned; }

/* emit.c */
uint32_t emit_string(Emitter *e, const char *bytes, size_t length);
uint32_t emit_import(Emitter *e, TImport *import);
void emit_limit(Emitter *e, DiagCode code, uint32_t limit);
bool emit_out_of_memory(Emitter *e);

/* emit_code.c */
void code_reset(Emitter *e, TFunction *function);
bool code_finish(Emitter *e, Function *out);       /* fills code, labels, lines and locals (parameters are in out) */
void put(Emitter *e, Insn insn);
const Insn *last_insn(const Emitter *e);           /* NULL when none was written, or a label stands behind it */
void unput(Emitter *e);                            /* takes the last instruction back */
void put_op(Emitter *e, Op op, const Type *t);
void push(Emitter *e, const Type *type);
const Type *pop(Emitter *e);
void pop_operands(Emitter *e, uint32_t count);
void drop_to(Emitter *e, uint32_t depth);          /* writes pops */
uint32_t local_new(Emitter *e, const Type *type);
void local_free(Emitter *e, uint32_t local);
void local_get(Emitter *e, uint32_t local);
void local_set(Emitter *e, uint32_t local);
uint32_t local_store(Emitter *e);                  /* the operand into a new temporary */
void local_load(Emitter *e, uint32_t local);       /* and frees it */
LabelId label_new(Emitter *e);
void label_bind(Emitter *e, LabelId label);
LabelId label_loop(Emitter *e);                    /* a label here that branches will go back to; makes here reachable */
void branch(Emitter *e, Insn insn, LabelId label, const Type *label_push); /* its operands are popped already */
void branch_op(Emitter *e, Op op, LabelId label);
void put_switch(Emitter *e, const LabelId *labels, uint32_t count); /* pops the int */
static inline void at(Emitter *e, const TNode *node) { e->span = node->span; }
static inline uint32_t depth_now(const Emitter *e) { return (uint32_t)e->stack.count; }
static inline uint32_t scope_open(const Emitter *e) { return (uint32_t)e->scope_locals.count; }
void scope_close(Emitter *e, uint32_t mark);

/* emit_function.c */
bool emit_function(Emitter *e, TFunction *function, Function *out);
void var_bind(Emitter *e, TVar *var, const Type *type); /* the operand becomes the value of a new variable; NULL or unused: dropped */
void put_return(Emitter *e);
static inline bool returns_void(const Emitter *e) { return e->result->kind == TYPE_VOID; }

/* emit_expr.c */
void emit_node(Emitter *e, TNode *node, EmitMode mode);
void emit_as(Emitter *e, TNode *node, const Type *type, EmitMode mode); /* where `type` is expected: void takes anything */
void emit_drop(Emitter *e);                        /* writes a pop of the operand */
void emit_captures(Emitter *e, TFunction *function);
bool emit_inverse(Op op, Op *inverse);             /* of a comparison */

/* emit_flow.c */
void emit_flow(Emitter *e, TNode *node, EmitMode mode);
void emit_condition(Emitter *e, TNode *node, LabelId target, bool sense);
void emit_fail(Emitter *e, TNode *node); /* an OP_FAIL while blocks with defers are open */
TNode *only_statement(TNode *node); /* without the blocks around it */
void emit_case_test(Emitter *e, TNode *node, LabelId otherwise, bool is_loaded); /* of a TN_IF_CASE; binds the payload */

/* emit_switch.c: writes as many of the statements as are a run of tests that it can make a table of; returns how many. After 0, *tried
 * says with how many of them it need not be tried again. */
uint32_t emit_switch(Emitter *e, TNode **list, uint32_t count, uint32_t *tried);
bool emit_switch_chain(Emitter *e, TNode *node, EmitMode mode); /* the same for a TN_IF or TN_IF_CASE and those in its `c`; false: not written */

#endif
