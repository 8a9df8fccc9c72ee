/* image_run.c - times freezing, thawing and cloning of a guest that asks to be frozen (import guest). For bench/image.
 *
 *   image_run MODULE ROUNDS ARGS...    prints one line: objects, unpacked bytes, image bytes, live bytes, and medians in seconds of freezing, thawing,
 *                                      cloning, and of freezing and thawing almost without compression
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vm/heap.h"
#include "vm/native.h"
#include "vm/image.h"
#include "vm/program.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int order(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b; }

static double median(double *times, int count) {
  qsort(times, (size_t)count, sizeof *times, order);
  return times[count / 2];
}

static void fail(const char *why) {
  fprintf(stderr, "image_run: %s\n", why);
  exit(1);
}

/* Freezes and thaws `rounds` times at a level; the image stays in *image. */
static void measure(Guest *guest, int level, int rounds, ImageBuffer *image, ImageCensus *census, double *freeze, double *thaw) {
  double freezes[99], thaws[99];
  ModuleError error;
  for (int i = 0; i < rounds; i++) {
    image->length = image->at = 0;
    double start = now();
    if (!guest_freeze(guest, &(FreezeOptions){.refer = true, .level = level}, &(ImageSink){image_buffer_write, image}, &error)) fail(error.reason);
    freezes[i] = now() - start;
    Thawed thawed;
    free(census->rows);
    *census = (ImageCensus){0};
    ThawOptions options = {.guest = guest->options, .find = image_program_given, .find_ctx = guest->program, .census = census};
    start = now();
    if (!guest_thaw(&(ImageSource){image_buffer_read, image}, &options, &thawed, &error)) fail(error.reason);
    thaws[i] = now() - start;
    guest_free(thawed.guest);
    free(thawed.input);
    heap_collect();
  }
  *freeze = median(freezes, rounds);
  *thaw = median(thaws, rounds);
}

int main(int argc, char **argv) {
  if (argc < 3) fail("usage: image_run MODULE ROUNDS ARGS...");
  FILE *file = fopen(argv[1], "rb");
  if (!file) fail("can't read the module");
  static uint8_t bytes[1 << 20];
  size_t length = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  ModuleError error;
  Module *module = module_decode(bytes, length, &error);
  Program *program = module ? program_link(module, &error) : NULL;
  if (!program) fail(error.reason);
  GuestOptions options = {.fuel = INT64_MAX, .grants = CAP_ALL, .args = (const char *const *)argv + 3, .nargs = argc - 3};
  Guest *guest = guest_new(program, &options);
  if (!guest || guest_run(guest) != GUEST_PAUSED || !guest->request) fail("the program did not ask to be frozen");
  int rounds = atoi(argv[2]) < 99 ? atoi(argv[2]) : 99;
  double freeze, thaw, fast_freeze, fast_thaw, clones[99];
  ImageBuffer image = {0};
  ImageCensus census = {0};
  measure(guest, -100, rounds, &image, &census, &fast_freeze, &fast_thaw);
  measure(guest, 0, rounds, &image, &census, &freeze, &thaw);
  for (int i = 0; i < rounds; i++) {
    double start = now();
    Guest *clone = guest_clone(guest);
    clones[i] = now() - start;
    if (!clone) fail("cloning failed");
    guest_free(clone);
    if (i % 16 == 15) heap_collect();
  }
  unsigned long long objects = 0, live = 0;
  for (uint32_t i = 0; i < census.nrows; i++) {
    objects += census.rows[i].count;
    live += census.rows[i].bytes;
  }
  printf("%llu %llu %llu %llu %.9f %.9f %.9f %.9f %.9f\n", objects, (unsigned long long)census.unpacked, (unsigned long long)census.packed, live,
         freeze, thaw, median(clones, rounds), fast_freeze, fast_thaw);
  return 0;
}
