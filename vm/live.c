/* live.c - live values of many frames. Interface: program.h (LiveCache).
 *
 * Finding what is live costs time in proportion to a function's code, and a stack has frames at few places: what was found last stays, by place.
 */
#include <stdlib.h>

#include "vm/program.h"

const LiveValues *live_find(LiveCache *cache, const Code *code, uint32_t pc, bool in_call) {
  LiveKept *kept = &cache->kept[(code->index * 7 + pc) % LIVE_KEPT];
  if (kept->code == code && kept->pc == pc && kept->in_call == in_call) {
    cache->work += 1 + kept->live.count / 8;
    return &kept->live;
  }
  kept->code = NULL;
  cache->work += pc + code->function->nlocals;
  if (!code_live(code, pc, in_call, &kept->live)) return NULL;
  *kept = (LiveKept){code, pc, in_call, kept->live};
  return &kept->live;
}

void live_free(LiveCache *cache) {
  for (unsigned i = 0; i < LIVE_KEPT; i++) free(cache->kept[i].live.items);
}
