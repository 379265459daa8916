"""Messages of all lengths and kinds to a core that echoes them, with rings of any length."""

import sys

import poly

LENGTHS = list(range(62)) + [119, 120, 121, 600, 4095, 4096, 65535, 65536]
for slots in [int(word) for word in sys.argv[1:]]:
    child = poly.spawn((poly.core() + 1) % poly.cores(), "answer", slots=slots)
    channel = child.channel
    buffer = bytearray(65536)
    for length in LENGTHS:
        message = bytes([(length + at) & 255 for at in range(min(length, 256))])
        message = (message * (length // 256 + 1))[:length]
        for kind in (0, 5, 62):
            channel.send(message, kind)
            if length % 2:
                assert channel.recv() == message, length
            else:
                assert channel.recv_into(buffer) == length, length
                assert buffer[:length] == message, length
            assert channel.kind == kind, (length, kind)
    assert channel.try_recv() is None and channel.try_recv_into(buffer) == -1
    assert channel.credits() == slots, channel.credits()
    channel.send(b"", 1)
    assert child.wait(5000) == 0
    child.close()
print("all sizes")
