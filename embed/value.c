/* value.c - values between hosts and guests, and the host's references. Interface: embed.h.
 *
 * A guest's objects that are being made are kept by the C stack, so slots that lead to them must lie there. What a host gives is charged as work that is owed: it
 * comes once. Types nest at most TYPE_DEPTH_MAX deep, and so do the functions here that call themselves.
 */
#include <stdio.h>
#include <stdlib.h>

#include "embed/embed.h"
#include "vm/heap.h"
#include "vm/utf8.h"

/* References */

static uint32_t place_find(const FirnGuest *g) {
  if (g->nreferences == g->guest->nheld) return g->guest->nheld;
  for (uint32_t i = 0;; i++) {
    if (!g->references[i].is_used) return i;
  }
}

static bool places_grow(FirnGuest *g) {
  Guest *guest = g->guest;
  uint32_t count = guest->nheld ? 2 * guest->nheld : 8;
  if (count >= UINT32_MAX / 2) return false;
  Reference *references = realloc(g->references, count * sizeof *references);
  if (!references) return false;
  g->references = references;
  Value *held = realloc(guest->held, count * sizeof *held);
  if (!held) return false;
  guest->held = held;
  memset(held + guest->nheld, 0, (count - guest->nheld) * sizeof *held);
  memset(references + guest->nheld, 0, (count - guest->nheld) * sizeof *references);
  guest->nheld = count;
  return true;
}

FirnRef reference_add(FirnGuest *g, Value value, const Type *type) {
  uint32_t place = place_find(g);
  if (place == g->guest->nheld && !places_grow(g)) return 0;
  Reference *reference = &g->references[place];
  reference->type = type;
  reference->is_used = true;
  g->guest->held[place] = value;
  g->nreferences++;
  return (uint64_t)reference->generation << 32 | (place + 1);
}

/* The place of a reference; UINT32_MAX if it is none. */
static uint32_t reference_place(const FirnGuest *g, FirnRef ref) {
  uint32_t place = (uint32_t)ref - 1;
  bool is_one = (uint32_t)ref && place < g->guest->nheld && g->references[place].is_used && g->references[place].generation == (uint32_t)(ref >> 32);
  return is_one ? place : UINT32_MAX;
}

bool reference_find(const FirnGuest *g, FirnRef ref, Value *value, const Type **type) {
  uint32_t place = reference_place(g, ref);
  if (place == UINT32_MAX) return false;
  *value = g->guest->held[place];
  *type = g->references[place].type;
  return true;
}

void reference_drop(FirnGuest *g, FirnRef ref) {
  uint32_t place = reference_place(g, ref);
  if (place == UINT32_MAX) return;
  g->references[place].is_used = false;
  g->references[place].generation++;
  g->guest->held[place].u = 0;
  g->nreferences--;
}

FirnRef firn_ref_keep(FirnGuest *g, FirnRef ref) {
  Value value;
  const Type *type;
  if (!g) return 0;
  api_enter();
  FirnRef kept = reference_find(g, ref, &value, &type) && type ? reference_add(g, value, type) : 0;
  api_leave();
  return kept;
}

void firn_ref_drop(FirnGuest *g, FirnRef ref) {
  Value value;
  const Type *type;
  if (!g) return;
  api_enter();
  if (reference_find(g, ref, &value, &type) && type) reference_drop(g, ref);
  api_leave();
}

bool firn_ref_same(FirnGuest *g, FirnRef a, FirnRef b) {
  Value x, y;
  const Type *type;
  if (!g) return false;
  api_enter();
  bool same = reference_find(g, a, &x, &type) && reference_find(g, b, &y, &type) && x.p == y.p;
  api_leave();
  return same;
}

const char *firn_ref_type(FirnGuest *g, FirnRef ref) {
  Value value;
  const Type *type;
  if (!g) return NULL;
  api_enter();
  const char *text = reference_find(g, ref, &value, &type) && type ? program_type_text(g->program, type) : NULL;
  api_leave();
  return text;
}

/* Room */

void room_clear(Room *room) {
  for (size_t i = 0; i < room->nrefs; i++) reference_drop(room->guest, room->refs[i]);
  room->nrefs = 0;
  free(room->refs);
  room->refs = NULL;
  room->refs_cap = 0;
  room->bytes = 0;
  room->is_full = false;
  room->lost_type = HOST_TYPE_NONE;
  if (room->memory.chunks) bump_free(&room->memory);
}

FirnError *room_error(const Room *room) {
  const Firn *firn = room->guest->firn;
  if (room->is_full) return error_make(FIRN_E_MEMORY, "the value takes more than %d times the guest's memory quota", (int)ROOM_PER_BYTE);
  if (room->lost_type == HOST_TYPE_NONE) return error_memory();
  return error_make(FIRN_E_OBJECT, "%s#%lld is no object that the host has given to this guest", firn->host_types[room->lost_type].name, (long long)room->lost_id);
}

void *room_take(Room *room, uint64_t count, size_t size) {
  uint64_t bytes;
  uint64_t quota = room->guest->guest->options.memory, most;
  if (!quota || __builtin_mul_overflow(quota, (uint64_t)ROOM_PER_BYTE, &most) || most > SIZE_MAX / 4) most = SIZE_MAX / 4;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > most + ROOM_LEAST || room->bytes > most + ROOM_LEAST - bytes) {
    room->is_full = true;
    return NULL;
  }
  room->bytes += bytes;
  return bump_alloc(&room->memory, bytes + 1);
}

static bool room_keep(Room *room, FirnRef ref) {
  if (!ref) return false;
  room->bytes += sizeof(FirnValue);
  if (room->nrefs == room->refs_cap) {
    size_t cap = room->refs_cap ? 2 * room->refs_cap : 8;
    FirnRef *grown = realloc(room->refs, cap * sizeof *grown);
    if (!grown) {
      reference_drop(room->guest, ref);
      return false;
    }
    room->refs = grown;
    room->refs_cap = cap;
  }
  room->refs[room->nrefs++] = ref;
  return true;
}

/* To the host */

static bool list_slot(const List *list, const ObjDesc *desc, int64_t i, Value *slots) {
  size_t width = desc->elem_slots;
  if (width != 1) memcpy(slots, (const Value *)list->data + (size_t)i * width, width * sizeof *slots);
  else if (desc->elem_size == 1) slots->u = ((const uint8_t *)list->data)[i];
  else if (desc->elem_size == 4) slots->i = ((const int32_t *)list->data)[i];
  else slots[0] = ((const Value *)list->data)[i];
  return true;
}

/* Bytes are copied, with a NUL behind, unless the room borrows. */
static bool bytes_give(Room *room, FirnKind kind, const void *bytes, size_t length, FirnValue *value) {
  *value = firn_void();
  value->kind = kind;
  value->count = length;
  value->as.text = bytes;
  if (room->borrows) return true;
  char *copy = room_take(room, (uint64_t)length + 1, 1);
  if (!copy) return false;
  if (length) memcpy(copy, bytes, length);
  value->as.text = copy;
  return true;
}

/* Lists of numbers, as they are. */
static bool numbers_give(Room *room, FirnKind kind, const List *list, FirnValue *value) {
  *value = firn_void();
  value->kind = kind;
  value->count = (size_t)list->length;
  int64_t *copy = room_take(room, (uint64_t)list->length, sizeof *copy);
  if (!copy) return false;
  if (list->length) memcpy(copy, list->data, (size_t)list->length * sizeof *copy);
  value->as.integers = copy;
  return true;
}

static bool list_give(Room *room, const Type *type, const List *list, FirnValue *value) {
  const Type *elem = type->args[0];
  if (elem->kind == TYPE_INT || elem->kind == TYPE_FLOAT) return numbers_give(room, elem->kind == TYPE_INT ? FIRN_INTS : FIRN_FLOATS, list, value);
  FirnValue *items = room_take(room, (uint64_t)list->length, sizeof *items);
  Value slots[TYPE_SLOTS_MAX];
  if (!items) return false;
  for (int64_t i = 0; i < list->length; i++) {
    if (!list_slot(list, obj_desc((const Obj *)list), i, slots) || !value_give(room, elem, slots, &items[i])) return false;
  }
  *value = firn_list(items, (size_t)list->length);
  return true;
}

static bool map_give(Room *room, const Type *type, const Map *map, FirnValue *value) {
  FirnValue *items = room_take(room, (uint64_t)map->live * 2, sizeof *items), *at = items;
  if (!items) return false;
  for (int64_t i = map_next(map, -1); i >= 0; i = map_next(map, i)) {
    const Value *entry = map_entry(map, i);
    if (!value_give(room, type->args[0], entry, at++) || !value_give(room, type->args[1], entry + type->args[0]->slots, at++)) return false;
  }
  *value = firn_map(items, (size_t)map->live);
  return true;
}

static bool tuple_give(Room *room, const Type *type, const Value *slots, FirnValue *value) {
  FirnValue *items = room_take(room, type->nargs, sizeof *items);
  if (!items) return false;
  for (uint32_t i = 0; i < type->nargs; slots += type->args[i++]->slots) {
    if (!value_give(room, type->args[i], slots, &items[i])) return false;
  }
  *value = firn_tuple(items, type->nargs);
  return true;
}

static bool opt_give(Room *room, const Type *type, const Value *slots, FirnValue *value) {
  Value payload[TYPE_SLOTS_MAX];
  if (opt_is_nil(type, slots)) {
    *value = firn_nil();
    return true;
  }
  memcpy(payload, slots, type->slots * sizeof *slots);
  opt_unwrap(type, payload);
  return value_give(room, type->args[0], payload, value);
}

static bool object_give(Room *room, uint32_t type, const Instance *instance, FirnValue *value) {
  int64_t id = instance->slots[0].i;
  const HostObject *known = object_by_id(room->guest, type, id);
  if (known) {
    *value = firn_object(known->object);
    return true;
  }
  room->lost_type = type;
  room->lost_id = id;
  return false;
}

static bool reference_give(Room *room, const Type *type, Value slot, FirnValue *value) {
  Program *program = room->guest->guest->program;
  uint32_t host_type = program_host_type(program, type);
  if (host_type != HOST_TYPE_NONE) return object_give(room, host_type, slot.p, value);
  *value = firn_ref(reference_add(room->guest, slot, type_subst(program->types, type, NULL, 0)));
  return room_keep(room, value->as.ref);
}

bool value_give(Room *room, const Type *type, const Value *slots, FirnValue *value) {
  switch (type->kind) {
    case TYPE_VOID: *value = firn_void(); return true;
    case TYPE_BOOL: *value = firn_bool(slots->i != 0); return true;
    case TYPE_INT: *value = firn_int(slots->i); return true;
    case TYPE_FLOAT: *value = firn_float(slots->f); return true;
    case TYPE_CHAR: *value = firn_char((uint32_t)slots->i); return true;
    case TYPE_STRING: return bytes_give(room, FIRN_STRING, ((const String *)slots->p)->bytes, ((const String *)slots->p)->length, value);
    case TYPE_BYTES: return bytes_give(room, FIRN_BYTES, ((const Bytes *)slots->p)->data, (size_t)((const Bytes *)slots->p)->length, value);
    case TYPE_LIST: return list_give(room, type, slots->p, value);
    case TYPE_MAP: return map_give(room, type, slots->p, value);
    case TYPE_TUPLE: return tuple_give(room, type, slots, value);
    case TYPE_OPT: return opt_give(room, type, slots, value);
    default: return reference_give(room, type, *slots, value);
  }
}

/* Of the outermost value only, and of what its elements take: what lies deeper is charged as if it were as large as a reference. */
uint64_t value_bytes(const Type *type, const Value *slots) {
  switch (type->kind) {
    case TYPE_STRING: return ((const String *)slots->p)->length;
    case TYPE_BYTES: return (uint64_t)((const Bytes *)slots->p)->length;
    case TYPE_LIST: return (uint64_t)((const List *)slots->p)->length * sizeof(FirnValue);
    case TYPE_MAP: return (uint64_t)((const Map *)slots->p)->used * 2 * sizeof(FirnValue);
    default: return 0;
  }
}

/* From the host */

static const char *kind_name(FirnKind kind) {
  static const char *const names[] = {"nothing", "nil", "a bool", "an int", "a float", "a char", "a string", "bytes", "a list", "ints", "floats", "a map", "a tuple", "a reference", "an object"};
  return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "no kind of value";
}

static FirnError *wrong(FirnGuest *g, const Type *type, const FirnValue *value) {
  const char *text = program_type_text(g->program, type);
  return error_make(FIRN_E_TYPE, "%s is not %s%s", kind_name(value->kind), type->kind == TYPE_VOID ? "what is expected, " : "of type ", text ? text : "?");
}

void values_begin(FirnGuest *g) {
  if (g->in_native) return;
  g->guest->insn_allocated = g->guest->allocated;
  g->guest->is_over = false;
}

/* An object that was to be made: the quota is exceeded, or memory is out. */
static FirnError *no_object(const FirnGuest *g) { return g->guest->is_over ? error_make(FIRN_E_MEMORY, "over the guest's memory quota") : error_memory(); }

static void owe(FirnGuest *g, uint64_t bytes) { work_owe(g->guest, WORK_FUEL(bytes)); }

static FirnError *text_take(FirnGuest *g, const FirnValue *value, Value *slots) {
  if (value->count && !value->as.text) return error_make(FIRN_E_ARGUMENT, "a string is NULL");
  if (value->count > STRING_MAX) return error_make(FIRN_E_ARGUMENT, "a string is too long");
  if (value->count && !utf8_valid(value->as.text, value->count)) return error_make(FIRN_E_ARGUMENT, "a string is not UTF-8");
  owe(g, value->count);
  slots->p = string_new(g->guest, value->count ? value->as.text : "", value->count);
  return slots->p ? NULL : no_object(g);
}

static FirnError *bytes_take(FirnGuest *g, const FirnValue *value, Value *slots) {
  if (value->count && !value->as.bytes) return error_make(FIRN_E_ARGUMENT, "bytes are NULL");
  if (value->count > STRING_MAX) return error_make(FIRN_E_ARGUMENT, "bytes are too long");
  owe(g, value->count);
  Bytes *bytes = bytes_new(g->guest, (int64_t)value->count);
  slots->p = bytes;
  if (!bytes) return no_object(g);
  if (value->count) memcpy(bytes->data, value->as.bytes, value->count);
  return NULL;
}

static List *list_of(FirnGuest *g, const Type *type, size_t count) {
  const Type *own = type_subst(g->guest->program->types, type, NULL, 0);
  const ObjDesc *desc = own && count < (size_t)LIST_MAX ? desc_for(g->guest->program, own) : NULL;
  owe(g, count * sizeof(FirnValue));
  return desc ? list_new(g->guest, desc, (int64_t)count) : NULL;
}

/* Numbers as they are. */
static void numbers_take(const FirnValue *value, List *list) {
  Value *at = list->data;
  for (size_t i = 0; i < value->count; i++) {
    if (value->kind == FIRN_INTS) at[i].i = value->as.integers[i];
    else at[i].f = float_canonical(value->as.numbers[i]);
  }
  list->length = (int64_t)value->count;
}

static FirnError *list_take(FirnGuest *g, const Type *type, const FirnValue *value, Value *slots) {
  const Type *elem = type->args[0];
  bool is_numbers = (elem->kind == TYPE_INT && value->kind == FIRN_INTS) || (elem->kind == TYPE_FLOAT && value->kind == FIRN_FLOATS);
  if (!is_numbers && value->kind != FIRN_LIST) return wrong(g, type, value);
  if (value->count && !value->as.items) return error_make(FIRN_E_ARGUMENT, "a list is NULL");
  List *list = list_of(g, type, value->count);
  if (!list) return no_object(g);
  slots->p = list;
  if (is_numbers && list->capacity >= (int64_t)value->count) {
    numbers_take(value, list);
    return NULL;
  }
  if (is_numbers) return no_object(g);
  for (size_t i = 0; i < value->count; i++) {
    Value element[TYPE_SLOTS_MAX];
    FirnError *error = value_take(g, elem, &value->as.items[i], element);
    if (error) return error;
    if (list_push_owing(g->guest, list, element) != TRAP_NONE) return no_object(g);
  }
  return NULL;
}

static FirnError *map_take(FirnGuest *g, const Type *type, const FirnValue *value, Value *slots) {
  if (value->kind != FIRN_MAP) return wrong(g, type, value);
  if (!type_is_plain_key(type->args[0])) return error_make(FIRN_E_TYPE, "a host cannot make maps of type %s: its keys decide by code of the guest", program_type_text(g->program, type));
  if (value->count && !value->as.items) return error_make(FIRN_E_ARGUMENT, "a map is NULL");
  const Type *own = type_subst(g->guest->program->types, type, NULL, 0);
  const ObjDesc *desc = own ? desc_for(g->guest->program, own) : NULL;
  Map *map = desc ? map_new(g->guest, desc) : NULL;
  if (!map) return no_object(g);
  for (size_t i = 0; i < value->count; i++) {
    Value key[TYPE_SLOTS_MAX], item[TYPE_SLOTS_MAX];
    FirnError *error = value_take(g, type->args[0], &value->as.items[2 * i], key);
    if (!error) error = value_take(g, type->args[1], &value->as.items[2 * i + 1], item);
    if (error) return error;
    owe(g, 2 * sizeof(FirnValue));
    int64_t fuel = g->guest->fuel;
    g->guest->fuel = INT64_MAX; /* what it costs is owed: it may not ask to be paid first */
    Trap trap = map_put(g->guest, map, key, item);
    g->guest->fuel = fuel - (INT64_MAX - g->guest->fuel);
    if (trap != TRAP_NONE) return no_object(g);
  }
  slots->p = map;
  return NULL;
}

static FirnError *tuple_take(FirnGuest *g, const Type *type, const FirnValue *value, Value *slots) {
  if (value->kind != FIRN_TUPLE || value->count != type->nargs || !value->as.items) return wrong(g, type, value);
  for (uint32_t i = 0; i < type->nargs; slots += type->args[i++]->slots) {
    FirnError *error = value_take(g, type->args[i], &value->as.items[i], slots);
    if (error) return error;
  }
  return NULL;
}

static FirnError *opt_take(FirnGuest *g, const Type *type, const FirnValue *value, Value *slots) {
  if (value->kind == FIRN_NIL) {
    opt_set_nil(type, slots);
    return NULL;
  }
  FirnError *error = value_take(g, type->args[0], value, slots);
  if (!error) opt_wrap(type, slots);
  return error;
}

static FirnError *object_take(FirnGuest *g, uint32_t host_type, const Type *type, const FirnValue *value, Value *slots) {
  if (value->kind != FIRN_OBJECT) return wrong(g, type, value);
  const HostObject *known = object_by_pointer(g, host_type, value->as.object);
  if (!known) return error_make(FIRN_E_OBJECT, "the guest was not given that %s", g->firn->host_types[host_type].name);
  const Type *own = type_subst(g->guest->program->types, type, NULL, 0);
  const ObjDesc *desc = own ? desc_for(g->guest->program, own) : NULL;
  owe(g, sizeof(FirnValue));
  Instance *instance = desc ? heap_object(g->guest, desc, sizeof *instance + sizeof *instance->slots) : NULL;
  if (!instance) return no_object(g);
  instance->slots[0].i = known->id;
  slots->p = instance;
  return NULL;
}

static FirnError *ref_take(FirnGuest *g, const Type *type, const FirnValue *value, Value *slots) {
  uint32_t host_type = program_host_type(g->guest->program, type);
  if (host_type != HOST_TYPE_NONE) return object_take(g, host_type, type, value, slots);
  const Type *known, *own = type_subst(g->guest->program->types, type, NULL, 0);
  if (value->kind != FIRN_REF) return wrong(g, type, value);
  if (!reference_find(g, value->as.ref, slots, &known) || !known) return error_make(FIRN_E_ARGUMENT, "the reference is none of this guest, or was dropped");
  if (known == own) return NULL;
  const char *text = program_type_text(g->program, known);
  char has[200];
  snprintf(has, sizeof has, "%s", text ? text : "?");
  text = program_type_text(g->program, type);
  return error_make(FIRN_E_TYPE, "a reference to %s is not of type %s", has, text ? text : "?");
}

FirnError *value_take(FirnGuest *g, const Type *type, const FirnValue *value, Value *slots) {
  FirnKind kind = value->kind;
  switch (type->kind) {
    case TYPE_VOID: return kind == FIRN_VOID ? NULL : wrong(g, type, value);
    case TYPE_BOOL:
      if (kind != FIRN_BOOL) return wrong(g, type, value);
      slots->i = value->as.boolean;
      return NULL;
    case TYPE_INT: slots->i = value->as.integer; return kind == FIRN_INT ? NULL : wrong(g, type, value);
    case TYPE_FLOAT: slots->f = float_canonical(value->as.number); return kind == FIRN_FLOAT ? NULL : wrong(g, type, value);
    case TYPE_CHAR:
      if (kind != FIRN_CHAR) return wrong(g, type, value);
      slots->i = value->as.character;
      if (slots->i <= 0x10ffff && !(slots->i >= 0xd800 && slots->i < 0xe000)) return NULL;
      return error_make(FIRN_E_ARGUMENT, "%u is not a Unicode scalar value", (unsigned)value->as.character);
    case TYPE_STRING: return kind == FIRN_STRING ? text_take(g, value, slots) : wrong(g, type, value);
    case TYPE_BYTES: return kind == FIRN_BYTES ? bytes_take(g, value, slots) : wrong(g, type, value);
    case TYPE_LIST: return list_take(g, type, value, slots);
    case TYPE_MAP: return map_take(g, type, value, slots);
    case TYPE_TUPLE: return tuple_take(g, type, value, slots);
    case TYPE_OPT: return opt_take(g, type, value, slots);
    default: return ref_take(g, type, value, slots);
  }
}
