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

arch_probe_jump:
    mov     x9, x30
    isb
    blr     x0
    ret     x9
