/* The end of a channel of typed messages: what comes is dispatched from here, as far
 * as it consists of plain numbers; the rest is for Python. */
#ifndef POLY_END_H
#define POLY_END_H

#include "call.h"
#include "channel.h"
#include "frame.h"

#define END_QUANTUM_BYTES 2048     /* what one end may bring before the others (SPEC TRN-5) */
#define END_MESSAGE_COST 128       /* that a message counts for besides its length */

struct handler {                   /* a method */
    uint16_t name;                 /* qstr; 0: none, Python's views handle it */
    uint16_t place;                /* in its class, the last time */
};

struct end {
    mp_obj_base_t base;
    struct channel *channel;
    mp_obj_t transport;            /* poly.transport.Transport */
    mp_obj_t port;                 /* that serves it */
    struct end *peer;              /* on this core, or NULL */
    mp_obj_t buffer;               /* bytearray: the message for receiver(buffer, length, caps) */
    mp_obj_t receiver;             /* of Python; None: nobody yet */
    mp_obj_t view, target;         /* poly.views; whose methods take what comes */
    struct calls *calls;           /* of a client */
    mp_obj_t open;                 /* set of tags, of a server: calls not yet answered */
    struct frame *frames;          /* [number - 1] */
    struct handler *methods;       /* [number - 1]: of the target's class */
    uint16_t frame_count;
    uint16_t bell;
    uint8_t accepts;               /* a bit for each enum frame_kind that the peer may send */
    bool live;                     /* it may still receive */
    bool due;                      /* its transport has more to do than receive */
    bool queued;                   /* messages wait for credit: no other may overtake them */
    bool blocked;                  /* messages and calls wait for an `async def` handler */
    bool paused;                   /* so many wait that it receives no more */
    uint8_t handling;              /* methods under way, of calls */
    uint32_t sent, received;
    struct call *done;             /* what a message comes to that was sent */
};

extern const mp_obj_type_t end_type;

/* Serves sources (list, by doorbell) whose bells rang, those of `port`; others are put
 * into their own ports' lists. Whether there was any. */
bool end_serve_rung(mp_obj_t sources, mp_obj_t port);

/* Before a sleep: looks for a while whether the peer on another core that was served last
 * sends more, unless there is something else to do. */
void end_poll(void);

/* The decorator for a method of a view that sends the message of this number. */
mp_obj_t end_plain(mp_obj_t number);

#endif
