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
#define BOOT_INPUT_FRAMED 2u       /* the serial line's input has an end: BOOT_INPUT_ESCAPE */
#define BOOT_INPUT_IS_DATA 4u      /* it is for programs, and no byte of it means Ctrl-C */
#define BOOT_INPUT_ENDED 8u        /* there is none */

/* Framed input: after this byte comes itself, or what it stands for. All before the first
 * begin is nothing: more than a UART takes unasked, so that the host sees when somebody reads. */
#define BOOT_INPUT_ESCAPE 0x10
#define BOOT_INPUT_BEGIN 0x01
#define BOOT_INPUT_END 0x04        /* the end of the input */

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
