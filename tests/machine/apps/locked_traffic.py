"""One-slot messages there and back with the heap locked at both ends."""

import micropython

import poly

ROUNDS = 2000
parent = poly.parent()
buffer = bytearray(60)
views = [memoryview(buffer)[:length] for length in range(61)]


def echo(channel):
    for _ in range(ROUNDS):
        length = channel.recv_into(buffer)
        channel.send(views[length], channel.kind)


def ask(channel):
    for number in range(ROUNDS):
        buffer[0] = number & 255
        length = 1 + number % 60
        channel.send(views[length], number & 31)
        buffer[0] = 0
        if channel.recv_into(buffer) != length or buffer[0] != number & 255:
            return number
        if channel.kind != number & 31:
            return number
    return ROUNDS


child = None if parent else poly.spawn((poly.core() + 1) % poly.cores(), "locked_traffic")
micropython.heap_lock()
done = ask(child.channel) if child else echo(parent)
micropython.heap_unlock()
if child:
    print("done", done, child.wait(5000))
    child.close()
