/* plugin.c - the plugin: what is compiled together, when, and what came of it. Interface: vm/tier.h (TierPlugin).
 *
 * A function is compiled with those that it is known to call, as far as they are small; so calls stay within compiled code, and small callees are inlined. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <llvm-c/Analysis.h>

#include "jit/jit.h"
#include "jit/machine.h"
#include "vm/execute.h"

enum {
  CODE_MAX = 5000,   /* instructions of a function that is compiled at all: LLVM's time grows with the square of the places that leave */
  STORES_MAX = 60000, /* of its locals, by what writes them where it leaves: each change of one makes that anew; and of operands, at each instruction */
  LOOPS_MAX = 200000, /* branches back, times instructions: for each loop LLVM looks at all that comes before it */
  UNIT_MAX = 300,    /* of all in a unit, when the first is smaller */
  AGAIN_MAX = 24,    /* of a callee that comes with its caller whatever is known of it */
  REGISTERED_MAX = 16,
  /* For a program: what has reached one of these is not compiled further, and runs on as it is. */
  PROGRAM_INSNS = 2000000, PROGRAM_BYTES = 64 << 20, PROGRAM_SECONDS = 60,
  THREAD_STACK = 8 << 20, /* bytes: LLVM's passes recurse */
  FORK_MICROS = 100000,   /* that a fork waits for the compiler to come to rest */
};

#define SYMBOL(symbol) __typeof__(&symbol) machine_##symbol;
#undef tier_publish
#undef threaded_receivers
#undef code_pushes
#undef code_result_type
#undef code_position
#include "vm/tier_symbols.def"
#define tier_publish (*machine_tier_publish)
#define threaded_receivers (*machine_threaded_receivers)

/* False: the machine has others. */
static bool symbols_take(const TierSymbol *symbols) {
  const TierSymbol *at = symbols;
#define SYMBOL(symbol) \
  if (!at->name || strcmp(at->name, #symbol) != 0) return false; \
  machine_##symbol = (__typeof__(machine_##symbol))(at++)->address;
#include "vm/tier_symbols.def"
  return at->name == NULL;
}

/* A context with the runtime's module, for a unit to be emitted to. Its parsing is the compiler's work. */
typedef struct Spare { LLVMContextRef context; LLVMModuleRef runtime; } Spare;

/* A unit on its way. The machine's thread emits it, the compiler's makes it native code, the machine's publishes it: only it touches Codes. */
typedef struct Job {
  struct Job *next;
  Program *program;
  Unit unit;
  uint32_t pc;            /* of an entry besides the members' beginnings, or 0 */
  uint32_t nroots;        /* members that have been asked for */
  bool begins;            /* the first member has an entry at its beginning */
  CodegenUnit *code;      /* NULL: failed, or not yet */
  TierEntry entries[UNIT_MEMBERS], entry_at;
  bool is_dropped;        /* the program is gone */
  double seconds;         /* that the compiler's thread took */
} Job;

typedef struct Jobs { Job *first, **end; } Jobs;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static Jobs waiting = {.end = &waiting.first}, done = {.end = &done.first};
static Job *running;
static Spare spare;      /* context NULL: none is ready */
static bool has_thread, no_thread, is_parsing, is_ending;
static bool is_torn; /* a child of a fork: LLVM was at work, and its state can't be used any more */
static struct { uint64_t units, functions, insns, failed, refused; double emitting, compiling; size_t bytes; unsigned registered; } figures;

static atomic_bool any_done; /* whether poll has anything to do */
static atomic_bool has_spare;

/* Of the machine's thread: what compiling has taken for a program so far. */
typedef struct Spent {
  struct Spent *next;
  const Program *program;
  uint64_t insns, bytes;
  double seconds;
} Spent;

static Spent *spent;

static Spent *spent_on(const Program *program) {
  Spent *found = spent;
  while (found && found->program != program) found = found->next;
  if (found || !(found = calloc(1, sizeof *found))) return found;
  found->next = spent;
  found->program = program;
  return spent = found;
}

static bool is_spent(const Spent *on) {
  return !on || on->insns >= PROGRAM_INSNS || on->bytes >= PROGRAM_BYTES || on->seconds >= PROGRAM_SECONDS;
}

static void spent_drop(const Program *program) {
  for (Spent **link = &spent; *link; link = &(*link)->next) {
    Spent *found = *link;
    if (found->program != program) continue;
    *link = found->next;
    free(found);
    return;
  }
}

/* Of the machine's thread: what has been published. */
typedef struct Compiled {
  struct Compiled *next;
  const Program *program;
  CodegenUnit *code;
} Compiled;

static Compiled *all;
static uint32_t nunits, npending; /* npending: jobs that have not been published */

static void jobs_add(Jobs *jobs, Job *job) {
  job->next = NULL;
  *jobs->end = job;
  jobs->end = &job->next;
}

static Job *jobs_take(Jobs *jobs) {
  Job *job = jobs->first;
  if (!job) return NULL;
  jobs->first = job->next;
  if (!jobs->first) jobs->end = &jobs->first;
  return job;
}

static int64_t micros_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Whether compiling it takes time and memory that are in proportion. */
static bool is_compilable(const Code *code) {
  uint64_t changes = 1, operands = 0, loops = 0;
  if (code->ninsns > CODE_MAX || code->frame_slots > FRAME_SLOTS_NARROW) return false;
  for (uint32_t pc = 0; pc < code->ninsns; pc++) {
    changes += code->insns[pc].op == OP_LOCAL_SET;
    operands += code->insns[pc].sp - code->nlocals_slots;
    loops += (op_table[code->insns[pc].op].flags & OP_BRANCH) && code->insns[pc].cost > 0;
  }
  return changes * code->nlocals_slots + operands <= STORES_MAX && loops * code->ninsns <= LOOPS_MAX;
}

/* Adds what a member calls, and the closures it makes: those that are known and not too large. */
static void callees_add(Unit *unit, const Member *member, uint32_t *ninsns) {
  const Code *code = member->code;
  for (uint32_t pc = 0; pc < code->ninsns; pc++) {
    const CodeInsn *insn = &code->insns[pc];
    Code *callees[TRAIT_CACHE] = {NULL};
    uint32_t descs[TRAIT_CACHE], count = 0;
    if (insn->op == OP_CALL && insn->x.callee) callees[count++] = insn->x.callee;
    if (insn->op == OP_FN_NEW && insn->x.p) callees[count++] = ((const ObjDesc *)insn->x.p)->code;
    if (insn->op == OP_CALL_TRAIT) count = threaded_receivers(code->threaded, pc, descs, callees);
    for (uint32_t i = 0; i < count; i++) {
      Code *callee = callees[i];
      if (!callee->insns || unit_member(unit, callee) || *ninsns + callee->ninsns > UNIT_MAX || !is_compilable(callee)) continue;
      /* What has not been met yet may never run; what is compiled already need not be once more. */
      if (callee->ninsns > AGAIN_MAX && (callee->entry || !machine_tier_is_warm(callee))) continue;
      Member *added = unit_add(unit, callee);
      if (!added) continue;
      added->is_closure = insn->op == OP_FN_NEW;
      *ninsns += callee->ninsns;
    }
  }
}

/* Callers are emitted before the first member's body, which only an entry elsewhere may have made superfluous. */
static bool job_emit_members(Job *job) {
  Unit *unit = &job->unit;
  if (job->pc && !unit_emit_entry_at(unit, &unit->members[0], job->pc)) return false;
  for (uint32_t i = unit->nmembers; i-- > 0;) {
    Member *member = &unit->members[i];
    bool has_entry = !member->code->entry && (i == 0 ? job->begins : i < job->nroots || !member->is_small || member->is_closure);
    if (has_entry && !unit_emit_entry(unit, member)) return false;
    if (i == 0 && !LLVMGetFirstUse(member->body)) unit_body_drop(member);
    else if (!unit_emit_body(unit, member)) return false;
  }
  unit_export(unit);
  return true;
}

/* The compiler's thread */

static void end(void);

static TierEntry entry_of(const int32_t *table, uint32_t row) {
  return table[row] ? (TierEntry)((uintptr_t)table + (uintptr_t)(intptr_t)table[row]) : NULL;
}

static void job_compile(Job *job) {
  char *error = NULL, name[32];
  Unit *unit = &job->unit;
  uint32_t row = 0;
  if (unit_link(unit) && codegen_optimise(unit->module, &error)) {
    names_settle(unit);
    job->code = codegen_compile(unit->module, &error);
  } else {
    LLVMDisposeModule(unit->module);
  }
  LLVMContextDispose(unit->context);
  unit_table_name(name, sizeof name, unit->number);
  const int32_t *table = job->code ? codegen_table(name) : NULL;
  for (; table && row < unit->nmembers; row++) job->entries[row] = entry_of(table, row);
  if (table) job->entry_at = entry_of(table, row);
  if (table && unit->known) codegen_tell(job->code, unit->known, (const void *)(uintptr_t)entry_of(table, unit->known_row));
  LLVMDisposeMessage(error);
}

static Spare spare_make(void) {
  Spare made = {.context = LLVMContextCreate()};
  made.runtime = codegen_runtime(made.context);
  if (made.runtime) return made;
  LLVMContextDispose(made.context);
  return (Spare){NULL, NULL};
}

/* With the lock, which it gives up for a while. False: memory is out. */
static bool spare_prepare(void) {
  is_parsing = true;
  pthread_mutex_unlock(&lock);
  Spare made = spare_make();
  pthread_mutex_lock(&lock);
  is_parsing = false;
  spare = made;
  atomic_store_explicit(&has_spare, made.context != NULL, memory_order_release);
  pthread_cond_broadcast(&changed);
  return made.context != NULL;
}

static void *compiler(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  while (!is_ending) {
    running = jobs_take(&waiting);
    if (!running) {
      if (spare.context || !spare_prepare()) pthread_cond_wait(&changed, &lock);
      continue;
    }
    pthread_mutex_unlock(&lock);
    double start = seconds_now();
    job_compile(running);
    pthread_mutex_lock(&lock);
    running->seconds = seconds_now() - start;
    figures.compiling += running->seconds;
    if (figures.registered < REGISTERED_MAX && atexit(end) == 0) figures.registered++;
    jobs_add(&done, running);
    running = NULL;
    atomic_store_explicit(&any_done, true, memory_order_release);
    pthread_cond_broadcast(&changed);
  }
  pthread_mutex_unlock(&lock);
  return NULL;
}

/* Signals are the machine's. */
static bool thread_start(void) {
  pthread_t thread;
  sigset_t none, before;
  if (has_thread || no_thread) return has_thread;
  sigfillset(&none);
  pthread_sigmask(SIG_SETMASK, &none, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, THREAD_STACK);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  has_thread = pthread_create(&thread, &attributes, compiler, NULL) == 0;
  no_thread = !has_thread;
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return has_thread;
}

/* LLVM must not be unmade while it compiles. Handlers run in the reverse order of their registration, and LLVM registers some when it first compiles: so this
 * is registered when it has done so, again and again, until there is nothing new. Nothing is compiled afterwards. */
static void end(void) {
  pthread_mutex_lock(&lock);
  is_ending = true;
  while (!is_torn && (running || is_parsing)) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

/* The machine's thread */

static void code_free(CodegenUnit *code) {
  if (!is_torn) codegen_free(code);
}

static void job_publish(Job *job) {
  npending--;
  Spent *on = job->is_dropped ? NULL : spent_on(job->program);
  if (on) {
    on->seconds += job->seconds;
    on->bytes += job->code ? codegen_bytes(job->code) : 0;
  }
  Compiled *compiled = job->code ? malloc(sizeof *compiled) : NULL;
  if (!compiled || job->is_dropped) {
    if (job->code) code_free(job->code);
    if (!job->code) figures.failed++;
    free(compiled);
    return;
  }
  *compiled = (Compiled){all, job->program, job->code};
  all = compiled;
  figures.units++;
  figures.functions += job->unit.nmembers;
  figures.bytes += codegen_bytes(job->code);
  for (uint32_t i = 0; i < job->unit.nmembers; i++) {
    Code *code = job->unit.members[i].code;
    if (job->entries[i] && !code->entry) tier_publish(code, 0, job->entries[i]);
  }
  if (job->entry_at) tier_publish(job->unit.members[0].code, job->pc, job->entry_at);
}

static void poll(void) {
  if (!atomic_load_explicit(&any_done, memory_order_acquire)) return;
  pthread_mutex_lock(&lock);
  for (Job *job; (job = jobs_take(&done));) {
    job_publish(job);
    unit_end(&job->unit);
    free(job);
  }
  atomic_store_explicit(&any_done, false, memory_order_relaxed);
  pthread_mutex_unlock(&lock);
}

static bool is_done(const Job *job) {
  for (const Job *at = done.first; at; at = at->next) {
    if (at == job) return true;
  }
  return false;
}

/* Waits for the compiler's thread to say something, until a time (TierPlugin's compile). False: that has come. */
static bool changed_wait(int64_t until) {
  struct timespec end = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
  if (until == INT64_MAX) return pthread_cond_wait(&changed, &lock) == 0;
  return pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &end) == 0;
}

static void job_start(Job *job, int64_t until) {
  pthread_mutex_lock(&lock);
  npending++;
  if (thread_start()) {
    jobs_add(&waiting, job);
    pthread_cond_broadcast(&changed);
    while (until && !is_done(job) && changed_wait(until)) continue;
  } else {
    job_compile(job);
    jobs_add(&done, job);
    atomic_store(&any_done, true);
  }
  pthread_mutex_unlock(&lock);
  if (until) poll();
}

/* For whoever works on the tier: says what is wrong with a module. */
static void check(const Unit *unit) {
  char *error = NULL;
  if (!getenv("FIRN_JIT_CHECK")) return;
  if (LLVMVerifyModule(unit->module, LLVMReturnStatusAction, &error)) {
    char *text = LLVMPrintModuleToString(unit->module);
    fprintf(stderr, "%s\n%s\n", text, error);
    abort();
  }
  LLVMDisposeMessage(error);
}

/* The spare, as soon as there is one; context NULL: memory is out, or it is too late. */
static Spare spare_take(int64_t until) {
  pthread_mutex_lock(&lock);
  bool has_compiler = thread_start();
  bool in_time = true;
  while (has_compiler && in_time && !spare.context && (waiting.first || running || is_parsing)) in_time = changed_wait(until);
  Spare taken = spare;
  spare = (Spare){NULL, NULL};
  atomic_store_explicit(&has_spare, false, memory_order_relaxed);
  pthread_mutex_unlock(&lock);
  return taken.context || !in_time ? taken : spare_make();
}

static bool is_ready(void) {
  if (npending || is_torn) return false;
  if (atomic_load_explicit(&has_spare, memory_order_acquire)) return true;
  pthread_mutex_lock(&lock);
  bool has_compiler = thread_start();
  pthread_mutex_unlock(&lock);
  return !has_compiler;
}

static bool job_emit(Job *job, Code *const *codes, uint32_t count, int64_t until) {
  Unit *unit = &job->unit;
  Spare taken = spare_take(until ? until : INT64_MAX);
  LLVMContextRef context = taken.context;
  if (!context) return false;
  unit_begin(unit, context, taken.runtime, nunits++);
  uint32_t ninsns = 0;
  for (uint32_t i = 0; i < count && unit_add(unit, codes[i]); i++) {
    ninsns += codes[i]->ninsns;
    job->nroots++;
  }
  for (uint32_t i = 0; i < unit->nmembers; i++) callees_add(unit, &unit->members[i], &ninsns);
  unit_inline(unit);
  figures.insns += ninsns;
  if (job->nroots == count && job_emit_members(job)) return true;
  lines_end(unit);
  LLVMDisposeModule(unit->runtime);
  LLVMDisposeModule(unit->module);
  unit_end(unit);
  LLVMContextDispose(context);
  return false;
}

static void compile(Code *const *codes, uint32_t count, uint32_t pc, bool begins, int64_t until) {
  Code *able[TIER_TOGETHER];
  uint32_t nable = 0;
  if (is_torn || !is_compilable(codes[0]) || (until && until != INT64_MAX && micros_now() >= until)) return;
  for (uint32_t i = 0; i < count; i++) {
    if (is_compilable(codes[i])) able[nable++] = codes[i];
  }
  double start = seconds_now();
  Spent *on = spent_on(codes[0]->program);
  if (is_spent(on)) {
    figures.refused++;
    return;
  }
  uint64_t insns = figures.insns;
  Job *job = calloc(1, sizeof *job);
  if (!job) return;
  job->program = codes[0]->program;
  job->pc = pc;
  job->begins = begins || pc == 0;
  if (job_emit(job, able, nable, until)) {
    check(&job->unit);
    figures.emitting += seconds_now() - start;
    on->seconds += seconds_now() - start;
    on->insns += figures.insns - insns;
    job_start(job, until);
  } else {
    on->seconds += seconds_now() - start;
    on->insns += figures.insns - insns;
    figures.failed++;
    free(job);
  }
}

static void jobs_drop(Jobs *jobs, const Program *program) {
  for (Job *job = jobs->first; job; job = job->next) job->is_dropped |= job->program == program;
}

static void program_drop(Program *program) {
  pthread_mutex_lock(&lock);
  jobs_drop(&waiting, program);
  jobs_drop(&done, program);
  if (running) running->is_dropped |= running->program == program;
  pthread_mutex_unlock(&lock);
  poll();
  spent_drop(program);
  for (Compiled **link = &all; *link;) {
    Compiled *compiled = *link;
    if (compiled->program != program) {
      link = &compiled->next;
      continue;
    }
    *link = compiled->next;
    code_free(compiled->code);
    free(compiled);
  }
}

/* Forking. The child has no compiler's thread, but gets one when it needs one, if LLVM is at rest when the process is copied. That is waited for, but not for long:
 * otherwise nothing more is compiled in the child. */

static void fork_begin(void) {
  pthread_mutex_lock(&lock);
  int64_t until = micros_now() + FORK_MICROS;
  while ((running || is_parsing) && changed_wait(until)) continue;
}

static void fork_end(void) { pthread_mutex_unlock(&lock); }

static void fork_end_child(void) {
  pthread_mutex_init(&lock, NULL);
  pthread_cond_init(&changed, NULL);
  has_thread = false;
  is_torn |= running || is_parsing;
}

static bool is_busy(void) {
  pthread_mutex_lock(&lock);
  bool busy = running || waiting.first || is_parsing;
  pthread_mutex_unlock(&lock);
  return busy;
}

static void stats(FILE *out) {
  poll();
  fprintf(out, "compiled         %llu functions (%llu instructions) in %llu units, %zu bytes; %llu failed, %llu refused; emitting %.1f ms, compiling %.1f ms\n",
          (unsigned long long)figures.functions, (unsigned long long)figures.insns, (unsigned long long)figures.units, figures.bytes,
          (unsigned long long)figures.failed, (unsigned long long)figures.refused, 1e3 * figures.emitting, 1e3 * figures.compiling);
}

static const TierPlugin plugin = {compile, is_ready, poll, program_drop, stats, is_busy, codegen_dump};

__attribute__((visibility("default"))) const TierPlugin *firn_tier_start(uint64_t version, const TierSymbol *symbols);

const TierPlugin *firn_tier_start(uint64_t version, const TierSymbol *symbols) {
  if (version != TIER_VERSION || !symbols_take(symbols)) return NULL;
  return codegen_start(symbols) && atexit(end) == 0 && pthread_atfork(fork_begin, fork_end, fork_end_child) == 0 ? &plugin : NULL;
}
