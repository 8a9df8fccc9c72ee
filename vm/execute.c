/* execute.c - instructions that stay in their frame, written once for all executors.
 *
 * An instruction that is refused (TRAP_RETRY, object.h) leaves its operands as they are, to be executed again.
 *
 * Interface: execute.h. Operands lie just below `s`, the first free slot; results take their place. Pure rows are expanded from op.def;
 * the rest call the operations of object.h. Instructions are grouped as in op.def, a function for each group.
 */
#include "vm/execute.h"

#include <math.h>
#include <string.h>

#include "vm/object.h"

static inline void slots_copy(Value *to, const Value *from, uint32_t count) { memmove(to, from, count * sizeof *to); }

/* Pure rows */

Trap pure_execute(unsigned op, Value A, Value B, Value *r) {
  Value R = {.u = 0};
  switch (op) {
#define TRAP_IF(condition, id) \
  if (condition) return TRAP_##id
#define OP(code, id, name, imms, sig, flags, doc)
#define OP_PURE(code, id, name, sig, flags, sem, doc) \
  case code: sem; break;
#include "vm/op.def"
    default: break;
  }
#undef TRAP_IF
  (void)B;
  *r = R;
  return TRAP_NONE;
}

static Trap pure_insn(const CodeInsn *insn, Value *s) {
  bool binary = op_table[insn->op].sig[1] != ':';
  Value *at = s - (binary ? 2 : 1);
  return pure_execute(insn->op, at[0], binary ? at[1] : at[0], at);
}

/* Constants, locals, globals, the stack */

static Trap global_get(Guest *guest, const CodeInsn *insn, Value *s) {
  if (!guest->globals_set[insn->b]) return TRAP_UNSET_GLOBAL;
  slots_copy(s, guest->globals + insn->a, insn->w);
  return TRAP_NONE;
}

static Trap object_new(Guest *guest, const ObjDesc *desc, const Value *from, uint32_t count, Value *result) {
  Instance *object = heap_object(guest, desc, sizeof *object + desc->nslots * sizeof(Value));
  if (!object) return TRAP_OUT_OF_MEMORY;
  slots_copy(object->slots, from, count);
  result->p = object;
  return TRAP_NONE;
}

static Trap stack_insn(Guest *guest, const CodeInsn *insn, Value *base, Value *s) {
  uint32_t w = insn->w;
  switch (insn->op) {
    case OP_INT_CONST:
    case OP_BOOL_CONST:
    case OP_CHAR_CONST: s->i = insn->x.i; break;
    case OP_FLOAT_CONST: s->f = insn->x.f; break;
    case OP_STRING_CONST: s->p = insn->x.p; break;
    case OP_LOCAL_GET: slots_copy(s, base + insn->a, w); break;
    case OP_LOCAL_SET: slots_copy(base + insn->a, s - w, w); break;
    case OP_GLOBAL_GET: return global_get(guest, insn, s);
    case OP_GLOBAL_SET:
      slots_copy(guest->globals + insn->a, s - w, w);
      guest->globals_set[insn->b] = 1;
      break;
    case OP_DUP: slots_copy(s, s - w, w); break;
    case OP_CELL_NEW: return object_new(guest, insn->x.p, s - w, w, s - w);
    case OP_CELL_GET: slots_copy(s - 1, ((Instance *)s[-1].p)->slots, w); break;
    case OP_CELL_SET: slots_copy(((Instance *)s[-1 - (int)w].p)->slots, s - w, w); break;
    default: break; /* VOID_CONST and POP move nothing */
  }
  return TRAP_NONE;
}

/* Functions, tuples, optionals, results, objects */

static Trap closure_new(Guest *guest, Code *code, CodeInsn *insn, Value *base) {
  Trap trap = TRAP_NONE;
  const ObjDesc *desc = insn->x.p ? insn->x.p : program_closure(code->program, code, insn, &trap);
  if (!desc) return trap;
  Closure *closure = heap_object(guest, desc, sizeof *closure + desc->nslots * sizeof(Value));
  if (!closure) return TRAP_OUT_OF_MEMORY;
  closure->code = desc->code;
  slots_copy(closure->slots, base + insn->a, insn->v);
  base[insn->a].p = closure;
  return TRAP_NONE;
}

static Trap enum_new(Guest *guest, const CodeInsn *insn, Value *base) {
  const ObjDesc *desc = insn->x.p;
  Value *at = base + insn->a;
  if (insn->v == 0) {
    at->p = desc->empty_cases[insn->k];
    return TRAP_NONE;
  }
  EnumObj *object = heap_object(guest, desc, sizeof(Obj) + desc->nslots * sizeof(Value));
  if (!object) return TRAP_OUT_OF_MEMORY;
  object->tag = insn->k;
  slots_copy(object->slots, at, insn->v);
  at->p = object;
  return TRAP_NONE;
}

static void result_error(Value *at, uint32_t w) {
  Value error = at[0];
  memset(at, 0, w * sizeof *at);
  at[w] = error;
}

static Trap opt_get(const CodeInsn *insn, Value *s) {
  if (opt_is_nil(insn->t, s - insn->v)) return TRAP_NIL_UNWRAP;
  opt_unwrap(insn->t, s - insn->v);
  return TRAP_NONE;
}

static Trap value_insn(Guest *guest, Code *code, CodeInsn *insn, Value *base, Value *s) {
  uint32_t w = insn->w, v = insn->v;
  switch (insn->op) {
    case OP_FN_NEW: return closure_new(guest, code, insn, base);
    case OP_TUPLE_GET: slots_copy(s - v, s - v + insn->a, w); break;
    case OP_OPT_SOME: opt_wrap(insn->t, s - w); break;
    case OP_OPT_NIL: opt_set_nil(insn->t, s); break;
    case OP_OPT_IS: s[-(int)v].i = !opt_is_nil(insn->t, s - v); break;
    case OP_OPT_GET: return opt_get(insn, s);
    case OP_RES_OK: s->u = 0; break;
    case OP_RES_ERR: result_error(s - 1, w); break;
    case OP_NEW: return object_new(guest, insn->x.p, base + insn->a, insn->sp - insn->a, base + insn->a);
    case OP_FIELD_GET: slots_copy(s - 1, ((Instance *)s[-1].p)->slots + insn->a, w); break;
    case OP_FIELD_SET: slots_copy(((Instance *)s[-1 - (int)w].p)->slots + insn->a, s - w, w); break;
    case OP_REF_EQ: s[-2].i = s[-2].p == s[-1].p; break;
    case OP_ENUM_NEW: return enum_new(guest, insn, base);
    case OP_ENUM_TAG: s[-1].i = ((EnumObj *)s[-1].p)->tag; break;
    case OP_TRAIT_NEW: return insn->x.p ? object_new(guest, insn->x.p, s - w, w, s - w) : TRAP_NONE;
    default: break; /* TUPLE_NEW moves nothing */
  }
  return TRAP_NONE;
}

/* Lists */

static Trap list_fill(Guest *guest, const CodeInsn *insn, Value *base) {
  List *list = list_new(guest, insn->x.p, insn->k);
  if (!list) return TRAP_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < insn->k; i++) {
    Trap trap = list_push(guest, list, base + insn->a + (size_t)i * insn->w);
    if (trap != TRAP_NONE) return trap;
  }
  base[insn->a].p = list;
  return TRAP_NONE;
}

static Trap list_insn(Guest *guest, const CodeInsn *insn, Value *base, Value *s) {
  uint32_t w = insn->w;
  Value *below = s - w; /* of the element, where one is on top */
  List *made = NULL;
  Trap trap;
  switch (insn->op) {
    case OP_LIST_NEW: return list_fill(guest, insn, base);
    case OP_LIST_LEN: s[-1].i = ((List *)s[-1].p)->length; break;
    case OP_LIST_GET: return list_get(guest, s[-2].p, s[-1].i, s - 2);
    case OP_LIST_SET: return list_set(guest, below[-2].p, below[-1].i, below);
    case OP_LIST_PUSH: return list_push(guest, below[-1].p, below);
    case OP_LIST_POP:
      if (list_pop(s[-1].p, s - 1)) opt_wrap(insn->x.u, s - 1);
      else opt_set_nil(insn->x.u, s - 1);
      break;
    case OP_LIST_MAKE:
      trap = list_make(guest, insn->x.p, below[-1].i, below, &made);
      if (!trap) below[-1].p = made;
      return trap;
    case OP_LIST_SLICE:
      trap = list_slice(guest, s[-3].p, s[-2].i, s[-1].i, &made);
      if (!trap) s[-3].p = made;
      return trap;
    case OP_LIST_INSERT: return list_insert(guest, below[-2].p, below[-1].i, below);
    case OP_LIST_REMOVE: return list_remove(guest, s[-2].p, s[-1].i, s - 2);
    case OP_LIST_APPEND: return list_append(guest, s[-2].p, s[-1].p);
    case OP_LIST_CLEAR: return list_clear(guest, s[-1].p);
    default: break;
  }
  return TRAP_NONE;
}

/* Strings and bytes */

static Trap bytes_make(Guest *guest, Value *at) {
  if (at->i < 0 || at->i > LIST_MAX) return TRAP_TOO_LARGE;
  Trap unpaid = work_pay(guest, WORK_FUEL(at->i));
  if (unpaid) return unpaid;
  at->p = bytes_new(guest, at->i);
  return at->p ? TRAP_NONE : TRAP_OUT_OF_MEMORY;
}

static Trap byte_range(Guest *guest, int64_t byte) {
  guest->trap_args[0] = byte;
  return TRAP_BYTE_RANGE;
}

static Trap bytes_get(Guest *guest, Value *s) {
  const Bytes *bytes = s[-2].p;
  if (s[-1].u >= (uint64_t)bytes->length) return guest_trap_index(guest, s[-1].i, bytes->length);
  s[-2].i = bytes->data[s[-1].i];
  return TRAP_NONE;
}

static Trap bytes_set(Guest *guest, Value *s) {
  Bytes *bytes = s[-3].p;
  if (s[-2].u >= (uint64_t)bytes->length) return guest_trap_index(guest, s[-2].i, bytes->length);
  if (s[-1].u > 255) return byte_range(guest, s[-1].i);
  bytes->data[s[-2].i] = (uint8_t)s[-1].u;
  return TRAP_NONE;
}

static Trap string_join(Guest *guest, const CodeInsn *insn, Value *at) {
  Value joined = {.p = NULL};
  Trap trap = string_concat(guest, at, insn->k, &joined);
  if (!trap) *at = joined;
  return trap;
}

static Trap strings_equal(Guest *guest, Value *at) {
  const String *a = at[0].p, *b = at[1].p;
  bool same_length = a->length == b->length;
  Trap unpaid = same_length ? work_pay(guest, WORK_FUEL(a->length)) : TRAP_NONE;
  if (!unpaid) at->i = same_length && string_equal(a, b);
  return unpaid;
}

static Trap strings_compare(Guest *guest, Value *at) {
  const String *a = at[0].p, *b = at[1].p;
  Trap unpaid = work_pay(guest, WORK_FUEL(a->length < b->length ? a->length : b->length));
  if (!unpaid) at->i = string_compare(a, b);
  return unpaid;
}

static Trap text_hash(Guest *guest, Value *at) {
  Trap unpaid = work_pay(guest, WORK_FUEL(((const String *)at->p)->length));
  if (!unpaid) at->i = string_hash(at->p);
  return unpaid;
}

static Trap text_insn(Guest *guest, const CodeInsn *insn, Value *base, Value *s) {
  switch (insn->op) {
    case OP_STRING_EQ: return strings_equal(guest, s - 2);
    case OP_STRING_CMP: return strings_compare(guest, s - 2);
    case OP_STRING_LEN: s[-1].i = ((String *)s[-1].p)->length; break;
    case OP_STRING_CONCAT: return string_join(guest, insn, base + insn->a);
    case OP_STRING_CHAR: return string_char(guest, s[-2].p, s[-1].i, s - 2);
    case OP_STRING_SLICE: return string_slice(guest, s[-3].p, s[-2].i, s[-1].i, s - 3);
    case OP_STRING_HASH: return text_hash(guest, s - 1);
    case OP_BYTES_NEW: return bytes_make(guest, s - 1);
    case OP_BYTES_LEN: s[-1].i = ((Bytes *)s[-1].p)->length; break;
    case OP_BYTES_GET: return bytes_get(guest, s);
    case OP_BYTES_SET: return bytes_set(guest, s);
    case OP_BYTES_PUSH:
      if (s[-1].u > 255) return byte_range(guest, s[-1].i);
      return bytes_push(guest, s[-2].p, s[-1].i);
    default: break;
  }
  return TRAP_NONE;
}

/* Maps */

/* Finds the entry at a position; NULL, with the trap's arguments set, if none is there. */
static Value *entry_at(Guest *guest, const Map *map, int64_t position) {
  Value *entry = map_entry(map, position);
  if (!entry) guest_trap_index(guest, position, map->used);
  return entry;
}

static Trap entry_get(Guest *guest, Value *at, uint32_t offset, uint32_t width) {
  const Value *entry = entry_at(guest, at[0].p, at[1].i);
  if (!entry) return TRAP_INDEX;
  slots_copy(at, entry + offset, width);
  return TRAP_NONE;
}

static Trap entry_store(Guest *guest, const CodeInsn *insn, const Value *value) {
  Value *entry = entry_at(guest, value[-2].p, value[-1].i);
  if (!entry) return TRAP_INDEX;
  slots_copy(entry + insn->w, value, insn->v);
  return TRAP_NONE;
}

static Trap entry_find(Guest *guest, const CodeInsn *insn, Value *at) {
  Value *entry;
  Trap unpaid = map_search(guest, at->p, at + 1, &entry);
  if (unpaid) return unpaid;
  if (entry) {
    slots_copy(at, entry + 1 + insn->w, insn->v);
    opt_wrap(insn->x.u, at);
  } else {
    opt_set_nil(insn->x.u, at);
  }
  return TRAP_NONE;
}

static Trap key_hash_of(Guest *guest, const Type *type, Value *key) {
  Trap unpaid = type_is_plain_key(type) ? work_pay(guest, WORK_FUEL(key_bytes(type, key))) : TRAP_NONE;
  if (!unpaid) key->i = key_hash(type, key);
  return unpaid;
}

static Trap map_insn(Guest *guest, const CodeInsn *insn, Value *s) {
  uint32_t w = insn->w, v = insn->v;
  Value *at;
  int64_t position = -1;
  Trap trap;
  switch (insn->op) {
    case OP_MAP_NEW:
      s->p = map_new(guest, insn->x.p);
      return s->p ? TRAP_NONE : TRAP_OUT_OF_MEMORY;
    case OP_MAP_LEN: s[-1].i = ((Map *)s[-1].p)->live; break;
    case OP_MAP_PLAIN: s->i = type_is_plain_key(insn->t); break;
    case OP_MAP_FIND:
      at = s - w - 1;
      trap = map_find(guest, at->p, at + 1, &position);
      if (!trap) at->i = position;
      return trap;
    case OP_MAP_HASH: return key_hash_of(guest, insn->t, s - w);
    case OP_MAP_PROBE: s[-3].i = map_probe(s[-3].p, s[-2].i, s[-1].i); break;
    case OP_MAP_ADD:
      at = s - v - w - 2;
      /* That a key is absent is only the code's word; frozen guests and searches rely on plain keys being there once. */
      return type_is_plain_key(insn->t) ? map_put(guest, at->p, at + 1, at + 1 + w) : map_add(guest, at->p, at + 1, at + 1 + w, s[-1].i);
    case OP_MAP_KEY: return entry_get(guest, s - 2, 0, w);
    case OP_MAP_VALUE: return entry_get(guest, s - 2, w, v);
    case OP_MAP_STORE: return entry_store(guest, insn, s - v);
    case OP_MAP_DELETE: return entry_at(guest, s[-2].p, s[-1].i) ? map_delete(guest, s[-2].p, s[-1].i) : TRAP_INDEX;
    case OP_MAP_NEXT:
      trap = map_advance(guest, s[-2].p, s[-1].i, &position);
      if (!trap) s[-2].i = position;
      return trap;
    case OP_MAP_VERSION: s[-1].i = ((Map *)s[-1].p)->version; break;
    case OP_MAP_CHECK: return ((Map *)s[-2].p)->version == s[-1].i ? TRAP_NONE : TRAP_MODIFIED;
    case OP_MAP_CLEAR: map_clear(s[-1].p); break;
    case OP_MAP_GET: return entry_find(guest, insn, s - w - 1);
    case OP_MAP_SET:
      at = s - v - w - 1;
      return map_put(guest, at->p, at + 1, at + 1 + w);
    default: break;
  }
  return TRAP_NONE;
}

/* Tasks */

static Trap task_insn(Guest *guest, const CodeInsn *insn, Value *s) {
  Task *made = NULL;
  Trap trap = TRAP_NONE;
  switch (insn->op) {
    case OP_TASK_NEW:
      trap = task_new(guest, s[-1].p, &made);
      s[-1].p = made;
      return trap;
    case OP_TASK_SELF: s->p = guest->task; break;
    case OP_TASK_READY: return task_ready(guest, s[-1].p);
    case OP_TASK_DONE: s[-1].i = ((Task *)s[-1].p)->state == TASK_ENDED; break;
    default: break;
  }
  return TRAP_NONE;
}

static Trap execute(Guest *guest, Code *code, CodeInsn *insn, Value *base) {
  Value *s = base + insn->sp;
  guest->task->top = (uint32_t)(s - guest->task->slots);
  unsigned op = insn->op;
  if (op_table[op].flags & OP_PURE_ROW) return pure_insn(insn, s);
  if (op >= OP_TASK_NEW && op <= OP_TASK_DONE) return task_insn(guest, insn, base + insn->sp);
  if (op == OP_CALL_IMPORT) return insn->x.native->fn(guest, base + insn->a);
  if (op <= OP_CELL_SET) return stack_insn(guest, insn, base, s);
  if (op <= OP_TRAIT_NEW) return value_insn(guest, code, insn, base, s);
  if (op <= OP_LIST_CLEAR) return list_insn(guest, insn, base, s);
  if (op <= OP_BYTES_PUSH) return text_insn(guest, insn, base, s);
  return map_insn(guest, insn, s);
}

Trap insn_execute(Guest *guest, Code *code, CodeInsn *insn, Value *base) {
  int64_t before = guest->fuel;
  Trap trap = execute(guest, code, insn, base);
  if (trap == TRAP_RETRY) work_undo(guest, before);
  return trap;
}

/* Parts of control instructions */

static bool unwrap_case(const CodeInsn *insn, Value *at) {
  const EnumObj *object = at->p;
  if (object->tag != insn->k) return false;
  slots_copy(at, object->slots, insn->v);
  return true;
}

static bool unwrap_trait(const CodeInsn *insn, Value *at) {
  const Instance *object = at->p;
  const ObjDesc *desc = obj_desc((const Obj *)object);
  if (!desc_is_type(desc, insn->x.u)) return false;
  if (desc->kind == OBJ_BOX) slots_copy(at, object->slots, insn->v);
  return true;
}

bool insn_branches(const CodeInsn *insn, Value *base) {
  Value *s = base + insn->sp;
  switch (insn->op) {
    case OP_BR_NIL:
      if (opt_is_nil(insn->t, s - insn->v)) return true;
      opt_unwrap(insn->t, s - insn->v);
      return false;
    case OP_BR_ERR:
      if (s[-1].u == 0) return false;
      s[-(int)insn->v] = s[-1];
      return true;
    case OP_BR_UNCASE: return !unwrap_case(insn, s - 1);
    default: return !unwrap_trait(insn, s - 1);
  }
}

Code *trait_callee(Guest *guest, const CodeInsn *insn, const Value *base, Trap *trap) {
  return program_trait_code(guest->program, insn->t, insn->k, obj_desc(base[insn->a].p), trap);
}

void trait_unbox(const CodeInsn *insn, Value *base) {
  Value *at = base + insn->a;
  const Instance *object = at->p;
  const ObjDesc *desc = obj_desc((const Obj *)object);
  if (desc->kind != OBJ_BOX) return;
  slots_copy(at + desc->nslots, at + 1, insn->v - 1u);
  slots_copy(at, object->slots, desc->nslots);
}

Trap insn_panic(Guest *guest, const CodeInsn *insn, const Value *base) {
  const String *text = base[insn->sp - 1].p;
  return guest_trap_text(guest, insn->op == OP_PANIC ? TRAP_PANIC : TRAP_ERROR, text->bytes, text->length);
}
