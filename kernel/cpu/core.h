/* This core: what it knows of itself and of the shared window. Each core has
 * its own copy of every variable here, at the same virtual address. */
#ifndef POLY_CORE_H
#define POLY_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "boot.h"
#include "layout.h"

#define CORES_MAX 64u              /* two words of urgent doorbells, one for each core */
#define DOORBELLS 256u             /* of one core: 32 bits for each bit of half a summary word */
#define DOORBELL_WORDS (DOORBELLS / 32)
#define URGENT_WORDS (CORES_MAX / 32)

#define BOOT ((const struct boot_block *)LAYOUT_BOOT)

enum core_state { CORE_STARTING, CORE_ONLINE, CORE_DEAD };

/* One page for each core at the start of the shared window. Any core may ring
 * (OR bits in); only its owner takes bits out and writes the rest. */
struct control {
    uint32_t summary;              /* bit i: pending[i] has bits */
    uint32_t pending[DOORBELL_WORDS];
    uint32_t state __attribute__((aligned(64)));
    uint32_t generation;
};

#define REPORT_BYTES 0x2000u

extern unsigned core_number;

/* Where things lie in the shared window; all page-aligned. */
uint32_t shared_bytes(void);
struct control *control_of(unsigned core);
char *report_of(unsigned core);    /* mapped on its owner and on core 0 */
uint32_t mesh_offset(unsigned a, unsigned b);
void arena_of(unsigned core, uint32_t *offset, uint32_t *length);

/* Maps a part of the shared window on this core, read-write. False: no room
 * for another page table. Both ends page-aligned and inside (the caller checks). */
bool space_map_shared(uint32_t offset, uint32_t length);
void space_unmap_shared(uint32_t offset, uint32_t length);
bool space_is_mapped(uintptr_t address);

/* Rings a doorbell: it stays pending until its owner takes it. */
void doorbell_ring(unsigned core, unsigned bell);

/* As if this core's own urgent doorbell had rung; masked. */
void doorbell_ring_self(void);

/* Takes the lowest core whose urgent doorbell rang; -1: none. */
int doorbell_take_urgent(void);

/* Sleeps until something happened on this core since the last wait returned,
 * or until the deadline in ticks (0: none). May return early. */
void core_wait(uint64_t deadline);

/* Something happened: ends the wait under way or the next one. */
void core_event(void);

/* Runs `serve` (set once, by the cpu module) at the next bytecode boundary. */
void core_schedule_urgent(void);

/* Writes the panic report and stops this core for good. */
__attribute__((noreturn)) void core_panic(const char *cause);

#endif
