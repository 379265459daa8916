/* The device behind a core's own console: one port of a virtio-serial device.
 * Each core drives its own; a core without one has no such console. All but
 * virtio_console_start() does nothing there. */
#ifndef POLY_VIRTIO_CONSOLE_H
#define POLY_VIRTIO_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "layout.h"

/* The slot of a core's device. Neighbours get slots in different pages, as far
 * as there are pages. host_tools/polyphone/board.py has the same rule. */
static inline unsigned virtio_console_slot(unsigned core) {
    unsigned in_page = LAYOUT_PAGE / BOARD_VIRTIO_STRIDE, pages = BOARD_VIRTIO_SLOTS / in_page;
    return core % pages * in_page + core / pages;
}

static inline unsigned virtio_console_core(unsigned slot) {
    unsigned in_page = LAYOUT_PAGE / BOARD_VIRTIO_STRIDE, pages = BOARD_VIRTIO_SLOTS / in_page;
    return slot % in_page * pages + slot / in_page;
}

static inline bool virtio_console_has_slot(unsigned core) {
    return core < BOARD_VIRTIO_SLOTS;
}

/* Its registers, physical = virtual, in a page that is mapped on this core. */
static inline uintptr_t virtio_console_registers(unsigned core) {
    return BOARD_VIRTIO_BASE + (uintptr_t)virtio_console_slot(core) * BOARD_VIRTIO_STRIDE;
}

static inline unsigned virtio_console_interrupt_number(unsigned core) {
    return BOARD_VIRTIO_INTERRUPT + virtio_console_slot(core);
}

/* Resets the device, whatever it did before, and makes it ready; nothing if
 * there is none. */
void virtio_console_start(void);

/* From interrupts: tells the device that they were seen. */
void virtio_console_acknowledge(void);

/* The next byte that the host sent, or -1. A buffer goes back to the device
 * when it has been taken whole, so bytes that nobody takes hold up the host. */
int virtio_console_take(void);

/* Sends text. Waits for room, but not for ever: once a host that is connected
 * has read nothing for some seconds, output is dropped until it reads again.
 * Without a host it is dropped by the device. While it waits, callbacks run and
 * an interrupt may be raised, except within a callback. */
void virtio_console_put(const char *text, size_t length);

/* A line from an interrupt: dropped where there is no room for it. Masked. */
void virtio_console_try_put(const char *text, size_t length);

#endif
