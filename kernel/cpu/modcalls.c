/* The calls module: calls, typed ends, and waiting for a call. Documented in
 * stubs/calls.pyi. */
#include "call.h"
#include "core.h"
#include "end.h"
#include "method.h"
#include "pending.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "tasks.h"

/* What do() serves while it waits; calls_port NULL: nothing. */
MP_REGISTER_ROOT_POINTER(mp_obj_t calls_sources);
MP_REGISTER_ROOT_POINTER(mp_obj_t calls_port);

static bool due;                   /* the port has more to do than what rings */

static mp_obj_t calls_use(mp_obj_t sources, mp_obj_t port) {
    if (sources != mp_const_none && !mp_obj_is_type(sources, &mp_type_list)) {
        mp_raise_TypeError(MP_ERROR_TEXT("a list is wanted"));
    }
    MP_STATE_VM(calls_sources) = sources;
    MP_STATE_VM(calls_port) = port == mp_const_none ? MP_OBJ_NULL : port;
    MP_STATE_VM(end_served) = NULL;
    due = false;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(calls_use_obj, calls_use);

static mp_obj_t calls_serve(mp_obj_t port) {
    due = false;
    return mp_obj_new_bool(end_serve_rung(MP_STATE_VM(calls_sources), port));
}
static MP_DEFINE_CONST_FUN_OBJ_1(calls_serve_obj, calls_serve);

/* One turn of the default port's; whether there was anything to do. */
static bool attend(mp_obj_t port) {
    if (due || core_alarm_passed()) {
        call_method(port, MP_QSTR_serve, 0, NULL);
        return true;
    }
    return end_serve_rung(MP_STATE_VM(calls_sources), port);
}

static mp_obj_t calls_attend(void) {
    mp_obj_t port = MP_STATE_VM(calls_port);
    return port == MP_OBJ_NULL ? mp_const_none : mp_obj_new_bool(attend(port));
}
static MP_DEFINE_CONST_FUN_OBJ_0(calls_attend_obj, calls_attend);

static mp_obj_t calls_due(void) {
    due = true;
    core_event();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(calls_due_obj, calls_due);

static inline void wait_until_done(struct call *call) {
    while (call->state == CALL_UNDER_WAY) {
        mp_obj_t port = MP_STATE_VM(calls_port);
        if (port != MP_OBJ_NULL) {
            if (attend(port)) {
                continue;
            }
            if (tasks_wait()) {
                mp_obj_t self = MP_OBJ_FROM_PTR(call);
                call_method(port, MP_QSTR_run_tasks, 1, &self);
                continue;
            }
        }
        serve_pending();
        end_poll();
        core_wait(0);
        serve_pending();
    }
}

/* The same for a call that is taken back when the wait is interrupted. */
static MP_NOINLINE void wait_or_abandon(struct call *call) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        wait_until_done(call);
        nlr_pop();
    } else {
        call_abandon(call);
        nlr_jump(nlr.ret_val);
    }
}

static mp_obj_t calls_do(mp_obj_t arg) {
    if (!mp_obj_is_type(arg, &call_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("a Call is wanted"));
    }
    struct call *call = MP_OBJ_TO_PTR(arg);
    if (call->state == CALL_UNDER_WAY && call_may_be_abandoned(call)) {
        wait_or_abandon(call);
    } else {
        wait_until_done(call);
    }
    return call_result(call);
}
static MP_DEFINE_CONST_FUN_OBJ_1(calls_do_obj, calls_do);

static MP_DEFINE_CONST_FUN_OBJ_1(calls_plain_obj, end_plain);

static const MP_DEFINE_STR_OBJ(calls_doc, "Calls, and the ends of channels that carry them.");

static const mp_rom_map_elem_t calls_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_calls)},
    {MP_ROM_QSTR(MP_QSTR___doc__), MP_ROM_PTR(&calls_doc)},
    {MP_ROM_QSTR(MP_QSTR_MAX), MP_ROM_INT(CALLS_MAX)},
    {MP_ROM_QSTR(MP_QSTR_Call), MP_ROM_PTR(&call_type)},
    {MP_ROM_QSTR(MP_QSTR_Calls), MP_ROM_PTR(&calls_type)},
    {MP_ROM_QSTR(MP_QSTR_End), MP_ROM_PTR(&end_type)},
    {MP_ROM_QSTR(MP_QSTR_use), MP_ROM_PTR(&calls_use_obj)},
    {MP_ROM_QSTR(MP_QSTR_serve), MP_ROM_PTR(&calls_serve_obj)},
    {MP_ROM_QSTR(MP_QSTR_attend), MP_ROM_PTR(&calls_attend_obj)},
    {MP_ROM_QSTR(MP_QSTR_due), MP_ROM_PTR(&calls_due_obj)},
    {MP_ROM_QSTR(MP_QSTR_plain), MP_ROM_PTR(&calls_plain_obj)},
    {MP_ROM_QSTR(MP_QSTR_do), MP_ROM_PTR(&calls_do_obj)},
};
static MP_DEFINE_CONST_DICT(calls_globals, calls_globals_table);

const mp_obj_module_t calls_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&calls_globals,
};
MP_REGISTER_MODULE(MP_QSTR_calls, calls_module);
