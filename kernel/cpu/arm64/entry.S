/* Reset at EL1, of core 0 by the loader and of the others by PSCI; restart, by
 * an FIQ, which is open wherever a core may be; then trap entry. The VM runs at
 * EL1 on SP_EL0, so that a trap finds its own stack in SP_EL1, whatever became
 * of the VM's. */
#include "../layout.h"
#include "board.h"

#define BOOT_CORE_COUNT 8           /* offsets in struct boot_block */
#define BOOT_PRIVATE_BASE 16
#define BOOT_PRIVATE_BYTES 24

#define MEMORY_TYPES 0x00ff         /* 0: normal, write-back; 1: device, strongly ordered */
#define TRANSLATION 0x280993519     /* TTBR0 alone, 39 bits, 4 KiB, write-back inner-shareable
                                     * walks, 40-bit physical addresses */
#define SYSTEM_RESERVED 0x30d00800  /* bits that are one in ARMv8.0 */
#define SYSTEM_BASE (SYSTEM_RESERVED | 0x1018)    /* stack alignment, instruction cache */
#define SYSTEM_TRANSLATE (SYSTEM_BASE | 0x5)      /* and translation, data cache */
#ifdef POLY_UNPROTECTED
#define SYSTEM_RUN SYSTEM_TRANSLATE
#else
#define SYSTEM_RUN (SYSTEM_TRANSLATE | 0x80000)   /* and what may be written never executes */
#endif

#define NORMAL_BLOCK 0x701          /* an entry: accessed, inner-shareable, type 0 */

/* Untranslated memory is device memory, where neither atomics nor unaligned
 * accesses nor the C library's memset work. So the space is built under this
 * table: all that may be RAM, at its physical addresses. */
    .section .rodata.boot_table, "a"
    .balign LAYOUT_PAGE
boot_table:
    .fill   BOARD_MEMORY_RAM >> 30, 8, 0
    .set    block, BOARD_MEMORY_RAM >> 30
    .rept   512 - (BOARD_MEMORY_RAM >> 30)
    .quad   block << 30 | NORMAL_BLOCK
    .set    block, block + 1
    .endr

    .section .text.entry, "ax"
    .global _start, secondary_start
_start:
    mov     x0, xzr
secondary_start:                    /* x0: the core's number, as CPU_ON was given it */
    mov     w22, #0                 /* the core's first life */
start:
    mov     x19, x0
    msr     daifset, #15
    ldr     x1, =vectors
    msr     vbar_el1, x1
    ldr     x20, =BOARD_MEMORY_BOOT_BLOCK
    ldr     w1, [x20, #BOOT_CORE_COUNT]
    cmp     w19, w1
    b.hs    arch_park
    mov     x1, #3 << 20            /* floating point and SIMD do not trap */
    msr     cpacr_el1, x1
    isb
    msr     fpcr, xzr               /* rounding to nearest, no traps */
    /* Event counter 0 counts retired instructions, from here, and counter 1 half
     * a turn ahead of it: QEMU looks at a sleeping core's counters only when one
     * overflows, and sees an overflow only if it had seen the upper half. The
     * cycle counter runs too, all 64 bits of it. */
    mov     x1, #0x47
    msr     pmcr_el0, x1
    mov     x1, #8
    msr     pmevtyper0_el0, x1
    msr     pmevtyper1_el0, x1
    ldr     x1, =0x80000000
    msr     pmevcntr1_el0, x1
    ldr     x1, =0x80000003
    msr     pmcntenset_el0, x1
    mov     x1, #MEMORY_TYPES
    msr     mair_el1, x1
    ldr     x1, =TRANSLATION
    msr     tcr_el1, x1

    ldr     x0, =boot_table
    ldr     x1, =SYSTEM_TRANSLATE
    bl      translate_by
    /* The stack's physical place: private_base + core * private_bytes + its
     * offset in private RAM. */
    ldp     x1, x2, [x20, #BOOT_PRIVATE_BASE]
    madd    x1, x2, x19, x1
    ldr     x21, =__stack_top
    ldr     x2, =LAYOUT_PRIVATE
    sub     x2, x21, x2
    add     sp, x1, x2
    mov     x0, x20
    mov     w1, w19
    mov     w2, w22
    bl      space_build
    ldr     x1, =SYSTEM_RUN
    bl      translate_by

    ldr     x1, =__trap_stack_top
    mov     sp, x1
    msr     spsel, #0
    mov     sp, x21
    mov     w0, w19
    mov     w1, w22
    b       core_start

/* The only interrupt of group 0: whatever the core was doing, it starts again.
 * Affinity numbers cores as CPU_ON does, 16 in a cluster. */
restart:
    mrs     x0, S3_0_C12_C8_0       /* ICC_IAR0: acknowledge */
    msr     S3_0_C12_C8_1, x0       /* ICC_EOIR0: its end */
    ldr     x1, =SYSTEM_BASE        /* untranslated, as at reset */
    dsb     sy
    msr     sctlr_el1, x1
    isb
    mrs     x1, mpidr_el1
    ubfx    x0, x1, #8, #8
    and     x1, x1, #0xff
    add     x0, x1, x0, lsl #4
    mov     w22, #1
    b       start

/* Translates by the root table x0 from now on, with system control x1; through
 * a moment without translation, as two tables at once must not disagree. */
translate_by:
    ldr     x2, =SYSTEM_BASE
    dsb     sy
    msr     sctlr_el1, x2
    isb
    msr     ttbr0_el1, x0
    tlbi    vmalle1
    dsb     nsh
    isb
    msr     sctlr_el1, x1
    isb
    ret

    .macro  vector target
    .balign 128
    b       \target
    .endm

    .balign 2048
vectors:
    vector  exception               /* from the VM */
    vector  interrupt
    vector  restart
    vector  exception
    vector  arch_park               /* from trap code */
    vector  arch_park
    vector  restart
    vector  arch_park
    .rept   8                       /* nothing runs at EL0 */
    vector  arch_park
    .endr

/* All that a C function may change, and the upper halves of q8 to q15, which it
 * need not preserve. */
    .macro  changed_by_c op
    \op     x0, x1, [sp, #0]
    \op     x2, x3, [sp, #16]
    \op     x4, x5, [sp, #32]
    \op     x6, x7, [sp, #48]
    \op     x8, x9, [sp, #64]
    \op     x10, x11, [sp, #80]
    \op     x12, x13, [sp, #96]
    \op     x14, x15, [sp, #112]
    \op     x16, x17, [sp, #128]
    \op     x18, x30, [sp, #144]
    \op     q0, q1, [sp, #176]
    \op     q2, q3, [sp, #208]
    \op     q4, q5, [sp, #240]
    \op     q6, q7, [sp, #272]
    \op     q8, q9, [sp, #304]
    \op     q10, q11, [sp, #336]
    \op     q12, q13, [sp, #368]
    \op     q14, q15, [sp, #400]
    \op     q16, q17, [sp, #432]
    \op     q18, q19, [sp, #464]
    \op     q20, q21, [sp, #496]
    \op     q22, q23, [sp, #528]
    \op     q24, q25, [sp, #560]
    \op     q26, q27, [sp, #592]
    \op     q28, q29, [sp, #624]
    \op     q30, q31, [sp, #656]
    .endm

interrupt:
    msr     daifclr, #1             /* a restart never returns: it may come at once */
    sub     sp, sp, #688
    changed_by_c stp
    mrs     x0, fpsr
    str     x0, [sp, #160]
    bl      arch_interrupts_poll
    ldr     x0, [sp, #160]
    msr     fpsr, x0
    changed_by_c ldp
    add     sp, sp, #688
    eret

/* A struct trap: pc, sp, cause, address, x0 to x30, pstate. */
exception:
    msr     daifclr, #1
    sub     sp, sp, #288
    stp     x0, x1, [sp, #32]
    stp     x2, x3, [sp, #48]
    stp     x4, x5, [sp, #64]
    stp     x6, x7, [sp, #80]
    stp     x8, x9, [sp, #96]
    stp     x10, x11, [sp, #112]
    stp     x12, x13, [sp, #128]
    stp     x14, x15, [sp, #144]
    stp     x16, x17, [sp, #160]
    stp     x18, x19, [sp, #176]
    stp     x20, x21, [sp, #192]
    stp     x22, x23, [sp, #208]
    stp     x24, x25, [sp, #224]
    stp     x26, x27, [sp, #240]
    stp     x28, x29, [sp, #256]
    mrs     x0, spsr_el1
    stp     x30, x0, [sp, #272]
    mrs     x0, elr_el1
    mrs     x1, sp_el0
    stp     x0, x1, [sp]
    mrs     x0, esr_el1
    mrs     x1, far_el1
    stp     x0, x1, [sp, #16]
    mov     x0, sp
    bl      arch_exception
    ldr     x0, [sp]                /* a probe's: the code behind it goes on */
    msr     elr_el1, x0
    ldp     x0, x1, [sp, #32]
    ldp     x2, x3, [sp, #48]
    ldp     x4, x5, [sp, #64]
    ldp     x6, x7, [sp, #80]
    ldp     x8, x9, [sp, #96]
    ldp     x10, x11, [sp, #112]
    ldp     x12, x13, [sp, #128]
    ldp     x14, x15, [sp, #144]
    ldp     x16, x17, [sp, #160]
    ldr     x18, [sp, #176]         /* x19 to x29 are as C found them */
    ldr     x30, [sp, #272]
    add     sp, sp, #288
    eret

/* A fault in the trap code itself ends here too; the host's tools still see the
 * core. */
    .global arch_park
arch_park:
    msr     daifset, #15
    msr     S3_0_C12_C12_7, xzr     /* ICC_IGRPEN1_EL1: no interrupt ends the wait */
    isb
    msr     daifclr, #1             /* but a restart */
1:  wfi
    b       1b
