/* io.c - natives that write to standard output and read lines from standard input.
 *
 * Interface: io.h. One buffer each way for the process, made at first use; a guest with a write function of its own bypasses the output
 * buffer. A lost write is remembered, not a trap: what a program does must not depend on who listens.
 */
#define _GNU_SOURCE
#include "stdlib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "stdlib/support.h"
#include "vm/quota.h"

enum { OUT_SIZE = 1 << 16, IN_SIZE = 1 << 16 };

static char out_bytes[OUT_SIZE];
static size_t out_length;
static bool out_started, out_failed, out_terminal;

bool io_failed(void) { return out_failed; }

static void write_all(const char *bytes, size_t length) {
  while (length && !out_failed) {
    ssize_t done = write(STDOUT_FILENO, bytes, length);
    if (done >= 0) bytes += done, length -= (size_t)done;
    else if (errno != EINTR) out_failed = true;
  }
}

void io_flush(void) {
  size_t length = out_length;
  out_length = 0;
  write_all(out_bytes, length);
}

static void out_write(const char *bytes, size_t length) {
  if (!out_started) {
    out_started = true;
    out_terminal = isatty(STDOUT_FILENO);
    atexit(io_flush);
  }
  if (length > OUT_SIZE - out_length) io_flush();
  if (length > OUT_SIZE) {
    write_all(bytes, length);
    return;
  }
  memcpy(out_bytes + out_length, bytes, length);
  out_length += length;
  if (out_terminal && memchr(bytes, '\n', length)) io_flush();
}

static void guest_write(const Guest *guest, const char *bytes, size_t length) {
  if (guest->options.write) guest->options.write(guest->options.write_ctx, bytes, length);
  else out_write(bytes, length);
}

NATIVE("io.write", write_text, "(string) -> void", "Writes a string to the guest's output.") {
  const String *s = args[0].p;
  CHARGE_OUTPUT(guest, s->length);
  guest_write(guest, s->bytes, s->length);
  return TRAP_NONE;
}

NATIVE("io.write_line", write_line, "(string) -> void", "Writes a string and a newline to the guest's output.") {
  const String *s = args[0].p;
  CHARGE(guest, s->length);
  Trap over = guest_output(guest, (uint64_t)s->length + 1);
  if (over) return over;
  guest_write(guest, s->bytes, s->length);
  guest_write(guest, "\n", 1);
  return TRAP_NONE;
}

/* Input: bytes [in_at, in_end) of a buffer of in_size have been read and not taken; no line ends before in_seen. */
static char *in_bytes;
static size_t in_at, in_seen, in_end, in_size;
static bool in_ended;

void io_input_unread(const char **bytes, size_t *length) {
  *bytes = in_bytes ? in_bytes + in_at : NULL;
  *length = in_end - in_at;
}

/* Makes room for more bytes, at `before` or behind what is there; false when memory is out. */
static bool in_room(size_t before, size_t behind) {
  size_t used = in_end - in_at, wanted = before + used + behind;
  if (in_at >= before && in_size - in_end >= behind) return true;
  size_t size = wanted > in_size ? 2 * wanted : in_size;
  if (size < IN_SIZE) size = IN_SIZE;
  char *room = malloc(size);
  if (!room) return false;
  if (used) memcpy(room + before, in_bytes + in_at, used);
  free(in_bytes);
  in_bytes = room;
  in_seen = in_seen > in_at ? before + (in_seen - in_at) : before;
  in_at = before;
  in_end = before + used;
  in_size = size;
  return true;
}

void io_input_push(const char *bytes, size_t length) {
  if (!length || !in_room(length, 0)) return;
  in_at -= length;
  memcpy(in_bytes + in_at, bytes, length);
  in_seen = in_at;
}

/* Stopping: a byte in this pipe ends waiting. */
static int stop_pipe[2] = {-1, -1};
static volatile sig_atomic_t stop_came;

void io_stop_enable(void) {
  if (stop_pipe[0] < 0 && pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0) stop_pipe[0] = stop_pipe[1] = -1;
}

void io_stop(void) {
  int error = errno;
  stop_came = 1;
  if (stop_pipe[1] >= 0 && write(stop_pipe[1], "", 1) < 0) errno = error;
  errno = error;
}

bool io_stopped(void) { return stop_came; }

int io_stop_descriptor(void) { return stop_pipe[0]; }

void io_stop_reset(void) {
  char byte;
  while (stop_pipe[0] >= 0 && read(stop_pipe[0], &byte, 1) == 1) continue;
  stop_came = 0;
}

/* Whether reading would not block. */
static bool in_ready(void) {
  struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
  return poll(&fd, 1, 0) > 0;
}

/* Waits for input or io_stop; false when stopped. */
static bool in_wait(void) {
  struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = stop_pipe[0], .events = POLLIN}};
  while (poll(fds, 2, -1) < 0 && errno == EINTR && !stop_came) continue;
  return !stop_came;
}

/* Reads some input, of which there must be some, or the end. */
static Trap in_read(void) {
  if (in_at == in_end) in_at = in_seen = in_end = 0;
  if (!in_room(0, IN_SIZE / 2)) return TRAP_OUT_OF_MEMORY;
  ssize_t got;
  do got = read(STDIN_FILENO, in_bytes + in_end, in_size - in_end); while (got < 0 && errno == EINTR);
  if (got > 0) in_end += (size_t)got;
  in_ended = got <= 0 && !(got < 0 && errno == EAGAIN);
  return TRAP_NONE;
}

/* A line of what has been read, without its end: *length bytes from in_at on, and *taken with it. */
static bool line_find(size_t *length, size_t *taken) {
  const char *stop = in_end > in_seen ? memchr(in_bytes + in_seen, '\n', in_end - in_seen) : NULL;
  in_seen = stop ? (size_t)(stop - in_bytes) : in_end;
  *length = in_seen - in_at;
  *taken = *length + (stop != NULL);
  return stop || (in_ended && *length);
}

/* Finds the next line, reading on as long as that does not block; *taken is 0 at the end of input. WAIT if more must come. A guest, if it is for one, may
 * have lines as long as its quota. */
static Trap line_next(Guest *guest, size_t *length, size_t *taken) {
  in_ended = false;
  if (in_at == in_end) io_flush();
  while (!line_find(length, taken)) {
    if (in_ended) return TRAP_NONE;
    if (*length > STRING_MAX) return TRAP_TOO_LARGE;
    if (guest && !quota_has_scratch(guest, *length)) return TRAP_OUT_OF_MEMORY;
    if (!in_ready()) return TRAP_WAIT;
    Trap trap = in_read();
    if (trap != TRAP_NONE) return trap;
  }
  return TRAP_NONE;
}

static void line_take(size_t taken) {
  in_at += taken;
  in_seen = in_at;
}

char *io_line(size_t *length) {
  size_t taken = 0;
  Trap trap;
  while ((trap = line_next(NULL, length, &taken)) == TRAP_WAIT && in_wait()) continue;
  char *line = trap == TRAP_NONE && taken ? malloc(*length + 1) : NULL;
  if (!line) return NULL;
  memcpy(line, in_bytes + in_at, *length);
  line[*length] = 0;
  line_take(taken);
  return line;
}

/* The same of a host that gives its guest lines. */
static Trap given_line(Guest *guest, Value *result) {
  const char *line = NULL;
  size_t length = 0;
  switch (guest->options.read_line(guest->options.write_ctx, &line, &length)) {
    case LINE_HERE: break;
    case LINE_LATER: return TRAP_WAIT;
    default: result->u = REF_NIL(1); return TRAP_NONE;
  }
  charge_owing(guest, length);
  return give_foreign_text(guest, result, line, length);
}

Trap io_guest_line(Guest *guest, Value *result) {
  size_t length = 0, taken = 0;
  if (guest->options.read_line) return given_line(guest, result);
  Trap trap = line_next(guest, &length, &taken);
  if (trap != TRAP_NONE) return trap;
  if (!taken) {
    result->u = REF_NIL(1);
    return TRAP_NONE;
  }
  const char *line = in_bytes + in_at;
  if (taken > length && length && line[length - 1] == '\r') length--;
  charge_owing(guest, length);
  trap = give_foreign_text(guest, result, line, length);
  line_take(taken);
  return trap;
}

NATIVE_WAITS("io.read_line", read_line, "() -> string?", STDIN, HOST, "The next line of standard input without its end, or nil at the end of input.") {
  /* Those that have waited longer come first. */
  Trap trap = guest->nuntimed ? TRAP_WAIT : io_guest_line(guest, args);
  return trap == TRAP_WAIT ? guest_await(guest, GUEST_NEVER) : trap;
}
