# bulk_sink.py COUNT...: takes so many messages, then says so; as often as there are counts.
# Then it waits: its way out is not counted.
import sys

import ump

import poly

channel = poly.parent()
message = bytearray(ump.MESSAGE_MAX)
for count in sys.argv[1:]:
    for _ in range(int(count)):
        channel.recv_into(message)
    channel.send(b"")
channel.recv()
