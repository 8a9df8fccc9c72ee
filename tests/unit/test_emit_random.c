/* test_emit_random.c - random typed trees: what they mean, by a small evaluator of trees, is what their code does.
 *
 * A program is a function of an int, an enum and an optional, with loops, scopes, exits from anywhere, defers, closures and matches. Calls of
 * `trace` keep the order of effects in a global; the entry gives that and the result as the exit status. Code must verify, and both executors
 * must end as the evaluator did; programs on which it runs too long are only verified.
 */
#include "tests/unit/trees.h"
#include "vm/guest.h"
#include "vm/program.h"
#include "suite.h"

#define MAX_VARS 4000
#define MAX_STEPS 20000

/* ---- The generator ---- */

static uint64_t seed, program_seed;
static uint32_t roll(uint32_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

typedef struct Env {
  TVar *vars[200];
  uint32_t nvars;
  TScope *loops[20], *values[20]; /* values: scopes of type int */
  uint32_t nloops, nvalues;
  int depth;
  bool in_defer;
} Env;

static const Type *enumeration, *t_fn;
static TFunction *trace, *mix;

static TNode *random_int(Env *env);
static TNode *random_statement(Env *env);

static void declare(Env *env, TVar *v) {
  if (env->nvars < 190) env->vars[env->nvars++] = v;
}

static TVar *random_var(Env *env, const Type *type) {
  for (int tries = 0; tries < 8 && env->nvars; tries++) {
    TVar *v = env->vars[roll(env->nvars)];
    if (v->type == type) return v;
  }
  return NULL;
}

static TNode *random_trace(Env *env) { return call(trace, random_int(env), NULL); }

static TNode *random_bool(Env *env) {
  TNode *n = NULL;
  if (--env->depth > 0) {
    switch (roll(6)) {
      case 0: n = not(random_bool(env)); break;
      case 1: n = random_bool(env); n = children(TN_AND, t_bool, n, random_bool(env), NULL); break;
      case 2: n = random_bool(env); n = children(TN_OR, t_bool, n, random_bool(env), NULL); break;
      case 3: n = boolean(roll(2)); break;
      case 4: {
        TNode *test = random_bool(env), *then = random_bool(env);
        n = children(TN_IF, t_bool, test, then, random_bool(env));
        break;
      }
      default: n = random_int(env); n = less(n, random_int(env));
    }
  }
  env->depth++;
  return n ? n : less(random_int(env), integer(3));
}

static TNode *random_opt(Env *env) {
  TVar *v = random_var(env, t_opt);
  if (v && roll(2)) return get(v);
  return roll(3) ? op_t(OP_OPT_SOME, t_opt, t_int, random_int(env)) : op_t(OP_OPT_NIL, t_opt, t_int, NULL);
}

static TNode *random_block(Env *env, const Type *type) {
  TNode *n = block(type);
  uint32_t nvars = env->nvars, count = roll(4);
  for (uint32_t i = 0; i < count; i++) {
    TNode *s = random_statement(env);
    add(n, s);
    if (s->type == t_never) {
      n->type = t_never;
      env->nvars = nvars;
      return n;
    }
  }
  if (type == t_int) add(n, random_int(env));
  env->nvars = nvars;
  return n;
}

static TNode *random_exit(Env *env) {
  if (env->in_defer) return NULL;
  uint32_t which = roll(4);
  if (which == 0 && env->nloops) return jump(roll(2) ? TN_BREAK : TN_CONTINUE, env->loops[roll(env->nloops)], NULL);
  if (which == 1 && env->nvalues) {
    uint32_t k = roll(env->nvalues);
    return jump(TN_BREAK, env->values[k], random_int(env));
  }
  return which == 2 ? give(random_int(env)) : NULL;
}

static TNode *random_some(Env *env, const Type *type) {
  uint32_t nvars = env->nvars;
  TNode *value = random_opt(env);
  TVar *v = variable(t_int);
  declare(env, v);
  TNode *then = random_block(env, type);
  env->nvars = nvars;
  TNode *otherwise = type == t_void && roll(2) ? NULL : random_block(env, type);
  return some(value, v, type, then, otherwise);
}

static TNode *random_case(Env *env, const Type *type) {
  TVar *e = random_var(env, enumeration);
  if (!e) return NULL;
  uint32_t nvars = env->nvars, index = roll(3);
  TVar **vars = ARENA_ARRAY(&compilation.arena, TVar *, 2);
  for (uint32_t i = 0; i < index; i++) {
    if (roll(3) == 0) continue;
    vars[i] = variable(t_int);
    declare(env, vars[i]);
  }
  TNode *then = random_block(env, type);
  env->nvars = nvars;
  TNode *otherwise = type == t_void && roll(2) ? NULL : random_block(env, type);
  return if_case(e, index, vars, type, then, otherwise);
}

static TNode *random_scope(Env *env) {
  TScope *s = scope_new();
  if (env->nvalues == 20) return NULL;
  env->values[env->nvalues++] = s;
  TNode *n = children(TN_SCOPE, t_int, random_block(env, t_int), NULL, NULL);
  env->nvalues--;
  n->scope = s;
  return n;
}

static Env *arm_env;
static TNode *random_arm(int i) { return i % 2 ? integer(i) : random_int(arm_env); }

static TNode *random_match(Env *env) {
  TVar *v = random_var(env, t_int);
  if (!v) return NULL;
  int64_t values[12];
  int count = (int)roll(12);
  for (int i = 0; i < count; i++) values[i] = (int)roll(20) - 5;
  Env *outer = arm_env;
  arm_env = env;
  TNode *n = match_ints(v, t_int, values, count, random_arm);
  arm_env = outer;
  return n;
}

/* A run of cases that each leave the scope. */
static TNode *random_cases(Env *env) {
  TVar *e = random_var(env, enumeration);
  if (!e) return NULL;
  TScope *s = scope_new();
  TNode *body = block(t_int);
  uint32_t count = roll(9);
  for (uint32_t i = 0; i < count; i++) {
    TVar **vars = ARENA_ARRAY(&compilation.arena, TVar *, 2);
    uint32_t index = roll(3);
    if (index) vars[0] = variable(t_int);
    add(body, if_case(e, index, vars, t_void, jump(TN_BREAK, s, index && roll(2) ? get(vars[0]) : random_int(env)), NULL));
  }
  if (count && roll(2)) {
    TVar **vars = ARENA_ARRAY(&compilation.arena, TVar *, 2);
    add(body, if_case(e, roll(3), vars, t_int, random_int(env), random_int(env)));
  } else {
    add(body, random_int(env));
  }
  TNode *scoped = children(TN_SCOPE, t_int, body, NULL, NULL);
  scoped->scope = s;
  return scoped;
}

static TNode *random_fn_call(Env *env) {
  TVar *f = random_var(env, t_fn);
  if (!f) return NULL;
  TNode *n = node(TN_CALL_FN, t_int);
  add(n, get(f));
  return n;
}

static TNode *random_compound_int(Env *env) {
  TNode *n = NULL;
  switch (roll(13)) {
    case 0: n = random_int(env); return sum(n, random_int(env));
    case 1: {
      TNode *test = random_bool(env), *then = random_block(env, t_int);
      return children(TN_IF, t_int, test, then, random_block(env, t_int));
    }
    case 2: n = random_int(env); return call(mix, n, random_int(env));
    case 3: return random_block(env, t_int);
    case 4: return random_some(env, t_int);
    case 5: return random_scope(env);
    case 6: return random_case(env, t_int);
    case 7: return random_exit(env);
    case 8: return random_match(env);
    case 9: return random_cases(env);
    case 10: return random_fn_call(env);
    case 11: return random_trace(env);
    default: return NULL;
  }
}

static TNode *random_int(Env *env) {
  TNode *n = --env->depth > 0 ? random_compound_int(env) : NULL;
  env->depth++;
  TVar *v = n ? NULL : random_var(env, t_int);
  return n ? n : v ? get(v) : integer(roll(100));
}

static TNode *random_loop(Env *env) {
  TScope *s = scope_new();
  if (env->nloops == 20) return NULL;
  uint32_t nvars = env->nvars;
  TVar *i = variable(t_int), *x = variable(t_int);
  TNode *outer = block(t_void);
  add(outer, let(i, roll(2) ? integer(roll(5)) : random_int(env)));
  TNode *test = less(get(i), integer(5 + roll(3)));
  if (roll(4) == 0) test = children(TN_AND, t_bool, test, random_bool(env), NULL);
  env->loops[env->nloops++] = s;
  TNode *body = block(t_void);
  add(body, let(x, get(i)));
  declare(env, x);
  bool is_stepped = roll(3);
  if (!is_stepped) add(body, set(i, sum(get(i), integer(1))));
  add(body, random_block(env, t_void));
  env->nvars = nvars;
  env->nloops--;
  add(outer, loop(s, test, body, is_stepped ? set(i, sum(get(i), integer(1))) : NULL));
  return outer;
}

static TNode *random_defer(Env *env) {
  Env inner = *env;
  inner.in_defer = true;
  inner.nloops = inner.nvalues = 0;
  return children(TN_DEFER, t_void, random_block(&inner, t_void), NULL, NULL);
}

static TNode *random_closure(Env *env) {
  if (typed.nfunctions > 40) return NULL;
  TFunction *outer = current, *f = function("closure", outer, t_int);
  Env inner = *env;
  inner.nloops = inner.nvalues = 0;
  inner.in_defer = false;
  f->body = random_block(&inner, t_int);
  current = outer;
  TVar *v = variable(t_fn);
  TNode *n = let(v, closure(f, t_fn));
  declare(env, v);
  return n;
}

static TNode *random_let(Env *env) {
  TVar *v = variable(roll(2) ? t_int : t_opt);
  TNode *n = let(v, v->type == t_int ? random_int(env) : random_opt(env));
  declare(env, v);
  return n;
}

static TNode *random_compound_statement(Env *env) {
  TVar *v;
  TNode *n;
  switch (roll(13)) {
    case 0:
    case 1: return random_let(env);
    case 2: v = random_var(env, t_int); return v ? set(v, random_int(env)) : NULL;
    case 3: return random_loop(env);
    case 4: n = random_bool(env); return children(TN_IF, t_void, n, random_block(env, t_void), NULL);
    case 5: return random_some(env, t_void);
    case 6: return random_case(env, t_void);
    case 7: return env->in_defer ? NULL : random_defer(env);
    case 8: return random_closure(env);
    case 9: return random_exit(env);
    case 10: return random_trace(env);
    case 11: v = random_var(env, t_opt); return v ? set(v, random_opt(env)) : NULL;
    default: return random_int(env);
  }
}

static TNode *random_statement(Env *env) {
  TNode *n = --env->depth > 0 ? random_compound_statement(env) : NULL;
  env->depth++;
  return n ? n : block(t_void);
}

/* ---- The evaluator ---- */

typedef struct Closure Closure;
typedef struct Datum {
  int64_t i;       /* also: the case */
  int64_t parts[2];
  bool is_some;
  Closure *closure;
} Datum;

struct Closure {
  TFunction *function;
  Datum **cells;
};

typedef enum Signal { GOES_ON, LEAVES, REPEATS, RETURNS, FAILS, TOO_LONG } Signal;

typedef struct Eval {
  TFunction *function;
  Datum **cells;   /* by variable */
  TScope *target;
  Datum value;     /* of the last node, or what an exit carries */
} Eval;

static TVar *known[MAX_VARS];
static uint32_t nknown, steps;
static int64_t traced;

static uint32_t var_id(TVar *v) {
  if (!v->name) {
    ck_assert_uint_lt(nknown, MAX_VARS);
    known[nknown++] = v;
    v->name = "v";
    v->slot = nknown - 1;
  }
  return v->slot;
}

static void bind(Eval *e, TVar *v, Datum value) {
  if (!v) return;
  Datum *cell = ARENA_NEW(&compilation.arena, Datum);
  *cell = value;
  e->cells[var_id(v)] = cell;
}

static Signal eval(Eval *e, TNode *n);

static Datum **copy_cells(Datum **from) {
  Datum **cells = ARENA_ARRAY(&compilation.arena, Datum *, MAX_VARS);
  if (from) memcpy(cells, from, MAX_VARS * sizeof *cells);
  return cells;
}

static Signal eval_body(TFunction *f, Datum **captured, const Datum *args, Datum *result) {
  Eval e = {.function = f, .cells = copy_cells(captured)};
  for (uint32_t i = 0; i < f->nparams; i++) bind(&e, f->params[i], args[i]);
  Signal signal = eval(&e, f->body);
  *result = e.value;
  return signal == RETURNS ? GOES_ON : signal;
}

static Signal eval_op(Eval *e, TNode *n) {
  Datum operands[2] = {{0}, {0}};
  for (uint32_t i = 0; i < n->nlist; i++) {
    Signal signal = eval(e, n->list[i]);
    if (signal) return signal;
    operands[i] = e->value;
  }
  Value values[2] = {{.i = operands[0].i}, {.i = operands[1].i}}, result;
  switch ((int)n->op) {
    case OP_OPT_SOME: e->value = (Datum){.i = operands[0].i, .is_some = true}; return GOES_ON;
    case OP_OPT_NIL: e->value = (Datum){0}; return GOES_ON;
    default: break;
  }
  if (!fold_pure(n->op, values, &result)) return FAILS;
  e->value = (Datum){.i = result.i};
  return GOES_ON;
}

static Signal eval_call(Eval *e, TNode *n) {
  Datum args[3] = {{0}};
  for (uint32_t i = 0; i < n->nlist; i++) {
    Signal signal = eval(e, n->list[i]);
    if (signal) return signal;
    args[i] = e->value;
  }
  if (n->kind == TN_CALL_FN) return eval_body(args[0].closure->function, args[0].closure->cells, args + 1, &e->value);
  if (n->function == trace) traced = (int64_t)((uint64_t)traced * 31 + (uint64_t)args[0].i);
  e->value.i = n->function == trace ? args[0].i : (int64_t)((uint64_t)args[0].i * 3 - (uint64_t)args[1].i);
  return GOES_ON;
}

static Signal eval_block(Eval *e, TNode *n) {
  Signal signal = GOES_ON;
  uint32_t ran = 0;
  e->value = (Datum){0};
  for (; ran < n->nlist && signal == GOES_ON; ran++) {
    if (n->list[ran]->kind != TN_DEFER) signal = eval(e, n->list[ran]);
  }
  Datum value = e->value;
  TScope *target = e->target;
  for (uint32_t i = ran; i-- > 0 && signal < FAILS;) {
    if (n->list[i]->kind != TN_DEFER) continue;
    Signal deferred = eval(e, n->list[i]->a);
    if (deferred >= FAILS) signal = deferred;
  }
  e->value = value;
  e->target = target;
  return signal;
}

static Signal eval_loop(Eval *e, TNode *n) {
  for (;;) {
    Signal signal = n->a ? eval(e, n->a) : GOES_ON;
    if (signal) return signal;
    if (n->a && !e->value.i) return GOES_ON;
    signal = eval(e, n->b);
    if (signal == LEAVES && e->target == n->scope) return GOES_ON;
    if (signal && !(signal == REPEATS && e->target == n->scope)) return signal;
    signal = n->c ? eval(e, n->c) : GOES_ON;
    if (signal) return signal;
  }
}

static Signal eval_test(Eval *e, TNode *n) {
  Signal signal = eval(e, n->a);
  if (signal) return signal;
  bool holds = false;
  if (n->kind == TN_IF) holds = e->value.i != 0;
  if (n->kind == TN_IF_SOME) {
    holds = e->value.is_some;
    if (holds) bind(e, n->var, (Datum){.i = e->value.i});
  }
  if (n->kind == TN_IF_CASE) {
    holds = e->value.i == n->index;
    for (uint32_t i = 0; holds && i < n->index; i++) bind(e, n->vars[i], (Datum){.i = e->value.parts[i]});
  }
  if (holds) return eval(e, n->b);
  return n->c ? eval(e, n->c) : GOES_ON;
}

static Signal eval_exit(Eval *e, TNode *n) {
  Signal signal = n->a ? eval(e, n->a) : GOES_ON;
  if (signal) return signal;
  e->target = n->scope;
  return n->kind == TN_RETURN ? RETURNS : n->kind == TN_BREAK ? LEAVES : REPEATS;
}

static Signal eval_and_or(Eval *e, TNode *n) {
  Signal signal = eval(e, n->a);
  return signal || (e->value.i != 0) == (n->kind == TN_OR) ? signal : eval(e, n->b);
}

static Signal eval(Eval *e, TNode *n) {
  if (++steps > MAX_STEPS) return TOO_LONG;
  Signal signal;
  switch ((int)n->kind) {
    case TN_CONST: e->value = (Datum){.i = n->value.i}; return GOES_ON;
    case TN_VAR: e->value = *e->cells[var_id(n->var)]; return GOES_ON;
    case TN_LET:
    case TN_SET_VAR:
      signal = eval(e, n->a);
      if (signal) return signal;
      if (n->kind == TN_LET) bind(e, n->var, e->value);
      else *e->cells[var_id(n->var)] = e->value;
      return GOES_ON;
    case TN_OP: return eval_op(e, n);
    case TN_CALL:
    case TN_CALL_FN: return eval_call(e, n);
    case TN_FN: {
      Closure *made = ARENA_NEW(&compilation.arena, Closure);
      *made = (Closure){n->function, copy_cells(e->cells)};
      e->value = (Datum){.closure = made};
      return GOES_ON;
    }
    case TN_BLOCK: return eval_block(e, n);
    case TN_AND:
    case TN_OR: return eval_and_or(e, n);
    case TN_SCOPE:
      signal = eval(e, n->a);
      return signal == LEAVES && e->target == n->scope ? GOES_ON : signal;
    case TN_LOOP: return eval_loop(e, n);
    case TN_BREAK:
    case TN_CONTINUE:
    case TN_RETURN: return eval_exit(e, n);
    default: return eval_test(e, n);
  }
}

/* ---- Programs ---- */

static TNode *global_get(void) { return node(TN_GLOBAL, t_int); }

static TNode *global_set(TNode *value) {
  TNode *n = node(TN_SET_GLOBAL, t_void);
  n->a = value;
  return n;
}

static TNode *wrapping(Op op, TNode *a, TNode *b) { return op2(op, t_int, a, b); }

/* trace(k) { g = g * 31 + k; k }   mix(a, b) = a * 3 - b */
static void make_helpers(void) {
  *MODULE_PUSH(module, module->nglobals, module->globals) = (Global){"g", t_int};
  trace = function("trace", NULL, t_int);
  TVar *k = parameter(t_int);
  BLOCK(body, t_int, global_set(wrapping(OP_INT_WADD, wrapping(OP_INT_WMUL, global_get(), integer(31)), get(k))), get(k));
  trace->body = body;
  mix = function("mix", NULL, t_int);
  TVar *a = parameter(t_int), *b = parameter(t_int);
  mix->body = wrapping(OP_INT_WSUB, wrapping(OP_INT_WMUL, get(a), integer(3)), get(b));
}

static uint32_t chosen_case;
static bool is_some;
static TFunction *subject;

static TNode *make_entry(void) {
  TNode *value = node(TN_OP, enumeration);
  value->op = OP_ENUM_NEW;
  value->t = enumeration;
  value->index = chosen_case;
  for (uint32_t i = 0; i < chosen_case; i++) add(value, integer(7 + i));
  TNode *run = call(subject, integer(3), value);
  add(run, is_some ? op_t(OP_OPT_SOME, t_opt, t_int, integer(5)) : op_t(OP_OPT_NIL, t_opt, t_int, NULL));
  TVar *result = variable(t_int);
  BLOCK(body, t_int, global_set(integer(0)), let(result, run), wrapping(OP_INT_XOR, get(result), global_get()));
  return body;
}

static void run_and_compare(Program *program, Tier tier, Signal expected, int64_t status) {
  GuestOptions options = {.tier = tier, .fuel = INT64_MAX};
  Guest *guest = guest_new(program, &options);
  GuestStatus ended = guest_run(guest);
  bool is_good = expected == FAILS ? ended == GUEST_FAILED && guest->trap == TRAP_INT_OVERFLOW
                                   : ended == GUEST_FINISHED && guest->exit_status == status;
  ck_assert_msg(is_good, "seed %llu, tier %d", (unsigned long long)program_seed, (int)tier);
  guest_free(guest);
}

static void try_program(void) {
  enumeration = make_enum();
  t_fn = type_unary(module->types, TYPE_FN, t_int);
  make_helpers();
  Env env = {.depth = 4 + (int)roll(8)};
  subject = function("f", NULL, t_int);
  declare(&env, parameter(t_int));
  declare(&env, parameter(enumeration));
  declare(&env, parameter(t_opt));
  chosen_case = roll(3);
  is_some = roll(2);
  subject->body = random_block(&env, t_int);
  Datum args[3] = {{.i = 3}, {.i = chosen_case, .parts = {7, 8}}, {.i = 5, .is_some = is_some}}, result;
  nknown = steps = 0;
  traced = 0;
  Signal expected = eval_body(subject, NULL, args, &result);
  emit_all(make_entry);
  if (expected == TOO_LONG) return;
  ModuleError error;
  Program *program = program_link(module, &error);
  ck_assert_msg(program != NULL, "%s", error.reason);
  module = NULL; /* the program's now */
  run_and_compare(program, TIER_ORACLE, expected, result.i ^ traced);
  run_and_compare(program, TIER_INTERP, expected, result.i ^ traced);
  program_free(program);
}

START_TEST(test_random) {
  for (int round = 0; round < 300; round++) {
    seed = program_seed = (uint64_t)_i * 1000 + (uint64_t)round;
    try_program();
    teardown();
    setup();
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("emit_random");
  TCase *tc = tcase_create("emit_random");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, test_random, 0, 20);
  suite_add_tcase(suite, tc);
  return suite_run(suite);
}
