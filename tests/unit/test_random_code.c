/* test_random_code.c - random verified functions on both tiers in lockstep.
 *
 * A generator writes module text with a model of the operand stack's types, so that what it writes verifies: arithmetic, locals, tuples,
 * optionals, results, lists, cells, blocks entered on conditions, and loops. A failure prints its seed; FIRN_RANDOM_FIRST and FIRN_RANDOM_COUNT
 * choose others.
 */
#include "lockstep.h"

typedef enum T { INT, FLOAT, BOOL, STRING, OPT_INT, OPT_FLT, OPT_STRING, TUPLE, OPT_TUPLE, RESULT, LIST, FLIST, CELL, TYPES } T;

static const char *const names[TYPES] = {"int",         "float",             "bool",
                                         "string",      "opt<int>",          "opt<float>",
                                         "opt<string>", "tuple<int, float>", "opt<tuple<int, float>>",
                                         "result<int, string>", "list<int>", "list<float>", "cell<int>"};

enum { NLOCALS = 2 * TYPES, COUNTERS = 3, STACK_MAX = 12, DEPTH_MAX = 3 };

typedef struct Gen {
  FILE *out;
  uint64_t seed;
  T stack[STACK_MAX + 8];
  int height;
  int labels, loops;
  bool fresh; /* the last line is a label */
} Gen;

static uint32_t pick(Gen *g, uint32_t below) {
  g->seed ^= g->seed << 13;
  g->seed ^= g->seed >> 7;
  g->seed ^= g->seed << 17;
  return (uint32_t)(g->seed >> 33) % below;
}

static void push(Gen *g, T type) { g->stack[g->height++] = type; }
#define PUT(...) fprintf(g->out, "  " __VA_ARGS__), fputc('\n', g->out), g->fresh = false

static T top(const Gen *g, int below) { return g->stack[g->height - 1 - below]; }

/* True if the operands are of these types, all above the floor. */
static bool has(const Gen *g, int floor, int count, T a, T b, T c) {
  T want[3] = {a, b, c};
  if (g->height - count < floor) return false;
  for (int i = 0; i < count; i++) {
    if (g->stack[g->height - count + i] != want[i]) return false;
  }
  return true;
}
#define HAS1(a) has(g, floor, 1, a, a, a)
#define HAS2(a, b) has(g, floor, 2, a, b, b)
#define HAS3(a, b, c) has(g, floor, 3, a, b, c)

static void label_write(Gen *g, int label) {
  if (g->fresh) PUT("void.const"), PUT("pop void");
  fprintf(g->out, "label l%d (", label);
  for (int i = 0; i < g->height; i++) fprintf(g->out, "%s%s", i ? ", " : "", names[g->stack[i]]);
  fputs(") init 0", g->out);
  for (int i = 1; i < NLOCALS + COUNTERS; i++) fprintf(g->out, ", %d", i);
  fputc('\n', g->out);
  g->fresh = true;
}

static void push_constant(Gen *g, T type) {
  switch (type) {
    case INT: PUT("int.const %d", (int)pick(g, 8) - 2); break;
    case FLOAT: PUT("float.const %d.5", (int)pick(g, 5) - 2); break;
    case BOOL: PUT("bool.const %s", pick(g, 2) ? "true" : "false"); break;
    case STRING: PUT("string.const %u", pick(g, 2)); break;
    case OPT_INT: PUT("opt.nil int"); break;
    case OPT_FLT: PUT("opt.nil float"); break;
    case OPT_STRING: PUT("opt.nil string"); break;
    case TUPLE: PUT("int.const %u", pick(g, 9)), PUT("float.const 0.25"), PUT("tuple.new tuple<int, float>"); break;
    case OPT_TUPLE: PUT("opt.nil tuple<int, float>"); break;
    case RESULT: PUT("string.const 0"), PUT("res.err result<int, string>"); break;
    case LIST: PUT("int.const 1"), PUT("int.const 2"), PUT("int.const 3"), PUT("list.new int 3"); break;
    case FLIST: PUT("float.const 1.5"), PUT("float.const -2.5"), PUT("list.new float 2"); break;
    default: PUT("int.const 4"), PUT("cell.new int"); break;
  }
  push(g, type);
}

static void block(Gen *g, int floor, int depth, int length);

/* Pops what is above a height. */
static void settle(Gen *g, int height) {
  while (g->height > height) PUT("pop %s", names[g->stack[--g->height]]);
}

/* A block that is left out if the operand on top says so. */
static void condition(Gen *g, int depth) {
  static const char *const payloads[TYPES] = {
      [OPT_INT] = "int", [OPT_FLT] = "float", [OPT_STRING] = "string", [OPT_TUPLE] = "tuple<int, float>"};
  static const T payload_types[TYPES] = {[OPT_INT] = INT, [OPT_FLT] = FLOAT, [OPT_STRING] = STRING, [OPT_TUPLE] = TUPLE};
  int label = g->labels++;
  T type = g->stack[--g->height];
  int height = g->height;
  if (type == BOOL) {
    PUT("br.if%s l%d", pick(g, 2) ? "not" : "", label);
  } else if (type == RESULT) {
    PUT("br.err l%d result<int, string>", label);
    push(g, INT);
  } else {
    PUT("br.nil l%d %s", label, payloads[type]);
    push(g, payload_types[type]);
  }
  block(g, height, depth + 1, 6);
  settle(g, height);
  if (type == RESULT) {
    PUT("string.const 1");
    push(g, STRING);
  }
  label_write(g, label);
}

/* A counted loop, on an empty stack. */
static void loop(Gen *g, int depth) {
  int counter = NLOCALS + g->loops++, header = g->labels++, end = g->labels++;
  bool at_bottom = pick(g, 2), down = pick(g, 2);
  PUT("int.const %d", down ? 4 : 0);
  PUT("local.set %d", counter);
  label_write(g, header);
  if (!at_bottom) {
    PUT("local.get %d", counter);
    PUT("int.const %d", down ? 0 : 4);
    PUT("%s", down ? "int.le" : "int.lt");
    PUT("br.if%s l%d", down ? "" : "not", end);
  }
  block(g, 0, depth + 1, 8);
  settle(g, 0);
  PUT("local.get %d", counter);
  PUT("int.const 1");
  PUT("int.%s%s", pick(g, 2) ? "w" : "", down ? "sub" : "add");
  PUT("local.set %d", counter);
  if (at_bottom) {
    PUT("local.get %d", counter);
    PUT("int.const %d", down ? 0 : 4);
    PUT("%s", down ? "int.gt" : "int.ge");
    PUT("br.if%s l%d", down ? "" : "not", header);
  } else {
    PUT("br l%d", header);
  }
  label_write(g, end);
  g->loops--;
}

static void binary(Gen *g, T result, const char *op) {
  PUT("%s", op);
  g->height -= 2;
  push(g, result);
}

static void unary(Gen *g, T result, const char *op) {
  PUT("%s", op);
  g->height--;
  push(g, result);
}

/* Applies an instruction that fits the operands on top; false if it chose none. */
static bool apply(Gen *g, int floor) {
  static const char *const int_ops[] = {"int.wadd", "int.wsub", "int.wmul", "int.xor", "int.and", "int.cmp", "int.add", "int.sub", "int.or"};
  static const char *const comparisons[] = {"int.eq", "int.ne", "int.lt", "int.le", "int.gt", "int.ge"};
  static const char *const float_ops[] = {"float.add", "float.sub", "float.mul", "float.div", "float.rem"};
  static const char *const float_comparisons[] = {"float.eq", "float.ne", "float.lt", "float.le", "float.gt", "float.ge"};
  uint32_t choice = pick(g, 8);
  if (HAS3(LIST, INT, INT) && choice < 6) return PUT("int.const 1"), PUT("int.and"), PUT("pop int"), PUT("pop int"), PUT("list.len int"), g->height -= 3, push(g, INT), true;
  if (HAS2(INT, INT)) return choice < 5 ? binary(g, INT, int_ops[pick(g, 9)]) : binary(g, BOOL, comparisons[pick(g, 6)]), true;
  if (HAS2(FLOAT, FLOAT)) {
    if (choice == 7) return binary(g, INT, "float.cmp"), true;
    return choice < 5 ? binary(g, FLOAT, float_ops[pick(g, 5)]) : binary(g, BOOL, float_comparisons[pick(g, 6)]), true;
  }
  if (HAS2(BOOL, BOOL)) return binary(g, BOOL, "bool.eq"), true;
  if (HAS2(STRING, STRING) && choice < 3) return binary(g, BOOL, "string.eq"), true;
  if (HAS2(STRING, STRING) && choice < 5) return binary(g, STRING, "string.concat 2"), true;
  if (HAS2(INT, FLOAT) && choice < 5) return binary(g, TUPLE, "tuple.new tuple<int, float>"), true;
  if (HAS2(LIST, INT) && choice < 4) return PUT("list.push int"), g->height -= 2, true;
  if (HAS2(LIST, INT)) return PUT("int.const 1"), PUT("int.and"), binary(g, INT, "list.get int"), true;
  if (HAS2(FLIST, FLOAT)) return PUT("list.push float"), g->height -= 2, true;
  if (HAS2(FLIST, INT)) return PUT("int.const 1"), PUT("int.and"), binary(g, FLOAT, "list.get float"), true;
  if (HAS2(CELL, INT) && choice < 6) return PUT("cell.set int"), g->height -= 2, true;
  if (HAS1(INT) && choice == 0) return unary(g, FLOAT, "int.float"), true;
  if (HAS1(INT) && choice == 1) return unary(g, OPT_INT, "opt.some int"), true;
  if (HAS1(INT) && choice == 2) return unary(g, RESULT, "res.ok result<int, string>"), true;
  if (HAS1(INT) && choice == 3) return unary(g, RESULT, "call 1"), true;
  if (HAS1(FLOAT) && choice < 2) return unary(g, OPT_FLT, "opt.some float"), true;
  if (HAS1(FLOAT) && choice == 2) return unary(g, FLOAT, "float.floor"), true;
  if (HAS1(BOOL) && choice < 2) return unary(g, BOOL, "bool.not"), true;
  if (HAS1(STRING) && choice < 2) return unary(g, OPT_STRING, "opt.some string"), true;
  if (HAS1(STRING) && choice < 4) return unary(g, INT, "string.len"), true;
  if (HAS1(OPT_INT) && choice == 0) return unary(g, BOOL, "opt.is int"), true;
  if (HAS1(OPT_FLT) && choice < 3) return unary(g, BOOL, "opt.is float"), true;
  if (HAS1(OPT_STRING) && choice < 3) return unary(g, BOOL, "opt.is string"), true;
  if (HAS1(OPT_TUPLE) && choice == 0) return unary(g, BOOL, "opt.is tuple<int, float>"), true;
  if (HAS1(OPT_TUPLE) && choice == 1) return unary(g, TUPLE, "opt.get tuple<int, float>"), true;
  if (HAS1(OPT_INT) && choice == 1) return unary(g, INT, "opt.get int"), true;
  if (HAS1(TUPLE) && choice < 3) return unary(g, INT, "tuple.get tuple<int, float> 0"), true;
  if (HAS1(TUPLE) && choice < 5) return unary(g, FLOAT, "tuple.get tuple<int, float> 1"), true;
  if (HAS1(TUPLE)) return unary(g, OPT_TUPLE, "opt.some tuple<int, float>"), true;
  if (HAS1(LIST) && choice < 4) return unary(g, OPT_INT, "list.pop int"), true;
  if (HAS1(LIST)) return unary(g, INT, "list.len int"), true;
  if (HAS1(FLIST)) return unary(g, OPT_FLT, "list.pop float"), true;
  if (HAS1(CELL)) return unary(g, INT, "cell.get int"), true;
  return false;
}

static void step(Gen *g, int floor, int depth) {
  uint32_t choice = pick(g, 16);
  T type = g->height > floor ? top(g, 0) : TYPES;
  bool testable = type == BOOL || (type >= OPT_INT && type <= OPT_STRING) || type == OPT_TUPLE || type == RESULT;
  if (choice == 0 && depth < DEPTH_MAX && g->height == 0 && g->loops < COUNTERS) {
    loop(g, depth);
  } else if (choice < 4 && testable && depth < DEPTH_MAX) {
    condition(g, depth);
  } else if (choice < 7 && type != TYPES) {
    PUT("local.set %d", (int)type * 2 + (int)pick(g, 2));
    g->height--;
  } else if (choice == 7 && type != TYPES && g->height < STACK_MAX) {
    PUT("dup %s", names[type]);
    push(g, type);
  } else if (choice < 12 && apply(g, floor)) {
    return;
  } else if (g->height < STACK_MAX) {
    T wanted = pick(g, 2) ? (T)pick(g, TYPES) : (T)pick(g, 2);
    if (pick(g, 4) == 0) {
      push_constant(g, wanted);
    } else {
      PUT("local.get %d", (int)wanted * 2 + (int)pick(g, 2));
      push(g, wanted);
    }
  } else {
    settle(g, floor);
  }
}

static void block(Gen *g, int floor, int depth, int length) {
  int count = (int)pick(g, (uint32_t)length * 3) + 1;
  for (int i = 0; i < count; i++) step(g, floor, depth);
}

static char *random_text(uint64_t seed) {
  char *text = NULL;
  size_t length = 0;
  Gen gen = {.out = open_memstream(&text, &length), .seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1}, *g = &gen;
  fputs("module 1\nstring \"one\"\nstring \"three\"\nfunc \"main\" () -> int\n  int.const 0\n  ret\n"
        "func \"may\" (int) -> result<int, string>\n  local.get 0\n  int.const 1\n  int.and\n  int.const 0\n  int.eq\n  br.if bad\n  local.get 0\n"
        "  res.ok result<int, string>\n  ret\nlabel bad ()\n  string.const 0\n  res.err result<int, string>\n  ret\nfunc \"t\" () -> int\n", gen.out);
  for (int i = 0; i < NLOCALS + COUNTERS; i++) fprintf(gen.out, "  local %s\n", i < NLOCALS ? names[i / 2] : "int");
  for (int i = 0; i < NLOCALS + COUNTERS; i++) {
    push_constant(g, i < NLOCALS ? (T)(i / 2) : INT);
    PUT("local.set %d", i);
    g->height--;
  }
  for (int i = 0; i < 6; i++) block(g, 0, 0, 20);
  settle(g, 0);
  fputs("  local.get 0\n  ret\n", gen.out);
  fclose(gen.out);
  return text;
}

static uint64_t setting(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(test_random_code) {
  uint64_t first = setting("FIRN_RANDOM_FIRST", 1), count = setting("FIRN_RANDOM_COUNT", 400), finished = 0;
  for (uint64_t seed = first; seed < first + count; seed++) {
    char what[40];
    snprintf(what, sizeof what, "seed %" PRIu64, seed);
    char *text = random_text(seed);
    Program *program = lockstep_program(text);
    LockstepResult result = lockstep_run(program, 2, 1 + (int64_t)(seed % 50), what);
    finished += result.status == GUEST_FINISHED;
    free(result.report);
    result = lockstep_run(program, 2, INT64_MAX, what);
    free(result.report);
    program_free(program);
    free(text);
  }
  ck_assert_uint_gt(finished, count / 4);
}
END_TEST

int main(int argc, char **argv) {
  if (argc > 1) { /* prints the program of a seed */
    char *text = random_text(strtoull(argv[1], NULL, 10));
    fputs(text, stdout);
    free(text);
    return 0;
  }
  Suite *suite = suite_create("random code");
  TCase *tcase = tcase_create("all");
  tcase_set_timeout(tcase, 600);
  tcase_add_test(tcase, test_random_code);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
