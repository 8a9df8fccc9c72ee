/* embed.h - what the parts of the embedding API share. The API itself is include/firn.h; what is said there is not said again here.
 *
 * Each exported function is api_enter, its work, api_leave: the lock is one for the process, and a thread that has it may enter again. Everything below is called with
 * the lock held. An engine lists its programs and guests; a guest counts on its program, which goes with the last one that does.
 *
 * The host's references are places of Guest.held; FirnRef is the place's number + 1, and its generation above. Each place knows the static type of what is there.
 */
#ifndef FIRN_EMBED_H
#define FIRN_EMBED_H

#include <stdatomic.h>

#include "include/firn.h"
#include "stdlib/folders.h"
#include "vm/bump.h"
#include "vm/native.h"
#include "vm/object.h"
#include "vm/program.h"

enum { DEPTH_MAX = 16 }; /* of guests that run inside each other's host functions */

/* The lock. api_yield lets others in, if nothing of this thread is under way but the call that asks. */
void api_enter(void);
void api_leave(void);
void api_yield(void);
bool api_run_begin(void); /* false: too deep */
void api_run_end(void);

struct FirnError {
  FirnCode code;
  char text[];
};
FirnError *error_make(FirnCode code, const char *format, ...) __attribute__((format(printf, 2, 3)));
FirnError *error_memory(void);
FirnError *error_reason(FirnCode code, const ModuleError *reason); /* "... (at 17)" */

/* The types of a host function. */
typedef struct Signature {
  const Type **params;
  const Type *result, *given; /* `given` is what the machine gets of one whose result is a `result`! */
} Signature;

/* A host function; the NativeDef comes first, so that guest_calling leads to it. */
typedef struct HostFunction {
  NativeDef def;
  FirnHostFn fn;
  void *userdata;
  uint32_t number;      /* in its engine */
  uint32_t nparams;
  bool is_plain;        /* parameters and result are plain values */
  bool may_fail;
  bool names_types;     /* of the host, which are other classes in each program (signature_of); else `own` is right for all */
  Signature own;        /* of the engine's table */
} HostFunction;
const Type *signature_result(TypeTable *types, const HostFunction *f, const Type *given); /* what the host gives of what the machine gets */
Trap host_enter(Guest *guest, Value *args);
static inline bool native_is_host(const NativeDef *native) { return native && native->fn == host_enter; }

/* A type of the host (objects.c). */
enum { HOST_TYPE_NAME_MAX = 150 };
typedef struct HostType {
  char *name; /* "game.Sprite" */
  FirnRelease release;
  void *userdata;
} HostType;
/* Whether text can stand before or behind the dot of a name of the host's. */
bool host_name_is(const char *text, size_t length);
uint32_t host_type_find(void *firn, const char *name, size_t length); /* HOST_TYPE_NONE: there is none */

/* An engine's schedule (schedule.c). */
typedef struct GuestQueue { FirnGuest **guests; uint32_t count; } GuestQueue; /* a binary heap by key, then order */
typedef struct GuestList { FirnGuest *first, *last; } GuestList;
typedef struct Schedule {
  GuestQueue ready, timed;  /* by pass; by when they are due */
  uint32_t cap;             /* room in each of the two queues */
  uint32_t count, waiting;  /* guests in the schedule; of them, that wait */
  uint32_t nleft;           /* in `left` */
  GuestList readers, left;  /* that wait for standard input; that firn_schedule_next has to give */
  int64_t pass;             /* the least of those that can go on: who comes has no less */
  FirnGuest *current;       /* whose slice has so many units left, if it is ready still */
  int64_t slice_left;
  uint64_t orders;          /* given */
  bool runs;
  bool has_descriptor, is_signalled, polls_input, input_is_here;
  int descriptor, event, timer;
  int64_t timer_due;        /* what it is set to */
} Schedule;

struct Firn {
  TypeTable *types;
  HostFunction **functions;
  size_t nfunctions;
  HostType *host_types;
  uint32_t ntypes;
  FirnProgram *programs;
  FirnGuest *guests;
  NativeFinder finder;
  Schedule schedule;
};

typedef struct TypeText TypeText;
struct FirnProgram {
  Firn *firn;
  Program *program;
  uint32_t refs;       /* guests, and the host until it lets go */
  char **export_types; /* made when asked for */
  TypeText *type_texts; /* of types that were asked for */
  Signature *signatures; /* by number, of the functions that it imports and that name types of the host; NULL if there are none */
  Bump texts;
  FirnProgram *next;
};
FirnProgram *program_adopt(Firn *firn, Program *program); /* takes it; NULL when memory is out. One reference */
void program_drop(FirnProgram *program);
/* A type as the language writes it; lasts as long as the program. NULL when memory is out. */
const char *program_type_text(FirnProgram *program, const Type *type);

/* What a guest's options point to, shared by its clones. */
typedef struct Setup {
  uint32_t refs;
  Folders *folders;
  char **args;
  int nargs;
} Setup;

typedef struct Reference { const Type *type; uint32_t generation; bool is_used; } Reference;

/* Which objects of the host a guest was given (objects.c). */
typedef struct HostObject {
  uint32_t type;
  int64_t id;
  void *object;
} HostObject;
typedef struct Objects {
  HostObject *items;
  uint32_t *by_id, *by_object;
  uint32_t count, size;
} Objects;

typedef enum Turn { TURN_NONE, TURN_READY, TURN_RUNS, TURN_WAITS, TURN_LEFT } Turn;
/* A guest in its engine's schedule. Its pass is what it has used, by weight: `rest` units, less than its weight, are not in it yet. */
typedef struct Scheduled {
  Turn place;
  uint32_t weight, rest;
  int64_t pass;
  int64_t key;         /* in the queue that it is in */
  uint64_t order;
  uint32_t at;         /* its place there */
  bool is_timed, is_reader;
  FirnGuest *previous, *next; /* in the list that it is in */
} Scheduled;

struct FirnGuest {
  Firn *firn;
  FirnProgram *program;
  Guest *guest;
  Setup *setup;
  FirnWrite write;
  FirnReadLine read_line;
  void *userdata;
  FirnFunction *functions;
  FirnFunction *first_call, *last_call; /* that are under way, the oldest first */
  Reference *references;                /* by place of guest->held */
  uint32_t nreferences;                 /* used */
  int64_t kept;                         /* of the balance, while a slice runs */
  int64_t exit_status;                  /* of the program itself */
  bool is_running, is_unlimited;
  bool in_native;                       /* a host function of it runs */
  bool in_slice, is_ending;             /* it is executing; it is being freed */
  Objects objects;
  atomic_bool stop;
  Scheduled scheduled;
  FirnGuest *next;
};
static inline FirnGuest *guest_host(const Guest *guest) { return guest->options.write_ctx; }
FirnError *guest_busy(const FirnGuest *g); /* NULL if nothing of it runs */
/* Making one: what options say, a guest about which nothing is known yet, in its engine's list; and the way back, for one that is not listed. */
void setup_drop(Setup *setup);
FirnError *grants_check(const Program *program, const FirnGuestOptions *options);
FirnError *guest_prepare(Firn *firn, const FirnGuestOptions *options, FirnGuest **made, GuestOptions *out);
void guest_list(FirnGuest *g, FirnProgram *program);
void guest_discard(FirnGuest *g);
FirnStatus guest_status_of(const FirnGuest *g);
/* One slice of a guest that is not out of fuel, and nothing else. */
void guest_run_once(FirnGuest *g);
/* Runs as firn_run does, or until the call of a function has ended; until more than `units` are used. 0: no bound; negative: to the next safepoint. */
typedef enum RunEnd { RUN_OVER, RUN_STOPPED, RUN_TOO_DEEP } RunEnd;
RunEnd guest_run_for(FirnGuest *g, int64_t units, const FirnFunction *until);

/* Has the schedule look at a guest that waited: something was completed, begun or dropped. */
void schedule_wake(FirnGuest *g);
void schedule_remove(FirnGuest *g);
void schedule_free(Firn *firn);

/* The types of a function for a guest's program. */
static inline const Signature *signature_of(const FirnGuest *g, const HostFunction *f) { return f->names_types ? &g->program->signatures[f->number] : &f->own; }

/* NULL: the guest was not given such an object. */
const HostObject *object_by_id(const FirnGuest *g, uint32_t type, int64_t id);
const HostObject *object_by_pointer(const FirnGuest *g, uint32_t type, void *object);
void objects_free(FirnGuest *g); /* all are released */

/* References */
FirnRef reference_add(FirnGuest *g, Value value, const Type *type); /* 0 when memory is out */
bool reference_find(const FirnGuest *g, FirnRef ref, Value *value, const Type **type);
void reference_drop(FirnGuest *g, FirnRef ref);

/* Room for values that are given to the host: memory, and the references among them. `borrows`: strings and bytes are those of the guest. A guest can share what a copy
 * has many times: the room for one with a quota is limited in proportion. */
enum { ROOM_LEAST = 1 << 20, ROOM_PER_BYTE = sizeof(FirnValue) };
typedef struct Room {
  FirnGuest *guest;
  Bump memory;
  FirnRef *refs;
  size_t nrefs, refs_cap;
  uint64_t bytes;  /* taken */
  bool borrows, is_full;
  uint32_t lost_type; /* an object of the host that the guest was not given stands in the value; HOST_TYPE_NONE: none does */
  int64_t lost_id;
} Room;
static inline void room_begin(Room *room, FirnGuest *g, bool borrows) {
  room->guest = g;
  room->memory = (Bump){0};
  room->refs = NULL;
  room->nrefs = room->refs_cap = 0;
  room->bytes = 0;
  room->borrows = borrows;
  room->is_full = false;
  room->lost_type = HOST_TYPE_NONE;
}
void room_clear(Room *room);
FirnError *room_error(const Room *room); /* why value_give has failed */
void *room_take(Room *room, uint64_t count, size_t size); /* NULL when memory is out */

/* Plain values: what is one slot and leads nowhere. */
static inline bool type_is_plain(const Type *type) { return type->kind == TYPE_INT || type->kind == TYPE_BOOL || type->kind == TYPE_FLOAT || type->kind == TYPE_CHAR; }
/* Field by field: a value that is made and copied is read in larger pieces than it was written in, which processors wait for. */
static inline void plain_give(const Type *type, Value slot, FirnValue *value) {
  value->count = 0;
  value->as.integer = slot.i;
  switch (type->kind) {
    case TYPE_BOOL:
      value->kind = FIRN_BOOL;
      value->as.boolean = slot.i != 0;
      break;
    case TYPE_FLOAT: value->kind = FIRN_FLOAT; break;
    case TYPE_CHAR:
      value->kind = FIRN_CHAR;
      value->as.character = (uint32_t)slot.i;
      break;
    default: value->kind = FIRN_INT; break;
  }
}
/* False: the value is not of that type, or not a plain one. */
static inline bool plain_take(const Type *type, const FirnValue *value, Value *slot) {
  if (type->kind == TYPE_INT && value->kind == FIRN_INT) slot->i = value->as.integer;
  else if (type->kind == TYPE_BOOL && value->kind == FIRN_BOOL) slot->i = value->as.boolean;
  else if (type->kind == TYPE_FLOAT && value->kind == FIRN_FLOAT) slot->f = float_canonical(value->as.number);
  else return false;
  return true;
}

/* From slots to values. False: see room_error. */
bool value_give(Room *room, const Type *type, const Value *slots, FirnValue *value);
/* From values to slots of the guest: NULL, or what is wrong. `type` may be of any table if it names no declaration. */
FirnError *value_take(FirnGuest *g, const Type *type, const FirnValue *value, Value *slots);
/* What a host function gives, NULL for its default; or, of one that may fail, the text of an error. */
FirnError *result_take(FirnGuest *g, const HostFunction *f, const FirnValue *value, const char *failure, Value *slots);
/* Before values are taken outside of a native: what they take is tested against the quota together. */
void values_begin(FirnGuest *g);
/* What a host function that gives nothing has given. */
FirnValue value_default(const Type *type);
/* Bytes that giving these slots handles. */
uint64_t value_bytes(const Type *type, const Value *slots);

struct FirnFunction {
  FirnGuest *guest;
  Code *code;
  const Type *result_type;
  uint32_t nparams;
  const Closure *closure;  /* its reference is `self` */
  FirnRef self;
  enum { CALL_NONE, CALL_BODY, CALL_MESSAGE, CALL_OVER } state; /* MESSAGE: it has returned an error, which is asked for its message */
  Task *task;
  FirnRef task_ref;        /* 0 while the task is the guest's first, which keeps it */
  FirnEnded ended;
  void *ended_userdata;
  FirnError *error;        /* of CALL_OVER */
  FirnValue result;
  Room room;
  FirnFunction *next;
  FirnFunction *previous_call, *next_call;
};
/* Looks at what has ended of the guest's calls, and tells the host. */
void calls_collect(FirnGuest *g);
void function_free(FirnFunction *function);

struct FirnCall {
  FirnGuest *guest;
  const HostFunction *function;
  Room room;
  bool suspends, lacks; /* memory for the text */
  char *text;           /* of a trap or an error */
};

/* Options: copies at most `known` bytes of what the host has. */
FirnError *options_read(void *known, size_t known_size, const void *given, const char *what);

#endif
