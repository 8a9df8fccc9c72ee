/* wait.h - running guests whose tasks wait: for a time, for standard input. */
#ifndef FIRN_CLI_WAIT_H
#define FIRN_CLI_WAIT_H

#include "vm/guest.h"

/* The time at which so many microseconds will have passed; GUEST_NEVER for 0. Whether it has come. */
int64_t deadline_after(int64_t micros);
bool deadline_is_over(int64_t deadline);

/* Runs a guest until it ends, has no fuel, has a request, io_stop was called, or the deadline is over; while no task can go on, waits. It is looked at the
 * clock between slices of some thousandths of a second, or as long as one operation takes. */
void guest_run_on(Guest *guest, int64_t deadline);

/* Waits, while a guest is GUEST_WAITING, until something has been completed; returns at once when io_stop was called, and when the deadline is over. */
void guest_wait(Guest *guest, int64_t deadline);

#endif
