/* RISC-V, XLEN 32 and 64 alike: Sv32 or Sv39, S-mode, Sstc timer, SSWI doorbell. */
#ifndef POLY_RISCV_INLINE_H
#define POLY_RISCV_INLINE_H

#include "board.h"

#if __riscv_xlen == 64
#define ARCH_LEVELS 3
#define ARCH_LEVEL_BITS 9
typedef uint64_t arch_pte_t;
#else
#define ARCH_LEVELS 2
#define ARCH_LEVEL_BITS 10
typedef uint32_t arch_pte_t;
#endif

#define CSR_READ(csr) __extension__({ uintptr_t v_; \
    __asm__ volatile ("csrr %0, " csr : "=r" (v_) : : "memory"); v_; })
#define CSR_CHANGE(how, csr, v) \
    __asm__ volatile (how " " csr ", %0" : : "rK" ((uintptr_t)(v)) : "memory")
#define CSR_WRITE(csr, v) CSR_CHANGE("csrw", csr, v)
#define CSR_SET(csr, v) CSR_CHANGE("csrs", csr, v)
#define CSR_CLEAR(csr, v) CSR_CHANGE("csrc", csr, v)

#define SSTATUS_SIE 2
#define ARCH_INTERRUPTS_ON SSTATUS_SIE
#define INTERRUPT_SOFTWARE (1u << 1)
#define INTERRUPT_TIMER (1u << 5)
#define INTERRUPT_EXTERNAL (1u << 9)

/* Entry: V R W X U G A D in bits 0 to 7. A and D are set beforehand, so the
 * hardware never has to write (or trap for) them. */
#define PTE_V 0x01
#define PTE_R 0x02
#define PTE_W 0x04
#define PTE_X 0x08
#define PTE_AD 0xC0

static inline arch_pte_t arch_pte_table(uintptr_t table) {
    return (arch_pte_t)(table >> 12) << 10 | PTE_V;
}

static inline arch_pte_t arch_pte_leaf(uintptr_t pa, unsigned rights, unsigned level) {
    (void)level;
    return (arch_pte_t)(pa >> 12) << 10 | PTE_AD | PTE_V
           | (rights & MAP_READ ? PTE_R : 0) | (rights & MAP_WRITE ? PTE_W : 0)
           | (rights & MAP_EXECUTE ? PTE_X : 0);
}

static inline bool arch_pte_valid(arch_pte_t entry) {
    return entry & PTE_V;
}

static inline bool arch_pte_is_table(arch_pte_t entry, unsigned level) {
    (void)level;
    return (entry & (PTE_V | PTE_R | PTE_X)) == PTE_V;
}

static inline uintptr_t arch_pte_address(arch_pte_t entry) {
    return (uintptr_t)(entry >> 10) << 12;
}

static inline void arch_translation_changed(void) {
    __asm__ volatile ("sfence.vma" : : : "memory");
}

#define ARCH_CODE_ALIGNMENT ((uintptr_t)2)

static inline bool arch_code_comes_back(const void *code) {
    uint16_t instruction = *(const uint16_t *)code;
    /* c.jr ra, or none: zero, and the start of one of more than 32 bits, which
     * also pages have that are all of one function. */
    return instruction == 0x8082 || instruction == 0 || (instruction & 0x1f) == 0x1f;
}

static inline uintptr_t arch_interrupts_mask(void) {
    uintptr_t state;
    __asm__ volatile ("csrrci %0, sstatus, 2" : "=r" (state) : : "memory");
    return state & SSTATUS_SIE;
}

static inline void arch_interrupts_restore(uintptr_t state) {
    CSR_SET("sstatus", state);
}

static inline void arch_wait_for_interrupt(void) {
    __asm__ volatile ("wfi" : : : "memory");
}

void arch_interrupts_poll(void);

static inline void arch_doorbell_interrupt(unsigned core) {
    ((volatile uint32_t *)BOARD_DEVICES_SSWI)[core] = 1;
}

#if __riscv_xlen == 64
static inline uint64_t arch_ticks(void) {
    return CSR_READ("time");
}
static inline uint64_t arch_instructions(void) {
    return CSR_READ("instret");
}
static inline void arch_timer_arm(uint64_t ticks) {
    CSR_WRITE("0x14D", ticks); /* stimecmp */
    CSR_SET("sie", INTERRUPT_TIMER);
}
#else
#define CSR_READ_PAIR(low, high) __extension__({ uint32_t h_, l_; \
    do { h_ = CSR_READ(high); l_ = CSR_READ(low); } while (h_ != CSR_READ(high)); \
    (uint64_t)h_ << 32 | l_; })
static inline uint64_t arch_ticks(void) {
    return CSR_READ_PAIR("time", "timeh");
}
static inline uint64_t arch_instructions(void) {
    return CSR_READ_PAIR("instret", "instreth");
}
static inline void arch_timer_arm(uint64_t ticks) {
    CSR_WRITE("0x15D", 0xFFFFFFFF); /* stimecmph: no early deadline between the halves */
    CSR_WRITE("0x14D", (uint32_t)ticks);
    CSR_WRITE("0x15D", (uint32_t)(ticks >> 32));
    CSR_SET("sie", INTERRUPT_TIMER);
}
#endif

static inline void arch_timer_disarm(void) {
    CSR_CLEAR("sie", INTERRUPT_TIMER);
}

static inline void arch_fence(void) {
    __asm__ volatile ("fence rw, rw" : : : "memory");
}

static inline void arch_fence_device(void) {
    __asm__ volatile ("fence rw, o" : : : "memory");
}

#endif
