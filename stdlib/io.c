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
  CHARGE(guest, s->length);
  guest_write(guest, s->bytes, s->length);
  return TRAP_NONE;
}

NATIVE("io.write_line", write_line, "(string) -> void", "Writes a string and a newline to the guest's output.") {
  const String *s = args[0].p;
  CHARGE(guest, s->length);
  guest_write(guest, s->bytes, s->length);
  guest_write(guest, "\n", 1);
  return TRAP_NONE;
}

static char *in_bytes;
static size_t in_at, in_end, in_size;

void io_input_unread(const char **bytes, size_t *length) {
  *bytes = in_bytes ? in_bytes + in_at : NULL;
  *length = in_end - in_at;
}

void io_input_push(const char *bytes, size_t length) {
  size_t size = in_end - in_at + length;
  char *joined = length ? malloc(size < IN_SIZE ? IN_SIZE : size) : NULL;
  if (!joined) return;
  memcpy(joined, bytes, length);
  if (in_end > in_at) memcpy(joined + length, in_bytes + in_at, in_end - in_at);
  free(in_bytes);
  in_bytes = joined;
  in_at = 0;
  in_end = size;
  in_size = size < IN_SIZE ? IN_SIZE : size;
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

void io_wait(int64_t micros) {
  struct pollfd fd = {.fd = stop_pipe[0], .events = POLLIN};
  struct timespec time = {.tv_sec = (time_t)(micros / 1000000), .tv_nsec = (long)(micros % 1000000 * 1000)};
  ppoll(&fd, stop_pipe[0] >= 0, &time, NULL);
}

void io_stop_reset(void) {
  char byte;
  while (stop_pipe[0] >= 0 && read(stop_pipe[0], &byte, 1) == 1) continue;
  stop_came = 0;
}

/* Waits for input if it can be stopped; false when it was. */
static bool in_wait(void) {
  if (stop_pipe[0] < 0) return true;
  struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = stop_pipe[0], .events = POLLIN}};
  while (poll(fds, 2, -1) < 0 && errno == EINTR && !stop_came) continue;
  return !stop_came;
}

/* Refills the input buffer; false at the end of input or, with io_stopped, when stopped. */
static bool in_fill(void) {
  if (!in_bytes && !(in_bytes = malloc(in_size = IN_SIZE))) return false;
  if (!in_wait()) return false;
  ssize_t got;
  do got = read(STDIN_FILENO, in_bytes, in_size); while (got < 0 && errno == EINTR);
  in_at = 0;
  in_end = got > 0 ? (size_t)got : 0;
  return got > 0;
}

/* Appends bytes to a growing malloc'd line. */
static Trap line_add(char **line, size_t *length, const char *bytes, size_t count) {
  if (count > STRING_MAX - *length) return TRAP_TOO_LARGE;
  char *grown = realloc(*line, *length + count + 1);
  if (!grown) return TRAP_OUT_OF_MEMORY;
  memcpy(grown + *length, bytes, count);
  *line = grown;
  *length += count;
  return TRAP_NONE;
}

/* Takes bytes up to and with the next newline; *ended: there was one. */
static Trap line_take(char **line, size_t *length, bool *any, bool *ended) {
  Trap trap = TRAP_NONE;
  if (in_at == in_end) io_flush();
  while (!*ended && !trap && (in_at < in_end || in_fill())) {
    const char *start = in_bytes + in_at, *stop = memchr(start, '\n', in_end - in_at);
    size_t count = stop ? (size_t)(stop - start) : in_end - in_at;
    *any = true;
    *ended = stop != NULL;
    in_at += count + *ended;
    trap = line_add(line, length, start, count);
  }
  return trap;
}

char *io_line(size_t *length) {
  char *line = NULL;
  bool any = false, ended = false;
  *length = 0;
  Trap trap = line_take(&line, length, &any, &ended);
  if (trap || !any || (!ended && io_stopped())) {
    free(line);
    return NULL;
  }
  line[*length] = 0;
  return line;
}

NATIVE("io.read_line", read_line, "() -> string?", "The next line of standard input without its end, or nil at the end of input.") {
  char *line = NULL;
  size_t length = 0;
  bool any = false, ended = false;
  Trap trap = line_take(&line, &length, &any, &ended);
  if (!trap && !ended && io_stopped()) {
    /* To be asked again: what was taken goes back. */
    io_input_push(line, length);
    free(line);
    return TRAP_RETRY;
  }
  if (!trap && !any) args[0].u = REF_NIL(1);
  if (!trap && any) {
    if (ended && length && line[length - 1] == '\r') length--;
    charge_owing(guest, length);
    trap = give_foreign_text(guest, args, line, length);
  }
  free(line);
  return trap;
}
