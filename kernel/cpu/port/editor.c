/* MicroPython's line editor, and what it lacks: the line under way can leave the
 * console to other output and be drawn again below it. For that this file must
 * see the editor's own state. */
#include "shared/readline/readline.c"

void console_hide_line(void) {
    mp_hal_stdout_tx_str("\r");
    mp_hal_erase_line_from_cursor(rl.line->len);
}

void console_show_line(void) {
    mp_hal_stdout_tx_str(rl.prompt);
    mp_hal_stdout_tx_strn(rl.line->buf + rl.orig_line_len, rl.line->len - rl.orig_line_len);
    if (rl.cursor_pos < rl.line->len) {
        mp_hal_move_cursor_back(rl.line->len - rl.cursor_pos);
    }
}
