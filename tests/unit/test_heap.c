/* test_heap.c - the heap: what is reachable stays, what is not goes, descriptors, objects by descriptor. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static const uint8_t node_classes[3] = {SLOT_REF, SLOT_REF, SLOT_RAW};
static ObjDesc node_desc;

static void node_setup(void) {
  fixture_setup();
  node_desc = (ObjDesc){.kind = OBJ_INSTANCE, .nslots = 3, .slot_classes = node_classes, .has_refs = true};
  ck_assert(heap_desc_add(&node_desc));
}

static void node_teardown(void) {
  heap_desc_remove(&node_desc);
  fixture_teardown();
}

static Instance *node_new(Instance *left, Instance *right, int64_t number) {
  Instance *node = heap_object(&fixture.guest, &node_desc, sizeof *node + 3 * sizeof(Value));
  if (!node || node->slots[2].u != 0) ck_abort(); /* for millions: each of check's own assertions writes to a file */
  node->slots[0].p = left;
  node->slots[1].p = right;
  node->slots[2].i = number;
  return node;
}

static void garbage_make(int count) {
  for (int i = 0; i < count; i++) {
    Instance *node = node_new(NULL, NULL, -1);
    memset(node->slots, 0x5a, 3 * sizeof(Value));
    node->slots[0].p = node->slots[1].p = NULL;
  }
}

/* A chain through both fields, long enough that recursion in marking would overflow. */
START_TEST(chain_survives) {
  enum { LENGTH = 1000000 };
  for (int i = 0; i < LENGTH; i++) fixture.slots[0].p = i & 1 ? node_new(fixture.slots[0].p, NULL, i) : node_new(NULL, fixture.slots[0].p, i);
  heap_collect();
  garbage_make(LENGTH);
  heap_collect();
  Instance *node = fixture.slots[0].p;
  for (int i = LENGTH - 1; i >= 0; i--) {
    if (!node || node->slots[2].i != i) ck_abort_msg("node %d is lost", i);
    node = node->slots[i & 1 ? 0 : 1].p;
  }
  ck_assert_ptr_null(node);
}
END_TEST

START_TEST(memory_stays_flat) {
  garbage_make(1000000);
  uint64_t before = heap_stats().heap_bytes;
  for (int i = 0; i < 20; i++) garbage_make(1000000);
  ck_assert_uint_le(heap_stats().heap_bytes, before + (8 << 20));
  for (int i = 0; i < 2000; i++) fixture.slots[0].p = heap_buffer(&fixture.guest, 1 << 20, i & 1);
  ck_assert_uint_le(heap_stats().heap_bytes, before + (64 << 20));
}
END_TEST

/* A chain in a slot; not inline, so that the caller's frame holds no part of it. */
static __attribute__((noinline)) void chain_make(unsigned slot, int count) {
  for (int i = 0; i < count; i++) fixture.slots[slot].p = node_new(fixture.slots[slot].p, NULL, i);
}

/* Overwrites what earlier calls left on the C stack, where any word may keep a chain. */
static __attribute__((noinline, no_sanitize_address)) void stack_clear(void) {
  volatile char frame[64 * 1024];
  for (size_t i = 0; i < sizeof frame; i++) frame[i] = 0;
}

/* Slots from top on are no roots. */
START_TEST(roots_end_at_top) {
  enum { COUNT = 200000 };
  chain_make(10, COUNT);
  fixture.task->top = 10;
  stack_clear();
  heap_collect();
  uint64_t before = heap_stats().heap_bytes;
  chain_make(0, COUNT);
  ck_assert_uint_le(heap_stats().heap_bytes, before + (1 << 20));
}
END_TEST

START_TEST(globals_are_roots) {
  static Value globals[4];
  fixture.guest.globals = globals;
  fixture.program.nglobal_slots = 4;
  globals[3].p = node_new(NULL, NULL, 42);
  heap_collect();
  garbage_make(10000);
  ck_assert_int_eq(((Instance *)globals[3].p)->slots[2].i, 42);
}
END_TEST

START_TEST(stress_keeps_everything) {
  heap_stress = true;
  List *list = list_new(&fixture.guest, desc_list_of(&fixture.program, TYPE_STRING), 0);
  fixture.slots[0].p = list;
  for (int i = 0; i < 200; i++) {
    char text[32];
    Value v = {.p = string_new(&fixture.guest, text, (size_t)snprintf(text, sizeof text, "text %d", i))};
    ck_assert_int_eq(list_push(&fixture.guest, list, &v), TRAP_NONE);
    Value parts[2] = {v, v};
    ck_assert_int_eq(string_concat(&fixture.guest, parts, 2, &v), TRAP_NONE);
    ck_assert_int_eq(list_insert(&fixture.guest, list, 0, &v), TRAP_NONE);
  }
  heap_stress = false;
  for (int i = 0; i < 200; i++) {
    char text[32];
    snprintf(text, sizeof text, "text %d", i);
    Value v;
    ck_assert_int_eq(list_get(&fixture.guest, list, 200 + i, &v), TRAP_NONE);
    ck_assert_str_eq(((String *)v.p)->bytes, text);
    ck_assert_int_eq(list_get(&fixture.guest, list, 199 - i, &v), TRAP_NONE);
    ck_assert_int_eq((int)((String *)v.p)->length, 2 * (int)strlen(text));
  }
}
END_TEST

/* Long buffers of references are marked by another way than short ones. */
START_TEST(buffers_keep_objects) {
  static const int lengths[] = {1, 2, 16, 200, 256, 257, 1000, 100000};
  for (unsigned k = 0; k < sizeof lengths / sizeof *lengths; k++) {
    int length = lengths[k];
    Value *buffer = heap_buffer(&fixture.guest, (size_t)length * sizeof(Value), true);
    fixture.slots[k].p = buffer;
    for (int i = 0; i < length; i++) {
      ck_assert_uint_eq(buffer[i].u, 0);
      buffer[i].p = node_new(NULL, NULL, i);
    }
  }
  heap_collect();
  garbage_make(200000);
  for (unsigned k = 0; k < sizeof lengths / sizeof *lengths; k++) {
    Value *buffer = fixture.slots[k].p;
    for (int i = 0; i < lengths[k]; i++) ck_assert_int_eq(((Instance *)buffer[i].p)->slots[2].i, i);
  }
}
END_TEST

/* A number is not given out again while an object has it. */
START_TEST(desc_numbers) {
  ObjDesc first = {.kind = OBJ_INSTANCE, .nslots = 3, .slot_classes = node_classes, .has_refs = true}, others[300];
  ck_assert(heap_desc_add(&first));
  uint32_t number = first.number;
  fixture.slots[0].p = heap_object(&fixture.guest, &first, 32);
  heap_desc_remove(&first);
  for (int i = 0; i < 300; i++) {
    heap_collect();
    others[i] = (ObjDesc){.kind = OBJ_INSTANCE};
    ck_assert(heap_desc_add(&others[i]));
    ck_assert_uint_ne(others[i].number, number);
    ck_assert_ptr_eq(heap_descs[others[i].number], &others[i]);
  }
  uint32_t highest = others[299].number;
  for (int i = 0; i < 300; i++) heap_desc_remove(&others[i]);
  heap_collect();
  for (int i = 0; i < 300; i++) {
    ck_assert(heap_desc_add(&others[i]));
    ck_assert_uint_ne(others[i].number, number);
  }
  ck_assert_uint_le(others[299].number, highest + 1);
  for (int i = 0; i < 300; i++) heap_desc_remove(&others[i]);
}
END_TEST

START_TEST(charges_by_size) {
  uint64_t before = fixture.guest.allocated;
  node_new(NULL, NULL, 0);
  ck_assert_uint_eq(fixture.guest.allocated, before + 32);
  string_new(&fixture.guest, "0123456789abcdef", 16);
  ck_assert_uint_eq(fixture.guest.allocated, before + 32 + 48);
  heap_buffer_raw(&fixture.guest, 1000000);
  ck_assert_uint_eq(fixture.guest.allocated, before + 32 + 48 + 1000000);
}
END_TEST

START_TEST(too_much_is_null) {
  ck_assert_ptr_null(heap_buffer_raw(&fixture.guest, (size_t)1 << 46));
  ck_assert_ptr_null(heap_buffer(&fixture.guest, SIZE_MAX / 2, true));
  Value v = {.i = 1};
  List *list;
  const ObjDesc *desc = desc_list_of(&fixture.program, TYPE_INT);
  ck_assert_int_eq(list_make(&fixture.guest, desc, LIST_MAX, &v, &list), TRAP_OUT_OF_MEMORY);
  ck_assert_int_eq(list_make(&fixture.guest, desc, LIST_MAX + 1, &v, &list), TRAP_TOO_LARGE);
  ck_assert_int_eq(list_make(&fixture.guest, desc, -1, &v, &list), TRAP_BAD_ARGUMENT);
}
END_TEST

/* An enum { none; num(int); pair(string, (int, string)) } and a class with its fields laid out flat. */
START_TEST(descriptors_of_declarations) {
  const Type *parts[2] = {simple(TYPE_INT), simple(TYPE_STRING)};
  const Type *tuple = type_intern(fixture.program.types, TYPE_TUPLE, 0, parts, 2);
  Field num[] = {{"value", simple(TYPE_INT), false}};
  Field pair[] = {{"", simple(TYPE_STRING), false}, {"", tuple, false}};
  Case cases[] = {{"none", 0, NULL}, {"num", 1, num}, {"pair", 2, pair}};
  Enum enums[] = {{.name = "E", .ncases = 3, .cases = cases}};
  Field fields[] = {{"a", opt_of(simple(TYPE_INT)), true}, {"b", simple(TYPE_STRING), true}};
  Class classes[] = {{.name = "C", .nfields = 2, .fields = fields}};
  fixture.module = (Module){.nenums = 1, .enums = enums, .nclasses = 1, .classes = classes};
  const Type *enum_type = type_intern(fixture.program.types, TYPE_ENUM, 0, NULL, 0);
  ObjDesc *desc = desc_for(&fixture.program, enum_type);
  ck_assert_ptr_nonnull(desc);
  ck_assert_ptr_eq(desc, desc_for(&fixture.program, enum_type));
  ck_assert_uint_eq(desc->nslots, 4);
  ck_assert(desc->has_refs);
  ck_assert_uint_eq(desc->ref_mask, 2 | 8);
  ck_assert_uint_eq(desc->field_slots[desc->case_first[2] + 1], 1);
  ck_assert_uint_eq(desc->case_slots[2], 3);
  ck_assert_ptr_nonnull(desc->empty_cases[0]);
  ck_assert_ptr_null(desc->empty_cases[1]);
  ck_assert_ptr_eq(obj_desc(desc->empty_cases[0]), desc);
  ObjDesc *class = desc_for(&fixture.program, type_intern(fixture.program.types, TYPE_CLASS, 0, NULL, 0));
  ck_assert_uint_eq(class->nslots, 3);
  ck_assert_uint_eq(class->field_slots[1], 2);
  ck_assert_uint_eq(class->ref_mask, 4);
  ck_assert_ptr_eq(desc_box(&fixture.program, tuple), desc_box(&fixture.program, tuple));
  ck_assert_uint_eq(desc_box(&fixture.program, tuple)->ref_mask, 2);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("heap");
  TCase *tests = tcase_create("heap");
  tcase_add_checked_fixture(tests, node_setup, node_teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, chain_survives);
  tcase_add_test(tests, memory_stays_flat);
  tcase_add_test(tests, roots_end_at_top);
  tcase_add_test(tests, globals_are_roots);
  tcase_add_test(tests, stress_keeps_everything);
  tcase_add_test(tests, buffers_keep_objects);
  tcase_add_test(tests, desc_numbers);
  tcase_add_test(tests, charges_by_size);
  tcase_add_test(tests, too_much_is_null);
  tcase_add_test(tests, descriptors_of_declarations);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
