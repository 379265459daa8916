# ump_ping.py ROUNDS BATCHES: a line of JSON for each batch, with what a round trip of
# 16 bytes to core 1 costs. ump_echo.py answers there.
import json
import sys
import time

import cpu
import ump

import poly

WARM_UP = 10


def ping(channel, rounds):
    message = bytearray(16)
    for _ in range(rounds):
        channel.send(message)
        channel.recv_into(message)


def ping_c(channel, rounds):
    ump.bench_ping(channel, rounds, 16)


def cost(side, channel, rounds, result):
    side(channel, WARM_UP)
    start_us = time.ticks_us()
    start = cpu.instructions()
    side(channel, rounds)
    instructions = cpu.instructions() - start
    us = time.ticks_diff(time.ticks_us(), start_us)
    side(channel, 1)  # until this comes the other side sleeps: its way out is not counted
    name = "python" if side is ping else "c"
    result[name + "_instructions"] = instructions / rounds
    result[name + "_us"] = us / rounds


rounds, batches = int(sys.argv[1]), int(sys.argv[2])
with poly.spawn(1, "/rom/ump_echo.py", [str(WARM_UP + rounds + 1), str(batches)]) as child:
    for _ in range(batches):
        result = {}
        cost(ping, child.channel, rounds, result)
        cost(ping_c, child.channel, rounds, result)
        print(json.dumps(result))
    child.wait()
