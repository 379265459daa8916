/* asyncio's tasks of this core, as its module asyncio.core keeps them. */
#ifndef POLY_TASKS_H
#define POLY_TASKS_H

#include <stdbool.h>

#include "method.h"

extern mp_obj_t mp_asyncio_context; /* asyncio.core's globals, once a task was made */

static inline mp_obj_t asyncio_get(qstr name) {
    return mp_obj_dict_get(mp_asyncio_context, MP_OBJ_NEW_QSTR(name));
}

/* Whether any was made. */
static inline bool tasks_exist(void) {
    return mp_asyncio_context != MP_OBJ_NULL;
}

/* The task that runs; None: none does. */
static inline mp_obj_t tasks_current(void) {
    return mp_asyncio_context == MP_OBJ_NULL ? mp_const_none : asyncio_get(MP_QSTR_cur_task);
}

/* Has a task run in the loop's next turn. */
static inline void tasks_wake(mp_obj_t task) {
    call_method(asyncio_get(MP_QSTR__task_queue), MP_QSTR_push, 1, &task);
}

/* Whether no task runs but some are there, which a wait must not hold up: in the queue, or
 * waiting for streams. */
static inline bool tasks_wait(void) {
    return mp_asyncio_context != MP_OBJ_NULL && asyncio_get(MP_QSTR_cur_task) == mp_const_none
        && (call_method(asyncio_get(MP_QSTR__task_queue), MP_QSTR_peek, 0, NULL) != mp_const_none
            || mp_obj_is_true(mp_load_attr(asyncio_get(MP_QSTR__io_queue), MP_QSTR_map)));
}

/* The program that made them is over. */
static inline void tasks_forget(void) {
    mp_asyncio_context = MP_OBJ_NULL; /* nothing else holds these globals */
}

#endif
