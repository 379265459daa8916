/* A core that does not answer to Ctrl-C: stuck.h. */
#include "stuck.h"

#include "arch.h"
#include "console.h"
#include "core.h"
#include "memory_order.h"
#include "py/mpprint.h"
#include "virtio_console.h"

static uint64_t patience;          /* in ticks; 0: for ever */
static unsigned typed;             /* Ctrl-Cs for what runs now */
uint64_t stuck_deadline;           /* of the watch: to say so, then to restart; 0: none */
static bool said, at_own_console;
static uint64_t companions;        /* a bit for each core */
static uint32_t turns_before[CORES_MAX]; /* of theirs */

void stuck_restart_after(uint32_t ms) {
    patience = (uint64_t)ms * ARCH_TICKS_PER_MS;
}

void stuck_with(uint64_t cores) {
    companions = cores;
}

static bool is_companion(unsigned core) {
    return companions >> core & 1 && core != core_number;
}

void stuck_forget(void) {
    typed = 0;
}

static void watch_until(uint64_t ticks) {
    stuck_deadline = ticks;
    arch_timer_arm(ticks);
}

void stuck_interrupted(bool own_console) {
    if (++typed >= 2 && stuck_deadline == 0 && patience != 0) {
        said = false;
        at_own_console = own_console;
        for (unsigned core = 0; core < BOOT->core_count; core++) {
            if (is_companion(core)) {
                turns_before[core] = mem_load_relaxed(&control_of(core)->turns);
                doorbell_ring(core, core_number);
            }
        }
        watch_until(arch_ticks() + patience / 4);
    }
}

void stuck_answered(void) {
    struct control *control = control_of(core_number);
    mem_store_relaxed(&control->turns, control->turns + 1);
    if (stuck_deadline != 0) {
        uintptr_t state = arch_interrupts_mask();
        stuck_deadline = 0;
        arch_timer_disarm();
        arch_interrupts_restore(state);
    }
}

static void say(void) {
    char text[100];
    vstr_t line;
    mp_print_t print;
    vstr_init_fixed_buf(&line, sizeof(text), text);
    print.data = &line;
    print.print_strn = (mp_print_strn_t)vstr_add_strn;
    mp_printf(&print, "\r\ncore %u does not answer; restarting it in %u ms, unless it does\r\n",
        core_number, (unsigned)((patience - patience / 4) / ARCH_TICKS_PER_MS));
    if (at_own_console) {
        virtio_console_try_put(line.buf, line.len);
    } else if (core_number == 0) {
        console_put(line.buf, line.len);
    }
}

static void restart(void) {
    arch_fence_device();
    for (unsigned core = 0; core < BOOT->core_count; core++) {
        if (is_companion(core)
            && mem_load_relaxed(&control_of(core)->turns) == turns_before[core]
            && mem_load_relaxed(&control_of(core)->state) == CORE_ONLINE) {
            arch_core_restart(core);
        }
    }
    arch_core_restart(core_number);
    arch_park();
}

void interrupt_timer(void) {
    arch_timer_disarm();
    if (stuck_deadline == 0) {
        return;                    /* a wait's, which looks at the clock itself */
    }
    if (arch_ticks() < stuck_deadline) {
        watch_until(stuck_deadline);
    } else if (!said) {
        said = true;
        say();
        watch_until(arch_ticks() + patience - patience / 4);
    } else {
        stuck_deadline = 0;
        restart();
    }
}
