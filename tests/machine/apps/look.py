"""Says what the cores run, as another core sees it."""

import poly

for core in range(poly.cores()):
    if core != poly.core():
        poly.status(core)
own = poly.status(poly.core())
print("core %d: %s, started by core %d" % (own.core, own.name, own.started_by))
