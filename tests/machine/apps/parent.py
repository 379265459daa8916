"""parent HOW: starts two programs, and ends in one way or other without closing them."""

import sys

import poly

first, second = poly.spawn(2, "busy"), poly.spawn(3, "sleeper")
print("two children")
if sys.argv[1] == "raises":
    raise ValueError("parent")
while sys.argv[1] == "loops":
    pass
