/* service.c - a service that loses no work when it is restarted: on SIGTERM it freezes its guests, and at its next start thaws them and goes on.
 *
 *   service FILE FOLDER GUESTS LIMIT
 *
 * Runs GUESTS guests of the program in FILE (primes.firn), each with its number and LIMIT as arguments, by turns of UNITS of fuel. FOLDER is where their images
 * go, GUEST.fimg; an image that is there when the service starts is thawed instead of beginning that guest. The exit status is 0 when all have finished, and
 * 3 when the rest of the work is in FOLDER. Images hold the program, so that they go on with the code they began with even if FILE is new by then.
 */
#include <firn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS = 100000, GUESTS_MAX = 64, PATH_SIZE = 4096 };

static volatile sig_atomic_t ending;
static FirnGuest *volatile running; /* what the signal's handler stops */

static void end(int signal) {
  (void)signal;
  ending = 1;
  if (running) firn_stop(running);
}

static void die(const char *what, FirnError *error) {
  if (!error) return;
  fprintf(stderr, "service: %s: %s\n", what, firn_error_text(error));
  exit(1);
}

static bool file_write(void *file, const void *bytes, size_t length) { return fwrite(bytes, 1, length, file) == length; }

static ptrdiff_t file_read(void *file, void *bytes, size_t length) {
  size_t got = fread(bytes, 1, length, file);
  return ferror((FILE *)file) ? -1 : (ptrdiff_t)got;
}

/* Freezes a guest into its file, which is there whole or not at all. */
static void guest_freeze(FirnGuest *guest, const char *path) {
  if (firn_status(guest) == FIRN_FAILED) return;
  char draft[PATH_SIZE + 8];
  snprintf(draft, sizeof draft, "%s.new", path);
  FILE *file = fopen(draft, "wb");
  if (!file) perror(draft), exit(1);
  die(draft, firn_freeze(guest, false, file_write, file));
  if (fclose(file) != 0 || rename(draft, path) != 0) perror(path), exit(1);
}

/* The guest that a file holds; NULL if there is no such file. */
static FirnGuest *guest_thaw(Firn *firn, const char *path) {
  FirnGuest *guest;
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  die(path, firn_thaw(firn, file_read, file, NULL, &guest));
  fclose(file);
  remove(path);
  return guest;
}

static FirnGuest *guest_begin(FirnProgram *program, int number, const char *limit) {
  char name[16];
  const char *args[] = {name, limit};
  snprintf(name, sizeof name, "guest %d", number);
  FirnGuestOptions options = firn_guest_options();
  options.args = args;
  options.nargs = 2;
  FirnGuest *guest;
  die("can't begin", firn_guest_new(program, &options, &guest));
  return guest;
}

static FirnProgram *program_of(Firn *firn, const char *path) {
  static char text[1 << 16];
  FILE *file = fopen(path, "rb");
  if (!file) perror(path), exit(1);
  size_t length = fread(text, 1, sizeof text, file);
  fclose(file);
  FirnProgram *program;
  die(path, firn_compile(firn, text, length, NULL, &program));
  return program;
}

/* Lets a guest work for a while, unless it is over; a failed one says why. */
static void guest_work(FirnGuest *guest) {
  if (firn_status(guest) != FIRN_RUNNABLE) return;
  running = guest;
  FirnStatus status = firn_run(guest, UNITS);
  running = NULL;
  if (status != FIRN_FAILED) return;
  char *report = firn_report(guest);
  fprintf(stderr, "service: a guest has failed: %s\n", report ? report : "");
  firn_text_free(report);
}

/* Runs the guests by turns until all are over or the service is to end; how many are not over. */
static int run_all(FirnGuest **guests, int count) {
  int left;
  do {
    left = 0;
    for (int i = 0; i < count && !ending; i++) guest_work(guests[i]);
    for (int i = 0; i < count; i++) left += firn_status(guests[i]) == FIRN_RUNNABLE;
    fflush(stdout);
  } while (left > 0 && !ending);
  return left;
}

int main(int argc, char **argv) {
  int count = argc == 5 ? atoi(argv[3]) : 0;
  if (count < 1 || count > GUESTS_MAX) return fprintf(stderr, "usage: service FILE FOLDER GUESTS LIMIT\n"), 2;
  signal(SIGTERM, end);
  Firn *firn = firn_new();
  FirnProgram *program = program_of(firn, argv[1]);
  FirnGuest *guests[GUESTS_MAX];
  char paths[GUESTS_MAX][PATH_SIZE];
  int thawed = 0;
  for (int i = 0; i < count; i++) {
    snprintf(paths[i], PATH_SIZE, "%s/%d.fimg", argv[2], i);
    guests[i] = guest_thaw(firn, paths[i]);
    if (guests[i]) thawed++;
    else guests[i] = guest_begin(program, i, argv[4]);
  }
  fprintf(stderr, "service: %d thawed, %d begun\n", thawed, count - thawed);
  int left = run_all(guests, count);
  /* Those that have finished too: they are not to begin again. */
  for (int i = 0; left > 0 && i < count; i++) guest_freeze(guests[i], paths[i]);
  firn_free(firn);
  return left > 0 ? 3 : 0;
}
