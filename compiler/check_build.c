/* check_build.c - makers of typed-tree nodes.
 *
 * They keep the tree's invariants: a block ends at its first node that never goes on, and has the type of its last one; constants carry the
 * type that says which of their fields counts.
 */
#include "compiler/check.h"

#include <string.h>

TNode *check_node(Checker *c, TKind kind, const Type *type, Span span) {
  TNode *node = CHECK_NEW(c, TNode);
  node->kind = kind;
  node->type = type;
  node->span = span;
  return node;
}

TNode *check_error_node(Checker *c, Span span) { return check_node(c, TN_CONST, c->t_error, span); }

TNode *check_void(Checker *c, Span span) { return check_node(c, TN_CONST, c->t_void, span); }

TNode *check_int(Checker *c, int64_t value, Span span) {
  TNode *node = check_node(c, TN_CONST, c->t_int, span);
  node->value.i = value;
  return node;
}

TNode *check_bool(Checker *c, bool value, Span span) {
  TNode *node = check_node(c, TN_CONST, c->t_bool, span);
  node->value.i = value;
  return node;
}

TNode *check_str(Checker *c, const char *text, size_t len, Span span) {
  TNode *node = check_node(c, TN_CONST, c->t_string, span);
  node->str = (Str){text, len};
  return node;
}

TNode *check_op_list(Checker *c, Op op, const Type *t, const Type *result, Span span, TNode **list, uint32_t count) {
  TNode *node = check_node(c, TN_OP, result, span);
  node->op = op;
  node->t = t;
  node->list = list;
  node->nlist = count;
  return node;
}

TNode *check_op(Checker *c, Op op, const Type *t, const Type *result, Span span, TNode *a, TNode *b, TNode *d) {
  uint32_t count = d ? 3 : b ? 2 : a ? 1 : 0;
  TNode **list = CHECK_ARRAY(c, TNode *, count);
  if (a) list[0] = a;
  if (b) list[1] = b;
  if (d) list[2] = d;
  return check_op_list(c, op, t, result, span, list, count);
}

TNode *check_map_get(Checker *c, TNode **operands, Span span) {
  const Type *type = operands[0]->type;
  if (!type_is_plain_key(type->args[0])) return check_call_prelude(c, "_map_get", operands, 2, span);
  TNode *node = check_op_list(c, OP_MAP_GET, type->args[0], check_type_opt(c, type->args[1]), span, operands, 2);
  node->u = type->args[1];
  return node;
}

TNode *check_map_set(Checker *c, TNode **operands, Span span) {
  const Type *type = operands[0]->type;
  if (!type_is_plain_key(type->args[0])) return check_call_prelude(c, "_map_set", operands, 3, span);
  TNode *node = check_op_list(c, OP_MAP_SET, type->args[0], c->t_void, span, operands, 3);
  node->u = type->args[1];
  return node;
}

TNode *check_var(Checker *c, TVar *var, Span span) {
  TNode *node = check_node(c, TN_VAR, var->type, span);
  node->var = var;
  return node;
}

TNode *check_let(Checker *c, TVar *var, TNode *value, Span span) {
  TNode *node = check_node(c, TN_LET, check_is_never(value) ? c->t_never : c->t_void, span);
  node->var = var;
  node->a = value;
  return node;
}

TNode *check_set(Checker *c, TVar *var, TNode *value, Span span) {
  TNode *node = check_node(c, TN_SET_VAR, check_is_never(value) ? c->t_never : c->t_void, span);
  node->var = var;
  node->a = value;
  var->is_assigned = true;
  return node;
}

TNode *check_if(Checker *c, TNode *cond, TNode *then, TNode *otherwise, const Type *type, Span span) {
  TNode *node = check_node(c, TN_IF, type, span);
  node->a = cond;
  node->b = then;
  node->c = otherwise;
  return node;
}

TNode *check_break(Checker *c, TScope *scope, TNode *value, Span span) {
  TNode *node = check_node(c, TN_BREAK, c->t_never, span);
  node->scope = scope;
  node->a = value;
  return node;
}

TNode *check_panic(Checker *c, TNode *text, Span span) { return check_op(c, OP_PANIC, NULL, c->t_never, span, text, NULL, NULL); }

TNode *check_nil(Checker *c, const Type *inner, Span span) {
  return check_op(c, OP_OPT_NIL, inner, check_type_opt(c, inner), span, NULL, NULL, NULL);
}

TNode *check_some(Checker *c, TNode *value, Span span) {
  if (check_is_never(value) || value->type->kind == TYPE_ERROR) return value;
  return check_op(c, OP_OPT_SOME, value->type, check_type_opt(c, value->type), span, value, NULL, NULL);
}

bool check_is_never(const TNode *node) { return node->type->kind == TYPE_NEVER; }

void check_push(Checker *c, NodeList *list, TNode *node) {
  if (!node || (list->count && check_is_never(list->items[list->count - 1]))) return;
  VEC_PUSH(c->arena, list, node);
}

TNode *check_block_node(Checker *c, NodeList *list, Span span) {
  if (list->count == 1 && list->items[0]->kind != TN_LET && list->items[0]->kind != TN_DEFER) return list->items[0];
  const Type *type = list->count ? list->items[list->count - 1]->type : c->t_void;
  TNode *node = check_node(c, TN_BLOCK, type, span);
  node->list = list->items;
  node->nlist = (uint32_t)list->count;
  return node;
}

TNode *check_hold(Checker *c, NodeList *list, TNode *value, const char *name) {
  if (value->kind == TN_CONST || value->type->kind == TYPE_ERROR || check_is_never(value)) return value;
  TVar *var = check_temp_new(c, name, value->type);
  check_push(c, list, check_let(c, var, value, value->span));
  return check_var(c, var, value->span);
}
