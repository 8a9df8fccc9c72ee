/* list.c - growable lists of unboxed elements.
 *
 * Interface: object.h. An element is elem_slots slots in a Value array; in the list's buffer it takes element_size bytes. A list of
 * elements without slots (of void) has no buffer and room for LIST_MAX.
 *
 * Invariants: 0 <= length <= capacity <= LIST_MAX. In a buffer that may hold references, everything from length on is zero.
 */
#include <string.h>

#include "vm/object.h"

static inline size_t element_size(const ObjDesc *desc) {
  return desc->elem_slots == 1 ? desc->elem_size : sizeof(Value) * desc->elem_slots;
}

/* Lists of nothing have no data to point into. */
static inline char *element_at(const List *list, int64_t index, size_t size) { return (char *)((uintptr_t)list->data + (size_t)index * size); }

static inline void element_load(const ObjDesc *desc, const char *at, Value *out) {
  if (desc->elem_slots > 1) memcpy(out, at, sizeof *out * desc->elem_slots);
  else if (desc->elem_slots == 0) return;
  else if (desc->elem_size == 8) *out = *(const Value *)at;
  else if (desc->elem_size == 4) out->i = *(const uint32_t *)at;
  else out->i = *(const uint8_t *)at;
}

static inline void element_store(const ObjDesc *desc, char *at, const Value *element) {
  if (desc->elem_slots > 1) memcpy(at, element, sizeof *element * desc->elem_slots);
  else if (desc->elem_slots == 0) return;
  else if (desc->elem_size == 8) *(Value *)at = *element;
  else if (desc->elem_size == 4) *(uint32_t *)at = (uint32_t)element->u;
  else *(uint8_t *)at = (uint8_t)element->u;
}

/* How an operation pays: work_pay or work_owe. */
typedef Trap (*Payment)(Guest *guest, int64_t units);

/* Gives the list room for exactly `capacity` elements, at least its length. */
static Trap list_resize(Guest *guest, List *list, const ObjDesc *desc, int64_t capacity, Payment pay) {
  size_t size = element_size(desc);
  Trap unpaid = pay(guest, WORK_FUEL((size_t)list->length * size));
  if (unpaid) return unpaid;
  size_t bytes = (size_t)capacity * size;
  void *data = desc->has_refs ? heap_buffer(guest, bytes, true) : heap_buffer_raw(guest, bytes);
  if (!data) return TRAP_OUT_OF_MEMORY;
  if (list->length) memcpy(data, list->data, (size_t)list->length * size);
  heap_buffer_drop(guest, list->data, (size_t)list->capacity * size);
  list->data = data;
  list->capacity = capacity;
  return TRAP_NONE;
}

/* Makes room for `extra` more. */
static Trap list_reserve(Guest *guest, List *list, const ObjDesc *desc, int64_t extra, Payment pay) {
  if (extra <= list->capacity - list->length) return TRAP_NONE;
  if (extra > LIST_MAX - list->length) return TRAP_TOO_LARGE;
  int64_t least = (int64_t)((32 + element_size(desc) - 1) / element_size(desc));
  int64_t capacity = list->capacity > LIST_MAX / 2 ? LIST_MAX : 2 * list->capacity;
  if (capacity < least) capacity = least;
  if (capacity < list->length + extra) capacity = list->length + extra;
  return list_resize(guest, list, desc, capacity, pay);
}

List *list_new(Guest *guest, const ObjDesc *desc, int64_t capacity) {
  List *list = heap_object(guest, desc, sizeof *list);
  if (!list) return NULL;
  if (desc->elem_slots == 0) list->capacity = LIST_MAX;
  else if (capacity > LIST_MAX || (capacity > 0 && list_resize(guest, list, desc, capacity, work_owe))) return NULL;
  return list;
}

Trap list_get(Guest *guest, const List *list, int64_t index, Value *out) {
  if ((uint64_t)index >= (uint64_t)list->length) return guest_trap_index(guest, index, list->length);
  const ObjDesc *desc = obj_desc((const Obj *)list);
  element_load(desc, element_at(list, index, element_size(desc)), out);
  return TRAP_NONE;
}

Trap list_set(Guest *guest, List *list, int64_t index, const Value *element) {
  if ((uint64_t)index >= (uint64_t)list->length) return guest_trap_index(guest, index, list->length);
  const ObjDesc *desc = obj_desc((const Obj *)list);
  element_store(desc, element_at(list, index, element_size(desc)), element);
  return TRAP_NONE;
}

/* Grows by one; `element` may lie where the collector does not look any more. */
static __attribute__((noinline)) Trap list_grow(Guest *guest, List *list, const ObjDesc *desc, const Value *element, Payment pay) {
  Value kept[TYPE_SLOTS_MAX];
  memcpy(kept, element, sizeof *element * desc->elem_slots);
  Trap trap = list_reserve(guest, list, desc, 1, pay);
  __asm__ volatile("" : : "r"(kept) : "memory"); /* the copy must stand on the C stack, a root, while memory is allocated */
  return trap;
}

static inline Trap push(Guest *guest, List *list, const Value *element, Payment pay) {
  const ObjDesc *desc = obj_desc((const Obj *)list);
  if (list->length == list->capacity) {
    Trap trap = list_grow(guest, list, desc, element, pay);
    if (trap) return trap;
  }
  element_store(desc, element_at(list, list->length++, element_size(desc)), element);
  return TRAP_NONE;
}

Trap list_push(Guest *guest, List *list, const Value *element) { return push(guest, list, element, work_pay); }

Trap list_push_owing(Guest *guest, List *list, const Value *element) { return push(guest, list, element, work_owe); }

bool list_pop(List *list, Value *out) {
  if (list->length == 0) return false;
  const ObjDesc *desc = obj_desc((const Obj *)list);
  char *at = element_at(list, --list->length, element_size(desc));
  element_load(desc, at, out);
  if (desc->has_refs) memset(at, 0, element_size(desc));
  return true;
}

Trap list_insert(Guest *guest, List *list, int64_t index, const Value *element) {
  if ((uint64_t)index > (uint64_t)list->length) return guest_trap_index(guest, index, list->length);
  const ObjDesc *desc = obj_desc((const Obj *)list);
  size_t size = element_size(desc), moved = (size_t)(list->length - index) * size;
  Trap trap = work_pay(guest, WORK_FUEL(moved));
  if (!trap && list->length == list->capacity) trap = list_grow(guest, list, desc, element, work_pay);
  if (trap) return trap;
  char *at = element_at(list, index, size);
  if (moved) memmove(at + size, at, moved);
  element_store(desc, at, element);
  list->length++;
  return TRAP_NONE;
}

Trap list_remove(Guest *guest, List *list, int64_t index, Value *out) {
  if ((uint64_t)index >= (uint64_t)list->length) return guest_trap_index(guest, index, list->length);
  const ObjDesc *desc = obj_desc((const Obj *)list);
  size_t size = element_size(desc), moved = (size_t)(list->length - 1 - index) * size;
  Trap unpaid = work_pay(guest, WORK_FUEL(moved));
  if (unpaid) return unpaid;
  char *at = element_at(list, index, size);
  element_load(desc, at, out);
  if (moved) memmove(at, at + size, moved);
  list->length--;
  if (desc->has_refs) memset(element_at(list, list->length, size), 0, size);
  return TRAP_NONE;
}

Trap list_slice(Guest *guest, const List *list, int64_t from, int64_t to, List **out) {
  if (from < 0 || to < from || to > list->length) {
    guest->trap_args[0] = from;
    guest->trap_args[1] = to;
    guest->trap_args[2] = list->length;
    return TRAP_SLICE;
  }
  const ObjDesc *desc = obj_desc((const Obj *)list);
  size_t size = element_size(desc);
  Trap unpaid = work_pay(guest, WORK_FUEL((size_t)(to - from) * size));
  if (unpaid) return unpaid;
  List *part = list_new(guest, desc, to - from);
  if (!part) return TRAP_OUT_OF_MEMORY;
  if (to > from && size) memcpy(part->data, element_at(list, from, size), (size_t)(to - from) * size);
  part->length = to - from;
  *out = part;
  return TRAP_NONE;
}

Trap list_append(Guest *guest, List *list, const List *tail) {
  int64_t count = tail->length; /* tail may be list itself */
  const ObjDesc *desc = obj_desc((const Obj *)list);
  if (count == 0) return TRAP_NONE;
  if (count > LIST_MAX - list->length) return TRAP_TOO_LARGE;
  size_t size = element_size(desc);
  Trap trap = work_pay(guest, WORK_FUEL((size_t)count * size));
  if (!trap) trap = list_reserve(guest, list, desc, count, work_pay);
  if (trap) return trap;
  if (size) memcpy(element_at(list, list->length, size), tail->data, (size_t)count * size);
  list->length += count;
  return TRAP_NONE;
}

/* Fills count elements from `at` on, each of which is the first one. */
static void elements_repeat(char *at, size_t size, int64_t count) {
  size_t total = (size_t)count * size;
  for (size_t done = size; done < total; done *= 2) memcpy(at + done, at, done < total - done ? done : total - done);
}

Trap list_make(Guest *guest, const ObjDesc *desc, int64_t count, const Value *element, List **out) {
  static const char negative[] = "negative length";
  if (count < 0) return guest_trap_text(guest, TRAP_BAD_ARGUMENT, negative, sizeof negative - 1);
  if (count > LIST_MAX) return TRAP_TOO_LARGE;
  size_t size = element_size(desc);
  Trap unpaid = work_pay(guest, WORK_FUEL((size_t)count * size));
  if (unpaid) return unpaid;
  Value kept[TYPE_SLOTS_MAX];
  memcpy(kept, element, sizeof *element * desc->elem_slots);
  List *list = list_new(guest, desc, count);
  if (!list) return TRAP_OUT_OF_MEMORY;
  __asm__ volatile("" : : "r"(kept) : "memory"); /* as in list_grow */
  if (count && size) {
    element_store(desc, list->data, kept);
    elements_repeat(list->data, size, count);
  }
  list->length = count;
  *out = list;
  return TRAP_NONE;
}

Trap list_clear(Guest *guest, List *list) {
  const ObjDesc *desc = obj_desc((const Obj *)list);
  size_t cleared = desc->has_refs ? (size_t)list->length * element_size(desc) : 0;
  Trap unpaid = work_pay(guest, WORK_FUEL(cleared));
  if (unpaid) return unpaid;
  if (cleared) memset(list->data, 0, cleared);
  list->length = 0;
  return TRAP_NONE;
}
