/* thaw_internal.h - what the parts of thawing share: thaw.c (the guest's state), thaw_defs.c (definitions: types, code, descriptors, room for objects) and
 * thaw_values.c (values, and the contents of objects, read and checked).
 *
 * Every function that reads returns false after it made the reader fail, with a reason. */
#ifndef FIRN_VM_THAW_INTERNAL_H
#define FIRN_VM_THAW_INTERNAL_H

#include "vm/image_stream.h"
#include "vm/object.h"
#include "vm/program.h"
#include "vm/verify.h"

/* The values that objects of a descriptor hold, for checking: those of case k begin at first[k] (objects without cases have one). */
typedef struct Plan {
  const ObjDesc *desc;
  LiveValue *values;
  uint32_t *first;  /* ncases + 1 entries */
  bool is_trivial;  /* any slots are right */
  uint64_t count, bytes; /* of objects so far */
} Plan;

typedef struct Made {
  Obj *object;
  uint32_t plan;
} Made;

typedef struct Thaw {
  ImageReader in;
  Program *program;
  bool owns_program;
  TypeJudge *judge;
  Guest *guest;
  const Type **types;
  Code **codes;
  Plan **plans;      /* by descriptor; each stays where it is */
  Made *objects;
  uint32_t ntypes, types_cap, ncodes, codes_cap, nplans, plans_cap, nobjects, objects_cap;
  uint64_t *held;    /* (descriptor number, trait type id) pairs that are known to hold; open addressing, 0 free */
  uint32_t nheld, held_mask;
  Task **listed;
  uint32_t nlisted;
  uint64_t tasks_made;
  uint64_t memory_left;
  uint8_t classes[TYPE_SLOTS_MAX];
  LiveCache live;
} Thaw;

bool thaw_out_of_memory(Thaw *t);

/* Makes room for one more element of an array that is grown this way only. */
bool thaw_grow(Thaw *t, void *array, uint32_t count, uint32_t *cap, size_t size);
#define ROOM(t, array, count, cap) thaw_grow((t), &(t)->array, (t)->count, &(t)->cap, sizeof *(t)->array)

/* Counts memory that the guest will take: `count` times `size` bytes; fails when it may not have so much. */
bool thaw_take(Thaw *t, uint64_t count, uint64_t size);

/* thaw_defs.c */
bool thaw_define(void *ctx, const uint8_t *at, const uint8_t *end); /* an ImageReader's define; ctx: the Thaw */
bool thaw_plan(Thaw *t, const ObjDesc *desc);                       /* numbers a descriptor */
/* Whether `code` can be behind a function value of `type`: its parameters begin with the type's, and its last `nslots` slots of arguments are the rest. */
bool thaw_is_closure(const Type *type, const Code *code, uint64_t nslots);

/* thaw_values.c */
bool thaw_ref(Thaw *t, Value *out);
bool thaw_value(Thaw *t, Value *slots, const Type *type);
bool thaw_object(Thaw *t, Obj *object, const Plan *plan);

/* thaw.c */
bool thaw_task(Thaw *t, Task *task);

#endif
