/* What lies at an address, in words: for panic reports and probes. */
#ifndef POLY_PLACE_H
#define POLY_PLACE_H

#include <stdint.h>

#include "py/mpprint.h"

/* Prints " (core 3's private memory)" and the like. */
void place_print(const mp_print_t *print, uintptr_t address);

#endif
