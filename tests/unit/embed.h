/* embed.h - what tests of the embedding API share: an engine, one program and one guest of it, and what the guest prints. */
#ifndef FIRN_TESTS_EMBED_H
#define FIRN_TESTS_EMBED_H

#include <stdio.h>
#include <stdlib.h>

#include "include/firn.h"
#include "suite.h"
#include "vm/heap.h"

typedef struct Text { char *bytes; size_t length, at, chunk; } Text;

static inline bool text_write(void *userdata, const void *bytes, size_t length) {
  Text *text = userdata;
  text->bytes = realloc(text->bytes, text->length + length + 1);
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = 0;
  return true;
}

static inline ptrdiff_t text_read(void *userdata, void *bytes, size_t length) {
  Text *text = userdata;
  if (length > text->length - text->at) length = text->length - text->at;
  if (text->chunk && length > text->chunk) length = text->chunk;
  memcpy(bytes, text->bytes + text->at, length);
  text->at += length;
  return (ptrdiff_t)length;
}

static inline bool write_fails(void *userdata, const void *bytes, size_t length) { return (void)userdata, (void)bytes, (void)length, false; }
static inline ptrdiff_t read_fails(void *userdata, void *bytes, size_t length) { return (void)userdata, (void)bytes, (void)length, -1; }

static Firn *firn;
static FirnProgram *program;
static FirnGuest *guest;
static Text output;

static inline void setup(void) {
  firn = firn_new();
  ck_assert_ptr_nonnull(firn);
}

static inline void teardown(void) {
  firn_free(firn);
  firn = NULL;
  program = NULL;
  guest = NULL;
  free(output.bytes);
  output = (Text){0};
}

static inline void fine_at(FirnError *error, int line) {
  ck_assert_msg(!error, "line %d: %d: %s", line, firn_error_code(error), firn_error_text(error));
}
#define FINE(call) fine_at((call), __LINE__)

/* An error of that code, with a part of its text. */
static inline void wrong_at(FirnError *error, FirnCode code, const char *part, int line) {
  ck_assert_msg(error != NULL, "line %d: no error", line);
  ck_assert_msg(firn_error_code(error) == code, "line %d: %d: %s", line, firn_error_code(error), firn_error_text(error));
  ck_assert_msg(strstr(firn_error_text(error), part) != NULL, "line %d: %s", line, firn_error_text(error));
  firn_error_free(error);
}
#define WRONG(call, code, part) wrong_at((call), (code), (part), __LINE__)

static inline void compile(const char *source) { FINE(firn_compile(firn, source, strlen(source), NULL, &program)); }

static inline void start(const char *source) {
  FirnGuestOptions options = firn_guest_options();
  options.write = text_write;
  options.userdata = &output;
  compile(source);
  FINE(firn_guest_new(program, &options, &guest));
}

static inline FirnFunction *bind(const char *name, const char *type) {
  FirnFunction *function;
  FINE(firn_function(guest, name, type, &function));
  return function;
}

static inline int64_t call_int(FirnFunction *function, int64_t n) {
  FirnValue arg = firn_int(n), result;
  FINE(firn_call(function, &arg, 1, &result));
  ck_assert_int_eq(result.kind, FIRN_INT);
  return result.as.integer;
}

static inline FirnAnswer host_nothing(FirnCall *call, const FirnValue *args, FirnValue *result) { return (void)call, (void)args, (void)result, FIRN_DONE; }

/* Suspended until the test completes it; its token is in asked_token. */
static _Thread_local uint64_t asked_token __attribute__((unused));
static inline FirnAnswer host_ask(FirnCall *call, const FirnValue *args, FirnValue *result) { return (void)args, (void)result, firn_call_suspend(call, &asked_token); }

#define ASKS "extern \"t\" fn ask(what: string, n: int) -> int\n"

/* A collection at every allocation. */
static inline void setup_stressed(void) {
  heap_stress = true;
  setup();
}

static inline TCase *tests_add(Suite *suite, const char *name, void (*begin)(void), const TTest *const *tests, size_t count) {
  TCase *tcase = tcase_create(name);
  tcase_add_checked_fixture(tcase, begin, teardown);
  tcase_set_timeout(tcase, 60);
  for (size_t i = 0; i < count; i++) tcase_add_test(tcase, tests[i]);
  suite_add_tcase(suite, tcase);
  return tcase;
}

#endif
