/* growth.c - refuses modules whose generic code would be instantiated without end.
 *
 * Nodes are the type parameters of all functions and of all impls. What may stand for a node is known as *terms*: types that the module mentions, whose
 * PARAMs are nodes of the function or impl around. A call makes its type arguments terms of the callee's parameters. A call through a bound on a type
 * whose head is known takes the one impl of that head: the parts of the type become terms of the impl's parameters, and what the impl gives as type
 * arguments becomes terms of its method's. On a type parameter it waits for terms, and does so with each that comes. A term that is a parameter hands on
 * all of that one's terms, present and later.
 *
 * When nothing more follows, the parameters that lie in each node's terms give edges between nodes; a term in which they lie inside of something makes its
 * edges *growing*. Types nest deeper and deeper exactly when a cycle has a growing edge. Terms are parts of types that the module mentions, so there
 * are finitely many; a module for which they are too many is refused too.
 *
 * Calls on trait values are not counted: what they reach depends on the values. There the limits at run time (TRAP_INSTANCES) hold.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/verifier.h"

#define TERMS_MAX (1u << 21) /* pairs of node and term */
#define WORK_MAX (1u << 25)  /* meetings of term and waiter */

/* What a node does with each term: hands it to another node; takes the impl of a trait for it, on behalf of a method; or takes it apart by a pattern. */
typedef enum WaiterKind { WAIT_COPY, WAIT_BOUND, WAIT_MATCH } WaiterKind;
typedef struct Waiter {
  uint8_t kind;
  uint32_t node;
  uint32_t next;       /* of the node's, plus 1 */
  uint32_t to;         /* COPY: the node; BOUND: the trait; MATCH: the impl's first node */
  uint32_t method;     /* BOUND */
  const Type *pattern; /* MATCH */
} Waiter;

typedef struct Term {
  const Type *type;    /* no bare PARAM */
  uint32_t node;
  uint32_t base;       /* node of PARAM 0 in it */
  uint32_t next;       /* of the node's, plus 1 */
} Term;

typedef struct GrowthNode {
  uint32_t waiters, terms; /* first ones, plus 1 */
} GrowthNode;

struct Growth {
  GrowthNode *nodes;
  uint32_t nnodes;
  uint32_t *function_nodes, *impl_nodes; /* first node of each */
  Waiter *waiters;
  uint32_t nwaiters, waiters_cap, work;
  uint32_t *waiter_index; /* of waiters, by what they are; plus 1; open addressing */
  uint32_t waiter_mask;
  Term *terms;
  uint32_t nterms, terms_cap, done; /* terms from `done` on have not met their node's waiters */
  uint32_t *index;     /* of terms, by node, base and type; plus 1; open addressing */
  uint32_t index_mask;
  uint8_t **activated; /* by impl: which methods' type arguments have been handed on; NULL until one has */
};

bool growth_init(Verifier *v) {
  const Module *m = v->module;
  Growth *g = v->growth = calloc(1, sizeof *g);
  if (!g) return verifier_out_of_memory(v);
  g->function_nodes = calloc((size_t)m->nfunctions + 1, sizeof *g->function_nodes);
  g->impl_nodes = calloc((size_t)m->nimpls + 1, sizeof *g->impl_nodes);
  g->activated = calloc((size_t)m->nimpls + 1, sizeof *g->activated);
  if (!g->function_nodes || !g->impl_nodes || !g->activated) return verifier_out_of_memory(v);
  uint64_t nnodes = 0;
  for (uint32_t i = 0; i < m->nfunctions; i++) {
    g->function_nodes[i] = (uint32_t)nnodes;
    nnodes += m->functions[i].ntparams;
  }
  for (uint32_t i = 0; i < m->nimpls; i++) {
    g->impl_nodes[i] = (uint32_t)nnodes;
    nnodes += m->impls[i].ntparams;
  }
  if (nnodes >= UINT32_MAX) return verifier_fail(v, 0, "too many type parameters");
  g->nnodes = (uint32_t)nnodes;
  g->nodes = calloc(nnodes + 1, sizeof *g->nodes);
  return g->nodes || verifier_out_of_memory(v);
}

void growth_free(Verifier *v) {
  Growth *g = v->growth;
  if (!g) return;
  for (uint32_t i = 0; g->activated && i < v->module->nimpls; i++) free(g->activated[i]);
  free(g->activated);
  free(g->nodes);
  free(g->function_nodes);
  free(g->impl_nodes);
  free(g->waiters);
  free(g->waiter_index);
  free(g->terms);
  free(g->index);
  free(g);
  v->growth = NULL;
}

/* Terms and waiters */

static bool grow(Verifier *v, void *array, uint32_t count, uint32_t *cap, size_t size) {
  if (count < *cap) return true;
  uint32_t more = *cap ? 2 * *cap : 64;
  void *grown = realloc(*(void **)array, more * size);
  if (!grown) return verifier_out_of_memory(v);
  *(void **)array = grown;
  *cap = more;
  return true;
}

static uint32_t term_hash(uint32_t node, uint32_t base, const Type *type) {
  uint32_t hash = node * UINT32_C(0x9e3779b1) ^ base * UINT32_C(0x85ebca6b) ^ type->id * UINT32_C(0xc2b2ae35);
  return hash ^ hash >> 15;
}

static bool index_grow(Verifier *v) {
  Growth *g = v->growth;
  uint32_t size = g->index ? 2 * (g->index_mask + 1) : 256;
  uint32_t *grown = calloc(size, sizeof *grown);
  if (!grown) return verifier_out_of_memory(v);
  for (uint32_t i = 0; i < g->nterms; i++) {
    uint32_t at = term_hash(g->terms[i].node, g->terms[i].base, g->terms[i].type) & (size - 1);
    while (grown[at]) at = (at + 1) & (size - 1);
    grown[at] = i + 1;
  }
  free(g->index);
  g->index = grown;
  g->index_mask = size - 1;
  return true;
}

/* Gives a node a term, once. */
static bool term_add(Verifier *v, uint32_t node, uint32_t base, const Type *type) {
  Growth *g = v->growth;
  if (!type->has_param) base = 0;
  if ((!g->index || g->nterms * 2 > g->index_mask) && !index_grow(v)) return false;
  uint32_t at = term_hash(node, base, type) & g->index_mask;
  for (; g->index[at]; at = (at + 1) & g->index_mask) {
    const Term *term = &g->terms[g->index[at] - 1];
    if (term->node == node && term->base == base && term->type == type) return true;
  }
  if (g->nterms == TERMS_MAX) return verifier_fail(v, 0, "generic code is too entangled");
  if (!grow(v, &g->terms, g->nterms, &g->terms_cap, sizeof *g->terms)) return false;
  g->terms[g->nterms++] = (Term){type, node, base, g->nodes[node].terms};
  g->nodes[node].terms = g->index[at] = g->nterms;
  return true;
}

static bool term_meets(Verifier *v, uint32_t base, const Type *type, const Waiter *waiter);

/* The place in the index of a waiter, or of none like it. */
static uint32_t waiter_place(const Growth *g, const uint32_t *index, uint32_t mask, const Waiter *waiter) {
  uint32_t hash = waiter->node * UINT32_C(0x9e3779b1) ^ (waiter->to * 4 + waiter->kind) * UINT32_C(0x85ebca6b);
  hash ^= (waiter->method + (waiter->pattern ? waiter->pattern->id : 0)) * UINT32_C(0xc2b2ae35);
  uint32_t at = (hash ^ hash >> 15) & mask;
  for (; index[at]; at = (at + 1) & mask) {
    const Waiter *other = &g->waiters[index[at] - 1];
    if (other->node == waiter->node && other->kind == waiter->kind && other->to == waiter->to && other->method == waiter->method &&
        other->pattern == waiter->pattern) break;
  }
  return at;
}

static bool waiter_index_grow(Verifier *v) {
  Growth *g = v->growth;
  uint32_t size = g->waiter_index ? 2 * (g->waiter_mask + 1) : 256;
  uint32_t *grown = calloc(size, sizeof *grown);
  if (!grown) return verifier_out_of_memory(v);
  for (uint32_t i = 0; i < g->nwaiters; i++) grown[waiter_place(g, grown, size - 1, &g->waiters[i])] = i + 1;
  free(g->waiter_index);
  g->waiter_index = grown;
  g->waiter_mask = size - 1;
  return true;
}

/* Adds a waiter, once; it meets the terms that are there. */
static bool waiter_add(Verifier *v, uint32_t node, Waiter waiter) {
  Growth *g = v->growth;
  waiter.node = node;
  if ((!g->waiter_index || g->nwaiters * 2 > g->waiter_mask) && !waiter_index_grow(v)) return false;
  uint32_t place = waiter_place(g, g->waiter_index, g->waiter_mask, &waiter);
  if (g->waiter_index[place]) return true;
  if (!grow(v, &g->waiters, g->nwaiters, &g->waiters_cap, sizeof *g->waiters)) return false;
  waiter.next = g->nodes[node].waiters;
  g->waiters[g->nwaiters++] = waiter;
  g->nodes[node].waiters = g->waiter_index[place] = g->nwaiters;
  for (uint32_t at = g->nodes[node].terms; at; at = g->terms[at - 1].next) {
    if (at - 1 >= g->done) continue; /* its turn comes */
    Term term = g->terms[at - 1];
    if (!term_meets(v, term.base, term.type, &waiter)) return false;
  }
  return true;
}

/* `node` may stand for a type seen from `base`. */
static bool flow(Verifier *v, uint32_t node, uint32_t base, const Type *type) {
  if (type->kind != TYPE_PARAM) return term_add(v, node, base, type);
  return base + type->decl == node || waiter_add(v, base + type->decl, (Waiter){.kind = WAIT_COPY, .to = node});
}

/* Takes a type apart as an impl's type says; the impl's parameters begin at node `to`. */
static bool match(Verifier *v, const Type *pattern, uint32_t to, uint32_t base, const Type *type) {
  if (pattern->kind == TYPE_PARAM) return flow(v, to + pattern->decl, base, type);
  if (!pattern->has_param) return true;
  if (type->kind == TYPE_PARAM) return waiter_add(v, base + type->decl, (Waiter){.kind = WAIT_MATCH, .to = to, .pattern = pattern});
  if (pattern->kind != type->kind || pattern->decl != type->decl || pattern->nargs != type->nargs) return true;
  for (uint32_t i = 0; i < pattern->nargs; i++) {
    if (!match(v, pattern->args[i], to, base, type->args[i])) return false;
  }
  return true;
}

/* An impl's method is reached: its type arguments, once. */
static bool method_activate(Verifier *v, uint32_t index, uint32_t k) {
  Growth *g = v->growth;
  const Impl *impl = &v->module->impls[index];
  uint32_t nmethods = v->module->traits[impl->trait->decl].nmethods;
  if (!g->activated[index] && !(g->activated[index] = calloc((size_t)nmethods + 1, 1))) return verifier_out_of_memory(v);
  if (g->activated[index][k]++) {
    g->activated[index][k] = 1;
    return true;
  }
  const ImplMethod *method = &impl->methods[k];
  for (uint32_t j = 0; !method->is_op && j < method->ntargs; j++) {
    if (!flow(v, g->function_nodes[method->function] + j, g->impl_nodes[index], method->targs[j])) return false;
  }
  return true;
}

/* Method k of a trait is called on a type with a head. */
static bool bound_reach(Verifier *v, uint32_t trait, uint32_t k, uint32_t base, const Type *type) {
  const Impl *impl = bounds_find_head(v->module, trait, type);
  if (!impl) return true;
  uint32_t index = (uint32_t)(impl - v->module->impls);
  return match(v, impl->type, v->growth->impl_nodes[index], base, type) && method_activate(v, index, k);
}

static bool term_meets(Verifier *v, uint32_t base, const Type *type, const Waiter *waiter) {
  if (++v->growth->work > WORK_MAX) return verifier_fail(v, 0, "generic code is too entangled");
  switch ((WaiterKind)waiter->kind) {
    case WAIT_COPY: return term_add(v, waiter->to, base, type);
    case WAIT_BOUND: return bound_reach(v, waiter->to, waiter->method, base, type);
    case WAIT_MATCH: return match(v, waiter->pattern, waiter->to, base, type);
  }
  return true;
}

/* What functions do */

bool growth_add_call(Verifier *v, uint32_t from_function, uint32_t to_function, const Type *const *targs) {
  const uint32_t *nodes = v->growth->function_nodes;
  for (uint32_t j = 0; j < v->module->functions[to_function].ntparams; j++) {
    if (!flow(v, nodes[to_function] + j, nodes[from_function], targs[j])) return false;
  }
  return true;
}

bool growth_add_bound(Verifier *v, uint32_t from_function, const Type *trait, const Type *type, uint32_t method) {
  uint32_t base = v->growth->function_nodes[from_function];
  if (type->kind != TYPE_PARAM) return bound_reach(v, trait->decl, method, base, type);
  return waiter_add(v, base + type->decl, (Waiter){.kind = WAIT_BOUND, .to = trait->decl, .method = method});
}

/* Cycles */

/* Edges lead from a node to those whose terms mention it. `order` lists nodes as a depth-first walk leaves them. */
typedef struct Cycles {
  uint32_t *first;     /* by node: its first edge; one more behind */
  uint32_t *to;
  uint8_t *grows;
  uint32_t nedges;
  uint32_t *number, *low, *stack, *path, *at; /* Tarjan's */
  uint8_t *on_stack;
  uint32_t *component;
} Cycles;

typedef struct EdgeSink {
  const Growth *growth;
  Cycles *cycles;
  bool counts;         /* only counts edges, in first[] */
} EdgeSink;

static void edge_put(EdgeSink *s, uint32_t from, uint32_t to, bool grows) {
  Cycles *c = s->cycles;
  if (s->counts) {
    c->first[from + 1]++;
    return;
  }
  uint32_t at = c->first[from]++;
  c->to[at] = to;
  c->grows[at] = grows;
}

static void edges_of_type(EdgeSink *s, uint32_t base, const Type *type, uint32_t to) {
  if (type->kind == TYPE_PARAM) {
    edge_put(s, base + type->decl, to, true);
    return;
  }
  for (uint32_t i = 0; type->has_param && i < type->nargs; i++) edges_of_type(s, base, type->args[i], to);
}

static void edges_put(EdgeSink *s) {
  const Growth *g = s->growth;
  for (uint32_t i = 0; i < g->nterms; i++) edges_of_type(s, g->terms[i].base, g->terms[i].type, g->terms[i].node);
  for (uint32_t node = 0; node < g->nnodes; node++) {
    for (uint32_t at = g->nodes[node].waiters; at; at = g->waiters[at - 1].next) {
      if (g->waiters[at - 1].kind == WAIT_COPY) edge_put(s, node, g->waiters[at - 1].to, false);
    }
  }
}

static bool edges_make(Cycles *c, const Growth *g) {
  EdgeSink sink = {g, c, true};
  c->first = calloc((size_t)g->nnodes + 2, sizeof *c->first);
  if (!c->first) return false;
  edges_put(&sink);
  for (uint32_t i = 1; i <= g->nnodes; i++) c->first[i] += c->first[i - 1];
  c->nedges = c->first[g->nnodes];
  c->to = calloc((size_t)c->nedges + 1, sizeof *c->to);
  c->grows = calloc((size_t)c->nedges + 1, 1);
  if (!c->to || !c->grows) return false;
  sink.counts = false;
  edges_put(&sink);
  for (uint32_t i = g->nnodes; i > 0; i--) c->first[i] = c->first[i - 1]; /* filling has moved each to the next */
  c->first[0] = 0;
  return true;
}

/* Tarjan's strongly connected components, without recursion, from one node. */
static void components_from(Cycles *c, uint32_t start, uint32_t *count, uint32_t *nstack, uint32_t *ncomponents) {
  uint32_t depth = 0;
  c->path[depth++] = start;
  while (depth) {
    uint32_t node = c->path[depth - 1];
    if (!c->number[node]) {
      c->number[node] = c->low[node] = ++*count;
      c->at[node] = c->first[node];
      c->stack[(*nstack)++] = node;
      c->on_stack[node] = 1;
    }
    bool went = false;
    for (; c->at[node] < c->first[node + 1]; c->at[node]++) {
      uint32_t next = c->to[c->at[node]];
      if (!c->number[next]) {
        c->path[depth++] = next;
        went = true;
        break;
      }
      if (c->on_stack[next] && c->low[next] < c->low[node]) c->low[node] = c->low[next];
    }
    if (went) continue;
    if (c->low[node] == c->number[node]) {
      ++*ncomponents;
      uint32_t member;
      do {
        member = c->stack[--*nstack];
        c->on_stack[member] = 0;
        c->component[member] = *ncomponents;
      } while (member != node);
    }
    depth--;
  }
}

/* A node on a cycle that grows, or UINT32_MAX. */
static uint32_t cycle_find(Cycles *c, uint32_t nnodes) {
  uint32_t count = 0, nstack = 0, ncomponents = 0;
  for (uint32_t node = 0; node < nnodes; node++) {
    if (!c->number[node]) components_from(c, node, &count, &nstack, &ncomponents);
  }
  for (uint32_t node = 0; node < nnodes; node++) {
    for (uint32_t at = c->first[node]; at < c->first[node + 1]; at++) {
      if (c->grows[at] && c->component[node] == c->component[c->to[at]]) return c->to[at];
    }
  }
  return UINT32_MAX;
}

static bool report(Verifier *v, uint32_t node) {
  const Module *module = v->module;
  for (uint32_t i = 0; i < module->nfunctions; i++) {
    uint32_t first = v->growth->function_nodes[i];
    if (node < first || node - first >= module->functions[i].ntparams) continue;
    return verifier_fail(v, 0, "function %s: its instances for type parameter %u never end", module->functions[i].name, node - first);
  }
  return verifier_fail(v, 0, "instances of generic code never end");
}

static bool terms_settle(Verifier *v) {
  Growth *g = v->growth;
  while (g->done < g->nterms) {
    Term term = g->terms[g->done++];
    for (uint32_t at = g->nodes[term.node].waiters; at; at = g->waiters[at - 1].next) {
      Waiter waiter = g->waiters[at - 1];
      if (!term_meets(v, term.base, term.type, &waiter)) return false;
    }
  }
  return true;
}

bool growth_check(Verifier *v) {
  Growth *g = v->growth;
  if (!terms_settle(v)) return false;
  Cycles c = {0};
  size_t count = (size_t)g->nnodes + 1;
  uint32_t *numbers = calloc(count, 6 * sizeof *numbers), node = UINT32_MAX;
  c.on_stack = calloc(count, 1);
  bool is_ok = numbers && c.on_stack && edges_make(&c, g);
  if (is_ok) {
    c.number = numbers;
    c.low = numbers + count;
    c.stack = numbers + 2 * count;
    c.path = numbers + 3 * count;
    c.at = numbers + 4 * count;
    c.component = numbers + 5 * count;
    node = cycle_find(&c, g->nnodes);
  }
  free(numbers);
  free(c.on_stack);
  free(c.first);
  free(c.to);
  free(c.grows);
  if (!is_ok) return verifier_out_of_memory(v);
  return node == UINT32_MAX || report(v, node);
}
