"""Waits for a line of input that nobody types."""

print("reading")
input()
