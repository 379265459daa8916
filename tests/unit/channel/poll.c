/* The wait of a port before it sleeps, channel_poll_and_arm(), with its peer or something else
 * acting at one point of it.
 *
 *     poll ACTION POINT ARMED SPIN_US
 *
 * ACTION: what happens at the access or look at the clock with number POINT (from 0):
 * nothing, message, death, event. ARMED: whether sleep was announced before. Prints
 *
 *     RESULT SLEEP_WORD ARMED RANG WAITING LOOKS
 *
 * what the call returned, the shared word and the flag that say whether sleep is announced,
 * whether the peer rang, whether a message waits, and how many points there were. */
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "memory_order.h"

/* The boot block lies elsewhere, and every access to shared RAM is a point. */
#include "boot.h"
static struct boot_block boot = {.core_count = 2};
#undef LAYOUT_BOOT
#define LAYOUT_BOOT ((uintptr_t)&boot)

static void point(void);
#undef mem_load_acquire
#undef mem_load_relaxed
#undef mem_store_release
#undef mem_store_relaxed
#undef mem_fence
#define mem_load_acquire(p)      (point(), __atomic_load_n((p), __ATOMIC_ACQUIRE))
#define mem_load_relaxed(p)      (point(), __atomic_load_n((p), __ATOMIC_RELAXED))
#define mem_store_release(p, v)  (point(), __atomic_store_n((p), (v), __ATOMIC_RELEASE))
#define mem_store_relaxed(p, v)  (point(), __atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define mem_fence()              (point(), __atomic_thread_fence(__ATOMIC_SEQ_CST))

#include "channel.c"

#define SLOTS 2
#define TICKS_PER_LOOK (BOARD_TIMER_TICKS_PER_SECOND / 1000000)

static enum { NOTHING, MESSAGE, DEATH, EVENT } action;
static long act_at, points;
static bool acting = true;  /* what the set-up does is none */
static struct channel near_end, far_end;
static bool rang, eventful;

unsigned core_number;
int sched_state;
mp_obj_t mp_pending_exception;
const mp_obj_type_t mp_type_ChannelDied;

static void act(void) {
    uint32_t word = 7;
    switch (action) {
        case MESSAGE:
            ump_send(&far_end.tx, 0, true, &word, sizeof(word));
            ring_receiver(&far_end);
            break;
        case DEATH: /* as the monitor has it, within a callback */
            channel_die(&near_end, UMP_PEER_DIED);
            eventful = true;
            break;
        case EVENT:
            eventful = true;
            break;
        case NOTHING:
            break;
    }
}

static void point(void) {
    if (!acting && points++ == act_at) {
        acting = true;
        act();
        acting = false;
    }
}

uint64_t arch_ticks(void) {
    static uint64_t now;
    point();
    return now += TICKS_PER_LOOK;
}

bool core_is_eventful(void) {
    return eventful;
}

void doorbell_ring(unsigned core, unsigned bell) {
    (void)core;
    (void)bell;
    rang = true;
}

void doorbell_latch(unsigned bell) {
    (void)bell;
    abort(); /* of ends on one core: these are not */
}

/* --- what a poll must not need ---------------------------------------------------- */

void core_wait(uint64_t deadline) {
    (void)deadline;
    abort();
}

void mp_handle_pending(bool raise) {
    (void)raise;
    abort();
}

void nlr_raise(mp_obj_t error) {
    (void)error;
    abort();
}

mp_obj_t mp_obj_new_str(const char *text, size_t length) {
    (void)text;
    (void)length;
    abort();
}

mp_obj_t mp_obj_new_exception_args(const mp_obj_type_t *type, size_t n, const mp_obj_t *args) {
    (void)type;
    (void)n;
    (void)args;
    abort();
}

void channel_outbox_room(struct channel *channel, size_t room) {
    (void)channel;
    (void)room;
    abort();
}

int main(int argc, char **argv) {
    static const char *const actions[] = {"nothing", "message", "death", "event"};
    static uint64_t region[2 * UMP_RING_BYTES(SLOTS) / sizeof(uint64_t)]
        __attribute__((aligned(UMP_LINE)));
    if (argc != 5) {
        return 2;
    }
    while (strcmp(argv[1], actions[action]) != 0) {
        action++;
    }
    act_at = atol(argv[2]);
    boot.spin_us = atoi(argv[4]);
    channel_open(&near_end, region, SLOTS, 0, UMP_PAYLOAD);
    channel_open(&far_end, region, SLOTS, 1, UMP_PAYLOAD);
    if (argv[3][0] == '1' && channel_arm(&near_end)) {
        return 2;
    }
    acting = false;
    bool result = channel_poll_and_arm(&near_end);
    acting = true;
    struct ump_ring *ring = near_end.rx.ring;
    printf("%d %u %d %d %d %ld\n", result, (unsigned)ring->rx_sleep, near_end.rx_armed, rang,
        ump_ready(&near_end.rx), points);
    return 0;
}
