/* emit_expr.c - nodes that compute: constants, variables, instructions, calls, function values. Those that branch are in emit_flow.c.
 *
 * A list of operands is written left to right. When one of them holds a loop, the ones before it are kept in temporaries until that is done,
 * because the stack must be empty where a loop goes back.
 */
#include <string.h>

#include "compiler/emit_internal.h"

#define NONE UINT32_MAX

/* ---- Constants and variables ---- */

static void put_const(Emitter *e, const TNode *node) {
  Insn insn = {0};
  switch ((int)node->type->kind) {
    case TYPE_INT: insn = (Insn){.op = OP_INT_CONST, .x.i = node->value.i}; break;
    case TYPE_FLOAT: insn = (Insn){.op = OP_FLOAT_CONST, .x.f = node->value.f}; break;
    case TYPE_BOOL: insn = (Insn){.op = OP_BOOL_CONST, .a = node->value.i != 0}; break;
    case TYPE_CHAR: insn = (Insn){.op = OP_CHAR_CONST, .a = (uint32_t)node->value.i}; break;
    case TYPE_STRING: insn = (Insn){.op = OP_STRING_CONST, .a = emit_string(e, node->str.text, node->str.len)}; break;
    default: insn.op = OP_VOID_CONST;
  }
  put(e, insn);
  push(e, node->type);
}

static void put_void(Emitter *e) {
  put_op(e, OP_VOID_CONST, NULL);
  push(e, type_simple(e->module->types, TYPE_VOID));
}

void emit_drop(Emitter *e) {
  const Type *type = pop(e);
  const Insn *last = last_insn(e);
  bool is_plain = last && (last->op == OP_LOCAL_GET || (last->op >= OP_INT_CONST && last->op <= OP_VOID_CONST));
  if (is_plain) unput(e);
  else put_op(e, OP_POP, type);
}

/* A value that was just stored to be read here and nowhere else stays on the stack. */
static bool take_stored(Emitter *e, TVar *var, const VarInfo *info) {
  if (info->uses != 1 || info->is_alias || var->is_captured || var->is_assigned) return false;
  const Insn *last = last_insn(e);
  if (!last || last->op != OP_LOCAL_SET || last->a != var->slot) return false;
  unput(e);
  e->locals.items[var->slot].is_live = false;
  push(e, var->type);
  return true;
}

static void emit_var(Emitter *e, TVar *var) {
  if (take_stored(e, var, var_info(e->arena, var))) return;
  local_get(e, var->slot);
  if (!var_is_cell(var)) return;
  pop(e);
  put_op(e, OP_CELL_GET, var->type);
  push(e, var->type);
}

static bool is_body_open(const Emitter *e, const TNode *loop) {
  for (const OpenLoop *open = e->loops; open; open = open->outer) {
    if (open->node == loop) return true;
  }
  return false;
}

/* Whether a new variable can share the slot of the one it copies: neither changes while the new one is in scope. */
static bool can_alias(Emitter *e, TVar *var, const TNode *value) {
  if (value->kind != TN_VAR || var->is_assigned || value->type != var->type) return false;
  TVar *source = value->var;
  if (!source->is_assigned) return true;
  const VarInfo *info = var_info(e->arena, source);
  return !source->is_captured && info->sets == info->step_sets && is_body_open(e, info->step_loop);
}

static void emit_let(Emitter *e, TNode *node) {
  TVar *var = node->var;
  VarInfo *info = var_info(e->arena, var);
  if (info->uses == 0 && !var->is_captured) {
    emit_node(e, node->a, EMIT_DROP);
  } else if (can_alias(e, var, node->a)) {
    var->slot = node->a->var->slot;
    info->is_alias = true;
  } else {
    emit_as(e, node->a, var->type, EMIT_VALUE);
    at(e, node);
    var_bind(e, var, var->type);
  }
}

static void emit_set_cell(Emitter *e, TNode *node) {
  TVar *var = node->var;
  if (node->a->emit_flags & NODE_LOOP) {
    emit_as(e, node->a, var->type, EMIT_VALUE);
    uint32_t value = local_store(e);
    local_get(e, var->slot);
    local_load(e, value);
  } else {
    local_get(e, var->slot);
    emit_as(e, node->a, var->type, EMIT_VALUE);
  }
  at(e, node);
  pop_operands(e, 2);
  put_op(e, OP_CELL_SET, var->type);
}

static void emit_set_var(Emitter *e, TNode *node) {
  TVar *var = node->var;
  if (var_is_cell(var)) {
    emit_set_cell(e, node);
  } else if (var_info(e->arena, var)->uses == 0) {
    emit_node(e, node->a, EMIT_DROP);
  } else {
    emit_as(e, node->a, var->type, EMIT_VALUE);
    at(e, node);
    local_set(e, var->slot);
  }
}

static void emit_set_global(Emitter *e, TNode *node) {
  emit_as(e, node->a, e->module->globals[node->index].type, EMIT_VALUE);
  at(e, node);
  pop(e);
  put(e, (Insn){.op = OP_GLOBAL_SET, .a = node->index});
}

/* ---- Operands ---- */

/* The same value and no effect, now or later. */
static bool is_steady(Emitter *e, const TNode *node) {
  return node->kind == TN_CONST || (node->kind == TN_VAR && !node->var->is_assigned) ||
         (node->kind == TN_FN && fn_info(e->arena, node->function)->count == 0);
}

static void emit_operands_spilling(Emitter *e, TNode **list, uint32_t count) {
  uint32_t *temps = ARENA_ARRAY(e->arena, uint32_t, count);
  for (uint32_t i = 0; i < count; i++) {
    temps[i] = NONE;
    if (is_steady(e, list[i])) continue;
    emit_node(e, list[i], EMIT_VALUE);
    temps[i] = local_store(e);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (is_steady(e, list[i])) emit_node(e, list[i], EMIT_VALUE);
    else local_load(e, temps[i]);
  }
}

static void emit_operands(Emitter *e, TNode **list, uint32_t count) {
  uint32_t nspilled = 0; /* up to the last one that holds a loop; a loop in the first needs none */
  for (uint32_t i = 1; i < count; i++) {
    if (list[i]->emit_flags & NODE_LOOP) nspilled = i + 1;
  }
  if (nspilled) emit_operands_spilling(e, list, nspilled);
  for (uint32_t i = nspilled; i < count; i++) emit_node(e, list[i], EMIT_VALUE);
}

/* ---- Instructions ---- */

bool emit_inverse(Op op, Op *inverse) {
  static const uint8_t pairs[][2] = {
    {OP_INT_EQ, OP_INT_NE}, {OP_INT_LT, OP_INT_GE}, {OP_INT_LE, OP_INT_GT}, {OP_FLOAT_EQ, OP_FLOAT_NE},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    if (op != pairs[i][0] && op != pairs[i][1]) continue;
    *inverse = (Op)pairs[i][op == pairs[i][0]];
    return true;
  }
  return false;
}

static void put_node_op(Emitter *e, const TNode *node, Op op, uint32_t noperands, uint32_t index) {
  Insn insn = {.op = (uint8_t)op};
  for (const char *letter = op_table[op].imms; *letter; letter++) {
    if (*letter == 'T') insn.t = node->t;
    else if (*letter == 'U') insn.x.u = node->u;
    else insn.a = index;
  }
  at(e, node);
  pop_operands(e, noperands);
  put(e, insn);
}

static bool pushes(Op op) { return strchr(op_table[op].sig, ':')[1] != '\0'; }

/* Without effect and never trapping: not needed when its value is not. */
static bool is_idle(Op op) {
  if (op_table[op].flags & OP_PURE_ROW) return !(op_table[op].flags & OP_TRAPS);
  return (op >= OP_TUPLE_NEW && op <= OP_OPT_IS) || op == OP_RES_OK || op == OP_RES_ERR || op == OP_REF_EQ;
}

/* What `op` makes of an instruction's worth of elements, from `first` on: in a local. */
static uint32_t emit_part(Emitter *e, TNode *node, Op op, uint32_t first) {
  uint32_t count = node->nlist - first < EMIT_CHUNK ? node->nlist - first : EMIT_CHUNK;
  emit_operands(e, node->list + first, count);
  put_node_op(e, node, op, count, count);
  push(e, node->type);
  return local_store(e);
}

/* list.new of more elements than one instruction takes: parts are appended. */
static void emit_long_list(Emitter *e, TNode *node) {
  uint32_t list = emit_part(e, node, OP_LIST_NEW, 0);
  for (uint32_t i = EMIT_CHUNK; i < node->nlist && e->reachable; i += EMIT_CHUNK) {
    uint32_t part = emit_part(e, node, OP_LIST_NEW, i);
    local_get(e, list);
    local_load(e, part);
    put_node_op(e, node, OP_LIST_APPEND, 2, 0);
  }
  local_load(e, list);
}

static void emit_long_concat(Emitter *e, TNode *node) {
  uint32_t joined = emit_part(e, node, OP_STRING_CONCAT, 0);
  for (uint32_t i = EMIT_CHUNK; i < node->nlist && e->reachable; i += EMIT_CHUNK) {
    uint32_t part = emit_part(e, node, OP_STRING_CONCAT, i);
    local_load(e, joined);
    local_load(e, part);
    put_node_op(e, node, OP_STRING_CONCAT, 2, 2);
    push(e, node->type);
    joined = local_store(e);
  }
  local_load(e, joined);
}

static bool emit_long_op(Emitter *e, TNode *node) {
  if (node->nlist <= EMIT_CHUNK) return false;
  if (node->op == OP_LIST_NEW) emit_long_list(e, node);
  else if (node->op == OP_STRING_CONCAT) emit_long_concat(e, node);
  else return false;
  return true;
}

static void emit_op(Emitter *e, TNode *node) {
  TNode *operand = node->nlist ? node->list[0] : NULL;
  Op op = node->op, inverse;
  if (emit_long_op(e, node)) return;
  if (op == OP_BOOL_NOT && operand->kind == TN_OP && emit_inverse(operand->op, &inverse)) {
    node = operand;
    op = inverse;
  }
  emit_operands(e, node->list, node->nlist);
  put_node_op(e, node, op, node->nlist, node->index);
  if (pushes(op)) push(e, node->type);
}

/* ---- Calls ---- */

static const Type **copy_targs(Emitter *e, const TNode *node) {
  TFunction *f = node->function;
  if (f->ntparams == 0) return NULL;
  const Type **targs = module_alloc(e->module, f->ntparams * sizeof *targs);
  if (!targs) {
    emit_out_of_memory(e);
    return NULL;
  }
  for (uint32_t i = 0; i < f->ntparams; i++) {
    targs[i] = node->ntargs == f->ntparams ? node->targs[i] : type_intern(e->module->types, TYPE_PARAM, i, NULL, 0);
  }
  return targs;
}

void emit_captures(Emitter *e, TFunction *function) {
  const FnInfo *info = fn_info(e->arena, function);
  for (size_t i = 0; i < info->count; i++) local_get(e, info->captures[i]->slot);
}

static void emit_fn(Emitter *e, TNode *node) {
  uint32_t ncaptures = (uint32_t)fn_info(e->arena, node->function)->count;
  emit_captures(e, node->function);
  at(e, node);
  pop_operands(e, ncaptures);
  const Type **targs = copy_targs(e, node);
  put(e, (Insn){.op = OP_FN_NEW, .a = node->function->index, .b = ncaptures, .ntargs = node->function->ntparams, .x.targs = targs});
  push(e, node->type);
}

static void emit_call(Emitter *e, TNode *node) {
  Insn insn = {.op = OP_CALL, .t = node->t, .a = node->index};
  uint32_t noperands = node->nlist;
  emit_operands(e, node->list, node->nlist);
  switch ((int)node->kind) {
    case TN_CALL:
      emit_captures(e, node->function);
      noperands += (uint32_t)fn_info(e->arena, node->function)->count;
      insn = (Insn){.op = OP_CALL, .a = node->function->index, .ntargs = node->function->ntparams, .x.targs = copy_targs(e, node)};
      break;
    case TN_CALL_BOUND:
      insn.op = OP_CALL_BOUND;
      insn.x.u = node->u;
      break;
    case TN_CALL_TRAIT: insn.op = OP_CALL_TRAIT; break;
    case TN_CALL_FN: insn = (Insn){.op = OP_CALL_FN, .t = node->list[0]->type}; break;
    default: insn = (Insn){.op = OP_CALL_IMPORT, .a = emit_import(e, node->import)};
  }
  at(e, node);
  pop_operands(e, noperands);
  put(e, insn);
  if (node->type->kind != TYPE_NEVER) {
    push(e, node->type);
    return;
  }
  put(e, (Insn){.op = OP_STRING_CONST, .a = emit_string(e, "unreachable", 11)}); /* the callee does not come back */
  put_op(e, OP_PANIC, NULL);
}

/* ---- Modes ---- */

static bool is_call(const TNode *node) { return node->kind >= TN_CALL && node->kind <= TN_CALL_IMPORT; }

/* Writes a node that does not branch; what it leaves on the stack, if anything, is its value. */
static void emit_plain(Emitter *e, TNode *node) {
  switch ((int)node->kind) {
    case TN_CONST: at(e, node); put_const(e, node); break;
    case TN_VAR: at(e, node); emit_var(e, node->var); break;
    case TN_GLOBAL:
      at(e, node);
      put(e, (Insn){.op = OP_GLOBAL_GET, .a = node->index});
      push(e, node->type);
      break;
    case TN_LET: emit_let(e, node); break;
    case TN_SET_VAR: emit_set_var(e, node); break;
    case TN_SET_GLOBAL: emit_set_global(e, node); break;
    case TN_OP:
      if (node->op == OP_FAIL && e->defers.count) emit_fail(e, node);
      else emit_op(e, node);
      break;
    case TN_FN: emit_fn(e, node); break;
    case TN_DEFER: VEC_PUSH(e->arena, &e->defers, node->a); break;
    default: emit_call(e, node);
  }
}

static void emit_for_effect(Emitter *e, TNode *node) {
  if (node->kind == TN_CONST || node->kind == TN_VAR || node->kind == TN_FN) return;
  if (node->kind == TN_OP && is_idle(node->op)) {
    for (uint32_t i = 0; i < node->nlist; i++) emit_node(e, node->list[i], EMIT_DROP);
    return;
  }
  uint32_t depth = depth_now(e);
  emit_plain(e, node);
  drop_to(e, depth);
}

static bool is_flow(const TNode *node) { return node->kind == TN_BLOCK || node->kind >= TN_IF; }

void emit_node(Emitter *e, TNode *node, EmitMode mode) {
  if (!e->reachable) return;
  if (is_flow(node)) {
    emit_flow(e, node, mode);
    return;
  }
  bool is_tail = mode == EMIT_TAIL;
  if (is_tail) mode = !returns_void(e) || (is_call(node) && node->type == e->result) ? EMIT_VALUE : EMIT_DROP;
  if (mode == EMIT_DROP) {
    emit_for_effect(e, node);
    return;
  }
  uint32_t depth = depth_now(e);
  emit_plain(e, node);
  if (e->reachable && depth_now(e) == depth) put_void(e);
  if (is_tail && e->reachable) put_return(e);
}

void emit_as(Emitter *e, TNode *node, const Type *type, EmitMode mode) {
  bool is_dropped = type->kind == TYPE_VOID && node->type->kind != TYPE_VOID && node->type->kind != TYPE_NEVER;
  emit_node(e, node, is_dropped ? EMIT_DROP : mode);
  if (is_dropped && mode == EMIT_VALUE && e->reachable) put_void(e);
}
