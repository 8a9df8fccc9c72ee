/* The making and unmaking of a compilation's shared state (see compilation.h). */
#include "compilation.h"

#include "lex.h"

void compilation_init(Compilation *c) {
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
