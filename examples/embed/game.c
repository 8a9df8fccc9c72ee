/* game.c - a game loop with a thousand scripted actors, each a guest of its own.
 *
 *   game FILE [ACTORS [TURNS]]
 *
 * All actors run the program in FILE (actors.firn). What they do takes turns: `walk` and `rest` suspend the actor's task, and the game completes them in its next
 * turn, so the script reads as if it slept. In each turn an actor may use UNITS of fuel: who thinks longer goes on with that in the next turn, and nobody waits
 * for it. Actors that fail, or keep more than MEMORY, leave the game; the others notice nothing, but for those that run after them: to a script, an actor is an object that
 * it can only keep and pass on, and when the actor has left, `chase` gives an error. The time of turns is written to standard error.
 */
#include <firn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIDTH = 64, UNITS = 500, MEMORY = 256 * 1024 };

typedef struct Actor {
  FirnGuest *guest; /* NULL: has left */
  int number, x, y;
  bool is_caught;
  uint64_t token;   /* of the walk or rest that the next turn completes; 0: none */
  FirnValue answer; /* its result */
} Actor;

static Actor *actors;
static int count;

static void die(FirnError *error) {
  if (!error) return;
  fprintf(stderr, "game: %s\n", firn_error_text(error));
  exit(1);
}

static FirnAnswer walk(FirnCall *call, const FirnValue *args, FirnValue *result) {
  Actor *actor = firn_guest_userdata(firn_call_guest(call));
  int64_t dx = args[0].as.integer, dy = args[1].as.integer;
  (void)result;
  if (dx < -1 || dx > 1 || dy < -1 || dy > 1) return firn_call_trap(call, "nobody walks that fast");
  int x = actor->x + (int)dx, y = actor->y + (int)dy;
  bool moves = x >= 0 && x < WIDTH && y >= 0 && y < WIDTH;
  if (moves) actor->x = x, actor->y = y;
  actor->answer = firn_bool(moves);
  return firn_call_suspend(call, &actor->token);
}

static FirnAnswer rest(FirnCall *call, const FirnValue *args, FirnValue *result) {
  Actor *actor = firn_guest_userdata(firn_call_guest(call));
  (void)args, (void)result;
  actor->answer = firn_void();
  return firn_call_suspend(call, &actor->token);
}

static int distance(const Actor *a, const Actor *b) { return abs(a->x - b->x) + abs(a->y - b->y); }

static FirnAnswer nearest(FirnCall *call, const FirnValue *args, FirnValue *result) {
  FirnGuest *guest = firn_call_guest(call);
  const Actor *self = firn_guest_userdata(guest);
  Actor *best = NULL;
  (void)args;
  for (int i = 0; i < count; i++) {
    Actor *other = &actors[i];
    if (other->guest && distance(self, other) > 1 && (!best || distance(self, other) < distance(self, best))) best = other;
  }
  if (!best) return FIRN_DONE;
  FirnError *error = firn_object_add(guest, "game.Actor", best->number, best);
  if (error) {
    FirnAnswer answer = firn_call_trap(call, firn_error_text(error));
    firn_error_free(error);
    return answer;
  }
  *result = firn_object(best);
  return FIRN_DONE;
}

/* A step towards another actor; whether there is farther to go. If not, it is caught, and leaves when it is its turn. */
static FirnAnswer chase(FirnCall *call, const FirnValue *args, FirnValue *result) {
  Actor *self = firn_guest_userdata(firn_call_guest(call)), *quarry = args[0].as.object;
  (void)result;
  int dx = quarry->x - self->x, dy = quarry->y - self->y;
  if (abs(dx) >= abs(dy)) self->x += (dx > 0) - (dx < 0);
  else self->y += (dy > 0) - (dy < 0);
  bool is_there = distance(self, quarry) <= 1;
  if (is_there) quarry->is_caught = true;
  self->answer = firn_bool(!is_there);
  return firn_call_suspend(call, &self->token);
}

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  char *text = malloc(1 << 20);
  if (!file || !text) {
    perror(path);
    exit(1);
  }
  *length = fread(text, 1, 1 << 20, file);
  fclose(file);
  return text;
}

static void actor_begin(Actor *actor, FirnProgram *program, int number) {
  char text[16];
  const char *args[] = {text};
  snprintf(text, sizeof text, "%d", number);
  FirnGuestOptions options = firn_guest_options();
  options.memory = MEMORY;
  options.args = args;
  options.nargs = 1;
  options.userdata = actor;
  actor->number = number;
  actor->x = number % WIDTH;
  actor->y = number / WIDTH % WIDTH;
  die(firn_guest_new(program, &options, &actor->guest));
}

static void actor_leave(Actor *actor, const char *why) {
  if (actor->number < 200) printf("actor %d leaves: %.*s\n", actor->number, (int)strcspn(why, "\n"), why);
  firn_guest_free(actor->guest);
  actor->guest = NULL;
  for (int i = 0; i < count; i++) {
    if (actors[i].guest) firn_error_free(firn_object_drop(actors[i].guest, "game.Actor", actor->number)); /* most do not have it */
  }
}

/* The actor's turn. */
static void actor_turn(Actor *actor) {
  if (actor->is_caught) {
    actor_leave(actor, "caught");
    return;
  }
  if (actor->token) {
    die(firn_complete(actor->guest, actor->token, &actor->answer));
    actor->token = 0;
  }
  if (firn_run(actor->guest, UNITS) != FIRN_FAILED) return;
  char *report = firn_report(actor->guest);
  actor_leave(actor, report ? report : "");
  firn_text_free(report);
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: game FILE [ACTORS [TURNS]]\n"), 2;
  int turns = argc > 3 ? atoi(argv[3]) : 100;
  size_t length;
  char *text = read_file(argv[1], &length);
  count = argc > 2 ? atoi(argv[2]) : 1000;
  actors = calloc(count, sizeof *actors);
  Firn *firn = firn_new();
  FirnProgram *program;
  if (!actors || !firn) return 1;
  die(firn_define(firn, "game.walk(int, int) -> bool", walk, NULL));
  die(firn_define(firn, "game.rest() -> void", rest, NULL));
  die(firn_type(firn, "game.Actor", NULL, NULL));
  die(firn_define(firn, "game.nearest() -> Actor?", nearest, NULL));
  die(firn_define(firn, "game.chase(Actor) -> bool!", chase, NULL));
  die(firn_compile(firn, text, length, NULL, &program));
  clock_t begin = clock();
  for (int i = 0; i < count; i++) actor_begin(&actors[i], program, i);
  clock_t ready = clock();
  for (int turn = 0; turn < turns; turn++) {
    for (int i = 0; i < count; i++)
      if (actors[i].guest) actor_turn(&actors[i]);
  }
  clock_t end = clock();
  int left = 0;
  long sum_x = 0, sum_y = 0;
  for (int i = 0; i < count; i++) left += !actors[i].guest, sum_x += actors[i].x, sum_y += actors[i].y;
  printf("%d actors, %d turns: %d have left; the middle is (%ld, %ld)\n", count, turns, left, sum_x / count, sum_y / count);
  fprintf(stderr, "an actor begins in %.1f us, a turn of all takes %.2f ms\n", (ready - begin) * 1e6 / CLOCKS_PER_SEC / count, (end - ready) * 1e3 / CLOCKS_PER_SEC / turns);
  firn_free(firn);
  free(actors);
  free(text);
  return 0;
}
