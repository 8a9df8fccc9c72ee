/* test_parse.c - syntax trees of every construct, messages for mistakes, and safety on broken text. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/parse.h"
#include "stdlib/library.h"
#include "suite.h"

static Compilation c;
static AstModule *module;

static void parse_text(const char *text, size_t len, bool lazy) {
  compilation_init(&c);
  Source *source = sources_add(&c.sources, "test.firn", text, len);
  source->lazy_bodies = lazy;
  module = parse_module(&c, source);
}

static char *dumped(void) {
  char *text;
  size_t len;
  FILE *out = open_memstream(&text, &len);
  ast_dump(module, out);
  fclose(out);
  return text;
}

/* Checks a program's tree; each run of blanks of the dump counts as one blank. */
static void check_tree(const char *program, const char *expected) {
  parse_text(program, strlen(program), false);
  ck_assert_msg(c.diags.count == 0, "%s: %s", program, c.diags.count ? c.diags.items[0]->text : "");
  char *text = dumped(), *to = text;
  for (const char *from = text; *from; from++) {
    bool blank = *from == ' ' || *from == '\n';
    if (blank && (from[1] == ' ' || from[1] == '\n' || !from[1]))
      continue;
    *to++ = blank ? ' ' : *from;
  }
  *to = '\0';
  ck_assert_str_eq(text, expected);
  free(text);
  compilation_deinit(&c);
}

/* Checks that exactly these codes are reported, in order of place. */
static void check_errors(const char *program, const char *codes) {
  char got[256] = "";
  parse_text(program, strlen(program), false);
  diags_sort(&c.diags);
  for (size_t i = 0; i < c.diags.count && i < 20; i++) {
    if (i)
      strcat(got, " ");
    strcat(got, diag_code_text(c.diags.items[i]->code));
  }
  ck_assert_msg(strcmp(got, codes) == 0, "%s: got %s, not %s", program, got, codes);
  compilation_deinit(&c);
}

START_TEST(precedence_follows_the_list) {
  check_tree("a + b * c ** d", "(+ a (* b (** c d)))");
  check_tree("-a ** 2 + -b.c", "(+ (- (** a 2)) (- (. b c)))");
  check_tree("2 ** -1 ** 3", "(** 2 (- (** 1 3)))");
  check_tree("a | b ^ c & d << e + f", "(| a (^ b (& c (<< d (+ e f)))))");
  check_tree("a || b && c == d ?? e .. f | g", "(|| a (&& b (== c (?? d (.. e (| f g))))))");
  check_tree("a ?? b ?? c", "(?? a (?? b c))");
  check_tree("try f(x) + 1 catch 0", "(catch (+ (try (call f x)) 1) 0)");
  check_tree("a catch e { 1 }", "(catch a e (block 1))");
  check_tree("a - b -% c", "(-% (- a b) c)");
  check_tree("-9223372036854775808", "-9223372036854775808");
  check_tree("-x!", "(- (force x))");
}
END_TEST

START_TEST(postfix_chains) {
  check_tree("a?.b.c(1)[2]", "(chain (index (call (. (?. a b) c) 1) 2))");
  check_tree("(a?.b).c", "(. (chain (?. a b)) c)");
  check_tree("a?.b!.c", "(. (force (chain (?. a b))) c)");
  check_tree("t.0.1?.2", "(chain (?. (. (. t 0) 1) 2))");
  check_tree("f(1, sep: x,)", "(call f 1 sep: x)");
  check_tree("xs[a..]; xs[..b]; xs[..]; xs[1..=3]",
             "(index xs (.. a _)) (index xs (.. _ b)) (index xs (.. _ _)) (index xs (..= 1 3))");
  check_tree("(self.f)(x)", "(call (. self f) x)");
}
END_TEST

START_TEST(type_arguments_of_calls) {
  check_tree("Stack<List<int?>>()", "(call (generic Stack (List (optional int))))");
  check_tree("m.Set<int>.of(1)", "(call (. (generic (. m Set) int) of) 1)");
  check_tree("f(a < b, c > (d))", "(call f (< a b) (> c d))");
  check_tree("a < b && c > d", "(&& (< a b) (> c d))");
  check_tree("i < n", "(< i n)");
}
END_TEST

START_TEST(lines_end_statements) {
  check_tree("a\n-1", "a -1");
  check_tree("a +\n b", "(+ a b)");
  check_tree("a\n  .b()\n  ?.c\n  ?? d\n  catch 1", "(catch (?? (chain (?. (call (. a b)) c)) d) 1)");
  check_tree("f(a\n -b\n, c)", "(call f (- a b) c)");
  check_tree("f(|x| {\n a\n b\n})", "(call f (closure (x) (block a b)))");
  check_tree("a\n(b)", "a b");
  check_tree("if a { 1 }\nelse if b { 2 }\nelse { 3 }", "(if a (block 1) (if b (block 2) (block 3)))");
  check_tree("let v = f()\n  else { return }", "(let v (call f) else (block (return)))");
  check_tree("match x {\n a => b\n .c => d(\n .e)\n}", "(match x (arm a b) (arm (case .c) (call d .e)))");
  check_tree("match x { a => (b\n .c) }", "(match x (arm a (. b c)))");
  check_tree("match x { a => { b\n .c } }", "(match x (arm a (block (. b c))))");
  check_tree("return\n1", "(return) 1");
}
END_TEST

START_TEST(literals) {
  check_tree("[1, 2,]; []; [:]; [\"a\": 1, \"b\": 2]", "(list 1 2) (list) (map) (map \"a\" 1 \"b\" 2)");
  check_tree("(); (a, b); (a)", "(tuple) (tuple a b) a");
  check_tree("\"a{x:>+010.3f}b{{}}{\"n{1}\"}\"", "(interp \"a\" (format x \">+010.3f\") \"b{}\" (interp \"n\" 1))");
  check_tree("r\"{x}\\n\"", "\"{x}\\\\n\"");
  check_tree("\"\"\"\n    a\n      {b}\n    \"\"\"", "(interp \"a\\n \" b)");
  check_tree("\"\"\"a \"b\" c\"\"\"", "\"a \\\"b\\\" c\"");
  check_tree("0xff_ff", "0xffff");
  check_tree(".red; .num(1)", ".red (call .num 1)");
}
END_TEST

START_TEST(formats_are_read) {
  const char *program = "\"{x:*^+012.3e}{y:}{z:5}\"";
  parse_text(program, strlen(program), false);
  ck_assert_uint_eq(c.diags.count, 0);
  const Expr *e = module->stmts[0]->expr;
  const FormatSpec *f = &e->interp.parts[0].format;
  ck_assert(f->fill == '*' && f->align == '^' && f->sign == '+' && f->zero && f->type == 'e');
  ck_assert(f->has_width && f->width == 12 && f->has_precision && f->precision == 3);
  ck_assert(e->interp.parts[1].has_format && !e->interp.parts[1].format.has_width);
  ck_assert(e->interp.parts[2].format.width == 5 && !e->interp.parts[2].format.zero);
  compilation_deinit(&c);
}
END_TEST

START_TEST(patterns) {
  check_tree(
      "match x { 1 | -2 => a; 0..=9 if b => c; 'a'.. => d; ..0 => e; \"s\" => f; true => g; nil => h; _ => i }",
      "(match x (arm (or 1 -2) a) (arm (range= 0 9) (if b) c) (arm (range (char U+0061) _) d) (arm (range _ 0) e) "
      "(arm \"s\" f) (arm true g) (arm nil h) (arm _ i))");
  check_tree(
      "match x { .a(b, _, (c, d)) => 1; E.f => 2; m.E<int>.g(h) => 3; is T => 4; y: [U] => 5 }",
      "(match x (arm (case .a b _ (tuple c d)) 1) (arm (case E.f) 2) (arm (case (m.E int).g h) 3) (arm (is _ T) 4) "
      "(arm (is y (list U)) 5))");
  check_tree("let (a, (b, _)) = t", "(let (tuple a (tuple b _)) t)");
  check_tree("if let .some(x) = f() { }", "(if (let (case .some x) (call f)) (block))");
}
END_TEST

START_TEST(closures_and_control) {
  check_tree("f(|| 1, |x| x, |x: int, (k, v)| k, |a| |b| n += a)",
             "(call f (closure () 1) (closure (x) x) (closure (x: int (tuple k v)) k) (closure (a) (closure (b) (block "
             "(+= n a)))))");
  check_tree("o: for (i, x) in xs { break o }", "(for o: (tuple i x) xs (block (break o)))");
  check_tree("while let x = f() { continue }", "(while (let x (call f)) (block (continue)))");
  check_tree("defer f(); defer { }; spawn g(x)", "(defer (call f)) (defer (block)) (spawn (call g x))");
  check_tree("x ?? return y", "(?? x (return y))");
  check_tree("fail E(a: 1)", "(fail (call E a: 1))");
  check_tree("a >>>= 1; a.b[0] **= 2; x = y", "(>>>= a 1) (**= (index (. a b) 0) 2) (= x y)");
}
END_TEST

START_TEST(types) {
  check_tree("let x: [string: [int?]]! = a", "(let x: (result (map string (list (optional int)))) a)");
  check_tree("let x: fn(A, m.B<C>) -> D? = a", "(let x: (fn ( A (m.B C)) (optional D)) a)");
  check_tree("let x: (fn(A) -> B)? = a", "(let x: (optional (fn ( A) B)) a)");
  check_tree("let x: (int, Self)?? = a", "(let x: (optional (optional (tuple int Self))) a)");
  check_tree("let x: A<B<C<D>>>= a", "(let x: (A (B (C D))) a)");
}
END_TEST

START_TEST(declarations) {
  check_tree("pub fn f<T: A + B, U>(x: T, y: int = 1,) -> T? => x",
             "(pub fn f <T: A B U> (x: T, y: int = 1) -> (optional T) x)");
  check_tree("class P<T>: A, B { var x: T = 1; y: int\n fn f(self) {}\n fn g() => 1 }",
             "(class P <T> : A B (var x: T 1) (field y: int) (fn f (self) (block)) (fn g () 1))");
  check_tree("trait A: B + C {\n fn f(self)\n fn g(self) => 1\n}", "(trait A : B C (fn f (self)) (fn g (self) 1))");
  check_tree("enum E: Show { a, b(int, x: T)\n c; fn f(self) {} }",
             "(enum E : Show (case a) (case b int x: T) (case c) (fn f (self) (block)))");
  check_tree("extend<T: Ord> [T]: A { fn f(self) {} }", "(extend <T: Ord> (list T) : A (fn f (self) (block)))");
  check_tree("type N<T> = [T]", "(type N <T> (list T))");
  check_tree("extern \"game\" fn f(x: int) -> bool", "(fn extern \"game\" f (x: int) -> bool)");
  check_tree("pub extern \"game\" type Sprite; let x = 1", "(pub type extern \"game\" Sprite) (let x 1)");
  check_tree("test \"t\" { a }", "(test \"t\" (block a))");
  check_tree("import json\nimport \"./a/b\"\nimport \"./x\" as y\nimport { a, b as c } from \"./z\"",
             "(import \"json\" as json) (import \"./a/b\" as b) (import \"./x\" as y) (import \"./z\" a as a b as c)");
  check_tree("let test = type\nlet from = as + extern", "(let test type) (let from (+ as extern))");
}
END_TEST

START_TEST(doc_comments_belong_to_items) {
  const char *program = "/// Module.\n\n/// One.\n/// Two.\nfn f() {}\n/// lost\n\nlet x = 1";
  parse_text(program, strlen(program), false);
  ck_assert_uint_eq(module->doc.len, 7);
  ck_assert_uint_eq(module->items[0]->doc.len, 9);
  ck_assert(memcmp(module->items[0]->doc.text, "One.\nTwo.", 9) == 0);
  ck_assert_uint_eq(module->stmts[0]->let.doc.len, 0);
  compilation_deinit(&c);
}
END_TEST

START_TEST(bodies_can_wait) {
  const char *program = "fn f() -> int { let x = \"}{1}\"; 1 }\nclass A { fn g(self) { f( } }\nf()";
  parse_text(program, strlen(program), true);
  FnDecl *f = module->items[0]->fn, *g = module->items[1]->type.methods[0];
  ck_assert(c.diags.count == 0 && f->body_pending && g->body_pending && !f->body);
  parse_body(&c, f);
  ck_assert(c.diags.count == 0 && !f->body_pending && f->body->block->count == 2);
  parse_body(&c, g);
  ck_assert(c.diags.count == 1 && g->body);
  compilation_deinit(&c);
}
END_TEST

START_TEST(mistakes_have_messages) {
  check_errors("func f() {}", "E0115");
  check_errors("if x = 5 { }", "E0113");
  check_errors("if x and y { }\nlet ok = 1", "E0101");
  check_errors("let a", "E0117");
  check_errors("i++", "E0116");
  check_errors("a < b < c", "E0110");
  check_errors("a..b..c", "E0111");
  check_errors("[1..]", "E0112");
  check_errors("for i xs { }", "E0101");
  check_errors("fn f(a) {}", "E0124");
  check_errors("fn f()", "E0122");
  check_errors("f(1, 2\nlet x = 3", "E0101");
  check_errors("print(\"abc\nlet x = 3", "E0004");
  check_errors("\"{x:q}\"", "E0022");
  check_errors("\"{}\"", "E0134");
  check_errors("f() }", "E0108");
  check_errors("fn f() {", "E0107");
  check_errors("a?.b = 1", "E0114");
  check_errors("x = y = z", "E0113");
  check_errors("let x = 1\nimport json", "E0119");
  check_errors("fn f() { fn g() {} }", "E0118");
  check_errors("match x { some(y) => 1 }", "E0132");
  check_errors("9223372036854775808", "E0014");
  check_errors("-9223372036854775808.abs()", "E0014");
  check_errors("a b", "E0139");
  check_errors("defer 1", "E0129");
  check_errors("spawn 1", "E0130");
  check_errors("f(a: 1, 2)", "E0133");
  check_errors("import \"./a-b\"", "E0120");
}
END_TEST

START_TEST(independent_errors_are_all_reported) {
  check_errors("let a = \nlet b = 1 +\nlet c = 2\nlet d = )\nfn f( { }\nlet e = *", "E0102 E0102 E0102 E0101 E0102");
  check_errors("fn f() {\n  let x = ;\n  f(1 2)\n  match x { 1 -> 2; 2 => ) }\n}\nclass A { x }",
               "E0102 E0101 E0101 E0102 E0127");
}
END_TEST

static void check_depth(const char *head, const char *repeated, const char *tail) {
  size_t size = strlen(head) + strlen(repeated) * 20000 + strlen(tail) + 1, used = strlen(head);
  char *text = malloc(size);
  strcpy(text, head);
  for (int i = 0; i < 20000; i++, used += strlen(repeated))
    strcpy(text + used, repeated);
  strcpy(text + used, tail);
  parse_text(text, strlen(text), false);
  ck_assert_msg(c.diags.errors > 0, "%s was not refused", repeated);
  compilation_deinit(&c);
  free(text);
}

START_TEST(nesting_is_limited) {
  static const char *const repeated[] = {"(",       "[",         "{",
                                         "-",       "1 + ",      "a.b.",
                                         "|x| ",    "if a { ",   "match x { y => ",
                                         "f(",      "2 ** ",     "try ",
                                         "return ", "x catch ",  "a<",
                                         "\"{",     "fn f() { ", "[a: ",
                                         "a[",      "a = ",      "if a {} else "};
  for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++)
    check_depth("", repeated[i], "1");
  check_depth("let x: ", "[", "");
  check_depth("let x: T", "?", " = 1");
  check_depth("let x: ", "fn() -> ", "");
  check_depth("let ", "(", "");
}
END_TEST

static const char *const sample =
    "import math\nimport { a, b as c } from \"./x\"\n/// Doc\npub class Stack<T: Ord>: Show {\n  var items: [T] = []\n"
    "  fn push(self, item: T) { self.items.push(item) }\n  fn pop(self) -> T? => self.items.pop()\n}\n"
    "enum E { num(value: float), neg(E)\n bin(op: char, left: E, right: E) }\n"
    "fn eval(e: E) -> float! {\n  match e {\n    .num(v) => v\n    .neg(x) => -try eval(x)\n    .bin('+', a, b) if a "
    "=> 1.5e3\n"
    "    _ => fail \"no {e:>8.2f} {\"in {1 + 0xff}\"}\"\n  }\n}\n"
    "let n = m[k]?.abs() ?? f(|x: int, (k, v)| { x += 1 }) catch e { -1 }\nouter: for (i, x) in xs[1..] { break outer "
    "}\n"
    "while let y = s.pop()! { defer print(\"\"\"\n  a {y}\n  \"\"\") }\nlet z = if a < b { Set<[int?]>() } else { nil "
    "} else { return }\n";

static void fn_finish(FnDecl *fn) {
  parse_head(&c, fn);
  parse_body(&c, fn);
}

static void survive(const char *text, size_t len, bool lazy) {
  parse_text(text, len, lazy);
  for (size_t i = 0; i < module->item_count; i++) {
    if (module->items[i]->kind == ITEM_FN)
      fn_finish(module->items[i]->fn);
  }
  free(dumped());
  compilation_deinit(&c);
}

START_TEST(broken_text_is_safe) {
  size_t len = strlen(sample);
  parse_text(sample, len, false);
  ck_assert_msg(c.diags.count == 0, "%s", c.diags.count ? c.diags.items[0]->text : "");
  compilation_deinit(&c);
  for (size_t i = 0; i <= len; i++)
    survive(sample, i, i & 1);
  char *text = malloc(len);
  uint64_t state = 88172645463325252u;
  for (int i = 0; i < 5000; i++) {
    memcpy(text, sample, len);
    for (int edits = i % 5 + 1; edits > 0; edits--) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      size_t at = (state >> 33) % len, from = (state >> 13) % len;
      text[at] = edits & 1 ? sample[from] : (char)(state >> 56);
    }
    survive(text, len, i & 1);
  }
  free(text);
}
END_TEST

/* Skipping a body of the library finds the end that parsing it would. */
START_TEST(library_bodies_can_wait) {
  for (unsigned i = 0; i < library_source_count; i++) {
    const LibrarySource *library = &library_sources[i];
    parse_text(library->text, library->length, false);
    ck_assert_msg(c.diags.count == 0, "%s: %s", library->name, c.diags.count ? c.diags.items[0]->text : "");
    char *eager = dumped();
    compilation_deinit(&c);
    parse_text(library->text, library->length, true);
    for (size_t k = 0; k < module->item_count; k++) {
      const Item *item = module->items[k];
      if (item->kind == ITEM_FN) fn_finish(item->fn);
      bool has_methods = item->kind == ITEM_CLASS || item->kind == ITEM_TRAIT || item->kind == ITEM_ENUM || item->kind == ITEM_EXTEND;
      for (size_t m = 0; has_methods && m < item->type.method_count; m++) fn_finish(item->type.methods[m]);
    }
    ck_assert_msg(c.diags.count == 0, "%s: %s", library->name, c.diags.count ? c.diags.items[0]->text : "");
    char *lazy = dumped();
    ck_assert_str_eq(lazy, eager);
    free(eager);
    free(lazy);
    compilation_deinit(&c);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("parse");
  TCase *tcase = tcase_create("parse");
  tcase_set_timeout(tcase, 60);
  tcase_add_test(tcase, precedence_follows_the_list);
  tcase_add_test(tcase, postfix_chains);
  tcase_add_test(tcase, type_arguments_of_calls);
  tcase_add_test(tcase, lines_end_statements);
  tcase_add_test(tcase, literals);
  tcase_add_test(tcase, formats_are_read);
  tcase_add_test(tcase, patterns);
  tcase_add_test(tcase, closures_and_control);
  tcase_add_test(tcase, types);
  tcase_add_test(tcase, declarations);
  tcase_add_test(tcase, doc_comments_belong_to_items);
  tcase_add_test(tcase, bodies_can_wait);
  tcase_add_test(tcase, mistakes_have_messages);
  tcase_add_test(tcase, independent_errors_are_all_reported);
  tcase_add_test(tcase, nesting_is_limited);
  tcase_add_test(tcase, broken_text_is_safe);
  tcase_add_test(tcase, library_bodies_can_wait);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
