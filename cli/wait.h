/* wait.h - running guests whose tasks wait: for a time, for standard input. */
#ifndef FIRN_CLI_WAIT_H
#define FIRN_CLI_WAIT_H

#include "vm/guest.h"

/* Runs a guest until it ends, has no fuel, has a request, or io_stop was called; while no task can go on, waits. */
void guest_run_on(Guest *guest);

/* Waits, while a guest is GUEST_WAITING, until something has been completed; returns at once when io_stop was called. */
void guest_wait(Guest *guest);

#endif
