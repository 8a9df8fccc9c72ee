/* generate.h - random programs that the compiler must accept.
 *
 * Interface: generate_program. The rest of the folder's generator is behind it: types.c (types), express.c (expressions, by the type wanted),
 * state.c and loop.c (statements), declare.c (functions, types and the whole program); forms.def says what most expressions and simple statements can
 * look like. What they share is in gen.h.
 */
#ifndef FIRN_TESTS_RANDOM_GENERATE_H
#define FIRN_TESTS_RANDOM_GENERATE_H

#include <stddef.h>
#include <stdint.h>

enum { SIZE_MOST = 10 }; /* of a program: about as many statements in each function */

/* A program's text, malloc'd, the caller's to free. It depends on the seed and the size (1..SIZE_MOST) alone, on every machine. */
char *generate_program(uint64_t seed, unsigned size, size_t *length);

#endif
