/* KeyboardInterrupt, for the kernel's Python: interrupt.h.
 *
 * A kill raises it in every turn that the VM gives to callbacks, by a node of the scheduler
 * that puts itself back: nodes have their place, while the queue of micropython.schedule()
 * may be full. A program leaves each of its handlers by a jump or a return, where the next
 * one is raised, so it cannot swallow all of them. */
#include "interrupt.h"

#include "arch.h"
#include "console.h"
#include "core.h"
#include "py/mpstate.h"
#include "py/runtime.h"
#include "shared/runtime/interrupt_char.h"

static mp_sched_node_t again_node;
static bool again;

static void raise_at_next_jump(void) {
    uintptr_t state = arch_interrupts_mask();
    mp_sched_keyboard_interrupt();
    core_event();
    arch_interrupts_restore(state);
}

static void raise_again(mp_sched_node_t *node) {
    if (again) {
        raise_at_next_jump();
        mp_sched_schedule_node(node, raise_again);
    }
}

static mp_obj_t cpu_interrupt(size_t n_args, const mp_obj_t *args) {
    raise_at_next_jump();
    if (n_args == 1 && mp_obj_is_true(args[0])) {
        again = true;
        mp_sched_schedule_node(&again_node, raise_again);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(cpu_interrupt_obj, 0, 1, cpu_interrupt);

static mp_obj_t cpu_settle(void) {
    uintptr_t state = arch_interrupts_mask();
    again = false;
    MP_STATE_MAIN_THREAD(mp_pending_exception) = MP_OBJ_NULL;
    arch_interrupts_restore(state);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_settle_obj, cpu_settle);

static mp_obj_t cpu_interrupts(void) {
    return MP_OBJ_NEW_SMALL_INT(console_interrupts());
}
MP_DEFINE_CONST_FUN_OBJ_0(cpu_interrupts_obj, cpu_interrupts);

static mp_obj_t cpu_interrupt_char(mp_obj_t byte) {
    int before = mp_interrupt_char;
    console_set_interrupt_char(mp_obj_get_int(byte));
    return MP_OBJ_NEW_SMALL_INT(before);
}
MP_DEFINE_CONST_FUN_OBJ_1(cpu_interrupt_char_obj, cpu_interrupt_char);
