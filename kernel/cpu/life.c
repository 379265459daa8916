/* Lives: a core may be restarted from nothing while the others run. Its new
 * generation, who has met it, and when a page that two cores share may be used
 * anew. core.h says what is in the control pages.
 *
 * For two cores X and Y, whatever is restarted when: a page of the mesh is
 * zeroed only by the lower one, and only after the higher one has said that it
 * met this life; the higher one opens it only when it was zeroed for its own
 * life. So neither ever sees what an earlier life of the other does or did. */
#include <string.h>

#include "arch.h"
#include "core.h"
#include "memory_order.h"

static struct control *own(void) {
    return control_of(core_number);
}

void life_again(void) {
    struct control *control = own();
    /* What rang before was for the last life. Taken before `met` is filled: who
     * has a new life from here on rings again. */
    mem_exchange(&control->summary, 0);
    for (unsigned word = 0; word < DOORBELL_WORDS; word++) {
        mem_exchange(&control->pending[word], 0);
    }
    for (unsigned core = 0; core < BOOT->core_count; core++) {
        mem_store_relaxed(&control->ready[core], MESH_NOT_READY);
    }
    mem_store_relaxed(&control->untold, 0);
    /* `ready` is withdrawn before the generation goes up: pairs with the
     * load_acquire in life_known(), which comes before mesh_ready(). */
    mem_store_release(&control->generation, control->generation + 1);
    mem_store_release(&control->state, CORE_STARTING);
    for (unsigned core = 0; core < BOOT->core_count; core++) {
        if (core != core_number) {
            /* This life has used nothing of anybody yet. */
            mem_store_release(&control->met[core],
                mem_load_acquire(&control_of(core)->generation));
            doorbell_ring(core, core_number);
        }
    }
}

bool life_known(unsigned core) {
    const struct control *control = control_of(core);
    return mem_load_acquire(&control->generation) == mem_load_relaxed(&own()->met[core])
           && mem_load_acquire(&control->state) <= CORE_ONLINE;
}

bool life_meet(unsigned core, uint32_t generation) {
    if (mem_load_relaxed(&own()->met[core]) == generation) {
        return false;
    }
    /* What was used of earlier lives is used no more before this is seen: pairs
     * with the load_acquire in life_met_by(). */
    mem_store_release(&own()->met[core], generation);
    return true;
}

bool life_met_by(unsigned core) {
    return mem_load_acquire(&control_of(core)->met[core_number])
           == mem_load_relaxed(&own()->generation);
}

bool mesh_ready(unsigned core) {
    if (core < core_number) {
        /* The zeroes are seen with this: pairs with the store_release below. */
        return mem_load_acquire(&control_of(core)->ready[core_number])
               == mem_load_relaxed(&own()->generation);
    }
    uint32_t generation = mem_load_relaxed(&own()->met[core]);
    if (mem_load_relaxed(&own()->ready[core]) != generation) {
        if (!life_met_by(core)) {
            return false;
        }
        memset((void *)(uintptr_t)(LAYOUT_SHARED + mesh_offset(core_number, core)), 0,
            LAYOUT_PAGE);
        mem_store_release(&own()->ready[core], generation);
        doorbell_ring(core, BELL_WAKE); /* it may wait for this */
    }
    return true;
}

/* --- claims ---------------------------------------------------------------------- */

/* A claim is of one life, by one life, which may die before it has restarted the core:
 * then the claim counts no more. Generations are cut short in it; 0 is no claim. */
#define CLAIM(life, claimant, generation) \
    ((life) << 16 | ((generation) & 0xffu) << 8 | ((claimant) + 1))

static bool claim_counts(uint32_t claim, uint32_t life) {
    unsigned claimant = (claim & 0xffu) - 1;
    if (claimant >= BOOT->core_count) {
        return false;
    }
    const struct control *control = control_of(claimant);
    uint32_t generation = mem_load_acquire(&control->generation);
    return claim == CLAIM(life, claimant, generation)
           && mem_load_acquire(&control->state) <= CORE_ONLINE;
}

bool life_claim(unsigned core) {
    struct control *control = control_of(core);
    /* The claim is read first: whoever restarts the core after that has changed it. */
    uint32_t claim = mem_load_acquire(&control->claim);
    uint32_t life = mem_load_acquire(&control->generation);
    return mem_load_acquire(&control->state) == CORE_DEAD && !claim_counts(claim, life)
           && mem_compare_exchange(&control->claim, claim,
               CLAIM(life, core_number, mem_load_relaxed(&own()->generation)));
}

/* --- panics --------------------------------------------------------------------- */

static uint32_t now_ms(void) {
    return arch_ticks() / ARCH_TICKS_PER_MS;
}

void life_panics(void) {
    struct control *control = own();
    mem_store_relaxed(&control->panic_ms[control->panics % PANICS_KEPT], now_ms());
    mem_store_release(&control->panics, control->panics + 1);
}

unsigned life_panics_of(unsigned core, uint32_t period_ms) {
    const struct control *control = control_of(core);
    uint32_t panics = mem_load_acquire(&control->panics), now = now_ms();
    unsigned found = 0;
    while (found < panics && found < PANICS_KEPT
           && now - mem_load_relaxed(&control->panic_ms[(panics - 1 - found) % PANICS_KEPT])
               < period_ms) {
        found++;
    }
    return found;
}
