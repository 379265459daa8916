/* The block device under /ram, for littlefs. */
#ifndef POLY_RAM_DISK_H
#define POLY_RAM_DISK_H

#include "py/obj.h"

/* A new one, of at most so many bytes: fewer if the heap's end has not twice as many
 * free. Raises OSError (ENOSPC) if it has next to nothing. Its memory is the disk's until
 * the core's next life. */
mp_obj_t ram_disk_make(size_t bytes_most);

#endif
