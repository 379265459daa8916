/* Trains: messages of any length over a ring of slots. SPEC UMP-8. A message of up to
 * UMP_PAYLOAD bytes is one slot, a longer one a train of slots of one kind, the last one
 * marked. It starts with one credit and goes on as credits come back, so it may be longer
 * than the ring. Here nothing waits, rings or allocates; the same source is built for the
 * boards and for the host. */
#ifndef POLY_TRAIN_H
#define POLY_TRAIN_H

#include <string.h>

#include "ump.h"

#define TRAIN_MESSAGE_MAX 65536u
#define TRAIN_KIND_CUT UMP_KIND_MAX /* a slot that takes back the train it ends */

/* How the functions below are linked; as UMP_LINKAGE. */
#ifndef TRAIN_LINKAGE
#define TRAIN_LINKAGE
#endif

/* What a sender has accepted and not sent yet: the rest of one message. */
struct outbox {
    uint8_t *bytes;
    uint32_t room, length;
    uint32_t done;                 /* bytes that are in the ring */
    uint8_t kind;
    bool waits;                    /* it holds something */
};

/* What a receiver has of a train whose rest is not there yet. */
struct inbox {
    uint8_t *bytes;
    uint32_t room, length;         /* always room for all that is there, wherever it lies */
    uint32_t longest;              /* message that the peer may send */
    uint8_t kind;                  /* of the train */
    uint8_t *place;                /* not NULL: it lies here, not in `bytes` */
    size_t place_room;
};

struct message {                   /* one that was received; valid until the next */
    const uint8_t *bytes;          /* in `first`, in the receiver's place, or in the inbox */
    uint32_t length;
    uint8_t kind;
    bool must_ring;                /* the producer waits for credit */
    uint8_t first[UMP_LINE] __attribute__((aligned(8)));
};

/* Slots that a message takes. */
static inline uint32_t train_slots(size_t length) {
    return length <= UMP_PAYLOAD ? 1 : (length + UMP_PAYLOAD - 1) / UMP_PAYLOAD;
}

/* Producer. Publishes slots of a message from byte `*done` on, as long as there is credit;
 * true: all of it is in the ring. Afterwards ump_send_must_ring() is due. */
TRAIN_LINKAGE bool train_send(struct ump_producer *tx, unsigned kind, const uint8_t *bytes,
    size_t length, size_t *done);

/* Producer. Accepts a whole message: sends what there is credit for and keeps the rest in
 * the outbox, which must be empty and have room for all that is beyond the credits. False
 * without any credit, or when dead: nothing changed. */
TRAIN_LINKAGE bool train_post(struct ump_producer *tx, struct outbox *outbox, unsigned kind,
    const void *bytes, size_t length);

/* Producer. Sends what there is credit for of the outbox; false: something is left. */
TRAIN_LINKAGE bool train_push(struct ump_producer *tx, struct outbox *outbox);

enum train_taken {
    TRAIN_NONE,                    /* nothing is there whole, or the end is dead */
    TRAIN_MESSAGE,                 /* `message` is one */
    TRAIN_NO_ROOM,                 /* the inbox must grow first */
};

/* Consumer. Takes slots until a message is whole, but a ringful at most: a peer that sends
 * as fast as they are taken must not keep its receiver here. A train that is longer than
 * the inbox allows, or might never end, makes the end dead. Whatever it returns, the
 * producer is to be rung if message->must_ring. A train that begins goes to `place`
 * (NULL: into the inbox) as far as it fits. Before others may use that memory,
 * train_keep() is due. */
TRAIN_LINKAGE enum train_taken train_take(struct ump_consumer *rx, struct inbox *inbox,
    struct message *message, void *place, size_t place_room);

/* The start of a train that lies in somebody's place comes into the inbox. */
static inline void train_keep(struct inbox *inbox) {
    if (inbox->place != NULL) {
        memcpy(inbox->bytes, inbox->place, inbox->length);
        inbox->place = NULL;
    }
}

#endif
