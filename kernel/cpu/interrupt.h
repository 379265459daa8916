/* Ending what runs on this core: KeyboardInterrupt, and who may raise it. Functions of the
 * cpu module: stubs/cpu.pyi has them all. */
#ifndef POLY_INTERRUPT_H
#define POLY_INTERRUPT_H

#include "py/obj.h"

extern const mp_obj_fun_builtin_var_t cpu_interrupt_obj;
extern const mp_obj_fun_builtin_fixed_t cpu_settle_obj, cpu_interrupts_obj,
    cpu_interrupt_char_obj;

#endif
