/* The accesses of probes (arch.h). A trap goes on where `ra` points to. */
    .text
    .global arch_probe_load, arch_probe_store, arch_probe_rewrite, arch_probe_jump

arch_probe_load:
    lbu     a0, 0(a0)
    ret

arch_probe_store:
    sb      zero, 0(a0)
    ret

arch_probe_rewrite:
    andi    a0, a0, -4
    amoor.w zero, zero, (a0)
    ret

arch_probe_jump:
    mv      t0, ra
    fence.i
    jalr    a0
    jr      t0
