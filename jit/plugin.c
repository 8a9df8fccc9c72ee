/* plugin.c - the plugin: what is compiled together, when, and what came of it. Interface: vm/tier.h (TierPlugin).
 *
 * A function is compiled with those that it is known to call, as far as they are small; so calls stay within compiled code, and small callees are inlined. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <llvm-c/Analysis.h>

#include "jit/jit.h"
#include "jit/machine.h"

enum {
  CODE_MAX = 20000,  /* instructions of a function that is compiled at all */
  UNIT_MAX = 4000,   /* of all in a unit, when the first is smaller */
};

#define SYMBOL(name) __typeof__(&name) machine_##name;
#undef tier_publish
#undef threaded_receivers
#undef code_pushes
#undef code_result_type
#undef code_position
#include "vm/tier_symbols.def"
#define tier_publish (*machine_tier_publish)
#define threaded_receivers (*machine_threaded_receivers)

static void symbols_take(const TierSymbol *symbols) {
  const TierSymbol *at = symbols;
#define SYMBOL(name) machine_##name = (__typeof__(machine_##name))(at++)->address;
#include "vm/tier_symbols.def"
}

/* What has been compiled, of all programs. */
typedef struct Compiled {
  struct Compiled *next;
  const Program *program;
  NativeCode *code;
} Compiled;

static Compiled *all;
static uint32_t nunits;
static struct { uint64_t units, functions, insns, failed; double seconds; size_t bytes; } figures;

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Adds what a member calls: callees that are known and not too large. */
static void callees_add(Unit *unit, const Member *member, uint32_t *ninsns) {
  const Code *code = member->code;
  for (uint32_t pc = 0; pc < code->ninsns; pc++) {
    const CodeInsn *insn = &code->insns[pc];
    Code *callees[TRAIT_CACHE] = {NULL};
    uint32_t descs[TRAIT_CACHE], count = 0;
    if (insn->op == OP_CALL && insn->x.callee) callees[count++] = insn->x.callee;
    if (insn->op == OP_CALL_TRAIT) count = threaded_receivers(code->threaded, pc, descs, callees);
    for (uint32_t i = 0; i < count; i++) {
      Code *callee = callees[i];
      if (!callee->insns || unit_member(unit, callee) || *ninsns + callee->ninsns > UNIT_MAX) continue;
      if (unit_add(unit, callee)) *ninsns += callee->ninsns;
    }
  }
}

static bool unit_emit(Unit *unit, uint32_t pc) {
  for (uint32_t i = 0; i < unit->nmembers; i++) {
    if (!unit_emit_body(unit, &unit->members[i]) || !unit_emit_entry(unit, &unit->members[i])) return false;
  }
  return !pc || unit_emit_entry_at(unit, &unit->members[0], pc);
}

static void publish(const Unit *unit, uint32_t pc) {
  char name[64];
  for (uint32_t i = 0; i < unit->nmembers; i++) {
    Code *code = unit->members[i].code;
    if (code->entry) continue;
    entry_name(name, sizeof name, unit, code, 0);
    TierEntry entry = codegen_find(name);
    if (entry) tier_publish(code, 0, entry);
  }
  if (!pc) return;
  entry_name(name, sizeof name, unit, unit->members[0].code, pc);
  TierEntry entry = codegen_find(name);
  if (entry) tier_publish(unit->members[0].code, pc, entry);
}

static void trouble(const char *what, const char *why) {
  figures.failed++;
  if (getenv("FIRN_JIT_DEBUG")) fprintf(stderr, "firn-jit: %s: %s\n", what, why);
}

static bool compile_now(Unit *unit, const Program *program, uint32_t pc) {
  char *error = NULL;
  if (getenv("FIRN_JIT_DEBUG") && LLVMVerifyModule(unit->module, LLVMReturnStatusAction, &error)) {
    char *text = LLVMPrintModuleToString(unit->module);
    fprintf(stderr, "%s\n%s\n", text, error);
    abort();
  }
  Compiled *compiled = malloc(sizeof *compiled);
  NativeCode *code = compiled ? codegen_compile(unit->module, &error) : NULL;
  if (!code) {
    trouble("LLVM", error ? error : "out of memory");
    LLVMDisposeMessage(error);
    free(compiled);
    return false;
  }
  *compiled = (Compiled){all, program, code};
  all = compiled;
  figures.units++;
  figures.functions += unit->nmembers;
  figures.bytes += codegen_bytes(code);
  publish(unit, pc);
  return true;
}

static void compile(Code *code, uint32_t pc, bool waits) {
  (void)waits;
  if (code->ninsns > CODE_MAX || code->frame_slots > 0xffff) return;
  double start = seconds_now();
  LLVMContextRef context = codegen_context_new();
  LLVMModuleRef runtime = codegen_runtime(context);
  Unit unit;
  if (!runtime || !unit_begin(&unit, context, runtime, nunits++)) {
    LLVMContextDispose(context);
    return;
  }
  uint32_t ninsns = code->ninsns;
  bool done = unit_add(&unit, code) != NULL;
  for (uint32_t i = 0; i < unit.nmembers; i++) callees_add(&unit, &unit.members[i], &ninsns);
  done = done && unit_emit(&unit, pc);
  if (done) compile_now(&unit, code->program, pc);
  else trouble("emitting", code->function->name);
  if (!done) LLVMDisposeModule(unit.module);
  unit_end(&unit);
  LLVMContextDispose(context);
  figures.insns += ninsns;
  figures.seconds += seconds_now() - start;
}

static void poll(void) {}

static void program_drop(Program *program) {
  for (Compiled **link = &all; *link;) {
    Compiled *compiled = *link;
    if (compiled->program != program) {
      link = &compiled->next;
      continue;
    }
    *link = compiled->next;
    codegen_free(compiled->code);
    free(compiled);
  }
}

static void stats(FILE *out) {
  fprintf(out, "compiled       %llu functions (%llu instructions) in %llu units, %.1f ms, %zu bytes; %llu failed\n", (unsigned long long)figures.functions,
          (unsigned long long)figures.insns, (unsigned long long)figures.units, 1e3 * figures.seconds, figures.bytes, (unsigned long long)figures.failed);
}

static const TierPlugin plugin = {compile, poll, program_drop, stats};

__attribute__((visibility("default"))) const TierPlugin *firn_tier_start(uint64_t version, const TierSymbol *symbols);

const TierPlugin *firn_tier_start(uint64_t version, const TierSymbol *symbols) {
  if (version != TIER_VERSION) return NULL;
  symbols_take(symbols);
  return codegen_start(symbols) ? &plugin : NULL;
}
