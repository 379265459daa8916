"""Ledgers of numbered messages with `soaked` on other cores, and restarts of such a core
while the messages with the others go on. What soak, soak_zero and soak_home have in common."""

import random
import time

import cpu
import ump

import poly

STATES = ("loop", "wait", "masked", "interrupt", "exhaust", "send", "overflow", "fault", "")
PANICS = ("overflow", "fault")
WINDOW = 12  # messages under way to a core
total = {"sent": 0, "received": 0, "told": 0, "twice": 0, "late": 0}
ledgers = []


class Ledger:
    """A child, and the numbers of its messages both ways."""

    def __init__(self, core):
        self.core = core
        self.child = poly.spawn(core, "soaked")
        self.sent = self.answers = self.received = 0
        self.told = 0
        self.finish = self.child.finish
        self.child.finish = self.count

    def count(self, status):
        self.told += 1
        self.finish(status)

    def move(self):
        """One message or some, each way."""
        if self.answers - self.received < WINDOW:
            answers = random.randrange(1, 4)
            message = bytes((answers,)) + self.sent.to_bytes(4, "little")
            if self.child.channel.try_send(message + bytes(random.randrange(150))):
                self.sent += 1
                self.answers += answers
                total["sent"] += 1
        self.take()

    def take(self):
        message = self.child.channel.try_recv()
        while message is not None:
            number = self.received
            if message != number.to_bytes(4, "little") * (1 + number % 40):
                raise ValueError("core %d: %d expected: %s" % (self.core, number, message[:8]))
            self.received += 1
            total["received"] += 1
            message = self.child.channel.try_recv()

    def settle(self):
        """Until all is answered: nothing was lost."""
        while self.received < self.answers:
            self.take()
            cpu.wait(1)

    def close(self):
        self.child.close()
        total["told"] += self.told
        try:
            self.child.wait(0)
        except poly.PeerDied:
            pass
        total["twice"] += self.told != 1


def others(victim, rounds):
    for _ in range(rounds):
        for ledger in ledgers:
            if ledger is not victim:
                ledger.move()


def kill(victim, state):
    """Restart it, or let it bring that about; others go on meanwhile."""
    if state:
        victim.child.channel.send(b"\0" + state.encode())
    else:
        victim.move()
    if state in PANICS:
        return others(victim, 1)
    others(victim, random.randrange(4))
    for _ in range(random.choice((1, 1, 1, 2))):  # the second time it has hardly started
        before = cpu.generation(victim.core)
        cpu.restart(victim.core)
        while cpu.generation(victim.core) == before:
            others(victim, 1)
        time.sleep_us(random.randrange(2000))


def ended(victim):
    """It is told, once, that its peer died; whatever came before may still be there."""
    while not victim.child.ended():
        others(victim, 1)
    if victim.child.status is not None:
        raise ValueError("core %d ended with %d" % (victim.core, victim.child.status))
    try:
        while True:
            victim.child.channel.recv()
    except ump.ChannelDied:
        pass


def begin(core):
    """A Ledger; a second restart may come in between."""
    while True:
        try:
            return Ledger(core)
        except poly.PeerDied:
            total["late"] += 1


def renew(victim, state):
    """Restart a core in this state: who dealt with it is told, and deals with its next life."""
    kill(victim, state)
    ended(victim)
    victim.close()
    ledgers[ledgers.index(victim)] = begin(victim.core)


def finish():
    """All that was sent has arrived, and nobody is told of a death that was none."""
    for ledger in ledgers:
        ledger.settle()
        if ledger.told or ledger.child.ended():
            raise ValueError("core %d is told to be dead" % ledger.core)
        ledger.child.close()


def counts():
    return "told %(told)d, not once %(twice)d, sent %(sent)d, received %(received)d" % total
