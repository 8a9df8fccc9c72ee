/* firn.h - the embedding API of Firn: all that a host needs to compile, limit, run, call, freeze and thaw guests.
 *
 * C99, and C++11 and later. Everything hangs on objects that the host makes and frees: an engine (Firn), programs, guests, bound functions. What can fail returns
 * a FirnError *, NULL for success; nothing prints, exits or jumps. NULL may be given to every function that frees.
 *
 * Words: a program is compiled and linked code, shared by its guests and never changed. A guest is one isolated running program with all its state; it gets nothing
 * of the outside but what its options grant. Fuel counts what a guest executes, in units that are the same on every machine; memory is counted in logical bytes.
 *
 * Threads: any thread may call any function at any time; one lock lets one of them in at a time, and firn_run and firn_call_finish let others in between slices. Only
 * firn_stop never waits. Objects may move from thread to thread. Callbacks run on the thread that called in, with the lock held, and may call in themselves.
 * A guest runs once at a time: what would have to run, change or free a running guest from its own callbacks answers FIRN_E_STATE (firn_call_begin and what only asks are fine).
 */
#ifndef FIRN_H
#define FIRN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FIRN_VERSION_MAJOR 0
#define FIRN_VERSION_MINOR 1
#define FIRN_VERSION_PATCH 0
#define FIRN_VERSION (FIRN_VERSION_MAJOR * 10000 + FIRN_VERSION_MINOR * 100 + FIRN_VERSION_PATCH)

#if defined(__GNUC__)
#define FIRN_CHECK __attribute__((visibility("default"), warn_unused_result))
#define FIRN_API __attribute__((visibility("default")))
#else
#define FIRN_CHECK
#define FIRN_API
#endif

typedef struct Firn Firn;                 /* an engine: host functions and programs */
typedef struct FirnProgram FirnProgram;
typedef struct FirnGuest FirnGuest;
typedef struct FirnFunction FirnFunction; /* a guest's function, bound by its type */
typedef struct FirnCall FirnCall;         /* a host function that a guest has called, while it runs */
typedef struct FirnError FirnError;

/* FIRN_VERSION of the library that is linked. */
FIRN_API int firn_version(void);

/* ---- Errors ---- */

typedef enum FirnCode {
  FIRN_OK = 0,
  FIRN_E_MEMORY = 1,   /* the host's memory is out */
  FIRN_E_ARGUMENT = 2, /* an argument is NULL, out of range, or a text that cannot be read */
  FIRN_E_COMPILE = 3,  /* the source has errors; the text shows them with their lines */
  FIRN_E_MODULE = 4,   /* the bytes are no valid module */
  FIRN_E_LINK = 5,     /* the program declares a type or a function of the host that is not defined, or a function that has another type */
  FIRN_E_DENIED = 6,   /* the program uses host functions that the guest is not granted */
  FIRN_E_TYPE = 7,     /* a value or a function has another type */
  FIRN_E_NAME = 8,     /* there is no function of that name */
  FIRN_E_STATE = 9,    /* not now: the guest runs, has ended, or the function is being called already */
  FIRN_E_FUEL = 10,    /* the guest is out of fuel: give it more and go on */
  FIRN_E_WAITING = 11, /* the guest waits for an operation: complete it and go on */
  FIRN_E_STOPPED = 12, /* firn_stop was called: go on, or do not */
  FIRN_E_FAILED = 13,  /* the guest has failed: a panic, a limit, a trap of the host's; the text has the trace */
  FIRN_E_RESULT = 14,  /* the function returned an error (its result is a `T!`); the text is its message. The guest is as well as ever */
  FIRN_E_IMAGE = 15,   /* the bytes are no valid image, or a guest cannot be frozen */
  FIRN_E_IO = 16,      /* a read or write callback has failed, or a folder cannot be opened */
  FIRN_E_TIME = 17,    /* out of time: what was compiled is none; a guest may go on after firn_timeout_set */
  FIRN_E_OBJECT = 18,  /* an object of the host that the guest was not given, or not any more */
} FirnCode;

/* What went wrong; FIRN_OK for NULL. */
FIRN_API FirnCode firn_error_code(const FirnError *error);
/* The same in words, without a newline at the end; lasts as long as the error. Empty for NULL. */
FIRN_API const char *firn_error_text(const FirnError *error);
FIRN_API void firn_error_free(FirnError *error);

/* ---- Values ---- */

typedef uint64_t FirnRef; /* a reference into a guest's heap; 0 is none. It means nothing to other guests */

typedef enum FirnKind {
  FIRN_VOID,    /* nothing */
  FIRN_NIL,     /* of any `T?`; other values of a `T?` are given as the T */
  FIRN_BOOL,    /* as.boolean */
  FIRN_INT,     /* as.integer */
  FIRN_FLOAT,   /* as.number */
  FIRN_CHAR,    /* as.character, a Unicode scalar value */
  FIRN_STRING,  /* as.text: `count` bytes of UTF-8. From the library with a NUL behind, which is not counted */
  FIRN_BYTES,   /* as.bytes: `count` bytes */
  FIRN_LIST,    /* as.items: `count` elements */
  FIRN_INTS,    /* as.integers: a list of ints; what lists of ints come as */
  FIRN_FLOATS,  /* as.numbers: a list of floats; what lists of floats come as */
  FIRN_MAP,     /* as.items: key, value, key, value, ...; `count` pairs */
  FIRN_TUPLE,   /* as.items: `count` parts */
  FIRN_REF,     /* as.ref: anything else (objects of classes and enums, functions, ...), by identity */
  FIRN_OBJECT,  /* as.object: an object of the host, of a type of firn_type. What the host gave the guest (firn_object_add), never NULL */
} FirnKind;

/* A value of any type. Lists, maps, tuples, strings and bytes are copies. Given to the library, what a value points to is only read, at once. What a
 * guest with a memory quota gives may take 24 times as much as that. Given by the library, it lasts, references in it too, until the host function returns whose argument it is, or until the bound function whose result it is is called again or freed. */
typedef struct FirnValue {
  FirnKind kind;
  size_t count;
  union {
    bool boolean;
    int64_t integer;
    double number;
    uint32_t character;
    const char *text;
    const uint8_t *bytes;
    const struct FirnValue *items;
    const int64_t *integers;
    const double *numbers;
    FirnRef ref;
    void *object;
  } as;
} FirnValue;

static inline FirnValue firn_void(void) { FirnValue v; memset(&v, 0, sizeof v); return v; }
static inline FirnValue firn_nil(void) { FirnValue v = firn_void(); v.kind = FIRN_NIL; return v; }
static inline FirnValue firn_bool(bool x) { FirnValue v = firn_void(); v.kind = FIRN_BOOL; v.as.boolean = x; return v; }
static inline FirnValue firn_int(int64_t x) { FirnValue v = firn_void(); v.kind = FIRN_INT; v.as.integer = x; return v; }
static inline FirnValue firn_float(double x) { FirnValue v = firn_void(); v.kind = FIRN_FLOAT; v.as.number = x; return v; }
static inline FirnValue firn_char(uint32_t x) { FirnValue v = firn_void(); v.kind = FIRN_CHAR; v.as.character = x; return v; }
static inline FirnValue firn_text(const char *x, size_t n) { FirnValue v = firn_void(); v.kind = FIRN_STRING; v.count = n; v.as.text = x; return v; }
static inline FirnValue firn_string(const char *x) { return firn_text(x, strlen(x)); }
static inline FirnValue firn_bytes(const void *x, size_t n) { FirnValue v = firn_void(); v.kind = FIRN_BYTES; v.count = n; v.as.bytes = (const uint8_t *)x; return v; }
static inline FirnValue firn_list(const FirnValue *x, size_t n) { FirnValue v = firn_void(); v.kind = FIRN_LIST; v.count = n; v.as.items = x; return v; }
static inline FirnValue firn_ints(const int64_t *x, size_t n) { FirnValue v = firn_void(); v.kind = FIRN_INTS; v.count = n; v.as.integers = x; return v; }
static inline FirnValue firn_floats(const double *x, size_t n) { FirnValue v = firn_void(); v.kind = FIRN_FLOATS; v.count = n; v.as.numbers = x; return v; }
static inline FirnValue firn_map(const FirnValue *x, size_t pairs) { FirnValue v = firn_void(); v.kind = FIRN_MAP; v.count = pairs; v.as.items = x; return v; }
static inline FirnValue firn_tuple(const FirnValue *x, size_t n) { FirnValue v = firn_void(); v.kind = FIRN_TUPLE; v.count = n; v.as.items = x; return v; }
static inline FirnValue firn_ref(FirnRef x) { FirnValue v = firn_void(); v.kind = FIRN_REF; v.as.ref = x; return v; }
static inline FirnValue firn_object(void *x) { FirnValue v = firn_void(); v.kind = FIRN_OBJECT; v.as.object = x; return v; }

/* ---- Options ---- */
/* Each begins with its size, which the function of its name sets; all else is zero then, and zero means the default. Where options are a parameter, NULL is all
 * defaults. What they point to is copied. */

#define FIRN_OPTIONS(type, name) \
  static inline type name(void) { type options; memset(&options, 0, sizeof options); options.size = sizeof options; return options; }

/* ---- Engines ---- */

/* Makes an engine, without host functions or programs. NULL when memory is out. */
FIRN_API Firn *firn_new(void);
/* Frees an engine with all its guests and programs; not inside of a callback of one of its guests. */
FIRN_API void firn_free(Firn *firn);

/* How a host function ends. */
typedef enum FirnAnswer {
  FIRN_DONE,    /* *result is the result; left alone, it is nothing, nil or zero */
  FIRN_TRAP,    /* the guest fails at the call, with the text of firn_call_trap */
  FIRN_SUSPEND, /* the task waits, others go on: after firn_call_suspend, whose token completes it */
  FIRN_ERROR,   /* the guest gets an error with the text of firn_call_error: of a function whose result is a `T!`; others trap */
} FirnAnswer;

/* A host function: `args` are as its signature says, and the result must be. */
typedef FirnAnswer (*FirnHostFn)(FirnCall *call, const FirnValue *args, FirnValue *result);

/* Defines a function for programs that are compiled, loaded or thawed afterwards: "game.move_to(int, int) -> bool" is what they declare by
 * `extern "game" fn move_to(x: int, y: int) -> bool`. Types: void bool int float char string bytes, lists [T], maps [K: V], tuples (A, B), T?, fn(A) -> B, and types of
 * firn_type, as `Sprite` or `game.Sprite`. A result may be a T!: the function answers FIRN_DONE with a T, or FIRN_ERROR. */
FIRN_API FIRN_CHECK FirnError *firn_define(Firn *firn, const char *signature, FirnHostFn fn, void *userdata);

/* Takes back an object that a guest was given: it was dropped, or the guest is being freed. */
typedef void (*FirnRelease)(void *userdata, FirnGuest *guest, int64_t id, void *object);
/* Defines a type whose values are objects of the host, for programs that are compiled, loaded or thawed afterwards: "game.Sprite" is what they declare by
 * `extern "game" type Sprite`. A program keeps, passes, prints and compares them, but makes none and sees nothing of them. `release` may be NULL. Define types before functions that name them. */
FIRN_API FIRN_CHECK FirnError *firn_type(Firn *firn, const char *name, FirnRelease release, void *userdata);

/* ---- Programs ---- */

/* Gives the text of a module that a program imports by a path ("./geometry" from "dir/main.firn" is "dir/geometry.firn"); false if there is none. The text
 * must stay until firn_compile returns. */
typedef bool (*FirnLoad)(void *userdata, const char *path, const char **text, size_t *length);

typedef struct FirnCompileOptions {
  size_t size;
  const char *path;    /* what messages and traces call the source; NULL: "main.firn" */
  FirnLoad load;       /* NULL: only modules of the library can be imported. Nothing is read from disk */
  void *load_userdata;
  int64_t timeout;     /* microseconds that it may take, by the clock; 0: any. FIRN_E_TIME */
} FirnCompileOptions;
FIRN_OPTIONS(FirnCompileOptions, firn_compile_options)

/* Takes bytes, in order; false stops. */
typedef bool (*FirnWrite)(void *userdata, const void *bytes, size_t length);
/* Gives the next bytes: how many of at most `length`, 0 at the end, negative if reading fails. */
typedef ptrdiff_t (*FirnRead)(void *userdata, void *bytes, size_t length);

/* Compiles, verifies and links source text of `length` bytes. */
FIRN_API FIRN_CHECK FirnError *firn_compile(Firn *firn, const char *text, size_t length, const FirnCompileOptions *options, FirnProgram **program);
/* Loads what firn_program_write or `firn build` wrote. Any bytes are safe: they are a valid program or an error. */
FIRN_API FIRN_CHECK FirnError *firn_load(Firn *firn, const void *bytes, size_t length, FirnProgram **program);
/* Writes a program as a portable module; `strip` leaves out names and lines that only traces need. */
FIRN_API FIRN_CHECK FirnError *firn_program_write(FirnProgram *program, bool strip, FirnWrite write, void *userdata);
/* The name and type of its exported functions, by index: ("score", "(int, string) -> float"). False behind the last. The texts last as long as the program. */
FIRN_API bool firn_program_export(FirnProgram *program, size_t index, const char **name, const char **type);
/* Lets go of a program; it is freed with its last guest. */
FIRN_API void firn_program_free(FirnProgram *program);

/* ---- Guests ---- */

/* What of the outside a guest may reach through the standard library, as bits. */
typedef enum FirnGrant {
  FIRN_GRANT_FS_READ = 1,
  FIRN_GRANT_FS_WRITE = 2,
  FIRN_GRANT_ENV = 8,
  FIRN_GRANT_TIME = 16,   /* the clock, and sleeping */
  FIRN_GRANT_RANDOM = 32, /* random numbers that nobody can guess */
  FIRN_GRANT_STDIN = 64,  /* reading lines: of `read_line`, or else of the process's standard input */
  FIRN_GRANT_STDERR = 128,
} FirnGrant;

typedef struct FirnFolder {
  const char *path;
  bool read_only;
} FirnFolder;

/* Answers of FirnReadLine. */
typedef enum FirnInput { FIRN_INPUT_END, FIRN_INPUT_LINE, FIRN_INPUT_WAIT } FirnInput;
/* Gives the next line of a guest's input, without its end; the text is copied at once. WAIT: there is none yet; it is asked again when the guest is run. */
typedef FirnInput (*FirnReadLine)(void *userdata, const char **text, size_t *length);

/* Whether functions of a guest become native code (docs/compiling.md): those that are hot, in a thread that the library starts, or each before it runs first, for
 * tests: then a guest waits for that, but not beyond its timeout. Nothing else changes: results, fuel, limits and images are the same. Where the plugin firn-jit.so is missing, nothing is compiled. */
typedef enum FirnJit { FIRN_JIT_OFF, FIRN_JIT_ON, FIRN_JIT_ALWAYS } FirnJit;

typedef struct FirnGuestOptions {
  size_t size;
  int64_t fuel;                /* units to begin with; 0: without limit, negative: none */
  uint64_t memory;             /* quota in bytes; 0: none */
  uint64_t stack;              /* limit of each task's stack, in bytes; 0: 64 MB */
  unsigned grants;             /* FirnGrant bits */
  const FirnFolder *folders;   /* files may be reached below these only; grants reading them, and writing those that are not read_only */
  size_t nfolders;
  const char *const *modules;  /* host modules ("game") whose functions it may use; NULL: all that are defined */
  size_t nmodules;
  const char *const *args;     /* main's arguments */
  size_t nargs;
  FirnWrite write;             /* takes what it prints; NULL: standard output */
  FirnReadLine read_line;
  void *userdata;              /* given to write and read_line; firn_guest_userdata */
  uint64_t output;             /* the most bytes it may print and write to files; 0: no limit. Over it, it fails */
  uint64_t tasks;              /* the most tasks at a time, calls included; 0: no limit. Over it, it fails */
  int64_t timeout;             /* microseconds by the clock from now on, after which it stops; 0: any. See firn_timeout_set */
  FirnJit jit;
} FirnGuestOptions;
FIRN_OPTIONS(FirnGuestOptions, firn_guest_options)

/* Makes a guest, about to run the program's top level and main. Microseconds. */
FIRN_API FIRN_CHECK FirnError *firn_guest_new(FirnProgram *program, const FirnGuestOptions *options, FirnGuest **guest);
/* Frees a guest with its bound functions; does nothing to one that runs. */
FIRN_API void firn_guest_free(FirnGuest *guest);
FIRN_API void *firn_guest_userdata(const FirnGuest *guest);
FIRN_API FirnProgram *firn_guest_program(const FirnGuest *guest);

typedef enum FirnStatus {
  FIRN_RUNNABLE,    /* firn_run goes on */
  FIRN_OUT_OF_FUEL, /* give it more; until then firn_run does nothing */
  FIRN_WAITING,     /* for the host, or a time: see firn_wait_micros, firn_wants_input, firn_pending */
  FIRN_FINISHED,    /* the program is over; its functions can be called */
  FIRN_FAILED,      /* firn_report says why */
  FIRN_OUT_OF_TIME, /* its time is over (firn_timeout_set): until it gets more, firn_run does nothing */
} FirnStatus;

/* Runs a guest until it is out of fuel, waits, has finished or failed, or has used so many units (0: no bound but its fuel), or is stopped. Completes what is due and
 * lines of input first. Never fails by itself: the answer is firn_status. */
FIRN_API FirnStatus firn_run(FirnGuest *guest, int64_t units);
FIRN_API FirnStatus firn_status(const FirnGuest *guest);
/* What main returned, or what `exit` was given; 0 before the guest has finished. */
FIRN_API int64_t firn_exit_status(const FirnGuest *guest);
/* A failed guest's message and trace, otherwise where it is; NULL when memory is out. The caller frees it by firn_text_free. */
FIRN_API char *firn_report(const FirnGuest *guest);
FIRN_API void firn_text_free(char *text);
/* Makes firn_run or firn_call_finish of this guest return soon, at a safepoint; the guest can go on. From any thread, or a signal handler, as long as the guest is there. */
FIRN_API void firn_stop(FirnGuest *guest);
/* Makes a failed guest one that has finished: the tasks that failed and that began the program are dropped, its variables stay as they are, other tasks wait on. Not if it called
 * `exit`, nor while it is over its memory quota. */
FIRN_API FIRN_CHECK FirnError *firn_recover(FirnGuest *guest);

/* ---- Many guests on one thread ---- */

/* Puts a guest into its engine's schedule, or back into it, or gives it another weight, from 1 to FIRN_WEIGHT_MAX; 0 takes it out. It has firn_schedule_run look at a guest that
 * waits, too: for hosts whose `read_line` has a line now. */
enum { FIRN_WEIGHT_MAX = 65536 };
FIRN_API FIRN_CHECK FirnError *firn_schedule(FirnGuest *guest, uint32_t weight);

typedef struct FirnTurn {
  size_t size;
  int64_t units;       /* given: ends when all together have used so many, but for the last operation; 0: no bound */
  int64_t micros;      /* given: ends soon after so many microseconds; 0: no bound */
  int64_t used;        /* all below is the answer. Units that were used */
  int64_t wait_micros; /* until there is something to do again by itself; 0: now; INT64_MAX: never */
  uint64_t slices;     /* how often a guest was given the thread */
  uint32_t ready;      /* guests that can go on */
  uint32_t waiting;    /* guests that wait */
  uint32_t left;       /* guests that firn_schedule_next has to give */
  bool wants_input;    /* one waits for standard input */
} FirnTurn;
FIRN_OPTIONS(FirnTurn, firn_turn)

/* Runs the guests of an engine's schedule in turns, until the bounds of *turn, which may be NULL, or until none can go on. Guests that could go on all the time have used fuel by their weights, exactly:
 * for each unit of weight, two of them differ by at most FIRN_SLICE units and what one operation costs. What a guest does not use while it waits is not saved up; what an
 * operation costs beyond its turn is made good. A guest that waits costs nothing. One that has finished, failed, is out of fuel or of time or was stopped leaves the
 * schedule. FIRN_E_STATE: this engine's schedule is being run already. */
enum { FIRN_SLICE = 4096 };
FIRN_API FIRN_CHECK FirnError *firn_schedule_run(Firn *firn, FirnTurn *turn);
/* The next guest that has left the schedule and was not given yet; firn_status says why, FIRN_RUNNABLE and FIRN_WAITING for one that was stopped. NULL if there is none. */
FIRN_API FirnGuest *firn_schedule_next(Firn *firn);
/* A descriptor that can be read from (poll, epoll; nothing is read) while firn_schedule_run or firn_schedule_next has something to do: a time has come, there is input, another thread has
 * completed an operation. One for each engine, closed by firn_free. -1: there are no descriptors left. */
FIRN_API int firn_schedule_descriptor(Firn *firn);

/* ---- Limits and figures ---- */

/* The balance; negative when the last operation cost more than was left. INT64_MAX: without limit. */
FIRN_API int64_t firn_fuel(const FirnGuest *guest);
/* Sets the balance, as GuestOptions.fuel would: INT64_MAX is without limit. Also from a host function. */
FIRN_API FIRN_CHECK FirnError *firn_fuel_set(FirnGuest *guest, int64_t units);
/* Gives a guest so many microseconds from now on, by the clock, waiting and the host's own work included; 0: any. Past that it stops, whatever it does, as soon as an operation
 * or some hundred thousand units are done, and is FIRN_OUT_OF_TIME; it is as well as ever. A clone has the time of its original, an image none. Also from a host function. */
FIRN_API FIRN_CHECK FirnError *firn_timeout_set(FirnGuest *guest, int64_t micros);
/* Changes the memory quota; 0: none. FIRN_E_FAILED: it has more than that, and has failed. */
FIRN_API FIRN_CHECK FirnError *firn_memory_set(FirnGuest *guest, uint64_t bytes);

typedef struct FirnStats {
  size_t size;
  uint64_t fuel_used;    /* units, since it began; images carry it on */
  uint64_t allocated;    /* logical bytes, since it began */
  uint64_t memory;       /* logical bytes live now, with the program's code; takes time in proportion. 0 while the guest runs */
  uint64_t memory_limit; /* 0: none */
  uint32_t tasks;        /* not yet ended */
  uint32_t pending;      /* operations it waits for */
  uint32_t refs;         /* references that the host holds */
  uint32_t objects;      /* of the host, that it was given */
} FirnStats;
FIRN_OPTIONS(FirnStats, firn_stats_size)

/* Fills stats.size bytes of *stats in. */
FIRN_API FIRN_CHECK FirnError *firn_stats(FirnGuest *guest, FirnStats *stats);
/* Takes a row of a guest's heap: a type's objects and their logical bytes. False stops. */
typedef bool (*FirnHeapRow)(void *userdata, const char *type, uint64_t count, uint64_t bytes);
/* What is live, by type, most bytes first. */
FIRN_API FIRN_CHECK FirnError *firn_heap(FirnGuest *guest, FirnHeapRow row, void *userdata);

/* ---- Calling a guest's functions ---- */

/* Binds a function that the program exports (`pub fn` of its main module) by name and exact type, "(int, string) -> float"; spaces do not count. Bind once, call often.
 * It is freed with its guest at the latest. */
FIRN_API FIRN_CHECK FirnError *firn_function(FirnGuest *guest, const char *name, const char *type, FirnFunction **function);
/* The same for a function value that a guest has given, of type "fn(int) -> bool". */
FIRN_API FIRN_CHECK FirnError *firn_function_ref(FirnGuest *guest, FirnRef ref, const char *type, FirnFunction **function);
FIRN_API void firn_function_free(FirnFunction *function);

/* Calls a function and runs its guest until it has returned: firn_call_begin, then firn_call_finish. *result (may be NULL) is its result. After FIRN_E_FUEL, FIRN_E_WAITING or
 * FIRN_E_STOPPED the call is still there: go on with firn_call_finish, or drop it. */
FIRN_API FIRN_CHECK FirnError *firn_call(FirnFunction *function, const FirnValue *args, size_t nargs, FirnValue *result);

/* Takes a call's end: `error` and `result` are as of firn_call, and the callee's for as long as the callback runs. */
typedef void (*FirnEnded)(FirnGuest *guest, const FirnError *error, const FirnValue *result, void *userdata);
/* Begins a call, a task of its own, which runs when the task that runs now waits or has ended: at the next firn_run or firn_call_finish. With `ended`, that one calls it when
 * the call is over, and the function is free again; a guest's failure or end is the end of its calls. May be called in a host function of the same guest, which suspends its
 * task and lets `ended` complete it: so guests call hosts that call guests without any depth, and can be frozen in between. One call at a time for each bound function. */
FIRN_API FIRN_CHECK FirnError *firn_call_begin(FirnFunction *function, const FirnValue *args, size_t nargs, FirnEnded ended, void *userdata);
/* Runs the guest until the call that was begun without `ended` has returned. */
FIRN_API FIRN_CHECK FirnError *firn_call_finish(FirnFunction *function, FirnValue *result);
/* Drops a call that has not ended: nothing of it runs any more, not even its `defer`s. */
FIRN_API FIRN_CHECK FirnError *firn_call_drop(FirnFunction *function);

/* ---- In host functions ---- */

FIRN_API FirnGuest *firn_call_guest(const FirnCall *call);
FIRN_API void *firn_call_userdata(const FirnCall *call); /* of firn_define */
/* Sets the message of FIRN_TRAP, copied, and returns FIRN_TRAP. */
FIRN_API FirnAnswer firn_call_trap(FirnCall *call, const char *text);
/* Sets the error's message, copied, and returns FIRN_ERROR: the guest can handle it. */
FIRN_API FirnAnswer firn_call_error(FirnCall *call, const char *text);
/* Gives the operation that the task will wait for a token, and returns FIRN_SUSPEND. Tokens count from 1 in each guest, and mean the same after it was frozen or cloned. */
FIRN_API FirnAnswer firn_call_suspend(FirnCall *call, uint64_t *token);
/* Room that lasts until the host function's result has been copied, for results that point to something; NULL when memory is out. */
FIRN_API void *firn_call_room(FirnCall *call, size_t bytes);

/* ---- Operations that tasks wait for ---- */

/* Gives a suspended host function its result. Also from host functions and from other threads. */
FIRN_API FIRN_CHECK FirnError *firn_complete(FirnGuest *guest, uint64_t token, const FirnValue *result);
/* Makes it fail instead: a function whose result is a `T!` gives the guest an error with that text, which it can handle; with any other the guest fails at the call. */
FIRN_API FIRN_CHECK FirnError *firn_complete_error(FirnGuest *guest, uint64_t token, const char *text);

typedef struct FirnPending {
  size_t size;
  uint64_t token;
  const char *name;   /* "game.ask", as long as the engine lives */
  int64_t micros;     /* until it is over by itself; INT64_MAX: the host will say */
} FirnPending;
FIRN_OPTIONS(FirnPending, firn_pending_size)

/* The guest's operations, by index, in no order; false behind the last. For hosts that have thawed or cloned a guest, too. */
FIRN_API bool firn_pending(FirnGuest *guest, size_t index, FirnPending *pending);
/* The arguments of a suspended host function, copied; *args (firn_pending_free) has as many values as it has parameters. */
FIRN_API FIRN_CHECK FirnError *firn_pending_args(FirnGuest *guest, uint64_t token, FirnValue **args, size_t *nargs);
FIRN_API void firn_pending_free(FirnGuest *guest, FirnValue *args);

/* Microseconds until firn_run has something to complete by itself; 0: now; INT64_MAX: never. */
FIRN_API int64_t firn_wait_micros(FirnGuest *guest);
/* Whether the guest waits for a line of input. */
FIRN_API bool firn_wants_input(FirnGuest *guest);

/* ---- References ---- */

/* Keeps what a reference leads to, beyond the life of the value it came in: a reference of the host's own, until firn_ref_drop. 0 if `ref` is none, or memory is out. */
FIRN_API FirnRef firn_ref_keep(FirnGuest *guest, FirnRef ref);
FIRN_API void firn_ref_drop(FirnGuest *guest, FirnRef ref);
/* Whether two references lead to the same object. */
FIRN_API bool firn_ref_same(FirnGuest *guest, FirnRef a, FirnRef b);
/* The type of what it leads to, "Point" or "fn(int) -> bool", as long as the program lives; NULL if it is none. */
FIRN_API const char *firn_ref_type(FirnGuest *guest, FirnRef ref);

/* ---- Objects of the host ---- */

/* Gives a guest an object, of a type of firn_type, under an id that the host chooses: from now on firn_object(object) is a value for this guest, and what the guest passes back comes as `object`. What of
 * the guest has that type and id stands for the object: == compares ids, printing shows `Sprite#7`, an image keeps the id. So ids should be given once and never again. Giving the
 * same again does nothing; another object with that id, or another id for it, is FIRN_E_STATE. An object that is given takes 64 bytes of the guest's memory until it is dropped or the guest freed: the
 * library cannot know earlier that the guest does not need it any more. `object` is never NULL. Also from a host function. */
FIRN_API FIRN_CHECK FirnError *firn_object_add(FirnGuest *guest, const char *type, int64_t id, void *object);
/* Takes an object back, which calls the type's FirnRelease. What the guest still has of it stays equal to itself, but no host function is called with it: one whose result is a `T!` gives
 * the guest an error instead, with others the guest fails at the call. FIRN_E_OBJECT: it has none of that id. */
FIRN_API FIRN_CHECK FirnError *firn_object_drop(FirnGuest *guest, const char *type, int64_t id);

typedef struct FirnObject {
  size_t size;
  const char *type;   /* "game.Sprite", as long as the engine lives */
  int64_t id;
  void *object;
} FirnObject;
FIRN_OPTIONS(FirnObject, firn_object_size)

/* The objects that a guest was given, by index, in no order; false behind the last. For hosts that freeze a guest: neither images nor clones bring any, the host gives them anew, by the
 * ids that it wrote down. An image must not decide on that: whoever wrote it chose the ids in it. */
FIRN_API bool firn_object_at(FirnGuest *guest, size_t index, FirnObject *object);

/* ---- Images ---- */

/* Writes a guest's whole state, portable; the guest is unchanged. Also between calls, when it has finished; not when it has failed or called `exit`. `refer` leaves the program out: the engine
 * that thaws must have it. The host's references, objects and callbacks are not in an image: calls that were begun go on, but nobody is told when they end. */
FIRN_API FIRN_CHECK FirnError *firn_freeze(FirnGuest *guest, bool refer, FirnWrite write, void *userdata);
/* Makes a guest of an image, which is verified as strictly as a module. Options are as for a new guest, but fuel and args are the image's. The program is one of the
 * engine's, if it has it, or else the image's (firn_guest_program). */
FIRN_API FIRN_CHECK FirnError *firn_thaw(Firn *firn, FirnRead read, void *userdata, const FirnGuestOptions *options, FirnGuest **guest);
/* Makes a second guest in the same state, with the same options but for `userdata`. */
FIRN_API FIRN_CHECK FirnError *firn_clone(FirnGuest *guest, void *userdata, FirnGuest **clone);

#ifdef __cplusplus
}
#endif
#endif
