"""Says that it runs, then recurs to the end of the stack, again and again."""

print("diving")


def dive():
    dive()


while True:
    try:
        dive()
    except RuntimeError:
        pass
