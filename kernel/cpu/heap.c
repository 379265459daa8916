/* The end of this core's heap: heap.h. The collector's tables stay where they are
 * and as large as they are; their ends move, so that it sees no block beyond. */
#include "heap.h"

#include "layout.h"
#include "py/gc.h"
#include "py/mpstate.h"

/* Of a block, and described by one byte of the table. */
#define BLOCK_BYTES MICROPY_BYTES_PER_GC_BLOCK
#define TABLE_BYTE_BYTES (4 * BLOCK_BYTES)

static size_t whole;               /* bytes of the table that are the heap's; 0: not yet known */

/* Collects; bytes up to the end of the highest block in use. That is known afterwards,
 * and the search for free ones starts anew. */
static size_t collect(void) {
    const mp_state_mem_area_t *area = &MP_STATE_MEM(area);
    if (whole == 0) {
        whole = area->gc_alloc_table_byte_len; /* as gc_init() made it */
    }
    gc_collect();
    return (area->gc_last_used_block + 1) * BLOCK_BYTES;
}

static void end_at(size_t length) {
    mp_state_mem_area_t *area = &MP_STATE_MEM(area);
    area->gc_alloc_table_byte_len = length;
    area->gc_pool_end = area->gc_pool_start + length * TABLE_BYTE_BYTES;
}

bool heap_limit(size_t limit, size_t *used) {
    *used = collect();
    size_t length = (limit + TABLE_BYTE_BYTES - 1) / TABLE_BYTE_BYTES;
    if (limit == 0 || length > whole) {
        length = whole;
    }
    if (length * TABLE_BYTE_BYTES < *used) {
        return false;
    }
    end_at(length);
    return true;
}

void *heap_take_end(size_t least, size_t most, size_t *bytes) {
    const mp_state_mem_area_t *area = &MP_STATE_MEM(area);
    size_t used = collect();
    size_t length = area->gc_alloc_table_byte_len;
    /* What lies beyond a limit nobody else can use. */
    size_t beyond = (whole - length) * TABLE_BYTE_BYTES;
    size_t half = (whole * TABLE_BYTE_BYTES - used) / 2;
    size_t taken = beyond > half ? beyond : half;
    if (taken > most) {
        taken = most;
    }
    taken -= taken % LAYOUT_PAGE;
    if (taken < least) {
        return NULL;
    }
    whole -= taken / TABLE_BYTE_BYTES;
    if (length > whole) {
        end_at(whole);
    }
    *bytes = taken;
    return area->gc_pool_start + whole * TABLE_BYTE_BYTES;
}
