/* The shared window: control pages, reports, the monitors' mesh, arenas; and
 * the doorbells, which live in the control pages. */
#include <string.h>

#include "answers.h"
#include "arch.h"
#include "channel.h"
#include "core.h"
#include "memory_order.h"
#include "py/mpstate.h"
#include "stress.h"
#include "stuck.h"

unsigned core_number;

static uint32_t urgent_latched[URGENT_WORDS];
static struct bells bells;         /* of channels, that nobody has taken yet */
static uint32_t bells_pending;     /* bit i: pending[i] may have more; set by interrupts */
static volatile bool event;        /* something happened since the last wait returned */

/* --- where things lie ------------------------------------------------------------ */

static uint32_t reports_offset(void) {
    return BOOT->core_count * LAYOUT_PAGE;
}

uint32_t meshes_offset(void) {
    return reports_offset() + BOOT->core_count * REPORT_BYTES;
}

static uint32_t arenas_offset(void) {
    return meshes_offset() + BOOT->core_count * (BOOT->core_count - 1) / 2 * LAYOUT_PAGE;
}

uint32_t shared_bytes(void) {
    return BOOT->shared_bytes;
}

struct control *control_of(unsigned core) {
    return (struct control *)(LAYOUT_SHARED + (uintptr_t)core * LAYOUT_PAGE);
}

char *report_of(unsigned core) {
    return (char *)(uintptr_t)(LAYOUT_SHARED + reports_offset() + core * REPORT_BYTES);
}

uint32_t mesh_offset(unsigned a, unsigned b) {
    unsigned low = a < b ? a : b, high = a < b ? b : a;
    return meshes_offset() + (high * (high - 1) / 2 + low) * LAYOUT_PAGE;
}

void arena_of(unsigned core, uint32_t *offset, uint32_t *length) {
    uint32_t all = shared_bytes() - arenas_offset();
    *length = all / BOOT->core_count & ~(LAYOUT_PAGE - 1u);
    *offset = arenas_offset() + core * *length;
}

/* --- doorbells ----------------------------------------------------------------------- */

static inline void interrupt(unsigned core) {
    arch_fence_device();
    arch_doorbell_interrupt(core);
}

static MP_NOINLINE void interrupt_delayed(unsigned core) {
    stress_point(STRESS_RING);
    interrupt(core);
}

void doorbell_ring(unsigned core, unsigned bell) {
    struct control *control = control_of(core);
    answers_ring(bell);
    /* Bit before summary: interrupt_doorbell() takes them the other way round,
     * so a bit is never left behind a summary that was already taken. */
    mem_fetch_or(&control->pending[bell / 32], 1u << bell % 32);
    mem_fetch_or(&control->summary, 1u << bell / 32);
    if (BOOT->seed != 0) {
        interrupt_delayed(core);
    } else {
        interrupt(core);
    }
}

void interrupt_doorbell(void) {
    struct control *control = control_of(core_number);
    uint32_t summary = mem_exchange(&control->summary, 0);
    event = true;
    bells_pending |= summary; /* their bits stay where they are until somebody wants them */
    if (summary & ((1u << URGENT_WORDS) - 1)) {
        for (unsigned word = 0; word < URGENT_WORDS; word++) {
            if (summary >> word & 1) {
                urgent_latched[word] |= mem_exchange(&control->pending[word], 0);
            }
        }
        answers_rung();
        core_schedule_urgent();
    }
}

void doorbell_ring_self(void) {
    urgent_latched[core_number / 32] |= 1u << core_number % 32;
    event = true;
    core_schedule_urgent();
}

bool doorbell_is_urgent(void) {
    uint32_t any = 0;
    for (unsigned word = 0; word < URGENT_WORDS; word++) {
        any |= urgent_latched[word];
    }
    return any != 0;
}

/* The lowest of the bells that rang, without those in `but`; -1: none. Takes it. */
static int take_urgent_but(const uint32_t *but) {
    for (unsigned word = 0; word < URGENT_WORDS; word++) {
        uint32_t bits = urgent_latched[word] & ~but[word];
        if (bits != 0) {
            urgent_latched[word] &= ~(bits & -bits);
            return word * 32 + first_bit(bits);
        }
    }
    return -1;
}

/* In rounds, each bell once in a round, so that who rings again and again keeps
 * nobody else waiting. */
int doorbell_take_urgent(void) {
    static uint32_t taken[URGENT_WORDS]; /* in this round */
    uintptr_t state = arch_interrupts_mask();
    int found = take_urgent_but(taken);
    if (found < 0) {
        memset(taken, 0, sizeof(taken));
        found = take_urgent_but(taken);
    }
    if (found >= 0) {
        taken[found / 32] |= 1u << found % 32;
    }
    arch_interrupts_restore(state);
    return found;
}

void doorbell_latch(unsigned bell) {
    bells_latch(&bells, bell / 32, 1u << bell % 32);
    event = true;
}

int doorbell_take(void) {
    if (mem_load_relaxed(&bells_pending) != 0) {
        uintptr_t state = arch_interrupts_mask();
        uint32_t words = bells_pending & BELL_CHANNEL_WORDS;
        bells_pending = 0;
        arch_interrupts_restore(state);
        for (; words != 0; words &= words - 1) {
            unsigned word = first_bit(words);
            bells_latch(&bells, word, mem_exchange(&control_of(core_number)->pending[word], 0));
        }
    }
    return bells_take(&bells);
}

/* --- sleep (SPEC UMP-5) ------------------------------------------------------------------ */

void core_event(void) {
    event = true;
}

static uint64_t alarm_ticks;       /* ends a wait at this time too; 0: none */

void core_set_alarm(uint64_t ticks) {
    alarm_ticks = ticks;
}

bool core_alarm_passed(void) {
    return alarm_ticks != 0 && arch_ticks() >= alarm_ticks;
}

/* Nothing happened, and no callback that another one scheduled is due. */
static inline bool idle(void) {
    return !event && MP_STATE_VM(sched_state) != MP_SCHED_PENDING;
}

bool core_is_eventful(void) {
    return !idle();
}

/* Of two times, of which 0 is none. */
static inline uint64_t earlier(uint64_t one, uint64_t other) {
    return other != 0 && (one == 0 || other < one) ? other : one;
}

void core_wait(uint64_t deadline) {
    if (MP_STATE_VM(channels_put_off) != NULL) {
        channels_push();
    }
    stress_point(STRESS_SLEEP);
    uintptr_t state = arch_interrupts_mask();
    deadline = earlier(deadline, alarm_ticks);
    /* Whoever waits has announced it and looked again at what it waits for.
     * What came since then is in `event`, or pending, which ends the wait
     * instruction at once. */
    if (idle() && (deadline == 0 || arch_ticks() < deadline)) {
        if (deadline != 0) {
            arch_timer_arm(earlier(deadline, stuck_deadline));
        }
        arch_wait_for_interrupt();
        if (deadline != 0) {
            arch_timer_disarm();
            if (stuck_deadline != 0) {
                arch_timer_arm(stuck_deadline);
            }
        }
        arch_interrupts_poll();
    }
    event = false;
    arch_interrupts_restore(state);
    stress_point(STRESS_WAKE);
}
