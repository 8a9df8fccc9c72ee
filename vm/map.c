/* map.c - hash maps that keep insertion order.
 *
 * Interface: object.h. Entries lie in order of insertion: a control word, the key's slots, the value's slots; a removed entry's control word
 * is zero. Beyond SMALL entries of room, chains lead to them, latest entry first: index[] has the heads, two for each entry of room, and
 * the control words have the links (object.h). When room runs out the entries are packed, into twice as much room if more than half of
 * them are present.
 *
 * A head belongs to a hash by a multiplication with a secret of the process, so that a guest cannot choose keys that share one; nothing
 * a guest can see depends on it, since chains are followed only by mark. Keys that differ only in their lowest bits have heads in one
 * cache line: whoever walks through a range of ints does not miss the cache at each of them.
 *
 * Equal marks are visible: what a search does for entries with the mark of its key costs fuel, unless the first of them has the key.
 *
 * Invariants: live <= used <= capacity; index is NULL exactly while capacity <= SMALL; no entry before `first` is present; entry used-1 is
 * present when used > 0; where entries may have references, all that are not present are zero.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "vm/object.h"

enum { SMALL = 8, CAPACITY_MIN = 4, STEPS_EACH = 16 };
#define MAP_MAX (INT64_C(1) << 30)

/* Keys */

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

int64_t key_bytes(const Type *type, const Value *key) {
  switch (type->kind) {
    case TYPE_STRING: return ((const String *)key->p)->length;
    case TYPE_TUPLE: {
      int64_t bytes = 0;
      for (uint32_t i = 0; i < type->nargs; i++) {
        bytes += key_bytes(type->args[i], key);
        key += type->args[i]->slots;
      }
      return bytes;
    }
    case TYPE_OPT: {
      bool tagged = type_opt_form(type) == OPT_TAG;
      for (; type->kind == TYPE_OPT; type = type->args[0]) {
        if (opt_is_nil(type, key)) return 0;
      }
      return key_bytes(type, key + tagged);
    }
    default: return 0;
  }
}

/* Entries and chains */

static inline size_t entry_slots(const ObjDesc *desc) { return 1u + desc->elem_slots + desc->value_slots; }
static inline Value *entry_at(const Map *map, int64_t position, size_t stride) { return map->entries + (size_t)position * stride; }
static inline bool is_present(const Value *entry) { return (entry->u & MAP_PRESENT) != 0; }
static inline uint32_t mark_at(const Value *entry) { return (uint32_t)entry->u; }
static inline size_t index_bytes(int64_t capacity) { return capacity > SMALL ? 2 * sizeof(uint32_t) * (size_t)capacity : 0; }

uint64_t map_secret;

/* True if the multiples of a secret modulo 2**64, and the multiples of those, are spread evenly, as keys in steps need it: no fraction comes
 * close to secret / 2**64, that is, the terms of its continued fraction are small. */
static bool secret_spreads(uint64_t secret) {
  enum { TERM_MAX = 8, DENOMINATOR_BITS = 30 };
  uint64_t above = UINT64_MAX, below = secret, last = 0, denominator = 1;
  while (denominator >> DENOMINATOR_BITS == 0) {
    if (below == 0 || above / below > TERM_MAX) return false;
    uint64_t term = above / below, rest = above % below, next = term * denominator + last;
    above = below;
    below = rest;
    last = denominator;
    denominator = next;
  }
  return true;
}

static __attribute__((noinline)) void secret_make(void) {
  const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
  uint64_t state = 0, secret = UINT64_C(0x9e3779b97f4a7c15);
  if (random) memcpy(&state, random, sizeof state);
  for (int i = 0; random && i < 10000; i++) { /* one in some forty will do */
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = ((mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb)) | 1;
    if (!secret_spreads(mixed)) continue;
    secret = mixed;
    break;
  }
  map_secret = secret;
}

/* What stands for a hash in control words. */
static inline uint32_t hash_mark(uint64_t hash) { return (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32); }

/* What decides about an entry's head: the key if it is a word, otherwise its mark. */
static inline uint64_t entry_word(const ObjDesc *desc, const Value *entry) { return desc->key_form == KEY_WORD ? entry[1].u : mark_at(entry); }

static inline void link_set(Value *entry, uint32_t next) {
  entry->u = (entry->u & ~((uint64_t)MAP_LINK_MASK << MAP_LINK_SHIFT)) | (uint64_t)next << MAP_LINK_SHIFT;
}

static inline void chain_add(Map *map, uint64_t word, int64_t position, Value *entry) {
  uint32_t *head = map_head(map, word);
  link_set(entry, *head);
  *head = (uint32_t)position + 1;
}

/* How many entries with the mark of one are met before it on its chain, for forms of keys that go by marks. */
static int64_t chain_before(const Map *map, int64_t position, size_t stride) {
  const Value *entry = entry_at(map, position, stride);
  int64_t count = 0;
  for (uint32_t next = *map_head(map, mark_at(entry)); next != (uint32_t)position + 1;) {
    const Value *other = entry_at(map, (int64_t)next - 1, stride);
    count += mark_at(other) == mark_at(entry);
    next = map_link(other);
  }
  return count;
}

static void chain_remove(Map *map, uint64_t word, int64_t position, size_t stride) {
  uint32_t *head = map_head(map, word), wanted = (uint32_t)position + 1;
  uint32_t next = map_link(entry_at(map, position, stride));
  if (*head == wanted) {
    *head = next;
    return;
  }
  Value *entry = entry_at(map, (int64_t)*head - 1, stride);
  while (map_link(entry) != wanted) entry = entry_at(map, (int64_t)map_link(entry) - 1, stride);
  link_set(entry, next);
}

/* Moves the present entries to the beginning of `to` (room for them all; may be map->entries), and rebuilds the chains. */
static void entries_pack(Map *map, const ObjDesc *desc, Value *to) {
  size_t stride = entry_slots(desc);
  int64_t packed = 0;
  if (map->index) memset(map->index, 0, index_bytes(map->capacity));
  for (int64_t i = map->first; i < map->used; i++) {
    const Value *entry = entry_at(map, i, stride);
    if (!is_present(entry)) continue;
    Value *place = to + (size_t)packed * stride;
    for (size_t k = 0; k < stride && place != entry; k++) place[k] = entry[k];
    if (map->index) chain_add(map, entry_word(desc, place), packed, place);
    packed++;
  }
  if (to == map->entries) memset(to + (size_t)packed * stride, 0, (size_t)(map->used - packed) * stride * sizeof *to);
  map->used = packed;
  map->first = 0;
}

/* Makes room for one more entry. */
static __attribute__((noinline)) Trap map_grow(Guest *guest, Map *map, const ObjDesc *desc) {
  if (!map_secret) secret_make();
  size_t stride = entry_slots(desc);
  Trap unpaid = work_pay(guest, WORK_FUEL((size_t)map->used * stride * sizeof(Value)));
  if (unpaid) return unpaid;
  if (map->capacity && map->live <= map->capacity / 2) {
    entries_pack(map, desc, map->entries);
    return TRAP_NONE;
  }
  int64_t old_capacity = map->capacity, capacity = old_capacity ? 2 * old_capacity : CAPACITY_MIN;
  if (capacity > MAP_MAX) return TRAP_TOO_LARGE;
  size_t size = (size_t)capacity * stride * sizeof(Value);
  Value *entries = desc->has_refs ? heap_buffer(guest, size, true) : heap_buffer_raw(guest, size);
  if (!entries) return TRAP_OUT_OF_MEMORY;
  uint32_t *index = NULL;
  if (capacity > SMALL) {
    index = heap_buffer_raw(guest, index_bytes(capacity));
    if (!index) return TRAP_OUT_OF_MEMORY;
  }
  uint32_t *old_index = map->index;
  Value *old_entries = map->entries;
  map->index = index;
  map->index_shift = 63 - (uint32_t)__builtin_ctzll((uint64_t)capacity);
  map->capacity = capacity;
  entries_pack(map, desc, entries);
  map->entries = entries;
  heap_buffer_drop(guest, old_entries, (size_t)old_capacity * stride * sizeof(Value));
  if (old_index) heap_buffer_drop(guest, old_index, index_bytes(old_capacity));
  return TRAP_NONE;
}

/* Finding */

static inline bool form_equal(const ObjDesc *desc, enum KeyForm form, const Value *a, const Value *b) {
  if (form == KEY_STRING) return string_equal(a->p, b->p);
  return key_equal(desc->type->args[0], a, b);
}

/* An entry with a mark: the first, or the next behind `entry`, in the order in which searches look. */
static inline __attribute__((always_inline)) Value *marked_next(const Map *map, size_t stride, uint32_t mark, const Value *entry) {
  if (!map->index) {
    Value *at = entry ? map->entries + (entry - map->entries) + stride : entry_at(map, map->first, stride);
    for (Value *end = entry_at(map, map->used, stride); at < end; at += stride) {
      if (is_present(at) && mark_at(at) == mark) return at;
    }
    return NULL;
  }
  for (uint32_t next = entry ? map_link(entry) : *map_head(map, mark); next;) {
    Value *at = entry_at(map, (int64_t)next - 1, stride);
    if (mark_at(at) == mark) return at;
    next = map_link(at);
  }
  return NULL;
}

/* Goes on behind `entry`, which has the mark of a key and is another. All entries with the mark are paid for, which need not be so many as to be
 * paid for before they are counted. */
static __attribute__((noinline)) Trap find_among(Guest *guest, const Map *map, const ObjDesc *desc, Value *entry, const Value *key, int64_t units,
                                                 Value **found) {
  size_t stride = entry_slots(desc);
  uint32_t mark = mark_at(entry);
  int64_t work = 0;
  for (const Value *at = entry; at; at = marked_next(map, stride, mark, at)) work += 1 + units;
  Trap unpaid = work_pay(guest, work);
  if (unpaid) return unpaid;
  do entry = marked_next(map, stride, mark, entry); while (entry && !key_equal(desc->type->args[0], entry + 1, key));
  *found = entry;
  return TRAP_NONE;
}

/* Finds a key whose strings have been paid for, `units` for going through them once. */
static inline __attribute__((always_inline)) Trap find_marked(Guest *guest, const Map *map, const ObjDesc *desc, enum KeyForm form, uint32_t mark,
                                                              const Value *key, int64_t units, Value **found) {
  size_t stride = entry_slots(desc);
  Value *entry = NULL;
  if (map->index) {
    uint32_t next = *map_head(map, mark);
    while (next && mark_at(entry = entry_at(map, (int64_t)next - 1, stride)) != mark) next = map_link(entry);
    if (!next) entry = NULL;
  } else if (map->used) {
    entry = marked_next(map, stride, mark, NULL);
  }
  *found = entry;
  if (!entry || form_equal(desc, form, entry + 1, key)) return TRAP_NONE;
  return find_among(guest, map, desc, entry, key, units, found);
}

Trap map_search(Guest *guest, const Map *map, const Value *key, Value **entry) {
  const ObjDesc *desc = obj_desc((const Obj *)map);
  if (desc->key_form == KEY_STRING) {
    const String *string = key->p;
    int64_t units = WORK_FUEL(string->length);
    Trap unpaid = units ? work_pay(guest, 2 * units) : TRAP_NONE;
    return unpaid ? unpaid : find_marked(guest, map, desc, KEY_STRING, hash_mark(string_hash(string)), key, units, entry);
  }
  if (desc->key_form == KEY_PLAIN) {
    const Type *type = desc->type->args[0];
    int64_t units = WORK_FUEL(key_bytes(type, key));
    Trap unpaid = work_pay(guest, 2 * units);
    return unpaid ? unpaid : find_marked(guest, map, desc, KEY_PLAIN, hash_mark(plain_hash(type, key)), key, units, entry);
  }
  *entry = desc->key_form == KEY_WORD ? map_search_word(map, entry_slots(desc), key->u) : NULL;
  return TRAP_NONE;
}

Trap map_find(Guest *guest, const Map *map, const Value *key, int64_t *position) {
  Value *entry = NULL;
  Trap unpaid = map_search(guest, map, key, &entry);
  *position = entry ? (entry - map->entries) / (int64_t)entry_slots(obj_desc((const Obj *)map)) : -1;
  return unpaid;
}

int64_t map_probe(const Map *map, int64_t after, int64_t hash) {
  const ObjDesc *desc = obj_desc((const Obj *)map);
  size_t stride = entry_slots(desc);
  bool by_word = desc->key_form == KEY_WORD;
  uint64_t wanted = by_word ? (uint64_t)hash : hash_mark((uint64_t)hash);
  if (after >= map->used || after < -1) return -1;
  if (!map->index) {
    for (int64_t i = (after < 0 ? map->used : after) - 1; i >= map->first; i--) {
      const Value *entry = entry_at(map, i, stride);
      if (is_present(entry) && entry_word(desc, entry) == wanted) return i;
    }
    return -1;
  }
  uint32_t next;
  if (after < 0) {
    next = *map_head(map, wanted);
  } else {
    const Value *entry = entry_at(map, after, stride);
    if (!is_present(entry) || entry_word(desc, entry) != wanted) return -1;
    next = map_link(entry);
  }
  while (next) {
    const Value *entry = entry_at(map, (int64_t)next - 1, stride);
    if (entry_word(desc, entry) == wanted) return (int64_t)next - 1;
    next = map_link(entry);
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
  entry->u = MAP_PRESENT | (desc->key_form == KEY_WORD ? 0 : hash_mark((uint64_t)hash));
  for (size_t i = 0; i < nkey; i++) entry[1 + i] = key[i];
  for (size_t i = 0; i < nvalue; i++) entry[1 + nkey + i] = value[i];
  if (map->index) chain_add(map, entry_word(desc, entry), map->used, entry);
  map->used++;
  map->live++;
  map->version++;
  return TRAP_NONE;
}

Trap map_put(Guest *guest, Map *map, const Value *key, const Value *value) {
  const ObjDesc *desc = obj_desc((const Obj *)map);
  Value *entry;
  Trap unpaid = map_search(guest, map, key, &entry);
  if (unpaid) return unpaid;
  if (!entry) return desc->key_form == KEY_OPAQUE ? TRAP_NONE : map_add(guest, map, key, value, key_hash(desc->type->args[0], key));
  for (size_t i = 0; i < desc->value_slots; i++) entry[1u + desc->elem_slots + i] = value[i];
  return TRAP_NONE;
}

Value *map_entry(const Map *map, int64_t position) {
  if ((uint64_t)position >= (uint64_t)map->used) return NULL;
  Value *entry = entry_at(map, position, entry_slots(obj_desc((const Obj *)map)));
  return is_present(entry) ? entry + 1 : NULL;
}

Trap map_delete(Guest *guest, Map *map, int64_t position) {
  if (!map_entry(map, position)) return guest_trap_index(guest, position, map->used);
  const ObjDesc *desc = obj_desc((const Obj *)map);
  size_t stride = entry_slots(desc);
  Value *entry = entry_at(map, position, stride);
  /* Where the present entries begin and end afterwards. */
  int64_t used = map->used, first = map->first;
  if (position == used - 1) do used--; while (used > first && !is_present(entry_at(map, used - 1, stride)));
  if (position == first && used > first) do first++; while (!is_present(entry_at(map, first, stride)));
  int64_t passed = map->used - used + first - map->first;
  int64_t before = map->index && desc->key_form != KEY_WORD ? chain_before(map, position, stride) : 0;
  Trap unpaid = work_pay(guest, before + WORK_FUEL(passed > 1 ? (size_t)(passed - 1) * stride * sizeof *entry : 0));
  if (unpaid) return unpaid;
  if (map->index) chain_remove(map, entry_word(desc, entry), position, stride);
  memset(entry, 0, stride * sizeof *entry);
  map->live--;
  map->version++;
  map->used = map->live ? used : 0;
  map->first = map->live ? first : 0;
  return TRAP_NONE;
}

int64_t map_next(const Map *map, int64_t after) {
  size_t stride = entry_slots(obj_desc((const Obj *)map));
  if (after >= map->used) return -1;
  int64_t i = after < map->first ? map->first : after + 1;
  for (; i < map->used; i++) {
    if (is_present(entry_at(map, i, stride))) return i;
  }
  return -1;
}

Trap map_advance(Guest *guest, const Map *map, int64_t after, int64_t *next) {
  size_t stride = entry_slots(obj_desc((const Obj *)map)), bytes = stride * sizeof(Value);
  *next = -1;
  if (after >= map->used) return TRAP_NONE;
  int64_t start = after < map->first ? map->first : after + 1, last = map->used - 1, i = start;
  if (start > last) return TRAP_NONE;
  if (!is_present(entry_at(map, i, stride))) {
    /* No further than can be paid for. The last entry is present. */
    int64_t most = work_most_bytes(guest) / (int64_t)bytes, end = most < last - start ? start + most : last;
    while (i < end && !is_present(entry_at(map, i, stride))) i++;
    bool found = is_present(entry_at(map, i, stride));
    Trap unpaid = work_pay(guest, WORK_FUEL((size_t)((found ? i : last) - start) * bytes));
    if (unpaid) return unpaid;
  }
  *next = i;
  return TRAP_NONE;
}

void map_clear(Map *map) {
  if (map->live == 0) return;
  map->live = map->used = map->capacity = map->first = 0;
  map->index = NULL;
  map->entries = NULL;
  map->version++;
}

/* Restoring */

size_t map_entry_bytes(const ObjDesc *desc) { return entry_slots(desc) * sizeof(Value); }

size_t map_index_bytes(int64_t capacity) { return index_bytes(capacity); }

Map *map_restore(Guest *guest, const ObjDesc *desc, uint64_t used, uint64_t capacity, uint64_t version) {
  bool is_size = capacity == 0 || (capacity >= CAPACITY_MIN && capacity <= MAP_MAX && (capacity & (capacity - 1)) == 0);
  Map *map = is_size && used <= capacity && version <= INT64_MAX / 2 ? map_new(guest, desc) : NULL;
  if (!map) return NULL;
  if (!map_secret) secret_make();
  map->used = (int64_t)used;
  map->first = (int64_t)used;
  map->capacity = (int64_t)capacity;
  map->version = (int64_t)version;
  if (capacity == 0) return map;
  /* Entries that are not restored must read as removed ones, with references or without. */
  map->entries = heap_buffer(guest, capacity * entry_slots(desc) * sizeof(Value), desc->has_refs);
  if (!map->entries) return NULL;
  map->index_shift = 63 - (uint32_t)__builtin_ctzll(capacity);
  if (capacity <= SMALL) return map;
  map->index = heap_buffer(guest, index_bytes((int64_t)capacity), false);
  return map->index ? map : NULL;
}

/* Whether a plain key that is being restored is there already, before its position. Takes from *steps what it does. */
static bool restored_before(const Map *map, const ObjDesc *desc, uint64_t word, const Value *entry, int64_t position, int64_t *steps) {
  size_t stride = entry_slots(desc);
  if (!map->index) {
    for (int64_t i = map->first; i < position; i++) {
      const Value *other = entry_at(map, i, stride);
      if (is_present(other) && key_equal(desc->type->args[0], other + 1, entry + 1)) return true;
    }
    return false;
  }
  for (uint32_t next = *map_head(map, word); next && *steps >= 0; --*steps) {
    const Value *other = entry_at(map, (int64_t)next - 1, stride);
    if (entry_word(desc, other) == word && key_equal(desc->type->args[0], other + 1, entry + 1)) return true;
    next = map_link(other);
  }
  return false;
}

/* An order of plain keys; 0 for those that are equal. */
static int key_order(const Type *type, const Value *a, const Value *b) {
  switch (type->kind) {
    case TYPE_FLOAT: return float_order(a->f, b->f);
    case TYPE_STRING: return string_compare(a->p, b->p);
    case TYPE_TUPLE:
      for (uint32_t i = 0; i < type->nargs; i++) {
        int order = key_order(type->args[i], a, b);
        if (order) return order;
        a += type->args[i]->slots;
        b += type->args[i]->slots;
      }
      return 0;
    case TYPE_OPT: {
      bool tagged = type_opt_form(type) == OPT_TAG;
      for (; type->kind == TYPE_OPT; type = type->args[0]) {
        bool a_nil = opt_is_nil(type, a), b_nil = opt_is_nil(type, b);
        if (a_nil || b_nil) return b_nil - a_nil;
      }
      return key_order(type, a + tagged, b + tagged);
    }
    default: return (a->u > b->u) - (a->u < b->u);
  }
}

static int entry_order(const void *a, const void *b, void *key_type) {
  return key_order(key_type, *(Value *const *)a + 1, *(Value *const *)b + 1);
}

/* Whether no plain key is there twice, in a time that does not depend on marks; false also when memory is out. */
static bool keys_differ(const Map *map, const ObjDesc *desc) {
  Value **entries = malloc((size_t)map->live * sizeof *entries);
  size_t count = 0;
  bool differ = entries != NULL;
  for (int64_t i = map_next(map, -1); differ && i >= 0; i = map_next(map, i)) entries[count++] = entry_at(map, i, entry_slots(desc));
  if (differ) qsort_r(entries, count, sizeof *entries, entry_order, (void *)(uintptr_t)desc->type->args[0]);
  for (size_t i = 1; i < count && differ; i++) differ = key_order(desc->type->args[0], entries[i - 1] + 1, entries[i] + 1) != 0;
  free(entries);
  return differ;
}

bool map_restore_entry(Map *map, int64_t position, uint32_t mark, const Value *entry) {
  const ObjDesc *desc = obj_desc((const Obj *)map);
  size_t stride = entry_slots(desc);
  if (position < 0 || position >= map->used) return false;
  Value *place = entry_at(map, position, stride);
  place->u = MAP_PRESENT | (desc->key_form == KEY_OPAQUE ? mark : 0);
  memcpy(place + 1, entry, (stride - 1) * sizeof *entry);
  if (map->live++ == 0) map->first = position;
  return true;
}

bool map_restore_index(Map *map) {
  const ObjDesc *desc = obj_desc((const Obj *)map);
  size_t stride = entry_slots(desc);
  bool is_marked = desc->key_form == KEY_STRING || desc->key_form == KEY_PLAIN;
  int64_t steps = STEPS_EACH * (map->live + 64); /* keys can be chosen that share their mark */
  for (int64_t i = map_next(map, -1); i >= 0; i = map_next(map, i)) {
    Value *entry = entry_at(map, i, stride);
    if (is_marked) entry->u |= hash_mark(plain_hash(desc->type->args[0], entry + 1));
    uint64_t word = entry_word(desc, entry);
    if (desc->key_form != KEY_OPAQUE && restored_before(map, desc, word, entry, i, &steps)) return false;
    if (map->index) chain_add(map, word, i, entry);
  }
  return steps >= 0 || keys_differ(map, desc);
}
