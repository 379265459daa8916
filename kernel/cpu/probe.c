/* Probes (probe.h). While one is under way interrupts are masked, so that any
 * trap is its own. */
#include "probe.h"

#include "arch.h"
#include "layout.h"

static volatile bool under_way;
static struct trap found;          /* the probe's trap, its cause */

bool probe_trapped(struct trap *trap) {
    if (!under_way) {
        return false;
    }
    under_way = false;
    found.cause = trap->cause; /* the frame has no more registers than there are */
    /* The accesses of arch_probe_...() call and use no stack: what follows each
     * is where their call, or their jump, returns to. */
    trap->pc = arch_trap_return(trap);
    return true;
}

static bool goes_through(void (*access)(uintptr_t), uintptr_t address) {
    under_way = true;
    access(address);
    bool untrapped = under_way;
    under_way = false;
    return untrapped;
}

/* Where to jump to in the rest of the page: what is there must come straight
 * back if it is executed after all. */
static uintptr_t landing_after(uintptr_t address) {
    uintptr_t end = (address | (LAYOUT_PAGE - 1)) + 1;
    for (uintptr_t at = (address + ARCH_CODE_ALIGNMENT - 1) & -ARCH_CODE_ALIGNMENT; at != end;
         at += ARCH_CODE_ALIGNMENT) {
        if (arch_code_comes_back((const void *)at)) {
            return at;
        }
    }
    return address;
}

static bool may(uintptr_t address, enum access access) {
    bool readable = goes_through(arch_probe_load, address);
    switch (access) {
        case ACCESS_READ:
            return readable;
        case ACCESS_WRITE:
            return goes_through(readable ? arch_probe_rewrite : arch_probe_store, address);
        default:
            return goes_through(arch_probe_jump, readable ? landing_after(address) : address)
                   || !arch_trap_is_access(&found); /* it was executed, and no instruction */
    }
}

const char *probe_access(uintptr_t address, enum access access) {
    uintptr_t state = arch_interrupts_mask();
    const char *cause = may(address, access) ? NULL : arch_trap_cause(&found);
    arch_interrupts_restore(state);
    return cause;
}
