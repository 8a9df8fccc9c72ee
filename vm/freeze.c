/* freeze.c - guest_freeze. Interface: image.h; the format is spec.md's ("Images"), its outer form image_stream.h's.
 *
 * The walk is canonical, as statehash.c's: frames from the outermost, live values by the verifier's types, globals, then the objects in the order of
 * discovery. Types, code, descriptors and objects get numbers when they are first met, and are defined then, in the block at hand.
 *
 * An object that has been met carries its number in its header meanwhile (OBJ_MOVED); `order` and `descs` remember what it was, and all headers are put
 * back at the end, however that comes. Collection is held off for as long.
 */
#include <stdlib.h>

#include "vm/execute.h"
#include "vm/image_stream.h"
#include "vm/walk.h"

/* Numbers by id, in the order of taking; open addressing, since few of a process's ids are met. */
typedef struct Numbered { uint32_t id, number; } Numbered; /* number 0: free, else + 1 */
typedef struct Numbers {
  Numbered *places;
  uint32_t mask, count; /* mask + 1 places, when there are any */
} Numbers;

typedef struct Freezer {
  ImageWriter out;
  Guest *guest;
  const ImageRebase *rebase; /* or NULL */
  Numbers types, codes, descs;  /* by Type.id, Code.index, ObjDesc.number */
  uint32_t last_desc, last_number; /* what was looked up last; 0 is no descriptor's number */
  Obj **order;                  /* by number */
  uint32_t *order_descs;        /* descriptor numbers of those */
  size_t norder, order_cap;
  LiveCache live;
} Freezer;

static void out_of_memory(Freezer *f) { image_writer_fail(&f->out, "out of memory"); }

static Numbered *number_find(const Numbers *numbers, uint32_t id) {
  uint32_t at = (id * UINT32_C(0x9e3779b1) ^ id >> 15) & numbers->mask;
  while (numbers->places[at].number && numbers->places[at].id != id) at = (at + 1) & numbers->mask;
  return &numbers->places[at];
}

static bool numbers_grow(Numbers *numbers) {
  Numbers grown = {.mask = numbers->places ? 2 * numbers->mask + 1 : 63, .count = numbers->count};
  grown.places = calloc((size_t)grown.mask + 1, sizeof *grown.places);
  if (!grown.places) return false;
  for (uint32_t i = 0; numbers->places && i <= numbers->mask; i++) {
    if (numbers->places[i].number) *number_find(&grown, numbers->places[i].id) = numbers->places[i];
  }
  free(numbers->places);
  *numbers = grown;
  return true;
}

/* An id's number plus 1, or 0. */
static inline uint32_t number_known(const Numbers *numbers, uint32_t id) { return numbers->places ? number_find(numbers, id)->number : 0; }

static uint32_t number_take(Freezer *f, Numbers *numbers, uint32_t id) {
  if ((!numbers->places || 2 * numbers->count > numbers->mask) && !numbers_grow(numbers)) {
    out_of_memory(f);
    return 0;
  }
  *number_find(numbers, id) = (Numbered){id, ++numbers->count};
  return numbers->count - 1;
}

/* Renumbering */

static uint32_t renumber(Freezer *f, const uint32_t *numbers, uint32_t index) {
  uint32_t number = numbers ? numbers[index] : index;
  if (number == IMAGE_GONE) image_writer_fail(&f->out, "a value needs what is no longer there");
  return number;
}

static uint32_t decl_renumber(Freezer *f, const Type *type) {
  const ImageRebase *r = f->rebase;
  switch (r ? type->kind : TYPE_NONE) {
    case TYPE_CLASS: return renumber(f, r->classes, type->decl);
    case TYPE_ENUM: return renumber(f, r->enums, type->decl);
    case TYPE_TRAIT: return renumber(f, r->traits, type->decl);
    default: return type->decl;
  }
}

/* Functions beyond the module's own, made for implementations that are one instruction, hold nothing. */
static uint32_t function_renumber(Freezer *f, const Code *code) {
  bool is_own = code->function_index < code->program->module->nfunctions;
  if (f->rebase && is_own) return renumber(f, f->rebase->functions, code->function_index);
  if (f->rebase) image_writer_fail(&f->out, "a value needs what is no longer there");
  return code->function_index;
}

/* Definitions */

static uint32_t type_number(Freezer *f, const Type *type) {
  uint32_t known = number_known(&f->types, type->id);
  if (known) return known - 1;
  uint32_t args[TYPE_ARGS_MAX + 1];
  for (uint32_t i = 0; i < type->nargs; i++) args[i] = type_number(f, type->args[i]);
  image_def(&f->out, IMAGE_DEF_TYPE);
  image_def(&f->out, type->kind);
  image_def(&f->out, decl_renumber(f, type));
  image_def(&f->out, type->nargs);
  for (uint32_t i = 0; i < type->nargs; i++) image_def(&f->out, args[i]);
  return number_take(f, &f->types, type->id);
}

static uint32_t code_number(Freezer *f, const Code *code) {
  uint32_t known = number_known(&f->codes, code->index), ntargs = code->function->ntparams;
  if (known) return known - 1;
  for (uint32_t i = 0; i < ntargs; i++) type_number(f, code->targs[i]);
  image_def(&f->out, IMAGE_DEF_CODE);
  image_def(&f->out, function_renumber(f, code));
  image_def(&f->out, ntargs);
  for (uint32_t i = 0; i < ntargs; i++) image_def(&f->out, type_number(f, code->targs[i]));
  return number_take(f, &f->codes, code->index);
}

static uint32_t desc_number(Freezer *f, const ObjDesc *desc) {
  if (desc->number == f->last_desc) return f->last_number;
  uint32_t known = number_known(&f->descs, desc->number);
  if (known) {
    f->last_desc = desc->number;
    return f->last_number = known - 1;
  }
  bool is_closure = desc->kind == OBJ_CLOSURE;
  uint32_t type = desc->type ? type_number(f, desc->type) : 0, code = is_closure ? code_number(f, desc->code) : 0;
  image_def(&f->out, IMAGE_DEF_DESC);
  image_def(&f->out, desc->kind);
  if (desc->type) image_def(&f->out, type);
  if (is_closure) {
    image_def(&f->out, code);
    image_def(&f->out, desc->nslots);
  }
  return number_take(f, &f->descs, desc->number);
}

/* What must be known of an object to make room for it. */
static void object_define(Freezer *f, const Obj *object, const ObjDesc *desc) {
  image_def(&f->out, IMAGE_DEF_OBJECT + (uint64_t)desc_number(f, desc));
  switch (desc->kind) {
    case OBJ_STRING: image_def(&f->out, ((const String *)object)->length); break;
    case OBJ_BYTES:
      image_def(&f->out, (uint64_t)((const Bytes *)object)->length);
      image_def(&f->out, (uint64_t)((const Bytes *)object)->capacity);
      break;
    case OBJ_LIST:
      image_def(&f->out, (uint64_t)((const List *)object)->length);
      image_def(&f->out, (uint64_t)((const List *)object)->capacity);
      break;
    case OBJ_MAP:
      image_def(&f->out, (uint64_t)((const Map *)object)->used);
      image_def(&f->out, (uint64_t)((const Map *)object)->capacity);
      image_def(&f->out, (uint64_t)((const Map *)object)->version);
      break;
    case OBJ_ENUM: image_def(&f->out, (uint64_t)((const EnumObj *)object)->tag); break;
    default: break;
  }
}

/* Values */

static bool order_grow(Freezer *f) {
  size_t cap = f->order_cap ? 2 * f->order_cap : 256;
  Obj **order = realloc(f->order, cap * sizeof *order);
  if (order) f->order = order;
  uint32_t *descs = realloc(f->order_descs, cap * sizeof *descs);
  if (descs) f->order_descs = descs;
  if (!order || !descs) return false;
  f->order_cap = cap;
  return true;
}

/* The number of an object of the heap. */
static uint32_t object_number(Freezer *f, Obj *object) {
  uint64_t header = object->header;
  if (header & OBJ_MOVED) return (uint32_t)(header >> OBJ_DESC_SHIFT);
  if (f->norder == f->order_cap && !order_grow(f)) {
    out_of_memory(f);
    return 0;
  }
  if (f->norder == IMAGE_OBJECTS_MAX) {
    image_writer_fail(&f->out, "too many objects for an image");
    return 0;
  }
  object_define(f, object, obj_desc(object));
  uint32_t number = (uint32_t)f->norder++;
  f->order[number] = object;
  f->order_descs[number] = (uint32_t)(header >> OBJ_DESC_SHIFT);
  object->header = OBJ_LIVE | OBJ_MOVED | (uint64_t)number << OBJ_DESC_SHIFT;
  return number;
}

static void put_static(Freezer *f, const Obj *object) {
  const ObjDesc *desc = obj_desc(object);
  if (desc->kind == OBJ_STRING) {
    uint32_t index = (uint32_t)(object->header >> OBJ_INDEX_SHIFT) & (IMAGE_OBJECTS_MAX - 1);
    if (f->rebase && index < STRING_TINY_FIRST) index = renumber(f, f->rebase->strings, index);
    image_put32(&f->out, index << IMAGE_REF_SHIFT | IMAGE_REF_STRING);
  } else {
    image_put32(&f->out, desc_number(f, desc) << IMAGE_REF_SHIFT | IMAGE_REF_CASE);
    image_put32(&f->out, (uint32_t)((const EnumObj *)object)->tag);
  }
}

static inline void put_ref(Freezer *f, Value value) {
  if (!value_is_ref(value)) image_put32(&f->out, (uint32_t)value.u << IMAGE_REF_SHIFT | IMAGE_REF_NIL);
  else if (((Obj *)value.p)->header & OBJ_STATIC) put_static(f, value.p);
  else image_put32(&f->out, object_number(f, value.p) << IMAGE_REF_SHIFT | IMAGE_REF_OBJECT);
}

/* At most IMAGE_CHUNK_MAX / 8 slots; the caller has made room for 8 bytes a slot. */
static inline void put_slots(Freezer *f, const Value *slots, const uint8_t *classes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (classes[i] == SLOT_REF) put_ref(f, slots[i]);
    else image_put64(&f->out, slots[i].u);
  }
}

/* Any number of slots. */
static inline void put_run(void *walk, Value *slots, const uint8_t *classes, uint32_t count) {
  Freezer *f = walk;
  for (uint32_t done = 0; done < count && !f->out.failed;) {
    uint32_t part = count - done < TYPE_SLOTS_MAX ? count - done : TYPE_SLOTS_MAX;
    image_room(&f->out, 8 * (size_t)part);
    put_slots(f, slots + done, classes + done, part);
    done += part;
  }
}

/* Objects */

static void put_list(Freezer *f, const List *list, const ObjDesc *desc) {
  size_t slots = desc->elem_slots, count = (size_t)list->length;
  if (slots == 0) return;
  if (desc->has_refs) elements_visit(f, put_run, list, desc);
  else if (slots == 1) image_put_numbers(&f->out, list->data, count, desc->elem_size);
  else image_put_numbers(&f->out, list->data, count * slots, sizeof(Value));
}

static void put_map(Freezer *f, const Map *map, const ObjDesc *desc) {
  uint8_t classes[2 * TYPE_SLOTS_MAX];
  uint32_t count = entry_classes(desc, classes);
  image_room(&f->out, 8);
  image_put64(&f->out, (uint64_t)map->live);
  Value *entry;
  for (int64_t at = 0; (entry = map_entry_from(map, desc, &at)) && !f->out.failed; at++) {
    image_room(&f->out, 8 * (2 + (size_t)count));
    image_put32(&f->out, (uint32_t)at);
    if (desc->key_form == KEY_OPAQUE) image_put32(&f->out, (uint32_t)entry->u);
    put_slots(f, entry + 1, classes, count);
  }
}

/* The other program's entry, about to begin: nothing of its frame is live. */
static void put_entry(Freezer *f, const Task *task) {
  image_room(&f->out, 8 + 1 + 4 + 4);
  image_put64(&f->out, task->number);
  image_put8(&f->out, task->state);
  image_put32(&f->out, 1);
  image_put32(&f->out, task_room_for(f->rebase->to->entry->frame_slots, f->guest->options.stack_slots));
  image_room(&f->out, 8);
  image_def(&f->out, IMAGE_DEF_CODE);
  image_def(&f->out, f->rebase->to->module->entry);
  image_def(&f->out, 0);
  image_put32(&f->out, f->codes.count++);
  image_put32(&f->out, 0);
}

/* A task's contents. */
static void put_task(Freezer *f, const Task *task) {
  if (f->rebase && task == f->guest->main) {
    put_entry(f, task);
    return;
  }
  image_room(&f->out, 8 + 1 + 4 + 4 + 16);
  image_put64(&f->out, task->number);
  image_put8(&f->out, task->state);
  image_put32(&f->out, task->nframes);
  image_put32(&f->out, task->nslots);
  if (task->state == TASK_PENDING) {
    image_put64(&f->out, task->token);
    image_put64(&f->out, (uint64_t)guest_time_left(f->guest, task));
  }
  for (uint32_t i = 0; i < task->nframes && !f->out.failed; i++) {
    const Frame *frame = &task->frames[i];
    image_room(&f->out, 8);
    image_put32(&f->out, code_number(f, frame->code));
    image_put32(&f->out, frame->pc);
    if (!frame_visit(f, put_run, &f->live, f->guest, task, i)) out_of_memory(f);
  }
}

static void put_object(Freezer *f, Obj *object, const ObjDesc *desc) {
  switch (desc->kind) {
    case OBJ_STRING: image_put_bytes(&f->out, ((const String *)object)->bytes, ((const String *)object)->length); break;
    case OBJ_BYTES: image_put_bytes(&f->out, ((const Bytes *)object)->data, (size_t)((const Bytes *)object)->length); break;
    case OBJ_LIST: put_list(f, (const List *)object, desc); break;
    case OBJ_MAP: put_map(f, (const Map *)object, desc); break;
    case OBJ_TASK: put_task(f, (const Task *)object); break;
    default: object_visit(f, put_run, object, desc); break;
  }
}

/* State */

static void put_module(Freezer *f, bool refer) {
  uint8_t hash[32];
  Module *module = f->rebase ? f->rebase->to->module : f->guest->program->module;
  if (!module_hash(module, hash)) {
    out_of_memory(f);
    return;
  }
  size_t length = 0;
  uint8_t *bytes = refer ? NULL : module_encode(module, &length, false);
  if (!refer && !bytes) out_of_memory(f);
  image_room(&f->out, sizeof hash + 4);
  for (size_t i = 0; i < sizeof hash; i++) image_put8(&f->out, hash[i]);
  image_put32(&f->out, (uint32_t)length);
  image_put_bytes(&f->out, bytes, length);
  free(bytes);
  image_flush(&f->out); /* definitions can be understood only when the module is known */
}

static void put_text(Freezer *f, const char *bytes, size_t length) {
  image_room(&f->out, 8);
  image_put64(&f->out, length);
  image_put_bytes(&f->out, bytes, length);
}

static void put_task_ref(Freezer *f, Task *task) {
  image_room(&f->out, 8);
  put_ref(f, (Value){.p = task});
}

/* Which task is the first, which one runs, the queue, the list. */
static void put_tasks(Freezer *f, const Guest *guest) {
  image_room(&f->out, 16);
  image_put64(&f->out, guest->tasks_made);
  image_put64(&f->out, guest->tokens_made);
  put_task_ref(f, guest->main);
  put_task_ref(f, guest->task);
  image_room(&f->out, 4);
  image_put32(&f->out, guest->nready);
  for (uint32_t i = 0; i < guest->nready && !f->out.failed; i++) {
    put_task_ref(f, guest_ready(guest, i));
  }
  uint32_t nlisted = 0;
  for (const Task *task = guest->listed; task; task = task->next) nlisted++;
  image_room(&f->out, 4);
  image_put32(&f->out, nlisted);
  for (Task *task = guest->listed; task && !f->out.failed; task = task->next) put_task_ref(f, task);
}

static void put_globals(Freezer *f) {
  const Program *program = f->guest->program;
  uint32_t count = f->rebase ? f->rebase->to->module->nglobals : program->module->nglobals;
  for (uint32_t n = 0; n < count && !f->out.failed; n++) {
    uint32_t i = f->rebase ? f->rebase->globals[n] : n;
    bool is_set = i != IMAGE_GONE && f->guest->globals_set[i];
    image_room(&f->out, 1);
    image_put8(&f->out, is_set);
    if (is_set) value_visit(f, put_run, f->guest->globals + program->global_slots[i], program->global_types[i]);
  }
}

static void put_guest(Freezer *f, const FreezeOptions *options) {
  const Guest *guest = f->guest;
  image_room(&f->out, 8 * 5);
  image_put8(&f->out, guest->status);
  image_put64(&f->out, (uint64_t)guest->fuel);
  image_put64(&f->out, guest_fuel_used(guest));
  image_put64(&f->out, guest->allocated);
  image_put32(&f->out, guest->options.stack_slots);
  image_put32(&f->out, (uint32_t)guest->options.nargs);
  for (int i = 0; i < guest->options.nargs; i++) put_text(f, guest->options.args[i], strlen(guest->options.args[i]));
  put_text(f, options->input, options->input_length);
  put_tasks(f, guest);
  put_globals(f);
  for (size_t i = 0; i < f->norder && !f->out.failed; i++) put_object(f, f->order[i], heap_descs[f->order_descs[i]]);
}

static void headers_restore(Freezer *f) {
  for (size_t i = 0; i < f->norder; i++) {
    f->order[i]->header = f->guest->header | (uint64_t)f->order_descs[i] << OBJ_DESC_SHIFT;
  }
}

bool guest_freeze(Guest *guest, const FreezeOptions *options, const ImageSink *sink, ModuleError *error) {
  Freezer f = {.guest = guest, .rebase = options->rebase};
  image_writer_start(&f.out, sink, options->level, error);
  if (guest->status == GUEST_FAILED || (guest->status == GUEST_FINISHED && !guest_is_idle(guest))) image_writer_fail(&f.out, "the guest has ended");
  if (!f.out.failed) {
    heap_hold();
    put_module(&f, options->refer);
    number_take(&f, &f.descs, desc_string.number);
    number_take(&f, &f.descs, desc_bytes.number);
    number_take(&f, &f.descs, desc_task.number);
    if (!f.out.failed) put_guest(&f, options);
    headers_restore(&f);
    heap_release();
  }
  free(f.types.places);
  free(f.codes.places);
  free(f.descs.places);
  free(f.order);
  free(f.order_descs);
  live_free(&f.live);
  return image_writer_end(&f.out);
}
