/* What comes out of a channel, with waiting and without. SPEC UMP-4, UMP-8. */
#define TRAIN_LINKAGE static inline
#include "channel_inline.h"

#include "train.c"

/* Raises MemoryError; then nothing is lost. */
static MP_NOINLINE void grow(struct inbox *inbox) {
    size_t room = MIN(2 * (size_t)inbox->room, inbox->longest);
    inbox->bytes = m_renew(uint8_t, inbox->bytes, inbox->room, room);
    inbox->room = room;
}

static inline bool take_message(struct channel *channel, struct message *message, void *place,
    size_t room) {
    enum train_taken taken;
    while (true) {
        taken = train_take(&channel->rx, &channel->inbox, message, place, room);
        if (message->must_ring) {
            ring_peer(channel);
        }
        if (taken != TRAIN_NO_ROOM) {
            break;
        }
        grow(&channel->inbox);
    }
    if (taken == TRAIN_MESSAGE) {
        channel->kind = message->kind;
    }
    return taken == TRAIN_MESSAGE;
}

/* Waits for the rest of a train whose start is in the caller's memory; that is the caller's
 * again if this raises. */
static MP_NOINLINE void receive_rest(struct channel *channel, struct message *message,
    void *place, size_t room) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        do {
            channel_wait_message(channel);
        } while (!take_message(channel, message, place, room));
        nlr_pop();
    } else {
        train_keep(&channel->inbox);
        nlr_jump(nlr.ret_val);
    }
}

bool channel_receive(struct channel *channel, struct message *message, void *place, size_t room,
    bool wait) {
    bool there = ump_ready(&channel->rx);
    while (!there || !take_message(channel, message, place, room)) {
        if (!wait) {
            train_keep(&channel->inbox);
            channel_check_alive(channel);
            return false;
        }
        if (channel->inbox.place != NULL) {
            receive_rest(channel, message, place, room);
            break;
        }
        channel_wait_message(channel);
        there = true;
    }
    disarm_receiver(channel);
    return true;
}

bool channel_take(struct channel *channel, struct message *message, void *place, size_t room) {
    if (ump_ready(&channel->rx) && take_message(channel, message, place, room)) {
        return true;
    }
    train_keep(&channel->inbox);
    channel_check_alive(channel);
    return false;
}
