/* What lies at an address, in words. Virtual places go by the map (layout.h);
 * below it are image and devices, and RAM that this core sees elsewhere if at all. */
#include "place.h"

#include "arch.h"
#include "core.h"
#include "virtio_console.h"

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[];
extern char __trap_stack_bottom[], __stack_bottom[];

struct place {
    uintptr_t start, bytes;
    const char *name;
};

static const char *name_in(const struct place *places, unsigned count, uintptr_t address) {
    for (unsigned i = 0; i < count; i++) {
        if (address >= places[i].start && address - places[i].start < places[i].bytes) {
            return places[i].name;
        }
    }
    return NULL;
}

static const struct arch_device *device_at(uintptr_t address) {
    for (const struct arch_device *device = arch_devices; device->bytes != 0; device++) {
        if (address >= device->base && address - device->base < device->bytes) {
            return device;
        }
    }
    return NULL;
}

static const char *virtual_name(uintptr_t address) {
    const struct place places[] = { /* of two that overlap the first counts */
        {0, LAYOUT_PAGE, "page zero"},
        {(uintptr_t)__text_start, __text_end - __text_start, "the text"},
        {(uintptr_t)__rodata_start, __rodata_end - __rodata_start, "a constant"},
        {(uintptr_t)__stack_bottom - LAYOUT_PAGE, LAYOUT_PAGE,
         "stack overflow: guard below the stack"},
        {(uintptr_t)__trap_stack_bottom - LAYOUT_PAGE, LAYOUT_PAGE, "guard below the trap stack"},
        {LAYOUT_PRIVATE, BOOT->private_bytes, "this core's private memory"},
        {LAYOUT_PRIVATE, LAYOUT_PRIVATE_MAX, "beyond this core's private memory"},
        {LAYOUT_SHARED + shared_bytes(), LAYOUT_SHARED_MAX - shared_bytes(),
         "beyond the shared window"},
        {LAYOUT_ROMFS, LAYOUT_ROMFS_MAX, "the ROMFS"},
        {LAYOUT_BOOT, BOOT_BLOCK_BYTES, "the boot block"},
        {BOOT->shared_base, BOOT->shared_bytes, "physical address of the shared window"},
    };
    return name_in(places, sizeof(places) / sizeof(places[0]), address);
}

void place_print(const mp_print_t *print, uintptr_t address) {
    uintptr_t in_virtio = address - BOARD_VIRTIO_BASE;
    uintptr_t in_private = address - BOOT->private_base;
    const struct arch_device *device = device_at(address);
    const char *name = virtual_name(address);
    if (address >= LAYOUT_SHARED && address - LAYOUT_SHARED < shared_bytes()) {
        mp_printf(print, " (shared region at offset 0x%x%s)", (unsigned)(address - LAYOUT_SHARED),
            space_is_mapped(address) ? "" : ", not held");
    } else if (name != NULL) {
        mp_printf(print, " (%s)", name);
    } else if (device != NULL) {
        mp_printf(print, " (%s%s)", device->every_core ? "" : "core 0's device: ", device->name);
    } else if (in_virtio < BOARD_VIRTIO_SLOTS * BOARD_VIRTIO_STRIDE) {
        mp_printf(print, " (core %u's console)",
            virtio_console_core(in_virtio / BOARD_VIRTIO_STRIDE));
    } else if (in_private < BOOT->core_count * BOOT->private_bytes) {
        mp_printf(print, " (core %u's private memory)",
            (unsigned)(in_private / BOOT->private_bytes));
    } else {
        mp_print_str(print, " (no memory of this core)");
    }
}
