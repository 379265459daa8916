"""Echoes messages with their kinds until an empty one of kind 1 comes."""

import poly

parent = poly.parent()
while True:
    message = parent.recv()
    kind = parent.kind
    if kind == 1 and not message:
        break
    parent.send(message, kind)
