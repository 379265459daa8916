"""Sleeps for an hour."""

import time

print("asleep")
time.sleep(3600)
