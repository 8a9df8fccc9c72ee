/* io.h - the output buffer of `print`, shared by all guests that write to the process's standard output. */
#ifndef FIRN_STDLIB_IO_H
#define FIRN_STDLIB_IO_H

#include <stdbool.h>

/* Writes out what is buffered. Called by itself at exit, when the buffer is full, before standard input is read, and after each line if
 * standard output is a terminal; call it before writing to stderr. */
void io_flush(void);

/* Whether any output was lost since the start. */
bool io_failed(void);

#endif
