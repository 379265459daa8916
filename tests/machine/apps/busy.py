"""Says that it runs, then computes for ever."""

print("busy")
while True:
    pass
