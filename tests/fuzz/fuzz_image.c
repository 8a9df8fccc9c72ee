/* fuzz_image.c - libFuzzer target: any unpacked image is packed, thawed, frozen, cloned, and run on both tiers with little fuel.
 *
 * An input is blocks, each a u32 size and so many bytes (image_stream.h), without magic, checksums and end, so that changes reach what
 * is inside. What must hold: nothing crashes, leaks or breaks a rule of C; what thaws freezes into bytes that thaw into the same state and
 * freeze into the same bytes; a clone is in that state and freezes so, too; the two tiers agree in output, fuel, traps, reports and state.
 * Inputs whose module imports natives of the outside (files, the clock) are left out: inside.h. Standard input must be empty.
 *
 * With FIRN_UNPACK=FOLDER in the environment the target fuzzes nothing: it writes the unpacked form of the image files that are its
 * arguments into the folder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "stdlib/wait.h"
#include "tests/fuzz/inside.h"
#include "tests/fuzz/mutate_image.h"
#include "tests/fuzz/outcome.h"
#include "vm/heap.h"
#include "vm/image_stream.h"
#include "vm/program.h"

enum {
  FUEL = 3000,            /* that a thawed guest may use */
  STACK_SLOTS = 1 << 14,
  HEAP_LIMIT = 64 << 20,
  MEMORY_MAX = 4 << 20,   /* of a thawed guest */
  PROGRAMS = 1024,        /* kept linked */
  ATTEMPTS = 8,           /* at a change that still thaws */
  CODES_MAX = 2000,       /* a kept program that has grown to this is made anew */
};

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

typedef ImageBuffer Buffer;

static void buffer_put(Buffer *b, const void *bytes, size_t length) {
  if (!image_buffer_write(b, bytes, length)) abort();
}

static uint32_t load32(const uint8_t *at) { return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24; }

static void write32(Buffer *to, uint32_t x) {
  uint8_t bytes[4] = {(uint8_t)x, (uint8_t)(x >> 8), (uint8_t)(x >> 16), (uint8_t)(x >> 24)};
  buffer_put(to, bytes, 4);
}

/* Packing */

/* What does not divide into blocks is left out. */
static void image_pack(const uint8_t *data, size_t size, Buffer *image) {
  static uint8_t *packed;
  static ZSTD_CCtx *packer;
  size_t room = ZSTD_compressBound(IMAGE_BLOCK_MAX);
  if (!packed) packed = malloc(room);
  if (!packer) packer = ZSTD_createCCtx();
  if (!packed || !packer) abort();
  buffer_put(image, IMAGE_MAGIC, 4);
  write32(image, IMAGE_VERSION);
  for (size_t at = 0; size - at >= 4;) {
    uint32_t length = load32(data + at);
    at += 4;
    if (length > size - at || length > IMAGE_BLOCK_MAX || length == 0) break;
    size_t done = ZSTD_compressCCtx(packer, packed, room, data + at, length, -7);
    if (ZSTD_isError(done)) abort();
    write32(image, (uint32_t)done);
    write32(image, length);
    buffer_put(image, packed, done);
    at += length;
  }
  write32(image, 0);
  write32(image, 0);
}

static bool image_unpack(const char *path, const char *folder) {
  static uint8_t bytes[1 << 22], raw[IMAGE_BLOCK_MAX];
  char to[4096];
  const char *slash = strrchr(path, '/');
  FILE *in = fopen(path, "rb");
  size_t length = in ? fread(bytes, 1, sizeof bytes, in) : 0, at = 8;
  if (in) fclose(in);
  snprintf(to, sizeof to, "%s/%s", folder, slash ? slash + 1 : path);
  FILE *out = length > 16 ? fopen(to, "wb") : NULL;
  while (out && length - at >= 8) {
    uint32_t packed = load32(bytes + at), size = load32(bytes + at + 4);
    if (packed == 0 || packed > length - at - 8 || size > sizeof raw) break;
    if (ZSTD_decompress(raw, sizeof raw, bytes + at + 8, packed) != size) break;
    fwrite(bytes + at + 4, 1, 4, out);
    fwrite(raw, 1, size, out);
    at += 8 + (size_t)packed;
  }
  return out && fclose(out) == 0;
}

/* Programs */

typedef struct Kept { uint64_t hash; Program *program; uint8_t module[32]; bool is_fixed; } Kept;

static Kept kept[PROGRAMS];

/* The linked program of an input's module; NULL when it is none. */
static const Kept *program_keep(const uint8_t *data, size_t size) {
  uint32_t block = size >= 4 ? load32(data) : 0;
  if (block < 40 || block > size - 4 || load32(data + 4) != 0 || load32(data + 40) != block - 40) return NULL;
  const uint8_t *bytes = data + 44;
  uint64_t hash = bytes_hash(1, bytes, block - 40);
  Kept *place = &kept[hash % PROGRAMS];
  if (place->program && (place->hash != hash || place->program->ncodes > CODES_MAX)) {
    program_free(place->program);
    place->program = NULL;
  }
  if (!place->program) {
    ModuleError error;
    Module *module = module_decode(bytes, block - 40, &error);
    place->program = module ? program_link(module, &error) : NULL;
    if (!place->program) return NULL;
    place->hash = hash;
    place->is_fixed = module_is_inside(place->program->module);
    if (!module_hash(place->program->module, place->module)) abort();
  }
  return place;
}

static Program *program_find(void *ctx, const uint8_t hash[32]) {
  const Kept *place = ctx;
  return place && memcmp(place->module, hash, 32) == 0 ? place->program : NULL;
}

/* Checks */

static bool thaw(Buffer *image, const Kept *place, Tier tier, Thawed *thawed, ModuleError *error) {
  ThawOptions options = {.guest = {.tier = tier, .stack_slots = STACK_SLOTS, .write = output_hash, .grants = CAP_STDIN | CAP_FREEZE}, .memory_max = MEMORY_MAX};
  if (place) {
    options.find = program_find;
    options.find_ctx = (void *)(uintptr_t)place;
  }
  image->at = 0;
  return guest_thaw(&(ImageSource){image_buffer_read, image}, &options, thawed, error);
}

static void thawed_free(Thawed *thawed, const Kept *place) {
  guest_free(thawed->guest);
  if (!place || thawed->program != place->program) program_free(thawed->program);
  free(thawed->input);
}

static void freeze(Guest *guest, const Thawed *thawed, Buffer *image) {
  ModuleError error;
  FreezeOptions options = {.input = thawed->input, .input_length = thawed->input_length, .level = -7};
  if (!guest_freeze(guest, &options, &(ImageSink){image_buffer_write, image}, &error)) abort();
}

static void compare_images(const Buffer *a, const Buffer *b) {
  if (a->length != b->length || memcmp(a->bytes, b->bytes, a->length) != 0) abort();
}

/* Runs with FUEL units, given at once or in slices. */
static Outcome run(Guest *guest, int64_t slice) {
  Outcome outcome = {0};
  guest->options.write_ctx = &outcome.output;
  int64_t given = slice;
  guest->granted -= guest->fuel;
  guest->fuel = slice;
  guest->granted += guest->fuel;
  for (;;) {
    GuestStatus status = guest_run(guest);
    if (status == GUEST_WAITING) {
      wait_serve(guest);
      if (guest->status != GUEST_WAITING) continue;
    }
    if (status != GUEST_PAUSED) break;
    if (!guest_is_out(guest)) continue;
    if (given >= FUEL) break;
    int64_t more = slice < FUEL - given ? slice : FUEL - given;
    given += more;
    guest_grant(guest, more);
  }
  guest->fuel += FUEL - given;
  outcome_take(&outcome, guest);
  return outcome;
}

/* Both guests are in the same state. */
static void check_tiers(Guest *interp, Guest *oracle, int64_t slice) {
  Outcome a = run(interp, slice), b = run(oracle, FUEL);
  outcomes_compare(&a, &b);
}

static void check_clone(Guest *guest, const Thawed *thawed, uint64_t hash, const Buffer *frozen) {
  Buffer again = {0};
  Guest *clone = guest_clone(guest);
  if (!clone) return;
  if (guest_state_hash(clone) != hash) abort();
  freeze(clone, thawed, &again);
  compare_images(frozen, &again);
  guest_free(clone);
  free(again.bytes);
}

static void check_guest(Thawed *thawed, const Kept *place, int64_t slice) {
  Buffer frozen = {0}, again = {0};
  Thawed second;
  ModuleError error;
  uint64_t hash = guest_state_hash(thawed->guest);
  freeze(thawed->guest, thawed, &frozen);
  if (!thaw(&frozen, place, TIER_ORACLE, &second, &error)) {
    if (!strstr(error.reason, "memory")) abort();
    free(frozen.bytes);
    return;
  }
  if (guest_state_hash(second.guest) != hash) abort();
  if (second.input_length != thawed->input_length || memcmp(second.input, thawed->input, second.input_length) != 0) abort();
  freeze(second.guest, &second, &again);
  compare_images(&frozen, &again);
  check_clone(second.guest, &second, hash, &frozen);
  check_tiers(thawed->guest, second.guest, slice);
  thawed_free(&second, place);
  free(frozen.bytes);
  free(again.bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  const char *folder = getenv("FIRN_UNPACK");
  if (folder) {
    bool done = true;
    for (int i = 1; i < *argc; i++) done = image_unpack((*argv)[i], folder) && done;
    exit(done ? 0 : 1);
  }
  heap_limit_set(HEAP_LIMIT);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint64_t hash = bytes_hash(1, data, size);
  const Kept *place = program_keep(data, size);
  if (!place || !place->is_fixed) return 0;
  if (hash % 61 == 0) place = NULL; /* with a program of its own */
  Buffer image = {0};
  Thawed thawed;
  ModuleError error;
  image_pack(data, size, &image);
  if (thaw(&image, place, TIER_INTERP, &thawed, &error)) {
    check_guest(&thawed, place, 1 + (int64_t)(hash >> 40) % FUEL);
    thawed_free(&thawed, place);
  }
  free(image.bytes);
  return 0;
}

static bool input_thaws(const uint8_t *data, size_t size) {
  const Kept *place = program_keep(data, size);
  Buffer image = {0};
  Thawed thawed;
  ModuleError error;
  if (!place) return false;
  image_pack(data, size, &image);
  bool done = thaw(&image, place, TIER_INTERP, &thawed, &error);
  if (done) thawed_free(&thawed, place);
  free(image.bytes);
  return done;
}

/* Half of the changes are to be such that the image still thaws, if some attempts find one. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  uint64_t mixed = seed * UINT64_C(0x2545f4914f6cdd1d);
  if (seed % 64 == 0) return LLVMFuzzerMutate(data, size, max_size);
  uint8_t *copy = seed % 2 ? malloc(max_size) : NULL;
  for (unsigned i = 0; copy && i < ATTEMPTS; i++) {
    memcpy(copy, data, size);
    size_t length = image_mutate(copy, size, max_size, mixed + i);
    if ((length == size && memcmp(copy, data, size) == 0) || !input_thaws(copy, length)) continue;
    memcpy(data, copy, length);
    free(copy);
    return length;
  }
  free(copy);
  return image_mutate(data, size, max_size, mixed);
}
