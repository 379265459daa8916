"""Two pairs of cores exchange messages, at the same time: 0 with 1, 2 with 3."""

import sys

import poly

other = poly.spawn(2, "ledger", ("5000", "60"))
sys.argv[1:] = ["5000", "60"]
import ledger  # noqa: E402, F401

sys.exit(other.wait())
