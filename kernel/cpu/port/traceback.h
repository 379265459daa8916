/* The Python calls in progress, for a panic report. */
#ifndef POLY_TRACEBACK_H
#define POLY_TRACEBACK_H

#include <stdint.h>

#include "py/mpprint.h"

/* Prints the newest TRACEBACK_FRAMES_MAX calls of Python code in progress, newest
 * last; nothing if there are none. Allocates nothing. For use in a panic: memory
 * may be corrupt, so all that it reads is checked to be mapped, and frames and
 * function objects to lie in [low, high): the VM's stack and heap. */
#define TRACEBACK_FRAMES_MAX 32
void traceback_print(const mp_print_t *print, uintptr_t low, uintptr_t high);

#endif
