/* What goes into a channel: sends that wait, and posts that never do. SPEC UMP-4, UMP-8. */
#define TRAIN_LINKAGE static inline
#include "channel_inline.h"

#include <string.h>

#include "train.c"

/* Those whose outbox was not empty when a core last looked. */
MP_REGISTER_ROOT_POINTER(struct channel *channels_put_off);

static inline void sent(struct channel *channel) {
    ring_receiver(channel);
    disarm_sender(channel);
}

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

/* --- waiting ------------------------------------------------------------------------ */

/* Takes back a train that was broken off. */
static void send_cut(struct channel *channel) {
    while (!ump_send(&channel->tx, TRAIN_KIND_CUT, true, NULL, 0)) {
        channel_check_alive(channel);
        channel_wait_credit(channel, 0);
    }
    channel->sending &= ~CHANNEL_MUST_CUT;
}

static void send_train(struct channel *channel, unsigned kind, const uint8_t *bytes,
    size_t length) {
    size_t done = 0;
    while (!train_send(&channel->tx, kind, bytes, length, &done)) {
        check_producer(channel);
        channel_check_alive(channel);
        if (done != 0) {
            channel->sending |= CHANNEL_MUST_CUT;
            sent(channel);
        }
        channel_wait_credit(channel, 0);
    }
    channel->sending &= ~CHANNEL_MUST_CUT;
    sent(channel);
}

static MP_NOINLINE void send_slowly(struct channel *channel, unsigned kind,
    const mp_buffer_info_t *message) {
    if (channel->sending & CHANNEL_IN_SEND) {
        mp_raise_msg(&mp_type_RuntimeError,
            MP_ERROR_TEXT("another send on this channel is under way"));
    }
    check_producer(channel);
    channel_check_alive(channel);
    while (channel->sending & CHANNEL_IN_OUTBOX && !channel_push(channel)) {
        channel_wait_credit(channel, 0);
    }
    nlr_buf_t nlr;
    channel->sending |= CHANNEL_IN_SEND;
    if (nlr_push(&nlr) == 0) {
        if (channel->sending & CHANNEL_MUST_CUT) {
            send_cut(channel);
        }
        send_train(channel, kind, message->buf, message->len);
        nlr_pop();
        channel->sending &= ~CHANNEL_IN_SEND;
    } else {
        channel->sending &= ~CHANNEL_IN_SEND;
        nlr_jump(nlr.ret_val);
    }
}

void channel_send(struct channel *channel, unsigned kind, const mp_buffer_info_t *message) {
    if (message->len <= UMP_PAYLOAD && channel->sending == 0 && fault_of(channel) == UMP_ALIVE
        && ump_send(&channel->tx, kind, true, message->buf, message->len)) {
        sent(channel);
    } else {
        send_slowly(channel, kind, message);
    }
}

/* --- without waiting ------------------------------------------------------------------- */

void channel_outbox_room(struct channel *channel, size_t room) {
    struct outbox *outbox = &channel->outbox;
    if (outbox->room < room) {
        outbox->bytes = m_renew(uint8_t, outbox->bytes, outbox->room, room);
        outbox->room = room;
    }
}

/* Sends what there is credit for of what was put off; true: nothing is left of it. */
static bool send_put_off(struct channel *channel) {
    if (channel->sending & CHANNEL_MUST_CUT) {
        if (!ump_send(&channel->tx, TRAIN_KIND_CUT, true, NULL, 0)) {
            return false;
        }
        channel->sending &= ~CHANNEL_MUST_CUT;
    }
    if (channel->sending & CHANNEL_IN_OUTBOX) {
        uint32_t before = channel->tx.sent;
        bool empty = train_push(&channel->tx, &channel->outbox);
        if (empty) {
            channel->sending &= ~CHANNEL_IN_OUTBOX;
        }
        if (channel->tx.sent != before) {
            ring_receiver(channel);
        }
        return empty;
    }
    return true;
}

bool channel_push(struct channel *channel) {
    for (;;) {
        bool ready = (channel->sending & CHANNEL_IN_SEND) == 0 && send_put_off(channel)
            && channel_credits(channel) > 0;
        check_producer(channel);
        channel_check_alive(channel);
        if (ready) {
            disarm_sender(channel);
            return true;
        }
        if (channel->tx_armed) {
            return false;
        }
        channel->tx_armed = true;
        ump_producer_sleep(&channel->tx, true); /* then look again: UMP-5 */
    }
}

bool channel_unsent(const struct channel *channel) {
    return (channel->sending & (CHANNEL_IN_OUTBOX | CHANNEL_MUST_CUT)) != 0;
}

bool channel_taken(struct channel *channel, uint32_t position) {
    for (;;) {
        uint32_t untaken = channel->tx.mask + 1 - channel_credits(channel);
        check_producer(channel);
        channel_check_alive(channel);
        if ((int32_t)(channel->tx.sent - untaken - position) >= 0) {
            channel->sending &= ~CHANNEL_DRAINS;
            return true;
        }
        channel->sending |= CHANNEL_DRAINS;
        if (channel->tx_armed) {
            return false;
        }
        channel->tx_armed = true;
        ump_producer_sleep(&channel->tx, true); /* then look again: UMP-5 */
    }
}

/* Something is in its outbox: has channels_push() look after it. */
static void put_off(struct channel *channel) {
    channel->sending |= CHANNEL_IN_OUTBOX;
    if (!channel->is_put_off) {
        channel->is_put_off = true;
        channel->put_off = MP_STATE_VM(channels_put_off);
        MP_STATE_VM(channels_put_off) = channel;
    }
    channel_push(channel); /* announces sleep */
}

/* What is announced stays so: whoever waits for credit is still rung when the peer takes
 * what is sent here. */
void channels_push(void) {
    struct channel **link = &MP_STATE_VM(channels_put_off);
    while (*link != NULL) {
        struct channel *channel = *link;
        if (channel->sending & CHANNEL_IN_OUTBOX && fault_of(channel) == UMP_ALIVE
            && !send_put_off(channel)) {
            check_producer(channel);
            link = &channel->put_off;
        } else {
            *link = channel->put_off;
            channel->is_put_off = false;
        }
    }
}

static MP_NOINLINE bool post_slowly(struct channel *channel, unsigned kind, const void *bytes,
    size_t length) {
    if (!channel_push(channel)) {
        return false;
    }
    if (length > UMP_PAYLOAD) {
        size_t now = (size_t)channel_credits(channel) * UMP_PAYLOAD;
        channel_outbox_room(channel, length > now ? length - now : 0);
    }
    if (!train_post(&channel->tx, &channel->outbox, kind, bytes, length)) {
        check_producer(channel);
        channel_check_alive(channel);
        return false;
    }
    ring_receiver(channel);
    if (channel->outbox.waits) {
        put_off(channel);
    }
    return true;
}

bool channel_try_post(struct channel *channel, unsigned kind, const void *bytes, size_t length) {
    if (length <= UMP_PAYLOAD && channel->sending == 0 && fault_of(channel) == UMP_ALIVE
        && ump_send(&channel->tx, kind, true, bytes, length)) {
        sent(channel);
        return true;
    }
    return false;
}

bool channel_post(struct channel *channel, unsigned kind, const void *bytes, size_t length) {
    return channel_try_post(channel, kind, bytes, length)
        || post_slowly(channel, kind, bytes, length);
}
