/* The own console, and the serial line as such, for the kernel's Python. */
#include "modconsole.h"

#include "console.h"
#include "core.h"
#include "own_repl.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"

static mp_obj_t cpu_serial_write(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(args[0], &info, MP_BUFFER_READ);
    size_t from = n_args > 2 ? (size_t)mp_obj_get_int(args[1]) : 0;
    size_t length = n_args > 1 ? (size_t)mp_obj_get_int(args[n_args - 1]) : info.len;
    if (core_number != 0) {
        mp_raise_OSError(MP_EPERM);
    }
    if (from > info.len || length > info.len - from) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such part of the bytes"));
    }
    console_put((const char *)info.buf + from, length);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(cpu_serial_write_obj, 1, 3, cpu_serial_write);

static mp_obj_t cpu_attach_own(mp_obj_t own) {
    return mp_obj_new_bool(console_attach_own(mp_obj_is_true(own)));
}
MP_DEFINE_CONST_FUN_OBJ_1(cpu_attach_own_obj, cpu_attach_own);

static mp_obj_t cpu_own_input(void) {
    return mp_obj_new_bool(console_own_has_input());
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_own_input_obj, cpu_own_input);

static mp_obj_t cpu_own_begin(void) {
    own_repl_begin();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_own_begin_obj, cpu_own_begin);

/* What is defined at the prompt is __main__'s, not its caller's. */
static mp_obj_t cpu_own_serve(void) {
    mp_obj_dict_t *globals = mp_globals_get(), *locals = mp_locals_get();
    bool leave = false;
    mp_globals_set(&MP_STATE_VM(dict_main));
    mp_locals_set(&MP_STATE_VM(dict_main));
    mp_hal_set_interrupt_char(-1); /* at the prompt Ctrl-C is the editor's */
    nlr_buf_t nlr;
    bool raised = nlr_push(&nlr) != 0;
    if (!raised) {
        leave = own_repl_serve();
        nlr_pop();
    }
    mp_globals_set(globals);
    mp_locals_set(locals);
    if (raised) {
        nlr_jump(nlr.ret_val);
    }
    return mp_obj_new_bool(leave);
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_own_serve_obj, cpu_own_serve);

static mp_obj_t cpu_on_own_input(mp_obj_t serve) {
    MP_STATE_PORT(console_serve_own) = serve;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(cpu_on_own_input_obj, cpu_on_own_input);
