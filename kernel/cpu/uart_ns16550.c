/* NS16550A UART. Its FIFO stays off where somebody types: turning it on drops what came before. */
#include <stdint.h>

#include "board.h"
#include "core.h"
#include "uart.h"

#define REG(n) (((volatile uint8_t *)BOARD_CONSOLE_UART)[n])
#define DATA REG(0)
#define INTERRUPT_ENABLE REG(1)
#define FIFO_CONTROL REG(2)
#define LINE_CONTROL REG(3)
#define LINE_STATUS REG(5)
#define RECEIVED 0x01
#define ROOM 0x20

void uart_init(void) {
    LINE_CONTROL = 3;  /* 8 bits, no parity, one stop bit */
    FIFO_CONTROL = BOOT->flags & BOOT_INPUT_FRAMED ? 0xc1 : 0; /* 14 bytes at once, or what came */
    INTERRUPT_ENABLE = 1;
}

int uart_take(void) {
    return LINE_STATUS & RECEIVED ? DATA : -1;
}

void uart_put(char byte) {
    while (!(LINE_STATUS & ROOM)) {
    }
    DATA = byte;
}

void uart_receive_enable(bool on) {
    INTERRUPT_ENABLE = on;
}
