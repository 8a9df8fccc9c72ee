/* dis.c - a module to text that asm.c reads back into an equal module (spec.md, "Module text").
 *
 * One thing a line, in the order of the file; what belongs to a declaration is indented under it. Text behind `;` is comment and
 * only helps the reader. Any module that module_decode gives can be written, verified or not: nothing is followed without a range check.
 */
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/codec.h"
#include "vm/op.h"

#define COMMENT_TEXT_MAX 48 /* bytes of a name or string in a comment */

typedef struct Writer {
  const TextOut *out;
  const Module *module;
  const Function *function;
  size_t used;
  char buffer[4096];
} Writer;

static void flush(Writer *w) {
  if (w->used) w->out->write(w->out->ctx, w->buffer, w->used);
  w->used = 0;
}

static void put_bytes(Writer *w, const char *bytes, size_t length) {
  while (length) {
    if (w->used == sizeof w->buffer) flush(w);
    size_t part = sizeof w->buffer - w->used < length ? sizeof w->buffer - w->used : length;
    memcpy(w->buffer + w->used, bytes, part);
    w->used += part;
    bytes += part;
    length -= part;
  }
}

static void put(Writer *w, const char *text) { put_bytes(w, text, strlen(text)); }

static void put_number(Writer *w, uint32_t number) {
  char digits[12];
  put_bytes(w, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu32, number));
}

/* Writes one byte or escape of quoted text. */
static void put_escaped(Writer *w, char c, char quote) {
  char text[12] = {'\\', c, 0};
  uint8_t byte = (uint8_t)c;
  if (c == '\n') text[1] = 'n';
  else if (c == '\t') text[1] = 't';
  else if (c == '\r') text[1] = 'r';
  else if (byte < 0x20 || byte == 0x7f) snprintf(text, sizeof text, "\\u{%x}", byte);
  else if (c != '\\' && c != quote) text[0] = c, text[1] = 0;
  put(w, text);
}

static void put_quoted(Writer *w, const char *bytes, size_t length) {
  put(w, "\"");
  for (size_t i = 0; i < length; i++) put_escaped(w, bytes[i], '"');
  put(w, "\"");
}

static void put_name(Writer *w, const char *name) { put_quoted(w, name, strlen(name)); }

/* Writes "  ; text" cut to a readable length, at the start of a character. */
static void put_comment(Writer *w, const char *bytes, size_t length) {
  size_t cut = length > COMMENT_TEXT_MAX ? COMMENT_TEXT_MAX : length;
  while (cut < length && cut > 0 && ((uint8_t)bytes[cut] & 0xc0) == 0x80) cut--;
  put(w, "  ; ");
  put_quoted(w, bytes, cut);
  if (cut < length) put(w, "...");
}

static void put_char(Writer *w, uint32_t code) {
  char text[16];
  if (code < 0x7f) {
    put(w, "'");
    put_escaped(w, (char)code, '\'');
  } else {
    snprintf(text, sizeof text, "'\\u{%" PRIx32 "}", code);
    put(w, text);
  }
  put(w, "'");
}

/* The fewest of 15 to 17 digits that give the same float back, always with a mark that it is one. */
static void put_real(Writer *w, double real) {
  char text[40];
  if (real != real || real - real != 0) {
    put(w, real != real ? "nan" : real < 0 ? "-inf" : "inf");
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, real);
    double back = strtod(text, NULL);
    if (memcmp(&back, &real, sizeof real) == 0) break;
  }
  put(w, text);
  if (!strpbrk(text, ".e")) put(w, ".0");
}

/* Types */

static void put_type(Writer *w, const Type *type);

static void put_types(Writer *w, const char *open, uint32_t count, const Type *const *types, const char *close) {
  put(w, open);
  for (uint32_t i = 0; i < count; i++) {
    if (i) put(w, ", ");
    put_type(w, types[i]);
  }
  put(w, close);
}

static void put_type(Writer *w, const Type *type) {
  put(w, type_kind_name(type->kind));
  if (type_kind_has_decl(type->kind)) {
    put(w, " ");
    put_number(w, type->decl);
  }
  if (type->nargs) put_types(w, "<", type->nargs, type->args, ">");
}

static bool is_word(const char *name) {
  static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  return *name && !(*name >= '0' && *name <= '9') && strspn(name, word) == strlen(name);
}

static void put_tparams(Writer *w, uint32_t count, const TypeParam *tparams) {
  for (uint32_t i = 0; i < count; i++) {
    put(w, i ? ", " : " <");
    if (is_word(tparams[i].name)) put(w, tparams[i].name);
    else put_name(w, tparams[i].name);
    for (uint32_t j = 0; j < tparams[i].nbounds; j++) {
      put(w, j ? " + " : ": ");
      put_type(w, tparams[i].bounds[j]);
    }
  }
  if (count) put(w, ">");
}

static void put_signature(Writer *w, uint32_t nparams, const Type *const *params, const Type *result) {
  put_types(w, " (", nparams, params, ") -> ");
  put_type(w, result);
}

static void put_index_comment(Writer *w, const char *what, uint32_t index) {
  put(w, "  ; ");
  put(w, what);
  put(w, " ");
  put_number(w, index);
  put(w, "\n");
}

/* Instructions */

static void put_label_name(Writer *w, uint32_t label) {
  put(w, "L");
  put_number(w, label);
}

static bool put_imm_number(void *ctx, char letter, uint32_t *value) {
  Writer *w = ctx;
  put(w, " ");
  if (letter == 'L') put_label_name(w, *value);
  else if (letter == 'b') put(w, *value ? "true" : "false");
  else if (letter == 'c') put_char(w, *value);
  else put_number(w, *value);
  return true;
}

static bool put_imm_integer(void *ctx, int64_t *value) {
  char digits[24];
  put_bytes(ctx, digits, (size_t)snprintf(digits, sizeof digits, " %" PRId64, *value));
  return true;
}

static bool put_imm_real(void *ctx, double *value) {
  put(ctx, " ");
  put_real(ctx, *value);
  return true;
}

static bool put_imm_type(void *ctx, const Type **type) {
  put(ctx, " ");
  put_type(ctx, *type);
  return true;
}

static bool put_imm_targs(void *ctx, uint32_t *count, const Type ***targs) {
  if (*count) put_types(ctx, "<", *count, *targs, ">");
  return true;
}

static bool put_imm_labels(void *ctx, uint32_t *first, uint32_t *count) {
  Writer *w = ctx;
  put(w, " (");
  for (uint32_t i = 0; i < *count && *first + i < w->function->nswitches; i++) {
    if (i) put(w, ", ");
    put_label_name(w, w->function->switches[*first + i]);
  }
  put(w, ")");
  return true;
}

static const ImmVisitor put_imm = {put_imm_number, put_imm_integer, put_imm_real, put_imm_type, put_imm_targs, put_imm_labels};

/* Says what an index means, behind the instruction. */
static bool explain_number(void *ctx, char letter, uint32_t *value) {
  Writer *w = ctx;
  const Module *m = w->module;
  const char *name = letter == 'F' && *value < m->nfunctions ? m->functions[*value].name
                     : letter == 'm' && *value < m->nimports ? m->imports[*value].name
                     : letter == 'g' && *value < m->nglobals ? m->globals[*value].name
                                                             : NULL;
  if (name) put_comment(w, name, strlen(name));
  if (letter == 's' && *value < m->nstrings) put_comment(w, m->strings[*value].bytes, m->strings[*value].length);
  return true;
}

static const ImmVisitor explain_imm = {.number = explain_number};

static void put_insn(Writer *w, Insn insn) {
  put(w, "  ");
  put(w, op_table[insn.op].name ? op_table[insn.op].name : "?");
  insn_walk(&insn, &put_imm, w);
  insn_walk(&insn, &explain_imm, w);
  put(w, "\n");
}

/* Declarations */

static void put_strings(Writer *w) {
  for (uint32_t i = 0; i < w->module->nstrings; i++) {
    put(w, "string ");
    put_quoted(w, w->module->strings[i].bytes, w->module->strings[i].length);
    put_index_comment(w, "string", i);
  }
}

static void put_fields(Writer *w, const char *indent, uint32_t count, const Field *fields) {
  for (uint32_t i = 0; i < count; i++) {
    put(w, indent);
    put(w, "field ");
    put_name(w, fields[i].name);
    put(w, fields[i].is_mutable ? " mut " : " ");
    put_type(w, fields[i].type);
    put(w, "\n");
  }
}

static void put_classes(Writer *w) {
  for (uint32_t i = 0; i < w->module->nclasses; i++) {
    const Class *class = &w->module->classes[i];
    put(w, "class ");
    put_name(w, class->name);
    put_tparams(w, class->ntparams, class->tparams);
    put_index_comment(w, "class", i);
    put_fields(w, "  ", class->nfields, class->fields);
  }
}

static void put_enums(Writer *w) {
  for (uint32_t i = 0; i < w->module->nenums; i++) {
    const Enum *en = &w->module->enums[i];
    put(w, "enum ");
    put_name(w, en->name);
    put_tparams(w, en->ntparams, en->tparams);
    put_index_comment(w, "enum", i);
    for (uint32_t j = 0; j < en->ncases; j++) {
      put(w, "  case ");
      put_name(w, en->cases[j].name);
      put(w, "\n");
      put_fields(w, "    ", en->cases[j].nfields, en->cases[j].fields);
    }
  }
}

static void put_traits(Writer *w) {
  for (uint32_t i = 0; i < w->module->ntraits; i++) {
    const Trait *trait = &w->module->traits[i];
    put(w, "trait ");
    put_name(w, trait->name);
    put_tparams(w, trait->ntparams, trait->tparams);
    put_index_comment(w, "trait", i);
    for (uint32_t j = 0; j < trait->nmethods; j++) {
      const Method *method = &trait->methods[j];
      put(w, "  method ");
      put_name(w, method->name);
      if (method->is_dynamic) put(w, " dynamic");
      put_signature(w, method->nparams, method->params, method->result);
      put(w, "\n");
    }
  }
}

static void put_imports(Writer *w) {
  for (uint32_t i = 0; i < w->module->nimports; i++) {
    const Import *import = &w->module->imports[i];
    put(w, "import ");
    put_name(w, import->module);
    put(w, " ");
    put_name(w, import->name);
    put_signature(w, import->nparams, import->params, import->result);
    put_index_comment(w, "import", i);
  }
}

static void put_globals(Writer *w) {
  for (uint32_t i = 0; i < w->module->nglobals; i++) {
    put(w, "global ");
    put_name(w, w->module->globals[i].name);
    put(w, " ");
    put_type(w, w->module->globals[i].type);
    put_index_comment(w, "global", i);
  }
}

static void put_label(Writer *w, const Label *label, uint32_t number) {
  put(w, "label ");
  put_label_name(w, number);
  put_types(w, " (", label->nstack, label->stack, ")");
  for (uint32_t i = 0; i < label->ninit; i++) {
    put(w, i ? ", " : " init ");
    put_number(w, label->init[i]);
  }
  put_index_comment(w, "pc", label->pc);
}

static void put_line(Writer *w, const LineEntry *entry) {
  put(w, "  line ");
  put_number(w, entry->file);
  put(w, " ");
  put_number(w, entry->line);
  put(w, " ");
  put_number(w, entry->column);
  put(w, "\n");
}

static void put_code(Writer *w, const Function *f) {
  uint32_t label = 0, line = 0;
  for (uint32_t pc = 0; pc <= f->ncode; pc++) {
    for (; label < f->nlabels && (f->labels[label].pc == pc || pc == f->ncode); label++) put_label(w, &f->labels[label], label);
    for (; line < f->nlines && (f->lines[line].pc == pc || pc == f->ncode); line++) put_line(w, &f->lines[line]);
    if (pc < f->ncode) put_insn(w, f->code[pc]);
  }
}

static void put_functions(Writer *w) {
  for (uint32_t i = 0; i < w->module->nfunctions; i++) {
    const Function *f = &w->module->functions[i];
    w->function = f;
    put(w, "func ");
    put_name(w, f->name);
    put_tparams(w, f->ntparams, f->tparams);
    put_signature(w, f->nparams, f->params, f->result);
    put_index_comment(w, "function", i);
    for (uint32_t j = f->nparams; j < f->nlocals; j++) {
      put(w, "  local ");
      put_type(w, f->locals[j]);
      put_index_comment(w, "local", j);
    }
    put_code(w, f);
  }
}

static void put_impl_method(Writer *w, const ImplMethod *method) {
  put(w, "  by ");
  if (method->is_op) {
    put(w, op_table[method->op].name ? op_table[method->op].name : "?");
  } else {
    put_number(w, method->function);
    if (method->ntargs) put_types(w, "<", method->ntargs, method->targs, ">");
    uint32_t function = method->function;
    explain_number(w, 'F', &function);
  }
  put(w, "\n");
}

static void put_impls(Writer *w) {
  for (uint32_t i = 0; i < w->module->nimpls; i++) {
    const Impl *impl = &w->module->impls[i];
    put(w, "impl");
    put_tparams(w, impl->ntparams, impl->tparams);
    put(w, " ");
    put_type(w, impl->trait);
    put(w, " for ");
    put_type(w, impl->type);
    put_index_comment(w, "impl", i);
    uint32_t count = impl_method_count(w->module, impl);
    for (uint32_t j = 0; j < count; j++) put_impl_method(w, &impl->methods[j]);
  }
}

static void put_exports(Writer *w, const char *what, uint32_t count, const Export *exports) {
  for (uint32_t i = 0; i < count; i++) {
    put(w, what);
    put(w, " ");
    put_name(w, exports[i].name);
    put(w, " ");
    put_number(w, exports[i].function);
    put(w, "\n");
  }
}

void module_disassemble(const Module *module, const TextOut *out) {
  /* Floats are written with a point whatever the host's locale says. */
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  locale_t before = plain ? uselocale(plain) : (locale_t)0;
  Writer w = {.out = out, .module = module};
  put(&w, "module ");
  put_number(&w, MODULE_VERSION);
  put(&w, "\n");
  put_strings(&w);
  put_classes(&w);
  put_enums(&w);
  put_traits(&w);
  put_imports(&w);
  put_globals(&w);
  put_functions(&w);
  put_impls(&w);
  put_exports(&w, "export", module->nexports, module->exports);
  put_exports(&w, "test", module->ntests, module->tests);
  put(&w, "entry ");
  put_number(&w, module->entry);
  put(&w, "\n");
  flush(&w);
  if (plain) {
    uselocale(before);
    freelocale(plain);
  }
}
