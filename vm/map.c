/* map.c - hash maps that keep insertion order.
 *
 * Interface: object.h. Entries lie in order of insertion, each one a word of hash, the key's slots, the value's slots; a removed entry is
 * all zero. Beyond SMALL entries of room, chains lead to them: index[0..index_size) are the heads, the `capacity` words behind them the
 * links, latest entry first. When room runs out the entries are packed, into twice as much room if more than half of them are present.
 *
 * Which bucket a hash belongs to depends on a secret of the process, so that a guest cannot choose keys that share one; nothing a guest
 * can see depends on it, since chains are followed only by whole hash.
 *
 * Invariants: live <= used <= capacity; index is NULL exactly while capacity <= SMALL; no entry before `first` is present; entry used-1 is
 * present when used > 0; all entries from used on are zero.
 */
#include <string.h>
#include <sys/auxv.h>

#include "vm/object.h"

enum { SMALL = 8, CAPACITY_MIN = 4 };
#define MAP_MAX (INT64_C(1) << 30)
#define PRESENT (UINT64_C(1) << 63)

enum KeyForm { KEY_OPAQUE, KEY_WORD, KEY_STRING, KEY_PLAIN };

/* Keys */

bool type_is_plain_key(const Type *type) {
  switch (type->kind) {
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_FLOAT:
    case TYPE_CHAR:
    case TYPE_STRING: return true;
    case TYPE_TUPLE:
    case TYPE_OPT:
      for (uint32_t i = 0; i < type->nargs; i++) {
        if (!type_is_plain_key(type->args[i])) return false;
      }
      return true;
    default: return false;
  }
}

uint8_t map_key_form(const Type *key) {
  if (key->kind == TYPE_INT || key->kind == TYPE_BOOL || key->kind == TYPE_CHAR) return KEY_WORD;
  if (key->kind == TYPE_STRING) return KEY_STRING;
  return type_is_plain_key(key) ? KEY_PLAIN : KEY_OPAQUE;
}

static uint64_t hash_join(uint64_t hash, uint64_t part) {
  hash = (hash ^ part) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 32;
}

static uint64_t plain_hash(const Type *type, const Value *key) {
  switch (type->kind) {
    case TYPE_FLOAT: {
      Value v = {.f = key->f == 0 ? 0.0 : key->f};
      return v.u ^ v.u >> 32;
    }
    case TYPE_STRING: return string_hash(key->p);
    case TYPE_TUPLE: {
      uint64_t hash = type->nargs;
      for (uint32_t i = 0; i < type->nargs; i++) {
        hash = hash_join(hash, plain_hash(type->args[i], key));
        key += type->args[i]->slots;
      }
      return hash;
    }
    case TYPE_OPT: {
      bool tagged = type_opt_form(type) == OPT_TAG;
      for (; type->kind == TYPE_OPT; type = type->args[0]) {
        if (opt_is_nil(type, key)) return hash_join(type_opt_depth(type), 0);
      }
      return plain_hash(type, key + tagged);
    }
    default: return key->u;
  }
}

int64_t key_hash(const Type *type, const Value *key) { return type_is_plain_key(type) ? (int64_t)plain_hash(type, key) : 0; }

bool key_equal(const Type *type, const Value *a, const Value *b) {
  switch (type->kind) {
    case TYPE_FLOAT: return float_order(a->f, b->f) == 0;
    case TYPE_STRING: return string_equal(a->p, b->p);
    case TYPE_TUPLE:
      for (uint32_t i = 0; i < type->nargs; i++) {
        if (!key_equal(type->args[i], a, b)) return false;
        a += type->args[i]->slots;
        b += type->args[i]->slots;
      }
      return true;
    case TYPE_OPT: {
      bool tagged = type_opt_form(type) == OPT_TAG;
      for (; type->kind == TYPE_OPT; type = type->args[0]) {
        bool a_nil = opt_is_nil(type, a), b_nil = opt_is_nil(type, b);
        if (a_nil || b_nil) return a_nil && b_nil;
      }
      return key_equal(type, a + tagged, b + tagged);
    }
    default: return a->u == b->u;
  }
}

/* Entries and chains */

static inline size_t entry_slots(const ObjDesc *desc) { return 1u + desc->elem_slots + desc->value_slots; }
static inline Value *entry_at(const Map *map, int64_t position, size_t stride) { return map->entries + (size_t)position * stride; }

static uint64_t bucket_secret;

static __attribute__((noinline)) void bucket_secret_make(void) {
  const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
  uint64_t secret = UINT64_C(0x9e3779b97f4a7c15);
  if (random) memcpy(&secret, random, sizeof secret);
  bucket_secret = secret | 1 | UINT64_C(1) << 62; /* odd, and large */
}

static inline uint32_t *head_of(const Map *map, uint64_t hash) {
  return &map->index[(hash & ~PRESENT) * bucket_secret >> (64 - __builtin_ctz(map->index_size))];
}

static inline uint32_t *link_of(const Map *map, int64_t position) { return &map->index[map->index_size + position]; }

static void chain_add(Map *map, uint64_t hash, int64_t position) {
  uint32_t *head = head_of(map, hash);
  *link_of(map, position) = *head;
  *head = (uint32_t)position + 1;
}

static void chain_remove(Map *map, uint64_t hash, int64_t position) {
  uint32_t *link = head_of(map, hash);
  while (*link != (uint32_t)position + 1) link = link_of(map, (int64_t)*link - 1);
  *link = *link_of(map, position);
}

/* Moves the present entries to the beginning of `to` (room for them all; may be map->entries), and rebuilds the chains. */
static void entries_pack(Map *map, Value *to, size_t stride) {
  int64_t packed = 0;
  if (map->index) memset(map->index, 0, map->index_size * sizeof *map->index);
  for (int64_t i = map->first; i < map->used; i++) {
    const Value *entry = entry_at(map, i, stride);
    if (!(entry->u & PRESENT)) continue;
    Value *place = to + (size_t)packed * stride;
    if (place != entry) memmove(place, entry, stride * sizeof *entry);
    if (map->index) chain_add(map, place->u, packed);
    packed++;
  }
  if (to == map->entries) memset(to + (size_t)packed * stride, 0, (size_t)(map->used - packed) * stride * sizeof *to);
  map->used = packed;
  map->first = 0;
}

/* Makes room for one more entry. */
static __attribute__((noinline)) Trap map_grow(Guest *guest, Map *map, const ObjDesc *desc) {
  if (!bucket_secret) bucket_secret_make();
  size_t stride = entry_slots(desc);
  guest->fuel -= WORK_FUEL((size_t)map->used * stride * sizeof(Value));
  if (map->capacity && map->live <= map->capacity / 2) {
    entries_pack(map, map->entries, stride);
    return TRAP_NONE;
  }
  int64_t capacity = map->capacity ? 2 * map->capacity : CAPACITY_MIN;
  if (capacity > MAP_MAX) return TRAP_TOO_LARGE;
  Value *entries = heap_buffer(guest, (size_t)capacity * stride * sizeof(Value), desc->has_refs);
  if (!entries) return TRAP_OUT_OF_MEMORY;
  uint32_t index_size = capacity > SMALL ? (uint32_t)capacity : 0, *index = NULL;
  if (index_size) {
    index = heap_buffer_raw(guest, ((size_t)index_size + (size_t)capacity) * sizeof *index);
    if (!index) return TRAP_OUT_OF_MEMORY;
  }
  uint32_t *old_index = map->index;
  Value *old_entries = map->entries;
  size_t old_index_bytes = ((size_t)map->index_size + (size_t)map->capacity) * sizeof *old_index;
  map->index = index;
  map->index_size = index_size;
  entries_pack(map, entries, stride);
  heap_buffer_drop(guest, old_entries, (size_t)map->capacity * stride * sizeof(Value));
  if (old_index) heap_buffer_drop(guest, old_index, old_index_bytes);
  map->entries = entries;
  map->capacity = capacity;
  return TRAP_NONE;
}

/* Finding */

static inline bool form_equal(const ObjDesc *desc, enum KeyForm form, const Value *a, const Value *b) {
  if (form == KEY_WORD) return a->u == b->u;
  if (form == KEY_STRING) return string_equal(a->p, b->p);
  return key_equal(desc->type->args[0], a, b);
}

static inline __attribute__((always_inline)) int64_t find_as(const Map *map, const ObjDesc *desc, enum KeyForm form, uint64_t hash,
                                                             const Value *key) {
  size_t stride = entry_slots(desc);
  hash |= PRESENT;
  if (!map->index) {
    for (int64_t i = map->first; i < map->used; i++) {
      const Value *entry = entry_at(map, i, stride);
      if (entry->u == hash && form_equal(desc, form, entry + 1, key)) return i;
    }
    return -1;
  }
  for (uint32_t next = *head_of(map, hash); next; next = *link_of(map, (int64_t)next - 1)) {
    const Value *entry = entry_at(map, (int64_t)next - 1, stride);
    if (entry->u == hash && form_equal(desc, form, entry + 1, key)) return (int64_t)next - 1;
  }
  return -1;
}

int64_t map_find(const Map *map, const Value *key) {
  const ObjDesc *desc = obj_desc((const Obj *)map);
  switch ((enum KeyForm)desc->key_form) {
    case KEY_WORD: return find_as(map, desc, KEY_WORD, key->u, key);
    case KEY_STRING: return find_as(map, desc, KEY_STRING, string_hash(key->p), key);
    case KEY_PLAIN: return find_as(map, desc, KEY_PLAIN, plain_hash(desc->type->args[0], key), key);
    case KEY_OPAQUE: break;
  }
  return -1;
}

int64_t map_probe(const Map *map, int64_t after, int64_t hash) {
  size_t stride = entry_slots(obj_desc((const Obj *)map));
  uint64_t wanted = (uint64_t)hash | PRESENT;
  if (after >= map->used || after < -1) return -1;
  if (!map->index) {
    for (int64_t i = (after < 0 ? map->used : after) - 1; i >= 0; i--) {
      if (entry_at(map, i, stride)->u == wanted) return i;
    }
    return -1;
  }
  if (after >= 0 && entry_at(map, after, stride)->u != wanted) return -1;
  for (uint32_t next = after < 0 ? *head_of(map, wanted) : *link_of(map, after); next; next = *link_of(map, (int64_t)next - 1)) {
    if (entry_at(map, (int64_t)next - 1, stride)->u == wanted) return (int64_t)next - 1;
  }
  return -1;
}

/* Changing */

Map *map_new(Guest *guest, const ObjDesc *desc) { return heap_object(guest, desc, sizeof(Map)); }

Trap map_add(Guest *guest, Map *map, const Value *key, const Value *value, int64_t hash) {
  const ObjDesc *desc = obj_desc((const Obj *)map);
  size_t nkey = desc->elem_slots, nvalue = desc->value_slots;
  if (map->used == map->capacity) {
    Value kept[2 * TYPE_SLOTS_MAX];
    memcpy(kept, key, nkey * sizeof *key);
    if (nvalue) memcpy(kept + nkey, value, nvalue * sizeof *value);
    Trap trap = map_grow(guest, map, desc);
    __asm__ volatile("" : : "r"(kept) : "memory"); /* the copies are roots while memory is allocated */
    if (trap) return trap;
  }
  Value *entry = entry_at(map, map->used, entry_slots(desc));
  entry->u = (uint64_t)hash | PRESENT;
  for (size_t i = 0; i < nkey; i++) entry[1 + i] = key[i];
  for (size_t i = 0; i < nvalue; i++) entry[1 + nkey + i] = value[i];
  if (map->index) chain_add(map, entry->u, map->used);
  map->used++;
  map->live++;
  map->version++;
  return TRAP_NONE;
}

Value *map_entry(const Map *map, int64_t position) {
  if ((uint64_t)position >= (uint64_t)map->used) return NULL;
  Value *entry = entry_at(map, position, entry_slots(obj_desc((const Obj *)map)));
  return entry->u & PRESENT ? entry + 1 : NULL;
}

Trap map_delete(Guest *guest, Map *map, int64_t position) {
  if (!map_entry(map, position)) return guest_trap_index(guest, position, map->used);
  size_t stride = entry_slots(obj_desc((const Obj *)map));
  Value *entry = entry_at(map, position, stride);
  if (map->index) chain_remove(map, entry->u, position);
  memset(entry, 0, stride * sizeof *entry);
  map->live--;
  map->version++;
  if (map->live == 0) {
    map->used = map->first = 0;
    return TRAP_NONE;
  }
  while (!(entry_at(map, map->used - 1, stride)->u & PRESENT)) map->used--;
  while (!(entry_at(map, map->first, stride)->u & PRESENT)) map->first++;
  return TRAP_NONE;
}

int64_t map_next(const Map *map, int64_t after) {
  size_t stride = entry_slots(obj_desc((const Obj *)map));
  int64_t i = after < map->first ? map->first : after + 1;
  for (; i < map->used; i++) {
    if (entry_at(map, i, stride)->u & PRESENT) return i;
  }
  return -1;
}

void map_clear(Map *map) {
  if (map->live == 0) return;
  map->live = map->used = map->capacity = map->first = 0;
  map->index_size = 0;
  map->index = NULL;
  map->entries = NULL;
  map->version++;
}
