"""Asks the monitor of every other core, many times."""

import poly

for _ in range(20):
    for core in range(poly.cores()):
        if core != poly.core():
            poly.ping(core)
for core in range(poly.cores()):
    if core != poly.core():
        status = poly.status(core)
        print("core %d asked core %d: core %d, %d bytes"
              % (poly.core(), core, status.core, status.used_bytes))  # fmt: skip
