/* test_type.c - interning, layout, substitution and printing of types. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/type.h"
#include "suite.h"

static TypeTable *table;

static void setup(void) { table = type_table_new(); }
static void teardown(void) { type_table_free(table); }

static const Type *simple(TypeKind kind) { return type_simple(table, kind); }
static const Type *unary(TypeKind kind, const Type *arg) { return type_unary(table, kind, arg); }
static const Type *binary(TypeKind kind, const Type *a, const Type *b) {
  return type_intern(table, kind, 0, (const Type *[]){a, b}, 2);
}

START_TEST(equal_types_are_one) {
  const Type *a = unary(TYPE_LIST, unary(TYPE_OPT, simple(TYPE_INT)));
  ck_assert_ptr_eq(a, unary(TYPE_LIST, unary(TYPE_OPT, simple(TYPE_INT))));
  ck_assert_ptr_ne(a, unary(TYPE_LIST, simple(TYPE_INT)));
  ck_assert_ptr_ne(type_intern(table, TYPE_CLASS, 0, NULL, 0), type_intern(table, TYPE_CLASS, 1, NULL, 0));
  ck_assert_ptr_ne(type_intern(table, TYPE_CLASS, 0, NULL, 0), type_intern(table, TYPE_ENUM, 0, NULL, 0));
  ck_assert_ptr_eq(simple(TYPE_NEVER), simple(TYPE_NEVER));
}
END_TEST

START_TEST(many_types_stay_findable) {
  for (uint32_t i = 0; i < 20000; i++) {
    const Type *type = type_intern(table, TYPE_CLASS, i, NULL, 0);
    ck_assert_ptr_nonnull(unary(TYPE_LIST, type));
  }
  size_t count = type_table_count(table);
  ck_assert_uint_eq(count, 40000);
  for (uint32_t i = 0; i < 20000; i++) {
    const Type *type = unary(TYPE_LIST, type_intern(table, TYPE_CLASS, i, NULL, 0));
    ck_assert_uint_eq(type->args[0]->decl, i);
    ck_assert_ptr_eq(type_table_at(table, type->id), type);
  }
  ck_assert_uint_eq(type_table_count(table), count);
  ck_assert_ptr_null(type_table_at(table, (uint32_t)count));
}
END_TEST

START_TEST(wrong_shapes_are_refused) {
  const Type *integer = simple(TYPE_INT);
  ck_assert_ptr_null(type_intern(table, TYPE_LIST, 0, NULL, 0));
  ck_assert_ptr_null(type_intern(table, TYPE_INT, 0, &integer, 1));
  ck_assert_ptr_null(type_intern(table, TYPE_FN, 0, NULL, 0));
  ck_assert_ptr_null(type_intern(table, TYPE_NONE, 0, NULL, 0));
  ck_assert_ptr_null(type_intern(table, (TypeKind)0x14, 0, NULL, 0));
  ck_assert_int_eq(type_kind_params(TYPE_NONE), -2);
  ck_assert_int_eq(type_kind_params((TypeKind)200), -2);
}
END_TEST

START_TEST(depth_and_size_are_limited) {
  const Type *type = simple(TYPE_INT);
  for (unsigned i = 1; i < TYPE_DEPTH_MAX; i++) ck_assert_ptr_nonnull(type = unary(TYPE_LIST, type));
  ck_assert_ptr_null(unary(TYPE_LIST, type));
  /* Doubling by sharing: small in memory, but exponential to walk. */
  type = simple(TYPE_INT);
  unsigned doublings = 0;
  for (const Type *twice; (twice = binary(TYPE_MAP, type, type)); type = twice) doublings++;
  ck_assert_uint_eq(doublings, 9);
  ck_assert_uint_le(type->nodes, TYPE_NODES_MAX);
}
END_TEST

static void check_slots(const Type *type, const char *classes) {
  uint8_t found[TYPE_SLOTS_MAX];
  ck_assert_uint_eq(type->slots, strlen(classes));
  type_slot_classes(type, found);
  for (unsigned i = 0; i < type->slots; i++) ck_assert_int_eq(found[i], classes[i] == 'r' ? SLOT_REF : SLOT_RAW);
  ck_assert_int_eq(type_has_refs(type), strchr(classes, 'r') != NULL);
}

START_TEST(layout) {
  const Type *integer = simple(TYPE_INT), *string = simple(TYPE_STRING), *none = simple(TYPE_VOID);
  const Type *pair = binary(TYPE_TUPLE, integer, string);
  check_slots(none, "");
  check_slots(integer, ".");
  check_slots(string, "r");
  check_slots(unary(TYPE_LIST, pair), "r");
  check_slots(pair, ".r");
  check_slots(binary(TYPE_TUPLE, pair, pair), ".r.r");
  check_slots(unary(TYPE_OPT, integer), "..");
  check_slots(unary(TYPE_OPT, unary(TYPE_OPT, integer)), "..");
  check_slots(unary(TYPE_OPT, string), "r");
  check_slots(unary(TYPE_OPT, unary(TYPE_OPT, string)), "r");
  check_slots(unary(TYPE_OPT, simple(TYPE_BOOL)), ".");
  check_slots(unary(TYPE_OPT, simple(TYPE_CHAR)), ".");
  check_slots(unary(TYPE_OPT, simple(TYPE_FLOAT)), ".");
  check_slots(unary(TYPE_OPT, none), ".");
  check_slots(unary(TYPE_OPT, pair), "..r");
  check_slots(unary(TYPE_OPT, unary(TYPE_OPT, pair)), "..r");
  check_slots(binary(TYPE_RESULT, none, string), "r");
  check_slots(binary(TYPE_RESULT, integer, string), ".r");
  check_slots(binary(TYPE_RESULT, unary(TYPE_OPT, integer), string), "..r");
  ck_assert_uint_eq(type_opt_depth(unary(TYPE_OPT, unary(TYPE_OPT, integer))), 2);
  ck_assert_ptr_eq(type_opt_payload(unary(TYPE_OPT, unary(TYPE_OPT, integer))), integer);
}
END_TEST

START_TEST(too_many_slots_are_marked) {
  const Type *parts[65];
  for (unsigned i = 0; i < 65; i++) parts[i] = simple(TYPE_INT);
  const Type *full = type_intern(table, TYPE_TUPLE, 0, parts, 64);
  ck_assert_uint_eq(full->slots, 64);
  ck_assert_uint_eq(type_intern(table, TYPE_TUPLE, 0, parts, 65)->slots, 0xffff);
  ck_assert_uint_eq(unary(TYPE_OPT, full)->slots, 0xffff);
  ck_assert_uint_eq(unary(TYPE_OPT, unary(TYPE_OPT, full))->slots, 0xffff);
  ck_assert_uint_eq(binary(TYPE_TUPLE, unary(TYPE_OPT, full), full)->slots, 0xffff);
}
END_TEST

START_TEST(substitution) {
  TypeTable *into = type_table_new();
  const Type *t0 = type_intern(table, TYPE_PARAM, 0, NULL, 0), *t1 = type_intern(table, TYPE_PARAM, 1, NULL, 0);
  const Type *map = binary(TYPE_MAP, t0, unary(TYPE_LIST, t1));
  ck_assert(map->has_param && unary(TYPE_OPT, t0)->has_param && !simple(TYPE_INT)->has_param);
  const Type *args[] = {type_simple(into, TYPE_STRING), type_simple(into, TYPE_INT)};
  const Type *concrete = type_subst(into, map, args, 2);
  ck_assert_ptr_eq(concrete->args[0], args[0]);
  ck_assert_ptr_eq(concrete->args[1], type_unary(into, TYPE_LIST, args[1]));
  ck_assert(!concrete->has_param);
  ck_assert_uint_eq(concrete->slots, 1);
  ck_assert_ptr_null(type_subst(into, map, args, 1));
  const Type *copy = type_subst(into, map, NULL, 0);
  ck_assert(copy->has_param && copy != map);
  ck_assert_ptr_eq(type_subst(table, copy, NULL, 0), map);
  ck_assert_ptr_eq(type_subst(table, simple(TYPE_INT), args, 2), simple(TYPE_INT));
  const Type *deep = type_simple(into, TYPE_INT);
  for (unsigned i = 1; i < TYPE_DEPTH_MAX; i++) deep = type_unary(into, TYPE_LIST, deep);
  ck_assert_ptr_null(type_subst(into, unary(TYPE_LIST, t0), &deep, 1));
  type_table_free(into);
}
END_TEST

static void check_print(const Type *type, const char *expected) {
  char text[64];
  ck_assert_uint_eq(type_print(type, text, sizeof text, NULL, NULL), strlen(expected));
  ck_assert_str_eq(text, expected);
}

START_TEST(printing) {
  const Type *integer = simple(TYPE_INT), *string = simple(TYPE_STRING);
  check_print(binary(TYPE_MAP, string, unary(TYPE_OPT, integer)), "[string: int?]");
  check_print(unary(TYPE_LIST, binary(TYPE_TUPLE, integer, string)), "[(int, string)]");
  const Type *fn = binary(TYPE_FN, integer, unary(TYPE_OPT, string));
  check_print(fn, "fn(int) -> string?");
  check_print(unary(TYPE_OPT, fn), "(fn(int) -> string?)?");
  check_print(unary(TYPE_FN, simple(TYPE_VOID)), "fn()");
  check_print(binary(TYPE_RESULT, integer, string), "int!");
  check_print(type_intern(table, TYPE_CLASS, 7, &integer, 1), "class 7<int>");
  check_print(type_intern(table, TYPE_PARAM, 2, NULL, 0), "param 2");
  check_print(simple(TYPE_NEVER), "never");
  char cut[5];
  ck_assert_uint_eq(type_print(fn, cut, sizeof cut, NULL, NULL), 4);
  ck_assert_str_eq(cut, "fn(i");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("type");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, setup, teardown);
  tcase_add_test(all, equal_types_are_one);
  tcase_add_test(all, many_types_stay_findable);
  tcase_add_test(all, wrong_shapes_are_refused);
  tcase_add_test(all, depth_and_size_are_limited);
  tcase_add_test(all, layout);
  tcase_add_test(all, too_many_slots_are_marked);
  tcase_add_test(all, substitution);
  tcase_add_test(all, printing);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}
