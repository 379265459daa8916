/* The Python prompt on a core's own console: MicroPython's REPL, given byte by
 * byte what was typed, so that it waits for nothing and takes no task. */
#ifndef POLY_OWN_REPL_H
#define POLY_OWN_REPL_H

#include <stdbool.h>

#include "py/obj.h"

/* Begins anew, with the banner, in the mode (friendly or raw) it was in. */
void own_repl_begin(void);

/* Takes the bytes that wait on the own console, which must be standard input,
 * and runs what they complete. True: it was told to leave (Ctrl-D, SystemExit);
 * begin anew. */
bool own_repl_serve(void);

/* The line editor on the own console, for input(). */
int own_repl_readline(vstr_t *line, const char *prompt);

#endif
