/* Dispatch of typed messages (end.h). Documented in stubs/calls.pyi. What is not of
 * plain numbers, not expected, or without credit goes to Python, which is complete; here
 * is only the straight path. SPEC IDL-6, IDL-8, TRN-5, CALL-3. */
#include "channel_inline.h"

#include <string.h>

#include "end.h"
#include "method.h"
#include "py/objarray.h"
#include "py/objtype.h"

#define SERVED_AT_ONCE 32

/* The last one with a peer on another core that was served: who sent once sends again. NULL:
 * none. */
MP_REGISTER_ROOT_POINTER(struct end *end_served);

/* --- sending --------------------------------------------------------------------- */

/* Packs and posts; false: nothing happened, Python has to see why. */
static bool send_plain(struct end *end, const struct frame *frame, unsigned tag,
    const mp_obj_t *arguments) {
    uint8_t bytes[UMP_LINE] __attribute__((aligned(8)));
    if (end->queued || !end->live
        || !frame_pack(frame, tag, arguments, bytes)
        || !channel_try_post(end->channel, 0, bytes, frame->length)) {
        return false;
    }
    end->sent++;
    return true;
}

static void answer_slowly(struct end *end, const struct frame *frame, unsigned tag,
    mp_obj_t result) {
    mp_obj_t arguments[3] = {MP_OBJ_NEW_SMALL_INT(frame->number), MP_OBJ_NEW_SMALL_INT(tag),
                             result};
    call_method(end->view, MP_QSTR_answer_slowly, 3, arguments);
}

static bool is_exception(mp_obj_t error) {
    return mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(error)),
        MP_OBJ_FROM_PTR(&mp_type_Exception));
}

/* A method raised: an Exception ends its own message only. */
static void handler_failed(struct end *end, unsigned number, unsigned tag, mp_obj_t error) {
    if (!is_exception(error)) {
        nlr_raise(error); /* KeyboardInterrupt and the like are the program's */
    }
    mp_obj_t arguments[3] = {MP_OBJ_NEW_SMALL_INT(number), MP_OBJ_NEW_SMALL_INT(tag), error};
    call_method(end->view, MP_QSTR_handler_failed, 3, arguments);
}

static const struct frame *frame_of(struct end *end, unsigned number) {
    return number - 1 < end->frame_count ? &end->frames[number - 1] : NULL;
}

/* --- methods of the target -------------------------------------------------------- */

/* Of message `number`, as mp_load_method_maybe() gives it. Looks first where the target's
 * class had it the last time: an attribute of the target itself comes before that. */
static void load_handler(struct end *end, unsigned number, mp_obj_t *method) {
    mp_obj_t target = end->target, name = MP_OBJ_NEW_QSTR(end->methods[number - 1].name);
    const mp_obj_type_t *type = mp_obj_get_type(target);
    if (mp_obj_is_instance_type(type) && MP_OBJ_TYPE_HAS_SLOT(type, locals_dict)) {
        mp_obj_instance_t *instance = MP_OBJ_TO_PTR(target);
        mp_map_t *own = &MP_OBJ_TYPE_GET_SLOT(type, locals_dict)->map;
        uint16_t *place = &end->methods[number - 1].place;
        if (*place >= own->alloc || own->table[*place].key != name) {
            mp_map_elem_t *found = mp_map_lookup(own, name, MP_MAP_LOOKUP);
            *place = found == NULL ? UINT16_MAX : found - own->table;
        }
        mp_obj_t value = *place < own->alloc ? own->table[*place].value : MP_OBJ_NULL;
        if (value != MP_OBJ_NULL && mp_obj_is_obj(value)
            && (mp_obj_get_type(value)->flags & (MP_TYPE_FLAG_BINDS_SELF | MP_TYPE_FLAG_BUILTIN_FUN))
            == MP_TYPE_FLAG_BINDS_SELF
            && (instance->members.used == 0
                || mp_map_lookup(&instance->members, name, MP_MAP_LOOKUP) == NULL)) {
            method[0] = value;
            method[1] = target;
            return;
        }
    }
    mp_load_method_maybe(target, MP_OBJ_QSTR_VALUE(name), method);
}

/* --- calls to an end on this core -------------------------------------------------- */

/* Nothing of either end's is under way, so that a call may go straight to the peer's
 * method without overtaking anything (TRN-3, CALL-3). */
static bool may_go_directly(struct end *end) {
    struct end *peer = end->peer;
    return peer != NULL && peer->live && !peer->handling && !peer->due && !peer->queued
        && !peer->blocked && !peer->paused
        && end->live && !end->queued && !end->due
        && end->channel->sending == 0 && peer->channel->sending == 0
        && fault_of(end->channel) == UMP_ALIVE
        && fault_of(peer->channel) == UMP_ALIVE
        && !ump_ready(&peer->channel->rx) && !ump_ready(&end->channel->rx)
        && peer->view != mp_const_none && (peer->accepts >> FRAME_CALL & 1);
}

/* Has the peer's method handle a call at once. Its answer, or what it raised, takes the
 * usual way if it does not come straight. */
MP_NOINLINE static struct call *call_directly(struct end *end, const struct frame *frame, unsigned tag,
    const mp_obj_t *arguments) {
    struct end *peer = end->peer;
    mp_obj_t method[2 + FRAME_NUMBERS];
    if (peer->methods[frame->number - 1].name == MP_QSTRnull || !frame_fits(frame, arguments)) {
        return NULL;
    }
    load_handler(peer, frame->number, method);
    if (method[0] == MP_OBJ_NULL) {
        return NULL;
    }
    memcpy(method + 2, arguments, frame->count * sizeof(*arguments));
    struct call *call = call_new(end->view);
    calls_put(end->calls, tag, frame->pair, call);
    end->sent++;
    peer->received++;
    nlr_buf_t nlr;
    peer->handling++;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t result = mp_call_method_n_kw(frame->count, 0, method);
        nlr_pop();
        peer->handling--;
        const struct frame *response = &peer->frames[frame->pair - 1];
        if (!peer->live || peer->queued || !response->plain
            || (response->count == 0 ? result != mp_const_none
                : response->count > 1 || !frame_fits(response, &result))) {
            answer_slowly(peer, frame, tag, result);
        } else if (calls_take(end->calls, tag, frame->pair) == call) { /* it was not cut off */
            peer->sent++;
            end->received++;
            call_finish(call, CALL_DONE, result);
        }
    } else {
        mp_obj_t error = MP_OBJ_FROM_PTR(nlr.ret_val);
        peer->handling--;
        if (!is_exception(error)) {
            calls_take(end->calls, tag, frame->pair);
        }
        handler_failed(peer, frame->number, tag, error);
    }
    return call;
}

/* A call of plain numbers; MP_OBJ_NULL: it does not go this way. */
static mp_obj_t call_plain(struct end *end, const struct frame *frame, const mp_obj_t *arguments) {
    unsigned tag = calls_reserve(end->calls);
    if (tag == 0) {
        return MP_OBJ_NULL;
    }
    struct call *call;
    if (may_go_directly(end)) {
        call = call_directly(end, frame, tag, arguments);
        if (call != NULL) {
            return MP_OBJ_FROM_PTR(call);
        }
    }
    call = call_new(end->view);
    if (!send_plain(end, frame, tag, arguments)) {
        return MP_OBJ_NULL;
    }
    calls_put(end->calls, tag, frame->pair, call);
    return MP_OBJ_FROM_PTR(call);
}

/* --- stubs: what a generated view's methods are ---------------------------------- */

struct stub {
    mp_obj_base_t base;
    uint16_t number;               /* of the message that it sends */
    mp_obj_t function;             /* of Python: does the same, and all that is unusual */
};

/* A view's `_end`, which its __init__ has set; NULL: it has not. */
static struct end *end_of(mp_obj_t view) {
    if (!mp_obj_is_instance_type(mp_obj_get_type(view))) {
        return NULL;
    }
    mp_obj_instance_t *instance = MP_OBJ_TO_PTR(view);
    mp_map_elem_t *found = mp_map_lookup(&instance->members, MP_OBJ_NEW_QSTR(MP_QSTR__end),
        MP_MAP_LOOKUP);
    return found != NULL && mp_obj_is_type(found->value, &end_type) ? MP_OBJ_TO_PTR(found->value)
        : NULL;
}

/* A method: its first argument is the view. */
static mp_obj_t stub_call(mp_obj_t self, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    struct stub *stub = MP_OBJ_TO_PTR(self);
    if (n_kw == 0 && n_args > 0) {
        struct end *end = end_of(args[0]);
        if (end != NULL) {
            const struct frame *frame = frame_of(end, stub->number);
            if (frame != NULL && frame->plain && frame->count == n_args - 1) {
                if (frame->kind == FRAME_CALL) {
                    mp_obj_t call = end->calls == NULL ? MP_OBJ_NULL
                        : call_plain(end, frame, args + 1);
                    if (call != MP_OBJ_NULL) {
                        return call;
                    }
                } else if (send_plain(end, frame, 0, args + 1)) {
                    return MP_OBJ_FROM_PTR(end->done);
                }
            }
        }
    }
    return mp_call_function_n_kw(stub->function, n_args, n_kw, args);
}

MP_DEFINE_CONST_OBJ_TYPE(
    stub_type, MP_QSTR_stub, MP_TYPE_FLAG_BINDS_SELF,
    call, stub_call
    );

/* What `@plain(number)` is: called with the function, it gives the stub. */
static mp_obj_t decorator_call(mp_obj_t self, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    struct stub *stub = mp_obj_malloc(struct stub, &stub_type);
    stub->number = ((struct stub *)MP_OBJ_TO_PTR(self))->number;
    stub->function = args[0];
    return MP_OBJ_FROM_PTR(stub);
}

static MP_DEFINE_CONST_OBJ_TYPE(
    decorator_type, MP_QSTR_plain, MP_TYPE_FLAG_NONE,
    call, decorator_call
    );

mp_obj_t end_plain(mp_obj_t number) {
    struct stub *decorator = mp_obj_malloc(struct stub, &decorator_type);
    decorator->number = mp_obj_get_int(number);
    decorator->function = mp_const_none;
    return MP_OBJ_FROM_PTR(decorator);
}

/* --- receiving ------------------------------------------------------------------- */

/* A handler of Python's under way, of this call. */
struct handling {
    unsigned number, tag;
    bool under_way;
};

static void answer(struct end *end, const struct frame *frame, unsigned tag, mp_obj_t result) {
    const struct frame *response = &end->frames[frame->pair - 1];
    if (response->plain) {
        bool done = false;
        if (response->count == 1) {
            done = send_plain(end, response, tag, &result);
        } else if (response->count == 0) {
            done = result == mp_const_none && send_plain(end, response, tag, NULL);
        }
        if (done) {
            return;
        }
    }
    answer_slowly(end, frame, tag, result);
}

/* The straight path; false: Python's. */
static bool dispatch(struct end *end, const struct message *message, volatile struct handling *now) {
    if (message->length < FRAME_HEADER || end->view == mp_const_none) {
        return false;
    }
    uint32_t header;
    memcpy(&header, message->bytes, sizeof(header));
    unsigned number = header & 0xffff, tag = header >> 16;
    const struct frame *frame = frame_of(end, number);
    if (frame == NULL || !frame->plain || message->length != frame->length
        || !(end->accepts >> frame->kind & 1)) {
        return false;
    }
    mp_obj_t arguments[2 + FRAME_NUMBERS];
    if (frame->kind == FRAME_RESPONSE) {
        if (frame->count > 1 || end->calls == NULL) {
            return false;
        }
        struct call *call = calls_take(end->calls, tag, number);
        if (call == NULL) {
            return false;
        }
        arguments[0] = mp_const_none;
        frame_unpack(frame, message->bytes, arguments);
        call_finish(call, CALL_DONE, arguments[0]);
        return true;
    }
    if (end->blocked || end->methods[number - 1].name == MP_QSTRnull
        || (frame->kind == FRAME_CALL ? tag == 0 : tag != 0)) {
        return false;
    }
    if (frame->kind == FRAME_CALL && end->open != mp_const_none
        && mp_obj_is_true(end->open)) {
        return false; /* the tag may be in use */
    }
    load_handler(end, number, arguments);
    if (arguments[0] == MP_OBJ_NULL) {
        return false;
    }
    frame_unpack(frame, message->bytes, arguments + 2);
    now->number = number;
    now->tag = tag;
    bool is_call = frame->kind == FRAME_CALL;
    now->under_way = true;
    end->handling += is_call;
    mp_obj_t result = mp_call_method_n_kw(frame->count, 0, arguments);
    end->handling -= is_call;
    now->under_way = false;
    if (is_call) {
        answer(end, frame, tag, result);
    } else if (result != mp_const_none) {
        mp_obj_t given[2] = {MP_OBJ_NEW_SMALL_INT(number), result};
        call_method(end->view, MP_QSTR_started, 2, given); /* an `async def` */
    }
    return true;
}

static void receive_slowly(struct end *end, const struct message *message) {
    mp_obj_array_t *buffer = MP_OBJ_TO_PTR(end->buffer);
    mp_obj_t arguments[3] = {end->buffer, MP_OBJ_NEW_SMALL_INT(message->length),
                             mp_const_empty_tuple};
    size_t room = buffer->len;
    if (message->length > room) { /* the channel refuses longer ones: its `longest` */
        mp_raise_ValueError(MP_ERROR_TEXT("message longer than the buffer"));
    }
    memcpy(buffer->items, message->bytes, message->length);
    if (end->channel->kind != 0) {
        arguments[0] = MP_OBJ_NEW_SMALL_INT(end->channel->kind);
        call_method(end->transport, MP_QSTR_special, 2, arguments);
    } else if (end->receiver != mp_const_none) {
        mp_call_function_n_kw(end->receiver, 3, 0, arguments);
    }
}

/* Until nothing is there, and that is announced, or a quantum is used up. A message that
 * comes alone leaves the announcement standing: then whatever comes after it rings. */
static void receive(struct end *end, volatile struct handling *now) {
    struct channel *channel = end->channel;
    int left = END_QUANTUM_BYTES;
    while (end->live && !end->paused) {
        struct message message;
        if (!channel_take(channel, &message)) {
            if (channel->rx_armed || !channel_arm(channel)) {
                return;
            }
            continue;
        }
        end->received += channel->kind == 0;
        left -= message.length + END_MESSAGE_COST;
        if (channel->kind != 0 || !dispatch(end, &message, now)) {
            receive_slowly(end, &message);
        }
        if (!end->live || end->paused) {
            return;
        }
        if (channel->rx_armed) {
            if (!ump_ready(&channel->rx)) {
                return;
            }
            channel_disarm(channel);
        }
        if (left <= 0) {
            doorbell_latch(end->bell);
            return;
        }
    }
}

/* As receive(), and what a method raises ends its own message only. False: the channel is
 * dead, and all that came before was received. Whatever comes out of here, such as
 * KeyboardInterrupt, leaves the bell rung. */
static bool serve(struct end *end) {
    if (end->channel->memory == NULL) {
        MP_STATE_VM(end_served) = end;
    }
    volatile struct handling now = {0, 0, false};
    for (;;) {
        nlr_buf_t nlr;
        if (nlr_push(&nlr) == 0) {
            receive(end, &now);
            nlr_pop();
            return true;
        }
        doorbell_latch(end->bell);
        if (!now.under_way) {
            if (fault_of(end->channel) != UMP_ALIVE && mp_obj_is_subclass_fast(
                MP_OBJ_FROM_PTR(mp_obj_get_type(MP_OBJ_FROM_PTR(nlr.ret_val))),
                MP_OBJ_FROM_PTR(&mp_type_ChannelDied))) {
                return false;
            }
            nlr_jump(nlr.ret_val);
        }
        now.under_way = false;
        end->handling -= now.tag != 0;
        handler_failed(end, now.number, now.tag, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
}

void end_poll(void) {
    struct end *end = MP_STATE_VM(end_served);
    if (BOOT->spin_us != 0 && end != NULL && end->live && channel_poll_and_arm(end->channel)) {
        doorbell_latch(end->bell); /* it rang nowhere */
    }
}

/* --- ports ----------------------------------------------------------------------- */

static void serve_source(mp_obj_t source) {
    if (mp_obj_is_type(source, &end_type)) {
        struct end *end = MP_OBJ_TO_PTR(source);
        if (end->due || fault_of(end->channel) != UMP_ALIVE || !serve(end)) {
            call_method(end->transport, MP_QSTR_serve, 0, NULL);
        }
    } else {
        call_method(source, MP_QSTR_serve, 0, NULL);
    }
}

static mp_obj_t port_of(mp_obj_t source) {
    return mp_obj_is_type(source, &end_type) ? ((struct end *)MP_OBJ_TO_PTR(source))->port
        : mp_load_attr(source, MP_QSTR_port);
}

bool end_serve_rung(mp_obj_t sources, mp_obj_t port) {
    bool did = false;
    unsigned served = 0;
    for (; served < SERVED_AT_ONCE; served++) {
        int bell = doorbell_take();
        if (bell < 0) {
            break;
        }
        size_t count;
        mp_obj_t *items;
        mp_obj_list_get(sources, &count, &items);
        mp_obj_t source = (size_t)bell < count ? items[bell] : mp_const_none;
        if (source == mp_const_none) {
            continue;
        }
        mp_obj_t its_port = port_of(source);
        if (its_port == port) {
            did = true;
            serve_source(source);
        } else {
            call_method(its_port, MP_QSTR_rang, 1, &source);
        }
    }
    return did || served == SERVED_AT_ONCE; /* more may have rung: no time to sleep */
}

/* --- End for Python -------------------------------------------------------------- */

/* End(channel, buffer, bell, transport) */
static mp_obj_t end_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
    const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 4, 4, false);
    if (!mp_obj_is_type(args[0], &channel_type)
        || !mp_obj_is_exact_type(args[1], &mp_type_bytearray)) {
        mp_raise_TypeError(MP_ERROR_TEXT("a ump.Channel and a bytearray are wanted"));
    }
    struct end *end = mp_obj_malloc(struct end, type);
    *end = (struct end) {
        .base = end->base, .channel = MP_OBJ_TO_PTR(args[0]), .buffer = args[1],
        .bell = mp_obj_get_int(args[2]), .transport = args[3],
        .port = mp_const_none, .receiver = mp_const_none, .view = mp_const_none,
        .target = mp_const_none, .open = mp_const_none,
        .done = call_new(mp_const_none),
    };
    call_finish(end->done, CALL_DONE, mp_const_none);
    return MP_OBJ_FROM_PTR(end);
}

static unsigned field(mp_obj_t row, qstr name) {
    return mp_obj_get_int(mp_load_attr(row, name));
}

/* typed(view, description, accepts, methods, target, calls, open) */
static mp_obj_t end_typed(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    struct end *end = MP_OBJ_TO_PTR(args[0]);
    mp_map_t *description = mp_obj_dict_get_map(args[2]);
    size_t count = description->used;
    struct frame *frames = m_new0(struct frame, count);
    struct handler *methods = m_new0(struct handler, count);
    for (size_t i = 0; i < count; i++) {
        mp_obj_t row = mp_obj_dict_get(args[2], MP_OBJ_NEW_SMALL_INT(i + 1));
        struct frame *frame = &frames[i];
        mp_obj_t format = mp_load_attr(row, MP_QSTR_scalars);
        frame->number = i + 1;
        frame->kind = field(row, MP_QSTR_kind);
        frame->pair = field(row, MP_QSTR_pair);
        if (frame->pair > count) {
            mp_raise_ValueError(MP_ERROR_TEXT("pair: no such message"));
        }
        frame->plain = format != mp_const_none && field(row, MP_QSTR_capabilities) == 0
            && frame_parse(frame, mp_obj_str_get_str(format));
        mp_map_elem_t *name = args[4] == mp_const_none ? NULL
            : mp_map_lookup(mp_obj_dict_get_map(args[4]), MP_OBJ_NEW_SMALL_INT(i + 1),
                MP_MAP_LOOKUP);
        methods[i].name = name == NULL ? (qstr)MP_QSTRnull : mp_obj_str_get_qstr(name->value);
    }
    mp_uint_t accepts = 0;
    size_t kinds;
    mp_obj_t *items;
    mp_obj_get_array(args[3], &kinds, &items);
    for (size_t i = 0; i < kinds; i++) {
        accepts |= 1u << (mp_obj_get_int(items[i]) & 7);
    }
    end->frames = frames;
    end->methods = methods;
    end->frame_count = count;
    end->accepts = accepts;
    end->target = args[5];
    end->calls = args[6] == mp_const_none ? NULL : MP_OBJ_TO_PTR(args[6]);
    end->open = args[7];
    end->view = args[1];
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(end_typed_obj, 8, 8, end_typed);

static mp_obj_t end_meet(mp_obj_t self, mp_obj_t other) {
    if (!mp_obj_is_type(other, &end_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("an End is wanted"));
    }
    struct end *end = MP_OBJ_TO_PTR(self), *peer = MP_OBJ_TO_PTR(other);
    end->peer = peer;
    peer->peer = end;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(end_meet_obj, end_meet);

static mp_obj_t end_receive(mp_obj_t self) {
    struct end *end = MP_OBJ_TO_PTR(self);
    if (!serve(end)) {
        channel_check_alive(end->channel);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(end_receive_obj, end_receive);

static mp_obj_t end_method_serve(mp_obj_t self) {
    serve_source(self);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(end_method_serve_obj, end_method_serve);

static void end_attr(mp_obj_t self, qstr name, mp_obj_t *dest) {
    struct end *end = MP_OBJ_TO_PTR(self);
    bool *flag = name == MP_QSTR_live ? &end->live : name == MP_QSTR_due ? &end->due
        : name == MP_QSTR_queued ? &end->queued : name == MP_QSTR_blocked ? &end->blocked
        : name == MP_QSTR_paused ? &end->paused : NULL;
    mp_obj_t *field = name == MP_QSTR_port ? &end->port
        : name == MP_QSTR_receiver ? &end->receiver : NULL;
    uint32_t *counter = name == MP_QSTR_sent ? &end->sent
        : name == MP_QSTR_received ? &end->received : NULL;
    if (dest[0] == MP_OBJ_NULL) {
        if (flag != NULL) {
            dest[0] = mp_obj_new_bool(*flag);
        } else if (field != NULL) {
            dest[0] = *field;
        } else if (counter != NULL) {
            dest[0] = mp_obj_new_int_from_uint(*counter);
        } else if (name == MP_QSTR_handling) {
            dest[0] = MP_OBJ_NEW_SMALL_INT(end->handling);
        } else {
            dest[1] = MP_OBJ_SENTINEL; /* go on with the locals */
        }
    } else if (dest[1] != MP_OBJ_NULL) {
        if (flag != NULL) {
            *flag = mp_obj_is_true(dest[1]);
            if (!end->live && MP_STATE_VM(end_served) == end) {
                MP_STATE_VM(end_served) = NULL;
            }
        } else if (field != NULL) {
            *field = dest[1];
        } else if (counter != NULL) {
            *counter = mp_obj_get_int_truncated(dest[1]);
        } else {
            return;
        }
        dest[0] = MP_OBJ_NULL; /* stored */
    }
}

static const mp_rom_map_elem_t end_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_receive), MP_ROM_PTR(&end_receive_obj)},
    {MP_ROM_QSTR(MP_QSTR_serve), MP_ROM_PTR(&end_method_serve_obj)},
    {MP_ROM_QSTR(MP_QSTR_meet), MP_ROM_PTR(&end_meet_obj)},
    {MP_ROM_QSTR(MP_QSTR_typed), MP_ROM_PTR(&end_typed_obj)},
};
static MP_DEFINE_CONST_DICT(end_locals, end_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    end_type, MP_QSTR_End, MP_TYPE_FLAG_NONE,
    make_new, end_make_new,
    attr, end_attr,
    locals_dict, &end_locals
    );
