"""Packs and unpacks messages of everything.if, here, and calls over a channel in memory."""

import asyncio

import everything_if as everything
import idl_channel
import micropython

from poly import views, wire

buffer = bytearray(everything.FRAME_BYTES)
point = everything.point


def there_and_back(pack, unpack, *arguments):
    assert unpack(buffer, pack(buffer, *arguments)) == arguments, arguments


def refused(kind, function, *arguments):
    try:
        function(*arguments)
    except kind as error:
        print(error)


there_and_back(everything.pack_numbers, everything.unpack_numbers, 255, -128, 65535, -32768, 1, -1)
there_and_back(everything.pack_wide, everything.unpack_wide, (1 << 64) - 1, -(1 << 63))
there_and_back(
    everything.pack_shapes, everything.unpack_shapes, point(-1, 2), 1, True, (1, 2, 0xFFFFFFFF)
)
there_and_back(
    everything.pack_many,
    everything.unpack_many,
    "gr\u00fc\u00dfe",
    (point(1, 2), point(-3, -4)),
    b"\x00\xff",
    (True, False),
)
there_and_back(everything.pack_many, everything.unpack_many, "", (), b"", ())
caps = []
length = everything.pack_carried(buffer, caps, "phone", (1, 2, 3))
assert everything.unpack_carried(buffer, length, caps) == ("phone", (1, 2, 3))

# A message of numbers is packed without allocating (IDL-8).
micropython.heap_lock()
everything.pack_numbers(buffer, 1, -2, 3, -4, 5, -6)
micropython.heap_unlock()

refused(views.Misuse, everything.pack_numbers, buffer, 256, 0, 0, 0, 0, 0)
refused(views.Misuse, everything.pack_many, buffer, "x" * 101, (), b"", ())
length = everything.pack_many(buffer, "abc", (), b"", ())
buffer[12] = 0xFF
refused(wire.Malformed, everything.unpack_many, buffer, length)
refused(wire.Malformed, everything.unpack_many, buffer, length + 1)


class Session:
    def double(self, number):
        if number > 100:
            raise everything.Refused("too much")
        return 2 * number


class Waiting:
    async def double(self, number):
        await asyncio.sleep(0)
        return 2 * number


async def calls(session):
    near, far, loop = idl_channel.pair()
    client = everything.Client(near)
    everything.Server(far, session)

    async def deliver():
        while True:
            idl_channel.run(loop)
            await asyncio.sleep(0)

    delivery = asyncio.create_task(deliver())
    print(await client.double(21))
    try:
        print(await client.double(101))
    except everything.Refused:
        print("refused")
    delivery.cancel()


asyncio.run(calls(Session()))
asyncio.run(calls(Waiting()))

near, far, loop = idl_channel.pair()
one, other = everything.Binding(near), everything.Binding(far)
other.rx["changed"] = lambda binding, count: print("changed", count)
one.tx.changed(3, lambda: print("accepted"))
idl_channel.run(loop)
