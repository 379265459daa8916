/* The module `frames`: what a C function that crashes under Python would see, for
 * the test of kernel/cpu/port/traceback.c. The heap and the stack lie apart on the
 * host, so the bounds span both; what is mapped is asked of the host's kernel. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "port/traceback.c"
#include "py/gc.h"
#include "py/runtime.h"

bool space_is_mapped(uintptr_t address) {
    return address >= LAYOUT_PAGE && msync((void *)(address & -LAYOUT_PAGE), 1, MS_ASYNC) == 0;
}

static void print(void) {
    traceback_print(&mp_plat_print, LAYOUT_PAGE, UINTPTR_MAX);
}

static mp_obj_t frames_show(size_t count, const mp_obj_t *arguments) {
    print();
    return count > 0 ? arguments[0] : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(frames_show_obj, 0, 3, frames_show);

static mp_obj_t frames_depth(void) {
    size_t depth = 0;
    for (mp_frame_link_t *link = MP_STATE_THREAD(frame_top); link != NULL; link = link->caller) {
        depth++;
    }
    return MP_OBJ_NEW_SMALL_INT(depth);
}
static MP_DEFINE_CONST_FUN_OBJ_0(frames_depth_obj, frames_depth);

static void trapped(int signal_number) {
    print();
    _exit(signal_number == SIGSEGV ? 7 : 8);
}

static mp_obj_t frames_trap(void) {
    signal(SIGSEGV, trapped);
    volatile char *volatile nowhere = (volatile char *)1;
    *nowhere = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(frames_trap_obj, frames_trap);

/* Calls a function that may end in abort(); true if it did. */
static mp_obj_t frames_guard(mp_obj_t function) {
    nlr_buf_t nlr, *outer = nlr_get_abort();
    if (nlr_push(&nlr) == 0) {
        nlr_set_abort(&nlr);
        mp_call_function_0(function);
        nlr_pop();
        nlr_set_abort(outer);
        return mp_const_false;
    }
    nlr_set_abort(outer);
    if (nlr.ret_val != NULL) {
        nlr_jump(nlr.ret_val);
    }
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_1(frames_guard_obj, frames_guard);

static mp_obj_t frames_abort(void) {
    mp_sched_vm_abort();
    mp_handle_pending(true);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(frames_abort_obj, frames_abort);

/* Overwrites each word that the walk follows with each kind of wrong value, one at
 * a time, and prints. A wrong check ends the process by a signal. */
static mp_obj_t frames_corrupt(void) {
    mp_frame_link_t *link = MP_STATE_THREAD(frame_top)->caller;
    mp_code_state_t *state = link->code_state;
    mp_obj_fun_bc_t *function = state->fun_bc;
    struct {
        const char *name;
        void *word;
    } targets[] = {
        {"top", &MP_STATE_THREAD(frame_top)}, {"caller", &link->caller},
        {"code_state", &link->code_state}, {"fun_bc", &state->fun_bc}, {"ip", &state->ip},
        {"type", &function->base.type}, {"context", &function->context},
        {"bytecode", &function->bytecode}, {"qstrs", &MP_STATE_VM(last_pool)},
        {"qstr_table", &((mp_module_context_t *)function->context)->constants},
    };
    uintptr_t *zeros = m_new0(uintptr_t, 4096), *ones = m_new(uintptr_t, 4096);
    memset(ones, 0xff, 4096 * sizeof(uintptr_t));
    char *page = mmap(NULL, 2 * LAYOUT_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    memset(page, 0xff, LAYOUT_PAGE);
    munmap(page + LAYOUT_PAGE, LAYOUT_PAGE);
    uintptr_t values[] = {
        0, 1, (uintptr_t)link, (uintptr_t)MP_STATE_THREAD(frame_top), (uintptr_t)link + 1,
        (uintptr_t)state, (uintptr_t)function, (uintptr_t)zeros, (uintptr_t)ones,
        (uintptr_t)page + LAYOUT_PAGE - 1, (uintptr_t)page + LAYOUT_PAGE - sizeof(uintptr_t),
        (uintptr_t)page + LAYOUT_PAGE, UINTPTR_MAX, UINTPTR_MAX - 7, (uintptr_t)-1 / 3,
    };
    size_t count = 0;
    for (size_t i = 0; i < MP_ARRAY_SIZE(targets); i++) {
        for (size_t j = 0; j < MP_ARRAY_SIZE(values); j++) {
            uintptr_t kept;
            memcpy(&kept, targets[i].word, sizeof(kept));
            memcpy(targets[i].word, &values[j], sizeof(kept));
            print();
            memcpy(targets[i].word, &kept, sizeof(kept));
            count++;
        }
        mp_printf(&mp_plat_print, "-- %s\n", targets[i].name);
    }
    return MP_OBJ_NEW_SMALL_INT(count);
}
static MP_DEFINE_CONST_FUN_OBJ_0(frames_corrupt_obj, frames_corrupt);

static const mp_rom_map_elem_t frames_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_frames) },
    { MP_ROM_QSTR(MP_QSTR_show), MP_ROM_PTR(&frames_show_obj) },
    { MP_ROM_QSTR(MP_QSTR_depth), MP_ROM_PTR(&frames_depth_obj) },
    { MP_ROM_QSTR(MP_QSTR_trap), MP_ROM_PTR(&frames_trap_obj) },
    { MP_ROM_QSTR(MP_QSTR_guard), MP_ROM_PTR(&frames_guard_obj) },
    { MP_ROM_QSTR(MP_QSTR_abort), MP_ROM_PTR(&frames_abort_obj) },
    { MP_ROM_QSTR(MP_QSTR_corrupt), MP_ROM_PTR(&frames_corrupt_obj) },
};
static MP_DEFINE_CONST_DICT(frames_globals, frames_globals_table);
const mp_obj_module_t frames_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&frames_globals,
};
MP_REGISTER_MODULE(MP_QSTR_frames, frames_module);
