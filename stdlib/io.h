/* io.h - the output buffer of `print`, shared by all guests that write to the process's standard output. */
#ifndef FIRN_STDLIB_IO_H
#define FIRN_STDLIB_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes out what is buffered. Called by itself at exit, when the buffer is full, before standard input is read, and after each line if
 * standard output is a terminal; call it before writing to stderr. */
void io_flush(void);

/* What was read from standard input but not yet taken by a guest; stays until input is read again. */
void io_input_unread(const char **bytes, size_t *length);
/* Puts bytes before what will be read. */
void io_input_push(const char *bytes, size_t length);

/* Stopping from outside: once io_stop_enable was called, io_stop, which a signal handler may call, makes a guest that waits for input pause, and
 * io_stopped answers true from then on. */
void io_stop_enable(void);
void io_stop(void);
bool io_stopped(void);
/* Sleeps for so many microseconds (an hour at most), less when io_stop or a signal comes. */
void io_wait(int64_t micros);

/* Forgets that io_stop was called. */
void io_stop_reset(void);

/* Reads a line of standard input, without its end, from the same buffer as guests do; malloc'd, the caller frees. NULL at the end of input, when memory
 * is out, or (io_stopped) when stopped. */
char *io_line(size_t *length);

/* Whether any output was lost since the start. */
bool io_failed(void);

#endif
