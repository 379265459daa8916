"""Prints what it was given."""

import sys

print(sys.argv)
