/* A channel's end: its memory, its death, waiting, sleep. SPEC UMP-4, UMP-5. What goes in
 * and out is in send.c and receive.c. */
#include "channel_inline.h"

#include <string.h>

#include "arch.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

static const char *const fault_texts[] = {
    [UMP_ALIVE] = NULL,
    [UMP_BAD_LENGTH] = "peer sent a bad length",
    [UMP_BAD_SEQUENCE] = "peer sent a bad sequence number",
    [UMP_BAD_CONSUMED] = "peer acknowledged what was not sent",
    [UMP_BAD_KIND] = "peer sent an overlong train",
    [UMP_PEER_DIED] = "peer died",
    [UMP_CLOSED] = "closed",
};

unsigned channel_fault(const struct channel *channel) {
    return fault_of(channel);
}

const char *channel_fault_text(const struct channel *channel) {
    return fault_texts[fault_of(channel)];
}

/* A peer that died may have left messages: those are still received. After
 * anything else the channel is dead both ways. */
void channel_die(struct channel *channel, unsigned fault) {
    if (fault_of(channel) == UMP_ALIVE) {
        channel->tx.fault = fault;
        channel->rx.fault = fault == UMP_PEER_DIED ? UMP_ALIVE : fault;
    }
}

/* A send or a wait that is under way, in whose callback this happens, still
 * looks at a ring: at one that is nobody's. */
void channel_abandon(struct channel *channel) {
    static uint64_t nobodys[UMP_RING_BYTES(UMP_SLOTS_MIN) / sizeof(uint64_t)]
        __attribute__((aligned(UMP_LINE)));
    struct ump_ring *ring = (struct ump_ring *)nobodys;
    if (fault_of(channel) == UMP_ALIVE) {
        channel->tx.fault = UMP_PEER_DIED;
    }
    channel->rx.fault = fault_of(channel);
    channel->tx.ring = channel->rx.ring = ring;
    channel->tx.slot = ring->slots;
    channel->rx.slot = ring->slots;
}

static NORETURN void raise_died(const struct channel *channel) {
    const char *text = fault_texts[fault_of(channel)];
    mp_obj_t args[2] = {MP_OBJ_NEW_SMALL_INT(MP_EPIPE), mp_obj_new_str(text, strlen(text))};
    nlr_raise(mp_obj_new_exception_args(&mp_type_ChannelDied, 2, args));
}

void channel_check_alive(const struct channel *channel) {
    if (fault_of(channel) != UMP_ALIVE) {
        raise_died(channel);
    }
}

uint32_t channel_region_bytes(uint32_t slots) {
    return (2 * UMP_RING_BYTES(slots) + LAYOUT_PAGE - 1) & ~(LAYOUT_PAGE - 1u);
}

static void start(struct channel *channel, struct ump_ring *to, struct ump_ring *from,
    uint32_t slots, uint32_t longest) {
    channel->kind = channel->sending = 0;
    channel->rx_armed = channel->tx_armed = false;
    channel->memory = NULL;
    channel->is_put_off = false;
    channel->inbox = (struct inbox) {.longest = longest};
    channel->outbox = (struct outbox) {.bytes = NULL};
    ump_producer_open(&channel->tx, to, slots);
    ump_consumer_open(&channel->rx, from, slots);
    /* A message of one slot needs no memory, one without a bound what comes. */
    if (longest > UMP_PAYLOAD) {
        struct inbox *inbox = &channel->inbox;
        inbox->room = longest < TRAIN_MESSAGE_MAX ? longest : 2 * UMP_PAYLOAD;
        inbox->bytes = m_new(uint8_t, inbox->room);
        if (longest < TRAIN_MESSAGE_MAX && !channel->always_ring) {
            channel_outbox_room(channel, longest - UMP_PAYLOAD);
        }
    }
}

void channel_open(struct channel *channel, void *region, uint32_t slots, unsigned side,
    uint32_t longest) {
    struct ump_ring *first = region;
    struct ump_ring *second = (struct ump_ring *)((char *)region + UMP_RING_BYTES(slots));
    start(channel, side == 0 ? first : second, side == 0 ? second : first, slots, longest);
}

void channel_open_pair(struct channel *a, struct channel *b, uint32_t slots, uint32_t longest) {
    size_t bytes = 2 * UMP_RING_BYTES(slots) + UMP_LINE;
    void *memory = m_malloc0(bytes);
    void *region = (void *)(((uintptr_t)memory + UMP_LINE - 1) & ~(uintptr_t)(UMP_LINE - 1));
    a->always_ring = b->always_ring = false;
    a->peer_core = b->peer_core = core_number;
    a->peer_bell = b->bell;
    b->peer_bell = a->bell;
    channel_open(a, region, slots, 0, longest);
    channel_open(b, region, slots, 1, longest);
    a->memory = b->memory = memory;
}

uint32_t channel_credits(struct channel *channel) {
    uint32_t credits = ump_credits(&channel->tx);
    check_producer(channel);
    return credits;
}

/* --- waiting ------------------------------------------------------------------- */

typedef bool (*condition_t)(struct channel *, unsigned);

static inline bool message_there(struct channel *channel, unsigned unused) {
    (void)unused;
    return ump_ready(&channel->rx) || channel->tx.fault != UMP_ALIVE;
}

static bool credit_there(struct channel *channel, unsigned reserve) {
    return channel_credits(channel) > reserve || fault_of(channel) != UMP_ALIVE;
}

static bool poll_for_a_while(struct channel *channel, condition_t there, unsigned argument) {
    if (BOOT->spin_us == 0) {
        return false;
    }
    uint64_t ticks = (uint64_t)BOOT->spin_us * (BOARD_TIMER_TICKS_PER_SECOND / 1000000);
    uint64_t end = arch_ticks() + ticks;
    do {
        if (there(channel, argument)) {
            return true;
        }
    } while (arch_ticks() < end);
    return false;
}

void channel_wait_message(struct channel *channel) {
    channel_check_alive(channel);
    serve_pending(); /* even if the ring is never seen empty */
    if (poll_for_a_while(channel, message_there, 0)) {
        return;
    }
    ump_consumer_sleep(&channel->rx, true); /* then look again: UMP-5 */
    channel->rx_armed = true;
    while (!message_there(channel, 0)) {
        serve_pending();
        core_wait(0);
    }
}

bool channel_wait_credit(struct channel *channel, unsigned reserve) {
    if (poll_for_a_while(channel, credit_there, reserve)) {
        return fault_of(channel) == UMP_ALIVE;
    }
    ump_producer_sleep(&channel->tx, true);
    channel->tx_armed = true;
    while (!credit_there(channel, reserve)) {
        if (MP_STATE_VM(sched_state) == MP_SCHED_LOCKED) {
            return false; /* within a callback: nobody would be served meanwhile */
        }
        serve_pending();
        core_wait(0);
    }
    return fault_of(channel) == UMP_ALIVE;
}

void channel_disarm(struct channel *channel) {
    disarm_receiver(channel);
}

bool channel_arm(struct channel *channel) {
    if (!channel->rx_armed) {
        channel->rx_armed = true;
        ump_consumer_sleep(&channel->rx, true); /* then look again: UMP-5 */
    }
    if (!message_there(channel, 0)) {
        return false;
    }
    disarm_receiver(channel);
    return true;
}

static bool message_or_event(struct channel *channel, unsigned unused) {
    return message_there(channel, unused) || core_is_eventful();
}

bool channel_poll_and_arm(struct channel *channel) {
    disarm_receiver(channel);
    poll_for_a_while(channel, message_or_event, 0);
    return channel_arm(channel);
}

mp_uint_t channel_poll(struct channel *channel, mp_uint_t flags) {
    mp_uint_t ready = 0;
    if (fault_of(channel) != UMP_ALIVE) {
        return flags | MP_STREAM_POLL_ERR;
    }
    if (flags & MP_STREAM_POLL_RD) {
        if (!message_there(channel, 0) && !channel->rx_armed) {
            channel->rx_armed = true;
            ump_consumer_sleep(&channel->rx, true);
        }
        ready |= message_there(channel, 0) ? MP_STREAM_POLL_RD : 0;
    }
    if (flags & MP_STREAM_POLL_WR) {
        if (!credit_there(channel, 0) && !channel->tx_armed) {
            channel->tx_armed = true;
            ump_producer_sleep(&channel->tx, true);
        }
        ready |= credit_there(channel, 0) ? MP_STREAM_POLL_WR : 0;
    }
    return ready;
}
