"""soak_zero SEED RESTARTS: restarts core 0 and core 3 at random times in random states, while
numbered messages go both ways: here with core 3, and soak_home on core 0 has its own with core 2.

Every so often it waits until soak_home's are answered, and prints what was counted."""

import random
import sys
import time

import cpu
from ledgers import STATES, Ledger, counts, finish, ledgers, others, renew
from soak_home import ANSWERED_BELL, TROUBLE_BELL

import poly

HOME, PEER = 0, 3
TOLD_EVERY = 10  # restarts
LIFE_MS = 60  # of core 0 at most: it has hardly started, or exchanges messages, or is in trouble
ANSWERED_MS = 20_000  # a hang detector
seed, restarts = int(sys.argv[1]), int(sys.argv[2])


def restart_home():
    if random.randrange(2):
        cpu.ring(HOME, TROUBLE_BELL)
    end_ms = time.ticks_add(time.ticks_ms(), random.randrange(LIFE_MS))
    while time.ticks_diff(end_ms, time.ticks_ms()) > 0:
        others(None, 1)
    before = cpu.generation(HOME)
    cpu.restart(HOME)
    while cpu.generation(HOME) == before:
        others(None, 1)


def home_is_back():
    """Its life goes on until the messages of soak_home are answered."""
    while cpu.take_bell() >= 0:  # those of earlier lives too
        pass
    start_ms = time.ticks_ms()
    while cpu.take_bell() != ANSWERED_BELL:
        others(None, 1)
        if time.ticks_diff(time.ticks_ms(), start_ms) > ANSWERED_MS:
            raise poly.Timeout("soak_home: no answers within %d ms" % ANSWERED_MS)


def tell(restarted):
    """On core 0's console as it is now; shown when this returns."""
    cpu.this().monitor.route_output(HOME)
    print("soak_zero: restarted %s, %s" % (restarted, counts()))
    poly.ping(HOME)


def conduct():
    random.seed(seed)
    ledgers.append(Ledger(PEER))
    for restarted in range(1, restarts + 1):
        if random.randrange(4) == 0:
            renew(ledgers[0], random.choice(STATES))
        restart_home()
        if restarted % TOLD_EVERY == 0:
            home_is_back()
            tell(restarted)
    finish()
    tell("all")


try:
    conduct()
except Exception:
    cpu.this().monitor.route_output(HOME)  # where the traceback is to be seen
    raise
