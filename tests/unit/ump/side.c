#include "side.h"

#include <stdio.h>
#include <string.h>

#define BURST_MAX 3u
#define POLL_LOOKS_MAX 3u

#define RUN 6u      /* so many messages of any length, then so many full slots, and again */
#define FULL_KIND 9u
#define WORDS (UMP_PAYLOAD / 4)

/* How many full slots come from message `number` on. */
static unsigned full_from(uint32_t number) {
    return number / RUN % 2 == 1 ? RUN - number % RUN : 0;
}

/* What message `number` from `core` is; its payload is whole words, all different. */
static struct ump_message message_make(unsigned core, uint32_t number, uint32_t words[WORDS]) {
    struct ump_message message = {.kind = number % 64, .last = number % 2,
                                  .length = 4 + number % 4 * 4};
    if (full_from(number) != 0) {
        message = (struct ump_message) {.kind = FULL_KIND, .length = UMP_PAYLOAD};
    }
    for (uint32_t i = 0; i < message.length / 4u; i++) {
        words[i] = (number * WORDS + i) * 2654435761u ^ core;
    }
    return message;
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Full slots one by one, or some at once; how many. */
static uint32_t send_slots(struct side *side) {
    uint32_t words[RUN * WORDS];
    struct ump_message message = message_make(side->core, side->sent, words);
    unsigned slots = least(full_from(side->sent), side->to_send);
    if (slots == 0 || host_choose(side, 4) == 0) {
        return ump_send(&side->tx, message.kind, message.last, words, message.length);
    }
    for (unsigned i = 1; i < slots; i++) {
        message_make(side->core, side->sent + i, &words[i * WORDS]);
    }
    return ump_send_slots(&side->tx, FULL_KIND, words, slots);
}

static bool send_some(struct side *side) {
    bool did = false;
    for (unsigned burst = host_choose(side, BURST_MAX) + 1; burst != 0 && side->to_send != 0;
         burst--) {
        uint32_t sent = send_slots(side);
        if (sent == 0) {
            break;
        }
        __atomic_store_n(&side->sent, side->sent + sent, __ATOMIC_RELAXED);
        side->to_send -= sent;
        did = true;
    }
    if (did && ump_send_must_ring(&side->tx)) {
        host_ring_peer(side);
    }
    return did;
}

static void message_check(struct side *side, const struct ump_message *message,
    const uint32_t *words) {
    uint32_t payload[WORDS], number = side->received;
    struct ump_message expected = message_make(1 - side->core, number, payload);
    if (message->kind != expected.kind || message->last != expected.last
        || message->length != expected.length || memcmp(words, payload, expected.length) != 0) {
        snprintf(side->wrong, sizeof(side->wrong), "core %u got a wrong message %u", side->core,
            (unsigned)number);
    }
    __atomic_store_n(&side->received, side->received + 1, __ATOMIC_RELAXED);
    side->to_receive--;
}

/* One slot, or full ones at once; how many. */
static uint32_t receive_slots(struct side *side) {
    uint32_t words[RUN * WORDS + 1] __attribute__((aligned(8)));
    struct ump_message message = {.kind = FULL_KIND, .length = UMP_PAYLOAD};
    unsigned slots = least(full_from(side->received), side->to_receive);
    if (slots == 0 || host_choose(side, 4) == 0) {
        slots = ump_receive(&side->rx, &message, words);
    } else {
        slots = ump_receive_slots(&side->rx, FULL_KIND, words, slots);
    }
    host_need_payload(side);
    for (unsigned i = 0; i < slots; i++) {
        message_check(side, &message, &words[i * WORDS]);
    }
    return slots;
}

static bool receive_some(struct side *side) {
    bool did = false;
    for (unsigned burst = host_choose(side, BURST_MAX) + 1; burst != 0 && side->to_receive != 0;
         burst--) {
        if (receive_slots(side) == 0) {
            break;
        }
        did = true;
    }
    if (did && ump_receive_must_ring(&side->rx)) {
        host_ring_peer(side);
    }
    return did;
}

static void receiver_announce(struct side *side, bool asleep) {
    if (side->announced != asleep) {
        side->announced = asleep;
        ump_consumer_sleep(&side->rx, asleep);
    }
}

/* As channel_poll_and_arm(): looks for a while, its announcement withdrawn. True: a message. */
static bool receiver_polls(struct side *side) {
    receiver_announce(side, false);
    for (unsigned looks = host_choose(side, POLL_LOOKS_MAX) + 1; looks != 0; looks--) {
        if (ump_ready(&side->rx)) {
            return true;
        }
    }
    side->announced = side->mutations.no_announcement_after_poll != 0;
    return false;
}

static void sleep_announce(struct side *side, bool asleep) {
    bool credit_first = host_choose(side, 2) != 0;
    if (credit_first && side->to_send != 0) {
        ump_producer_sleep(&side->tx, asleep);
    }
    /* Awake, the receiver may stay announced, as an end does that takes messages singly. */
    if (side->to_receive != 0 && (asleep || host_choose(side, 2) == 0)) {
        receiver_announce(side, asleep);
    }
    if (!credit_first && side->to_send != 0) {
        ump_producer_sleep(&side->tx, asleep);
    }
}

static void side_sleep(struct side *side) {
    if (side->to_receive != 0 && host_choose(side, 2) != 0 && receiver_polls(side)) {
        return;
    }
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
