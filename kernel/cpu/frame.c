/* Frames of plain numbers, little endian, each at its own place (frame.h). */
#include "frame.h"

#include "py/objint.h"

/* A frame is aligned to 8 bytes, each number in it to its own size. */
typedef uint16_t __attribute__((may_alias)) u16;
typedef uint32_t __attribute__((may_alias)) u32;
typedef uint64_t __attribute__((may_alias)) u64;

static unsigned size_of(char code) {
    switch (code) {
        case 'b': case 'B': return 1;
        case 'h': case 'H': return 2;
        case 'i': case 'I': return 4;
        case 'q': case 'Q': return 8;
        default: return 0;
    }
}

bool frame_parse(struct frame *frame, const char *format) {
    unsigned at = FRAME_HEADER, count = 0;
    bool padded = false;
    if (*format++ != '<') {
        return false;
    }
    while (*format != '\0') {
        unsigned times = 0;
        while (*format >= '0' && *format <= '9') {
            times = times * 10 + (*format++ - '0');
        }
        times = times == 0 ? 1 : times;
        char code = *format++;
        unsigned size = code == 'x' ? 1 : size_of(code);
        if (size == 0 || at + times * size > UMP_PAYLOAD) {
            return false;
        }
        for (; code != 'x' && times > 0; times--) {
            if (count == FRAME_NUMBERS || at % size != 0) {
                return false;
            }
            frame->offset[count] = at;
            frame->code[count++] = code;
            at += size;
        }
        at += times; /* of padding */
        padded |= times > 0;
    }
    frame->count = count;
    frame->length = at;
    frame->padded = padded;
    return true;
}

static inline bool in_range(char code, mp_int_t value) {
    switch (code) {
        case 'b': return (int8_t)value == value;
        case 'B': return (uint8_t)value == value;
        case 'h': return (int16_t)value == value;
        case 'H': return (uint16_t)value == value;
        case 'i': return (int32_t)value == value;
        case 'I': return (int64_t)value == (int64_t)(uint32_t)value;
        case 'Q': return value >= 0;
        default: return true;
    }
}

static inline bool small_in_range(char code, mp_obj_t argument) {
    return mp_obj_is_small_int(argument) && in_range(code, MP_OBJ_SMALL_INT_VALUE(argument));
}

bool frame_fits(const struct frame *frame, const mp_obj_t *arguments) {
    for (unsigned i = 0; i < frame->count; i++) {
        if (!small_in_range(frame->code[i], arguments[i])) {
            return false;
        }
    }
    return true;
}

bool frame_pack(const struct frame *frame, unsigned tag, const mp_obj_t *arguments, void *bytes) {
    uint8_t *to = bytes;
    if (frame->padded) {
        for (unsigned i = 0; i < UMP_LINE; i += sizeof(u64)) {
            *(u64 *)(to + i) = 0;
        }
    }
    *(u32 *)to = frame->number | (uint32_t)tag << 16;
    for (unsigned i = 0; i < frame->count; i++) {
        char code = frame->code[i];
        if (!small_in_range(code, arguments[i])) {
            return false;
        }
        mp_int_t value = MP_OBJ_SMALL_INT_VALUE(arguments[i]);
        uint8_t *at = to + frame->offset[i];
        switch (code) {
            case 'b': case 'B': *at = value; break;
            case 'h': case 'H': *(u16 *)at = value; break;
            case 'i': case 'I': *(u32 *)at = value; break;
            default: *(u64 *)at = (int64_t)value; break;
        }
    }
    return true;
}

static inline mp_obj_t number_at(char code, const uint8_t *from) {
    switch (code) {
        case 'b': return MP_OBJ_NEW_SMALL_INT((int8_t)*from);
        case 'B': return MP_OBJ_NEW_SMALL_INT(*from);
        case 'h': return MP_OBJ_NEW_SMALL_INT((int16_t)*(const u16 *)from);
        case 'H': return MP_OBJ_NEW_SMALL_INT(*(const u16 *)from);
        case 'i': return mp_obj_new_int((int32_t)*(const u32 *)from);
        case 'I': return mp_obj_new_int_from_uint(*(const u32 *)from);
        case 'q': return mp_obj_new_int_from_ll((int64_t)*(const u64 *)from);
        default: return mp_obj_new_int_from_ull(*(const u64 *)from);
    }
}

void frame_unpack(const struct frame *frame, const uint8_t *bytes, mp_obj_t *arguments) {
    for (unsigned i = 0; i < frame->count; i++) {
        arguments[i] = number_at(frame->code[i], bytes + frame->offset[i]);
    }
}
