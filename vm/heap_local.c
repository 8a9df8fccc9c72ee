/* heap_local.c - the part of libgc that gives each thread free lists of its own, left out.
 *
 * Interface: none of Firn's. These are the functions and the one variable by which the rest of libgc 8 reaches its thread_local_alloc.c. Defined
 * here, the linker does not take that file from libgc.a: its thread-local variable is compiled for executables, and it alone keeps Debian's libgc.a
 * out of a shared library. heap.c has free lists of its own and a lock, so nothing is lost. Were a future libgc to need more of that file, the link
 * would fail with symbols defined twice.
 */
#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include <gc/gc.h>
#include <gc/gc_inline.h>

extern __thread void *GC_thread_key;
void GC_init_thread_local(void *lists);
void GC_destroy_thread_local(void *lists);
void GC_mark_thread_local_fls_for(void *lists);

__thread void *GC_thread_key;

void GC_init_thread_local(void *lists) { (void)lists; }

void GC_destroy_thread_local(void *lists) { (void)lists; }

void GC_mark_thread_local_fls_for(void *lists) { (void)lists; }

void *GC_malloc_kind(size_t size, int kind) { return GC_malloc_kind_global(size, kind); }
