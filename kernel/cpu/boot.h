/* The boot block: what the host tools tell the cores. It lies in RAM at the
 * address that board.toml gives and is read-only to every core. The writer is
 * host_tools/polyphone/image/boot_block.py; a unit test holds the two together. */
#ifndef POLY_BOOT_H
#define POLY_BOOT_H

#include <stdint.h>

#define BOOT_MAGIC 0x594c4f50u /* "POLY", little-endian */
#define BOOT_VERSION 2u
#define BOOT_BLOCK_BYTES 16384u

#define BOOT_EXIT_ON_PANIC 1u      /* a panic of core 0 ends the machine with status 255 */

struct boot_block {
    uint32_t magic;
    uint32_t version;
    uint32_t core_count;
    uint32_t spin_us;            /* how long a wait polls before it sleeps */
    uint64_t private_base;       /* physical; core i has private_base + i * private_bytes */
    uint64_t private_bytes;      /* a multiple of the board's large page */
    uint64_t shared_base;        /* physical */
    uint64_t shared_bytes;
    uint64_t romfs_base;         /* physical; page-aligned */
    uint64_t romfs_bytes;        /* 0: there is none */
    uint32_t arguments_bytes;    /* of the JSON object that follows */
    uint32_t flags;              /* BOOT_* above */
    uint32_t seed;               /* of the delays of stress.h; 0: there are none */
    char arguments[];            /* UTF-8 JSON, not terminated */
};

#endif
