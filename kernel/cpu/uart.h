/* The serial line of the core that owns it. The board's driver is the one
 * uart_*.c that board.toml names. */
#ifndef POLY_UART_H
#define POLY_UART_H

#include <stdbool.h>
#include <stddef.h>

/* Turns the receive interrupt on. */
void uart_init(void);

/* The next byte received, or -1. */
int uart_take(void);

/* Sends one byte, waiting for room in the device. */
void uart_put(char byte);

/* Stops or goes on taking bytes: while stopped they wait in the device, which
 * holds back the sender. */
void uart_receive_enable(bool on);

#endif
