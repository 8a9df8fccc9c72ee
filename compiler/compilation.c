/* The making and unmaking of a compilation's shared state (see compilation.h). */
#include "compilation.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lex.h"
#include "vm/module.h"

static void fill(Compilation *c) {
  names_init(&c->names, &c->arena);
  sources_init(&c->sources, &c->arena);
  diags_init(&c->diags, &c->arena, &c->sources);
  lex_add_keywords(&c->names);
}

void compilation_init(Compilation *c) {
  memset(c, 0, sizeof *c);
  arena_init(&c->arena);
  fill(c);
}

void compilation_deinit(Compilation *c) {
  module_free(c->unfinished);
  names_deinit(&c->names);
  arena_deinit(&c->arena);
}

bool compilation_try(void (*work)(Compilation *c, void *ctx), void *ctx) {
  jmp_buf escape;
  Compilation *const c = calloc(1, sizeof *c);
  if (!c) return false;
  volatile bool done = false;
  if (setjmp(escape) == 0) {
    c->arena.escape = &escape;
    fill(c);
    work(c, ctx);
    done = true;
  }
  compilation_deinit(c);
  free(c);
  return done;
}

bool compilation_look(Compilation *c) {
  enum { POLLS = 1 << 10 };
  struct timespec now;
  if (c->is_late || ++c->polls % POLLS) return c->is_late;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return c->is_late = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 >= c->deadline;
}
