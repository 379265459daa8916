"""Exchanges numbered messages with the next core until the parent says so, then tells how many.

Both ends keep a ledger (ledger.py): a message lost, doubled or changed ends this with an error."""

import ledger

import poly

COUNT, LONGEST = 1000, 130
parent = poly.parent()
rounds = 0
while parent.try_recv() is None:
    assert ledger.with_next_core(COUNT, LONGEST) == (COUNT, COUNT, 0)
    rounds += 1
parent.send(b"%d rounds of %d, none lost" % (rounds, COUNT))
