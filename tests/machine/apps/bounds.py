"""What a channel refuses, and in which words; nothing of it harms the channel."""

import cpu
import ump

import poly


def refused(function, *args):
    try:
        function(*args)
    except (ValueError, TypeError) as error:
        print("%s: %s" % (type(error).__name__, error))
    else:
        print("not refused:", args)


child = poly.spawn(1, "answer", slots=4)
channel = child.channel
refused(channel.send, bytes(65537))
refused(channel.send, b"", 63)
refused(channel.send, b"", -1)
refused(channel.try_send, bytes(241))
refused(channel.try_send, b"x", 0, 4)
refused(channel.send, "text", "kind")
refused(channel.send, 5)
channel.send(b"x" * 100)
refused(channel.recv_into, bytearray(99))
channel.send(b"x" * 100)
assert channel.recv_into(bytearray(100)) == 100
# Fill the ring towards a program that does not read.
deaf = poly.spawn(2, "sleeper", slots=4)
sent = 0
while deaf.channel.try_send(b"m"):
    sent += 1
print("sent %d, credits %d" % (sent, deaf.channel.credits()))
deaf.close()
try:
    deaf.channel.send(b"")
except AttributeError:
    print("closed")
refused(ump.Channel, 0, 3, 0, 64, 1, 64)
offset, length = cpu.arena()
refused(ump.Channel, offset, 4, 2, 64, 1, 64)
refused(ump.Channel, offset + length - 4096, 4, 0, 64, 1, 64)
refused(ump.Channel, 8, 4, 0, 64, 1, 64)
refused(ump.Channel, 4096, 4, 0, 64, 1, 64)  # the doorbells of core 1
refused(ump.Channel.region_bytes, 1)
channel.send(b"", 1)
assert child.wait(5000) == 0
try:
    channel.recv()
except ump.ChannelDied as died:
    print("ChannelDied", died.args[1])
child.close()
