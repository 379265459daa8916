"""soak SEED RESTARTS: restarts random cores in random states, while numbered messages go both
ways with all others; ledgers at both ends. Prints what was counted."""

import random
import sys

from ledgers import STATES, Ledger, counts, finish, ledgers, others, renew

import poly

seed, restarts = int(sys.argv[1]), int(sys.argv[2])
random.seed(seed)
ledgers.extend([Ledger(core) for core in range(poly.cores()) if core != poly.core()])
for _ in range(restarts):
    others(None, random.randrange(3))
    renew(random.choice(ledgers), random.choice(STATES))
finish()
print("soak:", counts())
