/* The cpu module: this core, for the kernel's Python. Documented in stubs/cpu.pyi. */
#include <string.h>

#include "arch.h"
#include "core.h"
#include "hang.h"
#include "heap.h"
#include "interrupt.h"
#include "memory_order.h"
#include "modconsole.h"
#include "place.h"
#include "probe.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/objarray.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "ram_disk.h"
#include "stress.h"
#include "stuck.h"
#include "tasks.h"

MP_REGISTER_ROOT_POINTER(mp_obj_t cpu_urgent);
MP_REGISTER_ROOT_POINTER(mp_obj_t cpu_this);
MP_REGISTER_ROOT_POINTER(mp_obj_t cpu_start);

static unsigned core_of(mp_obj_t arg) {
    mp_int_t core = mp_obj_get_int(arg);
    if (core < 0 || (mp_uint_t)core >= BOOT->core_count) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("no core %d: the cores are 0..%d"),
            (int)core, (int)BOOT->core_count - 1);
    }
    return core;
}

#define FUNCTION_0(name) static MP_DEFINE_CONST_FUN_OBJ_0(name##_obj, name)
#define FUNCTION_1(name) static MP_DEFINE_CONST_FUN_OBJ_1(name##_obj, name)
#define FUNCTION_2(name) static MP_DEFINE_CONST_FUN_OBJ_2(name##_obj, name)
#define FUNCTION_N(name, least, most) \
    static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(name##_obj, least, most, name)

/* --- identity ---------------------------------------------------------------------- */

static mp_obj_t cpu_core(void) {
    return MP_OBJ_NEW_SMALL_INT(core_number);
}
FUNCTION_0(cpu_core);

static mp_obj_t cpu_cores(void) {
    return MP_OBJ_NEW_SMALL_INT(BOOT->core_count);
}
FUNCTION_0(cpu_cores);

static mp_obj_t cpu_generation(size_t n_args, const mp_obj_t *args) {
    unsigned core = n_args == 0 ? core_number : core_of(args[0]);
    return mp_obj_new_int_from_uint(mem_load_relaxed(&control_of(core)->generation));
}
FUNCTION_N(cpu_generation, 0, 1);

static mp_obj_t cpu_state(mp_obj_t core) {
    uint32_t state = mem_load_acquire(&control_of(core_of(core))->state);
    /* Who says nonsense is as good as dead. */
    return MP_OBJ_NEW_SMALL_INT(state > CORE_STOPPED ? CORE_DEAD : state);
}
FUNCTION_1(cpu_state);

static mp_obj_t cpu_known(mp_obj_t core) {
    return mp_obj_new_bool(life_known(core_of(core)));
}
FUNCTION_1(cpu_known);

static mp_obj_t cpu_meet(mp_obj_t arg, mp_obj_t generation) {
    unsigned core = core_of(arg);
    bool new = life_meet(core, mp_obj_get_int_truncated(generation));
    if (new) {
        doorbell_ring(core, BELL_WAKE); /* ends its wait */
    }
    return mp_obj_new_bool(new);
}
FUNCTION_2(cpu_meet);

static mp_obj_t cpu_met_by(mp_obj_t core) {
    return mp_obj_new_bool(life_met_by(core_of(core)));
}
FUNCTION_1(cpu_met_by);

/* Stored before this core says that it met core 0's life, so whoever has seen that by
 * met_by() sees this. */
static mp_obj_t cpu_set_untold(mp_obj_t count) {
    mem_store_relaxed(&control_of(core_number)->untold, mp_obj_get_int_truncated(count));
    return mp_const_none;
}
FUNCTION_1(cpu_set_untold);

static mp_obj_t cpu_untold(mp_obj_t core) {
    return mp_obj_new_bool(mem_load_acquire(&control_of(core_of(core))->untold) != 0);
}
FUNCTION_1(cpu_untold);

static mp_obj_t cpu_turns(mp_obj_t core) {
    return mp_obj_new_int_from_uint(mem_load_relaxed(&control_of(core_of(core))->turns));
}
FUNCTION_1(cpu_turns);

static mp_obj_t cpu_panics(mp_obj_t core, mp_obj_t period_ms) {
    return MP_OBJ_NEW_SMALL_INT(life_panics_of(core_of(core), mp_obj_get_int(period_ms)));
}
FUNCTION_2(cpu_panics);

static mp_obj_t cpu_restart(mp_obj_t arg) {
    unsigned core = core_of(arg);
    arch_fence_device();
    arch_core_restart(core);
    while (core == core_number) {
        arch_wait_for_interrupt();
    }
    return mp_const_none;
}
FUNCTION_1(cpu_restart);

static mp_obj_t cpu_revive(mp_obj_t arg) {
    /* One call: nothing of Python's comes between claim and restart. */
    bool claimed = life_claim(core_of(arg));
    if (claimed) {
        cpu_restart(arg);
    }
    return mp_obj_new_bool(claimed);
}
FUNCTION_1(cpu_revive);

static mp_obj_t cpu_give_up(mp_obj_t core) {
    /* Unless somebody has just restarted it. */
    return mp_obj_new_bool(
        mem_compare_exchange(&control_of(core_of(core))->state, CORE_DEAD, CORE_STOPPED));
}
FUNCTION_1(cpu_give_up);

static mp_obj_t cpu_online(void) {
    mem_store_release(&control_of(core_number)->state, CORE_ONLINE);
    if (core_number != 0) {
        doorbell_ring(0, BELL_WAKE); /* ends its wait */
    }
    return mp_const_none;
}
FUNCTION_0(cpu_online);

static mp_obj_t cpu_arguments(void) {
    if (BOOT->arguments_bytes > BOOT_BLOCK_BYTES - offsetof(struct boot_block, arguments)) {
        mp_raise_ValueError(MP_ERROR_TEXT("boot block: arguments too long"));
    }
    return mp_obj_new_str(BOOT->arguments, BOOT->arguments_bytes);
}
FUNCTION_0(cpu_arguments);

static mp_obj_t cpu_board(void) {
    return mp_obj_new_str(BOARD_NAME, strlen(BOARD_NAME));
}
FUNCTION_0(cpu_board);

static mp_obj_t cpu_romfs(void) {
    if (BOOT->romfs_bytes == 0) {
        return mp_const_none;
    }
    return mp_obj_new_memoryview('B', BOOT->romfs_bytes, (void *)(uintptr_t)LAYOUT_ROMFS);
}
FUNCTION_0(cpu_romfs);

static mp_obj_t cpu_private_bytes(void) {
    return mp_obj_new_int_from_uint(BOOT->private_bytes);
}
FUNCTION_0(cpu_private_bytes);

static mp_obj_t cpu_instructions(void) {
    return mp_obj_new_int_from_ull(arch_instructions());
}
FUNCTION_0(cpu_instructions);

static mp_obj_t cpu_exit(size_t n_args, const mp_obj_t *args) {
    if (core_number != 0) {
        mp_raise_OSError(MP_EPERM);
    }
    mp_int_t status = n_args == 0 ? 0 : mp_obj_get_int(args[0]);
    if (status < 0 || status > 255) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("exit status %d is not in 0..255"),
            (int)status);
    }
    arch_exit(status);
}
FUNCTION_N(cpu_exit, 0, 1);

/* --- waiting, doorbells -------------------------------------------------------------- */

static mp_obj_t cpu_wait(size_t n_args, const mp_obj_t *args) {
    mp_int_t timeout_ms = n_args == 0 ? -1 : mp_obj_get_int(args[0]);
    mp_handle_pending(true);
    mp_hal_wait(timeout_ms);
    mp_handle_pending(true);
    return mp_const_none;
}
FUNCTION_N(cpu_wait, 0, 1);

extern mp_uint_t mp_select_period_ms; /* extmod/modselect.c, by a patch */

static mp_obj_t cpu_stream_period(mp_obj_t period_ms) {
    mp_select_period_ms = mp_obj_get_int(period_ms);
    return mp_const_none;
}
FUNCTION_1(cpu_stream_period);

static mp_obj_t cpu_alarm(mp_obj_t arg) {
    mp_int_t from_now_ms = mp_obj_get_int(arg);
    core_set_alarm(from_now_ms < 0 ? 0
        : arch_ticks() + from_now_ms * (BOARD_TIMER_TICKS_PER_SECOND / 1000) + 1);
    return mp_const_none;
}
FUNCTION_1(cpu_alarm);

static mp_sched_node_t urgent_node;

static void run_urgent(mp_sched_node_t *node) {
    (void)node;
    stress_point(STRESS_SERVE);
    stuck_answered();
    mp_obj_t serve = MP_STATE_PORT(cpu_urgent);
    if (serve == MP_OBJ_NULL || serve == mp_const_none) {
        return;
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_function_1(serve, mp_const_none);
        nlr_pop();
    } else {
        mp_print_str(&mp_plat_print, "uncaught exception in the monitor\n");
        mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
    if (doorbell_is_urgent()) {
        core_schedule_urgent(); /* what was left is served after the next bytecodes */
    }
}

void core_schedule_urgent(void) {
    hang_if_due();
    mp_sched_schedule_node(&urgent_node, run_urgent);
}

static mp_obj_t cpu_on_urgent(mp_obj_t serve) {
    MP_STATE_PORT(cpu_urgent) = serve;
    core_schedule_urgent(); /* what rang before */
    return mp_const_none;
}
FUNCTION_1(cpu_on_urgent);

/* With the scheduler locked, as within the callback. */
static mp_obj_t cpu_undisturbed(mp_obj_t function, mp_obj_t argument) {
    nlr_buf_t nlr;
    mp_sched_lock();
    if (nlr_push(&nlr) != 0) {
        mp_sched_unlock();
        nlr_jump(nlr.ret_val);
    }
    mp_obj_t result = mp_call_function_1(function, argument);
    nlr_pop();
    mp_sched_unlock();
    return result;
}
FUNCTION_2(cpu_undisturbed);

static mp_obj_t cpu_patience(mp_obj_t ms) {
    stuck_restart_after(mp_obj_get_int(ms));
    return mp_const_none;
}
FUNCTION_1(cpu_patience);

static mp_obj_t cpu_companions(mp_obj_t cores) {
    uint64_t bits = 0;
    mp_obj_t iterable = mp_getiter(cores, NULL), core;
    while ((core = mp_iternext(iterable)) != MP_OBJ_STOP_ITERATION) {
        bits |= (uint64_t)1 << core_of(core);
    }
    stuck_with(bits);
    return mp_const_none;
}
FUNCTION_1(cpu_companions);

static mp_obj_t cpu_take_urgent(void) {
    return MP_OBJ_NEW_SMALL_INT(doorbell_take_urgent());
}
FUNCTION_0(cpu_take_urgent);

static mp_obj_t cpu_ring(mp_obj_t core_arg, mp_obj_t bell) {
    unsigned core = core_of(core_arg);
    mp_int_t number = mp_obj_get_int(bell);
    if (number < 0 || number >= (mp_int_t)DOORBELLS) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("doorbell %d is not in 0..%d"),
            (int)number, (int)DOORBELLS - 1);
    }
    if (core == core_number && number >= (mp_int_t)BELL_URGENT_END) {
        doorbell_latch(number);
    } else {
        doorbell_ring(core, number);
    }
    return mp_const_none;
}
FUNCTION_2(cpu_ring);

/* A doorbell of this core that belongs to a channel. */
static mp_obj_t cpu_latch(mp_obj_t bell) {
    mp_int_t number = mp_obj_get_int(bell);
    if (number < (mp_int_t)BELL_URGENT_END || number >= (mp_int_t)DOORBELLS) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("doorbell %d is not in %d..%d"),
            (int)number, (int)BELL_URGENT_END, (int)DOORBELLS - 1);
    }
    doorbell_latch(number);
    return mp_const_none;
}
FUNCTION_1(cpu_latch);

static mp_obj_t cpu_take_bell(void) {
    return MP_OBJ_NEW_SMALL_INT(doorbell_take());
}
FUNCTION_0(cpu_take_bell);

static bool printable(char c) {
    return c == '\n' || (c >= ' ' && c <= '~');
}

static mp_obj_t cpu_report(mp_obj_t arg) {
    unsigned core = core_of(arg);
    if (core != core_number && core_number != 0) {
        mp_raise_OSError(MP_EPERM);
    }
    const uint32_t *length = (const uint32_t *)report_of(core);
    uint32_t bytes = mem_load_acquire(length);
    if (bytes == 0) {
        return mp_const_none;
    }
    /* Its owner may write anything there. */
    const char *text = (const char *)(length + 1);
    vstr_t report;
    vstr_init_len(&report, MIN(bytes, REPORT_BYTES - sizeof(*length)));
    for (size_t i = 0; i < report.len; i++) {
        report.buf[i] = printable(text[i]) ? text[i] : '?';
    }
    return mp_obj_new_str_from_vstr(&report);
}
FUNCTION_1(cpu_report);

static mp_obj_t cpu_hang(mp_obj_t how) {
    hang(mp_obj_get_int(how));
    return mp_const_none;
}
FUNCTION_1(cpu_hang);

/* --- shared RAM ------------------------------------------------------------------------ */

static mp_obj_t cpu_mesh(mp_obj_t arg) {
    unsigned core = core_of(arg);
    if (core == core_number) {
        mp_raise_ValueError(MP_ERROR_TEXT("a core has no channel to itself"));
    }
    uint32_t offset = mesh_offset(core_number, core);
    if (!space_map_shared(offset, LAYOUT_PAGE)) {
        mp_raise_OSError(MP_ENOMEM);
    }
    return mesh_ready(core) ? mp_obj_new_int_from_uint(offset) : mp_const_none;
}
FUNCTION_1(cpu_mesh);

static mp_obj_t cpu_arena(size_t n_args, const mp_obj_t *args) {
    uint32_t offset, length;
    arena_of(n_args == 0 ? core_number : core_of(args[0]), &offset, &length);
    mp_obj_t pair[2] = {mp_obj_new_int_from_uint(offset), mp_obj_new_int_from_uint(length)};
    return mp_obj_new_tuple(2, pair);
}
FUNCTION_N(cpu_arena, 0, 1);

/* A page-aligned part of the shared window after the control pages and reports,
 * which are mapped once and for all. */
static void region_of(mp_obj_t offset_arg, mp_obj_t length_arg, uint32_t *offset,
    uint32_t *length) {
    mp_int_t from = mp_obj_get_int(offset_arg), bytes = mp_obj_get_int(length_arg);
    mp_int_t all = shared_bytes(), least = meshes_offset();
    if (from < least || bytes <= 0 || bytes > all || from > all - bytes
        || (from | bytes) % LAYOUT_PAGE != 0) {
        mp_raise_msg_varg(&mp_type_OSError,
            MP_ERROR_TEXT("no region 0x%x + 0x%x: whole pages from 0x%x to 0x%x"), (unsigned)from,
            (unsigned)bytes, (unsigned)least, (unsigned)all);
    }
    *offset = from;
    *length = bytes;
}

static mp_obj_t cpu_map(mp_obj_t offset_arg, mp_obj_t length_arg) {
    uint32_t offset, length;
    region_of(offset_arg, length_arg, &offset, &length);
    if (!space_map_shared(offset, length)) {
        mp_raise_OSError(MP_ENOMEM);
    }
    return mp_const_none;
}
FUNCTION_2(cpu_map);

static mp_obj_t cpu_unmap(mp_obj_t offset_arg, mp_obj_t length_arg) {
    uint32_t offset, length;
    region_of(offset_arg, length_arg, &offset, &length);
    space_unmap_shared(offset, length);
    return mp_const_none;
}
FUNCTION_2(cpu_unmap);

static mp_obj_t cpu_zero(mp_obj_t offset_arg, mp_obj_t length_arg) {
    uint32_t offset, length;
    region_of(offset_arg, length_arg, &offset, &length);
    for (uint32_t done = 0; done < length; done += LAYOUT_PAGE) {
        if (!space_is_mapped(LAYOUT_SHARED + offset + done)) {
            mp_raise_OSError(MP_EFAULT);
        }
    }
    memset((void *)(uintptr_t)(LAYOUT_SHARED + offset), 0, length);
    return mp_const_none;
}
FUNCTION_2(cpu_zero);

static mp_obj_t cpu_shared(mp_obj_t offset_arg, mp_obj_t length_arg) {
    uint32_t offset, length;
    region_of(offset_arg, length_arg, &offset, &length);
    return mp_obj_new_memoryview('B' | MP_OBJ_ARRAY_TYPECODE_FLAG_RW, length,
        (void *)(uintptr_t)(LAYOUT_SHARED + offset));
}
FUNCTION_2(cpu_shared);

static mp_obj_t cpu_probe(mp_obj_t address_arg, mp_obj_t access_arg) {
    uintptr_t address = mp_obj_get_int_truncated(address_arg);
    mp_int_t access = mp_obj_get_int(access_arg);
    if (access < ACCESS_READ || access > ACCESS_JUMP) {
        mp_raise_ValueError(MP_ERROR_TEXT("an access is READ, WRITE or JUMP"));
    }
    const char *cause = probe_access(address, access);
    if (cause == NULL) {
        return mp_const_none;
    }
    vstr_t text;
    mp_print_t print;
    vstr_init_print(&text, 80, &print);
    mp_print_str(&print, cause);
    place_print(&print, address);
    return mp_obj_new_str_from_vstr(&text);
}
FUNCTION_2(cpu_probe);

/* --- the heap ------------------------------------------------------------------------------- */

static mp_obj_t cpu_heap_limit(mp_obj_t limit) {
    mp_int_t bytes = mp_obj_get_int(limit);
    size_t used;
    if (bytes < 0 || !heap_limit(bytes, &used)) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("heap limit of %d bytes: %d are in use"), (int)bytes, (int)used);
    }
    return mp_const_none;
}
FUNCTION_1(cpu_heap_limit);

static mp_obj_t cpu_ram_disk(mp_obj_t bytes) {
    mp_int_t most = mp_obj_get_int(bytes);
    if (most < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("a RAM disk of less than 0 bytes"));
    }
    return ram_disk_make(most);
}
FUNCTION_1(cpu_ram_disk);

/* --- what belongs to this core ------------------------------------------------------------- */

static mp_obj_t cpu_this_function(size_t n_args, const mp_obj_t *args) {
    if (n_args == 1) {
        MP_STATE_PORT(cpu_this) = args[0];
    }
    mp_obj_t this = MP_STATE_PORT(cpu_this);
    return this == MP_OBJ_NULL ? mp_const_none : this;
}
FUNCTION_N(cpu_this_function, 0, 1);

static mp_obj_t cpu_on_start(mp_obj_t function) {
    MP_STATE_PORT(cpu_start) = function;
    return mp_const_none;
}
FUNCTION_1(cpu_on_start);

static mp_obj_t cpu_forget_scheduled(void) {
    uintptr_t state = arch_interrupts_mask();
    MP_STATE_VM(sched_len) = 0;
    memset(MP_STATE_VM(sched_queue), 0, sizeof(MP_STATE_VM(sched_queue)));
    arch_interrupts_restore(state);
    return mp_const_none;
}
FUNCTION_0(cpu_forget_scheduled);

static mp_obj_t cpu_forget_programs(void) {
    MP_STATE_VM(mp_module_builtins_override_dict) = NULL;
    tasks_forget();
    return cpu_forget_scheduled();
}
FUNCTION_0(cpu_forget_programs);

/* --- the module ------------------------------------------------------------------------------ */

static const MP_DEFINE_STR_OBJ(cpu_doc, "This core, as the CPU driver gives it.");

/* First bell and end of each level. */
#define TUPLE(first, end) {{&mp_type_tuple}, 2, {MP_ROM_INT(first), MP_ROM_INT(end)}}
#define LEVEL(...) TUPLE(__VA_ARGS__)
static const mp_rom_obj_tuple_t bell_level_0 = LEVEL(BELL_LEVEL_0);
static const mp_rom_obj_tuple_t bell_level_1 = LEVEL(BELL_LEVEL_1);
static const mp_rom_obj_tuple_t bell_level_2 = LEVEL(BELL_LEVEL_2);
static const mp_rom_obj_tuple_t bell_level_3 = LEVEL(BELL_LEVEL_3);
static const mp_rom_obj_tuple_t bell_levels = {
    {&mp_type_tuple}, BELL_LEVELS, {
        MP_ROM_PTR(&bell_level_0), MP_ROM_PTR(&bell_level_1), MP_ROM_PTR(&bell_level_2),
        MP_ROM_PTR(&bell_level_3),
    }};

#define ENTRY(name) {MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_PTR(&cpu_##name##_obj)}

static const mp_rom_map_elem_t cpu_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_cpu)},
    {MP_ROM_QSTR(MP_QSTR___doc__), MP_ROM_PTR(&cpu_doc)},
    {MP_ROM_QSTR(MP_QSTR_URGENT), MP_ROM_INT(CORES_MAX)},
    {MP_ROM_QSTR(MP_QSTR_DOORBELLS), MP_ROM_INT(DOORBELLS)},
    {MP_ROM_QSTR(MP_QSTR_BELL_LEVELS), MP_ROM_PTR(&bell_levels)},
    {MP_ROM_QSTR(MP_QSTR_STARTING), MP_ROM_INT(CORE_STARTING)},
    {MP_ROM_QSTR(MP_QSTR_ONLINE), MP_ROM_INT(CORE_ONLINE)},
    {MP_ROM_QSTR(MP_QSTR_DEAD), MP_ROM_INT(CORE_DEAD)},
    {MP_ROM_QSTR(MP_QSTR_STOPPED), MP_ROM_INT(CORE_STOPPED)},
    {MP_ROM_QSTR(MP_QSTR_PANICS_KEPT), MP_ROM_INT(PANICS_KEPT)},
    {MP_ROM_QSTR(MP_QSTR_READ), MP_ROM_INT(ACCESS_READ)},
    {MP_ROM_QSTR(MP_QSTR_WRITE), MP_ROM_INT(ACCESS_WRITE)},
    {MP_ROM_QSTR(MP_QSTR_JUMP), MP_ROM_INT(ACCESS_JUMP)},
    ENTRY(core), ENTRY(cores), ENTRY(generation), ENTRY(state), ENTRY(online),
    ENTRY(known), ENTRY(meet), ENTRY(met_by), ENTRY(set_untold), ENTRY(untold),
    ENTRY(panics), ENTRY(turns), ENTRY(restart), ENTRY(revive), ENTRY(give_up),
    ENTRY(undisturbed), ENTRY(hang),
    ENTRY(arguments), ENTRY(board), ENTRY(romfs), ENTRY(private_bytes), ENTRY(instructions),
    ENTRY(exit), ENTRY(wait), ENTRY(alarm), ENTRY(stream_period),
    ENTRY(on_urgent), ENTRY(patience), ENTRY(companions), ENTRY(take_urgent),
    ENTRY(ring), ENTRY(take_bell), ENTRY(latch),
    ENTRY(interrupt), ENTRY(interrupts), ENTRY(settle), ENTRY(report),
    ENTRY(mesh), ENTRY(arena), ENTRY(map), ENTRY(unmap),
    ENTRY(zero), ENTRY(shared), ENTRY(probe), ENTRY(is_console), ENTRY(output),
    ENTRY(feed), ENTRY(take_input),
    ENTRY(unread), ENTRY(new_input), ENTRY(end_input), ENTRY(input_ended),
    ENTRY(input_taken), ENTRY(input_wanted),
    ENTRY(interrupt_char), ENTRY(readline), ENTRY(hide_line), ENTRY(show_line), ENTRY(repl),
    ENTRY(heap_limit), ENTRY(ram_disk), ENTRY(serial_write), ENTRY(attach_own),
    ENTRY(own_input), ENTRY(own_begin), ENTRY(own_serve), ENTRY(on_own_input), ENTRY(on_start),
    ENTRY(forget_scheduled), ENTRY(forget_programs),
    {MP_ROM_QSTR(MP_QSTR_this), MP_ROM_PTR(&cpu_this_function_obj)},
};
static MP_DEFINE_CONST_DICT(cpu_globals, cpu_globals_table);

const mp_obj_module_t cpu_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&cpu_globals,
};
MP_REGISTER_MODULE(MP_QSTR_cpu, cpu_module);
