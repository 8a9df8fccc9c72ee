/* tier.c - what is hot, and the plugin that compiles it; what compiled code asks of the machine. Interface: tier.h.
 *
 * Heat is counted by samples that the interpreter takes each TIER_SAMPLE units: it costs nothing in between, and what runs longest is met most often. What has
 * been met often enough for its size becomes a candidate. Whenever the plugin has nothing to do, it gets the hottest of them; one that is no longer met is
 * forgotten. A function that is met in a loop is compiled with an entry there if it has not been entered since it was first met, or else from its beginning.
 */
#define _GNU_SOURCE
#include "vm/tier.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/execute.h"
#include "vm/heap_cells.h"
#include "vm/interp.h"
#include "vm/object.h"

enum {
  HOT = 64,             /* samples, and one more for each instruction, as compiling it takes some ten times as long as a sample */
  STALE = 1024,         /* samples: a candidate that none of so many has met is none any more */
  OFTEN = 64,           /* misses, or resumptions: as much as a sample */
  ENTERED = 2,          /* from this many times on a function is compiled from its beginning only */
  TOGETHER_INSNS = 120, /* of several functions that are compiled together though they need not know each other */
  CANDIDATES = 64,
  ENTRIES_MAX = 16,
  ENTRIES_INSNS = 1 << 15, /* of all entries of a function but its beginning: each is compiled with all of the function */
  NEAR_QUOTA = 1 << 12, /* bytes */
};

typedef struct EntryAt { uint32_t pc, resumed; bool is_asked; TierEntry entry; } EntryAt;

/* Of a Code: its heat, and its compiled entries other than the first. */
typedef struct TierCode {
  uint32_t heat, misses; /* heat: since anything of it was compiled */
  uint32_t entered;     /* times, since it was first met in a loop */
  bool is_asked;        /* for the beginning */
  uint32_t nentries, cap, nasked; /* nasked: of them */
  EntryAt *entries;
} TierCode;

/* A place where compiled code should begin; `seen`: the last sample that met it. */
typedef struct Candidate { Code *code; uint32_t pc, seen; } Candidate;

struct Jit { JitMode mode; };

static const TierPlugin *plugin;
static bool plugin_missing;
static uint64_t leaves[LEAVES], steps[OP_MAX]; /* how often compiled code was left, and for which instruction */
static unsigned dumps;
static Candidate candidates[CANDIDATES];
static uint32_t ncandidates, samples, eager; /* samples: taken so far; eager: tier_eager's */
TierLeaving tier_leaving;
unsigned tier_info;
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

/* Whether a function may get one entry more besides its beginning. */
static bool has_room(const Code *code) { return !code->tier || (uint64_t)code->tier->nasked * code->ninsns < ENTRIES_INSNS; }

/* Asks for the compiled form that begins at pc, once; and for those of others' beginnings with it, of which codes has `count`, from the second on. Waits for them until a
 * time, with 0 not at all. */
static void ask(Code **codes, uint32_t count, uint32_t pc, int64_t until) {
  if (pc && !has_room(codes[0])) return;
  TierCode *of = tier_code(codes[0]);
  EntryAt *at = pc && of ? entry_add(of, pc) : NULL;
  if (!of || (pc ? !at || at->is_asked : of->is_asked) || !plugin_get()) return;
  if (at) at->is_asked = true;
  of->nasked += at != NULL;
  bool begins = pc == 0 || until || of->entered > 0;
  for (uint32_t i = begins ? 0 : 1; i < count; i++) codes[i]->tier->is_asked = true;
  plugin->compile(codes, count, pc, begins, until);
}

void tier_eager(uint32_t times) { eager = times; }

static uint32_t hot(const Code *code) { return eager ? eager : HOT + code->ninsns; }

/* Whether compiled code could begin there, but does not, and nobody has asked for it. */
static bool is_wanted(const Code *code, uint32_t pc) {
  const EntryAt *at = pc ? entry_find(code->tier, pc) : NULL;
  return pc ? (!at || !at->is_asked) && has_room(code) : !code->tier->is_asked && !code->entry;
}

static void candidate_drop(uint32_t index) { candidates[index] = candidates[--ncandidates]; }

static void candidate_add(Code *code, uint32_t pc) {
  uint32_t at = 0;
  while (at < ncandidates && (candidates[at].code != code || candidates[at].pc != pc)) at++;
  if (at == CANDIDATES) return; /* until others are dropped */
  if (at == ncandidates) ncandidates++;
  candidates[at] = (Candidate){code, pc, samples};
}

static void candidates_clean(void) {
  for (uint32_t i = ncandidates; i-- > 0;) {
    if (!is_wanted(candidates[i].code, candidates[i].pc) || samples - candidates[i].seen > STALE) candidate_drop(i);
  }
}

/* The hottest, of `with`'s program and from the beginning only, if that is not NULL. */
static uint32_t candidate_hottest(const Code *with) {
  uint32_t best = CANDIDATES;
  for (uint32_t i = 0; i < ncandidates; i++) {
    const Candidate *at = &candidates[i];
    if (with && (at->pc || at->code->program != with->program || at->code == with)) continue;
    if (best == CANDIDATES || at->code->tier->heat > candidates[best].code->tier->heat) best = i;
  }
  return best;
}

/* Gives the plugin the hottest candidate when it has nothing to do, and more with it that are small. */
static void candidates_ask(void) {
  if (!ncandidates || !plugin_get() || !plugin->is_ready()) return;
  candidates_clean();
  uint32_t best = candidate_hottest(NULL), pc, count = 1;
  if (best == CANDIDATES) return;
  Code *codes[TIER_TOGETHER] = {candidates[best].code};
  pc = candidates[best].pc;
  candidate_drop(best);
  for (uint32_t ninsns = codes[0]->ninsns; count < TIER_TOGETHER; count++) {
    best = candidate_hottest(codes[0]);
    if (best == CANDIDATES || (ninsns += candidates[best].code->ninsns) > TOGETHER_INSNS) break;
    codes[count] = candidates[best].code;
    candidate_drop(best);
  }
  ask(codes, count, pc, 0);
}

/* The place where a function that is hot at pc should be compiled. */
static uint32_t place_of(const Code *code, uint32_t pc) {
  const TierCode *of = code->tier;
  if (pc == 0 || code->entry || of->is_asked) return pc;
  const EntryAt *at = entry_find(of, pc);
  return of->entered >= ENTERED || (at && at->is_asked) ? 0 : pc;
}

static void sample(Code *code, uint32_t pc) {
  TierCode *of = tier_code(code);
  if (!of) return;
  if (++of->heat >= hot(code)) {
    uint32_t place = place_of(code, pc);
    if (is_wanted(code, place)) candidate_add(code, place);
  }
  candidates_ask();
}

void tier_sample(Jit *jit, Code *code, uint32_t pc) {
  samples++;
  if (plugin) plugin->poll();
  sample(code, pc);
  if (pc && code->tier && code->tier->heat == 1 && !code->entry && code->threaded) threaded_enter_compiled(code->threaded);
}

void tier_entered(Code *code) {
  TierCode *of = tier_code(code);
  if (of) of->entered++;
}

void tier_missed(Code *code) {
  TierCode *of = tier_code(code);
  if (of && ++of->misses % OFTEN == 0) sample(code, 0);
  /* What leaves again and again for it may never come to a sample. */
  if (of && plugin) plugin->poll();
}

TierEntry tier_entry(Jit *jit, const Guest *guest, Code *code, uint32_t pc) {
  if (jit->mode == JIT_ALWAYS) ask(&code, 1, pc, guest->options.deadline ? guest->options.deadline : INT64_MAX);
  if (pc == 0) return code->entry;
  EntryAt *found = code->tier ? entry_find(code->tier, pc) : NULL;
  return found ? found->entry : NULL;
}

TierEntry tier_resume(Jit *jit, const Guest *guest, Code *code, uint32_t pc) {
  TierCode *of = tier_code(code);
  if (pc == 0 || jit->mode == JIT_ALWAYS || !of) return tier_entry(jit, guest, code, pc);
  EntryAt *at = of->nentries < ENTRIES_MAX ? entry_add(of, pc) : entry_find(of, pc);
  if (at && ++at->resumed % OFTEN == 0) {
    sample(code, pc);
    at = entry_find(of, pc);
  }
  if (at && !at->entry && plugin) plugin->poll();
  return at ? at->entry : NULL;
}

bool tier_is_warm(const Code *code) { return code->tier && (code->tier->heat > 0 || code->tier->is_asked); }

void tier_publish(Code *code, uint32_t pc, TierEntry entry) {
  TierCode *of = tier_code(code);
  if (!of) return;
  code->program->is_compiled = true;
  of->heat = 0;
  /* Its other hot places are reached from this one perhaps; else they get hot again. */
  for (uint32_t i = ncandidates; i-- > 0;) {
    if (candidates[i].code == code) candidate_drop(i);
  }
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
  for (uint32_t i = ncandidates; i-- > 0;) {
    if (candidates[i].code->program == program) candidate_drop(i);
  }
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

void *tier_object(TierContext *ctx, Value *fp, uint32_t sp, const ObjDesc *desc, uint32_t bytes) {
  if (leave_due()) return NULL;
  Guest *guest = ctx->guest;
  guest->task->top = (uint32_t)(fp - guest->task->slots) + sp;
  return heap_object_quick(guest, desc, bytes);
}

Code *tier_receiver(TierContext *ctx, const CodeInsn *insn, void *receiver) {
  const ObjDesc *desc = obj_desc(receiver);
  Trap trap;
  if (leave_due()) return NULL;
  return program_trait_code(ctx->guest->program, insn->t, insn->k, desc, &trap);
}
