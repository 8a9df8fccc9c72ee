/* io.h - the output buffer of `print`, shared by all guests that write to the process's standard output. */
#ifndef FIRN_STDLIB_IO_H
#define FIRN_STDLIB_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/guest.h"

/* Writes out what is buffered. Called by itself at exit, when the buffer is full, before standard input is read, and after each line if
 * standard output is a terminal; call it before writing to stderr. */
void io_flush(void);

/* What was read from standard input but not yet taken by a guest; stays until input is read again. */
void io_input_unread(const char **bytes, size_t *length);
/* Puts bytes before what will be read. */
void io_input_push(const char *bytes, size_t length);

/* Stopping from outside: once io_stop_enable was called, io_stop, which a signal handler may call, ends waiting for input, and io_stopped answers true
 * from then on. The descriptor can be read from when it was called, and is -1 before io_stop_enable. */
void io_stop_enable(void);
void io_stop(void);
bool io_stopped(void);
int io_stop_descriptor(void);

/* Forgets that io_stop was called. */
void io_stop_reset(void);

/* Reads a line of standard input, without its end, from the same buffer as guests do; malloc'd, the caller frees. NULL at the end of input, when memory
 * is out, or (io_stopped) when stopped. */
char *io_line(size_t *length);

/* Gives a guest the next line, a `string?`; WAIT if there is none yet. Other traps as of natives. */
Trap io_guest_line(Guest *guest, Value *result);

/* Whether any output was lost since the start. */
bool io_failed(void);

#endif
