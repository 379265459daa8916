/* MicroPython's line editor, for the shell and for programs' input(). It exists
 * twice: the own console's Python prompt has another one (own_repl.c), as the
 * shell may be in the middle of a line meanwhile. */
#include <string.h>

#include "console.h"
#include "own_repl.h"
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/objmodule.h"
#include "py/repl.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"
#include "shared/runtime/interrupt_char.h"
#include "tasks.h"

MP_REGISTER_ROOT_POINTER(mp_obj_t console_complete);
MP_REGISTER_ROOT_POINTER(mp_obj_t console_candidates);
MP_REGISTER_ROOT_POINTER(mp_obj_t console_serve_own);
MP_REGISTER_ROOT_POINTER(mp_obj_t console_prompt_wait);
/* The editor's own, as its file has it; see own_repl.c. */
MP_REGISTER_ROOT_POINTER(const char *readline_hist[MICROPY_READLINE_HISTORY_SIZE]);
MP_REGISTER_ROOT_POINTER(const char *console_history[READLINE_HISTORY_SIZE]);

int console_line_end(int byte, bool *after_return) {
    bool second = *after_return && byte == '\n';
    *after_return = byte == '\r';
    return second ? -1 : byte == '\n' ? '\r' : byte;
}

/* Whether something may ring for what was exported here (calls.use()), or tasks may wait. */
static bool prompt_has_work(void) {
    return MP_STATE_VM(calls_port) != MP_OBJ_NULL || tasks_exist();
}

/* While a Python prompt waits, not while what it runs does: errors are printed there. */
static void wait_at_prompt(void) {
    nlr_buf_t nlr;
    mp_obj_t wait = MP_STATE_PORT(console_prompt_wait);
    MP_STATE_PORT(console_prompt_wait) = MP_OBJ_NULL; /* what it does may wait for input too */
    if (nlr_push(&nlr) == 0) {
        mp_call_function_0(wait);
        nlr_pop();
        MP_STATE_PORT(console_prompt_wait) = wait;
    } else {
        MP_STATE_PORT(console_prompt_wait) = wait;
        mp_obj_t error = MP_OBJ_FROM_PTR(nlr.ret_val);
        if (!mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(error)),
            MP_OBJ_FROM_PTR(&mp_type_Exception))) {
            nlr_jump(nlr.ret_val);
        }
        mp_obj_print_exception(&mp_plat_print, error);
    }
}

void console_wait_for_input(void) {
    if (MP_STATE_PORT(console_complete) != MP_OBJ_NULL && !console_is_own()
        && (console_own_has_input() || prompt_has_work())
        && MP_STATE_PORT(console_serve_own) != MP_OBJ_NULL) {
        mp_call_function_0(MP_STATE_PORT(console_serve_own)); /* the shell waits for a line */
    } else if (MP_STATE_PORT(console_prompt_wait) != MP_OBJ_NULL && mp_interrupt_char < 0
               && prompt_has_work()) {
        wait_at_prompt();
    } else {
        mp_event_wait_indefinite();
    }
}

/* At the end of the input: Ctrl-D, which ends an empty line only, then a carriage return. */
static bool end_told;

int console_editor_byte(void) {
    static bool after_return[2];
    for (;;) {
        int byte = console_take();
        if (byte >= 0 && (byte = console_line_end(byte, &after_return[console_is_own()])) >= 0) {
            return byte;
        }
        if (console_input_ended()) {
            end_told = !end_told;
            return end_told ? CHAR_CTRL_D : '\r';
        }
        if (!console_has_input()) {
            console_wait_for_input();
        }
    }
}

/* Of data: up to a line feed, without it and a carriage return before it. */
static int data_line(vstr_t *line, const char *prompt) {
    mp_print_str(&mp_plat_print, prompt);
    int byte;
    while ((byte = polyphone_stdin_read()) >= 0 && byte != '\n') {
        vstr_add_byte(line, byte);
    }
    if (byte == '\n' && line->len > 0 && line->buf[line->len - 1] == '\r') {
        vstr_cut_tail_bytes(line, 1);
    }
    return byte < 0 ? CHAR_CTRL_D : 0;
}

int console_input_line(vstr_t *line, const char *prompt) {
    if (console_input_is_data()) {
        return data_line(line, prompt);
    }
    end_told = false;
    return console_is_own() ? own_repl_readline(line, prompt) : readline(line, prompt);
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

static void end_editing(void *unused) {
    (void)unused;
    editing = false;
    MP_STATE_PORT(console_complete) = MP_OBJ_NULL;
    history_swap();
}

mp_obj_t console_readline(const char *prompt, mp_obj_t complete) {
    vstr_t line;
    vstr_init(&line, 64);
    history_swap();
    MP_STATE_PORT(console_complete) = complete;
    editing = true;
    end_told = false;
    nlr_jump_callback_node_t end;
    nlr_push_jump_callback(&end, end_editing);
    int result = readline(&line, prompt);
    nlr_pop_jump_callback(true);
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
