"""Reads a message of kind 7 only once it is there, and says what it was."""

import poly

channel = poly.parent()
while True:
    message = channel.recv()
    if channel.kind == 7:
        channel.send(b"%d %s" % (len(message), message[:7]), 7)
