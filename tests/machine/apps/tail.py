"""Its output does not end with a newline."""

print("no newline at the end", end="")
