/* What MicroPython's streams take from it. */
#ifndef POLY_UNISTD_H
#define POLY_UNISTD_H

#include <stddef.h>

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

typedef __PTRDIFF_TYPE__ ssize_t;

#endif
