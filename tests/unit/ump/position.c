#include "position.h"

#include <string.h>

void ring_open_at(struct ump_ring *ring, struct ump_producer *tx, struct ump_consumer *rx,
    uint32_t slots, uint32_t count) {
    memset(ring, 0, UMP_RING_BYTES(slots));
    ring->consumed = count;
    /* Every position has the header of its last use: the epoch bit is 1 on even
     * laps. A zeroed ring is one whose lap -1 has just ended. */
    for (uint32_t used = count - slots; used != count; used++) {
        uint32_t epoch = (used / slots + 1) % 2;
        ring->slots[used % slots].header = used << 16 | epoch;
    }
    ump_producer_open(tx, ring, slots);
    ump_consumer_open(rx, ring, slots);
    tx->sent = tx->limit = rx->received = count;
    tx->slot = &ring->slots[count % slots];
    rx->slot = tx->slot;
    tx->stamp = rx->stamp = count << 16 | (count / slots + 1) % 2;
}

size_t ring_end_bytes(void) {
    return sizeof(struct ump_producer) << 8 | sizeof(struct ump_consumer);
}
