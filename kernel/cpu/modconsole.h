/* Functions of the cpu module that are about consoles: stubs/cpu.pyi has them all. */
#ifndef POLY_MODCONSOLE_H
#define POLY_MODCONSOLE_H

#include "py/obj.h"

extern const mp_obj_fun_builtin_var_t cpu_output_obj, cpu_serial_write_obj,
    cpu_feed_obj, cpu_take_input_obj;
extern const mp_obj_fun_builtin_fixed_t cpu_is_console_obj,    cpu_unread_obj, cpu_new_input_obj, cpu_end_input_obj, cpu_input_ended_obj,
    cpu_input_taken_obj, cpu_input_wanted_obj,
    cpu_readline_obj, cpu_hide_line_obj, cpu_show_line_obj, cpu_repl_obj,
    cpu_own_begin_obj, cpu_own_serve_obj, cpu_attach_own_obj, cpu_own_input_obj,
    cpu_on_own_input_obj;

#endif
