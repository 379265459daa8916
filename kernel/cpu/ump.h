/* UMP: a one-way ring of 64-byte slots in shared RAM, one producer, one
 * consumer, and the private state of each end. SPEC rules UMP-1 to UMP-8.
 *
 * Always true: a line has one writer; what is read from the ring is read once
 * into private memory and checked before use; once an end is dead it stays so.
 * The same source is built for the boards and for the host, where the memory
 * primitives are hooked (memory_order.h). */
#ifndef POLY_UMP_H
#define POLY_UMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UMP_LINE 64u
#define UMP_PAYLOAD 60u            /* bytes of payload in a slot */
#define UMP_SLOTS_MIN 2u
#define UMP_SLOTS_MAX 1024u
#define UMP_KIND_MAX 63u

struct ump_slot {
    uint8_t payload[UMP_PAYLOAD];
    uint32_t header;               /* epoch:1 last:1 kind:6 length:8 sequence:16, low bit first */
} __attribute__((aligned(64)));

struct ump_ring {                  /* in shared RAM, zeroed before either end opens it */
    uint32_t consumed __attribute__((aligned(64)));  /* written by the consumer */
    uint32_t rx_sleep __attribute__((aligned(64)));  /* written by the consumer */
    uint32_t tx_sleep __attribute__((aligned(64)));  /* written by the producer */
    struct ump_slot slots[] __attribute__((aligned(64)));
};

/* How the functions below are linked: channel.c includes ump.c with this set to
 * `static inline`, so that the ring is compiled into its callers. */
#ifndef UMP_LINKAGE
#define UMP_LINKAGE
#endif

/* Bytes of shared RAM that a ring of so many slots takes. */
#define UMP_RING_BYTES(slots) (3u * UMP_LINE + (slots) * UMP_LINE)

enum ump_fault {                   /* why an end is dead */
    UMP_ALIVE, UMP_BAD_LENGTH, UMP_BAD_SEQUENCE, UMP_BAD_CONSUMED, UMP_BAD_KIND,
    UMP_PEER_DIED, UMP_CLOSED,
};

struct ump_producer {              /* private to its end */
    struct ump_ring *ring;
    struct ump_slot *slot;         /* where the next goes */
    uint32_t stamp;                /* its epoch and sequence, as in a header */
    uint32_t mask;                 /* slots - 1 */
    uint32_t sent;                 /* slots published, modulo 2^32 */
    uint32_t limit;                /* `sent` may run up to here without a look at `consumed` */
    uint32_t fault;                /* enum ump_fault */
};

struct ump_consumer {              /* private to its end */
    struct ump_ring *ring;
    const struct ump_slot *slot;   /* where the next is expected */
    uint32_t stamp;                /* with this epoch and sequence */
    uint32_t mask;
    uint32_t received;             /* slots consumed, modulo 2^32 */
    uint32_t fault;
};

/* Sets private state only, for slot number 0; `slots` is a power of two in UMP_SLOTS_MIN..MAX. */
UMP_LINKAGE void ump_producer_open(struct ump_producer *tx, struct ump_ring *ring, uint32_t slots);
UMP_LINKAGE void ump_consumer_open(struct ump_consumer *rx, struct ump_ring *ring, uint32_t slots);

/* Producer. Slots that may be published now; 0 also when dead. */
UMP_LINKAGE uint32_t ump_credits(struct ump_producer *tx);

/* Producer. Publishes one slot. False without credit or when dead: nothing
 * changed. `length` <= UMP_PAYLOAD, `kind` <= UMP_KIND_MAX. */
UMP_LINKAGE bool ump_send(struct ump_producer *tx, unsigned kind, bool last, const void *payload,
    size_t length);

/* Producer, after one or more ump_send(): fences, and says whether the
 * consumer asked to be rung. */
UMP_LINKAGE bool ump_send_must_ring(struct ump_producer *tx);

/* Producer. Publishes full slots that are not the last of their message, up to `slots` of
 * them, from one piece of memory; how many. Afterwards ump_send_must_ring() is due. */
UMP_LINKAGE uint32_t ump_send_slots(struct ump_producer *tx, unsigned kind, const void *payload,
    uint32_t slots);

struct ump_message { uint8_t kind, last, length; };

/* Consumer. Takes one slot into `payload`: UMP_LINE bytes of room, aligned to
 * a word; what lies after the slot's length is undefined. False when empty or
 * dead; a slot that is wrong makes the end dead. */
UMP_LINKAGE bool ump_receive(struct ump_consumer *rx, struct ump_message *message, void *payload);

/* Consumer. Takes full slots of this kind that are not the last of their message, up to
 * `slots` of them, into one piece of memory; how many. Stops before any other slot, which
 * ump_receive() judges. */
UMP_LINKAGE uint32_t ump_receive_slots(struct ump_consumer *rx, unsigned kind, void *payload,
    uint32_t slots);

/* Consumer. Whether a slot is there to take (or the end is dead, which a
 * reader must hear of too). */
UMP_LINKAGE bool ump_ready(struct ump_consumer *rx);

/* Consumer, after one or more ump_receive(): fences, and says whether the
 * producer waits for credit and asked to be rung. */
UMP_LINKAGE bool ump_receive_must_ring(struct ump_consumer *rx);

/* Announce sleep (true) or end it. When announcing, a full fence follows the
 * store: look again before sleeping. */
UMP_LINKAGE void ump_consumer_sleep(struct ump_consumer *rx, bool asleep);
UMP_LINKAGE void ump_producer_sleep(struct ump_producer *tx, bool asleep);

#endif
