/* engine.c - engines and the functions that hosts define. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "embed/embed.h"

static const NativeDef *host_find(void *ctx, const char *module, const char *name) {
  const Firn *firn = ctx;
  size_t length = strlen(module);
  for (size_t i = 0; i < firn->nfunctions; i++) {
    const char *known = firn->functions[i]->def.name;
    if (strncmp(known, module, length) == 0 && known[length] == '.' && strcmp(known + length + 1, name) == 0) return &firn->functions[i]->def;
  }
  return NULL;
}

Firn *firn_new(void) {
  Firn *firn = calloc(1, sizeof *firn);
  if (!firn) return NULL;
  firn->finder = (NativeFinder){host_find, host_type_find, firn};
  firn->types = type_table_new();
  if (firn->types) return firn;
  free(firn);
  return NULL;
}

static void host_function_free(HostFunction *f) {
  if (!f) return;
  free((char *)f->def.name);
  free((char *)f->def.signature);
  free(f->own.params);
  free(f);
}

void firn_free(Firn *firn) {
  if (!firn) return;
  api_enter();
  while (firn->guests) {
    FirnGuest *guest = firn->guests;
    firn_guest_free(guest);
    if (firn->guests == guest) break; /* it runs: the host frees the engine inside one of its own guests */
  }
  while (!firn->guests && firn->programs) {
    firn->programs->refs = 1;
    program_drop(firn->programs);
  }
  if (!firn->guests) {
    for (size_t i = 0; i < firn->nfunctions; i++) host_function_free(firn->functions[i]);
    free(firn->functions);
    for (uint32_t i = 0; i < firn->ntypes; i++) free(firn->host_types[i].name);
    free(firn->host_types);
    type_table_free(firn->types);
    schedule_free(firn);
    free(firn);
  }
  api_leave();
}

/* Defining */

bool host_name_is(const char *text, size_t length) {
  if (length == 0 || isdigit((unsigned char)*text)) return false;
  for (size_t i = 0; i < length; i++) {
    if (!isalnum((unsigned char)text[i]) && text[i] != '_') return false;
  }
  return true;
}

/* Splits "game.move_to(int) -> bool" into copies of its name and the rest. */
static FirnError *signature_split(const char *signature, HostFunction *f) {
  const char *open = strchr(signature, '('), *dot = strchr(signature, '.');
  if (!open || !dot || dot > open || !host_name_is(signature, (size_t)(dot - signature)) || !host_name_is(dot + 1, (size_t)(open - dot - 1))) {
    return error_make(FIRN_E_ARGUMENT, "'%s' is not of the form module.name(types) -> type", signature);
  }
  f->def.name = strndup(signature, (size_t)(open - signature));
  f->def.signature = strdup(open);
  return f->def.name && f->def.signature ? NULL : error_memory();
}

/* NULL if no function has that name. */
static FirnError *name_check(const Firn *firn, const char *name) {
  char *module = strdup(name);
  if (!module) return error_memory();
  char *dot = strchr(module, '.');
  *dot = 0;
  bool found = native_find(module, dot + 1) || host_find((void *)firn, module, dot + 1);
  free(module);
  return found ? error_make(FIRN_E_ARGUMENT, "there is a function %s already", name) : NULL;
}

typedef struct Naming { Firn *firn; HostFunction *f; } Naming;

/* In the engine's table, a class by the type's number stands for a type of the host. */
static const Type *type_named(void *ctx, const char *name, size_t length) {
  const Naming *naming = ctx;
  uint32_t number = host_type_find(naming->firn, name, length);
  if (number == HOST_TYPE_NONE) return NULL;
  naming->f->names_types = true;
  return type_intern(naming->firn->types, TYPE_CLASS, number, NULL, 0);
}

/* Reads the types of a signature into the engine's table. */
static FirnError *types_read(Firn *firn, const char *signature, HostFunction *f, const Type **params) {
  jmp_buf escape;
  bool is_read = false;
  FirnError *volatile error = NULL;
  char module[HOST_TYPE_NAME_MAX + 1];
  snprintf(module, sizeof module, "%.*s", (int)strcspn(f->def.name, "."), f->def.name);
  Naming naming = {firn, f};
  HostTypes named = {type_named, &naming, module};
  if (setjmp(escape) == 0) {
    type_table_escape(firn->types, &escape);
    is_read = signature_read(firn->types, f->def.signature, &named, params, &f->nparams, &f->own.given);
    if (!is_read) error = error_make(FIRN_E_ARGUMENT, "the types of '%s' cannot be read", signature);
  } else {
    error = error_memory();
  }
  type_table_escape(firn->types, NULL);
  return error;
}

const Type *signature_result(TypeTable *types, const HostFunction *f, const Type *given) {
  return !f->may_fail ? given : given->kind == TYPE_TUPLE ? given->args[0]->args[0] : type_simple(types, TYPE_VOID);
}

static FirnError *function_fill(Firn *firn, const char *signature, HostFunction *f) {
  const Type *params[MODULE_PARAMS_MAX];
  FirnError *error = signature_split(signature, f);
  if (error) return error;
  if ((error = types_read(firn, signature, f, params))) return error;
  f->may_fail = strchr(signature, '!') != NULL;
  f->own.result = signature_result(firn->types, f, f->own.given);
  if ((error = name_check(firn, f->def.name))) return error;
  f->own.params = malloc((f->nparams + 1) * sizeof *params);
  if (!f->own.params) return error_memory();
  memcpy(f->own.params, params, f->nparams * sizeof *params);
  f->is_plain = f->own.given->kind == TYPE_VOID || type_is_plain(f->own.given);
  for (uint32_t i = 0; i < f->nparams; i++) f->is_plain = f->is_plain && type_is_plain(params[i]);
  return NULL;
}

static FirnError *function_define(Firn *firn, const char *signature, FirnHostFn fn, void *userdata) {
  HostFunction *f = calloc(1, sizeof *f);
  HostFunction **grown = realloc(firn->functions, (firn->nfunctions + 1) * sizeof *grown);
  if (grown) firn->functions = grown;
  FirnError *error = f && grown ? function_fill(firn, signature, f) : error_memory();
  if (error) {
    host_function_free(f);
    return error;
  }
  f->def.doc = "";
  f->def.fn = host_enter;
  f->def.needs = CAP_NONE;
  f->def.waits = WAITS_HOST;
  f->fn = fn;
  f->userdata = userdata;
  f->number = (uint32_t)firn->nfunctions;
  firn->functions[firn->nfunctions++] = f;
  return NULL;
}

FirnError *firn_define(Firn *firn, const char *signature, FirnHostFn fn, void *userdata) {
  if (!firn || !signature || !fn) return error_make(FIRN_E_ARGUMENT, "firn_define: an argument is NULL");
  api_enter();
  FirnError *error = function_define(firn, signature, fn, userdata);
  api_leave();
  return error;
}

/* Being called */

FirnValue value_default(const Type *type) {
  FirnValue value = firn_void();
  switch (type->kind) {
    case TYPE_BOOL: value.kind = FIRN_BOOL; break;
    case TYPE_INT: value.kind = FIRN_INT; break;
    case TYPE_FLOAT: value.kind = FIRN_FLOAT; break;
    case TYPE_CHAR: value.kind = FIRN_CHAR; break;
    case TYPE_STRING: value.kind = FIRN_STRING; break;
    case TYPE_BYTES: value.kind = FIRN_BYTES; break;
    case TYPE_LIST: value.kind = FIRN_LIST; break;
    case TYPE_MAP: value.kind = FIRN_MAP; break;
    case TYPE_OPT: value.kind = FIRN_NIL; break;
    default: break;
  }
  return value;
}

static Trap trap_text(Guest *guest, const char *text) { return guest_trap_text(guest, TRAP_HOST, text, strlen(text)); }

/* A `T!`: `(T?, string?)`, or `string?` without a value. */
static FirnError *failing_take(FirnGuest *g, const Signature *s, const FirnValue *value, const char *failure, Value *slots) {
  const Type *some = s->given->kind == TYPE_TUPLE ? s->given->args[0] : NULL, *text = some ? s->given->args[1] : s->given;
  Value *text_slots = slots + (some ? some->slots : 0);
  if (failure) {
    FirnValue said = firn_string(failure);
    if (some) opt_set_nil(some, slots);
    return value_take(g, text, &said, text_slots);
  }
  FirnError *error = value_take(g, s->result, value, slots);
  if (error) return error;
  if (some) opt_wrap(some, slots);
  opt_set_nil(text, text_slots);
  return NULL;
}

FirnError *result_take(FirnGuest *g, const HostFunction *f, const FirnValue *value, const char *failure, Value *slots) {
  FirnValue none;
  const Signature *s = signature_of(g, f);
  if (!value) {
    none = value_default(s->result);
    value = &none;
  }
  if (f->may_fail) return failing_take(g, s, value, failure, slots);
  return plain_take(s->result, value, slots) ? NULL : value_take(g, s->result, value, slots);
}

static Trap answer_take(FirnCall *call, const FirnValue *result, const char *failure, Value *slots) {
  Guest *guest = call->guest->guest;
  FirnError *error = result_take(call->guest, call->function, result, failure, slots);
  if (!error) return TRAP_NONE;
  Trap trap = TRAP_OUT_OF_MEMORY;
  if (error->code != FIRN_E_MEMORY) {
    FirnError *said = error_make(error->code, "the host's %s gave a wrong result: %s", call->function->def.name, firn_error_text(error));
    trap = trap_text(guest, firn_error_text(said));
    firn_error_free(said);
  }
  firn_error_free(error);
  return trap;
}

static Trap function_call(FirnCall *call, const FirnValue *values, Value *slots) {
  Guest *guest = call->guest->guest;
  FirnValue result = value_default(call->function->own.result);
  const char *text = "a host function failed";
  FirnAnswer answer = call->function->fn(call, values, &result);
  if (call->text) text = call->text;
  switch (answer) {
    case FIRN_DONE: return answer_take(call, &result, NULL, slots);
    case FIRN_SUSPEND: return call->suspends ? guest_await(guest, GUEST_NEVER) : trap_text(guest, "a host function suspends its task without a token");
    default:
      if (call->lacks) return TRAP_OUT_OF_MEMORY;
      return answer == FIRN_ERROR && call->function->may_fail ? answer_take(call, NULL, text, slots) : trap_text(guest, text);
  }
}

/* An argument cannot be given. If the guest has an object that is not the host's any more, that is an error for it, where it can be one. */
static Trap argument_lacks(FirnCall *call, Value *slots) {
  if (call->room.is_full) return TRAP_TOO_LARGE;
  FirnError *error = call->room.lost_type == HOST_TYPE_NONE ? error_memory() : room_error(&call->room);
  const char *text = firn_error_text(error);
  Trap trap = TRAP_OUT_OF_MEMORY;
  if (error->code != FIRN_E_MEMORY) trap = call->function->may_fail ? answer_take(call, NULL, text, slots) : trap_text(call->guest->guest, text);
  firn_error_free(error);
  return trap;
}

/* Pays for the arguments and makes values of them; false if it cannot. */
static bool arguments_give(FirnCall *call, const Value *args, FirnValue *values, Trap *trap) {
  Guest *guest = call->guest->guest;
  const HostFunction *f = call->function;
  const Type *const *params = signature_of(call->guest, f)->params;
  uint64_t bytes = 0;
  const Value *at = args;
  for (uint32_t i = 0; i < f->nparams; at += params[i++]->slots) bytes += value_bytes(params[i], at);
  *trap = work_pay(guest, WORK_FUEL(bytes));
  if (*trap != TRAP_NONE) return false;
  at = args;
  bool given = true;
  for (uint32_t i = 0; i < f->nparams && given; at += params[i++]->slots) given = value_give(&call->room, params[i], at, &values[i]);
  if (call->room.bytes > bytes) work_owe(guest, WORK_FUEL(call->room.bytes - bytes)); /* what lies deeper shows only now */
  return given;
}

Trap host_enter(Guest *guest, Value *args) {
  FirnGuest *g = guest_host(guest);
  const HostFunction *f = (const HostFunction *)guest_calling(guest);
  FirnCall call;
  call.guest = g;
  call.function = f;
  call.suspends = call.lacks = false;
  call.text = NULL;
  room_begin(&call.room, g, true);
  FirnValue values[f->nparams + 1];
  Trap trap = TRAP_NONE;
  bool given = true, was_in_native = g->in_native;
  g->in_native = true;
  if (f->is_plain) {
    for (uint32_t i = 0; i < f->nparams; i++) plain_give(f->own.params[i], args[i], &values[i]);
  } else {
    given = arguments_give(&call, args, values, &trap);
  }
  if (given) trap = function_call(&call, values, args);
  else if (trap == TRAP_NONE) trap = argument_lacks(&call, args);
  g->in_native = was_in_native;
  if (call.room.memory.chunks || call.room.refs) room_clear(&call.room);
  if (call.text) free(call.text);
  return trap;
}

FirnGuest *firn_call_guest(const FirnCall *call) { return call->guest; }
void *firn_call_userdata(const FirnCall *call) { return call->function->userdata; }
void *firn_call_room(FirnCall *call, size_t bytes) { return room_take(&call->room, bytes, 1); }

static void text_set(FirnCall *call, const char *text) {
  free(call->text);
  call->text = text ? strdup(text) : NULL;
  call->lacks = text && !call->text;
}

FirnAnswer firn_call_trap(FirnCall *call, const char *text) {
  text_set(call, text);
  return FIRN_TRAP;
}

FirnAnswer firn_call_error(FirnCall *call, const char *text) {
  text_set(call, text);
  return FIRN_ERROR;
}

FirnAnswer firn_call_suspend(FirnCall *call, uint64_t *token) {
  call->suspends = true;
  if (token) *token = call->guest->guest->tokens_made + 1;
  return FIRN_SUSPEND;
}
