/* Calls that are under way: what each comes to, and the tags that name them on the
 * wire. The calls module wraps both for Python. */
#ifndef POLY_CALL_H
#define POLY_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "py/obj.h"

#define CALLS_MAX 64u              /* of one client: six bits of a tag */
#define CALL_GENERATIONS 1023u     /* the other ten; never 0: no call has a message's tag */

enum call_state { CALL_UNDER_WAY, CALL_DONE, CALL_FAILED };

struct call {                      /* one block of the heap */
    mp_obj_base_t base;
    uint8_t state;                 /* enum call_state */
    bool has_more;
    bool abandoned;                /* the last task that awaited it was cancelled */
    bool shared;                   /* several tasks have awaited it */
    mp_obj_t value;                /* or the error */
    mp_obj_t source;               /* who completes it; has_more: a struct call_more */
};

struct call_more {                 /* of a call that somebody waits for, or a port */
    mp_obj_t source;
    mp_obj_t port, key, kind;      /* where its completion goes */
    mp_obj_t on_abandon;           /* function(), to be told that nobody wants it any more */
    mp_obj_t tasks;                /* that await it: None, one, or a list */
};

struct calls {                     /* a fixed table; a call's tag is index + generation */
    mp_obj_base_t base;
    uint8_t limit;
    uint32_t late;                 /* answers that nobody waited for any more */
    struct {
        struct call *call;         /* NULL: free */
        uint16_t generation, response;
    } slot[];
};

extern const mp_obj_type_t call_type, calls_type;

struct call *call_new(mp_obj_t source);

/* Completes it, once: what comes after is dropped. May run Python (a port's). */
void call_finish(struct call *call, enum call_state state, mp_obj_t value);

/* The value; raises the error, or Misuse before it is done. */
mp_obj_t call_result(const struct call *call);

/* Whoever waited for it was interrupted: tells on_abandon, once, unless a port or another
 * task gets what it comes to. */
void call_abandon(struct call *call);

/* Whether somebody is to be told of that. */
static inline bool call_may_be_abandoned(const struct call *call) {
    return call->has_more
           && ((struct call_more *)MP_OBJ_TO_PTR(call->source))->on_abandon != mp_const_none;
}

/* A tag for the next call, which calls_put() makes its own; 0: none is free. */
unsigned calls_reserve(struct calls *calls);
void calls_put(struct calls *calls, unsigned tag, unsigned response, struct call *call);

/* The call that waits for this response (number 0: any) under this tag, which is
 * free from now on; NULL: none does. Until then the tag is taken, even if nobody waits for
 * the call any more: so an answer never meets another call (SPEC CALL-6). */
struct call *calls_take(struct calls *calls, unsigned tag, unsigned response);

#endif
