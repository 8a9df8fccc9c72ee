/* ways.h - the ways to run a program that must all come to the same.
 *
 * Interface: the table `ways`, whose first row is the reference; way_run runs a program one way, outcome_differs compares. A further way is one row.
 */
#ifndef FIRN_TESTS_RANDOM_WAYS_H
#define FIRN_TESTS_RANDOM_WAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/guest.h"
#include "vm/program.h"

typedef enum WayMode {
  WAY_SLICES = 1,   /* little fuel at a time */
  WAY_THAW = 2,     /* at pauses: frozen and thawed, with its module too now and then */
  WAY_CLONE = 4,    /* at pauses: goes on as its clone */
  WAY_HOP = 8,      /* at pauses: on a tier chosen at random */
  WAY_GC = 16,      /* a collection at every allocation */
  WAY_STEPS = 32,   /* as stress_run does it: at safepoints and between instructions */
  WAY_LEAVE = 64,   /* compiled code leaves often (tier_leave_often); in a copy of the program, for it is compiled so */
} WayMode;

typedef struct Way {
  const char *name;
  Tier tier;
  JitMode jit;
  unsigned modes;
  unsigned each;    /* one program in so many */
} Way;
extern const Way ways[];
extern const unsigned nways;

enum { WAY_FUEL = 200000, WAY_MEMORY = 8 << 20, WAY_STACK_SLOTS = 30000, WAY_OUTPUT = 1 << 16 };

typedef struct Outcome {
  GuestStatus status;
  Trap trap;
  int64_t exit_status;
  uint64_t fuel, allocated, memory, state;
  char *output, *report; /* malloc'd; report of a failed guest, else NULL */
  size_t length;
  char problem[200];     /* what went wrong in running it, or "" */
} Outcome;

/* Runs a program until it ends or has used WAY_FUEL. `seed`: of slices and the like. */
Outcome way_run(const Way *way, Program *program, uint64_t seed);
void outcome_free(Outcome *outcome);

/* Whether two differ, and in what. */
bool outcome_differs(const Outcome *is, const Outcome *should, char *why, size_t size);

#endif
