/* What core 0 has made of its private RAM once MicroPython and the kernel's modules
 * are up: every life of every core begins with a copy. All cores have the same private
 * addresses, so pointers stay as they are.
 * It is part of the image, which the host tools let run once for that when they have
 * built it; mapped on no core. The heap's size is in it: where private RAM is not what
 * it was then (MEM), core 0 makes another at power-on, in its place. */
#ifndef POLY_SNAPSHOT_H
#define POLY_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

/* On core 0, at power-on, interrupts masked, no Python under way. A panic if it has no
 * room (LAYOUT_SNAPSHOT). */
void snapshot_take(void);

/* At physical addresses, before any variable is used: fills the private RAM that
 * lies `to_physical` beyond its virtual place. False: there is none yet for so much of it.
 * `again`: that RAM was in use, and is not zero as at power-on. */
bool snapshot_copy(uintptr_t to_physical, uint32_t private_bytes, bool again);

#endif
