/* As much of MicroPython as kernel/cpu/channel.c names, for a host build of that alone. */
#ifndef POLY_TEST_MICROPYTHON_H
#define POLY_TEST_MICROPYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define NORETURN __attribute__((noreturn))
#define MP_EPIPE 32
#define MP_STREAM_POLL_RD 1u
#define MP_STREAM_POLL_WR 4u
#define MP_STREAM_POLL_ERR 8u

typedef void *mp_obj_t;
typedef uintptr_t mp_uint_t;
typedef struct { const void *type; } mp_obj_base_t;
typedef struct { int unused; } mp_obj_type_t;
typedef struct { void *buf; size_t len; int typecode; } mp_buffer_info_t;

#define MP_OBJ_NULL NULL
#define MP_OBJ_NEW_SMALL_INT(value) ((mp_obj_t)(intptr_t)(value))

enum { MP_SCHED_IDLE, MP_SCHED_LOCKED, MP_SCHED_PENDING };
extern int sched_state;
extern mp_obj_t mp_pending_exception;
#define MP_STATE_VM(name) name
#define MP_STATE_THREAD(name) name

static inline void *m_malloc0(size_t bytes) {
    return calloc(1, bytes);
}
#define m_new(type, count) ((type *)m_malloc0(sizeof(type) * (count)))

mp_obj_t mp_obj_new_str(const char *text, size_t length);
mp_obj_t mp_obj_new_exception_args(const mp_obj_type_t *type, size_t n, const mp_obj_t *args);
NORETURN void nlr_raise(mp_obj_t error);
void mp_handle_pending(bool raise);

#endif
