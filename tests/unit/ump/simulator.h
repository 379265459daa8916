/* Two cores of a machine that reorders memory accesses, run by a seed. */
#ifndef POLY_TEST_SIMULATOR_H
#define POLY_TEST_SIMULATOR_H

#include "side.h"

enum sim_order {
    SIM_TSO,  /* stores reach memory late, in order */
    SIM_PSO,  /* late, in order per address, but a release waits for older stores */
    SIM_WEAK, /* as PSO; copies out may also be made early, until an acquire, or
               * late, until a release or the use of what was copied */
};

enum sim_verdict { SIM_FINE, SIM_WRONG, SIM_HANGS };

struct sim_setup {
    uint32_t order;
    uint32_t slots, position;           /* of both rings; where they start */
    uint32_t messages[2];               /* to be sent by each core */
    const char *removed_primitive, *removed_function; /* or NULL */
    uint32_t edge_doorbell;             /* a ring is lost unless the core waits */
    struct side_mutations mutations;
};

struct sim_result {
    uint32_t verdict;
    uint32_t steps;
    uint32_t removals;                  /* how often the removed primitive was passed */
    uint32_t sleeps[2];
    char text[512];                     /* the state, unless it is fine */
};

void sim_run(const struct sim_setup *setup, uint64_t seed, struct sim_result *result);

/* Tries seeds from `first` on; the first that is not fine, or first + count. */
uint64_t sim_search(const struct sim_setup *setup, uint64_t first, uint64_t count,
    struct sim_result *result);

/* Primitives with an order that have been executed, as "primitive function\n". */
const char *sim_sites(void);

/* Outside of a run primitives act at once. Before each, this is called. */
extern void (*sim_on_access)(const char *primitive, const void *address, size_t length);

#endif
