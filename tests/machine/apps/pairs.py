"""Two pairs of cores exchange messages, at the same time: 0 with 1, 2 with 3."""

import sys

import ledger

import poly

other = poly.spawn(2, "ledger", ("5000", "60"))
sys.argv[1:] = ["5000", "60"]
ledger.main()
sys.exit(other.wait())
