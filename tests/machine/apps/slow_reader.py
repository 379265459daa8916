"""Reads no message until a byte of input tells it to; then all up to one of kind 7, of
which it says what it was."""

import sys

import poly

channel = poly.parent()
channel.send(b"ready")
while True:
    sys.stdin.read(1)
    message = channel.recv()
    while channel.kind != 7:
        channel.send(b"not broken off: %d" % len(message))
        message = channel.recv()
    channel.send(b"%d %s" % (len(message), message[:7]), 7)
