/* Reset, in M-mode, of every hart at once; restart, through an M-mode software
 * interrupt, which S-mode cannot mask; then trap entry in S-mode. */
#include "../layout.h"
#include "board.h"

#if __riscv_xlen == 64
#define REG_S sd
#define REG_L ld
#define REG_BYTES 8
#else
#define REG_S sw
#define REG_L lw
#define REG_BYTES 4
#endif

#define BOOT_CORE_COUNT 8           /* offsets in struct boot_block */
#define BOOT_PRIVATE_BASE 16
#define BOOT_PRIVATE_BYTES 24

#define MACHINE_SOFTWARE (1 << 3)   /* in mie and mip */

    .section .text.entry, "ax"
    .global _start
_start:
    li      s3, 0                   /* the core's first life */
    csrr    s0, mhartid
    beqz    s0, start
    /* All but core 0 wait for the software interrupt of arch_core_release(). */
    li      t0, MACHINE_SOFTWARE
    csrw    mie, t0
1:  wfi
    csrr    t0, mip
    andi    t0, t0, MACHINE_SOFTWARE
    beqz    t0, 1b
    fence
start:
    csrr    s0, mhartid
    /* The interrupt that restarts, taken back; read, so that it is gone by then. */
    li      t0, BOARD_DEVICES_CLINT
    slli    t1, s0, 2
    add     t0, t0, t1
    sw      zero, 0(t0)
    lw      zero, 0(t0)
    li      t0, MACHINE_SOFTWARE
    csrw    mie, t0
    /* All memory to S-mode; its page tables decide from here on. */
    li      t0, -1
    csrw    pmpaddr0, t0
    li      t0, 0x1f
    csrw    pmpcfg0, t0
    /* Everything is S-mode's business but calls into M-mode. */
    li      t0, 0xb1ff
    csrw    medeleg, t0
    li      t0, 0x222
    csrw    mideleg, t0
    li      t0, 7
    csrw    mcounteren, t0
    /* menvcfg.STCE: stimecmp belongs to S-mode. */
#if __riscv_xlen == 64
    li      t0, 1
    slli    t0, t0, 63
    csrs    0x30A, t0
#else
    lui     t0, 0x80000
    csrs    0x31A, t0
#endif
    la      t0, machine_trap
    csrw    mtvec, t0
    csrw    satp, zero
    csrw    sie, zero
    la      t0, park
    csrw    stvec, t0               /* until the core has its own */
    li      t0, 0x2800              /* MPP = S, FS = initial */
    csrw    mstatus, t0
#if __riscv_flen == 64
    fscsr   zero
#endif
    la      t0, supervisor_start
    csrw    mepc, t0
    mret

    /* All that comes here is the interrupt that restarts the core, wherever it
     * was, and what M-mode itself or a call into it did wrong: that waits for it. */
    .balign 4
machine_trap:
    csrr    t0, mcause
    bltz    t0, restart
1:  wfi
    csrr    t0, mip
    andi    t0, t0, MACHINE_SOFTWARE
    beqz    t0, 1b
restart:
    li      s3, 1                   /* not its first life */
    j       start

supervisor_start:
    li      s1, BOARD_MEMORY_BOOT_BLOCK
    lw      t0, BOOT_CORE_COUNT(s1)
    bgeu    s0, t0, park
    /* The stack's physical place: private_base + core * private_bytes + its
     * offset in private RAM. */
    REG_L   t0, BOOT_PRIVATE_BASE(s1)
    REG_L   t1, BOOT_PRIVATE_BYTES(s1)
    mul     t1, t1, s0
    add     t0, t0, t1
    la      s2, __stack_top
    li      t1, LAYOUT_PRIVATE
    sub     t1, s2, t1
    add     sp, t0, t1
    mv      a0, s1
    mv      a1, s0
    mv      a2, s3
    call    space_build
    srli    a0, a0, 12
#if __riscv_xlen == 64
    li      t0, 8
    slli    t0, t0, 60
#else
    lui     t0, 0x80000
#endif
    or      a0, a0, t0
    csrw    satp, a0
    sfence.vma
    mv      sp, s2
    mv      a0, s0
    mv      a1, s3
    tail    core_start

/* Traps run on a stack of their own: sscratch holds its top while the core runs
 * and 0 while a trap is served, so that a fault within the trap code is told
 * from a first one. */
    .global trap_entry
    .balign 4
trap_entry:
    csrrw   sp, sscratch, sp
    beqz    sp, park
    addi    sp, sp, -(36 * REG_BYTES)
    REG_S   ra, (4 * REG_BYTES)(sp)
    REG_S   t0, (7 * REG_BYTES)(sp)
    REG_S   t1, (8 * REG_BYTES)(sp)
    REG_S   t2, (9 * REG_BYTES)(sp)
    REG_S   a0, (12 * REG_BYTES)(sp)
    REG_S   a1, (13 * REG_BYTES)(sp)
    REG_S   a2, (14 * REG_BYTES)(sp)
    REG_S   a3, (15 * REG_BYTES)(sp)
    REG_S   a4, (16 * REG_BYTES)(sp)
    REG_S   a5, (17 * REG_BYTES)(sp)
    REG_S   a6, (18 * REG_BYTES)(sp)
    REG_S   a7, (19 * REG_BYTES)(sp)
    REG_S   t3, (30 * REG_BYTES)(sp)
    REG_S   t4, (31 * REG_BYTES)(sp)
    REG_S   t5, (32 * REG_BYTES)(sp)
    REG_S   t6, (33 * REG_BYTES)(sp)
    csrrw   t0, sscratch, zero
    REG_S   t0, (1 * REG_BYTES)(sp)
    csrr    t0, scause
    bgez    t0, exception

#if __riscv_flen == 64
    addi    sp, sp, -(22 * 8)
    fsd     ft0, 0(sp)
    fsd     ft1, 8(sp)
    fsd     ft2, 16(sp)
    fsd     ft3, 24(sp)
    fsd     ft4, 32(sp)
    fsd     ft5, 40(sp)
    fsd     ft6, 48(sp)
    fsd     ft7, 56(sp)
    fsd     ft8, 64(sp)
    fsd     ft9, 72(sp)
    fsd     ft10, 80(sp)
    fsd     ft11, 88(sp)
    fsd     fa0, 96(sp)
    fsd     fa1, 104(sp)
    fsd     fa2, 112(sp)
    fsd     fa3, 120(sp)
    fsd     fa4, 128(sp)
    fsd     fa5, 136(sp)
    fsd     fa6, 144(sp)
    fsd     fa7, 152(sp)
    frcsr   t0
    sd      t0, 160(sp)
#endif
    call    arch_interrupts_poll
#if __riscv_flen == 64
    ld      t0, 160(sp)
    fscsr   t0
    fld     ft0, 0(sp)
    fld     ft1, 8(sp)
    fld     ft2, 16(sp)
    fld     ft3, 24(sp)
    fld     ft4, 32(sp)
    fld     ft5, 40(sp)
    fld     ft6, 48(sp)
    fld     ft7, 56(sp)
    fld     ft8, 64(sp)
    fld     ft9, 72(sp)
    fld     ft10, 80(sp)
    fld     ft11, 88(sp)
    fld     fa0, 96(sp)
    fld     fa1, 104(sp)
    fld     fa2, 112(sp)
    fld     fa3, 120(sp)
    fld     fa4, 128(sp)
    fld     fa5, 136(sp)
    fld     fa6, 144(sp)
    fld     fa7, 152(sp)
    addi    sp, sp, 22 * 8
#endif
trap_return:
    REG_L   ra, (4 * REG_BYTES)(sp)
    REG_L   t1, (8 * REG_BYTES)(sp)
    REG_L   t2, (9 * REG_BYTES)(sp)
    REG_L   a0, (12 * REG_BYTES)(sp)
    REG_L   a1, (13 * REG_BYTES)(sp)
    REG_L   a2, (14 * REG_BYTES)(sp)
    REG_L   a3, (15 * REG_BYTES)(sp)
    REG_L   a4, (16 * REG_BYTES)(sp)
    REG_L   a5, (17 * REG_BYTES)(sp)
    REG_L   a6, (18 * REG_BYTES)(sp)
    REG_L   a7, (19 * REG_BYTES)(sp)
    REG_L   t3, (30 * REG_BYTES)(sp)
    REG_L   t4, (31 * REG_BYTES)(sp)
    REG_L   t5, (32 * REG_BYTES)(sp)
    REG_L   t6, (33 * REG_BYTES)(sp)
    addi    t0, sp, 36 * REG_BYTES
    csrw    sscratch, t0
    REG_L   t0, (7 * REG_BYTES)(sp)
    REG_L   sp, (1 * REG_BYTES)(sp)
    sret

exception:
    REG_S   t0, (2 * REG_BYTES)(sp)
    csrr    t0, sepc
    REG_S   t0, (0 * REG_BYTES)(sp)
    csrr    t0, stval
    REG_S   t0, (3 * REG_BYTES)(sp)
    REG_S   gp, (5 * REG_BYTES)(sp)
    REG_S   tp, (6 * REG_BYTES)(sp)
    REG_S   s0, (10 * REG_BYTES)(sp)
    REG_S   s1, (11 * REG_BYTES)(sp)
    REG_S   s2, (20 * REG_BYTES)(sp)
    REG_S   s3, (21 * REG_BYTES)(sp)
    REG_S   s4, (22 * REG_BYTES)(sp)
    REG_S   s5, (23 * REG_BYTES)(sp)
    REG_S   s6, (24 * REG_BYTES)(sp)
    REG_S   s7, (25 * REG_BYTES)(sp)
    REG_S   s8, (26 * REG_BYTES)(sp)
    REG_S   s9, (27 * REG_BYTES)(sp)
    REG_S   s10, (28 * REG_BYTES)(sp)
    REG_S   s11, (29 * REG_BYTES)(sp)
    mv      a0, sp
    call    trap_exception
    REG_L   t0, (0 * REG_BYTES)(sp) /* a probe's: the code behind it goes on */
    csrw    sepc, t0
    j       trap_return

/* A fault in the trap code itself, or before there is any; harts that are too
 * many: only a restart ends it. The host's tools still see the core. */
    .balign 4
park:
    csrw    sie, zero
1:  wfi
    j       1b
