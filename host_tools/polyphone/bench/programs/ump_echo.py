# ump_echo.py ROUNDS BATCHES: the other side of ump_ping.py.
import sys

import ump

import poly


def echo(channel, rounds):
    message = bytearray(16)
    for _ in range(rounds):
        channel.recv_into(message)
        channel.send(message)


channel = poly.parent()
rounds, batches = int(sys.argv[1]), int(sys.argv[2])
for _ in range(batches):
    echo(channel, rounds)
    ump.bench_echo(channel, rounds)
