/* schedule.c - many guests on one thread, in fair turns. Interface: include/firn.h, embed.h.
 *
 * Each guest has a pass: the fuel that it has used in the schedule, divided by its weight, without rounding. The one with the least runs, until it is FIRN_SLICE ahead of the
 * next: its slice. One that comes, or comes back from waiting, begins where the last of the others is, if it was behind that. A slice goes on in the next turn, so who runs
 * and for how long follows from fuel alone, however the host divides its turns.
 *
 * Invariants
 * - A guest is in `ready` if its place is READY; in `timed` or `readers` or both, or neither, if it WAITS; in `left` if it LEFT. One that RUNS is in none of them.
 * - Both queues have room for every guest in the schedule: only firn_schedule needs memory.
 * - While no turn is under way, the descriptor shows whether there is something to do, and its timer is set to the time that is due first.
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "embed/embed.h"
#include "stdlib/wait.h"

enum { LONGEST = 1 << 18 }; /* units until it is looked at times and input again */

static int64_t time_after(int64_t micros) {
  int64_t due;
  return __builtin_add_overflow(clock_micros(CLOCK_MONOTONIC), micros, &due) ? GUEST_NEVER : due;
}

/* Queues and lists */

static bool comes_before(const FirnGuest *a, const FirnGuest *b) {
  const Scheduled *x = &a->scheduled, *y = &b->scheduled;
  return x->key != y->key ? x->key < y->key : x->order < y->order;
}

static void queue_set(GuestQueue *queue, uint32_t at, FirnGuest *g) {
  queue->guests[at] = g;
  g->scheduled.at = at;
}

static void sift_up(GuestQueue *queue, uint32_t at, FirnGuest *g) {
  for (; at > 0 && comes_before(g, queue->guests[(at - 1) / 2]); at = (at - 1) / 2) queue_set(queue, at, queue->guests[(at - 1) / 2]);
  queue_set(queue, at, g);
}

static void sift_down(GuestQueue *queue, uint32_t at, FirnGuest *g) {
  for (uint32_t child; (child = 2 * at + 1) < queue->count; at = child) {
    if (child + 1 < queue->count && comes_before(queue->guests[child + 1], queue->guests[child])) child++;
    if (!comes_before(queue->guests[child], g)) break;
    queue_set(queue, at, queue->guests[child]);
  }
  queue_set(queue, at, g);
}

static void queue_put(GuestQueue *queue, FirnGuest *g, int64_t key) {
  g->scheduled.key = key;
  g->scheduled.order = ++g->firn->schedule.orders;
  sift_up(queue, queue->count++, g);
}

static void queue_remove(GuestQueue *queue, FirnGuest *g) {
  uint32_t at = g->scheduled.at;
  FirnGuest *last = queue->guests[--queue->count];
  if (last == g) return;
  if (at > 0 && comes_before(last, queue->guests[(at - 1) / 2])) sift_up(queue, at, last);
  else sift_down(queue, at, last);
}

static void guests_put(GuestList *list, FirnGuest *g) {
  g->scheduled.previous = list->last;
  g->scheduled.next = NULL;
  if (list->last) list->last->scheduled.next = g;
  else list->first = g;
  list->last = g;
}

static void guests_remove(GuestList *list, FirnGuest *g) {
  FirnGuest *previous = g->scheduled.previous, *next = g->scheduled.next;
  if (previous) previous->scheduled.next = next;
  else list->first = next;
  if (next) next->scheduled.previous = previous;
  else list->last = previous;
}

/* The descriptor */

/* Polls standard input as long as a guest wants it. What cannot be polled, a file, always has something. */
static void input_poll(Schedule *s) {
  bool wants = s->readers.first != NULL;
  if (wants == s->polls_input) return;
  struct epoll_event readable = {.events = EPOLLIN};
  bool added = epoll_ctl(s->descriptor, wants ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, STDIN_FILENO, &readable) == 0;
  s->input_is_here = wants && !added;
  s->polls_input = wants;
}

static void descriptor_update(Schedule *s) {
  if (!s->has_descriptor || s->runs) return;
  input_poll(s);
  bool signals = s->ready.count > 0 || s->left.first || s->input_is_here;
  uint64_t count = 1;
  if (signals != s->is_signalled && (signals ? write(s->event, &count, sizeof count) : read(s->event, &count, sizeof count)) == sizeof count) s->is_signalled = signals;
  int64_t due = s->timed.count ? s->timed.guests[0]->scheduled.key : GUEST_NEVER;
  if (due == s->timer_due) return;
  struct itimerspec time = {.it_value = {.tv_sec = (time_t)(due / 1000000), .tv_nsec = (long)(due % 1000000 * 1000)}};
  if (due == GUEST_NEVER) time = (struct itimerspec){0};
  timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &time, NULL);
  s->timer_due = due;
}

static bool descriptor_make(Schedule *s) {
  struct epoll_event readable = {.events = EPOLLIN};
  s->descriptor = epoll_create1(EPOLL_CLOEXEC);
  s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  s->timer_due = GUEST_NEVER;
  if (s->descriptor >= 0 && s->event >= 0 && s->timer >= 0 && epoll_ctl(s->descriptor, EPOLL_CTL_ADD, s->event, &readable) == 0 &&
      epoll_ctl(s->descriptor, EPOLL_CTL_ADD, s->timer, &readable) == 0) {
    return true;
  }
  if (s->descriptor >= 0) close(s->descriptor);
  if (s->event >= 0) close(s->event);
  if (s->timer >= 0) close(s->timer);
  return false;
}

int firn_schedule_descriptor(Firn *firn) {
  if (!firn) return -1;
  api_enter();
  Schedule *s = &firn->schedule;
  if (!s->has_descriptor) s->has_descriptor = descriptor_make(s);
  descriptor_update(s);
  int descriptor = s->has_descriptor ? s->descriptor : -1;
  api_leave();
  return descriptor;
}

void schedule_free(Firn *firn) {
  Schedule *s = &firn->schedule;
  free(s->ready.guests);
  free(s->timed.guests);
  if (!s->has_descriptor) return;
  close(s->descriptor);
  close(s->event);
  close(s->timer);
}

/* Places */

/* Takes a guest from where it is. */
static void place_leave(FirnGuest *g) {
  Schedule *s = &g->firn->schedule;
  Scheduled *own = &g->scheduled;
  if (own->place == TURN_READY) queue_remove(&s->ready, g);
  if (own->is_timed) queue_remove(&s->timed, g);
  if (own->is_reader) guests_remove(&s->readers, g);
  if (own->place == TURN_LEFT) {
    guests_remove(&s->left, g);
    s->nleft--;
  }
  if (own->place == TURN_WAITS) s->waiting--;
  if (own->place != TURN_NONE && own->place != TURN_LEFT) s->count--;
  if (s->current == g) s->slice_left = 0;
  own->is_timed = own->is_reader = false;
  own->place = TURN_NONE;
}

static void place_ready(FirnGuest *g) {
  Schedule *s = &g->firn->schedule;
  place_leave(g);
  if (g->scheduled.pass < s->pass) {
    g->scheduled.pass = s->pass;
    g->scheduled.rest = 0;
  }
  g->scheduled.place = TURN_READY;
  s->count++;
  s->slice_left = 0;
  queue_put(&s->ready, g, g->scheduled.pass);
}

static void place_waits(FirnGuest *g) {
  Schedule *s = &g->firn->schedule;
  place_leave(g);
  g->scheduled.place = TURN_WAITS;
  s->count++;
  s->waiting++;
  if (g->is_running) return; /* another thread runs it, or the host outside of this turn, and will wake it */
  int64_t left = wait_micros(g->guest);
  if (left != GUEST_NEVER) queue_put(&s->timed, g, time_after(left));
  g->scheduled.is_timed = left != GUEST_NEVER;
  g->scheduled.is_reader = !g->read_line && wait_wants_input(g->guest);
  if (g->scheduled.is_reader) guests_put(&s->readers, g);
}

static void place_left(FirnGuest *g) {
  place_leave(g);
  g->scheduled.place = TURN_LEFT;
  guests_put(&g->firn->schedule.left, g);
  g->firn->schedule.nleft++;
}

void schedule_wake(FirnGuest *g) {
  if (g->scheduled.place != TURN_WAITS) return;
  place_ready(g);
  descriptor_update(&g->firn->schedule);
}

void schedule_remove(FirnGuest *g) {
  if (g->scheduled.place == TURN_NONE) return;
  place_leave(g);
  descriptor_update(&g->firn->schedule);
}

/* Room for one more. */
static bool room_make(Schedule *s) {
  if (s->count < s->cap) return true;
  uint32_t cap = s->cap ? 2 * s->cap : 16;
  GuestQueue *const queues[] = {&s->ready, &s->timed};
  for (unsigned i = 0; i < 2; i++) {
    FirnGuest **grown = cap > s->cap ? realloc(queues[i]->guests, cap * sizeof *grown) : NULL;
    if (!grown) return false;
    queues[i]->guests = grown;
  }
  s->cap = cap;
  return true;
}

FirnError *firn_schedule(FirnGuest *g, uint32_t weight) {
  if (!g) return error_make(FIRN_E_ARGUMENT, "firn_schedule: the guest is NULL");
  if (weight > FIRN_WEIGHT_MAX) return error_make(FIRN_E_ARGUMENT, "firn_schedule: a weight of %u is more than %d", weight, (int)FIRN_WEIGHT_MAX);
  FirnError *error = NULL;
  api_enter();
  Turn place = g->scheduled.place;
  g->scheduled.weight = weight;
  if (g->scheduled.rest >= weight) g->scheduled.rest = 0;
  if (weight == 0 && place != TURN_RUNS) place_leave(g);
  if (weight > 0 && (place == TURN_NONE || place == TURN_LEFT) && !room_make(&g->firn->schedule)) error = error_memory();
  else if (weight > 0 && place != TURN_RUNS && place != TURN_READY) place_ready(g);
  descriptor_update(&g->firn->schedule);
  api_leave();
  return error;
}

FirnGuest *firn_schedule_next(Firn *firn) {
  if (!firn) return NULL;
  api_enter();
  FirnGuest *g = firn->schedule.left.first;
  if (g) schedule_remove(g);
  api_leave();
  return g;
}

/* Turns */

/* Units until the guest is a slice ahead of the next. */
static int64_t slice_of(const Schedule *s, const FirnGuest *g) {
  const Scheduled *own = &g->scheduled;
  int64_t lead = s->ready.count ? s->ready.guests[0]->scheduled.pass - own->pass : LONGEST;
  if (lead > LONGEST) lead = LONGEST;
  int64_t units = (lead + FIRN_SLICE) * own->weight - own->rest;
  return units < LONGEST ? units : LONGEST;
}

static void used_count(Scheduled *own, uint64_t used) {
  uint32_t weight = own->weight ? own->weight : 1;
  own->pass += (int64_t)(used / weight);
  own->rest += (uint32_t)(used % weight);
  if (own->rest < weight) return;
  own->rest -= weight;
  own->pass++;
}

/* Where a guest goes that has run. */
static void place_again(FirnGuest *g, RunEnd end) {
  FirnStatus status = guest_status_of(g);
  if (g->scheduled.weight == 0) place_leave(g);
  else if (end == RUN_STOPPED) place_left(g);
  else if (status == FIRN_WAITING) place_waits(g);
  else if (status == FIRN_RUNNABLE) place_ready(g);
  else place_left(g);
}

/* The guest whose slice has not ended, or else the one that has used the least, which begins one. */
static FirnGuest *slice_begin(Schedule *s) {
  bool goes_on = s->slice_left > 0 && s->current->scheduled.place == TURN_READY;
  FirnGuest *g = goes_on ? s->current : s->ready.guests[0];
  queue_remove(&s->ready, g);
  g->scheduled.place = TURN_RUNS;
  if (!goes_on) s->slice_left = slice_of(s, g);
  s->current = g;
  return g;
}

static void slice_end(FirnGuest *g, uint64_t used, RunEnd end) {
  Schedule *s = &g->firn->schedule;
  int64_t slice_left = s->slice_left - (int64_t)used;
  used_count(&g->scheduled, used);
  place_again(g, end);
  bool is_ready = g->scheduled.place == TURN_READY;
  const FirnGuest *least = s->ready.count ? s->ready.guests[0] : g;
  if (least->scheduled.pass > s->pass) s->pass = least->scheduled.pass;
  s->slice_left = is_ready && slice_left > 0 ? slice_left : 0;
}

/* Gives a guest the thread. False: host functions are nested too deep. */
static bool guest_turn(Schedule *s, FirnTurn *turn) {
  FirnGuest *g = slice_begin(s);
  if (g->is_running) {
    place_waits(g);
    return true;
  }
  int64_t units = s->slice_left;
  if (turn->units > 0 && units > turn->units - turn->used) units = turn->units - turn->used;
  uint64_t before = guest_fuel_used(g->guest);
  RunEnd end = guest_run_for(g, units > 1 ? units - 1 : -1, NULL); /* which stops when it has used more */
  uint64_t used = guest_fuel_used(g->guest) - before;
  turn->used += (int64_t)used;
  turn->slices++;
  slice_end(g, used, end);
  return end != RUN_TOO_DEEP;
}

/* Those whose time has come. */
static void timed_wake(Schedule *s) {
  int64_t now = s->timed.count ? clock_micros(CLOCK_MONOTONIC) : 0;
  while (s->timed.count && s->timed.guests[0]->scheduled.key <= now) place_ready(s->timed.guests[0]);
}

/* Those that there is a line for, the first that came first. */
static void readers_wake(Schedule *s) {
  FirnGuest *g;
  while ((g = s->readers.first)) {
    if (!g->is_running) wait_serve(g->guest);
    if (g->guest->status == GUEST_WAITING) return;
    place_ready(g);
  }
}

static bool turn_run(Schedule *s, FirnTurn *turn) {
  int64_t deadline = turn->micros > 0 ? time_after(turn->micros) : GUEST_NEVER, looked = 0;
  bool goes_on = true;
  readers_wake(s);
  for (timed_wake(s); goes_on && s->ready.count && (turn->units <= 0 || turn->used < turn->units); timed_wake(s)) {
    goes_on = guest_turn(s, turn);
    if (s->ready.count == 0 || turn->used - looked >= LONGEST) {
      readers_wake(s);
      looked = turn->used;
    }
    if (deadline != GUEST_NEVER && clock_micros(CLOCK_MONOTONIC) >= deadline) break;
  }
  return goes_on;
}

static void turn_answer(const Schedule *s, FirnTurn *turn) {
  turn->ready = s->ready.count;
  turn->waiting = s->waiting;
  turn->wants_input = s->readers.first != NULL;
  turn->left = s->nleft;
  turn->wait_micros = s->ready.count || s->left.first ? 0 : GUEST_NEVER;
  if (turn->wait_micros == 0 || !s->timed.count) return;
  int64_t left = s->timed.guests[0]->scheduled.key - clock_micros(CLOCK_MONOTONIC);
  turn->wait_micros = left > 0 ? left : 0;
}

FirnError *firn_schedule_run(Firn *firn, FirnTurn *turn) {
  if (!firn) return error_make(FIRN_E_ARGUMENT, "firn_schedule_run: the engine is NULL");
  FirnTurn given, own;
  FirnError *error = options_read(&given, sizeof given, turn, "FirnTurn");
  if (error) return error;
  own = (FirnTurn){.size = given.size, .units = given.units, .micros = given.micros};
  api_enter();
  Schedule *s = &firn->schedule;
  if (s->runs) {
    error = error_make(FIRN_E_STATE, "the schedule is being run");
  } else {
    s->runs = true;
    if (!turn_run(s, &own)) error = error_make(FIRN_E_STATE, "guests run inside each other's host functions too deep");
    s->runs = false;
    descriptor_update(s);
    turn_answer(s, &own);
    if (turn) memcpy(turn, &own, given.size < sizeof own ? given.size : sizeof own);
  }
  api_leave();
  return error;
}
