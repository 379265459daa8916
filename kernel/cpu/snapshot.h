/* What core 0 has made of its private RAM once MicroPython and the kernel's modules
 * are up: all other cores, and every later life of any core, begin with a copy.
 * It lies behind the image, written once at power-on and mapped on no core after
 * that. All cores have the same private addresses, so pointers stay as they are. */
#ifndef POLY_SNAPSHOT_H
#define POLY_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

/* On core 0, at power-on, interrupts masked, no Python under way. A panic if it has no
 * room (LAYOUT_SNAPSHOT). */
void snapshot_take(void);

/* At physical addresses, before any variable is used: fills the private RAM that
 * lies `to_physical` beyond its virtual place. False: there is no snapshot yet.
 * `again`: that RAM was in use, and is not zero as at power-on. */
bool snapshot_copy(uintptr_t to_physical, bool again);

#endif
