"""Puts its arguments into this core's standard input: a line each, then Ctrl-D."""

import sys

import cpu

for line in sys.argv[1:]:
    cpu.feed(line.encode() + b"\r")
cpu.feed(b"\x04")
