/* program.c - programs: from source or bytes, to bytes, and what they export. Interface: include/firn.h, embed.h. */
#include <stdio.h>
#include <stdlib.h>

#include "compiler/compiler.h"
#include "compiler/diag.h"
#include "embed/embed.h"
#include "stdlib/library.h"
#include "stdlib/wait.h"
#include "vm/verify.h"

/* The types of a function that names types of the host. */
static bool signature_make(FirnProgram *program, const HostFunction *f) {
  const Type *params[MODULE_PARAMS_MAX];
  Signature made = {0};
  uint32_t nparams;
  char module[HOST_TYPE_NAME_MAX + 1];
  snprintf(module, sizeof module, "%.*s", (int)strcspn(f->def.name, "."), f->def.name);
  if (!program_signature(program->program, &program->firn->finder, module, f->def.signature, params, &nparams, &made.given)) return false;
  made.result = signature_result(program->program->types, f, made.given);
  made.params = bump_alloc(&program->texts, (nparams + 1) * sizeof *made.params);
  if (!made.params || !made.result) return false;
  memcpy(made.params, params, nparams * sizeof *params);
  program->signatures[f->number] = made;
  return true;
}

static bool signatures_make(FirnProgram *program) {
  const Program *linked = program->program;
  for (uint32_t i = 0; i < linked->module->nimports; i++) {
    const HostFunction *f = native_is_host(linked->natives[i]) ? (const HostFunction *)linked->natives[i] : NULL;
    if (!f || !f->names_types) continue;
    if (!program->signatures) program->signatures = calloc(program->firn->nfunctions, sizeof *program->signatures);
    if (!program->signatures) return false;
    if (!program->signatures[f->number].params && !signature_make(program, f)) return false;
  }
  return true;
}

FirnProgram *program_adopt(Firn *firn, Program *program) {
  FirnProgram *made = calloc(1, sizeof *made);
  if (made) *made = (FirnProgram){.firn = firn, .program = program, .refs = 1, .next = firn->programs};
  if (!made || !signatures_make(made)) {
    if (made) {
      bump_free(&made->texts);
      free(made->signatures);
    }
    free(made);
    program_free(program);
    return NULL;
  }
  firn->programs = made;
  return made;
}

void program_drop(FirnProgram *program) {
  if (--program->refs > 0) return;
  FirnProgram **link = &program->firn->programs;
  while (*link != program) link = &(*link)->next;
  *link = program->next;
  program_free(program->program);
  bump_free(&program->texts);
  free(program->export_types);
  free(program->signatures);
  free(program);
}

void firn_program_free(FirnProgram *program) {
  if (!program) return;
  api_enter();
  program_drop(program);
  api_leave();
}

/* Types as text */

struct TypeText {
  struct TypeText *next;
  const Type *type;
  char text[];
};

const char *program_type_text(FirnProgram *program, const Type *type) {
  char text[1000];
  for (TypeText *known = program->type_texts; known; known = known->next) {
    if (known->type == type) return known->text;
  }
  size_t length = type_print(type, text, sizeof text, module_decl_name, program->program->module);
  TypeText *made = bump_alloc(&program->texts, sizeof *made + length + 1);
  if (!made) return NULL;
  memcpy(made->text, text, length + 1);
  made->type = type;
  made->next = program->type_texts;
  program->type_texts = made;
  return made->text;
}

/* "(int, string) -> float", of a function of the module; malloc'd, NULL when memory is out. */
static char *function_type(const Module *module, const Function *function) {
  char part[1000], *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out) return NULL;
  for (uint32_t i = 0; i < function->nparams; i++) {
    type_print(function->params[i], part, sizeof part, module_decl_name, (void *)module);
    fprintf(out, "%s%s", i ? ", " : "(", part);
  }
  type_print(function->result, part, sizeof part, module_decl_name, (void *)module);
  fprintf(out, "%s) -> %s", function->nparams ? "" : "(", part);
  if (fclose(out) == 0) return text;
  free(text);
  return NULL;
}

static const char *export_type(FirnProgram *program, size_t index) {
  const Module *module = program->program->module;
  if (!program->export_types) program->export_types = calloc((size_t)module->nexports + 1, sizeof *program->export_types);
  if (!program->export_types) return NULL;
  if (program->export_types[index]) return program->export_types[index];
  char *text = function_type(module, &module->functions[module->exports[index].function]);
  char *kept = text ? bump_alloc(&program->texts, strlen(text) + 1) : NULL;
  if (kept) program->export_types[index] = strcpy(kept, text);
  free(text);
  return kept;
}

bool firn_program_export(FirnProgram *program, size_t index, const char **name, const char **type) {
  if (!program || index >= program->program->module->nexports) return false;
  api_enter();
  const char *text = export_type(program, index);
  if (name) *name = program->program->module->exports[index].name;
  if (type) *type = text;
  api_leave();
  return text != NULL;
}

/* Making */

typedef struct Loader {
  FirnLoad load;
  void *userdata;
} Loader;

static bool source_load(void *ctx, const char *path, bool is_library, const char **text, size_t *length) {
  const Loader *loader = ctx;
  if (!is_library) return loader->load && loader->load(loader->userdata, path, text, length);
  return library_load(path, text, length);
}

typedef struct Compiling {
  CompileOptions options;
  Module *module;
  FILE *out;       /* to which messages are written */
  char *text;      /* them */
  size_t length;
  bool is_late, is_wrong; /* out of time; or the source has errors */
} Compiling;

static void source_compile(Compilation *compilation, void *ctx) {
  Compiling *compiling = ctx;
  compiling->module = compile_program(compilation, &compiling->options);
  compiling->is_late = !compiling->module && compilation->is_late;
  compiling->is_wrong = !compiling->module && !compiling->is_late && compilation->diags.errors;
  if (compiling->is_wrong) compiling->out = open_memstream(&compiling->text, &compiling->length);
  if (compiling->out) diags_print(&compilation->diags, compiling->out, NULL);
}

static FirnError *module_compile(const char *text, size_t length, const FirnCompileOptions *options, Module **module) {
  Loader loader = {options->load, options->load_userdata};
  Compiling compiling = {.options = {.path = options->path ? options->path : "main.firn", .text = text, .length = length, .load = source_load, .load_ctx = &loader,
                                     .library_names = library_names, .deadline = deadline_after(options->timeout)}};
  bool done = compilation_try(source_compile, &compiling);
  if (compiling.out && fclose(compiling.out) != 0) done = false;
  *module = compiling.module;
  FirnError *error = NULL;
  if (!*module && compiling.is_late) error = error_make(FIRN_E_TIME, "out of time");
  else if (!*module) error = done && compiling.text ? error_make(FIRN_E_COMPILE, "%s", compiling.text) : error_memory();
  free(compiling.text);
  return error;
}

/* Verifies and links a module, which it takes. */
static FirnError *module_link(Firn *firn, Module *module, FirnProgram **made) {
  ModuleError error;
  if (!module->verified && !module_verify(module, &error)) {
    module_free(module);
    return error_reason(FIRN_E_MODULE, &error);
  }
  Program *program = program_link_with(module, &firn->finder, &error);
  if (!program) return module_error_is_memory(&error) ? error_memory() : error_make(FIRN_E_LINK, "%s", error.reason);
  *made = program_adopt(firn, program);
  return *made ? NULL : error_memory();
}

FirnError *firn_compile(Firn *firn, const char *text, size_t length, const FirnCompileOptions *options, FirnProgram **program) {
  if (program) *program = NULL;
  if (!firn || !program || (!text && length)) return error_make(FIRN_E_ARGUMENT, "firn_compile: an argument is NULL");
  FirnCompileOptions own;
  Module *module = NULL;
  FirnError *error = options_read(&own, sizeof own, options, "FirnCompileOptions");
  if (!error && own.timeout < 0) error = error_make(FIRN_E_ARGUMENT, "a timeout is negative");
  if (error) return error;
  api_enter();
  error = module_compile(text ? text : "", length, &own, &module);
  if (!error) error = module_link(firn, module, program);
  api_leave();
  return error;
}

FirnError *firn_load(Firn *firn, const void *bytes, size_t length, FirnProgram **program) {
  if (program) *program = NULL;
  if (!firn || !program || (!bytes && length)) return error_make(FIRN_E_ARGUMENT, "firn_load: an argument is NULL");
  api_enter();
  ModuleError reason;
  Module *module = module_decode(bytes ? bytes : (const void *)"", length, &reason);
  FirnError *error = module ? module_link(firn, module, program) : error_reason(FIRN_E_MODULE, &reason);
  api_leave();
  return error;
}

FirnError *firn_program_write(FirnProgram *program, bool strip, FirnWrite write, void *userdata) {
  if (!program || !write) return error_make(FIRN_E_ARGUMENT, "firn_program_write: an argument is NULL");
  api_enter();
  size_t length;
  uint8_t *bytes = module_encode(program->program->module, &length, strip);
  FirnError *error = !bytes ? error_memory() : write(userdata, bytes, length) ? NULL : error_make(FIRN_E_IO, "the write callback failed");
  free(bytes);
  api_leave();
  return error;
}
