/* test_verify.c - the verifier: every rule with a module that keeps it and one that breaks it, every instruction with its operands and with
 * wrong ones; then what linking and specialising make of verified modules.
 *
 * Cases are module text that goes on from `prelude`, whose function 0 is the entry and function 1.. are named in its comments.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/codec.h"
#include "vm/object.h"
#include "vm/op.h"
#include "vm/program.h"
#include "vm/verify.h"
#include "suite.h"

NATIVE("vtest.add", vtest_add, "(int, int) -> int", "The sum.") {
  args[0].i += args[1].i;
  return guest ? TRAP_NONE : TRAP_NONE;
}

NATIVE("vtest.all", vtest_all, "([int], [string: float?], (char, bool), fn(int) -> bytes, fn()) -> string?", "For its signature.") {
  return guest && args ? TRAP_NONE : TRAP_NONE;
}

static const char prelude[] =
    "module 1\n"
    "string \"hello\"\n"
    "class \"Point\"\n  field \"x\" mut int\n  field \"y\" float\n"
    "class \"Box\" <T: trait 0>\n  field \"item\" param 0\n"
    "enum \"Color\"\n  case \"red\"\n  case \"rgb\"\n  field \"r\" int\n  field \"g\" bool\n"
    "enum \"Maybe\" <T>\n  case \"none\"\n  case \"some\"\n  field \"value\" param 0\n"
    "trait \"Show\" <Self>\n  method \"show\" dynamic (param 0) -> string\n"
    "trait \"Eq\" <Self>\n  method \"eq\" (param 0, param 0) -> bool\n"
    "trait \"Ord\" <Self: trait 1>\n  method \"cmp\" (param 0, param 0) -> int\n"
    "trait \"Iter\" <Self, T>\n  method \"next\" dynamic (param 0) -> opt<param 1>\n"
    "trait \"Named\" <Self: trait 0>\n  method \"name\" dynamic (param 0, int) -> string\n"
    "import \"vtest\" \"add\" (int, int) -> int\n"
    "global \"count\" int\n"
    "func \"main\" () -> int\n  int.const 0\n  ret\n"
    "func \"show_int\" (int) -> string\n  string.const 0\n  ret\n"                                                      /* 1 */
    "func \"show_box\" <T: trait 0> (class 1<param 0>) -> string\n"                                                     /* 2 */
    "  local.get 0\n  field.get class 1<param 0> 0\n  call.bound trait 0 param 0 0\n  ret\n"
    "func \"show_point\" (class 0) -> string\n  string.const 0\n  ret\n"                                                /* 3 */
    "func \"name_any\" <Self: trait 4> (param 0, int) -> string\n"                                                      /* 4 */
    "  local.get 0\n  call.bound trait 0 param 0 0\n  ret\n"
    "func \"next\" <T> (list<param 0>) -> opt<param 0>\n  local.get 0\n  list.pop param 0\n  ret\n"                     /* 5 */
    "func \"same\" <T: trait 2> (param 0, param 0) -> bool\n"                                                           /* 6 */
    "  local.get 0\n  local.get 1\n  call.bound trait 1 param 0 0\n  ret\n"
    "func \"pair\" <A, B> (param 0, param 1) -> tuple<param 0, param 1>\n"                                              /* 7 */
    "  local.get 0\n  local.get 1\n  tuple.new tuple<param 0, param 1>\n  ret\n"
    "func \"nothing\" () -> void\n  void.const\n  ret\n"                                                                /* 8 */
    "impl trait 0 for int\n  by 1\n"
    "impl <T: trait 0> trait 0 for class 1<param 0>\n  by 2<param 0>\n"
    "impl trait 0 for class 0\n  by 3\n"
    "impl trait 1 for int\n  by int.eq\n"
    "impl trait 2 for int\n  by int.cmp\n"
    "impl trait 4 for class 0\n  by 4<class 0>\n"
    "impl <T> trait 3<param 0> for list<param 0>\n  by 5<param 0>\n"
    "test \"nothing\" 8\n"
    "export \"same\" 1\n";

/* The first function of a case's text. */
enum { FIRST = 9, PRELUDE_IMPLS = 7 };

static Module *assemble(const char *text) {
  size_t length = strlen(prelude) + strlen(text) + 2;
  char *whole = malloc(length);
  snprintf(whole, length, "%s%s\n", prelude, text);
  ModuleError error;
  Module *module = module_assemble(whole, strlen(whole), &error);
  ck_assert_msg(module, "line %u: %s\n%s", (unsigned)error.offset, error.reason, text);
  free(whole);
  return module;
}

static void check_accepted(Module *module, const char *text) {
  ModuleError error;
  bool is_ok = module_verify(module, &error);
  ck_assert_msg(is_ok, "pc %u: %s\n%s", (unsigned)error.offset, error.reason, text);
  ck_assert(module->verified);
}

static void check_refused(Module *module, const char *reason, const char *text) {
  ModuleError error;
  ck_assert_msg(!module_verify(module, &error), "accepted\n%s", text);
  ck_assert_msg(strstr(error.reason, reason), "refused for \"%s\" instead of \"%s\"\n%s", error.reason, reason, text);
  ck_assert(!module->verified);
}

typedef struct Rule {
  const char *text;
  const char *reason; /* NULL: it verifies */
} Rule;

static const Rule cases[] = {
  {"", NULL},
  /* the operand stack */
  {"func \"f\" (int) -> int\n  local.get 0\n  ret", NULL},
  {"func \"f\" (int) -> int\n  ret", "takes 1 operands"},
  {"func \"f\" (int) -> float\n  local.get 0\n  ret", "takes a float"},
  {"func \"f\" (int) -> int\n  local.get 0\n  local.get 0\n  ret", "leaves 1 operands"},
  {"func \"f\" (int) -> int\n  local.get 0\n  local.get 0\n  int.add\n  ret", NULL},
  {"func \"f\" (int, float) -> int\n  local.get 0\n  local.get 1\n  int.add\n  ret", "int.add takes a int as operand 1"},
  {"func \"f\" (int) -> int\n  local.get 0", "does not end"},
  {"func \"f\" (int) -> int\n  local.get 0\n  ret\n  local.get 0\n  ret", "can't be reached"},
  {"func \"f\" () -> int", "length of code"},
  /* locals */
  {"func \"f\" () -> int\n  local int\n  int.const 1\n  local.set 0\n  local.get 0\n  ret", NULL},
  {"func \"f\" () -> int\n  local int\n  local.get 0\n  ret", "not initialised"},
  {"func \"f\" () -> int\n  local.get 0\n  ret", "local out of range"},
  {"func \"f\" () -> int\n  local float\n  int.const 1\n  local.set 0\n  int.const 0\n  ret", "takes a float"},
  {"func \"f\" (bool) -> int\n  local int\n  local.get 0\n  br.if l\n  int.const 1\n  local.set 1\nlabel l ()\n  local.get 1\n  ret",
   "not initialised"},
  {"func \"f\" (bool) -> int\n  local int\n  local.get 0\n  br.if l\n  int.const 1\n  local.set 1\nlabel l () init 1\n  local.get 1\n  ret",
   "without local 1"},
  {"func \"f\" (bool) -> int\n  local int\n  int.const 1\n  local.set 1\n  local.get 0\n  br.if l\nlabel l () init 1\n  local.get 1\n  ret",
   NULL},
  {"func \"f\" (bool) -> int\n  local int\n  local.get 0\n  br.if m\n  br l\nlabel m ()\n  int.const 2\n  local.set 1\n"
   "label l () init 1\n  local.get 1\n  ret", "goes to a label at 5 without local 1"},
  {"func \"f\" (bool) -> int\n  br l\nlabel l () init 0\n  int.const 1\n  ret", "local out of range"},
  {"func \"f\" () -> int\n  local int\n  local int\n  int.const 1\n  local.set 0\n  int.const 1\n  local.set 1\n  br l\n"
   "label l () init 1, 0\n  int.const 1\n  ret", "out of order"},
  /* branches and labels */
  {"func \"f\" (int) -> int\nlabel loop ()\n  local.get 0\n  int.const 0\n  int.gt\n  br.if loop\n  int.const 1\n  ret", NULL},
  {"func \"f\" () -> int\n  int.const 1\n  br l\nlabel l (int)\n  ret", NULL},
  {"func \"f\" () -> int\n  int.const 1\nlabel l (int)\n  ret", NULL},
  {"func \"f\" () -> int\n  int.const 1\nlabel l (float)\n  pop float\n  int.const 1\n  ret", "comes to a label at 1 with another operand"},
  {"func \"f\" () -> int\n  int.const 1\n  br l\nlabel l (float)\n  pop float\n  int.const 1\n  ret", "another operand 0"},
  {"func \"f\" () -> int\n  int.const 1\n  int.const 1\n  br l\nlabel l (int)\n  ret", "with 2 operands instead of 1"},
  {"func \"f\" () -> int\n  br l\nlabel l (int)\n  ret", "with 0 operands instead of 1"},
  {"func \"f\" () -> int\n  int.const 1\nlabel l (int)\n  br l", "with operands on the stack"},
  {"func \"f\" () -> int\nlabel l ()\n  br l", NULL},
  {"func \"f\" (int) -> int\n  local.get 0\n  switch (a, b)\n  int.const 3\n  ret\nlabel a ()\n  int.const 1\n  ret\n"
   "label b ()\n  int.const 2\n  ret", NULL},
  {"func \"f\" (int) -> int\n  local.get 0\n  switch (a)\n  int.const 3\nlabel a (int)\n  ret", "goes to a label"},
  {"func \"f\" (opt<int>) -> int\n  local.get 0\n  br.nil l int\n  ret\nlabel l ()\n  int.const 0\n  ret", NULL},
  {"func \"f\" (opt<int>) -> int\n  local.get 0\n  br.nil l int\n  ret\nlabel l (int)\n  ret", "with 0 operands"},
  {"func \"f\" (result<int, class 0>) -> int\n  local.get 0\n  br.err l result<int, class 0>\n  ret\nlabel l (class 0)\n"
   "  field.get class 0 0\n  ret", NULL},
  {"func \"f\" (result<int, class 0>) -> int\nlabel l ()\n  local.get 0\n  br.err l result<int, class 0>\n  ret",
   "with operands on the stack"},
  {"func \"f\" (enum 0) -> int\n  local.get 0\n  br.uncase l enum 0 1\n  pop bool\n  ret\nlabel l (enum 0)\n  enum.tag enum 0\n  ret", NULL},
  {"func \"f\" (enum 0) -> int\n  local.get 0\n  br.uncase l enum 0 2\n  pop bool\n  ret\nlabel l (enum 0)\n  enum.tag enum 0\n  ret",
   "case out of range"},
  {"func \"f\" (trait 0) -> int\n  local.get 0\n  br.unis l trait 0 int\n  ret\nlabel l (trait 0)\n  pop trait 0\n  int.const 0\n  ret", NULL},
  {"func \"f\" (trait 0) -> int\n  local.get 0\n  br.unis l trait 0 float\n  pop float\n  int.const 0\n  ret\nlabel l (trait 0)\n"
   "  pop trait 0\n  int.const 0\n  ret", "float does not implement Show"},
  {"func \"f\" <T: trait 0> (trait 0) -> int\n  local.get 0\n  br.unis l trait 0 param 0\n  pop param 0\n  int.const 0\n  ret\n"
   "label l (trait 0)\n  pop trait 0\n  int.const 0\n  ret", NULL},
  /* classes, enums, tuples, results */
  {"func \"f\" (class 0) -> void\n  local.get 0\n  int.const 3\n  field.set class 0 0\n  void.const\n  ret", NULL},
  {"func \"f\" (class 0) -> void\n  local.get 0\n  float.const 3\n  field.set class 0 1\n  void.const\n  ret", "not mutable"},
  {"func \"f\" (class 0) -> int\n  local.get 0\n  field.get class 0 2\n  ret", "field out of range"},
  {"func \"f\" (class 0) -> int\n  local.get 0\n  field.get int 0\n  ret", "no class"},
  {"func \"f\" () -> class 0\n  int.const 1\n  float.const 2\n  new class 0\n  ret", NULL},
  {"func \"f\" () -> class 0\n  float.const 1\n  float.const 2\n  new class 0\n  ret", "takes a int"},
  {"func \"f\" () -> class 1<int>\n  int.const 1\n  new class 1<int>\n  ret", NULL},
  {"func \"f\" () -> enum 1<int>\n  int.const 1\n  enum.new enum 1<int> 1\n  ret", NULL},
  {"func \"f\" () -> enum 1<float>\n  int.const 1\n  enum.new enum 1<float> 1\n  ret", "takes a float"},
  {"func \"f\" (int) -> tuple<int>\n  local.get 0\n  tuple.new tuple<int>\n  ret", "not well-formed"},
  {"func \"f\" (result<int, int>) -> result<int, int>\n  local.get 0\n  ret", "not well-formed"},
  {"func \"f\" (class 0, class 0) -> bool\n  local.get 0\n  local.get 1\n  ref.eq class 0\n  ret", NULL},
  {"func \"f\" (int, int) -> bool\n  local.get 0\n  local.get 1\n  ref.eq int\n  ret", "no identity"},
  /* types and bounds */
  {"func \"f\" (class 2) -> int\n  int.const 0\n  ret", "not well-formed"},
  {"func \"f\" (class 0<int>) -> int\n  int.const 0\n  ret", "not well-formed"},
  {"func \"f\" (trait 3) -> int\n  int.const 0\n  ret", "not well-formed"},
  {"func \"f\" (param 0) -> int\n  int.const 0\n  ret", "out of range"},
  {"func \"f\" () -> int\n  opt.nil param 0\n  pop opt<param 0>\n  int.const 0\n  ret", "out of range"},
  {"func \"f\" (class 1<float>) -> int\n  int.const 0\n  ret", "float does not meet the bound Show"},
  {"func \"f\" (class 1<class 1<int>>) -> int\n  int.const 0\n  ret", NULL},
  {"func \"f\" (class 1<class 1<float>>) -> int\n  int.const 0\n  ret", "does not meet"},
  {"func \"f\" <T> (class 1<param 0>) -> int\n  int.const 0\n  ret", "does not meet the bound"},
  {"func \"f\" <T: trait 0> (class 1<class 1<param 0>>) -> int\n  int.const 0\n  ret", NULL},
  {"func \"f\" <T: trait 4> (class 1<param 0>) -> int\n  int.const 0\n  ret", NULL}, /* Named extends Show */
  {"func \"f\" (class 1<trait 0>) -> int\n  int.const 0\n  ret", NULL},
  {"func \"f\" (class 1<trait 4>) -> int\n  int.const 0\n  ret", NULL},
  {"func \"f\" (class 1<trait 3<int>>) -> int\n  int.const 0\n  ret", "does not meet"},
  {"func \"f\" () -> bool\n  int.const 1\n  int.const 2\n  call 6<int>\n  ret", NULL},
  {"func \"f\" (float) -> bool\n  local.get 0\n  local.get 0\n  call 6<float>\n  ret", "does not meet"},
  {"func \"f\" (trait 2) -> bool\n  local.get 0\n  local.get 0\n  call 6<trait 2>\n  ret", "does not meet"}, /* not dynamic */
  {"func \"f\" () -> fn<int, bool>\n  int.const 1\n  fn.new 6<int> 1\n  ret", NULL},
  {"func \"f\" () -> fn<int, bool>\n  string.const 0\n  fn.new 6<string> 1\n  ret", "does not meet"},
  {"func \"f\" () -> fn<int, bool>\n  int.const 1\n  fn.new 6<int> 3\n  ret", "binds more parameters"},
  {"func \"f\" () -> int\n  call 6<int, int>\n  ret", "wrong number of type arguments"},
  {"func \"f\" () -> int\n  call 99\n  ret", "function out of range"},
  /* calls through bounds and on trait values */
  {"func \"f\" (int) -> string\n  local.get 0\n  call.bound trait 0 int 0\n  ret", NULL},
  {"func \"f\" (float) -> string\n  local.get 0\n  call.bound trait 0 float 0\n  ret", "does not implement"},
  {"func \"f\" (int) -> string\n  local.get 0\n  call.bound trait 0 int 1\n  ret", "method out of range"},
  {"func \"f\" <T: trait 2> (param 0) -> bool\n  local.get 0\n  local.get 0\n  call.bound trait 1 param 0 0\n  ret", NULL},
  {"func \"f\" <T: trait 1> (param 0) -> int\n  local.get 0\n  local.get 0\n  call.bound trait 2 param 0 0\n  ret", "does not implement"},
  {"func \"f\" (list<int>) -> opt<int>\n  local.get 0\n  call.bound trait 3<int> list<int> 0\n  ret", NULL},
  {"func \"f\" (list<int>) -> opt<bool>\n  local.get 0\n  call.bound trait 3<bool> list<int> 0\n  ret", "does not implement"},
  {"func \"f\" (trait 3<int>) -> opt<int>\n  local.get 0\n  call.trait trait 3<int> 0\n  ret", NULL},
  {"func \"f\" (trait 1) -> bool\n  local.get 0\n  local.get 0\n  call.trait trait 1 0\n  ret", "not dynamic"},
  {"func \"f\" (int) -> trait 0\n  local.get 0\n  trait.new int trait 0\n  ret", NULL},
  {"func \"f\" (float) -> trait 0\n  local.get 0\n  trait.new float trait 0\n  ret", "does not implement"},
  {"func \"f\" (trait 4) -> trait 0\n  local.get 0\n  trait.new trait 4 trait 0\n  ret", NULL},
  {"func \"f\" (trait 0) -> trait 4\n  local.get 0\n  trait.new trait 0 trait 4\n  ret", "does not implement"},
  {"func \"f\" <T: trait 4> (param 0) -> trait 0\n  local.get 0\n  trait.new param 0 trait 0\n  ret", NULL},
  {"func \"f\" (trait 2) -> trait 1\n  local.get 0\n  trait.new trait 2 trait 1\n  ret", NULL},
  /* a super that mentions Self can't be reached through a trait value: the object may have been given another argument */
  {"trait \"Add\" <Self, B>\n  method \"add\" dynamic (param 0, param 1) -> int\n"
   "trait \"Num\" <Self: trait 5<param 0>>\n"
   "func \"f\" (trait 6) -> trait 5<trait 6>\n  local.get 0\n  trait.new trait 6 trait 5<trait 6>\n  ret", "does not implement"},
  {"trait \"Add\" <Self, B>\n  method \"add\" dynamic (param 0, param 1) -> int\n"
   "trait \"Num\" <Self: trait 5<param 0>>\n"
   "func \"g\" <T: trait 6> (param 0) -> int\n  local.get 0\n  local.get 0\n  call.bound trait 5<param 0> param 0 0\n  ret\n"
   "func \"f\" (trait 6) -> int\n  local.get 0\n  call 9<trait 6>\n  ret", "does not meet"},
  {"trait \"Add\" <Self, B>\n  method \"add\" dynamic (param 0, param 1) -> int\n"
   "trait \"Num\" <Self: trait 5<param 0>>\n"
   "func \"add\" (int, int) -> int\n  local.get 0\n  ret\n"
   "impl trait 5<int> for int\n  by 9\nimpl trait 6 for int\n"
   "func \"g\" <T: trait 6> (param 0) -> int\n  local.get 0\n  local.get 0\n  call.bound trait 5<param 0> param 0 0\n  ret\n"
   "func \"f\" (int) -> int\n  local.get 0\n  call 10<int>\n  ret", NULL},
  /* traits */
  {"trait \"A\" <Self: trait 5>", "extends itself"},
  {"trait \"A\" <Self: trait 6>\ntrait \"B\" <Self: trait 5>", "extends itself"},
  {"trait \"A\" <Self: trait 3<int> + trait 3<bool>>", "in two ways"},
  {"trait \"A\" <Self: trait 3<int>>\ntrait \"B\" <Self: trait 5 + trait 3<int>>", NULL},
  {"trait \"A\" <Self, T: trait 3<param 0>>", "mentions Self"},
  {"trait \"A\" <Self>\n  method \"m\" () -> int", "bad number of parameters"},
  {"trait \"A\" <Self>\n  method \"m\" (int) -> int", "not Self"},
  {"trait \"A\" <Self>\n  method \"m\" dynamic (param 0) -> list<param 0>", "is dynamic but mentions Self"},
  {"trait \"A\" <Self: int>", "no trait"},
  {"trait \"A\" <Self, T>\n  method \"m\" (param 0, param 2) -> int", "out of range"},
  {"class \"C\" <T: trait 5<param 0>>\ntrait \"A\" <Self, T>\n  method \"m\" dynamic (param 0, class 2<param 0>) -> int", "dynamic but mentions"},
  /* impls */
  {"impl trait 0 for float\n  by 1", "another signature"},
  {"impl trait 0 for float\n  by 77", "function out of range"},
  {"impl trait 0 for float\n  by float.int", "another signature"},
  {"impl trait 0 for float\n  by ret", "no instruction"},
  {"impl trait 0 for float\n  by local.get", "no instruction"},
  {"impl trait 0 for int\n  by 1", "already"},
  {"impl trait 3<int> for list<int>\n  by 5<int>", "already"},
  {"impl trait 0 for trait 1\n  by 1", "another signature"},
  {"impl <T> trait 0 for param 0\n  by 1", "implementing type is a parameter"},
  {"impl <T, U> trait 3<param 1> for cell<param 0>\n  by 5<param 0>", "does not mention type parameter 1"},
  {"impl trait 2 for float\n  by float.cmp", "does not meet the bound Eq"},
  {"impl trait 2 for float\n  by float.cmp\nimpl trait 1 for float\n  by float.eq", NULL},
  {"impl trait 4 for int\n  by 4<int>", NULL},
  {"impl trait 4 for float\n  by 4<float>", "does not meet"},
  {"impl <T> trait 1 for list<param 0>\n  by 7<param 0, param 0>", "another signature"},
  {"impl <T> trait 0 for opt<param 0>\n  by 2<param 0>", "does not meet the bound"},
  {"func \"s\" <T: trait 0> (opt<param 0>) -> string\n  string.const 0\n  ret\nimpl <T: trait 0> trait 0 for opt<param 0>\n  by 9<param 0>\n"
   "func \"f\" (opt<opt<int>>) -> string\n  local.get 0\n  call.bound trait 0 opt<opt<int>> 0\n  ret", NULL},
  /* two tuples of different lengths are different heads */
  {"func \"s\" <A, B> (tuple<param 0, param 1>) -> string\n  string.const 0\n  ret\n"
   "func \"t\" <A, B, C> (tuple<param 0, param 1, param 2>) -> string\n  string.const 0\n  ret\n"
   "impl <A, B> trait 0 for tuple<param 0, param 1>\n  by 9<param 0, param 1>\n"
   "impl <A, B, C> trait 0 for tuple<param 0, param 1, param 2>\n  by 10<param 0, param 1, param 2>", NULL},
  /* constants, globals, roots */
  {"func \"f\" () -> string\n  string.const 1\n  ret", "string constant out of range"},
  {"func \"f\" () -> int\n  global.get 1\n  ret", "global out of range"},
  {"func \"f\" () -> int\n  global.get 0\n  ret", NULL},
  {"global \"p\" param 0", "out of range"},
  {"global \"b\" class 1<float>", "does not meet"},
  {"import \"m\" \"f\" (param 0) -> int", "out of range"},
  {"entry 1", "the entry is no"},
  {"entry 8", "the entry is no"},
  {"entry 99", "the entry is no"},
  {"test \"t\" 1", "test is no function"},
  {"export \"e\" 99", "function out of range"},
  {"export \"e\" 2", "generic"},
  {"func \"f\" () -> int\n  int.const 1\n  line 7 1 1\n  ret", "line entry"},
  {"func \"f\" () -> int\n  int.const 1\n  line 0 1 1\n  ret", NULL},
  /* growth: instances that never end */
  {"func \"f\" <T> (param 0) -> int\n  local.get 0\n  local.get 0\n  tuple.new tuple<param 0, param 0>\n"
   "  call 9<tuple<param 0, param 0>>\n  ret", "never end"},
  {"func \"f\" <T> (param 0) -> int\n  local.get 0\n  call 9<param 0>\n  ret", NULL},
  {"func \"f\" <T> (param 0) -> int\n  local.get 0\n  call 10<list<param 0>, param 0>\n  ret\n"
   "func \"g\" <A, B> (param 1) -> int\n  local.get 0\n  call 9<param 1>\n  ret", NULL},
  {"func \"f\" <T> (param 0) -> int\n  local.get 0\n  opt.nil list<param 0>\n  call 10<list<param 0>, param 0>\n  ret\n"
   "func \"g\" <A, B> (param 1, opt<param 0>) -> int\n  local.get 1\n  call 9<opt<param 0>>\n  ret", "never end"},
  {"func \"f\" <T> (list<param 0>) -> int\n  fn.new 9<list<param 0>> 0\n  pop fn<list<list<param 0>>, int>\n  int.const 1\n  ret", "never end"},
  /* Show of a tree with optional children: each step builds an optional and takes it apart again */
  {"class \"Tree\" <T: trait 0>\n  field \"left\" opt<class 2<param 0>>\n"
   "func \"show_tree\" <T: trait 0> (class 2<param 0>) -> string\n  local.get 0\n  field.get class 2<param 0> 0\n"
   "  call.bound trait 0 opt<class 2<param 0>> 0\n  ret\n"
   "func \"show_opt\" <T: trait 0> (opt<param 0>) -> string\n  local.get 0\n  opt.get param 0\n  call.bound trait 0 param 0 0\n  ret\n"
   "impl <T: trait 0> trait 0 for class 2<param 0>\n  by 9<param 0>\nimpl <T: trait 0> trait 0 for opt<param 0>\n  by 10<param 0>", NULL},
  /* the same, but each step adds a level */
  {"class \"Tree\" <T: trait 0>\n  field \"left\" opt<class 2<param 0>>\n"
   "func \"show_tree\" <T: trait 0> (class 2<param 0>) -> string\n  string.const 0\n  panic\n"
   "func \"show_opt\" <T: trait 0> (opt<param 0>) -> string\n  opt.nil class 2<param 0>\n"
   "  call.bound trait 0 opt<class 2<param 0>> 0\n  ret\n"
   "impl <T: trait 0> trait 0 for class 2<param 0>\n  by 9<param 0>\nimpl <T: trait 0> trait 0 for opt<param 0>\n  by 10<param 0>",
   "never end"},
};

START_TEST(rules) {
  const Rule *c = &cases[_i];
  Module *module = assemble(c->text);
  if (c->reason) check_refused(module, c->reason, c->text); else check_accepted(module, c->text);
  module_free(module);
}
END_TEST

/* What text can't say. */

static Function *last_function(Module *module) { return &module->functions[module->nfunctions - 1]; }

START_TEST(damaged_functions) {
  static const char text[] =
      "func \"f\" (int) -> int\n  br a\nlabel a ()\n  br b\nlabel b ()\n  local.get 0\n  switch (a, b)\n  local.get 0\n  ret";
  for (int damage = 0; damage < 11; damage++) {
    Module *module = assemble(text);
    Function *f = last_function(module);
    const char *reason = "";
    switch (damage) {
      case 0: f->labels[0].pc = f->labels[1].pc; reason = "out of order"; break;
      case 1: f->labels[1].pc = f->ncode; reason = "behind the code"; break;
      case 2: f->code[0].op = 0xff; reason = "no such instruction"; break;
      case 3: f->code[0].a = 9; reason = "label out of range"; break;
      case 4: f->switches[1] = 2; reason = "label out of range"; break;
      case 5: f->code[3].b = 3; reason = "switch labels out of range"; break;
      case 6: f->code[3].a = UINT32_MAX; reason = "switch labels out of range"; break;
      case 7: f->locals[0] = type_simple(module->types, TYPE_FLOAT); f->params = module_alloc(module, 8);
              f->params[0] = type_simple(module->types, TYPE_INT); reason = "its parameter's type"; break;
      case 8: f->name = NULL; reason = "no name"; break;
      case 9: module->strings[0].bytes = "h\xff" "llo"; reason = "not UTF-8"; break;
      case 10: f->nlocals = 0; reason = "number of locals"; break;
    }
    check_refused(module, reason, text);
    module_free(module);
  }
}
END_TEST

START_TEST(constants_in_range) {
  Module *module = assemble("func \"f\" () -> bool\n  bool.const true\n  ret\nfunc \"g\" () -> char\n  char.const 'a'\n  ret");
  check_accepted(module, "");
  module->functions[FIRST].code[0].a = 2;
  check_refused(module, "not 0 or 1", "");
  module->functions[FIRST].code[0].a = 1;
  module->functions[FIRST + 1].code[0].a = 0xd800;
  check_refused(module, "not a Unicode scalar value", "");
  module_free(module);
}
END_TEST

START_TEST(deep_operand_stack) {
  Module *module = assemble("func \"f\" () -> void\n  void.const\n  ret");
  for (uint32_t count = 4096; count <= 4097; count++) {
    Function *f = last_function(module);
    f->ncode = 2 * count;
    f->code = module_alloc(module, f->ncode * sizeof *f->code);
    for (uint32_t i = 0; i < count; i++) f->code[i].op = OP_VOID_CONST;
    for (uint32_t i = count; i + 1 < 2 * count; i++) {
      f->code[i].op = OP_POP;
      f->code[i].t = type_simple(module->types, TYPE_VOID);
    }
    f->code[2 * count - 1].op = OP_RET;
    if (count == 4096) check_accepted(module, "4096"); else check_refused(module, "too many operands", "4097");
  }
  module_free(module);
}
END_TEST

/* Every instruction */

typedef struct Sample {
  uint8_t op;
  uint32_t a, b;
  const char *t, *u; /* as module text writes types */
  const char *effect;
} Sample;

/* The immediates for rows whose effect is decided by code, and what it must be. L is label 0. */
static const Sample samples[] = {
  {OP_BR_ERR, 0, 0, "result<bool, class 0>", NULL, "bool!: bool | Point"},
  {OP_BR_UNCASE, 0, 1, "enum 0", NULL, "Color: int bool | Color"},
  {OP_BR_UNCASE, 0, 0, "enum 1<int>", NULL, "Maybe<int>: | Maybe<int>"},
  {OP_RET, 0, 0, NULL, NULL, "void:"},
  {OP_CALL, 1, 0, NULL, NULL, "int: string"},
  {OP_CALL_BOUND, 0, 0, "trait 1", "int", "int int: bool"},
  {OP_CALL_BOUND, 0, 0, "trait 3<float>", "list<float>", "[float]: float?"},
  {OP_CALL_TRAIT, 0, 0, "trait 4", NULL, "Named int: string"},
  {OP_CALL_FN, 0, 0, "fn<int, bool, char>", NULL, "fn(int, bool) -> char int bool: char"},
  {OP_CALL_IMPORT, 0, 0, NULL, NULL, "int int: int"},
  {OP_LOCAL_GET, 0, 0, NULL, NULL, ": bytes"},
  {OP_LOCAL_SET, 0, 0, NULL, NULL, "bytes:"},
  {OP_GLOBAL_GET, 0, 0, NULL, NULL, ": int"},
  {OP_GLOBAL_SET, 0, 0, NULL, NULL, "int:"},
  {OP_FN_NEW, 1, 0, NULL, NULL, ": fn(int) -> string"},
  {OP_FN_NEW, 1, 1, NULL, NULL, "int: fn() -> string"},
  {OP_TUPLE_NEW, 0, 0, "tuple<int, bool>", NULL, "int bool: (int, bool)"},
  {OP_TUPLE_GET, 1, 0, "tuple<int, bool>", NULL, "(int, bool): bool"},
  {OP_RES_OK, 0, 0, "result<int, class 0>", NULL, "int: int!"},
  {OP_RES_ERR, 0, 0, "result<int, class 0>", NULL, "Point: int!"},
  {OP_NEW, 0, 0, "class 0", NULL, "int float: Point"},
  {OP_FIELD_GET, 1, 0, "class 0", NULL, "Point: float"},
  {OP_FIELD_SET, 0, 0, "class 0", NULL, "Point int:"},
  {OP_ENUM_NEW, 1, 0, "enum 0", NULL, "int bool: Color"},
  {OP_ENUM_NEW, 0, 0, "enum 1<int>", NULL, ": Maybe<int>"},
  {OP_LIST_NEW, 3, 0, "char", NULL, "char char char: [char]"},
  {OP_LIST_NEW, 0, 0, "char", NULL, ": [char]"},
  {OP_STRING_CONCAT, 2, 0, NULL, NULL, "string string: string"},
  /* rows whose types are of a certain kind */
  {OP_BR_UNIS, 0, 0, "trait 0", "int", "Show: int | Show"},
  {OP_ENUM_TAG, 0, 0, "enum 0", NULL, "Color: int"},
  {OP_REF_EQ, 0, 0, "list<int>", NULL, "[int] [int]: bool"},
  {OP_TRAIT_NEW, 0, 0, "int", "trait 0", "int: Show"},
};

/* The type that a text means: assembled as a global's. */
static const Type *type_of(Module *module, const char *text) {
  char whole[200];
  snprintf(whole, sizeof whole, "module 1\nglobal \"t\" %s\n", text);
  Module *other = module_assemble(whole, strlen(whole), &(ModuleError){0});
  ck_assert_msg(other, "%s", text);
  const Type *type = type_subst(module->types, other->globals[0].type, NULL, 0);
  module_free(other);
  return type;
}

static const char *name_decl(void *ctx, const Type *type) {
  const Module *m = ctx;
  return type->kind == TYPE_CLASS ? m->classes[type->decl].name
         : type->kind == TYPE_ENUM ? m->enums[type->decl].name
         : type->kind == TYPE_TRAIT ? m->traits[type->decl].name : NULL;
}

static void print_types(Module *module, char *text, size_t size, const char *before, const Type *const *types, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    size_t length = strlen(text);
    length += (size_t)snprintf(text + length, size - length, "%s", i || *before ? " " : "");
    type_print(types[i], text + length, size - length, name_decl, module);
  }
}

static void print_effect(Module *module, const Effect *effect, char *text, size_t size) {
  text[0] = 0;
  print_types(module, text, size, "", effect->pops, effect->npops);
  strcat(text, ":");
  print_types(module, text, size, ":", effect->pushes, effect->npushes);
  if (effect->nlabel_pushes) strcat(text, " |");
  print_types(module, text, size, "|", effect->label_pushes, effect->nlabel_pushes);
}

typedef struct Writer {
  Module *module;
  Function *f;
} Writer;

static Insn *emit(Writer *w, Insn insn) {
  w->f->code[w->f->ncode] = insn;
  return &w->f->code[w->f->ncode++];
}

static void emit_drop_and_return(Writer *w, const Type *const *types, uint32_t count) {
  for (uint32_t i = count; i-- > 0;) emit(w, (Insn){.op = OP_POP, .t = types[i]});
  emit(w, (Insn){.op = OP_VOID_CONST});
  emit(w, (Insn){.op = OP_RET});
}

/* Adds a function whose last parameters are the instruction's operands and which executes it once. `skip`: operands to leave out;
 * `other`: the operand that gets a wrong type, or -1. */
static Function *add_user(Module *module, const Insn *insn, uint32_t skip, int other) {
  Function *functions = module_alloc(module, (module->nfunctions + 1) * sizeof *functions);
  memcpy(functions, module->functions, module->nfunctions * sizeof *functions);
  module->functions = functions;
  Function *f = &functions[module->nfunctions++];
  *f = (Function){.name = "user", .result = type_simple(module->types, TYPE_VOID), .nparams = 1, .nlabels = 1};
  f->params = module_alloc(module, 300 * sizeof *f->params);
  f->code = module_alloc(module, 900 * sizeof *f->code);
  f->labels = module_alloc(module, sizeof *f->labels);
  f->switches = module_alloc(module, 2 * sizeof *f->switches);
  f->nswitches = 2;
  f->params[0] = type_simple(module->types, TYPE_BYTES);
  f->locals = f->params;
  f->nlocals = 1;
  Effect effect;
  ModuleError error = {0};
  ck_assert_msg(insn_effect(module, f, insn, &effect, &error), "%s: %s", op_table[insn->op].name, error.reason);
  Writer w = {module, f};
  for (uint32_t i = 0; i < effect.npops; i++) {
    const Type *type = effect.pops[i];
    if ((int)i == other) type = type_simple(module->types, type->kind == TYPE_FLOAT ? TYPE_BOOL : TYPE_FLOAT);
    f->params[f->nparams] = type;
    if (i >= skip) emit(&w, (Insn){.op = OP_LOCAL_GET, .a = f->nparams});
    f->nparams++;
  }
  f->nlocals = f->nparams;
  emit(&w, *insn);
  if (!(op_table[insn->op].flags & OP_END)) emit_drop_and_return(&w, effect.pushes, effect.npushes);
  if (op_table[insn->op].flags & OP_BRANCH) {
    f->labels[0] = (Label){.pc = f->ncode, .nstack = effect.nlabel_pushes, .stack = module_alloc(module, sizeof *effect.label_pushes)};
    if (effect.nlabel_pushes) f->labels[0].stack[0] = effect.label_pushes[0];
    emit_drop_and_return(&w, effect.label_pushes, effect.nlabel_pushes);
  } else {
    f->nlabels = 0;
  }
  return f;
}

static Module *fresh(void) { return assemble(""); }

/* Types among the immediates belong to a module: gives the instruction its own. */
static Insn sample_insn(Module *module, const Sample *sample) {
  Insn insn = {.op = sample->op, .a = sample->a, .b = sample->b};
  if (sample->t) insn.t = type_of(module, sample->t);
  if (sample->u) insn.x.u = type_of(module, sample->u);
  return insn;
}

static void check_sample(const Sample *sample) {
  char text[400];
  Effect effect;
  Module *module = fresh();
  Insn insn = sample_insn(module, sample);
  Function *f = add_user(module, &insn, 0, -1);
  ck_assert(insn_effect(module, f, &insn, &effect, NULL));
  print_effect(module, &effect, text, sizeof text);
  if (sample->effect) ck_assert_str_eq(text, sample->effect);
  check_accepted(module, op_table[sample->op].name);
  module_free(module);
  for (uint32_t i = 0; i < effect.npops; i++) {
    module = fresh();
    insn = sample_insn(module, sample);
    f = add_user(module, &insn, 0, (int)i);
    check_refused(module, sample->op == OP_LOCAL_SET || sample->op == OP_RET ? "takes a" : op_table[sample->op].name, "wrong operand");
    module_free(module);
  }
  if (effect.npops) {
    module = fresh();
    insn = sample_insn(module, sample);
    add_user(module, &insn, 1, -1);
    check_refused(module, "operand", "missing operand");
    module_free(module);
  }
}

START_TEST(special_instructions) { check_sample(&samples[_i]); }
END_TEST

START_TEST(every_instruction) {
  const OpInfo *info = &op_table[_i];
  if (!info->name) return;
  bool is_sampled = false;
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) is_sampled |= samples[i].op == _i;
  if (strchr(info->sig, '*')) ck_assert_msg(is_sampled, "%s needs a sample", info->name);
  if (is_sampled) return;
  static const char *const elements[] = {"int", "tuple<string, opt<int>>", "float", "void"};
  for (size_t i = 0; i < 4; i++) {
    bool has_types = strchr(info->imms, 'T');
    Sample sample = {.op = (uint8_t)_i, .b = _i == OP_SWITCH ? 2 : 0, .t = has_types ? elements[i] : NULL};
    if (strchr(info->imms, 'U')) sample.u = "char";
    check_sample(&sample);
  }
}
END_TEST

/* Hostile bytes: whatever decodes must be judged, never crash. */
START_TEST(hostile_bytes) {
  Module *module = assemble(cases[sizeof cases / sizeof *cases - 2].text);
  size_t length;
  uint8_t *bytes = module_encode(module, &length, false);
  uint8_t *changed = malloc(length);
  uint32_t random = 12345, decoded = 0, verified = 0;
  for (int i = 0; i < 20000; i++) {
    memcpy(changed, bytes, length);
    int count = 1 + i % 3;
    while (count--) {
      random = random * 1664525 + 1013904223;
      changed[(random >> 8) % length] = (uint8_t)(i & 1 ? random >> 3 : (random >> 3) % 16);
    }
    ModuleError error;
    Module *other = module_decode(changed, length, &error);
    if (!other) continue;
    decoded++;
    verified += module_verify(other, &error);
    module_free(other);
  }
  ck_assert_uint_gt(decoded, 1000);
  ck_assert_uint_gt(decoded, verified);
  free(bytes), free(changed);
  module_free(module);
}
END_TEST

/* Linking and specialising */

static Program *link_text(const char *text) {
  ModuleError error;
  Program *program = program_link(assemble(text), &error);
  ck_assert_msg(program, "%u: %s", (unsigned)error.offset, error.reason);
  return program;
}

static Code *code_of(Program *program, uint32_t function, const Type *const *targs, uint32_t ntargs) {
  Trap trap;
  Code *code = program_code(program, function, targs, ntargs, &trap);
  ck_assert_msg(code, "trap %d", trap);
  return code;
}

/* How the live slots of a frame are to be traced before the instruction at pc, and the frame's height. */
static void code_slot_classes(const Code *code, uint32_t pc, uint8_t *classes, uint32_t *height) {
  LiveValues live = {0};
  memset(classes, SLOT_RAW, code->frame_slots);
  *height = code->nlocals_slots;
  ck_assert(code_live(code, pc, false, &live));
  for (uint32_t i = 0; i < live.count; i++) {
    const LiveValue *value = &live.items[i];
    type_slot_classes(value->type, classes + value->slot);
    if (value->slot >= *height) *height = value->slot + value->type->slots;
  }
  free(live.items);
}

static const Type *program_type(Program *program, const char *text) {
  return type_subst(program->types, type_of(program->module, text), NULL, 0);
}

START_TEST(linking) {
  ModuleError error;
  ck_assert_ptr_null(program_link(assemble("import \"vtest\" \"gone\" () -> int"), &error));
  ck_assert_str_eq(error.reason, "no function vtest.gone is given to this program");
  ck_assert_ptr_null(program_link(assemble("import \"vtest\" \"add\" (int, float) -> int"), &error));
  ck_assert(strstr(error.reason, "not what the module imports"));
  ck_assert_ptr_null(program_link(assemble("func \"f\" () -> int"), &error));
  ck_assert(strstr(error.reason, "length of code"));
  Program *program = link_text(
      "import \"vtest\" \"all\" (list<int>, map<string, opt<float>>, tuple<char, bool>, fn<int, bytes>, fn<void>) -> opt<string>\n"
      "global \"wide\" tuple<int, opt<int>>\nglobal \"last\" string");
  ck_assert_uint_eq(program->nglobal_slots, 5);
  ck_assert_uint_eq(program->global_slots[2], 4);
  ck_assert_str_eq(program->natives[1]->name, "vtest.all");
  ck_assert_str_eq(((String *)program->strings[0])->bytes, "hello");
  ck_assert_ptr_nonnull(program->entry->insns);
  ck_assert_uint_eq(program->entry->cost, 2);
  program_free(program);
}
END_TEST

START_TEST(widths_and_slots) {
  Program *program = link_text("");
  const Type *targs[2] = {program_type(program, "opt<int>"), program_type(program, "tuple<string, float>")};
  Code *code = code_of(program, 7, targs, 2);
  ck_assert_uint_eq(code->nargs_slots, 4);
  ck_assert_uint_eq(code->nlocals_slots, 4);
  ck_assert_uint_eq(code->frame_slots, 8);
  ck_assert_uint_eq(code->result_slots, 4);
  ck_assert_uint_eq(code->local_slots[1], 2);
  ck_assert_uint_eq(code->insns[0].w, 2);
  ck_assert_uint_eq(code->insns[1].a, 2);
  ck_assert_uint_eq(code->insns[1].sp, 6);
  ck_assert_uint_eq(code->insns[3].sp, 8);
  ck_assert_uint_eq(code->insns[3].w, 4);
  ck_assert_ptr_eq(code_of(program, 7, targs, 2), code);
  const Type *swapped[2] = {targs[1], targs[0]};
  ck_assert_ptr_ne(code_of(program, 7, swapped, 2), code);
  uint8_t classes[8];
  uint32_t height;
  code_slot_classes(code, 2, classes, &height);
  ck_assert_uint_eq(height, 8);
  static const uint8_t expected[8] = {SLOT_RAW, SLOT_RAW, SLOT_REF, SLOT_RAW, SLOT_RAW, SLOT_RAW, SLOT_REF, SLOT_RAW};
  ck_assert_mem_eq(classes, expected, 8);
  program_free(program);
}
END_TEST

START_TEST(slot_classes_at_labels) {
  Program *program = link_text("func \"f\" (bool) -> string\n  local string\n  local string\n  string.const 0\n  local.set 2\n"
                               "label l () init 2\n  string.const 0\n  local.get 0\n  br.if m\nlabel m (string)\n  local.set 1\n"
                               "  local.get 1\n  ret");
  Code *code = code_of(program, FIRST, NULL, 0);
  uint8_t classes[8];
  uint32_t height;
  code_slot_classes(code, 0, classes, &height);
  ck_assert(classes[1] == SLOT_RAW && classes[2] == SLOT_RAW && height == 3);
  code_slot_classes(code, 2, classes, &height);
  ck_assert(classes[1] == SLOT_RAW && classes[2] == SLOT_REF && height == 3);
  code_slot_classes(code, 4, classes, &height);
  ck_assert(classes[3] == SLOT_REF && classes[4] == SLOT_RAW && height == 5);
  code_slot_classes(code, 5, classes, &height);
  ck_assert(classes[1] == SLOT_RAW && classes[2] == SLOT_RAW && classes[3] == SLOT_REF && height == 4);
  code_slot_classes(code, 7, classes, &height);
  ck_assert(classes[1] == SLOT_REF && height == 4);
  program_free(program);
}
END_TEST

START_TEST(branch_costs) {
  Program *program = link_text("func \"f\" (int) -> int\n  int.const 1\n  pop int\nlabel a ()\n  local.get 0\n  switch (a, b)\n"
                               "  local.get 0\n  int.const 0\n  int.gt\n  br.if a\n  br b\nlabel b ()\n  int.const 7\n  ret");
  Code *code = code_of(program, FIRST, NULL, 0);
  ck_assert_uint_eq(code->cost, 11);
  ck_assert_uint_eq(code->insns[3].k, 2);
  ck_assert_uint_eq(code->insns[3].x.targets[0], 2);
  ck_assert_uint_eq(code->insns[3].x.targets[1], 9);
  ck_assert_uint_eq(code->insns[3].x.targets[2], 2);
  ck_assert_uint_eq(code->insns[3].x.targets[3], 0);
  ck_assert_uint_eq(code->insns[7].a, 2);
  ck_assert_uint_eq(code->insns[7].cost, 6);
  ck_assert_uint_eq(code->insns[8].cost, 0);
  program_free(program);
}
END_TEST

START_TEST(calls_through_bounds) {
  Program *program = link_text("");
  Trap trap;
  /* an implementation that is one instruction stands in for the call */
  const Type *integer = program_type(program, "int");
  Code *same = code_of(program, 6, &integer, 1);
  ck_assert_uint_eq(same->insns[2].op, OP_INT_EQ);
  ck_assert_uint_eq(same->cost, 4);
  /* a function: called, found when first asked for */
  Code *show = code_of(program, 2, &integer, 1);
  ck_assert_uint_eq(show->insns[2].op, OP_CALL);
  ck_assert_ptr_null(show->insns[2].x.callee);
  Code *callee = program_callee(program, show, &show->insns[2], &trap);
  ck_assert_ptr_eq(callee->function, &program->module->functions[1]);
  ck_assert_ptr_eq(show->insns[2].x.callee, callee);
  ck_assert_ptr_nonnull(callee->insns);
  /* a generic impl, its arguments found by matching */
  const Type *box = program_type(program, "class 1<int>");
  Code *nested = code_of(program, 2, &box, 1);
  callee = program_callee(program, nested, &nested->insns[2], &trap);
  ck_assert_ptr_eq(callee, show);
  /* a trait type: decided when running */
  const Type *any = program_type(program, "trait 0");
  Code *dynamic = code_of(program, 2, &any, 1);
  ck_assert_uint_eq(dynamic->insns[2].op, OP_CALL_TRAIT);
  ck_assert_ptr_eq(dynamic->insns[2].t, any);
  program_free(program);
}
END_TEST

START_TEST(calls_on_trait_values) {
  Program *program = link_text("trait \"Size\" <Self>\n  method \"size\" dynamic (param 0) -> int\n"
                               "impl trait 5 for string\n  by string.len\n"
                               "func \"next2\" <T> (list<param 0>) -> int\n  local.get 0\n  list.len param 0\n  ret\n"
                               "impl <T> trait 5 for list<param 0>\n  by 9<param 0>");
  Trap trap;
  const Type *size = program_type(program, "trait 5"), *floats = program_type(program, "list<float>");
  ObjDesc *box = desc_box(program, floats);
  Code *code = program_trait_code(program, size, 0, box, &trap);
  ck_assert_ptr_eq(code->function, &program->module->functions[9]);
  ck_assert_ptr_eq(code->targs[0], floats->args[0]);
  ck_assert_ptr_eq(program_trait_code(program, size, 0, box, &trap), code);
  Code *made = program_trait_code(program, size, 0, &desc_string, &trap);
  ck_assert_uint_eq(made->ninsns, 3);
  ck_assert_uint_eq(made->insns[1].op, OP_STRING_LEN);
  ck_assert_uint_eq(made->cost, 3);
  ck_assert_uint_eq(made->function_index, program->module->nfunctions + PRELUDE_IMPLS);
  ck_assert(desc_is_type(box, floats) && !desc_is_type(box, size));
  ck_assert(desc_is_type(&desc_string, program_type(program, "string")) && !desc_is_type(&desc_string, floats));
  const char *name, *file;
  uint32_t line, column;
  code_position(made, 1, &name, &file, &line, &column);
  ck_assert_str_eq(name, "size");
  ck_assert_ptr_null(file);
  program_free(program);
}
END_TEST

START_TEST(closures) {
  Program *program = link_text("func \"f\" () -> fn<int, tuple<int, string>>\n  string.const 0\n  fn.new 7<int, string> 1\n  ret");
  Trap trap;
  Code *code = code_of(program, FIRST, NULL, 0);
  CodeInsn *insn = &code->insns[1];
  ck_assert(insn->op == OP_FN_NEW && insn->a == 1 && insn->v == 1 && insn->b == 1 && !insn->x.p);
  ObjDesc *desc = program_closure(program, code, insn, &trap);
  ck_assert_ptr_eq(insn->x.p, desc);
  ck_assert_ptr_eq(desc->type, program_type(program, "fn<int, tuple<int, string>>"));
  ck_assert_ptr_nonnull(desc->code->insns);
  ck_assert_uint_eq(desc->slot_classes[0], SLOT_REF);
  program_free(program);
}
END_TEST

START_TEST(limits_of_specialising) {
  Program *program = link_text("");
  Trap trap;
  const Type *wide = program_type(program, "int");
  const Type *pair[2] = {wide, wide};
  for (int i = 0; i < 6; i++) pair[0] = pair[1] = wide = type_intern(program->types, TYPE_TUPLE, 0, pair, 2);
  ck_assert_uint_eq(wide->slots, 64);
  ck_assert_ptr_null(program_code(program, 7, pair, 2, &trap));
  ck_assert_int_eq(trap, TRAP_INSTANCES);
  ck_assert_ptr_null(program_code(program, 7, pair, 2, &trap));
  ck_assert_int_eq(trap, TRAP_INSTANCES);
  const Type *deep = program_type(program, "int");
  uint32_t made = program->ncodes;
  while (program->ncodes < PROGRAM_CODES_MAX + program->module->nfunctions) {
    const Type *targs[2] = {deep, program_type(program, "int")};
    ck_assert_ptr_nonnull(program_code(program, 7, targs, 2, &trap));
    const Type *next[3] = {program_type(program, "int"), program_type(program, "bool"), program_type(program, "char")};
    uint32_t number = program->ncodes - made;
    const Type *digits[14];
    for (int i = 0; i < 14; i++, number /= 3) digits[i] = next[number % 3];
    deep = type_intern(program->types, TYPE_TUPLE, 0, digits, 14);
  }
  const Type *one_more[2] = {program_type(program, "string"), program_type(program, "string")};
  ck_assert_ptr_null(program_code(program, 7, one_more, 2, &trap));
  ck_assert_int_eq(trap, TRAP_INSTANCES);
  program_free(program);
}
END_TEST

/* Every sampled instruction specialises: the pass must agree with the verifier on heights. */
START_TEST(samples_specialise) {
  Module *module = fresh();
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    Insn insn = sample_insn(module, &samples[i]);
    add_user(module, &insn, 0, -1);
  }
  uint32_t count = module->nfunctions;
  ModuleError error;
  Program *program = program_link(module, &error);
  ck_assert_msg(program, "%s", error.reason);
  for (uint32_t i = FIRST; i < count; i++) {
    Code *code = code_of(program, i, NULL, 0);
    ck_assert_uint_ge(code->frame_slots, code->nlocals_slots);
    for (uint32_t pc = 0; pc < code->ninsns; pc++) {
      uint8_t *classes = malloc(code->frame_slots);
      uint32_t height;
      code_slot_classes(code, pc, classes, &height);
      ck_assert_uint_eq(height, code->insns[pc].sp);
      free(classes);
    }
  }
  program_free(program);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("verify");
  TCase *tcase = tcase_create("rules");
  tcase_set_timeout(tcase, 120);
  tcase_add_loop_test(tcase, rules, 0, (int)(sizeof cases / sizeof *cases));
  tcase_add_test(tcase, damaged_functions);
  tcase_add_test(tcase, constants_in_range);
  tcase_add_test(tcase, deep_operand_stack);
  tcase_add_loop_test(tcase, special_instructions, 0, (int)(sizeof samples / sizeof *samples));
  tcase_add_loop_test(tcase, every_instruction, 0, OP_MAX);
  tcase_add_test(tcase, hostile_bytes);
  suite_add_tcase(suite, tcase);
  tcase = tcase_create("program");
  tcase_set_timeout(tcase, 120);
  tcase_add_test(tcase, linking);
  tcase_add_test(tcase, widths_and_slots);
  tcase_add_test(tcase, slot_classes_at_labels);
  tcase_add_test(tcase, branch_costs);
  tcase_add_test(tcase, calls_through_bounds);
  tcase_add_test(tcase, calls_on_trait_values);
  tcase_add_test(tcase, closures);
  tcase_add_test(tcase, limits_of_specialising);
  tcase_add_test(tcase, samples_specialise);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
