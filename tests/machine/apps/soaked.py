"""soaked: one end of `soak`'s numbered messages; a message of text is a state to enter.

Messages are numbered in each direction; a number that is not the next one is an error."""

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
    cpu.ring(cpu.core(), cpu.core() - 1)
    loop()


def overflow():
    cpu.hang(OVERFLOW)


def fault():
    import uctypes

    uctypes.bytearray_at(0, 1)[0] = 1


def exhaust():
    held = []
    while True:
        try:
            held.append(bytearray(1 << 16))
        except MemoryError:
            pass


def send():
    while True:
        channel.send(b"x" * 300)


channel = poly.parent()
received = sent = 0
while True:
    message = channel.recv()
    if not message[0]:
        globals()[message[1:].decode()]()
    number = int.from_bytes(message[1:5], "little")
    if number != received:
        raise ValueError("message %d, expected %d" % (number, received))
    received += 1
    for _ in range(message[0]):  # so many answers, long ones among them
        channel.send(sent.to_bytes(4, "little") * (1 + sent % 40))
        sent += 1
