/* test_image_bad.c - images that are wrong: every message of guest_thaw, and every change of one byte.
 *
 * An image is written as a row of items: the module's block comes first by itself, then one block, or several, of what the items say.
 *   {'d', n} a varint of the definitions    {'x', b} a byte of them     {'/', 0} the next block
 *   {'b', n} {'w', n} {'q', n}  a number of 1, 4, 8 bytes of the body   {0} the end
 */
#include "images.h"

#include "vm/execute.h"
#include "vm/native.h"
#include "vm/object.h"

NATIVE_WAITS("wtest.wait", wtest_wait, "(int) -> void", NONE, TIME, "Waits.") { return guest_await(guest, args[0].i); }
NATIVE_WAITS("wtest.ask", wtest_ask, "() -> int", NONE, HOST, "Asks the host.") { return (void)args, guest_await(guest, GUEST_NEVER); }
NATIVE("wtest.none", wtest_none, "() -> int", "Does not wait.") { return args[0].i = 1, TRAP_NONE; }

static const char module_text[] =
    "module 1\nstring \"t\"\nimport \"wtest\" \"wait\" (int) -> void\nimport \"wtest\" \"ask\" () -> int\nimport \"wtest\" \"none\" () -> int\n"
    "class \"C\"\n field \"x\" int\nclass \"G\" <T: trait 0>\n field \"x\" param 0\nclass \"D\"\n field \"x\" bool\n"
    "enum \"E\"\n case \"none\"\n case \"some\"\n  field \"x\" float\n"
    "trait \"T\" <Self>\n method \"m\" dynamic (param 0) -> int\n"
    "global \"a\" list<char>\nglobal \"b\" map<int, string>\nglobal \"c\" enum 0\nglobal \"d\" fn<int, int>\nglobal \"e\" trait 0\n"
    "global \"f\" opt<opt<string>>\nglobal \"g\" opt<float>\nglobal \"h\" tuple<bool, string>\nglobal \"i\" opt<int>\nglobal \"j\" opt<bool>\n"
    "func \"start\" () -> int\n int.const 5\n call 1\n ret\n"
    "func \"f\" (int) -> int\n local.get 0\n ret\n"
    "func \"m\" (class 0) -> int\n int.const 1\n ret\n"
    "func \"id\" <T: trait 0> (param 0) -> int\n int.const 1\n ret\n"
    "func \"held\" (int, string) -> int\n local.get 0\n ret\n"
    "func \"text\" () -> string\n string.const 0\n ret\n"
    "func \"task\" () -> void\n void.const\n ret\n"
    "func \"waits\" () -> void\n int.const 5\n call.import 0\n ret\n"
    "func \"asks\" () -> int\n call.import 1\n ret\n"
    "func \"none\" () -> int\n call.import 2\n ret\n"
    "impl trait 0 for class 0\n by 2\nentry 0\n";

enum { GLOBALS = 10, STACK = 4096, MEMORY = 1 << 20 };

typedef struct Item { char form; uint64_t value; } Item;

/* Definitions. Types are numbered as they come. */
#define TYPE(kind) {'d', IMAGE_DEF_TYPE}, {'d', kind}, {'d', 0}, {'d', 0}
#define TYPE_DECL(kind, decl) {'d', IMAGE_DEF_TYPE}, {'d', kind}, {'d', decl}, {'d', 0}
#define TYPE_OF(kind, arg) {'d', IMAGE_DEF_TYPE}, {'d', kind}, {'d', 0}, {'d', 1}, {'d', arg}
#define TYPE_OF2(kind, a, b) {'d', IMAGE_DEF_TYPE}, {'d', kind}, {'d', 0}, {'d', 2}, {'d', a}, {'d', b}
#define CODE(function) {'d', IMAGE_DEF_CODE}, {'d', function}, {'d', 0}
#define CODE_OF(function, arg) {'d', IMAGE_DEF_CODE}, {'d', function}, {'d', 1}, {'d', arg}
#define DESC(kind, type) {'d', IMAGE_DEF_DESC}, {'d', kind}, {'d', type}
#define DESC_CLOSURE(type, code, slots) DESC(OBJ_CLOSURE, type), {'d', code}, {'d', slots}
#define OBJECT(desc) {'d', IMAGE_DEF_OBJECT + (desc)}
#define OBJECT1(desc, a) OBJECT(desc), {'d', a}
#define OBJECT2(desc, a, b) OBJECT1(desc, a), {'d', b}
#define OBJECT3(desc, a, b, c) OBJECT2(desc, a, b), {'d', c}
enum { STRINGS, BYTES, TASKS, DESC_FIRST };

/* The body. */
#define LIMITS(status, fuel, used, stack) {'b', status}, {'q', (uint64_t)(fuel)}, {'q', (uint64_t)(used)}, {'q', 0}, {'w', stack}
#define ARGS {'w', 0}
#define INPUT {'q', 0}
/* The first task is object 0 of every image; REF counts the others. Its contents come before theirs. */
#define TASK_REF(n) {'w', (n) << IMAGE_REF_SHIFT | IMAGE_REF_OBJECT}
#define TASK_LIST(made, main, runs) {'q', made}, {'q', 0}, TASK_REF(main), TASK_REF(runs), {'w', 0}, {'w', 0}
#define HEAD LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, TASK_LIST(1, 0, 0)
#define TASK(number, state) {'q', number}, {'b', state}
#define FRAMES(n) FRAMES_IN(n, (n) ? TASK_STACK_FIRST : 0)
#define FRAMES_IN(n, room) {'w', n}, {'w', room}
#define FRAME(code, pc) {'w', code}, {'w', pc}
/* A first task and another, which are in the list. */
#define WITH(status, runs) OBJECT(TASKS), LIMITS(status, 100, 7, STACK), ARGS, INPUT, {'q', 2}, {'q', 9}, TASK_REF(0), TASK_REF(runs), {'w', 0}, {'w', 2}, TASK_REF(0), TASK_REF(1), NO_GLOBALS
#define WAITING(number, token, left, code, pc) TASK(number, TASK_PENDING), FRAMES(1), {'q', token}, {'q', (uint64_t)(left)}, FRAME(code, pc)
#define AT_START TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 0)
#define START CODE(0), HEAD
#define UNSET {'b', 0}
#define SET {'b', 1}
#define UNSET2 UNSET, UNSET
#define UNSET3 UNSET2, UNSET
#define UNSET4 UNSET2, UNSET2
#define UNSET9 UNSET4, UNSET4, UNSET
#define NO_GLOBALS UNSET9, UNSET
#define REF(n) TASK_REF((n) + 1)
#define REF_NILS(n) {'w', (n) << IMAGE_REF_SHIFT | IMAGE_REF_NIL}
#define REF_STRINGS(n) {'w', (n) << IMAGE_REF_SHIFT | IMAGE_REF_STRING}
#define REF_CASES(desc, k) {'w', (desc) << IMAGE_REF_SHIFT | IMAGE_REF_CASE}, {'w', k}
/* Each global alone; `...` is its value, and the contents of objects come behind all. */
#define GLOBAL_A(...) START, SET, __VA_ARGS__, UNSET9, AT_START
#define GLOBAL_B(...) START, UNSET, SET, __VA_ARGS__, UNSET4, UNSET4, AT_START
#define GLOBAL_C(...) START, UNSET2, SET, __VA_ARGS__, UNSET4, UNSET3, AT_START
#define GLOBAL_D(...) START, UNSET3, SET, __VA_ARGS__, UNSET4, UNSET2, AT_START
#define GLOBAL_E(...) START, UNSET4, SET, __VA_ARGS__, UNSET4, UNSET, AT_START
#define GLOBAL_F(...) START, UNSET4, UNSET, SET, __VA_ARGS__, UNSET4, AT_START
#define GLOBAL_G(...) START, UNSET4, UNSET2, SET, __VA_ARGS__, UNSET3, AT_START
#define GLOBAL_H(...) START, UNSET4, UNSET3, SET, __VA_ARGS__, UNSET2, AT_START
#define GLOBAL_I(...) START, UNSET4, UNSET4, SET, __VA_ARGS__, UNSET, AT_START
#define GLOBAL_J(...) START, UNSET9, SET, __VA_ARGS__, AT_START
#define LIST_TYPE TYPE(TYPE_CHAR), TYPE_OF(TYPE_LIST, 0), DESC(OBJ_LIST, 1)
#define MAP_TYPE TYPE(TYPE_INT), TYPE(TYPE_STRING), TYPE_OF2(TYPE_MAP, 0, 1), DESC(OBJ_MAP, 2)
#define FN_TYPE TYPE(TYPE_INT), TYPE_OF2(TYPE_FN, 0, 0)
#define ENUM_TYPE TYPE_DECL(TYPE_ENUM, 0), DESC(OBJ_ENUM, 0)
#define CLASS_TYPE(decl) TYPE_DECL(TYPE_CLASS, decl), DESC(OBJ_INSTANCE, 0)

typedef struct Row { const char *error; const Item *items; } Row; /* no error: it thaws, freezes, and thaws again */
#define ROW(error, ...) {error, (const Item[]){__VA_ARGS__, {0, 0}}}

static const Row rows[] = {
  /* What is right. */
  ROW(NULL, START, NO_GLOBALS, AT_START),
  ROW(NULL, CODE(0), CODE(1), HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(2), FRAME(0, 2), FRAME(1, 0), {'q', 77}),
  ROW(NULL, CODE(0), CODE(1), HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(2), FRAME(0, 2), FRAME(1, 1), {'q', 77}, {'q', 77}),
  ROW(NULL, CODE(0), LIMITS(GUEST_PAUSED, -1, 1, STACK), ARGS, INPUT, TASK_LIST(1, 0, 0), NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 1), {'q', 3}),
  ROW(NULL, LIST_TYPE, OBJECT2(DESC_FIRST, 1, 1), GLOBAL_A(REF(0)), {'w', 0x10ffff}),
  ROW(NULL, LIST_TYPE, OBJECT2(DESC_FIRST, 0, 0), GLOBAL_A(REF(0))),
  ROW(NULL, TYPE(TYPE_VOID), TYPE_OF(TYPE_LIST, 0), DESC(OBJ_LIST, 1), OBJECT2(DESC_FIRST, LIST_MAX, LIST_MAX), TYPE(TYPE_INT), DESC(OBJ_BOX, 1), OBJECT(DESC_FIRST + 1), START, NO_GLOBALS, AT_START,
      REF(0)),
  ROW(NULL, MAP_TYPE, OBJECT3(DESC_FIRST, 3, 4, 9), GLOBAL_B(REF(0)), {'q', 2}, {'w', 0}, {'q', 5}, REF_STRINGS(0), {'w', 2}, {'q', 6}, REF_STRINGS(STRING_TINY_FIRST)),
  ROW(NULL, ENUM_TYPE, GLOBAL_C(REF_CASES(DESC_FIRST, 0))),
  ROW(NULL, ENUM_TYPE, OBJECT1(DESC_FIRST, 1), GLOBAL_C(REF(0)), {'q', 0}),
  ROW(NULL, FN_TYPE, CODE(1), DESC_CLOSURE(1, 0, 0), OBJECT(DESC_FIRST), CODE(0), HEAD, UNSET3, SET, REF(0), UNSET4, UNSET2, TASK(1, TASK_RUNS), FRAMES(1), FRAME(1, 0)),
  ROW(NULL, FN_TYPE, CODE(4), DESC_CLOSURE(1, 0, 1), OBJECT(DESC_FIRST), CODE(0), HEAD, UNSET3, SET, REF(0), UNSET4, UNSET2, TASK(1, TASK_RUNS), FRAMES(1), FRAME(1, 0), REF_STRINGS(0)),
  ROW(NULL, CLASS_TYPE(0), OBJECT(DESC_FIRST), GLOBAL_E(REF(0)), {'q', 5}),
  ROW(NULL, GLOBAL_F(REF_NILS(0))),
  ROW(NULL, GLOBAL_F(REF_NILS(1))),
  ROW(NULL, OBJECT1(STRINGS, 2), GLOBAL_F(REF(0)), {'b', 0xc3}, {'b', 0xa9}),
  ROW(NULL, GLOBAL_G({'q', FLOAT_NIL(1)})),
  ROW(NULL, GLOBAL_G({'q', CANONICAL_NAN})),
  ROW(NULL, GLOBAL_H({'q', 1}, REF_STRINGS(0))),
  ROW(NULL, GLOBAL_I({'q', 0}, {'q', 0})),
  ROW(NULL, GLOBAL_I({'q', 1}, {'q', 99})),
  ROW(NULL, GLOBAL_J({'q', (uint64_t)SCALAR_NIL(1)})),
  ROW(NULL, CODE(0), HEAD, NO_GLOBALS, {'/', 0}, TASK(1, TASK_RUNS), FRAMES(1), {'/', 0}, FRAME(0, 0)),
  ROW(NULL, CODE(0), CODE(6), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 2}, {'q', 0}, TASK_REF(0), TASK_REF(0), {'w', 1}, TASK_REF(1), {'w', 2}, TASK_REF(0), TASK_REF(1), NO_GLOBALS, AT_START,
      TASK(2, TASK_READY), FRAMES(1), FRAME(1, 0)),
  ROW(NULL, CODE(0), CODE(7), WITH(GUEST_RUNNABLE, 0), AT_START, WAITING(2, 9, 1000, 1, 1), {'q', 5}),
  ROW(NULL, CODE(0), CODE(7), WITH(GUEST_PAUSED, 0), AT_START, WAITING(2, 1, -1000, 1, 1), {'q', 5}),
  ROW(NULL, CODE(8), CODE(7), WITH(GUEST_WAITING, 1), WAITING(1, 2, GUEST_NEVER, 0, 0), WAITING(2, 1, 0, 1, 1), {'q', 5}),
  ROW(NULL, CODE(0), CODE(7), WITH(GUEST_WAITING, 0), TASK(1, TASK_WAITS), FRAMES(1), FRAME(0, 0), WAITING(2, 1, 0, 1, 1), {'q', 5}),
  /* Limits, arguments, input, tasks. */
  ROW("the guest has ended", CODE(0), LIMITS(GUEST_FINISHED, 1, 1, STACK), ARGS, INPUT, TASK_LIST(1, 0, 0), NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 0)),
  ROW("the guest has ended", CODE(0), LIMITS(GUEST_FAILED, 1, 1, STACK), ARGS, INPUT, TASK_LIST(1, 0, 0), NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 0)),
  ROW("the guest has ended", LIMITS(77, 1, 1, STACK)),
  ROW("the fuel is out of range", LIMITS(GUEST_RUNNABLE, 1, -1, STACK)),
  ROW("the fuel is out of range", LIMITS(GUEST_RUNNABLE, -5, 4, STACK)),
  ROW("the fuel is out of range", LIMITS(GUEST_RUNNABLE, INT64_MAX, 1, STACK)),
  ROW("the fuel is out of range", LIMITS(GUEST_RUNNABLE, 1, INT64_MAX, STACK)),
  ROW("the guest needs a stack of 4097 slots, and may have 4096", LIMITS(GUEST_RUNNABLE, 1, 1, STACK + 1)),
  ROW("stack overflow", CODE(0), LIMITS(GUEST_RUNNABLE, 1, 1, 0), ARGS, INPUT, TASK_LIST(1, 0, 0), NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 0)),
  ROW("too many arguments", LIMITS(GUEST_RUNNABLE, 1, 1, STACK), {'w', IMAGE_ARGS_MAX + 1}),
  ROW("a text is too long", LIMITS(GUEST_RUNNABLE, 1, 1, STACK), {'w', 1}, {'q', UINT64_MAX}),
  ROW("an argument has a NUL in it", LIMITS(GUEST_RUNNABLE, 1, 1, STACK), {'w', 1}, {'q', 1}, {'b', 0}),
  ROW("a text is too long", LIMITS(GUEST_RUNNABLE, 1, 1, STACK), ARGS, {'q', (uint64_t)STRING_MAX + 1}),
  ROW("the guest needs more memory than it may have", LIMITS(GUEST_RUNNABLE, 1, 1, STACK), ARGS, {'q', MEMORY}),
  ROW("what should be a task is none", OBJECT1(STRINGS, 0), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, TASK_LIST(1, 1, 0)),
  ROW("what should be a task is none", OBJECT1(STRINGS, 0), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, TASK_LIST(1, 0, 1)),
  ROW("what should be a task is none", LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 1}, {'q', 0}, REF_NILS(0)),
  ROW("an object that there is not", LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, TASK_LIST(1, 0, 1)),
  ROW("more tasks than there are", LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 1}, {'q', 0}, TASK_REF(0), TASK_REF(0), {'w', 2}),
  ROW("more tasks than there are", LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 1}, {'q', 0}, TASK_REF(0), TASK_REF(0), {'w', 0}, {'w', 2}),
  ROW("a task's number is wrong", CODE(0), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, TASK_LIST(UINT64_MAX / 2, 0, 0)),
  ROW("a task's number is wrong", CODE(0), HEAD, NO_GLOBALS, TASK(0, TASK_RUNS), FRAMES(1), FRAME(0, 0)),
  ROW("a task's number is wrong", CODE(0), HEAD, NO_GLOBALS, TASK(2, TASK_RUNS), FRAMES(1), FRAME(0, 0)),
  ROW("a task's state is wrong", CODE(0), HEAD, NO_GLOBALS, TASK(1, TASK_ENDED), FRAMES(1), FRAME(0, 0)),
  ROW("a task's state is wrong", CODE(0), HEAD, NO_GLOBALS, TASK(1, TASK_PENDING + 1), FRAMES(1), FRAME(0, 0)),
  ROW("not one task runs", CODE(0), HEAD, NO_GLOBALS, TASK(1, TASK_WAITS), FRAMES(1), FRAME(0, 0)),
  ROW("not one task runs", CODE(0), HEAD, NO_GLOBALS, TASK(1, TASK_READY), FRAMES(1), FRAME(0, 0)),
  ROW("not one task runs", CODE(0), HEAD, NO_GLOBALS, TASK(1, TASK_ENDED), FRAMES(0)),
  ROW("not one task runs", CODE(0), CODE(6), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, TASK_LIST(2, 0, 0), NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 0), TASK(2, TASK_RUNS), FRAMES(1),
      FRAME(1, 0)),
  ROW("not one task runs", CODE(0), CODE(6), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, TASK_LIST(2, 0, 0), NO_GLOBALS, TASK(1, TASK_WAITS), FRAMES(1), FRAME(0, 0), TASK(2, TASK_RUNS), FRAMES(1),
      FRAME(1, 0)),
  ROW("not one task runs", CODE(0), CODE(7), WITH(GUEST_WAITING, 0), AT_START, WAITING(2, 9, 1000, 1, 1), {'q', 5}),
  ROW("not one task runs", CODE(0), CODE(7), WITH(GUEST_RUNNABLE, 1), TASK(1, TASK_WAITS), FRAMES(1), FRAME(0, 0), WAITING(2, 9, 1000, 1, 1), {'q', 5}),
  ROW("not one task runs", CODE(0), CODE(7), WITH(GUEST_WAITING, 1), TASK(1, TASK_WAITS), FRAMES(1), FRAME(0, 0), TASK(2, TASK_ENDED), FRAMES(0)),
  ROW("the guest does not wait", CODE(0), CODE(6), WITH(GUEST_WAITING, 0), TASK(1, TASK_WAITS), FRAMES(1), FRAME(0, 0), TASK(2, TASK_WAITS), FRAMES(1), FRAME(1, 0)),
  ROW("the queue is wrong", CODE(0), CODE(7), WITH(GUEST_WAITING, 1), TASK(1, TASK_READY), FRAMES(1), FRAME(0, 0), WAITING(2, 9, 1000, 1, 1), {'q', 5}),
  ROW("what a task waits for is wrong", CODE(0), CODE(7), WITH(GUEST_RUNNABLE, 0), AT_START, WAITING(2, 9, 1000, 1, 0)),
  ROW("what a task waits for is wrong", CODE(0), CODE(7), WITH(GUEST_RUNNABLE, 0), AT_START, WAITING(2, 9, 1000, 1, 2)),
  ROW("what a task waits for is wrong", CODE(0), CODE(7), WITH(GUEST_RUNNABLE, 0), AT_START, WAITING(2, 10, 1000, 1, 1), {'q', 5}),
  ROW("what a task waits for is wrong", CODE(0), CODE(7), WITH(GUEST_RUNNABLE, 0), AT_START, WAITING(2, 0, 1000, 1, 1), {'q', 5}),
  ROW("what a task waits for is wrong", CODE(0), CODE(7), WITH(GUEST_RUNNABLE, 0), AT_START, WAITING(2, 9, GUEST_NEVER, 1, 1), {'q', 5}),
  ROW("what a task waits for is wrong", CODE(0), CODE(7), WITH(GUEST_RUNNABLE, 0), AT_START, WAITING(2, 9, INT64_MIN, 1, 1), {'q', 5}),
  ROW("what a task waits for is wrong", CODE(8), CODE(7), WITH(GUEST_WAITING, 0), WAITING(1, 2, 7, 0, 0), WAITING(2, 1, 0, 1, 1), {'q', 5}),
  ROW("what a task waits for is wrong", CODE(8), CODE(7), WITH(GUEST_WAITING, 0), WAITING(1, 2, GUEST_NEVER, 0, 0), WAITING(2, 2, 0, 1, 1), {'q', 5}),
  ROW("what a task waits for is wrong", CODE(9), CODE(7), WITH(GUEST_WAITING, 0), WAITING(1, 2, GUEST_NEVER, 0, 0), WAITING(2, 1, 0, 1, 1), {'q', 5}),
  ROW("what a task waits for is wrong", CODE(0), CODE(7), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 2}, {'q', 9}, TASK_REF(0), TASK_REF(0), {'w', 0}, {'w', 0}, UNSET9, UNSET, AT_START,
      WAITING(2, 9, 1000, 1, 1), {'q', 5}),
  ROW("the queue is wrong", CODE(0), CODE(6), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, TASK_LIST(2, 0, 0), NO_GLOBALS, AT_START, TASK(2, TASK_READY), FRAMES(1), FRAME(1, 0)),
  ROW("the queue is wrong", CODE(0), CODE(6), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 2}, {'q', 0}, TASK_REF(0), TASK_REF(0), {'w', 1}, TASK_REF(0), {'w', 0}, NO_GLOBALS, AT_START, TASK(2, TASK_READY),
      FRAMES(1), FRAME(1, 0)),
  ROW("the queue is wrong", CODE(0), CODE(6), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 2}, {'q', 0}, TASK_REF(0), TASK_REF(0), {'w', 2}, TASK_REF(1), TASK_REF(1), {'w', 0}, NO_GLOBALS, AT_START,
      TASK(2, TASK_READY), FRAMES(1), FRAME(1, 0)),
  ROW("the list of tasks is wrong", CODE(0), CODE(6), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 2}, {'q', 0}, TASK_REF(0), TASK_REF(0), {'w', 1}, TASK_REF(1), {'w', 2}, TASK_REF(1), TASK_REF(1), NO_GLOBALS,
      AT_START, TASK(2, TASK_READY), FRAMES(1), FRAME(1, 0)),
  ROW("the list of tasks is wrong", CODE(0), CODE(6), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 2}, {'q', 0}, TASK_REF(0), TASK_REF(0), {'w', 0}, {'w', 1}, TASK_REF(1), NO_GLOBALS, AT_START,
      TASK(2, TASK_ENDED), FRAMES(0)),
  ROW(NULL, CODE(0), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, TASK_LIST(2, 0, 0), NO_GLOBALS, AT_START, TASK(2, TASK_WAITS), FRAMES(1), FRAME(0, 0)),
  /* Frames. */
  ROW("a task's state is wrong", HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(0)),
  ROW("a function that there is not", HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 0)),
  ROW("a frame is at no place of its code", CODE(0), HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 3)),
  ROW("a frame is at no place of its code", CODE(0), HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(2), FRAME(0, 0), FRAME(0, 0)),
  ROW("a frame is at no place of its code", CODE(0), HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(2), FRAME(0, 1), {'q', 1}, FRAME(0, 0)),
  ROW(NULL, CODE(1), HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 0), {'q', 1}),
  ROW(NULL, CODE(5), HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(1), FRAME(0, 0)),
  ROW("a frame's function is not what its caller calls", CODE(0), HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(2), FRAME(0, 2), FRAME(0, 0)),
  ROW("a frame's function is not what its caller calls", CODE(0), CODE(4), HEAD, NO_GLOBALS, TASK(1, TASK_RUNS), FRAMES(2), FRAME(0, 2), FRAME(1, 0)),
  /* Definitions. */
  ROW("a definition is cut short", START, NO_GLOBALS, AT_START, {'x', 0x80}),
  ROW("a definition is cut short", {'d', IMAGE_DEF_TYPE}, {'d', TYPE_INT}, HEAD),
  ROW("a definition is cut short", {'x', 0xff}, {'x', 0xff}, {'x', 0xff}, {'x', 0xff}, {'x', 0xff}, {'x', 0xff}, {'x', 0xff}, {'x', 0xff}, {'x', 0xff}, {'x', 2}, HEAD),
  ROW("a type that there is not", TYPE_OF(TYPE_LIST, 0), HEAD),
  ROW("a type that there is not", DESC(OBJ_LIST, 0), HEAD),
  ROW("a type that there is not", CODE_OF(3, 0), HEAD),
  ROW("a type is not well-formed", TYPE(0), HEAD),
  ROW("a type is not well-formed", TYPE(TYPE_PARAM), HEAD),
  ROW("a type is not well-formed", TYPE(TYPE_NEVER), HEAD),
  ROW("a type is not well-formed", TYPE(UINT64_MAX), HEAD),
  ROW("a type is not well-formed", TYPE(TYPE_LIST), HEAD),
  ROW("a type is not well-formed", TYPE(TYPE_FN), HEAD),
  ROW("a type is not well-formed", TYPE_DECL(TYPE_CLASS, 3), HEAD),
  ROW("a type is not well-formed", TYPE_DECL(TYPE_ENUM, UINT64_C(1) << 32), HEAD),
  ROW("a type is not well-formed", TYPE_DECL(TYPE_CLASS, 1), HEAD),
  ROW("a type is not well-formed", TYPE(TYPE_INT), {'d', IMAGE_DEF_TYPE}, {'d', TYPE_CLASS}, {'d', 1}, {'d', 1}, {'d', 0}, HEAD),
  ROW("a type is not well-formed", TYPE(TYPE_INT), TYPE_OF2(TYPE_LIST, 0, 0), HEAD),
  ROW("a type is not well-formed", {'d', IMAGE_DEF_TYPE}, {'d', TYPE_TUPLE}, {'d', 0}, {'d', 256}, HEAD),
  ROW("a function that there is not", CODE(999), HEAD),
  ROW("a function that there is not", CODE(UINT64_MAX), HEAD),
  ROW("a function that there is not", CODE(3), HEAD),
  ROW("a function that there is not", TYPE(TYPE_INT), CODE_OF(0, 0), HEAD),
  ROW("type arguments do not meet their bounds", TYPE(TYPE_INT), CODE_OF(3, 0), HEAD),
  ROW("a kind of object that there is not", TYPE(TYPE_INT), DESC(OBJ_LIST, 0), HEAD),
  ROW("a kind of object that there is not", TYPE(TYPE_INT), DESC(OBJ_INSTANCE, 0), HEAD),
  ROW("a kind of object that there is not", TYPE(TYPE_STRING), DESC(OBJ_STRING, 0), HEAD),
  ROW("a kind of object that there is not", TYPE(TYPE_STRING), DESC(OBJ_BOX, 0), HEAD),
  ROW("a kind of object that there is not", TYPE_DECL(TYPE_CLASS, 0), DESC(OBJ_BOX, 0), HEAD),
  ROW("a kind of object that there is not", TYPE(TYPE_INT), DESC(77, 0), HEAD),
  ROW("a kind of object that there is not", FN_TYPE, DESC_CLOSURE(1, 0, 0), HEAD),
  ROW("a kind of object that there is not", FN_TYPE, CODE(0), DESC_CLOSURE(1, 0, 0), HEAD),
  ROW("a kind of object that there is not", FN_TYPE, CODE(5), DESC_CLOSURE(1, 0, 0), HEAD),
  ROW("a kind of object that there is not", FN_TYPE, CODE(1), DESC_CLOSURE(1, 0, 1), HEAD),
  ROW("a kind of object that there is not", FN_TYPE, CODE(4), DESC_CLOSURE(1, 0, 0), HEAD),
  ROW("a kind of object that there is not", FN_TYPE, CODE(1), DESC_CLOSURE(0, 0, 0), HEAD),
  ROW("a kind of object that there is not", OBJECT(DESC_FIRST), HEAD),
  ROW("a kind of object that there is not", OBJECT(UINT64_C(1) << 40), HEAD),
  /* Objects' sizes. */
  ROW("an object can't be made", OBJECT1(STRINGS, UINT64_MAX), HEAD),
  ROW("the guest needs more memory than it may have", OBJECT1(STRINGS, MEMORY), HEAD),
  ROW("an object can't be made", OBJECT2(BYTES, 2, 1), HEAD),
  ROW("an object can't be made", OBJECT2(BYTES, 1, UINT64_MAX), HEAD),
  ROW("the guest needs more memory than it may have", OBJECT2(BYTES, 0, MEMORY), HEAD),
  ROW("an object can't be made", LIST_TYPE, OBJECT2(DESC_FIRST, 1, 0), HEAD),
  ROW("the guest needs more memory than it may have", LIST_TYPE, OBJECT2(DESC_FIRST, 0, MEMORY / 2), HEAD),
  ROW("an object can't be made", TYPE(TYPE_VOID), TYPE_OF(TYPE_LIST, 0), DESC(OBJ_LIST, 1), OBJECT2(DESC_FIRST, 0, 1), HEAD),
  ROW("an object can't be made", MAP_TYPE, OBJECT3(DESC_FIRST, 0, 3, 0), HEAD),
  ROW("an object can't be made", MAP_TYPE, OBJECT3(DESC_FIRST, 0, 2, 0), HEAD),
  ROW("an object can't be made", MAP_TYPE, OBJECT3(DESC_FIRST, 5, 4, 0), HEAD),
  ROW("an object can't be made", MAP_TYPE, OBJECT3(DESC_FIRST, 0, 4, UINT64_MAX), HEAD),
  ROW("an object can't be made", MAP_TYPE, OBJECT3(DESC_FIRST, 0, 4, INT64_MAX), HEAD), /* it could not be counted on */
  ROW("the guest needs more memory than it may have", MAP_TYPE, OBJECT3(DESC_FIRST, 0, UINT64_C(1) << 40, 0), HEAD),
  ROW("an object can't be made", ENUM_TYPE, OBJECT1(DESC_FIRST, 0), HEAD),
  ROW("an object can't be made", ENUM_TYPE, OBJECT1(DESC_FIRST, 2), HEAD),
  /* References. */
  ROW("an object that there is not", GLOBAL_F(REF(0))),
  ROW("a string that there is not", GLOBAL_F(REF_STRINGS(1))),
  ROW("a string that there is not", GLOBAL_F(REF_STRINGS(STRING_TINY_FIRST + STRING_TINIES))),
  ROW("a nil that there is not", GLOBAL_F(REF_NILS(256))),
  ROW("a case that there is not", GLOBAL_C(REF_CASES(0, 0))),
  ROW("a case that there is not", GLOBAL_C(REF_CASES(9, 0))),
  ROW("a case that there is not", ENUM_TYPE, GLOBAL_C(REF_CASES(DESC_FIRST, 1))),
  ROW("a case that there is not", ENUM_TYPE, GLOBAL_C(REF_CASES(DESC_FIRST, 2))),
  /* Values. */
  ROW("a global is neither set nor unset", START, {'b', 2}),
  ROW("a value is not of its type", GLOBAL_A(REF_NILS(0))),
  ROW("a value is not of its type", GLOBAL_A(REF_STRINGS(0))),
  ROW("a value is not of its type", LIST_TYPE, OBJECT2(DESC_FIRST, 1, 1), GLOBAL_A(REF(0)), {'w', 0xd800}),
  ROW("a value is not of its type", LIST_TYPE, OBJECT2(DESC_FIRST, 1, 1), GLOBAL_A(REF(0)), {'w', 0x110000}),
  ROW("a value is not of its type", LIST_TYPE, OBJECT2(DESC_FIRST, 1, 1), GLOBAL_B(REF(0)), {'w', 0}),
  ROW("a value is not of its type", ENUM_TYPE, OBJECT1(DESC_FIRST, 1), GLOBAL_C(REF(0)), {'q', CANONICAL_NAN + 1}),
  ROW("a value is not of its type", GLOBAL_D(REF_STRINGS(0))),
  ROW("a value is not of its type", CLASS_TYPE(2), OBJECT(DESC_FIRST), GLOBAL_E(REF(0)), {'q', 0}),
  ROW("a value is not of its type", CLASS_TYPE(2), OBJECT(DESC_FIRST), START, NO_GLOBALS, AT_START, {'q', 2}),
  ROW("a value is not of its type", GLOBAL_E(REF_STRINGS(0))),
  ROW("a value is not of its type", TYPE(TYPE_INT), DESC(OBJ_BOX, 0), OBJECT(DESC_FIRST), GLOBAL_E(REF(0)), {'q', 0}),
  ROW("a value is not of its type", GLOBAL_F(REF_NILS(2))),
  ROW("a value is not of its type", OBJECT2(BYTES, 0, 0), GLOBAL_F(REF(0))),
  ROW("a value is not of its type", GLOBAL_G({'q', FLOAT_NIL(2)})),
  ROW("a value is not of its type", GLOBAL_G({'q', FLOAT_NIL(0)})),
  ROW("a value is not of its type", GLOBAL_H({'q', 2}, REF_STRINGS(0))),
  ROW("a value is not of its type", GLOBAL_H({'q', 1}, REF_NILS(0))),
  ROW("a value is not of its type", GLOBAL_I({'q', 2}, {'q', 0})),
  ROW("a value is not of its type", GLOBAL_I({'q', 0}, {'q', 1})),
  ROW("a value is not of its type", GLOBAL_J({'q', 2})),
  ROW("a value is not of its type", GLOBAL_J({'q', (uint64_t)SCALAR_NIL(2)})),
  ROW("a string is not UTF-8", OBJECT1(STRINGS, 1), GLOBAL_F(REF(0)), {'b', 0xc3}),
  ROW("a map's entries are wrong", MAP_TYPE, OBJECT3(DESC_FIRST, 2, 4, 9), GLOBAL_B(REF(0)), {'q', 1}, {'w', 0}, {'q', 5}, REF_STRINGS(0)),
  ROW("a map's entries are wrong", MAP_TYPE, OBJECT3(DESC_FIRST, 1, 4, 9), GLOBAL_B(REF(0)), {'q', 0}),
  ROW("a map's entries are wrong", MAP_TYPE, OBJECT3(DESC_FIRST, 1, 4, 9), GLOBAL_B(REF(0)), {'q', 1}, {'w', 1}, {'q', 5}, REF_STRINGS(0)),
  ROW("a map's entries are wrong", MAP_TYPE, OBJECT3(DESC_FIRST, 2, 4, 9), GLOBAL_B(REF(0)), {'q', 2}, {'w', 1}, {'q', 5}, REF_STRINGS(0), {'w', 0}, {'q', 6}, REF_STRINGS(0)),
  ROW("a map's entries are wrong", MAP_TYPE, OBJECT3(DESC_FIRST, 2, 4, 9), GLOBAL_B(REF(0)), {'q', 2}, {'w', 1}, {'q', 5}, REF_STRINGS(0), {'w', 1}, {'q', 6}, REF_STRINGS(0)),
  ROW("a map has a key twice", MAP_TYPE, OBJECT3(DESC_FIRST, 2, 4, 9), GLOBAL_B(REF(0)), {'q', 2}, {'w', 0}, {'q', 5}, REF_STRINGS(0), {'w', 1}, {'q', 5}, REF_STRINGS(0)),
  ROW("a map has a key twice", MAP_TYPE, OBJECT3(DESC_FIRST, 2, 16, 9), GLOBAL_B(REF(0)), {'q', 2}, {'w', 0}, {'q', 5}, REF_STRINGS(0), {'w', 1}, {'q', 5}, REF_STRINGS(0)),
  ROW("a value is not of its type", MAP_TYPE, OBJECT3(DESC_FIRST, 1, 4, 9), GLOBAL_B(REF(0)), {'q', 1}, {'w', 0}, {'q', 5}, REF_NILS(0)),
  /* The end. */
  ROW("the image ends too early", HEAD),
  ROW("the image ends too early", START, UNSET9),
  ROW("a value is torn apart", START, NO_GLOBALS, {'w', 1}, {'/', 0}, {'w', 0}),
  ROW("the image holds more than the guest", START, NO_GLOBALS, AT_START, {'b', 0}),
  ROW("the image holds more than the guest", START, NO_GLOBALS, AT_START, {'/', 0}, {'b', 0}),
};
enum { NROWS = sizeof rows / sizeof *rows };

static Program *program;

static void write_varint(Buffer *b, uint64_t number) {
  for (; number >= 0x80; number >>= 7) buffer_number(b, number | 0x80, 1);
  buffer_number(b, number, 1);
}

static void write_module(Buffer *image) {
  Buffer defs = {0}, body = {0};
  uint8_t hash[32];
  size_t length;
  uint8_t *bytes = module_encode(program->module, &length, false);
  ck_assert(bytes && module_hash(program->module, hash));
  buffer_put(&body, hash, sizeof hash);
  buffer_number(&body, length, 4);
  buffer_put(&body, bytes, length);
  image_block(image, &defs, &body);
  free(bytes);
  free(body.bytes);
}

static Buffer image_made(const Item *items) {
  Buffer image = {0}, defs = {0}, body = {0};
  image_begin(&image);
  write_module(&image);
  write_varint(&defs, IMAGE_DEF_OBJECT + TASKS);
  for (; items->form; items++) {
    switch (items->form) {
      case 'd': write_varint(&defs, items->value); break;
      case 'x': buffer_number(&defs, items->value, 1); break;
      case 'b': buffer_number(&body, items->value, 1); break;
      case 'w': buffer_number(&body, items->value, 4); break;
      case 'q': buffer_number(&body, items->value, 8); break;
      default: image_block(&image, &defs, &body), defs.length = body.length = 0; break;
    }
  }
  image_block(&image, &defs, &body);
  image_end(&image);
  free(defs.bytes);
  free(body.bytes);
  return image;
}

static void setup(void) {
  ModuleError error;
  Module *module = module_assemble(module_text, strlen(module_text), &error);
  ck_assert_msg(module != NULL, "line %u: %s", (unsigned)error.offset, error.reason);
  program = program_link(module, &error);
  ck_assert_msg(program != NULL, "pc %u: %s", (unsigned)error.offset, error.reason);
}

static void teardown(void) { program_free(program); }

static ThawOptions options_here(void) {
  return (ThawOptions){.guest = {.stack_slots = STACK}, .find = image_program_given, .find_ctx = program, .memory_max = MEMORY};
}

static void check_good(Thawed *thawed, const char *what) {
  ThawOptions options = options_here();
  ModuleError error;
  Thawed second;
  Buffer image = image_of(thawed->guest, false), again;
  uint64_t hash = guest_state_hash(thawed->guest);
  bool done = image_thaw(&image, &options, &second, &error);
  ck_assert_msg(done, "%s, again: %s", what, error.reason);
  ck_assert_uint_eq(guest_state_hash(second.guest), hash);
  again = image_of(second.guest, false);
  ck_assert_msg(buffer_equal(&image, &again), "%s: other bytes", what);
  second.guest->options.tier = TIER_ORACLE;
  ck_assert_int_eq(guest_run(second.guest), guest_run(thawed->guest));
  ck_assert_uint_eq(guest_state_hash(second.guest), guest_state_hash(thawed->guest));
  guest_free(second.guest);
  free(second.input);
  free(image.bytes);
  free(again.bytes);
}

START_TEST(test_row) {
  const Row *row = &rows[_i];
  Buffer image = image_made(row->items);
  ThawOptions options = options_here();
  ModuleError error;
  Thawed thawed;
  bool done = image_thaw(&image, &options, &thawed, &error);
  if (row->error) {
    ck_assert_msg(!done, "row %d thaws; expected: %s", _i, row->error);
    ck_assert_msg(strncmp(error.reason, row->error, strlen(row->error)) == 0, "row %d: %s; expected: %s", _i, error.reason, row->error);
    ck_assert_ptr_null(thawed.guest);
  } else {
    ck_assert_msg(done, "row %d: %s", _i, error.reason);
    check_good(&thawed, "a good row");
    guest_free(thawed.guest);
    free(thawed.input);
  }
  free(image.bytes);
}
END_TEST

/* What surrounds blocks, and the module's block */

static void expect_error(Buffer *image, const char *wanted, bool own_program) {
  ThawOptions options = options_here();
  ModuleError error;
  Thawed thawed;
  if (own_program) options.find = NULL;
  bool done = image_thaw(image, &options, &thawed, &error);
  ck_assert_msg(!done, "thaws; expected: %s", wanted);
  ck_assert_msg(strstr(error.reason, wanted) != NULL, "%s; expected: %s", error.reason, wanted);
  free(image->bytes);
}

static Buffer good_image(void) { return image_made(rows[0].items); }

START_TEST(test_outside) {
  static const struct { size_t at; bool from_end; uint8_t byte; const char *error; } edits[] = {
    {1, false, 'x', "not an image of a guest"}, {4, false, IMAGE_VERSION + 1, "the image's version is 3, this machine reads 1 to 2"},
    {12, false, 1, "a block is damaged"},   {15, false, 1, "a block's size is wrong"},
    {11, false, 1, "a block's size is wrong"},  {10, false, 1, "the image is cut short"},
    {16, false, 0, "a block is damaged"},        {8, true, 1, "the image holds more than the guest"},
  };
  for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
    Buffer image = good_image();
    image.bytes[edits[i].from_end ? image.length - edits[i].at : edits[i].at] = edits[i].byte;
    expect_error(&image, edits[i].error, false);
  }
  size_t whole = SIZE_MAX;
  for (size_t length = 0; length < whole; length++) {
    Buffer image = good_image();
    whole = image.length;
    image.length = length;
    expect_error(&image, "the image is cut short", false);
  }
  Buffer image = good_image();
  buffer_number(&image, 0, 1);
  expect_error(&image, "something follows the image", false);
  image = (Buffer){0};
  image_begin(&image);
  image_end(&image);
  expect_error(&image, "the image ends too early", false);
}
END_TEST

static ptrdiff_t read_fails(void *ctx, void *bytes, size_t length) {
  (void)ctx, (void)bytes, (void)length;
  return -1;
}

START_TEST(test_unreadable) {
  ModuleError error;
  Thawed thawed;
  ThawOptions options = options_here();
  ck_assert(!guest_thaw(&(ImageSource){read_fails, NULL}, &options, &thawed, &error));
  ck_assert_str_eq(error.reason, "the image could not be read");
}
END_TEST

/* An image of one block with so many bytes of a hash, a length, and bytes. */
static Buffer module_block(const uint8_t *hash, uint32_t length, const void *bytes, size_t given, const char *defs_bytes) {
  Buffer image = {0}, defs = {0}, body = {0};
  buffer_put(&defs, defs_bytes, strlen(defs_bytes));
  buffer_put(&body, hash, 32);
  buffer_number(&body, length, 4);
  buffer_put(&body, bytes, given);
  image_begin(&image);
  image_block(&image, &defs, &body);
  image_end(&image);
  free(defs.bytes);
  free(body.bytes);
  return image;
}

START_TEST(test_module) {
  uint8_t hash[32], other[32] = {0xab};
  size_t length;
  uint8_t *bytes = module_encode(program->module, &length, false);
  ck_assert(module_hash(program->module, hash));
  Buffer image = module_block(other, 0, NULL, 0, "");
  expect_error(&image, "the image needs module ab0000", true);
  image = module_block(other, (uint32_t)length, bytes, length, "");
  expect_error(&image, "its module has another hash", true);
  image = module_block(hash, 4, "fmod", 4, "");
  expect_error(&image, "its module: ", true);
  image = module_block(hash, UINT32_MAX, "", 0, "");
  expect_error(&image, "the module is too large", true);
  image = module_block(hash, MEMORY + 1, "", 0, "");
  expect_error(&image, "the guest needs more memory", true);
  image = module_block(hash, 0, NULL, 0, "x");
  expect_error(&image, "a block has definitions too early", false);
  free(bytes);
}
END_TEST

START_TEST(test_definitions_too_long) {
  Buffer image = {0}, raw = {0};
  image_begin(&image);
  write_module(&image);
  buffer_number(&raw, 1, 4);
  uint8_t packed[64];
  size_t length = ZSTD_compress(packed, sizeof packed, raw.bytes, raw.length, 1);
  buffer_number(&image, length, 4);
  buffer_number(&image, raw.length, 4);
  buffer_put(&image, packed, length);
  image_end(&image);
  free(raw.bytes);
  expect_error(&image, "a block's definitions are longer than the block", false);
}
END_TEST

/* A small image must not take much memory: what is defined counts. */
START_TEST(test_bombs) {
  static const Item type[] = {TYPE(TYPE_INT), {0, 0}}, code[] = {CODE(0), {0, 0}}, desc[] = {DESC(OBJ_ENUM, 0), {0, 0}}, object[] = {OBJECT1(STRINGS, 0), {0, 0}};
  static const Item *const what[] = {type, code, desc, object};
  for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
    Buffer image = {0}, defs = {0}, body = {0};
    image_begin(&image);
    write_module(&image);
    static const Item first[] = {OBJECT(TASKS), TYPE_DECL(TYPE_ENUM, 0), {0, 0}};
    for (const Item *item = first; item->form; item++) write_varint(&defs, item->value);
    while (defs.length < IMAGE_BLOCK_MAX - 100) {
      for (const Item *item = what[i]; item->form; item++) write_varint(&defs, item->value);
    }
    static const Item head[] = {HEAD, {0, 0}};
    for (const Item *item = head; item->form; item++) buffer_number(&body, item->value, item->form == 'b' ? 1 : item->form == 'w' ? 4 : 8);
    image_block(&image, &defs, &body);
    image_end(&image);
    ck_assert_uint_lt(image.length, 8192);
    free(defs.bytes);
    free(body.bytes);
    expect_error(&image, "the guest needs more memory than it may have", false);
  }
}
END_TEST

/* A small image must not take long: here frames that have long ways to what is live in them take turns. */
START_TEST(test_long_frames) {
  enum { LENGTH = 100000, APART = 29, FRAMES_MAX = 40000 };
  Buffer text = {0}, image = {0}, defs = {0}, body = {0};
  const char *head = "module 1\nfunc \"start\" () -> int\n int.const 5\n call 1\n ret\nfunc \"f\" (int) -> int\n";
  const char *part = " local.get 0\n call 1\n pop int\n local.get 0\n int.neg\n pop int\n", *end = " local.get 0\n call 1\n ret\nentry 0\n";
  buffer_put(&text, head, strlen(head));
  for (int i = 0; i < LENGTH; i++) buffer_put(&text, " int.const 1\n pop int\n", 22);
  buffer_put(&text, part, strlen(part));
  for (int i = 0; i < APART; i++) buffer_put(&text, " int.const 1\n pop int\n", 22);
  buffer_put(&text, end, strlen(end));
  ModuleError error;
  Module *module = module_assemble((char *)text.bytes, text.length, &error);
  ck_assert_msg(module != NULL, "%s", error.reason);
  Program *long_program = program_link(module, &error);
  ck_assert_msg(long_program != NULL, "%s", error.reason);
  uint8_t hash[32] = {0};
  image_begin(&image);
  buffer_put(&body, hash, sizeof hash);
  buffer_number(&body, 0, 4);
  image_block(&image, &defs, &body);
  body.length = 0;
  static const Item items[] = {OBJECT(TASKS), CODE(0), CODE(1), LIMITS(GUEST_RUNNABLE, 100, 7, 1 << 20), ARGS, INPUT, TASK_LIST(1, 0, 0),
                               TASK(1, TASK_RUNS), FRAMES_IN(FRAMES_MAX, 1 << 20), FRAME(0, 2), {0, 0}};
  for (const Item *item = items; item->form; item++) {
    if (item->form == 'd') write_varint(&defs, item->value);
    else buffer_number(&body, item->value, item->form == 'b' ? 1 : item->form == 'w' ? 4 : 8);
  }
  for (unsigned i = 1; i < FRAMES_MAX && body.length < IMAGE_BLOCK_MAX - 200; i++) {
    buffer_number(&body, 1, 4);
    buffer_number(&body, 2 * LENGTH + 2 + (i % 2 ? 0 : 64), 4);
    buffer_number(&body, i, 8);
  }
  image_block(&image, &defs, &body);
  image_end(&image);
  ThawOptions options = {.find = image_program_given, .find_ctx = long_program};
  Thawed thawed;
  ck_assert(!image_thaw(&image, &options, &thawed, &error));
  ck_assert_str_eq(error.reason, "the stack takes too long to check");
  program_free(long_program);
  free(text.bytes);
  free(image.bytes);
  free(defs.bytes);
  free(body.bytes);
}
END_TEST

/* Every byte of the blocks of an image in turn, in every way (each test_stride()-th): an error, or a guest. */
START_TEST(test_bytes) {
  static const Item sample[] = {MAP_TYPE, OBJECT3(DESC_FIRST, 3, 4, 9), OBJECT1(STRINGS, 2), TYPE_DECL(TYPE_ENUM, 0), DESC(OBJ_ENUM, 3), OBJECT1(DESC_FIRST + 1, 1), CODE(0), CODE(1),
                                CODE(6), OBJECT(TASKS), LIMITS(GUEST_RUNNABLE, 100, 7, STACK), ARGS, INPUT, {'q', 2}, {'q', 0}, TASK_REF(0), TASK_REF(0), {'w', 1}, REF(3), {'w', 2}, TASK_REF(0),
                                REF(3), UNSET, SET, REF(0), SET, REF(2), UNSET4, UNSET3, TASK(1, TASK_RUNS), FRAMES(2), FRAME(0, 2), FRAME(1, 1), {'q', 77}, {'q', 77}, {'q', 2}, {'w', 0},
                                {'q', 5}, REF_STRINGS(0), {'w', 2}, {'q', 6}, REF(1), {'b', 0xc3}, {'b', 0xa9}, {'q', 0}, TASK(2, TASK_READY), FRAMES(1), FRAME(2, 0), {0, 0}};
  enum { ITEMS = sizeof sample / sizeof *sample };
  ThawOptions options = options_here();
  ModuleError error;
  Thawed thawed;
  unsigned good = 0, bad = 0, stride = test_stride(), change = 0;
  for (unsigned i = 0; i + 1 < ITEMS; i++) {
    unsigned bytes = sample[i].form == 'w' ? 4 : sample[i].form == 'q' ? 8 : 1;
    for (; change < 256 * bytes; change += stride) {
      Item items[ITEMS];
      memcpy(items, sample, sizeof items);
      items[i].value ^= (uint64_t)(change % 256) << 8 * (change / 256);
      Buffer image = image_made(items);
      if (image_thaw(&image, &options, &thawed, &error)) {
        good++;
        check_good(&thawed, "a changed image");
        guest_free(thawed.guest);
        free(thawed.input);
      } else {
        bad++;
        ck_assert_msg(change % 256 != 0, "unchanged: %s", error.reason);
        ck_assert_msg(error.reason[0] != 0, "an error without a reason");
      }
      free(image.bytes);
    }
    change -= 256 * bytes;
  }
  ck_assert_uint_gt(good, 5000 / stride);
  ck_assert_uint_gt(bad, 5000 / stride);
}
END_TEST

/* Every byte of the file. */
START_TEST(test_file_bytes) {
  Buffer whole = good_image();
  for (size_t at = 0; at < whole.length; at++) {
    for (unsigned change = 1; change < 256; change += 42) {
      Buffer image = good_image();
      image.bytes[at] ^= (uint8_t)change;
      ThawOptions options = options_here();
      ModuleError error;
      Thawed thawed;
      options.find = NULL;
      if (image_thaw(&image, &options, &thawed, &error)) {
        guest_run(thawed.guest);
        guest_free(thawed.guest);
        program_free(thawed.program);
        free(thawed.input);
      }
      free(image.bytes);
    }
  }
  free(whole.bytes);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("images that are wrong");
  TCase *tcase = tcase_create("thaw");
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_set_timeout(tcase, 600);
  tcase_add_loop_test(tcase, test_row, 0, NROWS);
  tcase_add_test(tcase, test_outside);
  tcase_add_test(tcase, test_unreadable);
  tcase_add_test(tcase, test_module);
  tcase_add_test(tcase, test_definitions_too_long);
  tcase_add_test(tcase, test_bombs);
  tcase_add_test(tcase, test_long_frames);
  tcase_add_test(tcase, test_bytes);
  tcase_add_test(tcase, test_file_bytes);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
