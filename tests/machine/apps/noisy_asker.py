"""Prints and asks the others in turns."""

import poly

for number in range(200):
    print("core %d line %d" % (poly.core(), number))
    other = number % poly.cores()
    if other != poly.core():
        poly.ping(other)
        poly.status(other)
print("done")
