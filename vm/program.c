/* program.c - links a verified module: natives and types of the host found and their signatures compared, globals laid out, string constants made.
 *
 * A native's signature is text of the language ("(string, [int]) -> int?"); it is read into types of the program's table, where equal
 * types are one pointer. Natives have no type parameters and name no classes but those that are types of the host.
 *
 * A class with a dot in its name is a type of the host. It has one field, an int that the module cannot change: what the host knows the object by. Nothing
 * keeps a module from making such objects of any int: it is for the host to find out which int stands for an object that the guest was given.
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

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

typedef struct Reader {
  TypeTable *types;
  const HostTypes *named;
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

enum { HOST_NAME_MAX = 200 }; /* bytes of "module.Type" */

/* A type of the host. */
static const Type *read_named(Reader *r, size_t length) {
  char full[HOST_NAME_MAX];
  const char *name = r->at;
  size_t given = length;
  if (length == 0 || !r->named) return NULL;
  if (!memchr(name, '.', length)) {
    int written = snprintf(full, sizeof full, "%s.%.*s", r->named->module, (int)length, name);
    if (written < 0 || (size_t)written >= sizeof full) return NULL;
    name = full;
    length = (size_t)written;
  }
  r->at += given;
  return r->named->find(r->named->ctx, name, length);
}

static const Type *read_name(Reader *r) {
  static const TypeKind kinds[] = {TYPE_VOID, TYPE_BOOL, TYPE_INT, TYPE_FLOAT, TYPE_CHAR, TYPE_STRING, TYPE_BYTES};
  size_t length = strspn(r->at, NAME_LETTERS);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const char *name = type_kind_name(kinds[i]);
    if (strlen(name) != length || memcmp(name, r->at, length) != 0) continue;
    r->at += length;
    return type_simple(r->types, kinds[i]);
  }
  return length < HOST_NAME_MAX ? read_named(r, length) : NULL;
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

bool signature_read(TypeTable *types, const char *signature, const HostTypes *named, const Type **params, uint32_t *nparams, const Type **result) {
  Reader r = {types, named, signature, 0};
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

/* Types of the host */

static bool host_shape(const Class *class) {
  return class->ntparams == 0 && class->nfields == 1 && class->fields[0].type->kind == TYPE_INT && !class->fields[0].is_mutable;
}

static bool host_class_add(Program *program, uint32_t number, uint32_t class) {
  if (number >= program->nhost_types) {
    uint32_t *grown = realloc(program->host_classes, ((size_t)number + 1) * sizeof *grown);
    if (!grown) return false;
    memset(grown + program->nhost_types, 0, ((size_t)number + 1 - program->nhost_types) * sizeof *grown);
    program->host_classes = grown;
    program->nhost_types = number + 1;
  }
  program->host_classes[number] = class + 1;
  program->class_hosts[class] = number;
  return true;
}

static bool link_host_types(Program *program, const NativeFinder *host, ModuleError *error) {
  const Module *m = program->module;
  for (uint32_t i = 0; i < m->nclasses; i++) {
    const char *name = m->classes[i].name;
    if (!strchr(name, '.')) continue;
    uint32_t number = host && host->find_type ? host->find_type(host->ctx, name, strlen(name)) : HOST_TYPE_NONE;
    if (number == HOST_TYPE_NONE) return fail(error, i, "no type %.120s is given to this program", name);
    if (!host_shape(&m->classes[i])) return fail(error, i, "type %.120s is not as a type of the host must be", name);
    if (number < program->nhost_types && program->host_classes[number]) return fail(error, i, "type %.120s is there twice", name);
    if (!program->class_hosts) {
      program->class_hosts = malloc(m->nclasses * sizeof *program->class_hosts);
      if (!program->class_hosts) return fail(error, 0, "out of memory");
      for (uint32_t k = 0; k < m->nclasses; k++) program->class_hosts[k] = HOST_TYPE_NONE;
    }
    if (!host_class_add(program, number, i)) return fail(error, 0, "out of memory");
  }
  return true;
}

typedef struct Finding { Program *program; const NativeFinder *host; } Finding;

static const Type *program_type(void *ctx, const char *name, size_t length) {
  const Finding *finding = ctx;
  Program *program = finding->program;
  uint32_t number = finding->host ? finding->host->find_type(finding->host->ctx, name, length) : HOST_TYPE_NONE;
  uint32_t class = number < program->nhost_types ? program->host_classes[number] : 0;
  return class ? type_intern(program->types, TYPE_CLASS, class - 1, NULL, 0) : NULL;
}

bool program_signature(Program *program, const NativeFinder *host, const char *module, const char *signature, const Type **params, uint32_t *nparams,
                       const Type **result) {
  Finding finding = {program, host};
  HostTypes named = {program_type, &finding, module};
  return signature_read(program->types, signature, host && host->find_type ? &named : NULL, params, nparams, result);
}

/* Whether a native's signature is an import's. */
static bool signature_matches(Program *program, const NativeFinder *host, const char *signature, const Import *import) {
  const Type *params[MODULE_PARAMS_MAX], *result;
  uint32_t nparams;
  if (!program_signature(program, host, import->module, signature, params, &nparams, &result) || nparams != import->nparams) return false;
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
    if (!signature_matches(program, host, native->signature, import)) {
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
  return link_host_types(program, host, error) && link_imports(program, host, error) && link_globals(program, error) && link_strings(program, error) && link_entry(program, error);
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
  free(program->host_classes);
  free(program->class_hosts);
  free(program->global_slots);
  free(program->global_types);
  free(program->codes);
  program_index_free(program);
  type_table_free(program->types);
  module_free(program->module);
  free(program);
}
