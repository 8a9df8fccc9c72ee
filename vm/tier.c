/* tier.c - what is hot, and the plugin that compiles it; what compiled code asks of the machine. Interface: tier.h.
 *
 * Heat is counted by samples that the interpreter takes each TIER_SAMPLE units: it costs nothing in between, and what runs longest is met most often. A function
 * that is met in a loop is compiled with an entry there.
 */
#define _GNU_SOURCE
#include "vm/tier.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/execute.h"
#include "vm/interp.h"
#include "vm/object.h"

enum { HOT = 2, MISSED_HOT = 8, RESUMED_HOT = 64, ENTRIES_MAX = 16, NEAR_QUOTA = 1 << 12 };

typedef struct EntryAt { uint32_t pc, resumed; bool is_asked; TierEntry entry; } EntryAt;

/* Of a Code: its heat, and its compiled entries other than the first. */
typedef struct TierCode {
  uint32_t heat, misses;
  bool is_asked;        /* for the beginning */
  uint32_t nentries, cap;
  EntryAt *entries;
} TierCode;

struct Jit { JitMode mode; };

static const TierPlugin *plugin;
static bool plugin_missing;
static uint64_t leaves[LEAVES], steps[OP_MAX]; /* how often compiled code was left, and for which instruction */
static unsigned dumps;
TierLeaving tier_leaving;
static Jit jits[] = {[JIT_ON] = {JIT_ON}, [JIT_ALWAYS] = {JIT_ALWAYS}};

#ifdef FIRN_NO_PLUGINS
static void *plugin_open(void) { return NULL; }
#else
/* The file that this code is in, a program or a library. */
static void own_path(char path[PATH_MAX]) {
  Dl_info self;
  ssize_t length = -1;
  bool found = dladdr(&plugin, &self) && self.dli_fname;
  /* A program's is what it was called by. */
  if (!found || !strchr(self.dli_fname, '/')) length = readlink("/proc/self/exe", path, PATH_MAX - 1);
  if (length >= 0) path[length] = 0;
  else snprintf(path, PATH_MAX, "%s", found ? self.dli_fname : "");
}

/* The plugin lies beside that, or in lib beside its folder or above it, or where the system looks for libraries. */
static void *plugin_open(void) {
  static const char *const places[] = {"", "../lib/", "../"};
  char self[PATH_MAX], path[PATH_MAX + 32];
  own_path(self);
  const char *slash = strrchr(self, '/');
  void *library = NULL;
  for (size_t i = 0; i < sizeof places / sizeof *places && slash && !library; i++) {
    snprintf(path, sizeof path, "%.*s%sfirn-jit.so", (int)(slash - self + 1), self, places[i]);
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  }
  return library ? library : dlopen("firn-jit.so", RTLD_NOW | RTLD_LOCAL);
}
#endif

static const TierSymbol symbols[] = {
#define SYMBOL(name) {#name, (void *)&name},
#include "vm/tier_symbols.def"
    {NULL, NULL},
};

static const TierPlugin *plugin_get(void) {
  if (plugin || plugin_missing) return plugin;
  void *library = plugin_open();
  TierPluginStart start = library ? (TierPluginStart)dlsym(library, "firn_tier_start") : NULL;
  plugin = start ? start(TIER_VERSION, symbols) : NULL;
  plugin_missing = !plugin;
  if (plugin) plugin->dump(dumps);
  return plugin;
}

Jit *tier_get(JitMode mode) { return mode == JIT_OFF || plugin_missing ? NULL : &jits[mode]; }

static TierCode *tier_code(Code *code) {
  if (!code->tier) code->tier = calloc(1, sizeof *code->tier);
  return code->tier;
}

static EntryAt *entry_find(const TierCode *of, uint32_t pc) {
  for (uint32_t i = 0; i < of->nentries; i++) {
    if (of->entries[i].pc == pc) return &of->entries[i];
  }
  return NULL;
}

static EntryAt *entry_add(TierCode *of, uint32_t pc) {
  EntryAt *found = entry_find(of, pc);
  if (found) return found;
  if (of->nentries == of->cap) {
    uint32_t cap = of->cap ? 2 * of->cap : 4;
    EntryAt *grown = realloc(of->entries, cap * sizeof *grown);
    if (!grown) return NULL;
    of->entries = grown;
    of->cap = cap;
  }
  of->entries[of->nentries] = (EntryAt){.pc = pc};
  return &of->entries[of->nentries++];
}

/* Asks for the compiled form that begins at pc, once. */
static void ask(Code *code, uint32_t pc, bool waits) {
  TierCode *of = tier_code(code);
  EntryAt *at = pc && of ? entry_add(of, pc) : NULL;
  if (!of || (pc ? !at || at->is_asked : of->is_asked) || !plugin_get()) return;
  if (at) at->is_asked = true;
  of->is_asked = true; /* an entry comes with the beginning */
  plugin->compile(code, pc, waits);
}

void tier_sample(Jit *jit, Code *code, uint32_t pc) {
  if (plugin) plugin->poll();
  TierCode *of = tier_code(code);
  if (!of || ++of->heat < HOT) return;
  ask(code, pc, false);
}

void tier_missed(Code *code) {
  TierCode *of = tier_code(code);
  if (of && ++of->misses == MISSED_HOT) ask(code, 0, false);
}

TierEntry tier_entry(Jit *jit, Code *code, uint32_t pc) {
  if (jit->mode == JIT_ALWAYS) ask(code, pc, true);
  if (pc == 0) return code->entry;
  EntryAt *found = code->tier ? entry_find(code->tier, pc) : NULL;
  return found ? found->entry : NULL;
}

TierEntry tier_resume(Jit *jit, Code *code, uint32_t pc) {
  TierCode *of = tier_code(code);
  if (pc == 0 || jit->mode == JIT_ALWAYS || !of) return tier_entry(jit, code, pc);
  EntryAt *at = of->nentries < ENTRIES_MAX ? entry_add(of, pc) : entry_find(of, pc);
  if (at && ++at->resumed == RESUMED_HOT) {
    ask(code, pc, false);
    at = entry_find(of, pc);
  }
  if (at && !at->entry && plugin) plugin->poll();
  return at ? at->entry : NULL;
}

bool tier_is_warm(const Code *code) { return code->tier && code->tier->heat > 0; }

void tier_publish(Code *code, uint32_t pc, TierEntry entry) {
  TierCode *of = tier_code(code);
  if (!of) return;
  if (pc == 0) {
    of->is_asked = true;
    code->entry = entry;
    if (code->threaded) threaded_enter_compiled(code->threaded);
    return;
  }
  EntryAt *at = entry_add(of, pc);
  if (at) at->entry = entry;
}

void tier_program_drop(Program *program) {
  bool any = false;
  for (uint32_t i = 0; i < program->ncodes; i++) {
    TierCode *of = program->codes[i]->tier;
    if (!of) continue;
    any = true;
    free(of->entries);
    free(of);
  }
  if (any && plugin) plugin->program_drop(program);
}

void tier_dump(unsigned what) {
  dumps = what;
  if (plugin) plugin->dump(what);
}

void tier_leave_often(uint32_t each) { tier_leaving = (TierLeaving){each, each}; }

/* The same in compiled code: runtime.c's leave_due. */
static bool leave_due(void) {
  if (tier_leaving.each == 0 || --tier_leaving.left > 0) return false;
  tier_leaving.left = tier_leaving.each;
  return true;
}

bool tier_is_busy(void) { return plugin && plugin->is_busy(); }

void tier_stats(FILE *out) {
  if (!plugin) return;
  plugin->stats(out);
  fprintf(out, "left             %llu times for fuel, %llu for the stack", (unsigned long long)leaves[LEAVE_PAUSE], (unsigned long long)leaves[LEAVE_RUN]);
  for (unsigned op = 0; op < OP_MAX; op++) {
    if (steps[op]) fprintf(out, ", %llu at %s", (unsigned long long)steps[op], op_table[op].name);
  }
  fputc('\n', out);
}

/* For compiled code */

void tier_leave(TierContext *ctx, Value *fp, Code *code, uint32_t pc, TierLeave reason, int64_t fuel) {
  if (reason != LEAVE_AGAIN) {
    ctx->reason = reason;
    ctx->fuel = fuel;
    leaves[reason]++;
  }
  if (reason == LEAVE_STEP) steps[code->insns[pc].op]++;
  *--ctx->left = (Frame){code, pc, (uint32_t)(fp - ctx->guest->task->slots)};
}

/* A native that must see frames, or may let its task wait, or leave to the host: the oracle calls it. */
static bool is_for_oracle(const NativeDef *native) { return native->needs || native->waits != WAITS_NOT || native->sees_frames; }

int64_t tier_execute(TierContext *ctx, Value *fp, Code *code, CodeInsn *insn, int64_t fuel) {
  Guest *guest = ctx->guest;
  ctx->fuel = guest->fuel = fuel;
  ctx->reason = LEAVE_STEP;
  /* An allocation might need frames to be exact. */
  bool is_near = guest->allocated_next - guest->allocated < NEAR_QUOTA || guest->allocated > guest->allocated_next;
  if (is_near || leave_due() || (insn->op == OP_CALL_IMPORT && is_for_oracle(insn->x.native))) {
    steps[insn->op]++;
    return INT64_MIN;
  }
  guest->insn_allocated = guest->allocated;
  guest->wants_exact = false;
  Trap trap = insn_execute(guest, code, insn, fp);
  if (trap == TRAP_NONE) return guest->fuel;
  if (guest->wants_exact) {
    guest->allocated = guest->insn_allocated;
    return INT64_MIN;
  }
  ctx->fuel = guest->fuel;
  ctx->reason = LEAVE_TRAP;
  ctx->trap = trap;
  return INT64_MIN;
}

void *tier_object(TierContext *ctx, Value *fp, uint32_t sp, const ObjDesc *desc) {
  if (leave_due()) return NULL;
  Guest *guest = ctx->guest;
  guest->task->top = (uint32_t)(fp - guest->task->slots) + sp;
  return heap_object_quick(guest, desc, sizeof(Obj) + desc->nslots * sizeof(Value));
}

Code *tier_receiver(TierContext *ctx, const CodeInsn *insn, void *receiver) {
  const ObjDesc *desc = obj_desc(receiver);
  Trap trap;
  if (leave_due()) return NULL;
  return program_trait_code(ctx->guest->program, insn->t, insn->k, desc, &trap);
}
