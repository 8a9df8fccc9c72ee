/* object.h - what heap objects look like, and the operations on them that executors and natives share.
 *
 * Element widths in lists: bool 1 byte, char 4, everything else 8 bytes a slot.
 *
 * A function here that takes a Guest may allocate, may charge guest->fuel for work in proportion to sizes (16 bytes a unit: WORK_FUEL), and
 * sets what the message of its trap needs: an executor that keeps fuel in a register stores it before and reloads it after.
 */
#ifndef FIRN_VM_OBJECT_H
#define FIRN_VM_OBJECT_H

#include "vm/guest.h"
#include "vm/heap.h"
#include "vm/type.h"

typedef enum ObjKind { OBJ_STRING, OBJ_BYTES, OBJ_LIST, OBJ_MAP, OBJ_INSTANCE, OBJ_ENUM, OBJ_CLOSURE, OBJ_CELL, OBJ_BOX, OBJ_TASK } ObjKind;

typedef struct ObjDesc {
  ObjKind kind;
  uint32_t number;
  const Type *type;        /* the concrete type (CLOSURE: the function type; BOX: the type inside) */
  struct Program *program; /* NULL for string, bytes and tasks, which all programs share */
  struct Code *code;       /* CLOSURE: the function, whose last parameters are the captures */
  uint16_t nslots;         /* slots after the header in an INSTANCE, CELL, BOX; CLOSURE: captured slots (code not counted); ENUM: 1 + the widest case's */
  uint16_t elem_slots, value_slots; /* LIST: slots of an element; MAP: of a key, of a value */
  uint8_t elem_size;       /* LIST: bytes of an element when elem_slots == 1: 1, 4 or 8 */
  bool has_refs;           /* any slot or element may be a reference */
  const uint16_t *field_slots; /* INSTANCE: slot of each field. ENUM: for case k, field_slots[case_first[k] + j] */
  const Type *const *field_types; /* concrete, in the same order */
  const uint16_t *case_first;
  const uint16_t *case_slots;  /* ENUM: slots of each case's payload */
  const uint8_t *slot_classes; /* nslots of SlotClass; ENUM: [0] is the tag, a slot is SLOT_REF if it is in any case */
  Obj **empty_cases;       /* ENUM: preallocated value of each case without payload (static objects), else NULL */
  uint8_t heap_kind;       /* heap.c's: how to allocate and trace */
  uint8_t key_form;        /* MAP: map.c's way of comparing keys */
  uint64_t ref_mask;       /* slot_classes[0..63] that are SLOT_REF, as bits */
  struct ObjDesc *next;    /* object.c's table of descriptors by type and code */
} ObjDesc;

typedef struct String { uint64_t header; uint32_t length; uint32_t hash; /* 0: not computed */ char bytes[]; /* NUL behind, not counted */ } String;
typedef struct Bytes { uint64_t header; int64_t length, capacity; uint8_t *data; } Bytes;
typedef struct List { uint64_t header; int64_t length, capacity; void *data; } List;
typedef struct Instance { uint64_t header; Value slots[]; } Instance;      /* INSTANCE, CELL, BOX */
typedef struct EnumObj { uint64_t header; int64_t tag; Value slots[]; } EnumObj;
typedef struct Closure { uint64_t header; struct Code *code; Value slots[]; } Closure;
typedef struct Map {
  uint64_t header;
  int64_t live, used, capacity; /* keys; entries including removed; room */
  int64_t version;
  uint32_t index_shift;         /* 64 less the index's size in bits: 2**(64 - index_shift) == 2 * capacity */
  uint32_t *index;              /* heads of chains: 0 or position + 1; NULL while small */
  Value *entries;               /* each: control word, key slots, value slots */
  int64_t first;                /* no entry is present before this position */
} Map;

#define STRING_MAX INT32_MAX      /* bytes of a string */
#define LIST_MAX (INT64_C(1) << 40)

/* Descriptors. desc_for makes it on demand for a concrete heap type of the program; NULL when memory is out. */
ObjDesc *desc_for(struct Program *program, const Type *type);
ObjDesc *desc_box(struct Program *program, const Type *type);      /* for scalars, tuples, optionals, ... held as a trait */
ObjDesc *desc_closure(struct Program *program, const Type *fn_type, struct Code *code, uint32_t ncapture_slots);
extern ObjDesc desc_string, desc_bytes, desc_task;
ObjDesc *desc_list_of(struct Program *program, TypeKind elem);     /* lists of a simple type, for natives */
void descs_free(struct Program *program);                          /* frees all the above that the program owns; before its types go */

#define WORK_FUEL(bytes) ((int64_t)((uint64_t)(bytes) >> 4))        /* fuel for handling that many bytes */

/* Paying for work, before it is done. An operation pays before anything of it shows (objects made, `allocated`, contents): when the balance is too
 * small it answers TRAP_RETRY, is given back what it has paid so far, and begins again when there is enough. work_owe never refuses: for what comes
 * from outside and cannot come twice. */
static inline Trap work_pay(Guest *guest, int64_t units) {
  if (__builtin_expect(units - WORK_AHEAD > guest->fuel, 0)) {
    guest->wanted = units;
    return TRAP_RETRY;
  }
  guest->fuel -= units;
  return TRAP_NONE;
}
static inline Trap work_owe(Guest *guest, int64_t units) {
  guest->fuel -= units;
  return TRAP_NONE;
}
/* The most that work_pay would take now: for work whose amount shows only as it is done, which then goes no further, and is refused. */
static inline int64_t work_most(const Guest *guest) {
  if (guest->fuel < -WORK_AHEAD) return 0;
  return guest->fuel > INT64_MAX - WORK_AHEAD ? INT64_MAX : guest->fuel + WORK_AHEAD;
}
static inline int64_t work_most_bytes(const Guest *guest) { return work_most(guest) >= INT64_MAX / 16 ? INT64_MAX : work_most(guest) * 16 + 15; }
/* Undoes what a refused operation paid: the balance was `before`. */
static inline void work_undo(Guest *guest, int64_t before) {
  if (guest->wanted) guest->wanted += before - guest->fuel;
  guest->fuel = before;
}

/* Strings. Lengths in bytes; results new unless said; NULL when memory is out. */
String *string_new(Guest *guest, const char *bytes, size_t length);
String *string_alloc(Guest *guest, size_t length);                 /* to be filled at once */
String *string_static(const char *bytes, size_t length, uint32_t index); /* malloc'd, outside the heap: a program's constant; the caller frees */
String *string_tiny(uint32_t which);                               /* static: 0 the empty string, 1 + c the ASCII character c */
#define STRING_TINIES 129
#define STRING_TINY_FIRST (UINT32_C(1) << 29)                      /* static strings: index of the first tiny one; lower ones are constants */
Trap string_concat(Guest *guest, const Value *parts, uint32_t count, Value *result);
Trap string_slice(Guest *guest, const String *s, int64_t from, int64_t to, Value *result);
Trap string_char(Guest *guest, const String *s, int64_t at, Value *result);
uint32_t string_hash(const String *s);                             /* never 0 */
bool string_equal(const String *a, const String *b);
int string_compare(const String *a, const String *b);

Bytes *bytes_new(Guest *guest, int64_t length);                    /* charges nothing */
Trap bytes_reserve(Guest *guest, Bytes *b, int64_t extra);         /* room for so many more */
Trap bytes_reserve_owing(Guest *guest, Bytes *b, int64_t extra);
Trap bytes_push(Guest *guest, Bytes *b, int64_t byte);

/* Lists: elements are passed as slots (desc->elem_slots of them). */
List *list_new(Guest *guest, const ObjDesc *desc, int64_t capacity);
Trap list_get(Guest *guest, const List *list, int64_t index, Value *out);
Trap list_set(Guest *guest, List *list, int64_t index, const Value *element);
Trap list_push(Guest *guest, List *list, const Value *element);
Trap list_push_owing(Guest *guest, List *list, const Value *element); /* for natives that may have done something before */
bool list_pop(List *list, Value *out);                             /* false when empty */
Trap list_insert(Guest *guest, List *list, int64_t index, const Value *element);
Trap list_remove(Guest *guest, List *list, int64_t index, Value *out);
Trap list_slice(Guest *guest, const List *list, int64_t from, int64_t to, List **out);
Trap list_append(Guest *guest, List *list, const List *tail);
Trap list_make(Guest *guest, const ObjDesc *desc, int64_t count, const Value *element, List **out);
Trap list_clear(Guest *guest, List *list);

/* Maps; see op.def. Keys and values are passed as slots. */
Map *map_new(Guest *guest, const ObjDesc *desc);
uint8_t map_key_form(const Type *key);                             /* for ObjDesc.key_form */
int64_t key_hash(const Type *type, const Value *key);              /* plain keys; 0 otherwise */
bool key_equal(const Type *type, const Value *a, const Value *b);  /* plain keys */
int64_t key_bytes(const Type *type, const Value *key);             /* of the strings in a plain key */
Trap map_find(Guest *guest, const Map *map, const Value *key, int64_t *position); /* -1 if absent or not plain */
Trap map_search(Guest *guest, const Map *map, const Value *key, Value **entry);   /* the same, giving the entry's control word, or NULL */
int64_t map_probe(const Map *map, int64_t after, int64_t hash);    /* latest first; `after` must be on the chain */
Trap map_add(Guest *guest, Map *map, const Value *key, const Value *value, int64_t hash);
Trap map_put(Guest *guest, Map *map, const Value *key, const Value *value); /* replaces or adds; nothing if the key is not plain */
Value *map_entry(const Map *map, int64_t position);                /* key slots, then value slots; NULL if none is there */
Trap map_delete(Guest *guest, Map *map, int64_t position);
int64_t map_next(const Map *map, int64_t after);
Trap map_advance(Guest *guest, const Map *map, int64_t after, int64_t *next); /* map_next, paid for */
void map_clear(Map *map);

/* What images keep of maps. map_restore makes a map of that shape without entries, NULL when no map can have it or memory is out;
 * map_restore_entry puts in entries, by rising position, with the mark it had (used only if keys are not plain), false if the
 * position is none; map_restore_index, once all keys are complete, makes them found, false if a plain key is there twice or memory is out. */
size_t map_entry_bytes(const ObjDesc *desc);                       /* of the buffer of entries, for each of room */
size_t map_index_bytes(int64_t capacity);                          /* of the index of a map with so much room: 0 while that is small */
Map *map_restore(Guest *guest, const ObjDesc *desc, uint64_t used, uint64_t capacity, uint64_t version);
bool map_restore_entry(Map *map, int64_t position, uint32_t mark, const Value *entry);
bool map_restore_index(Map *map);

/* Inside maps, for the interpreter. A control word is zero if its entry is removed, otherwise MAP_PRESENT, the next entry of the chain (0 or
 * position + 1), and in the lowest 32 bits the mark, which stands for the hash (0 if the key form is KEY_WORD: the key itself does). */
enum KeyForm { KEY_OPAQUE, KEY_WORD, KEY_STRING, KEY_PLAIN }; /* of ObjDesc.key_form; KEY_WORD: int, bool, char */
#define MAP_PRESENT (UINT64_C(1) << 63)
enum { MAP_LINK_SHIFT = 32, MAP_LINK_MASK = 0x7fffffff, MAP_NEAR_BITS = 4 };

extern uint64_t map_secret; /* of the process; decides about heads, and shows nowhere. Made before the first map gets an index */

static inline uint32_t map_link(const Value *entry) { return (uint32_t)(entry->u >> MAP_LINK_SHIFT) & MAP_LINK_MASK; }

/* The head for a word key or a mark: those that differ in the lowest bits only are near each other. */
static inline uint32_t *map_head(const Map *map, uint64_t word) {
  return &map->index[((word >> MAP_NEAR_BITS) * map_secret >> map->index_shift) ^ (word & ((1 << MAP_NEAR_BITS) - 1))];
}

/* The entry of a word key; NULL if there is none. `stride` is the slots of an entry. */
static inline Value *map_search_word(const Map *map, size_t stride, uint64_t key) {
  if (map->index) {
    for (uint32_t next = *map_head(map, key); next;) {
      Value *entry = map->entries + (size_t)(next - 1) * stride;
      if (entry[1].u == key) return entry;
      next = map_link(entry);
    }
    return NULL;
  }
  for (size_t at = (size_t)map->first * stride, end = (size_t)map->used * stride; at < end; at += stride) {
    Value *entry = map->entries + at;
    if (entry[1].u == key && (entry->u & MAP_PRESENT)) return entry;
  }
  return NULL;
}

/* Optionals in slots (layouts of type.h). `opt` is the optional's type. */
bool opt_is_nil(const Type *opt, const Value *slots);
void opt_set_nil(const Type *opt, Value *slots);
void opt_wrap(const Type *opt, Value *slots);    /* in place: payload's slots become the optional's (room for opt->slots) */
void opt_unwrap(const Type *opt, Value *slots);  /* in place; not nil */

/* Floats (spec.md, "float"). */
static inline double float_canonical(double x) {
  if (__builtin_expect(x != x, 0)) {
    Value nan = {.u = CANONICAL_NAN};
    __asm__ volatile(""); /* a branch, not a conditional move: the latter takes longer than the operation */
    return nan.f;
  }
  return x;
}
int float_order(double a, double b); /* total order: nan last and equal to itself, -0.0 equal to 0.0 */

#endif
