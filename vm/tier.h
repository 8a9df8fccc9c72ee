/* tier.h - what the machine and a compiling tier know of each other.
 *
 * A tier compiles Codes to native functions, which the interpreter enters where a frame begins, or at a place where all of a frame's state is in its slots (an
 * *entry*: a loop header, behind a call). A native function returns when its frame has returned; or it *leaves*: from the innermost on, each compiled
 * frame writes its state to its slots, says with tier_leave where it is, and returns a negative balance, so that the guest's state is as exact as if it
 * had been interpreted. It leaves whenever something is not for it: no fuel, no room, a callee that is not compiled, an instruction that traps. Whatever the
 * instruction would have done is then done by the oracle.
 *
 * The balance is never negative while compiled code runs.
 *
 * The tier is a plugin (firn-jit.so), opened when the first function is hot. It calls the machine through the symbols of tier_symbols.def.
 */
#ifndef FIRN_VM_TIER_H
#define FIRN_VM_TIER_H

#include <stdio.h>

#include "vm/guest.h"
#include "vm/program.h"

typedef enum TierLeave {
  LEAVE_PAUSE, /* no fuel, at a safepoint */
  LEAVE_STEP,  /* the oracle executes the next instruction */
  LEAVE_RUN,   /* the interpreter goes on */
  LEAVE_AGAIN, /* a callee has left, or the machine has refused an instruction, and it is known why */
  LEAVE_TRAP,  /* the next instruction has trapped */
  LEAVES,
} TierLeave;

/* What compiled code knows of the guest that it runs. */
typedef struct TierContext {
  Guest *guest;
  Value *limit;         /* end of the running task's slots */
  char *native_limit;   /* below it is too little native stack */
  Frame *left;          /* frames that have been left, the outermost: they grow down from the end of the task's frames */
  int64_t fuel;         /* after leaving: the balance */
  TierLeave reason;
  Trap trap;
} TierContext;

/* `value` is the first slot of the result, and all of them are in the frame's first slots if there are more than one. fuel < 0: it has left. */
typedef struct TierResult { int64_t value, fuel; } TierResult;

/* A compiled function, entered at a frame's beginning (before its charge) or at an entry. */
typedef TierResult (*TierEntry)(TierContext *ctx, Value *fp, int64_t fuel);

enum { TIER_TOGETHER = 16 };

/* What a plugin gives. */
typedef struct TierPlugin {
  /* Compiles `codes` of one program, with others that they call, and publishes them (tier_publish): from the beginning, the first so only with `begins`; and the first
   * at `pc`, if that is not 0. May do so later, in another thread, and publish in `poll`. With `until` they have been published on return, or can't be compiled, or it
   * is so late: on the system's monotonic clock, microseconds; 0: it does not wait, INT64_MAX: as long as it takes. */
  void (*compile)(Code *const *codes, uint32_t count, uint32_t pc, bool begins, int64_t until);
  bool (*is_ready)(void);                 /* to compile at once: nothing else is on its way */
  void (*poll)(void);
  void (*program_drop)(Program *program); /* none of its code runs any more */
  void (*stats)(FILE *out);
  bool (*is_busy)(void);                  /* compiles, or is about to: the process must not run exit handlers */
  void (*dump)(unsigned what);            /* TIER_DUMP bits: of what is compiled from now on, to standard error */
} TierPlugin;

/* What a plugin begins with, by name; and whether it was made for this machine. */
typedef struct TierSymbol { const char *name; void *address; } TierSymbol; /* the last one's name is NULL */
typedef const TierPlugin *(*TierPluginStart)(uint64_t version, const TierSymbol *symbols); /* "firn_tier_start"; NULL: it can't */
enum { TIER_INTERFACE = 2 }; /* one more with each change of TierPlugin */
#define TIER_VERSION ((uint64_t)(LEAVES + (TIER_INTERFACE << 4) + (TIER_TOGETHER << 9)) << 48 | sizeof(Guest) << 32 | sizeof(Code) << 16 | sizeof(TierContext))

/* The tier of the process. NULL for JIT_OFF. It needs no plugin before something is hot; without one nothing ever is compiled. */
typedef struct Jit Jit;
Jit *tier_get(JitMode mode);

enum { TIER_NATIVE_STACK = 1 << 18 }; /* bytes of the native stack that compiled frames may take */
enum { TIER_SAMPLE = 1 << 14 }; /* units between looks at what the interpreter runs */

/* The interpreter was met at a loop header or function's entry. */
void tier_sample(Jit *jit, Code *code, uint32_t pc);
/* The compiled form that begins at `pc`, or NULL. With JIT_ALWAYS it is waited for, but not longer than until the guest's deadline. */
TierEntry tier_entry(Jit *jit, const Guest *guest, Code *code, uint32_t pc);
/* The same where a frame goes on that was not running: when that is often, it is compiled. */
TierEntry tier_resume(Jit *jit, const Guest *guest, Code *code, uint32_t pc);
/* A function has been entered that has no compiled form, but has been met in a loop. */
void tier_entered(Code *code);
/* A frame of compiled code has called a function that is not compiled. */
void tier_missed(Code *code);
void tier_stats(FILE *out);
/* Whether something is being compiled: LLVM is not to be unmade by exit handlers then, so a process that is done had better end by _exit. */
bool tier_is_busy(void);
enum { TIER_DUMP_IR = 1, TIER_DUMP_ASM = 2 };
void tier_dump(unsigned what);
/* Who outside of the process is told what is compiled: TIER_INFO bits. The plugin reads it when it is opened, and with nothing here that costs nothing.
 *   gdb       functions and source lines, by its interface for compilers at run time
 *   perf      functions, in /tmp/perf-PID.map
 *   jitdump   functions and source lines, in a file that `perf inject` reads */
enum { TIER_INFO_GDB = 1, TIER_INFO_PERF = 2, TIER_INFO_JITDUMP = 4 };
extern unsigned tier_info;
void tier_program_drop(Program *program);
/* For tests: from now on compiled code leaves at each so-manieth of the places where it could, and not only where it must. 0: it does not; it
 * is compiled without what that takes. */
typedef struct TierLeaving { uint32_t each, left; } TierLeaving;
extern TierLeaving tier_leaving;
void tier_leave_often(uint32_t each);

/* For tests: who has been met so often is hot, however large it is. 0: as ever. */
void tier_eager(uint32_t times);

/* For plugins. */
bool tier_is_warm(const Code *code); /* has been met by a sample */
void tier_publish(Code *code, uint32_t pc, TierEntry entry);

/* For compiled code. `fuel` is the balance; those that give it back give INT64_MIN to say: leave, in front of the instruction, for ctx->reason. */
void tier_leave(TierContext *ctx, Value *fp, Code *code, uint32_t pc, TierLeave reason, int64_t fuel);
int64_t tier_execute(TierContext *ctx, Value *fp, Code *code, CodeInsn *insn, int64_t fuel); /* operands and results are in the slots */
void *tier_object(TierContext *ctx, Value *fp, uint32_t sp, const struct ObjDesc *desc, uint32_t bytes); /* NULL: LEAVE_STEP */
Code *tier_receiver(TierContext *ctx, const CodeInsn *insn, void *receiver); /* what a CALL_TRAIT calls; NULL: the oracle must find out */

#endif
