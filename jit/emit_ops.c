/* emit_ops.c - the instructions. Interface: emitter.h.
 *
 * Moving values about is done here; pure rows and whatever looks into objects are templates of runtime.c. Where a template refuses, and for what has none, the
 * operands are written to the guest's stack, the machine executes the instruction there, and the results are read back.
 */
#include <string.h>

#include "jit/emitter.h"
#include "vm/heap_cells.h"

static LLVMValueRef bit_of(Emitter *e, LLVMValueRef word) { return LLVMBuildICmp(e->b, LLVMIntNE, word, const_word(e, 0), ""); }

static LLVMValueRef fuel_load(Emitter *e) { return LLVMBuildLoad2(e->b, e->u->word, e->fuel, ""); }

/* The machine executes */

/* How many slots the operands take that a side of a signature names. */
static uint32_t operands_slots(const CodeInsn *insn, const char *sig, char end) {
  uint32_t count = 0;
  for (; *sig && *sig != end; sig++) {
    switch (*sig) {
      case 'v': break;
      case 'T': count += insn->w; break;
      case 'U': count += insn->v; break;
      case '?': sig++; count += insn->op == OP_MAP_GET ? insn->x.u->slots : insn->v; break;
      case '[':
      case '@': sig++; count++; break;
      default: count++; break;
    }
  }
  return count;
}

/* The slot of an instruction's lowest operand. */
uint32_t operands_first(const CodeInsn *insn) {
  switch (insn->op) {
    case OP_CALL_IMPORT:
    case OP_FN_NEW:
    case OP_NEW:
    case OP_ENUM_NEW:
    case OP_LIST_NEW:
    case OP_STRING_CONCAT: return insn->a;
    case OP_GLOBAL_GET: return insn->sp;
    case OP_GLOBAL_SET: return insn->sp - insn->w;
    default: return insn->sp - operands_slots(insn, op_table[insn->op].sig, ':');
  }
}

/* The kinds of what an instruction pushes, which lies from its first operand on. */
static uint32_t results_of(Emitter *e, uint8_t *kinds) {
  const Type *types[PUSHES_MAX];
  uint32_t ntypes = code_pushes(e->code, e->pc, types), count = 0;
  for (uint32_t i = 0; i < ntypes; i++) count += kinds_of(types[i], kinds + count);
  return count;
}

static void results_read(Emitter *e) {
  uint8_t kinds[KINDS_MAX];
  uint32_t first = operands_first(e->insn), count = results_of(e, kinds);
  for (uint32_t i = 0; i < count; i++) memory_load(e, first + i, kinds[i]);
}

static void execute(Emitter *e) {
  uint32_t first = operands_first(e->insn), sp = e->insn->sp;
  for (uint32_t i = first; i < sp; i++) memory_store(e, i);
  LLVMValueRef args[] = {e->ctx, e->fp, const_address(e, e->code), const_address(e, e->insn), fuel_load(e)};
  LLVMValueRef fuel = runtime_call(e, T_machine_execute, args, 5);
  LLVMBasicBlockRef done = block_new(e, ""), out = block_new(e, "out"), refused = block_new(e, "refused"), empty = block_new(e, "empty");
  branch_likely(e, LLVMBuildICmp(e->b, LLVMIntSGE, fuel, const_word(e, 0), ""), done, out);
  block_begin(e, out);
  branch_likely(e, LLVMBuildICmp(e->b, LLVMIntEQ, fuel, const_word(e, (uint64_t)INT64_MIN), ""), refused, empty);
  block_begin(e, refused);
  leave_here(e, e->pc, LEAVE_AGAIN, sp);
  block_begin(e, empty);
  LLVMBuildStore(e->b, fuel, e->fuel);
  leave_here(e, e->pc + 1, LEAVE_RUN, first); /* the results are where they belong */
  block_begin(e, done);
  LLVMBuildStore(e->b, fuel, e->fuel);
  results_read(e);
  may_leave_at(e, e->pc + 1, LEAVE_RUN);
}

/* A template, whose operands begin at `first`, that may refuse; then the machine executes. */
static void template_or_execute(Emitter *e, Template template, LLVMValueRef *args, unsigned nargs) {
  LLVMBasicBlockRef slow = block_new(e, "slow"), next = block_new(e, "");
  may_leave(e);
  branch_likely(e, runtime_call(e, template, args, nargs), next, slow);
  block_begin(e, slow);
  execute(e);
  LLVMBuildBr(e->b, next);
  block_begin(e, next);
}

static void template_or_step(Emitter *e, Template template, LLVMValueRef *args, unsigned nargs) {
  may_leave(e);
  require(e, runtime_call(e, template, args, nargs));
}

/* Whether the look at the beginning of a counted loop has made the instruction's check superfluous. */
static bool is_proven(const Emitter *e) { return e->main && e->main->is_proven[e->pc - e->main->header]; }

/* Pure rows */

static void pure(Emitter *e) {
  static const Template templates[OP_MAX] = {
#define OP(code, id, name, imms, sig, flags, doc)
#define OP_PURE(code, id, name, sig, flags, sem, doc) [code] = T_op_##id,
#include "vm/op.def"
  };
  const CodeInsn *insn = e->insn;
  uint32_t first = operands_first(insn);
  if (insn->op == OP_FLOAT_BITS) {
    slot_store(e, first, KIND_WORD, slot_word(e, first));
    return;
  }
  unsigned op = !is_proven(e) ? insn->op : insn->op == OP_INT_SUB ? OP_INT_WSUB : OP_INT_WADD;
  if (op_table[op].flags & OP_TRAPS) may_leave(e);
  LLVMValueRef operands = e->slots[first], done = runtime_call(e, templates[op], &operands, 1);
  if (op_table[op].flags & OP_TRAPS) require(e, done);
  e->kinds[first] = strchr(op_table[insn->op].sig, ':')[1] == 'f' ? KIND_DOUBLE : KIND_WORD;
}

/* Control */

static void br(Emitter *e) { go(e, e->insn->a, e->insn->cost); }

static void br_bool(Emitter *e, bool sense) {
  const CodeInsn *insn = e->insn;
  LLVMValueRef condition = bit_of(e, slot_load(e, insn->sp - 1));
  LLVMBasicBlockRef taken = arrival(e, insn->a, insn->cost), next = block_new(e, "");
  LLVMBuildCondBr(e->b, condition, sense ? taken : next, sense ? next : taken);
  block_begin(e, next);
}

static uint64_t nil_of(const Type *opt) {
  switch (type_opt_form(opt)) {
    case OPT_REF: return REF_NIL(type_opt_depth(opt));
    case OPT_SCALAR: return (uint64_t)SCALAR_NIL(type_opt_depth(opt));
    case OPT_FLOAT: return FLOAT_NIL(type_opt_depth(opt));
    default: return type_opt_depth(opt) == 1 ? 0 : type_opt_depth(opt);
  }
}

static LLVMValueRef is_nil(Emitter *e, const Type *opt, uint32_t slot) {
  return LLVMBuildICmp(e->b, LLVMIntEQ, slot_load(e, slot), const_word(e, nil_of(opt)), "");
}

/* Takes an optional, which is not nil, apart in place: its value is one depth less, or lies behind the tag. */
static void opt_open(Emitter *e, uint32_t first) {
  const Type *opt = e->insn->t;
  if (type_opt_depth(opt) > 1) return;
  OptForm form = type_opt_form(opt);
  if (form == OPT_FLOAT) slot_store(e, first, KIND_DOUBLE, LLVMBuildBitCast(e->b, slot_load(e, first), e->u->real, ""));
  for (uint32_t i = 0; form == OPT_TAG && i + 1 < opt->slots; i++) slot_move(e, first + i, first + i + 1);
}

static void br_nil(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t first = insn->sp - insn->v;
  LLVMValueRef nil = is_nil(e, insn->t, first);
  LLVMBasicBlockRef taken = arrival(e, insn->a, insn->cost), next = block_new(e, "");
  LLVMBuildCondBr(e->b, nil, taken, next);
  block_begin(e, next);
  opt_open(e, first);
}

/* Leaves the error where the result was. */
static void br_err(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t first = insn->sp - insn->v;
  uint8_t kind = e->kinds[first];
  LLVMBasicBlockRef taken = block_new(e, "error"), next = block_new(e, "");
  branch_likely(e, LLVMBuildNot(e->b, bit_of(e, slot_load(e, insn->sp - 1)), ""), next, taken);
  block_begin(e, taken);
  slot_move(e, first, insn->sp - 1);
  go(e, insn->a, insn->cost);
  e->kinds[first] = kind;
  block_begin(e, next);
}

/* The words of an object, from `word` on, into slots. */
static void words_read(Emitter *e, LLVMValueRef object, uint32_t word, uint32_t slot, const uint8_t *kinds, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    LLVMValueRef args[] = {object, const_half(e, word + i)};
    slot_store(e, slot + i, kinds[i], runtime_call(e, kinds[i] == KIND_DOUBLE ? T_float_get : T_word_get, args, 2));
  }
}

static void words_write(Emitter *e, LLVMValueRef object, uint32_t word, uint32_t slot, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    bool is_double = e->kinds[slot + i] == KIND_DOUBLE;
    LLVMValueRef value = slot_word(e, slot + i);
    if (is_double) value = LLVMBuildBitCast(e->b, value, e->u->real, "");
    LLVMValueRef args[] = {object, const_half(e, word + i), value};
    runtime_call(e, is_double ? T_float_set : T_word_set, args, 3);
  }
}

static LLVMValueRef long_read(Emitter *e, LLVMValueRef object, uint32_t word) {
  LLVMValueRef args[] = {object, const_half(e, word)};
  return runtime_call(e, T_long_get, args, 2);
}

static void br_uncase(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint8_t kinds[KINDS_MAX];
  uint32_t at = insn->sp - 1;
  LLVMValueRef object = slot_ref(e, at);
  LLVMValueRef is_case = LLVMBuildICmp(e->b, LLVMIntEQ, long_read(e, object, 0), const_word(e, insn->k), "");
  LLVMBasicBlockRef other = arrival(e, insn->a, insn->cost), next = block_new(e, "");
  LLVMBuildCondBr(e->b, is_case, next, other);
  block_begin(e, next);
  words_read(e, object, 1, at, kinds, results_of(e, kinds));
}

static void br_unis(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t at = insn->sp - 1;
  uint8_t kinds[KINDS_MAX];
  LLVMValueRef object = slot_ref(e, at);
  LLVMValueRef args[] = {object, const_address(e, insn->x.u)};
  LLVMValueRef is_type = runtime_call(e, T_object_is, args, 2);
  LLVMBasicBlockRef other = arrival(e, insn->a, insn->cost), next = block_new(e, "");
  LLVMBuildCondBr(e->b, is_type, next, other);
  block_begin(e, next);
  if (type_is_boxed(insn->x.u)) words_read(e, object, 0, at, kinds, kinds_of(insn->x.u, kinds));
}

static void switch_on(Emitter *e) {
  const CodeInsn *insn = e->insn;
  LLVMValueRef value = slot_load(e, insn->sp - 1);
  LLVMBasicBlockRef next = block_new(e, "");
  LLVMValueRef branch = LLVMBuildSwitch(e->b, value, next, insn->k);
  for (uint32_t i = 0; i < insn->k; i++) LLVMAddCase(branch, const_word(e, i), arrival(e, insn->x.targets[i], insn->x.targets[insn->k + i]));
  block_begin(e, next);
}

static void step(Emitter *e) { LLVMBuildBr(e->b, leave_step(e)); }

/* The machine goes on with the instruction, which is not the last: what follows is reached by entries only. */
static void step_over(Emitter *e) {
  uint32_t first = operands_first(e->insn);
  step(e);
  block_begin(e, block_new(e, "behind"));
  results_of(e, e->kinds + first);
}

/* Calls */

/* Goes on when a callee has returned, with its balance; the frame is left when the callee has left. */
static void callee_returned(Emitter *e, LLVMValueRef fuel) {
  LLVMBasicBlockRef left = block_new(e, "left"), returned = block_new(e, "");
  branch_likely(e, LLVMBuildICmp(e->b, LLVMIntSGE, fuel, const_word(e, 0), ""), returned, left);
  block_begin(e, left);
  leave_here(e, e->pc + 1, LEAVE_AGAIN, e->insn->a);
  block_begin(e, returned);
  LLVMBuildStore(e->b, fuel, e->fuel);
}

/* Room for a member's frame; while the operands are as the instruction has them. */
static void require_room(Emitter *e, const Member *member) {
  LLVMValueRef end = frame_at(e, e->insn->a + member->code->frame_slots);
  may_leave(e);
  require(e, LLVMBuildICmp(e->b, LLVMIntULE, end, context_load(e, 1), ""));
}

/* A member of the unit. */
static void call_member(Emitter *e, const Member *member) {
  uint32_t at = e->insn->a, nargs = member->code->nargs_slots;
  LLVMValueRef args[3 + 255 + TYPE_SLOTS_MAX];
  args[0] = e->ctx;
  args[1] = frame_at(e, at);
  args[2] = fuel_load(e);
  for (uint32_t i = 0; i < nargs; i++) args[3 + i] = slot_load(e, at + i);
  LLVMValueRef callee = member->inner && e->function == member->body ? member->inner : member->body;
  LLVMValueRef result = LLVMBuildCall2(e->b, member->type, callee, args, 3 + nargs, "");
  LLVMSetInstructionCallConv(result, LLVMGetFunctionCallConv(member->body));
  uint32_t in_registers = member->nresults > RESULTS_MAX ? 0 : member->nresults;
  callee_returned(e, LLVMBuildExtractValue(e->b, result, in_registers, ""));
  for (uint32_t i = 0; i < in_registers; i++) slot_store(e, at + i, member->results[i], LLVMBuildExtractValue(e->b, result, i, ""));
  for (uint32_t i = in_registers; i < member->nresults; i++) memory_load(e, at + i, member->results[i]);
  may_leave_at(e, e->pc + 1, LEAVE_RUN);
}

/* An entry: arguments are in the guest's stack. */
static void call_entry(Emitter *e, LLVMValueRef entry, const uint8_t *results, uint32_t nresults) {
  uint32_t at = e->insn->a;
  LLVMTypeRef params[] = {e->u->pointer, e->u->pointer, e->u->word};
  LLVMTypeRef type = LLVMFunctionType(e->u->result, params, 3, false);
  LLVMValueRef args[] = {e->ctx, frame_at(e, at), fuel_load(e)};
  LLVMValueRef result = LLVMBuildCall2(e->b, type, entry, args, 3, "");
  callee_returned(e, LLVMBuildExtractValue(e->b, result, 1, ""));
  if (nresults == 1) {
    LLVMValueRef value = LLVMBuildExtractValue(e->b, result, 0, "");
    if (results[0] == KIND_DOUBLE) value = LLVMBuildBitCast(e->b, value, e->u->real, "");
    slot_store(e, at, results[0], value);
  }
  for (uint32_t i = 0; i < nresults && nresults > 1; i++) memory_load(e, at + i, results[i]);
  may_leave_at(e, e->pc + 1, LEAVE_RUN);
}

static void require_entry(Emitter *e, LLVMValueRef entry) {
  may_leave(e);
  require(e, LLVMBuildICmp(e->b, LLVMIntNE, entry, LLVMConstNull(e->u->pointer), ""));
}

static void args_write(Emitter *e, uint32_t to, uint32_t from, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) LLVMBuildStore(e->b, slot_word(e, from + i), frame_at(e, to + i));
}

static void call(Emitter *e) {
  const CodeInsn *insn = e->insn;
  Code *callee = insn->x.callee;
  const Member *member = callee ? unit_member(e->u, callee) : NULL;
  if (member) {
    require_room(e, member);
    call_member(e, member);
    return;
  }
  uint8_t results[KINDS_MAX];
  uint32_t nresults = results_of(e, results);
  args_write(e, insn->a, insn->a, insn->v);
  LLVMValueRef args[] = {e->ctx, const_address(e, insn), frame_at(e, insn->a)};
  LLVMValueRef entry = runtime_call(e, T_callee_enter, args, 3);
  require_entry(e, entry);
  call_entry(e, entry, results, nresults);
}

static void call_fn(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint8_t results[KINDS_MAX];
  uint32_t nresults = results_of(e, results);
  args_write(e, insn->a, insn->a + 1, insn->v);
  LLVMValueRef args[] = {e->ctx, slot_ref(e, insn->a), frame_at(e, insn->a), const_half(e, insn->v)};
  LLVMValueRef entry = runtime_call(e, T_closure_enter, args, 4);
  require_entry(e, entry);
  call_entry(e, entry, results, nresults);
}

/* Puts what a box holds in the place of the receiver. */
static void unbox(Emitter *e, LLVMValueRef box, const ObjDesc *desc) {
  uint32_t at = e->insn->a, nargs = e->insn->v;
  uint8_t kinds[KINDS_MAX];
  for (uint32_t i = nargs; i > 1 && desc->nslots > 1; i--) slot_move(e, at + i - 2 + desc->nslots, at + i - 1);
  for (uint32_t i = 1; i < nargs && desc->nslots == 0; i++) slot_move(e, at + i - 1, at + i);
  words_read(e, box, 0, at, kinds, kinds_of(desc->type, kinds));
}

/* The receivers met so far are compared with, and their methods called directly. */
static void call_trait(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint8_t results[KINDS_MAX];
  uint32_t nresults = results_of(e, results), at = insn->a, descs[TRAIT_CACHE];
  Code *callees[TRAIT_CACHE];
  uint32_t count = threaded_receivers(e->code->threaded, e->pc, descs, callees);
  LLVMValueRef receiver = slot_ref(e, at);
  LLVMBasicBlockRef joined = block_new(e, "called");
  LLVMValueRef number = count ? runtime_call(e, T_desc_number, &receiver, 1) : NULL;
  uint8_t kinds[KINDS_MAX];
  memcpy(kinds, e->kinds + at, insn->sp - at);
  for (uint32_t i = 0; i < count; i++) {
    const Member *member = unit_member(e->u, callees[i]);
    const ObjDesc *desc = machine_desc(descs[i]);
    if (!member) continue;
    LLVMBasicBlockRef direct = block_new(e, "known"), next = block_new(e, "");
    LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntEQ, number, const_half(e, descs[i]), ""), direct, next);
    block_begin(e, direct);
    require_room(e, member);
    if (desc->kind == OBJ_BOX) unbox(e, receiver, desc);
    call_member(e, member);
    LLVMBuildBr(e->b, joined);
    memcpy(e->kinds + at, kinds, insn->sp - at);
    block_begin(e, next);
  }
  args_write(e, at, at, insn->v);
  LLVMValueRef args[] = {e->ctx, const_address(e, insn), receiver, frame_at(e, at)};
  LLVMValueRef entry = runtime_call(e, T_receiver_enter, args, 4);
  require_entry(e, entry);
  call_entry(e, entry, results, nresults);
  LLVMBuildBr(e->b, joined);
  block_begin(e, joined);
}

/* Constants, locals, globals, the stack */

static void global_get(Emitter *e) {
  const CodeInsn *insn = e->insn;
  LLVMValueRef args[] = {e->ctx, const_half(e, insn->b)};
  may_leave(e);
  require(e, runtime_call(e, T_global_is_set, args, 2));
  uint8_t kinds[KINDS_MAX];
  uint32_t count = results_of(e, kinds);
  for (uint32_t i = 0; i < count; i++) {
    LLVMValueRef at[] = {e->ctx, const_half(e, insn->a + i)};
    LLVMValueRef place = runtime_call(e, T_global_at, at, 2);
    slot_store(e, insn->sp + i, kinds[i], LLVMBuildLoad2(e->b, kinds[i] == KIND_DOUBLE ? e->u->real : e->u->word, place, ""));
  }
}

static void global_set(Emitter *e) {
  const CodeInsn *insn = e->insn;
  for (uint32_t i = 0; i < insn->w; i++) {
    LLVMValueRef at[] = {e->ctx, const_half(e, insn->a + i)};
    LLVMBuildStore(e->b, slot_word(e, insn->sp - insn->w + i), runtime_call(e, T_global_at, at, 2));
  }
  LLVMValueRef args[] = {e->ctx, const_half(e, insn->b)};
  runtime_call(e, T_global_mark, args, 2);
}

static void local_set(Emitter *e) {
  const CodeInsn *insn = e->insn;
  for (uint32_t i = 0; i < insn->w; i++) {
    if (e->kinds[insn->a + i] != e->kinds[insn->sp - insn->w + i]) e->failed = true;
    slot_move(e, insn->a + i, insn->sp - insn->w + i);
    e->is_init[insn->a + i] = true;
  }
  locals_changed(e);
}

/* Objects */

/* A new object of `words` behind its header, the first `written` of which will be written; the others are zero. */
static LLVMValueRef object_make(Emitter *e, const ObjDesc *desc, uint32_t words, uint32_t written) {
  uint32_t bytes = (uint32_t)(sizeof(Obj) + words * sizeof(Value)), class = cell_class(bytes);
  LLVMValueRef args[] = {e->ctx, e->fp, const_half(e, e->insn->sp), const_address(e, desc), const_half(e, bytes),
                         const_half(e, cell_list(desc->heap_kind, class)), const_half(e, class * GRANULE),
                         const_word(e, (uint64_t)desc->number << OBJ_DESC_SHIFT)};
  bool is_cell = bytes <= CELL_MAX;
  LLVMValueRef object = runtime_call(e, is_cell ? T_object_take : T_object_make, args, is_cell ? 8 : 5);
  require(e, LLVMBuildICmp(e->b, LLVMIntNE, object, LLVMConstNull(e->u->pointer), ""));
  for (uint32_t i = written; i < words && is_cell && desc->heap_kind == CELL_LEAF; i++) {
    LLVMValueRef zero[] = {object, const_half(e, i), const_word(e, 0)};
    runtime_call(e, T_word_set, zero, 3);
  }
  return object;
}

static void object_store(Emitter *e, uint32_t slot, LLVMValueRef object) {
  slot_store(e, slot, KIND_WORD, LLVMBuildPtrToInt(e->b, object, e->u->word, ""));
}

static void object_new(Emitter *e, uint32_t first, uint32_t count) {
  const ObjDesc *desc = e->insn->x.p;
  LLVMValueRef object = object_make(e, desc, desc->nslots, count);
  words_write(e, object, 0, first, count);
  object_store(e, first, object);
}

/* An object that begins with a word of the machine's, and goes on with slots. */
static void object_new_behind(Emitter *e, const ObjDesc *desc, uint32_t words, uint64_t word) {
  const CodeInsn *insn = e->insn;
  LLVMValueRef object = object_make(e, desc, words, 1 + insn->v);
  LLVMValueRef args[] = {object, const_half(e, 0), const_word(e, word)};
  runtime_call(e, T_long_set, args, 3);
  words_write(e, object, 1, insn->a, insn->v);
  object_store(e, insn->a, object);
}

static void enum_new(Emitter *e) {
  const CodeInsn *insn = e->insn;
  const ObjDesc *desc = insn->x.p;
  if (insn->v == 0) slot_store(e, insn->a, KIND_WORD, const_word(e, (uintptr_t)desc->empty_cases[insn->k]));
  else object_new_behind(e, desc, desc->nslots, insn->k);
}

static void fn_new(Emitter *e) {
  const ObjDesc *desc = e->insn->x.p;
  if (desc) object_new_behind(e, desc, 1u + desc->nslots, (uintptr_t)desc->code);
  else execute(e);
}

static void field_get(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint8_t kinds[KINDS_MAX];
  words_read(e, slot_ref(e, insn->sp - 1), insn->a, insn->sp - 1, kinds, results_of(e, kinds));
}

/* Tuples, optionals, results */

static void opt_some(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t first = insn->sp - insn->w;
  OptForm form = type_opt_form(insn->t);
  if (type_opt_depth(insn->t) > 1) return;
  if (form == OPT_FLOAT) slot_store(e, first, KIND_WORD, slot_word(e, first));
  if (form != OPT_TAG) return;
  for (uint32_t i = insn->w; i > 0; i--) slot_move(e, first + i, first + i - 1);
  slot_store(e, first, KIND_WORD, const_word(e, 1));
}

static void opt_nil(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint8_t kinds[KINDS_MAX];
  uint32_t count = kinds_of(insn->t, kinds);
  slot_store(e, insn->sp, KIND_WORD, const_word(e, nil_of(insn->t)));
  for (uint32_t i = 1; i < count; i++) {
    slot_store(e, insn->sp + i, kinds[i], kinds[i] == KIND_DOUBLE ? LLVMConstReal(e->u->real, 0) : const_word(e, 0));
  }
}

static void res_err(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t first = insn->sp - 1;
  uint8_t kinds[KINDS_MAX];
  kinds_of(insn->t, kinds);
  slot_move(e, first + insn->w, first);
  for (uint32_t i = 0; i < insn->w; i++) {
    slot_store(e, first + i, kinds[i], kinds[i] == KIND_DOUBLE ? LLVMConstReal(e->u->real, 0) : const_word(e, 0));
  }
}

static void emit_value(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t sp = insn->sp;
  switch (insn->op) {
    case OP_TUPLE_NEW: break;
    case OP_TUPLE_GET:
      for (uint32_t i = 0; i < insn->w; i++) slot_move(e, sp - insn->v + i, sp - insn->v + insn->a + i);
      break;
    case OP_OPT_SOME: opt_some(e); break;
    case OP_OPT_NIL: opt_nil(e); break;
    case OP_OPT_IS:
      slot_store(e, sp - insn->v, KIND_WORD, LLVMBuildZExt(e->b, LLVMBuildNot(e->b, is_nil(e, insn->t, sp - insn->v), ""), e->u->word, ""));
      break;
    case OP_OPT_GET:
      may_leave(e);
      require_not(e, is_nil(e, insn->t, sp - insn->v));
      opt_open(e, sp - insn->v);
      break;
    case OP_RES_OK: slot_store(e, sp, KIND_WORD, const_word(e, 0)); break;
    case OP_RES_ERR: res_err(e); break;
    case OP_NEW: object_new(e, insn->a, sp - insn->a); break;
    case OP_FIELD_GET: field_get(e); break;
    case OP_FIELD_SET: words_write(e, slot_ref(e, sp - 1 - insn->w), insn->a, sp - insn->w, insn->w); break;
    case OP_REF_EQ:
      slot_store(e, sp - 2, KIND_WORD,
                 LLVMBuildZExt(e->b, LLVMBuildICmp(e->b, LLVMIntEQ, slot_load(e, sp - 2), slot_load(e, sp - 1), ""), e->u->word, ""));
      break;
    case OP_ENUM_NEW: enum_new(e); break;
    case OP_ENUM_TAG: slot_store(e, sp - 1, KIND_WORD, long_read(e, slot_ref(e, sp - 1), 0)); break;
    case OP_TRAIT_NEW:
      if (insn->x.p) object_new(e, sp - insn->w, insn->w);
      break;
    default: fn_new(e); break;
  }
}

static void emit_stack(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t sp = insn->sp, w = insn->w;
  uint8_t kinds[KINDS_MAX];
  switch (insn->op) {
    case OP_INT_CONST:
    case OP_BOOL_CONST:
    case OP_CHAR_CONST: slot_store(e, sp, KIND_WORD, const_word(e, (uint64_t)insn->x.i)); break;
    case OP_FLOAT_CONST: slot_store(e, sp, KIND_DOUBLE, LLVMConstBitCast(const_word(e, (uint64_t)insn->x.i), e->u->real)); break;
    case OP_STRING_CONST: slot_store(e, sp, KIND_WORD, const_word(e, (uintptr_t)insn->x.p)); break;
    case OP_LOCAL_GET:
      for (uint32_t i = 0; i < w; i++) slot_move(e, sp + i, insn->a + i);
      break;
    case OP_LOCAL_SET: local_set(e); break;
    case OP_GLOBAL_GET: global_get(e); break;
    case OP_GLOBAL_SET: global_set(e); break;
    case OP_DUP:
      for (uint32_t i = 0; i < w; i++) slot_move(e, sp + i, sp - w + i);
      break;
    case OP_CELL_NEW: object_new(e, sp - w, w); break;
    case OP_CELL_GET: words_read(e, slot_ref(e, sp - 1), 0, sp - 1, kinds, kinds_of(insn->t, kinds)); break;
    case OP_CELL_SET: words_write(e, slot_ref(e, sp - 1 - w), 0, sp - w, w); break;
    default: break; /* VOID_CONST, POP */
  }
}

/* Lists, bytes, strings, maps */

static Template element_template(const Type *element, const Template templates[4]) {
  return templates[element->kind == TYPE_BOOL ? 0 : element->kind == TYPE_CHAR ? 1 : element->kind == TYPE_FLOAT ? 3 : 2];
}
#define ELEMENT_TEMPLATES(prefix) ((const Template[4]){T_##prefix##_bool, T_##prefix##_char, T_##prefix##_word, T_##prefix##_float})

static void emit_list(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t first = operands_first(insn);
  LLVMValueRef operands = e->slots[first];
  bool is_float = insn->t->kind == TYPE_FLOAT;
  if (insn->op == OP_LIST_LEN) {
    slot_store(e, first, KIND_WORD, long_read(e, slot_ref(e, first), 0));
  } else if (insn->op == OP_LIST_NEW && insn->k == 0 && insn->w > 0) {
    object_store(e, first, object_make(e, insn->x.p, sizeof(List) / sizeof(Value) - 1, 0));
  } else if (insn->w != 1) {
    execute(e);
  } else if (insn->op == OP_LIST_GET) {
    if (is_proven(e)) runtime_call(e, element_template(insn->t, ELEMENT_TEMPLATES(list_read)), &operands, 1);
    else template_or_step(e, element_template(insn->t, ELEMENT_TEMPLATES(list_get)), &operands, 1);
    e->kinds[first] = is_float ? KIND_DOUBLE : KIND_WORD;
  } else if (insn->op == OP_LIST_SET || insn->op == OP_LIST_PUSH) {
    uint32_t value = insn->sp - 1;
    if (is_float) slot_store(e, value, KIND_DOUBLE, LLVMBuildBitCast(e->b, slot_word(e, value), e->u->real, ""));
    if (insn->op == OP_LIST_SET && is_proven(e)) runtime_call(e, element_template(insn->t, ELEMENT_TEMPLATES(list_write)), &operands, 1);
    else if (insn->op == OP_LIST_SET) template_or_step(e, element_template(insn->t, ELEMENT_TEMPLATES(list_set)), &operands, 1);
    else template_or_execute(e, element_template(insn->t, ELEMENT_TEMPLATES(list_push)), &operands, 1);
  } else {
    execute(e);
  }
}

static void emit_text(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t first = operands_first(insn);
  LLVMValueRef operands = e->slots[first];
  switch (insn->op) {
    case OP_STRING_LEN: {
      LLVMValueRef string = slot_ref(e, first);
      slot_store(e, first, KIND_WORD, runtime_call(e, T_string_length, &string, 1));
      break;
    }
    case OP_STRING_EQ: {
      LLVMValueRef args[] = {operands, e->fuel};
      template_or_execute(e, T_string_same, args, 2);
      break;
    }
    case OP_STRING_CHAR: template_or_execute(e, T_string_ascii, &operands, 1); break;
    case OP_BYTES_LEN: slot_store(e, first, KIND_WORD, long_read(e, slot_ref(e, first), 0)); break;
    case OP_BYTES_GET: template_or_step(e, T_bytes_get, &operands, 1); break;
    case OP_BYTES_SET: template_or_step(e, T_bytes_set, &operands, 1); break;
    default: execute(e); break;
  }
}

static bool is_word_map(const CodeInsn *insn) {
  unsigned key = insn->t->kind;
  return (key == TYPE_INT || key == TYPE_BOOL || key == TYPE_CHAR) && insn->v == 1;
}

static bool is_string_map(const CodeInsn *insn) { return insn->t->kind == TYPE_STRING && insn->v == 1; }

static void map_get_by_string(Emitter *e, uint32_t first) {
  const Type *opt = e->insn->x.u;
  LLVMValueRef args[] = {e->ctx, e->slots[first], e->fuel, const_word(e, nil_of(opt))};
  bool is_tagged = opt->slots == 2;
  LLVMBasicBlockRef slow = block_new(e, "slow"), next = block_new(e, "");
  branch_likely(e, runtime_call(e, is_tagged ? T_map_get_string_tagged : T_map_get_string, args, is_tagged ? 3 : 4), next, slow);
  block_begin(e, slow);
  execute(e);
  for (uint32_t i = 0; i < opt->slots; i++) slot_store(e, first + i, KIND_WORD, slot_word(e, first + i));
  LLVMBuildBr(e->b, next);
  block_begin(e, next);
}

static void map_get(Emitter *e, uint32_t first) {
  const CodeInsn *insn = e->insn;
  const Type *opt = insn->x.u;
  LLVMValueRef args[] = {e->slots[first], const_half(e, 3), const_word(e, nil_of(opt))};
  if (is_string_map(insn) && opt->slots <= 2) {
    map_get_by_string(e, first);
  } else if (!is_word_map(insn) || opt->slots > 2) {
    execute(e);
  } else if (opt->slots == 1) {
    runtime_call(e, T_map_get_word, args, 3);
    e->kinds[first] = KIND_WORD;
  } else {
    runtime_call(e, T_map_get_word_tagged, args, 2);
    e->kinds[first] = e->kinds[first + 1] = KIND_WORD;
  }
}

/* A key or value at a position, `offset` slots behind an entry's control word. */
static void map_part(Emitter *e, uint32_t first, uint32_t stride, uint32_t offset, const Type *type) {
  uint8_t kinds[KINDS_MAX];
  LLVMValueRef args[] = {e->slots[first], const_half(e, stride)};
  may_leave(e);
  LLVMValueRef entry = runtime_call(e, T_map_at, args, 2);
  require(e, LLVMBuildICmp(e->b, LLVMIntNE, entry, LLVMConstNull(e->u->pointer), ""));
  words_read(e, entry, offset, first, kinds, kinds_of(type, kinds));
}

static void emit_map(Emitter *e) {
  const CodeInsn *insn = e->insn;
  uint32_t first = operands_first(insn), stride = 1u + insn->w + insn->v;
  LLVMValueRef operands[] = {e->slots[first], const_half(e, stride)};
  switch (insn->op) {
    case OP_MAP_NEW: object_store(e, first, object_make(e, insn->x.p, sizeof(Map) / sizeof(Value) - 1, 0)); break;
    case OP_MAP_LEN: slot_store(e, first, KIND_WORD, long_read(e, slot_ref(e, first), 0)); break;
    case OP_MAP_VERSION: {
      LLVMValueRef map = slot_ref(e, first);
      slot_store(e, first, KIND_WORD, runtime_call(e, T_map_version, &map, 1));
      break;
    }
    case OP_MAP_PLAIN: slot_store(e, first, KIND_WORD, const_word(e, type_is_plain_key(insn->t))); break;
    case OP_MAP_GET: map_get(e, first); break;
    case OP_MAP_SET:
      if (is_word_map(insn)) {
        slot_store(e, first + 2, KIND_WORD, slot_word(e, first + 2));
        template_or_execute(e, T_map_set_word, operands, 2);
      } else if (is_string_map(insn)) {
        LLVMValueRef args[] = {e->ctx, e->slots[first], e->fuel};
        slot_store(e, first + 2, KIND_WORD, slot_word(e, first + 2));
        template_or_execute(e, T_map_set_string, args, 3);
      } else {
        execute(e);
      }
      break;
    case OP_MAP_CHECK: template_or_step(e, T_map_same_version, operands, 1); break;
    case OP_MAP_KEY: map_part(e, first, stride, 0, insn->t); break;
    case OP_MAP_VALUE: map_part(e, first, stride, insn->w, insn->x.u); break;
    default: execute(e); break;
  }
}

static void emit_task(Emitter *e) {
  switch (e->insn->op) {
    case OP_TASK_SELF: slot_store(e, e->insn->sp, KIND_WORD, LLVMBuildPtrToInt(e->b, runtime_call(e, T_task_self, &e->ctx, 1), e->u->word, "")); break;
    case OP_TASK_WAIT:
    case OP_TASK_SWITCH: step_over(e); break;
    default: execute(e); break;
  }
}

static void emit_control(Emitter *e) {
  const CodeInsn *insn = e->insn;
  switch (insn->op) {
    case OP_BR: br(e); break;
    case OP_BR_IF: br_bool(e, true); break;
    case OP_BR_IFNOT: br_bool(e, false); break;
    case OP_BR_NIL: br_nil(e); break;
    case OP_BR_ERR: br_err(e); break;
    case OP_BR_UNCASE: br_uncase(e); break;
    case OP_BR_UNIS: br_unis(e); break;
    case OP_SWITCH: switch_on(e); break;
    case OP_RET: emit_return(e, insn->sp - insn->w, insn->w); break;
    case OP_CALL: call(e); break;
    case OP_CALL_FN: call_fn(e); break;
    case OP_CALL_TRAIT: call_trait(e); break;
    case OP_CALL_IMPORT: execute(e); break;
    default: step(e); break; /* PANIC, FAIL */
  }
}

void emit_insn(Emitter *e) {
  unsigned op = e->insn->op;
  if (op_table[op].flags & OP_PURE_ROW) pure(e);
  else if (op <= OP_CALL_IMPORT) emit_control(e);
  else if (op <= OP_CELL_SET) emit_stack(e);
  else if (op <= OP_TRAIT_NEW) emit_value(e);
  else if (op <= OP_LIST_CLEAR) emit_list(e);
  else if (op <= OP_BYTES_PUSH) emit_text(e);
  else if (op <= OP_MAP_SET) emit_map(e);
  else emit_task(e);
}
