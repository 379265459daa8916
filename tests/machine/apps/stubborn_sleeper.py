"""Sleeps, and sleeps again whatever wakes it."""

import time

print("asleep")
while True:
    try:
        time.sleep(3600)
    except BaseException:
        print("swallowed")
