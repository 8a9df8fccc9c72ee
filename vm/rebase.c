/* rebase.c - guest_rebase: an idle guest's state goes on in another program. Interface: image.h.
 *
 * It is a freeze with other numbers and a thaw in memory, so that what arrives is checked as any image is: values against the types of the
 * program that they come to, function values against their signatures, waiting tasks against its code.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/heap.h"
#include "vm/image.h"
#include "vm/program.h"

enum { LEVEL_FAST = -50 };

Guest *guest_rebase(Guest *guest, const ImageRebase *rebase, const GuestOptions *options, uint64_t *bytes, ModuleError *error) {
  ImageBuffer image = {0};
  Thawed thawed = {0};
  FreezeOptions freeze = {.refer = true, .level = LEVEL_FAST, .rebase = rebase};
  ImageCensus census = {0};
  ThawOptions thaw = {.census = &census, .guest = *options, .find = image_program_given, .find_ctx = rebase->to};
  bool done = guest_freeze(guest, &freeze, &(ImageSink){image_buffer_write, &image}, error) &&
              guest_thaw(&(ImageSource){image_buffer_read, &image}, &thaw, &thawed, error);
  free(image.bytes);
  free(census.rows);
  if (bytes) *bytes = census.unpacked;
  free(thawed.input);
  if (!done) return NULL;
  thawed.guest->granted = thawed.guest->fuel = INT64_MAX;
  thawed.guest->fuel -= rebase->to->entry->cost;
  return thawed.guest;
}

/* Strings */

static uint32_t bytes_hash(const StringConst *s) {
  uint32_t hash = 0x811c9dc5;
  for (uint32_t i = 0; i < s->length; i++) hash = (hash ^ (unsigned char)s->bytes[i]) * 0x01000193;
  return hash;
}

static uint32_t *string_place(uint32_t *index, uint32_t mask, const Module *m, const StringConst *s) {
  uint32_t at = bytes_hash(s) & mask;
  for (; index[at]; at = (at + 1) & mask) {
    const StringConst *known = &m->strings[index[at] - 1];
    if (known->length == s->length && memcmp(known->bytes, s->bytes, s->length) == 0) break;
  }
  return &index[at];
}

bool module_strings_adopt(Module *to, const Module *from, uint32_t *map) {
  uint32_t size = 64;
  while (size / 2 <= (uint64_t)to->nstrings + from->nstrings) size *= 2;
  uint32_t *index = calloc(size, sizeof *index);
  bool done = index != NULL;
  for (uint32_t i = 0; done && i < to->nstrings; i++) {
    uint32_t *place = string_place(index, size - 1, to, &to->strings[i]);
    if (!*place) *place = i + 1;
  }
  for (uint32_t i = 0; done && i < from->nstrings; i++) {
    uint32_t *place = string_place(index, size - 1, to, &from->strings[i]);
    if (!*place) {
      char *copy = module_copy(to, from->strings[i].bytes, from->strings[i].length);
      StringConst *added = copy ? MODULE_PUSH(to, to->nstrings, to->strings) : NULL;
      done = added != NULL;
      if (!done) break;
      *added = (StringConst){copy, from->strings[i].length};
      *place = to->nstrings;
    }
    map[i] = *place - 1;
  }
  free(index);
  return done;
}

/* Types */

static uint32_t decl_number(const ImageRebase *r, const Type *type) {
  switch (type->kind) {
    case TYPE_CLASS: return r->classes[type->decl];
    case TYPE_ENUM: return r->enums[type->decl];
    case TYPE_TRAIT: return r->traits[type->decl];
    default: return type->decl;
  }
}

bool rebase_type_same(const ImageRebase *rebase, const Type *from, const Type *to) {
  if (from->kind != to->kind || from->nargs != to->nargs || decl_number(rebase, from) != to->decl) return false;
  for (uint32_t i = 0; i < from->nargs; i++) {
    if (!rebase_type_same(rebase, from->args[i], to->args[i])) return false;
  }
  return true;
}
