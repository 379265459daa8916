/* A channel's ring as it is after any number of messages, to start tests near
 * the places where counters wrap. */
#ifndef POLY_TEST_POSITION_H
#define POLY_TEST_POSITION_H

#include "ump.h"

/* Opens both ends of an empty ring, `count` slots after its beginning. */
void ring_open_at(struct ump_ring *ring, struct ump_producer *tx, struct ump_consumer *rx,
    uint32_t slots, uint32_t count);

/* Sizes of a producer (upper byte) and a consumer (lower), for bindings to check. */
size_t ring_end_bytes(void);

#endif
