/* program.c - links a verified module: natives found and their signatures compared, globals laid out, string constants made.
 *
 * A native's signature is text of the language ("(string, [int]) -> int?"); it is read into types of the program's table, where equal
 * types are one pointer. Natives have no type parameters and name no classes, so their types are the same in every program.
 */
#include "vm/program.h"

#include "vm/tier.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object.h"
#include "vm/specialise.h"

/* Reading signatures */

typedef struct Reader {
  TypeTable *types;
  const char *at;
  int depth;
} Reader;

static const Type *read_type(Reader *r);

static bool accept(Reader *r, const char *text) {
  while (*r->at == ' ') r->at++;
  size_t length = strlen(text);
  if (strncmp(r->at, text, length) != 0) return false;
  r->at += length;
  return true;
}

/* Types up to and with `close`; the opening bracket has been read. */
static bool read_types(Reader *r, const char *close, const Type **types, uint32_t *count) {
  *count = 0;
  if (accept(r, close)) return true;
  do {
    if (*count == MODULE_PARAMS_MAX || !(types[*count] = read_type(r))) return false;
    ++*count;
  } while (accept(r, ","));
  return accept(r, close);
}

static const Type *read_result(Reader *r) { return accept(r, "->") ? read_type(r) : type_simple(r->types, TYPE_VOID); }

static const Type *read_list_or_map(Reader *r) {
  const Type *args[2] = {read_type(r), NULL};
  if (!args[0]) return NULL;
  if (accept(r, "]")) return type_unary(r->types, TYPE_LIST, args[0]);
  if (!accept(r, ":") || !(args[1] = read_type(r)) || !accept(r, "]")) return NULL;
  return type_intern(r->types, TYPE_MAP, 0, args, 2);
}

static const Type *read_tuple(Reader *r) {
  const Type *parts[MODULE_PARAMS_MAX];
  uint32_t count;
  if (!read_types(r, ")", parts, &count)) return NULL;
  return count == 1 ? parts[0] : count ? type_intern(r->types, TYPE_TUPLE, 0, parts, count) : NULL;
}

static const Type *read_fn(Reader *r) {
  const Type *parts[MODULE_PARAMS_MAX + 1];
  uint32_t count;
  if (!read_types(r, ")", parts, &count) || !(parts[count] = read_result(r))) return NULL;
  return type_intern(r->types, TYPE_FN, 0, parts, count + 1);
}

static const Type *read_name(Reader *r) {
  static const TypeKind kinds[] = {TYPE_VOID, TYPE_BOOL, TYPE_INT, TYPE_FLOAT, TYPE_CHAR, TYPE_STRING, TYPE_BYTES};
  size_t length = strspn(r->at, "abcdefghijklmnopqrstuvwxyz");
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const char *name = type_kind_name(kinds[i]);
    if (strlen(name) != length || memcmp(name, r->at, length) != 0) continue;
    r->at += length;
    return type_simple(r->types, kinds[i]);
  }
  return NULL;
}

static const Type *read_type(Reader *r) {
  if (r->depth == TYPE_DEPTH_MAX) return NULL;
  r->depth++;
  const Type *type = accept(r, "[")     ? read_list_or_map(r)
                     : accept(r, "fn(") ? read_fn(r)
                     : accept(r, "(")   ? read_tuple(r)
                                        : read_name(r);
  while (type && accept(r, "?")) type = type_unary(r->types, TYPE_OPT, type);
  r->depth--;
  return type;
}

/* What a result `T!` is for the machine: `(T?, string?)`, or `string?` of a `void!`. */
static const Type *failing(TypeTable *types, const Type *value) {
  const Type *text = type_unary(types, TYPE_OPT, type_simple(types, TYPE_STRING));
  if (!text || value->kind == TYPE_VOID) return text;
  const Type *parts[] = {type_unary(types, TYPE_OPT, value), text};
  return parts[0] ? type_intern(types, TYPE_TUPLE, 0, parts, 2) : NULL;
}

bool signature_read(TypeTable *types, const char *signature, const Type **params, uint32_t *nparams, const Type **result) {
  Reader r = {types, signature, 0};
  if (!accept(&r, "(") || !read_types(&r, ")", params, nparams) || !(*result = read_result(&r))) return false;
  if (accept(&r, "!") && !(*result = failing(types, *result))) return false;
  accept(&r, "");
  return !*r.at;
}

/* Linking */

static bool __attribute__((format(printf, 3, 4))) fail(ModuleError *error, uint64_t at, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error->reason, sizeof error->reason, format, args);
  va_end(args);
  error->offset = at;
  return false;
}

/* Whether a native's signature is an import's. */
static bool signature_matches(Program *program, const char *signature, const Import *import) {
  const Type *params[MODULE_PARAMS_MAX], *result;
  uint32_t nparams;
  if (!signature_read(program->types, signature, params, &nparams, &result) || nparams != import->nparams) return false;
  for (uint32_t i = 0; i < nparams; i++) {
    if (type_subst(program->types, import->params[i], NULL, 0) != params[i]) return false;
  }
  return type_subst(program->types, import->result, NULL, 0) == result;
}

static bool link_imports(Program *program, const NativeFinder *host, ModuleError *error) {
  const Module *m = program->module;
  program->natives = calloc((size_t)m->nimports + 1, sizeof *program->natives);
  if (!program->natives) return fail(error, 0, "out of memory");
  for (uint32_t i = 0; i < m->nimports; i++) {
    const Import *import = &m->imports[i];
    const NativeDef *native = native_find(import->module, import->name);
    if (!native && host) native = host->find(host->ctx, import->module, import->name);
    if (!native) return fail(error, i, "no function %.60s.%.60s is given to this program", import->module, import->name);
    if (!signature_matches(program, native->signature, import)) {
      return fail(error, i, "function %.60s.%.60s is %.60s, not what the module imports", import->module, import->name, native->signature);
    }
    program->natives[i] = native;
  }
  return true;
}

static bool link_globals(Program *program, ModuleError *error) {
  const Module *m = program->module;
  program->global_slots = calloc((size_t)m->nglobals + 1, sizeof *program->global_slots);
  program->global_types = calloc((size_t)m->nglobals + 1, sizeof *program->global_types);
  if (!program->global_slots || !program->global_types) return fail(error, 0, "out of memory");
  for (uint32_t i = 0; i < m->nglobals; i++) {
    const Type *type = type_subst(program->types, m->globals[i].type, NULL, 0);
    if (!type || type->slots > TYPE_SLOTS_MAX) return fail(error, i, "global %u is too large", i);
    program->global_types[i] = type;
    program->global_slots[i] = program->nglobal_slots;
    program->nglobal_slots += type->slots;
  }
  return true;
}

static bool link_strings(Program *program, ModuleError *error) {
  const Module *m = program->module;
  program->strings = calloc((size_t)m->nstrings + 1, sizeof *program->strings);
  for (uint32_t i = 0; program->strings && i < m->nstrings; i++) {
    program->strings[i] = (struct Obj *)string_static(m->strings[i].bytes, m->strings[i].length, i);
    if (!program->strings[i]) return fail(error, 0, "out of memory");
  }
  return program->strings || fail(error, 0, "out of memory");
}

static bool link_entry(Program *program, ModuleError *error) {
  Trap trap = TRAP_NONE;
  program->entry = program_code(program, program->module->entry, NULL, 0, &trap);
  return program->entry || fail(error, 0, "%s", trap_message(trap));
}

static bool link_all(Program *program, const NativeFinder *host, ModuleError *error) {
  program->types = type_table_new();
  if (!program->types || !program_index_init(program)) return fail(error, 0, "out of memory");
  return link_imports(program, host, error) && link_globals(program, error) && link_strings(program, error) && link_entry(program, error);
}

Program *program_link(Module *module, ModuleError *error) { return program_link_with(module, NULL, error); }

Program *program_link_with(Module *module, const NativeFinder *host, ModuleError *error) {
  *error = (ModuleError){0};
  Program *program = NULL;
  if (module->verified || module_verify(module, error)) {
    program = calloc(1, sizeof *program);
    if (!program) fail(error, 0, "out of memory");
  }
  if (!program) {
    module_free(module);
    return NULL;
  }
  program->module = module;
  program_limit(program, PROGRAM_CODES_MAX);
  if (link_all(program, host, error)) return program;
  program_free(program);
  return NULL;
}

void program_limit(Program *program, uint64_t codes) {
  program->codes_max = program->module->nfunctions + (uint32_t)(codes < PROGRAM_CODES_MAX ? codes : PROGRAM_CODES_MAX);
}

uint64_t program_bytes(Program *program) {
  size_t length = 0;
  if (program->module_bytes == 0) free(module_encode(program->module, &length, false));
  if (length) program->module_bytes = length;
  return program->module_bytes;
}

void program_free(Program *program) {
  if (!program) return;
  tier_program_drop(program);
  for (uint32_t i = 0; i < program->ncodes; i++) {
    if (program->codes[i]->threaded && program->threaded_free) program->threaded_free(program->codes[i]->threaded);
  }
  descs_free(program);
  for (uint32_t i = 0; program->strings && i < program->module->nstrings; i++) free(program->strings[i]);
  free(program->strings);
  free(program->natives);
  free(program->global_slots);
  free(program->global_types);
  free(program->codes);
  program_index_free(program);
  type_table_free(program->types);
  module_free(program->module);
  free(program);
}
