/* test_module.c - the two written forms of a module: every instruction of op.def through both, hostile bytes, hostile text.
 *
 * sample_module holds one of everything and every instruction; its immediates come from the letters of op.def, so a new row is tested
 * without a change here.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/bump.h"
#include "vm/codec.h"
#include "vm/op.h"
#include "suite.h"

/* The sample */

typedef struct Sampler {
  Module *module;
  Function *function;
  uint32_t seed;
} Sampler;

static bool sample_number(void *ctx, char letter, uint32_t *value) {
  Sampler *s = ctx;
  uint32_t seed = s->seed++;
  switch (letter) {
    case 'b': *value = seed & 1; break;
    case 'c': *value = (const uint32_t[]){'a', '\'', '\\', '\n', 0, 0x7f, 0xe9, 0x10ffff}[seed % 8]; break;
    case 'k':
    case 'u': *value = (const uint32_t[]){0, 1, 127, 128, UINT32_MAX}[seed % 5]; break;
    case 'l': *value = seed % s->function->nlocals; break;
    case 'L': *value = seed % s->function->nlabels; break;
    case 's': *value = seed % s->module->nstrings; break;
    default: *value = 0;
  }
  return true;
}

static bool sample_integer(void *ctx, int64_t *value) {
  static const int64_t values[] = {0, 63, 64, -64, -65, INT64_MAX, INT64_MIN, INT64_C(1) << 62, -(INT64_C(1) << 62), -1, 1000000};
  *value = values[((Sampler *)ctx)->seed++ % (sizeof values / sizeof *values)];
  return true;
}

static bool sample_real(void *ctx, double *value) {
  Value nan = {.u = CANONICAL_NAN};
  const double values[] = {0.0, -0.0, 1.5, 0.1, 1e300, 5e-324, 1e15, 123456789012345680.0, INFINITY, -INFINITY, nan.f};
  *value = values[((Sampler *)ctx)->seed++ % (sizeof values / sizeof *values)];
  return true;
}

static const Type *sample_type_of(Sampler *s) {
  TypeTable *table = s->module->types;
  const Type *integer = type_simple(table, TYPE_INT);
  TypeKind kind = TYPE_VOID + s->seed++ % (TYPE_KIND_END - TYPE_VOID);
  const Type *args[2] = {integer, type_unary(table, TYPE_OPT, type_intern(table, TYPE_PARAM, s->seed % 2, NULL, 0))};
  int params = type_kind_params(kind);
  return type_intern(table, kind, 0, args, params < 0 ? 1 + s->seed % 2 : (uint32_t)params);
}

static bool sample_type(void *ctx, const Type **type) {
  *type = sample_type_of(ctx);
  return *type != NULL;
}

static bool sample_targs(void *ctx, uint32_t *count, const Type ***targs) {
  Sampler *s = ctx;
  *count = s->seed++ % 3;
  *targs = module_alloc(s->module, 2 * sizeof **targs);
  for (uint32_t i = 0; i < *count; i++) (*targs)[i] = sample_type_of(s);
  return true;
}

static bool sample_labels(void *ctx, uint32_t *first, uint32_t *count) {
  Sampler *s = ctx;
  *first = s->function->nswitches;
  *count = s->seed++ % 4;
  for (uint32_t i = 0; i < *count; i++) {
    *MODULE_PUSH(s->module, s->function->nswitches, s->function->switches) = i % s->function->nlabels;
  }
  return true;
}

static const ImmVisitor sample_imm = {sample_number, sample_integer, sample_real, sample_type, sample_targs, sample_labels};

static void add_insn(Sampler *s, int op) {
  Insn insn = {.op = (uint8_t)op};
  ck_assert(insn_walk(&insn, &sample_imm, s));
  *MODULE_PUSH(s->module, s->function->ncode, s->function->code) = insn;
}

static TypeParam *add_tparams(Module *m, uint32_t *count) {
  TypeParam *tparams = NULL;
  MODULE_PUSH(m, *count, tparams)->name = "T";
  TypeParam *second = MODULE_PUSH(m, *count, tparams);
  second->name = "not a word\n\"é\"";
  for (int i = 0; i < 2; i++) *MODULE_PUSH(m, second->nbounds, second->bounds) = type_intern(m->types, TYPE_TRAIT, 0, NULL, 0);
  return tparams;
}

static void add_string(Module *m, const char *text, uint32_t length) {
  *MODULE_PUSH(m, m->nstrings, m->strings) = (StringConst){text, length};
}
#define ADD_STRING(m, text) add_string((m), text, sizeof(text) - 1)

static void add_declarations(Sampler *s) {
  Module *m = s->module;
  ADD_STRING(m, "main.firn");
  ADD_STRING(m, "nul \0, quote \", tab\t, \x1f, \xf0\x9f\x8c\xbf");
  ADD_STRING(m, "");
  ADD_STRING(m, "a long text that a comment has to cut somewhere\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
  Class *class = MODULE_PUSH(m, m->nclasses, m->classes);
  *class = (Class){.name = "Point"};
  class->tparams = add_tparams(m, &class->ntparams);
  *MODULE_PUSH(m, class->nfields, class->fields) = (Field){"x", sample_type_of(s), true};
  *MODULE_PUSH(m, class->nfields, class->fields) = (Field){"y", sample_type_of(s), false};
  Enum *en = MODULE_PUSH(m, m->nenums, m->enums);
  *en = (Enum){.name = "Color"};
  *MODULE_PUSH(m, en->ncases, en->cases) = (Case){.name = "red"};
  Case *c = MODULE_PUSH(m, en->ncases, en->cases);
  *c = (Case){.name = "rgb"};
  *MODULE_PUSH(m, c->nfields, c->fields) = (Field){"", sample_type_of(s), false};
  Trait *trait = MODULE_PUSH(m, m->ntraits, m->traits);
  *trait = (Trait){.name = "Shape"};
  trait->tparams = add_tparams(m, &trait->ntparams);
  for (int i = 0; i < 2; i++) {
    Method *method = MODULE_PUSH(m, trait->nmethods, trait->methods);
    *method = (Method){.name = "area", .result = sample_type_of(s), .is_dynamic = i == 1};
    *MODULE_PUSH(m, method->nparams, method->params) = type_intern(m->types, TYPE_PARAM, 0, NULL, 0);
  }
  Import *import = MODULE_PUSH(m, m->nimports, m->imports);
  *import = (Import){.module = "string", .name = "trim", .result = type_simple(m->types, TYPE_STRING)};
  *MODULE_PUSH(m, import->nparams, import->params) = type_simple(m->types, TYPE_STRING);
  *MODULE_PUSH(m, m->nglobals, m->globals) = (Global){"count", type_simple(m->types, TYPE_INT)};
}

static void add_impl(Sampler *s) {
  Module *m = s->module;
  Impl *impl = MODULE_PUSH(m, m->nimpls, m->impls);
  *impl = (Impl){.trait = type_intern(m->types, TYPE_TRAIT, 0, NULL, 0), .type = sample_type_of(s)};
  impl->tparams = add_tparams(m, &impl->ntparams);
  impl->methods = module_alloc(m, 2 * sizeof *impl->methods);
  impl->methods[0] = (ImplMethod){.is_op = true, .op = OP_INT_ADD};
  impl->methods[1] = (ImplMethod){.function = 0, .ntargs = 1, .targs = module_alloc(m, sizeof(Type *))};
  impl->methods[1].targs[0] = sample_type_of(s);
  *MODULE_PUSH(m, m->nexports, m->exports) = (Export){"main", 0};
  *MODULE_PUSH(m, m->ntests, m->tests) = (Export){"adds \"up\"", 1};
  m->entry = 1;
}

/* Begins a function with two parameters, two more locals, and labels at pcs 0 and 2. */
static void begin_function(Sampler *s, const char *name) {
  Module *m = s->module;
  Function *f = s->function = MODULE_PUSH(m, m->nfunctions, m->functions);
  *f = (Function){.name = name, .result = type_simple(m->types, TYPE_INT)};
  f->tparams = add_tparams(m, &f->ntparams);
  for (uint32_t i = 0; i < 4; i++) {
    const Type *type = sample_type_of(s);
    if (i < 2) *MODULE_PUSH(m, f->nparams, f->params) = type;
    *MODULE_PUSH(m, f->nlocals, f->locals) = type;
  }
  for (uint32_t i = 0; i < 2; i++) {
    Label *label = MODULE_PUSH(m, f->nlabels, f->labels);
    *label = (Label){.pc = 2 * i};
    for (uint32_t j = 0; j < i; j++) *MODULE_PUSH(m, label->nstack, label->stack) = sample_type_of(s);
    for (uint32_t j = 0; j < 2 * i; j++) *MODULE_PUSH(m, label->ninit, label->init) = 2 + j;
  }
  *MODULE_PUSH(m, f->nlines, f->lines) = (LineEntry){0, 0, 10, 1};
  *MODULE_PUSH(m, f->nlines, f->lines) = (LineEntry){1, 0, 3, 200};
}

/* Two functions; the second has every instruction `copies` times. op >= 0: that instruction instead, so often that all sample values come. */
static Module *sample_module(int op, int copies) {
  Sampler s = {.module = module_new()};
  add_declarations(&s);
  begin_function(&s, "first");
  for (int i = 0; i < 3; i++) add_insn(&s, OP_RET);
  begin_function(&s, "Circle.area");
  for (int i = 0; i < copies; i++) {
    for (int code = op < 0 ? 0 : op; code < (op < 0 ? OP_MAX : op + 1); code++) {
      if (op_table[code].name) add_insn(&s, code);
    }
  }
  add_impl(&s);
  return s.module;
}

/* Helpers */

typedef struct Text {
  char *bytes;
  size_t length;
} Text;

static void text_write(void *ctx, const char *bytes, size_t length) {
  Text *text = ctx;
  text->bytes = realloc(text->bytes, text->length + length + 1);
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = 0;
}

static Text disassemble(const Module *m) {
  Text text = {0};
  module_disassemble(m, &(TextOut){text_write, &text});
  return text;
}

static void check_bytes(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length) {
  ck_assert_ptr_nonnull(a);
  ck_assert_ptr_nonnull(b);
  ck_assert_uint_eq(a_length, b_length);
  ck_assert_mem_eq(a, b, a_length);
}

/* Checks that the module survives both forms; frees it. */
static void check_round_trips(Module *m) {
  size_t length, again_length, text_length;
  ModuleError error;
  uint8_t *bytes = module_encode(m, &length, false);
  ck_assert_ptr_nonnull(bytes);
  Module *decoded = module_decode(bytes, length, &error);
  ck_assert_msg(decoded, "byte %u: %s", (unsigned)error.offset, error.reason);
  uint8_t *again = module_encode(decoded, &again_length, false);
  check_bytes(bytes, length, again, again_length);
  Text text = disassemble(m), decoded_text = disassemble(decoded);
  ck_assert_str_eq(text.bytes, decoded_text.bytes);
  Module *assembled = module_assemble(text.bytes, text.length, &error);
  ck_assert_msg(assembled, "line %u: %s", (unsigned)error.offset, error.reason);
  Text text_again = disassemble(assembled);
  ck_assert_str_eq(text.bytes, text_again.bytes);
  uint8_t *from_text = module_encode(assembled, &text_length, false);
  check_bytes(bytes, length, from_text, text_length);
  free(bytes), free(again), free(from_text);
  free(text.bytes), free(decoded_text.bytes), free(text_again.bytes);
  module_free(m), module_free(decoded), module_free(assembled);
}

/* Round trips */

START_TEST(every_instruction_survives) {
  if (op_table[_i].name) check_round_trips(sample_module(_i, 24));
}
END_TEST

START_TEST(whole_module_survives) {
  check_round_trips(sample_module(-1, 1));
  check_round_trips(sample_module(-1, 30));
}
END_TEST

START_TEST(immediates_fit_an_insn) {
  for (int code = 0; code < OP_MAX; code++) {
    if (!op_table[code].name) continue;
    const char *imms = op_table[code].imms;
    ck_assert_msg(strspn(imms, "ifbcuslgLTUkFmS") == strlen(imms), "%s", op_table[code].name);
    unsigned small = 0, wide = 0, types = 0;
    for (; *imms; imms++) {
      if (strchr("bcuslgLkmF", *imms)) small++;
      if (*imms == 'S') small += 2;
      if (strchr("ifUF", *imms)) wide++;
      if (*imms == 'T') types++;
    }
    ck_assert_msg(small <= 2 && wide <= 1 && types <= 1, "%s", op_table[code].name);
  }
}
END_TEST

START_TEST(encoding_ignores_unused_types) {
  Module *m = sample_module(-1, 1);
  size_t length, again_length;
  uint8_t *bytes = module_encode(m, &length, false);
  for (uint32_t i = 0; i < 100; i++) type_unary(m->types, TYPE_LIST, type_intern(m->types, TYPE_CLASS, i, NULL, 0));
  uint8_t *again = module_encode(m, &again_length, false);
  check_bytes(bytes, length, again, again_length);
  free(bytes), free(again);
  module_free(m);
}
END_TEST

START_TEST(stripping) {
  Module *m = sample_module(-1, 1);
  size_t full_length, length, again_length;
  ModuleError error;
  uint8_t *full = module_encode(m, &full_length, false);
  uint8_t *bytes = module_encode(m, &length, true);
  ck_assert_uint_lt(length, full_length);
  Module *stripped = module_decode(bytes, length, &error);
  ck_assert_msg(stripped, "byte %u: %s", (unsigned)error.offset, error.reason);
  ck_assert_str_eq(stripped->functions[1].name, "");
  ck_assert_str_eq(stripped->functions[1].tparams[0].name, "");
  ck_assert_str_eq(stripped->classes[0].name, "Point");
  ck_assert_str_eq(stripped->exports[0].name, "main");
  ck_assert_ptr_null(function_line(&stripped->functions[1], 0));
  for (uint32_t pc = 0; pc < m->functions[1].ncode; pc++) {
    const Insn *insn = &m->functions[1].code[pc], *kept = &stripped->functions[1].code[pc];
    if (insn->op != OP_STRING_CONST) continue;
    ck_assert_str_eq(m->strings[insn->a].bytes, stripped->strings[kept->a].bytes);
  }
  uint8_t *again = module_encode(stripped, &again_length, true);
  check_bytes(bytes, length, again, again_length);
  check_round_trips(stripped);
  free(full), free(bytes), free(again);
  module_free(m);
}
END_TEST

START_TEST(hash_is_of_the_bytes) {
  Module *m = module_assemble("module 1\nfunc \"f\" () -> int\n  int.const 1\n  ret\n", 48, &(ModuleError){0});
  Module *other = module_assemble("module 1\nfunc \"f\" () -> int\n  int.const 2\n  ret\n", 48, &(ModuleError){0});
  uint8_t a[32], b[32];
  ck_assert(module_hash(m, a) && module_hash(m, b));
  ck_assert_mem_eq(a, b, 32);
  ck_assert(module_hash(other, b));
  ck_assert_mem_ne(a, b, 32);
  module_free(m);
  module_free(other);
}
END_TEST

START_TEST(lines) {
  LineEntry entries[] = {{2, 0, 1, 1}, {5, 0, 2, 1}, {9, 0, 3, 1}};
  Function f = {.nlines = 3, .lines = entries};
  ck_assert_ptr_null(function_line(&f, 1));
  ck_assert_ptr_eq(function_line(&f, 2), &entries[0]);
  ck_assert_ptr_eq(function_line(&f, 4), &entries[0]);
  ck_assert_ptr_eq(function_line(&f, 5), &entries[1]);
  ck_assert_ptr_eq(function_line(&f, 1000), &entries[2]);
}
END_TEST

/* Hostile bytes. Each input gets memory of its own size, so that a sanitizer sees the first byte read beyond it. */

/* Whatever decodes must encode to the same bytes and survive as text. */
static void check_any_bytes(const uint8_t *bytes, size_t length) {
  uint8_t *input = malloc(length ? length : 1);
  memcpy(input, bytes, length);
  ModuleError error = {0};
  Module *m = module_decode(input, length, &error);
  if (m) {
    size_t again_length;
    uint8_t *again = module_encode(m, &again_length, false);
    ck_assert_uint_le(m->arena->total, 64 * length + 16384);
    check_bytes(input, length, again, again_length);
    free(again);
    check_round_trips(m);
  } else {
    ck_assert_uint_le(error.offset, length);
    ck_assert(error.reason[0]);
  }
  free(input);
}

START_TEST(every_truncation) {
  Module *m = sample_module(-1, 1);
  size_t length;
  uint8_t *bytes = module_encode(m, &length, false);
  for (size_t cut = 0; cut < length; cut++) {
    ModuleError error;
    uint8_t *input = malloc(cut ? cut : 1);
    memcpy(input, bytes, cut);
    ck_assert_ptr_null(module_decode(input, cut, &error));
    ck_assert(error.reason[0] && error.offset <= cut);
    free(input);
  }
  free(bytes);
  module_free(m);
}
END_TEST

START_TEST(every_byte_changed) {
  Module *m = sample_module(-1, 1);
  size_t length;
  uint8_t *bytes = module_encode(m, &length, false);
  for (size_t at = 0; at < length; at++) {
    uint8_t good = bytes[at];
    const uint8_t bad[] = {0, 1, 0x7f, 0x80, 0xff, (uint8_t)(good + 1), (uint8_t)(good - 1), good ^ 0x80, good ^ 0x40, good ^ 4};
    for (size_t i = 0; i < sizeof bad; i++) {
      if (bad[i] == good) continue;
      bytes[at] = bad[i];
      check_any_bytes(bytes, length);
    }
    bytes[at] = good;
  }
  free(bytes);
  module_free(m);
}
END_TEST

START_TEST(random_changes) {
  Module *m = sample_module(-1, 1);
  size_t length;
  uint8_t *bytes = module_encode(m, &length, false), *changed = malloc(length);
  uint32_t random = 1;
  for (int i = 0; i < 20000; i++) {
    memcpy(changed, bytes, length);
    for (int j = 0; j <= i % 4; j++) {
      random = random * 1664525 + 1013904223;
      changed[(random >> 8) % length] ^= (uint8_t)(1 << (random & 7));
    }
    check_any_bytes(changed, length);
  }
  free(bytes), free(changed);
  module_free(m);
}
END_TEST

static void check_refused(const char *bytes, size_t length, uint64_t offset, const char *reason) {
  ModuleError error;
  Module *m = module_decode((const uint8_t *)bytes, length, &error);
  ck_assert_ptr_null(m);
  ck_assert_msg(strstr(error.reason, reason), "%s", error.reason);
  ck_assert_uint_eq(error.offset, offset);
}

#define HEAD "\0fmd\1\0\0\0"
#define REFUSED(bytes, offset, reason) check_refused(HEAD bytes, sizeof HEAD - 1 + sizeof(bytes) - 1, 8 + (offset), reason)

START_TEST(refusals_say_where_and_why) {
  check_refused("", 0, 0, "not a Firn module");
  check_refused("\0fmc\1\0\0\0", 8, 0, "not a Firn module");
  check_refused("\0fmd\2\0\0\0", 8, 4, "version is 2");
  REFUSED("", 0, "ends too soon");
  REFUSED("\2\1\0", 0, "section 1 does not begin here");
  REFUSED("\1\5\0", 1, "5 bytes of a section do not fit");
  REFUSED("\1\2\0\0", 3, "left over at the end of section 1");
  REFUSED("\1\1\3", 2, "3 types do not fit");
  REFUSED("\1\6\xff\xff\xff\xff\x0f\3", 2, "more than the limit");
  REFUSED("\1\6\xff\xff\xff\xff\x1f\3", 2, "over 32 bits");
  REFUSED("\1\2\x80\0", 2, "longer than it needs");
  REFUSED("\1\2\1\x14", 3, "0x14 is no kind of type");
  REFUSED("\1\2\1\x40", 3, "0x40 is no kind of type");
  REFUSED("\1\3\1\x08\0", 4, "earlier type 0 does not exist");
  REFUSED("\1\3\2\3\3", 4, "type 1 repeats type 0");
  REFUSED("\1\1\0\2\3\1\1\xff", 7, "not valid UTF-8");
  REFUSED("\1\1\0\2\1\0\3\1\0\4\1\0\5\1\0\6\1\0\7\4\1\1\0\0", 21, "contains a NUL");
  REFUSED("\1\2\1\3\2\1\0\3\1\0\4\1\0\5\1\0\6\1\0\7\1\0\10\1\0\11\1\0\12\1\0\13\1\0\14\1\0", 36, "function 0 does not exist");
}
END_TEST

START_TEST(bytes_that_ask_for_much) {
  /* A type section of the largest depth, each type twice in the next: refused before it is large to walk. */
  char bytes[512] = HEAD "\1", *next = bytes + 9;
  char entries[300] = {70, 3}, *entry = entries + 2;
  for (int i = 0; i < 69; i++) *entry++ = 9, *entry++ = (char)i, *entry++ = (char)i;
  size_t length = (size_t)(entry - entries);
  *next++ = (char)(length | 0x80), *next++ = (char)(length >> 7);
  memcpy(next, entries, length);
  ModuleError error;
  ck_assert_ptr_null(module_decode((uint8_t *)bytes, (size_t)(next - bytes) + length, &error));
  ck_assert_msg(strstr(error.reason, "too large"), "%s", error.reason);
}
END_TEST

/* Text */

static void check_text_refused(const char *text, uint64_t line, const char *reason) {
  ModuleError error;
  Module *m = module_assemble(text, strlen(text), &error);
  ck_assert_msg(!m, "accepted: %s", text);
  ck_assert_msg(strstr(error.reason, reason) && error.offset == line, "line %u: %s", (unsigned)error.offset, error.reason);
}

START_TEST(text_errors_have_lines) {
  check_text_refused("", 1, "expected 'module 1'");
  check_text_refused("module 2\n", 1, "expected 'module 1'");
  check_text_refused("module 1\nfrob\n", 2, "'frob' is no instruction");
  check_text_refused("module 1\nint.add\n", 2, "outside a function");
  check_text_refused("module 1\nfunc \"f\" () -> int\n  br nowhere\n  ret\n", 3, "no label nowhere");
  check_text_refused("module 1\nfunc \"f\" () -> int\nlabel a ()\nlabel b ()\n", 4, "two labels");
  check_text_refused("module 1\nfunc \"f\" () -> int\nlabel a ()\nret\nlabel a ()\nret\n", 5, "declared before");
  check_text_refused("module 1\nfunc \"f\" () -> int\nlabel a ()\n", 4, "behind the function's last");
  check_text_refused("module 1\nglobal \"g\" list<int, int>\n", 2, "list takes 1 types, not 2");
  check_text_refused("module 1\nglobal \"g\" lost\n", 2, "'lost' is no type");
  check_text_refused("module 1\nstring \"a\n", 2, "not closed");
  check_text_refused("module 1\nstring \"\\u{d800}\"\n", 2, "Unicode scalar");
  check_text_refused("module 1\nstring \"\\q\"\n", 2, "unknown escape");
  check_text_refused("module 1\nstring \"\xff\"\n", 2, "UTF-8");
  check_text_refused("module 1\nfunc \"f\" () -> int\nint.const 9223372036854775808\n", 3, "over 64 bits");
  check_text_refused("module 1\nfunc \"f\" () -> int\nfloat.const 1e999\n", 3, "too large");
  check_text_refused("module 1\nfunc \"f\" () -> int\nchar.const 'ab'\n", 3, "one character");
  check_text_refused("module 1\nfunc \"f\" () -> int\nint.add 3\n", 3, "end of the line");
  check_text_refused("module 1\ntrait \"T\" <Self>\n  method \"m\" (param 0) -> int\nimpl trait 0 for int\n", 4, "0 methods, its trait 1");
  check_text_refused("module 1\n\x01", 2, "unexpected byte 0x01");
}
END_TEST

START_TEST(text_by_hand) {
  static const char text[] =
      "; labels may have any name, and be used before they are declared\n"
      "module 1\n\n"
      "func \"count\" (int) -> int\n"
      "  br test\n"
      "label again () ; back here\n"
      "  local.get 0\n  int.const -1\n  int.add\n  local.set 0\n"
      "label test ()\n"
      "  local.get 0\n  int.const 0\n  int.gt\n  br.if again\n"
      "  float.const 0x1p3\n  pop float\n  char.const '\\u{1f33f}'\n  pop char\n"
      "  local.get 0\n  ret";
  ModuleError error;
  Module *m = module_assemble(text, sizeof text - 1, &error);
  ck_assert_msg(m, "line %u: %s", (unsigned)error.offset, error.reason);
  const Function *f = &m->functions[0];
  ck_assert_uint_eq(f->nlabels, 2);
  ck_assert_uint_eq(f->code[0].a, 1);
  ck_assert_uint_eq(f->labels[1].pc, 5);
  ck_assert_uint_eq(f->code[8].a, 0);
  ck_assert(f->code[9].x.f == 8.0);
  ck_assert_uint_eq(f->code[11].a, 0x1f33f);
  check_round_trips(m);
}
END_TEST

START_TEST(hostile_text) {
  Module *m = sample_module(-1, 1);
  Text text = disassemble(m);
  ModuleError error;
  char *changed = malloc(text.length);
  uint32_t random = 7;
  for (int i = 0; i < 3000; i++) {
    random = random * 1664525 + 1013904223;
    size_t length = i & 1 ? (random >> 4) % text.length : text.length;
    memcpy(changed, text.bytes, length);
    if (length && !(i & 1)) changed[(random >> 4) % length] = "\"'\\<>(),:;-\n 09azL\xff\0"[(random >> 24) % 20];
    Module *any = module_assemble(changed, length, &error);
    if (any) {
      /* Indexes may be out of range here, so it need not decode; but it can always be written. */
      Text again = disassemble(any);
      size_t encoded_length;
      free(module_encode(any, &encoded_length, false));
      free(again.bytes);
      module_free(any);
    }
  }
  free(changed), free(text.bytes);
  module_free(m);
}
END_TEST

START_TEST(utf8) {
  static const char *const good[] = {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
  static const char *const bad[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                                    "\xf5\x80\x80\x80", "\xc2", "\xe0\xa0", "\xf0\x90\x80", "\xe1\x80\xff", "a\xff"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) ck_assert_msg(utf8_valid(good[i], strlen(good[i])), "good %zu", i);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert_msg(!utf8_valid(bad[i], strlen(bad[i])), "bad %zu", i);
  /* Wherever it stands among ASCII, which is passed over in groups. */
  for (size_t at = 0; at < 40; at++) {
    char text[41];
    memset(text, at % 3 ? 'a' : ' ', sizeof text);
    ck_assert(utf8_valid(text, at));
    text[at] = '\xff';
    ck_assert_msg(!utf8_valid(text, sizeof text), "bad at %zu", at);
    memcpy(text, "\xc3\xa9 ", 3);
    ck_assert_msg(at < 3 ? utf8_valid(text, sizeof text) : !utf8_valid(text, sizeof text), "bad at %zu behind others", at);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("module");
  TCase *forms = tcase_create("forms");
  tcase_add_loop_test(forms, every_instruction_survives, 0, OP_MAX);
  tcase_add_test(forms, whole_module_survives);
  tcase_add_test(forms, immediates_fit_an_insn);
  tcase_add_test(forms, encoding_ignores_unused_types);
  tcase_add_test(forms, stripping);
  tcase_add_test(forms, hash_is_of_the_bytes);
  tcase_add_test(forms, lines);
  tcase_add_test(forms, utf8);
  suite_add_tcase(suite, forms);
  TCase *hostile = tcase_create("hostile");
  tcase_set_timeout(hostile, 120);
  tcase_add_test(hostile, every_truncation);
  tcase_add_test(hostile, every_byte_changed);
  tcase_add_test(hostile, random_changes);
  tcase_add_test(hostile, refusals_say_where_and_why);
  tcase_add_test(hostile, bytes_that_ask_for_much);
  tcase_add_test(hostile, text_errors_have_lines);
  tcase_add_test(hostile, text_by_hand);
  tcase_add_test(hostile, hostile_text);
  suite_add_tcase(suite, hostile);
  return suite_run(suite);
}
