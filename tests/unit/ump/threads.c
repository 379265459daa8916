/* Two threads as two cores, with the host's own memory ordering.
 *
 *     threads SLOTS MESSAGES_FROM_0 MESSAGES_FROM_1 [COUNT]
 *
 * Exit status 0: all arrived in order; 1: a side found something wrong; 2: hang.
 * The doorbell is a latched word that its owner waits on as on an interrupt; it
 * orders nothing, so that only the ring's own primitives do. */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "position.h"
#include "side.h"

#define LOOK_SECONDS 1
#define STALLED_LOOKS_MAX 20u /* a hang detector, not a performance target */

struct thread {
    struct side side;
    uint32_t bell __attribute__((aligned(64)));
    uint32_t random, sleeps, rings;
};

static struct thread threads[2];
static struct ump_ring *rings[2];
static sem_t finished;

static void futex(uint32_t *word, int operation, uint32_t value) {
    syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

void host_ring_peer(struct side *side) {
    uint32_t *bell = &threads[1 - side->core].bell;
    __atomic_store_n(bell, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&threads[side->core].rings, 1, __ATOMIC_RELAXED);
    futex(bell, FUTEX_WAKE_PRIVATE, INT_MAX);
}

void host_clear_doorbell(struct side *side) {
    __atomic_store_n(&threads[side->core].bell, 0, __ATOMIC_RELAXED);
}

void host_wait(struct side *side) {
    uint32_t *bell = &threads[side->core].bell;
    __atomic_fetch_add(&threads[side->core].sleeps, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(bell, __ATOMIC_RELAXED) == 0) {
        futex(bell, FUTEX_WAIT_PRIVATE, 0);
    }
}

void host_need_payload(struct side *side) {
    (void)side;
}

unsigned host_choose(struct side *side, unsigned below) {
    uint32_t *random = &threads[side->core].random;
    *random = *random * 1664525u + 1013904223u;
    return (*random >> 16) % below;
}

static void *thread_main(void *argument) {
    side_run(argument);
    sem_post(&finished);
    return NULL;
}

static uint32_t now(const uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void print_state(FILE *out) {
    for (unsigned i = 0; i < 2; i++) {
        const struct thread *thread = &threads[i];
        fprintf(out, "core %u: sent %u, received %u, sleeps %u, rings %u, bell %u; its ring: "
            "consumed %u, rx_sleep %u, tx_sleep %u\n", i, now(&thread->side.sent),
            now(&thread->side.received), now(&thread->sleeps), now(&thread->rings),
            now(&thread->bell), now(&rings[i]->consumed), now(&rings[i]->rx_sleep),
            now(&rings[i]->tx_sleep));
    }
}

/* False if no message has moved for a long time. */
static bool wait_until_finished(void) {
    uint32_t before = 0, stalled_looks = 0;
    while (stalled_looks < STALLED_LOOKS_MAX) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += LOOK_SECONDS;
        if (sem_timedwait(&finished, &until) == 0) {
            return true;
        }
        uint32_t moved = now(&threads[0].side.received) + now(&threads[1].side.received);
        stalled_looks = moved == before ? stalled_looks + 1 : 0;
        before = moved;
    }
    return false;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: %s SLOTS MESSAGES_FROM_0 MESSAGES_FROM_1 [COUNT]\n", argv[0]);
        return 1;
    }
    uint32_t slots = strtoul(argv[1], NULL, 0);
    uint32_t count = argc > 4 ? strtoul(argv[4], NULL, 0) : 0;
    for (unsigned i = 0; i < 2; i++) {
        if (posix_memalign((void **)&rings[i], UMP_LINE, UMP_RING_BYTES(slots)) != 0) {
            return 1;
        }
        struct side *side = &threads[i].side;
        side->core = i;
        side->to_send = strtoul(argv[2 + i], NULL, 0);
        side->to_receive = strtoul(argv[3 - i], NULL, 0);
        threads[i].random = i;
    }
    sem_init(&finished, 0, 0);
    pthread_t handles[2];
    for (unsigned i = 0; i < 2; i++) {
        ring_open_at(rings[i], &threads[i].side.tx, &threads[1 - i].side.rx, slots, count);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_create(&handles[i], NULL, thread_main, &threads[i].side);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (!wait_until_finished()) {
            fprintf(stderr, "hang\n");
            print_state(stderr);
            _exit(threads[0].side.wrong[0] != 0 || threads[1].side.wrong[0] != 0 ? 1 : 2);
        }
    }
    int status = 0;
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(handles[i], NULL);
        if (threads[i].side.wrong[0] != 0) {
            fprintf(stderr, "%s\n", threads[i].side.wrong);
            status = 1;
        }
    }
    print_state(stdout);
    free(rings[0]);
    free(rings[1]);
    return status;
}
