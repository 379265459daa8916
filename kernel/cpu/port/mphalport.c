/* Time, waiting, standard input and output for MicroPython. */
#include "py/mphal.h"

#include "../arch.h"
#include "../console.h"
#include "../core.h"
#include "../end.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/readline/readline.h"

uintptr_t polyphone_interrupts_mask(void) {
    return arch_interrupts_mask();
}

void polyphone_interrupts_restore(uintptr_t state) {
    arch_interrupts_restore(state);
}

uint32_t polyphone_random_seed(void) {
    return (uint32_t)arch_ticks() ^ core_number << 24;
}

/* --- time ------------------------------------------------------------------------- */

/* Ticks to units of which there are `per_second`, without overflow. */
static uint64_t ticks_to(uint64_t ticks, uint64_t per_second) {
    return ticks / BOARD_TIMER_TICKS_PER_SECOND * per_second
           + ticks % BOARD_TIMER_TICKS_PER_SECOND * per_second / BOARD_TIMER_TICKS_PER_SECOND;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return arch_ticks() / ARCH_TICKS_PER_MS;
}

mp_uint_t mp_hal_ticks_us(void) {
    return ticks_to(arch_ticks(), 1000000);
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return arch_instructions();
}

uint64_t mp_hal_time_ns(void) {
    return ticks_to(arch_ticks(), 1000000000);
}

void mp_hal_wait(intptr_t timeout_ms) {
    console_flush();
    if (timeout_ms != 0) {
        end_poll();
        core_wait(timeout_ms < 0 ? 0 : arch_ticks() + (uint64_t)timeout_ms * ARCH_TICKS_PER_MS);
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = arch_ticks() + (uint64_t)ms * ARCH_TICKS_PER_MS;
    console_flush();
    do {
        mp_event_handle_nowait();
        core_wait(end);
    } while (arch_ticks() < end);
    mp_event_handle_nowait();
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = arch_ticks() + (uint64_t)us * (ARCH_TICKS_PER_MS / 10) / 100;
    while (arch_ticks() < end) {
        core_wait(end);
    }
}

/* --- standard input and output ------------------------------------------------------ */

uintptr_t mp_hal_stdio_poll(uintptr_t flags) {
    uintptr_t ready = flags & MP_STREAM_POLL_WR;
    if ((flags & MP_STREAM_POLL_RD) && (console_has_input() || console_input_ended())) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}

int polyphone_stdin_read(void) {
    for (;;) {
        int byte = console_take();
        if (byte >= 0 || console_input_ended()) {
            return byte;
        }
        console_wait_for_input();
    }
}

/* What prompts read. */
int mp_hal_stdin_rx_chr(void) {
    int byte = polyphone_stdin_read();
    return byte >= 0 ? byte : CHAR_CTRL_D;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t length) {
    console_write(text, length);
    return length;
}
