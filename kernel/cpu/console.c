/* Standard input and output of a core: console.h. The line editor: shell_line.c. */
#include "console.h"

#include <string.h>

#include "arch.h"
#include "channel.h"
#include "core.h"
#include "memory_order.h"
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/runtime.h"
#include "shared/runtime/interrupt_char.h"
#include "stuck.h"
#include "uart.h"
#include "virtio_console.h"

#define INPUT_BYTES 4096u          /* a pasted screenful and more; a power of two */

struct input {
    uint8_t bytes[INPUT_BYTES];
    unsigned put, taken;           /* running counts */
    bool stopped;                  /* the device waits for room, or for somebody who reads */
    bool ended;                    /* nothing more will come */
};

static struct input shell_input, own_input;
static struct input *input = &shell_input; /* what standard input is */
static unsigned interrupts;        /* interrupt characters of the shell's console */

/* What comes before the shell's input, from `front_at` on: given back by somebody who
 * was given it and did not read it. */
MP_REGISTER_ROOT_POINTER(uint8_t *console_front);
static size_t front_at, front_end;

static struct {
    char text[UMP_PAYLOAD];        /* a line under way */
    unsigned length;
    unsigned kind, reserve;
} out;

MP_REGISTER_ROOT_POINTER(struct channel *console_channel);

bool console_attach_own(bool own) {
    bool was = input == &own_input;
    console_flush();
    input = own ? &own_input : &shell_input;
    return was;
}

bool console_is_own(void) {
    return input == &own_input;
}

/* --- input ------------------------------------------------------------------------- */

static bool full(const struct input *to) {
    return to->put - to->taken == INPUT_BYTES;
}

static bool is_data(const struct input *of) {
    return of == &shell_input && BOOT->flags & BOOT_INPUT_IS_DATA;
}

/* The interrupt character is one on the console that is standard input only. */
static bool interrupt_by(struct input *from, int byte) {
    if (byte != mp_interrupt_char || from != input || is_data(from)) {
        return false;
    }
    interrupts += from == &shell_input;
    stuck_interrupted(from == &own_input);
    mp_sched_keyboard_interrupt();
    doorbell_ring_self(); /* the next one kills */
    return true;
}

static bool feed(struct input *to, int byte) {
    if (interrupt_by(to, byte)) {
        ;
    } else if (full(to)) {
        return false;
    } else {
        to->bytes[to->put++ % INPUT_BYTES] = byte;
    }
    core_event();
    return true;
}

bool console_feed(int byte) {
    return feed(&shell_input, byte);
}

unsigned console_interrupts(void) {
    return interrupts;
}

void console_set_interrupt_char(int byte) {
    uintptr_t state = arch_interrupts_mask();
    mp_hal_set_interrupt_char(byte);
    stuck_forget();
    if (input == &shell_input) { /* on the own one it is for the editor of the prompt */
        uint8_t *front = MP_STATE_PORT(console_front);
        size_t kept = front_at;
        for (size_t at = front_at; at < front_end; at++) {
            if (!interrupt_by(input, front[at])) {
                front[kept++] = front[at];
            }
        }
        front_end = kept;
        unsigned end = input->put;
        input->put = input->taken;
        for (unsigned at = input->taken; at != end; at++) {
            feed(input, input->bytes[at % INPUT_BYTES]);
        }
    }
    arch_interrupts_restore(state);
}

static void end(struct input *of) {
    of->ended = true;
    core_event();
}

static bool again;                 /* not this core's first life */

/* The byte that the serial line's byte stands for, -1: none. */
static int unframed(int byte) {
    static bool escaped, begun;
    if (!(BOOT->flags & BOOT_INPUT_FRAMED)) {
        return byte;
    }
    if (!escaped) {
        escaped = byte == BOOT_INPUT_ESCAPE;
        return escaped || !(begun || again) ? -1 : byte;
    }
    escaped = false;
    begun |= byte == BOOT_INPUT_BEGIN;
    if (byte == BOOT_INPUT_END) {
        control_of(core_number)->input_ended = true; /* for a later life, too */
        end(&shell_input);
    }
    return byte == BOOT_INPUT_ESCAPE ? byte : -1;
}

void console_start(void) {
    again = control_of(core_number)->generation > 0;
    if (core_number == 0) {
        shell_input.ended = BOOT->flags & BOOT_INPUT_ENDED || control_of(0)->input_ended;
        /* Data waits at the host until somebody reads. */
        shell_input.stopped = BOOT->flags & BOOT_INPUT_IS_DATA;
        uart_receive_enable(!shell_input.stopped);
    }
}

void console_receive(void) {
    for (;;) {
        if (full(&shell_input)) {
            shell_input.stopped = true;
            uart_receive_enable(false);
            return;
        }
        int byte = uart_take();
        if (byte < 0) {
            return;
        }
        byte = unframed(byte);
        if (byte >= 0) {
            console_feed(byte);
        }
    }
}

void console_receive_own(void) {
    int byte = 0;
    core_event(); /* it may be about output */
    while (!(own_input.stopped = full(&own_input)) && (byte = virtio_console_take()) >= 0) {
        feed(&own_input, byte);
    }
}

/* There is room again. */
static void go_on(void) {
    if (input == &own_input) {
        console_receive_own();
    } else {
        input->stopped = false;
        uart_receive_enable(true);
    }
}

static bool has_front(void) {
    return input == &shell_input && front_at != front_end;
}

/* Somebody reads: whoever has input for this core may give it. */
static void ask(void) {
    if (input == &shell_input && core_number != 0 && !control_of(core_number)->input_wanted) {
        mem_store_release(&control_of(core_number)->input_wanted, 1);
        doorbell_ring(0, core_number);
    }
}

int console_take(void) {
    int byte = -1;
    ask();
    uintptr_t state = arch_interrupts_mask();
    if (has_front()) {
        byte = MP_STATE_PORT(console_front)[front_at++];
        stuck_forget();
    } else {
        if (input->put != input->taken) {
            byte = input->bytes[input->taken++ % INPUT_BYTES];
            stuck_forget();
            if (input == &shell_input) {
                control_of(core_number)->input_taken++;
            }
        }
        if (input->stopped) {
            go_on();
        }
    }
    arch_interrupts_restore(state);
    return byte;
}

void console_unread(const char *bytes, size_t length) {
    size_t left = front_end - front_at;
    uint8_t *front = m_new(uint8_t, length + left);
    memcpy(front, bytes, length);
    memcpy(front + length, MP_STATE_PORT(console_front) + front_at, left);
    uintptr_t state = arch_interrupts_mask();
    MP_STATE_PORT(console_front) = front;
    front_at = 0;
    front_end = length + left;
    arch_interrupts_restore(state);
}

void console_new_input(bool ended) {
    uintptr_t state = arch_interrupts_mask();
    shell_input.taken = shell_input.put;
    /* Where input has no end, a program without any waits, until somebody ends it. */
    shell_input.ended = ended && BOOT->flags & (BOOT_INPUT_FRAMED | BOOT_INPUT_IS_DATA);
    control_of(core_number)->input_wanted = 0;
    arch_interrupts_restore(state);
}

void console_end_input(void) {
    end(&shell_input);
}

static bool waits(const volatile struct input *from) {
    return from->put != from->taken;
}

bool console_has_input(void) {
    if (has_front() || waits(input)) {
        return true;
    }
    ask();
    uintptr_t state = arch_interrupts_mask();
    if (input->stopped) {
        go_on();
    }
    arch_interrupts_restore(state);
    return waits(input);
}

static bool has_ended(const volatile struct input *of) {
    return of->ended;
}

bool console_input_ended(void) {
    return has_ended(input) && !has_front() && !waits(input);
}

bool console_input_is_data(void) {
    return is_data(input);
}

bool console_own_has_input(void) {
    return waits(&own_input);
}

/* --- output ------------------------------------------------------------------------ */

void console_put(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        uart_put(text[i]);
    }
}

void console_flush(void) {
    struct channel *channel = MP_STATE_PORT(console_channel);
    if (channel == NULL || console_is_own() || out.length == 0) {
        return;
    }
    /* Emptied first: a callback that prints while this waits for credit starts
     * a line of its own. */
    char text[UMP_PAYLOAD];
    unsigned length = out.length;
    memcpy(text, out.text, length);
    out.length = 0;
    while (!channel_try_send_slot(channel, out.kind, text, length, out.reserve)
           && channel_wait_credit(channel, out.reserve)) {
        core_event(); /* what else came meanwhile: the caller may be about to wait for it */
    }
}

void console_write(const char *text, size_t length) {
    if (console_is_own()) {
        virtio_console_put(text, length);
        return;
    }
    if (MP_STATE_PORT(console_channel) == NULL) {
        if (core_number == 0) {
            console_put(text, length);
        }
        return;
    }
    for (size_t i = 0; i < length; i++) {
        out.text[out.length++] = text[i];
        if (text[i] == '\n' || out.length == sizeof(out.text)) {
            console_flush();
        }
    }
}

void console_route(mp_obj_t channel, unsigned kind, unsigned reserve) {
    console_flush();
    MP_STATE_PORT(console_channel) = channel == mp_const_none ? NULL : MP_OBJ_TO_PTR(channel);
    out.kind = kind;
    out.reserve = reserve;
}
