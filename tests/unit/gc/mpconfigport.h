/* The smallest configuration in which MicroPython's gc.c compiles alone, with
 * finalisers and a collection threshold, for the harness beside this file. */
#include <alloca.h>
#include <stdint.h>
#include <sys/types.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_MINIMUM)
#define MICROPY_ENABLE_GC (1)
#define MICROPY_ENABLE_FINALISER (1)
#define MICROPY_GC_ALLOC_THRESHOLD (1)
#define MICROPY_ENABLE_EXTERNAL_IMPORT (0)
#define MICROPY_PY_SYS (0)
#define MICROPY_ROM_TEXT_COMPRESSION (0)

typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;
#define MP_SSIZE_MAX INTPTR_MAX
#define MP_STATE_PORT MP_STATE_VM

extern unsigned long table_visits;
#define MICROPY_GC_HOOK_LOOP(i) (table_visits++)
