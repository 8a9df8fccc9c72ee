/* chance.h - repeatable chance for mutators: splitmix64. */
#ifndef FIRN_TESTS_FUZZ_CHANCE_H
#define FIRN_TESTS_FUZZ_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t chance_next(uint64_t *state) {
  uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

/* For mutators whose state is a field of that name. */
#define chance(m) chance_next(&(m)->state)
#define roll(m, sides) chance_roll(&(m)->state, sides)
#define one_in(m, n) (roll(m, n) == 0)

static inline uint32_t chance_roll(uint64_t *state, size_t sides) { return sides ? (uint32_t)(chance_next(state) % sides) : 0; }

#endif
