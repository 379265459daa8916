"""bells: doorbells that another core rings are taken by priority; how this core latches its own.

The next core runs this too, with the doorbells to ring as arguments."""

import sys

import cpu
import ump

import poly

RUNG = (300, 500, 447, 192, 300, 100, 511, 150, 300)


def fails(function, *arguments):
    try:
        print("no error:", function(*arguments))
    except (ValueError, TypeError, OSError) as error:
        print("%s: %s" % (type(error).__name__, error.args[-1]))


def taken():
    found = []
    while True:
        bell = cpu.take_bell()
        if bell < 0:
            return found
        if bell != cpu.URGENT:  # what other cores ring to end a wait
            found.append(bell)


def main():
    taken()
    with poly.spawn(1, "bells", [str(bell) for bell in RUNG], slots=0) as child:
        child.wait()
        print("rung", taken())
    for bell in (200, 70, 449):
        cpu.latch(bell)
    cpu.ring(0, 130)
    print("own", taken())
    print("levels", cpu.BELL_LEVELS, cpu.DOORBELLS)
    a, b = ump.Channel.pair(4, 200, 201, 100)
    print("asleep", b.arm(), a.post(b"x", 1), taken(), b.arm(), b.take(bytearray(100)))
    print("full", [a.post(bytes(100), 100) for _ in range(4)], taken())
    got = bytearray(100)
    print("part", b.take(got), b.take(got), b.take(got), taken(), a.push(), b.take(got))
    fails(cpu.latch, 63)
    fails(cpu.latch, 512)
    fails(a.post, bytes(200), 101)
    fails(a.post, bytes(10), 11)
    fails(a.post, bytes(10), -1)
    fails(a.post, bytes(10), 10, 63)
    fails(a.take, bytearray(99))
    fails(a.take, bytes(100))
    fails(ump.Channel.pair, 3, 200, 201)
    fails(ump.Channel.pair, 4, 200, 512)
    b.die()
    print("armed", b.arm())
    fails(b.take, got)
    fails(b.post, b"x", 1)
    fails(b.push)


if sys.argv[1:]:
    for number in sys.argv[1:]:
        cpu.ring(0, int(number))
else:
    main()
