/* debug_info.c - what compiled functions are called, and which source lines their instructions come from: for gdb and perf. Interface: jit.h, emitter.h.
 *
 * Names cost nothing, and are always there. Lines make LLVM's work and the object files larger: a unit has them only where the command asked for something
 * that shows them (tier_info). Each function has a DISubprogram then, which its locations have as their scope, so that LLVM keeps apart what it inlines. What
 * the templates of runtime.c do belongs to the line that called them, as they have no lines of their own; code that leaves belongs to none.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jit/emitter.h"

enum { LOCATION_NONE = 0, DEBUG_INFO_VERSION = 3, DWARF = 4 };

/* Names */

typedef struct Position { const char *name, *file; uint32_t line, column; } Position; /* "" for what was stripped */

static Position position_of(const Code *code, uint32_t pc) {
  Position at;
  code_position(code, pc, &at.name, &at.file, &at.line, &at.column);
  if (!at.file) at.file = "";
  return at;
}

/* A file's name without folders and ending. */
static void module_name(const char *file, const char **name, int *length) {
  const char *slash = strrchr(file, '/');
  *name = slash ? slash + 1 : file;
  size_t all = strlen(*name), kept = all > 5 && strcmp(*name + all - 5, ".firn") == 0 ? all - 5 : all;
  *length = (int)(kept < NAME_MAX_BYTES / 3 ? kept : NAME_MAX_BYTES / 3);
}

/* Where it begins, if that is not where its body does: "@entry", or "@" and the line. */
static void begins_print(char *out, size_t size, Begins begins, const Position *at, uint32_t pc) {
  if (begins == BEGINS_BODY) *out = 0;
  else if (begins == BEGINS_ENTRY) snprintf(out, size, "@entry");
  else if (at->line) snprintf(out, size, "@%u", at->line);
  else snprintf(out, size, "@pc%u", pc);
}

/* Any bytes may be in a module; names go to files with lines. */
static void name_clean(char *name) {
  for (; *name; name++) {
    if ((unsigned char)*name < ' ' || *name == 0x7f) *name = '?';
  }
}

/* The function's own name. */
static void short_name(char name[NAME_MAX_BYTES], const Code *code, Begins begins, uint32_t pc) {
  Position at = position_of(code, pc);
  char behind[24], number[24];
  begins_print(behind, sizeof behind, begins, &at, pc);
  snprintf(number, sizeof number, "function %u", code->function_index);
  snprintf(name, NAME_MAX_BYTES, "%.*s%s", NAME_MAX_BYTES / 2, *at.name ? at.name : number, behind);
  name_clean(name);
}

void function_name(char name[NAME_MAX_BYTES], const Code *code, Begins begins, uint32_t pc) {
  char own[NAME_MAX_BYTES];
  const char *module;
  int length;
  short_name(own, code, begins, pc);
  module_name(position_of(code, 0).file, &module, &length);
  snprintf(name, NAME_MAX_BYTES, "firn:%.*s%s%.*s", length, module, length ? "." : "", NAME_MAX_BYTES * 5 / 8, own);
  name_clean(name);
}

/* A function's name without "@entry" and what is behind that. */
static void plain_name(char name[NAME_MAX_BYTES], LLVMValueRef entry) {
  size_t length;
  const char *at = strstr(LLVMGetValueName2(entry, &length), "@entry");
  const char *whole = LLVMGetValueName2(entry, &length);
  snprintf(name, NAME_MAX_BYTES, "%.*s", at ? (int)(at - whole) : (int)length, whole);
}

static void entries_rename(Unit *u) {
  char name[NAME_MAX_BYTES];
  bool is_alone[UNIT_MEMBERS];
  for (uint32_t i = 0; i < u->nmembers; i++) {
    if (!u->members[i].entry) continue;
    plain_name(name, u->members[i].entry);
    is_alone[i] = !LLVMGetNamedFunction(u->module, name);
  }
  for (uint32_t i = 0; i < u->nmembers; i++) {
    if (!u->members[i].entry || !is_alone[i]) continue;
    plain_name(name, u->members[i].entry);
    LLVMSetValueName2(u->members[i].entry, name, strlen(name));
  }
}

void names_settle(Unit *u) {
  LLVMValueRef first = u->entry_at;
  size_t length;
  entries_rename(u);
  u->known_row = u->nmembers;
  for (uint32_t i = u->nmembers; i-- > 0;) {
    if (!u->members[i].entry) continue;
    first = u->members[i].entry;
    u->known_row = i;
  }
  if (first && machine_informs(TIER_INFO_PERF)) u->known = strdup(LLVMGetValueName2(first, &length));
}

/* Functions */

static LLVMMetadataRef file_of(const Unit *u, const char *path) {
  char folder[1024] = "";
  if (!*path) path = "<unknown>";
  if (*path != '/' && *path != '<' && !getcwd(folder, sizeof folder)) *folder = 0;
  return LLVMDIBuilderCreateFile(u->lines, path, strlen(path), folder, strlen(folder));
}

static void flag_add(const Unit *u, const char *name, unsigned value) {
  LLVMAddModuleFlag(u->module, LLVMModuleFlagBehaviorWarning, name, strlen(name), LLVMValueAsMetadata(LLVMConstInt(u->half, value, false)));
}

void lines_begin(Unit *u) {
  if (!machine_informs(TIER_INFO_GDB | TIER_INFO_JITDUMP)) return;
  u->lines = LLVMCreateDIBuilder(u->module);
  flag_add(u, "Debug Info Version", DEBUG_INFO_VERSION);
  flag_add(u, "Dwarf Version", DWARF);
}

/* The unit is described by the file of its first function. There is no language number for Firn: debuggers treat its names as C's. */
static void unit_describe(Unit *u, LLVMMetadataRef file) {
  static const char producer[] = "Firn";
  u->lines_unit = LLVMDIBuilderCreateCompileUnit(u->lines, LLVMDWARFSourceLanguageC99, file, producer, sizeof producer - 1, true, "", 0, 0, "", 0,
                                                 LLVMDWARFEmissionFull, 0, false, false, "", 0, "", 0);
  u->lines_type = LLVMDIBuilderCreateSubroutineType(u->lines, file, NULL, 0, LLVMDIFlagZero);
}

void lines_function(Unit *u, const Code *code, Begins begins, uint32_t pc, LLVMValueRef function) {
  char name[NAME_MAX_BYTES];
  if (!u->lines) return;
  Position at = position_of(code, begins == BEGINS_LOOP ? pc : 0);
  LLVMMetadataRef file = file_of(u, at.file);
  if (!u->lines_unit) unit_describe(u, file);
  short_name(name, code, begins, pc);
  LLVMSetSubprogram(function, LLVMDIBuilderCreateFunction(u->lines, u->lines_unit, name, strlen(name), "", 0, file, at.line, u->lines_type, true, true, at.line,
                                                          begins == BEGINS_BODY ? LLVMDIFlagZero : LLVMDIFlagArtificial, true));
}

void lines_end(Unit *u) {
  if (!u->lines) return;
  if (u->lines_unit) LLVMDIBuilderFinalize(u->lines);
  LLVMDisposeDIBuilder(u->lines);
  u->lines = NULL;
}

/* perf follows callers by frame pointers. */
void function_attributes(const Unit *u, LLVMValueRef function) {
  static const char name[] = "frame-pointer", value[] = "all";
  if (!machine_informs(TIER_INFO_PERF | TIER_INFO_JITDUMP)) return;
  LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateStringAttribute(u->context, name, sizeof name - 1, value, sizeof value - 1));
}

/* Lines */

/* In a function, code may come from another file: the values of parameters that are left out. */
static LLVMMetadataRef scope_in(const Emitter *e, const char *file) {
  if (strcmp(file, position_of(e->code, e->start).file) == 0) return e->scope;
  return LLVMDIBuilderCreateLexicalBlockFile(e->u->lines, e->scope, file_of(e->u, file), 0);
}

void lines_at(Emitter *e) {
  LLVMMetadataRef location = NULL;
  if (!e->u->lines) return;
  Position at = position_of(e->code, e->pc);
  if (e->scope) location = LLVMDIBuilderCreateDebugLocation(e->u->context, at.line, at.column, scope_in(e, at.file), NULL);
  LLVMSetCurrentDebugLocation2(e->b, location);
}

LLVMMetadataRef lines_none(Emitter *e) {
  if (!e->u->lines || !e->scope) return NULL;
  LLVMMetadataRef before = LLVMGetCurrentDebugLocation2(e->b);
  LLVMSetCurrentDebugLocation2(e->b, LLVMDIBuilderCreateDebugLocation(e->u->context, LOCATION_NONE, 0, e->scope, NULL));
  return before;
}

void lines_back(Emitter *e, LLVMMetadataRef location) {
  if (e->u->lines && e->scope) LLVMSetCurrentDebugLocation2(e->b, location);
}
