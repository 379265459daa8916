/* Trains of slots (train.h). */
#include "train.h"

/* Off the path of a message of one slot; a user of the other half has none for it. */
#define APART __attribute__((noinline, unused)) static

TRAIN_LINKAGE bool train_send(struct ump_producer *tx, unsigned kind, const uint8_t *bytes,
    size_t length, size_t *done) {
    uint32_t before_last = train_slots(length - *done) - 1;
    if (before_last != 0) {
        uint32_t sent = ump_send_slots(tx, kind, bytes + *done, before_last);
        *done += sent * UMP_PAYLOAD;
        if (sent != before_last) {
            return false;
        }
    }
    return ump_send(tx, kind, true, bytes + *done, length - *done);
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

/* Where a train lies, as far as it is there. */
static inline uint8_t *train_bytes(const struct inbox *inbox) {
    return inbox->place != NULL ? inbox->place : inbox->bytes;
}

/* A slot of a train; false: the end is dead. */
static inline bool add_slot(struct ump_consumer *rx, struct inbox *inbox, struct ump_message slot,
    const void *payload) {
    rx->fault = slot_fault(inbox, slot);
    if (rx->fault != UMP_ALIVE) {
        return false;
    }
    if (inbox->place != NULL && inbox->place_room - inbox->length < slot.length) {
        train_keep(inbox);
    }
    memcpy(train_bytes(inbox) + inbox->length, payload, slot.length);
    inbox->length += slot.length;
    inbox->kind = slot.kind;
    return true;
}

/* Whether a slot that no train is ahead of is a message of its own: it needs no room. */
static inline bool is_whole(const struct inbox *inbox, struct ump_message slot) {
    return slot.last && slot.kind != TRAIN_KIND_CUT && slot.length <= inbox->longest;
}

static inline size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Full slots of a train, not its last, as far as there is room; at most `slots`. */
static inline uint32_t add_full_slots(struct ump_consumer *rx, struct inbox *inbox,
    uint32_t slots) {
    size_t room = least(inbox->longest - inbox->length - 1, inbox->room - inbox->length);
    if (inbox->place != NULL) {
        room = least(room, inbox->place_room - inbox->length);
    }
    slots = ump_receive_slots(rx, inbox->kind, train_bytes(inbox) + inbox->length,
        least(slots, room / UMP_PAYLOAD));
    inbox->length += slots * UMP_PAYLOAD;
    return slots;
}

static inline enum train_taken whole(struct message *message, const uint8_t *bytes,
    uint32_t length, unsigned kind) {
    message->bytes = bytes;
    message->length = length;
    message->kind = kind;
    return TRAIN_MESSAGE;
}

/* What the slot in message->first makes of the train. */
static inline enum train_taken judge(struct ump_consumer *rx, struct inbox *inbox,
    struct message *message, struct ump_message slot) {
    enum train_taken taken = TRAIN_NONE;
    if (slot.kind != TRAIN_KIND_CUT) {
        if (inbox->length == 0 && is_whole(inbox, slot)) {
            return whole(message, message->first, slot.length, slot.kind);
        }
        if (!add_slot(rx, inbox, slot, message->first) || !slot.last) {
            return TRAIN_NONE;
        }
        taken = whole(message, train_bytes(inbox), inbox->length, slot.kind);
    }
    inbox->length = 0;
    inbox->place = NULL;
    return taken;
}

/* Goes on with a train; with this slot of it first, if `taken`. */
APART enum train_taken take_train(struct ump_consumer *rx, struct inbox *inbox,
    struct message *message, bool taken, struct ump_message slot) {
    enum train_taken result = taken ? judge(rx, inbox, message, slot) : TRAIN_NONE;
    uint32_t slots = rx->mask + !taken, full;
    while (slots != 0 && result == TRAIN_NONE) {
        if (inbox->length != 0 && inbox->room < inbox->longest
            && inbox->room - inbox->length < UMP_PAYLOAD) {
            train_keep(inbox);
            result = TRAIN_NO_ROOM;
        } else if (inbox->length != 0 && (full = add_full_slots(rx, inbox, slots)) != 0) {
            slots -= full;
        } else if (ump_receive(rx, &slot, message->first)) {
            result = judge(rx, inbox, message, slot);
            slots--;
        } else {
            break;
        }
    }
    message->must_ring = ump_receive_must_ring(rx);
    return result;
}

TRAIN_LINKAGE enum train_taken train_take(struct ump_consumer *rx, struct inbox *inbox,
    struct message *message, void *place, size_t place_room) {
    struct ump_message slot = {0};
    if (inbox->length != 0) {
        if (inbox->place != place) { /* of a receiver that waits, in whose callback this is */
            train_keep(inbox);
        }
        return take_train(rx, inbox, message, false, slot);
    }
    if (!ump_receive(rx, &slot, message->first)) {
        message->must_ring = false;
        return TRAIN_NONE;
    }
    if (!is_whole(inbox, slot)) {
        inbox->place = place;
        inbox->place_room = place_room;
        return take_train(rx, inbox, message, true, slot);
    }
    message->must_ring = ump_receive_must_ring(rx);
    return whole(message, message->first, slot.length, slot.kind);
}
