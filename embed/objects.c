/* objects.c - objects of the host: its types, and which of its objects a guest was given. Interface: include/firn.h, embed.h.
 *
 * In a guest such an object is an instance of a sealed class with one hidden int: the id that the host gave it. What the id stands for is written in the guest's
 * table only, which the guest cannot reach: id and type lead to the host's pointer there, and the pointer back to the id. So an instance that was forged, that comes from
 * an image, or whose object was dropped is found out when it is given to the host. The table is no part of the guest's state: a clone and what is thawed have an empty one.
 *
 * `items` has no gaps; `by_id` and `by_object` are hash tables of places in it, + 1, of the same size, at most half full.
 */
#include <stdlib.h>

#include "embed/embed.h"
#include "vm/quota.h"

enum { OBJECT_BYTES = 64, FIRST_SIZE = 16 }; /* logical bytes of an entry */

/* Types */

uint32_t host_type_find(void *ctx, const char *name, size_t length) {
  const Firn *firn = ctx;
  for (uint32_t i = 0; i < firn->ntypes; i++) {
    if (strlen(firn->host_types[i].name) == length && memcmp(firn->host_types[i].name, name, length) == 0) return i;
  }
  return HOST_TYPE_NONE;
}

static FirnError *type_define(Firn *firn, const char *name, FirnRelease release, void *userdata) {
  const char *dot = strchr(name, '.');
  size_t length = strlen(name);
  if (!dot || length > HOST_TYPE_NAME_MAX || !host_name_is(name, (size_t)(dot - name)) || !host_name_is(dot + 1, strlen(dot + 1))) {
    return error_make(FIRN_E_ARGUMENT, "'%s' is not of the form module.Name", name);
  }
  if (host_type_find(firn, name, length) != HOST_TYPE_NONE) return error_make(FIRN_E_ARGUMENT, "there is a type %s already", name);
  HostType *grown = realloc(firn->host_types, (firn->ntypes + 1) * sizeof *grown);
  if (!grown) return error_memory();
  firn->host_types = grown;
  char *copy = strdup(name);
  if (!copy) return error_memory();
  grown[firn->ntypes++] = (HostType){copy, release, userdata};
  return NULL;
}

FirnError *firn_type(Firn *firn, const char *name, FirnRelease release, void *userdata) {
  if (!firn || !name) return error_make(FIRN_E_ARGUMENT, "firn_type: an argument is NULL");
  api_enter();
  FirnError *error = type_define(firn, name, release, userdata);
  api_leave();
  return error;
}

/* The table */

/* Pointers and ids may be chosen by who means harm: the table's address is what they do not know. */
static uint32_t hash_place(const Objects *objects, uint32_t type, uint64_t word) {
  uint64_t x = (word ^ (uint64_t)(uintptr_t)objects) + type * UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
  x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
  return (uint32_t)(x ^ (x >> 32)) & (objects->size - 1);
}

static uint32_t place_of(const Objects *objects, const HostObject *item, bool by_id) {
  return hash_place(objects, item->type, by_id ? (uint64_t)item->id : (uint64_t)(uintptr_t)item->object);
}

/* Where it is in a table, or a free place behind. */
static uint32_t *slot_find(const Objects *objects, const HostObject *wanted, bool by_id) {
  uint32_t *table = by_id ? objects->by_id : objects->by_object, at = place_of(objects, wanted, by_id);
  for (; table[at]; at = (at + 1) & (objects->size - 1)) {
    const HostObject *item = &objects->items[table[at] - 1];
    if (item->type == wanted->type && (by_id ? item->id == wanted->id : item->object == wanted->object)) break;
  }
  return &table[at];
}

static HostObject *item_find(const Objects *objects, HostObject wanted, bool by_id) {
  uint32_t number = objects->size ? *slot_find(objects, &wanted, by_id) : 0;
  return number ? &objects->items[number - 1] : NULL;
}

const HostObject *object_by_id(const FirnGuest *g, uint32_t type, int64_t id) { return item_find(&g->objects, (HostObject){type, id, NULL}, true); }
const HostObject *object_by_pointer(const FirnGuest *g, uint32_t type, void *object) { return item_find(&g->objects, (HostObject){type, 0, object}, false); }

static bool table_grow(Objects *objects) {
  if (objects->size >= UINT32_MAX / 4) return false;
  uint32_t size = objects->size ? 2 * objects->size : FIRST_SIZE;
  HostObject *items = realloc(objects->items, size / 2 * sizeof *items);
  if (!items) return false;
  objects->items = items;
  uint32_t *by_id = calloc(size, sizeof *by_id), *by_object = calloc(size, sizeof *by_object);
  if (!by_id || !by_object) {
    free(by_id);
    free(by_object);
    return false;
  }
  free(objects->by_id);
  free(objects->by_object);
  objects->by_id = by_id;
  objects->by_object = by_object;
  objects->size = size;
  for (uint32_t i = 0; i < objects->count; i++) {
    *slot_find(objects, &items[i], true) = i + 1;
    *slot_find(objects, &items[i], false) = i + 1;
  }
  return true;
}

/* Frees a place and moves up what would not be found any more. */
static void slot_remove(const Objects *objects, uint32_t *slot, bool by_id) {
  uint32_t *table = by_id ? objects->by_id : objects->by_object, mask = objects->size - 1, hole = (uint32_t)(slot - table);
  for (uint32_t at = (hole + 1) & mask; table[at]; at = (at + 1) & mask) {
    uint32_t home = place_of(objects, &objects->items[table[at] - 1], by_id);
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    table[hole] = table[at];
    hole = at;
  }
  table[hole] = 0;
}

/* The last one takes its place. */
static void item_remove(Objects *objects, HostObject *item) {
  uint32_t number = (uint32_t)(item - objects->items) + 1;
  slot_remove(objects, slot_find(objects, item, true), true);
  slot_remove(objects, slot_find(objects, item, false), false);
  const HostObject *last = &objects->items[objects->count - 1];
  if (item != last) {
    *slot_find(objects, last, true) = number;
    *slot_find(objects, last, false) = number;
    *item = *last;
  }
  objects->count--;
}

/* Giving and taking */

/* NULL if the guest's table can be changed now. */
static FirnError *objects_busy(const FirnGuest *g) {
  if (g->is_ending) return error_make(FIRN_E_STATE, "the guest is being freed");
  return g->in_slice && !g->in_native ? guest_busy(g) : NULL;
}

static FirnError *type_of_name(const FirnGuest *g, const char *name, uint32_t *type) {
  *type = host_type_find(g->firn, name, strlen(name));
  return *type == HOST_TYPE_NONE ? error_make(FIRN_E_NAME, "there is no type %s", name) : NULL;
}

/* Makes room for one more, for which the guest pays. */
static FirnError *entry_pay(FirnGuest *g) {
  Guest *guest = g->guest;
  values_begin(g);
  if (g->objects.count == g->objects.size / 2 && !table_grow(&g->objects)) return error_memory();
  if (!quota_has(guest, OBJECT_BYTES)) return guest->is_over ? error_make(FIRN_E_MEMORY, "over the guest's memory quota") : error_memory();
  guest->allocated += OBJECT_BYTES;
  guest->insn_allocated += OBJECT_BYTES; /* it is live at once */
  guest->host_bytes += OBJECT_BYTES;
  return NULL;
}

static FirnError *object_add(FirnGuest *g, const char *name, int64_t id, void *object) {
  uint32_t type;
  FirnError *error = objects_busy(g);
  if (!error) error = type_of_name(g, name, &type);
  if (error) return error;
  const HostObject *known = object_by_id(g, type, id), *same = object_by_pointer(g, type, object);
  if (known && known == same) return NULL;
  if (known) return error_make(FIRN_E_STATE, "the guest has another object as %s#%lld", name, (long long)id);
  if (same) return error_make(FIRN_E_STATE, "the guest has the object as %s#%lld", name, (long long)same->id);
  if ((error = entry_pay(g))) return error;
  HostObject *item = &g->objects.items[g->objects.count];
  *item = (HostObject){type, id, object};
  uint32_t *by_id = slot_find(&g->objects, item, true), *by_object = slot_find(&g->objects, item, false);
  *by_id = *by_object = ++g->objects.count;
  return NULL;
}

FirnError *firn_object_add(FirnGuest *g, const char *type, int64_t id, void *object) {
  if (!g || !type || !object) return error_make(FIRN_E_ARGUMENT, "firn_object_add: an argument is NULL");
  api_enter();
  FirnError *error = object_add(g, type, id, object);
  api_leave();
  return error;
}

/* Takes an entry out, then tells the host. */
static void object_release(FirnGuest *g, HostObject *item) {
  HostObject was = *item;
  item_remove(&g->objects, item);
  g->guest->host_bytes -= OBJECT_BYTES;
  HostType type = g->firn->host_types[was.type];
  if (type.release) type.release(type.userdata, g, was.id, was.object);
}

static FirnError *object_drop(FirnGuest *g, const char *name, int64_t id) {
  uint32_t type;
  FirnError *error = objects_busy(g);
  if (!error) error = type_of_name(g, name, &type);
  if (error) return error;
  HostObject *item = item_find(&g->objects, (HostObject){type, id, NULL}, true);
  if (!item) return error_make(FIRN_E_OBJECT, "the guest has no %s#%lld", name, (long long)id);
  object_release(g, item);
  return NULL;
}

FirnError *firn_object_drop(FirnGuest *g, const char *type, int64_t id) {
  if (!g || !type) return error_make(FIRN_E_ARGUMENT, "firn_object_drop: an argument is NULL");
  api_enter();
  FirnError *error = object_drop(g, type, id);
  api_leave();
  return error;
}

bool firn_object_at(FirnGuest *g, size_t index, FirnObject *object) {
  if (!g || !object || object->size < sizeof object->size) return false;
  api_enter();
  bool found = index < g->objects.count;
  if (found) {
    const HostObject *item = &g->objects.items[index];
    FirnObject own = {object->size, g->firn->host_types[item->type].name, item->id, item->object};
    memcpy(object, &own, own.size < sizeof own ? own.size : sizeof own);
  }
  api_leave();
  return found;
}

void objects_free(FirnGuest *g) {
  g->is_ending = g->is_running = true; /* the callbacks can change nothing of it */
  while (g->objects.count > 0) object_release(g, &g->objects.items[g->objects.count - 1]);
  free(g->objects.items);
  free(g->objects.by_id);
  free(g->objects.by_object);
  g->objects = (Objects){0};
}
