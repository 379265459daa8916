"""States that programs under test bring their core into; most leave only a restart."""

import cpu

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
    """Not even a small object has room left."""
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
