"""Writes and renames files in /ram until it is interrupted: files_writer SEED

A file that was renamed into place is whole: its first line says what the rest is.
"""

import os
import random
import sys

random.seed(int(sys.argv[1]))
number = 0
while True:
    number += 1
    name = "/ram/%d" % random.randrange(6)
    body = chr(97 + number % 26) * random.choice((0, 10, 100, 1000, 4000, 20000))
    part = "/ram/part%d" % random.randrange(2)
    file = open(part, "w")
    file.write("%d %s\n" % (len(body), body[:1]))
    file.write(body)
    if number % 3:
        file.close()
    else:
        file.flush()
        file = None  # for the collector
    os.rename(part, name)
    if number % 7 == 0:
        os.listdir("/ram")
        os.remove(name)
