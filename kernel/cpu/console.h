/* Standard input and output of this core: the serial line if the core owns it,
 * a channel to the core that does otherwise. */
#ifndef POLY_CONSOLE_H
#define POLY_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "py/obj.h"

/* From interrupts, masked: takes what the serial line has. */
void console_receive(void);

/* Appends a byte to standard input; false: no room. Masked. */
bool console_feed(int byte);

/* The next byte of standard input, or -1. */
int console_take(void);

bool console_has_input(void);

void console_write(const char *text, size_t length);

/* Sends what a line under way has collected; before any wait. */
void console_flush(void);

/* Sends output to `channel` (a ump.Channel) as messages of `kind`, never
 * taking the last `reserve` credits; mp_const_none: to the serial line. */
void console_route(mp_obj_t channel, unsigned kind, unsigned reserve);

/* Straight to the serial line, from anywhere, on its owner. */
void console_put(const char *text, size_t length);

/* What the line editor uses in place of its own (see port/Makefile): bytes of
 * standard input, and the completion at Tab. */
int console_editor_byte(void);
bool console_editor_isspace(unsigned character);
size_t console_autocomplete(const char *text, size_t length, const mp_print_t *print,
    const char **rest);

/* MicroPython's line editor with this completion; see cpu.readline. */
mp_obj_t console_readline(const char *prompt, mp_obj_t complete);

/* Whether that edits a line now. Only then that line can be taken off the console,
 * for other output, and drawn again below it. */
bool console_is_editing(void);
void console_hide_line(void);
void console_show_line(void);

#endif
