/* wait.h - completing what the library's natives wait for: time and standard input. */
#ifndef FIRN_STDLIB_WAIT_H
#define FIRN_STDLIB_WAIT_H

#include "vm/guest.h"

/* Completes what can be completed without waiting: first what is due, the earliest first, then reading of lines that are there, in the order in which they
 * were asked for. No executor may run. */
void wait_serve(Guest *guest);

/* What a host must wait for before wait_serve has something to do again: microseconds until the first operation is due, GUEST_NEVER if none ever is; and
 * whether standard input must have more to read. */
int64_t wait_micros(Guest *guest);
bool wait_wants_input(const Guest *guest);

#endif
