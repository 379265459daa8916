/* Arm PL011 UART. Its FIFOs stay off where somebody types: turning them on drops what came before.
 * Nor is the receive interrupt cleared: it may tell of just that byte. */
#include <stdint.h>

#include "board.h"
#include "core.h"
#include "uart.h"

#define REG(offset) (*(volatile uint32_t *)(BOARD_CONSOLE_UART + (offset)))
#define DATA REG(0x00)
#define FLAGS REG(0x18)
#define LINE_CONTROL REG(0x2c)
#define CONTROL REG(0x30)
#define INTERRUPT_MASK REG(0x38)
#define RECEIVE_EMPTY 0x10
#define TRANSMIT_FULL 0x20
#define RECEIVED 0x10              /* the interrupt */

void uart_init(void) {
    LINE_CONTROL = BOOT->flags & BOOT_INPUT_FRAMED ? 0x70 : 0x60; /* 8 bits; FIFOs */
    CONTROL = 0x301;      /* on, send, receive */
    INTERRUPT_MASK = RECEIVED;
}

int uart_take(void) {
    return FLAGS & RECEIVE_EMPTY ? -1 : (int)(DATA & 0xff);
}

void uart_put(char byte) {
    while (FLAGS & TRANSMIT_FULL) {
    }
    DATA = (uint8_t)byte;
}

void uart_receive_enable(bool on) {
    INTERRUPT_MASK = on ? RECEIVED : 0;
}
