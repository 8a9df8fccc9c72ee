/* wait.h - completing what the library's natives wait for: time and standard input. */
#ifndef FIRN_STDLIB_WAIT_H
#define FIRN_STDLIB_WAIT_H

#include <time.h>

#include "vm/guest.h"

/* What a clock of the system shows, in microseconds. */
int64_t clock_micros(clockid_t clock);

/* Completes what can be completed without waiting: first what is due, the earliest first, then reading of lines that are there, in the order in which they
 * were asked for. No executor may run. */
void wait_serve(Guest *guest);

/* Deadlines (GuestOptions.deadline): the one that so many microseconds lead to, 0 for 0; whether one has come, 0 never does. */
int64_t deadline_after(int64_t micros);
bool deadline_is_over(int64_t deadline);
static inline bool guest_is_late(const Guest *guest) { return guest->options.deadline && deadline_is_over(guest->options.deadline); }

/* What a host must wait for before it should look at the guest again: microseconds until the first operation is due or the deadline comes, GUEST_NEVER if
 * neither ever is; and whether standard input must have more to read. */
int64_t wait_micros(Guest *guest);
bool wait_wants_input(const Guest *guest);

#endif
