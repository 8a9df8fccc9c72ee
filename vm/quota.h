/* quota.h - the memory quota of a guest (spec.md 7.9).
 *
 * A guest with a quota is tested when what it has allocated reaches a multiple of an eighth of it: the allocation that would reach it is made only if what is
 * live, what the running instruction has made so far and what it asks for are within the quota together. What is live is found exactly, from what the verifier
 * calls live, so that the verdict is the same on every tier and machine; when a bound on it is low enough, it is not looked for.
 *
 * Sizes are logical (spec.md 8.1). heap.c asks before every allocation that a guest pays for; task.c for stacks.
 */
#ifndef FIRN_VM_QUOTA_H
#define FIRN_VM_QUOTA_H

#include "vm/guest.h"

/* The test itself, for when quota_has is not sure. False: the guest is over its quota, or memory to find that out is lacking; guest_fail then knows which. */
bool quota_test(Guest *guest, uint64_t bytes);

/* Whether the guest may allocate so many bytes more. Frames must be exact, but for those that guest->window stands for. */
static inline bool quota_has(Guest *guest, uint64_t bytes) {
  return __builtin_expect(guest->allocated + bytes <= guest->allocated_next, 1) || quota_test(guest, bytes);
}

/* Whether an operation may take so many bytes for itself, which it gives back: not more than the whole quota. Costs no time. */
static inline bool quota_has_scratch(Guest *guest, uint64_t bytes) {
  if (!guest->options.memory || bytes <= guest->options.memory) return true;
  guest->is_over = true;
  return false;
}

struct ObjDesc;

/* Tells what is live, object by object, with its logical bytes. False when memory is out. */
bool guest_census(Guest *guest, void (*each)(void *ctx, const struct ObjDesc *desc, uint64_t bytes), void *ctx);

/* Begins to test a guest that has been thawed. False: it is farther over its quota than a running guest can be. */
bool quota_resume(Guest *guest);

#endif
