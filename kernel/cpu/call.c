/* Calls and their tags (call.h). Documented in stubs/calls.pyi. SPEC CALL-1, PORT-5. */
#include "call.h"

#include "method.h"
#include "py/runtime.h"
#include "tasks.h"

struct call *call_new(mp_obj_t source) {
    struct call *call = mp_obj_malloc(struct call, &call_type);
    call->state = CALL_UNDER_WAY;
    call->has_more = call->abandoned = call->shared = false;
    call->value = mp_const_none;
    call->source = source;
    return call;
}

static struct call_more *more_of(struct call *call) {
    if (!call->has_more) {
        struct call_more *more = m_new(struct call_more, 1);
        more->source = call->source;
        more->port = more->key = more->tasks = more->on_abandon = mp_const_none;
        more->kind = MP_OBJ_NEW_SMALL_INT(0);
        call->source = MP_OBJ_FROM_PTR(more);
        call->has_more = true;
    }
    return MP_OBJ_TO_PTR(call->source);
}

/* --- who awaits it --------------------------------------------------------------- */

static void wake_all(mp_obj_t tasks) {
    if (mp_obj_is_type(tasks, &mp_type_list)) {
        size_t count;
        mp_obj_t *items;
        mp_obj_list_get(tasks, &count, &items);
        for (size_t i = 0; i < count; i++) {
            tasks_wake(items[i]);
        }
    } else if (tasks != mp_const_none) {
        tasks_wake(tasks);
    }
}

static void wait_for(struct call *call) {
    mp_obj_t task = tasks_current();
    if (task == mp_const_none) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("only a task awaits; plain code: do()"));
    }
    struct call_more *more = more_of(call);
    call->abandoned = false;
    if (more->tasks == mp_const_none) {
        more->tasks = task;
    } else {
        if (!mp_obj_is_type(more->tasks, &mp_type_list)) {
            more->tasks = mp_obj_new_list(1, &more->tasks);
            call->shared = true;
        }
        mp_obj_list_append(more->tasks, task);
    }
    mp_store_attr(task, MP_QSTR_data, MP_OBJ_FROM_PTR(call)); /* cancelled, it calls remove() */
}

/* --- Call ------------------------------------------------------------------------ */

static void tell_more(struct call *call) {
    struct call_more *more = more_of(call);
    mp_obj_t tasks = more->tasks;
    if (tasks != mp_const_none) {
        more->tasks = mp_const_none;
        wake_all(tasks);
    }
    if (more->port != mp_const_none) {
        mp_obj_t self = MP_OBJ_FROM_PTR(call);
        call_method(more->port, MP_QSTR_complete, 1, &self);
    }
}

void call_finish(struct call *call, enum call_state state, mp_obj_t value) {
    if (call->state == CALL_UNDER_WAY) {
        call->state = state;
        call->value = value;
        if (call->has_more) {
            tell_more(call);
        }
    }
}

mp_obj_t call_result(const struct call *call) {
    switch (call->state) {
        case CALL_DONE:
            return call->value;
        case CALL_FAILED:
            nlr_raise(call->value);
        default:
            mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("not done yet"));
    }
}

void call_abandon(struct call *call) {
    if (!call_may_be_abandoned(call)) {
        return;
    }
    struct call_more *more = more_of(call);
    bool taken = call->state != CALL_UNDER_WAY && call->shared;
    if (more->port == mp_const_none && more->tasks == mp_const_none && !taken) {
        mp_obj_t told = more->on_abandon;
        more->on_abandon = mp_const_none;
        mp_call_function_0(told);
    }
}

static mp_obj_t method_call_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
    const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    return MP_OBJ_FROM_PTR(call_new(n_args == 0 ? mp_const_none : args[0]));
}

static mp_obj_t method_finish(size_t n_args, const mp_obj_t *args) {
    bool failed = n_args > 2 && args[2] != mp_const_none;
    call_finish(MP_OBJ_TO_PTR(args[0]), failed ? CALL_FAILED : CALL_DONE,
        failed ? args[2] : n_args > 1 ? args[1] : mp_const_none);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(method_finish_obj, 1, 3, method_finish);

static mp_obj_t method_result(mp_obj_t self) {
    return call_result(MP_OBJ_TO_PTR(self));
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_result_obj, method_result);

static mp_obj_t method_remove(mp_obj_t self, mp_obj_t task) {
    struct call *call = MP_OBJ_TO_PTR(self);
    struct call_more *more = more_of(call);
    if (mp_obj_is_type(more->tasks, &mp_type_list)) {
        mp_obj_list_remove(more->tasks, task);
        if (!mp_obj_is_true(more->tasks)) {
            more->tasks = mp_const_none;
        }
    } else if (more->tasks == task) {
        more->tasks = mp_const_none;
    }
    if (more->tasks == mp_const_none) {
        call->abandoned = true;
        call_abandon(call);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_remove_obj, method_remove);

static mp_obj_t call_iternext(mp_obj_t self) {
    struct call *call = MP_OBJ_TO_PTR(self);
    if (call->state != CALL_UNDER_WAY) {
        return mp_make_stop_iteration(call_result(call));
    }
    wait_for(call);
    return mp_const_none;
}

/* As a coroutine has them: then a Call may become a task, for wait_for() and gather(). */
static mp_obj_t method_send(mp_obj_t self, mp_obj_t value) {
    (void)value;
    struct call *call = MP_OBJ_TO_PTR(self);
    if (call->state != CALL_UNDER_WAY) {
        mp_obj_t result = call_result(call);
        nlr_raise(mp_obj_new_exception_args(&mp_type_StopIteration, 1, &result));
    }
    wait_for(call);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_send_obj, method_send);

/* Into whoever awaits it: what it has come to meanwhile is lost. */
static mp_obj_t method_throw(mp_obj_t self, mp_obj_t error) {
    call_abandon(MP_OBJ_TO_PTR(self));
    nlr_raise(mp_make_raise_obj(error));
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_throw_obj, method_throw);

static mp_obj_t *more_field(struct call *call, qstr name) {
    switch (name) {
        case MP_QSTR_port: return &more_of(call)->port;
        case MP_QSTR_key: return &more_of(call)->key;
        case MP_QSTR_kind: return &more_of(call)->kind;
        case MP_QSTR_on_abandon: return &more_of(call)->on_abandon;
        default: return NULL;
    }
}

static void call_attr(mp_obj_t self, qstr name, mp_obj_t *dest) {
    struct call *call = MP_OBJ_TO_PTR(self);
    mp_obj_t *field = more_field(call, name);
    if (dest[0] != MP_OBJ_NULL) {
        if (field != NULL && dest[1] != MP_OBJ_NULL) {
            *field = dest[1];
            dest[0] = MP_OBJ_NULL; /* stored */
        }
    } else if (field != NULL) {
        dest[0] = *field;
    } else if (name == MP_QSTR_done) {
        dest[0] = mp_obj_new_bool(call->state != CALL_UNDER_WAY);
    } else if (name == MP_QSTR_abandoned) {
        dest[0] = mp_obj_new_bool(call->abandoned);
    } else if (name == MP_QSTR_value) {
        dest[0] = call->state == CALL_DONE ? call->value : mp_const_none;
    } else if (name == MP_QSTR_error) {
        dest[0] = call->state == CALL_FAILED ? call->value : mp_const_none;
    } else if (name == MP_QSTR_source) {
        dest[0] = call->has_more ? more_of(call)->source : call->source;
    } else {
        dest[1] = MP_OBJ_SENTINEL; /* go on with the locals */
    }
}

static const mp_rom_map_elem_t call_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_finish), MP_ROM_PTR(&method_finish_obj)},
    {MP_ROM_QSTR(MP_QSTR_result), MP_ROM_PTR(&method_result_obj)},
    {MP_ROM_QSTR(MP_QSTR_remove), MP_ROM_PTR(&method_remove_obj)},
    {MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&method_send_obj)},
    {MP_ROM_QSTR(MP_QSTR_throw), MP_ROM_PTR(&method_throw_obj)},
};
static MP_DEFINE_CONST_DICT(call_locals, call_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    call_type, MP_QSTR_Call, MP_TYPE_FLAG_ITER_IS_ITERNEXT,
    make_new, method_call_make_new,
    attr, call_attr,
    iter, call_iternext,
    locals_dict, &call_locals
    );

/* --- Calls: tags ------------------------------------------------------------------- */

unsigned calls_reserve(struct calls *calls) {
    for (unsigned i = 0; i < calls->limit; i++) {
        if (calls->slot[i].call == NULL) {
            return (calls->slot[i].generation % CALL_GENERATIONS + 1) * CALLS_MAX + i;
        }
    }
    return 0;
}

void calls_put(struct calls *calls, unsigned tag, unsigned response, struct call *call) {
    unsigned i = tag % CALLS_MAX;
    calls->slot[i].generation = tag / CALLS_MAX;
    calls->slot[i].response = response;
    calls->slot[i].call = call;
}

struct call *calls_take(struct calls *calls, unsigned tag, unsigned response) {
    unsigned i = tag % CALLS_MAX;
    if (i >= calls->limit || calls->slot[i].call == NULL
        || calls->slot[i].generation != tag / CALLS_MAX
        || (response != 0 && calls->slot[i].response != response)) {
        return NULL;
    }
    struct call *call = calls->slot[i].call;
    calls->slot[i].call = NULL;
    calls->late += call->abandoned;
    return call;
}

static mp_obj_t method_calls_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
    const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    mp_int_t limit = mp_obj_get_int(args[0]);
    if (limit < 1 || limit > (mp_int_t)CALLS_MAX) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%d calls at one time: 1 to %d"),
            (int)limit, (int)CALLS_MAX);
    }
    struct calls *calls = mp_obj_malloc_var(struct calls, slot, char,
        limit * sizeof(((struct calls *)0)->slot[0]), type);
    calls->limit = limit;
    calls->late = 0;
    for (unsigned i = 0; i < calls->limit; i++) {
        calls->slot[i].call = NULL;
        calls->slot[i].generation = 0;
    }
    return MP_OBJ_FROM_PTR(calls);
}

static mp_obj_t method_reserve(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(calls_reserve(MP_OBJ_TO_PTR(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_reserve_obj, method_reserve);

static mp_obj_t method_put(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    if (!mp_obj_is_type(args[3], &call_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("a Call is wanted"));
    }
    calls_put(MP_OBJ_TO_PTR(args[0]), mp_obj_get_int(args[1]), mp_obj_get_int(args[2]),
        MP_OBJ_TO_PTR(args[3]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(method_put_obj, 4, 4, method_put);

static mp_obj_t method_take(mp_obj_t self, mp_obj_t tag, mp_obj_t response) {
    struct call *call = calls_take(MP_OBJ_TO_PTR(self), mp_obj_get_int(tag),
        mp_obj_get_int(response));
    return call == NULL ? mp_const_none : MP_OBJ_FROM_PTR(call);
}
static MP_DEFINE_CONST_FUN_OBJ_3(method_take_obj, method_take);

static mp_obj_t method_take_any(mp_obj_t self) {
    struct calls *calls = MP_OBJ_TO_PTR(self);
    for (unsigned i = 0; i < calls->limit; i++) {
        struct call *call = calls->slot[i].call;
        if (call != NULL) {
            calls->slot[i].call = NULL;
            return MP_OBJ_FROM_PTR(call);
        }
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_take_any_obj, method_take_any);

static mp_obj_t method_late(mp_obj_t self) {
    return mp_obj_new_int_from_uint(((struct calls *)MP_OBJ_TO_PTR(self))->late);
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_late_obj, method_late);

static const mp_rom_map_elem_t calls_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_late), MP_ROM_PTR(&method_late_obj)},
    {MP_ROM_QSTR(MP_QSTR_reserve), MP_ROM_PTR(&method_reserve_obj)},
    {MP_ROM_QSTR(MP_QSTR_put), MP_ROM_PTR(&method_put_obj)},
    {MP_ROM_QSTR(MP_QSTR_take), MP_ROM_PTR(&method_take_obj)},
    {MP_ROM_QSTR(MP_QSTR_take_any), MP_ROM_PTR(&method_take_any_obj)},
};
static MP_DEFINE_CONST_DICT(calls_locals, calls_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    calls_type, MP_QSTR_Calls, MP_TYPE_FLAG_NONE,
    make_new, method_calls_make_new,
    locals_dict, &calls_locals
    );
