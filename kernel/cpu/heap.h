/* The end of this core's heap: a limit on it, and memory that is taken from it. */
#ifndef POLY_HEAP_H
#define POLY_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the heap has `limit` bytes, rounded up to what one byte of its table
 * describes; 0, or more than there is: all of it. Collects first. False, and
 * nothing changes, if what is in use reaches beyond; `used` is how far it does. */
bool heap_limit(size_t limit, size_t *used);

/* Takes memory from the heap's end, for good; a limit stays where it is. `most` bytes, or
 * what lies beyond the limit, or half of what is free there if that is more, in whole
 * pages: `bytes`. Collects first. NULL if that is less than `least`. */
void *heap_take_end(size_t least, size_t most, size_t *bytes);

#endif
