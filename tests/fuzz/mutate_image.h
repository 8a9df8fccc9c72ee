/* mutate_image.h - random changes of unpacked images, for the fuzzer. */
#ifndef FIRN_TESTS_FUZZ_MUTATE_IMAGE_H
#define FIRN_TESTS_FUZZ_MUTATE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* Makes some changes, chosen by `seed`, to the blocks in data, each a u32 size and so many bytes (image_stream.h). The first block, the
 * module, stays. Returns the new size, at most max_size. */
size_t image_mutate(uint8_t *data, size_t size, size_t max_size, uint64_t seed);

#endif
