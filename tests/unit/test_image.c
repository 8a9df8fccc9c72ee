/* test_image.c - guests with each kind of object are frozen, thawed and cloned at many points of their run.
 *
 * At each stop: thawed and cloned guests are in the state of the original, and freeze into the same bytes; a clone and a thawed guest that run to their ends,
 * on either tier, change nothing of the original. At the end output, fuel and status are those of a guest that nobody touched.
 */
#include "sources.h"

#include "images.h"
#include "vm/execute.h"
#include "vm/native.h"

typedef struct Sample { const char *name, *text; int64_t slice; } Sample;

/* With a slice of 0 the program is stopped at every safepoint. */
static const Sample samples[] = {
  {"strings", "let a = \"constant\"; let b = \"\"; let c = \"x\"; var d = \"\"; for i in 0..20 { d = d + \"é{i}\" }\nprint(a, b, c, d, d[0..2], a.chars())", 0},
  {"bytes", "let b = bytes(3); b.push(7); b.push(255); for i in 0..40 { b.push(i) }; let e = bytes(0)\nprint(b, e.len(), b.slice(3, 5))", 0},
  {"lists of each width",
   "let a = [true, false]; let b = ['x', 'é']; let c = [1, -2]; let d = [1.5, math.nan, -0.0]; let e = [\"s\", \"t\" + \"u\"]; let f = [(1, \"a\", true), (2, \"b\", false)]\n"
   "let g: [int?] = [nil, 3]; let h: [[int]] = [[], [1]]; let i: [void] = []; let j: [float?] = [nil, 0.5, math.nan]\n"
   "for k in 0..10 { a.push(k % 2 == 0); b.push('z'); c.push(k); d.push(float(k)); e.push(\"{k}\"); f.push((k, \"k\", true)); g.push(k); h.push([k]) }\n"
   "c.pop(); print(a, b, c, d, e, f, g, h, i, j)", 0},
  {"maps with each form of key",
   "enum Color { red; green; mix(int, int) }\n"
   "class Key: Eq, Hash { n: int; fn eq(self, other: Key) -> bool => self.n == other.n; fn hash(self) -> int => self.n % 3 }\n"
   "let a: [int: string] = [:]; let b: [string: int] = [:]; let c: [float: int] = [:]; let d: [(int, string): bool] = [:]; let e: [Color: int] = [:]\n"
   "let f: [Key: int] = [:]; let g: [bool: char] = [true: 'y']; let h: [int?: int] = [nil: 1, 2: 3]; let s = Set([\"x\"]); let t: [char: [int]] = ['a': [1]]\n"
   "for i in 0..12 { a[i] = \"v{i}\"; b[\"k{i}\"] = i; c[float(i) / 2.0] = i; d[(i, \"p\")] = true; e[.mix(i, 1)] = i; f[Key(n: i)] = i; s.add(\"{i}\") }\n"
   "c[math.nan] = 1; c[-0.0] = 2; e[.red] = 0\n"
   "for i in 0..9 { a.remove(i + 1); b.remove(\"k{i}\"); f.remove(Key(n: i)); d.remove((i, \"p\")); e.remove(.mix(i, 1)) }\n"
   "a[100] = \"last\"; print(a, b, c, d, e, f.len(), f[Key(n: 10)] ?? 0, g, h, s, t); a.clear(); print(a)", 30},
  {"a map while it is walked through",
   "let m = [\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4]\nm.remove(\"b\")\nvar total = 0\nfor (k, v) in m { total += v; m[k] = v * 10; for k2 in m.keys() { total += k2.len() } }\nprint(total, m)", 0},
  {"a map changed while it is walked through", "let m = [1: 1, 2: 2]\nfor (k, v) in m { m[k + 10] = v }\nprint(m)", 0},
  {"instances, cyclic and shared",
   "class Node { value: int; var next: Node? = nil; var other: [Node] = [] }\nlet a = Node(value: 1); let b = Node(value: 2)\na.next = b; b.next = a; a.other.push(a); a.other.push(b)\n"
   "let shared = [1]; let holders = [shared, shared]\nholders[0].push(2)\nvar n = a\nfor i in 0..9 { n = n.next! }\nprint(holders, n.value, a.other[0].next!.value, shared)", 0},
  {"generic classes", "class Pair<A, B> { var a: A; var b: B }\nlet p = Pair(a: 1, b: \"x\"); let q = Pair(a: 1.5, b: p); let r = Pair(a: (1, 'c'), b: Pair(a: true, b: [q]))\nq.a += 1.0; p.a += 1; print(p, q, r)", 0},
  {"enums", "enum E { none; one(int); two(a: string, b: E); wide(float, bool, (int, string)) }\nlet all: [E] = [.none, .one(1), .two(\"s\", .two(\"t\" + \"u\", .none)), .wide(0.5, true, (3, \"x\"))]\n"
   "enum Opt<T> { no; yes(T) }\nlet o: [Opt<int>] = [.no, .yes(2)]; let p: [Opt<string>] = [.no, .yes(\"s\" + \"t\")]\nfor e in all { match e { .none => print(0); .one(n) => print(n); .two(a, b) => print(a, b); .wide(f, _, t) => print(f, t) } }\nprint(all, o, p)", 0},
  {"closures and captured variables",
   "fn counter(step: int) -> fn() -> int { var n = 0; || { n += step; n } }\nlet a = counter(1); let b = counter(10); a(); b(); let fs = [a, b, a]\nvar s = \"\"\nlet add = |x: string| { s = s + x }\n"
   "let t = (1, \"two\", 3.0); let held = |k: int| \"{k}{t}{s}\"\nfor f in fs { add(\"{f()} \") }\nlet g: fn(int) -> int = |x| x * 2; let o: (fn(int) -> int)? = nil; fn plain(x: int) -> int => x + 1\nlet h: fn(int) -> int = plain\nprint(s, held(1), g(2), o == nil, h(3))", 0},
  {"trait values",
   "trait Shape { fn area(self) -> float; fn twice(self) -> float => self.area() * 2.0 }\nclass Sq: Shape { a: float; fn area(self) -> float => self.a * self.a }\nextend int: Shape { fn area(self) -> float => float(self) }\n"
   "extend string: Shape { fn area(self) -> float => float(self.len()) }\nextend (int, int): Shape { fn area(self) -> float => float(self.0 * self.1) }\nextend [int]: Shape { fn area(self) -> float { var t = 0.0; for x in self { t += float(x) }; t } }\n"
   "enum U: Shape { u; v(float); fn area(self) -> float => 0.25 }\nlet all: [Shape] = [Sq(a: 1.5), 7, \"str\", (3, 4), [1, 2, 3], U.u, U.v(1.0)]\nvar sum = 0.0\nfor s in all { sum += s.twice() }\n"
   "for s in all { match s { x: int => print(\"int\", x); x: Sq => print(x.a); x: (int, int) => print(x.1); _ => print(s.area()) } }\nprint(sum)", 0},
  {"a one-instruction implementation through a trait",
   "trait Sized { fn len(self) -> int }\nextend [int]: Sized { fn len(self) -> int => 99 }\nclass V: Add { x: int; fn add(self, other: V) -> V => V(x: self.x + other.x) }\n"
   "fn both<T: Add>(a: T, b: T) -> T => a + b\nlet xs: [Show] = [1, 2.5, \"s\", true, 'c']\nfor x in xs { print(x.show()) }\nvar t = 0\nfn code<T: Hash>(x: T) -> int => x.hash() & 1\nt += code(1) + code(\"s\") + code('c')\n"
   "print(t, both(1, 2), both(\"a\", \"b\"), both(V(x: 1), V(x: 2)).x, [3, 1, 2].sorted(), [\"b\", \"a\"].sorted())", 0},
  {"optionals of each form and depth",
   "class C { n: int }\nlet a: [int?] = [nil, 1]; let b: [int??] = [nil, 1]; let c: [float?] = [nil, 1.0, math.nan]; let d: [float??] = [nil, 2.0]; let e: [bool?] = [nil, true, false]; let f: [bool???] = [nil, true]\n"
   "let g: [char?] = [nil, 'x']; let h: [string?] = [nil, \"\", \"s\"]; let i: [string??] = [nil, \"t\"]; let j: [C?] = [nil, C(n: 1)]; let k: [(int, string)?] = [nil, (1, \"a\")]; let l: [[int]?] = [nil, []]\n"
   "let inner: int? = nil; let m: int?? = inner; let ins: string? = nil; let n: string?? = ins; let inf: float? = nil; let o: float?? = inf; let inb: bool? = nil; let p: bool?? = inb; let int3: int??? = m; let v: [void?] = [nil]\n"
   "for q in 0..3 { print(m == nil, n == nil, o == nil, p == nil, int3 == nil) }\nprint(a, b, c, d, e, f, g, h, i, k, l, v, j[1]?.n ?? 0, m, n, o, p, int3)", 0},
  {"results",
   "class Bad: Error { code: int; fn message(self) -> string => \"bad {self.code}\" }\nfn may(n: int) -> int! { if n % 3 == 1 { fail Bad(code: n) }; if n % 3 == 2 { fail \"text {n}\" }; n }\nfn text(n: int) -> (string, int)! { let k = try may(n); (\"ok\", k) }\n"
   "fn none(n: int) -> void! { let x = try may(n); print(x) }\nfor i in 0..6 { match text(i) { .ok(t) => print(t.0, t.1); .err(e) => print(e.message()) }\n none(i) catch e { print(\"none\", e.message()) } }", 0},
  {"tuples", "let a = (1, (2.5, \"x\", (true, 'c'))); let b = [a, a]; let m = [(1, \"k\"): (a, [a])]\nfn swap<A, B>(t: (A, B)) -> (B, A) => (t.1, t.0)\nlet (x, y) = swap(a); print(a, b, m, x, y, swap(swap(a)))", 0},
  {"globals, unset and set", "fn early() -> int => 1\nlet a = early(); let b = \"{a}\"; var c: [int]? = nil\nprint(a, b, c)\nlet d = 2.5; c = [a]; let e: fn() -> int = early\nprint(d, c, e())", 0},
  {"a global read too early", "fn early() -> int => late + 1\nprint(\"first\")\nlet x = early()\nlet late = 1", 0},
  {"iterators and sorting", "let xs = [5, 3, 9, 1]; print(xs.sorted_by(|a, b| b - a), xs.map(|x| x * 2).filter(|x| x > 5), (0..10).step(3).to_list(), xs.iter().map(|x| \"{x}\").to_list())\n"
   "class Up: Iterator<int> { var n: int; fn next(self) -> int? { self.n += 1; if self.n > 3 { nil } else { self.n } } }\nfor x in Up(n: 0) { print(x) }\nprint(Up(n: 0).map(|x| x * x).to_list())", 20},
  {"recursion", "fn tree(n: int) -> [string] { if n == 0 { return [] }; let left = tree(n - 1); let right = tree(n - 1); left.concat([\"{n}\"]).concat(right) }\nprint(tree(4).len())", 25},
  {"printing of cycles and objects", "class P { name: string; var friends: [P] = []; tags: [string: int?] = [:] }\nlet a = P(name: \"a\"); let b = P(name: \"b\", friends: [a]); a.friends.push(b); a.tags[\"x\"] = nil; print(a); print(\"{b}\")", 0},
  {"tasks",
   "fn worker(id: int, jobs: Channel<int>, out: Channel<string>) -> int { var n = 0; for j in jobs { out.send(\"{id}:{j}\"); n += 1 }; n }\nfn bad(n: int) -> int! { if n > 1 { fail \"bad {n}\" }; n }\n"
   "fn evens() -> Iterator<int> => generate(|emit| { var n = 0; while true { emit(n); n += 2 } })\nlet jobs = Channel<int>(1); let out = Channel<string>(0); let ends = spawn bad(1); let fails = spawn bad(2)\n"
   "let all = [1, 2].map(|id| spawn worker(id, jobs, out)); let feeder = spawn (|| { for n in 0..4 { jobs.send(n) }; jobs.close() })(); let e = evens()\n"
   "print(e.next(), out.recv(), ends.wait() catch 0); var t: [string] = []\nfor i in 0..3 { t.push(out.recv() ?? \"?\") }\nprint(t, e.next(), fails.wait() catch 7, feeder.done()); for w in all { print(w.wait()) }\nprint(feeder.done(), e.next())", 0},
  {"a deadlock", "let c = Channel<int>(0); let t = spawn (|| { c.send(1); c.send(2) })()\nprint(c.recv() ?? 0, t.done()); let d = Channel<string>(1); print(d.recv())", 0},
  {"defer and panics", "fn f(n: int) -> int { defer print(\"left {n}\"); if n > 2 { panic(\"deep {n}\") }; f(n + 1) }\nprint(f(0))", 0},
  {"an exit", "print(\"a\"); if true { exit(7) }; print(\"b\")", 0},
};
enum { NSAMPLES = sizeof samples / sizeof *samples, STOPS_MAX = 400 };

static Program *sample_program(const Sample *sample) {
  char *text;
  ck_assert_int_gt(asprintf(&text, "import math\n%s\n", sample->text), 0);
  Program *program = program_of(text);
  free(text);
  return program;
}

static void output_write(void *ctx, const char *bytes, size_t length) { buffer_put(ctx, bytes, length); }

static Guest *guest_for(Program *program, Buffer *output, int64_t fuel) {
  GuestOptions options = {.fuel = fuel, .grants = CAP_ALL, .write = output_write, .write_ctx = output};
  Guest *guest = guest_new(program, &options);
  ck_assert_ptr_nonnull(guest);
  return guest;
}

static bool is_alive(const Guest *guest) { return guest->status == GUEST_RUNNABLE || guest->status == GUEST_PAUSED; }

typedef struct Ending {
  Buffer output;
  GuestStatus status;
  Trap trap;
  int64_t exit_status;
  uint64_t fuel, hash;
  char *report;
} Ending;

/* Runs a guest to its end, and frees it. */
static Ending run_out(Guest *guest, Tier tier, const Buffer *before) {
  Ending ending = {0};
  if (before) buffer_put(&ending.output, before->bytes, before->length);
  guest->options.tier = tier;
  guest->options.write = output_write;
  guest->options.write_ctx = &ending.output;
  guest_grant(guest, INT64_MAX);
  guest_run(guest);
  ending.status = guest->status;
  ending.trap = guest->trap;
  ending.exit_status = guest->exit_status;
  ending.fuel = guest_fuel_used(guest);
  ending.hash = guest->status == GUEST_FINISHED ? 0 : guest_state_hash(guest);
  ending.report = guest_report(guest);
  guest_free(guest);
  return ending;
}

static void ending_compare(Ending *ending, const Ending *wanted, const char *what) {
  ck_assert_msg(buffer_equal(&ending->output, &wanted->output), "%s: wrote\n%.*s\nnot\n%.*s", what, (int)ending->output.length, (char *)ending->output.bytes,
                (int)wanted->output.length, (char *)wanted->output.bytes);
  ck_assert_msg(ending->status == wanted->status && ending->trap == wanted->trap && ending->exit_status == wanted->exit_status, "%s: another end", what);
  ck_assert_msg(ending->fuel == wanted->fuel, "%s: fuel %llu, not %llu", what, (unsigned long long)ending->fuel, (unsigned long long)wanted->fuel);
  ck_assert_str_eq(ending->report, wanted->report);
  free(ending->output.bytes);
  free(ending->report);
}

static Guest *thaw_image(Buffer *image, Program *program) {
  ThawOptions options = {.find = program ? image_program_given : NULL, .find_ctx = program};
  ModuleError error;
  Thawed thawed;
  bool done = image_thaw(image, &options, &thawed, &error);
  ck_assert_msg(done, "thawing: %s", error.reason);
  free(thawed.input);
  return thawed.guest;
}

static void check_same(Guest *copy, uint64_t hash, const Buffer *image, const char *what) {
  ck_assert_msg(guest_state_hash(copy) == hash, "%s: another state", what);
  Buffer again = image_of(copy, false);
  ck_assert_msg(buffer_equal(image, &again), "%s: freezes into other bytes", what);
  free(again.bytes);
}

/* All that is to be true of a guest at a stop. */
static void check_stop(Guest *guest, Program *program, const Buffer *output, const Ending *wanted, unsigned stop) {
  uint64_t hash = guest_state_hash(guest);
  Buffer image = image_of(guest, false), again;
  check_same(guest, hash, &image, "the original");
  Guest *clone = guest_clone(guest), *thawed = thaw_image(&image, program);
  ck_assert_ptr_nonnull(clone);
  check_same(clone, hash, &image, "a clone");
  check_same(thawed, hash, &image, "a thawed guest");
  if (stop % 8 == 0) {
    Ending ending = run_out(clone, stop % 16 ? TIER_ORACLE : TIER_INTERP, output);
    ending_compare(&ending, wanted, "a clone");
    check_same(guest, hash, &image, "after its clone has run");
    ending = run_out(thawed, stop % 16 ? TIER_INTERP : TIER_ORACLE, output);
    ending_compare(&ending, wanted, "a thawed guest");
    check_same(guest, hash, &image, "after its thawed copy has run");
  } else {
    guest_free(clone);
    guest_free(thawed);
  }
  /* With a program of its own. */
  if (stop == 3) {
    ThawOptions options = {0};
    ModuleError error;
    Thawed alone;
    ck_assert(image_thaw(&image, &options, &alone, &error));
    free(alone.input);
    again = image_of(alone.guest, false);
    ck_assert(buffer_equal(&image, &again));
    free(again.bytes);
    Ending ending = run_out(alone.guest, TIER_INTERP, output);
    ending_compare(&ending, wanted, "a guest with a program of its own");
    program_free(alone.program);
  }
  free(image.bytes);
}

START_TEST(test_sample) {
  const Sample *sample = &samples[_i];
  Program *program = sample_program(sample);
  Ending wanted = run_out(guest_for(program, NULL, 0), TIER_ORACLE, NULL);
  Buffer output = {0};
  Guest *guest = guest_for(program, &output, sample->slice);
  unsigned stop = 0;
  for (; is_alive(guest); stop++) {
    guest->options.tier = stop % 2 ? TIER_ORACLE : TIER_INTERP;
    if (stop < STOPS_MAX) check_stop(guest, program, &output, &wanted, stop);
    guest_grant(guest, stop < STOPS_MAX ? sample->slice + 1 + (guest->fuel < 0 ? -guest->fuel - 1 : 0) : INT64_MAX);
    guest_run(guest);
  }
  ck_assert_uint_ge(stop, 1);
  /* A guest that has ended can neither be frozen nor cloned. */
  ModuleError error;
  Buffer image = {0};
  ck_assert(!guest_freeze(guest, &(FreezeOptions){0}, &(ImageSink){image_buffer_write, &image}, &error));
  ck_assert_str_eq(error.reason, "the guest has ended");
  ck_assert_ptr_null(guest_clone(guest));
  ck_assert_msg(buffer_equal(&output, &wanted.output), "%s: output", sample->name);
  ck_assert_uint_eq(guest_fuel_used(guest), wanted.fuel);
  guest_free(guest);
  free(image.bytes);
  free(output.bytes);
  free(wanted.output.bytes);
  free(wanted.report);
  program_free(program);
}
END_TEST

/* Between instructions that are no safepoints. */
START_TEST(test_steps) {
  enum { STEPS = 3000 };
  Program *program = sample_program(&samples[_i]);
  Buffer output = {0};
  Guest *guest = guest_for(program, &output, INT64_MAX);
  for (unsigned step = 0; step < STEPS && is_alive(guest); step++) {
    if (step % 5 == 0 || step < 300) {
      uint64_t hash = guest_state_hash(guest);
      Buffer image = image_of(guest, true);
      Guest *thawed = thaw_image(&image, program), *clone = guest_clone(thawed);
      ck_assert_msg(guest_state_hash(thawed) == hash, "%s, step %u: another state", samples[_i].name, step);
      ck_assert_msg(guest_state_hash(clone) == hash, "%s, step %u: another state of the clone", samples[_i].name, step);
      guest_free(guest);
      guest_free(thawed);
      guest = clone;
      guest->options.write = output_write;
      guest->options.write_ctx = &output;
      free(image.bytes);
    }
    oracle_step(guest);
  }
  Ending wanted = run_out(guest_for(program, NULL, 0), TIER_INTERP, NULL), ending;
  if (is_alive(guest)) {
    ending = run_out(guest, TIER_INTERP, &output);
    ending_compare(&ending, &wanted, samples[_i].name);
  } else {
    ck_assert(buffer_equal(&output, &wanted.output));
    guest_free(guest);
  }
  free(output.bytes);
  free(wanted.output.bytes);
  free(wanted.report);
  program_free(program);
}
END_TEST

START_TEST(test_deep) {
  Program *program = program_of("fn deep(n: int, s: string) -> int { if n == 0 { return s.len() }; 1 + deep(n - 1, s) }\nprint(deep(100000, \"a\" + \"b\"))");
  Ending wanted = run_out(guest_for(program, NULL, 0), TIER_INTERP, NULL);
  Buffer output = {0};
  Guest *guest = guest_for(program, &output, (int64_t)wanted.fuel * 99 / 100);
  guest_run(guest);
  ck_assert_int_eq(guest->status, GUEST_PAUSED);
  ck_assert_uint_gt(guest->task->nframes, 90000);
  check_stop(guest, program, &output, &wanted, 0);
  check_stop(guest, program, &output, &wanted, 3);
  guest_free(guest);
  free(output.bytes);
  free(wanted.output.bytes);
  free(wanted.report);
  program_free(program);
}
END_TEST

/* A clone has room for a caller that needs more of the stack than what it calls. */
START_TEST(test_wide_caller) {
  enum { DEPTH = 60 };
  Buffer text = {0};
  buffer_put(&text, "fn small() -> int { var n = 0; while n < 3 { n += 1 }; n }\nfn wide(a: int) -> int => small() + ", 95);
  for (int i = 0; i < DEPTH; i++) buffer_put(&text, "(a + ", 5);
  buffer_put(&text, "a", 1);
  for (int i = 0; i < DEPTH; i++) buffer_put(&text, ")", 1);
  buffer_put(&text, "\nprint(wide(1))\n", 17);
  Program *program = program_of((char *)text.bytes);
  free(text.bytes);
  Buffer output = {0};
  Ending wanted = run_out(guest_for(program, NULL, 0), TIER_INTERP, NULL);
  Guest *guest = guest_for(program, &output, 0);
  while (guest->task->nframes < 3) {
    guest_grant(guest, 1 - guest->fuel);
    guest_run(guest);
    ck_assert(is_alive(guest));
  }
  Guest *clone = guest_clone(guest);
  const Frame *wide = &clone->task->frames[1];
  ck_assert_uint_ge(clone->task->nslots, wide->base + wide->code->frame_slots);
  Ending ending = run_out(clone, TIER_ORACLE, NULL);
  ending_compare(&ending, &wanted, "a clone");
  guest_free(guest);
  free(output.bytes);
  free(wanted.output.bytes);
  free(wanted.report);
  program_free(program);
}
END_TEST

/* A large heap: many blocks, objects and buffers that lie in several. */
START_TEST(test_large) {
  Program *program = program_of("class N { n: int; next: N? }\nvar list: N? = nil\nlet names: [string: [int]] = [:]\nlet big = List(300000, 7)\nvar text = \"abc\"\nfor i in 0..18 { text = text + text }\n"
                                "for i in 0..50000 { list = N(n: i, next: list); names[\"n{i % 5000}\"] = [i, i + 1] }\nbig[299999] = 1\nprint(text.len(), names.len(), big.sum(), list!.n)");
  Ending wanted = run_out(guest_for(program, NULL, 0), TIER_INTERP, NULL);
  Buffer output = {0};
  for (int part = 1; part < 10; part += 4) {
    Guest *guest = guest_for(program, &output, (int64_t)wanted.fuel * part / 10);
    guest_run(guest);
    check_stop(guest, program, &output, &wanted, 0);
    guest_free(guest);
  }
  free(output.bytes);
  free(wanted.output.bytes);
  free(wanted.report);
  program_free(program);
}
END_TEST

/* What was read ahead and arguments come back. */
START_TEST(test_surroundings) {
  Program *program = program_of("fn main(args: [string]) -> int { print(args); args.len() }");
  const char *args[] = {"one", "", "zwölf"};
  GuestOptions options = {.fuel = 0, .args = args, .nargs = 3, .stack_slots = 5000};
  Guest *guest = guest_new(program, &options);
  Buffer image = {0};
  ModuleError error;
  FreezeOptions freeze = {.input = "read\0ahead", .input_length = 10, .level = 19};
  ck_assert(guest_freeze(guest, &freeze, &(ImageSink){image_buffer_write, &image}, &error));
  guest_free(guest);
  ThawOptions thaw = {.find = image_program_given, .find_ctx = program, .guest = {.args = args, .nargs = 1, .fuel = 77}};
  Thawed thawed;
  ck_assert(image_thaw(&image, &thaw, &thawed, &error));
  ck_assert_uint_eq(thawed.input_length, 10);
  ck_assert(memcmp(thawed.input, "read\0ahead", 10) == 0);
  ck_assert_int_eq(thawed.guest->options.nargs, 3);
  ck_assert_str_eq(thawed.guest->options.args[2], "zwölf");
  ck_assert_uint_eq(thawed.guest->options.stack_slots, 5000);
  Guest *clone = guest_clone(thawed.guest);
  guest_free(thawed.guest);
  ck_assert_str_eq(clone->options.args[0], "one");
  Ending ending = run_out(clone, TIER_INTERP, NULL);
  ck_assert_int_eq(ending.exit_status, 3);
  ck_assert_uint_eq(ending.output.length, strlen("[\"one\", \"\", \"zwölf\"]\n"));
  free(thawed.input);
  free(ending.output.bytes);
  free(ending.report);
  thaw.guest.stack_slots = 4999;
  ck_assert(!image_thaw(&image, &thaw, &thawed, &error));
  ck_assert(strstr(error.reason, "needs a stack") != NULL);
  free(image.bytes);
  program_free(program);
}
END_TEST

static bool write_some(void *ctx, const void *bytes, size_t length) {
  size_t *left = ctx;
  (void)bytes;
  if (length > *left) return false;
  *left -= length;
  return true;
}

/* A sink that fails leaves the guest as it was. */
START_TEST(test_failing_sink) {
  Program *program = sample_program(&samples[3]);
  Buffer output = {0};
  Guest *guest = guest_for(program, &output, 2000);
  guest_run(guest);
  ck_assert(is_alive(guest));
  uint64_t hash = guest_state_hash(guest);
  Buffer image = image_of(guest, false);
  for (size_t room = 0; room < image.length; room += 1 + room / 4) {
    ModuleError error;
    size_t left = room;
    ck_assert(!guest_freeze(guest, &(FreezeOptions){0}, &(ImageSink){write_some, &left}, &error));
    ck_assert_str_eq(error.reason, "the image could not be written");
    check_same(guest, hash, &image, "after a failure");
  }
  guest_free(guest);
  free(image.bytes);
  free(output.bytes);
  program_free(program);
}
END_TEST

/* What a generator gives that has a seed goes on alike in all copies; what the host seeded is another in each. */
START_TEST(test_randomness) {
  Program *program = program_of("import random\nlet host = random.seeded_from_host(); let part = host.split(); let seeded = random.Random(5)\nhost.normal(); seeded.bits(); var n = 0\n"
                                "while n < 100000 { n += 1 }\nprint(seeded.bits()); print(host.normal(), host.bits()); print(part.bits())");
  enum { COPIES = 4, LINES = 3 };
  Buffer outputs[COPIES] = {0};
  GuestOptions options = {.fuel = 50000, .grants = CAP_RANDOM, .write = output_write, .write_ctx = &outputs[0]};
  Guest *guests[COPIES] = {guest_new(program, &options)};
  ck_assert_int_eq(guest_run(guests[0]), GUEST_PAUSED);
  Buffer image = image_of(guests[0], true);
  guests[1] = guest_clone(guests[0]);
  for (int i = 2; i < COPIES; i++) {
    Thawed thawed;
    ModuleError error;
    ThawOptions thaw = {.guest = options, .find = image_program_given, .find_ctx = program};
    ck_assert(image_thaw(&image, &thaw, &thawed, &error));
    guests[i] = thawed.guest;
    free(thawed.input);
  }
  char *lines[COPIES][LINES];
  for (int i = 0; i < COPIES; i++) {
    guests[i]->options.write_ctx = &outputs[i];
    guest_grant(guests[i], INT64_MAX / 2);
    ck_assert_int_eq(guest_run(guests[i]), GUEST_FINISHED);
    buffer_put(&outputs[i], "", 1);
    lines[i][0] = strtok((char *)outputs[i].bytes, "\n");
    for (int k = 1; k < LINES; k++) lines[i][k] = strtok(NULL, "\n");
    for (int j = 0; j < i; j++) {
      ck_assert_str_eq(lines[i][0], lines[j][0]);
      ck_assert_str_ne(lines[i][1], lines[j][1]);
      ck_assert_str_ne(lines[i][2], lines[j][2]);
    }
  }
  for (int i = 0; i < COPIES; i++) {
    guest_free(guests[i]);
    free(outputs[i].bytes);
  }
  free(image.bytes);
  program_free(program);
}
END_TEST

int main(void) {
  if (!freopen("/dev/null", "r", stdin)) return 2;
  Suite *suite = suite_create("images");
  TCase *tcase = tcase_create("freeze, thaw, clone");
  tcase_set_timeout(tcase, 120);
  tcase_add_loop_test(tcase, test_sample, 0, NSAMPLES);
  tcase_add_loop_test(tcase, test_steps, 0, NSAMPLES);
  tcase_add_test(tcase, test_randomness);
  tcase_add_test(tcase, test_deep);
  tcase_add_test(tcase, test_wide_caller);
  tcase_add_test(tcase, test_large);
  tcase_add_test(tcase, test_surroundings);
  tcase_add_test(tcase, test_failing_sink);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
