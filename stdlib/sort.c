/* sort.c - natives of lists that sort: ints, and strings by their bytes. Other elements prelude.firn sorts.
 *
 * Merge sort from below, stable. Nothing is allocated on the heap meanwhile, so that strings need not be roots; the fuel, one unit for each
 * comparison that a list of the size may need, is charged before.
 */
#include <stdlib.h>

#include "stdlib/support.h"

/* A string with its first eight bytes, which decide most comparisons. */
typedef struct Word {
  uint64_t head;
  String *string;
} Word;

static bool int_before(const int64_t *a, const int64_t *b) { return *a < *b; }

static bool word_before(const Word *a, const Word *b) {
  if (a->head != b->head) return a->head < b->head;
  int64_t common = a->string->length < b->string->length ? a->string->length : b->string->length;
  int order = common > 8 ? memcmp(a->string->bytes + 8, b->string->bytes + 8, (size_t)common - 8) : 0;
  return order != 0 ? order < 0 : a->string->length < b->string->length;
}

/* Defines NAME(items, spare, count): sorts items, with as much room in spare. */
#define SORT(NAME, Item, before)                                                                        \
  static void NAME##_runs(Item *items, size_t count, size_t run) {                                      \
    for (size_t from = 0; from < count; from += run) {                                                  \
      size_t end = count - from < run ? count : from + run;                                             \
      for (size_t i = from + 1; i < end; i++) {                                                         \
        Item item = items[i];                                                                           \
        size_t to = i;                                                                                  \
        for (; to > from && before(&item, &items[to - 1]); to--) items[to] = items[to - 1];             \
        items[to] = item;                                                                               \
      }                                                                                                 \
    }                                                                                                   \
  }                                                                                                     \
  static void NAME##_merge(Item *items, Item *spare, size_t middle, size_t count) {                     \
    if (!before(&items[middle], &items[middle - 1])) return;                                            \
    memcpy(spare, items, middle * sizeof *items);                                                       \
    size_t left = 0, right = middle, to = 0;                                                            \
    while (left < middle && right < count) {                                                            \
      items[to++] = before(&items[right], &spare[left]) ? items[right++] : spare[left++];               \
    }                                                                                                   \
    memcpy(items + to, spare + left, (middle - left) * sizeof *items);                                  \
  }                                                                                                     \
  static void NAME(Item *items, Item *spare, size_t count) {                                            \
    size_t run = 12;                                                                                    \
    NAME##_runs(items, count, run);                                                                     \
    for (; run < count; run *= 2) {                                                                     \
      for (size_t from = 0; count - from > run; from += 2 * run) {                                      \
        NAME##_merge(items + from, spare, run, count - from < 2 * run ? count - from : 2 * run);        \
        if (count - from <= 2 * run) break;                                                             \
      }                                                                                                 \
    }                                                                                                   \
  }

SORT(ints_sort, int64_t, int_before)
SORT(words_sort, Word, word_before)

/* How often each item is compared, at most about. */
static int64_t sort_steps(int64_t count) {
  int64_t steps = 1;
  for (int64_t n = count; n > 1; n /= 2) steps++;
  return steps;
}

static bool is_sorted(const int64_t *items, int64_t count) {
  for (int64_t i = 1; i < count; i++) {
    if (items[i] < items[i - 1]) return false;
  }
  return true;
}

NATIVE("list.sort_ints", sort_ints, "([int]) -> void", "Puts ints into ascending order.") {
  List *list = args[0].p;
  int64_t before = guest->fuel;
  CHARGE(guest, (uint64_t)list->length * sizeof(int64_t));
  if (is_sorted(list->data, list->length)) return TRAP_NONE;
  Trap unpaid = work_pay(guest, list->length * sort_steps(list->length));
  if (unpaid) {
    work_undo(guest, before);
    return unpaid;
  }
  int64_t *spare = malloc((size_t)list->length * sizeof *spare);
  if (!spare) return TRAP_OUT_OF_MEMORY;
  ints_sort(list->data, spare, (size_t)list->length);
  free(spare);
  return TRAP_NONE;
}

static uint64_t string_head(const String *s) {
  uint64_t head = 0;
  for (int64_t i = 0; i < 8; i++) head = head << 8 | (i < s->length ? (uint8_t)s->bytes[i] : 0);
  return head;
}

NATIVE("list.sort_strings", sort_strings, "([string]) -> void", "Puts strings into ascending order, by their bytes.") {
  List *list = args[0].p;
  size_t count = (size_t)list->length;
  if (count < 2) return TRAP_NONE;
  Value *items = list->data;
  int64_t before = guest->fuel, bytes = 0;
  CHARGE(guest, count * sizeof *items);
  for (size_t i = 0; i < count; i++) bytes += ((const String *)items[i].p)->length;
  Trap unpaid = work_pay(guest, (2 * list->length + WORK_FUEL(bytes)) * sort_steps(list->length));
  if (unpaid) {
    work_undo(guest, before);
    return unpaid;
  }
  Word *words = malloc(2 * count * sizeof *words);
  if (!words) return TRAP_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) words[i] = (Word){string_head(items[i].p), items[i].p};
  words_sort(words, words + count, count);
  for (size_t i = 0; i < count; i++) items[i].p = words[i].string;
  free(words);
  return TRAP_NONE;
}
