/* The UMP ring (ump.h). Slot number n, counted from 0 modulo 2^32, lies at
 * position n & mask and carries sequence n & 0xffff and an epoch bit that
 * flips with every lap, 1 on the first, so that a zeroed ring is empty.
 *
 * The SPIN model tests/model/ump.pml has a step for every access to shared RAM
 * here, under the function's name. */
#include "ump.h"

#include "memory_order.h"

#define HEADER_EPOCH 1u
#define HEADER_LAST_SHIFT 1
#define HEADER_KIND_SHIFT 2
#define HEADER_LENGTH_SHIFT 8
#define HEADER_SEQUENCE_SHIFT 16

_Static_assert(sizeof(struct ump_slot) == UMP_LINE, "a slot is a line");
_Static_assert(offsetof(struct ump_slot, header) == UMP_PAYLOAD, "the header is the last word");
_Static_assert(offsetof(struct ump_ring, slots) == 3 * UMP_LINE, "three control lines");

/* The stamp of the slot after the one that `stamp` belongs to; `place` is that
 * next slot's position in the ring. */
static inline uint32_t stamp_after(uint32_t stamp, uint32_t place) {
    stamp += 1u << HEADER_SEQUENCE_SHIFT;
    return place == 0 ? stamp ^ HEADER_EPOCH : stamp;
}

UMP_LINKAGE void ump_producer_open(struct ump_producer *tx, struct ump_ring *ring,
    uint32_t slots) {
    *tx = (struct ump_producer) {
        .ring = ring, .slot = ring->slots, .stamp = HEADER_EPOCH, .mask = slots - 1,
    };
}

UMP_LINKAGE void ump_consumer_open(struct ump_consumer *rx, struct ump_ring *ring,
    uint32_t slots) {
    *rx = (struct ump_consumer) {
        .ring = ring, .slot = ring->slots, .stamp = HEADER_EPOCH, .mask = slots - 1,
    };
}

UMP_LINKAGE uint32_t ump_credits(struct ump_producer *tx) {
    if (tx->fault != UMP_ALIVE) {
        return 0;
    }
    uint32_t slots = tx->mask + 1;
    /* The consumer has done with a slot before it is written again: pairs
     * with the store_release in ump_receive(). */
    uint32_t consumed = mem_load_acquire(&tx->ring->consumed);
    uint32_t in_ring = tx->sent - consumed;
    if (in_ring > slots) {
        tx->fault = UMP_BAD_CONSUMED;
        return 0;
    }
    tx->limit = consumed + slots;
    return slots - in_ring;
}

UMP_LINKAGE bool ump_send(struct ump_producer *tx, unsigned kind, bool last, const void *payload,
    size_t length) {
    if (tx->fault != UMP_ALIVE || (tx->sent == tx->limit && ump_credits(tx) == 0)) {
        return false;
    }
    struct ump_slot *slot = tx->slot;
    mem_copy_in(slot->payload, payload, length);
    uint32_t header = tx->stamp
        | (uint32_t)last << HEADER_LAST_SHIFT
        | (uint32_t)kind << HEADER_KIND_SHIFT
        | (uint32_t)length << HEADER_LENGTH_SHIFT;
    uint32_t place = ++tx->sent & tx->mask;
    tx->slot = &tx->ring->slots[place];
    tx->stamp = stamp_after(tx->stamp, place);
    /* The payload is visible before the header: pairs with the load_acquire
     * in ump_receive() and receive_full(). */
    mem_store_release(&slot->header, header);
    return true;
}

/* --- full slots, not the last of their message ------------------------------------------- */

#define BURST 4u /* slots to a pass of a loop */

/* Or the compiler keeps and counts up the address and the header of each slot of a burst. */
#define ONE_COUNTER(a, b, c) __asm__ ("" : "+r" (a), "+r" (b), "+r" (c))

/* What their headers have above the stamp. */
static inline uint32_t full_slot(unsigned kind) {
    return (uint32_t)kind << HEADER_KIND_SHIFT | UMP_PAYLOAD << HEADER_LENGTH_SHIFT;
}

/* The stamp of slot number `count`. */
static inline uint32_t stamp_of(uint32_t count, uint32_t mask) {
    return count << HEADER_SEQUENCE_SHIFT | ((count & (mask + 1)) == 0 ? HEADER_EPOCH : 0);
}

/* How many slots from number `count` on lie in one piece; at most `slots`. */
static inline uint32_t piece_of(uint32_t count, uint32_t mask, uint32_t slots) {
    uint32_t piece = mask + 1 - (count & mask);
    return piece < slots ? piece : slots;
}

static inline void send_full(struct ump_slot *slot, uint32_t header, const uint8_t *payload) {
    mem_copy_whole_in(slot->payload, payload, UMP_PAYLOAD);
    /* The payload is visible before the header: pairs with the load_acquire in
     * ump_receive() and receive_full(). */
    mem_store_release(&slot->header, header);
}

UMP_LINKAGE uint32_t ump_send_slots(struct ump_producer *tx, unsigned kind, const void *payload,
    uint32_t slots) {
    uint32_t credits = tx->limit - tx->sent;
    if (tx->fault != UMP_ALIVE || (credits < slots && (credits = ump_credits(tx)) == 0)) {
        return 0;
    }
    slots = credits < slots ? credits : slots;
    const uint8_t *from = payload;
    uint32_t sent = tx->sent, end = sent + slots;
    while (sent != end) {
        struct ump_slot *slot = &tx->ring->slots[sent & tx->mask];
        uint32_t header = stamp_of(sent, tx->mask) | full_slot(kind);
        uint32_t piece = piece_of(sent, tx->mask, end - sent);
        sent += piece;
        for (; piece >= BURST; piece -= BURST) {
#pragma GCC unroll 4
            for (uint32_t i = 0; i < BURST; i++) {
                send_full(&slot[i], header, from + i * UMP_PAYLOAD);
                header += 1u << HEADER_SEQUENCE_SHIFT;
            }
            slot += BURST;
            from += BURST * UMP_PAYLOAD;
            ONE_COUNTER(slot, from, header);
        }
        for (; piece != 0; piece--) {
            send_full(slot++, header, from);
            header += 1u << HEADER_SEQUENCE_SHIFT;
            from += UMP_PAYLOAD;
        }
    }
    tx->sent = sent;
    tx->slot = &tx->ring->slots[sent & tx->mask];
    tx->stamp = stamp_of(sent, tx->mask);
    return slots;
}

static inline bool holds_full(const struct ump_slot *slot, uint32_t header) {
    /* The payload is read after the header: pairs with the store_release in
     * ump_send() and send_full(). */
    return mem_load_acquire(&slot->header) == header;
}

#define COPY_FULL(length) \
    mem_copy_whole_out(to, slot, (length)); \
    header += 1u << HEADER_SEQUENCE_SHIFT; \
    slot++; \
    to += UMP_PAYLOAD;

/* A whole line is less work; what is too much of it, the next slot's overwrites. So that has
 * to be there: behind the last one is memory that is not the message's. */
#define COPY_LINE \
    if (!holds_full(slot + 1, header + (1u << HEADER_SEQUENCE_SHIFT))) { \
        COPY_FULL(UMP_PAYLOAD) \
        return slot; \
    } \
    COPY_FULL(UMP_LINE)

/* As ump_receive_slots(), of slots in one piece; where it stopped. */
static inline const struct ump_slot *receive_piece(const struct ump_slot *slot, uint32_t header,
    uint8_t *to, uint32_t piece) {
    const struct ump_slot *end = slot + piece, *bursts_end = slot + piece / BURST * BURST;
    while (slot != bursts_end) {
        if (!holds_full(slot, header)) {
            return slot;
        }
        COPY_LINE
        COPY_LINE
        COPY_LINE
        COPY_FULL(UMP_PAYLOAD)
        ONE_COUNTER(slot, to, header);
    }
    while (slot != end) {
        if (!holds_full(slot, header)) {
            return slot;
        }
        COPY_FULL(UMP_PAYLOAD)
    }
    return slot;
}

UMP_LINKAGE uint32_t ump_receive_slots(struct ump_consumer *rx, unsigned kind, void *payload,
    uint32_t slots) {
    if (rx->fault != UMP_ALIVE) {
        return 0;
    }
    uint32_t received = rx->received, end = received + slots;
    uint8_t *to = payload;
    while (received != end) {
        uint32_t piece = piece_of(received, rx->mask, end - received);
        const struct ump_slot *slot = &rx->ring->slots[received & rx->mask];
        uint32_t taken = receive_piece(slot, stamp_of(received, rx->mask) | full_slot(kind), to,
            piece) - slot;
        received += taken;
        to += taken * UMP_PAYLOAD;
        if (taken != piece) {
            break;
        }
    }
    slots = received - rx->received;
    if (slots != 0) {
        rx->received = received;
        rx->slot = &rx->ring->slots[received & rx->mask];
        rx->stamp = stamp_of(received, rx->mask);
        /* The payloads have been read before the slots are free: pairs with the
         * load_acquire in ump_credits(). */
        mem_store_release(&rx->ring->consumed, received);
    }
    return slots;
}

/* --- sleep ------------------------------------------------------------------------------ */

UMP_LINKAGE bool ump_send_must_ring(struct ump_producer *tx) {
    /* The header is visible before the sleep word is read: pairs with the
     * fence in ump_consumer_sleep(). One of the two ends sees the other. */
    mem_fence();
    return mem_load_relaxed(&tx->ring->rx_sleep) != 0;
}

UMP_LINKAGE bool ump_receive(struct ump_consumer *rx, struct ump_message *message, void *payload) {
    if (rx->fault != UMP_ALIVE) {
        return false;
    }
    const struct ump_slot *slot = rx->slot;
    /* The payload is read after the header: pairs with the store_release in
     * ump_send(). */
    uint32_t header = mem_load_acquire(&slot->header);
    uint32_t wrong = header ^ rx->stamp;
    if (wrong & HEADER_EPOCH) {
        return false; /* still the last lap's: empty */
    }
    if (wrong >> HEADER_SEQUENCE_SHIFT != 0) {
        rx->fault = UMP_BAD_SEQUENCE;
        return false;
    }
    uint32_t length = header >> HEADER_LENGTH_SHIFT & 0xff;
    if (length > UMP_PAYLOAD) {
        rx->fault = UMP_BAD_LENGTH;
        return false;
    }
    message->kind = header >> HEADER_KIND_SHIFT & UMP_KIND_MAX;
    message->last = header >> HEADER_LAST_SHIFT & 1;
    message->length = length;
    mem_copy_out(payload, slot->payload, length);
    uint32_t place = ++rx->received & rx->mask;
    rx->slot = &rx->ring->slots[place];
    rx->stamp = stamp_after(rx->stamp, place);
    /* The payload has been read before the slot is free: pairs with the
     * load_acquire in ump_credits(). */
    mem_store_release(&rx->ring->consumed, rx->received);
    return true;
}

UMP_LINKAGE bool ump_ready(struct ump_consumer *rx) {
    /* No acquire: only ump_receive() reads the payload. */
    uint32_t header = mem_load_relaxed(&rx->slot->header);
    return ((header ^ rx->stamp) & HEADER_EPOCH) == 0 || rx->fault != UMP_ALIVE;
}

UMP_LINKAGE bool ump_receive_must_ring(struct ump_consumer *rx) {
    /* `consumed` is visible before the sleep word is read: pairs with the
     * fence in ump_producer_sleep(). */
    mem_fence();
    return mem_load_relaxed(&rx->ring->tx_sleep) != 0;
}

UMP_LINKAGE void ump_consumer_sleep(struct ump_consumer *rx, bool asleep) {
    mem_store_relaxed(&rx->ring->rx_sleep, asleep);
    if (asleep) {
        /* The sleep word is visible before the ring is looked at again: pairs
         * with the fence in ump_send_must_ring(). */
        mem_fence();
    }
}

UMP_LINKAGE void ump_producer_sleep(struct ump_producer *tx, bool asleep) {
    mem_store_relaxed(&tx->ring->tx_sleep, asleep);
    if (asleep) {
        /* The sleep word is visible before `consumed` is looked at again:
         * pairs with the fence in ump_receive_must_ring(). */
        mem_fence();
    }
}
