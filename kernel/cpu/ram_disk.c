/* The block device under /ram: a piece of the heap's end, taken when it is made. It
 * allocates nothing afterwards and raises nothing, and no interrupt comes in its midst:
 * littlefs, which calls it, keeps its lists right only then. */
#include "ram_disk.h"

#include <string.h>

#include "extmod/vfs.h"
#include "heap.h"
#include "py/mperrno.h"
#include "py/runtime.h"

#define BLOCK_BYTES 1024
#define BLOCKS_LEAST 16

typedef struct {
    mp_obj_base_t base;
    uint8_t *memory;
    size_t blocks;
} ram_disk_t;

/* What readblocks() and writeblocks() are to copy; NULL: it is not all on the disk. */
static uint8_t *place(size_t n_args, const mp_obj_t *args, size_t length) {
    const ram_disk_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_int_t block = MP_OBJ_SMALL_INT_VALUE(args[1]);
    mp_int_t offset = n_args > 3 ? MP_OBJ_SMALL_INT_VALUE(args[3]) : 0;
    size_t bytes = self->blocks * BLOCK_BYTES;
    if (!mp_obj_is_small_int(args[1]) || (n_args > 3 && !mp_obj_is_small_int(args[3])) || block < 0
        || (size_t)block >= self->blocks || offset < 0 || (size_t)offset > bytes) {
        return NULL;
    }
    size_t start = block * BLOCK_BYTES + offset;
    return start <= bytes && length <= bytes - start ? self->memory + start : NULL;
}

/* Returns 0, or an error of littlefs. */
static mp_obj_t copy(size_t n_args, const mp_obj_t *args, int flags) {
    mp_buffer_info_t buffer;
    uint8_t *memory = NULL;
    if (mp_get_buffer(args[2], &buffer, flags)) {
        memory = place(n_args, args, buffer.len);
    }
    if (memory == NULL) {
        return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
    if (flags == MP_BUFFER_WRITE) {
        memcpy(buffer.buf, memory, buffer.len);
    } else {
        memcpy(memory, buffer.buf, buffer.len);
    }
    return MP_OBJ_NEW_SMALL_INT(0);
}

static mp_obj_t ram_disk_readblocks(size_t n_args, const mp_obj_t *args) {
    return copy(n_args, args, MP_BUFFER_WRITE);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(ram_disk_readblocks_obj, 3, 4, ram_disk_readblocks);

static mp_obj_t ram_disk_writeblocks(size_t n_args, const mp_obj_t *args) {
    return copy(n_args, args, MP_BUFFER_READ);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(ram_disk_writeblocks_obj, 3, 4, ram_disk_writeblocks);

static mp_obj_t ram_disk_ioctl(mp_obj_t self_in, mp_obj_t what, mp_obj_t argument) {
    (void)argument;
    const ram_disk_t *self = MP_OBJ_TO_PTR(self_in);
    if (what == MP_OBJ_NEW_SMALL_INT(MP_BLOCKDEV_IOCTL_BLOCK_COUNT)) {
        return MP_OBJ_NEW_SMALL_INT(self->blocks);
    }
    bool size = what == MP_OBJ_NEW_SMALL_INT(MP_BLOCKDEV_IOCTL_BLOCK_SIZE);
    return MP_OBJ_NEW_SMALL_INT(size ? BLOCK_BYTES : 0);
}
static MP_DEFINE_CONST_FUN_OBJ_3(ram_disk_ioctl_obj, ram_disk_ioctl);

static const mp_rom_map_elem_t ram_disk_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&ram_disk_readblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&ram_disk_writeblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&ram_disk_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(ram_disk_locals, ram_disk_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(ram_disk_type, MP_QSTR_ram_disk, MP_TYPE_FLAG_NONE,
    locals_dict, &ram_disk_locals);

mp_obj_t ram_disk_make(size_t bytes_most) {
    ram_disk_t *self = mp_obj_malloc(ram_disk_t, &ram_disk_type);
    size_t bytes;
    self->memory = heap_take_end(BLOCKS_LEAST * BLOCK_BYTES, bytes_most, &bytes);
    if (self->memory == NULL) {
        mp_raise_OSError(MP_ENOSPC);
    }
    self->blocks = bytes / BLOCK_BYTES;
    return MP_OBJ_FROM_PTR(self);
}
