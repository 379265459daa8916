/* Standard input and output of this core. There are two consoles:
 *
 *   the shell's   the serial line if the core owns it, a channel to the core that
 *                 does otherwise
 *   its own       a device of each core, where it has one (virtio_console.h)
 *
 * One of them is standard input and output at a time. What the host sends to
 * the other one waits. */
#ifndef POLY_CONSOLE_H
#define POLY_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "py/obj.h"

/* From now on standard input and output are the own console, or the shell's.
 * Returns whether they were the own one. */
bool console_attach_own(bool own);
bool console_is_own(void);

/* At the start of a life, once the serial line works. */
void console_start(void);

/* From interrupts, masked: takes what the serial line, or the own console, has. */
void console_receive(void);
void console_receive_own(void);

/* Appends a byte to the input of the shell's console; false: no room. Masked. */
bool console_feed(int byte);

/* Makes a byte of standard input one that raises KeyboardInterrupt, -1: none. Those that
 * came on the shell's console while it was none, and wait, count as typed now. */
void console_set_interrupt_char(int byte);

/* How many came on the shell's console. */
unsigned console_interrupts(void);

/* The next byte of standard input, or -1. */
int console_take(void);

bool console_has_input(void);
bool console_own_has_input(void);

/* Whether there is none, and none will come. */
bool console_input_ended(void);

/* Whether it is bytes for programs as they are: nobody has typed them, and no editor is
 * to take keys of them. */
bool console_input_is_data(void);

/* Puts bytes before the input of the shell's console. */
void console_unread(const char *bytes, size_t length);

/* The shell's console, on a core that does not own it: what came for the program before
 * is dropped, and for the next one nothing comes (`ended`; it is told so where input
 * can end, and waits elsewhere) or may come. */
void console_new_input(bool ended);

/* Nothing more comes for the program. */
void console_end_input(void);

void console_write(const char *text, size_t length);

/* Sends what a line under way has collected; before any wait. */
void console_flush(void);

/* Sends output for the shell's console to `channel` (a ump.Channel) as messages of
 * `kind`, never taking the last `reserve` credits; mp_const_none: to the serial line. */
void console_route(mp_obj_t channel, unsigned kind, unsigned reserve);

/* Straight to the serial line, from anywhere, on its owner. */
void console_put(const char *text, size_t length);

/* --- the line editor (shell_line.c) --- */

/* Until there may be input; meanwhile this core serves what may be served. */
void console_wait_for_input(void);

/* Editors end a line at a carriage return only. This makes one of a line feed too,
 * unless it comes right after one: then -1. */
int console_line_end(int byte, bool *after_return);

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

/* A line for input(), by the editor of the console that is standard input. */
int console_input_line(vstr_t *line, const char *prompt);

#endif
