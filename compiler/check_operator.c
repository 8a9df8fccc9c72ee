/* check_operator.c - operators: one instruction where the types are built in, a call of the operator's trait where they are not.
 *
 * Both operands have one type, except where a trait says otherwise; int and float never mix. Each operand of a comparison gives the other its
 * expected type, so that `x == nil` and `.red == color` work.
 */
#include "compiler/check.h"

#include <ctype.h>
#include <math.h>

typedef struct OperatorInfo {
  TokenKind token;
  int int_op, float_op; /* -1: none */
  const char *method;   /* of the trait; NULL: none */
  const char *trait;
} OperatorInfo;

static const OperatorInfo operators[] = {
  {TOK_PLUS, OP_INT_ADD, OP_FLOAT_ADD, "add", "Add"},
  {TOK_MINUS, OP_INT_SUB, OP_FLOAT_SUB, "sub", "Sub"},
  {TOK_STAR, OP_INT_MUL, OP_FLOAT_MUL, "mul", "Mul"},
  {TOK_SLASH, OP_INT_DIV, OP_FLOAT_DIV, "div", "Div"},
  {TOK_PERCENT, OP_INT_REM, OP_FLOAT_REM, NULL, NULL},
  {TOK_PLUS_WRAP, OP_INT_WADD, -1, NULL, NULL},
  {TOK_MINUS_WRAP, OP_INT_WSUB, -1, NULL, NULL},
  {TOK_STAR_WRAP, OP_INT_WMUL, -1, NULL, NULL},
  {TOK_AMP, OP_INT_AND, -1, NULL, NULL},
  {TOK_PIPE, OP_INT_OR, -1, NULL, NULL},
  {TOK_CARET, OP_INT_XOR, -1, NULL, NULL},
  {TOK_LT_LT, OP_INT_SHL, -1, NULL, NULL},
  {TOK_GT_GT, OP_INT_SHR, -1, NULL, NULL},
  {TOK_GT_GT_GT, OP_INT_USHR, -1, NULL, NULL},
  {TOK_LT, OP_INT_LT, OP_FLOAT_LT, "_lt", "Ord"},
  {TOK_LT_EQ, OP_INT_LE, OP_FLOAT_LE, "_le", "Ord"},
  {TOK_GT, OP_INT_GT, OP_FLOAT_GT, "_gt", "Ord"},
  {TOK_GT_EQ, OP_INT_GE, OP_FLOAT_GE, "_ge", "Ord"},
};

static const OperatorInfo *operator_info(TokenKind token) {
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    if (operators[i].token == token) return &operators[i];
  }
  return NULL;
}

static bool is_order(TokenKind op) { return op == TOK_LT || op == TOK_LT_EQ || op == TOK_GT || op == TOK_GT_EQ; }

static Decl *operator_trait(Checker *c, TokenKind op) {
  switch (op) {
    case TOK_PLUS: return c->core.add;
    case TOK_MINUS: return c->core.sub;
    case TOK_STAR: return c->core.mul;
    case TOK_SLASH: return c->core.div;
    default: return is_order(op) ? c->core.ord : NULL;
  }
}

static TNode *binary_op(Checker *c, Op op, const Type *result, TNode *a, TNode *b, Span span) {
  return check_op(c, op, NULL, result, span, a, b, NULL);
}

/* ---- Reports ---- */

static TNode *report_operands(Checker *c, TokenKind op, const TNode *left, const TNode *right, Span op_span, Span span) {
  const Type *a = left->type, *b = right->type;
  bool has_text = a->kind == TYPE_STRING || b->kind == TYPE_STRING, has_char = a->kind == TYPE_CHAR || b->kind == TYPE_CHAR;
  const char *sign = token_text(op);
  Diag *d = check_report(c, op_span, DIAG_OPERANDS, sign, check_type_text(c, a), check_type_text(c, b));
  bool mixed = (a->kind == TYPE_INT && b->kind == TYPE_FLOAT) || (a->kind == TYPE_FLOAT && b->kind == TYPE_INT);
  const TNode *whole = a->kind == TYPE_INT ? left : right;
  const TNode *optional = a->kind == TYPE_OPT ? left : b->kind == TYPE_OPT ? right : NULL;
  const TNode *result = a->kind == TYPE_RESULT ? left : b->kind == TYPE_RESULT ? right : NULL;
  Str text = span_text(&c->comp->sources, mixed ? whole->span : optional ? optional->span : result ? result->span : span);
  int len = text.len > 60 ? 60 : (int)text.len;
  if (op == TOK_CARET && (a->kind == TYPE_FLOAT || b->kind == TYPE_FLOAT)) diag_help(d, "`^` is exclusive or of ints; a power is `x ** y`");
  else if (mixed && whole->kind == TN_CONST && isdigit((unsigned char)*text.text)) diag_help(d, "write `%.*s.0`", len, text.text);
  else if (mixed) diag_help(d, "convert one: `float(%.*s)`", len, text.text);
  else if (op == TOK_PLUS && (a->kind == TYPE_STRING || b->kind == TYPE_STRING))
    diag_help(d, "put the value into the text: `\"{x}\"`, or convert it: `string(x)`");
  else if (op == TOK_PERCENT && a->kind == TYPE_STRING) diag_help(d, "values stand in the text itself: `\"{x}\"`, with a format `\"{x:.2}\"`");
  else if (has_text && has_char) diag_help(d, "`'x'` is a char, `\"x\"` a string; text of a char is `string(c)`");
  else if (op == TOK_PLUS && a->kind == TYPE_LIST && a == b) diag_help(d, "`xs.concat(ys)` makes a new list, `xs.push(x)` adds one");
  else if (op == TOK_STAR && a->kind == TYPE_STRING) diag_help(d, "write `text.repeat(n)`");
  else if (has_char && (a->kind == TYPE_INT || b->kind == TYPE_INT))
    diag_help(d, "`c.code()` is the number of a char, `char(n)` the char of a number");
  else if (optional) diag_help(d, "it may be nil: write `(%.*s ?? other)`", len, text.text);
  else if (result) diag_help(d, "it may be an error: write `(try %.*s)`, or use `catch`", len, text.text);
  else if (a == b && a->kind == TYPE_PARAM && operator_info(op) && operator_info(op)->trait)
    diag_help(d, "add the bound: `%s: %s`", check_type_text(c, a), operator_info(op)->trait);
  else if (a == b && operator_info(op) && operator_info(op)->trait)
    diag_help(d, "`%s` would have to implement `%s`", check_type_text(c, a), operator_info(op)->trait);
  return check_error_node(c, span);
}

/* ---- Equality ---- */

static bool is_nil_node(const TNode *node) { return node->kind == TN_OP && node->op == OP_OPT_NIL; }

/* Two values of a trait compare as what they are: Show, which every trait extends, has a hidden method for it. */
static TNode *equal_traits(Checker *c, TNode *left, TNode *right, Span span) {
  c->uses_same = true;
  const Type *show = check_type_of_decl(c, c->core.show, NULL, 0, span);
  TNode **operands = CHECK_ARRAY(c, TNode *, 2);
  operands[0] = left;
  operands[1] = check_coerce(c, right, show, span);
  return check_call_trait(c, c->core.show, "_same", operands, 2, span);
}

TNode *check_equal(Checker *c, TNode *left, TNode *right, Span span) {
  const Type *type = left->type;
  switch (type->kind) {
    case TYPE_INT: return binary_op(c, OP_INT_EQ, c->t_bool, left, right, span);
    case TYPE_FLOAT: return binary_op(c, OP_FLOAT_EQ, c->t_bool, left, right, span);
    case TYPE_BOOL: return binary_op(c, OP_BOOL_EQ, c->t_bool, left, right, span);
    case TYPE_CHAR: return binary_op(c, OP_CHAR_EQ, c->t_bool, left, right, span);
    case TYPE_STRING: return binary_op(c, OP_STRING_EQ, c->t_bool, left, right, span);
    case TYPE_TRAIT: return equal_traits(c, left, right, span);
    case TYPE_ERROR: return check_error_node(c, span);
    default: break;
  }
  if (type->kind == TYPE_OPT && (is_nil_node(left) || is_nil_node(right))) {
    TNode *other = is_nil_node(right) ? left : right;
    TNode *is = check_op(c, OP_OPT_IS, type->args[0], c->t_bool, span, other, NULL, NULL);
    return check_op(c, OP_BOOL_NOT, NULL, c->t_bool, span, is, NULL, NULL);
  }
  MethodRef m;
  bool by_identity = type->kind == TYPE_CLASS && check_method_of_trait(c, type, c->core.eq, check_intern(c, "eq"), &m) && m.kind == METHOD_IMPL &&
                     m.impl->synth == SYNTH_EQ_REF;
  if (by_identity) return check_op(c, OP_REF_EQ, type, c->t_bool, span, left, right, NULL);
  TNode **operands = CHECK_ARRAY(c, TNode *, 2);
  operands[0] = left;
  operands[1] = right;
  return check_call_trait(c, c->core.eq, "eq", operands, 2, span);
}

static TNode *negate(Checker *c, TNode *node, Span span) {
  if (node->type->kind == TYPE_ERROR || check_is_never(node)) return node;
  if (node->kind == TN_OP && node->op == OP_INT_EQ) node->op = OP_INT_NE;
  else if (node->kind == TN_OP && node->op == OP_FLOAT_EQ) node->op = OP_FLOAT_NE;
  else if (node->kind == TN_OP && node->op == OP_BOOL_NOT) return node->list[0];
  else return check_op(c, OP_BOOL_NOT, NULL, c->t_bool, span, node, NULL, NULL);
  return node;
}

/* left == right or left != right */
static TNode *equality(Checker *c, TokenKind op, TNode *left, TNode *right, Span span, Span op_span) {
  if (left->type != right->type) {
    if (check_can_coerce(c, right->type, left->type)) right = check_coerce(c, right, left->type, span);
    else if (check_can_coerce(c, left->type, right->type)) left = check_coerce(c, left, right->type, span);
    else return report_operands(c, op, left, right, op_span, span);
  }
  if (check_is_never(left) || check_is_never(right)) {
    NodeList list = {0};
    check_push(c, &list, left);
    check_push(c, &list, right);
    return check_block_node(c, &list, span);
  }
  TNode *node = check_equal(c, left, right, span);
  if (!node) {
    Diag *d = check_report(c, op_span, DIAG_NOT_COMPARABLE, check_type_text(c, left->type));
    if (left->type->kind == TYPE_PARAM) diag_help(d, "add the bound: `%s: Eq`", check_type_text(c, left->type));
    if (left->type->kind == TYPE_RESULT) diag_help(d, "handle the error first, with `try` or `catch`");
    return check_error_node(c, span);
  }
  return op == TOK_BANG_EQ ? negate(c, node, span) : node;
}

/* ---- Arithmetic and order ---- */

static TNode *order(Checker *c, const OperatorInfo *info, TNode *left, TNode *right, Span span) {
  if (left->type->kind == TYPE_CHAR) {
    left = check_op(c, OP_CHAR_INT, NULL, c->t_int, left->span, left, NULL, NULL);
    right = check_op(c, OP_CHAR_INT, NULL, c->t_int, right->span, right, NULL, NULL);
    return binary_op(c, (Op)info->int_op, c->t_bool, left, right, span);
  }
  TNode *cmp = binary_op(c, OP_STRING_CMP, c->t_int, left, right, span);
  return binary_op(c, (Op)info->int_op, c->t_bool, cmp, check_int(c, 0, span), span);
}

/* a + b + c of strings is joined at once: a concatenation made here has room for 2**n operands (nvars says how many). */
static TNode *concat(Checker *c, TNode *left, TNode *right, Span span) {
  bool grows = left->kind == TN_OP && left->op == OP_STRING_CONCAT && left->nvars;
  if (!grows) {
    TNode *node = binary_op(c, OP_STRING_CONCAT, c->t_string, left, right, span);
    node->nvars = node->index = 2;
    return node;
  }
  if (left->nlist == left->nvars) {
    TNode **list = CHECK_ARRAY(c, TNode *, 2 * (size_t)left->nvars);
    for (uint32_t i = 0; i < left->nlist; i++) list[i] = left->list[i];
    left->list = list;
    left->nvars *= 2;
  }
  left->list[left->nlist++] = right;
  left->index = left->nlist;
  left->span = span;
  return left;
}

static TNode *power(Checker *c, TNode *left, TNode *right, Span span) {
  TNode **operands = CHECK_ARRAY(c, TNode *, 2);
  operands[0] = left;
  operands[1] = right;
  return check_call_prelude(c, left->type->kind == TYPE_INT ? "_int_pow" : "_float_pow", operands, 2, span);
}

static TNode *fold_floats(Checker *c, TokenKind op, const TNode *a, const TNode *b, Span span) {
  double x = a->value.f, y = b->value.f;
  double r = op == TOK_PLUS ? x + y : op == TOK_MINUS ? x - y : op == TOK_STAR ? x * y : x / y;
  TNode *node = check_node(c, TN_CONST, c->t_float, span);
  node->value.f = r;
  if (isnan(r)) node->value.u = CANONICAL_NAN;
  return node;
}

static TNode *built_in(Checker *c, const OperatorInfo *info, TokenKind op, TNode *left, TNode *right, Span span) {
  TypeKind kind = (TypeKind)left->type->kind;
  const Type *result = is_order(op) ? c->t_bool : left->type;
  bool is_number = kind == TYPE_INT || kind == TYPE_FLOAT;
  if (op == TOK_STAR_STAR && is_number) return power(c, left, right, span);
  if (!info) return NULL;
  bool folds = kind == TYPE_FLOAT && left->kind == TN_CONST && right->kind == TN_CONST && info->method && !is_order(op);
  if (folds) return fold_floats(c, op, left, right, span);
  if (kind == TYPE_INT) return binary_op(c, (Op)info->int_op, result, left, right, span);
  if (kind == TYPE_FLOAT && info->float_op >= 0) return binary_op(c, (Op)info->float_op, result, left, right, span);
  if (kind == TYPE_STRING && op == TOK_PLUS) return concat(c, left, right, span);
  if ((kind == TYPE_CHAR || kind == TYPE_STRING) && is_order(op)) return order(c, info, left, right, span);
  return NULL;
}

static TNode *by_trait(Checker *c, const OperatorInfo *info, TNode *left, TNode *right, Span span) {
  Decl *trait = operator_trait(c, info->token);
  const Type *found = trait ? check_satisfied(c, c->frame->generics, left->type, trait) : NULL;
  if (!found) return NULL;
  const Type *wanted = is_order(info->token) ? left->type : found->args[0];
  if (!check_can_coerce(c, right->type, wanted)) return NULL;
  if (is_order(info->token) && left->type->kind == TYPE_TRAIT) return NULL;
  TNode **operands = CHECK_ARRAY(c, TNode *, 2);
  operands[0] = left;
  operands[1] = check_coerce(c, right, wanted, span);
  return check_call_trait(c, trait, info->method, operands, 2, span);
}

TNode *check_operate(Checker *c, TokenKind op, TNode *left, TNode *right, Span span, Span op_span) {
  if (left->type->kind == TYPE_ERROR || right->type->kind == TYPE_ERROR) return check_error_node(c, span);
  if (op == TOK_EQ_EQ || op == TOK_BANG_EQ) return equality(c, op, left, right, span, op_span);
  if (check_is_never(left) || check_is_never(right)) {
    NodeList list = {0};
    check_push(c, &list, left);
    check_push(c, &list, right);
    return check_block_node(c, &list, span);
  }
  const OperatorInfo *info = operator_info(op);
  TNode *node = left->type == right->type ? built_in(c, info, op, left, right, span) : NULL;
  if (!node && info && info->method) node = by_trait(c, info, left, right, span);
  return node ? node : report_operands(c, op, left, right, op_span, span);
}

const Type *check_operand_hint(Checker *c, TokenKind op, const Type *left) {
  if (left->kind >= TYPE_KIND_END) return NULL;
  if (op == TOK_EQ_EQ || op == TOK_BANG_EQ || is_order(op)) return left;
  Decl *trait = operator_trait(c, op);
  bool is_plain = left->kind <= TYPE_STRING;
  const Type *found = trait && !is_plain ? check_satisfied(c, c->frame->generics, left, trait) : NULL;
  return found ? found->args[0] : NULL;
}

/* ---- Expressions ---- */

static TNode *logic(Checker *c, Expr *e) {
  TNode *left = check_expr_as(c, e->binary.left, c->t_bool);
  TNode *right = check_expr_as(c, e->binary.right, c->t_bool);
  if (left->type->kind == TYPE_ERROR || right->type->kind == TYPE_ERROR) return check_error_node(c, e->span);
  if (check_is_never(left)) return left;
  if (c->options->warns) check_warn_operands(c, e, left->type);
  TNode *node = check_node(c, e->binary.op == TOK_AND_AND ? TN_AND : TN_OR, c->t_bool, e->span);
  node->a = left;
  node->b = right;
  return node;
}

/* a ?? b */
static TNode *coalesce(Checker *c, Expr *e, const Type *expected) {
  bool hints = expected && expected->kind < TYPE_KIND_END && !check_has_hole(c, expected);
  TNode *left = check_expr(c, e->binary.left, hints ? check_type_opt(c, expected) : NULL);
  if (left->type->kind != TYPE_OPT) {
    if (left->type->kind == TYPE_ERROR || check_is_never(left)) {
      if (!check_needs_expected(e->binary.right)) check_expr(c, e->binary.right, NULL);
      return left;
    }
    Diag *d = check_report(c, e->binary.left->span, DIAG_NOT_OPTIONAL, "`??`", check_type_text(c, left->type));
    if (left->type->kind == TYPE_RESULT) diag_help(d, "for a result write `catch`");
    else diag_help(d, "it is never nil: leave out `??` and what follows");
    return check_error_node(c, e->span);
  }
  const Type *inner = left->type->args[0];
  TNode *right = check_expr(c, e->binary.right, e->binary.right->kind == EXPR_NIL && inner->kind != TYPE_OPT ? left->type : inner);
  const Type *type = inner;
  bool stays = !check_can_coerce(c, right->type, inner) && check_can_coerce(c, right->type, left->type);
  if (stays) type = left->type;
  right = check_coerce(c, right, type, e->binary.right->span);
  if (right->type->kind == TYPE_ERROR) return right;
  TVar *var = check_temp_new(c, "some", inner);
  TNode *node = check_node(c, TN_IF_SOME, type, e->span);
  node->a = left;
  node->var = var;
  node->b = check_coerce(c, check_var(c, var, e->span), type, e->span);
  node->c = right;
  return node;
}

TNode *check_binary(Checker *c, Expr *e, const Type *expected) {
  TokenKind op = e->binary.op;
  if (op == TOK_AND_AND || op == TOK_OR_OR) return logic(c, e);
  if (op == TOK_QUESTION_QUESTION) return coalesce(c, e, expected);
  TNode *left, *right;
  bool compares = op == TOK_EQ_EQ || op == TOK_BANG_EQ || is_order(op);
  if (compares && check_needs_expected(e->binary.left) && !check_needs_expected(e->binary.right)) {
    right = check_expr(c, e->binary.right, NULL);
    left = check_expr(c, e->binary.left, right->type);
  } else {
    left = check_expr(c, e->binary.left, NULL);
    right = check_expr(c, e->binary.right, left->type->kind == TYPE_ERROR ? left->type : check_operand_hint(c, op, left->type));
  }
  if (compares && c->options->warns) check_warn_operands(c, e, left->type);
  return check_operate(c, op, left, right, e->span, e->binary.op_span);
}

/* What `-` gives its operand to expect: nothing that only its value would be converted to. */
static const Type *negated_hint(const Type *expected) {
  while (expected && (expected->kind == TYPE_OPT || expected->kind == TYPE_RESULT)) expected = expected->args[0];
  return expected && expected->kind == TYPE_TRAIT ? NULL : expected;
}

TNode *check_unary(Checker *c, Expr *e, const Type *expected) {
  TNode *node = check_expr(c, e->unary.operand, e->unary.op == TOK_MINUS ? negated_hint(expected) : NULL);
  TypeKind kind = (TypeKind)node->type->kind;
  if (kind == TYPE_ERROR || kind == TYPE_NEVER) return node;
  if (e->unary.op == TOK_BANG && kind == TYPE_BOOL) return negate(c, node, e->span);
  if (e->unary.op == TOK_TILDE && kind == TYPE_INT) return check_op(c, OP_INT_NOT, NULL, c->t_int, e->span, node, NULL, NULL);
  if (e->unary.op == TOK_MINUS && kind == TYPE_INT) return check_op(c, OP_INT_NEG, NULL, c->t_int, e->span, node, NULL, NULL);
  if (e->unary.op == TOK_MINUS && kind == TYPE_FLOAT) {
    if (node->kind != TN_CONST) return check_op(c, OP_FLOAT_NEG, NULL, c->t_float, e->span, node, NULL, NULL);
    if (!isnan(node->value.f)) node->value.f = -node->value.f;
    return node;
  }
  if (e->unary.op == TOK_MINUS) {
    TNode **operands = CHECK_ARRAY(c, TNode *, 1);
    operands[0] = node;
    TNode *call = check_call_trait(c, c->core.neg, "neg", operands, 1, e->span);
    if (call) return call;
  }
  Diag *d = check_report(c, e->unary.op_span, DIAG_OPERAND, token_text(e->unary.op), check_type_text(c, node->type));
  if (e->unary.op == TOK_BANG && kind == TYPE_OPT) diag_help(d, "to test for nil write `x == nil`");
  else if (e->unary.op == TOK_BANG && kind == TYPE_INT) diag_help(d, "compare it: `x == 0`; the complement of bits is `~x`");
  return check_error_node(c, e->span);
}
