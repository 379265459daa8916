/* One start of MicroPython for all cores: snapshot.h. */
#include "snapshot.h"

#include <string.h>

#include "arch.h"
#include "core.h"
#include "memory_order.h"
#include "py/mpstate.h"

#define BLOCK_BYTES MICROPY_BYTES_PER_GC_BLOCK
#define BLOCKS_PER_TABLE_BYTE 4u   /* of the collector's table of blocks */
#define BLOCKS_PER_FINALISER_BYTE 8u

extern char __data_start[], __bss_end[];

/* A part of private RAM: so many bytes as they are, then so many zeroes. */
struct piece {
    uintptr_t start;
    uint32_t copied, zeroed;
};

enum pieces { VARIABLES, BLOCK_TABLE, FINALISER_TABLE, BLOCKS, PIECES };

struct snapshot {
    uint32_t private_bytes;        /* of the core that it was taken of; 0: there is none */
    struct piece pieces[PIECES];
    char bytes[] __attribute__((aligned(16))); /* of the pieces, one after the other */
};

extern struct snapshot __snapshot_start;

/* Pieces start anywhere: each is put where copying it goes by words. */
static uint32_t place_after(uint32_t offset) {
    return (offset + 15) & ~15u;
}

/* The heap ends at the highest block that was ever used; what is free beyond it
 * is zero in the tables, and anything in memory. */
static void find_pieces(struct piece *pieces) {
    const mp_state_mem_area_t *area = &MP_STATE_MEM(area);
    uintptr_t table = (uintptr_t)area->gc_alloc_table_start;
    uintptr_t finalisers = (uintptr_t)area->gc_finaliser_table_start;
    uint32_t blocks = area->gc_last_used_block + 1;
    uint32_t table_bytes = blocks / BLOCKS_PER_TABLE_BYTE + 1;
    uint32_t finaliser_bytes = blocks / BLOCKS_PER_FINALISER_BYTE + 1;
    uint32_t blocks_all = area->gc_alloc_table_byte_len * BLOCKS_PER_TABLE_BYTE;
    uint32_t finalisers_all = (blocks_all + BLOCKS_PER_FINALISER_BYTE - 1)
        / BLOCKS_PER_FINALISER_BYTE;

    pieces[VARIABLES] = (struct piece){(uintptr_t)__data_start, __bss_end - __data_start, 0};
    pieces[BLOCK_TABLE] = (struct piece){table, table_bytes, finalisers - table - table_bytes};
    pieces[FINALISER_TABLE] = (struct piece){finalisers, finaliser_bytes,
        finalisers_all - finaliser_bytes};
    pieces[BLOCKS] = (struct piece){(uintptr_t)area->gc_pool_start, blocks * BLOCK_BYTES, 0};
}

void snapshot_take(void) {
    struct piece pieces[PIECES];
    find_pieces(pieces);
    uint32_t bytes = sizeof(struct snapshot);
    for (unsigned i = 0; i < PIECES; i++) {
        bytes += place_after(pieces[i].copied);
    }
    uintptr_t place = (uintptr_t)&__snapshot_start;
    if (bytes > LAYOUT_SNAPSHOT || !space_map_physical(place, LAYOUT_SNAPSHOT)) {
        core_panic("no room for the snapshot");
    }
    struct snapshot *snapshot = &__snapshot_start;
    memcpy(snapshot->pieces, pieces, sizeof(pieces));
    uint32_t offset = 0;
    for (unsigned i = 0; i < PIECES; i++) {
        memcpy(snapshot->bytes + offset, (void *)pieces[i].start, pieces[i].copied);
        offset += place_after(pieces[i].copied);
    }
    mem_store_release(&snapshot->private_bytes, (uint32_t)BOOT->private_bytes);
    space_unmap_physical(place, LAYOUT_SNAPSHOT);
}

bool snapshot_copy(uintptr_t to_physical, uint32_t private_bytes, bool again) {
    const struct snapshot *snapshot = &__snapshot_start;
    if (mem_load_acquire(&snapshot->private_bytes) != private_bytes) {
        return false;
    }
    uint32_t offset = 0;
    for (unsigned i = 0; i < PIECES; i++) {
        const struct piece *piece = &snapshot->pieces[i];
        char *to = (char *)(piece->start + to_physical);
        memcpy(to, snapshot->bytes + offset, piece->copied);
        if (again) {
            memset(to + piece->copied, 0, piece->zeroed);
        }
        offset += place_after(piece->copied);
    }
    return true;
}
