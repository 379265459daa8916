/* What an architecture must provide: everything the portable CPU driver knows
 * of the machine. Each architecture's folder has the same file names:
 *
 *   arch_inline.h   the names marked (inline), included at the end of this file
 *   entry.S         reset to core_start(), and trap entry
 *   probe.S         accesses that may trap
 *   arch.c          the rest
 *
 * "Masked" means that this core takes no interrupt; one that arrives stays
 * pending and still ends arch_wait_for_interrupt(). */
#ifndef POLY_ARCH_H
#define POLY_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- page tables: a radix tree of ARCH_LEVELS levels, pages of 4 KiB ------- */

/* ARCH_LEVELS, ARCH_LEVEL_BITS: shape of the tree; level 0 is the root.
 * arch_pte_t: one entry. */

enum rights { /* what a mapping allows */
    MAP_READ = 1, MAP_WRITE = 2, MAP_EXECUTE = 4,
    MAP_DEVICE = 8, /* strongly ordered, not cached */
};

/* ARCH_PTE(...)  (inline)
 * arch_pte_t arch_pte_table(uintptr_t table);              entry naming the next table
 * arch_pte_t arch_pte_leaf(uintptr_t pa, unsigned rights, unsigned level);
 * bool       arch_pte_valid(arch_pte_t entry);
 * bool       arch_pte_is_table(arch_pte_t entry, unsigned level);
 * uintptr_t  arch_pte_address(arch_pte_t entry);
 * void       arch_translation_changed(void);               after any change of a live table
 */

/* Devices: mapped on core 0, which drives them, or on every core. `bytes` 0 ends it. */
struct arch_device { uintptr_t base, bytes; bool every_core; const char *name; };
extern const struct arch_device arch_devices[];

/* A page of devices that this core alone needs, beside its console's; 0: none. */
uintptr_t arch_own_device(unsigned core);

/* --- interrupts, time, sleep ---------------------------------------------- */

/* (inline)
 * uintptr_t arch_interrupts_mask(void);                    returns what restore takes
 * void      arch_interrupts_restore(uintptr_t state);      ARCH_INTERRUPTS_ON turns them on
 * void      arch_wait_for_interrupt(void);                 masked or not; may return early
 * void      arch_interrupts_poll(void);                    masked: serve what is pending as the
 *                                                          trap would, without taking one; what
 *                                                          is left interrupts when unmasked
 * void      arch_doorbell_interrupt(unsigned core);        after arch_fence_device()
 * uint64_t  arch_ticks(void);                              monotonic, BOARD_TIMER_TICKS_PER_SECOND
 * void      arch_timer_arm(uint64_t ticks);                then ends a wait, or interrupts
 * void      arch_timer_disarm(void);
 * uint64_t  arch_instructions(void);                       retired, of all cores under -icount
 * void      arch_fence(void);                              full: orders all before, all after
 * void      arch_fence_device(void);                       RAM accesses before a device access
 */
#define ARCH_TICKS_PER_MS (BOARD_TIMER_TICKS_PER_SECOND / 1000)

/* --- start and end --------------------------------------------------------- */

/* Once per core, after its address space is live and before interrupts are on:
 * vectors, doorbell interrupt, timer, the interrupt of its own console. The
 * `owner` of the other devices does for all cores what needs the registers of
 * the interrupt controller that they share. */
void arch_core_init(unsigned core, bool owner);

/* After arch_fence_device(): starts another core, which has waited since reset. */
void arch_core_release(unsigned core);

/* After arch_fence_device(): takes a core, this one too, to where it started at
 * reset, with `again` for core_start(). Nothing that the core does stops it: a
 * loop, a wait, masked interrupts, a trap, arch_park(). It may come a little
 * later; asked for twice, it may happen once. */
void arch_core_restart(unsigned core);

/* Stops this core: no interrupt, pending or to come, ends it, but a restart. */
__attribute__((noreturn)) void arch_park(void);

/* Ends the machine with an exit status of 0 to 255 at the host. The device is given its
 * complement: what QEMU itself ends with, 0 or 1, is no machine's success (machine/qemu.py). */
#define ARCH_EXIT_WORD(status) ((status) ^ 0xffu)
__attribute__((noreturn)) void arch_exit(unsigned status);

/* --- traps ------------------------------------------------------------------ */

/* Registers at a trap, in the order that arch_register_names has them. */
#define ARCH_REGISTERS_MAX 40
struct trap {
    uintptr_t pc, sp, cause, address;
    uintptr_t registers[ARCH_REGISTERS_MAX];
};
extern const char *const arch_register_names[]; /* NULL ends it */

/* The cause in words: "store to an unmapped or protected page". */
const char *arch_trap_cause(const struct trap *trap);

/* Whether its address is to blame, and not the instruction there. */
bool arch_trap_is_access(const struct trap *trap);

/* Where the function that trapped would have returned to, if it called none. */
uintptr_t arch_trap_return(const struct trap *trap);

/* One access each, without a stack (probe.S): a byte is loaded, or a zero stored, or what
 * is there stored again in one access, or what is there called. */
void arch_probe_load(uintptr_t address);
void arch_probe_store(uintptr_t address);
void arch_probe_rewrite(uintptr_t address);
void arch_probe_jump(uintptr_t address);

/* Whether the code at an aligned address returns or traps at once.
 * ARCH_CODE_ALIGNMENT: of instructions  (inline)
 * bool arch_code_comes_back(const void *code); */

/* --- what the portable part gives the architecture -------------------------- */

/* Runs at physical addresses with no global data: builds this core's address
 * space in its private RAM and returns what the translation root register
 * takes (its physical root table). `boot` is the boot block. Of an earlier life
 * nothing is left in data and bss. */
struct boot_block;
uintptr_t space_build(const struct boot_block *boot, unsigned core, bool again);

/* First code in the core's own address space, on its own stack; `again`: not
 * the core's first life. */
__attribute__((noreturn)) void core_start(unsigned core, bool again);

/* From trap entry (and arch_interrupts_poll), masked. */
void interrupt_doorbell(void);
void interrupt_device(unsigned number);
void interrupt_timer(void);             /* disarms it, or arms it anew */
void trap_exception(struct trap *trap); /* returns only where trap->pc shall go on */

#include "arch_inline.h"

#endif
