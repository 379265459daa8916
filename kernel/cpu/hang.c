/* Where a core hangs, for tests of restarts (hang.h). */
#include "hang.h"

#include <stdint.h>

#include "arch.h"
#include "layout.h"

#define FRAME_BYTES 1024u

volatile bool hang_in_interrupt;

static unsigned overflow(unsigned deeper) {
    volatile uint8_t frame[FRAME_BYTES];
    frame[0] = deeper;
    return deeper == 0 ? 0 : overflow(deeper - 1) + frame[0];
}

void hang(enum hang how) {
    switch (how) {
        case HANG_HERE:
            arch_interrupts_mask();
            for (;;) {
            }
        case HANG_IN_INTERRUPT:
            hang_in_interrupt = true;
            break;
        case HANG_OVERFLOW:
            overflow(2 * LAYOUT_STACK / FRAME_BYTES);
            break;
    }
}
