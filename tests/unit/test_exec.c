/* test_exec.c - every instruction on both tiers: results and traps as the instruction table says, and the tiers alike.
 *
 * Pure rows are generated from op_table: each with operands from locals, constants and temporaries, and results returned, stored and branched
 * on. The other rows are in `cases`: text that goes on from `prelude`, where a semicolon ends a line and the first function is run.
 * test_coverage fails when a row of the table is in none of them.
 */
#include "lockstep.h"

#include <math.h>

#include "vm/native.h"
#include "vm/object.h"

NATIVE("etest.sum", etest_sum, "(int, int) -> int", "The sum; costs ten units.") {
  guest->fuel -= 10;
  args[0].i += args[1].i;
  return TRAP_NONE;
}

NATIVE("etest.fail", etest_fail, "(int) -> void", "Fails with a text.") {
  (void)args;
  return guest_trap_text(guest, TRAP_BAD_ARGUMENT, "no good", 7);
}

NATIVE("etest.exit", etest_exit, "(int) -> void", "Ends the guest.") {
  guest->trap_args[0] = args[0].i;
  return TRAP_EXIT;
}

static const char prelude[] =
    "module 1\n"
    "string \"hello\"\nstring \"a\\u{f1}b\"\nstring \"hallo\"\nstring \"source\"\n"
    "class \"P\"\n  field \"x\" mut int\n  field \"f\" mut float\n  field \"o\" mut opt<int>\n"
    "class \"Box\" <T>\n  field \"item\" mut param 0\n"
    "enum \"E\"\n  case \"none\"\n  case \"num\"\n  field \"n\" int\n  case \"pair\"\n  field \"n\" int\n  field \"s\" string\n"
    "trait \"Size\" <Self>\n  method \"size\" dynamic (param 0, int) -> int\n"
    "trait \"Eq\" <Self>\n  method \"eq\" (param 0, param 0) -> bool\n"
    "import \"etest\" \"sum\" (int, int) -> int\n"
    "import \"etest\" \"fail\" (int) -> void\n"
    "import \"etest\" \"exit\" (int) -> void\n"
    "global \"g\" int\nglobal \"t\" tuple<int, float>\nglobal \"f\" float\n"
    "func \"main\" () -> int\n  int.const 0\n  ret\n"
    "func \"size_int\" (int, int) -> int\n  local.get 0\n  local.get 1\n  int.add\n  ret\n"                                 /* 1 */
    "func \"size_p\" (class 0, int) -> int\n  local.get 0\n  field.get class 0 0\n  local.get 1\n  int.mul\n  ret\n"       /* 2 */
    "func \"size_pair\" (tuple<int, int>, int) -> int\n"                                                                  /* 3 */
    "  local.get 0\n  tuple.get tuple<int, int> 0\n  int.const 100\n  int.mul\n"
    "  local.get 0\n  tuple.get tuple<int, int> 1\n  int.const 10\n  int.mul\n  int.add\n  local.get 1\n  int.add\n  ret\n"
    "func \"generic\" <T: trait 0> (param 0) -> int\n  local.get 0\n  int.const 7\n  call.bound trait 0 param 0 0\n  ret\n" /* 4 */
    "func \"add3\" (int, int, int) -> int\n  local.get 0\n  int.const 100\n  int.mul\n  local.get 1\n  int.const 10\n"        /* 5 */
    "  int.mul\n  int.add\n  local.get 2\n  int.add\n  ret\n"
    "func \"swap\" (tuple<int, float>) -> tuple<float, int>\n  local.get 0\n  tuple.get tuple<int, float> 1\n"              /* 6 */
    "  local.get 0\n  tuple.get tuple<int, float> 0\n  tuple.new tuple<float, int>\n  ret\n"
    "func \"may\" (int) -> result<int, string>\n  local.get 0\n  int.const 0\n  int.lt\n  br.if bad\n  local.get 0\n"        /* 7 */
    "  res.ok result<int, string>\n  ret\nlabel bad ()\n  string.const 0\n  res.err result<int, string>\n  ret\n"
    "func \"nothing\" () -> void\n  void.const\n  ret\n"                                                                  /* 8 */
    "func \"deep\" (int) -> int\n  local.get 0\n  int.const 0\n  int.gt\n  br.if more\n  int.const 1\n  local.get 0\n"       /* 9 */
    "  int.div\n  ret\nlabel more ()\n  local.get 0\n  int.const 1\n  int.sub\n  call 9\n  ret\n"
    "func \"size_string\" (string, int) -> int\n  local.get 0\n  string.len\n  local.get 1\n  int.add\n  ret\n"            /* 10 */
    "func \"same\" <T: trait 1> (param 0, param 0) -> bool\n  local.get 0\n  local.get 1\n  call.bound trait 1 param 0 0\n  ret\n" /* 11 */
    "impl trait 0 for int\n  by 1\nimpl trait 0 for class 0\n  by 2\nimpl trait 0 for tuple<int, int>\n  by 3\n"
    "impl trait 0 for string\n  by 10\nimpl trait 1 for int\n  by int.eq\nimpl trait 1 for string\n  by string.eq\n";
enum { FIRST = 12 };

typedef struct Example {
  const char *text; /* of function 12, () -> int, and others */
  int64_t result;   /* the int, or what the trap's report begins with is below */
  Trap trap;
  const char *report;
} Example;

#define F(body) "func \"t\" () -> int;" body
#define L1(type, body) "func \"t\" () -> int; local " type ";" body
#define L2(a, b, body) "func \"t\" () -> int; local " a "; local " b ";" body
#define P_NEW "int.const 5; float.const 1.5; int.const 8; opt.some int; new class 0;"
#define LIST123 "int.const 1; int.const 2; int.const 3; list.new int 3; local.set 0;"
#define FLOATS "float.const 1.5; float.const 2.5; list.new float 2; local.set 0;"
#define MAP2                                                                                                                        \
  "map.new string int; local.set 0; local.get 0; string.const 0; int.const 7; string.const 0; string.hash; map.add string int;"   \
  "local.get 0; string.const 1; int.const 9; string.const 1; map.hash string; map.add string int;"
#define TRAIT_SIZE "int.const 2; call.trait trait 0 0;"

static const Example cases[] = {
    /* Tasks */
    {"func \"t\" () -> int; task.self; task.self; ref.eq task; bool.int; ret", 1, 0, 0},
    {"func \"t\" () -> int; task.self; task.done; bool.int; ret", 0, 0, 0},
    {"func \"t\" () -> int; task.wait; int.const 1; ret", 0, TRAP_DEADLOCK, "panic: deadlock: every task waits\n  at t (pc 0)\n"},
    {"func \"t\" () -> int; task.self; task.switch; int.const 1; ret", 0, TRAP_BAD_ARGUMENT, "panic: only a task that waits can be switched to\n  at t (pc 1)\n"},
    {"func \"t\" () -> int; local task; fn.new 8 0; task.new; local.set 0; local.get 0; task.ready; local.get 0; task.done; bool.int;"
     "fn.new 13 0; task.new; task.ready; pop int; local.get 0; task.ready; task.wait; int.const 5; ret;"
     "func \"u\" () -> void; void.const; ret", 0, TRAP_DEADLOCK, "panic: deadlock: every task waits\n  at t (pc 15)\n"},
    {"func \"t\" () -> int; local task; local cell<int>; int.const 1; cell.new int; local.set 1; task.self; local.get 1; fn.new 13 2; task.new; local.set 0;"
     "int.const 10; local.get 0; task.switch; local.get 1; cell.get int; int.add; local.get 0; task.switch; local.get 1; cell.get int; int.mul; ret;"
     "func \"u\" (task, cell<int>) -> void; local.get 1; int.const 7; cell.set int; local.get 0; task.switch; local.get 1; int.const 3; cell.set int;"
     "local.get 0; task.switch; void.const; ret", 51, 0, 0},
    {"func \"t\" () -> int; local task; task.self; fn.new 13 1; task.new; local.set 0; local.get 0; task.ready; int.const 2; task.wait; local.get 0; task.done;"
     "bool.int; int.add; ret; func \"u\" (task) -> void; local.get 0; task.ready; void.const; ret", 3, 0, 0},
    /* Branches */
    {F("br on; label on (); int.const 3; ret"), 3, 0, 0},
    {F("int.const 4; bool.const true; br.if l; int.const 1; int.add; label l (int); ret"), 4, 0, 0},
    {F("int.const 4; bool.const false; br.if l; int.const 1; int.add; label l (int); ret"), 5, 0, 0},
    {F("int.const 4; bool.const false; br.ifnot l; int.const 1; int.add; label l (int); ret"), 4, 0, 0},
    {L1("bool", "bool.const true; local.set 0; int.const 4; local.get 0; br.ifnot l; int.const 1; int.add; label l (int); ret"), 5, 0, 0},
    {L1("int", "int.const 0; local.set 0; label top () init 0; local.get 0; int.const 1; int.add; local.set 0; local.get 0;"
               "int.const 10; int.lt; br.if top; local.get 0; ret"), 10, 0, 0},
    {L1("int", "int.const 20; local.set 0; label top () init 0; local.get 0; int.const 3; int.sub; local.set 0; local.get 0;"
               "int.const 1; int.le; br.ifnot top; local.get 0; ret"), -1, 0, 0},
    {L1("int", "int.const 0; local.set 0; label top () init 0; local.get 0; int.const 3; int.wadd; local.set 0; local.get 0;"
               "int.const 10; int.ge; bool.not; br.if top; local.get 0; ret"), 12, 0, 0},
    {L1("float", "float.const 0.0; local.set 0; label top () init 0; local.get 0; float.const 0.5; float.add; local.set 0; local.get 0;"
                 "float.const 2.0; float.lt; br.if top; local.get 0; float.int; ret"), 2, 0, 0},
    {L2("bool", "int", "bool.const true; local.set 0; int.const 0; local.set 1; label top () init 0, 1; local.get 1; int.const 1; int.add;"
                       "local.set 1; local.get 1; int.const 3; int.ne; local.set 0; local.get 0; br.if top; local.get 1; ret"), 3, 0, 0},
    {L2("int", "int", "int.const 9; local.set 1; int.const 0; local.set 0; label top () init 0, 1; local.get 0; local.get 1; int.lt; br.ifnot e;"
                      "local.get 0; int.const 2; int.add; local.set 0; br top; label e () init 0, 1; local.get 0; ret"), 10, 0, 0},
    {L1("int", "int.const 9223372036854775806; local.set 0; label top () init 0; local.get 0; int.const 0; int.gt; br.ifnot e;"
               "local.get 0; int.const 1; int.add; local.set 0; br top; label e () init 0; local.get 0; ret"), 0, TRAP_INT_OVERFLOW,
     "panic: integer overflow\n  at t (pc 8)\n"},
    {L1("int", "int.const 9223372036854775806; local.set 0; label top () init 0; local.get 0; int.const 0; int.gt; br.ifnot e;"
               "local.get 0; int.const 1; int.wadd; local.set 0; br top; label e () init 0; local.get 0; ret"), INT64_MIN, 0, 0},
    {L2("list<int>", "int", LIST123 "int.const 0; local.set 1; label top () init 0, 1; local.get 0; local.get 1; local.get 1; int.const 5; int.mul; list.set int;"
                            "local.get 1; int.const 1; int.wadd; local.set 1; local.get 1; local.get 0; list.len int; int.lt; br.if top; local.get 0;"
                            "int.const 2; list.get int; ret"), 10, 0, 0},
    {L2("list<int>", "int", LIST123 "int.const 0; local.set 1; label top () init 0, 1; local.get 1; local.get 0; list.len int; int.lt; br.ifnot e; local.get 0;"
                            "local.get 1; local.get 1; int.const 4; int.mul; list.set int; local.get 1; int.const 1; int.add; local.set 1; br top;"
                            "label e () init 0; local.get 0; int.const 2; list.get int; ret"), 8, 0, 0},
    {F("int.const 5; opt.some int; br.nil l int; ret; label l (); int.const -1; ret"), 5, 0, 0},
    {F("opt.nil int; br.nil l int; ret; label l (); int.const -1; ret"), -1, 0, 0},
    {L1("opt<int>", "int.const 6; opt.some int; local.set 0; local.get 0; br.nil l int; ret; label l (); int.const -1; ret"), 6, 0, 0},
    {L1("list<int>", LIST123 "label top () init 0; local.get 0; list.pop int; br.nil l int; pop int; br top; label l () init 0; local.get 0;"
                             "list.len int; ret"), 0, 0, 0},
    {F("int.const 1; opt.nil string; br.nil l string; string.len; int.add; label l (int); ret"), 1, 0, 0},
    {F("int.const 1; string.const 0; opt.some string; br.nil l string; string.len; int.add; label l (int); ret"), 6, 0, 0},
    {F("int.const 1; opt.nil float; br.nil l float; float.int; int.add; label l (int); ret"), 1, 0, 0},
    {F("int.const 1; float.const 2.5; opt.some float; br.nil l float; float.int; int.add; label l (int); ret"), 3, 0, 0},
    {F("int.const 1; bool.const true; opt.some bool; br.nil l bool; bool.int; int.add; label l (int); ret"), 2, 0, 0},
    {F("int.const 1; opt.nil int; opt.some opt<int>; br.nil l opt<int>; opt.is int; bool.int; int.const 5; int.add; int.add; label l (int); ret"), 6, 0, 0},
    {F("int.const 1; opt.nil opt<int>; br.nil l opt<int>; opt.is int; bool.int; int.const 5; int.add; int.add; label l (int); ret"), 1, 0, 0},
    {F("int.const 3; call 7; br.err l result<int, string>; ret; label l (string); string.len; int.neg; ret"), 3, 0, 0},
    {F("int.const -3; call 7; br.err l result<int, string>; ret; label l (string); string.len; int.neg; ret"), -5, 0, 0},
    {F("int.const 9; string.const 0; res.err result<void, string>; br.err l result<void, string>; pop void; ret;"
       "label l (int, string); string.len; int.add; ret"), 14, 0, 0},
    {F("int.const 9; void.const; res.ok result<void, string>; br.err l result<void, string>; pop void; ret;"
       "label l (int, string); string.len; int.add; ret"), 9, 0, 0},
    {F("int.const 9; enum.new enum 0 1; br.uncase l enum 0 1; ret; label l (enum 0); enum.tag enum 0; ret"), 9, 0, 0},
    {F("int.const 9; string.const 0; enum.new enum 0 2; br.uncase l enum 0 2; string.len; int.add; ret;"
       "label l (enum 0); enum.tag enum 0; ret"), 14, 0, 0},
    {F("enum.new enum 0 0; br.uncase l enum 0 1; ret; label l (enum 0); enum.tag enum 0; ret"), 0, 0, 0},
    {F("int.const 9; string.const 0; enum.new enum 0 2; br.uncase l enum 0 1; ret; label l (enum 0); enum.tag enum 0; ret"), 2, 0, 0},
    {F("int.const 8; trait.new int trait 0; br.unis l trait 0 int; ret; label l (trait 0); pop trait 0; int.const -1; ret"), 8, 0, 0},
    {F(P_NEW "trait.new class 0 trait 0; br.unis l trait 0 int; ret; label l (trait 0); pop trait 0; int.const -1; ret"), -1, 0, 0},
    {F(P_NEW "trait.new class 0 trait 0; br.unis l trait 0 class 0; field.get class 0 0; ret; label l (trait 0); pop trait 0;"
             "int.const -1; ret"), 5, 0, 0},
    {F("int.const 1; switch (a, b); int.const 10; ret; label a (); int.const 11; ret; label b (); int.const 12; ret"), 12, 0, 0},
    {F("int.const 2; switch (a, b); int.const 10; ret; label a (); int.const 11; ret; label b (); int.const 12; ret"), 10, 0, 0},
    {F("int.const -1; switch (a, b); int.const 10; ret; label a (); int.const 11; ret; label b (); int.const 12; ret"), 10, 0, 0},
    {L1("int", "int.const 0; local.set 0; label top () init 0; local.get 0; int.const 1; int.add; local.set 0; local.get 0; int.const 3; int.sub;"
               "int.const 1; int.add; switch (top, top); local.get 0; int.const 1; int.eq; br.if top; local.get 0; ret"), 4, 0, 0},
    {F("string.const 3; panic"), 0, TRAP_PANIC, "panic: source\n  at t (pc 1)\n"},
    {F("string.const 3; fail"), 0, TRAP_ERROR, "source\n  at t (pc 1)\n"},
    /* Calls */
    {F("int.const 1; int.const 2; int.const 3; call 5; ret"), 123, 0, 0},
    {F("int.const 4; int.const 1; int.const 2; int.const 3; call 5; int.add; ret"), 127, 0, 0},
    {F("int.const 3; float.const 2.5; tuple.new tuple<int, float>; call 6; tuple.get tuple<float, int> 1; ret"), 3, 0, 0},
    {F("int.const 4; call 8; pop void; ret"), 4, 0, 0},
    {F("int.const 3; call 9; ret"), 0, TRAP_DIV_ZERO,
     "panic: division by zero\n  at deep (pc 6)\n  at deep (pc 11)\n  at deep (pc 11)\n  at deep (pc 11)\n  at t (pc 1)\n"},
    {F("int.const 5; call 4<int>; ret"), 12, 0, 0},
    {F(P_NEW "call 4<class 0>; ret"), 35, 0, 0},
    {F("int.const 5; trait.new int trait 0; call 4<trait 0>; ret"), 12, 0, 0},
    {F("int.const 5; int.const 5; call 11<int>; bool.int; string.const 0; string.const 2; call 11<string>; bool.int; int.add; ret"), 1, 0, 0},
    {F("int.const 5; trait.new int trait 0;" TRAIT_SIZE "ret"), 7, 0, 0},
    {F(P_NEW "trait.new class 0 trait 0;" TRAIT_SIZE "ret"), 10, 0, 0},
    {F("int.const 3; int.const 4; tuple.new tuple<int, int>; trait.new tuple<int, int> trait 0;" TRAIT_SIZE "ret"), 342, 0, 0},
    {F("string.const 0; trait.new string trait 0;" TRAIT_SIZE "ret"), 7, 0, 0},
    {L2("list<trait 0>", "int",
        "int.const 5; trait.new int trait 0;" P_NEW "trait.new class 0 trait 0; string.const 0; trait.new string trait 0; list.new trait 0 3;"
        "local.set 0; int.const 0; local.set 1; label top () init 0, 1; local.get 0; local.get 1; int.const 3; int.rem; list.get trait 0;"
        TRAIT_SIZE "pop int; local.get 1; int.const 1; int.add; local.set 1; local.get 1; int.const 9; int.lt; br.if top; local.get 1; ret"), 9, 0, 0},
    {F("int.const 3; fn.new 5 1; int.const 1; int.const 2; call.fn fn<int, int, int>; pop int; fn.new 5 0; int.const 4; int.const 5;"
       "int.const 6; call.fn fn<int, int, int, int>; ret"), 456, 0, 0},
    {F("int.const 7; int.const 8; fn.new 5 2; int.const 1; call.fn fn<int, int>; ret"), 178, 0, 0},
    {F("int.const 40; int.const 2; call.import 0; ret"), 42, 0, 0},
    {F("int.const 40; call.import 1; pop void; int.const 1; ret"), 0, TRAP_BAD_ARGUMENT, "panic: no good\n  at t (pc 1)\n"},
    {F("int.const 40; call.import 2; pop void; int.const 1; ret"), 40, TRAP_EXIT, 0},
    /* Constants, locals, globals, the stack */
    {F("char.const 'a'; char.int; ret"), 97, 0, 0},
    {F("int.const 123456789012345; ret"), 123456789012345, 0, 0},
    {L2("int", "int", "int.const 1; local.set 0; int.const 2; local.set 1; local.get 0; local.get 1; local.set 0; local.set 1; local.get 0;"
                      "int.const 10; int.mul; local.get 1; int.add; ret"), 21, 0, 0},
    {L1("int", "int.const 5; local.set 0; local.get 0; local.get 0; int.const 1; int.add; local.set 0; local.get 0; int.mul; ret"), 30, 0, 0},
    {L1("tuple<int, int>", "int.const 1; int.const 2; tuple.new tuple<int, int>; local.set 0; local.get 0; tuple.get tuple<int, int> 1; local.get 0;"
                           "tuple.get tuple<int, int> 0; tuple.new tuple<int, int>; local.set 0; local.get 0; tuple.get tuple<int, int> 0; int.const 10;"
                           "int.mul; local.get 0; tuple.get tuple<int, int> 1; int.add; ret"), 21, 0, 0},
    {F("global.get 0; ret"), 0, TRAP_UNSET_GLOBAL, "panic: variable read before its statement ran\n  at t (pc 0)\n"},
    {F("int.const 3; global.set 0; global.get 0; global.get 0; int.add; ret"), 6, 0, 0},
    {L1("int", "int.const 3; local.set 0; local.get 0; global.set 0; local.get 0; int.const 1; int.add; global.set 0; global.get 0; ret"), 4, 0, 0},
    {F("float.const 2.5; global.set 2; global.get 2; global.get 2; float.mul; global.set 2; global.get 2; float.int; ret"), 6, 0, 0},
    {F("int.const 3; float.const 4.5; tuple.new tuple<int, float>; global.set 1; global.get 1; tuple.get tuple<int, float> 1; float.int; ret"), 4, 0, 0},
    {F("int.const 3; int.const 4; pop int; ret"), 3, 0, 0},
    {F("int.const 3; int.const 4; int.add; dup int; int.mul; ret"), 49, 0, 0},
    {L1("int", "int.const 3; local.set 0; local.get 0; dup int; int.add; ret"), 6, 0, 0},
    {L1("cell<int>", "int.const 3; cell.new int; local.set 0; local.get 0; local.get 0; cell.get int; int.const 4; int.mul; cell.set int;"
                     "local.get 0; cell.get int; ret"), 12, 0, 0},
    {L1("cell<opt<int>>", "opt.nil int; cell.new opt<int>; local.set 0; local.get 0; int.const 4; opt.some int; cell.set opt<int>; local.get 0;"
                          "cell.get opt<int>; opt.get int; ret"), 4, 0, 0},
    {L1("cell<float>", "float.const 1.5; cell.new float; local.set 0; local.get 0; local.get 0; cell.get float; float.const 2.0; float.mul;"
                       "cell.set float; local.get 0; cell.get float; float.int; ret"), 3, 0, 0},
    /* Functions, tuples, optionals, results, objects */
    {F("int.const 1; int.const 2; string.const 0; tuple.new tuple<int, string>; tuple.get tuple<int, string> 1; string.len; int.add; ret"), 6, 0, 0},
    {F("int.const 1; int.const 2; int.add; opt.some int; opt.get int; ret"), 3, 0, 0},
    {F("opt.nil int; opt.get int; ret"), 0, TRAP_NIL_UNWRAP, "panic: unwrapped nil\n  at t (pc 1)\n"},
    {F("opt.nil string; opt.get string; string.len; ret"), 0, TRAP_NIL_UNWRAP, "panic: unwrapped nil\n  at t (pc 1)\n"},
    {F("opt.nil float; opt.get float; float.int; ret"), 0, TRAP_NIL_UNWRAP, 0},
    {F("float.const 2.0; float.const 3.0; float.mul; opt.some float; opt.get float; float.const 1.0; float.add; float.int; ret"), 7, 0, 0},
    {F("char.const 'z'; opt.some char; opt.get char; char.int; opt.nil char; opt.is char; bool.int; int.add; ret"), 122, 0, 0},
    {F("opt.nil int; opt.is int; bool.int; int.const 5; opt.some int; opt.is int; bool.int; int.const 2; int.mul; int.add; ret"), 2, 0, 0},
    {F("opt.nil float; opt.is float; bool.int; float.const 0.5; opt.some float; opt.is float; bool.int; int.const 2; int.mul; int.add; ret"), 2, 0, 0},
    {F("opt.nil void; opt.is void; bool.int; void.const; opt.some void; opt.is void; bool.int; int.const 2; int.mul; int.add; ret"), 2, 0, 0},
    {F("int.const 1; int.const 2; tuple.new tuple<int, int>; opt.some tuple<int, int>; opt.get tuple<int, int>; tuple.get tuple<int, int> 1; ret"), 2, 0, 0},
    {F("int.const 5; res.ok result<int, string>; br.err l result<int, string>; ret; label l (string); string.len; ret"), 5, 0, 0},
    {F("string.const 0; res.err result<tuple<int, float>, string>; br.err l result<tuple<int, float>, string>; pop tuple<int, float>; int.const 0; ret;"
       "label l (string); string.len; ret"), 5, 0, 0},
    {L1("class 0", P_NEW "local.set 0; local.get 0; local.get 0; field.get class 0 0; int.const 2; int.mul; field.set class 0 0; local.get 0;"
                         "field.get class 0 0; local.get 0; field.get class 0 1; float.int; int.add; local.get 0; field.get class 0 2; opt.get int; int.add; ret"), 19, 0, 0},
    {L1("class 0", P_NEW "local.set 0; local.get 0; local.get 0; field.get class 0 1; float.const 2.0; float.mul; field.set class 0 1;"
                         "local.get 0; int.const 77; field.set class 0 0; local.get 0; opt.nil int; field.set class 0 2; local.get 0;"
                         "field.get class 0 1; float.int; local.get 0; field.get class 0 0; int.add; local.get 0; field.get class 0 2; opt.is int; bool.int; int.add; ret"), 80, 0, 0},
    {L1("class 1<class 1<int>>", "int.const 5; new class 1<int>; new class 1<class 1<int>>; local.set 0; local.get 0; field.get class 1<class 1<int>> 0;"
                                 "field.get class 1<int> 0; ret"), 5, 0, 0},
    {F("float.const 5.5; new class 1<float>; field.get class 1<float> 0; float.const 1.0; float.sub; float.int; ret"), 4, 0, 0},
    {L2("class 0", "class 0", P_NEW "local.set 0;" P_NEW "local.set 1; local.get 0; local.get 1; ref.eq class 0; bool.int; local.get 0; local.get 0;"
                              "ref.eq class 0; bool.int; int.const 2; int.mul; int.add; ret"), 2, 0, 0},
    {F("enum.new enum 0 0; enum.tag enum 0; int.const 6; enum.new enum 0 1; enum.tag enum 0; int.add; ret"), 1, 0, 0},
    /* Lists */
    {L1("list<int>", LIST123 "local.get 0; int.const 0; list.get int; local.get 0; int.const 2; list.get int; int.add; ret"), 4, 0, 0},
    {L1("list<int>", LIST123 "local.get 0; int.const 3; list.get int; ret"), 0, TRAP_INDEX,
     "panic: index 3 out of range for length 3\n  at t (pc 7)\n"},
    {L1("list<int>", LIST123 "local.get 0; local.get 0; list.len int; int.const 4; int.sub; list.get int; ret"), 0, TRAP_INDEX,
     "panic: index -1 out of range for length 3\n  at t (pc 10)\n"},
    {L1("list<int>", LIST123 "local.get 0; int.const 1; local.get 0; list.len int; list.set int; local.get 0; int.const 1; list.get int; ret"), 3, 0, 0},
    {L2("list<int>", "int", LIST123 "int.const 1; local.set 1; local.get 0; local.get 1; int.const 1; int.add; int.const 9; list.set int; local.get 0;"
                            "local.get 1; int.const 1; int.add; local.get 1; list.set int; local.get 0; local.get 1; int.const 1; int.add; list.get int; ret"), 1, 0, 0},
    {L1("list<int>", LIST123 "local.get 0; int.const 5; int.const 1; list.set int; int.const 1; ret"), 0, TRAP_INDEX,
     "panic: index 5 out of range for length 3\n  at t (pc 8)\n"},
    {L1("list<float>", FLOATS "local.get 0; int.const 1; local.get 0; int.const 0; list.get float; float.const 2.0; float.mul; list.set float; local.get 0;"
                              "int.const 1; list.get float; local.get 0; int.const 0; int.const 0; int.wadd; list.get float; float.add; float.int; ret"), 4, 0, 0},
    {L1("list<float>", FLOATS "local.get 0; int.const 0; int.const 1; int.wadd; float.const 4.0; float.const 2.0; float.mul; list.set float; local.get 0;"
                              "float.const 1.0; float.const 2.0; float.add; list.push float; local.get 0; int.const 1; list.get float; local.get 0; int.const 2;"
                              "list.get float; float.add; float.int; ret"), 11, 0, 0},
    {L1("list<bool>", "bool.const true; bool.const false; list.new bool 2; local.set 0; local.get 0; int.const 1; bool.const true; list.set bool;"
                      "local.get 0; bool.const true; list.push bool; local.get 0; int.const 1; list.get bool; bool.int; local.get 0; list.len bool; int.add; ret"), 4, 0, 0},
    {L1("list<char>", "char.const 'a'; list.new char 1; local.set 0; local.get 0; char.const 'b'; list.push char; local.get 0; int.const 0; char.const 'c';"
                      "list.set char; local.get 0; int.const 0; list.get char; char.int; local.get 0; int.const 1; list.get char; char.int; int.add; ret"), 197, 0, 0},
    {L1("list<opt<int>>", "opt.nil int; int.const 3; opt.some int; list.new opt<int> 2; local.set 0; local.get 0; int.const 4; opt.some int; list.push opt<int>;"
                          "local.get 0; int.const 0; int.const 5; opt.some int; list.set opt<int>; local.get 0; int.const 0; list.get opt<int>; opt.get int; local.get 0;"
                          "int.const 2; list.get opt<int>; opt.get int; int.add; ret"), 9, 0, 0},
    {L1("list<void>", "void.const; list.new void 1; local.set 0; local.get 0; void.const; list.push void; local.get 0; list.len void; ret"), 2, 0, 0},
    {L2("list<int>", "int", LIST123 "int.const 0; local.set 1; label top () init 0, 1; local.get 0; local.get 1; local.get 1; int.mul; list.push int; local.get 1;"
                            "int.const 1; int.add; local.set 1; local.get 1; int.const 100; int.lt; br.if top; local.get 0; int.const 102; list.get int; ret"), 9801, 0, 0},
    {L1("list<int>", LIST123 "local.get 0; list.pop int; opt.get int; local.get 0; list.len int; int.const 10; int.mul; int.add; ret"), 23, 0, 0},
    {L1("list<opt<int>>", "opt.nil int; list.new opt<int> 1; local.set 0; local.get 0; list.pop opt<int>; opt.is opt<int>; bool.int; local.get 0;"
                          "list.pop opt<int>; opt.is opt<int>; bool.int; int.const 2; int.mul; int.add; ret"), 1, 0, 0},
    {L1("list<float>", FLOATS "local.get 0; list.pop float; opt.get float; float.int; ret"), 2, 0, 0},
    {F("int.const 4; int.const 6; list.make int; int.const 3; list.get int; ret"), 6, 0, 0},
    {L1("list<int>", LIST123 "local.get 0; int.const 1; int.const 3; list.slice int; int.const 0; list.get int; ret"), 2, 0, 0},
    {L1("list<int>", LIST123 "local.get 0; int.const 1; int.const 4; list.slice int; int.const 0; list.get int; ret"), 0, TRAP_SLICE,
     "panic: slice 1..4 out of range for length 3\n  at t (pc 8)\n"},
    {L1("list<int>", LIST123 "local.get 0; int.const 1; int.const 9; list.insert int; local.get 0; int.const 1; list.get int; local.get 0; int.const 2;"
                             "list.get int; int.add; ret"), 11, 0, 0},
    {L1("list<int>", LIST123 "local.get 0; int.const 0; list.remove int; local.get 0; int.const 0; list.get int; int.add; ret"), 3, 0, 0},
    {L1("list<int>", LIST123 "local.get 0; local.get 0; list.append int; local.get 0; list.len int; ret"), 6, 0, 0},
    {L1("list<int>", LIST123 "local.get 0; list.clear int; local.get 0; list.len int; ret"), 0, 0, 0},
    /* Strings and bytes */
    {F("string.const 0; string.const 0; string.eq; bool.int; string.const 0; string.const 2; string.eq; bool.int; int.add; ret"), 1, 0, 0},
    {F("string.const 0; string.const 2; string.eq; br.if l; int.const 1; ret; label l (); int.const 2; ret"), 1, 0, 0},
    {F("string.const 0; string.const 2; string.cmp; ret"), 1, 0, 0},
    {F("string.const 1; string.len; ret"), 4, 0, 0},
    {F("string.const 0; string.const 1; string.const 2; string.concat 3; dup string; string.len; int.const 100; int.mul; int.const 2; pop int; pop int;"
       "string.len; ret"), 14, 0, 0},
    {L1("int", "int.const 1; local.set 0; string.const 0; local.get 0; string.char; char.int; string.const 0; local.get 0; int.const 1; int.add; string.char;"
               "char.int; int.sub; ret"), -7, 0, 0},
    {F("string.const 1; int.const 1; string.char; char.int; ret"), 0xf1, 0, 0},
    {F("string.const 1; int.const 2; string.char; char.int; ret"), 0, TRAP_CHAR_BOUNDARY, "panic: byte offset 2 is not at a character boundary\n  at t (pc 2)\n"},
    {F("string.const 1; int.const 4; string.char; char.int; ret"), 0, TRAP_INDEX, "panic: index 4 out of range for length 4\n  at t (pc 2)\n"},
    {F("string.const 0; int.const 1; int.const 3; string.slice; string.len; ret"), 2, 0, 0},
    {F("string.const 0; int.const 3; int.const 1; string.slice; string.len; ret"), 0, TRAP_SLICE, "panic: slice 3..1 out of range for length 5\n  at t (pc 3)\n"},
    {F("string.const 0; string.hash; string.const 0; string.hash; int.eq; bool.int; ret"), 1, 0, 0},
    {L1("bytes", "int.const 4; bytes.new; local.set 0; local.get 0; int.const 1; int.const 200; bytes.set; local.get 0; int.const 9; bytes.push; local.get 0;"
                 "int.const 1; bytes.get; local.get 0; int.const 1; int.const 3; int.wadd; bytes.get; int.add; local.get 0; bytes.len; int.add; ret"), 214, 0, 0},
    {L1("bytes", "int.const 4; bytes.new; local.set 0; local.get 0; int.const 1; local.get 0; bytes.len; int.const 2; int.mul; bytes.set; local.get 0; int.const 1;"
                 "bytes.get; ret"), 8, 0, 0},
    {F("int.const 4; bytes.new; int.const 4; bytes.get; ret"), 0, TRAP_INDEX, "panic: index 4 out of range for length 4\n  at t (pc 3)\n"},
    {F("int.const 4; bytes.new; int.const 4; int.const 1; bytes.set; int.const 1; ret"), 0, TRAP_INDEX, 0},
    {F("int.const 4; bytes.new; int.const 3; int.const 256; bytes.set; int.const 1; ret"), 0, TRAP_BYTE_RANGE, "panic: byte value 256 outside 0..255\n  at t (pc 4)\n"},
    {F("int.const 4; bytes.new; int.const -1; bytes.push; int.const 1; ret"), 0, TRAP_BYTE_RANGE, "panic: byte value -1 outside 0..255\n  at t (pc 3)\n"},
    {F("int.const -4; bytes.new; bytes.len; ret"), 0, TRAP_TOO_LARGE, 0},
    /* Maps */
    {L1("map<string, int>", MAP2 "local.get 0; map.len string int; local.get 0; local.get 0; string.const 1; map.find string int; map.value string int; int.add; ret"), 11, 0, 0},
    {L1("map<string, int>", MAP2 "local.get 0; string.const 2; map.find string int; ret"), -1, 0, 0},
    {L1("map<string, int>", MAP2 "local.get 0; int.const -1; string.const 1; string.hash; map.probe string int; ret"), 1, 0, 0},
    {L1("map<string, int>", MAP2 "local.get 0; int.const 0; map.key string int; string.len; ret"), 5, 0, 0},
    {L1("map<string, int>", MAP2 "local.get 0; int.const 0; int.const 70; map.store string int; local.get 0; int.const 0; map.value string int; ret"), 70, 0, 0},
    {L1("map<string, int>", MAP2 "local.get 0; int.const 0; map.delete string int; local.get 0; int.const -1; map.next string int; ret"), 1, 0, 0},
    {L1("map<string, int>", MAP2 "local.get 0; int.const 2; map.value string int; ret"), 0, TRAP_INDEX, 0},
    {L1("map<string, int>", MAP2 "local.get 0; int.const 2; map.key string int; string.len; ret"), 0, TRAP_INDEX, 0},
    {L1("map<string, int>", MAP2 "local.get 0; int.const 2; int.const 1; map.store string int; int.const 1; ret"), 0, TRAP_INDEX, 0},
    {L1("map<string, int>", MAP2 "local.get 0; int.const 2; map.delete string int; int.const 1; ret"), 0, TRAP_INDEX, 0},
    {L1("map<string, int>", MAP2 "local.get 0; local.get 0; map.version string int; map.check string int; local.get 0; map.clear string int; local.get 0; map.len string int; ret"), 0, 0, 0},
    {L2("map<string, int>", "int", MAP2 "local.get 0; map.version string int; local.set 1; local.get 0; int.const 0; map.delete string int; local.get 0; local.get 1;"
                                   "map.check string int; int.const 1; ret"), 0, TRAP_MODIFIED, 0},
    {L1("map<int, float>", "map.new int float; local.set 0; local.get 0; int.const 5; float.const 2.5; int.const 5; map.hash int; map.add int float; local.get 0; local.get 0;"
                           "int.const 5; map.find int float; map.value int float; float.const 2.0; float.mul; float.int; ret"), 5, 0, 0},
    {L1("map<opt<int>, opt<int>>", "map.new opt<int> opt<int>; local.set 0; local.get 0; opt.nil int; int.const 4; opt.some int; opt.nil int; map.hash opt<int>; map.add opt<int> opt<int>;"
                                   "local.get 0; local.get 0; opt.nil int; map.find opt<int> opt<int>; map.value opt<int> opt<int>; opt.get int; local.get 0; int.const 0;"
                                   "map.key opt<int> opt<int>; opt.is int; bool.int; int.add; ret"), 4, 0, 0},
    {L1("map<string, int>", MAP2 "local.get 0; string.const 0; map.get string int; opt.get int; local.get 0; string.const 0; int.const 70; map.set string int;"
                            "local.get 0; string.const 0; map.get string int; opt.get int; int.add; local.get 0; string.const 2; int.const 100; map.set string int;"
                            "local.get 0; string.const 2; map.get string int; opt.get int; int.add; local.get 0; map.len string int; int.add; ret"), 180, 0, 0},
    {L1("map<string, int>", MAP2 "local.get 0; string.const 2; map.get string int; opt.is int; bool.int; ret"), 0, 0, 0},
    {L1("map<int, int>", "map.new int int; local.set 0; local.get 0; int.const 5; int.const 6; map.set int int; local.get 0; int.const 5; int.const 7; map.set int int;"
                         "local.get 0; int.const 5; map.get int int; opt.get int; local.get 0; int.const 6; map.get int int; opt.is int; bool.int; int.add; ret"), 7, 0, 0},
    {L1("map<int, string>", "map.new int string; local.set 0; local.get 0; int.const 5; string.const 0; map.set int string; local.get 0; int.const 5; map.get int string;"
                            "opt.get string; string.len; local.get 0; int.const -1; map.get int string; opt.is string; bool.int; int.add; ret"), 5, 0, 0},
    {L1("map<int, float>", "map.new int float; local.set 0; local.get 0; int.const 0; float.const 2.5; map.set int float; local.get 0; int.const 0; map.get int float;"
                           "opt.get float; local.get 0; int.const 1; map.get int float; opt.is float; bool.int; int.float; float.add; float.const 2.0; float.mul; float.int; ret"), 5, 0, 0},
    {L1("map<int, opt<int>>", "map.new int opt<int>; local.set 0; local.get 0; int.const 5; opt.nil int; map.set int opt<int>; local.get 0; int.const 5; map.get int opt<int>;"
                              "opt.is opt<int>; bool.int; local.get 0; int.const 6; map.get int opt<int>; opt.is opt<int>; bool.int; int.sub; ret"), 1, 0, 0},
    {L1("map<class 0, int>", "map.new class 0 int; local.set 0; local.get 0;" P_NEW "int.const 6; map.set class 0 int; local.get 0; map.len class 0 int; ret"), 0, 0, 0},
    {F("map.plain int; bool.int; map.plain class 0; bool.int; int.const 2; int.mul; int.add; ret"), 1, 0, 0},
};
enum { NCASES = sizeof cases / sizeof *cases };

static bool covered[OP_MAX];

static void cover(const Program *program, uint32_t first) {
  const Module *module = program->module;
  for (uint32_t i = first; i < module->nfunctions; i++) {
    for (uint32_t pc = 0; pc < module->functions[i].ncode; pc++) covered[module->functions[i].code[pc].op] = true;
  }
}

static Program *case_program(const Example *test) {
  char *text = malloc(sizeof prelude + strlen(test->text) + 8);
  strcpy(text, prelude);
  char *to = text + strlen(text);
  for (const char *from = test->text; *from; from++) *to++ = *from == ';' ? '\n' : *from;
  strcpy(to, "\n");
  Program *program = lockstep_program(text);
  free(text);
  return program;
}

static void case_run(const Example *test, int64_t slice) {
  Program *program = case_program(test);
  LockstepResult result = lockstep_run(program, FIRST, slice, test->text);
  ck_assert_msg(result.trap == test->trap, "%s: trap %d, not %d (%s)", test->text, (int)result.trap, (int)test->trap, result.report);
  if (result.status == GUEST_FINISHED) {
    ck_assert_msg(result.exit_status == test->result, "%s: %" PRId64 ", not %" PRId64, test->text, result.exit_status, test->result);
  }
  if (test->report) ck_assert_str_eq(result.report, test->report);
  free(result.report);
  program_free(program);
}

START_TEST(test_cases) {
  case_run(&cases[_i], 1);
  case_run(&cases[_i], INT64_MAX);
}
END_TEST

START_TEST(test_cases_under_collection) {
  heap_stress = true;
  for (int i = 0; i < NCASES; i++) case_run(&cases[i], 7);
  heap_stress = false;
}
END_TEST

/* Pure rows */

static const char *const int_samples[] = {"0", "1", "-1", "2", "63", "64", "1114111", "55296", "3000000000", "9223372036854775807", "-9223372036854775808"};
static const char *const float_samples[] = {"0.0", "-0.0", "1.5", "-2.5", "4.0", "1e300", "9223372036854775808.0", "5e-324"};
static const char *const bool_samples[] = {"false", "true"};
static const char *const char_samples[] = {"'a'", "'b'", "'\\u{7ff}'", "'\\u{ffff}'", "'\\u{10ffff}'"};

static const char *const *samples_of(char letter, int *count) {
  switch (letter) {
    case 'i': *count = sizeof int_samples / sizeof *int_samples; return int_samples;
    case 'f': *count = sizeof float_samples / sizeof *float_samples; return float_samples;
    case 'b': *count = sizeof bool_samples / sizeof *bool_samples; return bool_samples;
    default: *count = sizeof char_samples / sizeof *char_samples; return char_samples;
  }
}

static const char *type_of_letter(char letter) {
  return letter == 'i' ? "int" : letter == 'f' ? "float" : letter == 'b' ? "bool" : "char";
}

/* Writes an operand: 0 a local, 1 a constant, 2 a temporary in an accumulator, 3 a nan. */
static void operand_write(FILE *out, char letter, int local, const char *sample, int form) {
  static const char *const same[] = {"int.const 0\n  int.wadd", "float.const 1.0\n  float.mul", "bool.const true\n  bool.eq", "char.int\n  int.char"};
  if (form == 3) fputs("  float.const 0.0\n  float.const 0.0\n  float.div\n", out);
  else if (form == 1) fprintf(out, "  %s.const %s\n", type_of_letter(letter), sample);
  else fprintf(out, "  local.get %d\n", local);
  if (form == 2) fprintf(out, "  %s\n", same[letter == 'i' ? 0 : letter == 'f' ? 1 : letter == 'b' ? 2 : 3]);
}

/* Writes what makes an int of the result: as it is, by way of a local, or by a branch. */
static void result_write(FILE *out, char letter, int use) {
  if (letter == 'b' && use == 0) fputs("  br.if l\n  int.const 1\n  ret\nlabel l ()\n  int.const 2\n  ret\n", out);
  else if (letter == 'b' && use == 1) fputs("  br.ifnot l\n  int.const 1\n  ret\nlabel l ()\n  int.const 2\n  ret\n", out);
  else if (letter == 'b' && use == 3) fputs("  bool.not\n  br.if l\n  int.const 1\n  ret\nlabel l ()\n  int.const 2\n  ret\n", out);
  else if (letter == 'b') fputs("  bool.int\n  ret\n", out);
  else if (use == 1) fputs("  local.set 2\n  local.get 2\n", out);
  if (letter == 'f') fputs("  float.bits\n  ret\n", out);
  if (letter == 'c') fputs("  char.int\n  ret\n", out);
  if (letter == 'i') fputs("  ret\n", out);
}

static void pure_function(FILE *out, const OpInfo *op, const char *a, const char *b, int forms, int use) {
  bool binary = op->sig[1] != ':';
  char left = op->sig[0], right = binary ? op->sig[1] : left, result = op->sig[binary ? 3 : 2];
  fprintf(out, "func \"t\" () -> int\n  local %s\n  local %s\n  local %s\n", type_of_letter(left), type_of_letter(right), type_of_letter(result));
  fprintf(out, "  %s.const %s\n  local.set 0\n  %s.const %s\n  local.set 1\n", type_of_letter(left), a, type_of_letter(right), b);
  operand_write(out, left, 0, a, forms & 3);
  if (binary) operand_write(out, right, 1, b, forms >> 2);
  fprintf(out, "  %s\n", op->name);
  result_write(out, result, use);
}

/* One module with all combinations of samples and forms for a row. */
static Program *pure_program(const OpInfo *op) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  fputs("module 1\nfunc \"main\" () -> int\n  int.const 0\n  ret\n", out);
  bool binary = op->sig[1] != ':';
  int na, nb = 1, turn = 0;
  const char *const *a = samples_of(op->sig[0], &na), *const *b = a;
  if (binary) b = samples_of(op->sig[1], &nb);
  for (int i = 0; i < na; i++) {
    for (int j = 0; j < nb; j++) {
      for (int forms = 0; forms < (binary ? 16 : 4); forms++) {
        if (op->sig[0] != 'f' && ((forms & 3) == 3 || forms >> 2 == 3)) continue;
        pure_function(out, op, a[i], b[j], forms, turn++ & 3);
      }
    }
  }
  fclose(out);
  Program *program = lockstep_program(text);
  free(text);
  return program;
}

START_TEST(test_pure_rows) {
  const OpInfo *op = &op_table[_i];
  if (!op->name || !(op->flags & OP_PURE_ROW)) return;
  Program *program = pure_program(op);
  for (uint32_t i = 1; i < program->module->nfunctions; i++) {
    LockstepResult result = lockstep_run(program, i, INT64_MAX, op->name);
    free(result.report);
  }
  program_free(program);
}
END_TEST

START_TEST(test_coverage) {
  for (int i = 0; i < NCASES; i++) {
    Program *program = case_program(&cases[i]);
    cover(program, FIRST);
    program_free(program);
  }
  for (int code = 0; code < OP_MAX; code++) {
    const OpInfo *op = &op_table[code];
    if (!op->name || (op->flags & OP_PURE_ROW)) continue;
    /* In the prelude's generic functions, which cases call. */
    if (code == OP_CALL_BOUND) continue;
    ck_assert_msg(covered[code], "no case has %s", op->name);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("exec");
  TCase *tcase = tcase_create("all");
  tcase_set_timeout(tcase, 60);
  tcase_add_loop_test(tcase, test_cases, 0, NCASES);
  tcase_add_test(tcase, test_cases_under_collection);
  tcase_add_loop_test(tcase, test_pure_rows, 0, OP_MAX);
  tcase_add_test(tcase, test_coverage);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
