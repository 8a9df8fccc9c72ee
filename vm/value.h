/* value.h - one slot of guest state.
 *
 * Every value of the machine is a run of 0, 1 or more 64-bit slots (spec.md, "Values and slots"). A slot by itself has no tag:
 * the verifier has proved what it holds, and a type's layout (type.h) says how many slots a value takes.
 *
 *   int, bool, char      .i   (bool 0 or 1; char a Unicode scalar value)
 *   float                .f   (visible NaNs are canonical; FLOAT_NIL is reserved for the nil of `float?`)
 *   references           .p   (never null, except where an optional's nil is the small integer REF_NIL(depth))
 */
#ifndef FIRN_VM_VALUE_H
#define FIRN_VM_VALUE_H

#include <stddef.h>
#include <stdint.h>

typedef union Value {
  int64_t i;
  uint64_t u;
  double f;
  void *p;
} Value;

_Static_assert(sizeof(Value) == 8, "a slot is 64 bits");

/* The nil of an optional whose payload is one slot with spare bit patterns, by nesting depth (1 for `T?`, 2 for `T??`, ...). */
#define REF_NIL(depth) ((uint64_t)(depth)-1)                        /* references: 0, 1, 2, ... are no object's address */
#define SCALAR_NIL(depth) (-(int64_t)(depth))                       /* bool and char: -1, -2, ... */
#define FLOAT_NIL(depth) (UINT64_C(0xfff8f19c00000000) + (depth))   /* float: NaNs that no operation makes */
#define CANONICAL_NAN UINT64_C(0x7ff8000000000000)
#define REF_NIL_MAX 255                                             /* addresses up to this are nils */

static inline int value_is_ref(Value v) { return v.u > REF_NIL_MAX; }

#endif
