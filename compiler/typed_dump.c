/* typed_dump.c - prints the typed tree as indented S-expressions, for --dump=types.
 */
#include "compiler/typed.h"

#include <string.h>

#include "vm/op.h"

typedef struct Dump {
  const Typed *typed;
  FILE *out;
} Dump;

static const char *const kind_names[] = {
  "const", "var", "global", "let", "set", "set-global", "op", "call", "call-bound", "call-trait", "call-fn", "call-import", "fn", "block", "defer",
  "if", "if-some", "if-ok", "if-case", "if-is", "and", "or", "scope", "loop", "break", "continue", "return",
};

static void put_type(const Dump *d, const Type *type) {
  char text[200];
  type_print(type, text, sizeof text, module_decl_name, d->typed->module);
  fputs(text, d->out);
}

static void put_string(const Dump *d, Str text) {
  fputc('"', d->out);
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.text[i];
    if (c == '"' || c == '\\') fprintf(d->out, "\\%c", c);
    else if (c < 0x20) fprintf(d->out, "\\x%02x", c);
    else fputc(c, d->out);
  }
  fputc('"', d->out);
}

static void put_const(const Dump *d, const TNode *node) {
  switch (node->type->kind) {
    case TYPE_INT: fprintf(d->out, " %lld", (long long)node->value.i); break;
    case TYPE_BOOL: fputs(node->value.i ? " true" : " false", d->out); break;
    case TYPE_CHAR: fprintf(d->out, " U+%04llX", (unsigned long long)node->value.i); break;
    case TYPE_FLOAT: fprintf(d->out, " %.17g", node->value.f); break;
    case TYPE_STRING:
      fputc(' ', d->out);
      put_string(d, node->str);
      break;
    default: break;
  }
}

static void put_var(const Dump *d, const TVar *var) {
  if (var) fprintf(d->out, " %s", var->name);
  else fputs(" _", d->out);
}

static void put_targs(const Dump *d, const TNode *node) {
  if (!node->ntargs) return;
  fputc('<', d->out);
  for (uint32_t i = 0; i < node->ntargs; i++) {
    if (i) fputs(", ", d->out);
    put_type(d, node->targs[i]);
  }
  fputc('>', d->out);
}

/* What stands on a node's own line. */
static void put_head(const Dump *d, const TNode *node) {
  fprintf(d->out, "(%s", kind_names[node->kind]);
  if (node->kind == TN_CONST) put_const(d, node);
  if (node->kind == TN_OP) fprintf(d->out, " %s", op_table[node->op].name);
  if (node->function) {
    fprintf(d->out, " %s", node->function->name);
    put_targs(d, node);
  }
  if (node->import) fprintf(d->out, " %s.%s", node->import->module, node->import->name);
  if (node->t) {
    fputc(' ', d->out);
    put_type(d, node->t);
  }
  if (node->u) {
    fputs(", ", d->out);
    put_type(d, node->u);
  }
  bool has_index = node->kind == TN_OP ? node->index != 0 : node->kind == TN_GLOBAL || node->kind == TN_SET_GLOBAL || node->kind == TN_IF_CASE ||
                   node->kind == TN_CALL_BOUND || node->kind == TN_CALL_TRAIT;
  if (has_index) fprintf(d->out, " #%u", node->index);
  if (node->var) put_var(d, node->var);
  if (node->var2) put_var(d, node->var2);
  for (uint32_t i = 0; node->vars && i < node->nvars; i++) put_var(d, node->vars[i]);
  if (node->scope) fprintf(d->out, " @%p", (void *)node->scope);
  fputs(" : ", d->out);
  put_type(d, node->type);
}

static void put_node(const Dump *d, const TNode *node, int depth) {
  fprintf(d->out, "\n%*s", 2 * depth, "");
  if (!node) {
    fputs("-", d->out);
    return;
  }
  put_head(d, node);
  bool has_parts = node->a || node->b || node->c;
  if (has_parts) {
    if (node->a || node->kind == TN_LOOP) put_node(d, node->a, depth + 1);
    if (node->b) put_node(d, node->b, depth + 1);
    if (node->c) put_node(d, node->c, depth + 1);
  }
  for (uint32_t i = 0; i < node->nlist; i++) put_node(d, node->list[i], depth + 1);
  fputc(')', d->out);
}

static void put_function(const Dump *d, const TFunction *f) {
  fprintf(d->out, "fn %s", f->name);
  for (uint32_t i = 0; i < f->ntparams; i++) {
    fprintf(d->out, "%s%s", i ? ", " : "<", f->tparams[i].name);
    for (uint32_t k = 0; k < f->tparams[i].nbounds; k++) {
      fputs(k ? " + " : ": ", d->out);
      put_type(d, f->tparams[i].bounds[k]);
    }
  }
  fputs(f->ntparams ? ">(" : "(", d->out);
  for (uint32_t i = 0; i < f->nparams; i++) {
    fprintf(d->out, "%s%s: ", i ? ", " : "", f->params[i]->name);
    put_type(d, f->params[i]->type);
  }
  fputs(") -> ", d->out);
  put_type(d, f->result);
  put_node(d, f->body, 1);
  fputs("\n\n", d->out);
}

static void put_impls(const Dump *d) {
  const Module *m = d->typed->module;
  for (uint32_t i = 0; i < m->nimpls; i++) {
    fprintf(d->out, "impl %u: ", i);
    put_type(d, m->impls[i].trait);
    fputs(" for ", d->out);
    put_type(d, m->impls[i].type);
    for (uint32_t k = 0; k < m->traits[m->impls[i].trait->decl].nmethods; k++) {
      const ImplMethod *method = &m->impls[i].methods[k];
      if (method->is_op) fprintf(d->out, " %s", op_table[method->op].name);
      for (uint32_t n = 0; n < d->typed->nimpl_targets; n++) {
        const struct ImplTarget *t = &d->typed->impl_targets[n];
        if (t->impl == i && t->method == k) fprintf(d->out, " %s", t->function->name);
      }
    }
    fputc('\n', d->out);
  }
}

void typed_dump(const Typed *typed, FILE *out) {
  Dump d = {typed, out};
  for (uint32_t i = 0; i < typed->nfunctions; i++) put_function(&d, typed->functions[i]);
  put_impls(&d);
}
