/* The floor for benches: two bare loops over the ring, without what a channel
 * adds to it (trains, callbacks, errors); and a copy in and out. */
#define UMP_LINKAGE static inline
#include <string.h>

#include "channel.h"
#include "core.h"
#include "ump.c"

#define INLINE __attribute__((always_inline)) static inline

INLINE void send(struct channel *channel, const void *payload, size_t length) {
    while (!ump_send(&channel->tx, 0, true, payload, length)) {
        if (channel->tx.fault != UMP_ALIVE) {
            channel_check_alive(channel);
        }
        ump_producer_sleep(&channel->tx, true);
        while (ump_credits(&channel->tx) == 0 && channel_fault(channel) == UMP_ALIVE) {
            core_wait(0);
        }
        ump_producer_sleep(&channel->tx, false);
    }
    if (ump_send_must_ring(&channel->tx)) {
        doorbell_ring(channel->peer_core, channel->peer_bell);
    }
}

INLINE void receive(struct channel *channel, struct ump_message *slot, void *payload) {
    while (!ump_receive(&channel->rx, slot, payload)) {
        if (channel->rx.fault != UMP_ALIVE) {
            channel_check_alive(channel);
        }
        ump_consumer_sleep(&channel->rx, true);
        while (!ump_ready(&channel->rx)) {
            core_wait(0);
        }
        ump_consumer_sleep(&channel->rx, false);
    }
    if (ump_receive_must_ring(&channel->rx)) {
        doorbell_ring(channel->peer_core, channel->peer_bell);
    }
}

void bench_echo(struct channel *channel, uint32_t rounds) {
    struct ump_message slot;
    uint64_t payload[UMP_LINE / sizeof(uint64_t)];
    for (; rounds > 0; rounds--) {
        receive(channel, &slot, payload);
        send(channel, payload, slot.length);
    }
}

void bench_ping(struct channel *channel, uint32_t rounds, size_t length) {
    struct ump_message slot;
    uint64_t payload[UMP_LINE / sizeof(uint64_t)] = {0x0123456789abcdef};
    for (; rounds > 0; rounds--) {
        send(channel, payload, length);
        receive(channel, &slot, payload);
    }
}

void bench_copy(void *shared, void *private_side, size_t length) {
    memcpy(shared, private_side, length);
    __asm__ volatile ("" : : : "memory");
    memcpy(private_side, shared, length);
}
