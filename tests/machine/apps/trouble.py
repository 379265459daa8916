"""trouble STATE: says that it is there, then brings its core into a state in which only a
restart helps. `partner` on the next core is told of it, as is who spawned this."""

import sys
import time

import cpu

import poly

HERE, IN_INTERRUPT, OVERFLOW = 1, 2, 3


def loop():
    while True:
        pass


def wait():
    while True:
        cpu.wait()


def masked():
    cpu.hang(HERE)


def interrupt():
    cpu.hang(IN_INTERRUPT)
    cpu.ring(cpu.core(), 0)
    loop()


def overflow():
    cpu.hang(OVERFLOW)


def fault():
    import uctypes

    uctypes.bytearray_at(0, 1)[0] = 1


def exhaust():
    held = []
    size = 1 << 20
    while True:
        try:
            held.append(bytearray(size))
        except MemoryError:
            size = size // 2 or 1


def heap_lock():
    import micropython

    micropython.heap_lock()
    loop()


def send():
    message = bytes(200)
    while True:
        partner.channel.send(message)


def receive():
    while True:
        partner.channel.recv()


STATES = {
    "loop": loop,
    "wait": wait,
    "masked": masked,
    "interrupt": interrupt,
    "overflow": overflow,
    "fault": fault,
    "exhaust": exhaust,
    "heap_lock": heap_lock,
    "send": send,
    "receive": receive,
}
state = sys.argv[1]
partner = poly.spawn((poly.core() + 1) % poly.cores(), "partner", (state,))
partner.channel.recv()
poly.parent().send(b"ready")
time.sleep_ms(20)
STATES[state]()
