/* emit_function.c - one function: its parameters and captures become locals, captured parameters that are assigned move to cells, then the body.
 *
 * A closure's captures follow its own parameters, so that fn.new binds them as the last ones.
 */
#include <string.h>

#include "compiler/emit_internal.h"

static const Type *cell_of(Emitter *e, const Type *type) { return type_unary(e->module->types, TYPE_CELL, type); }

void var_bind(Emitter *e, TVar *var, const Type *type) {
  if (!e->reachable) return;
  VarInfo *info = var ? var_info(e->arena, var) : NULL;
  if (!info || (info->uses == 0 && !var->is_captured)) {
    emit_drop(e);
    return;
  }
  info->is_alias = false;
  if (var_is_cell(var)) {
    const Type *cell = cell_of(e, type);
    if (!cell) {
      emit_out_of_memory(e);
      return;
    }
    pop(e);
    put_op(e, OP_CELL_NEW, type);
    push(e, cell);
    type = cell;
  }
  var->slot = local_new(e, type);
  VEC_PUSH(e->arena, &e->scope_locals, var->slot);
  local_set(e, var->slot);
}

void put_return(Emitter *e) {
  pop(e);
  put_op(e, OP_RET, NULL);
}

/* ---- The declaration ---- */

static bool copy_tparams(Module *m, Function *out, const TFunction *function) {
  out->ntparams = function->ntparams;
  out->tparams = module_alloc(m, function->ntparams * sizeof *out->tparams + 1);
  if (!out->tparams) return false;
  for (uint32_t i = 0; i < function->ntparams; i++) {
    const TypeParam *from = &function->tparams[i];
    TypeParam *to = &out->tparams[i];
    const char *name = from->name ? from->name : "";
    to->name = module_copy(m, name, strlen(name));
    to->nbounds = from->nbounds;
    to->bounds = module_alloc(m, from->nbounds * sizeof *to->bounds + 1);
    if (!to->name || !to->bounds) return false;
    if (from->nbounds) memcpy(to->bounds, from->bounds, from->nbounds * sizeof *to->bounds);
  }
  return true;
}

static uint32_t add_param(Emitter *e, const Type *type) {
  VEC_PUSH(e->arena, &e->locals, ((EmitLocal){.type = type, .is_live = true}));
  return (uint32_t)e->locals.count - 1;
}

static bool add_params(Emitter *e, Function *out, TFunction *function) {
  FnInfo *info = fn_info(e->arena, function);
  size_t count = function->nparams + info->count;
  if (count > MODULE_PARAMS_MAX) {
    e->span = function->span;
    emit_limit(e, DIAG_LIMIT_PARAMS, MODULE_PARAMS_MAX);
    return false;
  }
  out->params = module_alloc(e->module, count * sizeof *out->params + 1);
  if (!out->params) return emit_out_of_memory(e);
  for (uint32_t i = 0; i < function->nparams; i++) {
    TVar *param = function->params[i];
    var_info(e->arena, param)->is_alias = false;
    param->slot = add_param(e, param->type);
    out->params[i] = param->type;
  }
  for (size_t i = 0; i < info->count; i++) {
    TVar *var = info->captures[i];
    const Type *type = var_is_cell(var) ? cell_of(e, var->type) : var->type;
    if (!type) return emit_out_of_memory(e);
    var_info(e->arena, var)->is_alias = true; /* the peephole over set and get is for variables of this function */
    var->slot = add_param(e, type);
    out->params[function->nparams + i] = type;
  }
  out->nparams = (uint32_t)count;
  return true;
}

static void move_params_to_cells(Emitter *e, TFunction *function) {
  for (uint32_t i = 0; i < function->nparams; i++) {
    TVar *param = function->params[i];
    if (!var_is_cell(param)) continue;
    local_get(e, param->slot);
    var_bind(e, param, param->type);
  }
}

bool emit_function(Emitter *e, TFunction *function, Function *out) {
  code_reset(e, function);
  bool returns = function->result->kind != TYPE_NEVER;
  e->result = returns ? function->result : type_simple(e->module->types, TYPE_VOID);
  out->result = e->result;
  out->name = module_copy(e->module, function->name, strlen(function->name));
  if (!out->name || !e->result || !copy_tparams(e->module, out, function)) return emit_out_of_memory(e);
  if (!add_params(e, out, function)) return false;
  move_params_to_cells(e, function);
  emit_as(e, function->body, e->result, EMIT_TAIL);
  if (e->reachable && !e->failed) {
    put_op(e, OP_VOID_CONST, NULL);
    push(e, e->result);
    put_return(e);
  }
  if (e->failed) return false;
  return code_finish(e, out) || emit_out_of_memory(e);
}
