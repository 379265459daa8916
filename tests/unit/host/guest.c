/* A guest for the tests of the host tools, in the place of the kernel's image: on
 * core 0 of virt_rv64 it reads lines and answers as the kernel's shell does. It
 * knows `status`, `cores`, `hang`, `panic` and `exit N`; with boot arguments it
 * prints them and ends with status 7. */
#include <stdint.h>

#include "boot.h"
#include "board.h"

static volatile uint8_t *const uart = (volatile uint8_t *)BOARD_CONSOLE_UART;
static const struct boot_block *const boot = (const void *)BOARD_MEMORY_BOOT_BLOCK;

static void put(char c) {
    if (c == '\n') {
        uart[0] = '\r';
    }
    uart[0] = (uint8_t)c;
}

static void print(const char *text) {
    while (*text) {
        put(*text++);
    }
}

static void print_hex(uintptr_t number) {
    print("0x");
    for (int shift = 28; shift >= 0; shift -= 4) {
        put("0123456789abcdef"[number >> shift & 15]);
    }
}

static void finish(unsigned status) {
    *(volatile uint32_t *)BOARD_DEVICES_EXIT = (status ^ 0xff) << 16 | 0x3333;
    for (;;) {
    }
}

static int equal(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static void panic(void) {
    print("*** core 0 (generation 0) panic: told to\n  pc ");
    print_hex((uintptr_t)panic);
    print(" sp 0x80100000 address 0x0\n*** end\n");
}

static unsigned do_line(const char *line, unsigned status) {
    if (equal(line, "status")) {
        put((char)('0' + status));
        put('\n');
        return status;
    }
    if (equal(line, "cores")) {
        put((char)('0' + boot->core_count));
        put('\n');
        return 0;
    }
    if (equal(line, "hang")) {
        for (;;) {
        }
    }
    if (equal(line, "panic")) {
        panic();
        return 0;
    }
    if (line[0] == 'e') {
        finish((unsigned)(line[5] - '0'));
    }
    print("unknown\n");
    return 2;
}

void guest(void) {
    char line[80];
    unsigned status = 0;
    if (boot->arguments_bytes > 2) {
        for (uint32_t i = 0; i < boot->arguments_bytes; i++) {
            put(boot->arguments[i]);
        }
        put('\n');
        finish(7);
    }
    for (;;) {
        print("poly> ");
        unsigned length = 0;
        for (;;) {
            while (!(uart[5] & 1)) {
            }
            char c = (char)uart[0];
            if (c == '\r') {
                break;
            }
            put(c);
            line[length++] = c;
        }
        line[length] = 0;
        put('\n');
        status = do_line(line, status);
    }
}

__asm__(".section .init, \"ax\"\n"
        ".globl _start\n"
        "_start: csrr a0, mhartid\n"
        "bnez a0, park\n"
        "la sp, stack_end\n"
        "call guest\n"
        "park: wfi\n"
        "j park\n"
        ".bss\n"
        ".align 4\n"
        ".skip 4096\n"
        "stack_end:\n"
        ".text\n");
