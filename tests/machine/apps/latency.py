"""latency NAME: the slowest of 10 pings to core 1 while it runs that program."""

import sys

import cpu

import poly

with poly.spawn(1, sys.argv[1]):
    poly.ping(1)
    slowest = 0
    for _ in range(10):
        start = cpu.instructions()
        poly.ping(1)
        slowest = max(slowest, cpu.instructions() - start)
    print("at most %d instructions" % slowest)
