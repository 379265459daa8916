/* The accesses of probes (arch.h). A trap goes on where x30 points to. */
    .text
    .global arch_probe_load, arch_probe_store, arch_probe_rewrite, arch_probe_jump

arch_probe_load:
    ldrb    w0, [x0]
    ret

arch_probe_store:
    strb    wzr, [x0]
    ret

arch_probe_rewrite:
1:  ldxrb   w1, [x0]
    stxrb   w2, w1, [x0]
    cbnz    w2, 1b
    ret

arch_probe_jump:                        /* a br to any of x0 to x7 comes back, too */
    mov     x9, x30
    mov     x10, x0
    adr     x0, 1f
    .irp    number, 1, 2, 3, 4, 5, 6, 7
    mov     x\number, x0
    .endr
    isb
    blr     x10
1:  ret     x9
