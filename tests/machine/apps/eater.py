"""Fills the heap: many small objects, or (with an argument) a few large ones."""

import sys

size = int(sys.argv[1]) if len(sys.argv) > 1 else 10
print("eating")
pieces = []
while True:
    pieces.append(bytearray(size))
