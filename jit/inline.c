/* inline.c - which members of a unit are inlined wherever they are called. Interface: jit.h.
 *
 * Small functions are, and what calls itself is once into itself; but functions that call small ones which call small ones grow with each step, and can double
 * with it. So what a member has grown to is counted, callees first, and a member that has grown too large is inlined no more; nor is one that calls itself through
 * others. A unit that has grown too large has no member that must be inlined: LLVM decides. */
#include "jit/jit.h"
#include "jit/machine.h"
#include "vm/execute.h"

enum {
  INLINED_MAX = 200, /* instructions of a member that is inlined wherever it is called, with those inlined into it */
  INNER_MAX = 600,   /* of one that is inlined into itself */
  GROWTH_MAX = 2000, /* of all members together, beyond their own */
};

typedef enum Look { NOT_SEEN, UNDER_WAY, SEEN } Look;

typedef struct Growth {
  Unit *unit;
  uint8_t looks[UNIT_MEMBERS];
  uint32_t ninsns[UNIT_MEMBERS]; /* with those inlined */
} Growth;

static void inline_not(Unit *unit, Member *member) {
  unsigned kind = LLVMGetEnumAttributeKindForName("alwaysinline", 12);
  if (member->is_small) LLVMRemoveEnumAttributeAtIndex(member->body, LLVMAttributeFunctionIndex, kind);
  member->is_small = false;
}

static void inner_drop(Member *member) {
  if (member->inner) LLVMDeleteFunction(member->inner);
  member->inner = NULL;
}

static void member_look(Growth *growth, Member *member);

/* What a call of a member adds to its caller. */
static uint32_t call_growth(Growth *growth, Code *code) {
  Member *callee = unit_member(growth->unit, code);
  if (!callee || !callee->is_small) return 0;
  uint32_t index = (uint32_t)(callee - growth->unit->members);
  if (growth->looks[index] == UNDER_WAY) inline_not(growth->unit, callee);
  if (growth->looks[index] == NOT_SEEN) member_look(growth, callee);
  return callee->is_small ? growth->ninsns[index] : 0;
}

/* As deep as there are members. */
static void member_look(Growth *growth, Member *member) {
  uint32_t index = (uint32_t)(member - growth->unit->members), ninsns = member->code->ninsns, own_calls = 0;
  growth->looks[index] = UNDER_WAY;
  for (uint32_t pc = 0; pc < member->code->ninsns; pc++) {
    const CodeInsn *insn = &member->code->insns[pc];
    Code *callees[TRAIT_CACHE];
    uint32_t descs[TRAIT_CACHE], count = 0;
    if (insn->op == OP_CALL && insn->x.callee) callees[count++] = insn->x.callee;
    if (insn->op == OP_CALL_TRAIT) count = threaded_receivers(member->code->threaded, pc, descs, callees);
    for (uint32_t i = 0; i < count; i++) {
      ninsns += call_growth(growth, callees[i]);
      own_calls += callees[i] == member->code;
    }
  }
  growth->looks[index] = SEEN;
  if (member->inner && ninsns * (1 + own_calls) > INNER_MAX) inner_drop(member);
  if (ninsns > INLINED_MAX) inline_not(growth->unit, member);
  growth->ninsns[index] = member->inner ? ninsns * (1 + own_calls) : ninsns;
}

void unit_inline(Unit *unit) {
  Growth growth = {.unit = unit};
  uint32_t own = 0, grown = 0;
  for (uint32_t i = 0; i < unit->nmembers; i++) {
    if (growth.looks[i] == NOT_SEEN) member_look(&growth, &unit->members[i]);
    own += unit->members[i].code->ninsns;
    grown += growth.ninsns[i];
  }
  for (uint32_t i = 0; i < unit->nmembers && grown - own > GROWTH_MAX; i++) {
    inline_not(unit, &unit->members[i]);
    inner_drop(&unit->members[i]);
  }
}
