/* One end of a cross-core channel: two UMP rings, the doorbells of both ends,
 * and what is under way. One core uses it. The ump module wraps it for Python. */
#ifndef POLY_CHANNEL_H
#define POLY_CHANNEL_H

#include "py/obj.h"
#include "train.h"

struct channel {
    mp_obj_base_t base;
    struct ump_producer tx;
    struct ump_consumer rx;
    uint16_t bell, peer_bell;
    uint8_t peer_core;
    uint8_t kind;                  /* of the message last received */
    bool always_ring;
    uint8_t sending;               /* CHANNEL_*: why a send must not just begin */
    bool rx_armed, tx_armed;       /* sleep is announced; may outlast the call that did */
    struct inbox inbox;
    struct outbox outbox;
    void *memory;                  /* of the rings, where they are private */
    struct channel *put_off;       /* the next of those that channels_push() looks after */
    bool is_put_off;               /* it is one of them */
};

enum {
    CHANNEL_IN_SEND = 1,           /* a send is under way: no other may start */
    CHANNEL_MUST_CUT = 2,          /* a train was broken off and not yet taken back */
    CHANNEL_IN_OUTBOX = 4,         /* an earlier message is not all in the ring */
    CHANNEL_DRAINS = 8,            /* this end's bell rings for each slot that the peer takes */
};

extern const mp_obj_type_t channel_type;
extern const mp_obj_type_t mp_type_ChannelDied;

/* Bytes of shared RAM for both rings, in whole pages. */
uint32_t channel_region_bytes(uint32_t slots);

/* Sets all but the doorbells. Side 0 sends on the region's first ring. A `longest`
 * below TRAIN_MESSAGE_MAX is room made now: receiving then never allocates, nor does
 * posting, but on a channel that always rings. */
void channel_open(struct channel *channel, void *region, uint32_t slots, unsigned side,
    uint32_t longest);

/* Both ends of a channel on this core; sets all but their own doorbells. The rings lie in
 * memory of the heap. */
void channel_open_pair(struct channel *a, struct channel *b, uint32_t slots, uint32_t longest);

/* enum ump_fault, and in words (NULL: alive). */
unsigned channel_fault(const struct channel *channel);
const char *channel_fault_text(const struct channel *channel);
void channel_die(struct channel *channel, unsigned fault);

/* As when the peer died, but what it left is lost too: nobody looks at the rings'
 * memory from now on. */
void channel_abandon(struct channel *channel);

/* Raises ChannelDied if it is dead. */
void channel_check_alive(const struct channel *channel);

uint32_t channel_credits(struct channel *channel);

/* Sends a message of at most TRAIN_MESSAGE_MAX bytes, waiting for credit.
 * Serves pending callbacks meanwhile and may raise; then the whole message is
 * taken back. */
void channel_send(struct channel *channel, unsigned kind, const mp_buffer_info_t *message);

/* The next message; false (only without `wait`): none is there whole. Waiting
 * as in channel_send(); nothing is lost when it raises. A train goes to `place` without a
 * detour, if there is one and it fits; what is there may be lost anyway. */
bool channel_receive(struct channel *channel, struct message *message, void *place, size_t room,
    bool wait);

/* Sends one slot if more than `reserve` credits are free; rings if asked to. */
bool channel_try_send_slot(struct channel *channel, unsigned kind, const void *payload,
    size_t length, unsigned reserve);

/* Waits until more than `reserve` credits are free or the channel is dead.
 * Serves pending callbacks; false if it is dead, or may not wait (a callback
 * is running). */
bool channel_wait_credit(struct channel *channel, unsigned reserve);

/* Accepts a whole message or nothing, without waiting: false while an earlier one is in the
 * outbox, or without credit. What there is credit for goes now. When false or when something
 * is left in the outbox, sleep is announced: the own bell rings when credit comes. Raises
 * ChannelDied. */
bool channel_post(struct channel *channel, unsigned kind, const void *bytes, size_t length);

/* As channel_post() if that is nothing but to send one slot. Else false, whyever: nothing is
 * done or announced, nothing raised. */
bool channel_try_post(struct channel *channel, unsigned kind, const void *bytes, size_t length);

/* Makes room in the outbox; raises MemoryError. */
void channel_outbox_room(struct channel *channel, size_t room);

/* Goes on with the outbox. True: it is empty, and there is credit; else sleep is announced. */
bool channel_push(struct channel *channel);

/* Whether a part of what was accepted is not in the ring yet. */
bool channel_unsent(const struct channel *channel);

/* Whether the peer has taken all slots before `position`, a value of tx.sent. If not, the own
 * bell rings whenever it takes more. Raises ChannelDied. */
bool channel_taken(struct channel *channel, uint32_t position);

/* Goes on with all outboxes as far as there is credit; raises nothing. A core that sleeps does
 * this first: what was accepted is sent also while its program waits for something else. */
void channels_push(void);

/* As channel_receive() without a place and `wait`, but what was announced stays so. */
bool channel_take(struct channel *channel, struct message *message);

/* Announces sleep of the receiver and looks again; true: a message, a part of one, or death
 * is there, and nothing is announced. Else it stays so until channel_disarm(). */
bool channel_arm(struct channel *channel);
void channel_disarm(struct channel *channel);

/* As channel_arm(), but looks for a while before it announces sleep (BOOT->spin_us), or until
 * something else happens on this core: a peer that sends meanwhile need not ring. */
bool channel_poll_and_arm(struct channel *channel);

/* MP_STREAM_POLL_* flags that are ready. For those that are not, announces
 * sleep and looks again; that stays announced until the next message or send. */
mp_uint_t channel_poll(struct channel *channel, mp_uint_t flags);

/* Bare loops for benches (bench.c): `rounds` one-slot messages answered with
 * themselves, and sent and awaited. They do not poll, and serve no callbacks. */
void bench_echo(struct channel *channel, uint32_t rounds);
void bench_ping(struct channel *channel, uint32_t rounds, size_t length);

/* Copies private memory to shared, and back. */
void bench_copy(void *shared, void *private_side, size_t length);

#endif
