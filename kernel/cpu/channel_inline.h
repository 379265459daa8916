/* What the parts of a channel share: the ring, compiled into each of them, and what is done
 * for every message. Only channel.c, send.c and receive.c include it. */
#ifndef POLY_CHANNEL_INLINE_H
#define POLY_CHANNEL_INLINE_H

#define UMP_LINKAGE static inline
#include "channel.h"

#include "core.h"
#include "pending.h"
#include "py/runtime.h"
#include "ump.c"

/* Either ring's fault is the channel's. */
static inline unsigned fault_of(const struct channel *channel) {
    return channel->rx.fault != UMP_ALIVE ? channel->rx.fault : channel->tx.fault;
}

/* The producer found that its ring is broken: the other one is of no use either. */
static inline void check_producer(struct channel *channel) {
    if (channel->tx.fault == UMP_BAD_CONSUMED) {
        channel->rx.fault = UMP_BAD_CONSUMED;
    }
}

static inline void ring_peer(struct channel *channel) {
    if (channel->memory == NULL) {
        doorbell_ring(channel->peer_core, channel->peer_bell);
    } else {
        doorbell_latch(channel->peer_bell); /* the peer is on this core */
    }
}

/* After slots were sent. */
static inline void ring_receiver(struct channel *channel) {
    if (ump_send_must_ring(&channel->tx) || channel->always_ring) {
        ring_peer(channel);
    }
}

static inline void disarm_receiver(struct channel *channel) {
    if (channel->rx_armed) {
        channel->rx_armed = false;
        ump_consumer_sleep(&channel->rx, false);
    }
}

static inline void disarm_sender(struct channel *channel) {
    if (channel->tx_armed && !(channel->sending & CHANNEL_DRAINS)) {
        channel->tx_armed = false;
        ump_producer_sleep(&channel->tx, false);
    }
}

/* Raises ChannelDied if it is dead; else waits until channel_arm() would be true. Serves
 * pending callbacks and pending interrupts of the program, which may raise. */
void channel_wait_message(struct channel *channel);

#endif
