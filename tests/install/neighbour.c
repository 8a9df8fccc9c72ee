/* neighbour.c - a host that has uses of its own for everything that a garbage collector might take: signals, their handlers and mask, threads, static data that
 * cannot be read for now, and libgc itself when built with -DOWN_GC. Guests that collect much must not disturb it.
 *
 * Prints what was disturbed, or "undisturbed"; the exit status is 1 if anything was.
 */
#ifdef OWN_GC
#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include <gc/gc.h>
#endif
#include <firn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STATIC_SIZE = 64 << 20, THREADS = 4, ROUNDS = 5 };

static const char source[] =
    "class Node { next: Node?; number: int }\n"
    "pub fn work(n: int) -> int {\n"
    "  var sum = 0\n"
    "  for i in 0..n {\n"
    "    var list: Node? = nil\n"
    "    for k in 0..100 { list = Node(next: list, number: k) }\n"
    "    while let node = list { sum += node.number; list = node.next }\n"
    "  }\n"
    "  sum\n"
    "}\n";

static __attribute__((aligned(65536))) char secrets[STATIC_SIZE];
static volatile sig_atomic_t signals_seen, ended;
static struct sigaction before[NSIG];
static int disturbed;

static void expect(bool holds, const char *what) {
  if (holds) return;
  printf("disturbed: %s\n", what);
  disturbed = 1;
}

static void seen(int signal) {
  static const char text[] = "disturbed: static data is read\n";
  if (signal == SIGSEGV) _exit(write(1, text, sizeof text - 1) > 0 ? 1 : 2);
  signals_seen++;
}

/* A thread that never calls Firn; a signal would interrupt its sleep. */
static void *bystander(void *unused) {
  (void)unused;
  while (!ended) expect(usleep(1000) == 0, "a thread's sleep");
  return NULL;
}

static void *worker(void *unused) {
  (void)unused;
  FirnValue n = firn_int(500), result = firn_void();
  FirnProgram *program;
  FirnGuest *guest;
  FirnFunction *work;
  Firn *firn = firn_new();
  FirnError *error = firn_compile(firn, source, strlen(source), NULL, &program);
  if (!error) error = firn_guest_new(program, NULL, &guest);
  if (!error) firn_run(guest, 0);
  if (!error) error = firn_function(guest, "work", "(int) -> int", &work);
  for (int i = 0; !error && i < ROUNDS; i++) {
    error = firn_call(work, &n, 1, &result);
    expect(!error && result.as.integer == 500 * 4950, "a guest");
  }
  if (error) printf("%s\n", firn_error_text(error));
  firn_error_free(error);
  firn_free(firn);
  return NULL;
}

static bool is_ours(int signal) { return signal != SIGKILL && signal != SIGSTOP && (signal < 32 || signal >= SIGRTMIN); }

static void signals_take(void) {
  struct sigaction action = {.sa_handler = seen};
  for (int i = 1; i < NSIG; i++)
    if (is_ours(i)) sigaction(i, &action, NULL);
  for (int i = 1; i < NSIG; i++) sigaction(i, NULL, &before[i]);
}

#ifndef OWN_GC
static void signals_compare(const sigset_t *mask) {
  sigset_t now;
  for (int i = 1; i < NSIG; i++) {
    struct sigaction after;
    if (is_ours(i) && sigaction(i, NULL, &after) == 0) expect(after.sa_handler == before[i].sa_handler && after.sa_flags == before[i].sa_flags, "a handler");
  }
  pthread_sigmask(SIG_SETMASK, NULL, &now);
  for (int i = 1; i < NSIG; i++) expect(sigismember(&now, i) == sigismember(mask, i), "the signal mask");
  expect(signals_seen == 0, "a signal was sent");
  raise(SIGPWR);
  raise(SIGXCPU);
  expect(signals_seen == 2, "the host's own signals");
}
#endif

int main(void) {
  pthread_t bystanders[THREADS], workers[THREADS];
  sigset_t mask;
#ifdef OWN_GC
  static void **volatile kept;
  GC_INIT();
  kept = GC_MALLOC(sizeof *kept);
  *kept = GC_MALLOC_ATOMIC(100);
  memset(*kept, 'x', 100);
#endif
  signals_take();
  sigemptyset(&mask);
  for (int i = SIGRTMIN; i <= SIGRTMAX; i += 2) sigaddset(&mask, i);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  memset(secrets, 1, sizeof secrets);
  mprotect(secrets, sizeof secrets, PROT_NONE); /* who reads it as roots crashes */
  for (int i = 0; i < THREADS; i++) pthread_create(&bystanders[i], NULL, bystander, NULL);
  for (int i = 0; i < THREADS; i++) pthread_create(&workers[i], NULL, worker, NULL);
  worker(NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(workers[i], NULL);
  ended = 1;
  for (int i = 0; i < THREADS; i++) pthread_join(bystanders[i], NULL);
  mprotect(secrets, sizeof secrets, PROT_READ);
#ifdef OWN_GC
  size_t collections = GC_get_gc_no();
  GC_gcollect();
  expect(GC_get_gc_no() == collections + 1 && ((char *)*kept)[99] == 'x', "the host's own libgc");
#else
  signals_compare(&mask);
#endif
  if (!disturbed) printf("undisturbed\n");
  return disturbed;
}
