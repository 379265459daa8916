/* What MicroPython asks of a port. */
#ifndef POLY_MPHALPORT_H
#define POLY_MPHALPORT_H

#include <stddef.h>
#include <stdint.h>

uintptr_t polyphone_interrupts_mask(void);
void polyphone_interrupts_restore(uintptr_t state);
uint32_t polyphone_random_seed(void);
extern const char polyphone_help_text[];

/* Sleeps until something happened on this core, or for so long; < 0: no deadline. */
void mp_hal_wait(intptr_t timeout_ms);

void mp_hal_set_interrupt_char(int c);

/* The next byte of standard input, -1 at its end; and whether nobody has typed it
 * (console.h). */
int polyphone_stdin_read(void);
_Bool console_input_is_data(void);

/* A line for input(), from the console that is standard input. */
struct _vstr_t;
int console_input_line(struct _vstr_t *line, const char *prompt);
#define mp_hal_readline console_input_line

#define MICROPY_BEGIN_ATOMIC_SECTION() polyphone_interrupts_mask()
#define MICROPY_END_ATOMIC_SECTION(state) polyphone_interrupts_restore(state)
#define MICROPY_INTERNAL_WFE(timeout_ms) mp_hal_wait(timeout_ms)

/* A callback that a program schedules ends a wait: what it has done is looked at. */
void core_event(void);
#define MICROPY_SCHED_HOOK_SCHEDULED core_event()

#endif
