/* fixed_memory SLOTS COUNT: messages of all lengths up to LONGEST through post, push and take of
 * kernel/cpu/train.c, with sleep announced and doorbells taken as their users do. Linked with
 * --wrap for what allocates, which ends the program: nothing on this path may. Prints "ok".
 * With a third argument it allocates itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bells.h"
#include "train.h"

#define LONGEST 4096u
#define SLOTS_MOST 64u
#define SHIFTS 7u                  /* beginnings of messages in the text */
#define BELL_NEAR 200u
#define BELL_FAR 201u

static uint8_t ring_memory[UMP_RING_BYTES(SLOTS_MOST)] __attribute__((aligned(64)));
static uint8_t outbox_bytes[LONGEST], inbox_bytes[LONGEST], text[LONGEST + SHIFTS];
static uint8_t place[LONGEST / 2]; /* where half of the messages may go, as far as they fit */
static bool locked;

static void refuse(void) {
    if (locked) {
        fputs("allocates\n", stderr);
        abort();
    }
}

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size) {
    refuse();
    return __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    refuse();
    return __real_calloc(count, size);
}
void *__wrap_realloc(void *memory, size_t size) {
    refuse();
    return __real_realloc(memory, size);
}

static void latch(struct bells *bells, unsigned bell) {
    bells_latch(bells, bell / 32, 1u << bell % 32);
}

static unsigned length_of(unsigned number) {
    return number % 16 == 0 ? number % LONGEST : number % 61;
}

/* The next message; the place is there for every other 16 of them, one of which is long. */
static bool take(struct ump_consumer *rx, struct inbox *inbox, struct message *message,
    unsigned number) {
    void *wanted = number / 16 % 2 ? place : NULL;
    return train_take(rx, inbox, message, wanted, sizeof(place)) == TRAIN_MESSAGE;
}

static bool received_well(const struct message *message, unsigned number) {
    return message->length == length_of(number) && message->kind == number % 60
        && memcmp(message->bytes, text + number % SHIFTS, message->length) == 0;
}

int main(int argc, char **argv) {
    unsigned slots = argc > 1 ? atoi(argv[1]) : 8, count = argc > 2 ? atoi(argv[2]) : 1000;
    struct ump_ring *ring = (struct ump_ring *)ring_memory;
    struct ump_producer tx;
    struct ump_consumer rx;
    struct outbox outbox = {.bytes = outbox_bytes, .room = LONGEST};
    struct inbox inbox = {.bytes = inbox_bytes, .room = LONGEST, .longest = LONGEST};
    struct bells bells = {0};
    struct message message;
    for (unsigned i = 0; i < sizeof(text); i++) {
        text[i] = i * 31 + i / 256;
    }
    ump_producer_open(&tx, ring, slots);
    ump_consumer_open(&rx, ring, slots);
    locked = true;
    if (argc > 3) {
        text[0] = *(volatile uint8_t *)calloc(1, 1);
    }
    unsigned sent = 0, received = 0;
    while (received < count) {
        bool progress = false;
        while (sent < count && train_push(&tx, &outbox)) {
            if (!train_post(&tx, &outbox, sent % 60, text + sent % SHIFTS, length_of(sent))) {
                break;
            }
            sent++;
            progress = true;
        }
        ump_producer_sleep(&tx, true);
        if (ump_send_must_ring(&tx)) {
            latch(&bells, BELL_FAR);
        }
        ump_consumer_sleep(&rx, false);
        bool rung = false;
        while (take(&rx, &inbox, &message, received)) {
            if (!received_well(&message, received)) {
                printf("message %u is another\n", received);
                return 1;
            }
            rung |= message.must_ring;
            received++;
            progress = true;
        }
        rung |= message.must_ring;
        if (rung) {
            latch(&bells, BELL_NEAR);
        }
        ump_consumer_sleep(&rx, true);
        while (bells_take(&bells) >= 0) {
            progress = true;
        }
        train_push(&tx, &outbox);
        if (!progress && rx.fault | tx.fault) {
            printf("dead after %u\n", received);
            return 1;
        }
    }
    locked = false;
    puts("ok");
    return 0;
}
