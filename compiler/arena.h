/* Arena memory and interned names of one compilation.
 *
 * An Arena hands out memory by bumping a pointer and frees it all at once; tokens, trees, types and messages of a
 * compilation live in one.  A Name is an interned, NUL-terminated spelling: equal spellings have equal pointers, so
 * names compare with ==.  Its length and hash are kept in front of its text.
 *
 * Interface: arena_init/arena_deinit, arena_alloc (zeroed), ARENA_NEW, ARENA_ARRAY, arena_copy, arena_format;
 * names_init/names_deinit, names_intern, name_len; VEC_PUSH for growable arrays whose storage is the arena.
 * Invariants: allocation never returns NULL (running out of memory goes to `escape`, by longjmp, or aborts the process); memory
 * is zeroed and aligned to 8 bytes; a Name lives as long as the arena it was interned in. */
#ifndef FIRN_COMPILER_ARENA_H
#define FIRN_COMPILER_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ArenaChunk ArenaChunk;

typedef struct Arena {
  char *next, *end;
  ArenaChunk *chunks;
  size_t total; /* bytes asked from the system so far */
  jmp_buf *escape; /* NULL: none */
} Arena;

typedef const char *Name;

/* A run of bytes that need not end in NUL. */
typedef struct Str {
  const char *text;
  size_t len;
} Str;

typedef struct NameSlot {
  Name name; /* NULL: free */
  uint32_t hash, len;
} NameSlot;

typedef struct Names {
  Arena *arena;
  NameSlot *slots;
  uint32_t count, capacity; /* capacity is a power of two */
} Names;

/* Makes an empty arena. */
void arena_init(Arena *a);
/* Frees everything that was ever allocated from `a`. */
void arena_deinit(Arena *a);
/* Memory is out: does not return. */
_Noreturn void arena_lacks(const Arena *a);
/* Returns `size` zeroed bytes. */
void *arena_alloc(Arena *a, size_t size);
/* Returns `count` zeroed elements of `size` bytes; out of memory when the product overflows. */
void *arena_array(Arena *a, size_t count, size_t size);
/* Returns a copy of `len` bytes with a NUL behind them. */
char *arena_copy(Arena *a, const char *text, size_t len);
/* Returns printf-formatted text. */
char *arena_format(Arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vformat(Arena *a, const char *format, va_list args);
/* Returns an array of a larger capacity with the first `count` elements copied; for VEC_PUSH. */
void *arena_grow(Arena *a, const void *items, size_t count, size_t *capacity, size_t size);

#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_array((a), (n), sizeof(T)))

/* A growable array type: VEC(Expr *) exprs = {0}; VEC_PUSH(arena, &exprs, e); exprs.items[i], exprs.count. */
#define VEC(T) struct { T *items; size_t count, capacity; }
#define VEC_PUSH(a, v, x) \
  ((v)->count == (v)->capacity \
     ? (void)((v)->items = arena_grow((a), (v)->items, (v)->count, &(v)->capacity, sizeof *(v)->items)) \
     : (void)0, \
   (v)->items[(v)->count++] = (x))

/* Makes an empty intern table whose names live in `a`. */
void names_init(Names *n, Arena *a);
/* Frees the table (the names themselves go with the arena). */
void names_deinit(Names *n);
/* Returns the one Name of these bytes. */
Name names_intern(Names *n, const char *text, size_t len);
/* As names_intern, with the hash of the bytes as name_hash_step makes it (the lexer hashes while it scans). */
Name names_intern_hashed(Names *n, const char *text, size_t len, uint32_t hash);
/* Returns the Name of a C string. */
Name names_intern_cstr(Names *n, const char *text);

/* What stands in front of a name's text. */
typedef struct NameHeader {
  uint32_t keyword; /* the TokenKind of a reserved word, or 0 */
  uint32_t len, hash;
} NameHeader;

/* Returns the length of an interned name in bytes. */
static inline uint32_t name_len(Name name) {
  return ((const NameHeader *)(const void *)name)[-1].len;
}
/* Returns the hash of an interned name. */
static inline uint32_t name_hash(Name name) {
  return ((const NameHeader *)(const void *)name)[-1].hash;
}

#define NAME_HASH_SEED 2166136261u
/* Returns the hash `h` extended by byte `c` (FNV-1a). */
static inline uint32_t name_hash_step(uint32_t h, unsigned char c) {
  return (h ^ c) * 16777619u;
}

#endif
