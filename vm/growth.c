/* growth.c - refuses modules whose generic code would be instantiated without end.
 *
 * Nodes are the type parameters of all functions, and the methods of all traits (standing for the types that calls through bounds pass).
 * An edge of weight w from p to q says: when p stands for a type of depth d, q may stand for one of depth d + w. A call gives
 * weight = how deep the parameter lies in the type argument. A call through a bound to an impl takes the type apart before it
 * builds type arguments: weight = depth in the argument minus depth in the impl's type. A cycle of positive weight would
 * nest types deeper and deeper; so depths are propagated until nothing changes, and one over TYPE_DEPTH_MAX is refused.
 * No node changes more than TYPE_DEPTH_MAX times: the work is linear.
 *
 * Calls on trait values are not counted: what they reach depends on the values. There the limits at run time (TRAP_INSTANCES) hold.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/verifier.h"

bool growth_init(Verifier *v) {
  const Module *module = v->module;
  Growth *g = &v->growth;
  g->function_nodes = calloc((size_t)module->nfunctions + 1, sizeof *g->function_nodes);
  g->trait_nodes = calloc((size_t)module->ntraits + 1, sizeof *g->trait_nodes);
  if (!g->function_nodes || !g->trait_nodes) return verifier_out_of_memory(v);
  uint64_t nnodes = 0;
  for (uint32_t i = 0; i < module->nfunctions; i++) {
    g->function_nodes[i] = (uint32_t)nnodes;
    nnodes += module->functions[i].ntparams;
  }
  for (uint32_t i = 0; i < module->ntraits; i++) {
    g->trait_nodes[i] = (uint32_t)nnodes;
    nnodes += module->traits[i].nmethods;
  }
  if (nnodes >= UINT32_MAX) return verifier_fail(v, 0, "too many type parameters");
  g->nnodes = (uint32_t)nnodes;
  return true;
}

static bool add_edge(Verifier *v, uint32_t from, uint32_t to, int32_t weight) {
  Growth *g = &v->growth;
  if (g->nedges == g->capacity) {
    uint32_t capacity = g->capacity ? g->capacity * 2 : 256;
    GrowthEdge *edges = capacity > g->capacity ? realloc(g->edges, capacity * sizeof *edges) : NULL;
    if (!edges) return verifier_out_of_memory(v);
    g->edges = edges;
    g->capacity = capacity;
  }
  g->edges[g->nedges++] = (GrowthEdge){from, to, weight};
  return true;
}

/* depths[i] becomes 1 + how deep PARAM i lies at most; 0 if it is not there. */
static void measure_params(const Type *type, int32_t depth, int32_t *depths) {
  if (type->kind == TYPE_PARAM) {
    if (type->decl < MODULE_TPARAMS_MAX && depths[type->decl] < depth + 1) depths[type->decl] = depth + 1;
    return;
  }
  if (!type->has_param) return;
  for (uint32_t i = 0; i < type->nargs; i++) measure_params(type->args[i], depth + 1, depths);
}

static bool add_targ(Verifier *v, uint32_t from_node, uint32_t nfrom, const Type *targ, uint32_t to_node) {
  if (!targ->has_param) return true;
  int32_t depths[MODULE_TPARAMS_MAX] = {0};
  measure_params(targ, 0, depths);
  for (uint32_t i = 0; i < nfrom && i < MODULE_TPARAMS_MAX; i++) {
    if (depths[i] && !add_edge(v, from_node + i, to_node, depths[i] - 1)) return false;
  }
  return true;
}

bool growth_add_call(Verifier *v, uint32_t from_function, uint32_t to_function, const Type *const *targs) {
  const uint32_t *nodes = v->growth.function_nodes;
  uint32_t nfrom = v->module->functions[from_function].ntparams;
  for (uint32_t j = 0; nfrom && j < v->module->functions[to_function].ntparams; j++) {
    if (!add_targ(v, nodes[from_function], nfrom, targs[j], nodes[to_function] + j)) return false;
  }
  return true;
}

bool growth_add_bound(Verifier *v, uint32_t from_function, const Type *trait, const Type *type, uint32_t method) {
  if (!type->has_param) return true;
  uint32_t from_node = v->growth.function_nodes[from_function];
  if (type->kind == TYPE_PARAM) return add_edge(v, from_node + type->decl, v->growth.trait_nodes[trait->decl] + method, 0);
  const Type *args[MODULE_TPARAMS_MAX], *targs[MODULE_TPARAMS_MAX];
  const Impl *impl = module_find_impl(v->module, v->module->types, trait, type, args);
  if (!impl || impl->methods[method].is_op) return true;
  const ImplMethod *target = &impl->methods[method];
  for (uint32_t j = 0; j < target->ntargs; j++) {
    targs[j] = type_subst(v->module->types, target->targs[j], args, impl->ntparams);
    if (!targs[j]) return verifier_fail(v, 0, "a type nests too deep");
  }
  return growth_add_call(v, from_function, target->function, targs);
}

bool growth_add_impl(Verifier *v, const Impl *impl) {
  const Trait *trait = &v->module->traits[impl->trait->decl];
  int32_t whole[MODULE_TPARAMS_MAX] = {0};
  measure_params(impl->type, 0, whole);
  for (uint32_t k = 0; k < trait->nmethods; k++) {
    const ImplMethod *method = &impl->methods[k];
    for (uint32_t j = 0; !method->is_op && j < method->ntargs; j++) {
      int32_t depths[MODULE_TPARAMS_MAX] = {0}, weight = INT32_MIN;
      measure_params(method->targs[j], 0, depths);
      for (uint32_t i = 0; i < impl->ntparams; i++) {
        if (depths[i] && whole[i] && depths[i] - whole[i] > weight) weight = depths[i] - whole[i];
      }
      uint32_t from = v->growth.trait_nodes[impl->trait->decl] + k, to = v->growth.function_nodes[method->function] + j;
      if (weight != INT32_MIN && !add_edge(v, from, to, weight)) return false;
    }
  }
  return true;
}

/* Propagates depths with a queue of nodes whose depth changed. */
typedef struct Spread {
  uint32_t *first;   /* by node: its first edge; one more entry behind */
  uint32_t *order;   /* edges by node */
  uint32_t *queue;   /* a ring of nnodes entries */
  uint8_t *depth, *is_queued;
} Spread;

static bool spread_init(Spread *s, const Growth *g) {
  s->first = calloc((size_t)g->nnodes + 2, sizeof *s->first);
  s->order = calloc((size_t)g->nedges + 1, sizeof *s->order);
  s->queue = calloc((size_t)g->nnodes + 1, sizeof *s->queue);
  s->depth = calloc((size_t)g->nnodes + 1, 1);
  s->is_queued = calloc((size_t)g->nnodes + 1, 1);
  if (!s->first || !s->order || !s->queue || !s->depth || !s->is_queued) return false;
  for (uint32_t i = 0; i < g->nedges; i++) s->first[g->edges[i].from + 2]++;
  for (uint32_t i = 1; i <= g->nnodes + 1; i++) s->first[i] += s->first[i - 1];
  for (uint32_t i = 0; i < g->nedges; i++) s->order[s->first[g->edges[i].from + 1]++] = i;
  return true;
}

/* Returns a node whose depth would pass the limit, or UINT32_MAX. */
static uint32_t spread_run(Spread *s, const Growth *g) {
  uint32_t head = 0, count = g->nnodes;
  for (uint32_t i = 0; i < g->nnodes; i++) {
    s->queue[i] = i;
    s->is_queued[i] = 1;
  }
  while (count) {
    uint32_t node = s->queue[head];
    head = head + 1 == g->nnodes ? 0 : head + 1;
    count--;
    s->is_queued[node] = 0;
    for (uint32_t i = s->first[node]; i < s->first[node + 1]; i++) {
      const GrowthEdge *edge = &g->edges[s->order[i]];
      int32_t depth = s->depth[node] + edge->weight;
      if (depth > TYPE_DEPTH_MAX) return edge->to;
      if (depth <= s->depth[edge->to]) continue;
      s->depth[edge->to] = (uint8_t)depth;
      if (s->is_queued[edge->to]) continue;
      s->is_queued[edge->to] = 1;
      s->queue[(uint32_t)(((uint64_t)head + count++) % g->nnodes)] = edge->to;
    }
  }
  return UINT32_MAX;
}

static bool report(Verifier *v, uint32_t node) {
  const Module *module = v->module;
  for (uint32_t i = 0; i < module->nfunctions; i++) {
    uint32_t first = v->growth.function_nodes[i];
    if (node < first || node - first >= module->functions[i].ntparams) continue;
    return verifier_fail(v, 0, "function %s: its instances for type parameter %u never end", module->functions[i].name, node - first);
  }
  return verifier_fail(v, 0, "instances of generic code never end");
}

bool growth_check(Verifier *v) {
  Spread s = {0};
  uint32_t node = UINT32_MAX;
  bool is_ok = spread_init(&s, &v->growth);
  if (is_ok) node = spread_run(&s, &v->growth);
  free(s.first);
  free(s.order);
  free(s.queue);
  free(s.depth);
  free(s.is_queued);
  if (!is_ok) return verifier_out_of_memory(v);
  return node == UINT32_MAX || report(v, node);
}
