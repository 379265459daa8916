"""victim CORE COUNT SEED: uses ring pairs that a hostile core corrupts, COUNT times in all.

Prints for each round's end how many there were: the reason of a death, or harmless."""

import sys

import cpu
import ump

import poly

SLOTS = 8
hostile, wanted, seed = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
kernel = cpu.this()
length = ump.Channel.region_bytes(SLOTS)
ends = {}
buffer = bytearray(65536)
message = bytes(range(200))


def exchange(channel, child, passes):
    """Send and receive without regard for what comes."""
    lengths = (0, 1, 59, 60, 61, 120, 200)
    for number in range(passes):
        channel.try_send(message[: lengths[number % 7]], number % 32)
        got = channel.try_recv_into(buffer)
        if got > ump.MESSAGE_MAX or channel.kind > 63 or channel.credits() > SLOTS:
            raise SystemExit("impossible: %d bytes, kind %d" % (got, channel.kind))


def round_on(child, offset, bell):
    """One ring pair from its opening to its end; the counts of what was corrupted, and why."""
    cpu.zero(offset, length)
    channel = ump.Channel(offset, SLOTS, 0, bell, hostile, 64)
    child.channel.send(b"%d %d %d" % (offset, 65, bell))
    child.channel.recv()
    why = "harmless"
    report = None
    try:
        while report is None:
            exchange(channel, child, 4)
            report = child.channel.try_recv()
        exchange(channel, child, 2 * SLOTS)
    except ump.ChannelDied as died:
        why = died.args[1]
    if report is None:
        report = child.channel.recv()
    channel.close()
    return report, why


bystanders = poly.spawn(2, "bystanders")
with poly.spawn(hostile, "hostile", (seed, str(poly.core()))) as child:
    offset = kernel.arena.allocate(length)
    bell = kernel.doorbells.take()
    cpu.map(offset, length)
    done, rounds, kinds = 0, 0, [0] * 8
    while done < wanted:
        report, why = round_on(child, offset, bell)
        done += sum(report)
        for kind in range(len(kinds)):
            kinds[kind] += report[kind]
        rounds += 1
        ends[why] = ends.get(why, 0) + 1
    child.channel.send(b"")
    cpu.unmap(offset, length)
    kernel.arena.release(offset)
    kernel.doorbells.release(bell)
    status = child.wait(5000)
print("%d corruptions in %d rounds, status %d, by kind %s" % (done, rounds, status, kinds))
bystanders.channel.send(b"")
print("bystanders: %s" % bystanders.channel.recv().decode())
bystanders.close()
for why in sorted(ends):
    print("%d x %s" % (ends[why], why))
