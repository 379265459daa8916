/* Probes: an access that may trap and harms nothing, by which tests find out what
 * the page tables of a core allow. */
#ifndef POLY_PROBE_H
#define POLY_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct trap;

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_JUMP };

/* Makes the access as any code of this core would: a load, a store that leaves
 * what is there, a jump. NULL if it went through, else the trap's cause in words. */
const char *probe_access(uintptr_t address, enum access access);

/* From trap entry: true if the trap is a probe's. Then the code behind the access
 * goes on, at the pc that is put into `trap`. */
bool probe_trapped(struct trap *trap);

#endif
