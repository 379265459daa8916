/* What comes out of a channel, with waiting and without. SPEC UMP-4, UMP-8. */
#define TRAIN_LINKAGE static inline
#include "channel_inline.h"

#include "train.c"

static bool take_message(struct channel *channel, struct message *message);

/* Raises MemoryError; then nothing is lost. */
static MP_NOINLINE bool grow_and_take(struct channel *channel, struct message *message) {
    struct inbox *inbox = &channel->inbox;
    size_t room = MIN(2 * (size_t)inbox->room, inbox->longest);
    inbox->bytes = m_renew(uint8_t, inbox->bytes, inbox->room, room);
    inbox->room = room;
    return take_message(channel, message);
}

static inline bool take_message(struct channel *channel, struct message *message) {
    enum train_taken taken = train_take(&channel->rx, &channel->inbox, message);
    if (message->must_ring) {
        ring_peer(channel);
    }
    if (taken == TRAIN_MESSAGE) {
        channel->kind = message->kind;
        return true;
    }
    return taken == TRAIN_NO_ROOM && grow_and_take(channel, message);
}

bool channel_receive(struct channel *channel, struct message *message, bool wait) {
    bool there = ump_ready(&channel->rx);
    while (!there || !take_message(channel, message)) {
        if (!wait) {
            channel_check_alive(channel);
            return false;
        }
        channel_wait_message(channel);
        there = true;
    }
    disarm_receiver(channel);
    return true;
}

bool channel_take(struct channel *channel, struct message *message) {
    if (ump_ready(&channel->rx) && take_message(channel, message)) {
        return true;
    }
    channel_check_alive(channel);
    return false;
}
