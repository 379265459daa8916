/* Trains of slots (train.h). */
#include "train.h"

#include <string.h>

/* Off the path of a message of one slot; a user of the other half has none for it. */
#define APART __attribute__((noinline, unused)) static

TRAIN_LINKAGE bool train_send(struct ump_producer *tx, unsigned kind, const uint8_t *bytes,
    size_t length, size_t *done) {
    for (;;) {
        size_t left = length - *done;
        bool last = left <= UMP_PAYLOAD;
        size_t part = last ? left : UMP_PAYLOAD;
        if (!ump_send(tx, kind, last, bytes + *done, part)) {
            return false;
        }
        *done += part;
        if (last) {
            return true;
        }
    }
}

TRAIN_LINKAGE bool train_post(struct ump_producer *tx, struct outbox *outbox, unsigned kind,
    const void *bytes, size_t length) {
    if (ump_credits(tx) == 0) {
        return false;
    }
    size_t done = 0;
    if (!train_send(tx, kind, bytes, length, &done)) {
        memcpy(outbox->bytes, (const uint8_t *)bytes + done, length - done);
        outbox->length = length - done;
        outbox->done = 0;
        outbox->kind = kind;
        outbox->waits = true;
    }
    return true;
}

TRAIN_LINKAGE bool train_push(struct ump_producer *tx, struct outbox *outbox) {
    if (outbox->waits) {
        size_t done = outbox->done;
        outbox->waits = !train_send(tx, outbox->kind, outbox->bytes, outbox->length, &done);
        outbox->done = done;
    }
    return !outbox->waits;
}

/* Whether a slot fits what is there of its train: enum ump_fault. */
static inline unsigned slot_fault(const struct inbox *inbox, struct ump_message slot) {
    /* Only the last slot is short, and another one has more behind it. */
    if (!slot.last && slot.length != UMP_PAYLOAD) {
        return UMP_BAD_LENGTH;
    }
    return inbox->length + slot.length + !slot.last > inbox->longest ? UMP_BAD_KIND : UMP_ALIVE;
}

/* A slot of a train, or one that takes a train back; true: the train is whole. */
static inline bool take_part(struct ump_consumer *rx, struct inbox *inbox,
    struct ump_message slot, const void *payload) {
    if (slot.kind == TRAIN_KIND_CUT) {
        inbox->length = 0;
        return false;
    }
    rx->fault = slot_fault(inbox, slot);
    if (rx->fault != UMP_ALIVE) {
        return false;
    }
    memcpy(inbox->bytes + inbox->length, payload, slot.length);
    inbox->length += slot.length;
    return slot.last;
}

/* Whether a slot that no train is ahead of is a message of its own: it needs no room. */
static inline bool is_whole(const struct inbox *inbox, struct ump_message slot) {
    return slot.last && slot.kind != TRAIN_KIND_CUT && slot.length <= inbox->longest;
}

static inline enum train_taken whole(struct message *message, const uint8_t *bytes,
    uint32_t length, unsigned kind) {
    message->bytes = bytes;
    message->length = length;
    message->kind = kind;
    return TRAIN_MESSAGE;
}

/* Goes on with a train: with this slot of it first, if `taken`. */
APART enum train_taken take_train(struct ump_consumer *rx, struct inbox *inbox,
    struct message *message, struct ump_message slot, bool taken) {
    enum train_taken result = TRAIN_NONE;
    for (uint32_t slots = 0; slots <= rx->mask; slots++) {
        if (!taken) {
            if (inbox->room < inbox->longest && inbox->room - inbox->length < UMP_PAYLOAD) {
                result = TRAIN_NO_ROOM;
                break;
            }
            if (!ump_receive(rx, &slot, message->first)) {
                break;
            }
        }
        taken = false;
        if (inbox->length == 0 && is_whole(inbox, slot)) { /* behind a cut */
            result = whole(message, message->first, slot.length, slot.kind);
            break;
        }
        if (take_part(rx, inbox, slot, message->first)) {
            result = whole(message, inbox->bytes, inbox->length, slot.kind);
            inbox->length = 0;
            break;
        }
    }
    message->must_ring = ump_receive_must_ring(rx);
    return result;
}

TRAIN_LINKAGE enum train_taken train_take(struct ump_consumer *rx, struct inbox *inbox,
    struct message *message) {
    struct ump_message slot = {0};
    if (inbox->length != 0) {
        return take_train(rx, inbox, message, slot, false);
    }
    if (!ump_receive(rx, &slot, message->first)) {
        message->must_ring = false;
        return TRAIN_NONE;
    }
    if (!is_whole(inbox, slot)) {
        return take_train(rx, inbox, message, slot, true);
    }
    message->must_ring = ump_receive_must_ring(rx);
    return whole(message, message->first, slot.length, slot.kind);
}
