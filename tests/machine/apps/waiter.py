"""Waits for a message that nobody sends (only as somebody's child)."""

import poly

print("waiting")
poly.parent().recv()
