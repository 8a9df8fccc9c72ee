/* emit_code.c - writes instructions and keeps what the verifier will compute again: operand types, live locals, labels.
 *
 * Labels are numbered as they are made and get their place in the function's table when it is finished: labels bound at one pc are one,
 * those that nothing branches to are dropped (unless the instruction before never goes on). Locals that no instruction names are dropped too.
 */
#include <assert.h>
#include <string.h>

#include "compiler/emit_internal.h"

#define NONE UINT32_MAX

/* ---- A new function ---- */

static uint32_t *free_head(Emitter *e, const Type *type);

void code_reset(Emitter *e, TFunction *function) {
  for (size_t i = 0; i < e->locals.count; i++) *free_head(e, e->locals.items[i].type) = 0;
  e->function = function;
  e->code.count = e->stack.count = e->locals.count = e->scope_locals.count = 0;
  e->labels.count = e->bound.count = e->lines.count = e->defers.count = e->switches.count = 0;
  e->loops = NULL;
  e->reachable = true;
  e->depth = 0;
  e->span = function->span;
}

/* ---- Lines ---- */

static bool same_place(Span a, Span b) { return a.source == b.source && a.start == b.start; }

/* Non-trapping instructions keep the column of the one before: nothing ever reports theirs. */
static void note_line(Emitter *e, uint32_t pc, Op op) {
  if (e->span.source == 0) return;
  if (!same_place(e->span, e->line_span)) {
    e->line_span = e->span;
    e->line_position = span_position(&e->compilation->sources, e->span);
  }
  LineEntry entry = {pc, 0, e->line_position.line, e->line_position.column};
  if (entry.line == 0) return;
  uint32_t *file = &e->files[e->span.source];
  if (*file == 0) {
    const char *path = sources_get(&e->compilation->sources, e->span.source)->path;
    *file = emit_string(e, path, strlen(path)) + 1;
  }
  entry.file = *file - 1;
  LineEntry *last = e->lines.count ? &e->lines.items[e->lines.count - 1] : NULL;
  if (last && last->file == entry.file && last->line == entry.line) {
    bool is_exact = op_table[op].flags & (OP_TRAPS | OP_CALLS | OP_ALLOCS);
    if (!is_exact || last->column == entry.column) return;
  }
  VEC_PUSH(e->arena, &e->lines, entry);
}

/* ---- Instructions and operands ---- */

void put(Emitter *e, Insn insn) {
  if (!e->reachable) return;
  if (e->code.count >= MODULE_CODE_MAX) {
    emit_limit(e, DIAG_LIMIT_CODE, MODULE_CODE_MAX);
    return;
  }
  note_line(e, (uint32_t)e->code.count, insn.op);
  VEC_PUSH(e->arena, &e->code, insn);
  if (op_table[insn.op].flags & OP_END) e->reachable = false;
}

const Insn *last_insn(const Emitter *e) {
  if (!e->reachable || e->code.count == 0) return NULL;
  bool has_label = e->bound.count && e->bound.items[e->bound.count - 1].label.pc == e->code.count;
  return has_label ? NULL : &e->code.items[e->code.count - 1];
}

void unput(Emitter *e) {
  e->code.count--;
  if (e->lines.count && e->lines.items[e->lines.count - 1].pc == e->code.count) e->lines.count--;
}

void put_op(Emitter *e, Op op, const Type *t) { put(e, (Insn){.op = (uint8_t)op, .t = t}); }

void push(Emitter *e, const Type *type) {
  if (!e->reachable) return;
  if (e->stack.count >= EMIT_OPERANDS_MAX) {
    diag_error(&e->compilation->diags, e->span, DIAG_LIMIT_NESTING);
    e->failed = true;
    e->reachable = false;
    return;
  }
  VEC_PUSH(e->arena, &e->stack, type);
}

const Type *pop(Emitter *e) {
  if (!e->reachable) return NULL;
  assert(e->stack.count > 0);
  return e->stack.items[--e->stack.count];
}

void pop_operands(Emitter *e, uint32_t count) {
  if (!e->reachable) return;
  assert(e->stack.count >= count);
  e->stack.count -= count;
}

void drop_to(Emitter *e, uint32_t depth) {
  while (e->reachable && e->stack.count > depth) emit_drop(e);
}

/* ---- Locals ---- */

static uint32_t *free_head(Emitter *e, const Type *type) {
  if (type->id >= e->nfree_heads) {
    size_t size = ((size_t)type->id + 1) * 2;
    uint32_t *heads = ARENA_ARRAY(e->arena, uint32_t, size);
    if (e->nfree_heads) memcpy(heads, e->free_heads, e->nfree_heads * sizeof *heads);
    e->free_heads = heads;
    e->nfree_heads = size;
  }
  return &e->free_heads[type->id];
}

uint32_t local_new(Emitter *e, const Type *type) {
  uint32_t *head = free_head(e, type);
  if (*head) {
    uint32_t local = *head - 1;
    *head = e->locals.items[local].next_free;
    e->locals.items[local].is_live = true;
    return local;
  }
  if (e->locals.count >= MODULE_LOCALS_MAX) {
    emit_limit(e, DIAG_LIMIT_LOCALS, MODULE_LOCALS_MAX);
    return 0;
  }
  VEC_PUSH(e->arena, &e->locals, ((EmitLocal){.type = type, .is_live = true}));
  return (uint32_t)e->locals.count - 1;
}

void local_free(Emitter *e, uint32_t local) {
  uint32_t *head = free_head(e, e->locals.items[local].type);
  e->locals.items[local].next_free = *head;
  e->locals.items[local].is_live = false;
  *head = local + 1;
}

void local_get(Emitter *e, uint32_t local) {
  put(e, (Insn){.op = OP_LOCAL_GET, .a = local});
  push(e, e->locals.items[local].type);
}

void local_set(Emitter *e, uint32_t local) {
  const Insn *last = last_insn(e);
  pop(e);
  if (last && last->op == OP_LOCAL_GET && last->a == local) unput(e); /* it holds the value already */
  else put(e, (Insn){.op = OP_LOCAL_SET, .a = local});
}

uint32_t local_store(Emitter *e) {
  if (!e->reachable) return NONE;
  uint32_t local = local_new(e, e->stack.items[e->stack.count - 1]);
  local_set(e, local);
  return local;
}

void local_load(Emitter *e, uint32_t local) {
  if (local == NONE) return;
  local_get(e, local);
  local_free(e, local);
}

void scope_close(Emitter *e, uint32_t mark) {
  while (e->scope_locals.count > mark) local_free(e, e->scope_locals.items[--e->scope_locals.count]);
}

/* ---- Labels ---- */

LabelId label_new(Emitter *e) {
  VEC_PUSH(e->arena, &e->labels, ((EmitLabel){.bound = NONE}));
  return (LabelId)e->labels.count - 1;
}

static void label_state(Emitter *e, EmitLabel *label) {
  label->nstack = (uint32_t)e->stack.count;
  if (!label->nstack) return;
  label->stack = ARENA_ARRAY(e->arena, const Type *, label->nstack);
  memcpy(label->stack, e->stack.items, label->nstack * sizeof *label->stack);
}

/* The labels bound here become one that declares the locals that are live now. */
static uint32_t bind_here(Emitter *e, const EmitLabel *label) {
  uint32_t pc = (uint32_t)e->code.count;
  BoundLabel *bound = e->bound.count ? &e->bound.items[e->bound.count - 1] : NULL;
  if (!bound || bound->label.pc != pc) {
    VEC_PUSH(e->arena, &e->bound, ((BoundLabel){.label = {.pc = pc}}));
    bound = &e->bound.items[e->bound.count - 1];
  }
  bound->refs += label->refs;
  bound->label.nstack = label->nstack;
  bound->label.stack = label->stack;
  uint32_t nlive = 0;
  for (size_t i = 0; i < e->locals.count; i++) nlive += e->locals.items[i].is_live;
  uint32_t *init = ARENA_ARRAY(e->arena, uint32_t, nlive + 1), ninit = 0;
  uint32_t nparams = e->function->nparams + (uint32_t)fn_info(e->arena, e->function)->count;
  for (uint32_t i = nparams; i < e->locals.count; i++) {
    if (e->locals.items[i].is_live) init[ninit++] = i;
  }
  bound->label.ninit = ninit;
  bound->label.init = init;
  return (uint32_t)e->bound.count - 1;
}

static void label_enter(Emitter *e, const EmitLabel *label) {
  e->stack.count = 0;
  for (uint32_t i = 0; i < label->nstack; i++) VEC_PUSH(e->arena, &e->stack, label->stack[i]);
  e->reachable = true;
}

static bool has_label_at(const Emitter *e, size_t pc) { return e->bound.count && e->bound.items[e->bound.count - 1].label.pc == pc; }

/* Takes back a branch to the label that is about to be bound behind it; turns round a conditional branch over a branch. */
static void drop_branch_to_here(Emitter *e, LabelId id) {
  size_t count = e->code.count;
  if (e->reachable || count == 0 || e->code.items[count - 1].op != OP_BR || has_label_at(e, count)) return;
  const Insn last = e->code.items[count - 1];
  if (last.a == id) {
    unput(e);
    e->labels.items[id].refs--;
    label_enter(e, &e->labels.items[id]);
    return;
  }
  Insn *before = count > 1 && !has_label_at(e, count - 1) ? &e->code.items[count - 2] : NULL;
  if (!before || (before->op != OP_BR_IF && before->op != OP_BR_IFNOT) || before->a != id) return;
  before->op = before->op == OP_BR_IF ? OP_BR_IFNOT : OP_BR_IF;
  before->a = last.a;
  unput(e);
  e->labels.items[id].refs--;
  label_enter(e, &e->labels.items[id]);
}

void label_bind(Emitter *e, LabelId id) {
  EmitLabel *label = &e->labels.items[id];
  if (e->failed) return;
  drop_branch_to_here(e, id);
  if (label->refs == 0) return;
  assert(!e->reachable || e->stack.count == label->nstack);
  if (!e->reachable) label_enter(e, label);
  label->bound = bind_here(e, label);
}

LabelId label_loop(Emitter *e) {
  LabelId id = label_new(e);
  if (e->failed) return id;
  if (!e->reachable) e->stack.count = 0;
  e->reachable = true;
  assert(e->stack.count == 0);
  e->labels.items[id].bound = bind_here(e, &e->labels.items[id]);
  return id;
}

void branch(Emitter *e, Insn insn, LabelId id, const Type *label_push) {
  if (!e->reachable) return;
  EmitLabel *label = &e->labels.items[id];
  if (label->bound != NONE) {
    e->bound.items[label->bound].refs++;
  } else {
    if (label_push) push(e, label_push);
    if (label->refs++ == 0) label_state(e, label);
    assert(label->nstack == e->stack.count);
    if (label_push) pop(e);
  }
  insn.a = id;
  put(e, insn);
}

void branch_op(Emitter *e, Op op, LabelId label) {
  if (op != OP_BR) pop(e);
  branch(e, (Insn){.op = (uint8_t)op}, label, NULL);
}

void put_switch(Emitter *e, const LabelId *labels, uint32_t count) {
  pop(e);
  if (!e->reachable) return;
  uint32_t first = (uint32_t)e->switches.count;
  for (uint32_t i = 0; i < count; i++) {
    EmitLabel *label = &e->labels.items[labels[i]];
    if (label->refs++ == 0) label_state(e, label);
    VEC_PUSH(e->arena, &e->switches, labels[i]);
  }
  put(e, (Insn){.op = OP_SWITCH, .a = first, .b = count});
}

/* ---- The finished function ---- */

static bool has_label(const Insn *insn) { return op_table[insn->op].imms[0] == 'L'; }

/* Where a branch ends up that follows branches. */
static LabelId thread(const Emitter *e, LabelId id) {
  for (int hops = 0; hops < 16; hops++) {
    const Insn *insn = &e->code.items[e->bound.items[e->labels.items[id].bound].label.pc];
    if (insn->op != OP_BR) break;
    id = insn->a;
  }
  return id;
}

/* Lets branches to branches go on at once; false if there were none. */
static bool thread_branches(Emitter *e) {
  bool changed = false;
  for (size_t i = 0; i < e->bound.count; i++) e->bound.items[i].refs = 0;
  for (size_t i = 0; i < e->code.count + e->switches.count; i++) {
    bool is_insn = i < e->code.count;
    if (is_insn && !has_label(&e->code.items[i])) continue;
    LabelId *id = is_insn ? &e->code.items[i].a : &e->switches.items[i - e->code.count];
    LabelId to = thread(e, *id);
    changed |= to != *id;
    *id = to;
    e->bound.items[e->labels.items[to].bound].refs++;
  }
  return changed;
}

/* Drops the branches that nothing comes to any more. */
static void drop_unreached(Emitter *e) {
  size_t nlines = 0, next_bound = 0, next_line = 0;
  uint32_t kept = 0;
  BoundLabel *bound = e->bound.items;
  LineEntry *lines = e->lines.items;
  for (uint32_t pc = 0; pc < e->code.count; pc++) {
    bool is_labelled = next_bound < e->bound.count && bound[next_bound].label.pc == pc;
    bool is_after_end = kept > 0 && op_table[e->code.items[kept - 1].op].flags & OP_END;
    bool is_dropped = e->code.items[pc].op == OP_BR && is_after_end && !(is_labelled && bound[next_bound].refs);
    for (; next_line < e->lines.count && lines[next_line].pc == pc; next_line++) {
      if (nlines && lines[nlines - 1].pc == kept) nlines--;
      lines[nlines] = lines[next_line];
      lines[nlines++].pc = kept;
    }
    if (is_labelled) {
      bound[next_bound].label.pc = kept;
      bound[next_bound].is_dropped = is_dropped;
      next_bound++;
    }
    if (!is_dropped) e->code.items[kept++] = e->code.items[pc];
  }
  if (nlines && lines[nlines - 1].pc == kept) nlines--;
  e->code.count = kept;
  e->lines.count = nlines;
}

static bool names_local(const Insn *insn) { return insn->op == OP_LOCAL_GET || insn->op == OP_LOCAL_SET; }
/* Numbers the locals that are named, parameters first; next_free holds the new index. */
static bool finish_locals(Emitter *e, Function *out) {
  for (size_t i = 0; i < e->code.count; i++) {
    if (names_local(&e->code.items[i])) e->locals.items[e->code.items[i].a].is_used = true;
  }
  uint32_t count = 0;
  out->locals = module_alloc(e->module, e->locals.count * sizeof *out->locals + 1);
  if (!out->locals) return false;
  for (uint32_t i = 0; i < e->locals.count; i++) {
    EmitLocal *local = &e->locals.items[i];
    if (i < out->nparams) local->is_used = true;
    local->next_free = count;
    if (local->is_used) out->locals[count++] = local->type;
  }
  out->nlocals = count;
  return true;
}

static bool copy_label(Emitter *e, const Label *from, Label *to) {
  to->pc = from->pc;
  to->nstack = from->nstack;
  to->stack = module_alloc(e->module, from->nstack * sizeof *to->stack + 1);
  to->init = module_alloc(e->module, from->ninit * sizeof *to->init + 1);
  if (!to->stack || !to->init) return false;
  if (from->nstack) memcpy(to->stack, from->stack, from->nstack * sizeof *to->stack);
  for (uint32_t i = 0; i < from->ninit; i++) {
    const EmitLocal *local = &e->locals.items[from->init[i]];
    if (local->is_used) to->init[to->ninit++] = local->next_free;
  }
  return true;
}

static bool finish_labels(Emitter *e, Function *out) {
  out->labels = module_alloc(e->module, e->bound.count * sizeof *out->labels + 1);
  if (!out->labels) return false;
  for (size_t i = 0; i < e->bound.count; i++) {
    BoundLabel *bound = &e->bound.items[i];
    uint32_t pc = bound->label.pc;
    bool is_after_end = pc > 0 && op_table[e->code.items[pc - 1].op].flags & OP_END;
    if (bound->is_dropped || (!bound->refs && !is_after_end)) continue;
    bound->final = out->nlabels++;
    if (!copy_label(e, &bound->label, &out->labels[bound->final])) return false;
  }
  return true;
}

static uint32_t final_label(const Emitter *e, LabelId label) { return e->bound.items[e->labels.items[label].bound].final; }

bool code_finish(Emitter *e, Function *out) {
  if (thread_branches(e)) drop_unreached(e);
  if (!finish_locals(e, out) || !finish_labels(e, out)) return false;
  out->ncode = (uint32_t)e->code.count;
  out->code = module_alloc(e->module, e->code.count * sizeof *out->code + 1);
  out->nlines = (uint32_t)e->lines.count;
  out->lines = module_alloc(e->module, e->lines.count * sizeof *out->lines + 1);
  out->nswitches = (uint32_t)e->switches.count;
  out->switches = module_alloc(e->module, e->switches.count * sizeof *out->switches + 1);
  if (!out->code || !out->lines || !out->switches) return false;
  if (e->lines.count) memcpy(out->lines, e->lines.items, e->lines.count * sizeof *out->lines);
  for (size_t i = 0; i < e->code.count; i++) {
    Insn insn = e->code.items[i];
    if (names_local(&insn)) insn.a = e->locals.items[insn.a].next_free;
    if (has_label(&insn)) insn.a = final_label(e, insn.a);
    out->code[i] = insn;
  }
  for (size_t i = 0; i < e->switches.count; i++) out->switches[i] = final_label(e, e->switches.items[i]);
  return true;
}
