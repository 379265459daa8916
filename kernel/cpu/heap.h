/* A limit on this core's heap, beyond what its private RAM sets. */
#ifndef POLY_HEAP_H
#define POLY_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the heap has `limit` bytes, rounded up to what one byte of its table
 * describes; 0, or more than there is: all of it. Collects first. False, and
 * nothing changes, if what is in use reaches beyond; `used` is how far it does. */
bool heap_limit(size_t limit, size_t *used);

#endif
