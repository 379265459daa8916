/* RISC-V: interrupts, traps in words, the end of the machine. */
#include "../arch.h"
#include "../core.h"
#include "../virtio_console.h"

extern char trap_entry[], __trap_stack_top[];

/* Registers of the interrupt controller; a core's S-mode is context 2 * core + 1.
 * Core 0 reaches all of them, a core with a console its own threshold and claim. */
static volatile uint32_t *plic(uintptr_t offset) {
    return (volatile uint32_t *)(BOARD_DEVICES_PLIC + offset);
}

static volatile uint32_t *plic_enable(unsigned core) {
    return plic(0x2000 + 0x80 * (2 * core + 1));
}

static volatile uint32_t *plic_threshold(unsigned core) {
    return plic(0x200000 + 0x1000 * (2 * core + 1));
}

static volatile uint32_t *plic_claim(unsigned core) {
    return plic_threshold(core) + 1;
}

const struct arch_device arch_devices[] = {
    {BOARD_DEVICES_SSWI, LAYOUT_PAGE, true, "the doorbells' device"}, /* a store rings one */
    {BOARD_DEVICES_CLINT, LAYOUT_PAGE, true, "the restarts' device"}, /* a store restarts a core */
    {BOARD_CONSOLE_UART, LAYOUT_PAGE, false, "the console's UART"},
    {BOARD_DEVICES_EXIT, LAYOUT_PAGE, false, "the machine's exit"},
    {BOARD_DEVICES_PLIC, 0x210000, false, "the interrupt controller"},
    {0, 0, false, NULL},
};

uintptr_t arch_own_device(unsigned core) {
    return core != 0 && virtio_console_has_slot(core) ? (uintptr_t)plic_threshold(core) : 0;
}

/* Priorities, and which core takes what: the cores' words for that share pages. */
static void plic_init(void) {
    plic(0)[BOARD_CONSOLE_INTERRUPT] = 1;
    plic_enable(0)[BOARD_CONSOLE_INTERRUPT / 32] = 1u << BOARD_CONSOLE_INTERRUPT % 32;
    for (unsigned core = 0; core < BOOT->core_count && virtio_console_has_slot(core); core++) {
        unsigned number = virtio_console_interrupt_number(core);
        plic(0)[number] = 1;
        plic_enable(core)[number / 32] |= 1u << number % 32;
    }
}

void arch_core_init(unsigned core, bool owner) {
    CSR_WRITE("sscratch", __trap_stack_top);
    CSR_WRITE("stvec", trap_entry);
    CSR_WRITE("sie", INTERRUPT_SOFTWARE);
    if (owner) {
        plic_init();
    }
    if (virtio_console_has_slot(core)) {
        *plic_threshold(core) = 0;
        /* An earlier life may have left them claimed. */
        *plic_claim(core) = virtio_console_interrupt_number(core);
        if (owner) {
            *plic_claim(core) = BOARD_CONSOLE_INTERRUPT;
        }
        CSR_SET("sie", INTERRUPT_EXTERNAL);
    }
}

/* Entry waits for this interrupt first, and takes any later one for a restart. */
void arch_core_release(unsigned core) {
    arch_core_restart(core);
}

void arch_core_restart(unsigned core) {
    ((volatile uint32_t *)BOARD_DEVICES_CLINT)[core] = 1;
}

static void take_external(void) {
    volatile uint32_t *claim = plic_claim(core_number);
    for (unsigned number; (number = *claim) != 0; *claim = number) {
        interrupt_device(number);
    }
}

static inline void take_software(void) {
    /* Cleared before the doorbell words are read: a ring in between leaves
     * it set again. */
    CSR_CLEAR("sip", INTERRUPT_SOFTWARE);
    arch_fence();
    interrupt_doorbell();
}

/* Apart, so that the frequent case needs no frame. */
__attribute__((noinline)) static void take_all(uintptr_t pending) {
    if (pending & INTERRUPT_SOFTWARE) {
        take_software();
    }
    if (pending & INTERRUPT_TIMER) {
        interrupt_timer();
    }
    if (pending & INTERRUPT_EXTERNAL) {
        take_external();
    }
}

void arch_interrupts_poll(void) {
    uintptr_t pending = CSR_READ("sip") & CSR_READ("sie");
    if (pending & (INTERRUPT_EXTERNAL | INTERRUPT_TIMER)) {
        take_all(pending);
    } else if (pending & INTERRUPT_SOFTWARE) {
        take_software();
    }
}

void arch_park(void) {
    CSR_WRITE("sie", 0);
    for (;;) {
        arch_wait_for_interrupt();
    }
}

void arch_exit(unsigned status) {
    *(volatile uint32_t *)BOARD_DEVICES_EXIT = ARCH_EXIT_WORD(status) << 16 | 0x3333;
    arch_park();
}

const char *const arch_register_names[] = {
    "ra", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
    "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6", NULL,
};

const char *arch_trap_cause(const struct trap *trap) {
    switch (trap->cause) {
        case 0: return "jump to a misaligned address";
        case 1: return "jump to an address without memory";
        case 2: return "illegal instruction";
        case 3: return "breakpoint";
        case 4: return "load from a misaligned address";
        case 5: return "load from an address without memory";
        case 6: return "store to a misaligned address";
        case 7: return "store to an address without memory";
        case 12: return "jump to an unmapped or protected page";
        case 13: return "load from an unmapped or protected page";
        case 15: return "store to an unmapped or protected page";
        default: return "unknown trap";
    }
}

bool arch_trap_is_access(const struct trap *trap) {
    return trap->cause != 2 && trap->cause != 3;
}

uintptr_t arch_trap_return(const struct trap *trap) {
    return trap->registers[0]; /* ra */
}
