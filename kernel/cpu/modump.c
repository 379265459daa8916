/* The ump module: channels for Python. Documented in stubs/ump.pyi. */
#include <string.h>

#include "channel.h"
#include "core.h"
#include "py/mperrno.h"
#include "py/objarray.h"
#include "py/objexcept.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"

MP_DEFINE_EXCEPTION(ChannelDied, OSError)

/* As mp_get_buffer_raise(), with a short cut for what is used most. */
static inline void buffer_of(mp_obj_t object, mp_buffer_info_t *info, mp_uint_t flags) {
    if (mp_obj_is_exact_type(object, &mp_type_bytearray)) {
        mp_obj_array_t *array = MP_OBJ_TO_PTR(object);
        info->buf = array->items;
        info->len = array->len;
    } else {
        mp_get_buffer_raise(object, info, flags);
    }
}

static mp_obj_t receive_bytes(mp_obj_t self, bool wait) {
    struct message message;
    if (!channel_receive(MP_OBJ_TO_PTR(self), &message, NULL, 0, wait)) {
        return mp_const_none;
    }
    return mp_obj_new_bytes(message.bytes, message.length);
}

static mp_obj_t receive_into(mp_obj_t self, mp_obj_t buffer, bool wait) {
    mp_buffer_info_t info;
    buffer_of(buffer, &info, MP_BUFFER_WRITE);
    struct message message;
    if (!channel_receive(MP_OBJ_TO_PTR(self), &message, info.buf, info.len, wait)) {
        return MP_OBJ_NEW_SMALL_INT(-1);
    }
    if (message.length > info.len) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("message of %u bytes, buffer of %u"),
            (unsigned)message.length, (unsigned)info.len);
    }
    if (message.bytes != info.buf) {
        memcpy(info.buf, message.bytes, message.length);
    }
    return MP_OBJ_NEW_SMALL_INT(message.length);
}

/* --- Channel ------------------------------------------------------------------------- */

static uint32_t slots_of(mp_obj_t arg) {
    mp_int_t slots = mp_obj_get_int(arg);
    if (slots < (mp_int_t)UMP_SLOTS_MIN || slots > (mp_int_t)UMP_SLOTS_MAX
        || (slots & (slots - 1)) != 0) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("slots: %d is not a power of two from %d to %d"), (int)slots,
            (int)UMP_SLOTS_MIN, (int)UMP_SLOTS_MAX);
    }
    return slots;
}

/* An integer argument in 0 .. below - 1. */
static unsigned number_of(mp_obj_t arg, const char *name, unsigned below) {
    mp_int_t value = mp_obj_get_int(arg);
    if (value < 0 || (mp_uint_t)value >= below) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: %d is not in 0..%d"), name,
            (int)value, (int)below - 1);
    }
    return value;
}

/* A region of so many bytes in the shared window, all of it mapped at its ends. */
static void *region_of(mp_obj_t arg, uint32_t bytes) {
    uint32_t offset = number_of(arg, "offset", shared_bytes());
    if (offset < meshes_offset() || offset % LAYOUT_PAGE != 0 || offset + bytes > shared_bytes()
        || !space_is_mapped(LAYOUT_SHARED + offset)
        || !space_is_mapped(LAYOUT_SHARED + offset + bytes - 1)) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("offset: 0x%x is not a mapped region of %u bytes"), (unsigned)offset,
            (unsigned)bytes);
    }
    return (void *)(uintptr_t)(LAYOUT_SHARED + offset);
}

/* The argument at this place, if there is one. */
static uint32_t longest_of(size_t n_args, const mp_obj_t *args, size_t place) {
    return n_args > place
        ? number_of(args[place], "longest", TRAIN_MESSAGE_MAX + 1) : TRAIN_MESSAGE_MAX;
}

static mp_obj_t method_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
    const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 6, 8, false);
    uint32_t slots = slots_of(args[1]);
    void *region = region_of(args[0], channel_region_bytes(slots));
    unsigned side = number_of(args[2], "side", 2);
    uint32_t longest = longest_of(n_args, args, 7);
    struct channel *channel = mp_obj_malloc(struct channel, type);
    channel->bell = number_of(args[3], "bell", DOORBELLS);
    channel->peer_core = number_of(args[4], "peer_core", BOOT->core_count);
    channel->peer_bell = number_of(args[5], "peer_bell", DOORBELLS);
    channel->always_ring = n_args > 6 && mp_obj_is_true(args[6]);
    channel_open(channel, region, slots, side, longest);
    return MP_OBJ_FROM_PTR(channel);
}

static mp_obj_t method_pair(size_t n_args, const mp_obj_t *args) {
    uint32_t slots = slots_of(args[0]);
    uint16_t bells[2] = {number_of(args[1], "bell", DOORBELLS), number_of(args[2], "bell", DOORBELLS)};
    uint32_t longest = longest_of(n_args, args, 3);
    struct channel *a = mp_obj_malloc(struct channel, &channel_type);
    struct channel *b = mp_obj_malloc(struct channel, &channel_type);
    a->bell = bells[0];
    b->bell = bells[1];
    channel_open_pair(a, b, slots, longest);
    mp_obj_t ends[2] = {MP_OBJ_FROM_PTR(a), MP_OBJ_FROM_PTR(b)};
    return mp_obj_new_tuple(2, ends);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(method_pair_obj, 3, 4, method_pair);
static MP_DEFINE_CONST_STATICMETHOD_OBJ(method_pair_static, MP_ROM_PTR(&method_pair_obj));

static mp_obj_t method_region_bytes(mp_obj_t slots) {
    return MP_OBJ_NEW_SMALL_INT(channel_region_bytes(slots_of(slots)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_region_bytes_obj, method_region_bytes);
static MP_DEFINE_CONST_STATICMETHOD_OBJ(method_region_bytes_static,
    MP_ROM_PTR(&method_region_bytes_obj));

static void message_of(mp_obj_t arg, mp_buffer_info_t *info) {
    buffer_of(arg, info, MP_BUFFER_READ);
    if (info->len > TRAIN_MESSAGE_MAX) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("message of %u bytes, at most %u"),
            (unsigned)info->len, (unsigned)TRAIN_MESSAGE_MAX);
    }
}

static mp_obj_t method_send(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t info;
    message_of(args[1], &info);
    unsigned kind = n_args > 2 ? number_of(args[2], "kind", TRAIN_KIND_CUT) : 0;
    channel_send(MP_OBJ_TO_PTR(args[0]), kind, &info);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(method_send_obj, 2, 3, method_send);

static mp_obj_t method_try_send(size_t n_args, const mp_obj_t *args) {
    struct channel *channel = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t info;
    message_of(args[1], &info);
    unsigned kind = n_args > 2 ? number_of(args[2], "kind", TRAIN_KIND_CUT) : 0;
    unsigned reserve = n_args > 3 ? number_of(args[3], "reserve", UMP_SLOTS_MAX) : 0;
    unsigned slots = info.len == 0 ? 1 : (info.len + UMP_PAYLOAD - 1) / UMP_PAYLOAD;
    if (slots + reserve > channel->tx.mask + 1) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("message of %u slots and %u in reserve, ring of %u"), slots, reserve,
            (unsigned)channel->tx.mask + 1);
    }
    channel_check_alive(channel);
    if (channel->sending & CHANNEL_IN_OUTBOX) {
        channel_push(channel);
    }
    unsigned cut = channel->sending & CHANNEL_MUST_CUT ? 1 : 0;
    if (channel->sending & (CHANNEL_IN_SEND | CHANNEL_IN_OUTBOX)
        || channel_credits(channel) < slots + cut + reserve) {
        channel_check_alive(channel);
        return mp_const_false;
    }
    channel_send(channel, kind, &info);
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(method_try_send_obj, 2, 4, method_try_send);

static mp_obj_t method_recv(mp_obj_t self) {
    return receive_bytes(self, true);
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_recv_obj, method_recv);

static mp_obj_t method_try_recv(mp_obj_t self) {
    return receive_bytes(self, false);
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_try_recv_obj, method_try_recv);

static mp_obj_t method_recv_into(mp_obj_t self, mp_obj_t buffer) {
    return receive_into(self, buffer, true);
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_recv_into_obj, method_recv_into);

static mp_obj_t method_try_recv_into(mp_obj_t self, mp_obj_t buffer) {
    return receive_into(self, buffer, false);
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_try_recv_into_obj, method_try_recv_into);

static mp_obj_t method_post(size_t n_args, const mp_obj_t *args) {
    struct channel *channel = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t info;
    buffer_of(args[1], &info, MP_BUFFER_READ);
    mp_uint_t longest = MIN(info.len, channel->inbox.longest);
    mp_int_t length = mp_obj_get_int(args[2]);
    if (length < 0 || (mp_uint_t)length > longest) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("message of %d bytes, buffer of %u, at most %u"), (int)length,
            (unsigned)info.len, (unsigned)channel->inbox.longest);
    }
    unsigned kind = n_args > 3 ? number_of(args[3], "kind", TRAIN_KIND_CUT) : 0;
    return mp_obj_new_bool(channel_post(channel, kind, info.buf, length));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(method_post_obj, 3, 4, method_post);

static mp_obj_t method_push(mp_obj_t self) {
    return mp_obj_new_bool(channel_push(MP_OBJ_TO_PTR(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_push_obj, method_push);

static mp_obj_t method_unsent(mp_obj_t self) {
    return mp_obj_new_bool(channel_unsent(MP_OBJ_TO_PTR(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_unsent_obj, method_unsent);

static mp_obj_t method_position(mp_obj_t self) {
    struct channel *channel = MP_OBJ_TO_PTR(self);
    return mp_obj_new_int_from_uint(channel->tx.sent);
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_position_obj, method_position);

static mp_obj_t method_taken(mp_obj_t self, mp_obj_t position) {
    return mp_obj_new_bool(channel_taken(MP_OBJ_TO_PTR(self), mp_obj_get_int_truncated(position)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_taken_obj, method_taken);

static mp_obj_t method_take(mp_obj_t self, mp_obj_t buffer) {
    struct channel *channel = MP_OBJ_TO_PTR(self);
    mp_buffer_info_t info;
    buffer_of(buffer, &info, MP_BUFFER_WRITE);
    if (info.len < channel->inbox.longest) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("messages of up to %u bytes, buffer of %u"),
            (unsigned)channel->inbox.longest, (unsigned)info.len);
    }
    struct message message;
    if (!channel_take(channel, &message)) {
        return MP_OBJ_NEW_SMALL_INT(-1);
    }
    memcpy(info.buf, message.bytes, message.length);
    return MP_OBJ_NEW_SMALL_INT(message.length);
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_take_obj, method_take);

static mp_obj_t method_arm(mp_obj_t self) {
    return mp_obj_new_bool(channel_arm(MP_OBJ_TO_PTR(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_arm_obj, method_arm);

static mp_obj_t method_disarm(mp_obj_t self) {
    channel_disarm(MP_OBJ_TO_PTR(self));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_disarm_obj, method_disarm);

static mp_obj_t method_credits(mp_obj_t self) {
    struct channel *channel = MP_OBJ_TO_PTR(self);
    return MP_OBJ_NEW_SMALL_INT(channel_credits(channel));
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_credits_obj, method_credits);

static mp_obj_t method_fault(mp_obj_t self) {
    const char *text = channel_fault_text(MP_OBJ_TO_PTR(self));
    return text == NULL ? mp_const_none : mp_obj_new_str(text, strlen(text));
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_fault_obj, method_fault);

static mp_obj_t method_set_peer_bell(mp_obj_t self, mp_obj_t bell) {
    struct channel *channel = MP_OBJ_TO_PTR(self);
    channel->peer_bell = number_of(bell, "bell", DOORBELLS);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_set_peer_bell_obj, method_set_peer_bell);

static mp_obj_t method_die(mp_obj_t self) {
    channel_die(MP_OBJ_TO_PTR(self), UMP_PEER_DIED);
    core_event();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_die_obj, method_die);

static mp_obj_t method_abandon(mp_obj_t self) {
    channel_abandon(MP_OBJ_TO_PTR(self));
    core_event();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_abandon_obj, method_abandon);

static mp_obj_t method_close(mp_obj_t self) {
    channel_die(MP_OBJ_TO_PTR(self), UMP_CLOSED);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(method_close_obj, method_close);

static void method_attr(mp_obj_t self, qstr attribute, mp_obj_t *dest) {
    struct channel *channel = MP_OBJ_TO_PTR(self);
    if (attribute == MP_QSTR_kind && dest[0] == MP_OBJ_NULL) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(channel->kind);
    } else {
        dest[1] = MP_OBJ_SENTINEL; /* go on with the locals */
    }
}

static mp_uint_t stream_ioctl(mp_obj_t self, mp_uint_t request, uintptr_t flags, int *error) {
    if (request != MP_STREAM_POLL) {
        *error = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    return channel_poll(MP_OBJ_TO_PTR(self), flags);
}

static const mp_stream_p_t channel_stream = {.ioctl = stream_ioctl};

static void method_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind) {
    (void)kind;
    struct channel *channel = MP_OBJ_TO_PTR(self);
    const char *text = channel_fault_text(channel);
    mp_printf(print, "<Channel to core %u, %u of %u credits%s%s>", channel->peer_core,
        (unsigned)channel_credits(channel), (unsigned)channel->tx.mask + 1,
        text == NULL ? "" : ", dead: ", text == NULL ? "" : text);
}

/* Searched from the top: what is called for every message comes first. */
static const mp_rom_map_elem_t channel_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&method_send_obj)},
    {MP_ROM_QSTR(MP_QSTR_recv_into), MP_ROM_PTR(&method_recv_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_post), MP_ROM_PTR(&method_post_obj)},
    {MP_ROM_QSTR(MP_QSTR_take), MP_ROM_PTR(&method_take_obj)},
    {MP_ROM_QSTR(MP_QSTR_arm), MP_ROM_PTR(&method_arm_obj)},
    {MP_ROM_QSTR(MP_QSTR_disarm), MP_ROM_PTR(&method_disarm_obj)},
    {MP_ROM_QSTR(MP_QSTR_push), MP_ROM_PTR(&method_push_obj)},
    {MP_ROM_QSTR(MP_QSTR_recv), MP_ROM_PTR(&method_recv_obj)},
    {MP_ROM_QSTR(MP_QSTR_try_send), MP_ROM_PTR(&method_try_send_obj)},
    {MP_ROM_QSTR(MP_QSTR_try_recv), MP_ROM_PTR(&method_try_recv_obj)},
    {MP_ROM_QSTR(MP_QSTR_try_recv_into), MP_ROM_PTR(&method_try_recv_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_credits), MP_ROM_PTR(&method_credits_obj)},
    {MP_ROM_QSTR(MP_QSTR_unsent), MP_ROM_PTR(&method_unsent_obj)},
    {MP_ROM_QSTR(MP_QSTR_position), MP_ROM_PTR(&method_position_obj)},
    {MP_ROM_QSTR(MP_QSTR_taken), MP_ROM_PTR(&method_taken_obj)},
    {MP_ROM_QSTR(MP_QSTR_fault), MP_ROM_PTR(&method_fault_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_peer_bell), MP_ROM_PTR(&method_set_peer_bell_obj)},
    {MP_ROM_QSTR(MP_QSTR_die), MP_ROM_PTR(&method_die_obj)},
    {MP_ROM_QSTR(MP_QSTR_abandon), MP_ROM_PTR(&method_abandon_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&method_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_pair), MP_ROM_PTR(&method_pair_static)},
    {MP_ROM_QSTR(MP_QSTR_region_bytes), MP_ROM_PTR(&method_region_bytes_static)},
};
static MP_DEFINE_CONST_DICT(channel_locals, channel_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    channel_type, MP_QSTR_Channel, MP_TYPE_FLAG_NONE,
    make_new, method_make_new,
    print, method_print,
    attr, method_attr,
    protocol, &channel_stream,
    locals_dict, &channel_locals
    );

/* --- the module ------------------------------------------------------------------------ */

static mp_obj_t method_bench_echo(mp_obj_t self, mp_obj_t rounds) {
    bench_echo(MP_OBJ_TO_PTR(self), mp_obj_get_int(rounds));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_bench_echo_obj, method_bench_echo);

static mp_obj_t method_bench_ping(mp_obj_t self, mp_obj_t rounds, mp_obj_t length) {
    bench_ping(MP_OBJ_TO_PTR(self), mp_obj_get_int(rounds),
        number_of(length, "length", UMP_PAYLOAD + 1));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(method_bench_ping_obj, method_bench_ping);

static mp_obj_t method_bench_copy(mp_obj_t offset, mp_obj_t buffer) {
    mp_buffer_info_t info;
    buffer_of(buffer, &info, MP_BUFFER_RW);
    bench_copy(region_of(offset, info.len), info.buf, info.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(method_bench_copy_obj, method_bench_copy);

static const MP_DEFINE_STR_OBJ(ump_doc, "Channels to other cores: message rings in shared RAM.");

static const mp_rom_map_elem_t ump_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_ump)},
    {MP_ROM_QSTR(MP_QSTR___doc__), MP_ROM_PTR(&ump_doc)},
    {MP_ROM_QSTR(MP_QSTR_PAYLOAD), MP_ROM_INT(UMP_PAYLOAD)},
    {MP_ROM_QSTR(MP_QSTR_MESSAGE_MAX), MP_ROM_INT(TRAIN_MESSAGE_MAX)},
    {MP_ROM_QSTR(MP_QSTR_Channel), MP_ROM_PTR(&channel_type)},
    {MP_ROM_QSTR(MP_QSTR_ChannelDied), MP_ROM_PTR(&mp_type_ChannelDied)},
    {MP_ROM_QSTR(MP_QSTR_bench_echo), MP_ROM_PTR(&method_bench_echo_obj)},
    {MP_ROM_QSTR(MP_QSTR_bench_ping), MP_ROM_PTR(&method_bench_ping_obj)},
    {MP_ROM_QSTR(MP_QSTR_bench_copy), MP_ROM_PTR(&method_bench_copy_obj)},
};
static MP_DEFINE_CONST_DICT(ump_globals, ump_globals_table);

const mp_obj_module_t ump_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&ump_globals,
};
MP_REGISTER_MODULE(MP_QSTR_ump, ump_module);
