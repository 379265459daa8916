"""Computes for ever with the heap locked."""

import micropython

print("locked")
micropython.heap_lock()
while True:
    pass
