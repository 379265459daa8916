/* AArch64 at EL1: 4 KiB granule, 39-bit addresses; GICv3 by system registers,
 * the virtual timer, an SGI as doorbell. */
#ifndef POLY_ARM64_INLINE_H
#define POLY_ARM64_INLINE_H

#include "board.h"

#define ARCH_LEVELS 3
#define ARCH_LEVEL_BITS 9
typedef uint64_t arch_pte_t;

#define SYSTEM_READ(name) __extension__({ uint64_t v_; \
    __asm__ volatile ("mrs %0, " name : "=r" (v_) : : "memory"); v_; })
#define SYSTEM_WRITE(name, v) \
    __asm__ volatile ("msr " name ", %x0" : : "rZ" ((uint64_t)(v)) : "memory")
#define BARRIER(text) __asm__ volatile (text : : : "memory")

#define ICC_SGI0R "S3_0_C12_C11_7"
#define ICC_SGI1R "S3_0_C12_C11_5"

#define DAIF_D 0x200
#define ARCH_INTERRUPTS_ON DAIF_D  /* interrupts and asynchronous aborts */

/* All interrupts are of group 1, which masking stops, but one of group 0: the
 * restart arrives as an FIQ, and those stay open. */
#define DOORBELL_SGI 0
#define RESTART_SGI 1

/* Entry: a table, a block of an upper level or a page; then attributes. The
 * access flag is set beforehand, so the hardware never traps for it. Which
 * memory type has which index is in entry.S. */
#define PTE_VALID 0x1
#define PTE_TABLE_OR_PAGE 0x2
#define PTE_TYPE_DEVICE (1 << 2)
#define PTE_READ_ONLY (1 << 7)
#define PTE_INNER_SHAREABLE (3 << 8)
#define PTE_ACCESSED (1 << 10)
#define PTE_NEVER_EXECUTE ((uint64_t)1 << 53)
#define PTE_NEVER_EXECUTE_EL0 ((uint64_t)1 << 54)
#define PTE_ADDRESS 0xFFFFFFFFF000

static inline arch_pte_t arch_pte_table(uintptr_t table) {
    return table | PTE_TABLE_OR_PAGE | PTE_VALID;
}

static inline arch_pte_t arch_pte_leaf(uintptr_t pa, unsigned rights, unsigned level) {
    return pa | PTE_VALID | PTE_ACCESSED | PTE_INNER_SHAREABLE | PTE_NEVER_EXECUTE_EL0
           | (level == ARCH_LEVELS - 1 ? PTE_TABLE_OR_PAGE : 0)
           | (rights & MAP_DEVICE ? PTE_TYPE_DEVICE : 0)
           | (rights & MAP_WRITE ? 0 : PTE_READ_ONLY)
           | (rights & MAP_EXECUTE ? 0 : PTE_NEVER_EXECUTE);
}

static inline bool arch_pte_valid(arch_pte_t entry) {
    return entry & PTE_VALID;
}

static inline bool arch_pte_is_table(arch_pte_t entry, unsigned level) {
    return level < ARCH_LEVELS - 1
           && (entry & (PTE_VALID | PTE_TABLE_OR_PAGE)) == (PTE_VALID | PTE_TABLE_OR_PAGE);
}

static inline uintptr_t arch_pte_address(arch_pte_t entry) {
    return entry & PTE_ADDRESS;
}

/* A core's tables are walked by that core alone: nobody else is told. */
static inline void arch_translation_changed(void) {
    BARRIER("dsb nshst\n\ttlbi vmalle1\n\tdsb nsh\n\tisb");
}

#define ARCH_CODE_ALIGNMENT ((uintptr_t)4)

static inline bool arch_code_comes_back(const void *code) {
    uint32_t instruction = *(const uint32_t *)code;
    /* ret, or none, or br x0 to br x7 (arch_probe_jump), which also pages have that are all
     * of one function. */
    return instruction == 0xd65f03c0 || instruction == 0
           || (instruction & ~(7u << 5)) == 0xd61f0000;
}

static inline uintptr_t arch_interrupts_mask(void) {
    uintptr_t state = SYSTEM_READ("daif");
    BARRIER("msr daifset, #2");
    return state;
}

static inline void arch_interrupts_restore(uintptr_t state) {
    SYSTEM_WRITE("daif", state);
}

static inline void arch_wait_for_interrupt(void) {
    BARRIER("wfi");
}

void arch_interrupts_poll(void);

/* One SGI goes to cores of one cluster: 16 with a GICv3, which is how PSCI and
 * the affinity registers number them too. */
#define CLUSTER_CORES 16

#define SGI_TO(core, sgi) \
    ((sgi) << 24 | (core) / CLUSTER_CORES << 16 | 1u << (core) % CLUSTER_CORES)

static inline void arch_doorbell_interrupt(unsigned core) {
    SYSTEM_WRITE(ICC_SGI1R, SGI_TO(core, DOORBELL_SGI));
    BARRIER("isb");
}

static inline uint64_t arch_ticks(void) {
    BARRIER("isb"); /* or the counter may be read early */
    return SYSTEM_READ("cntvct_el0");
}

uint64_t arch_instructions(void);

static inline void arch_timer_arm(uint64_t ticks) {
    SYSTEM_WRITE("cntv_cval_el0", ticks);
    SYSTEM_WRITE("cntv_ctl_el0", 1);
    BARRIER("isb");
}

static inline void arch_timer_disarm(void) {
    SYSTEM_WRITE("cntv_ctl_el0", 0);
    BARRIER("isb");
}

static inline void arch_fence(void) {
    BARRIER("dmb ish");
}

/* A barrier of completion: an SGI is no memory access that a dmb would order. */
static inline void arch_fence_device(void) {
    BARRIER("dsb ish");
}

#endif
