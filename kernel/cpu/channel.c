/* A channel's end: trains over rings, waiting, sleep. SPEC UMP-4, UMP-5, UMP-8. */
#define UMP_LINKAGE static inline
#include "channel.h"

#include <string.h>

#include "arch.h"
#include "core.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "ump.c"

static const char *const fault_texts[] = {
    [UMP_ALIVE] = NULL,
    [UMP_BAD_LENGTH] = "peer sent a bad length",
    [UMP_BAD_SEQUENCE] = "peer sent a bad sequence number",
    [UMP_BAD_CONSUMED] = "peer acknowledged what was not sent",
    [UMP_BAD_KIND] = "peer sent an overlong train",
    [UMP_PEER_DIED] = "peer died",
    [UMP_CLOSED] = "closed",
};

/* Either ring's fault is the channel's. */
static inline unsigned fault_of(const struct channel *channel) {
    return channel->rx.fault != UMP_ALIVE ? channel->rx.fault : channel->tx.fault;
}

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

/* The producer found that its ring is broken: the other one is of no use either. */
static void check_producer(struct channel *channel) {
    if (channel->tx.fault == UMP_BAD_CONSUMED) {
        channel->rx.fault = UMP_BAD_CONSUMED;
    }
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

static uint32_t ring_bytes(uint32_t slots) {
    return UMP_RING_BYTES(slots);
}

uint32_t channel_region_bytes(uint32_t slots) {
    return (2 * ring_bytes(slots) + LAYOUT_PAGE - 1) & ~(LAYOUT_PAGE - 1u);
}

void channel_open(struct channel *channel, void *region, uint32_t slots, unsigned side,
    uint32_t longest) {
    struct ump_ring *first = region;
    struct ump_ring *second = (struct ump_ring *)((char *)region + ring_bytes(slots));
    channel->kind = 0;
    channel->in_train = channel->must_cut = channel->rx_armed = channel->tx_armed = false;
    channel->longest = longest;
    vstr_init(&channel->partial,
        UMP_PAYLOAD + (longest < CHANNEL_MESSAGE_MAX ? longest : UMP_PAYLOAD));
    ump_producer_open(&channel->tx, side == 0 ? first : second, slots);
    ump_consumer_open(&channel->rx, side == 0 ? second : first, slots);
}

uint32_t channel_credits(struct channel *channel) {
    uint32_t credits = ump_credits(&channel->tx);
    check_producer(channel);
    return credits;
}

static void ring_peer(struct channel *channel) {
    doorbell_ring(channel->peer_core, channel->peer_bell);
}

static inline void sent(struct channel *channel) {
    if (ump_send_must_ring(&channel->tx) || channel->always_ring) {
        ring_peer(channel);
    }
    if (channel->tx_armed) {
        channel->tx_armed = false;
        ump_producer_sleep(&channel->tx, false);
    }
}

/* --- waiting ------------------------------------------------------------------- */

/* As mp_handle_pending(true), which it calls if there is something. */
static inline void serve_pending(void) {
    if (MP_STATE_VM(sched_state) == MP_SCHED_PENDING
        || MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL) {
        mp_handle_pending(true);
    }
}

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

/* Serves pending callbacks and pending interrupts of the program, which may
 * raise. */
static MP_NOINLINE void wait_message(struct channel *channel) {
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

/* --- sending ---------------------------------------------------------------------- */

bool channel_try_send_slot(struct channel *channel, unsigned kind, const void *payload,
    size_t length, unsigned reserve) {
    if (fault_of(channel) != UMP_ALIVE || channel_credits(channel) <= reserve) {
        return false;
    }
    if (!ump_send(&channel->tx, kind, true, payload, length)) {
        return false;
    }
    sent(channel);
    return true;
}

/* Takes back a train that was broken off. */
static void send_cut(struct channel *channel) {
    while (!ump_send(&channel->tx, CHANNEL_KIND_CUT, true, NULL, 0)) {
        channel_check_alive(channel);
        channel_wait_credit(channel, 0);
    }
    channel->must_cut = false;
}

static void send_train(struct channel *channel, unsigned kind, const uint8_t *bytes,
    size_t length) {
    size_t done = 0;
    bool unrung = false;
    do {
        size_t part = MIN(length - done, UMP_PAYLOAD);
        bool last = done + part == length;
        if (ump_send(&channel->tx, kind, last, bytes + done, part)) {
            done += part;
            unrung = true;
            channel->must_cut = !last;
            if (last) {
                break;
            }
        } else {
            check_producer(channel);
            channel_check_alive(channel);
            if (unrung) {
                sent(channel);
                unrung = false;
            }
            channel_wait_credit(channel, 0);
        }
    } while (true);
    sent(channel);
}

static MP_NOINLINE void send_slowly(struct channel *channel, unsigned kind,
    const mp_buffer_info_t *message) {
    if (channel->in_train) {
        mp_raise_msg(&mp_type_RuntimeError,
            MP_ERROR_TEXT("another send on this channel is under way"));
    }
    check_producer(channel);
    channel_check_alive(channel);
    nlr_buf_t nlr;
    channel->in_train = true;
    if (nlr_push(&nlr) == 0) {
        if (channel->must_cut) {
            send_cut(channel);
        }
        send_train(channel, kind, message->buf, message->len);
        nlr_pop();
        channel->in_train = false;
    } else {
        channel->in_train = false;
        nlr_jump(nlr.ret_val);
    }
}

void channel_send(struct channel *channel, unsigned kind, const mp_buffer_info_t *message) {
    if (message->len <= UMP_PAYLOAD && !channel->in_train && !channel->must_cut
        && fault_of(channel) == UMP_ALIVE
        && ump_send(&channel->tx, kind, true, message->buf, message->len)) {
        sent(channel);
    } else {
        send_slowly(channel, kind, message);
    }
}

/* --- receiving ---------------------------------------------------------------------- */

/* A slot of a train, or one that takes a train back; true: the train is whole. */
static MP_NOINLINE bool take_part(struct channel *channel, struct ump_message slot,
    struct message *message) {
    vstr_t *partial = &channel->partial;
    if (slot.kind == CHANNEL_KIND_CUT) {
        partial->len = 0;
        return false;
    }
    if (partial->len + slot.length > channel->longest) {
        channel_die(channel, UMP_BAD_KIND);
        return false;
    }
    if (!slot.last && slot.length != UMP_PAYLOAD) { /* or a train might never end */
        channel_die(channel, UMP_BAD_LENGTH);
        return false;
    }
    vstr_add_strn(partial, (const char *)message->first, slot.length);
    if (!slot.last) {
        vstr_hint_size(partial, UMP_PAYLOAD); /* now: the next slot must find room */
        return false;
    }
    message->bytes = (const uint8_t *)partial->buf;
    message->length = partial->len;
    partial->len = 0;
    return true;
}

/* The next message if it is there whole. One that fits a slot is in
 * message->first, a longer one in channel->partial, where its start also stays
 * while the rest is not there. Takes a ringful of slots at most: a peer that sends
 * as fast as they are taken must not keep its receiver here. */
static bool take_message(struct channel *channel, struct message *message) {
    struct ump_message slot;
    uint32_t slots = 0;
    while (slots++ <= channel->rx.mask && ump_receive(&channel->rx, &slot, message->first)) {
        if (ump_receive_must_ring(&channel->rx)) {
            ring_peer(channel);
        }
        channel->kind = slot.kind;
        if (slot.last && channel->partial.len == 0 && slot.kind != CHANNEL_KIND_CUT) {
            message->bytes = message->first;
            message->length = slot.length;
            return true;
        }
        if (take_part(channel, slot, message)) {
            return true;
        }
    }
    return false;
}

bool channel_receive(struct channel *channel, struct message *message, bool wait) {
    while (!take_message(channel, message)) {
        channel_check_alive(channel);
        if (!wait) {
            return false;
        }
        serve_pending(); /* even if the ring is never seen empty */
        wait_message(channel);
    }
    if (channel->rx_armed) {
        channel->rx_armed = false;
        ump_consumer_sleep(&channel->rx, false);
    }
    return true;
}
