#include "side.h"

#include <stdio.h>
#include <string.h>

#define BURST_MAX 3u

/* What message `number` from `core` holds: whole words, all different. */
static size_t message_make(unsigned core, uint32_t number, uint32_t words[UMP_PAYLOAD / 4]) {
    size_t length = 4 + number % 4 * 4;
    for (uint32_t i = 0; i < length / 4; i++) {
        words[i] = (number * 4 + i) * 2654435761u ^ core;
    }
    return length;
}

static bool send_some(struct side *side) {
    bool did = false;
    for (unsigned burst = host_choose(side, BURST_MAX) + 1; burst != 0 && side->to_send != 0;
         burst--) {
        uint32_t words[UMP_PAYLOAD / 4];
        size_t length = message_make(side->core, side->sent, words);
        if (!ump_send(&side->tx, side->sent % 64, side->sent % 2, words, length)) {
            break;
        }
        __atomic_store_n(&side->sent, side->sent + 1, __ATOMIC_RELAXED);
        side->to_send--;
        did = true;
    }
    if (did && ump_send_must_ring(&side->tx)) {
        host_ring_peer(side);
    }
    return did;
}

static void message_check(struct side *side, const struct ump_message *message,
    const uint32_t *words) {
    uint32_t expected[UMP_PAYLOAD / 4], number = side->received;
    size_t length = message_make(1 - side->core, number, expected);
    if (message->kind != number % 64 || message->last != number % 2 || message->length != length
        || memcmp(words, expected, length) != 0) {
        snprintf(side->wrong, sizeof(side->wrong), "core %u got a wrong message %u", side->core,
            (unsigned)number);
    }
}

static bool receive_some(struct side *side) {
    bool did = false;
    for (unsigned burst = host_choose(side, BURST_MAX) + 1; burst != 0 && side->to_receive != 0;
         burst--) {
        uint32_t words[UMP_LINE / 4] __attribute__((aligned(8)));
        struct ump_message message;
        if (!ump_receive(&side->rx, &message, words)) {
            break;
        }
        host_need_payload(side);
        message_check(side, &message, words);
        __atomic_store_n(&side->received, side->received + 1, __ATOMIC_RELAXED);
        side->to_receive--;
        did = true;
    }
    if (did && ump_receive_must_ring(&side->rx)) {
        host_ring_peer(side);
    }
    return did;
}

static void sleep_announce(struct side *side, bool asleep) {
    bool credit_first = host_choose(side, 2) != 0;
    if (credit_first && side->to_send != 0) {
        ump_producer_sleep(&side->tx, asleep);
    }
    if (side->to_receive != 0) {
        ump_consumer_sleep(&side->rx, asleep);
    }
    if (!credit_first && side->to_send != 0) {
        ump_producer_sleep(&side->tx, asleep);
    }
}

static void side_sleep(struct side *side) {
    sleep_announce(side, true);
    if (!side->mutations.clear_after_last_look) {
        host_clear_doorbell(side);
    }
    bool something = false;
    if (side->to_receive != 0 && !side->mutations.no_look_at_ring) {
        something = ump_ready(&side->rx);
    }
    if (side->to_send != 0 && !side->mutations.no_look_at_credit) {
        something = something || ump_credits(&side->tx) != 0;
    }
    if (side->mutations.clear_after_last_look) {
        host_clear_doorbell(side);
    }
    if (!something) {
        host_wait(side);
    }
    sleep_announce(side, false);
}

void side_run(struct side *side) {
    while ((side->to_send != 0 || side->to_receive != 0) && side->wrong[0] == 0) {
        bool sent = side->to_send != 0 && send_some(side);
        bool received = side->to_receive != 0 && receive_some(side);
        if (side->tx.fault != UMP_ALIVE || side->rx.fault != UMP_ALIVE) {
            snprintf(side->wrong, sizeof(side->wrong), "core %u is dead: send %u, receive %u",
                side->core, (unsigned)side->tx.fault, (unsigned)side->rx.fault);
        } else if (!sent && !received) {
            side_sleep(side);
        }
    }
}
