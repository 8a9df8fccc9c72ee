/* test_allocations.c - what does not allocate: loops over scalars, look-ups, optionals, results, tuples, calls.
 *
 * Each row is run with two numbers of rounds, with and without its loop. What the loop allocates (Guest.allocated, the logical bytes of every object and
 * buffer) must not depend on the number: making an iterator may allocate, a step of it may not. What makes a list (`m.keys()`, `xs.zip(ys)`), sorts
 * with a list to merge into, or makes strings is not here.
 */
#include "sources.h"

#include "lockstep.h"

typedef struct Row { const char *name, *before, *loop; } Row;

static const char head[] =
  "fn f(x: int) -> int! { if x == -1 { fail \"e\" }; x }\n"
  "fn g(x: int) -> int? => if x == -1 { nil } else { x }\n"
  "fn h(x: int) -> (int, int) => (x, x + 1)\n"
  "class P { var a: int; fn m(self) -> int => self.a }\n"
  "enum E { a; b(int) }\n"
  "trait T { fn v(self) -> int }\n"
  "class C1: T { fn v(self) -> int => 1 }\n"
  "class C2: T { fn v(self) -> int => 2 }\n"
  "extend int: T { fn v(self) -> int => self }\n";

static const Row rows[] = {
  {"for list", "let xs: [int] = []; xs.fill(n, 1)",
   "for x in xs { k += x }"},
  {"for list of tuple", "let xs: [(int, int)] = []; xs.fill(n, (1, 2))",
   "for (a, b) in xs { k += a + b }"},
  {"for list of strings", "let xs: [string] = []; xs.fill(n, \"ab\")",
   "for x in xs { k += x.len() }"},
  {"for range", "",
   "for i in 0..n { k += i }"},
  {"for range rev step", "",
   "for i in (0..n).rev().step(3) { k += i }"},
  {"for range value", "let r = 0..n",
   "for i in r { k += i }"},
  {"for iter of list", "let xs: [int] = []; xs.fill(n, 1); let it = xs.iter()",
   "for x in it { k += x }"},
  {"for range.iter", "let it = (0..n).iter()",
   "for x in it { k += x }"},
  {"for map", "let m: [int: int] = [:]; for i in 0..n { m[i] = i }",
   "for (a, b) in m { k += a + b }"},
  {"for set", "let m = Set<int>(); for i in 0..n { m.add(i) }",
   "for a in m { k += a }"},
  {"m[k]", "let m = [1: 2]",
   "for i in 0..n { k += m[i & 1] ?? 0 }"},
  {"m[k] string key", "let m = [\"a\": 2]; let s = \"a\"",
   "for i in 0..n { k += m[s] ?? 0 }"},
  {"m[k] tuple key", "let m = [(1, 2): 2]",
   "for i in 0..n { k += m[(i & 1, 2)] ?? 0 }"},
  {"m[k] float value", "let m = [1: 2.0]; var x = 0.0",
   "for i in 0..n { x += m[i & 1] ?? 0.0 }"},
  {"m[k] = v", "let m = [1: 2]",
   "for i in 0..n { m[1] = i }"},
  {"if let, m[k]", "let m = [1: 2]",
   "for i in 0..n { if let v = m[1] { k += v } }"},
  {"adding and removing keys", "let m = [1: 2]",
   "for i in 0..n { m.remove(1); m[1] = 2 }"},
  {"Set.contains", "let m = Set([1])",
   "for i in 0..n { if m.contains(i) { k += 1 } }"},
  {"a result, caught", "",
   "for i in 0..n { k += f(i) catch 0 }"},
  {"a result, matched", "",
   "for i in 0..n { match f(i) { .ok(v) => { k += v }; .err(e) => { k += 1 } } }"},
  {"an optional", "",
   "for i in 0..n { k += g(i) ?? 0; if let v = g(i) { k += v } }"},
  {"an optional, matched", "",
   "for i in 0..n { match g(i) { nil => { k += 1 }; v => { k += v } } }"},
  {"a tuple taken apart", "",
   "for i in 0..n { let (a, b) = h(i); k += a + b }"},
  {"string chars", "let s = \"aé\".repeat(n)",
   "for c in s { if c == 'a' { k += 1 } }"},
  {"a character as a slice", "let s = \"a\".repeat(n)",
   "for i in 0..n { if s[i..i + 1] == \"a\" { k += 1 } }"},
  {"list.enumerate", "let xs: [int] = []; xs.fill(n, 1)",
   "for (i, x) in xs.enumerate() { k += i + x }"},
  {"iter.enumerate", "let xs: [int] = []; xs.fill(n, 1)",
   "for (i, x) in xs.iter().enumerate() { k += i + x }"},
  {"range.enumerate", "",
   "for (i, x) in (0..n).enumerate() { k += i + x }"},
  {"string.enumerate", "let s = \"a\".repeat(n)",
   "for (i, c) in s.iter().enumerate() { k += i }"},
  {"iter.zip", "let xs: [int] = []; xs.fill(n, 1)",
   "for (a, b) in xs.iter().zip(xs) { k += a + b }"},
  {"iter map filter", "let xs: [int] = []; xs.fill(n, 1)",
   "for a in xs.iter().map(|x| x + 1).filter(|x| x > 0) { k += a }"},
  {"while let, pop", "let xs: [int] = []; xs.fill(n, 1)",
   "while let x = xs.pop() { k += x }"},
  {"while let, next", "let it = (0..n).iter()",
   "while let x = it.next() { k += x }"},
  {"a closure", "let c = |x: int| x + n",
   "for i in 0..n { k += c(i) }"},
  {"a closure that assigns", "let c = || { k += 1 }",
   "for i in 0..n { c() }"},
  {"fold and each", "let xs: [int] = []; xs.fill(n, 1)",
   "k += xs.fold(0, |a, b| a + b); xs.each(|x| { k += x })"},
  {"any, all, sum, contains", "let xs: [int] = []; xs.fill(n, 1)",
   "k += xs.sum(); if xs.any(|x| x == 2) || xs.all(|x| x == 2) || xs.contains(3) { k += 1 }"},
  {"a method", "let p = P(1)",
   "for i in 0..n { p.a = i; k += p.m() }"},
  {"an enum without payload", "",
   "for i in 0..n { let e = E.a; if let .b(x) = e { k += x } }"},
  {"enum match", "let e = E.b(3)",
   "for i in 0..n { match e { .a => { k += 1 }; .b(x) => { k += x } } }"},
  {"a call on a trait value", "let ts: [T] = [C1(), C2(), 7]",
   "for i in 0..n { k += ts[i % 3].v() }"},
  {"a channel", "let c = Channel<int>(0); spawn (|| { for i in 0..n { c.send(i) }; c.close() })()",
   "for x in c { k += x }"},
  {"a generator", "let it: Iterator<int> = generate(|emit| { for i in 0..n { emit(i) } })",
   "for x in it { k += x }"},
  {"equal lists", "let xs: [int] = []; xs.fill(n, 1); let ys = xs.copy()",
   "if xs == ys { k += 1 }"},
  {"equal tuples and optionals", "",
   "for i in 0..n { if (i, 2) == (k, 2) || g(i) == 3 { k += 1 } }"},
  {"get, first, last", "let xs: [int] = []; xs.fill(n, 1)",
   "for i in 0..n { k += xs.get(i) ?? 0; k += xs.first() ?? 0; k += xs.last() ?? 0 }"},
  {"find and int()", "let s = \"abc\"",
   "for i in 0..n { k += s.find(\"c\") ?? 0; k += int(\"12\") ?? 0 }"},
  {"defer", "",
   "for i in 0..n { defer { k += 1 } }"},
  {"for bytes", "let b = bytes(n)",
   "for x in b { k += x }"},
  {"float list", "let xs: [float] = []; xs.fill(n, 1.5); var x = 0.0",
   "for y in xs { x += y }"},
  {"min/max", "let xs: [int] = []; xs.fill(n, 1)",
   "for i in 0..n { k += i.min(3).max(4).clamp(1, 2) }; k += xs.min() ?? 0"},
  {"m.contains", "let m = [1: 2]",
   "for i in 0..n { if m.contains(i) { k += 1 } }"},
};
enum { NROWS = sizeof rows / sizeof *rows, FEW = 1000, MANY = 3000 };

/* What a program allocates to its end. */
static int64_t program_allocates(const Row *row, int rounds, bool with_loop) {
  char *text;
  int length = asprintf(&text, "%slet n = %d\nvar k = 0\n%s\n%s\nif k == -7 { print(k) }\n", head, rounds, row->before, with_loop ? row->loop : "");
  ck_assert_int_gt(length, 0);
  Program *program = program_of(text);
  free(text);
  Guest *guest = guest_new(program, &(GuestOptions){.fuel = INT64_MAX});
  ck_assert_int_eq(guest_run(guest), GUEST_FINISHED);
  int64_t allocated = (int64_t)guest->allocated;
  guest_free(guest);
  program_free(program);
  return allocated;
}

START_TEST(allocates_nothing) {
  const Row *row = &rows[_i];
  int64_t few = program_allocates(row, FEW, true) - program_allocates(row, FEW, false);
  int64_t many = program_allocates(row, MANY, true) - program_allocates(row, MANY, false);
  ck_assert_msg(few == many, "%s: %.2f bytes a round", row->name, (double)(many - few) / (MANY - FEW));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("allocations");
  TCase *tcase = tcase_create("rows");
  tcase_add_loop_test(tcase, allocates_nothing, 0, NROWS);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
