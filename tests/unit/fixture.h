/* fixture.h - a guest without a program to run, for unit tests of the heap, the objects and the natives.
 *
 * A test is a file of its own with a main; its objects stay alive through the guest's stack: fixture.slots[0..ROOTS).
 */
#ifndef FIRN_TESTS_FIXTURE_H
#define FIRN_TESTS_FIXTURE_H

#include <check.h>
#include <stdlib.h>

#include "vm/execute.h"
#include "vm/native.h"
#include "vm/object.h"
#include "vm/program.h"
#include "suite.h"

enum { ROOTS = 64 };

typedef struct Fixture {
  Guest guest;
  Task *task;
  Program program;
  Module module;
  Value *slots; /* the task's */
} Fixture;

static Fixture fixture;

static inline void fixture_setup(void) {
  fixture = (Fixture){0};
  fixture.program.types = type_table_new();
  fixture.program.module = &fixture.module;
  fixture.guest.program = &fixture.program;
  fixture.guest.fuel = INT64_MAX;
  fixture.guest.options.stack_slots = GUEST_STACK_SLOTS;
  fixture.guest.options.grants = CAP_ALL;
  heap_guest_add(&fixture.guest);
  fixture.task = fixture.guest.task = task_blank(&fixture.guest);
  ck_assert_int_eq(task_room(&fixture.guest, fixture.task, ROOTS), TRAP_NONE);
  fixture.slots = fixture.task->slots;
  fixture.task->top = ROOTS;
  fixture.guest.allocated = 0;
}

static inline void fixture_teardown(void) {
  heap_guest_remove(&fixture.guest);
  descs_free(&fixture.program);
  type_table_free(fixture.program.types);
  free(fixture.guest.trap_text);
}

static inline const Type *simple(TypeKind kind) { return type_simple(fixture.program.types, kind); }
static inline const Type *opt_of(const Type *type) { return type_unary(fixture.program.types, TYPE_OPT, type); }
static inline const Type *type_of(TypeKind kind, const Type *a, const Type *b) {
  const Type *args[2] = {a, b};
  return type_intern(fixture.program.types, kind, 0, args, b ? 2 : 1);
}

#endif
