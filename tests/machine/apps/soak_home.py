"""soak_home: what core 0 does in each of its lives while soak_zero restarts it: numbered messages
both ways with core 2, from the first one on; trouble when soak_zero rings for it."""

import random

import cpu
import states
from ledgers import Ledger

import poly

PEER, CONDUCTOR = 2, 1
ANSWERED = 20  # messages, after which it says so
ANSWERED_BELL = cpu.DOORBELLS - 1  # of the conductor
TROUBLE_BELL = cpu.DOORBELLS - 1  # of this core
STATES = ("loop", "wait", "masked", "interrupt", "exhaust", "overflow", "fault")


def begin():
    """A Ledger, once the program of this core's last life has left its core."""
    while True:
        try:
            return Ledger(PEER)
        except poly.Exhausted:
            cpu.wait(1)


def exchange(ledger):
    """A few messages, and what the conductor wants meanwhile."""
    end = ledger.received + ANSWERED
    while ledger.received < end:
        ledger.move()
        if cpu.take_bell() == TROUBLE_BELL:
            getattr(states, random.choice(STATES))()
        cpu.wait(1)
    cpu.ring(CONDUCTOR, ANSWERED_BELL)


def main():
    while cpu.take_bell() >= 0:  # a life before did not hear it
        pass
    ledger = begin()
    while True:
        exchange(ledger)


if __name__ == "__main__":
    main()
