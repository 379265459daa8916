"""Says that it runs, then a loop in C, without end, calls a function that has no jump."""

print("mapping")
sum(map(lambda number: 1, range(1 << 60)))
