/* error.c - errors, options, and the lock. Interface: embed.h, include/firn.h.
 *
 * State of the process: the lock, and how many threads wait for it. A thread that has the lock may enter again; it yields only when it has entered once, for
 * then nothing of its host's is under way.
 */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/single_threaded.h>

#include "embed/embed.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint waiting, entered;
static __thread unsigned depth, runs;
static uint64_t failures; /* memory_failures when the thread that has the lock came in */

/* As long as there is one thread, pthread_mutex_lock takes the lock without an atomic operation, and nobody waits. */
static void lock(void) {
  if (__libc_single_threaded) {
    pthread_mutex_lock(&mutex);
  } else if (pthread_mutex_trylock(&mutex) != 0) {
    atomic_fetch_add(&waiting, 1);
    pthread_mutex_lock(&mutex);
    atomic_fetch_sub(&waiting, 1);
  }
  failures = memory_failures;
  atomic_store_explicit(&entered, atomic_load_explicit(&entered, memory_order_relaxed) + 1, memory_order_relaxed);
}

void api_enter(void) {
  if (depth++ == 0) lock();
}

void api_leave(void) {
  if (--depth == 0) pthread_mutex_unlock(&mutex);
}

void api_yield(void) {
  if (depth != 1 || atomic_load(&waiting) == 0) return;
  unsigned before = atomic_load(&entered);
  pthread_mutex_unlock(&mutex);
  while (atomic_load(&waiting) && atomic_load(&entered) == before) sched_yield();
  lock();
}

bool api_run_begin(void) { return runs < DEPTH_MAX && ++runs; }
void api_run_end(void) { runs--; }

/* Errors */

static FirnError memory_error = {.code = FIRN_E_MEMORY};

FirnError *error_memory(void) { return &memory_error; }

/* What is said about bytes or links may be wrong if memory was lacking. */
static bool is_memory(FirnCode code) { return (code == FIRN_E_MODULE || code == FIRN_E_LINK || code == FIRN_E_IMAGE) && memory_failures != failures; }

FirnError *error_make(FirnCode code, const char *format, ...) {
  if (depth > 0 && is_memory(code)) return &memory_error;
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, again);
  FirnError *error = length >= 0 ? malloc(sizeof *error + (size_t)length + 1) : NULL;
  if (error) {
    error->code = code;
    vsnprintf(error->text, (size_t)length + 1, format, args);
    while (length > 0 && error->text[length - 1] == '\n') error->text[--length] = 0;
  }
  va_end(again);
  va_end(args);
  return error ? error : &memory_error;
}

FirnError *error_reason(FirnCode code, const ModuleError *reason) {
  if (module_error_is_memory(reason)) return &memory_error;
  return error_make(code, "%s (at %llu)", reason->reason, (unsigned long long)reason->offset);
}

int firn_version(void) { return FIRN_VERSION; }
FirnCode firn_error_code(const FirnError *error) { return error ? error->code : FIRN_OK; }
const char *firn_error_text(const FirnError *error) { return !error ? "" : error == &memory_error ? "out of memory" : error->text; }
void firn_error_free(FirnError *error) { if (error != &memory_error) free(error); }
void firn_text_free(char *text) { free(text); }

FirnError *options_read(void *known, size_t known_size, const void *given, const char *what) {
  memset(known, 0, known_size);
  if (!given) return NULL;
  size_t size;
  memcpy(&size, given, sizeof size);
  if (size < sizeof size) return error_make(FIRN_E_ARGUMENT, "%s without its size: make it by the function of that name", what);
  memcpy(known, given, size < known_size ? size : known_size);
  return NULL;
}
