/* The UMP ring and its sleep protocol (SPEC UMP-2 to UMP-6), for spin.
 *
 * Two cores, one channel: core 0 sends on one ring and receives on the other,
 * core 1 the reverse. Every access to shared RAM is a step of its own, under the
 * name of the C function in kernel/cpu/ump.c that makes it. A store goes into
 * its core's buffer and reaches memory later: in order (TSO), or in order per
 * address only, but for a release, which waits for all older stores (PSO).
 *
 * The streams have no end, so counters wrap. Contents are judged by colour:
 * white* red white* blue white* is sent and must arrive so; as the ring never
 * looks at a payload, one colour stands for any message.
 *
 * To keep the states few, what only this core can see goes into the same step as
 * the shared access beside it; and a full fence, which waits for an empty buffer
 * that only its own core fills, into the step of the access that follows it.
 *
 * -D  TSO | PSO          how stores reach memory
 *     ONE_WAY            core 0 only sends, core 1 only receives, one slot or two at
 *                        a time; else both do both, one slot at a time, in white
 *     POLLS              one way only: the receiver may stay announced while it is awake, and
 *                        may poll, its announcement withdrawn, before it sleeps
 *     DEATH              one core may die before any of its steps; all in white, and
 *                        both ways the senders never stop of themselves
 *     NO_... and others  one mutation, each of which must fail: test_ump_model.py
 */
#define SLOTS 2
#define COUNTS 4 /* counters are modulo this: two laps, as the epoch has two values */
#ifndef DEPTH
#define DEPTH 4 /* of a store buffer */
#endif

#define WHITE 0
#define RED 1
#define BLUE 2
#define NEVER_WRITTEN 3

#ifdef ONE_WAY
#define RECEIVES (me == 1)
#else
#define RECEIVES true
#endif
#if defined(ONE_WAY) && !defined(DEATH)
#define COLOURS true
#else
#define COLOURS false
#endif
#if defined(ONE_WAY) || !defined(DEATH)
#define MAY_STOP true
#else
#define MAY_STOP false
#endif

/* Shared RAM: every word has one writer, so it is named by writer and place. */
#define PAYLOAD 0
#define HEADER (PAYLOAD + SLOTS)
#define CONSUMED (HEADER + SLOTS)
#define RX_SLEEP (CONSUMED + 1)
#define TX_SLEEP (CONSUMED + 2)
#define WORDS (CONSUMED + 3)
byte memory[2 * WORDS];

#define MINE(word) memory[me * WORDS + word]
#define PEERS(word) memory[(1 - me) * WORDS + word]
#define PEER (1 - me)

#define POSITION(count) (count % SLOTS)
#ifdef EPOCH_STANDS_STILL
#define EPOCH(count) 1
#else
#define EPOCH(count) (1 - (count / SLOTS) % 2)
#endif
#define HEADER_OF(count) (EPOCH(count) + 2 * count)

chan buffer[2] = [DEPTH] of { byte, byte }; /* word, value */
#define STORE(word, value) buffer[me] ! word, value
#define FENCE empty(buffer[me])

/* A word that is always stored with release leaves the buffer only as its
 * oldest store; any other word may overtake other words, never itself. */
#define OVERTAKE(word) atomic { buffer[me] ?? eval(word), value -> MINE(word) = value; value = 0 }

proctype memory_of(bit me) {
    byte word, value;
end_drained:
    do
    :: atomic { buffer[me] ? word, value -> MINE(word) = value; value = 0; word = 0 }
#ifdef PSO
    :: OVERTAKE(PAYLOAD)
    :: OVERTAKE(PAYLOAD + 1)
    :: OVERTAKE(RX_SLEEP)
    :: OVERTAKE(TX_SLEEP)
#ifdef NO_RELEASE_HEADER
    :: OVERTAKE(HEADER)
    :: OVERTAKE(HEADER + 1)
#endif
#ifdef NO_RELEASE_CONSUMED
    :: OVERTAKE(CONSUMED)
#endif
#endif
    od
}

#ifdef NO_FENCE_SEND
#define FENCE_SEND true
#else
#define FENCE_SEND FENCE
#endif
#ifdef NO_FENCE_RECEIVE
#define FENCE_RECEIVE true
#else
#define FENCE_RECEIVE FENCE
#endif
#ifdef NO_FENCE_CONSUMER_SLEEP
#define FENCE_CONSUMER_SLEEP true
#else
#define FENCE_CONSUMER_SLEEP FENCE
#endif
#ifdef NO_FENCE_PRODUCER_SLEEP
#define FENCE_PRODUCER_SLEEP true
#else
#define FENCE_PRODUCER_SLEEP FENCE
#endif
bool bell[2]; /* rung and not yet cleared */

/* Private to each core; global so that the judge can see them in the end. */
byte sent[2], received[2], coloured[2], seen[2];
bool sending[2];

#ifdef EDGE_DOORBELL
bool in_wait[2];
#define SET_IN_WAIT(yes) in_wait[me] = yes
#define RING bell[PEER] = in_wait[PEER]
#else
#define SET_IN_WAIT(yes) skip
#define RING bell[PEER] = true
#endif

#ifdef DEATH
bool dead[2];
chan dies[2] = [0] of { bit };
bool peer_died[2]; /* what the monitor told this core */
bool ended[2];     /* it heard, and left the loop */
#define PEER_DIED peer_died[me]
#else
#define PEER_DIED false
#endif

inline ump_credits(credits) {
    limit = PEERS(CONSUMED);
    credits = (sent[me] - limit + COUNTS) % COUNTS;
    assert(credits <= SLOTS); /* else UMP_BAD_CONSUMED */
#ifdef NO_CREDIT_CHECK
    credits = 1;
#else
    credits = SLOTS - credits;
#endif
    limit = (limit + SLOTS) % COUNTS
}

/* What ump_send() goes by: up to the limit it does not look at `consumed`. */
inline credits_to_send(credits) {
    if
    :: sent[me] == limit -> ump_credits(credits)
    :: else -> credits = (limit - sent[me] + COUNTS) % COUNTS
    fi
}

inline ump_send() {
    atomic {
        if
        :: STORE(PAYLOAD + POSITION(sent[me]), WHITE)
        :: COLOURS && coloured[me] == 0 ->
            STORE(PAYLOAD + POSITION(sent[me]), RED);
            coloured[me] = 1
        :: COLOURS && coloured[me] == 1 ->
            STORE(PAYLOAD + POSITION(sent[me]), BLUE);
            coloured[me] = 2
        fi
    }
    atomic {
        STORE(HEADER + POSITION(sent[me]), HEADER_OF(sent[me]));
        sent[me] = (sent[me] + 1) % COUNTS
    }
}

inline ump_send_must_ring(must) {
#ifdef NO_DOORBELL_FOR_MESSAGES
    must = false
#else
    atomic { FENCE_SEND -> must = PEERS(RX_SLEEP) }
#endif
}

#define READY (PEERS(HEADER + POSITION(received[me])) % 2 == EPOCH(received[me]))

#define PAYLOAD_READ PEERS(PAYLOAD + POSITION(received[me]))
#ifdef NO_ACQUIRE_HEADER
#define LOAD_PAYLOAD skip
#else
#define LOAD_PAYLOAD value = PAYLOAD_READ
#endif

/* Copies out, and judges what came. */
inline take_payload() {
    atomic {
        LOAD_PAYLOAD;
        assert(value != NEVER_WRITTEN);
        if
        :: value == RED -> assert(seen[me] == 0); seen[me] = 1
        :: value == BLUE -> assert(seen[me] == 1); seen[me] = 2
        :: else
        fi;
        value = 0
    }
}

inline ump_receive(taken) {
#ifdef NO_ACQUIRE_HEADER
    value = PAYLOAD_READ; /* the two loads may swap */
#endif
    atomic {
        taken = READY;
        if
        :: taken -> assert(PEERS(HEADER + POSITION(received[me])) / 2 == received[me])
        :: else -> value = 0 /* the assertion is UMP_BAD_SEQUENCE */
        fi
    }
    if
    :: taken ->
#ifdef NO_RELEASE_CONSUMED
        STORE(CONSUMED, ((received[me] + 1) % COUNTS)); /* the load may fall behind */
        take_payload();
        received[me] = (received[me] + 1) % COUNTS;
#else
        take_payload();
        atomic {
            STORE(CONSUMED, ((received[me] + 1) % COUNTS));
            received[me] = (received[me] + 1) % COUNTS
        }
#endif
progress_received:
        skip
    :: else
    fi
}

inline look_at_slot(taken) {
#ifdef NO_ACQUIRE_HEADER
    value = PAYLOAD_READ; /* the two loads may swap */
#endif
    atomic {
        taken = READY;
        if
        :: taken -> assert(PEERS(HEADER + POSITION(received[me])) / 2 == received[me])
        :: else -> value = 0
        fi
    }
}

inline take_slot() {
    atomic { take_payload(); received[me] = (received[me] + 1) % COUNTS }
}

/* Two slots at most; they are given back together. */
inline ump_receive_slots(taken) {
    look_at_slot(taken);
    if
    :: taken ->
#ifdef NO_RELEASE_CONSUMED_SLOTS
        STORE(CONSUMED, ((received[me] + 1) % COUNTS)); /* the load may fall behind */
        take_slot();
#else
        take_slot();
        look_at_slot(taken);
        if
        :: taken -> take_slot()
        :: else
        fi;
        atomic { STORE(CONSUMED, received[me]); taken = true }
#endif
progress_received_slots:
        skip
    :: else
    fi
}

inline ump_receive_must_ring(must) {
#ifdef NO_DOORBELL_FOR_CREDIT
    must = false
#else
    atomic { FENCE_RECEIVE -> must = PEERS(TX_SLEEP) }
#endif
}

/* One or more slots, then the fence and the bell; or no more from now on. */
inline send_some() {
    atomic {
        if
        :: credits_to_send(credits)
        :: MAY_STOP -> sending[me] = false; credits = 0; limit = sent[me]
        fi
    }
    if
    :: credits > 0 ->
        did = true;
        ump_send();
#ifdef ONE_WAY
        if
        :: credits > 1 -> ump_send()
        :: true
        fi;
#endif
        credits = 0;
        ump_send_must_ring(must);
        if
        :: must -> atomic { RING; must = false }
        :: else
        fi
    :: else
    fi
}

inline receive_some() {
#ifdef ONE_WAY
    if
    :: ump_receive(taken)
    :: ump_receive_slots(taken)
    fi;
#else
    ump_receive(taken);
#endif
    if
    :: taken ->
        taken = false;
        did = true;
#ifdef ONE_WAY
        if
        :: ump_receive(taken); taken = false
        :: true
        fi;
#endif
        ump_receive_must_ring(must);
        if
        :: must -> atomic { RING; must = false }
        :: else
        fi
    :: else
    fi
}

#ifdef POLLS
#define ANNOUNCED announced
#define SET_ANNOUNCED(yes) announced = yes
#ifdef NO_LOOK_AFTER_POLL
#define SET_POLLED(yes) polled = yes
#else
#define SET_POLLED(yes) skip
#endif
#ifdef NO_ANNOUNCEMENT_AFTER_POLL
#define POLLED announced = true
#else
#define POLLED skip
#endif
#ifdef NO_LOOK_AFTER_POLL
#define LOOK_AT_RING (!polled && READY)
#else
#define LOOK_AT_RING READY
#endif

/* channel_poll_and_arm(): one look stands for any number; `something`: a message. */
inline poll() {
    if
    :: announced -> atomic { STORE(RX_SLEEP, false); announced = false } /* channel_disarm() */
    :: else
    fi;
    atomic {
        something = READY; /* ump_ready() */
        if
        :: !something -> POLLED; SET_POLLED(true)
        :: else
        fi
    }
}

inline may_poll() {
    if
    :: RECEIVES -> poll()
    :: true
    fi
}

/* It may stay announced: whoever takes messages singly leaves it so. */
#define MAY_STAY_ANNOUNCED :: RECEIVES -> skip
#else
#define ANNOUNCED false
#define SET_ANNOUNCED(yes) skip
#define SET_POLLED(yes) skip
#define LOOK_AT_RING READY
#define may_poll() skip
#define MAY_STAY_ANNOUNCED
#endif

/* UMP-5. Waits for a message; for credit too while there is more to send. */
inline sleep() {
    if
    :: RECEIVES && !ANNOUNCED ->
        STORE(RX_SLEEP, true); /* ump_consumer_sleep(true) */
        SET_ANNOUNCED(true);
        FENCE_CONSUMER_SLEEP
    :: else
    fi;
    waits_for_credit = sending[me];
    if
    :: waits_for_credit ->
        STORE(TX_SLEEP, true); /* ump_producer_sleep(true) */
        FENCE_PRODUCER_SLEEP
    :: else
    fi;
#ifndef CLEAR_AFTER_LAST_LOOK
    bell[me] = false;
#endif
    something = PEER_DIED;
#ifndef NO_SECOND_LOOK_AT_RING
    if
    :: RECEIVES ->
        atomic { something = something || LOOK_AT_RING; SET_POLLED(false) } /* ump_ready() */
    :: else
    fi;
#endif
#ifndef NO_SECOND_LOOK_AT_CREDIT
    if
    :: waits_for_credit ->
        atomic { ump_credits(credits); something = something || credits > 0; credits = 0 }
    :: else
    fi;
#endif
#ifdef CLEAR_AFTER_LAST_LOOK
    bell[me] = false;
#endif
    if
    :: !something ->
        SET_IN_WAIT(true);
end_wait:
        atomic { bell[me] -> SET_IN_WAIT(false) }
    :: else -> something = false
    fi;
    if
    :: RECEIVES -> atomic { STORE(RX_SLEEP, false); SET_ANNOUNCED(false) } /* channel_disarm() */
    MAY_STAY_ANNOUNCED
    :: else
    fi;
    if
    :: waits_for_credit -> /* ump_producer_sleep(false) */
        atomic { STORE(TX_SLEEP, false); waits_for_credit = false }
    :: else
    fi
}

proctype core(bit me) {
    byte credits, limit, value;
    bool taken, something, did, must, waits_for_credit;
#ifdef POLLS
    bool announced;
#ifdef NO_LOOK_AFTER_POLL
    bool polled;
#endif
#endif
    {
        do
        :: PEER_DIED -> break
        :: else ->
            if
            :: sending[me] -> send_some()
            :: else
            fi;
            if
            :: RECEIVES -> receive_some()
            :: else
            fi;
            if
            :: did -> did = false
            :: else ->
                may_poll();
                if
                :: something -> something = false
                :: else -> sleep()
                fi
            fi
        od
#ifdef DEATH
        ;
        ended[me] = true
    } unless {
        /* Nobody sees the private state of the dead: forget it. */
        atomic {
            dies[me] ? _ ->
            credits = 0; limit = 0; value = 0; taken = false; something = false; did = false;
            must = false; waits_for_credit = false; SET_ANNOUNCED(false);
            sent[me] = 0; received[me] = 0; coloured[me] = 0; seen[me] = 0; sending[me] = false;
            SET_IN_WAIT(false);
            dead[me] = true
        }
    }
#else
    }
#endif
}

#ifdef DEATH
/* One core dies; the other's monitor marks the channel dead and rings. */
proctype death() {
    bit me;
end_nobody_died:
    if
    :: dies[0] ! 0
#ifdef ONE_WAY
    :: dies[1] ! 0 -> me = 1 /* both ways, the cores are alike */
#endif
    fi;
    peer_died[PEER] = true;
#ifndef NO_DOORBELL_FOR_DEATH
    RING
#endif
}
#endif

/* Speaks when nothing can move any more: then nothing may be waiting. */
proctype judge() {
    timeout ->
    if
#ifdef DEATH
    :: dead[0] -> assert(ended[1])
    :: dead[1] -> assert(ended[0])
#endif
    :: else ->
        assert(!sending[0] && !sending[1]);
        assert(received[1] == sent[0] && received[0] == sent[1]);
        assert(seen[1] == coloured[0] && seen[0] == coloured[1])
    fi
}

init {
    atomic {
        byte slot;
        for (slot : 0 .. SLOTS - 1) {
            memory[PAYLOAD + slot] = NEVER_WRITTEN;
            memory[WORDS + PAYLOAD + slot] = NEVER_WRITTEN
        }
        slot = 0;
        sending[0] = true;
#ifndef ONE_WAY
        sending[1] = true;
#endif
        run memory_of(0);
        run memory_of(1);
        run core(0);
        run core(1);
#ifdef DEATH
        run death();
#endif
        run judge()
    }
}
