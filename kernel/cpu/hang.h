/* A test hook: brings this core where nothing but a restart reaches it. */
#ifndef POLY_HANG_H
#define POLY_HANG_H

#include <stdbool.h>

enum hang {
    HANG_HERE = 1,                 /* a loop with interrupts masked */
    HANG_IN_INTERRUPT,             /* the same, in the next urgent doorbell's interrupt */
    HANG_OVERFLOW,                 /* recursion until the stack's end: a panic */
};

void hang(enum hang how);

extern volatile bool hang_in_interrupt;

/* In the interrupt of a doorbell, masked. */
static inline void hang_if_due(void) {
    if (hang_in_interrupt) {
        hang(HANG_HERE);
    }
}

#endif
