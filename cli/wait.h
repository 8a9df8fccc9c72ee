/* wait.h - running guests whose tasks wait: for a time, for standard input. */
#ifndef FIRN_CLI_WAIT_H
#define FIRN_CLI_WAIT_H

#include "vm/guest.h"

/* Runs a guest until it ends, has no fuel, has a request, io_stop was called, or its deadline is over; while no task can go on, waits. It is looked at the
 * clock between slices of some thousandths of a second, or as long as one operation takes. */
void guest_run_on(Guest *guest);

/* Waits, while a guest is GUEST_WAITING, until something has been completed; returns at once when io_stop was called, and when its deadline is over. */
void guest_wait(Guest *guest);

#endif
