/* check_synth.c - implementations that nobody wrote: how classes, enums, tuples and functions print, and how enums and tuples compare, hash and
 * are ordered by their parts. Objects of the host do so by their ids, the one field that they have for the machine: two of them may stand for one object.
 *
 * One is made for a head (a declaration, or a number of parts) when it is first looked for, and its methods when it enters the module.
 */
#include "compiler/check.h"

#include <string.h>

/* ---- Which ---- */

static bool has_written(Checker *c, const Type *type, Decl *trait) {
  Head *head = check_head(c, type);
  for (size_t i = 0; i < head->impls.count; i++) {
    ImplDecl *impl = head->impls.items[i];
    if (!impl->expr) continue;
    check_impl_ready(c, impl);
    if (impl->trait == trait) return true;
  }
  return false;
}

/* True if a trait's own parameters ask for something. */
static bool has_bounds(Checker *c, Decl *trait) {
  check_generics_ready(c, trait);
  for (uint32_t i = 1; i < trait->generics->count; i++) {
    const TypeParam *param = &trait->generics->params[i];
    for (uint32_t k = 0; k < param->nbounds; k++) {
      if (check_type_decl(c, param->bounds[k]) != c->core.show) return true;
    }
  }
  return false;
}

static SynthKind synth_kind(Checker *c, const Type *type, Decl *trait) {
  bool is_object = type->kind == TYPE_CLASS || type->kind == TYPE_ENUM;
  bool is_host = type->kind == TYPE_CLASS && check_type_decl(c, type)->host;
  bool by_parts = type->kind == TYPE_ENUM || type->kind == TYPE_TUPLE || is_host;
  if (trait == c->core.show)
    return is_object || type->kind == TYPE_TUPLE || type->kind == TYPE_FN || type->kind == TYPE_RESULT ? SYNTH_SHOW : SYNTH_NONE;
  if (trait == c->core.eq) {
    if (type->kind == TYPE_TRAIT) return has_bounds(c, check_type_decl(c, type)) ? SYNTH_NONE : SYNTH_EQ_TRAIT;
    if (is_object && has_written(c, type, c->core.ord)) return SYNTH_EQ_ORD;
    return type->kind == TYPE_CLASS && !is_host ? SYNTH_EQ_REF : by_parts ? SYNTH_EQ : SYNTH_NONE;
  }
  if (trait == c->core.hash) return by_parts ? SYNTH_HASH : SYNTH_NONE;
  if (trait == c->core.ord) return type->kind == TYPE_TUPLE ? SYNTH_ORD : SYNTH_NONE;
  return SYNTH_NONE;
}

/* Parameters of a synthesised implementation: those of the declaration, or one for each part; all bounded by the trait. */
static Generics *synth_generics(Checker *c, const Type *type, const Type *trait, SynthKind kind) {
  Decl *decl = type->kind == TYPE_TRAIT ? NULL : check_type_decl(c, type);
  if (decl) check_generics_ready(c, decl);
  Generics *g = check_generics_new(c, decl ? decl->generics : NULL, decl ? 0 : type->kind == TYPE_RESULT ? 1 : type->nargs);
  for (uint32_t i = 0; i < g->count; i++) {
    TypeParam *param = &g->params[i];
    if (!decl) {
      g->names[i] = check_intern(c, arena_format(c->arena, "T%u", i));
      param->name = module_copy(c->module, g->names[i], name_len(g->names[i]));
    }
    if (kind == SYNTH_EQ_TRAIT) check_bound_show(c, param);
    if (kind == SYNTH_EQ_REF || kind == SYNTH_EQ_ORD || kind == SYNTH_EQ_TRAIT) continue;
    const Type **bounds = module_alloc(c->module, (param->nbounds + 2) * sizeof *bounds);
    if (param->nbounds) memcpy(bounds, param->bounds, param->nbounds * sizeof *bounds);
    bounds[param->nbounds] = trait;
    param->bounds = bounds;
    param->nbounds++;
    check_bound_show(c, param);
  }
  return g;
}

static bool parts_hold(Checker *c, const ImplDecl *impl, Decl *decl) {
  for (uint32_t i = 0; i < decl->ncases; i++) {
    for (uint32_t k = 0; k < decl->cases[i].nfields; k++) {
      if (!check_satisfies(c, impl->generics, decl->cases[i].fields[k].type, impl->trait_type)) return false;
    }
  }
  return true;
}

ImplDecl *check_synth_find(Checker *c, const Type *type, Decl *trait) {
  SynthKind kind = synth_kind(c, type, trait);
  if (kind == SYNTH_NONE) return NULL;
  if ((type->kind == TYPE_TUPLE || type->kind == TYPE_FN) && type->nargs > MODULE_TPARAMS_MAX) return NULL;
  Decl *decl = type->kind == TYPE_TRAIT ? NULL : check_type_decl(c, type);
  ImplDecl *impl = CHECK_NEW(c, ImplDecl);
  *impl = (ImplDecl){.synth = kind, .state = HEAD_DONE, .trait = trait, .index = UINT32_MAX, .unit = c->prelude};
  impl->arity = decl || type->kind == TYPE_TRAIT ? 0 : type->nargs;
  impl->trait_type = check_type_of_decl(c, trait, NULL, 0, (Span){0});
  impl->generics = synth_generics(c, type, impl->trait_type, kind);
  const Type **args = check_own_params(c, impl->generics);
  if (type->kind == TYPE_RESULT) {
    const Type *value = args[0];
    args = CHECK_ARRAY(c, const Type *, 2);
    args[0] = value;
    args[1] = type->args[1];
  }
  impl->type = check_type_new(c, (TypeKind)type->kind, type->decl, args, type->nargs, (Span){0});
  VEC_PUSH(c->arena, &check_head(c, type)->impls, impl);
  if (decl && kind != SYNTH_SHOW && kind != SYNTH_EQ_REF) {
    check_fields_ready(c, decl);
    if (kind == SYNTH_EQ || kind == SYNTH_HASH) impl->is_absent = !parts_hold(c, impl, decl);
  }
  return impl;
}

/* ---- Bodies ---- */

typedef struct Maker {
  Checker *c;
  ImplDecl *impl;
  TFunction *f;
  Span span;
} Maker;

static TNode *param(const Maker *m, uint32_t i) { return check_var(m->c, m->f->params[i], m->span); }

static TNode *text(const Maker *m, const char *s) { return check_str(m->c, s, strlen(s), m->span); }

static TNode *call(const Maker *m, Decl *trait, const char *name, TNode *a, TNode *b) {
  TNode **args = CHECK_ARRAY(m->c, TNode *, 2);
  args[0] = a;
  args[1] = b;
  TNode *node = check_call_trait(m->c, trait, name, args, b ? 2 : 1, m->span);
  return node ? node : check_error_node(m->c, m->span);
}

static TNode *part_of_tuple(const Maker *m, TNode *tuple, uint32_t i) {
  TNode *node = check_op(m->c, OP_TUPLE_GET, tuple->type, tuple->type->args[i], m->span, tuple, NULL, NULL);
  node->index = i;
  return node;
}

static TNode *field_of(const Maker *m, TNode *object, uint32_t i, const Type *type) {
  TNode *node = check_op(m->c, OP_FIELD_GET, object->type, type, m->span, object, NULL, NULL);
  node->index = i;
  return node;
}

/* The id of an object of the host. */
static TNode *host_id(const Maker *m, uint32_t i) { return field_of(m, param(m, i), 0, m->c->t_int); }

/* ---- Show: statements that append parts to the list that is the second parameter ---- */

typedef struct Writer {
  const Maker *m;
  NodeList body;
  const char *text; /* not appended yet, or NULL */
} Writer;

static void push_text(Writer *w, TNode *value) {
  const Maker *m = w->m;
  check_push(m->c, &w->body, check_op(m->c, OP_LIST_PUSH, m->c->t_string, m->c->t_void, m->span, param(m, 1), value, NULL));
}

static void flush(Writer *w) {
  if (w->text) push_text(w, text(w->m, w->text));
  w->text = NULL;
}

static void add_text(Writer *w, const char *s) { w->text = arena_format(w->m->c->arena, "%s%s", w->text ? w->text : "", s); }

static void add_value(Writer *w, TNode *value) {
  flush(w);
  check_push(w->m->c, &w->body, call(w->m, w->m->c->core.show, "_show_into", value, param(w->m, 1)));
}

static void add_labelled(Writer *w, uint32_t i, Name label, TNode *value) {
  if (i) add_text(w, ", ");
  if (label) add_text(w, arena_format(w->m->c->arena, "%s: ", label));
  add_value(w, value);
}

static TNode *written(Writer *w) {
  flush(w);
  return check_block_node(w->m->c, &w->body, w->m->span);
}

static TNode *write_text(const Maker *m, const char *s) {
  Writer w = {.m = m, .text = s};
  return written(&w);
}

static TNode *show_tuple(const Maker *m) {
  Writer w = {.m = m, .text = "("};
  for (uint32_t i = 0; i < m->impl->type->nargs; i++) add_labelled(&w, i, NULL, part_of_tuple(m, param(m, 0), i));
  add_text(&w, ")");
  return written(&w);
}

/* Sprite#3 */
static TNode *show_host(const Maker *m, const Decl *decl) {
  Writer w = {.m = m, .text = arena_format(m->c->arena, "%s#", decl->name)};
  add_value(&w, host_id(m, 0));
  return written(&w);
}

/* if _show_enter(self) { ...; _show_leave() } else { out.push("Name(...)") } */
static TNode *show_class(const Maker *m, Decl *decl) {
  Checker *c = m->c;
  check_fields_ready(c, decl);
  Writer w = {.m = m, .text = arena_format(c->arena, "%s(", decl->name)};
  for (uint32_t i = 0; i < decl->nfields; i++) add_labelled(&w, i, decl->fields[i].name, field_of(m, param(m, 0), i, decl->fields[i].type));
  add_text(&w, ")");
  if (decl->nfields == 0) return written(&w);
  flush(&w);
  check_push(c, &w.body, check_call_prelude(c, "_show_leave", NULL, 0, m->span));
  TNode **args = CHECK_ARRAY(c, TNode *, 1);
  args[0] = param(m, 0);
  TNode *enter = check_call_prelude(c, "_show_enter", args, 1, m->span);
  return check_if(c, enter, written(&w), write_text(m, arena_format(c->arena, "%s(...)", decl->name)), c->t_void, m->span);
}

static TNode *if_case(const Maker *m, TNode *value, uint32_t index, TVar **vars, TNode *then, TNode *otherwise, const Type *type) {
  TNode *node = check_node(m->c, TN_IF_CASE, type, m->span);
  node->a = value;
  node->index = index;
  node->vars = vars;
  node->nvars = check_type_decl(m->c, m->impl->type)->cases[index].nfields;
  node->b = then;
  node->c = otherwise;
  return node;
}

static TVar **case_vars(const Maker *m, const CaseInfo *info) {
  TVar **vars = CHECK_ARRAY(m->c, TVar *, info->nfields);
  for (uint32_t i = 0; i < info->nfields; i++) vars[i] = check_temp_new(m->c, "part", info->fields[i].type);
  return vars;
}

static TNode *show_case(const Maker *m, const CaseInfo *info, TVar **vars) {
  Writer w = {.m = m, .text = arena_format(m->c->arena, info->nfields ? ".%s(" : ".%s", info->name)};
  for (uint32_t i = 0; i < info->nfields; i++) add_labelled(&w, i, info->fields[i].name, check_var(m->c, vars[i], m->span));
  if (info->nfields) add_text(&w, ")");
  return written(&w);
}

/* Cases are tried one after another, each returning, so that many of them do not nest. */
static TNode *each_case(const Maker *m, TNode *(*then)(const Maker *, const CaseInfo *, uint32_t, TVar **), TNode *last) {
  Checker *c = m->c;
  Decl *decl = check_type_decl(c, m->impl->type);
  check_fields_ready(c, decl);
  NodeList body = {0};
  for (uint32_t i = 0; i < decl->ncases; i++) {
    TVar **vars = case_vars(m, &decl->cases[i]);
    TNode *value = then(m, &decl->cases[i], i, vars);
    if (!value) continue;
    TNode *leave = check_node(c, TN_RETURN, c->t_never, m->span);
    if (value->type->kind == TYPE_VOID) {
      NodeList both = {0};
      check_push(c, &both, value);
      check_push(c, &both, leave);
      leave = check_block_node(c, &both, m->span);
    } else {
      leave->a = value;
    }
    check_push(c, &body, if_case(m, param(m, 0), i, vars, leave, NULL, c->t_void));
  }
  check_push(c, &body, last);
  return check_block_node(c, &body, m->span);
}

static TNode *show_one(const Maker *m, const CaseInfo *info, uint32_t index, TVar **vars) {
  (void)index;
  return show_case(m, info, vars);
}

/* out.push(self.show()), when a trait that the type implements gives a default for it. */
static TNode *show_by_trait(const Maker *m) {
  const Type *from;
  Fn *method = check_fns_find(&m->c->core.show->methods, check_intern(m->c, "show"));
  Fn *fn = check_impl_default(m->c, m->impl, method, &from);
  if (!fn || fn == method) return NULL;
  TNode **args = CHECK_ARRAY(m->c, TNode *, 1);
  const Type **targs = CHECK_ARRAY(m->c, const Type *, from->nargs + 1);
  args[0] = param(m, 0);
  targs[0] = m->impl->type;
  for (uint32_t i = 0; i < from->nargs; i++) targs[i + 1] = from->args[i];
  check_impl_ensure(m->c, m->impl->type, from);
  Writer w = {.m = m};
  push_text(&w, check_call_fn(m->c, fn, targs, args, 1, m->span));
  return written(&w);
}

/* Results print only inside of other values: a task's. */
static TNode *show_result(const Maker *m) {
  Checker *c = m->c;
  TNode *node = check_node(c, TN_IF_OK, c->t_void, m->span);
  node->a = param(m, 0);
  node->var = check_temp_new(c, "value", m->impl->type->args[0]);
  node->var2 = check_temp_new(c, "error", m->impl->type->args[1]);
  node->b = call(m, c->core.show, "_show_into", check_var(c, node->var, m->span), param(m, 1));
  node->c = call(m, c->core.show, "_show_into", check_var(c, node->var2, m->span), param(m, 1));
  return node;
}

static TNode *make_show(const Maker *m) {
  Decl *decl = check_type_decl(m->c, m->impl->type);
  TNode *by_trait = decl ? show_by_trait(m) : NULL;
  if (by_trait) return by_trait;
  switch (m->impl->type->kind) {
    case TYPE_CLASS: return decl->host ? show_host(m, decl) : show_class(m, decl);
    case TYPE_ENUM: return each_case(m, show_one, check_void(m->c, m->span));
    case TYPE_TUPLE: return show_tuple(m);
    case TYPE_RESULT: return show_result(m);
    default: return write_text(m, "fn");
  }
}

static TNode *both(const Maker *m, TNode *a, TNode *b) {
  if (!a) return b;
  TNode *node = check_node(m->c, TN_AND, m->c->t_bool, m->span);
  node->a = a;
  node->b = b;
  return node;
}

static TNode *tag(const Maker *m, uint32_t i) { return check_op(m->c, OP_ENUM_TAG, m->impl->type, m->c->t_int, m->span, param(m, i), NULL, NULL); }

/* Parts of which nothing is known but that they are values compare like trait values. */
static TNode *equal_parts(const Maker *m, TNode *a, TNode *b) {
  TNode *equal = check_equal(m->c, a, b, m->span);
  if (equal) return equal;
  const Type *show = check_type_of_decl(m->c, m->c->core.show, NULL, 0, m->span);
  return check_equal(m->c, check_coerce(m->c, a, show, m->span), check_coerce(m->c, b, show, m->span), m->span);
}

static TNode *equal_one(const Maker *m, const CaseInfo *info, uint32_t index, TVar **vars) {
  if (info->nfields == 0) return NULL;
  TVar **others = case_vars(m, info);
  TNode *all = NULL;
  for (uint32_t i = 0; i < info->nfields; i++) {
    all = both(m, all, equal_parts(m, check_var(m->c, vars[i], m->span), check_var(m->c, others[i], m->span)));
  }
  return if_case(m, param(m, 1), index, others, all, check_bool(m->c, false, m->span), m->c->t_bool);
}

static TNode *make_eq(const Maker *m) {
  Checker *c = m->c;
  if (m->impl->type->kind == TYPE_CLASS) return check_op(c, OP_INT_EQ, NULL, c->t_bool, m->span, host_id(m, 0), host_id(m, 1), NULL);
  if (m->impl->type->kind == TYPE_ENUM) {
    return each_case(m, equal_one, check_op(c, OP_INT_EQ, NULL, c->t_bool, m->span, tag(m, 0), tag(m, 1), NULL));
  }
  TNode *all = NULL;
  for (uint32_t i = 0; i < m->impl->type->nargs; i++) {
    all = both(m, all, equal_parts(m, part_of_tuple(m, param(m, 0), i), part_of_tuple(m, param(m, 1), i)));
  }
  return all;
}

/* hash * 31 + part's hash */
static TNode *mix(const Maker *m, TNode *hash, TNode *part) {
  Checker *c = m->c;
  TNode *scaled = check_op(c, OP_INT_WMUL, NULL, c->t_int, m->span, hash, check_int(c, 31, m->span), NULL);
  return check_op(c, OP_INT_WADD, NULL, c->t_int, m->span, scaled, call(m, c->core.hash, "hash", part, NULL), NULL);
}

static TNode *hash_one(const Maker *m, const CaseInfo *info, uint32_t index, TVar **vars) {
  TNode *hash = check_int(m->c, (int64_t)index + 1, m->span);
  for (uint32_t i = 0; i < info->nfields; i++) hash = mix(m, hash, check_var(m->c, vars[i], m->span));
  return info->nfields ? hash : NULL;
}

static TNode *make_hash(const Maker *m) {
  Checker *c = m->c;
  if (m->impl->type->kind == TYPE_ENUM) {
    return each_case(m, hash_one, check_op(c, OP_INT_WADD, NULL, c->t_int, m->span, tag(m, 0), check_int(c, 1, m->span), NULL));
  }
  if (m->impl->type->kind == TYPE_CLASS) return mix(m, check_int(c, 7, m->span), host_id(m, 0));
  TNode *hash = check_int(c, 7, m->span);
  for (uint32_t i = 0; i < m->impl->type->nargs; i++) hash = mix(m, hash, part_of_tuple(m, param(m, 0), i));
  return hash;
}

/* The first part that differs decides. */
static TNode *make_ord(const Maker *m) {
  Checker *c = m->c;
  NodeList body = {0};
  uint32_t last = m->impl->type->nargs - 1;
  for (uint32_t i = 0; i <= last; i++) {
    TNode *order = call(m, c->core.ord, "cmp", part_of_tuple(m, param(m, 0), i), part_of_tuple(m, param(m, 1), i));
    if (i == last) {
      check_push(c, &body, order);
      break;
    }
    TVar *var = check_temp_new(c, "order", c->t_int);
    check_push(c, &body, check_let(c, var, order, m->span));
    TNode *leave = check_node(c, TN_RETURN, c->t_never, m->span);
    leave->a = check_var(c, var, m->span);
    TNode *differs = check_op(c, OP_INT_NE, NULL, c->t_bool, m->span, check_var(c, var, m->span), check_int(c, 0, m->span), NULL);
    check_push(c, &body, check_if(c, differs, leave, NULL, c->t_void, m->span));
  }
  return check_block_node(c, &body, m->span);
}

static TNode *make_body(const Maker *m) {
  Checker *c = m->c;
  switch (m->impl->synth) {
    case SYNTH_SHOW: return make_show(m);
    case SYNTH_EQ: return make_eq(m);
    case SYNTH_HASH: return make_hash(m);
    case SYNTH_ORD: return make_ord(m);
    case SYNTH_EQ_TRAIT: return check_equal(c, param(m, 0), param(m, 1), m->span);
    case SYNTH_EQ_ORD: {
      TNode *order = call(m, c->core.ord, "cmp", param(m, 0), param(m, 1));
      return check_op(c, OP_INT_EQ, NULL, c->t_bool, m->span, order, check_int(c, 0, m->span), NULL);
    }
    case SYNTH_ITER: {
      const Type *iterator = check_satisfied(c, m->impl->generics, m->impl->type, c->core.iterator);
      return iterator ? check_coerce(c, param(m, 0), iterator, m->span) : check_error_node(c, m->span);
    }
    default: return check_op(c, OP_REF_EQ, m->impl->type, c->t_bool, m->span, param(m, 0), param(m, 1), NULL);
  }
}

TFunction *check_synth_method(Checker *c, ImplDecl *impl) {
  if (impl->function) return impl->function;
  Fn *method = impl->trait->dynamic[0];
  check_fn_ready(c, method);
  Decl *decl = check_type_decl(c, impl->type);
  const char *owner = decl ? decl->name : impl->type->kind == TYPE_FN ? "fn" : "tuple";
  Span span = decl ? decl->item->name_span : method->ast->name_span;
  TFunction *f = check_function_new(c, arena_format(c->arena, "%s.%s", owner, method->name), span, impl->generics);
  f->nparams = method->nparams;
  f->params = CHECK_ARRAY(c, TVar *, f->nparams);
  const Type *args[MODULE_TPARAMS_MAX + 1];
  args[0] = impl->type;
  for (uint32_t i = 0; i < impl->trait_type->nargs; i++) args[i + 1] = impl->trait_type->args[i];
  f->result = check_subst(c, method->result, args, impl->trait_type->nargs + 1, span);
  VEC_PUSH(c->arena, &c->synth_queue, impl);
  return impl->function = f;
}

bool check_synth_next(Checker *c) {
  if (c->synth_at == c->synth_queue.count) return false;
  ImplDecl *impl = c->synth_queue.items[c->synth_at++];
  TFunction *f = impl->function;
  Frame frame = {.function = f, .unit = c->prelude, .generics = impl->generics, .result = f->result};
  Frame *saved = c->frame;
  c->frame = &frame;
  check_scope_push(c);
  bool is_show = impl->synth == SYNTH_SHOW;
  f->params[0] = check_temp_new(c, "self", impl->type);
  for (uint32_t i = 1; i < f->nparams; i++)
    f->params[i] = check_temp_new(c, is_show ? "out" : "other", is_show ? impl->trait->dynamic[0]->params[i] : impl->type);
  Maker m = {c, impl, f, f->span};
  f->body = make_body(&m);
  c->frame = saved;
  return true;
}

/* Two values of one type that need not have `==`, such as lists of a type parameter. */
static TNode *same_values(const Maker *m) {
  Checker *c = m->c;
  TNode *a = param(m, 0), *b = param(m, 1);
  TNode *equal = check_equal(c, a, b, m->span);
  if (equal) return equal;
  TNode **args = CHECK_ARRAY(c, TNode *, 2);
  args[0] = a;
  args[1] = b;
  switch (m->impl->type->kind) {
    case TYPE_OPT: return check_call_prelude(c, "_same_optional", args, 2, m->span);
    case TYPE_LIST: return check_call_prelude(c, "_same_list", args, 2, m->span);
    case TYPE_MAP: return check_call_prelude(c, "_same_map", args, 2, m->span);
    case TYPE_TUPLE:
    case TYPE_ENUM: return make_eq(m);
    case TYPE_CLASS:
    case TYPE_FN: return check_op(c, OP_REF_EQ, m->impl->type, c->t_bool, m->span, a, b, NULL);
    default: return check_bool(c, false, m->span);
  }
}

/* if other is Self { self == other } else { false } */
static TFunction *same_function(Checker *c, ImplDecl *impl, const Fn *method) {
  Decl *decl = check_type_decl(c, impl->type);
  Span span = decl ? decl->item->name_span : method->ast->name_span;
  TFunction *f = check_function_new(c, arena_format(c->arena, "%s._same", decl ? decl->name : type_kind_name((TypeKind)impl->type->kind)), span, impl->generics);
  Frame frame = {.function = f, .unit = c->prelude, .generics = impl->generics, .result = c->t_bool};
  Frame *saved = c->frame;
  c->frame = &frame;
  check_scope_push(c);
  f->nparams = 2;
  f->params = CHECK_ARRAY(c, TVar *, 2);
  f->params[0] = check_temp_new(c, "self", impl->type);
  f->params[1] = check_temp_new(c, "other", method->params[1]);
  f->result = c->t_bool;
  TNode *test = check_node(c, TN_IF_IS, c->t_bool, span);
  test->a = check_var(c, f->params[1], span);
  test->u = impl->type;
  test->var = check_temp_new(c, "value", impl->type);
  TVar *values[] = {f->params[0], test->var};
  TFunction inner = {.params = values, .nparams = 2};
  test->b = same_values(&(Maker){c, impl, &inner, span});
  test->c = check_bool(c, false, span);
  f->body = test;
  c->frame = saved;
  return f;
}

bool check_synth_same(Checker *c) {
  const Fn *method = c->uses_same ? check_fns_find(&c->core.show->methods, check_intern(c, "_same")) : NULL;
  bool any = false;
  for (; method && c->same_at < c->impl_at; c->same_at++) {
    ImplDecl *impl = c->impl_queue.items[c->same_at];
    if (impl->trait != c->core.show) continue;
    struct ImplTarget target = {.impl = impl->index, .method = method->slot, .function = same_function(c, impl, method)};
    ImplMethod *out = &c->module->impls[impl->index].methods[method->slot];
    *out = (ImplMethod){.ntargs = impl->generics->count};
    out->targs = module_alloc(c->module, (out->ntargs + 1) * sizeof *out->targs);
    const Type **args = check_own_params(c, impl->generics);
    for (uint32_t i = 0; i < out->ntargs; i++) out->targs[i] = args[i];
    for (size_t i = 0; i < c->targets.count; i++) {
      if (c->targets.items[i].impl == target.impl && c->targets.items[i].method == target.method) c->targets.items[i] = target;
    }
    any = true;
  }
  return any;
}
