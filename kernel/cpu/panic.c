/* A core's end: its report, where core 0 and the host find it. Nothing here
 * allocates, waits for another core, or trusts what it walks over. */
#include <stdarg.h>
#include <string.h>

#include "arch.h"
#include "console.h"
#include "core.h"
#include "memory_order.h"
#include "place.h"
#include "port/traceback.h"
#include "probe.h"
#include "py/gc.h"
#include "py/mpprint.h"
#include "py/mpstate.h"

#define STACK_WORDS_MAX 24         /* candidates for return addresses */

extern char __text_start[], __text_end[], __stack_bottom[], __stack_top[];

struct report {                    /* in the report area */
    uint32_t length;               /* 0: none; written last */
    char text[REPORT_BYTES - sizeof(uint32_t)];
};

static uint32_t written;

static struct report *own_report(void) {
    return (struct report *)report_of(core_number);
}

static void report_strn(void *unused, const char *text, size_t length) {
    (void)unused;
    for (size_t i = 0; i < length && written < sizeof(own_report()->text); i++) {
        own_report()->text[written++] = text[i];
    }
}

static const mp_print_t report_print = {NULL, report_strn};

static void print_registers(const struct trap *trap) {
    mp_printf(&report_print, "  pc 0x%p sp 0x%p address 0x%p\n",
        (void *)trap->pc, (void *)trap->sp, (void *)trap->address);
    for (unsigned i = 0; arch_register_names[i] != NULL; i++) {
        mp_printf(&report_print, "%s%s 0x%p", i % 4 == 0 ? "  " : " ", arch_register_names[i],
            (void *)trap->registers[i]);
        if (i % 4 == 3 || arch_register_names[i + 1] == NULL) {
            mp_print_str(&report_print, "\n");
        }
    }
}

/* Words on the VM's stack that point into the text: return addresses, and some
 * that once were. */
static void print_stack(uintptr_t sp) {
    if (sp < (uintptr_t)__stack_bottom || sp >= (uintptr_t)__stack_top) {
        sp = (uintptr_t)__stack_bottom; /* overflown: from its end */
    }
    mp_print_str(&report_print, "  stack:");
    unsigned found = 0;
    for (uintptr_t *word = (uintptr_t *)(sp & -sizeof(uintptr_t));
         word < (uintptr_t *)__stack_top && found < STACK_WORDS_MAX; word++) {
        if (*word >= (uintptr_t)__text_start && *word < (uintptr_t)__text_end) {
            mp_printf(&report_print, "%s0x%p", found % 6 == 0 && found > 0 ? "\n  stack: " : " ",
                (void *)*word);
            found++;
        }
    }
    mp_print_str(&report_print, "\n");
}

static void finish(void) __attribute__((noreturn));
static void finish(void) {
    mp_print_str(&report_print, "*** end\n");
    mem_store_release(&own_report()->length, written);
    if (core_number == 0) {
        console_put(own_report()->text, written);
        if (BOOT->flags & BOOT_EXIT_ON_PANIC) {
            arch_exit(255);
        }
    }
    /* From here on others may restart this core. */
    life_panics();
    mem_store_release(&control_of(core_number)->state, CORE_DEAD);
    for (unsigned core = 0; core < BOOT->core_count; core++) {
        if (core != core_number) {
            doorbell_ring(core, core_number);
        }
    }
    arch_park();
}

static void start(const char *cause) {
    written = 0;
    mp_printf(&report_print, "*** core %u (generation %u) panic: %s", core_number,
        (unsigned)control_of(core_number)->generation, cause);
}

void trap_exception(struct trap *trap) {
    if (probe_trapped(trap)) {
        return;
    }
    start(arch_trap_cause(trap));
    mp_printf(&report_print, " at 0x%p", (void *)trap->address);
    place_print(&report_print, trap->address);
    mp_print_str(&report_print, "\n");
    print_registers(trap);
    print_stack(trap->sp);
    traceback_print(&report_print, (uintptr_t)__stack_bottom,
        LAYOUT_PRIVATE + BOOT->private_bytes);
    finish();
}

void core_panic(const char *cause) {
    arch_interrupts_mask();
    start(cause);
    mp_print_str(&report_print, "\n");
    print_stack((uintptr_t)__builtin_frame_address(0));
    traceback_print(&report_print, (uintptr_t)__stack_bottom,
        LAYOUT_PRIVATE + BOOT->private_bytes);
    finish();
}
