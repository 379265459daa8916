/* There are no files of C here. */
#ifndef POLY_STDIO_H
#define POLY_STDIO_H

#include <stddef.h>

/* Is nowhere: MicroPython's line editor names it, in a function that is left out. */
int snprintf(char *to, size_t room, const char *format, ...);

#endif
