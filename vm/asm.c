/* asm.c - the text of a module to a module (spec.md, "Module text").
 *
 * A statement is a line; its first word says what it declares or which instruction it is. Instructions are parsed by the letters of op.def.
 * The first error sticks: it turns the current token into the end of the text, where all loops stop. The result is as unproved
 * as a decoded module; beyond syntax only what the module's arrays need is checked here: labels, counts of methods, limits of counts.
 */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/asm_lex.h"
#include "vm/codec.h"
#include "vm/op.h"

#define NO_LABEL UINT32_MAX

/* A label of the current function, mentioned or declared. */
typedef struct LabelName {
  const char *text;
  size_t length;
  uint32_t line;   /* of the first mention */
  uint32_t number; /* NO_LABEL until declared */
} LabelName;

typedef struct ImplNote { uint32_t line, nmethods; } ImplNote;

typedef struct Assembler {
  Lexer lex;
  Module *module;
  /* The declaration that indented lines belong to; the others are NULL. */
  Class *class;
  Enum *en;
  Trait *trait;
  Function *function;
  Impl *impl;
  /* Labels of `function`: found through an open-addressing index of 1 + the name's number. */
  LabelName *names;
  uint32_t nnames;
  uint32_t *index;
  uint32_t index_size;
  ImplNote *notes; /* one for each impl */
  uint32_t nnotes;
} Assembler;

#define FAIL(a, ...) asm_lex_fail(&(a)->lex, (a)->lex.line, __VA_ARGS__)

/* Checks an allocation. */
static bool got(Assembler *a, const void *memory) {
  if (!memory) FAIL(a, "out of memory");
  return memory != NULL;
}

/* Tokens */

static bool at_word(Assembler *a, const char *word) {
  const Token *t = &a->lex.token;
  return t->kind == TOKEN_WORD && strlen(word) == t->length && memcmp(word, t->text, t->length) == 0;
}

static bool accept_word(Assembler *a, const char *word) {
  if (!at_word(a, word)) return false;
  asm_lex_next(&a->lex);
  return true;
}

static bool accept(Assembler *a, int kind) {
  if (a->lex.token.kind != kind) return false;
  asm_lex_next(&a->lex);
  return true;
}

static Token expect(Assembler *a, int kind, const char *what) {
  Token token = a->lex.token;
  if (token.kind != kind) {
    FAIL(a, "expected %s", what);
    return (Token){.text = ""};
  }
  asm_lex_next(&a->lex);
  return token;
}

static uint32_t parse_number(Assembler *a) {
  Token token = expect(a, TOKEN_NUMBER, "a number");
  uint64_t value = 0;
  for (size_t i = 0; i < token.length && !a->lex.failed; i++) {
    if (token.text[i] < '0' || token.text[i] > '9') FAIL(a, "expected a number of decimal digits");
    value = value * 10 + (uint64_t)(token.text[i] - '0');
    if (value > UINT32_MAX) FAIL(a, "the number is over 32 bits");
  }
  return a->lex.failed ? 0 : (uint32_t)value;
}

static const char *parse_name(Assembler *a) {
  Token token = expect(a, TOKEN_STRING, "a name in quotes");
  if (memchr(token.text, 0, token.length)) FAIL(a, "a name contains a NUL");
  return token.text;
}

/* Types */

static TypeKind parse_kind(Assembler *a) {
  Token token = expect(a, TOKEN_WORD, "a type");
  for (TypeKind kind = TYPE_VOID; kind < TYPE_KIND_END && !a->lex.failed; kind++) {
    const char *name = type_kind_name(kind);
    if (strlen(name) == token.length && memcmp(name, token.text, token.length) == 0) return kind;
  }
  FAIL(a, "'%.*s' is no type", token.length < 40 ? (int)token.length : 40, token.text);
  return TYPE_NONE;
}

static const Type *parse_type_at(Assembler *a, unsigned depth) {
  const Type *args[TYPE_ARGS_MAX];
  uint32_t nargs = 0;
  if (depth > TYPE_DEPTH_MAX) FAIL(a, "the type nests too deep");
  TypeKind kind = parse_kind(a);
  uint32_t decl = type_kind_has_decl(kind) ? parse_number(a) : 0;
  if (accept(a, '<')) {
    do {
      if (nargs == TYPE_ARGS_MAX) FAIL(a, "the type has too many arguments");
      else args[nargs++] = parse_type_at(a, depth + 1);
    } while (accept(a, ','));
    expect(a, '>', "'>' or ','");
  }
  if (a->lex.failed) return NULL;
  int params = type_kind_params(kind);
  if (params >= 0 && (uint32_t)params != nargs) FAIL(a, "%s takes %d types, not %u", type_kind_name(kind), params, nargs);
  if (a->lex.failed) return NULL;
  const Type *type = type_intern(a->module->types, kind, decl, args, nargs);
  if (!type) FAIL(a, "the type nests too deep, is too large or has no result, or memory is out");
  return type;
}

static const Type *parse_type(Assembler *a) { return parse_type_at(a, 1); }

/* Parses types separated by commas up to `close`, behind an opening token. */
static const Type **parse_types(Assembler *a, int close, uint32_t most, uint32_t *count) {
  const Type **types = NULL;
  *count = 0;
  if (accept(a, close)) return NULL;
  do {
    const Type **place = MODULE_PUSH(a->module, *count, types);
    if (!got(a, place)) break;
    *place = parse_type(a);
    if (*count > most) FAIL(a, "more than %u types", most);
  } while (accept(a, ','));
  expect(a, close, "',' or the end of the list");
  return types;
}

static void parse_signature(Assembler *a, uint32_t *nparams, const Type ***params, const Type **result) {
  expect(a, '(', "'('");
  *params = parse_types(a, ')', MODULE_PARAMS_MAX, nparams);
  expect(a, TOKEN_ARROW, "'->'");
  *result = parse_type(a);
}

static void parse_tparam(Assembler *a, TypeParam *tparam) {
  if (a->lex.token.kind == TOKEN_WORD) {
    Token token = expect(a, TOKEN_WORD, "a name");
    tparam->name = module_copy(a->module, token.text, token.length);
    got(a, tparam->name);
  } else {
    tparam->name = parse_name(a);
  }
  if (!accept(a, ':')) return;
  do {
    const Type **bound = MODULE_PUSH(a->module, tparam->nbounds, tparam->bounds);
    if (!got(a, bound)) return;
    *bound = parse_type(a);
  } while (accept(a, '+'));
}

static TypeParam *parse_tparams(Assembler *a, uint32_t *count) {
  TypeParam *tparams = NULL;
  *count = 0;
  if (!accept(a, '<')) return NULL;
  do {
    TypeParam *tparam = MODULE_PUSH(a->module, *count, tparams);
    if (!got(a, tparam)) return NULL;
    parse_tparam(a, tparam);
    if (*count > MODULE_TPARAMS_MAX) FAIL(a, "too many type parameters");
  } while (accept(a, ','));
  expect(a, '>', "'>' or ','");
  return tparams;
}

/* Labels */

static uint32_t hash_text(const char *text, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)text[i]) * 16777619u;
  return hash ^ hash >> 16;
}

/* The place of a name in the index, or the free place where it belongs. */
static uint32_t *label_slot(Assembler *a, const char *text, size_t length) {
  uint32_t at = hash_text(text, length) & (a->index_size - 1);
  for (; a->index[at]; at = (at + 1) & (a->index_size - 1)) {
    const LabelName *name = &a->names[a->index[at] - 1];
    if (name->length == length && memcmp(name->text, text, length) == 0) break;
  }
  return &a->index[at];
}

static bool grow_label_index(Assembler *a) {
  if (a->index_size && a->nnames * 2 < a->index_size) return true;
  a->index_size = a->index_size ? a->index_size * 2 : 16;
  free(a->index);
  a->index = calloc(a->index_size, sizeof *a->index);
  for (uint32_t i = 0; a->index && i < a->nnames; i++) *label_slot(a, a->names[i].text, a->names[i].length) = i + 1;
  return got(a, a->index);
}

/* The number of a label's name in the current function; new ones get the next. */
static uint32_t parse_label_name(Assembler *a) {
  Token token = expect(a, TOKEN_WORD, "a label");
  if (a->lex.failed || !grow_label_index(a)) return 0;
  uint32_t *slot = label_slot(a, token.text, token.length);
  if (*slot) return *slot - 1;
  LabelName *name = MODULE_PUSH(a->module, a->nnames, a->names);
  if (!got(a, name)) return 0;
  *name = (LabelName){token.text, token.length, a->lex.line, NO_LABEL};
  *slot = a->nnames;
  return *slot - 1;
}

static void resolve_label(Assembler *a, uint32_t *label) {
  const LabelName *name = &a->names[*label];
  *label = name->number;
  if (*label == NO_LABEL) {
    int length = name->length < 40 ? (int)name->length : 40;
    asm_lex_fail(&a->lex, name->line, "there is no label %.*s in this function", length, name->text);
  }
}

static bool resolve_imm_number(void *ctx, char letter, uint32_t *value) {
  if (letter == 'L') resolve_label(ctx, value);
  return true;
}

static const ImmVisitor resolve_imm = {.number = resolve_imm_number};

static void end_function(Assembler *a) {
  Function *f = a->function;
  if (a->lex.failed) return;
  if (f->nlabels && f->labels[f->nlabels - 1].pc >= f->ncode) FAIL(a, "a label stands behind the function's last instruction");
  if (f->nlines && f->lines[f->nlines - 1].pc >= f->ncode) FAIL(a, "a line stands behind the function's last instruction");
  for (uint32_t pc = 0; a->nnames && pc < f->ncode && !a->lex.failed; pc++) insn_walk(&f->code[pc], &resolve_imm, a);
  for (uint32_t i = 0; i < f->nswitches && !a->lex.failed; i++) resolve_label(a, &f->switches[i]);
  free(a->index);
  a->index = NULL;
  a->index_size = a->nnames = 0;
  a->names = NULL;
}

static void end_declaration(Assembler *a) {
  if (a->function) end_function(a);
  a->class = NULL;
  a->en = NULL;
  a->trait = NULL;
  a->function = NULL;
  a->impl = NULL;
}

/* Instructions */

static bool parse_imm_number(void *ctx, char letter, uint32_t *value) {
  Assembler *a = ctx;
  if (letter == 'L') *value = parse_label_name(a);
  else if (letter == 'c') *value = expect(a, TOKEN_CHAR, "a character").code;
  else if (letter != 'b') *value = parse_number(a);
  else if (accept_word(a, "true")) *value = 1;
  else if (accept_word(a, "false")) *value = 0;
  else FAIL(a, "expected true or false");
  return !a->lex.failed;
}

static bool parse_imm_integer(void *ctx, int64_t *value) {
  Assembler *a = ctx;
  Token token = expect(a, TOKEN_NUMBER, "a number");
  bool is_negative = token.length && *token.text == '-';
  uint64_t limit = (uint64_t)INT64_MAX + is_negative, sum = 0;
  if (token.length <= is_negative) FAIL(a, "expected a number");
  for (size_t i = is_negative; i < token.length && !a->lex.failed; i++) {
    uint64_t digit = (uint64_t)(uint8_t)token.text[i] - '0';
    if (digit > 9) FAIL(a, "expected a number of decimal digits");
    else if (sum > (limit - digit) / 10) FAIL(a, "the integer is over 64 bits");
    sum = sum * 10 + digit;
  }
  *value = (int64_t)(is_negative ? 0 - sum : sum);
  return !a->lex.failed;
}

static bool parse_imm_real(void *ctx, double *value) {
  Assembler *a = ctx;
  char text[400], *end;
  int kind = a->lex.token.kind == TOKEN_WORD ? TOKEN_WORD : TOKEN_NUMBER;
  Token token = expect(a, kind, "a float");
  if (token.length >= sizeof text) FAIL(a, "the float is too long");
  if (a->lex.failed) return false;
  memcpy(text, token.text, token.length);
  text[token.length] = 0;
  errno = 0;
  Value v = {.f = strtod(text, &end)};
  if (end == text || *end) FAIL(a, "expected a float");
  if (errno == ERANGE && v.f - v.f != 0) FAIL(a, "the float is too large");
  if (v.f != v.f) v.u = CANONICAL_NAN;
  *value = v.f;
  return !a->lex.failed;
}

static bool parse_imm_type(void *ctx, const Type **type) {
  *type = parse_type(ctx);
  return *type != NULL;
}

static bool parse_imm_targs(void *ctx, uint32_t *count, const Type ***targs) {
  Assembler *a = ctx;
  if (accept(a, '<')) *targs = parse_types(a, '>', MODULE_TPARAMS_MAX, count);
  return !a->lex.failed;
}

static bool parse_imm_labels(void *ctx, uint32_t *first, uint32_t *count) {
  Assembler *a = ctx;
  Function *f = a->function;
  *first = f->nswitches;
  expect(a, '(', "'('");
  if (!accept(a, ')')) {
    do {
      uint32_t *label = MODULE_PUSH(a->module, f->nswitches, f->switches);
      if (got(a, label)) *label = parse_label_name(a);
    } while (accept(a, ','));
    expect(a, ')', "')' or ','");
  }
  *count = f->nswitches - *first;
  return !a->lex.failed;
}

static const ImmVisitor parse_imm = {parse_imm_number, parse_imm_integer, parse_imm_real,
                                     parse_imm_type,   parse_imm_targs,   parse_imm_labels};

static int parse_op(Assembler *a) {
  Token token = expect(a, TOKEN_WORD, "an instruction");
  int op = token.length < 64 ? op_find(token.text, (unsigned)token.length) : -1;
  if (op < 0) FAIL(a, "'%.*s' is no instruction or declaration", token.length < 40 ? (int)token.length : 40, token.text);
  return op;
}

static void parse_insn(Assembler *a) {
  int op = parse_op(a);
  if (a->lex.failed) return;
  if (!a->function) {
    FAIL(a, "an instruction outside a function");
    return;
  }
  if (a->function->ncode == MODULE_CODE_MAX) FAIL(a, "the function has too many instructions");
  Insn insn = {.op = (uint8_t)op};
  insn_walk(&insn, &parse_imm, a);
  Insn *place = MODULE_PUSH(a->module, a->function->ncode, a->function->code);
  if (got(a, place)) *place = insn;
}

/* Declarations. A declaration's first step is ended by the next one's. */

static void parse_string(Assembler *a) {
  end_declaration(a);
  Token token = expect(a, TOKEN_STRING, "a string");
  StringConst *string = MODULE_PUSH(a->module, a->module->nstrings, a->module->strings);
  if (got(a, string)) *string = (StringConst){token.text, (uint32_t)token.length};
}

static void parse_class(Assembler *a) {
  end_declaration(a);
  a->class = MODULE_PUSH(a->module, a->module->nclasses, a->module->classes);
  if (!got(a, a->class)) return;
  a->class->name = parse_name(a);
  a->class->tparams = parse_tparams(a, &a->class->ntparams);
}

static void parse_enum(Assembler *a) {
  end_declaration(a);
  a->en = MODULE_PUSH(a->module, a->module->nenums, a->module->enums);
  if (!got(a, a->en)) return;
  a->en->name = parse_name(a);
  a->en->tparams = parse_tparams(a, &a->en->ntparams);
}

static void parse_case(Assembler *a) {
  Case *c = a->en ? MODULE_PUSH(a->module, a->en->ncases, a->en->cases) : NULL;
  if (!a->en) FAIL(a, "a case outside an enum");
  else if (got(a, c)) c->name = parse_name(a);
}

static void parse_field(Assembler *a) {
  Case *c = a->en && a->en->ncases ? &a->en->cases[a->en->ncases - 1] : NULL;
  Field *field = NULL;
  if (a->class) field = MODULE_PUSH(a->module, a->class->nfields, a->class->fields);
  else if (c) field = MODULE_PUSH(a->module, c->nfields, c->fields);
  else FAIL(a, "a field outside a class or case");
  if ((a->class ? a->class->nfields : c ? c->nfields : 0) > MODULE_PARAMS_MAX) FAIL(a, "too many fields");
  if (a->lex.failed || !got(a, field)) return;
  field->name = parse_name(a);
  field->is_mutable = a->class && accept_word(a, "mut");
  field->type = parse_type(a);
}

static void parse_trait(Assembler *a) {
  end_declaration(a);
  a->trait = MODULE_PUSH(a->module, a->module->ntraits, a->module->traits);
  if (!got(a, a->trait)) return;
  a->trait->name = parse_name(a);
  a->trait->tparams = parse_tparams(a, &a->trait->ntparams);
}

static void parse_method(Assembler *a) {
  Method *method = a->trait ? MODULE_PUSH(a->module, a->trait->nmethods, a->trait->methods) : NULL;
  if (!a->trait) FAIL(a, "a method outside a trait");
  if (a->lex.failed || !got(a, method)) return;
  method->name = parse_name(a);
  method->is_dynamic = accept_word(a, "dynamic");
  parse_signature(a, &method->nparams, &method->params, &method->result);
}

static void parse_import(Assembler *a) {
  end_declaration(a);
  Import *import = MODULE_PUSH(a->module, a->module->nimports, a->module->imports);
  if (!got(a, import)) return;
  import->module = parse_name(a);
  import->name = parse_name(a);
  parse_signature(a, &import->nparams, &import->params, &import->result);
}

static void parse_global(Assembler *a) {
  end_declaration(a);
  Global *global = MODULE_PUSH(a->module, a->module->nglobals, a->module->globals);
  if (!got(a, global)) return;
  global->name = parse_name(a);
  global->type = parse_type(a);
}

static void add_local(Assembler *a, const Type *type) {
  const Type **local = MODULE_PUSH(a->module, a->function->nlocals, a->function->locals);
  if (a->function->nlocals > MODULE_LOCALS_MAX) FAIL(a, "the function has too many locals");
  if (got(a, local)) *local = type;
}

static void parse_func(Assembler *a) {
  end_declaration(a);
  Function *f = MODULE_PUSH(a->module, a->module->nfunctions, a->module->functions);
  a->function = f;
  if (!got(a, f)) return;
  f->name = parse_name(a);
  f->tparams = parse_tparams(a, &f->ntparams);
  parse_signature(a, &f->nparams, &f->params, &f->result);
  for (uint32_t i = 0; i < f->nparams && !a->lex.failed; i++) add_local(a, f->params[i]);
}

static void parse_local(Assembler *a) {
  if (a->function) add_local(a, parse_type(a));
  else FAIL(a, "a local outside a function");
}

static void parse_init(Assembler *a, Label *label) {
  do {
    uint32_t *local = MODULE_PUSH(a->module, label->ninit, label->init);
    if (got(a, local)) *local = parse_number(a);
  } while (accept(a, ','));
}

static void parse_label(Assembler *a) {
  Function *f = a->function;
  if (!f) {
    FAIL(a, "a label outside a function");
    return;
  }
  if (f->nlabels && f->labels[f->nlabels - 1].pc == f->ncode) FAIL(a, "two labels at one place");
  uint32_t name = parse_label_name(a);
  Label *label = MODULE_PUSH(a->module, f->nlabels, f->labels);
  if (a->lex.failed || !got(a, label)) return;
  if (a->names[name].number != NO_LABEL) FAIL(a, "the label was declared before");
  a->names[name].number = f->nlabels - 1;
  label->pc = f->ncode;
  expect(a, '(', "'('");
  label->stack = parse_types(a, ')', MODULE_BYTES_MAX, &label->nstack);
  if (accept_word(a, "init")) parse_init(a, label);
}

static void parse_line(Assembler *a) {
  Function *f = a->function;
  if (!f) {
    FAIL(a, "a line outside a function");
    return;
  }
  if (f->nlines && f->lines[f->nlines - 1].pc == f->ncode) FAIL(a, "two lines for one instruction");
  LineEntry *entry = MODULE_PUSH(a->module, f->nlines, f->lines);
  if (a->lex.failed || !got(a, entry)) return;
  entry->pc = f->ncode;
  entry->file = parse_number(a);
  entry->line = parse_number(a);
  entry->column = parse_number(a);
  if (!a->lex.failed && (entry->line == 0 || entry->column == 0)) FAIL(a, "lines and columns count from 1");
}

static void parse_impl(Assembler *a) {
  end_declaration(a);
  a->impl = MODULE_PUSH(a->module, a->module->nimpls, a->module->impls);
  ImplNote *note = MODULE_PUSH(a->module, a->nnotes, a->notes);
  if (!got(a, a->impl) || !got(a, note)) return;
  note->line = a->lex.line;
  a->impl->tparams = parse_tparams(a, &a->impl->ntparams);
  a->impl->trait = parse_type(a);
  if (!accept_word(a, "for")) FAIL(a, "expected 'for'");
  a->impl->type = parse_type(a);
}

static void parse_by(Assembler *a) {
  if (!a->impl) {
    FAIL(a, "'by' outside an impl");
    return;
  }
  ImplMethod *method = MODULE_PUSH(a->module, a->notes[a->nnotes - 1].nmethods, a->impl->methods);
  if (!got(a, method)) return;
  method->is_op = a->lex.token.kind == TOKEN_WORD;
  if (method->is_op) {
    method->op = (uint8_t)parse_op(a);
  } else {
    method->function = parse_number(a);
    parse_imm_targs(a, &method->ntargs, &method->targs);
  }
}

static void parse_named_function(Assembler *a, Export *export) {
  if (!got(a, export)) return;
  export->name = parse_name(a);
  export->function = parse_number(a);
}

static void parse_export(Assembler *a) {
  end_declaration(a);
  parse_named_function(a, MODULE_PUSH(a->module, a->module->nexports, a->module->exports));
}

static void parse_test(Assembler *a) {
  end_declaration(a);
  parse_named_function(a, MODULE_PUSH(a->module, a->module->ntests, a->module->tests));
}

static void parse_entry(Assembler *a) {
  end_declaration(a);
  a->module->entry = parse_number(a);
}

static const struct {
  const char *word;
  void (*parse)(Assembler *a);
} statements[] = {
  {"string", parse_string}, {"class", parse_class},   {"field", parse_field},   {"enum", parse_enum},     {"case", parse_case},
  {"trait", parse_trait},   {"method", parse_method}, {"import", parse_import}, {"global", parse_global}, {"func", parse_func},
  {"local", parse_local},   {"label", parse_label},   {"line", parse_line},     {"impl", parse_impl},     {"by", parse_by},
  {"export", parse_export}, {"test", parse_test},     {"entry", parse_entry},
};

static void parse_statement(Assembler *a) {
  void (*parse)(Assembler *) = parse_insn;
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
    if (!at_word(a, statements[i].word)) continue;
    parse = statements[i].parse;
    asm_lex_next(&a->lex);
    break;
  }
  parse(a);
}

static void end_statement(Assembler *a) {
  if (a->lex.token.kind != TOKEN_END) expect(a, TOKEN_NEWLINE, "the end of the line");
}

static void parse_text(Assembler *a) {
  asm_lex_next(&a->lex);
  while (accept(a, TOKEN_NEWLINE)) {}
  if (!accept_word(a, "module") || (parse_number(a) != MODULE_VERSION && !a->lex.failed)) {
    FAIL(a, "expected 'module %d' before all else", MODULE_VERSION);
  }
  end_statement(a);
  while (a->lex.token.kind != TOKEN_END) {
    if (accept(a, TOKEN_NEWLINE)) continue;
    parse_statement(a);
    end_statement(a);
  }
  end_declaration(a);
  for (uint32_t i = 0; i < a->module->nimpls && !a->lex.failed; i++) {
    uint32_t count = impl_method_count(a->module, &a->module->impls[i]);
    if (count == a->notes[i].nmethods) continue;
    asm_lex_fail(&a->lex, a->notes[i].line, "the impl has %u methods, its trait %u", a->notes[i].nmethods, count);
  }
}

Module *module_assemble(const char *text, size_t length, ModuleError *error) {
  *error = (ModuleError){0};
  Assembler a = {.module = module_new()};
  asm_lex_init(&a.lex, a.module, text, length, error);
  if (!got(&a, a.module)) return NULL;
  if (length > UINT32_MAX / 2) FAIL(&a, "the text is too long");
  /* Floats are read with a point whatever the host's locale says. */
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  locale_t before = plain ? uselocale(plain) : (locale_t)0;
  if (!a.lex.failed) parse_text(&a);
  if (plain) {
    uselocale(before);
    freelocale(plain);
  }
  free(a.index);
  if (!a.lex.failed) return a.module;
  module_free(a.module);
  return NULL;
}
