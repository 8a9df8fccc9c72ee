/* decode.c - any bytes to a module, or to an error with an offset and a reason (spec.md, "Module format").
 *
 * The first error sticks: it empties the reader, so that all later reads give zeros and all loops, whose counts were checked against
 * the bytes left, end soon. Nothing is allocated for a count before that check, so memory is proportional to the input.
 * What decoding promises: structure, ranges of all indexes, UTF-8 names without NUL, and that encoding the module again
 * gives the same bytes. What code means is the verifier's matter.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/codec.h"
#include "vm/op.h"

typedef struct Reader {
  const uint8_t *start, *next, *end; /* end: of the section */
  Module *module;
  ModuleError *error;
  uint32_t ntypes;        /* entries of the type section */
  uint32_t ntypes_used;   /* types below this number have been mentioned */
  uint32_t *type_offsets; /* where the entry of each type begins */
  Function *function;
  bool failed;
} Reader;

/* Errors */

__attribute__((format(printf, 3, 4))) static void fail_at(Reader *r, const uint8_t *where, const char *format, ...) {
  if (!r->failed) {
    va_list args;
    va_start(args, format);
    vsnprintf(r->error->reason, sizeof r->error->reason, format, args);
    va_end(args);
    r->error->offset = (uint64_t)(where - r->start);
  }
  r->failed = true;
  r->next = r->end;
}

static size_t bytes_left(const Reader *r) { return (size_t)(r->end - r->next); }

static void *alloc(Reader *r, size_t count, size_t size) {
  void *memory = r->failed ? NULL : module_alloc(r->module, count * size);
  if (!memory && !r->failed) fail_at(r, r->next, "out of memory");
  return memory;
}

/* Numbers and bytes */

static uint32_t read_byte(Reader *r) {
  if (r->next < r->end) return *r->next++;
  fail_at(r, r->next, "the section or file ends too soon");
  return 0;
}

static uint32_t read_number_slow(Reader *r) {
  const uint8_t *where = r->next;
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    uint32_t byte = read_byte(r);
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    if (byte == 0 && shift && !r->failed) fail_at(r, where, "a number is longer than it needs to be");
    if (value > UINT32_MAX) break;
    return r->failed ? 0 : (uint32_t)value;
  }
  fail_at(r, where, "a number is over 32 bits");
  return 0;
}

static inline uint32_t read_number(Reader *r) {
  return r->next < r->end && *r->next < 0x80 ? *r->next++ : read_number_slow(r);
}

static int64_t read_sleb(Reader *r) {
  const uint8_t *where = r->next;
  uint64_t value = 0;
  uint32_t last = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    uint32_t byte = read_byte(r);
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte & 0x80) {
      last = byte;
      continue;
    }
    if (shift && byte == (last & 0x40 ? 0x7fu : 0u) && !r->failed) fail_at(r, where, "a number is longer than it needs to be");
    if (shift == 63 && byte != 0 && byte != 0x7f) break;
    if (byte & 0x40 && shift < 57) value |= ~UINT64_C(0) << (shift + 7);
    return r->failed ? 0 : (int64_t)value;
  }
  fail_at(r, where, "a number is over 64 bits");
  return 0;
}

/* Reads an index below `limit`. */
static uint32_t read_index(Reader *r, uint32_t limit, const char *what) {
  const uint8_t *where = r->next;
  uint32_t index = read_number(r);
  if (index < limit || r->failed) return index;
  fail_at(r, where, "%s %u does not exist (there are %u)", what, index, limit);
  return 0;
}

/* Reads how many things of at least `size` bytes follow; at most `most`. */
static uint32_t read_count(Reader *r, size_t size, uint32_t most, const char *what) {
  const uint8_t *where = r->next;
  uint32_t count = read_number(r);
  if (count > most) fail_at(r, where, "%u %s are more than the limit %u", count, what, most);
  else if (count > bytes_left(r) / size) fail_at(r, where, "%u %s do not fit into the bytes left", count, what);
  return r->failed ? 0 : count;
}

static bool read_bool(Reader *r, const char *what) {
  const uint8_t *where = r->next;
  uint32_t byte = read_byte(r);
  if (byte > 1) fail_at(r, where, "%s is neither 0 nor 1", what);
  return byte == 1 && !r->failed;
}

static const char *read_text(Reader *r, uint32_t *length) {
  uint32_t count = read_count(r, 1, MODULE_BYTES_MAX, "bytes");
  const char *bytes = (const char *)r->next;
  *length = count;
  if (count == 0) return "";
  if (!utf8_valid(bytes, count)) fail_at(r, r->next, "text is not valid UTF-8");
  char *copy = alloc(r, count + (size_t)1, 1);
  if (!copy) return "";
  memcpy(copy, bytes, count);
  r->next += count;
  return copy;
}

static const char *read_name(Reader *r) {
  const uint8_t *where = r->next;
  uint32_t length;
  const char *name = read_text(r, &length);
  if (!r->failed && memchr(name, 0, length)) fail_at(r, where, "a name contains a NUL");
  return name;
}

/* Types */

/* Types are numbered in the order in which the rest of the file mentions them, arguments before users. */
static void use_type(Reader *r, const Type *type) {
  if (type->id < r->ntypes_used) return;
  for (uint32_t i = 0; i < type->nargs; i++) use_type(r, type->args[i]);
  if (type->id == r->ntypes_used) r->ntypes_used++;
  else fail_at(r, r->next, "type %u is out of order: types are numbered as they are first used", type->id);
}

static const Type *read_type(Reader *r) {
  uint32_t index = read_index(r, r->ntypes, "type");
  if (r->failed) return NULL;
  const Type *type = type_table_at(r->module->types, index);
  if (index >= r->ntypes_used) use_type(r, type);
  return type;
}

static const Type **read_types(Reader *r, uint32_t *count, uint32_t most, const char *what) {
  uint32_t n = read_count(r, 1, most, what);
  const Type **types = alloc(r, n, sizeof *types);
  for (uint32_t i = 0; i < n && types; i++) types[i] = read_type(r);
  *count = types ? n : 0;
  return types;
}

static void read_type_entry(Reader *r, uint32_t number) {
  const uint8_t *where = r->next;
  const Type *args[TYPE_ARGS_MAX];
  r->type_offsets[number] = (uint32_t)(where - r->start);
  TypeKind kind = read_byte(r);
  int params = type_kind_params(kind);
  if (params < -1 || kind >= TYPE_KIND_END) fail_at(r, where, "0x%02x is no kind of type", kind);
  uint32_t decl = type_kind_has_decl(kind) ? read_number(r) : 0;
  uint32_t nargs = params < 0 ? read_count(r, 1, TYPE_ARGS_MAX, "type arguments") : (uint32_t)params;
  for (uint32_t i = 0; i < nargs && !r->failed; i++) {
    args[i] = type_table_at(r->module->types, read_index(r, number, "earlier type"));
  }
  if (r->failed) return;
  const Type *type = type_intern(r->module->types, kind, decl, args, nargs);
  if (!type) fail_at(r, where, "type %u nests too deep, is too large or has no result, or memory is out", number);
  else if (type->id != number) fail_at(r, where, "type %u repeats type %u", number, type->id);
}

static void read_type_section(Reader *r) {
  uint32_t count = read_count(r, 1, MODULE_BYTES_MAX, "types");
  r->type_offsets = malloc((count + (size_t)1) * sizeof *r->type_offsets);
  if (!r->type_offsets) fail_at(r, r->next, "out of memory");
  for (uint32_t i = 0; i < count && !r->failed; i++) read_type_entry(r, i);
  r->ntypes = count;
}

/* Declarations stand behind the types that mention them, so this comes last. */
static void check_type_decls(Reader *r) {
  const Module *m = r->module;
  for (uint32_t i = 0; i < r->ntypes && !r->failed; i++) {
    const Type *type = type_table_at(m->types, i);
    uint32_t limit = type->kind == TYPE_CLASS   ? m->nclasses
                     : type->kind == TYPE_ENUM  ? m->nenums
                     : type->kind == TYPE_TRAIT ? m->ntraits
                     : type->kind == TYPE_PARAM ? MODULE_TPARAMS_MAX
                                                : UINT32_MAX;
    if (type->decl < limit) continue;
    fail_at(r, r->start + r->type_offsets[i], "%s %u does not exist (there are %u)", type_kind_name(type->kind), type->decl, limit);
  }
  if (r->ntypes_used < r->ntypes && !r->failed) {
    fail_at(r, r->start + r->type_offsets[r->ntypes_used], "type %u is not used", r->ntypes_used);
  }
}

/* Instructions */

static bool read_imm_number(void *ctx, char letter, uint32_t *value) {
  Reader *r = ctx;
  const Module *m = r->module;
  const uint8_t *where = r->next;
  switch (letter) {
    case 'b': *value = read_bool(r, "a bool"); break;
    case 'l': *value = read_index(r, r->function->nlocals, "local"); break;
    case 'g': *value = read_index(r, m->nglobals, "global"); break;
    case 'L': *value = read_index(r, r->function->nlabels, "label"); break;
    case 's': *value = read_index(r, m->nstrings, "string constant"); break;
    case 'm': *value = read_index(r, m->nimports, "import"); break;
    case 'F': *value = read_index(r, m->nfunctions, "function"); break;
    default: *value = read_number(r);
  }
  if (letter == 'c' && !char_valid(*value)) fail_at(r, where, "0x%x is no Unicode scalar value", *value);
  return !r->failed;
}

static bool read_imm_integer(void *ctx, int64_t *value) {
  *value = read_sleb(ctx);
  return !((Reader *)ctx)->failed;
}

static bool read_imm_real(void *ctx, double *value) {
  Reader *r = ctx;
  const uint8_t *where = r->next;
  Value v = {0};
  for (unsigned i = 0; i < 8; i++) v.u |= (uint64_t)read_byte(r) << 8 * i;
  if (v.f != v.f && v.u != CANONICAL_NAN) fail_at(r, where, "a nan is not the canonical one");
  *value = v.f;
  return !r->failed;
}

static bool read_imm_type(void *ctx, const Type **type) {
  *type = read_type(ctx);
  return *type != NULL;
}

static bool read_imm_targs(void *ctx, uint32_t *count, const Type ***targs) {
  Reader *r = ctx;
  *targs = read_types(r, count, MODULE_TPARAMS_MAX, "type arguments");
  return !r->failed;
}

static bool read_imm_labels(void *ctx, uint32_t *first, uint32_t *count) {
  Reader *r = ctx;
  Function *f = r->function;
  *first = f->nswitches;
  *count = read_count(r, 1, MODULE_BYTES_MAX, "labels");
  for (uint32_t i = 0; i < *count && !r->failed; i++) {
    uint32_t *label = MODULE_PUSH(r->module, f->nswitches, f->switches);
    if (label) *label = read_index(r, f->nlabels, "label");
    else fail_at(r, r->next, "out of memory");
  }
  return !r->failed;
}

static const ImmVisitor read_imm = {read_imm_number, read_imm_integer, read_imm_real, read_imm_type, read_imm_targs, read_imm_labels};

static void read_code(Reader *r, Function *f) {
  uint32_t count = read_count(r, 1, MODULE_CODE_MAX, "instructions");
  f->code = alloc(r, count, sizeof *f->code);
  if (!f->code) return;
  f->ncode = count;
  for (uint32_t i = 0; i < count && !r->failed; i++) {
    const uint8_t *where = r->next;
    f->code[i].op = (uint8_t)read_byte(r);
    if (!insn_walk(&f->code[i], &read_imm, r)) fail_at(r, where, "0x%02x is no instruction", f->code[i].op);
  }
}

/* Functions */

static TypeParam *read_tparams(Reader *r, uint32_t *count) {
  uint32_t n = read_count(r, 2, MODULE_TPARAMS_MAX, "type parameters");
  TypeParam *tparams = alloc(r, n, sizeof *tparams);
  for (uint32_t i = 0; i < n && tparams && !r->failed; i++) {
    tparams[i].name = read_name(r);
    tparams[i].bounds = read_types(r, &tparams[i].nbounds, MODULE_BYTES_MAX, "bounds");
  }
  *count = tparams ? n : 0;
  return tparams;
}

static void read_locals(Reader *r, Function *f) {
  uint32_t extra = read_count(r, 1, MODULE_LOCALS_MAX - f->nparams, "locals");
  f->locals = alloc(r, f->nparams + (size_t)extra, sizeof *f->locals);
  if (!f->locals) return;
  if (f->nparams) memcpy(f->locals, f->params, f->nparams * sizeof *f->params);
  f->nlocals = f->nparams + extra;
  for (uint32_t i = f->nparams; i < f->nlocals && !r->failed; i++) f->locals[i] = read_type(r);
}

/* Reads a distance that begins at 0 for the first of a list and is at least 1 for the others; adds it to `from`. */
static uint32_t read_distance(Reader *r, uint32_t from, bool is_first, uint32_t limit, const char *what) {
  const uint8_t *where = r->next;
  uint32_t distance = read_number(r);
  if (distance == 0 && !is_first) fail_at(r, where, "two %s at one place", what);
  else if (distance >= limit - from) fail_at(r, where, "%s lie outside the code", what);
  return r->failed ? 0 : from + distance;
}

static void read_label(Reader *r, const Function *f, Label *label) {
  label->stack = read_types(r, &label->nstack, MODULE_BYTES_MAX, "operands");
  uint32_t n = read_count(r, 1, MODULE_LOCALS_MAX, "initialised locals");
  label->init = alloc(r, n, sizeof *label->init);
  label->ninit = label->init ? n : 0;
  uint32_t least = f->nparams;
  for (uint32_t i = 0; i < label->ninit && !r->failed; i++) {
    const uint8_t *where = r->next;
    label->init[i] = read_index(r, f->nlocals, "local");
    if (label->init[i] < least) fail_at(r, where, "local %u is a parameter or out of order", label->init[i]);
    least = label->init[i] + 1;
  }
}

static void read_labels(Reader *r, Function *f) {
  uint32_t count = read_count(r, 3, MODULE_CODE_MAX, "labels");
  f->labels = alloc(r, count, sizeof *f->labels);
  if (!f->labels) return;
  f->nlabels = count;
  uint32_t pc = 0;
  for (uint32_t i = 0; i < count && !r->failed; i++) {
    pc = read_distance(r, pc, i == 0, MODULE_CODE_MAX, "labels");
    f->labels[i].pc = pc;
    read_label(r, f, &f->labels[i]);
  }
}

static void read_lines(Reader *r, Function *f) {
  uint32_t count = read_count(r, 4, MODULE_CODE_MAX, "line entries");
  f->lines = alloc(r, count, sizeof *f->lines);
  if (!f->lines) return;
  f->nlines = count;
  LineEntry last = {0};
  for (uint32_t i = 0; i < count && !r->failed; i++) {
    last.pc = read_distance(r, last.pc, i == 0, f->ncode, "line entries");
    last.file = read_index(r, r->module->nstrings, "string constant");
    const uint8_t *where = r->next;
    int64_t step = read_sleb(r);
    if (step < 1 - (int64_t)last.line || step > (int64_t)UINT32_MAX - last.line) fail_at(r, where, "the line is out of range");
    last.line = (uint32_t)(last.line + step);
    last.column = read_number(r);
    if (last.column == 0) fail_at(r, where, "the column is 0");
    f->lines[i] = last;
  }
}

static void read_function(Reader *r, Function *f) {
  r->function = f;
  f->name = read_name(r);
  f->tparams = read_tparams(r, &f->ntparams);
  f->params = read_types(r, &f->nparams, MODULE_PARAMS_MAX, "parameters");
  f->result = read_type(r);
  read_locals(r, f);
  read_labels(r, f);
  const uint8_t *where = r->next;
  read_code(r, f);
  if (f->nlabels && !r->failed && f->labels[f->nlabels - 1].pc >= f->ncode) fail_at(r, where, "labels lie outside the code");
  read_lines(r, f);
}

/* Other sections: each READ_ALL reads a count, makes the array, and reads the elements. */

#define READ_ALL(r, least, count, array, what, read_one)                                        \
  do {                                                                                          \
    uint32_t n_ = read_count((r), (least), MODULE_BYTES_MAX, (what));                           \
    (array) = alloc((r), n_, sizeof *(array));                                                  \
    (count) = (array) ? n_ : 0;                                                                 \
    for (uint32_t i_ = 0; i_ < (count) && !(r)->failed; i_++) read_one((r), &(array)[i_]);      \
  } while (0)

#define READ_SOME(r, least, most, count, array, what, read_one)                                 \
  do {                                                                                          \
    const uint8_t *where_ = (r)->next;                                                          \
    READ_ALL(r, least, count, array, what, read_one);                                           \
    if ((count) > (most)) fail_at((r), where_, "%u %s are more than the limit %u", (count), (what), (uint32_t)(most)); \
  } while (0)

static void read_string(Reader *r, StringConst *string) { string->bytes = read_text(r, &string->length); }

static void read_case_field(Reader *r, Field *field) {
  field->name = read_name(r);
  field->type = read_type(r);
}

static void read_field(Reader *r, Field *field) {
  read_case_field(r, field);
  field->is_mutable = read_bool(r, "the mark of a mutable field");
}

static void read_class(Reader *r, Class *class) {
  class->name = read_name(r);
  class->tparams = read_tparams(r, &class->ntparams);
  READ_SOME(r, 3, MODULE_PARAMS_MAX, class->nfields, class->fields, "fields", read_field);
}

static void read_case(Reader *r, Case *c) {
  c->name = read_name(r);
  READ_SOME(r, 2, MODULE_PARAMS_MAX, c->nfields, c->fields, "fields", read_case_field);
}

static void read_enum(Reader *r, Enum *en) {
  en->name = read_name(r);
  en->tparams = read_tparams(r, &en->ntparams);
  READ_ALL(r, 2, en->ncases, en->cases, "cases", read_case);
}

static void read_method(Reader *r, Method *method) {
  method->name = read_name(r);
  method->params = read_types(r, &method->nparams, MODULE_PARAMS_MAX, "parameters");
  method->result = read_type(r);
  method->is_dynamic = read_bool(r, "the mark of a dynamic method");
}

static void read_trait(Reader *r, Trait *trait) {
  trait->name = read_name(r);
  trait->tparams = read_tparams(r, &trait->ntparams);
  READ_ALL(r, 4, trait->nmethods, trait->methods, "methods", read_method);
}

static void read_import(Reader *r, Import *import) {
  import->module = read_name(r);
  import->name = read_name(r);
  import->params = read_types(r, &import->nparams, MODULE_PARAMS_MAX, "parameters");
  import->result = read_type(r);
}

static void read_global(Reader *r, Global *global) {
  global->name = read_name(r);
  global->type = read_type(r);
}

static void read_impl_method(Reader *r, ImplMethod *method) {
  const uint8_t *where = r->next;
  method->is_op = read_bool(r, "the kind of an implementation");
  if (!method->is_op) {
    method->function = read_index(r, r->module->nfunctions, "function");
    method->targs = read_types(r, &method->ntargs, MODULE_TPARAMS_MAX, "type arguments");
    return;
  }
  method->op = (uint8_t)read_byte(r);
  if (!op_table[method->op].name) fail_at(r, where, "0x%02x is no instruction", method->op);
}

static void read_impl(Reader *r, Impl *impl) {
  impl->tparams = read_tparams(r, &impl->ntparams);
  const uint8_t *where = r->next;
  impl->trait = read_type(r);
  impl->type = read_type(r);
  if (r->failed) return;
  if (impl->trait->kind != TYPE_TRAIT || impl->trait->decl >= r->module->ntraits) {
    fail_at(r, where, "type %u is no trait", impl->trait->id);
    return;
  }
  uint32_t count = impl_method_count(r->module, impl);
  if (count > bytes_left(r) / 2) fail_at(r, where, "%u methods do not fit into the bytes left", count);
  impl->methods = alloc(r, count, sizeof *impl->methods);
  for (uint32_t i = 0; i < count && !r->failed; i++) read_impl_method(r, &impl->methods[i]);
}

static void read_export(Reader *r, Export *export) {
  export->name = read_name(r);
  export->function = read_index(r, r->module->nfunctions, "function");
}

/* As READ_ALL, but the count is known while the elements are read: functions call each other. */
static void read_functions(Reader *r) {
  READ_ALL(r, 8, r->module->nfunctions, r->module->functions, "functions", read_function);
}

static void read_section_contents(Reader *r, Section id) {
  Module *m = r->module;
  switch (id) {
    case SECTION_TYPES: read_type_section(r); break;
    case SECTION_STRINGS: READ_ALL(r, 1, m->nstrings, m->strings, "string constants", read_string); break;
    case SECTION_CLASSES: READ_ALL(r, 3, m->nclasses, m->classes, "classes", read_class); break;
    case SECTION_ENUMS: READ_ALL(r, 3, m->nenums, m->enums, "enums", read_enum); break;
    case SECTION_TRAITS: READ_ALL(r, 3, m->ntraits, m->traits, "traits", read_trait); break;
    case SECTION_IMPORTS: READ_ALL(r, 4, m->nimports, m->imports, "imports", read_import); break;
    case SECTION_GLOBALS: READ_ALL(r, 2, m->nglobals, m->globals, "globals", read_global); break;
    case SECTION_FUNCTIONS: read_functions(r); break;
    case SECTION_IMPLS: READ_ALL(r, 3, m->nimpls, m->impls, "impls", read_impl); break;
    case SECTION_EXPORTS: READ_ALL(r, 2, m->nexports, m->exports, "exports", read_export); break;
    case SECTION_TESTS: READ_ALL(r, 2, m->ntests, m->tests, "tests", read_export); break;
    case SECTION_ENTRY: m->entry = read_index(r, m->nfunctions, "function"); break;
    case SECTION_END: break;
  }
}

static void read_section(Reader *r, Section id, const uint8_t *file_end) {
  const uint8_t *where = r->next;
  if (read_byte(r) != id) fail_at(r, where, "section %d does not begin here", id);
  uint32_t length = read_count(r, 1, MODULE_BYTES_MAX, "bytes of a section");
  if (r->failed) return;
  r->end = r->next + length;
  read_section_contents(r, id);
  if (r->next < r->end) fail_at(r, r->next, "bytes are left over at the end of section %d", id);
  r->end = file_end;
}

static void read_file(Reader *r) {
  const uint8_t *file_end = r->end;
  if (bytes_left(r) > MODULE_BYTES_MAX) fail_at(r, r->next, "the file is longer than %u bytes", MODULE_BYTES_MAX);
  if (bytes_left(r) < 8 || memcmp(r->next, MODULE_MAGIC, 4) != 0) fail_at(r, r->next, "not a Firn module");
  if (r->failed) return;
  r->next += 4;
  uint32_t version = 0;
  for (unsigned i = 0; i < 4; i++) version |= read_byte(r) << 8 * i;
  if (version != MODULE_VERSION) fail_at(r, r->start + 4, "the module's version is %u, this machine reads %d", version, MODULE_VERSION);
  for (Section id = SECTION_TYPES; id < SECTION_END && !r->failed; id++) read_section(r, id, file_end);
  if (r->next < file_end) fail_at(r, r->next, "bytes are left over at the end of the file");
  check_type_decls(r);
}

Module *module_decode(const uint8_t *bytes, size_t length, ModuleError *error) {
  *error = (ModuleError){0};
  Reader r = {.start = bytes, .next = bytes, .end = bytes + length, .error = error, .module = module_new()};
  if (!r.module) {
    fail_at(&r, bytes, "out of memory");
    return NULL;
  }
  read_file(&r);
  free(r.type_offsets);
  if (!r.failed) return r.module;
  module_free(r.module);
  return NULL;
}
