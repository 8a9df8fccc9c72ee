/* emit.c - from specialised portable code to LLVM's IR: frames, entries, leaving. Interface: jit.h, emitter.h; the instructions are in emit_ops.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Linker.h>

#include "jit/emitter.h"

enum { MAIN_LABELS = 16 }; /* in a main loop */
enum { SLACK = TYPE_SLOTS_MAX + 4 }; /* slots beyond the frame's: what a receiver's box holds, and what templates may read, and ignore */

/* Kinds and constants */

uint32_t kinds_of(const Type *type, uint8_t *kinds) {
  uint32_t count = 0;
  switch (type->kind) {
    case TYPE_VOID: return 0;
    case TYPE_FLOAT: kinds[0] = KIND_DOUBLE; return 1;
    case TYPE_TUPLE:
      for (uint32_t i = 0; i < type->nargs; i++) count += kinds_of(type->args[i], kinds + count);
      return count;
    case TYPE_OPT:
      if (type_opt_form(type) != OPT_TAG) break;
      kinds[0] = KIND_WORD;
      return 1 + kinds_of(type_opt_payload(type), kinds + 1);
    case TYPE_RESULT:
      count = kinds_of(type->args[0], kinds);
      kinds[count] = KIND_WORD;
      return count + 1;
    default: break;
  }
  kinds[0] = KIND_WORD;
  return 1;
}

LLVMValueRef const_word(Emitter *e, uint64_t value) { return LLVMConstInt(e->u->word, value, false); }
LLVMValueRef const_half(Emitter *e, uint32_t value) { return LLVMConstInt(e->u->half, value, false); }
LLVMValueRef const_address(Emitter *e, const void *address) { return LLVMConstIntToPtr(const_word(e, (uintptr_t)address), e->u->pointer); }

static LLVMTypeRef kind_type(const Unit *u, Kind kind) { return kind == KIND_DOUBLE ? u->real : u->word; }

/* Slots */

LLVMValueRef slot_load(Emitter *e, uint32_t slot) { return LLVMBuildLoad2(e->b, kind_type(e->u, e->kinds[slot]), e->slots[slot], ""); }

void slot_store(Emitter *e, uint32_t slot, Kind kind, LLVMValueRef value) {
  e->kinds[slot] = (uint8_t)kind;
  LLVMBuildStore(e->b, value, e->slots[slot]);
}

LLVMValueRef slot_word(Emitter *e, uint32_t slot) {
  LLVMValueRef value = slot_load(e, slot);
  return e->kinds[slot] == KIND_DOUBLE ? runtime_call(e, T_canonical, &value, 1) : value;
}

LLVMValueRef slot_ref(Emitter *e, uint32_t slot) { return LLVMBuildIntToPtr(e->b, slot_load(e, slot), e->u->pointer, ""); }

void slot_move(Emitter *e, uint32_t to, uint32_t from) {
  if (to != from) slot_store(e, to, e->kinds[from], slot_load(e, from));
}

LLVMValueRef frame_at(Emitter *e, uint32_t slot) {
  LLVMValueRef index = const_word(e, slot);
  return slot ? LLVMBuildInBoundsGEP2(e->b, e->u->word, e->fp, &index, 1, "") : e->fp;
}

void memory_store(Emitter *e, uint32_t slot) { LLVMBuildStore(e->b, slot_word(e, slot), frame_at(e, slot)); }

void memory_load(Emitter *e, uint32_t slot, Kind kind) {
  slot_store(e, slot, kind, LLVMBuildLoad2(e->b, kind_type(e->u, kind), frame_at(e, slot), ""));
}

/* Blocks */

LLVMValueRef runtime_call(Emitter *e, Template template, LLVMValueRef *args, unsigned nargs) {
  static const char *const names[] = {
#define TEMPLATE_ROW(name) [T_##name] = #name,
#include "jit/templates.def"
  };
  Unit *u = e->u;
  if (!u->templates[template]) {
    LLVMTypeRef type = LLVMGlobalGetValueType(LLVMGetNamedFunction(u->runtime, names[template]));
    u->templates[template] = LLVMAddFunction(u->module, names[template], type);
  }
  LLVMValueRef function = u->templates[template];
  return LLVMBuildCall2(e->b, LLVMGlobalGetValueType(function), function, args, nargs, "");
}

LLVMBasicBlockRef block_new(Emitter *e, const char *name) { return LLVMAppendBasicBlockInContext(e->u->context, e->function, name); }

void block_begin(Emitter *e, LLVMBasicBlockRef block) { LLVMPositionBuilderAtEnd(e->b, block); }

void branch_likely(Emitter *e, LLVMValueRef condition, LLVMBasicBlockRef likely, LLVMBasicBlockRef unlikely) {
  LLVMValueRef branch = LLVMBuildCondBr(e->b, condition, likely, unlikely);
  LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(e->u->context, "prof", 4), LLVMMetadataAsValue(e->u->context, e->u->unlikely));
}

static void return_left(Emitter *e) {
  if (e->is_entry) {
    LLVMValueRef parts[] = {const_word(e, 0), const_word(e, UINT64_MAX)};
    LLVMBuildAggregateRet(e->b, parts, 2);
    return;
  }
  LLVMTypeRef type = LLVMGetReturnType(e->member->type);
  LLVMBuildRet(e->b, LLVMBuildInsertValue(e->b, LLVMConstNull(type), const_word(e, UINT64_MAX), LLVMCountStructElementTypes(type) - 1, ""));
}

/* The block that writes the locals to the guest's stack and leaves: one for all places that leave while the locals are what they are now. */
static LLVMBasicBlockRef leave_block(Emitter *e) {
  if (e->leave) return e->leave;
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
  LLVMMetadataRef location = lines_none(e);
  e->leave = block_new(e, "leave");
  block_begin(e, e->leave);
  for (uint32_t i = 0; i < e->code->nlocals_slots; i++) {
    if (e->is_init[i]) memory_store(e, i);
  }
  LLVMValueRef args[] = {e->ctx, e->fp, const_address(e, e->code), LLVMBuildLoad2(e->b, e->u->half, e->leave_pc, ""),
                         LLVMBuildLoad2(e->b, e->u->half, e->leave_reason, ""), LLVMBuildLoad2(e->b, e->u->word, e->fuel, "")};
  runtime_call(e, T_frame_leave, args, 6);
  return_left(e);
  block_begin(e, here);
  lines_back(e, location);
  return e->leave;
}

void locals_changed(Emitter *e) { e->leave = NULL; }

void leave_here(Emitter *e, uint32_t pc, TierLeave reason, uint32_t sp) {
  for (uint32_t i = e->code->nlocals_slots; i < sp; i++) memory_store(e, i);
  LLVMBuildStore(e->b, const_half(e, pc), e->leave_pc);
  LLVMBuildStore(e->b, const_half(e, reason), e->leave_reason);
  LLVMBuildBr(e->b, leave_block(e));
}

/* Goes to `block` when it is this place's turn to be left. */
static void leave_sometimes(Emitter *e, LLVMBasicBlockRef block) {
  LLVMBasicBlockRef next = block_new(e, "");
  LLVMValueRef leaving = const_address(e, machine_tier_leaving);
  branch_likely(e, LLVMBuildNot(e->b, runtime_call(e, T_leave_due, &leaving, 1), ""), next, block);
  block_begin(e, next);
}

void may_leave(Emitter *e) {
  if (machine_tier_leaving->each) leave_sometimes(e, leave_step(e));
}

void may_leave_at(Emitter *e, uint32_t pc, TierLeave reason) {
  if (!machine_tier_leaving->each) return;
  LLVMBasicBlockRef leaves = block_new(e, "leaves");
  leave_sometimes(e, leaves);
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
  block_begin(e, leaves);
  leave_here(e, pc, reason, e->code->insns[pc].sp);
  block_begin(e, here);
}

LLVMBasicBlockRef leave_step(Emitter *e) {
  if (e->step_block) return e->step_block;
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
  e->step_block = block_new(e, "step");
  block_begin(e, e->step_block);
  leave_here(e, e->pc, LEAVE_STEP, e->insn->sp);
  block_begin(e, here);
  return e->step_block;
}

void require(Emitter *e, LLVMValueRef condition) {
  LLVMBasicBlockRef step = leave_step(e), next = block_new(e, "");
  branch_likely(e, condition, next, step);
  block_begin(e, next);
}

void require_not(Emitter *e, LLVMValueRef condition) { require(e, LLVMBuildNot(e->b, condition, "")); }

/* Remembers the kinds of the operands with which a label is reached. */
static void place_reach(Emitter *e, uint32_t target) {
  Place *place = &e->places[target];
  uint32_t sp = e->code->insns[target].sp, nlocals = e->code->nlocals_slots, count = sp - nlocals;
  if (place->operands) return;
  place->operands = malloc(count ? count : 1);
  if (!place->operands) e->failed = true;
  else memcpy(place->operands, e->kinds + nlocals, count);
}

/* Where those arrive at a label who come from outside of its loop. */
static LLVMBasicBlockRef place_entry(const Emitter *e, uint32_t target) {
  const Place *place = &e->places[target];
  return place->loop && e->pc < target ? place->loop->before : place->block;
}

/* The block that pays for going back to a label. */
static void charge(Emitter *e, uint32_t target, uint32_t cost) {
  LLVMValueRef fuel = LLVMBuildSub(e->b, LLVMBuildLoad2(e->b, e->u->word, e->fuel, ""), const_word(e, cost), "");
  LLVMBuildStore(e->b, fuel, e->fuel);
  LLVMBasicBlockRef pause = block_new(e, "pause"), paid = block_new(e, "");
  branch_likely(e, LLVMBuildICmp(e->b, LLVMIntSGE, fuel, const_word(e, 0), ""), paid, pause);
  block_begin(e, pause);
  leave_here(e, target, LEAVE_PAUSE, e->code->insns[target].sp);
  block_begin(e, paid);
  may_leave_at(e, target, LEAVE_STEP);
  LLVMBuildBr(e->b, e->places[target].block);
}

void go(Emitter *e, uint32_t target, uint32_t cost) {
  place_reach(e, target);
  if (cost) charge(e, target, cost);
  else LLVMBuildBr(e->b, place_entry(e, target));
}

LLVMBasicBlockRef arrival(Emitter *e, uint32_t target, uint32_t cost) {
  place_reach(e, target);
  if (!cost) return place_entry(e, target);
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b), block = block_new(e, "back");
  block_begin(e, block);
  charge(e, target, cost);
  block_begin(e, here);
  return block;
}

/* Results */

void emit_return(Emitter *e, uint32_t from, uint32_t count) {
  LLVMValueRef fuel = LLVMBuildLoad2(e->b, e->u->word, e->fuel, "");
  if (e->is_entry || count > RESULTS_MAX) {
    LLVMValueRef words[TYPE_SLOTS_MAX + 1];
    for (uint32_t i = 0; i < count; i++) words[i] = slot_word(e, from + i);
    for (uint32_t i = 0; i < count && count > 1; i++) LLVMBuildStore(e->b, words[i], frame_at(e, i));
    if (e->is_entry) {
      LLVMValueRef parts[] = {count ? words[0] : const_word(e, 0), fuel};
      LLVMBuildAggregateRet(e->b, parts, 2);
      return;
    }
    count = 0;
  }
  LLVMValueRef parts[RESULTS_MAX + 1];
  for (uint32_t i = 0; i < count; i++) parts[i] = slot_load(e, from + i);
  parts[count] = fuel;
  LLVMBuildAggregateRet(e->b, parts, count + 1);
}

/* Functions */

LLVMValueRef context_load(Emitter *e, unsigned word) {
  LLVMValueRef index = const_word(e, word);
  LLVMValueRef loaded = LLVMBuildLoad2(e->b, e->u->pointer, LLVMBuildInBoundsGEP2(e->b, e->u->pointer, e->ctx, &index, 1, ""), "");
  LLVMSetMetadata(loaded, LLVMGetMDKindIDInContext(e->u->context, "invariant.load", 14),
                  LLVMMetadataAsValue(e->u->context, LLVMMDNodeInContext2(e->u->context, NULL, 0)));
  return loaded;
}

static bool has_calls(const Code *code) {
  for (uint32_t pc = 0; pc < code->ninsns; pc++) {
    if (op_table[code->insns[pc].op].flags & OP_CALLS) return true;
  }
  return false;
}

/* Charges for entering; leaves with the function entered when there is no fuel, or too little native stack for what it may call. */
static void prologue_charge(Emitter *e) {
  LLVMValueRef fuel = LLVMBuildSub(e->b, LLVMBuildLoad2(e->b, e->u->word, e->fuel, ""), const_word(e, e->code->cost), "");
  LLVMBuildStore(e->b, fuel, e->fuel);
  LLVMBasicBlockRef pause = block_new(e, "pause"), paid = block_new(e, "");
  branch_likely(e, LLVMBuildICmp(e->b, LLVMIntSGE, fuel, const_word(e, 0), ""), paid, pause);
  block_begin(e, pause);
  leave_here(e, 0, LEAVE_PAUSE, e->code->nlocals_slots);
  block_begin(e, paid);
  may_leave_at(e, 0, LEAVE_STEP);
  if (!has_calls(e->code)) return;
  LLVMBasicBlockRef deep = block_new(e, "deep"), body = block_new(e, "");
  LLVMValueRef limit = context_load(e, 2);
  branch_likely(e, LLVMBuildICmp(e->b, LLVMIntUGE, e->here, limit, ""), body, deep);
  block_begin(e, deep);
  leave_here(e, 0, LEAVE_RUN, e->code->nlocals_slots);
  block_begin(e, body);
}

_Static_assert(offsetof(TierContext, native_limit) == 16 && offsetof(TierContext, limit) == 8, "context_load");

static bool emitter_begin(Emitter *e, Unit *u, Code *code, LLVMValueRef function) {
  uint32_t nslots = code->frame_slots + SLACK;
  *e = (Emitter){.u = u, .b = u->builder, .code = code, .function = function, .scope = u->lines ? LLVMGetSubprogram(function) : NULL};
  e->slots = calloc(nslots, sizeof *e->slots);
  e->kinds = calloc(nslots, 1);
  e->is_init = calloc(nslots, sizeof *e->is_init);
  e->places = calloc(code->ninsns + 1, sizeof *e->places);
  if (!e->slots || !e->kinds || !e->is_init || !e->places) return false;
  block_begin(e, block_new(e, "entry"));
  lines_at(e);
  e->ctx = LLVMGetParam(function, 0);
  e->fp = LLVMGetParam(function, 1);
  e->frame = LLVMBuildAlloca(e->b, LLVMArrayType2(u->word, nslots), "frame");
  e->fuel = LLVMBuildAlloca(e->b, u->word, "fuel");
  e->round = LLVMBuildAlloca(e->b, u->word, "round");
  e->leave_pc = LLVMBuildAlloca(e->b, u->half, "leave_pc");
  e->leave_reason = LLVMBuildAlloca(e->b, u->half, "leave_reason");
  e->here = LLVMBuildAlloca(e->b, LLVMInt8TypeInContext(u->context), "here");
  LLVMBuildStore(e->b, LLVMGetParam(function, 2), e->fuel);
  for (uint32_t i = 0; i < nslots; i++) {
    LLVMValueRef index = const_word(e, i);
    e->slots[i] = LLVMBuildInBoundsGEP2(e->b, u->word, e->frame, &index, 1, "");
  }
  for (uint32_t i = 0; i < code->function->nlocals; i++) kinds_of(code->local_types[i], e->kinds + code->local_slots[i]);
  for (uint32_t i = 0; i < code->function->nlabels; i++) e->places[code->function->labels[i].pc].block = block_new(e, "label");
  return true;
}

/* Labels in a loop, behind its header. */
static uint32_t labels_count(const Function *function, const Loop *loop) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < function->nlabels; i++) count += function->labels[i].pc > loop->header && function->labels[i].pc <= loop->tail;
  return count;
}

static bool loops_find(Emitter *e) {
  for (uint32_t pc = 0; pc < e->code->ninsns; pc++) {
    Loop found;
    if (e->code->insns[pc].op != OP_BR_IF || !loop_find(e, pc, &found)) continue;
    bool fits = labels_count(e->code->function, &found) <= MAIN_LABELS;
    Loop *loop = fits ? malloc(sizeof *loop) : NULL;
    if (!loop) free(found.is_proven);
    if (!fits) continue;
    if (!loop) return false;
    *loop = found;
    loop->before = block_new(e, "before");
    e->places[loop->header].loop = loop;
  }
  return true;
}

static void emitter_end(Emitter *e) {
  for (uint32_t i = 0; e->places && i <= e->code->ninsns; i++) {
    free(e->places[i].operands);
    if (e->places[i].loop) free(e->places[i].loop->is_proven);
    free(e->places[i].loop);
  }
  free(e->slots);
  free(e->kinds);
  free(e->is_init);
  free(e->places);
}

static void local_init(Emitter *e, uint32_t local) {
  uint32_t count = e->code->local_types[local]->slots;
  for (uint32_t i = 0; i < count; i++) e->is_init[e->code->local_slots[local] + i] = true;
}

static void params_init(Emitter *e) {
  memset(e->is_init, 0, e->code->nlocals_slots * sizeof *e->is_init);
  for (uint32_t i = 0; i < e->code->function->nparams; i++) local_init(e, i);
}

static void label_begin(Emitter *e, const Label *label);

static const Label *function_label_at(const Function *function, uint32_t pc) {
  const Label *label = function->labels;
  while (label->pc != pc) label++;
  return label;
}

static void label_state(Emitter *e, const Label *label) {
  locals_changed(e);
  params_init(e);
  for (uint32_t i = 0; i < label->ninit; i++) local_init(e, label->init[i]);
}

static void start_load(Emitter *e) {
  LLVMMetadataRef location = lines_none(e);
  for (uint32_t i = 0; i < e->insn->sp; i++) {
    if (i >= e->code->nlocals_slots || e->is_init[i]) memory_load(e, i, e->kinds[i]);
  }
  lines_back(e, location);
  e->has_started = true;
}

/* The main loop of a counted one, in front of the loop as it stands. Its labels are others. */
static void main_emit(Emitter *e, Loop *loop, const Label *header) {
  const Function *function = e->code->function;
  Place kept[MAIN_LABELS];
  uint32_t first = (uint32_t)(header - function->labels) + 1, count = labels_count(function, loop), pc = e->pc;
  const CodeInsn *insn = e->insn;
  block_begin(e, loop->before);
  label_state(e, header);
  for (uint32_t i = 0; i < count; i++) {
    Place *place = &e->places[function->labels[first + i].pc];
    kept[i] = *place;
    *place = (Place){.block = block_new(e, "main")};
  }
  loop_begin(e, loop);
  e->main = loop;
  e->is_reachable = true;
  label_state(e, header);
  for (e->pc = loop->header; e->pc < loop->tail && !e->failed; e->pc++) {
    e->insn = &e->code->insns[e->pc];
    e->step_block = NULL;
    if (e->pc > loop->header && e->places[e->pc].block) label_begin(e, function_label_at(function, e->pc));
    if (!e->is_reachable) continue;
    lines_at(e);
    emit_insn(e);
    if (op_table[e->insn->op].flags & OP_END) e->is_reachable = false;
  }
  if (loop->tail > loop->header && e->places[loop->tail].block) {
    if (e->is_reachable) LLVMBuildBr(e->b, e->places[loop->tail].block);
    block_begin(e, e->places[loop->tail].block);
    e->is_reachable = true;
  }
  if (e->is_reachable) loop_end(e, loop);
  e->main = NULL;
  for (uint32_t i = 0; i < count; i++) {
    Place *place = &e->places[function->labels[first + i].pc];
    free(place->operands);
    *place = kept[i];
  }
  e->pc = pc;
  e->insn = insn;
  e->step_block = NULL;
}

/* Arrives at a label: what is initialised there, and the operands. */
static void label_begin(Emitter *e, const Label *label) {
  Place *place = &e->places[label->pc];
  if (e->is_reachable && place->loop) LLVMBuildBr(e->b, place->loop->before);
  else if (e->is_reachable) go(e, label->pc, 0);
  if (place->loop && e->is_entry && e->start == label->pc) {
    block_begin(e, e->start_block);
    label_state(e, label);
    start_load(e);
    LLVMBuildBr(e->b, place->loop->before);
  }
  if (place->loop) main_emit(e, place->loop, label);
  uint32_t sp = e->code->insns[label->pc].sp, nlocals = e->code->nlocals_slots;
  block_begin(e, place->block);
  e->is_reachable = place->operands != NULL || sp == nlocals;
  if (place->operands) memcpy(e->kinds + nlocals, place->operands, sp - nlocals);
  if (!e->is_reachable) LLVMBuildUnreachable(e->b);
  label_state(e, label);
}

/* An entry: its frame is read where the code reaches it, when what it holds there is known. */
static void start_here(Emitter *e) {
  LLVMBasicBlockRef here = block_new(e, "");
  LLVMBuildBr(e->b, here);
  block_begin(e, e->start_block);
  start_load(e);
  LLVMBuildBr(e->b, here);
  block_begin(e, here);
}

static void code_emit(Emitter *e) {
  const Function *function = e->code->function;
  uint32_t label = 0;
  e->is_reachable = true;
  for (e->pc = 0; e->pc < e->code->ninsns && !e->failed; e->pc++) {
    e->insn = &e->code->insns[e->pc];
    e->step_block = NULL;
    if (label < function->nlabels && function->labels[label].pc == e->pc) label_begin(e, &function->labels[label++]);
    if (!e->is_reachable) continue;
    if (e->is_entry && e->pc == e->start && !e->has_started) start_here(e);
    lines_at(e);
    emit_insn(e);
    if (op_table[e->insn->op].flags & OP_END) e->is_reachable = false;
  }
}

/* A function that only this unit knows by its name. */
static LLVMValueRef function_declare(Unit *u, const Code *code, LLVMTypeRef type, Begins begins, uint32_t pc) {
  char name[NAME_MAX_BYTES];
  function_name(name, code, begins, pc);
  LLVMValueRef function = LLVMAddFunction(u->module, name, type);
  LLVMSetLinkage(function, LLVMInternalLinkage);
  function_attributes(u, function);
  lines_function(u, code, begins, pc, function);
  return function;
}

static LLVMValueRef entry_declare(Unit *u, const Member *member, uint32_t pc) {
  LLVMTypeRef params[] = {u->pointer, u->pointer, u->word};
  return function_declare(u, member->code, LLVMFunctionType(u->result, params, 3, false), pc ? BEGINS_LOOP : BEGINS_ENTRY, pc);
}

static bool body_emit(Unit *u, Member *member, LLVMValueRef function) {
  Emitter e;
  Code *code = member->code;
  bool done = emitter_begin(&e, u, code, function);
  if (done) {
    e.member = member;
    for (uint32_t i = 0; i < code->nargs_slots; i++) slot_store(&e, i, member->params[i], LLVMGetParam(function, 3 + i));
    params_init(&e);
    prologue_charge(&e);
    done = loops_find(&e);
    if (done) code_emit(&e);
    done = done && !e.failed;
  }
  emitter_end(&e);
  return done;
}

bool unit_emit_body(Unit *u, Member *member) {
  return body_emit(u, member, member->body) && (!member->inner || body_emit(u, member, member->inner));
}

void unit_body_drop(Member *member) {
  LLVMDeleteFunction(member->body);
  if (member->inner) LLVMDeleteFunction(member->inner);
  member->body = member->inner = NULL;
}

bool unit_emit_entry(Unit *u, Member *member) {
  Emitter e;
  const Code *code = member->code;
  LLVMValueRef *args = malloc((3 + code->nargs_slots) * sizeof *args);
  LLVMValueRef function = entry_declare(u, member, 0);
  bool done = args && emitter_begin(&e, u, member->code, function);
  if (done) {
    e.is_entry = true;
    for (uint32_t i = 0; i < 3; i++) args[i] = LLVMGetParam(function, i);
    for (uint32_t i = 0; i < code->nargs_slots; i++) args[3 + i] = LLVMBuildLoad2(e.b, kind_type(u, member->params[i]), frame_at(&e, i), "");
    LLVMValueRef result = LLVMBuildCall2(e.b, member->type, member->body, args, 3 + code->nargs_slots, "");
    LLVMSetInstructionCallConv(result, LLVMGetFunctionCallConv(member->body));
    uint32_t in_registers = member->nresults > RESULTS_MAX ? 0 : member->nresults;
    LLVMBuildStore(e.b, LLVMBuildExtractValue(e.b, result, in_registers, ""), e.fuel);
    if (in_registers == 0) {
      LLVMValueRef parts[] = {member->nresults ? LLVMBuildLoad2(e.b, u->word, e.fp, "") : const_word(&e, 0), LLVMBuildLoad2(e.b, u->word, e.fuel, "")};
      LLVMBuildAggregateRet(e.b, parts, 2);
    } else {
      LLVMBasicBlockRef left = block_new(&e, "left"), returned = block_new(&e, "");
      branch_likely(&e, LLVMBuildICmp(e.b, LLVMIntSGE, LLVMBuildLoad2(e.b, u->word, e.fuel, ""), const_word(&e, 0), ""), returned, left);
      block_begin(&e, left);
      return_left(&e);
      block_begin(&e, returned);
      for (uint32_t i = 0; i < in_registers; i++) slot_store(&e, i, member->results[i], LLVMBuildExtractValue(e.b, result, i, ""));
      emit_return(&e, 0, in_registers);
    }
    for (uint32_t i = 0; i < code->function->nlabels; i++) LLVMDeleteBasicBlock(e.places[code->function->labels[i].pc].block);
  }
  if (args) emitter_end(&e);
  free(args);
  member->entry = done ? function : NULL;
  return done;
}

bool unit_emit_entry_at(Unit *u, Member *member, uint32_t pc) {
  Emitter e;
  LLVMValueRef function = entry_declare(u, member, pc);
  bool done = emitter_begin(&e, u, member->code, function);
  if (done) {
    e.is_entry = true;
    e.member = member;
    e.start = pc;
    e.start_block = LLVMGetInsertBlock(e.b);
    params_init(&e);
    block_begin(&e, block_new(&e, "")); /* from the beginning, which nothing reaches */
    done = loops_find(&e);
    if (done) code_emit(&e);
    done = done && !e.failed && e.has_started;
  }
  emitter_end(&e);
  if (!done) LLVMDeleteFunction(function);
  u->entry_at = done ? function : NULL;
  return done;
}

/* Units */

Member *unit_member(const Unit *unit, const Code *code) {
  for (uint32_t i = 0; i < unit->nmembers; i++) {
    if (unit->members[i].code == code) return (Member *)&unit->members[i];
  }
  return NULL;
}

enum { INLINE_MAX = 24 }; /* instructions of functions that are always inlined; recursive ones into themselves, once */
enum { FAST_CALL = 8 }; /* LLVM's number */

static bool calls_itself(const Code *code) {
  for (uint32_t pc = 0; pc < code->ninsns; pc++) {
    if (code->insns[pc].op == OP_CALL && code->insns[pc].x.callee == code) return true;
  }
  return false;
}

static LLVMValueRef body_declare(Unit *u, const Member *member, bool is_inlined) {
  LLVMValueRef body = function_declare(u, member->code, member->type, BEGINS_BODY, 0);
  LLVMSetFunctionCallConv(body, FAST_CALL);
  if (is_inlined) {
    unsigned kind = LLVMGetEnumAttributeKindForName("alwaysinline", 12);
    LLVMAddAttributeAtIndex(body, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(u->context, kind, 0));
  }
  return body;
}

Member *unit_add(Unit *u, Code *code) {
  if (u->nmembers == UNIT_MEMBERS) return NULL;
  Member *member = &u->members[u->nmembers];
  *member = (Member){.code = code, .index = code->index, .params = malloc(code->nargs_slots + TYPE_SLOTS_MAX)};
  LLVMTypeRef *params = malloc((3 + code->nargs_slots) * sizeof *params);
  if (!member->params || !params) {
    free(member->params);
    free(params);
    return NULL;
  }
  params[0] = params[1] = u->pointer;
  params[2] = u->word;
  for (uint32_t i = 0; i < code->function->nparams; i++) kinds_of(code->local_types[i], member->params + code->local_slots[i]);
  for (uint32_t i = 0; i < code->nargs_slots; i++) params[3 + i] = kind_type(u, member->params[i]);
  member->nresults = kinds_of(code_result_type(code), member->results);
  LLVMTypeRef results[RESULTS_MAX + 1];
  uint32_t count = member->nresults > RESULTS_MAX ? 0 : member->nresults;
  for (uint32_t i = 0; i < count; i++) results[i] = kind_type(u, member->results[i]);
  results[count] = u->word;
  member->type = LLVMFunctionType(LLVMStructTypeInContext(u->context, results, count + 1, false), params, 3 + code->nargs_slots, false);
  free(params);
  bool is_recursive = calls_itself(code);
  member->is_small = code->ninsns <= INLINE_MAX && !is_recursive;
  member->body = body_declare(u, member, member->is_small);
  if (is_recursive && code->ninsns <= INLINE_MAX) member->inner = body_declare(u, member, true);
  u->nmembers++;
  return member;
}

void unit_begin(Unit *u, LLVMContextRef context, LLVMModuleRef runtime, uint32_t number) {
  *u = (Unit){.context = context, .module = LLVMModuleCreateWithNameInContext("unit", context), .runtime = runtime, .number = number};
  LLVMSetDataLayout(u->module, LLVMGetDataLayoutStr(runtime));
  LLVMSetTarget(u->module, LLVMGetTarget(runtime));
  u->builder = LLVMCreateBuilderInContext(context);
  u->word = LLVMInt64TypeInContext(context);
  u->half = LLVMInt32TypeInContext(context);
  u->bit = LLVMInt1TypeInContext(context);
  u->real = LLVMDoubleTypeInContext(context);
  u->pointer = LLVMPointerTypeInContext(context, 0);
  LLVMTypeRef result[] = {u->word, u->word};
  u->result = LLVMStructTypeInContext(context, result, 2, false);
  LLVMMetadataRef weights[] = {LLVMMDStringInContext2(context, "branch_weights", 14), LLVMValueAsMetadata(LLVMConstInt(u->half, 100000, false)),
                               LLVMValueAsMetadata(LLVMConstInt(u->half, 1, false))};
  u->unlikely = LLVMMDNodeInContext2(context, weights, 3);
  lines_begin(u);
}

bool unit_link(Unit *u) {
  bool failed = LLVMLinkModules2(u->module, u->runtime);
  u->runtime = NULL;
  for (unsigned i = 0; i < TEMPLATES && !failed; i++) {
    if (u->templates[i]) failed = LLVMIsDeclaration(u->templates[i]);
  }
  return !failed;
}

void unit_table_name(char *name, size_t size, uint32_t number) { snprintf(name, size, "firn_entries_%u", number); }

void unit_export(Unit *u) {
  char name[32];
  LLVMValueRef rows[UNIT_MEMBERS + 1];
  uint32_t count = u->nmembers + 1;
  unit_table_name(name, sizeof name, u->number);
  LLVMValueRef table = LLVMAddGlobal(u->module, LLVMArrayType2(u->half, count), name), start = LLVMConstPtrToInt(table, u->word);
  for (uint32_t i = 0; i < count; i++) {
    LLVMValueRef entry = i < u->nmembers ? u->members[i].entry : u->entry_at;
    rows[i] = entry ? LLVMConstTrunc(LLVMConstSub(LLVMConstPtrToInt(entry, u->word), start), u->half) : LLVMConstNull(u->half);
  }
  LLVMSetInitializer(table, LLVMConstArray2(u->half, rows, count));
  LLVMSetGlobalConstant(table, true);
  lines_end(u);
}

void unit_end(Unit *u) {
  free(u->known);
  for (uint32_t i = 0; i < u->nmembers; i++) free(u->members[i].params);
  LLVMDisposeBuilder(u->builder);
}
