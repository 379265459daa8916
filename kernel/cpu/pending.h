/* Callbacks that are scheduled, and an interrupt of the program. */
#ifndef POLY_PENDING_H
#define POLY_PENDING_H

#include "py/mpstate.h"
#include "py/runtime.h"

/* As mp_handle_pending(true), which it calls if there is something. May raise. */
static inline void serve_pending(void) {
    if (MP_STATE_VM(sched_state) == MP_SCHED_PENDING
        || MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL) {
        mp_handle_pending(true);
    }
}

#endif
