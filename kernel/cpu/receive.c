/* What comes out of a channel, with waiting and without. SPEC UMP-4, UMP-8. */
#define TRAIN_LINKAGE static inline
#include "channel_inline.h"

#include "train.c"

static bool take_message(struct channel *channel, struct message *message, void *place,
    size_t room);

/* Raises MemoryError; then nothing is lost. */
static MP_NOINLINE bool grow_and_take(struct channel *channel, struct message *message,
    void *place, size_t place_room) {
    struct inbox *inbox = &channel->inbox;
    size_t room = MIN(2 * (size_t)inbox->room, inbox->longest);
    inbox->bytes = m_renew(uint8_t, inbox->bytes, inbox->room, room);
    inbox->room = room;
    return take_message(channel, message, place, place_room);
}

static inline bool take_message(struct channel *channel, struct message *message, void *place,
    size_t room) {
    enum train_taken taken = train_take(&channel->rx, &channel->inbox, message, place, room);
    if (message->must_ring) {
        ring_peer(channel);
    }
    if (taken == TRAIN_MESSAGE) {
        channel->kind = message->kind;
        return true;
    }
    return taken == TRAIN_NO_ROOM && grow_and_take(channel, message, place, room);
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

/* Nothing whole is there; false, or raises ChannelDied. */
static MP_NOINLINE bool take_nothing(struct channel *channel) {
    train_keep(&channel->inbox);
    channel_check_alive(channel);
    return false;
}

bool channel_receive(struct channel *channel, struct message *message, void *place, size_t room,
    bool wait) {
    bool there = ump_ready(&channel->rx);
    while (!there || !take_message(channel, message, place, room)) {
        if (!wait) {
            return take_nothing(channel);
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

bool channel_take(struct channel *channel, struct message *message) {
    return (ump_ready(&channel->rx) && take_message(channel, message, NULL, 0))
           || take_nothing(channel);
}
