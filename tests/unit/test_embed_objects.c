/* test_embed_objects.c - objects of the host in guests: what goes out comes back as the same, and nothing else does: not what another guest was given, not what was
 * dropped, not what a hostile module makes up, not what an image or a clone brings along.
 */
#include "embed.h"
#include "vm/module.h"

typedef struct Sprite { char name[16]; int64_t id; } Sprite;

static Sprite sprites[2000];
static int made, released;
static int64_t released_id;
static void *released_object, *released_userdata;
static FirnError *problem; /* of the last host function that met one */

static void sprite_release(void *userdata, FirnGuest *of, int64_t id, void *object) {
  (void)of;
  released++;
  released_id = id;
  released_object = object;
  released_userdata = userdata;
}

static FirnAnswer refuse(FirnCall *call, FirnError *error) {
  FirnAnswer answer = firn_call_trap(call, firn_error_text(error));
  firn_error_free(error);
  return answer;
}

static FirnAnswer host_place(FirnCall *call, const FirnValue *args, FirnValue *result) {
  Sprite *sprite = &sprites[made++];
  snprintf(sprite->name, sizeof sprite->name, "%s", args[0].as.text);
  sprite->id = made;
  FirnError *error = firn_object_add(firn_call_guest(call), "game.Sprite", sprite->id, sprite);
  if (error) return refuse(call, error);
  *result = firn_object(sprite);
  return FIRN_DONE;
}

static FirnAnswer host_name(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)call;
  *result = firn_string(((const Sprite *)args[0].as.object)->name);
  return FIRN_DONE;
}

static FirnAnswer host_find(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)call;
  for (int i = 0; i < made; i++) {
    if (strcmp(sprites[i].name, args[0].as.text) == 0) *result = firn_object(&sprites[i]);
  }
  return FIRN_DONE;
}

/* Gives a list back, the other way round. */
static FirnAnswer host_turn(FirnCall *call, const FirnValue *args, FirnValue *result) {
  FirnValue *items = firn_call_room(call, (args[0].count + 1) * sizeof *items);
  for (size_t i = 0; i < args[0].count; i++) items[i] = args[0].as.items[args[0].count - 1 - i];
  *result = firn_list(items, args[0].count);
  return FIRN_DONE;
}

static FirnAnswer host_drop(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)result;
  FirnError *error = firn_object_drop(firn_call_guest(call), "game.Sprite", ((const Sprite *)args[0].as.object)->id);
  return error ? refuse(call, error) : FIRN_DONE;
}

/* What userdata says. */
static FirnAnswer host_give(FirnCall *call, const FirnValue *args, FirnValue *result) {
  (void)args;
  *result = *(const FirnValue *)firn_call_userdata(call);
  return FIRN_DONE;
}

static FirnValue given;

#define HEAD \
  "extern \"game\" type Sprite\nextern \"game\" fn place(name: string) -> Sprite\nextern \"game\" fn name(s: Sprite) -> string\nextern \"game\" fn find(name: string) -> Sprite?\n" \
  "extern \"game\" fn turn(all: [Sprite]) -> [Sprite]\nextern \"game\" fn drop(s: Sprite)\nextern \"game\" fn check(s: Sprite) -> string!\nextern \"game\" fn wait(s: Sprite) -> Sprite\n" \
  "extern \"game\" fn give() -> Sprite\n"

static void define_types(void) {
  made = released = 0;
  memset(sprites, 0, sizeof sprites);
  problem = NULL;
  FINE(firn_type(firn, "game.Sprite", sprite_release, &made));
  FINE(firn_type(firn, "gfx.Canvas", NULL, NULL));
}

static void define(void) {
  define_types();
  FINE(firn_define(firn, "game.place(string) -> Sprite", host_place, NULL));
  FINE(firn_define(firn, "game.name(Sprite) -> string", host_name, NULL));
  FINE(firn_define(firn, "game.find(string) -> game.Sprite?", host_find, NULL));
  FINE(firn_define(firn, "game.turn([Sprite]) -> [Sprite]", host_turn, NULL));
  FINE(firn_define(firn, "game.drop(Sprite)", host_drop, NULL));
  FINE(firn_define(firn, "game.check(Sprite) -> string!", host_name, NULL));
  FINE(firn_define(firn, "game.wait(Sprite) -> Sprite", host_ask, NULL));
  FINE(firn_define(firn, "game.give() -> Sprite", host_give, &given));
  FINE(firn_define(firn, "gfx.draw(Canvas, [int: game.Sprite], (game.Sprite, int)?)", host_nothing, NULL));
}

static void setup_objects(void) {
  setup();
  define();
}

static void setup_objects_stressed(void) {
  setup_stressed();
  define();
}

/* The guest has failed with that text in its report. */
static void failed_with(const char *part) {
  ck_assert_int_eq(firn_status(guest), FIRN_FAILED);
  char *report = firn_report(guest);
  ck_assert_msg(strstr(report, part) != NULL, "%s", report);
  firn_text_free(report);
}

static const char *const everything =
    HEAD
    "extend Sprite { fn title(self) -> string => \"<{name(self)}>\" }\n"
    "class Team { var lead: Sprite?; var all: [Sprite] }\n"
    "let a = place(\"a\"); let b = place(\"b\")\n"
    "print(a, b, name(a), b.title())\n"
    "print(a == b, a == a, a != b, find(\"a\") == a, find(\"z\") == nil)\n"
    "let points = [a: 1, b: 2]\n"
    "points[find(\"b\") ?? a] = 3\n"
    "print(points, points.len(), Set([a, b, a]).len())\n"
    "let team = Team(lead: find(\"b\"), all: turn([a, b]))\n"
    "print(team, name(team.all[0]), turn([]).len())\n"
    "let shown: Show = a\n"
    "print(shown, shown == (find(\"a\") ?? b), [a, b].contains(b), (a, 1) == (a, 1))\n"
    "if let s: Sprite = shown { print(name(s)) }\n"
    "print([b, a].map(|s| name(s)).join(\"\"), check(a) catch \"gone\")\n";

static const char *const everything_prints =
    "Sprite#1 Sprite#2 a <b>\nfalse true true true true\n[Sprite#1: 1, Sprite#2: 3] 2 2\nTeam(lead: Sprite#2, all: [Sprite#2, Sprite#1]) b 0\n"
    "Sprite#1 true true true\na\nba a\n";

/* The same with compiled code, fuel included. */
START_TEST(test_everything) {
  uint64_t used = 0;
  compile(everything);
  for (int jit = FIRN_JIT_OFF; jit <= FIRN_JIT_ALWAYS; jit += FIRN_JIT_ALWAYS) {
    FirnGuestOptions options = firn_guest_options();
    FirnStats stats = firn_stats_size();
    options.write = text_write;
    options.userdata = &output;
    options.jit = (FirnJit)jit;
    output.length = 0;
    made = 0;
    FINE(firn_guest_new(program, &options, &guest));
    ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
    ck_assert_str_eq(output.bytes, everything_prints);
    FINE(firn_stats(guest, &stats));
    ck_assert_uint_eq(stats.objects, 2);
    if (used) ck_assert_uint_eq(stats.fuel_used, used);
    used = stats.fuel_used;
  }
}
END_TEST

/* In and out of functions of the guest. */
START_TEST(test_calls) {
  start(HEAD "pub fn pick(all: [Sprite], i: int) -> Sprite? => if i < all.len() { all[i] } else { nil }\npub fn same(a: Sprite, b: Sprite) -> bool => a == b\n"
             "pub fn plain(x: int) -> int => x\npub fn maker() -> fn() -> Sprite => || place(\"late\")");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FirnFunction *pick = bind("pick", "([game.Sprite], int) -> game.Sprite?"), *same = bind("same", "(game.Sprite, game.Sprite) -> bool"), *plain = bind("plain", "(int) -> int"), *late;
  Sprite *a = &sprites[0], *b = &sprites[1], *other = &sprites[2];
  FINE(firn_object_add(guest, "game.Sprite", -5, a));
  FINE(firn_object_add(guest, "game.Sprite", INT64_MAX, b));
  FINE(firn_object_add(guest, "gfx.Canvas", -5, other));
  FirnValue both[] = {firn_object(a), firn_object(b)}, args[] = {firn_list(both, 2), firn_int(1)}, result;
  FINE(firn_call(pick, args, 2, &result));
  ck_assert_int_eq(result.kind, FIRN_OBJECT);
  ck_assert_ptr_eq(result.as.object, b);
  args[1] = firn_int(2);
  FINE(firn_call(pick, args, 2, &result));
  ck_assert_int_eq(result.kind, FIRN_NIL);
  FINE(firn_call(same, both, 2, &result));
  ck_assert(!result.as.boolean);
  both[1] = both[0];
  FINE(firn_call(same, both, 2, &result));
  ck_assert(result.as.boolean);
  /* Not what it was given, not of the type, no object. */
  both[1] = firn_object(other);
  WRONG(firn_call(same, both, 2, &result), FIRN_E_OBJECT, "was not given that game.Sprite");
  both[1] = firn_object(NULL);
  WRONG(firn_call(same, both, 2, &result), FIRN_E_OBJECT, "was not given");
  both[1] = firn_int(-5);
  WRONG(firn_call(same, both, 2, &result), FIRN_E_TYPE, "an int is not of type game.Sprite");
  both[1] = firn_ref(1);
  WRONG(firn_call(same, both, 2, &result), FIRN_E_TYPE, "a reference is not of type game.Sprite");
  WRONG(firn_call(plain, both, 1, &result), FIRN_E_TYPE, "an object is not of type int");
  FirnFunction *maker = bind("maker", "() -> fn() -> game.Sprite");
  FINE(firn_call(maker, NULL, 0, &result));
  FINE(firn_function_ref(guest, result.as.ref, "fn() -> game.Sprite", &late));
  made = 10;
  FINE(firn_call(late, NULL, 0, &result));
  ck_assert_ptr_eq(result.as.object, &sprites[10]);
}
END_TEST

/* Giving, looking, dropping, releasing. */
START_TEST(test_table) {
  start("");
  FirnObject object = firn_object_size();
  ck_assert(!firn_object_at(guest, 0, &object));
  WRONG(firn_object_add(guest, "game.Tile", 1, sprites), FIRN_E_NAME, "no type game.Tile");
  WRONG(firn_object_add(guest, "game.Sprite", 1, NULL), FIRN_E_ARGUMENT, "NULL");
  WRONG(firn_object_drop(guest, "game.Sprite", 1), FIRN_E_OBJECT, "no game.Sprite#1");
  FINE(firn_object_add(guest, "game.Sprite", 1, &sprites[0]));
  FINE(firn_object_add(guest, "game.Sprite", 1, &sprites[0]));
  WRONG(firn_object_add(guest, "game.Sprite", 1, &sprites[1]), FIRN_E_STATE, "another object as game.Sprite#1");
  WRONG(firn_object_add(guest, "game.Sprite", 2, &sprites[0]), FIRN_E_STATE, "as game.Sprite#1");
  FINE(firn_object_add(guest, "gfx.Canvas", 2, &sprites[0]));
  ck_assert(firn_object_at(guest, 0, &object));
  ck_assert_str_eq(object.type, "game.Sprite");
  ck_assert_int_eq(object.id, 1);
  ck_assert_ptr_eq(object.object, &sprites[0]);
  FINE(firn_object_drop(guest, "gfx.Canvas", 2));
  ck_assert_int_eq(released, 0);
  FINE(firn_object_drop(guest, "game.Sprite", 1));
  ck_assert_int_eq(released, 1);
  ck_assert_int_eq(released_id, 1);
  ck_assert_ptr_eq(released_object, &sprites[0]);
  ck_assert_ptr_eq(released_userdata, &made);
  /* Many, in and out, as a plain array would have them. */
  static bool has[1000];
  unsigned state = 1, count = 0;
  for (int i = 0; i < 20000; i++) {
    state = state * 1103515245 + 12345;
    unsigned which = state / 65536 % 1000;
    if (has[which]) FINE(firn_object_drop(guest, "game.Sprite", which * INT64_C(4096)));
    else FINE(firn_object_add(guest, "game.Sprite", which * INT64_C(4096), &sprites[which]));
    count += has[which] ? -1u : 1;
    has[which] = !has[which];
  }
  FirnStats stats = firn_stats_size();
  FINE(firn_stats(guest, &stats));
  ck_assert_uint_eq(stats.objects, count);
  for (size_t i = 0; i < count; i++) {
    ck_assert(firn_object_at(guest, i, &object));
    size_t which = (size_t)((Sprite *)object.object - sprites);
    ck_assert(has[which] && object.id == (int64_t)which * 4096);
    has[which] = false;
  }
  ck_assert(!firn_object_at(guest, count, &object));
  released = 0;
  firn_guest_free(guest);
  ck_assert_uint_eq((unsigned)released, count);
}
END_TEST

/* What is released cannot change the guest, nor free it again. */
static void release_meddles(void *userdata, FirnGuest *of, int64_t id, void *object) {
  (void)userdata, (void)id;
  released++;
  problem = firn_object_add(of, "game.Rope", 77, object);
  firn_guest_free(of);
}

START_TEST(test_release_meddles) {
  FINE(firn_type(firn, "game.Rope", release_meddles, NULL));
  start("");
  FINE(firn_object_add(guest, "game.Rope", 1, sprites));
  firn_guest_free(guest);
  ck_assert_int_eq(released, 1);
  WRONG(problem, FIRN_E_STATE, "being freed");
}
END_TEST

/* Each guest has what it was given. */
START_TEST(test_other_guest) {
  FirnGuest *other;
  given = firn_object(&sprites[0]);
  start(HEAD "pub fn ask() -> string => name(give())");
  FINE(firn_guest_new(program, NULL, &other));
  FINE(firn_object_add(other, "game.Sprite", 1, &sprites[0]));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  WRONG(firn_call(bind("ask", "() -> string"), NULL, 0, NULL), FIRN_E_FAILED, "the host's game.give gave a wrong result: the guest was not given that game.Sprite");
  FINE(firn_recover(guest));
  FINE(firn_object_add(guest, "game.Sprite", 9, &sprites[0])); /* under an id of its own */
  FINE(firn_call(bind("ask", "() -> string"), NULL, 0, NULL));
  given = firn_void();
  WRONG(firn_call(bind("ask", "() -> string"), NULL, 0, NULL), FIRN_E_FAILED, "nothing is not of type game.Sprite");
}
END_TEST

START_TEST(test_dropped) {
  start(HEAD "let a = place(\"a\"); let b = place(\"b\")\nlet both = [a: 1, b: 2]\ndrop(a)\nprint(a, a == a, a == b, both[a], check(a) catch e { e.message() }, name(b))\nprint(name(a))");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FAILED);
  ck_assert_str_eq(output.bytes, "Sprite#1 true false 1 game.Sprite#1 is no object that the host has given to this guest b\n");
  failed_with("panic: game.Sprite#1 is no object that the host has given to this guest\n  at top level (main.firn:14");
  ck_assert_int_eq(released, 1);
}
END_TEST

/* Everywhere inside of arguments, and in results. */
START_TEST(test_dropped_inside) {
  start(HEAD "let a = place(\"a\"); let b = place(\"b\")\npub fn list() -> [Sprite] => turn([b, a])\npub fn own() -> (int, [Sprite?]) => (1, [nil, a])");
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FirnFunction *list = bind("list", "() -> [game.Sprite]"), *own = bind("own", "() -> (int, [game.Sprite?])");
  FirnValue result;
  FINE(firn_call(own, NULL, 0, &result));
  ck_assert_ptr_eq(result.as.items[1].as.items[1].as.object, &sprites[0]);
  FINE(firn_object_drop(guest, "game.Sprite", 1));
  WRONG(firn_call(own, NULL, 0, &result), FIRN_E_OBJECT, "game.Sprite#1 is no object");
  ck_assert_int_eq(firn_status(guest), FIRN_FINISHED);
  WRONG(firn_call(list, NULL, 0, &result), FIRN_E_FAILED, "game.Sprite#1 is no object");
  FINE(firn_recover(guest));
  FINE(firn_object_add(guest, "game.Sprite", 1, &sprites[7])); /* the host may say that the id stands for another now */
  FINE(firn_call(own, NULL, 0, &result));
  ck_assert_ptr_eq(result.as.items[1].as.items[1].as.object, &sprites[7]);
}
END_TEST

/* Modules that no compiler made */

static FirnError *assemble(const char *text, FirnProgram **loaded) {
  ModuleError reason;
  size_t length;
  Module *module = module_assemble(text, strlen(text), &reason);
  ck_assert_msg(module != NULL, "line %d: %s", (int)reason.offset, reason.reason);
  uint8_t *bytes = module_encode(module, &length, false);
  module_free(module);
  FirnError *error = firn_load(firn, bytes, length, loaded);
  free(bytes);
  return error;
}

#define MAIN "func \"main\" () -> int\n  int.const 0\n  ret\nentry "
#define SPRITE "module 1\nclass \"game.Sprite\"\n  field \"id\" int\n"

START_TEST(test_forged) {
  FINE(assemble(SPRITE "import \"game\" \"name\" (class 0) -> string\nfunc \"forge\" (int) -> string\n  local.get 0\n  new class 0\n  call.import 0\n  ret\nexport \"forge\" 0\n" MAIN "1\n",
                &program));
  FINE(firn_guest_new(program, NULL, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FirnFunction *forge = bind("forge", "(int) -> string");
  FINE(firn_object_add(guest, "game.Sprite", 3, &sprites[0]));
  FINE(firn_object_add(guest, "gfx.Canvas", 4, &sprites[1]));
  const int64_t ids[] = {0, 1, 2, 4, -1, INT64_MIN, INT64_MAX, (int64_t)(intptr_t)&sprites[0]};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    FirnValue id = firn_int(ids[i]);
    WRONG(firn_call(forge, &id, 1, NULL), FIRN_E_FAILED, "is no object that the host has given to this guest");
    FINE(firn_recover(guest));
  }
  FirnValue id = firn_int(3), result;
  FINE(firn_call(forge, &id, 1, &result)); /* which it was given */
}
END_TEST

START_TEST(test_forged_types) {
  static const struct { const char *text, *says; } rows[] = {
      {"module 1\nclass \"game.Sprite\"\n  field \"id\" mut int\n" MAIN "0\n", "game.Sprite is not as a type of the host must be"},
      {"module 1\nclass \"game.Sprite\"\n" MAIN "0\n", "not as a type of the host"},
      {"module 1\nclass \"game.Sprite\"\n  field \"id\" string\n" MAIN "0\n", "not as a type of the host"},
      {"module 1\nclass \"game.Sprite\"\n  field \"id\" int\n  field \"x\" int\n" MAIN "0\n", "not as a type of the host"},
      {"module 1\nclass \"game.Sprite\" <T>\n  field \"id\" int\n" MAIN "0\n", "not as a type of the host"},
      {SPRITE "class \"game.Sprite\"\n  field \"id\" int\n" MAIN "0\n", "game.Sprite is there twice"},
      {"module 1\nclass \"game.Tile\"\n  field \"id\" int\n" MAIN "0\n", "no type game.Tile is given to this program"},
      {SPRITE "class \"gfx.Canvas\"\n  field \"id\" int\nimport \"game\" \"name\" (class 1) -> string\n" MAIN "0\n", "function game.name is (Sprite) -> string, not what"},
      {SPRITE "import \"game\" \"name\" (int) -> string\n" MAIN "0\n", "function game.name is (Sprite) -> string, not what"},
      {"module 1\nclass \"Sprite\"\n  field \"id\" int\nimport \"game\" \"name\" (class 0) -> string\n" MAIN "0\n", "function game.name is (Sprite) -> string, not what"},
      {SPRITE "import \"game\" \"name\" (opt<class 0>) -> string\n" MAIN "0\n", "function game.name is (Sprite) -> string, not what"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) WRONG(assemble(rows[i].text, &program), FIRN_E_LINK, rows[i].says);
}
END_TEST

/* What the compiler lets through, the host may not have. */
START_TEST(test_unknown) {
  const char *const missing = "pub extern \"game\" type Tile\nlet no: Tile? = nil\nprint(no)", *const other = "extern \"gfx\" type Sprite\nextern \"game\" fn name(s: Sprite) -> string\npub fn f(s: Sprite) -> string => name(s)";
  WRONG(firn_compile(firn, missing, strlen(missing), NULL, &program), FIRN_E_LINK, "no type game.Tile is given to this program");
  FINE(firn_type(firn, "gfx.Sprite", NULL, NULL));
  WRONG(firn_compile(firn, other, strlen(other), NULL, &program), FIRN_E_LINK, "function game.name is (Sprite) -> string, not what");
  WRONG(firn_type(firn, "gfx.Sprite", NULL, NULL), FIRN_E_ARGUMENT, "already");
  static const char *const bad[] = {"", ".", "game.", ".Sprite", "Sprite", "game.Sprite.x", "game.9", "my game.Sprite"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) WRONG(firn_type(firn, bad[i], NULL, NULL), FIRN_E_ARGUMENT, "module.Name");
  WRONG(firn_define(firn, "game.f(Tile)", host_nothing, NULL), FIRN_E_ARGUMENT, "cannot be read");
  WRONG(firn_define(firn, "game.f(Canvas)", host_nothing, NULL), FIRN_E_ARGUMENT, "cannot be read");
  WRONG(firn_define(firn, "game.f(gfx.)", host_nothing, NULL), FIRN_E_ARGUMENT, "cannot be read");
  char longest[400] = "game.f(";
  memset(longest + 7, 'x', 380);
  longest[387] = ')';
  WRONG(firn_define(firn, longest, host_nothing, NULL), FIRN_E_ARGUMENT, "cannot be read");
  FINE(firn_define(firn, "game.f(gfx.Canvas)", host_nothing, NULL));
}
END_TEST

/* Modules of one program that declare the same type have the same. */
static bool load(void *userdata, const char *path, const char **text, size_t *length) {
  (void)userdata, (void)path;
  *text = "pub extern \"game\" type Sprite\nextern \"game\" fn name(s: Sprite) -> string\npub fn title(s: Sprite) -> string => name(s) + \"!\"";
  *length = strlen(*text);
  return true;
}

START_TEST(test_modules) {
  const char *source = "import \"./lib\"\nextern \"game\" type Sprite\nextern \"game\" fn place(name: string) -> Sprite\nlet all: [lib.Sprite] = [place(\"x\")]\nprint(lib.title(all[0]))\n"
                       "extern \"gfx\" type Canvas\nextern \"gfx\" fn draw(c: Canvas, all: [int: Sprite], first: (Sprite, int)?)\npub fn paint(c: Canvas) { draw(c, [1: all[0]], (all[0], 2)) }";
  FirnCompileOptions options = firn_compile_options();
  options.load = load;
  FINE(firn_compile(firn, source, strlen(source), &options, &program));
  FirnGuestOptions own = firn_guest_options();
  own.write = text_write;
  own.userdata = &output;
  FINE(firn_guest_new(program, &own, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  ck_assert_str_eq(output.bytes, "x!\n");
  FINE(firn_object_add(guest, "gfx.Canvas", 1, sprites));
  FirnValue canvas = firn_object(sprites);
  FINE(firn_call(bind("paint", "(gfx.Canvas)"), &canvas, 1, NULL));
}
END_TEST

/* Clones and images */

static const char *const keeper = HEAD "var kept: Sprite? = nil\npub fn begin() { kept = place(\"k\") }\npub fn look() -> string => if let s = kept { name(s) } else { \"none\" }\n"
                                       "pub fn shown() -> string => \"{kept}\"\npub fn hold() -> string => if let s = kept { name(wait(s)) } else { \"none\" }";

static void look_fails(FirnGuest *at) {
  FirnFunction *look;
  FINE(firn_function(at, "look", "() -> string", &look));
  WRONG(firn_call(look, NULL, 0, NULL), FIRN_E_FAILED, "game.Sprite#1 is no object that the host has given to this guest");
  FINE(firn_recover(at));
}

static void look_gives(FirnGuest *at, const char *text) {
  FirnFunction *look;
  FirnValue result;
  FINE(firn_function(at, "look", "() -> string", &look));
  FINE(firn_call(look, NULL, 0, &result));
  ck_assert_str_eq(result.as.text, text);
}

START_TEST(test_clone) {
  FirnGuest *clone;
  FirnObject object = firn_object_size();
  start(keeper);
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FINE(firn_call(bind("begin", "()"), NULL, 0, NULL));
  FINE(firn_clone(guest, NULL, &clone));
  ck_assert(!firn_object_at(clone, 0, &object));
  look_fails(clone);
  look_gives(guest, "k");
  strcpy(sprites[1].name, "other");
  FINE(firn_object_add(clone, "game.Sprite", 1, &sprites[1]));
  look_gives(clone, "other");
  look_gives(guest, "k");
  firn_guest_free(clone);
  ck_assert_int_eq(released, 1);
  ck_assert_ptr_eq(released_object, &sprites[1]);
}
END_TEST

/* As a host does that freezes its guests when it is told to end: it writes down what they had. */
START_TEST(test_thaw) {
  Text image = {0};
  FirnGuest *clone;
  FirnObject had = firn_object_size();
  start(keeper);
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FINE(firn_call(bind("begin", "()"), NULL, 0, NULL));
  WRONG(firn_call(bind("hold", "() -> string"), NULL, 0, NULL), FIRN_E_WAITING, "waits");
  FINE(firn_freeze(guest, false, text_write, &image));
  ck_assert(firn_object_at(guest, 0, &had));
  int64_t id = had.id;
  firn_free(firn);
  /* Another process. */
  firn = firn_new();
  define();
  FINE(firn_thaw(firn, text_read, &image, NULL, &guest));
  free(image.bytes);
  FirnPending pending = firn_pending_size();
  FirnValue *args, answer = firn_object(&sprites[5]);
  size_t nargs;
  ck_assert(firn_pending(guest, 0, &pending));
  FINE(firn_clone(guest, NULL, &clone));
  look_fails(clone);
  WRONG(firn_pending_args(guest, pending.token, &args, &nargs), FIRN_E_OBJECT, "game.Sprite#1 is no object");
  WRONG(firn_complete(guest, pending.token, &answer), FIRN_E_OBJECT, "was not given that game.Sprite");
  strcpy(sprites[5].name, "again");
  FINE(firn_object_add(guest, "game.Sprite", id, &sprites[5]));
  look_gives(guest, "again");
  FINE(firn_pending_args(guest, pending.token, &args, &nargs));
  ck_assert_ptr_eq(args[0].as.object, &sprites[5]);
  firn_pending_free(guest, args);
  FINE(firn_complete(guest, pending.token, &answer));
  firn_run(guest, 0);
  ck_assert(!firn_pending(guest, 0, &pending));
}
END_TEST

/* An image is linked again: the host may have no such type any more. */
START_TEST(test_thaw_without) {
  Text image = {0};
  start("extern \"game\" type Sprite\nlet none: Sprite? = nil\nprint(none)");
  FINE(firn_freeze(guest, false, text_write, &image));
  firn_free(firn);
  firn = firn_new();
  WRONG(firn_thaw(firn, text_read, &image, NULL, &guest), FIRN_E_IMAGE, "no type game.Sprite");
  free(image.bytes);
}
END_TEST

/* What is given counts to the guest's memory, in a loop of its own too. */
START_TEST(test_quota) {
  FirnGuestOptions options = firn_guest_options();
  compile(HEAD "pub fn fill(n: int) { for i in 0..n { place(\"s\") } }\npub fn again(n: int) { for i in 0..n { drop(place(\"s\")) } }");
  FINE(firn_guest_new(program, &options, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  FirnStats before = firn_stats_size(), after = firn_stats_size();
  FirnValue n = firn_int(1000);
  FINE(firn_stats(guest, &before));
  FINE(firn_call(bind("fill", "(int)"), &n, 1, NULL));
  FINE(firn_stats(guest, &after));
  ck_assert_uint_eq(after.memory - before.memory, 64 * 1000);
  firn_guest_free(guest);
  options.memory = before.memory + 64 * 500;
  made = 0;
  FINE(firn_guest_new(program, &options, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  WRONG(firn_call(bind("fill", "(int)"), &n, 1, NULL), FIRN_E_FAILED, "memory quota");
  ck_assert_int_gt(made, 450);
  ck_assert_int_le(made, 510);
  /* Dropped, it is free again. */
  while (made > 0) {
    FirnError *error = firn_object_drop(guest, "game.Sprite", made--);
    firn_error_free(error);
  }
  FINE(firn_recover(guest));
  for (int i = 0; i < 3; i++) {
    made = 0;
    FINE(firn_call(bind("again", "(int)"), &n, 1, NULL));
  }
  /* By the host alone, too. */
  FirnError *error = NULL;
  int64_t id = 0;
  while (!error && id < 1000) error = firn_object_add(guest, "game.Sprite", id, &sprites[id]), id++;
  WRONG(error, FIRN_E_MEMORY, "over the guest's memory quota");
  ck_assert_int_eq(firn_status(guest), FIRN_FINISHED);
}
END_TEST

/* From where the guest is executing, but not in a host function, nothing can be given. */
static bool write_adds(void *userdata, const void *bytes, size_t length) {
  (void)userdata, (void)bytes, (void)length;
  if (!problem) problem = firn_object_add(guest, "game.Sprite", 1, sprites);
  return true;
}

START_TEST(test_busy) {
  FirnGuestOptions options = firn_guest_options();
  options.write = write_adds;
  compile("print(1)");
  FINE(firn_guest_new(program, &options, &guest));
  ck_assert_int_eq(firn_run(guest, 0), FIRN_FINISHED);
  WRONG(problem, FIRN_E_STATE, "runs");
}
END_TEST

int main(void) {
  const TTest *const tests[] = {
      test_everything, test_calls, test_table, test_release_meddles, test_other_guest, test_dropped, test_dropped_inside, test_forged, test_forged_types, test_unknown,
      test_modules, test_clone, test_thaw, test_thaw_without, test_quota, test_busy,
  };
  Suite *suite = suite_create("objects of the host");
  tests_add(suite, "objects", setup_objects, tests, sizeof tests / sizeof *tests);
  tests_add(suite, "objects, stressed", setup_objects_stressed, tests, sizeof tests / sizeof *tests);
  return suite_run(suite);
}
