/* A core's life: its address space is live, MicroPython starts, the kernel's
 * Python runs and does not return. */
#include <string.h>

#include "../arch.h"
#include "../console.h"
#include "../core.h"
#include "../memory_order.h"
#include "../snapshot.h"
#include "../stress.h"
#include "../uart.h"
#include "../virtio_console.h"
#include "py/compile.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"

#define STACK_RESERVE 8192         /* for C below the deepest Python call */

extern char __stack_top[], __stack_bottom[], __heap_start[];

const char polyphone_help_text[] =
    "Polyphone: a MicroPython kernel on every core.\n"
    "\n"
    "import poly       cores, channels to other cores, programs on them\n"
    "import cpu, ump   this core, and its channels, as the CPU driver gives them\n"
    "help('modules')   what else can be imported\n"
    "\n"
    "Ctrl-A  raw REPL      Ctrl-B  this REPL       Ctrl-C  interrupt a program\n"
    "Ctrl-D  leave         Ctrl-E  paste mode\n";

void interrupt_device(unsigned number) {
    if (number == BOARD_CONSOLE_INTERRUPT) {
        console_receive();
    } else if (number == virtio_console_interrupt_number(core_number)) {
        virtio_console_acknowledge();
        console_receive_own();
    }
}

static bool prepared;              /* in this life, or in the snapshot that it began with */

/* All that is the same on every core: MicroPython, and the modules that each needs. */
static void prepare(void) {
    mp_cstack_init_with_top(__stack_top, LAYOUT_STACK - MICROPY_SCHEDULER_STACK - STACK_RESERVE);
    gc_init(__heap_start, (char *)LAYOUT_PRIVATE + BOOT->private_bytes);
    mp_init();
    readline_init0();
    if (!pyexec_frozen_module("imports.py", false)) {
        core_panic("the kernel's Python does not load");
    }
    prepared = true;
}

static void __attribute__((noreturn)) run(void) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_function_0(MP_STATE_PORT(cpu_start));
        nlr_pop();
    } else {
        mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
    core_panic("the kernel's Python ended");
}

static void release_others(void) {
    arch_fence_device();
    for (unsigned other = 1; other < BOOT->core_count; other++) {
        stress_point(STRESS_RELEASE);
        arch_core_release(other);
    }
}

void core_start(unsigned core, bool again) {
    core_number = core;
    arch_core_init(core, core == 0);
    stress_init();
    stress_point(STRESS_START);
    if (core == 0) {
        uart_init();
    }
    if (again) {
        life_again();
    }
    bool first = !prepared;
    if (first) {
        prepare();
    }
    if (core == 0 && !again) {
        if (first) {
            snapshot_take();
        }
        release_others();
    }
    console_start();
    virtio_console_start();
    arch_interrupts_restore(ARCH_INTERRUPTS_ON);
    run();
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

void nlr_jump_fail(void *value) {
    (void)value;
    core_panic("exception outside any handler");
}

void __attribute__((noreturn)) abort(void) {
    core_panic("abort");
}

void __attribute__((noreturn)) __assert_func(const char *file, int line, const char *function,
    const char *condition) {
    (void)file;
    (void)line;
    (void)function;
    core_panic(condition);
}
