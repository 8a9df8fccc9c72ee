/* test_embed.c - the embedding API (include/firn.h): programs, host functions, values, bound functions, references; and what they refuse. */
#include "embed.h"
#include "vm/heap.h"

/* Programs */

START_TEST(test_run) {
  ck_assert_int_eq(firn_version(), FIRN_VERSION);
  start("fn main(args: [string]) -> int { print(\"hello\", args); 7 }");
  ck_assert_int_eq(firn_status(guest), FIRN_RUNNABLE);
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  ck_assert_int_eq(firn_exit_status(guest), 7);
  ck_assert_str_eq(output.bytes, "hello []\n");
  ck_assert_ptr_eq(firn_guest_userdata(guest), &output);
  ck_assert_ptr_eq(firn_guest_program(guest), program);
}
END_TEST

static bool load(void *userdata, const char *path, const char **text, size_t *length) {
  (*(int *)userdata)++;
  if (strcmp(path, "lib/two.firn") != 0) return false;
  *text = "pub fn two() -> int => 2";
  *length = strlen(*text);
  return true;
}

START_TEST(test_compile) {
  const char *bad = "let x: int = \"text\"\n", *imports = "import \"./two\"\npub fn f() -> int => two.two()\n";
  WRONG(firn_compile(firn, bad, strlen(bad), NULL, &program), FIRN_E_COMPILE, "main.firn:1:14");
  ck_assert_ptr_null(program);
  WRONG(firn_compile(firn, imports, strlen(imports), NULL, &program), FIRN_E_COMPILE, "./two");
  FirnCompileOptions options = firn_compile_options();
  int asked = 0;
  options.load = load;
  options.load_userdata = &asked;
  WRONG(firn_compile(firn, imports, strlen(imports), &options, &program), FIRN_E_COMPILE, "./two");
  options.path = "lib/main.firn";
  FINE(firn_compile(firn, imports, strlen(imports), &options, &program));
  ck_assert_int_eq(asked, 2);
  FINE(firn_guest_new(program, NULL, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FirnValue result;
  FINE(firn_call(bind("f", "() -> int"), NULL, 0, &result));
  ck_assert_int_eq(result.as.integer, 2);
  WRONG(firn_compile(NULL, bad, 1, NULL, &program), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_compile(firn, NULL, 1, NULL, &program), FIRN_E_ARGUMENT, "NULL");
  options.size = 0;
  WRONG(firn_compile(firn, imports, strlen(imports), &options, &program), FIRN_E_ARGUMENT, "size");
  FINE(firn_compile(firn, NULL, 0, NULL, &program));
}
END_TEST

START_TEST(test_timeout_compile) {
  enum { LINES = 200000 };
  char *source = malloc(LINES * 20 + 1), *end = source;
  for (int i = 0; i < LINES; i++) end += sprintf(end, "print(\"{%d}\")\n", i);
  FirnCompileOptions options = firn_compile_options();
  options.timeout = 1000;
  WRONG(firn_compile(firn, source, (size_t)(end - source), &options, &program), FIRN_E_TIME, "out of time");
  ck_assert_ptr_null(program);
  options.timeout = INT64_MAX;
  FINE(firn_compile(firn, "print(1)", 8, &options, &program));
  free(source);
}
END_TEST

START_TEST(test_modules) {
  Text bytes = {0};
  compile("class Point { x: int }\npub fn origin() -> Point => Point(x: 0)\npub fn put(p: Point, names: [string], f: fn(int) -> bool?) {}\nfn hidden() {}");
  const char *name, *type;
  ck_assert(firn_program_export(program, 0, &name, &type));
  ck_assert_str_eq(name, "origin");
  ck_assert_str_eq(type, "() -> Point");
  ck_assert(firn_program_export(program, 1, &name, &type));
  ck_assert_str_eq(type, "(Point, [string], fn(int) -> bool?) -> void");
  ck_assert(!firn_program_export(program, 2, &name, &type));
  FINE(firn_program_write(program, false, text_write, &bytes));
  WRONG(firn_program_write(program, false, write_fails, NULL), FIRN_E_IO, "write");
  FirnProgram *again;
  FINE(firn_load(firn, bytes.bytes, bytes.length, &again));
  ck_assert(firn_program_export(again, 1, &name, NULL));
  ck_assert_str_eq(name, "put");
  firn_program_free(again);
  for (size_t i = 0; i < bytes.length; i++) {
    bytes.bytes[i] ^= 0x41;
    FirnError *error = firn_load(firn, bytes.bytes, bytes.length, &again);
    ck_assert(error ? firn_error_code(error) == FIRN_E_MODULE || firn_error_code(error) == FIRN_E_LINK : again != NULL);
    if (!error) firn_program_free(again);
    firn_error_free(error);
    bytes.bytes[i] ^= 0x41;
  }
  WRONG(firn_load(firn, NULL, 0, &again), FIRN_E_MODULE, "");
  WRONG(firn_load(firn, NULL, 5, &again), FIRN_E_ARGUMENT, "NULL");
  free(bytes.bytes);
}
END_TEST

/* Host functions */

static FirnAnswer host_add(FirnCall *call, const FirnValue *args, FirnValue *result) {
  ck_assert_ptr_eq(firn_call_guest(call), guest);
  *result = firn_int(args[0].as.integer + args[1].as.integer + *(int *)firn_call_userdata(call));
  return FIRN_DONE;
}

/* Native code is the guest's business only: calls both ways, slices and fuel are the same. */
START_TEST(test_jit) {
  static const char source[] = "extern \"game\" fn add(a: int, b: int) -> int\n"
                               "pub fn f(n: int) -> int { var s = 0; for i in 0..n { s += add(i, 1) % 7 }; s }\n"
                               "pub fn g(n: int) -> int => if n < 2 { n } else { g(n - 1) + g(n - 2) }";
  int64_t used[FIRN_JIT_ALWAYS + 1], results[FIRN_JIT_ALWAYS + 1][2];
  int more = 3;
  FINE(firn_define(firn, "game.add(int, int) -> int", host_add, &more));
  compile(source);
  for (int jit = FIRN_JIT_OFF; jit <= FIRN_JIT_ALWAYS; jit++) {
    FirnGuestOptions options = firn_guest_options();
    options.jit = (FirnJit)jit;
    options.fuel = 100000000;
    FINE(firn_guest_new(program, &options, &guest));
    while (firn_run(guest, 1000) == FIRN_RUNNABLE) {}
    FirnValue arg = firn_int(2000), result;
    FINE(firn_call(bind("f", "(int) -> int"), &arg, 1, &result));
    results[jit][0] = result.as.integer;
    arg = firn_int(22);
    FINE(firn_call(bind("g", "(int) -> int"), &arg, 1, &result));
    results[jit][1] = result.as.integer;
    used[jit] = firn_fuel(guest);
    firn_guest_free(guest);
    guest = NULL;
    ck_assert_int_eq(results[jit][0], results[0][0]);
    ck_assert_int_eq(results[jit][1], 17711);
    ck_assert_int_eq(used[jit], used[0]);
  }
}
END_TEST

static FirnAnswer host_echo(FirnCall *call, const FirnValue *args, FirnValue *result) { return (void)call, *result = args[0], FIRN_DONE; }
static FirnAnswer host_wrong(FirnCall *call, const FirnValue *args, FirnValue *result) { return (void)call, (void)args, *result = firn_float(1), FIRN_DONE; }
static FirnAnswer host_trap(FirnCall *call, const FirnValue *args, FirnValue *result) { return (void)result, firn_call_trap(call, args[0].as.text); }
static FirnAnswer host_sleepy(FirnCall *call, const FirnValue *args, FirnValue *result) { return (void)call, (void)args, (void)result, FIRN_SUSPEND; }

static FirnAnswer host_names(FirnCall *call, const FirnValue *args, FirnValue *result) {
  FirnValue *names = firn_call_room(call, sizeof *names * 2);
  (void)args;
  names[0] = firn_string("a");
  names[1] = firn_string("b");
  *result = firn_list(names, 2);
  return FIRN_DONE;
}

START_TEST(test_host_functions) {
  int more = 100;
  FINE(firn_define(firn, "game.add(int, int) -> int", host_add, &more));
  FINE(firn_define(firn, "game.names() -> [string]", host_names, NULL));
  FINE(firn_define(firn, "game.log(string)", host_nothing, NULL));
  start("extern \"game\" fn add(a: int, b: int) -> int\nextern \"game\" fn names() -> [string]\nextern \"game\" fn log(text: string)\n"
        "log(\"x\")\nprint(add(1, 2), names(), [1, 2].map(|n| add(n, n)))");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  ck_assert_str_eq(output.bytes, "103 [\"a\", \"b\"] [102, 104]\n");
}
END_TEST

START_TEST(test_define_refuses) {
  WRONG(firn_define(NULL, "a.b()", host_nothing, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_define(firn, "b()", host_nothing, NULL), FIRN_E_ARGUMENT, "module.name");
  WRONG(firn_define(firn, "a.b", host_nothing, NULL), FIRN_E_ARGUMENT, "module.name");
  WRONG(firn_define(firn, "a.1()", host_nothing, NULL), FIRN_E_ARGUMENT, "module.name");
  WRONG(firn_define(firn, "a.b(Point)", host_nothing, NULL), FIRN_E_ARGUMENT, "types");
  WRONG(firn_define(firn, "a.b(int!)", host_nothing, NULL), FIRN_E_ARGUMENT, "types");
  WRONG(firn_define(firn, "a.b() -> [int!]", host_nothing, NULL), FIRN_E_ARGUMENT, "types");
  WRONG(firn_define(firn, "a.b() -> int!!", host_nothing, NULL), FIRN_E_ARGUMENT, "types");
  WRONG(firn_define(firn, "a.b() -> int x", host_nothing, NULL), FIRN_E_ARGUMENT, "types");
  WRONG(firn_define(firn, "string.trim(string) -> string", host_nothing, NULL), FIRN_E_ARGUMENT, "already");
  FINE(firn_define(firn, "a.b()", host_nothing, NULL));
  WRONG(firn_define(firn, "a.b(int)", host_nothing, NULL), FIRN_E_ARGUMENT, "already");
  const char *lacks = "extern \"game\" fn nobody(n: int)\nnobody(1)", *other = "extern \"a\" fn b(n: int)\nb(1)";
  WRONG(firn_compile(firn, lacks, strlen(lacks), NULL, &program), FIRN_E_LINK, "game.nobody");
  WRONG(firn_compile(firn, other, strlen(other), NULL, &program), FIRN_E_LINK, "a.b");
}
END_TEST

/* Each type goes in and comes back. */
START_TEST(test_values) {
  static const struct { const char *type, *value, *shown; } rows[] = {
      {"int", "-5", "-5"}, {"float", "2.5", "2.5"}, {"bool", "true", "true"}, {"char", "'é'", "'é'"}, {"string", "\"héllo\"", "\"héllo\""}, {"string", "\"\"", "\"\""},
      {"int?", "nil", "nil"}, {"int?", "4", "4"}, {"string?", "\"s\"", "\"s\""}, {"float?", "nil", "nil"}, {"bool?", "false", "false"}, {"char?", "'x'", "'x'"},
      {"(int, string)?", "(1, \"a\")", "(1, \"a\")"}, {"[int]", "[1, 2, 3]", "[1, 2, 3]"}, {"[float]", "[]", "[]"}, {"[bool]", "[true, false]", "[true, false]"},
      {"[char]", "['a', '😀']", "['a', '😀']"}, {"[string]", "[\"a\", \"b\"]", "[\"a\", \"b\"]"}, {"[[int]]", "[[1], [], [2, 3]]", "[[1], [], [2, 3]]"},
      {"[(int, string)]", "[(1, \"x\"), (2, \"y\")]", "[(1, \"x\"), (2, \"y\")]"}, {"[int?]", "[nil, 1]", "[nil, 1]"}, {"[string: int]", "[\"a\": 1, \"b\": 2]", "[\"a\": 1, \"b\": 2]"},
      {"[int: [string]]", "[1: [\"z\"]]", "[1: [\"z\"]]"}, {"[(int, bool): float]", "[(1, true): 0.5]", "[(1, true): 0.5]"}, {"(int, (float, string))", "(1, (2.0, \"t\"))", "(1, (2.0, \"t\"))"},
      {"bytes", "bytes(3)", "bytes([0, 0, 0])"}, {"float", "0.0 / 0.0", "nan"},
  };
  char source[1000], signature[200];
  snprintf(signature, sizeof signature, "t.echo(%s) -> %s", rows[_i].type, rows[_i].type);
  FINE(firn_define(firn, signature, host_echo, NULL));
  snprintf(source, sizeof source,
           "extern \"t\" fn echo(x: %s) -> %s\nlet first: [%s] = [%s]\npub fn back(x: %s) -> %s => x\npub fn give() -> %s => first[0]\nlet again: [%s] = [echo(first[0])]\nprint(first)\nprint(again)\n"
           "pub fn show(x: %s) { let all: [%s] = [x]; print(all) }",
           rows[_i].type, rows[_i].type, rows[_i].type, rows[_i].value, rows[_i].type, rows[_i].type, rows[_i].type, rows[_i].type, rows[_i].type, rows[_i].type);
  start(source);
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  char type[200];
  FirnValue value, back;
  snprintf(type, sizeof type, "() -> %s", rows[_i].type);
  FINE(firn_call(bind("give", type), NULL, 0, &value));
  snprintf(type, sizeof type, "(%s) -> %s", rows[_i].type, rows[_i].type);
  FirnFunction *echo = bind("back", type);
  FINE(firn_call(echo, &value, 1, &back));
  snprintf(type, sizeof type, "(%s)", rows[_i].type);
  FINE(firn_call(bind("show", type), &back, 1, NULL));
  size_t line = strcspn(output.bytes, "\n") + 1;
  ck_assert_uint_eq(output.length, 3 * line);
  ck_assert(memcmp(output.bytes, output.bytes + line, line) == 0 && memcmp(output.bytes, output.bytes + 2 * line, line) == 0);
  ck_assert_msg(strncmp(output.bytes + 1, rows[_i].shown, line - 3) == 0 && strlen(rows[_i].shown) == line - 3, "%s", output.bytes);
  FirnValue none = firn_ref(77);
  WRONG(firn_call(echo, &none, 1, NULL), FIRN_E_TYPE, "a reference");
}
END_TEST
enum { VALUE_ROWS = 27 };

START_TEST(test_values_refused) {
  start("pub fn s(x: string) {}\npub fn c(x: char) {}\npub fn l(x: [int]) {}\npub fn m(x: [string: [int]]) {}\npub fn t(x: (int, int)) {}\npub fn v(x: bytes) {}\n"
        "enum E { a; b }\npub fn e(x: [E: int]) {}\nclass C { n: int }\nclass D { n: int }\npub fn mk() -> C => C(n: 1)\npub fn d(x: D) {}");
  firn_run(guest, 0);
  FirnValue bad = firn_text("\xff", 1), inner[2] = {firn_int(1), firn_string("x")};
  WRONG(firn_call(bind("s", "(string)"), &bad, 1, NULL), FIRN_E_ARGUMENT, "UTF-8");
  bad = firn_text(NULL, 1);
  WRONG(firn_call(bind("s", "(string)"), &bad, 1, NULL), FIRN_E_ARGUMENT, "NULL");
  bad = firn_bytes(NULL, 1);
  WRONG(firn_call(bind("v", "(bytes)"), &bad, 1, NULL), FIRN_E_ARGUMENT, "NULL");
  bad = firn_char(0xd800);
  WRONG(firn_call(bind("c", "(char)"), &bad, 1, NULL), FIRN_E_ARGUMENT, "scalar");
  bad = firn_list(inner, 2);
  WRONG(firn_call(bind("l", "([int])"), &bad, 1, NULL), FIRN_E_TYPE, "a string is not of type int");
  bad = firn_floats(NULL, 0);
  WRONG(firn_call(bind("l", "([int])"), &bad, 1, NULL), FIRN_E_TYPE, "floats is not of type [int]");
  bad = firn_map(inner, 1);
  WRONG(firn_call(bind("m", "([string: [int]])"), &bad, 1, NULL), FIRN_E_TYPE, "an int is not of type string");
  bad = firn_tuple(inner, 1);
  WRONG(firn_call(bind("t", "((int, int))"), &bad, 1, NULL), FIRN_E_TYPE, "tuple");
  bad = firn_map(NULL, 0);
  WRONG(firn_call(bind("e", "([E: int])"), &bad, 1, NULL), FIRN_E_TYPE, "keys");
  FirnValue made;
  FINE(firn_call(bind("mk", "() -> C"), NULL, 0, &made));
  ck_assert_str_eq(firn_ref_type(guest, made.as.ref), "C");
  WRONG(firn_call(bind("d", "(D)"), &made, 1, NULL), FIRN_E_TYPE, "a reference to C is not of type D");
  bad.kind = (FirnKind)99;
  WRONG(firn_call(bind("s", "(string)"), &bad, 1, NULL), FIRN_E_TYPE, "no kind");
  WRONG(firn_call(bind("s", "(string)"), NULL, 0, NULL), FIRN_E_TYPE, "1 arguments");
  WRONG(firn_call(bind("s", "(string)"), NULL, 1, NULL), FIRN_E_TYPE, "arguments");
}
END_TEST

/* db.get, find, put, look: an error for what begins with 'x', a trap for 'y', a wrong result for 'z'; or the value. */
static FirnAnswer host_db(FirnCall *call, const FirnValue *args, FirnValue *result) {
  const char *key = args[0].as.text;
  if (*key == 'x') return firn_call_error(call, "no such key");
  if (*key == 'y') return firn_call_trap(call, "the database is gone");
  if (*key == 'z') *result = firn_float(1);
  if (*key == 'w') return firn_call_suspend(call, firn_call_userdata(call));
  if (*key == 'v') *result = firn_string(key);
  if (*key == 'n') *result = firn_int((int64_t)args[0].count);
  return FIRN_DONE;
}

#define DB "extern \"db\" fn get(key: string) -> string!\nextern \"db\" fn find(key: string) -> int?!\nextern \"db\" fn put(key: string) -> void!\n" \
           "extern \"db\" fn plain(key: string) -> int\n"

static void define_db(uint64_t *token) {
  FINE(firn_define(firn, "db.get(string) -> string!", host_db, token));
  FINE(firn_define(firn, "db.find(string) -> int?!", host_db, token));
  FINE(firn_define(firn, "db.put(string) -> void!", host_db, token));
  FINE(firn_define(firn, "db.plain(string) -> int", host_db, token));
}

START_TEST(test_host_errors) {
  define_db(NULL);
  start(DB "fn all() -> string! {\n  try put(\"a\")\n  let n = try find(\"nn\")\n  let m = try find(\"\")\n  \"{n} {m} {try get(\"v\")}{try get(\"\")}\"\n}\n"
        "print(all() catch e { e.message() })\nprint(get(\"x\") catch e { e.message() })\nprint(find(\"x\") catch 7)\nput(\"x\") catch e { print(\"put:\", e.message()) }\n"
        "let get_it: fn(string) -> string! = get\nprint([\"x\", \"v\"].map(|k| get_it(k) catch \"none\"))\n"
        "pub fn ask(key: string) -> string! => get(key)\npub fn count(key: string) -> int => plain(key)\ntry put(\"x\")");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FAILED);
  ck_assert_str_eq(output.bytes, "2 nil v\nno such key\n7\nput: no such key\n[\"none\", \"v\"]\n");
  char *report = firn_report(guest);
  ck_assert_str_eq(report, "no such key\n  at top level (main.firn:19:1)\n");
  firn_text_free(report);
  FINE(firn_recover(guest));
  FirnValue x = firn_string("x"), y = firn_string("y"), z = firn_string("z"), v = firn_string("v"), result;
  FirnFunction *ask = bind("ask", "(string) -> string!"), *count = bind("count", "(string) -> int");
  FINE(firn_call(ask, &v, 1, &result));
  ck_assert_str_eq(result.as.text, "v");
  WRONG(firn_call(ask, &x, 1, &result), FIRN_E_RESULT, "no such key");
  WRONG(firn_call(ask, &y, 1, &result), FIRN_E_FAILED, "panic: the database is gone");
  FINE(firn_recover(guest));
  WRONG(firn_call(ask, &z, 1, &result), FIRN_E_FAILED, "db.get gave a wrong result: a float is not of type string");
  FINE(firn_recover(guest));
  WRONG(firn_call(count, &x, 1, &result), FIRN_E_FAILED, "panic: no such key");
}
END_TEST

/* Answers that come later, to a guest and its clone: a value, nothing, an error. */
START_TEST(test_host_errors_late) {
  uint64_t token = 0;
  define_db(&token);
  start(DB "print(get(\"w\") catch e { \"error \" + e.message() }, find(\"w\") catch 9)\nput(\"w\") catch e { print(e.message()) }\nprint(plain(\"w\"))");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_WAITING);
  FirnGuest *clone;
  FirnValue text = firn_string("late"), bad = firn_int(1);
  FINE(firn_clone(guest, &output, &clone));
  WRONG(firn_complete(guest, token, &bad), FIRN_E_TYPE, "an int is not of type string");
  WRONG(firn_complete_error(guest, token, "\xff"), FIRN_E_ARGUMENT, "UTF-8");
  FINE(firn_complete(guest, token, &text));
  FINE(firn_complete_error(clone, token, "timed out"));
  for (int i = 0; i < 2; i++, guest = clone) {
    ck_assert_int_eq(firn_run(guest, 0), FIRN_WAITING);
    FirnValue none = firn_nil();
    FINE(firn_complete(guest, token, &none));
    ck_assert_int_eq(firn_run(guest, 0), FIRN_WAITING);
    FINE(firn_complete_error(guest, token, "full"));
    ck_assert_int_eq(firn_run(guest, 0), FIRN_WAITING);
    FINE(firn_complete_error(guest, token, "no value"));
    ck_assert_int_eq(firn_status(guest), FIRN_FAILED);
  }
  ck_assert_str_eq(output.bytes, "late nil\nfull\nerror timed out nil\nfull\n");
}
END_TEST

START_TEST(test_host_traps) {
  FINE(firn_define(firn, "t.trap(string)", host_trap, NULL));
  FINE(firn_define(firn, "t.wrong() -> int", host_wrong, NULL));
  FINE(firn_define(firn, "t.zero() -> (int)", host_nothing, NULL));
  FINE(firn_define(firn, "t.nothing() -> (int, int)", host_nothing, NULL));
  FINE(firn_define(firn, "t.sleepy()", host_sleepy, NULL));
  start("extern \"t\" fn trap(s: string)\nextern \"t\" fn wrong() -> int\nextern \"t\" fn zero() -> int\nextern \"t\" fn nothing() -> (int, int)\nextern \"t\" fn sleepy()\n"
        "var n = 0\npub fn a() { n += 1; trap(\"no entry\") }\npub fn b() { wrong() }\npub fn c() -> int => zero()\npub fn d() { nothing() }\npub fn e() { sleepy() }\npub fn count() -> int => n");
  firn_run(guest, 0);
  FirnValue result;
  WRONG(firn_call(bind("a", "()"), NULL, 0, NULL), FIRN_E_FAILED, "no entry\n  at a (main.firn:7:");
  ck_assert_int_eq(firn_status(guest), FIRN_FAILED);
  char *report = firn_report(guest);
  ck_assert_ptr_nonnull(strstr(report, "panic: no entry"));
  firn_text_free(report);
  WRONG(firn_call(bind("c", "() -> int"), NULL, 0, NULL), FIRN_E_STATE, "failed");
  FINE(firn_recover(guest));
  ck_assert_int_eq(firn_status(guest), FIRN_FINISHED);
  WRONG(firn_recover(guest), FIRN_E_STATE, "has not failed");
  WRONG(firn_call(bind("b", "()"), NULL, 0, NULL), FIRN_E_FAILED, "t.wrong gave a wrong result: a float is not of type int");
  FINE(firn_recover(guest));
  WRONG(firn_call(bind("d", "()"), NULL, 0, NULL), FIRN_E_FAILED, "t.nothing");
  FINE(firn_recover(guest));
  WRONG(firn_call(bind("e", "()"), NULL, 0, NULL), FIRN_E_FAILED, "token");
  FINE(firn_recover(guest));
  FINE(firn_call(bind("c", "() -> int"), NULL, 0, &result));
  ck_assert_int_eq(result.as.integer, 0);
  FINE(firn_call(bind("count", "() -> int"), NULL, 0, &result));
  ck_assert_int_eq(result.as.integer, 1);
}
END_TEST

/* Calls */

START_TEST(test_binding) {
  FirnFunction *function;
  start("pub fn f(n: int) -> int => n + 1\nfn hidden() {}\npub fn id<T>(x: T) -> T => x\npub fn v() {}");
  WRONG(firn_function(guest, "g", "()", &function), FIRN_E_NAME, "'g'");
  WRONG(firn_function(guest, "hidden", "()", &function), FIRN_E_NAME, "hidden");
  WRONG(firn_function(guest, "id", "(int) -> int", &function), FIRN_E_NAME, "id");
  WRONG(firn_function(guest, "f", "(int) -> float", &function), FIRN_E_TYPE, "f is (int) -> int, not (int) -> float");
  WRONG(firn_function(guest, "f", "(int)", &function), FIRN_E_TYPE, "f is");
  WRONG(firn_function(guest, "f", "", &function), FIRN_E_TYPE, "f is");
  WRONG(firn_function(guest, NULL, "", &function), FIRN_E_ARGUMENT, "NULL");
  ck_assert_ptr_null(function);
  bind("v", "()");
  bind("v", "( ) -> void");
  WRONG(firn_function(guest, "v", "() -> voi", &function), FIRN_E_TYPE, "v is");
  WRONG(firn_function(guest, "v", "() -> int", &function), FIRN_E_TYPE, "v is");
  FirnFunction *f = bind("f", " ( int )->int ");
  ck_assert_int_eq(call_int(f, 41), 42);
  firn_function_free(f);
  firn_function_free(NULL);
}
END_TEST

/* A call that begins before the program's own code has run comes when that waits or is over. */
START_TEST(test_order) {
  start("var n = 1\nprint(\"top\")\npub fn f(k: int) -> int { n += k; n }\nprint(\"end\")");
  FirnFunction *f = bind("f", "(int) -> int");
  ck_assert_int_eq(call_int(f, 4), 5);
  ck_assert_str_eq(output.bytes, "top\nend\n");
  ck_assert_int_eq(call_int(f, 1), 6);
  ck_assert_int_eq(firn_status(guest), FIRN_FINISHED);
}
END_TEST

START_TEST(test_results) {
  start("class Bad: Error { code: int; fn message(self) -> string => \"bad {self.code}\" }\n"
        "pub fn risky(n: int) -> int! { if n == 1 { fail Bad(code: n) }; if n == 2 { fail \"text {n}\" }; if n == 3 { panic(\"worse\") }; n }\n"
        "pub fn check(n: int) -> void! { let k = try risky(n) }\npub fn leave(n: int) -> int { exit(n); 0 }");
  FirnFunction *risky = bind("risky", "(int) -> int!"), *check = bind("check", "(int) -> void!");
  FirnValue one = firn_int(1), two = firn_int(2), three = firn_int(3), result;
  WRONG(firn_call(risky, &one, 1, &result), FIRN_E_RESULT, "bad 1");
  WRONG(firn_call(risky, &two, 1, &result), FIRN_E_RESULT, "text 2");
  WRONG(firn_call(check, &one, 1, &result), FIRN_E_RESULT, "bad 1");
  ck_assert_int_eq(result.kind, FIRN_VOID);
  ck_assert_int_eq(call_int(risky, 5), 5);
  WRONG(firn_call(risky, &three, 1, &result), FIRN_E_FAILED, "panic: worse");
  FINE(firn_recover(guest));
  WRONG(firn_call(bind("leave", "(int) -> int"), &three, 1, &result), FIRN_E_FAILED, "exit(3)");
  ck_assert_int_eq(firn_status(guest), FIRN_FINISHED);
  ck_assert_int_eq(firn_exit_status(guest), 3);
  WRONG(firn_call(risky, &one, 1, &result), FIRN_E_STATE, "exit");
  WRONG(firn_recover(guest), FIRN_E_STATE, "");
}
END_TEST

START_TEST(test_references) {
  start("class Point { var x: int }\nlet shared = Point(x: 5)\npub fn get() -> Point => shared\npub fn make(x: int) -> Point => Point(x: x)\npub fn x(p: Point) -> int => p.x\n"
        "pub fn adder(k: int) -> fn(int) -> int => |n| { shared.x += k; n + k }\npub fn all(ps: [Point]) -> int => ps.map(|p| p.x).sum()");
  FirnFunction *get = bind("get", "() -> Point"), *make = bind("make", "(int) -> Point"), *x = bind("x", "(Point) -> int");
  FirnValue a, b, n = firn_int(9), result;
  FINE(firn_call(get, NULL, 0, &a));
  FirnRef kept = firn_ref_keep(guest, a.as.ref);
  FINE(firn_call(get, NULL, 0, &b));
  WRONG(firn_call(x, &a, 1, &result), FIRN_E_ARGUMENT, "dropped");
  ck_assert(firn_ref_same(guest, kept, b.as.ref));
  FINE(firn_call(make, &n, 1, &a));
  ck_assert(!firn_ref_same(guest, kept, a.as.ref));
  ck_assert(!firn_ref_same(guest, kept, 0));
  FirnValue both[2] = {firn_ref(kept), a}, list = firn_list(both, 2);
  FINE(firn_call(bind("all", "([Point]) -> int"), &list, 1, &result));
  ck_assert_int_eq(result.as.integer, 14);
  ck_assert_str_eq(firn_ref_type(guest, kept), "Point");
  ck_assert_ptr_null(firn_ref_type(guest, 12345));
  ck_assert_uint_eq(firn_ref_keep(guest, 12345), 0);
  FINE(firn_call(bind("adder", "(int) -> fn(int) -> int"), &n, 1, &result));
  FirnFunction *add, *wrong;
  FINE(firn_function_ref(guest, result.as.ref, "fn(int) -> int", &add));
  WRONG(firn_function_ref(guest, result.as.ref, "fn(int)", &wrong), FIRN_E_TYPE, "fn(int) -> int");
  WRONG(firn_function_ref(guest, kept, "fn(int)", &wrong), FIRN_E_TYPE, "Point");
  WRONG(firn_function_ref(guest, 99, "fn(int)", &wrong), FIRN_E_ARGUMENT, "none");
  ck_assert_int_eq(call_int(add, 1), 10);
  ck_assert_int_eq(call_int(add, 2), 11);
  FirnValue held = firn_ref(kept);
  FINE(firn_call(x, &held, 1, &result));
  ck_assert_int_eq(result.as.integer, 23);
  firn_ref_drop(guest, kept);
  firn_ref_drop(guest, kept);
  WRONG(firn_call(x, &held, 1, &result), FIRN_E_ARGUMENT, "dropped");
}
END_TEST

int main(void) {
  const TTest *const all[] = {
      test_run, test_jit, test_compile, test_timeout_compile, test_modules, test_host_functions, test_define_refuses, test_values_refused, test_host_errors,
      test_host_errors_late, test_host_traps, test_binding, test_order, test_results, test_references,
  };
  Suite *suite = suite_create("embedding");
  for (int i = 0; i < 2; i++) {
    TCase *tests = tests_add(suite, i ? "embed, stressed" : "embed", i ? setup_stressed : setup, all, sizeof all / sizeof *all);
    tcase_add_loop_test(tests, test_values, 0, VALUE_ROWS);
  }
  return suite_run(suite);
}
