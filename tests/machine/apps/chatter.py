"""Prints many numbered lines of all lengths."""

import sys

import poly

for number in range(int(sys.argv[1])):
    print("core %d line %d %s." % (poly.core(), number, "=" * (number % 90)))
