/* Standard input and output of a core, and the line editor: console.h. */
#include "console.h"

#include <string.h>

#include "arch.h"
#include "channel.h"
#include "core.h"
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/objmodule.h"
#include "py/runtime.h"
#include "py/repl.h"
#include "shared/readline/readline.h"
#include "shared/runtime/interrupt_char.h"
#include "uart.h"

#define INPUT_BYTES 4096u          /* a pasted screenful and more; a power of two */

static struct {
    uint8_t bytes[INPUT_BYTES];
    unsigned put, taken;           /* running counts */
    bool stopped;                  /* the serial line waits for room */
} input;

static struct {
    char text[UMP_PAYLOAD];        /* a line under way */
    unsigned length;
    unsigned kind, reserve;
} out;

MP_REGISTER_ROOT_POINTER(struct channel *console_channel);
MP_REGISTER_ROOT_POINTER(mp_obj_t console_complete);
MP_REGISTER_ROOT_POINTER(mp_obj_t console_candidates);
MP_REGISTER_ROOT_POINTER(const char *console_history[READLINE_HISTORY_SIZE]);

/* --- input ------------------------------------------------------------------------- */

bool console_feed(int byte) {
    if (byte == mp_interrupt_char) {
        mp_sched_keyboard_interrupt();
        doorbell_ring_self(); /* the monitor counts them */
    } else if (input.put - input.taken == INPUT_BYTES) {
        return false;
    } else {
        input.bytes[input.put++ % INPUT_BYTES] = byte;
    }
    core_event();
    return true;
}

void console_receive(void) {
    for (;;) {
        if (input.put - input.taken == INPUT_BYTES) {
            input.stopped = true;
            uart_receive_enable(false);
            return;
        }
        int byte = uart_take();
        if (byte < 0) {
            return;
        }
        console_feed(byte);
    }
}

int console_take(void) {
    int byte = -1;
    uintptr_t state = arch_interrupts_mask();
    if (input.put != input.taken) {
        byte = input.bytes[input.taken++ % INPUT_BYTES];
        if (input.stopped) {
            input.stopped = false;
            uart_receive_enable(true);
        }
    }
    arch_interrupts_restore(state);
    return byte;
}

bool console_has_input(void) {
    return input.put != input.taken;
}

/* --- output ------------------------------------------------------------------------ */

void console_put(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        uart_put(text[i]);
    }
}

void console_flush(void) {
    struct channel *channel = MP_STATE_PORT(console_channel);
    if (channel == NULL || out.length == 0) {
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
    }
}

void console_write(const char *text, size_t length) {
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

/* --- the line editor ----------------------------------------------------------------- */

/* A byte for the editor, which ends a line at a carriage return only: a line
 * feed does it too, unless it comes right after one. */
int console_editor_byte(void) {
    static bool after_return;
    for (;;) {
        int byte = mp_hal_stdin_rx_chr();
        bool second = after_return && byte == '\n';
        after_return = byte == '\r';
        if (!second) {
            return byte == '\n' ? '\r' : byte;
        }
    }
}

/* After white space the editor's Tab indents, as at a Python prompt; with a
 * completion of its own it never does. */
bool console_editor_isspace(unsigned character) {
    return MP_STATE_PORT(console_complete) == MP_OBJ_NULL && unichar_isspace(character);
}

/* Each user of the editor has a history of its own. */
static void history_swap(void) {
    for (unsigned i = 0; i < READLINE_HISTORY_SIZE; i++) {
        const char *entry = MP_STATE_PORT(readline_hist)[i];
        MP_STATE_PORT(readline_hist)[i] = MP_STATE_PORT(console_history)[i];
        MP_STATE_PORT(console_history)[i] = entry;
    }
}

static bool editing;

bool console_is_editing(void) {
    return editing;
}

mp_obj_t console_readline(const char *prompt, mp_obj_t complete) {
    vstr_t line;
    vstr_init(&line, 64);
    int result = 0;
    nlr_buf_t nlr;
    history_swap();
    MP_STATE_PORT(console_complete) = complete;
    editing = true;
    if (nlr_push(&nlr) == 0) {
        result = readline(&line, prompt);
        nlr_pop();
        editing = false;
        MP_STATE_PORT(console_complete) = MP_OBJ_NULL;
        history_swap();
    } else {
        editing = false;
        MP_STATE_PORT(console_complete) = MP_OBJ_NULL;
        history_swap();
        nlr_jump(nlr.ret_val);
    }
    if (result == CHAR_CTRL_C) {
        mp_raise_type(&mp_type_KeyboardInterrupt);
    }
    if (result == CHAR_CTRL_D) {
        return mp_const_none;
    }
    return mp_obj_new_str_from_vstr(&line);
}

static size_t word_start(const char *text, size_t length) {
    while (length > 0 && text[length - 1] != ' ' && text[length - 1] != ';') {
        length--;
    }
    return length;
}

/* What the editor calls on Tab (in place of the REPL's own completion, which
 * it hands over to while a REPL runs). */
size_t console_autocomplete(const char *text, size_t length, const mp_print_t *print,
    const char **rest) {
    if (MP_STATE_PORT(console_complete) == MP_OBJ_NULL) {
        return mp_repl_autocomplete(text, length, print, rest);
    }
    mp_obj_t found = mp_call_function_1(MP_STATE_PORT(console_complete),
        mp_obj_new_str(text, length));
    MP_STATE_PORT(console_candidates) = found; /* the editor keeps a pointer into one */
    size_t count;
    mp_obj_t *words;
    mp_obj_get_array(found, &count, &words);
    if (count == 0) {
        return 0;
    }
    size_t common;
    const char *first = mp_obj_str_get_data(words[0], &common);
    for (size_t i = 1; i < count; i++) {
        size_t other_length, same = 0;
        const char *other = mp_obj_str_get_data(words[i], &other_length);
        while (same < common && same < other_length && first[same] == other[same]) {
            same++;
        }
        common = same;
    }
    size_t typed = length - word_start(text, length);
    if (common > typed) {
        *rest = first + typed;
        return common - typed;
    }
    if (count == 1) {
        return 0;
    }
    mp_print_str(print, "\n");
    for (size_t i = 0; i < count; i++) {
        mp_print_str(print, mp_obj_str_get_str(words[i]));
        mp_print_str(print, i + 1 < count ? "  " : "\n");
    }
    return (size_t)-1;
}
