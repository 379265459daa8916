/* A core's address space: its page tables, built at boot at physical addresses
 * and changed later at virtual ones. The tables lie at the start of the core's
 * private RAM: a header page, then the root, then tables as they are needed. */
#include <string.h>

#include "arch.h"
#include "core.h"
#include "snapshot.h"
#include "virtio_console.h"

#define ENTRIES (1u << ARCH_LEVEL_BITS)

/* make build PROTECTION=off: every core may do everything everywhere, which the
 * tests of isolation must find out. */
#ifdef POLY_UNPROTECTED
#define UNPROTECTED true
#else
#define UNPROTECTED false
#endif

struct space {                     /* the header page */
    uintptr_t private_base;        /* physical */
    uint32_t tables_used;          /* pages after the header */
};

struct view {                      /* a space, and how to reach its physical pages now */
    struct space *space;
    uintptr_t offset;              /* add to a table's physical address */
};

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[];
extern char __data_start[], __data_end[], __data_load[], __bss_start[], __bss_end[];
extern char __trap_stack_bottom[], __stack_bottom[], __trap_stack_top[], __stack_top[];

static arch_pte_t *table_at(struct view view, uintptr_t physical) {
    return (arch_pte_t *)(physical + view.offset);
}

/* Physical address of a new empty table, 0 when the pool is used up. */
static uintptr_t table_new(struct view view) {
    uint32_t used = view.space->tables_used + 1;
    if (used >= LAYOUT_TABLES / LAYOUT_PAGE) {
        return 0;
    }
    view.space->tables_used = used;
    uintptr_t physical = view.space->private_base + used * LAYOUT_PAGE;
    memset(table_at(view, physical), 0, LAYOUT_PAGE);
    return physical;
}

static unsigned level_shift(unsigned level) {
    return 12 + (ARCH_LEVELS - 1 - level) * ARCH_LEVEL_BITS;
}

static arch_pte_t *entry_in(struct view view, uintptr_t table, unsigned level, uintptr_t va) {
    return &table_at(view, table)[va >> level_shift(level) & (ENTRIES - 1)];
}

/* The entry for `va` at the highest level whose span fits `length` and both
 * alignments, which it puts in `level`; makes the tables above it. NULL when
 * the pool is used up. */
static arch_pte_t *entry_for(struct view view, uintptr_t va, uintptr_t pa, uintptr_t length,
    unsigned *level) {
    uintptr_t table = view.space->private_base + LAYOUT_PAGE;
    for (*level = 0;; ++*level) {
        uintptr_t span = (uintptr_t)1 << level_shift(*level);
        arch_pte_t *entry = entry_in(view, table, *level, va);
        bool fits = *level > 0 && ((va | pa) & (span - 1)) == 0 && length >= span
            && !arch_pte_is_table(*entry, *level);
        if (fits || *level == ARCH_LEVELS - 1) {
            return entry;
        }
        if (!arch_pte_valid(*entry)) {
            uintptr_t next = table_new(view);
            if (next == 0) {
                return NULL;
            }
            *entry = arch_pte_table(next);
        }
        table = arch_pte_address(*entry);
    }
}

static bool map(struct view view, uintptr_t va, uintptr_t pa, uintptr_t length, unsigned rights) {
    if (UNPROTECTED) {
        rights |= MAP_READ | MAP_WRITE | MAP_EXECUTE;
    }
    while (length > 0) {
        unsigned level;
        arch_pte_t *entry = entry_for(view, va, pa, length, &level);
        if (entry == NULL) {
            return false;
        }
        uintptr_t span = (uintptr_t)1 << level_shift(level);
        /* Pages that follow are next to it in the same table: no walk for each. */
        do {
            *entry++ = arch_pte_leaf(pa, rights, level);
            va += span;
            pa += span;
            length -= span;
        } while (level == ARCH_LEVELS - 1 && length > 0
                 && (va >> level_shift(level) & (ENTRIES - 1)) != 0);
    }
    return true;
}

static uintptr_t page_up(uintptr_t value) {
    return (value + LAYOUT_PAGE - 1) & ~(uintptr_t)(LAYOUT_PAGE - 1);
}

static void map_image(struct view view) {
    uintptr_t text = (uintptr_t)__text_start, rodata = (uintptr_t)__rodata_start;
    map(view, text, text, (uintptr_t)__text_end - text, MAP_READ | MAP_EXECUTE);
    map(view, rodata, rodata, (uintptr_t)__rodata_end - rodata, MAP_READ);
}

static void map_devices(struct view view, unsigned core) {
    for (const struct arch_device *device = arch_devices; device->bytes != 0; device++) {
        if (core == 0 || device->every_core || UNPROTECTED) {
            map(view, device->base, device->base, device->bytes,
                MAP_READ | MAP_WRITE | MAP_DEVICE);
        }
    }
    uintptr_t own[] = {
        arch_own_device(core),
        virtio_console_has_slot(core) ? virtio_console_registers(core) : 0,
    };
    for (unsigned i = 0; i < 2; i++) {
        uintptr_t page = own[i] & ~(uintptr_t)(LAYOUT_PAGE - 1);
        if (page != 0) {
            map(view, page, page, LAYOUT_PAGE, MAP_READ | MAP_WRITE | MAP_DEVICE);
        }
    }
}

/* Private RAM: all of it but the page below each stack. */
static void map_private(struct view view, uintptr_t bytes) {
    uintptr_t from = LAYOUT_PRIVATE;
    uintptr_t gaps[] = {(uintptr_t)__trap_stack_bottom, (uintptr_t)__stack_bottom};
    for (unsigned i = 0; i < 2; i++) {
        map(view, from, view.space->private_base + (from - LAYOUT_PRIVATE),
            gaps[i] - LAYOUT_PAGE - from, MAP_READ | MAP_WRITE);
        from = gaps[i];
    }
    map(view, from, view.space->private_base + (from - LAYOUT_PRIVATE),
        LAYOUT_PRIVATE + bytes - from, MAP_READ | MAP_WRITE);
}

/* The part of the shared window that every core holds from the start: all
 * control pages, its own report; core 0 reads every report. */
static void map_shared(struct view view, const struct boot_block *boot, unsigned core) {
    uintptr_t control = boot->core_count * LAYOUT_PAGE;
    map(view, LAYOUT_SHARED, boot->shared_base, control, MAP_READ | MAP_WRITE);
    uintptr_t reports = LAYOUT_SHARED + control;
    if (core == 0) {
        map(view, reports, boot->shared_base + control, boot->core_count * REPORT_BYTES, MAP_READ);
    }
    map(view, reports + core * REPORT_BYTES, boot->shared_base + control + core * REPORT_BYTES,
        REPORT_BYTES, MAP_READ | MAP_WRITE);
}

/* All RAM at its physical addresses, no guards, the whole shared window. */
static void map_all(struct view view, const struct boot_block *boot) {
    uintptr_t end = boot->private_base + boot->core_count * boot->private_bytes;
    map(view, BOARD_MEMORY_RAM, BOARD_MEMORY_RAM, end - BOARD_MEMORY_RAM, MAP_READ);
    map(view, LAYOUT_PRIVATE, view.space->private_base, boot->private_bytes, MAP_READ);
    for (uint32_t offset = 0; offset < boot->shared_bytes; offset += LAYOUT_PAGE) {
        map(view, LAYOUT_SHARED + offset, boot->shared_base + offset, LAYOUT_PAGE, MAP_READ);
    }
}

uintptr_t space_build(const struct boot_block *boot, unsigned core, bool again) {
    uintptr_t private_base = boot->private_base + core * boot->private_bytes;
    struct view view = {(struct space *)private_base, 0};
    view.space->private_base = private_base;
    view.space->tables_used = 0;
    uintptr_t root = table_new(view);
    map_image(view);
    map_private(view, boot->private_bytes);
    map_shared(view, boot, core);
    map(view, LAYOUT_ROMFS, boot->romfs_base, page_up(boot->romfs_bytes), MAP_READ);
    map(view, LAYOUT_BOOT, (uintptr_t)boot, BOOT_BLOCK_BYTES, MAP_READ);
    map_devices(view, core);
    if (UNPROTECTED) {
        map_all(view, boot);
    }

    uintptr_t to_physical = private_base - LAYOUT_PRIVATE;
    if (!snapshot_copy(to_physical, boot->private_bytes, again)) {
        memcpy(__data_start + to_physical, __data_load, __data_end - __data_start);
        memset(__bss_start + to_physical, 0, __bss_end - __bss_start);
    }
    return root;
}

/* --- later, in the core's own space ------------------------------------------ */

static struct view live(void) {
    struct space *space = (struct space *)LAYOUT_PRIVATE;
    return (struct view){space, LAYOUT_PRIVATE - space->private_base};
}

/* Page by page, so that any part can be unmapped again. */
bool space_map_shared(uint32_t offset, uint32_t length) {
    bool done = true;
    for (uint32_t end = offset + length; offset < end && done; offset += LAYOUT_PAGE) {
        done = map(live(), LAYOUT_SHARED + offset, BOOT->shared_base + offset, LAYOUT_PAGE,
            MAP_READ | MAP_WRITE);
    }
    arch_translation_changed();
    return done;
}

/* The leaf that maps `va`, NULL if none does. */
static arch_pte_t *leaf_of(struct view view, uintptr_t va) {
    uintptr_t table = view.space->private_base + LAYOUT_PAGE;
    for (unsigned level = 0; level < ARCH_LEVELS; level++) {
        arch_pte_t *entry = entry_in(view, table, level, va);
        if (!arch_pte_valid(*entry)) {
            return NULL;
        }
        if (!arch_pte_is_table(*entry, level)) {
            return entry;
        }
        table = arch_pte_address(*entry);
    }
    return NULL;
}

static void unmap(uintptr_t va, uintptr_t length) {
    for (uintptr_t end = va + length; va < end; va += LAYOUT_PAGE) {
        arch_pte_t *leaf = leaf_of(live(), va);
        if (leaf != NULL && !UNPROTECTED) {
            *leaf = 0;
        }
    }
    arch_translation_changed();
}

void space_unmap_shared(uint32_t offset, uint32_t length) {
    unmap(LAYOUT_SHARED + offset, length);
}

bool space_map_physical(uintptr_t address, uint32_t length) {
    bool done = map(live(), address, address, length, MAP_READ | MAP_WRITE);
    arch_translation_changed();
    return done;
}

void space_unmap_physical(uintptr_t address, uint32_t length) {
    unmap(address, length);
}

bool space_is_mapped(uintptr_t address) {
    return leaf_of(live(), address) != NULL;
}
