/* AArch64: interrupts, traps in words, the instruction counter, the end of the
 * machine. Core 0 owns the interrupt controller: it opens each core's doorbell
 * before it starts the core. */
#include "../arch.h"
#include "../core.h"
#include "../virtio_console.h"

extern char secondary_start[];

/* Interrupts of a core itself: numbers below 32. */
#define OWN_INTERRUPTS (1u << DOORBELL_SGI | 1u << RESTART_SGI | 1u << BOARD_TIMER_INTERRUPT \
    | 1u << BOARD_DEVICES_PMU_INTERRUPT)
#define FIRST_SPECIAL 1020u        /* from here on: no interrupt */

static volatile uint32_t *distributor(uintptr_t offset) {
    return (volatile uint32_t *)(BOARD_DEVICES_GIC_DISTRIBUTOR + offset);
}
#define GICD_CONTROL distributor(0)
#define GICD_TYPE distributor(0x4)
#define GICD_GROUP distributor(0x80)
#define GICD_ENABLE distributor(0x100)
#define GICD_PRIORITY distributor(0x400) /* 8 bits each */
#define GICD_ROUTE distributor(0x6000) /* 64 bits each: the affinity */
#define CONTROL_GROUP_0 0x1
#define CONTROL_GROUP_1 0x2
#define CONTROL_AFFINITY 0x10
#define CONTROL_BUSY 0x80000000u
#define CONTROL_SPLIT_END 0x2      /* of a core's interface: ending and deactivating are two */

static volatile uint32_t *redistributor(unsigned core, uintptr_t offset) {
    return (volatile uint32_t *)(BOARD_DEVICES_GIC_REDISTRIBUTOR
               + core * (uintptr_t)BOARD_DEVICES_GIC_REDISTRIBUTOR_STRIDE + offset);
}
#define GICR_WAKER(core) redistributor(core, 0x14)
#define GICR_GROUP(core) redistributor(core, 0x10080)
#define GICR_ENABLE(core) redistributor(core, 0x10100)
#define GICR_PRIORITY(core) redistributor(core, 0x10400)
#define WAKER_SLEEP 0x2
#define WAKER_ASLEEP 0x4

/* A restart comes even while another interrupt is being served. */
#define PRIORITY_ALL 0x80808080u   /* four interrupts; lower is more urgent */
#define PRIORITY_SGIS (PRIORITY_ALL & ~(0xffu << 8 * RESTART_SGI))

const struct arch_device arch_devices[] = {
    {BOARD_CONSOLE_UART, LAYOUT_PAGE, false, "the console's UART"},
    {BOARD_DEVICES_GIC_DISTRIBUTOR, 0x10000, false, "the interrupt distributor"},
    {BOARD_DEVICES_GIC_REDISTRIBUTOR,
     BOARD_CORES_MAX * BOARD_DEVICES_GIC_REDISTRIBUTOR_STRIDE, false,
     "the interrupt redistributors"},
    {0, 0, false, NULL},
};

/* --- the interrupt controller ------------------------------------------------- */

uintptr_t arch_own_device(unsigned core) {
    (void)core;
    return 0;
}

/* Lets a device's interrupt through, to that core. */
static void open_interrupt(unsigned number, unsigned core) {
    GICD_GROUP[number / 32] |= 1u << number % 32;
    GICD_ROUTE[number * 2] = core / CLUSTER_CORES << 8 | core % CLUSTER_CORES;
    GICD_ROUTE[number * 2 + 1] = 0;
    GICD_ENABLE[number / 32] = 1u << number % 32;
}

static void distributor_init(void) {
    *GICD_CONTROL = CONTROL_AFFINITY;
    while (*GICD_CONTROL & CONTROL_BUSY) {
    }
    *GICD_CONTROL = CONTROL_AFFINITY | CONTROL_GROUP_0 | CONTROL_GROUP_1;
    unsigned lines = ((*GICD_TYPE & 0x1f) + 1) * 32;
    for (unsigned word = 8; word < lines / 4; word++) { /* the first 32 are the cores' own */
        GICD_PRIORITY[word] = PRIORITY_ALL;
    }
    open_interrupt(BOARD_CONSOLE_INTERRUPT, 0);
    for (unsigned core = 0; core < BOOT->core_count && virtio_console_has_slot(core); core++) {
        open_interrupt(virtio_console_interrupt_number(core), core);
    }
}

static void redistributor_init(unsigned core) {
    *GICR_WAKER(core) &= ~WAKER_SLEEP;
    while (*GICR_WAKER(core) & WAKER_ASLEEP) {
    }
    *GICR_GROUP(core) = ~(1u << RESTART_SGI);
    for (unsigned word = 0; word < 8; word++) {
        GICR_PRIORITY(core)[word] = word == 0 ? PRIORITY_SGIS : PRIORITY_ALL;
    }
    *GICR_ENABLE(core) = OWN_INTERRUPTS;
}

/* A life that ended while it served an interrupt left that active, and would
 * never take it again. */
static void deactivate(unsigned core, bool owner) {
    SYSTEM_WRITE("S3_0_C12_C12_4", CONTROL_SPLIT_END);     /* ICC_CTLR */
    BARRIER("isb");
    for (unsigned number = 0; number < 32; number++) {
        if (OWN_INTERRUPTS >> number & 1) {
            SYSTEM_WRITE("S3_0_C12_C11_1", number);        /* ICC_DIR: deactivate */
        }
    }
    if (virtio_console_has_slot(core)) {
        SYSTEM_WRITE("S3_0_C12_C11_1", virtio_console_interrupt_number(core));
    }
    if (owner) {
        SYSTEM_WRITE("S3_0_C12_C11_1", BOARD_CONSOLE_INTERRUPT);
    }
    SYSTEM_WRITE("S3_0_C12_C12_4", 0);
    SYSTEM_WRITE("S3_0_C12_C8_4", 0);                      /* ICC_AP0R0: active priorities */
    SYSTEM_WRITE("S3_0_C12_C9_0", 0);                      /* ICC_AP1R0 */
}

void arch_core_init(unsigned core, bool owner) {
    if (owner) {
        distributor_init();
        redistributor_init(core);
    }
    arch_timer_disarm();
    SYSTEM_WRITE("pmovsclr_el0", 1);
    SYSTEM_WRITE("pmintenset_el1", 1);     /* event counter 0 overflows */
    SYSTEM_WRITE("S3_0_C12_C12_5", 1);     /* ICC_SRE: system registers, not memory */
    BARRIER("isb");
    deactivate(core, owner);
    SYSTEM_WRITE("S3_0_C4_C6_0", 0xff);    /* ICC_PMR: any priority */
    SYSTEM_WRITE("S3_0_C12_C12_6", 1);     /* ICC_IGRPEN0: the restart */
    SYSTEM_WRITE("S3_0_C12_C12_7", 1);     /* ICC_IGRPEN1: all others */
    BARRIER("isb");
    BARRIER("msr daifclr, #1");            /* FIQs, for good */
}

void arch_core_restart(unsigned core) {
    SYSTEM_WRITE(ICC_SGI0R, SGI_TO(core, RESTART_SGI));
    BARRIER("isb");
}

void arch_core_release(unsigned core) {
    redistributor_init(core);
    register uint64_t x0 __asm__ ("x0") = 0xC4000003; /* PSCI CPU_ON */
    register uint64_t x1 __asm__ ("x1") = core / CLUSTER_CORES << 8 | core % CLUSTER_CORES;
    register uint64_t x2 __asm__ ("x2") = (uintptr_t)secondary_start;
    register uint64_t x3 __asm__ ("x3") = core;
    __asm__ volatile ("hvc #0" : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x3) : : "memory", "x4",
        "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17");
}

/* --- the instruction counter ---------------------------------------------------- */

static uint32_t counter_wraps;     /* upper half of the 32-bit event counter */

static void count_wrap(void) {
    if (SYSTEM_READ("pmovsclr_el0") & 1) {
        SYSTEM_WRITE("pmovsclr_el0", 1);
        BARRIER("isb");
        counter_wraps++;
    }
}

/* QEMU retires countable instructions only under -icount; without it the cycle
 * counter stands in. */
uint64_t arch_instructions(void) {
    if (!(SYSTEM_READ("pmceid0_el0") & 1u << 8)) {
        return SYSTEM_READ("pmccntr_el0");
    }
    uintptr_t state = arch_interrupts_mask();
    uint64_t low, again = SYSTEM_READ("pmevcntr0_el0");
    do {
        low = again;
        count_wrap();
        again = SYSTEM_READ("pmevcntr0_el0");
    } while (again < low);
    uint64_t count = (uint64_t)counter_wraps << 32 | low;
    arch_interrupts_restore(state);
    return count;
}

/* --- interrupts ------------------------------------------------------------------- */

static uint32_t acknowledge(void) {
    return SYSTEM_READ("S3_0_C12_C12_0");                  /* ICC_IAR1 */
}

static void end(uint32_t number) {
    SYSTEM_WRITE("S3_0_C12_C12_1", number);                /* ICC_EOIR1 */
}

__attribute__((noinline)) static void take_others(uint32_t number) {
    while (number < FIRST_SPECIAL) {
        BARRIER("dsb ish");
        if (number == DOORBELL_SGI) {
            interrupt_doorbell();
        } else if (number == BOARD_DEVICES_PMU_INTERRUPT) {
            count_wrap();
        } else if (number == BOARD_TIMER_INTERRUPT) {
            interrupt_timer();
        } else {
            interrupt_device(number);
        }
        end(number);
        number = acknowledge();
    }
}

void arch_interrupts_poll(void) {
    uint32_t number = acknowledge();
    if (number != DOORBELL_SGI) {
        take_others(number);
        return;
    }
    /* The frequent case, without a frame. Acknowledged and ended before the doorbell words
     * are read: a ring in between makes it pending again. What else is pending interrupts
     * when they are unmasked. */
    end(number);
    BARRIER("dsb ish");
    interrupt_doorbell();
}

/* --- traps -------------------------------------------------------------------------- */

const char *const arch_register_names[] = {
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
    "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
    "x28", "x29", "x30", "pstate", NULL,
};

enum class {                       /* of an exception, in its syndrome */
    CLASS_UNDEFINED = 0x00, CLASS_STATE = 0x0e, CLASS_SYSTEM = 0x18, CLASS_FETCH = 0x21,
    CLASS_PC = 0x22, CLASS_DATA = 0x25, CLASS_SP = 0x26, CLASS_ASYNCHRONOUS = 0x2f,
    CLASS_BREAKPOINT = 0x3c,
};

enum fault {                       /* of a fetch or a data access */
    FAULT_LEVELS = 0x03, FAULT_TRANSLATION = 0x04, FAULT_ACCESS = 0x08, FAULT_PERMISSION = 0x0c,
    FAULT_EXTERNAL = 0x10, FAULT_EXTERNAL_WALK = 0x14, FAULT_ALIGNMENT = 0x21,
};

static enum class class_of(const struct trap *trap) {
    return trap->cause >> 26 & 0x3f;
}

static const char *access_cause(const struct trap *trap, const char *unmapped, const char *absent,
    const char *misaligned) {
    unsigned fault = trap->cause & 0x3f;
    switch (fault) {
        case FAULT_EXTERNAL: return absent;
        case FAULT_ALIGNMENT: return misaligned;
        default: break;
    }
    switch (fault & ~FAULT_LEVELS) {
        case FAULT_TRANSLATION:
        case FAULT_ACCESS:
        case FAULT_PERMISSION: return unmapped;
        case FAULT_EXTERNAL_WALK: return "page table at an address without memory";
        default: return "unknown fault of an access";
    }
}

const char *arch_trap_cause(const struct trap *trap) {
    switch (class_of(trap)) {
        case CLASS_UNDEFINED:
        case CLASS_STATE:
        case CLASS_SYSTEM: return "illegal instruction";
        case CLASS_PC: return "jump to a misaligned address";
        case CLASS_SP: return "misaligned stack pointer";
        case CLASS_BREAKPOINT: return "breakpoint";
        case CLASS_ASYNCHRONOUS: return "asynchronous abort";
        case CLASS_FETCH:
            return access_cause(trap, "jump to an unmapped or protected page",
                "jump to an address without memory", "jump to a misaligned address");
        case CLASS_DATA:
            if (trap->cause & 1u << 6) {
                return access_cause(trap, "store to an unmapped or protected page",
                    "store to an address without memory", "store to a misaligned address");
            }
            return access_cause(trap, "load from an unmapped or protected page",
                "load from an address without memory", "load from a misaligned address");
        default: return "unknown trap";
    }
}

bool arch_trap_is_access(const struct trap *trap) {
    enum class class = class_of(trap);
    return class == CLASS_FETCH || class == CLASS_DATA || class == CLASS_PC;
}

uintptr_t arch_trap_return(const struct trap *trap) {
    return trap->registers[30];
}

/* From trap entry. */
void arch_exception(struct trap *trap);
void arch_exception(struct trap *trap) {
    if (!arch_trap_is_access(trap)) {
        trap->address = trap->pc; /* the fault address register is stale */
    }
    trap_exception(trap);
}

/* --- the end -------------------------------------------------------------------------- */

void arch_exit(unsigned status) {
    struct { uint64_t reason, status; } block = {0x20026, ARCH_EXIT_WORD(status)}; /* the program ended itself */
    register uint64_t operation __asm__ ("x0") = 0x18;             /* semihosting SYS_EXIT */
    register void *parameter __asm__ ("x1") = &block;
    __asm__ volatile ("hlt #0xf000" : "+r" (operation) : "r" (parameter) : "memory");
    arch_park();
}
