/* Delays at random at the points where the order of cores matters: tests in stress
 * ask for them by a seed in the boot block. Without one a point costs a load and a
 * branch, and none lies on the path of a message whose receiver is awake. */
#ifndef POLY_STRESS_H
#define POLY_STRESS_H

#include <stdint.h>

#include "core.h"

/* How long at most, in microseconds, and how often: once in so many times. */
#define STRESS_START 20000, 1      /* a core's start: they come up in any order */
#define STRESS_RELEASE 2000, 2     /* core 0, before it releases another */
#define STRESS_RING 100, 16        /* a doorbell, between its bit and its interrupt */
#define STRESS_SLEEP 100, 16       /* between the last look and sleep */
#define STRESS_WAKE 100, 16        /* between sleep and the next look */
#define STRESS_SERVE 200, 16       /* before a monitor serves who rang */

/* A new life draws its own delays. */
void stress_init(void);

/* Waits that long, or not, as the seed, this core's number and generation decide. */
void stress_delay(uint32_t most_us, uint32_t one_in);

static inline void stress_point(uint32_t most_us, uint32_t one_in) {
    if (BOOT->seed != 0) {
        stress_delay(most_us, one_in);
    }
}

#endif
