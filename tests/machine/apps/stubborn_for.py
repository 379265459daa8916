"""Swallows whatever interrupts it, with a single jump between one try and the next."""


class Endless:
    def __iter__(self):
        return self

    def __next__(self):
        return None


print("stubborn")
for _ in Endless():
    try:
        while True:
            pass
    except:  # noqa: E722
        continue
