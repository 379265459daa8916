"""Says where it runs: `run hello @all`."""

import sys

import poly

print("hello from core %d of %d" % (poly.core(), poly.cores()), *sys.argv[1:])
