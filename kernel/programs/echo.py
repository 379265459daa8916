"""Repeats lines of standard input in capitals until one is empty: `run echo @2`."""

while True:
    line = input("> ")
    if not line:
        break
    print(line.upper())
