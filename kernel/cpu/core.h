/* This core: what it knows of itself and of the shared window. Each core has
 * its own copy of every variable here, at the same virtual address. */
#ifndef POLY_CORE_H
#define POLY_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "bells.h"
#include "boot.h"
#include "layout.h"

#define CORES_MAX BELL_URGENT_END  /* an urgent doorbell for each core */
#define BELL_WAKE BELL_URGENT_END  /* ends a wait, and no more: who has it wakes for nothing */

#define BOOT ((const struct boot_block *)LAYOUT_BOOT)

enum core_state {
    CORE_STARTING, CORE_ONLINE,
    CORE_DEAD,                     /* it panicked, and may be restarted */
    CORE_STOPPED,                  /* it panicked too often: nobody restarts it unasked */
};

#define PANICS_KEPT 16u
#define MESH_NOT_READY 0xffffffffu /* no generation */

/* One page for each core at the start of the shared window. Any core may ring
 * (OR bits in); only its owner takes bits out and writes the rest. (A core that
 * is dead cannot: who gives it up writes its state, who restarts it the claim.)
 * All zero at power-on. */
struct control {
    uint32_t summary;              /* bit i: pending[i] has bits */
    uint32_t pending[DOORBELL_WORDS];
    uint32_t state __attribute__((aligned(64)));
    uint32_t generation;           /* how often it was restarted */
    uint32_t panics;               /* in all lives; the last ones were at: */
    uint32_t panic_ms[PANICS_KEPT];
    uint32_t untold;               /* names that core 0's present life has not heard of it */
    uint32_t claim;                /* who restarts it since it died (life_claim()) */
    uint32_t turns;                /* of the VM to serve what is urgent, in all lives */
    uint32_t input_taken;          /* bytes of the shell's console that programs here have read */
    uint32_t input_wanted;         /* the program here reads it */
    uint32_t input_ended;          /* of core 0: the serial line has no more */
    /* By core: the generation of that core that this one has met. It has cut all
     * use of memory that it shared with earlier ones. */
    uint32_t met[CORES_MAX] __attribute__((aligned(64)));
    /* By higher core: the generation for which their page of the mesh is zeroed. */
    uint32_t ready[CORES_MAX];
};

#define REPORT_BYTES 0x2000u

extern unsigned core_number;

/* Where things lie in the shared window; all page-aligned. */
uint32_t shared_bytes(void);
struct control *control_of(unsigned core);
char *report_of(unsigned core);    /* mapped on its owner and on core 0 */
uint32_t meshes_offset(void);      /* what lies before is mapped once and for all */
uint32_t mesh_offset(unsigned a, unsigned b);
void arena_of(unsigned core, uint32_t *offset, uint32_t *length);

/* Maps a part of the shared window on this core, read-write. False: no room
 * for another page table. Both ends page-aligned and inside (the caller checks). */
bool space_map_shared(uint32_t offset, uint32_t length);
void space_unmap_shared(uint32_t offset, uint32_t length);
bool space_is_mapped(uintptr_t address);

/* The same for RAM that no core has otherwise, at its physical address. */
bool space_map_physical(uintptr_t address, uint32_t length);
void space_unmap_physical(uintptr_t address, uint32_t length);

/* Not this core's first life: forgets the doorbells of the last one, has a new
 * generation, and rings all others. */
void life_again(void);

/* Whether a core lives, and this core has met the life that it lives. */
bool life_known(unsigned core);

/* This core has cut all use of the lives of `core` before `generation`; false:
 * that was known. */
bool life_meet(unsigned core, uint32_t generation);

/* Whether `core` has met this core's life. */
bool life_met_by(unsigned core);

/* Claims a dead core for this one to restart, so that two who see it dead restart it
 * once. False: it is not dead, or a core that lives has claimed it. */
bool life_claim(unsigned core);

/* Writes down that this core panicks now; how often one did in the last period_ms. */
void life_panics(void);
unsigned life_panics_of(unsigned core, uint32_t period_ms);

/* Whether the mesh's page with `core` is ready for the lives of both; makes it so
 * if that is this core's to do, and can be done now. It must be mapped. */
bool mesh_ready(unsigned core);

/* Rings a doorbell: it stays pending until its owner takes it. */
void doorbell_ring(unsigned core, unsigned bell);

/* As if a channel's doorbell of this core had rung. */
void doorbell_latch(unsigned bell);

/* Takes the next doorbell of a channel that rang here (bells_take()); -1: none. */
int doorbell_take(void);

/* As if this core's own urgent doorbell had rung; masked. */
void doorbell_ring_self(void);

/* Takes the lowest core whose urgent doorbell rang, each once before any again; -1: none. */
int doorbell_take_urgent(void);

/* Whether there is one to take. */
bool doorbell_is_urgent(void);

/* Sleeps until something happened on this core since the last wait returned,
 * or until the deadline in ticks (0: none). May return early. */
void core_wait(uint64_t deadline);

/* Waits end at this time too (0: at none), whatever their own deadline. */
void core_set_alarm(uint64_t ticks);
bool core_alarm_passed(void);

/* Something happened: ends the wait under way or the next one. */
void core_event(void);

/* Whether something did since the last wait returned, so that one would not sleep. */
bool core_is_eventful(void);

/* Runs `serve` (set once, by the cpu module) at the next bytecode boundary. */
void core_schedule_urgent(void);

/* Writes the panic report and stops this core until it is restarted. */
__attribute__((noreturn)) void core_panic(const char *cause);

#endif
