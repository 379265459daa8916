/* Walks the VM's frame chain (MICROPY_FRAME_CHAIN, one of our patches) after a
 * crash. Always true: no pointer is followed before it has been checked, every
 * loop is bounded, and what fails a check is reported as corrupt, never guessed. */
#include "port/traceback.h"

#include "core.h"
#include "py/bc.h"
#include "py/mpstate.h"
#include "py/objfun.h"
#include "py/qstr.h"

#if MICROPY_FRAME_CHAIN

#define VARINT_BYTES_MAX 6
#define INFO_BYTES_MAX 0x10000     /* of a function's prelude: its names and line table */
#define CODE_BYTES_MAX 0x100000    /* of a function */
#define QSTR_POOLS_MAX 256         /* far more than a heap of any size makes */

static bool readable(const void *start, size_t bytes) {
    uintptr_t first = (uintptr_t)start;
    if (bytes > INFO_BYTES_MAX || first + bytes < first) {
        return false;
    }
    for (uintptr_t page = first & -LAYOUT_PAGE; page < first + bytes; page += LAYOUT_PAGE) {
        if (!space_is_mapped(page)) {
            return false;
        }
    }
    return true;
}

static bool readable_words(const void *start, size_t bytes) {
    return (uintptr_t)start % sizeof(uintptr_t) == 0 && readable(start, bytes);
}

static bool inside(const void *start, size_t bytes, uintptr_t low, uintptr_t high) {
    return (uintptr_t)start >= low && (uintptr_t)start < high && high - (uintptr_t)start >= bytes
           && readable_words(start, bytes);
}

static bool is_varint(const byte *start) {
    for (size_t i = 0; i < VARINT_BYTES_MAX && readable(start + i, 1); i++) {
        if (start[i] < 0x80) {
            return true;
        }
    }
    return false;
}

/* As qstr_data(), which trusts the pools. */
static void print_qstr(const mp_print_t *print, qstr name) {
    const qstr_pool_t *pool = MP_STATE_VM(last_pool);
    for (size_t i = 0; i < QSTR_POOLS_MAX && readable_words(pool, sizeof(*pool)); i++) {
        if (name >= pool->total_prev_len) {
            size_t index = name - pool->total_prev_len;
            if (index < pool->len && readable(&pool->lengths[index], sizeof(pool->lengths[0]))
                && readable(&pool->qstrs[index], sizeof(pool->qstrs[0]))
                && readable(pool->qstrs[index], pool->lengths[index])) {
                print->print_strn(print->data, pool->qstrs[index], pool->lengths[index]);
                return;
            }
            break;
        }
        pool = pool->prev;
    }
    mp_print_str(print, "?");
}

struct place { /* of a call under way */
    qstr file, name;
    size_t line;
};

static bool names_find(const mp_obj_fun_bc_t *function, struct place *place) {
    const mp_module_context_t *module = function->context;
    if (!readable_words(module, sizeof(*module))) {
        return false;
    }
    #if MICROPY_EMIT_BYTECODE_USES_QSTR_TABLE
    const qstr_short_t *table = module->constants.qstr_table;
    if (!readable(&table[0], sizeof(table[0]))
        || !readable(&table[place->name], sizeof(table[0]))) {
        return false;
    }
    place->name = table[place->name];
    place->file = table[0];
    #else
    place->file = module->constants.source_file;
    #endif
    return true;
}

/* The same decoding as where the VM adds to an exception's traceback. */
static bool place_find(const mp_code_state_t *state, uintptr_t low, uintptr_t high,
    struct place *place) {
    if (!inside(state, sizeof(*state), low, high)) {
        return false;
    }
    const mp_obj_fun_bc_t *function = state->fun_bc;
    if (!inside(function, sizeof(*function), low, high)
        || (function->base.type != &mp_type_fun_bc && function->base.type != &mp_type_gen_wrap)) {
        return false;
    }
    const byte *ip = function->bytecode;
    if (!is_varint(ip)) {
        return false;
    }
    MP_BC_PRELUDE_SIG_DECODE(ip);
    if (!is_varint(ip)) {
        return false;
    }
    MP_BC_PRELUDE_SIZE_DECODE(ip);
    if (!readable(ip, n_info) || !is_varint(ip)) {
        return false;
    }
    const byte *info_end = ip + n_info, *code = info_end + n_cell;
    place->name = mp_decode_uint_value(ip);
    for (size_t i = 0; i < 1 + n_pos_args + n_kwonly_args; i++) {
        if (ip >= info_end || !is_varint(ip)) {
            return false;
        }
        ip = mp_decode_uint_skip(ip);
    }
    if (state->ip < code || state->ip - code > CODE_BYTES_MAX) {
        return false;
    }
    place->line = mp_bytecode_get_source_line(ip, info_end, state->ip - code);
    return names_find(function, place);
}

void traceback_print(const mp_print_t *print, uintptr_t low, uintptr_t high) {
    const mp_code_state_t *newest[TRACEBACK_FRAMES_MAX];
    size_t count = 0;
    const mp_frame_link_t *link = MP_STATE_THREAD(frame_top);
    if (link == NULL) {
        return;
    }
    /* The stack grows down, so an older link lies higher: the walk ends. */
    uintptr_t above = low;
    while (count < TRACEBACK_FRAMES_MAX && inside(link, sizeof(*link), above, high)) {
        newest[count++] = link->code_state;
        above = (uintptr_t)(link + 1);
        link = link->caller;
    }

    mp_print_str(print, "Traceback (most recent call last):\n");
    if (link != NULL) {
        mp_print_str(print, count == TRACEBACK_FRAMES_MAX ? "  (older calls left out)\n"
            : "  (older calls lost: corrupt)\n");
    }
    while (count-- > 0) {
        struct place place;
        if (place_find(newest[count], low, high, &place)) {
            mp_print_str(print, "  File \"");
            print_qstr(print, place.file);
            mp_printf(print, "\", line %u, in ", (unsigned)place.line);
            print_qstr(print, place.name);
            mp_print_str(print, "\n");
        } else {
            mp_print_str(print, "  (a call lost: corrupt)\n");
        }
    }
}

#else

/* The reference build of `make bench` has no chain to walk. */
void traceback_print(const mp_print_t *print, uintptr_t low, uintptr_t high) {
    (void)print;
    (void)low;
    (void)high;
}

#endif
