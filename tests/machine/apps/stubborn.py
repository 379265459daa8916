"""Swallows whatever interrupts it."""

print("stubborn")
while True:
    try:
        while True:
            pass
    except BaseException:
        print("swallowed")
