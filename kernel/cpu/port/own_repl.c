/* own_repl.h: MicroPython's line editor and REPL a second time, under names and
 * with state of their own. What the Makefile compiles of them serves the shell,
 * input() and `repl CORE`, and waits for its input within C; this one does not. */
#define MICROPY_REPL_EVENT_DRIVEN (1)
/* mpremote looks for a line that begins like this. */
#define MICROPY_BANNER_NAME_AND_VERSION "MicroPython " MICROPY_VERSION_STRING " on Polyphone"

#include "../own_repl.h"

#include "../console.h"
#include "py/mphal.h"
#include "py/runtime.h"

#define readline own_readline
#define readline_init0 own_readline_init0
#define readline_note_newline own_readline_note_newline
#define readline_init own_readline_init
#define readline_push_history own_readline_push_history
#define readline_process_char own_readline_process_char
#define readline_hist own_readline_hist
#define repl own_repl
#define repl_line own_repl_line
#define pyexec_mode_kind own_pyexec_mode_kind
#define pyexec_event_repl_init own_pyexec_event_repl_init
#define pyexec_event_repl_process_char own_pyexec_event_repl_process_char
#define pyexec_repl_active own_pyexec_repl_active
#define pyexec_file own_pyexec_file
#define pyexec_file_if_exists own_pyexec_file_if_exists
#define pyexec_frozen_module own_pyexec_frozen_module
#define pyexec_vstr own_pyexec_vstr
#define pyb_set_repl_info own_pyb_set_repl_info
#define pyb_set_repl_info_obj own_pyb_set_repl_info_obj

#define mp_hal_stdin_rx_chr console_editor_byte
#include "shared/readline/readline.c"
#undef mp_hal_stdin_rx_chr
#include "shared/runtime/pyexec.c"

/* As those two files have them: of what files register that are compiled twice the
 * build takes one copy only. */
MP_REGISTER_ROOT_POINTER(const char *own_readline_hist[MICROPY_READLINE_HISTORY_SIZE]);
MP_REGISTER_ROOT_POINTER(vstr_t * own_repl_line);

void own_repl_begin(void) {
    own_pyexec_event_repl_init();
}

/* The editor gets carriage returns; raw mode and paste mode what was sent. */
static int typed(int byte) {
    static bool after_return;
    if (own_pyexec_mode_kind == PYEXEC_MODE_RAW_REPL || own_repl.paste_mode) {
        after_return = false;
        return byte;
    }
    return console_line_end(byte, &after_return);
}

bool own_repl_serve(void) {
    int byte;
    while ((byte = console_take()) >= 0) {
        mp_event_handle_nowait();
        MP_STATE_THREAD(gc_lock_depth) = 0; /* at a prompt nobody else could lift it */
        byte = typed(byte);
        if (byte >= 0 && own_pyexec_event_repl_process_char(byte) & PYEXEC_FORCED_EXIT) {
            return true;
        }
    }
    return false;
}

int own_repl_readline(vstr_t *line, const char *prompt) {
    return own_readline(line, prompt);
}
