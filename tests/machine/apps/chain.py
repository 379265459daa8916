"""chain N: starts the next core's chain N-1 and waits for it."""

import sys

import poly

left = int(sys.argv[1])
if left:
    child = poly.spawn(poly.core() + 1, "chain", (str(left - 1),))
    assert child.wait(10000) == 0
    child.close()
print("chain %d on core %d" % (left, poly.core()))
