/* The virtual memory map, the same on every core and board. Plain constants
 * only: the linker script includes this file too.
 *
 *   image      physical = virtual; text read-execute, constants read-only;
 *              one copy, mapped on every core
 *   devices    physical = virtual; mapped only on the core that owns them
 *   private    one virtual range, backed on each core by its own RAM
 *   shared     one virtual range, the same RAM on every core; a region in it
 *              is mapped on a core only while that core holds the region
 */
#ifndef POLY_LAYOUT_H
#define POLY_LAYOUT_H

#define LAYOUT_PRIVATE      0xC0000000  /* page tables, data, bss, stacks, heap */
#define LAYOUT_PRIVATE_MAX  0x20000000  /* 512 MiB per core at most */
#define LAYOUT_SHARED       0xE0000000
#define LAYOUT_SHARED_MAX   0x10000000  /* 256 MiB */
#define LAYOUT_ROMFS        0xF0000000  /* read-only on every core, in place */
#define LAYOUT_ROMFS_MAX    0x08000000  /* 128 MiB */
#define LAYOUT_BOOT         0xF8000000  /* the boot block, read-only */

#define LAYOUT_PAGE         0x1000
#define LAYOUT_TABLES       0x40000     /* first part of private: page tables */
#define LAYOUT_STACK        0x20000     /* the VM's stack, a guard page below it */
#define LAYOUT_TRAP_STACK   0x4000      /* traps and panics, a guard page below it */
#define LAYOUT_SNAPSHOT     0x20000     /* part of the image: what a life begins with */

/* Private RAM, from LAYOUT_PRIVATE up: tables, data, bss, guard, trap stack,
 * guard, stack, heap (to the end). */
#define LAYOUT_DATA         (LAYOUT_PRIVATE + LAYOUT_TABLES)

#endif
