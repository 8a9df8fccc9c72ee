/* runtime.c - what instructions do, as compiled code has it: compiled to bitcode, which the plugin carries, and inlined into each compiled function.
 *
 * Names are those of templates.def, which emit.c looks up: op_ID for a pure row of op.def (ID its name there), and the words of objects. `s` is the first operand's place in
 * the frame that is being compiled, and the result's. False: the instruction is not for compiled code (it traps, or takes the slow way), and has changed nothing.
 *
 * NaNs of any bits may be in a compiled frame's floats: emit.c makes them canonical where they leave it.
 *
 * Types of accesses tell LLVM what can't overlap: headers and lengths are `long`, what guests store is a Word, a double, or an element of its own width.
 */
#include <math.h>
#include <string.h>

#include "vm/heap_cells.h"
#include "vm/object.h"
#include "vm/program.h"
#include "vm/tier.h"

#define TEMPLATE __attribute__((always_inline))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

typedef long long Word;

/* Pure rows */

#define float_canonical(x) (x)
#define TRAP_IF(condition, id) \
  if (UNLIKELY(condition)) return false
#define OP(code, id, name, imms, sig, flags, doc)
#define OP_PURE(code, id, name, sig, flags, sem, doc) \
  TEMPLATE bool op_##id(Value *s) { \
    Value A = s[0], B = s[1], R = {.u = 0}; \
    (void)B; \
    sem; \
    s[0] = R; \
    return true; \
  }
#include "vm/op.def"
#undef TRAP_IF

TEMPLATE int64_t canonical(double x) {
  Value value = {.f = x};
  return x == x ? value.i : (int64_t)CANONICAL_NAN;
}

/* Words of objects: fields, what cells and enums hold, behind the header */

TEMPLATE Word word_get(const void *object, uint32_t index) { return ((const Word *)object)[1 + index]; }
TEMPLATE void word_set(void *object, uint32_t index, Word value) { ((Word *)object)[1 + index] = value; }
TEMPLATE double float_get(const void *object, uint32_t index) { return ((const double *)object)[1 + index]; }
TEMPLATE void float_set(void *object, uint32_t index, double value) { ((double *)object)[1 + index] = value; }
TEMPLATE void long_set(void *object, uint32_t index, int64_t value) { ((int64_t *)object)[1 + index] = value; }
TEMPLATE int64_t long_get(const void *object, uint32_t index) { return ((const int64_t *)object)[1 + index]; } /* tags, lengths */
TEMPLATE uint32_t desc_number(const Obj *object) { return (uint32_t)(object->header >> OBJ_DESC_SHIFT); }

/* Lists of elements of one slot, bytes, strings */

#define LIST_TEMPLATES(name, Element, member) \
  TEMPLATE bool list_get_##name(Value *s) { \
    const List *list = s[0].p; \
    uint64_t at = s[1].u; \
    if (UNLIKELY(at >= (uint64_t)list->length)) return false; \
    s[0].member = ((const Element *)list->data)[at]; \
    return true; \
  } \
  TEMPLATE bool list_set_##name(Value *s) { \
    const List *list = s[0].p; \
    uint64_t at = s[1].u; \
    if (UNLIKELY(at >= (uint64_t)list->length)) return false; \
    ((Element *)list->data)[at] = (Element)s[2].member; \
    return true; \
  } \
  TEMPLATE bool list_push_##name(Value *s) { \
    List *list = s[0].p; \
    int64_t length = list->length; \
    if (UNLIKELY(length >= list->capacity)) return false; \
    ((Element *)list->data)[length] = (Element)s[1].member; \
    list->length = length + 1; \
    return true; \
  }
LIST_TEMPLATES(bool, _Bool, i)
LIST_TEMPLATES(char, uint32_t, i)
LIST_TEMPLATES(word, Word, i)
LIST_TEMPLATES(float, double, f)

TEMPLATE bool bytes_get(Value *s) {
  const Bytes *bytes = s[0].p;
  uint64_t at = s[1].u;
  if (UNLIKELY(at >= (uint64_t)bytes->length)) return false;
  s[0].u = bytes->data[at];
  return true;
}
TEMPLATE bool bytes_set(Value *s) {
  const Bytes *bytes = s[0].p;
  uint64_t at = s[1].u;
  if (UNLIKELY(at >= (uint64_t)bytes->length || s[2].u > 255)) return false;
  bytes->data[at] = (uint8_t)s[2].u;
  return true;
}
TEMPLATE int64_t string_length(const void *string) { return ((const String *)string)->length; }
TEMPLATE bool string_ascii(Value *s) {
  const String *string = s[0].p;
  uint64_t at = s[1].u;
  if (UNLIKELY(at >= string->length || (signed char)string->bytes[at] < 0)) return false;
  s[0].i = string->bytes[at];
  return true;
}
TEMPLATE bool string_same(Value *s, int64_t *fuel) {
  const String *a = s[0].p, *b = s[1].p;
  bool is_same = a->length == b->length;
  if (is_same) {
    int64_t units = WORK_FUEL(a->length);
    if (UNLIKELY(units > *fuel)) return false;
    *fuel -= units;
    is_same = string_equal(a, b);
  }
  s[0].i = is_same;
  return true;
}

/* Maps whose keys are words, with values of one slot; `stride` is the slots of an entry */

TEMPLATE bool map_get_word(Value *s, uint32_t stride, int64_t nil) {
  const Value *entry = map_search_word(s[0].p, stride, s[1].u);
  s[0].i = entry ? entry[2].i : nil;
  return true;
}
TEMPLATE bool map_get_word_tagged(Value *s, uint32_t stride) {
  const Value *entry = map_search_word(s[0].p, stride, s[1].u);
  s[0].i = entry != NULL;
  s[1].i = entry ? entry[2].i : 0;
  return true;
}
TEMPLATE bool map_set_word(Value *s, uint32_t stride) {
  Value *entry = map_search_word(s[0].p, stride, s[1].u);
  if (UNLIKELY(!entry)) return false;
  entry[2] = s[2];
  return true;
}
/* The same with strings. What the search costs is paid; false also when that can't be. */
static inline bool string_search(TierContext *ctx, const Value *s, int64_t *fuel, Value **entry) {
  Guest *guest = ctx->guest;
  Value key = s[1];
  guest->fuel = *fuel;
  if (UNLIKELY(map_search(guest, s[0].p, &key, entry) != TRAP_NONE || guest->fuel < 0)) return false;
  *fuel = guest->fuel;
  return true;
}
TEMPLATE bool map_get_string(TierContext *ctx, Value *s, int64_t *fuel, int64_t nil) {
  Value *entry = NULL;
  if (!string_search(ctx, s, fuel, &entry)) return false;
  s[0].i = entry ? entry[2].i : nil;
  return true;
}
TEMPLATE bool map_get_string_tagged(TierContext *ctx, Value *s, int64_t *fuel) {
  Value *entry = NULL;
  if (!string_search(ctx, s, fuel, &entry)) return false;
  s[0].i = entry != NULL;
  s[1].i = entry ? entry[2].i : 0;
  return true;
}
TEMPLATE bool map_set_string(TierContext *ctx, Value *s, int64_t *fuel) {
  Value *entry = NULL;
  int64_t unpaid = *fuel;
  if (!string_search(ctx, s, &unpaid, &entry) || !entry) return false;
  *fuel = unpaid;
  entry[2] = s[2];
  return true;
}
TEMPLATE bool map_same_version(Value *s) { return ((const Map *)s[0].p)->version == s[1].i; }
TEMPLATE int64_t map_version(const void *map) { return ((const Map *)map)->version; }
/* The entry at a position, from its key on; NULL: none is there */
TEMPLATE const void *map_at(const Value *s, uint32_t stride) {
  const Map *map = s[0].p;
  if (UNLIKELY(s[1].u >= (uint64_t)map->used)) return NULL;
  const Value *entry = map->entries + s[1].u * stride;
  return entry->u ? entry : NULL;
}

/* Globals */

TEMPLATE bool global_is_set(TierContext *ctx, uint32_t index) { return ctx->guest->globals_set[index]; }
TEMPLATE void global_mark(TierContext *ctx, uint32_t index) { ctx->guest->globals_set[index] = 1; }
TEMPLATE Value *global_at(TierContext *ctx, uint32_t slot) { return ctx->guest->globals + slot; }
TEMPLATE void *task_self(TierContext *ctx) { return ctx->guest->task; }

/* Counted loops: how often their main loop goes round. Room is how far the counter may go up; negative: it may not even stay. */

TEMPLATE int64_t loop_room(int64_t first, int64_t limit, bool is_less) {
  if (is_less ? first >= limit : first > limit) return -1;
  uint64_t room = (uint64_t)limit - (uint64_t)first - is_less;
  return room > INT64_MAX ? INT64_MAX : (int64_t)room;
}
TEMPLATE int64_t loop_list_room(const List *list, int64_t first, int64_t offset, int64_t room) {
  if (first < -LIST_MAX || first > LIST_MAX || first + offset < 0) return -1;
  int64_t rest = list->length - 1 - offset - first;
  return rest < room ? rest : room;
}
TEMPLATE int64_t loop_rounds(int64_t room, int64_t step, int64_t fuel, int64_t cost) {
  if (room < 0 || step < 1) return 0;
  int64_t rounds = step == 1 ? room : room / step, paid = fuel / cost;
  return rounds < paid ? rounds : paid;
}
#define LIST_UNCHECKED(name, Element, member) \
  TEMPLATE void list_read_##name(Value *s) { s[0].member = ((const Element *)((const List *)s[0].p)->data)[s[1].u]; } \
  TEMPLATE void list_write_##name(Value *s) { ((Element *)((const List *)s[0].p)->data)[s[1].u] = (Element)s[2].member; }
LIST_UNCHECKED(bool, _Bool, i)
LIST_UNCHECKED(char, uint32_t, i)
LIST_UNCHECKED(word, Word, i)
LIST_UNCHECKED(float, double, f)

/* Calls. `at` is the callee's frame, and has the arguments. NULL: it is not compiled, or there is no room. */

static inline TierEntry entry_of(TierContext *ctx, Code *code, const Value *at) {
  TierEntry entry = code->entry;
  if (UNLIKELY(!entry)) {
    tier_missed(code);
    return NULL;
  }
  return UNLIKELY(at + code->frame_slots > ctx->limit) ? NULL : entry;
}

TEMPLATE TierEntry callee_enter(TierContext *ctx, const CodeInsn *insn, const Value *at) {
  Code *code = insn->x.callee;
  return code ? entry_of(ctx, code, at) : NULL;
}

TEMPLATE TierEntry closure_enter(TierContext *ctx, const Closure *closure, Value *at, uint32_t nargs) {
  Code *code = closure->code;
  TierEntry entry = entry_of(ctx, code, at);
  if (entry) {
    for (uint32_t i = nargs; i < code->nargs_slots; i++) at[i] = closure->slots[i - nargs];
  }
  return entry;
}

/* Slots of a receiver in a box take the place of its reference. */
TEMPLATE TierEntry receiver_enter(TierContext *ctx, const CodeInsn *insn, const Instance *receiver, Value *at) {
  Code *code = tier_receiver(ctx, insn, (void *)receiver);
  TierEntry entry = code ? entry_of(ctx, code, at) : NULL;
  const ObjDesc *desc = obj_desc((const Obj *)receiver);
  if (!entry || desc->kind != OBJ_BOX) return entry;
  memmove(at + desc->nslots, at + 1, (insn->v - 1u) * sizeof *at);
  for (uint32_t i = 0; i < desc->nslots; i++) at[i] = receiver->slots[i];
  return entry;
}

/* For tests: it is this place's turn. With `each` 0, never in practice: the count begins at its end. */

TEMPLATE bool leave_due(TierLeaving *leaving) {
  if (--leaving->left > 0) return false;
  leaving->left = leaving->each;
  return true;
}

/* What the machine does */

TEMPLATE void frame_leave(TierContext *ctx, Value *fp, Code *code, uint32_t pc, TierLeave reason, int64_t fuel) {
  tier_leave(ctx, fp, code, pc, reason, fuel);
}
TEMPLATE int64_t machine_execute(TierContext *ctx, Value *fp, Code *code, CodeInsn *insn, int64_t fuel) { return tier_execute(ctx, fp, code, insn, fuel); }
TEMPLATE void *object_make(TierContext *ctx, Value *fp, uint32_t sp, const ObjDesc *desc, uint32_t bytes) { return tier_object(ctx, fp, sp, desc, bytes); }
/* The same from a free list; `number` is the descriptor's, where headers have it. The words behind the header are not zero if it is a list of leaves. */
TEMPLATE void *object_take(TierContext *ctx, Value *fp, uint32_t sp, const ObjDesc *desc, uint32_t bytes, uint32_t list, uint32_t cell_bytes, int64_t number) {
  Obj *object = cell_take(ctx->guest, list, cell_bytes);
  if (UNLIKELY(!object)) return tier_object(ctx, fp, sp, desc, bytes);
  object->header = ctx->guest->header | (uint64_t)number;
  return object;
}
TEMPLATE bool object_is(const Obj *object, const Type *type) { return desc_is_type(obj_desc(object), type); }

/* All that the plugin looks up is here: where it is not, this is not compiled. */
#define TEMPLATE_ROW(name) _Static_assert(sizeof &name, #name);
#include "jit/templates.def"
