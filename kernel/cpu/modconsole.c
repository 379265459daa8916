/* What the cpu module has about consoles: standard input and output, prompts, the
 * serial line as such, the own console. */
#include "modconsole.h"

#include "arch.h"
#include "channel.h"
#include "console.h"
#include "core.h"
#include "memory_order.h"
#include "own_repl.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/runtime/pyexec.h"

static mp_obj_t cpu_is_console(void) {
    return mp_obj_new_bool(core_number == 0);
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_is_console_obj, cpu_is_console);

static mp_obj_t cpu_output(size_t n_args, const mp_obj_t *args) {
    mp_obj_t channel = n_args == 0 ? mp_const_none : args[0];
    if (channel != mp_const_none && !mp_obj_is_type(channel, &channel_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("output goes to a ump.Channel or None"));
    }
    console_route(channel, n_args > 1 ? mp_obj_get_int(args[1]) & UMP_KIND_MAX : 0,
        n_args > 2 ? mp_obj_get_int(args[2]) : 0);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(cpu_output_obj, 0, 3, cpu_output);

static mp_obj_t cpu_feed(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(args[0], &info, MP_BUFFER_READ);
    size_t length = n_args > 1 ? MIN((size_t)mp_obj_get_int(args[1]), info.len) : info.len;
    size_t taken = 0;
    uintptr_t state = arch_interrupts_mask();
    unsigned interrupts = console_interrupts();
    while (taken < length && console_interrupts() == interrupts
           && console_feed(((const uint8_t *)info.buf)[taken])) {
        taken++;
    }
    arch_interrupts_restore(state);
    return MP_OBJ_NEW_SMALL_INT(taken);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(cpu_feed_obj, 1, 2, cpu_feed);

static mp_obj_t cpu_take_input(size_t n_args, const mp_obj_t *args) {
    if (n_args == 0) {
        return MP_OBJ_NEW_SMALL_INT(console_take());
    }
    vstr_t bytes;
    size_t most = MAX(mp_obj_get_int(args[0]), 0);
    vstr_init_len(&bytes, most);
    size_t length = 0;
    int byte;
    while (length < most && (byte = console_take()) >= 0) {
        bytes.buf[length++] = byte;
    }
    bytes.len = length;
    return mp_obj_new_bytes_from_vstr(&bytes);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(cpu_take_input_obj, 0, 1, cpu_take_input);

static mp_obj_t cpu_unread(mp_obj_t bytes) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(bytes, &info, MP_BUFFER_READ);
    console_unread(info.buf, info.len);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(cpu_unread_obj, cpu_unread);

static mp_obj_t cpu_new_input(mp_obj_t ended) {
    console_new_input(mp_obj_is_true(ended));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(cpu_new_input_obj, cpu_new_input);

static mp_obj_t cpu_end_input(void) {
    console_end_input();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_end_input_obj, cpu_end_input);

static mp_obj_t cpu_input_ended(void) {
    return mp_obj_new_bool(console_input_ended());
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_input_ended_obj, cpu_input_ended);

static struct control *control_of_number(mp_obj_t core) {
    mp_int_t number = mp_obj_get_int(core);
    if (number < 0 || number >= (mp_int_t)BOOT->core_count) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such core"));
    }
    return control_of(number);
}

static mp_obj_t cpu_input_taken(mp_obj_t core) {
    return mp_obj_new_int_from_uint(mem_load_acquire(&control_of_number(core)->input_taken));
}
MP_DEFINE_CONST_FUN_OBJ_1(cpu_input_taken_obj, cpu_input_taken);

static mp_obj_t cpu_input_wanted(mp_obj_t core) {
    return mp_obj_new_bool(mem_load_acquire(&control_of_number(core)->input_wanted));
}
MP_DEFINE_CONST_FUN_OBJ_1(cpu_input_wanted_obj, cpu_input_wanted);

static mp_obj_t cpu_readline(mp_obj_t prompt, mp_obj_t complete) {
    return console_readline(mp_obj_str_get_str(prompt), complete);
}
MP_DEFINE_CONST_FUN_OBJ_2(cpu_readline_obj, cpu_readline);

/* The shell's line, even while something runs at the prompt of the own console. */
static void change_line(void (*change)(void)) {
    if (console_is_editing()) {
        bool own = console_attach_own(false);
        change();
        console_attach_own(own);
    }
}

static mp_obj_t cpu_hide_line(void) {
    change_line(console_hide_line);
    return mp_obj_new_bool(console_is_editing());
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_hide_line_obj, cpu_hide_line);

static mp_obj_t cpu_show_line(void) {
    change_line(console_show_line);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_show_line_obj, cpu_show_line);

/* --- Python prompts ------------------------------------------------------------- */

/* What is defined at a prompt is __main__'s, not its caller's. */
static bool prompt_of_main(bool (*prompt)(void)) {
    nlr_jump_callback_node_globals_locals_t caller;
    caller.globals = mp_globals_get();
    caller.locals = mp_locals_get();
    nlr_push_jump_callback(&caller.callback, mp_globals_locals_set_from_nlr_jump_callback);
    mp_globals_set(&MP_STATE_VM(dict_main));
    mp_locals_set(&MP_STATE_VM(dict_main));
    mp_hal_set_interrupt_char(-1); /* at the prompt Ctrl-C is the editor's */
    bool leave = prompt();
    nlr_pop_jump_callback(true);   /* the caller's again */
    return leave;
}

static bool repl(void) {
    pyexec_mode_kind = PYEXEC_MODE_FRIENDLY_REPL;
    while ((pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl())
           == 0) {
    }
    console_flush();
    return true;
}

static void end_repl(void *unused) {
    (void)unused;
    MP_STATE_PORT(console_prompt_wait) = MP_OBJ_NULL;
}

static mp_obj_t cpu_repl(mp_obj_t wait) {
    nlr_jump_callback_node_t end;
    nlr_push_jump_callback(&end, end_repl);
    MP_STATE_PORT(console_prompt_wait) = wait;
    prompt_of_main(repl);
    nlr_pop_jump_callback(true);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(cpu_repl_obj, cpu_repl);

static mp_obj_t cpu_own_begin(void) {
    own_repl_begin();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_own_begin_obj, cpu_own_begin);

static mp_obj_t cpu_own_serve(void) {
    return mp_obj_new_bool(prompt_of_main(own_repl_serve));
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_own_serve_obj, cpu_own_serve);

/* --- the serial line, the own console --------------------------------------------- */

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

static mp_obj_t cpu_on_own_input(mp_obj_t serve) {
    MP_STATE_PORT(console_serve_own) = serve;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(cpu_on_own_input_obj, cpu_on_own_input);
