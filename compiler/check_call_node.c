/* check_call_node.c - the nodes that calls become, and functions as values. Interface: check.h, check_call.h. */
#include "compiler/check_call.h"

#include <string.h>

/* ---- Nodes ---- */

const Type **check_copy_types(Checker *c, const Type *const *types, uint32_t count) {
  const Type **copy = CHECK_ARRAY(c, const Type *, count);
  if (count) memcpy(copy, types, count * sizeof *copy);
  return copy;
}

static TNode *call_op(Checker *c, Fn *fn, const Type *const *targs, TNode **args, uint32_t nargs, const Type *result, Span span) {
  TNode *node = check_op_list(c, fn->op, fn->generics->count ? targs[0] : NULL, result, span, args, nargs);
  if (fn->generics->count > 1) node->u = targs[1];
  return node;
}

/* A function that says it never returns is one of void for the machine; behind the call nothing may follow. */
static TNode *never_call(Checker *c, TNode *call, Span span) {
  NodeList list = {0};
  call->type = c->t_void;
  check_push(c, &list, call);
  check_push(c, &list, check_panic(c, check_str(c, "a function of type never returned", 33, span), span));
  return check_block_node(c, &list, span);
}

/* Operands up to the first that never goes on, or NULL when all do. */
TNode *check_never_operand(Checker *c, TNode **args, uint32_t nargs, Span span) {
  NodeList list = {0};
  for (uint32_t i = 0; i < nargs; i++) {
    check_push(c, &list, args[i]);
    if (check_is_never(args[i])) return check_block_node(c, &list, span);
  }
  return NULL;
}

TNode *check_call_fn(Checker *c, Fn *fn, const Type *const *targs, TNode **args, uint32_t nargs, Span span) {
  check_fn_ready(c, fn);
  const Type *result = check_subst(c, fn->result, targs, fn->generics->count, span);
  if (result->kind == TYPE_ERROR) return check_error_node(c, span);
  for (uint32_t i = 0; i < nargs; i++) {
    if (args[i]->type->kind == TYPE_ERROR) return check_error_node(c, span);
  }
  TNode *never = check_never_operand(c, args, nargs, span);
  if (never) return never;
  if (fn->is_op) return call_op(c, fn, targs, args, nargs, result, span);
  if (check_fn_forward(c, fn)) {
    uint32_t count = fn->forward->generics->count;
    const Type **passed = CHECK_ARRAY(c, const Type *, count + 1);
    for (uint32_t i = 0; i < count; i++) passed[i] = check_subst(c, fn->forward_args[i], targs, fn->generics->count, span);
    return check_call_fn(c, fn->forward, passed, args, nargs, span);
  }
  TNode *node = check_node(c, fn->import ? TN_CALL_IMPORT : TN_CALL, result, span);
  node->list = args;
  node->nlist = nargs;
  if (fn->import) {
    node->import = fn->import;
    if (result->kind != TYPE_RESULT) return node;
    node->type = fn->import->result;
    return check_host_result(c, node, result, span);
  }
  check_bounds_ensure(c, fn->generics, targs);
  node->function = check_fn_reach(c, fn);
  node->targs = check_copy_types(c, targs, fn->generics->count);
  node->ntargs = fn->generics->count;
  return result->kind == TYPE_NEVER ? never_call(c, node, span) : node;
}

TNode *check_call_prelude(Checker *c, const char *name, TNode **args, uint32_t nargs, Span span) {
  Fn *fn = check_prelude_fn(c, name);
  if (!fn) return check_error_node(c, span);
  check_fn_ready(c, fn);
  const Type **targs = CHECK_ARRAY(c, const Type *, fn->generics->count + 1);
  for (uint32_t i = 0; i < nargs && i < fn->nparams; i++) {
    if (args[i]->type->kind == TYPE_ERROR) return check_error_node(c, span);
    if (!check_is_never(args[i])) check_unify(c, fn->params[i], args[i]->type, targs, fn->generics->count);
  }
  if (!check_bounds(c, fn->generics, targs, NULL, span)) return check_error_node(c, span);
  for (uint32_t i = 0; i < fn->generics->count; i++) {
    if (!targs[i]) return check_never_operand(c, args, nargs, span);
  }
  return check_call_fn(c, fn, targs, args, nargs, span);
}

static TNode *call_dynamic(Checker *c, const MethodRef *m, TKind kind, TNode **args, uint32_t nargs, Span span) {
  TNode *never = check_never_operand(c, args, nargs, span);
  if (never) return never;
  const Type *result = check_subst(c, m->fn->result, m->targs, m->ntargs, span);
  if (result->kind == TYPE_ERROR) return check_error_node(c, span);
  TNode *node = check_node(c, kind, result, span);
  node->t = m->trait;
  node->u = m->type;
  node->index = m->fn->slot;
  node->list = args;
  node->nlist = nargs;
  check_decl_index(c, m->fn->owner);
  return result->kind == TYPE_NEVER ? never_call(c, node, span) : node;
}

static TNode *call_synth(Checker *c, const MethodRef *m, TNode **args, uint32_t nargs, Span span) {
  check_impl_ensure(c, m->type, m->trait);
  const Type **targs = CHECK_ARRAY(c, const Type *, m->impl->generics->count + 1);
  check_unify(c, m->impl->type, m->type, targs, m->impl->generics->count);
  TNode *node = check_node(c, TN_CALL, check_subst(c, m->fn->result, m->targs, m->ntargs, span), span);
  node->function = check_synth_method(c, m->impl);
  node->targs = targs;
  node->ntargs = m->impl->generics->count;
  node->list = args;
  node->nlist = nargs;
  return node;
}

TNode *check_call_method(Checker *c, const MethodRef *m, const Type *const *targs, TNode **args, uint32_t nargs, Span span) {
  for (uint32_t i = 0; i < nargs; i++) {
    if (args[i]->type->kind == TYPE_ERROR) return check_error_node(c, span);
  }
  switch (m->kind) {
    case METHOD_BOUND: return call_dynamic(c, m, TN_CALL_BOUND, args, nargs, span);
    case METHOD_TRAIT:
      args[0] = check_coerce(c, args[0], m->trait, span);
      return call_dynamic(c, m, TN_CALL_TRAIT, args, nargs, span);
    case METHOD_IMPL: return call_synth(c, m, args, nargs, span);
    default: return check_call_fn(c, m->fn, targs, args, nargs, span);
  }
}

TNode *check_call_trait(Checker *c, Decl *trait, const char *name, TNode **args, uint32_t nargs, Span span) {
  MethodRef m;
  if (!check_method_of_trait(c, args[0]->type, trait, check_intern(c, name), &m)) return NULL;
  check_fn_ready(c, m.fn);
  return check_call_method(c, &m, m.targs, args, nargs, span);
}

/* ---- Functions as values ---- */

static const Type *fn_type(Checker *c, const Fn *fn, const Type *const *targs, Span span) {
  const Type **parts = CHECK_ARRAY(c, const Type *, fn->nparams + 1);
  for (uint32_t i = 0; i < fn->nparams; i++) parts[i] = check_subst(c, fn->params[i], targs, fn->generics->count, span);
  const Type *result = check_subst(c, fn->result, targs, fn->generics->count, span);
  parts[fn->nparams] = result->kind == TYPE_NEVER ? c->t_void : result;
  return check_type_new(c, TYPE_FN, 0, parts, fn->nparams + 1, span);
}

/* A function that only calls an instruction, a native or a forwarding function, so that it can be a value. */
static TFunction *wrapper(Checker *c, Fn *fn, Span span) {
  if (fn->function) return fn->function;
  TFunction *f = check_function_new(c, fn->name, span, fn->generics);
  f->nparams = fn->nparams;
  f->params = CHECK_ARRAY(c, TVar *, fn->nparams);
  f->result = fn->result->kind == TYPE_NEVER ? c->t_void : fn->result;
  Frame frame = {.function = f, .unit = fn->unit, .generics = fn->generics, .result = f->result};
  Frame *saved = c->frame;
  c->frame = &frame;
  TNode **args = CHECK_ARRAY(c, TNode *, fn->nparams);
  for (uint32_t i = 0; i < fn->nparams; i++) {
    f->params[i] = check_temp_new(c, "arg", fn->params[i]);
    args[i] = check_var(c, f->params[i], span);
  }
  f->body = check_call_fn(c, fn, check_own_params(c, fn->generics), args, fn->nparams, span);
  c->frame = saved;
  return fn->function = f;
}

TNode *check_fn_value(Checker *c, Fn *fn, const Type *expected, Span span) {
  check_fn_ready(c, fn);
  uint32_t count = fn->generics->count;
  const Type **targs = CHECK_ARRAY(c, const Type *, count + 1);
  const Type *wanted = check_peel(c, expected, TYPE_FN);
  if (wanted && wanted->nargs == fn->nparams + 1) {
    for (uint32_t i = 0; i < fn->nparams; i++) check_unify(c, fn->params[i], wanted->args[i], targs, count);
    check_unify(c, fn->result, wanted->args[fn->nparams], targs, count);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (targs[i]) continue;
    Diag *d = check_report(c, span, DIAG_CANNOT_INFER, fn->generics->names[i], arena_format(c->arena, "`%s`", fn->name));
    diag_help(d, "wrap it in a closure: `|x| %s(x)`", fn->name);
    return check_error_node(c, span);
  }
  if (!check_bounds(c, fn->generics, targs, fn->name, span)) return check_error_node(c, span);
  const Type *type = fn_type(c, fn, targs, span);
  if (type->kind == TYPE_ERROR) return check_error_node(c, span);
  TNode *node = check_node(c, TN_FN, type, span);
  bool is_direct = !fn->is_op && !fn->import && !check_fn_forward(c, fn);
  node->function = is_direct ? check_fn_reach(c, fn) : wrapper(c, fn, span);
  node->targs = targs;
  node->ntargs = count;
  check_bounds_ensure(c, fn->generics, targs);
  return node;
}
