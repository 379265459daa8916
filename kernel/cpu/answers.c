/* The counting twin's part of answers.h, and its module `answers`, which is documented
 * in stubs/answers.pyi. */
#include "answers.h"

#include "core.h"
#include "memory_order.h"
#include "py/runtime.h"

#define OFFSET (LAYOUT_PAGE / 2)   /* in the control page, which all cores can read */

struct answers {
    uint32_t count;
    uint32_t bytecodes;            /* before the last of them */
};

_Static_assert(sizeof(struct control) <= OFFSET, "what a control page has ends before OFFSET");

/* The VM adds one before each bytecode (mpconfigport.h). */
volatile uint32_t answers_bytecodes;

static volatile bool rung;         /* and not answered */
static uint32_t rung_at;           /* answers_bytecodes at that moment */

static struct answers *answers_of(unsigned core) {
    return (struct answers *)((char *)control_of(core) + OFFSET);
}

void answers_rung(void) {
    if (!rung) {
        rung_at = answers_bytecodes;
        rung = true;
    }
}

void answers_ring(unsigned bell) {
    if (rung && bell < CORES_MAX) {
        struct answers *own = answers_of(core_number);
        rung = false;
        mem_store_relaxed(&own->bytecodes, answers_bytecodes - rung_at);
        /* Pairs with the load_acquire in answers_last(). */
        mem_store_release(&own->count, own->count + 1);
    }
}

static mp_obj_t answers_last(mp_obj_t core_arg) {
    mp_int_t core = mp_obj_get_int(core_arg);
    if (core < 0 || core >= (mp_int_t)BOOT->core_count) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such core"));
    }
    const struct answers *answers = answers_of(core);
    uint32_t count = mem_load_acquire(&answers->count);
    mp_obj_t pair[2] = {
        mp_obj_new_int_from_uint(count),
        mp_obj_new_int_from_uint(mem_load_relaxed(&answers->bytecodes)),
    };
    return mp_obj_new_tuple(2, pair);
}
static MP_DEFINE_CONST_FUN_OBJ_1(answers_last_obj, answers_last);

static const mp_rom_map_elem_t answers_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_answers)},
    {MP_ROM_QSTR(MP_QSTR_last), MP_ROM_PTR(&answers_last_obj)},
};
static MP_DEFINE_CONST_DICT(answers_globals, answers_globals_table);

const mp_obj_module_t answers_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&answers_globals,
};
MP_REGISTER_MODULE(MP_QSTR_answers, answers_module);
