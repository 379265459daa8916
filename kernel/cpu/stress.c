/* Delays at random: stress.h. */
#include "stress.h"

#include "arch.h"
#include "memory_order.h"

#define SPREAD 0x9e3779b9u         /* 2^32 over the golden ratio: neighbours end far apart */

static uint32_t state;             /* never 0 */

void stress_init(void) {
    uint32_t generation = mem_load_relaxed(&control_of(core_number)->generation);
    state = (BOOT->seed ^ (generation << 16 | core_number)) * SPREAD;
    state = state == 0 ? SPREAD : state;
}

/* Marsaglia's xorshift generator. */
static uint32_t random_number(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

void stress_delay(uint32_t most_us, uint32_t one_in) {
    if (random_number() % one_in != 0) {
        return;
    }
    uint64_t end = arch_ticks()
        + (uint64_t)(random_number() % most_us) * ARCH_TICKS_PER_MS / 1000;
    while (arch_ticks() < end) {
    }
}
