/* hash.c - digests of `hash`, by libmd.
 *
 * A hash that is under way is data of the guest: 208 bytes with eight words of state, the count of bits in two words (all of 64 bits, the
 * most significant byte first), and what waits for a whole block in up to 128 bytes. So an image holds it and any machine goes on. Whatever
 * those bytes are is safe: libmd takes nothing but the count, modulo the block, as a position.
 */
#include <md5.h>
#include <sha1.h>
#include <sha2.h>

#include "stdlib/support.h"

enum { MD5, SHA1, SHA256, SHA512, ALGORITHMS };
enum { BYTE_COST = 32 }; /* hashing a byte takes some 3 ns */
enum { WORDS = 8, COUNTS = 2, BUFFER_MAX = 128, STATE_SIZE = (WORDS + COUNTS) * 8 + BUFFER_MAX };

static const uint8_t digest_sizes[ALGORITHMS] = {[MD5] = 16, [SHA1] = 20, [SHA256] = 32, [SHA512] = 64};

typedef union Context {
  MD5_CTX md5;
  SHA1_CTX sha1;
  SHA2_CTX sha2;
} Context;

typedef struct Parts {
  uint64_t words[WORDS], counts[COUNTS];
  uint8_t buffer[BUFFER_MAX];
} Parts;

#define COPY32(to, from, n) for (int i = 0; i < (n); i++) (to)[i] = (uint32_t)(from)[i]

static void context_of(Context *c, int algorithm, const Parts *p) {
  memset(c, 0, sizeof *c);
  if (algorithm == MD5) {
    COPY32(c->md5.state, p->words, 4);
    c->md5.count = p->counts[0];
    memcpy(c->md5.buffer, p->buffer, sizeof c->md5.buffer);
  } else if (algorithm == SHA1) {
    COPY32(c->sha1.state, p->words, 5);
    c->sha1.count = p->counts[0];
    memcpy(c->sha1.buffer, p->buffer, sizeof c->sha1.buffer);
  } else {
    if (algorithm == SHA256) COPY32(c->sha2.state.st32, p->words, WORDS);
    else memcpy(c->sha2.state.st64, p->words, sizeof p->words);
    memcpy(c->sha2.bitcount, p->counts, sizeof p->counts);
    memcpy(c->sha2.buffer, p->buffer, sizeof c->sha2.buffer);
  }
}

static void context_to(const Context *c, int algorithm, Parts *p) {
  memset(p, 0, sizeof *p);
  if (algorithm == MD5) {
    for (int i = 0; i < 4; i++) p->words[i] = c->md5.state[i];
    p->counts[0] = c->md5.count;
    memcpy(p->buffer, c->md5.buffer, sizeof c->md5.buffer);
  } else if (algorithm == SHA1) {
    for (int i = 0; i < 5; i++) p->words[i] = c->sha1.state[i];
    p->counts[0] = c->sha1.count;
    memcpy(p->buffer, c->sha1.buffer, sizeof c->sha1.buffer);
  } else {
    for (int i = 0; i < WORDS; i++) p->words[i] = algorithm == SHA256 ? c->sha2.state.st32[i] : c->sha2.state.st64[i];
    memcpy(p->counts, c->sha2.bitcount, sizeof p->counts);
    memcpy(p->buffer, c->sha2.buffer, sizeof c->sha2.buffer);
  }
}

static uint64_t word_get(const uint8_t *at) {
  uint64_t word = 0;
  for (int i = 0; i < 8; i++) word = word << 8 | at[i];
  return word;
}

static void word_put(uint8_t *at, uint64_t word) {
  for (int i = 0; i < 8; i++) at[i] = (uint8_t)(word >> (56 - 8 * i));
}

static void state_load(Context *c, int algorithm, const uint8_t *state) {
  Parts p;
  for (int i = 0; i < WORDS; i++) p.words[i] = word_get(state + 8 * i);
  for (int i = 0; i < COUNTS; i++) p.counts[i] = word_get(state + 8 * (WORDS + i));
  memcpy(p.buffer, state + 8 * (WORDS + COUNTS), BUFFER_MAX);
  context_of(c, algorithm, &p);
}

static void state_store(const Context *c, int algorithm, uint8_t *state) {
  Parts p;
  context_to(c, algorithm, &p);
  for (int i = 0; i < WORDS; i++) word_put(state + 8 * i, p.words[i]);
  for (int i = 0; i < COUNTS; i++) word_put(state + 8 * (WORDS + i), p.counts[i]);
  memcpy(state + 8 * (WORDS + COUNTS), p.buffer, BUFFER_MAX);
}

static bool is_algorithm(int64_t algorithm) { return algorithm >= 0 && algorithm < ALGORITHMS; }

NATIVE("hash.start", hash_start, "(int) -> bytes", "A new hash: 0 MD5, 1 SHA-1, 2 SHA-256, 3 SHA-512.") {
  int64_t algorithm = args[0].i;
  if (!is_algorithm(algorithm)) return BAD_ARGUMENT(guest, "there is no such hash");
  CHARGE(guest, STATE_SIZE);
  Context c;
  memset(&c, 0, sizeof c);
  if (algorithm == MD5) MD5Init(&c.md5);
  else if (algorithm == SHA1) SHA1Init(&c.sha1);
  else if (algorithm == SHA256) SHA256Init(&c.sha2);
  else SHA512Init(&c.sha2);
  Bytes *state = bytes_new(guest, STATE_SIZE);
  if (!state) return TRAP_OUT_OF_MEMORY;
  state_store(&c, (int)algorithm, state->data);
  return give_object(args, state);
}

NATIVE("hash.update", hash_update, "(int, bytes, bytes, int, int) -> void", "Hashes the third argument's bytes between two offsets too.") {
  int64_t algorithm = args[0].i, from = args[3].i, to = args[4].i;
  Bytes *state = args[1].p;
  const Bytes *data = args[2].p;
  if (!is_algorithm(algorithm) || state->length != STATE_SIZE) return BAD_ARGUMENT(guest, "this is no state of a hash");
  if (from < 0 || to < from || to > data->length) {
    guest->trap_args[0] = from;
    guest->trap_args[1] = to;
    guest->trap_args[2] = data->length;
    return TRAP_SLICE;
  }
  size_t length = (size_t)(to - from);
  if (!length) return TRAP_NONE;
  CHARGE(guest, BYTE_COST * (uint64_t)length);
  Context c;
  state_load(&c, (int)algorithm, state->data);
  if (algorithm == MD5) MD5Update(&c.md5, data->data + from, length);
  else if (algorithm == SHA1) SHA1Update(&c.sha1, data->data + from, length);
  else if (algorithm == SHA256) SHA256Update(&c.sha2, data->data + from, length);
  else SHA512Update(&c.sha2, data->data + from, length);
  state_store(&c, (int)algorithm, state->data);
  return TRAP_NONE;
}

NATIVE("hash.digest", hash_digest, "(int, bytes) -> bytes", "The digest of what has been hashed.") {
  int64_t algorithm = args[0].i;
  const Bytes *state = args[1].p;
  if (!is_algorithm(algorithm) || state->length != STATE_SIZE) return BAD_ARGUMENT(guest, "this is no state of a hash");
  CHARGE(guest, BYTE_COST * BUFFER_MAX);
  Bytes *digest = bytes_new(guest, digest_sizes[algorithm]);
  if (!digest) return TRAP_OUT_OF_MEMORY;
  Context c;
  state_load(&c, (int)algorithm, state->data);
  if (algorithm == MD5) MD5Final(digest->data, &c.md5);
  else if (algorithm == SHA1) SHA1Final(digest->data, &c.sha1);
  else if (algorithm == SHA256) SHA256Final(digest->data, &c.sha2);
  else SHA512Final(digest->data, &c.sha2);
  return give_object(args, digest);
}
