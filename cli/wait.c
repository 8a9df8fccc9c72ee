/* wait.c - waiting for guests by libuv. Interface: wait.h.
 *
 * There is one loop for the process, made when a guest first waits. It polls three descriptors: that of io_stop; a timer's, which is finer than libuv's
 * timers; and an epoll descriptor that standard input is put into while a guest reads. libuv makes what it polls non-blocking, and standard input is
 * shared with processes that would not expect that.
 */
#include "cli/wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "stdlib/io.h"
#include "stdlib/wait.h"

enum {
  SLICE = 1 << 20,        /* fuel between two looks at what can be completed, at first: a few thousandths of a second of an interpreter; */
  SLICE_MOST = 1 << 28,   /* compiled code gets more, to be as long at it; */
  SLICE_MICROS = 4000,    /* about so long */
  POLL_MICROS = 10000,    /* between two looks at input that can't be polled */
};

static struct {
  uv_loop_t loop;
  uv_poll_t stop, timer, input;
  int timer_fd, input_fd;
  bool is_made, has_stop;
} waiter;

/* Waiting ends when something has come; what that is, wait_serve finds out. */
static void came(uv_poll_t *handle, int status, int events) { (void)handle, (void)status, (void)events; }

static void waiter_make(void) {
  if (waiter.is_made) return;
  waiter.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  waiter.input_fd = epoll_create1(EPOLL_CLOEXEC);
  bool done = waiter.timer_fd >= 0 && waiter.input_fd >= 0 && uv_loop_init(&waiter.loop) == 0 &&
              uv_poll_init(&waiter.loop, &waiter.timer, waiter.timer_fd) == 0 && uv_poll_start(&waiter.timer, UV_READABLE, came) == 0 &&
              uv_poll_init(&waiter.loop, &waiter.input, waiter.input_fd) == 0 && uv_poll_start(&waiter.input, UV_READABLE, came) == 0;
  if (!done) {
    io_flush();
    perror("firn: can't wait");
    exit(1);
  }
  waiter.is_made = true;
}

/* Waits that long, or until there is input if it is wanted, or until io_stop. */
static void wait_once(int64_t micros, bool wants_input) {
  waiter_make();
  if (!waiter.has_stop && io_stop_descriptor() >= 0) {
    waiter.has_stop = uv_poll_init(&waiter.loop, &waiter.stop, io_stop_descriptor()) == 0 && uv_poll_start(&waiter.stop, UV_READABLE, came) == 0;
  }
  struct epoll_event readable = {.events = EPOLLIN};
  bool is_polled = wants_input && epoll_ctl(waiter.input_fd, EPOLL_CTL_ADD, STDIN_FILENO, &readable) == 0;
  if (wants_input && !is_polled && micros > POLL_MICROS) micros = POLL_MICROS;
  /* A timer of 0 would never ring. */
  struct itimerspec time = {.it_value = {.tv_sec = (time_t)(micros / 1000000), .tv_nsec = (long)(micros % 1000000 * 1000) + (micros == 0)}};
  if (micros == GUEST_NEVER) time = (struct itimerspec){0};
  timerfd_settime(waiter.timer_fd, 0, &time, NULL);
  uv_run(&waiter.loop, UV_RUN_ONCE);
  if (is_polled) epoll_ctl(waiter.input_fd, EPOLL_CTL_DEL, STDIN_FILENO, &readable);
}

void guest_wait(Guest *guest) {
  for (;;) {
    wait_serve(guest);
    if (guest->status != GUEST_WAITING || io_stopped() || guest_is_late(guest)) return;
    io_flush();
    wait_once(wait_micros(guest), wait_wants_input(guest));
  }
}

/* The next slice's fuel, after one that took that long. */
static int64_t slice_fit(int64_t slice, int64_t micros) {
  if (micros < SLICE_MICROS / 2 && slice < SLICE_MOST) return slice * 2;
  return micros > SLICE_MICROS * 2 && slice > SLICE ? slice / 2 : slice;
}

void guest_run_on(Guest *guest) {
  int64_t slice = SLICE;
  do {
    if (guest->status == GUEST_WAITING) guest_wait(guest);
    else wait_serve(guest);
    int64_t start = clock_micros(CLOCK_MONOTONIC);
    guest_run_slice(guest, slice);
    if (guest->status == GUEST_PAUSED) slice = slice_fit(slice, clock_micros(CLOCK_MONOTONIC) - start);
  } while (!io_stopped() && !guest_is_late(guest) && !guest->request && (guest->status == GUEST_WAITING || (guest->status == GUEST_PAUSED && !guest_is_out(guest))));
}
