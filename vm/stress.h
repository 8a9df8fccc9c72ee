/* stress.h - running a guest the hard way: what a guest does must not depend on any of it.
 *
 * At every safepoint it comes to, the guest is paused and, by mode, frozen, thawed and compared; cloned; or handed to the other tier. With
 * STRESS_STEP it is also stopped between instructions that are no safepoints.
 */
#ifndef FIRN_VM_STRESS_H
#define FIRN_VM_STRESS_H

#include "vm/guest.h"

typedef enum StressMode {
  STRESS_GC = 1,     /* collect at every allocation (heap_stress) */
  STRESS_THAW = 2,   /* freeze, thaw, compare state hashes, freeze again, compare bytes; go on with the thawed one */
  STRESS_CLONE = 4,  /* clone, compare state hashes; go on with the clone */
  STRESS_HOP = 8,    /* go on with a tier chosen at random */
  STRESS_STEP = 16,  /* the oracle's tiers stop after some instructions, chosen at random */
  STRESS_LEAVE = 32, /* compiled code leaves often (tier_leave_often): of the process, not of stress_run */
} StressMode;

typedef struct StressOptions {
  unsigned modes;    /* StressMode bits */
  uint64_t seed;     /* of random choices */
  uint64_t every;    /* stops at which this many safepoints at first, then rarer and rarer; 0: at all of them */
} StressOptions;

/* Runs a guest until it pauses out of fuel or with a request, finishes or fails; *guest may become another guest, the old one having been freed. Returns false
 * and the reason in `problem` when a copy differs from its original. */
bool stress_run(Guest **guest, const StressOptions *options, char problem[200]);

#endif
