/* image.h - frozen guests: portable bytes that hold all of a guest's state, and clones.
 *
 * guest_freeze writes an image, guest_thaw makes a guest of one that goes on as if nothing had happened: on the other tier, in another process,
 * on another machine. guest_clone does both in memory. The format is spec.md's ("Images"); an image is verified as strictly as a module,
 * so that any bytes whatever are a valid guest or an error.
 *
 * A guest can be frozen whenever no executor runs it, at any pc of any frame, unless it has ended. Nothing of the process is in an image:
 * where output goes, which tier runs it and what it may do is for the options of whoever thaws it.
 */
#ifndef FIRN_VM_IMAGE_H
#define FIRN_VM_IMAGE_H

#include "vm/guest.h"
#include "vm/module.h"

#define IMAGE_MAGIC "\0fim"
#define IMAGE_VERSION 2 /* written; version 1, in which no task waits for the host, is read too */

/* Takes bytes of an image, in order; false when that failed, and then no more are given. */
typedef struct ImageSink { bool (*write)(void *ctx, const void *bytes, size_t length); void *ctx; } ImageSink;

/* Gives the next bytes of an image: how many of at most `length`, 0 at the end, negative when reading failed. */
typedef struct ImageSource { ptrdiff_t (*read)(void *ctx, void *bytes, size_t length); void *ctx; } ImageSource;

/* Renumbers an image for another program, which has what the guest's refers to under other numbers: by the guest's own index, IMAGE_GONE for what the
 * other one lacks. Globals go the other way: by the other program's index, where the guest's is. The guest must be idle (guest_idle); in the image it
 * is about to run the other program's entry. Nothing here is believed: guest_thaw checks the image against the other program. */
#define IMAGE_GONE UINT32_MAX
typedef struct ImageRebase {
  struct Program *to;
  const uint32_t *functions, *classes, *enums, *traits, *strings, *globals;
} ImageRebase;

/* An image in memory: image_buffer_write can be a sink's write, and image_buffer_read, from `at` on, a source's read. Starts as zeros; bytes are malloc'd and the
 * caller's to free. */
typedef struct ImageBuffer { uint8_t *bytes; size_t length, cap, at; } ImageBuffer;
bool image_buffer_write(void *buffer, const void *bytes, size_t length);
ptrdiff_t image_buffer_read(void *buffer, void *bytes, size_t length);

/* A ThawOptions.find that takes find_ctx for the program, whatever the hash. */
struct Program *image_program_given(void *program, const uint8_t hash[32]);

typedef struct FreezeOptions {
  bool refer;               /* name the module by its hash only: the thawing host must have it */
  const char *input;        /* what was read ahead from the guest's input; given back by guest_thaw */
  size_t input_length;
  int level;                /* of compression, as zstd's; 0: the default */
  const ImageRebase *rebase; /* NULL: none */
} FreezeOptions;

/* Writes a guest's image; the guest is unchanged. False and *error: the guest has ended and is not idle, memory is out, or the sink failed. Freezing the same state
 * twice gives the same bytes, and so does freezing what was thawed. */
bool guest_freeze(Guest *guest, const FreezeOptions *options, const ImageSink *sink, ModuleError *error);

/* What is in an image's heap, one row for each type of object; filled by guest_thaw when asked for. The caller frees rows. */
struct ObjDesc;
typedef struct ImageRow { const struct ObjDesc *desc; uint64_t count, bytes; } ImageRow;
typedef struct ImageCensus {
  ImageRow *rows;
  uint32_t nrows;
  uint64_t packed, unpacked; /* bytes of the image, and of its blocks */
  uint8_t hash[32];         /* of the module */
  bool has_module;
} ImageCensus;

typedef struct ThawOptions {
  GuestOptions guest;       /* fuel, args and nargs are the image's and ignored; a stack_slots other than 0 is the most that the image's limit may be */
  struct Program *(*find)(void *ctx, const uint8_t hash[32]); /* a linked program by its module's hash, or NULL; may be NULL itself */
  void *find_ctx;
  ImageCensus *census;      /* NULL: not wanted */
  const struct NativeFinder *natives; /* for linking the image's module; NULL: only the library's */
  bool idle;                /* also a guest that has finished, and can be called only */
  uint64_t memory_max;      /* bytes that the guest may take when unpacked; 0: as much as the machine has */
} ThawOptions;

typedef struct Thawed {
  Guest *guest;             /* runnable or paused */
  struct Program *program;  /* the caller frees it after the guest, unless `find` gave it */
  char *input;              /* FreezeOptions.input; malloc'd, the caller frees; NULL when empty */
  size_t input_length;
} Thawed;

/* Reads an image to its end. False and *error with the offset of the block at fault: not an image, of another version, damaged, not a state that the
 * module's code can be in, too large, or memory is out. */
bool guest_thaw(const ImageSource *source, const ThawOptions *options, Thawed *thawed, ModuleError *error);

/* A second guest in the same state, of the same program and with the same options; NULL when the guest has ended and is not idle, or memory is out. */
Guest *guest_clone(Guest *guest);

/* Moves an idle guest's state to the program that `rebase` names: a second guest, about to run that program's entry with fuel without limit; the first is
 * unchanged. *bytes (may be NULL) is about what it takes. NULL and *error when the program can't hold that state, or memory is out. */
Guest *guest_rebase(Guest *guest, const ImageRebase *rebase, const GuestOptions *options, uint64_t *bytes, ModuleError *error);

/* Fills map, of from->nstrings entries, with where `to` has the string constants of `from`; adds those that it lacks, so `to` is not verified yet.
 * False when memory is out. */
bool module_strings_adopt(Module *to, const Module *from, uint32_t *map);

/* Whether a type of one module is, renumbered, a type of another. */
bool rebase_type_same(const ImageRebase *rebase, const Type *from, const Type *to);

/* Describes an image to `out`, as `firn image` does: module, state, tasks with their traces, heap by type, sizes. Thaws it to do so. */
bool image_describe(const ImageSource *source, const ThawOptions *options, const TextOut *out, ModuleError *error);

#endif
