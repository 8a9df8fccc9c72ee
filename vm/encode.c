/* encode.c - a module to bytes (spec.md, "Module format").
 *
 * Deterministic: types are numbered when first written, arguments before users, so the bytes depend on what the module says and not on
 * the order in which its type table was filled. The type section stands first in the file but is complete only at the end: the
 * other sections are written to a buffer of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/codec.h"
#include "vm/op.h"

typedef struct Buffer {
  uint8_t *bytes;
  size_t length, capacity;
} Buffer;

typedef struct Encoder {
  const Module *module;
  const Function *function;
  Buffer types;            /* entries of the type section */
  Buffer section;          /* the section being written */
  Buffer rest;             /* all sections behind the type section */
  uint32_t ntypes;
  uint32_t *type_numbers;  /* by Type.id: 1 + the number in the file, or 0 */
  uint32_t *string_numbers; /* by string constant: the same */
  uint32_t nstrings;       /* that are written */
  bool strip;
  bool failed;             /* memory is out, or the module holds what cannot be written */
} Encoder;

static void put_bytes(Encoder *e, Buffer *buffer, const void *bytes, size_t length) {
  if (length > buffer->capacity - buffer->length) {
    size_t capacity = (buffer->capacity + length) * 2 + 64;
    uint8_t *moved = e->failed ? NULL : realloc(buffer->bytes, capacity);
    if (!moved) {
      e->failed = true;
      return;
    }
    buffer->bytes = moved;
    buffer->capacity = capacity;
  }
  if (length) memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

static void put_uleb(Encoder *e, Buffer *buffer, uint32_t value) {
  uint8_t bytes[5];
  unsigned n = 0;
  for (; value > 0x7f; value >>= 7) bytes[n++] = (uint8_t)(value | 0x80);
  bytes[n++] = (uint8_t)value;
  put_bytes(e, buffer, bytes, n);
}

static void put_byte(Encoder *e, unsigned byte) { put_bytes(e, &e->section, &(uint8_t){(uint8_t)byte}, 1); }

static void put_number(Encoder *e, uint32_t value) { put_uleb(e, &e->section, value); }

static void put_sleb(Encoder *e, int64_t value) {
  uint64_t rest = (uint64_t)value;
  uint64_t sign = value < 0 ? ~UINT64_C(0) : 0;
  while (((rest ^ sign) & ~UINT64_C(0x3f)) != 0) {
    put_byte(e, (unsigned)(rest & 0x7f) | 0x80);
    rest = rest >> 7 | (sign & ~(~UINT64_C(0) >> 7));
  }
  put_byte(e, (unsigned)(rest & 0x7f));
}

static void put_counted(Encoder *e, const char *bytes, size_t length) {
  if (length > MODULE_BYTES_MAX) e->failed = true;
  put_number(e, (uint32_t)length);
  put_bytes(e, &e->section, bytes, length);
}

static void put_string(Encoder *e, const char *text) { put_counted(e, text, strlen(text)); }

/* Types */

/* Writes the entry of a type that has none yet, after those of its arguments. */
static void number_type(Encoder *e, const Type *type) {
  if (type_table_at(e->module->types, type->id) != type || type_kind_params(type->kind) < -1 || type->kind >= TYPE_KIND_END) {
    e->failed = true;
    return;
  }
  if (e->type_numbers[type->id]) return;
  for (uint32_t i = 0; i < type->nargs; i++) number_type(e, type->args[i]);
  put_bytes(e, &e->types, &type->kind, 1);
  if (type_kind_has_decl(type->kind)) put_uleb(e, &e->types, type->decl);
  if (type_kind_params(type->kind) < 0) put_uleb(e, &e->types, type->nargs);
  for (uint32_t i = 0; i < type->nargs; i++) put_uleb(e, &e->types, e->type_numbers[type->args[i]->id] - 1);
  e->type_numbers[type->id] = ++e->ntypes;
}

static void put_type(Encoder *e, const Type *type) {
  if (!type) e->failed = true;
  if (e->failed) return;
  number_type(e, type);
  if (!e->failed) put_number(e, e->type_numbers[type->id] - 1);
}

static void put_types(Encoder *e, uint32_t count, const Type *const *types) {
  put_number(e, count);
  for (uint32_t i = 0; i < count; i++) put_type(e, types[i]);
}

static void put_tparams(Encoder *e, uint32_t count, const TypeParam *tparams, bool named) {
  put_number(e, count);
  for (uint32_t i = 0; i < count; i++) {
    put_string(e, named ? tparams[i].name : "");
    put_types(e, tparams[i].nbounds, tparams[i].bounds);
  }
}

/* Instructions */

static bool put_imm_number(void *ctx, char letter, uint32_t *value) {
  Encoder *e = ctx;
  if (letter == 'b') put_byte(e, *value);
  else if (letter == 's' && *value < e->module->nstrings) put_number(e, e->string_numbers[*value] - 1);
  else put_number(e, *value);
  return true;
}

static bool put_imm_integer(void *ctx, int64_t *value) {
  put_sleb(ctx, *value);
  return true;
}

static bool put_imm_real(void *ctx, double *value) {
  uint64_t bits;
  memcpy(&bits, value, sizeof bits);
  for (unsigned i = 0; i < 8; i++) put_byte(ctx, (unsigned)(bits >> 8 * i & 0xff));
  return true;
}

static bool put_imm_type(void *ctx, const Type **type) {
  put_type(ctx, *type);
  return true;
}

static bool put_imm_targs(void *ctx, uint32_t *count, const Type ***targs) {
  put_types(ctx, *count, *targs);
  return true;
}

static bool put_imm_labels(void *ctx, uint32_t *first, uint32_t *count) {
  Encoder *e = ctx;
  if (*first > e->function->nswitches || *count > e->function->nswitches - *first) return false;
  put_number(e, *count);
  for (uint32_t i = 0; i < *count; i++) put_number(e, e->function->switches[*first + i]);
  return true;
}

static const ImmVisitor put_imm = {put_imm_number, put_imm_integer, put_imm_real, put_imm_type, put_imm_targs, put_imm_labels};

static void put_insn(Encoder *e, Insn insn) {
  put_byte(e, insn.op);
  if (!insn_walk(&insn, &put_imm, e)) e->failed = true;
}

/* Sections */

static void put_strings(Encoder *e) {
  put_number(e, e->nstrings);
  for (uint32_t i = 0; i < e->module->nstrings; i++) {
    if (e->string_numbers[i]) put_counted(e, e->module->strings[i].bytes, e->module->strings[i].length);
  }
}

static void put_classes(Encoder *e) {
  put_number(e, e->module->nclasses);
  for (uint32_t i = 0; i < e->module->nclasses; i++) {
    const Class *class = &e->module->classes[i];
    put_string(e, class->name);
    put_tparams(e, class->ntparams, class->tparams, true);
    put_number(e, class->nfields);
    for (uint32_t j = 0; j < class->nfields; j++) {
      put_string(e, class->fields[j].name);
      put_type(e, class->fields[j].type);
      put_byte(e, class->fields[j].is_mutable);
    }
  }
}

static void put_case(Encoder *e, const Case *c) {
  put_string(e, c->name);
  put_number(e, c->nfields);
  for (uint32_t i = 0; i < c->nfields; i++) {
    put_string(e, c->fields[i].name);
    put_type(e, c->fields[i].type);
  }
}

static void put_enums(Encoder *e) {
  put_number(e, e->module->nenums);
  for (uint32_t i = 0; i < e->module->nenums; i++) {
    const Enum *en = &e->module->enums[i];
    put_string(e, en->name);
    put_tparams(e, en->ntparams, en->tparams, true);
    put_number(e, en->ncases);
    for (uint32_t j = 0; j < en->ncases; j++) put_case(e, &en->cases[j]);
  }
}

static void put_traits(Encoder *e) {
  put_number(e, e->module->ntraits);
  for (uint32_t i = 0; i < e->module->ntraits; i++) {
    const Trait *trait = &e->module->traits[i];
    put_string(e, trait->name);
    put_tparams(e, trait->ntparams, trait->tparams, true);
    put_number(e, trait->nmethods);
    for (uint32_t j = 0; j < trait->nmethods; j++) {
      const Method *method = &trait->methods[j];
      put_string(e, method->name);
      put_types(e, method->nparams, method->params);
      put_type(e, method->result);
      put_byte(e, method->is_dynamic);
    }
  }
}

static void put_imports(Encoder *e) {
  put_number(e, e->module->nimports);
  for (uint32_t i = 0; i < e->module->nimports; i++) {
    const Import *import = &e->module->imports[i];
    put_string(e, import->module);
    put_string(e, import->name);
    put_types(e, import->nparams, import->params);
    put_type(e, import->result);
  }
}

static void put_globals(Encoder *e) {
  put_number(e, e->module->nglobals);
  for (uint32_t i = 0; i < e->module->nglobals; i++) {
    put_string(e, e->module->globals[i].name);
    put_type(e, e->module->globals[i].type);
  }
}

static void put_labels(Encoder *e, const Function *f) {
  put_number(e, f->nlabels);
  uint32_t pc = 0;
  for (uint32_t i = 0; i < f->nlabels; i++) {
    const Label *label = &f->labels[i];
    put_number(e, label->pc - pc);
    pc = label->pc;
    put_types(e, label->nstack, label->stack);
    put_number(e, label->ninit);
    for (uint32_t j = 0; j < label->ninit; j++) put_number(e, label->init[j]);
  }
}

static void put_lines(Encoder *e, const Function *f) {
  uint32_t count = e->strip ? 0 : f->nlines;
  put_number(e, count);
  LineEntry last = {0};
  for (uint32_t i = 0; i < count; i++) {
    const LineEntry *entry = &f->lines[i];
    if (entry->file >= e->module->nstrings) e->failed = true;
    put_number(e, entry->pc - last.pc);
    put_number(e, entry->file);
    put_sleb(e, (int64_t)entry->line - last.line);
    put_number(e, entry->column);
    last = *entry;
  }
}

static void put_function(Encoder *e, const Function *f) {
  e->function = f;
  put_string(e, e->strip ? "" : f->name);
  put_tparams(e, f->ntparams, f->tparams, !e->strip);
  put_types(e, f->nparams, f->params);
  put_type(e, f->result);
  if (f->nlocals < f->nparams) {
    e->failed = true;
    return;
  }
  put_number(e, f->nlocals - f->nparams);
  for (uint32_t i = f->nparams; i < f->nlocals; i++) put_type(e, f->locals[i]);
  put_labels(e, f);
  put_number(e, f->ncode);
  for (uint32_t i = 0; i < f->ncode; i++) put_insn(e, f->code[i]);
  put_lines(e, f);
}

static void put_functions(Encoder *e) {
  put_number(e, e->module->nfunctions);
  for (uint32_t i = 0; i < e->module->nfunctions && !e->failed; i++) put_function(e, &e->module->functions[i]);
}

static void put_impls(Encoder *e) {
  put_number(e, e->module->nimpls);
  for (uint32_t i = 0; i < e->module->nimpls; i++) {
    const Impl *impl = &e->module->impls[i];
    put_tparams(e, impl->ntparams, impl->tparams, true);
    put_type(e, impl->trait);
    put_type(e, impl->type);
    uint32_t nmethods = impl_method_count(e->module, impl);
    for (uint32_t j = 0; j < nmethods; j++) {
      const ImplMethod *method = &impl->methods[j];
      put_byte(e, method->is_op);
      if (method->is_op) {
        put_byte(e, method->op);
      } else {
        put_number(e, method->function);
        put_types(e, method->ntargs, method->targs);
      }
    }
  }
}

static void put_exports(Encoder *e, uint32_t count, const Export *exports) {
  put_number(e, count);
  for (uint32_t i = 0; i < count; i++) {
    put_string(e, exports[i].name);
    put_number(e, exports[i].function);
  }
}

static void put_section(Encoder *e, Section id) {
  e->section.length = 0;
  switch (id) {
    case SECTION_STRINGS: put_strings(e); break;
    case SECTION_CLASSES: put_classes(e); break;
    case SECTION_ENUMS: put_enums(e); break;
    case SECTION_TRAITS: put_traits(e); break;
    case SECTION_IMPORTS: put_imports(e); break;
    case SECTION_GLOBALS: put_globals(e); break;
    case SECTION_FUNCTIONS: put_functions(e); break;
    case SECTION_IMPLS: put_impls(e); break;
    case SECTION_EXPORTS: put_exports(e, e->module->nexports, e->module->exports); break;
    case SECTION_TESTS: put_exports(e, e->module->ntests, e->module->tests); break;
    case SECTION_ENTRY: put_number(e, e->module->entry); break;
    default: break;
  }
}

/* Writes the section in e->section to the end of `to`. */
static void end_section(Encoder *e, Section id, Buffer *to) {
  if (e->section.length > MODULE_BYTES_MAX) e->failed = true;
  put_bytes(e, to, &(uint8_t){(uint8_t)id}, 1);
  put_uleb(e, to, (uint32_t)e->section.length);
  put_bytes(e, to, e->section.bytes, e->section.length);
}

/* Which string constants to write: all, or when stripping those that code mentions. */

static bool mark_number(void *ctx, char letter, uint32_t *value) {
  Encoder *e = ctx;
  if (letter == 's' && *value < e->module->nstrings) e->string_numbers[*value] = 1;
  return true;
}

static const ImmVisitor mark_imm = {.number = mark_number};

static void number_strings(Encoder *e) {
  for (uint32_t i = 0; e->strip && i < e->module->nfunctions; i++) {
    const Function *f = &e->module->functions[i];
    for (uint32_t pc = 0; pc < f->ncode; pc++) {
      Insn insn = f->code[pc];
      insn_walk(&insn, &mark_imm, e);
    }
  }
  for (uint32_t i = 0; i < e->module->nstrings; i++) {
    if (!e->strip || e->string_numbers[i]) e->string_numbers[i] = ++e->nstrings;
  }
}

static Buffer put_file(Encoder *e) {
  number_strings(e);
  for (Section id = SECTION_TYPES + 1; id < SECTION_END; id++) {
    put_section(e, id);
    end_section(e, id, &e->rest);
  }
  Buffer file = {0};
  uint8_t version[4] = {MODULE_VERSION & 0xff, MODULE_VERSION >> 8 & 0xff, MODULE_VERSION >> 16 & 0xff, MODULE_VERSION >> 24 & 0xff};
  put_bytes(e, &file, MODULE_MAGIC, 4);
  put_bytes(e, &file, version, sizeof version);
  e->section.length = 0;
  put_number(e, e->ntypes);
  put_bytes(e, &e->section, e->types.bytes, e->types.length);
  end_section(e, SECTION_TYPES, &file);
  put_bytes(e, &file, e->rest.bytes, e->rest.length);
  if (file.length > MODULE_BYTES_MAX) e->failed = true;
  return file;
}

uint8_t *module_encode(const Module *module, size_t *length, bool strip) {
  Encoder e = {.module = module, .strip = strip};
  e.type_numbers = calloc(type_table_count(module->types) + 1, sizeof *e.type_numbers);
  e.string_numbers = calloc((size_t)module->nstrings + 1, sizeof *e.string_numbers);
  Buffer file = {0};
  if (e.type_numbers && e.string_numbers) file = put_file(&e);
  else e.failed = true;
  free(e.type_numbers);
  free(e.string_numbers);
  free(e.types.bytes);
  free(e.section.bytes);
  free(e.rest.bytes);
  *length = file.length;
  if (!e.failed) return file.bytes;
  free(file.bytes);
  return NULL;
}
