/* A limit on this core's heap: heap.h. The collector's tables stay where they are
 * and as large as they are; their ends move, so that it sees no block beyond. */
#include "heap.h"

#include "py/gc.h"
#include "py/mpstate.h"

/* Of a block, and described by one byte of the table. */
#define BLOCK_BYTES MICROPY_BYTES_PER_GC_BLOCK
#define TABLE_BYTE_BYTES (4 * BLOCK_BYTES)

bool heap_limit(size_t limit, size_t *used) {
    static size_t whole; /* bytes of the table, as gc_init() made it */
    mp_state_mem_area_t *area = &MP_STATE_MEM(area);
    if (whole == 0) {
        whole = area->gc_alloc_table_byte_len;
    }
    /* Afterwards the highest block in use is known, and the search for free ones
     * starts anew. */
    gc_collect();
    *used = (area->gc_last_used_block + 1) * BLOCK_BYTES;
    size_t length = (limit + TABLE_BYTE_BYTES - 1) / TABLE_BYTE_BYTES;
    if (limit == 0 || length > whole) {
        length = whole;
    }
    if (length * TABLE_BYTE_BYTES < *used) {
        return false;
    }
    area->gc_alloc_table_byte_len = length;
    area->gc_pool_end = area->gc_pool_start + length * TABLE_BYTE_BYTES;
    return true;
}
