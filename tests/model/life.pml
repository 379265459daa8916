/* Lives of two cores and the memory that they share (kernel/cpu/life.c, the
 * monitor's serve, bury and open): each core may be restarted before any of its
 * steps, RESTARTS times. A step is one access to shared RAM, under the name of
 * the function that makes it; stores are seen in order, as release makes them.
 *
 * Never: a core opens a page that its own earlier life wrote to, or reads there,
 * or in the other's arena, what another life wrote than the one it deals with.
 * Always: when no restarts are left, both end with a link to each other. */

#ifndef RESTARTS
#define RESTARTS 2
#endif
#define LOW 0
#define HIGH 1
#define NOT_READY 255

byte generation[2];
byte met[2];              /* of the other, by its owner */
byte ready;               /* LOW's, for HIGH */
bool ring[2];             /* the urgent doorbell of the other, latched */
byte page[2];             /* who wrote to each one's ring since it was zeroed: life + 1 */
byte arena;               /* LOW's: which of its lives wrote there last */
byte link[2];             /* the other's life that a link is open to, + 1; private */
byte restarts[2];

/* Before any step the core may be restarted instead. */
#define STEP(access) \
    if \
    :: restarts[me] < RESTARTS -> restarts[me]++; goto again \
    :: atomic { access } \
    fi

proctype core(bit me) {
    byte seen, word;
    goto live;

again: /* life_again(): what was private is gone */
    atomic { link[me] = 0; seen = 0; word = 0 }
    STEP(ring[me] = false);
#ifndef NOT_WITHDRAWN
    if
    :: me == LOW -> STEP(ready = NOT_READY)
    :: else
    fi;
#endif
    STEP(generation[me]++);
    STEP(met[me] = generation[1 - me]);
    STEP(ring[1 - me] = true);

live:
    do
    :: ring[me] -> STEP(ring[me] = false); goto look
    :: !ring[me] && link[me] == 0 -> goto look
    :: !ring[me] && link[me] != 0 -> goto use
    :: !ring[me] && me == LOW && arena <= generation[LOW] -> goto settle
    od;

look: /* Monitor.serve() */
    STEP(seen = generation[1 - me]);
    if
    :: seen != met[me] -> /* bury() */
#ifdef MEET_BEFORE_CUT
        STEP(met[me] = seen);
        if /* a use in between */
        :: link[me] != 0 ->
            STEP(assert(page[1 - me] == 0 || page[1 - me] == link[me]));
            STEP(assert(me == LOW || arena <= link[me]))
        :: else
        fi;
        link[me] = 0;
#else
        link[me] = 0;
        STEP(met[me] = seen)
#endif
    :: seen == met[me] && link[me] != 0
    :: seen == met[me] && link[me] == 0 && me == LOW -> /* mesh_ready() */
        if
        :: ready != seen ->
#ifndef ZERO_BEFORE_MET
            STEP(word = met[HIGH]);
            if
            :: word == generation[me] ->
#endif
                STEP(page[LOW] = 0);
                STEP(page[HIGH] = 0);
                STEP(ready = seen);
#ifndef ZERO_BEFORE_MET
            :: else -> goto live
            fi
#endif
        :: else
        fi;
        atomic { assert(page[me] == 0); link[me] = seen + 1 }
    :: seen == met[me] && link[me] == 0 && me == HIGH ->
        STEP(word = ready);
        if
#ifdef OPEN_UNREADY
        :: true
#else
        :: word == generation[me]
#endif
            -> atomic { assert(page[me] == 0); link[me] = seen + 1 }
        :: else -> STEP(ring[LOW] = true)
        fi
    fi;
    goto live;

use:
    STEP(page[me] = generation[me] + 1);
    STEP(assert(page[1 - me] == 0 || page[1 - me] == link[me]));
    if
    :: me == HIGH -> STEP(assert(arena <= link[me]))
    :: else
    fi;
    goto live;

settle: /* Requests.settle(), then memory is handed out, to whomever */
#ifndef UNSETTLED
    STEP(word = met[HIGH]);
    if
    :: word == generation[me]
    :: else -> goto live
    fi;
#endif
    STEP(arena = generation[me] + 1);
    goto live
}

#define both_linked (link[LOW] == generation[HIGH] + 1 && link[HIGH] == generation[LOW] + 1)

ltl in_the_end { <> [] both_linked }

init { atomic { run core(LOW); run core(HIGH) } }
