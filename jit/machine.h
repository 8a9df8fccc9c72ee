/* machine.h - the machine's functions that the plugin calls, by their own names: it is not linked with them, but given their addresses. */
#ifndef FIRN_JIT_MACHINE_H
#define FIRN_JIT_MACHINE_H

#include "vm/heap_cells.h"
#include "vm/interp.h"
#include "vm/tier.h"
#include "vm/verify.h"

#define SYMBOL(name) extern __typeof__(&name) machine_##name;
#include "vm/tier_symbols.def"

#define machine_desc(number) ((*machine_heap_descs)[number])
#define machine_informs(who) ((*machine_tier_info & (who)) != 0)
#define tier_publish (*machine_tier_publish)
#define threaded_receivers (*machine_threaded_receivers)
#define code_pushes (*machine_code_pushes)
#define code_result_type (*machine_code_result_type)
#define code_position (*machine_code_position)

#endif
