# bulk.py ROUNDS SLOTS...: a line of JSON with what a byte of a message of 64 KiB costs from here
# to core 1, where bulk_sink.py takes it, through rings of so many slots; and what copying so much
# into shared RAM and out again does.
import json
import sys

import cpu
import ump

import poly

WARM_UP = 2
BYTES = ump.MESSAGE_MAX


def trains(channel, message, rounds):
    for _ in range(rounds):
        channel.send(message)
    channel.recv()  # it has them all


def copies(offset, message, rounds):
    for _ in range(rounds):
        ump.bench_copy(offset, message)


def cost(side, place, message, rounds):
    side(place, message, WARM_UP)
    start = cpu.instructions()
    side(place, message, rounds)
    return (cpu.instructions() - start) / rounds / BYTES


rounds = int(sys.argv[1])
message = bytearray(bytes(range(256)) * (BYTES // 256))
arguments = (str(WARM_UP), str(rounds))
result = {}
for slots in sys.argv[2:]:
    with poly.spawn(1, "/rom/bulk_sink.py", arguments, slots=int(slots)) as child:
        result["trains_" + slots] = cost(trains, child.channel, message, rounds)
        child.channel.send(b"")
        child.wait()
arena = cpu.this().arena
offset = arena.allocate(BYTES)
cpu.map(offset, BYTES)
result["copies"] = cost(copies, offset, message, rounds)
cpu.unmap(offset, BYTES)
arena.release(offset)
print(json.dumps(result))
