/* One core with one end of a channel: sends and receives numbered messages and
 * sleeps by SPEC UMP-5. The same code runs in the simulator and in threads;
 * these give the doorbell and the wait. */
#ifndef POLY_TEST_SIDE_H
#define POLY_TEST_SIDE_H

#include "ump.h"

struct side_mutations { /* what this side leaves out or does wrong */
    uint32_t no_look_at_ring, no_look_at_credit, clear_after_last_look;
    uint32_t no_announcement_after_poll;
};

struct side {
    unsigned core;             /* 0 or 1 */
    struct ump_producer tx;
    struct ump_consumer rx;
    uint32_t to_send, to_receive;
    bool announced;            /* sleep of the receiver; may outlast it */
    uint32_t sent, received;   /* messages so far; written by this side only */
    struct side_mutations mutations;
    char wrong[128];           /* why it stopped early; empty: it did not */
};

/* Returns when all is sent and received, or with side->wrong. */
void side_run(struct side *side);

/* --- given by the host of the side ------------------------------------------- */

void host_ring_peer(struct side *side);
void host_clear_doorbell(struct side *side);
void host_wait(struct side *side);           /* until rung, at once if it was */
void host_need_payload(struct side *side);   /* it is looked at from here on */
unsigned host_choose(struct side *side, unsigned below);

#endif
