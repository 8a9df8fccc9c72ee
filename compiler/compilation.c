/* The making and unmaking of a compilation's shared state (see compilation.h). */
#include "compilation.h"

#include <string.h>
#include <time.h>

#include "lex.h"

void compilation_init(Compilation *c) {
  memset(c, 0, sizeof *c);
  arena_init(&c->arena);
  names_init(&c->names, &c->arena);
  sources_init(&c->sources, &c->arena);
  diags_init(&c->diags, &c->arena, &c->sources);
  lex_add_keywords(&c->names);
}

void compilation_deinit(Compilation *c) {
  names_deinit(&c->names);
  arena_deinit(&c->arena);
}

bool compilation_look(Compilation *c) {
  enum { POLLS = 1 << 10 };
  struct timespec now;
  if (c->is_late || ++c->polls % POLLS) return c->is_late;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return c->is_late = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 >= c->deadline;
}
