"""Cleans up when it is interrupted."""

import sys

import poly

poly.parent().send(b"ready")
try:
    while True:
        pass
except KeyboardInterrupt:
    poly.parent().send(b"tidied")
    sys.exit(3)
