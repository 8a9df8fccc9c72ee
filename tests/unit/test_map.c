/* test_map.c - maps and lists against naive models, keys of every plain kind. */
#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static uint64_t seed = 1;

static uint64_t random_next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

/* The model: keys and values in order of insertion, removed by moving down. */
enum { MODEL_MAX = 4096 };
static int64_t model_keys[MODEL_MAX], model_values[MODEL_MAX];
static int model_count;

static int model_find(int64_t key) {
  for (int i = 0; i < model_count; i++) {
    if (model_keys[i] == key) return i;
  }
  return -1;
}

static void model_remove(int at) {
  model_count--;
  memmove(model_keys + at, model_keys + at + 1, (size_t)(model_count - at) * sizeof *model_keys);
  memmove(model_values + at, model_values + at + 1, (size_t)(model_count - at) * sizeof *model_values);
}

typedef Value (*KeyMaker)(int64_t number);

static Value key_int(int64_t number) { return (Value){.i = number * 1000003 - 500}; }

static Value key_string(int64_t number) {
  char text[32];
  return (Value){.p = string_new(&fixture.guest, text, (size_t)snprintf(text, sizeof text, "k%ld", (long)number))};
}

static Value key_float(int64_t number) { return (Value){.f = (double)number / 4}; }

static int64_t position_of(const Map *map, const Value *key) {
  int64_t position;
  ck_assert_int_eq(map_find(&fixture.guest, map, key, &position), TRAP_NONE);
  return position;
}

static void agree(const Map *map, const Type *key_type, KeyMaker make) {
  ck_assert_int_eq(map->live, model_count);
  int64_t at = -1;
  for (int i = 0; i < model_count; i++) {
    at = map_next(map, at);
    const Value *entry = map_entry(map, at);
    ck_assert_ptr_nonnull(entry);
    Value key = make(model_keys[i]);
    ck_assert(key_equal(key_type, entry, &key));
    ck_assert_int_eq(entry[1].i, model_values[i]);
  }
  ck_assert_int_eq(map_next(map, at), -1);
}

static void step(Map *map, const Type *key_type, KeyMaker make, int range, bool mostly_add) {
  int64_t number = (int64_t)(random_next() % (unsigned)range), value = (int64_t)random_next();
  Value key = make(number), v = {.i = value};
  int expected = model_find(number);
  int64_t at = position_of(map, &key), version = map->version;
  ck_assert_int_eq(at < 0, expected < 0);
  if (expected >= 0) ck_assert_int_eq(map_entry(map, at)[1].i, model_values[expected]);
  bool add = random_next() % 8 < (mostly_add ? 6 : 2);
  if (add && expected < 0) {
    ck_assert_int_eq(map_add(&fixture.guest, map, &key, &v, key_hash(key_type, &key)), TRAP_NONE);
    model_keys[model_count] = number;
    model_values[model_count++] = value;
  } else if (add) {
    map_entry(map, at)[1] = v;
    model_values[expected] = value;
    ck_assert_int_eq(map->version, version);
  } else if (expected >= 0) {
    ck_assert_int_eq(map_delete(&fixture.guest, map, at), TRAP_NONE);
    ck_assert_int_ne(map->version, version);
    model_remove(expected);
  }
}

static void against_model(const Type *key_type, KeyMaker make) {
  ObjDesc *desc = desc_for(&fixture.program, type_of(TYPE_MAP, key_type, simple(TYPE_INT)));
  static const int ranges[] = {3, 9, 40, 1000};
  for (unsigned r = 0; r < sizeof ranges / sizeof *ranges; r++) {
    Map *map = map_new(&fixture.guest, desc);
    fixture.slots[0].p = map;
    model_count = 0;
    for (int i = 0; i < 20000; i++) {
      step(map, key_type, make, ranges[r], i / 1000 % 2 == 0);
      if (i % 500 == 0) agree(map, key_type, make);
      if (i % 7919 == 7918) {
        map_clear(map);
        model_count = 0;
      }
    }
  }
}

START_TEST(ints) { against_model(simple(TYPE_INT), key_int); }
END_TEST
START_TEST(strings) { against_model(simple(TYPE_STRING), key_string); }
END_TEST
START_TEST(floats) { against_model(simple(TYPE_FLOAT), key_float); }
END_TEST

START_TEST(keys_that_need_care) {
  const Type *f = simple(TYPE_FLOAT);
  Value zero = {.f = 0.0}, minus = {.f = -0.0}, nan = {.u = CANONICAL_NAN};
  ck_assert(key_equal(f, &zero, &minus) && key_hash(f, &zero) == key_hash(f, &minus));
  ck_assert(key_equal(f, &nan, &nan) && !key_equal(f, &nan, &zero));
  const Type *kinds[] = {simple(TYPE_INT), simple(TYPE_BOOL), f, simple(TYPE_STRING)};
  for (unsigned k = 0; k < 4; k++) {
    const Type *once = opt_of(kinds[k]), *twice = opt_of(once);
    Value values[3][2] = {{{0}}};
    opt_set_nil(once, values[0]);
    opt_set_nil(twice, values[1]);
    values[2][0] = kinds[k]->kind == TYPE_STRING ? key_string(1) : (Value){.i = 1};
    opt_wrap(once, values[2]);
    for (int i = 0; i < 3; i++) {
      ck_assert_int_eq(opt_is_nil(twice, values[i]), i == 1);
      for (int j = 0; j < 3; j++) ck_assert_int_eq(key_equal(twice, values[i], values[j]), i == j);
      for (int j = 0; j < i; j++) ck_assert_int_ne(key_hash(twice, values[i]), key_hash(twice, values[j]));
    }
    Value float_nil[2] = {{0}};
    opt_set_nil(once, float_nil);
    ck_assert(opt_is_nil(once, float_nil));
    opt_unwrap(once, values[2]);
    ck_assert(kinds[k]->kind == TYPE_STRING || values[2][0].i == 1);
  }
  const Type *parts[2] = {simple(TYPE_STRING), simple(TYPE_INT)};
  const Type *tuple = type_intern(fixture.program.types, TYPE_TUPLE, 0, parts, 2);
  Value a[2] = {key_string(5), {.i = 5}}, b[2] = {key_string(5), {.i = 5}}, c[2] = {key_string(5), {.i = 6}};
  ck_assert(type_is_plain_key(tuple) && key_equal(tuple, a, b) && !key_equal(tuple, a, c));
  ck_assert_int_eq(key_hash(tuple, a), key_hash(tuple, b));
  ck_assert_int_ne(key_hash(tuple, a), key_hash(tuple, c));
  ck_assert(!type_is_plain_key(type_unary(fixture.program.types, TYPE_LIST, simple(TYPE_INT))));
}
END_TEST

/* The hash is part of the machine's definition: these numbers hold everywhere. */
START_TEST(hashes_are_fixed) {
  String *empty = string_new(&fixture.guest, "", 0), *hello = string_new(&fixture.guest, "hello, world", 12);
  ck_assert_uint_eq(string_hash(empty), 1);
  ck_assert_uint_eq(string_hash(hello), 3512729463u);
}
END_TEST

/* Keys whose hash the guest computes: every one of a chain is found, once. */
START_TEST(probing) {
  ObjDesc *desc = desc_for(&fixture.program, type_of(TYPE_MAP, type_unary(fixture.program.types, TYPE_LIST, simple(TYPE_INT)), simple(TYPE_INT)));
  Map *map = map_new(&fixture.guest, desc);
  fixture.slots[0].p = map;
  Value key = {.p = list_new(&fixture.guest, desc_list_of(&fixture.program, TYPE_INT), 0)};
  ck_assert_int_eq(position_of(map, &key), -1);
  for (int64_t i = 0; i < 1000; i++) ck_assert_int_eq(map_add(&fixture.guest, map, &key, &(Value){.i = i}, -(i % 10)), TRAP_NONE);
  for (int64_t i = 0; i < 1000; i += 3) ck_assert_int_eq(map_delete(&fixture.guest, map, i), TRAP_NONE);
  int found = 0;
  for (int64_t hash = 0; hash < 10; hash++) {
    for (int64_t at = map_probe(map, -1, -hash), last = 1000; at >= 0; last = at, at = map_probe(map, at, -hash)) {
      ck_assert_int_lt(at, last);
      ck_assert_int_eq(map_entry(map, at)[1].i % 10, hash);
      found++;
    }
  }
  ck_assert_int_eq(found, map->live);
  ck_assert_int_eq(map_probe(map, -1, 77), -1);
  ck_assert_int_eq(map_probe(map, INT64_MAX, 0), -1);
  ck_assert_int_eq(map_probe(map, INT64_MIN, 0), -1);
  ck_assert_int_eq(map_delete(&fixture.guest, map, 0), TRAP_INDEX);
  ck_assert_ptr_null(map_entry(map, INT64_MIN));
}
END_TEST

/* Keys with one hash cost fuel, one unit each; nothing else about a search for keys without strings does. */
START_TEST(equal_hashes_cost) {
  const Type *pair[] = {simple(TYPE_FLOAT), simple(TYPE_FLOAT)};
  const Type *key_type = type_intern(fixture.program.types, TYPE_TUPLE, 0, pair, 2);
  ObjDesc *desc = desc_for(&fixture.program, type_of(TYPE_MAP, key_type, simple(TYPE_INT)));
  Map *map = map_new(&fixture.guest, desc);
  fixture.slots[0].p = map;
  Value key[2];
  for (int i = 0; i < 100; i++) {
    key[0].f = key[1].f = i;
    ck_assert_int_eq(map_add(&fixture.guest, map, key, &(Value){.i = i}, key_hash(key_type, key)), TRAP_NONE);
  }
  int64_t before = fixture.guest.fuel;
  for (int i = 0; i < 100; i++) {
    key[0].f = key[1].f = i;
    ck_assert_int_eq(position_of(map, key), i);
  }
  ck_assert_int_eq(fixture.guest.fuel, before);
  key[0].f = key[1].f = -1;
  for (int i = 0; i < 100; i++) {
    Value other[2] = {{.f = 1000 + i}, {.f = 0}};
    ck_assert_int_eq(map_add(&fixture.guest, map, other, &(Value){.i = i}, key_hash(key_type, key)), TRAP_NONE);
  }
  before = fixture.guest.fuel;
  ck_assert_int_eq(position_of(map, key), -1);
  ck_assert_int_eq(fixture.guest.fuel, before - 100);

  /* The oldest of them is the last that a search, or a removal, comes to. With too little fuel nothing is done. */
  fixture.guest.fuel = 98 - WORK_AHEAD;
  ck_assert_int_eq(map_delete(&fixture.guest, map, 100), TRAP_RETRY);
  ck_assert_int_eq(fixture.guest.fuel, 98 - WORK_AHEAD);
  ck_assert_int_eq(fixture.guest.wanted, 99);
  ck_assert_int_eq(map->live, 200);
  fixture.guest.fuel++;
  ck_assert_int_eq(map_delete(&fixture.guest, map, 100), TRAP_NONE);
  ck_assert_int_eq(fixture.guest.fuel, -WORK_AHEAD);
  ck_assert_int_eq(map->live, 199);
}
END_TEST

/* Strings are paid for by their length, whether they are one object or hashed before; removed entries by whoever passes over them. */
START_TEST(long_keys_and_gaps_cost) {
  ObjDesc *desc = desc_for(&fixture.program, type_of(TYPE_MAP, simple(TYPE_STRING), simple(TYPE_INT)));
  Map *map = map_new(&fixture.guest, desc);
  fixture.slots[0].p = map;
  Value same = {.p = string_alloc(&fixture.guest, 1600)}, other = {.p = string_alloc(&fixture.guest, 1600)};
  fixture.slots[1] = same;
  fixture.slots[2] = other;
  memset(((String *)same.p)->bytes, 'x', 1600);
  memset(((String *)other.p)->bytes, 'x', 1600);
  ck_assert_int_eq(map_put(&fixture.guest, map, &same, &(Value){.i = 1}), TRAP_NONE);
  for (int i = 0; i < 3; i++) {
    int64_t before = fixture.guest.fuel;
    ck_assert_int_eq(position_of(map, i == 1 ? &same : &other), 0);
    ck_assert_int_eq(fixture.guest.fuel, before - 200);
  }
  for (int i = 0; i < 1000; i++) {
    Value key = key_string(i);
    ck_assert_int_eq(map_put(&fixture.guest, map, &key, &(Value){.i = i}), TRAP_NONE);
  }
  for (int i = 1; i < 1000; i++) ck_assert_int_eq(map_delete(&fixture.guest, map, i), TRAP_NONE);
  int64_t next, cost = 999 * 3 * 8 / 16;
  fixture.guest.fuel = cost - 1 - WORK_AHEAD;
  ck_assert_int_eq(map_advance(&fixture.guest, map, 0, &next), TRAP_RETRY);
  ck_assert_int_eq(fixture.guest.wanted, cost);
  fixture.guest.fuel++;
  ck_assert_int_eq(map_advance(&fixture.guest, map, 0, &next), TRAP_NONE);
  ck_assert_int_eq(next, 1000);
  ck_assert_int_eq(fixture.guest.fuel, -WORK_AHEAD);
}
END_TEST

/* A queue: memory is packed, not grown for ever. */
START_TEST(queue_stays_small) {
  ObjDesc *desc = desc_for(&fixture.program, type_of(TYPE_MAP, simple(TYPE_INT), simple(TYPE_VOID)));
  Map *map = map_new(&fixture.guest, desc);
  fixture.slots[0].p = map;
  for (int64_t i = 0; i < 200000; i++) {
    Value key = {.i = i};
    ck_assert_int_eq(map_add(&fixture.guest, map, &key, NULL, i), TRAP_NONE);
    if (i >= 20) ck_assert_int_eq(map_delete(&fixture.guest, map, map_next(map, -1)), TRAP_NONE);
  }
  ck_assert_int_eq(map->live, 20);
  ck_assert_int_le(map->capacity, 64);
}
END_TEST

/* Floats whose hashes have one mark, as whoever makes an image can choose them. */
static Value key_colliding(uint64_t number) {
  uint64_t inverse = UINT64_C(0x9e3779b97f4a7c15);
  for (int i = 0; i < 6; i++) inverse *= 2 - UINT64_C(0x9e3779b97f4a7c15) * inverse;
  uint64_t hash = (UINT64_C(0x12345) << 32 | number) * inverse;
  Value v = {.u = hash ^ hash >> 32};
  return v.f == v.f ? v : (Value){.f = (double)number};
}

static Map *map_of_colliding(const ObjDesc *desc, int64_t count, int64_t twice) {
  Map *map = map_restore(&fixture.guest, desc, (uint64_t)count, 1 << 18, 0);
  ck_assert_ptr_nonnull(map);
  for (int64_t i = 0; i < count; i++) {
    Value entry[2] = {key_colliding((uint64_t)(i == count - 1 && twice >= 0 ? twice : i)), {.i = i}};
    ck_assert(map_restore_entry(map, i, 0, entry));
  }
  return map;
}

START_TEST(restoring_equal_marks) {
  enum { COUNT = 200000 };
  const ObjDesc *desc = desc_for(&fixture.program, type_of(TYPE_MAP, simple(TYPE_FLOAT), simple(TYPE_INT)));
  heap_hold();
  ck_assert(!map_restore_index(map_of_colliding(desc, COUNT, 77)));
  ck_assert(!map_restore_index(map_of_colliding(desc, 20, 7)));
  Map *map = map_of_colliding(desc, COUNT, -1);
  fixture.slots[0].p = map;
  heap_release();
  ck_assert(map_restore_index(map));
  Value key = key_colliding(0);
  int64_t before = fixture.guest.fuel;
  ck_assert_int_eq(position_of(map, &key), 0);
  ck_assert_int_gt(before - fixture.guest.fuel, COUNT / 2); /* they do share it */
}
END_TEST

START_TEST(next_at_the_last_position) {
  Map *map = map_new(&fixture.guest, desc_for(&fixture.program, type_of(TYPE_MAP, simple(TYPE_INT), simple(TYPE_INT))));
  fixture.slots[0].p = map;
  ck_assert_int_eq(map_next(map, INT64_MAX), -1);
  ck_assert_int_eq(map_put(&fixture.guest, map, &(Value){.i = 1}, &(Value){.i = 2}), TRAP_NONE);
  ck_assert_int_eq(map_next(map, INT64_MAX), -1);
  ck_assert_int_eq(map_next(map, INT64_MIN), 0);
  ck_assert_int_eq(map_next(map, 0), -1);
}
END_TEST

START_TEST(lists) {
  static const TypeKind kinds[] = {TYPE_BOOL, TYPE_CHAR, TYPE_INT, TYPE_VOID};
  for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    List *list = list_new(&fixture.guest, desc_list_of(&fixture.program, kinds[k]), 0);
    fixture.slots[0].p = list;
    static int64_t model[4096];
    int64_t count = 0, limit = kinds[k] == TYPE_BOOL ? 2 : kinds[k] == TYPE_VOID ? 1 : 0x10ffff;
    for (int i = 0; i < 6000; i++) {
      Value v = {.i = (int64_t)(random_next() % (uint64_t)limit)}, out = {0};
      int64_t at = (int64_t)(random_next() % (uint64_t)(count + 1));
      switch (random_next() % 5) {
        case 0:
        case 1:
          ck_assert_int_eq(list_push(&fixture.guest, list, &v), TRAP_NONE);
          model[count++] = v.i;
          break;
        case 2:
          ck_assert_int_eq(list_insert(&fixture.guest, list, at, &v), TRAP_NONE);
          memmove(model + at + 1, model + at, (size_t)(count - at) * sizeof *model);
          model[at] = v.i;
          count++;
          break;
        case 3:
          ck_assert_int_eq(list_remove(&fixture.guest, list, at, &out), at < count ? TRAP_NONE : TRAP_INDEX);
          if (at == count) break;
          ck_assert_int_eq(out.i, model[at]);
          count--;
          memmove(model + at, model + at + 1, (size_t)(count - at) * sizeof *model);
          break;
        default:
          ck_assert_int_eq(list_pop(list, &out), count > 0);
          if (count) ck_assert_int_eq(out.i, model[--count]);
      }
      ck_assert_int_eq(list->length, count);
      if (count > 4000) count = 0, list_clear(&fixture.guest, list);
    }
    for (int64_t i = 0; i < count; i++) {
      Value out = {0};
      ck_assert_int_eq(list_get(&fixture.guest, list, i, &out), TRAP_NONE);
      ck_assert_int_eq(out.i, model[i]);
    }
    List *part;
    ck_assert_int_eq(list_slice(&fixture.guest, list, 1, 3, &part), TRAP_NONE);
    ck_assert_int_eq(list_append(&fixture.guest, part, part), TRAP_NONE);
    ck_assert_int_eq(part->length, 4);
    ck_assert_int_eq(list_slice(&fixture.guest, list, 3, 1, &part), TRAP_SLICE);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("map");
  TCase *tests = tcase_create("map");
  tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, ints);
  tcase_add_test(tests, strings);
  tcase_add_test(tests, floats);
  tcase_add_test(tests, keys_that_need_care);
  tcase_add_test(tests, hashes_are_fixed);
  tcase_add_test(tests, probing);
  tcase_add_test(tests, equal_hashes_cost);
  tcase_add_test(tests, long_keys_and_gaps_cost);
  tcase_add_test(tests, queue_stays_small);
  tcase_add_test(tests, restoring_equal_marks);
  tcase_add_test(tests, next_at_the_last_position);
  tcase_add_test(tests, lists);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
